"""The terminal interface against its bars, through a real terminal: start, keystrokes, scrolling, memory.

The home with 1,000,000 papers is the one of tests.bench.million; where it was not made, the rows say
so. Two cores that others use as well make every wall time worse; the CPU time stands beside it.
"""

import random
import statistics
import time
from pathlib import Path
from typing import Final

from tests.bench import million
from tests.bench.children import MB, hub, run
from tests.bench.rows import Row, at_most, failed, known, not_run
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


KEYS: Final = 20_000
BURST: Final = 20
_OFTEN: Final = ("j", "k", "\x1b[6~", "\x1b[5~", "\r", "\x1b", "\t", " ", "g", "G")
_SELDOM: Final = tuple("0123456789/fxspvtnSyoR?,.<>*Lhabceilu\x12\x7f")
MONKEY_KEYS: Final = ((*_OFTEN, *_SELDOM), (*(8,) * len(_OFTEN), *(1,) * len(_SELDOM)))
"""Keys and how often each comes; `q` is left out, since the browser is to stay, and what
starts a run or a download or removes something on purpose."""


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


def monkey(workshop: Workshop) -> list[Row]:
    """20,000 random keys: the program still runs, nothing of the library is lost, memory stays."""
    workshop.warm()
    home = workshop.fresh("monkey")
    run(hub("status"), {"HUB_HOME": home})
    run(hub("library", "add", "dataset:mnist", "--note", "kept"), {"HUB_HOME": home})
    (home / "browser.json").write_text('{"welcomed": true}')
    chance = random.Random(20_000)
    with opened(settings={"HUB_HOME": home, "HUB_OFFLINE": "1"}, size=(120, 40)) as terminal:
        terminal.until(ROW_SEEN)
        early = 0
        for at in range(0, KEYS, BURST):
            terminal.press("".join(chance.choices(*MONKEY_KEYS, k=BURST)))
            terminal.quiet(0.05)
            if at == KEYS // 5:  # by then every screen has been imported and shown
                early, _ = terminal.memory()
        terminal.press("\x1b\x1b\x1b")
        terminal.quiet(2.0)
        late, _ = terminal.memory()
    said = run(hub("library", "list", "--json"), {"HUB_HOME": home}).out
    if "dataset:mnist" not in said:
        return [failed("browser: 20,000 random keys", "an entry of the library is gone")]
    grown = 100 * (late - early) / early
    return [
        at_most(
            "browser: memory grown over 20,000 random keys, after the first fifth", grown, 10, "%",
            measured=f"{grown:.1f} % ({early / MB:.0f} to {late / MB:.0f} MB)",
        )
    ]  # fmt: skip


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
    taken, cpu = list[float](), terminal.cpu_seconds()
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
        known(
            "browser: CPU of a keystroke", 1000 * (terminal.cpu_seconds() - cpu) / len(taken), "ms"
        ),
    ]


def scrolled(terminal: Terminal) -> list[Row]:
    """The longest pause between frames while a key is held down, and what memory did meanwhile."""
    terminal.press("\x1b")
    terminal.quiet()
    terminal.press("1")
    terminal.quiet(1.0)
    terminal.press("g")
    terminal.quiet(0.5)
    (before, _), cpu = terminal.memory(), terminal.cpu_seconds()
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
    (after, whole), spent = terminal.memory(), terminal.cpu_seconds() - cpu
    return [
        at_most("browser: key held down, frame after the key, p99", slow, 50, "ms"),
        known("browser: key held down, latest frame", max(answered), "ms"),
        known("browser: key held down, CPU of 10 s", spent, "s"),
        at_most(
            "browser: memory of its own after scrolling",
            after / MB,
            250,
            "MB",
            measured=f"{after / MB:.0f} MB ({whole / MB:.0f} with pages of the index's files)",
        ),
        known("browser: memory grown while scrolling", (after - before) / MB, "MB"),
    ]
