"""`hub import` of real files: CPU time and memory beside sqlite-utils, wall time alone."""

from tests.bench.children import MB, Cost, hub, python, run
from tests.bench.rows import Row, at_most, known, not_run
from tests.bench.workshop import NO_DATA, Workshop, lacks

TIMES_PEER = 3.0
"""The peer stores and indexes the text; it neither validates, merges, links nor weighs."""

PEAK_MB = 400
TABLES_SECONDS = 15
INPUT_DAMAGED = 5
"""The exit code (hub.errors) that the real tables give: one of their 28,183 rows has no metric."""


def papers(workshop: Workshop) -> list[Row]:
    """CPU time and peak memory of importing 70,000 papers with index into a fresh home."""
    what = "import 70k papers + index"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    if missing := lacks("sqlite_utils"):
        return [not_run(what, missing)]
    ours: list[Cost] = []
    peers: list[Cost] = []
    for _ in range(2):
        ours.append(workshop.import_papers()[1])
        peers.append(sqlite_utils(workshop))
    best = min(ours, key=lambda cost: cost.cpu_seconds)
    peer = min(peers, key=lambda cost: cost.cpu_seconds)
    seconds, wall = best.cpu_seconds, min(cost.wall_seconds for cost in ours)
    peak = max(cost.peak_bytes for cost in ours) / MB
    return [
        at_most(
            f"{what}: CPU time (best of 2)",
            seconds / peer.cpu_seconds,
            TIMES_PEER,
            "x peer",
            measured=f"{seconds:.1f} s = {seconds / peer.cpu_seconds:.2f} x peer",
            peer=f"sqlite-utils + FTS5 {peer.cpu_seconds:.1f} s",
        ),
        at_most(
            f"{what}: peak memory (worst of 2)",
            peak,
            PEAK_MB,
            "MB",
            peer=f"sqlite-utils {peer.peak_bytes / MB:.0f} MB",
        ),
        known(f"{what}: wall time", wall, "s", peer=f"sqlite-utils {peer.wall_seconds:.1f} s"),
    ]


def sqlite_utils(workshop: Workshop) -> Cost:
    """The cost of the peer's two commands: rows, then their full-text index."""
    target = workshop.fresh("peer") / "papers.db"
    call = python("-m", "sqlite_utils")
    insert = [*call, "insert", target, "papers", workshop.plain_snapshot, "--nl", "--pk", "id"]
    enable = [*call, "enable-fts", target, "papers", "title", "abstract", "--tokenize", "porter"]
    cost = run(insert) + run(enable)
    target.unlink()
    return cost


def tables(workshop: Workshop) -> list[Row]:
    """Wall time and peak memory of importing the Papers with Code tables of 2020."""
    what = "import evaluation tables 2020"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    call = hub("import", workshop.tables)
    cost = run(call, {"HUB_HOME": workshop.fresh("tables")}, accepted=(0, INPUT_DAMAGED))
    return [
        at_most(f"{what}: wall time", cost.wall_seconds, TABLES_SECONDS, "s"),
        at_most(f"{what}: peak memory", cost.peak_bytes / MB, PEAK_MB, "MB"),
    ]
