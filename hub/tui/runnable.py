"""What can run here: baselines, their data, what was measured. Read in worker threads."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crawlers.clean import clean
from hub.errors import HubError
from hub.paths import Paths
from hub.tui.reading import unexpected
from hub.tui.running import Command

if TYPE_CHECKING:
    from hub.costs import Calibration
    from hub.runs import Listed

T = TypeVar("T")

INSTALL: Final = "pip install 'deep-learning-hub[reproduce]'"
"""What brings torch."""


@dataclass(frozen=True)
class Data:
    """The files of a dataset, as `hub dataset list` tells of them."""

    name: str
    key: str
    title: str
    licence: str | None
    notice: str | None
    """Terms to be accepted once; None: there are none."""
    accepted: bool
    package: str | None
    """The package that they come with."""
    folder: str | None
    """Where they lie; None: not on this machine."""
    size: int
    """Bytes, unpacked."""

    @property
    def here(self) -> bool:
        return self.folder is not None


@dataclass(frozen=True)
class Able:
    """Every baseline with its runs, and whether this machine can run any."""

    listed: "tuple[Listed, ...]"
    runs: Mapping[str, tuple[dict[str, Any], ...]]
    """By baseline, the newest first."""
    torch: bool
    """Whether torch is installed; it is looked up, not imported."""
    memory: int | None
    """Bytes that are free here; None where the system does not say."""
    speed: "Calibration | None" = None
    """How fast this machine was measured to be."""

    def named(self, name: str) -> "Listed | None":
        return next((one for one in self.listed if one.baseline.name == name), None)


def tried(paths: Paths, function: Callable[[], T]) -> T | HubError:
    """What a function returns, or what went wrong as an error that can be shown."""
    try:
        return function()
    except HubError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
        return unexpected(paths, error)


def able(paths: Paths) -> Able:
    """Everything but the data, from the declarations and library.db."""
    from hub import costs, runs
    from hub.library import Library

    with Library.open(paths.library) as own:
        listed = tuple(runs.listed(own, paths, runs.places_of(paths)))
        kept: dict[str, list[dict[str, Any]]] = {}
        for record in own.runs():
            kept.setdefault(str(record["baseline"]), []).append(record)
    return Able(
        listed,
        {name: tuple(records) for name, records in kept.items()},
        find_spec("torch") is not None,
        _free_memory(),
        costs.calibration(paths),
    )


def data(paths: Paths, lang: str) -> dict[str, Data]:
    """Every dataset of a baseline by its name, found where the settings say. HubError."""
    asked = Command(paths, lang, "dataset", "list", "--json")
    asked.carry_out()
    found = {}
    for one in asked.answer or ():
        found[str(one["name"])] = Data(
            name=str(one["name"]),
            key=str(one["key"]),
            title=clean(str(one["title"])),
            licence=one["licence"],
            notice=one["notice"],
            accepted=bool(one["accepted"]),
            package=one["package"],
            folder=one["folder"],
            size=sum(int(file["size"]) for file in one["files"]),
        )
    return found


def fitting(known: Able, datasets: Mapping[str, Data], key: str) -> "tuple[Listed, ...]":
    """The baselines of an entry: by their own name, their dataset, a method they teach, or the paper
    of their claim."""
    key = key.removeprefix("baseline:")
    return tuple(
        one
        for one in known.listed
        if key == one.baseline.name
        or key in one.baseline.teaches
        or key in (f"dataset:{one.baseline.dataset}", _key_of(datasets, one.baseline.dataset))
        or (one.claim is not None and key == one.claim.paper)
    )


def _key_of(datasets: Mapping[str, Data], name: str) -> str | None:
    return datasets[name].key if name in datasets else None


def seconds_of(one: "Listed") -> float | None:
    """Of one seed with the full budget on this machine; None while nobody can say."""
    return one.cost.seconds


def seconds_for(
    known: Able, one: "Listed", budget: str, minutes: float | None = None
) -> float | None:
    """Of one seed with a budget, and minutes at most."""
    from hub import costs

    before = list(known.runs.get(one.baseline.name, ()))
    return costs.cost(one.baseline, before, known.speed, budget=budget, minutes=minutes).seconds


def most_seconds() -> float:
    """A longer run is started only by somebody who says that it is meant; as --max-minutes."""
    return 120.0 * 60


def _free_memory() -> int | None:
    with suppress(ValueError, OSError, AttributeError):
        with suppress(OSError), Path("/proc/meminfo").open(encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None
