"""What the index is told of each entry: catalog rows -> index documents."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from math import log1p, log10
from typing import Any, Final

import orjson

from crawlers.keys import kind_of
from hub.catalog import Catalog, names_of, read
from hub.filters import authors_of, categories_of
from hub.index import Document

CURATED_PRIOR = 3.0
"""Hand-kept rows are what most people mean by a bare name."""

_TABLES: Final = ("paper", "repository", "dataset", "framework", "task", "method")
"""The tables whose rows are documents, in the order in which the index numbers them."""

_TEXT_LISTS = ("aliases", "languages", "modalities", "topics", "collections")

_AT_ONCE: Final = 500
"""Keys asked for in one statement."""


def documents(catalog: Catalog) -> Iterator[Document]:
    """One document per entry, kind after kind, in key order."""
    tasks = _task_names(catalog)
    for table in _TABLES:
        yield from _of_table(catalog, table, tasks, None)


def documents_of(catalog: Catalog, keys: Collection[str]) -> Iterator[Document]:
    """The documents of these keys, as `documents` gives them and in its order.

    With a repository come the frameworks and tools that are built on it, since they carry its stars.
    Keys that no entry has, or none that is searched, give nothing.
    """
    by_table: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        by_table[read.TABLE_OF.get(kind_of(key) or "", "")].add(key)
    for part in _parts(by_table["repository"]):
        by_table["framework"].update(read.built_on(catalog, part))
    tasks = _task_names(catalog)
    for table in _TABLES:
        for part in _parts(by_table[table]):
            yield from _of_table(catalog, table, tasks, part)


def _parts(keys: Collection[str]) -> Iterator[Sequence[str]]:
    ordered = sorted(keys)
    return (ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE))


def _task_names(catalog: Catalog) -> dict[str, str]:
    return {row["key"]: row["name"] for row in read.task_names(catalog)}


def _of_table(
    catalog: Catalog, table: str, tasks: dict[str, str], keys: read.Keys
) -> Iterator[Document]:
    """The documents of a table's rows with these keys (None: of all)."""
    if table == "paper":
        return _papers(catalog, tasks, keys)
    if table == "repository":
        return _repositories(catalog, keys)
    return _named(catalog, table, tasks, keys)


def _papers(catalog: Catalog, tasks: dict[str, str], keys: read.Keys) -> Iterator[Document]:
    results: dict[str, set[str]] = defaultdict(set)
    rows: dict[str, int] = defaultdict(int)
    for row in read.rows_per_paper(catalog, keys):
        results[row["paper"]].add(row["task"])
        rows[row["paper"]] += row["n"]
    links = {row["key"]: row["n"] for row in read.links_per(catalog, "paper", keys)}
    for paper in read.papers(catalog, keys):
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
            day=int(published.replace("-", "")) if published else -1,
            results=rows.get(key, 0),
            code=code,
        )


def _repositories(catalog: Catalog, keys: read.Keys) -> Iterator[Document]:
    """Words only, no names: ten forks called `pytorch` must not stand beside the framework."""
    papers = {row["key"]: row["n"] for row in read.links_per(catalog, "repository", keys)}
    stars = _stars(catalog, keys)
    for key, name, description, topics, language in read.repositories(catalog, keys):
        words = [name, description, language, *orjson.loads(topics)]
        yield Document(
            key=key,
            names=(),
            body="\n".join(word for word in words if word),
            filters=("kind:repository",),
            prior=log1p(papers.get(key, 0)) + log10(1 + (stars.get(key) or 0)),
            name=name,
            stars=_known(stars.get(key)),
        )


def _stars(catalog: Catalog, repositories: read.Keys) -> dict[str, int | None]:
    """The newest stars of each of these repositories; None where its newest snapshot has none."""
    return {row["repository"]: row["stars"] for row in read.stars(catalog, repositories)}


def _known(count: int | None) -> int:
    """A count as the index keeps it: -1 is unknown."""
    return -1 if count is None else count


def _homes(catalog: Catalog, frameworks: read.Keys) -> read.Keys:
    """The repositories of these frameworks and tools (None: of any)."""
    if frameworks is None:
        return None
    rows = catalog.many("framework", frameworks, "repository").values()
    return [row["repository"] for row in rows if row["repository"]]


def _named(
    catalog: Catalog, table: str, tasks: dict[str, str], keys: read.Keys
) -> Iterator[Document]:
    printed = read.rows_per(catalog, table, keys) if table in ("task", "dataset") else []
    boards = {row["key"]: row["n"] for row in printed}
    # Sixty small boards of one thing, a game each, do not make a task better known than one long one.
    telling = read.longest_board(catalog, keys) if table == "task" else boards
    stars = _stars(catalog, _homes(catalog, keys)) if table == "framework" else {}
    on_tasks: dict[str, set[str]] = defaultdict(set)
    if table == "dataset":
        for row in read.board_tasks(catalog, keys):
            on_tasks[row["dataset"]].add(row["task"])
    above: dict[str, set[str]] = defaultdict(set)
    if table == "task":
        for row in read.parents(catalog, keys):
            above[row["task"]].add(row["parent"])
    for row in read.whole(catalog, table, keys):
        key = row["key"]
        its_tasks = sorted(on_tasks[key].union(row.get("tasks", ())))
        filters = [f"kind:{key.partition(':')[0]}", *(f"task:{task}" for task in its_tasks)]
        filters += [f"under:{task}" for task in sorted(above[key])]
        if row.get("area"):
            filters.append(f"area:{row['area']}")
        its_stars = stars.get(row.get("repository") or "")
        yield Document(
            key=key,
            names=tuple(dict.fromkeys(names_of(row))),
            body="\n".join(_words(row, [tasks.get(task, "") for task in its_tasks])),
            filters=tuple(filters),
            year=row["year"] or 0,
            prior=log1p(telling.get(key, 0))
            + log10(1 + (its_stars or 0))
            + (CURATED_PRIOR if row["source"] == "curated" else 0.0),
            name=row["name"],
            results=-1 if table == "framework" else boards.get(key, 0),
            code=_known(row.get("papers")) if table == "method" else -1,
            stars=_known(its_stars),
        )


def _words(row: dict[str, Any], tasks: list[str]) -> Iterator[str]:
    for name in ("summary", "summary_zh", "description", "area", "maintainer", "role"):
        if row.get(name):
            yield row[name].replace("-", " ") if name == "area" else row[name]
    for name in _TEXT_LISTS:
        if name != "aliases":
            yield from row.get(name, ())
    yield from tasks
