"""Browsing: a list that a question gives, however long, any page of it at once, with its facets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from crawlers.keys import Key, kind_of
from hub.catalog.read import SORTS_OF
from hub.entries import KINDS, Entry, check_kinds
from hub.errors import UsageError
from hub.index.asked import Asked, Translated
from hub.index.search import Index
from hub.index.segment import VALUES
from hub.index.selection import RELEVANCE, Narrowed, Selection
from hub.marks import Marks, Span
from hub.words import STOP_WORDS, surfaces

SORTS: Final = ("relevance", "name", "year", "results", "code", "stars", "papers", "key")
"""Every order of a list. Papers of a method are its code in the index's terms."""

FIRST_SORT: Final = {
    "paper": "year",
    "repository": "stars",
    "dataset": "results",
    "framework": "stars",
    "tool": "stars",
    "task": "results",
    "topic": "results",
    "method": "papers",
}
"""Kind -> the order of its list where nobody asked for another."""

MOST_VALUES: Final = 100
"""Values of one facet that are given: those that most of the list have."""

_ORDER_OF: Final = {"year": "day", "papers": "code"}
"""Sort -> the index's name for it, where that is another."""


@dataclass(frozen=True)
class View:
    """What a list is to show."""

    text: str = ""
    kinds: tuple[str, ...] = ()
    """None named: all."""
    sort: str | None = None
    """One of SORTS; None: best first where there are words, else as FIRST_SORT says."""
    descending: bool | None = None
    """None: names and keys from the first, numbers and days from the highest."""
    task: str | None = None
    """A task by key or name; of tasks those that stand below it."""
    years: tuple[int, int] | None = None
    categories: tuple[str, ...] = ()
    has_code: bool = False
    has_result: bool = False
    keys: tuple[Key, ...] | frozenset[Key] | None = None
    """Only these: the user's library, or a tag. None: all."""
    areas: tuple[str, ...] = ()
    typing: bool = False
    """True while the text is being typed: its last word may go on."""


@dataclass(frozen=True)
class Facet:
    """One way to narrow a list, and how long it would be then."""

    name: str
    """year, category, task, area, has code, has result, kind."""
    value: str
    """What goes into the View: `2020`, `cs.LG`, `task:image-classification`, `yes`."""
    label: str
    count: int
    """Entries of the list that have it. Where the list is narrowed by this facet already: how many
    it would have with this value instead."""
    label_zh: str | None = None


def checked(view: View) -> str:
    """The order that a view is shown in; UsageError for what no list can be."""
    check_kinds(view.kinds)
    kinds = view.kinds or KINDS
    if view.sort is None:
        if view.text.strip() or len(kinds) > 2:
            return RELEVANCE
        return FIRST_SORT[kinds[0]]
    sorts = ("relevance", *dict.fromkeys(sort for kind in kinds for sort in SORTS_OF[kind]))
    if view.sort not in sorts:
        raise UsageError(
            f"{', '.join(kinds)} entries cannot be sorted by {view.sort!r}",
            hint=f"One of: {', '.join(sorts)}",
        )
    return view.sort


def groups_of(view: View, task: Key | None) -> dict[str, tuple[str, ...]]:
    """Facet -> the filter tokens of which one must be there; `task` is the key of the view's."""
    groups: dict[str, tuple[str, ...]] = {}
    if view.kinds:
        groups["kind"] = tuple(f"kind:{kind}" for kind in view.kinds)
    if task is not None:
        groups["task"] = (f"task:{task}", f"under:{task}")
    if view.categories:
        groups["category"] = tuple(f"category:{one.lower()}" for one in view.categories)
    if view.areas:
        groups["area"] = tuple(f"area:{area}" for area in view.areas)
    if view.has_code:
        groups["has code"] = ("has:code",)
    if view.has_result:
        groups["has result"] = ("has:result",)
    return groups


Names = Callable[[], dict[Key, tuple[str, str | None]]]
"""Gives the name and the Chinese name of every task."""

Entries = Callable[[Sequence[Key]], dict[Key, Entry]]


