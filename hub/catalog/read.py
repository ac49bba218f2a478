"""Every SELECT that an interface or the index needs, as functions `name(catalog, ...) -> rows`.

Rows are dicts or plain tuples with JSON columns undecoded, except where a line says "decoded". What a
row means to a person is the business of hub.queries.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from heapq import nsmallest
from typing import Any, Final

from hub.catalog.merge import Row
from hub.catalog.store import SAID, Catalog

TABLE_OF: Final = {
    "paper": "paper",
    "repository": "repository",
    "dataset": "dataset",
    "framework": "framework",
    "tool": "framework",
    "task": "task",
    "topic": "task",
    "method": "method",
    "board": "board",
}
"""Kind -> the table that holds it."""

_WITH_ROLE: Final = frozenset({"framework", "tool", "task", "topic"})
"""Kinds that share a table, told apart by its column `role`."""

_STARS: Final = (
    "(SELECT stars FROM repository_snapshot s WHERE s.repository = {key} ORDER BY day DESC LIMIT 1) AS stars, "
    "(SELECT day FROM repository_snapshot s WHERE s.repository = {key} ORDER BY day DESC LIMIT 1) AS stars_on"
)
_COMMON: Final = "name, name_zh, summary, summary_zh, year, homepage AS url, source, retrieved_at"
_COLUMNS: Final = {
    "paper": (
        "title, authors, published, url, source, retrieved_at, "
        "(SELECT COUNT(*) FROM link WHERE link.paper = paper.key) AS code, "
        "(SELECT COUNT(DISTINCT row) FROM result WHERE result.paper = paper.key) AS results"
    ),
    "repository": f"name, url, language AS detail, source, retrieved_at, {_STARS.format(key='repository.key')}",
    "dataset": (
        f"{_COMMON}, data_licence AS detail, tasks, (SELECT COUNT(DISTINCT r.row) FROM board b "
        "JOIN result r ON r.board = b.key WHERE b.dataset = dataset.key) AS results"
    ),
    "framework": f"{_COMMON}, code_licence AS detail, {_STARS.format(key='framework.repository')}",
    "task": (
        f"{_COMMON}, area AS detail, (SELECT COUNT(DISTINCT r.row) FROM board b "
        "JOIN result r ON r.board = b.key WHERE b.task = task.key) AS results"
    ),
    "method": f"{_COMMON}, area AS detail, papers AS code",
    "board": "name, source, retrieved_at",
}
"""Table -> what an entry shows of it."""

_NAME: Final = "name COLLATE NOCASE, key"
_BY_NAME: Final = {"name": _NAME, "key": "key", "year": f"year DESC, {_NAME}"}
_ORDERS: Final = {
    "paper": {
        "name": "title COLLATE NOCASE, key",
        "year": "published DESC, title COLLATE NOCASE, key",
        "key": "key",
        "results": "results DESC, title COLLATE NOCASE, key",
        "code": "code DESC, title COLLATE NOCASE, key",
    },
    "repository": {"name": _NAME, "key": "key", "stars": f"stars DESC, {_NAME}"},
    "dataset": {**_BY_NAME, "results": f"results DESC, {_NAME}"},
    "framework": {**_BY_NAME, "stars": f"stars DESC, {_NAME}"},
    "tool": {**_BY_NAME, "stars": f"stars DESC, {_NAME}"},
    "task": {**_BY_NAME, "results": f"results DESC, {_NAME}"},
    "topic": _BY_NAME,
    "method": {**_BY_NAME, "papers": f"code DESC, {_NAME}"},
}
"""Kind -> order -> what SQLite sorts by. The index keeps the very same orders (hub.index.ORDERS)."""

SORTS_OF: Final = {kind: tuple(orders) for kind, orders in _ORDERS.items()}
"""Kind -> the orders in which it can be listed."""

_ON_TASK: Final = {
    "dataset": "(key IN (SELECT dataset FROM board WHERE task = :task) OR instr(tasks, :listed) > 0)",
    "paper": "(key IN (SELECT paper FROM result WHERE task = :task) OR instr(tasks, :listed) > 0)",
    "task": (
        "key IN (SELECT below.task FROM task_node above JOIN task_node below "
        "ON below.parent = above.path WHERE above.task = :task)"
    ),
}
WITH_TASK: Final = frozenset(_ON_TASK)
"""Kinds that can be narrowed to a task."""

_PAST_ALL: Final = "\U0010ffff"
"""Sorts after every text that a key or name goes on with."""


# -- keys and names --------------------------------------------------------------------------


def aliased(catalog: Catalog, key: str) -> str | None:
    """The key that `key` is another spelling of; None when it is none."""
    found: str | None = catalog.scalar("SELECT key FROM alias WHERE alias = ?", (key,))
    return found


def exists(catalog: Catalog, table: str, key: str) -> bool:
    """True when the table has a row with this key."""
    return catalog.scalar(f"SELECT 1 FROM {table} WHERE key = ?", (key,)) is not None


def keys_named(catalog: Catalog, folded: str) -> list[str]:
    """The keys of all kinds that go by this folded name."""
    rows = catalog.stream("SELECT key FROM name WHERE folded = ?", (folded,))
    return [key for (key,) in rows]


def known_names(catalog: Catalog, folded: Collection[str]) -> set[str]:
    """Those of the folded names that something goes by."""
    found: set[str] = set()
    wanted = sorted(folded)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows = catalog.stream(f"SELECT folded FROM name WHERE folded IN ({_marks(part)})", part)
        found.update(name for (name,) in rows)
    return found


def curated(catalog: Catalog, table: str, keys: Sequence[str]) -> set[str]:
    """Those of the keys whose rows are kept by hand."""
    rows = catalog.many(table, keys, "source").values()
    return {row["key"] for row in rows if row["source"] == "curated"}


def names(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Folded name and key of everything that has a name."""
    yield from catalog.stream("SELECT folded, key FROM name")


