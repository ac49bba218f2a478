"""Values to stdout: tables, records, JSON, TSV, CSV, Markdown. The only module that prints.

stdout carries data, stderr everything else. Text is cleaned again here, whatever the catalog did.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from crawlers.clean import clean, clean_lines
from hub.errors import UsageError
from hub.text import t, told

if TYPE_CHECKING:
    from hub.queries import SourceState

SCHEMA_VERSION: Final = 1
"""Of the JSON envelope; grows when a field changes its meaning or goes away."""

FORMATS: Final = ("table", "json", "jsonl", "csv", "tsv", "markdown")

_BOLD, _DIM, _CYAN, _RED, _YELLOW, _OFF = (
    f"\x1b[{code}m" for code in ("1", "2", "36", "31", "33", "0")
)


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """Its name in JSON, CSV and TSV."""
    title: str
    """Its heading for people."""
    share: int = 0
    """How much of the width it should get when not all fits; 0 is never cut."""
    right: bool = False
    style: str = ""


@cache
def terminal() -> bool:
    """True when stdout was a terminal at the start: a pager put in between changes nothing."""
    return sys.stdout.isatty()


def _clean(text: str) -> str:
    """A line cleaned, its indentation kept."""
    return " " * (len(text) - len(text.lstrip(" "))) + clean(text)


def tell(message: str) -> None:
    """A line of narration, on stderr."""
    print(_clean(message), file=sys.stderr, flush=True)


def warn(message: str) -> None:
    _marked(t("note:"), _YELLOW, message)


def fail(message: str, hint: str | None = None, nearest: Sequence[tuple[str, str]] = ()) -> None:
    """An error as a user reads it: what, then what to do next."""
    _marked(t("error:"), _RED, message)
    if nearest:
        print(t("Did you mean:"), file=sys.stderr)
        for key, name in nearest:
            print(f"  {clean(key)}  {_cut(clean(name), 70)}", file=sys.stderr)
    if hint:
        print(clean(told(hint)), file=sys.stderr)


def _marked(mark: str, colour: str, message: str) -> None:
    """A full-width colon brings its own blank."""
    space = " " if mark.isascii() else ""
    mark = _paint(mark, colour, sys.stderr)
    print(f"{mark}{space}{clean(told(message))}", file=sys.stderr, flush=True)


def progress_wanted() -> bool:
    """True when a program reads the progress: HUB_PROGRESS=json asks for lines of JSON on stderr."""
    return os.environ.get("HUB_PROGRESS") == "json"


def progress(**said: Any) -> None:
    """A line of progress for a program, on stderr; every text cleaned."""
    print(json.dumps(plain(said), ensure_ascii=False), file=sys.stderr, flush=True)


def envelope(command: str, data: Any, sources: "Iterable[SourceState]" = (), **more: Any) -> None:
    """The one JSON document of a command."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "data": plain(data),
        **more,
        "sources": [plain(source) for source in sources],
    }
    print(json.dumps(document, ensure_ascii=False, indent=2 if terminal() else None))


