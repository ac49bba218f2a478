"""What the browser asks of hub.queries, as frozen values; runs in worker threads."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from crawlers.clean import clean_lines
from crawlers.keys import Key
from hub.errors import HubError
from hub.paths import Paths
from hub.queries import Board, BoardRow, Entry, Queries, Query, Shown
from hub.words import terms

T = TypeVar("T")

PAGE: Final = 100
"""Rows fetched at a time."""

LISTED: Final = 500
"""Best hits that can be scrolled through; a list without words has no such end."""

BOARDS: Final = 20
"""Leaderboards looked up for the ranks of one paper."""

TABS: Final[dict[str, tuple[str, ...]]] = {
    "All": ("framework", "tool", "dataset", "task", "topic", "method", "paper", "repository"),
    "Papers": ("paper",),
    "Datasets": ("dataset",),
    "Frameworks": ("framework",),
    "Tools": ("tool",),
    "Tasks": ("task", "topic"),
    "Methods": ("method",),
    "Repositories": ("repository",),
}
"""Tab -> the kinds it lists, one after the other."""

_SORT: Final = {
    "framework": "stars",
    "tool": "stars",
    "dataset": "results",
    "task": "results",
    "topic": "name",
    "method": "name",
    "paper": "year",
    "repository": "stars",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What the list shows: words, and the tab they are looked for in."""

    text: str = ""
    tab: str = "All"


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of the list that answers a question."""

    question: Question
    offset: int
    found: int
    """Entries that match in all."""
    listed: int
    """How many of them can be scrolled to."""
    entries: tuple[Entry, ...]
    by_start: bool = False
    """No word matched: these are names that begin with what was typed."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An entry with the leaderboards that it stands on or that belong to it."""

    shown: Shown
    boards: tuple[tuple[Board, tuple[BoardRow, ...]], ...] = ()
    """Of a paper: each board with the paper's own rows. Of a dataset or task: the longest board."""


@contextmanager
def opened(paths: Paths) -> Iterator[Queries]:
    """Queries for the thread at hand; opening takes 3 ms and sees the newest index."""
    with closing(Queries(paths)) as queries:
        yield queries


def attempt(paths: Paths, ask: Callable[[Queries], T]) -> T | HubError:
    """What a question gives, or the error as a value: nothing that a read meets ends the browser."""
    try:
        with opened(paths) as queries:
            return ask(queries)
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


def said(error: HubError) -> str:
    """An error as a message: what happened, and what to do next."""
    return clean_lines("\n".join(filter(None, (error.what, error.hint))))


def answer(queries: Queries, question: Question, offset: int = 0) -> Answer:
    """The page at `offset` of what a question asks for."""
    kinds = TABS[question.tab]
    if not question.text.strip():
        return _listing(queries, question, kinds, offset)
    if not terms(question.text):
        # `a` may be the first letter of a word: names that begin so help more than all of a kind.
        return _starting(queries, question, kinds)
    chosen = () if question.tab == "All" else kinds
    hits = queries.search(Query(question.text, kinds=chosen, limit=min(offset + PAGE, LISTED)))
    if hits.found:
        entries = tuple(hit.entry for hit in hits.hits)
        return Answer(question, offset, hits.found, min(hits.found, LISTED), entries[offset:])
    return _starting(queries, question, kinds)


def _listing(queries: Queries, question: Question, kinds: tuple[str, ...], offset: int) -> Answer:
    found, entries = 0, list[Entry]()
    for kind in kinds:
        page = queries.listing(
            kind,
            sort=_SORT[kind],
            limit=PAGE - len(entries),
            offset=max(0, offset - found),
        )
        found += page.found
        entries += page.entries
    return Answer(question, offset, found, found, tuple(entries))


def _starting(queries: Queries, question: Question, kinds: tuple[str, ...]) -> Answer:
    near = queries.entries([key for key, _ in queries.keys_starting(question.text.strip())])
    entries = tuple(entry for entry in near.values() if entry.kind in kinds)
    return Answer(question, 0, len(entries), len(entries), entries, by_start=True)


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
