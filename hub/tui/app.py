"""The browser as an application: its screens, its keys everywhere, its palette."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from hub.paths import Paths
from hub.tui.browse import BrowseScreen
from hub.tui.entries import EntryList
from hub.tui.preview import Preview
from hub.tui.screens import HelpScreen, HubScreen
from hub.tui.strings import speaker


def run(paths: Paths, lang: str) -> None:
    """Opens the browser on a home, in English or Chinese (`zh`), until the user leaves it."""
    HubApp(paths, lang).run()


class HubApp(App[None]):
    TITLE = "hub"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide"), (120, "-spacious")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, paths: Paths, lang: str) -> None:
        super().__init__()
        self.paths = paths
        self.say = speaker(lang)
        self.theme = "tokyo-night"

    def get_default_screen(self) -> Screen[None]:
        return BrowseScreen(self.paths, self.say)

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.paths, self.say, SECTIONS))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the screen, with its key, and then Textual's own."""
        for binding in (*type(screen).BINDINGS, *HubScreen.BINDINGS, *HubApp.BINDINGS):
            if isinstance(binding, Binding) and binding.description:
                title = self.say(binding.tooltip or binding.description)
                key = binding.key_display or binding.key
                yield SystemCommand(title, key, partial(screen.run_action, binding.action))
        for command in super().get_system_commands(screen):
            yield command._replace(title=self.say(command.title), help=self.say(command.help))


SECTIONS = (
    ("Everywhere", [*BrowseScreen.BINDINGS, *HubScreen.BINDINGS, *HubApp.BINDINGS]),
    ("The list", EntryList.BINDINGS),
    ("The preview", Preview.BINDINGS),
)
"""The keys as the help screen groups them."""
