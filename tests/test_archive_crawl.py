"""The archive from the first byte to the last row: downloaded, checked, read in, let go."""

import gzip
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crawlers.client import Client
from crawlers.source import Published, Wish
from crawlers.sources.pwc_archive import SOURCE
from hub import crawls
from hub.catalog import Catalog, ledger
from tests.hubtest import empty_catalog, environment, run
from tests.loopback import Loopback
from tests.loopback.door import asking, serving
from tests.test_pwc_archive import board, row, task

server = pytest.fixture(serving)
client = pytest.fixture(asking)

DAY = "2025-07-28"
PLACE = "/datasets/pwc-archive/files/resolve/main/"


# -- made-up dumps ---------------------------------------------------------------------------


def method(number: int) -> dict[str, Any]:
    """With text that does not pack, so that a file is long enough to break off in."""
    return {
        "url": f"https://paperswithcode.com/method/made-up-{number}", "name": f"Made-up {number}",
        "full_name": f"Made-up Method {number}", "paper": None, "introduced_year": 2020,
        "description": random.Random(number).randbytes(400).hex(), "source_url": None,
        "source_title": None, "code_snippet_url": "", "num_papers": number,
        "collections": [{"collection": "Nothing", "area_id": "general", "area": "General"}],
    }  # fmt: skip


def dataset(name: str) -> dict[str, Any]:
    return {
        "url": f"https://paperswithcode.com/dataset/{name.lower()}", "name": name, "full_name": "",
        "homepage": "", "description": f"{name}, made up.", "short_description": "",
        "parent_dataset": None, "image": None, "variants": [name], "modalities": [], "tasks": [],
        "languages": [], "num_papers": 1, "data_loaders": [], "paper": None,
    }  # fmt: skip


DUMPS: dict[str, list[dict[str, Any]]] = {
    "datasets.json.gz": [dataset("Digits"), dataset("Rings")],
    "methods.json.gz": [method(number) for number in range(300)],
    "tables.json.gz": [
        task(
            "Image Classification",
            board("Digits", row("Net A", {"Accuracy": "99.1"}), row("Net B", {"Accuracy": "98"})),
            board("Rings", row("Net A", {"Accuracy": "77%"})),
        )
    ],
}
ROWS = {"dataset": 2, "method": 300, "result": 3, "board": 2, "task": 1}


def packed(said: Any) -> bytes:
    return gzip.compress(json.dumps(said).encode(), mtime=0)


BODIES = {name: packed(said) for name, said in DUMPS.items()}


def published(name: str, body: bytes) -> Published:
    return Published(name, len(body), sha256(body).hexdigest(), DAY, "https://example.org")


FILES = tuple(published(name, body) for name, body in BODIES.items())
METHODS = FILES[1]


def errand(*files: Published) -> crawls.Errand:
    given = files or FILES
    return crawls.Errand(replace(SOURCE, files={"small": given}), Wish(), "slice small", given)


@pytest.fixture(autouse=True)
def offered(server: Loopback) -> None:
    server.world.files |= BODIES


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(empty_catalog(tmp_path / "home" / "catalog.db"), write=True) as opened:
        yield opened


def kept(catalog: Catalog) -> dict[str, int]:
    """Rows by table, where there are any."""
    counts = {table: catalog.scalar(f"SELECT COUNT(*) FROM {table}") for table in ROWS}
    return {table: count for table, count in counts.items() if count}


def left(catalog: Catalog) -> dict[str, int]:
    """What lies in the folder of downloads, by length."""
    folder = catalog.path.parent / "downloads"
    return {path.name: path.stat().st_size for path in folder.iterdir()} if folder.exists() else {}


def asked(server: Loopback) -> list[tuple[str, str | None]]:
    """Name and range of every request."""
    return [
        (one.path.removeprefix(PLACE), one.headers.get("range", "").removeprefix("bytes=") or None)
        for one in server.requests
    ]


# -- when all goes well ----------------------------------------------------------------------


