"""What stands at the axes of a chart: round numbers and days, and how short they are written."""

import math
from datetime import date


def days_named(first: int, last: int, room: int) -> tuple[list[float], list[str]]:
    """Days to name on the axis, and their names: years, months or days as they fit into `room` cells."""
    count = max(2, min(6, room // 12))
    if last <= first:
        return [first], [date.fromordinal(first).isoformat()]
    years = range(date.fromordinal(first).year, date.fromordinal(last).year + 1)
    if len(years) > 3:
        step = -(-len(years) // max(2, room // 8))
        days = [date(year, 1, 1).toordinal() for year in years]
        shown = [at for at in days if first <= at <= last][::step]
        return [*shown], [str(date.fromordinal(at).year) for at in shown]
    named = [first + round((last - first) * part / (count - 1)) for part in range(count)]
    pattern = "%Y-%m" if last - first > 90 else "%m-%d"
    return [*named], [date.fromordinal(at).strftime(pattern) for at in named]


def levels(low: float, high: float, count: int, *, least: float = 0.0) -> list[float]:
    """Round numbers between two values, about `count` of them and at `least` so far apart; the value
    itself where there is one."""
    if high <= low:
        return [low]
    rough = max(least, (high - low) / count)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(one * unit for one in (1, 2, 2.5, 5, 10) if one * unit >= rough)
    first = math.ceil(low / step)
    return [at * step for at in range(first, math.floor(high / step) + 1)] or [low, high]


def short(value: float) -> str:
    """`12.3k`, `1.2M`, `0.95`: a number in few cells."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= unit:
            return f"{value / (1e3 if name == 'k' else unit):.3g}{name}"
    return f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:.4g}"
