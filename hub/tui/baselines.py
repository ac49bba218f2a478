"""Baselines & runs: what can run here, what is claimed for it, what was measured so far."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from crawlers.clean import clean
from hub.errors import HubError
from hub.text import t
from hub.tui.help import KeyPage
from hub.tui.keyline import KeyLine
from hub.tui.measured import (
    INK_OF,
    Facts,
    Heading,
    Line,
    ago,
    bytes_,
    claim_lines,
    claimed,
    comparison_lines,
    lasting,
    measured,
    value_of,
    wrong_lines,
)
from hub.tui.panes import RowsPane
from hub.tui.rows import Column, Row, Rows
from hub.tui.runnable import INSTALL, Able, Data, able, data, seconds_of, tried
from hub.tui.running import Job, Training
from hub.tui.screens import HubScreen
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.runs import Listed

COLUMNS: Final = (
    Column("name", "Baseline", rank=-1),
    Column("data", "Data", rank=2),
    Column("claimed", "Claimed", rank=2, right=True),
    Column("measured", "Measured", rank=1, right=True),
    Column("verdict", "Verdict", rank=1),
    Column("time", "Time here", rank=3, right=True),
    Column("dataset", "Dataset", rank=4),
    Column("memory", "Memory", rank=5, right=True),
    Column("device", "Device", rank=6),
)
RUN_COLUMNS: Final = (
    Column("run", "Run", rank=-1),
    Column("when", "When", rank=1),
    Column("seed", "Seed", right=True),
    Column("budget", "Budget", rank=2),
    Column("value", "Measured", right=True),
    Column("lasted", "Lasted", rank=3, right=True),
    Column("note", "State", rank=1),
)
FEW: Final = 6
"""Runs listed on the sheet beside the table; Enter shows all."""


class Known(Message):
    """The baselines were read, or could not be."""

    def __init__(self, outcome: Able | HubError) -> None:
        super().__init__()
        self.outcome = outcome


class Found(Message):
    """It is known where the data lie, or why not."""

    def __init__(self, outcome: dict[str, Data] | HubError) -> None:
        super().__init__()
        self.outcome = outcome


class BaselinesPane(RowsPane):
    """The table of baselines, and the sheet of the one under the cursor."""

    HELP = "Baselines"
    DEFAULT_CSS = """
    .-narrow BaselinesPane #sheet { display: none; }
    .-narrow BaselinesPane #left { height: 1fr; max-height: 100%; }
    """
    SCOPED_CSS = False
    COLUMNS = COLUMNS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "start", "Run", tooltip="Run the baseline here"),
        Binding("w", "watch", "Watch", tooltip="Watch the run under way"),
        Binding("d", "fetch", "Get data", tooltip="Download or check its data"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.known: Able | None = None
        self.datasets: Mapping[str, Data] = {}

    def again(self) -> None:
        """Reads everything anew."""
        self.read()
        self.read_data()

    # -- reading -----------------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="baselines")
    def read(self) -> None:
        worker, paths = get_current_worker(), self.paths
        outcome = tried(paths, lambda: able(paths))
        if not worker.is_cancelled:
            self.post_message(Known(outcome))

    @work(thread=True, exclusive=True, group="baselines-data")
    def read_data(self) -> None:
        worker, paths, lang = get_current_worker(), self.paths, self.hub.lang
        outcome = tried(paths, lambda: data(paths, lang))
        if not worker.is_cancelled:
            self.post_message(Found(outcome))

    @on(Known)
    def _show_known(self, message: Known) -> None:
        message.stop()
        if isinstance(message.outcome, HubError):
            self._say_wrong(message.outcome)
            return
        self.known = message.outcome
        self._note()
        self._draw()

    @on(Found)
    def _show_found(self, message: Found) -> None:
        message.stop()
        if isinstance(message.outcome, HubError):
            self._say_wrong(message.outcome)
            return
        self.datasets = message.outcome
        self._draw()

    def _say_wrong(self, error: HubError) -> None:
        self.say_above(wrong_lines(error))

    def _note(self) -> None:
        """Without torch nothing runs: what brings it stands above the table."""
        self.say_above(torch_lines(self.say) if self.known and not self.known.torch else ())

    def _draw(self) -> None:
        if self.known is None or not self.there:
            return
        jobs = {job.name: job for job in reversed(self.trainings)}
        rows = [self._row(one, jobs.get(one.baseline.name)) for one in self.known.listed]
        self.table.show_rows(rows)
        self._show_recipe()

    def _row(self, one: "Listed", job: Training | None) -> Row:
        compared, baseline = one.comparison, one.baseline
        inks = {"name": "strong"}
        where = self.datasets.get(baseline.dataset)
        state = data_state(self.say, where)
        if where is not None and not where.here:
            inks["data"] = "warn"
        verdict, ink = "-", "faint"
        if compared.values:
            verdict, ink = self.say(compared.verdict), INK_OF.get(compared.verdict, "plain")
        if job is not None and job.under_way:
            share = f" {job.share:.0%}" if job.share is not None else ""
            verdict, ink = f"▶ {self.say(job.state)}{share}", "good"
        if ink != "plain":
            inks["verdict"] = ink
        return Row(
            baseline.name,
            {
                "name": baseline.name,
                "data": state,
                "dataset": baseline.dataset,
                "claimed": claimed(one.claim),
                "measured": measured(compared),
                "verdict": verdict,
                "time": lasting(self.say, seconds_of(one)),
                "memory": f"{baseline.memory_mb:,} MB",
                "device": "CPU",
            },
            inks,
        )

    def _show_recipe(self) -> None:
        facts = self.query_one("#sheet Facts", Facts)
        one = self.chosen
        if one is None or self.known is None:
            facts.show(())
            return
        runs = self.known.runs.get(one.baseline.name, ())
        where = self.datasets.get(one.baseline.dataset)
        facts.show([*recipe_lines(self.say, one, where), *run_lines(self.say, runs)])
        self.sheet.border_title = Content(clean(one.baseline.name))

    # -- what goes on ------------------------------------------------------------------------

    @property
    def chosen(self) -> "Listed | None":
        """The baseline under the cursor."""
        key = self.table.key
        return self.known.named(key) if self.known and key else None

    @property
    def trainings(self) -> list[Training]:
        """The newest first."""
        return [job for job in self.hub.running.of("training") if isinstance(job, Training)]

    def changed(self, job: Job) -> None:
        if job.kind in ("training", "fetch") and not job.under_way:
            self.again()
        elif job.kind == "training":
            self._draw()

    def tick(self) -> None:
        if any(job.under_way for job in self.trainings):
            self._draw()

    # -- keys --------------------------------------------------------------------------------

    @on(Rows.Moved)
    def _moved(self, message: Rows.Moved) -> None:
        message.stop()
        if type(message) is Rows.Moved:
            self._show_recipe()
            self.sheet.scroll_home(animate=False)
            self.refresh_bindings()

    @on(Rows.Opened)
    def _opened(self, message: Rows.Opened) -> None:
        message.stop()
        if message.key:
            self.app.push_screen(BaselineScreen(message.key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that act on a baseline are there while there is one; `w` while one runs."""
        if action == "watch":
            return self._watched() is not None
        return action not in ("start", "fetch") or self.chosen is not None

    def _watched(self) -> Training | None:
        """The newest run of the baseline in hand, or else whichever is under way."""
        chosen = self.chosen
        own = [job for job in self.trainings if chosen and job.name == chosen.baseline.name]
        under_way = [job for job in self.trainings if job.under_way]
        return next(iter([*own, *under_way]), None)

    def action_start(self) -> None:
        if self.chosen is not None:
            from hub.tui.start import StartRun

            self.app.push_screen(StartRun(f"baseline:{self.chosen.baseline.name}"))

    def action_watch(self) -> None:
        job = self._watched()
        if job is not None:
            from hub.tui.run import RunScreen

            self.app.push_screen(RunScreen(job))

    def action_fetch(self) -> None:
        if self.chosen is not None:
            from hub.tui.fetching import FetchScreen

            self.app.push_screen(FetchScreen(self.chosen.baseline.dataset))


