"""What a run will cost, told before it: from the same runs, from others, from operations and speed, or unknown."""

from typing import Any

import pytest

from hub import costs
from hub.costs import Calibration, cost
from hub.paths import Paths
from reproduce.baseline import Baseline
from tests.runtest import record

NET = Baseline(
    title="T", dataset="mnist", label="OPEN", metric="error", epochs=10, parameters=1,
    flops=1e6, threads=1, memory_mb=500, name="net",
)  # fmt: skip
KNOWN = Calibration({1: 1e10, 2: 4e10}, "2026-11-26T00:00:00+00:00")


def run(seconds: float = 41.0, **more: Any) -> dict[str, Any]:
    said = record(**{"imported": False, **more})
    said["whole"]["wall_seconds"] = seconds
    return said


def test_unknown_until_something_was_measured() -> None:
    found = cost(NET, [], None)
    assert (found.basis, found.seconds, found.operations) == ("unknown", None, 6e11)


def test_few_operations_need_no_measured_speed() -> None:
    found = cost(NET, [], None, budget="smoke")
    assert (found.basis, found.seconds) == ("few", costs.STARTUP_SECONDS)


def test_operations_over_the_share_of_the_peak_that_its_threads_reach() -> None:
    found = cost(NET, [], KNOWN)
    assert (found.basis, found.peak) == ("operations", 1e10)
    assert found.seconds == pytest.approx(6e11 / (costs.SMALL_SHARE * 1e10) + costs.STARTUP_SECONDS)
    both = cost(NET, [], KNOWN, threads=2)
    assert both.peak == 4e10 and both.seconds is not None and both.seconds < (found.seconds or 0)


def test_a_busy_machine_on_which_two_threads_are_slower_counts_as_one_thread() -> None:
    assert Calibration({1: 5e10, 2: 2e10}, "").peak(2) == 5e10
    assert Calibration({2: 2e10}, "").peak(1) == 2e10


def test_the_same_runs_count_most_then_the_rate_of_others() -> None:
    runs = [run(seconds) for seconds in (30.0, 50.0, 40.0)]
    found = cost(NET, runs, KNOWN)
    assert (found.basis, found.runs) == ("runs", 3)
    assert found.seconds == 40.0 + costs.STARTUP_SECONDS
    short = [run(budget="short", reasons=[{"reason": "reduced budget"}])]
    found = cost(NET, short, KNOWN)
    assert found.basis == "rate"
    assert found.seconds == pytest.approx(600_000 / 11_707 + costs.STARTUP_SECONDS)


def test_neither_runs_of_others_nor_runs_that_a_clock_ended_tell_the_time() -> None:
    cut = run(1.0, reasons=[{"reason": "time used up", "minutes": 0.02, "steps": 1}])
    assert cost(NET, [run(imported=True)], KNOWN).basis == "operations"
    assert cost(NET, [cut], KNOWN).basis == "rate"


def test_twenty_steps_of_a_smoke_run_tell_no_rate() -> None:
    assert cost(NET, [run(1.0, budget="smoke")], KNOWN).basis == "operations"
    assert cost(NET, [run(1.0, budget="smoke")], KNOWN, budget="smoke").basis == "runs"


def test_minutes_end_it() -> None:
    found = cost(NET, [run(4_000.0)], KNOWN, minutes=1.0)
    assert found.seconds == 60 + costs.STARTUP_SECONDS


def test_a_short_budget_takes_a_tenth() -> None:
    assert cost(NET, [], KNOWN, budget="short").operations == pytest.approx(6e10)


def test_the_speed_is_kept_for_this_machine_and_only_rises(tmp_path: Any) -> None:
    places = Paths(tmp_path / "home")
    assert costs.calibration(places) is None
    costs.learn(places, 2, 3e10)
    costs.learn(places, 2, 1e10)
    costs.learn(places, 1, 2e10)
    found = costs.calibration(places)
    assert found is not None and found.peaks == {1: 2e10, 2: 3e10}
    path = places.home / "calibration.json"
    for harmed in ("", "[]", '{"machines": 3}', path.read_text().replace("30000000000.0", '"x"')):
        path.write_text(harmed)
        assert costs.calibration(places) is None
    costs.learn(places, 1, 2e10)
    assert costs.calibration(places) is not None, "a damaged file is written anew"


def test_another_machine_with_the_same_home_is_not_taken_for_this_one(tmp_path: Any) -> None:
    places = Paths(tmp_path)
    costs.learn(places, 1, 2e10)
    path = tmp_path / "calibration.json"
    path.write_text(path.read_text().replace(costs._machine(), "another"))
    assert costs.calibration(places) is None
    costs.learn(places, 1, 3e10)
    assert "another" in path.read_text(), "what it knows is kept"
