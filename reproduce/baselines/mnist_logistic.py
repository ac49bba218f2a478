"""Softmax regression on MNIST, its gradient coded by hand, its minimum approached by L-BFGS.

Multinomial logistic regression: ten weighted sums of the pixels are turned to probabilities, and the
weights are those that make the right digits most probable. X has a row for each of n pictures; S, P and Y
have a row for each digit and a column for each picture, since a processor runs down ten long rows twenty
times as fast as n short ones:

    S = W Xᵀ + b                    a score for each digit         (10, 784)(784, n) + (10, 1) → (10, n)
    P = softmax(S)                  Pₖᵢ = exp Sₖᵢ / Σⱼ exp Sⱼᵢ       (10, n)
    L = -1/n · Σᵢₖ Yₖᵢ log Pₖᵢ       cross-entropy; Y is 1 at the right digit, else 0
    ∂L/∂S = (P - Y) / n             probability given minus probability due              (10, n)
    ∂L/∂W = ∂L/∂S X                                                (10, n)(n, 784) → (10, 784)
    ∂L/∂b = Σᵢ ∂L/∂Sᵢ                                              (10, 1)

L is a bowl, as in diabetes_linear, but no formula gives its lowest point, and it is so flat that plain
gradient descent would take thousands of steps. L-BFGS takes a few dozen. It remembers its last ten steps
and how the slope changed along them, guesses from that how the bowl bends, and steps to where the bottom
would then be (Liu and Nocedal, 1989). Every step looks at all pictures.

How far down? Not to the bottom. There the loss is about 0.20 and 5.5 % of the training pictures are read
wrongly, but the error on pictures that were held back (six-fold cross-validation on the training split)
is flat around 30 steps and rises later: the last steps down learn the training pictures by heart.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from reproduce.baseline import Baseline
from reproduce.data import Split
from reproduce.session import Session

BASELINE = Baseline(
    title="Softmax regression by L-BFGS",
    dataset="mnist",
    label="OPEN",
    metric="error",
    epochs=30,
    parameters=7_850,
    flops=31_360,
    threads=1,
    claim="theano-logistic",
    teaches=(
        "method:logistic-regression",
        "method:softmax",
        "method:cross-entropy-loss",
        "method:early-stopping",
    ),
    memory_mb=800,
    notes=(
        "L-BFGS over all pictures; the published number is by stochastic gradient descent, stopped on a "
        "validation split",
        "30 steps, chosen by cross-validation on the training split; the minimum of the training loss lies "
        "further on and errs more",
        "nothing is left to chance: every seed gives the same number",
    ),
)


def pixels(images: Tensor) -> Tensor:
    """(n, 28, 28) of 0..255 as (n, 784) of 0..1."""
    return images.reshape(len(images), 784) / 255


def loss_and_gradient(
    x: Tensor, due: Tensor, weights: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The loss at these weights, and its slope along them and along the bias. x (n, 784), due (10, n)."""
    scores = weights @ x.T + bias  # S = W Xᵀ + b                        (10, n)
    log_probabilities = scores - scores.logsumexp(dim=0)  # log P         (10, n)
    loss = -(due * log_probabilities).sum() / len(x)  # L                 ()

    d_scores = (log_probabilities.exp() - due) / len(x)  # (P - Y) / n    (10, n)
    d_weights = d_scores @ x  # ∂L/∂W = ∂L/∂S X                          (10, 784)
    d_bias = d_scores.sum(dim=1, keepdim=True)  # ∂L/∂b = Σᵢ ∂L/∂Sᵢ      (10, 1)
    return loss, d_weights, d_bias


def train(data: Split, session: Session) -> Callable[[Tensor], Tensor]:
    """Thirty steps of L-BFGS from weights of zero."""
    x = pixels(data.x.to(session.device))
    # With the mean picture taken away, the bias no longer has to follow every change of the weights. The
    # bowl is rounder, its lowest point the same: 30 steps go down as far as 70 without.
    mean = x.mean(dim=0)  # (784,)
    x -= mean
    due = torch.nn.functional.one_hot(data.y, 10).T.float().to(session.device).contiguous()  # Y

    parameters = torch.zeros(10, 785, device=session.device)
    weights, bias = parameters[:, :784], parameters[:, 784:]  # two windows on the same numbers
    # One iteration for each call of step(). Its line search may look at 25 points; told nothing, torch
    # allows as many as there are iterations, which here would be none beyond the first.
    optimizer = torch.optim.LBFGS(
        [parameters], max_iter=1, max_eval=25, history_size=10, line_search_fn="strong_wolfe"
    )
    session.keep(parameters=parameters, optimizer=optimizer)

    loss = torch.zeros((), device=session.device)
    measured_at = torch.full_like(parameters, math.nan)

    def measure() -> Tensor:
        """The loss where the parameters stand; the slope is left where the optimizer reads it.

        Each step begins where the one before ended and asks again: what is known is not computed twice.
        """
        if not torch.equal(parameters, measured_at):
            measured_at.copy_(parameters)
            now, d_weights, d_bias = loss_and_gradient(x, due, weights, bias)
            loss.copy_(now)
            parameters.grad = torch.cat([d_weights, d_bias], dim=1)  # (10, 785)
        return loss.clone()

    for _ in session.steps(len(x), batch=len(x), shuffle=False):
        before = optimizer.step(measure)
        session.note(loss=before)

    def predict(images: Tensor) -> Tensor:
        centred = pixels(images.to(session.device)) - mean  # (m, 784)
        return (weights @ centred.T + bias).T  # (m, 10)

    return predict
