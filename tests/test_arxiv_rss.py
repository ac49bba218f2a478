"""What the RSS source promises: today's papers, each once, and a weekend that is no error."""

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawlers.records import LinkRecord, NoticeRecord, PaperRecord
from crawlers.source import Answer, Page, Skip, SourceError, Step, Wish
from crawlers.sources.arxiv_rss import SOURCE, parse, plan, request, start

FIXTURES = Path(__file__).parent / "fixtures" / "arxiv_rss"
BASE = "https://rss.arxiv.org/rss"
STEP = Step("feed", {"categories": ["cs.LG", "cs.CV"]})


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer(BASE, BASE, status, {"content-type": "application/rss+xml"}, body, "2025-09-18")


def page(name: str, status: int = 200) -> Page:
    return parse(STEP, answer((FIXTURES / name).read_bytes(), status))


def papers(found: Page) -> dict[str, PaperRecord]:
    return {one.key: one for one in found.records if isinstance(one, PaperRecord)}


def feed(items: str, head: str = "<title>cs.LG updates on arXiv.org</title>") -> bytes:
    return (
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">'
        f"<channel>{head}{items}</channel></rss>"
    ).encode()


def item(number: int, more: str = "", title: str = "", guid: str = "") -> str:
    name = f"2509.{number:05}"
    return (
        f"<item><title>{title or f'Paper {number}'}</title><link>https://arxiv.org/abs/{name}</link>"
        f"<guid>{guid or f'oai:arXiv.org:{name}v1'}</guid>{more}</item>"
    )


# -- what is asked for -------------------------------------------------------------------------


def test_all_categories_are_one_feed():
    steps = start(Wish(categories=("cs.lg", "cs.CV", "cs.LG")))
    assert steps == (STEP,)
    assert request(STEP, BASE).url == f"{BASE}/cs.LG+cs.CV"
    assert plan(Wish(categories=("cs.LG", "cs.CV"))).requests == (1, 1)


def test_without_a_category_the_feed_of_machine_learning_is_asked_for():
    (step,) = start(Wish())
    assert request(step, BASE).url == f"{BASE}/cs.LG+cs.CV+cs.CL+cs.AI+cs.NE+stat.ML"


def test_feed_is_always_asked_for_and_may_say_that_a_category_is_bad():
    asked = request(STEP, "http://127.0.0.1:9/rss")
    assert asked.url == "http://127.0.0.1:9/rss/cs.LG+cs.CV"
    assert (asked.fresh_for, asked.answers) == (0, frozenset({200, 400}))


# -- a feed ------------------------------------------------------------------------------------


def test_item_becomes_a_paper_with_every_field_in_its_place():
    assert papers(page("weekday.xml"))["arxiv:2501.00001"].model_dump() == {
        "key": "arxiv:2501.00001",
        "title": "An Older Paper, Listed Once More",
        "abstract": "We revise what we said.",
        "authors": ["Alan Turing"],
        "published": None,
        "updated": "2025-09-18",
        "version": 3,
        "categories": ["cs.RO", "cs.CV"],
        "tasks": [],
        "methods": [],
        "venue": "Journal of Tests 7 (2025) 1-9",
        "comment": None,
        "doi": "10.1000/one",
        "text_licence": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        "url": None,
        "source": "arxiv_rss",
        "source_url": "https://arxiv.org/abs/2501.00001",
        "retrieved_at": "2025-09-18",
        "licence": "CC0-1.0",
        "extra": {"announced": "replace-cross", "announced_on": "2025-09-18"},
        "field_sources": {},
    }


def test_text_that_looks_like_markup_is_kept_whole():
    paper = papers(page("weekday.xml"))["arxiv:2509.13332"]
    assert paper.title == "Bounds for $p < 0.05$ & Other Numbers"
    assert paper.abstract == (
        "We show that a<b and c>d hold, and that <script> in a page\n"
        "is harmless. Code: https://github.com/Owner/Bounds."
    )


def test_line_of_authors_is_parted_at_commas_only():
    assert papers(page("weekday.xml"))["arxiv:2509.13332"].authors == [
        "Ada Lovelace", "Balázs Németh Jr.", "LIGO and Virgo Collaboration",
    ]  # fmt: skip


def test_code_that_an_abstract_names_is_linked_but_that_need_not_be_all_of_it():
    found = page("weekday.xml")
    assert [
        (one.paper, one.repository, one.evidence)
        for one in found.records
        if isinstance(one, LinkRecord)
    ] == [("arxiv:2509.13332", "github:owner/bounds", "abstract")]
    assert found.whole == ()


