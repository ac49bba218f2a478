"""Which papers a README belongs to, as GitHub's API hands it out."""

import base64

import pytest

from crawlers.records import LinkRecord
from crawlers.source import SourceError
from crawlers.sources.github import parse
from tests.githubtest import answer, content, named, of, readme

# -- a README --------------------------------------------------------------------------------


def papers(text: str) -> list[str]:
    return [link.paper for link in of(readme(text), LinkRecord)]


def test_readme_links_its_repository_to_the_papers_it_names():
    page = readme(content("own_paper.md"))
    link, second = of(page, LinkRecord)
    assert (link.paper, second.paper) == ("arxiv:2010.11929", "arxiv:1512.03385")
    assert (link.repository, link.evidence) == ("github:octo-lab/tiny-net", "readme")
    assert (link.url, link.confidence) == ("https://github.com/octo-lab/tiny-net", 0.7)
    assert link.source_url == "https://github.com/octo-lab/tiny-net#readme"
    assert (page.tally, page.skipped, page.whole) == ((("READMEs", 1),), (), ())


def test_readme_with_many_papers_belongs_to_those_it_asks_to_cite():
    assert papers(content("library.md").decode()) == ["arxiv:1906.07155"]


def test_reading_list_belongs_to_no_paper():
    page = readme(content("reading_list.md"))
    assert (page.records, page.tally) == ((), (("reading lists", 1),))


def test_many_papers_and_none_to_cite_is_a_reading_list():
    text = "\n".join(f"https://arxiv.org/abs/17{month:02}.01234" for month in range(1, 5))
    assert readme(text).tally == (("reading lists", 1),)
    assert len(papers(text.rpartition("\n")[0])) == 3


def test_badge_far_down_is_not_the_repository_s_own():
    table = "\n".join(f"- https://arxiv.org/abs/17{month:02}.01234" for month in range(1, 6))
    badge = "![](https://img.shields.io/badge/arXiv-2010.11929-red)"
    assert papers(f"{badge}\n{table}") == ["arxiv:2010.11929"]
    assert papers(table + "\n" * 50 + badge) == []


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("see https://arxiv.org/abs/1706.03762v7.", "arxiv:1706.03762"),
        ("(http://www.arxiv.org/pdf/1706.03762.pdf)", "arxiv:1706.03762"),
        ("https://export.arxiv.org/html/1706.03762#S3", "arxiv:1706.03762"),
        ("ARXIV.ORG/ABS/1706.03762", "arxiv:1706.03762"),
        ("https://arxiv.org/abs/math.GT/0309136", "arxiv:math/0309136"),
        ("https://doi.org/10.48550/arXiv.1706.03762", "arxiv:1706.03762"),
        ("https://img.shields.io/badge/cs.CL-arXiv%3A1706.03762-B31B1B.svg", "arxiv:1706.03762"),
        ("<img src='http://img.shields.io/badge/arXiv-1706.03762%20-green'>", "arxiv:1706.03762"),
        ("@misc{v, eprint = {1706.03762}, archivePrefix = {arXiv}}", "arxiv:1706.03762"),
        ('@misc{v, eprint="arXiv:1706.03762v2" }', "arxiv:1706.03762"),
        ("@article{v, journal={arXiv preprint arXiv:1706.03762}, year={2017}}", "arxiv:1706.03762"),
        ("@article{v, journal={CoRR}, volume={abs/1706.03762}}", "arxiv:1706.03762"),
        ("## 引用\nVaswani et al., arXiv:1706.03762 (2017)", "arxiv:1706.03762"),
    ],
)
def test_paper_is_found_in(text: str, paper: str):
    assert papers(text) == [paper]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://fakearxiv.org/abs/1706.03762",
        "https://arxiv.org.evil.example/abs/1706.03762",
        "https://arxiv.org/list/cs.LG/1706.03762",
        "https://arxiv.org/abs/1706.037621",
        "https://arxiv.org/abs/2025.12345",
        "https://img.shields.io/badge/arXiv-0000.0000-b31b1b",
        "https://img.shields.io/badge/arXiv-2025.xxxxx-b31b1b",
        "https://img.shields.io/badge/downloads-1706.03762-red",
        "see arXiv:1706.03762 for another approach",
        "@misc{v, eprint = {hal-01234567}, archivePrefix = {HAL}}",
    ],
)
def test_no_paper_is_found_in(text: str):
    assert papers(text) == []


def test_missing_readme_is_counted_and_no_error():
    page = parse(named("readme"), answer(content("not_found.json"), 404))
    assert (page.records, page.tally) == ((), (("without README", 1),))


def test_readme_packed_in_json_or_in_utf_16_is_read():
    packed = {"encoding": "base64", "content": base64.encodebytes(content("own_paper.md")).decode()}
    as_json = parse(named("readme"), answer(packed))
    as_utf_16 = readme(content("own_paper.md").decode().encode("utf-16"))
    assert as_json == as_utf_16 == readme(content("own_paper.md"))
    for damaged in (
        {"message": "no"},
        {"encoding": "base64", "content": "A"},
        {"encoding": "none"},
    ):
        with pytest.raises(SourceError):
            parse(named("readme"), answer(damaged))


@pytest.mark.parametrize(
    "piece",
    ["[![](", "[![a](b)](", "<a href=", "<a b", "@misc{", "eprint = ", "shields.io/arxiv-",
     "arxiv.org/abs/1", "# cite\n", "{" * 9, "eprint" + " " * 999, "arxiv : "],
)  # fmt: skip
def test_readme_made_to_be_slow_is_read_in_time(piece: str):
    page = readme(piece * (1_000_000 // len(piece)))
    assert page.records == ()