def test_slice_is_read_in_and_its_files_let_go(server: Loopback, client: Client, catalog: Catalog):
    told: list[crawls.Told] = []
    done = crawls.run(catalog, client, errand(), progress=told.append)
    assert (done.state, done.why, done.failed) == ("done", None, False)
    assert kept(catalog) == ROWS and left(catalog) == {}
    assert dict(done.summary.counts.new)["method"] == 300 and done.summary.skipped.total() == 0
    assert asked(server) == [(name, None) for name in BODIES] and done.requests == 3
    assert {one.file for one in told} == set(BODIES)
    assert [(one.done, one.size) for one in told if one.file == METHODS.name][-1] == (
        METHODS.size, METHODS.size,
    )  # fmt: skip
    states = [(one["address"], one["state"], one["retrieved_at"]) for one in ledger.latest(catalog)]
    assert sorted(states) == [(name, "done", DAY) for name in sorted(BODIES)]
    found = catalog.get("method", "method:made-up-7")
    assert found and (found["source"], found["retrieved_at"], found["licence"]) == (
        "pwc_archive", DAY, "CC-BY-SA-4.0",
    )  # fmt: skip


def test_second_run_asks_nobody_for_anything(server: Loopback, client: Client, catalog: Catalog):
    crawls.run(catalog, client, errand())
    before = len(server.connections)
    again = crawls.run(catalog, client, errand())
    assert (again.state, again.requests, len(server.connections)) == ("done", 0, before)
    assert dict(again.summary.tally) == {f"{name}: there already": 1 for name in BODIES}
    assert not again.summary.counts.new and kept(catalog) == ROWS


def test_larger_slice_asks_for_what_is_not_there_yet(
    server: Loopback, client: Client, catalog: Catalog
):
    crawls.run(catalog, client, errand(FILES[0]))
    assert crawls.run(catalog, client, errand()).state == "done"
    assert asked(server) == [(name, None) for name in BODIES]


def test_dry_run_keeps_no_row_and_what_it_loaded_is_not_asked_for_again(
    server: Loopback, client: Client, catalog: Catalog
):
    dry = crawls.run(catalog, client, errand(), dry=True)
    assert (dry.state, kept(catalog), ledger.latest(catalog)) == ("done", {}, [])
    assert left(catalog) == {file.name: file.size for file in FILES}
    assert crawls.run(catalog, client, errand()).state == "done"
    assert len(server.requests) == 3 and kept(catalog) == ROWS and left(catalog) == {}


# -- broken off ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset", "short"])
def test_broken_connection_is_gone_on_with_and_no_byte_comes_twice(
    server: Loopback, client: Client, catalog: Catalog, kind: str
):
    server.fault(PLACE + METHODS.name, kind, times=2, part=0.4)
    told: list[int] = []
    done = crawls.run(catalog, client, errand(METHODS), progress=lambda one: told.append(one.done))
    assert done.state == "done" and kept(catalog) == {"method": 300}
    (_, first), (_, second), (_, third) = asked(server)
    begins = [int((one or "0-").rstrip("-")) for one in (first, second, third)]
    assert begins[0] == 0 < begins[1] < begins[2] < METHODS.size
    assert told == sorted(set(told)) and told[-1] == METHODS.size
    assert set(begins[1:]) <= set(told), "it goes on at the very byte that it had"


KILLED = """
import sys
from pathlib import Path
from crawlers.client import Client
from hub import crawls
from hub.catalog import Catalog
from tests.test_archive_crawl import METHODS, errand
home = Path(sys.argv[1])
with Catalog.open(home / "catalog.db", write=True) as catalog:
    crawls.run(catalog, Client(home), errand(METHODS))
"""


