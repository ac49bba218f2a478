"""Sources from the browser: the ledger, and crawls of a server on this machine that are watched."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from hub.catalog import Catalog, ledger
from hub.catalog.store import Counts
from hub.paths import Paths
from hub.tui.app import HubApp
from hub.tui.crawling import TARGETS, Crawl, CrawlScreen, StartCrawl
from hub.tui.measured import Facts
from hub.tui.rows import Rows
from hub.tui.sources import SourcesPane
from hub.tui.strings import chinese
from tests import warm
from tests.hubtest import run, start
from tests.loopback import Loopback
from tests.tuitest import drive, make_home, shown, until

LONG = 45.0


@pytest.fixture(autouse=True)
def quick_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the browser starts is forked from a process that has the hub's modules."""
    monkeypatch.setattr(sys, "executable", warm.python())


@pytest.fixture
def home(fresh_home: Path) -> Paths:
    return make_home(fresh_home)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    with Loopback(papers=120, page=20) as running:
        for variable, address in running.environment().items():
            monkeypatch.setenv(variable, address)
        yield running


async def eventually(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """For what children do."""
    await until(pilot, condition, LONG)


async def sources(app: HubApp, pilot: Pilot[None]) -> SourcesPane:
    await pilot.press("9")
    await until(pilot, lambda: app.screen.query(SourcesPane))
    pane = app.screen.query_one(SourcesPane)
    await until(pilot, lambda: pane.table.values and app.focused is pane.table)
    return pane


async def crawled(app: HubApp, pilot: Pilot[None], source: str, **fields: str) -> Crawl:
    """A crawl that was started from the pane, seen through its window."""
    pane = await sources(app, pilot)
    pane.table.go_to(source)
    await pilot.press("r")
    await until(pilot, lambda: isinstance(app.screen, StartCrawl) and app.screen.query("#start"))
    for name, value in fields.items():
        app.screen.query_one(f"#{name}", Input).value = value
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(app.screen, CrawlScreen))
    job = app.running.jobs[-1]
    assert isinstance(job, Crawl)
    return job


def cells(pane: SourcesPane, source: str) -> dict[str, str]:
    return {row.key: row.cells for row in pane.table.values}[source]


def sheet(app: HubApp, selector: str) -> str:
    return app.screen.query_one(selector, Facts).text


def again_and_again(server: Loopback) -> int:
    """Requests that were made before."""
    return len(server.requests) - len({one.target for one in server.requests})


# -- the ledger ------------------------------------------------------------------------------


def test_ledger_says_of_each_source_what_it_gave_and_how_it_fared(home: Paths):
    soon = "2999-01-01T00:00:00+00:00"
    with Catalog.open(home.catalog, write=True) as catalog, catalog.transaction():
        row = ledger.begin(catalog, "arxiv_oai", "cs.LG", "2026-11-01T10:00:00+00:00", "2026-11-01")
        position = json.dumps({"pending": [["page", {}]] * 7, "done": [], "count": 3})
        ledger.note(
            catalog, row, state="refused", counts=Counts(), skipped=Counter[str](),
            position=position, finished_at="2026-11-01T10:05:00+00:00",
            note="429: Rate exceeded. [b]now[/b]\x1b[31m\nsecond line", next_allowed=soon,
        )  # fmt: skip

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        pane = await sources(app, pilot)
        assert {*TARGETS, "curated"} <= {row.key for row in pane.table.values}
        assert cells(pane, "arxiv_oai")["left"] == "7"
        assert cells(pane, "arxiv_oai")["state"].startswith("refused · again in ")
        assert cells(pane, "curated")["state"] == "embedded"
        assert cells(pane, "hf_papers")["state"] == "never"
        await until(pilot, lambda: pane.fresh is not None)
        assert cells(pane, "curated")["rows"] != "0"
        assert cells(pane, "curated")["fresh"] != "…"
        pane.table.go_to("arxiv_oai")
        await until(pilot, lambda: "429: Rate exceeded. [b]now[/b]" in sheet(app, "#sheet Facts"))
        said = sheet(app, "#sheet Facts")
        assert "7 steps are left" in said and "second line" not in said and "2999" in said
        assert "\x1b" not in shown(app)
        pane.table.go_to("curated")
        await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, StartCrawl)

    drive(home, promise, size=(160, 40))


