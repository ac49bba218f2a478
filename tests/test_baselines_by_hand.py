"""Gradients that were worked out by hand are those of autograd, and walks downhill end where formulas say."""

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reproduce import baseline
from reproduce.data import Split, Splits, loaded

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

CLOSE = 1e-6

STEPPING = ["diabetes_linear", "digits_backprop", "mnist_linear", "mnist_logistic"]
ALL = [*STEPPING, "mnist_least_squares"]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def recipe(name: str) -> Any:
    """The file of a baseline, with the functions that it writes out."""
    return importlib.import_module(f"reproduce.baselines.{name}")


def session(epochs: float, seed: int = 1, **more: Any) -> Any:
    from reproduce.session import Session

    return Session(seed=seed, epochs=epochs, **more)


def bundled(name: str) -> Splits:
    """A dataset that comes with scikit-learn, as it is: every row."""
    package = find_spec("sklearn")  # not imported: that takes a second
    assert package is not None and package.submodule_search_locations
    return loaded(name).load(Path(package.submodule_search_locations[0]) / "datasets" / "data")


def made_up(name: str, rows: int) -> Split:
    """Rows of the shape that this baseline's dataset has."""
    return loaded(baseline.declared(name).dataset).example(rows).train


def off(found: "Tensor", true: "Tensor") -> float:
    """The length of the difference, as a share of the true length."""
    assert found.shape == true.shape
    return float((found.double() - true.double()).norm() / true.double().norm())


def chance(seed: int) -> Any:
    import torch

    return torch.Generator().manual_seed(seed)


# -- diabetes_linear -------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 7, 400])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gradient_of_linear_regression_is_that_of_autograd(seed: int, rows: int) -> None:
    import torch

    generator = chance(seed)
    x, y, weights = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((rows, 10), (rows,), (10,))
    )
    bias = torch.tensor(0.3, dtype=torch.float64)
    loss, *slopes = recipe("diabetes_linear").loss_and_gradient(x, y, weights, bias)

    weights.requires_grad_()
    bias.requires_grad_()
    true = torch.nn.functional.mse_loss(x @ weights + bias, y)
    assert off(loss, true.detach()) < CLOSE
    for found, same in zip(slopes, torch.autograd.grad(true, (weights, bias)), strict=True):
        assert off(found, same) < CLOSE


def by_formula(data: Split) -> "Tensor":
    """Weights and, last, the bias of the lowest squared error: (11,)."""
    import torch

    with_one = torch.cat([data.x, torch.ones(len(data), 1, dtype=data.x.dtype)], dim=1)
    return torch.linalg.lstsq(with_one, data.y[:, None]).solution[:, 0]


def test_gradient_descent_ends_where_the_formula_says() -> None:
    data = bundled("diabetes")
    run = session(baseline.declared("diabetes_linear").epochs)
    predict = recipe("diabetes_linear").train(data.train, run)
    solution = by_formula(data.train)
    for split in (data.train, data.test):
        assert off(predict(split.x), split.x @ solution[:-1] + solution[-1]) < CLOSE
    lowest = ((data.train.x @ solution[:-1] + solution[-1] - data.train.y) ** 2).mean()
    assert run.curve[-1]["loss"] == pytest.approx(float(lowest), rel=CLOSE)


def test_step_is_as_long_as_the_bowl_allows_and_a_longer_one_is_thrown_out() -> None:
    import torch

    from reproduce.session import NotFinite

    file, data = recipe("diabetes_linear"), bundled("diabetes").train
    x = (data.x - data.x.mean(dim=0)) / data.x.std(dim=0)
    steepest = float(torch.linalg.eigvalsh(2 / len(x) * x.T @ x)[-1])
    assert 0.5 * 2 / steepest < file.RATE < 2 / steepest
    with pytest.MonkeyPatch.context() as patch, pytest.raises(NotFinite):
        patch.setattr(file, "RATE", 1.1 * 2 / steepest)
        file.train(data, session(5_000))


# -- digits_backprop -------------------------------------------------------------------------


