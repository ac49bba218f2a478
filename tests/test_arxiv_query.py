"""What the query API's source promises: unknown is said, empty is never believed against its word."""

import json
import random
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from lxml import etree

from crawlers.records import LinkRecord, NoticeRecord, PaperRecord
from crawlers.source import MAX_REASON, Answer, Page, Scope, Skip, SourceError, Step, Wish
from crawlers.sources.arxiv_query import SOURCE, parse, plan, request, start, terms

FIXTURES = Path(__file__).parent / "fixtures" / "arxiv_query"
BASE = "https://export.arxiv.org/api/query"
DAY = "2026-04-12"
TWO = Step("ids", {"ids": ["1512.03385", "math/0309136"]})
JANUARY = Step("search", {
    "query": "(cat:cs.LG)", "start": 0, "size": 200, "from": "202401010000", "until": "202401312359",
})  # fmt: skip


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer(BASE, BASE, status, {"content-type": "application/atom+xml"}, body, DAY)


def page(name: str, step: Step = TWO, status: int = 200) -> Page:
    return parse(step, answer((FIXTURES / name).read_bytes(), status))


def papers(found: Page) -> dict[str, PaperRecord]:
    return {one.key: one for one in found.records if isinstance(one, PaperRecord)}


def entry(number: int, more: str = "", day: str = "2024-01-15", name: str = "") -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/{name or f'2401.{number:05}v1'}</id>"
        f"<title>Paper {number}</title><published>{day}T10:00:00Z</published>"
        f"<updated>{day}T10:00:00Z</updated>{more}</entry>"
    )


def feed(entries: str, total: object, start: object = 0) -> bytes:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<opensearch:totalResults>{total}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
    ).encode()


def entries(first: int, count: int) -> str:
    return "".join(entry(number) for number in range(first, first + count))


def search(**said: Any) -> Step:
    return Step("search", {**JANUARY.said, **said})


# -- what is asked for -------------------------------------------------------------------------


def test_papers_are_asked_for_by_name_a_hundred_at_a_time():
    keys = tuple(f"arxiv:2401.{number:05}v2" for number in range(1, 251))
    steps = start(Wish(keys=(*keys, "https://arxiv.org/abs/math.GT/0309136", keys[0])))
    assert [step.kind for step in steps] == ["ids"] * 3
    assert [len(step.said["ids"]) for step in steps] == [100, 100, 51]
    assert steps[2].said["ids"][-1] == "math/0309136"


def test_what_is_no_arxiv_paper_is_not_asked_for():
    assert start(Wish(keys=("github:owner/name", "doi:10.1/x", "nonsense"))) == ()


def test_all_papers_of_a_step_are_wanted_not_only_the_first_ten():
    assert parse_qsl(urlsplit(request(TWO, BASE).url).query) == [
        ("id_list", "1512.03385,math/0309136"), ("max_results", "2"),
    ]  # fmt: skip


def test_search_is_a_window_of_whole_days_oldest_first():
    (step,) = start(Wish(categories=("cs.LG", "hep-th", "stat"), since="2024-01-01",
                         until="2024-01-31"))  # fmt: skip
    assert dict(parse_qsl(urlsplit(request(step, BASE).url).query)) == {
        "search_query": "(cat:cs.LG OR cat:hep-th OR cat:stat.*) AND "
                        "submittedDate:[202401010000 TO 202401312359]",
        "start": "0", "max_results": "200", "sortBy": "submittedDate", "sortOrder": "ascending",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "query"),
    [
        (Wish(since="2024-01-01"), "submittedDate:[202401010000 TO 209912312359]"),
        (Wish(until="2024-01-01"), "submittedDate:[199101010000 TO 202401012359]"),
        (Wish(query="graph", categories=("cs.LG",)), "(all:graph) AND (cat:cs.LG)"),
        (Wish(query="ti:graph", since="2024-01-01"),
         "(ti:graph) AND submittedDate:[202401010000 TO 209912312359]"),
    ],
)  # fmt: skip
def test_window_open_on_one_side_has_an_end_all_the_same(wish: Wish, query: str):
    (step,) = start(wish)
    assert parse_qs(urlsplit(request(step, BASE).url).query)["search_query"] == [query]


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("graph neural networks", "all:graph AND all:neural AND all:networks"),
        ('"graph neural" networks', 'all:"graph neural" AND all:networks'),
        ("self-supervised", 'all:"self-supervised"'),
        ("cats OR dogs", "all:cats OR all:dogs"),
        ("AND cats ANDNOT dogs AND", "all:cats ANDNOT all:dogs"),
        ("ti:attention AND au:vaswani", "ti:attention AND au:vaswani"),
        ("图 网络", "all:图 AND all:网络"),
        ("(a), (b): c", "all:a AND all:b AND all:c"),
    ],
)
def test_plain_words_must_all_be_there(query: str, read: str):
    assert terms(query) == read


