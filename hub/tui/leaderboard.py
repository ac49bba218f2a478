"""The screen of a leaderboard: rows as printed, the best over time, and what was measured here beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from crawlers.clean import clean
from crawlers.keys import Key
from hub.queries import Board, BoardRow, Cell, Entry, Queries, address_of
from hub.text import t, told
from hub.tui.columns import name_of, short_name
from hub.tui.detail import CHART_LINES, TWO, Detail
from hub.tui.keyline import KeyLine
from hub.tui.sections import order_said, recipes_section, rows_said
from hub.tui.sheet import (
    GAP,
    MARGIN,
    Column,
    Row,
    Section,
    Sheet,
    arrow,
    origin,
    pieces,
    widths,
)
from hub.tui.strings import Say
from hub.tui.wrapping import wrapped

if TYPE_CHECKING:
    from hub.runs import Listed
    from hub.tui.charts import Series

METRICS: Final = 6
"""Metrics that stand in columns beside each other; the rest is named below the table."""


@dataclass(frozen=True)
class Ranking:
    """A leaderboard, and the baselines on its dataset."""

    board: Board
    recipes: "tuple[Listed, ...]"

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that some row has, the one it is ranked by first, in the order of the board."""
        found = dict.fromkeys(cell.metric for row in self.board.rows for cell in row.cells)
        if self.board.metric is not None:
            found = {self.board.metric: None} | found
        return tuple(found)

    @cached_property
    def runnable(self) -> frozenset[Key]:
        """Papers on it whose number a baseline of ours is measured against."""
        return frozenset(one.claim.paper for one in self.recipes if one.claim and one.claim.paper)

    @cached_property
    def changed(self) -> bool:
        """Whether a source printed another value before somewhere on it."""
        return any(cell.earlier for row in self.board.rows for cell in row.cells)


def chosen(
    ranking: Ranking, *, with_code: bool = False, runnable: bool = False
) -> tuple[BoardRow, ...]:
    """The rows that pass the filters, in their order and with the ranks that they have among all."""
    papers = ranking.runnable
    return tuple(
        row
        for row in ranking.board.rows
        if (row.code or not with_code) and (row.paper in papers or not runnable)
    )


def cell_of(row: BoardRow, metric: str | None) -> Cell | None:
    return next((cell for cell in row.cells if cell.metric == metric), None)


# -- the table ---------------------------------------------------------------------------------


