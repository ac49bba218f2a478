"""Refusals: who is left alone for how long, and that every process knows."""

import json
import time
from pathlib import Path

import pytest

from crawlers import gate as gates
from crawlers.client import Client, Refusal
from crawlers.operators import ARXIV, HUGGINGFACE
from crawlers.source import Request, source_named
from tests.loopback import Loopback, Repository
from tests.loopback.door import asking, files, refusal, refuse, serving, write
from tests.loopback.tiny import ask, child, finished, tiny

server = pytest.fixture(serving)
client = pytest.fixture(asking)

THINGS = tiny(ARXIV)
"""A source of arXiv's: strict."""


# -- arXiv -----------------------------------------------------------------------------------


ONCE = """
from crawlers.operators import ARXIV
try:
    client.fetch(tiny(ARXIV), ask())
    print(json.dumps(["answered"]))
except Refusal as refusal:
    print(json.dumps([refusal.kind, refusal.status, refusal.until, refusal.why]))
"""


@pytest.mark.parametrize("kind", ["429", "429 seconds"])
def test_arxiv_that_is_asked_too_often_is_left_alone_by_every_process(
    server: Loopback, client: Client, fresh_home: Path, kind: str
):
    server.fault("/v1", kind)
    said = refusal(client, ask(server), THINGS)
    assert said.status == 429
    assert said.until == pytest.approx(time.time() + 600, abs=3)
    kept = [json.loads(file.read_bytes())["refusals"]["*"] for file in files()]
    assert [one["until"] >= said.until - 0.01 for one in kept] == [True, True]
    for home in (fresh_home, fresh_home.with_name("other-home")):
        name, status, until, why = json.loads(finished(child(ONCE, home, server)))
        assert (name, status) == ("refused", 429)
        assert until == pytest.approx(said.until, abs=0.01)
        assert time.strftime("%H:%M:%S UTC", time.gmtime(until)) in why
    assert len(server.requests) == 1


def test_arxiv_says_it_with_status_200_too(server: Loopback, client: Client):
    server.fault("/v1", "status", code=200, line="Rate exceeded.")
    said = refusal(client, ask(server, accept=("text/plain",)), THINGS)
    assert said.until == pytest.approx(time.time() + 600, abs=3)


def test_refusal_closes_all_of_arxiv(server: Loopback, client: Client):
    server.fault("/oai", "429")
    oai, feed = source_named("arxiv_oai"), source_named("arxiv_rss")
    assert oai is not None and feed is not None
    refusal(client, Request(f"{server.address}/oai", accept=("text/xml",)), oai)
    said = refusal(client, Request(f"{server.address}/rss/cs.LG", accept=("text/xml",)), feed)
    assert said.status == 429 and len(server.requests) == 1
    huggingface = tiny(HUGGINGFACE)
    assert client.fetch(huggingface, ask(server)).status == 200


def test_refusal_that_is_over_is_over(server: Loopback, client: Client):
    refuse(client.gate(THINGS), "*", 1.0, 429, "Rate exceeded.")
    began = time.monotonic()
    assert client.fetch(THINGS, ask(server)).status == 200
    assert 0.9 <= time.monotonic() - began < 2
    assert client.gate(THINGS).penalties() == ()


def test_later_shorter_refusal_does_not_shorten_an_earlier_one(server: Loopback, client: Client):
    gate = client.gate(THINGS)
    first = refuse(gate, "core", 900, 429, "first")
    refuse(gate, "core", 10, 429, "second")
    assert [one.until for one in gate.penalties()] == [pytest.approx(first.until, abs=0.01)]


def test_refusal_of_years_in_a_file_holds_a_day(server: Loopback, client: Client):
    refuse(client.gate(THINGS), "*", 5, 429, "x")
    said = {"until": 4_102_444_800, "status": 429, "line": "x"}
    for file in files():
        write(file, {"refusals": {"*": said}})
    until = refusal(client, ask(server), THINGS).until
    assert until == pytest.approx(time.time() + 86_400, abs=3)


def test_past_refusals_do_not_pile_up(server: Loopback, client: Client):
    gate = client.gate(THINGS)
    for number in range(20):
        refuse(gate, f"made-up-{number}", -1, 403, "x")
    assert all(len(json.loads(file.read_bytes())["refusals"]) <= 1 for file in files())


# -- buckets ---------------------------------------------------------------------------------


GITHUB_API = source_named("github")


def of_github(server: Loopback, path: str, **said: object) -> Request:
    kinds = ("application/json", "application/vnd.github+json")
    return Request(server.address + path, accept=kinds, **said)  # type: ignore[arg-type]


