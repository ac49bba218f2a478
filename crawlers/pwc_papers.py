"""Papers of paperswithcode.co with their code, and the results that it finds in papers.

Its numbers were taken out of papers by a machine and measured by nobody, so each of them says who
claims it.
"""

import re
from typing import Any, Final

from pydantic import ValidationError

from crawlers.json_answer import Unfit, day, flag, inner, integer, many, text
from crawlers.keys import Key, kind_of, paper_key, parse_key, slug
from crawlers.knowledge import metric
from crawlers.pwc_entries import (
    NAME,
    Collected,
    Columns,
    Said,
    address_in,
    an_object,
    arxiv_of,
    identity,
    names_in,
    page_of,
    published_day,
    rest,
)
from crawlers.records import (
    CONFIDENCE,
    BoardRecord,
    DatasetRecord,
    LinkRecord,
    PaperRecord,
    Record,
    RepositoryRecord,
    ResultRecord,
    TaskRecord,
    reason,
)
from crawlers.source import Scope
from crawlers.values import parse_value

CLAIM: Final = "extracted by paperswithcode.co"
_FORGES: Final = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}


def paper(out: Collected, said: Any, place: int) -> list[Record]:
    """The paper, and the repositories that the site says belong to it."""
    said = an_object(said)
    arxiv = arxiv_of(said, "arxiv_id")
    key = f"arxiv:{arxiv}" if arxiv else _key_elsewhere(said)
    base = out.base(page_of("paper", arxiv or identity(said)))
    published, rough = published_day(said)
    record = PaperRecord(
        key=key,
        title=text(said, "title") or "",
        abstract=text(said, "abstract"),
        authors=names_in(said, "authors"),
        published=published,
        tasks=[f"task:{slug(name)}" for name in names_in(said, "tasks")],
        methods=[f"method:{slug(name)}" for name in names_in(said, "methods", "slug")],
        venue=text(said, "conference_name") or text(said, "proceeding"),
        url=None if arxiv else address_in(said, "url_abs", "source_url"),
        extra=rest(
            said,
            "arxiv_id title abstract authors published date_published tasks methods "
            "conference_name proceeding url_abs repositories",
        )
        | ({"published": rough} if rough else {}),
        **base,
    )
    if not out.first(key):
        raise Unfit("repeated paper")
    return [record, *_repositories(out, said, key, base)]


def _repositories(out: Collected, said: Said, key: Key, base: dict[str, Any]) -> list[Record]:
    """Each repository once, official where any of its entries says so."""
    entries = many(said, "repositories")
    found: list[Record] = []
    met: set[Key] = set()
    whole = isinstance(said.get("repositories"), list) and not key.startswith("title:")
    for one in sorted(entries, key=lambda one: not _is_official(one)):
        try:
            link = _link(one, key, base)
        except (Unfit, ValidationError) as error:
            why = reason(error) if isinstance(error, ValidationError) else str(error)
            out.skip(f"repository of {key}", why)
            whole = False
            continue
        if link.repository not in met:
            met.add(link.repository)
            found += [_repository(link, base), link]
    if whole:
        out.whole.append(Scope("link", "paper", key, NAME))
    return found


def _is_official(one: Any) -> bool:
    return isinstance(one, dict) and one.get("is_official") is True


def _link(one: Any, key: Key, base: dict[str, Any]) -> LinkRecord:
    said = {"url": one} if isinstance(one, str) else an_object(one)
    address = text(said, "url")
    found = parse_key(address) if address else None
    if address is None or found is None:
        raise Unfit("url: no address")
    if kind_of(found) != "repository":
        if not found.startswith("url:"):
            raise Unfit("url: no repository")
        found = "git:" + found.removeprefix("url:")
    return LinkRecord(
        paper=key,
        repository=found,
        evidence="source-declared",
        url=address,
        official=flag(said, "is_official"),
        confidence=CONFIDENCE["source-declared"],
        **base,
    )


def _repository(link: LinkRecord, base: dict[str, Any]) -> RepositoryRecord:
    forge, _, path = link.repository.partition(":")
    parts = [part for part in re.sub(r"^\w+://", "", link.url).split("/") if part]
    # As its forge spells it, if the address is plain.
    spelled = "/".join(parts[1:3]).removesuffix(".git")
    name = spelled if spelled.lower() == path else path
    url = f"https://{_FORGES[forge]}/{name}" if forge in _FORGES else link.url
    return RepositoryRecord(key=link.repository, name=name, url=url, **base)


