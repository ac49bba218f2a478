"""The terminal as something that can be closed: the app then ends as if it had been left, and puts back
what it changed."""

import asyncio
import select
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from textual.app import App

INTERRUPTED: Final = 130
"""The exit code of what was asked to end."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at a terminal that may have gone without a signal."""


def heed_its_end(app: "App[None]") -> None:
    """Ends the app on SIGHUP and SIGTERM, and when nobody holds the other end of the terminal any
    more: its input would be read as nothing, again and again."""
    if app.is_web or threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for name in ("SIGHUP", "SIGTERM"):
        number = getattr(signal, name, None)
        if number is not None:
            with suppress(NotImplementedError, ValueError):
                loop.add_signal_handler(number, partial(app.exit, return_code=INTERRUPTED))
    if sys.platform != "win32" and not app.is_headless and sys.__stdin__ is not None:
        terminal = select.poll()
        terminal.register(sys.__stdin__.fileno(), 0)  # What is asked for is told anyway: the end.

        def look() -> None:
            if terminal.poll(0):
                app.exit(return_code=INTERRUPTED)

        app.set_interval(LOOK_SECONDS, look)