@pytest.mark.parametrize("query", ["()", "AND", ' ,"" '])
def test_query_without_a_word_is_refused(query: str):
    with pytest.raises(SourceError, match="no word"):
        start(Wish(query=query))


def test_few_matches_of_an_undated_query_are_the_best_not_the_oldest():
    (step,) = start(Wish(query="attention", limit=50))
    asked = parse_qs(urlsplit(request(step, BASE).url).query)
    assert (asked["sortBy"], asked["sortOrder"]) == (["relevance"], ["descending"])
    assert parse(step, answer(feed(entries(1, 200), 214_881))).next == ()


def test_day_that_never_was_is_refused():
    with pytest.raises(SourceError, match="not a day"):
        start(Wish(query="x", since="2024-02-30"))


def test_same_question_is_not_asked_twice_a_day():
    assert request(TWO, BASE).fresh_for == request(JANUARY, BASE).fresh_for == 86_400


# -- papers by id ------------------------------------------------------------------------------


def test_entry_becomes_a_paper_with_every_field_in_its_place():
    assert papers(page("two.xml"))["arxiv:1512.03385"].model_dump() == {
        "key": "arxiv:1512.03385",
        "title": "Deep Residual Learning for Image Recognition",
        "abstract": "Depth helps when a < b. See https://github.com/Owner/second.",
        "authors": ["Kaiming He", "Jörg Gross"],
        "published": "2015-12-10",
        "updated": "2015-12-10",
        "version": 1,
        "categories": ["cs.CV", "cs.AI"],
        "tasks": [],
        "methods": [],
        "venue": "Made-up Proceedings (2016)",
        "comment": "Tech report; code at https://github.com/Owner/residual",
        "doi": "10.1109/CVPR.2016.90",
        "text_licence": None,
        "url": None,
        "source": "arxiv_query",
        "source_url": "https://arxiv.org/abs/1512.03385",
        "retrieved_at": DAY,
        "licence": "CC0-1.0",
        "extra": {
            "affiliations": {"Kaiming He": ["A Company", "A University"]},
            "classes": ["I.4.8; I.2.6"],
        },
        "field_sources": {},
    }


def test_code_of_comment_and_abstract_is_linked_and_that_is_all_its_code():
    found = page("two.xml")
    assert [
        (one.repository, one.evidence) for one in found.records if isinstance(one, LinkRecord)
    ] == [("github:owner/residual", "comment"), ("github:owner/second", "abstract")]
    assert [scope for scope in found.whole if scope.table == "link"] == [
        Scope("link", "paper", key, "arxiv_query")
        for key in ("arxiv:1512.03385", "arxiv:math/0309136")
    ]


def test_withdrawn_paper_is_noted_with_the_day_of_its_last_version():
    found = page("two.xml")
    assert [(one.key, one.day) for one in found.records if isinstance(one, NoticeRecord)] == [
        ("arxiv:math/0309136", "2004-02-03")
    ]
    assert found.tally == (("papers", 2), ("withdrawn", 1))


def test_id_that_did_not_come_back_is_unknown():
    found = page("two.xml", Step("ids", {"ids": ["1512.03385", "2001.99999", "math/0309136"]}))
    assert len(papers(found)) == 2
    assert found.skipped == (Skip("arxiv:2001.99999", "unknown id"),)


def test_answer_without_entries_makes_every_id_unknown():
    found = page("nothing.xml", Step("ids", {"ids": ["2001.99999", "2001.99998"]}))
    assert found.records == ()
    assert [skip.reason for skip in found.skipped] == ["unknown id"] * 2


def test_paper_nobody_asked_for_is_not_kept():
    found = page("two.xml", Step("ids", {"ids": ["1512.03385"]}))
    assert list(papers(found)) == ["arxiv:1512.03385"]
    assert [skip.reason for skip in found.skipped] == ["not asked for"]


def test_fewer_papers_than_the_feed_counts_are_asked_for_again():
    step = Step("ids", {"ids": ["2401.00001", "2401.00002"]})
    with pytest.raises(SourceError) as caught:
        parse(step, answer(feed(entry(1), 2)))
    assert caught.value.again


def test_one_id_that_arxiv_cannot_read_costs_the_others_a_request():
    step = Step("ids", {"ids": ["1512.03385", "foo/0101001", "math/0309136"]})
    found = page("bad_id.xml", step, 400)
    assert found.skipped == (Skip("arxiv:foo/0101001", "no id to arXiv"),)
    assert found.next == (TWO,)