def digits_like(rows: int, seed: int) -> "tuple[Tensor, Tensor, Any]":
    """Pixels, digits and a network with biases that are not zero."""
    import torch

    file, generator = recipe("digits_backprop"), chance(seed)
    x = torch.rand(rows, 64, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 10, (rows,), generator=generator)
    network = file.first_network(generator)
    for bias in (network.bias_1, network.bias_2):
        bias += 0.1 * torch.randn(bias.shape, generator=generator, dtype=torch.float64)
    return x, y, network


@pytest.mark.parametrize("rows", [1, 5, 64])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_backpropagation_is_autograd_at_every_layer(seed: int, rows: int) -> None:
    import torch

    file = recipe("digits_backprop")
    x, y, network = digits_like(rows, seed)
    seen = file.forward(x, network)
    found = file.backward(x, y, network, seen)._asdict()

    for parameter in network:
        parameter.requires_grad_()
    sums = torch.nn.functional.linear(x, network.weights_1.T, network.bias_1)
    hidden = torch.tanh(sums)
    scores = torch.nn.functional.linear(hidden, network.weights_2.T, network.bias_2)
    true = torch.nn.functional.cross_entropy(scores, y)
    along = {**network._asdict(), "sums": sums, "hidden": hidden, "scores": scores}
    assert found.keys() == along.keys()
    slopes = torch.autograd.grad(true, list(along.values()))
    for (name, slope), at in zip(zip(along, slopes, strict=True), along.values(), strict=True):
        assert found[name].shape == at.shape
        assert off(found[name], slope) < CLOSE, name
    assert off(file.loss_of(seen.probabilities, y), true.detach()) < CLOSE
    assert off(seen.probabilities, scores.detach().softmax(dim=1)) < CLOSE


@pytest.mark.parametrize("name", ["weights_1", "bias_1", "weights_2", "bias_2"])
def test_loss_changes_as_backpropagation_foretells(name: str) -> None:
    """Without autograd: a small step of one layer's parameters, forth and back."""
    import torch

    file = recipe("digits_backprop")
    x, y, network = digits_like(20, seed=5)
    parameter = getattr(network, name)
    step = torch.randn(parameter.shape, generator=chance(6), dtype=torch.float64)
    slope = getattr(file.backward(x, y, network, file.forward(x, network)), name)

    def loss(length: float) -> "Tensor":
        moved = network._replace(**{name: parameter + length * step})
        return file.loss_of(file.forward(x, moved).probabilities, y)  # type: ignore[no-any-return]

    change = (loss(1e-5) - loss(-1e-5)) / 2e-5
    assert float(change) == pytest.approx(float((slope * step).sum()), rel=CLOSE)


def test_scores_that_are_huge_still_make_probabilities() -> None:
    file = recipe("digits_backprop")
    x, _, network = digits_like(5, seed=7)
    seen = file.forward(x, network._replace(weights_2=network.weights_2 * 1e4))
    assert bool(seen.probabilities.isfinite().all())
    assert seen.probabilities.sum(dim=1).tolist() == pytest.approx([1.0] * 5)


