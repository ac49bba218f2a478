"""What the screens of single entries share: two sheets beside each other, or one where it is narrow.

A screen gives `fetch` (in a worker, frozen values back), `reading` and `around` (values to sections).
Screens lie on top of each other as a stack: Enter opens, Esc comes back to where one was.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer
from textual.worker import get_current_worker

from crawlers.clean import clean, clean_lines
from crawlers.keys import Key, kind_of
from hub.errors import HubError, NotFound
from hub.library import Kept
from hub.paths import Paths
from hub.queries import Entry, Queries, Shown, address_of
from hub.tui import own
from hub.tui.columns import name_of
from hub.tui.reading import said, unexpected
from hub.tui.screens import HubScreen, graphical
from hub.tui.sheet import (
    Column,
    Row,
    Section,
    Sheet,
    age,
    local,
    number,
    origin,
    size,
    value_text,
)
from hub.tui.strings import FIELDS, Say

if TYPE_CHECKING:
    from hub.runs import Listed
    from hub.tui.charts import Series

TWO: Final = 110
"""Cells from which two sheets stand beside each other."""

CHART_LINES: Final = 30
"""Lines from which a chart stands above the second sheet."""

T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """What every screen of an entry knows: the entry, the names around it, what the user keeps."""

    shown: Shown
    kept: Kept | None = None
    near: Mapping[Key, Entry] = field(default_factory=dict)
    """Entries that are named in its fields: tasks, methods, its paper, its repository."""
    recipes: "tuple[Listed, ...]" = ()
    """Baselines of this entry."""

    @property
    def entry(self) -> Entry:
        return self.shown.entry

    @property
    def fields(self) -> dict[str, Any]:
        return dict(self.shown.fields)


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
        return tuple(one for one in runs.listed(library, paths) if key in keys_of(one))


def keys_of(one: "Listed") -> tuple[Key | None, ...]:
    """The entries that a baseline belongs to: its dataset, what it teaches, the paper of its claim."""
    paper = one.claim.paper if one.claim else None
    return (dataset_key(one.baseline.dataset), *one.baseline.teaches, paper)


def dataset_key(name: str) -> Key:
    """The key of the catalog for a file in reproduce/datasets."""
    return f"dataset:{name.replace('_', '-')}"


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

        def __init__(self, outcome: Any) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key
        self.value: T | None = None
        self.failed: HubError | None = None
        self.charting = False
        self._two: bool | None = None

    # -- what a screen gives -----------------------------------------------------------------

    def fetch(self, queries: Queries) -> T:
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

    def curves(self, value: T) -> "tuple[str, Sequence[Series], str] | None":
        """Title, curves and a note of its chart; None: nothing to draw."""
        return None

    # -- layout ------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield Sheet(id="reading")
            with Vertical(id="side"):
                yield Sheet(id="around")
        yield Footer()

    def on_mount(self) -> None:
        self._place()
        self.begin()
        self.again()

    def begin(self) -> None:
        """What stands there until the entry is read."""
        first = self.query(Sheet).first()
        first.show([Section(text=self.say("Reading …"), ink="faint")])

    def again(self) -> None:
        self.read()

    def own_changed(self) -> None:
        self.again()

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
    def read(self) -> None:
        worker = get_current_worker()
        outcome: T | HubError
        try:
            with closing(Queries(self.paths)) as queries:
                outcome = self.fetch(queries)
        except HubError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
            outcome = unexpected(self.paths, error)
        if not worker.is_cancelled:
            self.post_message(self.Read(outcome))

    @on(Read)
    async def _show_read(self, message: Read) -> None:
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
            self.open_address(row.url)

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
            self.open_address(row.url)
        else:
            super().action_web()

    def open_address(self, url: str) -> None:
        url = clean(url)
        if not url.startswith(("https://", "http://")):
            self.tell("Not an address to open: {url}", url=url)
        elif self.app.is_web or graphical():
            self.app.open_url(url)
            self.tell("Opened {url}", url=url)
        else:
            self.tell("No browser here; the address is {url}", url=url)


# -- sections that several screens have --------------------------------------------------------

LABELS: Final = {
    **FIELDS,
    "year": "Year",
    "parent": "Part of",
    "parents": "Above",
    "licence_url": "Licence text",
    "licence_note": "Terms of use",
    "updated": "Updated",
    "version": "Version",
    "text_licence": "Licence of the text",
    "created": "Created",
    "pushed": "Last push",
    "state": "State",
    "areas": "Areas",
    "collections": "Collections",
    "papers": "Papers that use it",
    "source_title": "Introduced in",
    "code_url": "Code example",
    "abstract": "Abstract",
    "description": "Description",
}
"""Every field that a sheet shows, as people call it."""

LINK: Final = Column(share=3, ink="link")
FAINT: Final = Column(share=1, ink="faint", spare=1)
RIGHT: Final = Column(right=True)


def title(known: Known, say: Say) -> list[Section]:
    """The name, what it is, and what the user keeps about it."""
    entry = known.entry
    meta = " · ".join(filter(None, (say(entry.kind), str(entry.year or ""), entry.key)))
    found = [
        Section(text=clean_lines(name_of(entry, say)), ink="title"),
    ]
    full = known.fields.get("full_name")
    if full and full != entry.name:
        found = [Section(text=f"{found[0].text}\n{full}", ink="title")]
    found[0] = _with(found[0], meta, kept_line(known.kept, say))
    summary = local(known.fields, "summary", say)
    if summary:
        found.append(Section(text=summary))
    return found


def _with(section: Section, *lines: str) -> Section:
    """The section with faint lines right below it."""
    from dataclasses import replace

    return replace(section, origin="\n".join(filter(None, lines)))


def kept_line(kept: Kept | None, say: Say) -> str:
    """`★ starred · to read · #vision #todo · 2 notes`; empty where nothing is kept."""
    if kept is None:
        return ""
    parts = [
        f"★ {say('starred')}" if kept.favourite else "",
        say(own.READING_NAMES[kept.reading]) if kept.reading in own.READING_NAMES else "",
        " ".join(f"#{one}" for one in kept.tags),
        say("{n} notes").format(n=len(kept.notes)) if kept.notes else "",
    ]
    return " · ".join(filter(None, parts))


def notes(known: Known, say: Say) -> list[Section]:
    """The user's notes, each a line; Enter opens them."""
    if known.kept is None or not known.kept.notes:
        return []
    rows = tuple(
        Row((one.changed_at[:10], clean(one.text)), does=f"note {one.id}")
        for one in known.kept.notes
    )
    return [Section(say("Your notes"), rows, ink="text")]


