"""Fashion-MNIST: photographs of Zalando's clothes in the form of MNIST (Xiao, Rasul, Vollgraf; 2017).

The md5 of the packed files stand in the makers' README; those of the content are the keys under which
github.com/datasets-mila/datasets--fashionmnist keeps them beside the packed ones, and three other
projects print the same; the sha256 stand in four. No copy was at hand here to compare them with.
"""

from pathlib import Path
from typing import Final

from reproduce import idx, madeup
from reproduce.data import Dataset, File, Splits

DATASET: Final = Dataset(
    name="fashion_mnist",
    key="dataset:fashion-mnist",
    title="Fashion-MNIST",
    home="https://github.com/zalandoresearch/fashion-mnist",
    licence="MIT",
    files=(
        File(
            name="train-images-idx3-ubyte",
            size=47_040_016,
            md5="f4a8712d7a061bf5bd6d2ca38dc4d50a",
            sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            packed="train-images-idx3-ubyte.gz",
        ),
        File(
            name="train-labels-idx1-ubyte",
            size=60_008,
            md5="9018921c3c673c538a1fc5bad174d6f9",
            sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            packed="train-labels-idx1-ubyte.gz",
        ),
        File(
            name="t10k-images-idx3-ubyte",
            size=7_840_016,
            md5="8181f5470baa50b63fa0f6fddb340f0a",
            sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            packed="t10k-images-idx3-ubyte.gz",
        ),
        File(
            name="t10k-labels-idx1-ubyte",
            size=10_008,
            md5="15d484375f8d13e6eb1aabb0c3f46965",
            sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            packed="t10k-labels-idx1-ubyte.gz",
        ),
    ),
    # The makers' own bucket over TLS, their repository, and the copy that Keras reads.
    mirrors=(
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
    ),
)


def load(folder: Path) -> Splits:
    """60,000 and 10,000 pictures. x: (n, 28, 28) uint8, 0 is paper; y: (n,) int64: T-shirt, trousers,
    pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot."""
    return idx.splits(DATASET, folder)


def example(n: int) -> Splits:
    """Made-up pictures of the same shape, n for each split; the same ones each time."""
    return madeup.pictures(n, side=idx.SIDE, white=255, seed=2017)
