"""When Ctrl-C is heard: never between a write and what is told of it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

HEARD: Final = (signal.SIGINT, signal.SIGTERM)
"""The signals by which a user, or the system for them, asks a program to stop."""


@contextmanager
def unbroken() -> Iterator[None]:
    """Puts off Ctrl-C until the block is done, so that a committed page and the counts that tell of it
    are one step. Only the main thread hears signals: in any other one the block is unbroken anyway.

    The block is to be short: it must neither wait for the network nor for a user.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []

    def note(number: int, frame: Any) -> None:
        heard.append(number)

    before = {one: signal.signal(one, note) for one in HEARD}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        for number in dict.fromkeys(heard):
            signal.raise_signal(number)
