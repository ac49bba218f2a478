"""What was found can leave again: rows as JSON lines, CSV or BibTeX."""

import json
from collections.abc import Iterator
from typing import Any, Final

from hub import render
from hub.catalog import Catalog, Row, read
from hub.errors import UsageError
from hub.library import Kept, Library, as_line

FORMAT: Final = 1
"""Of the JSON lines; the same number as crawlers.sources.hub_export.FORMAT (a test holds them equal)."""

TABLES: Final = {
    "papers": ("paper", "alias", "notice"),
    "repositories": ("repository", "repository_snapshot", "link"),
    "datasets": ("dataset",),
    "frameworks": ("framework",),
    "tasks": ("task", "task_node"),
    "methods": ("method",),
    "results": ("board", "result"),
}
"""What an export holds: the tables that make it whole again."""

_LICENCES: Final = {"cc0": "CC0-1.0", "cc-by-sa": "CC-BY-SA-4.0", "all": None}
_KEY_COLUMN: Final = {
    "repository_snapshot": ("repository",),
    "link": ("repository", "paper"),
    "task_node": ("task",),
    "alias": ("key",),
    "result": ("board", "paper", "task", "dataset"),
    "board": ("key", "task", "dataset"),
}


def write(catalog: Catalog, what: str, format: str, licence: str, keys: set[str] | None) -> None:
    """Writes the rows of one of TABLES to stdout. A field under other terms is left out of a row."""
    if what not in TABLES:
        raise UsageError(
            f"{what!r} cannot be exported", hint=f"One of: {', '.join(TABLES)}, library"
        )
    rows = _rows(catalog, what, _LICENCES[licence], keys)
    if format == "jsonl":
        render.raw(json.dumps({"hub_export": FORMAT, "what": what, "licence": licence}) + "\n")
        for table, row in rows:
            _line({"table": table, **_known(row)})
    elif format == "csv":
        main = TABLES[what][-1] if what == "results" else TABLES[what][0]
        table_rows = [row for table, row in rows if table == main]
        names = list(table_rows[0]) if table_rows else ["key"]
        columns = [
            render.Column(name, name) for name in names if name not in ("extra", "field_sources")
        ]
        render.rows(columns, table_rows, "csv")
    elif format == "bibtex":
        if what != "papers":
            raise UsageError(
                "only papers can be written as BibTeX", hint="hub export papers --format bibtex"
            )
        from hub.bibtex import entries

        for text in entries(row for table, row in rows if table == "paper"):
            render.raw(text)
    else:
        raise UsageError(f"no format {format!r}", hint="One of: jsonl, csv, bibtex")


def write_library(library: Library, format: str, keys: list[str] | None) -> None:
    """Writes what the user keeps to stdout."""
    kept = [one for one in library.all() if keys is None or one.key in keys]
    if format == "jsonl":
        render.raw(json.dumps({"hub_export": FORMAT, "what": "library"}) + "\n")
        for one in kept:
            _line(as_line(one))
    elif format == "csv":
        columns = [
            render.Column(name, name) for name in ("key", "favourite", "reading", "tags", "notes")
        ]
        render.rows(columns, [_flat(one) for one in kept], "csv")
    else:
        raise UsageError("the library is written as jsonl or csv")


def _line(row: Row) -> None:
    render.raw(json.dumps(render.plain(row), ensure_ascii=False) + "\n")


def _flat(kept: Kept) -> dict[str, Any]:
    return {**as_line(kept), "notes": [note.text for note in kept.notes]}


def _rows(
    catalog: Catalog, what: str, licence: str | None, keys: set[str] | None
) -> Iterator[tuple[str, Row]]:
    for table in TABLES[what]:
        names = _KEY_COLUMN.get(table, ("key",))
        for row in read.under(catalog, table, licence):
            row.pop("added_at", None)  # of this catalog, not of the thing
            if keys is None or any(row[name] in keys for name in names):
                kept = row if licence is None else _under(row, licence)
                if kept is not None:
                    yield table, kept


def _under(row: Row, licence: str) -> Row | None:
    """The row without the fields that another licence covers; None when its name is one of them."""
    foreign = {name for name, giver in row["field_sources"].items() if giver[2] != licence}
    if foreign & {"title", "name"}:
        return None
    kept = {name: giver for name, giver in row["field_sources"].items() if name not in foreign}
    blank = {
        name: type(row[name])() if isinstance(row[name], list | dict) else None for name in foreign
    }
    return {**row, **blank, "field_sources": kept}


def _known(row: Row) -> Row:
    """The row without what is unknown or empty; a reader fills these in again."""
    return {
        name: value
        for name, value in row.items()
        if value is not None and value != [] and value != {}
    }
