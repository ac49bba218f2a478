"""The columns of each list: what they hold, how wide they stand, by what they sort."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from crawlers.clean import clean
from hub.queries import Entry
from hub.tui.strings import Say, word

NARROWEST: Final = 4
"""Cells that a column can be pressed to."""

NAME_SHARE: Final = 0.6
NAME_ROOM: Final = 44
"""The name keeps so much of the line, at most so many cells, before another column may stand there."""


@dataclass(frozen=True)
class Column:
    """One column; the name takes what the others leave."""

    name: str
    title: str
    width: int
    text: Callable[[Entry, Say], str]
    right: bool = False
    rank: int = 0
    """On a narrow terminal the column with the highest rank goes first."""
    sorts: bool = True
    down: bool = False
    """Sorted the greatest first, unless the user turns it round."""


@dataclass(frozen=True)
class Place:
    """Where a column stands on the line."""

    column: Column
    at: int
    width: int


def laid_out(
    columns: tuple[Column, ...], widths: Mapping[str, int], room: int
) -> tuple[Place, ...]:
    """The columns that have room side by side, one cell between them, the name filling the line."""
    shown = list(columns)
    wide = {one.name: max(NARROWEST, widths.get(one.name, one.width)) for one in columns[1:]}
    least = min(NAME_ROOM, int(NAME_SHARE * room))
    while len(shown) > 1 and room - sum(wide[one.name] + 2 for one in shown[1:]) < least:
        shown.remove(max(shown[1:], key=lambda one: one.rank))
    name = max(1, room - sum(wide[one.name] + 2 for one in shown[1:]))
    places, at = [], 0
    for one in shown:
        width = name if one is columns[0] else wide[one.name]
        places.append(Place(one, at, width))
        at += width + 2
    return tuple(places)


def _count(value: int | None) -> str:
    """Unknown and none are shown apart: `–`, and 0."""
    return "–" if value is None else f"{value:,}"


def name_of(entry: Entry, say: Say) -> str:
    """The name in the language of the browser, the common name always in it."""
    return both_names(entry.name, entry.name_zh, say)


def short_name(entry: Entry, say: Say) -> str:
    """The name in the language of the browser alone, for a heading that says more."""
    local = entry.name_zh if say("All") != "All" else None
    return clean(local or entry.name)


def both_names(name: str, local: str | None, say: Say) -> str:
    """The Chinese name with the common one behind it, unless it holds that; else the common one."""
    name, local = clean(name), clean(local or "")
    if say("All") == "All" or not local or local == name:
        return name
    return local if name in local else f"{local} {name}"


def facts(entry: Entry, say: Say) -> str:
    """What tells an entry apart, on one line."""
    counted = "papers {n}" if entry.kind == "method" else "code {n}"
    summary = entry.summary if say("All") == "All" else entry.summary_zh or entry.summary
    parts = (
        say(entry.kind),
        f"★ {entry.stars:,} ({entry.stars_on})" if entry.stars is not None else None,
        say("results {n}").format(n=f"{entry.results:,}") if entry.results else None,
        say(counted).format(n=f"{entry.code:,}") if entry.code else None,
        _authors(entry, say),
        summary or _known_for(entry, say),
    )
    return clean(" · ".join(part for part in parts if part))


def _authors(entry: Entry, say: Say) -> str:
    authors = ", ".join(entry.authors[:2])
    return f"{authors} {say('et al.')}" if len(entry.authors) > 2 else authors


def _first_author(entry: Entry, say: Say) -> str:
    if not entry.authors:
        return "–"
    last = clean(entry.authors[0]).split(" ")[-1]
    return f"{last} {say('et al.')}" if len(entry.authors) > 1 else clean(entry.authors[0])


def _known_for(entry: Entry, say: Say) -> str:
    """A licence or a language as it is; an area in the user's language."""
    detail = clean(entry.detail or "")
    return word(detail, say) if entry.kind in ("task", "topic", "method") else detail


def _summary(entry: Entry, say: Say) -> str:
    chinese = say("All") != "All"
    return clean((entry.summary_zh if chinese else None) or entry.summary or "")


_NAME: Final = Column("name", "Name", 0, name_of)
_KIND: Final = Column("kind", "Kind", 10, lambda e, say: say(e.kind), rank=2)
_YEAR: Final = Column(
    "year", "Year", 6, lambda e, say: str(e.year or "–"), right=True, rank=1, down=True
)
_STARS: Final = Column(
    "stars", "Stars", 8, lambda e, say: _count(e.stars), right=True, rank=3, down=True
)
_RESULTS: Final = Column(
    "results", "Results", 9, lambda e, say: _count(e.results), right=True, rank=4, down=True
)
_CODE: Final = Column(
    "code", "Code", 6, lambda e, say: _count(e.code), right=True, rank=5, down=True
)
_PAPERS: Final = Column(
    "papers", "Papers", 8, lambda e, say: _count(e.code), right=True, rank=2, down=True
)
_AUTHORS: Final = Column("authors", "Authors", 18, _first_author, rank=6, sorts=False)


def _detail(title: str, width: int = 18, rank: int = 6) -> Column:
    return Column(
        "detail", title, width, lambda e, say: _known_for(e, say) or "–", rank=rank, sorts=False
    )


def _own(name: str, title: str, width: int, **values: int) -> Column:
    """A column of the library; its rows are hub.tui.shelf.Own."""

    def text(entry: Entry, say: Say) -> str:
        value = vars(entry).get(name)
        if isinstance(value, tuple):
            return " ".join(f"#{clean(one)}" for one in value)
        if name == "changed":
            return str(value or "")[:10]
        if name == "notes":
            return str(value or "")
        return say(str(value)) if value else ""

    return Column(
        name,
        title,
        width,
        text,
        right=name == "notes",
        rank=values.get("rank", 0),
        sorts=name != "notes",
        down=name == "changed",
    )


def sortable(tab: str, name: object) -> bool:
    """Whether a list can be sorted by a column of this name."""
    return any(one.name == name and one.sorts for one in COLUMNS.get(tab, ()))


COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "All": (_NAME, _KIND, _YEAR, _STARS, _RESULTS, _CODE),
    "Papers": (_NAME, _AUTHORS, _YEAR, _RESULTS, _CODE),
    "Datasets": (
        _NAME,
        _detail("Licence"),
        Column("tasks", "Tasks", 22, lambda e, say: _tasks(e), rank=8, sorts=False),
        _YEAR,
        _RESULTS,
    ),
    "Frameworks & tools": (
        _NAME,
        Column("summary", "What it is", 40, _summary, rank=9, sorts=False),
        _KIND,
        _detail("Licence", 14),
        _YEAR,
        _STARS,
    ),
    "Tasks": (_NAME, _detail("Area", 22), _RESULTS),
    "Methods": (_NAME, _detail("Area", 22), _YEAR, _PAPERS),
    "Repositories": (_NAME, _detail("Language", 16), _STARS),
    "Library": (
        _NAME,
        _own("tags", "Tags", 20, rank=1),
        _own("reading", "Reading", 8, rank=2),
        Column("kind", "Kind", 10, lambda e, say: say(e.kind), rank=3),
        _own("notes", "Notes", 5, rank=4),
        _own("changed", "Changed", 10, rank=5),
    ),
}
"""Tab -> its columns, the name first."""


def _tasks(entry: Entry) -> str:
    return clean(", ".join(task.partition(":")[2].replace("-", " ") for task in entry.tasks))
