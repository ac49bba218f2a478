"""The screen of a task: the tree of all tasks on the left, the task under its cursor on the right."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key
from hub import around
from hub.errors import HubError
from hub.queries import Entry, Queries, Query
from hub.tui.detail import Detail, known
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
from hub.tui.sheet import Section, Sheet
from hub.tui.tree import Branch, TaskTree, branches

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
