"""Verdicts by the rule that was written down before any run."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.verdict import DISTURBED, LEAST_SEEDS, Claim, claims, compare

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


def test_runs_of_two_recipes_or_on_two_sets_of_bytes_are_not_one_measurement() -> None:
    for other in ({"recipe_sha256": "other"}, {"data": {"train": "other"}}):
        runs = [run(1, 0.95), run(2, 0.95), run(3, 0.95, **other)]
        assert compare("b", "CLOSED", CLAIM, runs).verdict == "NOT COMPARABLE"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"budget": "smoke"}, "reduced budget"),
        ({"budget": "short"}, "reduced budget"),
        ({"epochs": 4, "full_epochs": 8}, "fewer epochs"),
        ({"tested": 9_600}, "another split"),
        ({"trained_on": 50_000}, "another split"),
        ({"dataset": "fashion_mnist"}, "another dataset"),
        ({"metric": "accuracy"}, "another metric"),
        ({"canonical": False}, "data are not the makers' own bytes"),
        ({"value": float("nan")}, "not a number"),
    ],
)
def test_each_other_condition_is_named_for_programs(more: dict[str, Any], reason: str) -> None:
    """Also where the ruler's own list of reasons is empty: the record is read again."""
    claim = Claim(**{**CLAIM.__dict__, "dataset": "mnist", "tested": 10_000, "trained_on": 60_000})
    whole = {"dataset": "mnist", "tested": 10_000, "trained_on": 60_000, "epochs": 8}
    runs = [{**run(seed, 0.95, **whole), "full_epochs": 8, **more} for seed in (1, 2, 3)]
    found = compare("b", "CLOSED", claim, runs)
    assert (found.verdict, [one["reason"] for one in found.reasons]) == ("NOT COMPARABLE", [reason])


def test_open_recipe_may_divide_the_training_split_and_says_so() -> None:
    claim = Claim(**{**CLAIM.__dict__, "tested": 10_000, "trained_on": 50_000})
    runs = [run(s, 0.95, label="OPEN", tested=10_000, trained_on=60_000) for s in (1, 2, 3)]
    found = compare("b", "OPEN", claim, runs)
    assert found.verdict == "REPRODUCED"
    assert [one["reason"] for one in found.reasons] == ["other training rows", "open recipe"]


def test_load_decides_about_claims_on_time_alone() -> None:
    busy = {"whole": {"disturbed": DISTURBED + 0.01}}
    assert verdict(0.95, 0.95, 0.95, **busy) == "REPRODUCED"
    timed = Claim(**{**CLAIM.__dict__, "metric": "seconds", "value": 3.6})
    for said, expected in (
        (busy, "INCONCLUSIVE"),
        ({"whole": {"disturbed": None}}, "INCONCLUSIVE"),
        ({"whole": {"disturbed": DISTURBED}}, "REPRODUCED"),
    ):
        assert verdict(3.6, 3.6, 3.6, claim=timed, metric="seconds", **said) == expected


def test_seeds_run_with_another_torch_are_compared_and_the_reader_is_told() -> None:
    runs = [run(seed, 0.95, environment={"torch": f"2.1{seed}"}) for seed in (1, 2, 3)]
    found = compare("b", "CLOSED", CLAIM, runs)
    assert found.verdict == "REPRODUCED"
    assert found.reasons == ({"reason": "runs under different conditions", "differing": ["torch"]},)


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


# -- for all numbers -------------------------------------------------------------------------

PERCENT = st.floats(min_value=0, max_value=100, allow_nan=False)
DECIDED = {"REPRODUCED", "BETTER", "NOT REPRODUCED"}


@st.composite
def claim_and_values(draw: st.DrawFn) -> tuple[Claim, list[float]]:
    claim = Claim(
        **{
            **CLAIM.__dict__,
            "value": draw(PERCENT),
            "direction": draw(st.sampled_from(["higher", "lower"])),
            "tolerance": draw(st.floats(min_value=0.01, max_value=5)),
        }
    )
    return claim, draw(st.lists(PERCENT, min_size=1, max_size=6))


