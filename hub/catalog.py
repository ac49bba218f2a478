"""catalog.db: open, migrate, upsert, read. The only SQL about what sources say.

Plain SQL over sqlite3: the query path must not pay for an ORM's import. The tables are declared in
hub.tables and created by the migrations; this module learns their columns from the file.
"""

import json
import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from hub.errors import Damaged, HubError

if TYPE_CHECKING:
    from crawlers.records import Record

HEAD: Final = "0001"
"""The revision this code reads and writes; the last one in hub/migrations/catalog."""
KNOWN: Final = ("0001",)
"""Every revision that `migrate` can bring to HEAD; anything else is newer than this program."""

RANKS: Final = {"curated": 100, "arxiv": 80, "github": 70, "pwc": 60, "hf": 50, "import": 40}
"""Whose word counts more, by the first part of the source's name: arXiv itself before Papers with
Code before others. Ours comes first, because its rows are checked by hand."""

UNITED: Final = frozenset({"aliases", "tasks", "areas", "methods", "collections", "parents"})
"""Lists to which each source adds; any other field has one holder."""

_SAID: Final = (
    "paper", "repository", "repository_snapshot", "dataset", "framework", "task", "task_node",
    "method", "board", "result", "link", "alias",
)  # fmt: skip
"""The tables that hold what sources say."""

Row = dict[str, Any]


@dataclass
class Counts:
    """How many records a write brought in, per table."""

    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        self.new.update(other.new)
        self.changed.update(other.changed)
        self.unchanged.update(other.unchanged)


def rank(source: str) -> int:
    """How much a source's word counts; higher wins, unknown sources come last."""
    return RANKS.get(source.partition("_")[0], 0)


