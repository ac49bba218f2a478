"""What a Chinese query means in English, by the names that the catalog's own rows go by.

A row has an English name beside its Chinese ones; so `图像分类` stands for `Image Classification`,
and English papers answer it. Words of the field that are nobody's name, or that papers use otherwise
than the row of that name, stand in data/words.toml; what is in neither is searched as it is.
"""

import re
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Final

from crawlers import knowledge
from hub.catalog import fold
from hub.index.asked import Translated
from hub.words import CJK

_TOKEN: Final = re.compile(rf"[{CJK}]|[^\W_{CJK}]+")
_CHINESE: Final = re.compile(f"[{CJK}]")

MOST_READ: Final = 48
"""Characters (or words between them) of a query that are read."""

LONGEST: Final = 14
"""Characters of the longest name that is looked for."""


def translated(
    text: str,
    named: Callable[[Collection[str]], Collection[str]],
    english: Callable[[str], str | None],
) -> Translated:
    """Pairs of what stands in the text and its English name, from left to right, longest names first.

    `named` says which of some folded names exist, `english` the name of what goes by a text.
    """
    if text.isascii() or not _CHINESE.search(text):
        return ()
    tokens = [match.span() for match in islice(_TOKEN.finditer(text), MOST_READ)]
    pieces = _pieces(text, tokens)
    words = knowledge.words()
    known = {*words, *named(set(pieces.values()))}
    found, at = [], 0
    while at < len(tokens):
        for after in range(min(len(tokens), at + LONGEST), at, -1):
            if pieces.get((at, after)) in known:
                said = text[tokens[at][0] : tokens[after - 1][1]]
                meant = words.get(pieces[at, after]) or english(said)
                if meant and not _CHINESE.search(meant):
                    found.append((said, meant))
                    at = after - 1
                    break
        at += 1
    return tuple(dict.fromkeys(found))


def _pieces(text: str, tokens: list[tuple[int, int]]) -> Mapping[tuple[int, int], str]:
    """First token and the one after the last -> folded text, of all that may be a Chinese name."""
    pieces = {}
    for at in range(len(tokens)):
        for after in range(at + 1, min(len(tokens), at + LONGEST) + 1):
            said = text[tokens[at][0] : tokens[after - 1][1]]
            if len(_CHINESE.findall(said)) > 1:
                pieces[at, after] = fold(said)
    return pieces
