"""Runs from the browser: real children train real recipes, and are watched, stopped, gone on with."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Checkbox, Input, Select

from crawlers import knowledge
from hub.library import Library
from hub.paths import Paths
from hub.runs import Wish
from hub.tui import runnable
from hub.tui.app import HubApp
from hub.tui.baseline import BaselineScreen
from hub.tui.baselines import BaselinesPane
from hub.tui.fetching import FetchScreen
from hub.tui.keyline import KeyLine
from hub.tui.leaving import LeaveScreen
from hub.tui.measured import Facts, ago, lasting
from hub.tui.rows import Rows
from hub.tui.run import KeptScreen, RunScreen
from hub.tui.running import Running, Training, left_over
from hub.tui.start import StartRun, seeds_of
from hub.tui.strings import chinese
from hub.verdict import claims
from reproduce.baseline import declared, names
from tests import warm
from tests.hubtest import ROOT, environment, run
from tests.tuitest import drive, make_home, shown, until

LONG = 60.0
"""Seconds that a child may take to import torch while others use the machine."""


@pytest.fixture(autouse=True)
def quick_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the browser starts is forked from a process that has torch."""
    monkeypatch.setattr(sys, "executable", warm.python())


@pytest.fixture
def home(fresh_home: Path) -> Paths:
    """A home of this test: the children that are started read it from HUB_HOME."""
    return make_home(fresh_home)


async def eventually(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """For what children do."""
    await until(pilot, condition, LONG)


async def baselines(app: HubApp, pilot: Pilot[None]) -> BaselinesPane:
    """The pane, once it knows the baselines and where their data lie."""
    await pilot.press("8")
    await until(pilot, lambda: app.screen.query(BaselinesPane))
    pane = app.screen.query_one(BaselinesPane)
    await until(pilot, lambda: pane.chosen and pane.datasets and app.focused is pane.table)
    return pane


async def form(app: HubApp, pilot: Pilot[None], name: str, **fields: str) -> StartRun:
    """The window before a run of a baseline, filled in."""
    app.push_screen(StartRun(f"baseline:{name}"))
    await until(pilot, lambda: isinstance(app.screen, StartRun) and app.screen.known)
    screen = app.screen
    assert isinstance(screen, StartRun)
    for field, value in fields.items():
        control = screen.query_one(f"#{field}")
        assert isinstance(control, Input | Select)
        control.value = value
    await pilot.pause()
    return screen


async def started(app: HubApp, pilot: Pilot[None], name: str, **fields: str) -> Training:
    """The job of a run that was started from its window."""
    await form(app, pilot, name, **fields)
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(app.screen, RunScreen))
    job = app.running.jobs[-1]
    assert isinstance(job, Training)
    return job


def sheet(app: HubApp, selector: str) -> str:
    return app.screen.query_one(selector, Facts).text


