"""The last line: the keys that do something here. Drawn as one line, so that a change of focus costs
nothing; Textual's Footer mounts a widget for each key. At its end `▶ 2` while two runs go on."""

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from hub.tui.speaking import Speaking


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
        """Key to press, how it is written, what it does: of every key that has room."""
        app: App[object] = self.app
        room, keys = self.size.width - len(self.mark), list[tuple[str, str, str]]()
        active = self.screen.active_bindings.values()
        bindings = [one.binding for one in active if one.binding.show and one.enabled]
        seen: set[str] = set()
        first, rest = list[Binding](), list[Binding]()
        for binding in bindings:
            if binding.action not in seen:
                seen.add(binding.action)
                (
                    rest if binding.action in ("command_palette", "app.command_palette") else first
                ).append(binding)
        for binding in first + rest:
            written = app.get_key_display(binding)
            does = self.say(binding.description)
            room -= cell_len(written) + cell_len(does) + 3
            if room < -2:
                break
            keys.append((binding.key, written, does))
        return keys

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
            end = begin + cell_len(written) + cell_len(what) + 3
            if at is not None and begin <= at.x < end:
                self.app.simulate_key(key)
            begin = end
