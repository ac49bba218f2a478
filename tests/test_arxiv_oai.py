"""What the OAI-PMH source promises: no page believed that is none, no day that is another one's."""

import random
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from lxml import etree

from crawlers.records import LinkRecord, NoticeRecord, PaperRecord, RepositoryRecord
from crawlers.source import Answer, Page, Scope, Skip, SourceError, Step, Wish
from crawlers.sources.arxiv_oai import SOURCE, parse, plan, request, start

FIXTURES = Path(__file__).parent / "fixtures" / "arxiv_oai"
BASE = "https://oaipmh.arxiv.org/oai"
DAY = "2026-09-24"
FIRST = Step("list", {"set": "cs:cs:LG", "from": "2026-09-20"})
TOKEN = "verb%3DListRecords%26metadataPrefix%3DarXivRaw%26from%3D2026-09-24%26set%3Dcs%253Acs%253ALG%26skip%3D3"
MORE = Step("more", {"token": "t1", "set": "cs:cs:LG", "latest": "2026-09-22"})


def answer(body: bytes) -> Answer:
    return Answer(BASE, BASE, 200, {"content-type": "text/xml"}, body, DAY)


def page(name: str, step: Step = FIRST) -> Page:
    return parse(step, answer((FIXTURES / name).read_bytes()))


def papers(found: Page) -> dict[str, PaperRecord]:
    return {one.key: one for one in found.records if isinstance(one, PaperRecord)}


def notices(found: Page) -> list[tuple[str, str | None]]:
    return [(one.key, one.day) for one in found.records if isinstance(one, NoticeRecord)]


def links(found: Page) -> list[tuple[str, str, str]]:
    return [
        (one.paper, one.repository, one.evidence)
        for one in found.records
        if isinstance(one, LinkRecord)
    ]


def asked(step: Step) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(request(step, BASE).url).query)


def document(records: str, token: str = "") -> bytes:
    return (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
        f"{records}{token}</ListRecords></OAI-PMH>"
    ).encode()


def record(number: int, fields: str = "", *, head: str | None = None, name: str = "") -> str:
    identifier = name or f"2001.{number:05}"
    return (
        f"<record><header><identifier>oai:arXiv.org:{head or identifier}</identifier>"
        "<datestamp>2026-09-23</datestamp></header><metadata>"
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{identifier}</id>'
        f"<title>Paper {number}</title><authors>Jane Doe</authors>{fields}</arXivRaw>"
        "</metadata></record>"
    )


# -- what is asked for -------------------------------------------------------------------------


def test_one_list_is_asked_for_each_category_once():
    wish = Wish(since="2026-09-20", until="2026-09-22", categories=("cs.lg", "stat.ML", "cs.LG"))
    assert start(wish) == (
        Step("list", {"set": "cs:cs:LG", "from": "2026-09-20", "until": "2026-09-22"}),
        Step("list", {"set": "stat:stat:ML", "from": "2026-09-20", "until": "2026-09-22"}),
    )


def test_without_a_category_the_changes_of_machine_learning_are_asked_for():
    found = [step.said["set"] for step in start(Wish(since="2026-09-20"))]
    assert found == [
        "cs:cs:LG", "cs:cs:CV", "cs:cs:CL", "cs:cs:AI", "cs:cs:NE", "stat:stat:ML",
    ]  # fmt: skip


def test_everything_is_one_list_without_set_and_without_day():
    assert start(Wish(full=True, since="2026-09-20")) == (Step("list", {}),)
    assert asked(Step("list", {})) == [("verb", "ListRecords"), ("metadataPrefix", "arXivRaw")]


def test_day_before_the_first_one_is_never_asked_for():
    (step,) = start(Wish(since="1999-01-01", categories=("cs.LG",)))
    assert step.said["from"] == "2005-09-16"


def test_first_page_is_asked_for_with_all_its_parameters():
    assert asked(FIRST) == [
        ("verb", "ListRecords"), ("metadataPrefix", "arXivRaw"), ("from", "2026-09-20"),
        ("set", "cs:cs:LG"),
    ]  # fmt: skip


