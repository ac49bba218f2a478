"""What every screen shares: an entry in hand, the keys that act on it, and messages."""

import importlib
import os
import sys
from dataclasses import replace
from typing import Any, ClassVar

from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import Screen

from crawlers.clean import clean
from hub.errors import HubError
from hub.queries import Entry
from hub.tui.stepwise import Stepwise

ON_AN_ENTRY = ("star", "tag", "note", "reading", "web", "copy", "reproduce")
"""Actions that need an entry in hand."""


class HubScreen(Stepwise, Screen[None]):
    """A screen that may have an entry in hand.

    A screen sets `entry` when it has read it; where several are marked, `chosen` gives those. What
    acts on them lives in hub.tui.own (star, tag, note, reading, copy: `function(screen, entries)`)
    and hub.tui.start (StartRun(entry.key)), imported at the first key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "star", "Star", tooltip="Star it, or take the star away"),
        Binding("t", "tag", "Tag", tooltip="Tags of your own"),
        Binding("n", "note", "Note", tooltip="Write a note"),
        Binding("S", "reading", "Reading", show=False, tooltip="To read, reading, read"),
        Binding("o", "web", "Web", tooltip="Open its page in the web browser"),
        Binding("y", "copy", "Copy", tooltip="Copy its key, address or BibTeX"),
        Binding("r", "reproduce", "Reproduce", tooltip="Run a baseline of it here"),
        Binding("R", "again", "Refresh", show=False, tooltip="Read everything on this screen anew"),
    ]

    entry: Entry | None = None

    @property
    def chosen(self) -> tuple[Entry, ...]:
        """What a key acts on: the marked entries, or the one in hand."""
        return () if self.entry is None else (self.entry,)

    # -- what the app tells a screen ---------------------------------------------------------

    async def spoken(self) -> None:
        """The language was switched: everything is said anew. A screen that can do so without being
        composed anew overrides this."""
        self.renewing = True
        try:
            await self.recompose()
        finally:
            self.renewing = False
        self.again()

    def again(self) -> None:
        """Reads anew what the screen shows."""

    def own_changed(self) -> None:
        """The user's library has changed."""

    # -- keys --------------------------------------------------------------------------------

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
        return action not in ON_AN_ENTRY or bool(self.chosen)

    def action_again(self) -> None:
        self.again()

    def action_star(self) -> None:
        self._own("star")

    def action_tag(self) -> None:
        self._own("tag")

    def action_note(self) -> None:
        self._own("note")

    def action_reading(self) -> None:
        self._own("reading")

    def action_copy(self) -> None:
        self._own("copy")

    def _own(self, what: str) -> None:
        own: Any = importlib.import_module("hub.tui.own")
        getattr(own, what)(self, self.chosen)

    def action_reproduce(self) -> None:
        if self.chosen:
            start: Any = importlib.import_module("hub.tui.start")
            self.app.push_screen(start.StartRun(self.chosen[0].key))

    def action_web(self) -> None:
        if not self.chosen:
            return
        entry = self.chosen[0]
        url = clean(entry.url or "")
        if not url.startswith(("https://", "http://")):
            self.tell("No address is known for {key}", key=entry.key)
        elif self.app.is_web or graphical():
            self.app.open_url(url)
            self.tell("Opened {url}", url=url)
        else:
            self.tell("No browser here; the address is {url}", url=url)

    # -- messages ----------------------------------------------------------------------------

    def tell(self, pattern: str, **values: str) -> None:
        """A short message in the corner; the values are text from outside."""
        cleaned = {name: clean(value) for name, value in values.items()}
        self.notify(self.say(pattern).format(**cleaned), markup=False)

    def complain(self, error: HubError) -> None:
        """What went wrong and what to do next, in the corner."""
        from hub.tui.reading import said

        self.notify(said(error), severity="error", timeout=10, markup=False)


def graphical() -> bool:
    """Whether a web browser can open beside the terminal and not on top of it."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform != "linux" or any(os.environ.get(name) for name in names)
