"""The ruler: trains a recipe with one seed, measures once on the test split, and says under which
conditions, as one Run."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

import torch
from torch import Tensor

from reproduce import baseline, checkpoint, machine, speed
from reproduce.baseline import Baseline
from reproduce.data import BATCH, Split, Splits
from reproduce.failure import CannotRun
from reproduce.processes import Processes
from reproduce.session import Interrupted, Session, Told

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


def run(
    order: Order,
    splits: Splits,
    files: dict[str, str],
    *,
    canonical: bool = True,
    tell: Callable[[Told], None] = lambda told: None,
    stop: Callable[[], bool] = lambda: False,
    processes: Processes | None = None,
) -> dict[str, Any]:
    """The Run: JSON all through, checked by `check`. `files`: sha256 of each data file, by its name.

    `canonical`: the data are its makers' own bytes. Several processes all return the same; its
    checkpoints are left to the caller, who takes them away once the Run is safe (`forget`). CannotRun,
    session.Interrupted, session.NotFinite, checkpoint.NoRoom, processes.Lost.
    """
    declared = baseline.declared(order.name)
    processes = processes or Processes()
    check_order(order, processes)
    device = device_of(order.device)
    threads = _threads(order, declared, processes)
    if threads:
        torch.set_num_threads(threads)
    # What use_deterministic_algorithms does, without loading the compiler to tell it as well.
    torch.set_deterministic_debug_mode("error")
    speed.without_compiler()
    speed.quick_allocator()
    speed.choices.clear()
    recipe = baseline.load(order.name)
    sources = machine.sources()
    folder = checkpoints_of(order)
    if folder and processes.first:
        if not order.resume:
            checkpoint.forget(folder)
        checkpoint.check_room(folder)
    processes.wait()
    epochs = _epochs(declared, order.budget)
    session = Session(
        seed=order.seed,
        epochs=epochs,
        device=device,
        folder=folder,
        every_steps=order.every_steps,
        most_steps=SMOKE_STEPS if order.budget == "smoke" else None,
        most_seconds=order.minutes * 60 if order.minutes else None,
        tell=tell if processes.first else lambda told: None,
        stop=stop,
        processes=processes,
        of=_identity(order, splits, files, sources, processes, device),
    )
    began, clock = datetime.now(UTC), machine.Clock(processes.total)
    # The test split stays here: no recipe ever holds it.
    predict = recipe.train(splits.train, session)
    trained = clock.read(session.spent_before)
    measured = measure(declared, predict, splits.test, processes=processes, stop=stop)
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
        "whole": clock.read(session.spent_before),
        "speed": _speed(declared, session, trained, processes),
        "digest": session.digest(),
        "resumed_at": session.resumed_at,
        "passed_over": session.passed_over,
        "curve": session.curve,
        "recipe_sha256": sources[f"baselines/{order.name}.py"],
        "sources": sources,
        "data": files,
        "canonical": canonical,
        "notes": list(declared.notes),
        "processes": _of_processes(processes, session),
        "environment": {**machine.environment(), **speed.choices},
    }
    check(said)
    return said


def checkpoints_of(order: Order) -> Path | None:
    """Where the run's checkpoints lie; None: it has none."""
    return order.folder / "checkpoints" if order.folder else None


def forget(order: Order) -> None:
    """Takes the checkpoints of a finished run away."""
    folder = checkpoints_of(order)
    if folder:
        checkpoint.forget(folder)


def check_order(order: Order, processes: Processes) -> None:
    """What can be known without the data. CannotRun."""
    declared = baseline.declared(order.name)
    if processes.mode != "whole" and not declared.shared:
        raise CannotRun(
            "{name} is computed in one piece: neither --exact nor several processes",
            name=order.name,
        )
    device_of(order.device)


