"""One baseline: its recipe, and every run of it here."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.worker import get_current_worker

from crawlers.clean import clean
from hub.errors import HubError
from hub.tui.baselines import Found, Known
from hub.tui.help import KeyPage
from hub.tui.keyline import KeyLine
from hub.tui.measured import (
    Facts,
    Heading,
    Line,
    ago,
    lasting,
    value_of,
    wrong_lines,
)
from hub.tui.recipe import recipe_lines, torch_lines
from hub.tui.rows import Column, Row, Rows
from hub.tui.runnable import Able, Data, able, data, tried
from hub.tui.running import Job, Training
from hub.tui.screens import HubScreen
from hub.tui.strings import Say

COLUMNS: Final = (
    Column("run", "Run", rank=-1),
    Column("when", "When", rank=1),
    Column("seed", "Seed", right=True),
    Column("budget", "Budget", rank=2),
    Column("value", "Measured", right=True),
    Column("lasted", "Lasted", rank=3, right=True),
    Column("note", "State", rank=1),
)


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
                yield Rows(COLUMNS)
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


def start_lines(say: Say) -> list[Line | Heading]:
    """What an empty list of runs teaches."""
    return [
        Line(say("Nothing was measured here yet: r runs it."), ink="faint"),
        Line(
            say("Budget smoke takes seconds; full with three seeds gives a verdict."), ink="faint"
        ),
    ]


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
