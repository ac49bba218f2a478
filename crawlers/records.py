"""The Record classes: what one source said about one thing.

A record is frozen and validated, its text is cleaned. None means the source did not say; 0 is zero;
an empty text does not occur. Times are aware UTC as ISO 8601 text, dates are `YYYY-MM-DD` text, so
that a row reads the same in SQLite, in an export and on the screen. hub.tables makes one table of
each class by inheritance, so a field is declared here and nowhere else.
"""

import re
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationError
from sqlalchemy import JSON
from sqlmodel import Field, SQLModel
from sqlmodel._compat import SQLModelConfig

from crawlers.clean import clean, clean_lines
from crawlers.keys import kind_of

MAX_LINE: Final = 4_000
"""Longest name or title kept, in characters; the longest arXiv title known has fewer than 500."""

MAX_TEXT: Final = 200_000
"""Longest abstract, description or note kept, in characters."""


MAX_TAG: Final = 60
"""Longest tag a user can give, in characters."""

MAX_DEPTH: Final = 32
"""Deepest nesting kept of a field that has no column of its own."""


def _line(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = clean(value)
    if len(text) > MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE} characters")
    return text or None


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = clean_lines(value)
    if len(text) > MAX_TEXT:
        raise ValueError(f"longer than {MAX_TEXT} characters")
    return text or None


