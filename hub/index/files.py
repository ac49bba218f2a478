"""How a folder of an index is written, and how it becomes the one in use."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from hub.index.format import CURRENT, FORMAT, META
from hub.index.segment import Array, digest


@contextmanager
def put_in_use(root: Path, kind: str) -> Iterator[Path]:
    """A new folder `KIND-...` under `root`, which is in use once the block has filled it.

    Nothing of it is visible before the last rename, and nothing is left of it when the block fails.
    Folders that nobody needs any more go.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"{kind}-{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir()
    try:
        yield folder
        _sync(folder)
        partial = root / f"{folder.name}.{CURRENT}"
        partial.write_text(folder.name, "ascii")
        _sync(partial)
        previous = _in_use(root)
        partial.replace(root / CURRENT)
        _sync(root)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _sweep(root, _needed(root, folder.name) | _needed(root, previous))


class Files:
    """The arrays of a new folder, one file each, written as they are made: none need be kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lengths: dict[str, int] = {}
        """Values of each array that was written."""
        self._digests: dict[str, str] = {}

    def add(self, name: str, array: Array) -> None:
        """A whole array."""
        with self.growing(name, array.dtype, len(array)) as more:
            more(array)

    @contextmanager
    def growing(
        self, name: str, dtype: np.dtype[Any], length: int
    ) -> Iterator[Callable[[Array], None]]:
        """An array of this length that is written in parts, in the order in which they are given."""
        path = self._folder / f"{name}.npy"
        with path.open("wb") as file:
            described = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False}
            npy.write_array_header_1_0(file, {**described, "shape": (length,)})
            yield lambda part: part.astype(dtype, copy=False).tofile(file)
        _sync(path)
        self.lengths[name] = length
        self._digests[path.name] = digest(path)

    def close(self, facts: dict[str, Any]) -> None:
        """Writes down the facts about what was added."""
        about = {"lengths": self.lengths, "sha256": self._digests}
        path = self._folder / META
        path.write_text(json.dumps({"format": FORMAT, **facts, **about}, indent=1), "utf-8")
        _sync(path)


def _in_use(root: Path) -> str | None:
    try:
        return (root / CURRENT).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _needed(root: Path, name: str | None) -> set[str]:
    """The folder of this name, and the build that it stands on if it is a delta."""
    if not name:
        return set()
    try:
        meta = json.loads((root / name / META).read_bytes())
        return {name, str(meta["base"])} if "base" in meta else {name}
    except (OSError, ValueError, TypeError):
        return {name}


def _sweep(root: Path, keep: set[str]) -> None:
    """Removes folders that belong neither to the index in use nor to the one before, which a reader
    may still open."""
    for path in (*root.glob("build-*"), *root.glob("delta-*")):
        if path.name not in keep and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == f".{CURRENT}":
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Makes the bytes, or a folder's names, survive a power cut."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
