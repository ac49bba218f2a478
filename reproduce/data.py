"""What a dataset declares, and its rows once they are read."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class File:
    """One file of a dataset, known by its content: any wrapper of the same bytes is accepted."""

    name: str
    """As its makers name it, unpacked: `train-images-idx3-ubyte`."""
    size: int
    """Bytes, unpacked."""
    md5: str
    """Of the unpacked bytes, as the makers or ten independent projects state it."""
    packed: str | None = None
    """The name under which mirrors hold it: `train-images-idx3-ubyte.gz`."""
    sha256: str | None = None
    """Of the unpacked bytes, where it is known: then it is checked in the place of the md5."""
    also: "tuple[File, ...]" = ()
    """Other bytes that say the same rows, and are accepted: an earlier release's spelling of a number."""


@dataclass(frozen=True)
class Dataset:
    """The declaration at the top of a file in reproduce/datasets."""

    name: str
    key: str
    """The entry of the catalog: `dataset:mnist`."""
    title: str
    home: str
    licence: str | None
    """SPDX id, or None where its makers state none."""
    notice: str | None = None
    """Terms that a user accepts once before the first download; None: nothing to accept."""
    files: tuple[File, ...] = ()
    mirrors: tuple[str, ...] = ()
    """Addresses of folders that hold the files, tried in order."""
    package: str | None = None
    """The folder of an installed package that its files come in: `sklearn/datasets/data`."""
    lossy: bool = False
    """True when its bytes are not the makers' own: a number on it compares with no published one."""


@dataclass(frozen=True)
class Split:
    """Rows of a dataset: inputs and what is to be said of them, as tensors in memory."""

    x: "Tensor"
    """(n, ...): images as bytes (n, height, width), tables as float64 (n, columns)."""
    y: "Tensor"
    """(n,): classes as int64, or values as float64."""

    def __len__(self) -> int:
        return len(self.y)

    def parted(self, last: int) -> "tuple[Split, Split]":
        """All but the last so many rows, and those: the training split's own validation split."""
        return Split(self.x[:-last], self.y[:-last]), Split(self.x[-last:], self.y[-last:])


@dataclass(frozen=True)
class Splits:
    """What `load` of a dataset returns."""

    train: Split
    test: Split


@dataclass(frozen=True)
class Loaded:
    """A file in reproduce/datasets, imported."""

    dataset: Dataset
    load: Callable[[Path], Splits]
    """Reads the checked files of a folder."""
    example: Callable[[int], Splits]
    """Made-up rows of the true shape, so many for each split."""


class UnknownDataset(LookupError):
    """No file of that name."""


@cache
def names() -> tuple[str, ...]:
    """Every dataset, by the name of its file."""
    import reproduce.datasets as package

    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def loaded(name: str) -> Loaded:
    """A dataset by the name of its file; importing it imports no torch. UnknownDataset."""
    if name not in names():
        raise UnknownDataset(name)
    module = importlib.import_module(f"reproduce.datasets.{name}")
    return Loaded(module.DATASET, module.load, module.example)


BATCH: Final = 1_000
"""Rows that are measured at a time."""
