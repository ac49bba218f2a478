"""A mirror of datasets on this machine that breaks when told to, and a small dataset to fetch from it."""

import gzip
import hashlib
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reproduce.data import Dataset, File

LARGE = random.Random(1).randbytes(300_000)
SMALL = b"labels " * 500
CONTENT = {"pictures.bin": LARGE, "labels.bin": SMALL}


def file_of(name: str, content: bytes, **more: Any) -> File:
    """The declaration of a file with this content."""
    md5 = hashlib.md5(content).hexdigest()
    return File(name, len(content), md5, packed=f"{name}.gz", **more)


def dataset_of(*mirrors: str, name: str = "toy", **more: Any) -> Dataset:
    """Two files of made-up bytes."""
    files = tuple(file_of(one, content) for one, content in CONTENT.items())
    return Dataset(
        name=name,
        key=f"dataset:{name}",
        title="Toy",
        home="https://example.org/toy",
        licence="CC0-1.0",
        files=files,
        mirrors=mirrors,
        **more,
    )


@dataclass
class Fault:
    """What goes wrong with requests for a path: `times` of them, after `after` went well."""

    kind: str
    times: int = 1
    after: int = 0
    value: Any = None


@dataclass
class Mirror:
    """The server: what it holds by path, what goes wrong, what it was asked."""

    held: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range of every request."""
    sent: Counter[str] = field(default_factory=Counter)
    """Bytes of bodies by path."""
    ranges: bool = True
    address: str = ""

    def hold(self, folder: str = "/", *, packed: bool = True) -> None:
        """The files of the small dataset in a folder."""
        for name, content in CONTENT.items():
            if packed:
                self.held[f"{folder}{name}.gz"] = gzip.compress(content, mtime=0)
            else:
                self.held[f"{folder}{name}"] = content

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def fault(self, path: str) -> Fault | None:
        """What goes wrong with this request; counts it."""
        found = self.faults.get(path)
        if found is None or found.times == 0:
            return None
        if found.after:
            found.after -= 1
            return None
        found.times -= 1
        return found


@contextmanager
def mirror() -> Iterator[Mirror]:
    """A running mirror, for the time of the block."""
    state = Mirror()

    class Handler(_Handler):
        mirror = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def closed_port() -> int:
    """A port of this machine on which nobody answers."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self.mirror.asked.append((self.path, self.headers.get("Range")))
        fault = self.mirror.fault(self.path)
        body = self.mirror.held.get(self.path)
        if fault and fault.kind == "status":
            return self._short(fault.value)
        if fault and fault.kind == "redirect":
            return self._short(302, Location=fault.value)
        if body is None:
            return self._short(404)
        begin, status, headers = self._part(body, fault)
        if status == 416:
            return self._short(416, **headers)
        body = fault.value if fault and fault.kind == "other" else body[begin:]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self._body(body, fault)

    def _part(self, body: bytes, fault: Fault | None) -> tuple[int, int, dict[str, str]]:
        asked = self.headers.get("Range")
        if not asked or not self.mirror.ranges or (fault and fault.kind == "other"):
            return 0, 200, {}
        begin = int(asked.removeprefix("bytes=").rstrip("-"))
        if begin >= len(body):
            return 0, 416, {"Content-Range": f"bytes */{len(body)}"}
        shifted = begin + (1 if fault and fault.kind == "shifted" else 0)
        said = f"bytes {shifted}-{len(body) - 1}/{len(body)}"
        return begin, 206, {"Content-Range": said}

    def _body(self, body: bytes, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if kind in ("endless", "unlabelled"):
            # Nobody says how long it is: the end of the connection is its end.
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault and kind in ("cut", "unlabelled"):
            body = body[: fault.value]
            self.close_connection = True
        if kind == "endless":
            body = body * 50
        pause = fault.value if fault and kind == "slow" else 0.0
        for at in range(0, len(body), 8_192):
            try:
                self.wfile.write(body[at : at + 8_192])
            except OSError:
                return
            self.mirror.sent[self.path] += len(body[at : at + 8_192])
            if pause:
                time.sleep(pause)

    def _short(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()
