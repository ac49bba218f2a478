"""Where the hand-kept data/ folder lies, and the tables of metrics and of words that are read from it."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Direction = Literal["higher", "lower", "unknown"]


def folder() -> Path:
    """The data/ folder: inside the installed package, or beside it in a source tree."""
    root = Path(__file__).resolve().parent.parent
    installed = root / "hub" / "data"
    return installed if installed.is_dir() else root / "data"


@dataclass(frozen=True)
class Metric:
    """What is known about a metric's name: which way is better, and in what it is counted."""

    name: str
    direction: Direction = "unknown"
    unit: str | None = None


def metric(name: str) -> Metric:
    """The curated metric of this name; one not in the table has an unknown direction."""
    return metrics().get(_folded(name)) or Metric(name)


@cache
def metrics() -> dict[str, Metric]:
    """Every curated spelling, folded, with its metric (data/metrics.toml)."""
    table: dict[str, Metric] = {}
    with (folder() / "metrics.toml").open("rb") as file:
        for row in tomllib.load(file)["metric"]:
            known = Metric(row["name"], row["direction"], row.get("unit"))
            for spelling in (row["name"], *row.get("aliases", ())):
                table[_folded(spelling)] = known
    return table


@cache
def words() -> dict[str, str]:
    """Chinese words of the field that are nobody's name, with what English papers call them
    (data/words.toml)."""
    with (folder() / "words.toml").open("rb") as file:
        return dict(tomllib.load(file)["words"])


@cache
def _folded(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip().casefold()
