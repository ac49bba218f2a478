"""The browser in a real terminal: what it leaves behind, however it ends, and that only its own sequences
reach the screen, whatever the catalog holds and whatever keys are hit."""

import fcntl
import json
import os
import re
import select
import signal
import sqlite3
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hub.library import Library
from hub.paths import Paths
from tests.bench.children import ChildFailed
from tests.hubtest import (
    board,
    dataset,
    framework,
    home_with,
    link,
    method,
    paper,
    repository,
    result,
    task,
)
from tests.terminaltest import Terminal, opened
from tests.test_hostile import ACTIVE, PLAIN, TITLES
from tests.tuitest import make_home

OWN = re.compile(
    r"\x1b\[(?:[\d;]*m|\d+;\d+H|\?(?:7|25|1000|1003|1004|1006|1015|1049|2004|2026)[hl]"
    r"|\?20(?:26|48)\$p|>25u|<u)|\x1b\]22;[a-z-]*(?:\x1b\\|\x07)"
    r"|\x1b\]52;c;(?!RVZJTA)[A-Za-z0-9+/=]*\x07"
)
"""All that Textual says to a terminal: colours, places, modes, what it asks, the mouse's shape, what the
user copies."""

COLOUR = re.compile(r"\x1b\[([\d;]+)m")
MARK = "\u258c"
"""The bar of the cursor: the first list stands there."""


