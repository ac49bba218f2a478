"""Recorded answers: what is written down, what is left out, and that they play as they came."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.client import Client, Refusal
from crawlers.crawl import Position, crawl
from crawlers.source import Answer, Base, Request, SourceError, Wish, source_named
from crawlers.tape import Recorder, Replay
from tests.loopback import Loopback, Reply
from tests.loopback.door import SOURCE, serving
from tests.loopback.tiny import OFFICIAL, VARIABLE, ask

server = pytest.fixture(serving)

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
BASE = Base(VARIABLE, OFFICIAL)


@pytest.fixture
def recorded(server: Loopback, fresh_home: Path, tmp_path: Path) -> Callable[..., list[Answer]]:
    """Asks for these and writes the answers down in the folder `tape`."""

    def record(*requests: Request) -> list[Answer]:
        client = Client(fresh_home, record=tmp_path / "tape")
        answers = [client.fetch(SOURCE, request) for request in requests]
        client.close()
        return answers

    return record


def tapes(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((tmp_path / "tape").iterdir())]


def played(tmp_path: Path, home: Path, request: Request) -> Answer:
    return Client(home, replay=tmp_path / "tape", offline=True).fetch(SOURCE, request)


def test_recorded_answer_plays_as_it_came(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path, fresh_home: Path
):
    [came] = recorded(ask(server))
    server.close()
    again = played(tmp_path, fresh_home, ask(server))
    assert (again.url, again.status, again.body, again.day) == (
        came.url,
        came.status,
        came.body,
        came.day,
    )
    assert again.headers["content-type"] == came.headers["content-type"]


def test_recorded_answer_stands_under_the_official_address(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path, fresh_home: Path,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    server.fault("/v1", "redirect", to="/v1/things?page=2")
    recorded(ask(server))
    [tape] = tapes(tmp_path)
    assert tape["url"] == f"{OFFICIAL}/things?page=1"
    assert tape["final_url"] == f"{OFFICIAL}/things?page=2"
    assert "127.0.0.1" not in json.dumps(tape)
    monkeypatch.delenv(VARIABLE)
    request = Request(f"{OFFICIAL}/things?page=1", accept=("application/json",))
    assert played(tmp_path, fresh_home, request).body


def test_recording_holds_no_token_and_no_cookie(
    recorded: Callable[..., list[Answer]],
    server: Loopback,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    server.fault("/v1", "cookies")
    server.give("/text", Reply(f'{{"you": "{SECRET}"}}'.encode(), headers={"ETag": f'"{SECRET}"'}))
    server.give("/bytes", Reply(b"\xff\xfe" + SECRET.encode(), "application/json"))
    recorded(ask(server), ask(server, "/text"), ask(server, "/bytes"))
    assert server.requests[0].headers["authorization"].endswith(SECRET)
    assert len(tapes(tmp_path)) == 3
    replay = Replay(tmp_path / "tape")
    for path in ("/text", "/bytes"):
        answer = replay.answer(ask(server, path), BASE)
        assert answer is not None and b"***" in answer.body
        assert SECRET.encode() not in answer.body
    text = "".join(path.read_text() for path in (tmp_path / "tape").iterdir())
    assert SECRET not in text
    assert "cookie" not in text.lower() and "sweet-secret" not in text
    assert "authorization" not in text.lower()


def test_headers_that_steer_a_crawl_are_kept(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path, fresh_home: Path
):
    kept = {
        "ETag": '"x"',
        "Link": '<https://a.example/2>; rel="next"',
        "x-ratelimit-remaining": "7",
    }
    server.give("/headed", Reply(b"{}", headers={**kept, "X-Trace": "internal"}))
    recorded(ask(server, "/headed"))
    headers = played(tmp_path, fresh_home, ask(server, "/headed")).headers
    assert {name.lower(): value for name, value in kept.items()}.items() <= headers.items()
    assert "x-trace" not in headers


def test_same_request_gets_its_answers_in_turn_and_then_the_last_one(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path
):
    for number in (1, 2, 3):
        server.give("/turn", Reply(str(number).encode()))
        recorded(ask(server, "/turn"))
    replay = Replay(tmp_path / "tape")
    bodies = []
    for _ in range(5):
        answer = replay.answer(ask(server, "/turn"), BASE)
        assert answer is not None
        bodies.append(answer.body)
    assert bodies == [b"1", b"2", b"3", b"3", b"3"]


def test_questions_to_one_address_are_told_apart(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path, fresh_home: Path
):
    server.give("/graphql-like", lambda asked: Reply(asked.body))
    one, two = (ask(server, "/graphql-like", body=body) for body in (b'{"q": 1}', b'{"q": 2}'))
    recorded(one, two)
    assert played(tmp_path, fresh_home, two).body == b'{"q": 2}'
    assert played(tmp_path, fresh_home, one).body == b'{"q": 1}'


def test_request_that_was_not_recorded_is_refused_by_name(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path, fresh_home: Path
):
    recorded(ask(server))
    asked = len(server.requests)
    with pytest.raises(Refusal) as caught:
        played(tmp_path, fresh_home, ask(server, "/v1/things?page=9"))
    assert caught.value.kind == "offline"
    assert "no recorded answer for" in caught.value.why and "page=9" in caught.value.why
    assert len(server.requests) == asked


def test_refusals_are_not_recorded(server: Loopback, fresh_home: Path, tmp_path: Path):
    client = Client(fresh_home, record=tmp_path / "tape")
    with pytest.raises(Refusal):
        client.fetch(SOURCE, ask(server, "/nowhere"))
    client.close()
    assert tapes(tmp_path) == []


def test_recording_goes_on_after_what_is_there(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path
):
    recorded(ask(server))
    recorded(ask(server, "/v1/things?page=2"), ask(server, "/v1/things?page=3"))
    assert [tape["url"][-1] for tape in tapes(tmp_path)] == ["1", "2", "3"]


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_body_is_kept_to_the_byte(tmp_path_factory: pytest.TempPathFactory, body: bytes):
    folder = tmp_path_factory.mktemp("tape")
    request = Request(f"{OFFICIAL}/x", accept=("application/json",), body=b"\xff{}")
    came = Answer(request.url, request.url, 200, {"etag": "\xe9"}, body, "2026-01-01")
    Recorder(folder, ()).keep(request, came, BASE, "things")
    assert Replay(folder).answer(request, BASE) == came


DAMAGED = [
    b"", b"{", b"[]", b"null", b"\xff", b'{"tape": 1}', b'{"tape": 2, "url": "https://x"}',
    b'{"tape": 1, "url": 5}', b"[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: str(text[:24]))
def test_damaged_tape_hides_no_other(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path, text: bytes
):
    recorded(ask(server))
    (tmp_path / "tape" / "00000-broken.json").write_bytes(text)
    assert Replay(tmp_path / "tape").answer(ask(server), BASE) is not None


@pytest.mark.parametrize("name", ["body", "status", "headers", "final_url", "day"])
def test_tape_that_lacks_something_is_damaged(
    recorded: Callable[..., list[Answer]], server: Loopback, tmp_path: Path, name: str
):
    recorded(ask(server))
    [path] = (tmp_path / "tape").iterdir()
    said = json.loads(path.read_bytes())
    del said[name]
    path.write_text(json.dumps(said))
    with pytest.raises(SourceError, match="damaged"):
        Replay(tmp_path / "tape").answer(ask(server), BASE)


def test_whole_crawl_plays_again_without_a_network(
    server: Loopback, fresh_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Recorded from this server, played as if from arXiv itself: the same records."""
    oai = source_named("arxiv_oai")
    assert oai is not None and oai.start is not None
    with Loopback(papers=70, page=20) as arxiv:
        monkeypatch.setenv("HUB_ARXIV_OAI_URL", f"{arxiv.address}/oai")
        steps = oai.start(Wish(since="2024-01-02", categories=("cs.LG",)))
        client = Client(fresh_home, record=tmp_path / "tape")
        live = [taken.page for taken in crawl(oai, client, Position(steps))]
        client.close()
    monkeypatch.delenv("HUB_ARXIV_OAI_URL")
    client = Client(fresh_home, replay=tmp_path / "tape", offline=True)
    assert [taken.page for taken in crawl(oai, client, Position(steps))] == live
    assert sum(len(page.records) for page in live) > 30
