"""Pictures of screens: a home of literals with fixed days, the app at rest, and an SVG as few lines of text."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.cells import cell_len
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, TextArea

from hub.tui import clock
from hub.tui.app import HubApp
from hub.tui.browse import BrowseScreen
from tests.tuitest import until

NOON: Final = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)
"""What every age in a picture is counted from."""


# -- an app at rest --------------------------------------------------------------------------


@contextmanager
def still() -> Iterator[None]:
    """Ages stand still."""
    with clock.stopped(NOON):
        yield


async def settled(app: HubApp, pilot: Pilot[None], ready: Callable[[], object]) -> str:
    """The screen as SVG once it is at rest."""
    await at_rest(app, pilot, ready)
    return app.export_screenshot()


async def at_rest(app: HubApp, pilot: Pilot[None], ready: Callable[[], object]) -> None:
    """Returns when the screen is ready, nothing is being read and it has stopped changing."""
    await until(pilot, ready)
    before = list[Strip]()
    while True:
        await until(pilot, lambda: all(worker.is_finished for worker in app.workers))
        await _answered(app, pilot)
        for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
            field.cursor_blink = False
            field._cursor_visible = True
        await pilot.pause()
        now = app.screen._compositor.render_strips()
        if now == before and ready() and all(one.is_finished for one in app.workers):
            return
        before = now
        await pilot.pause(0.02)


async def _answered(app: HubApp, pilot: Pilot[None]) -> None:
    """Waits for the answers to all that the main screen has asked, and for its sheet to follow."""
    main = app.screen_stack[0]
    if not isinstance(main, BrowseScreen) or main.reader is None:
        return
    done = threading.Event()
    main.reader.ask("pictures", lambda _: None, lambda _: done.set())
    await until(pilot, lambda: done.is_set() and main._look_timer is None)


# -- a picture as text -----------------------------------------------------------------------

_CLASS = re.compile(r"\.terminal-\d+-(r\d+) \{ ([^}]*) ?\}")
_RECT = re.compile(
    r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="[\d.]+" shape-rendering'
)
_TEXT = re.compile(
    r'<text class="terminal-\d+-(r\d+)" x="([\d.]+)" y="[\d.]+" textLength="[\d.]+" '
    r'clip-path="url\(#terminal-\d+-line-(\d+)\)">([^<]*)</text>'
)
CELL: Final = 12.2
"""Width of a cell in Rich's SVG, and its lines' height."""
LINE: Final = 24.4
LETTERS: Final = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZαβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
)


@dataclass(frozen=True)
class Cell:
    """One place of the screen: its character ("" is the second half of a wide one) and colours."""

    text: str
    ink: str


def cells(svg: str, size: tuple[int, int]) -> list[list[Cell]]:
    """Every place of an exported screen, line by line."""
    columns, lines = size
    style = {name: _style(said) for name, said in _CLASS.findall(svg)}
    back = [[""] * columns for _ in range(lines)]
    for colour, x, y, width in _RECT.findall(svg):
        at, line = round(float(x) / CELL), round((float(y) - 1.5) / LINE)
        for column in range(at, min(columns, at + round(float(width) / CELL))):
            back[line][column] = colour
    drawn = [[(" ", "")] * columns for _ in range(lines)]
    for name, x, line, text in _TEXT.findall(svg):
        at = round(float(x) / CELL)
        for character in unescape(text).replace("\xa0", " ").rstrip("\n"):
            if not cell_len(character):
                base, ink = drawn[int(line)][at - 1]
                drawn[int(line)][at - 1] = (base + character, ink)
                continue
            for part in (character, "")[: cell_len(character)]:
                drawn[int(line)][at] = (part, style[name])
                at += 1
    return [_line(*both) for both in zip(drawn, back, strict=True)]


def _line(drawn: list[tuple[str, str]], back: list[str]) -> list[Cell]:
    """Blanks have no colour but the one behind them: they go on with that of the text before."""
    line, before = list[Cell](), ("", "")
    for (text, ink), ground in zip(drawn, back, strict=True):
        if text == " " and "underline" not in ink and before[1] == ground:
            ink = before[0]
        elif text == " " and "underline" not in ink:
            ink = ""
        line.append(Cell(text, f"{ink} on {ground}".strip()))
        before = (ink, ground)
    return line


def _style(said: str) -> str:
    """`fill: #d5d9e8;font-weight: bold` -> `#d5d9e8 bold`."""
    return re.sub(r"fill: |font-\w+: |text-decoration: ", "", said).replace(";", " ").strip()


def compact(svg: str, size: tuple[int, int]) -> str:
    """The picture as text: its colours by letters, then every line and beside it which colours it has.

    All that can be seen is in it, and nothing of what makes an SVG large.
    """
    rows = cells(svg, size)
    inks = dict.fromkeys(cell.ink for row in rows for cell in row)
    letter = dict(zip(inks, LETTERS, strict=False))
    assert len(letter) == len(inks), "more colours than letters"
    said = [f"{sign} {ink}" for ink, sign in letter.items()]
    for row in rows:
        text = "".join(cell.text for cell in row).rstrip()
        runs = ((letter[ink], len(list(run))) for ink, run in groupby(cell.ink for cell in row))
        said.append(f"|{text}\n'{' '.join(f'{sign}{count}' for sign, count in runs)}")
    return "\n".join(said) + "\n"


def keep_svg(folder: Path, name: str, svg: str) -> None:
    """Leaves the picture itself for somebody to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_text(svg, "utf-8")


