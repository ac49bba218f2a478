"""Several frameworks or tools beside each other: the same facts in columns, their stars on one chart."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.cells import cell_len
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key
from hub.errors import HubError, NotFound
from hub.queries import Entry, Queries
from hub.tui.columns import name_of
from hub.tui.detail import known
from hub.tui.framework import Framework, read_framework
from hub.tui.keyline import KeyLine
from hub.tui.leaderboard import BoardTable
from hub.tui.reading import said, unexpected
from hub.tui.repository import FILES
from hub.tui.screens import HubScreen
from hub.tui.sheet import GAP, MARGIN, Column, Row, age, value_text
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.tui.charts import Series

MOST: Final = 12
"""Entries that are compared at a time."""

LEAST_CELLS: Final = 18
"""Cells of one entry's column; where they do not all fit, h and l move along."""

LABEL: Final = 22
"""Cells of the column of labels at most."""


@dataclass(frozen=True)
class Compared:
    """The entries in the order in which they were marked; those that are lost are named."""

    found: tuple[Framework, ...]
    lost: tuple[Key, ...]


def read_compared(queries: Queries, paths: Any, keys: Sequence[Key]) -> Compared:
    found, lost = [], []
    for key in keys[:MOST]:
        try:
            found.append(read_framework(queries, known(queries, paths, key)))
        except NotFound:
            lost.append(key)
    return Compared(tuple(found), tuple(lost))


def rows_of(found: Sequence[Framework], say: Say) -> list[tuple[str, tuple[str, ...]]]:
    """Label and the value of each; a row that nobody has a value for is left out, but never a basic one."""
    unknown = say("unknown")
    rows: list[tuple[str, bool, list[str | None]]] = []

    def add(label: str, values: Sequence[str | None], *, basic: bool = False) -> None:
        rows.append((label, basic, list(values)))

    def field(name: str) -> list[str | None]:
        return [_said(one.known.fields.get(name)) for one in found]

    newest = [one.snapshots[0] if one.snapshots else None for one in found]
    add(say("Stars"), [_count(one, "stars") for one in newest], basic=True)
    add(say("counted on"), [one["day"] if one else None for one in newest])
    add(say("growth a year"), [growth(one.snapshots) for one in found])
    add(say("Forks"), [_count(one, "forks") for one in newest])
    add(say("Open issues"), [_count(one, "open_issues") for one in newest])
    status = (one.known.fields.get("status") for one in found)
    add(say("Status"), [say(value) if value else None for value in status], basic=True)
    add(say("Licence"), field("code_licence"), basic=True)
    add(
        say("First year"),
        [str(one.known.fields.get("year") or "") or None for one in found],
        basic=True,
    )
    add(say("Languages"), field("languages"))
    add(say("Maintainer"), field("maintainer"))
    add(say("PyPI"), field("pypi"))
    pushed = [one.activity.get("pushed") for one in found]
    add(
        say("Last push"),
        [str(day) if day else None for day in pushed],
        basic=True,
    )
    add("", [age(str(day), say) if day else None for day in pushed])
    states = (one.activity.get("state") for one in found)
    add(say("Repository"), [say(value) if value else None for value in states])
    extras = [one.activity.get("extra") or {} for one in found]
    profiles = [extra.get("community") if isinstance(extra, dict) else None for extra in extras]
    add(say("Community profile"), [_health(profile) for profile in profiles], basic=True)
    add(say("Lacks"), [_lacks(profile, say) for profile in profiles])
    first = [extra.get("good_first_issues") for extra in extras]
    add(
        say("Good first issues"),
        [f"{n:,}" if isinstance(n, int) else None for n in first],
        basic=True,
    )
    add(say("Papers that mention it"), [f"{one.papers_found:,}" for one in found])
    return [
        (label, tuple(value or unknown for value in values))
        for label, basic, values in rows
        if basic or any(values)
    ]  # fmt: skip


def _said(value: Any) -> str | None:
    return None if value in (None, [], {}, "") else value_text(value)


def _count(snapshot: dict[str, Any] | None, name: str) -> str | None:
    return f"{snapshot[name]:,}" if snapshot and snapshot[name] is not None else None


def _health(profile: Any) -> str | None:
    health = profile.get("health") if isinstance(profile, dict) else None
    return None if health is None else f"{health} %"


def _lacks(profile: Any, say: Say) -> str | None:
    if not isinstance(profile, dict):
        return None
    there = profile.get("files") or ()
    return ", ".join(say(text) for one, text in FILES.items() if one not in there) or "–"


def growth(snapshots: Sequence[dict[str, Any]]) -> str | None:
    """Stars won in a year, between the newest count and the one nearest to a year before; None where
    there is none between half a year and two years before."""
    from datetime import date

    counted = [
        (date.fromisoformat(one["day"]), one["stars"])
        for one in snapshots
        if one["stars"] is not None
    ]
    if not counted:
        return None
    day, stars = max(counted)
    before = [
        (abs((day - then).days - 365), then, n)
        for then, n in counted
        if 182 <= (day - then).days <= 730
    ]
    if not before:
        return None
    _, then, n = min(before)
    return f"{round((stars - n) * 365 / (day - then).days):+,}"


