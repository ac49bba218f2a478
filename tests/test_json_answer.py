"""What reading a JSON answer promises: a damaged body is no answer, an odd member spoils itself only."""

import json

import pytest

from crawlers import json_answer
from crawlers.json_answer import Unfit, day, document, flag, integer, listing, mapping, text, texts
from crawlers.source import Answer, SourceError


def answer(body: bytes | str) -> Answer:
    packed = body.encode() if isinstance(body, str) else body
    return Answer("u", "u", 200, {}, packed, "2026-11-23")


WHOLE = json.dumps({"title": "Café – 小", "n": [1, 2.5, True, None], "deep": {"a": [{}]}}).encode()


def test_body_cut_off_anywhere_is_asked_for_again():
    for length in range(len(WHOLE)):
        with pytest.raises(SourceError) as error:
            document(answer(WHOLE[:length]))
        assert error.value.again, length


def test_body_cut_off_inside_a_character_is_asked_for_again():
    body = json.dumps({"title": "小小小"}, ensure_ascii=False).encode()
    for length in range(11, 20):
        with pytest.raises(SourceError) as error:
            document(answer(body[:length]))
        assert error.value.again, length


def test_body_with_a_lone_surrogate_cut_off_later_is_asked_for_again():
    with pytest.raises(SourceError) as error:
        document(answer('{"a": "\\ud800", "b": "unfinis'))
    assert error.value.again


@pytest.mark.parametrize("body", ["<html>no</html>", "Rate exceeded.", '{"a" 1}', "{'a': 1}"])
def test_body_that_is_another_thing_is_not_asked_for_again(body: str):
    with pytest.raises(SourceError) as error:
        document(answer(body))
    assert (error.value.why, error.value.again) == ("the answer is not JSON", False)


@pytest.mark.parametrize("depth", [1_100, 100_000])
def test_body_nested_without_end_is_no_answer(depth: int):
    with pytest.raises(SourceError, match="nested too deeply"):
        document(answer("[" * depth + "]" * depth))


def test_body_that_is_not_utf_8_is_no_answer():
    with pytest.raises(SourceError, match="not UTF-8"):
        document(answer(b'{"title": "caf\xe9"}'))


def test_byte_order_mark_is_passed_over():
    assert mapping(answer(b"\xef\xbb\xbf" + WHOLE))["title"] == "Café – 小"


def test_lone_surrogate_and_numbers_that_are_none_leave_the_rest_readable():
    said = mapping(answer('{"a": "\\ud800x", "b": NaN, "c": 1e999, "d": 7, "e": -Infinity}'))
    assert said == {"a": "\ud800x", "b": "NaN", "c": "1e999", "d": 7, "e": "-Infinity"}


def test_whole_number_of_thousands_of_digits_leaves_the_rest_readable():
    said = mapping(answer('{"a": ' + "9" * 5_000 + ', "b": 7}'))
    assert integer(said, "b") == 7
    with pytest.raises(Unfit):
        integer(said, "a")


def test_object_and_list_are_not_mistaken_for_each_other():
    assert listing(answer("[1]")) == [1]
    for read, body in ((mapping, "[]"), (listing, "{}"), (mapping, "null"), (listing, '"x"')):
        with pytest.raises(SourceError, match="is not"):
            read(answer(body))


def test_missing_null_and_blank_members_are_unknown():
    said = {"a": None, "b": "  ", "c": []}
    assert [text(said, "a"), text(said, "b"), text(said, "z"), integer(said, "a")] == [None] * 4
    assert [flag(said, "a"), flag(said, "z"), day(said, "b"), texts(said, "a")] == [
        None, None, None, [],
    ]  # fmt: skip


def test_members_of_their_type_are_given():
    said = {"t": " a ", "n": 0, "f": False, "d": "2026-08-03T17:59:59.000Z", "l": ["a ", " "]}
    assert (text(said, "t"), integer(said, "n"), flag(said, "f")) == ("a", 0, False)
    assert (day(said, "d"), texts(said, "l")) == ("2026-08-03", ["a"])


@pytest.mark.parametrize(
    ("read", "value", "why"),
    [
        (text, 5, "x: not a text"), (text, ["a"], "x: not a text"), (text, False, "x: not a text"),
        (integer, True, "x: not a whole number"), (integer, 1.0, "x: not a whole number"),
        (integer, "5", "x: not a whole number"), (integer, 2**63, "x: too large"),
        (flag, 1, "x: neither true nor false"), (flag, "true", "x: neither true nor false"),
        (day, "yesterday", "x: not a date"), (day, "2026-02-30", "x: no such day"),
        (day, 20260203, "x: not a text"), (day, "2026-02-03x", "x: not a date"),
        (texts, "a", "x: not a list"), (texts, ["a", 5], "x: not texts"),
        (json_answer.inner, [], "x: not an object"), (json_answer.many, {}, "x: not a list"),
    ],
)  # fmt: skip
def test_member_of_another_type_is_unfit_and_its_value_stays_unsaid(read, value, why):
    with pytest.raises(Unfit) as error:
        read({"x": value}, "x")
    assert str(error.value) == why