class BoardTable(Sheet):
    """The rows of a board below fixed titles; virtual, so its length does not matter."""

    DEFAULT_CSS = """
    BoardTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
    ]

    class Moved(Message):
        """The cursor stands on another row."""

    class Titled(Message):
        """The title of a column was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns: tuple[Column, ...] = ()
        self.rows: tuple[Row, ...] = ()
        self.empty = ""
        self._widths: list[int] = []

    def show_rows(
        self, columns: Sequence[Column], rows: Sequence[Row], empty: str, *, stay: bool = False
    ) -> None:
        """Takes the table; `stay` leaves the cursor where it is."""
        self.columns = tuple(columns)
        self.rows = tuple(rows)
        self.empty = empty
        if not stay:
            self.at = 0
            self.scroll_to(y=0, animate=False)
        self._lay()

    def _lay(self) -> None:
        self._laid = self.size.width
        self._widths = widths(self.columns, self.rows, max(10, self.size.width - MARGIN - 1))
        self.at = max(0, min(self.at, len(self.rows) - 1))
        self.virtual_size = Size(self.size.width, len(self.rows) + 1)
        self.post_message(self.Moved())
        self.refresh()

    @property
    def row(self) -> Row | None:
        return self.rows[self.at] if self.at < len(self.rows) else None

    def _go(self, line: int, step: int) -> None:
        self.at = max(0, min(line, len(self.rows) - 1))
        # The titles lie over the first line in sight, so a row needs one line above it.
        self.scroll_to_region(Region(0, self.at, 1, 2), animate=False, force=True)
        self.post_message(self.Moved())
        self.refresh()

    def action_page(self, pages: int) -> None:
        self._go(self.at + pages * max(1, self.size.height - 2), pages)

    def action_last(self) -> None:
        self._go(len(self.rows) - 1, 0)

    def section(self, step: int) -> bool:
        return False

    def clicked(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y == 0:
            self._titled(at.x)
            return
        line = self.scroll_offset.y + at.y - 1
        if line < len(self.rows):
            self._go(line, 0)
            if event.chain == 2:
                self.action_open()

    def _titled(self, x: int) -> None:
        left = MARGIN
        for at, wide in enumerate(self._widths):
            if not wide:
                continue
            if left <= x < left + wide:
                self.post_message(self.Titled(at))
                return
            left += wide + GAP

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        line = self.scroll_offset.y + y - 1
        if y == 0:
            titles = Row(tuple(column.title for column in self.columns))
            return self._strip(pieces(self.columns, self._widths, titles, ink="faint"), width)
        if not self.rows and line < len(empty := wrapped(self.empty, width - MARGIN - 1)):
            return self._strip(((empty[line], "faint"),), width)
        if not 0 <= line < len(self.rows):
            return Strip.blank(width, self.rich_style)
        parts = pieces(self.columns, self._widths, self.rows[line])
        return self._strip(parts, width, here=line == self.at)

    def _strip(self, parts: Sequence[tuple[str, str]], width: int, *, here: bool = False) -> Strip:
        segments = [Segment("▌ " if here else "  ", self.ink("mark", here=here))]
        segments += (Segment(text, self.ink(ink, here=here)) for text, ink in parts)
        return Strip(segments).adjust_cell_length(width, self.ink("text", here=here))

    def spoken_text(self) -> str:
        titles = Row(tuple(column.title for column in self.columns))
        lines = [pieces(self.columns, self._widths, row) for row in (titles, *self.rows)]
        return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


# -- the screen --------------------------------------------------------------------------------


class LeaderboardScreen(Detail[Ranking]):
    """One leaderboard: a table, and beside or below it the row under the cursor."""

    DEFAULT_CSS = """
    LeaderboardScreen {
        & #panes { layout: vertical; }
        & #panes.-beside { layout: horizontal; }
        & #table { width: 1fr; height: 2fr; min-height: 6; }
        & #side { width: 1fr; height: 1fr; }
        & #panes.-beside #table { width: 3fr; height: 1fr; }
        & #panes.-beside #side { width: 2fr; height: 1fr; }
        & #side.-alone { height: 1fr; }
        & #around { height: 1fr; }
    }
    """
    AUTO_FOCUS = "#table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "greater_than_sign,full_stop", "metric(1)", "Next metric",
            key_display=">", tooltip="Rank by the next metric",
        ),
        Binding(
            "less_than_sign,comma", "metric(-1)", "Previous metric",
            key_display="<", show=False, tooltip="Rank by the metric before",
        ),
        Binding("c", "with_code", "Has code", tooltip="Only rows with code, or all"),
        Binding(
            "b", "runnable", "Runnable here",
            tooltip="Only rows that a baseline here is measured against, or all",
        ),
    ]  # fmt: skip

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.metric: str | None = None
        """What it is ranked by; None: the board's own first one."""
        self.only_code = False
        self.only_runnable = False

    # -- reading -----------------------------------------------------------------------------

    def fetch(self, queries: Queries, key: Key) -> Ranking:
        from hub import runs
        from hub.library import Library

        board = queries.leaderboard(key, metric=self.metric)
        with Library.open(self.paths.library) as library:
            listed = runs.listed(library, self.paths, runs.places_of(self.paths))
        on_it = (
            one for one in listed if board.dataset.key == runs.dataset_key(one.baseline.dataset)
        )
        return Ranking(board, tuple(on_it))

    def entry_of(self, value: Ranking) -> Entry:
        return value.board.dataset

    def recipes_of(self, value: Ranking) -> "Sequence[Listed]":
        return value.recipes

    # -- layout ------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield BoardTable(id="table")
            with Vertical(id="side"):
                yield Sheet(id="around")
        yield KeyLine()

    def begin(self) -> None:
        self.query_one("#table", BoardTable).show_rows((), (), self.say("Reading …"))

    def _place(self) -> None:
        beside = self.size.width >= TWO
        self.query_one("#panes").set_class(beside, "-beside")
        tall = self.size.height >= 20
        self.query_one("#table").display = beside or not self.charting
        side = self.query_one("#side")
        side.display = beside or tall or self.charting
        side.set_class(self.charting and not beside, "-alone")
        self.query_one("#around").display = beside or not self.charting
        for chart in self.query("Chart"):
            chart.display = self.charting or (beside and self.size.height >= CHART_LINES)
        if self.focused is None or not self.focused.display:
            self.query_one("#table").focus()

    @property
    def sheet(self) -> Sheet:
        focused = self.focused
        return focused if isinstance(focused, Sheet) else self.query_one("#table", BoardTable)

    def action_pane(self, step: int) -> None:
        if self.query_one("#side").display:
            self.focus_next("#panes Sheet") if step > 0 else self.focus_previous("#panes Sheet")

    # -- values in ---------------------------------------------------------------------------

    def draw(self, *, stay: bool = False) -> None:
        table, say = self.query_one("#table", BoardTable), self.say
        if self.failed is not None or self.value is None:
            if self.failed is not None:
                table.border_title = Content(clean(self.key))
                table.show_rows((), (), clean(told(self.failed.what)))
                self.query_one("#around", Sheet).show(self._failure(self.failed))
            return
        board = self.value.board
        task, dataset = short_name(board.task, say), clean(board.name)
        table.border_title = Content(clean(f"{task} · {dataset}"))
        rows = chosen(self.value, with_code=self.only_code, runnable=self.only_runnable)
        table.border_subtitle = Content(clean(" · ".join(self._state(len(rows)))))
        empty = say("No row passes: c and b put the filters away.")
        self._columns, cells = table_of(self.value, rows, say)
        table.show_rows(self._columns, cells, empty, stay=stay)
        self._rows = rows
        drawing = self.curves(self.value)
        if drawing is not None:
            from hub.tui.charts import Chart

            for chart in self.query(Chart):
                chart.show(*drawing)

    def _state(self, shown: int) -> list[str]:
        """What stands in the frame: the order, the filters, how many."""
        assert self.value is not None
        say, board = self.say, self.value.board
        found = [order_said(board, say)]
        if self.only_code:
            found.append(say("has code"))
        if self.only_runnable:
            found.append(say("runnable here"))
        whole = len(board.rows)
        found.append(
            rows_said(whole, say)
            if shown == whole
            else say("{n} of {all} rows").format(n=f"{shown:,}", all=f"{whole:,}")
        )
        return found

    @on(BoardTable.Moved)
    def _moved(self) -> None:
        if self.value is None or self.failed is not None:
            return
        at = self.query_one("#table", BoardTable).at
        row = self._rows[at] if at < len(self._rows) else None
        self.query_one("#around", Sheet).show(around_row(self.value, row, self.say))

    @on(BoardTable.Titled)
    def _titled(self, message: BoardTable.Titled) -> None:
        shown = shown_metrics(self.value) if self.value else ()
        at = message.at - 2
        if 0 <= at < len(shown):
            self._rank_by(shown[at])

    def curves(self, value: Ranking) -> "tuple[str, Sequence[Series], str] | None":
        return best_curves(value, self.say)

    # -- keys --------------------------------------------------------------------------------

    @property
    def chosen(self) -> tuple[Entry, ...]:
        """The paper of the row under the cursor, else the dataset."""
        row = self.query_one("#table", BoardTable).row if self.is_mounted else None
        if row is not None and row.key is not None:
            title = row.cells[-1] or row.cells[1]
            return (Entry(row.key, "paper", title, url=address_of(row.key)),)
        return super().chosen

    def action_reproduce(self) -> None:
        """The baselines on its dataset, whatever row the cursor is on."""
        if self.value is not None:
            self.do("run", self.value.board.dataset.key)

    def choose(self, row: Row) -> None:
        if row.key is None and row.url is None and row.does is None:
            self.tell("This row names no paper that the catalog has.")
        else:
            super().choose(row)

    def action_metric(self, step: int) -> None:
        if self.value is None:
            return
        names = sorted_metrics(self.value)
        if len(names) > 1 and self.value.board.metric in names:
            self._rank_by(names[(names.index(self.value.board.metric) + step) % len(names)])

    def _rank_by(self, metric: str) -> None:
        self.metric = metric
        self.query_one("#table", BoardTable).action_first()
        self.again()

    def action_with_code(self) -> None:
        self.only_code = not self.only_code
        self.draw()

    def action_runnable(self) -> None:
        self.only_runnable = not self.only_runnable
        self.draw()


