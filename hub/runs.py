"""Runs: a recipe in a child process, so that torch is never in ours, and what became of it, kept.

The only module of the hub that knows reproduce, and of it nothing that imports torch.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from crawlers import knowledge
from hub.errors import Damaged, HubError, NetworkError, NotFound, UsageError
from hub.library import Library
from hub.paths import Paths
from hub.verdict import Claim, Comparison, claims, compare
from reproduce.baseline import Baseline, UnknownBaseline, declared, names
from reproduce.data import loaded

MOST_MINUTES: Final = 120.0
"""A longer run is refused unless the user says that it is meant."""

USUAL_SHARE: Final = 0.2
"""Of the measured peak that a training reaches, where nothing was measured yet."""

TRAINING_ROWS: Final = {"mnist": 60_000, "fashion_mnist": 60_000, "diabetes": 400, "digits": 1_500}


@dataclass(frozen=True)
class Wish:
    """What to run."""

    baseline: str
    seed: int
    budget: str = "full"
    minutes: float | None = None
    device: str = "cpu"
    threads: int | None = None
    resume: bool = False
    data: Path | None = None


@dataclass(frozen=True)
class Listed:
    """A baseline, what is claimed for it, what it costs here, and what was measured so far."""

    baseline: Baseline
    claim: Claim | None
    minutes: float | None
    """Of one seed on this machine; None before anything was measured here."""
    comparison: Comparison


class Interrupted(Exception):
    """The user stopped the run; it can be gone on with."""


def baseline_named(name: str) -> Baseline:
    """NotFound with the nearest names."""
    try:
        return declared(name)
    except UnknownBaseline:
        near = get_close_matches(name, names(), n=3, cutoff=0.4)
        raise NotFound(
            f"no baseline is called {name}",
            nearest=tuple((one, declared(one).title) for one in near),
            hint="hub reproduce --list",
        ) from None


def claim_of(baseline: Baseline) -> Claim | None:
    return claims(knowledge.folder()).get(baseline.claim) if baseline.claim else None


def dataset_key(name: str) -> str:
    """The catalog's key of a dataset, by the name that baselines know it by."""
    return loaded(name).dataset.key


def listed(library: Library, places: Paths) -> list[Listed]:
    """Every baseline there is."""
    peak = calibration(places)
    found = []
    for name in names():
        one = declared(name)
        runs = library.runs(name)
        found.append(
            Listed(one, claim_of(one), minutes_of(one, runs, peak), comparison(name, runs))
        )
    return found


def comparison(name: str, runs: list[dict[str, Any]]) -> Comparison:
    """Claimed beside measured, from the full runs if there are any, else from what there is."""
    one = declared(name)
    ours = [run for run in runs if not run["imported"]]
    full = [run for run in ours if not run["reasons"]]
    return compare(name, one.label, claim_of(one), full or ours)


# -- what it costs ---------------------------------------------------------------------------


