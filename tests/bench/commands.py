"""Whole commands as a user types them: start, answer, end."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.bench.children import hub, python, run, script
from tests.bench.rows import Row, at_most, known, not_run
from tests.bench.workshop import NO_DATA, Workshop

TIMES_NUMPY = 2.5
"""Importing numpy is what any search with numpy pays; the rest is ours."""

FIRST_SECONDS = 3
LIST_SECONDS = 0.5
"""Issue 4: a list of baselines that would import torch takes three times as long."""

REPEATS = 15


def search(workshop: Workshop) -> list[Row]:
    """`hub search` on 70,000 papers, interleaved with an import of numpy."""
    what = 'hub search "residual learning", 70k papers'
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    words = ("search", "residual learning")
    calls = {"python -m hub": hub(*words)}
    if path := script():
        calls["console script"] = [str(path), *words]
    numpy = python("-c", "import numpy")
    times = interleaved([*calls.values(), numpy], workshop.home, REPEATS)
    base = times[-1]
    return [
        at_most(
            f"{what} ({name})",
            seconds / base,
            TIMES_NUMPY,
            "x numpy",
            measured=f"{seconds * 1000:.0f} ms = {seconds / base:.2f} x numpy",
            peer=f"import numpy {base * 1000:.0f} ms",
        )
        for name, seconds in zip(calls, times, strict=False)
    ]


def interleaved(calls: Sequence[Sequence[str]], home: Path, repeats: int) -> list[float]:
    """Median wall seconds of each call; all take turns, so that a busy moment hits all alike."""
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(repeats + 1):
        for taken, call in zip(times, calls, strict=True):
            seconds = run(call, {"HUB_HOME": home}).wall_seconds
            if turn:  # the first turn warms files
                taken.append(seconds)
    return [median(taken) for taken in times]


def first(workshop: Workshop) -> list[Row]:
    """`hub search mnist` where no home is yet: the embedded catalog is copied, then searched."""
    taken = []
    for _ in range(5):
        home = workshop.fresh("first")
        taken.append(run(hub("search", "mnist"), {"HUB_HOME": home}).wall_seconds)
        shutil.rmtree(home)
    return [
        at_most("first answer in a fresh home (median of 5)", median(taken), FIRST_SECONDS, "s")
    ]


def usage(workshop: Workshop) -> list[Row]:
    """`hub --help`, for information."""
    (seconds,) = interleaved([hub("--help")], workshop.fresh("help"), 7)
    return [known("hub --help (median of 7)", seconds * 1000, "ms", bar="200 ms, information")]


def baselines(workshop: Workshop) -> list[Row]:
    """`hub reproduce --list`, whole process, where data lie on a shelf that has to be looked through."""
    settings: dict[str, str | Path] = {"HUB_HOME": workshop.fresh("list")}
    if workshop.data is not None:
        settings["HUB_DATASETS_DIR"] = workshop.data
    costs = [run(hub("reproduce", "--list"), settings) for _ in range(8)][1:]
    return [
        at_most(
            "hub reproduce --list (best of 7)",
            min(cost.wall_seconds for cost in costs),
            LIST_SECONDS,
            "s",
            peer=f"median {median(cost.wall_seconds for cost in costs):.2f} s, "
            f"CPU {min(cost.cpu_seconds for cost in costs):.2f} s",
        )
    ]
