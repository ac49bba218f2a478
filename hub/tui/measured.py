"""How numbers, times and verdicts of runs read, and the sheet they stand on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from crawlers.clean import clean, clean_lines
from hub.errors import HubError
from hub.text import local
from hub.tui.clock import now
from hub.tui.drawn import Lined, Written
from hub.tui.reading import messages
from hub.tui.speaking import Speaking
from hub.tui.strings import Say
from hub.tui.wrapping import wrapped
from hub.verdict_text import reason_text

if TYPE_CHECKING:
    from hub.verdict import Claim, Comparison

INK_OF: Final = {
    "REPRODUCED": "good",
    "BETTER": "warn",
    "NOT REPRODUCED": "bad",
    "INCONCLUSIVE": "warn",
    "NOT COMPARABLE": "faint",
    "MEASURED": "plain",
}
"""Verdict -> ink. Never colour alone: the word stands there too."""


# -- a sheet of facts ------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a sheet: a label with its value, or words alone; long ones wrap."""

    text: str
    label: str | None = None
    ink: str = "plain"


@dataclass(frozen=True)
class Heading:
    """Begins a part of a sheet."""

    text: str


class Facts(Speaking, Lined):
    """Shows lines; nothing in them is read as markup."""

    INKS = ("plain", "label", "heading", "title", "faint", "good", "bad", "warn")
    COMPONENT_CLASSES = {f"facts--{ink}" for ink in INKS}
    DEFAULT_CSS = """
    Facts {
        height: auto;
        & > .facts--plain { color: $foreground; }
        & > .facts--title { color: $text-primary; text-style: bold; }
        & > .facts--heading { color: $text-accent; text-style: bold; }
        & > .facts--label { color: $foreground 60%; }
        & > .facts--faint { color: $foreground 60%; }
        & > .facts--good { color: $text-success; text-style: bold; }
        & > .facts--bad { color: $text-error; text-style: bold; }
        & > .facts--warn { color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: tuple[Line | Heading, ...] = ()

    def show(self, lines: Iterable[Line | Heading]) -> None:
        """Takes the lines in the place of what stood there."""
        lines = tuple(lines)
        if lines != self.lines:
            before, self.lines = self.lines, lines
            # A screen that is laid out anew costs many times what a few lines do.
            kept = len(before) == len(lines) and self._fits(before) and self._fits(lines)
            self.forget()
            self.refresh(layout=not kept)

    def _fits(self, lines: Sequence[Line | Heading]) -> bool:
        """True when none of them wraps, so that as many have the same height."""
        labels = [one.label or "" for one in lines if isinstance(one, Line)]
        room = self.size.width - max(map(cell_len, labels), default=0) - 3
        return all(cell_len(one.text) <= room and "\n" not in one.text for one in lines)

    @property
    def text(self) -> str:
        """What stands there, as plain text."""
        return "\n".join(
            f"{one.label}: {one.text}" if isinstance(one, Line) and one.label else one.text
            for one in self.lines
        )

    def write(self, width: int) -> Written:
        labels = (one.label or "" for one in self.lines if isinstance(one, Line))
        left = max(map(cell_len, labels), default=0) + 2
        lines: list[list[tuple[str, Style]]] = []
        for one in self.lines:
            if isinstance(one, Line) and one.label is not None:
                ink = self._ink(one.ink)
                first, *rest = wrapped(clean_lines(one.text), width - left)
                label = set_cell_size(clean(one.label), left)
                lines.append([(label, self._ink("label")), (first, ink)])
                lines += [[(" " * left + line, ink)] for line in rest]
                continue
            if isinstance(one, Heading) and lines:
                lines.append([])
            ink = self._ink("heading" if isinstance(one, Heading) else one.ink)
            lines += [[(line, ink)] for line in wrapped(clean_lines(one.text), width)]
        return lines

    def _ink(self, name: str) -> Style:
        style = self.get_component_rich_style(f"facts--{name}")
        return Style(color=style.color, bold=style.bold)


def wrong_lines(error: HubError) -> list[Line | Heading]:
    """An error as lines: what happened, what to do next."""
    what, *hint = messages(error)
    return [Line(what, ink="bad"), *(Line(one, ink="faint") for one in hint)]


# -- numbers and times -----------------------------------------------------------------------


def lasting(say: Say, seconds: float | None) -> str:
    """`4 s`, `2 min 10 s`, `1 h 20 min`; `?` for unknown."""
    if seconds is None:
        return "?"
    if 0 < seconds < 1:
        return say("{n} s").format(n=f"{max(0.1, seconds):.1f}")
    whole = round(seconds)
    if whole < 60:
        return say("{n} s").format(n=whole)
    if whole < 3600:
        return say("{m} min {s} s").format(m=whole // 60, s=whole % 60)
    if whole < 48 * 3600:
        return say("{h} h {m} min").format(h=whole // 3600, m=whole % 3600 // 60)
    return say("{n} days").format(n=whole // 86_400)


def ago(say: Say, moment: str | None) -> str:
    """How long ago a day or a time was, in the largest unit; `-` for never."""
    if not moment:
        return "-"
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return clean(moment)
    present = now()
    if len(moment) <= 10:
        days = (present.date() - then.date()).days
        if days <= 0:
            return say("today")
    else:
        seconds = (present - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()
        if seconds < 90:
            return say("just now")
        if seconds < 5400:
            return say("{n} minutes ago").format(n=round(seconds / 60))
        if seconds < 36 * 3600:
            return say("{n} hours ago").format(n=round(seconds / 3600))
        days = round(seconds / 86_400)
    if days == 1:
        return say("yesterday")
    if days < 60:
        return say("{n} days ago").format(n=days)
    if days < 730:
        return say("{n} months ago").format(n=days // 30)
    return say("{n} years ago").format(n=days // 365)


def clock(moment: float | str) -> str:
    """The local time of a moment: with its day, unless that is today's."""
    try:
        there = (
            datetime.fromisoformat(moment)
            if isinstance(moment, str)
            else datetime.fromtimestamp(moment)
        ).astimezone()
    except ValueError:
        return clean(str(moment))
    today = there.date() == now().astimezone().date()
    return there.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def until(moment: str | float | None) -> float:
    """Seconds from now to a moment; 0 when it is over or nobody said when."""
    if moment is None:
        return 0.0
    try:
        then = datetime.fromisoformat(moment).timestamp() if isinstance(moment, str) else moment
    except ValueError:
        return 0.0
    return max(0.0, then - now().timestamp())


