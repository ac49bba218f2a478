"""The first start: one screen that says what this is and which keys matter; shown once."""

from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from hub.tui.stepwise import Stepwise
from hub.tui.wrapping import Wrapped

KEYS: Final = (
    ("/", "Search as you type, in English or Chinese"),
    ("0-9", "Kinds: papers, datasets, frameworks, tasks …"),
    ("Enter", "Open what the cursor stands on; q or Esc goes back"),
    ("f", "Filters with counts: year, category, has code …"),
    ("s t n", "Star it, tag it, write a note: your own library"),
    ("r", "Run a baseline here and set its number beside the claim"),
    ("?", "Every key; ^p finds every action and every entry"),
    ("L", "中文 / English"),
)


class WelcomeScreen(Stepwise, ModalScreen[None]):
    """Goes away with the first key, which then does what it is for."""

    DEFAULT_CSS = """
    WelcomeScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 66;
            max-width: 96%;
            height: auto;
            max-height: 100%;
            border: round $primary;
            background: $surface;
            padding: 1 2;
        }
        &.-short > Vertical { padding: 0 1; }
        & Static { width: 1fr; height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self.say("Welcome")
            yield Static(self._text(), markup=False)

    def _text(self) -> Group:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, style="bold")
        grid.add_column(overflow="fold")
        for key, does in KEYS:
            grid.add_row(Text(key), Wrapped(self.say(does)))
        return Group(
            Wrapped(self.say("Papers, code, datasets, frameworks and published results, offline.")),
            Text(),
            grid,
            Text(),
            Text(self.say("Any key begins."), style="italic"),
        )

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.app.pop_screen()
        if event.key not in ("enter", "escape", "space", "q"):
            self.app.simulate_key(event.key)

    def on_click(self) -> None:
        self.app.pop_screen()
