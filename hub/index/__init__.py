"""The TF-IDF index: build it, update it, search it. Arrays on disk, memory-mapped, no pickle; knows no tables.

A build is a folder of arrays that is never changed (`whole` writes it). What changed since goes into
a small folder beside it, a delta: the changed documents, and which of the build's documents count no
more (`delta`). A small file names the folder in use; another is swapped in by renaming that file, so
that a reader sees the old index or the new one (`files`). `segment` reads one folder, `search`
answers from both; `asked` says what is looked for, `selection` is a whole list of what was found, in any
order that the build has kept. Searching needs numpy alone; a build fits its weights with scikit-learn.

Weight of term t in document d, after Singhal (pivoted length, double logarithm):
    (1 + ln(1 + ln tf)) / ((1 - s) + s * length / mean length) * ln((1 + N) / (1 + df))
A document whose whole name is what was asked gets a bonus, and its prior lifts the sum. A delta
keeps mean length and weights of its build, and weighs the terms that it brings by itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hub.index.format import CURRENT, FORMAT, outdated

if TYPE_CHECKING:
    from hub.index.asked import MAX_QUERY, Asked, asked_of
    from hub.index.counting import SLOPE, TITLE_WEIGHT, Document
    from hub.index.delta import MOST_CHANGED, SHARE_CHANGED, update
    from hub.index.search import EXACT_WEIGHT, LEAST_WEIGHT, PRIOR_WEIGHT, Found, Index
    from hub.index.segment import mark_of
    from hub.index.whole import build

__all__ = [
    "CURRENT",
    "EXACT_WEIGHT",
    "FORMAT",
    "LEAST_WEIGHT",
    "MAX_QUERY",
    "MOST_CHANGED",
    "PRIOR_WEIGHT",
    "SHARE_CHANGED",
    "SLOPE",
    "TITLE_WEIGHT",
    "Asked",
    "Document",
    "Found",
    "Index",
    "asked_of",
    "build",
    "mark_of",
    "outdated",
    "update",
]

_MADE_IN = {
    "asked": ("MAX_QUERY", "Asked", "asked_of"),
    "counting": ("Document", "SLOPE", "TITLE_WEIGHT"),
    "delta": ("MOST_CHANGED", "SHARE_CHANGED", "update"),
    "search": ("EXACT_WEIGHT", "LEAST_WEIGHT", "PRIOR_WEIGHT", "Found", "Index"),
    "segment": ("mark_of",),
    "whole": ("build",),
}
"""Module -> the names that it has."""


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is: no search waits for what writes an index, and no other
    command for numpy."""
    for module, names in _MADE_IN.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"hub.index.{module}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
