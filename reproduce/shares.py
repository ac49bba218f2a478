"""How a batch is shared out among the processes of a run, as far as it can be said without torch."""

from typing import Final, Literal

from reproduce.failure import CannotRun

Mode = Literal["whole", "exact", "fast"]

SHARDS: Final = 4
"""Of a batch in exact mode."""


class CannotShare(CannotRun):
    """This run cannot be shared out like that."""


def shared_out(mode: Mode | None, shards: int | None, count: int) -> tuple[Mode, int]:
    """The mode and the number of shards of a batch for so many processes. CannotShare."""
    mode = mode or ("exact" if count > 1 else "whole")
    if mode == "whole" and count > 1:
        raise CannotShare("a batch that is not cut is for one process: --exact or --fast")
    if mode == "fast" and count == 1:
        mode = "whole"  # One shard for one process: the batch itself.
    if mode != "exact":
        if shards is not None:
            raise CannotShare("--shards is for --exact: --fast has one for each process")
        return mode, count
    shards = shards or SHARDS
    if shards % count:
        fitting = ", ".join(str(n) for n in range(1, shards + 1) if shards % n == 0)
        raise CannotShare(
            "{count} processes cannot share {shards} shards evenly: --nproc {fitting}, or --fast",
            count=count,
            shards=shards,
            fitting=fitting,
        )
    return mode, shards
