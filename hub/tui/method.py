"""The screen of a method: what it is, the paper that introduced it, who uses it, recipes that teach it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crawlers.keys import Key
from hub.queries import Entry, Queries, Query
from hub.tui.detail import Detail, known
from hub.tui.sections import Known, entries_section, facts, notes, prose, recipes_section, title
from hub.tui.sheet import Section

FACTS: Final = (
    "aliases", "area", "year", "collections", "papers", "paper", "source_title", "code_url",
    "homepage", "url",
)  # fmt: skip

MENTIONS: Final = 12
"""Papers and repositories that are looked for by its name."""


@dataclass(frozen=True)
class Method:
    """A method with everything that is shown of it."""

    known: Known
    papers: tuple[Entry, ...]
    """That mention it, as the search finds them."""
    papers_found: int
    repositories: tuple[Entry, ...]
    repositories_found: int


def read_method(queries: Queries, known: Known) -> Method:
    papers, papers_found = mentions(queries, known.entry, "paper")
    repositories, repositories_found = mentions(queries, known.entry, "repository")
    return Method(known, papers, papers_found, repositories, repositories_found)


def mentions(queries: Queries, entry: Entry, kind: str) -> tuple[tuple[Entry, ...], int]:
    """Entries of a kind that the search finds by the entry's name, and how many it finds."""
    from hub.words import terms

    if not terms(entry.name):
        return (), 0
    hits = queries.search(Query(entry.name, kinds=(kind,), limit=MENTIONS))
    return tuple(hit.entry for hit in hits.hits), hits.found


class MethodScreen(Detail[Method]):
    """One method."""

    def fetch(self, queries: Queries, key: Key) -> Method:
        return read_method(queries, known(queries, self.paths, key))

    def entry_of(self, value: Method) -> Entry:
        return value.known.entry

    def reading(self, value: Method) -> Sequence[Section]:
        say, one = self.say, value.known
        return [
            *title(one, say),
            *prose(one, "description", say),
            facts(one, FACTS, say, always=("area", "year", "paper")),
            *notes(one, say),
        ]

    def around(self, value: Method) -> Sequence[Section]:
        say = self.say
        taught = recipes_section(value.known.recipes, say, say("Recipes that teach it"))
        return [
            *(
                taught
                or [Section(say("Recipes that teach it"), empty=say("No recipe here teaches it."))]
            ),
            *entries_section(
                say("Papers that mention it"), value.papers, say, total=value.papers_found
            ),
            *entries_section(
                say("Repositories that mention it"),
                value.repositories,
                say,
                total=value.repositories_found,
            ),
        ]
