"""Commands that look after the hub itself: status and doctor."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub import __version__, render
from hub.cli.frame import Json, command, home, reading
from hub.errors import Damaged, HubError
from hub.render import Column
from hub.text import age, kind_name, number, size, state_name, t, told

if TYPE_CHECKING:
    from pathlib import Path

    from hub.paths import Paths
    from hub.queries import Queries


@command(examples=("hub status", "hub status --json"))
def status(json: Json = False) -> None:
    """Say what the catalog holds, from which source and day, under which terms, and how fresh it is."""
    with reading() as queries:
        data = _status(queries)
        sources = queries.sources()
    if json:
        return render.envelope("status", data, sources)
    render.heading(t("Catalog"))
    render.fields((kind_name(kind, True), number(count)) for kind, count in data["counts"].items())
    render.line()
    render.heading(t("Sources"))
    render.rows(
        [
            Column("source", t("source")),
            Column("licence", t("licence")),
            Column("rows", t("rows"), right=True),
            Column("newest", t("newest")),
            Column("age", t("age")),
            Column("state", t("last harvest")),
        ],
        [
            {
                "source": one.source,
                "licence": one.licence or t("unknown"),
                "rows": number(one.rows),
                "newest": one.newest or "-",
                "age": age(one.newest) if one.newest else "-",
                "state": state_name(one.state or "embedded"),
            }
            for one in sources
        ],
        "table",
    )
    _print_crawls(data["crawls"])
    render.line()
    render.heading(t("Licences"))
    render.fields((licence, number(count)) for licence, count in data["licences"].items())
    render.line()
    render.heading(t("Files"))
    render.fields((name, f"{place} ({bytes_})") for name, place, bytes_ in _files(queries.paths))
    render.fields([(t("search index"), _index_sentence(data["index"]))])
    return None


def _status(queries: "Queries") -> dict[str, Any]:
    from hub.catalog import ledger

    licences: dict[str, int] = {}
    for one in queries.sources():
        licences[one.licence or "unknown"] = licences.get(one.licence or "unknown", 0) + one.rows
    return {
        "version": __version__,
        "home": str(queries.paths.home),
        "counts": queries.counts(),
        "tree": queries.tree_counts(),
        "licences": licences,
        "index": _index(queries),
        "harvests": ledger.latest(queries.catalog, 5),
        "crawls": _crawls(queries),
    }


def _crawls(queries: "Queries") -> list[dict[str, Any]]:
    """How each source's harvests went, and how much of what it gave was confirmed lately."""
    from dataclasses import asdict

    told = [asdict(one) for one in queries.harvests()]
    fresh = queries.fresh_and_stale(STALE_AFTER)
    for one in told:
        one["fresh"], one["stale"] = fresh.get(one["source"], (0, 0))
    return told


def _print_crawls(crawls: list[dict[str, Any]]) -> None:
    if not crawls:
        return
    render.line()
    render.heading(t("Harvests"))
    columns = [
        Column("source", t("source")),
        Column("state", t("state")),
        Column("success", t("last success")),
        Column("left", t("left"), right=True),
        Column("fresh", t("fresh"), right=True),
        Column("stale", t("older than {n} days", n=STALE_AFTER), right=True),
        Column("refusal", t("last refusal"), share=2),
    ]
    rows = [
        {
            "source": one["source"],
            "state": state_name(one["state"]),
            "success": age(one["last_success"]) if one["last_success"] else "-",
            "left": number(one["pending"]) if one["pending"] is not None else "-",
            "fresh": number(one["fresh"]),
            "stale": number(one["stale"]),
            "refusal": _refusal(one),
        }
        for one in crawls
    ]
    render.rows(columns, rows, "table")


def _refusal(one: dict[str, Any]) -> str:
    """What was said at the last refusal; of a harvest that ended at a damaged answer, what was wrong."""
    if one["state"] == "damaged" and one["note"]:
        return str(one["note"])
    if not one["last_refusal"]:
        return "-"
    said = f"{one['last_refusal']}: {one['refusal']}"
    return (
        f"{said}; {t('again from {until}', until=one['next_allowed'])}"
        if one["next_allowed"]
        else said
    )


STALE_AFTER = 30
"""Days after which a row that its source has not said again counts as stale."""


def _index(queries: "Queries") -> dict[str, Any]:
    from datetime import UTC, datetime

    try:
        index = queries.index
    except HubError as error:
        return {"state": "missing", "why": str(error)}
    built = (index.folder / "meta.json").stat().st_mtime
    return {
        "state": "current" if index.generation == queries.catalog.generation() else "stale",
        "documents": index.size,
        "terms": index.meta["terms"],
        "built_at": datetime.fromtimestamp(built, UTC).isoformat(timespec="seconds"),
        "behind": queries.catalog.generation() - index.generation,
    }


def _index_sentence(index: dict[str, Any]) -> str:
    if index["state"] == "missing":
        return f"{index['why']}; hub index"
    said = t("{n} documents, built {age}", n=number(index["documents"]), age=age(index["built_at"]))
    return said if index["state"] == "current" else said + "; " + t("out of date: hub index")


FILES = ("catalog", "index", "library", "config")


def _files(places: "Paths") -> Iterator[tuple[str, str, str]]:
    for name in FILES:
        path = getattr(places, name)
        yield t(name), str(path), size(_bytes(path)) if path.exists() else t("not there yet")


def _bytes(path: "Path") -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


# -- doctor ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    state: str
    """ok, note, problem"""
    found: str
    next: str | None = None
    """What to do about it."""


