"""What the app does when a job begins or ends, and the question before it is left while one goes on."""

from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button

from crawlers.clean import clean_lines
from hub.text import told
from hub.tui.asking import Asking, Window
from hub.tui.keyline import KeyLine
from hub.tui.measured import Facts, Line, lasting
from hub.tui.running import PATIENCE, Job, Training
from hub.tui.screens import HubScreen

if TYPE_CHECKING:
    from hub.tui.app import HubApp


def screen_of(job: Job) -> Screen[Any]:
    """The screen that watches a job."""
    if isinstance(job, Training):
        from hub.tui.run import RunScreen

        return RunScreen(job)
    if job.kind == "crawl":
        from hub.tui.crawling import Crawl, CrawlScreen

        assert isinstance(job, Crawl)
        return CrawlScreen(job)
    from hub.tui.fetching import FetchScreen

    return FetchScreen(job.name)


def watch(app: "HubApp", job: Job) -> None:
    """Opens the screen of a job, unless it is open already."""
    if getattr(app.screen, "job", None) is not job:
        app.push_screen(screen_of(job))


def changed(app: "HubApp", job: Job) -> None:
    """What the app does when a job has ended: says so in the corner unless the user looks at it
    anyway, and has the screens read anew what a crawl wrote."""
    for screen in app.screen_stack:
        screen.query(KeyLine).refresh()
    if job.under_way:
        return
    if job.kind == "crawl":
        for screen in app.screen_stack:
            if isinstance(screen, HubScreen) and getattr(screen, "job", None) is not job:
                screen.again()
    if getattr(app.screen, "job", None) is job:
        return
    said = app.say(_ENDS[job.state]).format(name=job.name)
    if isinstance(job, Training) and job.state == "done" and job.comparison is not None:
        said += f" · {app.say(job.comparison.verdict)}"
    if job.error is not None:
        said += f"\n{told(job.error.what)}"
    bad = job.state == "failed"
    app.notify(clean_lines(said), severity="error" if bad else "information", markup=False)


_ENDS: Final = {
    "done": "{name} is done",
    "stopped": "{name} was stopped",
    "failed": "{name} failed",
}


class LeaveScreen(Asking[None]):
    """Stop what goes on and leave, or stay."""

    AUTO_FOCUS = "#stay"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "leave", "Stop and leave"),
        Binding("q", "close", "Stay", show=False),
        Binding("left,right", "app.focus_next", "Next", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.since: float | None = None
        """Seconds since it was decided to leave; None: it was not."""

    def compose(self) -> ComposeResult:
        with Window(classes="window") as window:
            window.border_title = Content(self.say("Leave?"))
            yield Facts()
            with Horizontal(classes="buttons"):
                yield Button(self.say("Stay"), variant="primary", compact=True, id="stay")
                yield Button(self.say("Stop and leave"), compact=True, id="leave")
        yield KeyLine()

    def on_mount(self) -> None:
        self._draw()
        self.set_interval(0.2, self._tick)

    def _draw(self) -> None:
        under_way = self.hub.running.under_way
        lines = [Line(f"{self.say(job.state)} · {lasting(self.say, job.seconds)}", job.name)
                 for job in under_way]  # fmt: skip
        kept = "A training keeps a checkpoint, a crawl its page: both can be gone on with."
        lines.append(Line(self.say(kept), ink="faint"))
        self.query_one(Facts).show(lines)

    def _tick(self) -> None:
        self._draw()
        if self.since is None:
            if not self.hub.running.under_way:
                self.dismiss(None)
            return
        self.since += 0.2
        if not self.hub.running.under_way or self.since > PATIENCE:
            self.app.exit()

    @on(Button.Pressed, "#stay")
    def action_close(self) -> None:
        if self.since is None:
            self.dismiss(None)

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        if self.since is None:
            self.since = 0.0
            self.hub.running.stop()
            self.query_one("#stay", Button).disabled = True
            self.query_one("#leave", Button).disabled = True
            self._draw()
