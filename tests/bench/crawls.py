"""Crawling: OAI pages of real records into the catalog, a dump streamed, readers beside a harvest, the
gap between two processes, and harvests that are killed again and again."""

import gzip
import io
import json
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from xml.sax.saxutils import escape

from tests.bench.children import MB, hub, run
from tests.bench.rows import Row, at_least, at_most, known, not_run
from tests.bench.workshop import NO_DATA, Workshop
from tests.hubtest import command, empty_catalog, environment
from tests.loopback import Loopback, Reply
from tests.test_crawl_kills import CRAWL, content, crawl, home_of, killed_until_done

RECORDS_A_SECOND = 3_000
PEAK_MB = 300
JSON_MB_A_SECOND = 20
WORST_READ_MS = 100
GAP_SECONDS = 3.0
KILLS = 100
PAGE = 1_000
PAGES = 20


# -- OAI pages -------------------------------------------------------------------------------


def pages(workshop: Workshop) -> list[Row]:
    """Records a second of CPU, and peak memory, of `hub crawl` over pages of 1,000 real records."""
    what = f"crawl OAI, pages of {PAGE:,} real records"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    bodies = list(_oai_pages(workshop, PAGES))
    few, _ = _crawled(workshop, list(_oai_pages(workshop, 4)))
    many, kept = _crawled(workshop, bodies)
    assert kept == PAGE * PAGES, kept
    rate = PAGE * (PAGES - 4) / (many.cpu_seconds - few.cpu_seconds)
    peer = _plain_script(workshop, bodies)
    return [
        at_least(
            f"{what}: records a second of CPU",
            rate,
            RECORDS_A_SECOND,
            "/s",
            peer=f"lxml + executemany, nothing checked or merged {PAGE * PAGES / peer:,.0f}/s",
        ),
        known(
            f"{what}: the same, start of the process included",
            PAGE * PAGES / many.cpu_seconds,
            "/s",
        ),
        at_most(
            f"{what}: peak memory of {PAGES} pages",
            many.peak_bytes / MB,
            PEAK_MB,
            "MB",
            peer=f"4 pages: {few.peak_bytes / MB:.0f} MB",
        ),
    ]


def _crawled(workshop: Workshop, bodies: list[bytes]) -> tuple[Any, int]:
    """The cost of a crawl of these pages into an empty catalog, and how many papers it kept."""
    home = workshop.fresh("crawl") / "home"
    empty_catalog(home / "catalog.db")

    def page(asked: Any) -> Reply:
        return Reply(bodies[int(asked.query.get("resumptionToken", 0))], "text/xml")

    with Loopback(papers=1) as server:
        server.interfaces.clear()
        server.give("/oai", page)
        where = {"HUB_HOME": home, **server.environment()}
        cost = run(hub(*CRAWL), where)
    with closing(sqlite3.connect(home / "catalog.db")) as db:
        (kept,) = db.execute("SELECT COUNT(*) FROM paper").fetchone()
    return cost, int(kept)


def _oai_pages(workshop: Workshop, count: int) -> Iterator[bytes]:
    """Answers of arXiv's OAI interface (`arXiv` format) made of real records."""
    with gzip.open(workshop.snapshot) as lines:
        for number in range(count):
            records = "".join(_record(json.loads(next(lines))) for _ in range(PAGE))
            token = str(number + 1) if number + 1 < count else ""
            yield (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
                f"{records}<resumptionToken>{token}</resumptionToken></ListRecords></OAI-PMH>"
            ).encode()


def _record(said: dict[str, Any]) -> str:
    authors = "".join(
        f"<author><keyname>{escape(one[0])}</keyname><forenames>{escape(one[1])}</forenames></author>"
        for one in said["authors_parsed"]
    )
    plain = {
        "id": said["id"], "created": said["update_date"], "title": said["title"],
        "categories": said["categories"], "comments": said.get("comments"),
        "doi": said.get("doi"), "abstract": said["abstract"],
    }  # fmt: skip
    fields = "".join(f"<{name}>{escape(one)}</{name}>" for name, one in plain.items() if one)
    return (
        f"<record><header><identifier>oai:arXiv.org:{said['id']}</identifier>"
        f"<datestamp>{said['update_date']}</datestamp><setSpec>cs:cs:LG</setSpec></header><metadata>"
        f'<arXiv xmlns="http://arxiv.org/OAI/arXiv/">{fields}<authors>{authors}</authors></arXiv>'
        "</metadata></record>"
    )


