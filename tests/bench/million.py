"""A home with 1,000,000 papers, made once: `python -m tests.bench.million [FOLDER] [--papers N]`.

Each paper is made of pieces of real ones: sentences of abstracts, halves of titles, authors,
categories and a day, drawn from the 70,000 records of HUB_REAL_DATA, or from the embedded 20,000
where that is not set. Now and then a word is coined, since real texts never run out of new words.
The lines then take the same way as any snapshot: imported into a home that begins with the embedded
catalog, and indexed. FOLDER/home is the home; it stays, and a second call only says where it is.
"""

import argparse
import gzip
import json
import os
import random
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from hub.paths import Paths
from tests.bench.children import MB, hub, python, run

GB: Final = 1_000_000_000
HOURS: Final = 3 * 3_600.0
"""How long one step may take, in seconds."""

PAPERS: Final = 1_000_000
SEED: Final = 5
COINED: Final = 0.7
"""New words of a paper on average: about as many as 70,000 real papers go on to bring."""

FIRST_NUMBER: Final = 40_000
"""Numbers of a month begin here, above those of any real paper: what is real is never overwritten."""

FACTS: Final = "million.json"
"""The file beside the home that says how it was made, how long that took and how big it is."""


@dataclass(frozen=True)
class Pieces:
    """What real papers consist of."""

    titles: list[list[str]]
    sentences: list[list[str]]
    """Of each abstract its sentences."""
    authors: list[list[list[str]]]
    categories: list[str]
    days: list[str]


def default_folder() -> Path:
    """The cache folder: where every measurement looks for the home."""
    return Path(tempfile.gettempdir()) / "million"


def ready(folder: Path) -> bool:
    """True when a home was made here to its end."""
    return (folder / FACTS).is_file()


# -- the pieces ------------------------------------------------------------------------------


def pieces_of_snapshot(snapshot: Path) -> Pieces:
    """The pieces of the records of an arXiv snapshot."""
    found = Pieces([], [], [], [], [])
    with gzip.open(snapshot) as lines:
        for line in lines:
            said = orjson.loads(line)
            text = " ".join((said["abstract"] or "").split())
            found.titles.append(said["title"].split())
            found.sentences.append(re.split(r"(?<=[.!?]) ", text) if text else [])
            found.authors.append(said["authors_parsed"])
            found.categories.append(said["categories"])
            found.days.append(said["update_date"])
    return found


def pieces_of_catalog(catalog: Path) -> Pieces:
    """The pieces of the embedded papers, which have no abstracts: their titles serve as sentences."""
    found = Pieces([], [], [], [], [])
    with closing(sqlite3.connect(catalog)) as db:
        rows = db.execute(
            "SELECT title, authors, categories, published FROM paper WHERE key LIKE 'arxiv:%'"
        )
        for title, authors, categories, published in rows:
            found.titles.append(title.split())
            found.sentences.append([f"{title}."])
            found.authors.append([name.rpartition(" ")[::-2] for name in json.loads(authors)])
            found.categories.append(" ".join(json.loads(categories)) or "cs.LG")
            found.days.append(published or "2018-01-01")
    return found


# -- the papers ------------------------------------------------------------------------------


def papers(pieces: Pieces, count: int) -> Iterator[dict[str, Any]]:
    """That many records as a snapshot holds them, each with an id of its own."""
    chance = random.Random(SEED)
    numbers: Counter[str] = Counter()
    size = len(pieces.titles)
    syllables = [
        word.lower() for title in pieces.titles[:20_000] for word in title if len(word) > 5
    ]
    for _ in range(count):
        base, other = chance.randrange(size), chance.randrange(size)
        day = _day(pieces.days[chance.randrange(size)], chance)
        month = day[2:4] + day[5:7]
        numbers[month] += 1
        title = _title(pieces.titles[base], pieces.titles[other], chance)
        words = _abstract(pieces, base, chance)
        while chance.random() < COINED / (1 + COINED):
            words.append(f"We call it {_coined(syllables, chance)}.")
        yield {
            "id": f"{month}.{FIRST_NUMBER + numbers[month]:05}",
            "submitter": None,
            "authors": "",
            "title": title,
            "comments": None,
            "journal-ref": None,
            "doi": None,
            "report-no": None,
            "categories": pieces.categories[base],
            "license": None,
            "abstract": " ".join(words),
            "versions": [{"version": "v1", "created": _created(day)}],
            "update_date": day,
            "authors_parsed": _authors(pieces, base, other, chance),
        }


def _day(real: str, chance: random.Random) -> str:
    """A real paper's day in a year of its own choosing: many recent ones, as arXiv has them."""
    year = 2015 + int(11.5 * chance.random() ** 0.6)
    return f"{year}-{real[5:]}" if real[5:] != "02-29" else f"{year}-02-28"


