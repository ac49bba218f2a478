"""What came, changed and went: `hub diff`, and the evidence of `hub why`."""

from pathlib import Path
from typing import Any

import pytest

from crawlers.records import AliasRecord, Record
from crawlers.source import Scope
from hub.catalog import Catalog, history
from tests.hubtest import (
    board,
    dataset,
    empty_catalog,
    given,
    home_with,
    link,
    paper,
    put,
    repository,
    result,
    run,
    task,
)

BOARD = board("task:image-classification", "dataset:mnist", ["Accuracy"])
LIVE = {"source": "pwc_live", "licence": None}


def number(text: str, model: str = "LeNet", day: str = "2026-01-01", position: int = 0) -> Any:
    said = result(BOARD, position, model, "Accuracy", text)
    return said.model_copy(update={**LIVE, "retrieved_at": day})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return empty_catalog(tmp_path / "catalog.db")


def say(path: Path, at: str | None, *records: Record, whole: tuple[Scope, ...] = ()) -> Any:
    with Catalog.open(path, write=True) as catalog, catalog.transaction():
        return catalog.upsert(records, at=at, whole=whole)


def changes(path: Path, begin: str, end: str = "9999") -> list[tuple[str, str, Any, Any]]:
    """What, table, value before and after."""
    with Catalog.open(path) as catalog:
        return [
            (
                row["what"],
                row["table"],
                row["before"].get("value_text"),
                row["after"].get("value_text"),
            )
            for row in history.changes(catalog, begin, end)
        ]


def test_rows_of_the_embedded_catalog_have_no_beginning(path: Path) -> None:
    say(path, None, BOARD, number("99.0"))
    assert changes(path, "0000") == []


def test_number_that_came_is_added_from_its_moment_on(path: Path) -> None:
    say(path, "2026-01-05T10:00:00+00:00", BOARD, number("99.0"))
    assert changes(path, "2026-01-05") == [("added", "result", None, "99.0")]
    assert changes(path, "2026-01-06") == []
    assert changes(path, "2026-01-01", "2026-01-05") == []


def test_number_that_changed_keeps_its_predecessor(path: Path) -> None:
    say(path, None, BOARD, number("99.0"))
    say(path, "2026-02-01T00:00:00+00:00", number("99.1", day="2026-02-01"))
    say(path, "2026-03-01T00:00:00+00:00", number("99.2", day="2026-03-01"))
    assert changes(path, "2026-01-01") == [("changed", "result", "99.0", "99.2")]
    assert changes(path, "2026-02-15") == [("changed", "result", "99.1", "99.2")]
    assert changes(path, "2026-01-01", "2026-02-15") == [("changed", "result", "99.0", "99.1")]
    with Catalog.open(path) as catalog:
        key = number("99.0").key
        before = history.predecessors(catalog, [key])[key]
    assert [one["value_text"] for one in before] == ["99.0", "99.1"]


def test_number_that_changed_and_changed_back_is_no_news(path: Path) -> None:
    say(path, None, BOARD, number("99.0"))
    say(path, "2026-02-01T00:00:00+00:00", number("98.0", day="2026-02-01"))
    say(path, "2026-02-02T00:00:00+00:00", number("99.0", day="2026-02-02"))
    assert changes(path, "2026-01-01") == []


def test_row_that_its_board_does_not_name_any_more_is_removed_and_remembered(path: Path) -> None:
    say(path, None, BOARD, number("99.0"), number("97.0", "MLP", position=1))
    whole = (Scope("result", "board", BOARD.key, "pwc_live"),)
    counts = say(path, "2026-02-01T00:00:00+00:00", number("99.0", day="2026-02-01"), whole=whole)
    assert counts.removed == {"result": 1}
    assert changes(path, "2026-01-01") == [("removed", "result", "97.0", None)]
    with Catalog.open(path) as catalog:
        [row] = history.changes(catalog, "2026-01-01", "9999")
        assert row["of"] == {"board": BOARD.key, "model_name": "MLP", "metric": "Accuracy"}
        assert [one["model_name"] for one in catalog.every("result")] == ["LeNet"]


def test_scope_of_one_source_leaves_the_rows_of_another_alone(path: Path) -> None:
    archived = result(BOARD, 3, "SVM", "Accuracy", "98.6")
    say(path, None, BOARD, archived, number("99.0"))
    whole = (Scope("result", "board", BOARD.key, "pwc_live"),)
    say(path, "2026-02-01T00:00:00+00:00", whole=whole)
    with Catalog.open(path) as catalog:
        assert [row["source"] for row in catalog.every("result")] == ["pwc_archive"]


