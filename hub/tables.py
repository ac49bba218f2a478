"""The tables of catalog.db and library.db, inherited from the records.

Nothing here leaves hub.catalog, hub.library and the migrations: interfaces see entries. Rows enter
as records (a table class validates nothing), and leave as frozen values.
"""

from typing import Any, ClassVar, Final

from sqlalchemy import JSON, Index, MetaData
from sqlmodel import Field, SQLModel
from sqlmodel._compat import SQLModelConfig

from crawlers import records


class Kept(SQLModel):
    """A row: what a record says, without its rules."""

    model_config = SQLModelConfig(frozen=False, extra="ignore")


def _key(**more: Any) -> Any:
    return Field(primary_key=True, **more)


class Paper(Kept, records.PaperRecord, table=True):
    __tablename__: ClassVar[str] = "paper"
    key: str = _key()
    published: str | None = Field(default=None, index=True)


class Repository(Kept, records.RepositoryRecord, table=True):
    __tablename__: ClassVar[str] = "repository"
    key: str = _key()
    state: str | None = None  # type: ignore[assignment]
    added_at: str | None = None
    """When it came into this catalog; None: it came embedded."""


class RepositorySnapshot(Kept, records.SnapshotRecord, table=True):
    __tablename__: ClassVar[str] = "repository_snapshot"
    repository: str = _key()
    day: str = _key()


class Dataset(Kept, records.DatasetRecord, table=True):
    __tablename__: ClassVar[str] = "dataset"
    key: str = _key()


class Framework(Kept, records.FrameworkRecord, table=True):
    __tablename__: ClassVar[str] = "framework"
    key: str = _key()
    role: str  # type: ignore[assignment]
    status: str | None = None  # type: ignore[assignment]


class Task(Kept, records.TaskRecord, table=True):
    __tablename__: ClassVar[str] = "task"
    key: str = _key()
    role: str  # type: ignore[assignment]


class TaskNode(Kept, records.TaskNodeRecord, table=True):
    __tablename__: ClassVar[str] = "task_node"
    path: str = _key()
    task: str = Field(index=True)


class Method(Kept, records.MethodRecord, table=True):
    __tablename__: ClassVar[str] = "method"
    key: str = _key()


class Board(Kept, records.BoardRecord, table=True):
    __tablename__: ClassVar[str] = "board"
    key: str = _key()
    task: str = Field(index=True)
    dataset: str = Field(index=True)


class Result(Kept, records.ResultRecord, table=True):
    __tablename__: ClassVar[str] = "result"
    key: str = _key()
    board: str = Field(index=True)
    paper: str | None = Field(default=None, index=True)
    direction: str  # type: ignore[assignment]
    added_at: str | None = None


class Link(Kept, records.LinkRecord, table=True):
    __tablename__: ClassVar[str] = "link"
    __table_args__ = (Index("ix_link_repository", "repository"),)
    paper: str = _key()
    repository: str = _key()
    evidence: str = _key()  # type: ignore[assignment]
    source: str = _key()
    added_at: str | None = None


class Alias(Kept, records.AliasRecord, table=True):
    __tablename__: ClassVar[str] = "alias"
    alias: str = _key()
    key: str = Field(index=True)


class Notice(Kept, records.NoticeRecord, table=True):
    __tablename__: ClassVar[str] = "notice"
    key: str = _key()
    notice: str = _key()  # type: ignore[assignment]


class Name(SQLModel, table=True):
    """Every spelling a named thing goes by, folded, so that `hub show mnist` finds it."""

    __tablename__: ClassVar[str] = "name"
    folded: str = _key()
    key: str = _key(index=True)


class Harvest(SQLModel, table=True):
    """One run of a source into the catalog: how far it came and what it brought."""

    __tablename__: ClassVar[str] = "harvest"
    id: int | None = _key(default=None)
    source: str
    address: str
    started_at: str
    finished_at: str | None = None
    state: str
    """running, done, interrupted, damaged, refused."""
    position: str | None = None
    """Where to go on, in the source's own terms."""
    retrieved_at: str | None = None
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Reason -> count."""
    note: str | None = None
    next_allowed: str | None = None
    """When a source that refused may be asked again."""
    requests: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Change(SQLModel, table=True):
    """What a published number, a link or a repository was before it changed or went."""

    __tablename__: ClassVar[str] = "change"
    __table_args__ = (Index("ix_change_at", "at"), Index("ix_change_key", "key"))
    id: int | None = _key(default=None)
    at: str
    table: str
    key: str
    """The values of the key fields, joined by a space."""
    what: str
    """changed, removed."""
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Asked(SQLModel, table=True):
    """A request that was answered: when it need not be made again, and by what it can be made cheap."""

    __tablename__: ClassVar[str] = "asked"
    request: str = _key()
    source: str
    at: str
    fresh_until: str | None = None
    etag: str | None = None
    modified: str | None = None
    follow: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """The steps that its answer named, and the records that hold on while it does not change."""


class Touched(SQLModel, table=True):
    """An entry that changed since the index was built, and in which generation."""

    __tablename__: ClassVar[str] = "touched"
    key: str = _key()
    generation: int = Field(index=True)


class State(SQLModel, table=True):
    """Facts about the catalog itself: its generation, the seed it began with."""

    __tablename__: ClassVar[str] = "state"
    name: str = _key()
    value: str


class LibraryEntry(SQLModel, table=True):
    """The user's own relation to a key."""

    __tablename__: ClassVar[str] = "library_entry"
    key: str = _key()
    favourite: bool = False
    reading: str | None = None
    """to-read, reading, read."""
    added_at: str
    changed_at: str


class LibraryTag(SQLModel, table=True):
    __tablename__: ClassVar[str] = "library_tag"
    key: str = _key()
    tag: str = _key(index=True)


class LibraryNote(SQLModel, table=True):
    __tablename__: ClassVar[str] = "library_note"
    id: str = _key()
    """A random id, so that an export and its import agree on which note is which."""
    key: str = Field(index=True)
    text: str
    added_at: str
    changed_at: str


class Run(SQLModel, table=True):
    """A number we measured, with all that is needed to measure it again (JSON of reproduce.run)."""

    __tablename__: ClassVar[str] = "run"
    id: str = _key()
    baseline: str = Field(index=True)
    started_at: str
    state: str
    record: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


def _metadata(*tables: type[SQLModel]) -> MetaData:
    """The tables of one file, apart from those of the other."""
    metadata = MetaData()
    for table in tables:
        table.__table__.to_metadata(metadata)  # type: ignore[attr-defined]
    return metadata


CATALOG: Final = _metadata(
    Paper, Repository, RepositorySnapshot, Dataset, Framework, Task, TaskNode, Method, Board,
    Result, Link, Alias, Notice, Name, Harvest, Change, Asked, Touched, State,
)  # fmt: skip
LIBRARY: Final = _metadata(LibraryEntry, LibraryTag, LibraryNote, Run)
