"""Answers made worse, by a seed: bytes, JSON and markup, anywhere or within one of their entries.

A body is cut into nested parts of its own text, so that what a mutation does not touch stays as it
was, byte for byte. `trial` puts the mutants of an answer through the parser it belongs to and says
which ones it broke at: an exception other than SourceError, or another record than before of an entry
that nobody touched.
"""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Final

from crawlers.records import Record
from crawlers.source import Answer, Page, Source, SourceError, Step

ACTIVE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What a kept text never holds: it could command a terminal, hide, or not be written at all."""

HUGE: Final = "7" * 5_000

VALUES: Final = (
    "null", "true", "false", "0", "-1", "1.5", "1e999", "-9223372036854775809", HUGE, "NaN",
    '""', '" "', '"x"', '"0000-00-00"', '"\\ud800"', '"\\u0000\\u001b[2J"', '"\\u202e"', f'"{HUGE}"',
    '"https://"', '"https://[x"', '"javascript:alert(1)"', '"github.com/trending/x"',
    "[]", "{}", "[null]", "[[]]", '["x", 5]', '{"": {}}', f"{'[' * 600}{']' * 600}",
)  # fmt: skip
"""What may stand in the place of a JSON value."""

TEXTS: Final = (
    "", " ", "x", "0", "-1", HUGE, "0000-00-00", "\x00", "\x1b[2J", "\u202e", "&#27;", "&#x110000;",
    "&lt;b&gt;", "&nope;", "https://[x", "javascript:alert(1)", "<x/>", "<x>y</x>", "<!-- -->",
    "<![CDATA[<b>]]>", "<?php ?>", "<", "&", "]]>",
)  # fmt: skip
"""What may stand in the place of what an element holds."""

NAMES: Final = ("x", "id", "title", "name", "url", "date", "record", "entry", "paper")


# -- parts -----------------------------------------------------------------------------------


@dataclass
class Part:
    """A member of an object with its name, a value of a list, an element with its tags."""

    start: int
    end: int
    name: str = ""
    value: tuple[int, int] = (0, 0)
    """Where its value, or what stands between its tags, begins and ends."""
    kind: str = ""
    """`{`, `[`, `s`, `n` for JSON, `<` for an element."""
    inside: "list[Part]" = field(default_factory=list)

    def all(self) -> "Iterator[Part]":
        """Itself and every part inside."""
        yield self
        for one in self.inside:
            yield from one.all()


_JSON: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_TAG: Final = re.compile(r"<(/?)([A-Za-z_][\w:.-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>")


def json_parts(text: str) -> Part:
    """The parts of a JSON text."""
    root = Part(0, len(text), kind="[")
    above = [root]
    named: tuple[int, str] | None = None
    last: tuple[int, str] = (0, "")
    for found in _JSON.finditer(text):
        mark, (start, end) = found[0], found.span()
        if mark == ":":
            named = last[0], last[1][1:-1]
            above[-1].inside.pop()
        elif mark in "}]":
            done = above.pop()
            done.end, done.value = end, (done.value[0], end)
        elif mark != ",":
            kind = mark if mark in "{[" else "s" if mark[0] == '"' else "n"
            begin, name = named or (start, "")
            part = Part(begin, end, name, (start, end), kind)
            above[-1].inside.append(part)
            named, last = None, (start, mark)
            if kind in "{[":
                above.append(part)
    return root.inside[0]


def markup_parts(text: str) -> Part:
    """The elements of an XML or HTML text. One that is never closed is none."""
    root = Part(0, len(text), value=(0, len(text)), kind="<")
    above = [root]
    for found in _TAG.finditer(text):
        closing, name, _, empty = found.groups()
        start, end = found.span()
        if not closing:
            part = Part(start, end, name, (end, end), "<")
            above[-1].inside.append(part)
            if not empty:
                above.append(part)
        elif any(one.name == name for one in above):
            while (done := above.pop()).name != name:
                above[-1].inside.remove(done)
                above[-1].inside += done.inside
                done.inside = []
            done.end, done.value = end, (done.value[0], start)
    while len(above) > 1:
        done = above.pop()
        above[-1].inside.remove(done)
        above[-1].inside += done.inside
    return root


# -- mutants ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """A body that was made worse."""

    body: bytes
    how: str
    entry: int | None = None
    """The entry that was touched, and no other; None: it may be anything."""


class Body:
    """A body and its parts."""

    def __init__(self, body: bytes) -> None:
        self.text = body.decode("utf-8", "surrogateescape")
        start = self.text.lstrip("\ufeff \r\n\t")[:1]
        self.form = {"{": "json", "[": "json", "<": "markup"}.get(start, "text")

    @cached_property
    def tree(self) -> Part:
        return {"json": json_parts, "markup": markup_parts}.get(
            self.form, lambda text: Part(0, len(text))
        )(self.text)

    @cached_property
    def parts(self) -> list[Part]:
        return [part for part in self.tree.all() if part is not self.tree or self.form == "json"]

    @cached_property
    def entries(self) -> list[Part]:
        """The largest group of neighbours that look alike; none when there are not two of them."""
        groups: list[list[Part]] = []
        for part in self.tree.all():
            whole = [
                one for one in part.inside if one.kind == "{" or (one.kind == "<" and one.inside)
            ]
            names = Counter(map(_look, whole))
            if names:
                look, _ = names.most_common(1)[0]
                groups.append([one for one in whole if _alike(_look(one), look)])
        largest = max(groups, key=len, default=[])
        return largest if len(largest) > 1 else []

    def put(self, start: int, end: int, text: str) -> bytes:
        """The body with another text in this place."""
        whole = self.text[:start] + text + self.text[end:]
        return whole.encode("utf-8", "surrogateescape" if self.form != "json" else "surrogatepass")

    def blank(self, entry: int) -> bytes:
        """The body with nothing in the place of an entry."""
        start, end = self.entries[entry].value
        return self.put(start, end, "null" if self.form == "json" else "")

    def mutants(self, count: int, choose: random.Random) -> Iterator[Mutant]:
        """So many, half of them within one entry where there are entries."""
        for _ in range(count):
            yield self._mutant(choose)

    def _mutant(self, choose: random.Random) -> Mutant:
        entry = (
            choose.randrange(len(self.entries)) if self.entries and choose.random() < 0.6 else None
        )
        within = self.tree if entry is None else self.entries[entry]
        if self.form == "text" or choose.random() < 0.3:
            start, end = (within.start, within.end) if entry is None else within.value
            return self._bytes(start, end, entry, choose)
        parts = self.parts if entry is None else list(within.all())
        if not parts:
            return self._bytes(0, len(self.text), None, choose)
        part = choose.choice(parts)
        if part is within and entry is not None:
            return self._replaced(part, entry, choose)
        return choose.choice(_WAYS)(self, part, parts, entry, choose)

    def _bytes(self, start: int, end: int, entry: int | None, choose: random.Random) -> Mutant:
        """Bytes flipped, cut out, doubled, or taken from elsewhere, between two places."""
        body = self.text.encode("utf-8", "surrogateescape")
        begin = len(self.text[:start].encode("utf-8", "surrogateescape"))
        end = begin + len(self.text[start:end].encode("utf-8", "surrogateescape"))
        if begin == end:
            return Mutant(body, "nothing to change", entry)
        first, last = sorted(choose.randrange(begin, end + 1) for _ in range(2))
        last = min(last, first + choose.choice([1, 3, 30, 3_000]))
        way = choose.choice(["flip", "flip", "cut", "double", "splice", "end"])
        if way == "flip":
            changed = bytearray(body)
            for _ in range(choose.choice([1, 1, 1, 5, 30])):
                at = choose.randrange(begin, end)
                flipped = choose.randrange(256 if entry is None else 128)
                # Another digit may well make the id of another entry, which is no damage to see.
                if not (changed[at : at + 1].isdigit() and chr(flipped).isdigit()):
                    changed[at] = flipped
            body = bytes(changed)
        elif way == "cut":
            body = body[:first] + body[last:]
        elif way == "double":
            body = body[:last] + body[first:]
        elif way == "splice":
            at = choose.randrange(begin, end + 1)
            body = body[:at] + body[first:last] + body[at:]
        elif entry is None:
            body = body[:first]
        return Mutant(body, f"bytes: {way}", entry)

    # -- ways with a part --------------------------------------------------------------------

    def _replaced(self, part: Part, entry: int | None, choose: random.Random) -> Mutant:
        told = choose.choice(VALUES if self.form == "json" else TEXTS)
        return Mutant(self.put(*part.value, told), f"{part.name} = {told[:20]!r}", entry)

    def _odd(
        self, part: Part, parts: list[Part], entry: int | None, choose: random.Random
    ) -> Mutant:
        return self._replaced(part, entry, choose)

    def _dropped(
        self, part: Part, parts: list[Part], entry: int | None, choose: random.Random
    ) -> Mutant:
        start, end = part.start, part.end
        if self.form == "json":
            after = re.compile(r"\s*,\s*").match(self.text, end)
            end = after.end() if after else end
            while after is None and self.text[start - 1] in " \r\n\t,":
                start -= 1
        return Mutant(self.put(start, end, ""), f"{part.name} dropped", entry)

    def _doubled(
        self, part: Part, parts: list[Part], entry: int | None, choose: random.Random
    ) -> Mutant:
        between = "," if self.form == "json" else ""
        again = self.text[part.start : part.end] + between
        if choose.random() < 0.5:
            told = choose.choice(VALUES if self.form == "json" else TEXTS)
            begin, end = part.value
            again = self.text[part.start : begin] + told + self.text[end : part.end] + between
        return Mutant(self.put(part.start, part.start, again), f"{part.name} twice", entry)

    def _renamed(
        self, part: Part, parts: list[Part], entry: int | None, choose: random.Random
    ) -> Mutant:
        name = choose.choice((*NAMES, *(one.name for one in parts if one.name)))
        begin, end = part.value
        head, tail = self.text[part.start : begin], self.text[end : part.end]
        head, tail = (one.replace(part.name, name, 1) if part.name else one for one in (head, tail))
        whole = head + self.text[begin:end] + tail
        return Mutant(self.put(part.start, part.end, whole), f"{part.name} named {name}", entry)

    def _swapped(
        self, part: Part, parts: list[Part], entry: int | None, choose: random.Random
    ) -> Mutant:
        other = choose.choice(parts)
        told = self.text[slice(*other.value)]
        return Mutant(self.put(*part.value, told), f"{part.name} = that of {other.name}", entry)

    def _bared(
        self, part: Part, parts: list[Part], entry: int | None, choose: random.Random
    ) -> Mutant:
        """Without attributes; a JSON value in a list of its own."""
        begin, end = part.value
        if self.form == "json":
            return Mutant(
                self.put(begin, end, f"[{self.text[begin:end]}]"), f"[{part.name}]", entry
            )
        empty = "/" if self.text[begin - 2] == "/" else ""
        head = f"<{part.name}{empty}>"
        return Mutant(self.put(part.start, begin, head), f"{part.name} without attributes", entry)


_WAYS: Final[tuple[Callable[..., Mutant], ...]] = (
    Body._odd, Body._odd, Body._dropped, Body._doubled, Body._renamed, Body._swapped, Body._bared,
)  # fmt: skip


def _look(part: Part) -> tuple[str, ...]:
    """What neighbours that look alike have in common: the tag, or the names of the members."""
    return (part.name,) if part.kind == "<" else tuple(one.name for one in part.inside)


def _alike(look: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return 2 * len(set(look) & set(other)) > max(len(look), len(other))


# -- trials ----------------------------------------------------------------------------------


@dataclass
class Trial:
    """What came of the mutants of some answers."""

    pages: int = 0
    errors: int = 0
    held: int = 0
    """Pages of which one entry was touched: all others were read as before."""
    slowest: float = 0.0
    """Seconds that the slowest mutant took."""
    crashes: list[str] = field(default_factory=list)
    """Exceptions other than SourceError."""
    wrong: list[str] = field(default_factory=list)
    """Pages that say of an untouched entry another thing than before, or something unfit."""
    refused: list[str] = field(default_factory=list)
    """Answers refused as a whole because of one entry, though they are well formed."""

    @property
    def mutants(self) -> int:
        return self.pages + self.errors + len(self.crashes)


def trial(
    source: Source, step: Step, answer: Answer, count: int, seed: object, into: Trial | None = None
) -> Trial:
    """Puts so many mutants of an answer through the parser of its source."""
    assert source.parse is not None
    parse, told, body = source.parse, into or Trial(), Body(answer.body)
    before = facts(parse(step, answer))

    @cache
    def others(entry: int) -> Counter[str]:
        """What the answer says of all entries but one: what it says without that one too."""
        try:
            return before & facts(parse(step, replace(answer, body=body.blank(entry))))
        except SourceError:
            return Counter()

    choose = random.Random(f"{seed} {source.name} {step.kind}")
    for number, mutant in enumerate(body.mutants(count, choose)):
        where = f"{source.name} {step.kind}, mutant {number} of {seed} ({mutant.how})"
        began = time.perf_counter()
        try:
            page = parse(step, replace(answer, body=mutant.body))
            said = facts(page)
        except SourceError as error:
            told.errors += 1
            if not error.why:
                told.wrong.append(f"{where}: an error without a word")
            if mutant.entry is not None and is_well_formed(mutant.body):
                told.refused.append(f"{where}: {error.why}")
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            told.crashes.append(f"{where}: {error!r}"[:400])
            continue
        finally:
            told.slowest = max(told.slowest, time.perf_counter() - began)
        told.pages += 1
        if bad := unfit(page, source, answer.day):
            told.wrong.append(f"{where}: {bad}")
        if mutant.entry is not None:
            told.held += 1
            if lost := others(mutant.entry) - said:
                told.wrong.append(f"{where}: no longer {next(iter(lost))[:300]}")
    return told


def is_well_formed(body: bytes) -> bool:
    """True for JSON and XML that can be read to the end. HTML is never held to that."""
    if body.lstrip()[:1] in (b"{", b"["):
        try:
            json.loads(body, parse_int=str)
            return True
        except (ValueError, RecursionError):
            return False
    if b"<html" in body:
        return False
    from lxml import etree

    try:
        etree.fromstring(body)
        return True
    except (etree.XMLSyntaxError, ValueError):
        return False


def facts(page: Page) -> Counter[str]:
    """Records and scopes of a page, each as a text. Boards are left out: their columns are made of
    all their rows."""
    records = (one for one in page.records if one.table_name != "board")
    said = Counter(f"{one.table_name} {one.model_dump_json()}" for one in records)
    said.update(repr(scope) for scope in page.whole)
    return said


def unfit(page: Page, source: Source, day: str) -> str | None:
    """What about the records of a page is not fit to be kept; None when all is."""
    for record in page.records:
        assert isinstance(record, Record)
        if (record.source, record.retrieved_at, record.licence) != (
            source.name,
            day,
            source.licence,
        ):
            return f"from elsewhere or under other terms: {record!r}"
        if any(map(ACTIVE.search, texts_in(record.model_dump()))):
            return f"active text: {record!r}"
    return None


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a record, names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from texts_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one)
