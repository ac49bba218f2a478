"""Backpropagation coded by hand: a network of two layers reads digits of 8 x 8 pixels.

Rumelhart, Hinton and Williams (Nature, 1986) showed how the layers inside a network can learn: carry the
error back from the output, through each operation in turn, by the chain rule. Here every one of these
steps is a line of its own, without autograd. Forward, for n pictures at once:

    A = X V + u                     weighted sums of the pixels                   (n, 64)(64, h) + (h,)
    H = tanh(A)                     the hidden layer: what the network makes of them    (n, h)
    S = H W + c                     a score for each of the ten digits            (n, h)(h, 10) + (10,)
    P = softmax(S)                  scores as probabilities: Pᵢₖ = exp Sᵢₖ / Σⱼ exp Sᵢⱼ   (n, 10)
    L = -1/n · Σᵢ log Pᵢ,yᵢ         the loss: how little was given to the right digit     ()

Backward, each line takes the slope along what an operation gave out, and makes of it the slope along what
the operation was given. Y has a 1 in each row at the right digit, else 0:

    ∂L/∂S = (P - Y) / n             probability given minus probability due
    ∂L/∂W = Hᵀ ∂L/∂S                Wⱼₖ carried Hᵢⱼ to Sᵢₖ, for every picture i: sum over i
    ∂L/∂c = Σᵢ ∂L/∂Sᵢ               the bias went into every picture
    ∂L/∂H = ∂L/∂S Wᵀ                the same connections, walked backwards: sum over k
    ∂L/∂A = ∂L/∂H · (1 - H²)        element by element, since d tanh(a)/da = 1 - tanh(a)²
    ∂L/∂V = Xᵀ ∂L/∂A                and so on for the layer below, were there one
    ∂L/∂u = Σᵢ ∂L/∂Aᵢ

Each slope has the shape of what it is the slope along: a check that catches most mistakes.
tests/test_baselines_by_hand.py compares every line with autograd, to 1e-6.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from reproduce.baseline import Baseline
from reproduce.data import Split
from reproduce.session import Session

BASELINE = Baseline(
    title="Two layers with backpropagation coded by hand",
    dataset="digits",
    label="OPEN",
    metric="accuracy",
    epochs=60,
    parameters=4_810,
    flops=20_224,
    teaches=("method:backpropagation", "method:sgd", "method:softmax", "method:tanh"),
    threads=1,
    memory_mb=300,
    notes=(
        "no published number: a network to read, not a record",
        "computed on the CPU in float64, whatever the device",
    ),
)

HIDDEN = 64
RATE = 0.5
BATCH = 32
"""All chosen on the last 198 of the training pictures; the test pictures had no say."""


class Network(NamedTuple):
    """All that is learned."""

    weights_1: Tensor
    """V: (64, h)"""
    bias_1: Tensor
    """u: (h,)"""
    weights_2: Tensor
    """W: (h, 10)"""
    bias_2: Tensor
    """c: (10,)"""


class Forward(NamedTuple):
    """What each operation gave out, on the way from the pixels to the loss."""

    sums: Tensor
    """A: (n, h)"""
    hidden: Tensor
    """H: (n, h)"""
    scores: Tensor
    """S: (n, 10)"""
    probabilities: Tensor
    """P: (n, 10)"""


class Backward(NamedTuple):
    """The slope of the loss along each of these, in the order in which they are found."""

    scores: Tensor
    """∂L/∂S: (n, 10)"""
    weights_2: Tensor
    """∂L/∂W: (h, 10)"""
    bias_2: Tensor
    """∂L/∂c: (10,)"""
    hidden: Tensor
    """∂L/∂H: (n, h)"""
    sums: Tensor
    """∂L/∂A: (n, h)"""
    weights_1: Tensor
    """∂L/∂V: (64, h)"""
    bias_1: Tensor
    """∂L/∂u: (h,)"""


def forward(x: Tensor, network: Network) -> Forward:
    """From pixels (n, 64) to the probability of each digit."""
    sums = x @ network.weights_1 + network.bias_1  # A = X V + u         (n, 64)(64, h) → (n, h)
    hidden = sums.tanh()  # H = tanh(A)                                  (n, h)
    scores = hidden @ network.weights_2 + network.bias_2  # S = H W + c  (n, h)(h, 10) → (n, 10)
    # Only differences of scores matter to softmax; with the largest at 0 no exponential overflows.
    powers = (scores - scores.amax(dim=1, keepdim=True)).exp()  # exp S   (n, 10)
    probabilities = powers / powers.sum(dim=1, keepdim=True)  # P         (n, 10)
    return Forward(sums, hidden, scores, probabilities)


def loss_of(probabilities: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy: minus the logarithm of the probability that the right digit got, on average."""
    right = probabilities[torch.arange(len(y)), y]  # Pᵢ,yᵢ              (n,)
    return -right.log().mean()  # L = -1/n · Σᵢ log Pᵢ,yᵢ                ()