def test_killed_run_goes_on_at_the_byte_it_had(
    server: Loopback, client: Client, catalog: Catalog, fresh_home: Path
):
    server.fault(PLACE + METHODS.name, "drip", pause=0.0002)
    home, part = catalog.path.parent, catalog.path.parent / "downloads" / f"{METHODS.name}.part"
    there = environment(fresh_home, **server.environment(), HUB_OFFLINE="0")
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(home)], env=there)
    until(lambda: part.exists() and part.stat().st_size > 50, child)
    child.send_signal(signal.SIGKILL)
    child.wait()
    have = part.stat().st_size
    assert 0 < have < METHODS.size and kept(catalog) == {}
    assert crawls.run(catalog, client, errand(METHODS)).state == "done"
    assert asked(server) == [(METHODS.name, None), (METHODS.name, f"{have}-")]
    assert kept(catalog) == {"method": 300} and left(catalog) == {}


def until(true: Callable[[], object], child: Any) -> None:
    """Waits until it is so; the child must live as long."""
    limit = time.monotonic() + 20
    while not true():
        assert child.poll() is None and time.monotonic() < limit
        time.sleep(0.005)


def test_stopped_run_keeps_what_came_and_goes_on(
    server: Loopback, client: Client, catalog: Catalog
):
    stopped = crawls.run(catalog, client, errand(METHODS), stop=lambda: True)
    assert (stopped.state, stopped.failed, kept(catalog)) == ("interrupted", False, {})
    have = left(catalog)[f"{METHODS.name}.part"]
    assert 0 < have < METHODS.size
    assert crawls.run(catalog, client, errand(METHODS)).state == "done"
    assert asked(server)[1:] == [(METHODS.name, f"{have}-")]
    assert kept(catalog) == {"method": 300}


def test_refusal_in_the_middle_keeps_the_files_before_it(
    server: Loopback, client: Client, catalog: Catalog
):
    fault = server.fault(PLACE + METHODS.name, "status", code=403, line="not today", times=None)
    refused = crawls.run(catalog, client, errand())
    assert (refused.state, refused.failed) == ("refused", True)
    assert "403" in str(refused.why) and "not today" in str(refused.why)
    assert kept(catalog) == {"dataset": 2} and left(catalog) == {}
    assert ledger.latest(catalog)[0]["state"] == "refused"
    server.faults.remove(fault)
    server.requests.clear()
    assert crawls.run(catalog, client, errand()).state == "done"
    assert asked(server) == [(METHODS.name, None), ("tables.json.gz", None)]
    assert kept(catalog) == ROWS


def test_file_that_was_loaded_and_not_read_is_not_asked_for(
    server: Loopback, client: Client, catalog: Catalog
):
    folder = catalog.path.parent / "downloads"
    folder.mkdir()
    (folder / METHODS.name).write_bytes(BODIES[METHODS.name])
    assert crawls.run(catalog, client, errand(METHODS)).state == "done"
    assert server.requests == [] and kept(catalog) == {"method": 300} and left(catalog) == {}


# -- other bytes -----------------------------------------------------------------------------


def test_other_bytes_are_named_and_nothing_of_them_is_read(
    server: Loopback, client: Client, catalog: Catalog
):
    right = BODIES[METHODS.name]
    other = right[:-1] + bytes([right[-1] ^ 1])
    server.world.files[METHODS.name] = other
    done = crawls.run(catalog, client, errand(METHODS))
    assert done.state == "damaged" and done.why is not None
    for part in (METHODS.name, METHODS.sha256, sha256(other).hexdigest(), f"{METHODS.size:,}"):
        assert part in done.why
    assert kept(catalog) == {} and left(catalog) == {} and not done.summary.counts.new
    [entry] = ledger.latest(catalog)
    assert (entry["state"], entry["note"], entry["address"]) == ("damaged", done.why, "slice small")
    server.world.files[METHODS.name] = right
    assert crawls.run(catalog, client, errand(METHODS)).state == "done"
    assert kept(catalog) == {"method": 300}


