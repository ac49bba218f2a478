"""The network baselines: as large as they say, resumed to the very same bits, and able to learn."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reproduce.data import Split, Splits, loaded

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

ALL = ["mnist_mlp", "mnist_lenet", "mnist_examples", "mnist_fast", "fashion_mnist_cnn"]
ROWS = 150


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def recipe(name: str) -> Any:
    """The file of a baseline."""
    return importlib.import_module(f"reproduce.baselines.{name}")


def made_up(rows: int = ROWS) -> Split:
    return loaded("mnist").example(rows).train


def session(epochs: float, **more: Any) -> Any:
    from reproduce.session import Session

    return Session(seed=4, epochs=epochs, **more)


def accuracy(predict: Any, split: Split) -> float:
    """Percent."""
    import torch

    with torch.no_grad():
        return 100 * float((predict(split.x).argmax(dim=1) == split.y).double().mean())


def losses(kept: Any) -> list[float]:
    return [point["loss"] for point in kept.curve if "loss" in point]


# -- declarations ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_declared_parameters_are_those_of_the_network(name: str) -> None:
    file = recipe(name)
    network = file.Network() if hasattr(file, "Network") else file.network()
    counted = sum(one.numel() for one in network.parameters() if one.requires_grad)
    assert file.BASELINE.parameters == counted


@pytest.mark.parametrize("name", ALL)
def test_declared_operations_are_those_of_a_step(name: str) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    rows = 16

    def counted(epochs: int) -> int:
        with FlopCounterMode(display=False) as counter:
            recipe(name).train(made_up(rows), session(epochs))
        return int(counter.get_total_flops())

    # What comes before the loop is in both.
    assert (counted(2) - counted(1)) / rows == recipe(name).BASELINE.flops


@pytest.mark.parametrize("name", ALL)
def test_predictor_gives_ten_scores_for_each_picture(name: str) -> None:
    predict = recipe(name).train(made_up(20), session(1))
    for rows in (1, 7):
        assert predict(made_up(7).x[:rows]).shape == (rows, 10)


@pytest.mark.parametrize("name", ["mnist_lenet", "mnist_fast"])
def test_learning_rate_goes_up_in_a_line_and_down_to_nothing(name: str) -> None:
    file = recipe(name)
    assert file.rate(0) == file.rate(1) == 0
    assert file.rate(file.RISE) == pytest.approx(file.LEARNING_RATE)
    assert file.rate(file.RISE / 2) == pytest.approx(file.LEARNING_RATE / 2)
    assert file.rate((1 + file.RISE) / 2) == pytest.approx(file.LEARNING_RATE / 2)


# -- the same bits ---------------------------------------------------------------------------


def trained(name: str, **more: Any) -> tuple[str, "Tensor"]:
    """Digest of everything kept, and the scores of some pictures."""
    import torch

    kept = session(4, **more)
    predict = recipe(name).train(made_up(), kept)
    with torch.no_grad():
        return kept.digest(), predict(made_up(9).x)


@pytest.mark.parametrize("name", ALL)
def test_interrupted_and_resumed_it_ends_with_the_same_bits(name: str, tmp_path: Path) -> None:
    import torch

    from reproduce.session import Interrupted

    digest, scores = trained(name)
    asked = [0]

    def third() -> bool:
        asked[0] += 1
        return asked[0] == 3

    with pytest.raises(Interrupted):
        trained(name, folder=tmp_path, stop=third)
    again, same = trained(name, folder=tmp_path)
    assert again == digest
    assert torch.equal(same, scores)


def test_another_seed_gives_another_network() -> None:
    from reproduce.session import Session

    digests = set()
    for seed in (1, 2):
        kept = Session(seed=seed, epochs=1)
        recipe("mnist_fast").train(made_up(), kept)
        digests.add(kept.digest())
    assert len(digests) == 2


# -- learning --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "epochs", "reached"),
    [("mnist_mlp", 4, 90), ("mnist_lenet", 4, 90), ("mnist_fast", 4, 95)],
)
def test_made_up_pictures_are_learnt(name: str, epochs: int, reached: float) -> None:
    splits, kept = loaded("mnist").example(1_500), session(epochs)
    predict = recipe(name).train(splits.train, kept)
    assert losses(kept)[-1] < losses(kept)[0] / 2
    assert accuracy(predict, splits.test) >= reached


@pytest.fixture(scope="module")
def mnist(real_data: Path) -> Splits:
    return loaded("mnist").load(real_data / "mnist")


@pytest.mark.parametrize(
    ("name", "rows", "epochs", "least", "most"),
    [
        ("mnist_fast", 6_400, 1, 94.5, 98.5),
        ("mnist_mlp", 6_400, 2, 76.0, 84.0),
        ("mnist_lenet", 6_400, 1, 85.0, 96.0),
        ("mnist_examples", 3_840, 1, 84.0, 95.0),
    ],
)
def test_a_short_training_on_digits_ends_in_a_known_band(
    mnist: Splits, name: str, rows: int, epochs: int, least: float, most: float
) -> None:
    kept = session(epochs)
    predict = recipe(name).train(Split(mnist.train.x[:rows], mnist.train.y[:rows]), kept)
    assert losses(kept)[-1] < losses(kept)[0]
    assert least <= accuracy(predict, Split(mnist.test.x[:2_000], mnist.test.y[:2_000])) <= most


# -- speed -----------------------------------------------------------------------------------


def small() -> Any:
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(8 * 36, 4))


def test_looking_at_the_gradient_leaves_no_trace() -> None:
    import torch

    from reproduce import speed

    network, x = small(), torch.rand(5, 3, 8, 8)
    state = {name: one.clone() for name, one in network.state_dict().items()}
    chance = torch.get_rng_state()
    change = speed.gradient_change(network, lambda: network(x).square().mean())
    assert 0 < change < speed.TOLERATED
    assert network.training
    assert torch.equal(torch.get_rng_state(), chance)
    assert all(one.grad is None for one in network.parameters())
    assert all(torch.equal(one, state[name]) for name, one in network.state_dict().items())


def product_in(context: Any) -> Any:
    """The type in which a product of matrices is taken there."""
    import torch

    with context:
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_where_bfloat16_changes_the_gradient_it_is_not_used() -> None:
    import torch

    from reproduce import speed

    network, x = small(), torch.rand(5, 3, 8, 8)

    def small_difference() -> "Tensor":
        # 1000 and 1000.5 are one number in bfloat16: what is left of their difference is rounding.
        return ((network(x) + 1000).matmul(torch.ones(4, 4)) - 4000).square().mean()

    assert speed.gradient_change(network, small_difference) > speed.TOLERATED
    harmful = speed.arithmetic(network, small_difference)
    harmless = speed.arithmetic(network, lambda: network(x).square().mean())
    assert product_in(harmful) == torch.float32
    assert product_in(harmless) == (torch.bfloat16 if speed.in_processor() else torch.float32)


def test_a_network_without_gradient_is_left_in_float32() -> None:
    import torch

    from reproduce import speed

    network = small()
    nothing = speed.gradient_change(network, lambda: (network(torch.zeros(2, 3, 8, 8)) * 0).sum())
    assert nothing == float("inf")


def test_channels_side_by_side_give_the_same_numbers() -> None:
    import torch

    from reproduce import speed

    network, x = small().eval(), torch.rand(5, 3, 8, 8)
    plain = network(x)
    assert torch.allclose(speed.channels_last(network)(x), plain, atol=1e-5)


def test_the_allocator_is_asked_and_memory_still_comes() -> None:
    import torch

    from reproduce import speed

    assert speed.quick_allocator() in (True, False)
    assert float(torch.ones(1 << 20).sum()) == 1 << 20
