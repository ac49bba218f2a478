"""The catalog's promises: whose word counts, that nothing is lost, that any SQLite tool opens it."""

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from hub.catalog import RANKS, Catalog, rank
from hub.errors import Damaged, HubError
from tests.hubtest import dataset, empty_catalog, given, link, paper, put, task

KEY = "arxiv:2401.00001"
OTHER = "import_something"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return empty_catalog(tmp_path / "catalog.db")


def said(source: str, day: str = "2026-01-01", **more: Any) -> Any:
    return paper(KEY, **{"title": f"by {source}", **given(source, day), **more})


def after(path: Path, *records: Any, key: str = KEY, table: str = "paper") -> dict[str, Any]:
    """The stored row after each record came in a transaction of its own."""
    for record in records:
        put(path, record)
    with Catalog.open(path) as catalog:
        row = catalog.get(table, key)
    assert row is not None
    return row


# -- whose word counts ------------------------------------------------------------------------


def test_arxiv_counts_before_papers_with_code_before_others() -> None:
    sources = ["curated", "arxiv_snapshot", "github_api", "pwc_archive", "hf_papers", "import"]
    ranks = [rank(source) for source in [*sources, "somebody"]]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)
    assert min(RANKS.values()) > 0


def test_a_poorer_source_never_overwrites_a_better_one(path: Path) -> None:
    row = after(path, said("arxiv_snapshot"), said("pwc_archive", "2030-01-01", venue="CVPR"))
    assert row["title"] == "by arxiv_snapshot"
    assert row["venue"] == "CVPR", "but it fills what the better one left open"
    assert row["source"] == "arxiv_snapshot"
    assert row["field_sources"] == {"venue": ["pwc_archive", "2030-01-01", "CC0-1.0", None]}


def test_a_better_source_overwrites_and_keeps_what_only_the_poorer_one_said(path: Path) -> None:
    row = after(path, said("pwc_archive", "2030-01-01", venue="CVPR"), said("arxiv_snapshot"))
    assert (row["title"], row["venue"]) == ("by arxiv_snapshot", "CVPR")
    assert row["source"] == "arxiv_snapshot"
    assert row["field_sources"]["venue"][0] == "pwc_archive"


def test_of_equal_sources_the_newer_day_wins_whatever_the_order(path: Path) -> None:
    old, new = (
        said("arxiv_a", "2026-01-01", title="old"),
        said("arxiv_b", "2026-02-01", title="new"),
    )
    assert after(path, old, new)["title"] == "new"
    other = empty_catalog(path.with_name("other.db"))
    assert after(other, new, old)["title"] == "new"


def test_a_correction_of_the_same_source_and_day_replaces(path: Path) -> None:
    row = after(path, said("arxiv_snapshot", title="typo"), said("arxiv_snapshot", title="right"))
    assert row["title"] == "right"
    assert row["field_sources"] == {}


def test_unknown_never_overwrites_known(path: Path) -> None:
    row = after(
        path,
        said("pwc_archive", abstract="Known.", authors=["A"], version=0, tasks=["task:x"]),
        said("arxiv_snapshot", "2026-05-05"),
    )
    assert (row["abstract"], row["authors"], row["version"]) == ("Known.", ["A"], 0)
    assert row["tasks"] == ["task:x"]
    assert row["field_sources"]["abstract"][0] == "pwc_archive"


def test_zero_is_known(path: Path) -> None:
    row = after(path, said("arxiv_snapshot", version=0), said("pwc_archive", version=3))
    assert row["version"] == 0


def test_lists_to_which_every_source_adds_are_united(path: Path) -> None:
    row = after(
        path,
        said("arxiv_snapshot", tasks=["task:a"], authors=["A"], extra={"one": 1, "both": "arxiv"}),
        said(
            "pwc_archive", tasks=["task:b", "task:a"], authors=["B"], extra={"both": "pwc", "n": 2}
        ),
    )
    assert row["tasks"] == ["task:a", "task:b"]
    assert row["authors"] == ["A"], "authors have one holder"
    assert row["extra"] == {"one": 1, "both": "arxiv", "n": 2}


