"""A screen that opens and paints in steps, so that no key waits for the whole of it.

Textual 8.2 lays a new screen out, gives it its styles a second time and paints it twice before anything
else has its turn: 35 to 70 ms for one of ours, in which no key is heard. What knows Textual's insides
for that is here.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual._compositor import Compositor
from textual.app import App
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from hub.memory import tidy
from hub.tui.speaking import Speaking

if TYPE_CHECKING:
    from textual.screen import Screen as _Screen

    class _Base(Speaking, _Screen[Any]): ...
else:
    _Base = Speaking

CELLS: Final = 1_000
"""How many cells of the terminal are painted at once; one of 80x24 has 1,920."""
PATIENCE: Final = 0.005
"""Seconds for which one step goes on painting."""


class _Lines(Compositor):
    """Draws of each widget the lines that are to be painted: Textual's own draws all of it, and then
    takes those."""

    def _get_renders(
        self, crop: Region | None = None
    ) -> Iterator[tuple[Region, Region, list[Strip]]]:
        rows = self.size.region if crop is None else crop
        for widget, (region, clip) in self.visible_widgets.items():
            x, y, width, height = region.intersection(clip)
            top, end = max(y, rows.y), min(y + height, rows.bottom)
            if width and top < end:
                part = Region(x, top, width, end - top)
                yield part, part, widget.render_lines(part.translate((-region.x, -region.y)))


class Stepwise(_Base):
    """Mixed into a screen, in front: `class HubScreen(Stepwise, Screen[None])`.

    Others have their turn before each message to the screen and before each part of a paint.
    """

    _resumed = False
    """Whether the screen was on top before: one that was has styles that may be out of date."""
    _resuming = False
    _due = False
    """Whether the next part of a paint is on its way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._compositor = _Lines()

    def _post_register(self, app: App[Any]) -> None:
        """Has the classes of its size before it has styles, which would else be made twice."""
        super()._post_register(app)
        for size, breaks in (
            (app.size.width, app.HORIZONTAL_BREAKPOINTS),
            (app.size.height, app.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(*self._get_breakpoint_classes(size, breaks or []), update=False)

    async def _dispatch_message(self, message: Message) -> None:
        await asyncio.sleep(0)
        await super()._dispatch_message(message)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        event.prevent_default()
        if not self._resumed:
            event.refresh_styles = False
        self._resumed = self._resuming = True
        self.call_later(tidy)
        try:
            super()._on_screen_resume(event)
        finally:
            self._resuming = False

    def _on_timer_update(self) -> None:
        """One paint where Textual makes two: of what has moved, and then of everything."""
        if self._layout_required and self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)
        super()._on_timer_update()

    def _compositor_refresh(self) -> None:
        """A paint is due. When the screen comes up its parts do not know their sizes yet, and everything
        is painted in the next frame."""
        if self.app.is_inline or self is not self.app.screen:
            super()._compositor_refresh()
        elif not self._resuming:
            self._dirty_widgets.clear()
            if not self._due:
                self._due = self.call_later(self._paint)

    def _paint(self) -> None:
        """Paints what is out of date, from above, for as long as a step may take; the rest is next."""
        self._due = False
        begun, dirty = time.perf_counter(), self._compositor._dirty_regions
        told = self._dirty_widgets.copy()  # while this paint was on its way: they are for the next
        while dirty and self is self.app.screen:
            rest = _parted(dirty, self.size)
            super()._compositor_refresh()
            dirty.update(rest)
            if time.perf_counter() - begun > PATIENCE:
                break
        self._dirty_widgets.update(told)
        self.call_later(tidy)
        if dirty:
            self._due = self.call_later(self._paint)


def _parted(dirty: set[Region], size: Size) -> set[Region]:
    """Takes out of `dirty` what is further down than `CELLS` reach, and returns it."""
    shown = [region for one in dirty if (region := one.intersection(size.region))]
    if not shown:
        return set()
    whole = Region.from_union(shown)
    lines = max(1, CELLS // whole.width)
    if whole.height <= lines:
        return set()
    above, below = whole.split_horizontal(lines)
    dirty.clear()
    dirty.update(part for one in shown if (part := one.intersection(above)))
    return {part for one in shown if (part := one.intersection(below))}
