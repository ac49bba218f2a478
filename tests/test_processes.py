"""Several processes train as one: the same bits in exact mode, the same numbers in fast mode, and one that
dies or hangs takes nothing along but time."""

import importlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count as counting
from pathlib import Path
from typing import Any

import pytest

from reproduce import baseline
from tests import forked, warm

pytestmark = pytest.mark.torch

SHARED = [name for name in baseline.names() if baseline.declared(name).shared]
ROWS = 150


# -- what a process of a run does ------------------------------------------------------------


def planned(mode: str) -> Any:
    import torch

    from reproduce import processes

    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")
    return processes.plan(mode, None)  # type: ignore[arg-type]


def recipe_trained(
    name: str, mode: str, epochs: float, folder: Path | None = None, until: int | None = None
) -> tuple[str, Any, Any]:
    """Digest, curve and place of a recipe; stopped before step `until`."""
    import torch

    from reproduce.data import loaded
    from reproduce.processes import together
    from reproduce.session import Interrupted, Session
    from reproduce.speed import without_compiler

    one = planned(mode)
    with together(one, torch.device("cpu"), patience=45):
        without_compiler()
        looks = counting(1)
        # One look a step, by each process; the second process alone is asked to stop.
        stop = (lambda: next(looks) == until) if one.rank == one.count - 1 else (lambda: False)
        session = Session(seed=4, epochs=epochs, folder=folder, processes=one, stop=stop)
        data = loaded(baseline.declared(name).dataset).example(ROWS).train
        try:
            importlib.import_module(f"reproduce.baselines.{name}").train(data, session)
        except Interrupted:
            return "stopped", None, session.done
        return session.digest(), session.curve, session.resumed_at


def network_trained(mode: str) -> list[list[float]]:
    """The parameters and averages of a small float32 network with batch normalisation and dropout."""
    import torch
    from torch import nn

    from reproduce.processes import together
    from reproduce.session import Session
    from reproduce.speed import without_compiler

    one = planned(mode)
    with together(one, torch.device("cpu"), patience=45):
        without_compiler()
        session = Session(seed=4, epochs=5, processes=one)
        chance = torch.Generator().manual_seed(0)
        x, y = torch.randn(71, 6, generator=chance), torch.randint(0, 3, (71,), generator=chance)
        first, norm, last = nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Linear(16, 3)
        network = nn.Sequential(first, norm, last)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        session.keep(network=network, optimizer=optimizer)
        for step in session.steps(len(x), batch=16):
            optimizer.zero_grad()
            for shard in session.shards(step):
                hidden = shard.drop(norm(first(x[shard.indices])).relu(), 0.25)
                loss = nn.functional.cross_entropy(last(hidden), y[shard.indices])
                (shard.share * loss).backward()
                session.note(loss=loss)
            session.sum_gradients()
            optimizer.step()
        return [part.double().flatten().tolist() for part in network.state_dict().values()]


def stopped_by_a_loss_that_is_no_number() -> str:
    """What every process says when the last one alone meets it, in step 3."""
    import torch
    from torch import nn

    from reproduce.processes import together
    from reproduce.session import NotFinite, Session

    one = planned("exact")
    with together(one, torch.device("cpu"), patience=45):
        session, network = Session(seed=1, epochs=1, processes=one), nn.Linear(2, 1)
        session.keep(network=network)
        try:
            for step in session.steps(80, batch=8):
                for shard in session.shards(step):
                    bad = one.rank == one.count - 1 and step.number == 3
                    loss = network(torch.ones(len(shard.indices), 2)).mean()
                    loss = loss * (math.nan if bad else 1)
                    (shard.share * loss).backward()
                    session.note(loss=loss)
                session.sum_gradients()
        except NotFinite as error:
            return str(error)
    return "nothing"


