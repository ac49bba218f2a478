"""How a run ends before its time, and what then goes on: commands that were printed, parents that were
killed, several processes. Real children, real torch, real kills."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cli.training import Order
from hub.costs import Calibration, keep
from hub.library import Library
from hub.paths import Paths
from hub.runs import Wish, recipe_sum, stopped_at
from reproduce.baseline import declared
from tests import warm
from tests.hubtest import Said, environment, run, start
from tests.runtest import drop, record

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that knows how fast the machine is, so that nothing is measured first."""
    keep(Paths(tmp_path / "home"), Calibration({1: 1e12}, "2026-11-26T00:00:00+00:00"))
    return tmp_path / "home"


def hub(*words: object, home: Path, **more: str) -> Said:
    return run(*words, home=home, timeout=110, **more)


# -- the command that goes on -----------------------------------------------------------------


def order(**more: Any) -> Order:
    wish = Wish(
        "mnist_lenet", 0, **{k: more.pop(k) for k in tuple(more) if k in Wish.__annotations__}
    )
    return Order(wish, **{"seeds": (1,), **more})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "mnist_lenet --budget full --resume --seed 1"),
        ({"seeds": (7,), "budget": "short"}, "mnist_lenet --budget short --resume --seed 7"),
        ({"seeds": (1, 2, 3)}, "mnist_lenet --budget full --resume --seeds 3"),
        (
            {"device": "cpu", "threads": 2, "processes": 4, "mode": "fast", "minutes": 0.25},
            "mnist_lenet --budget full --resume --seed 1 --device cpu --threads 2 --minutes 0.25 "
            "--nproc 4 --fast",
        ),
        (
            {"given": Path("my data"), "max_minutes": 600.0, "yes_really": True},
            "mnist_lenet --budget full --resume --seed 1 --max-minutes 600 --from 'my data' --yes-really",
        ),
        ({"like": Path("run.json"), "threads": 3}, "--like run.json --resume --threads 3"),
    ],
)
def test_command_that_goes_on_says_all_that_the_run_depends_on(
    asked: dict[str, Any], words: str
) -> None:
    assert order(**asked).again == f"hub reproduce {words}"


