"""What a data file holds: unpacked, compared with its declaration, and handed on in one reading.

A file is known by its content: packed or not, and however it is wrapped. Nothing here opens a network.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5, sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from reproduce.data import Dataset, File

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from numpy import uint8
    from numpy.typing import NDArray

    Bytes = NDArray[uint8]

STEP: Final = 1 << 20
"""Bytes unpacked at a time: what a bomb can cost beyond the size that is known."""

WRAPPERS: Final = 3
"""How often the same bytes may be packed: a server may pack what is packed already."""

_GZIP: Final = b"\x1f\x8b"
_READING: Final = 1 << 18


class DataError(Exception):
    """A dataset cannot be had: what is wrong, and what to do next."""

    code: ClassVar[int] = 1
    """Exit code of the one table."""
    missing: ClassVar[bool] = False
    """True when it is simply not on this machine."""

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class WrongBytes(DataError):
    """A file holds other bytes than it should."""

    code = 5

    def __init__(self, place: str, file: File, got: str, hint: str | None = None) -> None:
        self.place = place
        """Path or address."""
        self.file = file
        self.expected = expected(file)
        self.got = got
        what = f"{place} is not {file.name}: expected {self.expected}; got {got}"
        super().__init__(what, hint)


class NotThere(DataError):
    """A folder, or this machine, lacks files."""

    code = 4
    missing = True

    def __init__(self, dataset: Dataset, names: tuple[str, ...], place: str, hint: str) -> None:
        self.dataset = dataset
        self.names = names
        self.place = place
        super().__init__(f"{dataset.title}: {place} lacks {', '.join(names)}", hint)


@dataclass(frozen=True)
class Checked:
    """One file of a dataset, looked at."""

    file: File
    path: Path | None
    """None: it is not there."""
    wrong: WrongBytes | None
    """None: it is right, or not there."""

    @property
    def right(self) -> bool:
        return self.path is not None and self.wrong is None


def read(folder: Path, file: File) -> "Bytes":
    """The unpacked bytes of a file in a folder, checked: (size,) uint8 that nobody else holds.

    WrongBytes when they are others; DataError when they cannot be read.
    """
    return _first(folder, file, lambda path: read_file(path, file))


def proven(folder: Path, file: File) -> Path:
    """The path in a folder that holds a file, read to its end; the errors of `read`."""

    def look(path: Path) -> Path:
        _compared(path, file, lambda size: None)
        return path

    return _first(folder, file, look)


def read_file(path: Path, file: File) -> "Bytes":
    """What `read` returns, of one path, whatever it is called."""
    from numpy import empty, uint8

    # Not a bytearray: filling 47 MB with zeros first takes as long as reading them.
    return _compared(path, file, lambda size: empty(size, uint8))


def held(folder: Path, file: File) -> list[Path]:
    """The paths in a folder that may hold a file: as it is named, and packed."""
    names = dict.fromkeys((file.name, file.packed or f"{file.name}.gz", f"{file.name}.gz"))
    try:
        return [folder / name for name in names if (folder / name).is_file()]
    except OSError:  # a folder that may not be looked into
        return []


def check(dataset: Dataset, folder: Path) -> tuple[Checked, ...]:
    """Every file of a dataset in a folder, read to its end."""
    return tuple(_checked(folder, file) for file in dataset.files)


def expected(file: File) -> str:
    """What a file should be, in words."""
    name, _, digest = _digest_of(file)
    return f"{file.size:,} bytes, {name} {digest}"


def sums(dataset: Dataset, folder: Path) -> dict[str, str]:
    """sha256 of each file's unpacked bytes. What `load` has checked against a declared sha256 is not
    read again."""
    return {
        file.name: file.sha256
        if file.sha256 and not file.also
        else sha256(read(folder, file).data).hexdigest()
        for file in dataset.files
    }


_HINT: Final = "It is damaged, or of another dataset. Take it away, then: hub dataset get NAME"


def _checked(folder: Path, file: File) -> Checked:
    if not held(folder, file):
        return Checked(file, None, None)
    try:
        return Checked(file, proven(folder, file), None)
    except WrongBytes as error:
        return Checked(file, Path(error.place), error)


T = TypeVar("T")


def _first(folder: Path, file: File, look: Callable[[Path], T]) -> T:
    """What `look` returns of the first path that holds the file."""
    wrong: WrongBytes | None = None
    for path in held(folder, file):
        try:
            return look(path)
        except WrongBytes as error:
            wrong = wrong or error
    if wrong is None:
        raise DataError(f"{folder} lacks {file.name}", "hub dataset list says where data lie.")
    raise wrong


def _compared(path: Path, file: File, room: Callable[[int], T]) -> T:
    """The room that was made for the bytes, filled where there is any; WrongBytes."""
    said: str | None = None
    with _readable(path):
        for one in (file, *file.also):
            content = room(one.size)
            said = _fill(path, one, getattr(content, "data", None))
            if said is None:
                return content
    raise WrongBytes(str(path), file, said or "", _HINT)


def _fill(path: Path, file: File, into: memoryview | None) -> str | None:
    """None when the bytes are the file's; else in words what there is."""
    name, make, digest = _digest_of(file)
    found, at = make(), 0
    try:
        for piece in _pieces(path):
            if at + len(piece) > file.size:
                return f"more than {file.size:,} bytes"
            found.update(piece)
            if into is not None:
                into[at : at + len(piece)] = piece
            at += len(piece)
    except (EOFError, zlib.error) as error:
        return f"{at:,} bytes, then a damaged gzip file ({error})"
    if at == file.size and found.hexdigest() == digest:
        return None
    return f"{at:,} bytes, {name} {found.hexdigest()}"


def _digest_of(file: File) -> "tuple[str, Callable[[], Any], str]":
    """Name, maker and value of the digest that is checked."""
    if file.sha256:
        return "sha256", sha256, file.sha256
    return "md5", _md5, file.md5


def _md5(data: "ReadableBuffer" = b"") -> Any:
    # Known sums of published files are md5: told apart from use for security, or FIPS builds refuse.
    return md5(data, usedforsecurity=False)


def _pieces(path: Path) -> Iterator[bytes]:
    """The unpacked content of a file, a little at a time. EOFError, zlib.error: it is damaged."""
    with path.open("rb", buffering=0) as file:
        yield from _unwrapped(iter(lambda: file.read(_READING), b""), WRAPPERS)


def _unwrapped(pieces: Iterator[bytes], wrappers: int) -> Iterator[bytes]:
    """What lies in as many gzip wrappers as there are."""
    first = next(pieces, b"")
    if wrappers and first.startswith(_GZIP):
        yield from _unwrapped(_inflated(chain((first,), pieces)), wrappers - 1)
        return
    yield first
    yield from pieces


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What lies in one gzip wrapper, all members of it, in pieces of STEP at most."""
    inflate = zlib.decompressobj(31)
    for piece in pieces:
        while piece:
            if inflate.eof and not piece.startswith(_GZIP[:1]):
                return  # padding after the last member
            inflate = zlib.decompressobj(31) if inflate.eof else inflate
            if found := inflate.decompress(piece, STEP):
                yield found
            piece = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
    while not inflate.eof:
        found = inflate.decompress(b"", STEP)
        if not found:
            raise EOFError("it is cut off")
        yield found


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
