"""Searches of GitHub's REST API: what may be asked, and how one is read that finds too much.

Owns the limits of a search (docs.github.com/en/rest/search) and its division into slices by stars.
"""

import re
from collections.abc import Mapping
from math import isqrt
from typing import Any, Final

from crawlers.clean import clean
from crawlers.json_answer import Unfit, flag, integer, many
from crawlers.keys import slug
from crawlers.source import SourceError, Step, Wish

PAGE: Final = 100
REACH: Final = 1_000
"""Results of one search, however many it counts; pages of at most 100 (docs, REST search)."""

LONGEST_QUERY: Final = 256
MOST_OPERATORS: Final = 5
"""Characters and AND, OR, NOT of one search (docs, REST search, limitations on query length)."""

FEWEST_STARS: Final = 50
MOST_STARS: Final = 10_000_000
"""No repository has so many: the first of the ranking of 2026-08-22 has 541,915."""

PER_QUERY: Final = 200
"""Requests that a search may take by our estimate; how much it finds cannot be known before."""

_TOPIC: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_OPERATOR: Final = re.compile(r'"[^"]*"|\b(AND|OR|NOT)\b')
_STARS: Final = re.compile(r'"[^"]*"|(?<![\w-])(stars:)', re.I)


def queries(wish: Wish) -> tuple[str, ...]:
    """What a wish searches for, stars left out; ValueError says why it cannot be searched for."""
    found = [clean(wish.query)] if wish.query else []
    for task in wish.tasks:
        topic = slug(task.removeprefix("task:").removeprefix("topic:"))
        if not _TOPIC.fullmatch(topic):
            raise ValueError(
                f"GitHub has no topics like {topic!r}: letters a to z, digits, hyphens"
            )
        found.append(f"topic:{topic}")
    for query in found:
        _check(query)
    return tuple(dict.fromkeys(query for query in found if query))


def _check(query: str) -> None:
    if len(query) > LONGEST_QUERY:
        raise ValueError(
            f"a GitHub search has at most {LONGEST_QUERY} characters; this one has {len(query)}"
        )
    operators = sum(bool(found[1]) for found in _OPERATOR.finditer(query))
    if operators > MOST_OPERATORS:
        raise ValueError(
            f"a GitHub search has at most {MOST_OPERATORS} AND, OR and NOT; this one has {operators}"
        )
    if any(found[1] for found in _STARS.finditer(query)):
        raise ValueError("leave stars: out of the search: it is read in slices by stars")


def search(query: str, low: int, high: int, page: int) -> Step:
    """One page of one slice by stars."""
    return Step("search", {"q": query, "low": low, "high": high, "page": page})


def listed(said: Mapping[str, Any]) -> tuple[int, bool, list[Any]]:
    """How many a search counts, whether it was cut short, and what of it is on this page."""
    try:
        total, incomplete = integer(said, "total_count"), flag(said, "incomplete_results")
        repositories = many(said, "items")
    except Unfit as error:
        raise SourceError(str(error), again=True) from error
    if total is None or total < 0 or "items" not in said:
        raise SourceError("the answer holds no search result", again=True)
    return total, bool(incomplete), repositories


def halves(query: str, low: int, high: int) -> tuple[Step, ...]:
    """The slice in two, the more starred one first. Parted at the geometric mean: there are
    far more repositories with few stars than with many."""
    middle = max(low, min(isqrt(low * high), high - 1))
    return search(query, middle + 1, high, 1), search(query, low, middle, 1)
