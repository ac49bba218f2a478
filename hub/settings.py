"""What the user has set: a flag wins over HUB_*, that over config.toml, that over the default."""

import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hub.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; the names are those of config.toml."""

    lang: str | None = None
    """`en` or `zh`; None follows the locale."""
    offline: bool = False
    """Refuse every host."""
    limit: int = 20
    """Hits and rows shown when no --limit is given."""
    pager: bool = True
    """Hand long output to a pager on a terminal."""
    categories: str = "cs.LG cs.CV cs.CL cs.AI cs.NE stat.ML"
    """arXiv categories that a crawl follows, with spaces between them."""
    contact: str | None = None
    """How an operator reaches whoever crawls (an e-mail address); part of the User-Agent."""
    datasets_dir: str | None = None
    """A folder that already holds data sets."""


NAMES = tuple(field.name for field in fields(Settings))


def load(path: Path) -> tuple[Settings, tuple[str, ...]]:
    """The settings in force, and what is wrong with the file (unknown names), as sentences."""
    said: dict[str, Any] = {}
    if path.is_file():
        import tomllib

        try:
            said = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise UsageError(
                f"{path} cannot be read: {error}", hint="Mend it, or move it away."
            ) from error
    wrong = tuple(_unknown(name) for name in said if name not in NAMES)
    values: dict[str, Any] = {
        name: checked(name, value) for name, value in said.items() if name in NAMES
    }
    for name in NAMES:
        text = os.environ.get(f"HUB_{name.upper()}")
        if text:
            values[name] = parsed(name, text)
    return Settings(**values), wrong


def parsed(name: str, text: str) -> object:
    """A value as typed on the command line or in the environment."""
    if name not in NAMES:
        raise UsageError(_unknown(name))
    default = getattr(Settings(), name)
    if isinstance(default, bool):
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
        raise UsageError(f"{name} is true or false, not {text!r}")
    if isinstance(default, int):
        if not (text.isascii() and text.isdigit()):
            raise UsageError(f"{name} is a whole number, not {text!r}")
        return checked(name, int(text))
    return checked(name, text)


def checked(name: str, value: object) -> object:
    """The value, if the setting can have it; UsageError otherwise."""
    default = getattr(Settings(), name)
    kind = str if default is None else type(default)
    if type(value) is not kind:
        raise UsageError(f"config: {name} must be {kind.__name__}, not {value!r}")
    if name == "lang" and value not in ("en", "zh"):
        raise UsageError(f"lang is en or zh, not {value!r}")
    if name == "limit" and not (isinstance(value, int) and 1 <= value <= 10_000):
        raise UsageError("limit is between 1 and 10,000")
    return value


def save(path: Path, name: str, value: object) -> None:
    """Writes one setting, keeping comments and order; the file is replaced whole."""
    import tomlkit

    document = tomlkit.parse(path.read_text("utf-8")) if path.is_file() else tomlkit.document()
    document[name] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    partial.write_text(tomlkit.dumps(document), "utf-8")
    partial.replace(path)


def language() -> str:
    """`en` or `zh`: --lang, HUB_LANG, config.toml, or the locale. Read before arguments are parsed,
    since help texts depend on it; a wrong --lang is complained about by the parser."""
    for at, argument in enumerate(sys.argv[1:], 1):
        if argument == "--":
            break
        if argument == "--lang" and at + 1 < len(sys.argv):
            return "zh" if sys.argv[at + 1].startswith("zh") else "en"
        if argument.startswith("--lang="):
            return "zh" if argument[7:].startswith("zh") else "en"
    if named := os.environ.get("HUB_LANG"):
        return "zh" if named.startswith("zh") else "en"
    from hub.paths import paths

    try:
        said = load(paths().config)[0].lang
    except (UsageError, OSError):
        said = None
    if said:
        return said
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def _unknown(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, NAMES, n=1)
    return f"config: no setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
