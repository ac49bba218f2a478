"""What a recipe is given beside its data: seeds, budget, device, steps, progress and checkpoints.

A recipe's loop over batches, and in it over the shards of a batch:

    for step in session.steps(len(data), batch=BATCH):
        optimizer.zero_grad()
        for shard in session.shards(step):
            loss = mean loss over x[shard.indices]
            (shard.share * loss).backward()
            session.note(loss=loss)
        session.sum_gradients()
        optimizer.step()

One process alone has one shard, the batch itself, with a share of 1, and nothing to add up. Where several
train together (reproduce/processes.py), each computes some of the shards, `sum_gradients` adds up what
all found, and then every process takes the very same step.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from reproduce import checkpoint, processes
from reproduce.batch import Shard, Step
from reproduce.failure import CannotRun, Failure, Sentence
from reproduce.gradients import Gradients
from reproduce.processes import Processes
from reproduce.shares import CannotShare

NAMES: Final = ("init", "order", "augmentation", "dropout")
"""Where chance enters a run; each has a generator of its own, so that one does not move another."""

EVERY_SECONDS: Final = 30.0
"""Between two checkpoints by time, unless a number of steps is asked for."""

TELL_SECONDS: Final = 0.5
"""Between two looks at the loss: reading a number stops the arithmetic of a GPU for a moment."""


class Interrupted(Failure):
    """The user stopped the run; if anything was trained, its checkpoint is written."""

    code = 130
    resumable = True

    def __init__(self) -> None:
        super().__init__("stopped")


class OtherRun(CannotRun):
    """The folder holds checkpoints of a run that differs from this one."""

    def __init__(self, differs: dict[str, tuple[Any, Any]]) -> None:
        said = ", ".join(f"{name} {_short(was)}, now {_short(now)}" for name, (was, now) in
                         sorted(differs.items()))  # fmt: skip
        super().__init__(
            "the checkpoints are of another run ({differs})",
            Sentence("Without --resume it begins anew."),
            differs=said,
        )
        self.differs = differs


class NotFinite(Failure):
    """The loss is no number any more, or a weight is none."""

    def __init__(self, step: int, text: str, **values: Any) -> None:
        super().__init__(text, step=step, **values)
        self.step = step


@dataclass(frozen=True)
class Told:
    """What a progress display shows."""

    step: int
    total: int
    epoch: int
    seconds: float
    """Of training, those before the run was gone on with included."""
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
    processes: Processes = field(default_factory=Processes)
    of: dict[str, Any] = field(default_factory=dict)
    """What the bits of the run depend on: a checkpoint of other values is not gone on with."""
    curve: list[dict[str, float]] = field(default_factory=list)
    """What was noted and validated: step, and values by name."""
    resumed_at: int | None = None
    passed_over: int = 0
    """Newer checkpoints that were damaged."""
    cut: bool = False
    """True when a limit of steps or seconds ended the training before its last step."""
    done: int = 0
    """Steps that were trained."""
    examples: int = 0
    """Examples that were trained on."""
    spent_before: dict[str, float] = field(
        default_factory=lambda: {"wall_seconds": 0.0, "cpu_seconds": 0.0}
    )
    """Seconds of training up to the checkpoint that the run was gone on with from."""
    smallest_shard: int | None = None
    """Rows of the smallest part of a whole batch; None before the first."""

    def __post_init__(self) -> None:
        """OtherRun, CannotShare."""
        self._parts: dict[str, Any] = {}
        self._networks: list[nn.Module] = []
        self._noted: dict[str, Any] = {}
        self._gradients = Gradients([], self.processes)
        self._signals = [0.0, 0.0, 0.0]
        self._found = self._newest() if self.folder else None
        if self._found:
            self.spent_before = dict(self._found.state["spent"])
            self.examples = self._found.state["examples"]
        self._told = self._saved = self._began = time.monotonic()
        self._began_cpu = time.process_time()
        torch.manual_seed(self.seed_of("init"))

    def _newest(self) -> checkpoint.Checkpoint | None:
        assert self.folder is not None
        found = checkpoint.newest(self.folder)
        if not self.processes.agree(found.step if found else -1):
            raise CannotShare(
                "the processes do not see the same checkpoints: they need one folder on a shared disk"
            )
        if found is None:
            return None
        was, now = found.state["of"], self.of
        differs = {name: (was.get(name), now.get(name)) for name in was.keys() | now.keys()}
        if differs := {name: pair for name, pair in differs.items() if pair[0] != pair[1]}:
            raise OtherRun(differs)
        if self.processes.first:
            self.passed_over = checkpoint.forget_after(self.folder, found.step)
        return found

    @property
    def normalises(self) -> bool:
        """True when a network kept looks at the statistics of a batch."""
        return any(processes.normalises(network) for network in self._networks)

    def _spent_by_now(self) -> dict[str, float]:
        """Wall seconds, and CPU seconds of all processes, with those that stood in the checkpoint."""
        own = self.processes.total(time.process_time() - self._began_cpu)
        return {
            "wall_seconds": self.spent_before["wall_seconds"] + time.monotonic() - self._began,
            "cpu_seconds": self.spent_before["cpu_seconds"] + own,
        }

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
        self._networks = [part for part in parts.values() if isinstance(part, nn.Module)]
        if self.processes.mode == "fast":
            for network in self._networks:
                processes.synchronise(network, self.processes)
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
        if "rng.cuda" in self._found.tensors:
            torch.cuda.set_rng_state(self._found.tensors["rng.cuda"].cpu(), self.device)
        self.curve = list(self._found.state["curve"])
        self.resumed_at = self._found.step

    def digest(self) -> str:
        """sha256 of the state of everything kept: equal for runs that are equal to the bit."""
        tensors: dict[str, Tensor] = {}
        for name, part in self._parts.items():
            checkpoint.flatten(name, _state_of(part), tensors)
        return checkpoint.digest(tensors)

    def _save(self, step: int) -> None:
        """Writes a checkpoint before step `step`; the other processes wait for the first one's.
        NotFinite rather than one that leads nowhere."""
        if self.folder is None:
            return
        self._check_weights(step - 1)
        spent = self._spent_by_now()
        if self.processes.first:
            tensors: dict[str, Tensor] = {"rng": torch.get_rng_state()}
            if self.device.type == "cuda":
                tensors["rng.cuda"] = torch.cuda.get_rng_state(self.device)
            parts = {
                name: checkpoint.flatten(f"part.{name}", _state_of(part), tensors)
                for name, part in self._parts.items()
            }
            state = {
                "parts": parts,
                "curve": self.curve,
                "seed": self.seed,
                "of": self.of,
                "spent": spent,
                "examples": self.examples,
            }
            checkpoint.save(self.folder, step, state, tensors)
        self.processes.wait()
        self._saved = time.monotonic()

    def _check_weights(self, step: int) -> None:
        """NotFinite when something learnt is no number."""
        for name, part in self._parts.items():
            tensors: dict[str, Tensor] = {}
            if isinstance(part, Tensor | nn.Module):
                checkpoint.flatten(name, _state_of(part), tensors)
            for one, tensor in tensors.items():
                if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                    raise NotFinite(step, "{part} holds what is no number at step {step}", part=one)

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
        self._check_shares(batch, examples)
        self.done = first
        order: Tensor | None = None
        for number in range(first, total):
            epoch, place = divmod(number, per_epoch)
            if order is None or place == 0:
                order = self._order(examples, epoch, shuffle)
            if number:
                self._between(number, gone_on=number == first)
                if self.cut:
                    break
            part = order[place * batch : (place + 1) * batch]
            yield Step(part, epoch, number, total, place == 0, place == per_epoch - 1)
            assert not self._gradients.taken, "the loop forgets session.sum_gradients()"
            self.done, self.examples = number + 1, self.examples + len(part)
            self._look(number, total, epoch)
        if self.done > first:
            self._look(self.done - 1, total, epoch=(self.done - 1) // per_epoch, last=True)
            self._check_weights(self.done - 1)
            self._save(self.done)  # What comes now, the measuring, may be killed as well.

    def _check_shares(self, batch: int, examples: int) -> None:
        """CannotShare when a process would have no row where all must look at each other's."""
        least = min(batch, examples % batch or batch)
        if self.processes.mode == "fast" and self.normalises and least < self.processes.count:
            raise CannotShare(
                "a last batch of {rows} rows is too small for {count} processes",
                rows=least,
                count=self.processes.count,
            )
        if self.processes.mode != "whole":
            self.smallest_shard = min(batch, examples) // self.processes.shards

    def _order(self, examples: int, epoch: int, shuffle: bool) -> Tensor:
        if not shuffle:
            return torch.arange(examples)
        return torch.randperm(examples, generator=self.generator("order", epoch))

    def _between(self, number: int, gone_on: bool = False) -> None:
        """What happens between two steps, before step `number`. `gone_on`: the one before it was
        trained before the run was stopped, so all that can be is that there is no time left."""
        if gone_on:
            spent = self.spent_before["wall_seconds"]
            self._signals = [0.0, float(spent >= (self.most_seconds or math.inf)), 0.0]
        elif self.processes.mode == "whole":
            self._signals = self._own_signals(number)
        stop, late, due = (signal > 0 for signal in self._signals)
        if stop or due:
            self._save(number)
        if stop:
            raise Interrupted
        if late or (self.most_steps is not None and number >= self.most_steps):
            self.cut = True

    def _own_signals(self, number: int) -> list[float]:
        """Whether this process was asked to stop, has used up the time, and wants a checkpoint, before
        step `number`: 0 or 1 each. Of several processes the first one's clock counts."""
        stop = self.stop()
        if not self.processes.first:
            return [float(stop), 0.0, 0.0]
        spent = self.spent_before["wall_seconds"] + time.monotonic() - self._began
        late = self.most_seconds is not None and spent >= self.most_seconds
        due = (
            number % self.every_steps == 0
            if self.every_steps
            else time.monotonic() - self._saved >= EVERY_SECONDS
        )
        return [float(stop), float(late), float(due)]

    # -- shards ------------------------------------------------------------------------------

    def shards(self, step: Step) -> Iterator[Shard]:
        """The parts of a batch that this process computes, one after the other. One process alone has
        one, the batch itself.

        In exact mode each begins with the running averages (of batch normalisation, for instance) with
        which the batch began, and what they then are counts for the shard's share.
        """
        keys = {name: self.seed_of(name, step.epoch) for name in ("augmentation", "dropout")}
        if self.processes.mode == "whole":
            yield Shard(step.indices, 1.0, keys)
            return
        assert self._networks, "session.keep must come before: whose gradients are they?"
        self._step = step
        self._gradients = Gradients(self._networks, self.processes)
        for number in self.processes.own:
            rows = self.processes.rows(step.indices, number)
            share, self._noted = len(rows) / len(step.indices), {}
            if share:
                self._gradients.begin()
                yield Shard(rows, share, keys)
            self._gradients.take(share, self._noted.get("loss", 0.0))

    def sum_gradients(self) -> None:
        """Leaves in every parameter's `grad` the gradient of the whole batch, added up over all shards
        of all processes; one process alone has it there already. NotFinite, processes.Lost."""
        if not self._gradients.taken:
            return
        # Who must stop travels along, so that all stop after the same step.
        loss, self._signals = self._gradients.add_up(self._own_signals(self._step.number + 1))
        self._noted = {"loss": loss}
        self._check_loss(self._step.number)

    # -- progress ----------------------------------------------------------------------------

    def note(self, **values: Any) -> None:
        """Values of this step, `loss` among them; read only when they are shown or kept."""
        self._noted = values

    def validated(self, **values: float) -> None:
        """Values on the training split's own validation split, for the curve."""
        self.curve.append({"step": self.done, **{f"validation {k}": v for k, v in values.items()}})

    def _check_loss(self, number: int) -> None:
        """NotFinite when the noted loss is no number."""
        loss = self._noted.get("loss")
        if loss is not None and not math.isfinite(value := _number(loss)):
            raise NotFinite(number, "the loss is {loss} at step {step}", loss=value)

    def _look(self, number: int, total: int, epoch: int, last: bool = False) -> None:
        now = time.monotonic()
        # The curve must not depend on how fast the machine is: it is kept at fixed steps.
        kept = last or number % max(1, total // 100) == 0
        told = kept or now - self._told >= TELL_SECONDS
        if self._noted and (told or self.device.type == "cpu"):
            self._check_loss(number)
        if not self._noted or not told:
            return
        values = {name: _number(one) for name, one in self._noted.items()}
        if kept and (not self.curve or self.curve[-1].get("step") != number + 1):
            self.curve.append({"step": number + 1, **values})
        self._told = now
        spent = self.spent_before["wall_seconds"] + now - self._began
        self.tell(Told(number + 1, total, epoch, spent, values))


def _state_of(part: Any) -> Any:
    return part if isinstance(part, Tensor) else part.state_dict()


def _number(value: Any) -> float:
    return float(value.detach()) if isinstance(value, Tensor) else float(value)


def _short(value: Any) -> str:
    """Sums and lists need not be read to be told apart."""
    said = str(value)
    return said if len(said) <= 40 else f"{said[:12]}…"
