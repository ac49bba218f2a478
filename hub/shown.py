"""One whole entry: its facts in reading order, and who gave which."""

from dataclasses import dataclass, field
from typing import Any, Final

from hub.catalog import Row
from hub.entries import Entry

_READING_ORDER: Final = (
    "title", "name", "full_name", "name_zh", "aliases", "role", "area", "areas", "summary",
    "summary_zh", "authors", "published", "updated", "version", "year", "categories", "venue", "doi",
    "url", "homepage", "repository", "docs", "paper", "tasks", "methods", "modalities", "languages",
    "examples", "splits", "classes", "size_bytes", "data_licence", "code_licence", "licence_url",
    "licence_note", "obtain", "obtain_zh", "comment", "abstract", "description",
)  # fmt: skip
_PROVENANCE: Final = ("source", "retrieved_at", "licence", "source_url")
_HIDDEN: Final = frozenset({"key", "field_sources", "added_at", *_PROVENANCE})


@dataclass(frozen=True)
class Shown:
    """One whole entry."""

    entry: Entry
    fields: tuple[tuple[str, Any], ...]
    """Name and value of every column that is known, in reading order."""
    sources: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Field -> source, day, licence, address; "" is the row itself."""
    related: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Groups of what hangs on it: code, results, boards, papers, snapshots, baselines ..."""


def facts(row: Row) -> tuple[tuple[str, Any], ...]:
    """Name and value of every column that is known, in reading order."""
    return tuple(
        (name, value)
        for name, value in sorted(row.items(), key=lambda pair: _reading_order(pair[0]))
        if name not in _HIDDEN and value not in (None, [], {})
    )


def givers(row: Row) -> dict[str, tuple[Any, ...]]:
    """Field -> source, day, licence, address; "" is the row itself."""
    own = tuple(row[name] for name in _PROVENANCE)
    return {"": own} | {name: tuple(giver) for name, giver in row["field_sources"].items()}


def _reading_order(name: str) -> tuple[int, str]:
    known = _READING_ORDER.index(name) if name in _READING_ORDER else len(_READING_ORDER)
    return (known + 100 if name == "extra" else known, name)
