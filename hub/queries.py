"""Every read: search, show, list, leaderboard. Frozen values come back, never rows.

The command line and the terminal interface call the very same functions. Needs sqlite3 and numpy
only: neither SQLAlchemy nor scikit-learn is imported on this path.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from crawlers.keys import Key, kind_of, parse_key, slug
from hub.catalog import Catalog, Row, fold
from hub.errors import HubError, NotFound, UsageError
from hub.filters import author_filter
from hub.paths import Paths
from hub.words import terms

if TYPE_CHECKING:
    from hub.index import Found, Index

KINDS: Final = (
    "paper", "repository", "dataset", "framework", "tool", "task", "topic", "method",
)  # fmt: skip

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


@dataclass(frozen=True)
class Entry:
    """A row as an interface lists it."""

    key: Key
    kind: str
    name: str
    name_zh: str | None = None
    summary: str | None = None
    summary_zh: str | None = None
    authors: tuple[str, ...] = ()
    year: int | None = None
    stars: int | None = None
    """Newest known count."""
    stars_on: str | None = None
    results: int | None = None
    """Printed rows on leaderboards."""
    code: int | None = None
    """Linked repositories."""
    detail: str | None = None
    """What else tells it apart: a licence, an area."""
    tasks: tuple[Key, ...] = ()
    url: str | None = None
    source: str | None = None
    retrieved_at: str | None = None


@dataclass(frozen=True)
class Hit:
    """An entry with its score and, where asked for, the terms that matched."""

    entry: Entry
    score: float
    matched: tuple["Match", ...] = ()


@dataclass(frozen=True)
class Match:
    """A term of the query in one hit: in which fields, how often, how rare it is."""

    term: str
    fields: tuple[tuple[str, int], ...]
    weight: float


@dataclass(frozen=True)
class Query:
    """What was asked."""

    text: str
    kinds: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    authors: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_code: bool = False
    has_result: bool = False
    limit: int = 20
    explain: bool = False


@dataclass(frozen=True)
class Hits:
    """The best hits, and how many entries match in all."""

    found: int
    hits: tuple[Hit, ...]
    stale: int = 0
    """Writes to the catalog that the index has not seen."""


@dataclass(frozen=True)
class Listing:
    """A page of a list, and how long the list is."""

    found: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class SourceState:
    """What the catalog holds of one source: how much, from which days, under which terms."""

    source: str
    licence: str | None
    rows: int
    oldest: str
    newest: str
    state: str | None = None
    """How its last harvest ended: done, damaged, interrupted, running; None: it came embedded."""


@dataclass(frozen=True)
class Cell:
    """One published number."""

    metric: str
    text: str | None
    value: float | None
    spread: float | None
    unit: str | None
    direction: str


@dataclass(frozen=True)
class BoardRow:
    """One printed row of a leaderboard."""

    rank: int | None
    """None where the board is not ranked or the row has no number."""
    model: str | None
    cells: tuple[Cell, ...]
    paper: Key | None
    title: str | None
    published: str | None
    code: tuple[str, ...]
    """Addresses of linked repositories, official ones first."""
    source: str
    source_url: str | None
    retrieved_at: str
    licence: str | None


@dataclass(frozen=True)
class Board:
    """A leaderboard as it can honestly be shown."""

    key: Key
    task: Entry
    dataset: Entry
    name: str
    metric: str | None
    """The metric it is ranked by."""
    direction: str
    """higher, lower or unknown."""
    ranked: bool
    why_unranked: str | None
    rows: tuple[BoardRow, ...]
    others: tuple[tuple[Key, str, int], ...] = ()
    """Further boards that fit what was asked: key, task and dataset, number of rows."""


@dataclass(frozen=True)
class Shown:
    """One whole entry."""

    entry: Entry
    fields: tuple[tuple[str, Any], ...]
    """Name and value of every column that is known, in reading order."""
    sources: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Field -> source, day, licence, address; "" is the row itself."""
    related: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Groups of what hangs on it: code, results, boards, papers, snapshots ..."""


@dataclass(frozen=True)
class TreeNode:
    """One place of a task in the tree."""

    path: str
    depth: int
    key: Key
    name: str
    name_zh: str | None
    boards: int
    rows: int


class Queries:
    """The reads of one home: an open catalog, and an index opened when it is first asked."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.catalog = Catalog.open(paths.catalog)

    def close(self) -> None:
        self.catalog.close()

    @cached_property
    def index(self) -> "Index":
        from hub.index import Index  # numpy: 0.1 s that lists and completion need not pay

        return Index.open(self.paths.index)

    # -- search ------------------------------------------------------------------------------

    def search(self, query: Query) -> Hits:
        """The best hits of all kinds in one ranked list; no words match everything that passes."""
        filters = self._filters(query)
        found, best = self.index.search(
            query.text, limit=query.limit, filters=filters, years=query.years
        )
        entries = self.entries([one.key for one in best])
        words = list(dict.fromkeys(terms(query.text))) if query.explain else []
        hits = tuple(
            Hit(entries[one.key], one.score, self._explain(one, words) if words else ())
            for one in best
            if one.key in entries
        )
        return Hits(found, hits, max(0, self.catalog.generation() - self.index.generation))

    def _filters(self, query: Query) -> list[list[str]]:
        unknown = [kind for kind in query.kinds if kind not in KINDS]
        if unknown:
            raise UsageError(f"{unknown[0]!r} is no kind", hint=f"One of: {', '.join(KINDS)}")
        groups = [[f"kind:{kind}" for kind in query.kinds]] if query.kinds else []
        groups += [[token] for author in query.authors for token in author_filter(author)]
        groups += [[f"task:{self.task(task)}"] for task in query.tasks]
        if query.categories:
            groups.append([f"category:{category.lower()}" for category in query.categories])
        if query.has_code:
            groups.append(["has:code"])
        if query.has_result:
            groups.append(["has:result"])
        return groups

    def _explain(self, found: "Found", words: Sequence[str]) -> tuple[Match, ...]:
        """Which words of the query stand in which field of a hit."""
        table = TABLE_OF[kind_of(found.key) or "paper"]
        row = self.catalog.get(table, found.key) or {}
        counted: dict[str, dict[str, int]] = defaultdict(dict)
        for name in _SEARCHED:
            value = row.get(name)
            texts = value if isinstance(value, list) else [value] if value else []
            for term in terms(" \n ".join(map(str, texts))):
                counted[term][name] = counted[term].get(name, 0) + 1
        return tuple(
            Match(word, tuple(counted[word].items()), round(self.index.weight(word) or 0.0, 3))
            for word in words
            if word in counted
        )

    # -- one entry ---------------------------------------------------------------------------

    def resolve(self, text: str, *, kinds: Sequence[str] = ()) -> Key:
        """The key that a key, an id, an address or a name stands for; NotFound with near ones."""
        key = parse_key(text)
        if key is not None:
            key = self.catalog.scalar("SELECT key FROM alias WHERE alias = ?", (key,)) or key
            if self._exists(key):
                return key
        named = self._named(text, kinds)
        if named:
            return named[0]
        raise NotFound(f"nothing known as {text}", nearest=self.nearest(text, kinds))

    def task(self, text: str) -> Key:
        """The task that a key or name stands for."""
        found = self.resolve(text, kinds=("task", "topic"))
        if kind_of(found) not in ("task", "topic"):
            raise NotFound(f"{text} is no task", nearest=self.nearest(text, ("task",)))
        return found

    def _exists(self, key: Key) -> bool:
        table = TABLE_OF.get(kind_of(key) or "")
        if table is None:
            return False
        return self.catalog.scalar(f"SELECT 1 FROM {table} WHERE key = ?", (key,)) is not None

    def _named(self, text: str, kinds: Sequence[str]) -> list[Key]:
        """Keys of this name, the kinds a bare name most likely means first."""
        folded = fold(text)
        rows = self.catalog.rows("SELECT key FROM name WHERE folded = ?", (folded,))
        keys = [row["key"] for row in rows if not kinds or kind_of(row["key"]) in kinds]
        order = {kind: at for at, kind in enumerate(_NAME_ORDER)}
        curated = {
            key
            for table in {TABLE_OF[kind_of(key) or ""] for key in keys}
            for key in self.catalog.many(table, keys, "source")
            if self.catalog.many(table, [key], "source")[key]["source"] == "curated"
        }
        return sorted(
            keys,
            key=lambda key: (
                key not in curated,
                fold(key.partition(":")[2]) != folded,
                order.get(kind_of(key) or "", 99),
                key,
            ),
        )

    def nearest(
        self, text: str, kinds: Sequence[str] = (), limit: int = 5
    ) -> tuple[tuple[Key, str], ...]:
        """Keys and names that look like what was typed: by spelling, then by words."""
        import difflib

        bare = fold(text.partition(":")[2] or text)
        folded: dict[str, list[Key]] = defaultdict(list)
        for row in self.catalog.rows("SELECT folded, key FROM name"):
            if not kinds or kind_of(row["key"]) in kinds:
                folded[row["folded"]].append(row["key"])
        keys = [
            key
            for name in difflib.get_close_matches(bare, folded, n=limit, cutoff=0.7)
            for key in folded[name]
        ]
        keys += self._near_ids(text)
        if len(keys) < limit:
            try:
                groups = [[f"kind:{kind}" for kind in kinds]] if kinds else []
                words = text.replace(":", " ").replace("-", " ").replace("/", " ")
                keys += [
                    one.key for one in self.index.search(words, limit=limit, filters=groups)[1]
                ]
            except HubError:
                pass
        unique = list(dict.fromkeys(keys))[:limit]
        entries = self.entries(unique)
        return tuple((key, entries[key].name) for key in unique if key in entries)

    def _near_ids(self, text: str) -> list[Key]:
        """Papers whose id begins alike, for an id with a slip in its last digits."""
        key = parse_key(text)
        if key is None or kind_of(key) not in ("paper", "repository") or len(key) < 12:
            return []
        stem = key[:-2]
        rows = self.catalog.rows(
            f"SELECT key FROM {TABLE_OF[kind_of(key) or '']} WHERE key >= ? AND key < ? LIMIT 3",
            (stem, stem + "\U0010ffff"),
        )
        return [row["key"] for row in rows]

    def show(self, text: str) -> Shown:
        """One whole entry with its provenance and what hangs on it."""
        key = self.resolve(text)
        kind = kind_of(key) or ""
        row = self.catalog.get(TABLE_OF[kind], key)
        if row is None:
            raise NotFound(f"nothing known as {text}", nearest=self.nearest(text))
        if kind == "board":
            raise UsageError(f"{key} is a leaderboard", hint=f"hub leaderboard {key}")
        entry = self.entries([key])[key]
        hidden = {"key", "field_sources", "source", "source_url", "retrieved_at", "licence"}
        fields = tuple(
            (name, value)
            for name, value in sorted(row.items(), key=lambda pair: _reading_order(pair[0]))
            if name not in hidden and value not in (None, [], {})
        )
        own = (row["source"], row["retrieved_at"], row["licence"], row["source_url"])
        sources = {"": own} | {name: tuple(giver) for name, giver in row["field_sources"].items()}
        return Shown(entry, fields, sources, self._related(key, kind, row))

    def _related(self, key: Key, kind: str, row: Row) -> dict[str, tuple[Any, ...]]:
        groups: dict[str, Iterable[Any]] = {}
        if kind == "paper":
            groups["code"] = self._links("paper", key)
            groups["results"] = self._results_of(key)
        elif kind == "repository":
            groups["papers"] = self._links("repository", key)
            groups["snapshots"] = self._snapshots(key)
        elif kind in ("framework", "tool") and row.get("repository"):
            groups["snapshots"] = self._snapshots(row["repository"])
        elif kind in ("dataset", "task"):
            groups["boards"] = [
                {"board": board, "name": name, "rows": rows}
                for board, name, rows in self.boards(key)
            ]
            if kind == "task":
                groups["subtasks"] = self._subtasks(key)
        return {name: tuple(group) for name, group in groups.items() if group}

    def _links(self, side: str, key: Key) -> list[Row]:
        other = "repository" if side == "paper" else "paper"
        rows = self.catalog.rows(
            f"SELECT {other} AS key, evidence, url, official, confidence, framework, source, "
            f"retrieved_at, licence FROM link WHERE {side} = ? "
            f"ORDER BY COALESCE(official, 0) DESC, confidence DESC, {other} LIMIT 200",
            (key,),
        )
        entries = self.entries([row["key"] for row in rows])
        for row in rows:
            row["official"] = None if row["official"] is None else bool(row["official"])
            entry = entries.get(row["key"])
            row["name"] = entry.name if entry else None
            row["stars"] = entry.stars if entry else None
        return rows

    def _results_of(self, paper: Key) -> list[Row]:
        return self.catalog.rows(
            "SELECT r.board, b.name AS dataset, t.name AS task, r.model_name AS model, r.metric, "
            "r.value_text AS text, r.value, r.unit, r.direction, r.source, r.retrieved_at, r.licence "
            "FROM result r JOIN board b ON b.key = r.board JOIN task t ON t.key = r.task "
            "WHERE r.paper = ? ORDER BY r.board, r.position, r.metric LIMIT 500",
            (paper,),
        )

    def _snapshots(self, repository: Key) -> list[Row]:
        return self.catalog.rows(
            "SELECT day, stars, forks, open_issues, source FROM repository_snapshot "
            "WHERE repository = ? ORDER BY day DESC LIMIT 400",
            (repository,),
        )

    def _subtasks(self, task: Key) -> list[Row]:
        return self.catalog.rows(
            "SELECT DISTINCT t.key, t.name FROM task_node above JOIN task_node below "
            "ON below.parent = above.path JOIN task t ON t.key = below.task "
            "WHERE above.task = ? ORDER BY t.name",
            (task,),
        )

    # -- entries -----------------------------------------------------------------------------

    def entries(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """The entries of these keys; a key that the catalog does not hold is left out."""
        by_table: dict[str, list[Key]] = defaultdict(list)
        for key in keys:
            table = TABLE_OF.get(kind_of(key) or "")
            if table is not None:
                by_table[table].append(key)
        found: dict[Key, Entry] = {}
        for table, its_keys in by_table.items():
            for row in self.catalog.many(table, its_keys, _COLUMNS[table]).values():
                found[row["key"]] = entry_of(row)
        return found

    # -- lists -------------------------------------------------------------------------------

    def listing(
        self,
        kind: str,
        *,
        sort: str = "name",
        task: str | None = None,
        year: int | None = None,
        area: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Listing:
        """Entries of one kind in one order, and how many there are."""
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no kind", hint=f"One of: {', '.join(KINDS)}")
        if sort not in _ORDERS[kind]:
            raise UsageError(
                f"{kind} entries cannot be sorted by {sort!r}",
                hint=f"One of: {', '.join(_ORDERS[kind])}",
            )
        where, values = self._where(kind, task, year, area)
        table = TABLE_OF[kind]
        found = self.catalog.scalar(f"SELECT COUNT(*) FROM {table} WHERE {where}", values)
        sql = (
            f"SELECT key, {_COLUMNS[table]} FROM {table} WHERE {where} "
            f"ORDER BY {_ORDERS[kind][sort]} LIMIT ? OFFSET ?"
        )
        rows = self.catalog.rows(sql, (*values, limit, offset))
        return Listing(int(found), tuple(map(entry_of, rows)))

    def _where(
        self, kind: str, task: str | None, year: int | None, area: str | None
    ) -> tuple[str, list[Any]]:
        clauses, values = ["1 = 1"], list[Any]()
        if kind in ("framework", "tool", "task", "topic"):
            clauses.append("role = ?")
            values.append(kind)
        if task is not None:
            clause, its_values = self._on_task(kind, self.task(task))
            clauses.append(clause)
            values += its_values
        if year is not None:
            if kind == "paper":
                clauses.append("published >= ? AND published < ?")
                values += [f"{year:04}", f"{year + 1:04}"]
            elif kind == "repository":
                raise UsageError("repositories have no year", hint="Leave --year out.")
            else:
                clauses.append("year = ?")
                values.append(year)
        if area is not None:
            if kind not in ("task", "topic", "method"):
                raise UsageError(f"{kind} entries have no area", hint="Leave --area out.")
            clauses.append("area = ?")
            values.append(slug(area))
        return " AND ".join(clauses), values

    def _on_task(self, kind: str, task: Key) -> tuple[str, list[Any]]:
        listed = json.dumps(task)
        if kind == "dataset":
            return (
                "(key IN (SELECT dataset FROM board WHERE task = ?) OR instr(tasks, ?) > 0)",
                [task, listed],
            )
        if kind == "paper":
            return (
                "(key IN (SELECT paper FROM result WHERE task = ?) OR instr(tasks, ?) > 0)",
                [task, listed],
            )
        if kind == "task":
            return (
                "key IN (SELECT below.task FROM task_node above JOIN task_node below "
                "ON below.parent = above.path WHERE above.task = ?)",
                [task],
            )
        raise UsageError(f"{kind} entries have no task", hint="Leave --task out.")

    def tree(self, *, area: str | None = None) -> tuple[TreeNode, ...]:
        """Every place of every task, in the source's order; curated tasks without one at the end."""
        boards = {
            row["task"]: (row["boards"], row["rows"])
            for row in self.catalog.rows(
                "SELECT b.task, COUNT(DISTINCT b.key) AS boards, COUNT(DISTINCT r.row) AS rows "
                "FROM board b LEFT JOIN result r ON r.board = b.key GROUP BY b.task"
            )
        }
        nodes = [
            TreeNode(
                row["path"],
                row["path"].count("/"),
                row["task"],
                row["name"],
                row["name_zh"],
                *boards.get(row["task"], (0, 0)),
            )
            for row in self.catalog.rows(
                "SELECT n.path, n.task, t.name, t.name_zh FROM task_node n JOIN task t ON t.key = n.task "
                "WHERE (? IS NULL OR t.area = ?) ORDER BY n.position, n.path",
                (slug(area) if area else None, slug(area) if area else None),
            )
        ]
        placed = {node.key for node in nodes}
        for row in self.catalog.rows(
            "SELECT key, name, name_zh FROM task WHERE role = 'task' AND (? IS NULL OR area = ?) "
            "AND key NOT IN (SELECT task FROM task_node) ORDER BY name",
            (slug(area) if area else None, slug(area) if area else None),
        ):
            if row["key"] not in placed:
                counts = boards.get(row["key"], (0, 0))
                nodes.append(
                    TreeNode(
                        row["key"].partition(":")[2],
                        0,
                        row["key"],
                        row["name"],
                        row["name_zh"],
                        *counts,
                    )
                )
        return tuple(nodes)

    # -- leaderboards ------------------------------------------------------------------------

    def boards(self, key: Key) -> list[tuple[Key, str, int]]:
        """Boards of a task or a dataset (with its variants): key, name, rows; the longest first."""
        if kind_of(key) == "dataset":
            keys = self._variants(key)
            clause = f"b.dataset IN ({', '.join('?' * len(keys))})"
        else:
            keys, clause = [key], "b.task = ?"
        rows = self.catalog.rows(
            "SELECT b.key, t.name AS task, b.name, COUNT(DISTINCT r.row) AS rows FROM board b "
            "JOIN task t ON t.key = b.task LEFT JOIN result r ON r.board = b.key "
            f"WHERE {clause} GROUP BY b.key ORDER BY rows DESC, b.key",
            keys,
        )
        return [(row["key"], f"{row['task']} on {row['name']}", row["rows"]) for row in rows]

    def _variants(self, dataset: Key) -> list[Key]:
        """The dataset, its parts, and rows of other sources that go by one of its aliases."""
        row = self.catalog.get("dataset", dataset)
        keys = [dataset]
        for alias in (row or {}).get("aliases", ()):
            keys.append(f"dataset:{slug(alias)}")
        children = self.catalog.rows("SELECT key FROM dataset WHERE parent = ?", (dataset,))
        return list(dict.fromkeys([*keys, *(child["key"] for child in children)]))

    def leaderboard(
        self,
        text: str,
        *,
        task: str | None = None,
        metric: str | None = None,
        has_code: bool = False,
    ) -> Board:
        """The board of a dataset, a task or a board key; of several the longest, the rest named."""
        board, others = self._board(text, task)
        row = self.catalog.get("board", board)
        if row is None:
            raise NotFound(f"no leaderboard {board}")
        results = list(self.catalog.every("result", "board = ?", (board,)))
        metrics = row["metrics"] or sorted({result["metric"] for result in results})
        if metric is not None:
            chosen = next((name for name in metrics if fold(name) == fold(metric)), None)
            if chosen is None:
                raise NotFound(
                    f"{board} has no metric {metric!r}",
                    hint=f"It has: {', '.join(metrics) or 'none'}",
                )
            metrics = [chosen, *(name for name in metrics if name != chosen)]
        main = metrics[0] if metrics else None
        direction, why = _ranking(main, [r for r in results if r["metric"] == main])
        rows = self._board_rows(results, metrics, main, direction if why is None else "unknown")
        if has_code:
            rows = [one for one in rows if one.code]
        entries = self.entries([row["task"], row["dataset"]])
        return Board(
            board, entries[row["task"]], entries[row["dataset"]], row["name"], main, direction,
            why is None, why, tuple(rows), tuple(others),
        )  # fmt: skip

    def _board(self, text: str, task: str | None) -> tuple[Key, list[tuple[Key, str, int]]]:
        key = parse_key(text)
        if key is not None and kind_of(key) == "board" and self._exists(key):
            return key, []
        found = self.resolve(text, kinds=("dataset", "task"))
        if kind_of(found) not in ("dataset", "task"):
            raise NotFound(
                f"{found} is a {kind_of(found)}; leaderboards belong to datasets and tasks",
                nearest=self.nearest(text, ("dataset", "task")),
            )
        boards = self.boards(found)
        if task is not None:
            wanted = self.task(task)
            boards = [
                one for one in boards if one[0].startswith(f"board:{wanted.partition(':')[2]}/")
            ]
        if not boards:
            raise NotFound(
                f"no leaderboard for {found}" + (f" and {task}" if task else ""),
                nearest=self._near_boards(text),
            )
        return boards[0][0], boards[1:]

    def _near_boards(self, text: str) -> tuple[tuple[Key, str], ...]:
        rows = self.catalog.rows(
            "SELECT b.key, t.name AS task, b.name FROM board b JOIN task t ON t.key = b.task "
            "WHERE instr(b.key, ?) > 0 ORDER BY length(b.key), b.key LIMIT 5",
            (slug(text.partition(":")[2] or text),),
        )
        return tuple((row["key"], f"{row['task']} on {row['name']}") for row in rows)

    def _board_rows(
        self, results: list[Row], metrics: list[str], main: str | None, direction: str
    ) -> list[BoardRow]:
        by_row: dict[str, list[Row]] = defaultdict(list)
        for result in results:
            by_row[result["row"]].append(result)
        sign = {"higher": -1.0, "lower": 1.0}.get(direction)

        def order(cells: list[Row]) -> tuple[bool, float, int]:
            value = next((cell["value"] for cell in cells if cell["metric"] == main), None)
            if sign is None or value is None:
                return True, 0.0, cells[0]["position"]
            return False, sign * value, cells[0]["position"]

        code = self._code_of({cells[0]["paper"] for cells in by_row.values()})
        rows, rank, last = [], 0, None
        for place, cells in enumerate(sorted(by_row.values(), key=order), 1):
            unranked, value, _ = order(cells)
            if not unranked and value != last:
                rank, last = place, value
            rows.append(_board_row(None if unranked else rank, cells, metrics, code))
        return rows

    def _code_of(self, papers: set[Any]) -> dict[Key, tuple[str, ...]]:
        found: dict[Key, list[str]] = defaultdict(list)
        known = sorted(paper for paper in papers if paper)
        for start in range(0, len(known), 500):
            part = known[start : start + 500]
            for row in self.catalog.rows(
                f"SELECT paper, url FROM link WHERE paper IN ({', '.join('?' * len(part))}) "
                "ORDER BY COALESCE(official, 0) DESC, confidence DESC, rowid",
                part,
            ):
                found[row["paper"]].append(row["url"])
        return {paper: tuple(dict.fromkeys(urls)) for paper, urls in found.items()}

    # -- the catalog itself ------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many of each kind, and of boards, results, links and tree nodes."""
        counts: dict[str, int] = {}
        for kind in KINDS:
            table = TABLE_OF[kind]
            where = "role = ?" if kind in ("framework", "tool", "task", "topic") else "1 = 1"
            values = (kind,) if where != "1 = 1" else ()
            counts[kind] = self.catalog.scalar(
                f"SELECT COUNT(*) FROM {table} WHERE {where}", values
            )
        for table in ("board", "result", "link", "task_node", "repository_snapshot", "alias"):
            counts[table] = self.catalog.scalar(f"SELECT COUNT(*) FROM {table}")
        counts["result_row"] = self.catalog.scalar("SELECT COUNT(DISTINCT row) FROM result")
        return counts

    def tree_counts(self) -> dict[str, int]:
        """Task nodes, boards and rows as the source's tree repeats them: a task that stands under
        several parents counts at each of its places."""
        row = self.catalog.rows(
            "SELECT COUNT(*) AS boards, COALESCE(SUM(rows), 0) AS rows FROM task_node n JOIN "
            "(SELECT b.task, b.key, COUNT(DISTINCT r.row) AS rows FROM board b "
            "LEFT JOIN result r ON r.board = b.key GROUP BY b.key) AS counted ON counted.task = n.task"
        )[0]
        nodes = self.catalog.scalar("SELECT COUNT(*) FROM task_node")
        return {"task_nodes": nodes, "boards": row["boards"], "rows": row["rows"]}

    def sources(self) -> tuple[SourceState, ...]:
        """What each source gave, all tables summed up; kept by the catalog as of its last write."""
        states = {row["source"]: row["state"] for row in reversed(self.catalog.harvests(200))}
        return tuple(
            SourceState(**row, state=states.get(row["source"])) for row in self.catalog.sources()
        )

    def keys_starting(self, start: str, limit: int = 50) -> list[tuple[Key, str]]:
        """Keys that begin so, with names: for the shell's completion."""
        if ":" not in start:
            rows = self.catalog.rows(
                "SELECT DISTINCT key FROM name WHERE folded >= ? AND folded < ? ORDER BY folded LIMIT ?",
                (fold(start), fold(start) + "\U0010ffff", limit),
            )
            keys = [row["key"] for row in rows]
        else:
            table = TABLE_OF.get(kind_of(start) or "")
            if table is None:
                return []
            low = start.lower()
            rows = self.catalog.rows(
                f"SELECT key FROM {table} WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
                (low, low + "\U0010ffff", limit),
            )
            keys = [row["key"] for row in rows]
        entries = self.entries(keys)
        return [(key, entries[key].name) for key in keys if key in entries]


def entry_of(row: Row) -> Entry:
    """The Entry of a row with the columns of _COLUMNS."""
    key = row["key"]
    kind = kind_of(key) or ""
    published = row.get("published")
    year = int(published[:4]) if published else row.get("year")
    return Entry(
        key=key,
        kind=kind,
        name=row.get("title") or row.get("name") or key,
        name_zh=row.get("name_zh"),
        summary=row.get("summary"),
        summary_zh=row.get("summary_zh"),
        authors=tuple(json.loads(row["authors"])) if row.get("authors") else (),
        year=year,
        stars=row.get("stars"),
        stars_on=row.get("stars_on"),
        results=row.get("results"),
        code=row.get("code"),
        detail=row.get("detail"),
        tasks=tuple(json.loads(row["tasks"])) if row.get("tasks") else (),
        url=row.get("url") or address_of(key),
        source=row.get("source"),
        retrieved_at=row.get("retrieved_at"),
    )


def address_of(key: Key) -> str | None:
    """Where a person can open it; None where the key alone does not tell."""
    prefix, _, rest = key.partition(":")
    base = _ADDRESSES.get(prefix)
    return f"{base}{rest}" if base else None


_ADDRESSES: Final = {
    "arxiv": "https://arxiv.org/abs/",
    "doi": "https://doi.org/",
    "openreview": "https://openreview.net/forum?id=",
    "acl": "https://aclanthology.org/",
    "github": "https://github.com/",
    "gitlab": "https://gitlab.com/",
    "bitbucket": "https://bitbucket.org/",
    "url": "https://",
    "git": "https://",
}

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

_BY_NAME: Final = {"name": "name COLLATE NOCASE, key", "key": "key", "year": "year DESC, name, key"}
_ORDERS: Final = {
    "paper": {
        "name": "title COLLATE NOCASE, key",
        "year": "published DESC, key",
        "key": "key",
        "results": "results DESC, key",
        "code": "code DESC, key",
    },
    "repository": {
        "name": "name COLLATE NOCASE, key",
        "key": "key",
        "stars": "stars DESC, name, key",
    },
    "dataset": {**_BY_NAME, "results": "results DESC, key"},
    "framework": {**_BY_NAME, "stars": "stars DESC, name, key"},
    "tool": {**_BY_NAME, "stars": "stars DESC, name, key"},
    "task": {**_BY_NAME, "results": "results DESC, key"},
    "topic": _BY_NAME,
    "method": {**_BY_NAME, "papers": "code DESC, name, key"},
}
SORTS: Final = tuple(dict.fromkeys(name for orders in _ORDERS.values() for name in orders))

_NAME_ORDER: Final = ("dataset", "framework", "tool", "task", "topic", "method", "board")
_SEARCHED: Final = (
    "title", "name", "full_name", "name_zh", "aliases", "abstract", "summary", "summary_zh",
    "description", "comment", "authors", "tasks", "topics", "language", "languages", "modalities",
)  # fmt: skip
_READING_ORDER: Final = (
    "title", "name", "full_name", "name_zh", "aliases", "role", "area", "areas", "summary",
    "summary_zh", "authors", "published", "updated", "version", "year", "categories", "venue", "doi",
    "url", "homepage", "repository", "docs", "paper", "tasks", "methods", "modalities", "languages",
    "examples", "splits", "classes", "size_bytes", "data_licence", "code_licence", "licence_url",
    "licence_note", "obtain", "obtain_zh", "comment", "abstract", "description",
)  # fmt: skip


def _reading_order(name: str) -> tuple[int, str]:
    known = _READING_ORDER.index(name) if name in _READING_ORDER else len(_READING_ORDER)
    return (known + 100 if name == "extra" else known, name)


def _ranking(main: str | None, cells: list[Row]) -> tuple[str, str | None]:
    """The direction of a board's first metric, and why it cannot be ranked (None: it can)."""
    if main is None:
        return "unknown", "the source names no metric"
    directions = {cell["direction"] for cell in cells}
    direction = next(iter(directions)) if len(directions) == 1 else "unknown"
    if direction == "unknown":
        return direction, f"whether a higher or a lower {main} is better is not known"
    if _mixed(cells):
        return direction, f"{main} is printed as percent in some rows and as a fraction in others"
    return direction, None


def _mixed(cells: list[Row]) -> bool:
    """True when some rows print `94.1%` and others a number up to 1 without a unit."""
    percent = any("%" in (cell["value_text"] or "") and (cell["value"] or 0) > 1 for cell in cells)
    fraction = any(
        "%" not in (cell["value_text"] or "")
        and cell["value"] is not None
        and 0 < cell["value"] <= 1
        for cell in cells
    )
    return percent and fraction


def _board_row(
    rank: int | None, cells: list[Row], metrics: list[str], code: dict[Key, tuple[str, ...]]
) -> BoardRow:
    order = {name: at for at, name in enumerate(metrics)}
    cells = sorted(cells, key=lambda cell: (order.get(cell["metric"], len(order)), cell["metric"]))
    first = cells[0]
    return BoardRow(
        rank=rank,
        model=first["model_name"],
        cells=tuple(
            Cell(c["metric"], c["value_text"], c["value"], c["spread"], c["unit"], c["direction"])
            for c in cells
        ),
        paper=first["paper"],
        title=first["paper_title"],
        published=first["published"],
        code=code.get(first["paper"], ()),
        source=first["source"],
        source_url=first["source_url"],
        retrieved_at=first["retrieved_at"],
        licence=first["licence"],
    )
