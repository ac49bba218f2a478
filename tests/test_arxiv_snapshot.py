"""What the arXiv snapshot's reader promises: every line is a paper or is counted with a reason."""

import gzip
import io
import json
import random
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.records import LinkRecord, PaperRecord, RepositoryRecord
from crawlers.source import Origin, Page, Skip, source_of
from crawlers.sources.arxiv_snapshot import SOURCE, accented, read

ORIGIN = Origin("arxiv-metadata-oai-snapshot.json", "2026-06-28")
LINE: dict[str, Any] = {
    "id": "1512.03385",
    "submitter": "Kaiming He",
    "authors": "Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun",
    "title": "Deep Residual Learning\n  for Image Recognition",
    "comments": "Tech report; code at https://github.com/KaimingHe/deep-residual-networks",
    "journal-ref": None,
    "doi": "10.1109/CVPR.2016.90",
    "report-no": None,
    "categories": "cs.CV cs.LG",
    "license": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "abstract": "  Deeper networks are harder to train.\n",
    "versions": [
        {"version": "v1", "created": "Thu, 10 Dec 2015 19:51:55 GMT"},
        {"version": "v2", "created": "Fri, 11 Dec 2015 10:00:00 GMT"},
    ],
    "update_date": "2015-12-11",
    "authors_parsed": [["He", "Kaiming", ""], ["Zhang", "Xiangyu", "Jr."]],
}


def pages(data: bytes) -> list[Page]:
    return list(read(io.BytesIO(data), ORIGIN))


def records(data: bytes) -> list[Any]:
    return [record for page in pages(data) for record in page.records]


def skipped(found: list[Page]) -> list[Skip]:
    return [skip for page in found for skip in page.skipped]


def papers(found: list[Page]) -> list[str]:
    return [r.key for page in found for r in page.records if isinstance(r, PaperRecord)]


def line(**changed: Any) -> bytes:
    return json.dumps(LINE | changed).encode() + b"\n"


def paper(**changed: Any) -> PaperRecord:
    (found,) = (r for r in records(line(**changed)) if isinstance(r, PaperRecord))
    return found


def links(**changed: Any) -> list[tuple[str, str, str]]:
    """(evidence, repository, address) of each link of a line without code of its own."""
    found = records(line(**({"comments": None, "abstract": None} | changed)))
    return [(r.evidence, r.repository, r.url) for r in found if isinstance(r, LinkRecord)]


# -- one line ----------------------------------------------------------------------------------


def test_line_becomes_a_paper_with_every_field_in_its_place():
    assert paper().model_dump() == {
        "key": "arxiv:1512.03385",
        "title": "Deep Residual Learning for Image Recognition",
        "abstract": "Deeper networks are harder to train.",
        "authors": ["Kaiming He", "Xiangyu Zhang Jr."],
        "published": "2015-12-10",
        "updated": "2015-12-11",
        "version": 2,
        "categories": ["cs.CV", "cs.LG"],
        "tasks": [],
        "methods": [],
        "venue": None,
        "comment": "Tech report; code at https://github.com/KaimingHe/deep-residual-networks",
        "doi": "10.1109/CVPR.2016.90",
        "text_licence": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        "url": None,
        "source": "arxiv_snapshot",
        "source_url": "https://arxiv.org/abs/1512.03385",
        "retrieved_at": "2026-06-28",
        "licence": "CC0-1.0",
        "extra": {"submitter": "Kaiming He", "versions": LINE["versions"]},
        "field_sources": {},
    }


def test_paper_is_followed_by_the_repository_it_names_and_the_link_to_it():
    _, repository, link = records(line())
    assert isinstance(repository, RepositoryRecord)
    assert isinstance(link, LinkRecord)
    assert (repository.key, repository.name, repository.url) == (
        "github:kaiminghe/deep-residual-networks",
        "KaimingHe/deep-residual-networks",
        "https://github.com/KaimingHe/deep-residual-networks",
    )
    assert (link.paper, link.repository, link.evidence, link.confidence) == (
        "arxiv:1512.03385", "github:kaiminghe/deep-residual-networks", "comment", 0.85,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "key"),
    [("0704.0001", "arxiv:0704.0001"), ("1512.03385v4", "arxiv:1512.03385"),
     ("math.GT/0309136", "arxiv:math/0309136"), ("hep-th/9711200", "arxiv:hep-th/9711200")],
)  # fmt: skip
def test_id_of_any_age_becomes_the_key(said: str, key: str):
    assert paper(id=said).key == key