@pytest.mark.parametrize("status", [200, 400])
def test_error_that_comes_as_a_feed_is_an_error(status: int):
    with pytest.raises(SourceError) as caught:
        page("bad_id.xml", Step("ids", {"ids": ["foo/0101001"]}), status)
    assert caught.value.why == "arXiv refuses: incorrect id format for foo/0101001"
    assert not caught.value.again


def test_long_and_coloured_reason_is_made_short_and_plain():
    body = (
        "<feed><entry><id>https://arxiv.org/api/errors#x</id>"
        f"<summary>&#27;[31mmax_results{'!' * 900}</summary></entry></feed>"
    )
    with pytest.raises(SourceError) as caught:
        parse(JANUARY, answer(body.encode(), 400))
    assert caught.value.why.startswith("arXiv refuses: [31mmax_results!!!")
    assert len(caught.value.why) == len("arXiv refuses: ") + MAX_REASON


def test_refusal_without_a_reason_is_one():
    with pytest.raises(SourceError, match="status 400"):
        parse(JANUARY, answer(feed(entries(1, 2), 2), 400))


# -- searches ----------------------------------------------------------------------------------


def test_search_is_read_page_by_page_to_its_end():
    steps = [JANUARY]
    keys: set[str] = set()
    while steps:
        first = steps[0].said["start"]
        body = feed(entries(first, min(200, 450 - first)), 450, first)
        found = parse(steps.pop(0), answer(body))
        keys |= set(papers(found))
        steps += found.next
    assert len(keys) == 450


def test_search_without_a_match_is_an_empty_page():
    found = parse(JANUARY, answer(feed("", 0)))
    assert (found.records, found.next, found.tally) == ((), (), (("papers", 0),))


@pytest.mark.parametrize(("first", "count"), [(0, 0), (0, 199), (200, 0), (200, 99)])
def test_page_with_less_than_it_promises_is_asked_for_again(first: int, count: int):
    with pytest.raises(SourceError) as caught:
        parse(search(start=first), answer(feed(entries(first, count), 300, first)))
    assert caught.value.again


def test_page_from_another_place_is_asked_for_again():
    with pytest.raises(SourceError) as caught:
        parse(search(start=200), answer(feed(entries(1, 200), 450, 0)))
    assert caught.value.again


@pytest.mark.parametrize(
    ("first", "last", "parting"),
    [
        ("202401010000", "202401312359", "202401160000"),
        ("202401010000", "202401022359", "202401020000"),
        ("202401010000", "202401012359", "202401011200"),
        ("202401011100", "202401012359", "202401011700"),
        ("202401011100", "202401011200", "202401011130"),
        ("202401011130", "202401011132", "202401011131"),
    ],
)
def test_crowded_window_is_cut_in_half(first: str, last: str, parting: str):
    step = Step("search", {**JANUARY.said, "from": first, "until": last})
    crowd = "".join(entry(number, day="2024-01-01") for number in range(1, 201))
    found = parse(step, answer(feed(crowd, 2_001)))
    assert [(one.said["from"], one.said["until"]) for one in found.next] == [
        (first, parting), (parting, last),
    ]  # fmt: skip
    assert found.records == ()
    assert found.tally == (("windows cut in half", 1),)


def test_search_without_days_is_cut_between_arxiv_s_beginning_and_today():
    step = Step("search", {"query": "(all:x)", "start": 0, "size": 200})
    found = parse(step, answer(feed(entries(1, 200), 214_881)))
    assert found.next[0].said["from"] == "199101010000"
    assert found.next[1].said["until"] == "202604122359"


def test_two_minutes_that_cannot_be_parted_are_read_on():
    step = Step("search", {**JANUARY.said, "from": "202401151000", "until": "202401151001"})
    found = parse(step, answer(feed(entries(1, 200), 2_500)))
    assert (len(papers(found)), found.next[0].said["start"]) == (200, 200)
    with pytest.raises(SourceError, match="dates were ignored"):
        parse(step, answer(feed(entries(1, 200), 30_001)))


def test_cutting_a_window_ends_at_two_minutes_however_many_papers_are_claimed():
    step, cuts = JANUARY, 0
    while halves := _halves_of(step):
        step, cuts = halves[0], cuts + 1
    assert (step.said["from"], step.said["until"]) == ("202401010000", "202401010001")
    assert 10 < cuts < 25


def _halves_of(step: Step) -> tuple[Step, ...]:
    try:
        return parse(step, answer(feed("", 100_000))).next
    except SourceError as error:
        assert "the dates were ignored" in error.why
        return ()


