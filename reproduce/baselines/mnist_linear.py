"""The linear classifier of 1998 on MNIST, by gradient descent (LeCun, Bottou, Bengio, Haffner:
Gradient-based learning applied to document recognition, "Comparison with other classifiers", figure 9).

A network of a single layer: ten units, each a weighted sum of the 784 pixels and a bias, 7,850 numbers in
all. A unit shall say +1 for its own digit and -1 for the nine others; the digit whose unit says most wins.
For b pictures:

    O = X W + c                         what the units say              (b, 784)(784, 10) + (10,)
    L = 1/2b · Σᵢₖ (Oᵢₖ - Tᵢₖ)²         half the squared error          T: +1 at the digit, else -1
    ∂L/∂O = (O - T) / b                                                 (b, 10)
    ∂L/∂W = Xᵀ ∂L/∂O                                                    (784, b)(b, 10) → (784, 10)
    ∂L/∂c = Σᵢ ∂L/∂Oᵢ                                                   (10,)

What is theirs and what is ours: the paper states the layer, the data, the number of weights and the error,
and that sigmoid or linear units, gradient descent or solving a linear system came out much alike. It does
not state rate, batches or passes. Those here were chosen on the last 5,000 training pictures, where none
of a dozen others did better by more than chance. Linear units end near mnist_least_squares, which is the
lowest point of this very loss; mnist_logistic tells what the same 7,850 weights reach with another.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from reproduce.baseline import Baseline
from reproduce.data import Split
from reproduce.session import Session

BASELINE = Baseline(
    title="Linear classifier of 1998: one layer, squared error",
    dataset="mnist",
    label="OPEN",
    metric="error",
    epochs=5,
    parameters=7_850,
    flops=31_360,
    threads=1,
    claim="lecun1998-linear",
    teaches=("method:sgd",),
    memory_mb=500,
    notes=(
        "rate, batches and passes are ours: the paper does not state them",
        "computed on the CPU, whatever the device",
    ),
)

RATE = 0.01
"""Of the first step; it falls in a straight line to zero at the last one, so that the weights settle."""

BATCH = 64


def pixels(images: Tensor) -> Tensor:
    """(n, 28, 28) of 0..255 as (n, 784): white -0.1, black 1.175, so that the mean is near 0 and the spread
    near 1. The paper scales the input of LeNet-5 like this; of the linear classifier it does not say."""
    return images.reshape(len(images), 784).float() * (1.275 / 255) - 0.1


def targets(digits: Tensor) -> Tensor:
    """(n,) as T: (n, 10), +1 at the digit and -1 elsewhere."""
    return 2.0 * torch.nn.functional.one_hot(digits, 10) - 1


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """Stochastic gradient descent from weights of zero: a single layer has no symmetry to break."""
    weights = torch.zeros(784, 10)
    bias = torch.zeros(10)
    session.keep(weights=weights, bias=bias)

    for step in session.steps(len(data), batch=BATCH):
        x = pixels(data.x[step.indices])  # X                            (b, 784)
        errors = x @ weights + bias - targets(data.y[step.indices])  # O - T   (b, 10)
        d_outputs = errors / len(x)  # ∂L/∂O = (O - T) / b               (b, 10)
        rate = RATE * (1 - step.number / step.total)
        weights -= rate * (x.T @ d_outputs)  # ∂L/∂W = Xᵀ ∂L/∂O          (784, 10)
        bias -= rate * d_outputs.sum(dim=0)  # ∂L/∂c = Σᵢ ∂L/∂Oᵢ         (10,)
        session.note(loss=(errors**2).sum() / (2 * len(x)))  # L

    return lambda images: pixels(images) @ weights + bias  # (m, 784)(784, 10) → (m, 10)
