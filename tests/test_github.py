"""GitHub's API: what is asked and what its answers say."""

import json
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crawlers.github_search import MOST_STARS
from crawlers.records import AliasRecord, RepositoryRecord, SnapshotRecord
from crawlers.source import Request, Skip, SourceError, Step, Wish
from crawlers.sources.github import SOURCE, parse, plan, request, start
from tests.githubtest import (
    BASE,
    DAY,
    FIXTURES,
    answer,
    asked,
    batch,
    content,
    named,
    of,
    only,
    said,
    searched,
    without,
)


def test_index_of_the_fixtures_names_every_file_and_none_was_recorded():
    entries = tomllib.loads((FIXTURES / "index.toml").read_text("utf-8"))["file"]
    files = {path.name for path in FIXTURES.iterdir()} - {"index.toml"}
    assert {entry["name"] for entry in entries} == files
    assert [entry["recorded"] for entry in entries] == [False] * len(files)
    assert all(entry["what"] and entry["origin"] and entry["licence"] for entry in entries)


# -- what is asked ---------------------------------------------------------------------------


def test_without_a_token_each_repository_is_one_step_in_the_order_given():
    wish = Wish(
        keys=("github:b/two", "arxiv:1512.03385", "https://github.com/A/One", "github:b/two")
    )
    assert start(wish) == (asked("b/two"), asked("a/one"))
    assert plan(wish).requests == (2, 2)
    assert "60 an hour" in plan(wish).why


def test_with_a_token_a_hundred_repositories_are_one_step():
    wish = Wish(keys=tuple(f"github:o/n{n}" for n in range(250)), authorised=True)
    steps = start(wish)
    assert [(step.kind, len(step.said["names"])) for step in steps] == [
        ("batch", 100), ("batch", 100), ("batch", 50),
    ]  # fmt: skip
    assert plan(wish).requests == (3, 3)
    assert "5,000 an hour" in plan(wish).why


@pytest.mark.parametrize("authorised", [False, True])
def test_everything_is_asked_of_each_repository_when_everything_is_wanted(authorised: bool):
    wish = Wish(keys=("github:o/n",), full=True, authorised=authorised)
    (step,) = start(wish)
    assert step.said["more"] == ["readme", "profile", "newcomers"]
    assert plan(wish).requests == (1, 4)


def test_query_and_tasks_are_searched_for_from_fifty_stars_up():
    wish = Wish(query="topic:deep-learning language:python", tasks=("task:image-classification",))
    assert [step.said for step in start(wish)] == [
        {"q": query, "low": 50, "high": MOST_STARS, "page": 1}
        for query in ("topic:deep-learning language:python", "topic:image-classification")
    ]
    assert plan(wish).requests[0] == 2
    assert plan(Wish(query="x", limit=100)).requests[1] < plan(Wish(query="x")).requests[1]


def test_plan_of_github_knows_the_tighter_limits():
    many = tuple(f"github:a/b{number}" for number in range(240))
    paces = [
        plan(wish).pace
        for wish in (
            Wish(query="nets"),
            Wish(query="nets", authorised=True),
            Wish(keys=many[:60]),
            Wish(keys=many),
            Wish(keys=many, authorised=True),
        )
    ]
    assert paces == [6.0, 2.0, 0.0, 45.0, 0.0]


def test_empty_wish_asks_nothing():
    assert start(Wish()) == start(Wish(query="  ", keys=("arxiv:1512.03385",))) == ()
    assert plan(Wish()).requests == (0, 0)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(query="x" * 257), "at most 256 characters; this one has 257"),
        (Wish(query="a AND b OR c NOT d AND e OR f NOT g"), "at most 5 AND, OR and NOT"),
        (Wish(query="topic:x stars:>10"), "leave stars: out"),
        (Wish(tasks=("图像分类",)), "no topics like"),
    ],
)
def test_search_that_github_would_refuse_is_refused_before_it_is_asked(wish: Wish, words: str):
    with pytest.raises(ValueError, match=words):
        start(wish)


def test_words_in_quotes_are_no_operators():
    assert len(start(Wish(query='"AND OR NOT AND OR NOT stars:5" a AND b ' + "x" * 200))) == 1


