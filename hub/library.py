"""library.db: what is the user's own. No import, crawl, migration or rebuild of the catalog touches it."""

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from crawlers.clean import clean, clean_lines
from hub.catalog import damaged, revision
from hub.errors import Damaged, HubError, NotFound, UsageError

if TYPE_CHECKING:
    from crawlers.records import LibraryRecord

HEAD: Final = "0001"
KNOWN: Final = ("0001",)
READING: Final = ("to-read", "reading", "read")
MAX_TAG: Final = 60
"""Characters of one tag; what crawlers.records.LibraryRecord accepts (a test holds them equal)."""
MAX_NOTE: Final = 100_000
"""Characters of one note."""

TICK: Final = timedelta(milliseconds=1)
"""The smallest step between two moments of a library."""
SET_BACK: Final = timedelta(minutes=1)
"""A moment further ahead than this was written while the clock was wrong; it does not count."""
_migrating: Final = threading.Lock()
"""Alembic keeps what it is about in a global: one migration at a time in a process."""


@dataclass(frozen=True)
class Note:
    id: str
    text: str
    added_at: str
    changed_at: str


@dataclass(frozen=True)
class Kept:
    """Everything the user says about one key."""

    key: str
    favourite: bool
    reading: str | None
    tags: tuple[str, ...]
    notes: tuple[Note, ...]
    added_at: str
    changed_at: str


