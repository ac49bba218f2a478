"""The ruler: trains a recipe with one seed, measures once on the test split, and says under which
conditions, as one Run."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

import torch
from torch import Tensor

from reproduce import baseline, checkpoint, machine
from reproduce.baseline import Baseline
from reproduce.data import BATCH, Split, Splits
from reproduce.session import Session, Told

FORMAT: Final = 1
"""Of the Run as JSON."""

Budget = Literal["smoke", "short", "full"]

SHORT: Final = 0.1
"""Share of the full budget's epochs."""

SMOKE_STEPS: Final = 20


@dataclass(frozen=True)
class Order:
    """What to run, and how."""

    name: str
    seed: int = 1
    budget: Budget = "full"
    minutes: float | None = None
    """Of training at most; reaching it is a reduced budget."""
    device: str = "cpu"
    threads: int | None = None
    folder: Path | None = None
    """Of the run: its checkpoints lie below. None: none are written."""
    every_steps: int | None = None
    """Steps between two checkpoints; None: by time."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder; else it begins anew."""


class CannotRun(Exception):
    """The order cannot be carried out here; the text says what and what to do."""


def run(
    order: Order,
    splits: Splits,
    files: dict[str, str],
    *,
    canonical: bool = True,
    tell: Callable[[Told], None] = lambda told: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """The Run: JSON all through, checked by `check`. `files`: sha256 of each data file, by its name.

    `canonical`: the data are its makers' own bytes. CannotRun, session.Interrupted,
    session.NotFinite, checkpoint.NoRoom.
    """
    declared = baseline.declared(order.name)
    device = _device(order.device)
    threads = order.threads or declared.threads
    if threads:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    recipe = baseline.load(order.name)
    folder = order.folder / "checkpoints" if order.folder else None
    if folder and not order.resume:
        checkpoint.forget(folder)
    session = Session(
        seed=order.seed,
        epochs=_epochs(declared, order.budget),
        device=device,
        folder=folder,
        every_steps=order.every_steps,
        most_steps=SMOKE_STEPS if order.budget == "smoke" else None,
        most_seconds=order.minutes * 60 if order.minutes else None,
        tell=tell,
        stop=stop,
    )
    began, clock = datetime.now(UTC), machine.Clock()
    # The test split stays here: no recipe ever holds it.
    predict = recipe.train(splits.train, session)
    trained = clock.read()
    measured = measure(declared, predict, splits.test)
    said: dict[str, Any] = {
        "format": FORMAT,
        "id": uuid4().hex[:12],
        "baseline": order.name,
        "label": declared.label,
        "dataset": declared.dataset,
        "metric": declared.metric,
        "claim": declared.claim,
        "seed": order.seed,
        "budget": order.budget,
        "value": measured.value,
        "correct": measured.correct,
        "tested": measured.tested,
        "trained_on": len(splits.train),
        "epochs": session.epochs,
        "full_epochs": declared.epochs,
        "steps": session.done,
        "reasons": _reasons(order, declared, session, canonical),
        "started_at": began.isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "training": trained,
        "whole": clock.read(),
        "speed": _speed(declared, session, trained),
        "digest": session.digest(),
        "resumed_at": session.resumed_at,
        "curve": session.curve,
        "recipe_sha256": machine.sum_of(baseline.FOLDER / f"{order.name}.py"),
        "data": files,
        "canonical": canonical,
        "notes": list(declared.notes),
        "environment": machine.environment(),
    }
    if folder:
        checkpoint.forget(folder)
    check(said)
    return said


# -- measuring -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """One number on one split."""

    value: float
    """`error` and `accuracy` in percent."""
    tested: int
    """Rows that were measured."""
    correct: int | None = None


def measure(declared: Baseline, predict: Callable[[Tensor], Tensor], split: Split) -> Measured:
    """The declared metric over every row of a split, by whole counts or by sums in float64."""
    correct, squares = 0, 0.0
    with torch.no_grad():
        for start in range(0, len(split), BATCH):
            said = predict(split.x[start : start + BATCH])
            true = split.y[start : start + BATCH]
            if len(said) != len(true):
                raise CannotRun(f"the predictor says {len(said)} for {len(true)} rows")
            if declared.metric == "mean squared error":
                squares += float(((said.double() - true.double()) ** 2).sum())
            else:
                classes = said.argmax(dim=1) if said.dim() == 2 else said
                correct += int((classes.cpu() == true).sum())
    count = len(split)
    if declared.metric == "mean squared error":
        return Measured(squares / count, count)
    share = 100.0 * correct / count
    return Measured(share if declared.metric == "accuracy" else 100.0 - share, count, correct)


def _epochs(declared: Baseline, budget: Budget) -> float:
    return declared.epochs * SHORT if budget == "short" else declared.epochs


def _reasons(
    order: Order, declared: Baseline, session: Session, canonical: bool
) -> list[dict[str, Any]]:
    """Why the number may not be compared with a published one, for programs to read."""
    reasons: list[dict[str, Any]] = []
    if order.budget != "full":
        reasons.append({"reason": "reduced budget", "budget": order.budget})
    if session.cut:
        reasons.append({"reason": "time used up", "minutes": order.minutes, "steps": session.done})
    if not canonical:
        reasons.append({"reason": "data are not the makers' own bytes"})
    return reasons


def _speed(
    declared: Baseline, session: Session, trained: dict[str, float | None]
) -> dict[str, float | None]:
    """Examples and operations a second of the training, and the share of a measured peak."""
    wall = trained["wall_seconds"] or 0.0
    examples = session.examples
    peak = machine.gemm_peak()
    rate = declared.flops * examples / wall if wall and examples else None
    return {
        "examples_per_second": examples / wall if wall and examples else None,
        "flops_per_example": declared.flops,
        "flops_per_second": rate,
        "peak_flops_per_second": peak,
        "share_of_peak": rate / peak if rate else None,
    }


def _device(asked: str) -> torch.device:
    """CannotRun where the device is not there."""
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise CannotRun("no CUDA device is here, or torch was built without CUDA: --device cpu")
    if asked == "mps" and not torch.backends.mps.is_available():
        raise CannotRun("no Apple GPU is here: --device cpu")
    return torch.device(asked)


# -- the record ------------------------------------------------------------------------------

_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "format": int, "id": str, "baseline": str, "label": str, "dataset": str, "metric": str,
    "claim": (str, type(None)), "seed": int, "budget": str, "value": (int, float), "tested": int,
    "correct": (int, type(None)), "trained_on": int, "epochs": (int, float), "steps": int,
    "full_epochs": (int, float), "reasons": list, "started_at": str, "finished_at": str,
    "training": dict, "whole": dict, "speed": dict, "digest": str,
    "resumed_at": (int, type(None)), "curve": list, "recipe_sha256": str, "data": dict,
    "canonical": bool, "notes": list, "environment": dict,
}  # fmt: skip


class BadRun(ValueError):
    """JSON that is no Run."""


def check(said: Any) -> None:
    """BadRun unless it is a Run with every field of its type, and a number that can be one."""
    if not isinstance(said, dict):
        raise BadRun("not an object")
    for name, kind in _TYPES.items():
        if name not in said:
            raise BadRun(f"{name}: missing")
        if not isinstance(said[name], kind) or (kind is int and isinstance(said[name], bool)):
            raise BadRun(f"{name}: not as a Run has it")
    if said["format"] != FORMAT:
        raise BadRun(f"format {said['format']}, this program reads {FORMAT}")
    if not math.isfinite(said["value"]):
        raise BadRun("value: not a number")
    if said["budget"] not in ("smoke", "short", "full"):
        raise BadRun("budget: unknown")
