"""GitHub: the REST interface with its limits, GraphQL, and the trending page."""

import base64
import json
import re
import time
from dataclasses import dataclass
from hashlib import blake2b
from html import escape
from typing import Any

from tests.loopback.exchange import Asked, Reply, in_json
from tests.loopback.world import Repository, World

SITE = "https://github.com"
API = "https://api.github.com"


@dataclass
class Bucket:
    """Requests left until a moment (docs.github.com, rate limits for the REST API)."""

    limit: int
    left: int
    reset: float
    """Seconds since 1970."""


class Rest:
    """docs.github.com/en/rest: repositories, READMEs, community profiles, searches.

    Moved: 301 to /repositories/ID. Every answer says what is left of its bucket. A 304 costs nothing
    with a token only. A search hands out 1,000 results.
    """

    REACH = 1_000

    def __init__(self, world: World) -> None:
        self.world = world
        now = time.time()
        self.buckets = {
            "core": Bucket(60, 60, now + 3_600),
            "search": Bucket(10, 10, now + 60),
            "graphql": Bucket(5_000, 5_000, now + 3_600),
        }

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if not re.match(r"/(repos|repositories|search)/", asked.path):
            return None
        resource = "search" if asked.path.startswith("/search/") else "core"
        return self.counted(asked, resource, lambda: self._said(asked, twist))

    def counted(self, asked: Asked, resource: str, answered: Any) -> Reply:
        """The answer of a bucket that is not empty, with the headers that say what is left."""
        bucket = self.buckets[resource]
        if bucket.left <= 0 and bucket.reset > time.time():
            said = {"message": "API rate limit exceeded for 127.0.0.1."}
            return self._headed(in_json(said, 403), resource)
        reply: Reply = answered()
        if reply.status == 200:
            etag = f'W/"{blake2b(reply.body, digest_size=8).hexdigest()}"'
            reply.headers["ETag"] = etag
            if asked.headers.get("if-none-match") == etag:
                reply = Reply(status=304, headers={"ETag": etag})
        if reply.status != 304 or "authorization" not in asked.headers:
            bucket.left -= 1
        return self._headed(reply, resource)

    def _headed(self, reply: Reply, resource: str) -> Reply:
        bucket = self.buckets[resource]
        reply.headers |= {
            "x-ratelimit-limit": str(bucket.limit),
            "x-ratelimit-remaining": str(max(0, bucket.left)),
            "x-ratelimit-reset": str(int(bucket.reset)),
            "x-ratelimit-resource": resource,
        }
        if reply.kind == "application/json":
            reply.kind = "application/json; charset=utf-8"
        return reply

    def _said(self, asked: Asked, twist: str | None) -> Reply:
        if asked.path == "/search/repositories":
            return self._search(asked, twist)
        if asked.path == "/search/issues":
            return self._issues(asked, twist)
        name, rest = self._named(asked.path)
        if name in self.world.renamed:
            there = self.world.repositories[self.world.renamed[name]]
            host = asked.headers.get("host", "")
            place = f"http://{host}/repositories/{there.number}{rest}"
            words = {"message": "Moved Permanently", "url": place}
            return in_json(words, 301, Location=place)
        if name in self.world.blocked:
            words = {"message": "Repository access blocked", "block": {"reason": "dmca"}}
            return in_json(words, 451)
        found = self.world.repositories.get(name)
        if found is None or name in self.world.gone:
            return in_json({"message": "Not Found", "status": "404"}, 404)
        match rest:
            case "":
                return in_json(described(found))
            case "/readme":
                return self._readme(asked, found)
            case "/community/profile":
                return in_json(_PROFILE)
        return in_json({"message": "Not Found"}, 404)

    def _named(self, path: str) -> tuple[str, str]:
        """Name of a repository in lower case, and what of it is asked for."""
        by_number = re.match(r"/repositories/(\d+)", path)
        if by_number:
            numbers = {one.number: name for name, one in self.world.repositories.items()}
            return numbers.get(int(by_number[1]), ""), path[by_number.end() :]
        found = re.match(r"/repos/([^/]+/[^/]+)", path)
        return (found[1].lower(), path[found.end() :]) if found else ("", "")

    def _readme(self, asked: Asked, found: Repository) -> Reply:
        if found.readme is None:
            return in_json({"message": "Not Found"}, 404)
        if "raw" in asked.headers.get("accept", ""):
            return Reply(found.readme.encode(), "application/vnd.github.raw+json; charset=utf-8")
        packed = base64.b64encode(found.readme.encode()).decode()
        return in_json({"encoding": "base64", "content": packed})

    def _search(self, asked: Asked, twist: str | None) -> Reply:
        query = asked.query.get("q", "")
        number, size = int(asked.query.get("page", "1")), int(asked.query.get("per_page", "30"))
        if len(query) > 256 or number * size > self.REACH:
            return in_json({"message": "Only the first 1000 search results are available"}, 422)
        found = sorted(self._matching(query), key=lambda one: -one.stars)
        shown = found[(number - 1) * size : number * size]
        if twist == "empty page":
            shown = []
        elif twist == "duplicate page":
            shown = found[:size]
        said = {
            "total_count": len(found),
            "incomplete_results": twist == "incomplete",
            "items": [described(one) for one in shown],
        }
        return in_json(said)

    def _matching(self, query: str) -> list[Repository]:
        stars = re.search(r"\bstars:(\d+)\.\.(\d+)", query)
        low, high = (int(stars[1]), int(stars[2])) if stars else (0, 1 << 62)
        topics = re.findall(r"\btopic:([\w-]+)", query)
        words = [one for one in query.split() if ":" not in one]
        return [
            one
            for one in self.world.repositories.values()
            if low <= one.stars <= high
            and all(topic in one.topics for topic in topics)
            and all(word.lower() in one.name for word in words)
        ]

    def _issues(self, asked: Asked, twist: str | None) -> Reply:
        named = re.search(r"\brepo:(\S+)", asked.query.get("q", ""))
        found = self.world.repositories.get(named[1].lower()) if named else None
        if found is None:
            return in_json({"message": "Validation Failed"}, 422)
        issues = [{"id": 1, "number": 1, "title": "Made up", "state": "open"}]
        said = {
            "total_count": found.newcomers,
            "incomplete_results": twist == "incomplete",
            "items": issues[: found.newcomers],
        }
        return in_json(said)


