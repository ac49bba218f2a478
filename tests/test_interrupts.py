"""Ctrl-C at every single step of a harvest: what is told is what was committed, never more or less."""

import inspect
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import hub.catalog.ledger
import hub.crawls
import hub.harvest
import hub.interrupts
from crawlers.client import Client
from crawlers.source import Wish
from hub.catalog import Catalog, ledger
from hub.crawls import Errand
from hub.harvest import Summary, import_file
from hub.interrupts import unbroken
from hub.library import Library
from tests.hubtest import arxiv_line, empty_catalog, write_lines
from tests.loopback import Loopback
from tests.loopback.door import SOURCE, asking
from tests.loopback.tiny import loopback_of_things, pages

client = pytest.fixture(asking)

WATCHED = {
    module.__file__ for module in (hub.harvest, hub.crawls, hub.interrupts, hub.catalog.ledger)
}
"""Where Ctrl-C is let fall: everywhere between a source's page and the end of its harvest."""

TRANSACTION = inspect.unwrap(Catalog.transaction).__code__
"""The lines around each commit."""


@contextmanager
def ctrl_c_at(step: int) -> Iterator[Callable[[], bool]]:
    """Presses Ctrl-C when so many lines of the watched files were run; says whether it came to it."""
    left = step

    def watch(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in WATCHED and frame.f_code is not TRANSACTION:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return watch

    sys.settrace(watch)
    try:
        yield lambda: left <= 0
    finally:
        sys.settrace(None)


def never() -> Library:
    raise AssertionError("no line of a library is in this file")


def told(catalog: Catalog) -> tuple[int, dict[str, int], str]:
    """New records, skipped ones and the state, as the newest row of the ledger says."""
    row = ledger.latest(catalog, 1)[0]
    return row["new"], row["skipped"], row["state"]


def test_ctrl_c_at_every_step_of_an_import_leaves_a_ledger_and_a_summary_that_are_true(
    tmp_path: Path,
) -> None:
    lines = [arxiv_line(1), b"{", arxiv_line(1), arxiv_line(2)]
    file = write_lines(tmp_path / "a.2026-01-01.jsonl", lines)
    seen: set[tuple[str, int]] = set()
    for step in range(1, 10_000):
        path = empty_catalog(tmp_path / f"{step}.db")
        summary: Summary | None = None
        with Catalog.open(path, write=True) as catalog:
            try:
                with ctrl_c_at(step) as came:
                    summary = import_file(catalog, never, file)
            except KeyboardInterrupt:
                pass  # before there was anything to tell of, or when all of it was told
            kept = catalog.scalar("SELECT COUNT(*) FROM paper")
            if catalog.scalar("SELECT COUNT(*) FROM harvest"):
                new, skipped, state = told(catalog)
                assert new == kept, step
                assert sum(skipped.values()) == kept, "two of four lines were skipped"
                # Where even the last word was interrupted, the next harvest marks this one.
                assert state in ("done", "interrupted") or (summary is None and state == "running")
                seen.add((state, kept))
            else:
                assert kept == 0
            if summary is not None:
                assert summary.counts.new.total() == kept, step
                assert summary.skipped.total() == kept, step
        path.unlink()
        if not came():
            break
    assert seen >= {("interrupted", 0), ("interrupted", 2), ("done", 2)}


def test_ctrl_c_at_every_second_step_of_a_crawl_asks_for_no_committed_page_again(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback_of_things(count=4, page=2) as server:
        monkeypatch.setenv("HUB_THINGS_URL", f"{server.address}/v1")
        errand = Errand(SOURCE, Wish(), "everything")
        for step in range(1, 10_000, 2):
            path = empty_catalog(tmp_path / f"{step}.db")
            with Catalog.open(path, write=True) as catalog:
                came = _crawl_broken_off(catalog, client, errand, server, step)
            path.unlink()
            if not came:
                break
    assert step > 100


def _crawl_broken_off(
    catalog: Catalog, client: Client, errand: Errand, server: Loopback, step: int
) -> bool:
    """True when Ctrl-C came before the end."""
    server.requests.clear()
    crawled = None
    try:
        with ctrl_c_at(step) as came:
            crawled = hub.crawls.run(catalog, client, errand)
    except KeyboardInterrupt:
        pass
    kept = catalog.scalar("SELECT COUNT(*) FROM repository")
    asked = pages(server)
    if catalog.scalar("SELECT COUNT(*) FROM harvest"):
        new, _, state = told(catalog)
        assert new == kept, step
        assert state in ("done", "interrupted") or (crawled is None and state == "running")
    if crawled is not None:
        assert crawled.summary.counts.new.total() == kept, step
    assert hub.crawls.run(catalog, client, errand).state == "done"
    if came() and kept < 4:
        again = pages(server)[len(asked) :]
        assert again == list(range(kept // 2 + 1, 3)), step
    assert catalog.scalar("SELECT COUNT(*) FROM repository") == 4
    return came()


def test_what_is_heard_in_an_unbroken_block_is_obeyed_after_it() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), unbroken():
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_in_an_unbroken_block_comes_out_of_it() -> None:
    with pytest.raises(ValueError, match="own"), unbroken():
        raise ValueError("own")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
