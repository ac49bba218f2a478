"""Reads of what lies around an entry: what a paper introduced, who lives in a repository, what comes near.

Functions of an open Queries, beside it so that a search pays nothing for them.
"""

from collections.abc import Sequence

from crawlers.keys import Key
from hub.catalog import around, read
from hub.queries import Entry, Queries


def introduced_by(queries: Queries, paper: Key) -> tuple[Entry, ...]:
    """Datasets, methods, frameworks and tasks that name this paper as the one that introduced them."""
    return in_order(queries, around.introduced_by(queries.catalog, paper))


def in_repository(queries: Queries, repository: Key) -> tuple[Entry, ...]:
    """Frameworks and tools that live in a repository."""
    return in_order(queries, around.named_by_repository(queries.catalog, repository))


def also_called(queries: Queries, key: Key) -> tuple[Key, ...]:
    """Other keys of the same thing, such as a repository's former names."""
    return tuple(around.also_called(queries.catalog, key))


def renamed_to(queries: Queries, key: Key) -> Key | None:
    """What a repository is called now; None where it was not renamed."""
    return around.renamed_to(queries.catalog, key)


def parts_of(queries: Queries, dataset: Key) -> tuple[Entry, ...]:
    """The parts and variants of a dataset."""
    return in_order(queries, read.parts(queries.catalog, dataset))


def above(queries: Queries, task: Key) -> tuple[Entry, ...]:
    """The tasks one step above, at every place where this one stands."""
    return in_order(queries, around.above(queries.catalog, task))


def boards_of(queries: Queries, boards: Sequence[Key]) -> dict[Key, tuple[Key, Key]]:
    """Task and dataset of each of these leaderboards."""
    return around.boards_of(queries.catalog, list(boards))


def in_order(queries: Queries, keys: Sequence[Key]) -> tuple[Entry, ...]:
    """The entries of these keys in their order; a key that the catalog does not hold is left out."""
    entries = queries.entries(keys)
    return tuple(entries[key] for key in dict.fromkeys(keys) if key in entries)