class GraphQL:
    """docs.github.com/en/graphql: repositories by alias. Without a token: 401."""

    def __init__(self, world: World, rest: Rest) -> None:
        self.world = world
        self.rest = rest

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if asked.path != "/graphql":
            return None
        if "authorization" not in asked.headers:
            words = "This endpoint requires you to be authenticated."
            return in_json({"message": words, "status": "401"}, 401)
        return self.rest.counted(asked, "graphql", lambda: self._said(json.loads(asked.body)))

    def _said(self, question: dict[str, Any]) -> Reply:
        words, variables = question["query"], question.get("variables", {})
        asked = re.findall(r"(\w+): repository\(owner: \$(\w+), name: \$(\w+)\)", words)
        left = self.rest.buckets["graphql"].left
        data: dict[str, Any] = {
            "rateLimit": {"cost": 1, "remaining": left, "resetAt": "2030-01-01T00:00:00Z"}
        }
        errors = []
        for alias, owner, name in asked:
            full = f"{variables[owner]}/{variables[name]}".lower()
            found = self.world.repositories.get(self.world.renamed.get(full, full))
            if found is None or full in self.world.gone:
                data[alias] = None
                words = f"Could not resolve to a Repository with the name '{full}'."
                errors.append({"type": "NOT_FOUND", "path": [alias], "message": words})
            else:
                data[alias] = _node(found)
        return in_json({"data": data, **({"errors": errors} if errors else {})})


