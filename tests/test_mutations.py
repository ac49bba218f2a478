"""The mutator does what it says, a trial finds a parser that breaks, and recorded answers break none."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from crawlers.records import RepositoryRecord
from crawlers.source import Answer, Page, Skip, SourceError, Step
from tests.answers import Case, recorded
from tests.loopback.tiny import tiny
from tests.mutations import Body
from tests.trials import Trial

DAY = "2026-11-23"
LIST = b"""{"total": 3, "things": [
  {"name": "lab/one", "stars": 1, "tags": ["a", "b"], "more": {"text": "x, \\"y\\" {z}"}},
  {"name": "lab/two", "stars": 2, "tags": [], "more": {"text": null}},
  {"name": "lab/three", "stars": 3, "tags": ["c"], "more": {"text": "[1]"}}
], "next": null}"""
FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
<entry><id>1</id><link rel="a" href="x>y"/><author><name>A &amp; B</name></author></entry>
<entry><id>2</id><link rel="b"/><author><name>C</name></author></entry></feed>"""


# -- the mutator -----------------------------------------------------------------------------


def test_parts_of_json_are_its_values_with_their_names():
    body = Body(LIST)
    for part in body.parts:
        value = json.loads(body.text[slice(*part.value)])
        kinds = {"{": dict, "[": list, "s": str}
        assert isinstance(value, kinds.get(part.kind, int | None)), part
        if part.name:
            assert body.text[part.start :].startswith(f'"{part.name}"')
    names = [part.name for part in body.parts if part.name]
    assert names == ["total", "things", *["name", "stars", "tags", "more", "text"] * 3, "next"]


def test_parts_of_markup_are_its_elements():
    body = Body(FEED)
    for part in body.parts:
        element = etree.fromstring(body.text[part.start : part.end])
        assert element.tag == part.name or part.name == "feed"
    assert [one.name for one in body.parts].count("link") == 2


def test_element_that_is_never_closed_is_no_part_and_hides_none():
    body = Body(b"<html><p>one<br><b>two</b><p>three</p></html>")
    assert sorted(part.name for part in body.parts) == ["b", "html", "p"]


@pytest.mark.parametrize("given", [LIST, FEED], ids=["json", "markup"])
def test_entries_are_the_largest_group_of_neighbours_that_look_alike(given: bytes):
    body = Body(given)
    assert len(body.entries) == (3 if given is LIST else 2)
    blank = body.blank(1)
    if given is LIST:
        assert [one and one["name"] for one in json.loads(blank)["things"]] == [
            "lab/one", None, "lab/three",
        ]  # fmt: skip
    else:
        assert [len(one) for one in etree.fromstring(blank)] == [0, 3, 0]


@pytest.mark.parametrize("given", [LIST, FEED, b"plain words"], ids=["json", "markup", "text"])
def test_mutants_are_those_of_their_seed_and_touch_their_entry_alone(given: bytes):
    body = Body(given)
    mutants = list(body.mutants(400, random.Random(1)))
    assert mutants == list(body.mutants(400, random.Random(1)))
    assert mutants != list(body.mutants(400, random.Random(2)))
    assert len({mutant.body for mutant in mutants}) > 100
    for mutant in mutants:
        if mutant.entry is not None:
            entry = body.entries[mutant.entry]
            before, after = (
                text.encode() for text in (body.text[: entry.start], body.text[entry.end :])
            )
            assert mutant.body.startswith(before) and mutant.body.endswith(after)


def test_ways_of_json_and_markup_all_occur():
    ways = (" = ", " dropped", " twice", " named ", " = that of ")
    for given, own in ((LIST, "[tags]"), (FEED, " bared")):
        told = [mutant.how for mutant in Body(given).mutants(600, random.Random(3))]
        for way in (*ways, own, *(f"bytes: {one}" for one in ("flip", "cut", "double", "splice"))):
            assert any(way in how for how in told), (way, given)


