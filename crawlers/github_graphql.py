"""A hundred repositories in one question to GitHub's GraphQL interface, and its answer.

Owns the text of the query and how errors about single repositories are told from errors about the
whole. Names travel as variables: nothing of theirs is ever part of the query.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crawlers.clean import clean
from crawlers.json_answer import Unfit, inner, integer, many, mapping
from crawlers.source import MAX_REASON, Answer, SourceError

BATCH: Final = 100
"""Repositories of one question: about as many points of 5,000 an hour as it has hundreds of
connections (docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api)."""

# 20 topics are all that a repository can have (docs.github.com, classifying-your-repository-with-topics).
_FACTS: Final = """
fragment facts on Repository {
  id databaseId nameWithOwner url description homepageUrl createdAt pushedAt
  isArchived isDisabled isFork isPrivate stargazerCount forkCount
  issues(states: OPEN) { totalCount }
  pullRequests(states: OPEN) { totalCount }
  primaryLanguage { name }
  licenseInfo { spdxId }
  repositoryTopics(first: 20) { nodes { topic { name } } }
  parent { nameWithOwner }
}"""

_PLAIN: Final = {
    "full_name": "nameWithOwner",
    "html_url": "url",
    "id": "databaseId",
    "node_id": "id",
    "description": "description",
    "homepage": "homepageUrl",
    "created_at": "createdAt",
    "pushed_at": "pushedAt",
    "archived": "isArchived",
    "disabled": "isDisabled",
    "fork": "isFork",
    "private": "isPrivate",
    "stargazers_count": "stargazerCount",
    "forks_count": "forkCount",
}
"""Members that REST and GraphQL only name differently."""

SILENT: Final = "GitHub says nothing of it"

_WORD: Final = re.compile(r"[A-Z][A-Z_]{1,40}")


@dataclass(frozen=True)
class Missing:
    """A repository of which the answer says nothing that can be kept."""

    gone: bool
    """GitHub knows no repository of this name."""
    why: str


def body(names: Sequence[str]) -> bytes:
    """The question as JSON: one alias for each name, in order."""
    variables: dict[str, str] = {}
    declared: list[str] = []
    asked: list[str] = []
    for number, name in enumerate(names):
        owner, _, own = name.partition("/")
        variables |= {f"o{number}": owner, f"n{number}": own}
        declared.append(f"$o{number}: String!, $n{number}: String!")
        asked.append(f"r{number}: repository(owner: $o{number}, name: $n{number}) {{ ...facts }}")
    head = f"query({', '.join(declared)}) {{ rateLimit {{ cost remaining resetAt }}"
    query = "\n".join((head, *asked, "}")) + _FACTS
    return json.dumps({"query": query, "variables": variables}).encode()


@dataclass(frozen=True)
class Said:
    """What an answer says of each name that was asked for."""

    repositories: tuple[tuple[str, dict[str, Any] | Missing], ...]
    """The name and its repository, with the members of a REST answer."""
    cost: int | None
    """Points of the hour's allowance that the question took."""


def read(answer: Answer, names: Sequence[str]) -> Said:
    """The answer, name by name; SourceError when it says nothing of any of them."""
    document = mapping(answer)
    errors = document.get("errors")
    errors = errors if isinstance(errors, list) else []
    data = document.get("data")
    if not isinstance(data, dict):
        raise _failure(errors)
    found = tuple(_each(names, data, errors))
    if names and all(isinstance(one, Missing) and one.why == SILENT for _, one in found):
        raise _failure(errors)
    return Said(found, _cost(data))


def _each(
    names: Sequence[str], data: Mapping[str, Any], errors: Sequence[Any]
) -> Iterator[tuple[str, dict[str, Any] | Missing]]:
    whole, partly = _by_alias(errors)
    for number, name in enumerate(names):
        alias = f"r{number}"
        node = data.get(alias)
        of_it = whole.get(alias, [])
        if isinstance(node, dict) and not of_it:
            try:
                yield name, as_rest(node)
            except Unfit as error:
                yield name, Missing(False, str(error))
        elif isinstance(node, dict):
            yield name, Missing(False, "an answer and an error at once")
        elif alias in data and node is not None:
            yield name, Missing(False, "repository: not an object")
        elif alias in data and of_it == ["NOT_FOUND"]:
            yield name, Missing(True, "not found")
        elif said := of_it or partly.get(alias):
            yield name, Missing(False, f"GitHub answers {said[0]}")
        else:
            yield name, Missing(False, SILENT)


def as_rest(node: Mapping[str, Any]) -> dict[str, Any]:
    """The node with the members of a REST answer; what is missing in one is missing in the other."""
    said: dict[str, Any] = {rest: node[own] for rest, own in _PLAIN.items() if own in node}
    said["language"] = inner(node, "primaryLanguage").get("name")
    said["license"] = {"spdx_id": inner(node, "licenseInfo").get("spdxId")}
    said["parent"] = {"full_name": inner(node, "parent").get("nameWithOwner")}
    said["topics"] = [_topic(one) for one in many(inner(node, "repositoryTopics"), "nodes")]
    counts = [integer(inner(node, name), "totalCount") for name in ("issues", "pullRequests")]
    # REST counts pull requests among the open issues; so a row means the same by either way.
    if any(count is not None and count < 0 for count in counts):
        raise Unfit("totalCount: below zero")
    if None not in counts:
        said["open_issues_count"] = sum(count for count in counts if count is not None)
    return said


def _topic(node: Any) -> Any:
    if not isinstance(node, dict):
        raise Unfit("repositoryTopics: not objects")
    return inner(node, "topic").get("name")


def _by_alias(errors: Sequence[Any]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Kinds of the errors about a whole repository, and about a member of one, by alias."""
    whole: dict[str, list[str]] = {}
    partly: dict[str, list[str]] = {}
    for error in errors:
        path = error.get("path") if isinstance(error, dict) else None
        if isinstance(path, list) and path and isinstance(path[0], str):
            place = whole if len(path) == 1 else partly
            place.setdefault(path[0], []).append(_kind(error))
    return whole, partly


def _kind(error: Mapping[str, Any]) -> str:
    kind = error.get("type")
    return kind if isinstance(kind, str) and _WORD.fullmatch(kind) else "an error"


def _cost(data: Mapping[str, Any]) -> int | None:
    try:
        return integer(inner(data, "rateLimit"), "cost")
    except Unfit:
        return None


def _failure(errors: Sequence[Any]) -> SourceError:
    """An answer without data. One that ran out of its ten seconds has an error without a type; a
    spent allowance comes as HTTP 200 too, and the client has seen its headers."""
    first = next((error for error in errors if isinstance(error, dict)), None)
    if first is None:
        return SourceError("the answer holds no repository", again=True)
    message = first.get("message")
    words = clean(message)[:MAX_REASON] if isinstance(message, str) else "an error without words"
    kind, coded = first.get("type"), "extensions" in first
    again = kind == "RATE_LIMITED" if kind is not None else not coded
    return SourceError(f"GitHub's GraphQL answers: {words}", again=again)
