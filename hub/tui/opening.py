"""Key -> the screen that shows it."""

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Footer
from textual.worker import get_current_worker

from hub.errors import HubError
from hub.tui.preview import Preview
from hub.tui.reading import Whole, attempt, whole
from hub.tui.screens import HubScreen

if TYPE_CHECKING:
    from hub.tui.app import HubApp


def screen_of(app: "HubApp", key: str) -> HubScreen:
    """The screen of an entry of any kind."""
    return SheetScreen(key)


class SheetScreen(HubScreen):
    """One entry over the whole terminal."""

    AUTO_FOCUS = "Preview"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,escape,h", "app.pop_screen", "Back")]

    class Looked(Message):
        """The entry was read whole, or could not be."""

        def __init__(self, outcome: Whole | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key

    def compose(self) -> ComposeResult:
        yield Preview(full=True)
        yield Footer()

    def on_mount(self) -> None:
        self.again()

    def again(self) -> None:
        self.read()

    @work(thread=True, exclusive=True, group="look")
    def read(self) -> None:
        worker = get_current_worker()
        outcome = attempt(self.paths, lambda queries: whole(queries, self.key))
        if not worker.is_cancelled:
            self.post_message(self.Looked(outcome))

    @on(Looked)
    def _show(self, message: Looked) -> None:
        if isinstance(message.outcome, HubError):
            self.query_one(Preview).show_error(message.outcome)
        else:
            self.entry = message.outcome.shown.entry
            self.refresh_bindings()
            self.query_one(Preview).show_whole(message.outcome)
