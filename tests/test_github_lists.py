"""GitHub's API: a hundred repositories in one question, and searches."""

import json
from pathlib import Path
from typing import Any

import pytest

from crawlers.github_search import MOST_STARS
from crawlers.records import AliasRecord, RepositoryRecord, SnapshotRecord
from crawlers.source import Answer, Skip, SourceError, Step
from crawlers.sources.github import parse
from tests.githubtest import answer, asked, batch, content, of, only, said, searched

# -- a batch ---------------------------------------------------------------------------------


def test_batch_tells_found_gone_renamed_and_forbidden_apart():
    page = parse(batch(), answer(content("batch.json")))
    states = {record.key: record.state for record in of(page, RepositoryRecord)}
    assert states == {
        "github:octo-lab/tiny-net": "active",
        "github:octo-lab/lost": "gone",
        "github:octo-lab/new-name": "archived",
        "github:octo-lab/old-name": "renamed",
        "github:someone/half": "active",
    }
    assert page.skipped == (
        Skip("corp/shut", "GitHub answers FORBIDDEN"),
        Skip("octo-lab/unsaid", "GitHub says nothing of it"),
    )
    alias = only(page, AliasRecord)
    assert (alias.alias, alias.key) == ("github:octo-lab/old-name", "github:octo-lab/new-name")
    assert page.tally == (("points", 3), ("repositories", 3), ("gone", 1))


def test_batch_says_the_same_as_single_answers():
    one = parse(asked(), answer(content("repository.json")))
    many = parse(batch(), answer(content("batch.json")))
    assert many.records[: len(one.records)] == one.records


def test_member_that_is_forbidden_is_unknown_and_the_rest_is_kept():
    page = parse(batch(), answer(content("batch.json")))
    (half,) = [r for r in of(page, SnapshotRecord) if r.repository == "github:someone/half"]
    assert (half.stars, half.open_issues) == (1234, None)
    (record,) = [r for r in of(page, RepositoryRecord) if r.key == "github:someone/half"]
    assert record.extra["parent"] == "github:octo-lab/tiny-net"


def test_more_is_asked_of_those_that_are_there():
    page = parse(batch("readme", "profile"), answer(content("batch.json")))
    assert [(step.kind, step.said["name"]) for step in page.next] == [
        ("readme", "Octo-Lab/Tiny-Net"), ("profile", "Octo-Lab/Tiny-Net"),
        ("readme", "octo-lab/new-name"), ("profile", "octo-lab/new-name"),
    ]  # fmt: skip


def test_repository_asked_by_both_its_names_is_one():
    body = said("batch.json")
    node = body["data"]["r0"]
    both = {"data": {"r0": node, "r1": node}}
    page = parse(Step("batch", {"names": ["octo-lab/tiny-net", "octo-lab/was"]}), answer(both))
    assert [(r.key, r.state) for r in of(page, RepositoryRecord)] == [
        ("github:octo-lab/tiny-net", "active"), ("github:octo-lab/was", "renamed"),
    ]  # fmt: skip
    assert len(of(page, SnapshotRecord)) == 1


@pytest.mark.parametrize(
    ("body", "again"),
    [
        (content("graphql_timeout.json"), True),
        (content("graphql_limit.json"), True),
        (b'{"data": {}}', True),
        (b'{"data": {"r0": null, "r1": null}, "errors": [{"message": "timeout"}]}', True),
        (b'{"errors": [{"message": "no field", "extensions": {"code": "undefinedField"}}]}', False),
        (b'{"data": null, "errors": [{"type": "INSUFFICIENT_SCOPES", "message": "scope"}]}', False),
        (b'{"data": null, "errors": [{"type": [], "message": []}]}', False),
        (b'{"data": {"r0": {"nameWi', True),
        (b"[]", False),
    ],
)
def test_batch_without_any_repository_is_not_believed(body: bytes, again: bool):
    with pytest.raises(SourceError) as caught:
        parse(batch(), answer(body))
    assert caught.value.again is again


def test_missing_member_of_a_repository_does_not_make_the_repository_gone():
    body = {
        "data": {"r0": None, "r1": said("batch.json")["data"]["r0"]},
        "errors": [{"type": "NOT_FOUND", "path": ["r0", "parent"], "message": "x"}],
    }
    page = parse(Step("batch", {"names": ["a/b", "octo-lab/tiny-net"]}), answer(body))
    assert page.skipped == (Skip("a/b", "GitHub answers NOT_FOUND"),)
    assert [r.key for r in of(page, RepositoryRecord)] == ["github:octo-lab/tiny-net"]


# -- a search --------------------------------------------------------------------------------


def results(total: int, count: int, incomplete: bool = False) -> Answer:
    one = said("search.json")["items"][0]
    listed = [
        one | {"full_name": f"o/n{n}", "html_url": f"https://github.com/o/n{n}"}
        for n in range(count)
    ]
    return answer({"total_count": total, "incomplete_results": incomplete, "items": listed})


def test_search_gives_repositories_and_counts():
    page = parse(searched(), answer(content("search.json")))
    assert [r.key for r in of(page, RepositoryRecord)] == [
        "github:octo-lab/first", "github:octo-lab/second", "github:octo-lab/third",
    ]  # fmt: skip
    assert [r.stars for r in of(page, SnapshotRecord)] == [900, 800, 700]
    assert (page.skipped, page.next, page.tally) == ((), (), (("repositories", 3),))