@pytest.mark.parametrize(("size", "lang"), [((60, 15), "zh"), ((80, 24), "en")], ids=str)
def test_sources_stay_usable_in_small_terminals(home: Paths, size: tuple[int, int], lang: str):
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        pane = await sources(app, pilot)
        assert "arxiv_rss" in shown(app)
        await pilot.press("j", "r")
        await until(
            pilot, lambda: isinstance(app.screen, StartCrawl) and app.screen.query("#start")
        )
        start = app.screen.query_one("#start", Button)
        await until(pilot, lambda: start.region.width)
        assert app.screen.region.contains_region(start.region)
        await pilot.press("escape")
        assert app.focused is pane.table

    drive(home, promise, size=size, lang=lang)


def test_offline_is_said_plainly_and_nobody_is_asked(
    home: Paths, server: Loopback, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_OFFLINE", "1")

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        job = await crawled(app, pilot, "arxiv_oai", days="9")
        assert "Offline by wish" in app.screen_stack[0].query_one("#note-above", Facts).text
        await eventually(pilot, lambda: not job.under_way)
        assert job.state == "done" and [one.state for one in job.failed] == ["offline"]
        await until(pilot, lambda: "offline" in sheet(app, "#state"))
        assert "HUB_OFFLINE" in sheet(app, "#outcome")
        assert "no “nothing new”" in sheet(app, "#state")

    drive(home, promise)
    assert server.requests == []


# -- crawling --------------------------------------------------------------------------------


def test_crawl_says_its_cost_is_watched_and_its_papers_are_in_the_lists(
    home: Paths, server: Loopback
):
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        pane = await sources(app, pilot)
        pane.table.go_to("arxiv_oai")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, StartCrawl) and app.screen.query(Facts))
        await eventually(pilot, lambda: "minutes at least" in app.screen.query_one(Facts).text)
        assert "arxiv_oai" in app.screen.query_one(Facts).text
        app.screen.query_one("#days", Input).value = "9000"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, CrawlScreen))
        job = app.running.jobs[-1]
        await eventually(pilot, lambda: job.harvests and job.harvests[0].records)
        await pilot.press("escape")
        await until(pilot, lambda: "▶" in shown(app).splitlines()[-1] or not job.under_way)
        await eventually(pilot, lambda: not job.under_way)
        assert job.state == "done" and not job.failed and job.error is None
        assert job.harvests[0].total("new") and job.harvests[0].requests >= 6
        await until(pilot, lambda: cells(pane, "arxiv_oai")["state"] == "done")
        assert cells(pane, "arxiv_oai")["success"] == "just now"
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, CrawlScreen))
        await until(pilot, lambda: "New: " in sheet(app, "#outcome"))
        assert "paper " in sheet(app, "#outcome") and "Skipped: " in sheet(app, "#outcome")
        await pilot.press("escape", "1")
        screen = app.screen
        await eventually(pilot, lambda: screen.table.count >= 250 + 120)  # type: ignore[attr-defined]

    drive(home, promise, size=(120, 36))


def test_refusal_is_shown_as_one_with_the_time_it_ends(home: Paths, server: Loopback):
    server.fault("/oai", "429")

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        job = await crawled(app, pilot, "arxiv_oai", days="9000")
        await eventually(pilot, lambda: not job.under_way)
        assert [one.state for one in job.failed] == ["refused"] and job.state == "done"
        await until(pilot, lambda: "arxiv_oai: refused" in sheet(app, "#state"))
        assert "429" in sheet(app, "#outcome") and "9 min" in sheet(app, "#outcome")
        await pilot.press("escape")
        pane = app.screen.query_one(SourcesPane)
        await until(pilot, lambda: "again in 9 min" in cells(pane, "arxiv_oai")["state"])
        assert "at any time" not in sheet(app, "#sheet Facts")

    drive(home, promise, size=(120, 36))
    assert len(server.requests) == 1


