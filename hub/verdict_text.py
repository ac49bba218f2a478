"""How verdicts, their reasons and what was measured read, in English and Chinese."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.text import local, t
from hub.verdict import Claim, Comparison


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
        "fewer epochs": t("fewer epochs"),
        "data are not the makers' own bytes": t("data are not the makers' own bytes"),
        "another metric": t("another metric"),
        "another split": t("another split"),
        "another dataset": t("another dataset"),
        "other training rows": t("other training rows"),
        "not a number": t("not a number"),
        "runs of different recipes": t("runs of different recipes"),
        "runs on different data": t("runs on different data"),
        "runs under different conditions": t("runs under different conditions"),
        "the recipe was changed since": t("the recipe was changed since"),
        "claim not verified": t("claim not verified"),
        "open recipe": t("open recipe: same data and metric, another way of training"),
        "too few seeds": t("too few seeds"),
        "disturbed": t("disturbed: others used the machine meanwhile"),
        "disturbance unknown": t("nobody can say who else used the machine"),
        "suspiciously good": t("suspiciously good"),
        "batch normalisation over shards": t("batch normalisation over shards"),
    }.get(reason, reason)


def part_name(part: str) -> str:
    """What belongs to a reason, as people read it: `needed` of too few seeds."""
    return {
        "allowance": t("allowance"),
        "allowed": t("allowed"),
        "budget": t("budget"),
        "claimed": t("claimed"),
        "differing": t("differing"),
        "epochs": t("epochs"),
        "gap": t("gap"),
        "measured": t("measured"),
        "minutes": t("minutes"),
        "needed": t("needed"),
        "of": t("of"),
        "rows": t("rows"),
        "seeds": t("seeds"),
        "share": t("share"),
        "source": t("source"),
        "steps": t("steps"),
        "tested": t("tested"),
        "trained on": t("trained on"),
    }.get(part, part)


def reason_text(reason: Mapping[str, Any]) -> str:
    """A reason with what belongs to it."""
    rest = ", ".join(
        f"{part_name(name)} {value_text(value)}"
        for name, value in reason.items()
        if name != "reason"
    )
    return reason_name(str(reason["reason"])) + (f" ({rest})" if rest else "")


def value_text(value: Any) -> str:
    """One value of a reason or condition."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    return str(value)


def metric_name(metric: str) -> str:
    """What was measured, as people read it."""
    return {
        "error": t("error"),
        "accuracy": t("accuracy"),
        "mean squared error": t("mean squared error"),
    }.get(metric, metric)


def claimed(claim: Claim) -> str:
    """`0.95 % error`."""
    parts = (f"{claim.value:g}", claim.unit, metric_name(claim.metric))
    return " ".join(part for part in parts if part)


def claim_place(claim: Claim) -> str:
    """Who published it, and in which table."""
    paper = f" ({claim.paper})" if claim.paper else ""
    return f"{claim.title}{paper}: {local(claim, 'where')}"


def measured(compared: Comparison) -> str:
    """`0.93 ± 0.02 (3)`; `-` where nothing was."""
    if compared.mean is None:
        return "-"
    spread = f" ± {compared.sd:.2f}" if compared.sd is not None else ""
    return f"{compared.mean:.2f}{spread} (n = {len(compared.values)})"


def gap(compared: Comparison) -> str | None:
    """`-0.02 (allowed ±0.15)`; None without a claim or a number, and where the two do not compare: a
    distance between unlike things would mislead."""
    if compared.gap is None or compared.allowance is None or compared.verdict == "NOT COMPARABLE":
        return None
    return f"{compared.gap:+.2f} ({t('allowed')} ±{compared.allowance:.2f})"


def each_seed(pairs: Iterable[tuple[int, float]]) -> str:
    """`1: 0.93, 2: 0.95`."""
    return ", ".join(f"{seed}: {value:.2f}" for seed, value in pairs)


def duration(seconds: float | None) -> str:
    """`40 s`, `3 min`, `2.5 h`, `70 days`; `?` for unknown."""
    if seconds is None:
        return "?"
    for unit, length, most in (
        (t("s"), 1.0, 100.0),
        (t("min"), 60.0, 100.0),
        (t("h"), 3_600.0, 48.0),
        (t("days"), 86_400.0, float("inf")),
    ):
        amount = seconds / length
        if amount < most:
            return f"{amount:,.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
    raise AssertionError(seconds)