@pytest.mark.parametrize(
    "name",
    ["abstract", "comments", "journal-ref", "doi", "license", "report-no", "submitter",
     "versions", "update_date", "authors_parsed", "authors", "categories"],
)  # fmt: skip
def test_field_that_is_null_or_missing_loses_no_paper(name: str):
    assert paper(**{name: None}).title.startswith("Deep")
    without = {key: value for key, value in LINE.items() if key != name}
    assert papers(pages(json.dumps(without).encode())) == ["arxiv:1512.03385"]


@pytest.mark.parametrize("name", ["abstract", "comments", "journal-ref", "doi", "license"])
@pytest.mark.parametrize("empty", ["", "  \n"])
def test_field_that_is_an_empty_text_loses_no_paper(name: str, empty: str):
    assert papers(pages(line(**{name: empty}))) == ["arxiv:1512.03385"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": None}, "no arXiv id"),
        ({"id": "hello"}, "no arXiv id"),
        ({"id": 1512.03385}, "no arXiv id"),
        ({"title": None}, "title: missing or not a text"),
        ({"title": ""}, "title: missing or not a text"),
        ({"title": ["x"]}, "title: not a text"),
        ({"abstract": 5}, "abstract: not a text"),
        ({"categories": ["cs.LG"]}, "categories: not a text"),
        ({"versions": "v1"}, "versions: not a list"),
        ({"update_date": "2015-02-30"}, "updated:"),
        ({"update_date": "soon"}, "updated: a date is yyyy-mm-dd"),
        ({"authors_parsed": [5]}, "authors_parsed: not lists of texts"),
        ({"authors_parsed": [["He", None, ""]]}, "authors_parsed: not lists of texts"),
        ({"authors_parsed": ["Doe"]}, "authors_parsed: not lists of texts"),
        ({"authors_parsed": None, "authors": 5}, "authors: not a text"),
        ({"title": "x" * 5_000}, "title: longer than 4000 characters"),
    ],
)
def test_line_that_is_no_paper_is_skipped_with_its_reason(changed: dict[str, Any], reason: str):
    found = pages(line(id="2001.00001") + line(**changed) + line(id="2001.00002"))
    assert papers(found) == ["arxiv:2001.00001", "arxiv:2001.00002"]
    assert [skip.where for skip in skipped(found)] == ["line 2"]
    assert skipped(found)[0].reason.startswith(reason)


@pytest.mark.parametrize("depth", [100, 400, 900])
@pytest.mark.parametrize("name", ["unknown", "versions"])
def test_field_nested_deep_stops_nothing(name: str, depth: int):
    nest = b'{"id":"2001.00001","title":"x","%s":[1,%s1%s]}\n' % (
        name.encode(), b"[" * depth, b"]" * depth,
    )  # fmt: skip
    found = pages(nest + line(id="2001.00002"))
    assert "arxiv:2001.00002" in papers(found)
    assert len(papers(found)) + len(skipped(found)) == 2


