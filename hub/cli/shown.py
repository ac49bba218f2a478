"""How one whole entry reads in a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hub import render
from hub.text import age, chinese, kind_name, number, size, t

if TYPE_CHECKING:
    from hub.queries import Shown

_LABELS = {
    "title": "title", "name": "name", "full_name": "full name", "name_zh": "Chinese name",
    "aliases": "also called", "role": "kind", "area": "area", "areas": "areas",
    "summary": "summary", "summary_zh": "Chinese summary", "authors": "authors",
    "published": "published", "updated": "updated", "version": "version", "year": "year",
    "categories": "categories", "venue": "venue", "doi": "DOI", "url": "address",
    "homepage": "homepage", "repository": "repository", "docs": "documentation", "paper": "paper",
    "tasks": "tasks", "methods": "methods", "modalities": "modalities", "languages": "languages",
    "language": "language", "examples": "examples", "splits": "splits", "classes": "classes",
    "size_bytes": "download size", "data_licence": "licence", "code_licence": "licence",
    "text_licence": "licence of the text", "licence_url": "licence text",
    "licence_note": "terms of use", "obtain": "how to get it", "obtain_zh": "how to get it (Chinese)",
    "comment": "comment", "abstract": "abstract", "description": "description",
    "status": "status", "maintainer": "maintainer", "pypi": "PyPI package", "parent": "part of",
    "parents": "part of", "topics": "topics", "created": "created", "pushed": "last push",
    "state": "state", "collections": "collections", "papers": "papers that use it",
    "source_title": "introduced in", "code_url": "code example",
}  # fmt: skip
_IN_CHINESE = {"summary": "summary_zh", "obtain": "obtain_zh"}
_MOST = 12
"""Lines of one group; --json has all of them."""


def print_shown(shown: "Shown") -> None:
    """Heading, facts, where they come from, and the groups that hang on the entry."""
    entry = shown.entry
    names = [entry.name, entry.name_zh] if entry.name_zh != entry.name else [entry.name]
    render.heading(" · ".join(name for name in names if name))
    render.line(f"{entry.key}   {kind_name(entry.kind)}", render.FAINT)
    render.fields(_facts(shown))
    for group, rows in shown.related.items():
        render.line()
        render.heading(f"{t(_GROUPS[group])} ({number(len(rows))})")
        for text in _lines(group, rows[:_MOST]):
            render.line("  " + text)
        if len(rows) > _MOST:
            render.line(
                "  " + t("... and {n} more: --json", n=number(len(rows) - _MOST)), render.FAINT
            )
    render.line()
    for text in _origins(shown):
        render.line(text, render.FAINT)


def _facts(shown: "Shown") -> Iterable[tuple[str, str]]:
    known = dict(shown.fields)
    skipped = {"extra", "name", "title", "name_zh", "role"}
    for name, other in _IN_CHINESE.items():
        if name in known and other in known:
            skipped.add(name if chinese() else other)
    extra = known.get("extra")
    beside = extra if isinstance(extra, dict) and chinese() else {}
    for name, value in shown.fields:
        if name not in skipped:
            yield t(_LABELS.get(name, name)), _value(name, beside.get(f"{name}_zh") or value)
    if shown.entry.url and "url" not in known and "homepage" not in known:
        yield t("address"), shown.entry.url


def _value(name: str, value: Any) -> str:
    if name == "size_bytes":
        return f"{size(value)} ({number(value)} bytes)"
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {number(one) if isinstance(one, int) else one}" for key, one in value.items()
        )
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int) and name not in ("year", "version"):
        return number(value)
    return str(value)


def _lines(group: str, rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    for row in rows:
        if group in ("code", "papers"):
            official = t(" official") if row["official"] else ""
            stars = (
                " · " + t("{n} stars", n=number(row["stars"])) if row["stars"] is not None else ""
            )
            shown = row["url"] if group == "code" else f"{row['key']}  {row['name'] or ''}"
            yield f"{shown}  [{t(row['evidence'])}{official}, {row['retrieved_at']}]{stars}"
        elif group == "results":
            mark = {"higher": "↑", "lower": "↓"}.get(row["direction"], "?")
            board = f"{row['task']} · {row['dataset']} · {row['model'] or '?'}"
            yield f"{board}: {row['metric']} {mark} {row['text'] or '-'}"
        elif group == "boards":
            yield f"{row['board']}  {row['name']} ({row['rows']})"
        elif group == "notices":
            yield t("withdrawn by its authors or by arXiv") + (
                f", {row['day']}" if row["day"] else ""
            )
        elif group == "subtasks":
            yield f"{row['key']}  {row['name']}"
        elif group == "baselines":
            from hub.verdict_text import metric_name

            claimed = (
                t("claimed {value}", value=f"{row['claimed']:g} {row['unit']}".rstrip())
                if row["claimed"] is not None
                else t("no number was published")
            )
            yield f"{row['command']}  {t(row['title'])} [{row['label']}]: {metric_name(row['metric'])}, {claimed}"
            yield f"  {row['path']}"
        else:
            yield t(
                "{day}: {stars} stars, {forks} forks, {issues} open issues",
                day=row["day"],
                stars=number(row["stars"]),
                forks=number(row["forks"]),
                issues=number(row["open_issues"]),
            )


def _origins(shown: "Shown") -> Iterable[str]:
    """Where the facts come from: the row's source, then each field that another one gave."""
    for name, (source, day, licence, url) in shown.sources.items():
        what = t(_LABELS.get(name, name)) if name else t("source")
        yield f"{what}: {source}, {day} ({age(day)}), {licence or t('licence unknown')}" + (
            f", {url}" if url else ""
        )


_GROUPS = {
    "notices": "Notices",
    "code": "Code",
    "papers": "Papers",
    "results": "Published results",
    "boards": "Leaderboards",
    "subtasks": "Subtasks",
    "snapshots": "Stars over time",
    "baselines": "Run it here",
}