class Trending:
    """github.com/trending as browsers get it; the layout of 2020 to 2026."""

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if not re.fullmatch(r"/trending(/[^/]*)?", asked.path):
            return None
        since = asked.query.get("since", "daily")
        period = {"daily": "today", "weekly": "this week", "monthly": "this month"}[since]
        shown = sorted(self.world.repositories.values(), key=lambda one: -one.stars)[:25]
        rows = "" if twist == "empty page" else "".join(_row(one, period) for one in shown)
        page = f"<!DOCTYPE html>\n<html><body><div data-hpc>{rows}</div></body></html>"
        return Reply(page.encode(), "text/html; charset=utf-8")


# -- repositories ----------------------------------------------------------------------------


def described(one: Repository) -> dict[str, Any]:
    """A repository as REST answers it."""
    owner, _, name = one.name.partition("/")
    return {
        "id": one.number,
        "node_id": f"R_{one.number}",
        "name": name,
        "full_name": one.name,
        "private": False,
        "owner": {"login": owner},
        "html_url": f"{SITE}/{one.name}",
        "description": f"Code of made-up network {one.number}",
        "fork": one.fork,
        "url": f"{API}/repos/{one.name}",
        "created_at": "2024-01-01T05:06:07Z",
        "updated_at": "2024-06-01T08:00:00Z",
        "pushed_at": "2024-06-01T08:00:00Z",
        "homepage": None,
        "stargazers_count": one.stars,
        "language": "Python",
        "forks_count": one.stars // 10,
        "archived": one.archived,
        "disabled": False,
        "open_issues_count": one.number % 9,
        "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"},
        "topics": list(one.topics),
        "default_branch": "main",
    }


def _node(one: Repository) -> dict[str, Any]:
    """The same as GraphQL answers it."""
    return {
        "id": f"R_{one.number}",
        "databaseId": one.number,
        "nameWithOwner": one.name,
        "url": f"{SITE}/{one.name}",
        "description": f"Code of made-up network {one.number}",
        "homepageUrl": None,
        "createdAt": "2024-01-01T05:06:07Z",
        "pushedAt": "2024-06-01T08:00:00Z",
        "isArchived": one.archived,
        "isDisabled": False,
        "isFork": one.fork,
        "isPrivate": False,
        "stargazerCount": one.stars,
        "forkCount": one.stars // 10,
        "issues": {"totalCount": one.number % 9},
        "pullRequests": {"totalCount": 0},
        "primaryLanguage": {"name": "Python"},
        "licenseInfo": {"spdxId": "MIT"},
        "repositoryTopics": {"nodes": [{"topic": {"name": topic}} for topic in one.topics]},
        "parent": None,
    }


def _row(one: Repository, period: str) -> str:
    owner, _, name = one.name.partition("/")
    return (
        '<article class="Box-row"><h2 class="h3 lh-condensed">'
        f'<a href="/{one.name}" class="Link"><span class="text-normal">{escape(owner)} /</span>'
        f" {escape(name)}</a></h2>"
        f'<p class="col-9 color-fg-muted my-1">Code of made-up network {one.number}</p>'
        '<div class="f6 color-fg-muted mt-2">'
        '<span itemprop="programmingLanguage">Python</span>'
        f'<a href="/{one.name}/stargazers" class="Link">{one.stars:,}</a>'
        f'<a href="/{one.name}/forks" class="Link">{one.stars // 10:,}</a>'
        f'<span class="d-inline-block float-sm-right">{one.number % 90 + 2} stars {period}</span>'
        "</div></article>"
    )


_PROFILE = {
    "health_percentage": 71,
    "description": "Made up",
    "documentation": None,
    "files": {
        "code_of_conduct": None,
        "contributing": {"url": f"{API}/contents/CONTRIBUTING.md"},
        "issue_template": None,
        "pull_request_template": None,
        "license": {"key": "mit", "spdx_id": "MIT"},
        "readme": {"url": f"{API}/contents/README.md"},
    },
    "updated_at": "2024-06-01T08:00:00Z",
}
