"""Index: the folder in use, opened; answers queries from a build and the delta on it, if there is one."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from pathlib import Path
from typing import Final, Self

import numpy as np

from hub.errors import Damaged
from hub.index.asked import Asked, asked_of
from hub.index.format import CURRENT
from hub.index.segment import ORDERS, Array, Segment, collated
from hub.words import exact, stems_beyond, terms_of

EXACT_WEIGHT: Final = 2.0
"""How much the whole query being somebody's whole name counts, against one ordinary term."""

LEAST_WEIGHT: Final = 0.01
"""Weight of a term that every document has: it tells nothing apart, yet it is found."""

PRIOR_WEIGHT: Final = 0.08
"""How much a document's prior (ln of results and links) lifts its score, as a share of it."""

START_WEIGHT: Final = 1.6
"""How much somebody's name beginning with what is typed counts, against one ordinary term: a third
of this, and the more the less of it is left to type."""

BEGUN_WEIGHT: Final = 0.7
"""What words count that a word being typed may become, where it is a word already."""

BEGUN: Final = 16
"""How many terms a word being typed may stand for: the commonest that begin so."""

MOST_BEGUN: Final = 400_000
"""And how many documents these may have together, so that no letter takes long."""

NEAR: Final = 24
"""How many words of a text are looked for where others like it are."""

MOST_NEAR: Final = 600_000
"""And how many documents these may have together."""

_REBUILD: Final = "Build it again: hub index"

_KEPT: Final = 8
"""Groups of filter tokens whose documents are remembered, a byte each."""

