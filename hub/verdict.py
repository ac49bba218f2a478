"""Claimed beside measured: the rule was written down before any run (BASELINES: R5).

REPRODUCED      |mean - claimed| <= max(tolerance, 2 sd / sqrt(n))
BETTER          better than the claim by more than that; flagged when it is suspiciously much better
NOT REPRODUCED  worse than the claim by more than that
INCONCLUSIVE    fewer than three seeds, or a claim on time that was measured while others computed
NOT COMPARABLE  measured under other conditions than the claim: the reasons say which
MEASURED        nothing was published to compare with

Disturbance decides about claims on time alone. The steps, and so the bits, of a run are those of its
seed, however long each step had to wait for a core; a run whose minutes ran out is not comparable
anyhow. Of other claims a disturbed run says so beside its speed, and its verdict stands.

Runs that somebody else measured never enter: a verdict is about this machine's own numbers.
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

DISTURBED: Final = 0.1
"""Share of the machine that others may use while time is measured. Above it, two-thread arithmetic was
measured to become several times slower (BASELINES: section 3.2)."""

TIMED: Final = frozenset({"seconds", "minutes", "examples per second"})
"""Metrics of time: the only ones that depend on who else computes."""

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
    dataset: str | None = None
    """The data as runs name them: a file of reproduce/datasets. None: not told apart."""
    tested: int | None = None
    """Rows of the test split."""
    trained_on: int | None = None
    """Rows of the training split."""
    disputes: tuple[str, ...] = ()
    where_zh: str | None = None
    protocol_zh: str | None = None
    disputes_zh: tuple[str, ...] = ()


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
        disputes = {name: tuple(row.pop(name, ())) for name in ("disputes", "disputes_zh")}
        if not isinstance(checked, date) or row["tolerance"] <= 0:
            raise ValueError(f"results.toml: {row.get('key')}: checked or tolerance")
        claim = Claim(**{"paper": None, **row, **disputes}, checked=checked.isoformat())
        found[claim.key] = claim
    return found


def compare(
    baseline: str, label: str, claim: Claim | None, runs: Sequence[Mapping[str, Any]]
) -> Comparison:
    """The comparison of a baseline's own runs with its claim. Of several runs of a seed the newest
    counts; those of somebody else never do."""
    own = [run for run in runs if not run.get("imported")]
    newest = {run["seed"]: run for run in sorted(own, key=lambda run: run["finished_at"])}
    chosen = [newest[seed] for seed in sorted(newest)]
    values = tuple(float(run["value"]) for run in chosen)
    finite = all(map(math.isfinite, values))
    mean = math.fsum(values) / len(values) if values and finite else None
    sd = _sd(values) if finite else None
    gap = mean - claim.value if mean is not None and claim else None
    allowance = None
    if claim and mean is not None:
        allowance = max(claim.tolerance, 2 * (sd or 0.0) / math.sqrt(len(values)))
    reasons = _reasons(claim, chosen)
    reasons += _too_little(claim, chosen) if claim else []
    ahead = None
    if claim and gap is not None and allowance is not None:
        ahead = gap if claim.direction == "higher" else -gap
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
        verdict=_verdict({reason["reason"] for reason in reasons}, ahead, allowance),
        reasons=tuple(reasons),
    )


def _verdict(reasons: set[str], ahead: float | None, allowance: float | None) -> Verdict:
    """The rule. `ahead`: how much better than the claim; None without a claim or a number."""
    if reasons - _REMARKS - _TOO_LITTLE:
        return "NOT COMPARABLE"
    if ahead is None or allowance is None:
        return "MEASURED"
    if reasons & _TOO_LITTLE:
        return "INCONCLUSIVE"
    if abs(ahead) <= allowance:
        return "REPRODUCED"
    return "BETTER" if ahead > 0 else "NOT REPRODUCED"


_REMARKS: Final = frozenset(
    {"claim not verified", "open recipe", "suspiciously good", "other training rows"}
    | {"the recipe was changed since", "runs under different conditions"}
)
"""Reasons that are said beside a verdict and do not forbid one."""

_TOO_LITTLE: Final = frozenset({"too few seeds", "disturbed", "disturbance unknown"})
"""Reasons for which comparable numbers do not decide."""

_CONDITIONS: Final = ("torch", "processor", "threads", "device")
"""Of the environment: where they differ between runs, bits and speed may, and the reader is told."""


def _reasons(claim: Claim | None, runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Everything a reader has to know, each once; what forbids a verdict is neither in _REMARKS nor
    in _TOO_LITTLE."""
    found: list[dict[str, Any]] = []
    for run in runs:
        found += [one for one in _of_run(run) if one not in found]
        if claim:
            found += [one for one in _against(claim, run) if one not in found]
    if len({run["recipe_sha256"] for run in runs}) > 1:
        found.append({"reason": "runs of different recipes"})
    if len({tuple(sorted(run.get("data", {}).items())) for run in runs}) > 1:
        found.append({"reason": "runs on different data"})
    differing = [
        name
        for name in _CONDITIONS
        if len({str(run.get("environment", {}).get(name)) for run in runs}) > 1
    ]
    if differing:
        found.append({"reason": "runs under different conditions", "differing": differing})
    if claim and not claim.verified:
        found.append({"reason": "claim not verified", "source": claim.source_url})
    if runs and runs[0]["label"] == "OPEN" and claim:
        found.append({"reason": "open recipe"})
    return found


