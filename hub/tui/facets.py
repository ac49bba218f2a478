"""Filters: the panel that offers them with counts, and the line of those that are set."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from crawlers.clean import clean
from hub.tui.drawn import Drawn
from hub.tui.entries import fit
from hub.tui.reading import Facet, Question
from hub.tui.speaking import Speaking
from hub.tui.strings import Say

TITLES: Final = {
    "has code": "Code and results",
    "has result": "Code and results",
    "starred": "Yours",
    "with notes": "Yours",
    "reading": "Yours",
    "tag": "Tags",
    "kind": "Kind",
    "year": "Year",
    "category": "Category",
    "task": "Task",
    "area": "Area",
}
"""Facet -> the heading it stands under."""

SHOWN: Final = 8
"""Values of one facet before the rest is asked for."""


class FacetPanel(Drawn, can_focus=True):
    """Headings with their values and counts; Enter, Space or a click sets one or takes it away."""

    HELP = "The filters"
    INKS = "facets"
    COMPONENT_CLASSES = {
        "facets--head", "facets--value", "facets--count", "facets--cursor", "facets--on",
    }  # fmt: skip
    DEFAULT_CSS = """
    FacetPanel {
        & > .facets--head { color: $text-accent; text-style: bold; }
        & > .facets--value { color: $foreground; }
        & > .facets--count { color: $foreground 60%; }
        & > .facets--on { color: $text-primary; text-style: bold; }
        & > .facets--cursor { background: $foreground 10%; }
        &:focus > .facets--cursor { background: $primary 30%; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "choose", "Set or unset", key_display="Enter"),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown", "move(10)", "Page down", show=False),
        Binding("ctrl+u,pageup", "move(-10)", "Page up", show=False),
        Binding("g,home", "move(-100000)", "First", show=False),
        Binding("G,end", "move(100000)", "Last", show=False),
    ]

    cursor = reactive(0)

    def __init__(self) -> None:
        super().__init__()
        self.question = Question()
        self.facets: tuple[Facet, ...] = ()
        self._open: set[str] = set()
        self._lines: list[str | Facet] = []
        """A heading, a facet's value; `+name` offers the rest of a facet."""

    def show_facets(self, question: Question, facets: Sequence[Facet]) -> None:
        """The values that can be chosen for a question; the cursor stays on the same one."""
        here = self._at(self.cursor)
        self.question, self.facets = question, tuple(facets)
        self._lay_out()
        same = (
            at
            for at, one in enumerate(self._lines)
            if isinstance(one, Facet)
            and isinstance(here, Facet)
            and (one.name, one.value) == (here.name, here.value)
        )
        self.cursor = next(same, min(self.cursor, max(0, len(self._lines) - 1)))
        if isinstance(self._at(self.cursor), str):
            self.action_move(1)

    def _lay_out(self) -> None:
        groups: dict[str, list[Facet]] = {}
        for one in self.facets:
            groups.setdefault(TITLES.get(one.name, one.name), []).append(one)
        self._lines = []
        for title, values in groups.items():
            self._lines.append(title)
            whole = title in self._open
            first = [
                one
                for at, one in enumerate(values)
                if whole or at < SHOWN or one.value in self.question.of(one.name)
            ]
            self._lines += first
            if len(first) < len(values):
                self._lines.append(f"+{title}")
        self.lengthen(len(self._lines))
        self.refresh()

    def _at(self, row: int) -> str | Facet | None:
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def on_focus(self) -> None:
        if isinstance(self._at(self.cursor), str):
            self.action_move(1)

    def on_mount(self) -> None:
        self.border_title = self.say("Filters")

    def speak(self) -> None:
        """The language was switched."""
        self.border_title = self.say("Filters")
        self.refresh()

    # -- keys and mouse ----------------------------------------------------------------------

    def watch_cursor(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, self.size.width, 1), animate=False, force=True)

    def action_move(self, rows: int) -> None:
        """To the next line that can be chosen."""
        if not self._lines:
            return
        at = max(0, min(self.cursor + rows, len(self._lines) - 1))
        step = 1 if rows > 0 else -1
        while 0 <= at < len(self._lines) and self._is_head(at):
            at += step
        if 0 <= at < len(self._lines):
            self.cursor = at
        elif step < 0:
            self.scroll_home(animate=False)

    def _is_head(self, row: int) -> bool:
        line = self._at(row)
        return isinstance(line, str) and not line.startswith("+")

    def action_choose(self) -> None:
        line = self._at(self.cursor)
        if isinstance(line, Facet):
            toggle: Any = self.screen
            toggle.toggle(line.name, line.value)
        elif line is not None and line.startswith("+"):
            self._open.add(line[1:])
            self._lay_out()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is not None and not self._is_head(row := self.scroll_offset.y + at.y):
            self.cursor = row
            self.action_choose()

    # -- drawing -----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        row, width = self.scroll_offset.y + y, self.size.width
        line, here = self._at(row), row == self.cursor
        if line is None:
            text = self.say("No filters for this list.") if not self._lines and y == 0 else ""
            return Strip([Segment(fit(text, width), self.ink("count"))])
        if isinstance(line, str):
            if line.startswith("+"):
                text = f"    {self.say('more …')}"
                return Strip([Segment(fit(text, width), self.ink("count", here))])
            return Strip([Segment(fit(f" {self.say(line)}", width), self.ink("head"))])
        on = line.value in self.question.of(line.name) or _inside(self.question, line)
        count = f"{line.count:,} "
        room = max(1, width - len(count) - 5)
        sign = "●" if on else "○"
        return Strip(
            [
                Segment(f"  {sign} ", self.ink("on" if on else "count", here)),
                Segment(
                    fit(label_of(line, self.say), room), self.ink("on" if on else "value", here)
                ),
                Segment(f" {count}", self.ink("count", here)),
            ]
        ).adjust_cell_length(width, self.ink("count", here))