def sorted_metrics(value: Ranking) -> tuple[str, ...]:
    """The metrics in an order that does not change with the one it is ranked by."""
    return tuple(sorted(value.metrics))


def shown_metrics(value: Ranking) -> tuple[str, ...]:
    return value.metrics[:METRICS]


def table_of(
    value: Ranking, rows: Sequence[BoardRow], say: Say
) -> tuple[tuple[Column, ...], list[Row]]:
    """The columns and rows of the table: rank, model, metrics as printed, day, code, paper."""
    metrics = shown_metrics(value)
    directions = {cell.metric: cell.direction for row in value.board.rows for cell in row.cells}
    columns = (
        Column("#", right=True, ink="rank"),
        Column(say("Model"), share=3, ink="link"),
        *(
            Column(
                f"{'▾' if at == 0 and value.board.ranked else ''}{arrow(directions.get(metric, 'unknown'))} {metric}",
                right=True,
                share=1,
                ink="strong" if at == 0 else "text",
                spare=0 if at == 0 else 3 + at,
            )
            for at, metric in enumerate(metrics)
        ),
        Column(say("Date"), ink="faint", spare=2),
        Column(say("Code"), ink="good", spare=1),
        Column(say("Here"), ink="good", spare=2),
        Column(say("Paper"), share=3, ink="faint", spare=20),
    )
    runnable = value.runnable
    return columns, [
        Row(
            (
                str(row.rank) if row.rank is not None else "–",
                clean(row.model or row.title or "?"),
                *(printed(cell_of(row, metric)) for metric in metrics),
                (row.published or "")[:10],
                "✓" if row.code else "",
                "▶" if row.paper in runnable else "",
                clean(row.title or ""),
            ),
            key=row.paper,
            url=row.code[0] if row.code else row.source_url,
        )
        for row in rows
    ]