def measured(rows: int, metric: str) -> tuple[float, int | None]:
    """A predictor that is wrong here and there, measured over so many rows."""
    import torch

    from reproduce import run
    from reproduce.data import Split
    from reproduce.processes import together

    one = planned("fast")
    with together(one, torch.device("cpu"), patience=45):
        chance = torch.Generator().manual_seed(0)
        x = torch.randn(rows, 10, generator=chance, dtype=torch.float64)
        declared = baseline.declared("diabetes_linear" if "squared" in metric else "mnist_linear")
        y = x[:, 0] if "squared" in metric else torch.arange(rows) % 10
        predict: Callable[[Any], Any] = (
            (lambda rows: rows.sum(dim=1)) if "squared" in metric else (lambda rows: rows)
        )
        found = run.measure(declared, predict, Split(x, y), processes=one)
        return found.value, found.correct


# -- exact -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHARED)
def test_one_two_and_four_processes_end_with_the_same_bits(name: str, tmp_path: Path) -> None:
    """150 rows: the last batch has 22, which four shards cannot share evenly."""
    runs = {
        n: forked.together(n, tmp_path / f"meeting-{n}", recipe_trained, name, "exact", 2)
        for n in (1, 2, 4)
    }
    digest, curve, _ = runs[1][0]
    for n, said in runs.items():
        assert [one[:2] for one in said[:1]] == [(digest, curve)], n
    assert math.isfinite(curve[-1]["loss"])


def test_run_goes_on_with_another_number_of_processes_to_the_same_bits(tmp_path: Path) -> None:
    def trained(n: int, until: int | None, folder: Path | None = tmp_path / "run") -> Any:
        meeting = tmp_path / f"meeting-{n}-{until}"
        return forked.together(n, meeting, recipe_trained, "mnist_fast", "exact", 6, folder, until)

    whole = trained(1, None, None)[0]
    assert {one[0] for one in trained(2, 3)} == {"stopped"}
    assert {one[2] for one in trained(4, 2)} == {5}, "all stop after the same step"
    again = trained(1, None)[0]
    assert again[2] == 5
    assert again[:2] == whole[:2]


def test_a_batch_is_cut_by_position_and_no_row_is_lost_or_seen_twice() -> None:
    import torch

    from reproduce.processes import Processes

    for rows in (1, 2, 3, 4, 7, 22, 128):
        batch = torch.randperm(rows)
        for count in (1, 2, 4):
            parts = []
            for rank in range(count):
                one = Processes(rank, count, "exact", 4)
                parts += [one.rows(batch, shard) for shard in one.own]
            assert len(parts) == 4 and len(parts[0])
            assert torch.equal(torch.cat(parts), batch)
            assert max(len(part) for part in parts) - min(len(part) for part in parts) <= 1


def test_loss_that_is_no_number_for_one_stops_all_at_the_same_step(tmp_path: Path) -> None:
    said = forked.together(2, tmp_path / "meeting", stopped_by_a_loss_that_is_no_number)
    assert said == ["the loss is nan at step 3"] * 2


# -- fast ------------------------------------------------------------------------------------


def test_fast_processes_find_the_numbers_that_one_finds(tmp_path: Path) -> None:
    """Dropout and batch normalisation included; 71 rows leave a last batch of 7."""
    [alone] = forked.together(1, tmp_path / "meeting-1", network_trained, "whole")
    for n in (2, 3):
        for said in forked.together(n, tmp_path / f"meeting-{n}", network_trained, "fast"):
            for found, true in zip(said, alone, strict=True):
                assert found == pytest.approx(true, rel=1e-5, abs=1e-5)


# -- measuring -------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["error", "mean squared error"])
def test_every_row_is_measured_once_whoever_measures_it(metric: str, tmp_path: Path) -> None:
    for rows in (1, 999, 2_501):
        [alone] = forked.together(1, tmp_path / "m", measured, rows, metric)
        said = forked.together(3, tmp_path / f"m-{rows}", measured, rows, metric)
        assert said == [alone] * 3


