"""Damaged answers of paperswithcode.co, whole crawls over answers on disk, and real answers."""

import json
import random
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from crawlers.client import Client
from crawlers.crawl import Position, crawl
from crawlers.records import (
    FrameworkRecord,
    LinkRecord,
    MethodRecord,
    PaperRecord,
    RepositoryRecord,
    ResultRecord,
)
from crawlers.source import Answer, Page, SourceError, Step, Wish
from crawlers.sources.pwc_live import SOURCE, request, start
from crawlers.tape import Recorder
from tests.pwctest import (
    API,
    BOARD,
    DAY,
    FIXTURES,
    PAPERS,
    STEPS,
    entries,
    evaluation,
    listed,
    of,
    read,
    reasons,
    said,
)

# -- damage ----------------------------------------------------------------------------------

ODD: list[Any] = [
    None, True, False, 0, -1, 2**63, 10**400, 1.5, "", " ", "x", "\ud800", "\0", "a" * 5_000, [], {},
    [None], [[]], {"a": 1}, ["x", 5], "https://", "javascript:alert(1)", "0000-00-00", "\u202e",
]  # fmt: skip
SOLID = (PaperRecord, LinkRecord, RepositoryRecord, ResultRecord, FrameworkRecord, MethodRecord)


def solid(page: Page) -> set[str]:
    """What a page says of its entries one by one; boards and their names are made of several."""
    return {one.model_dump_json() for one in page.records if isinstance(one, SOLID)}


def lists(name: str) -> list[Any]:
    document = said(name)
    return (
        document["domains"][0]["categories"][0]["frameworks"]
        if name == "frameworks"
        else entries(document)
    )


def with_entries(name: str, given: list[str]) -> bytes:
    """The fixture's body with these JSON texts in place of its entries."""
    document = said(name)
    marks = [f"@{at}@" for at in range(len(given))]
    if name == "frameworks":
        document["domains"][0]["categories"][0]["frameworks"] = marks
        del document["domains"][1]
    else:
        document["results" if "results" in document else "items"] = marks
    body = json.dumps(document)
    for mark, entry in zip(marks, given, strict=True):
        body = body.replace(json.dumps(mark), entry)
    return body.encode("utf-8", "surrogatepass")


def damaged(choose: random.Random, entry: Any) -> str:
    """An entry with one of its members gone, or of another type, at any depth; or a broken text."""
    entry = deepcopy(entry)
    how = choose.randrange(4)
    if how == 3:
        text = bytearray(json.dumps(entry).encode())
        at = choose.randrange(len(text))
        text[at] = (text[at] ^ 1 << choose.randrange(7)) & 0x7F
        return text.decode()
    place, members = entry, list(entry)
    while True:
        name = choose.choice(members)
        inside = place[name]
        if not isinstance(inside, dict | list) or not inside or choose.random() < 0.5:
            break
        place = inside
        members = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
    if how == 0:
        del place[name]
    else:
        place[name] = choose.choice(ODD)
    return json.dumps(entry)


@pytest.mark.parametrize("name", STEPS)
def test_damage_in_one_entry_leaves_its_siblings_as_they_were(name: str):
    choose = random.Random(name)
    step, whole = STEPS[name], lists(name)
    texts = [json.dumps(entry) for entry in whole]
    survived = 0
    for _ in range(300):
        at = choose.randrange(len(whole))
        rest = solid(read(step, with_entries(name, [*texts[:at], "null", *texts[at + 1 :]])))
        body = with_entries(name, [*texts[:at], damaged(choose, whole[at]), *texts[at + 1 :]])
        try:
            page = read(step, body)
        except SourceError:
            continue
        survived += 1
        assert rest <= solid(page)
        assert all(one.model_dump_json() for one in page.records)
    assert survived > 150


def broken() -> Iterator[tuple[Step, bytes]]:
    choose = random.Random(3)
    for name, step in STEPS.items():
        whole = json.dumps(said(name)).encode()
        for _ in range(120):
            body = bytearray(whole)
            for _ in range(choose.choice([1, 1, 4, 30])):
                body[choose.randrange(len(body))] = choose.randrange(256)
            yield step, bytes(body)
        for _ in range(40):
            yield step, whole[: choose.randrange(len(whole))]


def test_bytes_flipped_or_cut_give_a_page_or_a_source_error():
    pages = errors = 0
    for step, body in broken():
        try:
            read(step, body)
            pages += 1
        except SourceError as error:
            assert error.why
            errors += 1
    assert pages > 50 and errors > 500


def test_page_cut_off_is_asked_for_again():
    whole = json.dumps(said("papers")).encode()
    for length in range(0, len(whole), 37):
        with pytest.raises(SourceError) as error:
            read(PAPERS, whole[:length])
        assert error.value.again