def plain(value: Any) -> Any:
    """Dataclasses and tuples as dicts and lists, every text cleaned."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return clean_lines(value) if isinstance(value, str) else value


def rows(columns: Sequence[Column], values: Sequence[dict[str, Any]], format: str) -> None:
    """Rows in one of FORMATS but json; a table where stdout is a terminal, else TSV."""
    if format == "table":
        _table(columns, values) if terminal() else _separated(columns, values, "\t")
    elif format == "tsv":
        _separated(columns, values, "\t")
    elif format == "csv":
        _csv(columns, values)
    elif format == "jsonl":
        for row in values:
            print(json.dumps(plain(row), ensure_ascii=False))
    elif format == "markdown":
        _markdown(columns, values)
    else:
        raise UsageError(f"no format {format!r}", hint=f"One of: {', '.join(FORMATS)}")


def ids(keys: Iterable[str]) -> None:
    """One key a line, for pipes."""
    for key in keys:
        print(clean(key))


def line(text: str = "", style: str = "") -> None:
    print(_paint(_clean(text), style, sys.stdout) if style else _clean(text))


def heading(text: str) -> None:
    print(_paint(clean(text), _BOLD, sys.stdout))


def fields(pairs: Iterable[tuple[str, str]], indent: int = 0) -> None:
    """Name and value, values wrapped and aligned."""
    pairs = [(clean(name), clean_lines(value)) for name, value in pairs]
    wide = max((width(name) for name, _ in pairs), default=0)
    room = max(30, _columns() - wide - indent - 2) if terminal() else 10_000
    for name, value in pairs:
        head = " " * indent + name + " " * (wide - width(name) + 2)
        wrapped = [piece for one in value.split("\n") for piece in _wrap(one, room)] or [""]
        print(_paint(head, _DIM, sys.stdout) + wrapped[0])
        for more in wrapped[1:]:
            print(" " * (indent + wide + 2) + more)


def raw(text: str) -> None:
    """A line of data as it is: for exports whose format does its own escaping."""
    sys.stdout.write(text)


def text_of(value: Any) -> str:
    """One cell as text: unknown is empty, lists are joined."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, list | tuple):
        return "; ".join(text_of(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{name} {text_of(one)}" for name, one in value.items())
    return clean(str(value))


def width(text: str) -> int:
    """Terminal cells of a text; East Asian characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _table(columns: Sequence[Column], values: Sequence[dict[str, Any]]) -> None:
    cells = [[text_of(row.get(column.name)) for column in columns] for row in values]
    widths = [
        max([width(column.title), *(width(row[at]) for row in cells)])
        for at, column in enumerate(columns)
    ]
    over = sum(widths) + 2 * (len(columns) - 1) - _columns()
    while over > 0:
        # The widest of those that may be cut gives a cell; `share` says how wide it should stay.
        wide = [at for at, column in enumerate(columns) if column.share and widths[at] > 8]
        if not wide:
            break
        widths[max(wide, key=lambda at: widths[at] / columns[at].share)] -= 1
        over -= 1
    print(_row(columns, widths, [column.title for column in columns], _BOLD))
    for row in cells:
        print(_row(columns, widths, row, ""))


def _row(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str], style: str) -> str:
    """One line of a table, never wider than the terminal."""
    left = _columns()
    parts: list[str] = []
    for column, room, cell in zip(columns, widths, cells, strict=True):
        room = min(room, left)
        if room <= 0:
            break
        text = _pad(_cut(cell, room), room, column.right)
        parts.append(_paint(text, style or column.style, sys.stdout))
        left -= room + 2
    return "  ".join(parts).rstrip()


def _separated(columns: Sequence[Column], values: Sequence[dict[str, Any]], separator: str) -> None:
    print(separator.join(column.name for column in columns))
    for row in values:
        print(separator.join(text_of(row.get(column.name)) for column in columns))


def _csv(columns: Sequence[Column], values: Iterable[dict[str, Any]]) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in values:
        writer.writerow([text_of(row.get(column.name)) for column in columns])


def _markdown(columns: Sequence[Column], values: Sequence[dict[str, Any]]) -> None:
    print("| " + " | ".join(column.title for column in columns) + " |")
    print("|" + "---|" * len(columns))
    for row in values:
        cells = (text_of(row.get(column.name)).replace("|", "\\|") for column in columns)
        print("| " + " | ".join(cells) + " |")


def _pad(text: str, cells: int, right: bool) -> str:
    blanks = " " * max(0, cells - width(text))
    return blanks + text if right else text + blanks


def _cut(text: str, cells: int) -> str:
    if width(text) <= cells:
        return text
    kept = text[: cells - 1]
    while width(kept) > cells - 1:
        kept = kept[:-1]
    return kept + "…"


def _wrap(text: str, cells: int) -> list[str]:
    """Lines of at most so many cells; breaks at blanks, and between wide characters if it must."""
    if width(text) <= cells:
        return [text]
    if text.isascii():
        import textwrap

        return textwrap.wrap(text, cells) or [""]
    lines, current = [], ""
    # A word of narrow letters stays whole if it fits a line; wide characters are words of their own.
    for piece in re.findall(r"[!-\u10ff]+| +|.", text):
        for part in (piece,) if width(piece) <= cells else piece:
            if width(current + part) > cells:
                lines.append(current.rstrip(" "))
                current = ""
            current += part if current or part != " " * len(part) else ""
    return [*lines, current]


def _columns() -> int:
    return shutil.get_terminal_size((100, 30)).columns


def coloured(stream: Any) -> bool:
    """True where colour may be written: a terminal that wants it, or CLICOLOR_FORCE."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    shown = terminal() if stream is sys.stdout else stream.isatty()
    return bool(shown) and os.environ.get("TERM") != "dumb"


def _paint(text: str, style: str, stream: Any) -> str:
    return f"{style}{text}{_OFF}" if style and coloured(stream) else text


KEY_STYLE: Final = _CYAN
FAINT: Final = _DIM