def printed(cell: Cell | None) -> str:
    """A value as its source prints it; a mark where it printed another one before."""
    if cell is None or cell.text is None:
        return "–"
    return clean(cell.text) + (" *" if cell.earlier else "")


def around_row(value: Ranking, row: BoardRow | None, say: Say) -> list[Section]:
    """Everything of one row, then what was measured here, then the other metrics and the board."""
    found: list[Section] = []
    if row is not None:
        found += row_sections(row, say)
    found += beside_sections(value.recipes, say)
    board = value.board
    rest = value.metrics[METRICS:]
    rows = [
        Row((say("Task"), name_of(board.task, say)), key=board.task.key),
        Row((say("Dataset"), name_of(board.dataset, say)), key=board.dataset.key),
    ]
    if rest:
        rows.append(Row((say("Further metrics"), ", ".join(rest))))
    if value.changed:
        rows.append(Row(("*", say("its source printed another value before"))))
    return [*found, Section(say("The board"), tuple(rows))]


UNITS: Final = {
    "mm": "mm", "dB": "dB", "seconds": "s", "milliseconds": "ms", "bits": "bit", "pixels": "px",
    "fps": "fps",
}  # fmt: skip
"""The units of the catalog that have a sign; the others name a kind of quantity, as the metric does."""


def row_sections(row: BoardRow, say: Say) -> list[Section]:
    """Title, numbers with what they were before, code, who says so."""
    numbers = []
    for cell in row.cells:
        parts = [clean(cell.text or "–")]
        if cell.spread is not None:
            parts.append(f"± {cell.spread:g}")
        if cell.unit in UNITS and cell.text:
            parts.append(f"({UNITS[cell.unit]})")
        earlier = " → ".join(clean(text or "–") for text in cell.earlier)
        before = say("before: {values}").format(values=earlier) if earlier else ""
        numbers.append(
            Row(
                (f"{cell.metric} {arrow(cell.direction)}", " ".join(parts), before),
                inks=(None, None, "warn"),
            )
        )
    columns = (Column(share=2, ink="label"), Column(right=True, ink="strong"), Column(share=2))
    head = [Row((say("Paper"), clean(row.title or say("unknown"))), key=row.paper)]
    if row.published:
        head.append(Row((say("Published"), row.published)))
    head += [
        Row((say("Code") if at == 0 else "", url), url=url) for at, url in enumerate(row.code[:5])
    ]
    if not row.code:
        head.append(Row((say("Code"), say("unknown")), inks=(None, "faint")))
    if row.source_url:
        head.append(Row((say("Source"), row.source_url), url=row.source_url))
    return [
        Section(clean(row.model or row.title or "?"), tuple(head)),
        Section(
            say("As printed"),
            tuple(numbers),
            columns,
            origin=origin([(row.source, row.retrieved_at, row.licence)], say),
        ),
    ]


def beside_sections(listed: "Sequence[Listed]", say: Say) -> list[Section]:
    """Claimed beside measured, for each baseline on this dataset."""
    if not listed:
        return []

    from hub.verdict_text import reason_text

    found = recipes_section(listed, say, say("Claimed beside measured"))
    reasons = [
        Row((t(one.baseline.title), reason_text(reason)))
        for one in listed
        if one.comparison.values
        for reason in one.comparison.reasons
    ]
    if reasons:
        found.append(Section(say("Reasons of the verdicts"), tuple(reasons)))
    return found


def best_curves(value: Ranking, say: Say) -> "tuple[str, Sequence[Series], str] | None":
    """Every dated value, and the best one so far as a line of steps; None where none is dated."""
    from hub.tui.charts import Series, best_over_time

    board = value.board
    points: list[tuple[str, float | None]] = []
    for row in board.rows:
        cell = cell_of(row, board.metric)
        if row.published and cell is not None:
            points.append((row.published, cell.value))
    if not any(number is not None for _, number in points):
        return None
    best = best_over_time(points, board.direction if board.ranked else "unknown")
    curves = [Series("", tuple(points), dots=True)]
    if best:
        curves.insert(0, Series("", best, step=True))
    undated = len(board.rows) - len(points)
    parts = [say("line: the best so far, dots: every row")]
    if undated:
        parts.append(
            say("1 row without a day")
            if undated == 1
            else say("{n} rows without a day").format(n=f"{undated:,}")
        )
    return f"{say('Best over time')} · {board.metric}", tuple(curves), " · ".join(parts)