def _plain_script(workshop: Workshop, bodies: list[bytes]) -> float:
    """CPU seconds of what a short script does: parse, put the texts into one table."""
    from lxml import etree

    space = "{http://arxiv.org/OAI/arXiv/}"
    began = time.process_time()
    with closing(sqlite3.connect(workshop.fresh("plain") / "papers.db")) as db:
        db.execute("CREATE TABLE paper (id TEXT PRIMARY KEY, title, abstract, authors, categories)")
        for body in bodies:
            rows = [
                (
                    one.findtext(f"{space}id"),
                    one.findtext(f"{space}title"),
                    one.findtext(f"{space}abstract"),
                    ", ".join(name.text or "" for name in one.iter(f"{space}keyname")),
                    one.findtext(f"{space}categories"),
                )
                for one in etree.fromstring(body).iter(f"{space}arXiv")
            ]
            with db:
                db.executemany("INSERT OR REPLACE INTO paper VALUES (?, ?, ?, ?, ?)", rows)
    return time.process_time() - began


# -- dumps -----------------------------------------------------------------------------------


def archive(workshop: Workshop) -> list[Row]:
    """Megabytes of JSON a second that become records, of dumps in the form of the archive's."""
    from crawlers.source import Origin
    from crawlers.sources import pwc_archive

    what = "pwc archive, JSON to records"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    rows = []
    tables = gzip.decompress(workshop.tables.read_bytes())
    for name, raw in (("papers with abstracts", _dump(workshop)), ("tables of 2020", tables)):
        seconds, peer = [], []
        for _ in range(2):
            began = time.process_time()
            for page in pwc_archive.read(io.BytesIO(raw), Origin("dump", "2025-07-28")):
                assert page.broken is None
            seconds.append(time.process_time() - began)
            began = time.process_time()
            json.loads(raw)
            peer.append(time.process_time() - began)
        beside = f"json.loads alone, all in memory {len(raw) / MB / min(peer):.0f} MB/s"
        rate = len(raw) / MB / min(seconds)
        if name.startswith("papers"):
            # 2.2 of the archive's 2.4 GB.
            rows.append(at_least(f"{what}: {name}", rate, JSON_MB_A_SECOND, "MB/s", peer=beside))
        else:
            rows.append(known(f"{what}: {name}", rate, "MB/s", peer=beside))
    return rows


def _dump(workshop: Workshop) -> bytes:
    """20,000 real papers with the members of the archive's papers dump."""
    rows = []
    with gzip.open(workshop.snapshot) as lines:
        for number in range(20_000):
            said = json.loads(next(lines))
            rows.append(
                {
                    "paper_url": f"https://paperswithcode.com/paper/p-{number}",
                    "arxiv_id": said["id"], "nips_id": None, "openreview_id": None,
                    "title": said["title"], "abstract": said["abstract"],
                    "short_abstract": said["abstract"][:200],
                    "url_abs": f"https://arxiv.org/abs/{said['id']}",
                    "url_pdf": f"https://arxiv.org/pdf/{said['id']}", "proceeding": None,
                    "authors": [f"{one[1]} {one[0]}" for one in said["authors_parsed"]],
                    "tasks": ["Image Classification", "Object Detection"], "date": "2025-01-01",
                    "conference_url_abs": None, "conference_url_pdf": None, "conference": None,
                    "reproduces_paper": None,
                    "methods": [{"name": "Adam", "full_name": "Adam", "description": "A step rule.",
                                 "introduced_year": 2014, "source_url": None, "source_title": None,
                                 "code_snippet_url": None, "main_collection": None}],
                }
            )  # fmt: skip
    return json.dumps(rows).encode()


# -- beside a harvest ------------------------------------------------------------------------

