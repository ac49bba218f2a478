"""Files of records, read as a stream: gzip or plain, JSON lines or one JSON array.

Every limit is here, because what a file holds is somebody else's choice: a line or an element that
is too long, too deep or broken is reported, never loaded whole.
"""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from crawlers.source import Skip

HEAD_BYTES: Final = 1 << 16
MAX_LINE_BYTES: Final = 16 << 20
"""Longest line of a JSON-lines file; the longest real one seen has 30 kB."""
MAX_ELEMENT_CHARACTERS: Final = 48 << 20
"""Longest element of a JSON array; the longest of the 2020 tables has 4 M."""
_CHUNK: Final = 1 << 20


@dataclass
class Opened:
    """A file being read: decompressed bytes, and how far the file itself was read."""

    path: Path
    raw: BinaryIO
    stream: BinaryIO
    size: int

    @property
    def position(self) -> int:
        """Bytes read of the file as it lies on disk; with `size` the share that is done."""
        return self.raw.tell()

    def close(self) -> None:
        self.stream.close()
        self.raw.close()


def open_file(path: Path) -> Opened:
    """The file, decompressed if its first bytes say gzip. OSError as `open` raises it."""
    raw = path.open("rb")
    magic = raw.read(2)
    raw.seek(0)
    stream: BinaryIO = gzip.GzipFile(fileobj=raw) if magic == b"\x1f\x8b" else raw  # type: ignore[assignment]
    return Opened(path, raw, stream, path.stat().st_size)


def packed_at(path: Path) -> int | None:
    """When a gzip file was packed, in seconds since 1970, as its header says; None when it does not."""
    with path.open("rb") as file:
        start = file.read(8)
    if start[:2] != b"\x1f\x8b" or len(start) < 8:
        return None
    return int.from_bytes(start[4:8], "little") or None


def head(path: Path) -> bytes:
    """The first bytes of the file, decompressed; shorter where it is damaged."""
    opened = open_file(path)
    try:
        return _available(opened.stream, HEAD_BYTES).removeprefix(codecs.BOM_UTF8)
    except (EOFError, OSError, zlib.error):
        return b""
    finally:
        opened.close()


def names_in(start: bytes) -> frozenset[str]:
    """The JSON member names in the beginning of a file."""
    return frozenset(
        name.decode("ascii") for name in re.findall(rb'"([A-Za-z_][\w-]*)"\s*:', start)
    )


def lines(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """(line number, value) of each line of a JSON-lines file; the value is a Skip when it is bad.

    The last pair may hold a Skip whose reason begins with `damaged`: the file ends there.
    """
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE_BYTES)
        except (EOFError, OSError, zlib.error) as error:
            yield number, Skip(f"line {number}", _damage(error))
            return
        if not line:
            return
        if len(line) >= MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = b""  # let go before the rest of it is passed over
            yield number, Skip(f"line {number}", f"longer than {MAX_LINE_BYTES >> 20} MiB")
            try:
                _skip_line(stream)
            except (EOFError, OSError, zlib.error) as error:
                yield number, Skip(f"line {number}", _damage(error))
                return
            continue
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line.strip():
            continue
        yield number, _loads(line, number)


def _loads(line: bytes, number: int) -> Any:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Skip(f"line {number}", _json_reason(line, error))
    if not isinstance(value, dict):
        return Skip(f"line {number}", "not a JSON object")
    return value


def _json_reason(line: bytes, error: ValueError) -> str:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    if "depth limit" in str(error):
        return "nested too deeply"
    return "not a JSON object" if line.lstrip()[:1] != b"{" else "broken JSON"


def _skip_line(stream: BinaryIO) -> None:
    """Reads to the end of the line, or of the file."""
    while rest := stream.readline(_CHUNK >> 4):
        if rest.endswith(b"\n"):
            return


