"""Digits: 1,797 handwritten digits, 8 x 8 in 17 greys, as scikit-learn brings them along.

They are the test half of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998; UCI
Machine Learning Repository 80, CC BY 4.0). Split as in scikit-learn's own example: the first half
trains, the second half tests, no row moved
(scikit-learn.org/stable/auto_examples/classification/plot_digits_classification.html).
"""

from pathlib import Path
from typing import Final

from reproduce import madeup
from reproduce.content import read
from reproduce.data import Dataset, File, Split, Splits

ROWS: Final = 1_797
TRAIN_ROWS: Final = 898
"""Half of them, rounded down: what train_test_split(test_size=0.5, shuffle=False) gives."""

SIDE: Final = 8
WHITE: Final = 16

DATASET: Final = Dataset(
    name="digits",
    key="dataset:optdigits",
    title="Digits (scikit-learn)",
    home="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    licence="CC-BY-4.0",
    files=(
        # The same in scikit-learn 1.5 to 1.9.
        File(
            name="digits.csv",
            size=264_712,
            md5="a0339c30a8a5312a1b6f9e5c719dcce5",
            sha256="6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
            packed="digits.csv.gz",
        ),
    ),
    package="sklearn/datasets/data",
)


def load(folder: Path) -> Splits:
    """898 and 899 pictures. x: (n, 8, 8) uint8, 0..16, 0 is paper; y: (n,) int64, the digit."""
    import numpy
    import torch

    text = read(folder, DATASET.files[0]).tobytes().decode("ascii")
    table = numpy.fromstring(text.replace("\n", ","), dtype=numpy.int64, sep=",")
    table = table.reshape(ROWS, SIDE * SIDE + 1)
    x = torch.from_numpy(table[:, :-1].astype(numpy.uint8).reshape(ROWS, SIDE, SIDE))
    y = torch.from_numpy(table[:, -1].copy())
    return Splits(
        train=Split(x[:TRAIN_ROWS], y[:TRAIN_ROWS]), test=Split(x[TRAIN_ROWS:], y[TRAIN_ROWS:])
    )


def example(n: int) -> Splits:
    """Made-up pictures of the same shape, n for each split; the same ones each time."""
    return madeup.pictures(n, side=SIDE, white=WHITE, seed=1998)
