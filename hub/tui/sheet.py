"""A sheet: sections of facts, prose and tables in one scrolling column, with a cursor over its lines.

Knows no catalog: sections come in as values, what the user chose goes out as a message. All text is
cleaned here, and drawn as segments, so nothing in it is markup or a control sequence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from crawlers.clean import clean, clean_lines
from crawlers.keys import Key
from hub.tui.clock import now
from hub.tui.drawn import Drawn
from hub.tui.strings import Say
from hub.tui.wrapping import wrapped

PROSE: Final = 80
"""Cells of a line that reads well."""

LONGEST: Final = 20_000
"""Characters of one text that are laid out; the rest is named, not shown."""

GAP: Final = 2
"""Blanks between two columns."""

MARGIN: Final = 2
"""Cells on the left, where the cursor's mark stands."""


# -- values in ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One line that the cursor can stand on, and what Enter does there."""

    cells: tuple[str, ...]
    key: Key | None = None
    """An entry to open."""
    url: str | None = None
    """An address to open or copy."""
    does: str | None = None
    """Something else, in the words of the screen: `run mnist_lenet`, `note 1f2e`."""
    inks: tuple[str | None, ...] = ()
    """In the place of the columns' own."""

    @property
    def opens(self) -> bool:
        return bool(self.key or self.url or self.does)


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a section is set."""

    title: str = ""
    right: bool = False
    share: int = 0
    """How much of the width it keeps when not all fits; 0 is never cut."""
    ink: str = "text"
    spare: int = 0
    """Columns with the highest number are left out first where the room is small; 0 stays."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a sheet: rows in columns, or labels with values, or prose."""

    title: str = ""
    rows: tuple[Row, ...] = ()
    columns: tuple[Column, ...] = ()
    """None: the rows are labels with values that wrap."""
    text: str = ""
    ink: str = "text"
    """Of the text."""
    origin: str = ""
    """Who says so, when, under which terms."""
    empty: str = ""
    """What is said in the place of no rows."""
    most: int = 12
    """Rows shown before `N more` is asked for."""
    total: int | None = None
    """How many there are, where that is more than the rows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is drawn: texts with their inks."""

    pieces: tuple[tuple[str, str], ...] = ()
    row: Row | None = None
    stop: bool = False
    """Whether the cursor can stand here."""
    head: bool = False
    """The title of a section."""


# -- laying out --------------------------------------------------------------------------------


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly so many cells: cut with an ellipsis, or padded."""
    length = cell_len(text)
    if length > width:
        return "" if width <= 0 else set_cell_size(text, width - 1) + "…"
    return " " * (width - length) + text if right else text + " " * (width - length)


def widths(columns: Sequence[Column], rows: Sequence[Row], room: int) -> list[int]:
    """Cells of each column in the room there is; 0 is left out."""
    found = [
        max([cell_len(column.title), *(cell_len(_cell(row, at)) for row in rows[:2000])])
        for at, column in enumerate(columns)
    ]
    # A long text may be cut, but it should not push short columns out before it has given way.
    least = [
        min(n, 10 * max(1, c.share)) if c.share else n for n, c in zip(found, columns, strict=True)
    ]
    for spare in sorted({column.spare for column in columns if column.spare}, reverse=True):
        if _whole(least) <= room:
            break
        for at, column in enumerate(columns):
            if column.spare == spare:
                found[at] = least[at] = 0
    over = _whole(found) - room
    while over > 0:
        soft = [at for at, column in enumerate(columns) if column.share and found[at] > 6]
        if not soft:
            break
        found[max(soft, key=lambda at: found[at] / columns[at].share)] -= 1
        over -= 1
    left = room
    for at, wide in enumerate(found):
        found[at] = max(0, min(wide, left))
        left -= found[at] + GAP if found[at] else 0
    return found


def _whole(found: Sequence[int]) -> int:
    shown = [wide for wide in found if wide]
    return sum(shown) + GAP * max(0, len(shown) - 1)


def _cell(row: Row, at: int) -> str:
    return row.cells[at] if at < len(row.cells) else ""


def pieces(
    columns: Sequence[Column], cells: Sequence[int], row: Row, *, ink: str | None = None
) -> tuple[tuple[str, str], ...]:
    """A row's cells in their columns."""
    parts: list[tuple[str, str]] = []
    for at, (column, wide) in enumerate(zip(columns, cells, strict=True)):
        if not wide:
            continue
        if parts:
            parts.append((" " * GAP, "text"))
        own = row.inks[at] if at < len(row.inks) else None
        text = fit(_cell(row, at), wide, right=column.right)
        parts.append((text, own or ink or column.ink))
    return tuple(parts)