# -- authors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "name"),
    [
        (r"Bal\'azs", "Balázs"),
        (r"Sch{\"o}lkopf", "Schölkopf"),
        (r"M\"uller", "Müller"),
        (r"Nu\~nez", "Nuñez"),
        (r"\O{}stergaard", "Østergaard"),
        (r"\'{E}mile", "Émile"),
        (r"Ji\v{r}\'i", "Jiří"),
        (r"Fran\c{c}ois", "François"),
        (r"\L ukasz", "Łukasz"),
        ("Schölkopf", "Schölkopf"),
        ("何恺明", "何恺明"),
    ],
)
def test_accents_of_an_author_are_letters(latex: str, name: str):
    assert paper(authors_parsed=[["Doe", latex, ""]]).authors == [f"{name} Doe"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun",
         ["Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"]),
        ("A. One, B. Two, and C. Three", ["A. One", "B. Two", "C. Three"]),
        ("A. One (MIT), B. Two (Oxford)", ["A. One", "B. Two"]),
        ("C. Bal\\'azs", ["C. Balázs"]),
        ("", []),
    ],
)  # fmt: skip
def test_authors_are_split_where_they_come_as_one_text(text: str, names: list[str]):
    assert paper(authors_parsed=None, authors=text).authors == names


@given(st.text(alphabet="ab\\'\"{}[]^~`$%&#_ vcinput./\n", max_size=25))
def test_any_latex_in_a_name_stops_nothing(name: str):
    assert isinstance(accented(name), str)


def test_latex_in_a_name_reads_no_file(tmp_path: Path):
    secret = tmp_path / "secret.tex"
    secret.write_text("canary")
    name = rf"\input{{{secret}}}\include{{{secret}}}"
    assert "canary" not in str(paper(authors_parsed=[["Doe", name, ""]]).authors)


# -- code --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Code: https://github.com/Owner/Name",
        "Code: http://www.github.com/Owner/Name.",
        "(github.com/Owner/Name)",
        "see https://github.com/Owner/Name.git, and more",
        r"\url{https://github.com/Owner/Name}",
        r"\href{https://github.com/Owner/Name}{here}",
        "https://github.com/Owner/Name/tree/main/sub",
        "https://github.com/Owner/Name#readme",
        "https://github.com/Owner/Name-",
        "https://github.com/Owner/Name and https://github.com/owner/name",
    ],
)
def test_code_named_in_an_abstract_is_linked_once(text: str):
    assert links(abstract=text) == [
        ("abstract", "github:owner/name", "https://github.com/Owner/Name")
    ]


def test_code_named_in_comment_and_abstract_is_the_comment_s():
    both = {"comments": "https://github.com/a/b", "abstract": "github.com/a/b github.com/c/d"}
    assert [found[:2] for found in links(**both)] == [
        ("comment", "github:a/b"), ("abstract", "github:c/d"),
    ]  # fmt: skip


def test_code_on_gitlab_is_linked_too():
    assert links(comments="https://gitlab.com/a/b") == [
        ("comment", "gitlab:a/b", "https://gitlab.com/a/b")
    ]


@pytest.mark.parametrize(
    "text",
    ["https://github.com/owner", "https://github.com/topics/deep-learning", "https://github.com/",
     "https://owner.github.io/name", "our github", "https://gist.github.com/owner/fc2ef1eddf226ca7",
     "https://docs.github.com/en/rest", "https://notgithub.com/a/b", "https://not-github.com/a/b"],
)  # fmt: skip
def test_page_that_is_no_repository_is_no_code(text: str):
    assert links(abstract=text) == []


def test_underscore_escaped_for_latex_is_part_of_the_name():
    assert [found[1] for found in links(abstract=r"https://github.com/owner/a\_b\_c.")] == [
        "github:owner/a_b_c"
    ]


# -- a whole file ------------------------------------------------------------------------------


def test_file_is_recognised_as_this_source():
    assert source_of(line() * 3) is SOURCE


def test_page_is_handed_on_before_the_file_ends():
    data = b"".join(line(id=f"2001.{n:05}") for n in range(1, 2_501))
    found = pages(data)
    assert [dict(page.tally)["papers"] for page in found] == [1_000, 1_000, 500]
    assert papers(found) == [f"arxiv:2001.{n:05}" for n in range(1, 2_501)]


def test_file_that_breaks_off_says_so_on_its_last_page():
    data = b"".join(line(id=f"2001.{n:05}") for n in range(1, 101))
    with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data)[:-9])) as stream:
        found = list(read(stream, ORIGIN))  # type: ignore[arg-type]
    assert found[-1].broken is not None
    assert found[-1].broken.reason.startswith("damaged")


