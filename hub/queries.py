"""Every read: search, show, list, leaderboard. Frozen values come back, never rows.

The command line and the terminal interface call the very same functions. Needs sqlite3 and numpy
only: neither SQLAlchemy nor scikit-learn is imported on this path. The values live in hub.entries,
hub.hits, hub.shown, hub.lists and hub.boards; they can be had from here, and all but the first are
imported when they are first needed, since making one class costs up to a millisecond.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from crawlers.keys import Key, kind_of, parse_key, slug
from hub.catalog import Catalog, Row, fold, history, ledger, read
from hub.catalog.read import TABLE_OF
from hub.entries import KINDS, Entry, address_of, check_kinds, entry_of
from hub.errors import Damaged, HubError, NotFound, UsageError
from hub.paths import Paths

if TYPE_CHECKING:
    from hub.boards import Board, BoardRow, Cell
    from hub.browsing import Browsing, Facet, View
    from hub.hits import Hit, Hits, Match, Query
    from hub.index import Index
    from hub.index.asked import Asked, Translated
    from hub.lists import Listing, SourceState, TreeNode
    from hub.shown import Shown

__all__ = [
    "KINDS", "SORTS", "TABLE_OF", "Board", "BoardRow", "Browsing", "Cell", "Entry", "Facet", "Hit",
    "Hits", "Listing", "Match", "Queries", "Query", "Shown", "SourceState", "TreeNode", "View",
    "address_of", "entry_of",
]  # fmt: skip

_MADE_IN: Final = {
    "boards": ("Board", "BoardRow", "Cell"),
    "browsing": ("Browsing", "Facet", "View"),
    "hits": ("Hit", "Hits", "Match", "Query"),
    "lists": ("Listing", "SourceState", "TreeNode"),
    "shown": ("Shown",),
}
"""Module of hub -> the values that it makes."""

if not TYPE_CHECKING:  # a type checker would take any name for one of these

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        for module, values in _MADE_IN.items():
            if name in values:
                return getattr(import_module(f"hub.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


SORTS: Final = tuple(dict.fromkeys(sort for sorts in read.SORTS_OF.values() for sort in sorts))
"""Every order in which some kind can be listed."""

MANY: Final = 50_000
"""Above so many rows a list is read from the index, where it is current: SQLite would sort them all."""

_NAME_ORDER: Final = ("dataset", "framework", "tool", "task", "topic", "method", "board")
"""The kind that a bare name most likely means comes first."""


class Queries:
    """The reads of one home: an open catalog, and an index opened when it is first asked.

    One can be kept for as long as a program runs and be asked from any thread: it sees what is
    written meanwhile, and a newer index once there is one.
    """

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.catalog = Catalog.open(paths.catalog)
        self._opened: Index | None = None
        self._tasks: tuple[int, dict[Key, tuple[str, str | None]]] | None = None

    def close(self) -> None:
        self.catalog.close()

    def let_go(self) -> None:
        """Hands back what of the index's files was read into this process: for a pause in long use."""
        if self._opened is not None:
            self._opened.let_go()

    @property
    def index(self) -> "Index":
        """The index in use now."""
        from hub.index import Index  # numpy: 0.1 s that lists and completion need not pay

        self._opened = Index.open(self.paths.index, self._opened)
        return self._opened

    # -- search ------------------------------------------------------------------------------

    def search(self, query: "Query") -> "Hits":
        """The best hits of all kinds in one ranked list; no words match everything that passes."""
        from hub.hits import Hit, Hits, filters_of, matches

        check_kinds(query.kinds)
        filters = filters_of(query, [self.task(task) for task in query.tasks])
        index = self.index
        asked, translated = self._asked(query.text)
        found, best = index.search(asked, limit=query.limit, filters=filters, years=query.years)
        entries = self.entries([one.key for one in best])
        words = [term for term, _ in (*asked.terms, *asked.aside)] if query.explain else []
        hits = tuple(
            Hit(
                entries[one.key],
                one.score,
                matches(self._row(one.key) or {}, words, index.weight) if words else (),
            )
            for one in best
            if one.key in entries
        )
        return Hits(found, hits, self._stale(index), translated)

    def _asked(self, text: str, *, typing: bool = False) -> "tuple[Asked, Translated]":
        """The words of a query, and what of it was put into English."""
        from hub.index.asked import MAX_QUERY, asked_of

        translated: Translated = ()
        if not text.isascii():
            from hub.chinese import translated as read_as

            translated = read_as(
                text[:MAX_QUERY], lambda names: read.known_names(self.catalog, names), self._english
            )
        return asked_of(text, translated=translated, typing=typing), translated

    def _english(self, name: str) -> str | None:
        """The English name of what goes by this one; of an abbreviation what it stands for, too."""
        for key in self._named(name, ())[:1]:
            row = self._row(key) or {}
            short, whole = row.get("name"), row.get("full_name")
            if not whole or not short or short.lower() in name.lower():
                return short
            return f"{whole} ({short})" if whole != short else short
        return None

    def _stale(self, index: "Index") -> int:
        return max(0, self.catalog.generation() - index.generation)

    def related(self, key: Key, limit: int = 10) -> "tuple[Hit, ...]":
        """The papers whose text is nearest to that of an entry, the entry itself left out."""
        from collections import Counter

        from hub.hits import Hit, text_of
        from hub.index import TITLE_WEIGHT
        from hub.words import terms

        row = self._row(key)
        if row is None:
            raise NotFound(f"nothing known as {key}", nearest=self.nearest(key))
        name, body = text_of(row)
        said = Counter(terms(name) * TITLE_WEIGHT + terms(body))
        best = self.index.nearest(said, besides=key, limit=limit, filters=[["kind:paper"]])
        entries = self.entries([one.key for one in best])
        return tuple(Hit(entries[one.key], one.score) for one in best if one.key in entries)

    # -- browse ------------------------------------------------------------------------------

    def browse(self, view: "View") -> "Browsing":
        """The list that a view gives, of any length, in any order: pages, facets and what to highlight."""
        from hub.browsing import Browsing, checked, groups_of

        sort = checked(view)
        index = self.index
        asked, translated = self._asked(view.text, typing=view.typing)
        return Browsing(
            view,
            index,
            asked,
            groups_of(view, None if view.task is None else self.task(view.task)),
            sort,
            translated=translated,
            stale=self._stale(index),
            entries=self.entries,
            task_names=self._task_names,
        )

    def _task_names(self) -> dict[Key, tuple[str, str | None]]:
        """Name and Chinese name of every task; read again only after a write."""
        generation = self.catalog.generation()
        if self._tasks is None or self._tasks[0] != generation:
            rows = read.task_names(self.catalog)
            names = {row["key"]: (row["name"], row["name_zh"]) for row in rows}
            self._tasks = generation, names
        return self._tasks[1]

    def _row(self, key: Key) -> Row | None:
        return self.catalog.get(TABLE_OF[kind_of(key) or "paper"], key)

    # -- one entry ---------------------------------------------------------------------------

    def resolve(self, text: str, *, kinds: Sequence[str] = ()) -> Key:
        """The key that a key, an id, an address or a name stands for; NotFound with near ones."""
        key = parse_key(text)
        if key is not None:
            key = read.aliased(self.catalog, key) or key
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
        return table is not None and read.exists(self.catalog, table, key)

    def _named(self, text: str, kinds: Sequence[str]) -> list[Key]:
        """Keys of this name, the kinds a bare name most likely means first."""
        folded = fold(text)
        named = read.keys_named(self.catalog, folded)
        keys = [key for key in named if not kinds or kind_of(key) in kinds]
        order = {kind: at for at, kind in enumerate(_NAME_ORDER)}
        curated = {
            key
            for table, its_keys in _by_table(keys).items()
            for key in read.curated(self.catalog, table, its_keys)
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

        from hub.words import terms

        bare = fold(text.partition(":")[2] or text)
        folded: dict[str, list[Key]] = defaultdict(list)
        for name, key in read.names(self.catalog):
            if not kinds or kind_of(key) in kinds:
                folded[name].append(key)
        keys = [
            key
            for name in difflib.get_close_matches(bare, folded, n=limit, cutoff=0.7)
            for key in folded[name]
        ]
        keys += self._near_ids(text)
        words = text.replace(":", " ").replace("-", " ").replace("/", " ")
        # Without a word the index would give whatever is best known of these kinds: near to nothing.
        if len(keys) < limit and terms(words):
            try:
                groups = [[f"kind:{kind}" for kind in kinds]] if kinds else []
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
        kind = kind_of(key or "")
        if key is None or kind not in ("paper", "repository") or len(key) < 12:
            return []
        return read.keys_starting(self.catalog, TABLE_OF[kind], key[:-2], limit=3)

    def show(self, text: str) -> "Shown":
        """One whole entry with its provenance and what hangs on it."""
        from hub.shown import Shown, facts, givers

        key = self.resolve(text)
        kind = kind_of(key) or ""
        row = self._row(key)
        if row is None:
            raise NotFound(f"nothing known as {text}", nearest=self.nearest(text))
        if kind == "board":
            raise UsageError(f"{key} is a leaderboard", hint=f"hub leaderboard {key}")
        entry = self.entries([key])[key]
        return Shown(entry, facts(row), givers(row), self._related(key, kind, row))

    def _related(self, key: Key, kind: str, row: Row) -> dict[str, tuple[Any, ...]]:
        groups: dict[str, Iterable[Any]] = {}
        if kind == "paper":
            groups["notices"] = history.notices(self.catalog, key)
            groups["code"] = self._links("paper", key)
            groups["results"] = read.results_of(self.catalog, key)
        elif kind == "repository":
            groups["papers"] = self._links("repository", key)
            groups["snapshots"] = read.snapshots(self.catalog, key)
        elif kind in ("framework", "tool") and row.get("repository"):
            groups["snapshots"] = read.snapshots(self.catalog, row["repository"])
        elif kind in ("dataset", "task"):
            groups["boards"] = self.boards(key)
            if kind == "task":
                groups["subtasks"] = read.subtasks(self.catalog, key)
        if kind in ("method", "dataset", "paper"):
            from hub import baselines

            groups["baselines"] = baselines.of_entry(key, row)
        return {name: tuple(group) for name, group in groups.items() if group}

    def _links(self, side: str, key: Key) -> list[Row]:
        rows = read.links(self.catalog, side, key)
        entries = self.entries([row["key"] for row in rows])
        for row in rows:
            row["official"] = None if row["official"] is None else bool(row["official"])
            entry = entries.get(row["key"])
            row["name"] = entry.name if entry else None
            row["stars"] = entry.stars if entry else None
        return rows

    def why(self, text: str) -> "tuple[Entry, list[Row]]":
        """The entry, and what speaks for each link between it and code, or a paper, with its age."""
        key = self.resolve(text)
        kind = kind_of(key) or ""
        if kind not in ("paper", "repository"):
            raise UsageError(
                f"{key} is a {kind}; links join papers and repositories",
                hint="hub why arxiv:1512.03385",
            )
        rows = history.evidence(self.catalog, kind, key)
        entries = self.entries([row["key"] for row in rows])
        for row in rows:
            row["official"] = None if row["official"] is None else bool(row["official"])
            row["name"] = entries[row["key"]].name if row["key"] in entries else None
        return self.entries([key])[key], rows

    def diff(self, begin: str, end: str) -> list[Row]:
        """What came, changed and went between two moments (UTC, ISO 8601)."""
        return list(history.changes(self.catalog, begin, end))

    # -- entries and lists -------------------------------------------------------------------

    def entries(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """The entries of these keys; a key that the catalog does not hold is left out."""
        return {
            row["key"]: entry_of(row)
            for table, its_keys in _by_table(keys).items()
            for row in read.entries(self.catalog, table, its_keys)
        }

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
    ) -> "Listing":
        """Entries of one kind in one order, and how many there are."""
        from hub.lists import Listing

        check_kinds([kind])
        if sort not in read.SORTS_OF[kind]:
            raise UsageError(
                f"{kind} entries cannot be sorted by {sort!r}",
                hint=f"One of: {', '.join(read.SORTS_OF[kind])}",
            )
        on_task = None if task is None else self.task(task)
        if on_task and kind not in read.WITH_TASK:
            raise UsageError(f"{kind} entries have no task", hint="Leave --task out.")
        if year is not None and kind == "repository":
            raise UsageError("repositories have no year", hint="Leave --year out.")
        if area is not None and kind not in ("task", "topic", "method"):
            raise UsageError(f"{kind} entries have no area", hint="Leave --area out.")
        within = None if area is None else slug(area)
        if read.about_how_many(self.catalog, TABLE_OF[kind]) > MANY:
            years = None if year is None else (year, year)
            listed = self._listed(kind, sort, on_task, years, within)
            if listed is not None:
                return Listing(listed.found, listed.page(offset, limit))
        found, rows = read.listing(
            self.catalog,
            kind,
            sort=sort,
            task=on_task,
            year=year,
            area=within,
            limit=limit,
            offset=offset,
        )
        return Listing(found, tuple(map(entry_of, rows)))

    def _listed(
        self,
        kind: str,
        sort: str,
        task: Key | None,
        years: tuple[int, int] | None,
        area: str | None,
    ) -> "Browsing | None":
        """The same list from the index; None unless that says what the catalog says now."""
        from hub.browsing import View

        areas = () if area is None else (area,)
        try:
            browsing = self.browse(View("", (kind,), sort, task=task, years=years, areas=areas))
        except Damaged:
            return None
        return None if browsing.stale else browsing

    def tree(self, *, area: str | None = None) -> "tuple[TreeNode, ...]":
        """Every place of every task, in the source's order; curated tasks without one at the end."""
        from hub.lists import tree_of

        within = slug(area) if area else None
        return tree_of(
            read.places(self.catalog, within),
            read.unplaced(self.catalog, within),
            read.board_counts(self.catalog),
        )

    def kinds(self) -> dict[str, int]:
        """How many entries of each kind can be found, by the index: at once, however many."""
        return {kind: self.index.count(f"kind:{kind}") for kind in KINDS}

    def history(self, key: Key) -> tuple[Row, ...]:
        """Stars, forks and open issues by day, the oldest first, of a repository, or of the one that a
        framework or tool is built in."""
        kind = kind_of(key)
        if kind in ("framework", "tool"):
            key = (self._row(key) or {}).get("repository") or ""
        return tuple(reversed(read.snapshots(self.catalog, key)))

    def bibtex(self, key: Key) -> str:
        """A paper as BibTeX."""
        from hub import bibtex

        if kind_of(key) != "paper":
            raise UsageError(f"{key} is no paper", hint="hub export papers --format bibtex")
        row = self._row(key)
        if row is None:
            raise NotFound(f"nothing known as {key}", nearest=self.nearest(key))
        return "".join(bibtex.entries([row])).strip() + "\n"

    # -- leaderboards ------------------------------------------------------------------------

    def boards(self, key: Key) -> list[Row]:
        """Boards of a task or a dataset (with its variants), the longest first: key, name of the whole,
        of its task (task_zh) and of its data, how many rows."""
        if kind_of(key) == "dataset":
            rows = read.boards(self.catalog, "dataset", self._variants(key))
        else:
            rows = read.boards(self.catalog, "task", [key])
        return [
            {
                "board": row["key"],
                "name": f"{row['task']} on {row['name']}",
                "task": row["task"],
                "task_zh": row["task_zh"],
                "data": row["name"],
                "rows": row["rows"],
            }
            for row in rows
        ]

    def _variants(self, dataset: Key) -> list[Key]:
        """The dataset, its parts, and rows of other sources that go by one of its aliases."""
        row = self._row(dataset) or {}
        aliases = [f"dataset:{slug(alias)}" for alias in row.get("aliases", ())]
        return list(dict.fromkeys([dataset, *aliases, *read.parts(self.catalog, dataset)]))

    def leaderboard(
        self,
        text: str,
        *,
        task: str | None = None,
        metric: str | None = None,
        has_code: bool = False,
    ) -> "Board":
        """The board of a dataset, a task or a board key; of several the longest, the rest named."""
        from hub.boards import board_of

        board, others = self._board(text, task)
        row = self.catalog.get("board", board)
        if row is None:
            raise NotFound(f"no leaderboard {board}")
        results = read.results_on(self.catalog, board)
        before = history.predecessors(self.catalog, [result["key"] for result in results])
        for result in results:
            result["earlier"] = [one["value_text"] for one in before.get(result["key"], ())]
        papers = {result["paper"] for result in results if result["paper"]}
        entries = self.entries([row["task"], row["dataset"]])
        return board_of(
            row,
            results,
            task=entries[row["task"]],
            dataset=entries[row["dataset"]],
            code=read.code_of(self.catalog, sorted(papers)),
            metric=metric,
            has_code=has_code,
            others=others,
        )

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
            of_task = f"board:{wanted.partition(':')[2]}/"
            boards = [one for one in boards if one["board"].startswith(of_task)]
        if not boards:
            raise NotFound(
                f"no leaderboard for {found}" + (f" and {task}" if task else ""),
                nearest=self._near_boards(text),
            )
        first, *others = ((one["board"], one["name"], one["rows"]) for one in boards)
        return first[0], others

    def _near_boards(self, text: str) -> tuple[tuple[Key, str], ...]:
        rows = read.boards_containing(self.catalog, slug(text.partition(":")[2] or text))
        return tuple((row["key"], f"{row['task']} on {row['name']}") for row in rows)

    # -- the catalog itself ------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many of each kind, and of boards, results, links and tree nodes."""
        counts = {kind: read.count_of_kind(self.catalog, kind) for kind in KINDS}
        for table in ("board", "result", "link", "task_node", "repository_snapshot", "alias"):
            counts[table] = read.count(self.catalog, table)
        counts["result_row"] = read.count_printed(self.catalog)
        return counts

    def tree_counts(self) -> dict[str, int]:
        """Task nodes, boards and rows as the source's tree repeats them: a task that stands under
        several parents counts at each of its places."""
        counted = read.tree_counts(self.catalog)
        nodes = read.count(self.catalog, "task_node")
        return {"task_nodes": nodes, "boards": counted["boards"], "rows": counted["rows"]}

    def sources(self) -> "tuple[SourceState, ...]":
        """What each source gave, all tables summed up; kept by the catalog as of its last write."""
        from hub.lists import SourceState

        held = self.catalog.sources()
        told = {one.source: one for one in ledger.by_source(self.catalog)}
        known = {row["source"] for row in held}
        # A source that gave nothing but a refusal must not look as if nobody had asked it.
        empty = {"licence": None, "rows": 0, "oldest": None, "newest": None}
        held += [{"source": name, **empty} for name in told if name not in known]
        return tuple(SourceState(**row, **_state(told.get(row["source"]))) for row in held)

    def harvests(self) -> "tuple[ledger.SourceLedger, ...]":
        """How the harvests of each source went, one line per source that was ever asked."""
        return tuple(ledger.by_source(self.catalog))

    def fresh_and_stale(self, days: int) -> dict[str, tuple[int, int]]:
        """Per source its rows that were said within so many days, and those that were not; this
        reads every row."""
        return read.fresh_and_stale(self.catalog, days=days)

    def keys_starting(self, start: str, limit: int = 50) -> list[tuple[Key, str]]:
        """Keys that begin so, with names: for the shell's completion."""
        if ":" not in start:
            keys = read.keys_of_names_starting(self.catalog, fold(start), limit)
        else:
            table = TABLE_OF.get(kind_of(start) or "")
            if table is None:
                return []
            keys = read.keys_starting(self.catalog, table, start.lower(), limit)
        entries = self.entries(keys)
        return [(key, entries[key].name) for key in keys if key in entries]


def _state(told: "ledger.SourceLedger | None") -> Row:
    """What the ledger adds to a source's rows."""
    if told is None:
        return {}
    state: Row = {"state": told.state, "last_success": told.last_success}
    if (told.last_refusal or "") > (told.last_success or ""):
        state |= {
            "refused_at": told.last_refusal,
            "refusal": told.refusal,
            "next_allowed": told.next_allowed,
        }
    return state


def _by_table(keys: Iterable[Key]) -> dict[str, list[Key]]:
    """The keys by the table that holds them; keys of no known kind are left out."""
    by_table: dict[str, list[Key]] = defaultdict(list)
    for key in keys:
        table = TABLE_OF.get(kind_of(key) or "")
        if table is not None:
            by_table[table].append(key)
    return by_table
