"""What the lists of paperswithcode.co hold: the reading of their entries, and the named things.

Members and their types: https://github.com/huggingface/pwc-cli, standalone_cli/src/pwc_cli/cli.py and
its tests (v0.1.16). Papers and results are read in crawlers.pwc_papers; crawlers.sources.pwc_live asks
and turns the pages.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from pydantic import ValidationError

from crawlers.json_answer import Unfit, day, integer, many, text
from crawlers.keys import Key, arxiv_id, kind_of, paper_key, parse_key, slug
from crawlers.records import (
    BoardRecord,
    DatasetRecord,
    FrameworkRecord,
    MethodRecord,
    Record,
    TaskRecord,
    reason,
)
from crawlers.source import Page, Scope, Skip, Step

NAME: Final = "pwc_live"
SITE: Final = "https://paperswithcode.co"
"""Where a person reads what the interface says, whatever base address is in force."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Said = dict[str, Any]
"""One entry as its JSON object says it."""


@dataclass
class Columns:
    """A board, and the metrics that its rows show."""

    record: BoardRecord
    met: dict[str, int] = field(default_factory=dict)
    """By metric how many rows are ranked by it."""


@dataclass
class Collected:
    """What one page says, so far."""

    day: str
    step: Step
    before: int = 0
    """How many entries of the list stand before this page."""
    records: list[Record] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    next: list[Step] = field(default_factory=list)
    whole: list[Scope] = field(default_factory=list)
    boards: dict[Key, Columns] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def page(self) -> Page:
        return Page(
            tuple(self.records),
            tuple(self.skipped),
            tuple(self.tally.items()),
            next=tuple(self.next),
            whole=tuple(self.whole),
        )

    def base(self, source_url: str) -> dict[str, Any]:
        """What every record of an entry says of where it comes from."""
        return {
            "source": NAME,
            "source_url": source_url,
            "retrieved_at": self.day,
            "licence": None,
        }

    def attempt(self, where: str, read: Callable[..., list[Record]], *said: Any) -> bool:
        """Keeps what can be read of one thing, all of it or nothing; False when it was skipped."""
        try:
            self.records += read(self, *said)
            return True
        except ValidationError as error:
            self.skip(where, reason(error))
        except Unfit as error:
            self.skip(where, str(error))
        return False

    def skip(self, where: str, why: str) -> None:
        self.skipped.append(Skip(where, why))

    def first(self, mark: str) -> bool:
        """True the first time a mark is met on this page."""
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True

    def add_boards(self, *, known: bool) -> None:
        """The boards of the rows. `known`: the page shows the best rows, so all columns; a page that
        shows a few of them leaves the columns open, lest they replace those of the whole board."""
        for board in self.boards.values():
            order = sorted(board.met, key=lambda name: -board.met[name]) if known else []
            self.records.append(board.record.model_copy(update={"metrics": order}))


# -- benchmarks, tasks, methods, frameworks ---------------------------------------------------


def benchmark(out: Collected, said: Any, place: int) -> list[Record]:
    """What the site calls a dataset; its results are the next thing to ask for."""
    said = an_object(said)
    number, name = identity(said), text(said, "name")
    if number is None:
        raise Unfit("id: missing")
    record = DatasetRecord(
        name=name or "",
        **_common(out, said, "dataset", "benchmark", slug(name or "")),
    )
    asked = {"page": 1, "dataset": number, "name": record.name, "slug": own_slug(said)}
    out.next.append(Step("board", {name: one for name, one in asked.items() if one is not None}))
    return [record] if out.first(record.key) else []


def task(out: Collected, said: Any, place: int) -> list[Record]:
    said = an_object(said)
    name = text(said, "name") or ""
    record = TaskRecord(name=name, role="task", **_common(out, said, "task", "tasks", slug(name)))
    return _once(out, record)


def method(out: Collected, said: Any, place: int) -> list[Record]:
    said = an_object(said)
    year = integer(said, "introduced_year")
    source = address_in(said, "source_url")
    where = re.fullmatch(rf"{re.escape(SITE)}/paper/(\S+)", source) if source else None
    known = arxiv_id(where[1]) if where else None
    title = text(said, "source_title")
    name = text(said, "name") or ""
    columns = "introduced_year paper_count source_title code_snippet_url"
    common = _common(out, said, "method", "methods", slug(own_slug(said) or name), columns)
    record = MethodRecord(
        name=name,
        paper=f"arxiv:{known[0]}" if known else paper_key(None if where else source, title),
        # 2000 is what paperswithcode.com filled in where nobody knew the year.
        year=None if year == 2000 else year,
        papers=integer(said, "paper_count"),
        source_title=title,
        code_url=address_in(said, "code_snippet_url"),
        **common,
    )
    return _once(out, record)


