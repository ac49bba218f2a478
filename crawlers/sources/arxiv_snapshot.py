"""The public arXiv metadata snapshot: one JSON object a line, as Kaggle hands it out weekly.

Fields and traps: https://huggingface.co/datasets/librarian-bots/arxiv-metadata-snapshot
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from crawlers import arxiv
from crawlers.arxiv import LICENCE, BadPaper, accented, day_of
from crawlers.files import lines, names_in
from crawlers.records import Record, reason
from crawlers.source import Origin, Page, Skip, Source

PAGE: Final = 1_000
"""Records of one page: a few MB in memory, a few milliseconds in a transaction."""

_FIELDS: Final = frozenset(
    {"id", "authors_parsed", "categories", "update_date", "versions", "abstract"}
)
_COLUMNS: Final = frozenset(
    "id title abstract authors authors_parsed categories versions update_date comments journal-ref "
    "doi license".split()
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


def parse(said: dict[str, Any], day: str) -> list[Record]:
    """The paper of one line, then a link and a repository for each code address it names."""
    identifier, _ = arxiv.named(said["id"] if isinstance(said.get("id"), str) else None)
    versions = said.get("versions")
    if versions is not None and not isinstance(versions, list):
        raise BadPaper("versions: not a list")
    for name in ("title", "abstract", "comments", "categories", "journal-ref", "doi", "license"):
        if not isinstance(said.get(name), str | None):
            raise BadPaper(f"{name}: not a text")
    extra = {name: value for name, value in said.items() if value and name not in _COLUMNS}
    if versions and len(versions) > 1:
        extra["versions"] = versions
    fields: dict[str, Any] = {
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
    given = arxiv.base("arxiv_snapshot", identifier, day)
    return arxiv.records_of(given, identifier, fields)


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
        return arxiv.authors_in(text or "")
    return [accented(name) if "\\" in name else name for name in names if name.strip()]


def first_day(versions: list[Any] | None) -> str | None:
    """The day of the first version; None when it is not said."""
    first = versions[0] if versions else None
    created = first.get("created") if isinstance(first, dict) else None
    return day_of(created) if isinstance(created, str) else None


SOURCE = Source(
    name="arxiv_snapshot",
    title="arXiv metadata snapshot",
    licence=LICENCE,
    home="https://www.kaggle.com/datasets/Cornell-University/arxiv",
    recognise=recognise,
    read=read,
)
