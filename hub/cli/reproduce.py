"""Commands that measure: reproduce and runs."""

import json as json_module
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub import render
from hub.cli.frame import Json, app, command, library
from hub.errors import NotFound, UsageError
from hub.text import number, t

if TYPE_CHECKING:
    from hub.runs import Listed, Wish
    from hub.verdict import Comparison

NOT_REPRODUCED = 6

runs_app = typer.Typer(
    help=t("Runs: numbers measured on this machine, with everything needed to measure them again."),
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(runs_app, name="runs", rich_help_panel=None)


@command(
    examples=(
        "hub reproduce --list",
        "hub reproduce diabetes_linear --seeds 3",
        "hub reproduce digits_backprop --budget smoke --json",
    )
)
def reproduce(
    name: Annotated[str | None, typer.Argument(help=t("A baseline; --list names them."))] = None,
    list_: Annotated[
        bool, typer.Option("--list", help=t("Every baseline: claim, cost here, what was measured."))
    ] = False,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, max=100, help=t("How many seeds, from 1 on."))
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**31, help=t("This seed alone."))
    ] = None,
    budget: Annotated[
        str, typer.Option("--budget", help=t("full, short (a tenth), smoke (a few steps)."))
    ] = "full",
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.01, help=t("Train so long at most."))
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, mps")] = "cpu",
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
        bool, typer.Option("--resume", help=t("Go on where the run was stopped or killed."))
    ] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", help=t("A folder that has the data files."))
    ] = None,
    max_minutes: Annotated[
        float, typer.Option("--max-minutes", min=0.1, help=t("Refuse what would take longer."))
    ] = 120.0,
    yes_really: Annotated[
        bool, typer.Option("--yes-really", help=t("Run it all the same."))
    ] = False,
    json: Json = False,
) -> None:
    """Train a reference baseline on this machine and put the number measured beside the one published,
    with a verdict and its reasons. Torch runs in a process of its own."""
    from hub import runs
    from hub.paths import paths

    places = paths()
    if list_ or name is None:
        if name is None and not list_:
            raise UsageError(t("which baseline?"), hint="hub reproduce --list")
        with library() as own:
            return _list(runs.listed(own, places), json)
    one = runs.baseline_named(name)
    if budget not in ("smoke", "short", "full"):
        raise UsageError(f"--budget {budget}: smoke, short or full")
    if seed is not None and seeds is not None:
        raise UsageError("--seed and --seeds say different things: give one of them")
    wanted = [seed] if seed is not None else list(range(1, (seeds or 1) + 1))
    with library() as own:
        before = own.runs(name)
    estimate = runs.minutes_of(one, before, runs.calibration(places))
    if estimate is not None and budget == "full":
        total = estimate * len(wanted)
        render.tell(t("About {n} minutes on this machine.", n=f"{total:.1f}"))
        if total > max_minutes and not yes_really:
            raise UsageError(
                f"{name} would take about {total:,.0f} minutes here, more than --max-minutes {max_minutes:g}",
                hint="--yes-really runs it all the same; --budget short takes a tenth.",
            )
    for number_of in wanted:
        mode = None if exact is None else "exact" if exact else "fast"
        wish = runs.Wish(
            name, number_of, budget, minutes, device, threads, resume, from_, nproc, mode
        )
        _one(wish, places)
    with library() as own:
        compared = runs.comparison(name, own.runs(name))
    if json:
        render.envelope("reproduce", compared)
    else:
        print_comparison(compared)
    sys.stdout.flush()
    if compared.verdict == "NOT REPRODUCED":
        sys.exit(NOT_REPRODUCED)
    return None


def _one(wish: "Wish", places: Any) -> None:
    """One seed, kept in the library as soon as it is measured."""
    from hub import runs
    from hub.cli.crawl import stopping

    with stopping() as stop, _progress(f"{wish.baseline}, seed {wish.seed}") as tell:
        try:
            record = runs.carry_out(places, wish, tell=tell, stop=stop)
        except runs.Interrupted:
            shared = f" --nproc {wish.processes}" if wish.processes > 1 else ""
            shared += f" --{wish.mode}" if wish.mode else ""
            render.tell(t("Stopped. Go on with: {command}", command=f"hub reproduce {wish.baseline} "
                          f"--seed {wish.seed} --budget {wish.budget}{shared} --resume"))  # fmt: skip
            sys.exit(130)
    with library(write=True) as own:
        own.keep_run(record)
    runs.calibrate(places, record["speed"]["peak_flops_per_second"])
    share = record["speed"]["share_of_peak"]
    render.tell(
        t(
            "seed {seed}: {metric} {value}, {seconds} s",
            seed=wish.seed,
            metric=record["metric"],
            value=f"{record['value']:.2f}",
            seconds=f"{record['whole']['wall_seconds']:.1f}",
        )
        + (f", {share:.0%} {t('of the measured peak')}" if share else "")
    )


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
    with Live(Text(name), console=console, transient=True, refresh_per_second=8) as live:
        yield lambda said: live.update(Text(render.text_of(words(said)), overflow="ellipsis"))


