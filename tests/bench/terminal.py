"""A program in a real terminal, watched from outside: every byte it paints with the moment it came.

What stands on the screen is worked out afterwards by a terminal emulator (pyte), so that watching
takes next to no time from the program that is watched.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.bench.children import ROOT

PRIVATE: Final = re.compile(rb"\x1b\[[<=>?][0-9;]*[a-zA-Z$]|\x1b[P\]][^\x07\x1b]*(?:\x07|\x1b\\)")
"""Modes, questions to the terminal and titles: nothing of them stands on the screen, and pyte does
not know them all."""

BEGUN: Final = re.compile(rb"\x1b(?:[\[P\]][^a-zA-Z\x07\x1b]*)?$")
"""A sequence whose end comes with the next piece."""


class Terminal:
    """A child on a pseudo-terminal of its own; it ends with this context."""

    def __init__(
        self,
        command: Sequence[str | Path],
        settings: Mapping[str, str | Path],
        *,
        columns: int = 120,
        rows: int = 40,
    ) -> None:
        self.columns, self.rows = columns, rows
        self.painted: list[tuple[float, bytes]] = []
        """Moment (time.perf_counter) and bytes, in order."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
        environment |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HUB_OFFLINE": "1"}
        environment |= {name: str(value) for name, value in settings.items()}
        self.began = self._pressed = time.perf_counter()
        self.child = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment,
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        )
        os.close(its)
        self._ours = ours
        self._over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._over:
            if not select.select([self._ours], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._ours, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self.painted.append((time.perf_counter(), data))

    # -- keys ----------------------------------------------------------------------------------

    def press(self, keys: str | bytes) -> float:
        """Writes keys as a terminal sends them; the moment before."""
        self._pressed = now = time.perf_counter()
        os.write(self._ours, keys.encode() if isinstance(keys, str) else keys)
        return now

    def quiet(self, seconds: float = 0.2, *, within: float = 30.0, still: bool = True) -> None:
        """Returns when nothing was pressed and nothing painted for so long; RuntimeError where that
        does not come and `still` asks for it. A cursor that blinks paints twice a second."""
        deadline = time.perf_counter() + within
        while time.perf_counter() < deadline:
            last = self.painted[-1][0] if self.painted else self.began
            left = seconds - (time.perf_counter() - max(last, self._pressed))
            if left <= 0:
                return
            time.sleep(min(left, 0.02) + 0.001)
        if still:
            raise RuntimeError(f"still painting after {within} s")

    # -- what stood there when -----------------------------------------------------------------

    def frames(self) -> Iterator[tuple[float, list[str]]]:
        """The moment of each piece of output, and the lines of the screen after it."""
        import pyte

        screen = pyte.Screen(self.columns, self.rows)
        stream = pyte.ByteStream(screen)
        begun = b""
        for moment, data in list(self.painted):
            data, begun = begun + data, b""
            if cut := BEGUN.search(data):
                data, begun = data[: cut.start()], cut[0]
            stream.feed(PRIVATE.sub(b"", data))
            # A wide character stands in its first cell, and nothing in the second.
            cells = (screen.buffer[y] for y in range(self.rows))
            yield moment, ["".join(row[x].data for x in range(self.columns)) for row in cells]

    def screen(self) -> list[str]:
        """The lines that stand there now."""
        return [*self.frames()][-1][1] if self.painted else []

    def until(self, seen: Callable[[list[str]], bool], *, within: float = 30.0) -> float:
        """The moment when the screen first showed it; RuntimeError with the screen if it never did."""
        deadline = time.perf_counter() + within
        known = -1
        while time.perf_counter() < deadline and self.child.poll() is None:
            if len(self.painted) != known:
                known = len(self.painted)
                for moment, lines in self.frames():
                    if seen(lines):
                        return moment
            time.sleep(0.05)
        raise RuntimeError("never shown; the screen was\n" + "\n".join(self.screen()))

    # -- the process ---------------------------------------------------------------------------

    def resident_bytes(self) -> int:
        """Of the child, without its own children (Linux)."""
        text = Path(f"/proc/{self.child.pid}/status").read_text("ascii")
        (found,) = re.findall(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)
        return int(found) * 1024

    def own_bytes(self) -> int:
        """The same without the pages of mapped files, which the system takes back when it wants."""
        text = Path(f"/proc/{self.child.pid}/status").read_text("ascii")
        (found,) = re.findall(r"^RssAnon:\s+(\d+) kB", text, re.MULTILINE)
        return int(found) * 1024

    def close(self) -> int:
        """Ends the child if it still runs; its exit code."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        code = self.child.wait()
        self._over = True
        self._reader.join(2)
        os.close(self._ours)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
