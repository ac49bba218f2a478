"""arXiv's query API: papers by id, and searches cut into windows of time.

Interface and limits: info.arxiv.org/help/api/user-manual.html
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from crawlers import arxiv, xml
from crawlers.arxiv import Said
from crawlers.keys import parse_key
from crawlers.operators import ARXIV
from crawlers.source import (
    MAX_REASON,
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

if TYPE_CHECKING:
    from lxml.etree import _Element

NAME: Final = "arxiv_query"

IDS: Final = 100
"""Papers asked for by name at once: an address of 1,300 characters."""
SIZE: Final = 200
"""Papers of one page of a search: half a megabyte, half a second when the API is well."""
WINDOW: Final = 2_000
"""Papers of a search that is read page by page; of a larger one each half of its time is asked for."""
DEEPEST: Final = 30_000
"""Papers that the API hands out of one search (user manual, paging)."""
ONE_DAY: Final = 86_400
"""Seconds for which a search need not be repeated: results change once a day (user manual)."""

FIRST: Final = "199101010000"
LAST: Final = "209912312359"
"""Ends of a window that is open on one side: before arXiv began, and after anybody's wish."""

_PREFIX: Final = re.compile(r"\b(?:ti|au|abs|co|jr|cat|rn|id|all|submittedDate|lastUpdatedDate):")
_WORD: Final = re.compile(r'"[^"]+"|[^\s"():,]+')
_OPERATORS: Final = frozenset({"AND", "OR", "ANDNOT"})
_WHOLE: Final = frozenset(
    "astro-ph cond-mat cs econ eess math nlin physics q-bio q-fin stat".split()
)
"""Archives that have categories below them."""


def start(wish: Wish) -> tuple[Step, ...]:
    """The papers asked for by name, a hundred at a time, and the search for the others."""
    keys = dict.fromkeys(parse_key(one) for one in wish.keys)
    ids = [key.removeprefix("arxiv:") for key in keys if key and key.startswith("arxiv:")]
    steps = [Step("ids", {"ids": ids[at : at + IDS]}) for at in range(0, len(ids), IDS)]
    dated = wish.since is not None or wish.until is not None
    if wish.query or wish.categories or (dated and not wish.keys):
        said: dict[str, Any] = {"query": _query(wish), "start": 0, "size": SIZE}
        if wish.since is not None:
            said["from"] = _stamp(wish.since, "0000")
        if wish.until is not None:
            said["until"] = _stamp(wish.until, "2359")
        if not dated and wish.limit is not None and wish.limit <= WINDOW:
            said["best"] = wish.limit
        steps.append(Step("search", said))
    return tuple(steps)


def _query(wish: Wish) -> str:
    parts = [terms(wish.query)] if wish.query else []
    if wish.categories:
        spelled = dict.fromkeys(map(arxiv.category, wish.categories))
        parts.append(
            " OR ".join(f"cat:{one}.*" if one in _WHOLE else f"cat:{one}" for one in spelled)
        )
    return " AND ".join(f"({part})" for part in parts)


def terms(query: str) -> str:
    """A query as the API reads it. Plain words must all be there: the API itself would take any one
    of them. Where a prefix stands (`ti:`, `au:`, ...) the query is left as it is."""
    if _PREFIX.search(query):
        return xml.shown(query, MAX_REASON * 10)
    said = ""
    operator = ""
    for word in _WORD.findall(query):
        if word in _OPERATORS:
            operator = word
            continue
        bare = word if word.isalnum() or word.startswith('"') else f'"{word}"'
        said += f" {operator or 'AND'} all:{bare}" if said else f"all:{bare}"
        operator = ""
    if not said:
        raise SourceError("the query has no word to search for")
    return said


def _stamp(day: str, time: str) -> str:
    if arxiv.real_day(day) is None:
        raise SourceError(f"not a day: {xml.shown(day, 20)}")
    return f"{day[:10].replace('-', '')}{time}"


def request(step: Step, base: str) -> Request:
    """Papers by id, or one page of a search."""
    said = step.said
    if step.kind == "ids":
        asked = {"id_list": ",".join(said["ids"]), "max_results": len(said["ids"])}
    else:
        order = "relevance" if "best" in said else "submittedDate"
        asked = {
            "search_query": _dated(said["query"], said.get("from"), said.get("until")),
            "start": said["start"],
            "max_results": said["size"],
            "sortBy": order,
            "sortOrder": "descending" if "best" in said else "ascending",
        }
    return Request(
        f"{base}?{urlencode(asked)}",
        accept=("application/atom+xml", "application/xml", "text/xml"),
        answers=frozenset({200, 400}),
        fresh_for=ONE_DAY,
    )


def _dated(query: str, first: str | None, last: str | None) -> str:
    if first is None and last is None:
        return query
    window = f"submittedDate:[{first or FIRST} TO {last or LAST}]"
    return f"{query} AND {window}" if query else window


