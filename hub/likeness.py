"""Somebody's run beside the one that was made after it: the same bits, the same number, or why that
cannot be expected."""

from dataclasses import dataclass
from typing import Any, Final

_WHAT: Final = ("recipe_sha256", "budget", "seed", "epochs", "steps", "trained_on", "tested")
"""What was run: where this differs, so does the work."""

_HOW: Final = (
    "torch", "torch_build", "processor", "instructions", "machine", "threads", "device",
    "deterministic", "variables",
)  # fmt: skip
"""On what: where this differs, sums may be taken in another order, and last bits differ."""


@dataclass(frozen=True)
class Difference:
    """One condition that is not shared."""

    what: str
    there: Any
    here: Any


@dataclass(frozen=True)
class Likeness:
    """Two runs of one order."""

    there: str
    """Id of the run of the file."""
    here: str
    baseline: str
    seed: int
    value_there: float
    value_here: float
    same_bits: bool
    """True when the trained states are equal to the last bit."""
    same_number: bool
    expected: bool
    """True when nothing known stands against equal bits."""
    differences: tuple[Difference, ...]

    @property
    def broken(self) -> bool:
        """Equal bits could be expected, and are not there."""
        return self.expected and not self.same_bits


def likeness(there: dict[str, Any], here: dict[str, Any]) -> Likeness:
    """What two runs share. Only conditions that both name are compared."""
    found = [
        Difference(name, there[name], here[name])
        for name in _WHAT
        if name in there and name in here and there[name] != here[name]
    ]
    found += [
        Difference(name, there["processes"].get(name), here["processes"].get(name))
        for name in ("mode", "shards")
        if there.get("processes")
        and here.get("processes")
        and there["processes"].get(name) != here["processes"].get(name)
    ]
    found += [
        Difference(f"data: {name}", there["data"].get(name), here["data"].get(name))
        for name in sorted(there["data"].keys() | here["data"].keys())
        if there["data"].get(name) != here["data"].get(name)
    ]
    one, other = there["environment"], here["environment"]
    found += [
        Difference(name, one[name], other[name])
        for name in _HOW
        if name in one and name in other and one[name] != other[name]
    ]
    return Likeness(
        there=there["id"],
        here=here["id"],
        baseline=there["baseline"],
        seed=there["seed"],
        value_there=float(there["value"]),
        value_here=float(here["value"]),
        same_bits=there["digest"] == here["digest"],
        same_number=there["value"] == here["value"],
        expected=not found,
        differences=tuple(found),
    )
