"""What the screens of single entries share: two sheets beside each other, or one where it is narrow.

A screen gives `fetch` (in a worker, frozen values back), `reading` and `around` (values to sections).
Screens lie on top of each other as a stack: Enter opens, Esc comes back to where one was.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key, kind_of
from hub.errors import HubError, NotFound
from hub.library import Kept
from hub.paths import Paths
from hub.queries import Entry, Queries
from hub.tui import own
from hub.tui.keyline import KeyLine
from hub.tui.opening import open_address
from hub.tui.reading import said, unexpected
from hub.tui.screens import HubScreen
from hub.tui.sections import FAINT, LINK, Known
from hub.tui.sheet import Row, Section, Sheet

if TYPE_CHECKING:
    from hub.runs import Listed
    from hub.tui.charts import Series

TWO: Final = 110
"""Cells from which two sheets stand beside each other."""

CHART_LINES: Final = 30
"""Lines from which a chart stands above the second sheet."""

T = TypeVar("T")


def known(queries: Queries, paths: Paths, key: Key) -> Known:
    """Reads what every screen of an entry shows."""
    shown = queries.show(key)
    fields = dict(shown.fields)
    named: list[Key] = []
    for name in ("tasks", "methods", "parents"):
        named += [one for one in fields.get(name) or () if isinstance(one, str)]
    named += [fields[name] for name in ("paper", "repository", "parent") if fields.get(name)]
    near = queries.entries([one for one in named if kind_of(one)])
    kept = own.kept_about(paths, [shown.entry.key]).get(shown.entry.key)
    return Known(shown, kept, near, recipes(paths, shown.entry.key))


def recipes(paths: Paths, key: Key) -> "tuple[Listed, ...]":
    """The baselines of a dataset, of a method that they teach, or of the paper of their claim, with
    what was measured so far."""
    from hub import runs
    from hub.library import Library

    with Library.open(paths.library) as library:
        return tuple(
            one for one in runs.listed(library, paths, runs.places_of(paths)) if key in keys_of(one)
        )


def keys_of(one: "Listed") -> tuple[Key | None, ...]:
    """The entries that a baseline belongs to: its dataset, what it teaches, the paper of its claim."""
    from hub import runs

    paper = one.claim.paper if one.claim else None
    return (runs.dataset_key(one.baseline.dataset), *one.baseline.teaches, paper)


class Detail(HubScreen, Generic[T]):
    """One entry over the whole terminal."""

    DEFAULT_CSS = """
    Detail {
        & #panes { height: 1fr; }
        & #reading { width: 1fr; height: 1fr; }
        & #side { width: 1fr; height: 1fr; }
        & #around { height: 1fr; }
        & Chart { height: 15; }
        & #side.-alone Chart { height: 1fr; max-height: 30; }
    }
    """
    AUTO_FOCUS = "#reading"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,h,backspace", "app.pop_screen", "Back"),
        Binding("tab", "pane(1)", "Next pane", show=False, priority=True),
        Binding("shift+tab", "pane(-1)", "Previous pane", show=False, priority=True),
        Binding("v", "chart", "Chart", tooltip="Show the chart alone, or put it away"),
    ]

    class Read(Message):
        """The entry was read, or could not be."""

        def __init__(self, key: Key, outcome: Any) -> None:
            super().__init__()
            self.key = key
            self.outcome = outcome

    class KeptRead(Message):
        """What the user keeps about the entry was read anew."""

        def __init__(self, key: Key, kept: Kept | None) -> None:
            super().__init__()
            self.key = key
            self.kept = kept

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key
        self.value: T | None = None
        self.failed: HubError | None = None
        self.charting = False
        self._two: bool | None = None
        self._stale = False
        """Whether the library has changed while another screen lay on this one."""

    # -- what a screen gives -----------------------------------------------------------------

    def fetch(self, queries: Queries, key: Key) -> T:
        """Reads everything that is shown, in a worker."""
        raise NotImplementedError

    def reading(self, value: T) -> Sequence[Section]:
        """What is read: facts and prose."""
        raise NotImplementedError

    def around(self, value: T) -> Sequence[Section]:
        """What is gone to: lists of entries and addresses."""
        raise NotImplementedError

    def entry_of(self, value: T) -> Entry:
        """The entry that keys act on."""
        raise NotImplementedError

    def recipes_of(self, value: T) -> "Sequence[Listed]":
        """The baselines that `r` offers."""
        known: Known | None = getattr(value, "known", None)
        return known.recipes if known is not None else ()

    def curves(self, value: T) -> "tuple[str, Sequence[Series], str] | None":
        """Title, curves and a note of its chart; None: nothing to draw."""
        return None

    # -- layout ------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield Sheet(id="reading")
            with Vertical(id="side"):
                yield Sheet(id="around")
        yield KeyLine()

    def on_mount(self) -> None:
        self._place()
        self.begin()
        self.again()

    def begin(self) -> None:
        """What stands there until the entry is read."""
        first = self.query(Sheet).first()
        first.show([Section(text=self.say("Reading …"), ink="faint")])

    def again(self) -> None:
        self.read(self.key)

    def own_changed(self) -> None:
        """What is kept about the entry is read anew: now, or when the screen is seen again."""
        if self.is_current:
            self.read_kept()
        else:
            self._stale = True

    def on_screen_resume(self) -> None:
        if self._stale:
            self._stale = False
            self.read_kept()

    async def spoken(self) -> None:
        self.draw(stay=True)

    def on_resize(self, event: events.Resize) -> None:
        self._place()

    def _place(self) -> None:
        """Two sheets or one, and where the chart stands."""
        two = self.size.width >= TWO
        side = self.query_one("#side")
        changed = two != self._two
        self._two = two
        self.query_one("#reading").display = two or not self.charting
        side.display = two or self.charting
        side.set_class(self.charting, "-alone")
        self.query_one("#around").display = not self.charting
        for chart in self.query("Chart"):
            chart.display = self.charting or self.size.height >= CHART_LINES
        if changed and self.value is not None:
            self.draw(stay=True)
        focused = self.focused
        if focused is None or not focused.display or (not two and focused.id == "around"):
            self.query_one("#reading").focus()

    # -- reading -----------------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="read")
    def read(self, key: Key) -> None:
        worker = get_current_worker()
        outcome: T | HubError
        try:
            with closing(Queries(self.paths)) as queries:
                outcome = self.fetch(queries, key)
        except HubError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
            outcome = unexpected(self.paths, error)
        if not worker.is_cancelled:
            self.post_message(self.Read(key, outcome))

    @on(Read)
    async def _show_read(self, message: Read) -> None:
        if message.key != self.key:
            return
        first = self.value is None
        if isinstance(message.outcome, HubError):
            self.failed = message.outcome
        else:
            self.value, self.failed = message.outcome, None
            self.entry = self.entry_of(message.outcome)
            await self._mount_chart(message.outcome)
            self.came(message.outcome)
        self.draw(stay=not first)
        self.refresh_bindings()

    def came(self, value: T) -> None:
        """Reads on, once the entry itself is there."""

    @work(thread=True, exclusive=True, group="kept")
    def read_kept(self) -> None:
        worker, key = get_current_worker(), self.key
        try:
            found = own.kept_about(self.paths, [key]).get(key)
        except HubError:
            return  # what stands there stays; the write itself has complained
        if not worker.is_cancelled:
            self.post_message(self.KeptRead(key, found))

    @on(KeptRead)
    def _show_kept(self, message: KeptRead) -> None:
        known: Known | None = getattr(self.value, "known", None)
        if known is not None and message.key == known.entry.key and message.kept != known.kept:
            value: Any = self.value
            self.value = replace(value, known=replace(known, kept=message.kept))
            self.draw(stay=True)

    async def _mount_chart(self, value: T) -> None:
        drawing = self.curves(value)
        if drawing is None:
            return
        from hub.tui.charts import Chart

        if not self.query(Chart):
            await self.query_one("#side").mount(Chart(), before="#around")
            self._place()

    def draw(self, *, stay: bool = False) -> None:
        """Says everything anew: in the language, the width and the state of now."""
        reading, around = self.query_one("#reading", Sheet), self.query_one("#around", Sheet)
        reading.border_title = Content(clean(self.key))
        if self.value is None or self.failed is not None:
            if self.failed is not None:
                reading.show(self._failure(self.failed))
                around.show([])
            return
        left, right = list(self.reading(self.value)), list(self.around(self.value))
        if self._two:
            reading.show(left, stay=stay)
            around.show(right, stay=stay)
            around.border_title = Content(self.say("Around it"))
        else:
            reading.show([*left, *right], stay=stay)
        drawing = self.curves(self.value)
        if drawing is not None:
            from hub.tui.charts import Chart

            for chart in self.query(Chart):
                chart.show(*drawing)

    def _failure(self, error: HubError) -> list[Section]:
        found = [
            Section(text=said(error), ink="bad"),
            Section(text=self.say("R reads it again, Esc goes back."), ink="faint"),
        ]
        if isinstance(error, NotFound) and error.nearest:
            rows = tuple(Row((name, key), key=key) for key, name in error.nearest)
            found.append(Section(self.say("Near to it"), rows, (LINK, FAINT)))
        return found

    # -- keys --------------------------------------------------------------------------------

    @property
    def sheet(self) -> Sheet:
        """The sheet with the focus, else the first."""
        focused = self.focused
        return focused if isinstance(focused, Sheet) else self.query_one("#reading", Sheet)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "chart":
            return bool(self.query("Chart"))
        if action == "reproduce":
            return self.value is not None and bool(self.recipes_of(self.value))
        return super().check_action(action, parameters)

    def action_pane(self, step: int) -> None:
        """Between the two sheets; where there is one, to its next section."""
        if self._two:
            self.focus_next("#panes Sheet") if step > 0 else self.focus_previous("#panes Sheet")
        elif not self.sheet.section(step):
            self.sheet.action_first() if step > 0 else self.sheet.action_last()

    def action_chart(self) -> None:
        self.charting = not self.charting
        self._place()

    @on(Sheet.Chosen)
    def _chosen(self, message: Sheet.Chosen) -> None:
        self.choose(message.row)

    def choose(self, row: Row) -> None:
        """Opens what a row stands for."""
        if row.does is not None:
            what, _, which = row.does.partition(" ")
            self.do(what, which)
        elif row.key is not None:
            self.hub.open_key(row.key)
        elif row.url is not None:
            open_address(self.hub, row.url)

    def do(self, what: str, which: str) -> None:
        """What a row does that opens neither an entry nor an address."""
        if what == "run":
            import importlib

            start: Any = importlib.import_module("hub.tui.start")
            self.app.push_screen(start.StartRun(which))
        elif what == "note" and self.entry is not None:
            own.note(self, [self.entry])

    def action_web(self) -> None:
        """The address under the cursor, else that of the entry."""
        row = self.sheet.row
        if row is not None and row.url is not None:
            open_address(self.hub, row.url)
        else:
            super().action_web()