def test_training_by_hand_is_training_by_torch() -> None:
    import torch

    file, data = recipe("digits_backprop"), bundled("digits").train
    by_hand = file.train(data, session(3))(data.x)

    run = session(3)
    first = file.first_network(run.generator("init"))
    layers = [torch.nn.Linear(64, file.HIDDEN), torch.nn.Linear(file.HIDDEN, 10)]
    network = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1]).double()
    with torch.no_grad():
        for layer, weights in zip(layers, (first.weights_1, first.weights_2), strict=True):
            layer.weight.copy_(weights.T)
            layer.bias.zero_()
    optimizer = torch.optim.SGD(network.parameters(), lr=file.RATE)
    x = file.pixels(data.x)
    for step in run.steps(len(data), batch=file.BATCH):
        loss = torch.nn.functional.cross_entropy(network(x[step.indices]), data.y[step.indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        assert off(by_hand, network(x).softmax(dim=1)) < CLOSE


def test_network_trained_by_hand_reads_digits() -> None:
    from reproduce.run import measure

    declared, data = baseline.declared("digits_backprop"), bundled("digits")
    predict = recipe("digits_backprop").train(data.train, session(declared.epochs))
    assert measure(declared, predict, data.test).value > 92.0


# -- the three linear classifiers ------------------------------------------------------------


def test_normal_equations_give_the_least_squares_of_least_length() -> None:
    """Over more pictures than one part holds, with pixels that are white in all of them."""
    import torch

    file = recipe("mnist_least_squares")
    data = made_up("mnist_least_squares", file.PART + 300)
    data.x[:, :4] = 0
    predict = file.train(data, session(0))

    x = file.with_one(data.x)
    y = torch.nn.functional.one_hot(data.y, 10).double()
    true = torch.linalg.lstsq(x, y, driver="gelsd").solution
    assert off(predict(data.x), x @ true) < CLOSE
    # A picture with ink where there was none before: the weights there are zero.
    inked = data.x[:50].clone()
    inked[:, :4] = 255
    assert off(predict(inked), predict(data.x[:50])) < CLOSE


def test_linear_classifier_by_hand_is_the_one_by_torch() -> None:
    import torch

    file, data = recipe("mnist_linear"), made_up("mnist_linear", 500)
    by_hand = file.train(data, session(2))(data.x)

    layer = torch.nn.Linear(784, 10)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=file.RATE)
    x, wanted = file.pixels(data.x), file.targets(data.y)
    assert wanted.sum(dim=1).tolist() == [-8.0] * len(data)
    for step in session(2).steps(len(data), batch=file.BATCH):
        optimizer.param_groups[0]["lr"] = file.RATE * (1 - step.number / step.total)
        outputs = layer(x[step.indices])
        loss = torch.nn.functional.mse_loss(outputs, wanted[step.indices], reduction="sum")
        optimizer.zero_grad()
        (loss / (2 * len(step.indices))).backward()
        optimizer.step()
    with torch.no_grad():
        assert off(by_hand, layer(x)) < 1e-4  # in float32


@pytest.mark.parametrize("rows", [1, 6, 300])
@pytest.mark.parametrize("seed", [1, 2])
def test_gradient_of_softmax_regression_is_that_of_autograd(seed: int, rows: int) -> None:
    import torch

    generator = chance(seed)
    x, weights, bias = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((rows, 784), (10, 784), (10, 1))
    )
    weights *= 0.05
    y = torch.randint(0, 10, (rows,), generator=generator)
    due = torch.nn.functional.one_hot(y, 10).T.double()
    loss, *slopes = recipe("mnist_logistic").loss_and_gradient(x, due, weights, bias)

    weights.requires_grad_()
    bias.requires_grad_()
    true = torch.nn.functional.cross_entropy(x @ weights.T + bias.T, y)
    assert off(loss, true.detach()) < CLOSE
    for found, same in zip(slopes, torch.autograd.grad(true, (weights, bias)), strict=True):
        assert off(found, same) < CLOSE


def entangled(rows: int) -> Split:
    """Pictures of twelve pixels whose digit is half chance: no weights tell them all apart, so the
    loss has a lowest point."""
    import torch

    generator = chance(8)
    x = torch.zeros(rows, 28, 28, dtype=torch.uint8)
    x[:, 10:13, 10:14] = torch.randint(0, 256, (rows, 3, 4), generator=generator).to(torch.uint8)
    said = x[:, 10, 10:13].sum(dim=1).long() // 77
    drawn = torch.randint(0, 10, (rows,), generator=generator)
    return Split(x, torch.where(torch.rand(rows, generator=generator) < 0.5, drawn, said))


def by_newton(x: "Tensor", y: "Tensor") -> "tuple[float, Tensor]":
    """The lowest cross-entropy in float64, by Newton's method with autograd's second derivatives, and
    the logarithms of the probabilities there: (n, 10)."""
    import torch

    with_one = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)

    def loss(weights: "Tensor") -> "Tensor":
        return torch.nn.functional.cross_entropy(with_one @ weights.reshape(-1, 10), y)

    weights = torch.zeros(10 * with_one.shape[1], dtype=x.dtype)
    for _ in range(12):
        slope = torch.autograd.functional.jacobian(loss, weights)
        bend = torch.autograd.functional.hessian(loss, weights, vectorize=True)
        # All scores may grow together without a change: the bowl has a flat direction.
        weights = weights - torch.linalg.pinv(bend, hermitian=True, rtol=1e-9) @ slope
    assert float(slope.norm()) < 1e-9
    return float(loss(weights)), (with_one @ weights.reshape(-1, 10)).log_softmax(dim=1)


