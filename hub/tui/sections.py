"""Values as sections of a sheet: the title, facts, prose and lists that the sheets of entries share.

Pure: values and the language in, sections out. Nothing here reads, and nothing is a widget.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from crawlers.clean import clean, clean_lines
from crawlers.keys import Key, kind_of
from hub.entries import Entry, address_of
from hub.text import t, told
from hub.tui.columns import both_names, name_of
from hub.tui.sheet import Column, Row, Section, age, local, number, origin, size, value_text
from hub.tui.strings import FIELDS, Say, word

if TYPE_CHECKING:
    from hub.library import Kept
    from hub.queries import Board, Shown
    from hub.runs import Listed


@dataclass(frozen=True)
class Known:
    """What every screen of an entry knows: the entry, the names around it, what the user keeps."""

    shown: "Shown"
    kept: "Kept | None" = None
    near: Mapping[Key, Entry] = field(default_factory=dict)
    """Entries that are named in its fields: tasks, methods, its paper, its repository."""
    recipes: "tuple[Listed, ...]" = ()
    """Baselines of this entry."""

    @property
    def entry(self) -> Entry:
        return self.shown.entry

    @property
    def fields(self) -> dict[str, Any]:
        return dict(self.shown.fields)


READING_NAMES: Final = {"to-read": "to read", "reading": "being read", "read": "read"}
"""A reading state as people say it."""

LABELS: Final = {
    **FIELDS,
    "year": "Year",
    "parent": "Part of",
    "parents": "Above",
    "licence_url": "Licence text",
    "licence_note": "Terms of use",
    "updated": "Updated",
    "version": "Version",
    "text_licence": "Licence of the text",
    "created": "Created",
    "pushed": "Last push",
    "state": "State",
    "areas": "Areas",
    "collections": "Collections",
    "papers": "Papers that use it",
    "source_title": "Introduced in",
    "code_url": "Code example",
    "abstract": "Abstract",
    "description": "Description",
}
"""Every field that a sheet shows, as people call it."""

LINK: Final = Column(share=3, ink="link")
FAINT: Final = Column(share=1, ink="faint", spare=1)
RIGHT: Final = Column(right=True)


def title(known: Known, say: Say) -> list[Section]:
    """The name, what it is, and what the user keeps about it."""
    entry = known.entry
    meta = " · ".join(filter(None, (say(entry.kind), str(entry.year or ""), entry.key)))
    found = [
        Section(text=clean_lines(name_of(entry, say)), ink="title"),
    ]
    full = known.fields.get("full_name")
    if full and full != entry.name:
        found = [Section(text=f"{found[0].text}\n{full}", ink="title")]
    found[0] = _with(found[0], meta, kept_line(known.kept, say))
    summary = local(known.fields, "summary", say)
    if summary:
        found.append(Section(text=summary))
    return found


def _with(section: Section, *lines: str) -> Section:
    """The section with faint lines right below it."""
    return replace(section, origin="\n".join(filter(None, lines)))


def kept_line(kept: "Kept | None", say: Say) -> str:
    """`★ starred · to read · #vision #todo · 2 notes`; empty where nothing is kept."""
    if kept is None:
        return ""
    parts = [
        f"★ {say('starred')}" if kept.favourite else "",
        say(READING_NAMES[kept.reading]) if kept.reading in READING_NAMES else "",
        " ".join(f"#{one}" for one in kept.tags),
        say("1 note") if len(kept.notes) == 1 else "",
        say("{n} notes").format(n=len(kept.notes)) if len(kept.notes) > 1 else "",
    ]
    return " · ".join(filter(None, parts))


def notes(known: Known, say: Say) -> list[Section]:
    """The user's notes, each a line; Enter opens them."""
    if known.kept is None or not known.kept.notes:
        return []
    rows = tuple(
        Row((one.changed_at[:10], clean(one.text)), does=f"note {one.id}")
        for one in known.kept.notes
    )
    return [Section(say("Your notes"), rows, ink="text")]


def facts(known: Known, names: Sequence[str], say: Say, *, always: Sequence[str] = ()) -> Section:
    """Labels and values of fields, with who says so; those in `always` also where they are unknown."""
    fields, rows = known.fields, list[Row]()
    for name in names:
        value = local(fields, name, say)
        if value in (None, [], {}, ""):
            if name in always:
                rows.append(
                    Row((say(LABELS.get(name, name)), say("unknown")), inks=(None, "faint"))
                )
            continue
        rows += fact_rows(name, value, known, say)
    return Section(rows=tuple(rows), origin=givers_line(known.shown, names, say))