def test_token_goes_alone_and_is_quoted_once_more():
    (step,) = page("raw.xml").next
    url = request(step, BASE).url
    assert url == f"{BASE}?verb=ListRecords&resumptionToken={quote(TOKEN, safe='')}"
    # What the server does: one layer is the address's, one is its own.
    assert dict(parse_qsl(unquote(dict(parse_qsl(urlsplit(url).query))["resumptionToken"]))) == {
        "verb": "ListRecords", "metadataPrefix": "arXivRaw", "from": "2026-09-24",
        "set": "cs:cs:LG", "skip": "3",
    }  # fmt: skip


def test_another_base_address_is_taken():
    assert request(FIRST, "http://127.0.0.1:9/oai").url.startswith("http://127.0.0.1:9/oai?verb=")


# -- a page ------------------------------------------------------------------------------------


def test_raw_record_becomes_a_paper_with_every_field_in_its_place():
    assert papers(page("raw.xml"))["arxiv:1706.03762"].model_dump() == {
        "key": "arxiv:1706.03762",
        "title": "Attention Is All You Need",
        "abstract": "We say nothing here & link https://github.com/Owner/second too.",
        "authors": ["Ashish Vaswani", "Noam Shazeer", "L. A. Kaiser", "Illia Polosukhin"],
        "published": "2017-06-12",
        "updated": "2026-09-22",
        "version": 10,
        "categories": ["cs.CL", "cs.LG"],
        "tasks": [],
        "methods": [],
        "venue": "Made-up Proceedings 30 (2017)",
        "comment": "15 pages. Code: https://github.com/Owner/tensor2tensor",
        "doi": "10.1000/first",
        "text_licence": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        "url": None,
        "source": "arxiv_oai",
        "source_url": "https://arxiv.org/abs/1706.03762",
        "retrieved_at": DAY,
        "licence": "CC0-1.0",
        "extra": {
            "submitter": "Somebody Else",
            "report-no": "TR-1",
            "msc-class": "68T50",
            "dois": ["10.1000/first", "10.1000/erratum"],
            "versions": [
                {"version": "v1", "created": "Mon, 12 Jun 2017 17:57:34 GMT"},
                {"version": "v10", "created": "Wed, 02 Aug 2023 00:41:18 GMT"},
                {"version": "v2", "created": "Mon, 19 Jun 2017 16:49:45 GMT"},
            ],
        },
        "field_sources": {},
    }


def test_code_named_in_comment_and_abstract_is_linked():
    found = page("raw.xml")
    assert links(found) == [
        ("arxiv:1706.03762", "github:owner/tensor2tensor", "comment"),
        ("arxiv:1706.03762", "github:owner/second", "abstract"),
    ]
    assert [one.name for one in found.records if isinstance(one, RepositoryRecord)] == [
        "Owner/tensor2tensor", "Owner/second",
    ]  # fmt: skip


def test_links_of_each_paper_that_was_read_are_all_its_links():
    assert page("raw.xml").whole == tuple(
        scope
        for key in ("arxiv:1706.03762", "arxiv:2609.00001")
        for scope in (
            Scope("link", "paper", key, "arxiv_oai"),
            Scope("notice", "key", key, "arxiv_oai"),
        )
    )


def test_mirror_without_the_raw_format_is_asked_for_the_plain_one():
    refused = (
        b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        b'<error code="cannotDisseminateFormat">no such format</error></OAI-PMH>'
    )
    [plain] = parse(FIRST, answer(refused)).next
    assert ("metadataPrefix", "arXiv") in asked(plain)
    with pytest.raises(SourceError, match="cannotDisseminateFormat"):
        parse(plain, answer(refused))


def test_last_version_without_a_source_is_a_withdrawal_of_its_day():
    assert ("arxiv:2609.00001", "2026-09-22") in notices(page("raw.xml"))
    assert papers(page("raw.xml"))["arxiv:2609.00001"].title == "A Claim Too Many"


