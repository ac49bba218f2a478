"""The screen of a paper: what it says, its code, the numbers it claims, and what lies around it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key
from hub import around
from hub.errors import HubError
from hub.queries import Board, Entry, Queries
from hub.tui.copying import bibtex_text
from hub.tui.detail import Detail, known
from hub.tui.reading import attempt, said
from hub.tui.sections import (
    LINK,
    Known,
    code_section,
    entries_section,
    facts,
    notes,
    notices,
    prose,
    recipes_section,
    title,
)
from hub.tui.sheet import Column, Row, Section, arrow, origin
from hub.tui.strings import Say

BOARDS: Final = 20
"""Leaderboards on which the rank of its numbers is looked up."""

RELATED: Final = 12

FACTS: Final = (
    "authors", "published", "updated", "version", "categories", "venue", "comment", "doi", "tasks",
    "methods", "text_licence", "url",
)  # fmt: skip


Ranks = dict[tuple[Key, str, str | None], tuple[int | None, int]]
"""Board, metric and model -> rank, and of how many rows; only where the board ranks by that metric."""


@dataclass(frozen=True)
class Paper:
    """A paper with everything that is shown of it."""

    known: Known
    code: tuple[dict[str, Any], ...]
    """Links with their evidence, stars and the state of the repository."""
    results: tuple[dict[str, Any], ...]
    boards: tuple[Key, ...]
    """The leaderboards that it stands on."""
    datasets: tuple[Entry, ...]
    tasks: tuple[Entry, ...]
    introduced: tuple[Entry, ...]
    methods: tuple[Entry, ...]
    also: tuple[Key, ...]


def read_paper(queries: Queries, known: Known) -> Paper:
    shown, key = known.shown, known.entry.key
    results = shown.related.get("results", ())
    boards = around.boards_of(queries, list(dict.fromkeys(one["board"] for one in results)))
    fields = known.fields
    tasks = dict.fromkeys([*(fields.get("tasks") or ()), *(task for task, _ in boards.values())])
    return Paper(
        known,
        _code(queries, key, shown.related.get("code", ())),
        results,
        tuple(boards),
        around.in_order(queries, list(dict.fromkeys(dataset for _, dataset in boards.values()))),
        around.in_order(queries, list(tasks)),
        around.introduced_by(queries, key),
        around.in_order(queries, list(fields.get("methods") or ())),
        around.also_called(queries, key),
    )


def _code(
    queries: Queries, key: Key, links: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """One line a repository: the best evidence for it, and how many more there are."""
    _, evidence = queries.why(key) if links else (None, [])
    renamed = {row["key"]: row["renamed_to"] for row in evidence}
    seen = {row["key"]: row["seen"] for row in evidence}
    found: dict[Key, dict[str, Any]] = {}
    for link in links:
        first = found.setdefault(
            link["key"],
            {
                **link,
                "also": [],
                "renamed_to": renamed.get(link["key"]),
                "seen": seen.get(link["key"]),
            },
        )
        if first["evidence"] != link["evidence"] and link["evidence"] not in first["also"]:
            first["also"].append(link["evidence"])
    return tuple(found.values())


def ranks_of(paper: Key, boards: Iterable[Board]) -> Ranks:
    """The ranks of a paper's rows on boards, by the metric that each board ranks by."""
    return {
        (board.key, board.metric, row.model): (row.rank, len(board.rows))
        for board in boards
        if board.metric is not None
        for row in board.rows
        if row.paper == paper
    }


@dataclass(frozen=True)
class More:
    """What takes longer than the rest."""

    ranks: Ranks
    related: tuple[Entry, ...] | HubError
    """An index that cannot be read is no reason to keep the rest back."""
    bibtex: str


def read_more(queries: Queries, paper: Paper) -> More:
    """Ranks on its first boards, the papers whose text comes near, BibTeX."""
    known = paper.known
    boards = [queries.leaderboard(board) for board in paper.boards[:BOARDS]]
    near: tuple[Entry, ...] | HubError
    try:
        near = tuple(hit.entry for hit in queries.related(known.entry.key, RELATED))
    except HubError as error:
        near = error
    bibtex = bibtex_text([(known.entry.key, known.fields)])
    return More(ranks_of(known.entry.key, boards), near, bibtex)


