"""Entry: a row of any kind as an interface lists it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crawlers.keys import Key, kind_of
from hub.catalog import Row
from hub.errors import UsageError

KINDS: Final = (
    "paper", "repository", "dataset", "framework", "tool", "task", "topic", "method",
)  # fmt: skip
"""What can be asked for, in the order in which it is counted."""


@dataclass(frozen=True)
class Entry:
    """A row as an interface lists it."""

    key: Key
    kind: str
    name: str
    name_zh: str | None = None
    summary: str | None = None
    summary_zh: str | None = None
    authors: tuple[str, ...] = ()
    year: int | None = None
    stars: int | None = None
    """Newest known count."""
    stars_on: str | None = None
    results: int | None = None
    """Printed rows on leaderboards."""
    code: int | None = None
    """Linked repositories."""
    detail: str | None = None
    """What else tells it apart: a licence, an area."""
    tasks: tuple[Key, ...] = ()
    url: str | None = None
    source: str | None = None
    retrieved_at: str | None = None


def entry_of(row: Row) -> Entry:
    """The Entry of a row with the columns that hub.catalog.read.entries gives."""
    key = row["key"]
    kind = kind_of(key) or ""
    published = row.get("published")
    year = int(published[:4]) if published else row.get("year")
    # A frozen dataclass sets its fields one by one, which was a tenth of a whole query's time.
    entry = object.__new__(Entry)
    vars(entry).update(
        key=key,
        kind=kind,
        name=row.get("title") or row.get("name") or key,
        name_zh=row.get("name_zh"),
        summary=row.get("summary"),
        summary_zh=row.get("summary_zh"),
        authors=tuple(json.loads(row["authors"])) if row.get("authors") else (),
        year=year,
        stars=row.get("stars"),
        stars_on=row.get("stars_on"),
        results=row.get("results"),
        code=row.get("code"),
        detail=row.get("detail"),
        tasks=tuple(json.loads(row["tasks"])) if row.get("tasks") else (),
        url=row.get("url") or address_of(key),
        source=row.get("source"),
        retrieved_at=row.get("retrieved_at"),
    )
    return entry


def address_of(key: Key) -> str | None:
    """Where a person can open it; None where the key alone does not tell."""
    prefix, _, rest = key.partition(":")
    base = _ADDRESSES.get(prefix)
    return f"{base}{rest}" if base else None


def check_kinds(kinds: Iterable[str]) -> None:
    """UsageError for the first that is no kind."""
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no kind", hint=f"One of: {', '.join(KINDS)}")


_ADDRESSES: Final = {
    "arxiv": "https://arxiv.org/abs/",
    "doi": "https://doi.org/",
    "openreview": "https://openreview.net/forum?id=",
    "acl": "https://aclanthology.org/",
    "github": "https://github.com/",
    "gitlab": "https://gitlab.com/",
    "bitbucket": "https://bitbucket.org/",
    "url": "https://",
    "git": "https://",
}
