"""What the sources of arXiv share: names, days, categories, and when a paper counts as withdrawn."""

import gzip
from pathlib import Path

import orjson
import pytest

from crawlers.arxiv import (
    authors_in,
    category,
    dois_in,
    is_category,
    is_withdrawn,
    real_day,
    set_of,
)
from crawlers.source import SourceError


@pytest.mark.parametrize(
    ("text", "spelled", "expected"),
    [("cs.LG", "cs.LG", "cs:cs:LG"), ("stat.ML", "stat.ML", "stat:stat:ML"),
     ("eess.AS", "eess.AS", "eess:eess:AS"), ("hep-th", "hep-th", "physics:hep-th"),
     ("astro-ph.ga", "astro-ph.GA", "physics:astro-ph:GA"), ("cs", "cs", "cs"),
     ("cond-mat.Stat-Mech", "cond-mat.stat-mech", "physics:cond-mat:stat-mech"),
     ("q-bio.NC", "q-bio.NC", "q-bio:q-bio:NC"), ("physics", "physics", "physics:physics"),
     (" math-ph ", "math-ph", "physics:math-ph"), ("physics.optics", "physics.optics",
     "physics:physics:optics")],
)  # fmt: skip
def test_category_has_its_set(text: str, spelled: str, expected: str):
    assert category(text) == spelled
    assert set_of(spelled) == expected


@pytest.mark.parametrize("text", ["", "cs.LG&x=1", "cs.LG cs.CV", "68T07", "cs..LG", "a" * 40])
def test_text_that_is_no_category_is_refused(text: str):
    with pytest.raises(SourceError, match="not an arXiv category"):
        category(text)


@pytest.mark.parametrize("text", ["68T07", "I.2.7; F.2", "cs.LG cs.CV", "", "37K05 37K10 53D10"])
def test_class_of_another_scheme_is_no_category(text: str):
    assert not is_category(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ada Lovelace and Alan Turing", ["Ada Lovelace", "Alan Turing"]),
        ("A. One (1 and 2), B. Two (1) ((1) MIT, (2) ETH)", ["A. One", "B. Two"]),
        ("The BABAR Collaboration: B. Aubert, et al", ["The BABAR Collaboration", "B. Aubert"]),
        ("V.N. Tolstoy (INP, Moscow)", ["V. N. Tolstoy"]),
        ("Sammy Davis, Jr., John Doe, III", ["Sammy Davis Jr.", "John Doe III"]),
        ("C. Bal\\'azs,\n  P. Nadolsky", ["C. Balázs", "P. Nadolsky"]),
        ("何恺明, 孙剑", ["何恺明", "孙剑"]),
        ("A. One, , and B. Two & C. Three", ["A. One", "B. Two", "C. Three"]),
        ("M. Capalbi (3", ["M. Capalbi (3"]),
        ("(((", []),
        ("", []),
    ],
)
def test_line_of_authors_is_parted(text: str, names: list[str]):
    assert authors_in(text) == names


@pytest.mark.parametrize(
    ("text", "dois"),
    [("10.1000/a", ["10.1000/a"]), ("10.1000/a 10.1000/b", ["10.1000/a", "10.1000/b"]),
     ("10.1000/a;10.1000/b,", ["10.1000/a", "10.1000/b"]), (None, []),
     ("10.1002/(SICI)1097-0258(1998)17:15/16<1661::AID-SIM968>3.0.CO;2-2",
      ["10.1002/(SICI)1097-0258(1998)17:15/16<1661::AID-SIM968>3.0.CO;2-2"])],
)  # fmt: skip
def test_dois_of_a_field_are_parted(text: str | None, dois: list[str]):
    assert dois_in(text) == dois


@pytest.mark.parametrize(
    ("text", "day"),
    [("2017-07-27", "2017-07-27"), ("2017-07-27T08:18:33Z", "2017-07-27"), ("2017-02-30", None),
     ("2007-04-999", None), ("27 Jul 2017", None), ("", None), (None, None), ("2017-07-27x", None)],
)  # fmt: skip
def test_day_is_one_that_was(text: str | None, day: str | None):
    assert real_day(text) == day


WITHDRAWN = [
    "This paper has been withdrawn by the authors.", "this paper has been withdrawn", "Withdrawn",
    "[This paper has been withdrawn by the author due to newer results] We study",
    "arXiv admin note: This submission has been withdrawn by arXiv administrators",
    "This paper is withdrawn since we found a flaw", "The paper is withdrawn. An error.",
    "Paper withdrawn by the author", "- Paper withdrawn by the author - A Title",
    "12 pages. This article has been withdrawn because of an error", "This work was retracted",
    "Withdrawn for revision", "4 pages; withdrawn by the authors", "WITHDRAWN BY THE AUTHOR",
    "The authors have withdrawn this paper", "This paper was\n  withdrawn by the author",
    "The following paper has been withdrawn from consideration for publication",
]  # fmt: skip
NOT_WITHDRAWN = [
    "9 pages, 5 figures. This paper was withdrawn from the IJCAI 2025 proceedings",
    "Accepted to a workshop (withdrawn before presentation due to lack of travel funding)",
    "We withdraw the assumption that all drawings are equal.",
    "Withdrawn from ICLR 2025",
    "Using papers withdrawn from arXiv, we validate our method.",
    "Withdrawn drugs pose a risk",
    "We study whether a paper has been withdrawn.",
    "Retracted papers keep being cited",
    "Many drugs have been withdrawn from the market.",
    "A needle is withdrawn from tissue",
    "Papers are withdrawn from journals for many reasons, which we survey.",
    "",
    "The article was retracted in 2010; we follow its citations.",
    "In 1998 a paper caused a stir. The paper was withdrawn after twelve years.",
]


@pytest.mark.parametrize("text", WITHDRAWN)
def test_withdrawal_is_read_in_the_words_people_use(text: str):
    assert is_withdrawn(text, None)
    assert is_withdrawn(None, text)


@pytest.mark.parametrize("text", NOT_WITHDRAWN)
def test_paper_about_withdrawals_is_not_withdrawn(text: str):
    assert not is_withdrawn(text, text)


# -- real lines --------------------------------------------------------------------------------


def test_no_paper_of_seventy_thousand_is_taken_for_withdrawn(real_data: Path):
    with gzip.open(real_data / "arxiv" / "arxiv-metadata-snapshot-70k.jsonl.gz") as lines:
        said = [orjson.loads(line) for line in lines]
    # None of them is withdrawn: 44 use such a word, of a conference, a drug, a needle, other papers.
    assert len(said) == 69_501
    assert [one["id"] for one in said if is_withdrawn(one["comments"], one["abstract"])] == []


def test_withdrawn_paper_of_the_real_snapshot_is_found(real_data: Path):
    path = real_data / "arxiv" / "arxiv-metadata-oai-snapshot.first200.jsonl"
    said = map(orjson.loads, path.read_bytes().splitlines())
    found = [one["id"] for one in said if is_withdrawn(one["comments"], one["abstract"])]
    assert found == ["0704.0156"]


def test_real_lines_of_authors_are_parted_as_arxiv_does(real_data: Path):
    path = real_data / "arxiv" / "arxiv-metadata-oai-snapshot.first200.jsonl"
    for said in map(orjson.loads, path.read_bytes().splitlines()):
        parsed = [" ".join((*one[1:2], one[0], *one[2:3])) for one in said["authors_parsed"]]
        expected = authors_in(", ".join(parsed))
        assert [name.replace(" ", "") for name in authors_in(said["authors"])] == [
            name.replace(" ", "") for name in expected
        ]
