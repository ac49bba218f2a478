"""The browser as an application: its screens, its keys everywhere, what it remembers."""

import importlib
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hub.paths import Paths
from hub.tui import state as kept
from hub.tui.browse import BrowseScreen
from hub.tui.screens import HubScreen
from hub.tui.strings import speaker


def run(paths: Paths, lang: str) -> None:
    """Opens the browser on a home, in English or Chinese (`zh`), until the user leaves it."""
    HubApp(paths, lang).run()


class HubApp(App[None]):
    """Owns the home, the language, the kept state and the runs that go on while one browses."""

    TITLE = "hub"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide"), (120, "-spacious")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="Every key"),
        Binding("L", "language", "中文/English", show=False, tooltip="Switch the language"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, paths: Paths, lang: str) -> None:
        super().__init__()
        self.paths = paths
        self.state = kept.load(paths)
        self.lang = self.state.lang or lang
        self.say = speaker(self.lang)
        self.theme = "tokyo-night"
        self._running: Any = None

    def get_default_screen(self) -> Screen[None]:
        return BrowseScreen()

    # -- for screens -------------------------------------------------------------------------

    @property
    def running(self) -> Any:
        """The runs that go on while the user browses (hub.tui.running)."""
        if self._running is None:
            self._running = importlib.import_module("hub.tui.running").Running(self)
        return self._running

    def open_key(self, key: str) -> None:
        """Opens the screen of an entry of any kind on top of this one."""
        opening: Any = importlib.import_module("hub.tui.opening")
        self.push_screen(opening.screen_of(self, key))

    def own_changed(self) -> None:
        """Tells every screen that the user's library has changed."""
        for screen in self.screen_stack:
            if isinstance(screen, HubScreen):
                screen.own_changed()

    def keep(self) -> None:
        """Keeps the state for the next start."""
        kept.save(self.paths, self.state)

    # -- language ----------------------------------------------------------------------------

    async def action_language(self, lang: str | None = None) -> None:
        """Switches to a language, or to the other one; everything on the screens is said anew."""
        self.lang = lang or ("en" if self.lang.startswith("zh") else "zh")
        self.say = speaker(self.lang)
        self.state.lang = self.lang
        self.keep()
        for screen in self.screen_stack:
            if isinstance(screen, HubScreen):
                await screen.spoken()
            screen.refresh_bindings()

    # -- help and palette --------------------------------------------------------------------

    def action_help(self) -> None:
        from hub.tui.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the screen, with its key, and then Textual's own."""
        for binding in (*type(screen).BINDINGS, *HubScreen.BINDINGS, *HubApp.BINDINGS):
            if isinstance(binding, Binding) and binding.description:
                title = self.say(binding.tooltip or binding.description)
                key = binding.key_display or binding.key
                yield SystemCommand(title, key, partial(screen.run_action, binding.action))
        for command in super().get_system_commands(screen):
            yield command._replace(title=self.say(command.title), help=self.say(command.help))
