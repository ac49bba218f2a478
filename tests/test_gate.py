"""Politeness: what every process of this machine keeps to, whatever happens to one of them."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from crawlers import gate as gates
from crawlers.client import Client, Stopped
from crawlers.gate import Gate, folder_of_machine
from crawlers.operators import ARXIV, GITHUB, HUGGINGFACE, PAPERSWITHCODE
from crawlers.source import Base, Request, source_named
from tests.loopback import Loopback
from tests.loopback.door import asking, files, refusal, refuse, serving, until, write
from tests.loopback.tiny import OFFICIAL, VARIABLE, ask, child, finished, loopback_of_things, tiny

server = pytest.fixture(serving)
client = pytest.fixture(asking)

THINGS = tiny(ARXIV)
"""A source of arXiv's: strict, one connection."""


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

    @property
    def turns(self) -> int:
        """How often another process got its turn than before."""
        askers = [asked.headers["user-agent"] for asked in self.server.requests]
        return sum(one != other for one, other in pairwise(askers))


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
        asking = [
            child(code, folder / home, server, HUB_DELAY_SECONDS=delay, HUB_CONTACT=str(number))
            for number, home in enumerate(homes)
        ]
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
    assert 1.5 <= server.gaps[0] < 8


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
    assert time.monotonic() - since < 8
    assert told == ["another process asks it"]
    assert len(server.requests) == 1
    slow.kill()
    slow.wait()


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
    assert 0.2 <= time.monotonic() - began < 8


def test_clock_that_is_set_back_shortens_no_gap(
    server: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.5")
    client.fetch(THINGS, ask(server))
    for file in files():
        write(file, {"next": time.time() - 3_600})
    client.fetch(THINGS, ask(server))
    assert server.gaps[0] >= 0.5


def test_clock_set_forth_shortens_no_gap_of_another_process(
    server: Loopback, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
):
    """Half a second of the gap is left by the machine's own clock, an hour less than none by the wall's."""
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.7")
    for folder, name in (
        (folder_of_machine(), f"arxiv-127.0.0.1-{server.port}"),
        (fresh_home / "polite", "arxiv"),
    ):
        folder.mkdir(parents=True)
        said = {"next": time.time() - 3_600, "next_by_machine": time.monotonic() + 0.5}
        write(folder / f"{name}.json", said)
    client = Client(fresh_home)
    began = time.monotonic()
    client.fetch(THINGS, ask(server))
    assert time.monotonic() - began >= 0.45
    for file in files():
        # Written before the machine was started anew.
        write(file, {"next": 0.0, "next_by_machine": time.monotonic() + 1_000_000})
    began = time.monotonic()
    client.fetch(THINGS, ask(server))
    assert time.monotonic() - began < 10
    client.close()


def test_wait_ends_in_time_though_the_clock_is_set_back_meanwhile(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    began, wall = time.monotonic(), time.time()
    monkeypatch.setattr(gates.time, "time", lambda: wall - 3_600 * (time.monotonic() > began + 0.1))
    client.gate(THINGS).pause(0.4, "", lambda said: None, lambda: False)
    assert 0.3 <= time.monotonic() - began < 3


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
    assert time.monotonic() - began < 8
    assert all("next" in json.loads(file.read_bytes()) for file in files())
    assert len(files()) == 2


def test_broken_file_costs_nothing_where_no_gap_is_kept(server: Loopback, client: Client):
    refuse(client.gate(THINGS), "*", 0.001, 429, "")
    for file in files():
        write(file, "{")
    began = time.monotonic()
    for page in (1, 2, 3):
        client.fetch(THINGS, ask(server, f"/v1/things?page={page}"))
    assert time.monotonic() - began < 8


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
    assert time.monotonic() - began < 10
    server.fault("/v1", "429")
    assert refusal(client, ask(server), THINGS).status == 429
    asked = len(server.requests)
    assert refusal(client, ask(server), THINGS).status == 429
    assert len(server.requests) == asked, "this process knows of the refusal without any file"
    client.close()


# -- races -----------------------------------------------------------------------------------


@pytest.mark.parametrize("homes", ["one home", "two homes"])
def test_processes_keep_the_gap_and_one_connection(races: dict[str, Race], homes: str):
    races[homes].end()
    server = races[homes].server
    assert min(server.gaps) >= 0.5, server.gaps
    assert max(server.gaps) < 8, server.gaps
    assert server.most_connections == 1
    assert races[homes].turns > 4, "one process kept the other out"


def test_three_seconds_are_three_seconds(races: dict[str, Race]):
    races["three seconds"].end()
    server = races["three seconds"].server
    assert min(server.gaps) >= 3.0, server.gaps
    assert server.most_connections == 1
