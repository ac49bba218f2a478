"""The gradient of a batch that is cut into shards: taken out of the networks after each of them, then added
up over all processes and put back."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reproduce.processes import Processes


class Gradients:
    """Of one batch. What each shard found is a row of numbers: the gradients, what the networks remember
    of the rows that went through them (the averages of batch normalisation), and the loss."""

    def __init__(self, networks: Sequence[nn.Module], processes: Processes) -> None:
        self._processes = processes
        self._parameters = [
            one for network in networks for one in network.parameters() if one.requires_grad
        ]
        self._buffers = [one for network in networks for one in network.buffers()]
        self._averages = [one for one in self._buffers if one.is_floating_point()]
        self._before = [one.clone() for one in self._buffers]
        self.taken: list[Tensor] = []
        """(n,) of each shard that this process has computed; empty again when they are added up."""

    def begin(self) -> None:
        """The networks remember what they did before the batch: no shard sees what another left."""
        for one, was in zip(self._buffers, self._before, strict=True):
            one.copy_(was)

    def take(self, share: float, loss: Any) -> None:
        """What the shard in hand found; zeros of one without rows."""
        parts = []
        for parameter in self._parameters:
            slope = parameter.grad
            parts.append(torch.zeros_like(parameter) if slope is None else slope)
            parameter.grad = None
        parts += [share * one for one in self._averages]
        loss = torch.as_tensor(loss).detach().to(parts[0])
        parts.append(share * loss if share else torch.zeros_like(loss))
        self.taken.append(torch.cat([part.detach().reshape(-1) for part in parts]))

    def add_up(self, signals: Sequence[float]) -> tuple[float, list[float]]:
        """The loss of the whole batch, and the sums of these signals over all processes; its gradients and
        averages stand in the networks then. processes.Lost."""
        pieces = torch.stack(self.taken)  # (own shards, n)
        along = pieces.new_zeros(len(pieces), len(signals))
        along[0] = torch.tensor(signals)
        total = self._processes.summed(torch.cat([pieces, along], dim=1))
        self.taken = []
        at = 0
        for parameter in self._parameters:
            found = total[at : at + parameter.numel()].view(parameter.shape)
            # In the layout of the parameter itself, as backward() leaves it.
            parameter.grad = torch.empty_like(parameter).copy_(found)
            at += parameter.numel()
        for one in self._averages:
            one.copy_(total[at : at + one.numel()].view(one.shape))
            at += one.numel()
        return float(total[at]), total[at + 1 :].tolist()
