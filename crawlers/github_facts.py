"""A repository as GitHub's API describes it, as records.

Owns the members of a repository in a REST answer and what they become. crawlers.github_graphql brings
its own answers into the same members; crawlers.sources.github asks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from crawlers.json_answer import Unfit, flag, inner, integer, text, texts
from crawlers.keys import Key, parse_key, repository_key
from crawlers.records import AliasRecord, Record, RepositoryRecord, SnapshotRecord, reason
from crawlers.source import Skip

WEB: Final = "https://github.com"

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9_.-]+")
_NODE_ID: Final = re.compile(r"[A-Za-z0-9_=+/-]{1,100}")

GONE: Final = {
    404: None,
    403: "403 access blocked by GitHub",
    451: "451 unavailable for legal reasons",
}
"""Statuses that say there is no such repository (any more), and what is noted of them."""


@dataclass(frozen=True)
class Repository:
    """What one answer says of one repository."""

    name: str
    """owner/name as GitHub spells it."""
    key: Key
    fork: bool
    records: tuple[Record, ...]
    former: tuple[Record, ...] = ()
    """The name it was asked by, when it has another one now."""


def base(name: str, day: str) -> dict[str, Any]:
    """What every record about a repository carries. GitHub states no licence for its facts."""
    return {
        "source": "github",
        "source_url": f"{WEB}/{name}",
        "retrieved_at": day,
    }


def key_of(name: str) -> Key | None:
    """The key of `owner/name`; None when a key cannot hold that very name."""
    key = repository_key("github", name) if _NAME.fullmatch(name) else None
    return key if key == f"github:{name.lower()}" else None


def attempt(said: Any, asked: str | None, day: str, where: str) -> Repository | Skip:
    """The repository of one answer, or why there is none."""
    try:
        return repository(said, asked, day)
    except ValidationError as error:
        return Skip(where, reason(error))
    except Unfit as error:
        return Skip(where, str(error))


def repository(said: Any, asked: str | None, day: str) -> Repository:
    """The repository, its counts of the day, and its former name when it was asked by that one.

    Unfit or ValidationError when a member is not what its name promises.
    """
    if not isinstance(said, dict):
        raise Unfit("repository: not an object")
    name, key = _identity(said)
    if flag(said, "private"):
        # A token sees its user's private repositories; a catalog is handed on.
        raise Unfit("private: left out")
    archived, fork = flag(said, "archived"), flag(said, "fork")
    common = base(name, day)
    described = RepositoryRecord(
        key=key,
        name=name,
        url=f"{WEB}/{name}",
        description=text(said, "description"),
        homepage=text(said, "homepage"),
        language=text(said, "language"),
        code_licence=_licence(said),
        topics=texts(said, "topics"),
        created=text(said, "created_at"),
        pushed=text(said, "pushed_at"),
        state=None if archived is None else "archived" if archived else "active",
        extra=_extra(said, fork),
        **common,
    )
    records = (described, *_snapshot(said, key, day, common))
    return Repository(name, key, bool(fork), records, _former(asked, name, key, day))


def gone(name: str, day: str, status: int) -> RepositoryRecord:
    """A repository that GitHub does not hand out: deleted, made private, or blocked."""
    because = GONE[status]
    return RepositoryRecord(
        key=f"github:{name.lower()}",
        name=name,
        url=f"{WEB}/{name}",
        state="gone",
        extra={"gone_because": because} if because else {},
        **base(name, day),
    )


def known(name: str, day: str, extra: Mapping[str, Any]) -> RepositoryRecord:
    """Something more about a repository whose own record says the rest."""
    return RepositoryRecord(
        key=f"github:{name.lower()}",
        name=name,
        url=f"{WEB}/{name}",
        extra=dict(extra),
        **base(name, day),
    )


def _identity(said: Mapping[str, Any]) -> tuple[str, Key]:
    """Name and key. A rename hangs on the name alone, so the address must say the same."""
    name = text(said, "full_name")
    if name is None:
        raise Unfit("full_name: missing")
    key = key_of(name)
    if key is None:
        raise Unfit("full_name: not owner/name")
    address = text(said, "html_url")
    if address is not None and parse_key(address) != key:
        raise Unfit("html_url: of another repository")
    return name, key


def _former(asked: str | None, name: str, key: Key, day: str) -> tuple[Record, ...]:
    """The former name as a repository that was renamed, and as an alias. GitHub ignores case."""
    if asked is None or asked.lower() == name.lower():
        return ()
    old = f"github:{asked.lower()}"
    renamed = RepositoryRecord(
        key=old, name=asked, url=f"{WEB}/{asked}", state="renamed", **base(asked, day)
    )
    return renamed, AliasRecord(alias=old, key=key, **base(name, day))


def _snapshot(
    said: Mapping[str, Any], key: Key, day: str, common: Mapping[str, Any]
) -> tuple[Record, ...]:
    counts: dict[str, Any] = {
        "stars": integer(said, "stargazers_count"),
        "forks": integer(said, "forks_count"),
        "open_issues": integer(said, "open_issues_count"),
    }
    if all(count is None for count in counts.values()):
        return ()
    return (SnapshotRecord(repository=key, day=day, **counts, **common),)


def _licence(said: Mapping[str, Any]) -> str | None:
    """The SPDX id. `NOASSERTION` is GitHub's word for a licence file it does not recognise
    (docs.github.com/en/rest/licenses)."""
    named = text(inner(said, "license"), "spdx_id")
    return None if named == "NOASSERTION" else named


def _extra(said: Mapping[str, Any], fork: bool | None) -> dict[str, Any]:
    """Ids that survive a rename, and what a fork was forked from as far as that is said."""
    number, node = integer(said, "id"), text(said, "node_id")
    if node is not None and not _NODE_ID.fullmatch(node):
        raise Unfit("node_id: not an id")
    extra: dict[str, Any] = {}
    if number is not None:
        extra["github_id"] = number
    if node is not None:
        extra["node_id"] = node
    if flag(said, "disabled"):
        extra["disabled"] = True
    if fork:
        extra["fork"] = True
        parent = text(inner(said, "parent"), "full_name")
        if parent is not None and (key := key_of(parent)) is not None:
            extra["parent"] = key
    return extra
