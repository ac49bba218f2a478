"""The mutants of an answer, put through the parser it belongs to.

A parser breaks at one when it raises anything but SourceError, when it says of an entry that nobody
touched another thing than before, or when it gives up a well-formed answer because of one entry.
"""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from crawlers.records import Record
from crawlers.source import Page, Source, SourceError
from tests.answers import Case
from tests.mutations import Body

ACTIVE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""What a kept text never holds: it could command a terminal, hide, or not be written at all."""


SHARED: Final = frozenset({"task", "dataset", "board"})
"""What the rows of a list name together: the first of them gives its page as the source."""


@dataclass(frozen=True)
class Refused(Page):
    """No page at all."""

    why: str = ""


@dataclass
class Trial:
    """What came of the mutants of some answers."""

    mutants: int = 0
    pages: int = 0
    """Mutants of which there was a page; the others were refused."""
    held: int = 0
    """Pages of which one entry was touched, and others that were to be read as before."""
    slowest: float = 0.0
    """Seconds that the slowest mutant took."""
    crashes: list[str] = field(default_factory=list)
    """Exceptions other than SourceError."""
    wrong: list[str] = field(default_factory=list)
    """Pages that say of an untouched entry another thing than before, or something unfit."""
    refused: list[str] = field(default_factory=list)
    """Answers refused as a whole because of one entry, though they are well formed."""

    @property
    def broken(self) -> list[str]:
        """Everything that must not be."""
        return self.crashes + self.wrong + self.refused

    def put(self, case: Case, count: int, seed: int) -> None:
        """Tries so many mutants of an answer."""
        body = Body(case.answer.body)
        before = self._read(case, case.answer.body, f"{case}, as it came")

        @cache
        def others(entry: int) -> Counter[str]:
            """What the answer says of all entries but one: it says so without that one too. A part
            that takes no record with it is no entry of its own, but belongs to another one."""
            where = f"{case}, without entry {entry}"
            without = self._read(case, body.blank(entry), where)
            was, left = by_subject(before), by_subject(without)
            if not was.keys() > left.keys():
                return Counter()
            if leaning := [one for one in left if left[one] != was[one] and one[0] not in SHARED]:
                self.wrong.append(f"{where}: another {leaning[0]}")
            return facts(before) & facts(without)

        choose = random.Random(f"{seed} {case}")
        for number, mutant in enumerate(body.mutants(count, choose)):
            where = f"{case}, mutant {number} of {seed} ({mutant.how})"
            began = time.perf_counter()
            page = self._read(case, mutant.body, where)
            self.slowest = max(self.slowest, time.perf_counter() - began)
            self.mutants += 1
            if isinstance(page, Refused):
                sound = before.records and mutant.entry is not None
                if sound and is_well_formed(mutant.body):
                    self.refused.append(f"{where}: {page.why}")
                continue
            self.pages += 1
            if bad := unfit(page, case.source, case.answer.day):
                self.wrong.append(f"{where}: {bad}")
            elif mutant.entry is not None and (due := others(mutant.entry)):
                self.held += 1
                if lost := due - facts(page):
                    self.wrong.append(f"{where}: no longer {next(iter(lost))[:300]}")

    def _read(self, case: Case, body: bytes, where: str) -> Page:
        """The page; Refused where there is none, which is noted unless it is said in words."""
        try:
            return case.parse(body)
        except SourceError as error:
            if not error.why.strip():
                self.wrong.append(f"{where}: an error without a word")
            return Refused(why=error.why)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            self.crashes.append(f"{where}: {error!r}"[:400])
            return Refused(why=repr(error))


def by_subject(page: Page) -> dict[tuple[str, ...], str]:
    """What a page says of each thing."""
    said: dict[tuple[str, ...], str] = {}
    for one in page.records:
        assert isinstance(one, Record)
        subject = (one.table_name, *one.identity())
        said[subject] = said.get(subject, "") + repr(one)
    return said


def facts(page: Page) -> Counter[str]:
    """Records and scopes of a page, each as a text. Boards are left out: their columns are made of
    all their rows."""
    records = (one for one in page.records if one.table_name != "board")
    said = Counter(f"{one.table_name} {one!r}" for one in records)
    said.update(map(repr, page.whole))
    return said


def unfit(page: Page, source: Source, day: str) -> str | None:
    """What about the records of a page is not fit to be kept; None when all is."""
    due = (source.name, day, source.licence)
    for record in page.records:
        assert isinstance(record, Record)
        if (record.source, record.retrieved_at, record.licence) != due:
            return f"from elsewhere or under other terms: {record!r}"
        if any(map(ACTIVE.search, texts_in(record.model_dump()))):
            return f"active text: {record!r}"
    return None


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a value, names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from texts_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one)


def is_well_formed(body: bytes) -> bool:
    """True for JSON and XML that can be read to the end. HTML is never held to that."""
    from lxml import etree

    try:
        if body.lstrip()[:1] in (b"{", b"["):
            json.loads(body, parse_int=str)
        elif b"<html" in body:
            return False
        else:
            etree.fromstring(body)
        return True
    except (ValueError, RecursionError, etree.XMLSyntaxError):
        return False
