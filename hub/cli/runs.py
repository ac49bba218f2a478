"""Commands on numbers that were measured: listing, showing, comparing, handing on, TensorBoard."""

import json as json_module
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hub import render
from hub.cli.frame import Format, Json, app, command, errors, library
from hub.errors import Damaged, NotFound, UsageError
from hub.text import number, t

runs_app = typer.Typer(
    help=t("Runs: numbers measured on this machine, with everything needed to measure them again."),
    rich_markup_mode=None,
)
app.add_typer(runs_app, name="runs", rich_help_panel=None)


@runs_app.callback(invoke_without_command=True)
def _bare(context: typer.Context) -> None:
    """`hub runs` alone lists them."""
    if context.invoked_subcommand is None:
        with errors():
            _list(None, False, "table")
            sys.stdout.flush()


@command(runs_app, name="list", examples=("hub runs", "hub runs list", "hub runs list --json"))
def list_runs(
    baseline: Annotated[str | None, typer.Argument(help=t("Only of this baseline."))] = None,
    json: Json = False,
    format: Format = "table",
) -> None:
    """List the numbers measured on this machine, newest first."""
    _list(baseline, json, format)


def _list(baseline: str | None, json: bool, format: str) -> None:
    with library() as own:
        records = own.runs(baseline)
    if json or format == "json":
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
        render.Column("by", t("measured by")),
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
            "by": t("somebody else") if one["imported"] else t("this machine"),
        }
        for one in records
    ]
    render.rows(columns, rows, format)
    if not rows:
        render.tell(t("No run yet: hub reproduce --list"))
    return None


def _run_of(identifier: str) -> dict[str, Any]:
    with library() as own:
        found = [one for one in own.runs() if one["id"].startswith(identifier)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            t("{id} stands for {n} runs: give more of the id", id=identifier, n=len(found))
        )
    raise NotFound(t("no run {id}", id=identifier), hint="hub runs list")


RunArgument = Annotated[str, typer.Argument(help=t("The id of a run, or its beginning."))]


@command(runs_app, name="show", examples=("hub runs show 3f2a",))
def show_run(run: RunArgument, json: Json = False) -> None:
    """Show one run with all its conditions."""
    from hub.verdict_text import reason_text

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
    pairs += [(t("reason"), reason_text(reason)) for reason in one["reasons"]]
    pairs += [(t("note"), t(note)) for note in one["notes"]]
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
    from hub import run_record

    record = run_record.exported(_run_of(run))
    render.raw(json_module.dumps(record, ensure_ascii=False) + "\n")


@command(runs_app, name="import", examples=("hub runs import run-of-a-friend.json",))
def import_run(
    file: Annotated[Path, typer.Argument(help=t("A file of `hub runs export`."))],
) -> None:
    """Keep somebody else's run beside your own, if nothing in it was changed. It never enters your own
    comparison; hub reproduce --like FILE runs it again."""
    from hub import run_record

    record = run_record.read(file)
    with library(write=True) as own:
        if own.keep_run(record, state="imported"):
            return render.tell(t("Kept."))
        (there,) = (one for one in own.runs() if one["id"] == record["id"])
    if run_record.exported(there)["sha256"] != run_record.exported(record)["sha256"]:
        raise Damaged(
            t("{file}: another run has the id {id} already", file=file, id=record["id"]),
            hint=f"hub runs show {record['id']}",
        )
    return render.tell(t("It was there already."))


@command(runs_app, name="tensorboard", examples=("hub runs tensorboard --port 6007",))
def tensorboard(
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help=t("Of this machine; 0 takes a free one.")),
    ] = 6006,
) -> None:
    """Show the learning curves of all runs in TensorBoard, on this machine alone; Ctrl-C ends it."""
    from hub import events
    from hub.paths import paths

    events.need_tensorboard()
    places = paths()
    with library() as own:
        records = own.runs()
    if not records:
        raise NotFound(t("no run yet"), hint="hub reproduce --list")
    for record in records:
        events.keep(places, record)
    with events.serving(events.folder(places), port) as (address, wait):
        render.line(address)
        sys.stdout.flush()
        render.tell(t("Ctrl-C ends it."))
        wait()
