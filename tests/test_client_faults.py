"""The network door under fire: what is tried again, what is refused, and what it may cost."""

import gzip
import json
import threading
import time
import zlib
from pathlib import Path

import pytest

from crawlers import client as clients
from crawlers import wire
from crawlers.client import Client, Refusal
from crawlers.operators import GITHUB, HUGGINGFACE
from crawlers.source import SourceError
from tests.loopback import Loopback, Reply
from tests.loopback.door import SOURCE, asking, damage, refusal, serving
from tests.loopback.tiny import VARIABLE, ask, child, finished, tiny

server = pytest.fixture(serving)
client = pytest.fixture(asking)


# -- statuses --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 410, 414, 418, 422, 451, 501, 507])
def test_refusal_of_a_request_is_not_asked_for_again(server: Loopback, client: Client, code: int):
    server.fault(
        "/v1", "status", times=None, code=code, line="\n\n  because of <b>this</b>\nand so"
    )
    said = refusal(client, ask(server), tiny(GITHUB, VARIABLE))
    assert (said.kind, said.status, said.until) == ("refused", code, None)
    assert said.why == f"127.0.0.1 answers {code}: because of <b>this</b>"
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_failure_that_may_pass_is_tried_with_the_very_same_request(
    server: Loopback, client: Client, code: int
):
    server.fault("/v1", "status", code=code, times=2)
    assert client.fetch(SOURCE, ask(server)).status == 200
    first, *others = server.requests
    assert len(others) == 2
    for other in others:
        assert (other.line, other.body, other.headers) == (first.line, first.body, first.headers)


def test_failure_that_stays_is_given_up_after_longer_and_longer_waits(
    server: Loopback, client: Client
):
    server.fault("/v1", "status", code=502, times=None, line="Bad Gateway")
    said = refusal(client, ask(server))
    assert (said.kind, said.status) == ("refused", 502)
    assert said.why == "Things answers 502: Bad Gateway (5 tries)"
    assert len(server.requests) == clients.TRIES
    shortest = [0.75 * 0.1 * 2**tries for tries in range(4)]
    assert all(gap >= least for gap, least in zip(server.gaps, shortest, strict=True)), server.gaps


def test_official_addresses_are_given_seconds_to_recover(client: Client):
    waits = [client._back_off(SOURCE, tries) for tries in range(1, 9)]
    assert 2.25 <= waits[0] <= 3.75
    assert 45.0 * 1.25 >= waits[-1] >= 45.0 * 0.75


def test_a_harvest_has_so_many_second_tries_and_no_more(server: Loopback, client: Client):
    client.retries_left = 3
    server.fault("/v1", "status", code=500, times=None)
    assert "(4 tries)" in refusal(client, ask(server)).why
    assert "(1 tries)" in refusal(client, ask(server)).why
    with pytest.raises(Refusal, match="too many damaged answers"):
        client.before_again(SOURCE, 1, "cut off")
    assert len(server.requests) == 5


# -- connections -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset", "hang up", "short", "gzip cut"])
def test_answer_that_breaks_off_is_asked_for_again(server: Loopback, client: Client, kind: str):
    server.fault("/v1", kind, times=2)
    assert json.loads(client.fetch(SOURCE, ask(server)).body)["total"] == 30
    assert len(set(server.targets)) == 1 and len(server.requests) == 3


@pytest.mark.parametrize("kind", ["reset", "hang up", "short", "gzip cut"])
def test_answer_that_always_breaks_off_is_given_up(server: Loopback, client: Client, kind: str):
    client.retries_left = 2
    server.fault("/v1", kind, times=None)
    said = refusal(client, ask(server))
    assert (said.kind, said.status) == ("unreachable", None)
    assert said.why.startswith("Things cannot be reached: ") and said.why.endswith("(3 tries)")


def test_server_that_is_away_is_unreachable(server: Loopback, client: Client):
    request = ask(server)
    client.retries_left = 2
    server.close()
    began = time.monotonic()
    said = refusal(client, request)
    assert (said.kind, said.status) == ("unreachable", None)
    assert "refused" in said.why
    assert time.monotonic() - began < 5


