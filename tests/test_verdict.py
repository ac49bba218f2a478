"""Verdicts by the rule that was written down before any run."""

from typing import Any

import pytest

from hub.verdict import Claim, claims, compare

CLAIM = Claim(
    key="c", value=0.95, metric="error", unit="%", direction="lower", tolerance=0.15, paper=None,
    title="T", where="table", protocol="p", source_url="https://example.org", checked="2026-11-23",
    verified=True,
)  # fmt: skip


def run(seed: int, value: float, **more: Any) -> dict[str, Any]:
    return {
        "seed": seed, "value": value, "metric": "error", "label": "CLOSED", "reasons": [],
        "recipe_sha256": "r", "finished_at": f"2026-11-23T00:00:{seed:02}", **more,
    }  # fmt: skip


def verdict(*values: float, claim: Claim | None = CLAIM, **more: Any) -> str:
    runs = [run(seed, value, **more) for seed, value in enumerate(values, 1)]
    return compare("b", "CLOSED", claim, runs).verdict


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.95, 0.96, 0.94), "REPRODUCED"),
        ((1.09, 1.09, 1.09), "REPRODUCED"),
        ((1.11, 1.11, 1.11), "NOT REPRODUCED"),
        ((0.79, 0.79, 0.79), "BETTER"),
        ((0.5, 1.4, 0.95), "REPRODUCED"),
        ((0.95, 0.95), "INCONCLUSIVE"),
        ((0.95,), "INCONCLUSIVE"),
        ((), "MEASURED"),
    ],
)
def test_rule(values: tuple[float, ...], expected: str) -> None:
    assert verdict(*values) == expected


def test_direction_decides_what_is_better() -> None:
    up = Claim(**{**CLAIM.__dict__, "direction": "higher", "metric": "accuracy", "value": 99.0})
    assert verdict(99.3, 99.3, 99.3, claim=up, metric="accuracy") == "BETTER"
    assert verdict(98.7, 98.7, 98.7, claim=up, metric="accuracy") == "NOT REPRODUCED"


@pytest.mark.parametrize(
    "more",
    [
        {"reasons": [{"reason": "reduced budget", "budget": "short"}]},
        {"reasons": [{"reason": "data are not the makers' own bytes"}]},
        {"metric": "accuracy"},
    ],
)
def test_other_conditions_never_give_a_verdict_on_the_claim(more: dict[str, Any]) -> None:
    runs = [run(seed, 0.95, **more) for seed in (1, 2, 3)]
    found = compare("b", "CLOSED", CLAIM, runs)
    assert found.verdict == "NOT COMPARABLE"
    assert all(reason["reason"] for reason in found.reasons)


def test_runs_of_two_recipes_are_not_one_measurement() -> None:
    runs = [run(1, 0.95), run(2, 0.95), run(3, 0.95, recipe_sha256="other")]
    assert compare("b", "CLOSED", CLAIM, runs).verdict == "NOT COMPARABLE"


def test_suspiciously_good_number_is_flagged() -> None:
    runs = [run(seed, 0.10) for seed in (1, 2, 3)]
    found = compare("b", "CLOSED", CLAIM, runs)
    assert found.verdict == "BETTER"
    assert [reason["reason"] for reason in found.reasons] == ["suspiciously good"]


def test_of_one_seed_the_newest_run_counts() -> None:
    runs = [run(1, 9.0, finished_at="2026-01-01"), run(1, 0.95), run(2, 0.95), run(3, 0.95)]
    found = compare("b", "CLOSED", CLAIM, runs)
    assert (found.values, found.seeds) == ((0.95, 0.95, 0.95), (1, 2, 3))


def test_claim_that_nobody_could_read_is_said_beside_the_verdict() -> None:
    doubtful = Claim(**{**CLAIM.__dict__, "verified": False})
    runs = [run(seed, 0.95) for seed in (1, 2, 3)]
    found = compare("b", "CLOSED", doubtful, runs)
    assert found.verdict == "REPRODUCED"
    assert [reason["reason"] for reason in found.reasons] == ["claim not verified"]


def test_spread_of_the_seeds_widens_what_is_allowed() -> None:
    found = compare("b", "CLOSED", CLAIM, [run(1, 0.6), run(2, 1.6), run(3, 1.4)])
    assert found.sd == pytest.approx(0.5292, abs=1e-4)
    assert found.allowance == pytest.approx(2 * found.sd / 3**0.5)


def test_every_claim_of_the_file_can_be_read_and_names_its_source() -> None:
    from crawlers import knowledge
    from reproduce.baseline import declared, names

    known = claims(knowledge.folder())
    assert all(claim.source_url.startswith("https://") for claim in known.values())
    used = {declared(name).claim for name in names()} - {None}
    assert used <= known.keys()
    for name in names():
        claim = known.get(declared(name).claim or "")
        if claim:
            assert claim.metric == declared(name).metric, name
