"""Curves over time, drawn by plotext. Imported only by a screen that has something to draw.

Whatever the points are, a chart comes of them: without a number there is a sentence, with one a dot.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from rich.text import Text
from textual import on, work
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual_plotext import Plot, PlotextPlot

from crawlers.clean import clean
from hub.tui.axes import days_named, levels, short
from hub.tui.reading import said, unexpected
from hub.tui.speaking import Speaking

COLOURS: Final = ("cyan", "orange", "green", "magenta", "yellow", "blue", "red", "white")

MOST_POINTS: Final = 2_000
"""Points of one curve that are drawn; a terminal has fewer columns."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: days with what was counted or measured on them."""

    name: str
    points: tuple[tuple[str, float | None], ...]
    """ISO days and values, in any order; what is no day or no number is left out."""
    step: bool = False
    """Holds its value until the next point, as a record does."""
    dots: bool = False
    """Points without a line."""


def usable(points: Iterable[tuple[str, float | None]]) -> list[tuple[int, float]]:
    """The points that can be drawn, as day numbers and values, in the order of the days."""
    found = []
    for day, value in points:
        if value is None or isinstance(value, bool):
            continue
        try:
            at, number = date.fromisoformat(str(day)[:10]).toordinal(), float(value)
        except (ValueError, OverflowError):
            continue
        if math.isfinite(number) and abs(number) < 1e15:
            found.append((at, number))
    found.sort()
    step = -(-len(found) // MOST_POINTS) or 1
    return found[::step] if step == 1 else [*found[:-1:step], found[-1]]


def best_over_time(
    points: Iterable[tuple[str, float | None]], direction: str
) -> tuple[tuple[str, float], ...]:
    """The days on which the best value so far was beaten, with the new best; empty where it is not
    known which way is better."""
    better = {"higher": lambda a, b: a > b, "lower": lambda a, b: a < b}.get(direction)
    if better is None:
        return ()
    found: list[tuple[str, float]] = []
    for at, value in usable(points):
        day = date.fromordinal(at).isoformat()
        if not found or better(value, found[-1][1]):
            if found and found[-1][0] == day:
                found.pop()
            found.append((day, value))
    return tuple(found)


class Chart(Speaking, PlotextPlot):
    """Curves over a common axis of days. Plotext takes up to 50 ms, so it works in a worker."""

    DEFAULT_CSS = """
    Chart {
        border: round $panel-lighten-2;
        border-title-color: $foreground 70%;
        border-subtitle-color: $foreground 60%;
    }
    """

    class Built(Message):
        """The curves are drawn for a size and a theme."""

        def __init__(self, asked: int, text: Text) -> None:
            super().__init__()
            self.asked = asked
            self.text = text

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.curves: tuple[tuple[Series, list[tuple[int, float]]], ...] = ()
        self._asked = 0
        self._for = Size(0, 0)
        """The size for which it was drawn last."""
        self._text = Text()

    def show(self, title: str, series: Sequence[Series], note: str = "") -> None:
        """Takes the curves; the title and the note stand in the border, where wide characters align."""
        self.border_title, self.border_subtitle = Content(clean(title)), Content(clean(note))
        curves = ((one, usable(one.points)) for one in series)
        self.curves = tuple((one, points) for one, points in curves if points)
        self._draw()

    @property
    def drawn(self) -> int:
        """How many points can be drawn."""
        return sum(len(points) for _, points in self.curves)

    def on_resize(self) -> None:
        self._draw()

    def _register_theme(self, app_theme_name: str) -> None:
        super()._register_theme(app_theme_name)
        self._draw()

    def _draw(self) -> None:
        self._asked += 1
        width, height = self._for = self.size
        if not self.curves:
            self._text = Text(self.say("No numbers to draw."))
            self.refresh()
        elif width > 10 and height > 3:
            theme = self._get_plotext_theme_name(self.app.theme)
            self._build(self._asked, self.curves, width, height, theme)

    @work(thread=True, exclusive=True, group="chart")
    def _build(
        self,
        asked: int,
        curves: Sequence[tuple[Series, list[tuple[int, float]]]],
        width: int,
        height: int,
        theme: str,
    ) -> None:
        try:
            text = built(curves, width, height, theme)
        except Exception as error:  # noqa: BLE001 - the boundary: logged, and said in its place
            text = Text(said(unexpected(self.paths, error)))
        self.post_message(self.Built(asked, text))

    @on(Built)
    def _show_built(self, message: Built) -> None:
        if message.asked == self._asked:
            self._text = message.text
            self.refresh()

    def render(self) -> Text:
        if self.curves and self._for != self.size:
            self.call_later(self._draw)
        return self._text


def built(
    curves: Sequence[tuple[Series, list[tuple[int, float]]]], width: int, height: int, theme: str
) -> Text:
    """The curves as text of so many cells and lines."""
    plot = Plot()
    plot.plotsize(width, height)
    plot._set_size(width, height)
    plot.theme(theme)
    days = [at for _, points in curves for at, _ in points]
    values = [value for _, points in curves for _, value in points]
    low, high, first, last = min(values), max(values), min(days), max(days)
    for at, (one, points) in enumerate(curves):
        name = one.name if plain(one.name) and len(curves) > 1 else None
        colour = COLOURS[at % len(COLOURS)]
        x, y = _stepped(points, last) if one.step else tuple(zip(*points, strict=True))
        if one.dots or (len(points) == 1 and not one.step):
            plot.scatter(list(x), list(y), label=name, color=colour, marker="dot")
        else:
            plot.plot(list(x), list(y), label=name, color=colour, marker="braille")
    pad = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    plot.ylim(low - pad, high + pad)
    plot.xlim(first - 1, last + 1)
    plot.xticks(*days_named(first, last, max(20, width - 12)))
    marks = levels(low, high, max(2, min(5, height // 3)))
    plot.yticks(marks, [short(mark) for mark in marks])
    return Text.from_ansi(plot.build())


def plain(name: str) -> bool:
    """Whether plotext can set a name: it counts every character as one cell."""
    return bool(name) and name.isascii() and name.isprintable()


def _stepped(points: list[tuple[int, float]], last: int) -> tuple[list[int], list[float]]:
    """Corners of a line that holds each value until the next one."""
    x, y = list[int](), list[float]()
    for at, value in points:
        if y:
            x.append(at)
            y.append(y[-1])
        x.append(at)
        y.append(value)
    x.append(last)
    y.append(y[-1])
    return x, y
