"""What a search asks and answers: Query and Hits, which filters a query means, why an entry matched."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from crawlers.keys import Key
from hub.catalog import Row
from hub.entries import Entry
from hub.filters import author_filter
from hub.words import terms

_SEARCHED: Final = (
    "title", "name", "full_name", "name_zh", "aliases", "abstract", "summary", "summary_zh",
    "description", "comment", "authors", "tasks", "topics", "language", "languages", "modalities",
)  # fmt: skip
"""Columns in which a word of a query is looked for."""


@dataclass(frozen=True)
class Query:
    """What was asked."""

    text: str
    kinds: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    authors: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_code: bool = False
    has_result: bool = False
    limit: int = 20
    explain: bool = False


@dataclass(frozen=True)
class Match:
    """A term of the query in one hit: in which fields, how often, how rare it is."""

    term: str
    fields: tuple[tuple[str, int], ...]
    weight: float


@dataclass(frozen=True)
class Hit:
    """An entry with its score and, where asked for, the terms that matched."""

    entry: Entry
    score: float
    matched: tuple[Match, ...] = ()


@dataclass(frozen=True)
class Hits:
    """The best hits, and how many entries match in all."""

    found: int
    hits: tuple[Hit, ...]
    stale: int = 0
    """Writes to the catalog that the index has not seen."""
    translated: tuple[tuple[str, str], ...] = ()
    """How a Chinese query was read: pairs of what stands in it and the English name."""


def filters_of(query: Query, tasks: Sequence[Key]) -> list[list[str]]:
    """The groups of tokens that the index is given; `tasks` are the keys of the query's tasks."""
    groups = [[f"kind:{kind}" for kind in query.kinds]] if query.kinds else []
    groups += [[token] for author in query.authors for token in author_filter(author)]
    groups += [[f"task:{task}"] for task in tasks]
    if query.categories:
        groups.append([f"category:{category.lower()}" for category in query.categories])
    if query.has_code:
        groups.append(["has:code"])
    if query.has_result:
        groups.append(["has:result"])
    return groups


def text_of(row: Row) -> tuple[str, str]:
    """What an entry is called, and what is said about it."""
    name = row.get("title") or row.get("name") or ""
    about = (row.get(column) for column in ("abstract", "summary", "description"))
    return name, "\n".join(text for text in about if text)


def matches(
    row: Row, words: Sequence[str], weight: Callable[[str], float | None]
) -> tuple[Match, ...]:
    """Which words of a query stand in which columns of a hit's row."""
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for name in _SEARCHED:
        value = row.get(name)
        texts = value if isinstance(value, list) else [value] if value else []
        for term in terms(" \n ".join(map(str, texts))):
            counted[term][name] = counted[term].get(name, 0) + 1
    return tuple(
        Match(word, tuple(counted[word].items()), round(weight(word) or 0.0, 3))
        for word in words
        if word in counted
    )
