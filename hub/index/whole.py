"""A whole build: every document counted, the weights of all terms fitted."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hub.index.counting import Counted, Document, joined, term_texts
from hub.index.files import put_in_use, write
from hub.index.search import LEAST_WEIGHT, Index
from hub.index.segment import Array
from hub.memory import give_back, uncollected


def build(root: Path, documents: Iterable[Document], *, generation: int) -> Index:
    """Builds an index of the documents under `root` and makes it the current one.

    Nothing is visible before the last rename. Documents are numbered in the order given.
    """
    with put_in_use(root, "build") as folder, uncollected():
        arrays, mean_length = _fit(documents)
        facts = {
            "generation": generation,
            "documents": len(arrays["norms"]),
            "terms": len(arrays["term_weights"]),
            "postings": len(arrays["posting_documents"]),
            "mean_length": mean_length,
        }
        write(folder, arrays, facts)
    return Index.open(root)


def _fit(documents: Iterable[Document]) -> tuple[dict[str, Array], float]:
    """Every array of the build, and the mean length of a document in words."""
    counted = Counted.of(documents)
    lengths = np.concatenate([np.empty(0, np.float32), *counted.lengths])
    mean_length = float(lengths.mean()) if lengths.any() else 1.0
    facts = counted.facts(mean_length)
    places, terms = counted.sorted_terms()
    texts = term_texts(terms)
    del terms
    give_back()  # the transposition needs as much again as the counting has let go
    return {**texts, **_postings(counted, places), **facts}, mean_length


def _postings(counted: Counted, places: Array) -> dict[str, Array]:
    """For each term its documents and counts, and the fitted weight. Empties what was counted."""
    from scipy.sparse import csc_array, csr_array
    from sklearn.feature_extraction.text import TfidfTransformer

    # int64 would double every array of the product.
    sizes = [np.zeros(1, np.int32), *counted.sizes]
    ends = np.concatenate(sizes).cumsum(dtype=np.int64).astype(np.int32)
    shape = (len(ends) - 1, len(places))
    where = joined(counted.held, np.int32)
    np.take(places, where, out=where, mode="clip")  # `raise` would work on a copy
    by_document = csr_array(
        (joined(counted.counts, np.uint8), where, ends), shape=shape, copy=False
    )
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
