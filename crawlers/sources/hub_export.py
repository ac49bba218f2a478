"""The hub's own export: JSON lines, a header and then one row of the catalog a line.

A row tells which of its fields another source gave, so importing an export into an empty catalog
gives the same rows again, and into a full one the better source wins, field by field.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from crawlers.files import lines, names_in
from crawlers.records import RECORDS, LibraryRecord, Record, reason
from crawlers.source import Origin, Page, Skip, Source

FORMAT: Final = 1
"""Version of the line format; grows when an older program could misread it."""
PAGE: Final = 2_000


def recognise(start: bytes) -> float:
    names = names_in(start)
    if "hub_export" in names:
        return 1.0
    known = {"table", "source", "retrieved_at"} <= names or {"table", "reading", "notes"} <= names
    return 0.9 if known and start.lstrip()[:1] == b"{" else 0.0


def read(stream: BinaryIO, origin: Origin) -> Iterator[Page]:
    """Pages of rows."""
    records: list[Record | LibraryRecord] = []
    skipped: list[Skip] = []
    broken: Skip | None = None
    for number, value in lines(stream):
        if isinstance(value, Skip):
            if value.reason.startswith("damaged"):
                broken = value
            else:
                skipped.append(value)
        elif "hub_export" in value:
            if value["hub_export"] != FORMAT:
                broken = Skip(f"line {number}", f"damaged: format {value['hub_export']} is newer")
                break
        else:
            try:
                records.append(parse(value))
            except ValidationError as error:
                skipped.append(Skip(f"line {number}", reason(error)))
            except ValueError as error:
                skipped.append(Skip(f"line {number}", str(error)))
        if len(records) >= PAGE:
            yield Page(tuple(records), tuple(skipped), (("rows", len(records)),))
            records, skipped = [], []
    yield Page(tuple(records), tuple(skipped), (("rows", len(records)),), broken)


def parse(row: dict[str, Any]) -> Record | LibraryRecord:
    """The record of one line."""
    table = row.pop("table", None)
    if table == LibraryRecord.table_name:
        return LibraryRecord.model_validate(row)
    cls = RECORDS.get(table) if isinstance(table, str) else None
    if cls is None:
        raise ValueError("no such table")
    return cls.model_validate(row)


SOURCE = Source(
    name="hub_export",
    title="Export of a hub",
    licence=None,
    home="https://github.com/deep-learning-hub/deep-learning-hub",
    recognise=recognise,
    read=read,
)