def test_papers_of_other_days_than_asked_for_are_not_believed():
    late = Step("search", {**JANUARY.said, "from": "202403010000", "until": "202403312359"})
    with pytest.raises(SourceError, match="dates were ignored"):
        parse(late, answer(feed(entries(1, 3), 3)))
    assert len(papers(parse(JANUARY, answer(feed(entries(1, 3), 3))))) == 3


@pytest.mark.parametrize("total", ["", "many", "-1", "9" * 40, "1.5"])
def test_feed_that_does_not_count_is_refused(total: str):
    with pytest.raises(SourceError, match="how many"):
        parse(JANUARY, answer(feed(entries(1, 2), total)))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (entry(2, name="nonsense"), "no arXiv id"),
        (entry(2).replace("<title>Paper 2</title>", ""), "title: missing or not a text"),
        (entry(2, "<title>Another</title>"), "title: twice"),
        (entry(2, "<id>http://arxiv.org/abs/2401.00007</id>"), "id: twice"),
        ("<entry/>", "no arXiv id"),
        (entry(2).replace("Paper 2", "x" * 5_000), "title: longer than 4000 characters"),
    ],
)
def test_entry_that_is_no_paper_is_skipped_and_its_siblings_stay(bad: str, reason: str):
    found = parse(JANUARY, answer(feed(entry(1) + bad + entry(3), 3)))
    assert list(papers(found)) == ["arxiv:2401.00001", "arxiv:2401.00003"]
    assert found.skipped == (Skip("entry 2", reason),)


def test_page_of_which_nothing_can_be_read_is_no_page():
    with pytest.raises(SourceError, match="none of 20 entries"):
        parse(JANUARY, answer(feed("<entry/>" * 20, 20)))


# -- what it will cost -------------------------------------------------------------------------


def test_requests_are_counted_before_they_are_made():
    assert plan(Wish(keys=tuple(f"2401.{n:05}" for n in range(1, 251)))).requests == (3, 3)
    assert plan(Wish(query="x", limit=500)).requests == (1, 3)
    dated = Wish(categories=("cs.LG",), since="2024-01-01", until="2024-01-31")
    assert plan(dated).requests == (1, 62)


# -- damage ------------------------------------------------------------------------------------

WRONG = [
    "", " ", "x", "x" * 5_000, "2020-02-30T00:00:00Z", "http://arxiv.org/abs/", "\\'{", "\\", "68T07",
    "http://arxiv.org/abs/2401.00002v1", "9" * 400, "https://github.com/a/b", "10.1/x 10.2/y", "\ufffd",
]  # fmt: skip


def mutations(count: int) -> Iterator[tuple[set[str], bytes]]:
    """Pages of three entries of which one was damaged, and the keys of the two others."""
    choose = random.Random(20_261_126)
    tree = etree.fromstring((FIXTURES / "two.xml").read_bytes())
    whole, other = tree[-2], tree[-1]
    tree.remove(whole)
    tree.remove(other)
    for _ in range(count):
        listed = deepcopy(tree)
        keys = set()
        for number in (1, 2, 3):
            one = deepcopy(whole)
            one[0].text = f"http://arxiv.org/abs/2101.{number:05}v1"
            if number == 2:
                _damage(one, choose)
            else:
                keys.add(f"arxiv:2101.{number:05}")
            listed.append(one)
        yield keys, etree.tostring(listed)


def _damage(one: Any, choose: random.Random) -> None:
    for _ in range(choose.randint(1, 4)):
        element = choose.choice(list(one.iter()))
        match choose.randint(0, 4):
            case 0 | 1:
                element.text = choose.choice(WRONG)
            case 2 if element is not one:
                element.getparent().remove(element)
            case 3 if element is not one:
                element.getparent().append(deepcopy(element))
            case _:
                element.set(choose.choice(["term", "href"]), choose.choice(WRONG))


def test_damaged_entry_takes_none_of_its_siblings_along():
    good = papers(page("two.xml"))["arxiv:1512.03385"].model_dump()
    same = [name for name in good if name not in ("key", "source_url")]
    step = Step("search", {"query": "(all:x)", "start": 0, "size": 200})
    kinds: set[str] = set()
    for keys, body in mutations(400):
        found = parse(step, answer(body.replace(b"Results>2<", b"Results>3<")))
        assert keys <= set(papers(found))
        for key in keys:
            known = papers(found)[key].model_dump()
            assert [known[name] for name in same] == [good[name] for name in same]
        kinds |= {skip.reason for skip in found.skipped}
    assert len(kinds) >= 4