Posting = tuple[Array, Array, float]
"""Documents, how often each has a term, and what the term weighs."""

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
        self.pointer: tuple[int, int] | None = None
        """Which file named it as the one in use, so that it can be told whether another does now."""
        self._groups: OrderedDict[tuple[str, ...], Array] = OrderedDict()
        self._merged: dict[str, Array] = {}
        self._carrying: dict[str, list[Array]] = {}

    @classmethod
    def open(cls, root: Path, known: Self | None = None) -> Self:
        """The current index under `root`, which is `known` where that is still in use; Damaged when
        there is none or it cannot be read."""
        if known is not None and known.pointer == _pointer(root):
            return known
        for attempt in (1, 2):
            try:
                pointer = _pointer(root)
                index = cls._open(root)
                index.pointer = pointer
                return index
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
        text: str | Asked,
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
        asked = asked_of(text) if isinstance(text, str) else text
        if asked.wordless and (filters or years):
            return self._passing(filters, years, limit)
        scores = self.scores(asked)
        if scores is None:
            return 0, []
        if filters or years:
            scores[~self.mask(filters, years)] = 0.0
        found = int(np.count_nonzero(scores > 0))
        best = top(scores, min(limit, found), self.ranks)
        return found, self._found(best, scores)

    def scores(self, asked: Asked) -> Array | None:
        """How well each document answers, 0 where it has none of the words; None when none has any."""
        wanted = [one for part in self._parts(asked) for one in part]
        wanted += self._wanted(asked.aside)
        named = self._named(asked.names)
        begun, share = self._typed(asked.typed) if len(asked.typed) > 1 else (named[:0], named[:0])
        if not wanted and not len(named) and not len(begun):
            return None
        scores = np.zeros(len(self._scale), np.float32)
        for documents, counts, weight in wanted:
            np.add.at(scores, documents, (_TF * np.float32(weight)).take(counts))
        scores *= self._scale
        begun_weight = np.float32(START_WEIGHT) * (np.float32(0.3) + share)
        for documents, factor in ((named, np.float32(EXACT_WEIGHT)), (begun, begun_weight)):
            if len(documents):
                rarity = np.float32(self._rarity(len(documents)))
                scores[documents] += factor * rarity * self._lift[documents]
        return scores

    def _named(self, names: Sequence[str]) -> Array:
        """The documents that go by one of these names."""
        found = [self.marked(exact(name)) for name in names]
        named = np.empty(0, np.int32) if not found else _end_to_end(found)
        named = named[self._lift[named] > 0]
        return np.unique(named) if len(found) > 1 else named

    def _typed(self, start: str) -> tuple[Array, Array]:
        """The documents whose names begin so, and how much of each name that is, 0..1."""
        found = [segment.named_like(start) for segment in self._segments]
        lengths = [
            segment.name_lengths(documents)
            for segment, documents in zip(self._segments, found, strict=True)
        ]
        documents = _end_to_end(found)
        share = np.float32(len(collated(start))) / _end_to_end(lengths).astype(np.float32)
        there = self.alive[documents]
        return documents[there], share[there]

    def having_all(self, asked: Asked) -> Array:
        """True for each document that has every word that was asked for."""
        mask = self.alive.copy()
        for part in self._parts(asked):
            one = np.zeros(len(mask), bool)
            for documents, _, _ in part:
                one[documents] = True
            mask &= one
        return mask

    def _parts(self, asked: Asked) -> list[list[Posting]]:
        """For each word of a query its postings; none where the index does not have it."""
        parts = [self._wanted([one]) for one in asked.terms]
        return parts + [self._begun(start) for start in asked.starts]

    def _begun(self, start: str) -> list[Posting]:
        """Postings of the word as it stands and of the commonest that it may become.

        Each weighs as one term that is as common as all of them together, or a rare one would stand
        above what is most likely meant; the word as it stands counts more than what it may become.
        """
        known = {term for term in terms_of(start) if self.weight(term)}
        sizes = {term: self._size(term) for term in known}
        if len(start) > 1 or not start.isascii():
            beyond = stems_beyond(start)
            for segment in self._segments:
                for term, size in segment.beginning(start, beyond, BEGUN):
                    if term not in known:
                        sizes[term] = sizes.get(term, 0) + size
        common = sorted(sizes, key=lambda term: (term not in known, -sizes[term], term))
        weight = self._rarity(sum(sizes[term] for term in common[:BEGUN]))
        begun: list[Posting] = []
        left = MOST_BEGUN
        for term in common[:BEGUN]:
            left -= sizes[term]
            if left < 0 and begun:
                break
            share = 1.0 if term in known or not known else BEGUN_WEIGHT
            begun += [(*there, weight * share) for there in self._postings(term)]
        return begun

    def _rarity(self, count: int) -> float:
        """The weight of what so many documents have."""
        return max(LEAST_WEIGHT, log((1 + self.size) / (1 + min(count, self.size))))

    def nearest(
        self, said: Mapping[str, int], *, besides: str, limit: int, filters: Sequence[Sequence[str]]
    ) -> list[Found]:
        """The documents whose words are nearest to these, with how often each is said; never the one
        whose key is `besides`.

        Of a long text the words that tell most: often said and rare. Those of nobody else, and what
        together too many documents have, are left aside.
        """
        weighed = []
        for term, count in said.items():
            weight, size = self.weight(term), self._size(term)
            if weight is not None and size > 1:
                weighed.append((float(_TF[min(count, 255)]) * weight, size, term))
        left = MOST_NEAR
        terms: list[tuple[str, float]] = []
        for share, size, term in sorted(weighed, key=lambda one: (-one[0], one[2]))[:NEAR]:
            left -= size
            if left >= 0 or not terms:
                terms.append((term, share))
        scores = self.scores(Asked(tuple(terms)))
        if scores is None:
            return []
        own = self.document(besides)
        if own is not None:
            scores[own] = 0.0
        scores[~self.mask(filters, None)] = 0.0
        best = top(scores, min(limit, int(np.count_nonzero(scores))), self.ranks)
        return self._found(best, scores)

    def _size(self, term: str) -> int:
        """How many documents have a term."""
        return sum(len(documents) for documents, _ in self._postings(term))

    def count(self, token: str) -> int:
        """How many documents carry a filter token."""
        marked = self.marked(token)
        return len(marked) if self.delta is None else int(np.count_nonzero(self.alive[marked]))

    def weight(self, term: str) -> float | None:
        """ln((1 + N) / (1 + df)) of a term; None when no document has it."""
        for segment in self._segments:
            at = segment.place(term)
            if at is not None:
                return segment.weight(at)
        return None

    def let_go(self) -> None:
        """Hands the pages of its files back to the system. For what runs for hours: they are counted as
        memory of the process, though every other may use them."""
        for segment in self._segments:
            segment.let_go()

    def check(self) -> list[str]:
        """Files whose content is not what was written; empty when the index is sound."""
        return [wrong for segment in self._segments for wrong in segment.check()]

    def _passing(
        self, filters: Sequence[Sequence[str]], years: tuple[int, int] | None, limit: int
    ) -> tuple[int, list[Found]]:
        """How many documents pass, and those with the highest priors, ties in order of place."""
        passing = np.flatnonzero(self.mask(filters, years))
        priors = self._priors
        places = passing if self.ranks is None else self.ranks[passing]
        best = np.lexsort((places, -priors[passing]))[:limit]
        return len(passing), self._found(passing[best], priors)

    def _wanted(self, asked: Sequence[tuple[str, float]]) -> list[Posting]:
        """Documents, counts and weight of each term that the index has, times what it counts."""
        return [
            (documents, counts, share * weight)
            for term, share in asked
            if (weight := self.weight(term)) is not None
            for documents, counts in self._postings(term)
        ]

    def _postings(self, term: str) -> list[tuple[Array, Array]]:
        """The documents that have a term, and how often, of each segment that has it."""
        places = [(segment, segment.place(term)) for segment in self._segments]
        return [segment.postings(at) for segment, at in places if at is not None]

    def mask(self, filters: Sequence[Sequence[str]], years: tuple[int, int] | None) -> Array:
        """True for each document that passes. To be read only: what is asked again is kept."""
        masks = [self._group(tuple(group)) for group in filters]
        mask = self.alive
        if years is not None:
            masks.append((self.years >= years[0]) & (self.years <= years[1]))
        for one in masks:
            mask = mask & one
        return mask

    def _group(self, tokens: tuple[str, ...]) -> Array:
        """True for each document that carries one of the tokens."""
        if tokens in self._groups:
            self._groups.move_to_end(tokens)
            return self._groups[tokens]
        passed = np.zeros(len(self.alive), bool)
        for token in tokens:
            passed[self.marked(token)] = True
        self._groups[tokens] = passed
        if len(self._groups) > _KEPT:
            self._groups.popitem(last=False)
        return passed

    def marked(self, token: str) -> Array:
        """The documents that carry a filter token, among them such as count no more."""
        return _end_to_end([segment.marked(token) for segment in self._segments])

    def counted(self, token: str, mask: Array) -> int:
        """How many documents of the mask carry a facet's token. Where they are is remembered."""
        if token not in self._carrying:
            self._carrying[token] = [segment.marked(token) for segment in self._segments]
        return sum(int(np.count_nonzero(mask.take(part))) for part in self._carrying[token])

    def named_like(self, start: str) -> Array:
        """The documents whose names begin so."""
        found = _end_to_end([segment.named_like(start) for segment in self._segments])
        return found if self.delta is None else found[self.alive[found]]

    def document(self, key: str) -> int | None:
        """The number of the document of this key; None when it has none."""
        for segment in reversed(self._segments):
            at = segment.document(key)
            if at is not None:
                return at if self.alive[at] else None
        return None

    def order(self, name: str) -> Array:
        """The numbers of all documents in one of the ORDERS, among them such as count no more."""
        if self.delta is None:
            return self.base.order(name)
        if name not in self._merged:
            slots = self.delta.arrays["slots"].reshape(len(ORDERS), -1)[ORDERS.index(name)]
            self._merged[name] = np.insert(self.base.order(name), slots, self.delta.order(name))
        return self._merged[name]

    def value(self, name: str) -> Array:
        """One of the VALUES of each document."""
        return _end_to_end([segment.value(name) for segment in self._segments])

    @cached_property
    def facets(self) -> list[str]:
        """The filter tokens that can be counted, sorted."""
        return sorted({token for segment in self._segments for token in segment.facets()})

    def _found(self, places: Array, scores: Array) -> list[Found]:
        """The keys of these documents with their scores."""
        return list(map(Found, self.keys(places), scores[places].tolist()))

    def keys(self, places: Array) -> list[str]:
        """The keys of these documents."""
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
    def alive(self) -> Array:
        """True for each document that counts."""
        return self._lift > 0

    @cached_property
    def _priors(self) -> Array:
        return self._column("priors")

    @cached_property
    def years(self) -> Array:
        """The year of each document; 0 is unknown."""
        return self._column("years")

    @cached_property
    def ranks(self) -> Array | None:
        """The place of each document among equals; None where that is its number."""
        if self.delta is None:
            return None
        own = np.arange(self.base.size, dtype=np.int32)
        return _end_to_end([own, self.delta.arrays["ranks"]])


def _pointer(root: Path) -> tuple[int, int] | None:
    """What tells the file that names the folder in use from one that takes its place."""
    try:
        found = (root / CURRENT).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _end_to_end(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def top(scores: Array, limit: int, ranks: Array | None) -> Array:
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
