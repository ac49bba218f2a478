"""What the sources of arXiv share: names, days, categories, and a paper with the code that it names.

arXiv says the same of a paper in four ways (snapshot, OAI-PMH, query API, RSS); how a field is
written where is the business of each source.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from crawlers.clean import clean
from crawlers.keys import arxiv_id
from crawlers.links import code
from crawlers.records import NoticeRecord, PaperRecord, Record, reason
from crawlers.source import Page, Scope, Skip, SourceError, Step

LICENCE: Final = "CC0-1.0"
"""arXiv's metadata is CC0 (info.arxiv.org/help/api/tou)."""

MACHINE_LEARNING: Final = ("cs.LG", "cs.CV", "cs.CL", "cs.AI", "cs.NE", "stat.ML")
"""Asked for when no category is wished for."""

ALL: Final = "all"
"""In the place of a category: all of arXiv. OAI-PMH alone has such a list."""

A_DAY: Final = (97, 200)
"""New papers a day in one busy category, at least and at most: cs.RO had 681 in a week, the six above
have about 1,000 a day together (seen in 2026)."""

MANY: Final = 10
"""Entries of a page that cannot all be bad: then it is not what we take it for."""

_CATEGORY: Final = re.compile(r"[a-z][a-z-]{1,14}(?:\.[A-Za-z][A-Za-z-]{1,14})?")
_PHYSICS: Final = frozenset(
    "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th physics "
    "quant-ph".split()
)
"""Archives of the group physics (arxiv.org/category_taxonomy)."""

_MONTHS: Final = dict(
    zip("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), range(1, 13), strict=True)
)


class BadPaper(ValueError):
    """An entry that cannot become a paper; the text says why, without its value."""


MAX_NAME: Final = 1_000
"""Longest name whose accents are looked at, in characters: each costs up to 30 µs."""


# -- names -------------------------------------------------------------------------------------

_IN_BRACKETS: Final = re.compile(r"\([^()]*\)")
_SUFFIX: Final = re.compile(r"(?:Jr|Sr|II|III|IV|V)\.?")
_INITIALS: Final = re.compile(r"\b([^\W\d_])\.(?=[^\W\d_])")
_NOBODY: Final = frozenset({"", "and", "et al", "et al."})


def authors_in(text: str, *, words: bool = True) -> list[str]:
    """The authors that one line names, accents as characters, without their affiliations.

    `words`: `and` and `:` part names too (`Ada Lovelace and Alan Turing`), not only commas.
    """
    bare = text
    while "(" in bare and (without := _IN_BRACKETS.sub("", bare)) != bare:
        bare = without  # affiliations nest: ((1) MIT, (2) ETH)
    bare = " ".join(bare.split())
    if words:
        for between in (" and ", " & ", ":", ";"):
            bare = bare.replace(between, ",")
    names: list[str] = []
    for part in map(str.strip, bare.split(",")):
        if part in _NOBODY:
            continue
        if names and len(part) < 5 and _SUFFIX.fullmatch(part):
            names[-1] = f"{names[-1]} {part}"
        else:
            names.append(_INITIALS.sub(r"\1. ", part) if "." in part else part)
    return plain_names(names)


def plain_names(names: Iterable[str]) -> list[str]:
    """The names with accents as characters; a lone colon (`ATLAS Collaboration : ...`) is nobody."""
    plain = [accented(name) if "\\" in name else name for name in names]
    return [name for name in plain if name[:1].isalnum() or any(map(str.isalnum, name))]


@lru_cache(maxsize=1 << 14)
def accented(name: str) -> str:
    """`Bal\\'azs` as `Balázs`: LaTeX as arXiv's submitters write it."""
    from pylatexenc.latex2text import LatexNodes2Text

    if len(name) > MAX_NAME:
        return name
    try:
        return str(LatexNodes2Text().latex_to_text(name))
    except (ValueError, IndexError, RecursionError):
        return name


# -- days --------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def day_of(stamp: str) -> str | None:
    """`Mon, 2 Apr 2007 19:18:42 GMT` as `2007-04-02`; None when it reads otherwise."""
    found = re.match(r"(?:\w{3}, )?(\d{1,2}) (\w{3}) (\d{4})\b", stamp)
    if found is None or found[2] not in _MONTHS:
        return None
    return f"{found[3]}-{_MONTHS[found[2]]:02}-{int(found[1]):02}"


@lru_cache(maxsize=1 << 14)
def real_day(text: str | None) -> str | None:
    """The day of `2017-07-27` or `2017-07-27T08:18:33Z`; None when no such day ever was."""
    found = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].{0,40})?", (text or "").strip())
    try:
        return date.fromisoformat(found[1]).isoformat() if found else None
    except ValueError:
        return None


