"""The line of tabs: what there is to look at, each with its number."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from hub.tui.speaking import Speaking

SHORT: Final = {
    "Frameworks & tools": "Frameworks",
    "Baselines & runs": "Baselines",
    "Repositories": "Repos",
}
"""What a tab is called where there is little room."""


class Tabs(Speaking, Widget):
    """One line; the number before a name is the key that goes there."""

    COMPONENT_CLASSES = {"tabs--number", "tabs--name", "tabs--active"}
    DEFAULT_CSS = """
    Tabs {
        height: 1;
        padding: 0 1;
        & > .tabs--number { color: $foreground 50%; }
        & > .tabs--name { color: $foreground 70%; }
        & > .tabs--active { color: $foreground; background: $primary 25%; text-style: bold; }
    }
    """

    active = reactive("All")

    class Chosen(Message):
        """The user wants to see this tab."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)

    def _labels(self, width: int) -> list[tuple[str, str, str]]:
        """Number, name and gap of each tab, in the longest form that the line has room for."""
        for short, gap, numbers in ((0, 3, 1), (0, 2, 1), (1, 2, 1), (1, 1, 1), (1, 1, 0)):
            labels = [
                (
                    f"{at} " if numbers else "",
                    self.say(SHORT.get(name, name) if short else name),
                    " " * gap,
                )
                for at, name in enumerate(self.names)
            ]
            if sum(cell_len("".join(label)) for label in labels) + 1 <= width:
                return labels
        return labels

    def _spans(self) -> list[tuple[int, int, tuple[str, str, str], str]]:
        """Begin and end of each tab on the line, which is moved so that the active one is seen."""
        width = self.size.width
        spans, at = [], 0
        for name, label in zip(self.names, self._labels(width), strict=True):
            wide = cell_len(label[0] + label[1]) + 1
            spans.append((at, at + wide, label, name))
            at += wide + len(label[2]) - 1
        end = next((end for _, end, _, name in spans if name == self.active), 0)
        shift = max(0, end - width + 1)
        return [(begin - shift, end - shift, label, name) for begin, end, label, name in spans]

    def render_line(self, y: int) -> Strip:
        number = self.get_component_rich_style("tabs--number")
        plain = self.get_component_rich_style("tabs--name")
        lit = self.get_component_rich_style("tabs--active")
        segments, spans = list[Segment](), self._spans()
        for _, _, (digit, name, gap), tab in spans:
            here = tab == self.active
            segments += [
                Segment(digit if not here or digit else "", lit if here else number),
                Segment(name, lit if here else plain),
                Segment(gap, plain),
            ]
        width = self.size.width
        begin, end = -spans[0][0], spans[-1][1]
        strip = Strip(segments).crop_extend(begin, begin + width, plain)
        left, right = Segment("‹", number), Segment("›", number)
        if begin > 0:
            strip = Strip([left, *strip.crop(1, width)], width)
        return Strip([*strip.crop(0, width - 1), right], width) if end > width + 1 else strip

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        for begin, end, _, name in self._spans():
            if at is not None and begin <= at.x < end:
                self.post_message(self.Chosen(name))
