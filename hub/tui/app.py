"""The browser as an application: its screens, its keys everywhere, what it remembers."""

import asyncio
import gc
import importlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import constants, events
from textual._styles_cache import StylesCache
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen

from hub.memory import one_heap, seldom
from hub.paths import Paths
from hub.queries import Entry
from hub.text import speak
from hub.tui import state as kept
from hub.tui.browse import BrowseScreen
from hub.tui.screens import HubScreen
from hub.tui.strings import speaker
from hub.tui.terminal import heed_its_end
from hub.tui.themes import DARK, OURS

if TYPE_CHECKING:
    from textual.command import Provider

QUIET_SECONDS: Final = 1.0
"""After the first frame and the last key, until what later keys need is imported."""
DEEPEST: Final = 20
"""Screens on top of each other; who follows links further comes back to the last ones, and then to the
list. A screen of an entry holds about half a megabyte."""


def run(paths: Paths, lang: str, *, asked: bool = False) -> None:
    """Opens the browser on a home until the user leaves it, in the language that was switched to
    last, else in `lang`; where `lang` was `asked` for at this start, in that. What ended it against
    its will is raised here, when the terminal is its old self again."""
    # A thread that reads hands over sooner to the one that paints, which a finger waits for.
    sys.setswitchinterval(0.001)
    one_heap()
    app = HubApp(paths, lang, asked=asked)
    app.greets = not app.state.welcomed
    app.run()
    if app.failure is not None:
        raise app.failure
    if app.return_code:
        sys.exit(app.return_code)


def _actions() -> "type[Provider]":
    from hub.tui.palette import Actions

    return Actions


def _entries() -> "type[Provider]":
    from hub.tui.palette import Entries

    return Entries