def test_structure_alone_leaves_most_json_well_formed():
    structural = [m for m in Body(LIST).mutants(400, random.Random(4)) if "bytes" not in m.how]
    sound = 0
    for mutant in structural:
        try:
            json.loads(mutant.body, parse_int=str)
            sound += 1
        except ValueError:
            pass
    assert sound > 0.9 * len(structural)


# -- a trial ---------------------------------------------------------------------------------


def _name(said: Any) -> str:
    name = said.get("name") if isinstance(said, dict) else None
    if not isinstance(name, str) or name.count("/") != 1 or not all(name.split("/")):
        raise ValueError("no name")
    return name


def _record(said: Any, stars: Any) -> RepositoryRecord:
    name = _name(said)
    kept = stars if isinstance(stars, int) and abs(stars) < 1e9 else None
    return RepositoryRecord(
        key=f"github:{name.lower()}", name=name, url="https://github.com", source="things",
        retrieved_at=DAY, extra={"stars": kept},
    )  # fmt: skip


def _things(body: bytes) -> list[Any]:
    try:
        things = json.loads(body, parse_int=lambda digits: int(digits[:30]))["things"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError("no list", again=True) from error
    if not isinstance(things, list):
        raise SourceError("no list")
    return things


def careful(step: Step, answer: Answer) -> Page:
    """One bad entry, one skip."""
    records, skipped = [], []
    for said in _things(answer.body):
        try:
            records.append(_record(said, said.get("stars") if isinstance(said, dict) else None))
        except ValueError as error:
            skipped.append(Skip("entry", str(error)[:50]))
    return Page(tuple(records), tuple(skipped))


def careless(step: Step, answer: Answer) -> Page:
    """Believes in its members."""
    return Page(tuple(_record(said, said["stars"]) for said in _things(answer.body)))


def strict(step: Step, answer: Answer) -> Page:
    """One bad entry, no page."""
    try:
        return careless(step, answer)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError("a bad entry") from error


def forgetful(step: Step, answer: Answer) -> Page:
    """Takes what an entry does not say from the one before it."""
    records, stars = [], None
    for said in _things(answer.body):
        stars = said.get("stars") if isinstance(said, dict) else stars
        try:
            records.append(_record(said, stars))
        except ValueError:
            continue
    if not records:
        return Page()
    by_place = [record.model_copy(update={"extra": records[0].extra}) for record in records]
    return Page(tuple(by_place))


def boastful(step: Step, answer: Answer) -> Page:
    """Says under whose terms nobody stands."""
    page = careful(step, answer)
    return replace(
        page, records=tuple(one.model_copy(update={"licence": "CC0-1.0"}) for one in page.records)
    )


def tried(parse: Callable[[Step, Answer], Page]) -> Trial:
    source = replace(tiny(), parse=parse)
    told = Trial()
    told.put(Case(source, Step("page"), Answer("u", "u", 200, {}, LIST, DAY)), 400, 1)
    assert told.mutants == 400
    return told


def test_trial_finds_nothing_where_nothing_is():
    told = tried(careful)
    assert told.broken == [] and told.held > 100 and told.pages > 200


def test_trial_finds_each_way_to_break():
    assert tried(careless).crashes
    assert tried(strict).refused and not tried(strict).crashes
    assert tried(forgetful).wrong
    assert tried(boastful).wrong


# -- recorded answers ------------------------------------------------------------------------


def test_recorded_answers_are_read_or_refused_and_their_mutants_break_no_parser(real_data: Path):
    found, told, read = list(recorded(real_data)), Trial(), 0
    for case in found:
        told.put(case, -(-1_000 // len(found)), seed=2)
        try:
            read += len(case.parse().records)
        except SourceError:
            continue
    assert {case.source.name for case in found} == {
        "arxiv_query", "arxiv_oai", "arxiv_rss", "github", "github_trending", "pwc_live",
    }  # fmt: skip
    assert read > 700
    assert told.broken == []
    assert told.mutants >= 1_000 and told.held > 150
