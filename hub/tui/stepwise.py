"""A screen that opens and paints in steps, so that no key waits for the whole of it.

Textual 8.2 lays a new screen out, gives it its styles a second time and paints it twice before anything
else has its turn: 35 to 70 ms for one of ours, in which no key is heard. What knows Textual's insides
for that is here.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual._compositor import Compositor
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.color import Color
from textual.geometry import Region, Size
from textual.renderables.background_screen import BackgroundScreen
from textual.strip import Strip

from hub.tui.speaking import Speaking

if TYPE_CHECKING:
    from textual.screen import Screen as _Screen

    class _Base(Speaking, _Screen[Any]): ...
else:
    _Base = Speaking

CELLS: Final = 500
"""How many cells of the terminal are painted first in a step, of 1,920 in one of 80x24; then twice as many,
while there is time."""
PATIENCE: Final = 0.006
"""Seconds that one step paints, and may be double where the last lines are costly: no key waits for longer
than a frame of 16 ms."""


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

    Each part of a paint is a step of its own, as each message to the screen is.
    """

    _resumed = False
    """Whether the screen was on top before: one that was has styles that may be out of date."""
    _resuming = False
    _laying = False
    _left = False
    _due = False
    """Whether the next part of a paint is on its way."""
    _line = 0
    """Where it begins: what changes all the time above keeps nobody from what is below."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._compositor = _Lines()
        self._dimmed: dict[int, Strip] = {}
        """Lines of the screen under this window, as they show around it."""

    def _post_register(self, app: App[Any]) -> None:
        """Has the classes of its size before it has styles, which would else be made twice."""
        super()._post_register(app)
        for size, breaks in (
            (app.size.width, app.HORIZONTAL_BREAKPOINTS),
            (app.size.height, app.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(*self._get_breakpoint_classes(size, breaks or []), update=False)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Lays the screen out. One that was never on top has the styles that it was given a moment ago."""
        event.prevent_default()
        if not self._resumed:
            event.refresh_styles = False
        self._resumed = self._resuming = True
        try:
            super()._on_screen_resume(event)
        finally:
            self._resuming = False

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Leaves once: a key that came twice before the first had its effect leaves nothing more."""
        if self._left or not self.is_current:
            return AwaitComplete()
        self._left = True
        return super().dismiss(result)

    async def _on_resize(self, event: events.Resize) -> None:
        """Takes no notice of a size that the terminal has no more. Textual tells a screen of each size that
        it was laid out for; of two that follow each other closely they would go on for ever."""
        if event.size != self.app.size:
            event.stop()
            event.prevent_default()

    def _on_timer_update(self) -> None:
        """One paint where Textual makes two: of what has moved, and then of everything."""
        if self._layout_required and self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)
        super()._on_timer_update()

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        self._laying = True
        try:
            super()._refresh_layout(size, scroll)
        finally:
            self._laying = False

    def _compositor_refresh(self) -> None:
        """A paint is due: in this step, or in the next where this one has laid out the screen. When the
        screen comes up its parts do not know their sizes yet, and all is painted in the next frame."""
        if self.app.is_inline or self is not self.app.screen:
            super()._compositor_refresh()
        elif not self._resuming:
            self._dirty_widgets.clear()
            if not self._due and self._laying:
                self._due = self.call_later(self._paint)
            elif not self._due:
                self._paint()

    def _paint(self) -> None:
        """Paints what is out of date, for as long as a step may take, and goes on below in the next."""
        self._due = False
        if self is not self.app.screen:  # another came on top meanwhile: it may show through
            super()._compositor_refresh()
            return
        dirty, cells = self._compositor._dirty_regions, CELLS
        told = self._dirty_widgets.copy()  # while this paint was on its way: they are for the next
        begun = now = time.perf_counter()
        while dirty:
            rest, self._line = _parted(dirty, self._compositor.size, self._line, cells)
            super()._compositor_refresh()
            dirty.update(rest)
            before, now, cells = now, time.perf_counter(), 2 * cells
            if now - begun + 2 * (now - before) > PATIENCE:
                break
        self._dirty_widgets.update(told)
        if dirty:
            self._due = self.call_later(self._paint)

    # -- what is under a window ----------------------------------------------------------------

    @property
    def _under(self) -> "Stepwise | None":
        """The screen that shows through this one."""
        stack = self.app.screen_stack
        at = stack.index(self) if self in stack else 0
        below = stack[at - 1] if at and self.styles.background.a < 1 else None
        return below if isinstance(below, Stepwise) else None

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._dimmed.clear()
        for region in regions:
            for y in region.line_range:
                self._dimmed.pop(y, None)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Dims of the screen under it the lines that are to be painted. Textual dims all of it at once,
        one word after the other."""
        under = self._under
        if under is None:
            return super().render_lines(crop)
        lack = {y for y in crop.line_range if y not in self._dimmed}
        if lack:
            drawn = under.rows(lack)
            filters, ground = self.get_line_filters(), self.background_colors[1]
            dim = partial(_dimmed, self.styles.background, {})
            for y in lack:
                line = Strip(map(dim, drawn[y])) if y in drawn else Strip.blank(crop.right)
                for one in filters:
                    line = line.apply_filter(one, ground)
                self._dimmed[y] = line
        return [self._dimmed[y].crop(crop.x, crop.right) for y in crop.line_range]

    def rows(self, wanted: set[int]) -> dict[int, Strip]:
        """These lines of the screen, as far as it has them."""
        top, end = min(wanted), max(wanted) + 1
        part = Region(0, top, self._compositor.size.width, end - top)
        chops = self._compositor._render_chops(part, wanted.__contains__)
        return {y: Strip.join(chops[y].values()) for y in wanted if y < len(chops)}


def _dimmed(by: Color, known: dict[Style | None, Style | None], segment: Segment) -> Segment:
    """A piece of a line without its links, under a translucent colour; each style is dimmed once."""
    text, style, control = segment
    if style not in known:
        [one] = BackgroundScreen.process_segments([Segment(" ", style)], by)
        known[style] = one.style
    return Segment(text, known[style], control)


def _parted(dirty: set[Region], size: Size, line: int, cells: int) -> tuple[set[Region], int]:
    """Leaves in `dirty` so many cells from this line on, or from above where nothing is below; returns
    the rest, and the line after them."""
    shown = [region for one in dirty if (region := one.intersection(size.region))]
    dirty.clear()
    if not shown:
        return set(), 0
    whole = Region.from_union(shown)
    top = max(whole.y, line) if line < whole.bottom else whole.y
    end = min(whole.bottom, top + max(1, cells // whole.width))
    above, below = (
        Region(0, y, size.width, height) for y, height in ((0, top), (end, size.height))
    )
    part = Region(0, top, size.width, end - top)
    dirty.update(cut for one in shown if (cut := one.intersection(part)))
    rest = {cut for one in shown for side in (above, below) if (cut := one.intersection(side))}
    return rest, end
