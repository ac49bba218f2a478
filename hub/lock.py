"""One writer at a time: a lock file beside the catalog that says who holds it."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hub import render
from hub.errors import HubError, Locked


@contextmanager
def writing(
    lock: Path, what: str, *, wait_seconds: float = 600.0, tell: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Holds the lock while the block runs; readers are not kept out.

    Waits for another holder, saying through `tell` who it is; Locked when it takes too long. The
    system frees the lock of a process that died.
    """
    from filelock import FileLock, Timeout

    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        gate = FileLock(lock)
        try:
            gate.acquire(timeout=0)
        except Timeout:
            _wait(gate, lock, wait_seconds, tell)
    except PermissionError as error:
        raise HubError(
            f"{lock.parent} cannot be written", hint="Set HUB_HOME to a folder of your own."
        ) from error
    except OSError as error:
        raise HubError(f"cannot lock {lock}: {error.strerror or error}") from error
    note = lock.with_suffix(".json")
    try:
        _sign(note, what)
        yield
    finally:
        note.unlink(missing_ok=True)
        gate.release()


def holder(lock: Path) -> str | None:
    """Who writes now, as a sentence; None when the note is gone or unreadable."""
    try:
        note = json.loads(lock.with_suffix(".json").read_text("utf-8"))
        return f"process {note['pid']} ({note['what']}, since {note['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _wait(
    gate: "object", lock: Path, wait_seconds: float, tell: Callable[[str], None] | None
) -> None:
    from filelock import FileLock, Timeout

    assert isinstance(gate, FileLock)
    who = holder(lock) or "another process"
    if wait_seconds > 0 and tell:
        tell(f"Waiting for {who} to finish writing. Ctrl-C stops the wait.")
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            gate.acquire(timeout=min(1.0, max(0.0, deadline - time.monotonic())))
            return
        except Timeout:
            if time.monotonic() >= deadline:
                raise Locked(
                    f"the catalog is being written by {holder(lock) or who}",
                    hint="Try again when it has finished; reading works meanwhile.",
                ) from None


def _sign(note: Path, what: str) -> None:
    """A full disk must not keep the lock's owner from its work: the note is for people."""
    since = datetime.now(UTC).strftime("%H:%M:%S UTC")
    try:
        note.write_text(json.dumps({"pid": os.getpid(), "what": what, "since": since}), "utf-8")
    except OSError as error:
        render.warn(f"cannot write {note}: {error}")
