"""The tree of tasks: areas, the tasks in them, and theirs, with counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from crawlers.clean import clean
from crawlers.keys import Key
from hub.queries import TreeNode
from hub.tui.drawn import Drawn
from hub.tui.sheet import fit, in_chinese
from hub.tui.strings import word


@dataclass(frozen=True, slots=True)
class Branch:
    """A place in the tree: an area, or a task in its place."""

    path: str
    depth: int
    key: Key | None
    """None: an area."""
    name: str
    name_zh: str | None
    boards: int
    rows: int
    children: bool


def branches(nodes: Sequence[TreeNode], areas: Mapping[Key, str | None]) -> tuple[Branch, ...]:
    """The places below their areas, in the order of the areas' sizes; an area counts each task once."""
    roots: dict[str, list[TreeNode]] = defaultdict(list)
    below: dict[str, list[TreeNode]] = defaultdict(list)
    paths = {node.path for node in nodes}
    for node in nodes:
        parent = node.path.rpartition("/")[0]
        if parent in paths:
            below[parent].append(node)
        else:
            roots[areas.get(node.key) or "unknown"].append(node)
    found: list[Branch] = []

    def grow(node: TreeNode, depth: int) -> None:
        inner = below.get(node.path, [])
        found.append(
            Branch(
                node.path,
                depth,
                node.key,
                node.name,
                node.name_zh,
                node.boards,
                node.rows,
                bool(inner),
            )
        )
        for one in inner:
            grow(one, depth + 1)

    def within(tops: Iterable[TreeNode]) -> dict[Key, TreeNode]:
        seen: dict[Key, TreeNode] = {}
        stack = list(tops)
        while stack:
            node = stack.pop()
            seen.setdefault(node.key, node)
            stack += below.get(node.path, [])
        return seen

    counted = {area: within(tops) for area, tops in roots.items()}
    weight = {area: sum(one.rows for one in tasks.values()) for area, tasks in counted.items()}
    for area in sorted(roots, key=lambda one: (one == "unknown", -weight[one], one)):
        tasks = counted[area].values()
        boards = sum(one.boards for one in tasks)
        found.append(Branch(f"area:{area}", 0, None, area, None, boards, weight[area], True))
        for top in roots[area]:
            grow(top, 1)
    return tuple(found)


