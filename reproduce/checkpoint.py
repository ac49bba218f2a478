"""Checkpoints: all that a run needs to go on to the very same bits, written so that a kill at any
moment leaves the one before or the new one.

A checkpoint is a folder: tensors.safetensors, state.json, and sums.json with the sha256 of both, which
is written last. Nothing is pickled. The two newest are kept, so that a damaged one falls back.
"""

import json
import os
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from reproduce.failure import Failure, Sentence

KEPT: Final = 2


class NoRoom(Failure):
    """A checkpoint could not be written; the one before it is whole."""

    resumable = True

    def __init__(self, folder: Path, why: object) -> None:
        space = "Free some space, or choose another --folder; a checkpoint before it is whole."
        super().__init__(
            "cannot write a checkpoint in {folder}: {why}", Sentence(space), folder=folder, why=why
        )


@dataclass(frozen=True)
class Checkpoint:
    """What was read back."""

    step: int
    state: dict[str, Any]
    """Everything that is no tensor."""
    tensors: dict[str, Tensor]


def save(folder: Path, step: int, state: dict[str, Any], tensors: dict[str, Tensor]) -> Path:
    """Writes a checkpoint of a step. NoRoom when the disk does not take it."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    target = folder / f"step-{step:09}"
    partial = folder / f"{target.name}.partial-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        save_file(
            # Cloned: two names of one memory cannot be written.
            {name: one.detach().contiguous().clone() for name, one in tensors.items()},
            partial / "tensors.safetensors",
        )
        (partial / "state.json").write_text(json.dumps({"step": step, **state}), "utf-8")
        sums = {name: _sum(partial / name) for name in ("tensors.safetensors", "state.json")}
        (partial / "sums.json").write_text(json.dumps(sums), "utf-8")
        for path in (*partial.iterdir(), partial):
            _sync(path)
        if target.exists():
            shutil.rmtree(target)
        partial.replace(target)
        _sync(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise NoRoom(folder, _why(error)) from error
    for old in sorted(folder.glob("step-?????????"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole; None when there is none."""
    for path in sorted(folder.glob("step-?????????"), reverse=True):
        found = _read(path)
        if found is not None:
            return found
    return None


def newest_step(folder: Path) -> int | None:
    """Of the newest checkpoint, whole or not; None when there is none."""
    return max((int(path.name[5:]) for path in folder.glob("step-?????????")), default=None)


def forget_after(folder: Path, step: int) -> int:
    """Takes away what lies beyond the newest whole checkpoint, that of this step: damaged ones, so that
    they do not count among those that are kept, and what a killed process began. How many damaged."""
    damaged = [path for path in folder.glob("step-?????????") if int(path.name[5:]) > step]
    for path in (*damaged, *folder.glob("step-*.partial-*")):
        shutil.rmtree(path, ignore_errors=True)
    return len(damaged)


def check_room(folder: Path) -> None:
    """NoRoom when the folder takes nothing: said before the training, not after its first minutes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f"step-trial.partial-{os.getpid()}"
        trial.mkdir()
        trial.rmdir()
    except OSError as error:
        raise NoRoom(folder, _why(error)) from error


def forget(folder: Path) -> None:
    """Takes a run's checkpoints away: it is finished, or begins anew."""
    shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> Checkpoint | None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        sums = json.loads((path / "sums.json").read_text("utf-8"))
        if any(_sum(path / name) != digest for name, digest in sums.items()) or len(sums) != 2:
            return None
        state = json.loads((path / "state.json").read_text("utf-8"))
        # Cloned: read tensors begin at any address, and sums over other addresses have other last bits.
        tensors = {
            name: one.clone() for name, one in load_file(path / "tensors.safetensors").items()
        }
        return Checkpoint(int(state.pop("step")), state, tensors)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError):
        return None


# -- states as tensors and JSON ----------------------------------------------------------------


def flatten(name: str, value: Any, tensors: dict[str, Tensor]) -> Any:
    """The value as JSON; tensors in it go to `tensors` and leave their names."""
    if isinstance(value, Tensor):
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, dict):
        return {
            "dict": [
                [_key(key), flatten(f"{name}.{key}", one, tensors)] for key, one in value.items()
            ]
        }
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [flatten(f"{name}.{at}", one, tensors) for at, one in enumerate(value)]}
    if value is None or isinstance(value, bool | int | float | str):
        return {"value": value}
    raise TypeError(f"{name}: a {type(value).__name__} cannot stand in a checkpoint")


def unflatten(said: Any, tensors: dict[str, Tensor]) -> Any:
    """The value that `flatten` took apart."""
    [(kind, inner)] = said.items()
    if kind == "tensor":
        return tensors[inner]
    if kind == "dict":
        return {_unkey(key): unflatten(one, tensors) for key, one in inner}
    if kind in ("list", "tuple"):
        values = [unflatten(one, tensors) for one in inner]
        return tuple(values) if kind == "tuple" else values
    return inner


def _key(key: Any) -> Any:
    assert isinstance(key, str | int), key
    return key


def _unkey(key: Any) -> Any:
    return key


def digest(tensors: dict[str, Tensor]) -> str:
    """sha256 over names, shapes and bytes: two runs of one digest are the same to the bit."""
    found = sha256()
    for name in sorted(tensors):
        one = tensors[name].detach().cpu().contiguous()
        found.update(f"{name} {one.dtype} {tuple(one.shape)}\n".encode())
        found.update(one.reshape(-1).view(torch.uint8).numpy().tobytes() if one.numel() else b"")
    return found.hexdigest()


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _sum(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
