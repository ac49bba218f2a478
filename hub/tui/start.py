"""Before a run: what it will cost and what it lacks is said, then it is started."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Checkbox, Input, Label, Select
from textual.worker import get_current_worker

from crawlers.clean import clean
from hub.errors import HubError, UsageError
from hub.text import t
from hub.tui.asking import Asking, Window
from hub.tui.keyline import KeyLine
from hub.tui.measured import (
    Facts,
    Heading,
    Line,
    bytes_,
    claimed,
    lasting,
    measured,
    verdict_line,
    wrong_lines,
)
from hub.tui.recipe import data_line, torch_lines
from hub.tui.runnable import Able, Data, able, data, fitting, most_seconds, seconds_for, tried
from hub.tui.running import Training, left_over
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.runs import Listed

BUDGETS: Final = ("full", "short", "smoke")
SAID: Final = {
    "full": "full: all epochs, to be compared",
    "short": "short: a tenth of the epochs",
    "smoke": "smoke: a few steps, to see it run",
}
DEVICES: Final = ("cpu", "auto", "cuda", "mps")
MOST_SEEDS: Final = 100


class StartRun(Asking[None]):
    """The baselines of an entry, one of them chosen, and how it is to be run.

    `key` is that of a dataset, a method, a paper, or `baseline:NAME`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start"),
    ]
    DEFAULT_CSS = """
    StartRun {
        & .field > Select { width: 1fr; }
        & #several { display: none; }
        & Checkbox { display: none; }
    }
    """

    class Known(Message):
        """What can be run is known, or why not."""

        def __init__(self, outcome: tuple[Able, Mapping[str, Data]] | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.known: Able | None = None
        self.datasets: Mapping[str, Data] = {}
        self.fit: tuple[Listed, ...] = ()
        self.left: tuple[tuple[int, str], ...] = ()

    # -- its form ----------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        say = self.say
        with Window(classes="window") as window:
            window.border_title = Content(
                clean(f"{say('Run')} · {self.key.removeprefix('baseline:')}")
            )
            with Horizontal(classes="field", id="several"):
                yield Label(say("Baseline"), classes="name", markup=False)
                yield Select[str]([], compact=True, id="which", allow_blank=True)
            with Horizontal(classes="field"):
                yield Label(say("Budget"), classes="name", markup=False)
                budgets = [(say(SAID[one]), one) for one in BUDGETS]
                yield Select(budgets, value="full", allow_blank=False, compact=True, id="budget")
            yield from self._input("Seeds", "seeds", "1", "1  ·  3  ·  2,5  ·  1-5")
            yield from self._input("Minutes at most", "minutes", "", say("no limit"))
            yield from self._input("Threads", "threads", "", say("as the recipe says"))
            with Horizontal(classes="field"):
                yield Label(say("Device"), classes="name", markup=False)
                devices = [(one, one) for one in DEVICES]
                yield Select(devices, value="cpu", allow_blank=False, compact=True, id="device")
            yield Checkbox(say("Go on where it was stopped"), value=True, compact=True, id="resume")
            yield Checkbox(say("I accept these terms"), compact=True, id="accept")
            yield Checkbox(say("It may take so long"), compact=True, id="long")
            yield Facts()
            with Horizontal(classes="buttons"):
                yield Button(
                    say("Start"), variant="primary", compact=True, disabled=True, id="start"
                )
                yield Button(say("Cancel"), compact=True, id="cancel")
        yield KeyLine()

    def _input(self, title: str, id: str, value: str, hint: str) -> ComposeResult:
        with Horizontal(classes="field"):
            yield Label(self.say(title), classes="name", markup=False)
            yield Input(value, placeholder=hint, compact=True, id=id)

    def on_mount(self) -> None:
        self.query_one(Facts).show((Line("…", ink="faint"),))
        self.look()

    # -- what is known -----------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="start")
    def look(self) -> None:
        worker, paths, lang = get_current_worker(), self.paths, self.hub.lang
        outcome = tried(paths, lambda: (able(paths), data(paths, lang)))
        if not worker.is_cancelled:
            self.post_message(self.Known(outcome))

    @on(Known)
    def _known(self, message: Known) -> None:
        if isinstance(message.outcome, HubError):
            self.query_one(Facts).show(wrong_lines(message.outcome))
            return
        from hub.runs import Wish  # the worker has imported it

        self.known, self.datasets = message.outcome
        self.query_one("#device", Select).value = Wish("", 0).device
        self.fit = fitting(self.known, self.datasets, self.key)
        self.query_one("#several").display = len(self.fit) > 1
        if self.fit:
            which = self.query_one("#which", Select)
            which.set_options((one.baseline.name, one.baseline.name) for one in self.fit)
            which.value = self.fit[0].baseline.name
        self.draw()

    @property
    def chosen(self) -> "Listed | None":
        """The baseline that is to be run."""
        value = self.query_one("#which", Select).value
        return next((one for one in self.fit if one.baseline.name == value), None)

    @property
    def budget(self) -> str:
        return str(self.query_one("#budget", Select).value)

    @on(Select.Changed)
    @on(Input.Changed)
    @on(Checkbox.Changed)
    def draw(self) -> None:
        """Says what it would cost, what it lacks, and whether it can be started."""
        if self.known is None:
            return
        one = self.chosen
        if one is None:
            self.query_one(Facts).show(none_lines(self.say, self.known))
            self.query_one("#start", Button).disabled = True
            return
        self.left = left_over(self.paths, one.baseline.name)
        where = self.datasets.get(one.baseline.dataset)
        lines: list[Line | Heading] = []
        ready = self.known.torch
        seeds: tuple[int, ...] = ()
        try:
            seeds, _, minutes = self._said()
            each = seconds_for(self.known, one, self.budget, minutes)
            cost = None if each is None else each * len(seeds)
            lines += self._cost_lines(one, seeds, cost)
        except UsageError as error:
            ready, cost = False, None
            lines += wrong_lines(error)
        stopped = [seed for seed in seeds if (seed, self.budget) in self.left]
        self.query_one("#resume").display = bool(stopped)
        if stopped:
            which = ", ".join(map(str, stopped))
            lines.append(Line(self.say("seeds {n} have a checkpoint").format(n=which), ink="warn"))
        terms = where is not None and not where.accepted and not where.here
        self.query_one("#accept").display = terms
        long = cost is not None and cost > most_seconds()
        self.query_one("#long").display = long
        if terms and where is not None:
            lines.append(Line(where.notice or "", self.say("Terms"), "warn"))
            ready = ready and self.query_one("#accept", Checkbox).value
        if long:
            ready = ready and self.query_one("#long", Checkbox).value
        if not self.known.torch:
            lines += torch_lines(self.say)
        self.query_one(Facts).show(lines)
        button = self.query_one("#start", Button)
        button.disabled = not ready
        lacks = where is not None and not where.here
        button.label = self.say("Get data and start") if lacks else self.say("Start")
        button.refresh(layout=True)  # Textual draws a longer label into the old width

    def _cost_lines(
        self, one: "Listed", seeds: tuple[int, ...], seconds: float | None
    ) -> Iterable[Line | Heading]:
        say = self.say
        yield Line(t(one.baseline.title), ink="title")
        compared = f"{claimed(one.claim)} · {measured(one.comparison)} {say(one.baseline.metric)}"
        yield Line(compared, say("Claimed · measured"))
        if one.comparison.values:
            yield verdict_line(say, one.comparison)
        if self.budget == "smoke":
            time = say("seconds")
        elif seconds is None:
            time = say("known after the first run here")
        else:
            time = say("about {n}").format(n=lasting(say, seconds))
        yield Line(f"{time} · {say('seeds: {n}').format(n=len(seeds))}", say("Time"))
        yield memory_line(say, one.baseline.memory_mb, self.known.memory if self.known else None)
        yield data_line(say, one.baseline.dataset, self.datasets.get(one.baseline.dataset))
        if self.budget != "full":
            yield Line(say("A reduced budget is never compared with the claim."), ink="faint")
        elif len(seeds) < 3 and one.claim is not None:
            yield Line(say("A verdict takes three seeds."), ink="faint")

    def _said(self) -> tuple[tuple[int, ...], int | None, float | None]:
        """Seeds, threads and minutes as typed. UsageError."""
        seeds = seeds_of(self.query_one("#seeds", Input).value)
        threads = self.query_one("#threads", Input).value.strip()
        if threads and not (threads.isascii() and threads.isdigit() and 1 <= int(threads) <= 1024):
            raise UsageError("Threads: a number from 1 to 1024, or nothing")
        minutes = self.query_one("#minutes", Input).value.strip()
        try:
            most = float(minutes) if minutes else None
        except ValueError:
            most = 0.0
        if most is not None and not 0.01 <= most < 1e6:
            raise UsageError("Minutes: a number, at least 0.01, or nothing")
        return seeds, int(threads) if threads else None, most

    # -- starting ----------------------------------------------------------------------------

    @on(Button.Pressed, "#start")
    @on(Input.Submitted)
    def action_start(self) -> None:
        """Gets the data first where they are missing."""
        one = self.chosen
        if one is None or not self.is_current or self.query_one("#start", Button).disabled:
            return  # nothing to start, or pressed twice
        where = self.datasets.get(one.baseline.dataset)
        if where is None or where.here:
            self._begin(one)
            return
        from hub.tui.fetching import FetchScreen

        accept = self.query_one("#accept", Checkbox).value
        screen = FetchScreen(where.name, at_once=True, accept=accept)

        def go_on(here: bool | None) -> None:
            if here:
                self._begin(one)
            else:
                self.look()

        self.app.push_screen(screen, go_on)

    def _begin(self, one: "Listed") -> None:
        from hub.runs import Wish
        from hub.tui.run import RunScreen

        seeds, threads, minutes = self._said()
        resume = self.query_one("#resume", Checkbox).value
        device = str(self.query_one("#device", Select).value)
        wishes = [
            Wish(
                one.baseline.name,
                seed,
                self.budget,
                minutes,
                device,
                threads,
                resume and (seed, self.budget) in self.left,
            )
            for seed in seeds
        ]
        job = Training(self.paths, self.hub.lang, wishes)
        self.hub.running.start(job)
        self.app.switch_screen(RunScreen(job))

    @on(Button.Pressed, "#cancel")
    def action_close(self) -> None:
        self.dismiss(None)


# -- what is said ----------------------------------------------------------------------------


def seeds_of(text: str) -> tuple[int, ...]:
    """`1`, `2,5`, `1-5` as seeds, each once. UsageError."""
    found: dict[int, None] = {}
    for part in text.replace("，", ",").replace(" ", ",").split(","):
        first, _, last = part.partition("-")
        if not part:
            continue
        ends = [first, last or first]
        if not all(one.isascii() and one.isdigit() and len(one) < 11 for one in ends):
            raise UsageError("Seeds: numbers such as 1, or 2,5, or 1-5")
        begin, end = map(int, ends)
        if end - begin >= MOST_SEEDS or end > 2**31:
            raise UsageError("Seeds: at most a hundred, up to 2147483648")
        found.update(dict.fromkeys(range(begin, end + 1)))
    if not found or len(found) > MOST_SEEDS:
        raise UsageError("Seeds: numbers such as 1, or 2,5, or 1-5")
    return tuple(found)


def memory_line(say: Say, needed: int, free: int | None) -> Line:
    """Memory that it takes, beside what is free."""
    said = f"{needed:,} MB"
    if free is None:
        return Line(said, say("Memory"))
    short = free < needed * 1_000_000
    ink = "warn" if short else "plain"
    return Line(f"{said} · {say('{n} free here').format(n=bytes_(free))}", say("Memory"), ink)


def none_lines(say: Say, known: Able) -> Iterable[Line | Heading]:
    """Nothing runs on this: what does."""
    yield Line(say("No baseline here runs on this."), ink="warn")
    yield Heading(say("These run here:"))
    for one in known.listed:
        yield Line(t(one.baseline.title), one.baseline.name)