@given(claim_and_values())
def test_verdict_is_what_the_rule_says(said: tuple[Claim, list[float]]) -> None:
    claim, values = said
    found = compare("b", "CLOSED", claim, [run(at, one) for at, one in enumerate(values)])
    assert found.mean is not None and found.gap is not None and found.allowance is not None
    assert found.allowance >= claim.tolerance
    if len(values) < LEAST_SEEDS:
        assert found.verdict == "INCONCLUSIVE"
        return
    better = found.gap > 0 if claim.direction == "higher" else found.gap < 0
    inside = abs(found.gap) <= found.allowance
    assert found.verdict == ("REPRODUCED" if inside else "BETTER" if better else "NOT REPRODUCED")


@given(claim_and_values(), st.sampled_from(["smoke", "short"]), st.integers(0, 5))
def test_no_number_of_a_reduced_budget_decides(
    said: tuple[Claim, list[float]], budget: str, at: int
) -> None:
    claim, values = said
    runs = [run(number, one) for number, one in enumerate(values)]
    runs[at % len(runs)]["budget"] = budget
    assert compare("b", "CLOSED", claim, runs).verdict == "NOT COMPARABLE"


@given(claim_and_values(), st.lists(PERCENT, max_size=5), st.randoms())
def test_order_and_runs_of_others_change_nothing(
    said: tuple[Claim, list[float]], others: list[float], chance: Any
) -> None:
    claim, values = said
    own = [run(at, one) for at, one in enumerate(values)]
    foreign = [run(at, one, imported=True) for at, one in enumerate(others)]
    mixed = [*own, *foreign]
    chance.shuffle(mixed)
    assert compare("b", "CLOSED", claim, mixed) == compare("b", "CLOSED", claim, own)


@given(claim_and_values(), st.floats(min_value=0, max_value=50))
def test_a_better_number_never_makes_the_verdict_worse(
    said: tuple[Claim, list[float]], step: float
) -> None:
    claim, values = said
    sign = 1 if claim.direction == "higher" else -1
    order = ["NOT REPRODUCED", "REPRODUCED", "BETTER"]

    def place(shift: float) -> int:
        runs = [run(at, one + sign * shift) for at, one in enumerate(values * 3)]
        return order.index(compare("b", "CLOSED", claim, runs).verdict)

    assert place(step) >= place(0)


# -- the file --------------------------------------------------------------------------------


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
            assert claim.dataset == declared(name).dataset, name
            assert claim.tested and claim.trained_on, name


def test_protocol_and_rows_of_a_claim_say_the_same() -> None:
    """A difference that stands in the words alone would be silent: rows are what is compared."""
    from crawlers import knowledge

    for claim in claims(knowledge.folder()).values():
        for rows in (claim.trained_on, claim.tested):
            assert rows and f"{rows:,}" in claim.protocol, claim.key


def test_number_of_the_theano_tutorial_is_of_other_rows_and_every_comparison_says_so() -> None:
    """Its batches of 600 leave out the last 400 test images: 7.489583 % is 719 of 9,600."""
    from crawlers import knowledge

    claim = claims(knowledge.folder())["theano-logistic"]
    assert claim.tested and claim.value == round(100 * 719 / claim.tested, 2)
    ours = {"label": "OPEN", "dataset": "mnist", "trained_on": 60_000, "tested": 10_000}
    found = compare("b", "OPEN", claim, [run(seed, 7.43, **ours) for seed in (1, 2, 3)])
    assert found.verdict == "NOT COMPARABLE"
    assert found.reasons == (
        {"reason": "another split", "tested": 10_000, "claimed": 9_600},
        {"reason": "other training rows", "trained on": 60_000, "claimed": 49_800},
        {"reason": "open recipe"},
    )
