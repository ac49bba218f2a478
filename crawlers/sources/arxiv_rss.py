"""arXiv's RSS feeds: what was announced today.

Fields: info.arxiv.org/help/rss.html; what its server does: github.com/arXiv/arxiv-feed.
"""

import io
import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from crawlers import arxiv, xml
from crawlers.arxiv import BadPaper, Said
from crawlers.keys import arxiv_id, parse_key
from crawlers.operators import ARXIV
from crawlers.source import (
    MAX_REASON,
    Answer,
    Base,
    Page,
    Plan,
    Request,
    Source,
    SourceError,
    Step,
    Wish,
)

NAME: Final = "arxiv_rss"

FULL: Final = 2_000
"""Items after which a feed ends (info.arxiv.org/help/rss.html)."""

_HEAD: Final = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*[\w-]*\s*(?:Abstract:\s*)?", re.I)
"""What stands before the abstract in a description."""

_RUN: Final = re.compile(rb"[A-Za-z0-9_.+-]{1000}")
"""feedparser looks for an e-mail address in an author by a pattern whose time grows with the square of
such a run (mixin.py, _sync_author_detail): 200 KB of letters took 155 s. Blanks part it."""


def start(wish: Wish) -> tuple[Step, ...]:
    """One feed for all categories together."""
    wanted = dict.fromkeys(map(arxiv.category, wish.categories or arxiv.MACHINE_LEARNING))
    return (Step("feed", {"categories": list(wanted)}),)


def request(step: Step, base: str) -> Request:
    """The feed. A category that does not exist is answered with status 400 and a feed that says so."""
    return Request(
        f"{base}/{quote('+'.join(step.said['categories']), safe='+')}",
        accept=("application/rss+xml", "application/xml", "text/xml"),
        answers=frozenset({200, 400}),
    )


def parse(step: Step, answer: Answer) -> Page:
    """The papers announced, each once, and the code that their abstracts name. None at weekends."""
    feed = _feed(answer)
    # No comments here, so the links are not all that arXiv says of a paper.
    found = arxiv.Found(NAME, answer.day, holds_comments=False)
    met: set[str] = set()
    for entry in feed.entries:
        name = _name(entry)
        if name is None or name not in met:
            found.add(read, entry)
        if name is not None:
            met.add(name)
    full = (("items, so the feed may be cut off", FULL),) if len(feed.entries) >= FULL else ()
    page = found.page()
    return replace(page, tally=(("announced", found.papers), *page.tally[1:], *full))


def _feed(answer: Answer) -> Any:
    """What feedparser makes of the body; SourceError when that is no feed of arXiv's."""
    import feedparser

    # A text could be opened as a file or an address.
    body = io.BytesIO(_RUN.sub(rb"\g<0> ", xml.readable(answer.body)))
    try:
        # Sanitizing would cut an abstract off at the first `<` that looks like a tag.
        parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:
        raise SourceError("the feed is damaged", again=True) from error
    # It reads what is no XML leniently, and gives texts that never stood there.
    if parsed.get("bozo"):
        raise SourceError("the feed is cut off or damaged", again=True)
    channel = parsed.feed
    if not str(parsed.get("version")).startswith("rss") or not channel.get("title"):
        raise SourceError("not an RSS feed with a channel")
    if answer.status != 200 or channel["title"].startswith("Feed error"):
        words = xml.shown(channel.get("subtitle") or channel["title"], MAX_REASON)
        raise SourceError(f"arXiv refuses: {words}")
    return parsed


def read(entry: Any) -> Said:
    """What one item says of its paper; BadPaper when it names none, or two."""
    identifier, version = _identity(entry)
    day = arxiv.real_day(arxiv.day_of(entry.get("published") or ""))
    dois = arxiv.dois_in(entry.get("arxiv_doi"))
    extra = {"announced": entry.get("arxiv_announce_type"), "announced_on": day}
    categories = [tag.get("term") or "" for tag in entry.get("tags", ())]
    abstract = _HEAD.sub("", entry.get("summary") or "", count=1)
    fields: dict[str, Any] = {
        "title": entry.get("title") or "",
        "abstract": abstract,
        "authors": arxiv.authors_in(entry.get("author") or "", words=False),
        "updated": day,
        "version": version,
        "categories": [one for one in dict.fromkeys(categories) if arxiv.is_category(one)],
        "venue": entry.get("arxiv_journal_reference"),
        "doi": dois[0] if dois else None,
        "text_licence": entry.get("rights"),
        "extra": {name: one for name, one in extra.items() if one},
    }
    return Said(identifier, fields, arxiv.is_withdrawn(None, abstract), day)


def _name(entry: Any) -> str | None:
    try:
        return _identity(entry)[0]
    except BadPaper:
        return None


def _identity(entry: Any) -> tuple[str, int | None]:
    """Id and version from the guid `oai:arXiv.org:2509.13332v1`; the link has no version."""
    guid = arxiv_id((entry.get("id") or "").rpartition(":")[2])
    link = parse_key(entry.get("link") or "")
    linked = link.removeprefix("arxiv:") if link and link.startswith("arxiv:") else None
    if guid is None:
        return arxiv.named(linked)
    if linked is not None and linked != guid[0]:
        raise BadPaper("guid and link name two papers")
    return guid


def plan(wish: Wish) -> Plan:
    return Plan((1, 1), "one feed holds what was announced today")


SOURCE = Source(
    name=NAME,
    title="arXiv RSS",
    licence=arxiv.LICENCE,
    home="https://info.arxiv.org/help/rss.html",
    operator=ARXIV,
    base=Base("HUB_ARXIV_RSS_URL", "https://rss.arxiv.org/rss"),
    start=start,
    request=request,
    parse=parse,
    plan=plan,
)