def fold(name: str) -> str:
    """A name as names are compared: letters and digits only, lower case, no accents."""
    from crawlers.keys import slug

    return slug(name).replace("-", "")


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
        if not write:
            migrate(path)
            return cls.open(path)
        raise HubError(f"{path} is at revision {found}", hint="Run `hub doctor --fix`.")

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
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.rollback()
            raise
        self._execute("COMMIT")

    def upsert(self, records: Iterable["Record"]) -> Counts:
        """What the records changed. Call inside `transaction`; a record said twice counts once.

        Per field a poorer source never overwrites a better one, and of equals the newer day wins.
        """
        by_table: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_table[record.table_name].append(record)
        counts = Counts()
        for table, batch in by_table.items():
            self._upsert_table(table, batch, counts)
        if counts.new or counts.changed:
            self._execute(
                "INSERT INTO state (name, value) VALUES ('generation', '1') "
                "ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
            )
        return counts

    def _upsert_table(self, table: str, batch: Sequence["Record"], counts: Counts) -> None:
        shape = self._shape(table)
        stored = self._stored(shape, [record.identity() for record in batch])
        touched: dict[tuple[str, ...], Row] = {}
        for record in batch:
            identity = record.identity()
            row = stored.get(identity)
            if row is None:
                stored[identity] = touched[identity] = dict(record.__dict__)
                counts.new[table] += 1
            elif merge(row, record.__dict__, shape.key):
                touched[identity] = row
                counts.changed[table] += 1
            else:
                counts.unchanged[table] += 1
        if not touched:
            return
        self._executemany(shape.upsert, (shape.encode(row) for row in touched.values()))
        if "aliases" in shape.columns:
            self._store_names(touched.values())

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
        self, shape: "Shape", identities: list[tuple[str, ...]]
    ) -> dict[tuple[str, ...], Row]:
        """The stored rows of these identities, decoded."""
        wanted = set(identities)
        first = sorted({identity[0] for identity in wanted})
        rows: dict[tuple[str, ...], Row] = {}
        for values in _chunks(first, 500):
            marks = ", ".join("?" * len(values))
            sql = f"SELECT {shape.listed} FROM {shape.table} WHERE {shape.key[0]} IN ({marks})"
            for raw in self._execute(sql, values):
                row = shape.decode(raw)
                identity = tuple(row[name] for name in shape.key)
                if identity in wanted:
                    rows[identity] = row
        return rows

    # -- the ledger --------------------------------------------------------------------------

    def harvest_begin(self, source: str, address: str, started_at: str, retrieved_at: str) -> int:
        """A new row of the ledger, in state `running`; returns its id."""
        cursor = self._execute(
            "INSERT INTO harvest (source, address, started_at, state, retrieved_at, new, changed, "
            "unchanged, skipped) VALUES (?, ?, ?, 'running', ?, 0, 0, 0, '{}')",
            (source, address, started_at, retrieved_at),
        )
        return int(cursor.lastrowid or 0)

    def harvest_note(
        self,
        harvest: int,
        *,
        state: str,
        counts: Counts,
        skipped: Counter[str],
        position: str | None = None,
        finished_at: str | None = None,
        note: str | None = None,
    ) -> None:
        """What the harvest brought so far; written in the transaction of the page it counts."""
        self._execute(
            "UPDATE harvest SET state = ?, new = ?, changed = ?, unchanged = ?, skipped = ?, "
            "position = ?, finished_at = ?, note = ? WHERE id = ?",
            (
                state,
                counts.new.total(),
                counts.changed.total(),
                counts.unchanged.total(),
                json.dumps(skipped, ensure_ascii=False),
                position,
                finished_at,
                note,
                harvest,
            ),
        )

    def harvests(self, limit: int = 20) -> list[Row]:
        """The latest rows of the ledger, newest first."""
        return [
            {**row, "skipped": json.loads(row["skipped"])}
            for row in self.rows("SELECT * FROM harvest ORDER BY id DESC LIMIT ?", (limit,))
        ]

    def end_dead_harvests(self) -> None:
        """Marks harvests that a killed process left as running. Call while holding the write lock."""
        self._execute("UPDATE harvest SET state = 'interrupted' WHERE state = 'running'")

    # -- reading -----------------------------------------------------------------------------

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a SELECT as dicts, JSON columns undecoded. For this package's modules only."""
        cursor = self._execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, raw, strict=True)) for raw in cursor]

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT as plain tuples, one at a time."""
        yield from self._execute(sql, values)

    def scalar(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None when there is no row."""
        row = self._execute(sql, values).fetchone()
        return None if row is None else row[0]

    def generation(self) -> int:
        """Grows with every committed write that changed something."""
        return int(self.scalar("SELECT value FROM state WHERE name = 'generation'") or 0)

    def get(self, table: str, key: str) -> Row | None:
        """One whole row, JSON decoded; None when the key is not there."""
        shape = self._shape(table)
        sql = f"SELECT {shape.listed} FROM {table} WHERE {shape.key[0]} = ?"
        raw = self._execute(sql, (key,)).fetchone()
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
        for raw in self._execute(sql, values):
            yield shape.decode(raw)

    def sources(self) -> list[Row]:
        """Per source and licence: rows, oldest and newest day. Summed up once per write."""
        known = self.scalar("SELECT value FROM state WHERE name = 'sources'")
        if known is not None:
            kept = json.loads(known)
            if kept["generation"] == self.generation():
                return list(kept["sources"])
        return self._sum_sources()

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
            for table in _SAID
        ]
        return self.rows(
            "SELECT source, licence, SUM(n) AS rows, MIN(a) AS oldest, MAX(b) AS newest FROM ("
            + " UNION ALL ".join(parts)
            + ") GROUP BY source, licence ORDER BY source, licence"
        )

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file; empty when it is sound."""
        found = [str(row[0]) for row in self._execute("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    # -- one door to the connection ----------------------------------------------------------

    def _shape(self, table: str) -> "Shape":
        if table not in self._shapes:
            self._shapes[table] = Shape.read(self._db, table)
        return self._shapes[table]

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error

    def _executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        try:
            self._db.executemany(sql, rows)
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error


@dataclass(frozen=True)
class Shape:
    """The columns of one table as the file declares them."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    json: frozenset[str]
    boolean: frozenset[str]

    @classmethod
    def read(cls, db: sqlite3.Connection, table: str) -> Self:
        info = db.execute(f"PRAGMA table_info({table})").fetchall()
        keys = sorted((row[5], row[1]) for row in info if row[5])
        return cls(
            table=table,
            columns=tuple(row[1] for row in info),
            key=tuple(name for _, name in keys),
            json=frozenset(row[1] for row in info if row[2] == "JSON"),
            boolean=frozenset(row[1] for row in info if row[2] == "BOOLEAN"),
        )

    @property
    def listed(self) -> str:
        return ", ".join(self.columns)

    @property
    def upsert(self) -> str:
        marks = ", ".join("?" * len(self.columns))
        sets = ", ".join(
            f"{name} = excluded.{name}" for name in self.columns if name not in self.key
        )
        return (
            f"INSERT INTO {self.table} ({self.listed}) VALUES ({marks}) "
            f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {sets}"
        )

    def encode(self, row: Row) -> list[Any]:
        return [_dumps(row[name]) if name in self.json else row[name] for name in self.columns]

    def decode(self, raw: Sequence[Any]) -> Row:
        row = dict(zip(self.columns, raw, strict=True))
        for name in self.json:
            row[name] = json.loads(row[name])
        for name in self.boolean:
            if row[name] is not None:
                row[name] = bool(row[name])
        return row