# -- started from outside --------------------------------------------------------------------

COMMAND = ["mnist_lenet", "--example", "--every-steps", "4", "--patience", "12"]


LAUNCHER = """
import runpy, sys
sys.executable = sys.argv.pop(1)
runpy.run_module("reproduce", run_name="__main__", alter_sys=True)
"""


class RunOfTwo:
    """A run of two processes in a folder, that is started and gone on with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, python: str | None = None) -> tuple["subprocess.Popen[str]", list[int]]:
        """The process that starts them, and theirs (of this interpreter), once they have written a
        checkpoint more."""
        before = self._newest()
        child = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, python or warm.python(), *COMMAND, "--nproc", "2", "--resume",
             "--folder", str(self.folder)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while self._newest() == before:
            assert child.poll() is None, child.communicate()
            time.sleep(0.01)
        return child, children_of(child.pid)

    def _newest(self) -> str:
        said = self.folder.glob("checkpoints/step-?????????")
        return max((path.name for path in said), default="")


def trained(folder: Path, *arguments: str) -> dict[str, Any]:
    """The Run of one process that takes the same shards."""
    out, words = folder / "alone.json", folder / "alone.txt"
    alone = forked.started(forked.main, [*COMMAND, "--exact", *arguments], str(out), str(words))
    alone.join(60)
    assert alone.exitcode == 0, words.read_text()
    return dict(json.loads(out.read_text()))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the run comes to when nothing befalls it."""
    whole = trained(tmp_path_factory.mktemp("undisturbed"))
    assert whole["resumed_at"] is None
    return whole


def children_of(pid: int) -> list[int]:
    said = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in said]


