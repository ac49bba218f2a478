"""GitHub's API: answers that were changed, cut or made to harm."""

import copy
import random
from typing import Any

import pytest

from crawlers.records import RepositoryRecord
from crawlers.source import Answer, Page, SourceError, Step
from crawlers.sources.github import parse
from tests.githubtest import NAMES, answer, asked, batch, content, named, of, said, searched

ODD: list[Any] = [
    None, True, False, 0, -1, 2**63, 10**400, 1.5, "", " ", "x", "\x00\ud800", "\x1b[2J", "../..", [],
    {}, [[]], [None], [1], ["x"], {"a": {}}, {"full_name": 1}, "2026-13-45", "y" * 300_000,
]  # fmt: skip


# -- mutations -------------------------------------------------------------------------------

MUTATED = {
    "repository.json": asked(),
    "fork.json": asked("someone/tiny-net", "readme"),
    "batch.json": batch(),
    "search.json": searched(),
    "profile.json": named("profile"),
    "newcomers.json": named("newcomers"),
    "moved.json": asked(),
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [at] if at else []
    if isinstance(value, dict | list):
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(one, (*at, name))
    return found


def mutated(value: Any, choose: random.Random, under: tuple[Any, ...] = ()) -> Any:
    """The value with one member taken away or made something else."""
    changed = copy.deepcopy(value)
    path = choose.choice([place for place in places(value) if place[: len(under)] == under])
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    if choose.random() < 0.2:
        del parent[path[-1]]
    else:
        parent[path[-1]] = choose.choice(ODD)
    return changed


def believed(step: Step, found: Answer) -> Page | None:
    """The page; None when the answer is not believed. Anything else is a failure of the test."""
    try:
        return parse(step, found)
    except SourceError as error:
        assert 0 < len(error.why) < 400
        return None


@pytest.mark.parametrize("name", MUTATED)
def test_changed_member_raises_nothing_but_a_source_error(name: str):
    choose = random.Random(name)
    whole, status = said(name), 301 if name == "moved.json" else 200
    for _ in range(300):
        page = believed(MUTATED[name], answer(mutated(whole, choose), status))
        keys = {record.key for record in of(page, RepositoryRecord)} if page else set()
        known = {f"github:{one}" for one in (*NAMES, "octo-lab/new-name", "someone/tiny-net",
                 "octo-lab/first", "octo-lab/second", "octo-lab/third")}  # fmt: skip
        assert keys <= known


@pytest.mark.parametrize("name", [*MUTATED, "own_paper.md"])
def test_cut_or_overwritten_bytes_raise_nothing_but_a_source_error(name: str):
    choose = random.Random(name)
    body = content(name)
    step = MUTATED.get(name, named("readme"))
    kind = "application/json" if name.endswith("json") else "text/plain"
    for _ in range(200):
        at = choose.randrange(len(body))
        noise = choose.randbytes(choose.randrange(4))
        believed(step, answer(body[:at], kind=kind))
        believed(step, answer(body[:at] + noise + body[at + len(noise) :], kind=kind))


def test_changed_repository_of_a_search_leaves_its_siblings_as_they_are():
    choose = random.Random(7)
    whole = said("search.json")
    records = parse(searched(), answer(whole)).records
    for _ in range(300):
        place = choose.randrange(3)
        page = parse(searched(), answer(mutated(whole, choose, ("items", place))))
        siblings = [r for n, r in enumerate(records) if n // 2 != place]
        assert [r for r in page.records if r in siblings] == siblings
        assert len(page.skipped) == (1 if len(page.records) == len(siblings) else 0)


def test_changed_repository_of_a_batch_leaves_its_siblings_as_they_are():
    choose = random.Random(8)
    whole = said("batch.json")
    records = parse(batch(), answer(whole)).records
    others = [r for r in records if "tiny-net" not in str(r.identity())]
    for _ in range(300):
        page = parse(batch(), answer(mutated(whole, choose, ("data", "r0"))))
        assert [r for r in page.records if r in others] == others


@pytest.mark.parametrize("depth", [100, 900, 100_000])
@pytest.mark.parametrize("step", MUTATED.values(), ids=list(MUTATED))
def test_deep_nesting_raises_nothing_but_a_source_error(step: Step, depth: int):
    deep = b"[" * depth + b"1" + b"]" * depth
    for body in (deep, b'{"data": ' + deep + b"}", b'{"full_name": "a/b", "topics": ' + deep + b"}",
                 b'{"total_count": 1, "items": ' + deep + b"}"):  # fmt: skip
        page = believed(step, answer(body))
        told = [r for r in page.records if "[[" in r.model_dump_json()] if page else []
        assert told == []
