"""The search index after a daily round: brought up to date for 1,500 changed papers, not built again.

Each measurement runs in a process of its own: `python -m tests.bench.index_update WHAT HOME SCRATCH`
prints JSON. The clock of an update starts before anything of the hub is imported and stops when the
new index is open; it includes reading the documents from the catalog. The peer changes the same
papers in an FTS5 table that is open already.
"""

import json
import random
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.children import answer, hub, run
from tests.bench.questions import asked, papers, share
from tests.bench.rows import Row, at_least, at_most, known, not_run
from tests.bench.workshop import NO_DATA, Workshop

CHANGED = 1_500
SECONDS = 2
TIMES_P50 = 1.3
SAME_TOP = 0.95
REPEATS = 3
SEED = 11
DAY = "2099-01-01"
"""Later than any day in the snapshot, so that what the round says counts."""

BEGAN = time.perf_counter()


def updates(workshop: Workshop) -> list[Row]:
    """Time of an update beside a build and FTS5, and what searching costs and finds afterwards."""
    what = f"index update, {CHANGED:,} papers of 90k entries changed"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    home = workshop.fresh("updated")
    shutil.copytree(workshop.home, home, dirs_exist_ok=True)
    scratch = workshop.fresh("update")
    answer("index_update", "change", home, scratch)
    taken = [answer("index_update", "update", home, scratch) for _ in range(REPEATS)]
    built = answer("index_update", "build", home, scratch)
    peer = answer("index_update", "fts5", home, scratch)
    before, after = answer("index_update", "query", workshop.home, home)
    same = answer("index_update", "compare", home, scratch)
    wall = median(one["wall"] for one in taken)
    ratio = share(after, 0.5) / share(before, 0.5)
    return [
        at_most(
            f"{what} (median of {REPEATS})",
            wall,
            SECONDS,
            "s",
            peer=f"whole build {built:.1f} s, FTS5 delete + insert {peer:.2f} s",
        ),
        known("  of it reading the catalog", median(one["read"] for one in taken), "s"),
        at_most(
            "  one query then: p50",
            ratio,
            TIMES_P50,
            "x without",
            measured=f"{share(after, 0.5):.2f} ms = {ratio:.2f} x without",
            peer=f"index just built {share(before, 0.5):.2f} ms",
        ),
        started(workshop.home, home),
        at_least("  queries that find as many as in a whole build", same["found"], 1, "of all"),
        at_least("  best 10 that are among the best 10 of one", same["best"], SAME_TOP, "of all"),
    ]


def started(home: Path, updated: Path) -> Row:
    """`hub search` as a command on both homes, in turns."""
    taken: dict[Path, list[float]] = {home: [], updated: []}
    for turn in range(16):
        for place, seconds in taken.items():
            cost = run(hub("search", "residual learning"), {"HUB_HOME": place})
            if turn:  # the first turn warms files
                seconds.append(cost.wall_seconds * 1000)
    peer = f"index just built {median(taken[home]):.0f} ms"
    return known("  hub search then (median of 15)", median(taken[updated]), "ms", peer=peer)


# -- inside the child ------------------------------------------------------------------------


def change(home: Path, scratch: Path) -> int:
    """Says 1,500 papers again with other words in title and abstract; how many it changed."""
    from crawlers.records import PaperRecord
    from hub.catalog import Catalog

    with closing(sqlite3.connect(home / "catalog.db")) as db:
        sql = "SELECT key, title, abstract FROM paper WHERE key LIKE 'arxiv:%' ORDER BY key"
        rows = db.execute(sql).fetchall()
    chosen = random.Random(SEED).sample(rows, CHANGED)
    said = [
        PaperRecord(
            key=key,
            title=f"{title} (revised)",
            abstract=f"{abstract or ''} In this version the zebrafish data were corrected.",
            source="arxiv_snapshot",
            retrieved_at=DAY,
            licence="CC0-1.0",
        )
        for key, title, abstract in chosen
    ]
    with Catalog.open(home / "catalog.db", write=True) as catalog, catalog.transaction():
        counts = catalog.upsert(said, at=f"{DAY}T00:00:00+00:00")
        catalog.keep_sources()  # as every harvest does at its end
    if counts.changed["paper"] != CHANGED:
        raise RuntimeError(f"{counts.changed['paper']:,} papers changed, not {CHANGED:,}")
    return CHANGED