def _created(day: str) -> str:
    return time.strftime("%a, %d %b %Y 00:00:00 GMT", time.strptime(day, "%Y-%m-%d"))


def _title(one: list[str], two: list[str], chance: random.Random) -> str:
    """The beginning of a title and the end of another."""
    if chance.random() < 0.3:
        return " ".join(one) or "Untitled"
    cut, rest = (len(one) + 1) // 2, len(two) // 2
    return " ".join([*one[:cut], *two[rest:]]) or "Untitled"


def _abstract(pieces: Pieces, base: int, chance: random.Random) -> list[str]:
    """As many sentences as a real abstract has: most of them its own, the rest of others."""
    own = pieces.sentences[base]
    made = []
    for sentence in own:
        if chance.random() < 0.6:
            made.append(sentence)
        else:
            others = pieces.sentences[chance.randrange(len(pieces.sentences))]
            made += [chance.choice(others)] if others else []
    return made


def _coined(syllables: list[str], chance: random.Random) -> str:
    one, two = chance.choice(syllables), chance.choice(syllables)
    return (one[: chance.randint(2, 5)] + two[-chance.randint(2, 6) :]).strip("-.,:()")


def _authors(pieces: Pieces, base: int, other: int, chance: random.Random) -> list[list[str]]:
    """The authors of one paper, now and then with some of another."""
    names = list(pieces.authors[base])
    if chance.random() < 0.4:
        names = names[: chance.randint(1, 3)] + list(pieces.authors[other])[:3]
    return [list(name) for name in names]


def write(pieces: Pieces, count: int, target: Path) -> None:
    """The records as JSON lines."""
    with target.open("wb") as file:
        for record in papers(pieces, count):
            file.write(orjson.dumps(record) + b"\n")


# -- the home --------------------------------------------------------------------------------


def make(folder: Path, count: int = PAPERS) -> dict[str, Any]:
    """Makes FOLDER/home with the hub's own commands, and says how long each took and how big it is.

    Every step is a process of its own, so that each has its own peak of memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places = Paths(folder / "home")
    settings = {"HUB_HOME": places.home, "HUB_OFFLINE": "1"}
    run(hub("status"), settings)  # the embedded catalog
    lines = folder / f"made-{count}-2026-07-01.jsonl"
    tell(f"writing {count:,} papers to {lines}")
    steps = {
        "write": run(
            python("-m", "tests.bench.million", folder, "--papers", str(count), "--lines", lines),
            _data(),
        )
    }
    size = lines.stat().st_size
    tell(f"importing {size / GB:.2f} GB")
    steps["import"] = run(hub("import", lines, "--no-index"), settings, limit_seconds=HOURS)
    lines.unlink()
    tell("building the index")
    steps["index"] = run(hub("index", "--force"), settings, limit_seconds=HOURS)
    facts = {
        "papers": _papers_of(places),
        "seconds": {name: round(cost.wall_seconds, 1) for name, cost in steps.items()},
        "cpu_seconds": {name: round(cost.cpu_seconds, 1) for name, cost in steps.items()},
        "peak_mb": {name: round(cost.peak_bytes / MB) for name, cost in steps.items()},
        "lines_gb": round(size / GB, 2),
        "catalog_gb": round(places.catalog.stat().st_size / GB, 2),
        "index_gb": round(sum(path.stat().st_size for path in places.index.rglob("*")) / GB, 2),
    }
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return facts


def _data() -> dict[str, str]:
    named = os.environ.get("HUB_REAL_DATA")
    return {"HUB_REAL_DATA": named} if named else {}


def _papers_of(places: Paths) -> int:
    with closing(sqlite3.connect(places.catalog)) as db:
        return int(db.execute("SELECT COUNT(*) FROM paper").fetchone()[0])


def pieces(folder: Path) -> Pieces:
    """What there is to draw from: real records where they are, else the embedded papers."""
    named = os.environ.get("HUB_REAL_DATA")
    snapshot = Path(named or "", "arxiv", "arxiv-metadata-snapshot-70k.jsonl.gz")
    if named and snapshot.is_file():
        return pieces_of_snapshot(snapshot)
    return pieces_of_catalog(folder / "home" / "catalog.db")


def tell(what: str) -> None:
    print(f"million: {what}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.million", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    parser.add_argument("--papers", type=int, default=PAPERS)
    parser.add_argument("--lines", type=Path, help="only write the lines of the papers, here")
    options = parser.parse_args()
    if options.lines:
        write(pieces(options.folder), options.papers, options.lines)
        return 0
    if not ready(options.folder):
        make(options.folder, options.papers)
    print((options.folder / FACTS).read_text("utf-8"), end="")
    print(f"HUB_HOME={options.folder / 'home'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
