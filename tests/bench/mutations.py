"""Recorded answers made worse ten thousand times: crashes, wrong records, seconds."""

import time

from tests.answers import recorded
from tests.bench.rows import Row, at_least, at_most, known, not_run
from tests.bench.workshop import NO_DATA, Workshop
from tests.trials import Trial

MUTANTS = 10_000
SEED = 1


def real(workshop: Workshop) -> list[Row]:
    """What the parsers make of mutants of the recorded answers; not one may break them."""
    what = "mutants of recorded answers"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    cases = list(recorded(workshop.data))
    told, began = Trial(), time.perf_counter()
    for place, case in enumerate(cases):
        # The first ones get one more each where the number does not divide.
        told.put(case, -(-(MUTANTS - place) // len(cases)), SEED)
    seconds = time.perf_counter() - began
    for one in told.broken:
        workshop.tell(one)
    pages = f"{told.pages:,} pages; others to be held in {told.held:,}"
    return [
        at_least(f"{what}: of {len(cases)} answers", told.mutants, MUTANTS, "", peer=pages),
        at_most(f"{what}: crashes", len(told.crashes), 0, ""),
        at_most(f"{what}: wrong records", len(told.wrong), 0, ""),
        at_most(f"{what}: pages lost to one entry", len(told.refused), 0, ""),
        known(f"{what}: all of them", seconds, "s"),
        known(f"{what}: the slowest", 1e3 * told.slowest, "ms"),
    ]
