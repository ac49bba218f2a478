"""The screen of a task: the tree of all tasks on the left, the task under its cursor on the right."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key
from hub import around
from hub.errors import HubError
from hub.queries import Entry, Queries, Query, TreeNode
from hub.tui.detail import Detail, known
from hub.tui.drawn import Drawn
from hub.tui.keyline import KeyLine
from hub.tui.reading import unexpected
from hub.tui.sections import (
    Known,
    boards_section,
    entries_section,
    facts,
    notes,
    prose,
    subtasks_section,
    title,
)
from hub.tui.sheet import Section, Sheet, fit, in_chinese
from hub.tui.strings import word

FACTS: Final = ("aliases", "area", "areas", "parents", "year", "paper", "homepage", "url")

PAPERS: Final = 12
DATASETS: Final = 12


@dataclass(frozen=True)
class Task:
    """A task or topic with everything that is shown of it."""

    known: Known
    above: tuple[Entry, ...]
    datasets: tuple[Entry, ...]
    datasets_found: int
    papers: tuple[Entry, ...]
    papers_found: int


def read_task(queries: Queries, known: Known) -> Task:
    key = known.entry.key
    datasets = queries.search(Query("", kinds=("dataset",), tasks=(key,), limit=DATASETS))
    papers = queries.search(Query("", kinds=("paper",), tasks=(key,), limit=PAPERS))
    return Task(
        known,
        around.above(queries, key),
        tuple(hit.entry for hit in datasets.hits),
        datasets.found,
        tuple(hit.entry for hit in papers.hits),
        papers.found,
    )


# -- the tree ----------------------------------------------------------------------------------


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


# -- the screen --------------------------------------------------------------------------------


class TaskScreen(Detail[Task]):
    """One task within the tree of all of them; the sheet follows the tree's cursor."""

    DEFAULT_CSS = """
    TaskScreen {
        & TaskTree { width: 2fr; height: 1fr; }
        & #side { width: 3fr; height: 1fr; }
    }
    """
    AUTO_FOCUS = "#around"

    class Grown(Message):
        """The tree was read, or could not be."""

        def __init__(self, outcome: tuple[Branch, ...] | HubError) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.treeing = False
        """Whether the tree is shown where there is room for one pane only."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield TaskTree(id="tree")
            with Vertical(id="side"):
                yield Sheet(id="around")
        yield KeyLine()

    def begin(self) -> None:
        super().begin()
        self.grow()

    def _place(self) -> None:
        two = self.size.width >= 80
        self._two = two
        tree, side = self.query_one("#tree"), self.query_one("#side")
        tree.display = two or self.treeing
        side.display = two or not self.treeing
        if self.focused is None or not self.focused.display:
            self.query_one("#tree" if tree.display and self.treeing else "#around").focus()

    @work(thread=True, exclusive=True, group="grow")
    def grow(self) -> None:
        worker = get_current_worker()
        outcome: tuple[Branch, ...] | HubError
        try:
            with closing(Queries(self.paths)) as queries:
                nodes = queries.tree()
                entries = queries.entries(list({node.key for node in nodes}))
                outcome = branches(nodes, {key: one.detail for key, one in entries.items()})
        except HubError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
            outcome = unexpected(self.paths, error)
        if not worker.is_cancelled:
            self.post_message(self.Grown(outcome))

    @on(Grown)
    def _show_grown(self, message: Grown) -> None:
        if isinstance(message.outcome, HubError):
            self.complain(message.outcome)
        else:
            tree = self.query_one(TaskTree)
            tree.border_title = Content(self.say("Tasks"))
            tree.show(message.outcome, self.key)

    @property
    def sheet(self) -> Sheet:
        return self.query_one("#around", Sheet)

    # -- following the tree ------------------------------------------------------------------

    @on(TaskTree.Moved)
    def _follow(self, message: TaskTree.Moved) -> None:
        if message.branch.key is not None and message.branch.key != self.key:
            self.key = message.branch.key
            self.again()

    @on(TaskTree.Entered)
    def _enter(self, message: TaskTree.Entered) -> None:
        """From the tree to the sheet of the task that it stands on."""
        self.treeing = False
        self._place()
        self.query_one("#around").focus()

    def action_pane(self, step: int) -> None:
        """Between the tree and the sheet."""
        tree = self.query_one("#tree")
        if self._two:
            self.query_one("#around" if tree.has_focus else "#tree").focus()
        else:
            self.treeing = not self.treeing
            self._place()
            self.query_one("#tree" if self.treeing else "#around").focus()

    @on(TaskTree.Left)
    def _leave(self) -> None:
        self.app.pop_screen()

    # -- values in ---------------------------------------------------------------------------

    def fetch(self, queries: Queries, key: Key) -> Task:
        return read_task(queries, known(queries, self.paths, key))

    def entry_of(self, value: Task) -> Entry:
        return value.known.entry

    def draw(self, *, stay: bool = False) -> None:
        sheet, tree = self.query_one("#around", Sheet), self.query_one(TaskTree)
        tree.border_title = Content(self.say("Tasks"))
        tree.refresh()
        sheet.border_title = Content(clean(self.key))
        if self.failed is not None:
            sheet.show(self._failure(self.failed))
        elif self.value is not None:
            same = stay and self._drawn == self.key
            self._drawn = self.key
            sheet.show([*self.reading(self.value), *self.around(self.value)], stay=same)

    _drawn: Key | None = None
    """The task whose sheet is shown."""

    def reading(self, value: Task) -> Sequence[Section]:
        say, one = self.say, value.known
        return [*title(one, say), *prose(one, "description", say)]

    def around(self, value: Task) -> Sequence[Section]:
        say, one = self.say, value.known
        boards = boards_section(one.entry, one.shown.related.get("boards", ()), say)
        none = Section(say("Leaderboards"), empty=say("No leaderboard of it is known."))
        return [
            *(boards or [none]),
            *entries_section(say("Above it"), value.above, say),
            *subtasks_section(one.shown.related.get("subtasks", ()), say),
            *entries_section(say("Datasets"), value.datasets, say, total=value.datasets_found),
            *entries_section(say("Papers"), value.papers, say, total=value.papers_found),
            facts(one, FACTS, say, always=("area",)),
            *notes(one, say),
        ]
