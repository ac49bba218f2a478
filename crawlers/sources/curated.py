"""The hand-kept rows of data/*.toml: frameworks, tools, datasets, tasks, topics, methods.

Every row has a key, a source_url and the day it was checked; its sentences are this project's own.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from crawlers.keys import parse_key, slug
from crawlers.records import (
    DatasetRecord,
    FrameworkRecord,
    MethodRecord,
    NamedRecord,
    Record,
    RepositoryRecord,
    TaskRecord,
)
from crawlers.source import Page, Source

LICENCE: Final = "Apache-2.0"
"""Our own rows, under the project's licence."""

_FILES: Final[tuple[tuple[str, str, type[NamedRecord], dict[str, Any]], ...]] = (
    ("frameworks.toml", "framework", FrameworkRecord, {"role": "framework"}),
    ("tools.toml", "tool", FrameworkRecord, {"role": "tool"}),
    ("datasets.toml", "dataset", DatasetRecord, {}),
    ("tasks.toml", "task", TaskRecord, {"role": "task"}),
    ("topics.toml", "topic", TaskRecord, {"role": "topic"}),
    ("methods.toml", "method", MethodRecord, {}),
)
_RENAMED: Final = {"language": "languages", "first_release": "year"}
_LICENCE_COLUMN: Final = {FrameworkRecord: "code_licence", DatasetRecord: "data_licence"}


def pages(folder: Path) -> Iterator[Page]:
    """One page per file of the data/ folder. ValueError names the file and row that is wrong."""
    for file_name, records in rows(folder):
        yield Page(tuple(records), tally=((file_name, len(records)),))


def rows(folder: Path) -> Iterator[tuple[str, list[Record]]]:
    """The records of each file, with its name."""
    for file_name, table, cls, fixed in _FILES:
        path = folder / file_name
        with path.open("rb") as file:
            said = tomllib.load(file)[table]
        records: list[Record] = []
        for row in said:
            try:
                record = parse(row, cls, fixed)
            except (KeyError, ValueError) as error:
                raise ValueError(f"{file_name}: {row.get('key')}: {error}") from error
            records.append(record)
            records += _repository(record)
        yield file_name, records


def parse(row: dict[str, Any], cls: type[NamedRecord], fixed: dict[str, Any]) -> NamedRecord:
    """The record of one row."""
    said = {_RENAMED.get(name, name): value for name, value in row.items()}
    if "licence" in said and cls in _LICENCE_COLUMN:
        said[_LICENCE_COLUMN[cls]] = said.pop("licence")
    for name in ("paper", "repository"):
        if name in said:
            said[name] = parse_key(said[name])
    if "area" in said:
        said["area"] = slug(said["area"])
        if cls is TaskRecord:
            said["areas"] = [said["area"]]
    if "licence_note_zh" in said:
        said["extra"] = {"licence_note_zh": said.pop("licence_note_zh")}
    checked = said.pop("checked")
    return cls(**fixed, **said, source="curated", retrieved_at=checked.isoformat(), licence=LICENCE)


def _repository(record: NamedRecord) -> Iterator[RepositoryRecord]:
    key = getattr(record, "repository", None)
    if key:
        path = key.partition(":")[2]
        yield RepositoryRecord(
            key=key,
            name=path,
            url=f"https://github.com/{path}",
            source=record.source,
            source_url=record.source_url,
            retrieved_at=record.retrieved_at,
            licence=LICENCE,
        )


SOURCE = Source(
    name="curated",
    title="Hand-kept rows of this project",
    licence=LICENCE,
    home="https://github.com/deep-learning-hub/deep-learning-hub/tree/main/data",
)