def bytes_(count: float | None) -> str:
    """`11.6 MB`; `?` for unknown."""
    if count is None:
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def value_of(record: dict[str, Any]) -> str:
    """The number of a run."""
    return f"{float(record['value']):.2f}"


# -- claimed beside measured -----------------------------------------------------------------


def claimed(claim: "Claim | None") -> str:
    return "-" if claim is None else f"{claim.value:g}{' %' if claim.unit == '%' else ''}"


def measured(compared: "Comparison") -> str:
    """`11.85 ± 0.10 (3)`: mean, deviation, how many seeds."""
    if compared.mean is None:
        return "-"
    spread = f" ± {compared.sd:.2f}" if compared.sd is not None else ""
    return f"{compared.mean:.2f}{spread} ({len(compared.values)})"


def verdict_line(say: Say, compared: "Comparison") -> Line:
    if not compared.values:
        return Line("-", say("Verdict"), "faint")
    return Line(say(compared.verdict), say("Verdict"), INK_OF.get(compared.verdict, "plain"))


def claim_lines(say: Say, claim: "Claim | None") -> Sequence[Line]:
    """What was published, where it stands, and how it was measured there."""
    if claim is None:
        return (
            Line(
                say("Nothing was published to compare with: the number is ours alone."), ink="faint"
            ),
        )
    lines = [
        Line(f"{claim.value:g} {claim.unit} {say(claim.metric)}".replace("  ", " "), say("Value")),
        Line(claim.title, say("Published in")),
        Line(local(claim, "where"), say("Where")),
        Line(local(claim, "protocol"), say("Protocol")),
        Line(f"± {claim.tolerance:g} {claim.unit}".rstrip(), say("Tolerance")),
    ]
    if not claim.verified:
        lines.append(
            Line(say("not verified: nobody here has read it in the paper"), say("Claim"), "warn")
        )
    lines += [Line(dispute, say("Disputed"), "warn") for dispute in local(claim, "disputes")]
    return lines


def comparison_lines(say: Say, compared: "Comparison") -> Sequence[Line]:
    """Measured, gap and verdict with its reasons."""
    if not compared.values:
        return (Line(say("Nothing was measured here yet: r runs it."), ink="faint"),)
    each = zip(compared.seeds, compared.values, strict=True)
    lines = [
        Line(measured(compared), say("Measured")),
        Line(", ".join(f"{seed}: {value:.2f}" for seed, value in each), say("Seeds")),
    ]
    # Between unlike things a distance would mislead.
    alike = compared.verdict != "NOT COMPARABLE"
    if alike and compared.gap is not None and compared.allowance is not None:
        allowed = f"{say('allowed')} ± {compared.allowance:.2f}"
        lines.append(Line(f"{compared.gap:+.2f} ({allowed})", say("Gap")))
    lines.append(verdict_line(say, compared))
    lines += [Line(reason_text(one), say("Reason")) for one in compared.reasons]
    return lines
