"""MNIST: handwritten digits of US officials and pupils, 28 x 28 grey (LeCun, Cortes, Burges; 1998).

The md5 are those that ten independent projects state, the sha256 those of files with these md5. The
original site no longer gives the files out (github.com/pytorch/vision/issues/1938); the mirrors are
PyTorch's own and Google's. Of the gzip wrappers several are in use: only the content is checked.
"""

from pathlib import Path
from typing import Final

from reproduce import idx, madeup
from reproduce.data import Dataset, File, Splits

DATASET: Final = Dataset(
    name="mnist",
    key="dataset:mnist",
    title="MNIST",
    home="https://yann.lecun.com/exdb/mnist/",
    # As the Keras documentation reports it (keras.io/api/datasets/mnist); the makers' page states none.
    licence="CC-BY-SA-3.0",
    files=(
        File(
            name="train-images-idx3-ubyte",
            size=47_040_016,
            md5="6bbc9ace898e44ae57da46a324031adb",
            sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            packed="train-images-idx3-ubyte.gz",
        ),
        File(
            name="train-labels-idx1-ubyte",
            size=60_008,
            md5="a25bea736e30d166cdddb491f175f624",
            sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            packed="train-labels-idx1-ubyte.gz",
        ),
        File(
            name="t10k-images-idx3-ubyte",
            size=7_840_016,
            md5="2646ac647ad5339dbf082846283269ea",
            sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            packed="t10k-images-idx3-ubyte.gz",
        ),
        File(
            name="t10k-labels-idx1-ubyte",
            size=10_008,
            md5="27ae3e4e09519cfbb04c329615203637",
            sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            packed="t10k-labels-idx1-ubyte.gz",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    ),
)


def load(folder: Path) -> Splits:
    """60,000 and 10,000 pictures. x: (n, 28, 28) uint8, 0 is paper; y: (n,) int64, the digit."""
    return idx.splits(DATASET, folder)


def example(n: int) -> Splits:
    """Made-up pictures of the same shape, n for each split; the same ones each time."""
    return madeup.pictures(n, side=idx.SIDE, white=255, seed=1998)
