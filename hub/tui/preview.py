"""One entry as a sheet to read: fields, code, leaderboards, where each of them comes from."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from crawlers.clean import clean, clean_lines
from hub.errors import HubError
from hub.queries import Board, BoardRow
from hub.tui.columns import name_of
from hub.tui.reading import Whole, said
from hub.tui.speaking import Speaking
from hub.tui.strings import FIELDS, Say

Ink = Callable[[str], Style]
"""The style of a part of the sheet: title, heading, label, faint, rank."""


class Preview(Speaking, VerticalScroll, can_focus=True):
    """Shows one Whole, shortened unless `full`."""

    PARTS = ("title", "heading", "label", "faint", "rank", "error")
    COMPONENT_CLASSES = {f"preview--{part}" for part in PARTS}
    DEFAULT_CSS = """
    Preview {
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        padding: 0 1;
        & > .preview--title { color: $text-primary; text-style: bold; }
        & > .preview--heading { color: $text-accent; text-style: bold; }
        & > .preview--label { color: $foreground 60%; }
        & > .preview--faint { color: $foreground 60%; }
        & > .preview--rank { color: $text-success; text-style: bold; }
        & > .preview--error { color: $text-error; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False),
        Binding("k,up", "scroll_up", "Up", show=False),
        Binding("ctrl+d,pagedown,space", "page_down", "Page down", show=False),
        Binding("ctrl+u,pageup", "page_up", "Page up", show=False),
        Binding("g,home", "scroll_home", "Top", show=False),
        Binding("G,end", "scroll_end", "Bottom", show=False),
    ]

    def __init__(self, *, full: bool = False) -> None:
        super().__init__()
        self.full = full
        self.sheet = Static(markup=False)

    def compose(self) -> ComposeResult:
        yield self.sheet

    def show_whole(self, whole: Whole | None) -> None:
        """None leaves the sheet empty."""
        self.border_title = Content(clean(whole.shown.entry.key)) if whole else ""
        self.sheet.update(sheet(whole, self.say, self._ink, full=self.full) if whole else "")
        self.scroll_home(animate=False)

    def show_error(self, error: HubError) -> None:
        self.border_title = ""
        self.sheet.update(Text(said(error), style=self._ink("error")))

    def _ink(self, part: str) -> Style:
        return self.get_visual_style(f"preview--{part}").rich_style


def sheet(whole: Whole, say: Say, ink: Ink, *, full: bool) -> RenderableType:
    """The entry as one renderable; nothing in it is read as markup."""
    shown, entry = whole.shown, whole.shown.entry
    fields = dict(shown.fields)
    chinese = say("All") != "All"
    head = [say(entry.kind), str(entry.year or ""), entry.key]
    parts: list[RenderableType] = [
        Text(name_of(entry, say), style=ink("title")),
        Text(clean(" · ".join(filter(None, head))), style=ink("faint")),
    ]
    summary = (entry.summary_zh if chinese else None) or entry.summary
    if summary:
        parts.append(below(Text(clean_lines(summary))))
    if chinese and fields.get("obtain_zh"):
        fields["obtain"] = fields["obtain_zh"]
    facts = [
        (say(label), value_text(fields[name], name))
        for name, label in FIELDS.items()
        if name in fields
    ]
    for snapshot in shown.related.get("snapshots", ())[:1]:
        if snapshot["stars"] is not None:
            stars = f"{snapshot['stars']:,} · {snapshot['source']} · {snapshot['day']}"
            facts.insert(0, (say("Stars"), stars))
    if facts:
        parts.append(below(pairs(facts, ink)))
    parts += _code(shown.related.get("code", ()), say, ink, most=200 if full else 5)
    for board, rows in whole.boards[: 20 if full else 3]:
        parts += _board(board, rows, say, ink, most=500 if full else 8)
    others = [(f"{one['rows']:,}", one["name"]) for one in shown.related.get("boards", ())[1:]]
    parts += _group("Further leaderboards", others, say, ink, most=200 if full else 5)
    subtasks = [("", one["name"]) for one in shown.related.get("subtasks", ())]
    parts += _group("Subtasks", subtasks, say, ink, most=200 if full else 5)
    for name, label in (("abstract", "Abstract"), ("description", "Description")):
        if name in fields:
            parts += [heading(say(label), ink), Text(clean_lines(str(fields[name])))]
    parts += [
        heading(say("Said by"), ink),
        Text(provenance(shown.sources.values(), say), style=ink("faint")),
    ]
    return Group(*parts)