# -- what is shown -----------------------------------------------------------------------------


def _list(baselines: "list[Listed]", json: bool) -> None:
    if json:
        return render.envelope("reproduce", baselines)
    columns = [
        render.Column("name", t("name"), style=render.KEY_STYLE),
        render.Column("label", t("label")),
        render.Column("data", t("data")),
        render.Column("claimed", t("claimed"), right=True),
        render.Column("measured", t("measured"), right=True),
        render.Column("verdict", t("verdict")),
        render.Column("minutes", t("minutes here"), right=True),
        render.Column("title", t("title"), share=2),
    ]
    rows = [
        {
            "name": one.baseline.name,
            "label": one.baseline.label,
            "data": one.baseline.dataset,
            "claimed": f"{one.claim.value:g}" if one.claim else "-",
            "measured": _measured(one.comparison),
            "verdict": verdict_name(one.comparison.verdict) if one.comparison.values else "-",
            "minutes": f"{one.minutes:.1f}" if one.minutes is not None else "?",
            "title": f"{one.baseline.title} ({one.baseline.metric})",
        }
        for one in baselines
    ]
    render.rows(columns, rows, "table")
    if any(one.minutes is None for one in baselines):
        render.tell(t("Times are known after the first run on this machine."))
    return None


def _measured(compared: "Comparison") -> str:
    if compared.mean is None:
        return "-"
    spread = f" ± {compared.sd:.2f}" if compared.sd is not None else ""
    return f"{compared.mean:.2f}{spread} ({len(compared.values)})"


def print_comparison(compared: "Comparison") -> None:
    """Claimed, measured, gap and verdict with its reasons."""
    claim = compared.claim
    render.heading(f"{compared.baseline} [{compared.label}]")
    pairs = []
    if claim:
        pairs.append((t("claimed"), f"{claim.value:g} {claim.unit} {claim.metric}"))
        where = f"{claim.title}, {claim.where}" + (f" ({claim.paper})" if claim.paper else "")
        pairs.append((t("where"), where))
        pairs.append((t("protocol"), claim.protocol))
    pairs.append((t("measured"), _measured(compared)))
    each = zip(compared.seeds, compared.values, strict=True)
    pairs.append((t("seeds"), ", ".join(f"{seed}: {value:.2f}" for seed, value in each)))
    if compared.gap is not None and compared.allowance is not None:
        pairs.append((t("gap"), f"{compared.gap:+.2f} ({t('allowed')} ±{compared.allowance:.2f})"))
    pairs.append((t("verdict"), verdict_name(compared.verdict)))
    for reason in compared.reasons:
        rest = ", ".join(f"{key} {value}" for key, value in reason.items() if key != "reason")
        pairs.append((t("reason"), reason_name(reason["reason"]) + (f" ({rest})" if rest else "")))
    render.fields(pairs)


def verdict_name(verdict: str) -> str:
    """A verdict as people read it."""
    return {
        "REPRODUCED": t("REPRODUCED"),
        "BETTER": t("BETTER"),
        "NOT REPRODUCED": t("NOT REPRODUCED"),
        "INCONCLUSIVE": t("INCONCLUSIVE"),
        "NOT COMPARABLE": t("NOT COMPARABLE"),
        "MEASURED": t("MEASURED"),
    }.get(verdict, verdict)


def reason_name(reason: str) -> str:
    """Why a verdict is what it is, as people read it."""
    return {
        "reduced budget": t("reduced budget"),
        "time used up": t("time used up"),
        "data are not the makers' own bytes": t("data are not the makers' own bytes"),
        "another metric": t("another metric"),
        "runs of different recipes": t("runs of different recipes"),
        "claim not verified": t("claim not verified"),
        "open recipe": t("open recipe"),
        "too few seeds": t("too few seeds"),
        "suspiciously good": t("suspiciously good"),
    }.get(reason, reason)


# -- runs --------------------------------------------------------------------------------------


@command(runs_app, name="list", examples=("hub runs list", "hub runs list --json"))
def list_runs(
    baseline: Annotated[str | None, typer.Argument(help=t("Only of this baseline."))] = None,
    json: Json = False,
) -> None:
    """List the numbers measured on this machine, newest first."""
    with library() as own:
        records = own.runs(baseline)
    if json:
        return render.envelope("runs", records)
    columns = [
        render.Column("id", t("id"), style=render.KEY_STYLE),
        render.Column("baseline", t("baseline")),
        render.Column("seed", t("seed"), right=True),
        render.Column("budget", t("budget")),
        render.Column("metric", t("metric")),
        render.Column("value", t("value"), right=True),
        render.Column("seconds", t("seconds"), right=True),
        render.Column("started", t("started")),
    ]
    rows = [
        {
            "id": one["id"],
            "baseline": one["baseline"],
            "seed": one["seed"],
            "budget": one["budget"],
            "metric": one["metric"],
            "value": f"{one['value']:.3f}",
            "seconds": f"{one['whole']['wall_seconds']:.1f}",
            "started": one["started_at"],
        }
        for one in records
    ]
    render.rows(columns, rows, "table")
    if not rows:
        render.tell(t("No run yet: hub reproduce --list"))
    return None


