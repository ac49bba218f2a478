"""The last line: the keys that do something here. Drawn as one line, so that a change of focus costs
nothing; Textual's Footer mounts a widget for each key. At its end `▶ 2` while two runs go on."""

from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from hub.tui.keys import shown_keys
from hub.tui.speaking import Speaking

FIRST: Final = ("open", "search", "facets")
LAST: Final = ("quit", "command_palette")
"""Actions whose keys come before and after all others."""


class KeyLine(Speaking, Widget):
    """Keys with what they do, as many as have room; a click presses the key."""

    COMPONENT_CLASSES = {"keys--key", "keys--does", "keys--mark"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $panel;
        & > .keys--key { color: $text-accent; text-style: bold; }
        & > .keys--does { color: $foreground 80%; }
        & > .keys--mark { color: $text-success; text-style: bold; }
    }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    @property
    def mark(self) -> str:
        """What says that something goes on; empty while nothing does."""
        return f" ▶ {self.hub.under_way}" if self.hub.under_way else ""

    def shown(self) -> list[tuple[str, str, str]]:
        """Key to press, how it is written, what it does: of every key that has room, the help always."""
        actions: dict[str, Binding] = {}
        for one in self.screen.active_bindings.values():
            if one.binding.show and one.enabled:
                actions.setdefault(one.binding.action.removeprefix("app."), one.binding)
        help_ = actions.pop("help", None)
        order = {name: at - len(FIRST) for at, name in enumerate(FIRST)}
        order |= dict.fromkeys(LAST, 1)
        bindings = sorted(
            actions.values(), key=lambda b: order.get(b.action.removeprefix("app."), 0)
        )
        keys = [self._written(binding) for binding in bindings]
        last = [self._written(help_)] if help_ is not None else []
        room = self.size.width - sum(map(_wide, last))
        while keys and sum(map(_wide, keys)) > room + 2:
            keys.pop()
        return [*keys, *last]

    def _written(self, binding: Binding) -> tuple[str, str, str]:
        key = binding.key.partition(",")[0]
        return key, shown_keys(binding).partition(" ")[0], self.say(binding.description)

    def render_line(self, y: int) -> Strip:
        key = self.get_component_rich_style("keys--key")
        does = self.get_component_rich_style("keys--does")
        segments = list[Segment]()
        for _, written, what in self.shown():
            segments += [Segment(written, key), Segment(f" {what}  ", does)]
        line = Strip(segments).adjust_cell_length(self.size.width - len(self.mark), does)
        return Strip([*line, Segment(self.mark, self.get_component_rich_style("keys--mark"))])

    def on_click(self, event: events.Click) -> None:
        at, begin = event.get_content_offset(self), 0
        if self.mark and at is not None and at.x >= self.size.width - len(self.mark):
            from hub.tui.leaving import watch

            watch(self.hub, self.hub.running.under_way[-1])
            return
        for key, written, what in self.shown():
            end = begin + _wide((key, written, what))
            if at is not None and begin <= at.x < end:
                self.app.simulate_key(key)
            begin = end


def _wide(key: tuple[str, str, str]) -> int:
    """Cells of a key with what it does, and the gap behind it."""
    return cell_len(key[1]) + cell_len(key[2]) + 3