def merge(row: Row, said: Row, key: Sequence[str]) -> bool:
    """Puts into `row` what a record says better, field by field; True when anything changed."""
    own, new = _provenance(row), _provenance(said)
    old_givers, new_givers = row["field_sources"], said["field_sources"]
    values: Row = {}
    givers: dict[str, list[Any]] = {}
    for name, value in said.items():
        if name in _PROVENANCE or name in key:
            continue
        old = row[name]
        giver, other = old_givers.get(name, own), new_givers.get(name, new)
        if not _empty(value):
            wins = _empty(old) or _weight(other) >= _weight(giver)
            if old != value and (name == "extra" or name in UNITED):
                value = _united(old, value, wins)
            if old != value and (wins or name in UNITED or name == "extra"):
                values[name] = value
            giver = other if wins else giver
        if not (_empty(old) and _empty(value)):
            givers[name] = giver
    if all(row[name] == value for name, value in values.items()):
        values = {}
    better = rank(new[0]) > rank(own[0])
    if not values and not better:
        return False
    leads = better or (new[0] == own[0] and new[1] >= own[1])
    leader = new if leads else own
    row.update(values)
    row.update(zip(("source", "retrieved_at", "licence", "source_url"), leader, strict=True))
    row["field_sources"] = {name: giver for name, giver in givers.items() if giver != leader}
    return True


_PROVENANCE: Final = frozenset({"source", "source_url", "retrieved_at", "licence", "field_sources"})


def _provenance(row: Row) -> list[Any]:
    return [row["source"], row["retrieved_at"], row["licence"], row["source_url"]]


def _weight(giver: Sequence[Any]) -> tuple[int, str]:
    return rank(giver[0]), giver[1]


def _empty(value: Any) -> bool:
    return value is None or value == [] or value == {}


def _united(old: Any, value: Any, better: bool) -> Any:
    if isinstance(value, dict):
        return {**(old or {}), **value} if better else {**value, **(old or {})}
    return [*old, *(entry for entry in value if entry not in old)]


def names_of(row: Row) -> list[str]:
    """Every spelling of a named row: name, full name, Chinese name, aliases."""
    spelled = [row.get("name"), row.get("full_name"), row.get("name_zh"), *row.get("aliases", ())]
    return [name for name in spelled if name]


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """A connection to a SQLite file, in WAL mode, that waits 10 s for a lock; Damaged if it cannot be."""
    if not path.is_file():
        raise Damaged(f"{path} does not exist", hint="Run `hub status` to prepare the catalog.")
    mode = "rw" if write else "ro"
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None
        )
        _prepare(db, write)
    except sqlite3.OperationalError as error:
        if write or os.access(path.parent, os.W_OK):
            raise damaged(path, error) from error
        # WAL needs a -shm file beside the database; in a folder that nobody can write to, nothing
        # changes either, which is what `immutable` promises.
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None
        )
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
    return db


def _prepare(db: sqlite3.Connection, write: bool) -> None:
    if write:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
    db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()


def revision(db: sqlite3.Connection) -> str | None:
    """The alembic revision of an open file; None when it has none."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    if found is None:
        return None
    row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def damaged(path: Path, error: sqlite3.Error) -> HubError:
    """SQLite's error as ours: a full disk and a lock are no damage."""
    text = str(error)
    if "full" in text:
        return HubError(
            f"no room left to write {path}", hint="Free some space and run the command again."
        )
    if "locked" in text:
        return HubError(f"{path} is locked by another program", hint="Try again in a moment.")
    if "readonly" in text or "read-only" in text:
        return HubError(
            f"{path} cannot be written: the file or its folder is read-only",
            hint="Set HUB_HOME to a folder of your own.",
        )
    if "disk I/O" in text:
        return HubError(f"the disk failed while using {path}: {text}", hint="Check space and disk.")
    return Damaged(
        f"{path} is damaged or no catalog: {text}",
        hint="Move it away (your library.db stays); the next start prepares the embedded catalog.",
    )


def create(path: Path) -> None:
    """A new, empty catalog at `path`."""
    migrate(path)


def migrate(path: Path) -> None:
    """Brings the file to HEAD, after a copy of an older one to `NAME.before-HEAD` beside it."""
    from hub.migrations import upgrade

    upgrade(path, "catalog", HEAD)


def _chunks(values: list[str], size: int) -> Iterator[list[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _dumps(value: Any) -> str:
    return _encode(value) if value else str(value)