def query_of(made: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(made.url).query)


def test_requests_name_their_address_resource_and_version():
    one = request(asked("o/n"), BASE)
    assert (one.url, one.resource) == (f"{BASE}/repos/o/n", "core")
    assert one.answers == {200, 301, 403, 404, 451}
    assert one.accept == ("application/vnd.github+json", "application/json")
    assert one.headers == {"X-GitHub-Api-Version": "2022-11-28"}
    raw = request(named("readme"), BASE)
    assert raw.url == f"{BASE}/repos/octo-lab/tiny-net/readme"
    assert raw.accept[0] == "application/vnd.github.raw+json"
    assert {"text/plain", "application/json"} < set(raw.accept)
    assert 404 in raw.answers
    assert (
        request(named("profile"), BASE).url == f"{BASE}/repos/octo-lab/tiny-net/community/profile"
    )
    slice_ = request(searched(50, 99, 3), "http://127.0.0.1:9/x")
    assert slice_.url.startswith("http://127.0.0.1:9/x/search/repositories?")
    assert slice_.resource == "search"
    assert query_of(slice_) == {
        "q": ["topic:x stars:50..99"], "sort": ["stars"], "order": ["desc"], "per_page": ["100"],
        "page": ["3"],
    }  # fmt: skip
    newcomers = request(named("newcomers"), BASE)
    assert newcomers.resource == "search"
    assert query_of(newcomers)["q"] == [
        'repo:octo-lab/tiny-net is:issue is:open label:"good first issue"'
    ]


def test_names_of_a_batch_are_variables_and_never_part_of_the_query():
    evil = 'x"){id}}#/n'
    made = request(Step("batch", {"names": ["o/n", evil]}), BASE)
    assert (made.url, made.resource) == (f"{BASE}/graphql", "graphql")
    assert made.body is not None
    body = json.loads(made.body)
    assert body["variables"] == {"o0": "o", "n0": "n", "o1": 'x"){id}}#', "n1": "n"}
    assert 'x"' not in body["query"]
    assert "rateLimit { cost remaining resetAt }" in body["query"]
    assert "r1: repository(owner: $o1, name: $n1)" in body["query"]
    assert body["query"].count("{") == body["query"].count("}")


def test_token_stands_in_no_request(monkeypatch: pytest.MonkeyPatch):
    secret = "ghp_0123456789abcdef"
    monkeypatch.setenv("GITHUB_TOKEN", secret)
    steps = [asked(), batch(), searched(), *map(named, ("readme", "profile", "newcomers"))]
    made = [request(step, BASE) for step in steps]
    assert [
        one for one in made if secret in repr(one) or "authorization" in repr(one).lower()
    ] == []


# -- one repository --------------------------------------------------------------------------


def test_repository_and_its_counts_of_the_day():
    page = parse(asked(), answer(content("repository.json")))
    assert only(page).model_dump() == {
        "key": "github:octo-lab/tiny-net",
        "name": "Octo-Lab/Tiny-Net",
        "url": "https://github.com/Octo-Lab/Tiny-Net",
        "description": "A small network that learns to read digits",
        "homepage": "https://tiny-net.example.org",
        "language": "Python",
        "code_licence": "Apache-2.0",
        "topics": ["deep-learning", "mnist"],
        "created": "2019-03-04",
        "pushed": "2026-11-19",
        "state": "active",
        "source": "github",
        "source_url": "https://github.com/Octo-Lab/Tiny-Net",
        "retrieved_at": DAY,
        "licence": None,
        "extra": {"github_id": 4242, "node_id": "R_kgDO4242"},
        "field_sources": {},
    }
    counts = only(page, SnapshotRecord)
    assert (counts.repository, counts.day) == ("github:octo-lab/tiny-net", DAY)
    assert (counts.stars, counts.forks, counts.open_issues) == (1234, 56, 7)
    assert (page.skipped, page.next, page.tally) == ((), (), (("repositories", 1),))


def test_other_case_is_no_rename():
    page = parse(asked("OCTO-lab/tiny-NET"), answer(content("repository.json")))
    assert of(page, AliasRecord) == []
    assert only(page).state == "active"