def backward(x: Tensor, y: Tensor, network: Network, seen: Forward) -> Backward:
    """From the loss back to every weight: backpropagation."""
    due = torch.zeros_like(seen.probabilities)  # Y                      (n, 10)
    due[torch.arange(len(y)), y] = 1
    scores = (seen.probabilities - due) / len(y)  # ∂L/∂S = (P - Y) / n   (n, 10)
    weights_2 = seen.hidden.T @ scores  # ∂L/∂W = Hᵀ ∂L/∂S               (h, n)(n, 10) → (h, 10)
    bias_2 = scores.sum(dim=0)  # ∂L/∂c = Σᵢ ∂L/∂Sᵢ                      (10,)
    hidden = scores @ network.weights_2.T  # ∂L/∂H = ∂L/∂S Wᵀ            (n, 10)(10, h) → (n, h)
    sums = hidden * (1 - seen.hidden**2)  # ∂L/∂A = ∂L/∂H · (1 - H²)      (n, h)
    weights_1 = x.T @ sums  # ∂L/∂V = Xᵀ ∂L/∂A                           (64, n)(n, h) → (64, h)
    bias_1 = sums.sum(dim=0)  # ∂L/∂u = Σᵢ ∂L/∂Aᵢ                        (h,)
    return Backward(scores, weights_2, bias_2, hidden, sums, weights_1, bias_1)


def pixels(images: Tensor) -> Tensor:
    """(n, 8, 8) of 0..16 as (n, 64) of 0..1 in float64."""
    return images.reshape(len(images), 64).double() / 16


def first_network(chance: torch.Generator) -> Network:
    """Small random weights. Were they all equal, every hidden unit would learn the same thing for ever.

    Each sum starts with a spread near 1 however many inputs it has: spread 1/√inputs for each weight.
    """
    weights_1 = torch.randn(64, HIDDEN, generator=chance, dtype=torch.float64) / 64**0.5
    weights_2 = torch.randn(HIDDEN, 10, generator=chance, dtype=torch.float64) / HIDDEN**0.5
    return Network(
        weights_1=weights_1,
        bias_1=torch.zeros(HIDDEN, dtype=torch.float64),
        weights_2=weights_2,
        bias_2=torch.zeros(10, dtype=torch.float64),
    )


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """Stochastic gradient descent: each step looks at a few pictures, drawn anew in every epoch."""
    x = pixels(data.x)
    network = first_network(session.generator("init"))
    session.keep(**network._asdict())

    for step in session.steps(len(data), batch=BATCH):
        batch_x, batch_y = x[step.indices], data.y[step.indices]  # (b, 64) and (b,)
        seen = forward(batch_x, network)
        slope = backward(batch_x, batch_y, network, seen)
        for name, parameter in network._asdict().items():
            parameter -= RATE * getattr(slope, name)  # w ← w - rate · ∂L/∂w
        session.note(loss=loss_of(seen.probabilities, batch_y))

    return lambda images: forward(pixels(images), network).probabilities
