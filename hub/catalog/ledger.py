"""The ledger: what each harvest of a source brought, how it ended, and where the next one goes on."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from hub.catalog.merge import Row
from hub.catalog.store import Catalog, Counts

if TYPE_CHECKING:
    from crawlers.crawl import Asked

UNFINISHED: Final = ("running", "interrupted", "refused", "unreachable", "offline", "damaged")
"""States of a harvest that may be gone on with."""


CONTINUED: Final = "continued by harvest"
"""What stands in the note of a harvest that another one went on from, before the other's id."""


def begin(
    catalog: Catalog,
    source: str,
    address: str,
    started_at: str,
    retrieved_at: str,
    *,
    position: str | None = None,
) -> int:
    """A new row of the ledger, in state `running`; returns its id."""
    return catalog.write(
        "INSERT INTO harvest (source, address, started_at, state, position, retrieved_at, new, changed, "
        "unchanged, skipped, requests) VALUES (?, ?, ?, 'running', ?, ?, 0, 0, 0, '{}', 0)",
        (source, address, started_at, position, retrieved_at),
    )


def note(
    catalog: Catalog,
    harvest: int,
    *,
    state: str,
    counts: Counts,
    skipped: Counter[str],
    position: str | None = None,
    finished_at: str | None = None,
    note: str | None = None,
    next_allowed: str | None = None,
    requests: int = 0,
) -> None:
    """What the harvest brought so far; written in the transaction of the page it counts."""
    catalog.write(
        "UPDATE harvest SET state = ?, new = ?, changed = ?, unchanged = ?, skipped = ?, "
        "position = ?, finished_at = ?, note = ?, next_allowed = ?, requests = ? WHERE id = ?",
        (
            state,
            counts.new.total(),
            counts.changed.total(),
            counts.unchanged.total(),
            json.dumps(skipped, ensure_ascii=False),
            position,
            finished_at,
            note,
            next_allowed,
            requests,
            harvest,
        ),
    )


def latest(catalog: Catalog, limit: int = 20) -> list[Row]:
    """The latest rows of the ledger, newest first."""
    return [
        {**row, "skipped": json.loads(row["skipped"])}
        for row in catalog.rows("SELECT * FROM harvest ORDER BY id DESC LIMIT ?", (limit,))
    ]


def end_dead(catalog: Catalog) -> None:
    """Marks harvests that a killed process left as running. Call while holding the write lock."""
    catalog.write("UPDATE harvest SET state = 'interrupted' WHERE state = 'running'")


def left_off(catalog: Catalog, source: str, address: str) -> tuple[int, str] | None:
    """Id and position of the last harvest of this address, if it ended before its end."""
    row = next(
        iter(
            catalog.rows(
                "SELECT id, state, position FROM harvest WHERE source = ? AND address = ? "
                "ORDER BY id DESC LIMIT 1",
                (source, address),
            )
        ),
        None,
    )
    if row is None or row["state"] not in UNFINISHED or not row["position"]:
        return None
    return int(row["id"]), str(row["position"])


def went_on(catalog: Catalog, harvest: int, later: int) -> None:
    """Marks a harvest as continued, so that nothing goes on from there twice."""
    catalog.write(
        "UPDATE harvest SET position = NULL, note = COALESCE(note || '; ', '') || ? WHERE id = ?",
        (f"{CONTINUED} {later}", harvest),
    )


def last_done(catalog: Catalog, source: str, address: str | None = None) -> str | None:
    """When the last complete harvest of a source (and address) began; None: there was none."""
    where, values = ("AND address = ?", (source, address)) if address else ("", (source,))
    found: str | None = catalog.scalar(
        f"SELECT MAX(started_at) FROM harvest WHERE source = ? AND state = 'done' {where}", values
    )
    return found