# -- categories --------------------------------------------------------------------------------


def category(text: str) -> str:
    """A category as arXiv spells it: `cs.LG`, `cond-mat.stat-mech`, `hep-th`; a bare archive too.

    SourceError when the text has another form. Whether there is such a category arXiv knows.
    """
    archive, dot, subject = text.strip().partition(".")
    subject = subject.upper() if len(subject) == 2 else subject.lower()
    spelled = f"{archive.lower()}{dot}{subject}"
    if not _CATEGORY.fullmatch(spelled):
        raise SourceError(f"not an arXiv category: {clean(text)[:40]}")
    return spelled


def is_category(text: str) -> bool:
    """False for what else stands among categories: `68T07`, `I.2.7; F.2` (MSC and ACM classes)."""
    return _CATEGORY.fullmatch(text) is not None


def set_of(spelled: str) -> str:
    """The OAI set of a category: `cs:cs:LG`, `physics:hep-th`, `physics:cond-mat:stat-mech`, `cs`.

    Sets are group:archive:CATEGORY (info.arxiv.org/help/oa).
    """
    archive, _, subject = spelled.partition(".")
    group = "physics" if archive in _PHYSICS else archive
    if subject:
        return f"{group}:{archive}:{subject}"
    return f"{group}:{archive}" if group == "physics" else group


# -- papers ------------------------------------------------------------------------------------


def named(text: str | None) -> tuple[str, int | None]:
    """Id and version; BadPaper when it is none."""
    found = arxiv_id(text) if text else None
    if found is None:
        raise BadPaper("no arXiv id")
    return found


def base(source: str, identifier: str, day: str) -> dict[str, Any]:
    """What every record about this paper carries."""
    return {
        "source": source,
        "source_url": f"https://arxiv.org/abs/{identifier}",
        "retrieved_at": day,
        "licence": LICENCE,
    }


def records_of(given: dict[str, Any], identifier: str, fields: dict[str, Any]) -> list[Record]:
    """The paper, then a repository and a link for each code address it names. ValidationError."""
    # What is not said is not handed over: validating None costs as much as validating a text.
    known = {name: one for name, one in fields.items() if one is not None}
    paper = PaperRecord.model_validate(known | {"key": f"arxiv:{identifier}"} | given)
    return [paper, *code(paper, given)]


@dataclass(frozen=True)
class Said:
    """What one entry says."""

    identifier: str
    fields: dict[str, Any] | None
    """Of the paper; None when the entry is only a mark that there is none any more."""
    withdrawn: bool = False
    day: str | None = None
    """When it was withdrawn, or else last changed."""


Entry = TypeVar("Entry")
Word = TypeVar("Word", bound=Said)