def _of_run(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why a run compares with no claim: as its ruler said, and again from what it says itself."""
    # A smoke run ends by its steps: its budget says so, and no minutes were used up.
    found = [
        dict(one)
        for one in run["reasons"]
        if not (one["reason"] == "time used up" and one.get("minutes", 0) is None)
    ]
    said = {one["reason"] for one in found}
    budget = run.get("budget", "full")
    if budget != "full" and "reduced budget" not in said:
        found.append({"reason": "reduced budget", "budget": budget})
    epochs, full = run.get("epochs"), run.get("full_epochs")
    if epochs is not None and full is not None and epochs < full:
        found.append({"reason": "fewer epochs", "epochs": epochs, "of": full})
    if not run.get("canonical", True) and "data are not the makers' own bytes" not in said:
        found.append({"reason": "data are not the makers' own bytes"})
    if not math.isfinite(run["value"]):
        found.append({"reason": "not a number"})
    return found


def _against(claim: Claim, run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """In what a run differs from what was claimed."""
    found: list[dict[str, Any]] = []
    if run["metric"] != claim.metric:
        found.append(
            {"reason": "another metric", "measured": run["metric"], "claimed": claim.metric}
        )
    dataset, tested, trained = run.get("dataset"), run.get("tested"), run.get("trained_on")
    if claim.dataset and dataset and dataset != claim.dataset:
        found.append({"reason": "another dataset", "measured": dataset, "claimed": claim.dataset})
    if claim.tested and tested is not None and tested != claim.tested:
        found.append({"reason": "another split", "tested": tested, "claimed": claim.tested})
    if claim.trained_on and trained is not None and trained != claim.trained_on:
        # An open recipe may divide the training split as it likes; the published one may not.
        reason = "other training rows" if run["label"] == "OPEN" else "another split"
        found.append({"reason": reason, "trained on": trained, "claimed": claim.trained_on})
    return found


def _too_little(claim: Claim, runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Why numbers that compare do not decide."""
    found: list[dict[str, Any]] = []
    if not runs:
        return found
    if len(runs) < LEAST_SEEDS:
        found.append({"reason": "too few seeds", "seeds": len(runs), "needed": LEAST_SEEDS})
    if claim.metric in TIMED:
        shares = [run.get("whole", {}).get("disturbed") for run in runs]
        known = [share for share in shares if share is not None]
        if known and max(known) > DISTURBED:
            found.append({"reason": "disturbed", "share": max(known), "allowed": DISTURBED})
        if len(known) < len(shares):
            found.append({"reason": "disturbance unknown"})
    return found


def _sd(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
