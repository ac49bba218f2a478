"""What points at an entry, where an entry itself does not say so."""

from hub.catalog.read import TABLE_OF
from hub.catalog.store import Catalog

_NAMED = ("dataset", "method", "framework", "task")
"""Tables whose rows may name the paper that introduced them."""


def introduced_by(catalog: Catalog, paper: str) -> list[str]:
    """Keys of the datasets, methods, frameworks and tasks that name this paper as their first one."""
    return [
        key
        for table in _NAMED
        for (key,) in catalog.stream(
            f"SELECT key FROM {table} WHERE paper = ? ORDER BY key", (paper,)
        )
    ]


def also_called(catalog: Catalog, key: str) -> list[str]:
    """Other keys of the same thing: a repository's former names, a site's page for a paper."""
    rows = catalog.stream("SELECT alias FROM alias WHERE key = ? ORDER BY alias LIMIT 50", (key,))
    return [alias for (alias,) in rows]


def renamed_to(catalog: Catalog, key: str) -> str | None:
    """The key that this one was given up for; None where it was not."""
    found: str | None = catalog.scalar("SELECT key FROM alias WHERE alias = ?", (key,))
    return found


def named_by_repository(catalog: Catalog, repository: str) -> list[str]:
    """Keys of the frameworks and tools that live in this repository."""
    table = TABLE_OF["framework"]
    rows = catalog.stream(
        f"SELECT key FROM {table} WHERE repository = ? ORDER BY key", (repository,)
    )
    return [key for (key,) in rows]


def boards_of(catalog: Catalog, boards: list[str]) -> dict[str, tuple[str, str]]:
    """Task and dataset of each of these boards."""
    rows = catalog.many("board", boards, "task, dataset")
    return {key: (row["task"], row["dataset"]) for key, row in rows.items()}


def above(catalog: Catalog, task: str) -> list[str]:
    """Keys of the tasks one step above this one, at each of its places, in the order of the source."""
    rows = catalog.stream(
        "SELECT above.task FROM task_node below JOIN task_node above ON above.path = below.parent "
        "WHERE below.task = ? ORDER BY below.position",
        (task,),
    )
    return [key for (key,) in rows]
