"""Baselines on MNIST: what they reach, and how long they take beside the same things written plainly.

One thread throughout, and its CPU seconds: with two, a single other process on a machine of two cores
makes the threads wait for each other ten times as long, and wall times say more about it than about us.
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from tests.bench.children import Cost, python, run
from tests.bench.paces import Pace, Paced
from tests.bench.rows import Row, at_least, at_most, known, not_run
from tests.bench.workshop import NO_DATA, Workshop, lacks

FAST_SHARE = 1 / 25
FAST_ACCURACY = 99.0
SEEDS = 10
EXAMPLES_SHARE = 0.60
EXAMPLES_ACCURACY = 98.95
PAIRS = 7
STEPS = 40
LENET_ERROR = 0.95
LENET_SECONDS = 60
LOGISTIC_ERROR = 7.5
LOGISTIC_SHARE = 0.6

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PATIENCE_SECONDS = 3_600


def fast(workshop: Workshop) -> list[Row]:
    """99 % in one pass: how many of ten seeds reach it, and the whole process beside the plain recipe
    up to its own first pass with 99 %."""
    what = "mnist_fast"
    if missing := _missing(workshop):
        return [not_run(what, missing)]
    runs = [_run(workshop, "mnist_fast", seed) for seed in range(1, SEEDS + 1)]
    values = [said["value"] for said, _ in runs]
    ours = statistics.median(cost.cpu_seconds for _, cost in runs)
    workshop.tell("the plain recipe to 99 %, some minutes")
    plain = run(
        python("-m", "tests.bench.plain_mnist", "until", _folder(workshop), "1"),
        ONE_THREAD,
        limit_seconds=PATIENCE_SECONDS,
    )
    passes = json.loads(plain.out)["accuracies"]
    beside = f"plain, {len(passes)} passes to {passes[-1]:.2f} %: {plain.cpu_seconds:.0f} s"
    return [
        at_least(
            f"{what}: seeds of {SEEDS} that reach {FAST_ACCURACY} %",
            sum(value >= FAST_ACCURACY for value in values),
            SEEDS,
            "",
            peer=f"mean {statistics.mean(values):.2f} %, least {min(values):.2f} %",
        ),
        at_most(
            f"{what}: whole process, share of the plain recipe's time",
            ours / plain.cpu_seconds,
            FAST_SHARE,
            "",
            measured=f"{ours:.1f} s: 1/{plain.cpu_seconds / ours:.0f}",
            peer=beside,
        ),
    ]


def examples(workshop: Workshop) -> list[Row]:
    """PyTorch's example: the time of a step beside the plain recipe's, measured in turns."""
    what = "mnist_examples: time of a pass, share of the plain recipe's"
    if missing := _missing(workshop):
        return [not_run(what, missing)]
    folder = _folder(workshop)
    ours = python("-m", "tests.bench.reproduce", "mnist_examples", folder)
    plain = python("-m", "tests.bench.plain_mnist", "paced", folder, "1")
    with Paced(ours, ONE_THREAD) as quick, Paced(plain, ONE_THREAD) as slow:
        for child in (quick, slow):
            child.take(STEPS // 4)
        pairs = [(quick.take(STEPS), slow.take(STEPS)) for _ in range(PAIRS)]
    shares = sorted(one.cpu_seconds / other.cpu_seconds for one, other in pairs)
    usual = statistics.median(other.cpu_seconds for _, other in pairs) / STEPS
    return [
        at_most(
            what,
            statistics.median(shares),
            EXAMPLES_SHARE,
            "",
            measured=f"{statistics.median(shares):.3f} ({shares[0]:.3f} to {shares[-1]:.3f})",
            peer=f"plain {1e3 * usual:.0f} ms a step, {64 / usual:,.0f} pictures/s",
        )
    ]


def examples_full(workshop: Workshop) -> list[Row]:
    """PyTorch's example to its end, 14 passes."""
    what = "mnist_examples: accuracy after 14 passes"
    if missing := _missing(workshop):
        return [not_run(what, missing)]
    said, cost = _run(workshop, "mnist_examples", 1)
    beside = f"{cost.cpu_seconds:.0f} s; the example prints 99%"
    return [at_least(what, said["value"], EXAMPLES_ACCURACY, "%", peer=beside)]


