"""What the reader of Hugging Face's papers promises: its own pages only, 404 is no error, nothing
that a machine summed up."""

import json
import random
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from crawlers.client import Client
from crawlers.crawl import Position, crawl
from crawlers.records import LinkRecord, PaperRecord, Record, RepositoryRecord, SnapshotRecord
from crawlers.source import Answer, Page, Scope, SourceError, Step, Wish
from crawlers.sources.hf_papers import SOURCE, parse, plan, request, start
from crawlers.tape import Recorder

FIXTURES = Path(__file__).parent / "fixtures" / "hf_papers"
HUB = "https://huggingface.co"
DAY = "2026-11-23"
FEATURED = Step("day", {"date": "2026-08-05"})
RESNET = Step("paper", {"paper": "1512.03385"})
NIGHT = "arxiv:2608.01234"


def said(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


def read(step: Step, body: Any, *, status: int = 200, link: str | None = None) -> Page:
    packed = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = request(step, HUB).url
    headers = {"link": link} if link is not None else {}
    return parse(step, Answer(url, url, status, headers, packed, DAY))


def of(cls: type[Record], page: Page) -> list[Any]:
    return [record for record in page.records if type(record) is cls]


def reasons(page: Page) -> list[str]:
    return [skip.reason for skip in page.skipped]


def daily(**more: Any) -> Page:
    """A day of the first fixture's paper alone, with members changed."""
    entry = said("daily")[0]
    entry["paper"] |= more
    return read(FEATURED, [entry])


# -- asking ----------------------------------------------------------------------------------


def asked(wish: Wish) -> list[str]:
    return [request(step, HUB).url.removeprefix(HUB) for step in start(wish)]


def test_every_wished_day_is_asked_for_the_newest_first():
    assert asked(Wish(since="2026-02-27", until="2026-03-01")) == [
        "/api/daily_papers?date=2026-03-01&limit=100",
        "/api/daily_papers?date=2026-02-28&limit=100",
        "/api/daily_papers?date=2026-02-27&limit=100",
    ]


@pytest.mark.parametrize(
    ("wish", "days"),
    [
        (Wish(since="2026-03-01"), 1), (Wish(until="2026-03-01"), 1), (Wish(), 0),
        (Wish(since="2026-03-02", until="2026-03-01"), 0),
        (Wish(since="0001-01-01", until="2023-05-03"), 3),
        (Wish(since="0001-01-01", until="2020-01-01"), 0),
    ],
)  # fmt: skip
def test_only_days_that_can_have_papers_are_asked_for(wish: Wish, days: int):
    assert len(start(wish)) == days
    assert plan(wish).requests == (days, 2 * days)


def test_papers_wished_by_key_are_asked_for_alone_and_once():
    keys = ("arxiv:1512.03385", "https://arxiv.org/abs/1512.03385v2", "github:a/b", "math/0309136",
            "doi:10.1/x", "nonsense")  # fmt: skip
    wish = Wish(since="2026-01-01", until="2026-01-31", keys=keys)
    assert asked(wish) == ["/api/papers/1512.03385", "/api/papers/math/0309136"]
    assert plan(wish).requests == (2, 2)


def test_statuses_that_mean_something_are_wished_for():
    assert request(RESNET, HUB).answers == {200, 404}
    assert request(FEATURED, HUB).answers == {200, 400}
    assert (
        request(RESNET, "http://127.0.0.1:1/hf").url
        == "http://127.0.0.1:1/hf/api/papers/1512.03385"
    )


# -- records ---------------------------------------------------------------------------------


def test_featured_paper_is_read_with_its_code_and_stars():
    page = read(FEATURED, said("daily"))
    night = of(PaperRecord, page)[0]
    assert (night.key, night.title) == (NIGHT, "Reading Signs at Night with a Small Network")
    assert night.abstract == "We read signs in the dark.\nIt works on a bus."
    assert (night.published, night.licence) == ("2026-08-03", None)
    assert night.source_url == "https://huggingface.co/papers/2608.01234"
    assert night.extra == {
        "hf": {
            "featured_on": "2026-08-05",
            "upvotes": 31,
            "project_page": "https://example.org/night",
            "comments": 4,
        }
    }
    link = of(LinkRecord, page)[0]
    assert (link.paper, link.repository) == (NIGHT, "github:example-ai/night-signs")
    assert (link.evidence, link.official, link.extra) == (
        "source-declared",
        None,
        {"added_by": "user"},
    )
    repository = of(RepositoryRecord, page)[0]
    assert (repository.name, repository.url) == (
        "Example-AI/Night-Signs", "https://github.com/Example-AI/Night-Signs",
    )  # fmt: skip
    assert [(one.repository, one.day, one.stars) for one in of(SnapshotRecord, page)] == [
        ("github:example-ai/night-signs", DAY, 128)
    ]
    assert dict(page.tally) == {"papers": 3}


def test_hidden_author_is_left_out():
    night = of(PaperRecord, read(FEATURED, said("daily")))[0]
    assert night.authors == ["Ada Researcher", "Lin Wei"]


def test_what_a_machine_wrote_is_nowhere():
    for step, name in ((FEATURED, "daily"), (RESNET, "paper")):
        kept = "".join(one.model_dump_json() for one in read(step, said(name)).records)
        assert "A machine wrote" not in kept and "ai_" not in kept


def test_day_of_the_list_stands_in_where_the_paper_does_not_say_it():
    forms = of(PaperRecord, read(FEATURED, said("daily")))[1]
    assert forms.extra == {"hf": {"featured_on": "2026-08-05", "upvotes": 0, "comments": 0}}
    assert of(PaperRecord, daily(submittedOnDailyAt="2026-08-04T00:00:00.000Z"))[0].extra["hf"][
        "featured_on"
    ] == "2026-08-04"  # fmt: skip


def test_links_are_whole_where_the_code_could_be_read_or_there_is_none():
    page = read(FEATURED, said("daily"))
    assert page.whole == (
        Scope("link", "paper", NIGHT, "hf_papers"),
        Scope("link", "paper", "arxiv:2608.00077", "hf_papers"),
    )
    assert reasons(page) == ["githubRepo: no repository"]
    assert [one.key for one in of(PaperRecord, page)][2] == "arxiv:2608.00078"


@pytest.mark.parametrize(
    "address", ["git:x/y", "github:x", "https://example.org/x/y", "arxiv:1512.03385", "x", 5, [], "https://["]
)  # fmt: skip
def test_code_that_is_no_repository_costs_the_link_only(address: Any):
    page = daily(githubRepo=address)
    assert [type(one) for one in page.records] == [PaperRecord]
    assert (page.whole, len(page.skipped)) == ((), 1)


@pytest.mark.parametrize("stars", [-1, "128", 1.5, True, 2**63, [128]])
def test_stars_that_are_none_cost_themselves_only(stars: Any):
    page = daily(githubStars=stars)
    assert [type(one) for one in page.records] == [PaperRecord, RepositoryRecord, LinkRecord]
    assert (len(page.whole), len(page.skipped)) == (1, 1)


def test_single_paper_is_read_with_what_links_to_it():
    page = read(RESNET, said("paper"))
    resnet = of(PaperRecord, page)[0]
    assert (resnet.key, resnet.published) == ("arxiv:1512.03385", "2015-12-10")
    assert resnet.extra == {
        "hf": {
            "upvotes": 31,
            "organization": "Example AI",
            "models": 431,
            "datasets": 0,
            "spaces": 2,
        }
    }
    repository = of(RepositoryRecord, page)[0]
    assert (repository.key, repository.name) == (
        "github:kaiminghe/deep-residual-networks", "KaimingHe/deep-residual-networks",
    )  # fmt: skip
    assert of(LinkRecord, page)[0].extra == {"added_by": "auto"}


def test_paper_that_is_not_indexed_is_counted_and_no_error():
    for body in (b'{"error":"Paper not found"}', b"", b"<html>"):
        page = read(RESNET, body, status=404)
        assert (page.records, page.skipped, page.whole) == ((), (), ())
        assert page.tally == (("not indexed", 1),)


@pytest.mark.parametrize("number", ["1512.03386", None, 5, "", "1512.03385v2"])
def test_another_paper_than_the_one_asked_for_is_refused(number: Any):
    with pytest.raises(SourceError, match="not the paper that was asked for"):
        read(RESNET, {**said("paper"), "id": number})


def test_day_that_is_not_open_yet_is_counted_and_a_past_one_refused():
    today = Step("day", {"date": DAY})
    page = read(today, {"error": "x"}, status=400)
    assert (page.records, page.tally) == ((), (("days not open yet", 1),))
    with pytest.raises(SourceError, match="refused"):
        read(FEATURED, {"error": "x"}, status=400)


def test_day_without_papers_is_an_empty_page():
    page = read(FEATURED, [])
    assert (page.records, page.skipped, page.tally) == ((), (), (("papers", 0),))


def test_bad_entry_costs_itself_only():
    good = said("daily")[0]
    bad: list[Any] = [None, [], "x", {}, {"paper": None}, {"paper": []}]
    for change in (
        {"id": "x"}, {"id": 5}, {"title": None}, {"title": 5}, {"authors": "Ada"}, {"authors": ["Ada"]},
        {"publishedAt": "soon"}, {"publishedAt": "2026-02-30T00:00:00Z"}, {"upvotes": "31"},
        {"summary": ["x"]}, {"submittedOnDailyAt": 5}, {"projectPage": {}}, {"organization": "x"},
    ):  # fmt: skip
        bad.append({**good, "paper": {**good["paper"], **change}})
    page = read(FEATURED, [*bad, {**good, "numComments": "4"}, good, good])
    assert [one.key for one in of(PaperRecord, page)] == [NIGHT]
    assert len(page.skipped) == len(bad) + 2
    assert reasons(page)[-1] == "repeated paper"
    assert page.whole == (Scope("link", "paper", NIGHT, "hf_papers"),)


@pytest.mark.parametrize("body", [{"error": "x"}, {}, None, 5, "x", {"papers": []}])
def test_answer_that_is_no_list_is_refused(body: Any):
    with pytest.raises(SourceError, match="not a list"):
        read(FEATURED, body)
    if not isinstance(body, dict):
        with pytest.raises(SourceError, match="not an object"):
            read(RESNET, body)


# -- the next page ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "turned"),
    [
        (f'<{HUB}/api/daily_papers?date=2026-08-05&limit=100&p=1>; rel="next"', {"p": "1", "limit": "100"}),
        ('</api/daily_papers?p=2>; rel="next"', {"p": "2"}),
        ('<?p=2&cursor=a%2Fb%3D>;rel=next', {"p": "2", "cursor": "a/b="}),
        (f'<{HUB}/x>; rel="prev", <{HUB}/api/daily_papers?p=3>; title="a,b"; rel="last next"', {"p": "3"}),
        (f'<{HUB}/api/daily_papers?p=4&sort=trending&token=x>; REL="Next"', {"p": "4"}),
    ],
)  # fmt: skip
def test_next_page_is_asked_for_by_its_own_parameters(link: str, turned: dict[str, str]):
    page = read(FEATURED, said("daily"), link=link)
    assert page.next == (Step("day", {"date": "2026-08-05", **turned}),)
    url = request(page.next[0], HUB).url
    assert url.startswith(f"{HUB}/api/daily_papers?date=2026-08-05&limit=100")