_READER = """
import json, sys, time
from pathlib import Path
from hub.queries import Queries, Query
from hub.paths import Paths

def used():
    # Nanoseconds on a core, and waiting for one: a busy machine is no lock.
    try:
        on, waiting, _ = Path("/proc/self/schedstat").read_text().split()
        return (int(on) + int(waiting)) / 1e9
    except OSError:
        return time.process_time()

walls, blocked, failed = [], [], 0
queries = Queries(Paths(Path(sys.argv[1])))
while not Path(sys.argv[2]).exists():
    began, had = time.perf_counter(), used()
    try:
        queries.search(Query("attention networks", limit=20))
        queries.listing("paper", sort="year", limit=20)
    except Exception as error:
        failed += 1
    wall = time.perf_counter() - began
    walls.append(wall)
    blocked.append(wall - (used() - had))
    time.sleep(0.002)
walls.sort()
print(json.dumps([max(blocked), walls[-1], walls[len(walls) // 2], len(walls), failed]))
"""


def reader(workshop: Workshop) -> list[Row]:
    """The longest of many searches and lists by a process that reads while a crawl writes."""
    what = "search and list beside a crawl"
    folder = workshop.fresh("reader")
    home = folder / "home"
    run(hub("search", "mnist"), {"HUB_HOME": home})
    child = subprocess.Popen(
        [sys.executable, "-c", _READER, str(home), str(folder / "end")],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    with Loopback(papers=20_000, days=20, page=1_000) as server:
        assert crawl(server, home).code == 0
    (folder / "end").touch()
    worst, wall, middle, asked, failed = json.loads(child.communicate(timeout=30)[0])
    return [
        at_most(
            f"{what}: longest time blocked of {asked:,}, errors {failed}",
            1e3 * worst if not failed else float("inf"),
            WORST_READ_MS,
            "ms",
            peer=f"median of a whole answer {1e3 * middle:.1f} ms, longest {1e3 * wall:.0f} ms",
        )
    ]


def gap(workshop: Workshop) -> list[Row]:
    """The shortest time between two requests of two processes with homes of their own."""
    what = "two processes, arXiv: shortest gap"
    with Loopback(papers=200, days=20, page=20) as server:
        children = []
        for name in "ab":
            (workshop.scratch / f"gap-{name}").mkdir()
            home = home_of(workshop.scratch / f"gap-{name}")
            there = {**server.environment(), "HUB_OFFLINE": "0", "HUB_DELAY_SECONDS": "3"}
            there["XDG_STATE_HOME"] = str(workshop.scratch / "gap-state")
            children.append(
                subprocess.Popen(
                    command(*CRAWL), env=environment(home, **there), stderr=subprocess.DEVNULL
                )
            )
        while len(server.requests) < 8:
            time.sleep(0.1)
        for child in children:
            child.kill()
            child.wait()
        found = min(server.gaps[:7])
    return [at_least(what, found, GAP_SECONDS, "s", measured=f"{found:.3f} s")]


def kills(workshop: Workshop) -> list[Row]:
    """100 harvests of 20,000 records killed at random moments, each gone on with."""
    what = f"{KILLS} x kill -9, 20,000 records"
    lost = doubled = asked_twice = hits = 0
    with Loopback(papers=40_000, days=40, page=1_000) as server:
        undisturbed = home_of(workshop.fresh("undisturbed"))
        assert crawl(server, undisturbed).code == 0
        wanted, expected = content(undisturbed), Counter(server.targets)
        choose = random.Random(1)
        while hits < KILLS:
            server.requests.clear()
            home = home_of(workshop.fresh("killed"))
            hit, ended = killed_until_done(server, home, 12, seed=choose.randrange(1 << 30))
            if not ended:
                assert crawl(server, home).code == 0
            hits += hit
            found, asked = content(home), Counter(server.targets)
            lost += sum(len(set(wanted[one]) - set(found[one])) for one in wanted)
            doubled += sum(len(found[one]) - len(set(found[one])) for one in found)
            asked_twice += max(0, sum(asked.values()) - sum(expected.values()) - hit)
    rows = {"records lost or changed": lost, "doubled": doubled, "pages asked twice": asked_twice}
    return [at_most(f"{what} ({hits}): {name}", count, 0, "") for name, count in rows.items()]
