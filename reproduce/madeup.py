"""Made-up rows that can be learnt from: what tests train on where no data may be asked for."""

import math
from typing import TYPE_CHECKING, Final

from reproduce.data import Split, Splits

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CLASSES: Final = 10


def pictures(rows: int, *, side: int, white: int, seed: int) -> Splits:
    """So many pictures for each split: a soft spot whose place on a circle says the class, and noise.

    x: (rows, side, side) uint8, 0..white; y: (rows,) int64, 0..9, each class as often as the others.
    """
    import torch

    chance = torch.Generator().manual_seed(seed)
    return Splits(
        train=_pictures(rows, side, white, chance), test=_pictures(rows, side, white, chance)
    )


def _pictures(rows: int, side: int, white: int, chance: "torch.Generator") -> Split:
    import torch

    y = torch.randperm(rows, generator=chance) % CLASSES
    turn = y * (2 * math.pi / CLASSES)
    centre = torch.stack([turn.sin(), turn.cos()], dim=1) * (side * 0.3)  # (rows, 2)
    centre += torch.randn(rows, 2, generator=chance) * (side * 0.03) + (side - 1) / 2
    # exp(-(a² + b²)) = exp(-a²) exp(-b²): one factor for the lines, one for the columns.
    bright = _soft(centre[:, 0], side)[:, :, None] * _soft(centre[:, 1], side)[:, None, :]
    bright += torch.rand(bright.shape, generator=chance) * 0.1  # (rows, side, side)
    return Split((bright * white).clamp(0, white).to(torch.uint8), y)


def _soft(centre: "Tensor", side: int) -> "Tensor":
    """How bright each place of a line is, given where the spot lies on it: (rows, side)."""
    import torch

    return torch.exp(-(((torch.arange(side) - centre[:, None]) / (side * 0.1)) ** 2))


def table(rows: int, *, columns: int, seed: int) -> Splits:
    """So many rows for each split, a value that is a plane over the columns, and noise.

    x: (rows, columns) float64, each column of mean 0 and length 1 over all rows; y: (rows,) float64.
    """
    import torch

    chance = torch.Generator().manual_seed(seed)
    x = torch.randn(2 * rows, columns, generator=chance, dtype=torch.float64)
    x -= x.mean(dim=0)
    x /= x.norm(dim=0)
    slope = torch.randn(columns, generator=chance, dtype=torch.float64) * 300
    noise = torch.randn(2 * rows, generator=chance, dtype=torch.float64)
    # The more rows, the shorter each: the slope makes up for it.
    y = 150 + (x @ slope) * math.sqrt(rows / 200) + noise * 10
    return Splits(Split(x[:rows], y[:rows]), Split(x[rows:], y[rows:]))
