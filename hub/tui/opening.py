"""Key -> the screen that shows it. A screen's file is imported when the first of its kind is opened."""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final

import hub.tui
from crawlers.clean import clean
from crawlers.keys import Key, kind_of
from hub.memory import tidy
from hub.tui.screens import HubScreen, graphical

if TYPE_CHECKING:
    from hub.queries import Entry
    from hub.tui.app import HubApp

_SCREENS: Final = {
    "paper": ("paper", "PaperScreen"),
    "dataset": ("dataset", "DatasetScreen"),
    "framework": ("framework", "FrameworkScreen"),
    "tool": ("framework", "FrameworkScreen"),
    "task": ("task", "TaskScreen"),
    "topic": ("task", "TaskScreen"),
    "method": ("method", "MethodScreen"),
    "repository": ("repository", "RepositoryScreen"),
    "board": ("leaderboard", "LeaderboardScreen"),
}
"""Kind -> the module of this package and the screen in it."""


def screen_of(app: "HubApp", key: Key) -> HubScreen:
    """The screen of an entry of any kind; one of no known kind says on its screen that it is none."""
    module, name = _SCREENS[kind_of(key) or "paper"]
    loaded: Any = import_module(f"hub.tui.{module}")
    screen: HubScreen = getattr(loaded, name)(key)
    return screen


def warm(calm: Callable[[], bool]) -> None:
    """Imports every screen and window, so that opening the first of a kind does not wait: for a thread,
    each when it is `calm`, since an import holds up the keys that come meanwhile."""
    for module in iter_modules(hub.tui.__path__):
        name = f"hub.tui.{module.name}"
        if module.name != "__main__" and name not in sys.modules:
            while not calm():
                time.sleep(0.2)
            import_module(name)
            tidy()
            time.sleep(0.02)
    gc.freeze()  # what came with them stays: it is never looked through again


def open_address(app: "HubApp", url: str) -> None:
    """Opens an address in the web browser; where there is none, says what it is."""
    url = clean(url)
    if not url.startswith(("https://", "http://")):
        pattern = app.say("Not an address to open: {url}")
    elif app.is_web or graphical():
        app.open_url(url)
        pattern = app.say("Opened {url}")
    else:
        pattern = app.say("No browser here; the address is {url}")
    app.notify(pattern.format(url=url), markup=False)


def comparison_of(entries: "Sequence[Entry]") -> HubScreen | None:
    """The screen that shows the frameworks and tools among these side by side; None for fewer than two."""
    from hub.tui.comparison import Comparison, comparable

    keys = comparable(entries)
    return Comparison(keys) if len(keys) > 1 else None