@pytest.mark.parametrize(
    "link",
    [
        '<https://evil.example/api/daily_papers?p=1>; rel="next"',
        '<//evil.example/api/daily_papers?p=1>; rel="next"',
        '<http://huggingface.co/api/daily_papers?p=1>; rel="next"',
        '<https://huggingface.co:8443/api/daily_papers?p=1>; rel="next"',
        '<https://user@huggingface.co/api/daily_papers?p=1>; rel="next"',
        '<https://huggingface.co/api/models?p=1>; rel="next"',
        '<https://huggingface.co/api/daily_papers?date=2026-08-04&p=1>; rel="next"',
        '<https://[bad/api/daily_papers?p=1>; rel="next"',
        '<?' + "&".join(f"a{number}=1" for number in range(50)) + '>; rel="next"',
    ],
)  # fmt: skip
def test_next_page_elsewhere_is_never_asked_for_and_told(link: str):
    page = read(FEATURED, said("daily"), link=link)
    assert page.next == ()
    assert "the next page lies elsewhere" in reasons(page)
    assert len(of(PaperRecord, page)) == 3


@pytest.mark.parametrize(
    "link", ["", "x", "<", "<>", '<x>; rel="prev"', "rel=next", '<x; rel="next"', "<x>; rel"]
)
def test_header_that_names_no_next_page_ends_the_day(link: str):
    page = read(FEATURED, said("daily"), link=link)
    assert (page.next, reasons(page)) == ((), ["githubRepo: no repository"])


