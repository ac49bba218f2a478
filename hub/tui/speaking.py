"""What every screen and widget of ours can ask of the app: its language, its home, itself."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.message import Message

from hub.memory import tidy
from hub.paths import Paths
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.tui.app import HubApp


class Speaking:
    """Mixed into a screen or widget, in front: `class Sheet(Speaking, VerticalScroll)`.

    The language is asked for at each drawing and never kept, since the user can switch it.
    """

    renewing: bool = False
    """True while the parts of a screen are taken away and made anew."""

    async def _dispatch_message(self, message: Message) -> None:
        """A message that comes while the parts it is for are made anew, or are gone, is dropped: what
        it tells is read again when they stand. Others have their turn after each: what Textual would do
        for several in one step, like styling a table anew twice, holds up no key."""
        try:
            await cast(Any, super())._dispatch_message(message)
        except NoMatches:
            me = cast(DOMNode, self)
            if me.is_attached and not me._pruning and not _renewing(me):
                raise
        # After it and not before: Textual takes the last of several sizes that wait, and hands it on at
        # once; what came in between would be followed by an older one.
        await asyncio.sleep(0)
        if tidy():
            await asyncio.sleep(0)

    @property
    def hub(self) -> "HubApp":
        return cast("HubApp", cast(Any, self).app)

    @property
    def say(self) -> Say:
        return self.hub.say

    @property
    def paths(self) -> Paths:
        return self.hub.paths


def _renewing(node: DOMNode) -> bool:
    return any(getattr(one, "renewing", False) for one in node.ancestors_with_self)
