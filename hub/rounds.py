"""What a crawl asks for: a user's words, and what the catalog knows already, as errands in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Final

from crawlers.arxiv import ALL, MACHINE_LEARNING
from crawlers.source import Plan, Source, Wish, source_named
from hub.catalog import Catalog, ledger, read
from hub.crawls import Errand
from hub.errors import UsageError

TARGETS: Final = ("arxiv", "pwc", "github", "hf", "all")

DAILY: Final = ("arxiv", "hf", "github")
"""The round of a bare `hub crawl`: papers first, so that what they link to is known when it is asked."""

HOURLY: Final = 55
"""Of the 60 requests that GitHub gives in an hour without a token; the rest is left to the user."""

BUDGET: Final = 40
"""Repositories refreshed in a round without a token."""

BUDGET_WITH_TOKEN: Final = 1_000
"""The same with one: ten requests of a hundred repositories."""

LONGEST_GAP: Final = 366
"""Days that a daily round catches up by itself: some 300 requests to arXiv. More is asked for with
--since, and an errand that leaves days out says so."""


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    since: str | None = None
    days: int | None = None
    categories: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    query: str | None = None
    slice: str | None = None
    trending: str | None = None
    """Languages, separated by commas."""
    limit: int | None = None
    full: bool = False
    authorised: bool = False
    daily: bool = False
    """The round of the day: what was done today is not done again."""

    @property
    def begin(self) -> str | None:
        """The day that --since or --days names."""
        if self.days is not None:
            return _days_ago(self.days)
        return self.since


def errands(catalog: Catalog, targets: tuple[str, ...], options: Options) -> Iterator[Errand]:
    """The errands of some targets, in the order in which they are to be run."""
    for target in targets:
        yield from _OF_TARGET[target](catalog, options)


def plan_of(errand: Errand) -> Plan:
    """What an errand will cost."""
    if errand.files:
        size = sum(file.size for file in errand.files)
        return Plan((len(errand.files), 3 * len(errand.files)), f"{size / 1e6:,.0f} MB to download")
    assert errand.source.plan is not None, errand.source.name
    return errand.source.plan(errand.wish)


def _arxiv(catalog: Catalog, options: Options) -> Iterator[Errand]:
    """By id or words: the query interface. Since a day: OAI. Else today's feed, if that is enough."""
    if options.papers or options.query:
        source = _source("arxiv_query")
        wish = Wish(
            since=options.begin,
            keys=options.papers,
            query=options.query,
            categories=options.categories
            if options.query and ALL not in options.categories
            else (),
            limit=options.limit,
        )
        yield Errand(source, wish, _address(wish))
        return
    categories = tuple(sorted(dict.fromkeys(options.categories))) or MACHINE_LEARNING
    if options.full or options.begin:
        yield _oai(categories, options, options.begin)
        return
    last = _followed_until(catalog, categories)
    if last is not None and _age(last) > 1:
        # The feed holds one day: what came in between is only in OAI.
        yield _oai(categories, options, _caught_up(last))
        return
    if ALL in categories:
        raise UsageError(
            "arXiv has no feed of everything", hint="Say from when on: --days 1, --since, --full."
        )
    wish = Wish(categories=categories, limit=options.limit)
    yield Errand(_source("arxiv_rss"), wish, _address(wish))


def _followed_until(catalog: Catalog, categories: tuple[str, ...]) -> str | None:
    """The moment up to which every change of these categories has come, as far as each of them was ever
    asked for; None when none was. A crawl that left days out does not count."""
    until: dict[str, str] = {}
    for address, began in ledger.done(catalog, "arxiv_oai", "arxiv_rss"):
        since = re.search(r"since ([0-9-]{10})", address)
        whole = since is None and "in full" in address
        first = since[1] if since else (_day(began) - timedelta(days=1)).isoformat()
        asked = address.partition(",")[0].split()
        for category in categories:
            if category not in asked and ALL not in asked:
                continue
            before = until.get(category)
            if before is None or whole or first <= before[:10]:
                until[category] = began
    return min(until.values(), default=None)


