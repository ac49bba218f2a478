"""A crawl from the browser: what it would cost, then `hub crawl` in a child, watched source by source."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Label, Select
from textual.worker import get_current_worker

from crawlers.clean import clean
from hub.errors import HubError, UsageError
from hub.paths import Paths
from hub.text import told
from hub.tui.asking import Asking, Window
from hub.tui.help import KeyPage
from hub.tui.keyline import KeyLine
from hub.tui.measured import Facts, Heading, Line, bytes_, clock, lasting, until, wrong_lines
from hub.tui.rows import Column, Row, Rows
from hub.tui.runnable import tried
from hub.tui.running import Command, Stopped
from hub.tui.screens import HubScreen
from hub.tui.strings import Say

FAILED: Final = ("refused", "unreachable", "offline", "damaged")
"""States of a harvest that brought less than it was asked for."""

INKS: Final = {
    "done": "good", "running": "good", "limited": "good", "refused": "bad", "unreachable": "bad",
    "damaged": "bad", "offline": "warn", "interrupted": "warn",
}  # fmt: skip


@dataclass
class Harvest:
    """What a crawl does at one source."""

    source: str
    title: str
    what: str
    began: float = field(default_factory=time.monotonic)
    told: dict[str, Any] = field(default_factory=dict)
    """The newest line of progress."""
    ended: dict[str, Any] | None = None
    """Its summary; None while it goes on."""

    @property
    def state(self) -> str:
        return str(self.ended["state"]) if self.ended else "running"

    @property
    def records(self) -> int:
        return int(self.told.get("records") or 0)

    def total(self, name: str) -> int | None:
        """Records that are `new`, `changed`, `unchanged`, `skipped`; None while it is not known."""
        if self.ended is not None:
            return sum(int(count) for count in (self.ended.get(name) or {}).values())
        value = self.told.get(name)
        return int(value) if isinstance(value, int) else None

    @property
    def requests(self) -> int:
        return int((self.ended or self.told).get("requests") or 0)


class Crawl(Command):
    """`hub crawl` with some words. A source that refuses is a result, not a failure of the crawl."""

    kind = "crawl"

    def __init__(self, paths: Paths, lang: str, *words: str) -> None:
        super().__init__(paths, lang, "crawl", *words, "--json")
        self.harvests: list[Harvest] = []
        self.waiting: dict[str, Any] | None = None
        """For whom it waits, until when (seconds since 1970), and why."""

    @property
    def name(self) -> str:
        target = self.words[1]
        return "crawl" if target.startswith("-") else f"crawl {target}"

    @property
    def failed(self) -> tuple[Harvest, ...]:
        return tuple(one for one in self.harvests if one.state in FAILED)

    def took(self, said: dict[str, Any]) -> None:
        begin, told, ended = said.get("begin"), said.get("told"), said.get("ended")
        if isinstance(begin, dict):
            source, title, what = (
                clean(str(begin.get(name, ""))) for name in ("source", "title", "what")
            )
            self.harvests.append(Harvest(source, title, what))
        elif isinstance(told, dict) and self.harvests:
            self.harvests[-1].told = told
        elif isinstance(ended, dict) and self.harvests:
            self.harvests[-1].ended = ended
        self.waiting = said.get("waiting") or None

    def judge(self) -> None:
        if self.code == 130:
            raise Stopped
        if self.code != 3 or self.answer is None:
            super().judge()


# -- watching --------------------------------------------------------------------------------

COLUMNS: Final = (
    Column("source", "Source", rank=-1),
    Column("what", "Asked for", rank=4, most=36),
    Column("state", "State"),
    Column("new", "New", right=True),
    Column("changed", "Changed", rank=1, right=True),
    Column("unchanged", "Unchanged", rank=3, right=True),
    Column("skipped", "Skipped", rank=2, right=True),
    Column("requests", "Requests", rank=2, right=True),
)


class CrawlScreen(HubScreen, inherit_bindings=False):
    """A crawl that goes on, whether this screen is there or not."""

    HELP = "A crawl"
    DEFAULT_CSS = """
    CrawlScreen {
        & #head {
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            padding: 0 1;
            height: auto;
        }
        & #harvests {
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            height: 2fr;
            min-height: 4;
        }
        & #said {
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            padding: 0 1;
            height: 3fr;
            scrollbar-size-vertical: 1;
        }
        & #harvests:focus-within, & #said:focus { border: round $primary; border-title-color: $text-primary; }
    }
    """
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,h", "app.pop_screen", "Back"),
        Binding("x", "cancel", "Stop", tooltip="Stop after the page in hand"),
        Binding("r", "resume", "Again", tooltip="Go on where it stopped, or ask again"),
        Binding("tab", "app.focus_next", "Next pane", show=False),
    ]

    def __init__(self, job: Crawl) -> None:
        super().__init__()
        self.job = job
        self._was = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="head") as head:
            head.border_title = Content(clean(f"hub {' '.join(self.job.words[:-1])}"))
            yield Facts(id="state")
        with Vertical(id="harvests") as harvests:
            harvests.border_title = Content(self.say("Sources"))
            yield Rows(COLUMNS)
        with KeyPage(id="said"):
            yield Facts(id="outcome")
        yield KeyLine()

    def on_mount(self) -> None:
        self.set_interval(0.5, self.again)
        self.again()

    def again(self) -> None:
        """Draws the crawl as it stands now."""
        job = self.job
        if job.state != self._was:
            self._was = job.state
            self.refresh_bindings()
        self.query_one("#state", Facts).show(state_lines(self.say, job))
        rows = [harvest_row(self.say, at, one) for at, one in enumerate(job.harvests)]
        table = self.query_one(Rows)
        if rows != list(table.values):
            table.show_rows(rows)
        self._detail()

    @on(Rows.Moved)
    def _detail(self) -> None:
        table, job = self.query_one(Rows), self.job
        at = int(table.key) if table.key else -1
        lines: list[Line | Heading] = []
        if 0 <= at < len(job.harvests):
            lines += harvest_lines(self.say, job.harvests[at])
        if job.error is not None:
            lines += wrong_lines(job.error)
        lines += [Line(sentence, ink="faint") for sentence in list(job.sentences)[-3:]]
        self.query_one("#outcome", Facts).show(lines)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            return self.job.state in ("waiting", "going")
        if action == "resume":
            return not self.job.under_way
        return super().check_action(action, parameters)

    def action_cancel(self) -> None:
        self.job.stop()
        self.again()

    def action_resume(self) -> None:
        self.job = Crawl(self.paths, self.hub.lang, *self.job.words[1:-1])
        self.hub.running.start(self.job)
        self.again()


def state_lines(say: Say, job: Crawl) -> Iterable[Line | Heading]:
    """What it does now, how fast, for whom it waits; at its end what came of it."""
    newest = job.harvests[-1] if job.harvests else None
    marks = {"done": "✓", "failed": "✗", "stopped": "■"}
    ink = {"done": "good", "failed": "bad", "going": "good"}.get(job.state, "warn")
    if job.state == "done" and job.failed:
        names = ", ".join(f"{one.source}: {say(one.state)}" for one in job.failed)
        yield Line(f"✗ {names} · {lasting(say, job.seconds)}", ink="bad")
        yield Line(say("This is no “nothing new”: what is there is not known."), ink="warn")
    else:
        said = f"{marks.get(job.state, '▶')} {say(job.state)} · {lasting(say, job.seconds)}"
        yield Line(said, ink=ink)
    if job.state == "done" and not job.harvests:
        yield Line(say("Nothing to ask for now: all of it was asked today, or within this hour."))
    if job.state == "stopped":
        yield Line(say("Stopped. What came is kept; r goes on."), ink="warn")
    if not job.under_way:
        return
    if newest is None:
        yield Line(say("looking what is to be asked …"), ink="faint")
    elif newest.ended is None:
        yield Line(f"{newest.title}: {newest.what}")
        yield Line(progress_of(say, newest), ink="faint")
    waiting = job.waiting
    if waiting is not None and until(waiting.get("until")) > 0:
        who, moment = clean(str(waiting.get("for"))), waiting["until"]
        said = say("waiting for {who} until {when} ({n})").format(
            who=who, when=clock(moment), n=lasting(say, until(moment))
        )
        why = clean(str(waiting.get("why") or ""))
        yield Line(f"{said} {why}".strip(), ink="warn")


def progress_of(say: Say, one: Harvest) -> str:
    """`1,200 records (30 new), 240/s, 3 requests, 5 left`, or how far a download is."""
    told = one.told
    if not told:
        return say("asking …")
    seconds = max(0.001, time.monotonic() - one.began)
    if told.get("file"):
        done, size = int(told.get("done") or 0), int(told.get("size") or 0)
        share = f"{done / size:.0%} · " if size else ""
        return f"{clean(str(told['file']))} · {share}{bytes_(done)} / {bytes_(size or None)}"
    said = say("{records} records ({new} new), {rate}/s, {requests} requests, {left} left")
    return said.format(
        records=f"{one.records:,}",
        new=f"{one.total('new') or 0:,}",
        rate=f"{one.records / seconds:,.0f}",
        requests=f"{one.requests:,}",
        left=f"{int(told.get('left') or 0):,}",
    )


def harvest_row(say: Say, at: int, one: Harvest) -> Row:
    counts = {name: one.total(name) for name in ("new", "changed", "unchanged", "skipped")}
    return Row(
        str(at),
        {
            "source": one.source,
            "what": one.what,
            "state": say(one.state),
            "requests": f"{one.requests:,}",
            **{name: "…" if count is None else f"{count:,}" for name, count in counts.items()},
        },
        {"state": INKS.get(one.state, "faint"), "what": "faint"},
    )


def harvest_lines(say: Say, one: Harvest) -> Iterable[Line | Heading]:
    """What came, by kind; what was passed over, and why; what a source that refused said."""
    yield Line(f"{one.title}: {one.what}", ink="title")
    ended = one.ended
    if ended is None:
        yield Line(progress_of(say, one))
        return
    yield Line(say(one.state), say("State"), INKS.get(one.state, "plain"))
    if ended.get("why"):
        yield Line(str(ended["why"]), say("Because"), "warn")
    if ended.get("next_allowed"):
        moment = str(ended["next_allowed"])
        again = f"{clock(moment)} ({lasting(say, until(moment))})" if until(moment) else say("now")
        yield Line(again, say("Ask again"))
    if one.state == "offline":
        yield Line(say("Take HUB_OFFLINE or the setting offline away to ask. All else works."))
    if ended.get("resumed"):
        yield Line(say("went on where the last one stopped"), say("Begun"))
    for name, label in (
        ("new", "New"), ("changed", "Changed"), ("unchanged", "Unchanged"), ("removed", "Removed"),
    ):  # fmt: skip
        counts = ended.get(name) or {}
        if counts or name != "removed":
            each = ", ".join(f"{say(table)} {count:,}" for table, count in counts.items())
            yield Line(f"{sum(counts.values()):,}" + (f" ({each})" if each else ""), say(label))
    skipped = ended.get("skipped") or {}
    yield Line(f"{sum(skipped.values()):,}", say("Skipped"))
    for reason, count in skipped.items():
        yield Line(f"{count:,}", f"  {reason}")
    yield Line(f"{one.requests:,}", say("Requests"))


# -- starting --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """What can be asked for from here."""

    title: str
    """In English; said in the user's language."""
    words: tuple[str, ...]
    """Of `hub crawl`."""
    days: str | None = None
    """The days back that are proposed; "" proposes none, None: there is no such choice."""
    languages: bool = False
    """Programming languages of the trending page."""
    slices: tuple[str, ...] = ()
    limit: bool = True


