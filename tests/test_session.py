"""The ruler's session: named chance, every example once an epoch, and resuming to the very same bits."""

import json
import math
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.torch

STEPS = 60


def trained(
    folder: Path | None,
    *,
    every: int | None = None,
    stop: Callable[[int], bool] = lambda step: False,
    seed: int = 5,
) -> str:
    """The digest of a small network with dropout, momentum and a schedule, trained for 60 steps."""
    import torch
    from torch import nn

    from reproduce.session import Session

    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    at = [0]
    session = Session(seed=seed, epochs=3, folder=folder, every_steps=every,
                      stop=lambda: stop(at[0]))  # fmt: skip
    chance = torch.Generator().manual_seed(0)
    x, y = torch.randn(160, 6, generator=chance), torch.randint(0, 3, (160,), generator=chance)
    network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    average = torch.zeros(6)
    session.keep(network=network, optimizer=optimizer, schedule=schedule, average=average)
    for step in session.steps(len(x), batch=8):
        at[0] = step.number + 1
        batch = x[step.indices]
        loss = nn.functional.cross_entropy(network(batch), y[step.indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.mul_(0.9).add_(batch.mean(dim=0), alpha=0.1)
        if step.last:
            schedule.step()
        session.note(loss=loss)
    curve = [(round(p["step"]), p["loss"]) for p in session.curve if "loss" in p]
    return f"{session.digest()} {hash(tuple(curve))}"


@pytest.fixture(scope="module")
def undisturbed() -> str:
    return trained(None)


def test_same_seed_gives_the_same_bits_and_another_one_others(undisturbed: str) -> None:
    assert trained(None) == undisturbed
    assert trained(None, seed=6) != undisturbed


@pytest.mark.parametrize("at", sorted(random.Random(2).sample(range(1, STEPS), 20)))
def test_run_stopped_at_any_step_and_gone_on_with_ends_with_the_same_bits(
    tmp_path: Path, at: int, undisturbed: str
) -> None:
    from reproduce.session import Interrupted

    with pytest.raises(Interrupted):
        trained(tmp_path / "run", stop=lambda step: step == at)
    assert trained(tmp_path / "run") == undisturbed


def test_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path, undisturbed: str) -> None:
    from reproduce import checkpoint
    from reproduce.session import Interrupted

    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        trained(folder, every=10, stop=lambda step: step == 35)
    newest, before = sorted(folder.glob("step-*"), reverse=True)[:2]
    for path in newest.iterdir():
        harmed = tmp_path / f"harmed-{path.name}"
        shutil.copytree(folder, harmed)
        target = harmed / newest.name / path.name
        body = bytearray(target.read_bytes())
        body[len(body) // 2] ^= 0xFF
        target.write_bytes(body)
        found = checkpoint.newest(harmed)
        assert found is not None and found.step == int(before.name[5:]), path.name
        assert trained(harmed) == undisturbed


def test_checkpoint_without_room_leaves_the_one_before(tmp_path: Path) -> None:
    import resource

    import torch

    from reproduce import checkpoint

    checkpoint.save(tmp_path, 1, {}, {"a": torch.ones(10)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(checkpoint.NoRoom):
            checkpoint.save(tmp_path, 2, {}, {"a": torch.ones(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    found = checkpoint.newest(tmp_path)
    assert found is not None and found.step == 1
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001"]


def test_every_example_comes_once_an_epoch_and_the_order_is_of_the_seed() -> None:
    from reproduce.session import Session

    def rows(seed: int) -> list[list[int]]:
        session = Session(seed=seed, epochs=2)
        return [step.indices.tolist() for step in session.steps(103, batch=10)]

    first = rows(1)
    for epoch in (first[:11], first[11:]):
        assert sorted(row for batch in epoch for row in batch) == list(range(103))
    assert rows(1) == first and rows(2) != first
    assert first[:11] != first[11:], "another order in each epoch"


@pytest.mark.parametrize(("epochs", "steps"), [(0.5, 5), (1.0, 10), (2.5, 25), (0.01, 1)])
def test_fraction_of_an_epoch_is_that_share_of_its_steps(epochs: float, steps: int) -> None:
    from reproduce.session import Session

    session = Session(seed=1, epochs=epochs)
    assert len(list(session.steps(100, batch=10))) == steps


def test_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_checkpoint(
    tmp_path: Path,
) -> None:
    import torch

    from reproduce import checkpoint
    from reproduce.session import NotFinite, Session

    session = Session(seed=1, epochs=1, folder=tmp_path, every_steps=5)
    weight = torch.zeros(3)
    session.keep(weight=weight)
    with pytest.raises(NotFinite) as stopped:
        for step in session.steps(100, batch=1):
            weight += 1
            session.note(loss=math.nan if step.number == 17 else 1.0)
    assert stopped.value.step == 17
    found = checkpoint.newest(tmp_path)
    assert found is not None and found.step == 15


def test_generators_of_different_names_do_not_move_each_other() -> None:
    import torch

    from reproduce.session import NAMES, Session

    session = Session(seed=3, epochs=1)
    first = {name: torch.rand(4, generator=session.generator(name)).tolist() for name in NAMES}
    assert len({tuple(values) for values in first.values()}) == len(NAMES)
    assert torch.rand(4, generator=session.generator("order")).tolist() == first["order"]


def test_limit_of_steps_or_seconds_ends_the_training_and_says_so() -> None:
    from reproduce.session import Session

    session = Session(seed=1, epochs=5, most_steps=7)
    assert len(list(session.steps(100, batch=10))) == 7 and session.cut
    session = Session(seed=1, epochs=5, most_seconds=0.0)
    assert len(list(session.steps(100, batch=10))) == 1 and session.cut


def test_state_of_other_kinds_survives_a_checkpoint(tmp_path: Path) -> None:
    import torch

    from reproduce.checkpoint import flatten, newest, save, unflatten

    said: dict[str, Any] = {
        "state": {0: {"step": torch.tensor(3.0), "betas": (0.9, 0.999)}, 1: {}},
        "param_groups": [{"lr": 0.1, "params": [0, 1], "foreach": None, "fused": False}],
        "name": "x",
    }
    tensors: dict[str, torch.Tensor] = {}
    taken = json.loads(json.dumps(flatten("part", said, tensors)))
    save(tmp_path, 4, {"taken": taken}, tensors)
    found = newest(tmp_path)
    assert found is not None
    back = unflatten(found.state["taken"], found.tensors)
    assert back["param_groups"] == said["param_groups"] and back["name"] == "x"
    assert back["state"][0]["betas"] == (0.9, 0.999) and float(back["state"][0]["step"]) == 3.0
