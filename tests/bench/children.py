"""Child processes and what they cost: wall time, CPU time, peak memory."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""The checkout; children run in it, so that `-m hub` is this source tree."""

MB = 1_000_000
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""ru_maxrss counts bytes on macOS, KiB on Linux (getrusage(2) of either)."""


class ChildFailed(Exception):
    """A child ended otherwise than it should; the message holds its last words."""


@dataclass(frozen=True)
class Cost:
    """What one child took, its own children included."""

    wall_seconds: float
    cpu_seconds: float
    """User and system time."""
    peak_bytes: int
    """Highest resident memory of any one process."""
    out: str
    """What it wrote to stdout."""

    def __add__(self, other: "Cost") -> "Cost":
        """Two commands run one after the other."""
        return Cost(
            self.wall_seconds + other.wall_seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.peak_bytes, other.peak_bytes),
            self.out + other.out,
        )


def run(
    command: Sequence[str | Path],
    settings: Mapping[str, str | Path] | None = None,
    *,
    folder: Path = ROOT,
    accepted: Sequence[int] = (0,),
    limit_seconds: float = 600,
) -> Cost:
    """The cost of a command that writes into a pipe; ChildFailed unless its exit code is accepted.

    HUB_* variables of this process are kept from it; `settings` are added. Its stdin is empty and
    its session its own: no terminal is attached.
    """
    environment = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
    environment |= {name: str(value) for name, value in (settings or {}).items()}
    with tempfile.TemporaryFile() as complaints:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
        deadline = threading.Timer(limit_seconds, child.kill)
        deadline.start()
        assert child.stdout is not None
        with child.stdout:
            out = child.stdout.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        deadline.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in accepted:
            complaints.seek(0)
            last = complaints.read().decode("utf-8", "replace").split()
            raise ChildFailed(f"exit code {child.returncode}: {' '.join(last)[-200:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RSS_UNIT, out)


def python(*arguments: str | Path) -> list[str]:
    """The command that runs this very Python."""
    return [sys.executable, *map(str, arguments)]


def hub(*arguments: str | Path) -> list[str]:
    """The command line of the hub, as a module of the checkout."""
    return python("-m", "hub", *arguments)


def script() -> Path | None:
    """The console script `hub` beside this Python; None where it is not installed."""
    path = Path(sys.executable).with_name("hub")
    return path if path.is_file() else None


def answer(module: str, *arguments: str | Path) -> Any:
    """What `python -m tests.bench.MODULE ...` prints as JSON, measured in a process of its own."""
    return json.loads(run(python("-m", f"tests.bench.{module}", *arguments)).out)
