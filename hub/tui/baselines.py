"""Baselines & runs: what can run here, what is claimed for it, what was measured so far."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from crawlers.clean import clean
from hub.errors import HubError
from hub.tui.measured import (
    INK_OF,
    Facts,
    claimed,
    lasting,
    measured,
    wrong_lines,
)
from hub.tui.panes import RowsPane
from hub.tui.recipe import data_state, recipe_lines, run_lines, torch_lines
from hub.tui.rows import Column, Row, Rows
from hub.tui.runnable import Able, Data, able, data, seconds_of, tried
from hub.tui.running import Job, Training

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
            from hub.tui.baseline import BaselineScreen

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
