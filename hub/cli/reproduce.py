"""The command that measures: a baseline in a process of its own, its number beside the published one."""

import json as json_module
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub import render
from hub.cli.frame import Format, Json, app, command, library
from hub.errors import HubError, UsageError
from hub.text import t

if TYPE_CHECKING:
    from hub.cli.training import Made, Order
    from hub.likeness import Likeness
    from hub.verdict import Comparison

NOT_REPRODUCED: Final = 6
INTERRUPTED: Final = 130
BUDGETS: Final = ("full", "short", "smoke")
SEEDS: Final = {"full": 5, "short": 1, "smoke": 1}
"""Seeds where none are asked for; three decide (BASELINES: R4)."""


def complete_baseline(incomplete: str) -> list[str]:
    """Names for the shell's completion."""
    from hub import baselines

    return [name for name in baselines.names() if name.startswith(incomplete)]


@command(
    app,
    examples=(
        "hub reproduce --list",
        "hub reproduce --list mnist_lenet --json",
        "hub reproduce diabetes_linear --seed 7 --threads 1",
        "hub reproduce digits_backprop --budget smoke --json",
    ),
)
def reproduce(
    name: Annotated[
        str | None,
        typer.Argument(autocompletion=complete_baseline, help=t("A baseline; --list names them.")),
    ] = None,
    list_: Annotated[
        bool,
        typer.Option(
            "--list", help=t("Every baseline: claim, needs, cost here, what was measured.")
        ),
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            min=1,
            max=100,
            help=t("How many seeds, from 1 on; 5 of a full budget, else 1."),
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**31, help=t("This seed alone."))
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", help=t("full, short (a tenth), smoke (a few steps)."))
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", min=0.01, help=t("Train each seed so long at most.")),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", help=t("auto (a GPU if there is one), cpu, cuda, mps.")),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help=t("Threads of the arithmetic."))
    ] = None,
    nproc: Annotated[
        int | None, typer.Option("--nproc", min=1, max=64, help=t("Processes that share the run."))
    ] = None,
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact/--fast",
            help=t("Several processes: the same bits for 1, 2 and 4 of them, or up to rounding."),
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help=t("Go on where it was stopped or killed; seeds that are measured stay."),
        ),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help=t("Throw away what was stopped, and begin again."))
    ] = False,
    like: Annotated[
        Path | None,
        typer.Option(
            "--like", help=t("Run a file of `hub runs export` again, under its conditions.")
        ),
    ] = None,
    from_: Annotated[
        Path | None, typer.Option("--from", help=t("A folder that has the data files."))
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help=t("Accept the terms of the data, if it has any."))
    ] = False,
    max_minutes: Annotated[
        float, typer.Option("--max-minutes", min=0.01, help=t("Refuse what would take longer."))
    ] = 120.0,
    yes_really: Annotated[
        bool, typer.Option("--yes-really", help=t("Run it all the same."))
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help=t("Measure the speed of this machine anew, in seconds.")),
    ] = False,
    json: Json = False,
    format: Format = "table",
) -> None:
    """Train a reference baseline on this machine and put the number measured beside the one published,
    with a verdict and its reasons. What it will take is said first. Torch runs in a process of its own."""
    from hub.cli import comparison, training
    from hub.paths import paths

    places = paths()
    if calibrate:
        training.calibrate(places)
    if list_ or (calibrate and name is None):
        return comparison.print_list(places, name, json, format)
    made = training.Made()
    try:
        order = _order(
            name, seeds, seed, budget, minutes, device, threads, nproc, exact, resume, anew, like
        )
        order = replace(order, given=from_, yes=yes, max_minutes=max_minutes, yes_really=yes_really)
        if not order.wish.resume and not anew:
            training.nothing_stopped(order, places)
        training.carry_out(order, places, made)
    except HubError as error:
        if json:
            _answer(made, error=error)
        elif made.unkept:
            render.raw(json_module.dumps(made.unkept, ensure_ascii=False) + "\n")
        raise
    compared, alike = _compared(made), _likeness(order, made)
    if json:
        _answer(made, again=order.again if made.stopped else None, alike=alike)
    elif compared and not made.stopped:
        comparison.print_comparison(compared)
        if alike is not None:
            comparison.print_likeness(alike)
    sys.stdout.flush()
    if made.stopped:
        sys.exit(INTERRUPTED)
    if alike.broken if alike else compared and compared.verdict == "NOT REPRODUCED":
        sys.exit(NOT_REPRODUCED)
    return None