def test_cut_or_flipped_page_is_refused_with_a_reason_or_read():
    choose = random.Random(20_261_127)
    whole = (FIXTURES / "two.xml").read_bytes()
    refused = 0
    for _ in range(600):
        body = bytearray(whole)
        for _ in range(choose.randint(1, 3)):
            body[choose.randrange(len(body))] = choose.choice(b"\x00\x1b<>&;\"'/a9\x80\xc3\xff ")
        if choose.random() < 0.2:
            del body[choose.randrange(len(body)) :]
        try:
            found = parse(TWO, answer(bytes(body)))
        except SourceError as error:
            refused += 1
            assert error.why
        else:
            assert found.records or found.skipped
    assert 100 < refused < 600


def test_every_fixture_is_in_the_index_and_none_is_called_recorded():
    said = tomllib.loads((FIXTURES / "index.toml").read_text())["file"]
    assert sorted(one["name"] for one in said) == sorted(one.name for one in FIXTURES.glob("*.xml"))
    assert not any(one["recorded"] for one in said)


def test_source_asks_arxiv_and_counts_papers():
    assert SOURCE.base is not None
    assert SOURCE.operator is not None
    assert (SOURCE.name, SOURCE.operator.name, SOURCE.main) == ("arxiv_query", "arxiv", "paper")
    assert SOURCE.base.official == BASE


# -- recorded answers --------------------------------------------------------------------------


def tapes(real_data: Path) -> list[tuple[str, Step, int, bytes]]:
    """Name, step, status and body of each recorded answer."""
    found = []
    for path in sorted((real_data / "arxiv" / "atom").glob("*.json")):
        tape = json.loads(path.read_text())
        asked = parse_qs(urlsplit(tape["url"]).query)
        if "id_list" in asked:
            # Our steps hold ids without version, as keys are.
            ids = [one.partition("v")[0] for one in asked["id_list"][0].split(",")]
            step = Step("ids", {"ids": ids})
        else:
            first, size = (int(asked[name][0]) for name in ("start", "max_results"))
            step = Step("search", {"query": "x", "start": first, "size": size, "best": 2_000})
        found.append((path.stem, step, tape["status_code"], tape["body"].encode()))
        found.append((path.stem, step, tape["status_code"], path.with_suffix(".xml").read_bytes()))
    return found


def test_every_recorded_answer_is_read_or_refused_with_its_true_reason(real_data: Path):
    kept = 0
    for name, step, status, body in tapes(real_data):
        if name.startswith("id_abc"):
            with pytest.raises(SourceError, match="refuses: incorrect id format for abc"):
                parse(step, answer(body, status))
            continue
        found = parse(step, answer(body, status))
        assert len(papers(found)) == body.count(b"<entry>"), name
        assert all(paper.published and paper.version for paper in papers(found).values())
        unknown = [skip for skip in found.skipped if skip.reason == "unknown id"]
        assert len(found.skipped) == len(unknown)
        kept += len(papers(found))
    assert kept == 2 * 221


def test_recorded_papers_read_as_arxiv_shows_them(real_data: Path):
    known: dict[str, PaperRecord] = {}
    for name, step, status, body in tapes(real_data):
        if not name.startswith("id_abc"):
            known |= papers(parse(step, answer(body, status)))
    paper = known["arxiv:2403.16981"]
    assert paper.title == "The Sample Complexity of Simple Binary Hypothesis Testing"
    assert paper.authors == ["Ankit Pensia", "Varun Jog", "Po-Ling Loh"]
    assert (paper.published, paper.updated, paper.version) == ("2024-03-25", "2025-05-24", 2)
    assert paper.categories == ["math.ST", "cs.IT", "stat.ML"]
    hot = known["arxiv:astro-ph/0601001"]
    assert hot.extra["affiliations"]["B. Scott Gaudi"] == ["CfA"]
    assert (hot.venue, hot.published) == ("ActaAstron.56:1-50,2006", "2006-01-02")


def test_recorded_answer_of_the_old_api_is_read_too(real_data: Path):
    path = real_data / "arxiv" / "atom" / "james-akl_xiv--arxiv_response_old_format.xml"
    step = Step("search", {"query": "x", "start": 0, "size": 2, "best": 2_000})
    found = papers(parse(step, answer(path.read_bytes())))
    assert list(found) == ["arxiv:2510.14968", "arxiv:2510.14827"]
    assert found["arxiv:2510.14968"].categories == [
        "cs.RO", "cs.AI", "cs.CV", "cs.LG", "cs.SY", "eess.SY",
    ]  # fmt: skip
