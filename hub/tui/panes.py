"""A pane of the first screen that follows what goes on: a table, and the sheet of its row under the cursor."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from hub.tui.help import KeyPage
from hub.tui.measured import Facts, Heading, Line
from hub.tui.rows import Column, Rows
from hub.tui.running import Job
from hub.tui.speaking import Speaking


class RowsPane(Speaking, Widget):
    """The table, a note above it where there is something to say, the sheet beside or below it."""

    DEFAULT_CSS = """
    RowsPane {
        height: 1fr;
        & > Horizontal { height: 1fr; }
        & #left { border: round $foreground 22%; border-title-color: $foreground 70%; }
        & #sheet {
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        & #left:focus-within, & #sheet:focus { border: round $primary; border-title-color: $text-primary; }
        & #note-above { height: auto; padding: 0 1; display: none; }
    }
    RowsPane > Horizontal { layout: vertical; }
    RowsPane #left { width: 1fr; height: auto; max-height: 60%; }
    RowsPane #sheet { width: 1fr; height: 1fr; }
    RowsPane Rows { height: auto; max-height: 100%; }
    .-spacious RowsPane > Horizontal { layout: horizontal; }
    .-spacious RowsPane #left { width: 5fr; height: 1fr; max-height: 100%; }
    .-spacious RowsPane #sheet { width: 3fr; }
    .-spacious RowsPane Rows { height: 1fr; }
    """
    SCOPED_CSS = False
    HELP: ClassVar[str]
    COLUMNS: ClassVar[tuple[Column, ...]]

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="left") as left:
                left.border_title = Content(self.say(self.HELP))
                yield Facts(id="note-above")
                yield Rows(self.COLUMNS)
            with KeyPage(id="sheet"):
                yield Facts()

    @property
    def there(self) -> bool:
        """False while it is taken away again: a key came before it stood."""
        return bool(self.query(Rows))

    @property
    def table(self) -> Rows:
        return self.query_one(Rows)

    @property
    def sheet(self) -> VerticalScroll:
        return self.query_one("#sheet", VerticalScroll)

    def on_mount(self) -> None:
        if not self.there:
            return
        self.say_above((Line(self.say("reading …"), ink="faint"),))
        self.hub.running.on_change.append(self.changed)
        self.set_interval(1.0, self.tick)
        self.again()

    def on_unmount(self) -> None:
        if self.changed in self.hub.running.on_change:
            self.hub.running.on_change.remove(self.changed)

    def focus_first(self) -> None:
        if self.there:
            self.table.focus()

    def say_above(self, lines: Iterable[Line | Heading]) -> None:
        """What stands above the table; nothing takes no room."""
        if not self.there:
            return
        note = self.query_one("#note-above", Facts)
        note.show(lines)
        note.display = bool(note.lines)

    # -- of each pane ------------------------------------------------------------------------

    def again(self) -> None:
        """Reads everything anew."""
        raise NotImplementedError

    def changed(self, job: Job) -> None:
        """A job began, moved on or ended."""
        raise NotImplementedError

    def tick(self) -> None:
        """A second has passed."""
        raise NotImplementedError
