"""The datasets themselves: the rows that come out of their files are those their makers published."""

import dataclasses
import gzip
import hashlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from reproduce import idx
from reproduce.content import DataError, WrongBytes, check
from reproduce.data import Dataset, Splits, loaded
from reproduce.datasets import diabetes, fashion_mnist, mnist
from reproduce.files import NotReached, obtain, sums
from reproduce.places import Places
from tests.mirrortest import file_of

pytestmark = pytest.mark.torch


def header(*shape: int, kind: int = 8) -> bytes:
    return struct.pack(f">4B{len(shape)}I", 0, 0, kind, len(shape), *shape)


# -- IDX ---------------------------------------------------------------------------------------


def as_content(body: bytes) -> "idx.Bytes":
    return numpy.frombuffer(bytearray(body), numpy.uint8)


def test_an_idx_file_is_laid_in_its_shape_without_a_copy() -> None:
    content = as_content(header(2, 3) + bytes(range(6)))
    found = idx.array(content, (2, 3))
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert numpy.shares_memory(found, content)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        header(2, 3)[:7],
        header(2, 3) + bytes(5),
        header(2, 3) + bytes(7),
        header(3, 2) + bytes(6),
        header(6) + bytes(6),
        header(2, 3, kind=9) + bytes(6),
        b"\x01" + header(2, 3)[1:] + bytes(6),
        struct.pack("<4B2I", 0, 0, 8, 2, 2, 3) + bytes(6),
        header(0xFFFFFFFF, 0xFFFFFFFF) + bytes(6),
    ],
    ids=["empty", "cut header", "a byte short", "a byte long", "other shape", "other dimensions",
         "other type", "no IDX", "low byte first", "huge"],
)  # fmt: skip
def test_an_idx_file_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(DataError, match="no IDX file of 2 x 3 bytes"):
        idx.array(as_content(body), (2, 3))


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST of 600 and 100 rows: its full size says nothing more here."""
    monkeypatch.setattr(idx, "TRAIN_ROWS", 600)
    monkeypatch.setattr(idx, "TEST_ROWS", 100)


def small_mnist(folder: Path, classes: bytes = bytes(range(10))) -> Dataset:
    """Files in MNIST's form with made-up bytes."""
    files = []
    for name, rows in (("train", 600), ("t10k", 100)):
        pictures = header(rows, 28, 28) + bytes(rows * 784)
        labels = header(rows) + classes * (rows // 10)
        for kind, body in (("images-idx3-ubyte", pictures), ("labels-idx1-ubyte", labels)):
            (folder / f"{name}-{kind}").write_bytes(body)
            files.append(file_of(f"{name}-{kind}", body))
    return dataclasses.replace(mnist.DATASET, files=tuple(files))


def test_four_files_become_two_splits(tmp_path: Path, few_rows: None) -> None:
    import torch

    splits = idx.splits(small_mnist(tmp_path), tmp_path)
    assert (splits.train.x.shape, splits.test.x.shape) == ((600, 28, 28), (100, 28, 28))
    assert (splits.train.x.dtype, splits.train.y.dtype) == (torch.uint8, torch.int64)
    assert splits.test.y[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    splits.train.x[0, 0, 0] = 7  # the memory is the tensor's own


def test_other_numbers_of_rows_than_mnist_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no IDX file of 60000 x 28 x 28 bytes"):
        idx.splits(small_mnist(tmp_path), tmp_path)


def test_a_class_beyond_the_ten_is_refused(tmp_path: Path, few_rows: None) -> None:
    dataset = small_mnist(tmp_path, classes=bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 10]))
    with pytest.raises(DataError, match="a class beyond 9"):
        idx.splits(dataset, tmp_path)


def test_what_is_read_is_checked(tmp_path: Path, few_rows: None) -> None:
    dataset = small_mnist(tmp_path)
    path = tmp_path / "t10k-images-idx3-ubyte"
    body = bytearray(path.read_bytes())
    body[50_000] ^= 1
    path.write_bytes(body)
    with pytest.raises(WrongBytes, match="t10k-images-idx3-ubyte"):
        idx.splits(dataset, tmp_path)
    with pytest.raises(WrongBytes, match="ba891046e6505d7a"):
        mnist.load(tmp_path)


def test_mnist_and_fashion_mnist_are_told_apart_by_content() -> None:
    ours, theirs = mnist.DATASET.files, fashion_mnist.DATASET.files
    assert [file.name for file in ours] == [file.name for file in theirs]
    assert [file.size for file in ours] == [file.size for file in theirs]
    assert not {file.md5 for file in ours} & {file.md5 for file in theirs}


# -- MNIST, real ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_mnist(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Splits]:
    nowhere = Places(tmp_path_factory.mktemp("none"), shelf=real_data, offline=True)
    folder = obtain(mnist.DATASET, places=nowhere)
    return folder, mnist.load(folder)


def test_real_mnist_has_the_rows_that_are_known(
    real_data: Path, real_mnist: tuple[Path, Splits]
) -> None:
    folder, splits = real_mnist
    assert folder == real_data / "mnist"
    # How often each digit is: as Keras and others print it.
    assert splits.train.y.bincount().tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert splits.test.y.bincount().tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    # The mean and deviation by which everybody normalises.
    scaled = splits.train.x.double() / 255
    assert float(scaled.mean()) == pytest.approx(0.1307, abs=5e-5)
    assert float(scaled.std()) == pytest.approx(0.3081, abs=5e-5)