def elements(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """(element number, value) of each element of one big JSON array, never the whole array.

    The value is a Skip when it is no object; a Skip that begins with `damaged` is the last one,
    since nothing says where the next element would begin.
    """
    text = _Text(stream)
    decoder = json.JSONDecoder(parse_int=_int, parse_constant=_constant)
    number = 0
    try:
        text.expect("[")
        while True:
            separator = text.next_character()
            if separator == "]":
                # The checksum of a packed file stands at its very end.
                while stream.read(_CHUNK):
                    pass
                return
            if number and separator != ",":
                raise ValueError(f"expected , or ] after element {number}")
            if number:
                text.advance(1)
                text.next_character()
            number += 1
            value = text.value(decoder)
            if not isinstance(value, dict):
                yield number, Skip(f"element {number}", "not a JSON object")
            elif text.bad_bytes and _has_escapes(value):
                yield number, Skip(f"element {number}", "not UTF-8")
            else:
                yield number, value
    except (EOFError, OSError, zlib.error) as error:
        yield number, Skip(f"element {number}", _damage(error))
    except RecursionError:
        yield number, Skip(f"element {number}", "damaged: nested too deeply to read on")
    except ValueError as error:
        where = f"element {number}, character {text.consumed:,}"
        yield number, Skip(where, f"damaged: {_short(error)}")


class _Text:
    """A window over the decoded text of a stream, just as wide as the element in hand."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._window = ""
        self._at = 0
        self._ended = False
        self.consumed = 0
        self.bad_bytes = False

    def expect(self, character: str) -> None:
        found = self.next_character().removeprefix("\ufeff")
        if not found:
            self.advance(1)
            found = self.next_character()
        if found != character:
            raise ValueError(f"expected {character}")
        self.advance(1)

    def next_character(self) -> str:
        """The next character that is no white space, still unread. EOFError at the end."""
        while True:
            blanks = _BLANKS.match(self._window, self._at)
            if blanks:
                self.advance(blanks.end() - self._at)
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more():
                raise EOFError("the array is not closed")

    def advance(self, count: int) -> None:
        self._at += count
        self.consumed += count

    def value(self, decoder: json.JSONDecoder) -> Any:
        """The value that begins here. The window doubles until it holds it whole."""
        while True:
            try:
                value, end = decoder.raw_decode(self._window, self._at)
            except json.JSONDecodeError as error:
                # A cut-off value fails near the window's end; more text may complete it.
                if error.pos < len(self._window) - _CHUNK // 2 and not _unterminated(error):
                    raise
                if not self._more(len(self._window) - self._at):
                    if (self._ended and error.pos >= len(self._window) - 1) or _unterminated(error):
                        raise EOFError("the file ends inside an element") from None
                    raise
                continue
            if end == len(self._window) and self._more():
                continue
            self.consumed += end - self._at
            self._at = end
            return value

    def _more(self, at_least: int = 0) -> bool:
        if self._ended:
            return False
        if len(self._window) - self._at > MAX_ELEMENT_CHARACTERS:
            raise ValueError(f"an element longer than {MAX_ELEMENT_CHARACTERS >> 20} M characters")
        chunk = _available(self._stream, max(_CHUNK, at_least))
        self._ended = not chunk
        text = self._decoder.decode(chunk, final=self._ended)
        if not self.bad_bytes and not text.isascii() and _ESCAPED.search(text):
            self.bad_bytes = True
        self._window = self._window[self._at :] + text
        self._at = 0
        return not self._ended or bool(text)


def _available(stream: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes. A stream that breaks gives what it had before, and raises when asked again."""
    parts: list[bytes] = []
    left = size
    while left > 0:
        try:
            part = stream.read1(left)  # type: ignore[attr-defined]
        except (EOFError, OSError, zlib.error):
            if parts:
                break
            raise
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


_BLANKS = re.compile(r"[ \t\r\n]+")
_ESCAPED = re.compile("[\udc80-\udcff]")
"""Bytes that were no UTF-8, as `surrogateescape` carries them."""


def _has_escapes(value: Any) -> bool:
    return bool(_ESCAPED.search(json.dumps(value, ensure_ascii=False)))


def _unterminated(error: json.JSONDecodeError) -> bool:
    return error.msg.startswith("Unterminated string")


def _int(text: str) -> int | float | str:
    """Numbers longer than any id or count stay text: Python refuses to read them as int."""
    return int(text) if len(text) <= 18 else text


def _constant(text: str) -> None:
    return None


def _damage(error: Exception) -> str:
    if isinstance(error, EOFError):
        return f"damaged: the file ends too early ({_short(error)})"
    return f"damaged: cannot be decompressed ({_short(error)})"


def _short(error: Exception) -> str:
    return re.sub(r": line \d+ column \d+ \(char \d+\)", "", str(error))[:120].rstrip(".")