def test_empty_page_that_leads_on_is_not_believed():
    with pytest.raises(SourceError) as error:
        read(FEATURED, [], link='<?p=1>; rel="next"')
    assert error.value.again


def test_days_are_crawled_page_by_page_and_a_lost_paper_does_not_stop_them(tmp_path: Path):
    """The real driver over answers on disk."""
    recorder = Recorder(tmp_path, ())
    second = said("daily")[:1]
    second[0]["paper"]["id"] = "2608.05555"
    one, lost = Step("paper", {"paper": "2608.05555"}), Step("paper", {"paper": "2608.07777"})
    more = Step("day", {"date": "2026-08-05", "p": "1", "limit": "100"})
    link = f'<{HUB}/api/daily_papers?date=2026-08-05&limit=100&p=1>; rel="next"'
    given = [
        (FEATURED, 200, said("daily"), link), (more, 200, second, None), (one, 200, second[0]["paper"], None),
        (lost, 404, {"error": "x"}, None),
    ]  # fmt: skip
    assert SOURCE.base is not None
    for step, status, body, onward in given:
        url = request(step, HUB).url
        headers = {"content-type": "application/json", **({"link": onward} if onward else {})}
        answer = Answer(url, url, status, headers, json.dumps(body).encode(), DAY)
        recorder.keep(request(step, HUB), answer, SOURCE.base, "huggingface")
    client = Client(tmp_path / "home", replay=tmp_path)
    wish = Wish(since="2026-08-05", until="2026-08-05")
    days = list(crawl(SOURCE, client, Position(start(wish))))
    assert [dict(taken.page.tally) for taken in days] == [{"papers": 3}, {"papers": 1}]
    assert days[-1].position.count == 4
    papers = list(crawl(SOURCE, client, Position((lost, one))))
    assert [dict(taken.page.tally) for taken in papers] == [{"not indexed": 1}, {"papers": 1}]


