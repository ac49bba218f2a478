"""Where a dataset's files lie on this machine: finding them, and writing in the hub's own folder.

What a file holds is judged by reproduce.content; reproduce.files fetches what lies nowhere.
"""

import errno
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from reproduce.content import DataError, held, proven
from reproduce.data import Dataset, File

Tell = Callable[[str, DataError | Path], None]
"""Told what else a user should know: `passed over` or `fetched anew` and what was wrong; `waiting` and
the folder in which another process writes."""


class CannotWrite(DataError):
    """The hub's own folder takes nothing: read-only, or full."""

    def __init__(self, place: Path, error: OSError) -> None:
        self.place = place
        self.full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        self.why = error.strerror or str(error)
        hint = (
            "Free some space, then" if self.full else "Set HUB_HOME to a folder of your own, then"
        )
        super().__init__(f"{place} cannot be written: {self.why}", f"{hint} run the same again.")


class NotAccepted(DataError):
    """The dataset has terms that its user must accept first."""

    code = 2

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.notice = dataset.notice or ""
        super().__init__(
            f"{dataset.title} has terms to be accepted first: {self.notice}",
            f"hub dataset get {dataset.name} --accept",
        )


class NoAddress(DataError):
    """HUB_DATASETS_URL holds something else."""

    code = 2

    def __init__(self) -> None:
        super().__init__("HUB_DATASETS_URL is no http address", "Mend it, or unset it.")


@dataclass(frozen=True)
class Places:
    """Where files may lie, and where they may come from."""

    store: Path
    """The hub's own folder of datasets: what is fetched is kept in store/NAME."""
    shelf: Path | None = None
    """A folder that has files already: HUB_DATASETS_DIR."""
    mirror: str | None = None
    """In the place of every dataset's own mirrors: HUB_DATASETS_URL."""
    offline: bool = False
    """Refuse every host: HUB_OFFLINE."""

    @classmethod
    def of_environment(cls) -> "Places":
        """The places that HUB_* name, or the platform's folder for a user's data."""
        shelf = os.environ.get("HUB_DATASETS_DIR")
        offline = os.environ.get("HUB_OFFLINE", "").strip().lower()
        return cls(
            store=_home() / "datasets",
            shelf=Path(shelf).expanduser().absolute() if shelf else None,
            mirror=os.environ.get("HUB_DATASETS_URL") or None,
            offline=offline not in ("", "0", "false", "no", "off"),
        )


def _home() -> Path:
    named = os.environ.get("HUB_HOME")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("deep-learning-hub", appauthor=False)


# -- finding -----------------------------------------------------------------------------------


def find(
    dataset: Dataset,
    places: Places,
    *,
    given: Path | None = None,
    passed: list[DataError] | None = None,
    quick: bool = False,
) -> Path | None:
    """The first folder that has every file of a dataset, by their names and the bytes of one.

    Datasets share names of files: one file that is right says whose folder it is, the smallest is
    read first; `load` and `check` read the rest. `passed` receives what was wrong in other folders.
    `quick`: the smallest alone is read, so that a list need not unpack another dataset to its end.
    """
    for folder in _folders(dataset, places, given):
        if not all(held(folder, file) for file in dataset.files):
            continue
        wrong: list[DataError] = []
        for file in small_first(dataset)[: 1 if quick else None]:
            try:
                proven(folder, file)
                return folder
            except DataError as error:
                wrong.append(error)
        if passed is not None:
            passed += wrong[:1]
    return None


def package_folder(dataset: Dataset) -> Path | None:
    """The folder of an installed package that a dataset comes in; nothing is imported."""
    if dataset.package is None:
        return None
    package, _, rest = dataset.package.partition("/")
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / rest


def _folders(dataset: Dataset, places: Places, given: Path | None) -> Iterator[Path]:
    """Where files are looked for, in order."""
    if given is not None:
        yield from _with_inner(given)
        return
    if places.shelf is not None:
        yield from _with_inner(places.shelf)
    package = package_folder(dataset)
    if package is not None:
        yield package
    yield places.store / dataset.name


def _with_inner(folder: Path) -> Iterator[Path]:
    yield folder
    with suppress(OSError):
        yield from sorted(inner for inner in folder.iterdir() if inner.is_dir())


def small_first(dataset: Dataset) -> list[File]:
    """The files in the order in which a wrong place shows soonest."""
    return sorted(dataset.files, key=lambda file: file.size)


# -- the hub's own folder ----------------------------------------------------------------------


def accepted(dataset: Dataset, places: Places) -> bool:
    """True when there are no terms, or the user has accepted these very ones."""
    if dataset.notice is None:
        return True
    import tomllib

    try:
        said = tomllib.loads((places.store / "accepted.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return said.get(dataset.name) == _sum_of(dataset.notice)


def accept(dataset: Dataset, places: Places) -> None:
    """Writes down that the user accepts the terms, as they read now. CannotWrite."""
    import tomllib

    path = places.store / "accepted.toml"
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        said = {}
    said[dataset.name] = _sum_of(dataset.notice or "")
    lines = ["# Terms that were accepted: sha256 of their text.\n"]
    lines += [f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in said.items()]
    try:
        places.store.mkdir(parents=True, exist_ok=True)
        _replace(path, "".join(lines).encode())
    except OSError as error:
        raise CannotWrite(path, error) from error


def _sum_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def check_accepted(dataset: Dataset, places: Places) -> None:
    """NotAccepted unless the terms, if there are any, are accepted."""
    if not accepted(dataset, places):
        raise NotAccepted(dataset)


def put(folder: Path, file: File, content: Any) -> None:
    """Gives checked bytes their name."""
    _replace(folder / file.name, content)
    part_of(folder, file).unlink(missing_ok=True)


def _replace(path: Path, content: Any) -> None:
    """The file holds either what it held before or all of this, whatever happens."""
    partial = path.with_name(f"{path.name}.new-{os.getpid()}")
    try:
        with partial.open("wb") as sink:
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """The new name is on the disk as well, where a folder can be opened (not on Windows)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def part_of(folder: Path, file: File) -> Path:
    """What of a file has come so far, as it came."""
    return folder / f"{file.name}.part"


@contextmanager
def writing(folder: Path, tell: Tell) -> Iterator[None]:
    """One process at a time writes in a folder. CannotWrite, in the block too."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell("waiting", folder)
            lock.acquire()
        try:
            for left in folder.glob("*.new-*"):  # by a process that was killed
                left.unlink()
            yield
        finally:
            lock.release()
    except OSError as error:
        raise CannotWrite(folder, error) from error
