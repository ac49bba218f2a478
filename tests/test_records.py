"""What a record promises: frozen, complete, clean, and refused when it is not."""

from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from crawlers.records import (
    CONFIDENCE,
    MAX_LINE,
    MAX_TEXT,
    RECORDS,
    AliasRecord,
    BoardRecord,
    DatasetRecord,
    LibraryRecord,
    LinkRecord,
    PaperRecord,
    Record,
    ResultRecord,
    SnapshotRecord,
    TaskNodeRecord,
    TaskRecord,
)

SAID = {"source": "curated", "retrieved_at": "2026-11-23"}
PAPER = {"key": "arxiv:1512.03385", "title": "Deep Residual Learning", **SAID}


def paper(**changed: Any) -> PaperRecord:
    return PaperRecord(**(PAPER | changed))


def test_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        paper().title = "Another"  # type: ignore[misc]


@pytest.mark.parametrize("table", sorted(RECORDS))
def test_unknown_field_is_refused_by_every_record(table: str):
    with pytest.raises(ValidationError, match="extra"):
        RECORDS[table](**SAID, nonsense=1)


@pytest.mark.parametrize("table", sorted(RECORDS))
def test_record_without_its_key_is_refused(table: str):
    with pytest.raises(ValidationError):
        RECORDS[table](**SAID)


@pytest.mark.parametrize("name", ["key", "title", "source", "retrieved_at"])
@pytest.mark.parametrize("empty", [None, "", "  ", "\u200b\x1b[0m"])
def test_required_text_that_is_empty_is_refused(name: str, empty: str | None):
    with pytest.raises(ValidationError):
        paper(**{name: empty})


@pytest.mark.parametrize("name", ["abstract", "venue", "comment", "doi", "url", "source_url"])
@pytest.mark.parametrize("empty", ["", " \n ", "\u202e\x00"])
def test_optional_text_that_is_empty_is_unknown(name: str, empty: str):
    assert getattr(paper(**{name: empty}), name) is None


def test_empty_names_in_a_list_are_left_out():
    assert paper(authors=["Kaiming He", "", " ", "\x00"]).authors == ["Kaiming He"]


@pytest.mark.parametrize(
    "wrong",
    [{"title": 5}, {"title": ["x"]}, {"authors": "He"}, {"authors": [5]}, {"version": "two"},
     {"extra": []}, {"published": 2015}, {"abstract": {}}],
)  # fmt: skip
def test_value_of_another_type_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        paper(**wrong)


def test_text_of_a_record_is_clean():
    record = paper(
        title="[CLS] \x1b]0;EVIL\x07Deep\n  Residual\u202e",
        abstract="one\x9b2J\r\ntwo\ud800",
        authors=["Kaiming\x00 He"],
        extra={"na\x1b[1mme": ["\x1b]52;c;RVZJTA==\x07x", {"a": "\u2066y"}]},
    )
    assert record.title == "[CLS] Deep Residual"
    assert record.abstract == "one\ntwo"
    assert record.authors == ["Kaiming He"]
    assert record.extra == {"name": ["x", {"a": "y"}]}


def test_names_of_splits_are_clean():
    record = DatasetRecord(key="dataset:x", name="X", splits={"tr\x1b[2Jain": 5}, **SAID)
    assert record.splits == {"train": 5}


def test_origins_of_fields_are_clean():
    said = {"title": ["arxiv\x1b]0;EVIL\x07", "2026-01-01", None, "https://x.org/\u202e"]}
    assert paper(field_sources=said).field_sources == {
        "title": ["arxiv", "2026-01-01", None, "https://x.org/"]
    }


def test_unknown_field_nested_deep_is_kept_or_refused():
    nest: list[Any] = []
    for _ in range(900):
        nest = [nest]
    try:
        assert paper(extra={"a": nest}).extra
    except ValidationError as refused:
        assert "extra" in str(refused)


@pytest.mark.parametrize(
    "day", ["2020-02-30", "2020-13-01", "2020-00-10", "0000-01-01", "2020-1-1", "2020", "soon",
            "２０２０-01-01", "20200101", "", "1 Jan 2020", "2021-02-29"],
)  # fmt: skip
def test_day_that_does_not_exist_is_refused(day: str):
    with pytest.raises(ValidationError):
        paper(published=day)


@pytest.mark.parametrize(
    "day",
    ["2020-02-29", "2020-02-29T23:59:59Z", " 2020-02-29 ", date(2020, 2, 29),
     datetime(2020, 2, 29, 12, 0)],
)  # fmt: skip
def test_day_is_kept_as_year_month_and_day(day: Any):
    assert paper(published=day).published == "2020-02-29"


