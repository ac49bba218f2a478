"""How a baseline reads on a sheet: what is declared, claimed and measured of it, and what it needs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from hub.text import t
from hub.tui.measured import (
    Heading,
    Line,
    ago,
    bytes_,
    claim_lines,
    comparison_lines,
    lasting,
    value_of,
)
from hub.tui.runnable import INSTALL, Data, seconds_of
from hub.tui.strings import Say

if TYPE_CHECKING:
    from hub.runs import Listed

FEW: Final = 6
"""Runs listed on the sheet beside the table; Enter shows all."""


def torch_lines(say: Say) -> list[Line | Heading]:
    return [
        Line(say("torch is not installed: nothing can run here yet."), ink="warn"),
        Line(say("It comes with: {command}").format(command=INSTALL)),
    ]


def data_state(say: Say, where: Data | None) -> str:
    """A word for it; `…` before it is known."""
    if where is None:
        return "…"
    if where.here:
        return f"✓ {say('here')}"
    return f"✗ {say('missing')}" if where.accepted else f"✗ {say('terms')}"


def recipe_lines(say: Say, one: "Listed", where: Data | None) -> list[Line | Heading]:
    """All that is declared, claimed and measured of a baseline."""
    baseline = one.baseline
    lines: list[Line | Heading] = [Line(t(baseline.title), ink="title")]
    meaning = (
        say("CLOSED: the published model and recipe")
        if baseline.label == "CLOSED"
        else say("OPEN: same data and metric, any recipe")
    )
    lines += [Line(meaning, ink="faint"), Heading(say("Claimed")), *claim_lines(say, one.claim)]
    lines += [Heading(say("Measured here")), *comparison_lines(say, one.comparison)]
    lines += [Heading(say("What it needs")), *need_lines(say, one, where)]
    lines += [
        Heading(say("Recipe")),
        Line(f"reproduce/baselines/{baseline.name}.py", say("File")),
        Line(f"{baseline.parameters:,}", say("Parameters")),
        Line(f"{baseline.epochs:,}" if baseline.epochs else say("closed form"), say("Epochs")),
    ]
    if baseline.teaches:
        lines.append(Line("\n".join(baseline.teaches), say("Teaches")))
    lines += [Line(t(note), say("Remark")) for note in baseline.notes]
    return lines


def need_lines(say: Say, one: "Listed", where: Data | None) -> Iterable[Line]:
    """Data and licence, time, memory, device."""
    baseline = one.baseline
    yield data_line(say, baseline.dataset, where)
    if where is not None:
        yield Line(where.licence or say("none stated"), say("Data licence"))
        if where.notice:
            state = say("accepted") if where.accepted else say("to be accepted first")
            yield Line(f"{where.notice} ({state})", say("Terms"))
    seconds = seconds_of(one)
    unknown = say("known after the first run here")
    about = say("about {n} a seed").format(n=lasting(say, seconds))
    yield Line(unknown if seconds is None else about, say("Time here"))
    yield Line(f"{baseline.memory_mb:,} MB", say("Memory"))
    threads = str(baseline.threads) if baseline.threads else say("as torch chooses")
    yield Line(f"CPU · {say('threads')}: {threads}", say("Device"))


def data_line(say: Say, name: str, where: Data | None) -> Line:
    """Whether the data are here, and what gets them."""
    if where is None:
        return Line(f"{name} · …", say("Data"))
    if where.here:
        how = say("comes with scikit-learn") if where.package else say("here")
        return Line(f"{where.title} · {bytes_(where.size)} · {how}\n{where.folder}", say("Data"))
    missing = say("missing: d gets it, or hub dataset get {name}").format(name=name)
    return Line(f"{where.title} · {bytes_(where.size)} · {missing}", say("Data"), "warn")


def run_lines(say: Say, runs: tuple[dict[str, Any], ...]) -> list[Line | Heading]:
    """The newest runs, one a line."""
    if not runs:
        return []
    lines: list[Line | Heading] = [Heading(f"{say('Runs')}  {len(runs):,}")]
    for one in runs[:FEW]:
        said = f"{say('seed {n}').format(n=one['seed'])} · {say(one['budget'])} · {value_of(one)}"
        lines.append(Line(said, ago(say, one["started_at"])))
    if len(runs) > FEW:
        more = say("{n} more").format(n=f"{len(runs) - FEW:,}")
        lines.append(Line(f"{more} · {say('Enter shows all')}", ink="faint"))
    return lines