def _threads(order: Order, declared: Baseline, processes: Processes) -> int | None:
    """Of each process; None: torch's own choice."""
    wished = order.threads or declared.threads
    if wished or processes.mode == "whole":
        return wished
    if processes.mode == "exact":
        return 1  # However many processes there are, or else the bits would tell how many.
    here = int(os.environ.get("LOCAL_WORLD_SIZE", processes.count))
    return max(1, (os.cpu_count() or 1) // here)


def _identity(
    order: Order,
    splits: Splits,
    files: dict[str, str],
    sources: dict[str, str],
    processes: Processes,
    device: torch.device,
) -> dict[str, Any]:
    """All that the bits of a run depend on, and so all that must be the same when it is gone on with."""
    return {
        "baseline": order.name,
        "recipe": machine.sum_of_sums(sources),
        "seed": order.seed,
        "budget": order.budget,
        "data": machine.sum_of_sums(files),
        "rows": len(splits.train),
        "mode": processes.mode,
        "shards": processes.shards,
        "device": device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "processor": machine.processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


def _of_processes(processes: Processes, session: Session) -> dict[str, Any]:
    """How many trained, and what of it could matter."""
    looks = "of each shard" if processes.mode == "exact" else "of the whole batch"
    return {
        "count": processes.count,
        "mode": processes.mode,
        "shards": processes.shards,
        "smallest_shard": session.smallest_shard,
        "batch_normalisation": looks if session.normalises else None,
    }


# -- measuring -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """One number on one split."""

    value: float
    """`error` and `accuracy` in percent."""
    tested: int
    """Rows that were measured."""
    correct: int | None = None


def measure(
    declared: Baseline,
    predict: Callable[[Tensor], Tensor],
    split: Split,
    *,
    processes: Processes | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Measured:
    """The declared metric over every row of a split, by whole counts or by sums in float64.

    Several processes take a part of a thousand rows in turn. No row is measured twice to make the parts
    even, and each part's own sum is put together, so that one process finds the same number.
    """
    processes = processes or Processes()
    squared = declared.metric == "mean squared error"
    starts = range(0, len(split), BATCH)
    parts = torch.zeros(len(starts), 2, dtype=torch.float64)  # Sum or count, and rows.
    with torch.no_grad():
        for at in range(processes.rank, len(starts), processes.count):
            if stop():
                raise Interrupted
            rows = slice(starts[at], starts[at] + BATCH)
            said, true = predict(split.x[rows]), split.y[rows]
            if len(said) != len(true):
                raise CannotRun(
                    "the predictor says {said} for {rows} rows", said=len(said), rows=len(true)
                )
            if squared:
                parts[at, 0] = ((said.cpu().double() - true.double()) ** 2).sum()
            else:
                classes = said.argmax(dim=1) if said.dim() == 2 else said
                parts[at, 0] = int((classes.cpu() == true).sum())
            parts[at, 1] = len(true)
    # Only one process has more than a zero for each part: adding them up is exact.
    found = processes.total_of(parts)
    whole, count = math.fsum(found[:, 0].tolist()), int(found[:, 1].sum())
    if count != len(split):
        raise CannotRun("{count} rows were measured of {rows}", count=count, rows=len(split))
    if squared:
        return Measured(whole / count, count)
    correct = int(whole)
    counted = correct if declared.metric == "accuracy" else count - correct
    return Measured(100.0 * counted / count, count, correct)


def _epochs(declared: Baseline, budget: Budget) -> float:
    return declared.epochs * SHORT if budget == "short" else declared.epochs


def _reasons(
    order: Order, declared: Baseline, session: Session, canonical: bool
) -> list[dict[str, Any]]:
    """Why the number may not be compared with a published one, for programs to read."""
    reasons: list[dict[str, Any]] = []
    if order.budget != "full":
        reasons.append({"reason": "reduced budget", "budget": order.budget})
    if session.cut and order.budget != "smoke":
        reasons.append({"reason": "time used up", "minutes": order.minutes, "steps": session.done})
    if not canonical:
        reasons.append({"reason": "data are not the makers' own bytes"})
    if session.processes.mode == "exact" and session.normalises:
        # Another network, as it were: each picture is compared with fewer others.
        rows = session.smallest_shard
        reasons.append({"reason": "batch normalisation over shards", "rows": rows})
    return reasons


def _speed(
    declared: Baseline,
    session: Session,
    trained: dict[str, float | None],
    processes: Processes,
) -> dict[str, float | None]:
    """Examples and operations a second of the training, and the share of a measured peak."""
    wall = trained["wall_seconds"] or 0.0
    examples = session.examples
    peak = processes.total(machine.gemm_peak())
    rate = declared.flops * examples / wall if wall and examples else None
    return {
        "examples_per_second": examples / wall if wall and examples else None,
        "flops_per_example": declared.flops,
        "flops_per_second": rate,
        "peak_flops_per_second": peak,
        "share_of_peak": rate / peak if rate else None,
    }


def device_of(asked: str) -> torch.device:
    """The device, of several GPUs one for each process. CannotRun where it is not there."""
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda":
        if not torch.cuda.is_available():
            raise CannotRun("no CUDA device is here, or torch was built without CUDA: --device cpu")
        place = int(os.environ.get("LOCAL_RANK", "0"))
        if place >= torch.cuda.device_count():
            raise CannotRun(
                "{count} CUDA devices are too few: --nproc", count=torch.cuda.device_count()
            )
        # Without it, products on a GPU differ from run to run (cuBLAS, "Results reproducibility").
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.cuda.set_device(place)
        return torch.device("cuda", place)
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
    "resumed_at": (int, type(None)), "passed_over": int, "curve": list, "recipe_sha256": str,
    "sources": dict, "data": dict, "canonical": bool, "notes": list, "processes": dict,
    "environment": dict,
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
