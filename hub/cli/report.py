"""The command that writes everything measured down as one page."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub import __version__, render
from hub.cli.frame import app, command, library
from hub.errors import HubError
from hub.text import t

if TYPE_CHECKING:
    from hub.report import Chapter


@command(
    app,
    examples=(
        "hub report",
        "hub report --output report.html",
        "hub report diabetes_linear --png pictures",
    ),
)
def report(
    baseline: Annotated[
        list[str] | None, typer.Argument(help=t("Only these baselines; all without."))
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help=t("The file; - is stdout. Without: report.html in your home.")
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", help=t("A folder for the pictures as PNG, one a baseline.")),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help=t("Show it in the browser."))] = False,
) -> None:
    """Write a page that stands alone: every claim beside what was measured, with verdicts and reasons,
    learning curves, conditions and digests. It asks no host for anything and runs no script."""
    from hub import baselines, costs, plots
    from hub.paths import paths
    from hub.report import Chapter, page
    from hub.runs import comparison

    places = paths()
    names = tuple(baselines.named(name).name for name in baseline or baselines.names())
    with library() as own:
        runs = {name: own.runs(name) for name in names}
    chapters = [
        Chapter(
            title=t(baselines.named(name).title),
            path=str(baselines.path_of(baselines.named(name))),
            comparison=comparison(name, runs[name]),
            runs=tuple(run for run in runs[name] if not run["imported"]),
            foreign=tuple(run for run in runs[name] if run["imported"]),
        )
        for name in names
    ]
    if png is not None:
        _pictures(chapters, png)
    if not plots.there():
        render.warn(t("Curves are drawn where matplotlib is installed: {how}", how=plots.INSTALL))
    written = page(chapters, costs.calibration(places), when=datetime.now(UTC), hub=__version__)
    if output is not None and str(output) == "-":
        render.raw(written)
        return
    target = (output or places.home / "report.html").expanduser().absolute()
    _write(target, written.encode())
    render.line(str(target))
    sys.stdout.flush()
    if open_:
        import webbrowser

        if not webbrowser.open(target.as_uri()):
            render.warn(t("no browser could be started; the page is in {path}", path=target))


def _pictures(chapters: "Sequence[Chapter]", folder: Path) -> None:
    """A picture of every baseline that was measured."""
    from hub import plots
    from hub.report import drawn

    plots.need()
    wanted = [one for one in chapters if one.runs]
    if not wanted:
        render.warn(t("nothing was measured yet: there is no picture to draw"))
    for one in wanted:
        path = folder / f"{one.comparison.baseline}.png"
        _write(path, plots.png(one.comparison, drawn(one)))
        render.tell(str(path))


def _write(path: Path, body: bytes) -> None:
    """The whole file or none of it."""
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(body)
        partial.replace(path)
    except OSError as error:
        raise HubError(
            t("{place} cannot be written: {why}", place=path, why=error.strerror or error),
            hint="--output FILE",
        ) from error
