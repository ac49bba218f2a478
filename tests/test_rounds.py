"""What a crawl asks for: the order of a round, and that no day falls between two of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.arxiv import MACHINE_LEARNING
from hub import rounds
from hub.catalog import Catalog, Counts, ledger
from hub.crawls import Errand
from hub.errors import UsageError
from hub.rounds import BUDGET, BUDGET_WITH_TOKEN, HOURLY, Options
from tests.hubtest import empty_catalog, framework, link, put, repository

ML = tuple(sorted(MACHINE_LEARNING))
DAILY = Options(categories=ML, daily=True)


def ago(days: float) -> str:
    """A moment, as the ledger writes it."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")


def day(days: int) -> str:
    return ago(days)[:10]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    path = empty_catalog(tmp_path / "catalog.db")
    with Catalog.open(path, write=True) as opened:
        yield opened


def harvested(
    catalog: Catalog, source: str, address: str, days: float, state: str = "done", requests: int = 1
) -> int:
    """A row of the ledger of so many days ago."""
    with catalog.transaction():
        row = ledger.begin(catalog, source, address, ago(days), day(int(days)))
        said = {"counts": Counts(), "skipped": {}, "finished_at": ago(days)}
        ledger.note(catalog, row, state=state, requests=requests, **said)  # type: ignore[arg-type]
    return row


def arxiv(catalog: Catalog, options: Options = DAILY) -> Errand:
    [errand] = rounds.errands(catalog, ("arxiv",), options)
    return errand


def asked(catalog: Catalog, options: Options = DAILY) -> tuple[str, str | None]:
    """The source of arXiv that is asked, and from which day on."""
    errand = arxiv(catalog, options)
    return errand.source.name, errand.wish.since


def test_daily_round_brings_papers_first_and_then_what_they_link_to(catalog: Catalog) -> None:
    put(catalog.path, repository("github:a/b"))
    found = [one.source.name for one in rounds.errands(catalog, rounds.DAILY, DAILY)]
    assert found == ["arxiv_rss", "hf_papers", "github"]


def test_feed_of_the_day_is_enough_while_no_day_was_left_out(catalog: Catalog) -> None:
    assert asked(catalog) == ("arxiv_rss", None)
    harvested(catalog, "arxiv_rss", " ".join(ML), 1)
    assert asked(catalog) == ("arxiv_rss", None)


@pytest.mark.parametrize("days", [2, 20, 200])
def test_days_that_were_left_out_are_caught_up(catalog: Catalog, days: int) -> None:
    harvested(catalog, "arxiv_rss", " ".join(ML), days)
    assert asked(catalog) == ("arxiv_oai", day(days + 1))


def test_harvest_that_failed_or_was_limited_has_brought_nothing_for_sure(catalog: Catalog) -> None:
    harvested(catalog, "arxiv_rss", " ".join(ML), 5)
    for state in ("refused", "interrupted", "limited", "damaged", "unreachable"):
        harvested(catalog, "arxiv_rss", " ".join(ML), 0, state)
    assert asked(catalog) == ("arxiv_oai", day(6))


def test_crawl_of_another_category_has_not_brought_these(catalog: Catalog) -> None:
    harvested(catalog, "arxiv_rss", " ".join(ML), 5)
    harvested(catalog, "arxiv_oai", f"cs.RO, since {day(9)}", 0)
    harvested(catalog, "arxiv_oai", f"cs.LG stat.ML, since {day(9)}", 0)
    assert asked(catalog) == ("arxiv_oai", day(6))
    assert asked(catalog, Options(categories=("cs.LG", "stat.ML"))) == ("arxiv_rss", None)
    assert asked(catalog, Options(categories=("cs.RO",))) == ("arxiv_rss", None)
    assert asked(catalog, Options(categories=("math.CO",))) == ("arxiv_rss", None)


def test_crawl_that_began_later_than_the_last_one_ended_leaves_its_gap(catalog: Catalog) -> None:
    harvested(catalog, "arxiv_oai", f"{' '.join(ML)}, since {day(30)}", 20)
    harvested(catalog, "arxiv_oai", f"{' '.join(ML)}, since {day(2)}", 0)
    assert asked(catalog) == ("arxiv_oai", day(21))
    harvested(catalog, "arxiv_oai", f"{' '.join(ML)}, since {day(21)}", 0)
    assert asked(catalog) == ("arxiv_rss", None)


@pytest.mark.parametrize(
    "address", ["all, in full", f"{' '.join(ML)}, in full", "all, since 2020-01-01"]
)
def test_crawl_of_everything_has_brought_every_category(catalog: Catalog, address: str) -> None:
    harvested(catalog, "arxiv_rss", " ".join(ML), 40)
    harvested(catalog, "arxiv_oai", address, 0)
    assert asked(catalog) == ("arxiv_rss", None)


def test_harvest_that_went_on_days_later_counts_from_its_first_page(catalog: Catalog) -> None:
    address = f"{' '.join(ML)}, since {day(40)}"
    first = harvested(catalog, "arxiv_oai", address, 9, "interrupted")
    second = harvested(catalog, "arxiv_oai", address, 5, "refused")
    last = harvested(catalog, "arxiv_oai", address, 0)
    with catalog.transaction():
        ledger.went_on(catalog, first, second)
        ledger.went_on(catalog, second, last)
    assert asked(catalog) == ("arxiv_oai", day(10))


def test_all_of_arxiv_is_one_list_and_no_feed(catalog: Catalog) -> None:
    errand = arxiv(catalog, Options(categories=("all",), full=True))
    assert errand.source.start and len(errand.source.start(errand.wish)) == 1
    assert rounds.plan_of(errand).requests == (1_120, 2_154)
    with pytest.raises(UsageError):
        arxiv(catalog, Options(categories=("all",)))


# -- GitHub ----------------------------------------------------------------------------------


def github(catalog: Catalog, options: Options = DAILY) -> tuple[str, ...]:
    """The repositories of the round."""
    return tuple(
        key for one in rounds.errands(catalog, ("github",), options) for key in one.wish.keys
    )


def test_round_of_github_takes_the_stalest_and_stays_within_the_hour(catalog: Catalog) -> None:
    many = [repository(f"github:lab/net-{number:03}") for number in range(2 * BUDGET)]
    linked = [link(f"arxiv:2401.0000{number}", "github:lab/net-070") for number in (1, 2)]
    put(
        catalog.path, *many, *linked, framework("framework:f", "F", repository="github:lab/net-075")
    )
    found = github(catalog)
    assert len(found) == BUDGET
    assert found[:2] == ("github:lab/net-075", "github:lab/net-070")
    assert len(github(catalog, Options(authorised=True))) == min(BUDGET_WITH_TOKEN, 2 * BUDGET)
    harvested(catalog, "github", "30 repositories (x)", 0.01, "interrupted", requests=30)
    assert len(github(catalog)) == HOURLY - 30
    harvested(catalog, "github", "30 repositories (y)", 0.01, requests=30)
    assert github(catalog, Options()) == (), "nothing is left of this hour"


def test_round_of_github_is_one_a_day_unless_it_is_asked_for(catalog: Catalog) -> None:
    put(catalog.path, repository("github:a/b"))
    harvested(catalog, "github", "1 repositories (x)", 0)
    assert github(catalog) == ()
    assert github(catalog, Options()) == ("github:a/b",)
