"""Pictures and classes from the four IDX files that MNIST and its likes consist of.

The layout (yann.lecun.com/exdb/mnist): two zero bytes, the type of a number (8: a byte), how many
dimensions, each dimension as four bytes with the high one first, then the numbers.
"""

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reproduce.content import DataError, read
from reproduce.data import Dataset, Split, Splits

if TYPE_CHECKING:
    from reproduce.content import Bytes

SIDE: Final = 28
CLASSES: Final = 10
TRAIN_ROWS: Final = 60_000
TEST_ROWS: Final = 10_000


def splits(dataset: Dataset, folder: Path) -> Splits:
    """Both splits as the makers cut them. x: (n, 28, 28) uint8, 0..255; y: (n,) int64, 0..9.

    DataError when a file is not what it should be.
    """
    return Splits(
        train=_split(dataset, folder, "train", TRAIN_ROWS),
        test=_split(dataset, folder, "t10k", TEST_ROWS),
    )


def _split(dataset: Dataset, folder: Path, name: str, rows: int) -> Split:
    import torch

    files = {file.name: file for file in dataset.files}
    pictures = array(read(folder, files[f"{name}-images-idx3-ubyte"]), (rows, SIDE, SIDE))
    classes = array(read(folder, files[f"{name}-labels-idx1-ubyte"]), (rows,))
    if classes.max() >= CLASSES:
        raise DataError(f"{folder}: {name} has a class beyond {CLASSES - 1}")
    return Split(torch.from_numpy(pictures), torch.from_numpy(classes.astype("int64")))


def array(content: "Bytes", shape: tuple[int, ...]) -> "Bytes":
    """The bytes of an IDX file in their shape, not copied. DataError when its header says another."""
    header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
    rows = 1
    for length in shape:
        rows *= length
    if content[: len(header)].tobytes() != header or len(content) != len(header) + rows:
        found = content[: len(header)].tobytes().hex(" ")
        raise DataError(f"no IDX file of {' x '.join(map(str, shape))} bytes: it begins {found}")
    return content[len(header) :].reshape(shape)
