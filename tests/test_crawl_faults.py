"""What a source does wrong, through the command: the state in the ledger, the exit code, the catalog."""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.hubtest import called, empty_catalog, environment, run
from tests.loopback import Loopback, Reply

CRAWL = ("crawl", "arxiv", "--since", "2024-01-01", "--category", "cs.LG", "--no-index")
TOKEN = "ghp_" + "canary" * 6
PAPERS = 120


@pytest.fixture
def home(tmp_path: Path) -> Path:
    empty_catalog(tmp_path / "home" / "catalog.db")
    return tmp_path / "home"


def crawl(server: Loopback, home: Path, *words: str, **more: str) -> Any:
    said = words or (*CRAWL, "--json")
    return called(*said, home=home, **{**server.environment(), "HUB_OFFLINE": "0", **more})


def ledger(home: Path) -> list[dict[str, Any]]:
    """The rows of the ledger, oldest first."""
    with closing(sqlite3.connect(home / "catalog.db")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM harvest ORDER BY id")]


def papers(home: Path) -> dict[str, str]:
    with closing(sqlite3.connect(home / "catalog.db")) as db:
        return dict(db.execute("SELECT key, title FROM paper"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    empty_catalog(home / "catalog.db")
    with Loopback(papers=PAPERS, page=20) as server:
        assert crawl(server, home).code == 0
    return papers(home)


# -- faults that pass ------------------------------------------------------------------------

PASSING: list[tuple[str, dict[str, Any]]] = [
    ("429 seconds", {"seconds": 1, "code": 503}),
    ("429 date", {"seconds": 1, "code": 503}),
    ("reset", {}),
    ("hang up", {}),
    ("short", {}),
    ("cut", {}),
    ("html", {}),
    ("gzip cut", {}),
    ("empty page", {}),
    ("wrong kind", {}),
]


@pytest.mark.parametrize(("kind", "said"), PASSING, ids=[kind for kind, _ in PASSING])
def test_fault_that_passes_costs_a_second_request_and_nothing_else(
    home: Path, kind: str, said: dict[str, Any], undisturbed: dict[str, str]
) -> None:
    with Loopback(papers=PAPERS, page=20) as server:
        fault = server.fault("/oai", kind, times=1, after=1, **said)
        done = crawl(server, home)
        assert fault.met == 1
        assert done.code == 0, done.err
        repeated = [one for one in set(server.targets) if server.targets.count(one) > 1]
        assert len(repeated) == 1, "the identical address is asked again, and no other one twice"
    assert papers(home) == undisturbed
    assert [row["state"] for row in ledger(home)] == ["done"]


# -- faults that stay ------------------------------------------------------------------------

STAYING: list[tuple[str, dict[str, Any], str]] = [
    ("429", {}, "refused"),
    ("429 seconds", {"seconds": 3600, "code": 503}, "refused"),
    ("status", {"code": 403}, "refused"),
    ("status", {"code": 500}, "refused"),
    ("reset", {}, "unreachable"),
    ("cut", {}, "damaged"),
    ("html", {}, "damaged"),
    ("endless", {}, "damaged"),
    ("bomb", {}, "damaged"),
    ("xml bomb", {}, "damaged"),
    ("external entity", {}, "damaged"),
    ("empty page", {}, "damaged"),
    ("looping token", {}, "damaged"),
    ("redirect", {"to": "http://127.0.0.1:9/elsewhere"}, "damaged"),
    ("redirect", {"to": "file:///etc/passwd"}, "damaged"),
    ("loop", {}, "damaged"),
    ("brotli", {}, "damaged"),
]


@pytest.mark.parametrize(
    ("kind", "said", "state"),
    STAYING,
    ids=[f"{kind} {' '.join(map(str, said.values()))}" for kind, said, _ in STAYING],
)
def test_fault_that_stays_ends_the_crawl_and_the_next_one_goes_on_there(
    home: Path, kind: str, said: dict[str, Any], state: str, undisturbed: dict[str, str]
) -> None:
    began = time.monotonic()
    with Loopback(papers=PAPERS, page=20) as server:
        fault = server.fault("/oai", kind, times=None, after=2, **said)
        stopped = crawl(server, home)
        assert time.monotonic() - began < 50
        assert stopped.code == 3, stopped.err
        [row] = ledger(home)
        assert (row["state"], bool(row["note"])) == (state, True)
        assert stopped.data[0]["state"] == state and stopped.data[0]["why"]
        kept = papers(home)
        assert kept.items() <= undisturbed.items() and len(kept) >= 10
        shown = called("status", "--json", home=home).data["crawls"]
        assert [one["state"] for one in shown] == [state]
        if state == "refused" and row["next_allowed"]:
            assert kind in ("429", "429 seconds")
            return
        server.faults.remove(fault)
        done = crawl(server, home)
        assert done.code == 0, done.err
    assert papers(home) == undisturbed


def test_bomb_costs_little_memory(home: Path) -> None:
    """The 2 GiB that the body inflates to never exist."""
    peak = (
        "import atexit, sys\n"
        "def tell():\n"
        "    for line in open('/proc/self/status'):\n"
        "        if line.startswith('VmHWM'): print(line.split()[1], file=sys.stderr)\n"
        "atexit.register(tell)\n"
        f"sys.argv = {['hub', *CRAWL]!r}\n"
        "from hub.cli import main; main()\n"
    )
    with Loopback(papers=PAPERS, page=20) as server:
        server.fault("/oai", "bomb", times=None)
        there = {**server.environment(), "HUB_OFFLINE": "0"}
        done = subprocess.run(
            [sys.executable, "-c", peak],
            env=environment(home, **there),
            capture_output=True,
            text=True,
            timeout=50,
        )
    assert done.returncode == 3, done.stderr
    assert int(done.stderr.splitlines()[-1]) * 1024 < 300e6


def test_penalty_box_holds_across_commands_and_says_until_when(home: Path) -> None:
    with Loopback(papers=PAPERS, page=20) as server:
        server.fault("/oai", "429", times=1)
        first = crawl(server, home, *CRAWL)
        asked = len(server.requests)
        assert (first.code, asked) == (3, 1)
        second = crawl(server, home, *CRAWL)
        assert (second.code, len(server.requests)) == (3, asked), "nobody may be asked"
        other = crawl(server, home, "crawl", "arxiv", "--paper", "2401.00001", "--no-index")
        assert (other.code, len(server.requests)) == (3, asked), "of no interface of the operator"
    assert "Rate exceeded." in second.err and "It may be asked again from" in second.err
    until = ledger(home)[0]["next_allowed"]
    from datetime import UTC, datetime

    left = datetime.fromisoformat(until) - datetime.now(UTC)
    assert 500 < left.total_seconds() <= 600
    found = run("search", "nothing-like-this", home=home)
    assert found.code in (0, 5)


def test_refusal_is_told_by_answers_and_never_looks_empty(tmp_path: Path) -> None:
    home = tmp_path / "home"
    empty_catalog(home / "catalog.db")
    with Loopback(papers=40, page=20) as server:
        server.fault("/oai", "429", times=1)
        crawl(server, home, *CRAWL)
    run("index", "--force", home=home)
    found = run("search", "attention", home=home)
    assert found.code == 0 and "arxiv_oai gave no answer" in found.err
    data = run("list", "papers", "--json", home=home).json
    [source] = [one for one in data["sources"] if one["source"] == "arxiv_oai"]
    assert source["state"] == "refused" and source["refused_at"] and source["last_success"] is None


# -- other ways of saying no -----------------------------------------------------------------


@pytest.mark.parametrize("way", ["--offline", "HUB_OFFLINE"])
def test_offline_refuses_every_host_and_says_so(home: Path, way: str) -> None:
    words = ["crawl", "all", "--no-index"]
    with Loopback() as server:
        if way == "--offline":
            said = crawl(server, home, *words, "--offline")
        else:
            said = crawl(server, home, *words, HUB_OFFLINE="1")
        assert server.requests == []
    assert said.code == 3
    assert "offline by wish" in said.err
    assert {row["state"] for row in ledger(home)} == {"offline"}


def test_token_goes_to_the_api_alone_and_stands_nowhere(home: Path, tmp_path: Path) -> None:
    tape = tmp_path / "tape"
    with Loopback() as other, Loopback() as server:
        server.fault("/graphql", "redirect", times=1, to=f"{other.address}/graphql")
        words = ("crawl", "github", "--repo", "lab-4/net-4", "--record", str(tape), "--no-index")
        refused = crawl(server, home, *words, GITHUB_TOKEN=TOKEN)
        done = crawl(server, home, *words, GITHUB_TOKEN=TOKEN)
        assert other.requests == []
        assert refused.code == 3 and done.code == 0, done.err
        assert all(
            TOKEN not in json.dumps(dict(one.headers)) or one.headers["authorization"]
            for one in server.requests
        )
        crawl(server, home, "crawl", "arxiv", "--no-index", GITHUB_TOKEN=TOKEN)
        crawl(
            server,
            home,
            "crawl",
            "github",
            "--trending",
            "python",
            "--no-index",
            GITHUB_TOKEN=TOKEN,
        )
        for one in server.requests:
            if TOKEN in json.dumps(dict(one.headers)):
                assert one.path.startswith(("/graphql", "/repos/", "/search/"))
        assert any("authorization" in one.headers for one in server.requests)
    assert TOKEN not in refused.out + refused.err + done.out + done.err
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_recorded_answers_are_played_again_without_a_host(home: Path, tmp_path: Path) -> None:
    tape = tmp_path / "tape"
    with Loopback(papers=40, page=20) as server:
        assert crawl(server, home, *CRAWL, "--record", str(tape)).code == 0
    again = tmp_path / "again"
    empty_catalog(again / "catalog.db")
    said = run(*CRAWL, "--replay", str(tape), home=again)
    assert said.code == 0, said.err
    assert papers(again) == papers(home)


def test_categories_that_share_their_papers_are_no_circle(home: Path) -> None:
    """cs.CL and cs.AI hold the same made-up papers: each page of the one comes again in the other."""
    with Loopback(papers=200, page=10) as server:
        words = ("--category", "cs.CL", "--category", "cs.AI", "--since", "2024-01-01")
        said = crawl(server, home, "crawl", "arxiv", *words, "--no-index", "--json")
    assert said.code == 0, said.err
    assert said.data[0]["unchanged"]["paper"] == said.data[0]["new"]["paper"] == 50


# -- what a user asks for --------------------------------------------------------------------


def test_dry_run_asks_tells_and_keeps_nothing(home: Path) -> None:
    with Loopback(papers=40, page=20) as server:
        said = crawl(server, home, *CRAWL, "--dry-run")
        assert server.requests
    assert said.code == 0 and "nothing kept" in said.out and " new" in said.out
    assert (papers(home), ledger(home)) == ({}, [])


def test_plan_asks_nobody(home: Path) -> None:
    with Loopback() as server:
        said = crawl(server, home, "crawl", "all", "--plan", "--json")
        full = crawl(server, home, "crawl", "arxiv", "--full", "--plan", "--json")
        assert server.requests == []
    assert next(one["source"] for one in said.data).startswith("arxiv")
    assert all(one["requests"][0] <= one["requests"][1] for one in said.data)
    assert full.data[0]["requests"][1] > 1 and full.data[0]["minutes"][1] > 0


def test_limit_is_kept_and_does_not_count_as_having_all(home: Path) -> None:
    with Loopback(papers=PAPERS, page=20) as server:
        said = crawl(server, home, *CRAWL, "--limit", "7", "--json")
        assert said.code == 0
        assert (len(papers(home)), said.data[0]["state"]) == (7, "limited")
        assert crawl(server, home).data[0]["state"] == "done"
    assert len(papers(home)) > 7


def test_daily_round_is_polite_and_the_second_one_costs_almost_nothing(home: Path) -> None:
    with Loopback() as server:
        first = crawl(server, home, "crawl", "--no-index", "--json")
        assert first.code == 0, first.err
        assert [one["source"] for one in first.data][:2] == ["arxiv_rss", "hf_papers"]
        asked = len(server.requests)
        again = crawl(server, home, "crawl", "--no-index", "--json")
        assert again.code == 0, again.err
        assert len(server.requests) - asked <= 4
        assert all(sum(one["new"].values()) == 0 for one in again.data)


def test_every_source_can_be_asked_without_a_database(tmp_path: Path) -> None:
    names = ("arxiv_rss", "arxiv_oai", "pwc_live", "hf_papers", "github_trending")
    with Loopback() as server:
        for name in names:
            there = environment(tmp_path / "home", **{**server.environment(), "HUB_OFFLINE": "0"})
            since = ("--since", "2024-01-01") if name != "hf_papers" else ()
            done = subprocess.run(
                [sys.executable, "-m", "crawlers", name, "--limit", "5", *since],
                env=there,
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert done.returncode == 0, (name, done.stderr)
            assert all(json.loads(line)["table"] for line in done.stdout.splitlines())
    assert not (tmp_path / "home" / "catalog.db").exists()


def test_repository_that_cannot_be_had_does_not_stop_the_others_and_status_says_why(
    home: Path,
) -> None:
    names = [f"lab-{number}/net-{number}" for number in (1, 4, 8)]
    words = [word for name in names for word in ("--repo", name)]
    with Loopback() as server:
        server.give(f"/repos/{names[0]}", Reply(b"<html>busy</html>", kind="text/html"))
        said = crawl(server, home, "crawl", "github", *words, "--no-index", "--json")
        assert said.code == 3 and "text/html came" in said.data[0]["why"]
        with closing(sqlite3.connect(home / "catalog.db")) as db:
            [(kept,)] = db.execute("SELECT COUNT(*) FROM repository WHERE state IS NOT 'renamed'")
        assert kept == 2
        assert "text/html came" in called("status", home=home).out
        del server.given[f"/repos/{names[0]}"]
        server.requests.clear()
        done = crawl(server, home, "crawl", "github", *words, "--no-index", "--json")
    assert (done.code, done.data[0]["resumed"]) == (0, True)
    assert {one.path for one in server.requests if one.path.startswith("/repos/lab-4")} == set()
