"""The list of entries: virtual, so that it holds only the pages that were looked at."""

from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from crawlers.clean import clean
from hub.queries import Entry
from hub.tui.reading import PAGE, Answer
from hub.tui.speaking import Speaking
from hub.tui.strings import Say

HEIGHT: Final = 2
"""Lines of one entry: its name, and what tells it apart."""


class EntryList(Speaking, ScrollView, can_focus=True):
    """A cursor over the entries of an answer; asks for pages as they come near."""

    COMPONENT_CLASSES = {"entries--name", "entries--facts", "entries--cursor", "entries--mark"}
    DEFAULT_CSS = """
    EntryList {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        & > .entries--name { color: $foreground; text-style: bold; }
        & > .entries--facts { color: $foreground 60%; }
        & > .entries--cursor { background: $foreground 8%; }
        &:focus > .entries--cursor { background: $primary 25%; }
        & > .entries--mark { color: $accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "first", "First", show=False),
        Binding("G,end", "last", "Last", show=False),
    ]

    cursor = reactive(0)

    class PageWanted(Message):
        """Rows that come into sight are not here yet."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    class Moved(Message):
        """The cursor stands on this entry; None: it is on the way, or the list is empty."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    class Opened(Message):
        """The user wants to see this entry whole."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.answer: Answer | None = None
        self._pages: dict[int, tuple[Entry, ...]] = {}
        self._asked: int | None = None

    # -- values in ---------------------------------------------------------------------------

    def show_answer(self, answer: Answer | None) -> None:
        """Takes a page: of the question in hand it is added, of a new one it replaces all."""
        fresh = answer is None or self.answer is None or answer.question != self.answer.question
        self.answer, self._asked = answer, None
        if fresh:
            self._pages.clear()
        if answer is not None:
            self._pages[answer.offset // PAGE] = answer.entries
        self.virtual_size = Size(self.size.width, self.count * HEIGHT)
        if fresh:
            self.scroll_to(y=0, animate=False)
            self.set_reactive(EntryList.cursor, 0)
        self.cursor = self.validate_cursor(self.cursor)
        self.post_message(self.Moved(self.entry))
        self.refresh()
        self._want()

    @property
    def count(self) -> int:
        return self.answer.listed if self.answer else 0

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor; None while its page is on the way."""
        return self._entry(self.cursor)

    def _entry(self, row: int) -> Entry | None:
        page = self._pages.get(row // PAGE, ())
        return page[row % PAGE] if 0 <= row % PAGE < len(page) else None

    # -- cursor ------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self) -> None:
        region = Region(0, self.cursor * HEIGHT, self.size.width, HEIGHT)
        self.scroll_to_region(region, animate=False, force=True)
        self.post_message(self.Moved(self.entry))
        self.refresh()
        self._want()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._want()

    @property
    def place(self) -> str:
        """Where the cursor stands, in words; empty for an empty list."""
        if self.answer is None or not self.count:
            return ""
        whole = self.count == self.answer.found
        pattern = "{at} of {found}" if whole else "{at} of {found}, best {listed} listed"
        numbers = {"at": self.cursor + 1, "found": self.answer.found, "listed": self.count}
        return self.say(pattern).format(**{name: f"{n:,}" for name, n in numbers.items()})

    def _want(self) -> None:
        """Asks for the first page near the sight that is missing, one at a time."""
        top = self.scroll_offset.y // HEIGHT
        near = (top, self.cursor, top + 2 * max(1, self.size.height // HEIGHT))
        for page in sorted({self.validate_cursor(row) // PAGE for row in near}):
            if self.count and page not in self._pages and page != self._asked:
                self._asked = page
                self.post_message(self.PageWanted(page * PAGE))
                return

    # -- keys and mouse ----------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        self.cursor += pages * max(1, self.size.height // HEIGHT - 1)

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = self.count - 1

    def action_open(self) -> None:
        if self.entry is not None:
            self.post_message(self.Opened(self.entry))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        row = (self.scroll_offset.y + at.y) // HEIGHT if at is not None else self.count
        if row < self.count:
            self.cursor = row
            if event.chain == 2:
                self.action_open()

    # -- drawing -----------------------------------------------------------------------------

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, self.count * HEIGHT)
        self._want()

    def render_line(self, y: int) -> Strip:
        row, line = divmod(self.scroll_offset.y + y, HEIGHT)
        width = self.size.width
        if row >= self.count:
            return Strip.blank(width, self.rich_style)
        here = ("entries--cursor",) if row == self.cursor else ()

        def ink(part: str) -> Style:
            return self.get_visual_style(*here, f"entries--{part}").rich_style

        entry = self._entry(row)
        left, right = ("…", "") if entry is None else self._texts(entry, line)
        body = Text(left, no_wrap=True)
        room = max(1, width - 3 - (len(right) + 1 if right else 0))
        body.truncate(room, overflow="ellipsis", pad=True)
        segments = [
            Segment("▌ " if here else "  ", ink("mark")),
            Segment(body.plain, ink("facts" if line else "name")),
            Segment(f" {right} " if right else " ", ink("facts")),
        ]
        return Strip(segments).adjust_cell_length(width, ink("facts"))

    def _texts(self, entry: Entry, line: int) -> tuple[str, str]:
        if line:
            return facts(entry, self.say), ""
        return name_of(entry, self.say), str(entry.year or "")


def name_of(entry: Entry, say: Say) -> str:
    """The name in the language of the browser, the common name always in it."""
    name, local = clean(entry.name), clean(entry.name_zh or "")
    if say("All") == "All" or not local or local == name:
        return name
    return local if name in local else f"{local} {name}"


def facts(entry: Entry, say: Say) -> str:
    """What tells an entry apart, on one line."""
    counted = "papers {n}" if entry.kind == "method" else "code {n}"
    summary = entry.summary if say("All") == "All" else entry.summary_zh or entry.summary
    authors = ", ".join(entry.authors[:2])
    if len(entry.authors) > 2:
        authors += " " + say("et al.")
    parts = (
        say(entry.kind),
        f"★ {entry.stars:,} ({entry.stars_on})" if entry.stars is not None else None,
        say("results {n}").format(n=f"{entry.results:,}") if entry.results else None,
        say(counted).format(n=f"{entry.code:,}") if entry.code else None,
        authors,
        summary or entry.detail,
    )
    return clean(" · ".join(part for part in parts if part))
