"""Every write of the network into the catalog: one harvest of one source, resumable, told honestly."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawlers.client import Client, Refusal, Stopped
from crawlers.crawl import Position, Taken, crawl
from crawlers.download import download
from crawlers.records import LibraryRecord
from crawlers.source import Published, Source, SourceError, Wish
from hub import harvest as harvests
from hub.catalog import Catalog, Counts, ledger
from hub.errors import HubError, UsageError
from hub.harvest import Summary
from hub.interrupts import unbroken
from hub.library import Library


@dataclass(frozen=True)
class Errand:
    """One harvest to make."""

    source: Source
    wish: Wish
    address: str
    """What is asked of the source, in words: two errands of one address are the same one."""
    files: tuple[Published, ...] = ()
    """Files to download and read, for a source that comes whole."""


@dataclass
class Crawled:
    """How an errand went."""

    errand: Errand
    summary: Summary
    state: str = "running"
    """done, limited, interrupted, refused, unreachable, offline, damaged."""
    why: str | None = None
    until: float | None = None
    """When a source that refused may be asked again, in seconds since 1970."""
    requests: int = 0
    resumed: bool = False
    dry: bool = False
    replayed: bool = False
    """Recorded answers stood in for the source."""

    @property
    def failed(self) -> bool:
        return self.state in ("refused", "unreachable", "offline", "damaged")


@dataclass(frozen=True)
class Told:
    """What a progress display shows."""

    counts: Counts
    requests: int
    left: int
    """Steps known to be left."""
    file: str | None = None
    done: int = 0
    size: int = 0


Progress = Callable[[Told], None]


class _DryRun(Exception):
    """Takes back what a page wrote."""


def run(
    catalog: Catalog,
    client: Client,
    errand: Errand,
    *,
    progress: Progress = lambda told: None,
    stop: Callable[[], bool] = lambda: False,
    dry: bool = False,
) -> Crawled:
    """Carries out an errand, from where the last one of its address left off.

    Each page is one transaction together with the place to go on from, so that a killed harvest loses
    the page in hand at most. Never raises for what a source does: the state says how it ended.
    """
    summary = Summary(errand.source.name, errand.address, _today())
    crawled = Crawled(errand, summary, dry=dry, replayed=client.replays)
    if errand.files:
        return _run_files(catalog, client, crawled, progress, stop)
    assert errand.source.start is not None
    position, earlier = _place(catalog, errand)
    crawled.resumed = earlier is not None
    with unbroken():
        row = None if dry else _begin(catalog, errand, position, earlier)
    before, cut = client.requests, False
    try:
        for taken in crawl(
            errand.source,
            client,
            position,
            limit=errand.wish.limit,
            known=lambda mark: ledger.asked(catalog, mark),
            stop=stop,
        ):
            crawled.requests = client.requests - before
            with unbroken():
                _commit(catalog, crawled, taken, row)
                position, cut = taken.position, taken.cut
            told = Told(crawled.summary.counts, crawled.requests, len(position.pending))
            progress(told)
        crawled.state = "limited" if cut else "interrupted" if position.pending else "done"
    except Refusal as refusal:
        crawled.state, crawled.why, crawled.until = refusal.kind, refusal.why, refusal.until
    except SourceError as error:
        crawled.state, crawled.why = "damaged", error.why
    except (Stopped, KeyboardInterrupt):
        crawled.state = "interrupted"
    except OSError as error:
        # The network's own are told as refusals; this is a recording, or a disk.
        raise HubError(
            f"cannot write {error.filename or 'to this disk'}: {error.strerror or error}",
            hint="Free some space, or name another folder. What came is kept.",
        ) from error
    finally:
        crawled.requests = client.requests - before
        if crawled.state == "running":
            # Something of this machine's own failed: a full disk. The source is not to blame.
            crawled.state = "interrupted"
        crawled.summary.interrupted = crawled.state == "interrupted"
        if row is not None:
            left = position.to_json() if position.pending and not cut else None
            with unbroken():
                _end(catalog, crawled, row, left)
    return crawled


def _place(catalog: Catalog, errand: Errand) -> tuple[Position, int | None]:
    """Where to begin, and the harvest that left off there."""
    assert errand.source.start is not None
    left = ledger.left_off(catalog, errand.source.name, errand.address)
    position = Position.from_json(left[1]) if left else None
    if left and position and position.pending and _known(errand.source, position):
        return position, left[0]
    try:
        return Position(errand.source.start(errand.wish)), None
    except (SourceError, ValueError) as error:
        raise UsageError(f"{errand.source.name}: {error}") from error


def _known(source: Source, position: Position) -> bool:
    """False for a step that an earlier version of the source wrote and this one does not know."""
    assert source.request is not None and source.base is not None
    try:
        source.request(position.pending[0], source.base.url)
    except (ValueError, KeyError, TypeError, SourceError):
        return False
    return True


def _begin(catalog: Catalog, errand: Errand, position: Position, earlier: int | None) -> int:
    with catalog.transaction():
        ledger.end_dead(catalog)
        row = ledger.begin(
            catalog,
            errand.source.name,
            errand.address,
            _now(),
            _today(),
            position=position.to_json(),
        )
        if earlier is not None:
            ledger.went_on(catalog, earlier, row)
    return row


def _commit(catalog: Catalog, crawled: Crawled, taken: Taken, row: int | None) -> None:
    """One page and the place after it, in one transaction; of a dry run only the counts stay."""
    summary, at = crawled.summary, _now()
    records = [one for one in taken.page.records if not isinstance(one, LibraryRecord)]
    met = summary.page()
    harvests.note(met, taken.page)
    with suppress(_DryRun), catalog.transaction():
        met.counts.add(catalog.upsert(records, at=at, whole=taken.page.whole))
        if row is None:
            raise _DryRun
        ledger.note(
            catalog,
            row,
            state="running",
            counts=summary.counts.plus(met.counts),
            skipped=summary.skipped + met.skipped,
            position=taken.position.to_json(),
            requests=crawled.requests,
        )
        if taken.request and taken.asked:
            ledger.remember(catalog, taken.request, summary.source, at, taken.asked)
    summary.add(met)


def _end(catalog: Catalog, crawled: Crawled, row: int, left: str | None) -> None:
    until = crawled.until
    with catalog.transaction():
        ledger.note(
            catalog,
            row,
            state=crawled.state,
            counts=crawled.summary.counts,
            skipped=crawled.summary.skipped,
            position=left,
            finished_at=_now(),
            note=crawled.why,
            next_allowed=datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
            if until
            else None,
            requests=crawled.requests,
        )
        catalog.keep_sources()


# -- files -----------------------------------------------------------------------------------


def _run_files(
    catalog: Catalog,
    client: Client,
    crawled: Crawled,
    progress: Progress,
    stop: Callable[[], bool],
) -> Crawled:
    """Downloads each file, checks it, reads it in, and lets it go when the catalog has it all."""
    errand = crawled.errand
    folder = catalog.path.parent / "downloads"
    before = client.requests
    try:
        for file in errand.files:
            if ledger.last_done(catalog, errand.source.name, file.name):
                crawled.summary.tally[f"{file.name}: there already"] += 1
                continue
            path = _fetched(client, errand.source, file, folder, crawled, progress, stop)
            if crawled.dry:
                continue
            summary = harvests.import_file(catalog, _no_library, path, day=file.day, stop=stop)
            crawled.summary.add(summary)
            if summary.interrupted:
                raise Stopped
            if summary.broken:
                raise SourceError(f"{file.name}: {summary.broken.reason}")
            path.unlink()
        crawled.state = "done"
    except Refusal as refusal:
        crawled.state, crawled.why, crawled.until = refusal.kind, refusal.why, refusal.until
    except SourceError as error:
        crawled.state, crawled.why = "damaged", error.why
    except (Stopped, KeyboardInterrupt):
        crawled.state = "interrupted"
    except OSError as error:
        raise HubError(
            f"cannot keep a download in {folder}: {error.strerror or error}",
            hint="Free some space, or set HUB_HOME to another folder. What came is kept.",
        ) from error
    crawled.requests = client.requests - before
    if crawled.failed and not crawled.dry:
        with catalog.transaction():
            row = ledger.begin(catalog, errand.source.name, errand.address, _now(), _today())
        _end(catalog, crawled, row, None)
    return crawled


def _fetched(
    client: Client,
    source: Source,
    file: Published,
    folder: Path,
    crawled: Crawled,
    progress: Progress,
    stop: Callable[[], bool],
) -> Path:
    def advance(done: int, size: int) -> None:
        progress(Told(crawled.summary.counts, client.requests, 0, file.name, done, size))

    return download(client, source, file, folder, progress=advance, stop=stop)


def _no_library() -> Library:
    raise AssertionError("a dump holds nothing of the user's")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