def test_paper_announced_twice_is_one_paper_and_bad_items_are_counted():
    found = page("weekday.xml")
    assert list(papers(found)) == ["arxiv:2509.13332", "arxiv:2501.00001", "arxiv:hep-th/9901001"]
    assert [skip.reason for skip in found.skipped] == [
        "title: missing or not a text", "guid and link name two papers",
    ]  # fmt: skip
    assert found.tally == (("announced", 3), ("withdrawn", 1))


def test_withdrawn_paper_is_noted_with_the_day_of_the_feed():
    found = page("weekday.xml")
    assert [(one.key, one.day) for one in found.records if isinstance(one, NoticeRecord)] == [
        ("arxiv:hep-th/9901001", "2025-09-18")
    ]


def test_id_without_a_guid_is_the_link_s_and_has_no_version():
    found = papers(parse(STEP, answer(feed(item(1, guid="x") + item(2)))))
    assert (found["arxiv:2509.00001"].version, found["arxiv:2509.00002"].version) == (None, 1)


@pytest.mark.parametrize("stamp", ["", "soon", "Thu, 99 Sep 2025 00:00:00 -0400"])
def test_day_that_never_was_is_unknown_and_loses_no_paper(stamp: str):
    (paper,) = papers(parse(STEP, answer(feed(item(1, f"<pubDate>{stamp}</pubDate>"))))).values()
    assert (paper.updated, paper.extra) == (None, {})


def test_feed_of_a_weekend_is_empty_and_says_so():
    found = page("weekend.xml")
    assert (found.records, found.skipped, found.tally) == ((), (), (("announced", 0),))


def test_full_feed_says_that_it_may_be_cut():
    found = parse(STEP, answer(feed("".join(map(item, range(1, 2_001))))))
    assert dict(found.tally) == {"announced": 2_000, "items, so the feed may be cut off": 2_000}


def test_character_that_xml_forbids_costs_no_feed():
    body = feed(item(1, "<description>a\x00b&#27;[31mc</description>") + item(2))
    found = papers(parse(STEP, answer(body)))
    assert list(found) == ["arxiv:2509.00001", "arxiv:2509.00002"]
    assert found["arxiv:2509.00001"].abstract == "ab[31mc"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("<item/>", "no arXiv id"),
        ("<item><title>T</title><link>https://example.org/1</link></item>", "no arXiv id"),
        (item(2, guid="oai:arXiv.org:2509.00009v1"), "guid and link name two papers"),
        (item(2, title="x" * 5_000), "title: longer than 4000 characters"),
    ],
)
def test_item_that_is_no_paper_is_skipped_and_its_siblings_stay(bad: str, reason: str):
    found = parse(STEP, answer(feed(item(1) + bad + item(3))))
    assert list(papers(found)) == ["arxiv:2509.00001", "arxiv:2509.00003"]
    assert found.skipped == (Skip("entry 2", reason),)


# -- what is no feed ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400])
def test_bad_category_is_said_in_arxiv_s_words(status: int):
    with pytest.raises(SourceError) as caught:
        page("bad_category.xml", status)
    assert caught.value.why == (
        "arXiv refuses: Bad subject class 'XX'. Valid subject classes for the archive 'cs' are: "
        "cs.AI, cs.AR, cs.CL."
    )
    assert not caught.value.again


@pytest.mark.parametrize(
    ("body", "why", "again"),
    [
        (b"", "the answer is empty", True),
        (b"Rate exceeded.", "no XML came, but: Rate exceeded.", False),
        (b"<!doctype HTML><html><body>x</body></html>", "an HTML page came instead of XML", False),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title></feed>",
         "not an RSS feed with a channel", False),
        (b"<rss version='2.0'></rss>", "not an RSS feed with a channel", False),
        (b"<rss version='2.0'><channel/></rss>", "not an RSS feed with a channel", False),
        (feed(item(1))[:-20], "the feed is cut off or damaged", True),
        (feed(item(1, title="A &amp B")), "the feed is cut off or damaged", True),
        (feed(item(1, title="&e;")), "the feed is cut off or damaged", True),
        (feed(item(1)).replace(b"Paper", b"P\xffper"), "the XML is not UTF-8", True),
        (b"file:///etc/passwd", "no XML came, but: file:///etc/passwd", False),
        (b"http://127.0.0.1:1/", "no XML came, but: http://127.0.0.1:1/", False),
    ],
)  # fmt: skip
def test_body_that_is_no_feed_is_said(body: bytes, why: str, again: bool):
    with pytest.raises(SourceError) as caught:
        parse(STEP, answer(body))
    assert (caught.value.why, caught.value.again) == (why, again)


