"""One line of the table: what was measured, against which bar, beside which peer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A measured value and what is asked of it."""

    what: str
    measured: str
    bar: str = ""
    """Empty: for information only."""
    peer: str = ""
    passed: bool | None = None
    """None: nothing was asked, or it was not run."""
    value: float | None = None
    """The measured number, in the unit that `measured` prints."""


def at_most(
    what: str, value: float, bar: float, unit: str, *, measured: str = "", peer: str = ""
) -> Row:
    """A row that passes when the value is not above the bar."""
    shown = measured or f"{number(value)} {unit}"
    return Row(what, shown, f"<= {number(bar)} {unit}", peer, value <= bar, value)


def at_least(
    what: str, value: float, bar: float, unit: str, *, measured: str = "", peer: str = ""
) -> Row:
    """A row that passes when the value is not below the bar."""
    shown = measured or f"{number(value)} {unit}"
    return Row(what, shown, f">= {number(bar)} {unit}", peer, value >= bar, value)


def known(what: str, value: float, unit: str, *, bar: str = "", peer: str = "") -> Row:
    """A row for information; a `bar` is printed beside it and misses nothing."""
    return Row(what, f"{number(value)} {unit}", bar, peer, None, value)


def not_run(what: str, why: str) -> Row:
    """A row that says why there is no number."""
    return Row(what, f"not run: {why}")


def failed(what: str, why: str) -> Row:
    """A row for a measurement that broke: it misses its bar."""
    return Row(what, f"failed: {why}", passed=False)


def number(value: float) -> str:
    """Three significant digits, whole numbers without a point: `0.412`, `17.3`, `1,234`."""
    size = abs(value)
    if value == int(value) or size >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}"


def as_json(machine: dict[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """Machine and rows as plain values; `missed` counts the bars that were not reached."""
    missed = sum(row.passed is False for row in rows)
    return {"machine": machine, "rows": [asdict(row) for row in rows], "missed": missed}


def as_text(machine: dict[str, Any], rows: Sequence[Row]) -> str:
    """The machine, then a table in columns as wide as their widest cell."""
    header = ("what", "measured", "bar", "peer", "")
    verdict = {True: "pass", False: "FAIL", None: ""}
    lines = [header]
    lines += [(row.what, row.measured, row.bar, row.peer, verdict[row.passed]) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    lines.insert(1, tuple("-" * width for width in widths))
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    facts = [f"{name}: {value}" for name, value in machine.items()]
    return "\n".join([*facts, "", *table])
