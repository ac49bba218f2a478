"""Answers made worse, by a seed: bytes, JSON and markup, anywhere or within one of their entries.

A body is cut into nested parts of its own text, so that what a mutation does not touch stays as it
was, byte for byte. tests.trials puts the mutants through the parsers.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

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


Made = tuple[bytes, str]
"""A body, and how it was made."""


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
        """So many, most of them within one entry where there are entries."""
        for _ in range(count):
            entry = None
            if self.entries and choose.random() < 0.6:
                entry = choose.randrange(len(self.entries))
            if self.form == "text" or choose.random() < 0.3:
                body, how = self._bytes(entry, choose)
            else:
                body, how = self._structure(entry, choose)
            yield Mutant(body, how, entry)

    def _structure(self, entry: int | None, choose: random.Random) -> Made:
        parts = self.parts if entry is None else list(self.entries[entry].all())
        part = choose.choice(parts)
        if entry is not None and part is self.entries[entry]:
            return self._replaced(part, parts, choose)
        return choose.choice(_WAYS)(self, part, parts, choose)

    def _bytes(self, entry: int | None, choose: random.Random) -> Made:
        """Bytes flipped, cut out, doubled, or taken from elsewhere."""
        start, end = (0, len(self.text)) if entry is None else self.entries[entry].value
        before, inside, after = (
            text.encode("utf-8", "surrogateescape")
            for text in (self.text[:start], self.text[start:end], self.text[end:])
        )
        changed = bytearray(inside)
        first, last = sorted(choose.randrange(len(inside) + 1) for _ in range(2))
        last = min(last, first + choose.choice([1, 3, 30, 3_000]))
        way = choose.choice(["flip", "flip", "cut", "double", "splice", "end"])
        if way == "flip" and inside:
            for _ in range(choose.choice([1, 1, 1, 5, 30])):
                at, byte = (
                    choose.randrange(len(inside)),
                    choose.randrange(choose.choice([128, 256])),
                )
                # Another digit may well make the id of another entry, which is no damage to see.
                if not (chr(changed[at]).isdigit() and chr(byte).isdigit()):
                    changed[at] = byte
        elif way == "cut":
            del changed[first:last]
        elif way == "double":
            changed[last:last] = inside[first:last]
        elif way == "splice":
            at = choose.randrange(len(inside) + 1)
            changed[at:at] = inside[first:last]
        elif way == "end":
            del changed[first:]
        return before + bytes(changed) + after, f"bytes: {way}"

    # -- ways with a part --------------------------------------------------------------------

    def _odd(self, choose: random.Random) -> str:
        return choose.choice(VALUES if self.form == "json" else TEXTS)

    def _replaced(self, part: Part, parts: list[Part], choose: random.Random) -> Made:
        told = self._odd(choose)
        return self.put(*part.value, told), f"{part.name} = {told[:20]!r}"

    def _dropped(self, part: Part, parts: list[Part], choose: random.Random) -> Made:
        start, end = part.start, part.end
        if self.form == "json":
            after = _COMMA.match(self.text, end)
            end = after.end() if after else end
            while after is None and self.text[start - 1] in " \r\n\t,":
                start -= 1
        return self.put(start, end, ""), f"{part.name} dropped"

    def _doubled(self, part: Part, parts: list[Part], choose: random.Random) -> Made:
        """Once more before itself, half the time with something else in it."""
        begin, end = part.value
        told = self._odd(choose) if choose.random() < 0.5 else self.text[begin:end]
        again = self.text[part.start : begin] + told + self.text[end : part.end]
        comma = "," if self.form == "json" else ""
        return self.put(part.start, part.start, again + comma), f"{part.name} twice"

    def _renamed(self, part: Part, parts: list[Part], choose: random.Random) -> Made:
        name = choose.choice((*NAMES, *(one.name for one in parts if one.name)))
        begin, end = part.value
        head, tail = self.text[part.start : begin], self.text[end : part.end]
        if part.name:
            head, tail = head.replace(part.name, name, 1), tail.replace(part.name, name, 1)
        whole = head + self.text[begin:end] + tail
        return self.put(part.start, part.end, whole), f"{part.name} named {name}"

    def _swapped(self, part: Part, parts: list[Part], choose: random.Random) -> Made:
        other = choose.choice(parts)
        told = self.text[slice(*other.value)]
        return self.put(*part.value, told), f"{part.name} = that of {other.name}"

    def _bared(self, part: Part, parts: list[Part], choose: random.Random) -> Made:
        """Without attributes; a JSON value in a list of its own."""
        begin, end = part.value
        if self.form == "json":
            return self.put(begin, end, f"[{self.text[begin:end]}]"), f"[{part.name}]"
        empty = "/" if self.text[begin - 2] == "/" else ""
        return self.put(part.start, begin, f"<{part.name}{empty}>"), f"{part.name} bared"


_WAYS: Final[tuple[Callable[..., Made], ...]] = (
    Body._replaced, Body._replaced, Body._dropped, Body._doubled, Body._renamed, Body._swapped,
    Body._bared,
)  # fmt: skip

_COMMA: Final = re.compile(r"\s*,\s*")


def _look(part: Part) -> tuple[str, ...]:
    """What neighbours that look alike have in common: the tag, or the names of the members."""
    return (part.name,) if part.kind == "<" else tuple(one.name for one in part.inside)


def _alike(look: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return 2 * len(set(look) & set(other)) > max(len(look), len(other))