def children(parent: int) -> list[int]:
    """Processes that were started by a process, and theirs."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            said = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(said[1]) == parent and said[0] != "Z":
            found.append(int(place.parent.name))
    return found + [inner for one in found for inner in children(one)]


def trainers() -> list[int]:
    """Processes that train for this one."""
    found = []
    for process in children(os.getpid()):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        found += [process] if b"reproduce" in words else []
    return found


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# -- what can run here -----------------------------------------------------------------------


def test_every_baseline_stands_there_with_claim_data_and_cost(home: Paths):
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        pane = await baselines(app, pilot)
        rows = {row.key: row.cells for row in pane.table.values}
        assert set(rows) == set(names())
        assert rows["mnist_lenet"]["claimed"] == "0.95 %"
        assert rows["mnist_lenet"]["data"] == "✗ missing"
        assert rows["diabetes_linear"]["data"] == "✓ here"
        assert rows["diabetes_linear"]["memory"] == "300 MB"
        pane.table.go_to("mnist_linear")
        await until(pilot, lambda: "reproduce/baselines/mnist_linear" in said())
        one = declared("mnist_linear")
        claim = claims(knowledge.folder())[str(one.claim)]
        for text in (
            claim.title, claim.where, claim.protocol, *claim.disputes, *one.notes, *one.teaches,
            "hub dataset get mnist",
        ):  # fmt: skip
            assert text in said(), text

    def said() -> str:
        return app_of[0].screen.query_one("#sheet Facts", Facts).text

    app_of: list[HubApp] = []

    async def noted(app: HubApp, pilot: Pilot[None]) -> None:
        app_of.append(app)
        await promise(app, pilot)

    drive(home, noted, size=(160, 50))


def test_without_torch_the_pane_says_what_brings_it(home: Paths, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runnable, "find_spec", lambda name: None)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await baselines(app, pilot)
        assert "pip install 'deep-learning-hub[reproduce]'" in sheet(app, "#note-above")
        screen = await form(app, pilot, "digits_backprop")
        assert screen.query_one("#start", Button).disabled
        await pilot.press("ctrl+s")
        assert app.screen is screen and app.under_way == 0

    drive(home, promise)


def test_entry_offers_the_baselines_of_its_dataset_and_method(home: Paths):
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        for key, expected in (
            ("dataset:mnist", {name for name in names() if name.startswith("mnist_")}),
            ("method:backpropagation", {"digits_backprop"}),
            ("dataset:imagenet", set()),
        ):
            app.push_screen(StartRun(key))
            await until(pilot, lambda: isinstance(app.screen, StartRun) and app.screen.known)
            screen = app.screen
            assert isinstance(screen, StartRun)
            assert {one.baseline.name for one in screen.fit} >= expected
            if not expected:
                assert "No baseline here runs on this." in screen.query_one(Facts).text
                assert "mnist_lenet" in screen.query_one(Facts).text
            await pilot.press("escape")

    drive(home, promise)


def test_cost_data_and_mistakes_are_said_before_a_run(home: Paths):
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        screen = await form(app, pilot, "mnist_lenet", seeds="1-3")
        said = screen.query_one(Facts).text
        memory = f"{declared('mnist_lenet').memory_mb:,} MB"
        assert "missing" in said and memory in said and "free here" in said
        button = screen.query_one("#start", Button)
        assert str(button.label) == "Get data and start" and not button.disabled
        for field, wrong, hint in (
            ("seeds", "one", "2,5"), ("minutes", "-1", "0.01"), ("threads", "0", "1024"),
        ):  # fmt: skip
            control = screen.query_one(f"#{field}", Input)
            right, control.value = control.value, wrong
            await until(pilot, lambda hint=hint: hint in screen.query_one(Facts).text)
            assert button.disabled
            control.value = right
        await until(pilot, lambda: not button.disabled)

    drive(home, promise)


def test_run_of_many_hours_is_not_started_by_a_slip(home: Paths):
    """Measured here: 90 minutes a seed."""
    with Library.open(home.library, write=True) as own:
        own.keep_run(a_run("digits_backprop", 1, 94.0) | {"whole": {"wall_seconds": 5400.0}})

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        screen = await form(app, pilot, "digits_backprop", seeds="1-2")
        assert "3 h 0 min" in screen.query_one(Facts).text
        assert screen.query_one("#start", Button).disabled
        screen.query_one("#long", Checkbox).value = True
        await until(pilot, lambda: not screen.query_one("#start", Button).disabled)

    drive(home, promise)


def test_library_that_cannot_be_read_is_a_message_and_the_browser_goes_on(home: Paths):
    home.library.write_bytes(b"no database" * 500)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("8")
        await until(pilot, lambda: app.screen.query("#note-above"))
        await until(pilot, lambda: "library.db" in sheet(app, "#note-above"))
        await pilot.press("1")
        assert app.screen.tab_shown == "Papers"  # type: ignore[attr-defined]

    drive(home, promise)


def test_missing_data_without_network_say_where_to_get_them(
    home: Paths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_OFFLINE", "1")

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await form(app, pilot, "mnist_mlp")
        await pilot.press("ctrl+s")
        await eventually(pilot, lambda: isinstance(app.screen, FetchScreen) and app.screen.job)
        screen = app.screen
        assert isinstance(screen, FetchScreen)
        await eventually(pilot, lambda: screen.job and screen.job.state == "failed")
        await until(pilot, lambda: "offline" in screen.query_one(Facts).text)
        assert "hub dataset get mnist --from FOLDER" in screen.query_one(Facts).text
        await pilot.press("escape")
        assert isinstance(app.screen, StartRun) and not app.running.of("training")

    drive(home, promise)


@pytest.mark.parametrize(
    ("size", "lang"), [((60, 15), "zh"), ((80, 24), "en"), ((250, 80), "zh")], ids=str
)
def test_panes_and_windows_stay_usable_at_every_size(home: Paths, size: tuple[int, int], lang: str):
    with Library.open(home.library, write=True) as own:
        own.keep_run(a_run("digits_backprop", 1, 94.0))

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        pane = await baselines(app, pilot)
        assert "digits_backprop" in shown(app)
        pane.table.go_to("digits_backprop")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BaselineScreen) and app.screen.known)
        await until(pilot, lambda: app.screen.query_one(Rows).values)
        app.screen.query_one(Rows).focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, KeptScreen) and app.screen.query("#loss"))
        assert "94.00" in sheet(app, "#state")
        await pilot.press("q", "q")
        screen = await form(app, pilot, "digits_backprop")
        button = screen.query_one("#start", Button)
        button.scroll_visible(animate=False)
        await pilot.pause()
        assert screen.region.contains_region(button.region)

    drive(home, promise, size=size, lang=lang)


# -- running ---------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.timeout(240)
def test_run_goes_on_while_one_browses_stops_and_goes_on_to_its_verdict(home: Paths):
    """Three seeds: the second is stopped, what was measured stays, the rest is done when asked."""

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        pane = await baselines(app, pilot)
        job = await started(app, pilot, "diabetes_linear", seeds="1-3")
        await until(pilot, lambda: "torch is being loaded" in sheet(app, "#state"))
        await pilot.press("escape", "1")
        assert app.screen.tab_shown == "Papers"  # type: ignore[attr-defined]
        assert app.under_way == 1 and shown(app).splitlines()[-1].endswith("▶ 1")
        await eventually(pilot, lambda: len(job.records) == 1)
        await pilot.press("8", "w")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert "2004." in sheet(app, "#outcome") and "too few seeds" in sheet(app, "#outcome")
        await pilot.press("x")
        await eventually(pilot, lambda: not job.under_way)
        assert job.state == "stopped" and len(job.records) == 1 and not trainers()
        await until(pilot, lambda: "r goes on from there" in sheet(app, "#state"))

        await pilot.press("r")
        again = app.running.jobs[-1]
        assert [wish.seed for wish in again.wishes] == [2, 3] and again.wishes[0].resume
        await eventually(pilot, lambda: again.looks)
        await until(pilot, lambda: app.screen.query("#loss"))
        await eventually(pilot, lambda: not again.under_way)
        assert again.state == "done" and again.comparison.verdict == "REPRODUCED"
        await until(pilot, lambda: "REPRODUCED" in sheet(app, "#outcome"))
        assert "2004.57" in sheet(app, "#outcome") and "open recipe" in sheet(app, "#outcome")

        await pilot.press("escape")
        row = {one.key: one.cells for one in pane.table.values}["diabetes_linear"]
        await until(pilot, lambda: "REPRODUCED" in shown(app))
        assert app.under_way == 0 and "▶" not in app.screen.query_one(KeyLine).mark, row

    drive(home, promise, size=(120, 40))
    listed = run("runs", "list", "--json", home=home.home)
    assert sorted(one["seed"] for one in listed.data) == [1, 2, 3]
    assert {one["budget"] for one in listed.data} == {"full"}


@pytest.mark.torch
@pytest.mark.timeout(240)
def test_same_run_twice_is_refused_and_leaving_asks_while_one_goes_on(home: Paths):
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        first = await started(app, pilot, "digits_backprop", seeds="1-9")
        second = Training(home, "en", [Wish("digits_backprop", 1)])
        app.running.start(second)
        other = Training(home, "en", [Wish("diabetes_linear", 1, "smoke", device="cuda")])
        app.running.start(other)
        await eventually(pilot, lambda: not second.under_way)
        assert second.state == "failed" and second.error is not None
        assert "under way already" in second.error.what and "--seed 2" in str(second.error.hint)
        await eventually(pilot, lambda: not other.under_way)
        assert other.error is not None and "no CUDA device" in other.error.what

        await pilot.press("escape", "q")
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        assert "digits_backprop" in app.screen.query_one(Facts).text
        await pilot.press("escape")
        assert not isinstance(app.screen, LeaveScreen) and first.under_way
        await pilot.press("q", "x")
        deadline = (
            time.monotonic() + LONG
        )  # the app is leaving: no widget answers the pilot any more
        while first.under_way:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert first.state == "stopped" and first.error is None

    drive(home, promise)
    assert not trainers()


@pytest.mark.torch
@pytest.mark.timeout(120)
def test_app_that_is_told_to_end_by_the_system_leaves_no_child(home: Paths, tmp_path: Path):
    """A terminal that is closed sends SIGHUP."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from hub.paths import Paths\n"
        "from hub.runs import Wish\n"
        "from hub.tui.app import HubApp\n"
        "from hub.tui.running import Training\n"
        "paths = Paths(Path(sys.argv[1]))\n"
        "app = HubApp(paths, 'en')\n"
        "def begin():\n"
        "    wishes = [Wish('digits_backprop', seed) for seed in range(1, 50)]\n"
        "    app.running.start(Training(paths, 'en', wishes))\n"
        "app.call_later(begin)\n"
        "app.run(headless=True)\n"
        "print(app.running.jobs[-1].state)\n"
    )
    there = environment(home.home)
    app = subprocess.Popen(
        [sys.executable, "-c", program, str(home.home)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=there, cwd=ROOT,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + LONG
        while not (begun := children(app.pid)):
            assert time.monotonic() < deadline and app.poll() is None, app.communicate()
            time.sleep(0.05)
        app.send_signal(signal.SIGHUP)
        out, err = app.communicate(timeout=LONG)
        assert app.returncode == 0 and "Traceback" not in err, err
        assert (not any(map(alive, begun)) and out.split() == ["going"]) or out.split() == [
            "stopped"
        ]
    finally:
        if app.poll() is None:
            app.kill()


@pytest.mark.torch
@pytest.mark.timeout(240)
def test_stopped_training_leaves_a_checkpoint_and_a_killed_app_no_orphan(
    home: Paths, real_data: Path, monkeypatch: pytest.MonkeyPatch
):
    """LeNet on all of MNIST takes a minute: it is stopped at a step, gone on with there, and its app
    killed without a word."""
    monkeypatch.setenv("HUB_DATASETS_DIR", str(real_data))

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        job = await started(app, pilot, "mnist_lenet")
        await eventually(pilot, lambda: job.look and job.look.step > 5)
        await pilot.press("x")
        await eventually(pilot, lambda: not job.under_way)
        assert job.state == "stopped" and left_over(home, "mnist_lenet") == ((1, "full"),)
        stopped_at.append(job.look.step if job.look else 0)
        await pilot.press("escape")
        screen = await form(app, pilot, "mnist_lenet")
        await until(pilot, lambda: "seeds 1 have a checkpoint" in screen.query_one(Facts).text)

    stopped_at: list[int] = []
    drive(home, promise)
    program = (
        "import sys, threading, time\n"
        "from pathlib import Path\n"
        "from hub.paths import Paths\n"
        "from hub.runs import Wish\n"
        "from hub.tui.running import Training\n"
        "job = Training(Paths(Path(sys.argv[1])), 'en', [Wish('mnist_lenet', 1, resume=True)])\n"
        "threading.Thread(target=job.run, daemon=True).start()\n"
        "while not job.looks: time.sleep(0.05)\n"
        "print(job.looks[0].step, flush=True)\n"
        "time.sleep(600)\n"
    )
    there = environment(home.home, HUB_DATASETS_DIR=str(real_data))
    app = subprocess.Popen(
        [sys.executable, "-c", program, str(home.home)],
        stdout=subprocess.PIPE, text=True, env=there, cwd=ROOT,
    )  # fmt: skip
    assert app.stdout is not None and int(app.stdout.readline()) >= stopped_at[0]
    begun = children(app.pid)
    assert begun
    app.kill()
    app.wait()
    deadline = time.monotonic() + LONG
    while any(map(alive, begun)):
        assert time.monotonic() < deadline, "the child trains on without anybody"
        time.sleep(0.1)
    assert left_over(home, "mnist_lenet") == ((1, "full"),)


@pytest.mark.timeout(120)
def test_data_are_downloaded_from_the_browser_with_progress(
    home: Paths, real_data: Path, monkeypatch: pytest.MonkeyPatch
):
    from tests.mirrortest import mirror as mirror_of

    with mirror_of() as mirror:
        for file in (real_data / "mnist").glob("*.gz"):
            mirror.held[f"/mnist/{file.name}"] = file.read_bytes()
        monkeypatch.setenv("HUB_DATASETS_URL", mirror.address)

        async def promise(app: HubApp, pilot: Pilot[None]) -> None:
            pane = await baselines(app, pilot)
            pane.table.go_to("mnist_mlp")
            await pilot.press("d")
            await until(pilot, lambda: isinstance(app.screen, FetchScreen) and app.screen.found)
            screen = app.screen
            assert isinstance(screen, FetchScreen)
            screen.action_get()
            await eventually(pilot, lambda: screen.found and screen.found.here)
            said = screen.query_one(Facts).text
            assert "checked to the last byte" in said and "train-images-idx3-ubyte" in said
            await pilot.press("escape")
            await until(
                pilot,
                lambda: (
                    {r.key: r.cells for r in pane.table.values}["mnist_mlp"]["data"] == "✓ here"
                ),
            )

        drive(home, promise)


# -- small things ----------------------------------------------------------------------------


def a_run(baseline: str, seed: int, value: float) -> dict[str, object]:
    """A run as the ruler writes it, made up."""
    return {
        "format": 1, "id": f"made-up-{baseline}-{seed}", "baseline": baseline, "label": "OPEN",
        "dataset": "digits", "metric": "accuracy", "claim": None, "seed": seed, "budget": "full",
        "value": value, "correct": 1, "tested": 899, "trained_on": 898, "epochs": 60,
        "full_epochs": 60, "steps": 1740, "reasons": [], "started_at": "2026-11-01T10:00:00+00:00",
        "finished_at": "2026-11-01T10:00:09+00:00", "training": {"wall_seconds": 8.0},
        "whole": {"wall_seconds": 9.0, "cpu_seconds": 8.0, "disturbed": None},
        "speed": {"peak_flops_per_second": 1e11, "share_of_peak": None, "examples_per_second": 100.0}, "digest": "d",
        "resumed_at": None, "curve": [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0, "validation accuracy": 9.0}],
        "recipe_sha256": "r", "data": {"digits.csv": "s"}, "canonical": True, "notes": ["a [note]"],
        "environment": {"torch": "2", "threads": 1, "processor": "p", "commit": None, "hub": "0.1"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("1", (1,)), ("1-3", (1, 2, 3)), ("2,5 2", (2, 5)), ("3，4", (3, 4)), (" 0 ", (0,))],
)
def test_seeds_are_read_as_people_write_them(text: str, seeds: tuple[int, ...]):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "x", "3-1", "1-1000", "-1", "²", "99999999999", "1.5"])
def test_other_texts_are_no_seeds(text: str):
    from hub.errors import UsageError

    with pytest.raises(UsageError):
        seeds_of(text)