@dataclass
class Found:
    """What a page holds, as far as it was read."""

    source: str
    day: str
    holds_comments: bool = True
    """Then the links of its papers are all the links that its source says of them."""
    records: list[Record] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    whole: list[Scope] = field(default_factory=list)
    papers: int = 0
    withdrawn: int = 0
    entries: int = 0

    def add(self, read: Callable[[Entry], Word], entry: Entry) -> Word | None:
        """What the entry says; None when it cannot be read, which is counted."""
        self.entries += 1
        try:
            said = read(entry)
            given = base(self.source, said.identifier, self.day)
            key = f"arxiv:{said.identifier}"
            if said.fields is not None:
                self.records += records_of(given, said.identifier, said.fields)
                self.papers += 1
                if self.holds_comments:
                    self.whole.append(Scope("link", "paper", key, self.source))
                    self.whole.append(Scope("notice", "key", key, self.source))
            if said.withdrawn:
                notice = NoticeRecord(key=key, notice="withdrawn", day=said.day, **given)
                self.records.append(notice)
                self.withdrawn += 1
        except ValidationError as error:
            self.skipped.append(Skip(f"entry {self.entries}", reason(error)))
        except BadPaper as error:
            self.skipped.append(Skip(f"entry {self.entries}", str(error)))
        else:
            return said
        return None

    def page(self, next: tuple[Step, ...] = ()) -> Page:
        """SourceError when not one of many entries can be read: then the page is something else."""
        if not self.records and self.entries >= MANY:
            why = self.skipped[0].reason if self.skipped else "nothing in them"
            raise SourceError(f"none of {self.entries} entries can be read: {why}")
        withdrawn = (("withdrawn", self.withdrawn),) if self.withdrawn else ()
        return Page(
            tuple(self.records),
            tuple(self.skipped),
            (("papers", self.papers), *withdrawn),
            next=next,
            whole=tuple(self.whole),
        )


_NEXT_DOI: Final = re.compile(r"[\s,;]+(?=10\.[0-9]{4,9}/)")


def dois_in(text: str | None) -> list[str]:
    """Every DOI of a field; authors add that of an erratum to the first."""
    return [one.rstrip(",;") for one in _NEXT_DOI.split(text.strip())] if text else []


_START: Final = r"(?:^|[.!;:*\[(\]-])\s*"
_NOUN: Final = r"(?:arxiv\s+)?(?:(?:e-?|pre)print|paper|article|submission|manuscript|work|note)"
_GONE: Final = (
    r"\s+(?:(?:has|have|is|was|are|were)\s+)?(?:(?:been|now|hereby|temporarily)\s+)*"
    r"(?:withdrawn|retracted)\b(?!\s+from\s+(?!(?:the\s+)?arxiv|consideration|public))"
)
_WHY: Final = (
    r"(?=\s*(?:$|[.,;:!)\]-]"
    r"|(?:by|due|owing|because|for|since|as|from|until|pending|effective|and)\b))"
)
_WITHDRAWN: Final = re.compile(
    rf"{_START}this\s+(?:\w+\s+)?{_NOUN}s?{_GONE}"
    rf"|^\W*(?:(?:the|our)\s+(?:\w+\s+)?)?{_NOUN}{_GONE}{_WHY}"
    rf"|{_START}withdrawn\s+by\s+(?:the\s+)?(?:\w+\s+)?(?:authors?|submitter|arxiv|admin\w*)\b"
    r"|^\W*withdrawn\s*(?:$|[.,;:!\])-]|(?:due|because|for|since|as)\b)"
    rf"|{_START}the\s+authors?\s+(?:(?:have|has|hereby)\s+)*withdr(?:awn|ew|aws?)\s+this\s+{_NOUN}",
    re.I,
)
"""How authors and arXiv's administrators say that a paper was withdrawn. Narrow on purpose: papers
write about withdrawals too, and are withdrawn from conferences, which is nothing to arXiv."""


def is_withdrawn(comment: str | None, abstract: str | None) -> bool:
    """True when comment or abstract say of the paper itself that it was withdrawn."""
    return any(
        said is not None
        and ("ithdr" in said or "ITHDR" in said or "etracted" in said)
        and _WITHDRAWN.search(" ".join(said.split())) is not None
        for said in (comment, abstract)
    )
