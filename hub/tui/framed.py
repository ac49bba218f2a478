"""A border that tells something below: only that line is drawn anew when it changes."""

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region


class Framed(Vertical):
    """Textual draws all that lies within a border anew for a word in it; at every key, that was most of
    the time of a key."""

    def tell(self, text: str) -> None:
        """Says it in the lower border."""
        said = Content(text)
        if said == self._border_subtitle:
            return
        self._border_subtitle = said
        outer = self.outer_size
        if outer.height:
            self.refresh(Region(-1, outer.height - 2, outer.width, 1))
