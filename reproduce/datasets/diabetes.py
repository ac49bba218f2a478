"""Diabetes: ten measurements of 442 patients, and how far the illness went within a year
(Efron, Hastie, Johnstone, Tibshirani: Least Angle Regression, 2004), as scikit-learn brings it along.

Each column has mean 0 and length 1 over all rows, as in the paper and in scikit-learn's load_diabetes.
The last 20 rows test, as in scikit-learn's own tutorial, whose printed numbers can so be compared with
(scikit-learn.org/1.4/tutorial/statistical_inference/supervised_learning.html).
"""

from pathlib import Path
from typing import Final

from reproduce import madeup
from reproduce.content import read
from reproduce.data import Dataset, File, Split, Splits

ROWS: Final = 442
COLUMNS: Final = 10
TEST_ROWS: Final = 20
DECIMALS: Final = 4
"""Of the source. scikit-learn up to 1.7 spelt eleven numbers as 4.803999999999999, since 1.8 they are
as in the source (scikit-learn issue 31940): rounded, both are the same rows to the bit."""

DATASET: Final = Dataset(
    name="diabetes",
    key="dataset:diabetes",
    title="Diabetes (scikit-learn)",
    home="https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
    licence=None,
    files=(
        File(
            name="diabetes_data_raw.csv",
            size=19_596,
            md5="e022ac43b66f542dff1d4b331d7eef66",
            sha256="86badf50b4f9436ddd1e497dc0ae1b93166f8120221ee7dca4634fe849f3be7c",
            packed="diabetes_data_raw.csv.gz",
            also=(
                File(
                    name="diabetes_data_raw.csv",
                    size=19_733,
                    md5="2c4ab40e72f133defddd16aa997d7a84",
                    sha256="ec2683754c379fdffc39f53922c475eff67e2fb9c94c7c27207b7c4371d51726",
                ),
            ),
        ),
        File(
            name="diabetes_target.csv",
            size=11_050,
            md5="3e3835cad7a1565b5142786dfbd64bc6",
            sha256="244713a551f62a291a354212d8a048adec6cb1244b2bc44e66a0698f5006d26d",
            packed="diabetes_target.csv.gz",
        ),
    ),
    package="sklearn/datasets/data",
)


def load(folder: Path) -> Splits:
    """422 and 20 rows. x: (n, 10) float64: age, sex, body mass index, blood pressure, six of blood
    serum, scaled; y: (n,) float64, 25..346."""
    import numpy
    import torch

    raw, value = (
        numpy.fromstring(read(folder, file).tobytes().decode("ascii"), dtype=float, sep=" ")
        for file in DATASET.files
    )
    table = raw.reshape(ROWS, COLUMNS).round(DECIMALS)
    table -= table.mean(axis=0)
    table /= numpy.sqrt((table**2).sum(axis=0))
    x, y = torch.from_numpy(table), torch.from_numpy(value.reshape(ROWS))
    return Splits(
        train=Split(x[:-TEST_ROWS], y[:-TEST_ROWS]), test=Split(x[-TEST_ROWS:], y[-TEST_ROWS:])
    )


def example(n: int) -> Splits:
    """Made-up rows of the same shape, n for each split; the same ones each time."""
    return madeup.table(n, columns=COLUMNS, seed=2004)
