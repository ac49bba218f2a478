"""What the hand-kept rows promise: the named ones are there, whole, and each can be checked."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crawlers import knowledge
from crawlers.keys import KIND_OF_PREFIX, parse_key, slug
from crawlers.records import (
    DatasetRecord,
    FrameworkRecord,
    MethodRecord,
    NamedRecord,
    RepositoryRecord,
    TaskRecord,
)
from crawlers.sources.curated import pages, rows
from hub.catalog import fold
from hub.words import CJK, terms

FOLDER = knowledge.folder()
FILES = {
    "frameworks.toml": "framework", "tools.toml": "tool", "datasets.toml": "dataset",
    "tasks.toml": "task", "topics.toml": "topic", "methods.toml": "method",
}  # fmt: skip

REQUIRED = {
    "framework": [
        "TensorFlow", "PyTorch", "Keras", "Caffe", "JAX", "MXNet", "PaddlePaddle", "MindSpore",
        "ONNX Runtime", "Theano",
    ],
    "tool": ["NumPy", "Pandas", "scikit-learn", "Matplotlib", "TensorBoard"],
    "dataset": ["ImageNet", "MNIST", "CIFAR-10", "CIFAR-100", "Penn Treebank"],
    "method": ["Gradient Descent", "Backpropagation", "Linear Regression", "Logistic Regression"],
    "task": [
        "Image Classification", "Object Detection", "Image Segmentation", "Machine Translation",
        "Text Summarization", "Sentiment Analysis", "Speech Recognition", "Speaker Recognition",
        "Language Modelling", "Text Generation",
    ],
    "topic": ["Model Complexity", "Data Privacy", "Interpretability"],
}  # fmt: skip
NAMED = [(kind, name) for kind, names in REQUIRED.items() for name in names]


def said(file_name: str) -> list[dict[str, Any]]:
    with (FOLDER / file_name).open("rb") as file:
        table: list[dict[str, Any]] = tomllib.load(file)[FILES[file_name]]
    return table


ROWS = [(FILES[name], row) for name in FILES for row in said(name)]
METRICS = tomllib.loads((FOLDER / "metrics.toml").read_text("utf-8"))["metric"]


@pytest.fixture(scope="module")
def records() -> list[Any]:
    return [record for _, found in rows(FOLDER) for record in found]


def named(kind: str, name: str) -> dict[str, Any]:
    """The one row of this kind with this name or alias, however it is cased."""
    found = [
        row
        for k, row in ROWS
        if k == kind and slug(name) in map(slug, (row["name"], *row.get("aliases", ())))
    ]
    assert len(found) == 1, f"{len(found)} rows of {kind} are called {name}"
    return found[0]


def test_every_row_becomes_a_record(records: list[Any]):
    assert len([r for r in records if isinstance(r, NamedRecord)]) == len(ROWS)


def test_a_page_is_one_file_and_says_how_many():
    assert [page.tally[0] for page in pages(FOLDER)] == [
        (file_name, len(found)) for file_name, found in rows(FOLDER)
    ]


@pytest.mark.parametrize(("kind", "name"), NAMED, ids=[name for _, name in NAMED])
def test_required_row_is_there_with_name_source_and_day(kind: str, name: str):
    row = named(kind, name)
    assert row["name_zh"].strip()
    assert row["summary"].strip()
    assert row["summary_zh"].strip()
    assert row["source_url"].startswith("https://")
    assert isinstance(row["checked"], date)


@pytest.mark.parametrize("name", REQUIRED["dataset"])
def test_required_dataset_says_size_splits_licence_home_and_how_to_get_it(name: str):
    row = named("dataset", name)
    assert row["size_bytes"] > 0
    assert sum(row["splits"].values()) == row["examples"] > 0
    assert row["licence"].strip()
    assert row["homepage"].startswith(("https://", "http://"))
    assert row["obtain"].strip()
    assert row["obtain_zh"].strip()


@pytest.mark.parametrize("name", REQUIRED["framework"])
def test_required_framework_says_home_code_licence_and_status(name: str):
    row = named("framework", name)
    assert row["homepage"].startswith("https://")
    assert parse_key(row["repository"]) == row["repository"].lower()
    assert row["licence"].strip()
    assert row["status"] in ("active", "maintenance", "retired")


@pytest.mark.parametrize(
    ("name", "splits", "classes"),
    [
        ("MNIST", {"train": 60_000, "test": 10_000}, 10),
        ("CIFAR-10", {"train": 50_000, "test": 10_000}, 10),
        ("CIFAR-100", {"train": 50_000, "test": 10_000}, 100),
        ("ImageNet", {"train": 1_281_167, "validation": 50_000, "test": 100_000}, 1_000),
    ],
)
def test_splits_and_classes_are_those_its_makers_state(
    name: str, splits: dict[str, int], classes: int
):
    row = named("dataset", name)
    assert (row["splits"], row["classes"]) == (splits, classes)


def test_penn_treebank_is_counted_in_tokens_as_mikolov_split_it():
    splits = named("dataset", "Penn Treebank")["splits"]
    assert sorted(splits.values()) in ([73_760, 82_430, 929_589], [3_370, 3_761, 42_068])


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_keys_of_a_kind_are_spelled_as_keys_and_all_different(kind: str):
    keys = [row["key"] for k, row in ROWS if k == kind]
    assert [key for key in keys if parse_key(key) != key] == []
    assert [key for key in keys if not key.startswith(f"{kind}:")] == []
    assert len(set(keys)) == len(keys)


def test_every_row_can_be_checked():
    wrong = [
        row["key"]
        for _, row in ROWS
        if not str(row.get("source_url")).startswith(("https://", "http://"))
        or not isinstance(row.get("checked"), date)
    ]
    assert wrong == []


def test_every_row_has_a_name_in_both_languages_and_one_line_in_each():
    lacking = [
        (row["key"], field)
        for _, row in ROWS
        for field in ("name", "name_zh", "summary", "summary_zh")
        if not str(row.get(field, "")).strip() or "\n" in str(row[field])
    ]
    assert lacking == []


def test_no_row_was_checked_before_the_project_or_after_today():
    days = [row["checked"] for _, row in ROWS] + [row["checked"] for row in METRICS]
    assert date(2026, 1, 1) <= min(days)
    assert max(days) <= date.today()


def test_name_or_alias_leads_to_one_row_of_its_kind():
    for kind in REQUIRED:
        owner: dict[str, str] = {}
        for _, row in (pair for pair in ROWS if pair[0] == kind):
            for name in {slug(name) for name in (row["name"], *row.get("aliases", ()))}:
                assert owner.setdefault(name, row["key"]) == row["key"], name


def test_keys_that_rows_refer_to_are_keys_of_the_right_kind():
    wrong = [
        (row["key"], name)
        for _, row in ROWS
        for field, kind in (("tasks", "task"), ("parents", "task"), ("parent", "dataset"))
        for name in ([row[field]] if isinstance(row.get(field), str) else row.get(field, ()))
        if KIND_OF_PREFIX.get(str(name).partition(":")[0]) != kind
    ]
    assert wrong == []


def test_papers_and_repositories_that_rows_name_are_understood():
    lost = [
        (row["key"], row[field])
        for _, row in ROWS
        for field in ("paper", "repository")
        if field in row and parse_key(row[field]) is None
    ]
    assert lost == []


def test_every_framework_with_a_repository_gives_a_repository_record(records: list[Any]):
    wanted = {r.repository for r in records if isinstance(r, FrameworkRecord) and r.repository}
    assert wanted == {r.key for r in records if isinstance(r, RepositoryRecord)}
    assert "github:pytorch/pytorch" in wanted


def test_frameworks_and_tools_and_tasks_and_topics_are_told_apart(records: list[Any]):
    roles = {r.key.partition(":")[0]: r.role for r in records if hasattr(r, "role")}
    assert roles == {"framework": "framework", "tool": "tool", "task": "task", "topic": "topic"}


def test_records_carry_our_licence_and_not_that_of_what_they_describe(records: list[Any]):
    mnist = next(r for r in records if isinstance(r, DatasetRecord) and r.name == "MNIST")
    assert mnist.licence == "Apache-2.0"
    assert mnist.data_licence
    assert {r.licence for r in records} == {"Apache-2.0"}


def test_gradient_descent_is_dated(records: list[Any]):
    found = {r.key: r.year for r in records if isinstance(r, MethodRecord)}
    assert found["method:gradient-descent"] == 1847


def test_area_of_a_task_is_one_of_its_areas(records: list[Any]):
    tasks = [r for r in records if isinstance(r, TaskRecord)]
    assert [t.key for t in tasks if not t.area or t.area not in t.areas] == []


def test_wrong_row_is_named_with_its_file(tmp_path: Path):
    for name in FILES:
        (tmp_path / name).write_text((FOLDER / name).read_text("utf-8"), "utf-8")
    (tmp_path / "tools.toml").write_text(
        '[[tool]]\nkey = "tool:x"\nname = "X"\nnonsense = 1\nchecked = 2026-11-23\n', "utf-8"
    )
    with pytest.raises(ValueError, match=r"tools\.toml: tool:x"):
        list(rows(tmp_path))


def test_metric_has_one_direction_however_it_is_spelled():
    seen: dict[str, tuple[str, str | None]] = {}
    for row in METRICS:
        for name in (row["name"], *row.get("aliases", ())):
            meant = (row["direction"], row.get("unit"))
            assert seen.setdefault(" ".join(name.split()).casefold(), meant) == meant, name


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("Accuracy", "higher"), ("accuracy", "higher"), ("Top 1 Accuracy", "higher"),
        ("BLEU", "higher"), ("F1", "higher"), ("Percentage error", "lower"), ("FID", "lower"),
        ("Test perplexity", "lower"), ("Nobody's metric", "unknown"),
    ],
)  # fmt: skip
def test_direction_of_a_metric_is_that_of_the_table_or_unknown(name: str, direction: str):
    assert knowledge.metric(name).direction == direction


def test_words_are_chinese_once_each_and_their_english_is_english() -> None:
    words = knowledge.words()
    assert len(words) > 100
    assert len({fold(word) for word in words}) == len(words)
    for word, english in words.items():
        assert re.search(f"[{CJK}]", word) and word == word.strip(), word
        assert english.isascii() and terms(english), word
