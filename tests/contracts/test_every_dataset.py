"""What every dataset promises. A new file in reproduce/datasets is held to this without a word here."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import reproduce.datasets
from crawlers.keys import parse_key
from reproduce.content import DataError, check
from reproduce.data import File, Loaded, Splits, UnknownDataset, loaded, names
from reproduce.files import obtain
from reproduce.places import Places

FILES = sorted(
    path.stem
    for path in Path(reproduce.datasets.__path__[0]).glob("*.py")
    if path.stem != "__init__"
)
DATASETS = {name: loaded(name) for name in names()}

every = pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))


def whole(one: Loaded) -> Splits:
    """The rows themselves, where they are on this machine without asking anybody."""
    named = os.environ.get("HUB_REAL_DATA")
    here = Places(Path("/nonexistent"), shelf=Path(named) if named else None, offline=True)
    try:
        return one.load(obtain(one.dataset, places=here))
    except DataError as error:
        pytest.skip(f"{error.what}")


def test_every_file_of_the_folder_is_a_dataset_by_its_name() -> None:
    assert list(DATASETS) == FILES
    assert [one.dataset.name for one in DATASETS.values()] == FILES
    with pytest.raises(UnknownDataset):
        loaded("no_such_dataset")


@every
def test_dataset_declares_itself(dataset: Loaded) -> None:
    said = dataset.dataset
    assert said.title.strip() == said.title != ""
    assert parse_key(said.key) == said.key
    assert said.key.startswith("dataset:")
    assert urlsplit(said.home).scheme == "https"
    for words in (said.licence, said.notice):
        assert words is None or words.strip() == words != ""
    assert said.files


@every
def test_its_files_are_known_by_size_and_sums(dataset: Loaded) -> None:
    def look(file: File) -> None:
        assert re.fullmatch(r"[0-9A-Za-z][-.\w]*", file.name), file.name
        assert file.size > 0
        assert re.fullmatch("[0-9a-f]{32}", file.md5)
        assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.packed in (None, f"{file.name}.gz")
        for other in file.also:
            assert (other.name, other.also) == (file.name, ())
            assert other.md5 != file.md5
            look(other)

    for file in dataset.dataset.files:
        look(file)
    assert len({file.name for file in dataset.dataset.files}) == len(dataset.dataset.files)
    assert len({file.md5 for file in dataset.dataset.files}) == len(dataset.dataset.files)


@every
def test_it_comes_from_two_hosts_at_least_over_tls_or_with_a_package(dataset: Loaded) -> None:
    hosts = {urlsplit(one).netloc for one in dataset.dataset.mirrors}
    assert all(urlsplit(one).scheme == "https" for one in dataset.dataset.mirrors)
    assert not any(one.endswith("/") for one in dataset.dataset.mirrors)
    if dataset.dataset.package is None:
        assert len(hosts) >= 2
    else:
        assert not hosts
        assert all(one.right for one in check(dataset.dataset, obtain(dataset.dataset)))


@every
@pytest.mark.torch
def test_example_is_the_same_each_time_and_its_splits_differ(dataset: Loaded) -> None:
    first, second = dataset.example(60), dataset.example(60)
    for one, other in ((first.train, second.train), (first.test, second.test)):
        assert one.x.equal(other.x)
        assert one.y.equal(other.y)
        assert len(one) == len(one.x) == 60
    assert not first.train.x.equal(first.test.x)


@every
@pytest.mark.torch
def test_example_has_the_shape_and_kind_of_the_real_rows(dataset: Loaded) -> None:
    real, made_up = whole(dataset), dataset.example(100)
    for ours, theirs in ((real.train, made_up.train), (real.test, made_up.test)):
        assert ours.x.shape[1:] == theirs.x.shape[1:]
        assert (ours.x.dtype, ours.y.dtype) == (theirs.x.dtype, theirs.y.dtype)
        assert len(ours) == len(ours.x)
        assert ours.y.shape == (len(ours),)
        if not ours.y.dtype.is_floating_point:
            assert ours.y.unique().tolist() == theirs.y.unique().tolist()
            assert 0.4 * ours.x.max() <= theirs.x.max() <= ours.x.max()


@every
@pytest.mark.torch
def test_example_can_be_learnt_from(dataset: Loaded) -> None:
    import torch

    made_up = dataset.example(400)
    train, test = (split.x.double().flatten(1) for split in (made_up.train, made_up.test))
    y = made_up.train.y
    if not y.dtype.is_floating_point:
        middles = torch.stack([train[y == one].mean(dim=0) for one in y.unique()])
        right = torch.cdist(test, middles).argmin(dim=1) == made_up.test.y
        assert float(right.double().mean()) > 0.9
        assert y.bincount().min() == y.bincount().max(), "each class as often"
        return
    ones = [torch.ones(len(x), 1, dtype=x.dtype) for x in (train, test)]
    plane = torch.linalg.lstsq(torch.cat([train, ones[0]], dim=1), y).solution
    error = (torch.cat([test, ones[1]], dim=1) @ plane - made_up.test.y).var()
    assert float(error / made_up.test.y.var()) < 0.3


@every
@pytest.mark.torch
def test_loading_from_an_empty_folder_is_an_error_that_says_so(
    dataset: Loaded, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="lacks"):
        dataset.load(tmp_path)


def test_importing_every_dataset_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from reproduce.data import loaded, names\n"
        "[loaded(name) for name in names()]\n"
        "print(*({'torch', 'numpy', 'sklearn', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "\n", done.stderr