def facts(known: Known, names: Sequence[str], say: Say, *, always: Sequence[str] = ()) -> Section:
    """Labels and values of fields, with who says so; those in `always` also where they are unknown."""
    fields, rows = known.fields, list[Row]()
    for name in names:
        value = local(fields, name, say)
        if value in (None, [], {}, ""):
            if name in always:
                rows.append(
                    Row((say(LABELS.get(name, name)), say("unknown")), inks=(None, "faint"))
                )
            continue
        rows += fact_rows(name, value, known, say)
    return Section(rows=tuple(rows), origin=givers_line(known.shown, names, say))


def fact_rows(name: str, value: Any, known: Known, say: Say) -> list[Row]:
    """A field as rows: each task, method or paper on one of its own, since each can be opened."""
    label = say(LABELS.get(name, name))
    if name in ("tasks", "methods", "parents"):
        keys = [one for one in value if isinstance(one, str)]
        return [
            Row(
                (label if at == 0 else "", named(key, known.near, say)),
                key=key if key in known.near else None,
            )
            for at, key in enumerate(keys[:8])
        ] + ([Row(("", say("{n} more").format(n=len(keys) - 8)))] if len(keys) > 8 else [])
    if name in ("paper", "repository", "parent") and isinstance(value, str) and kind_of(value):
        if value in known.near:
            return [Row((label, named(value, known.near, say)), key=value)]
        return [Row((label, value), url=address_of(value))]
    if isinstance(value, str) and value.startswith(("https://", "http://")):
        return [Row((label, value), url=value)]
    if name == "doi":
        return [Row((label, str(value)), url=f"https://doi.org/{value}")]
    if name == "size_bytes":
        return [Row((label, f"{size(value, say)} ({value:,} B)"))]
    if name in ("year", "version"):
        return [Row((label, str(value)))]
    if name in ("published", "updated", "created", "pushed"):
        return [Row((label, f"{value} ({age(str(value), say)})"))]
    if name in ("status", "state", "area"):
        return [Row((label, say(str(value))))]
    return [Row((label, clean(value_text(value))))]