def test_deleted_header_is_a_withdrawal_without_a_paper():
    found = page("raw.xml")
    assert ("arxiv:2609.00002", "2026-09-23") in notices(found)
    assert "arxiv:2609.00002" not in papers(found)
    assert "arxiv:2609.00002" not in {scope.key for scope in found.whole}


def test_record_without_metadata_is_counted():
    found = page("raw.xml")
    assert found.skipped == (Skip("entry 4", "no metadata"),)
    assert found.tally == (("papers", 2), ("withdrawn", 2))


def test_plain_record_is_read_too():
    paper = papers(page("plain.xml"))["arxiv:1512.03385"]
    assert paper.authors == ["Kaiming He", "Jörg Groß Jr."]
    assert (paper.published, paper.updated, paper.version) == ("2015-12-10", "2015-12-12", None)
    assert paper.extra == {
        "proxy": "ccsd", "msc-class": "68T45", "acm-class": "I.4.8",
        "affiliations": {"Jörg Groß Jr.": ["A Company"]},
    }  # fmt: skip


def test_created_after_the_month_of_the_id_is_not_the_day_of_the_first_version():
    paper = papers(page("plain.xml"))["arxiv:1601.04794"]
    assert (paper.published, paper.updated) == (None, "2026-08-30")


def test_withdrawal_in_words_has_the_day_of_the_last_change():
    assert notices(page("plain.xml")) == [("arxiv:1601.04794", "2026-09-01")]


@pytest.mark.parametrize(
    ("acm", "kept"), [("None", None), ("68T50", None), ("I.2.6", "I.2.6"), ("", None)]
)
def test_acm_class_that_is_the_templates_fault_is_left_out(acm: str, kept: str | None):
    fields = f"<msc-class>68T50</msc-class><acm-class>{acm}</acm-class>"
    paper = papers(parse(FIRST, answer(document(record(1, fields)))))["arxiv:2001.00001"]
    assert paper.extra.get("acm-class") == kept


def test_character_that_xml_forbids_costs_no_page():
    body = document(record(1, "<abstract>a\x0cb&#27;[31mc&#x1b;]0;d</abstract>") + record(2))
    found = papers(parse(FIRST, answer(body)))
    assert list(found) == ["arxiv:2001.00001", "arxiv:2001.00002"]
    assert found["arxiv:2001.00001"].abstract == "ab[31mc]0;d"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(2, head="2001.00009"), "header and metadata name two papers"),
        (record(2, "<title>Another</title>"), "title: twice"),
        (record(2, name="nonsense"), "no arXiv id"),
        (record(2, '<version version="x"/>'), "version: not v1, v2, ..."),
        (record(2).replace("<title>Paper 2</title>", ""), "title: missing or not a text"),
        (record(2).replace("arXivRaw", "oai_dc"), "metadata in another format than asked for"),
        ("<record/>", "no header"),
        ("<record><header/></record>", "no arXiv id"),
    ],
)
def test_record_that_is_no_paper_is_skipped_and_its_siblings_stay(bad: str, reason: str):
    found = parse(FIRST, answer(document(record(1) + bad + record(3))))
    assert list(papers(found)) == ["arxiv:2001.00001", "arxiv:2001.00003"]
    assert found.skipped == (Skip("entry 2", reason),)


@pytest.mark.parametrize(
    "stamp",
    ["", "soon", "2026-13-01", "2026-09-999", "Mon, 99 Jun 2017 00:00:00 GMT"],
)
def test_day_that_never_was_is_unknown_and_loses_no_paper(stamp: str):
    version = f'<version version="v1"><date>{stamp}</date></version>'
    body = document(record(1, version)).replace(b"2026-09-23", stamp.encode())
    paper = papers(parse(FIRST, answer(body)))["arxiv:2001.00001"]
    assert (paper.published, paper.updated, paper.version) == (None, None, 1)


# -- from page to page -------------------------------------------------------------------------


def test_next_step_carries_token_set_and_the_latest_day():
    step = replace(FIRST, said={**FIRST.said, "until": "2026-09-24"})
    assert page("raw.xml", step).next == (
        Step("more", {"token": TOKEN, "latest": "2026-09-23", "set": "cs:cs:LG",
                      "until": "2026-09-24"}),
    )  # fmt: skip


