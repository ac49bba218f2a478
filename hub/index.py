"""The TF-IDF index: build it, search it. Arrays on disk, memory-mapped, no pickle; knows no tables.

One folder per build, and a small file that names the current one; a build is swapped in by renaming
that file, so a reader sees the old index or the new one. Searching needs numpy alone; building fits
its vocabulary with scikit-learn.

Weight of term t in document d, after Singhal (pivoted length, double logarithm):
    (1 + ln(1 + ln tf)) / ((1 - s) + s * length / mean length) * ln((1 + N) / (1 + df))
A document whose whole name is what was asked gets a bonus, and its prior lifts the sum.
"""

import json
import os
import shutil
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import count
from math import log
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Self
from zlib import crc32

import numpy as np

from hub.errors import Damaged
from hub.memory import give_back, uncollected
from hub.words import STOP_WORDS, exact, stems_of, surfaces, terms, terms_of

FORMAT: Final = 1
"""Version of the files; another number means: build again."""

SLOPE: Final = 0.2
"""s of the length pivot; 0.2 is the value of the method's authors, measured equal to BM25."""

TITLE_WEIGHT: Final = 2
"""How often a word of a title or name counts."""

EXACT_WEIGHT: Final = 2.0
"""How much the whole query being somebody's whole name counts, against one ordinary term."""

LEAST_WEIGHT: Final = 0.01
"""Weight of a term that every document has: it tells nothing apart, yet it is found."""

PRIOR_WEIGHT: Final = 0.08
"""How much a document's prior (ln of results and links) lifts its score, as a share of it."""

CURRENT: Final = "current"
_ARRAYS: Final = (
    "term_bytes", "term_offsets", "term_weights", "posting_offsets", "posting_documents", "posting_counts",
    "filter_tokens", "filter_posting_offsets", "filter_documents",
    "key_bytes", "key_offsets", "norms", "priors", "years",
)  # fmt: skip

Array = np.ndarray[Any, Any]


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


@dataclass(frozen=True, slots=True)
class Found:
    """One document that answers a query."""

    key: str
    score: float


