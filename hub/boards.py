"""Leaderboards as they can honestly be shown: what is ranked, by which number, and why not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crawlers.keys import Key
from hub.catalog import Row, fold
from hub.entries import Entry
from hub.errors import NotFound


@dataclass(frozen=True)
class Cell:
    """One published number."""

    metric: str
    text: str | None
    value: float | None
    spread: float | None
    unit: str | None
    direction: str
    earlier: tuple[str | None, ...] = ()
    """What its source printed there before, oldest first."""


@dataclass(frozen=True)
class BoardRow:
    """One printed row of a leaderboard."""

    rank: int | None
    """None where the board is not ranked or the row has no number."""
    model: str | None
    cells: tuple[Cell, ...]
    paper: Key | None
    title: str | None
    published: str | None
    code: tuple[str, ...]
    """Addresses of linked repositories, official ones first."""
    source: str
    source_url: str | None
    retrieved_at: str
    licence: str | None


@dataclass(frozen=True)
class Board:
    """A leaderboard as it can honestly be shown."""

    key: Key
    task: Entry
    dataset: Entry
    name: str
    metric: str | None
    """The metric it is ranked by."""
    direction: str
    """higher, lower or unknown."""
    ranked: bool
    why_unranked: str | None
    rows: tuple[BoardRow, ...]
    others: tuple[tuple[Key, str, int], ...] = ()
    """Further boards that fit what was asked: key, task and dataset, number of rows."""


def board_of(
    row: Row,
    results: Sequence[Row],
    *,
    task: Entry,
    dataset: Entry,
    code: Iterable[tuple[Key, str]],
    metric: str | None = None,
    has_code: bool = False,
    others: Iterable[tuple[Key, str, int]] = (),
) -> Board:
    """The board of a catalog row and its numbers, ranked by `metric` (None: by its first).

    `code` are papers and addresses of their repositories, official ones first.
    """
    metrics = row["metrics"] or sorted({result["metric"] for result in results})
    if metric is not None:
        metrics = _first(metric, metrics, row["key"])
    main = metrics[0] if metrics else None
    direction, why = _ranking(main, [cell for cell in results if cell["metric"] == main])
    rows = _rows(results, metrics, main, direction if why is None else "unknown", _by_paper(code))
    if has_code:
        rows = [one for one in rows if one.code]
    return Board(
        row["key"], task, dataset, row["name"], main, direction,
        why is None, why, tuple(rows), tuple(others),
    )  # fmt: skip


def _by_paper(code: Iterable[tuple[Key, str]]) -> dict[Key, tuple[str, ...]]:
    found: dict[Key, dict[str, None]] = defaultdict(dict)
    for paper, url in code:
        found[paper][url] = None
    return {paper: tuple(urls) for paper, urls in found.items()}


def _first(metric: str, metrics: list[str], board: Key) -> list[str]:
    """The metrics with the one that was asked for in front."""
    chosen = next((name for name in metrics if fold(name) == fold(metric)), None)
    if chosen is None:
        raise NotFound(
            f"{board} has no metric {metric!r}",
            hint=f"It has: {', '.join(metrics) or 'none'}",
        )
    return [chosen, *(name for name in metrics if name != chosen)]


def _ranking(main: str | None, cells: list[Row]) -> tuple[str, str | None]:
    """The direction of a board's first metric, and why it cannot be ranked (None: it can)."""
    if main is None:
        return "unknown", "the source names no metric"
    directions = {cell["direction"] for cell in cells}
    direction = next(iter(directions)) if len(directions) == 1 else "unknown"
    if direction == "unknown":
        return direction, f"whether a higher or a lower {main} is better is not known"
    if _mixed(cells):
        return direction, f"{main} is printed as percent in some rows and as a fraction in others"
    return direction, None


def _mixed(cells: list[Row]) -> bool:
    """True when some rows print `94.1%` and others a number up to 1 without a unit."""
    percent = any("%" in (cell["value_text"] or "") and (cell["value"] or 0) > 1 for cell in cells)
    fraction = any(
        "%" not in (cell["value_text"] or "")
        and cell["value"] is not None
        and 0 < cell["value"] <= 1
        for cell in cells
    )
    return percent and fraction


def _rows(
    results: Iterable[Row],
    metrics: list[str],
    main: str | None,
    direction: str,
    code: Mapping[Key, tuple[str, ...]],
) -> list[BoardRow]:
    """The printed rows, best first; equal numbers share a rank."""
    by_row: dict[str, list[Row]] = defaultdict(list)
    for result in results:
        by_row[result["row"]].append(result)
    sign = {"higher": -1.0, "lower": 1.0}.get(direction)

    def order(cells: list[Row]) -> tuple[bool, float, int]:
        value = next((cell["value"] for cell in cells if cell["metric"] == main), None)
        if sign is None or value is None:
            return True, 0.0, cells[0]["position"]
        return False, sign * value, cells[0]["position"]

    rows, rank, last = [], 0, None
    for place, cells in enumerate(sorted(by_row.values(), key=order), 1):
        unranked, value, _ = order(cells)
        if not unranked and value != last:
            rank, last = place, value
        rows.append(_row(None if unranked else rank, cells, metrics, code))
    return rows


def _row(
    rank: int | None, cells: list[Row], metrics: list[str], code: Mapping[Key, tuple[str, ...]]
) -> BoardRow:
    order = {name: at for at, name in enumerate(metrics)}
    cells = sorted(cells, key=lambda cell: (order.get(cell["metric"], len(order)), cell["metric"]))
    first = cells[0]
    return BoardRow(
        rank=rank,
        model=first["model_name"],
        cells=tuple(
            Cell(
                c["metric"],
                c["value_text"],
                c["value"],
                c["spread"],
                c["unit"],
                c["direction"],
                tuple(c.get("earlier", ())),
            )
            for c in cells
        ),
        paper=first["paper"],
        title=first["paper_title"],
        published=first["published"],
        code=code.get(first["paper"], ()),
        source=first["source"],
        source_url=first["source_url"],
        retrieved_at=first["retrieved_at"],
        licence=first["licence"],
    )
