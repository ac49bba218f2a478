"""paperswithcode.co: papers with their code, results claimed in papers, benchmarks, tasks, methods.

Its numbers were taken out of papers by a machine and measured by nobody, so every row says who
claims it. Interface: https://github.com/huggingface/pwc-cli, standalone_cli/src/pwc_cli/cli.py
(v0.1.16); the site states no terms for its data, so its rows stay in the user's catalog.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from pydantic import ValidationError

from crawlers.json_answer import (
    Unfit,
    day,
    document,
    flag,
    inner,
    integer,
    many,
    mapping,
    text,
)
from crawlers.keys import Key, arxiv_id, kind_of, paper_key, parse_key, slug
from crawlers.knowledge import metric
from crawlers.operators import PAPERSWITHCODE
from crawlers.records import (
    CONFIDENCE,
    BoardRecord,
    DatasetRecord,
    FrameworkRecord,
    LinkRecord,
    MethodRecord,
    PaperRecord,
    Record,
    RepositoryRecord,
    ResultRecord,
    TaskRecord,
    reason,
)
from crawlers.source import (
    Answer,
    Base,
    Page,
    Plan,
    Request,
    Scope,
    Skip,
    Source,
    SourceError,
    Step,
    Wish,
)
from crawlers.values import parse_value

NAME: Final = "pwc_live"
SITE: Final = "https://paperswithcode.co"
"""Where a person reads what the interface says, whatever base address is in force."""

SIZE: Final = 100
"""Entries of a page: the most that the site's own client asks for (cli.py, _page_size)."""

MAX_BYTES: Final = 4 << 20
"""Twice what the site's own client takes (transport.py, MAX_RESPONSE_BYTES)."""

CLAIM: Final = "extracted by paperswithcode.co"

EVALUATIONS: Final = 31_600
"""How many there were on 2026-09-17 (github.com/chenshunpeng/AdaptVPR/issues/4)."""

PAPERS_A_DAY: Final = 1_000
"""About what arXiv's categories of machine learning bring in a day."""

_FILTERS: Final = ("start_date", "end_date", "task")
_LISTS: Final = ("tasks", "methods", "datasets")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_FORGES: Final = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}


# -- asking ----------------------------------------------------------------------------------


def start(wish: Wish) -> tuple[Step, ...]:
    """Papers since a day, of each task that is wished; recent results; with `full` all lists."""
    dates = {"start_date": wish.since, "end_date": wish.until}
    filters = {name: value for name, value in dates.items() if value}
    tasks = dict.fromkeys(task.removeprefix("task:") for task in wish.tasks)
    steps = [Step("papers", {"page": 1, **filters, "task": task}) for task in tasks]
    if not steps:
        steps = [Step("papers", {"page": 1, **filters})]
    since = {"since": wish.since} if wish.since and not wish.full else {}
    steps.append(Step("evaluations", {"page": 1, **since}))
    if wish.full:
        steps.append(Step("frameworks"))
        steps += [Step(kind, {"page": 1}) for kind in _LISTS]
    return tuple(steps)


def request(step: Step, base_url: str) -> Request:
    said = step.said
    if step.kind == "frameworks":
        path, query = "frameworks/", {}
    elif step.kind == "papers":
        path, query = "papers/", {name: said[name] for name in _FILTERS if name in said}
        query |= {"order_by": "date_published", "order_dir": "desc", "include_resources": "true"}
    elif step.kind == "board":
        path = f"datasets/{quote(said['dataset'], safe='')}/evaluations/"
        query = {"ordering": "best_rank"}
    else:
        path = f"{step.kind}/"
        query = {} if step.kind == "evaluations" else {"ordering": "name"}
    if "page" in said:
        query = {"page": said["page"], "page_size": SIZE, **query}
    url = f"{base_url}/{path}" + (f"?{urlencode(query)}" if query else "")
    return Request(url, accept=("application/json",), max_bytes=MAX_BYTES)


