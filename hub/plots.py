"""Pictures of runs: learning curves, and the seeds beside the claim. The only module that knows matplotlib."""

import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crawlers.clean import clean
from hub.errors import HubError
from hub.text import t
from hub.verdict import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INSTALL: Final = "pip install 'deep-learning-hub[reproduce]'"
MOST_PANELS: Final = 3
"""Values of a curve that get a panel; further ones stand in TensorBoard."""
MOST_SEEDS: Final = 12
"""Lines of one panel."""


@dataclass(frozen=True)
class Ink:
    """Colours of one background."""

    text: str
    grid: str
    claim: str
    lines: tuple[str, ...]
    """In the order of the seeds; told apart by the colour-blind (Okabe and Ito)."""


LIGHT: Final = Ink(
    "#24292f", "#d8dee4", "#b35900", ("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#5b5b5b")
)
DARK: Final = Ink(
    "#d1d7e0", "#3d444d", "#e69f00", ("#56b4e9", "#2ec4a0", "#e0a3c8", "#8ecdf5", "#b0b0b0")
)


def there() -> bool:
    """True where matplotlib is installed; it is not imported."""
    return importlib.util.find_spec("matplotlib") is not None


def need() -> None:
    """HubError where it is not."""
    if not there():
        raise HubError(t("matplotlib is not installed, and pictures need it"), hint=INSTALL)


def svg(compared: Comparison, runs: Sequence[dict[str, Any]], ink: Ink) -> bytes:
    """The picture of a baseline as SVG, its background clear; the same runs give the same bytes."""
    import matplotlib

    # Text stays text: the reader's own fonts draw it, and the file is small.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "hub"}):
        return _saved(_figure(compared, runs, ink), "svg", ink, {"Date": None, "Creator": None})


def png(compared: Comparison, runs: Sequence[dict[str, Any]]) -> bytes:
    """The picture of a baseline as PNG on white, for a slide or a paper."""
    return _saved(_figure(compared, runs, LIGHT), "png", LIGHT, {"Software": None})


def _saved(figure: "Figure", format: str, ink: Ink, metadata: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    clear = format == "svg"
    figure.savefig(
        out,
        format=format,
        dpi=160,
        transparent=clear,
        facecolor="none" if clear else "white",
        metadata=metadata,
    )
    return out.getvalue()


def _figure(compared: Comparison, runs: Sequence[dict[str, Any]], ink: Ink) -> "Figure":
    """A panel for each value that the curves hold, and one with the seeds beside the claim."""
    # Without pyplot: no window, no state that outlives the picture.
    from matplotlib.figure import Figure

    shown = sorted(runs, key=lambda run: run["seed"])[:MOST_SEEDS]
    names = list(
        dict.fromkeys(
            name for run in shown for point in run["curve"] for name in point if name != "step"
        )
    )[:MOST_PANELS]
    panels = max(1, len(names) + bool(compared.values))
    figure = Figure(figsize=(3.6 * panels, 2.7), layout="constrained")
    every = figure.subplots(1, panels, squeeze=False)[0]
    for panel, name in zip(every, names, strict=False):
        _curves(panel, name, shown, ink)
    if compared.values:
        _beside(every[len(names)], compared, shown, ink)
    for panel in every:
        _dressed(panel, ink)
    return figure


def _curves(panel: "Axes", name: str, runs: Sequence[dict[str, Any]], ink: Ink) -> None:
    lowest, highest = float("inf"), 0.0
    for at, run in enumerate(runs):
        points = [(point["step"], point[name]) for point in run["curve"] if name in point]
        if not points:
            continue
        lowest = min(lowest, *(value for _, value in points))
        highest = max(highest, *(value for _, value in points))
        marker = "o" if len(points) == 1 else None
        colour = ink.lines[at % len(ink.lines)]
        panel.plot(*zip(*points, strict=True), color=colour, linewidth=1.2, marker=marker, markersize=3,
                   label=f"seed {run['seed']}")  # fmt: skip
    if 0 < lowest < highest / 20:
        panel.set_yscale("log")
    # Names come out of recipes, and runs out of strangers' files: not to be read as formulas.
    panel.set_title(clean(name), parse_math=False, fontsize=9, color=ink.text)
    panel.set_xlabel("step", fontsize=8, color=ink.text)
    if 1 < len(runs) <= len(ink.lines):
        legend = panel.legend(fontsize=7, frameon=False, labelcolor=ink.text)
        legend.set_in_layout(False)


def _beside(panel: "Axes", compared: Comparison, runs: Sequence[dict[str, Any]], ink: Ink) -> None:
    """Each seed as a dot, the claim as a line with what is allowed around it."""
    claim = compared.claim
    if claim is not None:
        panel.axhline(claim.value, color=ink.claim, linewidth=1.2, label="claimed")
        if compared.allowance is not None:
            panel.axhspan(
                claim.value - compared.allowance,
                claim.value + compared.allowance,
                color=ink.claim,
                alpha=0.15,
                linewidth=0,
                label="allowed",
            )
    panel.plot(
        range(1, len(compared.values) + 1),
        compared.values,
        "o",
        color=ink.lines[0],
        markersize=4,
        label="measured",
    )
    if compared.mean is not None:
        panel.axhline(compared.mean, color=ink.lines[0], linewidth=0.8, linestyle=":", label="mean")
    panel.set_xticks(range(1, len(compared.values) + 1), list(map(str, compared.seeds)))
    panel.set_xlim(0.5, len(compared.values) + 0.5)
    panel.ticklabel_format(axis="y", useOffset=False)
    panel.margins(y=0.25)
    panel.set_xlabel("seed", fontsize=8, color=ink.text)
    unit = f" ({claim.unit})" if claim and claim.unit else ""
    metric = claim.metric if claim else clean(runs[0]["metric"]) if runs else "measured"
    panel.set_title(f"{metric}{unit}", parse_math=False, fontsize=9, color=ink.text)
    legend = panel.legend(fontsize=7, frameon=False, labelcolor=ink.text)
    legend.set_in_layout(False)


def _dressed(panel: "Axes", ink: Ink) -> None:
    panel.set_facecolor("none")
    panel.grid(color=ink.grid, linewidth=0.5)
    panel.tick_params(colors=ink.text, labelsize=7)
    for side, spine in panel.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(ink.grid)
