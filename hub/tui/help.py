"""Every key, taken from the bindings themselves."""

from collections.abc import Iterator
from typing import ClassVar

from rich.style import Style
from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Static

from hub.tui.preview import pairs
from hub.tui.screens import HubScreen


class HelpScreen(HubScreen):
    """The keys of the screen below it: of its panes, its own, those of every screen, of the app."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,question_mark,f1,enter", "app.pop_screen", "Back")
    ]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self.below = below

    def compose(self) -> ComposeResult:
        with VerticalScroll() as scroll:
            scroll.border_title = self.say("Keys of the browser")
            for title, bindings in sections(self.below):
                yield Static(self.say(title), classes="heading", markup=False)
                yield Static(self._keys(bindings), markup=False)
        yield Footer()

    def _keys(self, bindings: list[Binding]) -> Table:
        rows = [
            (shown_keys(binding), self.say(binding.tooltip or binding.description))
            for binding in bindings
        ]
        return pairs(rows, lambda _: Style(bold=True), width=16)


def sections(screen: Screen[object]) -> Iterator[tuple[str, list[Binding]]]:
    """Title and keys: of each kind of pane that is on the screen, of the screen, everywhere."""
    seen: set[type] = set()
    for widget in screen.query(Widget):
        for cls in type(widget).__mro__:
            if cls in seen or not cls.__module__.startswith("hub.tui."):
                continue
            seen.add(cls)
            if found := own_bindings(cls):
                yield getattr(cls, "HELP", "This pane"), found
    here = [
        binding
        for cls in type(screen).__mro__
        if cls is not HubScreen and cls.__module__.startswith("hub.tui.")
        for binding in own_bindings(cls)
    ]
    if here:
        yield getattr(type(screen), "HELP", "This screen"), here
    yield "What the cursor stands on", own_bindings(HubScreen)
    yield "Everywhere", own_bindings(type(screen.app))


def own_bindings(cls: type) -> list[Binding]:
    """The keys that a class itself binds and describes."""
    return [
        binding
        for binding in vars(cls).get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.description
    ]


def shown_keys(binding: Binding) -> str:
    """The keys of a binding as a person reads them: `j ↓`."""
    if binding.key_display:
        return binding.key_display
    return " ".join(_SIGNS.get(key, key.replace("ctrl+", "^")) for key in binding.key.split(","))


_SIGNS = {
    "slash": "/",
    "question_mark": "?",
    "f1": "F1",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "space": "Space",
}
