"""TensorBoard: each run's learning curve as an event file, and its server on this machine.

The files are written from the record itself, with or without the package. Their format is that of
TensorFlow's records (tensorflow.org/tutorials/load_data/tfrecord): a length, its checksum, a message, its
checksum; the messages are `Event` of tensorboard/compat/proto/event.proto.
"""

import importlib.util
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from hub.errors import HubError
from hub.paths import Paths
from hub.text import t

INSTALL: Final = "pip install 'deep-learning-hub[tensorboard]'"
PATIENCE_SECONDS: Final = 60.0
"""For TensorBoard to say where it is."""


def folder(places: Paths) -> Path:
    """Where the event files of all runs lie."""
    return places.home / "runs" / "events"


def keep(places: Paths, record: dict[str, Any]) -> None:
    """Writes a run's event file, if it can be: a curve is a convenience, the record is kept elsewhere."""
    with suppress(OSError):
        write(folder(places), record)


def write(root: Path, record: dict[str, Any]) -> Path:
    """The event file of a run: its curve, and at the last step what was measured. The same run always
    gives the same bytes. OSError."""
    when = datetime.fromisoformat(record["finished_at"]).timestamp()
    place: Path = (
        root / record["baseline"] / f"seed-{record['seed']}-{record['budget']}-{record['id']}"
    )
    path = place / f"events.out.tfevents.{int(when)}.hub"
    # When each step was is not recorded: every point carries the time at which the run ended.
    body = [_framed(_event(when, 0, version="brain.Event:2"))]
    for point in record["curve"]:
        scalars = {name: value for name, value in point.items() if name != "step"}
        if scalars:
            body.append(_framed(_event(when, point["step"], scalars)))
    measured = {f"measured {record['metric']}": record["value"]}
    body.append(_framed(_event(when, record["steps"], measured)))
    place.mkdir(parents=True, exist_ok=True)
    partial = place / f".partial-{os.getpid()}"
    partial.write_bytes(b"".join(body))
    partial.replace(path)
    return path


def _event(
    when: float, step: int, scalars: dict[str, float] | None = None, version: str | None = None
) -> bytes:
    """event.proto: 1 wall_time, 2 step, 3 file_version, 5 summary."""
    message = b"\x09" + struct.pack("<d", when) + b"\x10" + _varint(step)
    if version is not None:
        message += b"\x1a" + _sized(version.encode())
    if scalars:
        message += b"\x2a" + _sized(b"".join(map(_scalar, scalars, scalars.values())))
    return message


def _scalar(tag: str, value: float) -> bytes:
    """summary.proto: 1 value {1 tag, 2 simple_value}."""
    try:
        number = struct.pack("<f", value)
    except OverflowError:
        number = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return b"\x0a" + _sized(b"\x0a" + _sized(tag.encode()) + b"\x15" + number)


def _sized(body: bytes) -> bytes:
    return _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _framed(message: bytes) -> bytes:
    length = struct.pack("<Q", len(message))
    return length + _checksum(length) + message + _checksum(message)


def _checksum(body: bytes) -> bytes:
    """CRC-32C, turned and shifted as TensorFlow's records have it."""
    crc, table = 0xFFFFFFFF, _table()
    for byte in body:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


# -- the server ------------------------------------------------------------------------------


def need_tensorboard() -> None:
    """HubError where the package is not installed; nothing is imported."""
    if importlib.util.find_spec("tensorboard") is None:
        raise HubError(t("TensorBoard is not installed"), hint=INSTALL)


@contextmanager
def serving(root: Path, port: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """TensorBoard on 127.0.0.1: its address, and what waits until Ctrl-C or its own end. HubError.

    It ends when this process is asked to end, or its terminal is closed.
    """
    with _ended_politely():
        yield from _served(root, port)


@contextmanager
def _ended_politely() -> Iterator[None]:
    """SIGTERM and SIGHUP as Ctrl-C, so that a child is never left behind."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {
        one: signal.signal(one, signal.default_int_handler)
        for one in (getattr(signal, name) for name in names)
    }
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _served(root: Path, port: int) -> Iterator[tuple[str, Callable[[], None]]]:
    child = subprocess.Popen(
        [
            sys.executable, "-m", "tensorboard.main", "--logdir", str(root), "--host", "127.0.0.1",
            "--port", str(port), "--load_fast", "false",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )  # fmt: skip
    said: list[str] = []
    address: list[str] = []
    known = threading.Event()

    def listen() -> None:
        assert child.stderr is not None
        for line in child.stderr:
            said.append(line.strip())
            del said[:-20]
            if "http://" in line and not address:
                address.append("http://" + line.partition("http://")[2].split()[0])
                known.set()
        known.set()

    threading.Thread(target=listen, daemon=True).start()

    def wait() -> None:
        with suppress(KeyboardInterrupt):
            child.wait()

    try:
        known.wait(PATIENCE_SECONDS)
        if not address:
            why = next((line for line in reversed(said) if line), t("it said nothing"))
            raise HubError(
                t("TensorBoard did not start: {why}", why=why), hint=t("Another port: --port 0")
            )
        yield address[0], wait
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
