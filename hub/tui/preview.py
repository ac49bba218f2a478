"""One entry beside the list: the beginning of its sheet. Enter on a line of it opens what it names."""

from collections.abc import Sequence
from typing import Final

from textual import on
from textual.content import Content
from textual.message import Message

from crawlers.clean import clean
from hub.errors import HubError
from hub.queries import Board, BoardRow
from hub.tui.columns import short_name
from hub.tui.opening import open_address
from hub.tui.reading import Whole, said
from hub.tui.sections import (
    Known,
    boards_section,
    code_section,
    facts,
    notices,
    order_said,
    prose,
    rows_said,
    snapshots_rows,
    subtasks_section,
    title,
)
from hub.tui.sheet import Column, Row, Section, Sheet, arrow, origin
from hub.tui.strings import Say

FACTS: Final = {
    "paper": ("authors", "published", "venue", "categories", "comment", "doi", "tasks", "methods"),
    "dataset": (
        "data_licence", "licence_note", "size_bytes", "examples", "splits", "classes", "obtain",
        "tasks", "modalities", "languages", "paper", "homepage",
    ),
    "framework": (
        "status", "code_licence", "languages", "maintainer", "pypi", "repository", "docs", "homepage",
    ),
    "task": ("area", "aliases", "homepage"),
    "method": ("area", "aliases", "papers", "paper", "homepage"),
    "repository": ("language", "code_licence", "topics", "pushed", "state", "homepage", "url"),
}  # fmt: skip
"""Kind -> the fields that are shown beside a list."""

ALWAYS: Final = {
    "paper": ("authors", "published"),
    "dataset": ("data_licence", "size_bytes"),
    "framework": ("status", "code_licence"),
    "repository": ("language", "code_licence", "state"),
}
"""Kind -> the fields that are named also where they are unknown."""

_LIKE: Final = {"tool": "framework", "topic": "task"}

ROWS: Final = 8
"""Rows of one leaderboard."""

BOARDS: Final = 3


class Preview(Sheet):
    """Shows the beginning of one Whole; values in, no reading."""

    class Revealed(Message):
        """It stands on the screen again: what it shows is of before."""

    def on_show(self) -> None:
        self.post_message(self.Revealed())

    def show_whole(self, whole: Whole | None) -> None:
        """None leaves the sheet empty."""
        self.whole = whole
        self.border_title = Content(clean(whole.shown.entry.key)) if whole else ""
        self.show(sections(whole, self.say) if whole else ())

    def show_error(self, error: HubError) -> None:
        self.whole = None
        self.border_title = ""
        self.show([Section(text=said(error), ink="bad")])

    @on(Sheet.Chosen)
    def _chosen(self, message: Sheet.Chosen) -> None:
        message.stop()
        if message.row.key is not None:
            self.hub.open_key(message.row.key)
        elif message.row.url is not None:
            open_address(self.hub, message.row.url)

    whole: Whole | None = None
    """What is shown."""


def sections(whole: Whole, say: Say) -> list[Section]:
    """An entry in brief: what it is, what hangs on it, who says so."""
    known = Known(whole.shown)
    related, kind = whole.shown.related, _LIKE.get(known.entry.kind, known.entry.kind)
    body = facts(known, FACTS.get(kind, ()), say, always=ALWAYS.get(kind, ()))
    rows = body.rows
    if "snapshots" in related:
        rows = (*snapshots_rows(related["snapshots"], say)[:1], *rows)
    found = [*title(known, say), *notices(related.get("notices", ()), say)]
    if kind == "paper":
        found += prose(known, "abstract", say)
    found.append(Section(rows=rows, origin=body.origin))
    if related.get("code"):
        found.append(code_section(_once(related["code"]), say, most=5))
    for board, its in whole.boards[:BOARDS]:
        found += board_section(board, its, say)
    found += boards_section(known.entry, related.get("boards", ())[1:], say, most=5)
    found += subtasks_section(related.get("subtasks", ()), say, most=5)
    if kind != "paper":
        found += prose(known, "description", say)
    return found


def _once(links: Sequence[dict[str, object]]) -> tuple[dict[str, object], ...]:
    """Each repository once, with its best evidence."""
    best: dict[object, dict[str, object]] = {}
    for link in links:
        best.setdefault(link["key"], {**link, "also": []})
    return tuple(best.values())


def board_section(board: Board, rows: Sequence[BoardRow], say: Say) -> list[Section]:
    """A leaderboard's first rows, or those of one paper; Enter on its first line opens it."""
    if not rows:
        return []
    shown = []
    for row in rows[:ROWS]:
        cell = next((cell for cell in row.cells if cell.metric == board.metric), None)
        shown.append(
            Row(
                (
                    str(row.rank) if row.rank is not None else "–",
                    clean(cell.text or "–") if cell else "–",
                    clean(row.model or row.title or "?"),
                    (row.published or "")[:4],
                ),
                key=board.key,
            )
        )
    metric = f"{arrow(board.direction)} {board.metric or ''}" if board.metric else ""
    columns = (
        Column("#", right=True, ink="rank"),
        Column(metric, right=True, share=1, ink="strong"),
        Column(say("Model"), share=3),
        Column(ink="faint", spare=1),
    )
    givers = origin([(row.source, row.retrieved_at, row.licence) for row in rows], say)
    heading = f"{short_name(board.task, say)} · {board.name}"
    return [
        Section(
            heading,
            tuple(shown),
            columns,
            origin=f"{order_said(board, say)} · {rows_said(len(board.rows), say)}\n{givers}",
            total=len(rows),
        )
    ]
