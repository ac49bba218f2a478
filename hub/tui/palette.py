"""The command palette: every action with its key, every setting, and every entry by its name."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from textual.binding import Binding
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from crawlers.clean import clean
from hub.errors import HubError
from hub.queries import Entry
from hub.tui.browse import ALL_TABS, BrowseScreen
from hub.tui.columns import facts, name_of
from hub.tui.help import own_bindings
from hub.tui.keys import shown_keys
from hub.tui.reading import Question, attempt, browse
from hub.tui.stepwise import Stepwise

if TYPE_CHECKING:
    from hub.tui.app import HubApp

FOUND: Final = 15
"""Entries offered for what was typed."""


class Palette(Stepwise, CommandPalette):
    """Textual's palette, painted in steps."""


class Actions(Provider):
    """What can be done here, in the language of the browser."""

    @property
    def hub(self) -> "HubApp":
        return cast("HubApp", self.app)

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        """Title, key or explanation, and what happens."""
        app, screen, say = self.hub, self.screen, self.hub.say
        seen: set[str] = set()
        for chain in (self.focused, screen):
            for cls in type(chain).__mro__ if chain is not None else ():
                for binding in own_bindings(cls) if _ours(cls) else ():
                    if binding.action not in seen and binding.action not in _PLAIN:
                        seen.add(binding.action)
                        run = partial(_run, chain, binding)
                        yield say(binding.tooltip or binding.description), shown_keys(binding), run
        main = app.screen_stack[0]
        if isinstance(main, BrowseScreen):
            for at, tab in enumerate(ALL_TABS):
                title = say("Go to: {tab}").format(tab=say(tab))
                yield title, str(at), partial(app.go, tab)
        for binding in own_bindings(type(app)):
            yield (
                say(binding.tooltip or binding.description),
                shown_keys(binding),
                partial(app.run_action, binding.action),
            )
        yield "English", say("Language"), partial(app.action_language, "en")
        yield "中文", say("Language"), partial(app.action_language, "zh")
        motion = "Less motion" if app.state.motion else "More motion"
        yield say(motion), say("Nothing moves by itself"), app.action_motion
        for theme in app.available_themes:
            yield say("Colours: {theme}").format(theme=theme), "", partial(app.wear, theme)
        yield say("Screenshot"), say("The screen as an SVG file"), app.action_picture

    async def discover(self) -> Hits:
        for title, help_, run in self._commands():
            yield DiscoveryHit(Content(title), run, text=title, help=help_ or None)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, help_, run in self._commands():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run, text=title, help=help_ or None)


class Entries(Provider):
    """The catalog by name: found as the search finds them, in a thread."""

    async def search(self, query: str) -> Hits:
        app = cast("HubApp", self.app)
        found = await asyncio.to_thread(attempt, app.paths, partial(_found, query))
        if isinstance(found, HubError):
            return  # the palette offers actions all the same; the search itself says what is wrong
        for at, entry in enumerate(found):
            name = clean(name_of(entry, app.say))
            yield Hit(
                0.9 - at / 100,
                Content(name),
                partial(app.open_key, entry.key, entry),
                text=name,
                help=clean(facts(entry, app.say))[:200],
            )


def _found(query: str, queries: Any) -> tuple[Entry, ...]:
    return browse(queries, Question(query)).page(0, FOUND)


def _ours(cls: type) -> bool:
    return cls.__module__.startswith("hub.tui.")


async def _run(chain: Any, binding: Binding) -> None:
    await chain.run_action(binding.action)


_PLAIN: Final = frozenset(
    {
        "move(1)", "move(-1)", "page(1)", "page(-1)", "first", "last", "move(10)", "move(-10)",
        "scroll_down", "scroll_up", "page_down", "page_up", "scroll_home", "scroll_end",
        "move(100000)", "move(-100000)", "app.focus_next", "app.focus_previous", "tab(0)", "step(1)",
        "step(-1)", "screen.list", "screen.unsearch", "screen.earlier",
    }
)  # fmt: skip
"""Moves, which nobody looks up by name."""
