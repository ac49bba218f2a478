"""Index: the folder in use, opened; answers queries from a build and the delta on it, if there is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from pathlib import Path
from typing import Final, Self

import numpy as np

from hub.errors import Damaged
from hub.index.segment import CURRENT, Array, Segment
from hub.words import exact, terms

EXACT_WEIGHT: Final = 2.0
"""How much the whole query being somebody's whole name counts, against one ordinary term."""

LEAST_WEIGHT: Final = 0.01
"""Weight of a term that every document has: it tells nothing apart, yet it is found."""

PRIOR_WEIGHT: Final = 0.08
"""How much a document's prior (ln of results and links) lifts its score, as a share of it."""

MAX_QUERY: Final = 10_000
"""Characters of a query that are read; a pasted page asks for no more than its beginning."""

_REBUILD: Final = "Build it again: hub index"

_TF: Final = np.concatenate([[0.0], 1 + np.log(1 + np.log(np.arange(1, 256)))]).astype(np.float32)
"""Double logarithm of a count 0..255."""


@dataclass(frozen=True, slots=True)
class Found:
    """One document that answers a query."""

    key: str
    score: float


class Index:
    """An opened index. Immutable: a new build or update is a new Index.

    Documents are numbered through build and delta. One that the delta replaced or removed keeps its
    number and is scaled to nothing.
    """

    def __init__(self, base: Segment, delta: Segment | None = None) -> None:
        self.base = base
        """The whole build."""
        self.delta = delta
        """What changed since, if it was updated."""
        self._segments = (base,) if delta is None else (base, delta)
        self.folder = self._segments[-1].folder
        self.meta = self._segments[-1].meta
        """`documents`, `terms`, `generation`, ... of build and delta together."""
        self.size = int(self.meta["documents"])
        """How many documents can be found."""

    @classmethod
    def open(cls, root: Path) -> Self:
        """The current index under `root`; Damaged when there is none or it cannot be read."""
        for attempt in (1, 2):
            try:
                return cls._open(root)
            except FileNotFoundError as error:
                # Another may have been swapped in, and this one removed, since the name was read.
                if attempt == 2:
                    there = (root / CURRENT).exists()
                    what = f"a file is missing: {error.filename}" if there else "there is none"
                    raise Damaged(f"no search index in {root}: {what}", hint=_REBUILD) from error
            except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
                raise Damaged(
                    f"the search index in {root} is damaged: {error}", hint=_REBUILD
                ) from error
        raise AssertionError

    @classmethod
    def _open(cls, root: Path) -> Self:
        top = Segment.open(root / (root / CURRENT).read_text("ascii").strip())
        if "base" not in top.meta:
            return cls(top)
        base = Segment.open(root / top.meta["base"])
        if "base" in base.meta or base.size != top.first:
            raise ValueError(f"{top.folder.name} does not belong to {base.folder.name}")
        return cls(base, top)

    @property
    def generation(self) -> int:
        """Generation of the catalog that was indexed."""
        return int(self.meta["generation"])

    @property
    def base_generation(self) -> int:
        """Generation of the catalog when the build was made: an update is given what changed since."""
        return int(self.base.meta["generation"])

    def search(
        self,
        text: str,
        *,
        limit: int = 20,
        filters: Sequence[Sequence[str]] = (),
        years: tuple[int, int] | None = None,
    ) -> tuple[int, list[Found]]:
        """How many documents match, and the best `limit` of them, best first.

        `filters` are groups of tokens: within a group any, between groups all. They hold before
        the cut to `limit`. Equal scores keep the order in which the documents were given; one that
        changed keeps its place, new ones come last. A text without any word asks for everything
        that passes, and the score is then the prior; with no filter either it finds nothing, as do
        words that no document has.
        """
        asked = terms(text[:MAX_QUERY])
        if not asked and (filters or years):
            return self._passing(filters, years, limit)
        wanted = self._wanted(asked)
        named = self._marked(exact(text[:MAX_QUERY]))
        named = named[self._lift[named] > 0]
        if not wanted and not len(named):
            return 0, []
        scores = np.zeros(len(self._scale), np.float32)
        for documents, counts, weight in wanted:
            np.add.at(scores, documents, (_TF * np.float32(weight))[counts])
        scores *= self._scale
        if len(named):
            rarity = max(LEAST_WEIGHT, log((1 + self.size) / (1 + len(named))))
            scores[named] += np.float32(EXACT_WEIGHT * rarity) * self._lift[named]
        if filters or years:
            scores[~self._mask(filters, years)] = 0.0
        found = int(np.count_nonzero(scores > 0))
        best = _top(scores, min(limit, found), self._ranks)
        return found, self._found(best, scores)

    def weight(self, term: str) -> float | None:
        """ln((1 + N) / (1 + df)) of a term; None when no document has it."""
        for segment in self._segments:
            at = segment.place(term)
            if at is not None:
                return segment.weight(at)
        return None

    def check(self) -> list[str]:
        """Files whose content is not what was written; empty when the index is sound."""
        return [wrong for segment in self._segments for wrong in segment.check()]

    def _passing(
        self, filters: Sequence[Sequence[str]], years: tuple[int, int] | None, limit: int
    ) -> tuple[int, list[Found]]:
        """How many documents pass, and those with the highest priors, ties in order of place."""
        passing = np.flatnonzero(self._mask(filters, years))
        priors = self._priors
        places = passing if self._ranks is None else self._ranks[passing]
        best = np.lexsort((places, -priors[passing]))[:limit]
        return len(passing), self._found(passing[best], priors)

    def _wanted(self, asked: Sequence[str]) -> list[tuple[Array, Array, float]]:
        """Documents, counts and weight of each term of the query that the index has."""
        repeats: dict[str, float] = {}
        for term in asked:
            repeats[term] = repeats.get(term, 0.0) + 1.0
        wanted = []
        for term, share in repeats.items():
            for segment in self._segments:
                at = segment.place(term)
                if at is not None:
                    wanted.append((*segment.postings(at), share * segment.weight(at)))
        return wanted

    def _mask(self, filters: Sequence[Sequence[str]], years: tuple[int, int] | None) -> Array:
        mask = self._lift > 0
        for group in filters:
            passed = np.zeros(len(mask), bool)
            for token in group:
                passed[self._marked(token)] = True
            mask &= passed
        if years is not None:
            mask &= (self._years >= years[0]) & (self._years <= years[1])
        return mask

    def _marked(self, token: str) -> Array:
        """The documents that carry a filter token, among them such as count no more."""
        return _end_to_end([segment.marked(token) for segment in self._segments])

    def _found(self, places: Array, scores: Array) -> list[Found]:
        """The keys of these documents with their scores."""
        return list(map(Found, self._keys(places), scores[places].tolist()))

    def _keys(self, places: Array) -> list[str]:
        if self.delta is None:
            return self.base.keys(places)
        late = places >= self.delta.first
        old, new = iter(self.base.keys(places[~late])), iter(self.delta.keys(places[late]))
        return [next(new if is_late else old) for is_late in late.tolist()]

    # -- one value per document, build and delta end to end ------------------------------------

    def _column(self, name: str) -> Array:
        return _end_to_end([segment.arrays[name] for segment in self._segments])

    @cached_property
    def _scale(self) -> Array:
        """What length and prior do to the sum of a document's terms."""
        return self._column("norms") * self._lift

    @cached_property
    def _lift(self) -> Array:
        """What the prior does: 1 or more, and 0 for a document that counts no more."""
        lift = 1.0 + np.float32(PRIOR_WEIGHT) * self._priors
        if self.delta is not None:
            lift[self.delta.arrays["removed"]] = 0.0
        return lift

    @cached_property
    def _priors(self) -> Array:
        return self._column("priors")

    @cached_property
    def _years(self) -> Array:
        return self._column("years")

    @cached_property
    def _ranks(self) -> Array | None:
        """The place of each document among equals; None where that is its number."""
        if self.delta is None:
            return None
        own = np.arange(self.base.size, dtype=np.int32)
        return _end_to_end([own, self.delta.arrays["ranks"]])


def _end_to_end(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _top(scores: Array, limit: int, ranks: Array | None) -> Array:
    """Places of the `limit` highest scores, best first, ties in order of rank (None: of place).

    The best of each group of 64 are looked at first: the limit-th of them is a floor that leaves
    few places to sort, without partitioning all scores. A group is every so-many-th score, so that
    the maxima are taken over whole rows at a time.
    """
    if limit == 0:
        return np.empty(0, np.intp)
    whole = len(scores) // 64 * 64
    floor = np.float32(0)
    if whole >= 64 * limit:
        peaks = scores[:whole].reshape(64, -1).max(axis=0)
        floor = np.partition(peaks, len(peaks) - limit)[len(peaks) - limit]
    candidates = np.flatnonzero(scores >= floor) if floor > 0 else np.flatnonzero(scores)
    places = candidates if ranks is None else ranks[candidates]
    return candidates[np.lexsort((places, -scores[candidates]))[:limit]]