def test_real_mnist_has_its_declared_sums(real_mnist: tuple[Path, Splits]) -> None:
    folder, _ = real_mnist
    assert all(one.right for one in check(mnist.DATASET, folder))
    by_md5 = tuple(dataclasses.replace(one, sha256=None) for one in mnist.DATASET.files)
    assert all(one.right for one in check(dataclasses.replace(mnist.DATASET, files=by_md5), folder))
    assert sums(mnist.DATASET, folder) == {one.name: one.sha256 for one in mnist.DATASET.files}


def test_real_mnist_is_not_fashion_mnist(real_data: Path, tmp_path: Path) -> None:
    with pytest.raises(NotReached, match="t10k-labels"):
        obtain(fashion_mnist.DATASET, places=Places(tmp_path, shelf=real_data, offline=True))


def test_real_mnist_unpacked_is_the_same_rows(
    real_mnist: tuple[Path, Splits], tmp_path: Path
) -> None:
    folder, splits = real_mnist
    for file in mnist.DATASET.files:
        packed = (folder / f"{file.name}.gz").read_bytes()
        (tmp_path / file.name).write_bytes(gzip.decompress(packed))
    found = mnist.load(tmp_path)
    assert found.train.x.equal(splits.train.x)
    assert found.test.y.equal(splits.test.y)


# -- tables that come with scikit-learn -------------------------------------------------------


def of(name: str) -> Splits:
    dataset = loaded(name)
    return dataset.load(obtain(dataset.dataset))


def test_diabetes_is_what_scikit_learn_loads_last_twenty_rows_apart() -> None:
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    splits = of("diabetes")
    assert (len(splits.train), len(splits.test)) == (422, 20)
    assert abs(splits.train.x.numpy() - x[:-20]).max() < 1e-15
    assert abs(splits.test.x.numpy() - x[-20:]).max() < 1e-15
    assert splits.train.y.tolist() == y[:-20].tolist()
    assert splits.test.y.tolist() == y[-20:].tolist()


def test_diabetes_columns_have_mean_nought_and_length_one() -> None:
    import torch

    splits = of("diabetes")
    table = torch.cat([splits.train.x, splits.test.x])
    assert float(table.mean(dim=0).abs().max()) < 1e-15
    assert torch.allclose(table.norm(dim=0), torch.ones(10, dtype=torch.float64), atol=1e-14)


def test_earlier_spelling_of_diabetes_is_the_same_rows_to_the_bit(tmp_path: Path) -> None:
    folder = obtain(diabetes.DATASET)
    today = gzip.decompress((folder / "diabetes_data_raw.csv.gz").read_bytes()).decode()
    earlier = today
    spelt = {"4.804": "4.803999999999999", "5.366": "5.3660000000000005",
             "5.451": "5.4510000000000005", "5.247": "5.247000000000001"}  # fmt: skip
    for short, long in spelt.items():
        earlier = earlier.replace(f" {short} ", f" {long} ")
    [declared] = diabetes.DATASET.files[0].also
    digest = hashlib.md5(earlier.encode()).hexdigest()
    if "4.804 " in today:
        assert (len(earlier), digest) == (declared.size, declared.md5)
    (tmp_path / "diabetes_data_raw.csv").write_text(earlier)
    (tmp_path / "diabetes_target.csv.gz").write_bytes(
        (folder / "diabetes_target.csv.gz").read_bytes()
    )
    assert diabetes.load(tmp_path).train.x.equal(of("diabetes").train.x)
    assert sums(diabetes.DATASET, tmp_path)["diabetes_data_raw.csv"] == declared.sha256


def test_least_squares_on_diabetes_gives_what_the_tutorial_printed() -> None:
    import torch

    splits = of("diabetes")

    def with_one(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)

    plane = torch.linalg.lstsq(with_one(splits.train.x), splits.train.y).solution
    error = float(((with_one(splits.test.x) @ plane - splits.test.y) ** 2).mean())
    # 2004.5676 in scikit-learn's tutorial, on columns that were rounded when they had been scaled.
    assert error == pytest.approx(2004.57, abs=0.1)


def test_digits_are_what_scikit_learn_loads_first_half_apart() -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pictures, classes = load_digits(return_X_y=True)
    halves = train_test_split(pictures, classes, test_size=0.5, shuffle=False)
    splits = of("digits")
    found = (splits.train.x, splits.test.x, splits.train.y, splits.test.y)
    for ours, theirs in zip(found, halves, strict=True):
        assert ours.flatten().tolist() == theirs.ravel().tolist()


# -- imports ----------------------------------------------------------------------------------


def test_listing_and_finding_import_neither_torch_nor_scikit_learn_nor_httpx() -> None:
    program = (
        "import sys\n"
        "from reproduce.data import loaded, names\n"
        "from reproduce.files import obtain\n"
        "print([obtain(loaded(one).dataset).name for one in ('diabetes', 'digits')], len(names()))\n"
        "print(*({'torch', 'sklearn', 'httpx', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30
    )
    assert done.stdout.splitlines()[1:] == [""], done.stderr
