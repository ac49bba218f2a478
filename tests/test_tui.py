"""What the browser promises, through a driven app."""

import ast
import gc
import json
import shutil
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest
from textual import events
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot

from hub.library import Library
from hub.paths import Paths
from hub.queries import Queries
from hub.tui import app as app_module
from hub.tui import reading, state
from hub.tui.app import DEEPEST, HubApp
from hub.tui.baselines import BaselinesPane
from hub.tui.browse import ALL_TABS, BrowseScreen, SearchInput
from hub.tui.columns import COLUMNS
from hub.tui.entries import EntryTable, TableHead, fit
from hub.tui.facets import TITLES, Chips, FacetPanel
from hub.tui.help import HelpScreen
from hub.tui.preview import Preview
from hub.tui.reading import PAGE, TABS, Question, Reader
from hub.tui.sources import SourcesPane
from hub.tui.strings import chinese
from hub.tui.tabs import SHORT, Tabs
from hub.tui.themes import DARK, LIGHT, OURS
from hub.tui.welcome import KEYS, WelcomeScreen
from tests.tuitest import SAFE, drive, listed, make_home, note, search, shown, table, until

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("home")).home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Paths:
    """A home of its own for each test: what one keeps, another must not find."""
    shutil.copytree(built, tmp_path / "home")
    return Paths(tmp_path / "home")


# -- search ----------------------------------------------------------------------------------


def test_typing_shows_the_hits_of_the_last_words(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await search(pilot, "residual")
        await until(pilot, lambda: table(app).count == 1)
        assert "Deep Residual Learning" in listed(app)
        await until(pilot, lambda: "arxiv:1512.03385" in shown(app))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: table(app).count == 256)
        assert app.screen.query_one(SearchInput).value == ""

    drive(home, promise)


