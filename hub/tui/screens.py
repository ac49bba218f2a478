"""What every screen shares, and the two screens that open on top of the browser."""

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from rich.style import Style
from rich.table import Table
from textual import on, work
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key
from hub.errors import HubError
from hub.paths import Paths
from hub.queries import Entry
from hub.tui.preview import Preview, pairs
from hub.tui.reading import Whole, opened, whole
from hub.tui.strings import Say


class HubScreen(Screen[None]):
    """A screen with an entry in hand, read in a worker and shown in its Preview."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "web", "Web", tooltip="Open its page in the web browser"),
        Binding("y", "copy", "Copy key", tooltip="Copy its key to the clipboard"),
    ]

    class Looked(Message):
        """An entry was read whole, or could not be."""

        def __init__(self, key: Key, outcome: Whole | HubError) -> None:
            super().__init__()
            self.key = key
            self.outcome = outcome

    def __init__(self, paths: Paths, say: Say, entry: Entry | None = None) -> None:
        super().__init__()
        self.paths = paths
        self.say = say
        self.entry = entry

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys of the focused pane, described in the user's language."""
        return {
            key: active._replace(
                binding=replace(active.binding, description=self.say(active.binding.description)),
                tooltip=self.say(active.tooltip),
            )
            for key, active in super().active_bindings.items()
        }

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that act on an entry are there while there is one."""
        return self.entry is not None or action not in ("web", "copy")

    @work(thread=True, exclusive=True, group="look")
    def look(self, key: Key) -> None:
        worker = get_current_worker()
        outcome: Whole | HubError
        try:
            with opened(self.paths) as queries:
                outcome = whole(queries, key)
        except HubError as error:
            outcome = error
        if not worker.is_cancelled:
            self.post_message(self.Looked(key, outcome))

    @on(Looked)
    def _show_looked(self, message: Looked) -> None:
        if self.entry is None or message.key != self.entry.key:
            return
        preview = self.query_one(Preview)
        if isinstance(message.outcome, HubError):
            preview.show_error(message.outcome)
        else:
            preview.show_whole(message.outcome)

    def action_web(self) -> None:
        if self.entry is None:
            return
        url = clean(self.entry.url or "")
        if not url.startswith(("https://", "http://")):
            self._tell("No address is known for {key}", key=self.entry.key)
        elif self.app.is_web or graphical():
            self.app.open_url(url)
            self._tell("Opened {url}", url=url)
        else:
            self._tell("No browser here; the address is {url}", url=url)

    def action_copy(self) -> None:
        if self.entry is not None:
            self.app.copy_to_clipboard(clean(self.entry.key))
            self._tell("Copied {key}", key=self.entry.key)

    def _tell(self, pattern: str, **values: str) -> None:
        self.notify(clean(self.say(pattern).format(**values)), markup=False)


def graphical() -> bool:
    """Whether a web browser can open beside the terminal and not on top of it."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform != "linux" or any(os.environ.get(name) for name in names)


class DetailScreen(HubScreen):
    """One entry over the whole terminal."""

    AUTO_FOCUS = "Preview"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,escape,h", "app.pop_screen", "Back")]

    def compose(self) -> ComposeResult:
        yield Preview(self.say, full=True)
        yield Footer()

    def on_mount(self) -> None:
        if self.entry is not None:
            self.look(self.entry.key)


class HelpScreen(HubScreen):
    """Every key, taken from the bindings themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,question_mark,f1,enter", "app.pop_screen", "Back")
    ]

    def __init__(
        self, paths: Paths, say: Say, sections: Iterable[tuple[str, list[BindingType]]]
    ) -> None:
        super().__init__(paths, say)
        self.sections = tuple(sections)

    def compose(self) -> ComposeResult:
        with VerticalScroll() as scroll:
            scroll.border_title = self.say("Keys of the browser")
            for title, bindings in self.sections:
                yield Static(self.say(title), classes="heading", markup=False)
                yield Static(self._keys(bindings), markup=False)
        yield Footer()

    def _keys(self, bindings: list[BindingType]) -> Table:
        rows = [
            (shown_keys(binding), self.say(binding.tooltip or binding.description))
            for binding in bindings
            if isinstance(binding, Binding) and binding.description
        ]
        return pairs(rows, lambda _: Style(bold=True), width=16)


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