def until(met: Callable[[], Any], child: "subprocess.Popen[str]", seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.timeout(150)
def test_line_that_a_stopped_run_prints_goes_on_with_that_run(tmp_path: Path, home: Path) -> None:
    """Of several seeds with options, by --json: the second is stopped, the first is not run again."""
    slow = "time.sleep(0.1 if session.seed == 2 and not session.resumed_at else 0)"
    there = drop(tmp_path, "slow", step=slow)
    words = ("reproduce", "slow", "--seeds", 2, "--threads", 1, "--device", "cpu", "--json")
    child = start(*words, home=home, python=warm.python(), **there)
    try:
        until((home / "runs" / "slow-seed-2-full" / "run.lock").exists, child)
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130, err
    said = json.loads(out)
    assert len(said["runs"]) == 1 and said["data"]["seeds"] == [1], "what was measured is told"
    (line,) = [line for line in err.splitlines() if line.startswith("Stopped. Go on with: ")]
    assert said["again"] == line.partition(": ")[2]
    assert "Stopping after the step in hand" in err and "page" not in err
    again = hub(*shlex.split(said["again"])[1:], "--json", home=home, **there)
    assert again.code == 0, again.err
    assert again.json["runs"][0] == said["runs"][0] and "seed 1: measured already" in again.err
    (second, first) = hub("runs", "list", "--json", home=home, **there).data
    assert (second["seed"], first["seed"]) == (2, 1)


def test_seed_that_was_stopped_is_gone_on_with_though_an_older_run_of_it_was_measured(
    home: Path,
) -> None:
    recipe = recipe_sum(declared("mnist_fast"))
    said = record(baseline="mnist_fast", metric="accuracy", claim=None, recipe_sha256=recipe)
    with Library.open(home / "library.db", write=True) as own:
        own.keep_run(said)
    words = ("reproduce", "mnist_fast", "--seed", 1, "--resume", "--json")
    measured = hub(*words, home=home)
    assert measured.code == 0 and measured.json["runs"] == [said["id"]]
    (home / "runs" / "mnist_fast-seed-1-full" / "checkpoints" / "step-000000007").mkdir(
        parents=True
    )
    stopped = hub(*words, home=home)
    assert stopped.code == 3, "only the data is missing"
    assert "measured already" not in stopped.err
    assert stopped.json["runs"] == [] and "FOLDER" in stopped.json["error"]["hint"]


@pytest.mark.timeout(100)
def test_line_that_the_module_itself_prints_goes_on_with_that_run(tmp_path: Path) -> None:
    there = drop(tmp_path, "slow", step="time.sleep(0 if session.resumed_at else 0.1)")
    folder = tmp_path / "a folder"
    words = ["slow", "--example", "--seed", "6", "--threads", "1", "--folder", str(folder)]
    given = {"env": environment(tmp_path / "home", **there), "stdout": subprocess.PIPE}
    child = subprocess.Popen(
        [warm.python(), "-m", "reproduce", *words, "--every-steps", "2"],
        stderr=subprocess.PIPE,
        text=True,
        **given,
    )  # type: ignore[call-overload]
    try:
        until(lambda: list(folder.glob("checkpoints/step-?????????")), child)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130, err
    (line,) = [line for line in err.splitlines() if line.startswith("Go on with: python ")]
    again = shlex.split(line.partition(": python ")[2])
    done = subprocess.run([warm.python(), *again], check=True, timeout=60, **given)
    said = json.loads(done.stdout)
    assert said["resumed_at"] >= 2 and said["seed"] == 6 and said["steps"] == 32


# -- killed -----------------------------------------------------------------------------------


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def below(pid: int) -> list[int]:
    """Processes that a process started, and those that they started."""
    try:
        mine = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    # Python's threads start processes as well.
    for task in Path(f"/proc/{pid}/task").iterdir():
        if task.name != str(pid):
            mine += [int(one) for one in (task / "children").read_text().split()]
    return [*mine, *(inner for one in mine for inner in below(one))]


def gone(pids: list[int], seconds: float = 20.0) -> bool:
    """True when none of the processes is there any more; they may have to wait for a busy machine."""
    end = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """A recipe that trains for minutes without a word of progress, and the file that it touches when it
    has begun; none of its processes survives the test."""
    mark = tmp_path / "begun"
    quiet = f"Path({str(mark)!r}).touch(); time.sleep(0.05); loss = None; continue"
    there = drop(tmp_path, "silent", epochs=300, step=quiet)
    yield there, mark
    for stat in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(tmp_path) in stat.read_bytes().decode(errors="replace"):
                os.kill(int(stat.parent.name), signal.SIGKILL)
        except OSError:
            continue


def killed(child: "subprocess.Popen[str]", mark: Path) -> None:
    """Kills a parent once its child trains; that one ends by itself."""
    until(mark.exists, child)
    children = below(child.pid)
    assert children
    child.kill()
    child.communicate()
    assert gone(children)


@pytest.mark.timeout(120)
def test_killed_hub_leaves_no_training_behind_but_its_checkpoint(
    silent: tuple[dict[str, str], Path], home: Path
) -> None:
    there, mark = silent
    child = start("reproduce", "silent", "--seed", 3, home=home, **there)
    killed(child, mark)
    step = stopped_at(Paths(home), Wish("silent", 3))
    assert step is not None and step > 0, "it can be gone on with"
    assert not list((home / "runs").rglob("*.partial-*"))


TERMINAL = """
import sys, time
from pathlib import Path
from hub.paths import Paths
from hub.runs import Wish
from hub.tui.running import Training
import threading
job = Training(Paths(Path(sys.argv[1])), "en", [Wish("silent", 4)])
threading.Thread(target=job.run, daemon=True).start()
time.sleep(600)
"""


@pytest.mark.timeout(120)
def test_killed_terminal_app_leaves_no_training_behind_but_its_checkpoint(
    silent: tuple[dict[str, str], Path], home: Path
) -> None:
    there, mark = silent
    child = subprocess.Popen(
        [sys.executable, "-c", TERMINAL, str(home)],
        env=environment(home, **there),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed(child, mark)
    assert stopped_at(Paths(home), Wish("silent", 4))


SHARED = '''"""A recipe that several processes share."""

import time
from pathlib import Path

import torch
from torch import nn

from reproduce.baseline import Baseline

BASELINE = Baseline(
    title="Shared", dataset="digits", label="CLOSED", metric="accuracy", epochs=40, parameters=650,
    flops=100.0, threads=1, shared=True,
)


def train(data, session):
    """Softmax regression, slowly and without a word where it is told to."""
    x = data.x.reshape(len(data), -1).float() / 16
    model = nn.Linear(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    session.keep(model=model, optimizer=optimizer)
    for step in session.steps(len(data), batch=64):
        optimizer.zero_grad()
        for shard in session.shards(step):
            loss = nn.functional.cross_entropy(model(x[shard.indices]), data.y[shard.indices])
            (shard.share * loss).backward()
            session.note(loss=loss)
        session.sum_gradients()
        optimizer.step()
        {step}
    return lambda rows: model(rows.reshape(len(rows), -1).float() / 16)
'''


def shared(folder: Path, step: str = "pass") -> dict[str, str]:
    """The shared recipe, dropped in."""
    there = drop(folder, "shared")
    (folder / "recipes" / "shared.py").write_text(SHARED.replace("{step}", step))
    return there


@pytest.mark.timeout(120)
@pytest.mark.parametrize("who", ["hub", "launcher"])
def test_killed_parent_of_several_processes_leaves_none_of_them_but_their_checkpoint(
    who: str, tmp_path: Path, home: Path
) -> None:
    mark = tmp_path / "begun"
    there = shared(tmp_path, f"Path({str(mark)!r}).touch(); time.sleep(0.05)")
    child = start("reproduce", "shared", "--seed", 3, "--nproc", 2, home=home, **there)
    until(mark.exists, child)
    children = below(child.pid)
    assert len(children) == 3, "one that starts two"
    os.kill(child.pid if who == "hub" else children[0], signal.SIGKILL)
    _, err = child.communicate(timeout=60)
    assert gone(children)
    assert stopped_at(Paths(home), Wish("shared", 3))
    if who == "launcher":
        assert child.returncode == 1
        assert "Go on from its last checkpoint: hub reproduce shared" in err
        assert "--seed 3 --nproc 2" in err


@pytest.mark.timeout(100)
def test_second_ctrl_c_ends_all_of_them_in_the_middle_of_a_long_step(
    tmp_path: Path, home: Path
) -> None:
    mark = tmp_path / "begun"
    there = shared(tmp_path, f"Path({str(mark)!r}).touch(); time.sleep(60)")
    child = start("reproduce", "shared", "--seed", 3, "--nproc", 2, home=home, **there)
    until(mark.exists, child)
    children = below(child.pid)
    for _ in range(2):
        child.send_signal(signal.SIGINT)
        time.sleep(0.5)
    _, err = child.communicate(timeout=30)
    assert gone(children)
    assert child.returncode == 130 and "Traceback" not in err
    assert "Go on with: hub reproduce shared --budget full --resume --seed 3 --nproc 2" in err


# -- several processes through the command ----------------------------------------------------


@pytest.mark.timeout(150)
def test_two_processes_are_one_run_and_like_makes_it_again_by_two(
    tmp_path: Path, home: Path
) -> None:
    there = shared(tmp_path)
    words = ("reproduce", "shared", "--seed", 2, "--budget", "smoke")
    two = hub(*words, "--nproc", 2, "--json", home=home, **there)
    assert two.code == 0, two.err
    (record,) = hub("runs", "list", "--json", home=home, **there).data
    assert (record["processes"]["count"], record["processes"]["mode"]) == (2, "exact")
    for mode in ("exact", "fast"):
        if mode == "fast":
            said = hub(*words, "--nproc", 2, "--fast", "--json", home=home, **there)
            assert said.code == 0, said.err
            record = hub("runs", "show", said.json["runs"][0], "--json", home=home, **there).data
        file = tmp_path / f"{mode}.json"
        file.write_text(hub("runs", "export", record["id"], home=home, **there).out)
        other = tmp_path / f"other-{mode}"
        keep(Paths(other), Calibration({1: 1e12}, "2026-11-26T00:00:00+00:00"))
        again = hub("reproduce", "--like", file, "--json", home=other, **there)
        assert again.code == 0, again.err
        assert again.json["like"]["same_bits"] and again.json["like"]["expected"]
        (made,) = hub("runs", "list", "--json", home=other, **there).data
        for name in ("count", "mode", "shards"):
            assert made["processes"][name] == record["processes"][name]


def test_three_processes_are_refused_with_what_can_share(tmp_path: Path, home: Path) -> None:
    there = shared(tmp_path)
    said = hub(
        "--lang",
        "zh",
        "reproduce",
        "shared",
        "--seed",
        1,
        "--nproc",
        3,
        "--json",
        home=home,
        **there,
    )
    assert said.code == 2, said.err
    assert "3 个进程无法平分 4 片：请用 --nproc 1, 2, 4，或 --fast" in said.err
    assert said.json["data"] is None and said.json["error"]["exit_code"] == 2
