"""Politeness: when an operator may be asked next, agreed on by all processes of this machine.

One small file per operator holds the next allowed time and its refusals; the lock beside it is held
while a request is under way, so that there is one connection at a time. A killed process leaves the
lock free and the time standing.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from crawlers.operators import Operator
from crawlers.source import Base

PATIENCE: Final = 90.0
"""Longest wait for an operator's bucket to fill again, in seconds; a longer one ends the crawl."""

LONGEST: Final = 86_400.0
"""Longest refusal believed, in seconds: no source asks for more than a day."""

CONNECTING: Final = 10.0
"""Seconds in which a connection must stand; a request whose process died may have come that late."""

_SLICE: Final = 0.2
"""Seconds between two looks at the stop button while waiting."""


@dataclass(frozen=True)
class Waiting:
    """For whom a crawl waits, until when, and why."""

    operator: str
    until: float
    """Seconds since 1970."""
    why: str


@dataclass(frozen=True)
class Penalty:
    """A refusal that still holds."""

    operator: str
    resource: str
    until: float
    """Seconds since 1970."""
    status: int
    line: str
    """The first line of what the operator said."""


class Stopped(Exception):
    """The user stopped the crawl while it waited."""


class InPenalty(Exception):
    """The operator refused before and may not be asked yet."""

    def __init__(self, penalty: Penalty) -> None:
        super().__init__(penalty.line)
        self.penalty = penalty


Tell = Callable[[Waiting], None]
Stop = Callable[[], bool]


def folder_of_machine() -> Path:
    """Where the times of all homes of this user lie: an operator counts machines, not homes."""
    from platformdirs import user_state_path

    return user_state_path("deep-learning-hub", appauthor=False) / "polite"


