"""The command that measures: a baseline in a process of its own, its number beside the published one."""

import json as json_module
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub import render
from hub.cli.frame import Format, Json, app, command, library, paged
from hub.errors import HubError, UsageError
from hub.text import local, number, size, t

if TYPE_CHECKING:
    from hub.costs import Cost
    from hub.likeness import Likeness
    from hub.paths import Paths
    from hub.runs import Listed, Wish
    from hub.verdict import Comparison

NOT_REPRODUCED: Final = 6
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
        int, typer.Option("--nproc", min=1, max=64, help=t("Processes that share the run."))
    ] = 1,
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
    from hub import run_record, runs
    from hub.paths import paths

    places = paths()
    if calibrate:
        _calibrate(places)
    if list_ or (calibrate and name is None):
        return _list(places, name, json, format)
    if budget not in (None, *BUDGETS):
        raise UsageError(f"--budget {budget}: {', '.join(BUDGETS)}")
    if device not in (None, "auto", "cpu", "cuda", "mps"):
        raise UsageError(f"--device {device}: auto, cpu, cuda, mps")
    if seed is not None and seeds is not None:
        raise UsageError(t("--seed and --seeds say different things: give one of them"))
    there = run_record.read(like) if like else None
    if there is not None:
        if any(one is not None for one in (seed, seeds, budget, minutes)):
            raise UsageError(t("--like says seed and budget itself"))
        _same_minutes(there)
        name = _same_name(name, there)
        seed, budget = there["seed"], there["budget"]
        threads = threads or there["environment"]["threads"]
        device = device or str(there["environment"].get("device") or "cpu")
        shared = there.get("processes") or {}
        nproc = max(nproc, int(shared.get("count") or 1))
        if exact is None and shared.get("mode") in ("exact", "fast"):
            exact = shared["mode"] == "exact"
    if name is None:
        raise UsageError(t("which baseline?"), hint="hub reproduce --list")
    budget = budget or "full"
    wanted = [seed] if seed is not None else list(range(1, (seeds or SEEDS[budget]) + 1))
    mode = None if exact is None else "exact" if exact else "fast"
    wish = runs.Wish(
        name, 0, budget, minutes, device or "auto", threads, resume, processes=nproc, mode=mode
    )
    if not resume and not anew:
        _nothing_stopped(places, wish, wanted)
    made, compared = _carry_out(places, wish, wanted, from_, yes, max_minutes, yes_really)
    alike = None
    if there is not None:
        from hub.likeness import likeness

        alike = likeness(there, made[0])
    if json:
        render.envelope(
            "reproduce", compared, runs=[one["id"] for one in made], like=render.plain(alike)
        )
    else:
        print_comparison(compared)
        if alike is not None:
            _print_likeness(alike)
    sys.stdout.flush()
    if alike.broken if alike else compared.verdict == "NOT REPRODUCED":
        sys.exit(NOT_REPRODUCED)
    return None


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


def _carry_out(
    places: "Paths",
    wish: "Wish",
    wanted: Sequence[int],
    given: Path | None,
    yes: bool,
    max_minutes: float,
    yes_really: bool,
) -> "tuple[list[dict[str, Any]], Comparison]":
    """The runs that were made, and their comparison: cost first, then data, then seed after seed."""
    from dataclasses import replace

    from hub import baselines, costs, runs

    one = baselines.named(wish.baseline)
    runs.need_torch()
    with library() as own:
        before = own.runs(wish.baseline)
    measured = _measured(one, wish, before) if wish.resume else {}
    todo = [seed for seed in wanted if seed not in measured]
    for seed in sorted(measured.keys() & set(wanted)):
        render.tell(t("seed {seed}: measured already", seed=seed))
    made = [measured[seed] for seed in wanted if seed in measured]
    if todo:
        expected = runs.cost_of(wish, before, costs.calibration(places))
        if expected.basis == "unknown":
            expected = runs.cost_of(wish, before, _calibrate(places))
        _say_cost(wish.baseline, expected, len(todo), max_minutes, yes_really)
        wish = replace(wish, data=_data(wish.baseline, given, yes))
    for seed in todo:
        made.append(_one(replace(wish, seed=seed), places, wanted))
    with library() as own:
        return made, runs.comparison_of(wish.baseline, made, own.runs(wish.baseline))