def test_entities_that_expand_without_end_are_refused():
    with pytest.raises(SourceError, match="declares a document type"):
        page("bomb.xml")


def test_feed_of_which_nothing_can_be_read_is_none():
    with pytest.raises(SourceError, match="none of 20 entries"):
        parse(STEP, answer(feed("<item><title>T</title></item>" * 20)))


# -- damage ------------------------------------------------------------------------------------

WRONG: list[Any] = [
    "", " ", "x", "x" * 5_000, "Thu, 99 Foo 2025", "oai:arXiv.org:", "oai:arXiv.org:2509.00001v0",
    "https://arxiv.org/abs/2509.00001", "&lt;b&gt;", "&lt;![CDATA[", "9" * 300, "\\'{", "10.1/x",
    "<b>nested</b>", "<![CDATA[<a href='x'>y</a>]]>", "&#55;", "\u202e",
]  # fmt: skip
FIELDS = ("title", "link", "guid", "description", "category", "pubDate", "dc:rights", "dc:creator",
          "arxiv:announce_type", "arxiv:DOI", "arxiv:journal_reference", "author", "summary",
          "content:encoded", "enclosure", "source")  # fmt: skip


def mutations(count: int) -> Iterator[bytes]:
    """Feeds of three items; the second has fields of other kinds, twice, or nested."""
    choose = random.Random(20_261_128)
    for _ in range(count):
        more = "".join(
            f"<{name}>{choose.choice(WRONG)}</{name}>"
            for name in choose.sample(FIELDS, choose.randint(1, 5))
            if not name.startswith("content")
        )
        yield feed(item(1) + item(2, more) + item(3))


def test_damaged_item_takes_none_of_its_siblings_along():
    kinds: set[str] = set()
    for body in mutations(400):
        found = parse(STEP, answer(body))
        assert {"arxiv:2509.00001", "arxiv:2509.00003"} <= set(papers(found))
        for number in (1, 3):
            paper = papers(found)[f"arxiv:2509.{number:05}"]
            assert (paper.title, paper.version, paper.abstract) == (f"Paper {number}", 1, None)
        kinds |= {skip.reason for skip in found.skipped}
    assert len(kinds) >= 2


def test_cut_or_flipped_feed_is_refused_with_a_reason_or_read():
    choose = random.Random(20_261_129)
    whole = (FIXTURES / "weekday.xml").read_bytes()
    refused = 0
    for _ in range(400):
        body = bytearray(whole)
        for _ in range(choose.randint(1, 3)):
            body[choose.randrange(len(body))] = choose.choice(b"\x00\x1b<>&;\"'/a\x80\xc3\xff ")
        if choose.random() < 0.2:
            del body[choose.randrange(len(body)) :]
        try:
            found = parse(STEP, answer(bytes(body)))
        except SourceError as error:
            refused += 1
            assert error.why
        else:
            assert found.records
    assert 100 < refused < 400


def test_every_fixture_is_in_the_index_and_none_is_called_recorded():
    said = tomllib.loads((FIXTURES / "index.toml").read_text())["file"]
    assert sorted(one["name"] for one in said) == sorted(one.name for one in FIXTURES.glob("*.xml"))
    assert not any(one["recorded"] for one in said)


def test_source_asks_arxiv_and_counts_papers():
    assert SOURCE.base is not None
    assert SOURCE.operator is not None
    assert (SOURCE.name, SOURCE.operator.name, SOURCE.main) == ("arxiv_rss", "arxiv", "paper")
    assert SOURCE.base.official == BASE


# -- the recorded fragment ---------------------------------------------------------------------


def fragment(real_data: Path) -> bytes:
    return (real_data / "arxiv" / "rss" / "rss_cs.AI_2025-09-18_fragment.xml.txt").read_bytes()


def test_recorded_fragment_is_cut_off_and_said_to_be(real_data: Path):
    with pytest.raises(SourceError) as caught:
        parse(STEP, answer(fragment(real_data)))
    assert (caught.value.why, caught.value.again) == ("the feed is cut off or damaged", True)


def test_recorded_fragment_with_its_end_put_back_is_a_paper(real_data: Path):
    body = fragment(real_data) + b"</description></item></channel></rss>"
    (paper,) = papers(parse(STEP, answer(body))).values()
    assert paper.key == "arxiv:2509.13332"
    assert paper.title == (
        "Explicit Reasoning Makes Better Judges: A Systematic Study on Accuracy, Efficiency, and "
        "Robustness"
    )
    assert paper.abstract is not None
    assert paper.abstract.startswith("As Large Language Models")
