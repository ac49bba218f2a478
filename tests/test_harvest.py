"""One run of a source into the catalog: what came, what did not and why, and that it is written down."""

import gzip
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hub.catalog import Catalog, ledger
from hub.errors import Damaged, HubError, NotFound
from hub.harvest import Summary, day_of, import_file, recognise, update_index
from hub.index import Index
from hub.library import Library
from hub.paths import Paths
from tests.hubtest import arxiv_file, arxiv_line, empty_catalog, given, paper, put, write_lines


@pytest.fixture
def places(tmp_path: Path) -> Paths:
    found = Paths(tmp_path / "home")
    empty_catalog(found.catalog)
    return found


def take(places: Paths, file: Path, **more: Any) -> Summary:
    def never() -> Library:
        raise AssertionError("no line of a library is in this file")

    with Catalog.open(places.catalog, write=True) as catalog:
        return import_file(catalog, never, file, **more)


def test_a_harvest_is_written_down_with_its_counts(places: Paths, tmp_path: Path) -> None:
    file = write_lines(
        tmp_path / "a.2026-03-04.jsonl",
        [arxiv_line(1), arxiv_line(2, abstract="Code: github.com/a/b"), b"{"],
    )
    summary = take(places, file)
    assert summary.source == "arxiv_snapshot"
    assert summary.retrieved_at == "2026-03-04"
    assert summary.counts.new == {"paper": 2, "repository": 1, "link": 1}
    assert summary.skipped == {"broken JSON": 1}
    assert summary.examples[0].where == "line 3"
    assert summary.damaged and summary.broken is None
    with Catalog.open(places.catalog) as catalog:
        [row] = ledger.latest(catalog)
    assert (row["state"], row["new"], row["skipped"]) == ("done", 4, {"broken JSON": 1})
    assert row["started_at"] <= row["finished_at"]
    assert row["retrieved_at"] == "2026-03-04"


def test_of_two_lines_with_one_id_the_first_counts_every_time(
    places: Paths, tmp_path: Path
) -> None:
    lines = [arxiv_line(1, "first"), arxiv_line(2), arxiv_line(1, "second")]
    file = write_lines(tmp_path / "a.jsonl", lines)
    summary = take(places, file)
    assert summary.skipped == {"repeated in this file": 1}
    assert not summary.damaged, "a repeat is no damage"
    assert take(places, file).counts.changed == Counter()
    with Catalog.open(places.catalog) as catalog:
        row = catalog.get("paper", "arxiv:2001.00001")
    assert row is not None and row["title"] == "first"


def test_a_newer_file_changes_what_an_older_one_said_and_not_the_other_way_round(
    places: Paths, tmp_path: Path
) -> None:
    old = write_lines(tmp_path / "old.2026-01-01.jsonl", [arxiv_line(1, "old")])
    new = write_lines(tmp_path / "new.2026-02-01.jsonl", [arxiv_line(1, "new")])
    assert take(places, new).counts.new["paper"] == 1
    assert take(places, old).counts.changed == Counter()
    assert take(places, new).counts.changed == Counter()
    with Catalog.open(places.catalog) as catalog:
        row = catalog.get("paper", "arxiv:2001.00001")
    assert row is not None and (row["title"], row["retrieved_at"]) == ("new", "2026-02-01")


def test_the_day_is_in_the_name_or_the_file_itself(tmp_path: Path) -> None:
    for name, day in (
        ("dump.2020-08-28.json.gz", "2020-08-28"),
        ("2026-13-45.then.2026-02-03.jsonl", "2026-02-03"),
        ("arxiv-2020-02-30.json", "2001-09-09"),
        ("plain.json", "2001-09-09"),
        ("1234-56-7890.json", "2001-09-09"),
    ):
        file = tmp_path / name
        file.write_bytes(b"")
        os.utime(file, (1_000_000_000, 1_000_000_000))
        assert day_of(file) == day, name