def test_server_that_comes_back_is_found(server: Loopback, client: Client):
    client.fetch(SOURCE, ask(server))
    server.close()
    threading.Timer(0.4, server.open).start()
    assert client.fetch(SOURCE, ask(server)).status == 200


def test_headers_without_end_are_cut_off(server: Loopback, client: Client):
    client.retries_left = 1
    server.fault("/v1", "huge headers", times=None)
    assert refusal(client, ask(server)).kind == "unreachable"


# -- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drip headers", "silent"])
def test_headers_that_do_not_come_are_waited_for_so_long(
    server: Loopback, client: Client, kind: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(clients, "WHOLE", 0.7)
    server.fault("/v1", kind, times=None)
    began = time.monotonic()
    said = refusal(client, ask(server))
    assert said.kind == "unreachable"
    assert "its headers did not come in time (2 tries)" in said.why
    assert 1.4 <= time.monotonic() - began < 4
    assert len(server.requests) == clients.SLOW_TRIES


def test_body_that_drips_is_cut_off(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wire, "GRACE", 0.7)
    server.fault("/v1", "drip", times=None)
    began = time.monotonic()
    said = refusal(client, ask(server))
    assert said.kind == "unreachable" and "bytes came" in said.why
    assert 1.4 <= time.monotonic() - began < 4
    assert len(server.requests) == clients.SLOW_TRIES


def test_drip_in_an_error_page_is_cut_off(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wire, "GRACE", 0.7)
    server.give("/sad", Reply(b"no " * 100, "text/plain", 404))
    server.fault("/sad", "drip", times=None)
    began = time.monotonic()
    assert refusal(client, ask(server, "/sad")).status == 404
    assert time.monotonic() - began < 3


def test_body_that_comes_slowly_but_surely_is_taken(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wire, "GRACE", 0.2)
    monkeypatch.setattr(wire, "LEAST_RATE", 10)
    server.give("/slow", Reply(b"0123456789"))
    server.fault("/slow", "drip", pause=0.05)
    assert client.fetch(SOURCE, ask(server, "/slow")).body == b"0123456789"


def test_limits_of_time_are_those_that_are_promised():
    """A minute and a half for OAI's slow pages, and an end to everything."""
    assert (wire.GRACE, wire.LEAST_RATE, clients.WHOLE) == (20.0, 16 << 10, 150.0)
    assert clients.TIMEOUT.read == 100.0 and clients.TIMEOUT.connect == 10.0


# -- size ------------------------------------------------------------------------------------


def test_body_may_be_as_long_as_its_limit_and_no_longer(server: Loopback, client: Client):
    server.give("/long", Reply(b"x" * 1_000))
    assert len(client.fetch(SOURCE, ask(server, "/long", max_bytes=1_000)).body) == 1_000
    error = damage(client, ask(server, "/long", max_bytes=999))
    assert "longer than" in error.why and not error.again


def test_body_without_end_is_left_at_the_limit(server: Loopback, client: Client):
    server.fault("/v1", "endless", times=None)
    began = time.monotonic()
    error = damage(client, ask(server))
    assert error.why == "the answer is longer than 32 MiB" and not error.again
    assert time.monotonic() - began < 3
    assert len(server.requests) == 1


BOUNDED = """
import resource
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
client.fetch(source, ask())
before, began = peak(), time.monotonic()
try:
    client.fetch(source, ask("/bomb"))
    print(json.dumps(["nothing", "", peak() - before, time.monotonic() - began]))
except (SourceError, Refusal) as error:
    said = [type(error).__name__, error.why, peak() - before, time.monotonic() - began]
    print(json.dumps(said))
"""


@pytest.mark.parametrize("kind", ["bomb", "endless"])
def test_bomb_costs_no_more_than_the_limit(server: Loopback, fresh_home: Path, kind: str):
    """A body that inflates to 2 GiB: 32 MiB are the limit, 64 MiB what may be lost beside them."""
    server.give("/bomb", Reply(b"{}"))
    server.fault("/bomb", kind, times=None)
    name, why, megabytes, seconds = json.loads(finished(child(BOUNDED, fresh_home, server)))
    assert (name, why) == ("SourceError", "the answer is longer than 32 MiB")
    assert megabytes < 32 + 64
    assert seconds < 3


def test_bomb_in_an_error_page_does_not_go_off(server: Loopback, fresh_home: Path):
    server.give("/bomb", Reply(b"{}", "text/plain", 404))
    server.fault("/bomb", "bomb", times=None)
    name, why, megabytes, seconds = json.loads(finished(child(BOUNDED, fresh_home, server)))
    assert (name, why) == ("Refusal", "127.0.0.1 answers 404: Not Found")
    assert megabytes < 20
    assert seconds < 3


def test_many_empty_packings_cost_little_time(server: Loopback, client: Client):
    server.fault("/v1", "gzip members", count=200_000)
    began = time.monotonic()
    assert client.fetch(SOURCE, ask(server)).body == b""
    assert time.monotonic() - began < 5


# -- answers of another kind -----------------------------------------------------------------


def test_error_page_that_calls_itself_a_success_is_not_believed(server: Loopback, client: Client):
    server.fault("/v1", "html", times=None)
    error = damage(client, ask(server))
    assert error.again
    assert error.why.startswith("text/html came instead of application/json: <!DOCTYPE html>")
    assert len(server.requests) == 1


def test_other_media_type_is_not_believed(server: Loopback, client: Client):
    server.fault("/v1", "wrong kind", media="application/pdf")
    assert "application/pdf came" in damage(client, ask(server)).why


def test_packing_that_nobody_asked_for_is_not_read(server: Loopback, client: Client):
    server.fault("/v1", "brotli", times=None)
    error = damage(client, ask(server))
    assert "packed as 'br'" in error.why and not error.again


@pytest.mark.parametrize("window", [zlib.MAX_WBITS, -zlib.MAX_WBITS], ids=["zlib", "bare"])
def test_deflate_is_read_in_both_its_ways(server: Loopback, client: Client, window: int):
    packer = zlib.compressobj(wbits=window)
    packed = packer.compress(b'{"things": []}') + packer.flush()
    server.give("/packed", Reply(packed, headers={"Content-Encoding": "deflate"}))
    assert client.fetch(SOURCE, ask(server, "/packed")).body == b'{"things": []}'


def test_padding_after_a_packed_body_is_passed_over(server: Loopback, client: Client):
    packed = gzip.compress(b"[]") + b"\0" * 20
    server.give("/padded", Reply(packed, headers={"Content-Encoding": "gzip"}))
    assert client.fetch(SOURCE, ask(server, "/padded")).body == b"[]"


def test_packing_that_is_none_may_be_asked_for_again(server: Loopback, client: Client):
    server.give("/odd", Reply(b"no gzip at all", headers={"Content-Encoding": "gzip"}))
    error = damage(client, ask(server, "/odd"))
    assert "cannot be unpacked" in error.why and error.again


HOSTILE = "\x1b]0;owned\x07\x1b[2J[red]" + "x" * 5_000


@pytest.mark.parametrize("where", ["body", "reason", "type", "location"])
def test_words_of_a_server_are_short_and_move_no_cursor(
    server: Loopback, client: Client, where: str
):
    if where == "body":
        server.fault("/v1", "status", code=404, line=HOSTILE)
    elif where == "reason":
        server.fault("/v1", "words in reason", words="\x9b2J" + "x" * 5_000)
    elif where == "type":
        server.fault("/v1", "wrong kind", times=None, media="text/" + HOSTILE)
    else:
        server.fault("/v1", "redirect", times=None, to="http://evil.example/" + HOSTILE)
    with pytest.raises((Refusal, SourceError)) as caught:
        client.fetch(SOURCE, ask(server))
    why = str(caught.value)
    assert not [sign for sign in why if not sign.isprintable()]
    assert len(why) < 600


# -- how long to wait ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code"), [("429 seconds", 429), ("429 seconds", 503), ("429 date", 503)]
)
def test_named_pause_is_kept(server: Loopback, client: Client, kind: str, code: int):
    ahead = 1 if kind == "429 seconds" else 2.0
    server.fault("/v1", kind, seconds=ahead, code=code)
    assert client.fetch(SOURCE, ask(server)).status == 200
    # A date has no parts of seconds: of two seconds ahead one at least is left.
    assert 1.0 <= server.gaps[0] < 8


