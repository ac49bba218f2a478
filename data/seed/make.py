"""Makes the seed files of this folder from real data: `python data/seed/make.py REAL_DATA`.

REAL_DATA holds pwc/evaluation-tables.2020-08-28.json.gz, arxiv/arxiv-metadata-snapshot-70k.jsonl.gz,
github/ranking/*.csv.gz and github/best_of_ml/*.csv (HUB_REAL_DATA names it too). Only facts are
taken: ids, titles, names, dates, numbers, links; never an abstract, a comment or a description. Each
file has one licence and is an export of the hub, so `hub import` reads it. README.md beside data/
names origins.
"""

import csv
import gzip
import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import orjson

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from crawlers.files import open_file  # noqa: E402
from crawlers.keys import parse_key  # noqa: E402
from crawlers.records import (  # noqa: E402
    LinkRecord,
    PaperRecord,
    Record,
    RepositoryRecord,
    SnapshotRecord,
)
from crawlers.source import Origin  # noqa: E402
from crawlers.sources import arxiv_snapshot, curated, hub_export, pwc_archive  # noqa: E402

ARXIV_PAPERS = 20_000
LINKS_A_PAPER = 3
MACHINE_LEARNING = ("cs.LG", "cs.CV", "cs.CL", "cs.AI", "cs.NE", "stat.ML")
NOT_FACTS = frozenset({"abstract", "comment", "description", "extra", "homepage"})
"""Fields that are somebody's sentences, or that nobody chose."""


def main() -> None:
    real = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["HUB_REAL_DATA"])
    stars = _ranking(real)
    _write("pwc.2020-08-28.cc-by-sa-4.0.jsonl.gz", _results(real, stars))
    _write("arxiv.2026-06.cc0-1.0.jsonl.gz", _papers(real))
    _write("github.2026-08-22.mit.jsonl.gz", _stars(real))
    _write("github.2025-06-26.cc-by-sa-4.0.jsonl.gz", _best_of(real))


def _write(name: str, records: Iterable[Record]) -> None:
    path = HERE / name
    count = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(orjson.dumps({"hub_export": hub_export.FORMAT}) + b"\n")
        for record in records:
            row = {"table": record.table_name} | {
                field: value
                for field, value in record.__dict__.items()
                if field not in NOT_FACTS and value is not None and value != [] and value != {}
            }
            file.write(orjson.dumps(row) + b"\n")
            count += 1
    print(f"{name}: {count:,} records, {path.stat().st_size / 1e6:.2f} MB")


def _ranking(real: Path) -> dict[str, int]:
    """Stars per repository in the newest ranking."""
    with gzip.open(real / "github/ranking/github-ranking-2026-08-22.csv.gz", "rt") as file:
        keyed = ((parse_key(row["repo_url"]), row["stars"]) for row in csv.DictReader(file))
        return {key: int(stars) for key, stars in keyed if key and stars}


def _results(real: Path, stars: dict[str, int]) -> Iterable[Record]:
    """Tasks, boards and results of the 2020 dump; of a paper's links the most starred ones."""
    opened = open_file(real / "pwc/evaluation-tables.2020-08-28.json.gz")
    links: dict[str, list[LinkRecord]] = defaultdict(list)
    repositories: dict[str, RepositoryRecord] = {}
    for page in pwc_archive.read(opened.stream, Origin("", "2020-08-28")):
        for record in page.records:
            if isinstance(record, LinkRecord):
                links[record.paper].append(record)
            elif isinstance(record, RepositoryRecord):
                repositories[record.key] = record
            else:
                yield record
    opened.close()
    wanted: set[str] = set()
    for its_links in links.values():
        its_links.sort(key=lambda link: (not link.official, -stars.get(link.repository, 0)))
        for link in its_links[:LINKS_A_PAPER]:
            wanted.add(link.repository)
            yield link
    yield from (repositories[key] for key in sorted(wanted))


def _papers(real: Path) -> Iterable[Record]:
    """Machine-learning papers: those that name code first, then the newest of the others."""
    with_code: list[list[Record]] = []
    others: list[list[Record]] = []
    opened = open_file(real / "arxiv/arxiv-metadata-snapshot-70k.jsonl.gz")
    for line in opened.stream:
        records = arxiv_snapshot.parse(orjson.loads(line), "2026-06-30")
        paper = records[0]
        assert isinstance(paper, PaperRecord)
        if paper.categories and paper.categories[0] in MACHINE_LEARNING:
            (with_code if len(records) > 1 else others).append(records)
    opened.close()

    def newest(records: list[Record]) -> tuple[str, str]:
        paper = records[0]
        assert isinstance(paper, PaperRecord)
        return paper.published or "", paper.key

    with_code.sort(key=newest, reverse=True)
    others.sort(key=newest, reverse=True)
    seen: set[str] = set()
    for records in (with_code + others)[:ARXIV_PAPERS]:
        for record in records:
            if not isinstance(record, RepositoryRecord) or record.key not in seen:
                seen.add(getattr(record, "key", ""))
                yield record


def _curated_repositories() -> dict[str, str]:
    return {
        record.key: record.name
        for page in curated.pages(HERE.parent)
        for record in page.records
        if isinstance(record, RepositoryRecord)
    }


def _stars(real: Path) -> Iterable[Record]:
    """Stars, forks and open issues of the curated repositories: one day a month, and the last."""
    wanted = _curated_repositories()
    by_repository: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    with gzip.open(real / "github/ranking/dl_frameworks_daily_2018-2026.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            key = parse_key(f"https://github.com/{row['owner']}/{row['repo']}")
            if key in wanted:
                by_repository[key][row["date"]] = row
    for key, days in sorted(by_repository.items()):
        first_of_month = {day[:7]: day for day in sorted(days, reverse=True)}
        for day in sorted({*first_of_month.values(), max(days)}):
            yield SnapshotRecord(
                repository=key,
                day=day,
                stars=int(days[day]["stars"]),
                forks=int(days[day]["forks"]),
                open_issues=int(days[day]["open_issues"]),
                source="github_ranking",
                source_url="https://github.com/EvanLi/Github-Ranking",
                retrieved_at=day,
                licence="MIT",
            )


def _best_of(real: Path) -> Iterable[Record]:
    """The same from best-of-ml-python, with licence and dates of the repository."""
    wanted = _curated_repositories()
    day = "2025-06-26"
    base = {
        "source": "github_best_of",
        "source_url": "https://github.com/ml-tooling/best-of-ml-python",
        "retrieved_at": day,
        "licence": "CC-BY-SA-4.0",
    }
    with (real / f"github/best_of_ml/{day}_projects.csv").open() as file:
        for row in csv.DictReader(file):
            key = parse_key(row["github_url"]) if row["github_url"] else None
            if key is None or key not in wanted or not row["star_count"]:
                continue
            yield RepositoryRecord(
                key=key,
                name=row["github_id"],
                url=f"https://github.com/{row['github_id']}",
                code_licence=row["license"] or None,
                created=row["created_at"] or None,
                pushed=row["last_commit_pushed_at"] or None,
                **base,
            )
            yield SnapshotRecord(
                repository=key,
                day=day,
                stars=int(float(row["star_count"])),
                forks=int(float(row["fork_count"])) if row["fork_count"] else None,
                open_issues=int(float(row["open_issue_count"]))
                if row["open_issue_count"]
                else None,
                **base,
            )


if __name__ == "__main__":
    main()
