"""The ruler through its own door, python -m reproduce: kills, bad folders, faults, and a test split that no
recipe sees."""

import ast
import gc
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from reproduce import baseline
from tests import forked

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

pytestmark = pytest.mark.torch

RECIPE = "mnist_lenet"
"""With momentum, a schedule, and 128 steps over 2,000 made-up pictures."""


class Door:
    """`python -m reproduce` in a process of its own, with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out, self.words = folder.with_name("out"), folder.with_name("words")

    def start(self, *arguments: str, name: str = RECIPE) -> "ForkServerProcess":
        for path in (self.out, self.words):
            path.write_text("")
        line = [name, "--example", "--threads", "1", *arguments]
        if "--folder" not in arguments:
            line += ["--folder", str(self.folder)]
        return forked.started(forked.main, line, str(self.out), str(self.words))

    def ended(self, *arguments: str, name: str = RECIPE) -> int:
        """The exit code."""
        child = self.start(*arguments, name=name)
        child.join(50)
        assert child.exitcode is not None, "it does not end"
        assert "Traceback" not in self.words.read_text(), self.words.read_text()
        return child.exitcode

    def run(self, *arguments: str, name: str = RECIPE) -> dict[str, Any]:
        assert self.ended(*arguments, name=name) == 0, self.words.read_text()
        return dict(json.loads(self.out.read_text()))

    @property
    def checkpoints(self) -> list[Path]:
        return sorted(self.folder.glob("checkpoints/step-?????????"))

    def wait_for_checkpoint(self, child: "ForkServerProcess") -> None:
        before = self.checkpoints
        while self.checkpoints == before and child.is_alive():
            time.sleep(0.005)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "run")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return Door(tmp_path_factory.mktemp("undisturbed") / "run").run()


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was killed in its last third, with two checkpoints."""
    door = Door(tmp_path_factory.mktemp("killed") / "run")
    child = door.start("--every-steps", "10")
    while len(door.checkpoints) < 2 or door.checkpoints[-1].name < "step-000000080":
        assert child.is_alive()
        time.sleep(0.005)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    return door.folder


@pytest.fixture
def killed(door: Door, killed_once: Path) -> Door:
    """The door to such a run."""
    shutil.copytree(killed_once, door.folder)
    return door


BITS = ("digest", "value", "correct", "curve", "steps")


def bits(said: dict[str, Any]) -> list[Any]:
    return [said[name] for name in BITS]


# -- stopped and gone on with ----------------------------------------------------------------


@pytest.mark.timeout(120)
def test_run_killed_twenty_times_with_9_ends_with_the_same_number(
    door: Door, undisturbed: dict[str, Any]
) -> None:
    choose, killed = random.Random(4), 0
    while killed < 20:
        child = door.start("--resume", "--every-steps", "3")
        # Anywhere: at the start, within a step, while a checkpoint is written.
        if choose.random() < 0.7:
            door.wait_for_checkpoint(child)
        time.sleep(choose.random() * 0.06)
        assert child.is_alive(), "the run must be long enough for twenty kills"
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        killed += 1
    said = door.run("--resume")
    assert said["resumed_at"] is not None
    assert bits(said) == bits(undisturbed)
    assert said["training"]["wall_seconds"] > 0 and not door.checkpoints


def test_interrupted_run_says_how_to_go_on_and_does(
    door: Door, undisturbed: dict[str, Any]
) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        child = door.start("--resume", "--every-steps", "20")
        door.wait_for_checkpoint(child)
        os.kill(child.pid or 0, number)
        child.join(30)
        assert child.exitcode == 130 and "--resume" in door.words.read_text()
        assert door.out.read_text() == ""
    said = door.run("--resume")
    assert said["resumed_at"] >= 40 and bits(said) == bits(undisturbed)


