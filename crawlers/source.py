"""What a source is: a declaration, and pure functions from bytes to pages of records."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from crawlers.records import LibraryRecord, Record


@dataclass(frozen=True)
class Skip:
    """One thing that could not become a record."""

    where: str
    """A line, an element, a path: enough to find it in the file."""
    reason: str
    """In few words, since reasons are counted."""


@dataclass(frozen=True)
class Page:
    """One parsed piece of a source."""

    records: tuple[Record | LibraryRecord, ...] = ()
    skipped: tuple[Skip, ...] = ()
    tally: tuple[tuple[str, int], ...] = ()
    """What was met, in the source's own words: ("boards", 12)."""
    broken: Skip | None = None
    """Set on the last page when the rest of the file cannot be read."""


@dataclass(frozen=True)
class Origin:
    """Where a file's records come from, as far as the file itself does not say."""

    name: str
    """The file's name."""
    day: str
    """`YYYY-MM-DD` on which the file was taken from its source."""


Read = Callable[[BinaryIO, Origin], Iterator[Page]]


@dataclass(frozen=True)
class Source:
    """A place records come from, as one file in crawlers/sources declares it."""

    name: str
    title: str
    licence: str | None
    """Terms of its data as SPDX id."""
    home: str
    """Where a person reads about it."""
    recognise: Callable[[bytes], float] | None = None
    """How surely the beginning of a file (decompressed) is one of this source: 0..1."""
    read: Read | None = None
    """Pages of an opened file."""


@cache
def all_sources() -> tuple[Source, ...]:
    """Every source that has a file in crawlers/sources, by name."""
    import crawlers.sources as package

    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"{package.__name__}.{name}").SOURCE for name in modules)


def source_of(head: bytes) -> Source | None:
    """The source that recognises the beginning of a file; None when none does."""
    sure = [(source.recognise(head), source) for source in all_sources() if source.recognise]
    certainty, best = max(sure, key=lambda pair: pair[0], default=(0.0, None))
    return best if certainty >= 0.5 else None
