"""Queries inside one process: the hub beside FTS5, bm25s and tantivy on the same papers.

Each engine answers in a process of its own: `python -m tests.bench.questions ENGINE HOME SCRATCH`
prints the wall and the CPU milliseconds of every query as JSON. Peers get titles and abstracts; the
hub's own index holds all its other entries too, and its answer includes reading the hits from the
catalog.
"""

import json
import random
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from tests.bench.children import ChildFailed, answer
from tests.bench.rows import Row, at_most, failed, known, not_run
from tests.bench.workshop import NO_DATA, PAPERS, Workshop, lacks

COUNT = 2_000
P50_MS = 1
P99_MS = 5
LIMIT = 20
SEED = 7

Search = Callable[[str], object]

SLOW = {"fts5": 5}
"""Engines that are asked only every n-th query, since all would take them minutes."""

PEERS = {
    "SQLite FTS5 (porter, bm25)": ("fts5", None),
    "bm25s (numpy, memory-mapped)": ("bm25s", "bm25s"),
    "tantivy (en_stem)": ("tantivy", "tantivy"),
}


def queries(workshop: Workshop) -> list[Row]:
    """Median and 99th percentile of 2,000 queries, ours and for information three peers'."""
    what = f"one query in the process, {COUNT:,} queries"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    ours, on_cpu = answer("questions", "hub", workshop.home, workshop.fresh("hub"))
    rows = [
        at_most(f"{what}: p50", share(ours, 0.50), P50_MS, "ms"),
        at_most(f"{what}: p99", share(ours, 0.99), P99_MS, "ms"),
        known("  on the CPU, waiting left out: p50", share(on_cpu, 0.50), "ms"),
        known("  on the CPU, waiting left out: p99", share(on_cpu, 0.99), "ms"),
        known("  words (1-4) alone: p99", share(ours[: COUNT // 2], 0.99), "ms"),
        known("  whole titles alone: p99", share(ours[COUNT // 2 :], 0.99), "ms"),
    ]
    return rows + [peer_row(workshop, name) for name in PEERS]


def peer_row(workshop: Workshop, name: str) -> Row:
    """What a peer took for the same queries."""
    engine, module = PEERS[name]
    workshop.tell(f"the same queries for {name}")
    if module and (missing := lacks(module)):
        return not_run(f"  peer {name}", missing)
    scratch = workshop.fresh(engine)
    try:
        taken, _ = answer("questions", engine, workshop.home, scratch)
    except ChildFailed as error:
        return failed(f"  peer {name}", str(error))
    finally:
        shutil.rmtree(scratch)
    asked_only = f" ({len(taken)} of them)" if len(taken) < COUNT else ""
    shown = f"p50 {share(taken, 0.50):.2f} ms, p99 {share(taken, 0.99):.2f} ms"
    return Row(f"  peer {name}{asked_only}", shown, value=share(taken, 0.99))


def share(taken: Sequence[float], part: float) -> float:
    """The value below which this part of all lies."""
    return sorted(taken)[min(len(taken) - 1, int(part * len(taken)))]


# -- inside the child ------------------------------------------------------------------------


def papers(home: Path) -> list[tuple[str, str]]:
    """Title and abstract of every paper, in the order of the keys."""
    with closing(sqlite3.connect(home / "catalog.db")) as db:
        return db.execute("SELECT title, COALESCE(abstract, '') FROM paper ORDER BY key").fetchall()


def asked(titles: Sequence[str]) -> list[str]:
    """Half of them one to four words of titles, as often as they stand there; half whole titles.

    Function words are not drawn, since a query of nothing else is no question.
    """
    from hub.words import STOP_WORDS

    chance = random.Random(SEED)
    words = [word for title in titles for word in re.findall(r"\w{2,}", title.lower())]
    words = [word for word in words if word not in STOP_WORDS]
    few = [" ".join(chance.choices(words, k=chance.randint(1, 4))) for _ in range(COUNT // 2)]
    return few + chance.choices(titles, k=COUNT - len(few))


def bare(text: str) -> list[str]:
    """The words of a query without function words and signs, over which peers would trip."""
    from hub.words import STOP_WORDS

    return [word for word in re.findall(r"\w+", text.lower()) if word not in STOP_WORDS]


def hub_search(home: Path, scratch: Path) -> Search:
    """The hub's own query, hits read from the catalog."""
    from hub.paths import Paths
    from hub.queries import Queries, Query

    reads = Queries(Paths(home))
    if reads.index.size < PAPERS:
        raise RuntimeError(f"the index holds {reads.index.size:,} entries only")
    return lambda text: reads.search(Query(text, limit=LIMIT))


def fts5_search(home: Path, scratch: Path) -> Search:
    """SQLite's full-text index: any of the words, best bm25 first."""
    db = sqlite3.connect(scratch / "fts.db")
    db.execute("CREATE VIRTUAL TABLE paper USING fts5(title, abstract, tokenize = 'porter')")
    db.executemany("INSERT INTO paper VALUES (?, ?)", papers(home))
    db.execute("INSERT INTO paper(paper) VALUES ('optimize')")
    db.commit()
    sql = f"SELECT rowid, rank FROM paper WHERE paper MATCH ? ORDER BY rank LIMIT {LIMIT}"

    def search(text: str) -> object:
        words = bare(text)
        return (
            db.execute(sql, (" OR ".join(f'"{word}"' for word in words),)).fetchall()
            if words
            else []
        )

    return search


def bm25s_search(home: Path, scratch: Path) -> Search:
    """bm25s over memory-mapped arrays, one thread."""
    import bm25s
    import Stemmer

    stem = Stemmer.Stemmer("english")
    quiet = {"show_progress": False, "stopwords": "en", "stemmer": stem}
    engine = bm25s.BM25()
    texts = [f"{title} {abstract}" for title, abstract in papers(home)]
    engine.index(bm25s.tokenize(texts, **quiet), show_progress=False)
    engine.save(str(scratch))
    mapped = bm25s.BM25.load(str(scratch), mmap=True)

    def search(text: str) -> object:
        tokens = bm25s.tokenize(text, return_ids=False, **quiet)
        return mapped.retrieve(tokens, k=LIMIT, show_progress=False, backend_selection="numpy")

    return search


def tantivy_search(home: Path, scratch: Path) -> Search:
    """tantivy with its English stemmer, any of the words."""
    import tantivy

    fields = tantivy.SchemaBuilder()
    for name in ("title", "abstract"):
        fields.add_text_field(name, stored=False, tokenizer_name="en_stem")
    index = tantivy.Index(fields.build(), path=str(scratch))
    writer = index.writer()
    for title, abstract in papers(home):
        writer.add_document(tantivy.Document(title=title, abstract=abstract))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(text: str) -> object:
        words = bare(text)
        return searcher.search(
            index.parse_query(" ".join(words), ["title", "abstract"]), LIMIT
        ).hits

    return search


ENGINES = {
    "hub": hub_search,
    "fts5": fts5_search,
    "bm25s": bm25s_search,
    "tantivy": tantivy_search,
}


def timed(engine: str, home: Path, scratch: Path) -> tuple[list[float], list[float]]:
    """Wall and CPU milliseconds of each query; 50 others are asked first, so that files are warm.

    Where the machine is busy the two differ: a query that is put aside takes wall time only.
    """
    search = ENGINES[engine](home, scratch)
    titles = [title for title, _ in papers(home)]
    questions = asked(titles)
    for text in random.Random(SEED + 1).choices(titles, k=50):
        search(text)
    taken, on_cpu = [], []
    for text in questions[:: SLOW.get(engine, 1)]:
        start, start_cpu = time.perf_counter(), time.process_time()
        search(text)
        on_cpu.append((time.process_time() - start_cpu) * 1000)
        taken.append((time.perf_counter() - start) * 1000)
    return taken, on_cpu


if __name__ == "__main__":
    json.dump(timed(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])), sys.stdout)
