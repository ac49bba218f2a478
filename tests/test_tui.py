"""What the browser promises, through a driven app and once through a real terminal."""

import ast
import asyncio
import fcntl
import os
import pty
import select
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.geometry import Region
from textual.pilot import Pilot

from crawlers.records import (
    BoardRecord,
    DatasetRecord,
    FrameworkRecord,
    LinkRecord,
    MethodRecord,
    PaperRecord,
    ResultRecord,
    TaskRecord,
)
from hub.catalog import Catalog, create
from hub.harvest import update_index
from hub.paths import Paths
from hub.tui import app as app_module
from hub.tui.app import HubApp
from hub.tui.browse import SearchInput
from hub.tui.entries import EntryList
from hub.tui.preview import Preview
from hub.tui.reading import TABS
from hub.tui.help import HelpScreen
from hub.tui.opening import SheetScreen
from hub.tui.strings import CHINESE, FIELDS

ROOT = Path(__file__).parent.parent
GIVEN = {"source": "curated", "retrieved_at": "2026-11-01", "licence": "CC0-1.0"}

HOSTILE = (
    "[CLS] x [/foo] [red]y[/] \x1b]0;EVILtitle\x07\x1b]52;c;RVZJTA==\x07\x1b[31mred"
    "\x9b2J\x1bP1;2|EVILdcs\x1b\\\u202eback\x00end"
)
SAFE = "[CLS] x [/foo] [red]y[/] redbackend"