def update(home: Path, scratch: Path) -> dict[str, float]:
    """Seconds of an update from the start of this process, and of reading the documents in it."""
    from hub.catalog import Catalog, read
    from hub.documents import documents_of
    from hub.index import Index
    from hub.index import update as update_index

    with Catalog.open(home / "catalog.db") as catalog:
        reading = time.perf_counter()
        touched = read.touched_since(catalog, Index.open(home / "index").base_generation)
        found = list(documents_of(catalog, touched))
        read_seconds = time.perf_counter() - reading
        if len(found) < CHANGED:
            raise RuntimeError(f"{len(found):,} documents changed, not {CHANGED:,}")
        gone = set(touched) - {one.key for one in found}
        if update_index(home / "index", found, gone, catalog.generation()) is None:
            raise RuntimeError("the update was declined")
    return {"wall": time.perf_counter() - BEGAN, "read": read_seconds}


def build(home: Path, scratch: Path) -> float:
    """Seconds of a whole build of the same catalog, likewise."""
    from hub.catalog import Catalog
    from hub.documents import documents
    from hub.index import build as build_index

    with Catalog.open(home / "catalog.db") as catalog:
        build_index(scratch / "whole", documents(catalog), generation=catalog.generation())
    return time.perf_counter() - BEGAN


def fts5(home: Path, scratch: Path) -> float:
    """Seconds in which SQLite's full-text index takes the same papers out and in again."""
    with closing(sqlite3.connect(scratch / "fts.db")) as db:
        db.execute("CREATE VIRTUAL TABLE paper USING fts5(title, abstract, tokenize = 'porter')")
        db.executemany("INSERT INTO paper VALUES (?, ?)", papers(home))
        db.commit()
        sql = "SELECT rowid, title, abstract FROM paper WHERE title LIKE '%(revised)'"
        rows = db.execute(sql).fetchall()
        start = time.perf_counter()
        db.executemany("DELETE FROM paper WHERE rowid = ?", [row[:1] for row in rows])
        db.executemany("INSERT INTO paper (rowid, title, abstract) VALUES (?, ?, ?)", rows)
        db.commit()
        return time.perf_counter() - start


def query(home: Path, updated: Path) -> list[list[float]]:
    """Milliseconds of every query in a home whose index was built, and in one where it was updated.

    They take turns, and which is first changes, so that a busy moment hits both alike.
    """
    from hub.paths import Paths
    from hub.queries import Queries, Query

    reads = [Queries(Paths(home)), Queries(Paths(updated))]
    if reads[0].index.delta is not None or reads[1].index.delta is None:
        raise RuntimeError("not one index that was built and one that was updated")
    titles = [title for title, _ in papers(home)]
    questions = asked(titles)
    for text in random.Random(SEED).choices(titles, k=50):
        for one in reads:
            one.search(Query(text))
    taken: list[list[float]] = [[], []]
    for number, text in enumerate(questions):
        for at in (0, 1) if number % 2 else (1, 0):
            start = time.perf_counter()
            reads[at].search(Query(text))
            taken[at].append((time.perf_counter() - start) * 1000)
    return taken


def compare(home: Path, scratch: Path) -> dict[str, float]:
    """Shares of queries that find as many documents, and of best tens that are the same."""
    from hub.index import Index

    updated, whole = Index.open(home / "index"), Index.open(scratch / "whole")
    questions = [*asked([title for title, _ in papers(home)]), "zebrafish data", "revised"]
    as_many, same, best = 0, 0, 0
    for text in questions:
        (found, ours), (found_whole, theirs) = (
            index.search(text, limit=10) for index in (updated, whole)
        )
        as_many += found == found_whole
        same += len({one.key for one in ours} & {one.key for one in theirs})
        best += len(theirs)
    return {"found": as_many / len(questions), "best": same / best}


CHILDREN: dict[str, Any] = {
    "change": change,
    "update": update,
    "build": build,
    "fts5": fts5,
    "query": query,
    "compare": compare,
}


if __name__ == "__main__":
    json.dump(CHILDREN[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3])), sys.stdout)
