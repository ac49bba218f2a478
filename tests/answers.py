"""Valid answers with the steps they answer: what the loopback server says, and what was recorded."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest

from crawlers.client import Client
from crawlers.crawl import Position, crawl
from crawlers.source import Answer, Page, Source, SourceError, Step, Wish, all_sources, source_named
from tests.loopback import Loopback


@dataclass(frozen=True)
class Case:
    """A step and what came for it."""

    source: Source
    step: Step
    answer: Answer
    name: str = ""
    """Of the file, where it was recorded."""

    def __str__(self) -> str:
        return f"{self.source.name} {self.step.kind} {self.answer.status} {self.name}".rstrip()

    def parse(self, body: bytes | None = None) -> Page:
        """The page; with another body in the place of its own."""
        assert self.source.parse is not None
        answer = self.answer if body is None else replace(self.answer, body=body)
        return self.source.parse(self.step, answer)


NETWORKED: Final = [source for source in all_sources() if source.operator]
ASKED: Final = [source for source in NETWORKED if source.parse]
"""Those that are asked step by step; the others are downloaded whole."""

DAYS = {"since": "2024-01-01", "until": "2024-01-04"}
"""All days of the loopback's papers."""

REPOSITORIES = tuple(f"github:lab-{name}" for name in ("4/net-4", "1/net-8", "9/gone", "9/shut"))

WISHES: Final = (
    Wish(),
    Wish(**DAYS),
    Wish(full=True),
    Wish(full=True, since="2024-01-02", categories=("cs.LG",)),
    Wish(keys=("arxiv:2401.00001", "arxiv:2401.00004", "arxiv:2402.99999"), query="net"),
    Wish(keys=REPOSITORIES, full=True),
    Wish(keys=("github:lab-9/old",)),
    Wish(keys=(*REPOSITORIES[1:3], "github:lab-9/old"), authorised=True),
    Wish(tasks=("image-classification",), since="2024-01-01"),
    Wish(tasks=("deep-learning",)),
)
"""What users wish for; every source takes of each what it understands."""


@dataclass
class Crawled:
    """What a source asked for and got, over all wishes."""

    cases: list[Case]
    kinds: set[str]
    """Of every step that it ever meant to ask."""


@cache
def crawled(name: str) -> Crawled:
    """The answers of the loopback to one source. Crawled once in a process, on this machine only."""
    found = source_named(name)
    assert found is not None and found.start
    told = Crawled([], set())
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        Loopback(papers=40, days=4, page=10) as server,
    ):
        for variable, address in server.environment().items():
            patch.setenv(variable, address)
        patch.setenv("XDG_STATE_HOME", folder)
        patch.setenv("GITHUB_TOKEN", "ghp_a-canary")
        for bucket in server.github.buckets.values():
            bucket.limit = bucket.left = 10_000
        server.world.renamed["lab-9/old"] = "lab-4/net-4"
        server.world.gone.add("lab-9/gone")
        server.world.blocked.add("lab-9/shut")
        for wish in WISHES:
            _crawl(found, wish, told, Path(folder))
    return told


def _crawl(source: Source, wish: Wish, told: Crawled, home: Path) -> None:
    assert source.start and source.parse
    own = source.parse

    def parse(step: Step, answer: Answer) -> Page:
        page = own(step, answer)
        told.cases.append(Case(source, step, answer))
        return page

    client = Client(home)
    try:
        first = source.start(wish)
        told.kinds.update(step.kind for step in first)
        for taken in crawl(replace(source, parse=parse), client, Position(first)):
            told.kinds.update(step.kind for step in taken.position.pending)
    except (SourceError, ValueError):
        pass  # a wish that this source cannot fulfil
    finally:
        client.close()


def cases(source: Source) -> list[Case]:
    """For every kind of step, and every status that it may have, the answer with most records."""
    return _cases(source.name)


@cache
def _cases(name: str) -> list[Case]:
    best: dict[tuple[str, int], tuple[int, Case]] = {}
    for case in crawled(name).cases:
        mark, count = (case.step.kind, case.answer.status), len(case.parse().records)
        if mark not in best or best[mark][0] < count:
            best[mark] = count, case
    return [case for _, case in best.values()]


# -- recorded ones ---------------------------------------------------------------------------

DAY: Final = "2026-11-23"


def recorded(data: Path) -> Iterator[Case]:
    """The recorded answers in the folder of real data, each with the step that it answers. Some are
    errors in words, which their parsers refuse."""
    yield from _atom(data / "arxiv" / "atom")
    for path in sorted((data / "arxiv" / "oai").glob("*.xml")):
        yield _case("arxiv_oai", Step("list"), path.read_bytes(), path.name)
    for path in sorted((data / "arxiv" / "rss").glob("*.xml.txt")):
        # What was recorded is the beginning of a feed.
        body = path.read_bytes() + b"</description></item></channel></rss>"
        yield _case("arxiv_rss", Step("feed", {"categories": ["cs.AI"]}), body, path.name)
    yield from _github(data / "github" / "api")
    for path in sorted((data / "github" / "trending").glob("*.html")):
        since = "monthly" if b"stars this month" in path.read_bytes() else "daily"
        step = Step("page", {"language": "python", "since": since})
        yield _case("github_trending", step, path.read_bytes(), path.name)
    kinds = {"": "papers", "method_": "methods", "task_": "tasks", "result_": "evaluations"}
    for path in sorted((data / "pwc" / "api_v1").glob("*_list*.json")):
        kind = kinds[path.stem.removeprefix("paper_").partition("list")[0]]
        yield _case("pwc_live", Step(kind, {"page": 1}), path.read_bytes(), path.name)


def _atom(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.xml")):
        step = Step("search", {"query": "x", "start": 0, "size": 2, "best": 2_000})
        status, told = 200, b""
        tape = path.with_suffix(".json")
        if tape.exists():
            said = json.loads(tape.read_bytes())
            status, told = said["status_code"], said["body"].encode()
            asked = {name: one[0] for name, one in parse_qs(urlsplit(said["url"]).query).items()}
            if "id_list" in asked:
                # Our steps hold ids without version, as keys are.
                ids = [one.partition("v")[0] for one in asked["id_list"].split(",")]
                step = Step("ids", {"ids": ids})
            else:
                first, size = int(asked["start"]), int(asked["max_results"])
                step = Step("search", {**step.said, "start": first, "size": size})
            yield _case("arxiv_query", step, told, tape.name, status)
        yield _case("arxiv_query", step, path.read_bytes(), path.name, status)


def _github(folder: Path) -> Iterator[Case]:
    """Searches and repositories; what else was recorded there is nothing that we ask for."""
    search = Step("search", {"q": "topic:x", "low": 50, "high": 10_000_000, "page": 1})
    for path in sorted(folder.glob("*search*.json")):
        said = json.loads(path.read_bytes())
        body = json.dumps(said["body"]).encode() if "body" in said else path.read_bytes()
        yield _case("github", search, body, path.name)
    for path in sorted([*folder.glob("*--repo.json"), *folder.glob("*--starred.json")]):
        said = json.loads(path.read_bytes())
        for one in said if isinstance(said, list) else [said]:
            found = one.get("repo", one)
            step = Step("repository", {"name": found["full_name"]})
            yield _case("github", step, json.dumps(found).encode(), path.name)


def _case(source: str, step: Step, body: bytes, name: str, status: int = 200) -> Case:
    found = source_named(source)
    assert found is not None
    return Case(found, step, Answer("u", "u", status, {}, body, DAY), name)
