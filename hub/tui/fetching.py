"""Getting the files of a dataset: `hub dataset get` in a child, with progress and terms to accept."""

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Checkbox
from textual.worker import get_current_worker

from crawlers.clean import clean
from hub.errors import HubError, NotFound
from hub.paths import Paths
from hub.tui.asking import Asking, Window
from hub.tui.keyline import KeyLine
from hub.tui.measured import Facts, Heading, Line, bytes_, lasting, wrong_lines
from hub.tui.runnable import Data, data, tried
from hub.tui.running import Command
from hub.tui.strings import Say


class Fetch(Command):
    """The files of one dataset, found or downloaded, and every byte of them checked."""

    kind = "fetch"

    def __init__(self, paths: Paths, lang: str, dataset: str, *, accept: bool = False) -> None:
        terms = ("--accept",) if accept else ()
        super().__init__(paths, lang, "dataset", "get", dataset, *terms, "--json")
        self.dataset = dataset
        self.files: dict[str, tuple[int, int | None]] = {}
        """Name -> bytes that are here, bytes there are."""

    @property
    def name(self) -> str:
        return self.dataset

    def took(self, said: dict[str, Any]) -> None:
        name, done, size = said.get("file"), said.get("done"), said.get("size")
        if isinstance(name, str) and isinstance(done, int):
            self.files[clean(name)] = (done, size if isinstance(size, int) else None)


class FetchScreen(Asking[bool]):
    """What is to be got and under which terms; then how far it is. True when the data are here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Stop", tooltip="Stop the download; what came is kept"),
    ]

    class Told(Message):
        """It is known what the dataset is and where it lies."""

        def __init__(self, outcome: Data | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, dataset: str, *, at_once: bool = False, accept: bool = False) -> None:
        super().__init__()
        self.dataset = dataset
        self.found: Data | None = None
        self.wrong: HubError | None = None
        self.at_once = at_once
        """Begin without being asked again."""
        self.closes = at_once
        """Close as soon as the data are here."""
        self._done: Fetch | None = None
        self.accept = accept

    def compose(self) -> ComposeResult:
        with Window(classes="window") as window:
            window.border_title = Content(clean(f"{self.say('Get data')} · {self.dataset}"))
            yield Facts()
            yield Checkbox(self.say("I accept these terms"), compact=True, id="accept")
            with Horizontal(classes="buttons"):
                yield Button(self.say("Get it"), variant="primary", compact=True, id="get")
                yield Button(self.say("Close"), compact=True, id="close")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#accept").display = False
        self.query_one("#get").display = False
        self.set_interval(0.3, self.draw)
        self.look()

    @property
    def job(self) -> Fetch | None:
        """The newest download of this dataset."""
        jobs = self.hub.running.of("fetch", self.dataset)
        return next((job for job in jobs if isinstance(job, Fetch)), None)

    @work(thread=True, exclusive=True, group="fetch")
    def look(self) -> None:
        worker, paths, lang = get_current_worker(), self.paths, self.hub.lang

        def found() -> Data:
            known = data(paths, lang)
            if self.dataset not in known:
                raise NotFound(f"no dataset {self.dataset}", hint="hub dataset list")
            return known[self.dataset]

        outcome = tried(paths, found)
        if not worker.is_cancelled:
            self.post_message(self.Told(outcome))

    @on(Told)
    def _told(self, message: Told) -> None:
        if isinstance(message.outcome, HubError):
            self.wrong = message.outcome
        else:
            self.found, self.wrong = message.outcome, None
        if self.at_once and self.found is not None and not self.found.here:
            self.at_once = False
            self.action_get()
        self.draw()
        if self.closes and self.found is not None and self.found.here:
            self.dismiss(True)

    def draw(self) -> None:
        """Shows the dataset, and how its download goes."""
        job, found = self.job, self.found
        lines: list[Line | Heading] = []
        if self.wrong is not None:
            lines += wrong_lines(self.wrong)
        if found is None:
            lines.append(Line("…", ink="faint"))
        else:
            lines += dataset_lines(self.say, found)
        if job is not None:
            lines += job_lines(self.say, job)
        self.query_one(Facts).show(lines)
        busy = job is not None and job.under_way
        here = found is not None and found.here
        terms = found is not None and not found.accepted
        self.query_one("#accept").display = terms and not busy
        button = self.query_one("#get", Button)
        button.display = found is not None and not busy
        button.label = self.say("Check it") if here else self.say("Get it")
        if job is not None and job.state == "done" and job is not self._done:
            self._done = job
            self.look()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            job = self.job
            return job is not None and job.state in ("waiting", "going")
        return super().check_action(action, parameters)

    @on(Button.Pressed, "#get")
    def action_get(self) -> None:
        if self.job is None or not self.job.under_way:
            accept = self.accept or self.query_one("#accept", Checkbox).value
            self.hub.running.start(Fetch(self.paths, self.hub.lang, self.dataset, accept=accept))
            self.draw()

    def action_cancel(self) -> None:
        if self.job is not None:
            self.job.stop()
            self.draw()

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        self.dismiss(self.found is not None and self.found.here)


def dataset_lines(say: Say, found: Data) -> Iterable[Line | Heading]:
    yield Line(found.title, ink="title")
    yield Line(found.licence or say("none stated"), say("Data licence"))
    if found.notice:
        yield Line(found.notice, say("Terms"))
    yield Line(bytes_(found.size), say("Size"))
    if found.folder:
        yield Line(found.folder, say("Lies in"), "good")
    elif found.package:
        yield Line(say("It comes with a package that is not installed."), say("Lies in"), "warn")
    else:
        yield Line(say("not on this machine"), say("Lies in"), "warn")


def job_lines(say: Say, job: Fetch) -> Iterable[Line | Heading]:
    """How a download goes, file by file."""
    inks = {"done": "good", "failed": "bad", "stopped": "warn"}
    words = {"done": say("checked to the last byte"), "stopped": say("stopped; what came is kept")}
    yield Heading(f"{words.get(job.state, say(job.state))} · {lasting(say, job.seconds)}")
    for name, (done, size) in list(job.files.items()):
        share = f"{done / size:.0%}  " if size else ""
        yield Line(f"{share}{bytes_(done)} / {bytes_(size)}", name)
    if job.error is not None:
        yield from wrong_lines(job.error)
    elif job.under_way and not job.files:
        yield Line(say("looking where the files are …"), ink=inks.get(job.state, "faint"))
