"""What the screens of single entries promise: reading, going on, coming back, and what one keeps."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.widgets import Input, OptionList, TextArea

import hub.tui
from crawlers.records import (
    BoardRecord,
    DatasetRecord,
    FrameworkRecord,
    LinkRecord,
    MethodRecord,
    NoticeRecord,
    PaperRecord,
    RepositoryRecord,
    ResultRecord,
    SnapshotRecord,
    TaskNodeRecord,
    TaskRecord,
)
from hub import baselines, runs
from hub.catalog import Catalog, create
from hub.entries import Entry
from hub.harvest import update_index
from hub.library import Kept, Library
from hub.paths import Paths
from hub.tui import charts, own
from hub.tui.app import HubApp
from hub.tui.comparison import Comparison, growth
from hub.tui.copying import CopyScreen
from hub.tui.dataset import DatasetScreen
from hub.tui.detail import Detail
from hub.tui.leaderboard import BoardTable, LeaderboardScreen
from hub.tui.notes import NoteScreen
from hub.tui.opening import comparison_of
from hub.tui.paper import PaperScreen
from hub.tui.screens import HubScreen
from hub.tui.sheet import Column, Row, Section, Sheet, fit, lines_of, widths
from hub.tui.strings import chinese
from hub.tui.tags import TagScreen
from hub.tui.tree import TaskTree
from hub.tui.wrapping import wrapped
from tests.runtest import record
from tests.tuitest import HOSTILE, SAFE, driven, shown, table, until
from tests.tuitest import drive as drive_list

GIVEN = {"source": "curated", "retrieved_at": "2026-11-01", "licence": "CC0-1.0"}
PWC = {"source": "pwc_archive", "retrieved_at": "2020-08-28", "licence": "CC-BY-SA-4.0"}
LENET = "doi:10.1109/5.726791"
BOARD = "board:image-classification/mnist"
ON_BOARD = {"board": BOARD, "task": "task:image-classification", "dataset": "dataset:mnist"}
ABSTRACT = "Deeper networks are harder to train. " * 12

Promise = Callable[["Opened", Pilot[None]], Awaitable[None]]


class Opened(HubApp):
    """The browser without its list: screens are opened by key."""

    CSS_PATH = Path(hub.tui.__file__).parent / "app.tcss"

    def get_default_screen(self) -> Screen[None]:
        return HubScreen()


def result(number: int, model: str, text: str, value: float | None, **more: object) -> ResultRecord:
    said = {"metric": "Error", "direction": "lower", "row": str(number), "position": number}
    return ResultRecord(
        key=f"{number}-{more.get('metric', 'Error')}", model_name=model, value_text=text, value=value,
        **{**said, **ON_BOARD, **PWC, **more},
    )  # fmt: skip


def stars(repository: str, *counted: tuple[str, int]) -> list[SnapshotRecord]:
    return [
        SnapshotRecord(
            repository=repository, day=day, stars=n, forks=n // 5, open_issues=7, **GIVEN
        )
        for day, n in counted
    ]


RECORDS = [
    PaperRecord(
        key="arxiv:1512.03385", title="Deep Residual Learning 深度残差学习", abstract=ABSTRACT,
        authors=["Kaiming He", "Xiangyu Zhang"], published="2015-12-10", version=2,
        categories=["cs.CV"], tasks=["task:image-classification"], methods=["method:resnet"],
        extra={"versions": ["2015-12-10", "2016-01-05"]}, **GIVEN,
    ),
    PaperRecord(key=LENET, title="Gradient-based learning", published="1998-11-01", **GIVEN),
    PaperRecord(key="arxiv:2002.00001", title="Marker", published="2026-01-01", **GIVEN),
    NoticeRecord(key="arxiv:2002.00001", notice="withdrawn", day="2026-02-03", **GIVEN),
    RepositoryRecord(
        key="github:kaiminghe/resnet", name="KaimingHe/resnet", url="https://github.com/KaimingHe/resnet",
        state="archived", language="Lua", **GIVEN,
    ),
    LinkRecord(
        paper="arxiv:1512.03385", repository="github:kaiminghe/resnet", evidence="abstract",
        url="https://github.com/KaimingHe/resnet", official=True, confidence=1.0, **GIVEN,
    ),
    *stars("github:kaiminghe/resnet", ("2020-01-01", 5_000), ("2021-01-01", 6_500)),
    DatasetRecord(
        key="dataset:mnist", name="MNIST", name_zh="手写数字", classes=10, year=1998, data_licence="CC-BY-SA-3.0",
        size_bytes=11_594_722, obtain="From a mirror.", obtain_zh="从镜像下载。",
        tasks=["task:image-classification"], paper=LENET, **GIVEN,
    ),
    DatasetRecord(key="dataset:mnist-half", name="Half of MNIST", parent="dataset:mnist", **GIVEN),
    DatasetRecord(key="dataset:optdigits", name="Digits", **GIVEN),
    TaskRecord(key="task:vision", name="Vision", role="task", area="computer-vision", **GIVEN),
    TaskRecord(
        key="task:image-classification", name="Image Classification", name_zh="图像分类", role="task",
        area="computer-vision", **GIVEN,
    ),
    TaskRecord(key="task:speech-recognition", name="Speech Recognition", role="task", area="speech", **GIVEN),
    *(
        TaskNodeRecord(path=path, task=task, parent=parent, position=at, **GIVEN)
        for at, (path, task, parent) in enumerate((
            ("vision", "task:vision", None),
            ("vision/image-classification", "task:image-classification", "vision"),
            ("speech-recognition", "task:speech-recognition", None),
        ))
    ),
    MethodRecord(key="method:resnet", name="ResNet", paper="arxiv:1512.03385", area="architecture", **GIVEN),
    MethodRecord(key="method:lenet", name="LeNet", **GIVEN),
    FrameworkRecord(
        key="framework:torch", name="Torch", role="framework", repository="github:torch/torch",
        status="active", code_licence="BSD-3-Clause", year=2016, homepage="https://torch.example", **GIVEN,
    ),
    FrameworkRecord(
        key="framework:keras", name="Keras 框架", role="framework", repository="github:keras/keras", **GIVEN,
    ),
    RepositoryRecord(
        key="github:torch/torch", name="torch/torch", url="https://github.com/torch/torch",
        pushed="2026-10-01", extra={
            "community": {"health": 85, "files": ["readme", "license"]},
            "good_first_issues": 12, "good_first_issues_on": "2026-11-01",
        }, **GIVEN,
    ),
    *stars("github:torch/torch", ("2019-11-01", 30_000), ("2025-11-01", 90_000), ("2026-11-01", 100_000)),
    *stars("github:keras/keras", ("2026-11-01", 64_000)),
    BoardRecord(
        key=BOARD, task=ON_BOARD["task"], dataset=ON_BOARD["dataset"], name="MNIST", metrics=["Error", "Params"],
        **PWC,
    ),
    result(1, "LeNet-5", "0.95", 0.95, paper=LENET, paper_title="Gradient-based learning", published="1998-11-01"),
    result(1, "LeNet-5", "60K", 60_000, metric="Params", paper=LENET, published="1998-11-01"),
    result(2, "ResNet-9", "0.30%", 0.30, paper="arxiv:1512.03385", published="2015-12-10"),
    result(2, "ResNet-9", "2M", 2e6, metric="Params", paper="arxiv:1512.03385", published="2015-12-10"),
    result(3, "Rival [x] 对手", "0.21", 0.21, published="2013-06-13"),
    result(4, "No number", "-", None, published="2014-01-01"),
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    paths = Paths(tmp_path_factory.mktemp("home"))
    create(paths.catalog)
    with Catalog.open(paths.catalog, write=True) as catalog:
        catalog.upsert(RECORDS)
        later = result(3, "Rival [x] 对手", "0.20", 0.20, published="2013-06-13")
        catalog.upsert([later], at="2026-11-20T00:00:00+00:00")
        update_index(catalog, paths)
    with sqlite3.connect(paths.catalog) as db:
        db.execute(
            "UPDATE paper SET title = ?, abstract = ?, comment = ? WHERE key = 'arxiv:2002.00001'",
            (HOSTILE, HOSTILE, HOSTILE),
        )
    return paths


@pytest.fixture
def home(made: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """The catalog, and a library without anything in it."""
    monkeypatch.setenv("HUB_HOME", str(made.home))
    for path in made.home.glob("library.db*"):
        path.unlink()
    return made


def drive(
    paths: Paths, key: str, promise: Promise, *, size: tuple[int, int] = (140, 40), lang: str = "en"
) -> None:
    """Runs a promise on the screen of an entry, once it is read."""

    async def main() -> None:
        app = Opened(paths, lang)
        async with driven(app, size) as pilot:
            app.open_key(key)
            await until(pilot, lambda: here(app))
            await pilot.pause()
            await promise(app, pilot)

    asyncio.run(main())


def here(app: HubApp) -> bool:
    """Whether the screen on top has read its entry, or said why not."""
    screen = app.screen
    return isinstance(screen, Detail) and (screen.value is not None or screen.failed is not None)


def text(app: HubApp) -> str:
    """All lines of all sheets of the screen, whether in sight or not."""
    return "\n".join(sheet.spoken_text() for sheet in app.screen.query(Sheet))


def kept(paths: Paths, key: str) -> Kept | None:
    with Library.open(paths.library) as library:
        return next((one for one in library.all() if one.key == key), None)


async def to(app: HubApp, pilot: Pilot[None], words: str) -> None:
    """Moves the cursor of the focused sheet down to the line with these words."""
    sheet = app.screen.sheet  # type: ignore[attr-defined]
    await pilot.press("g")
    for _ in range(200):
        row = sheet.row
        if row is not None and any(words in cell for cell in row.cells):
            return
        await pilot.press("j")
    raise AssertionError(f"no line with {words}: {sheet.spoken_text()}")


# -- papers ------------------------------------------------------------------------------------


def test_a_paper_is_read_in_lines_of_eighty_cells_with_its_days_and_versions(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        sheet = app.screen.query_one("#reading", Sheet)
        assert all(cell_len(line) <= 82 for line in sheet.spoken_text().splitlines())
        for words in (
            "Deep Residual Learning",
            "Kaiming He, Xiangyu Zhang",
            "2015-12-10",
            "cs.CV",
            "v2",
        ):
            assert words in sheet.spoken_text()
        assert sheet.spoken_text().count("harder to train") == 12
        assert "curated · 2026-11-01 · CC0-1.0" in sheet.spoken_text()

    drive(home, "arxiv:1512.03385", promise, size=(220, 60))


def test_code_is_shown_with_its_stars_its_state_and_what_speaks_for_it(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        line = next(line for line in text(app).splitlines() if "KaimingHe/resnet" in line)
        assert "★ 6,500" in line
        assert "archived" in line
        assert "official, in the abstract" in line

    drive(home, "arxiv:1512.03385", promise, size=(200, 50))


def test_a_claimed_result_has_its_rank_and_opens_the_board_it_stands_on(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "2 / 4" in text(app))
        await pilot.press("tab")
        await to(app, pilot, "Image Classification · MNIST")
        before = app.screen.sheet.at  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LeaderboardScreen) and here(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PaperScreen))
        assert app.screen.sheet.at == before  # type: ignore[attr-defined]

    drive(home, "arxiv:1512.03385", promise)


def test_a_withdrawn_paper_says_so_and_a_hostile_one_stays_text(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "eprint" in text(app))
        assert "Withdrawn by its authors or by arXiv (2026-02-03)" in text(app)
        assert text(app).count(SAFE) == 4, "title, abstract, comment, BibTeX"
        painted = shown(app) + text(app)
        for payload in ("EVIL", "RVZJTA", "\x1b", "\x9b", "\u202e", "\x00"):
            assert payload not in painted

    drive(home, "arxiv:2002.00001", promise)


def test_what_is_not_known_is_called_unknown(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        lines = [line.split() for line in text(app).splitlines()]
        assert ["Authors", "unknown"] in lines
        assert "No code is known. That says nothing about whether there is any." in text(app)

    drive(home, LENET, promise)


def test_screens_lie_on_each_other_and_are_left_in_turn(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        keys = ["arxiv:1512.03385"]
        for words in ("KaimingHe/resnet", "Deep Residual Learning"):
            await pilot.press("tab")
            await to(app, pilot, words)
            await pilot.press("enter")
            await until(pilot, lambda: len(app.screen_stack) == len(keys) + 2 and here(app))
            keys.append(app.screen.key)  # type: ignore[attr-defined]
        assert keys == ["arxiv:1512.03385", "github:kaiminghe/resnet", "arxiv:1512.03385"]
        for left in (2, 1, 0):
            await pilot.press("q")
            await until(pilot, lambda left=left: len(app.screen_stack) == left + 1)

    drive(home, "arxiv:1512.03385", promise)


def test_an_entry_that_is_not_there_is_a_message_with_what_comes_near(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        assert "nothing known as dataset:mnits" in text(app)
        await to(app, pilot, "MNIST")
        await pilot.press("enter")
        await until(pilot, lambda: here(app) and app.screen.key == "dataset:mnist")  # type: ignore[attr-defined]

    drive(home, "dataset:mnits", promise)


# -- what one keeps ----------------------------------------------------------------------------


def test_a_star_is_seen_at_once_and_taken_away_leaves_nothing(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "★ starred" in text(app))
        assert kept(home, "arxiv:1512.03385").favourite  # type: ignore[union-attr]
        await pilot.press("s")
        await until(pilot, lambda: "★ starred" not in text(app))
        assert kept(home, "arxiv:1512.03385") is None

    drive(home, "arxiv:1512.03385", promise)


def test_the_reading_state_goes_round(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        for state in ("to-read", "reading", "read", None):
            await pilot.press("S")
            await until(
                pilot, lambda state=state: getattr(kept(home, LENET), "reading", None) == state
            )
        assert kept(home, LENET) is None

    drive(home, LENET, promise)


def test_tags_are_completed_from_those_in_use_and_can_be_taken_back(home: Paths) -> None:
    with Library.open(home.library, write=True) as library:
        library.keep("method:resnet", tags=["vision-models"])

    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TagScreen) and app.screen.common == ())
        await pilot.press(*"vis")
        await until(pilot, lambda: app.screen.query_one(Input)._suggestion)
        await pilot.press("tab", *", Old Ideas", "enter")
        await until(pilot, lambda: "#old-ideas #vision-models" in text(app))
        await pilot.press("t")
        await until(
            pilot, lambda: app.screen.query_one(Input).value == "old-ideas, vision-models, "
        )
        app.screen.query_one(Input).value = "old-ideas"
        await pilot.press("enter")
        await until(pilot, lambda: "#vision-models" not in text(app))
        assert kept(home, LENET).tags == ("old-ideas",)  # type: ignore[union-attr]

    drive(home, LENET, promise)


def test_notes_are_written_changed_and_deleted(home: Paths) -> None:
    def notes() -> list[str]:
        found = kept(home, LENET)
        return [note.text for note in found.notes] if found else []

    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NoteScreen))
        await pilot.press(*"first", "enter", *"second", "ctrl+s")
        await until(pilot, lambda: notes() == ["first\nsecond"])
        await until(pilot, lambda: "Your notes" in text(app))
        await pilot.press("n")
        await until(pilot, lambda: getattr(app.screen, "notes", ()))
        await pilot.press("shift+tab", "down", "enter", *"!", "ctrl+s")
        await until(pilot, lambda: notes() == ["first\nsecond!"])
        await until(pilot, lambda: not isinstance(app.screen, NoteScreen))
        await pilot.press("n")
        await until(pilot, lambda: getattr(app.screen, "notes", ()))
        await pilot.press("shift+tab", "down", "d")
        await pilot.pause()
        assert notes() == ["first\nsecond!"], "one d only asks"
        await pilot.press("d")
        await until(pilot, lambda: notes() == [])

    drive(home, LENET, promise)


def test_what_was_written_is_not_lost_by_one_escape(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NoteScreen))
        await pilot.press(*"thought", "escape")
        await pilot.pause()
        assert app.screen.query_one(TextArea).text == "thought"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, NoteScreen))
        assert kept(home, LENET) is None

    drive(home, LENET, promise)


def test_several_entries_are_kept_by_one_key(home: Paths) -> None:
    entries = [Entry("dataset:mnist", "dataset", "MNIST"), Entry(LENET, "paper", "LeNet")]

    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        own.star(app.screen, entries)  # type: ignore[arg-type]
        await until(pilot, lambda: kept(home, LENET))
        own.tag(app.screen, entries)  # type: ignore[arg-type]
        await until(pilot, lambda: isinstance(app.screen, TagScreen) and app.screen.common == ())
        await pilot.press(*"both", "enter")
        await until(pilot, lambda: getattr(kept(home, LENET), "tags", ()) == ("both",))
        assert kept(home, "dataset:mnist").tags == ("both",)  # type: ignore[union-attr]

    drive(home, LENET, promise)


def test_key_address_and_bibtex_are_copied_by_two_keys(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        for keys, copied in (
            ("yy", "arxiv:1512.03385"),
            ("yu", "https://arxiv.org/abs/1512.03385"),
        ):
            await pilot.press(*keys)
            await until(pilot, lambda copied=copied: app.clipboard == copied)
        await pilot.press("y", "b")
        await until(pilot, lambda: app.clipboard.startswith("@misc{he2015deep"))
        assert "author = {Kaiming He and Xiangyu Zhang}" in app.clipboard
        await until(pilot, lambda: not isinstance(app.screen, CopyScreen))

    drive(home, "arxiv:1512.03385", promise)


def test_the_address_under_the_cursor_is_opened(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.setattr(HubApp, "open_url", lambda self, url, new_tab=True: opened.append(url))

    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await pilot.press("o", "tab")
        await to(app, pilot, "KaimingHe/resnet")
        await pilot.press("o")
        assert opened == ["https://arxiv.org/abs/1512.03385", "https://github.com/KaimingHe/resnet"]

    drive(home, "arxiv:1512.03385", promise)


# -- datasets ----------------------------------------------------------------------------------


def test_a_dataset_shows_terms_boards_baselines_and_parts(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        for words in (
            "CC-BY-SA-3.0", "11.6 MB", "From a mirror.", "Image Classification  ", "LeNet-5 on MNIST",
            "0.95 %", "not run here", "Half of MNIST", "Gradient-based learning",
        ):  # fmt: skip
            assert words in text(app), words

    drive(home, "dataset:mnist", promise)


def test_the_files_of_a_dataset_are_checked_byte_by_byte(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        screen = app.screen
        assert isinstance(screen, DatasetScreen)
        await until(pilot, lambda: screen.data is not None)
        assert screen.data is not None and screen.data.here, "it comes with scikit-learn"
        await pilot.press("c")
        await until(pilot, lambda: "every file is right: 1 files checked" in text(app))

    drive(home, "dataset:optdigits", promise)


# -- frameworks --------------------------------------------------------------------------------


def test_a_framework_shows_stars_community_and_what_nobody_tells(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        for words in (
            "100,000 (2026-11-01",
            "BSD-3-Clause",
            "85 %",
            "contributing guide",
            "12 (2026-11-01",
        ):
            assert words in text(app), words
        assert "unknown: no source here tells of releases" in text(app)
        chart = app.screen.query_one(charts.Chart)
        await until(pilot, lambda: "2020" in str(chart._text))
        assert chart.drawn == 3

    drive(home, "framework:torch", promise)


def test_stars_of_a_single_day_make_no_curve(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        assert not app.screen.query("Chart")
        assert "64,000 (2026-11-01" in text(app)

    drive(home, "framework:keras", promise)


def test_frameworks_stand_side_by_side(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        screen = comparison_of([
            Entry("framework:torch", "framework", "Torch"),
            Entry(LENET, "paper", "no framework"),
            Entry("framework:keras", "framework", "Keras"),
        ])  # fmt: skip
        assert isinstance(screen, Comparison)
        app.push_screen(screen)
        await until(pilot, lambda: screen.value is not None)
        assert "▸ Torch" in shown(app) and "Keras 框架" in shown(app)
        rows = screen.query_one(BoardTable).rows
        cells = {row.cells[0]: row.cells[1:] for row in rows}
        assert cells["Stars"] == ("100,000", "64,000")
        assert cells["growth a year"] == ("+10,000", "unknown")
        assert cells["Good first issues"] == ("12", "unknown")
        await pilot.press("l", "enter")
        await until(pilot, lambda: here(app) and app.screen.key == "framework:keras")  # type: ignore[attr-defined]

    drive(home, "framework:torch", promise)


def test_c_in_the_list_compares_what_is_marked(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: table(app).count == 2)
        await until(pilot, lambda: app.screen.chosen)  # type: ignore[attr-defined]
        await pilot.press("space", "c")
        assert len(app.screen_stack) == 1, "one alone is not compared"
        await pilot.press("space")
        assert len(table(app).marked) == 2
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Comparison) and app.screen.value)

    drive_list(home, promise)


def test_growth_is_of_a_year_and_only_where_somebody_counted() -> None:
    def counted(*rows: tuple[str, int | None]) -> list[dict[str, object]]:
        return [{"day": day, "stars": n} for day, n in rows]

    assert growth(counted(("2026-11-01", 300), ("2025-11-01", 100), ("2020-01-01", 1))) == "+200"
    assert growth(counted(("2026-11-01", 300), ("2026-10-01", 100))) is None
    assert growth(counted(("2026-11-01", None))) is None
    assert growth([]) is None


# -- tasks and leaderboards --------------------------------------------------------------------


def test_the_tree_of_tasks_counts_opens_and_leads_to_the_board(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        tree = app.screen.query_one(TaskTree)
        await until(pilot, lambda: tree.branches)
        await pilot.pause()
        areas = {one.name: (one.boards, one.rows) for one in tree.branches if one.key is None}
        assert areas == {"computer-vision": (1, 4), "speech": (0, 0)}
        assert "Image Classification" in tree.spoken_text()
        await pilot.press("tab", "h")
        await until(pilot, lambda: app.screen.key == "task:vision" and "Vision" in text(app))  # type: ignore[attr-defined]
        await pilot.press("space")
        assert "Image Classification" not in tree.spoken_text()
        await pilot.press("l", "j", "enter")
        await until(pilot, lambda: "MNIST  " in text(app))
        await to(app, pilot, "MNIST")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LeaderboardScreen) and here(app))

    drive(home, "task:image-classification", promise)


def rows(app: HubApp) -> list[tuple[str, ...]]:
    return [row.cells[:3] for row in app.screen.query_one(BoardTable).rows]


def test_a_leaderboard_shows_values_as_printed_and_what_they_were_before(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        assert rows(app) == [
            ("1", "Rival [x] 对手", "0.20 *"), ("2", "ResNet-9", "0.30%"), ("3", "LeNet-5", "0.95"),
            ("–", "No number", "-"),
        ]  # fmt: skip
        await until(pilot, lambda: "before: 0.21" in text(app))
        assert "ranked by Error, lower is better" in shown(app)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: rows(app)[0][2] in ("60K", "2M"))

    drive(home, BOARD, promise, size=(180, 45))


def test_the_mouse_ranks_by_a_title_and_opens_a_row(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        board = app.screen.query_one(BoardTable)
        titles = board.render_line(0).text
        await pilot.click(BoardTable, offset=(titles.index("Params") + 2, 1))
        await until(pilot, lambda: app.screen.value.board.metric == "Params")  # type: ignore[attr-defined]
        await until(pilot, lambda: rows(app)[0][1] == "LeNet-5")
        await pilot.click(BoardTable, offset=(10, 2), times=2)
        await until(pilot, lambda: isinstance(app.screen, PaperScreen))

    drive(home, BOARD, promise, size=(180, 45))


def test_papers_that_come_near_are_named_or_why_not(home: Paths, tmp_path: Path) -> None:
    def related(app: HubApp) -> str:
        return text(app).partition("Related papers")[2].partition("BibTeX")[0]

    async def named(app: Opened, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "Gradient-based learning" in related(app))

    async def refused(app: Opened, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "index" in related(app))
        assert "Kaiming He" in text(app), "the rest is there all the same"

    drive(home, "arxiv:1512.03385", named)
    shutil.copy(home.catalog, tmp_path / "catalog.db")
    drive(Paths(tmp_path), "arxiv:1512.03385", refused)


def test_a_leaderboard_is_narrowed_to_code_and_to_what_runs_here(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await until(pilot, lambda: rows(app) == [("2", "ResNet-9", "0.30%")])
        await pilot.press("c", "b")
        await until(pilot, lambda: rows(app) == [("3", "LeNet-5", "0.95")])
        await pilot.press("c")
        await until(pilot, lambda: "No row passes" in shown(app))

    drive(home, BOARD, promise, size=(180, 45))


def test_claimed_and_measured_stand_beside_each_other(home: Paths) -> None:
    current = runs.recipe_sum(baselines.named("mnist_lenet"))
    with Library.open(home.library, write=True) as library:
        for seed, value in ((1, 0.97), (2, 0.93), (3, 0.95)):
            library.keep_run(record(seed, value, recipe_sha256=current))

    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "REPRODUCED" in text(app))
        line = next(line for line in text(app).splitlines() if "REPRODUCED" in line)
        assert "0.95 %" in line and "0.95 ± 0.02 (3)" in line

    drive(home, BOARD, promise, size=(230, 60))


def test_the_best_over_time_follows_the_direction_of_the_metric() -> None:
    points = [("2015-01-01", 3.0), ("2013-01-01", 5.0), ("2014-01-01", 7.0), ("2016-01-01", None)]
    best = charts.best_over_time
    assert best(points, "lower") == (("2013-01-01", 5.0), ("2015-01-01", 3.0))
    assert best(points, "higher") == (("2013-01-01", 5.0), ("2014-01-01", 7.0))
    assert best(points, "unknown") == ()


@pytest.mark.parametrize(
    "points",
    [
        [("2020-01-01", 5.0)],
        [("2020-01-01", 5.0), ("2020-01-01", 5.0)],
        [("0001-01-01", -1e14), ("9999-12-31", 1e14)],
        [
            ("2020-01-01", float("nan")),
            ("2020-01-02", 1.0),
            ("no day", 2.0),
            ("2020-01-03", float("inf")),
        ],
        [(f"20{n:02}-01-01", 1e-300 * n) for n in range(10, 30)],
    ],
)
@pytest.mark.parametrize("size", [(11, 4), (250, 80)])
def test_a_chart_comes_of_any_numbers(
    points: list[tuple[str, float]], size: tuple[int, int]
) -> None:
    found = charts.usable(points)
    for step in (False, True):
        series = charts.Series("[red]\x1b", tuple(points), step=step)
        drawn = charts.built([(series, found), (series, found)], *size, "default")
        assert "\x1b" not in drawn.plain and "[red]" not in drawn.plain


def test_a_chart_without_a_number_says_so() -> None:
    assert charts.usable([("2020-01-01", None), ("x", 1.0), ("2020-01-01", float("nan"))]) == []


# -- methods and repositories ------------------------------------------------------------------


def test_a_method_names_its_paper_and_the_recipes_that_teach_it(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        assert "LeNet-5 on MNIST" in text(app)
        await pilot.press("tab")
        await to(app, pilot, "LeNet-5 on MNIST")
        await pilot.press("enter")
        await until(pilot, lambda: type(app.screen).__name__ == "StartRun")

    drive(home, "method:lenet", promise)


def test_a_repository_names_its_papers_and_its_state(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        assert "Archived: read-only since its owner says so" in text(app)
        assert "Deep Residual Learning" in text(app)
        assert app.screen.query_one(charts.Chart).drawn == 2

    drive(home, "github:kaiminghe/resnet", promise)


# -- every screen ------------------------------------------------------------------------------

EVERY = (
    "arxiv:1512.03385", "arxiv:2002.00001", "dataset:mnist", "framework:torch", "task:image-classification",
    "method:resnet", "github:torch/torch", BOARD, "dataset:nowhere",
)  # fmt: skip


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (250, 80)])
def test_every_screen_stays_usable_at_every_size(home: Paths, size: tuple[int, int]) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        for key in EVERY:
            app.open_key(key)
            await until(pilot, lambda: here(app))
            await pilot.press("tab", "j", "G", "v", "v")
            await pilot.pause()
            lines = shown(app).splitlines()
            assert len(lines) <= size[1]
            assert any(len(line.strip("│ ")) > 3 for line in lines)

    drive(home, LENET, promise, size=size)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_wide_characters_keep_every_line_as_wide_as_the_screen(
    home: Paths, size: tuple[int, int]
) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        for key in EVERY:
            app.open_key(key)
            await until(pilot, lambda: here(app))
            await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                assert cell_len(strip.text) == size[0], strip.text

    drive(home, LENET, promise, size=size, lang="zh")


def test_a_pane_that_comes_with_a_wider_terminal_has_its_cursor_on_a_row(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(160, 50)
        await until(pilot, lambda: all(sheet.size.width for sheet in app.screen.query(Sheet)))
        assert all(sheet.lines[sheet.at].stop for sheet in app.screen.query(Sheet))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: here(app) and app.screen.key == "github:kaiminghe/resnet")  # type: ignore[attr-defined]

    drive(home, "arxiv:1512.03385", promise, size=(80, 24))


def test_nothing_is_said_in_english_alone(home: Paths) -> None:
    """What acts on an entry says the same on every screen, but for what can be copied."""
    copy = ("y", "y")
    every = ("s", "s", "S", "S", "t", "escape", "n", "x", "escape", "escape", *copy)
    said: set[str] = set()

    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        speak = app.say
        app.say = lambda english: said.add(english) or speak(english)  # type: ignore[func-returns-value]
        for key in EVERY:
            app.open_key(key)
            await until(pilot, lambda: here(app) and all(one.is_finished for one in app.workers))
            await pilot.press(*(every if key in ("arxiv:1512.03385", "dataset:mnist") else copy))

    drive(home, LENET, promise, lang="zh", size=(160, 50))
    assert len(said) > 220
    kinds: list[type[DOMNode]] = [Input, TextArea, OptionList, ScrollView, App, Screen]
    theirs = [one for kind in kinds for one in kind.BINDINGS if isinstance(one, Binding)]
    known = {word for one in theirs for word in (one.description, one.tooltip)} | set(chinese())
    known.add("Open the command palette")  # Textual's too, said in no place that is shown
    assert {english for english in said if english.isascii()} - known == set()


def test_the_language_is_switched_on_an_open_screen(home: Paths) -> None:
    async def promise(app: Opened, pilot: Pilot[None]) -> None:
        assert "From a mirror." in text(app)
        await app.action_language("zh")
        await until(pilot, lambda: "从镜像下载。" in text(app))
        assert "条款与获取方式" in text(app)
        await app.action_language("en")

    drive(home, "dataset:mnist", promise)


# -- sheets ------------------------------------------------------------------------------------

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" "), max_size=300
)


@given(TEXTS, st.integers(4, 90))
def test_wrapping_loses_no_character_and_is_never_too_wide(words: str, width: int) -> None:
    lines = wrapped(words, width)
    assert all(cell_len(line.rstrip()) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")


def test_no_line_begins_with_a_closing_mark() -> None:
    assert wrapped("深度残差学习，图像识别。", 12) == ["深度残差学", "习，图像识", "别。"]
    assert wrapped("保存在自己的文件里。」", 20) == ["保存在自己的文件", "里。」"]


def test_no_line_ends_with_an_opening_mark() -> None:
    assert wrapped("残差网络（深度学习）", 10) == ["残差网络", "（深度学", "习）"]
    assert wrapped("see the paper (in (brackets))", 15) == ["see the paper", "(in (brackets))"]


@given(TEXTS, st.integers(0, 40), st.booleans())
def test_a_cell_has_exactly_its_width(words: str, width: int, right: bool) -> None:
    assert cell_len(fit(words, width, right=right)) == width


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5), st.integers(10, 200))
def test_columns_never_take_more_than_there_is(
    cells: list[tuple[str, str, str]], room: int
) -> None:
    columns = (Column("name", share=3), Column("n", right=True, spare=1), Column("source", spare=2))
    found = [wide for wide in widths(columns, [Row(one) for one in cells], room) if wide]
    assert sum(found) + 2 * max(0, len(found) - 1) <= room


def test_a_long_word_of_a_stranger_is_laid_out_without_delay() -> None:
    lines = lines_of([Section("x", text="a" * 1_000_000)], 80, lambda english: english)
    assert len(lines) < 400
    assert "980,000 more characters" in lines[-1].pieces[0][0]


def test_a_long_list_says_how_much_more_there_is() -> None:
    section = Section("x", tuple(Row((str(n),)) for n in range(20)), (Column(),), most=5, total=300)
    told = [
        piece
        for line in lines_of([section], 80, lambda english: english)
        for piece, _ in line.pieces
    ]
    assert "15 more: Enter shows them" in told
    whole = lines_of([section], 80, lambda english: english, frozenset({"x"}))
    assert "280 more, not listed here" in [piece for line in whole for piece, _ in line.pieces]
