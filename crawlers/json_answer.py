"""An answer in JSON as values whose types were looked at.

Owns how a JSON body is decoded and how its members are read. What the members mean is the business
of the source that reads them.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from crawlers.source import Answer, SourceError

LARGEST: Final = 2**63 - 1
"""Largest whole number that SQLite keeps."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?")


class Unfit(ValueError):
    """A member of another type than its name promises; the text says which, without its value."""


class NoNumber(str):
    """The text of a number that is none (`NaN`, `1e999`): fit to be printed, but no text of theirs."""

    __slots__ = ()


def document(answer: Answer) -> Any:
    """The whole body as Python values; SourceError where it is no JSON, or only the start of it.

    Lone surrogates stay in the texts that have them (records take them out), and a number that is
    none (`NaN`, `1e999`) stays as its text: each of them spoils one member, not the answer.
    """
    import orjson

    body = answer.body.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if error.pos >= len(body.decode("utf-8", "replace").rstrip()):
            raise SourceError("the JSON is empty or cut off", again=True) from error
        return _leniently(body)


def mapping(answer: Answer) -> dict[str, Any]:
    """The body as an object; SourceError where it is anything else."""
    said = document(answer)
    if not isinstance(said, dict):
        raise SourceError("the JSON is not an object")
    return said


def listing(answer: Answer) -> list[Any]:
    """The body as a list; SourceError where it is anything else."""
    said = document(answer)
    if not isinstance(said, list):
        raise SourceError("the JSON is not a list")
    return said


def text(said: Mapping[str, Any], name: str) -> str | None:
    """The member without blanks around it; None when it is missing, null or blank."""
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or isinstance(value, NoNumber):
        raise Unfit(f"{name}: not a text")
    return value.strip() or None


def integer(said: Mapping[str, Any], name: str) -> int | None:
    """The member; a truth value, a fraction or what SQLite cannot keep is Unfit."""
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"{name}: not a whole number")
    if abs(value) > LARGEST:
        raise Unfit(f"{name}: too large")
    return value


def flag(said: Mapping[str, Any], name: str) -> bool | None:
    """The member; None when it is missing, which is not the same as false."""
    value = said.get(name)
    if value is not None and not isinstance(value, bool):
        raise Unfit(f"{name}: neither true nor false")
    return value


def day(said: Mapping[str, Any], name: str) -> str | None:
    """The day of a date or of a moment (`2026-01-20T17:59:59.000Z`) as `YYYY-MM-DD`."""
    value = text(said, name)
    if value is None:
        return None
    if not _DAY.fullmatch(value):
        raise Unfit(f"{name}: not a date")
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError as error:
        raise Unfit(f"{name}: no such day") from error


def texts(said: Mapping[str, Any], name: str) -> list[str]:
    """The member's texts, blank ones left out; empty when it is missing."""
    values = many(said, name)
    if not all(isinstance(one, str) and not isinstance(one, NoNumber) for one in values):
        raise Unfit(f"{name}: not texts")
    return [value.strip() for value in values if value.strip()]


def many(said: Mapping[str, Any], name: str) -> list[Any]:
    """The member as a list of anything; empty when it is missing."""
    value = said.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unfit(f"{name}: not a list")
    return value


def inner(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The member as an object; empty when it is missing."""
    value = said.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unfit(f"{name}: not an object")
    return value


def _leniently(body: bytes) -> Any:
    """What Python's own decoder makes of a body that orjson refuses."""
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_constant=NoNumber,
            parse_float=_float_or_text,
            parse_int=_integer_or_text,
        )
    except UnicodeDecodeError as error:
        raise SourceError("the JSON is damaged: not UTF-8", again=True) from error
    except json.JSONDecodeError as error:
        cut = error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip())
        if cut:
            raise SourceError("the JSON is empty or cut off", again=True) from error
        raise SourceError("the answer is not JSON") from error
    except RecursionError as error:
        raise SourceError("the JSON is nested too deeply") from error


def _float_or_text(printed: str) -> float | str:
    number = float(printed)
    return number if math.isfinite(number) else NoNumber(printed)


def _integer_or_text(printed: str) -> int | float | str:
    """What orjson makes of it: a float past 64 bits."""
    return int(printed) if len(printed) < 20 else _float_or_text(printed)
