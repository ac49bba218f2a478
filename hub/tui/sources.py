"""Sources: what each of them gave, how its last harvests went, when it may be asked again."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from crawlers.clean import clean
from hub.errors import HubError
from hub.paths import Paths
from hub.queries import Queries
from hub.tui.crawling import INKS, TARGETS, Crawl, CrawlScreen, StartCrawl
from hub.tui.measured import Facts, Heading, Line, ago, clock, lasting, until, wrong_lines
from hub.tui.panes import RowsPane
from hub.tui.rows import Column, Row, Rows
from hub.tui.runnable import tried
from hub.tui.running import Job
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.catalog.ledger import SourceLedger
    from hub.lists import SourceState

STALE_AFTER: Final = 30
"""Days after which a row that its source has not said again counts as old; `hub status` says the same."""

COLUMNS: Final = (
    Column("source", "Source", rank=-1),
    Column("state", "State"),
    Column("success", "Last success", rank=1),
    Column("rows", "Rows", rank=2, right=True),
    Column("newest", "Newest", rank=3),
    Column("left", "Left", rank=6, right=True),
    Column("fresh", "Fresh", rank=4, right=True),
    Column("stale", "Older", rank=5, right=True),
)


@dataclass(frozen=True)
class Known:
    """One source: what the catalog holds of it, and how its harvests went."""

    name: str
    held: "SourceState | None"
    told: "SourceLedger | None"

    @property
    def state(self) -> str:
        """Of its newest harvest; `embedded` came with the program, `never` was never asked."""
        if self.told is not None:
            return self.told.state
        return "embedded" if self.held is not None and self.held.rows else "never"

    @property
    def seconds_barred(self) -> float:
        """Until it may be asked again after a refusal."""
        return until(self.told.next_allowed) if self.told is not None else 0.0


@dataclass(frozen=True)
class Ledger:
    """All sources, those that can be asked first."""

    sources: tuple[Known, ...]
    offline: bool
    """Every host is refused, by wish."""


def ledger_of(paths: Paths) -> Ledger:
    """What `hub status` says of sources. HubError."""
    from hub.settings import load

    with closing(Queries(paths)) as queries:
        held = {one.source: one for one in queries.sources()}
        told = {one.source: one for one in queries.harvests()}
    names = [*(name for name in TARGETS if name != "daily"), *sorted(held), *sorted(told)]
    return Ledger(
        tuple(Known(name, held.get(name), told.get(name)) for name in dict.fromkeys(names)),
        load(paths.config)[0].offline,
    )


def freshness_of(paths: Paths) -> dict[str, tuple[int, int]]:
    """Rows said lately, and those that were not; over a million papers this takes seconds."""
    with closing(Queries(paths)) as queries:
        return queries.fresh_and_stale(STALE_AFTER)


class SourcesPane(RowsPane):
    """The crawl ledger, and the sheet of the source under the cursor."""

    HELP = "Sources"
    COLUMNS = COLUMNS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "start", "Crawl", tooltip="Ask this source for what is new"),
        Binding("D", "daily", "Daily round", tooltip="Ask every source of the daily round"),
        Binding("w", "watch", "Watch", tooltip="Watch the crawl under way"),
    ]

    class Read(Message):
        """The ledger was read, or could not be."""

        def __init__(self, outcome: Ledger | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    class Counted(Message):
        """It is known what is fresh, or could not be counted."""

        def __init__(self, outcome: dict[str, tuple[int, int]] | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.ledger: Ledger | None = None
        self.fresh: Mapping[str, tuple[int, int]] | None = None

    def again(self) -> None:
        """Reads everything anew."""
        self.read()
        self.count()

    # -- reading -----------------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="sources")
    def read(self) -> None:
        worker, paths = get_current_worker(), self.paths
        outcome = tried(paths, lambda: ledger_of(paths))
        if not worker.is_cancelled:
            self.post_message(self.Read(outcome))

    @work(thread=True, exclusive=True, group="sources-fresh")
    def count(self) -> None:
        worker, paths = get_current_worker(), self.paths
        outcome = tried(paths, lambda: freshness_of(paths))
        if not worker.is_cancelled:
            self.post_message(self.Counted(outcome))

    @on(Read)
    def _show_read(self, message: Read) -> None:
        message.stop()
        outcome = message.outcome
        if isinstance(outcome, HubError):
            self.say_above(wrong_lines(outcome))
            return
        self.ledger = outcome
        self.say_above(offline_lines(self.say) if outcome.offline else ())
        self._draw()

    @on(Counted)
    def _show_counted(self, message: Counted) -> None:
        message.stop()
        if not isinstance(message.outcome, HubError):
            self.fresh = message.outcome
            self._draw()

    def _draw(self) -> None:
        if self.ledger is None or not self.there:
            return
        daily = Row(
            "daily",
            {"source": self.say("Daily round"), "state": self._doing()},
            {"source": "strong", "state": "good"},
        )
        rows = [source_row(self.say, one, self.fresh) for one in self.ledger.sources]
        if [daily, *rows] != list(self.table.values):
            self.table.show_rows([daily, *rows])
        self._show_source()

    def _doing(self) -> str:
        job = self.crawl
        return f"▶ {self.say(job.state)}" if job is not None and job.under_way else ""

    def _show_source(self) -> None:
        facts, key = self.query_one("#sheet Facts", Facts), self.table.key
        sheet = self.sheet
        one = self.chosen
        if key == "daily":
            sheet.border_title = Content(self.say("Daily round"))
            facts.show(daily_lines(self.say))
        elif one is not None:
            sheet.border_title = Content(clean(one.name))
            facts.show(source_lines(self.say, one, (self.fresh or {}).get(one.name)))

    # -- what goes on ------------------------------------------------------------------------

    @property
    def chosen(self) -> Known | None:
        """The source under the cursor; None on the daily round."""
        key = self.table.key
        sources = self.ledger.sources if self.ledger else ()
        return next((one for one in sources if one.name == key), None)

    @property
    def crawl(self) -> Crawl | None:
        """The newest crawl."""
        jobs = self.hub.running.of("crawl")
        return next((job for job in jobs if isinstance(job, Crawl)), None)

    def changed(self, job: Job) -> None:
        if job.kind == "crawl":
            self._draw() if job.under_way else self.again()

    def tick(self) -> None:
        """Counts down; the ledger itself is read anew when a crawl has ended."""
        if self.is_on_screen_now:
            self._draw()

    @property
    def is_on_screen_now(self) -> bool:
        return self.display and self.screen.is_active

    # -- keys --------------------------------------------------------------------------------

    @on(Rows.Moved)
    def _moved(self, message: Rows.Moved) -> None:
        message.stop()
        if type(message) is Rows.Moved:
            self._show_source()
            self.refresh_bindings()

    @on(Rows.Opened)
    def _opened(self, message: Rows.Opened) -> None:
        message.stop()
        self.action_start()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "watch":
            return self.crawl is not None
        if action == "start":
            return self.table.key in TARGETS
        return True

    def action_start(self) -> None:
        self._ask(self.table.key or "")

    def action_daily(self) -> None:
        self._ask("daily")

    def _ask(self, source: str) -> None:
        """One crawl at a time: while one goes on it is shown instead."""
        if self.crawl is not None and self.crawl.under_way:
            self.action_watch()
        elif source in TARGETS:
            self.app.push_screen(StartCrawl(source))
        elif source:
            said = self.say("{name} came with the program; it is not asked from here")
            self.app.notify(said.format(name=clean(source)), markup=False)

    def action_watch(self) -> None:
        if self.crawl is not None:
            self.app.push_screen(CrawlScreen(self.crawl))


# -- how it reads ----------------------------------------------------------------------------


def offline_lines(say: Say) -> Iterable[Line | Heading]:
    yield Line(say("Offline by wish: every host is refused."), ink="warn")
    yield Line(
        say("Take HUB_OFFLINE or the setting offline away to ask. All else works."), ink="faint"
    )


def source_row(say: Say, one: Known, fresh: Mapping[str, tuple[int, int]] | None) -> Row:
    held, told = one.held, one.told
    state = say(one.state)
    if one.seconds_barred:
        state += f" · {say('again in {n}').format(n=lasting(say, one.seconds_barred))}"
    new, old = (fresh or {}).get(one.name, (0, 0))
    cells = {
        "source": one.name,
        "state": state,
        "success": ago(say, told.last_success if told else None),
        "rows": f"{held.rows:,}" if held else "0",
        "newest": held.newest[:10] if held and held.newest else "-",
        "left": f"{told.pending:,}" if told and told.pending is not None else "-",
        "fresh": "…" if fresh is None else f"{new:,}",
        "stale": "…" if fresh is None else f"{old:,}",
    }
    return Row(one.name, cells, {"source": "strong", "state": INKS.get(one.state, "faint")})


def source_lines(say: Say, one: Known, fresh: tuple[int, int] | None) -> Iterable[Line | Heading]:
    """Everything the ledger has on a source; a refusal with what was said and until when it holds."""
    held, told = one.held, one.told
    target = TARGETS.get(one.name)
    if target is not None:
        yield Line(say(target.title), ink="title")
    yield Line(say(one.state), say("State"), INKS.get(one.state, "plain"))
    if one.state == "never":
        yield Line(say("Never asked so far: r asks it."), ink="faint")
    if told is not None:
        yield Line(ago(say, told.last_success), say("Last success"))
        if told.pending is not None:
            left = say("{n} steps are left; r goes on there").format(n=f"{told.pending:,}")
            yield Line(left, say("Position"), "warn")
        if told.last_refusal:
            yield Heading(say("Last refusal"))
            yield Line(f"{ago(say, told.last_refusal)} · {clock(told.last_refusal)}", say("When"))
            yield Line(
                (told.refusal or "").splitlines()[0] if told.refusal else "?",
                say("It said"),
                "warn",
            )
            yield again_line(say, one, told)
    yield Heading(say("In the catalog"))
    if held is None or not held.rows:
        yield Line(say("nothing of it yet"), ink="faint")
        return
    yield Line(f"{held.rows:,}", say("Rows"))
    yield Line(
        f"{held.oldest or '?'} … {held.newest or '?'} ({ago(say, held.newest)})", say("Days")
    )
    yield Line(held.licence or say("licence unknown"), say("Licence"))
    if fresh is not None:
        old = say("{n} older than {days} days").format(n=f"{fresh[1]:,}", days=STALE_AFTER)
        yield Line(f"{fresh[0]:,} · {old}", say("Fresh"))


def again_line(say: Say, one: Known, told: "SourceLedger") -> Line:
    """When it may be asked again, counting down."""
    if one.seconds_barred and told.next_allowed:
        left = lasting(say, one.seconds_barred)
        said = say("from {when} on, in {n}").format(when=clock(told.next_allowed), n=left)
        return Line(said, say("Ask again"), "warn")
    return Line(say("at any time"), say("Ask again"), "good")


def daily_lines(say: Say) -> Iterable[Line | Heading]:
    yield Line(say(TARGETS["daily"].title), ink="title")
    yield Line(
        say("What was announced today, the papers of the day, and repositories not seen for long.")
    )
    yield Line(say("Asked again on the same day it costs almost nothing."), ink="faint")
    yield Line(say("r or Enter starts it, after saying what it would cost."), ink="faint")
