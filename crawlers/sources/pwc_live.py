"""paperswithcode.co: papers with their code, results claimed in papers, benchmarks, tasks, methods.

Interface: https://github.com/huggingface/pwc-cli, standalone_cli/src/pwc_cli/cli.py (v0.1.16). The
site states no terms for its data, so its rows stay in the user's catalog. What an entry says is read
in crawlers.pwc_papers and crawlers.pwc_entries; here is what to ask for, and how pages are turned.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote, urlencode

from crawlers.json_answer import Unfit, document, integer, mapping
from crawlers.keys import slug
from crawlers.operators import PAPERSWITHCODE
from crawlers.pwc_entries import (
    NAME,
    SITE,
    Collected,
    benchmark,
    framework,
    method,
    placed,
    task,
)
from crawlers.pwc_papers import evaluation, paper
from crawlers.records import Record
from crawlers.source import (
    Answer,
    Base,
    Page,
    Plan,
    Request,
    Scope,
    Source,
    SourceError,
    Step,
    Wish,
)

SIZE: Final = 100
"""Entries of a page: the most that the site's own client asks for (cli.py, _page_size)."""

MAX_BYTES: Final = 4 << 20
"""Twice what the site's own client takes (transport.py, MAX_RESPONSE_BYTES)."""

EVALUATIONS: Final = 31_600
"""How many there were on 2026-09-17 (github.com/chenshunpeng/AdaptVPR/issues/4)."""

PAPERS_A_DAY: Final = 1_000
"""About what arXiv's categories of machine learning bring in a day: no more can be there."""

PAPERS: Final = 100_000
"""A guess for a plan, where no day is wished."""

_FILTERS: Final = ("start_date", "end_date", "task")
_LISTS: Final = ("tasks", "methods", "datasets")
_READERS: Final[dict[str, Callable[[Collected, Any, int], list[Record]]]] = {
    "papers": paper,
    "evaluations": evaluation,
    "board": evaluation,
    "datasets": benchmark,
    "tasks": task,
    "methods": method,
}


# -- asking ----------------------------------------------------------------------------------


def start(wish: Wish) -> tuple[Step, ...]:
    """Papers since a day, of each task that is wished; recent results; with `full` every list."""
    dates = {"start_date": wish.since, "end_date": wish.until}
    filters = {name: value for name, value in dates.items() if value}
    tasks = dict.fromkeys(one.removeprefix("task:") for one in wish.tasks)
    steps = [Step("papers", {"page": 1, **filters, "task": one}) for one in tasks]
    if not steps:
        steps = [Step("papers", {"page": 1, **filters})]
    since = {"since": wish.since} if wish.since and not wish.full else {}
    steps.append(Step("evaluations", {"page": 1, **since}))
    if wish.full:
        steps.append(Step("frameworks"))
        # Benchmarks come last: their pages know the places of rows that `evaluations` does not.
        steps += [Step(kind, {"page": 1}) for kind in _LISTS]
    return tuple(steps)


def request(step: Step, base_url: str) -> Request:
    said = step.said
    query: dict[str, Any] = {"page": said["page"], "page_size": SIZE} if "page" in said else {}
    path = f"{step.kind}/"
    if step.kind == "papers":
        query |= {name: said[name] for name in _FILTERS if name in said}
        query |= {"order_by": "date_published", "order_dir": "desc", "include_resources": "true"}
    elif step.kind == "board":
        path = f"datasets/{quote(said['dataset'], safe='')}/evaluations/"
        query["ordering"] = "best_rank"
    elif step.kind in _LISTS:
        query["ordering"] = "name"
    url = f"{base_url}/{path}" + (f"?{urlencode(query)}" if query else "")
    return Request(url, accept=("application/json",), max_bytes=MAX_BYTES)


