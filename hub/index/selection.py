"""Selection: the documents that answer a question, in one order, any part of it at once, counted."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hub.index.asked import Asked
from hub.index.search import Index, top
from hub.index.segment import VALUES, Array

RELEVANCE: Final = "relevance"
"""The order that is of the words: best first. Without words the highest prior comes first."""

_SHALLOW: Final = 2_000
"""So many of the best are found without looking at how all others stand to each other."""

Groups = tuple[tuple[str, ...], ...]
"""Filter tokens: within a group any, between groups all."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a document must be besides answering the words."""

    groups: Groups = ()
    years: tuple[int, int] | None = None
    keys: tuple[str, ...] | None = None
    """Only these; None: all."""


class Selection:
    """What was selected. Answers from memory and from mapped files; reads no catalog."""

    def __init__(
        self,
        index: Index,
        asked: Asked,
        narrowed: Narrowed = Narrowed(),
        *,
        order: str = RELEVANCE,
        mirrored: bool = False,
    ) -> None:
        """`order` is RELEVANCE or one of the ORDERS; `mirrored` turns it round, what is unknown stays
        at the end.

        Best first, one word that a document has is enough. In any other order a document must have
        them all, or what hardly answers would stand before what does; where none has all, one is
        enough again. Where no document has a word that is being typed, and where it is no word yet,
        names count that begin with it.
        """
        self.index = index
        self.by_start = False
        """True where names are selected that begin with what was typed."""
        self._order = order
        self._mirrored = mirrored
        self._narrowed = narrowed
        self._scores: Array | None = None
        self._answering = self._answer(asked)
        """True for each document that answers the words; None where there are none."""
        self._mask = self._passing(narrowed)
        self.found = int(np.count_nonzero(self._mask))
        self._sorted: Array | None = None
        self._rough: tuple[Array, Array] | None = None

    def _answer(self, asked: Asked) -> Array | None:
        index = self.index
        said = asked.names[0].strip() if asked.names else ""
        if asked.wordless and not said:
            return None
        scores = None if asked.wordless else index.scores(asked)
        if scores is None or not scores.any():
            self.by_start = True
            answering = np.zeros(len(index.alive), bool)
            if said:
                answering[index.named_like(said)] = True
            return answering & index.alive
        self._scores = scores
        if self._order != RELEVANCE:
            every = index.having_all(asked)
            if every.any():
                return every
        return scores > 0

    def _passing(self, narrowed: Narrowed) -> Array:
        """True for each document that answers and is narrowed so."""
        mask = self.index.mask(narrowed.groups, narrowed.years)
        if narrowed.keys is not None:
            places = [self.index.document(key) for key in dict.fromkeys(narrowed.keys)]
            among = np.zeros(len(mask), bool)
            among[[place for place in places if place is not None]] = True
            mask = mask & among
        return mask if self._answering is None else mask & self._answering

    # -- any part of it ----------------------------------------------------------------------

    def places(self, offset: int, limit: int) -> Array:
        """The numbers of the documents from this place on."""
        limit = max(0, min(limit, self.found - offset))
        if self._order != RELEVANCE or self._scores is None:
            return self._in_order[offset : offset + limit]
        scores = self._narrowed_scores
        if offset + limit <= _SHALLOW:
            return top(scores, min(offset + limit, self.found), self.index.ranks)[offset:]
        return self._deep(scores, offset, limit) if limit else np.empty(0, np.intp)

    def keys(self, offset: int, limit: int) -> list[str]:
        """The keys of the documents from this place on."""
        return self.index.keys(self.places(offset, limit))

    def place(self, key: str) -> int | None:
        """Where the document of this key stands; None when it was not selected."""
        document = self.index.document(key)
        if document is None or not self._mask[document]:
            return None
        if self._order != RELEVANCE or self._scores is None:
            return int(np.flatnonzero(self._in_order == document)[0])
        scores, ranks = self._narrowed_scores, self.index.ranks
        equal = np.flatnonzero(scores == scores[document])
        if ranks is not None:
            before = int(np.count_nonzero(ranks[equal] < ranks[document]))
        else:
            before = int(np.searchsorted(equal, document))
        return int(np.count_nonzero(scores > scores[document])) + before

    @property
    def _narrowed_scores(self) -> Array:
        """The scores, 0 for what was not selected."""
        assert self._scores is not None
        if self._sorted is None:
            self._sorted = np.multiply(self._scores, self._mask, out=self._scores)
        return self._sorted

    @property
    def _in_order(self) -> Array:
        """The numbers of all that was selected, in order."""
        if self._sorted is None:
            name = "prior" if self._order == RELEVANCE else self._order
            order = self.index.order(name)
            if self.found < len(order):
                order = order[self._mask.take(order)]
            self._sorted = self._turned(order, name) if self._mirrored else order
        return self._sorted

    def _turned(self, order: Array, name: str) -> Array:
        known = len(order)
        if name in VALUES:
            value = self.index.value(name)
            known = bisect_left(range(len(order)), True, key=lambda at: bool(value[order[at]] < 0))
        return np.concatenate([order[:known][::-1], order[known:]])

    def _deep(self, scores: Array, offset: int, limit: int) -> Array:
        """The part from this place on, without sorting what stands before or behind it: scores are told
        apart roughly, and only what is as good as the part is looked at."""
        if self._rough is None:
            rough = (scores.view(np.uint32) >> 16).astype(
                np.uint16
            )  # positive floats: as their bits
            sizes = np.bincount(rough, minlength=1 << 16)[:0:-1]
            self._rough = rough, np.cumsum(sizes)
        rough, upto = self._rough
        best, worst = np.searchsorted(upto, (offset, offset + limit - 1), side="right").tolist()
        high, low = len(upto) - best, len(upto) - worst
        among = np.flatnonzero((rough >= low) & (rough <= high))
        ranks = self.index.ranks
        ordered = among[np.lexsort((among if ranks is None else ranks[among], -scores[among]))]
        first = offset - (int(upto[best - 1]) if best else 0)
        return ordered[first : first + limit]

    # -- counts ------------------------------------------------------------------------------

    def counts(self, tokens: Iterable[str], besides: int | None = None) -> list[int]:
        """How many of the documents carry each token; `besides` leaves one group of the filters out, so
        that each number is what taking that token in its place would find."""
        mask = self._mask
        if besides is not None:
            groups = self._narrowed.groups
            rest = replace(self._narrowed, groups=groups[:besides] + groups[besides + 1 :])
            mask = self._passing(rest)
        return [self.index.counted(token, mask) for token in tokens]

    def years(self) -> Sequence[tuple[int, int]]:
        """Each known year, the newest first, and how many documents are of it, whatever years were
        asked for."""
        mask = self._mask
        if self._narrowed.years is not None:
            mask = self._passing(replace(self._narrowed, years=None))
        counts = np.bincount(
            self.index.years * mask, minlength=1
        )  # a third of the time of picking them
        counts[:1] = 0
        present = np.flatnonzero(counts)[::-1]
        return list(zip(present.tolist(), counts[present].tolist(), strict=True))