class Library:
    """An open library.db. Every change is one transaction, on disk when the call returns."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> Self:
        """The library at `path`; made on the first write. Damaged when it cannot be read."""
        if not path.exists():
            if not write:
                return cls(_empty(), path)
            migrate(path)
        address = f"{path.absolute().as_uri()}?mode={'rw' if write else 'ro'}"
        try:
            db = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)
            # Looked at before anything is set: a file that is not ours is left as it is.
            found = revision(db)
            if found == HEAD and write:
                db.execute("PRAGMA journal_mode = WAL")
                # What the user typed must survive a power cut, not only a killed process.
                db.execute("PRAGMA synchronous = FULL")
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from error
        if found == HEAD:
            return cls(db, path)
        db.close()
        if found not in KNOWN:
            raise Damaged(
                f"{path} was written by a newer version of the hub, or is no library of it",
                hint="Upgrade: pip install --upgrade deep-learning-hub. The file is left as it is.",
            )
        migrate(path)
        return cls.open(path, write=write)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- runs --------------------------------------------------------------------------------

    def keep_run(self, record: dict[str, Any], *, state: str = "done") -> bool:
        """Keeps a number that was measured, here (`done`) or by somebody else (`imported`); False when
        it is there already."""
        with self._transaction():
            done = self._db.execute(
                "INSERT INTO run (id, baseline, started_at, state, record) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO NOTHING",
                (
                    record["id"],
                    record["baseline"],
                    record["started_at"],
                    state,
                    json.dumps(record, ensure_ascii=False),
                ),
            )
        return done.rowcount > 0

    def runs(self, baseline: str | None = None) -> list[dict[str, Any]]:
        """Every run that was kept, newest first, or those of one baseline; each says by `imported`
        whether somebody else measured it."""
        where, values = ("WHERE baseline = ?", (baseline,)) if baseline else ("", ())
        rows = self._db.execute(
            f"SELECT record, state FROM run {where} ORDER BY started_at DESC", values
        )
        return [{**json.loads(text), "imported": state == "imported"} for text, state in rows]

    # -- writing -----------------------------------------------------------------------------

    def keep(
        self,
        key: str,
        *,
        favourite: bool | None = None,
        reading: str | None = None,
        tags: Sequence[str] = (),
        note: str | None = None,
    ) -> Kept:
        """Adds to what is kept about a key; None leaves as it is."""
        if reading is not None and reading not in READING:
            raise UsageError(
                f"{reading!r} is no reading state", hint=f"One of: {', '.join(READING)}"
            )
        text = _note_text(note) if note is not None else None
        with self._transaction():
            now = self._moment()
            self._db.execute(
                "INSERT INTO library_entry (key, favourite, reading, added_at, changed_at) "
                "VALUES (?, 0, NULL, ?, ?) ON CONFLICT (key) DO UPDATE SET changed_at = excluded.changed_at",
                (key, now, now),
            )
            if favourite is not None:
                self._db.execute(
                    "UPDATE library_entry SET favourite = ? WHERE key = ?", (favourite, key)
                )
            if reading is not None:
                self._db.execute(
                    "UPDATE library_entry SET reading = ? WHERE key = ?", (reading, key)
                )
            for tag in map(tag_of, tags):
                self._db.execute(
                    "INSERT INTO library_tag (key, tag) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (key, tag),
                )
            if text is not None:
                self._db.execute(
                    "INSERT INTO library_note (id, key, text, added_at, changed_at) VALUES (?, ?, ?, ?, ?)",
                    (secrets.token_hex(8), key, text, now, now),
                )
        return self.get(key)

    def remove(self, key: str) -> Kept:
        """Forgets a key and all that is kept about it; what it was is returned."""
        kept = self.get(key)
        with self._transaction():
            for table in ("library_note", "library_tag", "library_entry"):
                self._db.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
        return kept

    def untag(self, key: str, tag: str) -> Kept:
        self.get(key)
        with self._transaction():
            self._db.execute(
                "DELETE FROM library_tag WHERE key = ? AND tag = ?", (key, tag_of(tag))
            )
            self._changed(key)
        return self.get(key)

    def unread(self, key: str) -> Kept:
        """Takes the reading state away."""
        self.get(key)
        with self._transaction():
            self._db.execute(
                "UPDATE library_entry SET reading = NULL, changed_at = ? WHERE key = ?",
                (self._moment(), key),
            )
        return self.get(key)

    def forget_if_empty(self, key: str) -> Kept | None:
        """What is kept about a key; once nothing is, neither star, state, tag nor note, its row goes."""
        kept = self._get(key)
        if kept is None or kept.favourite or kept.reading or kept.tags or kept.notes:
            return kept
        self.remove(key)
        return None

    def rewrite_note(self, note: str, text: str) -> str:
        """Gives a note another text; returns the key it belongs to."""
        cleaned = _note_text(text)
        with self._transaction():
            now = self._moment()
            row = self._db.execute("SELECT key FROM library_note WHERE id = ?", (note,)).fetchone()
            if row is None:
                raise NotFound(f"no note {note}", hint="hub library show KEY lists the ids.")
            self._db.execute(
                "UPDATE library_note SET text = ?, changed_at = ? WHERE id = ?",
                (cleaned, now, note),
            )
            self._db.execute("UPDATE library_entry SET changed_at = ? WHERE key = ?", (now, row[0]))
        return str(row[0])

    def drop_note(self, note: str) -> str:
        """Removes a note by its id; returns the key it belonged to."""
        row = self._db.execute("SELECT key FROM library_note WHERE id = ?", (note,)).fetchone()
        if row is None:
            raise NotFound(f"no note {note}", hint="hub library show KEY lists the ids.")
        with self._transaction():
            self._db.execute("DELETE FROM library_note WHERE id = ?", (note,))
            self._changed(row[0])
        return str(row[0])

    def restore(self, said: "LibraryRecord") -> Literal["new", "changed", "unchanged"]:
        """Puts back one line of an export; of two states of one thing the newer stays."""
        before = self._get(said.key)
        with self._transaction():
            self._db.execute(
                "INSERT INTO library_entry (key, favourite, reading, added_at, changed_at) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET favourite = excluded.favourite, "
                "reading = excluded.reading, changed_at = excluded.changed_at "
                "WHERE excluded.changed_at > library_entry.changed_at",
                (said.key, said.favourite, said.reading, said.added_at, said.changed_at),
            )
            for tag in said.tags:
                self._db.execute(
                    "INSERT INTO library_tag (key, tag) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (said.key, tag_of(tag)),
                )
            for note in said.notes:
                self._db.execute(
                    "INSERT INTO library_note (id, key, text, added_at, changed_at) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (id) DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at "
                    "WHERE excluded.changed_at > library_note.changed_at",
                    (note.id, said.key, note.text, note.added_at, note.changed_at),
                )
        if before is None:
            return "new"
        return "unchanged" if self._get(said.key) == before else "changed"

    # -- reading -----------------------------------------------------------------------------

    def get(self, key: str) -> Kept:
        """What is kept about a key; NotFound when nothing is."""
        kept = self._get(key)
        if kept is None:
            raise NotFound(f"{key} is not in your library", hint=f"hub library add {key}")
        return kept

    def all(
        self, *, tag: str | None = None, reading: str | None = None, favourite: bool | None = None
    ) -> list[Kept]:
        """Everything kept, what was changed last first."""
        rows = self._db.execute(
            "SELECT key, favourite, reading, added_at, changed_at FROM library_entry "
            "ORDER BY changed_at DESC, key"
        ).fetchall()
        tags: dict[str, list[str]] = {}
        for key, name in self._db.execute("SELECT key, tag FROM library_tag ORDER BY tag"):
            tags.setdefault(key, []).append(name)
        notes: dict[str, list[Note]] = {}
        for key, *note in self._db.execute(
            "SELECT key, id, text, added_at, changed_at FROM library_note ORDER BY added_at, id"
        ):
            notes.setdefault(key, []).append(Note(*note))
        kept = [
            Kept(
                key,
                bool(starred),
                state,
                tuple(tags.get(key, ())),
                tuple(notes.get(key, ())),
                added,
                changed,
            )
            for key, starred, state, added, changed in rows
        ]
        return [
            one
            for one in kept
            if (tag is None or tag_of(tag) in one.tags)
            and (reading is None or one.reading == reading)
            and (favourite is None or one.favourite == favourite)
        ]

    def tags(self) -> list[tuple[str, int]]:
        """Every tag with the number of keys that carry it."""
        return self._db.execute(
            "SELECT tag, COUNT(*) FROM library_tag GROUP BY tag ORDER BY COUNT(*) DESC, tag"
        ).fetchall()

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file; empty when it is sound."""
        found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def _get(self, key: str) -> Kept | None:
        return next((kept for kept in self.all() if kept.key == key), None)

    def _changed(self, key: str) -> None:
        self._db.execute(
            "UPDATE library_entry SET changed_at = ? WHERE key = ?", (self._moment(), key)
        )

    def _moment(self) -> str:
        """Now, and after every change before it: two changes within one tick of the clock, or while it
        was set back a little, keep their order. Call inside a transaction."""
        now = datetime.now(UTC)
        now -= timedelta(microseconds=now.microsecond % 1000)
        (latest,) = self._db.execute("SELECT MAX(changed_at) FROM library_entry").fetchone()
        try:
            after = datetime.fromisoformat(latest) + TICK
            moment = after if now < after <= now + SET_BACK else now
        except (TypeError, ValueError):  # nothing is kept yet, or an import said it in another way
            moment = now
        return moment.isoformat(timespec="milliseconds")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._db.in_transaction:
                self._db.rollback()
            raise _damaged(self.path, error) from error
        except BaseException:
            if self._db.in_transaction:
                self._db.rollback()
            raise


