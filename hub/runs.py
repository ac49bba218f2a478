"""Runs: a recipe in a child process, so that torch is never in ours, and what became of it, kept.

Nothing here imports torch; costs are told by hub.costs, what can be run by hub.baselines.
"""

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub import baselines, child, costs, run_record
from hub.costs import Calibration, Cost
from hub.errors import Damaged, HubError, NotFound
from hub.library import Library
from hub.paths import Paths
from hub.text import t
from hub.verdict import Claim, Comparison, compare
from reproduce.baseline import Baseline

if TYPE_CHECKING:
    from reproduce.data import Dataset
    from reproduce.places import Places

INSTALL: Final = "pip install 'deep-learning-hub[reproduce]'"


@dataclass(frozen=True)
class Wish:
    """What to run."""

    baseline: str
    seed: int
    budget: str = "full"
    minutes: float | None = None
    device: str = "auto"
    threads: int | None = None
    resume: bool = False
    data: Path | None = None
    processes: int = 1
    """That share the run, on this machine."""
    mode: str | None = None
    """`exact` or `fast`; None: exact for several processes, and one computes a batch whole."""


@dataclass(frozen=True)
class Needs:
    """What a baseline needs that a machine may lack."""

    dataset: str
    title: str
    licence: str | None
    notice: str | None
    """Terms to be accepted before the first download."""
    size_bytes: int
    folder: str | None
    """Where its files lie on this machine; None: they have to be fetched."""
    memory_mb: int
    threads: int | None
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """A baseline, what is claimed for it, what it needs and costs here, and what was measured so far."""

    baseline: Baseline
    path: str
    """Of the recipe, for reading."""
    claim: Claim | None
    needs: Needs
    cost: Cost
    """Of one seed of the full budget."""
    comparison: Comparison


def listed(
    library: Library, places: Paths, data: "Places", name: str | None = None
) -> list[Listed]:
    """Every baseline there is, or one of them."""
    known = costs.calibration(places)
    needs = cache(lambda dataset: _data_of(dataset, data))
    found = []
    for each in (name,) if name else baselines.names():
        one = baselines.named(each)
        runs = library.runs(each)
        found.append(
            Listed(
                baseline=one,
                path=str(baselines.path_of(one)),
                claim=baselines.claim_of(one),
                needs=_needs(one, *needs(one.dataset)),
                cost=costs.cost(one, runs, known),
                comparison=comparison(each, runs),
            )
        )
    return found


def places_of(places: Paths) -> "Places":
    """Where the files of datasets may lie: as the settings say, HUB_* over config.toml."""
    from dataclasses import replace

    from hub.settings import load
    from reproduce.places import Places

    settings, _ = load(places.config)
    shelf = Path(settings.datasets_dir).expanduser().absolute() if settings.datasets_dir else None
    return replace(Places.of_environment(), shelf=shelf, offline=settings.offline)


def _data_of(name: str, places: "Places") -> "tuple[Dataset | None, Path | None]":
    """A dataset and where it lies; several baselines share one."""
    from reproduce.places import find

    dataset = baselines.dataset_named(name)
    return dataset, find(dataset, places, quick=True) if dataset else None


def _needs(one: Baseline, dataset: "Dataset | None", folder: Path | None) -> Needs:
    return Needs(
        dataset=one.dataset,
        title=dataset.title if dataset else one.dataset,
        licence=dataset.licence if dataset else None,
        notice=dataset.notice if dataset else None,
        size_bytes=sum(file.size for file in dataset.files) if dataset else 0,
        folder=str(folder) if folder else None,
        memory_mb=one.memory_mb,
        threads=one.threads,
        devices=("cpu", "cuda", "mps"),
    )


def cost_of(wish: "Wish", before: list[dict[str, Any]], known: Calibration | None) -> Cost:
    """What one seed of a wish costs here. `before`: the runs of its baseline so far."""
    return costs.cost(
        baselines.named(wish.baseline),
        before,
        known,
        budget=wish.budget,
        minutes=wish.minutes,
        threads=wish.threads,
    )


def dataset_key(name: str) -> str:
    """The catalog's key of a dataset, by the name that baselines know it by."""
    found = baselines.dataset_named(name)
    return found.key if found else f"dataset:{name}"


def comparison(name: str, runs: list[dict[str, Any]]) -> Comparison:
    """Claimed beside measured: from the runs of the newest recipe that were full if there are any, else
    from what there is. A recipe that was changed since is said."""
    one = baselines.named(name)
    ours = [run for run in runs if not run["imported"]]
    if ours:
        newest = max(ours, key=lambda run: run["finished_at"])["recipe_sha256"]
        current = recipe_sum(one)
        if any(run["recipe_sha256"] == current for run in ours):
            newest = current
        ours = [run for run in ours if run["recipe_sha256"] == newest]
        if newest != current:
            changed = {"reason": "the recipe was changed since"}
            ours = [{**run, "reasons": [*run["reasons"], changed]} for run in ours]
    full = [run for run in ours if run["budget"] == "full" and not _reduced(run)]
    return compare(name, one.label, baselines.claim_of(one), full or ours)


