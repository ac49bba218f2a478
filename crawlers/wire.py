"""What comes over a connection, held within limits: how many bytes, how long, how far inflated."""

import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from crawlers.source import SourceError

GRACE: Final = 20.0
"""Seconds that a body may take, whatever its size ..."""

LEAST_RATE: Final = 16 << 10
"""... and the bytes a second that it must bring beyond them: slower is a drip, not a line."""

_STEP: Final = 1 << 20
"""Inflated at a time: what a bomb can cost in memory beside its limit."""


_EITHER: Final = 47
"""zlib's number for gzip or zlib, whichever the first bytes say."""

_BARE: Final = -15
"""For deflate without the head of zlib (whose first byte ends in 8), which some servers send under
that name (RFC 9110, 8.4.1.2)."""


class Incomplete(Exception):
    """The body ended too early or came too slowly; the same request may succeed."""

    def __init__(self, why: str, *, slow: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.slow = slow


class Raw(Protocol):
    """What is used of a response."""

    @property
    def headers(self) -> Any: ...
    def iter_raw(self) -> Iterator[bytes]: ...


def body_of(response: Raw, limit: int) -> bytes:
    """The body, inflated. SourceError when it is longer than `limit` or packed in an unknown way;
    Incomplete when it is cut off or drips."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise SourceError(f"the answer is packed as {encoding[:40]!r}, which was not asked for")
    body = bytearray()
    inflate = None if encoding in ("", "identity") else zlib.decompressobj(_EITHER)
    began, received = time.monotonic(), 0
    # Without a size: with one, httpx waits until so many bytes are there, and no deadline is seen.
    for chunk in response.iter_raw():
        received += len(chunk)
        if received > limit:
            raise SourceError(_too_long(limit))
        if is_slow(began, received):
            raise Incomplete(f"only {received:,} bytes came in {GRACE:.0f} s and more", slow=True)
        if inflate is None:
            body += chunk
            continue
        if encoding == "deflate" and received == len(chunk) and chunk[0] & 15 != 8:
            inflate = zlib.decompressobj(_BARE)
        inflate = _inflated(inflate, chunk, body, limit)
    if inflate is not None and received and not inflate.eof:
        raise Incomplete("the packed answer is cut off")
    return bytes(body)


def is_slow(began: float, received: int) -> bool:
    """True when so many bytes since `began` (time.monotonic()) are a drip."""
    return time.monotonic() - began > GRACE + received / LEAST_RATE


def _inflated(inflate: Any, chunk: bytes, body: bytearray, limit: int) -> Any:
    """Adds what a chunk holds to the body in small steps; returns what the next chunk goes into."""
    try:
        while chunk:
            if inflate.eof:
                if not chunk.strip(b"\0"):
                    break  # padding after the packed body
                inflate = zlib.decompressobj(_EITHER)
            body += inflate.decompress(chunk, _STEP)
            if len(body) > limit:
                raise SourceError(_too_long(limit))
            chunk = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
    except zlib.error as error:
        raise SourceError(f"the answer cannot be unpacked: {error}", again=True) from error
    return inflate


def _too_long(limit: int) -> str:
    return f"the answer is longer than {limit >> 20} MiB"


class Watchdog:
    """Cuts a connection whose headers do not come: time-outs of a read never bite on a drip."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self.bitten = False

    def trace(self, event: str, said: dict[str, Any]) -> None:
        """Told by httpcore of every step; keeps the socket of the newest connection."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            stream = said.get("return_value")
            if stream is not None:
                self._socket = stream.get_extra_info("socket")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """While the block runs at most so long; then its connection fails."""
        self.bitten = False
        timer = threading.Timer(seconds, self._bite)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _bite(self) -> None:
        self.bitten = True
        if self._socket is not None:
            with suppress(OSError):
                # Past TLS, whose own shutdown takes its state away from under a reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