class Index:
    """An opened index. Immutable: a new build is a new Index."""

    def __init__(self, folder: Path, meta: dict[str, Any], arrays: dict[str, Array]) -> None:
        self.folder = folder
        self.meta = meta
        self._a = arrays
        self.size = int(meta["documents"])
        self._places: dict[str, int | None] = {}

    @classmethod
    def open(cls, root: Path) -> Self:
        """The current index under `root`; Damaged when there is none or it cannot be read."""
        for attempt in (1, 2):
            try:
                return cls._open(root)
            except FileNotFoundError as error:
                # A build may have been swapped in, and the old one removed, since the name was read.
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
        folder = root / (root / CURRENT).read_text("ascii").strip()
        meta = json.loads((folder / "meta.json").read_bytes())
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']}, this program reads {FORMAT}")
        arrays: dict[str, Array] = {}
        for name in _ARRAYS:
            array = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            if len(array) != meta["lengths"][name]:
                raise ValueError(f"{name} has {len(array)} entries, not {meta['lengths'][name]}")
            # A plain view: every slice of a np.memmap pays for the subclass.
            arrays[name] = array.view(np.ndarray)
        return cls(folder, meta, arrays)

    @property
    def generation(self) -> int:
        """Generation of the catalog that was indexed."""
        return int(self.meta["generation"])

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
        the cut to `limit`. Equal scores keep the order of the keys. A text without any word asks
        for everything that passes, and the score is then the prior; with no filter either it finds
        nothing, as do words that no document has.
        """
        asked = terms(text[:MAX_QUERY])
        if not asked and (filters or years):
            return self._passing(filters, years, limit)
        wanted = self._wanted(asked)
        named = self._marked(exact(text[:MAX_QUERY]))
        if not wanted and not len(named):
            return 0, []
        scores = np.zeros(self.size, np.float32)
        for documents, counts, weight in wanted:
            np.add.at(scores, documents, (_TF * np.float32(weight))[counts])
        scores *= self._scale
        if len(named):
            rarity = max(LEAST_WEIGHT, log((1 + self.size) / (1 + len(named))))
            scores[named] += np.float32(EXACT_WEIGHT * rarity) * self._lift[named]
        if filters or years:
            scores[~self._mask(filters, years)] = 0.0
        found = int(np.count_nonzero(scores > 0))
        best = _top(scores, min(limit, found))
        return found, self._found(best, scores)

    def weight(self, term: str) -> float | None:
        """ln((1 + N) / (1 + df)) of a term; None when no document has it."""
        at = self._find(term)
        return None if at is None else float(self._a["term_weights"][at])

    def _passing(
        self, filters: Sequence[Sequence[str]], years: tuple[int, int] | None, limit: int
    ) -> tuple[int, list[Found]]:
        """How many documents pass, and those with the highest priors, ties in order of place."""
        passing = np.flatnonzero(self._mask(filters, years))
        priors = self._a["priors"]
        best = np.argsort(-priors[passing], kind="stable")[:limit]
        return len(passing), self._found(passing[best], priors)

    def _wanted(self, asked: Sequence[str]) -> list[tuple[Array, Array, float]]:
        """Documents, counts and weight of each term of the query that the index has."""
        repeats: dict[str, float] = {}
        for term in asked:
            repeats[term] = repeats.get(term, 0.0) + 1.0
        wanted = []
        offsets = self._a["posting_offsets"]
        for term, share in repeats.items():
            at = self._place(term)
            if at is not None:
                part = slice(int(offsets[at]), int(offsets[at + 1]))
                documents = self._a["posting_documents"][part]
                counts = self._a["posting_counts"][part]
                wanted.append((documents, counts, share * float(self._a["term_weights"][at])))
        return wanted

    @cached_property
    def _scale(self) -> Array:
        """What length and prior do to the sum of a document's terms."""
        return self._a["norms"] * self._lift

    @cached_property
    def _lift(self) -> Array:
        return 1.0 + np.float32(PRIOR_WEIGHT) * self._a["priors"]

    def _mask(self, filters: Sequence[Sequence[str]], years: tuple[int, int] | None) -> Array:
        mask = np.ones(self.size, bool)
        for group in filters:
            passed = np.zeros(self.size, bool)
            for token in group:
                passed[self._marked(token)] = True
            mask &= passed
        if years is not None:
            mask &= (self._a["years"] >= years[0]) & (self._a["years"] <= years[1])
        return mask

    def _marked(self, token: str) -> Array:
        """The documents that carry a filter token."""
        tokens, offsets = self._a["filter_tokens"], self._a["filter_posting_offsets"]
        wanted = np.uint64(mark_of(token))
        at = int(np.searchsorted(tokens, wanted))
        if at == len(tokens) or tokens[at] != wanted:
            return self._a["filter_documents"][:0]
        return self._a["filter_documents"][int(offsets[at]) : int(offsets[at + 1])]

    def _place(self, term: str) -> int | None:
        """What `_find` says, remembered: the words that people ask for come again."""
        if term not in self._places:
            if len(self._places) > 50_000:
                self._places.clear()
            self._places[term] = self._find(term)
        return self._places[term]

    def _find(self, text: str) -> int | None:
        """The place of a term among the sorted terms; binary search over the mapped bytes."""
        raw, offsets = self._a["term_bytes"], self._a["term_offsets"]
        wanted = text.encode("utf-8", "replace")
        low, high = 0, len(offsets) - 1
        while low < high:
            middle = (low + high) // 2
            here = raw[int(offsets[middle]) : int(offsets[middle + 1])].tobytes()
            if here < wanted:
                low = middle + 1
            elif here == wanted:
                return middle
            else:
                high = middle
        return None

    def _found(self, places: Array, scores: Array) -> list[Found]:
        """The keys of these documents with their scores."""
        raw, offsets = self._a["key_bytes"], self._a["key_offsets"]
        starts, stops = offsets[places].tolist(), offsets[places + 1].tolist()
        return [
            Found(raw[start:stop].tobytes().decode("utf-8"), score)
            for start, stop, score in zip(starts, stops, scores[places].tolist(), strict=True)
        ]

    def check(self) -> list[str]:
        """Files whose content is not what was written; empty when the index is sound."""
        return [
            f"{self.folder / name}: not the bytes that were written"
            for name, digest in self.meta["sha256"].items()
            if _digest(self.folder / name) != digest
        ]


MAX_QUERY: Final = 10_000
"""Characters of a query that are read; a pasted page asks for no more than its beginning."""

_REBUILD: Final = "Build it again: hub index"

_TF: Final = np.concatenate([[0.0], 1 + np.log(1 + np.log(np.arange(1, 256)))]).astype(np.float32)
"""Double logarithm of a count 0..255."""


