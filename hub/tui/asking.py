"""A small window over the screen that asks for something or shows something that goes on."""

from dataclasses import replace
from typing import ClassVar

from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, ScreenResultType

from hub.tui.stepwise import Stepwise


class Window(VerticalScroll, can_focus=False):
    """The one child of such a screen. It has no focus of its own: its fields have, and gaining or losing
    it would have all of them styled anew."""


class Asking(Stepwise, ModalScreen[ScreenResultType]):
    """Its one child is the window; Esc closes it without an answer."""

    DEFAULT_CSS = """
    Asking {
        align: center middle;
        & > .window {
            width: 78;
            max-width: 96%;
            height: auto;
            max-height: 96%;
            border: round $primary;
            background: $surface;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        & .buttons { height: auto; margin-top: 1; align-horizontal: right; }
        & .buttons Button { margin-left: 2; min-width: 10; }
        & .field { height: 1; margin-top: 0; }
        & .field > .name { width: 16; color: $foreground 60%; }
        & .field > Input { width: 1fr; }
        & .note { height: auto; color: $foreground 60%; }
        & .error { height: auto; color: $text-error; }
    }
    Asking.-short .buttons { margin-top: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys, described in the user's language."""
        return {
            key: active._replace(
                binding=replace(active.binding, description=self.say(active.binding.description)),
                tooltip=self.say(active.tooltip),
            )
            for key, active in super().active_bindings.items()
        }

    def action_close(self) -> None:
        self.dismiss(None)
