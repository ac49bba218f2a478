"""Claimed beside measured: the rule was written down before any run (BASELINES: R5).

REPRODUCED      |mean - claimed| <= max(tolerance, 2 sd / sqrt(n))
BETTER          better than the claim by more than that; flagged when it is suspiciously much better
NOT REPRODUCED  worse than the claim by more than that
INCONCLUSIVE    fewer than three seeds
NOT COMPARABLE  measured under other conditions than the claim: the reasons say which
MEASURED        nothing was published to compare with
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

LEAST_SEEDS: Final = 3
SUSPICIOUS: Final = 3.0
"""A result better than the claim by more than so many allowances is looked at twice."""

Verdict = Literal[
    "REPRODUCED", "BETTER", "NOT REPRODUCED", "INCONCLUSIVE", "NOT COMPARABLE", "MEASURED"
]


@dataclass(frozen=True)
class Claim:
    """A published number, as data/results.toml keeps it."""

    key: str
    value: float
    metric: str
    unit: str
    direction: Literal["higher", "lower"]
    tolerance: float
    """In the unit of the value; fixed before any run."""
    paper: str | None
    """Key of the paper."""
    title: str
    where: str
    """Which table, figure or page says it."""
    protocol: str
    """Split, preprocessing, number of runs: what a comparison has to share."""
    source_url: str
    checked: str
    verified: bool
    """True when the number was read in the paper or a copy of its table."""
    disputes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Claimed and measured, side by side. Computed, never stored."""

    baseline: str
    label: str
    claim: Claim | None
    values: tuple[float, ...]
    """One for each seed, in the order of the seeds."""
    seeds: tuple[int, ...]
    mean: float | None
    sd: float | None
    """Of the values (n - 1); None for fewer than two."""
    gap: float | None
    """mean - claimed, in the unit of the claim."""
    allowance: float | None
    verdict: Verdict
    reasons: tuple[dict[str, Any], ...]
    """For programs: each has a `reason`, and what belongs to it."""


@cache
def claims(folder: Path) -> dict[str, Claim]:
    """Every claim of data/results.toml by its key. ValueError names the row that is wrong."""
    found: dict[str, Claim] = {}
    with (folder / "results.toml").open("rb") as file:
        rows = tomllib.load(file)["claim"]
    for row in rows:
        checked = row.pop("checked")
        disputes = tuple(row.pop("disputes", ()))
        if not isinstance(checked, date) or row["tolerance"] <= 0:
            raise ValueError(f"results.toml: {row.get('key')}: checked or tolerance")
        claim = Claim(**{"paper": None, **row}, checked=checked.isoformat(), disputes=disputes)
        found[claim.key] = claim
    return found


def compare(
    baseline: str, label: str, claim: Claim | None, runs: Sequence[Mapping[str, Any]]
) -> Comparison:
    """The comparison of a baseline's runs with its claim. Of several runs of a seed the newest counts."""
    newest = {run["seed"]: run for run in sorted(runs, key=lambda run: run["finished_at"])}
    chosen = [newest[seed] for seed in sorted(newest)]
    values = tuple(float(run["value"]) for run in chosen)
    mean = math.fsum(values) / len(values) if values else None
    sd = _sd(values)
    reasons = _reasons(claim, chosen)
    gap = mean - claim.value if mean is not None and claim else None
    allowance = None
    if claim and values:
        allowance = max(claim.tolerance, 2 * (sd or 0.0) / math.sqrt(len(values)))
    verdict: Verdict
    if any(reason["reason"] not in _REMARKS for reason in reasons):
        verdict = "NOT COMPARABLE"
    elif claim is None or gap is None or allowance is None:
        verdict = "MEASURED"
    elif len(values) < LEAST_SEEDS:
        verdict = "INCONCLUSIVE"
        reasons.append({"reason": "too few seeds", "seeds": len(values), "needed": LEAST_SEEDS})
    else:
        ahead = gap if claim.direction == "higher" else -gap
        verdict = (
            "REPRODUCED" if abs(gap) <= allowance else "BETTER" if ahead > 0 else "NOT REPRODUCED"
        )
        if ahead > SUSPICIOUS * allowance:
            reasons.append({"reason": "suspiciously good", "gap": gap, "allowance": allowance})
    return Comparison(
        baseline=baseline,
        label=label,
        claim=claim,
        values=values,
        seeds=tuple(sorted(newest)),
        mean=mean,
        sd=sd,
        gap=gap,
        allowance=allowance,
        verdict=verdict,
        reasons=tuple(reasons),
    )


_REMARKS: Final = frozenset({"claim not verified", "open recipe"})
"""Reasons that are said beside a verdict and do not forbid one."""


def _reasons(claim: Claim | None, runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for run in runs:
        found += [one for one in run["reasons"] if one not in found]
        if claim and run["metric"] != claim.metric:
            other = {"reason": "another metric", "measured": run["metric"], "claimed": claim.metric}
            found += [other] if other not in found else []
    if len({run["recipe_sha256"] for run in runs}) > 1:
        found.append({"reason": "runs of different recipes"})
    if claim and not claim.verified:
        found.append({"reason": "claim not verified", "source": claim.source_url})
    if runs and runs[0]["label"] == "OPEN" and claim:
        found.append({"reason": "open recipe"})
    return found


def _sd(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
