"""The terminal interface as a person meets it: through a real terminal, key by key.

The home with a million papers is the one of tests.bench.million, which HUB_BENCH_MILLION may name;
where it was not made, the rows say so.
"""

import json
import os
import random
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Final

from hub.tui.app import DEEPEST
from tests.bench.children import MB, answer, hub, run
from tests.bench.million import default_folder, ready
from tests.bench.rows import Row, at_most, failed, not_run
from tests.bench.terminal import Terminal
from tests.bench.workshop import Workshop, lacks

START_EMBEDDED_SECONDS = 0.7
START_MILLION_SECONDS = 0.9
KEYSTROKE_MS = 50
FRAME_MS = 50
SCROLL_SECONDS = 10
SCROLL_KEYS_PER_SECOND = 30
"""What a keyboard repeats when a key is held down."""

STEP_MS = 16
"""A frame of a screen that shows sixty in a second."""

MEMORY_MB = 250
GROWTH = 0.10
SETTLED: Final = (4_000, 5_000, 6_000)
"""Actions after which every screen was imported and shown once: from here on nothing may grow."""

LAST: Final = (18_000, 19_000, 20_000)
"""Those after which it is looked at again. The mean of three: what fragments of memory hold goes up and
down by a tenth."""

AT_REST_SECONDS = 4.0
"""Longer than what the browser waits for before it hands memory back (hub.tui.reading)."""

SEED = 11
BURST = 20
_OFTEN: Final = ("j", "k", "\x1b[6~", "\x1b[5~", "\r", "\x1b", "\t", " ", "g", "G")
_SELDOM: Final = tuple("0123456789/fxspvtnSyoR?,.<>*Lhabceilu\x12\x7f")
MONKEY_KEYS: Final = ((*_OFTEN, *_SELDOM), (*(8,) * len(_OFTEN), *(1,) * len(_SELDOM)))
"""Keys and how often each comes; `q` is left out, since the browser is to stay, and what starts a run or
a download or removes something on purpose."""

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
_BACK: Final = "\x1b[27u"
TOUR: Final = (
    *("1", "j", "\r", "j", "t", _BACK, "n", _BACK, "y", _BACK, _BACK),
    *("2", "\r", "r", _BACK, _BACK, "3", "\r", _BACK, "3", " ", "j", " ", "c", _BACK),
    *("4", "\r", "\r", "v", _BACK, _BACK, "v", _BACK, "5", "\r", _BACK, "6", "\r", _BACK),
    *("7", "8", "j", "\r", _BACK, "r", _BACK, "9", "\r", _BACK, "0", "?", _BACK),
    *("\x10", "r", "e", "s", _BACK, "f", "f", "p", "p", "/", "r", "e", "s", "\x15", _BACK),
    *("L", "1", "\r", _BACK, "8", "9", "?", _BACK, "L", "0"),
)
"""Every kind of screen, window and pane, in both languages."""

PLACE: Final = re.compile(r"([\d,]+) of ([\d,]+)")
"""Where the cursor stands in the list, as its border says."""

APP: Final = hub()


# -- homes -----------------------------------------------------------------------------------


def million() -> Path | None:
    """The home with a million papers; None where it was not made yet."""
    folder = Path(os.environ.get("HUB_BENCH_MILLION") or default_folder())
    return folder / "home" if ready(folder) else None


def settings_of(workshop: Workshop, home: Path | None) -> dict[str, str | Path]:
    """What a start is given: this home, or a fresh one with the embedded catalog; never the welcome."""
    if home is None:
        workshop.warm()
        home = workshop.fresh("screens")
        run(hub("search", "mnist"), {"HUB_HOME": home})
    (home / "browser.json").write_text('{"welcomed": true}', "utf-8")
    return {"HUB_HOME": home}


def place(lines: Sequence[str]) -> tuple[int, int] | None:
    """Row of the cursor and length of the list; None where no list stands on the screen."""
    for line in lines:
        found = PLACE.search(line)
        if found and "╯" in line:
            at, of = (int(one.replace(",", "")) for one in found.groups())
            return at, of
    return None


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
    settings = settings_of(workshop, home)
    taken = []
    for _ in range(7):
        with Terminal(APP, settings) as terminal:
            taken.append(
                terminal.until_shown(lambda lines: place(lines) is not None) - terminal.began
            )
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
    expected = dict(answer("browser", "answers", home))
    settings = settings_of(workshop, home)
    taken: list[float] = []
    with Terminal(APP, settings, rows=40) as terminal:
        terminal.until_shown(lambda lines: place(lines) is not None)
        terminal.quiet()
        asked: list[tuple[float, str]] = []
        for text in TYPED:
            terminal.press("/")
            terminal.quiet(0.25)
            terminal.press("\x15")  # ctrl+u: the line is empty again
            terminal.quiet(0.25)
            for end in range(1, len(text) + 1):
                asked.append((terminal.press(text[end - 1]), text[:end]))
                terminal.quiet(0.15)
            terminal.press("\x1b")
            terminal.quiet(0.25)
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