def fact_rows(name: str, value: Any, known: Known, say: Say) -> list[Row]:
    """A field as rows: each task, method or paper on one of its own, since each can be opened."""
    label = say(LABELS.get(name, name))
    if name in ("tasks", "methods", "parents"):
        keys = [one for one in value if isinstance(one, str)]
        return [
            Row(
                (label if at == 0 else "", named(key, known.near, say)),
                key=key if key in known.near else None,
            )
            for at, key in enumerate(keys[:8])
        ] + ([Row(("", say("{n} more").format(n=len(keys) - 8)))] if len(keys) > 8 else [])
    if name in ("paper", "repository", "parent") and isinstance(value, str) and kind_of(value):
        if value in known.near:
            return [Row((label, named(value, known.near, say)), key=value)]
        return [Row((label, value), url=address_of(value))]
    if isinstance(value, str) and value.startswith(("https://", "http://")):
        return [Row((label, value), url=value)]
    if name == "doi":
        return [Row((label, str(value)), url=f"https://doi.org/{value}")]
    if name == "size_bytes":
        return [Row((label, f"{size(value, say)} ({value:,} B)"))]
    if name in ("year", "version"):
        return [Row((label, str(value)))]
    if name in ("published", "updated", "created", "pushed"):
        return [Row((label, f"{value} ({age(str(value), say)})"))]
    if name in ("status", "state", "area"):
        return [Row((label, word(str(value), say)))]
    if name == "areas":
        # The first of them stands as its area already.
        others = [one for one in value if one != known.fields.get("area")]
        return [Row((label, ", ".join(word(str(one), say) for one in others)))] if others else []
    if name == "modalities":
        return [Row((label, ", ".join(word(str(one), say) for one in value)))]
    if name == "splits":
        value = {word(str(one), say): count for one, count in value.items()}
    return [Row((label, clean(value_text(value))))]


def named(key: Key, near: Mapping[Key, Entry], say: Say) -> str:
    """The name of an entry, where the catalog has it, else its key."""
    entry = near.get(key)
    return name_of(entry, say) if entry is not None else key.partition(":")[2] or key


def givers_line(shown: "Shown", names: Sequence[str], say: Say) -> str:
    """Source, day and licence of the row, then of the fields that another source gave."""
    lines = [origin([shown.sources[""]], say)] if "" in shown.sources else []
    for name, giver in shown.sources.items():
        if name and name in names:
            lines.append(f"{say(LABELS.get(name, name))}: {origin([giver], say)}")
    return "\n".join(lines)


def prose(known: Known, name: str, say: Say, *, empty: str = "") -> list[Section]:
    """An abstract or a description, wrapped for reading, with who gave it."""
    text = known.fields.get(name)
    heading = say(LABELS.get(name, name))
    if not text:
        return [Section(heading, empty=empty)] if empty else []
    giver = known.shown.sources.get(name) or known.shown.sources.get("")
    return [Section(heading, text=str(text), origin=origin([giver], say) if giver else "")]


def entries_section(
    heading: str, entries: Sequence[Entry], say: Say, *, total: int | None = None, most: int = 12
) -> list[Section]:
    """Entries to go to, by name, with their year and what they count."""
    if not entries:
        return []
    rows = tuple(
        Row(
            (
                name_of(entry, say),
                str(entry.year or ""),
                f"★ {entry.stars:,}" if entry.stars is not None else "",
                f"{entry.results:,}" if entry.results else "",
            ),
            key=entry.key,
        )
        for entry in entries
    )
    titles = ("", say("year"), say("stars"), say("results"))
    told = [any(row.cells[at] for row in rows) for at in range(len(titles))]
    columns = tuple(
        LINK if at == 0 else Column(text if told[at] else "", right=True, ink="faint", spare=at)
        for at, text in enumerate(titles)
    )
    return [Section(heading, rows, columns, total=total, most=most)]


def boards_section(
    of: Entry, boards: Sequence[Mapping[str, Any]], say: Say, *, most: int = 12
) -> list[Section]:
    """Leaderboards of a task by their data, of a dataset by their tasks; the longest first."""
    if not boards:
        return []
    rows = tuple(
        Row((board_name(one, of, say), f"{one['rows']:,}"), key=one["board"]) for one in boards
    )
    told = say("Task") if of.kind == "dataset" else say("Dataset")
    columns = (Column(told, share=3, ink="link"), Column(say("rows"), right=True))
    return [Section(say("Leaderboards"), rows, columns, most=most)]


def board_name(board: Mapping[str, Any], of: Entry, say: Say) -> str:
    """What tells a board apart from the others of the same task or dataset."""
    if of.kind != "dataset":
        return clean(board["data"])
    task, data = both_names(board["task"], board["task_zh"], say), clean(board["data"])
    return task if data.casefold() == of.name.casefold() else f"{task} · {data}"


def order_said(board: "Board", say: Say) -> str:
    """How a leaderboard is ranked, or why it is not."""
    if not board.ranked:
        return say("not ranked: {why}").format(why=told(board.why_unranked or ""))
    pattern = (
        say("ranked by {metric}, higher is better")
        if board.direction == "higher"
        else say("ranked by {metric}, lower is better")
    )
    return pattern.format(metric=board.metric)


def rows_said(n: int, say: Say) -> str:
    return say("1 row") if n == 1 else say("{n} rows").format(n=f"{n:,}")


