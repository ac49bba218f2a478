"""Several processes that train one network as one would: which parts of a batch each takes, and how
what they found is added up. Who starts them is no matter here: reproduce/launch.py, or torchrun.

A batch is cut by position into shards, without padding, so the global batch and the learning rate are
those of the recipe however many processes there are. Two ways of adding up:

    exact  a fixed number of shards (4), each computed for itself; their gradients are gathered and
           added in the order of the shards. 1, 2 and 4 processes end with the same bits.
    fast   one shard for each process; gradients are added as they come. The same up to rounding.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import torch
import torch.distributed as group
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from reproduce import launch
from reproduce.failure import Failure
from reproduce.shares import Mode, shared_out

PATIENCE_SECONDS: Final = 40.0
"""Without a word from another process, after which the run ends."""


class Lost(Failure):
    """Another process of this run has ended, or gives no answer."""

    resumable = True


@dataclass(frozen=True)
class Processes:
    """All processes of a run, seen from one of them."""

    rank: int = 0
    """Of this one. The first writes checkpoints and the Run; the others only compute."""
    count: int = 1
    mode: Mode = "whole"
    """`whole`: one process, and the batch is not cut."""
    shards: int = 1

    @property
    def first(self) -> bool:
        """True for the one process that writes."""
        return self.rank == 0

    @property
    def own(self) -> range:
        """Numbers of the shards that this process computes."""
        each = self.shards // self.count
        return range(self.rank * each, (self.rank + 1) * each)

    def rows(self, batch: Tensor, shard: int) -> Tensor:
        """The part of a batch that is a shard: neighbours, no row twice. The last shards of a small
        batch may be empty, the first never is."""
        # Rounded up: of 3 rows, four shards have 1, 1, 1 and 0.
        begin, end = (-(-len(batch) * at // self.shards) for at in (shard, shard + 1))
        return batch[begin:end]

    def summed(self, pieces: Tensor) -> Tensor:
        """(own shards, n) of every process -> (n,): their sum, the same bits everywhere. Lost."""
        if self.mode == "fast":
            total = pieces.sum(dim=0)
            return self.totals(total)
        every = self._gathered(pieces)  # (shards, n)
        total = every[0].clone()
        for piece in every[1:]:  # One after the other: another order has other last bits.
            total += piece
        return total

    def _gathered(self, pieces: Tensor) -> Tensor:
        if self.count == 1:
            return pieces
        every = pieces.new_empty(self.shards, *pieces.shape[1:])
        with _answered():
            group.all_gather(list(every.chunk(self.count)), pieces)
        return every

    def totals(self, values: Tensor) -> Tensor:
        """The values themselves, added up over the processes in place. Exact for whole numbers. Lost."""
        if self.count > 1:
            with _answered():
                group.all_reduce(values)
        return values

    def total(self, value: float) -> float:
        """A number of each process, added up. Lost."""
        return float(self.total_of(torch.tensor(value, dtype=torch.float64)))

    def total_of(self, values: Tensor) -> Tensor:
        """Numbers in main memory of each process, added up. Lost."""
        return self.totals(values.to(_device_of_group())).cpu() if self.count > 1 else values

    def wait(self) -> None:
        """Comes back when all processes are here. Lost."""
        if self.count > 1:
            with _answered():
                group.barrier()

    def agree(self, number: int) -> bool:
        """True when every process says the same number. Lost."""
        # Equal numbers are those whose mean square is the square of their mean; exact up to 2^53.
        return self.total(number**2) * self.count == self.total(number) ** 2


# -- coming together -------------------------------------------------------------------------


def count_of_environment() -> int:
    """How many processes whoever started this one wants; 1 where nobody says."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank_of_environment() -> int:
    return int(os.environ.get("RANK", "0"))


def plan(mode: Mode | None, shards: int | None) -> Processes:
    """The processes as the environment and the user want them. CannotShare."""
    count = count_of_environment()
    return Processes(rank_of_environment(), count, *shared_out(mode, shards, count))


