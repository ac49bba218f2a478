"""`python -m tests.bench [--only NAME] [--all] [--json]`: the table; 1 if a bar is missed."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    browser,
    browsing,
    commands,
    crawls,
    fresh_clone,
    imports,
    index_update,
    mutations,
    quality,
    questions,
    reproduce,
)
from tests.bench.children import ChildFailed
from tests.bench.machine import machine
from tests.bench.rows import Row, as_json, as_text, failed
from tests.bench.workshop import Workshop

MEASUREMENTS: dict[str, Callable[[Workshop], list[Row]]] = {
    "import": imports.papers,
    "tables": imports.tables,
    "search": commands.search,
    "query": questions.queries,
    "index-update": index_update.updates,
    "browsing": browsing.million,
    "first": commands.first,
    "help": commands.usage,
    "list": commands.baselines,
    "quality": quality.judged,
    "crawl": crawls.pages,
    "archive": crawls.archive,
    "reader": crawls.reader,
    "gap": crawls.gap,
    "kills": crawls.kills,
    "mutations": mutations.real,
    "mnist-fast": reproduce.fast,
    "mnist-examples": reproduce.examples,
    "mnist-examples-full": reproduce.examples_full,
    "mnist-lenet": reproduce.lenet,
    "mnist-logistic": reproduce.logistic,
    "browser-start": browser.starts,
    "browser-keys": browser.keystrokes,
    "browser-steps": browser.steps,
    "browser-scroll": browser.scroll,
    "browser-memory": browser.memory,
    "make-run": fresh_clone.make_run,
}
"""Name -> measurement, in the order of the table."""

SELDOM = {"make-run", "mnist-examples-full"}
"""Run only when named, or with --all: one downloads, one takes a quarter of an hour."""


UNPREPARED = {"quality", "make-run", "mutations", "mnist-fast", "mnist-examples", "mnist-lenet"} | {
    "mnist-examples-full",
    "mnist-logistic",
    "list",
}
"""Those that need no embedded catalog in this checkout."""


def main() -> int:
    """0 when every bar that was measured is reached."""
    options = arguments()
    # As on a user's machine, a module is compiled once and not at each start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    where = machine()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as scratch:
        workshop = Workshop(Path(scratch), tell)
        for name in chosen(options):
            tell(name)
            rows += measured(name, workshop)
    if options.json:
        print(json.dumps(as_json(where, rows), indent=1, ensure_ascii=False))
    else:
        print(as_text(where, rows))
    return int(any(row.passed is False for row in rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="may be repeated")
    parser.add_argument("--all", action="store_true", help="with those that download or take long")
    parser.add_argument("--json", action="store_true", help="the same values as JSON")
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> list[str]:
    """The names to measure, in the order of the table."""
    if options.only:
        return [name for name in MEASUREMENTS if name in options.only]
    return [name for name in MEASUREMENTS if options.all or name not in SELDOM]


def measured(name: str, workshop: Workshop) -> list[Row]:
    """The rows of one measurement; one failed row when it broke."""
    try:
        if name not in UNPREPARED:
            workshop.warm()
        return MEASUREMENTS[name](workshop)
    except (ChildFailed, OSError, RuntimeError, ValueError) as error:
        return [failed(name, str(error))]


def tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
