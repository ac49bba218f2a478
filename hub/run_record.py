"""A Run as JSON: what it must say, and how it travels: with the sha256 of what it says.

Reads files of strangers. What is no Run, holds what no Run holds, or was changed on the way is Damaged.
"""

import json
import math
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hub.errors import Damaged, NotFound
from hub.text import t

LARGEST: Final = 8 << 20
"""Bytes of a file; a run with a curve of a few hundred points has some ten thousand."""

DEEPEST: Final = 8
"""Objects and lists within each other; a Run has four."""

LONGEST: Final = 20_000
"""Characters of one text."""

MOST: Final = 200_000
"""Values in a file."""

_NAME: Final = re.compile(r"[a-z0-9_]{1,80}")
_ID: Final = re.compile(r"[0-9a-f]{6,64}")
_SUM: Final = re.compile(r"[0-9a-f]{64}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
_ACTIVE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, marks that turn the direction of text, lone surrogates."""


# -- travelling ------------------------------------------------------------------------------


def exported(record: dict[str, Any]) -> dict[str, Any]:
    """A run with the sha256 of what it says, so that a change on the way is seen; those of its single
    fields tell which was changed."""
    said = {name: value for name, value in record.items() if name != "imported"}
    return {
        "hub_run": 1,
        "sha256": sum_of(said),
        "fields": {name: sum_of(value)[:16] for name, value in said.items()},
        "run": said,
    }


def read(path: Path) -> dict[str, Any]:
    """The run of an exported file. NotFound; Damaged when it is none, or was changed."""
    try:
        with path.open("rb") as file:
            body = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise NotFound(t("{path}: no such file", path=path)) from None
    except OSError as error:
        raise Damaged(
            t("{path} cannot be read: {why}", path=path, why=error.strerror or error)
        ) from error
    try:
        if len(body) > LARGEST:
            raise Damaged(t("larger than {size}", size=f"{LARGEST >> 20} MB"))
        return imported(_parsed(body))
    except Damaged as error:
        raise Damaged(f"{path}: {error}", hint=t("Nothing was imported.")) from None


def _parsed(body: bytes) -> Any:
    """JSON without what JSON does not know (NaN) and without names said twice. Damaged."""
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_each_once
        )
    except RecursionError:
        raise Damaged(t("nested too deep")) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise Damaged(t("no JSON: {why}", why=error)) from None


def _no_number(text: str) -> Any:
    raise Damaged(t("a number that is none"))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise Damaged(t("a name is said twice in one object"))
    return said


def imported(said: Any) -> dict[str, Any]:
    """The run of what an exported file says. Damaged when it is none, or was changed."""
    if not isinstance(said, dict) or not isinstance(said.get("run"), dict) or "hub_run" not in said:
        raise Damaged(t("not a run that was exported by `hub runs export`"))
    if said["hub_run"] != 1:
        raise Damaged(t("exported by a newer version of the hub"))
    record: dict[str, Any] = said["run"]
    _plain(record)
    found = sum_of(record)
    if found != said.get("sha256"):
        raise Damaged(
            t(
                "the run was changed after it was exported{fields}: expected sha256 {expected}, got {got}",
                fields=_changed(said),
                expected=_shown(said.get("sha256")),
                got=found,
            )
        )
    check(record)
    return record


def _changed(said: dict[str, Any]) -> str:
    """Which fields are not those that were exported, where the file still tells."""
    sums, record = said.get("fields"), said["run"]
    if not isinstance(sums, dict):
        return ""
    names = sorted(
        name
        for name in sums.keys() | record.keys()
        if name not in record or sum_of(record[name])[:16] != sums.get(name)
    )
    return f" ({', '.join(map(_shown, names[:8]))})" if names else ""


def _shown(value: Any) -> str:
    """A stranger's value, fit to stand in a sentence."""
    return _ACTIVE.sub("", str(value))[:80]


def sum_of(value: Any) -> str:
    """sha256 of a value's JSON with its names in order."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def out_of_time(record: dict[str, Any]) -> bool:
    """True when the user's minutes ended the training; a smoke run ends by its steps."""
    return any(
        reason["reason"] == "time used up" and reason.get("minutes") is not None
        for reason in record["reasons"]
    )


# -- what a Run must say ---------------------------------------------------------------------


def check(record: Any) -> None:
    """Damaged unless it is a Run: every field that the hub reads, of its type and in its bounds."""
    if not isinstance(record, dict):
        raise Damaged(t("not a run that was exported by `hub runs export`"))
    _plain(record)
    _fields(record, _RUN, "")
    for name, fields in (("whole", _CLOCK), ("training", _CLOCK), ("speed", _SPEED)):
        _fields(record[name], fields, f"{name}.")
    _fields(record["environment"], _ENVIRONMENT, "environment.")


def _plain(value: Any) -> None:
    """Damaged where anything is deeper, longer, more or other than JSON of a Run can be."""
    left, count = [(value, 0)], 0
    while left:
        one, depth = left.pop()
        count += 1
        if depth > DEEPEST:
            raise Damaged(t("nested too deep"))
        if count > MOST:
            raise Damaged(t("more than {n} values", n=f"{MOST:,}"))
        if isinstance(one, dict):
            left += [(inner, depth + 1) for pair in one.items() for inner in pair]
        elif isinstance(one, list):
            left += [(inner, depth + 1) for inner in one]
        elif isinstance(one, str):
            if len(one) > LONGEST:
                raise Damaged(t("a text of more than {n} characters", n=f"{LONGEST:,}"))
            if _ACTIVE.search(one):
                raise Damaged(t("a text with control characters"))
        elif isinstance(one, float):
            if not math.isfinite(one):
                raise Damaged(t("a number that is none"))
        elif isinstance(one, int):
            if abs(one) > 1 << 63:
                raise Damaged(t("a number too large"))
        elif one is not None:
            raise Damaged(f"a value of type {type(one).__name__}")


def _fields(said: dict[str, Any], fields: dict[str, Callable[[Any], bool]], where: str) -> None:
    for name, fits in fields.items():
        if name not in said:
            raise Damaged(t("the run lacks {name}", name=where + name))
        if not fits(said[name]):
            raise Damaged(t("{name}: not as a run has it", name=where + name))


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _reasons(value: Any) -> bool:
    return isinstance(value, list) and all(_object(x) and _text(x.get("reason")) for x in value)


def _curve(value: Any) -> bool:
    return isinstance(value, list) and all(
        _object(point) and _whole(point.get("step")) and all(map(_number, point.values()))
        for point in value
    )


def _sums(value: Any) -> bool:
    return _object(value) and all(_text(one) and _SUM.fullmatch(one) for one in value.values())


def _like(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _among(*values: Any) -> Callable[[Any], bool]:
    return lambda value: any(value is one or value == one for one in values)


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_RUN: Final[dict[str, Callable[[Any], bool]]] = {
    "format": lambda value: _whole(value) and value == 1,
    "id": _like(_ID),
    "baseline": _like(_NAME),
    "dataset": _like(_NAME),
    "label": _among("CLOSED", "OPEN"),
    "metric": _text,
    "claim": _or_none(_text),
    "seed": _whole,
    "budget": _among("smoke", "short", "full"),
    "value": _number,
    "correct": _or_none(_whole),
    "tested": _whole,
    "trained_on": _whole,
    "epochs": _number,
    "full_epochs": _number,
    "steps": _whole,
    "reasons": _reasons,
    "started_at": _like(_TIME),
    "finished_at": _like(_TIME),
    "training": _object,
    "whole": _object,
    "speed": _object,
    "digest": _like(_SUM),
    "resumed_at": _or_none(_whole),
    "curve": _curve,
    "recipe_sha256": _like(_SUM),
    "data": _sums,
    "canonical": lambda value: isinstance(value, bool),
    "notes": _texts,
    "environment": _object,
}
"""Field -> whether a value fits. What else a Run says is kept as it is."""

_CLOCK: Final[dict[str, Callable[[Any], bool]]] = {
    "wall_seconds": _number,
    "cpu_seconds": _number,
    "peak_bytes": _or_none(_whole),
    "disturbed": _or_none(_share),
}

_SPEED: Final[dict[str, Callable[[Any], bool]]] = {
    "examples_per_second": _or_none(_number),
    "flops_per_second": _or_none(_number),
    "peak_flops_per_second": _or_none(_number),
    "share_of_peak": _or_none(_number),
}

_ENVIRONMENT: Final[dict[str, Callable[[Any], bool]]] = {
    "torch": _text,
    "python": _text,
    "system": _text,
    "processor": _text,
    "threads": _whole,
    "hub": _text,
    "commit": _or_none(_text),
}