def done(catalog: Catalog, *sources: str) -> list[tuple[str, str]]:
    """Address and beginning of every complete harvest of these sources, oldest first. One that went on
    from an earlier one began with that one: its first pages are as old."""
    marks = ", ".join("?" * len(sources))
    began: dict[int, str] = {}
    found = []
    for row in catalog.rows(
        "SELECT id, address, started_at, state, note FROM harvest "
        f"WHERE source IN ({marks}) ORDER BY id",
        sources,
    ):
        began.setdefault(row["id"], row["started_at"])
        later = re.search(rf"{CONTINUED} ([0-9]{{1,18}})$", row["note"] or "")
        if later:
            began[int(later[1])] = began[row["id"]]
        if row["state"] == "done":
            found.append((str(row["address"]), began[row["id"]]))
    return sorted(found, key=lambda one: one[1])


def requests_since(catalog: Catalog, source: str, moment: str) -> int:
    """How many requests the harvests of a source made that began since a moment."""
    return int(
        catalog.scalar(
            "SELECT COALESCE(SUM(requests), 0) FROM harvest WHERE source = ? AND started_at >= ?",
            (source, moment),
        )
    )


# -- what was asked --------------------------------------------------------------------------


def asked(catalog: Catalog, request: str) -> "Asked | None":
    """What is known of a request by its mark."""
    from crawlers.crawl import Asked, follow_and_again

    rows = catalog.rows("SELECT * FROM asked WHERE request = ?", (request,))
    if not rows:
        return None
    row = rows[0]
    fresh = row["fresh_until"]
    follow, again = follow_and_again(row["follow"])
    return Asked(
        etag=row["etag"],
        modified=row["modified"],
        fresh_until=datetime.fromisoformat(fresh).timestamp() if fresh else 0.0,
        follow=follow,
        again=again,
    )


def remember(catalog: Catalog, request: str, source: str, at: str, said: "Asked") -> None:
    """Keeps what makes the same request cheaper next time; in the transaction of its page."""
    fresh = datetime.fromtimestamp(said.fresh_until, UTC) if said.fresh_until else None
    catalog.write(
        "INSERT INTO asked (request, source, at, fresh_until, etag, modified, follow) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request) DO UPDATE SET at = excluded.at, "
        "fresh_until = excluded.fresh_until, etag = excluded.etag, modified = excluded.modified, "
        "follow = excluded.follow",
        (
            request,
            source,
            at,
            fresh.isoformat(timespec="seconds") if fresh else None,
            said.etag,
            said.modified,
            said.to_json(),
        ),
    )


# -- what the interfaces show ----------------------------------------------------------------


@dataclass(frozen=True)
class SourceLedger:
    """How the harvests of one source went."""

    source: str
    last_success: str | None
    """When the last complete harvest began."""
    last_refusal: str | None
    refusal: str | None
    """What was said at the last refusal."""
    next_allowed: str | None
    state: str
    """Of the newest harvest."""
    pending: int | None
    """Steps that an unfinished harvest has left to do; None when it is not unfinished."""
    note: str | None


def by_source(catalog: Catalog) -> list[SourceLedger]:
    """One line per source that was ever harvested."""
    found = []
    for row in catalog.rows(
        "SELECT source, MAX(id) AS newest, "
        "MAX(CASE WHEN state = 'done' THEN started_at END) AS success, "
        "MAX(CASE WHEN state IN ('refused', 'unreachable', 'offline') THEN id END) AS refusal "
        "FROM harvest GROUP BY source ORDER BY source"
    ):
        newest = catalog.rows("SELECT * FROM harvest WHERE id = ?", (row["newest"],))[0]
        refused = catalog.rows("SELECT * FROM harvest WHERE id = ?", (row["refusal"],))
        last = refused[0] if refused else {}
        found.append(
            SourceLedger(
                source=row["source"],
                last_success=row["success"],
                last_refusal=last.get("finished_at"),
                refusal=last.get("note"),
                next_allowed=last.get("next_allowed"),
                state=newest["state"],
                pending=_pending(newest["position"]) if newest["state"] in UNFINISHED else None,
                note=newest["note"],
            )
        )
    return found


def _pending(position: str | None) -> int | None:
    try:
        return len(json.loads(position or "")["pending"])
    except (ValueError, KeyError, TypeError):
        return None
