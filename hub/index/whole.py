"""A whole build: every document counted, the weights of all terms fitted."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from hub.index.counting import Counted, Document, joined, term_texts
from hub.index.files import Files, put_in_use
from hub.index.search import LEAST_WEIGHT, Index
from hub.index.segment import Array
from hub.memory import give_back, uncollected

LEAST_AT_ONCE: Final = 2_000_000
"""Postings turned round at a time, at least, or a sixth of all: what that needs beside them is less
than they are, and few passes are made."""


def build(root: Path, documents: Iterable[Document], *, generation: int) -> Index:
    """Builds an index of the documents under `root` and makes it the current one.

    Nothing is visible before the last rename. Documents are numbered in the order given. What is
    counted stays in memory, at five bytes for each word of each document; all else is written as
    soon as it is made.
    """
    with put_in_use(root, "build") as folder, uncollected():
        files = Files(folder)
        counted = Counted.of(documents)
        mean_length = _mean(counted.lengths)
        places, terms = counted.sorted_terms()
        for name, array in term_texts(terms).items():
            files.add(name, array)
        del terms
        give_back()  # what follows needs as much again as the counting has let go
        _add_postings(files, counted, places)
        give_back()
        for name, array in counted.facts(mean_length):
            files.add(name, array)
        files.close(
            {
                "generation": generation,
                "documents": files.lengths["norms"],
                "terms": files.lengths["term_weights"],
                "postings": files.lengths["posting_documents"],
                "mean_length": mean_length,
            }
        )
    return Index.open(root)


def _mean(lengths: list[Array]) -> float:
    """The mean length of a document in words."""
    words = sum(float(part.sum(dtype=np.float64)) for part in lengths)
    return words / sum(map(len, lengths)) if words else 1.0


def _add_postings(files: Files, counted: Counted, places: Array) -> None:
    """For each term its documents and counts, and the fitted weight. Empties what was counted.

    Some terms at a time are looked up in all documents, so that no second copy of everything that
    was counted is ever made.
    """
    frequencies = np.zeros(len(places), np.int64)
    for held in counted.held:
        np.take(places, held, out=held, mode="clip")  # `raise` would work on a copy
        frequencies += np.bincount(held, minlength=len(places))
    offsets = np.append(0, np.cumsum(frequencies))
    files.add("posting_offsets", offsets)
    at_once = max(LEAST_AT_ONCE, int(offsets[-1]) // 6)
    edges = np.searchsorted(offsets, np.arange(0, offsets[-1], at_once)[1:])
    bounds = [0, *np.unique(edges).tolist(), len(places)] if len(places) else [0]
    weights = [np.empty(0, np.float32)]
    with (
        files.growing("posting_documents", np.dtype(np.int32), int(offsets[-1])) as more_documents,
        files.growing("posting_counts", np.dtype(np.uint8), int(offsets[-1])) as more_counts,
    ):
        for low, high in pairwise(dict.fromkeys(bounds)):
            documents, counts, fitted = _postings(counted, low, high)
            more_documents(documents)
            more_counts(counts)
            weights.append(fitted)
    counted.held.clear()
    counted.counts.clear()
    files.add("term_weights", np.concatenate(weights))


def _postings(counted: Counted, low: int, high: int) -> tuple[Array, Array, Array]:
    """Documents and counts of the terms from `low` to `high`, term after term, and their weights."""
    from scipy.sparse import csc_array, csr_array
    from sklearn.feature_extraction.text import TfidfTransformer

    where, counts, sizes = [], [], [np.zeros(1, np.int32)]
    for held, often, many in zip(counted.held, counted.counts, counted.sizes, strict=True):
        inside = (held >= low) & (held < high)
        before = np.append(0, np.cumsum(inside, dtype=np.int32))
        where.append(held[inside] - np.int32(low))
        counts.append(often[inside])
        sizes.append(np.diff(before[np.append(0, np.cumsum(many))]))
    # int64 would double every array of the product.
    ends = joined(sizes, np.int32).cumsum(dtype=np.int64).astype(np.int32)
    shape = (len(ends) - 1, high - low)
    by_document = csr_array(
        (joined(counts, np.uint8), joined(where, np.int32), ends), shape=shape, copy=False
    )
    by_term = by_document.tocsc()
    del by_document
    # How often a term stands in a document is no matter here: ones, without their memory.
    ones = np.broadcast_to(np.float32(1), by_term.nnz)
    there = csc_array((ones, by_term.indices, by_term.indptr), shape=shape, copy=False)
    # Fitted as ln((1 + N) / (1 + df)) + 1; the 1 would blur rare and common terms.
    weights = np.maximum(TfidfTransformer(norm=None).fit(there).idf_ - 1.0, LEAST_WEIGHT)
    return by_term.indices, by_term.data, weights.astype(np.float32)
