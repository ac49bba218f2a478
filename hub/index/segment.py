"""Segment: one folder of an index, opened for reading. Its arrays, and how texts are found in them."""

import json
import mmap
import re
from collections.abc import Iterable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self
from zlib import crc32

import numpy as np

from hub.index.format import FORMAT, META

ARRAYS: Final = {
    "term_bytes": "u1",
    "term_offsets": "i8",
    "term_weights": "f4",
    "posting_offsets": "i8",
    "posting_documents": "i4",
    "posting_counts": "u1",
    "filter_tokens": "u8",
    "filter_posting_offsets": "i8",
    "filter_documents": "i4",
    "key_bytes": "u1",
    "key_offsets": "i8",
    "norms": "f4",
    "priors": "f4",
    "years": "i2",
    "name_bytes": "u1",
    "name_offsets": "i8",
    "values": "i4",
    "orders": "i4",
    "facet_bytes": "u1",
    "facet_offsets": "i8",
}
"""What every folder holds: texts as bytes and where each begins, postings by term and by filter
token, one value per document. Documents are numbered through: those of a delta after its build's.
`values` has the VALUES one after the other, `orders` for each of the ORDERS all documents in it;
names are as they are compared, and facets are the filter tokens whose texts are kept."""

DELTA_ARRAYS: Final = {**ARRAYS, "removed": "i4", "ranks": "i4", "slots": "i4"}
"""A delta also holds the documents of its build that count no more, in order; for each of its own
the place it has among equals: that of the document it replaces, or its own number; and beside each
place of its orders before which place of the build's order that document stands."""

VALUES: Final = ("day", "results", "code", "stars", "prior")
"""What documents can be ordered by, besides key and name: the highest first, of equals by name.
-1 is unknown and comes last. A prior is kept as the bits of its float, which are ordered alike."""

ORDERS: Final = ("key", "name", *VALUES)
"""The orders that are kept. Names are compared without regard to the case of ASCII, as SQLite's
NOCASE does it, and equal ones by key."""

_NUMBERS: Final = ("generation", "documents", "terms", "postings", "mean_length")
"""What the meta of every folder says of the index as a whole: of build and delta together."""

Array = np.ndarray[Any, Any]