def steps(workshop: Workshop) -> list[Row]:
    """Every kind of screen, window and pane opened once: how long the loop hears no key meanwhile."""
    what = "longest step of the event loop, CPU time"
    home = million()
    if lack := lacks("pyte") or (None if home else NOT_MADE):
        return [not_run(what, lack)]
    rows = []
    for columns, lines in ((120, 40), (250, 80)):
        longest = []
        for _ in range(3):
            taken = _tour(workshop, home, (columns, lines))
            longest.append(max(taken))
        plain = max(_tour(workshop, home, (columns, lines), "plain"))
        rows.append(
            at_most(
                f"{what}, {columns}x{lines} (median of 3 tours)",
                median(longest),
                STEP_MS,
                "ms",
                measured=f"{median(longest):.1f} ms of {len(taken):,} steps (highest {max(longest):.1f})",
                peer=f"screens as Textual's own open {plain:.0f} ms",
            )
        )
    return rows


def _tour(workshop: Workshop, home: Path | None, size: tuple[int, int], *how: str) -> list[float]:
    """The milliseconds of each step while the keys of the tour are hit, from the first list on."""
    told = workshop.fresh("steps") / "steps.json"
    app = [sys.executable, "-m", "tests.bench.steps", str(told), *how]
    with Terminal(app, settings_of(workshop, home), columns=size[0], rows=size[1]) as terminal:
        terminal.until_shown(lambda lines: place(lines) is not None)
        time.sleep(AT_REST_SECONDS)
        begun = time.perf_counter()
        for key in TOUR:
            terminal.press(key)
            terminal.quiet(0.2, within=2, still=False)
        ended = time.perf_counter()
        terminal.press("q")
        terminal.end()
    return [taken for moment, taken in json.loads(told.read_text()) if begun <= moment <= ended]


def scroll(workshop: Workshop) -> list[Row]:
    """A key held down for ten seconds in the list of a million papers."""
    what = "scroll held down for 10 s through 1,000,000 papers"
    home = million()
    if lack := lacks("pyte") or (None if home else NOT_MADE):
        return [not_run(what, lack)]
    settings = settings_of(workshop, home)
    with Terminal(APP, settings) as terminal:
        terminal.until_shown(lambda lines: place(lines) is not None)
        terminal.press("1")
        terminal.until_shown(lambda lines: (place(lines) or (0, 0))[1] >= 1_000_000)
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


def _go_home(terminal: Terminal) -> None:
    """Back to the first list, at rest: two moments compare only where the same stands on the screen."""
    for _ in range(DEEPEST + 5):
        terminal.press(
            "\x1b[27u"
        )  # Escape alone, which a key right after it does not turn into Alt
        terminal.quiet(0.1, within=2, still=False)
    terminal.press("0g")
    time.sleep(AT_REST_SECONDS)
    terminal.forget()


def memory(workshop: Workshop) -> list[Row]:
    """20,000 keys of a person who looks at everything: what is held must not grow, nothing is lost."""
    what = f"memory over {LAST[-1]:,} random keys"
    if lack := lacks("pyte"):
        return [not_run(what, lack)]
    settings = settings_of(workshop, None)
    run(hub("library", "add", "dataset:mnist", "--note", "kept"), settings)
    chance = random.Random(SEED)
    taken: dict[int, int] = {}
    with Terminal(APP, settings) as terminal:
        terminal.until_shown(lambda lines: place(lines) is not None)
        for pressed in range(BURST, LAST[-1] + 1, BURST):
            terminal.press("".join(chance.choices(*MONKEY_KEYS, k=BURST)))
            terminal.quiet(0.05, within=5, still=False)
            terminal.forget()
            if terminal.child.poll() is not None:
                last = " / ".join(line.strip() for line in terminal.screen() if line.strip())
                code = terminal.child.returncode
                return [
                    failed(what, f"the app ended with {code} after {pressed:,} keys: {last[-500:]}")
                ]
            if pressed in (*SETTLED, *LAST):
                _go_home(terminal)
                taken[pressed] = terminal.own_bytes()
    if "dataset:mnist" not in run(hub("library", "list", "--json"), settings).out:
        return [failed(what, "an entry of the library is gone")]
    first, last = (fmean(taken[at] for at in moments) for moments in (SETTLED, LAST))
    grown = 100 * (last - first) / first
    return [
        at_most(
            f"{what}: growth after the first {SETTLED[0]:,}",
            grown,
            100 * GROWTH,
            "%",
            measured=f"{grown:+.1f} % ({first / MB:.0f} to {last / MB:.0f} MB)",
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