def _key_elsewhere(said: Said) -> Key:
    """Of a paper that is not on arXiv: by an address of its own, else by its title, which is all that
    its results name it by; the site's page for it says nothing to other sources."""
    addresses = [text(said, name) for name in ("url_abs", "source_url")]
    keys = [key for one in addresses if one and (key := paper_key(one, None))]
    own = [key for key in keys if not key.startswith("pwc:")]
    key = own[0] if own else paper_key(None, text(said, "title"))
    if key is None:
        raise Unfit("no paper: neither id nor address nor title")
    return key


# -- results ---------------------------------------------------------------------------------


def evaluation(out: Collected, said: Any, place: int) -> list[Record]:
    """One result of a paper on a benchmark: a record for each of its metrics."""
    said = an_object(said)
    number = identity(said)
    if number is None:
        raise Unfit("id: missing")
    arxiv = arxiv_of(said, "paper_arxiv_id")
    title = text(said, "paper_title")
    page = page_of("paper", arxiv or identity(said, "paper_id"))
    board, stubs = _board(out, said, page)
    rank = integer(said, "best_rank")
    if rank is not None and rank < 1:
        raise Unfit("best_rank: below 1")
    cells = inner(said, "metrics")
    if not cells:
        raise Unfit("metrics: none")
    row = {
        "board": board.key,
        "row": f"{NAME}:{number}",
        "position": rank - 1 if rank is not None else out.before + place,
        "task": board.task,
        "dataset": board.dataset,
        "model_name": text(said, "model_name"),
        "paper": f"arxiv:{arxiv}" if arxiv else paper_key(None, title),
        "paper_title": title,
        "paper_url": page,
        "published": day(said, "paper_published_date"),
        "extra": _claim(said),
    }
    base = out.base(address_in(said, "result_url", "source_url") or page)
    main = text(said, "best_metric")
    if f"{NAME}:{number}" in out.seen:
        raise Unfit("repeated evaluation")
    found = [one for name in cells if (one := _cell(out, name, cells[name], row, base))]
    if not found:
        return []
    out.seen.add(f"{NAME}:{number}")
    columns = out.boards.setdefault(board.key, Columns(board))
    for one in found:
        columns.met[one.metric] = columns.met.get(one.metric, 0) + (one.metric == main)
    return [*(one for one in stubs if out.first(" ".join(one.identity()))), *found]


def _claim(said: Said) -> dict[str, Any]:
    known = (
        "id metrics task_name dataset_name model_name paper_title paper_arxiv_id result_url source_url "
        "paper_published_date"
    )
    return {"claimed": CLAIM, **rest(said, known)}


def _board(out: Collected, said: Said, page: str) -> tuple[BoardRecord, list[Record]]:
    """The board that a result stands on, with its task and its dataset as far as they are named."""
    asked = out.step.said
    if "dataset" in asked and identity(said, "dataset_id") not in (None, asked["dataset"]):
        raise Unfit("dataset_id: another one than asked for")
    task, dataset = text(said, "task_name"), asked.get("name") or text(said, "dataset_name")
    if task is None or dataset is None:
        raise Unfit("task_name: missing" if task is None else "dataset_name: missing")
    base = out.base(page_of("benchmark", asked["slug"]) if asked.get("slug") else page)
    board = BoardRecord(
        key=f"board:{slug(task)}/{slug(dataset)}",
        task=f"task:{slug(task)}",
        dataset=f"dataset:{slug(dataset)}",
        name=dataset,
        **base,
    )
    return board, [
        TaskRecord(key=board.task, role="task", name=task, **base),
        DatasetRecord(key=board.dataset, name=dataset, **base),
    ]


def _cell(
    out: Collected, name: str, printed: Any, row: dict[str, Any], base: dict[str, Any]
) -> ResultRecord | None:
    """One number; None when it cannot be read, which is counted."""
    where = f"{row['row']}, a metric"
    if isinstance(printed, bool) or not isinstance(printed, str | int | float | None):
        out.skip(where, "metrics: neither number nor text")
        return None
    known = metric(name)
    value = parse_value(printed, known.unit)
    try:
        record = ResultRecord(
            **row,
            **base,
            key=f"{row['row']}#{name}",
            metric=name,
            direction=known.direction,
            unit=value.unit or known.unit,
            value_text=value.text,
            value=value.value,
            spread=value.spread,
        )
    except ValidationError as error:
        out.skip(where, reason(error))
        return None
    if not out.first(record.key):
        out.skip(where, "repeated metric")
        return None
    return record
