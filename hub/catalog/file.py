"""The file itself: connect to it, tell its revision, bring it to the newest, say what is wrong."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from hub.errors import Damaged, HubError

HEAD: Final = "0002"
"""The revision this code reads and writes; the last one in hub/migrations/catalog."""
KNOWN: Final = ("0001", "0002")
"""Every revision that `migrate` can bring to HEAD; anything else is newer than this program."""

SERIALIZED: Final = 3
"""SQLite's threading mode (PEP 249) in which threads may share a connection; we share those that read."""


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """A connection to a SQLite file that waits 10 s for a lock; Damaged if it cannot be read."""
    if not path.is_file():
        raise Damaged(f"{path} does not exist", hint="Run `hub status` to prepare the catalog.")
    mode = "rw" if write else "ro"
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=10,
            isolation_level=None,
            check_same_thread=write or sqlite3.threadsafety < SERIALIZED,
        )
        db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        if write or os.access(path.parent, os.W_OK):
            raise damaged(path, error) from error
        # WAL needs a -shm file beside the database; in a folder that nobody can write to, nothing
        # changes either, which is what `immutable` promises.
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?immutable=1",
            uri=True,
            isolation_level=None,
            check_same_thread=sqlite3.threadsafety < SERIALIZED,
        )
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
    return db


def begin_writing(db: sqlite3.Connection) -> None:
    """WAL, so that readers go on while we write. Only for a file that is known to be ours."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")


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


def pack(path: Path) -> None:
    """Makes a written catalog one small file that can be copied: no WAL, no gaps, its tables counted."""
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("VACUUM")
        db.execute("ANALYZE")
    db.close()
