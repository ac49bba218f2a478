"""Every key, taken from the bindings themselves."""

from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from hub.tui.keyline import KeyLine
from hub.tui.keys import shown_keys
from hub.tui.screens import HubScreen
from hub.tui.wrapping import Wrapped


class KeyPage(VerticalScroll):
    """Scrolls by the keys of every list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("ctrl+d,space", "page_down", "Page down", show=False),
        Binding("ctrl+u", "page_up", "Page up", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "Bottom", show=False),
    ]


class HelpScreen(HubScreen):
    """The keys of the screen below it: of its panes, its own, those of every screen, of the app."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,question_mark,f1,enter", "app.pop_screen", "Back")
    ]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self.below = below

    def compose(self) -> ComposeResult:
        with KeyPage() as page:
            page.border_title = self.say("Keys of the browser")
            with ItemGrid(min_column_width=46, regular=False):
                for title, bindings in sections(self.below):
                    yield Static(self._section(title, bindings), markup=False)
        yield KeyLine()

    def _section(self, title: str, bindings: list[Binding]) -> Group:
        grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
        grid.add_column(no_wrap=True, min_width=14)
        grid.add_column(ratio=1, overflow="fold")
        for binding in bindings:
            does = self.say(binding.tooltip or binding.description)
            grid.add_row(Text(shown_keys(binding), style="bold"), Wrapped(does))
        heading = Text(self.say(title), style="bold underline")
        return Group(Text(), heading, grid)


def sections(screen: Screen[object]) -> Iterator[tuple[str, list[Binding]]]:
    """Title and keys: of each kind of pane that is on the screen, of the screen, everywhere."""
    seen: set[type] = set()
    # The pane that has the focus comes first: its keys are the ones looked for.
    for widget in filter(None, (screen.focused, *screen.query(Widget))):
        for cls in type(widget).__mro__:
            if cls in seen or not cls.__module__.startswith("hub.tui."):
                continue
            seen.add(cls)
            if found := own_bindings(cls):
                yield vars(cls).get("HELP") or "This pane", found
    here = [
        binding
        for cls in type(screen).__mro__
        if cls is not HubScreen and cls.__module__.startswith("hub.tui.")
        for binding in own_bindings(cls)
    ]
    if here:
        yield type(screen).HELP or "This screen", here
    yield "What the cursor stands on", own_bindings(HubScreen)
    yield "Everywhere", own_bindings(type(screen.app))


def own_bindings(cls: type) -> list[Binding]:
    """The keys that a class itself binds and describes."""
    return [
        binding
        for binding in vars(cls).get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.description
    ]