def _top(scores: Array, limit: int) -> Array:
    """Places of the `limit` highest scores, best first, ties in order of place.

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
    order = np.lexsort((candidates, -scores[candidates]))[:limit]
    return candidates[order]


# -- building --------------------------------------------------------------------------------


def build(root: Path, documents: Iterable[Document], *, generation: int) -> Index:
    """Builds an index of the documents under `root` and makes it the current one.

    Nothing is visible before the last rename. Documents are numbered in the order given.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"build-{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir()
    try:
        with uncollected():
            _write(folder, _fit(documents), generation)
        partial = root / f"{folder.name}.current"
        partial.write_text(folder.name, "ascii")
        _sync(partial)
        previous = _current_name(root)
        partial.replace(root / CURRENT)
        _sync(root)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _sweep(root, {folder.name, previous})
    return Index.open(root)


def _current_name(root: Path) -> str | None:
    try:
        return (root / CURRENT).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _sweep(root: Path, keep: set[str | None]) -> None:
    """Removes builds that are neither current nor the one before, which a reader may still open."""
    for path in root.glob("build-*"):
        if path.name not in keep and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".current":
            path.unlink(missing_ok=True)


_BATCH: Final = 2_048
"""Documents counted at a time: bounds the memory of a build to its postings."""


def _fit(documents: Iterable[Document]) -> dict[str, Array]:
    """Every array of the index.

    Words are counted here and not by CountVectorizer, whose loop over the tokens took three times
    as long; the inverse document frequencies are fitted by TfidfTransformer.
    """
    columns = _numbers()
    keys: list[bytes] = []
    years, priors = array("h"), array("f")
    lengths: list[Array] = []
    places: list[Array] = []
    counts: list[Array] = []
    row_sizes: list[Array] = []
    marks: list[Array] = []
    marked: list[Array] = []
    for batch in _batches(documents):
        mark, at = _marks(batch, len(keys))
        marks.append(mark)
        marked.append(at)
        for document in batch:
            keys.append(_utf8(document.key))
            years.append(min(max(document.year, 0), 9999))
            priors.append(document.prior)
        length, by_term = _count(batch, columns)
        lengths.append(length)
        places.append(by_term.indices.astype(np.int32))
        counts.append(np.minimum(by_term.data, 255).astype(np.uint8))
        row_sizes.append(np.diff(by_term.indptr))
    filters = _filters(_joined(marks, np.uint64), _joined(marked, np.int32))
    order, terms_ = _sorted(columns)
    columns.clear()
    give_back()  # the transposition needs as much again as the counting has let go
    postings = _by_term(places, counts, row_sizes, order)
    length = _joined(lengths, np.float32)
    mean = float(length.mean()) if length.any() else 1.0
    return {
        **terms_,
        **postings,
        **filters,
        **_texts("key", keys),
        "norms": (1.0 / ((1 - SLOPE) + SLOPE * length / mean)).astype(np.float32),
        "priors": np.asarray(priors, np.float32),
        "years": np.asarray(years, np.int16),
    }


def _by_term(
    places: list[Array], counts: list[Array], row_sizes: list[Array], order: Array
) -> dict[str, Array]:
    """Postings: for each term its documents and counts, and the fitted weight. Empties the lists."""
    from scipy.sparse import csc_array, csr_array
    from sklearn.feature_extraction.text import TfidfTransformer

    ends = _ends(row_sizes).astype(np.int32)  # int64 would double every array of the product
    shape = (len(ends) - 1, len(order))
    where = _joined(places, np.int32)
    np.take(order, where, out=where, mode="clip")  # `raise` would work on a copy
    by_document = csr_array((_joined(counts, np.uint8), where, ends), shape=shape, copy=False)
    by_term = by_document.tocsc()
    del by_document, where
    weights = np.empty(0)
    if by_term.nnz:
        # How often a term stands in a document is no matter here: ones, without their memory.
        ones = np.broadcast_to(np.float32(1), by_term.nnz)
        there = csc_array((ones, by_term.indices, by_term.indptr), shape=shape, copy=False)
        # Fitted as ln((1 + N) / (1 + df)) + 1; the 1 would blur rare and common terms.
        weights = np.maximum(TfidfTransformer(norm=None).fit(there).idf_ - 1.0, LEAST_WEIGHT)
    return {
        "term_weights": weights.astype(np.float32),
        "posting_offsets": by_term.indptr.astype(np.int64),
        "posting_documents": by_term.indices.astype(np.int32, copy=False),
        "posting_counts": by_term.data,
    }


def _marks(batch: list[Document], first: int) -> tuple[Array, Array]:
    """Hash of each filter token and whole name, and the document that carries it."""
    numbers = _numbers()
    number = numbers.__getitem__
    found, sizes = array("i"), []
    for document in batch:
        tokens = {*document.filters, *map(exact, document.names)}
        found.extend(map(number, tokens))
        sizes.append(len(tokens))
    hashes = np.fromiter(map(mark_of, numbers), np.uint64, len(numbers))
    documents = np.repeat(np.arange(first, first + len(batch), dtype=np.int32), sizes)
    return hashes[np.asarray(found, np.int32)], documents