def test_progress_never_goes_back_and_ends_at_the_whole_file(places: Paths, tmp_path: Path) -> None:
    file = arxiv_file(tmp_path / "a.jsonl", 3_500)
    seen: list[tuple[int, int]] = []
    counted: list[int] = []

    def progress(read: int, size: int, counts: Any) -> None:
        seen.append((read, size))
        counted.append(counts.new.total())

    take(places, file, progress=progress)
    assert len(seen) >= 4
    assert seen == sorted(seen)
    assert seen[-1] == (file.stat().st_size,) * 2
    assert counted[-1] == 3_500


def test_ctrl_c_between_pages_keeps_them_and_says_so(places: Paths, tmp_path: Path) -> None:
    file = arxiv_file(tmp_path / "a.jsonl", 3_500)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    summary = take(places, file, progress=stop)
    assert summary.interrupted
    with Catalog.open(places.catalog) as catalog:
        assert catalog.scalar("SELECT COUNT(*) FROM paper") == summary.counts.new["paper"] == 1_000
        assert ledger.latest(catalog)[0]["state"] == "interrupted"


def test_a_harvest_that_fails_is_not_called_done(places: Paths, tmp_path: Path) -> None:
    def fail(*_: Any) -> None:
        raise HubError("no room left")

    with pytest.raises(HubError):
        take(places, arxiv_file(tmp_path / "a.jsonl", 1_500), progress=fail)
    with Catalog.open(places.catalog) as catalog:
        assert ledger.latest(catalog)[0]["state"] not in ("done", "running")


def test_a_harvest_that_a_killed_process_left_is_marked_by_the_next(
    places: Paths, tmp_path: Path
) -> None:
    with Catalog.open(places.catalog, write=True) as catalog, catalog.transaction():
        ledger.begin(catalog, "arxiv_snapshot", "x", "2026-01-01T00:00:00+00:00", "2026-01-01")
    take(places, arxiv_file(tmp_path / "a.jsonl", 1))
    with Catalog.open(places.catalog) as catalog:
        assert [row["state"] for row in ledger.latest(catalog)] == ["done", "interrupted"]


def test_files_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    assert recognise(arxiv_file(tmp_path / "any.name", 1)).name == "arxiv_snapshot"
    row = {"table": "paper", "key": "arxiv:1", "source": "x", "retrieved_at": "2026-01-01"}
    assert recognise(write_lines(tmp_path / "b", [{"hub_export": 1}, row])).name == "hub_export"
    assert recognise(write_lines(tmp_path / "c", [row])).name == "hub_export"
    with pytest.raises(NotFound):
        recognise(tmp_path / "missing")
    with pytest.raises(Damaged, match="position 0"):
        recognise(write_lines(tmp_path / "d", [{"a": 1}]))


def test_a_byte_order_mark_does_not_hide_a_file(places: Paths, tmp_path: Path) -> None:
    file = arxiv_file(tmp_path / "a.jsonl", 2)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert take(places, file).counts.new == {"paper": 2}


def test_the_index_is_built_when_the_catalog_changed_and_only_then(places: Paths) -> None:
    put(places.catalog, paper(), paper("arxiv:2401.00002", "Other", **given()))
    with Catalog.open(places.catalog, write=True) as catalog:
        assert update_index(catalog, places)
        name = Index.open(places.index).folder.name
        assert not update_index(catalog, places)
        assert Index.open(places.index).folder.name == name
        with catalog.transaction():
            catalog.upsert([paper("arxiv:2401.00003", "New")])
        assert update_index(catalog, places)
        assert Index.open(places.index).search("new")[0] == 1
        [folder] = [path for path in places.index.glob("build-*") if path.name != name]
        (folder / "meta.json").write_bytes(b"")
        assert update_index(catalog, places), "a damaged index is built again"


def test_day_of_a_packed_file_without_a_date_in_its_name_is_the_day_it_was_packed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "jul-28-methods.json.gz"
    path.write_bytes(gzip.compress(b"[]", mtime=1_753_660_800))  # 2025-07-28
    assert day_of(path) == "2025-07-28"
    path.write_bytes(gzip.compress(b"[]", mtime=0))
    os.utime(path, (0, 86_400 * 365))
    assert day_of(path) == "1971-01-01"