def as_line(kept: Kept) -> dict[str, Any]:
    """One line of an export."""
    return {
        "table": "library",
        "key": kept.key,
        "favourite": kept.favourite,
        "reading": kept.reading,
        "tags": list(kept.tags),
        "notes": [asdict(note) for note in kept.notes],
        "added_at": kept.added_at,
        "changed_at": kept.changed_at,
    }


def _note_text(text: str) -> str:
    """A note as it is kept. UsageError when nothing is left of it, or too much."""
    cleaned = clean_lines(text)
    if not cleaned or len(cleaned) > MAX_NOTE:
        raise UsageError(f"a note has 1 to {MAX_NOTE:,} characters")
    return cleaned


def tag_of(text: str) -> str:
    """A tag as it is kept: cleaned, lower case, blanks as hyphens. UsageError when nothing is left."""
    tag = clean(text).lower().replace(" ", "-").strip("-")
    if not tag or len(tag) > MAX_TAG or "," in tag:
        raise UsageError(f"{text!r} is no tag", hint="A tag is a word of up to 60 characters.")
    return tag


def migrate(path: Path) -> None:
    """Brings the file to HEAD. A new one appears under its name whole: who reads at that moment finds
    none or a finished one."""
    from hub.migrations import upgrade

    try:
        with _migrating:
            if path.exists():
                upgrade(path, "library", HEAD)
                return
            made = path.with_name(f"{path.name}.new-{os.getpid()}")
            try:
                upgrade(made, "library", HEAD)
                _take_place(made, path)
            finally:
                made.unlink(missing_ok=True)
    except OSError as error:
        raise HubError(
            f"cannot make {path}: {error.strerror or error}",
            hint="Set HUB_HOME to a folder of your own.",
        ) from error


def _take_place(made: Path, path: Path) -> None:
    """Gives a new file its name, unless somebody else was first: then theirs stays."""
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            made.rename(path)


def _empty() -> sqlite3.Connection:
    """A library without anything in it, for reading before the first write."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(
        "CREATE TABLE library_entry (key, favourite, reading, added_at, changed_at);"
        "CREATE TABLE library_tag (key, tag);"
        "CREATE TABLE library_note (id, key, text, added_at, changed_at);"
        "CREATE TABLE run (id, baseline, started_at, state, record);"
    )
    return db


def _damaged(path: Path, error: sqlite3.Error) -> HubError:
    found = damaged(path, error)
    if isinstance(found, Damaged):
        found.hint = (
            "It holds your own notes: copy it before anything else, then try sqlite3's .recover."
        )
    return found