def lenet(workshop: Workshop) -> list[Row]:
    """LeNet-5: the mean error of three seeds, and the longest of them."""
    what = "mnist_lenet"
    if missing := _missing(workshop):
        return [not_run(what, missing)]
    runs = [_run(workshop, "mnist_lenet", seed, None) for seed in (1, 2, 3)]
    errors = [said["value"] for said, _ in runs]
    disturbed = max(said["whole"]["disturbed"] or 0 for said, _ in runs)
    return [
        at_most(
            f"{what}: mean error of 3 seeds",
            statistics.mean(errors),
            LENET_ERROR,
            "%",
            measured=f"{statistics.mean(errors):.3f} %",
            peer=f"LeCun et al. 1998: 0.95 %; {', '.join(f'{one:.2f}' for one in errors)}",
        ),
        at_most(
            f"{what}: longest seed, whole process",
            max(cost.wall_seconds for _, cost in runs),
            LENET_SECONDS,
            "s",
            peer=f"CPU {max(cost.cpu_seconds for _, cost in runs):.0f} s, others used up to "
            f"{disturbed:.0%} of the machine",
        ),
    ]


def logistic(workshop: Workshop) -> list[Row]:
    """Softmax regression: its error, and its training beside scikit-learn's."""
    what = "mnist_logistic"
    if missing := _missing(workshop):
        return [not_run(what, missing)]
    said, ours = [], []
    peers = []
    for seed in (1, 2, 3):
        one, _ = _run(workshop, "mnist_logistic", seed)
        said.append(one)
        ours.append(one["training"]["cpu_seconds"])
        peer = run(
            python("-m", "tests.bench.reproduce", "scikit-learn", _folder(workshop)), ONE_THREAD
        )
        peers.append(json.loads(peer.out))
    usual = statistics.median(one["seconds"] for one in peers)
    share = statistics.median(ours) / usual
    return [
        at_most(
            f"{what}: error",
            said[0]["value"],
            LOGISTIC_ERROR,
            "%",
            peer=f"scikit-learn, 100 rounds: {peers[0]['error']:.2f} %",
        ),
        at_most(
            f"{what}: training, share of scikit-learn's time",
            share,
            LOGISTIC_SHARE,
            "",
            measured=f"{statistics.median(ours):.1f} s: {share:.2f}",
            peer=f"LogisticRegression, lbfgs, 100 rounds: {usual:.1f} s",
        ),
        known(
            f"{what}: share of the measured peak",
            100 * said[0]["speed"]["share_of_peak"],
            "%",
        ),
    ]


def _missing(workshop: Workshop) -> str | None:
    if workshop.data is None:
        return NO_DATA
    return lacks("torch", "sklearn")


def _folder(workshop: Workshop) -> Path:
    assert workshop.data is not None
    return workshop.data / "mnist"


def _run(
    workshop: Workshop, name: str, seed: int, threads: int | None = 1
) -> tuple[dict[str, Any], Cost]:
    """A Run, and what the whole process took; `threads` None: as the baseline wishes."""
    command = python("-m", "reproduce", name, "--seed", str(seed), "--data", _folder(workshop))
    settings: dict[str, str | Path] = {"HUB_HOME": workshop.scratch / "reproduce-home"}
    if threads:
        command += ["--threads", str(threads)]
        settings |= ONE_THREAD
    cost = run(command, settings, limit_seconds=PATIENCE_SECONDS)
    return json.loads(cost.out), cost


# -- in a child ------------------------------------------------------------------------------


def _paced(name: str, folder: Path) -> None:
    """A baseline as its runner runs it, as many steps as each line of stdin says."""
    import torch

    from reproduce import baseline, data
    from reproduce.session import Session
    from reproduce.speed import quick_allocator

    quick_allocator()
    torch.use_deterministic_algorithms(True)
    pace = Pace()

    def ready() -> bool:
        """Asked between two steps whether to stop: no, but not before it is our turn."""
        pace.step()
        return False

    splits = data.loaded("mnist").load(folder)
    recipe = baseline.load(name)
    recipe.train(splits.train, Session(seed=1, epochs=recipe.BASELINE.epochs, stop=ready))


def _scikit_learn(folder: Path) -> None:
    """The usual way to a softmax regression."""
    import time
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    from reproduce import data

    splits = data.loaded("mnist").load(folder)
    (x, y), (test_x, test_y) = (
        (one.x.reshape(len(one), 784).numpy() / 255.0, one.y.numpy())
        for one in (splits.train, splits.test)
    )
    warnings.simplefilter("ignore", ConvergenceWarning)
    began = time.process_time()
    model = LogisticRegression(max_iter=100).fit(x, y)
    seconds = time.process_time() - began
    error = 100 - 100 * model.score(test_x, test_y)
    print(json.dumps({"seconds": seconds, "error": error}))


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "scikit-learn":
        _scikit_learn(where)
    else:
        _paced(what, where)
