"""The screen of a framework or tool: facts, stars over time, licence, activity, who welcomes newcomers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from crawlers.keys import Key
from hub.errors import NotFound
from hub.queries import Entry, Queries, Shown
from hub.tui.detail import Detail, known
from hub.tui.method import mentions
from hub.tui.repository import (
    community_sections,
    papers_section,
    snapshots_section,
    stars_curve,
    state_section,
)
from hub.tui.sections import (
    Known,
    entries_section,
    facts,
    givers_line,
    notes,
    prose,
    snapshots_rows,
    title,
)
from hub.tui.sheet import Row, Section, age, value_text

if TYPE_CHECKING:
    from hub.tui.charts import Series

FACTS: Final = (
    "status", "code_licence", "languages", "year", "maintainer", "pypi", "repository", "docs",
    "homepage", "aliases", "paper", "url",
)  # fmt: skip


@dataclass(frozen=True)
class Framework:
    """A framework or tool with everything that is shown of it."""

    known: Known
    repository: Shown | None
    """What a source says of its repository; None: nothing, or it has none."""
    papers: tuple[Entry, ...]
    """That mention it, as the search finds them."""
    papers_found: int

    @property
    def snapshots(self) -> tuple[dict[str, Any], ...]:
        return self.known.shown.related.get("snapshots", ())

    @property
    def activity(self) -> dict[str, Any]:
        """The fields of its repository."""
        return dict(self.repository.fields) if self.repository else {}


def read_framework(queries: Queries, known: Known) -> Framework:
    papers, found = mentions(queries, known.entry, "paper")
    return Framework(known, repository_of(queries, known), papers, found)


def repository_of(queries: Queries, known: Known) -> Shown | None:
    key = known.fields.get("repository")
    if not key:
        return None
    try:
        return queries.show(key)
    except NotFound:
        return None


class FrameworkScreen(Detail[Framework]):
    """One framework or tool."""

    def fetch(self, queries: Queries, key: Key) -> Framework:
        return read_framework(queries, known(queries, self.paths, key))

    def entry_of(self, value: Framework) -> Entry:
        return value.known.entry

    def curves(self, value: Framework) -> "tuple[str, Sequence[Series], str] | None":
        return stars_curve(value.snapshots, value.known.entry.name, self.say)

    def reading(self, value: Framework) -> Sequence[Section]:
        say, one = self.say, value.known
        body = facts(one, FACTS, say, always=("status", "code_licence", "year", "maintainer"))
        rows = (*snapshots_rows(value.snapshots, say), *body.rows)
        return [
            *title(one, say),
            *state_section(value.activity, None, say),
            *prose(one, "description", say),
            replace(body, rows=rows),
            self._activity(value),
            *community_sections(value.activity.get("extra"), say),
            *notes(one, say),
        ]

    def _activity(self, value: Framework) -> Section:
        """Pushes and releases, as far as a source told of them."""
        say, said = self.say, value.activity
        rows = []
        for name, label in (("pushed", say("Last push")), ("created", say("Created"))):
            day = said.get(name)
            shown = f"{day} ({age(str(day), say)})" if day else say("unknown")
            rows.append(Row((label, shown), inks=(None, None if day else "faint")))
        extra = said.get("extra") or {}
        release = extra.get("release") if isinstance(extra, dict) else None
        shown = value_text(release) if release else say("unknown: no source here tells of releases")
        rows.append(Row((say("Releases"), shown), inks=(None, None if release else "faint")))
        if said.get("topics"):
            rows.append(Row((say("Topics"), value_text(said["topics"]))))
        givers = (
            givers_line(value.repository, ("pushed", "topics"), say) if value.repository else ""
        )
        return Section(say("Activity"), tuple(rows), origin=givers)

    def around(self, value: Framework) -> Sequence[Section]:
        say = self.say
        linked = value.repository.related.get("papers", ()) if value.repository else ()
        links = {link["key"]: {**link, "also": []} for link in linked}
        found = [papers_section(tuple(links.values()), value.known.near, say)] if links else []
        mentioned = entries_section(
            say("Papers that mention it"), value.papers, say, total=value.papers_found
        )
        return [*mentioned, *found, *snapshots_section(value.snapshots, say)]
