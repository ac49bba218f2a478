"""How a screen of the browser opens and paints: in small steps, and each part of it once."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref

import pytest
from textual import events
from textual._compositor import Compositor
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.widgets import Checkbox

from hub import memory
from hub.paths import Paths
from hub.tui import state
from hub.tui.app import HubApp
from hub.tui.browse import BrowseScreen
from hub.tui.help import HelpScreen
from hub.tui.stepwise import CELLS, Stepwise, _parted
from hub.tui.tags import TagScreen
from hub.tui.task import TaskScreen
from tests.hubtest import ROOT
from tests.tuitest import drive, listed, make_home, shown, until


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    return make_home(tmp_path_factory.mktemp("home"))


# -- what is painted when ----------------------------------------------------------------------


def test_a_step_paints_some_lines_and_the_next_goes_on_below() -> None:
    size, line, seen = Size(80, 24), 0, []
    dirty = {size.region}
    for _ in range(8):
        rest, line = _parted(dirty, size, line, 240)
        seen += [one.line_span for one in dirty]
        dirty = rest
    assert seen == [(top, top + 3) for top in range(0, 24, 3)]
    assert not dirty


def test_what_changes_all_the_time_above_keeps_nothing_below_from_being_painted() -> None:
    size, line, painted = Size(100, 30), 0, set[int]()
    dirty = {size.region}
    for _ in range(40):
        rest, line = _parted(dirty, size, line, 500)
        painted |= {y for one in dirty for y in one.line_range}
        dirty = {*rest, Region(0, 0, 100, 5)}
    assert painted == set(range(30))


def test_only_what_is_dirty_and_on_the_screen_is_painted() -> None:
    dirty = {Region(70, 2, 20, 1), Region(3, 20, 5, 30), Region(0, 40, 9, 9)}
    rest, _ = _parted(dirty, Size(80, 24), 0, 10_000)
    assert (dirty, rest) == ({Region(70, 2, 10, 1), Region(3, 20, 5, 4)}, set())


def test_each_part_of_a_paint_begins_small_and_draws_no_other_line(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops: list[Region] = []
    chops = Compositor._render_chops

    def noted(self: Compositor, crop: Region, wanted: object) -> object:
        crops.append(crop)
        return chops(self, crop, wanted)  # type: ignore[arg-type]

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        monkeypatch.setattr(Compositor, "_render_chops", noted)
        app.screen.refresh()
        await until(pilot, lambda: any(crop.bottom == app.size.height for crop in crops))
        lines = [y for crop in crops for y in crop.line_range]
        assert crops[0].area <= CELLS
        assert sorted(set(lines)) == list(range(app.size.height))
        part = Region(0, 7, app.size.width, 2)
        drawn = list(app.screen._compositor._get_renders(part))
        assert drawn and all(part.contains_region(region) for region, _, _ in drawn)
        assert all(len(strips) == region.height for region, _, strips in drawn)

    drive(home, promise, size=(120, 40))


def test_a_screen_that_opens_is_styled_once_and_not_painted_before_its_parts_know_their_size(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshed: list[bool] = []
    restyled: list[str] = []
    apply = Stylesheet.update_nodes

    def styles(self: Stylesheet, nodes: object, animate: bool = False) -> None:
        found = list(nodes)  # type: ignore[call-overload]
        restyled.extend(type(one).__name__ for one in found)
        apply(self, found, animate)

    painted = Stepwise._paint

    def paints(self: Stepwise) -> None:
        if isinstance(self, HelpScreen):
            refreshed.append(self._resuming)
        painted(self)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        monkeypatch.setattr(Stylesheet, "update_nodes", styles)
        monkeypatch.setattr(Stepwise, "_paint", paints)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Page down" in shown(app))
        assert refreshed and not any(refreshed)
        assert "HelpScreen" not in restyled

    drive(home, promise)


def test_a_widget_that_is_only_being_made_is_not_styled(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        monkeypatch.setattr(
            App, "update_styles", lambda self, node, animate=True: asked.append(node)
        )
        Checkbox("made", compact=True)  # a class of its own at once
        assert asked == []
        app.screen.add_class("-there")
        assert asked == [app.screen]

    drive(home, promise)


def test_a_size_that_the_terminal_has_no_more_is_not_laid_out(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        screen, size = app.screen, app.size
        gone = Size(40, 12)
        for one in (gone, size, gone):
            screen.post_message(events.Resize(one, one, one))
            screen.call_later(lambda: None)  # between them, so that they are not taken as one
        await pilot.pause(0.2)
        assert screen.size == size and screen.has_class("-wide") and not screen.has_class("-narrow")

    drive(home, promise, size=(100, 30))


def test_a_window_dims_the_lines_under_it_and_shows_what_changes_there(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        below = app.screen
        assert isinstance(below, BrowseScreen)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TagScreen) and app.screen._dimmed)
        window = app.screen
        assert isinstance(window, TagScreen)
        crop = Region(0, 0, app.size.width, 1)
        before = window.render_lines(crop)[0]
        there = below.rows({0})[0]
        assert before.text == there.text
        assert {one.style for one in before} != {one.style for one in there}
        window.refresh(Region(0, 0, app.size.width, 1))
        assert 0 not in window._dimmed and window._dimmed
        window.refresh()
        assert not window._dimmed

    drive(home, promise)


def test_a_screen_under_another_one_paints_nothing_and_waits_for_nothing(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        below = app.screen
        assert isinstance(below, BrowseScreen)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Page down" in shown(app))
        below._compositor._dirty_regions.add(Region(0, 0, 10, 10))
        below._paint()
        await pilot.pause(0.1)
        assert not below._due
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is below)
        await until(pilot, lambda: not below._compositor._dirty_regions and not below._due)

    drive(home, promise)


def test_a_key_that_comes_before_a_screen_has_its_parts_ends_nothing(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        app.open_key("task:image-classification")
        screen = app.screen
        assert isinstance(screen, TaskScreen) and not screen.query("#tree")
        assert not await app._check_bindings("tab", priority=True)
        await until(pilot, lambda: screen.query("#tree"))
        await pilot.press("tab")
        assert app.screen is screen and app.failure is None

    drive(home, promise)


# -- what holds up no key ------------------------------------------------------------------------


def test_a_slow_disk_holds_up_no_key(home: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    disk = threading.Event()

    def slow(paths: Paths, what: state.State) -> None:
        disk.wait(10)
        kept.append(what.tab)

    monkeypatch.setattr(state, "save", slow)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))
        await pilot.press("2")
        await until(pilot, lambda: "Datasets" in shown(app))
        await pilot.press("1")
        assert kept == []
        disk.set()

    drive(home, promise)
    assert kept[-2:] == ["Datasets", "Papers"], "each state as it was, and the last one last"


def test_rubbish_is_looked_for_when_there_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    class Knot:
        def __init__(self) -> None:
            self.itself = self

    gc.collect()
    before = gc.get_threshold()
    gc.set_threshold(100_000)
    try:
        assert not memory.tidy()
        lost = weakref.ref(Knot())
        heap = [[one] for one in range(memory.YOUNG + 100)]
        gc.disable()
        assert not memory.tidy() and lost() is not None, "off: not its turn"
        gc.enable()
        assert memory.tidy() and lost() is None and heap
    finally:
        gc.set_threshold(*before)


def test_screens_are_imported_in_a_quiet_moment() -> None:
    code = (
        "import sys, hub.tui.app; from hub.tui.opening import warm\n"
        "names = {'hub.tui.palette', 'hub.tui.notes', 'hub.tui.dataset', 'hub.tui.baselines'}\n"
        "early = names & set(sys.modules)\nwarm(iter([False, *[True] * 200]).__next__)\n"
        "print(early, names - set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set() set()", done.stderr


def test_the_loop_has_its_turn_between_two_messages(home: Paths) -> None:
    turns: list[str] = []

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: listed(app))

        def first() -> None:
            turns.append("first")
            asyncio.get_running_loop().call_soon(turns.append, "another")

        app.screen.call_later(first)
        app.screen.call_later(turns.append, "second")
        await until(pilot, lambda: len(turns) == 3)
        assert turns == ["first", "another", "second"]

    drive(home, promise)
