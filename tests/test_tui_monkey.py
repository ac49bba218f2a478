"""Random keys, clicks, pastes and sizes in a real terminal over a hostile catalog: it does not crash, only
its own sequences reach the screen, and what the user keeps is kept.

`python -m tests.bench monkey` hits 20,000 and looks at the memory.
"""

import os
import random
from typing import Final

import pytest

from hub.library import Library
from hub.paths import Paths
from tests.bench.browser import MONKEY_KEYS
from tests.test_hostile import PARTS
from tests.test_tui_pty import ESCAPE, MARK, assert_own, assert_restored, browser, hit
from tests.test_tui_pty import hostile as hostile  # the fixture

KEYS: Final = int(os.environ.get("MONKEY_KEYS", "3000"))
"""MONKEY_KEYS=20000 takes seven times as long; MONKEY_SEED gives others."""
SEED: Final = int(os.environ.get("MONKEY_SEED", "5"))
BURST: Final = 60
SIZES: Final = ((120, 40), (80, 24), (60, 15), (250, 80), (20, 5), (101, 31))
LEFT_OUT: Final = {
    "q": "leaves the browser",
    "\x03": "is Ctrl-C",
    "r": "starts a run or a crawl",
    "d": "downloads data, or deletes a note",
    "D": "starts the daily round",
    "\x13": "keeps what was typed, or starts what a window asks for",
}
"""Keys that no monkey is given, and why."""


def test_keys_left_out_are_those_that_start_something_or_leave() -> None:
    assert set(LEFT_OUT) & set(MONKEY_KEYS[0]) == set()


def bursts(chance: random.Random) -> list[str]:
    """Keys, now and then a click, the wheel or a paste among them."""
    keys = ["\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m", "\x1b[<64;{x};{y}M", "\x1b[<65;{x};{y}M"]
    found = []
    for _ in range(KEYS // BURST):
        typed = chance.choices(*MONKEY_KEYS, k=BURST)
        for one in keys:
            # Below the second line and above the last: the buttons of windows, not the key line.
            place = one.format(x=chance.randint(1, 60), y=chance.randint(1, 12))
            typed.insert(chance.randrange(len(typed)), place)
        if chance.random() < 0.3:
            text = "".join(one for one in chance.choices(PARTS, k=4) if not one.startswith("\x1b["))
            typed += ["/", f"\x1b[200~{text}\x1b[201~", "\x1b"]
        found.append("".join(typed))
    return found


@pytest.mark.timeout(60 + KEYS // 20)
def test_nothing_that_is_typed_ends_it_or_loses_what_is_kept(hostile: Paths) -> None:
    with Library.open(hostile.library, write=True) as library:
        library.keep("method:evil", note="Written by hand.")
    chance = random.Random(SEED)
    with browser(hostile, size=SIZES[0], HUB_OFFLINE="1") as seen:
        seen.until(MARK)
        for at, burst in enumerate(bursts(chance)):
            hit(seen, burst)
            assert seen.child.poll() is None, f"ended after burst {at}"
            assert_own(seen.forget())
            if at % 5 == 4:
                seen.resize(*chance.choice(SIZES))
        seen.resize(120, 40)
        hit(seen, 4 * ESCAPE, 1.0)
        assert seen.child.poll() is None, "it still runs"
        for _ in range(KEYS):  # back from wherever it is, screen by screen, and out
            if seen.child.poll() is not None:
                break
            hit(seen, 2 * ESCAPE)  # what is written and not kept is given up by two
            hit(seen, "q")
        assert_own(seen.text)
        assert seen.end() == 0, seen.text[-6_000:]
        assert_restored(seen)
    assert not hostile.log.is_file() or "Traceback" not in hostile.log.read_text("utf-8")
    with Library.open(hostile.library) as library:
        notes = {one.key: [note.text for note in one.notes] for one in library.all()}
    assert "Written by hand." in notes["method:evil"]
    assert notes["dataset:evil"]
