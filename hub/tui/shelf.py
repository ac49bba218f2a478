"""The user's library as a list: what was starred, tagged, noted, and how far it is read."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

    by_start = False
    stale = 0

    def __init__(self, queries: Queries, question: Question) -> None:
        self.question = question
        self.translated: Sequence[tuple[str, str]] = ()
        said = kept(queries.paths)
        known = queries.entries(list(said))
        self._typed = folded(question.text).split()
        order = question.sort or "changed"
        down = order in _DOWN if question.descending is None else question.descending
        self._all = tuple(said.values())
        own = (_own(known.get(key), one) for key, one in said.items() if passes(one, question))
        found = [one for one in own if _has(one, said[one.key], self._typed)]
        self.entries = tuple(
            sorted(found, key=_ORDERS.get(order, _ORDERS["changed"]), reverse=down)
        )
        self.found = len(self.entries)

    def page(self, offset: int, limit: int) -> tuple[Entry, ...]:
        return self.entries[offset : offset + limit]

    def place(self, key: Key) -> int | None:
        return next((at for at, one in enumerate(self.entries) if one.key == key), None)

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """Where the typed words stand, as long as folding leaves every character in its place."""
        flat = folded(text)
        if len(flat) != len(text):
            return ()
        return tuple(
            sorted((flat.find(w), flat.find(w) + len(w)) for w in self._typed if w in flat)
        )

    def facets(self) -> tuple[Facet, ...]:
        kinds = Counter(kind_of(one.key) or "" for one in self._all)
        return (
            *(Facet("kind", kind, kind, count) for kind, count in kinds.items() if kind),
            *_own_facets(self._all),
        )


def own_facets(paths: Paths, kinds: Sequence[str]) -> tuple[Facet, ...]:
    """What the user says about entries of these kinds, as filters."""
    return _own_facets([one for one in kept(paths).values() if kind_of(one.key) in kinds])


def _own_facets(all_: Sequence[Kept]) -> tuple[Facet, ...]:
    starred, noted = sum(one.favourite for one in all_), sum(bool(one.notes) for one in all_)
    readings = Counter(one.reading for one in all_)
    tags = Counter(tag for one in all_ for tag in one.tags)
    return (
        *([Facet("starred", True, "starred", starred)] if starred else ()),
        *([Facet("with notes", True, "with notes", noted)] if noted else ()),
        *(Facet("reading", one, one, readings[one]) for one in READING if readings[one]),
        *(Facet("tag", tag, tag, count) for tag, count in tags.most_common()),
    )


def passes(one: Kept, question: Question) -> bool:
    """Whether the user's own filters leave it, and its kind."""
    kinds, readings, tags = question.of("kind"), question.of("reading"), question.of("tag")
    return (
        (not kinds or kind_of(one.key) in kinds)
        and (not readings or one.reading in readings)
        and all(tag in one.tags for tag in tags)
        and (not question.of("starred") or one.favourite)
        and (not question.of("with notes") or bool(one.notes))
    )


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


def _has(one: Own, said: Kept, typed: Sequence[str]) -> bool:
    notes = (note.text for note in said.notes)
    text = folded(" ".join((one.name, one.name_zh or "", one.key, *one.tags, *notes)))
    return all(word in text for word in typed)


_DOWN: Final = frozenset({"changed"})
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
