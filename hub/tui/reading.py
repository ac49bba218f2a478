"""What the browser asks of hub.queries and hub.library, as frozen values; runs off the event loop."""

import gc
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from crawlers.clean import clean_lines
from crawlers.keys import Key
from hub.errors import HubError, NotFound
from hub.memory import give_back
from hub.paths import Paths
from hub.queries import Entry, Queries
from hub.text import told

if TYPE_CHECKING:
    from hub.marks import Span
    from hub.queries import Board, BoardRow, Shown

T = TypeVar("T")

PAGE: Final = 64
"""Rows fetched at a time."""

BOARDS: Final = 20
"""Leaderboards looked up for the ranks of one paper."""

TABS: Final[dict[str, tuple[str, ...]]] = {
    "All": ("framework", "tool", "dataset", "task", "topic", "method", "paper", "repository"),
    "Papers": ("paper",),
    "Datasets": ("dataset",),
    "Frameworks & tools": ("framework", "tool"),
    "Tasks": ("task", "topic"),
    "Methods": ("method",),
    "Repositories": ("repository",),
    "Library": (),
}
"""Tab that is a list -> the kinds it lists; the library holds keys of every kind."""

ORDER: Final = {
    "All": None,
    "Papers": "year",
    "Datasets": "results",
    "Frameworks & tools": "stars",
    "Tasks": "results",
    "Methods": "papers",
    "Repositories": "stars",
    "Library": "changed",
}
"""Tab -> the order in which it lists when nothing is looked for."""

REST_SECONDS: Final = 2.0
MOST_ANSWERS: Final = 200
"""After so long a rest, or so many answers, the pages of the index that were read are handed back:
of a million papers they are some hundred megabytes, and the system keeps them at hand anyway. Garbage is
looked for then too, and what it held is handed back."""

FACETS: Final = (
    "kind", "area", "year", "category", "task", "has code", "has result",
    "starred", "with notes", "reading", "tag",
)  # fmt: skip
"""Everything a list can be narrowed by."""

OWN: Final = ("starred", "with notes", "reading", "tag")
"""Those of the facets that are the user's own."""

SEVERAL: Final = frozenset({"category", "area", "tag", "reading"})
"""Facets of which more than one value can be chosen."""


@dataclass(frozen=True)
class Facet:
    """A filter that can be set, and how many entries it would leave."""

    name: str
    value: Any
    label: str
    count: int
    label_zh: str | None = None


@dataclass(frozen=True)
class Question:
    """What the list shows: words, the tab they are looked for in, an order, filters."""

    text: str = ""
    tab: str = "All"
    sort: str | None = None
    """A column; None: the best match first, or the order of the tab."""
    descending: bool | None = None
    """None: as is natural for the column."""
    chosen: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """Facet -> its chosen values."""

    def of(self, facet: str) -> tuple[Any, ...]:
        return dict(self.chosen).get(facet, ())

    def toggled(self, facet: str, value: Any) -> "Question":
        """The same question with one more filter, or without it. Years join into a span."""
        now = self.of(facet)
        if facet == "year":
            inside = now and now[0] <= value <= now[-1]
            new = () if inside else (min((value, *now)), max((value, *now)))
        elif value in now:
            new = tuple(one for one in now if one != value)
        else:
            new = (*now, value) if facet in SEVERAL else (value,)
        chosen = dict(self.chosen) | {facet: new}
        return replace(self, chosen=tuple((name, some) for name, some in chosen.items() if some))


def nothing(_: str) -> tuple[()]:
    """No characters: nothing was looked for."""
    return ()


