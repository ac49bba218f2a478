"""Whose word counts: one row out of what several sources say, and the names it goes by."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, Literal

RANKS: Final = {
    "curated": 100,
    "arxiv": 80,
    "github": 70,
    "pwc": 60,
    "hf": 50,
    "pwc_live": 45,
    "import": 40,
}
"""Whose word counts more, by the source's name or its first part: arXiv itself before Papers with Code
before others. Ours comes first, because its rows are checked by hand; what paperswithcode.co extracts by
machine, under terms that nobody states, never overwrites the archive."""

UNITED: Final = frozenset({"aliases", "tasks", "areas", "methods", "collections", "parents"})
"""Lists to which each source adds; any other field has one holder."""

Row = dict[str, Any]
"""A row by column name."""

_PROVENANCE: Final = frozenset({"source", "source_url", "retrieved_at", "licence", "field_sources"})


@cache
def rank(source: str) -> int:
    """How much a source's word counts; higher wins, unknown sources come last."""
    return RANKS.get(source, RANKS.get(source.partition("_")[0], 0))


def fold(name: str) -> str:
    """A name as names are compared: letters and digits only, lower case, no accents."""
    from crawlers.keys import slug

    return slug(name).replace("-", "")


Outcome = Literal["changed", "restated", "unchanged"]
"""`restated`: nothing but the day, since the same source says the same again."""


def merge(row: Row, said: Row, key: Sequence[str]) -> Outcome:
    """Puts into `row` what a record says better, field by field."""
    own, new = _provenance(row), _provenance(said)
    old_givers, new_givers = row["field_sources"], said["field_sources"]
    values: Row = {}
    givers: dict[str, list[Any]] = {}
    for name, value in said.items():
        if name in _PROVENANCE or name in key:
            continue
        old = row[name]
        giver, other = old_givers.get(name, own), new_givers.get(name, new)
        if not _empty(value):
            wins = _empty(old) or _weight(other) >= _weight(giver)
            if (name == "extra" or name in UNITED) and not _empty(old):
                value = _united(old, value, wins)
                if value != old:
                    values[name] = value
                    giver = _both(other, giver) if wins else _both(giver, other)
            elif wins:
                giver = other
                if old != value:
                    values[name] = value
        if not (_empty(old) and _empty(value)):
            givers[name] = giver
    better = rank(new[0]) > rank(own[0])
    if not values and not better:
        if new[0] == own[0] and new[1] > own[1]:
            row["retrieved_at"] = new[1]
            return "restated"
        return "unchanged"
    leads = better or (new[0] == own[0] and new[1] >= own[1])
    leader = new if leads else own
    row.update(values)
    row.update(zip(("source", "retrieved_at", "licence", "source_url"), leader, strict=True))
    row["field_sources"] = {name: giver for name, giver in givers.items() if giver != leader}
    return "changed"


def _provenance(row: Row) -> list[Any]:
    return [row["source"], row["retrieved_at"], row["licence"], row["source_url"]]


def _both(first: list[Any], second: list[Any]) -> list[Any]:
    """The giver of a list to which two added: the first of them, under the terms of both."""
    terms = [licence for giver in (first, second) for licence in (giver[2] or "").split(" AND ")]
    return [first[0], first[1], " AND ".join(sorted(set(terms))) if all(terms) else None, first[3]]


def _weight(giver: Sequence[Any]) -> tuple[int, str]:
    return rank(giver[0]), giver[1]


def _empty(value: Any) -> bool:
    return value is None or value == [] or value == {}


def _united(old: Any, value: Any, better: bool) -> Any:
    if isinstance(value, dict):
        return {**(old or {}), **value} if better else {**value, **(old or {})}
    return [*old, *(entry for entry in value if entry not in old)]


def names_of(row: Row) -> list[str]:
    """Every spelling of a named row: name, full name, Chinese name, aliases."""
    spelled = [row.get("name"), row.get("full_name"), row.get("name_zh"), *row.get("aliases", ())]
    return [name for name in spelled if name]
