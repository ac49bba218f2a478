"""Two trainings measured in turns, so that whatever disturbs the machine disturbs both.

A child trains as many steps as a line on its stdin says, and answers with what they cost.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.children import ROOT


class Pace:
    """In the child: call `step` before each step."""

    def __init__(self) -> None:
        self._left = 0
        self._wall = self._cpu = 0.0
        self._measured = False

    def step(self) -> None:
        """Returns when a step may be taken; ends the process when nobody asks any more."""
        if self._left == 0:
            if self._measured:
                cost = [time.perf_counter() - self._wall, time.process_time() - self._cpu]
                print(json.dumps(cost), flush=True)
            line = sys.stdin.readline()
            if not line:
                sys.stdout.flush()
                os._exit(0)
            self._left, self._measured = int(line), True
            self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._left -= 1


@dataclass(frozen=True)
class Slice:
    """What some steps cost."""

    wall_seconds: float
    cpu_seconds: float


class Paced:
    """A child that trains at our pace; it ends with this context."""

    def __init__(self, command: Sequence[str | Path], settings: Mapping[str, str]) -> None:
        environment = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
        self._child = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**environment, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def take(self, steps: int) -> Slice:
        """What so many steps cost; RuntimeError when the child is gone."""
        assert self._child.stdin and self._child.stdout
        self._child.stdin.write(f"{steps}\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._child.args} ended with {self._child.wait()}")
        return Slice(*json.loads(answer))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.kill()
        self._child.communicate()