def test_title_at_the_limit_is_kept_and_one_beyond_is_refused():
    assert len(paper(title="x" * MAX_LINE).title) == MAX_LINE
    with pytest.raises(ValidationError, match="longer than"):
        paper(title="x" * (MAX_LINE + 1))


def test_abstract_at_the_limit_is_kept_and_one_beyond_is_refused():
    assert len(paper(abstract="x" * MAX_TEXT).abstract or "") == MAX_TEXT
    with pytest.raises(ValidationError, match="longer than"):
        paper(abstract="x" * (MAX_TEXT + 1))


def test_one_author_that_is_too_long_is_refused():
    with pytest.raises(ValidationError, match="longer than"):
        paper(authors=["He", "x" * (MAX_LINE + 1)])


@pytest.mark.parametrize("key", ["1512.03385", "resnet", "foo:bar", ":x", "http://x.org", "arxiv:"])
def test_text_that_is_no_key_is_refused(key: str):
    with pytest.raises(ValidationError):
        paper(key=key)


@pytest.mark.parametrize("name", ["paper", "repository"])
def test_both_ends_of_a_link_are_keys(name: str):
    link = {
        "paper": "arxiv:1512.03385", "repository": "github:a/b", "evidence": "abstract",
        "url": "https://github.com/a/b", **SAID,
    }  # fmt: skip
    assert LinkRecord(**link).identity() == (
        "arxiv:1512.03385", "github:a/b", "abstract", "curated",
    )  # fmt: skip
    with pytest.raises(ValidationError):
        LinkRecord(**(link | {name: "no key"}))


@pytest.mark.parametrize(
    ("cls", "fields"),
    [
        (TaskRecord, {"key": "task:x", "name": "X", "role": "chore"}),
        (SnapshotRecord, {"repository": "github:a/b", "day": "2026-01-01", "stars": -1}),
        (DatasetRecord, {"key": "dataset:x", "name": "X", "year": 20200}),
        (DatasetRecord, {"key": "dataset:x", "name": "X", "examples": -5}),
        (DatasetRecord, {"key": "dataset:x", "name": "X", "splits": {"train": "many"}}),
        (TaskNodeRecord, {"path": "x", "task": "task:x", "position": -1}),
        (AliasRecord, {"alias": "x", "key": "arxiv:1512.03385"}),
        (
            LinkRecord,
            {
                "paper": "arxiv:1512.03385",
                "repository": "github:a/b",
                "evidence": "rumour",
                "url": "x",
            },
        ),
    ],
)
def test_value_outside_its_range_is_refused(cls: type[Record], fields: dict[str, Any]):
    with pytest.raises(ValidationError):
        cls(**fields, **SAID)


def test_zero_is_zero_and_none_is_unknown():
    known = SnapshotRecord(repository="github:a/b", day="2026-01-01", stars=0, **SAID)
    assert (known.stars, known.forks) == (0, None)


def test_number_of_a_result_keeps_its_text_beside_its_value():
    result = ResultRecord(
        key="r1", board="board:x/y", row="r", position=0, task="task:x", dataset="dataset:y",
        metric="Accuracy", value_text="99.50", value=99.5, **SAID,
    )  # fmt: skip
    assert (result.value_text, result.value, result.direction) == ("99.50", 99.5, "unknown")


def test_lists_of_two_records_are_not_shared():
    one, other = paper(), paper()
    one.authors.append("He")
    assert other.authors == []


def test_every_record_names_one_table_and_its_key_fields():
    for table, cls in RECORDS.items():
        assert cls.table_name == table
        assert set(cls.key_fields) <= set(cls.model_fields)


def test_trust_in_every_kind_of_evidence_lies_between_nothing_and_certainty():
    for evidence, confidence in CONFIDENCE.items():
        link = LinkRecord(
            paper="arxiv:1512.03385", repository="github:a/b", evidence=evidence,
            url="https://github.com/a/b", confidence=confidence, **SAID,
        )  # fmt: skip
        assert 0 < (link.confidence or 0) < 1


def test_board_says_its_metrics_in_printed_order():
    board = BoardRecord(
        key="board:x/y", task="task:x", dataset="dataset:y", name="Y", metrics=["B", "A"], **SAID
    )
    assert board.metrics == ["B", "A"]


def test_line_of_a_library_tolerates_fields_of_a_newer_hub():
    line = {"key": "arxiv:1512.03385", "added_at": "2026-01-01T00:00:00Z",
            "changed_at": "2026-01-01T00:00:00Z", "colour": "red"}  # fmt: skip
    assert LibraryRecord(**line).favourite is False
