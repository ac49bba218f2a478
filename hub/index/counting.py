"""Documents -> numbers: the words of each counted, its filter tokens marked. Needs numpy alone."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import Any, Final, Self

import numpy as np

from hub.index.segment import VALUES, Array, collated, mark_of, utf8
from hub.words import STOP_WORDS, exact, stems_of, surfaces, terms_of

SLOPE: Final = 0.2
"""s of the length pivot; 0.2 is the value of the method's authors, measured equal to BM25."""

TITLE_WEIGHT: Final = 2
"""How often a word of a title or name counts."""

_MOST: Final = 2**31 - 1

_BATCH: Final = 2_048
"""Documents counted at a time: bounds the memory of a build to its postings."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the index is told about one entry."""

    key: str
    names: tuple[str, ...]
    """Title, or every spelling of a name."""
    body: str
    """Abstract, summary, authors, tasks: words that count once."""
    filters: tuple[str, ...] = ()
    """`kind:paper`, `category:cs.lg`, `task:...`, `author:he kaiming`, `code`: exact tokens."""
    year: int = 0
    """0 is unknown."""
    prior: float = 0.0
    """0 or more: how much evidence hangs on the entry."""
    name: str = ""
    """What it is listed by; empty: the first of its names, or its key."""
    day: int = -1
    """20151210 for 2015-12-10; -1 is unknown, here and below."""
    results: int = -1
    code: int = -1
    stars: int = -1


FACETS: Final = ("category:", "task:", "under:", "area:", "has:", "kind:")
"""How filter tokens begin that are counted for what was found: their texts are kept."""

Numbers = defaultdict[str, int]
"""Numbers texts in the order in which they are first asked for."""


def _numbers() -> Numbers:
    return defaultdict(count().__next__)


class Counted:
    """Documents as numbers, in the order given; lists of arrays hold one array per batch."""

    def __init__(self) -> None:
        self.terms = _numbers()
        """Every term met, numbered as it came."""
        self.lengths: list[Array] = []
        """Words of each document."""
        self.held: list[Array] = []
        """The numbers of the terms of each document, document after document."""
        self.counts: list[Array] = []
        """How often each of them stands there, 255 at most."""
        self.sizes: list[Array] = []
        """How many different terms each document has."""
        self._keys: list[bytes] = []
        self._years = array("h")
        self._priors = array("f")
        self._marks: list[Array] = []
        """Hashes of the filter tokens and whole names of each batch, each once."""
        self._marked: list[Array] = []
        """Which of them the documents carry, document after document, by their place among all."""
        self._marked_sizes: list[Array] = []
        self._marks_met = 0
        self._facets: set[str] = set()
        self._names: list[bytes] = []
        self._values = {name: array("i") for name in VALUES[:-1]}

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Self:
        """The documents, counted."""
        counted = cls()
        for batch in _batches(documents):
            counted._add(batch)
        return counted

    def _add(self, batch: list[Document]) -> None:
        marks, marked, sizes = _marks(batch, self._facets)
        self._marks.append(marks)
        self._marked.append(marked + np.int32(self._marks_met))
        self._marked_sizes.append(sizes)
        self._marks_met += len(marks)
        for document in batch:
            self._keys.append(utf8(document.key))
            self._years.append(min(max(document.year, 0), 9999))
            self._priors.append(document.prior)
            self._names.append(collated(_name(document)))
            for name, value in zip(self._values, _values(document), strict=True):
                self._values[name].append(value)
        lengths, documents, held, counts = _count(batch, self.terms)
        self.lengths.append(lengths)
        self.held.append(held)
        self.counts.append(counts)
        self.sizes.append(np.bincount(documents, minlength=len(batch)))

    def facts(self, mean_length: float, first: int = 0) -> Iterator[tuple[str, Array]]:
        """The arrays that hold one value per document, and the filters, by name; documents are numbered
        from `first`. May be asked once: what it hands out is let go."""
        yield from _texts("key", self._keys).items()
        yield from self._orders(first)
        self._keys.clear()
        length = joined(self.lengths, np.float32)
        yield "norms", (1.0 / ((1 - SLOPE) + SLOPE * length / mean_length)).astype(np.float32)
        yield "priors", np.asarray(self._priors, np.float32)
        yield "years", np.asarray(self._years, np.int16)
        yield from _texts("facet", [utf8(token) for token in sorted(self._facets)]).items()
        yield from self._filters(first)

    def _filters(self, first: int) -> Iterator[tuple[str, Array]]:
        """Documents by filter token, tokens in order of their hashes."""
        tokens, places = np.unique(joined(self._marks, np.uint64), return_inverse=True)
        carried = places.astype(np.int32)[joined(self._marked, np.int32)]
        del places
        sizes = joined(self._marked_sizes, np.int32)
        documents = np.repeat(np.arange(first, first + len(sizes), dtype=np.int32), sizes)
        starts = np.append(0, np.cumsum(np.bincount(carried, minlength=len(tokens))))
        yield "filter_tokens", tokens
        yield "filter_posting_offsets", starts.astype(np.int64)
        yield "filter_documents", documents[np.argsort(carried, kind="stable")]

    def _orders(self, first: int) -> Iterator[tuple[str, Array]]:
        """What documents are ordered by, and all of them in each of the ORDERS."""
        names = self._names
        by_key = sorted(range(len(names)), key=self._keys.__getitem__)
        by_name = np.array(sorted(by_key, key=names.__getitem__), np.int32)  # of equals by key
        yield from _texts("name", names).items()
        names.clear()
        priors = np.asarray(self._priors, np.float32).view(np.int32)
        values = [np.asarray(self._values[name], np.int32) for name in VALUES[:-1]] + [priors]
        orders = [np.array(by_key, np.int32), by_name]
        orders += [by_name[np.argsort(-value[by_name], kind="stable")] for value in values]
        yield "values", np.concatenate(values)
        yield "orders", np.concatenate(orders) + np.int32(first)

    def sorted_terms(self) -> tuple[Array, list[bytes]]:
        """For each term, in the order of its number, its place among the terms sorted by their
        bytes; and those. May be asked once: the numbers are let go."""
        raw = [utf8(term) for term in self.terms]
        self.terms.clear()
        by_bytes = sorted(range(len(raw)), key=raw.__getitem__)
        places = np.empty(len(raw), np.int32)
        places[by_bytes] = np.arange(len(raw), dtype=np.int32)
        return places, [raw[at] for at in by_bytes]


