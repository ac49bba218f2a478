"""The terminal interface against its bars, through a real terminal: start, keystrokes, scrolling, memory.

The home with 1,000,000 papers is the one of tests.bench.million; where it was not made, the rows say
so. Two cores that others use as well make every wall time worse; the CPU time stands beside it.
"""

import statistics
import time
from pathlib import Path

from tests.bench import million
from tests.bench.children import MB, hub, run
from tests.bench.rows import Row, at_most, known, not_run
from tests.bench.terminal import Terminal, opened
from tests.bench.workshop import Workshop

ROW_SEEN = "\u258c"
"""The bar of the cursor: the first list stands on the screen."""

COUNTED = r" of [0-9]"
"""The place in the list, said with every new answer."""

WORDS = ("residual networks", "object detection", "attention is all", "diffusion models", "bert")
SCROLL_SECONDS = 10.0
REPEATS_A_SECOND = 30
"""Of a key held down."""


def browsing(workshop: Workshop) -> list[Row]:
    """Start, keystroke to results, ten seconds of a held key, memory."""
    workshop.warm()
    small = workshop.fresh("browser")
    run(hub("status"), {"HUB_HOME": small})
    rows = [started("browser: start, embedded catalog", small, 0.7)]
    home = million.default_folder() / "home"
    if not million.ready(million.default_folder()):
        return [*rows, not_run("browser: 1,000,000 papers", "python -m tests.bench.million first")]
    rows.append(started("browser: start, 1,000,000 papers", home, 0.9))
    with opened(settings={"HUB_HOME": home}) as terminal:
        terminal.until(ROW_SEEN)
        terminal.quiet(1.0)
        rows += typed(terminal)
        rows += scrolled(terminal)
    return rows


def started(what: str, home: Path, bar: float, repeats: int = 7) -> Row:
    """Seconds from the command to a frame that shows rows: the median."""
    walls, cpus = [], []
    (home / "browser.json").write_text('{"welcomed": true}')
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        with opened(settings={"HUB_HOME": home}) as terminal:
            terminal.until(ROW_SEEN)
            walls.append(time.perf_counter() - begun)
            cpus.append(terminal.cpu_seconds())
            terminal.quiet(0.2)
    wall, cpu = statistics.median(walls[1:]), statistics.median(cpus[1:])
    return at_most(
        what, wall, bar, "s", measured=f"{wall:.2f} s (least {min(walls):.2f}; {cpu:.2f} s of CPU)"
    )


def typed(terminal: Terminal) -> list[Row]:
    """Milliseconds from a key in the search to its results on the screen."""
    taken = list[float]()
    for words in WORDS:
        terminal.press("/")
        terminal.quiet()
        terminal.press("\x15")
        terminal.quiet()
        for letter in words:
            begun = time.perf_counter()
            terminal.press(letter)
            terminal.until(COUNTED)
            taken.append(1000 * (time.perf_counter() - begun))
            terminal.quiet(0.15)
        terminal.press("\r")
        terminal.quiet()
    slow = sorted(taken)[int(0.95 * len(taken))]
    return [
        at_most("browser: keystroke to results, p95", slow, 50, "ms"),
        known("browser: keystroke to results, median", statistics.median(taken), "ms"),
    ]


def scrolled(terminal: Terminal) -> list[Row]:
    """The longest pause between frames while a key is held down, and what memory did meanwhile."""
    terminal.press("\x1b")
    terminal.quiet()
    terminal.press("1")
    terminal.quiet(1.0)
    terminal.press("g")
    terminal.quiet(0.5)
    before, cpu = terminal.memory(), terminal.cpu_seconds()
    answered, begun = list[float](), time.perf_counter()
    pressed = 0
    while (now := time.perf_counter()) < begun + SCROLL_SECONDS:
        terminal.press("\x1b[6~" if pressed % 4 == 0 else "j")
        pressed += 1
        due = begun + pressed / REPEATS_A_SECOND
        seen = next(iter(terminal.frames(max(0.2, due - now))), None)
        answered.append(1000 * ((seen or time.perf_counter()) - now))
        for _ in terminal.frames(max(0.0, due - time.perf_counter())):
            pass
    slow = sorted(answered)[int(0.99 * len(answered))]
    after, spent = terminal.memory(), terminal.cpu_seconds() - cpu
    return [
        at_most("browser: key held down, frame after the key, p99", slow, 50, "ms"),
        known("browser: key held down, latest frame", max(answered), "ms"),
        known("browser: key held down, CPU of 10 s", spent, "s"),
        at_most("browser: memory after scrolling", after / MB, 250, "MB"),
        known("browser: memory grown while scrolling", (after - before) / MB, "MB"),
    ]