class Segment:
    """The arrays of one folder, mapped, and its meta. Immutable."""

    def __init__(self, folder: Path, meta: dict[str, Any], arrays: dict[str, Array]) -> None:
        self.folder = folder
        self.meta = meta
        self.arrays = arrays
        self.first = int(meta["base_documents"]) if "base" in meta else 0
        """The number of its first document."""
        self.size = len(arrays["norms"])
        if len(arrays["orders"]) != len(ORDERS) * self.size:
            raise ValueError("the orders are not those of the documents")
        self._places: dict[str, int | None] = {}

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The segment in this folder; OSError, ValueError, KeyError or TypeError when it is harmed."""
        meta = json.loads((folder / META).read_bytes())
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']}, this program reads {FORMAT}")
        for name in _NUMBERS:
            float(meta[name])
        lengths, _ = meta["lengths"], meta["sha256"]
        names = DELTA_ARRAYS if "base" in meta else ARRAYS
        if lengths.keys() != names.keys():
            raise ValueError("a build or a delta holds other arrays than these")
        arrays = {
            name: _mapped(folder / f"{name}.npy", dtype, lengths[name])
            for name, dtype in names.items()
        }
        return cls(folder, meta, arrays)

    def place(self, term: str) -> int | None:
        """The place of a term; remembered, since the words that people ask for come again."""
        if term not in self._places:
            if len(self._places) > 50_000:
                self._places.clear()
            self._places[term] = self._find(term)
        return self._places[term]

    def _find(self, text: str) -> int | None:
        """The place of a term among the sorted terms."""
        wanted = utf8(text)
        at = self.before("term", wanted)
        there = at < len(self.arrays["term_weights"]) and self.text("term", at) == wanted
        return at if there else None

    def before(
        self,
        kind: str,
        wanted: bytes,
        order: Array | None = None,
        low: int = 0,
        high: int | None = None,
    ) -> int:
        """How many texts of a kind (`term`, `name`, `key`) come before this one; binary search over
        the mapped bytes, between `low` and `high`. `order`: the documents as the texts are sorted."""
        raw, offsets = self.arrays[f"{kind}_bytes"], self.arrays[f"{kind}_offsets"]
        if high is None:
            high = len(offsets) - 1
        while low < high:
            middle = (low + high) // 2
            at = middle if order is None else int(order[middle]) - self.first
            if raw[int(offsets[at]) : int(offsets[at + 1])].tobytes() < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def text(self, kind: str, at: int) -> bytes:
        """One text of a kind."""
        offsets = self.arrays[f"{kind}_offsets"]
        return self.arrays[f"{kind}_bytes"][int(offsets[at]) : int(offsets[at + 1])].tobytes()

    def beginning(self, start: str, others: Iterable[str], most: int) -> list[tuple[str, int]]:
        """The commonest terms that begin so or are among the others, with how many documents have
        each."""
        raw, offsets = utf8(start), self.arrays["posting_offsets"]
        low = self.before("term", raw)
        high = self.before("term", raw + b"\xff", low=low)  # UTF-8 has no byte 255
        sizes = np.diff(offsets[low : high + 1])
        largest = (
            np.argpartition(-sizes, most)[:most] if len(sizes) > most else np.arange(len(sizes))
        )
        places = [low + at for at in largest.tolist()]
        places += [at for other in others if (at := self._find(other)) is not None]
        return [
            (self.text("term", at).decode("utf-8", "replace"), int(offsets[at + 1] - offsets[at]))
            for at in places
        ]

    # -- documents in order ------------------------------------------------------------------

    def order(self, name: str) -> Array:
        """The numbers of all documents of this segment in one of the ORDERS."""
        at = ORDERS.index(name) * self.size
        return self.arrays["orders"][at : at + self.size]

    def value(self, name: str) -> Array:
        """One of the VALUES of each document."""
        at = VALUES.index(name) * self.size
        return self.arrays["values"][at : at + self.size]

    def document(self, key: str) -> int | None:
        """The number of the document that has this key."""
        wanted, order = utf8(key), self.order("key")
        at = self.before("key", wanted, order)
        if at < self.size and self.text("key", int(order[at]) - self.first) == wanted:
            return int(order[at])
        return None

    def named_like(self, start: str) -> Array:
        """The documents whose names begin so, by name."""
        raw, order = collated(start), self.order("name")
        low = self.before("name", raw, order)
        return order[low : self.before("name", raw + b"\xff", order, low)]

    def name_lengths(self, documents: Array) -> Array:
        """How many bytes the names of these documents have."""
        offsets, places = self.arrays["name_offsets"], documents - self.first
        lengths: Array = offsets[places + 1] - offsets[places]
        return lengths

    # -- postings ----------------------------------------------------------------------------

    def weight(self, place: int) -> float:
        """ln((1 + N) / (1 + df)) of the term at this place."""
        return float(self.arrays["term_weights"][place])

    def postings(self, place: int) -> tuple[Array, Array]:
        """The documents that have the term at this place, and how often each has it."""
        offsets = self.arrays["posting_offsets"]
        part = slice(int(offsets[place]), int(offsets[place + 1]))
        return self.arrays["posting_documents"][part], self.arrays["posting_counts"][part]

    def marked(self, token: str) -> Array:
        """The documents that carry a filter token or a whole name."""
        tokens, offsets = self.arrays["filter_tokens"], self.arrays["filter_posting_offsets"]
        documents = self.arrays["filter_documents"]
        wanted = np.uint64(mark_of(token))
        at = int(np.searchsorted(tokens, wanted))
        if at == len(tokens) or tokens[at] != wanted:
            return documents[:0]
        return documents[int(offsets[at]) : int(offsets[at + 1])]

    def facets(self) -> list[str]:
        """The filter tokens whose texts are kept, sorted."""
        raw, offsets = self.arrays["facet_bytes"].tobytes(), self.arrays["facet_offsets"].tolist()
        return [raw[start:stop].decode("utf-8") for start, stop in pairwise(offsets)]

    def keys(self, documents: Array) -> list[str]:
        """The keys of these documents."""
        raw, offsets = self.arrays["key_bytes"], self.arrays["key_offsets"]
        places = documents - self.first
        return [
            raw[start:stop].tobytes().decode("utf-8")
            for start, stop in zip(
                offsets[places].tolist(), offsets[places + 1].tolist(), strict=True
            )
        ]

    def let_go(self) -> None:
        """Hands the pages of the files back that were read into this process; the next read fetches
        them again, from the system's memory if they are still there."""
        for array in self.arrays.values():
            mapped = getattr(array.base, "obj", None)
            if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)

    def check(self) -> list[str]:
        """Files whose content is not what was written; empty when all is sound."""
        return [
            f"{self.folder / name}: not the bytes that were written"
            for name, written in self.meta["sha256"].items()
            if digest(self.folder / name) != written
        ]


_LONGEST_HEADER: Final = 256

_HEADER: Final = re.compile(
    rb"\x93NUMPY\x01\x00(..)(\{'descr': '([<>|]\w\d+)', 'fortran_order': False, 'shape': \((\d{1,18}),\), \} *\n)",
    re.DOTALL,
)
"""How numpy begins a file with an array of one dimension (its format 1.0): the length of what follows, its
type, how many."""


def _mapped(path: Path, dtype: str, length: int) -> Array:
    """The array of a file. `numpy.load` would make an np.memmap first, which takes three times as
    long and makes every slice pay for the subclass. Its reader of headers parses them as Python does, which
    two threads must not do at a time before Python 3.12 (SystemError)."""
    with path.open("rb") as file:
        begins = file.read(_LONGEST_HEADER)
        said = _HEADER.match(begins)
        if said is None or int.from_bytes(said[1], "little") != said.end() - said.start(2):
            raise ValueError(f"{path.name} begins with no header of an array")
        stored, held = said[3].decode(), int(said[4])
        if stored != np.dtype(dtype).str or held != length:
            raise ValueError(f"{path.name} holds {held} {stored}, not {length} {dtype}")
        mapped, first = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), said.end()
    if len(mapped) != first + length * np.dtype(dtype).itemsize:
        raise ValueError(f"{path.name} has {len(mapped)} bytes")
    return np.frombuffer(mapped, dtype, length, first) if length else np.empty(0, dtype)


def mark_of(token: str) -> int:
    """A filter token as 64 bits: authors alone are more tokens than all words of the index.

    Two checksums, forwards and backwards, at a tenth of the time of a cryptographic one.
    """
    raw = utf8(token)
    return crc32(raw) << 32 | crc32(raw[::-1])


def utf8(text: str) -> bytes:
    """The bytes by which a text is stored and compared; what has none reads `?`."""
    return text.encode("utf-8", "replace")


def collated(name: str) -> bytes:
    """The bytes by which names are compared."""
    return utf8(name).lower()


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()