def test_pages_follow_up_to_the_last_one():
    assert parse(searched(), results(250, 100)).next == (searched(page=2),)
    assert parse(searched(page=2), results(250, 100)).next == (searched(page=3),)
    last = parse(searched(page=3), results(250, 50))
    assert (last.next, last.skipped) == ((), ())
    assert parse(searched(), results(100, 100)).next == ()
    assert parse(searched(page=10), results(1000, 100)).next == ()


def test_slice_with_too_many_is_halved_and_no_star_count_is_lost():
    page = parse(searched(50, MOST_STARS), results(6_000, 100))
    upper, lower = page.next
    assert (lower.said["low"], upper.said["high"]) == (50, MOST_STARS)
    assert upper.said["low"] == lower.said["high"] + 1
    assert len(of(page, RepositoryRecord)) == 100
    assert page.skipped == ()


@pytest.mark.parametrize(("low", "high"), [(0, 1), (50, 51), (1, 2), (7, 9), (50, 10**7)])
def test_halving_ends_at_slices_of_one_star_count(low: int, high: int):
    pending, leaves = [searched(low, high)], []
    while pending and len(leaves) < 40:
        step = pending.pop()
        pending += parse(step, results(1_001, 100)).next if step.said["low"] < low + 40 else ()
        if step.said["low"] == step.said["high"]:
            leaves.append(step.said["low"])
            pending = [one for one in pending if one.said["page"] == 1]
    assert leaves == list(range(low, min(high, low + 39) + 1))


def test_single_star_count_with_too_many_is_read_up_to_the_limit_and_says_so():
    page = parse(searched(57, 57), results(1_234, 100))
    assert page.next == (searched(57, 57, 2),)
    assert page.skipped == (
        Skip("stars 57..57, page 1: 234", "beyond the 1,000 that a search reaches"),
    )
    assert parse(searched(57, 57, 2), results(1_234, 100)).skipped == ()
    assert parse(searched(57, 57, 10), results(1_234, 100)).next == ()


def test_incomplete_search_is_kept_and_says_so():
    page = parse(searched(), results(80, 30, incomplete=True))
    assert len(of(page, RepositoryRecord)) == 30
    assert [skip.reason for skip in page.skipped] == ["GitHub says the search was incomplete"]


def test_search_that_promises_and_holds_nothing_is_not_believed():
    with pytest.raises(SourceError) as caught:
        parse(searched(), results(5, 0))
    assert caught.value.again
    assert parse(searched(), results(0, 0)).records == ()


def test_repositories_that_a_search_owes_are_counted():
    page = parse(searched(), results(161, 5))
    assert page.skipped == (
        Skip(
            "stars 50..1000, page 1: 95 of 100", "repositories promised by a search and not there"
        ),
    )
    shrunk = parse(searched(page=2), results(90, 0))
    assert [skip.reason for skip in shrunk.skipped] == ["the search shrank while it was read"]


@pytest.mark.parametrize(
    "body", [{}, {"total_count": 5}, {"total_count": "5", "items": []}, {"items": []}, [], "x",
             {"total_count": -1, "items": []}, {"total_count": 1, "items": {}}],
)  # fmt: skip
def test_answer_that_is_no_search_result_is_not_believed(body: Any):
    with pytest.raises(SourceError):
        parse(searched(), answer(body))


# -- recorded searches ---------------------------------------------------------------------


def test_recorded_search_in_an_envelope(real_data: Path):
    path = real_data / "github/api/Csed-dev_paper-search--github_search.json"
    envelope = json.loads(path.read_bytes())
    page = parse(searched(100, MOST_STARS), answer(envelope["body"], envelope["status_code"]))
    assert [r.key for r in of(page, RepositoryRecord)] == [
        "github:fighting41love/funnlp",
        "github:labmlai/annotated_deep_learning_paper_implementations",
        "github:sgl-project/sglang",
        "github:jadore801120/attention-is-all-you-need-pytorch",
        "github:jessevig/bertviz",
    ]
    assert [(r.stars, r.forks, r.open_issues) for r in of(page, SnapshotRecord)] == [
        (79645, 15143, 45), (66166, 6650, 29), (25013, 5034, 2617), (9661, 2097, 82),
        (7973, 872, 21),
    ]  # fmt: skip
    assert [r.code_licence for r in of(page, RepositoryRecord)] == [
        None, "MIT", "Apache-2.0", "MIT", "Apache-2.0",
    ]  # fmt: skip
    assert page.next == (searched(100, MOST_STARS, 2),)
    # It was asked for in pages of five, so that 95 of our page of a hundred are missing.
    assert [skip.where for skip in page.skipped] == [f"stars 100..{MOST_STARS}, page 1: 95 of 100"]


def test_recorded_search_that_finds_too_much(real_data: Path):
    path = real_data / "github/api/BlossomLoop_GlowFeed--search_repositories.json"
    page = parse(searched(50, MOST_STARS), answer(path.read_bytes()))
    repositories, counts = of(page, RepositoryRecord), of(page, SnapshotRecord)
    assert (len(repositories), len(counts)) == (30, 30)
    first = repositories[0]
    assert (first.name, first.pushed) == ("shanraisshan/claude-code-best-practice", "2026-06-16")
    assert (first.extra["github_id"], len(first.topics)) == (1087192965, 20)
    assert (counts[0].stars, counts[0].forks, counts[0].open_issues) == (57927, 5821, 8)
    assert [step.said["page"] for step in page.next] == [1, 1]
    assert [skip.reason for skip in page.skipped] == [
        "repositories promised by a search and not there"
    ]
