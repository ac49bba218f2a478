"""What a run costs on this machine, told before it begins: as it was measured here, else from the number
of its operations and the speed of a matrix product."""

import json
import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hub.paths import Paths
from hub.run_record import out_of_time

if TYPE_CHECKING:
    from reproduce.baseline import Baseline

STARTUP_SECONDS: Final = 4.0
"""Of a process: importing torch, reading the data, measuring at the end."""

SMALL_SHARE: Final = 0.2
LARGE_SHARE: Final = 1.0
LARGE_FLOPS: Final = 2e7
"""Share of the measured peak that training reaches, by the operations for one example. Small networks
wait for their layers (0.09 to 0.25 measured); large convolutions run in oneDNN, in bfloat16 where the
processor has it (1.2 measured), while the peak is that of a plain float32 product."""

TRAINING_ROWS: Final = {"mnist": 60_000, "fashion_mnist": 60_000, "diabetes": 422, "digits": 898}
ROWS: Final = 60_000
"""Of a dataset that is not listed."""

BUDGETS: Final = {"full": 1.0, "short": 0.1, "smoke": 0.0}
"""Share of the full training; a smoke run is a few steps."""

FEW: Final = 2e10
"""Operations that any machine of today does in seconds: its speed need not be measured for them."""
SLOWEST: Final = 2e9
"""Operations a second that are reckoned with for so few."""

RECENT: Final = 5
"""Runs whose median counts."""


@dataclass(frozen=True)
class Calibration:
    """How fast this machine multiplies matrices, measured once and kept."""

    peaks: dict[int, float]
    """Operations a second by the number of threads."""
    measured_at: str

    def peak(self, threads: int | None) -> float:
        """The highest of at most so many threads; None: of any. Where another process takes a core, two
        threads are slower than one."""
        fitting = [peak for one, peak in self.peaks.items() if threads is None or one <= threads]
        return max(fitting or self.peaks.values())


@dataclass(frozen=True)
class Cost:
    """Of one seed with one budget on this machine."""

    operations: float
    """Floating-point operations of the training."""
    seconds: float | None
    """Of the whole process; None: unknown, nothing was measured here yet."""
    basis: Literal["runs", "rate", "operations", "few", "unknown"]
    """As the same runs took; at the rate of other ones; from operations and peak; so few operations
    that no peak matters; not known."""
    runs: int
    """How many runs it was learnt from."""
    peak: float | None
    """Operations a second that the estimate stands on."""
    share: float
    """Of that peak that is reckoned with."""
    memory_mb: int


def cost(
    one: "Baseline",
    runs: list[dict[str, Any]],
    known: Calibration | None,
    *,
    budget: str = "full",
    minutes: float | None = None,
    threads: int | None = None,
) -> Cost:
    """What is known before a run. `runs`: those of this baseline; of other people's none counts."""
    part = BUDGETS[budget]
    examples = TRAINING_ROWS.get(one.dataset, ROWS) * max(1, one.epochs) * part
    operations = one.flops * examples
    own = [run for run in runs if not run["imported"]]
    same = [run for run in own if run["budget"] == budget and not out_of_time(run)][:RECENT]
    # The twenty steps of a smoke run are mostly warming up.
    rates = [
        run["speed"]["examples_per_second"]
        for run in own
        if run["speed"]["examples_per_second"] and run["budget"] != "smoke"
    ]
    peak = known.peak(threads or one.threads) if known else None
    share = LARGE_SHARE if one.flops >= LARGE_FLOPS else SMALL_SHARE
    basis: Literal["runs", "rate", "operations", "few", "unknown"]
    seconds: float | None
    if same:
        basis, learnt = "runs", len(same)
        seconds = median(run["whole"]["wall_seconds"] for run in same) + STARTUP_SECONDS
    elif rates:
        basis, learnt = "rate", len(rates[:RECENT])
        seconds = examples / median(rates[:RECENT]) + STARTUP_SECONDS
    elif operations < FEW:
        basis, learnt = "few", 0
        seconds = operations / SLOWEST + STARTUP_SECONDS
    elif peak is not None:
        basis, learnt = "operations", 0
        seconds = operations / (share * peak) + STARTUP_SECONDS
    else:
        basis, learnt, seconds = "unknown", 0, None
    if minutes is not None and seconds is not None:
        seconds = min(seconds, minutes * 60 + STARTUP_SECONDS)
    return Cost(operations, seconds, basis, learnt, peak, share, one.memory_mb)


def median(values: Iterable[float]) -> float:
    """The middle one, or the mean of the two: `statistics` costs a list of baselines 20 ms."""
    ordered = sorted(values)
    at = len(ordered) // 2
    return ordered[at] if len(ordered) % 2 else (ordered[at - 1] + ordered[at]) / 2


# -- the machine's speed ---------------------------------------------------------------------


def calibration(places: Paths) -> Calibration | None:
    """What was measured on this very machine; None before that. A home may be shared by several."""
    try:
        said = json.loads(_path(places).read_text("utf-8"))
        mine = said["machines"][_machine()]
        peaks = {int(threads): float(peak) for threads, peak in mine["peaks"].items()}
        return Calibration(peaks, str(mine["measured_at"])) if min(peaks.values()) > 0 else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(places: Paths, found: Calibration) -> None:
    """Keeps what was measured, so that listing baselines need not import torch. OSError."""
    path = _path(places)
    try:
        machines = dict(json.loads(path.read_text("utf-8"))["machines"])
    except (OSError, ValueError, KeyError, TypeError):
        machines = {}
    machines[_machine()] = {"peaks": found.peaks, "measured_at": found.measured_at}
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    places.home.mkdir(parents=True, exist_ok=True)
    partial.write_text(json.dumps({"machines": machines}, indent=1), "utf-8")
    partial.replace(path)


def learn(places: Paths, threads: int, peak: float) -> None:
    """A run measured a peak as well: the highest counts, since a busy machine only lowers it."""
    known = calibration(places)
    peaks = dict(known.peaks) if known else {}
    if peak > peaks.get(threads, 0.0):
        day = datetime.now(UTC).isoformat(timespec="seconds")
        with suppress(OSError):
            keep(places, Calibration({**peaks, threads: peak}, day))


def _path(places: Paths) -> Path:
    return places.home / "calibration.json"


def _machine() -> str:
    return f"{platform.node()} {platform.machine()} {os.cpu_count()}"
