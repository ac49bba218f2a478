"""The schema: what the code declares is what the migrations make, and the user's own is never touched."""

import importlib
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine

import hub.migrations
from hub import catalog, library
from hub.errors import Damaged, HubError
from hub.library import Library
from hub.paths import Paths
from hub.tables import CATALOG, LIBRARY
from tests.hubtest import arxiv_file, empty_catalog, home_with, paper, run

TREES = {"catalog": (catalog, CATALOG), "library": (library, LIBRARY)}


@pytest.mark.parametrize("tree", TREES)
def test_the_migrated_file_has_the_declared_tables_and_nothing_else(
    tmp_path: Path, tree: str
) -> None:
    module, declared = TREES[tree]
    path = tmp_path / f"{tree}.db"
    module.migrate(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert isinstance(declared, MetaData)
        assert compare_metadata(context, declared) == []
    engine.dispose()


@pytest.mark.parametrize("tree", TREES)
def test_the_head_in_the_code_is_the_last_version_file(tree: str) -> None:
    module, _ = TREES[tree]
    folder = Path(hub.migrations.__file__).parent / tree / "versions"
    versions = [
        importlib.import_module(f"hub.migrations.{tree}.versions.{path.stem}")
        for path in sorted(folder.glob("v*.py"))
    ]
    revisions = [version.revision for version in versions]
    assert revisions[-1] == module.HEAD
    assert tuple(revisions) == module.KNOWN
    assert [version.down_revision for version in versions] == [None, *revisions[:-1]], "one line"


@pytest.mark.parametrize("tree", TREES)
def test_migrating_again_changes_nothing_and_keeps_the_first_copy(
    tmp_path: Path, tree: str
) -> None:
    module, _ = TREES[tree]
    path = tmp_path / f"{tree}.db"
    module.migrate(path)
    with sqlite3.connect(path) as db:
        before = list(db.iterdump())
    db.close()
    module.migrate(path)
    with sqlite3.connect(path) as db:
        assert list(db.iterdump()) == before
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    assert not list(tmp_path.glob("*.partial*"))


def test_a_catalog_without_a_revision_is_refused(tmp_path: Path) -> None:
    path = empty_catalog(tmp_path / "catalog.db")
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE alembic_version")
    db.close()
    with pytest.raises(Damaged):
        catalog.Catalog.open(path)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE alembic_version (version_num TEXT)")
    db.close()
    with pytest.raises(Damaged):
        catalog.Catalog.open(path)


def test_a_migration_that_fails_half_way_leaves_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.db"
    with sqlite3.connect(path) as db:  # a table stands in the way of the migration's second step
        db.execute("CREATE TABLE library_note (mine TEXT)")
        db.execute("INSERT INTO library_note VALUES ('kept')")
    db.close()
    with pytest.raises(Exception, match="already exists"):
        library.migrate(path)
    with sqlite3.connect(path) as db:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        assert db.execute("SELECT mine FROM library_note").fetchall() == [("kept",)]
    db.close()
    assert tables <= {"library_note", "alembic_version"}


def dump(path: Path) -> list[str]:
    db = sqlite3.connect(path)
    try:
        return list(db.iterdump())
    finally:
        db.close()


def test_the_library_is_equal_after_import_rebuild_and_migration_of_the_catalog(
    tmp_path: Path,
) -> None:
    home = home_with(tmp_path / "home", paper(), index=False)
    places = Paths(home)
    with Library.open(places.library, write=True) as own:
        own.keep(
            "arxiv:2401.00001", favourite=True, reading="read", tags=["a"], note="笔记 \n two lines"
        )
        own.keep("dataset:gone", note="the catalog never held it")
    before, content = places.library.read_bytes(), dump(places.library)
    assert run("import", "--no-index", arxiv_file(tmp_path / "a.jsonl", 20), home=home).code == 0
    assert places.library.read_bytes() == before
    places.catalog.unlink()
    for left in home.glob("catalog.db-*"):
        left.unlink()
    catalog.create(places.catalog)
    catalog.migrate(places.catalog)
    assert places.library.read_bytes() == before
    assert dump(places.library) == content
    with Library.open(places.library) as own:
        assert [kept.key for kept in own.all()] == ["dataset:gone", "arxiv:2401.00001"]


def test_a_library_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    library.migrate(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("UPDATE alembic_version SET version_num = '0999'")
    db.close()
    before = path.read_bytes()
    for write in (False, True):
        with pytest.raises(Damaged) as caught:
            Library.open(path, write=write)
        assert caught.value.exit_code == 5
        assert path.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} == {"library.db"}


@pytest.mark.parametrize(
    "content", [b"", b"garbage" * 1_000, b"SQLite format 3\x00" + b"\x00" * 99]
)
def test_a_damaged_library_is_never_written_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(content)
    for write in (False, True):
        with pytest.raises(HubError) as caught:
            Library.open(path, write=write)
        assert caught.value.exit_code == 5
        assert path.read_bytes() == content
