"""The public arXiv metadata snapshot: one JSON object a line, as Kaggle hands it out weekly.

Fields and traps: https://huggingface.co/datasets/librarian-bots/arxiv-metadata-snapshot
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from crawlers.files import lines, names_in
from crawlers.keys import arxiv_id
from crawlers.links import code
from crawlers.records import PaperRecord, Record, reason
from crawlers.source import Origin, Page, Skip, Source

LICENCE: Final = "CC0-1.0"
"""arXiv's metadata is CC0 (info.arxiv.org/help/api/tou)."""

PAGE: Final = 1_000
"""Records of one page: a few MB in memory, a few milliseconds in a transaction."""

_FIELDS: Final = frozenset(
    {"id", "authors_parsed", "categories", "update_date", "versions", "abstract"}
)
_COLUMNS: Final = frozenset(
    "id title abstract authors authors_parsed categories versions update_date comments journal-ref "
    "doi license".split()
)
_MONTHS: Final = dict(
    zip("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), range(1, 13), strict=True)
)


def recognise(start: bytes) -> float:
    if start.lstrip()[:1] == b"[":
        return 0.0
    return len(_FIELDS & names_in(start)) / len(_FIELDS)


def read(stream: BinaryIO, origin: Origin) -> Iterator[Page]:
    """Pages of papers, and of the code that their abstracts and comments name."""
    records: list[Record] = []
    skipped: list[Skip] = []
    met = 0
    broken: Skip | None = None
    for number, value in lines(stream):
        if isinstance(value, Skip):
            if value.reason.startswith("damaged"):
                broken = value
            else:
                skipped.append(value)
        else:
            try:
                records += parse(value, origin.day)
                met += 1
            except ValidationError as error:
                skipped.append(Skip(f"line {number}", reason(error)))
            except BadPaper as error:
                skipped.append(Skip(f"line {number}", str(error)))
        if met >= PAGE:
            yield Page(tuple(records), tuple(skipped), (("papers", met),))
            records, skipped, met = [], [], 0
    yield Page(tuple(records), tuple(skipped), (("papers", met),), broken)


class BadPaper(ValueError):
    """A line that is JSON but no paper."""


def parse(said: dict[str, Any], day: str) -> list[Record]:
    """The paper of one line, then a link and a repository for each code address it names."""
    found = arxiv_id(said["id"]) if isinstance(said.get("id"), str) else None
    if found is None:
        raise BadPaper("no arXiv id")
    versions = said.get("versions")
    if versions is not None and not isinstance(versions, list):
        raise BadPaper("versions: not a list")
    for name in ("title", "abstract", "comments", "categories", "journal-ref", "doi", "license"):
        if not isinstance(said.get(name), str | None):
            raise BadPaper(f"{name}: not a text")
    base: dict[str, Any] = {
        "source": "arxiv_snapshot",
        "source_url": f"https://arxiv.org/abs/{found[0]}",
        "retrieved_at": day,
        "licence": LICENCE,
    }
    extra = {name: value for name, value in said.items() if value and name not in _COLUMNS}
    if versions and len(versions) > 1:
        extra["versions"] = versions
    fields: dict[str, Any] = {
        "key": f"arxiv:{found[0]}",
        "title": said.get("title") or "",
        "abstract": said.get("abstract"),
        "authors": authors(said),
        "published": first_day(versions),
        "updated": said.get("update_date"),
        "version": len(versions) if versions else None,
        "categories": (said.get("categories") or "").split(),
        "venue": said.get("journal-ref"),
        "comment": said.get("comments"),
        "doi": said.get("doi"),
        "text_licence": said.get("license"),
        "extra": extra,
    }
    # What is not said is not handed over: validating None costs as much as validating a text.
    known = {name: one for name, one in fields.items() if one is not None}
    paper = PaperRecord.model_validate(known | base)
    return [paper, *code(paper, base)]


def authors(said: dict[str, Any]) -> list[str]:
    """`First Last Suffix` of each author, accents as characters."""
    parsed = said.get("authors_parsed")
    if isinstance(parsed, list) and parsed:
        if not all(isinstance(name, list) for name in parsed):
            raise BadPaper("authors_parsed: not lists of texts")
        try:
            names = [" ".join((*name[1:2], name[0], *name[2:3])) for name in parsed if name]
        except TypeError as error:
            raise BadPaper("authors_parsed: not lists of texts") from error
    else:
        text = said.get("authors")
        if not isinstance(text, str | None):
            raise BadPaper("authors: not a text")
        without = re.sub(r"\([^()]*\)", "", text or "")
        names = re.split(r",\s*(?:and\s+)?|\s+and\s+", without)
    return [accented(name) if "\\" in name else name for name in names if name.strip()]


def accented(name: str) -> str:
    """`Bal\\'azs` as `Balázs`: LaTeX as arXiv's submitters write it."""
    from pylatexenc.latex2text import LatexNodes2Text

    try:
        return str(LatexNodes2Text().latex_to_text(name))
    except (ValueError, IndexError, RecursionError):
        return name


def first_day(versions: list[Any] | None) -> str | None:
    """The day of the first version; None when it is not said."""
    first = versions[0] if versions else None
    created = first.get("created") if isinstance(first, dict) else None
    return day_of(created) if isinstance(created, str) else None


@lru_cache(maxsize=4096)
def day_of(stamp: str) -> str | None:
    """`Mon, 2 Apr 2007 19:18:42 GMT` as `2007-04-02`; None when it reads otherwise."""
    found = re.match(r"(?:\w{3}, )?(\d{1,2}) (\w{3}) (\d{4})\b", stamp)
    if found is None or found[2] not in _MONTHS:
        return None
    return f"{found[3]}-{_MONTHS[found[2]]:02}-{int(found[1]):02}"


SOURCE = Source(
    name="arxiv_snapshot",
    title="arXiv metadata snapshot",
    licence=LICENCE,
    home="https://www.kaggle.com/datasets/Cornell-University/arxiv",
    recognise=recognise,
    read=read,
)