@contextmanager
def together(
    processes: Processes, device: torch.device, patience: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """In the block the processes can speak with each other: over gloo, between GPUs over nccl. Lost
    when one of them does not come."""
    if processes.count == 1:
        yield
        return
    meeting = os.environ.get(launch.MEETING)
    # torchrun starts anew after a death, and its store still has the addresses of those that were.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    limit = timedelta(seconds=patience)
    with _answered():
        store, rank, count = next(
            group.rendezvous(  # type: ignore[attr-defined]
                f"file://{meeting}" if meeting else "env://",
                processes.rank,
                processes.count,
                timeout=limit,
            )
        )
        store.set_timeout(limit)
        group.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            store=group.PrefixStore(f"attempt-{attempt}", store),  # type: ignore[attr-defined]
            rank=rank,
            world_size=count,
            timeout=limit,
        )
    try:
        yield
    finally:
        group.destroy_process_group()


@contextmanager
def _answered() -> Iterator[None]:
    """Lost in the place of whatever the other processes' silence is called."""
    try:
        yield
    except RuntimeError as error:
        # The first sentence, without the places in gloo's source.
        said = re.sub(r"\[\S*\.cc:\d+\] ", "", str(error)).partition("\n")[0].partition(". ")[0]
        said = said or type(error).__name__
        raise Lost(
            "another process of this run has ended, or gives no answer ({said})", said=said
        ) from error


def _device_of_group() -> torch.device:
    return torch.device("cuda" if group.get_backend() == "nccl" else "cpu")


# -- batch normalisation ---------------------------------------------------------------------


def normalises(network: nn.Module) -> bool:
    """True when the network looks at the statistics of a batch."""
    return any(isinstance(one, _BatchNorm) for one in network.modules())


def synchronise(network: nn.Module, processes: Processes) -> None:
    """Has every batch normalisation use mean and variance of the whole batch, whichever process has
    the rows: fast mode. (torch's own SyncBatchNorm is for GPUs alone.)"""
    for one in network.modules():
        if isinstance(one, _BatchNorm):
            one.forward = partial(_normalised, one, one.forward, processes)  # type: ignore[method-assign]


def _normalised(
    layer: _BatchNorm, alone: Callable[[Tensor], Tensor], processes: Processes, x: Tensor
) -> Tensor:
    """x (n, c, ...) with mean 0 and variance 1 in each channel over all processes' rows."""
    if not layer.training:
        return alone(x)
    over = [0, *range(2, x.dim())]
    wide = [1, -1] + [1] * (x.dim() - 2)
    numbers = x.float()
    count = processes.totals(torch.tensor(float(x.numel() // x.shape[1]), device=x.device))
    mean = _total(numbers.sum(dim=over), processes) / count  # (c,)
    centred = numbers - mean.reshape(wide)
    variance = _total((centred**2).sum(dim=over), processes) / count  # (c,)
    if layer.track_running_stats and layer.momentum is not None:
        assert layer.running_mean is not None and layer.running_var is not None
        with torch.no_grad():
            unbiased = variance * (count / (count - 1))
            layer.running_mean.lerp_(mean, layer.momentum)
            layer.running_var.lerp_(unbiased, layer.momentum)
            if layer.num_batches_tracked is not None:
                layer.num_batches_tracked += 1
    said = centred * (variance + layer.eps).rsqrt().reshape(wide)
    if layer.affine:
        said = said * layer.weight.reshape(wide) + layer.bias.reshape(wide)
    return said.to(x.dtype)


class _Total(torch.autograd.Function):
    """A sum over the processes; each one's slope is the sum of all slopes along it."""

    @staticmethod
    def forward(context: Any, value: Tensor, processes: Processes) -> Tensor:
        context.processes = processes
        return processes.totals(value.clone())

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        return context.processes.totals(slopes[0].contiguous().clone()), None


def _total(value: Tensor, processes: Processes) -> Tensor:
    return _Total.apply(value, processes)  # type: ignore[no-any-return, no-untyped-call]
