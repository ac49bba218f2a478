"""What was found can leave again: JSON lines that come back whole, CSV, BibTeX, licences."""

import csv
import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import bibtexparser
import pytest

from crawlers.records import (
    RECORDS,
    AliasRecord,
    NoticeRecord,
    Record,
    SnapshotRecord,
    TaskNodeRecord,
)
from crawlers.sources import hub_export
from hub import export as exports
from hub.catalog import Catalog
from hub.export import TABLES
from tests.hubtest import (
    board,
    dataset,
    embedded_home,
    empty_catalog,
    framework,
    given,
    home_with,
    link,
    method,
    paper,
    put,
    repository,
    result,
    run,
    task,
)

BOARD = board("task:image-classification", "dataset:mnist", ["Accuracy", "Params"])
EVERY: tuple[Record, ...] = (
    paper(
        "arxiv:1512.03385",
        "Deep Residual Learning, Twice",
        abstract="Deeper networks\nare harder to train.",
        authors=["Kaiming He", "Xiangyu Zhang"],
        published="2015-12-10",
        updated="2015-12-10",
        version=1,
        categories=["cs.CV", "cs.LG"],
        comment="Tech report",
        extra={"report-no": "X-1", "versions": [{"version": "v1"}]},
    ),
    paper(
        "doi:10.1038/323533a0",
        "Learning representations by back-propagating errors",
        authors=["D. E. Rumelhart"],
        doi="10.1038/323533a0",
        venue="Nature",
        published="1986-10-09",
        **given("pwc_archive", licence="CC-BY-SA-4.0"),
    ),
    paper("title:no-licence", "No licence", **given("import", licence=None)),
    AliasRecord(
        alias="pwc:deep-residual-learning",
        key="arxiv:1512.03385",
        **given("pwc_archive", licence="CC-BY-SA-4.0"),
    ),
    NoticeRecord(key="arxiv:2401.00001", notice="withdrawn", day="2026-01-01", **given()),
    repository(
        "github:kaiminghe/deep-residual-networks",
        description="ResNet · 残差网络",
        topics=["vision"],
        state="archived",
    ),
    SnapshotRecord(
        repository="github:kaiminghe/deep-residual-networks",
        day="2026-01-01",
        stars=6_000,
        forks=0,
        **given("github"),
    ),
    link("arxiv:1512.03385", "github:kaiminghe/deep-residual-networks", official=True),
    link(
        "arxiv:1512.03385",
        "github:kaiminghe/deep-residual-networks",
        evidence="pwc",
        official=False,
        confidence=0.4,
        **given("pwc_archive", licence="CC-BY-SA-4.0"),
    ),
    dataset(
        "dataset:mnist",
        "MNIST",
        name_zh="手写数字",
        aliases=["mnist-10"],
        splits={"train": 60_000, "test": 10_000},
        examples=70_000,
        classes=10,
        tasks=["task:image-classification"],
    ),
    framework("framework:pytorch", "PyTorch", languages=["Python", "C++"], status="active"),
    framework("tool:numpy", "NumPy", year=2006),
    task("task:image-classification", "Image Classification", areas=["computer-vision"]),
    task("topic:optimisation", "Optimisation"),
    TaskNodeRecord(
        path="vision/image-classification",
        task="task:image-classification",
        parent="vision",
        position=0,
        **given("pwc_archive"),
    ),
    method("method:backpropagation", "Backpropagation", collections=["Optimisation"], papers=0),
    BOARD,
    result(BOARD, 0, "LeNet | 5", "Accuracy", "99.05% ± 0.1", paper="arxiv:1512.03385"),
    result(BOARD, 0, "LeNet | 5", "Params", "", direction="unknown"),
    result(BOARD, 1, '"quoted", comma', "Accuracy", "99.7*"),
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a row in every table, one paper said by two sources."""
    home = home_with(tmp_path_factory.mktemp("full") / "home", *EVERY)
    put(
        home / "catalog.db",
        paper(
            "arxiv:1512.03385",
            "Deep Residual Learning (dump)",
            venue="CVPR 2016",
            tasks=["task:image-classification"],
            source_url="https://paperswithcode.com/paper/x",
            **given("pwc_archive", "2025-07-28", "CC-BY-SA-4.0"),
        ),
    )
    return home


def content(home: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that holds what sources say."""
    with Catalog.open(home / "catalog.db") as catalog:
        rows = {table: list(catalog.every(table)) for table in RECORDS}
    for row in (row for table in rows.values() for row in table):
        row.pop("added_at", None)  # of this catalog, not of the thing
    return rows


def test_the_records_of_this_test_fill_every_table() -> None:
    assert {record.table_name for record in EVERY} == set(RECORDS)
    assert {table for tables in TABLES.values() for table in tables} == set(RECORDS)


def test_every_kind_exported_and_imported_into_an_empty_catalog_is_the_same_again(
    full: Path, tmp_path: Path
) -> None:
    files = []
    for what in TABLES:
        said = run("export", what, home=full)
        assert said.code == 0, said.err
        assert said.err == ""
        files.append(tmp_path / f"{what}.jsonl")
        files[-1].write_text(said.out, "utf-8")
    other = tmp_path / "other"
    empty_catalog(other / "catalog.db")
    said = run("import", "--no-index", *files, home=other)
    assert said.code == 0, said.err
    assert content(other) == content(full)
    for file, what in zip(files, TABLES, strict=True):
        assert run("export", what, home=other).out == file.read_text("utf-8")
    again = run("import", "--no-index", "--json", *files, home=other)
    for summary in again.data:
        assert summary["new"] == summary["changed"] == {}, "importing it again changes nothing"


def test_importing_an_export_over_its_own_catalog_changes_nothing(
    full: Path, tmp_path: Path
) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_text(run("export", "papers", home=full).out, "utf-8")
    before = content(full)
    [summary] = run("import", "--no-index", "--json", file, home=full).data
    assert summary["new"] == summary["changed"] == {}
    assert content(full) == before


def test_the_embedded_results_come_back_the_same(tmp_path: Path) -> None:
    home = embedded_home(tmp_path / "home")
    file = tmp_path / "methods.jsonl"
    for what in ("methods", "datasets", "frameworks", "tasks"):
        with file.open("a", encoding="utf-8") as out:
            out.write(run("export", what, home=home).out)
    other = tmp_path / "other"
    empty_catalog(other / "catalog.db")
    assert run("import", "--no-index", file, home=other).code == 0
    there, here = content(home), content(other)
    for table in ("method", "dataset", "framework", "task", "task_node"):
        assert len(there[table]) > 10
        assert here[table] == there[table]


def test_both_sides_of_the_line_format_speak_of_the_same_version() -> None:
    assert exports.FORMAT == hub_export.FORMAT


def test_an_export_of_a_newer_format_is_refused_with_exit_5(full: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"
    lines = run("export", "methods", home=full).lines
    header = {**json.loads(lines[0]), "hub_export": 99}
    file.write_text("\n".join([json.dumps(header), *lines[1:]]), "utf-8")
    other = tmp_path / "other"
    empty_catalog(other / "catalog.db")
    said = run("import", "--no-index", file, home=other)
    assert said.code == 5
    assert "newer" in said.err
    assert content(other)["method"] == []


def test_chosen_keys_leave_the_rest_out(full: Path) -> None:
    said = run("export", "papers", "1512.03385v1", home=full)
    rows = [json.loads(line) for line in said.lines[1:]]
    assert {(row["table"], row["key"]) for row in rows} == {
        ("paper", "arxiv:1512.03385"),
        ("alias", "arxiv:1512.03385"),
    }
    piped = run("export", "papers", "-", home=full, stdin="arxiv:1512.03385\tDeep\t2015\n\n")
    assert piped.out == said.out
    assert run("export", "papers", "arxiv:9999.99999", home=full).code == 4


@pytest.mark.parametrize("what", [*TABLES, "library"])
def test_csv_has_one_row_a_line_and_every_cell_parses(full: Path, what: str) -> None:
    said = run("export", what, "--format", "csv", home=full)
    assert said.code == 0, said.err
    rows = list(csv.DictReader(io.StringIO(said.out), strict=True))
    main = {"results": "result", "library": None}.get(what, TABLES.get(what, ("",))[0])
    expected = content(full)[main] if main else []
    assert len(rows) == len(expected)
    for row in rows:
        assert None not in row and None not in row.values(), "as many cells as columns"
    if what == "results":
        assert {row["model_name"] for row in rows} == {"LeNet | 5", '"quoted", comma'}
    if what == "papers":
        by_key = {row["key"]: row for row in rows}
        assert by_key["arxiv:1512.03385"]["authors"] == "Kaiming He; Xiangyu Zhang"


def test_bibtex_parses_and_says_what_the_catalog_says(full: Path) -> None:
    said = run("export", "papers", "--format", "bibtex", home=full)
    parsed = bibtexparser.parse_string(said.out)
    assert parsed.failed_blocks == []
    by_title = {entry["title"]: entry for entry in parsed.entries}
    assert len(parsed.entries) == 3
    resnet = by_title["Deep Residual Learning, Twice"]
    assert resnet["author"] == "Kaiming He and Xiangyu Zhang"
    assert (resnet["year"], resnet["eprint"]) == ("2015", "1512.03385")
    assert (resnet["archiveprefix"], resnet["primaryclass"]) == ("arXiv", "cs.CV")
    assert resnet["journal"] == "CVPR 2016"
    other = by_title["Learning representations by back-propagating errors"]
    assert other.entry_type == "article"
    assert other["doi"] == "10.1038/323533a0"
    assert len({entry.key for entry in parsed.entries}) == 3


def test_bibtex_of_troublesome_titles_still_parses(tmp_path: Path) -> None:
    titles = [
        "Braces { open", "Braces } close", "100% of $x_i$ & #1 ~ ^", "Quote \" and 'this'",
        "Back\\slash \\alpha", "Schölkopf über Ångström", "图像分类", "@article{x, title={y}}",
        "A, B = C", "Ends with backslash \\",
    ]  # fmt: skip
    papers = [
        paper(f"arxiv:2401.{at:05}", title, authors=["Bernhard Schölkopf", "A {B"])
        for at, title in enumerate(titles)
    ]
    home = home_with(tmp_path / "home", *papers, index=False)
    said = run("export", "papers", "--format", "bibtex", home=home)
    parsed = bibtexparser.parse_string(said.out)
    assert parsed.failed_blocks == []
    assert len(parsed.entries) == len(titles)
    assert len({entry.key for entry in parsed.entries}) == len(titles)
    for line in said.lines:
        if " = " in line:  # BibTeX itself counts every brace, also those behind a backslash
            assert re.fullmatch(r"\s*\w+ = (\{.*\}|\".*\"|\d+),?", line), line
            depths = list(itertools.accumulate((c == "{") - (c == "}") for c in line))
            assert depths[-1] == 0 and min(depths) >= 0, line


def test_only_papers_can_be_bibtex_and_unknown_words_are_usage_errors(full: Path) -> None:
    assert run("export", "datasets", "--format", "bibtex", home=full).code == 2
    assert run("export", "papers", "--format", "xml", home=full).code == 2
    assert run("export", "everything", home=full).code == 2
    assert run("export", "papers", "--licence", "mit", home=full).code == 2


def test_an_export_under_cc0_holds_nothing_under_other_terms(full: Path) -> None:
    rows = []
    for what in TABLES:
        said = run("export", what, "--licence", "cc0", home=full)
        rows += [json.loads(line) for line in said.lines[1:]]
    assert rows
    assert {row["licence"] for row in rows} == {"CC0-1.0"}
    assert all(
        giver[2] == "CC0-1.0" for row in rows for giver in row.get("field_sources", {}).values()
    )
    [resnet] = [row for row in rows if row.get("key") == "arxiv:1512.03385" and "title" in row]
    assert resnet["title"] == "Deep Residual Learning, Twice"
    assert "venue" not in resnet, "the venue came from the CC BY-SA dump"
    assert "task:image-classification" not in resnet.get("tasks", ())


def test_a_licensed_export_leaves_out_the_other_terms_in_every_format(full: Path) -> None:
    for format in ("csv", "bibtex"):
        said = run("export", "papers", "--licence", "cc0", "--format", format, home=full)
        assert said.code == 0
        assert "CVPR" not in said.out
        assert "back-propagating" not in said.out
    said = run("export", "papers", "--licence", "cc-by-sa", home=full)
    titles = [json.loads(line).get("title") for line in said.lines[1:]]
    assert "Learning representations by back-propagating errors" in titles
    assert "Deep Residual Learning, Twice" not in titles
    assert "No licence" not in titles


def test_united_lists_under_cc0_do_not_carry_what_the_other_source_added(tmp_path: Path) -> None:
    home = home_with(
        tmp_path / "home",
        dataset("dataset:x", "X", aliases=["ours"], **given("curated", licence="CC0-1.0")),
        index=False,
    )
    theirs = dataset(
        "dataset:x", "X", aliases=["theirs"], **given("pwc_archive", licence="CC-BY-SA-4.0")
    )
    put(home / "catalog.db", theirs)
    said = run("export", "datasets", "--licence", "cc0", home=home)
    assert "theirs" not in said.out


@pytest.mark.real
def test_real_arxiv_lines_come_back_the_same(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "arxiv" / "arxiv-metadata-oai-snapshot.first200.jsonl"
    home, other = tmp_path / "home", tmp_path / "other"
    for place in (home, other):
        empty_catalog(place / "catalog.db")
    assert run("import", "--no-index", source, home=home).code == 0
    file = tmp_path / "papers.jsonl"
    file.write_text(run("export", "papers", home=home).out, "utf-8")
    assert run("import", "--no-index", file, home=other).code == 0
    assert run("export", "papers", home=other).out == file.read_text("utf-8")
    assert len(content(other)["paper"]) == 200
    assert file.stat().st_size > 100_000