class HubApp(App[None]):
    """Owns the home, the language, the kept state and the runs that go on while one browses."""

    TITLE = "hub"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide"), (120, "-spacious")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    COMMANDS = {_actions, _entries}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="Every key"),
        Binding("L", "language", "中文/English", show=False, tooltip="中文 / English"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, paths: Paths, lang: str, *, asked: bool = False) -> None:
        super().__init__()
        self.paths = paths
        self.state = kept.load(paths)
        self.lang = lang if asked else self.state.lang or lang
        self.say = speaker(self.lang)
        self.greets = False
        """Whether the first-run welcome is to be shown."""
        for theme in OURS:
            self.register_theme(theme)
        self.theme = self.state.theme if self.state.theme in self.available_themes else DARK.name
        if not self.state.motion:
            self.animation_level = "none"
        self._jobs: Any = None
        self._pressed_at = time.monotonic()
        self._keeper = ThreadPoolExecutor(1, "keeper")
        self.failure: Exception | None = None
        """What ended the app against its will."""

    def _handle_exception(self, error: Exception) -> None:
        """Ends the app, with the error kept for whoever started it. A widget that is being taken away
        may still hear of something and look for parts that it no longer has: that is no fault."""
        from textual._context import active_message_pump

        pump = active_message_pump.get(None)
        gone = isinstance(pump, DOMNode) and (pump._pruning or not pump.is_attached)
        if gone and isinstance(error, NoMatches):
            return
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _check_action_state(self, action: str, default_namespace: DOMNode) -> bool | None:
        """The key line has no key of what is being taken away: it may lack the parts that it would look at."""
        if default_namespace._pruning or default_namespace._closing:
            return False
        return super()._check_action_state(action, default_namespace)

    async def _dispatch_action(self, namespace: DOMNode, action_name: str, params: Any) -> bool:
        """No key acts on what has no parts any more, or none yet: one that would go before all others is
        then handed to the screen like any other, and waits there."""
        if namespace is not self and (namespace._pruning or not namespace._is_mounted):
            return False
        try:
            return await super()._dispatch_action(namespace, action_name, params)
        except KeyError:
            from textual.widgets import OptionList

            # Textual 8.2.8 looks for the line of an option where a list has no room for any.
            if not (isinstance(namespace, OptionList) and action_name.startswith("page_")):
                raise
            return True

    def update_styles(self, node: DOMNode, animate: bool = True) -> None:
        """Styles anew what stands somewhere; a widget that is only being made gets its styles when it
        is mounted, and Textual would give it some at each of its classes before."""
        if node is self or node.parent is not None:
            super().update_styles(node, animate)

    def _fatal_error(self) -> None:
        """Says nothing on the screen that is about to go."""
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        heed_its_end(self)
        speak(self.lang)

    def on_unmount(self) -> None:
        speak(None)
        self._keeper.shutdown()

    async def _dispatch_message(self, message: Message) -> None:
        await super()._dispatch_message(message)
        await asyncio.sleep(0)  # as for every part of it (hub.tui.speaking)

    async def on_event(self, event: events.Event) -> None:
        """What is pasted brings no control character into any field; its lines stay lines. A click on
        what is already taken away, and only still painted, is none: Textual would ask where it stands."""
        if isinstance(event, events.InputEvent):
            self._pressed_at = time.monotonic()
        if isinstance(event, events.MouseDown):
            widget, _ = self.screen.get_widget_and_offset_at(int(event.x), int(event.y))
            if widget is not None and widget.parent is None:
                return
        if isinstance(event, events.Paste):
            lines = event.text.expandtabs(4).splitlines()
            event.text = "\n".join("".join(filter(str.isprintable, line)) for line in lines)
        await super().on_event(event)

    def get_default_screen(self) -> Screen[None]:
        return BrowseScreen()

    def ready(self) -> None:
        """The first list or pane stands on the screen."""
        if not gc.isenabled():
            seldom()
            self.set_timer(QUIET_SECONDS, self._warm)
        if self.greets:
            from hub.tui.welcome import WelcomeScreen

            self.greets, self.state.welcomed = False, True
            self.keep()
            self.push_screen(WelcomeScreen())

    def _warm(self) -> None:
        from hub.tui.opening import warm

        calm = partial(self._calm_for, QUIET_SECONDS)
        threading.Thread(target=warm, args=(calm,), name="warming", daemon=True).start()

    def _calm_for(self, seconds: float) -> bool:
        """Whether nothing was pressed for so long."""
        return time.monotonic() - self._pressed_at >= seconds

    # -- for screens -------------------------------------------------------------------------

    @property
    def running(self) -> Any:
        """The runs that go on while the user browses (hub.tui.running)."""
        if self._jobs is None:
            self._jobs = importlib.import_module("hub.tui.running").Running(self)
        return self._jobs

    @property
    def under_way(self) -> int:
        """How many runs, crawls and downloads go on."""
        return 0 if self._jobs is None else len(self._jobs.under_way)

    async def action_quit(self) -> None:
        """Ends the app; asks first while something goes on."""
        if self.under_way:
            from hub.tui.leaving import LeaveScreen

            if not isinstance(self.screen, LeaveScreen):
                self.push_screen(LeaveScreen())
        else:
            self.exit()

    def open_key(self, key: str, entry: Entry | None = None) -> None:
        """Opens the screen of an entry of any kind on top of this one. Where the `entry` is at hand,
        keys act on it before the rest of it is read."""
        opening: Any = importlib.import_module("hub.tui.opening")
        screen = opening.screen_of(self, key)
        screen.entry = entry
        self.push_screen(screen)
        if len(self.screen_stack) > DEEPEST:
            oldest = next(one for one in self.screen_stack[1:] if not one.is_modal)
            self._screen_stack.remove(oldest)
            self.call_next(oldest.remove)

    def pop_screen(self) -> AwaitComplete:
        """Back by one screen; a key that comes twice before the first has had its effect asks for one
        more than there are, and gets nothing."""
        # Textual 8.2.8 keeps a screen's drawn lines there when the screen is gone, a thousand times.
        StylesCache.get_inner_outer.cache_clear()
        self.forget_watchers()
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()

    def forget_watchers(self) -> None:
        """Lets go of widgets that are gone. Textual 8.2.8 keeps whatever heeds the app's colours (each field,
        chart and pane of facts) until those change, with all that hangs on it."""
        heeded: dict[str, list[Any]] = getattr(self, "__watchers", {})
        for watchers in heeded.values():
            watchers[:] = [one for one in watchers if not one[0]._closing]
        for node in list(self.theme_changed_signal._subscriptions):
            if node._closing:
                self.theme_changed_signal.unsubscribe(node)

    def notify(self, message: str, **options: Any) -> None:
        """A message in the corner, wrapped by our rule: half the screen wide, as Textual has it."""
        from hub.tui.wrapping import wrapped

        room = max(10, min(60, self.size.width // 2) - 4)
        super().notify("\n".join(wrapped(message, room)), **options)

    def own_changed(self) -> None:
        """Tells every screen that the user's library has changed."""
        for screen in self.screen_stack:
            if isinstance(screen, HubScreen):
                screen.own_changed()

    def keep(self) -> None:
        """Keeps the state for the next start. A disk that takes its time holds up no key."""
        with suppress(RuntimeError):  # the app is being left, and what it kept last stands
            self._keeper.submit(kept.save, self.paths, deepcopy(self.state))

    # -- language ----------------------------------------------------------------------------

    async def action_language(self, lang: str | None = None) -> None:
        """Switches to a language, or to the other one; everything on the screens is said anew."""
        self.lang = lang or ("en" if self.lang.startswith("zh") else "zh")
        self.say = speaker(self.lang)
        speak(self.lang)
        self.state.lang = self.lang
        self.keep()
        for screen in self.screen_stack:
            if isinstance(screen, HubScreen):
                await screen.spoken()
            screen.refresh_bindings()
        self.forget_watchers()

    # -- help and moving --------------------------------------------------------------------

    def action_help(self) -> None:
        from hub.tui.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def action_command_palette(self) -> None:
        from hub.tui.palette import Palette

        if not isinstance(self.screen, Palette):
            hint = self.say("Search for actions and entries …")
            self.push_screen(Palette(id="--command-palette", placeholder=hint))

    def go(self, tab: str) -> None:
        """Back to the main screen, on this tab."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        main = self.screen_stack[0]
        if isinstance(main, BrowseScreen):
            main.go(tab)

    # -- settings ----------------------------------------------------------------------------

    def wear(self, theme: str) -> None:
        """Takes other colours, and keeps them."""
        self.theme = self.state.theme = theme
        self.keep()

    def action_motion(self) -> None:
        """Lets nothing move by itself, or everything as it would."""
        self.state.motion = not self.state.motion
        self.animation_level = constants.TEXTUAL_ANIMATIONS if self.state.motion else "none"
        self.keep()

    def action_picture(self) -> None:
        self.set_timer(0.2, self.deliver_screenshot)