class PaperScreen(Detail[Paper]):
    """One paper."""

    class Later(Message):
        """What takes longer than the rest was read, or could not be."""

        def __init__(self, outcome: More | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.more: More | None = None
        """None: not read yet."""

    def fetch(self, queries: Queries, key: Key) -> Paper:
        return read_paper(queries, known(queries, self.paths, key))

    def entry_of(self, value: Paper) -> Entry:
        return value.known.entry

    def came(self, value: Paper) -> None:
        self.read_on(value)

    @work(thread=True, exclusive=True, group="later")
    def read_on(self, value: Paper) -> None:
        worker = get_current_worker()
        outcome = attempt(self.paths, lambda queries: read_more(queries, value))
        if not worker.is_cancelled:
            self.post_message(self.Later(outcome))

    @on(Later)
    def _show_later(self, message: Later) -> None:
        if isinstance(message.outcome, HubError):
            self.complain(message.outcome)
        else:
            self.more = message.outcome
            self.draw(stay=True)

    def reading(self, value: Paper) -> Sequence[Section]:
        say, one = self.say, value.known
        return [
            *title(one, say),
            *notices(one.shown.related.get("notices", ()), say),
            *prose(one, "abstract", say, empty=say("No abstract in this catalog: hub crawl arxiv brings it.")),
            facts(one, FACTS, say, always=("authors", "published", "categories")),
            *versions(one.fields.get("extra"), say),
            *notes(one, say),
        ]  # fmt: skip

    def around(self, value: Paper) -> Sequence[Section]:
        say, more = self.say, self.more
        found = [
            code_section(value.code, say),
            results_section(value.results, more.ranks if more else None, say),
            *recipes_section(value.known.recipes, say, say("Reproduced here")),
            *entries_section(say("Introduces"), value.introduced, say),
            *entries_section(say("Datasets"), value.datasets, say),
            *entries_section(say("Tasks"), value.tasks, say),
            *entries_section(say("Methods"), value.methods, say),
        ]
        near = more.related if more else ()
        if isinstance(near, HubError):
            found.append(Section(say("Related papers"), text=said(near), ink="bad"))
        else:
            found += entries_section(say("Related papers"), near, say)
        if value.also:
            found.append(
                Section(say("Also known as"), tuple(Row((key,)) for key in value.also), (LINK,))
            )
        cited = Section(
            "BibTeX",
            text=more.bibtex if more else say("Reading …"),
            ink="faint",
            origin=say("yb copies it."),
        )
        return [*found, cited]  # fmt: skip


def versions(extra: Any, say: Say) -> list[Section]:
    """The days of its versions, where the source tells them."""
    stamps = extra.get("versions") if isinstance(extra, dict) else None
    if not isinstance(stamps, list) or not stamps:
        return []
    rows = tuple(Row((f"v{at}", clean(_day_of(stamp)))) for at, stamp in enumerate(stamps, 1))
    return [Section(say("Versions"), rows, (Column(ink="label"), Column(share=1)), most=6)]


def _day_of(stamp: Any) -> str:
    if isinstance(stamp, dict):
        return " ".join(str(value) for value in stamp.values())
    return " ".join(map(str, stamp)) if isinstance(stamp, list) else str(stamp)


def results_section(results: Sequence[dict[str, Any]], ranks: Ranks | None, say: Say) -> Section:
    """Its numbers as printed, with their rank where the board ranks by that metric."""
    rows = []
    for one in results:
        rank, of = (ranks or {}).get((one["board"], one["metric"], one["model"]), (None, 0))
        place = f"{rank} / {of}" if rank is not None else "…" if ranks is None else "–"
        rows.append(
            Row(
                (
                    f"{one['task']} · {one['dataset']}",
                    one["model"] or "?",
                    f"{one['metric']} {arrow(one['direction'])}",
                    one["text"] or "–",
                    place,
                ),
                key=one["board"],
            )
        )
    columns = (
        Column(say("Leaderboard"), share=2, ink="link"),
        Column(say("model"), share=1, spare=2),
        Column(say("metric"), share=1, ink="faint"),
        Column(say("value"), right=True, ink="strong"),
        Column(say("rank"), right=True, ink="rank", spare=1),
    )
    givers = [(one["source"], one["retrieved_at"], one["licence"]) for one in results]
    empty = say("No published number of it is known.")
    return Section(
        say("Results it claims"), tuple(rows), columns, origin=origin(givers, say), empty=empty
    )
