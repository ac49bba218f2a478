"""arXiv's OAI-PMH interface: every change since a day, page after page; all of arXiv when asked.

Interface: info.arxiv.org/help/oa; what it does beyond that is in its code, github.com/arXiv/oaipmh.
"""

from datetime import UTC, date, datetime
from math import ceil
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from crawlers import arxiv, oai_paper, xml
from crawlers.operators import ARXIV
from crawlers.source import (
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

if TYPE_CHECKING:
    from lxml.etree import _Element

NAME: Final = "arxiv_oai"

PREFIX: Final = "arXivRaw"
"""The metadata format asked for; pages in `arXiv` are read too. Only this one holds the day of the
first version: `created` of `arXiv` is the day of the latest one since the server was rewritten in
2025 (github.com/arXiv/oaipmh, record_formats.xml prints current_meta.created), so that a paper of 2017
would be published in 2023. It also counts the versions and marks the withdrawn ones. A mirror that
does not have it is asked for `arXiv`."""

EARLIEST: Final = "2005-09-16"
"""An earlier `from` is refused; some 90,000 older records carry this day (oai_config.py there)."""

MAX_TOKEN: Final = 2_000
"""Longest resumption token sent back; it holds five short parameters and a number."""

ALL_PAPERS: Final = 2_800_000
ALL_A_DAY: Final = (1_000, 3_000)
"""Changes a day in all of arXiv, new versions and cross-lists included: a guess for a plan."""
PAGE: Final = (2_500, 1_300)
"""Records of a page: the most that the server's code allows, and what it was seen to send."""


def start(wish: Wish) -> tuple[Step, ...]:
    """One list for each category. All of arXiv is one list, asked for without any set."""
    wanted = () if _is_all(wish) else wish.categories or arxiv.MACHINE_LEARNING
    sets = dict.fromkeys(arxiv.set_of(arxiv.category(one)) for one in wanted)
    window = {"from": _since(wish), "until": wish.until}
    return tuple(_step("list", set=one, **window) for one in sets or [None])


def _is_all(wish: Wish) -> bool:
    return arxiv.ALL in wish.categories or (wish.full and not wish.categories)


def _since(wish: Wish) -> str | None:
    return None if wish.full or wish.since is None else max(wish.since, EARLIEST)


def _step(kind: str, **said: str | None) -> Step:
    return Step(kind, {name: one for name, one in said.items() if one is not None})


def request(step: Step, base: str) -> Request:
    """One page of a list. A token goes alone: it holds the other parameters."""
    said = {"verb": "ListRecords"}
    if step.kind == "more":
        # The token comes quoted and is quoted once more: the server takes off both layers (resume.py).
        said["resumptionToken"] = step.said["token"]
    else:
        said["metadataPrefix"] = step.said.get("prefix", PREFIX)
        said |= {name: step.said[name] for name in ("from", "until", "set") if name in step.said}
    return Request(f"{base}?{urlencode(said)}", accept=("text/xml", "application/xml"))


def parse(step: Step, answer: Answer) -> Page:
    """The papers of one page, the links they name, and the step to the next page."""
    document = xml.root(answer.body, "OAI-PMH")
    listed: _Element | None = None
    for element in document:
        match xml.local(element):
            case "error":
                return _refused(step, element)
            case "ListRecords" | "GetRecord":
                listed = element
            case _:
                pass
    if listed is None:
        raise SourceError("an OAI-PMH answer without a list of records")
    found = arxiv.Found(NAME, answer.day)
    latest = token = ""
    for element in listed:
        match xml.local(element):
            case "record":
                said = found.add(oai_paper.read, element)
                if said is not None and latest < (said.changed or "") <= answer.day:
                    latest = said.changed or latest
            case "resumptionToken":
                token = (element.text or "").strip()
    if not found.entries:
        raise SourceError("a list without any record", again=True)
    return found.page(_next(step, token, latest) if token else ())


def _next(step: Step, token: str, latest: str) -> tuple[Step, ...]:
    """The next page, and in the step the day to begin again from should its token be refused."""
    if token == step.said.get("token"):
        raise SourceError("the resumption token repeats itself")
    if len(token) > MAX_TOKEN:
        raise SourceError(f"a resumption token of {len(token):,} characters")
    day = latest or step.said.get("latest") or step.said.get("from")
    return (_step("more", token=token, latest=day, **_kept(step)),)


def _kept(step: Step) -> dict[str, str | None]:
    return {name: step.said.get(name) for name in ("set", "until", "prefix")}


def _refused(step: Step, error: "_Element") -> Page:
    """The page that an error amounts to, where it amounts to one. All errors come with status 200."""
    code, words = error.get("code") or "unnamed", xml.shown(xml.text(error) or "")
    # The server before 2025 said the same of a set that does not exist; that is a refusal.
    if code == "noRecordsMatch" and "match any set" not in words:
        return Page(tally=(("no records match", 1),))
    unknown = code == "cannotDisseminateFormat" or "metadataprefix" in words.lower()
    if unknown and step.kind == "list" and "prefix" not in step.said:
        plain = Step("list", {**step.said, "prefix": "arXiv"})
        return Page(tally=((f"no {PREFIX} here", 1),), next=(plain,))
    latest = step.said.get("latest")
    if code == "badResumptionToken" and latest:
        again = _step("list", **{"from": latest}, **_kept(step))
        return Page(tally=(("tokens refused", 1),), next=(again,))
    raise SourceError(f"arXiv refuses: {xml.shown(code, 40)}" + (f" ({words})" if words else ""))


def plan(wish: Wish) -> Plan:
    lists = len(start(wish))
    most, least = PAGE[1], PAGE[0]
    whole = ceil(ALL_PAPERS / least), ceil(ALL_PAPERS / most)
    since = _since(wish)
    if since is None and _is_all(wish):
        return Plan(whole, f"{ALL_PAPERS:,} papers, {most:,} to {least:,} a page")
    if since is None:
        why = (
            f"{lists} categories from their beginning, {most:,} to {least:,} papers a page; together "
            "at most all of arXiv"
        )
        return Plan((lists, whole[1] + lists), why)
    days = max(1, _days(since, wish.until))
    changes = ALL_A_DAY if _is_all(wish) else arxiv.A_DAY
    requests = [
        lists * max(1, ceil(days * count / page)) for count, page in zip(changes, PAGE, strict=True)
    ]
    a_day = " to ".join(map("{:,}".format, changes))
    what = "all of arXiv" if _is_all(wish) else f"{lists} categories"
    why = f"{what}, {days} days with {a_day} changes each (an estimate)"
    return Plan((requests[0], requests[1]), why)


def _days(since: str, until: str | None) -> int:
    last = date.fromisoformat(until) if until else datetime.now(UTC).date()
    return (last - date.fromisoformat(since)).days + 1


SOURCE = Source(
    name=NAME,
    title="arXiv OAI-PMH",
    licence=arxiv.LICENCE,
    home="https://info.arxiv.org/help/oa/index.html",
    operator=ARXIV,
    base=Base("HUB_ARXIV_OAI_URL", "https://oaipmh.arxiv.org/oai"),
    start=start,
    request=request,
    parse=parse,
    plan=plan,
)
