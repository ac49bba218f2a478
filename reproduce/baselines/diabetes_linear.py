"""Linear regression by gradient descent, its gradient worked out and coded by hand: the first chapter.

Ten measurements of a patient are to say how far the illness goes within a year. The prediction is a
weighted sum of the measurements, and the weights are found by walking downhill on the mean squared error.
For n patients with d measurements each:

    p = X w + b                     the predictions                               (n,) = (n, d)(d,) + ()
    L = 1/n · Σᵢ (pᵢ - yᵢ)²         the loss: how wrong they are, as one number   ()

Which way is down? The chain rule answers from the loss backwards, one step at a time:

    ∂L/∂pᵢ = 2/n · (pᵢ - yᵢ)        what a little more of prediction i does to the loss
    ∂pᵢ/∂wⱼ = Xᵢⱼ                   what a little more of weight j does to prediction i
    ∂L/∂wⱼ = Σᵢ ∂L/∂pᵢ · Xᵢⱼ        so each weight hears from all patients:  ∂L/∂w = Xᵀ ∂L/∂p
    ∂L/∂b  = Σᵢ ∂L/∂pᵢ              the bias is the weight of a measurement that is always 1

The gradient points uphill, so a step goes against it: w ← w - rate · ∂L/∂w.

This loss is a bowl with a single lowest point, which a formula also gives (the normal equations,
XᵀX w = Xᵀy). So the walk can be checked: tests/test_baselines_by_hand.py compares the gradient with
autograd and the end of the walk with the formula, both to 1e-6. The published number is what
scikit-learn's tutorial prints for the formula on the same split.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from reproduce.baseline import Baseline
from reproduce.data import Split
from reproduce.session import Session

BASELINE = Baseline(
    title="Linear regression by gradient descent, coded by hand",
    dataset="diabetes",
    label="OPEN",
    metric="mean squared error",
    epochs=5_000,
    parameters=11,
    flops=40,
    claim="sklearn-diabetes-linear",
    teaches=("method:gradient-descent", "method:linear-regression"),
    threads=1,
    memory_mb=300,
    notes=(
        "gradient descent walks to the point that the published program finds by a formula",
        "nothing is left to chance: every seed gives the same number",
        "computed on the CPU in float64, whatever the device",
    ),
)

RATE = 0.2
"""Length of a step, as a multiple of the gradient. In the bowl's steepest direction the slope grows by 8.0
with each unit of length (the largest eigenvalue of 2/n · XᵀX). A rate above 2 / 8.0 = 0.25 jumps across the
valley and lands higher up on its other side, each time further. In the flattest direction (0.018) a step of
0.2 closes only 0.35 % of the distance that is left: hence 5,000 steps, after which 2 parts in 100 million
of it remain."""


def loss_and_gradient(
    x: Tensor, y: Tensor, weights: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The loss at these weights, and its slope along each weight and along the bias."""
    predictions = x @ weights + bias  # p = X w + b                      (n, d)(d,) + () → (n,)
    errors = predictions - y  # p - y                                    (n,)
    loss = (errors**2).mean()  # L = 1/n · Σᵢ (pᵢ - yᵢ)²                  ()

    d_predictions = 2 / len(y) * errors  # ∂L/∂p = 2/n · (p - y)         (n,)
    d_weights = x.T @ d_predictions  # ∂L/∂w = Xᵀ ∂L/∂p                  (d, n)(n,) → (d,)
    d_bias = d_predictions.sum()  # ∂L/∂b = Σᵢ ∂L/∂pᵢ                    ()
    return loss, d_weights, d_bias


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """Walks down the bowl from weights of zero, with all patients in every step."""
    # Columns of like spread make the bowl rounder, and a round bowl is walked down in fewer steps.
    # Mean and spread come from the training patients: those of the test split are not to be known.
    mean = data.x.mean(dim=0)  # (d,)
    spread = data.x.std(dim=0)  # (d,)
    x = (data.x - mean) / spread  # (n, d)

    weights = torch.zeros(x.shape[1], dtype=x.dtype)  # (d,)
    bias = torch.zeros((), dtype=x.dtype)  # ()
    session.keep(weights=weights, bias=bias)

    for _ in session.steps(len(x), batch=len(x), shuffle=False):
        loss, d_weights, d_bias = loss_and_gradient(x, data.y, weights, bias)
        weights -= RATE * d_weights  # w ← w - rate · ∂L/∂w
        bias -= RATE * d_bias  # b ← b - rate · ∂L/∂b
        session.note(loss=loss)

    return lambda inputs: (inputs - mean) / spread @ weights + bias  # (m, d) → (m,)
