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
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

MEETING: Final = "REPRODUCE_MEETING"
"""The variable that names the file at which the processes meet."""

SETTLE_SECONDS: Final = 2.0
"""After the first process that lost another one, in which it may show who failed first."""

FAREWELL_SECONDS: Final = 20.0
"""In which a process that was asked to end writes its checkpoint."""


@dataclass
class _Child:
    """One process of the run."""

    process: "subprocess.Popen[str]"
    rank: int
    failed: dict[str, Any] = field(default_factory=dict)
    """What it said when it failed, as the `failed` line has it."""
    last: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    ear: threading.Thread | None = None

    def listen(self) -> None:
        """Reads stderr to its end: the first process's words are passed on."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith('{"failed"'):
                self.failed.update(json.loads(line))
            elif self.rank == 0:
                sys.stderr.write(line)
                sys.stderr.flush()
            elif line.strip():
                self.last.append(line.strip())


def launch(arguments: list[str], count: int, asked: Callable[[], int]) -> dict[str, Any] | None:
    """Runs `python -m reproduce` with these arguments in so many processes; the first writes the Run on
    stdout. None when all went well, else what failed: `failed`, `hint`, `code`.

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
            if not all(child.failed.get("lost") for child in failed):
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
    ended.sort(key=lambda said: (said["code"] == 130, said.get("lost", False)))
    stopped = [said for said in ended if said["code"] == 130]
    silent = {"failed": "stopped before a checkpoint was written", "hint": None, "code": 130}
    return (stopped or ended or [silent])[0]


def _said(child: _Child, code: int, count: int) -> dict[str, Any]:
    if child.failed:
        return child.failed
    who = f"process {child.rank + 1} of {count}"
    if code < 0:
        what = f"{who} was killed (signal {-code}); the run is stopped"
        return {"failed": what, "hint": "--resume goes on from the last checkpoint", "code": 1}
    last = f": {child.last[-1]}" if child.last else ""
    return {"failed": f"{who} ended with {code}{last}", "hint": None, "code": 1}


def _end(children: list[_Child]) -> None:
    """Leaves none of them behind."""
    for child in children:
        child.process.kill()
    for child in children:
        child.process.wait()
        if child.ear:
            child.ear.join(2)


def end_with_parent() -> None:
    """In a process of a run: ends when the one that started it is gone, however it went."""

    def wait() -> None:
        # Not sys.stdin: its lock would be held when Python ends.
        while os.read(0, 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
