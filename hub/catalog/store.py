"""Catalog: an open catalog.db. Writes what sources say, keeps the ledger, answers plain reads."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from hub.catalog.file import HEAD, KNOWN, begin_writing, connect, damaged, migrate, revision
from hub.catalog.merge import Row, fold, merge, names_of
from hub.catalog.shape import Shape, encode
from hub.errors import Damaged

if TYPE_CHECKING:
    from crawlers.records import Record
    from crawlers.source import Scope

SAID: Final = (
    "paper", "repository", "repository_snapshot", "dataset", "framework", "task", "task_node",
    "method", "board", "result", "link", "alias", "notice",
)  # fmt: skip
"""The tables that hold what sources say."""

_WATCHED: Final = {
    "result": ("value_text", "value", "spread", "unit", "model_name", "paper", "direction"),
    "link": ("url", "official", "confidence"),
    "repository": ("name", "state", "code_licence"),
}
"""Tables whose changes are told later (`changes`), and the fields that tell."""

_TOUCHES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("paper", "repository", "dataset", "framework", "task", "method"), ("key",)),
    "repository_snapshot": ("repository",),
    "task_node": ("task",),
    "board": ("task", "dataset"),
    "result": ("paper", "task", "dataset"),
    "link": ("paper", "repository"),
    "alias": (),
    "notice": ("key",),
}
"""Table -> the columns that name entries whose index documents a row of it changes."""

Values = Sequence[Any] | Mapping[str, Any]
"""What stands for the `?` or the `:name` of a statement."""


@dataclass
class Counts:
    """How many records a write brought in, per table."""

    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)

    def plus(self, other: "Counts") -> "Counts":
        """Both together; neither is changed, since what counts is what was committed."""
        both = Counts()
        both.add(self)
        both.add(other)
        return both

    def add(self, other: "Counts") -> None:
        self.new.update(other.new)
        self.changed.update(other.changed)
        self.unchanged.update(other.unchanged)
        self.removed.update(other.removed)


class Catalog:
    """An open catalog.db. Reading needs no lock; writing is for one process at a time (hub.lock)."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path
        self._shapes: dict[str, Shape] = {}

    # -- opening -----------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> Self:
        """The catalog at `path`, at the revision this program knows.

        Damaged when the file is no catalog, is broken, or comes from a newer program.
        """
        connection = connect(path, write=write)
        catalog = cls(connection, path)
        try:
            found = revision(connection)
            if found == HEAD and write:
                begin_writing(connection)
            elif found == HEAD:
                # 16 MB of pages: what a listing reads again and again, and no more memory than that.
                connection.execute("PRAGMA cache_size = -16000")
        except sqlite3.DatabaseError as error:
            connection.close()
            raise damaged(path, error) from error
        if found == HEAD:
            return catalog
        connection.close()
        if found is None:
            raise Damaged(
                f"{path} is no catalog of the hub",
                hint="Move it away; the next start prepares the embedded catalog again.",
            )
        if found not in KNOWN:
            raise Damaged(
                f"{path} was written by a newer version of the hub (revision {found}, "
                f"this one knows {HEAD})",
                hint="Upgrade: pip install --upgrade deep-learning-hub",
            )
        migrate(path)
        return cls.open(path, write=write)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing -----------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; BEGIN IMMEDIATE, so that two writers wait instead of failing half-way."""
        try:
            self._execute("BEGIN IMMEDIATE")
            yield
            self._execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.rollback()
            raise

    def upsert(
        self,
        records: Iterable["Record"],
        *,
        at: str | None = None,
        whole: "Iterable[Scope]" = (),
    ) -> Counts:
        """What the records changed. Call inside `transaction`; a record said twice counts once.

        Per field a poorer source never overwrites a better one, and of equals the newer day wins.
        `at` is the moment (UTC, ISO 8601) that `changes` will tell; None for the embedded catalog,
        whose rows have no beginning. Rows of the `whole` scopes that are not among the records go.
        """
        by_table: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_table[record.table_name].append(record)
        counts = Counts()
        touched: set[str] = set()
        for table, batch in by_table.items():
            self._upsert_table(table, batch, counts, touched, at)
        self._remove_rest(whole, by_table, counts, touched, at)
        if counts.new or counts.changed or counts.removed:
            self._execute(
                "INSERT INTO state (name, value) VALUES ('generation', '1') "
                "ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
            )
            generation = self.generation()
            self._executemany(
                "INSERT INTO touched (key, generation) VALUES (?, ?) ON CONFLICT (key) "
                "DO UPDATE SET generation = excluded.generation",
                ((key, generation) for key in touched),
            )
        return counts

    def _upsert_table(
        self,
        table: str,
        batch: Sequence["Record"],
        counts: Counts,
        touched: set[str],
        at: str | None,
    ) -> None:
        shape = self._shape(table)
        watched = _WATCHED.get(table)
        stored = self._stored(shape, [record.identity() for record in batch])
        written: dict[tuple[str, ...], Row] = {}
        restated: dict[tuple[str, ...], Row] = {}
        changes: list[tuple[tuple[str, ...], Row, Row]] = []
        for record in batch:
            identity = record.identity()
            row = stored.get(identity)
            if row is None:
                row = dict(record.__dict__)
                if watched:
                    row["added_at"] = at
                stored[identity] = written[identity] = row
                counts.new[table] += 1
                continue
            before = {name: row[name] for name in watched} if watched else None
            outcome = merge(row, record.__dict__, shape.key)
            if outcome == "changed":
                written[identity] = row
                counts.changed[table] += 1
                if before and any(row[name] != was for name, was in before.items()):
                    changes.append((identity, before, row))
            else:
                counts.unchanged[table] += 1
                if outcome == "restated" and identity not in written:
                    restated[identity] = row
        for rows in (restated, written):
            self._executemany(shape.upsert, (shape.encode(row) for row in rows.values()))
        if not written:
            return
        if "aliases" in shape.columns:
            self._store_names(written.values())
        for name in _TOUCHES[table]:
            touched.update(row[name] for row in written.values() if row[name])
        if at is not None:
            for identity, before, row in changes:
                after = {name: row[name] for name in before if row[name] != before[name]}
                was = {name: before[name] for name in after}
                self._note_change(at, table, identity, "changed", was, after)

    def _remove_rest(
        self,
        scopes: "Iterable[Scope]",
        said: Mapping[str, Sequence["Record"]],
        counts: Counts,
        touched: set[str],
        at: str | None,
    ) -> None:
        """Takes the rows of the scopes that their source does not name any more out of the catalog."""
        groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for scope in scopes:
            groups[(scope.table, scope.field, scope.source)].append(scope.key)
        for (table, field_, source), keys in groups.items():
            shape = self._shape(table)
            kept = {record.identity() for record in said.get(table, ())}
            for part in _chunks(keys, 500):
                where = f"{field_} IN ({', '.join('?' * len(part))}) AND source = ?"
                for row in list(self.every(table, where, (*part, source))):
                    identity = tuple(row[name] for name in shape.key)
                    if identity not in kept:
                        self._remove(shape, identity, row, touched, at)
                        counts.removed[table] += 1

    def _remove(
        self, shape: Shape, identity: tuple[str, ...], row: Row, touched: set[str], at: str | None
    ) -> None:
        marks = " AND ".join(f"{name} = ?" for name in shape.key)
        self._execute(f"DELETE FROM {shape.table} WHERE {marks}", identity)
        touched.update(row[name] for name in _TOUCHES[shape.table] if row[name])
        if at is not None and shape.table in _WATCHED:
            known = {name: value for name, value in row.items() if value not in (None, [], {})}
            self._note_change(at, shape.table, identity, "removed", known, {})

    def _note_change(
        self, at: str, table: str, identity: Sequence[str], what: str, before: Row, after: Row
    ) -> None:
        self._execute(
            'INSERT INTO change (at, "table", key, what, before, after) VALUES (?, ?, ?, ?, ?, ?)',
            (at, table, " ".join(identity), what, encode(before), encode(after)),
        )

    def _store_names(self, rows: Iterable[Row]) -> None:
        pairs = (
            (folded, row["key"])
            for row in rows
            for folded in {fold(name) for name in names_of(row)}
            | {fold(row["key"].partition(":")[2])}
        )
        self._executemany(
            "INSERT INTO name (folded, key) VALUES (?, ?) ON CONFLICT DO NOTHING", pairs
        )

    def _stored(
        self, shape: Shape, identities: list[tuple[str, ...]]
    ) -> dict[tuple[str, ...], Row]:
        """The stored rows of these identities, decoded."""
        wanted = set(identities)
        first = sorted({identity[0] for identity in wanted})
        rows: dict[tuple[str, ...], Row] = {}
        for values in _chunks(first, 500):
            marks = ", ".join("?" * len(values))
            sql = f"SELECT {shape.listed} FROM {shape.table} WHERE {shape.key[0]} IN ({marks})"
            for raw in self._fetch(sql, values):
                row = shape.decode(raw)
                identity = tuple(row[name] for name in shape.key)
                if identity in wanted:
                    rows[identity] = row
        return rows

    # -- reading -----------------------------------------------------------------------------

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """The rows of a SELECT as dicts, JSON columns undecoded. For this package's modules only."""
        cursor = self._execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, raw, strict=True)) for raw in self._drain(cursor)]

    def stream(self, sql: str, values: Values = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT as plain tuples, one at a time."""
        return self._fetch(sql, values)

    def scalar(self, sql: str, values: Values = ()) -> Any:
        """The first column of the first row; None when there is no row."""
        row = next(self._fetch(sql, values), None)
        return None if row is None else row[0]

    def generation(self) -> int:
        """Grows with every committed write that changed something."""
        return int(self.scalar("SELECT value FROM state WHERE name = 'generation'") or 0)

    def get(self, table: str, key: str) -> Row | None:
        """One whole row, JSON decoded; None when the key is not there."""
        shape = self._shape(table)
        sql = f"SELECT {shape.listed} FROM {table} WHERE {shape.key[0]} = ?"
        raw = next(self._fetch(sql, (key,)), None)
        return None if raw is None else shape.decode(raw)

    def many(self, table: str, keys: Sequence[str], columns: str) -> dict[str, Row]:
        """The named columns of the rows with these keys, by key."""
        found: dict[str, Row] = {}
        for values in _chunks(list(keys), 500):
            marks = ", ".join("?" * len(values))
            sql = f"SELECT key, {columns} FROM {table} WHERE key IN ({marks})"
            for row in self.rows(sql, values):
                found[row["key"]] = row
        return found

    def every(self, table: str, where: str = "1 = 1", values: Sequence[Any] = ()) -> Iterator[Row]:
        """Every row of a table in key order, JSON decoded, one at a time."""
        shape = self._shape(table)
        order = ", ".join(shape.key)
        sql = f"SELECT {shape.listed} FROM {table} WHERE {where} ORDER BY {order}"
        for raw in self._fetch(sql, values):
            yield shape.decode(raw)

    def sources(self) -> list[Row]:
        """Per source and licence: rows, oldest and newest day. Summed up once per write."""
        known = self.scalar("SELECT value FROM state WHERE name = 'sources'")
        if known is not None:
            kept = json.loads(known)
            if kept["generation"] == self.generation():
                return list(kept["sources"])
        return self._sum_sources()

    def forget_touched(self) -> None:
        """The index was built whole: nothing has to be read again for it."""
        self._execute("DELETE FROM touched WHERE generation <= ?", (self.generation(),))

    def keep_sources(self) -> None:
        """Writes down what `sources` says, so that reading it costs nothing."""
        kept = {"generation": self.generation(), "sources": self._sum_sources()}
        self._execute(
            "INSERT INTO state (name, value) VALUES ('sources', ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (json.dumps(kept),),
        )

    def _sum_sources(self) -> list[Row]:
        parts = [
            "SELECT source, licence, COUNT(*) AS n, MIN(retrieved_at) AS a, MAX(retrieved_at) AS b "
            f"FROM {table} GROUP BY source, licence"
            for table in SAID
        ]
        return self.rows(
            "SELECT source, licence, SUM(n) AS rows, MIN(a) AS oldest, MAX(b) AS newest FROM ("
            + " UNION ALL ".join(parts)
            + ") GROUP BY source, licence ORDER BY source, licence"
        )

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file; empty when it is sound."""
        found = [str(row[0]) for row in self._fetch("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def write(self, sql: str, values: Values = ()) -> int:
        """Carries out a statement; returns the id of the row it made. For this package's modules only."""
        return int(self._execute(sql, values).lastrowid or 0)

    # -- one door to the connection ----------------------------------------------------------

    def _shape(self, table: str) -> Shape:
        if table not in self._shapes:
            self._shapes[table] = Shape.read(self._db, table)
        return self._shapes[table]

    def _execute(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error

    def _fetch(self, sql: str, values: Values = ()) -> Iterator[tuple[Any, ...]]:
        return self._drain(self._execute(sql, values))

    def _drain(self, cursor: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
        """The rows one by one: SQLite meets a damaged page while it reads, not when it is asked."""
        try:
            # No `yield from`: it would close the cursor of a connection that is closed already.
            for raw in cursor:  # noqa: UP028
                yield raw
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error

    def _executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        try:
            self._db.executemany(sql, rows)
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error


def _chunks(values: list[str], size: int) -> Iterator[list[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))
