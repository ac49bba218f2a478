"""The browser with a watch on its event loop: `python -m tests.bench.steps FILE [plain]`.

Writes to FILE a JSON list with the moment of each step of the loop (seconds of time.perf_counter, which
all processes share) and its milliseconds: the CPU time of its own thread, so that neither the other
processes of the machine nor the thread that reads count. With `plain`
the screens open and paint as Textual's own do; messages still have a step each.
"""

import json
import sys
import time
from asyncio import events
from pathlib import Path
from typing import Any

from hub.cli import main


def watch(taken: list[tuple[float, float]]) -> None:
    """Has each step of every loop add its moment and its milliseconds."""
    run = events.Handle._run

    def timed(self: events.Handle) -> None:
        begun = time.thread_time()
        run(self)
        taken.append((time.perf_counter(), 1000 * (time.thread_time() - begun)))

    setattr(events.Handle, "_run", timed)  # noqa: B010 - a method of another's class


def plainly() -> None:
    """Takes away what our screens do otherwise than Textual's."""
    from hub.tui.stepwise import Stepwise

    hooks: Any = vars(Stepwise)
    for name in [name for name, value in hooks.items() if callable(value) or name == "_under"]:
        if name != "rows":
            delattr(Stepwise, name)


if __name__ == "__main__":
    file, how = Path(sys.argv[1]), sys.argv[2:]
    steps: list[tuple[float, float]] = []
    watch(steps)
    if how == ["plain"]:
        plainly()
    sys.argv = ["hub"]
    try:
        main()
    finally:
        file.write_text(json.dumps(steps))
