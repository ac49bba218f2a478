"""What every source makes of bodies that are damaged, hostile, or of somebody else.

Pages or SourceErrors, never a record that nobody stated; text that is kept commands nothing. What a
source promises of good answers stands in test_every_network_source.py.
"""

import json
import re
import time
from dataclasses import replace
from xml.sax.saxutils import escape

import pytest

from crawlers.source import Page, Source, SourceError
from tests.answers import ASKED, Case, cases
from tests.mutations import Body, Part
from tests.trials import Trial, facts, texts_in, unfit

asked = pytest.mark.parametrize("source", ASKED, ids=lambda source: source.name)

OTHERS = {
    ("github", "readme"): "a README is anybody's text",
    ("pwc_live", "papers"): "a list without a count is read, and a search on GitHub looks the same",
    ("pwc_live", "tasks"): "the same",
    ("pwc_live", "methods"): "the same",
    ("pwc_live", "datasets"): "the same",
}
"""Kinds of answers that other sources' bodies may be taken for, and why."""

MALFORMED: dict[str, bytes] = {
    "empty": b"", "blank": b" \r\n\t", "NUL": bytes(200), "words": b"Rate exceeded.", "noise": bytes(range(256)),
    "HTML": b"<!DOCTYPE html>\n<html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>",
    "null": b"null", "true": b"true", "0": b"0", "text": b'"text"', "[]": b"[]", "{}": b"{}", "[null]": b"[null]",
    "[{}]": b"[{}]", "[[]]": b"[[]]", "message": b'{"message": ["x"], "items": {"a": 1}, "results": 5}',
    "types": b'{"count": "x", "results": {}, "data": [], "paper": 5, "id": {}, "full_name": 7, "files": []}',
    "deep list": b"[" * 100_000, "deep closed list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deep XML": b"<a>" * 10_000,
    "deep closed XML": b"<a>" * 10_000 + b"</a>" * 10_000, "digits": b"7" * 5_000,
    "digits inside": b'{"count": ' + b"7" * 5_000 + b', "results": []}', "NaN": b'[NaN, -Infinity, 1e999]',
    "surrogate": b'{"id": "\\ud800", "name": "\\udfff"}', "raw surrogate": b'{"id": "\xed\xa0\x80"}',
    "UTF-16": '{"count": 1, "results": [{}]}'.encode("utf-16"), "UTF-16 XML": "<feed/>".encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32"), "latin-1": b'{"title": "\xe9\xff"}', "gzip": b"\x1f\x8b\x08\x00" + bytes(40),
    "XML": b"<?xml version='1.0'?><x/>", "other charset": b'<?xml version="1.0" encoding="ebcdic-cp-us"?><feed/>',
    "empty feed": b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "empty list": b"<OAI-PMH><ListRecords/></OAI-PMH>",
    "empty RSS": b'<rss version="2.0"><channel><title>x</title><item/></channel></rss>', "PDF": b"%PDF-1.7\n%\xe2\xe3",
    "entities": b"<!DOCTYPE feed [<!ENTITY a 'b'>]><feed><entry><title>&a;</title></entry></feed>",
}  # fmt: skip


def taken(case: Case, body: bytes, status: int | None = None) -> Page | None:
    """The page; None when the body is refused with a reason."""
    assert case.source.parse is not None
    answer = replace(case.answer, body=body, status=status or case.answer.status)
    try:
        return case.source.parse(case.step, answer)
    except SourceError as error:
        assert error.why.strip() and not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", error.why)
        assert len(error.why) < 400
        return None


@asked
@pytest.mark.parametrize("name", MALFORMED)
def test_body_of_nobody_gives_no_record(source: Source, name: str):
    for case in cases(source):
        page = taken(case, MALFORMED[name])
        assert page is None or (page.records, page.whole) == ((), ()), case


