"""What goes on while the user browses: each job in a child process, watched by a thread of its own.

A job outlives the screen that started it and never the app: however the app ends, its children are
told to stop, and a training leaves a checkpoint to go on from.
"""

import atexit
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from crawlers.clean import clean
from hub.child import told_by
from hub.errors import HubError, NetworkError
from hub.paths import Paths

if TYPE_CHECKING:
    from hub.runs import Wish
    from hub.tui.app import HubApp
    from hub.verdict import Comparison

State = Literal["waiting", "going", "stopping", "done", "stopped", "failed"]

PATIENCE: Final = 20.0
"""Seconds that a job may take to write its checkpoint, or its page in hand, before the app goes."""

RATE_SECONDS: Final = 10.0
"""The step rate is that of so many last seconds: a run that was gone on with has no other."""


class Stopped(Exception):
    """The user stopped the job."""


class Job:
    """One thing under way. Its thread alone writes what it shows; screens look at it by a timer."""

    kind: ClassVar[str] = "job"

    def __init__(self, paths: Paths, lang: str) -> None:
        self.paths = paths
        self.lang = lang
        self.state: State = "waiting"
        self.error: HubError | None = None
        """Why it failed, and what to do next."""
        self.began = time.monotonic()
        self.ended: float | None = None
        self._asked = threading.Event()

    @property
    def name(self) -> str:
        """What it is, in a word: the same in every language."""
        raise NotImplementedError

    def carry_out(self) -> None:
        """The work itself, in the job's thread. Stopped, HubError."""
        raise NotImplementedError

    @property
    def under_way(self) -> bool:
        return self.state in ("waiting", "going", "stopping")

    @property
    def seconds(self) -> float:
        """How long it goes on, or went on."""
        return (self.ended or time.monotonic()) - self.began

    def stop(self) -> None:
        """Asks the job to stop: a training keeps a checkpoint, a crawl the page in hand."""
        self._asked.set()
        if self.under_way:
            self.state = "stopping"

    def stop_asked(self) -> bool:
        return self._asked.is_set()

    def run(self) -> None:
        """Carries it out and notes how it ended; raises nothing."""
        if not self.stop_asked():
            self.state = "going"
        end: State = "failed"
        try:
            self.carry_out()
            end = "done"
        except Stopped:
            end = "stopped"
        except HubError as error:
            # A child that is told to stop while it still starts ends as it can.
            end, self.error = ("stopped", None) if self.stop_asked() else ("failed", error)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            self.error = HubError(f"{type(error).__name__}: {error}")
        finally:
            self.ended = time.monotonic()
            self.state = end


class Running:
    """The jobs of an app, in the order in which they were started."""

    def __init__(self, app: "HubApp") -> None:
        self._app = app
        self._threads: dict[int, threading.Thread] = {}
        self.jobs: list[Job] = []
        self.on_change: list[Callable[[Job], None]] = []
        """Called on the app's own thread when a job begins or ends."""
        # The threads are daemons, which an interpreter that ends does not wait for: this does.
        atexit.register(self.end)

    @property
    def under_way(self) -> tuple[Job, ...]:
        return tuple(job for job in self.jobs if job.under_way)

    def start(self, job: Job) -> None:
        """Begins a job; returns at once."""
        self.jobs.append(job)
        thread = threading.Thread(target=self._run, args=(job,), name=job.name, daemon=True)
        self._threads[id(job)] = thread
        thread.start()
        self._told(job)

    def of(self, kind: str, name: str | None = None) -> tuple[Job, ...]:
        """Jobs of a kind (and name), the newest first."""
        return tuple(
            job for job in reversed(self.jobs) if job.kind == kind and name in (None, job.name)
        )

    def stop(self) -> None:
        """Asks all of them to stop."""
        for job in self.under_way:
            job.stop()

    def end(self, patience: float = PATIENCE) -> None:
        """Stops all of them and waits until they have: nothing is left behind."""
        self.stop()
        deadline = time.monotonic() + patience
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, job: Job) -> None:
        job.run()
        self._app.call_later(self._told, job)

    def _told(self, job: Job) -> None:
        from hub.tui.leaving import changed

        for tell in tuple(self.on_change):
            tell(job)
        changed(self._app, job)