def calibration(places: Paths) -> float | None:
    """Operations a second that this machine was measured to reach; None before that."""
    try:
        said = json.loads((places.home / "calibration.json").read_text("utf-8"))
        return float(said["peak_flops_per_second"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def calibrate(places: Paths, peak: float) -> None:
    """Keeps a measured peak, so that listing baselines need not import torch."""
    path = places.home / "calibration.json"
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    places.home.mkdir(parents=True, exist_ok=True)
    partial.write_text(json.dumps({"peak_flops_per_second": peak}), "utf-8")
    partial.replace(path)


def minutes_of(one: Baseline, runs: list[dict[str, Any]], peak: float | None) -> float | None:
    """Minutes of one seed of the full budget: as measured here, else from operations and peak."""
    full = [run for run in runs if not run["reasons"] and not run["imported"]]
    if full:
        return float(full[0]["whole"]["wall_seconds"]) / 60
    if peak is None:
        return None
    rows = TRAINING_ROWS.get(one.dataset, 60_000)
    return one.flops * rows * max(1, one.epochs) / (USUAL_SHARE * peak) / 60


# -- running ---------------------------------------------------------------------------------


def carry_out(
    places: Paths,
    wish: Wish,
    *,
    tell: Callable[[dict[str, Any]], None],
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """The Run of one seed, from a child process.

    Interrupted when the user stopped it; NetworkError without data, Damaged with wrong ones,
    UsageError for what cannot be asked here, HubError for the rest.
    """
    folder = places.home / "runs" / f"{wish.baseline}-seed-{wish.seed}-{wish.budget}"
    with _alone(folder):
        command = [
            sys.executable, "-m", "reproduce", wish.baseline, "--seed", str(wish.seed),
            "--budget", wish.budget, "--device", wish.device, "--folder", str(folder),
            "--progress", "json",
        ]  # fmt: skip
        for name, value in (
            ("--minutes", wish.minutes), ("--threads", wish.threads), ("--data", wish.data),
        ):  # fmt: skip
            if value is not None:
                command += [name, str(value)]
        if wish.resume:
            command.append("--resume")
        return _child(command, tell, stop)


def _child(
    command: list[str], tell: Callable[[dict[str, Any]], None], stop: Callable[[], bool]
) -> dict[str, Any]:
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C comes to us; we pass it on once
    )
    failed: dict[str, Any] = {}
    rest: list[str] = []

    def listen() -> None:
        assert child.stderr is not None
        for line in child.stderr:
            try:
                said = json.loads(line)
            except ValueError:
                rest.append(line.rstrip())
                continue
            if "failed" in said:
                failed.update(said)
            else:
                tell(said)

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    out: list[str] = []
    mouth = threading.Thread(target=lambda: out.append(child.stdout.read()), daemon=True)  # type: ignore[union-attr]
    mouth.start()
    try:
        asked = False
        while child.poll() is None:
            if stop() and not asked:
                asked = True
                child.terminate()
            time.sleep(0.05)
    except BaseException:
        child.kill()
        raise
    finally:
        ear.join(5)
        mouth.join(5)
    if child.returncode == 0:
        return dict(json.loads("".join(out)))
    raise _error_of(child.returncode, failed, rest)


def _error_of(code: int, failed: dict[str, Any], rest: list[str]) -> Exception:
    what = failed.get("failed") or (rest[-1] if rest else f"the run ended with {code}")
    hint = failed.get("hint")
    kinds: dict[int, type[HubError]] = {2: UsageError, 3: NetworkError, 5: Damaged}
    if code == 130:
        return Interrupted(what)
    return kinds.get(code, HubError)(what, hint=hint)


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
            f"this very run is under way already ({folder.name})",
            hint="Wait for it, or choose another seed: --seed 2",
        ) from None
    except OSError as error:
        raise HubError(
            f"{folder} cannot be written: {error.strerror or error}",
            hint="Free some space, or set HUB_HOME to a folder of your own.",
        ) from error
    try:
        yield
    finally:
        lock.release()


# -- records that travel ---------------------------------------------------------------------


def exported(record: dict[str, Any]) -> dict[str, Any]:
    """A run with the sha256 of what it says, so that a change on the way is seen."""
    said = {name: value for name, value in record.items() if name != "imported"}
    return {"hub_run": 1, "sha256": sum_of(said), "run": said}


def imported(said: Any) -> dict[str, Any]:
    """The run of an exported file. Damaged when it is none, or was changed."""
    if (
        not isinstance(said, dict)
        or said.get("hub_run") != 1
        or not isinstance(said.get("run"), dict)
    ):
        raise Damaged("not a run that was exported by `hub runs export`")
    record: dict[str, Any] = said["run"]
    found = sum_of(record)
    if found != said.get("sha256"):
        raise Damaged(f"the run was changed: expected sha256 {said.get('sha256')}, got {found}")
    needed = {"id", "baseline", "started_at", "finished_at", "seed", "value", "budget", "reasons"}
    missing = sorted(needed - record.keys())
    if missing:
        raise Damaged(f"the run lacks {', '.join(missing)}")
    return record


def sum_of(record: dict[str, Any]) -> str:
    """sha256 of a run's JSON with its names in order."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