def _run_of(identifier: str) -> dict[str, Any]:
    with library() as own:
        found = [one for one in own.runs() if one["id"].startswith(identifier)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{identifier} stands for {len(found)} runs: give more of the id")
    raise NotFound(f"no run {identifier}", hint="hub runs list")


RunArgument = Annotated[str, typer.Argument(help=t("The id of a run, or its beginning."))]


@command(runs_app, name="show", examples=("hub runs show 3f2a",))
def show_run(run: RunArgument, json: Json = False) -> None:
    """Show one run with all its conditions."""
    one = _run_of(run)
    if json:
        return render.envelope("run", one)
    render.heading(f"{one['baseline']} · {one['id']}")
    environment = one["environment"]
    speed = one["speed"]
    pairs = [
        (t("measured"), f"{one['value']:.3f} {one['metric']}, {number(one['tested'])} {t('rows')}"),
        (t("label"), one["label"]),
        (t("seed"), str(one["seed"])),
        (t("budget"), f"{one['budget']}, {one['epochs']:g}/{one['full_epochs']:g}"),
        (
            t("seconds"),
            f"{one['whole']['wall_seconds']:.1f} (CPU {one['whole']['cpu_seconds']:.1f})",
        ),
        (t("used by others"), _share(one["whole"]["disturbed"])),
        (t("of the measured peak"), _share(speed["share_of_peak"])),
        (t("digest"), one["digest"]),
        (t("recipe"), one["recipe_sha256"]),
        ("torch", f"{environment['torch']}, {environment['threads']} threads"),
        (t("processor"), environment["processor"]),
        (t("commit"), environment["commit"] or environment["hub"]),
    ]
    pairs += [(t("data"), f"{name} {digest}") for name, digest in one["data"].items()]
    pairs += [(t("reason"), reason_name(reason["reason"])) for reason in one["reasons"]]
    pairs += [(t("note"), note) for note in one["notes"]]
    render.fields(pairs)
    return None


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"


@command(runs_app, name="compare", examples=("hub runs compare 3f2a 77c0",))
def compare_runs(first: RunArgument, second: RunArgument, json: Json = False) -> None:
    """Say in what two runs differ: the number, the conditions, the bits."""
    one, other = _run_of(first), _run_of(second)
    names = sorted((one.keys() | other.keys()) - {"curve", "id", "started_at", "finished_at"})
    rows = []
    for name in names:
        left, right = one.get(name), other.get(name)
        if isinstance(left, dict) and isinstance(right, dict):
            inner = sorted(left.keys() | right.keys())
            rows += [
                {"what": f"{name}.{key}", "first": left.get(key), "second": right.get(key)}
                for key in inner
                if left.get(key) != right.get(key)
            ]
        elif left != right:
            rows.append({"what": name, "first": left, "second": right})
    if json:
        return render.envelope("runs compare", rows)
    columns = [
        render.Column("what", t("what")),
        render.Column("first", one["id"], share=1),
        render.Column("second", other["id"], share=1),
    ]
    render.rows(columns, [{k: str(v) for k, v in row.items()} for row in rows], "table")
    same = one["digest"] == other["digest"]
    render.tell(
        t("The trained states are equal to the bit.") if same else t("The trained states differ.")
    )
    return None


@command(runs_app, name="export", examples=("hub runs export 3f2a > run.json",))
def export_run(run: RunArgument) -> None:
    """Write a run to stdout with the sha256 of what it says, for somebody else to check and re-run."""
    from hub import runs

    render.raw(json_module.dumps(runs.exported(_run_of(run)), ensure_ascii=False) + "\n")


@command(runs_app, name="import", examples=("hub runs import run-of-a-friend.json",))
def import_run(
    file: Annotated[Path, typer.Argument(help=t("A file of `hub runs export`."))],
) -> None:
    """Keep somebody else's run beside your own, if nothing in it was changed."""
    from hub import runs
    from hub.errors import Damaged

    try:
        said = json_module.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{file}: no such file") from None
    except (OSError, ValueError) as error:
        raise Damaged(f"{file}: cannot be read: {error}") from error
    record = runs.imported(said)
    with library(write=True) as own:
        new = own.keep_run(record, state="imported")
    render.tell(t("Kept.") if new else t("It was there already."))