def test_interrupted_while_torch_is_imported_it_ends_with_130(tmp_path: Path) -> None:
    for seconds in (0.3, 1.0):
        child = subprocess.Popen(
            [sys.executable, "-m", "reproduce", RECIPE, "--example", "--folder", str(tmp_path)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        # It listens once its own module is imported, and then loads torch.
        while "reproduce" not in Path(f"/proc/{child.pid}/cmdline").read_text():
            time.sleep(0.01)
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        out, words = child.communicate(timeout=50)
        assert child.returncode == 130, words
        assert out == "" and "Traceback" not in words


def test_interrupted_while_measuring_it_can_be_gone_on_with(tmp_path: Path) -> None:
    import torch

    from reproduce import run
    from reproduce.data import loaded
    from reproduce.session import Interrupted

    torch.set_num_threads(1)
    splits = loaded("mnist").example(400)
    measuring = [False]

    class Watched(type(splits.test)):  # type: ignore[misc]
        def __len__(self) -> int:
            measuring[0] = True
            return len(self.y)

    test = Watched(splits.test.x, splits.test.y)
    order = run.Order("mnist_fast", threads=1, folder=tmp_path)
    with pytest.raises(Interrupted):
        run.run(order, type(splits)(splits.train, test), {}, stop=lambda: measuring[0])
    again = run.Order("mnist_fast", threads=1, folder=tmp_path, resume=True)
    said = run.run(again, splits, {})
    whole = run.run(run.Order("mnist_fast", threads=1), splits, {})
    assert said["resumed_at"] == said["steps"] == whole["steps"]
    assert bits(said) == bits(whole)


# -- folders ---------------------------------------------------------------------------------


def harmed(path: Path, how: str) -> None:
    """One file of a checkpoint, damaged."""
    body = path.read_bytes()
    if how == "truncated":
        path.write_bytes(body[: len(body) // 2])
    elif how == "gone":
        path.unlink()
    else:
        changed = bytearray(body)
        changed[len(body) // 2] ^= 0xFF
        path.write_bytes(bytes(changed))


@pytest.mark.parametrize("how", ["truncated", "gone", "changed"])
def test_damaged_checkpoint_is_passed_over_and_the_run_says_so(
    killed: Door, undisturbed: dict[str, Any], how: str
) -> None:
    *_, before, newest = (int(path.name[5:]) for path in killed.checkpoints)
    names = ["tensors.safetensors", "state.json", "sums.json"]
    harmed(killed.checkpoints[-1] / names[["truncated", "gone", "changed"].index(how)], how)
    said = killed.run("--resume")
    assert said["resumed_at"] == before < newest and said["passed_over"] == 1
    assert bits(said) == bits(undisturbed)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--seed", "2"], "seed 1, now 2"),
        (["--budget", "short"], "budget full, now short"),
        (["--threads", "2"], "threads 1, now 2"),
        (["--exact"], "mode whole, now exact"),
    ],
)
def test_checkpoint_of_another_run_is_refused_not_mixed(
    killed: Door, arguments: list[str], named: str
) -> None:
    before = killed.checkpoints
    assert killed.ended("--resume", *arguments) == 2
    words = killed.words.read_text()
    assert named in words and "Without --resume it begins anew" in words
    assert killed.checkpoints == before, "what was trained is still there"


def test_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    from reproduce.session import Interrupted, OtherRun, Session

    def session(recipe: str) -> Any:
        stop = iter([False, True])
        return Session(seed=1, epochs=1, folder=tmp_path, of={"recipe": recipe},
                       stop=lambda: next(stop))  # fmt: skip

    with pytest.raises(Interrupted):
        list(session("of Monday").steps(100, batch=10))
    assert session("of Monday") is not None
    with pytest.raises(OtherRun, match="recipe of Monday, now of Tuesday"):
        session("of Tuesday")


def test_folder_that_takes_nothing_is_said_before_the_training(tmp_path: Path) -> None:
    # A file in the place of the folder: root may write in a folder that is read-only.
    door = Door(tmp_path / "run")
    door.folder.write_text("in the way")
    began = time.monotonic()
    assert door.ended() == 1
    assert "cannot write a checkpoint" in door.words.read_text()
    assert "step" not in door.words.read_text() and time.monotonic() - began < 40


def test_full_disk_ends_the_run_and_leaves_the_checkpoint_before(
    killed: Door, undisturbed: dict[str, Any]
) -> None:
    before = killed.checkpoints
    child = killed.start("--resume", "--every-steps", "10")
    # From now on no file may grow beyond this: a write fails as on a full disk.
    resource.prlimit(child.pid or 0, resource.RLIMIT_FSIZE, (50_000, 50_000))
    child.join(50)
    assert child.exitcode == 1, killed.words.read_text()
    words = killed.words.read_text()
    assert "cannot write a checkpoint" in words and "Traceback" not in words
    assert killed.checkpoints == before and not list(killed.folder.glob("checkpoints/*partial*"))
    said = killed.run("--resume")
    assert said["resumed_at"] == int(before[-1].name[5:]) and bits(said) == bits(undisturbed)


def test_two_runs_in_one_folder_do_not_write_over_each_other(door: Door) -> None:
    child = door.start("--every-steps", "10")
    door.wait_for_checkpoint(child)
    other = Door(door.folder.with_name("other") / "run")
    other.folder.parent.mkdir()
    os.kill(child.pid, signal.SIGSTOP)  # it may not end before the other comes
    try:
        assert other.ended("--folder", str(door.folder)) == 2
    finally:
        os.kill(child.pid, signal.SIGCONT)
    assert "another run is under way" in other.words.read_text()
    child.join(50)
    assert child.exitcode == 0


# -- faults ----------------------------------------------------------------------------------


def test_cuda_without_cuda_is_a_usage_error_before_anything_is_read(door: Door) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    assert door.ended("--device", "cuda") == 2
    assert "no CUDA device is here" in door.words.read_text()
    assert door.ended("--device", "cuda", "--progress", "json") == 2
    said = json.loads(door.words.read_text())
    assert said["code"] == 2 and "--device cpu" in said["failed"][0]


def test_unknown_baseline_names_those_there_are(door: Door) -> None:
    assert door.ended(name="mnist_lenett") == 4
    assert "mnist_lenet" in door.words.read_text()


def test_weights_that_are_no_numbers_are_not_kept_and_not_measured(tmp_path: Path) -> None:
    """The loss of a step is still a number when the step itself throws the weights out."""
    import torch

    from reproduce import checkpoint
    from reproduce.session import NotFinite, Session

    session = Session(seed=1, epochs=1, folder=tmp_path, every_steps=2)
    weight = torch.zeros(3)
    session.keep(weight=weight)
    with pytest.raises(NotFinite) as stopped:
        for step in session.steps(10, batch=1):
            weight += float("inf") if step.number == 5 else 1
            session.note(loss=1.0)
    assert stopped.value.step == 5 and "weight" in str(stopped.value)
    found = checkpoint.newest(tmp_path)
    assert found is not None and found.step == 4


def test_loss_that_is_no_number_is_said_with_its_very_step() -> None:
    from reproduce.session import NotFinite, Session

    session = Session(seed=1, epochs=1)
    with pytest.raises(NotFinite) as stopped:
        for step in session.steps(100_000, batch=10):
            session.note(loss=float("nan") if step.number == 4_321 else 1.0)
    assert stopped.value.step == 4_321


def test_time_that_was_used_before_a_stop_counts(tmp_path: Path) -> None:
    from reproduce.session import Interrupted, Session

    asked = iter([False, False, True])
    first = Session(seed=1, epochs=1, folder=tmp_path, most_seconds=0.2, stop=lambda: next(asked))
    with pytest.raises(Interrupted):
        for _ in first.steps(100, batch=10):
            time.sleep(0.08)
    again = Session(seed=1, epochs=1, folder=tmp_path, most_seconds=0.2)
    assert list(again.steps(100, batch=10)) == [] and again.cut
    assert again.spent_before["wall_seconds"] >= 0.2


# -- the test split --------------------------------------------------------------------------


class Poisoned:
    """A test split that says who reads it, and lets nobody who trains."""

    def __init__(self, split: Any) -> None:
        self._split = split
        self.rows: list[int] = []

    def __len__(self) -> int:
        return len(self._split)

    def _read(self, name: str) -> Any:
        frame = sys._getframe()
        while frame.f_back:
            frame = frame.f_back
            training = frame.f_code.co_name == "train" and "baselines" in frame.f_code.co_filename
            assert not training, "a recipe reads the test split"
        return Watching(getattr(self._split, name), self.rows if name == "x" else [])

    @property
    def x(self) -> Any:
        return self._read("x")

    @property
    def y(self) -> Any:
        return self._read("y")


class Watching:
    """A tensor that notes which of its rows are read."""

    def __init__(self, tensor: Any, rows: list[int]) -> None:
        self.tensor, self.rows = tensor, rows

    def __getitem__(self, part: slice) -> Any:
        self.rows += range(*part.indices(len(self.tensor)))
        return self.tensor[part]


@pytest.mark.parametrize("name", baseline.names())
def test_test_split_is_measured_once_and_never_seen_by_what_trains(name: str) -> None:
    import torch

    from reproduce import run
    from reproduce.data import Splits, loaded

    torch.set_num_threads(1)
    splits = loaded(baseline.declared(name).dataset).example(120)
    poisoned = Poisoned(splits.test)
    order = run.Order(name, budget="smoke", threads=1)
    said = run.run(order, Splits(splits.train, poisoned), {})  # type: ignore[arg-type]
    assert sorted(poisoned.rows) == list(range(120))
    assert said["tested"] == 120


def test_nothing_that_a_recipe_is_given_leads_to_the_test_split(tmp_path: Path) -> None:
    """Followed as the collector of garbage does, from the session and the data."""
    import torch

    from reproduce import run
    from reproduce.data import loaded

    torch.set_num_threads(1)
    splits = loaded("mnist").example(50)
    found: list[bool] = []

    def look(told: Any) -> None:
        frame: Any = sys._getframe()
        while frame.f_code.co_name != "train":
            frame = frame.f_back
        found.append(leads([frame.f_locals["data"], frame.f_locals["session"]], splits.test.x))

    order = run.Order("mnist_fast", budget="smoke", threads=1, folder=tmp_path)
    run.run(order, splits, {}, tell=look)
    assert found and not any(found)


def leads(start: list[Any], goal: Any) -> bool:
    """True when the goal can be reached from there, past modules, classes and this test."""
    seen: set[int] = set()
    ahead = list(start)
    while ahead:
        one = ahead.pop()
        if one is goal:
            return True
        if id(one) in seen or isinstance(one, ModuleType | FrameType | type):
            continue
        seen.add(id(one))
        if isinstance(one, FunctionType):
            # What it closes over; not the globals of its module, and not this very test.
            cells = one.__closure__ or ()
            ahead += [] if one.__name__ == "look" else [cell.cell_contents for cell in cells]
        elif not isinstance(one, str | int | float | bytes):
            ahead += [part for part in gc.get_referents(one) if part is not globals()]
    return False


# -- what a Run says -------------------------------------------------------------------------


def test_run_says_under_which_conditions_it_was_measured(undisturbed: dict[str, Any]) -> None:
    from reproduce import machine, run

    run.check(undisturbed)
    sources = undisturbed["sources"]
    here = Path(run.__file__).parent
    for name in ("baselines/mnist_lenet.py", "datasets/mnist.py", "session.py", "speed.py", "run.py",
                 "processes.py", "chance.py", "madeup.py"):  # fmt: skip
        assert sources[name] == machine.sum_of(here / name), name
    assert undisturbed["recipe_sha256"] == sources["baselines/mnist_lenet.py"]
    environment = undisturbed["environment"]
    assert environment["products"] in ("bfloat16", "float32")
    assert environment["threads"] == 1 and environment["deterministic"] is True
    assert {"torch", "torch_build", "python", "system", "processor", "instructions", "cores",
            "variables", "hub", "commit", "command", "precision"} <= environment.keys()  # fmt: skip
    assert undisturbed["processes"]["count"] == 1 and undisturbed["processes"]["mode"] == "whole"
    for clock in (undisturbed["training"], undisturbed["whole"]):
        assert clock["wall_seconds"] > 0 and clock["cpu_seconds"] > 0 and clock["peak_bytes"] > 0
    assert {"reason": "data are not the makers' own bytes"} in undisturbed["reasons"]


def test_variables_that_change_bits_or_speed_stand_in_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from reproduce import machine

    said = {"OMP_NUM_THREADS": "1", "MKL_CBWR": "COMPATIBLE", "MALLOC_ARENA_MAX": "2",
            "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "default"}  # fmt: skip
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MY_SECRET_TOKEN", "not to be told")
    assert said.items() <= machine.environment()["variables"].items()
    assert "MY_SECRET_TOKEN" not in machine.environment()["variables"]


@pytest.mark.parametrize("name", baseline.names())
def test_recipes_draw_chance_from_their_session_alone(name: str) -> None:
    """Whatever else they drew from would not stand in a checkpoint."""
    tree = ast.parse((baseline.FOLDER / f"{name}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {"random", "numpy", "secrets", "time", "os"} & {n.split(".")[0] for n in named}
        if isinstance(node, ast.Attribute) and node.attr in ("Dropout", "dropout"):
            pytest.fail("nn.Dropout draws in the order of the batch: use shard.drop")


def compiled() -> tuple[bool, float]:
    """Whether a run loaded what torch's compiler stands on, and what the compiler makes of 1 afterwards."""
    import torch

    from reproduce import run
    from reproduce.data import loaded

    run.run(run.Order("mnist_fast", threads=1), loaded("mnist").example(100), {})
    was_loaded = "sympy" in sys.modules
    return was_loaded, torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item()


def test_compiler_is_not_loaded_and_still_there_for_who_asks(tmp_path: Path) -> None:
    assert forked.together(1, tmp_path / "meeting", compiled) == [(False, 2.0)]
