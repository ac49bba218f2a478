"""Commands about where facts come from and what became of them: why and diff."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from hub import render
from hub.cli.frame import Format, Json, KeyArgument, NoPager, command, paged, reading
from hub.errors import UsageError
from hub.text import age, kind_name, number, state_name, t


@command(examples=("hub why arxiv:1512.03385", "hub why github:pytorch/pytorch --json"))
def why(key: KeyArgument, json: Json = False) -> None:
    """Say why a paper and a repository are held to belong together: the evidence, who gave it and when,
    and whether the repository is still there."""
    with reading() as queries:
        entry, rows = queries.why(key)
        if json:
            return render.envelope("why", {"entry": entry, "links": rows}, queries.sources())
    render.heading(entry.name)
    render.line(f"{entry.key}   {kind_name(entry.kind)}", render.FAINT)
    if not rows:
        render.line(t("No link is known: no source named one, which does not mean there is none."))
    for row in rows:
        render.line()
        official = f", {t('official')}" if row["official"] else ""
        render.line(f"{row['key']}  {row['name'] or ''}{official}")
        said = evidence_name(row["evidence"])
        sure = f", {t('confidence')} {row['confidence']:.2f}" if row["confidence"] else ""
        render.line(f"  {said}{sure}")
        licence = row["licence"] or t("licence unknown")
        render.line(
            f"  {row['source']}, {row['retrieved_at']} ({age(row['retrieved_at'])}), {licence}"
        )
        render.line(f"  {row['url']}")
        render.line(f"  {_state(row)}", render.FAINT)
    return None


def _state(row: dict[str, Any]) -> str:
    """Whether the repository is still there, as far as anybody looked."""
    if row["renamed_to"]:
        return t("renamed to {key}", key=row["renamed_to"])
    if row["state"] == "gone":
        return t("the repository is gone")
    if row["seen"] is None and row["state"] is None:
        return t("nobody has looked at the repository yet: hub crawl github")
    state = state_name(row["state"] or "active")
    return t("{state} when last seen, {day}", state=state, day=row["seen"] or "?")


def evidence_name(kind: str) -> str:
    """What speaks for a link, as people read it."""
    return {
        "abstract": t("the abstract names it"),
        "comment": t("the authors' comment on arXiv names it"),
        "source-declared": t("the source declares it, usually by an author or submitter"),
        "pwc-official": t("Papers with Code: marked official"),
        "pwc-mentioned": t("Papers with Code: the paper mentions it"),
        "pwc": t("Papers with Code: added by a reader"),
        "readme": t("its README names the paper"),
    }.get(kind, kind)


@command(examples=("hub diff 2026-11-01", "hub diff 2026-11-01 2026-11-15 --json"))
def diff(
    begin: Annotated[
        str, typer.Argument(metavar="DATE", help=t("From the beginning of this day."))
    ],
    end: Annotated[
        str | None,
        typer.Argument(metavar="DATE", help=t("To the end of this day; nothing: until now.")),
    ] = None,
    json: Json = False,
    format: Format = "table",
    no_pager: NoPager = False,
) -> None:
    """Show which published numbers, links to code and repositories came, changed or went between two
    moments. A day or a time in UTC; a changed number keeps its predecessor."""
    first, last = _moment(begin, end=False), _moment(end, end=True) if end else "9999"
    if last <= first:
        raise UsageError(f"{end} lies before {begin}")
    with reading() as queries:
        rows = queries.diff(first, last)
        sources = queries.sources()
    if json:
        return render.envelope("diff", rows, sources)
    columns = [
        render.Column("what", t("what")),
        render.Column("kind", t("kind")),
        render.Column("key", t("key"), share=2),
        render.Column("before", t("before")),
        render.Column("after", t("after")),
        render.Column("at", t("at")),
    ]
    shown = [
        {
            "what": _what()[row["what"]],
            "kind": kind_name(row["table"]),
            "key": _name_of(row),
            "before": _words(row["before"]),
            "after": _words(row["after"]),
            "at": row["at"],
        }
        for row in rows
    ]
    with paged(no_pager, len(shown)):
        render.rows(columns, shown, format)
    counts = Counter(row["what"] for row in rows)
    render.tell(", ".join(f"{number(counts[what])} {name}" for what, name in _what().items()))
    return None


def _name_of(row: dict[str, Any]) -> str:
    """A published number by its board, model and metric; a link by its two ends."""
    if "of" in row:
        return " · ".join(str(one) for one in row["of"].values() if one)
    return str(row["key"])


def _what() -> dict[str, str]:
    return {"added": t("added"), "changed": t("changed"), "removed": t("removed")}


def _words(fields: dict[str, Any]) -> str:
    """The fields of a change that tell it apart, in few words."""
    for name in ("value_text", "state"):
        if fields.get(name) is not None:
            return str(fields[name])
    named = {name: one for name, one in fields.items() if name not in _PROVENANCE}
    return ", ".join(f"{name} {one}" for name, one in list(named.items())[:2] if one is not None)


_PROVENANCE = ("source", "source_url", "retrieved_at", "licence", "added_at", "extra", "key")


def _moment(text: str, *, end: bool) -> str:
    """A day's beginning, or what comes after its end; a time as it is."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return day.isoformat()
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{text}: YYYY-MM-DD, or a time like 2026-11-01T12:00") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")
