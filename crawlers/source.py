"""What a source is: a declaration, and pure functions from bytes to pages of records.

A file's source has `recognise` and `read`. A source on the network says which steps a wish begins
with (`start`), what to ask for at each step (`request`), and what the answer says (`parse`); none of
the three touches the network, a clock or a disk. crawlers.crawl drives them, crawlers.client fetches.
"""

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, BinaryIO, Final

from crawlers.operators import Operator
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
    next: "tuple[Step, ...]" = ()
    """What this answer says to ask for next."""
    whole: "tuple[Scope, ...]" = ()
    """Of these the page holds everything that its source says: what the catalog has beside it is gone."""
    again: tuple[Record, ...] = ()
    """Records that the source says once more when it answers "not changed" another day."""


@dataclass(frozen=True)
class Origin:
    """Where a file's records come from, as far as the file itself does not say."""

    name: str
    """The file's name."""
    day: str
    """`YYYY-MM-DD` on which the file was taken from its source."""


Read = Callable[[BinaryIO, Origin], Iterator[Page]]


# -- the network -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    """Rows of one table that one source says of one thing: the links of a paper, the rows of a board."""

    table: str
    """`link`, `result` or `notice`."""
    field: str
    """`paper` for links, `board` for results, `key` for notices."""
    key: str
    source: str


@dataclass(frozen=True)
class Step:
    """One request of a crawl still to be made. JSON all through, since the ledger keeps it."""

    kind: str
    """Which of the source's requests."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """What the request needs to know; nothing secret."""


@dataclass(frozen=True)
class Request:
    """What to ask the network for, as a step says it."""

    url: str
    accept: tuple[str, ...]
    """Media types that the answer may have (`application/json`); the first is asked for."""
    body: bytes | None = None
    """POST this JSON; None is GET."""
    headers: Mapping[str, str] = field(default_factory=dict)
    resource: str = "core"
    """The operator's bucket that it draws from: `core`, `search`, `graphql`."""
    answers: frozenset[int] = frozenset({200})
    """Statuses that `parse` wants to see; any other one is a refusal."""
    fresh_for: int = 0
    """Seconds in which the same request need not be made again; 0: ask every time."""
    max_bytes: int = 32 << 20
    """Longest body taken, decompressed."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    url: str
    """The address asked for."""
    final_url: str
    """The address that answered, after redirects."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    day: str
    """`YYYY-MM-DD` (UTC) on which it came."""


class SourceError(Exception):
    """An answer that is none: damaged, of another kind, or an error in words."""

    def __init__(self, why: str, *, again: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.again = again
        """True when the very same request may well succeed: a page cut off, empty against its word."""


@dataclass(frozen=True)
class Wish:
    """What a user wants of a source; a source uses what it understands."""

    since: str | None = None
    """Day from which changes are wanted."""
    until: str | None = None
    categories: tuple[str, ...] = ()
    """arXiv categories: `cs.LG`."""
    tasks: tuple[str, ...] = ()
    """Slugs or names of tasks."""
    keys: tuple[str, ...] = ()
    """Papers or repositories to ask for by name."""
    query: str | None = None
    full: bool = False
    """Everything, not only what changed."""
    authorised: bool = False
    """The operator's token is there."""
    limit: int | None = None
    """How many records of the source's main table are wanted at most."""


@dataclass(frozen=True)
class Base:
    """The address of an interface, and the variable that puts another one in its place."""

    variable: str
    official: str

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return (os.environ.get(self.variable) or self.official).rstrip("/")

    @property
    def overridden(self) -> bool:
        return self.url != self.official.rstrip("/")


@dataclass(frozen=True)
class Published:
    """A file whose size and checksum its publisher states."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    day: str
    """`YYYY-MM-DD` of what is in it."""
    stated_at: str
    """Where size and checksum stand."""


@dataclass(frozen=True)
class Plan:
    """What a crawl will cost, as far as that can be known before it."""

    requests: tuple[int, int]
    """At least, at most."""
    why: str
    """How the numbers come about."""
    pace: float = 0.0
    """Seconds from one request to the next where a limit that it will meet is tighter than the
    operator's delay."""


Start = Callable[[Wish], tuple[Step, ...]]
ToRequest = Callable[[Step, str], Request]
"""The request of a step; the second argument is the base address in force, without a slash at its end."""
Parse = Callable[[Step, Answer], Page]
"""Pure. SourceError when the answer cannot be believed as a whole; single bad records are skipped."""


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
    main: str = "paper"
    """The table that a limit counts."""
    operator: Operator | None = None
    """Whose limits its requests keep; None: it never asks the network."""
    base: Base | None = None
    start: Start | None = None
    request: ToRequest | None = None
    parse: Parse | None = None
    plan: Callable[[Wish], Plan] | None = None
    alone: frozenset[str] = frozenset()
    """Kinds of steps that stand alone: what goes wrong with one of them says nothing of the others, so
    these are asked first."""
    files: Mapping[str, tuple[Published, ...]] = field(default_factory=dict)
    """Slice -> the published files that make it, for a source that is downloaded whole."""


MAX_REASON: Final = 200
"""Longest text of somebody else's that stands in a reason, in characters."""


@cache
def all_sources() -> tuple[Source, ...]:
    """Every source that has a file in crawlers/sources, by name."""
    import crawlers.sources as package

    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"{package.__name__}.{name}").SOURCE for name in modules)


def source_named(name: str) -> Source | None:
    """The source of this name; None when there is no such file."""
    return next((source for source in all_sources() if source.name == name), None)


def source_of(head: bytes) -> Source | None:
    """The source that recognises the beginning of a file; None when none does."""
    sure = [(source.recognise(head), source) for source in all_sources() if source.recognise]
    certainty, best = max(sure, key=lambda pair: pair[0], default=(0.0, None))
    return best if certainty >= 0.5 else None