TARGETS: Final[dict[str, Target]] = {
    "daily": Target("The daily round: arXiv, Hugging Face, GitHub", (), limit=False),
    "arxiv_rss": Target("arXiv: what was announced today", ("arxiv",)),
    "arxiv_oai": Target("arXiv: what changed since a day", ("arxiv",), days="7"),
    "hf_papers": Target("Hugging Face: papers of the day", ("hf",), days=""),
    "github": Target("GitHub: repositories that were not looked at for long", ("github",)),
    "github_trending": Target("GitHub: today's trending page", ("github",), languages=True),
    "pwc_live": Target("Papers with Code, as it goes on: papers and results", ("pwc",), days=""),
    "pwc_archive": Target(
        "Papers with Code: the archive of July 2025", ("pwc",), slices=("ml", "code", "results", "full"),
        limit=False,
    ),
}  # fmt: skip
"""Source -> how it is asked, in the order in which they are listed."""


class StartCrawl(Asking[None]):
    """What a crawl would cost, before anybody is asked; then it is started."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "start", "Start")]
    AUTO_FOCUS = "#start"
    DEFAULT_CSS = "StartCrawl .field > Select { width: 1fr; }"

    class Planned(Message):
        """What it would cost, or why nobody can say."""

        def __init__(self, words: tuple[str, ...], outcome: Sequence[dict[str, Any]] | HubError):
            super().__init__()
            self.words = words
            self.outcome = outcome

    def __init__(self, source: str) -> None:
        super().__init__()
        self.target = TARGETS[source]
        self.planned: tuple[str, ...] | None = None

    def compose(self) -> ComposeResult:
        say, target = self.say, self.target
        with Window(classes="window") as window:
            window.border_title = Content(say(target.title))
            if target.days is not None:
                yield from self._field(
                    "Days back",
                    Input(target.days, placeholder=say("what is new"), compact=True, id="days"),
                )
            if target.languages:
                yield from self._field("Languages", Input("python", compact=True, id="languages"))
            if target.slices:
                choices = [(one, one) for one in target.slices]
                yield from self._field(
                    "Slice",
                    Select(choices, value="ml", allow_blank=False, compact=True, id="slice"),
                )
            if target.limit:
                yield from self._field(
                    "Entries at most", Input(placeholder=say("no limit"), compact=True, id="limit")
                )
            yield Facts()
            with Horizontal(classes="buttons"):
                yield Button(say("Start"), variant="primary", compact=True, id="start")
                yield Button(say("Cancel"), compact=True, id="cancel")
        yield KeyLine()

    def _field(self, title: str, control: "Input | Select[str]") -> ComposeResult:
        with Horizontal(classes="field"):
            yield Label(self.say(title), classes="name", markup=False)
            yield control

    def on_mount(self) -> None:
        self.draw()

    def words(self) -> tuple[str, ...]:
        """Of the command. UsageError."""
        words = list(self.target.words)
        for name in ("days", "limit"):
            for control in self.query(f"#{name}").results(Input):
                value = control.value.strip()
                if value and not (value.isascii() and value.isdigit() and int(value) <= 20_000):
                    raise UsageError("Days and entries: whole numbers up to 20000, or nothing")
                words += [f"--{name}", value] if value else []
        for control in self.query("#languages").results(Input):
            words += ["--trending", clean(control.value) or "python"]
        for choice in self.query("#slice").results(Select):
            words += ["--slice", str(choice.value)]
        return tuple(words)

    @on(Input.Changed)
    @on(Select.Changed)
    def draw(self) -> None:
        """Asks what it would cost, once the typing rests."""
        try:
            words = self.words()
        except UsageError as error:
            self.planned = None
            self.query_one(Facts).show((Line(told(error.what), ink="bad"),))
            self.query_one("#start", Button).disabled = True
            return
        self.query_one("#start", Button).disabled = False
        if words != self.planned:
            self.planned = words
            self.query_one(Facts).show(
                (Line(self.say("counting what it would cost …"), ink="faint"),)
            )
            self.plan(words)

    @work(thread=True, exclusive=True, group="plan")
    def plan(self, words: tuple[str, ...]) -> None:
        worker, paths, lang = get_current_worker(), self.paths, self.hub.lang
        time.sleep(0.3)
        if worker.is_cancelled:
            return

        def planned() -> Sequence[dict[str, Any]]:
            asked = Command(paths, lang, "crawl", *words, "--plan", "--json")
            asked.carry_out()
            return list(asked.answer or ())

        outcome = tried(paths, planned)
        if not worker.is_cancelled:
            self.post_message(self.Planned(words, outcome))

    @on(Planned)
    def _show_plan(self, message: Planned) -> None:
        if message.words != self.planned:
            return
        if isinstance(message.outcome, HubError):
            self.query_one(Facts).show(wrong_lines(message.outcome))
            return
        self.query_one(Facts).show(plan_lines(self.say, message.outcome))

    @on(Button.Pressed, "#start")
    @on(Input.Submitted)
    def action_start(self) -> None:
        if not self.is_current or self.query_one("#start", Button).disabled:
            return  # pressed twice: it is started
        job = Crawl(self.paths, self.hub.lang, *self.words())
        self.hub.running.start(job)
        self.app.switch_screen(CrawlScreen(job))

    @on(Button.Pressed, "#cancel")
    def action_close(self) -> None:
        self.dismiss(None)


def plan_lines(say: Say, plan: Sequence[dict[str, Any]]) -> Iterable[Line | Heading]:
    """Requests and minutes of each source that would be asked."""
    if not plan:
        yield Line(say("Nothing to ask for now: all of it was asked today, or within this hour."))
    for one in plan:
        requests = _range([f"{n:,}" for n in one["requests"]])
        minutes = _range([f"{n:g}" for n in one["minutes"]])
        said = say("{requests} requests, {minutes} minutes at least").format(
            requests=requests, minutes=minutes
        )
        yield Line(said, str(one["source"]))
        yield Line(" · ".join(filter(None, (str(one["what"]), str(one["why"] or "")))), "", "faint")


def _range(ends: Sequence[str]) -> str:
    return ends[0] if ends[0] == ends[-1] else f"{ends[0]}-{ends[-1]}"
