"""Least squares on MNIST, by its formula: the first of three linear classifiers, told apart here.

All three give each digit a weighted sum of the pixels, and say the digit whose sum is the largest; 7,850
numbers are learned. They differ in what they call a good fit, and so in what they reach:

    mnist_least_squares  squared distance to 1 for the right digit, 0 for the others; solved by a formula
    mnist_linear         squared distance to +1 and -1, by gradient descent, as LeCun et al. did in 1998
    mnist_logistic       cross-entropy of probabilities (softmax regression), by L-BFGS

For n pictures as rows of X, each with a 1 at its end for the bias, and Y with a 1 in each row at the right
digit, the loss is a bowl, and at its lowest point the slope is zero:

    L     = ‖X W - Y‖²                      (n, 785)(785, 10) - (n, 10) → ()
    ∂L/∂W = 2 Xᵀ(X W - Y) = 0               one equation for each of the 785 · 10 weights
    XᵀX W = XᵀY                             the normal equations

There is no walk downhill, no rate and no chance. But a point far on the right side of the line, a very
clear 3 with a sum of 2, is punished as if it were wrong: that is why the other two reach a lower error.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from reproduce.baseline import Baseline
from reproduce.data import Split
from reproduce.session import Session

BASELINE = Baseline(
    title="Least squares on one-hot targets, by the normal equations",
    dataset="mnist",
    label="OPEN",
    metric="error",
    epochs=0,
    parameters=7_850,
    flops=1_248_150,
    threads=1,
    teaches=("method:linear-regression",),
    memory_mb=750,
    notes=(
        "no published number of its own; LeCun et al. 1998 say that solving linear systems directly gave "
        "them results similar to the 12.0 % of their linear classifier",
        "nothing is left to chance: every seed gives the same number",
        "computed on the CPU in float64, whatever the device",
    ),
)

PART = 5_000
"""Pictures that are turned to float64 at a time: all of them would take 377 MB."""


def with_one(images: Tensor) -> Tensor:
    """X: (n, 28, 28) of 0..255 as (n, 785) of 0..1 in float64, the last column 1."""
    x = torch.ones(len(images), 785, dtype=torch.float64)
    x[:, :784] = images.reshape(len(images), 784).double() / 255
    return x


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """Sums up both sides of the normal equations over all pictures, and solves them."""
    left = torch.zeros(785, 785, dtype=torch.float64)  # XᵀX
    right = torch.zeros(785, 10, dtype=torch.float64)  # XᵀY
    for images, digits in zip(torch.split(data.x, PART), torch.split(data.y, PART), strict=True):
        x = with_one(images)  # (p, 785)
        y = torch.nn.functional.one_hot(digits, 10).double()  # (p, 10)
        left += x.T @ x  # (785, p)(p, 785) → (785, 785)
        right += x.T @ y  # (785, p)(p, 10) → (785, 10)

    # Some pixels are white in every picture, so XᵀX has no inverse: any weight will do for them. The
    # pseudo-inverse gives them zero, and is the inverse for all the others.
    weights = torch.linalg.pinv(left, hermitian=True) @ right  # (785, 785)(785, 10) → (785, 10)
    session.keep(weights=weights)
    return lambda images: with_one(images) @ weights  # (m, 785)(785, 10) → (m, 10)