def filters_of(kept: Mapping[str, Any]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Facets and values as they were kept; what no facet can have is left out."""
    types = {
        "year": int,
        **dict.fromkeys(("has code", "has result", "starred", "with notes"), bool),
    }
    chosen = (
        (name, tuple(one for one in values if type(one) is types.get(name, str)))
        for name, values in kept.items()
        if name in FACETS and isinstance(values, list)
    )
    return tuple((name, values) for name, values in chosen if values)


@dataclass(frozen=True)
class Answer:
    """How many entries answer a question, and the first of them."""

    question: Question
    found: int
    entries: tuple[Entry, ...]
    """The page at `offset`."""
    offset: int = 0
    spans: "Callable[[str], tuple[Span, ...]]" = nothing
    """Which characters of a text answer the words."""
    at: int | None = None
    """Where the entry stands now that the cursor stood on."""
    translated: tuple[tuple[str, str], ...] = ()
    """How Chinese words were read."""
    by_start: bool = False
    """No word matched: these are names that begin with what was typed."""
    stale: int = 0
    """Writes to the catalog that the index has not seen."""


@dataclass(frozen=True)
class Rows:
    """One page of a list."""

    question: Question
    offset: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Whole:
    """An entry with the leaderboards that it stands on or that belong to it."""

    shown: "Shown"
    boards: "tuple[tuple[Board, tuple[BoardRow, ...]], ...]" = ()
    """Of a paper: each board with the paper's own rows. Of a dataset or task: the longest board."""


# -- errors as values ------------------------------------------------------------------------


@contextmanager
def opened(paths: Paths) -> Iterator[Queries]:
    """Queries for the thread at hand; opening takes 3 ms and sees the newest index."""
    with closing(Queries(paths)) as queries:
        yield queries


def attempt(paths: Paths, ask: Callable[[Queries], T]) -> T | HubError:
    """What a question gives, or the error as a value: nothing that a read meets ends the browser."""

    def asked() -> T:
        with opened(paths) as queries:
            return ask(queries)

    return tried(paths, asked)


def tried(paths: Paths, act: Callable[[], T]) -> T | HubError:
    """What `act` gives, or its error as a value."""
    try:
        return act()
    except HubError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
        return unexpected(paths, error)


def unexpected(paths: Paths, error: Exception) -> HubError:
    """An error that should not be, as one that can be shown; its traceback goes to the log."""
    import traceback
    from datetime import UTC, datetime

    hint = f"The details are in {paths.log}."
    try:
        with paths.log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"\n{datetime.now(UTC).isoformat()} browser\n")
            traceback.print_exception(error, file=file)
    except OSError:
        hint = "The log cannot be written."
    return HubError(
        f"something went wrong that should not: {type(error).__name__}: {error}", hint=hint
    )


def messages(error: HubError) -> tuple[str, ...]:
    """What happened, and what to do next where that is known."""
    return tuple(told(one) for one in (error.what, error.hint) if one)


def said(error: HubError) -> str:
    """An error as a message: what happened, and what to do next."""
    near = error.nearest if isinstance(error, NotFound) else ()
    return clean_lines("\n".join((*messages(error), *(key for key, _ in near))))


# -- the reader ------------------------------------------------------------------------------


class Reader:
    """One thread with an open catalog, for a screen that asks again and again.

    Of two questions of one group only the newer is answered; what was asked first is served first.
    Queries stay open as long as the catalog stays as it is.
    """

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._waiting: dict[str, Callable[[], None]] = {}
        self._bell: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._queries: Queries | None = None
        self._generation = 0
        self._asked: tuple[Question, Browsing] | None = None
        self._thread: threading.Thread | None = None

    def ask(
        self, group: str, ask: Callable[["Reader"], T], then: Callable[[T | HubError], object]
    ) -> None:
        """Answers later: calls `then` in the reader's thread with the value or the error."""

        def job() -> None:
            then(tried(self.paths, lambda: ask(self)))

        self._waiting[group] = job
        self._bell.put(group)
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="reader", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread after the question in hand."""
        self._waiting.clear()
        self._bell.put(None)

    def _serve(self) -> None:
        answered = 0
        while True:
            try:
                group = self._bell.get(timeout=REST_SECONDS if answered else None)
            except queue.Empty:
                group, answered = "", MOST_ANSWERS
            if group is None:
                break
            job = self._waiting.pop(group, None)
            if job is not None:
                job()
                answered += 1
            if answered >= MOST_ANSWERS:
                answered = 0
                if self._queries is not None:
                    self._queries.let_go()
                gc.collect()
                give_back()
        self._forget()

    # -- in the reader's thread --------------------------------------------------------------

    @property
    def queries(self) -> Queries:
        """Queries that have seen what the catalog holds now."""
        if self._queries is not None and self._queries.catalog.generation() != self._generation:
            self._forget()
        if self._queries is None:
            self._queries = Queries(self.paths)
            self._generation = self._queries.catalog.generation()
        return self._queries

    def _forget(self) -> None:
        if self._queries is not None:
            self._queries.close()
        self._queries, self._asked = None, None

    def browsing(self, question: Question, *, anew: bool = False) -> "Browsing":
        """The list that answers a question; the last one is kept."""
        try:
            queries = self.queries
            if anew or self._asked is None or self._asked[0] != question:
                self._asked = (question, browse(queries, question))
            return self._asked[1]
        except HubError:
            self._forget()
            raise

    def answer(self, question: Question, key: Key | None = None) -> Answer:
        """How many there are, and the page that `key` stands on, else the first."""
        browsing = self.browsing(question, anew=True)
        at = None if key is None else browsing.place(key)
        offset = (at or 0) // PAGE * PAGE
        return Answer(
            question,
            browsing.found,
            browsing.page(offset, PAGE),
            offset,
            spans=browsing.spans if question.text.strip() else nothing,
            at=at,
            translated=tuple(browsing.translated),
            by_start=browsing.by_start,
            stale=browsing.stale,
        )

    def rows(self, question: Question, offset: int) -> Rows:
        return Rows(question, offset, self.browsing(question).page(offset, PAGE))

    def facets(self, question: Question) -> tuple[Facet, ...]:
        return tuple(self.browsing(question).facets())


class Browsing(Protocol):
    """A list that can be looked at anywhere."""

    found: int
    by_start: bool

    @property
    def translated(self) -> Sequence[tuple[str, str]]: ...

    stale: int

    def page(self, offset: int, limit: int) -> tuple[Entry, ...]: ...
    def place(self, key: Key) -> int | None: ...
    def spans(self, text: str) -> "tuple[Span, ...]": ...
    def facets(self) -> tuple[Facet, ...]: ...


def browse(queries: Queries, question: Question) -> Browsing:
    """The list that answers a question: of the catalog, or of the user's library."""
    if question.tab == "Library":
        from hub.tui.shelf import Shelf

        return Shelf(queries, question)
    return Listed(queries, question)


