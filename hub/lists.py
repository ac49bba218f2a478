"""What the catalog holds, as lists: a page of entries, the tree of tasks, the sources."""

from collections.abc import Iterable
from dataclasses import dataclass

from crawlers.keys import Key
from hub.catalog import Row
from hub.entries import Entry


@dataclass(frozen=True)
class Listing:
    """A page of a list, and how long the list is."""

    found: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class TreeNode:
    """One place of a task in the tree."""

    path: str
    depth: int
    key: Key
    name: str
    name_zh: str | None
    boards: int
    rows: int
    area: str | None = None
    """The field that its source counts the task to: `computer-vision`; None is unknown."""


@dataclass(frozen=True)
class SourceState:
    """What the catalog holds of one source: how much, from which days, under which terms."""

    source: str
    licence: str | None
    rows: int
    oldest: str | None
    newest: str | None
    state: str | None = None
    """How its last harvest ended: done, damaged, interrupted, refused, ...; None: it came embedded."""
    last_success: str | None = None
    """When its last complete harvest began."""
    refused_at: str | None = None
    """When it last refused, if no complete harvest came after."""
    refusal: str | None = None
    """What it said then."""
    next_allowed: str | None = None
    """When it may be asked again, if it said so."""


def tree_of(
    places: Iterable[Row], unplaced: Iterable[Row], counts: Iterable[Row]
) -> tuple[TreeNode, ...]:
    """The places in their order, then the tasks without one; `counts` are boards and rows by task."""
    boards = {row["task"]: (row["boards"], row["rows"]) for row in counts}
    nodes = [
        TreeNode(
            row["path"],
            row["path"].count("/"),
            row["task"],
            row["name"],
            row["name_zh"],
            *boards.get(row["task"], (0, 0)),
            row["area"],
        )
        for row in places
    ]
    nodes += [
        TreeNode(
            row["key"].partition(":")[2],
            0,
            row["key"],
            row["name"],
            row["name_zh"],
            *boards.get(row["key"], (0, 0)),
            row["area"],
        )
        for row in unplaced
    ]
    return tuple(nodes)
