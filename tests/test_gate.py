"""Politeness: what every process of this machine keeps to, whatever happens to one of them."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crawlers import gate as gates
from crawlers.client import Client, Refusal, Stopped
from crawlers.gate import Gate, folder_of_machine
from crawlers.operators import ARXIV, GITHUB, HUGGINGFACE, PAPERSWITHCODE
from crawlers.source import Base, Request, source_named
from tests.loopback import Loopback
from tests.loopback.door import asking, refusal, serving
from tests.loopback.tiny import OFFICIAL, VARIABLE, ask, child, finished, loopback_of_things, tiny

server = pytest.fixture(serving)
client = pytest.fixture(asking)

THINGS = tiny(ARXIV)
"""A source of arXiv's: strict, one connection."""


def refuse(gate: Gate, resource: str, seconds: float, status: int, line: str) -> gates.Penalty:
    """A refusal, written down in a turn as always."""
    with gate.turn("other", lambda said: None, lambda: False):
        return gate.refused(resource, seconds, status, line)


def until(true: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Waits until it is so; the process must live as long."""
    limit = time.monotonic() + 8
    while not true():
        assert process.poll() is None and time.monotonic() < limit, process.communicate()
        time.sleep(0.01)


def files() -> list[Path]:
    """Every file of times, of this home and of the machine."""
    home = Path(os.environ["HUB_HOME"])
    return sorted([*folder_of_machine().glob("*.json"), *home.glob("polite/*.json")])


def write(file: Path, said: object) -> None:
    file.write_text(said if isinstance(said, str) else json.dumps(said), "utf-8")


@dataclass
class Race:
    """Processes that ask at the same time, as often as they may."""

    server: Loopback
    count: int
    """Requests of each."""
    children: "list[subprocess.Popen[str]]"

    def end(self) -> None:
        """Waits for all of them; every request must have been answered."""
        for one in self.children:
            finished(one, 40)
        assert len(self.server.requests) == self.count * len(self.children)


MANY = """
from crawlers.operators import ARXIV
for page in range(1, {count} + 1):
    client.fetch(tiny(ARXIV), ask(f"/v1/things?page={{page}}"))
"""


@pytest.fixture(scope="module", autouse=True)
def races(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Race]]:
    """Begun with the first test of this file and looked at by its last ones: they take their time."""
    begun = {}
    for name, homes, count, delay in (
        ("one home", ("a", "a"), 8, "0.5"),
        ("two homes", ("a", "b"), 8, "0.5"),
        ("three seconds", ("a", "b"), 3, "3.0"),
    ):
        folder = tmp_path_factory.mktemp("race")
        server = loopback_of_things()
        server.open()
        code = MANY.format(count=count)
        asking = [child(code, folder / home, server, HUB_DELAY_SECONDS=delay) for home in homes]
        begun[name] = Race(server, count, asking)
    yield begun
    for race in begun.values():
        for one in race.children:
            one.kill()
            one.communicate()
        race.server.close()


# -- the gap ---------------------------------------------------------------------------------


def test_redirects_keep_the_gap_too(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.3")
    server.fault("/v1/things", "redirect", to="/v1/things?page=2", times=2)
    client.fetch(THINGS, ask(server))
    assert len(server.requests) == 3 and min(server.gaps) >= 0.3


def test_two_sources_of_one_operator_share_the_gap(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.4")
    feed, oai = source_named("arxiv_rss"), source_named("arxiv_oai")
    assert feed is not None and oai is not None
    for source, path in (
        (feed, "/rss/cs.LG"),
        (oai, "/oai?verb=Identify"),
        (THINGS, "/v1/things?page=1"),
    ):
        accept = ("text/xml", "application/json")
        client.fetch(source, Request(server.address + path, accept=accept))
    assert len(server.requests) == 3 and min(server.gaps) >= 0.4
    assert server.most_connections == 1


@pytest.mark.parametrize(
    ("operator", "least"), [(ARXIV, 3.0), (HUGGINGFACE, 0.6), (GITHUB, 1 / 15), (PAPERSWITHCODE, 1)]
)
@pytest.mark.parametrize("wish", ["0", "0.01", "", "no number", "-3"])
def test_official_addresses_have_a_gap_of_their_own(
    operator: object, least: float, wish: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", wish)
    assert Gate(operator, Base(VARIABLE, OFFICIAL), tmp_path).delay >= least  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "delay"), [("", 0.0), ("-1", 0.0), ("x", 0.0), ("nan", 0.0), ("2", 2.0)]
)
def test_other_addresses_have_the_gap_that_is_wished(
    server: Loopback, wish: str, delay: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", wish)
    assert Gate(ARXIV, Base(VARIABLE, OFFICIAL), tmp_path).delay == delay


def test_official_times_are_kept_for_the_machine_and_a_mirrors_for_itself(
    server: Loopback, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
):
    here = Gate(ARXIV, Base(VARIABLE, OFFICIAL), fresh_home)
    refuse(here, "*", 900, 429, "Rate exceeded.")
    monkeypatch.delenv(VARIABLE)
    official = Gate(ARXIV, Base(VARIABLE, OFFICIAL), fresh_home)
    assert official.penalties() == ()
    refuse(official, "*", 900, 429, "Rate exceeded.")
    assert (folder_of_machine() / "arxiv.json").exists()
    elsewhere = Gate(ARXIV, Base(VARIABLE, OFFICIAL), fresh_home.with_name("other-home"))
    assert [one.status for one in elsewhere.penalties()] == [429]


# -- killed ----------------------------------------------------------------------------------


HANGING = """
from crawlers.operators import ARXIV
gates.CONNECTING = 1.0
client.fetch(tiny(ARXIV), ask())
"""


def test_killed_process_frees_the_lock_and_its_gap_is_kept(
    server: Loopback, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
):
    server.fault("/v1", "silent")
    killed = child(HANGING, fresh_home, server, HUB_DELAY_SECONDS="1.5")
    until(lambda: server.requests, killed)
    killed.kill()
    killed.wait()
    monkeypatch.setenv("HUB_DELAY_SECONDS", "1.5")
    client = Client(fresh_home)
    client.fetch(THINGS, ask(server))
    client.close()
    assert 1.5 <= server.gaps[0] < 1.5 + 1.0 + 1.0


def test_other_process_waits_for_the_request_under_way(server: Loopback, fresh_home: Path):
    """It takes no turn while one is out, however long that takes; Ctrl-C ends its waiting."""
    server.fault("/v1", "silent")
    slow = child(HANGING, fresh_home, server, HUB_DELAY_SECONDS="0.1")
    until(lambda: server.requests, slow)
    told: list[str] = []
    since = time.monotonic()
    waiting = Client(
        fresh_home,
        tell=lambda said: told.append(said.why),
        stop=lambda: time.monotonic() - since > 1,
    )
    with pytest.raises(Stopped):
        waiting.fetch(THINGS, ask(server))
    assert time.monotonic() - since < 2
    assert told == ["another process asks it"]
    assert len(server.requests) == 1
    slow.kill()
    slow.wait()


def test_stop_ends_a_wait_at_once(
    server: Loopback, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "30")
    pressed = threading.Event()
    client = Client(fresh_home, stop=pressed.is_set)
    client.fetch(THINGS, ask(server))
    threading.Timer(0.3, pressed.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        client.fetch(THINGS, ask(server))
    assert time.monotonic() - began < 1.5
    assert len(server.requests) == 1
    client.close()


# -- clocks ----------------------------------------------------------------------------------


def test_time_far_ahead_is_not_believed(
    server: Loopback, client: Client, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.2")
    monkeypatch.setattr(gates, "CONNECTING", 0.5)
    client.fetch(THINGS, ask(server))
    for file in files():
        write(file, {"next": 4_102_444_800, "refusals": {}})  # the year 2100
    began = time.monotonic()
    client.fetch(THINGS, ask(server))
    assert 0.2 <= time.monotonic() - began < 2


def test_clock_that_is_set_back_shortens_no_gap(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.5")
    client.fetch(THINGS, ask(server))
    for file in files():
        write(file, {"next": time.time() - 3_600})
    client.fetch(THINGS, ask(server))
    assert server.gaps[0] >= 0.5


# -- damage ----------------------------------------------------------------------------------


BROKEN = [
    "", "{", "[]", "5", "null", '"next"', "\x00" * 40, "[" * 100_000, '{"next": "soon"}', '{"next": []}',
    '{"next": NaN}', '{"next": Infinity}', '{"next": 1, "refusals": []}', '{"refusals": {"core": 5}}',
    '{"refusals": {"core": {"until": "x", "status": 1, "line": ""}}}',
    '{"refusals": {"core": {"until": 1e999, "status": 1e999, "line": ""}}}',
    '{"refusals": {"core": {"status": 1}}}', '{"refusals": null}',
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:40])
def test_broken_file_of_times_is_waited_out_and_mended(
    server: Loopback, client: Client, text: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.05")
    monkeypatch.setattr(gates, "CONNECTING", 0.1)
    client.fetch(THINGS, ask(server))
    for file in files():
        write(file, text)
    began = time.monotonic()
    client.fetch(THINGS, ask(server))
    assert time.monotonic() - began < 2
    assert all("next" in json.loads(file.read_bytes()) for file in files())
    assert len(files()) == 2


def test_broken_file_costs_nothing_where_no_gap_is_kept(server: Loopback, client: Client):
    refuse(client.gate(THINGS), "*", 0.001, 429, "")
    for file in files():
        write(file, "{")
    began = time.monotonic()
    for page in (1, 2, 3):
        client.fetch(THINGS, ask(server, f"/v1/things?page={page}"))
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("trap", ["folder is a file", "lock is a folder", "file is a folder"])
def test_folder_that_cannot_be_used_stops_nothing_and_the_gap_is_kept(
    server: Loopback, fresh_home: Path, trap: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.3")
    machine = folder_of_machine()
    for folder, name in (
        (machine, f"arxiv-127.0.0.1-{server.port}"),
        (fresh_home / "polite", "arxiv"),
    ):
        if trap == "folder is a file":
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.write_text("in the way")
        else:
            (folder / f"{name}.{'lock' if trap.startswith('lock') else 'json'}").mkdir(parents=True)
    client = Client(fresh_home)
    began = time.monotonic()
    for page in (1, 2, 3):
        client.fetch(THINGS, ask(server, f"/v1/things?page={page}"))
    assert min(server.gaps) >= 0.3
    assert time.monotonic() - began < 3
    server.fault("/v1", "429")
    assert refusal(client, ask(server), THINGS).status == 429
    client.close()


# -- refusals --------------------------------------------------------------------------------


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
    assert "its bucket of requests is empty" in said.why
    assert said.until == pytest.approx(server.github.buckets["core"].reset, abs=2)
    assert len(server.requests) == 1
    search = of_github(server, "/search/repositories?q=net", resource="search")
    assert second.fetch(GITHUB_API, search).status == 200
    second.close()


def _repository(server: Loopback) -> str:
    from tests.loopback import Repository

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


def test_interrupted_process_leaves_the_way_free(server: Loopback, fresh_home: Path):
    server.fault("/v1", "silent")
    waiting = child("print('ready', flush=True)\nclient.fetch(source, ask())", fresh_home, server)
    until(lambda: server.requests, waiting)
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(5) != 0
    client = Client(fresh_home)
    began = time.monotonic()
    assert client.fetch(tiny(), ask(server)).status == 200
    assert time.monotonic() - began < 1
    client.close()


# -- races -----------------------------------------------------------------------------------


@pytest.mark.parametrize("homes", ["one home", "two homes"])
def test_processes_keep_the_gap_and_one_connection(races: dict[str, Race], homes: str):
    races[homes].end()
    server = races[homes].server
    assert min(server.gaps) >= 0.5, server.gaps
    assert max(server.gaps) < 2.0, server.gaps
    assert server.most_connections == 1


def test_three_seconds_are_three_seconds(races: dict[str, Race]):
    races["three seconds"].end()
    server = races["three seconds"].server
    assert min(server.gaps) >= 3.0, server.gaps
    assert server.most_connections == 1
