"""`make run` from a fresh clone, nothing cached: what a new user waits for. Downloads packages."""

from tests.bench.children import ROOT, run
from tests.bench.rows import Row, at_most
from tests.bench.workshop import Workshop

SECONDS = 45


def make_run(workshop: Workshop) -> list[Row]:
    """Wall time of `make run` after `git clone`, with an empty pip cache and no terminal.

    What is committed is measured, not what lies in the working tree.
    """
    clone = workshop.fresh("clone") / "hub"
    run(["git", "clone", "--quiet", ROOT, clone])
    settings = {"PIP_CACHE_DIR": workshop.fresh("pip"), "HUB_HOME": workshop.fresh("clone-home")}
    cost = run(["make", "run"], settings, folder=clone)
    return [
        at_most("make run from a fresh clone, empty pip cache", cost.wall_seconds, SECONDS, "s")
    ]
