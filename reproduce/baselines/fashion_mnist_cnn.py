"""A small convolutional network on Fashion-MNIST, as published with code and output by David Ha.

The row "2 Conv Layers net <100K parameters" of the table of submitted results in the dataset's
README, by @hardmaru: 0.925. The notebook behind it (github.com/hardmaru/pytorch_notebooks,
pytorch_tiny_custom_mnist_adam.ipynb) shows the whole of it: 83,466 parameters, Adam with its usual
step of 0.001, batches of 1,000, 30 passes, no augmentation; measured once, at the end: 92.47 %.
One of the few rows whose number was not chosen among several looks at the test split. One seed.

What differs: nothing but how fast it is computed. The notebook standardises the pictures with the
mean and the deviation of MNIST, not of Fashion-MNIST, although the table says "Preprocessing: None";
so does this.
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
    title="Two convolutions and one layer on Fashion-MNIST",
    dataset="fashion_mnist",
    label="CLOSED",
    metric="accuracy",
    epochs=30,
    parameters=83_466,
    flops=62_908_160.0,
    shared=True,
    claim="hardmaru-fashion-mnist-cnn",
    teaches=("method:convolution", "method:max-pooling", "method:adam"),
    memory_mb=2_500,
    notes=(
        "Standardised with the mean and deviation of MNIST, as the published code does.",
        "The published number is of one seed.",
        "Convolutions and products in bfloat16 where the processor computes with it and a check of "
        "the gradient passes; weights, loss and measurement in float32.",
    ),
)

BATCH = 1_000
LEARNING_RATE = 0.001
MEAN, DEVIATION = 0.1307, 0.3081
"""Of the pixels of MNIST, on a scale of 0..1."""


def network() -> nn.Sequential:
    """Pictures (n, 1, 28, 28) -> scores of the ten kinds of clothes (n, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 32, kernel_size=5, padding=2),  #      (n, 32, 28, 28)     832 parameters
        nn.ReLU(),
        nn.MaxPool2d(2),  #                                 (n, 32, 14, 14)
        nn.Conv2d(32, 64, kernel_size=5, padding=2),  #     (n, 64, 14, 14)  51,264
        nn.ReLU(),
        nn.MaxPool2d(2),  #                                 (n, 64, 7, 7)
        nn.Flatten(),  #                                    (n, 3136)
        nn.Linear(64 * 7 * 7, 10),  #                       (n, 10)          31,370
    )


def standardised(pictures: Tensor) -> Tensor:
    """Bytes (n, 28, 28) -> numbers (n, 1, 28, 28)."""
    return ((pictures.float() / 255 - MEAN) / DEVIATION).unsqueeze(1)


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """The scores of the kinds by the network after 30 passes."""
    x, y = data.x.to(session.device), data.y.to(session.device)
    model = channels_last(network().to(session.device))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    products = arithmetic(model, lambda: F.cross_entropy(model(standardised(x[:64])), y[:64]))
    session.keep(model=model, optimizer=optimizer)

    for step in session.steps(len(data), batch=BATCH):
        optimizer.zero_grad()
        # One shard, the batch itself, unless several processes share it.
        for shard in session.shards(step):
            with products:
                scores = model(standardised(x[shard.indices]))
            # -1/s Σ log softmax(scores)_y
            loss = F.cross_entropy(scores.float(), y[shard.indices])
            (shard.share * loss).backward()  # Its share of the batch: of one shard, 1.
            session.note(loss=loss)
        session.sum_gradients()
        optimizer.step()

    return lambda pictures: model(standardised(pictures.to(session.device)))
