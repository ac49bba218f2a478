"""What came, changed and went between two moments: published numbers, links to code, repositories."""

import json
from collections.abc import Iterator
from typing import Any, Final

from hub.catalog.merge import Row
from hub.catalog.store import Catalog

TABLES: Final = ("result", "link", "repository")
"""The tables whose history is kept."""

_KEY: Final = {
    "result": "key",
    "link": "paper || ' ' || repository || ' ' || evidence || ' ' || source",
    "repository": "key",
}
_SHOWN: Final = {
    "result": "key, board, model_name, metric, value_text, paper, source",
    "link": "paper, repository, evidence, url, source",
    "repository": "key, name, state, source",
}


def changes(catalog: Catalog, begin: str, end: str) -> Iterator[Row]:
    """`what` (added, changed, removed), `table`, `key`, `at`, `before`, `after` of each row whose state
    at `begin` and at `end` (UTC, ISO 8601, the end not included) differ; oldest first. Of a result
    also `of`: its board, model_name and metric.

    What came and went in between is nobody's news; of several changes the first and the last count.
    """
    events: dict[tuple[str, str], list[Row]] = {}
    for row in catalog.rows(
        'SELECT at, "table", key, what, before, after FROM change WHERE at >= ? ORDER BY id',
        (begin,),
    ):
        row["before"], row["after"] = json.loads(row["before"]), json.loads(row["after"])
        events.setdefault((row["table"], row["key"]), []).append(row)
    found = [*_added(catalog, begin, end, events)]
    for (table, key), its in events.items():
        change = _between(its, begin, end)
        if change:
            found.append({"table": table, "key": key, **change})
    results = catalog.many(
        "result",
        [row["key"] for row in found if row["table"] == "result"],
        "board, model_name, metric",
    )
    for row in sorted(found, key=lambda row: (row["at"], row["table"], row["key"])):
        where = results.get(row["key"]) or row["before"]
        if row["table"] == "result":
            row["of"] = {name: where.get(name) for name in ("board", "model_name", "metric")}
        yield row


def _added(
    catalog: Catalog, begin: str, end: str, events: dict[tuple[str, str], list[Row]]
) -> Iterator[Row]:
    """Rows that are there and were not before."""
    for table in TABLES:
        for row in catalog.rows(
            f"SELECT {_KEY[table]} AS of, added_at, {_SHOWN[table]} FROM {table} "
            "WHERE added_at >= ? AND added_at < ?",
            (begin, end),
        ):
            key, at = row.pop("of"), row.pop("added_at")
            its = events.pop((table, key), [])
            gone = next((one for one in its if one["what"] == "removed"), None)
            if gone is not None and not _came_since(gone, begin):
                # It went and came back: the same thing again, or another number.
                after = {name: row[name] for name in row if gone["before"].get(name) != row[name]}
                if after:
                    was = {name: gone["before"].get(name) for name in after}
                    yield _told("changed", table, key, at, was, after)
                continue
            yield _told("added", table, key, at, {}, row)


def _between(events: list[Row], begin: str, end: str) -> Row | None:
    """The change that events of one row make of it; None when none of them lies in between."""
    within = [one for one in events if one["at"] < end]
    first_removed = next((one for one in events if one["what"] == "removed"), None)
    if not within:
        row = first_removed["before"] if first_removed else {}
        if begin <= (row.get("added_at") or "") < end:
            return {"what": "added", "at": row["added_at"], "before": {}, "after": row}
        return None
    removed = next((one for one in within if one["what"] == "removed"), None)
    if removed is not None:
        if _came_since(removed, begin):
            return None
        return {"what": "removed", "at": removed["at"], "before": removed["before"], "after": {}}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for one in within:
        before = {**one["before"], **before}
        after.update(one["after"])
    names = [name for name in after if before.get(name) != after[name]]
    if not names:
        return None
    return {
        "what": "changed",
        "at": within[-1]["at"],
        "before": {name: before.get(name) for name in names},
        "after": {name: after[name] for name in names},
    }


def _came_since(removed: Row, begin: str) -> bool:
    return (removed["before"].get("added_at") or "") >= begin


def _told(what: str, table: str, key: str, at: str, before: Row, after: Row) -> Row:
    known = {name: value for name, value in after.items() if value is not None}
    return {"what": what, "table": table, "key": key, "at": at, "before": before, "after": known}


def predecessors(catalog: Catalog, keys: list[str]) -> dict[str, list[Row]]:
    """What published numbers were before they changed: key -> `at`, `value_text`, oldest first."""
    found: dict[str, list[Row]] = {}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        marks = ", ".join("?" * len(part))
        for row in catalog.rows(
            f"SELECT key, at, before FROM change WHERE key IN ({marks}) AND what = 'changed' "
            "AND \"table\" = 'result' ORDER BY id",
            part,
        ):
            before = json.loads(row["before"])
            if "value_text" in before:
                found.setdefault(row["key"], []).append(
                    {"at": row["at"], "value_text": before["value_text"]}
                )
    return found


def evidence(catalog: Catalog, side: str, key: str) -> list[Row]:
    """Every link of a `paper` or a `repository`: the other side, what speaks for it, and since when;
    the state of the repository, and what it is called now."""
    other = "repository" if side == "paper" else "paper"
    return catalog.rows(
        f"SELECT l.{other} AS key, l.evidence, l.confidence, l.official, l.url, l.framework, l.source, "
        "l.source_url, l.retrieved_at, l.licence, l.added_at, r.state, "
        "(SELECT a.key FROM alias a WHERE a.alias = l.repository) AS renamed_to, "
        "(SELECT MAX(s.day) FROM repository_snapshot s WHERE s.repository = l.repository) AS seen "
        "FROM link l LEFT JOIN repository r ON r.key = l.repository "
        f"WHERE l.{side} = ? ORDER BY l.confidence DESC, l.{other}, l.source",
        (key,),
    )


def notices(catalog: Catalog, key: str) -> list[Row]:
    """What is said of a paper as a whole: that it was withdrawn."""
    return catalog.rows(
        "SELECT notice, day, source, source_url, retrieved_at, licence FROM notice WHERE key = ?",
        (key,),
    )