def test_renamed_repository_keeps_its_former_name_as_an_alias():
    page = parse(asked("octo-lab/old-name", "readme"), answer(content("repository.json")))
    new, old = of(page, RepositoryRecord)
    assert (new.key, new.state) == ("github:octo-lab/tiny-net", "active")
    assert (old.key, old.state) == ("github:octo-lab/old-name", "renamed")
    assert old.url == "https://github.com/octo-lab/old-name"
    alias = only(page, AliasRecord)
    assert (alias.alias, alias.key) == (old.key, new.key)
    assert page.next == (Step("readme", {"name": "Octo-Lab/Tiny-Net"}),)


def test_name_and_address_of_different_repositories_are_no_rename():
    mixed = said("repository.json") | {"full_name": "octo-lab/other"}
    page = parse(asked(), answer(mixed))
    assert page.records == ()
    assert page.skipped == (Skip("octo-lab/tiny-net", "html_url: of another repository"),)


def test_repository_that_is_not_there_is_gone():
    page = parse(asked("octo-lab/lost", "readme"), answer(content("not_found.json"), 404))
    assert (only(page).key, only(page).name) == ("github:octo-lab/lost", "octo-lab/lost")
    assert (only(page).state, only(page).extra) == ("gone", {})
    assert (page.tally, page.next) == ((("gone", 1),), ())


def test_blocked_repository_is_gone_and_says_why():
    page = parse(asked(), answer(content("blocked.json"), 451))
    assert only(page).state == "gone"
    assert only(page).extra == {"gone_because": "451 unavailable for legal reasons"}


def test_not_found_of_a_web_server_in_between_is_not_believed():
    with pytest.raises(SourceError):
        parse(asked(), answer(b"<html>no such page</html>", 404, "text/html"))


def test_move_that_nobody_followed_is_asked_again_by_number_once():
    page = parse(asked("octo-lab/old-name", "readme"), answer(content("moved.json"), 301))
    (step,) = page.next
    assert request(step, BASE).url == f"{BASE}/repositories/4242"
    found = parse(step, answer(content("repository.json")))
    assert only(found, AliasRecord).alias == "github:octo-lab/old-name"
    with pytest.raises(SourceError, match="moved"):
        parse(step, answer(content("moved.json"), 301))


def test_archived_repository_and_a_licence_that_github_does_not_recognise():
    page = parse(asked("octo-lab/old-net"), answer(content("archived.json")))
    assert (only(page).state, only(page).code_licence) == ("archived", None)


def test_fork_names_its_parent_and_zero_is_not_unknown():
    page = parse(asked("someone/tiny-net", "profile", "newcomers"), answer(content("fork.json")))
    record, counts = only(page), only(page, SnapshotRecord)
    assert record.extra["fork"] is True
    assert record.extra["parent"] == "github:octo-lab/tiny-net"
    assert (record.homepage, record.language, record.code_licence) == (None, None, None)
    assert (counts.stars, counts.forks, counts.open_issues) == (0, 0, 0)
    assert [step.kind for step in page.next] == ["newcomers"]


def test_counts_that_are_not_said_are_unknown():
    bare = said("repository.json")
    for name in ("stargazers_count", "forks_count", "open_issues_count", "archived"):
        del bare[name]
    page = parse(asked(), answer(bare))
    assert of(page, SnapshotRecord) == []
    assert only(page).state is None


def test_private_repository_stays_out_of_the_catalog():
    page = parse(asked(), answer(said("repository.json") | {"private": True}))
    assert page.records == ()
    assert page.skipped == (Skip("octo-lab/tiny-net", "private: left out"),)


def test_hostile_texts_are_kept_as_cleaned_text():
    hostile = said("repository.json") | {
        "description": "learns\x1b[2J \x1b]0;title\x07to \u202eread\x00 \ud800digits",
        "homepage": "\x1b]8;;https://evil.example\x07here",
        "topics": ["a\x1b[31m", "\u200b"],
    }
    page = parse(asked(), answer(hostile))
    assert only(page).description == "learns to read digits"
    assert only(page).homepage == "here"
    assert only(page).topics == ["a"]


