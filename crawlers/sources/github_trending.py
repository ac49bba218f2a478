"""GitHub's page of trending repositories: what gained most stars today, this week or this month.

There is no interface for it and no history: the page is read as a browser gets it, in the layouts of
2020 and 2026. When a layout is not known, that is an error and never an empty list.
"""

import re
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from pydantic import ValidationError

from crawlers.keys import kind_of, parse_key, slug
from crawlers.operators import GITHUB
from crawlers.records import Record, RepositoryRecord, SnapshotRecord, reason
from crawlers.source import (
    Answer,
    Base,
    Page,
    Plan,
    Request,
    Skip,
    Source,
    SourceError,
    Step,
    Wish,
)

NAME: Final = "github_trending"
SITE: Final = "https://github.com"

PERIODS: Final = {"daily": "today", "weekly": "this week", "monthly": "this month"}
"""How the page says of which period its stars are."""

LANGUAGE: Final = "python"
"""What deep learning is written in, where nobody wishes for another."""

_ROW: Final = re.compile(r"<article\b([^>]{0,400})>(.*?)</article\s*>", re.DOTALL)
"""Each row is cut out and read by itself, so that damage in one of them cannot reach the next."""

MAX_ROWS: Final = 50
"""Twice what a page has at most."""

MAX_ROW: Final = 30_000
"""Longest row taken, in characters; the longest of those seen has 12,785."""

_NONE: Final = "have any trending repositories"
"""What the page says of a day without any (`It looks like we don’t ...`)."""

_COUNT: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})*|[0-9]{1,9}")
_GAINED: Final = re.compile(r"([0-9,]{1,11}) stars? (today|this week|this month)")


class Unread(ValueError):
    """A row in which something is not where the layouts have it."""


# -- asking ----------------------------------------------------------------------------------


def start(wish: Wish) -> tuple[Step, ...]:
    """Today's page of each language in `query` (`python, c++`); with `full` of every period."""
    languages = [name.strip().lower() for name in (wish.query or LANGUAGE).split(",")]
    # The page of today comes last, since the newest page says what the catalog keeps.
    periods = ("monthly", "weekly", "daily") if wish.full else ("daily",)
    return tuple(
        Step("page", {"language": language.replace(" ", "-"), "since": period})
        for language in dict.fromkeys(filter(None, languages))
        for period in periods
    )


def request(step: Step, base_url: str) -> Request:
    url = f"{base_url}/trending/{quote(step.said['language'], safe='')}?since={step.said['since']}"
    return Request(url, accept=("text/html",), resource="web", max_bytes=4 << 20)


def plan(wish: Wish) -> Plan:
    steps = len(start(wish))
    return Plan((steps, steps), "one page for each language and period")


# -- a page ----------------------------------------------------------------------------------


def parse(step: Step, answer: Answer) -> Page:
    """The repositories of the page in its order. SourceError when its layout is not a known one."""
    if _path(answer.final_url) != _path(answer.url):
        raise SourceError("another page came than the one asked for")
    try:
        html = answer.body.decode("utf-8").replace("\0", "")
    except UnicodeDecodeError as error:
        raise SourceError("the page is damaged: not UTF-8", again=True) from error
    rows = _ROW.findall(html)
    ends = {len(re.findall(end, html)) for end in (r"<article\b", r"</article\s*>")}
    if ends != {len(rows)} or ("<html" in html and "</html" not in html):
        raise SourceError("the page is cut off", again=True)
    if not rows and _NONE in html:
        return Page(tally=(("repositories", 0),))
    if not 0 < len(rows) <= MAX_ROWS:
        raise SourceError("the layout of the page is unknown: no rows, or too many")
    records, skipped = _records(rows, step, answer.day)
    if not records:
        raise SourceError(f"the layout of the page is unknown: {skipped[0].reason}")
    _check_language(records, step)
    return Page(tuple(records), tuple(skipped), (("repositories", len(rows)),))


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError as error:
        raise SourceError("the page came from no address") from error


