"""Marks: where in a text the words of a query stand, by the very analysis that found the text."""

from collections.abc import Iterable, Iterator

from hub.index.asked import Asked
from hub.words import PART, WORD, flattened, terms_of

Span = tuple[int, int]
"""First character, and the one after the last."""


class Marks:
    """The terms of a query, looked for in texts."""

    def __init__(self, asked: Asked) -> None:
        self._starts = asked.starts
        self._terms = {term for term, _ in (*asked.terms, *asked.aside)}
        self._terms.update(term for start in asked.starts for term in terms_of(start))

    def spans(self, text: str) -> tuple[Span, ...]:
        """Which characters of a text answer the query, in order, none twice.

        A word whose stem was asked for is marked whole, of one that only begins so its beginning; of
        Chinese the pairs of characters.
        """
        flat, origins = flattened(text)
        return _united(
            (origins[match.start() + first], origins[match.start() + after - 1] + 1)
            for match in WORD.finditer(flat)
            for first, after in self._in_word(match[0])
        )

    def _in_word(self, word: str) -> Iterator[Span]:
        if word[0] >= "\u2e80":
            yield from self._in_run(word)
        elif word.isalnum():
            yield from self._in_part(word, 0)
        else:
            parts = [(part[0], part.start()) for part in PART.finditer(word)]
            if self._joined(word, [part for part, _ in parts]):
                yield 0, len(word)
            else:
                for part, at in parts:
                    yield from self._in_part(part, at)

    def _joined(self, word: str, parts: list[str]) -> bool:
        """True when a compound was asked for as a whole: `u-net` by `unet`, or by how that begins."""
        said = terms_of(word)
        whole = len(said) > len(parts) or len(parts) == 1
        if whole and said and said[-1] in self._terms:
            return True
        joined = "".join(parts)
        return any(
            joined.startswith(start) and len(start) > len(parts[0]) for start in self._starts
        )

    def _in_run(self, run: str) -> Iterator[Span]:
        for at, character in enumerate(run):
            if run[at : at + 2] in self._terms and at + 1 < len(run):
                yield at, at + 2
            elif character in self._starts or (len(run) == 1 and run in self._terms):
                yield at, at + 1

    def _in_part(self, part: str, at: int) -> Iterator[Span]:
        if self._terms.intersection(terms_of(part)):
            yield at, at + len(part)
            return
        begun = [len(start) for start in self._starts if part.startswith(start)]
        if begun:
            yield at, at + max(begun)


def _united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans with those joined that overlap or touch."""
    whole: list[Span] = []
    for first, after in sorted(spans):
        if whole and first <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(after, whole[-1][1]))
        else:
            whole.append((first, after))
    return tuple(whole)
