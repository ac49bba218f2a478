"""Schema history of catalog.db and library.db: one alembic tree each."""

import sqlite3
from pathlib import Path

from hub.errors import HubError


def upgrade(path: Path, tree: str, head: str) -> None:
    """Brings the SQLite file at `path` to `head` of the tree `catalog` or `library`.

    An existing file is copied first (`NAME.before-HEAD`), and each step is one transaction, so a
    killed upgrade leaves the old schema or the new one.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    if path.exists() and path.stat().st_size > 0:
        _back_up(path, path.with_name(f"{path.name}.before-{head}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _own_transactions(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / tree).replace("%", "%%"))
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, head)
    except DBAPIError as error:
        raise HubError(
            f"cannot write {path}: {error.orig}",
            hint="Free some space, or set HUB_HOME to a folder of your own.",
        ) from error
    finally:
        engine.dispose()


def _back_up(path: Path, copy: Path) -> None:
    if copy.exists():
        return
    partial = copy.with_name(f"{copy.name}.partial")
    partial.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        db.execute("VACUUM INTO ?", (str(partial),))
    partial.replace(copy)
