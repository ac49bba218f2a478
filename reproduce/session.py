"""What a recipe is given beside its data: seeds, budget, device, steps, progress and checkpoints."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from reproduce import checkpoint

NAMES: Final = ("init", "order", "augmentation", "dropout")
"""Where chance enters a run; each has a generator of its own, so that one does not move another."""

EVERY_SECONDS: Final = 30.0
"""Between two checkpoints by time, unless a number of steps is asked for."""

TELL_SECONDS: Final = 0.5
"""Between two looks at the loss: reading a number stops the arithmetic for a moment."""


class Interrupted(Exception):
    """The user stopped the run; its checkpoint is written."""


class NotFinite(Exception):
    """The loss is no number any more."""

    def __init__(self, step: int, value: float) -> None:
        super().__init__(f"the loss is {value} at step {step}")
        self.step = step


@dataclass(frozen=True)
class Step:
    """One batch."""

    indices: Tensor
    """(b,) int64: row numbers of the training split."""
    epoch: int
    """From 0."""
    number: int
    """From 0, over all epochs."""
    total: int
    first: bool
    """Of its epoch."""
    last: bool


@dataclass(frozen=True)
class Told:
    """What a progress display shows."""

    step: int
    total: int
    epoch: int
    seconds: float
    values: dict[str, float]


@dataclass
class Session:
    """One run of a recipe with one seed.

    A run that is killed at any step and gone on with ends with the same bits: what `keep` was told,
    the global generator and the place among the steps are all that a checkpoint holds, and all that
    a recipe may change.
    """

    seed: int
    epochs: float
    """Passes over the training split; a reduced budget may be a fraction."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    folder: Path | None = None
    """Where checkpoints lie; None: none are written."""
    every_steps: int | None = None
    """Steps between two checkpoints; None: by time."""
    most_steps: int | None = None
    """Steps after which training ends, as a reduced budget."""
    most_seconds: float | None = None
    """Of training; then it ends after the step in hand, as a reduced budget."""
    tell: Callable[[Told], None] = lambda told: None
    stop: Callable[[], bool] = lambda: False
    curve: list[dict[str, float]] = field(default_factory=list)
    """What was noted and validated: step, and values by name."""
    resumed_at: int | None = None
    cut: bool = False
    """True when a limit of steps or seconds ended the training before its last step."""
    done: int = 0
    """Steps that were trained."""
    examples: int = 0
    """Examples that were trained on."""

    def __post_init__(self) -> None:
        self._parts: dict[str, Any] = {}
        self._noted: dict[str, Any] = {}
        self._told = self._saved = self._began = time.monotonic()
        self._found = checkpoint.newest(self.folder) if self.folder else None
        torch.manual_seed(self.seed_of("init"))

    # -- chance ------------------------------------------------------------------------------

    def seed_of(self, name: str, number: int = 0) -> int:
        """A seed of its own for each name (and number), from the root seed."""
        assert name in NAMES, name
        said = f"{self.seed} {name} {number}".encode()
        return int.from_bytes(blake2b(said, digest_size=8).digest(), "big") >> 1

    def generator(self, name: str, number: int = 0) -> torch.Generator:
        """A new generator of this name (and number, an epoch for instance); the same one each time."""
        return torch.Generator().manual_seed(self.seed_of(name, number))

    # -- state -------------------------------------------------------------------------------

    def keep(self, **parts: Any) -> None:
        """Names all that a checkpoint must hold: networks, optimizers, schedules, tensors changed in
        place. Where the run goes on from a checkpoint, their states are put back here."""
        self._parts = parts
        if self._found is None:
            return
        for name, part in parts.items():
            kept = checkpoint.unflatten(self._found.state["parts"][name], self._found.tensors)
            if isinstance(part, Tensor):
                with torch.no_grad():
                    part.copy_(kept)
            else:
                part.load_state_dict(kept)
        torch.set_rng_state(self._found.tensors["rng"].to(torch.uint8))
        self.curve = list(self._found.state["curve"])
        self.resumed_at = self._found.step

    def digest(self) -> str:
        """sha256 of the state of everything kept: equal for runs that are equal to the bit."""
        tensors: dict[str, Tensor] = {}
        for name, part in self._parts.items():
            checkpoint.flatten(name, _state_of(part), tensors)
        return checkpoint.digest(tensors)

    def _save(self, step: int) -> None:
        if self.folder is None:
            return
        tensors: dict[str, Tensor] = {"rng": torch.get_rng_state()}
        parts = {
            name: checkpoint.flatten(f"part.{name}", _state_of(part), tensors)
            for name, part in self._parts.items()
        }
        state = {"parts": parts, "curve": self.curve, "seed": self.seed}
        checkpoint.save(self.folder, step, state, tensors)
        self._saved = time.monotonic()

    # -- steps -------------------------------------------------------------------------------

    def steps(
        self, examples: int, *, batch: int, epochs: float | None = None, shuffle: bool = True
    ) -> Iterator[Step]:
        """The batches of all epochs; every example once in each, the last batch may be smaller.

        The order of an epoch is one permutation made of the root seed and the number of the epoch.
        `epochs` may be a fraction. Between two steps a checkpoint may be written, the run stopped
        (Interrupted), or ended because its time is used up.
        """
        passes = self.epochs if epochs is None else epochs
        per_epoch = math.ceil(examples / batch)
        total = max(1, round(passes * per_epoch)) if passes else 0
        first = self._found.step if self._found else 0
        order: Tensor | None = None
        for number in range(first, total):
            epoch, place = divmod(number, per_epoch)
            if order is None or place == 0:
                order = self._order(examples, epoch, shuffle)
            if number > first:
                self._between(number)
                if self.cut:
                    return
            part = order[place * batch : (place + 1) * batch]
            yield Step(part, epoch, number, total, place == 0, place == per_epoch - 1)
            self.done, self.examples = number + 1, self.examples + len(part)
            self._look(number, total, epoch)
        if total:
            self._look(total - 1, total, epoch=(total - 1) // per_epoch, last=True)

    def _order(self, examples: int, epoch: int, shuffle: bool) -> Tensor:
        if not shuffle:
            return torch.arange(examples)
        return torch.randperm(examples, generator=self.generator("order", epoch))

    def _between(self, number: int) -> None:
        """What happens between two steps, before step `number`."""
        now = time.monotonic()
        due = (
            number % self.every_steps == 0
            if self.every_steps
            else now - self._saved >= EVERY_SECONDS
        )
        if self.stop():
            self._save(number)
            raise Interrupted
        if due:
            self._save(number)
        late = self.most_seconds is not None and now - self._began >= self.most_seconds
        if late or (self.most_steps is not None and number >= self.most_steps):
            self.cut = True

    # -- progress ----------------------------------------------------------------------------

    def note(self, **values: Any) -> None:
        """Values of this step, `loss` among them; read only when they are shown or kept."""
        self._noted = values

    def validated(self, **values: float) -> None:
        """Values on the training split's own validation split, for the curve."""
        self.curve.append({"step": self.done, **{f"validation {k}": v for k, v in values.items()}})

    def _look(self, number: int, total: int, epoch: int, last: bool = False) -> None:
        now = time.monotonic()
        # The curve must not depend on how fast the machine is: it is kept at fixed steps.
        kept = last or number % max(1, total // 100) == 0
        if not self._noted or not (kept or now - self._told >= TELL_SECONDS):
            return
        values = {name: _number(one) for name, one in self._noted.items()}
        loss = values.get("loss", 0.0)
        if not math.isfinite(loss):
            raise NotFinite(number, loss)
        if kept and (not self.curve or self.curve[-1].get("step") != number + 1):
            self.curve.append({"step": number + 1, **values})
        self._told = now
        self.tell(Told(number + 1, total, epoch, now - self._began, values))


def _state_of(part: Any) -> Any:
    return part if isinstance(part, Tensor) else part.state_dict()


def _number(value: Any) -> float:
    return float(value.detach()) if isinstance(value, Tensor) else float(value)