def test_times_are_said_in_their_largest_units():
    def say(english: str) -> str:
        return english

    assert [lasting(say, n) for n in (None, 0.01, 0.5, 4, 130, 4800, 200_000)] == [
        "?", "0.1 s", "0.5 s", "4 s", "2 min 10 s", "1 h 20 min", "2 days",
    ]  # fmt: skip
    assert ago(say, None) == "-" and ago(say, "not a day") == "not a day"
    assert ago(say, "2020-01-01").endswith("years ago")


def test_progress_that_is_none_is_passed_over(home: Paths):
    job = Training(home, "en", [Wish("digits_backprop", 1)])
    for said in (
        {},
        {"step": "x"},
        {"step": 1, "total": 2, "epoch": 0, "seconds": 0.1, "values": 5},
    ):
        job._look(said)
    assert job.look is None and job.rate is None and job.seconds_left is None
    for step, seconds in ((1000, 0.5), (1500, 1.0), (2000, 1.5)):
        job._look(
            {"step": step, "total": 4000, "epoch": 0, "seconds": seconds, "values": {"loss": 1.0}}
        )
    # Gone on with at step 1,000: the rate is that of now, not of steps it did not do.
    assert job.rate == pytest.approx(1000) and job.seconds_left == pytest.approx(2.0)


def test_every_state_verdict_and_reason_has_chinese():
    from typing import get_args

    from hub import verdict
    from hub.tui.running import State

    said = {*get_args(State), *get_args(verdict.Verdict), *verdict._REMARKS, "reduced budget"}
    assert said - chinese().keys() == set()


def test_jobs_never_end_with_an_exception(home: Paths):
    """A baseline that is not there, in a thread that has nobody to raise to."""
    job = Training(home, "en", [Wish("no_such_baseline", 1)])
    job.run()
    assert job.state == "failed" and job.error is not None
    assert "no_such_baseline" in job.error.what


def test_runs_under_way_are_none_before_any_was_started(home: Paths):
    async def main() -> None:
        app = HubApp(home, "en")
        async with app.run_test():
            assert isinstance(app.running, Running) and app.running.under_way == ()
            app.running.end(0.1)

    asyncio.run(main())
