"""Curves of a run: values over steps. Imported when a run is first looked at: plotext takes 0.2 s."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from textual.color import Color
from textual_plotext import PlotextPlot

from hub.tui.axes import levels, short

POINTS: Final = 400
"""Of a curve that are drawn: a terminal has fewer columns."""


@dataclass(frozen=True)
class Curve:
    """One line of a chart."""

    steps: tuple[float, ...]
    values: tuple[float, ...]
    faint: bool = False
    """An earlier seed's, behind the one in hand."""


class Curves(PlotextPlot):
    """A chart of one value; the curve in hand is drawn last, in the accent colour."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.curves: tuple[Curve, ...] = ()
        # No ground of its own: that of the screen shows through.
        self.theme = "clear"

    def on_mount(self) -> None:
        super().on_mount()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._plot_all())

    def show(self, curves: Sequence[Curve]) -> None:
        """Takes all curves in the place of what stood there."""
        curves = tuple(thinned(one) for one in curves if one.steps)
        if curves != self.curves:
            self.curves = curves
            self._plot_all()

    def _plot_all(self) -> None:
        plot = self.plt
        plot.clear_figure()
        # The box around the chart is drawn already: axes below and to the left are enough.
        plot.xaxes(True, False)
        plot.yaxes(True, False)
        for one in sorted(self.curves, key=lambda one: not one.faint):
            colour = self._colour("foreground-darken-3" if one.faint else "accent")
            marker = "braille" if len(one.steps) > 1 else "dot"
            plot.plot(list(one.steps), list(one.values), marker=marker, color=colour)
        self._name_axes()
        self.refresh()

    def _name_axes(self) -> None:
        """Whole steps below, round values on the left: as many as have room."""
        steps = [step for one in self.curves for step in one.steps]
        values = [value for one in self.curves for value in one.values if math.isfinite(value)]
        if not steps or not values:
            return
        below = levels(min(steps), max(steps), min(6, max(2, self.size.width // 18)), least=1.0)
        self.plt.xticks(below, [short(step) for step in below])
        left = levels(min(values), max(values), min(8, max(2, self.size.height // 3)))
        self.plt.yticks(left, [short(value) for value in left])

    def on_resize(self) -> None:
        self._plot_all()

    def _colour(self, token: str) -> tuple[int, int, int]:
        variables = self.app.theme_variables
        try:
            return Color.parse(variables.get(token) or variables["foreground"]).rgb
        except (KeyError, ValueError):
            return (128, 128, 128)


def thinned(curve: Curve) -> Curve:
    """At most POINTS of a curve, its last one among them."""
    every = -(-len(curve.steps) // POINTS)
    if every <= 1:
        return curve
    last = len(curve.steps) - 1
    chosen = sorted({*range(0, last, every), last})
    return Curve(
        tuple(curve.steps[at] for at in chosen),
        tuple(curve.values[at] for at in chosen),
        curve.faint,
    )
