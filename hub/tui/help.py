"""Every key, taken from the bindings themselves."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.screen import Screen
from textual.widget import Widget

from hub.tui.drawn import Lined, Written
from hub.tui.keyline import KeyLine
from hub.tui.keys import shown_keys
from hub.tui.screens import HubScreen
from hub.tui.wrapping import wrapped


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
                    yield self._section(title, bindings)
        yield KeyLine()

    def _section(self, title: str, bindings: list[Binding]) -> "KeySection":
        does = [self.say(one.tooltip or one.description) for one in bindings]
        return KeySection(self.say(title), list(zip(map(shown_keys, bindings), does, strict=True)))


class KeySection(Lined):
    """A title, and keys with what they do."""

    def __init__(self, title: str, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._keys = keys

    def write(self, width: int) -> Written:
        plain, strong = Style(), Style(bold=True)
        left = max([14, *(cell_len(key) for key, _ in self._keys)]) + 2
        lines = [[], [(self._title, Style(bold=True, underline=True))]]
        for key, does in self._keys:
            first, *rest = wrapped(does, width - left)
            lines.append([(set_cell_size(key, left), strong), (first, plain)])
            lines += [[(" " * left + line, plain)] for line in rest]
        return lines


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
