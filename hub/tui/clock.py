"""The moment from which ages and waits on the screens are counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_stopped: datetime | None = None


def now() -> datetime:
    """The time in UTC, or the moment at which the clock was stopped."""
    return _stopped or datetime.now(UTC)


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Within it `now` is always `at`: for pictures that are to be the same tomorrow. What waits,
    measures or is kept goes by the machine's own clock."""
    global _stopped
    before, _stopped = _stopped, at
    try:
        yield
    finally:
        _stopped = before
