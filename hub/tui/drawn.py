"""Lists that draw their own lines: what Textual would do for each of them again and again is kept."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Size
from textual.scroll_view import ScrollView

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