def _order(
    name: str | None,
    seeds: int | None,
    seed: int | None,
    budget: str | None,
    minutes: float | None,
    device: str | None,
    threads: int | None,
    nproc: int | None,
    exact: bool | None,
    resume: bool,
    anew: bool,
    like: Path | None,
) -> "Order":
    """What the options ask for. UsageError where they contradict each other; the errors of a file."""
    from hub import baselines, run_record
    from hub.cli.training import Order
    from hub.runs import Wish

    if budget not in (None, *BUDGETS):
        raise UsageError(f"--budget {budget}: {', '.join(BUDGETS)}")
    if device not in (None, "auto", "cpu", "cuda", "mps"):
        raise UsageError(f"--device {device}: auto, cpu, cuda, mps")
    if seed is not None and seeds is not None:
        raise UsageError(t("--seed and --seeds say different things: give one of them"))
    if resume and anew:
        raise UsageError(t("--resume and --anew say different things: give one of them"))
    if like is not None:
        if any(one is not None for one in (seed, seeds, budget, minutes)):
            raise UsageError(t("--like says seed and budget itself"))
        there = run_record.read(like)
        _same_minutes(there)
        name = _same_name(name, there)
        seed, budget = there["seed"], there["budget"]
        threads = threads or there["environment"]["threads"]
        device = device or str(there["environment"].get("device") or "cpu")
        shared = there.get("processes") or {}
        nproc = nproc or int(shared.get("count") or 1)
        if exact is None and shared.get("mode") in ("exact", "fast"):
            exact = shared["mode"] == "exact"
    if name is None:
        raise UsageError(t("which baseline?"), hint="hub reproduce --list")
    baselines.named(name)
    budget = budget or "full"
    mode = None if exact is None else "exact" if exact else "fast"
    wanted = (seed,) if seed is not None else tuple(range(1, (seeds or SEEDS[budget]) + 1))
    wish = Wish(
        name, 0, budget, minutes, device or "auto", threads, resume, processes=nproc or 1, mode=mode
    )
    return Order(wish, wanted, like=like)


def _same_name(name: str | None, there: dict[str, Any]) -> str:
    if name is not None and name != there["baseline"]:
        raise UsageError(t("the file is a run of {name}", name=there["baseline"]))
    return str(there["baseline"])


def _same_minutes(there: dict[str, Any]) -> None:
    from hub.run_record import out_of_time

    if out_of_time(there):
        raise UsageError(
            t(
                "that run ended when its minutes were used up: how far it came depends on the machine"
            ),
            hint=t("A run of a whole budget can be run again."),
        )


def _compared(made: "Made") -> "Comparison | None":
    """Of what was measured so far; None before the first number."""
    from hub import runs

    if not made.records:
        return None
    name = made.records[0]["baseline"]
    with library() as own:
        return runs.comparison_of(name, made.records, own.runs(name))


def _likeness(order: "Order", made: "Made") -> "Likeness | None":
    """Beside the run that was to be made again; None where there is none."""
    if order.like is None or not made.records:
        return None
    from hub import run_record
    from hub.likeness import likeness

    return likeness(run_record.read(order.like), made.records[0])


def _answer(
    made: "Made",
    *,
    again: str | None = None,
    alike: "Likeness | None" = None,
    error: HubError | None = None,
) -> None:
    """The JSON document, whatever the end: what was measured until then, and why it ended.

    `again`: the command that goes on with a run that was stopped.
    """
    try:
        compared = _compared(made)
    except HubError:  # a library that cannot be read: that is the error that is told
        compared = None
    why = error and {"what": error.what, "hint": error.hint, "exit_code": error.exit_code}
    render.envelope(
        "reproduce",
        compared,
        runs=[one["id"] for one in made.records],
        like=render.plain(alike),
        again=again,
        error=render.plain(why),
        unkept=made.unkept,
    )
    sys.stdout.flush()