def test_day_after_today_is_nothing_to_begin_again_from():
    body = document(
        record(1).replace("2026-09-23", "2088-01-01") + record(2),
        "<resumptionToken>t2</resumptionToken>",
    )
    (step,) = parse(FIRST, answer(body)).next
    assert step.said["latest"] == "2026-09-23"


@pytest.mark.parametrize(
    "end",
    ["", "<resumptionToken/>", "<resumptionToken></resumptionToken>",
     "<resumptionToken>\n\n   </resumptionToken>",
     '<resumptionToken cursor="3" completeListSize="4"/>'],
)  # fmt: skip
def test_list_ends_where_no_token_says_otherwise(end: str):
    assert parse(FIRST, answer(document(record(1), end))).next == ()


def test_two_pages_with_one_token_are_one_step():
    body = document(record(1), "<resumptionToken>t2</resumptionToken>")
    first, second = (parse(MORE, answer(body)).next for _ in range(2))
    assert first == second


def test_token_that_repeats_itself_is_said():
    body = document(record(1), "<resumptionToken>t1</resumptionToken>")
    with pytest.raises(SourceError, match="repeats itself"):
        parse(MORE, answer(body))


def test_token_without_end_is_not_sent_back():
    body = document(record(1), f"<resumptionToken>{'x' * 9_000}</resumptionToken>")
    with pytest.raises(SourceError, match="9,000 characters"):
        parse(FIRST, answer(body))


@pytest.mark.parametrize("token", ["", "<resumptionToken>t2</resumptionToken>"])
def test_list_that_promises_and_gives_nothing_is_asked_for_again(token: str):
    with pytest.raises(SourceError) as caught:
        parse(FIRST, answer(document("", token)))
    assert caught.value.again


def test_page_of_which_nothing_can_be_read_is_no_page():
    records = "".join(record(number).replace("arXivRaw", "dc") for number in range(1, 31))
    with pytest.raises(SourceError, match="none of 30 entries"):
        parse(FIRST, answer(document(records, "<resumptionToken>t2</resumptionToken>")))


# -- errors, all of them with status 200 -------------------------------------------------------


def test_no_change_is_an_empty_page_that_says_so():
    found = page("no_records.xml")
    assert (found.records, found.next, found.tally) == ((), (), (("no records match", 1),))


def test_refused_token_begins_again_from_the_last_day_met():
    found = page("bad_token.xml", replace(MORE, said={**MORE.said, "until": DAY}))
    assert found.next == (
        Step("list", {"from": "2026-09-22", "set": "cs:cs:LG", "until": DAY}),
    )  # fmt: skip
    assert found.tally == (("tokens refused", 1),)


@pytest.mark.parametrize(
    ("name", "step", "why"),
    [
        ("bad_argument.xml", FIRST, "arXiv refuses: badArgument (start date too early)"),
        ("no_set.xml", FIRST, "arXiv refuses: noRecordsMatch (Set argument doesn't match any sets. "
                              "The setSpec was 'moo')"),
        ("bad_token.xml", FIRST, "arXiv refuses: badResumptionToken (The value of the "
                                 "resumptionToken argument is invalid or expired.)"),
        ("bad_token.xml", Step("more", {"token": "t1"}), "arXiv refuses: badResumptionToken (The "
                                "value of the resumptionToken argument is invalid or expired.)"),
    ],
)  # fmt: skip
def test_refusal_is_never_an_empty_page(name: str, step: Step, why: str):
    with pytest.raises(SourceError) as caught:
        page(name, step)
    assert caught.value.why == why
    assert not caught.value.again


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"Rate exceeded.", "no XML came, but: Rate exceeded."),
        (b"<!DOCTYPE html><html><body>Down</body></html>", "an HTML page came instead of XML"),
        (b"<feed/>", "a document <feed> came instead of <OAI-PMH>"),
        (b"<OAI-PMH/>", "an OAI-PMH answer without a list of records"),
        (b"<OAI-PMH><Identify/></OAI-PMH>", "an OAI-PMH answer without a list of records"),
    ],
)
def test_body_that_is_no_list_is_said(body: bytes, why: str):
    with pytest.raises(SourceError) as caught:
        parse(FIRST, answer(body))
    assert (caught.value.why, caught.value.again) == (why, False)


