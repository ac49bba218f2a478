"""LeNet-5 on MNIST, the network that made convolutions known.

LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86(11), 1998: 0.95 % of the test split wrong, without distorted copies of the
training pictures. Convolutions and subsampling in turn: small patches are looked at with the same
weights everywhere, then four neighbours become one, so that where exactly a stroke lies matters less.

This is the variant with 61,706 parameters that is built today. From 1998 it keeps the 32 x 32 input,
the sizes of all layers, hyperbolic tangents and subsampling by averages. What differs:
- the ten outputs are scores for a softmax; there they were distances to ten drawn digits (RBF units);
- every map of the second convolution sees all six maps before it; there a table left pairs out;
- averages are taken as they are; there each map had a factor and an offset that were learnt, and a
  squashing after them;
- tanh(a) instead of 1.7159 tanh(2a/3);
- gradient descent with momentum on batches, eight passes; there one picture at a time, 20 passes,
  each weight with a step of its own from an estimate of the curvature.

Passes, batch, learning rate and first weights were chosen on the last 10,000 pictures of the training
split (0.93 % of them wrong); then it was trained on all 60,000.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reproduce.baseline import Baseline
from reproduce.data import Split
from reproduce.session import Session
from reproduce.speed import arithmetic, channels_last

BASELINE = Baseline(
    title="LeNet-5 on MNIST",
    dataset="mnist",
    label="OPEN",
    metric="error",
    epochs=8,
    parameters=61_706,
    flops=2_263_920.0,
    shared=True,
    claim="lecun1998-lenet5",
    memory_mb=800,
    teaches=("method:lenet", "method:convolution", "method:average-pooling", "method:tanh"),
    notes=(
        "The 61,706-parameter variant: softmax instead of RBF outputs, full instead of partial "
        "connections, plain averages, tanh without the factors of 1998.",
        "Trained with momentum on batches of 128 in eight passes instead of picture by picture in 20.",
        "Products in bfloat16 where the processor computes with it and a check of the gradient "
        "passes; weights, loss and measurement in float32.",
    ),
)

BATCH = 128
LEARNING_RATE = 0.1
"""At the highest."""
RISE = 0.2
"""Share of the steps in which the learning rate grows."""
MOMENTUM = 0.9


def network() -> nn.Sequential:
    """Pictures (n, 1, 32, 32) -> scores of the digits (n, 10). The names are those of 1998."""
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5),  #   C1  (n, 6, 28, 28)      156 parameters
        nn.Tanh(),
        nn.AvgPool2d(2),  #                  S2  (n, 6, 14, 14)
        nn.Conv2d(6, 16, kernel_size=5),  #  C3  (n, 16, 10, 10)   2,416
        nn.Tanh(),
        nn.AvgPool2d(2),  #                  S4  (n, 16, 5, 5)
        nn.Flatten(),  #                         (n, 400)
        nn.Linear(400, 120),  #              C5  (n, 120)         48,120
        nn.Tanh(),
        nn.Linear(120, 84),  #               F6  (n, 84)          10,164
        nn.Tanh(),
        nn.Linear(84, 10),  #                    (n, 10)             850
    )


def rate(share: float) -> float:
    """The learning rate when this share of the steps is done: a line up, a line down to 0."""
    return LEARNING_RATE * min(share / RISE, (1 - share) / (1 - RISE))


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """The digits' scores by the network after eight passes."""
    x, y = data.x.to(session.device), data.y.to(session.device)
    deviation, mean = torch.std_mean(x / 255)  # Of all pixels: one number each.

    def inputs(pictures: Tensor) -> Tensor:
        """Bytes (n, 28, 28) -> numbers of mean 0 and deviation 1 with a rim of paper, (n, 1, 32, 32)."""
        wide = F.pad(pictures, (2, 2, 2, 2)).unsqueeze(1)
        return (wide / 255 - mean) / deviation

    model = channels_last(network().to(session.device))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=MOMENTUM, nesterov=True)
    products = arithmetic(model, lambda: F.cross_entropy(model(inputs(x[:BATCH])), y[:BATCH]))
    session.keep(model=model, optimizer=optimizer)

    for step in session.steps(len(data), batch=BATCH):
        for group in optimizer.param_groups:
            group["lr"] = rate((step.number + 1) / (step.total + 1))
        optimizer.zero_grad()
        # One shard, the batch itself, unless several processes share it.
        for shard in session.shards(step):
            with products:
                scores = model(inputs(x[shard.indices]))
            # -1/s Σ log softmax(scores)_y
            loss = F.cross_entropy(scores.float(), y[shard.indices])
            (shard.share * loss).backward()  # Its share of the batch: of one shard, 1.
            session.note(loss=loss)
        session.sum_gradients()
        optimizer.step()

    return lambda pictures: model(inputs(pictures.to(session.device)))  # type: ignore[no-any-return]
