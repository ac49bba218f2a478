"""Published files: resumed where they broke off, and under their name only when they are the right ones."""

import random
import signal
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from crawlers import wire
from crawlers.client import Client, Refusal, Stopped
from crawlers.download import download
from crawlers.source import Published, SourceError, source_named
from tests.loopback import Loopback
from tests.loopback.door import asking, serving
from tests.loopback.tiny import child

server = pytest.fixture(serving)
client = pytest.fixture(asking)

NAME = "results.json.gz"
BODY = random.Random(1).randbytes(300_000)
PLACE = f"/datasets/pwc-archive/files/resolve/main/{NAME}"
ARCHIVE = source_named("pwc_archive")


def published(body: bytes = BODY) -> Published:
    return Published(NAME, len(body), sha256(body).hexdigest(), "2025-07-28", "https://example.org")


@pytest.fixture(autouse=True)
def offered(server: Loopback) -> Iterator[None]:
    server.world.files[NAME] = BODY
    yield


def fetch(client: Client, folder: Path, **more: object) -> Path:
    assert ARCHIVE is not None
    return download(client, ARCHIVE, published(), folder, **more)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the file is to lie."""
    made = tmp_path / "downloads"
    made.mkdir()
    return made


def left(folder: Path) -> dict[str, int]:
    """What lies in the folder, by length."""
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def ranges(server: Loopback) -> list[str | None]:
    return [asked.headers.get("range") for asked in server.requests]


# -- when all goes well ----------------------------------------------------------------------


def test_file_comes_once_and_is_not_asked_for_again(server: Loopback, client: Client, folder: Path):
    told: list[tuple[int, int]] = []
    path = fetch(client, folder, progress=lambda done, size: told.append((done, size)))
    assert path == folder / NAME
    assert path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY)) and told == sorted(told)
    assert fetch(client, folder) == path
    assert len(server.requests) == 1
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert left(folder) == {NAME: len(BODY)}


def test_file_is_never_packed_by_the_way(server: Loopback, client: Client, folder: Path):
    """Its sum is of the bytes as they are published; a packed one would be another file."""
    fetch(client, folder)
    assert "gzip" not in server.requests[0].headers["accept-encoding"]


def test_damaged_file_of_the_same_name_is_fetched_anew(
    server: Loopback, client: Client, folder: Path
):
    (folder / NAME).write_bytes(BODY[:-1] + b"?")
    assert fetch(client, folder).read_bytes() == BODY
    assert ranges(server) == [None]


def test_complete_part_needs_no_request(server: Loopback, client: Client, folder: Path):
    (folder / f"{NAME}.part").write_bytes(BODY)
    assert fetch(client, folder).read_bytes() == BODY
    assert server.requests == [] and left(folder) == {NAME: len(BODY)}


# -- broken off ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset", "short"])
def test_broken_connection_is_gone_on_with(
    server: Loopback, client: Client, folder: Path, kind: str
):
    server.fault(PLACE, kind, times=2, part=0.4)
    assert fetch(client, folder).read_bytes() == BODY
    first, second, third = ranges(server)
    assert first is None
    assert 0 < _begin(second) <= 120_000 < _begin(third) <= 120_000 + 72_000


def test_server_without_ranges_begins_anew(server: Loopback, client: Client, folder: Path):
    server.archive.ranges = False
    server.fault(PLACE, "short", times=2, part=0.4)
    assert fetch(client, folder).read_bytes() == BODY
    assert len(server.requests) == 3


KILLED = f"""
from crawlers.download import download
from crawlers.source import Published, source_named
file = Published({NAME!r}, {len(BODY)}, "{sha256(BODY).hexdigest()}", "2025-07-28", "")
download(client, source_named("pwc_archive"), file, Path(os.environ["INTO"]))
"""


def test_killed_download_is_gone_on_with(
    server: Loopback, client: Client, folder: Path, fresh_home: Path
):
    server.fault(PLACE, "drip", pause=0.0002)
    part = folder / f"{NAME}.part"
    killed = child(KILLED, fresh_home, server, INTO=str(folder))
    limit = time.monotonic() + 8
    while not (part.exists() and part.stat().st_size > 50) and time.monotonic() < limit:
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    have = part.stat().st_size
    assert 0 < have < len(BODY) and not (folder / NAME).exists()
    assert fetch(client, folder).read_bytes() == BODY
    assert ranges(server) == [None, f"bytes={have}-"]
    assert left(folder) == {NAME: len(BODY)}


def test_stop_keeps_what_came(server: Loopback, client: Client, folder: Path):
    with pytest.raises(Stopped):
        fetch(client, folder, stop=lambda: True)
    have = left(folder)[f"{NAME}.part"]
    assert 0 < have < len(BODY)
    assert fetch(client, folder).read_bytes() == BODY
    assert ranges(server) == [None, f"bytes={have}-"]


def test_server_that_is_away_leaves_what_came(server: Loopback, client: Client, folder: Path):
    (folder / f"{NAME}.part").write_bytes(BODY[:1_000])
    server.close()
    with pytest.raises(Refusal) as caught:
        fetch(client, folder)
    assert caught.value.kind == "unreachable"
    assert left(folder) == {f"{NAME}.part": 1_000}


def test_line_that_brings_next_to_nothing_is_given_up(
    server: Loopback, client: Client, folder: Path
):
    """Each try brings a little; without an end that would be half a million requests."""
    server.fault(PLACE, "short", times=None, part=0.0001)
    began = time.monotonic()
    with pytest.raises(Refusal):
        fetch(client, folder)
    assert len(server.requests) == 5
    assert time.monotonic() - began < 4


def test_drip_is_cut_off(
    server: Loopback, client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wire, "GRACE", 0.5)
    server.fault(PLACE, "drip", times=None)
    began = time.monotonic()
    with pytest.raises(Refusal) as caught:
        fetch(client, folder)
    assert caught.value.kind == "unreachable"
    assert time.monotonic() - began < 4


def test_earlier_failures_of_a_harvest_cost_a_download_nothing(
    server: Loopback, client: Client, folder: Path
):
    client.retries_left = 0
    server.fault(PLACE, "short")
    assert fetch(client, folder).read_bytes() == BODY


# -- other bytes -----------------------------------------------------------------------------


def test_other_bytes_are_named_and_thrown_away(server: Loopback, client: Client, folder: Path):
    other = BODY[:-1] + bytes([BODY[-1] ^ 1])
    server.world.files[NAME] = other
    with pytest.raises(SourceError) as caught:
        fetch(client, folder)
    for part in (NAME, sha256(BODY).hexdigest(), sha256(other).hexdigest(), f"{len(BODY):,}"):
        assert part in caught.value.why
    assert left(folder) == {}


def test_part_of_another_file_is_found_out_and_thrown_away(
    server: Loopback, client: Client, folder: Path
):
    (folder / f"{NAME}.part").write_bytes(b"x" * 1_000)
    with pytest.raises(SourceError, match="not the published file"):
        fetch(client, folder)
    assert left(folder) == {}
    assert fetch(client, folder).read_bytes() == BODY


@pytest.mark.parametrize("have", [0, 250_000])
def test_longer_file_is_not_read_to_its_end_and_thrown_away(
    server: Loopback, client: Client, folder: Path, have: int
):
    server.world.files[NAME] = BODY + bytes(5_000_000)
    if have:
        (folder / f"{NAME}.part").write_bytes(BODY[:have])
    with pytest.raises(SourceError) as caught:
        fetch(client, folder)
    assert caught.value.why == f"{NAME} is longer than the published {len(BODY):,} bytes"
    assert left(folder) == {}


def test_endless_file_is_left(server: Loopback, client: Client, folder: Path):
    server.fault(PLACE, "endless", times=None)
    with pytest.raises(SourceError, match="longer than the published"):
        fetch(client, folder)
    assert left(folder) == {}


def test_shorter_file_never_gets_its_name(server: Loopback, client: Client, folder: Path):
    server.world.files[NAME] = BODY[:200_000]
    with pytest.raises(Refusal) as caught:
        fetch(client, folder)
    assert (caught.value.kind, caught.value.status) == ("refused", 416)
    assert left(folder) == {f"{NAME}.part": 200_000}


def test_part_longer_than_the_file_is_thrown_away(server: Loopback, client: Client, folder: Path):
    (folder / f"{NAME}.part").write_bytes(BODY + b"more")
    with pytest.raises(SourceError, match="300,004 bytes"):
        fetch(client, folder)
    assert left(folder) == {} and server.requests == []


def test_other_part_than_asked_for_is_not_put_together(
    server: Loopback, client: Client, folder: Path
):
    server.archive.wrong_range = True
    (folder / f"{NAME}.part").write_bytes(BODY[:1_000])
    with pytest.raises(SourceError, match="asked from byte 1,000, got it from 1,001"):
        fetch(client, folder)
    assert left(folder) == {f"{NAME}.part": 1_000}


def test_part_that_does_not_say_where_it_begins_is_not_put_together(
    server: Loopback, client: Client, folder: Path
):
    server.fault(PLACE, "status", code=206, line="some bytes", times=None)
    with pytest.raises(SourceError, match="without saying which part"):
        fetch(client, folder)
    assert left(folder) == {}


def test_html_page_is_no_part_of_a_file(server: Loopback, client: Client, folder: Path):
    server.fault(PLACE, "html", times=1)
    assert fetch(client, folder).read_bytes() == BODY
    assert ranges(server) == [None, None]


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_refused_file_is_asked_for_once(server: Loopback, client: Client, folder: Path, code: int):
    server.fault(PLACE, "status", code=code, times=None, line="Access denied")
    with pytest.raises(Refusal, match=f"answers {code}: Access denied"):
        fetch(client, folder)
    assert len(server.requests) == 1 and left(folder) == {}


def test_redirect_of_a_file_leads_to_no_other_host(server: Loopback, client: Client, folder: Path):
    with Loopback(papers=0) as other:
        server.fault(PLACE, "redirect", times=None, to=f"{other.address}{PLACE}")
        with pytest.raises(SourceError, match="another host"):
            fetch(client, folder)
        assert other.connections == []


def test_redirect_of_a_file_within_its_host_is_followed_with_its_range(
    server: Loopback, client: Client, folder: Path
):
    (folder / f"{NAME}.part").write_bytes(BODY[:1_000])
    server.world.files["elsewhere"] = BODY
    server.fault(PLACE, "redirect", to=PLACE.replace(NAME, "elsewhere"))
    assert fetch(client, folder).read_bytes() == BODY
    assert ranges(server) == ["bytes=1000-", "bytes=1000-"]


def test_offline_download_asks_nobody(server: Loopback, fresh_home: Path, folder: Path):
    client = Client(fresh_home, offline=True)
    with pytest.raises(Refusal) as caught:
        fetch(client, folder)
    assert caught.value.kind == "offline" and server.connections == []


def _begin(wanted: str | None) -> int:
    return int((wanted or "bytes=0-").removeprefix("bytes=").rstrip("-"))