def test_the_same_record_again_changes_nothing(path: Path) -> None:
    records = [said("arxiv_snapshot", tasks=["task:a"]), said("pwc_archive", tasks=["task:b"])]
    before = after(path, *records)
    with Catalog.open(path, write=True) as catalog:
        generation = catalog.generation()
        for record in records:
            with catalog.transaction():
                counts = catalog.upsert([record])
            assert counts.unchanged == {"paper": 1}
            assert not counts.new and not counts.changed
        assert catalog.generation() == generation
        assert catalog.get("paper", KEY) == before


SOURCES = ("arxiv_snapshot", "pwc_archive", OTHER)
FIELDS = ("title", "abstract", "venue", "comment", "doi", "version")
values = st.fixed_dictionaries(
    {"title": st.sampled_from("abc")},
    optional={
        "abstract": st.sampled_from("abc"),
        "venue": st.sampled_from("abc"),
        "comment": st.sampled_from("abc"),
        "doi": st.sampled_from("abc"),
        "version": st.integers(0, 2),
        "tasks": st.lists(st.sampled_from(["task:a", "task:b", "task:c"]), max_size=3, unique=True),
    },
)


@settings(max_examples=25)
@given_any(said_by=st.tuples(values, values, values))
def test_the_order_of_sources_does_not_matter_for_who_wins(
    tmp_path_factory: pytest.TempPathFactory, said_by: tuple[dict[str, Any], ...]
) -> None:
    records = [said(source, **fields) for source, fields in zip(SOURCES, said_by, strict=True)]
    folder = tmp_path_factory.mktemp("orders")
    seen = []
    path = empty_catalog(folder / "catalog.db")
    with Catalog.open(path, write=True) as catalog:
        for order in itertools.permutations(records):
            catalog.scalar("DELETE FROM paper RETURNING key")
            for record in order:
                with catalog.transaction():
                    catalog.upsert([record])
            row = catalog.get("paper", KEY)
            assert row is not None
            row["tasks"] = sorted(row["tasks"])
            row["field_sources"].pop("tasks", None)
            seen.append(row)
    expected = {
        name: next((fields[name] for fields in said_by if name in fields), None) for name in FIELDS
    }
    for row in seen:
        assert {name: row[name] for name in FIELDS} == expected, "the best that spoke is heard"
        assert row["source"] == SOURCES[0]
        for name in FIELDS:
            if expected[name] is not None:
                giver = next(
                    s for s, fields in zip(SOURCES, said_by, strict=True) if name in fields
                )
                assert row["field_sources"].get(name, [SOURCES[0]])[0] == giver
    assert all(row == seen[0] for row in seen)


def test_links_of_two_sources_stand_side_by_side(path: Path) -> None:
    put(
        path,
        link(KEY, "github:a/b"),
        link(KEY, "github:a/b", **given("pwc_archive")),
        link(KEY, "github:a/b", evidence="pwc"),
    )
    with Catalog.open(path) as catalog:
        assert catalog.scalar("SELECT COUNT(*) FROM link") == 3


# -- batches, names, generation ---------------------------------------------------------------


def test_a_key_repeated_in_one_batch_is_merged_as_if_it_came_apart(path: Path) -> None:
    records = [said("pwc_archive", venue="V"), said("arxiv_snapshot"), said(OTHER, doi="10.1/x")]
    with Catalog.open(path, write=True) as catalog, catalog.transaction():
        counts = catalog.upsert(records)
    assert (counts.new, counts.changed) == ({"paper": 1}, {"paper": 2})
    apart = empty_catalog(path.with_name("apart.db"))
    with Catalog.open(path) as catalog:
        assert catalog.get("paper", KEY) == after(apart, *records)


def test_a_batch_larger_than_a_statement_can_name_is_read_whole(path: Path) -> None:
    records = [paper(f"arxiv:2401.{number:05}", f"T{number}") for number in range(1_300)]
    put(path, *records)
    with Catalog.open(path, write=True) as catalog, catalog.transaction():
        counts = catalog.upsert(records)
        assert counts.unchanged.total() == 1_300
        assert catalog.scalar("SELECT COUNT(*) FROM paper") == 1_300


def test_every_spelling_of_a_name_is_kept_folded(path: Path) -> None:
    put(path, dataset("dataset:cifar-10", "CIFAR-10", name_zh="小图像", aliases=["Cifar Ten"]))
    put(path, dataset("dataset:cifar-10", "CIFAR-10", aliases=["C10"], **given("pwc_archive")))
    with Catalog.open(path) as catalog:
        names = {row["folded"] for row in catalog.rows("SELECT folded FROM name")}
    assert names == {"cifar10", "小图像", "cifarten", "c10"}