def lines_of(
    sections: Sequence[Section], width: int, say: Say, expanded: frozenset[str] = frozenset()
) -> list[Line]:
    """The sections one below the other."""
    found: list[Line] = []
    for section in sections:
        part = _section(section, max(10, width), say, section.title in expanded)
        if part and found:
            found.append(Line())
        found += part
    return found


def _section(section: Section, width: int, say: Say, whole: bool) -> list[Line]:
    found: list[Line] = []
    if section.title:
        total = section.total if section.total is not None else len(section.rows)
        count = f"  {total:,}" if section.columns and total else ""
        title = fit(section.title, width - cell_len(count)).rstrip()
        found.append(Line(((title, "heading"), (count, "faint")), head=True))
    if section.text:
        shown = section.text[:LONGEST]
        prose = min(width, PROSE)
        found += [Line(((line, section.ink),), stop=True) for line in wrapped(shown, prose)]
        if len(section.text) > LONGEST:
            more = say("{n} more characters: {command}").format(
                n=f"{len(section.text) - LONGEST:,}", command="hub show"
            )
            found.append(Line(((more, "faint"),)))
    rows = section.rows if whole or not section.columns else section.rows[: section.most]
    if section.columns:
        cells = widths(section.columns, rows, width)
        if rows and any(column.title for column in section.columns):
            titles = Row(tuple(column.title for column in section.columns))
            found.append(Line(pieces(section.columns, cells, titles, ink="faint")))
        found += [Line(pieces(section.columns, cells, row), row, stop=True) for row in rows]
    else:
        found += _labelled(rows, width)
    hidden = len(section.rows) - len(rows)
    if hidden > 0:
        row = Row((), does=f"more {section.title}")
        text = say("{n} more: Enter shows them").format(n=f"{hidden:,}")
        found.append(Line(((fit(text, width).rstrip(), "link"),), row, stop=True))
    unread = (section.total or 0) - len(section.rows)
    if unread > 0 and not hidden:
        text = say("{n} more, not listed here").format(n=f"{unread:,}")
        found.append(Line(((fit(text, width).rstrip(), "faint"),)))
    if section.empty and not section.rows and not section.text:
        found += [Line(((line, "faint"),), stop=True) for line in wrapped(section.empty, width)]
    if section.origin:
        found += [Line(((line, "origin"),)) for line in wrapped(section.origin, width)]
    return found