@pytest.mark.parametrize("name", ["papers", "evaluations", "datasets"])
def test_any_envelope_gives_a_page_or_a_source_error(name: str):
    pages = 0
    for odd in ODD:
        for member in (*said(name), "results", "items", "count", "total", "applied_filters"):
            body = said(name)
            body[member] = odd
            try:
                page = read(STEPS[name], body)
            except SourceError:
                continue
            pages += 1
            assert {step.kind for step in page.next} <= {name, "board"}
    assert pages > 20


# -- a whole crawl, and real answers ---------------------------------------------------------


def test_full_crawl_turns_every_page_and_ends(tmp_path: Path):
    """The real driver over answers on disk: lists of two pages, boards, and no step twice."""
    recorder = Recorder(tmp_path, ())
    many = [evaluation(40_000 - at) for at in range(120)]
    bodies = {
        "papers/": [{"count": 103, "results": listed(100)}, {"count": 103, "results": listed(3, 200)}],
        "evaluations/": [
            {"count": 120, "results": many[:100]}, {"count": 120, "results": many[100:]},
        ],
        "frameworks/": [said("frameworks")], "tasks/": [said("tasks")],
        "methods/": [said("methods")], "datasets/": [said("datasets")],
        "datasets/42/evaluations/": [said("board")],
        "datasets/7/evaluations/": [{"count": 0, "results": []}],
        "datasets/8/evaluations/": [{"count": 0, "results": []}],
    }  # fmt: skip
    assert SOURCE.base is not None
    for path, pages in bodies.items():
        kind = "board" if path.count("/") > 1 else path.strip("/")
        number = path.split("/")[1]
        for at, body in enumerate(pages, 1):
            step = Step(kind, {"page": at, "dataset": number} if kind != "frameworks" else {})
            one = request(step, API)
            answer = Answer(one.url, one.url, 200, {"content-type": "application/json"},
                            json.dumps(body).encode(), DAY)  # fmt: skip
            recorder.keep(one, answer, SOURCE.base, "paperswithcode")
    client = Client(tmp_path / "home", replay=tmp_path)
    taken = list(crawl(SOURCE, client, Position(start(Wish(full=True)))))
    assert len(taken) == 11
    assert taken[-1].position.pending == ()
    assert taken[-1].position.count == 103
    found = {(one.table_name, one.identity()) for page in taken for one in page.page.records}
    results = [identity for table, identity in found if table == "result"]
    assert len(results) == 2 * 120 + 5
    assert sum(1 for table, _ in found if table == "paper") == 103


def test_crawl_with_a_limit_ends_within_the_first_page_of_papers(tmp_path: Path):
    recorder = Recorder(tmp_path, ())
    one = request(start(Wish())[0], API)
    body = json.dumps({"count": 103, "results": listed(100)}).encode()
    answer = Answer(one.url, one.url, 200, {"content-type": "application/json"}, body, DAY)
    assert SOURCE.base is not None
    recorder.keep(one, answer, SOURCE.base, "paperswithcode")
    client = Client(tmp_path / "home", replay=tmp_path)
    taken = list(crawl(SOURCE, client, Position(start(Wish())), limit=5))
    assert [len(page.page.records) for page in taken] == [5]


def test_every_fixture_is_declared_and_none_is_called_recorded():
    index = tomllib.loads((FIXTURES / "index.toml").read_text("utf-8"))["file"]
    assert {one["name"] for one in index} == {path.name for path in FIXTURES.glob("*.json")}
    assert {one["recorded"] for one in index} == {False}


OLD = {
    "paper_list_response.json": ("papers", 50),
    "paper_method_list_response.json": ("methods", 2),
    "paper_task_list_response.json": ("tasks", 0),
}


@pytest.mark.parametrize("name", OLD)
def test_real_answers_of_the_older_interface_have_the_same_envelope(name: str, real_data: Path):
    kind, records = OLD[name]
    body = (real_data / "pwc" / "api_v1" / name).read_bytes()
    page = read(Step(kind, {"page": 1}), body)
    assert len(page.records) == records
    if kind == "papers":
        first = of(PaperRecord, page)[0]
        assert (first.key, first.published) == ("url:pnas.org/content/79/8/2554", "1982-01-15")
        assert first.authors == ["J J Hopfield"]
        assert [step.said for step in page.next] == [{"page": 2}]
        assert page.whole == ()
    if kind == "methods":
        assert [one.key for one in of(MethodRecord, page)] == ["method:gan", "method:convolution"]


def test_real_results_of_the_older_interface_name_no_task_and_make_no_row(real_data: Path):
    body = (real_data / "pwc" / "api_v1" / "paper_result_list.json").read_bytes()
    page = read(BOARD, body)
    assert (page.records, reasons(page)) == ((), ["task_name: missing"] * 2)
    assert page.whole == ()


def test_real_single_paper_of_the_older_interface_is_no_list(real_data: Path):
    body = (real_data / "pwc" / "api_v1" / "paper_get_response.json").read_bytes()
    with pytest.raises(SourceError, match="no list of results"):
        read(Step("papers", {"page": 1}), body)