def subtasks_section(
    rows: Sequence[Mapping[str, str]], say: Say, *, most: int = 12
) -> list[Section]:
    """The tasks one step below."""
    if not rows:
        return []
    found = tuple(
        Row((both_names(one["name"], one["name_zh"], say),), key=one["key"]) for one in rows
    )
    return [Section(say("Subtasks"), found, (LINK,), most=most)]


def recipes_section(listed: "Sequence[Listed]", say: Say, heading: str) -> list[Section]:
    """Baselines with what is claimed and what was measured; Enter or `r` starts one."""
    if not listed:
        return []
    from hub.tui.measured import INK_OF, claimed, measured

    rows = []
    for one in listed:
        verdict = one.comparison.verdict if one.comparison.values else ""
        rows.append(
            Row(
                (
                    t(one.baseline.title),
                    say(one.baseline.metric),
                    claimed(one.claim),
                    measured(one.comparison),
                    say(verdict) if verdict else say("not run here"),
                ),
                does=f"run baseline:{one.baseline.name}",
                inks=(
                    None,
                    None,
                    None,
                    None,
                    INK_OF.get(verdict, "faint").replace("plain", "text"),
                ),
            )
        )
    columns = (
        Column(say("Baseline"), share=3, ink="link"),
        Column(say("metric"), ink="faint", spare=2),
        Column(say("claimed"), right=True),
        Column(say("measured"), right=True),
        Column(say("verdict"), spare=1),
    )
    note = say("Enter starts it here; r too.")
    return [Section(heading, tuple(rows), columns, origin=note)]


def snapshots_rows(snapshots: Sequence[Mapping[str, Any]], say: Say) -> list[Row]:
    """Stars, forks and open issues as of the newest day on which they were counted."""
    if not snapshots:
        return [Row((say("Stars"), say("unknown")), inks=(None, "faint"))]
    newest = snapshots[0]
    return [
        Row((say(label), f"{number(newest[name], say)} ({newest['day']}, {newest['source']})"))
        for name, label in (("stars", "Stars"), ("forks", "Forks"), ("open_issues", "Open issues"))
        if newest[name] is not None or name == "stars"
    ]


# -- of papers ---------------------------------------------------------------------------------


def notices(rows: Sequence[dict[str, Any]], say: Say) -> list[Section]:
    """What its operator says of it as a whole."""
    return [
        Section(
            text=f"{say('Withdrawn by its authors or by arXiv')} ({row['day'] or say('day unknown')})",
            ink="bad",
            origin=origin([(row["source"], row["retrieved_at"], row["licence"])], say),
        )
        for row in rows
    ]


def code_section(code: Sequence[dict[str, Any]], say: Say, *, most: int = 12) -> Section:
    """Repositories with stars, state, what speaks for them, and how old that is."""
    rows = tuple(
        Row(
            (
                link["name"] or link["key"].partition(":")[2],
                f"★ {link['stars']:,}" if link["stars"] is not None else "",
                state_of(link, say),
                evidence_of(link, say),
                age(link["retrieved_at"], say),
            ),
            key=link["key"] if link["name"] else None,
            url=link["url"],
            inks=(None, None, _STATE_INKS.get(link["state"] or "", "faint")),
        )
        for link in code
    )
    columns = (
        Column(say("Repository"), share=3, ink="link"),
        Column(say("Stars"), right=True, spare=1),
        Column(say("state"), spare=3),
        Column(say("evidence"), share=2, ink="faint"),
        Column(say("age"), right=True, ink="faint", spare=2),
    )
    givers = [(link["source"], link["retrieved_at"], link["licence"]) for link in code]
    empty = say("No code is known. That says nothing about whether there is any.")
    return Section(say("Code"), rows, columns, origin=origin(givers, say), empty=empty, most=most)


_STATE_INKS: Final = {"gone": "bad", "archived": "warn", "renamed": "warn", "active": "good"}


def state_of(link: dict[str, Any], say: Say) -> str:
    """active, archived, renamed (to what), gone; unknown where nobody looked."""
    if link.get("renamed_to"):
        return f"→ {link['renamed_to'].partition(':')[2]}"
    return say(link["state"]) if link["state"] else say("unknown")


def evidence_of(link: dict[str, Any], say: Say) -> str:
    """What speaks for the link: `official, in the abstract`."""
    parts = [say("official")] if link["official"] else []
    parts += [evidence_names(say).get(one, one) for one in (link["evidence"], *link["also"])]
    return ", ".join(dict.fromkeys(parts))


def evidence_names(say: Say) -> dict[str, str]:
    return {
        "abstract": say("in the abstract"),
        "comment": say("in the comment"),
        "source-declared": say("declared by its source"),
        "pwc-official": say("Papers with Code: official"),
        "pwc-mentioned": say("Papers with Code: mentioned"),
        "pwc": say("Papers with Code"),
        "readme": say("in its README"),
    }
