"""python -m crawlers NAME: what a source says, as JSON lines on stdout, without any database."""

import argparse
import json
import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from crawlers.client import Client, Refusal, Stopped
from crawlers.crawl import Position, crawl
from crawlers.gate import Waiting
from crawlers.keys import parse_key
from crawlers.records import Record
from crawlers.source import Origin, Page, Source, SourceError, Wish, all_sources, source_named

EXIT_REFUSED = 3
EXIT_DAMAGED = 5


def main() -> int:
    """0 when the source said all it was asked for; 3 refused, offline or unreachable; 5 damaged."""
    said = _arguments()
    source = source_named(said.name)
    if source is None:
        names = ", ".join(one.name for one in all_sources())
        print(f"no source {said.name}: {names}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGPIPE, signal.SIG_DFL) if hasattr(signal, "SIGPIPE") else None
    try:
        if said.file:
            return _write(_of_file(source, said.file), said.limit)
        if source.start is None:
            print(f"{source.name} reads files: --file FILE", file=sys.stderr)
            return 2
        return _of_network(source, said)
    except Refusal as refusal:
        print(f"{source.name}: {refusal.why}", file=sys.stderr)
        return EXIT_REFUSED
    except SourceError as error:
        print(f"{source.name}: {error.why}", file=sys.stderr)
        return EXIT_DAMAGED
    except (Stopped, KeyboardInterrupt):
        return 130


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crawlers", description=__doc__)
    parser.add_argument("name", help="a file in crawlers/sources, without .py")
    parser.add_argument("--limit", type=int, help="stop after so many main records")
    parser.add_argument("--since", help="YYYY-MM-DD")
    parser.add_argument("--days", type=int, help="the same as days back")
    parser.add_argument("--until", help="YYYY-MM-DD")
    parser.add_argument("--category", action="append", default=[])
    parser.add_argument("--task", action="append", default=[])
    parser.add_argument("--key", action="append", default=[], help="a paper or repository")
    parser.add_argument("--query")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--record", type=Path, help="write the answers into this folder")
    parser.add_argument("--replay", type=Path, help="take the answers from this folder")
    parser.add_argument("--file", type=Path, help="read a file instead of asking")
    return parser.parse_args()


def _wish(said: argparse.Namespace) -> Wish:
    today = datetime.now(UTC).date()
    since = said.since
    if said.days is not None:
        since = (today - timedelta(days=said.days)).isoformat()
    for day in filter(None, (since, said.until)):
        try:
            date.fromisoformat(day)
        except ValueError:
            raise SystemExit(f"{day}: a day is YYYY-MM-DD") from None
    return Wish(
        since=since or (None if said.full else (today - timedelta(days=1)).isoformat()),
        until=said.until or today.isoformat(),
        categories=tuple(said.category) or ("cs.LG",),
        tasks=tuple(said.task),
        keys=tuple(parse_key(one) or one for one in said.key),
        query=said.query,
        full=said.full,
        authorised=bool(os.environ.get("GITHUB_TOKEN", "").strip()),
        limit=said.limit,
    )


def _of_network(source: Source, said: argparse.Namespace) -> int:
    assert source.start is not None
    wish = _wish(said)
    if source.name == "arxiv_oai" and not said.until:
        wish = replace(wish, until=None)
    asked: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    client = Client(
        home_of_user(),
        offline=said.offline or os.environ.get("HUB_OFFLINE", "") not in ("", "0"),
        record=said.record,
        replay=said.replay,
        tell=_tell,
        stop=lambda: bool(asked),
        contact=os.environ.get("HUB_CONTACT"),
    )
    try:
        try:
            position = Position(source.start(wish))
        except ValueError as error:
            raise SystemExit(f"{source.name}: {error}") from None
        taken = crawl(source, client, position, limit=said.limit, stop=lambda: bool(asked))
        code = _write((one.page for one in taken), None)
        return 130 if asked else code
    finally:
        client.close()


def _of_file(source: Source, path: Path) -> Any:
    from crawlers.files import open_file

    if source.read is None:
        raise SourceError(f"{source.name} reads no file")
    opened = open_file(path)
    try:
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        yield from source.read(opened.stream, Origin(path.name, day))
    finally:
        opened.close()


def _write(pages: Any, limit: int | None) -> int:
    """Each record as a line; what was skipped goes to stderr."""
    written, code = 0, 0
    page: Page
    for page in pages:
        for record in page.records:
            if limit is not None and written >= limit:
                return code
            table = {"table": record.table_name} if isinstance(record, Record) else {}
            known = record.model_dump(mode="json", exclude_defaults=True)
            print(json.dumps({**table, **known}, ensure_ascii=False))
            written += 1
        sys.stdout.flush()
        for skip in page.skipped:
            print(f"skipped: {skip.where}: {skip.reason}", file=sys.stderr)
        if page.broken:
            print(f"broken: {page.broken.where}: {page.broken.reason}", file=sys.stderr)
            code = EXIT_DAMAGED
    return code


def _tell(waiting: Waiting) -> None:
    until = datetime.fromtimestamp(waiting.until).astimezone().strftime("%H:%M:%S")
    print(f"waiting for {waiting.operator} until {until} {waiting.why}".strip(), file=sys.stderr)


def home_of_user() -> Path:
    """Where the times of operators' mirrors are kept: HUB_HOME, or the platform's folder."""
    named = os.environ.get("HUB_HOME")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("deep-learning-hub", appauthor=False)


if __name__ == "__main__":
    sys.exit(main())