def gone(pids: list[int], seconds: float = 20) -> bool:
    """True when none of the processes is there any more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def hangs(one: RunOfTwo) -> None:
    """One of the two gives no sign of life any more."""
    child, ranks = one.start(sys.executable)  # Only a process itself can be halted.
    os.kill(ranks[0], signal.SIGSTOP)
    _, words = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "gives no answer" in words and "Traceback" not in words and gone(ranks)


def dies(one: RunOfTwo) -> None:
    child, ranks = one.start()
    os.kill(ranks[1], signal.SIGKILL)
    _, words = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "process 2 of 2 was killed (signal 9)" in words and "Traceback" not in words
    assert words.count("--resume") == 1 and gone(ranks)


def is_orphaned(one: RunOfTwo) -> None:
    """Whoever started them dies, and cannot end them."""
    child, ranks = one.start()
    child.kill()
    child.communicate()
    assert gone(ranks)


def is_interrupted(one: RunOfTwo) -> None:
    child, ranks = one.start()
    child.send_signal(signal.SIGINT)
    _, words = child.communicate(timeout=60)
    assert child.returncode == 130 and "--resume" in words and "Traceback" not in words
    assert gone(ranks)


@pytest.mark.timeout(150)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
def test_whatever_befalls_two_processes_the_run_ends_soon_and_goes_on_to_the_same_bits(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    one = RunOfTwo(tmp_path / "run")
    for befalls in (hangs, dies, is_orphaned, is_interrupted):
        befalls(one)

    last = trained(tmp_path, "--resume", "--folder", str(one.folder))
    assert last["resumed_at"] >= 16
    assert (last["digest"], last["value"]) == (undisturbed["digest"], undisturbed["value"])
    assert last["curve"] == undisturbed["curve"]
    assert last["processes"]["mode"] == "exact" and last["processes"]["shards"] == 4
    assert not (one.folder / "checkpoints").exists(), "a finished run needs no checkpoint"


@pytest.mark.timeout(120)
def test_torchrun_starts_them_too_and_after_a_death_they_go_on_to_the_same_bits(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    folder = tmp_path / "run"
    child = subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "--max-restarts", "1", "--monitor-interval", "0.1",
         "-m", "reproduce", *COMMAND, "--folder", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(folder.glob("checkpoints/step-?????????")):
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)
    os.kill(children_of(child.pid)[-1], signal.SIGKILL)
    out, words = child.communicate(timeout=90)
    assert child.returncode == 0, words
    said = json.loads(out)
    assert said["processes"]["count"] == 2 and said["resumed_at"] >= 4
    assert (said["digest"], said["value"]) == (undisturbed["digest"], undisturbed["value"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mnist_logistic", "--nproc", "2"], "computed in one piece"),
        (["mnist_logistic", "--exact"], "computed in one piece"),
        (["mnist_lenet", "--shards", "8"], "--shards is for --exact"),
        (["mnist_lenet", "--exact", "--nproc", "0"], "more than 0"),
    ],
)
def test_what_cannot_be_shared_is_a_usage_error(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    child = forked.started(forked.main, arguments, str(tmp_path / "out"), str(tmp_path / "words"))
    child.join(30)
    assert child.exitcode == 2
    assert said in (tmp_path / "words").read_text()
    assert (tmp_path / "out").read_text() == ""


def test_three_processes_are_told_how_many_can_share_four_shards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from reproduce.processes import plan
    from reproduce.shares import CannotShare

    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(CannotShare, match="--nproc 1, 2, 4, or --fast"):
        plan("exact", None)
    assert plan("exact", 6).own == range(0, 2)
    assert plan("fast", None).shards == 3


# -- chance that hangs on the row ------------------------------------------------------------


def test_streams_are_those_of_splitmix64() -> None:
    """The first numbers after seed 1234567, as other implementations print them."""
    import torch

    from reproduce import chance

    said = [int(one) % 2**64 for one in chance.stream(1234567, torch.arange(3))]
    assert said == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_what_is_dropped_hangs_on_seed_epoch_and_row_alone() -> None:
    import torch

    from reproduce.batch import Step
    from reproduce.session import Session

    def dropped(rows: list[int], seed: int = 1, epoch: int = 0) -> "torch.Tensor":
        step = Step(torch.tensor(rows), epoch, 0, 1, True, True)
        [shard] = Session(seed=seed, epochs=1).shards(step)
        return torch.stack([shard.drop(torch.ones(len(rows), 3, 37), 0.25) for _ in range(2)], 1)

    together, apart = dropped([5, 9, 2]), [dropped([9]), dropped([2, 5])]
    assert torch.equal(together[1], apart[0][0]) and torch.equal(together[0], apart[1][1])
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(together[:, 0], together[:, 1]), "the second layer's are others"
    assert not torch.equal(together, dropped([5, 9, 2], seed=2))
    assert not torch.equal(together, dropped([5, 9, 2], epoch=1))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_as_many_are_dropped_as_asked_for_and_the_sum_stays(share: float) -> None:
    import torch

    from reproduce import chance
    from reproduce.batch import Step
    from reproduce.session import Session

    step = Step(torch.arange(2_000), 0, 0, 1, True, True)
    [shard] = Session(seed=1, epochs=1).shards(step)
    x = shard.drop(torch.ones(2_000, 500), share)
    off = 5 * math.sqrt(share * (1 - share) / x.numel())
    assert float((x == 0).double().mean()) == pytest.approx(share, abs=off)
    assert float(x[x != 0].unique()) == pytest.approx(1 / (1 - share))
    # Neither rows nor columns know of each other.
    zero = (x == 0).double() - share
    for pairs in (zero[1:] * zero[:-1], zero[:, 1:] * zero[:, :-1], zero[:, 8:] * zero[:, :-8]):
        assert abs(float(pairs.mean())) < off
    drawn = chance.uniform(3, torch.arange(1_000), 0, 301)
    assert float(drawn.min()) >= 0 and float(drawn.max()) < 1
    assert float(drawn.mean()) == pytest.approx(0.5, abs=0.005)
    assert float(drawn.var()) == pytest.approx(1 / 12, abs=0.002)
