"""The example that most people meet first: pytorch/examples, mnist/main.py, its network and its recipe.

Two convolutions, dropout, two fully connected layers; Adadelta with a learning rate that shrinks by
0.7 after each of 14 passes (github.com/pytorch/examples, mnist/main.py at 77f55b9). The example
prints no number to compare with: its README has none, and what it writes is rounded to a whole
percent. So the number here stands for itself.

What differs: the example forgets to shuffle on a processor (it asks for it only beside a GPU), here
every pass has an order of its own. Which numbers dropout puts to zero hangs on the picture and the
pass, not on the place in the batch, so that several processes can share a batch. The pictures lie in
memory as one tensor instead of being unpacked one by one, and reproduce/speed.py makes the same
products faster.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reproduce.baseline import Baseline
from reproduce.batch import no_drop
from reproduce.data import Split
from reproduce.session import Session
from reproduce.speed import arithmetic, channels_last

BASELINE = Baseline(
    title="The MNIST example of PyTorch",
    dataset="mnist",
    label="CLOSED",
    metric="accuracy",
    epochs=14,
    parameters=1_199_882,
    flops=71_565_312.0,
    shared=True,
    teaches=("method:convolution", "method:dropout", "method:adadelta"),
    memory_mb=1_200,
    notes=(
        "Shuffled: the example itself trains in the order of the file when it runs on a processor.",
        "Dropout draws for each picture by itself, not for a batch.",
        "Convolutions and products in bfloat16 where the processor computes with it and a check of "
        "the gradient passes; weights, loss and measurement in float32.",
    ),
)

BATCH = 64
LEARNING_RATE = 1.0
SHRINK = 0.7
"""Of the learning rate, after each pass."""
MEAN, DEVIATION = 0.1307, 0.3081
"""Of all pixels of the training split, on a scale of 0..1: the example's constants."""


class Network(nn.Module):
    """Pictures (n, 1, 28, 28) -> logarithms of the probabilities of the digits (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 32, kernel_size=3)  #           320 parameters
        self.second = nn.Conv2d(32, 64, kernel_size=3)  #      18,496
        self.hidden = nn.Linear(64 * 12 * 12, 128)  #       1,179,776
        self.scores = nn.Linear(128, 10)  #                     1,290

    def forward(self, x: Tensor, drop: Callable[[Tensor, float], Tensor] = no_drop) -> Tensor:
        x = F.relu(self.first(x))  #              (n, 32, 26, 26)
        x = F.max_pool2d(self.second(x), 2)  #    (n, 64, 24, 24) -> (n, 64, 12, 12)
        # After the maximum instead of before: the same, on a quarter of the numbers.
        x = drop(F.relu(x).flatten(1), 0.25)  #   (n, 9216)
        x = drop(F.relu(self.hidden(x)), 0.5)  #  (n, 128)
        return F.log_softmax(self.scores(x).float(), dim=1)


def standardised(pictures: Tensor) -> Tensor:
    """Bytes (n, 28, 28) -> numbers of mean 0 and deviation 1, (n, 1, 28, 28)."""
    return ((pictures.float() / 255 - MEAN) / DEVIATION).unsqueeze(1)


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """The digits' log-probabilities by the network after 14 passes."""
    x, y = data.x.to(session.device), data.y.to(session.device)
    network = Network().to(session.device)
    channels_last(network)
    optimizer = torch.optim.Adadelta(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=SHRINK)
    products = arithmetic(network, lambda: F.nll_loss(network(standardised(x[:64])), y[:64]))
    session.keep(network=network, optimizer=optimizer, schedule=schedule)

    for step in session.steps(len(data), batch=BATCH):
        optimizer.zero_grad()
        # One shard, the batch itself, unless several processes share it.
        for shard in session.shards(step):
            with products:
                said = network(standardised(x[shard.indices]), shard.drop)
            loss = F.nll_loss(said, y[shard.indices])  # -1/s Σ log p(y_i | x_i)
            (shard.share * loss).backward()  # Its share of the batch: of one shard, 1.
            session.note(loss=loss)
        session.sum_gradients()
        optimizer.step()
        if step.last:
            schedule.step()  # 1, 0.7, 0.49, ...

    return lambda pictures: network(standardised(pictures.to(session.device)))
