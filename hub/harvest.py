"""Every write of sources into the catalog: import files, build the index."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from crawlers.files import Opened, head, open_file, packed_at
from crawlers.records import LibraryRecord, Record
from crawlers.source import Origin, Page, Skip, Source, source_of
from hub import index as index_module
from hub.catalog import Catalog, Counts, ledger, read
from hub.errors import Damaged, NotFound, UsageError
from hub.interrupts import unbroken
from hub.library import Library
from hub.memory import uncollected
from hub.paths import Paths

EXAMPLES: Final = 5
"""Skipped entries that a summary names, with their places."""

Progress = Callable[[int, int, Counts], None]
"""Called after each page with bytes read, bytes in all, and what was counted so far."""


@dataclass
class Summary:
    """What one harvest brought."""

    source: str
    address: str
    retrieved_at: str
    counts: Counts = field(default_factory=Counts)
    skipped: Counter[str] = field(default_factory=Counter)
    examples: list[Skip] = field(default_factory=list)
    """The first few that were skipped, with their places."""
    tally: Counter[str] = field(default_factory=Counter)
    broken: Skip | None = None
    """Where and why the rest of the file could not be read."""
    interrupted: bool = False

    def add(self, other: "Summary") -> None:
        """Takes in what a page brought: called when the page is committed, so that a summary tells of
        nothing else."""
        self.counts.add(other.counts)
        self.skipped.update(other.skipped)
        self.examples += other.examples[: max(0, EXAMPLES - len(self.examples))]
        self.tally.update(other.tally)
        self.broken = other.broken or self.broken

    def page(self) -> "Summary":
        """An empty one of the same harvest, for what its next page will bring."""
        return Summary(self.source, self.address, self.retrieved_at)

    @property
    def damaged(self) -> bool:
        return self.broken is not None or bool(self.skipped.total() - self.skipped[REPEATED])


REPEATED = "repeated in this file"
"""Two records of one key in one file: the first one counts, so that the order cannot flip it."""


def import_file(
    catalog: Catalog,
    library: Callable[[], Library],
    path: Path,
    *,
    day: str | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Summary:
    """Reads a file into the catalog, page by page, each page one transaction.

    NotFound when there is no such file, Damaged when it is none that a source recognises. A file
    that breaks off gives its Summary with `broken` set; what came before is kept. Ctrl-C, and `stop`
    when it says so, end it after the page in hand.
    """
    source = recognise(path)
    assert source.read is not None
    day = day or day_of(path)
    summary = Summary(source.name, path.name, day)
    opened = open_file(path)
    harvest, state = None, "failed"
    try:
        with unbroken():
            harvest = _begin(catalog, summary)
        pages = source.read(opened.stream, Origin(path.name, day))
        with uncollected():
            _take(catalog, library, harvest, summary, pages, opened, progress, stop)
        state = "interrupted" if summary.interrupted else "damaged" if summary.broken else "done"
    except KeyboardInterrupt:
        summary.interrupted = True
        state = "interrupted"
    finally:
        opened.close()
        if harvest is not None:
            with unbroken():
                _end(catalog, harvest, summary, state)
    return summary


def _begin(catalog: Catalog, summary: Summary) -> int:
    with catalog.transaction():
        ledger.end_dead(catalog)
        return ledger.begin(catalog, summary.source, summary.address, _now(), summary.retrieved_at)


def _end(catalog: Catalog, harvest: int, summary: Summary, state: str) -> None:
    broken = summary.broken
    with catalog.transaction():
        ledger.note(
            catalog,
            harvest,
            state=state,
            counts=summary.counts,
            skipped=summary.skipped,
            finished_at=_now(),
            note=f"{broken.where}: {broken.reason}" if broken else None,
        )
        catalog.keep_sources()


def _take(
    catalog: Catalog,
    library: Callable[[], Library],
    harvest: int,
    summary: Summary,
    pages: Iterator[Page],
    opened: Opened,
    progress: Progress | None,
    stop: Callable[[], bool],
) -> None:
    seen: set[int] = set()
    for page in pages:
        with unbroken():
            _keep(catalog, library, harvest, summary, page, opened.position, seen)
        if progress:
            progress(opened.position, opened.size, summary.counts)
        if stop():
            summary.interrupted = True
            return


def _keep(
    catalog: Catalog,
    library: Callable[[], Library],
    harvest: int,
    summary: Summary,
    page: Page,
    position: int,
    seen: set[int],
) -> None:
    """One page in one transaction, together with what the ledger says of the harvest so far."""
    met = summary.page()
    note(met, page)
    own = [record for record in page.records if isinstance(record, LibraryRecord)]
    if own:
        met.counts.add(_restore(library(), own))
    fresh = [
        record
        for record in page.records
        if not isinstance(record, LibraryRecord) and _first(record, seen, met)
    ]
    with catalog.transaction():
        met.counts.add(catalog.upsert(fresh, at=_now()))
        ledger.note(
            catalog,
            harvest,
            state="running",
            counts=summary.counts.plus(met.counts),
            skipped=summary.skipped + met.skipped,
            position=str(position),
        )
    summary.add(met)


def _restore(library: Library, records: list[LibraryRecord]) -> Counts:
    """What lines of a library's export changed in the user's own."""
    counts = Counts()
    for record in records:
        outcome = library.restore(record)
        getattr(counts, outcome)["library"] += 1
    return counts


def note(summary: Summary, page: Page) -> None:
    """Adds to the summary what a page met and skipped."""
    summary.skipped.update(skip.reason for skip in page.skipped)
    summary.examples += page.skipped[: max(0, EXAMPLES - len(summary.examples))]
    summary.tally.update(dict(page.tally))
    summary.broken = page.broken or summary.broken


def _first(record: Record, seen: set[int], summary: Summary) -> bool:
    mark = hash((record.table_name, *record.identity()))
    if mark not in seen:
        seen.add(mark)
        return True
    if record.table_name not in ("repository", "link", "alias"):
        summary.skipped[REPEATED] += 1
    return False


def recognise(path: Path) -> Source:
    """The source whose file this is."""
    if not path.exists():
        raise NotFound(f"{path}: no such file")
    if not path.is_file():
        raise UsageError(f"{path} is a folder", hint="Name the files in it.")
    try:
        start = head(path)
    except OSError as error:
        raise Damaged(f"{path}: cannot be read: {error.strerror or error}") from error
    source = source_of(start)
    if source is None or source.read is None:
        raise Damaged(
            f"{path}: position 0: neither an arXiv metadata snapshot (JSON lines), nor a Papers with "
            f"Code dump (one JSON array), nor an export of the hub; it begins with {_glimpse(start)}",
            hint="hub import --help names the files that are read.",
        )
    return source


def day_of(path: Path) -> str:
    """The day in the file's name (`evaluation-tables.2020-08-28.json.gz`), else the one that gzip
    wrote into it when it was packed, else that of its last change."""
    for found in re.finditer(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)", path.name):
        try:
            return date.fromisoformat(found[0]).isoformat()
        except ValueError:
            continue
    packed = packed_at(path) or path.stat().st_mtime
    return datetime.fromtimestamp(packed, UTC).date().isoformat()


def put(catalog: Catalog, pages: Iterable[Page], source: str, address: str, day: str) -> Summary:
    """Pages that lie in memory or come embedded into the catalog, in one transaction. The ledger does
    not tell of them: nobody was asked, and they have no beginning in this catalog."""
    summary = Summary(source, address, day)
    with catalog.transaction():
        for page in pages:
            note(summary, page)
            records = (one for one in page.records if not isinstance(one, LibraryRecord))
            summary.counts.add(catalog.upsert(records))
        catalog.keep_sources()
    return summary


def update_index(catalog: Catalog, paths: Paths, *, force: bool = False) -> bool:
    """Makes the index say what the catalog says: by what changed, or whole where much did or `force`
    asks for it. True when there was something to do."""
    from hub.documents import documents, documents_of

    generation = catalog.generation()
    if not force:
        try:
            index = index_module.Index.open(paths.index)
        except Damaged:
            pass
        else:
            if index.generation == generation:
                return False
            keys = read.touched_since(catalog, index.base_generation)
            changed = documents_of(catalog, keys) if len(keys) <= index_module.MOST_CHANGED else ()
            if changed and index_module.update(paths.index, changed, keys, generation):
                return True
    index_module.build(paths.index, documents(catalog), generation=generation)
    return True


def _glimpse(start: bytes) -> str:
    text = start[:40].decode("utf-8", "backslashreplace")
    return ascii(text) if text else "nothing: it is empty or cannot be decompressed"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
