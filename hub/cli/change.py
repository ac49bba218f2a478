"""Commands that write: import, export, index."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub import render
from hub.cli.frame import Json, command, home, library, reading
from hub.cli.summary import counted, met_and_examples, skipped
from hub.errors import EXIT_CODES, HubError, UsageError
from hub.text import number, t

if TYPE_CHECKING:
    from hub.catalog import Counts
    from hub.harvest import Summary


@command(
    name="import",
    examples=(
        "hub import arxiv-metadata-oai-snapshot.json",
        "hub import evaluation-tables.json.gz methods.json.gz",
        "hub import my-export.jsonl --as-of 2026-11-01",
    ),
)
def import_(
    files: Annotated[
        list[Path], typer.Argument(help=t("Files to read; what they are shows in them."))
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help=t("Day the files were taken; else from their names or dates.")
        ),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help=t("Fail when another process writes."))
    ] = False,
    no_index: Annotated[
        bool, typer.Option("--no-index", help=t("Leave the search index for later."))
    ] = False,
    json: Json = False,
) -> None:
    """Read files into the catalog: the arXiv metadata snapshot (JSON lines), the five Papers with Code
    dumps (JSON arrays), an export of a hub; plain or gzip. Reading a file again changes nothing."""
    from hub import harvest
    from hub.catalog import Catalog
    from hub.cli.crawl import stopping
    from hub.library import Library
    from hub.lock import writing

    _check_day(as_of)
    places = home()
    for path in files:
        harvest.recognise(path)
    summaries: list[Summary] = []
    with writing(
        places.lock,
        f"hub import {files[0].name}",
        wait_seconds=0 if no_wait else 3600,
        tell=render.tell,
    ):
        opened: list[Library] = []

        def own() -> Library:
            if not opened:
                opened.append(Library.open(places.library, write=True))
            return opened[0]

        try:
            with Catalog.open(places.catalog, write=True) as catalog:
                for path in files:
                    with stopping() as stop, progress(path.name) as advance:
                        summary = harvest.import_file(
                            catalog, own, path, day=as_of, progress=advance, stop=stop
                        )
                    summaries.append(summary)
                    if not json:
                        _say(summary)
                    if summary.interrupted:
                        break
                if not no_index and not any(summary.interrupted for summary in summaries):
                    _index(catalog, places, force=False)
        finally:
            for one in opened:
                one.close()
    if json:
        render.envelope("import", [_plain(summary) for summary in summaries])
    if any(summary.interrupted for summary in summaries):
        render.tell(t("Stopped. What was read is kept; run the command again to go on."))
        sys.exit(130)
    if any(summary.damaged for summary in summaries):
        sys.stdout.flush()
        sys.exit(5)


def _check_day(day: str | None) -> None:
    from datetime import date

    try:
        if day is not None:
            date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"--as-of {day}: a day is YYYY-MM-DD") from None


def _index(catalog: Any, places: Any, *, force: bool) -> bool:
    from hub import harvest

    if force or catalog.generation() != _indexed(places):
        render.tell(t("Building the search index ..."))
    return harvest.update_index(catalog, places, force=force)


def _indexed(places: Any) -> int:
    from hub.index import Index

    try:
        return Index.open(places.index).generation
    except HubError:
        return -1


def _plain(summary: "Summary") -> dict[str, Any]:
    broken = summary.broken
    return {
        "source": summary.source,
        "file": summary.address,
        "retrieved_at": summary.retrieved_at,
        "new": dict(summary.counts.new),
        "changed": dict(summary.counts.changed),
        "unchanged": dict(summary.counts.unchanged),
        "skipped": dict(summary.skipped),
        "met": dict(summary.tally),
        "broken": {"where": broken.where, "reason": broken.reason} if broken else None,
        "interrupted": summary.interrupted,
    }


def _say(summary: "Summary") -> None:
    """The one summary line on stdout, and on stderr what was met and what was skipped where."""
    parts = [*counted(summary.counts), skipped(summary)]
    render.line(f"{summary.address} [{summary.source}, {summary.retrieved_at}]: {', '.join(parts)}")
    met_and_examples(summary, summary.address)
    if summary.broken:
        render.fail(
            f"{summary.address}: {summary.broken.where}: {summary.broken.reason}",
            "What came before it is kept. Get the file again, then import it again.",
        )


Advance = Callable[[int, int, "Counts"], None]


@contextmanager
def progress(name: str) -> Iterator[Advance]:
    """A bar on a terminal's stderr; elsewhere a line every ten seconds."""
    if not sys.stderr.isatty():
        began = last = time.monotonic()

        def report(read: int, size: int, counts: "Counts") -> None:
            nonlocal last
            if time.monotonic() - last >= 10:
                last = time.monotonic()
                share = f"{read / size:.0%}" if size else "?"
                render.tell(
                    f"{name}: {share}, {number(counts.new.total())} {t('new')}, {last - began:.0f} s"
                )

        yield report
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[counted]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as bar:
        task = bar.add_task(render.text_of(name), total=None, counted="")

        def draw(read: int, size: int, counts: "Counts") -> None:
            bar.update(
                task, completed=read, total=size, counted=f"{number(counts.new.total())} {t('new')}"
            )

        yield draw


