"""A table of few rows, all of them in hand: the columns that fit are shown, the keys are those of lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import DataTable

from crawlers.clean import clean
from hub.tui.speaking import Speaking

BETWEEN = 2
"""Cells between two columns."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    title: str
    """In English; said in the user's language."""
    rank: int = 0
    """Where there is no room for all, the columns of the highest rank go first."""
    right: bool = False
    """Numbers stand to the right."""
    most: int = 40
    """Cells that it takes at most."""


@dataclass(frozen=True)
class Row:
    """A row: its key, and its cells by the names of their columns. A missing cell is empty."""

    key: str
    cells: dict[str, str]
    inks: dict[str, str]
    """Cells that stand out: name of the column -> one of Rows.INKS."""


class Rows(Speaking, DataTable[Text]):
    """Shows rows; tells which one the cursor is on, and which one is opened."""

    HELP = "The list"
    INKS = ("faint", "good", "bad", "warn", "strong")
    COMPONENT_CLASSES = {f"rows--{ink}" for ink in INKS}
    DEFAULT_CSS = """
    Rows {
        height: 1fr;
        background: transparent;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        scrollbar-background: $background;
        overflow-x: hidden;
        & > .datatable--header { background: transparent; color: $foreground 60%; text-style: none; }
        & > .datatable--cursor { background: $foreground 8%; color: $foreground; text-style: none; }
        &:focus > .datatable--cursor { background: $primary 25%; color: $foreground; }
        & > .datatable--hover { background: $foreground 5%; }
        & > .rows--faint { color: $foreground 60%; }
        & > .rows--good { color: $text-success; }
        & > .rows--bad { color: $text-error; }
        & > .rows--warn { color: $text-warning; }
        & > .rows--strong { color: $foreground; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open"),
        Binding("j,down", "cursor_down", "Down", show=False),
        Binding("k,up", "cursor_up", "Up", show=False),
        Binding("ctrl+d,pagedown", "page_down", "Page down", show=False),
        Binding("ctrl+u,pageup", "page_up", "Page up", show=False),
        Binding("g,home", "scroll_top", "First", show=False),
        Binding("G,end", "scroll_bottom", "Last", show=False),
    ]

    class Moved(Message):
        """The cursor stands on this row; None: there is none."""

        def __init__(self, table: "Rows", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "Rows":
            return self.table

    class Opened(Moved):
        """The user wants to see this row whole."""

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(
            id=id, cursor_type="row", zebra_stripes=False, cell_padding=1, show_row_labels=False
        )
        self.wanted = tuple(columns)
        self.values: tuple[Row, ...] = ()
        self._told: str | None = None
        self._shown: list[tuple[Column, int]] = []

    # -- values in ---------------------------------------------------------------------------

    def show_rows(self, values: Iterable[Row]) -> None:
        """Takes all rows; the cursor stays on the row it stood on. Of rows that were there before only
        the cells that differ are drawn: a countdown costs one cell."""
        before, self.values = self.values, tuple(values)
        columns = self._fitting()
        if columns != self._shown or [one.key for one in before] != [
            one.key for one in self.values
        ]:
            self._draw()
            return
        for at, (old, new) in enumerate(zip(before, self.values, strict=True)):
            if old != new:
                for place, (column, _) in enumerate(columns):
                    cell = self._cell(new, column)
                    if cell != self.get_cell_at(Coordinate(at, place)):
                        self.update_cell_at(Coordinate(at, place), cell)

    @property
    def key(self) -> str | None:
        """Of the row under the cursor."""
        at = self.cursor_row
        return self.values[at].key if 0 <= at < len(self.values) else None

    def go_to(self, key: str) -> None:
        """Puts the cursor on a row, if it is there."""
        for at, row in enumerate(self.values):
            if row.key == key:
                self.move_cursor(row=at, animate=False)

    def _draw(self) -> None:
        key, top = self._told, self.scroll_y
        columns = self._shown = self._fitting()
        self.clear(columns=True)
        for column, width in columns:
            label = Text(
                self.say(column.title), justify="right" if column.right else "left", no_wrap=True
            )
            self.add_column(label, width=width, key=column.name)
        for row in self.values:
            self.add_row(*(self._cell(row, column) for column, _ in columns), key=row.key)
        if key is not None:
            self.go_to(key)
            self.scroll_to(y=top, animate=False)
        self._tell()

    def _cell(self, row: Row, column: Column) -> Text:
        ink = row.inks.get(column.name)
        return Text(
            clean(row.cells.get(column.name, "")),
            style=self._ink(ink) if ink else "",
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )

    def _ink(self, name: str) -> Style:
        """Colour and weight alone: the cursor's background shows through."""
        style = self.get_component_rich_style(f"rows--{name}")
        return Style(color=style.color, bold=style.bold)

    def _fitting(self) -> list[tuple[Column, int]]:
        """The columns that fit into the width, with the cells that each takes."""
        widths = {column.name: self._width(column) for column in self.wanted}
        shown = list(self.wanted)
        room = self.size.width or 10_000
        while len(shown) > 1 and sum(widths[one.name] + BETWEEN for one in shown) > room:
            shown.remove(max(shown, key=lambda one: one.rank))
        return [(one, widths[one.name]) for one in shown]

    def _width(self, column: Column) -> int:
        texts = [self.say(column.title), *(row.cells.get(column.name, "") for row in self.values)]
        return min(column.most, max(cell_len(text) for text in texts))

    # -- messages up -------------------------------------------------------------------------

    def _tell(self) -> None:
        self._told = self.key
        self.post_message(self.Moved(self, self.key))

    def on_data_table_row_highlighted(self, message: DataTable.RowHighlighted) -> None:
        message.stop()
        if self.key != self._told:
            self._tell()

    def on_data_table_row_selected(self, message: DataTable.RowSelected) -> None:
        message.stop()
        self.post_message(self.Opened(self, self.key))

    async def _on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click opens."""
        row = event.style.meta.get("row", -1)
        if row < 0:
            if event.style.meta.get("column", 0) >= len(self.ordered_columns):
                event.prevent_default()  # a title that is no more, and only still painted
            return
        event.prevent_default().stop()
        self.cursor_coordinate = Coordinate(row, 0)
        if event.chain == 2:
            self.action_select_cursor()

    def on_resize(self) -> None:
        if self.values:
            self._draw()