Promise = Callable[[HubApp, Pilot[None]], Awaitable[None]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A small catalog with one title that a hostile source slipped past every check."""
    paths = Paths(tmp_path_factory.mktemp("home"))
    create(paths.catalog)
    resnet = {"paper": "arxiv:1512.03385", "board": "board:image-classification/mnist"}
    mnist = {"task": "task:image-classification", "dataset": "dataset:mnist"}
    records = [
        FrameworkRecord(
            key="framework:keras",
            name="Keras",
            name_zh="Keras 框架",
            role="framework",
            homepage="https://keras.io",
            summary="A network library.",
            **GIVEN,
        ),
        TaskRecord(
            key="task:image-classification", name="Image Classification", role="task", **GIVEN
        ),
        DatasetRecord(
            key="dataset:mnist", name="MNIST", name_zh="手写数字", classes=10, year=1998, **GIVEN
        ),
        MethodRecord(key="method:resnet", name="ResNet", name_zh="残差网络", **GIVEN),
        PaperRecord(
            key="arxiv:1512.03385",
            title="Deep Residual Learning",
            published="2015-12-10",
            **GIVEN,
        ),
        LinkRecord(
            paper="arxiv:1512.03385",
            repository="github:kaiminghe/deep-residual-networks",
            url="https://github.com/KaimingHe/deep-residual-networks",
            evidence="pwc",
            official=True,
            confidence=1.0,
            **GIVEN,
        ),
        BoardRecord(
            key="board:image-classification/mnist",
            name="MNIST",
            metrics=["Accuracy"],
            **mnist,
            **GIVEN,
        ),
        ResultRecord(
            key="result-1", row="1", position=0, model_name="ResNet-9", metric="Accuracy",
            direction="higher", value_text="99.5", value=99.5, **resnet, **mnist, **GIVEN,
        ),
        ResultRecord(
            key="result-2", row="2", position=1, model_name="Rival [x]", metric="Accuracy",
            direction="higher", value_text="99.7", value=99.7, **(resnet | {"paper": None}), **mnist, **GIVEN,
        ),
        *(
            PaperRecord(
                key=f"arxiv:2001.{n:05}", title=f"Filler {n}", published="2010-01-01", **GIVEN
            )
            for n in range(1, 251)
        ),
        PaperRecord(
            key="arxiv:2002.00001", title="Marker hostile", published="2026-01-01",
            abstract="Marker.", **GIVEN,
        ),
    ]  # fmt: skip
    with Catalog.open(paths.catalog, write=True) as catalog:
        catalog.upsert(records)
        update_index(catalog, paths)
    with sqlite3.connect(paths.catalog) as db:
        db.execute(
            "UPDATE paper SET title = ?, abstract = ?, comment = ? WHERE key = 'arxiv:2002.00001'",
            (HOSTILE, HOSTILE, HOSTILE),
        )
    return paths


def drive(
    paths: Paths, promise: Promise, *, size: tuple[int, int] = (90, 24), lang: str = "en"
) -> None:
    """Runs a promise against the app once its first page is there."""

    async def main() -> None:
        app = HubApp(paths, lang)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: listed(app) or note(app))
            await promise(app, pilot)

    asyncio.run(main())


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "waited 5 s"
        await pilot.pause(0.01)


async def search(pilot: Pilot[None], text: str) -> None:
    """Types into the search, faster than the answers come."""
    await pilot.press("slash")
    field = pilot.app.screen.query_one(SearchInput)
    for end in range(1, len(text) + 1):
        field.value = text[:end]
        await pilot.pause(0.01)


def entries(app: HubApp) -> EntryList:
    return app.screen_stack[0].query_one(EntryList)


def listed(app: HubApp) -> str:
    """The list as it stands on the screen."""
    lines = (entries(app).render_line(y).text for y in range(entries(app).size.height))
    return "\n".join(lines).strip()


def read(app: HubApp) -> str:
    """The sheet of the preview as it stands on the screen."""
    sheet = app.screen.query_one(Preview).sheet
    lines = sheet.render_lines(Region(0, 0, sheet.size.width, sheet.size.height))
    return "\n".join(line.text.rstrip() for line in lines)


def note(app: HubApp) -> str:
    return str(app.screen_stack[0].query_one("#note").render())


def test_typing_shows_the_hits_of_the_last_words(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await search(pilot, "residual")
        await until(pilot, lambda: entries(app).count == 1)
        assert "Deep Residual Learning" in listed(app)
        await until(pilot, lambda: "ranked by Accuracy" in read(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: entries(app).count == 256)
        assert app.screen.query_one(SearchInput).value == ""

    drive(home, promise)


def test_the_start_of_a_name_is_enough(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await search(pilot, "resn")
        await until(pilot, lambda: "ResNet" in listed(app) and entries(app).count == 1)
        await until(pilot, lambda: "begin with “resn”" in note(app))

    drive(home, promise)


def test_a_hostile_title_is_shown_whole_and_as_text(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await until(pilot, lambda: SAFE in listed(app))
        await until(pilot, lambda: read(app).count(SAFE) == 3)

    drive(home, promise, size=(160, 45))


def test_no_control_sequence_of_the_catalog_reaches_a_real_terminal(home: Paths) -> None:
    output = in_a_terminal(home, [(b"2", [b"Abstract"]), (b"\r", [b"Back", b"Abstract"])])
    assert output.count(b"redbackend") >= 4
    for payload in ("EVIL", "RVZJTA", "]52;", "\u202e", "\x9b", "\x00", "\x1b]0;"):
        assert payload.encode() not in output, payload


def in_a_terminal(home: Paths, steps: list[tuple[bytes, list[bytes]]]) -> bytes:
    """All bytes that the app writes to a terminal of 100x30: keys, and what must come of them."""
    program = (
        "import sys; from pathlib import Path; from hub.paths import Paths; "
        "from hub.tui.app import run; run(Paths(Path(sys.argv[1])), 'en')"
    )
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(home.home)],
        stdin=terminal, stdout=terminal, stderr=terminal, cwd=ROOT,
        env=os.environ | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(terminal)
    try:
        output = wait_for(controller, b"Keras")
        for keys, seen in steps:
            os.write(controller, keys)
            output += wait_for(controller, *seen)
        os.write(controller, b"qq")
        output += wait_for(controller, b"\x1b[?1049l")
        assert child.wait(5) == 0
    finally:
        child.kill()
        child.wait()
        os.close(controller)
    return output


def wait_for(controller: int, *seen: bytes) -> bytes:
    output, deadline = b"", time.monotonic() + 15
    while not all(text in output for text in seen):
        ready, _, _ = select.select([controller], [], [], max(0, deadline - time.monotonic()))
        assert ready, output[-2000:]
        output += os.read(controller, 65536)
    return output


def test_keys_move_the_cursor_and_choose_the_kind(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        cursor = []
        for key in ("j", "down", "k", "G", "k", "g", "up"):
            await pilot.press(key)
            cursor.append(entries(app).cursor)
        assert cursor == [1, 2, 1, 255, 254, 0, 0]
        for at, tab in enumerate(TABS):
            await pilot.press(str(at + 1))
            await until(pilot, lambda tab=tab: entries(app).answer.question.tab == tab)
        assert "Nothing of this kind" in note(app)
        await pilot.press("right")
        await until(pilot, lambda: entries(app).answer.question.tab == "All")

    drive(home, promise)


def test_only_the_pages_that_come_into_sight_are_read(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("2", "G")
        await until(pilot, lambda: entries(app).count == 252 and entries(app).cursor < 252)
        await pilot.press("G")
        await until(pilot, lambda: "Filler" in listed(app) and "…" not in listed(app))
        assert sorted(entries(app)._pages) == [0, 2]
        assert entries(app).place == "252 of 252"

    drive(home, promise)


def test_tab_goes_round_the_panes_and_escape_goes_to_the_list(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        seen = []
        for key in ("tab", "tab", "tab", "tab", "escape", "slash", "down"):
            await pilot.press(key)
            seen.append(type(app.focused).__name__)
        assert seen == [
            "Preview", "SearchInput", "EntryList", "Preview", "EntryList", "SearchInput", "EntryList",
        ]  # fmt: skip

    drive(home, promise)


def test_enter_opens_the_entry_and_q_comes_back(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: listed(app).startswith("▌ MNIST"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SheetScreen) and "Rival" in read(app))
        text = read(app)
        assert text.index("1  99.7  Rival [x]") < text.index("2  99.5  ResNet-9")
        assert "curated · 2026-11-01 · CC0-1.0" in text
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(app.screen, SheetScreen))
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)

    drive(home, promise)


def test_web_and_copy_use_the_entry_under_the_cursor(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.setattr(HubApp, "open_url", lambda self, url, new_tab=True: opened.append(url))

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("o", "y")
        assert opened == ["https://keras.io"]
        assert app.clipboard == "framework:keras"

    drive(home, promise)


def test_help_lists_every_key(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        for key in ("Esc", "PgDn", "1-8", "Copy&#160;its&#160;key"):
            await until(pilot, lambda key=key: key in app.export_screenshot())
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))

    drive(home, promise, size=(100, 50))


def test_a_narrow_terminal_hides_the_preview_and_enter_opens_it(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        assert not app.screen.query_one(Preview).display
        assert "Keras" in listed(app)
        await pilot.press("enter")
        await until(pilot, lambda: "A network library." in read(app))
        await pilot.press("q")
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: app.screen.query_one(Preview).display)

    drive(home, promise, size=(60, 20))


def test_an_error_is_a_message_and_the_app_goes_on(home: Paths, tmp_path: Path) -> None:
    shutil.copy(home.catalog, tmp_path / "catalog.db")

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await search(pilot, "x")
        await until(pilot, lambda: "index" in note(app))
        assert entries(app).count == 0
        await pilot.press("backspace")
        await until(pilot, lambda: entries(app).count == 256)

    drive(Paths(tmp_path), promise)


def test_a_home_without_a_catalog_says_so(tmp_path: Path) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        assert "catalog" in note(app)

    drive(Paths(tmp_path), promise)


def test_what_is_pasted_into_the_search_is_cleaned(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        field = app.screen.query_one(SearchInput)
        field.value = "a\x1b]52;c;b\x07\u202ec"
        assert field.value == "a]52;c;bc"

    drive(home, promise)


def test_chinese_names_summaries_and_keys(home: Paths) -> None:
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        await pilot.press("7")
        await until(pilot, lambda: "残差网络 ResNet" in listed(app))
        await search(pilot, "手写数字")
        await pilot.press("escape", "1")
        await until(pilot, lambda: "手写数字 MNIST" in listed(app))
        described = {active.binding.description for active in app.screen.active_bindings.values()}
        assert {"打开", "搜索", "退出"} <= described

    drive(home, promise, lang="zh")


def test_every_english_string_has_a_chinese_one() -> None:
    said = set(TABS) | set(FIELDS.values()) | {kind for kinds in TABS.values() for kind in kinds}
    for path in Path(app_module.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node) in (
                "say",
                "_tell",
                "_group",
                "Binding",
            ):
                at = 2 if _called(node) == "Binding" else 0
                words = [
                    *node.args[at : at + 1],
                    *(k.value for k in node.keywords if k.arg == "tooltip"),
                ]
                said |= {word.value for word in words if isinstance(word, ast.Constant)}
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
                "pattern",
                "counted",
            ):
                values = ast.walk(node.value)
                said |= {
                    v.value
                    for v in values
                    if isinstance(v, ast.Constant) and isinstance(v.value, str)
                }
    for title, bindings in SECTIONS:
        said |= {title} | {
            binding.description for binding in bindings if isinstance(binding, Binding)
        }
    assert {english for english in said if english} - set(CHINESE) == set()
    placeholders = lambda text: {part.split("}")[0] for part in text.split("{")[1:]}  # noqa: E731
    assert all(placeholders(english) == placeholders(zh) for english, zh in CHINESE.items())


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_browsing_imports_neither_torch_nor_sqlalchemy_nor_scikit_learn(home: Paths) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from hub.paths import Paths
from hub.tui.app import HubApp

async def main():
    app = HubApp(Paths(Path(sys.argv[1])), "en")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"residual", "enter", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert len(app.screen_stack) == 2, app.screen_stack

asyncio.run(main())
print(sorted({"torch", "sqlalchemy", "sqlmodel", "sklearn", "pandas"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(home.home)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
