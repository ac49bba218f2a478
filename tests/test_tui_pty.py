"""The browser in a real terminal: what it leaves behind, however it ends, and that only its own sequences
reach the screen, whatever the catalog holds and whatever keys are hit."""

import json
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.library import Library
from hub.paths import Paths
from tests.bench.terminal import Terminal
from tests.hubtest import (
    board,
    command,
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

ESCAPE = "\x1b[27u"
"""As a terminal sends it that knows the keyboard protocol which the browser asks for: a bare Escape is one
only when nothing follows it for a tenth of a second."""

REST = 0.05
"""Seconds without paint in which a key has had its effect."""


@contextmanager
def browser(
    home: Paths, *, size: tuple[int, int] = (100, 30), **settings: str
) -> Iterator[Terminal]:
    """The browser over a home in a terminal of so many columns and lines."""
    (home.home / "browser.json").write_text('{"welcomed": true}')
    given = {"HUB_HOME": str(home.home), "COLORTERM": "truecolor", "BROWSER": "true", **settings}
    with Terminal(command(), given, columns=size[0], rows=size[1]) as seen:
        yield seen


def hit(seen: Terminal, keys: str, rest: float = REST) -> None:
    """Presses keys and lets them have their effect: nothing is painted for so long, or five seconds
    went by with what never rests."""
    seen.press(keys)
    seen.quiet(rest, within=5, still=False)


def shows(seen: Terminal, words: str, within: float = 45.0) -> None:
    """Returns when the screen holds these words now, whatever pieces they were painted in."""
    deadline = time.monotonic() + within
    while not any(words in line for line in seen.screen()):
        assert time.monotonic() < deadline, f"no {words!r} in\n" + "\n".join(seen.screen())
        time.sleep(0.05)


def assert_restored(seen: Terminal) -> None:
    """Nothing of the browser is left on: cooked input, the first screen, a cursor, no mouse."""
    assert seen.settings() == seen.before
    for mode, left in (("1049", "l"), ("25", "h"), ("1000", "l"), ("1003", "l"), ("2004", "l")):
        assert re.findall(rf"\x1b\[\?{mode}([hl])", seen.text)[-1:] == [left], mode
    assert "Traceback" not in seen.text


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    return make_home(tmp_path / "home")


# -- start and end ---------------------------------------------------------------------------


def test_what_one_does_first_works_and_the_terminal_is_as_before(home: Paths) -> None:
    with browser(home) as seen:
        shows(seen, MARK)
        hit(seen, "/")
        seen.press("residual")
        shows(seen, "1 of 1")
        hit(seen, "\r")
        seen.press("\r")
        shows(seen, "Back")
        seen.press("s")
        shows(seen, "Starred")
        seen.press("q")
        shows(seen, MARK)
        seen.press("q")
        assert seen.end() == 0
        assert_restored(seen)
    with Library.open(home.library) as library:
        assert [one.key for one in library.all(favourite=True)] == ["arxiv:1512.03385"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_and_the_terminal_is_as_before(home: Paths, name: str) -> None:
    with browser(home) as seen:
        seen.until(MARK)
        hit(seen, "j")
        seen.child.send_signal(getattr(signal, name))
        assert seen.end() == 130
        assert_restored(seen)


def test_a_terminal_that_is_gone_without_a_signal_ends_it_too(home: Paths) -> None:
    with browser(home) as seen:
        seen.until(MARK)
        seen.hang_up()
        assert seen.child.wait(30) == 130


@pytest.mark.parametrize("size", [(12, 4), (1, 1), (400, 3)])
def test_a_terminal_of_any_size_is_drawn_and_left(home: Paths, size: tuple[int, int]) -> None:
    with browser(home, size=size) as seen:
        seen.until(r"\x1b\[\?1049h")
        for key in ("", "1", "8", "1", "?", ESCAPE):
            hit(seen, key, 0.2)
        seen.press("")
        seen.resize(80, 24)
        seen.until(MARK)
        seen.press("q")
        assert seen.end() == 0
        assert_restored(seen)


def test_no_color_leaves_only_greys(home: Paths) -> None:
    with browser(home, NO_COLOR="1") as seen:
        seen.until(MARK)
        for key, shown in (("1", "1 of 252"), ("s", "★"), ("8", "mnist_lenet"), ("9", "arxiv_rss")):
            seen.press(key)
            shows(seen, shown)
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
        assert_restored(seen)


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
        *(
            f"{tab}={MARK}|\r=Back|t=Tab completes|E=Note|n=keeps it|E=Tag|y=Address|E=Tag|G|E={MARK}"
            for tab in range(1, 8)
        ),
        "4|\r|\t|G|\r|E|E", "2|\r|\r|v|\r|E|E|E", "3|v| | |c|E", "1|f|E|G|v",
        "/|cls|\r|\r|E", "8|\r|E", "9|\r|E", "0|\x10|planted|E", "?|G|E",
        "L|1|\r|E|7|\r|E",
    ]  # fmt: skip
    with browser(hostile, size=(150, 45)) as seen:
        seen.until(MARK)
        for keys in tour:
            for step in keys.split("|"):
                key, _, shown = step.partition("=")
                hit(seen, ESCAPE if key == "E" else key)
                if shown:
                    seen.until(shown)
        assert "[CLS]" in seen.text and "planted" in seen.text
        seen.child.send_signal(signal.SIGTERM)
        seen.end()
        assert_restored(seen)
    assert_own(seen.text)
    assert not (hostile.log.is_file() and "Traceback" in hostile.log.read_text())


def test_what_is_pasted_into_a_note_brings_no_sequence_and_keeps_its_lines(home: Paths) -> None:
    with browser(home) as seen:
        shows(seen, MARK)
        seen.press("2")
        shows(seen, "Datasets ─")
        shows(seen, "MNIST")
        seen.press("n")
        shows(seen, "keeps it")
        seen.press("\x1b[200~two\x9b31m\r\n  lines\u202e end\x1b[201~\x13q")
        assert seen.end() == 0
    assert_own(seen.text)
    with Library.open(home.library) as library:
        assert [note.text for one in library.all() for note in one.notes] == ["two31m\n  lines end"]