def test_softmax_regression_reaches_its_lowest_point() -> None:
    data, run = entangled(1_000), session(60)
    predict = recipe("mnist_logistic").train(data, run)
    pixels = data.x[:, 10:13, 10:14].reshape(len(data), 12).double() / 255
    lowest, logarithms = by_newton(pixels, data.y)
    assert run.curve[-1]["loss"] == pytest.approx(lowest, rel=CLOSE)
    assert off(predict(data.x).log_softmax(dim=1), logarithms) < 0.01


def test_the_loss_of_softmax_regression_never_rises() -> None:
    run = session(30)
    recipe("mnist_logistic").train(made_up("mnist_logistic", 400), run)
    losses = [point["loss"] for point in run.curve]
    assert len(losses) == 30
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.1 * losses[0]


def test_pixels_are_looked_at_as_often_as_the_line_search_needs() -> None:
    """The start of a step is the end of the one before: it is not computed a second time."""
    file, calls = recipe("mnist_logistic"), [0]
    whole = file.loss_and_gradient

    def counted(*given: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
        calls[0] += 1
        return whole(*given)  # type: ignore[no-any-return]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "loss_and_gradient", counted)
        file.train(made_up("mnist_logistic", 400), session(20))
    assert 20 <= calls[0] <= 30


# -- all of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", STEPPING)
def test_run_that_was_stopped_ends_with_the_same_bits(name: str, tmp_path: Path) -> None:
    from reproduce.session import Interrupted

    data, epochs = made_up(name, 150), 12
    train: Callable[..., Any] = recipe(name).train
    whole = session(epochs, seed=3)
    train(data, whole)

    for _ in range(3):
        looks = iter([False, True])
        part = session(epochs, seed=3, folder=tmp_path, stop=lambda looks=looks: next(looks, True))
        with pytest.raises(Interrupted):
            train(data, part)
    last = session(epochs, seed=3, folder=tmp_path)
    train(data, last)
    assert last.resumed_at is not None
    assert last.digest() == whole.digest()


@pytest.mark.parametrize("name", ALL)
def test_the_seed_matters_where_the_notes_do_not_say_otherwise(name: str) -> None:
    data, digests = made_up(name, 150), set()
    for seed in (1, 2):
        run = session(2, seed=seed)
        recipe(name).train(data, run)
        digests.add(run.digest())
    same = any("every seed gives the same number" in note for note in baseline.declared(name).notes)
    assert len(digests) == (1 if same else 2)


@pytest.mark.parametrize("name", ALL)
def test_as_many_numbers_are_learned_as_declared(name: str) -> None:
    import torch

    kept: dict[str, Any] = {}

    class Listening(type(session(1))):  # type: ignore[misc]
        def keep(self, **parts: Any) -> None:
            kept.update(parts)
            super().keep(**parts)

    recipe(name).train(made_up(name, 150), Listening(seed=1, epochs=1))
    learned = sum(part.numel() for part in kept.values() if isinstance(part, torch.Tensor))
    assert learned == baseline.declared(name).parameters


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_leaves_its_data_alone(name: str) -> None:
    data = made_up(name, 150)
    x, y = data.x.clone(), data.y.clone()
    predict = recipe(name).train(data, session(2))
    predict(data.x)
    assert bool((data.x == x).all()) and bool((data.y == y).all())


# -- real pictures ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mnist_least_squares", 17.05), ("mnist_linear", 15.43), ("mnist_logistic", 12.73)],
)
def test_three_linear_classifiers_on_a_tenth_of_mnist(
    name: str, expected: float, real_data: Path
) -> None:
    from reproduce.run import measure

    splits = loaded("mnist").load(real_data / "mnist")
    declared = baseline.declared(name)
    tenth = Split(splits.train.x[:6_000], splits.train.y[:6_000])
    predict = recipe(name).train(tenth, session(declared.epochs))
    error = measure(declared, predict, splits.test).value
    # Another processor or version rounds otherwise; a wrong recipe is further off.
    assert error == pytest.approx(expected, abs=0.3)