def named(key: Key, near: Mapping[Key, Entry], say: Say) -> str:
    """The name of an entry, where the catalog has it, else its key."""
    entry = near.get(key)
    return name_of(entry, say) if entry is not None else key.partition(":")[2] or key


def givers_line(shown: Shown, names: Sequence[str], say: Say) -> str:
    """Source, day and licence of the row, then of the fields that another source gave."""
    lines = [origin([shown.sources[""]], say)] if "" in shown.sources else []
    for name, giver in shown.sources.items():
        if name and name in names:
            lines.append(f"{say(LABELS.get(name, name))}: {origin([giver], say)}")
    return "\n".join(lines)


def prose(known: Known, name: str, say: Say, *, empty: str = "") -> list[Section]:
    """An abstract or a description, wrapped for reading, with who gave it."""
    text = known.fields.get(name)
    heading = say(LABELS.get(name, name))
    if not text:
        return [Section(heading, empty=empty)] if empty else []
    giver = known.shown.sources.get(name) or known.shown.sources.get("")
    return [Section(heading, text=str(text), origin=origin([giver], say) if giver else "")]


def entries_section(
    heading: str, entries: Sequence[Entry], say: Say, *, total: int | None = None, most: int = 12
) -> list[Section]:
    """Entries to go to, by name, with their year and what they count."""
    if not entries:
        return []
    rows = tuple(
        Row(
            (
                name_of(entry, say),
                str(entry.year or ""),
                f"★ {entry.stars:,}" if entry.stars is not None else "",
                f"{entry.results:,}" if entry.results else "",
            ),
            key=entry.key,
        )
        for entry in entries
    )
    titles = ("", say("year"), say("stars"), say("results"))
    told = [any(row.cells[at] for row in rows) for at in range(len(titles))]
    columns = tuple(
        LINK if at == 0 else Column(text if told[at] else "", right=True, ink="faint", spare=at)
        for at, text in enumerate(titles)
    )
    return [Section(heading, rows, columns, total=total, most=most)]


def boards_section(boards: Sequence[Mapping[str, Any]], say: Say) -> list[Section]:
    """Leaderboards, the longest first."""
    if not boards:
        return []
    rows = tuple(Row((one["name"], f"{one['rows']:,}"), key=one["board"]) for one in boards)
    columns = (Column(say("Leaderboard"), share=3, ink="link"), Column(say("rows"), right=True))
    return [Section(say("Leaderboards"), rows, columns)]


def recipes_section(listed: "Sequence[Listed]", say: Say, heading: str) -> list[Section]:
    """Baselines with what is claimed and what was measured; Enter or `r` starts one."""
    if not listed:
        return []
    from hub.tui.measured import INK_OF, claimed, measured

    rows = []
    for one in listed:
        verdict = one.comparison.verdict if one.comparison.values else ""
        rows.append(
            Row(
                (
                    one.baseline.title,
                    say(one.baseline.metric),
                    claimed(one.claim),
                    measured(one.comparison),
                    say(verdict) if verdict else say("not run here"),
                ),
                does=f"run {one.baseline.name}",
                inks=(
                    None,
                    None,
                    None,
                    None,
                    INK_OF.get(verdict, "faint").replace("plain", "text"),
                ),
            )
        )
    columns = (
        Column(say("Baseline"), share=3, ink="link"),
        Column(say("metric"), ink="faint", spare=2),
        Column(say("claimed"), right=True),
        Column(say("measured"), right=True),
        Column(say("verdict"), spare=1),
    )
    note = say("Enter starts it here; r too.")
    return [Section(heading, tuple(rows), columns, origin=note)]


def snapshots_rows(snapshots: Sequence[Mapping[str, Any]], say: Say) -> list[Row]:
    """Stars, forks and open issues as of the newest day on which they were counted."""
    if not snapshots:
        return [Row((say("Stars"), say("unknown")), inks=(None, "faint"))]
    newest = snapshots[0]
    return [
        Row((say(label), f"{number(newest[name], say)} ({newest['day']}, {newest['source']})"))
        for name, label in (("stars", "Stars"), ("forks", "Forks"), ("open_issues", "Open issues"))
        if newest[name] is not None or name == "stars"
    ]
