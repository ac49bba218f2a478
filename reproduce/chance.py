"""Chance that hangs on a row and nothing else: for each row of the training split, in each epoch, the
same numbers whichever process computes it and whatever other rows are in its batch.

A generator that is asked for one number after the other cannot do that. So a number here is a function
of where it stands: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)
gives the n-th number of a stream without the ones before it.
"""

from typing import Final

import torch
from torch import Tensor

GAMMA: Final = 0x9E3779B97F4A7C15
"""Between two numbers of a stream: 2^64 divided by the golden ratio, made odd."""

_MULTIPLIERS: Final = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Of the second and third line of SplitMix64's mixing."""


def stream(key: int, at: Tensor) -> Tensor:
    """The numbers of a stream at these places (int64, from 0), 64 random bits each, as int64."""
    # z = key + (at + 1) · gamma, all modulo 2^64, as int64 computes.
    return _mixed((at + 1) * _signed(GAMMA) + _signed(key))


def of_rows(key: int, rows: Tensor, first: int, words: int) -> Tensor:
    """For each row (n,) so many words of its own stream, from the first one on: (n, words) int64."""
    own = stream(key, rows)[
        :, None
    ]  # Each row has a stream of its own: its key is a random number.
    at = torch.arange(first, first + words, device=rows.device)
    return _mixed((at + 1) * _signed(GAMMA) + own)


def kept(key: int, rows: Tensor, first: int, width: int, share: float) -> Tensor:
    """(n, width) bool: True with probability 1 - share, each by itself. `first`: as in `of_rows`."""
    # A byte is enough for shares that are a number of 256ths, as 0.25 and 0.5 are; else 32 bits.
    if (share * 256).is_integer():
        noise = of_rows(key, rows, first, -(-width // 8)).view(torch.uint8)
        return noise[:, :width] >= int(share * 256)
    noise = of_rows(key, rows, first, -(-width // 2)).view(torch.int32)
    return noise[:, :width] >= round(share * 2**32) - 2**31


def uniform(key: int, rows: Tensor, first: int, width: int) -> Tensor:
    """(n, width) float32 in [0, 1), 24 random bits each."""
    noise = of_rows(key, rows, first, -(-width // 2)).view(torch.int32)
    return (noise[:, :width] & 0xFFFFFF).float() / 2**24


def _mixed(z: Tensor) -> Tensor:
    z = (z ^ _right(z, 30)) * _signed(_MULTIPLIERS[0])
    z = (z ^ _right(z, 27)) * _signed(_MULTIPLIERS[1])
    return z ^ _right(z, 31)


def _right(z: Tensor, bits: int) -> Tensor:
    """Shifted with zeros coming in: the shift of int64 brings copies of the sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(number: int) -> int:
    """The int64 of the same 64 bits."""
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number