def keys_starting(catalog: Catalog, table: str, start: str, limit: int) -> list[str]:
    """Keys of one table that begin so, in their order."""
    rows = catalog.stream(
        f"SELECT key FROM {table} WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
        (start, start + _PAST_ALL, limit),
    )
    return [key for (key,) in rows]


def keys_of_names_starting(catalog: Catalog, folded: str, limit: int) -> list[str]:
    """Keys of all kinds whose folded names begin so, in the order of the names."""
    rows = catalog.stream(
        "SELECT DISTINCT key FROM name WHERE folded >= ? AND folded < ? ORDER BY folded LIMIT ?",
        (folded, folded + _PAST_ALL, limit),
    )
    return [key for (key,) in rows]


# -- entries ---------------------------------------------------------------------------------


def entries(catalog: Catalog, table: str, keys: Sequence[str]) -> list[Row]:
    """What an entry shows, for each of these keys that the table has."""
    return list(catalog.many(table, keys, _COLUMNS[table]).values())


def listing(
    catalog: Catalog,
    kind: str,
    *,
    sort: str,
    task: str | None,
    year: int | None,
    area: str | None,
    limit: int,
    offset: int,
) -> tuple[int, list[Row]]:
    """How many entries of a kind there are, and one page of them; each filter that is None passes all."""
    clauses: list[str] = ["1 = 1"]
    if kind in _WITH_ROLE:
        clauses.append("role = :kind")
    if task is not None:
        clauses.append(_ON_TASK[kind])
    if year is not None:
        by_day = kind == "paper"
        clauses.append("published >= :first AND published < :after" if by_day else "year = :year")
    if area is not None:
        clauses.append("area = :area")
    values = {
        "kind": kind,
        "task": task,
        "listed": json.dumps(task, ensure_ascii=False),
        "year": year,
        "first": f"{year or 0:04}",
        "after": f"{(year or 0) + 1:04}",
        "area": area,
        "limit": limit,
        "offset": offset,
    }
    table, where = TABLE_OF[kind], " AND ".join(clauses)
    found = catalog.scalar(f"SELECT COUNT(*) FROM {table} WHERE {where}", values)
    rows = catalog.rows(
        f"SELECT key, {_COLUMNS[table]} FROM {table} WHERE {where} "
        f"ORDER BY {_ORDERS[kind][sort]} LIMIT :limit OFFSET :offset",
        values,
    )
    return int(found), rows


# -- what hangs on an entry ------------------------------------------------------------------


def links(catalog: Catalog, side: str, key: str) -> list[Row]:
    """Links of a `paper` or a `repository`, with the key of the other side; official ones first."""
    other = "repository" if side == "paper" else "paper"
    return catalog.rows(
        f"SELECT {other} AS key, evidence, link.url, official, confidence, framework, link.source, "
        "link.retrieved_at, link.licence, r.state FROM link "
        f"LEFT JOIN repository r ON r.key = link.repository WHERE {side} = ? "
        f"ORDER BY COALESCE(official, 0) DESC, confidence DESC, {other} LIMIT 200",
        (key,),
    )


