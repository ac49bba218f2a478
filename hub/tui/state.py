"""What the browser remembers between two starts: one small JSON file under the home."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from hub.paths import Paths

FILE: Final = "browser.json"
MOST_BYTES: Final = 100_000
"""Nobody's columns and filters take more; a longer file is not ours."""


@dataclass
class State:
    """What stands as it was left. A field that the file has wrong begins anew; the others stay."""

    tab: str = "All"
    sorts: dict[str, list[Any]] = field(default_factory=dict)
    """Tab -> column, and whether it is reversed."""
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Tab -> facet -> what is chosen of it."""
    widths: dict[str, dict[str, int]] = field(default_factory=dict)
    """Tab -> column -> cells."""
    searched: list[str] = field(default_factory=list)
    """What was looked for, the newest last."""
    theme: str | None = None
    lang: str | None = None
    """`en` or `zh`; None follows the setting or the locale."""
    motion: bool = True
    """False: nothing moves by itself."""
    comfortable: bool = False
    """Two lines for each entry of a list."""
    facets: bool = False
    """Whether the filters stand open."""
    preview: bool = True
    """Whether the sheet stands beside the list."""
    welcomed: bool = False


def load(paths: Paths) -> State:
    """The state that was kept; a missing or damaged file is an empty one."""
    try:
        raw = (paths.home / FILE).read_bytes()
        said = json.loads(raw) if len(raw) <= MOST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        said = {}
    return _state(said) if isinstance(said, dict) else State()


def _state(said: Mapping[str, Any]) -> State:
    state = State()
    for one in fields(State):
        value = said.get(one.name)
        if one.name in said and _fits(one.name, value):
            setattr(state, one.name, value)
    return state


def _fits(name: str, value: Any) -> bool:
    """Whether a field may have this value."""
    if name == "lang":
        return value in (None, "en", "zh")
    if name == "theme":
        return value is None or isinstance(value, str)
    if name == "sorts":
        return _each(value, lambda one: _list_of(one, str, bool))
    if name == "widths":
        return _each(value, lambda one: _each(one, lambda n: type(n) is int and 0 < n < 1000))
    if name == "filters":
        return _each(value, lambda one: _each(one, _filter))
    if name == "searched":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return type(value) is type(getattr(State(), name))


def _each(value: Any, fits: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and fits(one) for key, one in value.items()
    )


def _list_of(value: Any, *types: type) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len(types)
        and all(type(one) is kind for one, kind in zip(value, types, strict=True))
    )


def _filter(value: Any) -> bool:
    return type(value) in (bool, str, int) or (
        isinstance(value, list) and all(type(one) in (str, int) for one in value)
    )


def save(paths: Paths, state: State) -> None:
    """Keeps the state for the next start: whole or not at all. A home that cannot be written to
    keeps nothing, which is no reason to bother anybody."""
    path: Path = paths.home / FILE
    partial = path.with_name(f"{FILE}.partial-{os.getpid()}")
    with suppress(OSError):
        partial.write_text(json.dumps(asdict(state), ensure_ascii=False, indent=1), "utf-8")
        partial.replace(path)
