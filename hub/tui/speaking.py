"""What every screen and widget of ours can ask of the app: its language, its home, itself."""

from typing import TYPE_CHECKING, Any, cast

from hub.paths import Paths
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.tui.app import HubApp


class Speaking:
    """Mixed into a screen or widget, in front: `class Sheet(Speaking, VerticalScroll)`.

    The language is asked for at each drawing and never kept, since the user can switch it.
    """

    @property
    def hub(self) -> "HubApp":
        return cast("HubApp", cast(Any, self).app)

    @property
    def say(self) -> Say:
        return self.hub.say

    @property
    def paths(self) -> Paths:
        return self.hub.paths
