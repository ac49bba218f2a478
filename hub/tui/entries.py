"""The table of entries: virtual, so that of a million rows it holds the pages near the eye."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from crawlers.keys import Key
from hub.queries import Entry
from hub.tui.columns import COLUMNS, NARROWEST, Column, Place, facts, laid_out, name_of
from hub.tui.drawn import Drawn
from hub.tui.reading import ORDER, PAGE, Answer, Question, Rows
from hub.tui.speaking import Speaking

PAGES: Final = 40
"""Pages held; the one looked at longest ago goes first."""

STRIPS: Final = 400
"""Drawn lines kept for the next frame."""

GUTTER: Final = 4
"""Cells before the name: the cursor, the mark, the star."""


class EntryTable(Drawn, can_focus=True):
    """A cursor over the entries of an answer; asks for pages as they come near."""

    HELP = "The list"
    INKS = "entries"
    PARTS = ("name", "facts", "cursor", "mark", "star", "match", "number", "waiting", "stripe")
    COMPONENT_CLASSES = {f"entries--{part}" for part in PARTS}
    DEFAULT_CSS = """
    EntryTable {
        & > .entries--name { color: $foreground; }
        & > .entries--facts { color: $foreground 60%; }
        & > .entries--number { color: $foreground 75%; }
        & > .entries--waiting { color: $foreground 30%; }
        & > .entries--cursor { background: $foreground 10%; }
        &:focus > .entries--cursor { background: $primary 30%; text-style: bold; }
        & > .entries--mark { color: $accent; text-style: bold; }
        & > .entries--star { color: $warning; }
        & > .entries--match { color: $text-accent; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
        Binding("space", "mark", "Mark", tooltip="Mark it; keys then act on all that are marked"),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "first", "First", show=False),
        Binding("G,end", "last", "Last", show=False),
        Binding("asterisk", "unmark", "Unmark all", show=False, key_display="*"),
        Binding("comma", "sort", "Sort by the next column", show=False, key_display=","),
        Binding("full_stop", "reverse", "Turn the order round", show=False, key_display="."),
        Binding(
            "less_than_sign", "widen(-2)", "Sorted column narrower", show=False, key_display="<"
        ),
        Binding(
            "greater_than_sign", "widen(2)", "Sorted column wider", show=False, key_display=">"
        ),
    ]

    cursor = reactive(0, repaint=False)
    comfortable = reactive(False)
    """Two lines for each entry: its name, and what tells it apart."""

    class PageWanted(Message):
        """Rows that come into sight are not here yet."""

        def __init__(self, question: Question, offset: int) -> None:
            super().__init__()
            self.question = question
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

    class LaidOut(Message):
        """The columns stand elsewhere, or are others."""

    class Marked(Message):
        """Other entries are marked now."""

    class Sorted(Message):
        """The user wants another order; a column of None is the natural one."""

        def __init__(self, column: str | None, descending: bool | None) -> None:
            super().__init__()
            self.column = column
            self.descending = descending

    class Widened(Message):
        """A column was given another width."""

        def __init__(self, tab: str, column: str, width: int) -> None:
            super().__init__()
            self.tab = tab
            self.column = column
            self.width = width

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.answer: Answer | None = None
        self.marked: dict[Key, Entry] = {}
        self.starred: frozenset[Key] = frozenset()
        self.places: tuple[Place, ...] = ()
        self._widths: Mapping[str, Mapping[str, int]] = {}
        self._pages: OrderedDict[int, tuple[Entry, ...]] = OrderedDict()
        self._asked: int | None = None
        self._failed: set[int] = set()
        self._strips: dict[tuple[int, int, bool], list[Segment]] = {}
        self._going = 1

    # -- values in ---------------------------------------------------------------------------

    def show_answer(self, answer: Answer | None) -> None:
        """Takes the answer to a question: of the one in hand the cursor stays where it is, a new one
        begins at the top."""
        same = answer and self.answer and answer.question == self.answer.question
        changed = answer is None or self.tab != answer.question.tab
        self.answer, self._asked = answer, None
        self._pages.clear()
        self._failed.clear()
        if answer is not None:
            self._pages[answer.offset // PAGE] = answer.entries
        if changed or not self.places:
            self.lay_out()
        self._redraw()
        self.lengthen(self.count * self.tall)
        if not same:
            self.scroll_to(y=0, animate=False)
            self.set_reactive(EntryTable.cursor, 0)
        at = self.cursor if answer is None or answer.at is None else answer.at
        self.set_reactive(EntryTable.cursor, self.validate_cursor(at))
        if same:
            self._see_cursor()
        self.post_message(self.Moved(self.entry))
        self._want()

    def show_rows(self, rows: Rows) -> None:
        """Takes a page of the list in hand; what belongs to another is dropped."""
        if self.answer is None or rows.question != self.answer.question:
            return
        here = self.entry is None
        page = rows.offset // PAGE
        self._asked = None
        self._pages[page] = rows.entries
        while len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        first = rows.offset
        for key in [key for key in self._strips if first <= key[0] < first + PAGE]:
            del self._strips[key]
        self.refresh()
        if here and self.entry is not None:
            self.post_message(self.Moved(self.entry))
        self._want()

    def lost_rows(self, offset: int) -> None:
        """A page could not be read: it is not asked for again until the list is read anew."""
        self._failed.add(offset // PAGE)
        self._asked = None

    def show_starred(self, starred: frozenset[Key]) -> None:
        """The keys that carry a star of the user."""
        self.starred = starred
        self._redraw()

    def take_widths(self, widths: Mapping[str, Mapping[str, int]]) -> None:
        """Tab -> column -> cells, where the user has changed them."""
        self._widths = widths
        self.lay_out()

    @property
    def tab(self) -> str:
        return self.answer.question.tab if self.answer else "All"

    @property
    def columns(self) -> tuple[Column, ...]:
        return COLUMNS[self.tab]

    @property
    def count(self) -> int:
        return self.answer.found if self.answer else 0

    @property
    def tall(self) -> int:
        """Lines of one entry."""
        return 2 if self.comfortable else 1

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor; None while its page is on the way."""
        return self._entry(self.cursor)

    @property
    def held(self) -> int:
        """How many entries are in memory."""
        return sum(map(len, self._pages.values()))

    def _entry(self, row: int) -> Entry | None:
        page = self._pages.get(row // PAGE, ())
        return page[row % PAGE] if 0 <= row % PAGE < len(page) else None

    # -- order -------------------------------------------------------------------------------

    @property
    def order(self) -> tuple[str | None, bool]:
        """The column that the list is sorted by, and whether the greatest come first."""
        if self.answer is None:
            return None, False
        question = self.answer.question
        name = question.sort or (None if question.text.strip() else ORDER[question.tab])
        column = next((one for one in self.columns if one.name == name), None)
        if column is None:
            return None, False
        down = column.down if question.descending is None else question.descending
        return column.name, down

    def action_sort(self) -> None:
        names = [one.name for one in self.columns if one.sorts]
        now = self.order[0]
        if now not in names:
            self.post_message(self.Sorted(names[0], None))
        elif now == names[-1] and self.answer and self.answer.question.text.strip():
            self.post_message(self.Sorted(None, None))
        else:
            self.post_message(self.Sorted(names[(names.index(now) + 1) % len(names)], None))

    def action_reverse(self) -> None:
        name, down = self.order
        if name is not None:
            self.post_message(self.Sorted(name, not down))

    def sort_by(self, column: Column) -> None:
        """As a click on the head asks: by this column, and if it is already, the other way round."""
        if column.sorts:
            name, down = self.order
            self.post_message(self.Sorted(column.name, not down if name == column.name else None))

    def action_widen(self, cells: int) -> None:
        name = self.order[0]
        place = next((one for one in self.places[1:] if one.column.name == name), None)
        place = place or (self.places[1] if len(self.places) > 1 else None)
        if place is not None:
            self.widen(place.column.name, place.width + cells)

    def widen(self, column: str, width: int) -> None:
        """Gives a column another width."""
        width = max(NARROWEST, min(width, max(NARROWEST, self.size.width - GUTTER - 10)))
        self.post_message(self.Widened(self.tab, column, width))

    # -- cursor ------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self._going = 1 if new >= old else -1
        top, lines = self.scroll_offset.y, self.size.height
        self.scroll_to_region(
            Region(0, new * self.tall, self.size.width, self.tall), animate=False, force=True
        )
        if top == self.scroll_offset.y and lines:
            for row in (old, new):
                self.refresh_lines(row * self.tall, self.tall)
        self.post_message(self.Moved(self.entry))
        self._want()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def watch_comfortable(self) -> None:
        self._redraw()
        self.lengthen(self.count * self.tall)
        self._see_cursor()

    @property
    def place(self) -> str:
        """Where the cursor stands, in words; empty for an empty list."""
        if self.answer is None or not self.count:
            return ""
        pattern = "{at} of {found}"
        return self.say(pattern).format(at=f"{self.cursor + 1:,}", found=f"{self.count:,}")

    def _see_cursor(self) -> None:
        region = Region(0, self.cursor * self.tall, self.size.width, self.tall)
        self.scroll_to_region(region, animate=False, force=True)

    def _want(self) -> None:
        """Asks for a page that is missing, one at a time: what is in sight, then what comes next."""
        if self.answer is None or not self.count or self._asked is not None:
            return
        top = self.scroll_offset.y // self.tall
        rows = max(1, self.size.height // self.tall)
        if not self._missing(top, top + rows - 1, self.cursor):
            # What is in sight is painted before more of it is read.
            self.call_after_refresh(self._want_more)

    def _want_more(self) -> None:
        """Asks for the page that comes into sight next."""
        if self.answer is None or not self.count or self._asked is not None:
            return
        top = self.scroll_offset.y // self.tall
        rows = max(1, self.size.height // self.tall)
        self._missing(top + rows - 1 + PAGE if self._going > 0 else top - PAGE)

    def _missing(self, *rows: int) -> bool:
        """Asks for the first page of these rows that is not here; False where all are."""
        assert self.answer is not None
        for row in rows:
            page = self.validate_cursor(row) // PAGE
            if page in self._pages:
                self._pages.move_to_end(page)
            elif page not in self._failed:
                self._asked = page
                self.post_message(self.PageWanted(self.answer.question, page * PAGE))
                return True
        return False

    # -- keys and mouse ----------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        self.cursor += pages * max(1, self.size.height // self.tall - 1)

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = self.count - 1

    def action_open(self) -> None:
        if self.entry is not None:
            self.post_message(self.Opened(self.entry))

    def action_mark(self) -> None:
        if self.entry is not None:
            self._mark(self.cursor)
            self.cursor += 1

    def _mark(self, row: int) -> None:
        entry = self._entry(row)
        if entry is None:
            return
        if self.marked.pop(entry.key, None) is None:
            self.marked[entry.key] = entry
        self._redraw()
        self.post_message(self.Marked())

    def action_unmark(self) -> None:
        self.marked.clear()
        self._redraw()
        self.post_message(self.Marked())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("open", "mark"):
            return self.count > 0
        return action != "unmark" or bool(self.marked)

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        row = (self.scroll_offset.y + at.y) // self.tall if at is not None else self.count
        if at is None or row >= self.count:
            return
        self.cursor = row
        if event.chain == 2:
            self.action_open()
        elif at.x < GUTTER - 1 or event.ctrl:
            self._mark(row)

    # -- drawing -----------------------------------------------------------------------------

    def on_resize(self) -> None:
        self.lay_out()
        self.lengthen(self.count * self.tall)
        self._see_cursor()
        self._want()

    def lay_out(self) -> None:
        """Gives the columns their places for the width at hand."""
        room = max(1, self.size.width - GUTTER - 1)
        self.places = laid_out(self.columns, self._widths.get(self.tab, {}), room)
        self.post_message(self.LaidOut())
        self._redraw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def _redraw(self) -> None:
        self._strips.clear()
        self.refresh()

    def speak(self) -> None:
        """The language was switched."""
        self._redraw()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Without border, padding or tint a line stands as it is drawn: what Textual adds to each, to
        find that out, costs as much as the line. Filters are for terminals without colours."""
        if "ansi" in self.app.theme or self.get_line_filters():
            return super().render_lines(crop)
        lines = [self.render_line(y) for y in crop.line_range]
        if crop.column_span == (0, self.size.width):
            return lines
        return [line.crop(crop.x, crop.right) for line in lines]

    def render_line(self, y: int) -> Strip:
        row, line = divmod(self.scroll_offset.y + y, self.tall)
        if row >= self.count:
            return Strip.blank(self.size.width, self.rich_style)
        here = row == self.cursor
        segments = self._strips.get((row, line, here))
        if segments is None:
            if len(self._strips) > STRIPS:
                self._strips.clear()
            segments = list(self._draw(row, line, here))
            self._strips[row, line, here] = segments
        # A new Strip each time: one that is kept gathers what every frame cut out of it, for ever.
        return Strip(segments, self.size.width)

    def _draw(self, row: int, line: int, here: bool) -> Strip:
        entry, width = self._entry(row), self.size.width
        facts_ink = self.ink("facts", here)
        bar = Segment("▌" if here else " ", self.ink("mark", here))
        if entry is None:
            waiting = fit("  ·  ·  ·" if not line else "", width - 1)
            return Strip([bar, Segment(waiting, self.ink("waiting", here))], width)
        if line:
            text = fit(facts(entry, self.say), max(1, width - GUTTER - 1))
            return Strip([bar, Segment(f"{'':{GUTTER - 1}}{text} ", facts_ink)], width)
        marked = "●" if entry.key in self.marked else " "
        starred = "★" if entry.key in self.starred else " "
        segments = [
            bar,
            Segment(marked, self.ink("mark", here)),
            Segment(f"{starred} ", self.ink("star", here)),
            *self._name_segments(entry, self.places[0].width, here),
        ]
        number = self.ink("number", here)
        for place in self.places[1:]:
            text = fit(place.column.text(entry, self.say), place.width, place.column.right)
            segments.append(Segment(f"  {text}", number if place.column.right else facts_ink))
        segments.append(Segment(" ", facts_ink))
        return Strip(segments).adjust_cell_length(width, facts_ink)

    def _name_segments(self, entry: Entry, width: int, here: bool) -> list[Segment]:
        """The name with the words of the query marked in it."""
        text = fit(name_of(entry, self.say), width)
        plain = self.ink("name", here)
        spans = self.answer.spans(text) if self.answer else ()
        if not spans:
            return [Segment(text, plain)]
        match, segments, at = self.ink("match", here), list[Segment](), 0
        for begin, end in spans:
            segments += [Segment(text[at:begin], plain), Segment(text[begin:end], match)]
            at = end
        return [*segments, Segment(text[at:], plain)]


def fit(text: str, width: int, right: bool = False) -> str:
    """The text in exactly so many cells, shortened with `…`; a wide character is never halved."""
    cells = cell_len(text)
    if cells > width:
        return f"{set_cell_size(text, width - 1)}…" if width > 0 else ""
    blank = " " * (width - cells)
    return blank + text if right else text + blank


class TableHead(Speaking, Widget):
    """The titles of the columns with the order; a click sorts, dragging an edge changes a width."""

    COMPONENT_CLASSES = {"head--title", "head--sorted"}
    DEFAULT_CSS = """
    TableHead {
        height: 1;
        & > .head--title { color: $foreground 60%; }
        & > .head--sorted { color: $text-primary; text-style: bold; }
    }
    """

    def __init__(self, table: EntryTable) -> None:
        super().__init__()
        self.table = table
        self._dragged: Place | None = None
        self._from = Offset()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        title = self.get_component_rich_style("head--title")
        lit = self.get_component_rich_style("head--sorted")
        sorted_by, down = self.table.order
        segments = [Segment(" " * (GUTTER - 1), title)]
        for at, place in enumerate(self.table.places):
            here = place.column.name == sorted_by
            text = self.say(place.column.title)
            if here:
                text = f"{text} {'▼' if down else '▲'}"
            elif place.width < cell_len(text):
                text = set_cell_size(text, place.width)
            if cell_len(text) > place.width:
                text = "▼" if down else "▲"
            gap = " " if at == 0 else "  "
            segments.append(
                Segment(gap + fit(text, place.width, place.column.right), lit if here else title)
            )
        return Strip(segments).adjust_cell_length(width, title)

    def _place(self, x: int) -> Place | None:
        at = x - GUTTER
        return next(
            (one for one in self.table.places if one.at - 1 <= at <= one.at + one.width), None
        )

    def _edge(self, x: int) -> Place | None:
        """The column whose left edge is here."""
        at = x - GUTTER
        return next((one for one in self.table.places[1:] if one.at - 2 <= at < one.at), None)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._dragged, self._from = self._edge(event.x), event.screen_offset
        if self._dragged is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged is not None:
            moved = self._from.x - event.screen_offset.x
            self.table.widen(self._dragged.column.name, self._dragged.width + moved)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragged is not None:
            self.release_mouse()
            self._dragged = None
        elif (place := self._place(event.x)) is not None:
            self.table.sort_by(place.column)
