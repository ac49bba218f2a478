"""One record of arXiv's OAI-PMH interface: the formats `arXivRaw` and `arXiv`.

Schemas: arxiv.org/OAI/arXivRaw.xsd, arxiv.org/OAI/arXiv.xsd; templates: github.com/arXiv/oaipmh,
record_formats.xml.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crawlers import arxiv, xml
from crawlers.arxiv import BadPaper, Said

if TYPE_CHECKING:
    from lxml.etree import _Element

_KEPT: Final = ("submitter", "report-no", "msc-class", "proxy")
"""Elements without a column of their own."""


@dataclass(frozen=True)
class Record(Said):
    """What one record says."""

    changed: str | None = None
    """The day on which the record last changed, whatever changed in it."""


def read(record: "_Element") -> Record:
    """What the record says; BadPaper when it cannot be believed."""
    parts = xml.children(record)
    header, metadata = parts.get("header"), parts.get("metadata")
    if header is None:
        raise BadPaper("no header")
    name, stamp = _header(header)
    identifier, _ = arxiv.named(name.rpartition(":")[2])
    changed = arxiv.real_day(stamp)
    deleted = header.get("status") == "deleted"
    paper = None if metadata is None else next(iter(metadata), None)
    if paper is None:
        if not deleted:
            raise BadPaper("no metadata")
        return Record(identifier, None, True, changed, changed)
    match xml.local(paper):
        case "arXivRaw":
            fields, gone = _raw(paper, identifier)
        case "arXiv":
            fields, gone = _plain(paper, identifier), None
        case _:
            raise BadPaper("metadata in another format than asked for")
    fields.setdefault("updated", changed)
    spoken = arxiv.is_withdrawn(fields["comment"], fields["abstract"])
    withdrawn = deleted or spoken or gone is not None
    return Record(identifier, fields, withdrawn, gone or changed, changed)


def _header(header: "_Element") -> tuple[str, str]:
    """Identifier and datestamp; empty where they are missing. The sets after them say nothing new."""
    said = {"identifier": "", "datestamp": ""}
    for one in header:
        name = xml.local(one)
        if name == "setSpec":
            break
        said[name] = one.text or ""
    return said["identifier"], said["datestamp"]


def _raw(paper: "_Element", identifier: str) -> tuple[dict[str, Any], str | None]:
    """The paper's fields, and the day of its last version if that one withdraws it."""
    said, versions = _texts(paper, identifier, "version")
    fields = _fields(said)
    fields["authors"] = arxiv.authors_in(said.get("authors") or "")
    days: dict[int, str | None] = {}
    stamps: list[dict[str, str]] = []
    last = 0
    withdrawn = False
    for version in versions:
        number = re.fullmatch(r"v([1-9][0-9]{0,3})", version.get("version") or "")
        if number is None:
            raise BadPaper("version: not v1, v2, ...")
        about = {name: one.text or "" for name, one in xml.children(version).items()}
        stamp = about.get("date", "").strip()
        days[int(number[1])] = arxiv.real_day(arxiv.day_of(stamp))
        stamps.append({"version": number[0], "created": stamp})
        if int(number[1]) > last:
            last = int(number[1])
            # create_records.py there writes a withdrawn version as source type I.
            withdrawn = "I" in about.get("source_type", "")
    fields["published"] = days.get(1)
    fields["version"] = last or None
    if last > 1:
        fields["extra"]["versions"] = stamps
    return fields, (days[last] or "") if withdrawn else None


def _plain(paper: "_Element", identifier: str) -> dict[str, Any]:
    said, people = _texts(paper, identifier, "authors")
    fields = _fields(said)
    names: list[str] = []
    affiliations: dict[str, list[str]] = {}
    for author in people[0] if people else ():
        parts: dict[str, str] = {}
        places: list[str] = []
        for one in author:
            if xml.local(one) == "affiliation":
                places.append(one.text or "")
            else:
                parts[xml.local(one)] = one.text or ""
        name = " ".join(parts.get(part, "") for part in ("forenames", "keyname", "suffix"))
        for known in arxiv.plain_names([" ".join(name.split())]):
            names.append(known)
            if any(places):
                affiliations[known] = places
    fields["authors"] = names
    if affiliations:
        fields["extra"]["affiliations"] = affiliations
    fields |= _days(said, identifier)
    return fields


def _days(said: dict[str, str], identifier: str) -> dict[str, str]:
    """`created` is the first version's day by the schema, the latest one's by the server of 2025. A
    day after the month in the id cannot be the first, since the id is given after submission."""
    created, updated = arxiv.real_day(said.get("created")), arxiv.real_day(said.get("updated"))
    days: dict[str, str] = {}
    if created and created <= _last_possible(identifier):
        days["published"] = created
    elif created and updated is None:
        updated = created
    if updated:
        days["updated"] = updated
    return days


def _last_possible(identifier: str) -> str:
    """The last day on which a paper of this id can have come; old ids went by local time."""
    stamp = identifier.rpartition("/")[2][:4]
    year = int(stamp[:2])
    century, month = (19, int(stamp[2:])) if year > 90 else (20, int(stamp[2:]))
    first_of_next = (year, month + 1) if month < 12 else (year + 1, 1)
    return f"{century * 100 + first_of_next[0]}-{first_of_next[1]:02}-01"


def _texts(
    paper: "_Element", identifier: str, nested: str
) -> tuple[dict[str, str], list["_Element"]]:
    """The simple elements by name, and those of the one name that hold further ones."""
    said: dict[str, str] = {}
    inner: list[_Element] = []
    for one in paper:
        name = xml.local(one)
        if name == nested:
            inner.append(one)
        elif (text := xml.text(one)) is not None:
            if name in said:
                raise BadPaper(f"{name[:20]}: twice")
            said[name] = text
    if said.get("id") != identifier and arxiv.named(said.get("id"))[0] != identifier:
        raise BadPaper("header and metadata name two papers")
    return said, inner


def _fields(said: dict[str, str]) -> dict[str, Any]:
    extra: dict[str, Any] = {name: said[name] for name in _KEPT if name in said}
    # A fault of the templates: acm-class prints the MSC class, or None where there is no such class.
    acm = said.get("acm-class", "").strip()
    if acm not in ("", "None", said.get("msc-class", "").strip()):
        extra["acm-class"] = acm
    dois = arxiv.dois_in(said.get("doi"))
    if len(dois) > 1:
        extra["dois"] = dois
    return {
        "title": said.get("title") or "",
        "abstract": said.get("abstract"),
        "categories": said.get("categories", "").split(),
        "venue": said.get("journal-ref"),
        "comment": said.get("comments"),
        "doi": dois[0] if dois else None,
        "text_licence": said.get("license"),
        "extra": extra,
    }