# -- damage ----------------------------------------------------------------------------------

ODD: list[Any] = [
    None, True, 0, -1, 2**63, 10**400, 1.5, "", "x", "\ud800", "\0", "a" * 5_000, [], {}, [None], [[]],
    {"a": 1}, ["x", 5], "https://", "javascript:alert(1)", "0000-00-00", "\u202e",
]  # fmt: skip


def damaged(choose: random.Random, entry: Any) -> str:
    """An entry with one of its members gone, or of another type, at any depth; or a flipped bit."""
    entry = deepcopy(entry)
    how = choose.randrange(4)
    if how == 3:
        text = bytearray(json.dumps(entry).encode())
        at = choose.randrange(len(text))
        text[at] = (text[at] ^ 1 << choose.randrange(7)) & 0x7F
        return text.decode()
    place = entry if choose.random() < 0.2 else entry["paper"]
    name: Any = choose.choice(list(place))
    while isinstance(place[name], list) and place[name] and choose.random() < 0.5:
        place, name = place[name], choose.randrange(len(place[name]))
    if how == 0:
        del place[name]
    else:
        place[name] = choose.choice(ODD)
    return json.dumps(entry)


def test_damage_in_one_entry_leaves_its_siblings_as_they_were():
    choose = random.Random(7)
    whole = said("daily")
    texts = [json.dumps(entry) for entry in whole]
    survived = 0
    for _ in range(600):
        at = choose.randrange(len(whole))
        rest = read(FEATURED, ("[" + ",".join([*texts[:at], *texts[at + 1 :]]) + "]").encode())
        given = [*texts[:at], damaged(choose, whole[at]), *texts[at + 1 :]]
        try:
            page = read(FEATURED, ("[" + ",".join(given) + "]").encode("utf-8", "surrogatepass"))
        except SourceError:
            continue
        survived += 1
        dumped = {one.model_dump_json() for one in page.records}
        assert {one.model_dump_json() for one in rest.records} <= dumped
        assert set(rest.whole) <= set(page.whole)
    assert survived > 400


@pytest.mark.parametrize(("step", "name"), [(FEATURED, "daily"), (RESNET, "paper")])
def test_bytes_flipped_or_cut_give_a_page_or_a_source_error(step: Step, name: str):
    choose = random.Random(name)
    whole = json.dumps(said(name)).encode()
    for _ in range(300):
        body = bytearray(whole)
        for _ in range(choose.choice([1, 1, 4, 30])):
            body[choose.randrange(len(body))] = choose.randrange(256)
        try:
            page = read(step, bytes(body))
        except SourceError as error:
            assert error.why
            continue
        assert len(page.records) + len(page.skipped) >= 1
    for length in range(0, len(whole), 29):
        with pytest.raises(SourceError) as error:
            read(step, whole[:length])
        assert error.value.again


def test_every_fixture_is_declared_and_none_is_called_recorded():
    index = tomllib.loads((FIXTURES / "index.toml").read_text("utf-8"))["file"]
    assert {one["name"] for one in index} == {path.name for path in FIXTURES.glob("*.json")}
    assert {one["recorded"] for one in index} == {False}