class Seen:
    """A browser in a terminal, and every byte that it wrote."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.before = termios.tcgetattr(terminal.controller)
        self.output = bytearray()
        self._pressed = 0

    def until(self, pattern: str) -> None:
        """Waits for what the last key is to bring."""
        if not re.search(pattern.encode(), self.output[self._pressed :]):
            self.output += self.terminal.until(pattern, 45)

    def press(self, keys: str, rest: float = 0.15) -> None:
        """Types, as a terminal does that goes on showing what is written meanwhile: a program that waits
        for its output to be taken reads no keys."""
        self._pressed = len(self.output)
        left, ours = keys.encode(), self.terminal.controller
        with suppress(ChildFailed, OSError):
            while left:
                written, typed, _ = select.select([ours], [ours], [], 30)
                if written:
                    self.output += self.terminal._read()
                elif typed:
                    left = left[os.write(ours, left[:64]) :]
        self._rest(rest)

    def _rest(self, seconds: float) -> None:
        """Reads until nothing has come for so long, or five seconds of what never rests, or the end."""
        deadline = time.monotonic() + max(5.0, seconds)
        with suppress(ChildFailed):
            while time.monotonic() < deadline:
                if not select.select([self.terminal.controller], [], [], seconds)[0]:
                    return
                self.output += self.terminal._read()

    def resize(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.terminal.controller, termios.TIOCSWINSZ, size)
        self.terminal.child.send_signal(signal.SIGWINCH)

    def end(self) -> int:
        """How it ended, when all that it wrote is read."""
        self._rest(30)
        return self.terminal.child.wait(10)

    @property
    def text(self) -> str:
        return self.output.decode("utf-8")

    def forget(self) -> str:
        """What was written so far, whole sequences; the last of it is kept as well, for it may be the end."""
        end = max(0, self.output.rfind(b"\x1b", 0, max(0, len(self.output) - 4_096)))
        before = self.output[:end].decode("utf-8")
        del self.output[:end]
        self._pressed = 0
        return before

    def assert_restored(self) -> None:
        """Nothing of the browser is left on: cooked input, the first screen, a cursor, no mouse."""
        assert termios.tcgetattr(self.terminal.controller) == self.before
        for mode, left in (("1049", "l"), ("25", "h"), ("1000", "l"), ("1003", "l"), ("2004", "l")):
            assert re.findall(rf"\x1b\[\?{mode}([hl])", self.text)[-1:] == [left], mode
        assert "Traceback" not in self.text


@contextmanager
def browser(home: Paths, *, size: tuple[int, int] = (100, 30), **settings: str) -> Iterator[Seen]:
    (home.home / "browser.json").write_text('{"welcomed": true}')
    given = {"HUB_HOME": str(home.home), "HUB_OFFLINE": "1", "BROWSER": "true", **settings}
    with opened(settings=given, size=size) as terminal:
        seen = Seen(terminal)
        terminal.last = b""
        yield seen


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    return make_home(tmp_path / "home")


# -- start and end ---------------------------------------------------------------------------


def test_what_one_does_first_works_and_the_terminal_is_as_before(home: Paths) -> None:
    with browser(home) as seen:
        seen.until(MARK)
        seen.press("/")
        seen.press("residual")
        seen.until("Learning")
        seen.press("\r")
        seen.press("\r")
        seen.until("arxiv:1512.03385")
        seen.press("s")
        seen.until("Starred")
        seen.press("q")
        seen.press("q")
        assert seen.end() == 0
        seen.assert_restored()
    with Library.open(home.library) as library:
        assert [one.key for one in library.all(favourite=True)] == ["arxiv:1512.03385"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_and_the_terminal_is_as_before(home: Paths, name: str) -> None:
    with browser(home) as seen:
        seen.until(MARK)
        seen.press("j")
        seen.terminal.child.send_signal(getattr(signal, name))
        assert seen.end() == 130
        seen.assert_restored()


@pytest.mark.parametrize("size", [(12, 4), (1, 1), (400, 3)])
def test_a_terminal_of_any_size_is_drawn_and_left(home: Paths, size: tuple[int, int]) -> None:
    with browser(home, size=size) as seen:
        seen.until(r"\x1b\[\?1049h")
        for key in ("", "1", "8", "1", "?", "\x1b"):
            seen.press(key, 0.5)
        seen.resize(80, 24)
        seen.until(MARK)
        seen.press("q")
        assert seen.end() == 0
        seen.assert_restored()


def test_no_color_leaves_only_greys(home: Paths) -> None:
    with browser(home, NO_COLOR="1") as seen:
        seen.until(MARK)
        for key in "1s89":
            seen.press(key, 0.4)
        seen.press("q")
        assert seen.end() == 0
    assert colours(seen.text)
    assert {colour for colour in colours(seen.text) if len(set(colour)) > 1} == set()


def colours(text: str) -> set[tuple[str, ...]]:
    """Every colour that was asked for; those of the palette count as ones that are no grey."""
    found = set()
    for codes in COLOUR.findall(text):
        parts = codes.split(";")
        while parts:
            code = parts.pop(0)
            if code in ("38", "48"):
                found.add(tuple(parts[1:4]) if parts[0] == "2" else ("palette", parts[1]))
                del parts[: 4 if parts[0] == "2" else 2]
            elif re.fullmatch("3[0-7]|4[0-7]|9[0-7]|10[0-7]", code):
                found.add(("palette", code))
    return found


def test_a_terminal_that_can_do_nothing_does_not_hang(home: Paths) -> None:
    with browser(home, TERM="dumb") as seen:
        seen.until(MARK)
        seen.press("q")
        assert seen.end() == 0
        seen.assert_restored()


# -- hostile catalogs ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Text that commands terminals in every field that is shown, written past all checks."""
    here = Paths(tmp_path_factory.mktemp("hostile") / "home")
    ranking = board("task:vision", "dataset:evil", ["Accuracy"])
    home_with(
        here.home,
        task("task:vision", "Vision", area="computer-vision"),
        dataset("dataset:evil", "Evil", tasks=["task:vision"], paper="arxiv:2001.00001"),
        framework("framework:evil", "Evil", repository="github:evil/repo"),
        framework("tool:evil", "Evil tool"),
        method("method:evil", "Evil", paper="arxiv:2001.00001"),
        repository("github:evil/repo"),
        ranking,
        *(result(ranking, n, f"Model {n}", "Accuracy", f"9{n}.1", paper="arxiv:2001.00001") for n in range(4)),
        link("arxiv:2001.00001", "github:evil/repo"),
        *(paper(f"arxiv:2001.{n:05}", f"A title {n}", abstract="An abstract.") for n in range(1, 301)),
    )  # fmt: skip
    with sqlite3.connect(here.catalog) as db:
        for n, title in enumerate(TITLES, 1):
            text = title.encode("utf-8", "replace").decode()
            db.execute(
                "UPDATE paper SET title = ?, abstract = ?, comment = ?, authors = ?, venue = ?, source = ? "
                "WHERE key = ?",
                (text, text, text, json.dumps([text, PLAIN]), PLAIN, PLAIN, f"arxiv:2001.{n:05}"),
            )
        for table, columns in {
            "dataset": "name summary homepage obtain licence_note source",
            "framework": "name summary maintainer code_licence source",
            "task": "name summary source",
            "method": "name summary description source",
            "repository": "name description language code_licence source",
            "board": "name description source",
            "result": "model_name value_text paper_title source",
        }.items():
            names = columns.split()
            db.execute(
                f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in names)}",
                [PLAIN] * len(names),
            )
        db.execute("UPDATE link SET url = 'https://github.com/evil/repo#' || ?", (PLAIN,))
    db.close()
    with Library.open(here.library, write=True) as library:
        library.keep("dataset:evil", favourite=True, note="kept", tags=["kept"])
        library.keep("arxiv:2001.00001", reading="read")
    with sqlite3.connect(here.library) as db:
        db.execute("UPDATE library_note SET text = ?", (PLAIN,))
        db.execute("UPDATE library_tag SET tag = ?", (PLAIN,))
    db.close()
    return here


