"""The papers that a README names as its own.

Owns the patterns and the rule by which a README that cites is told from one that lists.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final
from urllib.parse import unquote

from crawlers.keys import Key, arxiv_id

FEW: Final = 3
"""Papers that one repository can well be the code of; a README that names more is a list."""

HEAD_LINES: Final = 40
"""The first lines, where a repository's own badges stand."""

MAX_CHARACTERS: Final = 1 << 20
"""What of a README is looked at; GitHub itself shows the first 500 KiB
(docs.github.com/en/repositories, about READMEs)."""

MAX_ENTRY: Final = 5_000
"""Longest BibTeX entry, in characters."""

# Every repetition has an end and stops where the next match could begin: the text is anybody's.
_NEW: Final = r"[0-9]{4}\.[0-9]{4,5}(?![0-9])"
_ID: Final = rf"(?:{_NEW}|[a-z-]{{2,15}}(?:\.[a-z]{{2}})?/[0-9]{{7}}(?![0-9]))"
_HOST: Final = r"(?<![\w.-])(?:(?:www|export|browse)\.)?arxiv\.org/(?:abs|pdf|html)/"
_DOI: Final = r"10\.48550/arxiv\."

_ADDRESS: Final = re.compile(rf"(?:{_HOST}|{_DOI})({_ID})", re.I)
_CITED: Final = re.compile(rf"(?:{_HOST}|{_DOI}|arxiv\s?:\s?|\babs/)({_ID})", re.I)
_EPRINT: Final = re.compile(
    rf"\beprint\s{{0,9}}=\s{{0,9}}[{{\"]?\s{{0,9}}(?:arxiv:\s{{0,9}})?({_ID})", re.I
)
_BADGE: Final = re.compile(r"(?:shields\.io|badgen\.net)/[^\s\"'<>()\[\]]{1,300}", re.I)
_IN_BADGE: Final = re.compile(rf"(?<![0-9]){_NEW}")
_LINKED_IMAGE: Final = re.compile(
    r"\[!\[[^\[\]\n]{0,300}\]\([^()\[\]\n]{0,500}\)\s?\]\(\s?<?([^()\s<>]{1,500})"
    r"|<a\s[^<>]{0,300}?\bhref\s?=\s?[\"']?([^\"'\s<>]{1,500})[^<>]{0,300}>\s{0,20}<img\b",
    re.I,
)
_ENTRY: Final = re.compile(r"@[a-z]{3,20}\s?[{(]", re.I)
_HEADING: Final = re.compile(r"^#{1,6}[ \t].{0,300}$", re.M)
_CITING: Final = re.compile(r"\b(?:cit(?:e|ing|ation|ations)|bibtex)\b|引用", re.I)


@dataclass(frozen=True)
class Named:
    """What a README says about papers."""

    papers: tuple[Key, ...]
    """The papers that it belongs to; badges and citations before mere links."""
    reading_list: bool
    """It names so many that none can be told to be its own."""


def papers_in(text: str) -> Named:
    """The papers whose code this may be.

    Up to three distinct papers: all of them. More: those that a badge in the first lines or a
    citation to copy names, if these are one to three. Otherwise the README is a reading list, and
    no paper is its own.
    """
    text = text[:MAX_CHARACTERS]
    head = "\n".join(islice(text.splitlines(), HEAD_LINES))
    own = _distinct((*_badges(head), *_citations(text)))
    every = _distinct((*own, *_badges(text), *_ADDRESS.findall(text)))
    if len(every) <= FEW:
        return Named(every, False)
    if 1 <= len(own) <= FEW:
        return Named(own, False)
    return Named((), True)


def _distinct(ids: tuple[str, ...]) -> tuple[Key, ...]:
    """Keys of the ids, each once; `2025.12345` reads like one and is none, since no month is 25."""
    found = map(arxiv_id, ids)
    return tuple(dict.fromkeys(f"arxiv:{one[0]}" for one in found if one is not None))


def _badges(text: str) -> Iterator[str]:
    """Ids in badges that say arXiv, and in what an image links to."""
    for found in _BADGE.finditer(text):
        label = unquote(found[0])
        if "arxiv" in label.lower():
            yield from _IN_BADGE.findall(label)
    for found in _LINKED_IMAGE.finditer(text):
        yield from _ADDRESS.findall(found[1] or found[2])


def _citations(text: str) -> Iterator[str]:
    """The id of each BibTeX entry, and every id under a heading about citing."""
    for entry in _entries(text):
        found = _EPRINT.search(entry) or _CITED.search(entry)
        if found is not None:
            yield found[1]
    for section in _sections(text):
        yield from _CITED.findall(section)


def _entries(text: str) -> Iterator[str]:
    """BibTeX entries, each up to the brace that closes it, as far as one does."""
    starts = [found.start() for found in _ENTRY.finditer(text)]
    for start, after in pairwise([*starts, len(text)]):
        span = text[start : min(after, start + MAX_ENTRY)]
        depth = 0
        for place, mark in enumerate(span):
            depth += (mark in "{(") - (mark in "})")
            if depth == 0 and mark in "})":
                span = span[: place + 1]
                break
        yield span


def _sections(text: str) -> Iterator[str]:
    """The text under each heading about citing, up to the next heading."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings] + [len(text)]
    for heading, end in zip(headings, ends[1:], strict=True):
        if _CITING.search(heading[0]):
            yield text[heading.end() : end]
