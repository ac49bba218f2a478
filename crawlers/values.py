"""A published number as printed -> its value, where it is plainly a number.

A wrong number is worse than none: what is not plainly one keeps its text and has no value.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final


@dataclass(frozen=True)
class Value:
    """`text` as printed (None: the cell was empty), and what could be read from it."""

    text: str | None
    value: float | None = None
    spread: float | None = None
    unit: str | None = None
    """`percent` where a percent sign was printed, else None."""


_NUMBER = r"[-+]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
"""A comma groups thousands; `76,2` and `0,753` may mean a decimal comma and are not read."""

_PLAIN = re.compile(
    rf"(?P<value>{_NUMBER})\s*(?P<percent>%)?"
    rf"(?:\s*(?:±|\+/-|\+-|\\pm)\s*(?P<spread>{_NUMBER})\s*(?P<spread_percent>%)?)?"
)
_SCALED = re.compile(rf"(?P<value>{_NUMBER})\s*(?P<scale>[kKMmGBT])")
_SCALES: Final = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
_MISSING: Final = frozenset({"", "-", "--", "---", "–", "—", "n/a", "na", "none", "null", "?"})


def parse_value(printed: Any, metric_unit: str | None = None) -> Value:
    """The Value of a cell. `metric_unit` tells a small `m` apart: million parameters, not metres.

    Read: `28.4`, `.931`, `96.53%`, `1,234`, `1e-3`, `7.7M`, `84.2 ± 0.3`, `**55.6**`. Not read, but
    kept: ranges, two numbers in a cell, decimal commas, `63.7*`, words.
    """
    if printed is None or isinstance(printed, bool):
        return Value(None if printed is None else str(printed).lower())
    if isinstance(printed, int | float):
        return Value(_text_of(printed), _finite(printed))
    if not isinstance(printed, str):
        return Value(str(printed))
    text = printed.strip("\ufeff\u200b\u200e \t\r\n\u00a0")
    if text.lower() in _MISSING:
        return Value(text or None)
    bare = text.replace("\u2212", "-").replace("\u00a0", " ").replace("\u2009", " ")
    if len(bare) > 4 and bare.startswith("**") and bare.endswith("**"):
        bare = bare[2:-2].strip()
    if found := _PLAIN.fullmatch(bare):
        return _plain(text, found)
    if found := _SCALED.fullmatch(bare):
        scale = _SCALES.get(found["scale"], 10**6 if metric_unit == "parameters" else None)
        if scale is not None:
            # By decimals: 4.1 * 1e9 in floats is not 4100000000.
            return Value(text, _finite(float(Decimal(_digits(found["value"])) * scale)))
    return Value(text)


def is_missing(text: str | None) -> bool:
    """True where the cell says that there is no number (`-`, `N/A`, nothing)."""
    return text is None or text.strip().lower() in _MISSING


def _plain(text: str, found: re.Match[str]) -> Value:
    spread = found["spread"]
    percent, spread_percent = bool(found["percent"]), bool(found["spread_percent"])
    if spread and percent and not spread_percent:
        # `84.2% ± 0.3`: the spread's unit is left open, so only the value is read.
        spread = None
    return Value(
        text,
        _finite(_number(found["value"])),
        abs(_number(spread)) if spread else None,
        "percent" if percent or spread_percent else None,
    )


def _number(text: str) -> float:
    return float(_digits(text))


def _digits(text: str) -> str:
    return text.replace(",", "")


def _finite(number: float) -> float | None:
    try:
        value = float(number)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _text_of(number: float) -> str:
    if isinstance(number, int) and number.bit_length() > 1_000:
        return "a whole number of over 300 digits"
    text = repr(number)
    return text if len(text) <= 40 else f"{text[:37]}..."
