"""What the index is told of each entry: catalog rows -> index documents."""

from collections import defaultdict
from collections.abc import Iterator
from math import log1p, log10
from typing import Any

import orjson

from hub.catalog import Catalog, names_of, read
from hub.filters import authors_of, categories_of
from hub.index import Document

CURATED_PRIOR = 3.0
"""Hand-kept rows are what most people mean by a bare name."""

_TEXT_LISTS = ("aliases", "languages", "modalities", "topics", "collections")


def documents(catalog: Catalog) -> Iterator[Document]:
    """One document per entry, kind after kind, in key order."""
    tasks = {row["key"]: row["name"] for row in read.task_names(catalog)}
    yield from _papers(catalog, tasks)
    yield from _repositories(catalog)
    yield from _named(catalog, "dataset", tasks)
    yield from _named(catalog, "framework", tasks)
    yield from _named(catalog, "task", tasks)
    yield from _named(catalog, "method", tasks)


def _papers(catalog: Catalog, tasks: dict[str, str]) -> Iterator[Document]:
    results: dict[str, set[str]] = defaultdict(set)
    rows: dict[str, int] = defaultdict(int)
    for row in read.rows_per_paper(catalog):
        results[row["paper"]].add(row["task"])
        rows[row["paper"]] += row["n"]
    links = {row["key"]: row["n"] for row in read.links_per(catalog, "paper")}
    for paper in read.papers(catalog):
        key, title, abstract, authors, published, categories, own_tasks, comment = paper
        names = orjson.loads(authors) if authors != "[]" else []
        its_tasks = (
            results.get(key, set()).union(orjson.loads(own_tasks))
            if own_tasks != "[]"
            else results.get(key, ())
        )
        filters = ["kind:paper", *categories_of(orjson.loads(categories))]
        filters += [f"task:{task}" for task in sorted(its_tasks)]
        filters += authors_of(names)
        code = links.get(key, 0)
        if code:
            filters.append("has:code")
        if key in rows:
            filters.append("has:result")
        words = [abstract, comment, *names, *(tasks.get(task) for task in sorted(its_tasks))]
        yield Document(
            key=key,
            names=(title,),
            body="\n".join(word for word in words if word),
            filters=tuple(filters),
            year=int(published[:4]) if published else 0,
            prior=log1p(rows.get(key, 0)) + log1p(code),
        )


def _repositories(catalog: Catalog) -> Iterator[Document]:
    """Words only, no names: ten forks called `pytorch` must not stand beside the framework."""
    papers = {row["key"]: row["n"] for row in read.links_per(catalog, "repository")}
    stars = _stars(catalog)
    for key, name, description, topics, language in read.repositories(catalog):
        words = [name, description, language, *orjson.loads(topics)]
        yield Document(
            key=key,
            names=(),
            body="\n".join(word for word in words if word),
            filters=("kind:repository",),
            prior=log1p(papers.get(key, 0)) + log10(1 + stars.get(key, 0)),
        )


def _stars(catalog: Catalog) -> dict[str, int]:
    """The newest known stars of each repository."""
    return {row["repository"]: row["stars"] or 0 for row in read.stars(catalog)}


def _named(catalog: Catalog, table: str, tasks: dict[str, str]) -> Iterator[Document]:
    printed = read.rows_per(catalog, table) if table in ("task", "dataset") else []
    boards = {row["key"]: row["n"] for row in printed}
    stars = _stars(catalog) if table == "framework" else {}
    on_tasks: dict[str, set[str]] = defaultdict(set)
    if table == "dataset":
        for row in read.board_tasks(catalog):
            on_tasks[row["dataset"]].add(row["task"])
    for row in catalog.every(table):
        kind = row["key"].partition(":")[0]
        its_tasks = sorted(on_tasks[row["key"]].union(row.get("tasks", ())))
        yield Document(
            key=row["key"],
            names=tuple(dict.fromkeys(names_of(row))),
            body="\n".join(_words(row, [tasks.get(task, "") for task in its_tasks])),
            filters=(f"kind:{kind}", *(f"task:{task}" for task in its_tasks)),
            year=row["year"] or 0,
            prior=log1p(boards.get(row["key"], 0))
            + log10(1 + stars.get(row.get("repository") or "", 0))
            + (CURATED_PRIOR if row["source"] == "curated" else 0.0),
        )


def _words(row: dict[str, Any], tasks: list[str]) -> Iterator[str]:
    for name in ("summary", "summary_zh", "description", "area", "maintainer", "role"):
        if row.get(name):
            yield row[name].replace("-", " ") if name == "area" else row[name]
    for name in _TEXT_LISTS:
        if name != "aliases":
            yield from row.get(name, ())
    yield from tasks