# -- answers -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Feed:
    """A feed that is no error."""

    total: int
    start: int | None
    entries: "list[_Element]"


def parse(step: Step, answer: Answer) -> Page:
    """The papers of one page and the links they name; which ids are unknown; where to read on."""
    feed = _feed(step, answer)
    if isinstance(feed, Page):
        return feed
    found = arxiv.Found(NAME, answer.day)
    if step.kind == "ids":
        return _by_id(step, feed, found)
    return _search(step, feed, found)


def _feed(step: Step, answer: Answer) -> Feed | Page:
    document = xml.root(answer.body, "feed")
    numbers: dict[str, str] = {}
    entries: list[_Element] = []
    for element in document:
        name = xml.local(element)
        if name == "entry":
            entries.append(element)
        elif name in ("totalResults", "startIndex"):
            numbers[name] = (element.text or "").strip()
    for entry in entries:
        said = xml.children(entry)
        if "id" in said and "/api/errors" in (said["id"].text or ""):
            words = xml.text(said["summary"]) if "summary" in said else None
            return _refused(step, xml.shown(words or "without a reason", MAX_REASON))
    if answer.status != 200:
        raise SourceError(f"arXiv refuses the request with status {answer.status}")
    if not re.fullmatch(r"[0-9]{1,9}", numbers.get("totalResults", "")):
        raise SourceError("the feed does not say how many papers there are")
    first = numbers.get("startIndex", "")
    return Feed(
        int(numbers["totalResults"]),
        int(first) if re.fullmatch(r"[0-9]{1,9}", first) else None,
        entries,
    )


def _refused(step: Step, words: str) -> Page:
    """One id that arXiv cannot read spoils the answer for all: the others are asked for again."""
    bad = words.removeprefix("incorrect id format for ").strip()
    ids = step.said.get("ids", [])
    if bad in ids and len(ids) > 1:
        others = Step("ids", {"ids": [one for one in ids if one != bad]})
        return Page(skipped=(Skip(f"arxiv:{bad}", "no id to arXiv"),), next=(others,))
    raise SourceError(f"arXiv refuses: {words}")


def _by_id(step: Step, feed: Feed, found: arxiv.Found) -> Page:
    asked = step.said["ids"]
    if len(feed.entries) < min(feed.total, len(asked)):
        raise SourceError(
            f"{len(feed.entries)} papers came, {feed.total} were promised", again=True
        )
    met: set[str] = set()
    for entry in feed.entries:
        name = _name(entry)
        if name is not None and name in asked and name not in met:
            found.add(read, entry)
            met.add(name)
        else:
            found.skipped.append(Skip(f"entry {len(met) + 1}", "not asked for"))
    found.skipped += (Skip(f"arxiv:{one}", "unknown id") for one in asked if one not in met)
    return found.page()


def _name(entry: "_Element") -> str | None:
    try:
        return _identity(xml.children(entry))[0]
    except arxiv.BadPaper:
        return None


def _search(step: Step, feed: Feed, found: arxiv.Found) -> Page:
    start, size, best = step.said["start"], step.said["size"], step.said.get("best")
    if feed.start is not None and feed.start != start:
        raise SourceError(f"a page from {feed.start} came instead of one from {start}", again=True)
    papers = [said for one in feed.entries if (said := found.add(read, one)) is not None]
    _check_window(step, papers)
    if feed.total > WINDOW and start == 0 and best is None and (halves := _halves(step, found.day)):
        # Its papers come again with the first half, and a page that repeats looks like a circle.
        return Page(tally=(("windows cut in half", 1),), next=halves)
    if feed.total > DEEPEST and best is None:
        raise SourceError(f"{feed.total:,} papers in one minute: the dates were ignored")
    promised = max(0, min(size, feed.total - start))
    if len(feed.entries) < promised:
        raise SourceError(f"{len(feed.entries)} papers came, {promised} were promised", again=True)
    after = start + size
    if after >= min(feed.total, DEEPEST if best is None else best):
        return found.page()
    return found.page((Step("search", {**step.said, "start": after}),))


def _check_window(step: Step, papers: list[Said]) -> None:
    """A search whose dates are ignored would be cut in half for ever: not one paper is from them."""
    if "from" not in step.said and "until" not in step.said:
        return
    first, last = step.said.get("from", FIRST), step.said.get("until", LAST)
    day_before, day_after = _day(first, -1), _day(last, 1)
    days = [
        (fields["published"], fields["updated"] or fields["published"])
        for fields in (paper.fields or {} for paper in papers)
        if fields.get("published")
    ]
    if days and all(came > day_after or changed < day_before for came, changed in days):
        raise SourceError("papers from other days than asked for: the dates were ignored")


def _day(stamp: str, shift: int) -> str:
    return (_moment(stamp).date() + timedelta(days=shift)).isoformat()


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%d%H%M").replace(tzinfo=UTC)


