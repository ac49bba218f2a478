"""How a download shows: a bar for each file, or now and then a line."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub import render
from hub.text import size

if TYPE_CHECKING:
    from reproduce.files import Progress


@contextmanager
def downloading() -> "Iterator[Progress]":
    """A bar for each file on a terminal's stderr; elsewhere a line every ten seconds, or for a program
    one of JSON five times a second."""
    if render.progress_wanted():
        yield _for_programs()
        return
    if not sys.stderr.isatty():
        last = time.monotonic()

        def report(name: str, have: int, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last >= 10:
                last = time.monotonic()
                render.tell(f"{name}: {size(have)} / {size(total)}")

        yield report
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as bars:
        shown: dict[str, Any] = {}

        def draw(name: str, have: int, total: int | None) -> None:
            if name not in shown:
                shown[name] = bars.add_task(render.text_of(name), total=None)
            bars.update(shown[name], completed=have, total=total)

        yield draw


def _for_programs() -> "Progress":
    """The first and the last of each file, and what comes between now and then."""
    last = [0.0]

    def report(name: str, have: int, total: int | None) -> None:
        if have == total or time.monotonic() - last[0] >= 0.2:
            last[0] = time.monotonic()
            render.progress(file=name, done=have, size=total)

    return report
