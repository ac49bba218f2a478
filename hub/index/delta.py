"""Update: what changed since the build goes into a small folder beside it; the build is not touched."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import numpy as np

from hub.errors import Damaged
from hub.index.counting import Counted, Document, joined, term_texts
from hub.index.files import Files, put_in_use
from hub.index.search import LEAST_WEIGHT, Index
from hub.index.segment import ORDERS, VALUES, Array, Segment
from hub.memory import uncollected

SHARE_CHANGED: Final = 0.2
"""Above this share of its documents a build is made anew: its weights and mean length no longer fit."""

MOST_CHANGED: Final = 20_000
"""And above so many: they are all counted again with every update, at 0.2 ms each."""


def update(
    root: Path, documents: Iterable[Document], gone: Iterable[str], generation: int
) -> Index | None:
    """Makes an index current that says the same as the one under `root`, but for what changed.

    `documents` is what is to be found now of every key that changed since the build that the index
    stands on (`base_generation`), `gone` the keys that have no document any more; a key in both
    counts as its document. An earlier update is replaced, not added to. None, with nothing done,
    when there is no sound index to update, when it is newer than `generation`, or when so much
    changed that a build serves better.
    """
    try:
        base = Index.open(root).base
    except Damaged:
        return None
    most = min(int(SHARE_CHANGED * base.size), MOST_CHANGED)
    left = set(gone)
    if len(left) > most or int(base.meta["generation"]) > generation:
        return None
    with uncollected():
        changed = list(islice(documents, most + 1))
        replaced = _places(base, {*left, *(document.key for document in changed)})
        if max(len(changed), len(replaced)) > most:
            return None
        with put_in_use(root, "delta") as folder:
            _write(folder, base, changed, replaced, generation)
    return Index.open(root)


def _places(base: Segment, keys: set[str]) -> dict[str, int]:
    """The number of the document that has each of these keys in the build."""
    found = {key: base.document(key) for key in keys}
    return {key: place for key, place in found.items() if place is not None}


def _write(
    folder: Path,
    base: Segment,
    changed: list[Document],
    replaced: dict[str, int],
    generation: int,
) -> None:
    size = base.size - len(replaced) + len(changed)
    ranks = [replaced.get(one.key, base.size + at) for at, one in enumerate(changed)]
    counted = Counted.of(changed)
    mean_length = float(base.meta["mean_length"])
    facts = dict(counted.facts(mean_length, base.size))
    places, terms = counted.sorted_terms()
    postings = _postings(counted, places, base.size)
    weights, new = _weights(base, terms, np.diff(postings["posting_offsets"]), size)
    arrays = {
        **term_texts(terms),
        "term_weights": weights,
        **postings,
        **facts,
        "removed": np.array(sorted(replaced.values()), np.int32),
        "ranks": np.array(ranks, np.int32),
        "slots": _slots(base, facts),
    }
    about = {
        "generation": generation,
        "documents": size,
        "terms": int(base.meta["terms"]) + new,
        "postings": int(base.meta["postings"]) + len(postings["posting_documents"]),
        "mean_length": mean_length,
        "base": base.folder.name,
        "base_documents": base.size,
    }
    files = Files(folder)
    for name, array in arrays.items():
        files.add(name, array)
    files.close(about)


def _postings(counted: Counted, places: Array, first: int) -> dict[str, Array]:
    """For each term its documents, numbered from `first`, and counts."""
    sizes = np.concatenate([np.empty(0, np.int64), *counted.sizes])
    held = places[joined(counted.held, np.int32)]
    order = np.argsort(held, kind="stable")
    documents = np.repeat(np.arange(first, first + len(sizes), dtype=np.int32), sizes)
    frequencies = np.bincount(held, minlength=len(places))
    return {
        "posting_offsets": np.append(0, np.cumsum(frequencies)).astype(np.int64),
        "posting_documents": documents[order],
        "posting_counts": joined(counted.counts, np.uint8)[order],
    }


def _slots(base: Segment, facts: dict[str, Array]) -> Array:
    """For each of the delta's ORDERS, document after document, how many of the build come before."""
    size = len(facts["norms"])
    orders = facts["orders"].reshape(len(ORDERS), size) - base.size
    values = facts["values"].reshape(len(VALUES), size)
    keys, names = _held(facts, "key"), _held(facts, "name")
    by_key, by_name = base.order("key"), base.order("name")
    slots = np.empty((len(ORDERS), size), np.int32)
    low = 0
    for at, document in enumerate(orders[0].tolist()):
        low = slots[0, at] = base.before("key", keys[document], by_key, int(low))
    of_name = np.empty(size, np.int64)
    low = 0
    for at, document in enumerate(orders[1].tolist()):
        low = base.before("name", names[document], by_name, int(low))
        after = base.before("name", names[document] + b"\0", by_name, low)
        low = base.before(
            "key", keys[document], by_name, low, after
        )  # of equal names the key decides
        slots[1, at] = of_name[document] = low
    ranks = np.empty(base.size, np.int64)
    ranks[by_name] = np.arange(base.size)
    for row, (name, own) in enumerate(zip(VALUES, values, strict=True), len(ORDERS) - len(VALUES)):
        order = base.order(name)
        known = _by_value(base.value(name)[order], ranks[order])
        slots[row] = np.searchsorted(known, _by_value(own, of_name)[orders[row]])
    return slots.reshape(-1)


def _by_value(values: Array, places: Array) -> Array:
    """One number each that is ordered as: the highest value first, then by place."""
    return (-values.astype(np.int64) << 32) + places


def _held(facts: dict[str, Array], kind: str) -> list[bytes]:
    raw, offsets = facts[f"{kind}_bytes"].tobytes(), facts[f"{kind}_offsets"].tolist()
    return [raw[start:stop] for start, stop in pairwise(offsets)]


def _weights(base: Segment, terms: list[bytes], frequencies: Array, size: int) -> tuple[Array, int]:
    """The weight of each term: the build's own, or from the delta's frequencies where the build has
    no such term; and how many are new in this way. A term has one weight in both segments, or equal
    documents of the two would score differently."""
    weights = np.maximum(np.log((1 + size) / (1 + frequencies)), LEAST_WEIGHT).astype(np.float32)
    raw, offsets = base.arrays["term_bytes"].tobytes(), base.arrays["term_offsets"].tolist()
    known = base.arrays["term_weights"]
    new, low = 0, 0
    for number, term in enumerate(terms):
        low = bisect_left(
            range(len(known)), term, low, key=lambda at: raw[offsets[at] : offsets[at + 1]]
        )
        if low < len(known) and raw[offsets[low] : offsets[low + 1]] == term:
            weights[number] = known[low]
        else:
            new += 1
    return weights, new