class Listed:
    """A list out of the catalog."""

    def __init__(self, queries: Queries, question: Question) -> None:
        from hub.browsing import View

        self._queries = queries
        self._tab = question.tab
        self._kinds = question.of("kind") or TABS[question.tab]
        years = question.of("year")
        self._browsing = queries.browse(
            View(
                text=question.text,
                kinds=() if question.tab == "All" and not question.of("kind") else self._kinds,
                sort=question.sort,
                descending=question.descending,
                task=next(iter(question.of("task")), None),
                years=(years[0], years[-1]) if years else None,
                categories=question.of("category"),
                has_code=bool(question.of("has code")),
                has_result=bool(question.of("has result")),
                areas=question.of("area"),
                keys=_own_keys(queries.paths, question),
                typing=True,
            )
        )
        self.found = self._browsing.found
        self.by_start = self._browsing.by_start
        self.translated = self._browsing.translated
        self.stale = self._browsing.stale
        self.spans = self._browsing.spans

    def page(self, offset: int, limit: int) -> tuple[Entry, ...]:
        return self._browsing.page(offset, limit)

    def place(self, key: Key) -> int | None:
        return self._browsing.place(key)

    def facets(self) -> tuple[Facet, ...]:
        from hub.tui.shelf import own_facets

        several = len(TABS[self._tab]) > 1
        counted = [
            Facet(
                one.name,
                int(one.value) if one.name == "year" else one.value,
                one.name if one.value == "yes" else one.label,
                one.count,
                one.label_zh,
            )
            for one in self._browsing.facets()
            if one.name != "kind" or several
        ]
        order = {name: at for at, name in enumerate(FACETS)}
        return (
            *sorted(counted, key=lambda one: order.get(one.name, len(order))),
            *own_facets(self._queries.paths, self._kinds),
        )


def _own_keys(paths: Paths, question: Question) -> frozenset[Key] | None:
    """The keys that the user's own filters leave; None when none is set."""
    if not any(question.of(name) for name in OWN):
        return None
    from hub.tui.shelf import kept, passes

    return frozenset(key for key, one in kept(paths).items() if passes(one, question))


def whole(queries: Queries, key: Key) -> Whole:
    """An entry and its leaderboards; NotFound where the catalog has lost it meanwhile."""
    shown = queries.show(key)
    if shown.entry.kind == "paper":
        names = dict.fromkeys(result["board"] for result in shown.related.get("results", ()))
        boards = [queries.leaderboard(name) for name in list(names)[:BOARDS]]
        return Whole(
            shown,
            tuple(
                (board, tuple(row for row in board.rows if row.paper == key)) for board in boards
            ),
        )
    if shown.related.get("boards"):
        board = queries.leaderboard(shown.related["boards"][0]["board"])
        return Whole(shown, ((board, board.rows),))
    return Whole(shown)