def test_escape_in_the_search_takes_back_what_was_typed(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await search(pilot, "residual")
        await pilot.press("enter")
        await until(pilot, lambda: table(app).count == 1)
        await search(pilot, "keras")
        await until(pilot, lambda: "Keras" in listed(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Deep Residual" in listed(app))
        assert isinstance(app.focused, EntryTable)

    drive(home, promise)


def test_up_brings_back_an_earlier_search(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        for words in ("residual", "keras"):
            await search(pilot, words)
            await pilot.press("enter")
        await pilot.press("slash", "delete", "up")
        assert app.screen.query_one(SearchInput).value == "keras"
        await pilot.press("up")
        assert app.screen.query_one(SearchInput).value == "residual"
        await until(pilot, lambda: "Deep Residual" in listed(app))

    drive(home, promise)


def test_an_answer_to_an_earlier_question_is_dropped(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        screen = app.screen
        assert isinstance(screen, BrowseScreen)
        await search(pilot, "keras")
        await until(pilot, lambda: table(app).count == 1 and "Keras" in listed(app))
        with reading.opened(home) as queries:
            late = Reader(home).__class__(home)
            late._queries, late._generation = queries, queries.catalog.generation()
            old = late.answer(Question("residual"))
        screen.post_message(BrowseScreen.Answered(old.question, old))
        await pilot.pause()
        assert "Keras" in listed(app)
        assert "Residual" not in listed(app)

    drive(home, promise)


def test_of_many_questions_only_the_last_is_answered(home: Paths) -> None:
    asked, go = list[str](), threading.Event()

    def slow(name: str) -> str:
        asked.append(name)
        go.wait(5)
        return name

    reader, answered = Reader(home), list[object]()
    for name in ("a", "b", "c", "d"):
        reader.ask("list", lambda _, name=name: slow(name), answered.append)
        while not asked:
            time.sleep(0.001)
    done = threading.Event()
    reader.ask("other", lambda _: None, lambda _: done.set())
    go.set()
    assert done.wait(5)
    assert answered == ["a", "d"]
    reader.close()


def test_matched_words_are_told_apart_by_their_style(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await search(pilot, "networks residual")
        await until(pilot, lambda: "Deep Residual Learning" in listed(app))
        row = next(y for y in range(9) if "Residual" in table(app).render_line(y).text)
        match = table(app).ink("match", row == table(app).cursor)
        lit = [part.text for part in table(app).render_line(row) if part.style == match]
        assert lit == ["Residual"]

    drive(home, promise)


def test_the_start_of_a_name_is_enough(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await search(pilot, "resn")
        await until(pilot, lambda: "ResNet" in listed(app) and table(app).count == 1)

    drive(home, promise)


def test_what_is_pasted_into_the_search_is_cleaned(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        field = app.screen.query_one(SearchInput)
        field.post_message(events.Paste("a\x1b]52;c;b\x07\u202ec\nsecond line"))
        await until(pilot, lambda: field.value)
        assert field.value == "a]52;c;bc"

    drive(home, promise)


# -- what comes from outside -----------------------------------------------------------------


def test_a_hostile_title_is_shown_whole_and_as_text(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await until(pilot, lambda: shown(app).count("[CLS] x [/foo] [red]y[/]") >= 3)
        await pilot.press("v", "p")
        await until(pilot, lambda: SAFE in listed(app))
        await search(pilot, "marker")
        await until(pilot, lambda: table(app).count == 1)
        assert SAFE in listed(app)

    drive(home, promise, size=(160, 45))


def test_a_hostile_title_is_text_in_the_palette(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p", *"marker")
        await until(pilot, lambda: SAFE in shown(app))

    drive(home, promise, size=(120, 40))


# -- the table -------------------------------------------------------------------------------


def test_keys_move_the_cursor_and_choose_the_tab(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        cursor = []
        for key in ("j", "down", "k", "G", "k", "g", "up"):
            await pilot.press(key)
            cursor.append(table(app).cursor)
        assert cursor == [1, 2, 1, 255, 254, 0, 0]
        for at, tab in enumerate(TABS):
            await pilot.press(str(at))
            await until(pilot, lambda tab=tab: (a := table(app).answer) and a.question.tab == tab)
        await pilot.press("6")
        await until(pilot, lambda: "Nothing of this kind" in note(app))
        await pilot.press("left")
        await until(pilot, lambda: "ResNet" in listed(app))

    drive(home, promise)


def test_only_the_pages_near_the_cursor_are_held(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("1", "G")
        await until(pilot, lambda: table(app).count == 252)
        await pilot.press("G")
        await until(pilot, lambda: "Filler" in listed(app) and "·" not in listed(app))
        assert table(app).place == "252 of 252"
        assert table(app).held <= 252

    drive(home, promise)


def test_pages_looked_at_long_ago_are_let_go(home: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.tui.entries.PAGES", 2)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await until(pilot, lambda: table(app).count == 252)
        for key in ("G", "g", "G"):
            await pilot.press(key)
            await until(pilot, lambda: table(app).entry is not None)
            await until(pilot, lambda: "·" not in listed(app))
        assert table(app).held <= 2 * PAGE

    drive(home, promise)


def test_a_click_on_the_head_sorts_and_a_second_one_turns_it_round(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await until(pilot, lambda: table(app).order == ("year", True))
        await pilot.click(TableHead, offset=(6, 0))
        await until(pilot, lambda: table(app).order == ("name", False))
        await until(pilot, lambda: "Deep Residual" in listed(app))
        await pilot.click(TableHead, offset=(6, 0))
        await until(pilot, lambda: table(app).order == ("name", True))
        await until(pilot, lambda: "Filler 99" in listed(app))
        await pilot.press("full_stop")
        await until(pilot, lambda: table(app).order == ("name", False))

    drive(home, promise)


def test_keys_go_through_the_columns_and_the_order_is_kept(home: Paths) -> None:
    async def first(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await until(pilot, lambda: table(app).order == ("year", True))
        await pilot.press("comma")
        await until(pilot, lambda: table(app).order == ("results", True))
        assert listed(app).splitlines()[0].lstrip("▌ ").startswith("Deep Residual")

    async def second(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: table(app).order == ("results", True))
        assert app.screen.query_one(Tabs).active == "Papers"

    drive(home, first)
    drive(home, second)


def test_a_column_pulled_wider_stays_so(home: Paths) -> None:
    def year(app: HubApp) -> int:
        return next(one.width for one in table(app).places if one.column.name == "year")

    async def first(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await until(pilot, lambda: table(app).order == ("year", True))
        before = year(app)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: year(app) == before + 2)

    async def second(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: table(app).places and table(app).tab == "Papers")
        assert year(app) == 8

    drive(home, first)
    drive(home, second)


def test_space_marks_and_the_keys_act_on_what_is_marked(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        screen = app.screen
        assert isinstance(screen, BrowseScreen)
        await until(pilot, lambda: table(app).entry)
        first, second = (table(app)._entry(row) for row in (0, 1))
        await pilot.press("space", "space")
        assert table(app).cursor == 2
        assert listed(app).count("●") == 2
        assert screen.chosen == (first, second)
        await pilot.press("asterisk")
        assert listed(app).count("●") == 0
        assert len(screen.chosen) == 1

    drive(home, promise)


def test_a_star_stands_in_the_list_and_in_the_library(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("7")
        await until(pilot, lambda: "Your library is empty" in note(app))
        await pilot.press("3")
        await until(pilot, lambda: table(app).entry and table(app).tab == "Frameworks & tools")
        await pilot.press("s")
        await until(pilot, lambda: "★ Keras" in listed(app))
        await pilot.press("7")
        await until(pilot, lambda: table(app).count == 1 and "Keras" in listed(app))
        with Library.open(home.library) as library:
            assert [one.key for one in library.all(favourite=True)] == ["framework:keras"]
        await pilot.press("s")
        await until(pilot, lambda: "★" not in listed(app))

    drive(home, promise)


def test_the_library_shows_states_tags_and_notes_and_filters_by_them(home: Paths) -> None:
    with Library.open(home.library, write=True) as library:
        library.keep("framework:keras", tags=["later"], note="Try it [x].")
        library.keep("arxiv:1512.03385", reading="read", tags=["later", "vision"])
        library.keep("arxiv:9999.99999", favourite=True)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("7", "f")
        await until(pilot, lambda: table(app).count == 3)
        assert "arxiv:9999.99999" in listed(app)
        assert "#later #vision" in listed(app)
        await until(pilot, lambda: "#vision" in shown(app))
        panel = app.screen.query_one(FacetPanel)
        await until(pilot, lambda: panel.facets)
        at = next(n for n, one in enumerate(panel._lines) if getattr(one, "value", "") == "vision")
        panel.cursor = at
        await pilot.press("enter")
        await until(pilot, lambda: table(app).count == 1)
        assert "Deep Residual" in listed(app)
        await until(pilot, lambda: "#vision ✕" in shown(app))
        await pilot.press("escape", "x")
        await until(pilot, lambda: table(app).count == 3)
        await search(pilot, "try")
        await until(pilot, lambda: table(app).count == 1 and "Keras" in listed(app))

    drive(home, promise, size=(200, 30))


def test_the_mouse_moves_marks_opens_and_scrolls(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.click(EntryTable, offset=(10, 3))
        assert table(app).cursor == 3
        await pilot.click(EntryTable, offset=(1, 2))
        assert len(table(app).marked) == 1
        table(app).post_message(
            events.MouseScrollDown(table(app), 5, 5, 0, 1, 0, False, False, False)
        )
        await until(pilot, lambda: table(app).scroll_offset.y > 0)
        await pilot.click(Tabs, offset=(20, 0))
        await until(pilot, lambda: app.screen.query_one(Tabs).active != "All")
        await pilot.press("0", "g")
        await until(pilot, lambda: table(app).tab == "All" and table(app).entry)
        await pilot.double_click(EntryTable, offset=(10, 0))
        await until(pilot, lambda: len(app.screen_stack) == 2)

    drive(home, promise)


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc…"),
        ("残差网络", 8, "残差网络"),
        ("残差网络", 7, "残差网…"),
        ("残差网络", 6, "残差 …"),
        ("x", 0, ""),
    ],
)
def test_wide_characters_are_never_halved(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted


def test_every_line_of_the_table_has_the_width_of_the_table(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        for size in ((60, 15), (80, 24), (250, 80)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: app.size == size)
            for tab in range(len(TABS)):
                await pilot.press(str(tab))
                await pilot.pause()
                width = table(app).size.width
                lines = [table(app).render_line(y) for y in range(table(app).size.height)]
                assert {line.cell_length for line in lines} == {width}
                head = app.screen.query_one(TableHead)
                assert head.render_line(0).cell_length == width

    drive(home, promise, lang="zh")


# -- filters ---------------------------------------------------------------------------------


def test_a_question_holds_several_categories_and_years_as_a_span() -> None:
    question = Question().toggled("category", "cs.LG").toggled("category", "cs.CV")
    assert question.of("category") == ("cs.LG", "cs.CV")
    assert question.toggled("category", "cs.LG").of("category") == ("cs.CV",)
    span = question.toggled("year", 2020).toggled("year", 2017)
    assert span.of("year")[0] == 2017
    assert span.of("year")[-1] == 2020
    assert span.toggled("year", 2018).of("year") == ()


def test_a_filter_finds_as_many_as_its_count_says(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        panel = app.screen.query_one(FacetPanel)
        await pilot.press("1", "f")
        await until(pilot, lambda: any(one.value == 2015 for one in panel.facets))
        counts = {(one.name, one.value): one.count for one in panel.facets}
        assert counts["year", 2010] == 250
        assert counts["has code", "yes"] == counts["has result", "yes"] == 1
        for name, value, title in (("year", 2015, "2015 ✕"), ("has code", "yes", "has code ✕")):
            panel.cursor = next(
                at for at, one in enumerate(panel._lines) if getattr(one, "value", "") == value
                and getattr(one, "name", "") == name
            )  # fmt: skip
            await pilot.press("space")
            await until(pilot, lambda title=title: title in shown(app))
        await until(pilot, lambda: table(app).count == 1 and "Deep Residual" in listed(app))

    async def again(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: table(app).count == 1)
        assert "2015 ✕" in shown(app)
        await pilot.press("2")
        await until(pilot, lambda: table(app).tab == "Datasets")
        assert not app.screen.query_one(Chips).display
        await pilot.press("1")
        await until(pilot, lambda: table(app).tab == "Papers" and table(app).count == 1)
        await pilot.click(Chips, offset=(3, 0))
        await until(pilot, lambda: "2015 ✕" not in shown(app))
        await pilot.press("escape", "x")
        await until(pilot, lambda: table(app).count == 252)
        assert not app.screen.query_one(Chips).display

    drive(home, promise, size=(140, 40))
    drive(home, again, size=(140, 40))


def test_stars_and_tags_narrow_every_list(home: Paths) -> None:
    with Library.open(home.library, write=True) as library:
        library.keep("arxiv:1512.03385", favourite=True, tags=["deep"])
        library.keep("dataset:mnist", favourite=True)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        screen = app.screen
        assert isinstance(screen, BrowseScreen)
        await pilot.press("1", "f")
        panel = screen.query_one(FacetPanel)
        await until(pilot, lambda: any(one.name == "tag" for one in panel.facets))
        screen.toggle("tag", "deep")
        await until(pilot, lambda: table(app).count == 1 and "★ Deep Residual" in listed(app))

    drive(home, promise, size=(140, 40))


def test_a_filter_that_was_kept_and_is_gone_leaves_nothing_and_says_how_to_go_on(
    home: Paths,
) -> None:
    kept = state.State(tab="Papers", filters={"Papers": {"task": ["task:gone"], "year": [2015]}})
    state.save(home, kept)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: note(app))
        await pilot.press("x")
        await until(pilot, lambda: table(app).count == 252)

    drive(home, promise)


# -- panes and screens -----------------------------------------------------------------------


def test_tab_goes_round_the_panes_and_escape_goes_to_the_list(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        seen = []
        for key in ("tab", "tab", "tab", "tab", "escape", "slash", "down"):
            await pilot.press(key)
            seen.append(type(app.focused).__name__)
        assert seen == [
            "Preview", "SearchInput", "EntryTable", "Preview", "EntryTable", "SearchInput",
            "EntryTable",
        ]  # fmt: skip

    drive(home, promise)


def test_enter_opens_the_entry_and_q_comes_back_to_the_same_place(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await until(pilot, lambda: "MNIST" in listed(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await until(pilot, lambda: "Leaderboards  1" in shown(app))
        await pilot.press("q")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert "MNIST" in listed(app)
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)

    drive(home, promise, size=(100, 60))


def test_whoever_follows_links_for_long_comes_back_to_the_last_screens_and_the_list(
    home: Paths,
) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        for number in range(DEEPEST + 5):
            app.open_key(("tool:keras", "paper:1512.03385")[number % 2])
            await pilot.pause()
        last = app.screen
        await until(pilot, lambda: len(app.screen_stack) == DEEPEST)
        assert app.screen is last
        for _ in range(DEEPEST + 5):
            await pilot.press("escape")
        assert isinstance(app.screen, BrowseScreen)
        assert app.focused is table(app)

    drive(home, promise)


def test_what_is_closed_is_let_go_of(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("9")
        await until(pilot, lambda: bool(app.screen.query(SourcesPane)))
        await until(pilot, lambda: "arxiv" in shown(app))
        gone: list[weakref.ref[DOMNode]] = [
            weakref.ref(one) for one in app.screen.query(SourcesPane).first().query("*")
        ]
        await pilot.press("L")
        await pilot.press("0")
        for key in ("tool:keras", "paper:1512.03385", "dataset:mnist"):
            app.open_key(key)
            await pilot.pause(0.2)
            gone += [weakref.ref(one) for one in app.screen.walk_children(with_self=True)]
            await pilot.press("escape")
        assert len(gone) > 20
        for _ in range(20):  # Whoever handled a message last may still have it, and whom it was of.
            await pilot.press("question_mark", "escape", "slash", "escape", "tab", "tab")
            gc.collect()
            if not any(one() for one in gone):
                break
        assert [one() for one in gone if one() is not None] == []

    drive(home, promise)


def test_help_lists_every_key_of_the_screen_it_was_called_from(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        for words in ("PgDn", "0-9", "Turn the order round", "Take all filters away", "Tags of"):
            await until(pilot, lambda words=words: words in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))

    drive(home, promise, size=(110, 60))


def test_the_palette_finds_actions_and_entries(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p", *"resnet")
        await until(pilot, lambda: "ResNet" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("ctrl+p", *"two")
        await until(pilot, lambda: all(one.is_finished for one in app.workers))
        assert "lines" in shown(app).lower()
        await pilot.press("enter")
        await until(pilot, lambda: table(app).comfortable)

    drive(home, promise, size=(110, 40))


def test_a_narrow_terminal_hides_the_sheet_and_a_wide_one_shows_it(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        assert not app.screen.query_one(Preview).display
        assert "Keras" in listed(app)
        await pilot.press("j")
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: app.screen.query_one(Preview).display)
        assert table(app).cursor == 1
        await until(pilot, lambda: (entry := table(app).entry) and entry.key in shown(app))
        await pilot.press("p")
        await until(pilot, lambda: not app.screen.query_one(Preview).display)

    drive(home, promise, size=(60, 15))


def test_a_sheet_that_comes_back_speaks_the_language_of_now(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: "Code licence" in shown(app))
        await pilot.press("f")
        await until(pilot, lambda: not app.screen.query_one(Preview).display)
        await pilot.press("L")
        await until(pilot, lambda: "论文" in shown(app) and app.screen._look_timer is None)  # type: ignore[attr-defined]
        await pilot.resize_terminal(160, 40)
        await until(pilot, lambda: "代码许可" in shown(app) and "Code licence" not in shown(app))

    drive(home, promise, size=(100, 30))


# -- what goes wrong -------------------------------------------------------------------------


def test_an_error_is_a_message_and_the_app_goes_on(home: Paths) -> None:
    home.index.rename(home.home / "away")

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "index" in note(app))
        assert table(app).count == 0
        await pilot.press("j", "enter", "s", "f", "escape", "1")
        await until(pilot, lambda: "index" in note(app))
        (home.home / "away").rename(home.index)
        await pilot.press("R")
        await until(pilot, lambda: table(app).count == 252)

    drive(home, promise)


def test_a_home_without_a_catalog_says_so(tmp_path: Path) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        assert "catalog" in note(app)

    drive(Paths(tmp_path), promise)


def test_an_error_nobody_foresaw_is_a_message_too(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        def broken(self: Queries, *_: object, **__: object) -> None:
            raise RuntimeError("the [disk] has gone")

        monkeypatch.setattr(Queries, "entries", broken)
        await search(pilot, "keras")
        await until(pilot, lambda: "RuntimeError: the [disk] has gone" in note(app))
        assert "Traceback" in home.log.read_text()
        monkeypatch.undo()
        await pilot.press("R")
        await pilot.press("escape")
        await until(pilot, lambda: table(app).count == 256)

    drive(home, promise)


def test_a_slow_read_shows_that_it_goes_on(home: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    quick = reading.browse

    def slow(queries: Queries, question: Question) -> object:
        go.wait(10)
        return quick(queries, question)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(reading, "browse", slow)
        await pilot.press("2")
        await until(pilot, lambda: "Reading …" in shown(app))
        await pilot.press("3", "j", "question_mark", "escape")
        go.set()
        await until(pilot, lambda: "Keras" in listed(app) and "Reading …" not in shown(app))

    drive(home, promise)


# -- language, colours, what is kept ---------------------------------------------------------


def test_chinese_names_summaries_and_keys(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await until(pilot, lambda: "残差网络 ResNet" in listed(app))
        await search(pilot, "手写数字")
        await pilot.press("enter", "0")
        await until(pilot, lambda: "手写数字 MNIST" in listed(app))
        described = {active.binding.description for active in app.screen.active_bindings.values()}
        assert {"打开", "搜索", "退出"} <= described

    drive(home, promise, lang="zh")


def test_the_language_is_switched_inside_and_kept(home: Paths) -> None:
    async def first(app: HubApp, pilot: Pilot[None]) -> None:
        assert "Papers" in shown(app)
        await pilot.press("j", "L")
        await until(pilot, lambda: "论文" in shown(app) and "退出" in shown(app))
        await until(pilot, lambda: "手写数字 MNIST" in listed(app))
        assert "Papers" not in shown(app)
        assert "Quit" not in shown(app)
        assert table(app).cursor == 1

    async def second(app: HubApp, pilot: Pilot[None]) -> None:
        assert "论文" in shown(app)
        await pilot.press("L")
        await until(pilot, lambda: "Papers" in shown(app))

    drive(home, first, size=(120, 30))
    drive(home, second, size=(120, 30))


def test_panes_and_the_language_changed_in_a_hurry_do_no_harm(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        for key in ("8", "L", "R", "9", "L", "L", "8", "R", "L", "escape", "escape", "1", "R"):
            app.simulate_key(key)
        await until(pilot, lambda: table(app).tab == "Papers" and table(app).entry)
        await until(pilot, lambda: "Papers" in shown(app))
        await pilot.press("8")
        await until(pilot, lambda: "mnist_lenet" in shown(app))

    drive(home, promise, size=(120, 30))


def test_a_pane_that_is_being_taken_away_is_not_asked_for_its_keys(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        for key in "89":
            await pilot.press(key)
            pane = app.screen.query_one({"8": BaselinesPane, "9": SourcesPane}[key])
            actions = [each.action for each in pane.BINDINGS if isinstance(each, Binding)]
            assert actions
            await until(pilot, lambda pane=pane: pane.has_focus_within)
            going = pane.remove()
            for _ in range(2):
                assert not any(app._check_action_state(action, pane) for action in actions)
                await going

    drive(home, promise, size=(120, 30))


def test_what_is_asked_for_at_the_start_wins_over_the_kept_language(home: Paths) -> None:
    state.save(home, state.State(lang="zh"))
    assert HubApp(home, "en").lang == "zh"
    assert HubApp(home, "en", asked=True).lang == "en"


def test_colours_rows_and_panes_are_kept(home: Paths) -> None:
    async def first(app: HubApp, pilot: Pilot[None]) -> None:
        app.wear("hub-contrast")
        await pilot.press("v", "p")

    async def second(app: HubApp, pilot: Pilot[None]) -> None:
        assert app.theme == "hub-contrast"
        assert table(app).comfortable
        assert not app.screen.query_one(Preview).display

    drive(home, first, size=(120, 30))
    drive(home, second, size=(120, 30))


@pytest.mark.parametrize("theme", [theme.name for theme in OURS])
def test_every_theme_of_ours_draws_the_main_screen(home: Paths, theme: str) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        app.wear(theme)
        await pilot.pause()
        assert "Keras" in shown(app)

    drive(home, promise)


def test_what_stands_on_the_screen_takes_the_colours_of_another_theme(home: Paths) -> None:
    def colours(app: HubApp) -> set[str]:
        """Of all that is written on the sheet."""
        sheet = app.screen.query_one("#sheet Facts")
        strips = (sheet.render_line(y) for y in range(sheet.size.height))
        return {
            segment.style.color.name
            for strip in strips
            for segment in strip
            if segment.text.strip() and segment.style and segment.style.color
        }

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        app.wear(DARK.name)
        await pilot.press("8")
        await until(pilot, lambda: "Linear regression by gradient descent" in shown(app))
        dark = colours(app)
        app.wear(LIGHT.name)
        await pilot.pause(0.1)
        assert len(dark) > 2
        assert len(colours(app)) > 2 and not colours(app) & dark

    drive(home, promise, size=(120, 30))


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", '{"tab": 7, "theme": "gone", "widths": {"Papers": {"year": "x"}}}',
     '{"sorts": {"Papers": ["nonsense", true]}, "filters": {"All": {"year": ["x"]}}}', "[" * 50_000],
)  # fmt: skip
def test_a_damaged_state_begins_anew(home: Paths, damage: str) -> None:
    (home.home / state.FILE).write_text(damage)

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("1")
        await until(pilot, lambda: table(app).tab == "Papers")

    drive(home, promise)


def test_a_good_field_of_a_damaged_state_is_kept(home: Paths) -> None:
    (home.home / state.FILE).write_text(json.dumps({"tab": "Methods", "lang": 3, "motion": False}))
    kept = state.load(home)
    assert (kept.tab, kept.lang, kept.motion) == ("Methods", None, False)


def test_a_home_that_cannot_be_written_to_is_browsed_all_the_same(tmp_path: Path) -> None:
    state.save(Paths(tmp_path / "gone"), state.State(tab="Papers"))
    assert state.load(Paths(tmp_path / "gone")).tab == "All"


def test_the_welcome_is_shown_once_and_its_key_does_what_it_is_for(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await until(pilot, lambda: "Any key begins" in shown(app))
        await pilot.press("1")
        await until(pilot, lambda: table(app).tab == "Papers")
        assert len(app.screen_stack) == 1

    drive(home, promise, greets=True)
    assert state.load(home).welcomed


# -- strings and imports ---------------------------------------------------------------------


def test_every_english_string_has_a_chinese_one() -> None:
    said = {*ALL_TABS, *SHORT.values(), *TITLES.values(), *(does for _, does in KEYS)}
    said |= {column.title for columns in COLUMNS.values() for column in columns}
    said |= {kind for kinds in TABS.values() for kind in kinds}
    for path in sorted(Path(app_module.__file__).parent.glob("*.py")):
        said |= set(_said_in(ast.parse(path.read_text(encoding="utf-8"))))
    said = {english for english in said if english and not english.startswith("%")}
    assert said - set(chinese()) == set()


def test_a_chinese_string_has_the_places_of_the_english_one() -> None:
    def places(text: str) -> set[str]:
        return {part.split("}")[0] for part in text.split("{")[1:]}

    assert [english for english, zh in chinese().items() if places(english) != places(zh)] == []


def _said_in(tree: ast.Module) -> list[str]:
    """Every literal that is handed to `say`, `tell` or a Binding, or named `pattern` or `HELP`."""
    said = list[ast.expr]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("say", "tell", "Binding"):
                at = 2 if called == "Binding" else 0
                said += node.args[at : at + 1]
                said += [word.value for word in node.keywords if word.arg == "tooltip"]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
            "pattern", "HELP",
        ):  # fmt: skip
            said += _values(node.value)
    return [
        one.value for one in said if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def _values(node: ast.expr) -> list[ast.expr]:
    """What an expression can come to: both ends of a choice, and not what it is chosen by."""
    if isinstance(node, ast.IfExp):
        return _values(node.body) + _values(node.orelse)
    return [node]


def test_browsing_imports_neither_torch_nor_sqlalchemy_nor_scikit_learn(home: Paths) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from hub.paths import Paths
from hub.tui.app import DEEPEST, HubApp
from hub.tui.entries import EntryTable

async def main():
    app = HubApp(Paths(Path(sys.argv[1])), "en")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"residual", "enter")
        while app.screen.query_one(EntryTable).count != 1:
            await pilot.pause(0.01)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert len(app.screen_stack) == 2, app.screen_stack
        await app.workers.wait_for_complete()

asyncio.run(main())
print(sorted({"torch", "sqlalchemy", "sqlmodel", "sklearn", "pandas", "plotext"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(home.home)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