def _nothing_stopped(places: "Paths", wish: "Wish", wanted: Sequence[int]) -> None:
    """UsageError where a run would throw away the checkpoints of one that was stopped."""
    from dataclasses import replace

    from hub import runs

    for seed in wanted:
        step = runs.stopped_at(places, replace(wish, seed=seed))
        if step is not None:
            raise UsageError(
                t("seed {seed} was stopped at step {step}", seed=seed, step=number(step)),
                hint=t("--resume goes on with it; --anew throws it away and begins again."),
            )


def _measured(one: Any, wish: "Wish", before: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Own runs of this very recipe and budget by their seed, the newest of each."""
    from hub import run_record, runs

    current = runs.recipe_sum(one)
    return {
        run["seed"]: run
        for run in reversed(before)
        if not run["imported"] and run["budget"] == wish.budget and run["recipe_sha256"] == current
        if not run_record.out_of_time(run)
    }


def _calibrate(places: "Paths") -> Any:
    from hub import runs

    render.tell(t("Measuring the speed of this machine, a few seconds ..."))
    found = runs.calibrate(places)
    for threads, peak in sorted(found.peaks.items()):
        rate = f"{peak / 1e9:.0f}"
        render.tell(t("{rate} GFLOP/s (threads: {threads})", rate=rate, threads=threads))
    return found


def _say_cost(name: str, cost: "Cost", seeds: int, max_minutes: float, yes_really: bool) -> None:
    """What it will take; UsageError when that is too much."""
    from hub.verdict_text import duration

    if cost.seconds is None:
        return
    total = cost.seconds * seeds
    time = duration(total)
    if seeds > 1:
        time += f" ({seeds} × {duration(cost.seconds)})"
    render.tell(
        t(
            "About {time}, {memory} MB of memory: {why}.",
            time=time,
            memory=cost.memory_mb,
            why=cost_basis(cost),
        )
    )
    if total > max_minutes * 60 and not yes_really:
        raise UsageError(
            t(
                "{name} would take about {time} here, more than --max-minutes {most}",
                name=name,
                time=duration(total),
                most=f"{max_minutes:g}",
            ),
            hint=t(
                "--yes-really runs it all the same; --budget short takes a tenth; --minutes ends it."
            ),
        )


def cost_basis(cost: "Cost") -> str:
    """What an estimate stands on."""
    work = f"{cost.operations:.1e}"
    if cost.basis == "runs":
        return t("as {n} runs took here", n=cost.runs)
    if cost.basis == "rate":
        return t("at the rate of {n} runs here", n=cost.runs)
    if cost.basis == "few":
        return t("only {work} operations", work=work)
    if cost.basis == "operations":
        return t(
            "{work} operations at {share} of {rate} GFLOP/s measured here",
            work=work,
            share=f"{cost.share:.0%}",
            rate=f"{(cost.peak or 0) / 1e9:.0f}",
        )
    return t("unknown until measured: hub reproduce --calibrate")


def _data(name: str, given: Path | None, yes: bool) -> Path:
    """The folder with the data, fetched here, where a bar can be shown and terms be accepted."""
    from hub import baselines
    from hub.cli.dataset import folder_with

    dataset = baselines.dataset_of(baselines.named(name))
    if dataset is None:
        raise HubError(f"{name} names data that nobody declares: {baselines.named(name).dataset}")
    return folder_with(dataset, given, yes)


def _one(wish: "Wish", places: "Paths", wanted: Sequence[int]) -> dict[str, Any]:
    """One seed, kept in the library as soon as it is measured."""
    from hub import costs, events, runs
    from hub.verdict_text import metric_name

    with _stopping() as stop, _progress(f"{wish.baseline}, {t('seed')} {wish.seed}") as tell:
        try:
            record = runs.carry_out(places, wish, tell=tell, stop=stop)
        except runs.Interrupted:
            again = _again(wish, wanted)
            render.tell(t("Stopped. Go on with: {command}", command=again))
            sys.exit(130)
    share = record["speed"]["share_of_peak"]
    render.tell(
        t(
            "seed {seed}: {metric} {value}, {seconds} s",
            seed=wish.seed,
            metric=metric_name(record["metric"]),
            value=f"{record['value']:.2f}",
            seconds=f"{record['whole']['wall_seconds']:.1f}",
        )
        + (f", {share:.0%} {t('of the measured peak')}" if share else "")
    )
    try:
        with library(write=True) as own:
            own.keep_run(record)
    except HubError:
        _rescue(wish, places, record)
        raise
    runs.settled(places, wish)
    if peak := record["speed"]["peak_flops_per_second"]:
        costs.learn(places, record["environment"]["threads"], peak)
    events.keep(places, record)
    return record


def _again(wish: "Wish", wanted: Sequence[int]) -> str:
    """The command that goes on with what was stopped, under the same conditions."""
    words = ["hub reproduce", wish.baseline, "--budget", wish.budget, "--resume"]
    words += ["--seeds", str(len(wanted))] if len(wanted) > 1 else ["--seed", str(wish.seed)]
    if wish.device != "auto":
        words += ["--device", wish.device]
    for name, value in (("--threads", wish.threads), ("--minutes", wish.minutes)):
        if value is not None:
            words += [name, f"{value:g}"]
    words += ["--nproc", str(wish.processes)] if wish.processes > 1 else []
    words += [f"--{wish.mode}"] if wish.mode else []
    return " ".join(words)


def _rescue(wish: "Wish", places: "Paths", record: dict[str, Any]) -> None:
    """Says where a number is that the library did not take; on stdout if nowhere else."""
    from hub import run_record, runs

    left = runs.folder_of(places, wish) / "run.json"
    if left.is_file():
        command = (
            f"hub reproduce {wish.baseline} --seed {wish.seed} --budget {wish.budget} --resume"
        )
        render.warn(
            t("The run is safe in {path}; keep it with: {command}", path=left, command=command)
        )
        return
    render.warn(t("The run could be written nowhere; its record follows on stdout."))
    render.raw(json_module.dumps(run_record.exported(record), ensure_ascii=False) + "\n")


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Says whether the user wants to stop: Ctrl-C, or the terminal was closed; twice ends it at once."""
    asked: list[int] = []

    def note(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        render.tell(t("Stopping after the step in hand; Ctrl-C again stops at once."))

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {one: signal.signal(one, note) for one in numbers}
    try:
        yield lambda: bool(asked)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A live line on a terminal, elsewhere a line every ten seconds."""
    last = [time.monotonic()]

    def words(said: dict[str, Any]) -> str:
        seconds = max(said["seconds"], 1e-9)
        rate = said["step"] / seconds
        left = (said["total"] - said["step"]) / rate if rate else 0.0
        values = ", ".join(f"{key} {value:.4f}" for key, value in said["values"].items())
        return (
            f"{name}: {number(said['step'])}/{number(said['total'])}, {rate:.0f}/s, {values}, "
            f"{left:.0f} s {t('left')}"
        )

    if not sys.stderr.isatty():

        def plain(said: dict[str, Any]) -> None:
            if time.monotonic() - last[0] >= 10:
                last[0] = time.monotonic()
                render.tell(words(said))

        yield plain
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, markup=False, highlight=False)
    with Live(
        Text(f"{name}: {t('starting ...')}"), console=console, transient=True, refresh_per_second=8
    ) as live:
        yield lambda said: live.update(Text(render.text_of(words(said)), overflow="ellipsis"))


# -- what is shown -----------------------------------------------------------------------------


def _list(places: "Paths", name: str | None, json: bool, format: str) -> None:
    from hub import runs
    from hub.cli.dataset import places_of_user

    data = places_of_user()
    with library() as own:
        found = runs.listed(own, places, data, name)
    if json or format == "json":
        return render.envelope("reproduce", found)
    if format == "table" and render.terminal():
        with paged(no_pager=False, lines=6 * len(found)):
            for one in found:
                _print_listed(one)
    else:
        render.rows(_COLUMNS, [_row(one) for one in found], format)
    if any(one.cost.basis == "unknown" for one in found):
        render.tell(
            t("Times are unknown until measured: hub reproduce --calibrate (a few seconds).")
        )
    return None


_COLUMNS: Final = [
    render.Column(name, name)
    for name in (
        "name", "label", "dataset", "metric", "claimed", "unit", "paper", "where", "protocol",
        "measured", "verdict", "seconds", "basis", "memory_mb", "licence", "data", "title",
    )
]  # fmt: skip


def _row(one: "Listed") -> dict[str, Any]:
    """One baseline as a line of a table for programs."""
    from hub.verdict_text import measured

    claim, compared = one.claim, one.comparison
    return {
        "name": one.baseline.name,
        "label": one.baseline.label,
        "dataset": one.baseline.dataset,
        "metric": one.baseline.metric,
        "claimed": f"{claim.value:g}" if claim else None,
        "unit": claim.unit if claim else None,
        "paper": (claim.paper or claim.title) if claim else None,
        "where": claim.where if claim else None,
        "protocol": claim.protocol if claim else None,
        "measured": measured(compared) if compared.values else None,
        "verdict": compared.verdict if compared.values else None,
        "seconds": f"{one.cost.seconds:.1f}" if one.cost.seconds is not None else None,
        "basis": one.cost.basis,
        "memory_mb": one.needs.memory_mb,
        "licence": one.needs.licence,
        "data": one.needs.folder,
        "title": one.baseline.title,
    }


def _print_listed(one: "Listed") -> None:
    """One baseline as people read it."""
    from hub.verdict_text import (
        claim_place,
        claimed,
        duration,
        measured,
        metric_name,
        reason_text,
        verdict_name,
    )

    render.heading(f"{one.baseline.name} [{one.baseline.label}] · {t(one.baseline.title)}")
    claim, needs, compared = one.claim, one.needs, one.comparison
    pairs = []
    if claim:
        pairs.append((t("claimed"), f"{claimed(claim)} · {claim_place(claim)}"))
        pairs.append((t("protocol"), local(claim, "protocol")))
    else:
        pairs.append(
            (t("claimed"), t("no number was published") + f" ({metric_name(one.baseline.metric)})")
        )
    where = t("here") if needs.folder else t("to be fetched")
    pairs.append(
        (
            t("needs"),
            f"{needs.title} ({needs.licence or t('licence unknown')}, {size(needs.size_bytes)}, {where}), "
            + t("{n} MB of memory", n=number(needs.memory_mb))
            + f", {' / '.join(needs.devices)}",
        )
    )
    about = t("about {time} a seed", time=duration(one.cost.seconds)) + ": "
    pairs.append((t("time"), ("" if one.cost.seconds is None else about) + cost_basis(one.cost)))
    if compared.values:
        reasons = "; ".join(map(reason_text, compared.reasons))
        pairs.append(
            (
                t("measured"),
                f"{measured(compared)} · {verdict_name(compared.verdict)}"
                + (f" ({reasons})" if reasons else ""),
            )
        )
    else:
        pairs.append((t("measured"), t("not yet")))
    render.fields(pairs, indent=2)


def print_comparison(compared: "Comparison") -> None:
    """Claimed, measured, gap and verdict with its reasons."""
    from hub.verdict_text import (
        claim_place,
        claimed,
        each_seed,
        gap,
        measured,
        reason_text,
        verdict_name,
    )

    claim = compared.claim
    render.heading(f"{compared.baseline} [{compared.label}]")
    pairs = []
    if claim:
        pairs.append((t("claimed"), claimed(claim)))
        pairs.append((t("where"), claim_place(claim)))
        pairs.append((t("protocol"), local(claim, "protocol")))
    else:
        pairs.append((t("claimed"), t("no number was published")))
    pairs.append((t("measured"), measured(compared)))
    each = zip(compared.seeds, compared.values, strict=True)
    pairs.append((t("seeds"), each_seed(each)))
    if text := gap(compared):
        pairs.append((t("gap"), text))
    pairs.append((t("verdict"), verdict_name(compared.verdict)))
    pairs += [(t("reason"), reason_text(reason)) for reason in compared.reasons]
    render.fields(pairs)


def _print_likeness(alike: "Likeness") -> None:
    """Whether a run came out as somebody else's, and if not, why."""
    from hub.verdict_text import value_text

    render.line()
    render.heading(t("Beside run {id}", id=alike.there))
    numbers = f"{alike.value_there:.6g} / {alike.value_here:.6g}"
    pairs = [(t("number there / here"), numbers)]
    if alike.same_bits:
        pairs.append((t("bits"), t("The trained states are equal to the bit.")))
    elif alike.expected:
        pairs.append((t("bits"), t("The trained states differ, though nothing known explains it.")))
    else:
        pairs.append((t("bits"), t("The trained states differ; that was to be expected:")))
    for one in alike.differences:
        pairs.append((one.what, f"{value_text(one.there)[:300]} / {value_text(one.here)[:300]}"))
    render.fields(pairs)