WRONG: list[Any] = [
    None, True, 0, -1, 2.5, 10**17, "", " ", "x", "\x1b]0;x\x07", "\u202e", "\ufffd", "x" * 5_000,
    "1512.03385", "2020-02-30", "Thu, 99 Dec 2015", r"\'{", "\\", "https://github.com/a/b",
    [], [None], [5], [[]], [[None]], [["a", "b"]], ["x"], [[["x"]]], [{}], {}, {"a": 1},
    [{"created": 5}], [{"created": "Thu, 31 Feb 2015 00:00:00"}], {"created": []},
]  # fmt: skip


def mutations(count: int) -> Iterator[bytes]:
    """Lines with a field of another type, a field gone, a byte flipped, or an end cut off."""
    choose = random.Random(20_261_123)
    for number in range(count):
        said = json.loads(json.dumps(LINE | {"id": f"2101.{number:05}"}))
        for _ in range(choose.randint(1, 3)):
            name = choose.choice(list(said) or ["id"])
            match choose.randint(0, 3):
                case 0 | 1:
                    said[name] = deepcopy(choose.choice(WRONG))
                case 2:
                    said.pop(name, None)
                case 3 if isinstance(said.get(name), list) and said[name]:
                    said[name][choose.randrange(len(said[name]))] = deepcopy(choose.choice(WRONG))
        data = bytearray(json.dumps(said, ensure_ascii=choose.random() < 0.5).encode())
        if choose.random() < 0.3:
            for _ in range(choose.randint(1, 4)):
                data[choose.randrange(len(data))] = choose.choice(
                    b'\x00\x09\x1b"\\{}[],:09a\x80\xc3\xff'
                )
        if choose.random() < 0.1:
            del data[choose.randrange(1, len(data)) :]
        yield bytes(data)


def test_ten_thousand_mutated_lines_are_kept_or_counted_and_their_siblings_stay():
    bad = list(mutations(10_000))
    data = b"".join(
        one + b"\n" + line(id=f"2201.{n:05}") * (n % 10 == 0) for n, one in enumerate(bad)
    )
    started = time.perf_counter()
    found = pages(data)
    siblings = [f"arxiv:2201.{n:05}" for n in range(0, 10_000, 10)]
    kept = papers(found)
    assert [key for key in kept if key.startswith("arxiv:2201.")] == siblings
    assert len(kept) + len(skipped(found)) == 11_000
    assert sum(dict(page.tally)["papers"] for page in found) == len(kept)
    assert all(skip.reason and skip.where.startswith("line ") for skip in skipped(found))
    assert 1_000 < len(skipped(found)) < 9_000
    assert time.perf_counter() - started < 20


# -- real lines --------------------------------------------------------------------------------


def test_two_hundred_real_lines_are_two_hundred_papers(real_data: Path):
    path = real_data / "arxiv" / "arxiv-metadata-oai-snapshot.first200.jsonl"
    found = pages(path.read_bytes())
    assert skipped(found) == []
    assert len(papers(found)) == len(set(papers(found))) == 200


def test_first_real_line_reads_as_arxiv_shows_it(real_data: Path):
    path = real_data / "arxiv" / "arxiv-metadata-oai-snapshot.first200.jsonl"
    with path.open("rb") as file:
        first = records(file.readline())[0]
    assert first.key == "arxiv:0704.0001"
    assert first.title == (
        "Calculation of prompt diphoton production cross sections at Tevatron and LHC energies"
    )
    assert first.authors == ["C. Balázs", "E. L. Berger", "P. M. Nadolsky", "C. -P. Yuan"]
    assert (first.published, first.categories) == ("2007-04-02", ["hep-ph"])


def test_beginning_of_a_real_snapshot_is_recognised(real_data: Path):
    path = real_data / "arxiv" / "arxiv-metadata-oai-snapshot.first200.jsonl"
    assert source_of(path.read_bytes()[:65_536]) is SOURCE