def comparison_of(name: str, made: list[dict[str, Any]], runs: list[dict[str, Any]]) -> Comparison:
    """What a command ends with: if it made a reduced run, that alone, so that no verdict of earlier full
    ones stands under it."""
    if any(run["budget"] != "full" or _reduced(run) for run in made):
        one = baselines.named(name)
        return compare(name, one.label, baselines.claim_of(one), made)
    return comparison(name, runs)


def _reduced(run: dict[str, Any]) -> bool:
    reduced = ("reduced budget", "time used up", "fewer epochs")
    return any(reason["reason"] in reduced for reason in run["reasons"])


def recipe_sum(one: Baseline) -> str:
    """sha256 of the recipe as it is now."""
    from hashlib import sha256

    return sha256(baselines.path_of(one).read_bytes()).hexdigest()


# -- running ---------------------------------------------------------------------------------


def need_torch() -> None:
    """HubError where torch, or what checkpoints are written with, is not installed; nothing is imported."""
    for name in ("torch", "safetensors"):
        if importlib.util.find_spec(name) is None:
            raise HubError(
                t("{name} is not installed, and training needs it", name=name), hint=INSTALL
            )


def calibrate(places: Paths) -> Calibration:
    """Measures the machine's speed in a child, some seconds long, and keeps it."""
    need_torch()
    said = child.answer("reproduce.calibrate")
    peaks = {int(threads): float(peak) for threads, peak in said["peaks"].items()}
    found = Calibration(peaks, datetime.now(UTC).isoformat(timespec="seconds"))
    with suppress(OSError):  # it is measured anew next time
        costs.keep(places, found)
    return found


def folder_of(places: Paths, wish: Wish) -> Path:
    """Where a run keeps its checkpoints, and its record until the library has it."""
    return places.home / "runs" / f"{wish.baseline}-seed-{wish.seed}-{wish.budget}"


def carry_out(
    places: Paths,
    wish: Wish,
    *,
    tell: Callable[[dict[str, Any]], None],
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """The Run of one seed, from a child process; it lies in the run's folder until `settled`.

    child.Interrupted when the user stopped it, child.Broken when it can be gone on with; NetworkError
    without data, Damaged with wrong ones, UsageError for what cannot be asked here, HubError for the rest.
    """
    folder = folder_of(places, wish)
    with _alone(folder):
        if wish.resume and (left := _left(folder)) is not None:
            return left
        words: list[object] = [
            wish.baseline, "--seed", wish.seed, "--budget", wish.budget, "--device", wish.device,
            "--folder", folder, "--progress", "json",
        ]  # fmt: skip
        for name, value in (
            ("--minutes", wish.minutes), ("--threads", wish.threads), ("--data", wish.data),
        ):  # fmt: skip
            if value is not None:
                words += [name, value]
        words += ["--nproc", wish.processes] if wish.processes > 1 else []
        words += [f"--{wish.mode}"] if wish.mode else []
        words += ["--resume"] if wish.resume else []
        record = child.answer("reproduce", *words, tell=tell, stop=stop, log=folder / "error.log")
        run_record.check(record)
        with suppress(OSError):
            _replace(folder / "run.json", json.dumps(run_record.exported(record)))
        return record


def stopped_at(places: Paths, wish: Wish) -> int | None:
    """The step of a run's newest checkpoint, if it was stopped or killed; else None."""
    steps = (folder_of(places, wish) / "checkpoints").glob("step-?????????")
    return max((int(one.name[5:]) for one in steps if one.name[5:].isdigit()), default=None)


def settled(places: Paths, wish: Wish) -> None:
    """The library has the run: its folder need not keep it any more."""
    with suppress(OSError):
        (folder_of(places, wish) / "run.json").unlink(missing_ok=True)


def _left(folder: Path) -> dict[str, Any] | None:
    """A run that was measured and never reached the library."""
    try:
        return run_record.read(folder / "run.json")
    except (NotFound, Damaged):
        return None


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    partial.write_text(text, "utf-8")
    partial.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One run of a seed at a time: two would write over each other's checkpoints."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "run.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise HubError(
            t("this very run is under way already ({name})", name=folder.name),
            hint=t("Wait for it, or choose another seed: --seed 2"),
        ) from None
    except OSError as error:
        raise HubError(
            t("{place} cannot be written: {why}", place=folder, why=error.strerror or error),
            hint=t("Free some space, or set HUB_HOME to a folder of your own."),
        ) from error
    try:
        yield
    finally:
        lock.release()