@pytest.mark.parametrize(
    ("other", "state", "words"),
    [
        (BODIES[METHODS.name] + b"x", "damaged", "longer than the published"),
        (BODIES[METHODS.name][:-1], "refused", "416"),
        (b"", "unreachable", "ended at byte 0"),
    ],
    ids=["longer", "shorter", "empty"],
)
def test_file_of_another_length_never_gets_its_name(
    server: Loopback, client: Client, catalog: Catalog, other: bytes, state: str, words: str
):
    server.world.files[METHODS.name] = other
    done = crawls.run(catalog, client, errand(METHODS))
    assert done.state == state and words in str(done.why)
    assert kept(catalog) == {} and METHODS.name not in left(catalog)


def test_published_file_that_is_no_dump_is_said_to_be_damaged(
    server: Loopback, client: Client, catalog: Catalog
):
    cut = gzip.compress(json.dumps(DUMPS[METHODS.name]).encode()[:-4_000])
    server.world.files["cut.json.gz"] = cut
    done = crawls.run(catalog, client, errand(published("cut.json.gz", cut)))
    assert done.state == "damaged" and str(done.why).startswith("cut.json.gz: ")
    assert 0 < kept(catalog)["method"] < 300, "what could be read is kept"
    assert not ledger.last_done(catalog, SOURCE.name, "cut.json.gz")


def test_offline_asks_nobody(server: Loopback, fresh_home: Path, catalog: Catalog):
    done = crawls.run(catalog, Client(fresh_home, offline=True), errand())
    assert (done.state, done.requests, done.failed) == ("offline", 0, True)
    assert "offline by wish" in str(done.why)
    assert server.connections == [] and kept(catalog) == {} and left(catalog) == {}
    assert [one["state"] for one in ledger.latest(catalog)] == ["offline"]


# -- the command -----------------------------------------------------------------------------

FIRST = SOURCE.files["results"][0]


def command(server: Loopback, catalog: Catalog, *words: str, **more: str) -> Any:
    there = {**server.environment(), "HUB_OFFLINE": "0", **more}
    return run("crawl", "pwc", *words, home=catalog.path.parent, **there)


def test_command_names_file_and_sums_when_other_bytes_come(server: Loopback, catalog: Catalog):
    other = bytes(FIRST.size)
    server.world.files[FIRST.name] = other
    said = command(server, catalog, "--slice", "results", "--no-index")
    assert said.code == 3
    got = sha256(other).hexdigest()
    why = f"expected sha256 {FIRST.sha256} ({FIRST.size:,} bytes), got {got}"
    assert f"{FIRST.name} is not the published file: {why}" in " ".join(said.err.split())
    assert "damaged" in said.out
    assert asked(server) == [(FIRST.name, None)]
    assert kept(catalog) == {} and left(catalog) == {}
    with closing(sqlite3.connect(catalog.path)) as db:
        assert db.execute("SELECT state, address FROM harvest").fetchall() == [
            ("damaged", "slice results")
        ]


def test_command_that_is_offline_says_so(server: Loopback, catalog: Catalog):
    said = command(server, catalog, "--slice", "code", "--offline", "--no-index")
    assert said.code == 3 and "offline by wish" in said.err and server.connections == []


def test_unknown_slice_is_an_error_of_usage_and_names_those_there_are(
    server: Loopback, catalog: Catalog
):
    said = command(server, catalog, "--slice", "everything")
    assert said.code == 2 and server.connections == []
    assert all(name in said.err for name in ("everything", *SOURCE.files))


@pytest.mark.parametrize(
    ("slice_", "size"),
    [("results", "36 MB"), ("full", "626 MB")],
)
def test_plan_names_the_megabytes_and_asks_nobody(
    server: Loopback, catalog: Catalog, slice_: str, size: str
):
    said = command(server, catalog, "--slice", slice_, "--plan", "--json")
    assert said.code == 0 and server.connections == []
    [row_] = said.data
    assert row_["why"] == f"{size} to download" and row_["source"] == "pwc_archive"
    assert row_["requests"][0] == len(SOURCE.files[slice_]) <= row_["requests"][1]