@pytest.mark.parametrize(
    "name", ["../etc", "a/b/c", "a", "/b", "a/b?x=1", "a/..", "o/n.", "o/n.git", "topics/x", "ö/n"]
)
def test_name_that_no_key_can_hold_is_skipped(name: str):
    page = parse(
        asked(), answer(without(said("repository.json"), "html_url") | {"full_name": name})
    )
    assert page.records == ()
    assert len(page.skipped) == 1


# -- what is more ----------------------------------------------------------------------------


def test_community_profile_names_the_files_that_are_there():
    record = only(parse(named("profile"), answer(content("profile.json"))))
    assert record.extra == {
        "community": {
            "health": 71, "files": ["code_of_conduct", "contributing", "license", "readme"],
        }
    }  # fmt: skip
    assert (record.key, record.name) == ("github:octo-lab/tiny-net", "octo-lab/tiny-net")
    assert (record.state, record.description, record.topics) == (None, None, [])


def test_fork_has_no_community_profile():
    page = parse(named("profile"), answer(content("not_found.json"), 404))
    assert (page.records, page.tally) == ((), (("without community profile", 1),))


@pytest.mark.parametrize("health", [101, -1, True, "71"])
def test_health_that_is_no_percentage_is_skipped(health: Any):
    page = parse(named("profile"), answer(said("profile.json") | {"health_percentage": health}))
    assert (page.records, len(page.skipped)) == ((), 1)


def test_issues_for_newcomers_are_counted_with_their_day():
    record = only(parse(named("newcomers"), answer(content("newcomers.json"))))
    assert record.extra == {"good_first_issues": 12, "good_first_issues_on": DAY}


def test_incomplete_or_refused_count_is_skipped():
    incomplete = said("newcomers.json") | {"incomplete_results": True}
    page = parse(named("newcomers"), answer(incomplete))
    assert (page.records, len(page.skipped)) == ((), 1)
    refused = parse(named("newcomers"), answer({"message": "Validation Failed"}, 422))
    assert refused.skipped == (Skip("octo-lab/tiny-net", "GitHub does not search its issues"),)


# -- recorded answers ------------------------------------------------------------------------


def test_recorded_repository(real_data: Path):
    body = (real_data / "github/api/dogsheep_github-to-sqlite--repo.json").read_bytes()
    page = parse(asked("dogsheep/github-to-sqlite"), answer(body))
    record, counts = only(page), only(page, SnapshotRecord)
    assert record.key == "github:dogsheep/github-to-sqlite"
    assert record.name == "dogsheep/github-to-sqlite"
    assert (record.created, record.pushed) == ("2019-09-08", "2019-11-03")
    assert (record.language, record.code_licence) == ("Python", "Apache-2.0")
    assert (record.homepage, record.topics, record.state) == (None, [], "active")
    assert record.extra == {"github_id": 207052882, "node_id": "MDEwOlJlcG9zaXRvcnkyMDcwNTI4ODI="}
    assert (counts.stars, counts.forks, counts.open_issues) == (6, 0, 6)
    assert page.skipped == ()


def test_recorded_starred_repositories_read_as_single_answers(real_data: Path):
    path = real_data / "github/api/dogsheep_github-to-sqlite--starred.json"
    listed = json.loads(path.read_bytes())
    assert listed
    for one in (starred.get("repo", starred) for starred in listed):
        page = parse(asked(one["full_name"]), answer(one))
        assert only(page).key == f"github:{one['full_name'].lower()}"
        assert only(page, SnapshotRecord).stars == one["stargazers_count"]


def test_source_is_declared_with_its_operator_and_address():
    assert (SOURCE.name, SOURCE.main, SOURCE.licence) == ("github", "repository", None)
    assert SOURCE.operator is not None
    assert SOURCE.operator.name == "github"
    assert SOURCE.base is not None
    assert SOURCE.base.official == BASE


def test_repository_that_github_blocks_is_gone_and_says_why():
    blocked = b'{"message": "Repository access blocked", "block": {"reason": "tos"}}'
    page = parse(asked("o/n"), answer(blocked, 403))
    [record] = page.records
    assert (record.key, record.state) == ("github:o/n", "gone")
    assert record.extra["gone_because"] == "403 access blocked by GitHub"
    with pytest.raises(SourceError):
        parse(asked("o/n"), answer(b'{"message": "Must have admin rights"}', 403))
