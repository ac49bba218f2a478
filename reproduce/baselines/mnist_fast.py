"""99 % of MNIST as fast as a processor allows: one pass over the data, a few seconds.

A network of 29,434 numbers instead of the example's 1,199,882. It looks at the middle 24 x 24 pixels,
since the outer two rings are all but empty; batch normalisation lets it learn with large steps; the
step grows and falls again within the pass; labels are softened, which steadies so short a training.

Chosen on 10,000 pictures that were kept back from the training split (the last ones): of nine
networks and of learning rates from 0.05 to 0.5 this one was right for 99.2 % of them on every one of
four seeds. The test split was not looked at until then. OPEN: any recipe goes, only data and metric
are given.
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
    title="MNIST to 99 % in one pass",
    dataset="mnist",
    label="OPEN",
    metric="accuracy",
    epochs=1,
    parameters=29_434,
    flops=4_434_688.0,
    shared=True,
    teaches=("method:batch-normalization", "method:label-smoothing", "method:nesterov-momentum"),
    notes=(
        "The recipe was chosen on 10,000 pictures kept back from the training split, then trained on "
        "all 60,000.",
        "Products in bfloat16 where the processor computes with it and a check of the gradient "
        "passes.",
    ),
)

BATCH = 128
LEARNING_RATE = 0.3
"""At the highest."""
RISE = 0.25
"""Share of the steps in which the learning rate grows."""
MOMENTUM = 0.9
SMOOTHING = 0.1
"""Share of a label that is spread over all ten digits."""


def network() -> nn.Sequential:
    """Pictures (n, 1, 24, 24) -> scores of the digits (n, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=5, bias=False),  #              (n, 16, 20, 20)
        nn.MaxPool2d(2),  #                                          (n, 16, 10, 10)
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=3, padding=1, bias=False),  #  (n, 32, 10, 10)
        nn.MaxPool2d(2),  #                                          (n, 32, 5, 5)
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, kernel_size=3, bias=False),  #             (n, 64, 3, 3)
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Flatten(),  #                                             (n, 576)
        nn.Linear(576, 10),
    )


def inputs(pictures: Tensor) -> Tensor:
    """Bytes (n, 28, 28) -> the middle as numbers in 0..1, (n, 1, 24, 24).

    Neither mean nor deviation are taken out: the first normalisation does that to whatever comes.
    """
    return pictures[:, None, 2:-2, 2:-2].float() / 255


def rate(share: float) -> float:
    """The learning rate when this share of the steps is done: a line up, a line down to 0."""
    return LEARNING_RATE * min(share / RISE, (1 - share) / (1 - RISE))


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """The digits' scores by the network after one pass."""
    x, y = data.x.to(session.device), data.y.to(session.device)
    model = channels_last(network().to(session.device))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=MOMENTUM, nesterov=True)
    products = arithmetic(model, lambda: F.cross_entropy(model(inputs(x[:BATCH])), y[:BATCH]))
    session.keep(model=model, optimizer=optimizer)

    model.train()
    for step in session.steps(len(data), batch=BATCH):
        for group in optimizer.param_groups:
            group["lr"] = rate((step.number + 1) / (step.total + 1))
        optimizer.zero_grad()
        # One shard, the batch itself, unless several processes share it.
        for shard in session.shards(step):
            with products:
                scores = model(inputs(x[shard.indices]))
                # -Σ_k q_k log p_k with q = 0.91 for the digit itself and 0.01 for each other.
                loss = F.cross_entropy(scores, y[shard.indices], label_smoothing=SMOOTHING)
            (shard.share * loss).backward()  # Its share of the batch: of one shard, 1.
            session.note(loss=loss)
        session.sum_gradients()
        optimizer.step()

    model.eval()  # The averages that batch normalisation gathered, not those of a batch.

    def predict(pictures: Tensor) -> Tensor:
        with products:
            return model(inputs(pictures.to(session.device)))  # type: ignore[no-any-return]

    return predict
