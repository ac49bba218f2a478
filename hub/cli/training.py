"""Seeds of a baseline, one after the other: cost said first, then data, training with its progress, and each
number kept as soon as it is measured. A run that ends before its time says the command that goes on with it."""

import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub import render
from hub.cli.comparison import cost_basis
from hub.cli.frame import library
from hub.errors import HubError, UsageError
from hub.text import number, t

if TYPE_CHECKING:
    from hub.costs import Cost
    from hub.paths import Paths
    from hub.runs import Wish

MAX_MINUTES: Final = 120.0
"""What a command may take unless it is told otherwise."""


@dataclass(frozen=True)
class Order:
    """What a command was asked to do."""

    wish: "Wish"
    """Of every seed; its own seed and data are filled in."""
    seeds: tuple[int, ...]
    given: Path | None = None
    """The user's folder with the data files."""
    like: Path | None = None
    """The file whose run is made again."""
    max_minutes: float = MAX_MINUTES
    yes: bool = False
    """Accept the terms of the data."""
    yes_really: bool = False

    @property
    def again(self) -> str:
        """The command that goes on with it: every word that the bits of the run, or leave to run it, depend
        on."""
        wish = self.wish
        words = ["hub", "reproduce"]
        if self.like:
            words += ["--like", str(self.like), "--resume"]
        else:
            words += [wish.baseline, "--budget", wish.budget, "--resume"]
            several = len(self.seeds) > 1
            words += (
                ["--seeds", str(len(self.seeds))] if several else ["--seed", str(self.seeds[0])]
            )
        words += ["--device", wish.device] if wish.device != "auto" else []
        for name, value, usual in (
            ("--threads", wish.threads, None),
            ("--minutes", wish.minutes, None),
            ("--nproc", wish.processes, 1),
            ("--max-minutes", self.max_minutes, MAX_MINUTES),
        ):
            if value is not None and value != usual:
                words += [name, f"{value:.12g}"]
        words += [f"--{wish.mode}"] if wish.mode else []
        words += ["--from", str(self.given)] if self.given else []
        words += ["--yes-really"] if self.yes_really else []
        return shlex.join(words)


@dataclass
class Made:
    """What became of an order so far."""

    records: list[dict[str, Any]] = field(default_factory=list)
    """The runs, in the order of the seeds."""
    stopped: bool = False
    """True when the user stopped it before the last seed was measured."""
    unkept: dict[str, Any] | None = None
    """A run that could be written nowhere, as `hub runs export` writes it."""


def carry_out(order: Order, places: "Paths", made: Made) -> None:
    """Fills `made`, seed after seed: cost first, then data. HubError, with the command that goes on where
    something can be gone on with."""
    from hub import baselines, child, costs, runs

    wish = order.wish
    one = baselines.named(wish.baseline)
    runs.need_torch()
    with library() as own:
        before = own.runs(wish.baseline)
    known = _measured(one, order, places, before) if wish.resume else {}
    todo = [seed for seed in order.seeds if seed not in known]
    for seed in order.seeds:
        if seed in known:
            render.tell(t("seed {seed}: measured already", seed=seed))
            made.records.append(known[seed])
    if not todo:
        return
    expected = runs.cost_of(wish, before, costs.calibration(places))
    if expected.basis == "unknown":
        expected = runs.cost_of(wish, before, calibrate(places))
    _say_cost(wish.baseline, expected, len(todo), order.max_minutes, order.yes_really)
    wish = replace(wish, data=_data(wish.baseline, order.given, order.yes))
    try:
        with _stopping() as stop:
            for seed in todo:
                made.records.append(_one(replace(wish, seed=seed), order, places, made, stop))
                if stop() and seed != todo[-1]:
                    raise child.Interrupted
    except (child.Interrupted, KeyboardInterrupt):
        made.stopped = True
        render.tell(t("Stopped. Go on with: {command}", command=order.again))
    except child.Broken as error:
        go_on = t("Go on from its last checkpoint: {command}", command=order.again)
        error.hint = f"{error.hint} {go_on}" if error.hint else go_on
        raise


def nothing_stopped(order: Order, places: "Paths") -> None:
    """UsageError where a run would throw away the checkpoints of one that was stopped."""
    from hub import runs

    for seed in order.seeds:
        step = runs.stopped_at(places, replace(order.wish, seed=seed))
        if step is not None:
            raise UsageError(
                t("seed {seed} was stopped at step {step}", seed=seed, step=number(step)),
                hint=t("--resume goes on with it; --anew throws it away and begins again."),
            )


def _measured(
    one: Any, order: Order, places: "Paths", before: list[dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Own runs of this very recipe and budget by their seed, the newest of each. A seed that was stopped
    since is to be gone on with."""
    from hub import run_record, runs

    current = runs.recipe_sum(one)
    return {
        run["seed"]: run
        for run in reversed(before)
        if not run["imported"] and run["budget"] == order.wish.budget
        if run["recipe_sha256"] == current and not run_record.out_of_time(run)
        if runs.stopped_at(places, replace(order.wish, seed=run["seed"])) is None
    }


def calibrate(places: "Paths") -> Any:
    """The speed of this machine, measured and told."""
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


def _data(name: str, given: Path | None, yes: bool) -> Path:
    """The folder with the data, fetched here, where a bar can be shown and terms be accepted."""
    from hub import baselines
    from hub.cli.dataset import folder_with

    dataset = baselines.dataset_of(baselines.named(name))
    if dataset is None:
        raise HubError(f"{name} names data that nobody declares: {baselines.named(name).dataset}")
    return folder_with(dataset, given, yes)


def _one(
    wish: "Wish", order: Order, places: "Paths", made: Made, stop: Callable[[], bool]
) -> dict[str, Any]:
    """One seed, kept in the library as soon as it is measured."""
    from hub import costs, events, runs
    from hub.verdict_text import metric_name

    with _progress(f"{wish.baseline}, {t('seed')} {wish.seed}") as tell:
        record = runs.carry_out(places, wish, tell=tell, stop=stop)
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
        _rescue(runs.folder_of(places, wish) / "run.json", record, order, made)
        raise
    runs.settled(places, wish)
    if peak := record["speed"]["peak_flops_per_second"]:
        costs.learn(places, record["environment"]["threads"], peak)
    events.keep(places, record)
    return record


def _rescue(left: Path, record: dict[str, Any], order: Order, made: Made) -> None:
    """Says where a number is that the library did not take; nowhere else, it is handed on."""
    from hub import run_record

    if left.is_file():
        render.warn(
            t("The run is safe in {path}; keep it with: {command}", path=left, command=order.again)
        )
        return
    render.warn(t("The run could be written nowhere; its record follows on stdout."))
    made.unkept = run_record.exported(record)


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