def _oai(categories: tuple[str, ...], options: Options, since: str | None) -> Errand:
    wish = Wish(
        since=None if options.full else since,
        categories=categories,
        full=options.full,
        limit=options.limit,
    )
    return Errand(_source("arxiv_oai"), wish, _address(wish))


def _hf(catalog: Catalog, options: Options) -> Iterator[Errand]:
    source = _source("hf_papers")
    if options.papers:
        wish = Wish(keys=options.papers, limit=options.limit)
    else:
        last = ledger.last_done(catalog, source.name)
        since = options.begin or (_caught_up(last) if last else _days_ago(1))
        wish = Wish(since=since, until=_days_ago(0), limit=options.limit)
    yield Errand(source, wish, _address(wish))


def _pwc(catalog: Catalog, options: Options) -> Iterator[Errand]:
    if options.slice is not None:
        source = _source("pwc_archive")
        if options.slice not in source.files:
            raise UsageError(f"--slice {options.slice}", hint=f"One of: {', '.join(source.files)}")
        yield Errand(source, Wish(), f"slice {options.slice}", source.files[options.slice])
        return
    source = _source("pwc_live")
    last = ledger.last_done(catalog, source.name)
    since = options.begin or (_caught_up(last) if last else _days_ago(7))
    wish = Wish(
        since=None if options.full else since,
        tasks=options.tasks,
        full=options.full,
        limit=options.limit,
    )
    yield Errand(source, wish, _address(wish))


def _github(catalog: Catalog, options: Options) -> Iterator[Errand]:
    if options.trending:
        wish = Wish(query=options.trending, full=options.full, limit=options.limit)
        yield Errand(_source("github_trending"), wish, _address(wish))
        return
    source = _source("github")
    if options.query or options.tasks:
        wish = Wish(
            query=options.query,
            tasks=options.tasks,
            limit=options.limit,
            authorised=options.authorised,
        )
    elif options.repositories:
        wish = Wish(
            keys=options.repositories,
            full=True,
            limit=options.limit,
            authorised=options.authorised,
        )
    else:
        last = ledger.last_done(catalog, source.name)
        if options.daily and last is not None and _age(last) == 0:
            return
        most = BUDGET_WITH_TOKEN if options.authorised else _left_this_hour(catalog)
        keys = read.stale_repositories(
            catalog, min(most, options.limit or most), today=_days_ago(0)
        )
        if not keys:
            return
        wish = Wish(keys=tuple(keys), full=options.full, authorised=options.authorised)
    yield Errand(source, wish, _address(wish))


_OF_TARGET: Final = {"arxiv": _arxiv, "pwc": _pwc, "github": _github, "hf": _hf}


def _address(wish: Wish) -> str:
    """What a wish asks for, in words that a person reads in the ledger."""
    parts = []
    if wish.query:
        parts.append(wish.query)
    if wish.tasks:
        parts.append("tasks " + " ".join(wish.tasks))
    if wish.categories:
        parts.append(" ".join(wish.categories))
    if len(wish.keys) == 1:
        parts.append(wish.keys[0])
    elif wish.keys:
        digest = blake2b(" ".join(wish.keys).encode(), digest_size=4).hexdigest()
        noun = "papers" if wish.keys[0].startswith("arxiv:") else "repositories"
        parts.append(f"{len(wish.keys)} {noun} ({digest})")
    if wish.full:
        parts.append("in full")
    if wish.since:
        parts.append(f"since {wish.since}")
    if wish.until:
        parts.append(f"until {wish.until}")
    return ", ".join(parts) or "what is new"


def _left_this_hour(catalog: Catalog) -> int:
    """How many repositories may still be asked for without a token, as far as this catalog knows."""
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    used = ledger.requests_since(catalog, "github", hour_ago)
    return max(0, min(BUDGET, HOURLY - used))


def _source(name: str) -> Source:
    source = source_named(name)
    assert source is not None, name
    return source


def _days_ago(days: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


def _age(moment: str) -> int:
    """Whole days since a moment."""
    return (datetime.now(UTC).date() - _day(moment)).days


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])


def _caught_up(last: str) -> str:
    """The day from which to go on after a harvest: one earlier, since days end at different hours."""
    since = _day(last) - timedelta(days=1)
    return max(since.isoformat(), _days_ago(LONGEST_GAP))
