"""Starts the processes of one run on this machine, and ends them together: the first that fails, dies
or hangs ends the run with one error, and none is left behind.

Without torch, whose own torchrun also serves (torchrun --standalone --nproc-per-node 2 -m reproduce
NAME), ends with a traceback of its own and knows nothing of the table of exit codes.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from reproduce.failure import Failure, Killed

END_WITH_STDIN: Final = "--end-with-stdin"
"""Said by a program that holds the other end of stdin: when it ends, whatever the reason, so does this."""

MEETING: Final = "REPRODUCE_MEETING"
"""The variable that names the file at which the processes meet."""

SETTLE_SECONDS: Final = 2.0
"""After the first process that lost another one, in which it may show who failed first."""

FAREWELL_SECONDS: Final = 20.0
"""In which a process that was asked to end writes its checkpoint."""

ORPHAN_SECONDS: Final = 3.0
"""In which one that nobody waits for any more does so: the step in hand may be a long one."""


@dataclass
class _Child:
    """One process of the run."""

    process: "subprocess.Popen[str]"
    rank: int
    failed: dict[str, Any] = field(default_factory=dict)
    """What it said when it failed: a line of `told`."""
    last: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    ear: threading.Thread | None = None

    def listen(self) -> None:
        """Reads stderr to its end: the first process's words are passed on."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith('{"failed"'):
                self.failed.update(json.loads(line))
            elif self.rank == 0:
                with suppress(OSError):  # Whoever read it may be gone.
                    sys.stderr.write(line)
                    sys.stderr.flush()
            elif line.strip():
                self.last.append(line.strip())


def launch(arguments: list[str], count: int, asked: Callable[[], int]) -> dict[str, Any] | None:
    """Runs `python -m reproduce` with these arguments in so many processes; the first writes the Run on
    stdout. None when all went well, else what failed, as `told` has it.

    `asked`: how often the user asked to stop. Once: a checkpoint is written; twice: at once.
    """
    with TemporaryDirectory(prefix="reproduce-") as folder:
        children = [
            _started(arguments, rank, count, Path(folder) / "meeting") for rank in range(count)
        ]
        try:
            _watch(children, asked)
            return _outcome(children)
        finally:
            _end(children)


def _started(arguments: list[str], rank: int, count: int, meeting: Path) -> _Child:
    settings = {
        **os.environ,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        MEETING: str(meeting),
    }
    if sys.platform == "linux":
        settings.setdefault("GLOO_SOCKET_IFNAME", "lo")  # All of them are on this machine.
    process = subprocess.Popen(
        [sys.executable, "-m", "reproduce", *arguments],
        env=settings,
        stdin=subprocess.PIPE,  # Its end tells a process that this one was killed.
        stdout=None if rank == 0 else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C comes to us; we pass it on once.
    )
    child = _Child(process, rank)
    child.ear = threading.Thread(target=child.listen, daemon=True)
    child.ear.start()
    return child


def _watch(children: list[_Child], asked: Callable[[], int]) -> None:
    """Comes back when the run is over: well, or because a process failed, or the user wants it."""
    told, until = 0, float("inf")
    while time.monotonic() < until:
        codes = [child.process.poll() for child in children]
        if all(code is not None for code in codes) or asked() > 1:
            return
        if asked() > told:
            told = asked()
            until = time.monotonic() + FAREWELL_SECONDS
            for child in children:
                child.process.terminate()
        elif codes[0] == 0:  # The Run is written; the others only have to leave.
            until = min(until, time.monotonic() + FAREWELL_SECONDS)
        failed = [child for child, code in zip(children, codes, strict=True) if code]
        if failed and not told:
            # Whoever lost another one waited for it in vain; that one may be about to end.
            if not all(child.failed.get("kind") == "Lost" for child in failed):
                return
            until = min(until, time.monotonic() + SETTLE_SECONDS)
        time.sleep(0.05)


def _outcome(children: list[_Child]) -> dict[str, Any] | None:
    """What is said of the run: the cause, if it can be told from what followed of it."""
    codes = [child.process.poll() for child in children]
    if codes[0] == 0 and all(code in (0, None) for code in codes):
        return None
    for child, code in zip(children, codes, strict=True):
        if code is not None and child.ear:
            child.ear.join(2)
    ended = [
        _said(child, code, len(children))
        for child, code in zip(children, codes, strict=True)
        if code
    ]
    ended.sort(key=lambda said: (said["code"] == 130, said["kind"] == "Lost"))
    stopped = [said for said in ended if said["code"] == 130]
    return (stopped or ended or [{**told(Failure("stopped before it began")), "code": 130}])[0]


def _said(child: _Child, code: int, count: int) -> dict[str, Any]:
    if child.failed:
        return child.failed
    which: dict[str, Any] = {"rank": child.rank + 1, "count": count}
    if code < 0:
        return told(
            Killed(
                "process {rank} of {count} was killed (signal {signal}); the run is stopped",
                signal=-code,
                **which,
            )
        )
    last = child.last[-1] if child.last else "?"
    return told(
        Failure(
            "process {rank} of {count} ended with {code}: {last}", code=code, last=last, **which
        )
    )


def _end(children: list[_Child]) -> None:
    """Leaves none of them behind."""
    for child in children:
        child.process.kill()
    for child in children:
        child.process.wait()
        if child.ear:
            child.ear.join(2)


def told(failure: Failure) -> dict[str, Any]:
    """A failure as a line of JSON, for the process that started this one."""
    return {
        "failed": failure.said.plain(),
        "hint": failure.hint.plain() if failure.hint else None,
        "code": failure.code,
        "kind": type(failure).__name__,
        "resumable": failure.resumable,
    }


def end_with_parent(ask: Callable[[], None], end: Callable[[], None]) -> None:
    """Watches stdin, the other end of which is held by whoever started this process. When that one is
    gone, however it went, `ask` is called at once and `end` some seconds later, each in a thread."""

    def wait() -> None:
        # Not sys.stdin: its lock would be held when Python ends.
        with suppress(OSError):
            while os.read(0, 1024):
                pass
        ask()
        time.sleep(ORPHAN_SECONDS)
        end()

    threading.Thread(target=wait, daemon=True).start()