def test_emptied_bucket_is_left_until_it_is_full_and_others_are_asked(
    server: Loopback, client: Client, fresh_home: Path
):
    assert GITHUB_API is not None
    server.github.buckets["core"].left = 1
    name = _repository(server)
    assert client.fetch(GITHUB_API, of_github(server, f"/repos/{name}")).status == 200
    second = Client(fresh_home)
    said = refusal(second, of_github(server, f"/repos/{name}"), GITHUB_API)
    assert said.kind == "refused"
    assert said.until == pytest.approx(server.github.buckets["core"].reset, abs=2)
    assert len(server.requests) == 1
    search = of_github(server, "/search/repositories?q=net", resource="search")
    assert second.fetch(GITHUB_API, search).status == 200
    second.close()


def _repository(server: Loopback) -> str:
    server.world.repositories["lab/net"] = Repository(1, "lab/net", 5)
    return "lab/net"


def test_bucket_that_is_full_again_soon_is_waited_for(server: Loopback, client: Client):
    assert GITHUB_API is not None
    name = _repository(server)
    bucket = server.github.buckets["core"]
    bucket.left, bucket.reset = 1, time.time() + 1.5
    for _ in range(2):
        assert client.fetch(GITHUB_API, of_github(server, f"/repos/{name}")).status == 200
    assert server.gaps[0] >= 0.5
    assert server.requests[1].at - server.requests[0].at < 4


@pytest.mark.parametrize("code", [403, 429])
def test_spent_allowance_is_refused_until_its_reset(server: Loopback, client: Client, code: int):
    assert GITHUB_API is not None
    server.fault("/search", "spent", seconds=600, resource="search", code=code)
    search = of_github(server, "/search/repositories?q=net", resource="search")
    said = refusal(client, search, GITHUB_API)
    assert said.until == pytest.approx(time.time() + 600, abs=3)
    refusal(client, search, GITHUB_API)
    assert len(server.requests) == 1
    name = _repository(server)
    assert client.fetch(GITHUB_API, of_github(server, f"/repos/{name}")).status == 200


def test_secondary_limit_closes_everything_for_a_minute(server: Loopback, client: Client):
    assert GITHUB_API is not None
    name = _repository(server)
    server.fault("/repos", "secondary limit")
    said = refusal(client, of_github(server, f"/repos/{name}"), GITHUB_API)
    assert said.status == 403 and "secondary rate limit" in said.why
    assert said.until is not None and said.until >= time.time() + 59
    everything = [one.resource for one in client.gate(GITHUB_API).penalties()]
    assert everything == [gates.EVERYTHING]


PRETTY = """{
  "documentation_url": "https://docs.github.com/free-pro-team@latest/rest/overview/limits#secondary-limits",
  "note": "%s",
  "message": "You have exceeded a secondary rate limit. Please wait a few minutes."
}"""


@pytest.mark.parametrize("wanted", [{200}, {200, 403}])
def test_secondary_limit_is_heard_wherever_the_answer_says_it(
    server: Loopback, client: Client, wanted: set[int]
):
    assert GITHUB_API is not None
    media = "application/json"
    server.fault("/repos", "status", code=403, line=PRETTY % ("x" * 300), media=media)
    request = of_github(server, "/repos/a/b", answers=frozenset(wanted))
    said = refusal(client, request, GITHUB_API)
    assert said.until is not None and said.until >= time.time() + 59
    assert "documentation_url" in said.why  # the first line with words in it


def test_plain_403_is_no_limit(server: Loopback, client: Client):
    assert GITHUB_API is not None
    words = '{"message": "Repository access blocked"}'
    server.fault("/repos", "status", code=403, line=words, headers={"x-ratelimit-remaining": "59"})
    said = refusal(client, of_github(server, "/repos/a/b"), GITHUB_API)
    assert (said.kind, said.status, said.until) == ("refused", 403, None)
    assert client.gate(GITHUB_API).penalties() == ()


@pytest.mark.parametrize(("left", "reset", "asked"), [(1, 300, 1), (2, 300, 2), (1, 1, 2)])
def test_hugging_faces_own_header_is_obeyed(
    server: Loopback, client: Client, left: int, reset: int, asked: int
):
    papers = source_named("hf_papers")
    assert papers is not None
    server.huggingface.left, server.huggingface.reset = left, reset
    url = f"{server.address}/api/daily_papers?date=2024-01-01"
    request = Request(url, accept=("application/json",))
    assert client.fetch(papers, request).status == 200
    try:
        client.fetch(papers, request)
    except Refusal as said:
        assert said.until == pytest.approx(time.time() + reset + 1, abs=2)
    assert len(server.requests) == asked
    assert reset > 1 or server.gaps[0] >= 1.9


# -- being told ------------------------------------------------------------------------------


def test_waiting_is_told_with_its_reason_and_its_end(server: Loopback, fresh_home: Path):
    told: list[gates.Waiting] = []
    client = Client(fresh_home, tell=told.append)
    server.fault("/v1", "429 seconds", seconds=1)
    client.fetch(tiny(), ask(server))
    client.close()
    assert (told[0].operator, told[0].why) == ("Things", "Slow down")
    assert told[0].until == pytest.approx(time.time(), abs=1.5)
