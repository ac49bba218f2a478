"""How baselines, what they cost and what they measured are shown: the list, a comparison, a likeness."""

from typing import TYPE_CHECKING, Any, Final

from hub import render
from hub.cli.frame import library, paged
from hub.text import local, number, size, t

if TYPE_CHECKING:
    from hub.costs import Cost
    from hub.likeness import Likeness
    from hub.paths import Paths
    from hub.runs import Listed
    from hub.verdict import Comparison


def print_list(places: "Paths", name: str | None, json: bool, format: str) -> None:
    """Every baseline, or one of them: claim, needs, cost here, what was measured."""
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


def print_likeness(alike: "Likeness") -> None:
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


def cost_basis(cost: "Cost") -> str:
    """What an estimate stands on."""
    work = f"{cost.operations:.1e}"
    if cost.basis == "runs":
        return t("as it took here (runs: {n})", n=cost.runs)
    if cost.basis == "rate":
        return t("at the rate measured here (runs: {n})", n=cost.runs)
    if cost.basis == "few":
        return t("only {work} operations", work=work) if cost.operations else t("a few steps")
    if cost.basis == "operations":
        return t(
            "{work} operations at {share} of {rate} GFLOP/s measured here",
            work=work,
            share=f"{cost.share:.0%}",
            rate=f"{(cost.peak or 0) / 1e9:.0f}",
        )
    return t("unknown until measured: hub reproduce --calibrate")
