"""The terminal interface as a person meets it: through a real terminal, key by key.

A home with a million papers comes from tests.bench.million; HUB_BENCH_MILLION names its folder, by
default one below the system's temporary folder, where it is made on first use and stays.
"""

import json
import os
import random
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.children import MB, ChildFailed, answer, hub, run
from tests.bench.million import FACTS, default_folder
from tests.bench.rows import Row, at_most, known, not_run
from tests.bench.terminal import Terminal
from tests.bench.workshop import Workshop, lacks

START_EMBEDDED_SECONDS = 0.7
START_MILLION_SECONDS = 0.9
KEYSTROKE_MS = 50
FRAME_MS = 50
SCROLL_SECONDS = 10
SCROLL_KEYS_PER_SECOND = 30
"""What a keyboard repeats when a key is held down."""

MEMORY_MB = 250
ACTIONS = 20_000
GROWTH = 0.10
SETTLED = 2_000
"""Actions after which the memory is taken that must not grow any more."""

SEED = 11

TYPED: Final = (
    "transformer attention",
    "graph neural networks",
    "diffusion",
    "residual learning",
    "speech recognition",
    "图像分类",
    "bert",
    "reinforcement learning from human feedback",
)
PLACE: Final = re.compile(r"([\d,]+) of ([\d,]+)")
"""Where the cursor stands in the list, as its border says."""

APP: Final = hub()


# -- homes -----------------------------------------------------------------------------------


def million() -> Path | None:
    """The home with a million papers; None where it was not made yet."""
    folder = Path(os.environ.get("HUB_BENCH_MILLION") or default_folder())
    return folder / "home" if (folder / FACTS).is_file() else None


def used_before(workshop: Workshop, home: Path | None) -> dict[str, str | Path]:
    """Settings under which the welcome was seen already; of a fresh embedded home or a given one."""
    if home is None:
        home = workshop.fresh("screens")
        run(hub("search", "mnist"), {"HUB_HOME": home})
    with Terminal(APP, {"HUB_HOME": home}) as terminal:
        terminal.until(lambda lines: place(lines) is not None or welcome(lines))
        if welcome(terminal.screen()):
            terminal.press("\r")
            terminal.until(lambda lines: place(lines) is not None)
        terminal.quiet()
        terminal.press("qq")
        time.sleep(1)
    return {"HUB_HOME": home}


def place(lines: Sequence[str]) -> tuple[int, int] | None:
    """Row of the cursor and length of the list; None where no list stands on the screen."""
    for line in lines:
        found = PLACE.search(line)
        if found and "╯" in line:
            at, of = (int(one.replace(",", "")) for one in found.groups())
            return at, of
    return None


def welcome(lines: Sequence[str]) -> bool:
    return any("Enter" in line and "hub" in line.lower() for line in lines) and not place(lines)


# -- measurements ----------------------------------------------------------------------------


def starts(workshop: Workshop) -> list[Row]:
    """From the command to the first frame with a list that keys act on."""
    if lack := lacks("pyte"):
        return [not_run("start of the terminal interface", lack)]
    rows = [_start(workshop, "embedded catalog", None, START_EMBEDDED_SECONDS)]
    home = million()
    if home is None:
        return [*rows, not_run("start, 1,000,000 papers", NOT_MADE)]
    return [*rows, _start(workshop, "1,000,000 papers", home, START_MILLION_SECONDS)]


NOT_MADE: Final = "no home with a million papers: python -m tests.bench.million"


def _start(workshop: Workshop, what: str, home: Path | None, bar: float) -> Row:
    settings = used_before(workshop, home)
    taken = []
    for _ in range(7):
        with Terminal(APP, settings) as terminal:
            taken.append(terminal.until(lambda lines: place(lines) is not None) - terminal.began)
    imports = run([sys.executable, "-c", "import textual.app, numpy"]).wall_seconds
    return at_most(
        f"hub: first usable frame, {what} (median of 7)",
        median(taken),
        bar,
        "s",
        measured=f"{median(taken):.2f} s (best {min(taken):.2f})",
        peer=f"import textual.app, numpy {imports:.2f} s",
    )


def keystrokes(workshop: Workshop) -> list[Row]:
    """From a key in the search to the frame that shows the answer to what then stands there."""
    what = "key in the search to its answer on the screen, 1,000,000 papers"
    home = million()
    if lack := lacks("pyte") or (None if home else NOT_MADE):
        return [not_run(what, lack)]
    assert home is not None
    expected = {text: found for text, found in answer("screens", "answers", home)}
    settings = used_before(workshop, home)
    taken: list[float] = []
    with Terminal(APP, settings, rows=40) as terminal:
        terminal.until(lambda lines: place(lines) is not None)
        terminal.quiet()
        asked: list[tuple[float, str]] = []
        for text in TYPED:
            terminal.press("/")
            terminal.quiet(0.3)
            terminal.press("\x15")  # ctrl+u: the line is empty again
            terminal.quiet(0.3)
            for end in range(1, len(text) + 1):
                asked.append((terminal.press(text[end - 1]), text[:end]))
                terminal.quiet(0.15)
            terminal.press("\x1b")
            terminal.quiet(0.3)
        frames = list(terminal.frames())
    missing = []
    for pressed, text in asked:
        moment = next(
            (
                moment
                for moment, lines in frames
                if moment > pressed and _answered(lines, text, expected[text])
            ),
            None,
        )
        if moment is None:
            missing.append(text)
        else:
            taken.append(1000 * (moment - pressed))
    if missing:
        raise RuntimeError(f"never answered on the screen: {missing[:5]}")
    taken.sort()
    p95 = taken[int(0.95 * len(taken))]
    return [
        at_most(
            f"{what}: p95 of {len(taken)}",
            p95,
            KEYSTROKE_MS,
            "ms",
            measured=f"{p95:.0f} ms (median {median(taken):.0f}, worst {taken[-1]:.0f})",
        )
    ]