def _check_language(records: list[Record], step: Step) -> None:
    """A language that GitHub does not know may bring the page of all languages instead."""
    shown = [one.language for one in records if isinstance(one, RepositoryRecord) and one.language]
    asked = slug(step.said["language"])
    if shown and asked not in map(slug, shown):
        raise SourceError("the page is of another language than the one asked for")


def _records(rows: list[tuple[str, str]], step: Step, day: str) -> tuple[list[Record], list[Skip]]:
    records: list[Record] = []
    skipped: list[Skip] = []
    seen: set[str] = set()
    for rank, (attributes, html) in enumerate(rows, 1):
        try:
            if "Box-row" not in attributes:
                raise Unread("an article of another kind")
            repository, snapshot = _row(html, rank, step, day)
            if repository.key in seen:
                raise Unread("repeated repository")
            seen.add(repository.key)
            records += [repository, snapshot]
        except Unread as error:
            skipped.append(Skip(f"row {rank}", str(error)))
        except ValidationError as error:
            skipped.append(Skip(f"row {rank}", reason(error)))
    return records, skipped


def _row(html: str, rank: int, step: Step, day: str) -> tuple[RepositoryRecord, SnapshotRecord]:
    """One repository and its stars; Unread when anything but its description is not there."""
    from bs4 import BeautifulSoup

    if len(html) > MAX_ROW:
        raise Unread("too long for a row")
    soup = BeautifulSoup(f"<div>{html}</div>", "lxml")
    links = {str(link["href"]): link.get_text() for link in soup.select("a[href]")}
    heading = soup.select_one("h1 a[href], h2 a[href]")
    name = str(heading["href"]).strip("/") if heading else ""
    key = parse_key(f"{SITE}/{name}") if name.count("/") == 1 else None
    if heading is None or key is None or kind_of(key) != "repository":
        raise Unread("no repository in its heading")
    if "".join(heading.get_text().split()) != name:
        raise Unread("name and address of the repository disagree")
    forks = [text for href, text in links.items() if _leads_to_forks(href, name)]
    base: dict[str, Any] = {
        "source": NAME,
        "source_url": f"{SITE}/{name}",
        "retrieved_at": day,
        "licence": None,
    }
    snapshot = SnapshotRecord(
        repository=key,
        day=day,
        stars=_count(links.get(f"/{name}/stargazers"), "stars"),
        forks=_count(forks[0], "forks") if forks else None,
        **base,
    )
    description = soup.select_one("p.col-9")
    language = soup.select_one("[itemprop=programmingLanguage]")
    trending = {"since": step.said["since"], "language": step.said["language"], "day": day}
    gained = soup.select_one("span.float-sm-right")
    if gained is not None:
        trending["stars_then"] = _gained(gained.get_text(), step)
    repository = RepositoryRecord(
        key=key,
        name=name,
        url=f"{SITE}/{name}",
        description=description.get_text() if description else None,
        language=language.get_text() if language else None,
        extra={"trending": {**trending, "rank": rank}},
        **base,
    )
    return repository, snapshot


def _leads_to_forks(href: str, name: str) -> bool:
    return href == f"/{name}/forks" or href.startswith(f"/{name}/network/members")


def _count(text: str | None, what: str) -> int:
    """`15,694` as a number; every layout shows it with separators and without rounding."""
    number = (text or "").strip()
    if not _COUNT.fullmatch(number):
        raise Unread(f"{what}: not there or not a number")
    return int(number.replace(",", ""))


def _gained(text: str, step: Step) -> int:
    """Stars of the period; a page of another period than the one asked for is not believed."""
    found = _GAINED.fullmatch(" ".join(text.split()))
    if found is None or found[2] != PERIODS[step.said["since"]]:
        raise Unread("stars of the period: not there or of another period")
    return _count(found[1], "stars of the period")


SOURCE = Source(
    name=NAME,
    title="GitHub trending",
    licence=None,
    home=f"{SITE}/trending",
    main="repository",
    operator=GITHUB,
    base=Base("HUB_GITHUB_WEB_URL", SITE),
    start=start,
    request=request,
    parse=parse,
    plan=plan,
    alone=frozenset({"page"}),
)