def term_texts(sorted_terms: list[bytes]) -> dict[str, Array]:
    """The arrays of the sorted terms."""
    return _texts("term", sorted_terms)


def joined(parts: list[Array], dtype: Any) -> Array:
    """The parts as one array; each is let go once it is copied, so that nothing is held twice."""
    whole = np.empty(sum(map(len, parts)), dtype)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _count(batch: list[Document], terms: Numbers) -> tuple[Array, Array, Array, Array]:
    """Length of each document in words; then document, term and count of each pair that occurs, in
    the order of the documents.

    Words are counted as they stand and turned into terms afterwards: so each word of a batch is
    stemmed once, however often it stands. CountVectorizer's loop over the tokens took three times
    as long.
    """
    words = _numbers()
    said: list[int] = []
    ends = [0]
    for document in batch:
        found = surfaces(document.body)
        for name in document.names:
            found += surfaces(name) * TITLE_WEIGHT
        if len(found) > 1:
            said += itemgetter(*found)(words)  # one call for all: half the time of a map
        elif found:
            said.append(words[found[0]])
        ends.append(len(said))
    lengths = np.diff(ends)
    starts, meant = _meanings(words, terms)
    width = max(len(terms), 1)
    # A pair is one number, document * width + term; 32 bits are sorted in half the time of 64.
    dtype = np.int32 if len(batch) * width < 1 << 31 else np.int64
    words_said = np.array(said, np.int64)
    many = np.diff(starts)[words_said]  # each word said gives as many pairs as it has terms
    pairs: Array = np.repeat(np.repeat(np.arange(len(batch), dtype=dtype) * width, lengths), many)
    before = np.cumsum(many) - many
    at = np.arange(len(pairs)) + np.repeat(starts[words_said] - before, many)
    pairs += meant.astype(dtype)[at]
    pairs.sort(kind="stable")  # those of a document stand together already
    edges = np.flatnonzero(np.diff(pairs, prepend=dtype(-1)))
    counts = np.minimum(np.diff(edges, append=len(pairs)), 255).astype(np.uint8)
    documents, held = np.divmod(pairs[edges], dtype(width))
    return lengths.astype(np.float32), documents, held.astype(np.int32, copy=False), counts


def _meanings(words: Numbers, terms: Numbers) -> tuple[Array, Array]:
    """The terms of each word: those of word n are `meant[starts[n]:starts[n + 1]]`."""
    plain: list[str] = []
    at: list[int] = []
    others: list[tuple[str, int]] = []
    for word, number in words.items():
        bare = word.strip("'.")
        if bare.isalnum() and bare.isascii() and bare not in STOP_WORDS:
            plain.append(bare)
            at.append(number)
        else:
            others.append((word, number))
    meant = list(map(terms.__getitem__, stems_of(plain)))
    for word, number in others:
        for term in terms_of(word):
            at.append(number)
            meant.append(terms[term])
    order = np.argsort(np.array(at, np.int64), kind="stable")
    sizes = np.bincount(np.array(at, np.int64), minlength=len(words))
    return np.append(0, np.cumsum(sizes)), np.array(meant, np.int64)[order]


def _name(document: Document) -> str:
    return document.name or (document.names[0] if document.names else document.key)


def _values(document: Document) -> tuple[int, ...]:
    """The values of a document in the order of VALUES, but for the last."""
    day = document.day if document.day >= 0 or document.year <= 0 else document.year * 10_000
    values = (day, document.results, document.code, document.stars)
    return tuple(min(max(value, -1), _MOST) for value in values)


def _marks(batch: list[Document], facets: set[str]) -> tuple[Array, Array, Array]:
    """The hashes of all filter tokens and whole names, each once; which of them the documents carry,
    document after document; and how many each carries. Adds to the facets."""
    numbers = _numbers()
    number = numbers.__getitem__
    found, sizes = array("i"), array("i")
    for document in batch:
        tokens = {*document.filters, *map(exact, document.names)}
        found.extend(map(number, tokens))
        sizes.append(len(tokens))
    facets.update(token for token in numbers if token.startswith(FACETS))
    hashes = np.fromiter(map(mark_of, numbers), np.uint64, len(numbers))
    return hashes, np.asarray(found, np.int32), np.asarray(sizes, np.int32)


def _texts(kind: str, texts: list[bytes]) -> dict[str, Array]:
    return {
        f"{kind}_bytes": np.frombuffer(b"".join(texts), np.uint8),
        f"{kind}_offsets": np.cumsum([0, *map(len, texts)], dtype=np.int64),
    }
