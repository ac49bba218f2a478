"""How long work that makes objects by the million stays quick and small."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final


@contextmanager
def uncollected() -> Iterator[None]:
    """Leaves the cycle collector out while the block runs: an import makes millions of objects and no
    cycles, and looking through them again and again took a sixth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def seldom() -> None:
    """Has objects that are there by now never looked through for cycles again, and younger ones when
    `tidy` is called; by itself only after many more than it leaves."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 10, 50)


def tidy() -> bool:
    """Frees what hangs in cycles among the youngest objects where there are many; says whether it did.
    It takes 1 to 5 ms. Python by itself does it in the middle of a paint, in up to 20. Nothing is done
    while the collector is off, as it is until the first frame."""
    young, middle, _ = gc.get_count()
    if young <= YOUNG or not gc.isenabled():
        return False
    gc.collect(1 if middle else 0)
    return True


YOUNG: Final = 4_000
"""Young objects that are left alone."""


def give_back() -> None:
    """Hands freed memory back to the system where the C library keeps it (glibc)."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


_ARENA_MAX = -8
"""Of mallopt(3), as malloc.h of the GNU C library numbers it."""


def one_heap() -> None:
    """Has the C library keep one heap for all threads, before there are any (glibc). Python's own lock lets
    one of them allocate at a time anyway, and what each of them frees in a heap of its own is no
    other's: a browser of 20,000 keys held 150 MB instead of 100."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
