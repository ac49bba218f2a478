"""How a table's rows stand in the file: its columns, which of them hold JSON, and its key."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from hub.catalog.merge import Row

_EMPTY: Final = {"[]": list, "{}": dict}
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Shape:
    """The columns of one table as the file declares them."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    json: frozenset[str]
    boolean: frozenset[str]

    @classmethod
    def read(cls, db: sqlite3.Connection, table: str) -> Self:
        info = db.execute(f"PRAGMA table_info({table})").fetchall()
        keys = sorted((row[5], row[1]) for row in info if row[5])
        return cls(
            table=table,
            columns=tuple(row[1] for row in info),
            key=tuple(name for _, name in keys),
            json=frozenset(row[1] for row in info if row[2] == "JSON"),
            boolean=frozenset(row[1] for row in info if row[2] == "BOOLEAN"),
        )

    @property
    def listed(self) -> str:
        return ", ".join(self.columns)

    @property
    def upsert(self) -> str:
        marks = ", ".join("?" * len(self.columns))
        sets = ", ".join(
            f"{name} = excluded.{name}" for name in self.columns if name not in self.key
        )
        return (
            f"INSERT INTO {self.table} ({self.listed}) VALUES ({marks}) "
            f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {sets}"
        )

    def encode(self, row: Row) -> list[Any]:
        values = list(map(row.__getitem__, self.columns))
        for at in self._json_at:
            values[at] = encode(values[at]) if values[at] else str(values[at])
        return values

    @cached_property
    def _json_at(self) -> tuple[int, ...]:
        return tuple(at for at, name in enumerate(self.columns) if name in self.json)

    def decode(self, raw: Sequence[Any]) -> Row:
        row = dict(zip(self.columns, raw, strict=True))
        for name in self.json:
            text = row[name]
            row[name] = _EMPTY[text]() if text in _EMPTY else json.loads(text)
        for name in self.boolean:
            if row[name] is not None:
                row[name] = bool(row[name])
        return row
