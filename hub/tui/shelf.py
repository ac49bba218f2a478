"""The user's library as a list: what was starred, tagged, noted, and how far it is read."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from crawlers.keys import Key, kind_of
from hub.entries import Entry, address_of
from hub.library import READING, Kept, Library
from hub.paths import Paths
from hub.queries import Queries
from hub.tui.reading import Facet, Question
from hub.words import folded


@dataclass(frozen=True)
class Own(Entry):
    """An entry with what the user says about it."""

    favourite: bool = False
    reading: str | None = None
    tags: tuple[str, ...] = ()
    notes: int = 0
    changed: str = ""


def kept(paths: Paths) -> dict[Key, Kept]:
    """Everything in the library by its key, what was changed last first."""
    with Library.open(paths.library) as library:
        return {one.key: one for one in library.all()}


class Shelf:
    """The library, filtered and sorted in memory: nobody keeps a million things by hand."""

    translated: Sequence[tuple[str, str]] = ()
    by_start = False
    stale = 0

    def __init__(self, queries: Queries, question: Question) -> None:
        self.question = question
        said = kept(queries.paths)
        known = queries.entries(list(said))
        typed = folded(question.text).split()
        self.words: Sequence[str] = typed
        self.all = tuple(_own(known.get(key), one) for key, one in said.items())
        notes = {
            key: folded(" ".join(note.text for note in one.notes)) for key, one in said.items()
        }
        self.entries = tuple(
            sorted(
                (
                    one
                    for one in self.all
                    if _passes(one, question) and _has(one, notes[one.key], typed)
                ),
                key=_ORDERS.get(question.sort or "changed", _ORDERS["changed"]),
                reverse=bool(question.descending)
                if question.descending is not None
                else (question.sort or "changed") in _DOWN,
            )
        )
        self.found = self.listed = len(self.entries)

    def page(self, offset: int, limit: int) -> tuple[Entry, ...]:
        return self.entries[offset : offset + limit]

    def facets(self) -> tuple[Facet, ...]:
        return tuple(
            Facet(name, value, str(value), count)
            for name, values in (
                ("kind", Counter(one.kind for one in self.all)),
                ("reading", self._readings),
                ("tag", Counter(tag for one in self.all for tag in one.tags)),
            )
            for value, count in values.items()
        ) + tuple(
            Facet(name, True, name, count)
            for name, count in (
                ("starred", sum(one.favourite for one in self.all)),
                ("with notes", sum(one.notes > 0 for one in self.all)),
            )
            if count
        )

    @cached_property
    def _readings(self) -> dict[str, int]:
        counted = Counter(one.reading for one in self.all)
        return {state: counted[state] for state in READING if counted[state]}


def _own(entry: Entry | None, one: Kept) -> Own:
    """What the catalog knows of a key beside what the user says; of a lost key only the key."""
    known: dict[str, Any] = (
        vars(entry)
        if entry is not None
        else {
            "key": one.key,
            "kind": kind_of(one.key) or "",
            "name": one.key,
            "url": address_of(one.key),
        }
    )
    return Own(
        **known,
        favourite=one.favourite,
        reading=one.reading,
        tags=one.tags,
        notes=len(one.notes),
        changed=one.changed_at,
    )


def _passes(one: Own, question: Question) -> bool:
    kinds, readings, tags = question.of("kind"), question.of("reading"), question.of("tag")
    return (
        (not kinds or one.kind in kinds)
        and (not readings or one.reading in readings)
        and all(tag in one.tags for tag in tags)
        and (not question.of("starred") or one.favourite)
        and (not question.of("with notes") or one.notes > 0)
    )


def _has(one: Own, notes: str, typed: Sequence[str]) -> bool:
    text = folded(" ".join((one.name, one.name_zh or "", one.key, *one.tags)))
    return all(word in text or word in notes for word in typed)


_DOWN: Final = frozenset({"changed", "year", "starred"})
_ORDERS: Final[dict[str, Callable[[Own], Any]]] = {
    "changed": lambda one: one.changed,
    "name": lambda one: folded(one.name),
    "kind": lambda one: (one.kind, folded(one.name)),
    "year": lambda one: one.year or 0,
    "reading": lambda one: (
        READING.index(one.reading) if one.reading in READING else len(READING),
        folded(one.name),
    ),
    "tags": lambda one: (not one.tags, one.tags),
}