@command(examples=("hub index", "hub index --force"))
def index(
    force: Annotated[
        bool, typer.Option("--force", help=t("Build even if nothing changed."))
    ] = False,
) -> None:
    """Bring the search index up to date with the catalog."""
    from hub.catalog import Catalog
    from hub.lock import writing

    places = home()
    with (
        writing(places.lock, "hub index", tell=render.tell),
        Catalog.open(places.catalog) as catalog,
    ):
        done = _index(catalog, places, force=force)
    render.tell(t("The index is up to date.") if not done else t("The index is built."))


LICENCES = ("cc0", "cc-by-sa", "all")


@command(
    examples=(
        "hub export results --licence cc-by-sa > results.jsonl",
        "hub export papers --format csv --licence cc0",
        "hub search diffusion -q | hub export papers --format bibtex -",
        "hub export library > mine.jsonl",
    )
)
def export(
    what: Annotated[
        str,
        typer.Argument(
            help=t(
                "papers, repositories, datasets, frameworks, tasks, methods, results or library."
            )
        ),
    ],
    keys: Annotated[
        list[str] | None, typer.Argument(help=t("Only these keys; - reads them from stdin."))
    ] = None,
    format: Annotated[str, typer.Option("--format", help="jsonl, csv, bibtex")] = "jsonl",
    licence: Annotated[
        str, typer.Option("--licence", help=t("Only rows under these terms: cc0, cc-by-sa, all."))
    ] = "all",
) -> None:
    """Write what the catalog or the library holds to stdout; `hub import` reads jsonl back without loss."""
    from hub import export as exports

    if licence not in LICENCES:
        raise UsageError(f"--licence {licence}", hint=f"One of: {', '.join(LICENCES)}")
    wanted = _wanted(keys)
    if what == "library":
        with library() as own:
            return exports.write_library(own, format, wanted)
    with reading() as queries:
        chosen = None if wanted is None else {queries.resolve(key) for key in wanted}
        exports.write(queries.catalog, what, format, licence, chosen)
    return None


def _wanted(keys: list[str] | None) -> list[str] | None:
    if not keys:
        return None
    if keys == ["-"]:
        return [line.split("\t")[0].strip() for line in sys.stdin if line.strip()]
    return keys


@command(name="spec", examples=("hub spec",))
def spec() -> None:
    """Describe every command, its options, the formats and exit codes as JSON, for programs."""
    from typer.main import get_command

    from hub.cli.frame import app

    root = get_command(app)
    commands = {
        " ".join(path): {
            "help": node.help,
            "parameters": [
                {
                    "name": parameter.name,
                    "options": list(parameter.opts),
                    "required": parameter.required,
                    "help": getattr(parameter, "help", None),
                }
                for parameter in node.params
            ],
        }
        for path, node in _leaves(root, ())
    }
    data = {
        "commands": commands,
        "formats": list(render.FORMATS),
        "exit_codes": {str(code): meaning for code, meaning in EXIT_CODES.items()},
    }
    render.envelope("spec", data)


def _leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(node, "commands", None)
    if not inner:
        yield path, node
        return
    for name, child in sorted(inner.items()):
        yield from _leaves(child, (*path, name))
