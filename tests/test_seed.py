"""The embedded catalog: whole, sound, honest about its sources, and copied in one piece."""

import shutil
from pathlib import Path

import pytest

from crawlers import knowledge
from crawlers.sources import curated
from hub.catalog import Catalog
from hub.index import Index
from hub.paths import Paths
from hub.queries import Queries, Query
from tests.hubtest import run


@pytest.fixture
def queries(embedded: Path, tmp_path: Path) -> Queries:
    """A copy, so that opening it cannot change what is embedded."""
    home = tmp_path / "copy"
    shutil.copytree(embedded, home)
    return Queries(Paths(home))


def test_what_is_embedded_is_sound_and_its_index_current(embedded: Path) -> None:
    with Catalog.open(embedded / "catalog.db") as catalog:
        assert catalog.check() == []
        index = Index.open(embedded / "index")
        assert index.check() == []
        assert index.generation == catalog.generation()
    assert not list(embedded.glob("catalog.db-*")), "one file, no journal beside it"


def test_every_hand_kept_row_is_in_it(queries: Queries) -> None:
    wanted = [record for _, records in curated.rows(knowledge.folder()) for record in records]
    assert len(wanted) > 200
    for record in wanted:
        row = queries.catalog.get(record.table_name, record.identity()[0])
        assert row is not None, record.identity()
        name = "title" if record.table_name == "paper" else "name"
        if name in row:
            assert row[name] == getattr(record, name)


def test_nothing_of_unknown_licence_is_embedded(queries: Queries) -> None:
    assert {one.licence for one in queries.sources()} <= {
        "CC0-1.0", "CC-BY-SA-4.0", "MIT", "Apache-2.0", "CC-BY-4.0",
    }  # fmt: skip
    assert queries.catalog.scalar("SELECT COUNT(*) FROM paper WHERE abstract IS NOT NULL") == 0


def test_it_answers_what_people_ask_first(queries: Queries) -> None:
    for asked, key in (
        ("mnist", "dataset:mnist"),
        ("pytorch", "framework:pytorch"),
        ("cifar 10", "dataset:cifar-10"),
        ("deep residual learning for image recognition", "arxiv:1512.03385"),
        ("图像分类", "task:image-classification"),
    ):
        assert queries.search(Query(asked, limit=1)).hits[0].entry.key == key, asked
    assert queries.leaderboard("cifar-10").ranked
    assert queries.leaderboard("imagenet", task="image classification").rows


def test_the_first_start_copies_it_and_says_nothing_on_stdout(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    said = run("list", "frameworks", "-q", "-n", "3", home=home)
    assert said.code == 0, said.err
    assert len(said.lines) == 3
    assert {path.name for path in home.iterdir()} <= {
        "catalog.db", "catalog.db-shm", "catalog.db-wal", "index", "write.lock",
    }  # fmt: skip
    assert (home / "catalog.db").stat().st_mode & 0o200, "the user's copy can be written"


def test_a_catalog_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "catalog.db").write_bytes(b"mine")
    assert run("list", "papers", home=home).code == 5
    assert (home / "catalog.db").read_bytes() == b"mine"