def value_text(value: Any, name: str = "") -> str:
    """A field's value on one line; numbers grouped, lists joined."""
    if name == "size_bytes":
        return f"{value / 1e6:,.1f} MB"
    if isinstance(value, dict):
        return clean(" · ".join(f"{one} {value_text(inner)}" for one, inner in value.items()))
    if isinstance(value, list | tuple):
        return clean(
            ", ".join(str(one).removeprefix("task:").removeprefix("method:") for one in value)
        )
    return f"{value:,}" if isinstance(value, int) and name != "year" else clean(str(value))


def pairs(rows: Iterable[tuple[str, str]], ink: Ink, *, width: int | None = None) -> Table:
    """Two columns: labels, and values that wrap under themselves."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True, min_width=width)
    grid.add_column(ratio=1, overflow="fold")
    for left, right in rows:
        grid.add_row(Text(clean(left), style=ink("label")), Text(clean(right)))
    return grid


def below(renderable: RenderableType) -> Padding:
    return Padding(renderable, (1, 0, 0, 0))


def heading(text: str, ink: Ink) -> Padding:
    return below(Text(clean(text), style=ink("heading")))


def provenance(givers: Iterable[Sequence[str | None]], say: Say) -> str:
    """Source, day and licence of each giver, once."""
    lines = [
        " · ".join((giver[0] or "", giver[1] or "", giver[2] or say("licence unknown")))
        for giver in givers
    ]
    return clean_lines("\n".join(dict.fromkeys(lines)))


def _group(
    title: str, rows: Sequence[tuple[str, str]], say: Say, ink: Ink, *, most: int
) -> list[RenderableType]:
    if not rows:
        return []
    parts: list[RenderableType] = [
        heading(f"{say(title)}  {len(rows):,}", ink),
        pairs(rows[:most], ink),
    ]
    return parts + _more(len(rows) - most, say, ink)


def _more(hidden: int, say: Say, ink: Ink) -> list[RenderableType]:
    if hidden <= 0:
        return []
    text = f"{say('{n} more').format(n=f'{hidden:,}')} · {say('Enter shows all')}"
    return [Text(text, style=ink("faint"))]


def _code(
    links: Sequence[dict[str, Any]], say: Say, ink: Ink, *, most: int
) -> list[RenderableType]:
    rows = [
        (
            f"★ {link['stars']:,}" if link["stars"] is not None else "",
            " · ".join(filter(None, (link["url"], say("official") if link["official"] else None))),
        )
        for link in links
    ]
    parts = _group("Code", rows, say, ink, most=most)
    givers = [(link["source"], link["retrieved_at"], link["licence"]) for link in links]
    return [*parts, Text(provenance(givers, say), style=ink("faint"))] if parts else []


def _board(
    board: Board, rows: Sequence[BoardRow], say: Say, ink: Ink, *, most: int
) -> list[RenderableType]:
    if not rows:
        return []
    if board.ranked:
        order = say(f"ranked by {{metric}}, {board.direction} is better").format(
            metric=board.metric
        )
    else:
        order = say("not ranked: {why}").format(why=board.why_unranked)
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for row in rows[:most]:
        cell = next((cell for cell in row.cells if cell.metric == board.metric), None)
        grid.add_row(
            Text(str(row.rank) if row.rank is not None else "–", style=ink("rank")),
            Text(clean(cell.text or "–") if cell else "–"),
            Text(
                clean(" · ".join(filter(None, (row.model or row.title, (row.published or "")[:4]))))
            ),
        )
    givers = [(row.source, row.retrieved_at, row.licence) for row in rows]
    count = say("{n} rows").format(n=f"{len(board.rows):,}")
    return [
        heading(f"{board.task.name} · {board.name}", ink),
        Text(clean(f"{order} · {count}"), style=ink("faint")),
        grid,
        *_more(len(rows) - most, say, ink),
        Text(provenance(givers, say), style=ink("faint")),
    ]