def test_row_that_came_and_went_in_between_is_no_news(path: Path) -> None:
    say(path, None, BOARD)
    say(path, "2026-02-01T00:00:00+00:00", number("99.0"))
    whole = (Scope("result", "board", BOARD.key, "pwc_live"),)
    say(path, "2026-02-03T00:00:00+00:00", whole=whole)
    assert changes(path, "2026-01-01") == []
    assert changes(path, "2026-02-02") == [("removed", "result", "99.0", None)]
    assert changes(path, "2026-01-01", "2026-02-02") == [("added", "result", None, "99.0")]


def test_row_that_went_and_came_back_as_it_was_is_no_news(path: Path) -> None:
    say(path, None, BOARD, number("99.0"))
    whole = (Scope("result", "board", BOARD.key, "pwc_live"),)
    say(path, "2026-02-01T00:00:00+00:00", whole=whole)
    say(path, "2026-02-02T00:00:00+00:00", number("99.0", day="2026-02-02"))
    assert changes(path, "2026-01-01") == []


def test_repository_that_is_gone_is_a_change_and_its_stars_are_none(path: Path) -> None:
    say(path, None, repository("github:a/b", state="active"))
    say(path, "2026-02-01T00:00:00+00:00",
        repository("github:a/b", state="gone", **given("github", "2026-02-01", None)))  # fmt: skip
    with Catalog.open(path) as catalog:
        [row] = history.changes(catalog, "2026-01-01", "9999")
    assert (row["before"], row["after"]) == ({"state": "active"}, {"state": "gone"})


def test_same_word_on_a_later_day_makes_the_row_younger_and_changes_nothing(path: Path) -> None:
    say(path, None, paper())
    with Catalog.open(path) as catalog:
        generation = catalog.generation()
    counts = say(path, "2026-02-01T00:00:00+00:00",
                 paper(**given("arxiv_snapshot", "2026-02-01")))  # fmt: skip
    with Catalog.open(path) as catalog:
        assert next(catalog.every("paper"))["retrieved_at"] == "2026-02-01"
        assert catalog.generation() == generation
    assert (counts.changed, counts.unchanged) == ({}, {"paper": 1})


# -- the commands ----------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = home_with(
        tmp_path / "home",
        paper("arxiv:2401.00001", "A Paper"),
        repository("github:old/name", state="renamed"),
        repository("github:dead/one", state="gone"),
        link("arxiv:2401.00001", "github:old/name", confidence=0.85),
        link("arxiv:2401.00001", "github:dead/one", evidence="readme", confidence=0.7),
        AliasRecord(alias="github:old/name", key="github:new/name", **given("github")),
        BOARD,
    )
    put(home / "catalog.db", number("99.0"))
    return home


def test_why_shows_evidence_confidence_age_and_what_became_of_the_repository(home: Path) -> None:
    said = run("why", "arxiv:2401.00001", home=home)
    assert said.code == 0
    assert "the authors' comment on arXiv names it, confidence 0.85" in said.out
    assert "renamed to github:new/name" in said.out and "the repository is gone" in said.out
    assert "arxiv_snapshot, 2026-01-01" in said.out
    data = run("why", "github:dead/one", "--json", home=home).data
    assert [(one["key"], one["evidence"], one["state"]) for one in data["links"]] == [
        ("arxiv:2401.00001", "readme", "gone")
    ]


def test_why_of_something_without_links_says_that_it_does_not_know(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper("arxiv:2401.00002", "Alone"))
    said = run("why", "arxiv:2401.00002", home=home)
    assert said.code == 0 and "does not mean there is none" in said.out


def test_diff_names_board_model_and_metric_with_both_numbers(home: Path) -> None:
    say(home / "catalog.db", "2026-02-01T00:00:00+00:00", number("99.4", day="2026-02-01"))
    said = run("diff", "2026-01-15", "--format", "tsv", home=home)
    assert said.code == 0
    assert said.lines[1].split("\t")[:5] == [
        "changed",
        "published number",
        f"{BOARD.key} · LeNet · Accuracy",
        "99.0",
        "99.4",
    ]
    assert run("diff", "2026-02-02", "--json", home=home).data == []


def test_leaderboard_shows_what_a_changed_number_was(home: Path) -> None:
    say(home / "catalog.db", "2026-02-01T00:00:00+00:00", number("99.4", day="2026-02-01"))
    put(home / "catalog.db", task("task:image-classification", "Image Classification"),
        dataset("dataset:mnist", "MNIST"))  # fmt: skip
    said = run("leaderboard", "mnist", home=home)
    assert "LeNet · Accuracy: 99.0 → 99.4" in said.err
    rows = run("leaderboard", "mnist", "--json", home=home).data["rows"]
    assert rows[0]["cells"][0]["earlier"] == ["99.0"]


@pytest.mark.parametrize("words", [("yesterday",), ("2026-13-01",), ("2026-02-01", "2026-01-01")])
def test_moment_that_is_none_is_wrong_usage(home: Path, words: tuple[str, ...]) -> None:
    assert run("diff", *words, home=home).code == 2
