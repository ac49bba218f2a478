"""A batch of a training, and the parts of it that are computed at once, with the chance of their rows."""

from dataclasses import dataclass

from torch import Tensor

from reproduce import chance


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


@dataclass
class Shard:
    """The part of a batch that is computed at once: all of it, unless several processes share it."""

    indices: Tensor
    """(s,) int64: row numbers of the training split."""
    share: float
    """Of the batch: s / b. A loss that is a mean over the shard counts for so much of the batch's: so
    every row counts the same, also in a last batch that cannot be cut evenly."""
    keys: dict[str, int]
    """For each name of chance, the key of this epoch."""
    drawn: int = 0
    """Words that each row has used up of its chance."""

    def drop(self, x: Tensor, share: float) -> Tensor:
        """Dropout: x (s, ...) with such a share of zeros, the rest enlarged so that sums stay the same.

        Which ones become zero depends on seed, epoch and row alone, and on how many were dropped before:
        neither on the other rows of the batch nor on the process.
        """
        width = x[0].numel()
        keep = chance.kept(self.keys["dropout"], self._rows(x), self.drawn, width, share)
        self.drawn += width
        return x * keep.view(x.shape) * (1 / (1 - share))

    def uniform(self, width: int) -> Tensor:
        """(s, width) float32 in [0, 1), for augmentation: by seed, epoch and row alone, like `drop`."""
        found = chance.uniform(self.keys["augmentation"], self.indices, self.drawn, width)
        self.drawn += width
        return found

    def _rows(self, x: Tensor) -> Tensor:
        return self.indices.to(x.device)


def no_drop(x: Tensor, share: float) -> Tensor:
    """In the place of `Shard.drop` when a network is not trained: x itself."""
    return x