class Browsing:
    """The list that a View gives. What it holds of it is numbers; entries are read page by page."""

    def __init__(
        self,
        view: View,
        index: Index,
        asked: Asked,
        groups: dict[str, tuple[str, ...]],
        sort: str,
        *,
        translated: Translated = (),
        stale: int = 0,
        entries: Entries,
        task_names: Names,
    ) -> None:
        self.view = view
        self.sort = sort
        """The order it is shown in: one of SORTS."""
        self.translated = translated
        """How a Chinese query was read: pairs of what stands in it and the English name."""
        self.stale = stale
        """Writes to the catalog that the index has not seen."""
        order = _ORDER_OF.get(sort, sort)
        self.descending = order in VALUES if view.descending is None else view.descending
        """Whether the highest comes first; of no meaning where the best does."""
        self._index = index
        self._asked = asked
        self._groups = groups
        self._entries = entries
        self._task_names = task_names
        self._selection = Selection(
            index,
            asked,
            Narrowed(
                tuple(groups.values()),
                view.years,
                None if view.keys is None else tuple(view.keys),
            ),
            order=order,
            mirrored=order != RELEVANCE and self.descending != (order in VALUES),
        )

    @property
    def found(self) -> int:
        """How long the list is."""
        return self._selection.found

    @property
    def by_start(self) -> bool:
        """True when no word matched: these are names that begin with what was typed."""
        return self._selection.by_start

    def page(self, offset: int, limit: int) -> tuple[Entry, ...]:
        """The entries from this place on. One that left the catalog since it was indexed has its key
        only, so that every other keeps its place."""
        keys = self.keys(offset, limit)
        entries = self._entries(keys)
        return tuple(entries.get(key) or Entry(key, kind_of(key) or "", key) for key in keys)

    def keys(self, offset: int, limit: int) -> list[Key]:
        """The keys from this place on."""
        return self._selection.keys(max(0, offset), max(0, limit))

    def place(self, key: Key) -> int | None:
        """Where in the list this key stands; None when it does not."""
        return self._selection.place(key)

    # -- facets ------------------------------------------------------------------------------

    def facets(self) -> tuple[Facet, ...]:
        """What the list can be narrowed by: years newest first, all else by how many have it."""
        years = [
            Facet("year", str(year), str(year), count) for year, count in self._selection.years()
        ]
        return tuple(
            years
            + self._counted("category", "category:", category_label)
            + self._tasks()
            + self._counted("area", "area:", area_label)
            + self._counted("has code", "has:code", _yes)
            + self._counted("has result", "has:result", _yes)
            + self._counted("kind", "kind:", str)
        )

    def _counts(self, name: str, start: str) -> dict[str, int]:
        """Value -> how many have it, of the filter tokens that begin so."""
        tokens = [token for token in self._index.facets if token.startswith(start)]
        besides = list(self._groups).index(name) if name in self._groups else None
        counts = self._selection.counts(tokens, besides)
        return {
            token[len(start) :] or "yes": count
            for token, count in zip(tokens, counts, strict=True)
            if count
        }

    def _counted(self, name: str, start: str, label: Callable[[str], str]) -> list[Facet]:
        counts = self._counts(name, start)
        if name == "category":  # of an archive its subjects are counted, `cs` itself is none
            subjects = {value.partition(".")[0] for value in counts if "." in value}
            counts = {value: n for value, n in counts.items() if value not in subjects}
        values = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
        return [
            Facet(
                name,
                category_label(value) if name == "category" else value,
                label(value),
                counts[value],
            )
            for value in values
        ]

    def _tasks(self) -> list[Facet]:
        counts = self._counts("task", "task:")
        for task, count in self._counts("task", "under:").items():
            counts[task] = counts.get(task, 0) + count
        names = self._task_names() if counts else {}
        tasks = sorted(counts, key=lambda task: (-counts[task], task))[:MOST_VALUES]
        return [
            Facet("task", task, names[task][0], counts[task], names[task][1])
            for task in tasks
            if task in names
        ]

    # -- words -------------------------------------------------------------------------------

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that are looked for, as they were typed and as they were translated."""
        said = [self.view.text, *(meant for _, meant in self.translated)]
        found = dict.fromkeys(word for text in said for word in surfaces(text))
        return tuple(word for word in found if word not in STOP_WORDS)

    @cached_property
    def _marks(self) -> Marks:
        return Marks(self._asked)

    def spans(self, text: str) -> tuple[Span, ...]:
        """Which characters of a text to highlight, as pairs of the first and the one after the last."""
        return self._marks.spans(text)


def category_label(token: str) -> str:
    """A category as arXiv writes it: `cs.lg` is `cs.LG`, `cond-mat.mtrl-sci` stays as it is."""
    archive, dot, subject = token.partition(".")
    return f"{archive}.{subject.upper()}" if dot and len(subject) == 2 else token


def area_label(area: str) -> str:
    """An area as a person reads it."""
    return area.replace("-", " ")


def _yes(_: str) -> str:
    return "yes"
