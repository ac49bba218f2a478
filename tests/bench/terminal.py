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
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.bench.children import ROOT, ChildFailed

PRIVATE: Final = re.compile(rb"\x1b\[[<=>?][0-9;]*[a-zA-Z$]|\x1b[P\]][^\x07\x1b]*(?:\x07|\x1b\\)")
"""Modes, questions to the terminal and titles: nothing of them stands on the screen, and pyte does
not know them all."""

BEGUN: Final = re.compile(rb"\x1b(?:[\[P\]][^a-zA-Z\x07\x1b]*)?$")
"""A sequence whose end comes with the next piece."""

LONGEST: Final = 4_096
"""Bytes within which a sequence has ended."""


class Terminal:
    """A child on a pseudo-terminal of its own; it ends with this context.

    A thread takes what is painted as it comes: a program that waits for its output to be taken reads
    no keys.
    """

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
        self._ours, its = pty.openpty()
        self._size(columns, rows)
        self.before = termios.tcgetattr(its)
        """How the terminal was set when the child began."""
        environment = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
        environment |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HUB_OFFLINE": "1"}
        environment |= {name: str(value) for name, value in settings.items()}
        self.began = self._pressed = time.perf_counter()
        self._known = 0
        """Pieces that were there when a key was pressed last."""
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
        self._over = False
        self._came = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._over:
            if not select.select([self._ours], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._ours, 1 << 16)
            except OSError:  # the child's end is closed
                data = b""
            moment = time.perf_counter()
            with self._came:
                self._over = self._over or not data
                if data:
                    self.painted.append((moment, data))
                self._came.notify_all()

    # -- keys ----------------------------------------------------------------------------------

    def press(self, keys: str | bytes) -> float:
        """Writes keys as a terminal sends them; the moment before. Those that come too late for a
        program that ends are nobody's."""
        left = keys.encode() if isinstance(keys, str) else keys
        with self._came:
            self._known = len(self.painted)
        self._pressed = now = time.perf_counter()
        with suppress(OSError):
            while left:
                left = left[os.write(self._ours, left) :]
        return now

    def resize(self, columns: int, rows: int) -> None:
        """Gives the terminal another size, of which the child is told."""
        self._size(columns, rows)
        self.child.send_signal(signal.SIGWINCH)

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # -- waiting -------------------------------------------------------------------------------

    def quiet(self, seconds: float = 0.2, *, within: float = 30.0, still: bool = True) -> None:
        """Returns when nothing was pressed and nothing painted for so long, or the child has ended;
        RuntimeError where that does not come and `still` asks for it. A cursor that blinks paints
        twice a second."""
        deadline = time.perf_counter() + within
        with self._came:
            while not self._over and (now := time.perf_counter()) < deadline:
                last = self.painted[-1][0] if self.painted else self.began
                left = seconds - (now - max(last, self._pressed))
                if left <= 0:
                    return
                self._came.wait(left)
        if still:
            raise RuntimeError(f"still painting after {within} s")

    def until(self, pattern: str, *, within: float = 45.0) -> None:
        """Returns when the pattern was painted since the last key; ChildFailed if it never is."""
        looked_for, deadline = re.compile(pattern.encode()), time.perf_counter() + within
        with self._came:
            while not looked_for.search(self.output(self._known)):
                left = deadline - time.perf_counter()
                if self._over or left <= 0:
                    painted = self.output(self._known)[-LONGEST:]
                    raise ChildFailed(f"{pattern!r} was not painted, but {painted!r}")
                self._came.wait(left)

    def until_shown(self, seen: Callable[[list[str]], bool], *, within: float = 30.0) -> float:
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

    # -- what stood there when -----------------------------------------------------------------

    def output(self, since: int = 0) -> bytes:
        """All that was painted, or what came after so many pieces."""
        return b"".join(data for _, data in self.painted[since:])

    @property
    def text(self) -> str:
        """All that was painted and not forgotten."""
        return self.output().decode("utf-8")

    def forget(self) -> str:
        """Takes out what was painted so far, whole sequences; the last of it stays, for it may be the
        beginning of one."""
        with self._came:
            output = self.output()
            end = max(0, output.rfind(b"\x1b", 0, max(0, len(output) - LONGEST)))
            moment = self.painted[-1][0] if self.painted else self.began
            self.painted[:] = [(moment, output[end:])]
            self._known = 0
        return output[:end].decode("utf-8")

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

    # -- the process ---------------------------------------------------------------------------

    def resident_bytes(self) -> int:
        """Of the child, without its own children (Linux)."""
        return self._status("VmRSS")

    def own_bytes(self) -> int:
        """The same without the pages of mapped files, which the system takes back when it wants."""
        return self._status("RssAnon")

    def _status(self, field: str) -> int:
        text = Path(f"/proc/{self.child.pid}/status").read_text("ascii")
        (found,) = re.findall(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
        return int(found) * 1024

    def settings(self) -> list[object]:
        """How the terminal is set now: cooked or raw, with or without echo."""
        return termios.tcgetattr(self._ours)

    def end(self, within: float = 30.0) -> int:
        """The exit code of a child that ends by itself, when all that it painted is read."""
        self._reader.join(within)
        return self.child.wait(10)

    def hang_up(self) -> None:
        """Closes the terminal: nobody reads and nobody types any more."""
        self._over = True
        self._reader.join(2)
        if self._ours >= 0:
            os.close(self._ours)
        self._ours = -1

    def close(self) -> int:
        """Ends the child if it still runs; its exit code."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        code = self.child.wait()
        self.hang_up()
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