def results_of(catalog: Catalog, paper: str) -> list[Row]:
    """The numbers a paper has on leaderboards, with the names of task and dataset."""
    return catalog.rows(
        "SELECT r.board, b.name AS dataset, t.name AS task, r.model_name AS model, r.metric, "
        "r.value_text AS text, r.value, r.unit, r.direction, r.source, r.retrieved_at, r.licence "
        "FROM result r JOIN board b ON b.key = r.board JOIN task t ON t.key = r.task "
        "WHERE r.paper = ? ORDER BY r.board, r.position, r.metric LIMIT 500",
        (paper,),
    )


def snapshots(catalog: Catalog, repository: str) -> list[Row]:
    """Stars, forks and open issues of a repository by day, newest first."""
    return catalog.rows(
        "SELECT day, stars, forks, open_issues, source FROM repository_snapshot "
        "WHERE repository = ? ORDER BY day DESC LIMIT 400",
        (repository,),
    )


def subtasks(catalog: Catalog, task: str) -> list[Row]:
    """Key and names of each task that stands below this one, by name."""
    return catalog.rows(
        "SELECT DISTINCT t.key, t.name, t.name_zh FROM task_node above JOIN task_node below "
        "ON below.parent = above.path JOIN task t ON t.key = below.task "
        "WHERE above.task = ? ORDER BY t.name",
        (task,),
    )


def parts(catalog: Catalog, dataset: str) -> list[str]:
    """Keys of the datasets that are part of this one."""
    rows = catalog.stream("SELECT key FROM dataset WHERE parent = ?", (dataset,))
    return [key for (key,) in rows]


# -- the tree of tasks -----------------------------------------------------------------------


def places(catalog: Catalog, area: str | None) -> list[Row]:
    """Every place of every task of an area (None: of all), in the source's order."""
    return catalog.rows(
        "SELECT n.path, n.task, t.name, t.name_zh, t.area FROM task_node n JOIN task t ON t.key = n.task "
        "WHERE (? IS NULL OR t.area = ?) ORDER BY n.position, n.path",
        (area, area),
    )


def unplaced(catalog: Catalog, area: str | None) -> list[Row]:
    """Tasks of an area (None: of all) that have no place in the tree, by name."""
    return catalog.rows(
        "SELECT key, name, name_zh, area FROM task WHERE role = 'task' AND (? IS NULL OR area = ?) "
        "AND key NOT IN (SELECT task FROM task_node) ORDER BY name",
        (area, area),
    )


def board_counts(catalog: Catalog) -> list[Row]:
    """For each task that has boards: how many, and how many rows are printed on them."""
    return catalog.rows(
        "SELECT b.task, COUNT(DISTINCT b.key) AS boards, COUNT(DISTINCT r.row) AS rows "
        "FROM board b LEFT JOIN result r ON r.board = b.key GROUP BY b.task"
    )


def tree_counts(catalog: Catalog) -> Row:
    """Boards and rows, each counted at every place where its task stands in the tree."""
    return catalog.rows(
        "SELECT COUNT(*) AS boards, COALESCE(SUM(rows), 0) AS rows FROM task_node n JOIN "
        "(SELECT b.task, b.key, COUNT(DISTINCT r.row) AS rows FROM board b "
        "LEFT JOIN result r ON r.board = b.key GROUP BY b.key) AS counted ON counted.task = n.task"
    )[0]


# -- leaderboards ----------------------------------------------------------------------------


def boards(catalog: Catalog, column: str, keys: Sequence[str]) -> list[Row]:
    """Boards whose `task` or `dataset` is one of the keys: key, task (task_zh), name, rows; the longest
    first."""
    return catalog.rows(
        "SELECT b.key, t.name AS task, t.name_zh AS task_zh, b.name, COUNT(DISTINCT r.row) AS rows FROM board b "
        "JOIN task t ON t.key = b.task LEFT JOIN result r ON r.board = b.key "
        f"WHERE b.{column} IN ({_marks(keys)}) GROUP BY b.key ORDER BY rows DESC, b.key",
        keys,
    )


def boards_containing(catalog: Catalog, text: str) -> list[Row]:
    """Five boards with this text in their keys, the shortest key first: key, task, name."""
    return catalog.rows(
        "SELECT b.key, t.name AS task, b.name FROM board b JOIN task t ON t.key = b.task "
        "WHERE instr(b.key, ?) > 0 ORDER BY length(b.key), b.key LIMIT 5",
        (text,),
    )