# -- what it will cost -------------------------------------------------------------------------


def test_all_of_arxiv_is_over_a_thousand_requests():
    assert plan(Wish(full=True)).requests == (1_120, 2_154)


def test_changes_of_a_week_are_a_page_or_two_for_each_category():
    wish = Wish(since="2026-09-14", until="2026-09-20", categories=("cs.LG", "cs.CV"))
    assert plan(wish).requests == (2, 4)


def test_categories_from_their_beginning_are_at_most_all_of_arxiv():
    assert plan(Wish(full=True, categories=("cs.LG", "cs.CV"))).requests == (2, 2_156)


# -- damage ------------------------------------------------------------------------------------

WRONG = [
    "", " ", "x", "\u202e", "x" * 5_000, "2020-02-30", "Mon, 99 Foo 2017 00:00:00 GMT", "v0", "None",
    "oai:arXiv.org:", "oai:arXiv.org:9999.99999", "10.1/x", "\\'{", "\\", "(" * 400, "https://github.com/a/b",
    "9" * 400, "\ud7ff\ufffd", "This paper has been withdrawn.",
]  # fmt: skip


def mutations(count: int) -> Iterator[tuple[set[str], bytes]]:
    """Pages of three records of which one was damaged, and the keys of the two others."""
    choose = random.Random(20_261_124)
    tree = etree.fromstring((FIXTURES / "raw.xml").read_bytes())
    whole = tree[2][0]
    for _ in range(count):
        listed = deepcopy(tree)
        for element in list(listed[2]):
            listed[2].remove(element)
        keys = set()
        for number in (1, 2, 3):
            one = deepcopy(whole)
            if number == 2:
                _damage(one, choose)
            else:
                _rename(one, f"2101.{number:05}")
                keys.add(f"arxiv:2101.{number:05}")
            listed[2].append(one)
        yield keys, etree.tostring(listed)


def _rename(one: Any, identifier: str) -> None:
    for element in one.iter():
        if element.text and "1706.03762" in element.text:
            element.text = element.text.replace("1706.03762", identifier)


def _damage(one: Any, choose: random.Random) -> None:
    for _ in range(choose.randint(1, 4)):
        element = choose.choice(list(one.iter()))
        parent = element.getparent()
        match choose.randint(0, 5):
            case 0 | 1:
                element.text = choose.choice(WRONG)
            case 2 if element is not one:
                parent.remove(element)
            case 3 if element is not one:
                parent.append(deepcopy(element))
            case 4:
                element.tag = choose.choice(
                    ["version", "id", "title", "authors", "arXiv", "nothing"]
                )
            case _:
                element.set(choose.choice(["version", "status", "code"]), choose.choice(WRONG))


def test_damaged_record_takes_none_of_its_siblings_along():
    good = papers(page("raw.xml"))["arxiv:1706.03762"].model_dump()
    same = [name for name in good if name not in ("key", "source_url")]
    kinds: set[str] = set()
    for keys, body in mutations(400):
        found = parse(FIRST, answer(body))
        assert keys <= set(papers(found))
        assert {scope.key for scope in found.whole} == set(papers(found))
        for key in keys:
            known = papers(found)[key].model_dump()
            assert [known[name] for name in same] == [good[name] for name in same]
        kinds |= {skip.reason for skip in found.skipped}
    assert len(kinds) >= 6


