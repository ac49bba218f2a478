"""Where a line ends, in English and in Chinese: the one rule for everything that wraps."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.style import Style
from rich.text import Text

_NOT_FIRST: Final = frozenset("，。、；：？！）」』】》〉”’…—·%,.;:?!)]}")
"""Marks that no line begins with."""

_NOT_LAST: Final = frozenset("（「『【《〈“‘([{")
"""Marks that no line ends with."""

_MARKS: Final = 3
"""Marks in a row that a line takes along; of more, as nobody writes, some begin or end one."""


class Wrapped:
    """A text that wraps by this rule wherever Rich or Textual draws it."""

    def __init__(self, text: str, style: Style | str = "") -> None:
        self.text = text
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = wrapped(self.text, options.max_width)
        yield Text("\n".join(lines), style=self.style, no_wrap=True, overflow="ignore")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max((cell_len(line) for line in self.text.split("\n")), default=0)
        return Measurement(min(2, longest), longest).with_maximum(options.max_width)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many cells; breaks at blanks, between wide characters, and in a word that
    is longer than a line. Closing marks stay with what is before them, opening ones with what follows."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrapped(paragraph, max(2, width))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    if cell_len(text) <= width:
        return [text]
    lines, line, used = list[str](), list[str](), 0
    for word in _words(text):
        if used + cell_len(word.rstrip()) <= width:
            line.append(word)
            used += cell_len(word)
            continue
        along = _along(line, word)
        if whole := "".join(line).rstrip():
            lines.append(whole)
        line, used = [*along, word], sum(map(cell_len, along)) + cell_len(word)
        if cell_len("".join(line).rstrip()) > width:
            *cut, last = chop_cells("".join(line), width)
            lines += cut
            line, used = [last], cell_len(last)
    rest = "".join(line).rstrip()
    return [*lines, rest] if rest or not lines else lines


def _along(line: list[str], word: str) -> list[str]:
    """The words that leave the end of a line, since it may not be broken there before this word."""
    along: list[str] = []
    following = word
    while len(line) > 1 and len(along) < _MARKS:
        before = line[-1]
        closing = following[0] in _NOT_FIRST and not before.endswith(" ")
        if not closing and before.rstrip()[-1:] not in _NOT_LAST:
            break
        along.insert(0, line.pop())
        following = before
    return along


def _words(text: str) -> Iterator[str]:
    """Words with the blanks behind them; each wide character is a word of its own."""
    if text.isascii():
        begun = 0
        for at, character in enumerate(text):
            if character == " " and text[at + 1 : at + 2] != " ":
                yield text[begun : at + 1]
                begun = at + 1
        yield text[begun:]
        return
    word = ""
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            if word:
                yield word
            word = ""
            yield character
        elif word.endswith(" ") and character != " ":
            yield word
            word = character
        else:
            word += character
    yield word
