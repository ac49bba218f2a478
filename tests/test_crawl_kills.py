"""A harvest that is killed, stopped or refused goes on where it was, and ends as if nothing had been."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.hubtest import command, empty_catalog, environment, run
from tests.loopback import Loopback

CRAWL = ("crawl", "arxiv", "--since", "2024-01-01", "--category", "cs.LG", "--no-index")
OF_A_RUN = {"added_at", "retrieved_at"}
"""Columns that say when, not what."""


def there(server: Loopback, **more: str) -> dict[str, str]:
    return {**server.environment(), "HUB_OFFLINE": "0", **more}


def crawl(server: Loopback, home: Path, *more: str) -> Any:
    return run(*CRAWL, *more, home=home, **there(server))


def content(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a crawl writes, without the times of the run."""
    found = {}
    with closing(sqlite3.connect(home / "catalog.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for table in ("paper", "link", "repository", "notice"):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(one for one in columns if one not in OF_A_RUN)
            found[table] = sorted(db.execute(f"SELECT {kept} FROM {table}"), key=repr)
    return found


def home_of(folder: Path) -> Path:
    """A home with an empty catalog: nothing to copy at each start."""
    empty_catalog(folder / "home" / "catalog.db")
    return folder / "home"


def killed_until_done(server: Loopback, home: Path, kills: int, seed: int) -> tuple[int, bool]:
    """Starts the crawl and kills it at random moments: how often it was killed in the middle, and
    whether it came to its end in between."""
    choose, hit = random.Random(seed), 0
    for _ in range(kills):
        child = subprocess.Popen(
            command(*CRAWL),
            env=environment(home, **there(server)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        asked, wanted = len(server.requests), choose.randint(0, 6)
        deadline = time.monotonic() + 20
        # Counted in requests, so that a slow machine is killed in the middle too.
        while child.poll() is None and len(server.requests) - asked < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(choose.random() * 0.08)
        hit += child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        if state_of_last(home) == "done":  # it may be killed between its last word and its end
            return hit, True
    return hit, False


def state_of_last(home: Path) -> str | None:
    """How the newest harvest stands in the ledger; None before the first one."""
    with closing(sqlite3.connect(home / "catalog.db")) as db:
        row = db.execute("SELECT state FROM harvest ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row else None


@pytest.mark.timeout(120)
def test_kill_9_loses_nothing_doubles_nothing_and_asks_no_page_twice_but_the_one_in_hand(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Loopback(papers=4_000, days=20, page=100) as server:
        undisturbed = home_of(tmp_path / "a")
        assert crawl(server, undisturbed).code == 0
        pages = Counter(server.targets)
        server.requests.clear()
        home = home_of(tmp_path / "b")
        hit, ended = killed_until_done(server, home, 6, seed=3)
        assert hit >= 3
        if not ended:
            last = crawl(server, home)
            assert last.code == 0, last.err
        asked = Counter(server.targets)
    assert content(home) == content(undisturbed)
    assert set(asked) == set(pages)
    assert sum(asked.values()) - sum(pages.values()) <= hit


def test_ctrl_c_stops_after_the_page_in_hand_and_the_next_crawl_goes_on(tmp_path: Path) -> None:
    home = home_of(tmp_path)
    with Loopback(papers=400, days=10, page=40) as server:
        env = environment(home, **there(server, HUB_DELAY_SECONDS="0.3"))
        child = subprocess.Popen(
            command(*CRAWL), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while len(server.requests) < 2:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
        assert child.returncode == 130, err
        assert "interrupted" in out and "Traceback" not in err
        stopped_after = len(server.requests)
        said = crawl(server, home, "--json")
        assert said.code == 0
        [one] = said.data
        assert one["resumed"] and one["state"] == "done"
        assert len(server.targets) == len(set(server.targets)), "a page was asked for twice"
        assert len(server.requests) > stopped_after


def test_reader_is_neither_blocked_nor_failed_by_a_harvest(tmp_path: Path) -> None:
    """A reader in a process of its own, a query every few milliseconds, while pages are written."""
    home = home_of(tmp_path)
    reader = """
import json, sys, time
from pathlib import Path
from hub.catalog import Catalog, read
worst, asked, failed = 0.0, 0, 0
while not Path(sys.argv[2]).exists():
    began = time.perf_counter()
    try:
        with Catalog.open(Path(sys.argv[1])) as catalog:
            read.count(catalog, "paper")
            read.keys_starting(catalog, "paper", "arxiv:2401.0", 20)
    except Exception as error:
        failed += 1
        print(repr(error), file=sys.stderr)
    worst = max(worst, time.perf_counter() - began)
    asked += 1
    time.sleep(0.004)
print(json.dumps([worst, asked, failed]))
"""
    end = tmp_path / "end"
    child = subprocess.Popen(
        [sys.executable, "-c", reader, str(home / "catalog.db"), str(end)],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    with Loopback(papers=2_000, days=10, page=250) as server:
        assert crawl(server, home).code == 0
    end.touch()
    out, _ = child.communicate(timeout=20)
    worst, asked, failed = json.loads(out)
    assert failed == 0
    assert asked > 20
    # The bar is 0.1 s (tests.bench); on a machine that is busy with other tests a stall is no lock.
    assert worst < 1.0
