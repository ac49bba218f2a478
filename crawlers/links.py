"""The code that a paper names in its comment or abstract."""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from crawlers.keys import parse_key
from crawlers.records import CONFIDENCE, LinkRecord, PaperRecord, Record, RepositoryRecord

_CODE: Final = re.compile(r"[gG]it(?:[hH]ub|[lL]ab)\.com/[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_.-]+")
"""Begins with a letter that must stand there; what may stand before it is looked at afterwards, since
a pattern that begins with a choice takes 5 x longer."""


def code(paper: PaperRecord, base: dict[str, Any]) -> Iterator[Record]:
    """Links to the repositories that the comment or the abstract names, each once."""
    seen: set[str] = set()
    places: tuple[tuple[Literal["comment", "abstract"], str | None], ...] = (
        ("comment", paper.comment),
        ("abstract", paper.abstract),
    )
    for evidence, text in places:
        if text is None or ".com/" not in text:
            continue
        plain = text.replace("\\_", "_")
        for found in _CODE.finditer(plain):
            if _inside_another(plain[: found.start()]):
                continue
            bare = found[0].rstrip(".-_")
            repository = parse_key(f"https://{bare}")
            if repository is None or repository in seen:
                continue
            seen.add(repository)
            url = f"https://{bare.removesuffix('.git')}"
            yield RepositoryRecord(
                key=repository, name="/".join(url.split("/")[3:5]), url=url, **base
            )
            yield LinkRecord(
                paper=paper.key,
                repository=repository,
                evidence=evidence,
                url=url,
                confidence=CONFIDENCE[evidence],
                **base,
            )


def _inside_another(before: str) -> bool:
    """True when the address is the end of another host's name: `docs.github.com`."""
    return (
        bool(before)
        and not before.endswith("www.")
        and (before[-1].isalnum() or before[-1] in "._-")
    )