class BaselineScreen(HubScreen):
    """One baseline over the whole terminal: its recipe, and every run of it."""

    HELP = "Baseline"
    DEFAULT_CSS = """
    BaselineScreen {
        & #recipe {
            height: 3fr;
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        & #runs {
            height: 2fr;
            min-height: 5;
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
        }
        & #none { padding: 0 1; display: none; }
        & #recipe:focus, & #runs:focus-within { border: round $primary; border-title-color: $text-primary; }
    }
    BaselineScreen.-spacious > Vertical { layout: horizontal; }
    BaselineScreen.-spacious #recipe, BaselineScreen.-spacious #runs { height: 1fr; width: 1fr; }
    """
    AUTO_FOCUS = "#recipe"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,h", "app.pop_screen", "Back"),
        Binding("d", "fetch", "Get data", tooltip="Download or check its data"),
        Binding("tab", "app.focus_next", "Next pane", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.baseline = name
        self.known: Able | None = None
        self.datasets: Mapping[str, Data] = {}

    def compose(self) -> ComposeResult:
        with Vertical():
            with KeyPage(id="recipe") as recipe:
                recipe.border_title = Content(clean(self.baseline))
                yield Facts()
            with Vertical(id="runs") as runs:
                runs.border_title = Content(self.say("Runs"))
                yield Facts(id="none")
                yield Rows(RUN_COLUMNS)
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(Rows).display = False
        self.hub.running.on_change.append(self._changed)
        self.set_interval(1.0, self._tick)
        self.again()

    def on_unmount(self) -> None:
        if self._changed in self.hub.running.on_change:
            self.hub.running.on_change.remove(self._changed)

    def again(self) -> None:
        self.read()

    @work(thread=True, exclusive=True, group="baseline")
    def read(self) -> None:
        worker, paths, lang = get_current_worker(), self.paths, self.hub.lang
        known = tried(paths, lambda: able(paths))
        if not worker.is_cancelled:
            self.post_message(Known(known))
        found = tried(paths, lambda: data(paths, lang))
        if not worker.is_cancelled:
            self.post_message(Found(found))

    @on(Known)
    def _show_known(self, message: Known) -> None:
        if isinstance(message.outcome, HubError):
            self.query_one("#recipe Facts", Facts).show(wrong_lines(message.outcome))
        else:
            self.known = message.outcome
            self._draw()

    @on(Found)
    def _show_found(self, message: Found) -> None:
        if not isinstance(message.outcome, HubError):
            self.datasets = message.outcome
            self._draw()

    def _draw(self) -> None:
        one = self.known.named(self.baseline) if self.known else None
        if self.known is None or one is None:
            return
        self.query_one("#recipe Facts", Facts).show(
            recipe_lines(self.say, one, self.datasets.get(one.baseline.dataset))
        )
        records = self.known.runs.get(self.baseline, ())
        rows = [job_row(self.say, job) for job in self._jobs()]
        rows += [run_row(self.say, record) for record in records]
        none, table = self.query_one("#none", Facts), self.query_one(Rows)
        appears = bool(rows) and not table.display
        none.display, table.display = not rows, bool(rows)
        none.show(
            () if rows else torch_lines(self.say) if not self.known.torch else start_lines(self.say)
        )
        table.show_rows(rows)
        if appears:
            table.focus()

    def _jobs(self) -> list[Training]:
        """Those that are under way or were stopped, the newest first."""
        jobs = self.hub.running.of("training", self.baseline)
        return [job for job in jobs if isinstance(job, Training) and job.state != "done"]

    def _changed(self, job: Job) -> None:
        if job.name == self.baseline or job.kind == "fetch":
            self.again()

    def _tick(self) -> None:
        if any(job.under_way for job in self._jobs()):
            self._draw()

    @on(Rows.Opened)
    def _opened(self, message: Rows.Opened) -> None:
        from hub.tui.run import KeptScreen, RunScreen

        key = message.key or ""
        for job in self._jobs():
            if key == f"job {id(job)}":
                self.app.push_screen(RunScreen(job))
                return
        for record in self.known.runs.get(self.baseline, ()) if self.known else ():
            if record["id"] == key:
                self.app.push_screen(KeptScreen(record))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action == "reproduce" or super().check_action(action, parameters)

    def action_reproduce(self) -> None:
        from hub.tui.start import StartRun

        self.app.push_screen(StartRun(f"baseline:{self.baseline}"))

    def action_fetch(self) -> None:
        one = self.known.named(self.baseline) if self.known else None
        if one is not None:
            from hub.tui.fetching import FetchScreen

            self.app.push_screen(FetchScreen(one.baseline.dataset))


# -- how it reads ----------------------------------------------------------------------------


def torch_lines(say: Say) -> list[Line | Heading]:
    return [
        Line(say("torch is not installed: nothing can run here yet."), ink="warn"),
        Line(say("It comes with: {command}").format(command=INSTALL)),
    ]


def start_lines(say: Say) -> list[Line | Heading]:
    """What an empty list of runs teaches."""
    return [
        Line(say("Nothing was measured here yet: r runs it."), ink="faint"),
        Line(
            say("Budget smoke takes seconds; full with three seeds gives a verdict."), ink="faint"
        ),
    ]


def data_state(say: Say, where: Data | None) -> str:
    """A word for it; `…` before it is known."""
    if where is None:
        return "…"
    if where.here:
        return f"✓ {say('here')}"
    return f"✗ {say('missing')}" if where.accepted else f"✗ {say('terms')}"


def recipe_lines(say: Say, one: "Listed", where: Data | None) -> list[Line | Heading]:
    """All that is declared, claimed and measured of a baseline."""
    baseline = one.baseline
    lines: list[Line | Heading] = [Line(t(baseline.title), ink="title")]
    meaning = (
        say("CLOSED: the published model and recipe")
        if baseline.label == "CLOSED"
        else say("OPEN: same data and metric, any recipe")
    )
    lines += [Line(meaning, ink="faint"), Heading(say("Claimed")), *claim_lines(say, one.claim)]
    lines += [Heading(say("Measured here")), *comparison_lines(say, one.comparison)]
    lines += [Heading(say("What it needs")), *need_lines(say, one, where)]
    lines += [
        Heading(say("Recipe")),
        Line(f"reproduce/baselines/{baseline.name}.py", say("File")),
        Line(f"{baseline.parameters:,}", say("Parameters")),
        Line(f"{baseline.epochs:,}" if baseline.epochs else say("closed form"), say("Epochs")),
    ]
    if baseline.teaches:
        lines.append(Line("\n".join(baseline.teaches), say("Teaches")))
    lines += [Line(t(note), say("Remark")) for note in baseline.notes]
    return lines


def need_lines(say: Say, one: "Listed", where: Data | None) -> Iterable[Line]:
    """Data and licence, time, memory, device."""
    baseline = one.baseline
    yield data_line(say, baseline.dataset, where)
    if where is not None:
        yield Line(where.licence or say("none stated"), say("Data licence"))
        if where.notice:
            state = say("accepted") if where.accepted else say("to be accepted first")
            yield Line(f"{where.notice} ({state})", say("Terms"))
    seconds = seconds_of(one)
    unknown = say("known after the first run here")
    about = say("about {n} a seed").format(n=lasting(say, seconds))
    yield Line(unknown if seconds is None else about, say("Time here"))
    yield Line(f"{baseline.memory_mb:,} MB", say("Memory"))
    threads = str(baseline.threads) if baseline.threads else say("as torch chooses")
    yield Line(f"CPU · {say('threads')}: {threads}", say("Device"))


def data_line(say: Say, name: str, where: Data | None) -> Line:
    """Whether the data are here, and what gets them."""
    if where is None:
        return Line(f"{name} · …", say("Data"))
    if where.here:
        how = say("comes with scikit-learn") if where.package else say("here")
        return Line(f"{where.title} · {bytes_(where.size)} · {how}\n{where.folder}", say("Data"))
    missing = say("missing: d gets it, or hub dataset get {name}").format(name=name)
    return Line(f"{where.title} · {bytes_(where.size)} · {missing}", say("Data"), "warn")


def run_lines(say: Say, runs: tuple[dict[str, Any], ...]) -> list[Line | Heading]:
    """The newest runs, one a line."""
    if not runs:
        return []
    lines: list[Line | Heading] = [Heading(f"{say('Runs')}  {len(runs):,}")]
    for one in runs[:FEW]:
        said = f"{say('seed {n}').format(n=one['seed'])} · {say(one['budget'])} · {value_of(one)}"
        lines.append(Line(said, ago(say, one["started_at"])))
    if len(runs) > FEW:
        more = say("{n} more").format(n=f"{len(runs) - FEW:,}")
        lines.append(Line(f"{more} · {say('Enter shows all')}", ink="faint"))
    return lines


def run_row(say: Say, one: dict[str, Any]) -> Row:
    reasons = [say(str(reason["reason"])) for reason in one["reasons"]]
    if one.get("imported"):
        reasons.insert(0, say("measured by somebody else"))
    return Row(
        str(one["id"]),
        {
            "run": str(one["id"]),
            "when": ago(say, one["started_at"]),
            "seed": str(one["seed"]),
            "budget": say(one["budget"]),
            "value": value_of(one),
            "lasted": lasting(say, one["whole"]["wall_seconds"]),
            "note": ", ".join(reasons) or say("full budget"),
        },
        {"run": "faint", "value": "strong"},
    )


def job_row(say: Say, job: Training) -> Row:
    """A run that is under way, or was stopped."""
    share = f" {job.share:.0%}" if job.share is not None and job.under_way else ""
    seeds = ", ".join(str(wish.seed) for wish in job.wishes)
    return Row(
        f"job {id(job)}",
        {
            "run": "▶" if job.under_way else "■",
            "when": say("now") if job.under_way else "",
            "seed": seeds,
            "budget": say(job.wish.budget),
            "value": f"{len(job.records)}/{len(job.wishes)}",
            "lasted": lasting(say, job.seconds),
            "note": f"{say(job.state)}{share}",
        },
        {"run": "good", "note": "good" if job.under_way else "warn"},
    )
