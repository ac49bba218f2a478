"""The server of the tests speaks as the sources expect: else what they are tested with proves nothing."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawlers.client import Client
from crawlers.crawl import Position, crawl
from crawlers.source import Source, Wish, all_sources, source_named
from tests.loopback import Loopback
from tests.loopback.server import BASES

NETWORK = [source for source in all_sources() if source.start]

WISHES = {
    "arxiv_oai": Wish(since="2024-01-02", until="2024-01-08", categories=("cs.LG", "cs.CV")),
    "arxiv_query": Wish(query="ti:noisy OR abs:attention", categories=("cs.LG",)),
    "arxiv_rss": Wish(categories=("cs.LG", "cs.CV", "cs.CL", "cs.NE")),
    "hf_papers": Wish(since="2024-01-01", until="2024-01-04"),
    "pwc_live": Wish(full=True),
    "github": Wish(keys=("github:lab-4/net-4", "github:lab-1/net-8"), full=True),
    "github_trending": Wish(),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback(papers=100, page=15) as server:
        for variable, address in server.environment().items():
            monkeypatch.setenv(variable, address)
        yield server


def test_every_base_address_is_served(server: Loopback):
    variables = {source.base.variable for source in all_sources() if source.base}
    assert variables <= server.environment().keys() == BASES.keys()
    hosts = {urlsplit(address).netloc for address in server.environment().values()}
    assert hosts == {f"127.0.0.1:{server.port}"}


@pytest.mark.parametrize("source", NETWORK, ids=lambda source: source.name)
def test_every_source_reads_it_without_skipping_anything(
    server: Loopback, fresh_home: Path, source: Source
):
    assert source.start is not None
    client = Client(fresh_home)
    taken = list(crawl(source, client, Position(source.start(WISHES[source.name]))))
    client.close()
    assert [skip for one in taken for skip in one.page.skipped] == []
    assert sum(len(one.page.records) for one in taken) > 4
    assert server.most_connections == 1


def test_pages_of_a_harvest_hold_every_paper_once(server: Loopback, fresh_home: Path):
    """Tokens whose first day moves on lose nothing and repeat nothing."""
    oai = source_named("arxiv_oai")
    assert oai is not None and oai.start is not None
    client = Client(fresh_home)
    taken = list(crawl(oai, client, Position(oai.start(Wish(full=True)))))
    client.close()
    papers = [one.key for page in taken for one in page.page.records if one.table_name == "paper"]  # type: ignore[union-attr]
    assert sorted(papers) == [f"arxiv:{paper.identifier}" for paper in server.world.papers]
    assert len(server.requests) == 7


def test_token_of_github_is_needed_for_its_graphql_only(
    server: Loopback, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
):
    github = source_named("github")
    assert github is not None and github.start is not None
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "x" * 36)
    wish = Wish(keys=("github:lab-4/net-4", "github:lab/none"), authorised=True)
    client = Client(fresh_home)
    [taken] = crawl(github, client, Position(github.start(wish)))
    client.close()
    assert taken.page.tally == (("points", 1), ("repositories", 1), ("gone", 1))
    assert [asked.line for asked in server.requests] == ["POST /graphql"]


def test_connection_that_stands_holds_up_no_other(server: Loopback):
    with (
        socket.create_connection(("127.0.0.1", server.port)),
        socket.create_connection(("127.0.0.1", server.port), timeout=15) as second,
    ):
        second.sendall(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert second.recv(100).startswith(b"HTTP/1.1 404")
        assert server.most_connections == 2