def _word(value: Any) -> Any:
    return _known_word(value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _known_word(value: str) -> Any:
    """Words that come again with every record (source, licence, category) are looked at once."""
    return _line(value)


def _lines(value: Any) -> Any:
    return [line for line in map(_line, value) if line] if isinstance(value, list) else value


def _words(value: Any) -> Any:
    return [word for word in map(_word, value) if word] if isinstance(value, list) else value


def _date(value: Any) -> Any:
    """A date as text; a day that does not exist is refused."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    return _known_day(value) if isinstance(value, str) else value


@lru_cache(maxsize=1 << 14)
def _known_day(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()[:10]):
        raise ValueError("a date is YYYY-MM-DD")
    return date.fromisoformat(text.strip()[:10]).isoformat()


def _key(value: str) -> str:
    if kind_of(value) is None or not value.partition(":")[2].strip():
        raise ValueError("not a key")
    return value


def _plain(value: Any) -> Any:
    return _cleaned(value, 0)


def _cleaned(value: Any, depth: int) -> Any:
    """Unknown fields as they came, text in them cleaned, so that they can be kept and shown."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return clean_lines(value)
    if isinstance(value, dict):
        return {clean(str(name)): _cleaned(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner, depth + 1) for inner in value]
    return value


Line = Annotated[str, BeforeValidator(_line)]
Word = Annotated[str, BeforeValidator(_word)]
Text = Annotated[str, BeforeValidator(_text)]
Lines = Annotated[list[str], BeforeValidator(_lines)]
MaybeLine = Annotated[str | None, BeforeValidator(_line)]
MaybeWord = Annotated[str | None, BeforeValidator(_word)]
MaybeText = Annotated[str | None, BeforeValidator(_text)]
Words = Annotated[list[str], BeforeValidator(_words)]
Day = Annotated[str, BeforeValidator(_date)]
KeyText = Annotated[str, BeforeValidator(_word), AfterValidator(_key)]
Tags = Annotated[list[Annotated[str, Field(max_length=MAX_TAG)]], BeforeValidator(_lines)]
Extra = Annotated[dict[str, Any], BeforeValidator(_plain)]
Givers = Annotated[dict[str, list[str | None]], BeforeValidator(_plain)]
Splits = Annotated[dict[str, int], BeforeValidator(_plain)]


def _list() -> Any:
    return Field(default_factory=list, sa_type=JSON)


def _json() -> Any:
    return Field(default_factory=dict, sa_type=JSON)


class Record(SQLModel):
    """What every record carries: who said it, where, when it was taken, under which terms."""

    model_config = SQLModelConfig(frozen=True, extra="forbid")
    table_name: ClassVar[str]
    key_fields: ClassVar[tuple[str, ...]] = ("key",)
    """The fields that say which thing it is about."""

    source: Word
    """The crawlers.sources file that read it: `arxiv_snapshot`, `pwc_archive`, `curated`, ..."""
    source_url: MaybeLine = None
    """Where a person can check it."""
    retrieved_at: Day
    """The day the source said so: of the dump for a dump, of the request for an answer."""
    licence: MaybeWord = None
    """Terms of the data itself as SPDX id (`CC0-1.0`, `CC-BY-SA-4.0`); None is unknown."""
    extra: Extra = _json()
    """Fields of the source that have no column here, as they came."""
    field_sources: Givers = _json()
    """Fields that another source gave: name -> [source, day, licence, address]. A source's own
    record has none; a row that was merged, and so an export of it, has."""

    def identity(self) -> tuple[str, ...]:
        """The values of the key fields."""
        return tuple(getattr(self, name) for name in self.key_fields)


class PaperRecord(Record):
    table_name: ClassVar[str] = "paper"

    key: KeyText
    title: Line
    abstract: MaybeText = None
    authors: Lines = _list()
    published: Day | None = None
    """Day of the first version."""
    updated: Day | None = None
    """Day of the last change the source knows."""
    version: int | None = None
    categories: Words = _list()
    """arXiv categories, the primary one first."""
    tasks: Words = _list()
    """Task keys."""
    methods: Lines = _list()
    """Method keys."""
    venue: MaybeLine = None
    """Journal reference or proceedings, as printed."""
    comment: MaybeText = None
    doi: MaybeLine = None
    text_licence: MaybeWord = None
    """Terms of the paper itself (an address), not of this record."""
    url: MaybeLine = None


class RepositoryRecord(Record):
    table_name: ClassVar[str] = "repository"

    key: KeyText
    name: Line
    """owner/name as its forge spells it."""
    url: Line
    description: MaybeText = None
    homepage: MaybeLine = None
    language: MaybeLine = None
    code_licence: MaybeLine = None
    topics: Lines = _list()
    created: Day | None = None
    pushed: Day | None = None
    state: Literal["active", "archived", "renamed", "gone"] | None = None


class SnapshotRecord(Record):
    """How many stars, forks and open issues a repository had on one day."""

    table_name: ClassVar[str] = "repository_snapshot"
    key_fields: ClassVar[tuple[str, ...]] = ("repository", "day")

    repository: KeyText
    day: Day
    stars: int | None = Field(default=None, ge=0)
    forks: int | None = Field(default=None, ge=0)
    open_issues: int | None = Field(default=None, ge=0)
    """Open issues; GitHub's own count includes pull requests."""


class NamedRecord(Record):
    """What datasets, frameworks, tools, tasks, topics and methods have in common."""

    key: KeyText
    name: Line
    full_name: MaybeLine = None
    name_zh: MaybeLine = None
    aliases: Lines = _list()
    summary: MaybeText = None
    """One line written for this project."""
    summary_zh: MaybeText = None
    description: MaybeText = None
    """The source's own words; kept in the user's catalog, never shipped."""
    homepage: MaybeLine = None
    paper: MaybeLine = None
    """Key of the paper that introduced it."""
    year: int | None = Field(default=None, ge=1600, le=2200)


class DatasetRecord(NamedRecord):
    table_name: ClassVar[str] = "dataset"

    parent: MaybeLine = None
    """Dataset key of which this one is a part or a variant."""
    tasks: Words = _list()
    modalities: Lines = _list()
    languages: Lines = _list()
    examples: int | None = Field(default=None, ge=0)
    splits: Splits = _json()
    """Examples per split."""
    classes: int | None = Field(default=None, ge=0)
    size_bytes: int | None = Field(default=None, ge=0)
    """Size of the download."""
    data_licence: MaybeLine = None
    licence_url: MaybeLine = None
    licence_note: MaybeText = None
    obtain: MaybeText = None
    obtain_zh: MaybeText = None


class FrameworkRecord(NamedRecord):
    """A framework or a tool: one table, told apart by `role`."""

    table_name: ClassVar[str] = "framework"

    role: Literal["framework", "tool"]
    repository: MaybeLine = None
    docs: MaybeLine = None
    languages: Lines = _list()
    code_licence: MaybeLine = None
    status: Literal["active", "maintenance", "retired"] | None = None
    maintainer: MaybeLine = None
    pypi: MaybeLine = None


class TaskRecord(NamedRecord):
    """A task or a topic: one table, told apart by `role`."""

    table_name: ClassVar[str] = "task"

    role: Literal["task", "topic"]
    area: MaybeLine = None
    areas: Lines = _list()
    """Every area a source files it under, the first one is `area`."""
    parents: Lines = _list()
    """Task keys one step up, where the source states them apart from a tree."""


class TaskNodeRecord(Record):
    """One place of a task in a source's tree. A task can stand under several others."""

    table_name: ClassVar[str] = "task_node"
    key_fields: ClassVar[tuple[str, ...]] = ("path",)

    path: Line
    """Slugs from the root, joined by `/`."""
    task: KeyText
    parent: MaybeLine = None
    """Path of the node above; None at the root."""
    position: int = Field(ge=0)
    """Place among all nodes of the source, in its order."""


class MethodRecord(NamedRecord):
    table_name: ClassVar[str] = "method"

    area: MaybeLine = None
    collections: Lines = _list()
    papers: int | None = Field(default=None, ge=0)
    """How many papers use it, by the source's count."""
    source_title: MaybeLine = None
    code_url: MaybeLine = None


class BoardRecord(Record):
    """A leaderboard: one task on one dataset (or part of it), with its metrics in printed order."""

    table_name: ClassVar[str] = "board"

    key: KeyText
    """`board:task/dataset`, with the parts of a dataset as further steps."""
    task: KeyText
    dataset: KeyText
    name: Line
    """The dataset as the board prints it, parts joined by ` / `."""
    metrics: Lines = _list()
    """The first one ranks the board."""
    description: MaybeText = None


class ResultRecord(Record):
    """A number somebody else published."""

    table_name: ClassVar[str] = "result"

    key: Line
    """Same board, model, paper, row and metric: same key."""
    board: KeyText
    row: Line
    """Groups the metrics of one printed row."""
    position: int = Field(ge=0)
    """Place of the row on the board, as the source prints it."""
    task: KeyText
    dataset: KeyText
    split: MaybeLine = None
    model_name: MaybeLine = None
    metric: Line
    direction: Literal["higher", "lower", "unknown"] = "unknown"
    unit: MaybeLine = None
    value_text: MaybeLine = None
    """As printed; None when the cell is there and empty."""
    value: float | None = None
    """Parsed, in `unit`; None when the text is no plain number."""
    spread: float | None = None
    """What stands after ±, in the same unit; the source rarely says of what kind it is."""
    paper: MaybeLine = None
    paper_title: MaybeLine = None
    paper_url: MaybeLine = None
    published: Day | None = None


class LinkRecord(Record):
    """A paper and a repository belong together, by one kind of evidence."""

    table_name: ClassVar[str] = "link"
    key_fields: ClassVar[tuple[str, ...]] = ("paper", "repository", "evidence", "source")

    paper: KeyText
    repository: KeyText
    evidence: Literal[
        "abstract", "comment", "source-declared", "pwc-official", "pwc-mentioned", "pwc", "readme"
    ]
    url: Line
    """The address as found: it may point into the repository."""
    official: bool | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    """0..1, by kind of evidence (CONFIDENCE); not a measured probability."""
    framework: MaybeLine = None


class AliasRecord(Record):
    """Another key of the same thing: a site's page for a paper, a repository's former name."""

    table_name: ClassVar[str] = "alias"
    key_fields: ClassVar[tuple[str, ...]] = ("alias",)

    alias: KeyText
    key: KeyText


class NoticeRecord(Record):
    """Something that its operator says of a paper as a whole: it was withdrawn."""

    table_name: ClassVar[str] = "notice"
    key_fields: ClassVar[tuple[str, ...]] = ("key", "notice")

    key: KeyText
    notice: Literal["withdrawn"]
    day: Day | None = None
    """When it happened, if the source says so."""


class NoteRecord(SQLModel):
    """One note of a user."""

    model_config = SQLModelConfig(frozen=True, extra="ignore")

    id: Line
    text: Text
    added_at: Line
    changed_at: Line


class LibraryRecord(SQLModel):
    """What a user keeps about one key: a line of a library's export, no source's word."""

    model_config = SQLModelConfig(frozen=True, extra="ignore")
    table_name: ClassVar[str] = "library"

    key: Line
    favourite: bool = False
    reading: Literal["to-read", "reading", "read"] | None = None
    tags: Tags = Field(default_factory=list)
    notes: list[NoteRecord] = Field(default_factory=list)
    added_at: Line
    changed_at: Line


CONFIDENCE: Final = {
    "pwc-official": 0.95,
    "source-declared": 0.9,
    "comment": 0.85,
    "abstract": 0.8,
    "readme": 0.7,
    "pwc-mentioned": 0.6,
    "pwc": 0.4,
}
"""Our order of trust in the kinds of evidence: what authors print comes before what readers added."""

RECORDS: Final = {
    cls.table_name: cls
    for cls in (
        PaperRecord,
        RepositoryRecord,
        SnapshotRecord,
        DatasetRecord,
        FrameworkRecord,
        TaskRecord,
        TaskNodeRecord,
        MethodRecord,
        BoardRecord,
        ResultRecord,
        LinkRecord,
        AliasRecord,
        NoticeRecord,
    )
}


def reason(error: ValidationError) -> str:
    """The first complaint in few words, without the value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = first["loc"][0] if first["loc"] else "record"
    if first["type"] == "string_type":
        return f"{place}: missing or not a text"
    return f"{place}: {first['msg'].removeprefix('Value error, ').lower()}"