def framework(out: Collected, said: Any, places: list[str]) -> list[Record]:
    """A framework, and where the site's catalogue files it (`domain / category`)."""
    said = an_object(said)
    name = text(said, "name") or ""
    words = [text(said, "description"), text(said, "when_to_use")]
    arxiv = arxiv_of(said, "introducing_paper_arxiv_id")
    code = text(said, "github_url")
    repository = parse_key(code) if code else None
    known = kind_of(repository) == "repository" if repository else False
    columns = "when_to_use docs_url organization_name introducing_paper_arxiv_id"
    common = _common(out, said, "framework", "frameworks", slug(own_slug(said) or name), columns)
    common["extra"] |= {"categories": places} if places else {}
    common["description"] = "\n\n".join(one for one in words if one) or None
    record = FrameworkRecord(
        name=name,
        role="framework",
        repository=repository if known else None,
        docs=address_in(said, "docs_url"),
        maintainer=text(said, "organization_name"),
        paper=f"arxiv:{arxiv}" if arxiv else None,
        **common,
    )
    return _once(out, record)


def placed(out: Collected, domains: list[Any]) -> Iterator[tuple[str, Any, list[str]]]:
    """Every framework of the catalogue once: where it stands, itself, and all its categories."""
    places: dict[str, tuple[str, Any, list[str]]] = {}
    for at, domain in enumerate(domains, 1):
        for above, area, category in _level(out, f"domain {at}", domain, "categories"):
            for where, name, said in _level(out, above, category, "frameworks"):
                label = " / ".join(one for one in (area, name) if one)
                places.setdefault(_mark(said) or where, (where, said, []))[2].append(label)
    yield from places.values()


def _level(
    out: Collected, where: str, said: Any, member: str
) -> Iterator[tuple[str, str | None, Any]]:
    """Place, name of the object and each entry of one of its lists; what is none is skipped."""
    try:
        said = an_object(said)
        name, entries = text(said, "name"), many(said, member)
    except Unfit as error:
        out.skip(where, str(error))
        return
    for number, one in enumerate(entries, 1):
        yield f"{where}, {member} {number}", name, one


def _mark(said: Any) -> str | None:
    """What tells a framework that stands in two categories from two frameworks."""
    marks = (said.get("slug"), said.get("name")) if isinstance(said, dict) else ()
    return next((one for one in marks if isinstance(one, str) and one.strip()), None)


def _common(
    out: Collected, said: Said, prefix: str, place: str, name: str, known: str = ""
) -> dict[str, Any]:
    """What all named things of the site have; `known` are members that have a column besides."""
    full = text(said, "full_name")
    return {
        "key": f"{prefix}:{name}",
        "full_name": full if full != text(said, "name") else None,
        "description": text(said, "description"),
        "extra": rest(said, f"name full_name description {known}"),
        **out.base(page_of(place, own_slug(said) or name)),
    }


def _once(out: Collected, record: Record) -> list[Record]:
    if not out.first(record.identity()[0]):
        raise Unfit(f"repeated {record.table_name}")
    return [record]


# -- members ---------------------------------------------------------------------------------


def an_object(said: Any) -> Said:
    if not isinstance(said, dict):
        raise Unfit("not an object")
    return said


def identity(said: Said, name: str = "id") -> str | None:
    """The site's own id, a number as text or as number; None when it is missing."""
    value = said.get(name)
    if value is None:
        return None
    number = isinstance(value, int) and not isinstance(value, bool)
    if not (number or type(value) is str) or not _ID.fullmatch(str(value)):
        raise Unfit(f"{name}: not an id")
    return str(value)


def own_slug(said: Said) -> str | None:
    """The name in the site's addresses; the older interface has it as the id."""
    given = text(said, "slug")
    if given is not None:
        return given
    number = identity(said)
    return number if number is not None and not number.isdigit() else None


def page_of(kind: str, name: str | None) -> str:
    return f"{SITE}/{kind}/{quote(name, safe='.-', errors='replace')}" if name else SITE


def arxiv_of(said: Said, name: str) -> str | None:
    """An arXiv id without its version; what is there and is none spoils the entry."""
    given = text(said, name)
    found = arxiv_id(given) if given else None
    if given and found is None:
        raise Unfit(f"{name}: no arXiv id")
    return found[0] if found else None


def published_day(said: Said) -> tuple[str | None, str | None]:
    """The day; where only a year or a month is said, None and these words."""
    name = "published" if said.get("published") is not None else "date_published"
    given = text(said, name)
    if given and re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", given):
        return None, given
    return day(said, name), None


def names_in(said: Said, member: str, name: str = "name") -> list[str]:
    """Texts, or the names of objects."""
    found = []
    for one in many(said, member):
        value = one.get(name) or one.get("name") if isinstance(one, dict) else one
        if type(value) is not str:
            raise Unfit(f"{member}: not names")
        found.append(value)
    return [one for one in found if one.strip()]


def address_in(said: Said, *names: str) -> str | None:
    """The first of these members that is an address; one of the site's own may come without host."""
    for name in names:
        value = text(said, name)
        if value and re.match(r"https?://[^/\s]", value):
            return value
        if value and re.match(r"/[^/\s]", value):
            return SITE + value
    return None


def rest(said: Said, known: str) -> dict[str, Any]:
    """Members without a column of their own, unless empty."""
    names = set(known.split())
    return {
        name: one
        for name, one in said.items()
        if name not in names and one is not None and one != "" and one != [] and one != {}
    }