class Comparison(HubScreen):
    """Frameworks or tools in columns; Enter opens the one whose column is chosen."""

    DEFAULT_CSS = """
    Comparison {
        & #beside { height: 1fr; }
        & #table { height: 1fr; }
        & Chart { height: 1fr; min-height: 10; max-height: 30; }
        & .-alone Chart { max-height: 100%; }
    }
    """
    AUTO_FOCUS = "#table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,backspace", "app.pop_screen", "Back"),
        Binding("l,right,tab", "column(1)", "Next column", tooltip="Choose the next entry"),
        Binding("h,left,shift+tab", "column(-1)", "Previous column", show=False, tooltip="Choose the entry before"),
        Binding("enter", "enter", "Open", priority=True),
        Binding("v", "chart", "Chart", tooltip="Show the chart alone, or put it away"),
    ]  # fmt: skip

    class Read(Message):
        """The entries were read, or could not be."""

        def __init__(self, outcome: Compared | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self.keys = tuple(dict.fromkeys(keys))
        self.value: Compared | None = None
        self.column = 0
        """Which entry is chosen."""
        self.first = 0
        """Which one stands in the first column."""
        self.charting = False

    def compose(self) -> ComposeResult:
        with Vertical(id="beside"):
            yield BoardTable(id="table")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#table", BoardTable).show_rows((), (), self.say("Reading …"))
        self.again()

    def again(self) -> None:
        self.read()

    def own_changed(self) -> None:
        self.draw()

    async def spoken(self) -> None:
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        self._place()
        self.draw()

    def _place(self) -> None:
        self.query_one("#table").display = not self.charting
        self.query_one("#beside").set_class(self.charting, "-alone")
        for chart in self.query("Chart"):
            chart.display = self.charting or self.size.height >= 36

    # -- reading -----------------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="read")
    def read(self) -> None:
        worker = get_current_worker()
        outcome: Compared | HubError
        try:
            with closing(Queries(self.paths)) as queries:
                outcome = read_compared(queries, self.paths, self.keys)
        except HubError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
            outcome = unexpected(self.paths, error)
        if not worker.is_cancelled:
            self.post_message(self.Read(outcome))

    @on(Read)
    async def _show_read(self, message: Read) -> None:
        if isinstance(message.outcome, HubError):
            self.query_one("#table", BoardTable).show_rows((), (), said(message.outcome))
            return
        self.value = message.outcome
        if self.value.lost:
            self.tell("Not in the catalog any more: {keys}", keys=", ".join(self.value.lost))
        if self.curves() and not self.query("Chart"):
            from hub.tui.charts import Chart

            await self.query_one("#beside").mount(Chart())
            self._place()
        self.draw()

    def curves(self) -> "tuple[Series, ...]":
        """The stars of each by day; empty where nobody counted."""
        found = self.value.found if self.value else ()
        if not any(len(one.snapshots) > 1 for one in found):
            return ()
        from hub.tui.charts import Series

        return tuple(
            Series(
                clean(one.known.entry.name)
                if one.known.entry.name.isascii()
                else one.known.entry.key.partition(":")[2],
                tuple((shot["day"], shot["stars"]) for shot in one.snapshots),
            )
            for one in found
        )

    # -- drawing -----------------------------------------------------------------------------

    @property
    def fits(self) -> int:
        """How many entries stand beside each other."""
        room = self.size.width - LABEL - MARGIN - 4
        return max(1, room // (LEAST_CELLS + GAP))

    def draw(self) -> None:
        if self.value is None:
            return
        say, found = self.say, self.value.found
        table = self.query_one("#table", BoardTable)
        self.column = max(0, min(self.column, len(found) - 1))
        if self.column < self.first:
            self.first = self.column
        if self.column >= self.first + self.fits:
            self.first = self.column - self.fits + 1
        shown = slice(self.first, self.first + self.fits)
        rows = rows_of(found, say)
        label = min(LABEL, max((cell_len(text) for text, _ in rows), default=0))
        columns = [Column(" " * label, ink="label")]
        for at, one in list(enumerate(found))[shown]:
            here = at == self.column
            name = clean(name_of(one.known.entry, say))
            columns.append(
                Column(f"▸ {name}" if here else name, share=1, ink="strong" if here else "text")
            )
        table.border_title = Content(say("Side by side"))
        hidden = len(found) - len(found[shown])
        more = say("{n} more: h and l move along").format(n=hidden) if hidden else ""
        table.border_subtitle = Content(more)
        cells = [Row((text, *map(clean, values[shown]))) for text, values in rows]
        table.show_rows(columns, cells, say("Nothing to compare."), stay=True)
        beside = any(chart.display for chart in self.query("Chart"))
        table.styles.height = len(cells) + 3 if beside else "1fr"
        chosen = found[self.column].known.entry if found else None
        if chosen is not self.entry:
            self.entry = chosen
            self.refresh_bindings()
        for chart in self.query("Chart"):
            from hub.tui.charts import Chart

            assert isinstance(chart, Chart)
            chart.show(say("Stars over time"), self.curves())

    # -- keys --------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "chart":
            return bool(self.query("Chart"))
        return super().check_action(action, parameters)

    def action_column(self, step: int) -> None:
        if self.value is not None and self.value.found:
            self.column = (self.column + step) % len(self.value.found)
            self.draw()

    def action_enter(self) -> None:
        if self.entry is not None:
            self.hub.open_key(self.entry.key, self.entry)

    def action_chart(self) -> None:
        self.charting = not self.charting
        self._place()
        self.set_focus(None if self.charting else self.query_one("#table"))


def comparable(entries: Sequence[Entry]) -> tuple[Key, ...]:
    """Keys of those that can stand beside each other: frameworks and tools."""
    return tuple(entry.key for entry in entries if entry.kind in ("framework", "tool"))