class TaskTree(Drawn, can_focus=True):
    """The tree as a virtual list of its open places; a cursor, and keys that open and close."""

    INKS = "tree"
    COMPONENT_CLASSES = {
        "tree--area", "tree--task", "tree--faint", "tree--cursor", "tree--mark", "tree--here",
    }  # fmt: skip
    DEFAULT_CSS = """
    TaskTree {
        border: round $panel-lighten-2;
        border-title-color: $foreground 70%;
        border-subtitle-color: $foreground 60%;
        & > .tree--area { color: $text-accent; text-style: bold; }
        & > .tree--task { color: $foreground; }
        & > .tree--here { color: $text-primary; text-style: bold; }
        & > .tree--faint { color: $foreground 60%; }
        & > .tree--cursor { background: $foreground 8%; }
        & > .tree--mark { color: $accent; }
        &:focus { border: round $primary; }
        &:focus > .tree--cursor { background: $primary 25%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Open"),
        Binding("space", "fold", "Fold", tooltip="Open or close what stands below it"),
        Binding("l,right", "open", "Unfold", show=False),
        Binding("h,left", "close", "Fold", show=False),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "first", "Top", show=False),
        Binding("G,end", "last", "Bottom", show=False),
        Binding("E", "every", "All open or closed", show=False),
    ]

    class Moved(Message):
        """The cursor stands on another place."""

        def __init__(self, branch: Branch) -> None:
            super().__init__()
            self.branch = branch

    class Left(Message):
        """There is nothing further to close: the user goes back."""

    class Entered(Message):
        """The user wants the task under the cursor."""

        def __init__(self, key: Key) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.branches: tuple[Branch, ...] = ()
        self.open: set[str] = set()
        """Paths of the places whose children are shown."""
        self.at = 0
        self._shown: list[Branch] = []

    # -- values in ---------------------------------------------------------------------------

    def show(self, found: Sequence[Branch], key: Key | None) -> None:
        """Takes the tree, opened down to the first place of a task."""
        self.branches = tuple(found)
        place = next((one for one in found if one.key == key), None)
        if place is not None:
            self.open |= {
                place.path[:at] for at, character in enumerate(place.path) if character == "/"
            }
            if place.children:
                self.open.add(place.path)
            above = [one for one in found[: found.index(place)] if one.key is None]
            if above:
                self.open.add(above[-1].path)
        elif not self.open:
            self.open = {one.path for one in found if one.key is None}
        self._lay()
        if place is not None and place in self._shown:
            self.at = self._shown.index(place)
        third = max(0, self.at - max(1, self.size.height // 3))
        self.call_after_refresh(self.scroll_to, y=third, animate=False, force=True)

    def _lay(self) -> None:
        here = self.branch
        shown: list[Branch] = []
        closed: int | None = None
        for one in self.branches:
            if closed is not None and one.depth > closed:
                continue
            closed = None if one.path in self.open else one.depth
            shown.append(one)
        self._shown = shown
        if here in shown:
            self.at = shown.index(here)
        self.at = max(0, min(self.at, len(shown) - 1))
        self.lengthen(len(shown))
        self.border_subtitle = Content(f"{sum(one.key is not None for one in self.branches):,}")
        self.refresh()

    @property
    def branch(self) -> Branch | None:
        return self._shown[self.at] if self.at < len(self._shown) else None

    def on_resize(self) -> None:
        self.lengthen(len(self._shown))

    # -- keys --------------------------------------------------------------------------------

    def _into_sight(self) -> None:
        region = Region(0, max(0, self.at - 1), 1, 3)
        self.scroll_to_region(region, animate=False, force=True)

    def _go(self, at: int) -> None:
        at = max(0, min(at, len(self._shown) - 1))
        moved = at != self.at
        self.at = at
        self._into_sight()
        self.refresh()
        if moved and self.branch is not None:
            self.post_message(self.Moved(self.branch))

    def action_move(self, rows: int) -> None:
        self._go(self.at + rows)

    def action_page(self, pages: int) -> None:
        self._go(self.at + pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._shown) - 1)

    def action_fold(self) -> None:
        branch = self.branch
        if branch is not None and branch.children:
            self.open ^= {branch.path}
            self._lay()

    def action_open(self) -> None:
        """Opens the place; where it is open, goes to its first child."""
        branch = self.branch
        if branch is None or not branch.children:
            return
        if branch.path in self.open:
            self._go(self.at + 1)
        else:
            self.action_fold()

    def action_close(self) -> None:
        """Closes the place; where it is closed, goes to the one above."""
        branch = self.branch
        if branch is None:
            return
        if branch.children and branch.path in self.open:
            self.action_fold()
            return
        for at in range(self.at - 1, -1, -1):
            if self._shown[at].depth < branch.depth:
                self._go(at)
                return
        self.post_message(self.Left())

    def action_every(self) -> None:
        every = {one.path for one in self.branches if one.children}
        areas = {one.path for one in self.branches if one.key is None}
        self.open = areas if self.open >= every else every
        self._lay()
        self._into_sight()

    def action_enter(self) -> None:
        branch = self.branch
        if branch is None:
            return
        if branch.key is None:
            self.action_fold()
        else:
            self.post_message(self.Entered(branch.key))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        row = self.scroll_offset.y + at.y if at is not None else len(self._shown)
        if at is None or row >= len(self._shown):
            return
        self._go(row)
        branch = self._shown[row]
        if event.chain == 2 or at.x <= 2 * branch.depth + 3:
            self.action_fold()

    # -- drawing -----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        row, width = self.scroll_offset.y + y, self.size.width
        if row >= len(self._shown):
            return Strip.blank(width, self.rich_style)
        branch = self._shown[row]
        here = row == self.at
        sign = "▾ " if branch.path in self.open else "▸ " if branch.children else "  "
        counts = f"{branch.boards:,} · {branch.rows:,}" if branch.rows else ""
        head = "  " * branch.depth + sign
        room = max(4, width - cell_len(head) - MARGIN_RIGHT - cell_len(counts))
        name = fit(self._text_of(branch), room)
        kind = "area" if branch.key is None else "here" if here else "task"
        segments = [
            Segment("▌" if here else " ", self.ink("mark", here)),
            Segment(head, self.ink("faint", here)),
            Segment(name, self.ink(kind, here)),
            Segment(f" {counts} ", self.ink("faint", here)),
        ]
        return Strip(segments).adjust_cell_length(width, self.ink("faint", here))

    def _text_of(self, branch: Branch) -> str:
        if branch.key is None:
            return word(branch.name, self.say)
        name, chinese = clean(branch.name), clean(branch.name_zh or "")
        if not in_chinese(self.say) or not chinese or chinese == name:
            return name
        return chinese if name in chinese else f"{chinese} {name}"

    def spoken_text(self) -> str:
        lines = (self.render_line(y).text.rstrip() for y in range(self.size.height))
        return "\n".join(lines)


MARGIN_RIGHT: Final = 4
"""Cells of a line of the tree that are neither name nor count."""