def plan(wish: Wish) -> Plan:
    """How many pages a list has shows its first one, so the higher number is an estimate."""
    steps = start(wish)
    lists = sum(step.kind == "papers" for step in steps)
    results = -(-EVALUATIONS // SIZE)
    why = (
        f"{lists} list(s) of papers and the results of papers (about {results} pages, fewer if the "
        f"newest come first), {SIZE} a page"
    )
    if wish.full:
        why += "; then every other list, and for each benchmark its results"
    most = lists * _pages(wish) + results * (3 if wish.full else 1)
    return Plan((len(steps), most), why)


def _pages(wish: Wish) -> int:
    """About how many pages of papers there can be."""
    if not (wish.since and wish.until):
        return PAPERS // SIZE
    days = date.fromisoformat(wish.until) - date.fromisoformat(wish.since)
    return max(1, (days.days + 1) * PAPERS_A_DAY // SIZE)


# -- a page ----------------------------------------------------------------------------------


def parse(step: Step, answer: Answer) -> Page:
    """Records of one page of a list, and the step to its next page."""
    out = Collected(answer.day, step)
    if step.kind == "frameworks":
        return _catalogue(out, answer)
    sheet = _sheet(step, answer)
    out.before = sheet.before
    if sheet.short:
        out.skip(f"page {sheet.number}", "the page holds fewer entries than it promises")
    for place, said in enumerate(sheet.entries):
        where = f"page {sheet.number}, entry {place + 1}"
        out.attempt(where, _READERS[step.kind], said, place)
    out.tally["results" if step.kind == "board" else step.kind] = len(sheet.entries)
    out.add_boards(known=step.kind == "board" and sheet.number == 1)
    if step.kind == "board" and sheet.complete and not out.skipped and "shared" not in step.said:
        out.whole += [Scope("result", "board", key, NAME) for key in out.boards]
    if step.kind == "datasets":
        out.next = _told_apart(out.next)
    if sheet.more and not (step.kind == "evaluations" and _is_old(sheet.entries, step)):
        out.next.append(Step(step.kind, {**step.said, "page": sheet.number + 1}))
    return out.page()


def _catalogue(out: Collected, answer: Answer) -> Page:
    """All frameworks: they come on one page, as domains > categories > frameworks."""
    domains = mapping(answer).get("domains")
    if not isinstance(domains, list):
        raise SourceError("no list of domains")
    for where, said, places in placed(out, domains):
        out.attempt(where, framework, said, places)
    out.tally["frameworks"] = len(out.records)
    return out.page()


def _told_apart(steps: list[Step]) -> list[Step]:
    """Two benchmarks of one name share a board, so neither of them holds the whole of it."""
    names = Counter(slug(step.said["name"]) for step in steps)
    return [
        Step(step.kind, {**step.said, "shared": True})
        if names[slug(step.said["name"])] > 1
        else step
        for step in steps
    ]


@dataclass(frozen=True)
class Sheet:
    """One page of a list, as its envelope says."""

    number: int
    before: int
    """How many entries of the list stand before this page."""
    entries: list[Any]
    total: int | None = None

    @property
    def more(self) -> bool:
        if self.total is None:
            return len(self.entries) >= SIZE
        return self.before + max(SIZE, len(self.entries)) < self.total

    @property
    def complete(self) -> bool:
        """The whole list is on this page."""
        return self.number == 1 and len(self.entries) == self.total

    @property
    def short(self) -> bool:
        """There are fewer entries than the envelope's count lets expect."""
        return self.total is not None and len(self.entries) < min(SIZE, self.total - self.before)


def _sheet(step: Step, answer: Answer) -> Sheet:
    """SourceError when the filters were not applied, or when promised entries are not there."""
    number = int(step.said["page"])
    before = (number - 1) * SIZE
    said = document(answer)
    if isinstance(said, list) and step.kind in _LISTS:
        # Some lists come bare and whole (pwc-cli, mcp_server/src/pwc_mcp/catalog.py, accept_list).
        return Sheet(number, before, said, len(said))
    if not isinstance(said, dict):
        raise SourceError("the JSON is not an object")
    if step.kind == "papers":
        _check_filters(step, said)
    entries = said.get("results", said.get("items"))
    if not isinstance(entries, list):
        raise SourceError("no list of results")
    try:
        total = integer(said, "total" if said.get("count") is None else "count")
    except Unfit as error:
        raise SourceError(str(error)) from error
    if not entries and total is not None and before < total:
        raise SourceError("an empty page where entries are promised", again=True)
    return Sheet(number, before, entries, total)


def _check_filters(step: Step, said: Mapping[str, Any]) -> None:
    """A server that does not know a filter answers with everything; the site's own client refuses
    such an answer too (cli.py, paper_list)."""
    applied = said.get("applied_filters")
    for name in _FILTERS:
        if name not in step.said:
            continue
        value = applied.get(name) if isinstance(applied, dict) else None
        if not isinstance(value, str) or value.casefold() != str(step.said[name]).casefold():
            raise SourceError(f"the filter {name} was not applied")


def _is_old(entries: list[Any], step: Step) -> bool:
    """True when the newest results come first and none here is of a paper since the wished day.

    The interface states no order by time: where its numbers do not fall, every page is read.
    """
    since = str(step.said.get("since") or "")
    rows = [said for said in entries if isinstance(said, dict)]
    numbers = [int(text) for said in rows if re.fullmatch(r"\d{1,18}", text := str(said.get("id")))]
    falling = len(numbers) == len(entries) and numbers == sorted(set(numbers), reverse=True)
    days = [said.get("paper_published_date") for said in rows]
    return bool(since and falling) and all(isinstance(one, str) and one < since for one in days)


SOURCE = Source(
    name=NAME,
    title="Papers with Code (paperswithcode.co)",
    licence=None,
    home=SITE,
    operator=PAPERSWITHCODE,
    base=Base("HUB_PWC_API_URL", f"{SITE}/api/v1"),
    start=start,
    request=request,
    parse=parse,
    plan=plan,
    alone=frozenset({"board"}),
)