def _halves(step: Step, today: str) -> tuple[Step, ...]:
    """The same search for each half of its time, parted at midnight, else at a full hour, else at a
    minute; nothing when no minute lies between. Both hold that minute, so none falls between them."""
    first = _moment(step.said.get("from", FIRST))
    last = min(_moment(step.said.get("until", LAST)), _moment(f"{today.replace('-', '')}2359"))
    middle = first + (last + timedelta(minutes=1) - first) / 2
    hour = middle.replace(minute=0, second=0, microsecond=0)
    for parting in (hour.replace(hour=0), hour, middle.replace(second=0, microsecond=0)):
        if first < parting < last:
            stamps = [f"{moment:%Y%m%d%H%M}" for moment in (first, parting, last)]
            return tuple(
                Step("search", {**step.said, "from": begin, "until": end})
                for begin, end in pairwise(stamps)
            )
    return ()


# -- entries -----------------------------------------------------------------------------------


def read(entry: "_Element") -> Said:
    """What one entry says of its paper; BadPaper when it names none, or two."""
    said = xml.children(entry)
    for name in ("id", "title"):
        if sum(xml.local(one) == name for one in entry) > 1:
            raise arxiv.BadPaper(f"{name}: twice")
    identifier, version = _identity(said)
    texts = {name: xml.text(one) for name, one in said.items()}
    authors, affiliations = _authors(entry)
    categories = _terms(entry, "primary_category") + _terms(entry, "category")
    dois = arxiv.dois_in(texts.get("doi"))
    extra: dict[str, Any] = {"dois": dois} if len(dois) > 1 else {}
    if affiliations:
        extra["affiliations"] = affiliations
    if classes := [one for one in categories if not arxiv.is_category(one)]:
        extra["classes"] = classes
    fields: dict[str, Any] = {
        "title": texts.get("title") or "",
        "abstract": texts.get("summary"),
        "authors": authors,
        "published": arxiv.real_day(texts.get("published")),
        "updated": arxiv.real_day(texts.get("updated")),
        "version": version,
        "categories": list(dict.fromkeys(one for one in categories if arxiv.is_category(one))),
        "venue": texts.get("journal_ref"),
        "comment": texts.get("comment"),
        "doi": dois[0] if dois else None,
        "extra": extra,
    }
    withdrawn = arxiv.is_withdrawn(fields["comment"], fields["abstract"])
    return Said(identifier, fields, withdrawn, fields["updated"])


def _identity(said: "dict[str, _Element]") -> tuple[str, int | None]:
    address = (said["id"].text or "") if "id" in said else ""
    return arxiv.named(address.partition("/abs/")[2])


def _authors(entry: "_Element") -> tuple[list[str], dict[str, list[str]]]:
    """Names in order, and the affiliations of those who have some."""
    names: list[str] = []
    affiliations: dict[str, list[str]] = {}
    for author in entry:
        if xml.local(author) != "author":
            continue
        texts = [(xml.local(one), xml.text(one)) for one in author]
        name = next((text for kind, text in texts if kind == "name" and text), "")
        places = [text for kind, text in texts if kind == "affiliation" and text]
        for known in arxiv.plain_names([" ".join(name.split())]):
            names.append(known)
            if places:
                affiliations[known] = places
    return names, affiliations


def _terms(entry: "_Element", name: str) -> list[str]:
    found = [one.get("term") for one in entry if xml.local(one) == name]
    return [term.strip() for term in found if term and term.strip()]


def plan(wish: Wish) -> Plan:
    steps = start(wish)
    named = sum(step.kind == "ids" for step in steps)
    if named == len(steps):
        return Plan((named, named), f"up to {IDS} papers a request")
    said = steps[-1].said
    if "best" in said:
        pages = max(1, ceil(said["best"] / SIZE))
        return Plan((named + 1, named + pages), f"{SIZE} papers a page, the best matches first")
    first = date.fromisoformat(wish.since) if wish.since else _moment(FIRST).date()
    last = date.fromisoformat(wish.until) if wish.until else datetime.now(UTC).date()
    days = max(1, (last - first).days + 1)
    lists = len(wish.categories) or len(arxiv.MACHINE_LEARNING)
    most = 2 * ceil(days * lists * arxiv.A_DAY[1] / SIZE)
    why = (
        f"{SIZE} papers a page, searches of over {WINDOW:,} are cut in half; at most "
        f"{arxiv.A_DAY[1]} papers a day and category (an estimate)"
    )
    return Plan((named + 1, named + most), why)


SOURCE = Source(
    name=NAME,
    title="arXiv query API",
    licence=arxiv.LICENCE,
    home="https://info.arxiv.org/help/api/user-manual.html",
    operator=ARXIV,
    base=Base("HUB_ARXIV_API_URL", "https://export.arxiv.org/api/query"),
    start=start,
    request=request,
    parse=parse,
    plan=plan,
)