@asked
def test_answer_that_was_cut_off_gives_no_record(source: Source):
    for case in cases(source):
        body = case.answer.body.rstrip()
        form = Body(body).form
        for length in range(0, len(body) - 1, max(1, len(body) // 40)):
            page = taken(case, body[:length])
            assert page is None or page.records == (), (case, length)
            if case.answer.status == 200:
                assert page is None or form == "text", (case, length)


@asked
def test_answer_in_another_charset_is_refused_or_read_as_it_was(source: Source):
    for case in cases(source):
        said = case.answer.body.decode()
        for charset in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp037"):
            page = taken(case, said.encode(charset))
            assert page is None or facts(page) == facts(case.parse()) or not page.records, (
                case,
                charset,
            )
        page = taken(case, said.encode("utf-8-sig"))
        assert page is not None or case.step.kind == "page", case


@asked
def test_answer_of_another_source_gives_no_record(source: Source):
    theirs = [case for other in ASKED if other.name != source.name for case in cases(other)]
    for case in cases(source):
        if (source.name, case.step.kind) in OTHERS:
            continue
        for their in theirs:
            page = taken(case, their.answer.body)
            assert page is None or (page.records, page.whole) == ((), ()), (case, their)


# -- hostile text ----------------------------------------------------------------------------

VISIBLE = "[/x]<script>y</script>&#27;"
PLANT = f" PLANTED \x1b]0;EVIL\x07\x1b[2J\x9b31m\u202e\x00{VISIBLE} END"
SHOWN = {"title", "abstract", "comment", "description", "model_name", "paper_title", "name"}
"""Fields that hold a text as it was printed."""


def planted(body: Body, part: Part) -> bytes | None:
    """The body with the plant at the end of one text; None where there is no text."""
    begin, end = part.value
    if body.form == "json":
        if part.kind != "s":
            return None
        return body.put(begin, end, json.dumps(json.loads(body.text[begin:end]) + PLANT))
    return body.put(end, end, escape(PLANT))


@asked
def test_hostile_text_stays_text_and_loses_what_is_active(source: Source):
    whole: set[str] = set()
    for case in cases(source):
        body = Body(case.answer.body)
        rest = [part for entry in body.entries[2:] for part in entry.all()]
        for part in body.parts:
            if body.form == "text" or part.inside or any(part is one for one in rest):
                continue
            hostile = planted(body, part)
            page = taken(case, hostile) if hostile else None
            if page is None:
                continue
            assert unfit(page, source, case.answer.day) is None, (case, part.name)
            for record in page.records:
                for name in SHOWN & set(type(record).model_fields):
                    for text in texts_in(getattr(record, name)):
                        if "PLANTED" in text:
                            assert VISIBLE in text, (case, part.name, text)
                            whole.add(name)
    assert whole


@asked
@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
def test_number_that_is_none_becomes_no_text(source: Source, number: str):
    for case in cases(source):
        body = Body(case.answer.body)
        rest = [part for entry in body.entries[2:] for part in entry.all()]
        for part in body.parts:
            if body.form != "json" or part.kind != "s" or any(part is one for one in rest):
                continue
            page = taken(case, body.put(*part.value, number))
            for record in page.records if page else ():
                said = {name: one for name, one in record if name not in ("value_text", "extra")}
                assert number not in set(texts_in(said)), (case, part.name)


# -- much of it ------------------------------------------------------------------------------


@asked
@pytest.mark.parametrize("word", ["x", "("])
def test_long_word_in_any_text_ends_in_time(source: Source, word: str):
    """100,000 characters without a blank: a pattern that begins anew at each of them takes minutes."""
    for case in cases(source):
        body = Body(case.answer.body)
        parts = [part for part in (body.entries or [body.tree])[0].all() if not part.inside]
        for part in {part.name: part for part in parts}.values():
            text = word * (100_000 // len(word))
            put = json.dumps(text) if body.form == "json" else escape(text)
            hostile = body.put(*part.value, put) if body.form != "text" else text.encode()
            began = time.process_time()
            taken(case, hostile)
            assert time.process_time() - began < 12, (case, part.name)


MUTANTS = 150
"""Of each answer."""


@asked
def test_mutants_break_no_parser(source: Source):
    """More of them, of recorded answers, in `python -m tests.bench --only mutations`."""
    found, told = cases(source), Trial()
    for case in found:
        told.put(case, MUTANTS, seed=1)
    assert told.broken == []
    assert told.mutants == MUTANTS * len(found)
    assert told.pages > told.mutants // 3 and told.held > 40
