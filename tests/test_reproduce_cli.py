"""hub reproduce and hub runs as a user's shell meets them: real children, real torch, small recipes."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reproduce.baseline import declared
from tests import warm
from tests.hubtest import ROOT, Said, command, environment, on_terminal, run, start
from tests.runtest import drop, record

torch_needed = pytest.mark.torch


def hub(*words: object, home: Path, **more: str) -> Said:
    return run("reproduce", *words, home=home, timeout=110, **more)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


# -- the list ---------------------------------------------------------------------------------


def test_list_says_claim_needs_cost_and_what_was_measured(home: Path) -> None:
    said = hub("--list", "--json", home=home)
    assert said.code == 0
    by_name = {one["baseline"]["name"]: one for one in said.data}
    assert len(by_name) >= 10
    lenet = by_name["mnist_lenet"]
    assert lenet["claim"]["value"] == 0.95
    assert lenet["claim"]["paper"] == "doi:10.1109/5.726791"
    assert lenet["claim"]["where"] and lenet["claim"]["protocol"]
    assert lenet["needs"]["licence"] == "CC-BY-SA-3.0"
    assert lenet["needs"]["folder"] is None
    assert lenet["needs"]["memory_mb"] > 0
    assert (lenet["cost"]["basis"], lenet["cost"]["seconds"]) == ("unknown", None)
    assert lenet["comparison"]["values"] == []
    assert by_name["digits_backprop"]["needs"]["folder"], "it comes with scikit-learn"
    assert not home.exists(), "looking makes nothing"


def test_list_tells_how_times_become_known_and_is_readable(home: Path) -> None:
    code, shown = on_terminal("reproduce", "--list", "mnist_lenet", home=home, NO_COLOR="1")
    assert code == 0
    for words in (
        "mnist_lenet [OPEN] · LeNet-5 on MNIST",
        "0.95 % error · Gradient-based learning",
        f"{declared('mnist_lenet').memory_mb:,} MB of memory",
        "unknown until measured: hub reproduce --calibrate",
        "not yet",
    ):
        assert words in " ".join(shown.split()), words
    assert max(map(len, shown.splitlines())) <= 100


def test_list_in_chinese(home: Path) -> None:
    code, shown = on_terminal("--lang", "zh", "reproduce", "--list", "mnist_lenet", home=home)
    assert code == 0
    assert "测量前未知" in shown and "原文" in shown


# -- one baseline, from the claim to the verdict ----------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, dict[str, str], Said]":
    """A home in which three seeds of a recipe that fails its claim were run."""
    folder = tmp_path_factory.mktemp("made")
    there = drop(
        folder,
        "zero",
        dataset="diabetes",
        metric="mean squared error",
        epochs=2,
        claim="sklearn-diabetes-linear",
        predict="torch.zeros(len(x), dtype=torch.float64)",
    )
    home = folder / "home"
    return home, there, hub("zero", "--seeds", 3, "--budget", "full", "--json", home=home, **there)


@torch_needed
@pytest.mark.timeout(180)
def test_a_number_that_misses_its_claim_is_6_with_everything_said(
    made: "tuple[Path, dict[str, str], Said]",
) -> None:
    home, there, said = made
    assert said.code == 6, said.err
    compared = said.data
    assert compared["verdict"] == "NOT REPRODUCED"
    assert compared["seeds"] == [1, 2, 3] and len(said.json["runs"]) == 3
    assert compared["gap"] == pytest.approx(compared["mean"] - 2004.57)
    assert "Measuring" not in said.err, "so few operations need no measured speed"
    assert said.err.index("About ") < said.err.index("seed 1:"), "cost is said before the run"
    shown = hub("zero", "--seeds", 3, "--resume", home=home, **there)
    assert shown.code == 6
    assert "seed 1: measured already" in shown.err and "About" not in shown.err
    for word in ("claimed", "2004.57", "measured", "(n = 3)", "gap", "NOT REPRODUCED"):
        assert word in shown.out
    events = list((home / "runs" / "events" / "zero").rglob("events.out.tfevents.*"))
    assert len(events) == 3
    assert not list((home / "runs").glob("*/run.json")), "the library has them"


@torch_needed
@pytest.mark.timeout(180)
def test_a_run_that_was_handed_on_is_checked_kept_apart_and_made_again_to_the_bit(
    made: "tuple[Path, dict[str, str], Said]", tmp_path: Path
) -> None:
    home, there, said = made
    name = said.json["runs"][1]
    exported = tmp_path / "run.json"
    exported.write_text(run("runs", "export", name[:6], home=home, **there).out)
    other = tmp_path / "other home"
    for answer in ("Kept.", "It was there already."):
        kept = run("runs", "import", exported, home=other, **there)
        assert (kept.code, answer in kept.err) == (0, True)
    (row,) = run("runs", home=other, **there).lines[1:]
    assert row.split("\t")[0] == name and row.endswith("somebody else")
    (listed,) = hub("--list", "--json", home=other, **there).data
    assert listed["comparison"]["values"] == [], "not measured here"
    again = hub("--like", exported, "--json", home=other, **there)
    assert again.code == 0, again.err
    like = again.json["like"]
    assert (like["same_bits"], like["same_number"], like["expected"]) == (True, True, True)
    assert again.data["seeds"] == [2]


@torch_needed
@pytest.mark.timeout(120)
def test_a_giant_is_refused_with_its_estimate(tmp_path: Path, home: Path) -> None:
    there = drop(tmp_path, "giant", epochs=1_000, flops=1e13)
    said = hub("giant", "--seed", 1, home=home, **there)
    assert (said.code, said.out) == (2, "")
    assert "days" in said.err and "--max-minutes 120" in said.err
    assert "--yes-really" in said.err
    assert (home / "calibration.json").is_file()
    again = hub("giant", "--seed", 1, home=home, **there)
    assert "Measuring" not in again.err, "the speed is kept"
    (listed,) = hub("--list", "--json", home=home, **there).data
    assert listed["cost"]["basis"] == "operations" and listed["cost"]["seconds"] > 86_400
    assert not (home / "library.db").exists(), "nothing was run"


def test_even_a_short_run_is_refused_where_it_takes_too_long(home: Path) -> None:
    home.mkdir()
    calibrated(home, 1e9)
    said = hub("mnist_examples", "--budget", "short", "--max-minutes", 1, home=home)
    assert said.code == 2
    assert "would take about" in said.err
    asked = hub("mnist_examples", "--minutes", "0.1", "--seeds", 2, "--max-minutes", 1, home=home)
    assert asked.code == 3, "the minutes fit; only the data is missing"


def calibrated(home: Path, peak: float) -> None:
    from hub.costs import Calibration, keep
    from hub.paths import Paths

    keep(Paths(home), Calibration({1: peak}, "2026-11-26T00:00:00+00:00"))


# -- stopping, going on, two at once ----------------------------------------------------------


@torch_needed
@pytest.mark.timeout(180)
def test_ctrl_c_leaves_a_run_that_goes_on_and_nobody_runs_it_twice_at_once(
    tmp_path: Path, home: Path
) -> None:
    there = drop(tmp_path, "slow", step="time.sleep(0.2)")
    home.mkdir()
    calibrated(home, 1e11)
    words = ("reproduce", "slow", "--seed", 5, "--threads", 1)
    child = start(*words, home=home, python=warm.python(), **there)
    folder = home / "runs" / "slow-seed-5-full"
    try:
        until(lambda: (folder / "run.lock").exists(), child)
        second = hub("slow", "--seed", 5, home=home, **there)
        assert second.code == 1
        assert "under way already" in second.err and "--seed 2" in second.err
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        err = child.communicate(timeout=60)[1]
    finally:
        if child.poll() is None:
            child.kill()
    assert child.returncode == 130, err
    assert "hub reproduce slow --budget full --resume --seed 5 --threads 1" in err
    assert "Traceback" not in err
    said = hub("slow", "--seed", 5, "--resume", "--json", home=home, **there)
    assert said.code == 0, said.err
    (kept,) = run("runs", "list", "--json", home=home, **there).data
    assert kept["steps"] == 15 and kept["id"] == said.json["runs"][0]


def until(met: Any, child: "subprocess.Popen[str]", seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_was_stopped_is_not_thrown_away_unasked(home: Path) -> None:
    (home / "runs" / "mnist_fast-seed-2-full" / "checkpoints" / "step-000001200").mkdir(
        parents=True
    )
    said = hub("mnist_fast", "--seeds", 3, home=home)
    assert (said.code, said.out) == (2, "")
    assert "seed 2 was stopped at step 1,200" in said.err
    assert "--resume" in said.err and "--anew" in said.err
    calibrated(home, 1e12)
    for flag in ("--anew", "--resume"):
        assert hub("mnist_fast", "--seeds", 3, flag, home=home).code == 3, (
            "only the data is missing"
        )
    assert list((home / "runs").rglob("step-*")), "nothing was run, so nothing was taken away"


# -- faults -----------------------------------------------------------------------------------


@torch_needed
@pytest.mark.timeout(120)
def test_a_loss_that_is_no_number_stops_the_run_and_says_at_which_step(
    tmp_path: Path, home: Path
) -> None:
    there = drop(tmp_path, "broken", step="loss = math.nan if step.number == 7 else loss")
    home.mkdir()
    calibrated(home, 1e11)
    said = hub("broken", "--seed", 1, home=home, **there)
    assert (said.code, said.out) == (1, "")
    assert "the loss is nan at step 7" in said.err
    assert "No checkpoint had been written before." in said.err
    assert run("runs", home=home, **there).lines[1:] == []


def test_a_child_that_breaks_is_1_and_its_story_is_kept(tmp_path: Path, home: Path) -> None:
    (tmp_path / "torch.py").write_text(
        "def __getattr__(name): raise RuntimeError('half installed')"
    )
    said = hub("digits_backprop", "--seed", 1, "--budget", "smoke", home=home,
               **warm.cold(PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"))  # fmt: skip
    assert (said.code, said.out) == (1, "")
    assert "the recipe failed: RuntimeError: half installed" in said.err
    log = home / "runs" / "digits_backprop-seed-1-smoke" / "error.log"
    assert str(log) in said.err and "half installed" in log.read_text()


@torch_needed
@pytest.mark.timeout(120)
def test_a_number_that_the_library_cannot_take_is_not_lost(tmp_path: Path, home: Path) -> None:
    harm = "Path(os.environ['HUB_HOME'], 'library.db').write_bytes(b'harmed' * 999)"
    there = drop(tmp_path, "harming", end=harm)
    home.mkdir()
    calibrated(home, 1e11)
    said = hub("harming", "--seed", 1, home=home, **there)
    assert said.code == 5
    left = home / "runs" / "harming-seed-1-full" / "run.json"
    assert str(left) in said.err and "--resume" in said.err
    name = json.loads(left.read_text())["run"]["id"]
    (home / "library.db").unlink()
    again = hub("harming", "--seed", 1, "--resume", "--json", home=home, **there)
    assert again.code == 0, again.err
    assert again.json["runs"] == [name], "the very run, not another one"
    assert not left.exists()


@torch_needed
@pytest.mark.timeout(120)
def test_a_full_disk_under_a_checkpoint_is_said_and_leaves_no_half_one(
    tmp_path: Path, home: Path
) -> None:
    # Stopped from inside, so that a checkpoint is written; no file may grow beyond 200 kB.
    big = "session.keep(weight=weight, big=torch.rand(200_000))"
    stop = "os.kill(os.getpid(), signal.SIGTERM) if step.number == 3 else None"
    there = drop(tmp_path, "large", step=f"{big}; {stop}")
    home.mkdir()
    calibrated(home, 1e11)
    limit = 200_000
    done = subprocess.run(
        command("reproduce", "large", "--seed", 1),
        env=environment(home, **there),
        capture_output=True,
        text=True,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1, done.stderr
    assert "cannot write a checkpoint" in done.stderr and "Traceback" not in done.stderr
    assert list((home / "runs" / "large-seed-1-full" / "checkpoints").glob("*")) == []


def test_without_torch_one_sentence_says_how_to_get_it(tmp_path: Path, home: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['torch'] = None\n")
    there = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{environment(home)['PYTHONPATH']}"}
    for words in (("digits_backprop",), ("--calibrate",)):
        said = hub(*words, home=home, **there)
        assert (said.code, said.out) == (1, "")
        assert "torch is not installed" in said.err
        assert "pip install 'deep-learning-hub[reproduce]'" in said.err
    assert hub("--list", home=home, **there).code == 0, "listing does without"


def test_a_torch_that_cannot_be_imported_is_said_as_well(tmp_path: Path, home: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libcudnn is missing')\n")
    said = hub("digits_backprop", "--seed", 1, "--budget", "smoke", home=home,
               **warm.cold(PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"))  # fmt: skip
    assert (said.code, said.out) == (1, "")
    assert "torch is not installed" in said.err and "pip install torch" in said.err


def test_without_data_and_network_it_is_3_and_says_what_where_and_how(home: Path) -> None:
    home.mkdir()
    calibrated(home, 1e12)
    said = hub("mnist_lenet", "--seed", 1, home=home)
    assert (said.code, said.out) == (3, "")
    for word in (
        "train-images-idx3-ubyte",
        "offline by wish",
        "hub dataset get mnist --from FOLDER",
    ):
        assert word in said.err
    lacking = hub("mnist_lenet", "--seed", 1, "--from", home, home=home)
    assert lacking.code == 4
    assert "lacks train-images-idx3-ubyte" in lacking.err


@torch_needed
@pytest.mark.timeout(90)
def test_a_wish_for_cuda_without_cuda_is_2(home: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    said = hub("digits_backprop", "--budget", "smoke", "--device", "cuda", home=home)
    assert (said.code, said.out) == (2, "")
    assert "no CUDA device" in said.err and "--device cpu" in said.err


def test_a_home_that_cannot_be_written_is_1(home: Path) -> None:
    home.write_text("in the way")
    said = hub("digits_backprop", "--budget", "smoke", home=home)
    assert said.code == 1
    assert "cannot be written" in said.err and "HUB_HOME" in said.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "hub reproduce --list"),
        (("mnist_lent",), 4, "mnist_lenet"),
        (("mnist_lenet", "--budget", "huge"), 2, "smoke"),
        (("mnist_lenet", "--device", "tpu"), 2, "cuda"),
        (("mnist_lenet", "--seed", 1, "--seeds", 2), 2, "one of them"),
        (("mnist_lenet", "--seeds", 0), 2, "seeds"),
        (("--like", "no-such-file.json"), 4, "no such file"),
    ],
)
def test_what_cannot_be_asked_is_said(
    home: Path, words: tuple[object, ...], code: int, says: str
) -> None:
    said = hub(*words, home=home)
    assert (said.code, says in said.err) == (code, True), said.err


def test_like_takes_no_run_that_a_clock_ended(home: Path, tmp_path: Path) -> None:
    from hub import run_record

    reasons = [{"reason": "time used up", "minutes": 1.0, "steps": 7}]
    file = tmp_path / "cut.json"
    file.write_text(json.dumps(run_record.exported(record(reasons=reasons))))
    said = hub("--like", file, home=home)
    assert said.code == 2 and "depends on the machine" in said.err
    file.write_text(json.dumps(run_record.exported(record())))
    assert hub("mnist_fast", "--like", file, home=home).code == 2
    assert hub("--like", file, "--seed", 3, home=home).code == 2


# -- runs -------------------------------------------------------------------------------------


@pytest.fixture
def library(home: Path) -> Iterator[Path]:
    """A home with three runs of LeNet-5 and one of somebody else."""
    from hub.library import Library

    with Library.open(home / "library.db", write=True) as own:
        for seed, value in ((1, 0.90), (2, 0.95), (3, 1.00)):
            own.keep_run(record(seed, value))
        own.keep_run(record(4, 5.0, id="f00d00000000"), state="imported")
    yield home


def test_bare_runs_lists_them_and_says_who_measured(library: Path) -> None:
    said = run("runs", home=library)
    assert said.code == 0
    assert said.lines == run("runs", "list", home=library).lines
    assert [line.split("\t")[-1] for line in said.lines[1:]] == ["somebody else"] + 3 * [
        "this machine"
    ]
    assert run("runs", "list", "mnist_fast", home=library).lines[1:] == []


def test_a_run_is_shown_and_compared_with_its_conditions(library: Path) -> None:
    said = run("runs", "show", "000000000002", home=library)
    for word in ("0.950 error", "10,000 rows", "AMD EPYC", "2.13.0+cpu", "ab" * 32):
        assert word in said.out
    rows = run("runs", "compare", "000000000001", "f00d", "--json", home=library).data
    assert {row["what"] for row in rows} >= {"value", "seed", "imported"}
    assert run("runs", "show", "0000", home=library).code == 2
    assert run("runs", "show", "dead", home=library).code == 4


def test_runs_of_somebody_else_are_in_no_verdict(library: Path) -> None:
    by_name = {one["baseline"]["name"]: one for one in hub("--list", "--json", home=library).data}
    compared = by_name["mnist_lenet"]["comparison"]
    assert compared["values"] == [0.90, 0.95, 1.00]
    # The literal recipe's sum is not the file's: said, and no verdict forbidden by it.
    assert compared["verdict"] == "REPRODUCED"
    assert "the recipe was changed since" in [one["reason"] for one in compared["reasons"]]
    assert by_name["mnist_lenet"]["cost"]["basis"] == "runs"
