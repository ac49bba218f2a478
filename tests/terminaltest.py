"""A program in a terminal of its own: keys in, bytes out, how long until something is seen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.children import ROOT, ChildFailed


class Terminal:
    """The screen side of a pseudo-terminal."""

    def __init__(self, controller: int, child: "subprocess.Popen[bytes]") -> None:
        self.controller = controller
        self.child = child
        self.last = b""
        """The end of what was written."""

    def _read(self) -> bytes:
        """What was written; ChildFailed with its last words when the program has ended."""
        try:
            read = os.read(self.controller, 65_536)
        except OSError:
            raise ChildFailed(self.last[-4_000:].decode("utf-8", "replace")) from None
        self.last = (self.last + read)[-8_000:]
        return read

    def press(self, keys: str) -> None:
        os.write(self.controller, keys.encode())

    def until(self, seen: str, limit_seconds: float = 30.0) -> bytes:
        """What is written until the pattern has been seen; ChildFailed if it never is."""
        pattern, output = re.compile(seen.encode()), b""
        deadline = time.perf_counter() + limit_seconds
        while not pattern.search(output):
            left = deadline - time.perf_counter()
            if left <= 0 or not select.select([self.controller], [], [], left)[0]:
                raise ChildFailed(f"{seen!r} was not seen: {output[-300:]!r}")
            output += self._read()
        return output

    def quiet(self, seconds: float = 0.3, limit_seconds: float = 5.0) -> bytes:
        """What is written until nothing has been for so long; what never rests is left after a while."""
        output, deadline = b"", time.perf_counter() + limit_seconds
        while (
            time.perf_counter() < deadline and select.select([self.controller], [], [], seconds)[0]
        ):
            output += self._read()
        return output

    def frames(self, seconds: float) -> Iterator[float]:
        """The moments at which something was written."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.controller], [], [], left)[0]:
                self._read()
                yield time.perf_counter()

    def memory(self) -> tuple[int, int]:
        """Bytes in memory now: the program's own, and with them those of files that it maps (Linux)."""
        lines = Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        fields = {name: value for name, _, value in (line.partition(":") for line in lines)}
        own, whole = (int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "VmRSS"))
        return own, whole

    def cpu_seconds(self) -> float:
        """What the program has computed so far (Linux)."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def opened(
    *words: str, settings: Mapping[str, str | Path], size: tuple[int, int] = (160, 50)
) -> Iterator[Terminal]:
    """`hub WORDS` in a terminal of so many columns and lines; ended at the end."""
    controller, side = pty.openpty()
    columns, lines = size
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_US.UTF-8"}
    child = subprocess.Popen(
        [sys.executable, "-m", "hub", *words],
        stdin=side, stdout=side, stderr=side, cwd=ROOT, start_new_session=True,
        env=environment | {name: str(value) for name, value in settings.items()},
    )  # fmt: skip
    os.close(side)
    try:
        yield Terminal(controller, child)
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        os.close(controller)