class Gate:
    """The way to one operator, at one base address.

    Another address in the place of the official one is an operator of its own, told apart by its
    host, and shares the times of the home that asks it.
    """

    def __init__(self, operator: Operator, base: Base, home: Path) -> None:
        self.operator = operator
        self.delay = _delay() if base.overridden else operator.delay
        if base.overridden:
            parts = urlsplit(base.url)
            host = f"{parts.hostname}-{parts.port or parts.scheme}".replace(":", "_")
            self._files: tuple[Path, ...] = (
                home / "polite" / f"{operator.name}.json",
                folder_of_machine() / f"{operator.name}-{host}.json",
            )
        else:
            self._files = (folder_of_machine() / f"{operator.name}.json",)
        self._last = 0.0
        self._answered = False
        self._refusals: dict[str, Penalty] = {}
        """Of this process: they hold even where no file can be written."""

    @contextmanager
    def turn(self, resource: str, tell: Tell, stop: Stop) -> Iterator[None]:
        """Holds the only connection to the operator, once it may be asked.

        InPenalty when it refused and the wait is longer than PATIENCE; Stopped when the user stops.
        """
        if self._last:
            # Not under the lock: whoever waits there takes it again at once, and nobody else gets in.
            left = self.delay - (time.monotonic() - self._last)
            self._sleep_until(time.time() + left, "", tell, stop)
        with ExitStack() as held:
            for file in self._files:
                held.enter_context(self._locked(file, tell, stop))
            self._wait_for_penalty(resource, tell, stop)
            self._sleep_until(self._next(), "", tell, stop)
            since = time.monotonic() - self._last
            if since < self.delay:
                # The wall clock was set back or forth; this one never is.
                time.sleep(self.delay - since)
            # Should this process die now, the request may still reach the operator.
            self._set_next(self.delay + CONNECTING)
            self._answered = False
            try:
                yield
            finally:
                if not self._answered:
                    self.answered()

    def answered(self) -> None:
        """The operator has the request for sure: the delay counts from here."""
        self._answered = True
        self._last = time.monotonic()
        self._set_next(self.delay)

    def refused(self, resource: str, seconds: float, status: int, line: str) -> Penalty:
        """Keeps every process away from a resource for so long."""
        until = time.time() + min(seconds, LONGEST)
        for file in self._files:
            state = _read(file)
            refusals = state.setdefault("refusals", {})
            for past in [name for name, one in refusals.items() if one["until"] < time.time()]:
                del refusals[past]
            before = refusals.get(resource, {})
            until = max(until, min(before.get("until", 0.0), time.time() + LONGEST))
            refusals[resource] = {"until": until, "status": status, "line": line}
            _write(file, state)
        penalty = Penalty(self.operator.title, resource, until, status, line)
        self._refusals[resource] = penalty
        return penalty

    def penalties(self) -> tuple[Penalty, ...]:
        """The refusals that still hold."""
        now = time.time()
        found = {name: one for name, one in self._refusals.items() if one.until > now}
        for file in self._files:
            for resource, said in _read(file).get("refusals", {}).items():
                until = min(float(said["until"]), now + LONGEST)
                if until > now and (resource not in found or until > found[resource].until):
                    found[resource] = Penalty(
                        self.operator.title, resource, until, int(said["status"]), str(said["line"])
                    )
        return tuple(found.values())

    def pause(self, seconds: float, why: str, tell: Tell, stop: Stop) -> None:
        """Waits before another try of the same request. Stopped when the user stops."""
        self._sleep_until(time.time() + seconds, why, tell, stop)

    def _wait_for_penalty(self, resource: str, tell: Tell, stop: Stop) -> None:
        for penalty in self.penalties():
            if penalty.resource not in (resource, EVERYTHING):
                continue
            if penalty.until - time.time() > PATIENCE:
                raise InPenalty(penalty)
            self._sleep_until(penalty.until, penalty.line, tell, stop)

    def _next(self) -> float:
        """The next allowed time; one far ahead was written by a clock that was wrong.

        It stands by two clocks, since another process may have asked before the wall clock was set:
        the second one counts from the start of the machine and is never set. Whichever says longer.
        """
        if not self.delay:
            return 0.0
        now, since_start = time.time(), time.monotonic()
        left = 0.0
        for file in self._files:
            state = _read(file)
            left = max(left, float(state.get("next", 0.0)) - now)
            by_machine = float(state.get("next_by_machine", 0.0)) - since_start
            # More than could be written now is of another start of the machine.
            left = max(left, by_machine if by_machine <= self.delay + CONNECTING else 0.0)
        return now + min(left, self.delay + CONNECTING)

    def _set_next(self, seconds: float) -> None:
        if not self.delay:
            return
        for file in self._files:
            state = _read(file)
            state["next"] = time.time() + seconds
            state["next_by_machine"] = time.monotonic() + seconds
            _write(file, state)

    def _sleep_until(self, moment: float, why: str, tell: Tell, stop: Stop) -> None:
        """Over when the clock says so, or when so much time has passed: it may be set back meanwhile."""
        left = moment - time.time()
        if left <= 0:
            return
        tell(Waiting(self.operator.title, moment, why))
        end = time.monotonic() + left
        while (left := min(moment - time.time(), end - time.monotonic())) > 0:
            if stop():
                raise Stopped
            time.sleep(min(left, _SLICE))

    @contextmanager
    def _locked(self, file: Path, tell: Tell, stop: Stop) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(file.with_suffix(".lock"))
            told = False
            while True:
                try:
                    lock.acquire(timeout=_SLICE)
                    break
                except Timeout:
                    if stop():
                        raise Stopped from None
                    if not told:
                        told = True
                        now = time.time()
                        tell(Waiting(self.operator.title, now, "another process asks it"))
        except (OSError, NotImplementedError):
            # A folder that nobody can write to, or without locks: this process alone keeps the delay.
            yield
            return
        try:
            yield
        finally:
            lock.release()


EVERYTHING: Final = "*"
"""The resource of a refusal that holds for all of an operator."""


def _delay() -> float:
    """Seconds between two requests to an address that is not the official one."""
    try:
        return max(0.0, float(os.environ.get("HUB_DELAY_SECONDS") or 0.0))
    except ValueError:
        return 0.0


def _read(file: Path) -> dict[str, Any]:
    try:
        state = json.loads(file.read_text("utf-8"))
        if any(math.isnan(float(state.get(name, 0.0))) for name in ("next", "next_by_machine")):
            raise ValueError
        for said in state.get("refusals", {}).values():
            float(said["until"]), int(said["status"]), str(said["line"])
        return dict(state)
    except OSError:
        # None yet, or a folder that cannot be used: see Gate._locked.
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        # Not ours to read: as if it had been written this moment.
        return {"next": time.time() + CONNECTING}


def _write(file: Path, state: dict[str, Any]) -> None:
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(state), "utf-8")
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink()