def _filters(marks: Array, documents: Array) -> dict[str, Array]:
    """Documents by filter token, tokens in order of their hashes."""
    order = np.argsort(marks, kind="stable")
    tokens, starts = np.unique(marks[order], return_index=True)
    return {
        "filter_tokens": tokens,
        "filter_posting_offsets": np.append(starts, len(marks)).astype(np.int64),
        "filter_documents": documents[order],
    }


def mark_of(token: str) -> int:
    """A filter token as 64 bits: authors alone are more tokens than all words of the index.

    Two checksums, forwards and backwards, at a tenth of the time of a cryptographic one.
    """
    raw = _utf8(token)
    return crc32(raw) << 32 | crc32(raw[::-1])


Numbers = defaultdict[str, int]
"""Numbers texts in the order in which they are first asked for."""


def _numbers() -> Numbers:
    return defaultdict(count().__next__)


def _count(batch: list[Document], columns: Numbers) -> tuple[Array, Any]:
    """Length of each document in words, and counts of terms, documents by terms (csr).

    Words are counted as they stand and turned into terms afterwards, by a product with a 0/1
    matrix: so each word of a batch is stemmed once, however often it stands.
    """
    from scipy.sparse import csr_array

    numbers = _numbers()
    found: list[int] = []
    ends = [0]
    for document in batch:
        words = surfaces(document.body)
        for name in document.names:
            words += surfaces(name) * TITLE_WEIGHT
        if len(words) > 1:
            found += itemgetter(*words)(numbers)  # one call for all: half the time of a map
        elif words:
            found.append(numbers[words[0]])
        ends.append(len(found))
    plain: list[str] = []
    rows: list[int] = []
    others: list[tuple[str, int]] = []
    for word, at in numbers.items():
        bare = word.strip("'.")
        if bare.isalnum() and bare.isascii() and bare not in STOP_WORDS:
            plain.append(bare)
            rows.append(at)
        else:
            others.append((word, at))
    places = list(map(columns.__getitem__, stems_of(plain)))
    for word, at in others:
        for term in terms_of(word):
            rows.append(at)
            places.append(columns[term])
    said = np.array(found, np.int32)
    shape = (len(batch), len(numbers))
    by_word = csr_array((np.ones(len(said), np.int32), said, np.asarray(ends)), shape=shape)
    shape = (len(numbers), len(columns))
    to_terms = csr_array((np.ones(len(rows), np.int32), (rows, places)), shape=shape)
    return np.diff(ends).astype(np.float32), (by_word @ to_terms).tocsr()


def _joined(parts: list[Array], dtype: Any) -> Array:
    """The parts as one array; each is let go once it is copied, so that nothing is held twice."""
    whole = np.empty(sum(map(len, parts)), dtype)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def _ends(sizes: list[Array]) -> Array:
    return np.concatenate([np.zeros(1, np.int64), *sizes]).cumsum(dtype=np.int64)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _sorted(names: Iterable[str]) -> tuple[Array, dict[str, Array]]:
    """New place of each term, in the order given, and the arrays of the terms in byte order."""
    raw = [_utf8(name) for name in names]
    by_bytes = sorted(range(len(raw)), key=raw.__getitem__)
    order = np.empty(len(raw), np.int32)
    order[by_bytes] = np.arange(len(raw), dtype=np.int32)
    return order, _texts("term", [raw[at] for at in by_bytes])


def _texts(kind: str, texts: list[bytes]) -> dict[str, Array]:
    return {
        f"{kind}_bytes": np.frombuffer(b"".join(texts), np.uint8),
        f"{kind}_offsets": np.cumsum([0, *map(len, texts)], dtype=np.int64),
    }


def _write(folder: Path, arrays: dict[str, Array], generation: int) -> None:
    digests: dict[str, str] = {}
    for name in _ARRAYS:
        path = folder / f"{name}.npy"
        np.save(path, arrays[name], allow_pickle=False)
        _sync(path)
        digests[path.name] = _digest(path)
    meta = {
        "format": FORMAT,
        "generation": generation,
        "documents": len(arrays["norms"]),
        "terms": len(arrays["term_offsets"]) - 1,
        "postings": len(arrays["posting_documents"]),
        "lengths": {name: len(arrays[name]) for name in _ARRAYS},
        "sha256": digests,
    }
    path = folder / "meta.json"
    path.write_text(json.dumps(meta, indent=1), "utf-8")
    _sync(path)


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Makes the bytes, or a folder's names, survive a power cut."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
