"""Browsing a million papers in one process: each keystroke, any page, facets, related papers, opening.

`python -m tests.bench.browsing HOME` prints milliseconds of each as JSON, wall and CPU. A keystroke
is what the browser asks for at it: the list for what stands in the search field so far, and its first
60 entries read from the catalog. The home is made once by `python -m tests.bench.million`.
"""

import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tests.bench.children import answer
from tests.bench.million import default_folder, ready
from tests.bench.questions import share
from tests.bench.rows import Row, at_most, known, not_run
from tests.bench.workshop import Workshop

ROWS: Final = 60
"""Entries of a page: as many as a tall screen shows."""

TYPED: Final = 100
"""Texts typed letter by letter."""

KEYSTROKE_MS: Final = 25
DEEP_MS: Final = 10
FACETS_MS: Final = 30
OPEN_MS: Final = 50
RELATED_MS: Final = 30
GROWTH_MB: Final = 100
SEED: Final = 13

Times = dict[str, list[float]]
"""What was measured -> milliseconds."""


def million(workshop: Workshop) -> list[Row]:
    """The bars of browsing, each a 95th percentile on the wall, with the CPU's beside it."""
    what = "browsing 1,000,000 papers"
    if not ready(default_folder()):
        return [not_run(what, "make the home once: python -m tests.bench.million")]
    found = answer("browsing", default_folder() / "home")
    wall, cpu = found["wall"], found["cpu"]
    bars = {
        "keystroke": ("a keystroke: list and first 60 entries", KEYSTROKE_MS),
        "deep": ("a page anywhere in the list", DEEP_MS),
        "order": ("all papers in another order, first page", KEYSTROKE_MS),
        "facets": ("facets of a list", FACETS_MS),
        "related": ("related papers of a paper", RELATED_MS),
        "open": ("opening catalog and index", OPEN_MS),
    }
    rows = [
        at_most(
            f"{what}: {text} (p95 of {len(wall[name]):,})",
            share(wall[name], 0.95),
            bar,
            "ms",
            peer=f"on the CPU {share(cpu[name], 0.95):.1f} ms; median {share(wall[name], 0.5):.1f} ms",
        )
        for name, (text, bar) in bars.items()
    ]
    return [
        *rows,
        at_most("  own memory grown by all that", found["own_mb"], GROWTH_MB, "MB"),
        known("  mapped files it came to hold", found["mapped_mb"], "MB"),
    ]


# -- inside the child ------------------------------------------------------------------------


def texts(home: Path) -> list[str]:
    """Two or three neighbouring words of titles, and Chinese names."""
    chance = random.Random(SEED)
    with closing(sqlite3.connect(home / "catalog.db")) as db:
        titles = db.execute(
            "SELECT title FROM paper WHERE key LIKE 'arxiv:1_0%' ORDER BY key LIMIT 20000"
        ).fetchall()
        names = db.execute("SELECT name_zh FROM task WHERE name_zh IS NOT NULL").fetchall()
    found = []
    while len(found) < TYPED:
        words = chance.choice(titles)[0].split()
        first = chance.randrange(max(1, len(words) - 2))
        found.append(" ".join(words[first : first + chance.randint(2, 3)]))
    return found[: TYPED - 10] + [name for (name,) in chance.sample(names, 10)]


def memory(field: str) -> float:
    """MB of this process by a field of /proc: RssAnon is its own, RssFile what it has mapped."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1000
    return 0.0


def measured(home: Path) -> dict[str, Any]:
    """Wall and CPU milliseconds of everything, and what it did to memory."""
    from hub.paths import Paths
    from hub.queries import Queries, View

    wall: Times = {}
    cpu: Times = {}

    def timed(name: str, ask: Callable[[], Any]) -> Any:
        start, start_cpu = time.perf_counter(), time.process_time()
        found = ask()
        cpu.setdefault(name, []).append((time.process_time() - start_cpu) * 1000)
        wall.setdefault(name, []).append((time.perf_counter() - start) * 1000)
        return found

    def opened() -> Queries:
        queries = Queries(Paths(home))
        _ = queries.index
        return queries

    opened().close()  # imports and warm files
    for _ in range(20):
        queries = timed("open", opened)
    own, mapped = memory("RssAnon"), memory("RssFile")
    chance = random.Random(SEED)

    def listed(view: View) -> Any:
        browsing = queries.browse(view)
        browsing.page(0, ROWS)
        return browsing

    listed(View("residual learning"))
    for text in texts(home):
        for end in range(1, len(text) + 1):
            kinds = ("paper",) if end % 2 else ()
            view = View(text[:end], kinds=kinds, typing=True)
            browsing = timed("keystroke", lambda view=view: listed(view))
        for _ in range(3):
            offset = chance.randrange(max(1, browsing.found))
            timed("deep", lambda at=offset, browsing=browsing: browsing.page(at, ROWS))
        timed("facets", browsing.facets)
    for sort in ("year", "name", "results", "code", "key") * 4:
        for descending in (None, sort in ("name", "key")):
            view = View(kinds=("paper",), sort=sort, descending=descending)
            browsing = timed("order", lambda view=view: listed(view))
            for _ in range(5):
                offset = chance.randrange(browsing.found)
                timed("deep", lambda at=offset, browsing=browsing: browsing.page(at, ROWS))
        timed("facets", browsing.facets)
        for key in browsing.keys(chance.randrange(browsing.found), 5):
            timed("related", lambda key=key: queries.related(key, 10))
    return {
        "wall": wall,
        "cpu": cpu,
        "own_mb": memory("RssAnon") - own,
        "mapped_mb": memory("RssFile") - mapped,
    }


if __name__ == "__main__":
    os.environ.pop("HUB_HOME", None)
    json.dump(measured(Path(sys.argv[1])), sys.stdout)