def results_on(catalog: Catalog, board: str) -> list[Row]:
    """Every number on a board, whole rows, decoded."""
    return list(catalog.every("result", "board = ?", (board,)))


def code_of(catalog: Catalog, papers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Paper and address of each repository linked to one of the papers; of each, official ones first."""
    for start in range(0, len(papers), 500):
        part = papers[start : start + 500]
        yield from catalog.stream(
            f"SELECT paper, url FROM link WHERE paper IN ({_marks(part)}) "
            "ORDER BY COALESCE(official, 0) DESC, confidence DESC, rowid",
            part,
        )


# -- crawling --------------------------------------------------------------------------------


def stale_repositories(catalog: Catalog, limit: int, *, today: str) -> list[str]:
    """Repositories on GitHub not seen today, the stalest first.

    A hand-kept framework or tool ages ten times as fast; one that was never seen counts as 60 days
    old, and of these the ones that many papers link to come first.
    """
    rows = catalog.stream(
        "WITH seen AS (SELECT repository, MAX(day) AS day FROM repository_snapshot GROUP BY repository), "
        "linked AS (SELECT repository, COUNT(*) AS n FROM link GROUP BY repository) "
        "SELECT r.key, seen.day, COALESCE(linked.n, 0), "
        "r.key IN (SELECT repository FROM framework) FROM repository r "
        "LEFT JOIN seen ON seen.repository = r.key LEFT JOIN linked ON linked.repository = r.key "
        "WHERE r.key LIKE 'github:%' AND COALESCE(r.state, '') NOT IN ('gone', 'renamed')"
    )
    now = date.fromisoformat(today)
    aged = []
    for key, seen, links, kept_by_hand in rows:
        days = (now - date.fromisoformat(seen)).days if seen else 60
        if days > 0:
            aged.append((-days * (10 if kept_by_hand else 1), -links, key))
    return [key for _, _, key in nsmallest(limit, aged)]


def fresh_and_stale(catalog: Catalog, *, days: int) -> dict[str, tuple[int, int]]:
    """Per source its rows that were said within so many days, and those that were not."""
    since = (datetime.now(UTC).date() - timedelta(days=days)).isoformat()
    found: dict[str, tuple[int, int]] = {}
    for table in SAID:
        for source, fresh, n in catalog.stream(
            f"SELECT source, SUM(retrieved_at >= ?), COUNT(*) FROM {table} GROUP BY source",
            (since,),
        ):
            before = found.get(source, (0, 0))
            found[source] = (before[0] + fresh, before[1] + n - fresh)
    return found


# -- counts ----------------------------------------------------------------------------------


def count_of_kind(catalog: Catalog, kind: str) -> int:
    """How many entries of a kind there are."""
    if kind not in _WITH_ROLE:
        return count(catalog, TABLE_OF[kind])
    return int(catalog.scalar(f"SELECT COUNT(*) FROM {TABLE_OF[kind]} WHERE role = ?", (kind,)))


def count(catalog: Catalog, table: str) -> int:
    """How many rows a table has."""
    return int(catalog.scalar(f"SELECT COUNT(*) FROM {table}"))


def about_how_many(catalog: Catalog, table: str) -> int:
    """How many rows a table has at most, without counting them."""
    return int(catalog.scalar(f"SELECT MAX(rowid) FROM {table}") or 0)


def count_printed(catalog: Catalog) -> int:
    """How many rows are printed on all leaderboards together."""
    return int(catalog.scalar("SELECT COUNT(DISTINCT row) FROM result"))


# -- for the index and the export ------------------------------------------------------------

Keys = Sequence[str] | None
"""A few hundred keys at most, fewer than SQLite takes values at once; None: all there are."""


def under(catalog: Catalog, table: str, licence: str | None) -> Iterator[Row]:
    """Whole rows that stand under a licence (None: under any or none), in key order, decoded."""
    if licence is None:
        return catalog.every(table)
    return catalog.every(table, "licence = ?", (licence,))


def touched_since(catalog: Catalog, generation: int) -> list[str]:
    """Keys of the entries that writes after this generation changed, in their order."""
    rows = catalog.stream(
        "SELECT key FROM touched WHERE generation > ? ORDER BY key", (generation,)
    )
    return [key for (key,) in rows]


def whole(catalog: Catalog, table: str, keys: Keys = None) -> Iterator[Row]:
    """Whole rows with these keys, in key order, decoded."""
    return catalog.every(table, *_among("key", keys))


def task_names(catalog: Catalog) -> list[Row]:
    """Key, name and Chinese name of every task."""
    return catalog.rows("SELECT key, name, name_zh FROM task")


def papers(catalog: Catalog, keys: Keys = None) -> Iterator[tuple[Any, ...]]:
    """Key, title, abstract, authors, published, categories, tasks, comment of papers, by key."""
    where, values = _among("key", keys)
    return catalog.stream(
        "SELECT key, title, abstract, authors, published, categories, tasks, comment "
        f"FROM paper WHERE {where} ORDER BY key",
        values,
    )


def repositories(catalog: Catalog, keys: Keys = None) -> Iterator[tuple[Any, ...]]:
    """Key, name, description, topics, language of repositories, by key."""
    where, values = _among("key", keys)
    return catalog.stream(
        "SELECT key, name, description, topics, language "
        f"FROM repository WHERE {where} ORDER BY key",
        values,
    )


def stars(catalog: Catalog, repositories: Keys = None) -> list[Row]:
    """Repository and stars of every snapshot, oldest first."""
    where, values = _among("repository", repositories)
    return catalog.rows(
        f"SELECT repository, stars FROM repository_snapshot WHERE {where} ORDER BY day", values
    )


def built_on(catalog: Catalog, repositories: Sequence[str]) -> list[str]:
    """Keys of the frameworks and tools whose repository is one of these."""
    where, values = _among("repository", repositories)
    return [key for (key,) in catalog.stream(f"SELECT key FROM framework WHERE {where}", values)]


def links_per(catalog: Catalog, side: str, keys: Keys = None) -> list[Row]:
    """How many links (`n`) each `paper` or `repository` (`key`) has."""
    where, values = _among(side, keys)
    return catalog.rows(
        f"SELECT {side} AS key, COUNT(*) AS n FROM link WHERE {where} GROUP BY {side}", values
    )


def rows_per(catalog: Catalog, column: str, keys: Keys = None) -> list[Row]:
    """How many rows (`n`) are printed on the boards of each `task` or `dataset` (`key`)."""
    where, values = _among(f"b.{column}", keys)
    return catalog.rows(
        f"SELECT b.{column} AS key, COUNT(DISTINCT r.row) AS n FROM board b "
        f"JOIN result r ON r.board = b.key WHERE {where} GROUP BY b.{column}",
        values,
    )


def longest_board(catalog: Catalog, tasks: Keys = None) -> dict[str, int]:
    """How many rows are printed on the longest board of each task."""
    where, values = _among("b.task", tasks)
    longest: dict[str, int] = {}
    for task, rows in catalog.stream(
        "SELECT b.task, COUNT(DISTINCT r.row) FROM board b JOIN result r ON r.board = b.key "
        f"WHERE {where} GROUP BY b.key",
        values,
    ):
        longest[task] = max(rows, longest.get(task, 0))
    return longest


def rows_per_paper(catalog: Catalog, papers: Keys = None) -> list[Row]:
    """How many rows (`n`) each paper has printed on each task."""
    where, values = ("paper IS NOT NULL", ()) if papers is None else _among("paper", papers)
    return catalog.rows(
        "SELECT paper, task, COUNT(DISTINCT row) AS n FROM result "
        f"WHERE {where} GROUP BY paper, task",
        values,
    )


def board_tasks(catalog: Catalog, datasets: Keys = None) -> list[Row]:
    """Dataset and task of every board."""
    where, values = _among("dataset", datasets)
    return catalog.rows(f"SELECT dataset, task FROM board WHERE {where}", values)


def parents(catalog: Catalog, tasks: Keys = None) -> list[Row]:
    """Each task with the tasks directly above it (`parent`), of all its places in the tree."""
    where, values = _among("below.task", tasks)
    return catalog.rows(
        "SELECT DISTINCT below.task, above.task AS parent FROM task_node below "
        f"JOIN task_node above ON above.path = below.parent WHERE {where}",
        values,
    )


def _among(column: str, keys: Keys) -> tuple[str, Sequence[str]]:
    """A condition that the column is one of the keys, and its values."""
    return ("1 = 1", ()) if keys is None else (f"{column} IN ({_marks(keys)})", keys)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