@command(examples=("hub doctor", "hub doctor --fix", "hub doctor --json"))
def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help=t("Mend what can be mended: index, left-over files."))
    ] = False,
    json: Json = False,
) -> None:
    """Look for problems in the set-up, catalog, index and library, and say what to do about each."""
    if fix:
        _mend()
    findings = [*_environment(), *_stored(), *_reproduce()]
    problems = [one for one in findings if one.state == "problem"]
    if json:
        render.envelope("doctor", findings)
    else:
        marks = {"ok": "✓", "note": "•", "problem": "✗"}
        for one in findings:
            render.line(f"{marks[one.state]} {t(one.what)}: {one.found}")
            if one.next:
                render.line(f"    → {one.next}")
    if problems:
        sys.stdout.flush()
        sys.exit(5)


def _mend() -> None:
    from hub import catalog, harvest
    from hub.catalog import ledger
    from hub.lock import writing

    places = home()
    with writing(places.lock, "hub doctor --fix", tell=render.tell):
        for left in (*places.home.glob("*.partial-*"), *places.index.glob("*.current")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            opened = catalog.Catalog.open(places.catalog)
        except HubError as error:
            render.warn(str(error))
            return
        with opened:
            index_sound = _index_check(places) == []
            if harvest.update_index(opened, places, force=not index_sound):
                render.tell(t("The index is built."))
    with catalog.Catalog.open(places.catalog, write=True) as opened, opened.transaction():
        ledger.end_dead(opened)


def _environment() -> Iterator[Finding]:
    import platform
    import sqlite3

    from hub.paths import paths

    yield Finding(
        "versions",
        "ok",
        f"hub {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.machine()}",
    )
    places = paths()
    existing = places.home if places.home.exists() else places.home.parent
    writable = os.access(existing, os.W_OK) if existing.exists() else True
    yield Finding(
        "home",
        "ok" if writable else "problem",
        str(places.home),
        None if writable else t("It cannot be written: set HUB_HOME to a folder of your own."),
    )
    if existing.exists():
        free = shutil.disk_usage(existing).free
        enough = free > 500_000_000
        yield Finding(
            "free space",
            "ok" if enough else "problem",
            size(free),
            None if enough else t("Free some space: an import needs a few hundred MB."),
        )
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    yield Finding(
        "terminal",
        "ok" if encoding == "utf8" else "note",
        f"{os.environ.get('TERM', '-')}, {sys.stdout.encoding}",
        None if encoding == "utf8" else t("Set a UTF-8 locale to see every title."),
    )
    token = bool(os.environ.get("GITHUB_TOKEN"))
    yield Finding(
        "GitHub token",
        "note",
        t("set") if token else t("not set"),
        None if token else t("Crawling GitHub works without one, at 60 requests an hour."),
    )
    if os.environ.get("HUB_OFFLINE", "") not in ("", "0"):
        yield Finding("offline", "note", t("HUB_OFFLINE is set: every host is refused"))


def _stored() -> Iterator[Finding]:
    from hub import catalog
    from hub.catalog import ledger
    from hub.library import Library

    try:
        places = home()
        with catalog.Catalog.open(places.catalog) as opened:
            wrong = opened.check()
            yield Finding(
                "catalog",
                "problem" if wrong else "ok",
                "; ".join(wrong)
                or f"{size(places.catalog.stat().st_size)}, revision {catalog.HEAD}",
                t("Move it away; the next start prepares the embedded catalog.") if wrong else None,
            )
            unfinished = [
                one
                for one in ledger.latest(opened, 50)
                if one["state"] in ("running", "interrupted", "damaged")
            ]
            for one in unfinished[:3]:
                yield Finding(
                    "harvest",
                    "note",
                    f"{one['source']} {one['address']}: {t(one['state'])} ({one['started_at']})",
                    t("Import the file again to finish; what was read is kept."),
                )
            generation = opened.generation()
        yield from _index_findings(places, generation)
    except HubError as error:
        yield Finding("catalog", "problem", told(str(error)), error.hint and told(error.hint))
        places = None
    from hub.paths import paths

    try:
        with Library.open(paths().library) as own:
            wrong = own.check()
            yield Finding(
                "library",
                "problem" if wrong else "ok",
                "; ".join(wrong) or f"{number(len(own.all()))} {kind_name('library', True)}",
                t("Copy the file, then try sqlite3's .recover.") if wrong else None,
            )
    except HubError as error:
        yield Finding("library", "problem", told(str(error)), error.hint and told(error.hint))


def _index_findings(places: "Paths", generation: int) -> Iterator[Finding]:
    from hub.index import Index

    try:
        index = Index.open(places.index)
    except Damaged as error:
        yield Finding("search index", "problem", told(str(error)), "hub doctor --fix")
        return
    wrong = index.check()
    if wrong:
        yield Finding("search index", "problem", "; ".join(wrong), "hub doctor --fix")
    elif index.generation != generation:
        yield Finding("search index", "note", t("behind the catalog"), "hub index")
    else:
        yield Finding("search index", "ok", t("{n} documents", n=number(index.size)))


def _index_check(places: "Paths") -> list[str]:
    from hub.index import Index

    try:
        return Index.open(places.index).check()
    except Damaged as error:
        return [str(error)]


def _reproduce() -> Iterator[Finding]:
    """What `hub reproduce` needs; looked up, not imported."""
    from importlib import metadata, util

    for package, what in _NEEDED.items():
        if util.find_spec(package) is not None:
            yield Finding(what, "ok", metadata.version(package))
        else:
            yield Finding(
                what,
                "note",
                t("not installed"),
                t(
                    "Search and browsing do without. To run baselines: pip install 'deep-learning-hub[reproduce]'"
                ),
            )


_NEEDED = {
    "torch": "reproduce: torch",
    "safetensors": "reproduce: safetensors",
    "matplotlib": "reproduce: matplotlib",
}
