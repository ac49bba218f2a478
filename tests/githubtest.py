"""What the tests of GitHub's API share: steps, answers, and a look into pages."""

import json
from pathlib import Path
from typing import Any

from crawlers.records import Record, RepositoryRecord
from crawlers.source import Answer, Page, Step
from crawlers.sources.github import parse

FIXTURES = Path(__file__).parent / "fixtures" / "github"
DAY = "2026-11-23"
BASE = "https://api.github.com"
NAMES = ["octo-lab/tiny-net", "octo-lab/lost", "octo-lab/old-name", "corp/shut", "someone/half",
         "octo-lab/unsaid"]  # fmt: skip


def content(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def said(name: str) -> Any:
    return json.loads(content(name))


def answer(body: Any, status: int = 200, kind: str = "application/json; charset=utf-8") -> Answer:
    packed = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer("u", "u", status, {"content-type": kind}, packed, DAY)


def asked(name: str = "octo-lab/tiny-net", *more: str) -> Step:
    return Step("repository", {"name": name, "more": list(more)} if more else {"name": name})


def batch(*more: str) -> Step:
    return Step("batch", {"names": NAMES, "more": list(more)} if more else {"names": NAMES})


def searched(low: int = 50, high: int = 1000, page: int = 1) -> Step:
    return Step("search", {"q": "topic:x", "low": low, "high": high, "page": page})


def named(kind: str) -> Step:
    return Step(kind, {"name": "octo-lab/tiny-net"})


def readme(text: str | bytes, kind: str = "application/vnd.github.raw+json") -> Page:
    body = text.encode() if isinstance(text, str) else text
    return parse(named("readme"), answer(body, kind=kind))


def of(page: Page, cls: type[Record]) -> list[Any]:
    return [record for record in page.records if isinstance(record, cls)]


def only(page: Page, cls: type[Record] = RepositoryRecord) -> Any:
    (record,) = of(page, cls)
    return record


def without(value: Any, name: str) -> Any:
    return {key: inner for key, inner in value.items() if key != name}
