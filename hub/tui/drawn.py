"""Lists and texts that draw their own lines: what Textual would do for each of them again and again is
kept."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from hub.tui.speaking import Speaking


class Drawn(Speaking, ScrollView):
    """Scrolls up and down over lines that `render_line` gives. Its bar always has its place, so that
    nothing else on the screen moves when the list grows longer."""

    INKS: ClassVar[str]
    """What its component classes begin with: `sheet` of `sheet--title`."""
    DEFAULT_CSS = """
    Drawn {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._inks: dict[tuple[str, bool], Style] = {}

    def ink(self, part: str, here: bool = False) -> Style:
        """The style of a part, `here`: in the line of the cursor."""
        style = self._inks.get((part, here))
        if style is None:
            names = [f"{self.INKS}--cursor"] * here + [f"{self.INKS}--{part}"]
            style = self._inks[part, here] = self.get_visual_style(*names).rich_style
        return style

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._inks.clear()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Nothing is drawn in the sixteen colours of a terminal, so no line is searched for them."""
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor)]

    def lengthen(self, lines: int) -> None:
        """Says how many lines there are. As Textual's reactive value it would have the whole screen
        laid out anew, at every keystroke of a search."""
        size = Size(self.size.width, lines)
        self.set_reactive(ScrollView.virtual_size, size)
        self._scroll_update(size)


Written = Sequence[Sequence[tuple[str, Style]]]
"""Lines: of each the pieces, and what they look like beside the colours of the widget."""


class Lined(Widget):
    """As high as the lines that it draws. As tables of Rich, which Textual has laid out once to be measured
    and once to be painted, a page of them took 40 ms."""

    DEFAULT_CSS = "Lined { height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._written: tuple[int, Written] | None = None
        """The width that they were written for, and the lines."""

    def write(self, width: int) -> Written:
        """The lines for so many cells."""
        raise NotImplementedError

    def written(self, width: int) -> Written:
        if self._written is None or self._written[0] != width:
            self._written = width, self.write(width)
        return self._written[1]

    def forget(self) -> None:
        """The lines are others now."""
        self._written = None

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.forget()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.written(width))

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        lines = self.written(width)
        line = lines[y] if y < len(lines) else ()
        strip = Strip([Segment(text, base + style) for text, style in line])
        return strip.adjust_cell_length(width, base)