# -- trainings -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """One look at the training of a seed."""

    step: int
    total: int
    epoch: int
    seconds: float
    values: dict[str, float]


class Training(Job):
    """A baseline trained with one seed after the other, and kept as `hub reproduce` keeps it."""

    kind = "training"

    def __init__(self, paths: Paths, lang: str, wishes: "Sequence[Wish]") -> None:
        super().__init__(paths, lang)
        self.wishes = tuple(wishes)
        self.at = 0
        """Which of the wishes is in hand."""
        self.records: list[dict[str, Any]] = []
        """What was measured so far, in the order of the wishes."""
        self.looks: list[Look] = []
        """At the seed in hand."""
        self.comparison: Comparison | None = None
        """Claimed beside measured, of all runs that are kept; renewed after each seed."""
        self._late: deque[Look] = deque()

    @property
    def name(self) -> str:
        return self.wishes[0].baseline

    @property
    def wish(self) -> "Wish":
        """The one in hand."""
        return self.wishes[min(self.at, len(self.wishes) - 1)]

    @property
    def look(self) -> Look | None:
        return self.looks[-1] if self.looks else None

    @property
    def rate(self) -> float | None:
        """Steps a second, of late; None before there are two looks."""
        late = tuple(self._late)
        if len(late) < 2 or late[-1].seconds <= late[0].seconds:
            return None
        return (late[-1].step - late[0].step) / (late[-1].seconds - late[0].seconds)

    @property
    def share(self) -> float | None:
        """Of all seeds' steps; None where a budget ends the training before its last step."""
        look = self.look
        if self.state == "done":
            return 1.0
        if self.wish.budget == "smoke" or self.wish.minutes or look is None:
            return self.at / len(self.wishes) if self.at else None
        return (self.at + look.step / max(1, look.total)) / len(self.wishes)

    @property
    def seconds_left(self) -> float | None:
        """Of training, all seeds together; None while nobody can say."""
        look, rate = self.look, self.rate
        if look is None or not rate or self.wish.budget == "smoke":
            return None
        one, rest = look.total / rate, (look.total - look.step) / rate
        if self.wish.minutes:
            most = self.wish.minutes * 60
            one, rest = min(one, most), min(rest, max(0.0, most - look.seconds))
        return rest + one * (len(self.wishes) - self.at - 1)

    def carry_out(self) -> None:
        from hub import child, costs, events, runs
        from hub.library import Library

        for at, wish in enumerate(self.wishes):
            if self.stop_asked():
                raise Stopped
            self.at = at
            self.looks, self._late = [], deque()
            try:
                record = runs.carry_out(self.paths, wish, tell=self._look, stop=self.stop_asked)
            except child.Interrupted:
                raise Stopped from None
            with Library.open(self.paths.library, write=True) as own:
                own.keep_run(record)
                kept = own.runs(wish.baseline)
            runs.settled(self.paths, wish)
            if peak := record["speed"]["peak_flops_per_second"]:
                costs.learn(self.paths, record["environment"]["threads"], peak)
            events.keep(self.paths, record)
            self.records.append(record)
            self.comparison = runs.comparison_of(wish.baseline, self.records, kept)

    def _look(self, said: dict[str, Any]) -> None:
        """Takes a line of progress; one that is none is passed over."""
        try:
            look = Look(
                int(said["step"]),
                int(said["total"]),
                int(said["epoch"]),
                float(said["seconds"]),
                {clean(str(name)): float(value) for name, value in said["values"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        self.looks.append(look)
        late = self._late
        late.append(look)
        while len(late) > 2 and look.seconds - late[0].seconds > RATE_SECONDS:
            late.popleft()

    def again(self) -> "Training":
        """What is left of a stopped or failed training, from its last checkpoint on."""
        left = self.wishes[len(self.records) :]
        return Training(
            self.paths,
            self.lang,
            (replace(left[0], resume=True), *left[1:]) if left else self.wishes,
        )


def left_over(paths: Paths, baseline: str) -> tuple[tuple[int, str], ...]:
    """Seed and budget of the runs of a baseline that were stopped and can be gone on with."""
    found = []
    for folder in sorted((paths.home / "runs").glob(f"{baseline}-seed-*/checkpoints")):
        said = re.fullmatch(r"(\d+)-(\w+)", folder.parent.name.removeprefix(f"{baseline}-seed-"))
        with suppress(OSError):
            if said and any(folder.iterdir()):
                found.append((int(said[1]), said[2]))
    return tuple(found)


# -- commands of the hub ---------------------------------------------------------------------


class Command(Job):
    """A command of the hub as a child: its progress as lines of JSON, its answer as one document."""

    def __init__(self, paths: Paths, lang: str, *words: str) -> None:
        super().__init__(paths, lang)
        self.words = words
        self.code: int | None = None
        self.answer: Any = None
        """The data of its JSON document; None until it has ended, or where it wrote none."""
        self.sentences: deque[str] = deque(maxlen=50)
        """What it said for people."""

    def took(self, said: dict[str, Any]) -> None:
        """A line of progress."""

    def carry_out(self) -> None:
        """Stopped; HubError with what the command said."""
        child = subprocess.Popen(
            [sys.executable, "-m", "hub", "--no-input", *self.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=self._environment(),
            start_new_session=True,  # Ctrl-C in the terminal is the app's alone
        )
        written: list[str] = []
        ears = (
            threading.Thread(target=self._listen, args=(child,), daemon=True),
            threading.Thread(target=lambda: written.append(_all_of(child)), daemon=True),
        )
        for ear in ears:
            ear.start()
        try:
            self._wait(child)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            for ear in ears:
                ear.join(5)
        self.code = child.returncode
        with suppress(ValueError, KeyError, TypeError):
            self.answer = json.loads("".join(written))["data"]
        self.judge()

    def judge(self) -> None:
        """Raises what the command's end means."""
        if self.code == 130 or (self.code and self.stop_asked()):
            raise Stopped
        if self.code:
            kind = NetworkError if self.code == 3 else HubError
            what, hint = self._complaint()
            raise kind(what, hint=hint)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HUB_HOME": str(self.paths.home),
            "HUB_LANG": "zh" if self.lang.startswith("zh") else "en",
            "HUB_PROGRESS": "json",
            "PYTHONIOENCODING": "utf-8",
            "NO_COLOR": "1",
        }

    def _listen(self, child: "subprocess.Popen[str]") -> None:
        assert child.stderr is not None
        for said in told_by(child.stderr):
            if isinstance(said, dict):
                self.took(said)
            elif clean(said):
                self.sentences.append(clean(said))

    def _wait(self, child: "subprocess.Popen[str]") -> None:
        """Until it ends; one that is to stop is asked kindly, then firmly, then not any more."""
        steps = deque(((0.0, child.terminate), (10.0, child.terminate), (15.0, child.kill)))
        asked: float | None = None
        while child.poll() is None:
            if self.stop_asked():
                asked = asked or time.monotonic()
                while steps and time.monotonic() - asked >= steps[0][0]:
                    steps.popleft()[1]()
            time.sleep(0.05)

    def _complaint(self) -> tuple[str, str | None]:
        """What went wrong and what to do next, as the command wrote it."""
        lines = list(self.sentences)
        marks = ("error:", "错误：", "错误:")
        at = next((n for n in reversed(range(len(lines))) if lines[n].startswith(marks)), None)
        if at is None:
            return (lines[-1] if lines else f"hub {' '.join(self.words)}: {self.code}"), None
        what = next(lines[at].removeprefix(m) for m in marks if lines[at].startswith(m)).strip()
        return what, " ".join(lines[at + 1 :]) or None


def _all_of(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.read()