def test_crawl_stops_after_the_page_in_hand_and_goes_on_there(
    home: Paths, server: Loopback, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "1.5")

    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        job = await crawled(app, pilot, "arxiv_oai", days="9000")
        await eventually(pilot, lambda: job.harvests and job.harvests[0].records >= 20)
        await eventually(pilot, lambda: job.waiting)
        await until(pilot, lambda: "waiting for arXiv" in sheet(app, "#state"))
        await pilot.press("x")
        await eventually(pilot, lambda: not job.under_way)
        assert job.state == "stopped" and job.harvests[0].state == "interrupted"
        assert again_and_again(server) == 0
        monkeypatch.setenv("HUB_DELAY_SECONDS", "0")
        await pilot.press("r")
        again = app.running.jobs[-1]
        await eventually(pilot, lambda: not again.under_way)
        assert again.state == "done" and again.harvests[0].ended["resumed"]
        assert again_and_again(server) <= 1, "no page but the one in hand is asked for twice"

    drive(home, promise, size=(120, 36))


def test_crawl_of_somebody_else_is_waited_for_and_said(home: Paths, server: Loopback):
    from hub.lock import writing

    with writing(home.lock, "hub import big.json"):

        async def promise(app: HubApp, pilot: Pilot[None]) -> None:
            job = await crawled(app, pilot, "arxiv_oai", days="9000")
            await eventually(pilot, lambda: any("hub import" in one for one in job.sentences))
            await until(pilot, lambda: "hub import big.json" in sheet(app, "#outcome"))
            await pilot.press("escape", "D")
            await until(pilot, lambda: isinstance(app.screen, CrawlScreen))
            assert len(app.running.of("crawl")) == 1, "one crawl at a time"
            await pilot.press("x")
            await eventually(pilot, lambda: not job.under_way)
            assert job.state == "stopped"

        drive(home, promise, size=(120, 36))
    assert server.requests == []


# -- what programs read ----------------------------------------------------------------------


def test_progress_for_programs_is_lines_of_json(home: Paths, server: Loopback):
    words = ("crawl", "arxiv", "--days", "9000", "--no-index", "--json")
    said = run(*words, home=home.home, HUB_PROGRESS="json", HUB_OFFLINE="0", **server.environment())
    assert said.code == 0
    lines = [json.loads(line) for line in said.err.splitlines() if line.startswith("{")]
    assert next(iter(lines[0])) == "begin" and lines[0]["begin"]["source"] == "arxiv_oai"
    assert any("told" in line for line in lines)
    assert lines[-1]["ended"] == said.data[0]


def test_crawl_whose_reader_is_gone_ends_too(home: Paths, server: Loopback):
    """The browser was killed: nobody reads the progress."""
    child = start(
        "crawl", "arxiv", "--days", "9000", "--no-index", "--json", home=home.home,
        HUB_PROGRESS="json", HUB_OFFLINE="0", HUB_DELAY_SECONDS="1.2", **server.environment(),
    )  # fmt: skip
    assert child.stderr is not None and child.stdout is not None
    assert "begin" in child.stderr.readline()
    child.stderr.close()
    child.stdout.close()
    child.wait(30)
    assert len(server.requests) < 6


def test_every_source_and_state_has_chinese():
    from hub.text import state_name

    states = {
        "running", "done", "limited", "interrupted", "refused", "unreachable", "offline", "damaged",
        "embedded", "never",
    }  # fmt: skip
    assert state_name("done")
    assert states | {one.title for one in TARGETS.values()} <= chinese().keys()


def test_click_moves_the_cursor_and_double_click_opens(home: Paths):
    async def promise(app: HubApp, pilot: Pilot[None]) -> None:
        pane = await sources(app, pilot)
        await pilot.click(Rows, offset=(3, 3))
        await until(pilot, lambda: pane.table.key == pane.table.values[2].key)
        assert not isinstance(app.screen, StartCrawl)
        await pilot.click(Rows, offset=(3, 2), times=2)
        await until(pilot, lambda: isinstance(app.screen, StartCrawl))

    drive(home, promise)
