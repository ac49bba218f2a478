"""How a folder of an index is written, and how it becomes the one in use."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

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


def write(folder: Path, arrays: dict[str, Array], facts: dict[str, Any]) -> None:
    """The arrays, one file each, and the facts about them."""
    digests: dict[str, str] = {}
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        np.save(path, array, allow_pickle=False)
        _sync(path)
        digests[path.name] = digest(path)
    lengths = {name: len(array) for name, array in arrays.items()}
    meta = {"format": FORMAT, **facts, "lengths": lengths, "sha256": digests}
    path = folder / META
    path.write_text(json.dumps(meta, indent=1), "utf-8")
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
