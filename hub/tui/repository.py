"""The screen of a repository: its facts, its stars over time, the papers it belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from crawlers.keys import Key
from hub import around
from hub.queries import Entry, Queries
from hub.tui.detail import Detail, known
from hub.tui.sections import (
    Known,
    entries_section,
    evidence_of,
    facts,
    named,
    notes,
    prose,
    snapshots_rows,
    title,
)
from hub.tui.sheet import Column, Row, Section, age, number, origin
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.tui.charts import Series

FACTS: Final = (
    "language", "code_licence", "topics", "created", "pushed", "state", "homepage", "url",
)  # fmt: skip

FILES: Final = {
    "code_of_conduct": "code of conduct",
    "contributing": "contributing guide",
    "issue_template": "issue template",
    "license": "licence",
    "pull_request_template": "pull request template",
    "readme": "README",
}
"""What a community profile looks for, as people say it."""


@dataclass(frozen=True)
class Repository:
    """A repository with everything that is shown of it."""

    known: Known
    papers: tuple[dict[str, Any], ...]
    frameworks: tuple[Entry, ...]
    also: tuple[Key, ...]
    renamed_to: Key | None
    parent: Entry | None
    """Of a fork."""

    @property
    def snapshots(self) -> tuple[dict[str, Any], ...]:
        return self.known.shown.related.get("snapshots", ())


def read_repository(queries: Queries, known: Known) -> Repository:
    key = known.entry.key
    extra = known.fields.get("extra") or {}
    parent = extra.get("parent") if isinstance(extra.get("parent"), str) else None
    links: dict[Key, dict[str, Any]] = {}
    for link in known.shown.related.get("papers", ()):
        first = links.setdefault(link["key"], {**link, "also": []})
        if link["evidence"] != first["evidence"] and link["evidence"] not in first["also"]:
            first["also"].append(link["evidence"])
    return Repository(
        known,
        tuple(links.values()),
        around.in_repository(queries, key),
        around.also_called(queries, key),
        around.renamed_to(queries, key),
        queries.entries([parent]).get(parent) if parent else None,
    )


class RepositoryScreen(Detail[Repository]):
    """One repository."""

    def fetch(self, queries: Queries, key: Key) -> Repository:
        return read_repository(queries, known(queries, self.paths, key))

    def entry_of(self, value: Repository) -> Entry:
        return value.known.entry

    def curves(self, value: Repository) -> "tuple[str, Sequence[Series], str] | None":
        return stars_curve(value.snapshots, value.known.entry.name, self.say)

    def reading(self, value: Repository) -> Sequence[Section]:
        say, one = self.say, value.known
        body = facts(one, FACTS, say, always=("language", "code_licence", "pushed", "state"))
        return [
            *title(one, say),
            *state_section(one.fields, value.renamed_to, say),
            *prose(one, "description", say),
            replace(body, rows=(*snapshots_rows(value.snapshots, say), *body.rows)),
            *community_sections(one.fields.get("extra"), say),
            *notes(one, say),
        ]

    def around(self, value: Repository) -> Sequence[Section]:
        say = self.say
        found = [
            papers_section(value.papers, value.known.near, say),
            *entries_section(say("Frameworks and tools in it"), value.frameworks, say),
            *entries_section(say("Fork of"), (value.parent,) if value.parent else (), say),
        ]
        if value.also:
            rows = tuple(Row((key,)) for key in value.also)
            found.append(Section(say("Formerly"), rows, (Column(share=1),)))
        return [*found, *snapshots_section(value.snapshots, say)]


def state_section(fields: Mapping[str, Any], renamed_to: Key | None, say: Say) -> list[Section]:
    """A notice where the repository is not simply there any more."""
    if renamed_to:
        row = Row((say("Renamed to"), renamed_to), key=renamed_to, inks=("warn", "link"))
        return [Section(rows=(row,))]
    if fields.get("state") == "gone":
        extra = fields.get("extra") or {}
        because = extra.get("gone_because")
        text = say("Gone: its address does not answer any more")
        return [Section(text=f"{text} ({because})" if because else text, ink="bad")]
    if fields.get("state") == "archived":
        return [Section(text=say("Archived: read-only since its owner says so"), ink="warn")]
    return []


def community_sections(extra: Any, say: Say) -> list[Section]:
    """Community profile and issues for newcomers, where they were asked for; else what would ask."""
    said = extra if isinstance(extra, dict) else {}
    rows = []
    profile = said.get("community")
    if isinstance(profile, dict):
        health = profile.get("health")
        there = [say(FILES[one]) for one in profile.get("files") or () if one in FILES]
        rows.append(
            Row((say("Community profile"), say("unknown") if health is None else f"{health} %"))
        )
        missing = [
            say(text) for one, text in FILES.items() if one not in (profile.get("files") or ())
        ]
        rows.append(Row((say("Has"), ", ".join(there) or "–")))
        rows.append(Row((say("Lacks"), ", ".join(missing) or "–")))
    issues = said.get("good_first_issues")
    if isinstance(issues, int):
        asked = str(said.get("good_first_issues_on") or "")
        rows.append(Row((say("Good first issues"), f"{issues:,} ({asked}, {age(asked, say)})")))
    if not rows:
        asks = say("Not asked yet: hub crawl github --full asks for the profile and first issues.")
        return [Section(say("Community"), empty=asks)]
    return [Section(say("Community"), tuple(rows))]


def papers_section(papers: Sequence[Mapping[str, Any]], near: Any, say: Say) -> Section:
    """The papers that it is linked to, and by what."""
    rows = tuple(
        Row(
            (
                link["name"] or named(link["key"], near, say),
                evidence_of(dict(link), say),
                age(link["retrieved_at"], say),
            ),
            key=link["key"] if link["name"] else None,
        )
        for link in papers
    )
    columns = (
        Column(say("Paper"), share=4, ink="link"),
        Column(say("evidence"), share=2, ink="faint"),
        Column(say("age"), right=True, ink="faint", spare=1),
    )
    givers = [(one["source"], one["retrieved_at"], one["licence"]) for one in papers]
    empty = say("No paper is known to be linked to it.")
    return Section(say("Papers"), rows, columns, origin=origin(givers, say), empty=empty)


def snapshots_section(snapshots: Sequence[Mapping[str, Any]], say: Say) -> list[Section]:
    """What was counted on which day, by whom; the newest first."""
    if not snapshots:
        return []
    rows = tuple(
        Row(
            (
                one["day"],
                number(one["stars"], say),
                number(one["forks"], say),
                number(one["open_issues"], say),
                one["source"],
            )
        )
        for one in snapshots
    )
    columns = (
        Column(say("day")),
        Column(say("Stars"), right=True, ink="strong"),
        Column(say("Forks"), right=True),
        Column(say("Open issues"), right=True, spare=1),
        Column(say("source"), ink="faint", spare=2),
    )
    return [Section(say("Stars over time"), rows, columns, most=6)]


def stars_curve(
    snapshots: Sequence[Mapping[str, Any]], name: str, say: Say
) -> "tuple[str, Sequence[Series], str] | None":
    """Its stars by day; None where they were counted on fewer than two days."""
    points = tuple((one["day"], one["stars"]) for one in snapshots if one["stars"] is not None)
    if len(points) < 2:
        return None
    from hub.tui.charts import Series

    first, last = min(points)[0], max(points)[0]
    note = f"{first} – {last} · {', '.join(sorted({one['source'] for one in snapshots}))}"
    return f"{say('Stars over time')} · {name}", (Series(name, points),), note