def label_of(facet: Facet, say: Say) -> str:
    """How a value reads."""
    if facet.name in ("kind", "reading", "has code", "has result", "starred", "with notes"):
        return say(str(facet.label))
    if facet.label_zh and say("All") != "All":
        return clean(facet.label_zh)
    return ("#" if facet.name == "tag" else "") + clean(str(facet.label))


def _inside(question: Question, facet: Facet) -> bool:
    span = question.of("year")
    return facet.name == "year" and bool(span) and span[0] <= facet.value <= span[-1]


class Chips(Speaking, Widget):
    """The filters that are set, each with a cross to click; none: no line."""

    COMPONENT_CLASSES = {"chips--chip", "chips--hint"}
    DEFAULT_CSS = """
    Chips {
        height: 1;
        display: none;
        padding: 0 2;
        & > .chips--chip { background: $primary 30%; color: $foreground; }
        & > .chips--hint { color: $foreground 60%; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.question = Question()

    def show_question(self, question: Question) -> None:
        self.question = question
        self.display = bool(question.chosen)
        self.refresh()

    def _chips(self) -> list[tuple[str, str, Any]]:
        """Text, facet and value of each chip."""
        chips = []
        for name, values in self.question.chosen:
            if name == "year":
                text = "-".join(dict.fromkeys(str(one) for one in values))
                chips.append((f" {text} ✕ ", name, values[0]))
                continue
            for value in values:
                facet = Facet(name, value, name if value in (True, "yes") else str(value), 0)
                chips.append((f" {_short(label_of(facet, self.say))} ✕ ", name, value))
        return chips

    def render_line(self, y: int) -> Strip:
        chip = self.get_component_rich_style("chips--chip")
        hint = self.get_component_rich_style("chips--hint")
        segments = list[Segment]()
        for text, _, _ in self._chips():
            segments += [Segment(text, chip), Segment(" ", hint)]
        segments.append(Segment(f" x {self.say('clears all')}", hint))
        return Strip(segments).adjust_cell_length(self.size.width, hint)

    def on_click(self, event: events.Click) -> None:
        at, begin = event.get_content_offset(self), 0
        screen: Any = self.screen
        for text, name, value in self._chips():
            end = begin + cell_len(text)
            if at is not None and begin <= at.x < end:
                screen.toggle(name, value)
                return
            begin = end + 1
        if at is not None and at.x >= begin:
            screen.action_unfilter()


def _short(text: str) -> str:
    """A key without its kind: `task:image-classification` is known by its second half."""
    return text.partition(":")[2] if text.startswith("task:") else text
