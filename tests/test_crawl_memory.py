"""What was asked before: conditional, still fresh, or not worth remembering."""

import time
from dataclasses import replace
from typing import Any

import pytest

from crawlers.client import Client
from crawlers.crawl import Asked, Taken, crawl
from crawlers.source import Answer, Page, Skip, Source, Step
from tests.loopback import Loopback
from tests.loopback.door import SOURCE, asking, serving
from tests.loopback.tiny import START, VARIABLE, Things, names, pages, parse, tiny, until_error

server = pytest.fixture(serving)
client = pytest.fixture(asking)

ALL = [f"lab/thing-{number}" for number in range(1, 31)]


@pytest.fixture
def things(server: Loopback) -> Things:
    found = server.interfaces[0]
    assert isinstance(found, Things)
    return found


class Memory:
    """What the ledger does with requests, in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Asked] = {}

    def crawl(self, source: Source, client: Client, **more: Any) -> list[Taken]:
        taken = []
        for one in crawl(source, client, START, known=self.kept.get, **more):
            if one.request and one.asked:
                self.kept[one.request] = one.asked
            taken.append(one)
        return taken


def test_unchanged_pages_are_followed_without_their_bodies(
    server: Loopback, client: Client, things: Things
):
    things.etags = True
    memory = Memory()
    memory.crawl(SOURCE, client)
    server.requests.clear()
    again = memory.crawl(SOURCE, client)
    assert names(again) == []
    assert [one.page.tally for one in again] == [(("not changed", 1),)] * 6
    assert pages(server) == [1, 2, 3, 4, 5, 6]
    assert all("if-none-match" in asked.headers for asked in server.requests)
    things.count = 31
    assert names(memory.crawl(SOURCE, client)) == [*ALL, "lab/thing-31"]


def test_fresh_answers_are_not_asked_for(server: Loopback, client: Client):
    source, memory = tiny(fresh_for=3_600), Memory()
    memory.crawl(source, client)
    again = memory.crawl(source, client)
    assert names(again) == [] and len(server.requests) == 6
    assert [one.page.tally for one in again] == [(("asked already", 1),)] * 6
    old = {mark: replace(one, fresh_until=time.time() - 1) for mark, one in memory.kept.items()}
    memory.kept = old
    assert names(memory.crawl(source, client)) == ALL and len(server.requests) == 12


def test_answers_are_remembered_under_the_official_address(
    server: Loopback, client: Client, things: Things, monkeypatch: pytest.MonkeyPatch
):
    things.etags = True
    here, there = Memory(), Memory()
    here.crawl(SOURCE, client)
    with Loopback(papers=0) as other:
        other.interfaces.insert(0, things)
        monkeypatch.setenv(VARIABLE, f"{other.address}/v1")
        there.crawl(SOURCE, client)
        assert len(other.requests) == 6
    assert here.kept.keys() == there.kept.keys() != set()


def test_nothing_is_remembered_that_makes_nothing_cheaper(server: Loopback, client: Client):
    memory = Memory()
    memory.crawl(SOURCE, client)
    assert memory.kept == {}


def test_page_cut_at_a_limit_is_not_remembered(server: Loopback, client: Client):
    source, memory = tiny(fresh_for=3_600), Memory()
    memory.crawl(source, client, limit=7)
    assert len(memory.kept) == 1
    assert names(memory.crawl(source, client)) == ALL[5:]


def test_page_that_is_broken_is_not_remembered(server: Loopback, client: Client):
    def broken(step: Step, answer: Answer) -> Page:
        return replace(parse(step, answer), broken=Skip("line 3", "cut off"))

    memory = Memory()
    memory.crawl(replace(tiny(fresh_for=3_600), parse=broken), client)
    assert memory.kept == {}


@pytest.mark.parametrize("known", [None, Asked(), Asked(fresh_until=1.0)])
def test_304_that_nobody_asked_for_is_not_believed(
    server: Loopback, client: Client, known: Asked | None
):
    server.fault("/v1", "304", times=None)
    taken, error = until_error(crawl(SOURCE, client, START, known=lambda mark: known))
    assert taken == [] and "304" in str(error)