def test_the_generation_grows_with_changes_only(path: Path) -> None:
    with Catalog.open(path, write=True) as catalog:
        numbers = [catalog.generation()]
        for record in (said("arxiv_snapshot"), said("arxiv_snapshot"), said("arxiv_x", title="n")):
            with catalog.transaction():
                catalog.upsert([record])
            numbers.append(catalog.generation())
    assert numbers == [0, 1, 1, 2]


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    with Catalog.open(path, write=True) as catalog:
        with pytest.raises(RuntimeError), catalog.transaction():
            catalog.upsert([said("arxiv_snapshot")])
            raise RuntimeError
        assert catalog.scalar("SELECT COUNT(*) FROM paper") == 0
        assert catalog.generation() == 0


def test_the_sum_per_source_and_licence_is_the_same_kept_or_counted(path: Path) -> None:
    put(path, said("arxiv_snapshot"), task("task:a", "A"), link(KEY, "github:a/b", licence=None))
    with Catalog.open(path, write=True) as catalog:
        counted = catalog.sources()
        with catalog.transaction():
            catalog.keep_sources()
        assert catalog.sources() == counted
        assert sum(row["rows"] for row in counted) == 3
        with catalog.transaction():
            catalog.upsert([task("task:b", "B")])
        assert sum(row["rows"] for row in catalog.sources()) == 4, "an old sum is not told"


# -- opening ----------------------------------------------------------------------------------


def test_stock_sqlite_opens_the_file_and_finds_it_sound(path: Path) -> None:
    put(path, said("arxiv_snapshot", authors=["Ada"]))
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT title, json_extract(authors, '$[0]') FROM paper").fetchall() == [
            ("by arxiv_snapshot", "Ada")
        ]
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        db.close()


def test_a_reader_cannot_write(path: Path) -> None:
    with (
        Catalog.open(path) as catalog,
        pytest.raises(HubError, match="read-only"),
        catalog.transaction(),
    ):
        catalog.upsert([said("arxiv_snapshot")])


def test_readers_see_the_state_before_a_transaction_until_it_ends(path: Path) -> None:
    with Catalog.open(path, write=True) as writer, Catalog.open(path) as reader:
        with writer.transaction():
            writer.upsert([said("arxiv_snapshot")])
            assert reader.get("paper", KEY) is None
        assert reader.get("paper", KEY) is not None


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"SQLite format 3\x00", b"\x00" * 5_000, b"not a database at all " * 500],
)
def test_a_file_that_is_no_catalog_is_damaged_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(content)
    for write in (False, True):
        with pytest.raises(Damaged) as caught:
            Catalog.open(path, write=write)
        assert caught.value.exit_code == 5
        assert str(path) in str(caught.value)
        assert caught.value.hint
        assert path.read_bytes() == content


@pytest.mark.parametrize("write", [False, True])
def test_a_catalog_of_a_newer_program_is_refused_and_left_as_it_is(path: Path, write: bool) -> None:
    with sqlite3.connect(path) as db:
        db.execute("UPDATE alembic_version SET version_num = '0999'")
    db.close()
    before = path.read_bytes()
    with pytest.raises(Damaged, match="newer") as caught:
        Catalog.open(path, write=write)
    assert "pip install --upgrade" in (caught.value.hint or "")
    assert path.read_bytes() == before


def test_a_page_broken_in_the_middle_is_said_when_it_is_met(path: Path) -> None:
    put(path, *(paper(f"arxiv:2401.{n:05}", f"T{n}" * 50) for n in range(500)))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with path.open("r+b") as file:
        file.seek(path.read_bytes().find(b"T250T250") // 4096 * 4096)
        file.write(b"\xff" * 20_000)
    with Catalog.open(path) as catalog:
        try:
            wrong = catalog.check()
        except Damaged as error:
            wrong = [str(error)]
        assert wrong
        with pytest.raises(Damaged):
            list(catalog.every("paper"))
            list(catalog.rows("SELECT * FROM paper ORDER BY published"))


def test_a_missing_catalog_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(Damaged) as caught:
        Catalog.open(tmp_path / "catalog.db")
    assert "hub status" in (caught.value.hint or "")
    assert not (tmp_path / "catalog.db").exists()