def test_named_pause_is_kept_by_other_processes_too(
    server: Loopback, client: Client, fresh_home: Path
):
    server.fault("/v1/things", "429 seconds", seconds=3)
    asked = threading.Thread(target=client.fetch, args=(SOURCE, ask(server)))
    asked.start()
    time.sleep(0.3)
    began = time.monotonic()
    second = Client(fresh_home)
    second.fetch(SOURCE, ask(server, "/v1/things?page=2"))
    second.close()
    assert time.monotonic() - began > 2
    asked.join()
    assert min(server.gaps[:1]) >= 2.9


def test_pause_of_nothing_is_no_leave_to_hammer(server: Loopback, client: Client):
    server.fault("/v1", "429 seconds", seconds=0, times=2)
    client.fetch(SOURCE, ask(server))
    assert server.gaps[0] >= 0.07 and server.gaps[1] >= 0.15


@pytest.mark.parametrize("seconds", [0, "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_pauses_of_nothing_without_end_close_the_operator(
    server: Loopback, client: Client, seconds: object
):
    server.fault("/v1", "429 seconds", seconds=seconds, times=None)
    source = tiny(HUGGINGFACE)
    said = refusal(client, ask(server), source)
    assert said.until == pytest.approx(time.time() + HUGGINGFACE.penalty, abs=3)
    asked = len(server.requests)
    assert asked == clients.TRIES
    assert refusal(client, ask(server), source).status == 429
    assert len(server.requests) == asked, "the next command does not hammer on"


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("kind", ["429 seconds", "429 date"])
def test_long_pause_ends_the_crawl_and_says_until_when(
    server: Loopback, client: Client, kind: str, code: int
):
    server.fault("/v1", kind, seconds=3_600, code=code)
    said = refusal(client, ask(server))
    assert said.kind == "refused" and said.status == code
    assert said.until == pytest.approx(time.time() + 3_600, abs=3)
    moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime(said.until))
    assert f"not asked before {moment}" in said.why
    again = refusal(client, ask(server))
    assert (again.kind, again.status, len(server.requests)) == ("refused", code, 1)
    assert again.until == pytest.approx(said.until, abs=0.01)


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("seconds", [100_000_000, 10**14, 10**30 - 1])
def test_pause_of_years_is_believed_for_a_day(
    server: Loopback, client: Client, seconds: int, code: int
):
    server.fault("/v1", "429 seconds", seconds=seconds, code=code)
    until = refusal(client, ask(server)).until
    assert until == pytest.approx(time.time() + 86_400, abs=3)


@pytest.mark.parametrize("words", ["soon", "-5", "1e9", "1.5", "", "Mon, 99 Foo 2024", "\x80"])
def test_pause_that_says_nothing_is_none(server: Loopback, client: Client, words: str):
    server.fault("/v1", "429 seconds", seconds=words, times=1)
    said = refusal(client, ask(server))
    assert said.status == 429
    assert said.until == pytest.approx(time.time() + SOURCE.operator.penalty, abs=3)  # type: ignore[union-attr]


def test_too_many_requests_without_a_word_ends_the_crawl(server: Loopback, client: Client):
    server.fault("/v1", "429")
    said = refusal(client, ask(server))
    assert "Things refused (429: Rate exceeded.)" in said.why
    assert len(server.requests) == 1