# -- a picture for a page --------------------------------------------------------------------

FONTS: Final = (
    "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC',"
    "'PingFang SC','Microsoft YaHei',monospace"
)
WIDE: Final = 8
HIGH: Final = 17
"""Pixels of a cell."""

_STROKES: Final = {
    "─": "M0 8.5h8", "│": "M4 0v17", "╭": "M8 8.5q-4 0-4 4v4.5", "╮": "M0 8.5q4 0 4 4v4.5",
    "╯": "M0 8.5q4 0 4-4v-4.5", "╰": "M8 8.5q-4 0-4-4v-4.5", "┌": "M8 8.5h-4v8.5", "┐": "M0 8.5h4v8.5",
    "└": "M8 8.5h-4v-8.5", "┘": "M0 8.5h4v-8.5", "┤": "M4 0v17M0 8.5h4", "├": "M4 0v17M4 8.5h4",
    "┬": "M0 8.5h8M4 8.5v8.5", "┴": "M0 8.5h8M4 8.5v-8.5", "┼": "M0 8.5h8M4 0v17",
}  # fmt: skip
_BLOCKS: Final = {
    "▌": (0, 0, 4, 17), "▐": (4, 0, 4, 17), "█": (0, 0, 8, 17), "▀": (0, 0, 8, 8.5),
    **{chr(0x2581 + n): (0, 17 - 17 * (n + 1) / 8, 8, 17 * (n + 1) / 8) for n in range(7)},
}  # fmt: skip
_DOTS: Final = ((2, 2), (2, 6.3), (2, 10.6), (6, 2), (6, 6.3), (6, 10.6), (2, 14.9), (6, 14.9))
"""Where the dots of Braille are, bit by bit: charts are made of them."""


def page_svg(svg: str, size: tuple[int, int], title: str) -> str:
    """The same picture as a small SVG that needs no font of its own: text in runs of fixed width, lines,
    blocks and dots drawn."""
    rows = cells(svg, size)
    width, height = size[0] * WIDE, size[1] * HIGH
    ground = max(
        (one for row in rows for one in (cell.ink.rpartition("on ")[2] for cell in row)),
        key=[cell.ink.rpartition("on ")[2] for row in rows for cell in row].count,
    )
    drawn = [f'<rect width="{width}" height="{height}" rx="6" fill="{ground}"/>']
    shapes: dict[str, list[str]] = {}
    for y, row in enumerate(rows):
        x = 0
        for back, run in groupby(row, key=lambda cell: cell.ink.rpartition("on ")[2]):
            count = len(list(run))
            if back != ground:
                drawn.append(
                    f'<rect x="{x * WIDE}" y="{y * HIGH}" width="{count * WIDE}" height="{HIGH}" fill="{back}"/>'
                )
            x += count
    for y, row in enumerate(rows):
        drawn += _words(row, y, shapes)
    for key, paths in shapes.items():
        kind, colour = key.split()
        how = f'fill="none" stroke="{colour}"' if kind == "stroke" else f'fill="{colour}"'
        drawn.append(f'<path {how} d="{"".join(paths)}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="13" '
        f'font-family="{FONTS}" xml:space="preserve"><title>{escape(title)}</title>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _words(row: list[Cell], y: int, shapes: dict[str, list[str]]) -> Iterator[str]:
    """The texts of a line, wide and narrow ones apart; what is drawn goes to the shapes."""

    def kind(at: int) -> tuple[str, int]:
        cell = row[at]
        wide = cell_len(cell.text) or 2
        return cell.ink.rpartition(" on ")[0], wide

    at = 0
    while at < len(row):
        text, (ink, wide) = row[at].text, kind(at)
        colour = ink.split()[0] if ink else ""
        if text in _STROKES:
            shapes.setdefault(f"stroke {colour}", []).append(
                _STROKES[text].replace("M", f"M{at * WIDE} {y * HIGH}m")
            )
        elif text in _BLOCKS:
            x0, y0, w, h = _BLOCKS[text]
            shapes.setdefault(f"fill {colour}", []).append(
                f"M{at * WIDE + x0:g} {y * HIGH + y0:g}h{w:g}v{h:g}h{-w:g}z"
            )
        elif "\u2800" <= text <= "\u28ff":
            for bit, (dx, dy) in enumerate(_DOTS):
                if (ord(text) - 0x2800) >> bit & 1:
                    shapes.setdefault(f"fill {colour}", []).append(
                        f"M{at * WIDE + dx - 1:g} {y * HIGH + dy - 1:g}h2v2h-2z"
                    )
        elif text.strip():
            end, said = at, ""
            while end < len(row) and kind(end) == (ink, wide) and _plain(row[end].text):
                said += row[end].text
                end += 1
            said = said.rstrip()
            cells_ = sum(cell_len(one) for one in said)
            weight = ' font-weight="bold"' if "bold" in ink else ""
            slant = ' font-style="italic"' if "italic" in ink else ""
            yield (
                f'<text x="{at * WIDE}" y="{y * HIGH + 13}" textLength="{cells_ * WIDE}" '
                f'lengthAdjust="spacingAndGlyphs" fill="{colour}"{weight}{slant}>{escape(said)}</text>'
            )
            at = end
            continue
        at += 1


def _plain(text: str) -> bool:
    return text not in _STROKES and text not in _BLOCKS and not "\u2800" <= text <= "\u28ff"