def _labelled(rows: Sequence[Row], width: int) -> list[Line]:
    """Labels, and values that wrap under themselves; in a small room under their labels."""
    longest = max((cell_len(row.cells[0]) for row in rows), default=0)
    label = min(longest, max(8, width // 3))
    room = min(width - label - GAP, PROSE)
    found: list[Line] = []
    for row in rows:
        inks = row.inks or (None, None)
        ink = inks[1] or ("link" if row.opens else "text")
        for at, line in enumerate(wrapped(row.cells[1], room)):
            head = fit(row.cells[0] if at == 0 else "", label)
            parts = ((head, inks[0] or "label"), (" " * GAP, "text"), (line, ink))
            found.append(Line(parts, row, stop=True))
    return found


# -- the widget --------------------------------------------------------------------------------


class Sheet(Drawn, can_focus=True):
    """Shows sections; the cursor goes from line to line, Enter opens what stands there."""

    INKS = "sheet"
    PARTS: ClassVar = (
        "title", "heading", "text", "strong", "label", "faint", "origin", "link", "rank",
        "good", "bad", "warn", "cursor", "mark",
    )  # fmt: skip
    COMPONENT_CLASSES = {f"sheet--{part}" for part in PARTS}
    DEFAULT_CSS = """
    Sheet {
        border: round $panel-lighten-2;
        border-title-color: $foreground 70%;
        border-subtitle-color: $foreground 60%;
        & > .sheet--title { color: $text-primary; text-style: bold; }
        & > .sheet--heading { color: $text-accent; text-style: bold; }
        & > .sheet--text { color: $foreground; }
        & > .sheet--strong { color: $foreground; text-style: bold; }
        & > .sheet--label { color: $foreground 60%; }
        & > .sheet--faint { color: $foreground 60%; }
        & > .sheet--origin { color: $foreground 45%; }
        & > .sheet--link { color: $text-primary; }
        & > .sheet--rank { color: $text-success; text-style: bold; }
        & > .sheet--good { color: $text-success; }
        & > .sheet--bad { color: $text-error; }
        & > .sheet--warn { color: $text-warning; }
        & > .sheet--cursor { background: $foreground 8%; }
        & > .sheet--mark { color: $accent; }
        &:focus { border: round $primary; }
        &:focus > .sheet--cursor { background: $primary 25%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown,space", "page(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "first", "Top", show=False),
        Binding("G,end", "last", "Bottom", show=False),
        Binding("right_square_bracket", "section(1)", "Next section", key_display="]", show=False),
        Binding("left_square_bracket", "section(-1)", "Previous section", key_display="[", show=False),
    ]  # fmt: skip

    class Chosen(Message):
        """The user wants what a row stands for."""

        def __init__(self, sheet: "Sheet", row: Row) -> None:
            super().__init__()
            self.sheet = sheet
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.sections: tuple[Section, ...] = ()
        self.lines: list[Line] = []
        self.at = 0
        self._expanded: frozenset[str] = frozenset()
        self._laid = 0

    # -- values in ---------------------------------------------------------------------------

    def show(self, sections: Iterable[Section], *, stay: bool = False) -> None:
        """Takes the sections; `stay` leaves the cursor and what was opened as they are."""
        self.sections = tuple(cleaned(section) for section in sections)
        if not stay:
            self._expanded, self.at = frozenset(), 0
        self._lay()
        if not stay:
            self.scroll_to(y=0, animate=False)

    def _lay(self) -> None:
        self._laid = self.size.width
        self.lines = lines_of(self.sections, self._laid - MARGIN - 1, self.say, self._expanded)
        self.at = max(0, min(self.at, len(self.lines) - 1))
        self.at = self._near(self.at, 1)
        self.lengthen(len(self.lines))
        self.refresh()

    def on_resize(self) -> None:
        if self.size.width != self._laid:
            self._lay()

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.lines[self.at].row if self.at < len(self.lines) else None

    # -- cursor ------------------------------------------------------------------------------

    def _near(self, line: int, step: int) -> int:
        """The first line from here on where the cursor can stand; where there is none, it stays."""
        at = line
        while 0 <= at < len(self.lines):
            if self.lines[at].stop:
                return at
            at += step
        return self.at

    def _go(self, line: int, step: int) -> None:
        line = max(0, min(line, len(self.lines) - 1))
        before, self.at = self.at, self._near(line, step)
        if self.at == before and step:
            # No stop further on: what stands there can still be scrolled to.
            self.scroll_to(y=0 if step < 0 else self.max_scroll_y, animate=False)
        else:
            above = 1 + (self.at == self._near(0, 1)) * self.at
            region = Region(0, max(0, self.at - above), 1, above + 2)
            self.scroll_to_region(region, animate=False, force=True)
        self.refresh()

    def action_move(self, lines: int) -> None:
        self._go(self.at + lines, lines)

    def action_page(self, pages: int) -> None:
        if not self.lines:
            return
        lines = max(1, self.size.height - 2)
        goal = max(0, min(self.at + pages * lines, len(self.lines) - 1))
        self._go(goal, pages)
        if self.lines and not self.lines[self.at].stop:
            self._go(goal, -pages)

    def action_first(self) -> None:
        self._go(0, 1)
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        self._go(len(self.lines) - 1, -1)
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def action_section(self, step: int) -> None:
        self.section(step)

    def section(self, step: int) -> bool:
        """Goes to the next or previous section; False where there is none."""
        heads = [at for at, line in enumerate(self.lines) if line.head]
        if step > 0:
            goal = next((at for at in heads if at > self.at), None)
        else:
            here = next((at for at in reversed(heads) if at < self.at), 0)
            goal = next((at for at in reversed(heads) if at < here), 0 if self.at else None)
        if goal is None:
            return False
        self.at = self._near(goal, 1)
        self.scroll_to(y=goal, animate=False)
        self.refresh()
        return True

    def action_open(self) -> None:
        row = self.row
        if row is None or not row.opens:
            return
        if row.does and row.does.startswith("more "):
            self._expanded |= {row.does.removeprefix("more ")}
            self._lay()
        else:
            self.post_message(self.Chosen(self, row))

    def on_click(self, event: events.Click) -> None:
        self.clicked(event)

    def clicked(self, event: events.Click) -> None:
        """One click goes there, two open."""
        at = event.get_content_offset(self)
        line = self.scroll_offset.y + at.y if at is not None else len(self.lines)
        if line < len(self.lines) and self.lines[line].stop:
            self.at = line
            self.refresh()
            if event.chain == 2:
                self.action_open()

    # -- drawing -----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        at, width = self.scroll_offset.y + y, self.size.width
        if at >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        line = self.lines[at]
        here = at == self.at and line.stop
        segments = [Segment("▌ " if here else "  ", self.ink("mark", here=here))]
        segments += (Segment(text, self.ink(ink, here=here)) for text, ink in line.pieces)
        return Strip(segments).adjust_cell_length(width, self.ink("text", here=here))

    def spoken_text(self) -> str:
        """All lines as plain text, for who cannot see the colours: tests, and copying."""
        return "\n".join("".join(text for text, _ in line.pieces).rstrip() for line in self.lines)


def cleaned(section: Section) -> Section:
    """The section with every text safe to draw."""
    return replace(
        section,
        title=clean(section.title),
        rows=tuple(
            replace(row, cells=tuple(clean(cell) for cell in row.cells)) for row in section.rows
        ),
        text=clean_lines(section.text),
        origin=clean_lines(section.origin),
        empty=clean_lines(section.empty),
    )


# -- how values read ---------------------------------------------------------------------------


def in_chinese(say: Say) -> bool:
    return say("All") != "All"


def local(fields: Mapping[str, Any], name: str, say: Say) -> Any:
    """A field in the language of the browser, where it is known in it."""
    if not in_chinese(say):
        return fields.get(name)
    sibling = f"{name}_zh"
    extra = fields.get("extra")
    beside = extra.get(sibling) if isinstance(extra, dict) else None
    return fields.get(sibling) or beside or fields.get(name)


def number(value: int | float | None, say: Say) -> str:
    return say("unknown") if value is None else f"{value:,}"


def size(amount: int | None, say: Say) -> str:
    """`11.6 MB`."""
    if amount is None:
        return say("unknown")
    value, units = float(amount), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"


def age(day: str | None, say: Say) -> str:
    """`today`, `3 days ago`, `6 years ago` of a day or a time; unknown where it is neither."""
    try:
        then = date.fromisoformat((day or "")[:10])
    except ValueError:
        return say("unknown")
    days = (now().date() - then).days
    if days <= 0:
        return say("today")
    if days == 1:
        return say("yesterday")
    if days < 60:
        return say("{n} days ago").format(n=days)
    if days < 730:
        return say("{n} months ago").format(n=days // 30)
    return say("{n} years ago").format(n=days // 365)


def origin(givers: Iterable[Sequence[str | None]], say: Say) -> str:
    """Source, day and licence of each giver, once: `arxiv_snapshot · 2026-06-30 · CC0-1.0`."""
    found = dict.fromkeys(
        " · ".join((giver[0] or say("unknown"), giver[1] or say("unknown"), giver[2] or say("licence unknown")))
        for giver in givers
    )  # fmt: skip
    lines = list(found)[:6]
    if len(found) > 6:
        lines.append(say("{n} more").format(n=f"{len(found) - 6:,}"))
    return "\n".join(lines)


def value_text(value: Any) -> str:
    """A value on one line: numbers grouped, lists joined, keys without their prefixes."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return " · ".join(f"{name} {value_text(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(value_text(one) for one in value)
    return str(value)


ARROWS: Final = {"higher": "↑", "lower": "↓"}
"""Which way is better."""


def arrow(direction: str) -> str:
    return ARROWS.get(direction, "?")