def _answered(lines: Sequence[str], text: str, found: int) -> bool:
    """The text stands in the search, and the list has as many entries as it must."""
    if not any(text.rstrip() in line for line in lines[:5]):
        return False
    at = place(lines)
    return at is not None and at[1] == found


def scroll(workshop: Workshop) -> list[Row]:
    """A key held down for ten seconds in the list of a million papers."""
    what = "scroll held down for 10 s through 1,000,000 papers"
    home = million()
    if lack := lacks("pyte") or (None if home else NOT_MADE):
        return [not_run(what, lack)]
    settings = used_before(workshop, home)
    with Terminal(APP, settings) as terminal:
        terminal.until(lambda lines: place(lines) is not None)
        terminal.press("1")
        terminal.until(lambda lines: (place(lines) or (0, 0))[1] >= 1_000_000)
        terminal.quiet(0.5)
        before = terminal.resident_bytes()
        pressed = [terminal.press("j")]
        while pressed[-1] - pressed[0] < SCROLL_SECONDS:
            time.sleep(
                max(
                    0.0,
                    pressed[0] + len(pressed) / SCROLL_KEYS_PER_SECOND - time.perf_counter(),
                )
            )
            pressed.append(terminal.press("j"))
        terminal.quiet(0.5)
        after = terminal.resident_bytes()
        rows = [(moment, place(lines)) for moment, lines in terminal.frames()]
    late = [1000 * late for late in _lateness(pressed, rows)]
    late.sort()
    return [
        at_most(
            f"{what}: latest of {len(late)} frames",
            late[-1],
            FRAME_MS,
            "ms",
            measured=f"{late[-1]:.0f} ms (median {median(late):.0f}, p99 {late[int(0.99 * len(late))]:.0f})",
        ),
        at_most(
            f"{what}: resident memory after it",
            after / MB,
            MEMORY_MB,
            "MB",
            measured=f"{after / MB:.0f} MB (before {before / MB:.0f})",
        ),
    ]


def _lateness(
    pressed: Sequence[float], rows: Sequence[tuple[float, tuple[int, int] | None]]
) -> list[float]:
    """Of each key the seconds until the cursor stood where it had to."""
    late = []
    frame = 0
    for number, moment in enumerate(pressed, start=2):
        while frame < len(rows):
            painted, at = rows[frame]
            if painted > moment and at is not None and at[0] >= number:
                break
            frame += 1
        if frame == len(rows):
            raise RuntimeError(f"the cursor never came to row {number}")
        late.append(rows[frame][0] - moment)
    return late


def memory(workshop: Workshop) -> list[Row]:
    """20,000 keys of a person who looks at everything: what is held must not grow."""
    what = f"memory over {ACTIONS:,} actions"
    if lack := lacks("pyte"):
        return [not_run(what, lack)]
    settings = used_before(workshop, None)
    chance = random.Random(SEED)
    keys = ["j"] * 10 + ["k"] * 4 + [
        "\r", "\x1b", "\x1b", "\t", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "G", "g",
        "\x04", "\x15", "/", "f", "?", "a", "e", "n", "t", " ", "s",
    ]  # fmt: skip
    with Terminal(APP, settings) as terminal:
        terminal.until(lambda lines: place(lines) is not None)
        taken: dict[int, int] = {}
        for number in range(1, ACTIONS + 1):
            terminal.press(chance.choice(keys))
            if number % 25 == 0:
                terminal.press("\x1b")
                terminal.quiet(0.03, within=60)
                if terminal.child.poll() is not None:
                    raise RuntimeError(f"the app ended after {number} keys")
                del terminal.painted[:-50]
            if number in (SETTLED, ACTIONS):
                terminal.quiet(1.0)
                taken[number] = terminal.own_bytes()
    first, last = taken[SETTLED], taken[ACTIONS]
    return [
        at_most(
            f"{what}: growth after the first {SETTLED:,}",
            100 * (last - first) / first,
            100 * GROWTH,
            "%",
            measured=f"{100 * (last - first) / first:+.1f} % ({first / MB:.0f} to {last / MB:.0f} MB)",
        )
    ]


# -- in a process of its own -----------------------------------------------------------------


def _answers(home: Path) -> list[tuple[str, int]]:
    """What is typed, and how many entries answer it, by the very function that the list asks."""
    from contextlib import closing

    from hub.browsing import View
    from hub.paths import Paths
    from hub.queries import Queries

    with closing(Queries(Paths(home))) as queries:
        return [
            (text[:end], queries.browse(View(text=text[:end], typing=True)).found)
            for text in TYPED
            for end in range(1, len(text) + 1)
        ]


if __name__ == "__main__":
    print(json.dumps(_answers(Path(sys.argv[2]))))
