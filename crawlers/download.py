"""A published file, as it was published: resumed where it broke off, checked before it gets its name."""

import os
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from crawlers.client import RETRIES, Client, Refusal, Stopped
from crawlers.source import Published, Request, Source, SourceError
from crawlers.wire import Incomplete, is_slow

WORTH: Final = 1 << 20
"""Bytes that a round of tries must bring for another one to follow."""


def download(
    client: Client,
    source: Source,
    file: Published,
    folder: Path,
    *,
    progress: Callable[[int, int], None] = lambda done, size: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """The file in `folder`, complete and checked; nothing is asked when it is there already.

    SourceError when what came is another file (the part that came is removed); Refusal and Stopped
    leave the part that came, from which the next call goes on.
    """
    assert source.base is not None
    target = folder / file.name
    if target.exists():
        if _is(target, file):
            return target
        target.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file.name}.part"
    url = f"{source.base.url}/{file.name}"

    def ask() -> Request:
        have = _length(part)
        headers = {"accept-encoding": "identity"}
        if have:
            headers["range"] = f"bytes={have}-"
        return Request(url, ("application/gzip",), headers=headers, answers=frozenset({200, 206}))

    def take(begin: int, chunks: Iterator[bytes]) -> None:
        _append(part, begin, chunks, file, progress, stop)

    while _length(part) < file.size:
        before = _length(part)
        client.retries_left = RETRIES
        try:
            client.save(source, ask, take)
        except Refusal as refusal:
            if refusal.kind != "unreachable" or _length(part) < before + WORTH:
                raise
    if not _is(part, file):
        found = _sum(part) if _length(part) == file.size else f"{_length(part):,} bytes"
        part.unlink()
        raise SourceError(
            f"{file.name} is not the published file: expected sha256 {file.sha256} "
            f"({file.size:,} bytes), got {found}"
        )
    part.replace(target)
    return target


def _append(
    part: Path,
    begin: int,
    chunks: Iterator[bytes],
    file: Published,
    progress: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> None:
    if begin not in (0, _length(part)):
        raise SourceError(f"{file.name}: asked from byte {_length(part):,}, got it from {begin:,}")
    with part.open("r+b" if part.exists() else "wb") as out:
        out.truncate(begin)
        out.seek(begin)
        done, began = begin, time.monotonic()
        for chunk in chunks:
            done += len(chunk)
            if done > file.size:
                break
            out.write(chunk)
            progress(done, file.size)
            if stop():
                raise Stopped
            if is_slow(began, done - begin):
                raise Incomplete(f"only {done - begin:,} bytes came", slow=True)
        out.flush()
        os.fsync(out.fileno())
    if done > file.size:
        part.unlink()
        raise SourceError(f"{file.name} is longer than the published {file.size:,} bytes")
    if done < file.size:
        raise Incomplete(f"the file ended at byte {done:,} of {file.size:,}")


def _is(path: Path, file: Published) -> bool:
    return _length(path) == file.size and _sum(path) == file.sha256


def _sum(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as opened:
        while chunk := opened.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