def assert_own(text: str) -> None:
    """No sequence but the browser's own, and the second screen is opened once at most."""
    plain = OWN.sub("", text).replace("\r", "").replace("\n", "")
    left = ACTIVE.search(plain)
    assert left is None, ascii(plain[left.start() - 60 : left.end() + 60])
    assert text.count("\x1b[?1049h") <= 1


def test_no_screen_lets_a_sequence_of_the_catalog_through(hostile: Paths) -> None:
    tour = [
        *(f"{tab}|\r|t|\x1b|n|\x1b|y|\x1b|G|\x1b" for tab in range(1, 8)),
        "4|\r|\t|G|\r|\x1b|\x1b", "2|\r|\r|v|\r|\x1b|\x1b|\x1b", "3|v| | |c|\x1b", "1|f|\x1b|G|v",
        "/|cls|\r|\r|\x1b", "8|\r|\x1b", "9|\r|\x1b", "0|\x10|planted|\x1b", "?|G|\x1b",
        "L|1|\r|\x1b|7|\r|\x1b",
    ]  # fmt: skip
    with browser(hostile, size=(150, 45)) as seen:
        seen.until(MARK)
        for keys in tour:
            for key in keys.split("|"):
                seen.press(key, 0.12)
        assert "[CLS]" in seen.text and "planted" in seen.text
        seen.press("\x1b", 0.5)
        seen.terminal.child.send_signal(signal.SIGTERM)
        seen.end()
        seen.assert_restored()
    assert_own(seen.text)
    assert not (hostile.log.is_file() and "Traceback" in hostile.log.read_text())


def test_what_is_pasted_into_a_note_brings_no_sequence_and_keeps_its_lines(home: Paths) -> None:
    with browser(home) as seen:
        seen.until(MARK)
        seen.press("2n", 0.5)
        seen.until("keeps it")
        seen.press("\x1b[200~two\x9b31m\r\n  lines\u202e end\x1b[201~", 0.5)
        seen.until("lines")
        seen.press("\x13")
        seen.until("MNIST")
        seen.press("q")
        assert seen.end() == 0
    assert_own(seen.text)
    with Library.open(home.library) as library:
        assert [note.text for one in library.all() for note in one.notes] == ["two31m\n  lines end"]
