"""What a baseline declares, read without running its file: listing baselines must not import torch."""

import ast
import importlib
import re
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from reproduce.data import Split
    from reproduce.session import Session

FOLDER: Final = Path(__file__).parent / "baselines"
_STATED: Final = re.compile(r"^BASELINE = .*?^\)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Baseline:
    """The declaration at the top of a file in reproduce/baselines. Literals only."""

    title: str
    dataset: str
    """A file in reproduce/datasets."""
    label: Literal["CLOSED", "OPEN"]
    """CLOSED: the published model and recipe, only made faster. OPEN: same data and metric, any recipe."""
    metric: Literal["error", "accuracy", "mean squared error"]
    """`error` and `accuracy` are percent of the test split."""
    epochs: int
    """Passes over the training split of the full budget; 0: solved in closed form."""
    parameters: int
    """Trainable numbers of the model."""
    flops: float
    """Floating-point operations of training on one example once (forward and backward)."""
    threads: int | None = None
    """Threads that serve it best: a small network waits for its threads longer than it computes, and
    ten times as long when somebody else needs a core. None: torch's own choice."""
    shared: bool = False
    """True when the recipe adds up the gradients of shards: then several processes can train it."""
    claim: str | None = None
    """The published result it is measured against: a key of data/results.toml."""
    teaches: tuple[str, ...] = ()
    """Keys of methods that a reader learns here: `method:backpropagation`."""
    memory_mb: int = 600
    """Resident memory of a run."""
    notes: tuple[str, ...] = ()
    """What differs from what was published, and why: shown with every number."""
    name: str = ""
    """The file's name; filled in when the declaration is read."""


class Recipe(Protocol):
    """A file in reproduce/baselines, imported."""

    BASELINE: Baseline
    train: "Callable[[Split, Session], Callable[[Tensor], Tensor]]"
    """Trains on the training split alone; returns what predicts: inputs of any split -> for classes
    their scores or numbers, for a regression the values."""


class UnknownBaseline(LookupError):
    """No file of that name."""


def names() -> tuple[str, ...]:
    """Every baseline, by the name of its file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"))


_ALONE: Final = threading.Lock()
"""Two threads that parse at a time are a SystemError before Python 3.12."""


@cache
def declared(name: str) -> Baseline:
    """The declaration of a baseline, without importing its file. UnknownBaseline when there is none."""
    if name not in names():
        raise UnknownBaseline(name)
    text = (FOLDER / f"{name}.py").read_text("utf-8")
    # Only this statement is parsed, where it is found: whole recipes take ten times as long, and every
    # sheet asks.
    stated = _STATED.search(text)
    with _ALONE:
        parsed = ast.parse(stated[0] if stated else text)
    for node in parsed.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "BASELINE":
            assert isinstance(node.value, ast.Call), f"{name}: BASELINE is no declaration"
            said: dict[str, Any] = {
                str(part.arg): ast.literal_eval(part.value) for part in node.value.keywords
            }
            return Baseline(**{**said, "name": name})
    raise AssertionError(f"{name}.py declares no BASELINE")


def load(name: str) -> Recipe:
    """The file itself, imported, torch and all."""
    declared(name)
    return cast(Recipe, importlib.import_module(f"reproduce.baselines.{name}"))