def test_cut_or_flipped_page_is_refused_with_a_reason_or_read():
    choose = random.Random(20_261_125)
    whole = (FIXTURES / "raw.xml").read_bytes()
    refused = 0
    for _ in range(600):
        body = bytearray(whole)
        for _ in range(choose.randint(1, 3)):
            body[choose.randrange(len(body))] = choose.choice(b"\x00\x1b<>&;\"'/a\x80\xc3\xff ")
        if choose.random() < 0.2:
            del body[choose.randrange(len(body)) :]
        try:
            found = parse(FIRST, answer(bytes(body)))
        except SourceError as error:
            refused += 1
            assert error.why
        else:
            assert found.records
    assert 100 < refused < 600


def test_every_fixture_is_in_the_index_and_none_is_called_recorded():
    said = tomllib.loads((FIXTURES / "index.toml").read_text())["file"]
    assert sorted(one["name"] for one in said) == sorted(one.name for one in FIXTURES.glob("*.xml"))
    assert not any(one["recorded"] for one in said)


def test_source_asks_arxiv_and_counts_papers():
    assert SOURCE.base is not None
    assert SOURCE.operator is not None
    assert (SOURCE.name, SOURCE.operator.name, SOURCE.main) == ("arxiv_oai", "arxiv", "paper")
    assert SOURCE.base.official == BASE


# -- recorded answers --------------------------------------------------------------------------

NO_PAGES = {
    "adsabs_ADSIngestParser--arxiv_0901_2443": "a document <record> came",
    "adsabs_ADSIngestParser--arxiv_1711_04702": "a document <record> came",
    "adsabs_ADSIngestParser--arxiv_1711_05739": "a document <record> came",
    "adsabs_ADSIngestParser--arxiv_math_0306266": "a document <record> came",
    "mikesaelim_arXivOAIHarvester--ErrorResponseBadArgument": "arXiv refuses: badArgument",
    "mikesaelim_arXivOAIHarvester--ErrorResponseBadResumptionToken": "arXiv refuses: badResump",
    "mikesaelim_arXivOAIHarvester--ErrorResponseBadVerb": "arXiv refuses: badVerb",
    "mikesaelim_arXivOAIHarvester--ErrorResponseIdDoesNotExist": "arXiv refuses: idDoesNotExist",
    "mikesaelim_arXivOAIHarvester--ErrorResponseNoRecordsMatch": "arXiv refuses: noRecordsMatch",
}


def recorded(real_data: Path, name: str) -> Page:
    return parse(FIRST, answer((real_data / "arxiv" / "oai" / f"{name}.xml").read_bytes()))


def test_every_recorded_answer_is_read_or_refused_with_its_true_reason(real_data: Path):
    counts: dict[str, int] = {}
    for path in sorted((real_data / "arxiv" / "oai").glob("*.xml")):
        if path.stem in NO_PAGES:
            with pytest.raises(SourceError, match=f"^{re.escape(NO_PAGES[path.stem])}"):
                recorded(real_data, path.stem)
            continue
        found = recorded(real_data, path.stem)
        met = len(re.findall(rb"<record>", path.read_bytes()))
        counts[path.stem] = len(papers(found))
        assert len(papers(found)) + len(found.skipped) == met, path.name
        assert all(paper.published or paper.updated for paper in papers(found).values())
    assert len(counts) == 19
    assert sum(counts.values()) == 39


def test_recorded_raw_page_reads_as_arxiv_shows_its_papers(real_data: Path):
    found = recorded(real_data, "mikesaelim_arXivOAIHarvester--ListRecordsResponse")
    assert [step.said["token"] for step in found.next] == ["726959|1001"]
    paper = papers(found)["arxiv:0704.0716"]
    assert paper.title == "Limit distributions and scaling functions"
    assert (paper.published, paper.updated, paper.version) == ("2007-04-05", "2014-12-22", 4)
    assert paper.authors == ["Christoph Richard"]


def test_recorded_plain_page_keeps_both_days(real_data: Path):
    found = recorded(real_data, "inspirehep_hepcrawl--arxiv-physics-hep-th")
    paper = papers(found)["arxiv:1412.8323"]
    assert (paper.published, paper.updated) == ("2014-12-29", "2017-12-13")
    assert paper.authors == ["Philipp A Hoehn"]
    assert paper.categories[0] == "quant-ph"