def plan(wish: Wish) -> Plan:
    """Requests: how many pages there are is known only when the first of them has come."""
    steps = start(wish)
    evaluations = -(-EVALUATIONS // SIZE)
    papers = sum(step.kind == "papers" for step in steps)
    why = (
        f"{papers} list(s) of papers, {SIZE} a page, and the results of papers: "
        f"about {evaluations} pages, fewer if the newest come first"
    )
    if wish.full:
        why += "; then every list, and at least one page for each benchmark"
    most = papers * _pages_of_papers(wish) + evaluations * (3 if wish.full else 1)
    return Plan((len(steps), most), why)


def _pages_of_papers(wish: Wish) -> int:
    if not (wish.since and wish.until):
        return 1_000
    first, last = (_days(text) for text in (wish.since, wish.until))
    return max(1, (last - first + 1) * PAPERS_A_DAY // SIZE)


def _days(text: str) -> int:
    from datetime import date

    return date.fromisoformat(text).toordinal()


# -- a page ----------------------------------------------------------------------------------


def parse(step: Step, answer: Answer) -> Page:
    """Records of one page of a list, and the step to its next page."""
    out = Collected(answer.day)
    if step.kind == "frameworks":
        _frameworks(out, answer)
        return out.page()
    sheet = _sheet(step, answer)
    out.first_place = (sheet.number - 1) * SIZE
    if sheet.short:
        out.skip(f"page {sheet.number}", "the page holds fewer entries than it promises")
    reader, name = _READERS[step.kind]
    for number, said in enumerate(sheet.entries, 1):
        out.attempt(f"page {sheet.number}, entry {number}", reader, said, step, number)
    out.tally[name] = len(sheet.entries)
    out.add_boards(sheet.number == 1 and step.kind == "board")
    if step.kind == "board" and sheet.complete and not out.skipped:
        out.whole += [Scope("result", "board", key, NAME) for key in out.boards]
    if sheet.more and not (step.kind == "evaluations" and _old(sheet.entries, step)):
        out.next.append(Step(step.kind, {**step.said, "page": sheet.number + 1}))
    return out.page()


@dataclass(frozen=True)
class Sheet:
    """One page of a list, as its envelope says."""

    number: int
    entries: list[Any]
    more: bool
    """There is a next page."""
    complete: bool
    """The whole list is on this page."""
    short: bool
    """There are fewer entries than the envelope's count lets expect."""


def _sheet(step: Step, answer: Answer) -> Sheet:
    """SourceError when the filters were not applied, or when promised entries are not there."""
    number = int(step.said["page"])
    said = document(answer)
    if isinstance(said, list) and step.kind != "papers":
        # Some lists of the interface come bare and whole (mcp_server, catalog.py, accept_list).
        return Sheet(number, said, more=False, complete=False, short=False)
    envelope = mapping(answer)
    if step.kind == "papers":
        _check_filters(step, envelope)
    entries = envelope.get("results", envelope.get("items"))
    if not isinstance(entries, list):
        raise SourceError("no list of results")
    try:
        total = integer(envelope, "count")
        total = integer(envelope, "total") if total is None else total
    except Unfit as error:
        raise SourceError(str(error)) from error
    before = (number - 1) * SIZE
    if total is None:
        return Sheet(number, entries, more=len(entries) >= SIZE, complete=False, short=False)
    if not entries and before < total:
        raise SourceError("an empty page where entries are promised", again=True)
    return Sheet(
        number,
        entries,
        more=before + max(SIZE, len(entries)) < total,
        complete=number == 1 and len(entries) == total,
        short=len(entries) < min(SIZE, total - before),
    )


def _check_filters(step: Step, envelope: Mapping[str, Any]) -> None:
    """A server that knows a filter not yet answers with everything: its client refuses that too."""
    applied = envelope.get("applied_filters")
    for name in _FILTERS:
        if name not in step.said:
            continue
        value = applied.get(name) if isinstance(applied, dict) else None
        if not isinstance(value, str) or value.casefold() != str(step.said[name]).casefold():
            raise SourceError(f"the filter {name} was not applied")


def _old(entries: list[Any], step: Step) -> bool:
    """True when newest results come first and none here is of a paper since the wished day.

    The interface documents no order by time; where its numbers do not fall, every page is read.
    """
    since = step.said.get("since")
    rows = [said for said in entries if isinstance(said, dict)]
    numbers = [int(str(said["id"])) for said in rows if re.fullmatch("[0-9]{1,18}", _number(said))]
    if since is None or len(numbers) < len(entries) or sorted(set(numbers))[::-1] != numbers:
        return False
    days = [said.get("paper_published_date") for said in rows]
    return all(isinstance(one, str) and one[:10] < since for one in days)


def _number(said: Mapping[str, Any]) -> str:
    value = said.get("id")
    return str(value) if isinstance(value, int | str) and len(str(value)) < 20 else ""


@dataclass
class Collected:
    """What one page says, so far."""

    day: str
    first_place: int = 0
    """How many entries of the list stand before this page."""
    records: list[Record] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    next: list[Step] = field(default_factory=list)
    whole: list[Scope] = field(default_factory=list)
    boards: dict[Key, "Columns"] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def page(self) -> Page:
        return Page(
            tuple(self.records),
            tuple(self.skipped),
            tuple(self.tally.items()),
            next=tuple(self.next),
            whole=tuple(self.whole),
        )

    def made(self, cls: type[Record], source_url: str, **fields: Any) -> Record:
        return cls(
            source=NAME, source_url=source_url, retrieved_at=self.day, licence=None, **fields
        )

    def attempt(self, where: str, reader: "Reader", said: Any, step: Step, number: int) -> None:
        """Keeps what the reader makes of one entry, all of it or nothing."""
        try:
            if not isinstance(said, dict):
                raise Unfit("not an object")
            self.records += list(reader(self, said, step, number))
        except ValidationError as error:
            self.skip(where, reason(error))
        except Unfit as error:
            self.skip(where, str(error))

    def skip(self, where: str, why: str) -> None:
        self.skipped.append(Skip(where, why))

    def first(self, mark: str) -> bool:
        """True the first time a mark is met on this page."""
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True

    def add_boards(self, known: bool) -> None:
        """The boards of the rows; `known`: the page shows all columns they have."""
        for key, columns in self.boards.items():
            where = f"{SITE}/tasks/{slug(columns.task)}"
            task, dataset = f"task:{slug(columns.task)}", f"dataset:{slug(columns.dataset)}"
            self.records += [
                self.made(TaskRecord, where, key=task, role="task", name=columns.task),
                self.made(DatasetRecord, where, key=dataset, name=columns.dataset),
                self.made(
                    BoardRecord,
                    where,
                    key=key,
                    task=task,
                    dataset=dataset,
                    name=columns.dataset,
                    metrics=columns.order() if known else [],
                ),
            ]


@dataclass
class Columns:
    """A board's names, and the metrics that its rows show."""

    task: str
    dataset: str
    met: dict[str, int] = field(default_factory=dict)
    """By metric how often it is the one a row is ranked by."""

    def order(self) -> list[str]:
        return sorted(self.met, key=lambda name: -self.met[name])


Reader = Callable[[Collected, dict[str, Any], Step, int], Iterator[Record]]
"""Records of one entry; Unfit or ValidationError when it cannot be read."""
