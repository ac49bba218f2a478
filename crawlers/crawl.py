"""Drives a source over the network: step by step, resumable after each, never in a circle."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from crawlers.addresses import network_of
from crawlers.client import RETRIES, Client, Refusal, Validators
from crawlers.records import RECORDS, LibraryRecord, Record
from crawlers.source import Answer, Page, Request, Skip, Source, SourceError, Step
from crawlers.tape import official

READINGS: Final = 3
"""How often an answer that cannot be believed is asked for."""

IN_A_ROW: Final = 3
"""Steps that fail one after the other, after which the fault is the source's and not theirs."""

_OF_ALL: Final = frozenset({401, 407, 429, 503})
"""Refusals that are about who asks, or how often, and not about what is asked for."""

MAX_ETAG: Final = 500
"""Longest ETag kept, in characters: a part of one would fit nothing."""

REPEATS: Final = 3
"""Pages with the very records of an earlier page after which a list is held to turn in a circle."""


@dataclass(frozen=True)
class Asked:
    """A request that was answered before."""

    etag: str | None = None
    modified: str | None = None
    fresh_until: float = 0.0
    """Seconds since 1970 up to which it need not be asked again."""
    follow: tuple[Step, ...] = ()
    again: tuple[Record, ...] = ()
    """What the source says once more when nothing changed."""

    def to_json(self) -> str:
        """The steps and records, for the ledger."""
        said = {
            "follow": [[step.kind, dict(step.said)] for step in self.follow],
            "again": [
                {"table": one.table_name, **one.model_dump(mode="json", exclude_defaults=True)}
                for one in self.again
            ],
        }
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def follow_and_again(text: str) -> tuple[tuple[Step, ...], tuple[Record, ...]]:
    """What `Asked.to_json` wrote; nothing when it cannot be read."""
    try:
        said = json.loads(text)
        follow = tuple(Step(str(kind), dict(one)) for kind, one in said["follow"])
        again = tuple(
            RECORDS[one["table"]](**{name: one[name] for name in one if name != "table"})
            for one in said["again"]
        )
        return follow, again
    except (ValueError, KeyError, TypeError):
        return (), ()


Known = Callable[[str], Asked | None]
"""What is known of a request by its mark."""


@dataclass(frozen=True)
class Position:
    """Where a crawl stands: what is left to do, and what was done."""

    pending: tuple[Step, ...]
    done: tuple[str, ...] = ()
    """Marks of the steps that were answered, and of the pages that came."""
    count: int = 0
    """Records of the source's main table so far."""
    lists: tuple[str, ...] = ()
    """For each pending step the mark of the first step of its list, its own when nothing is given. A
    circle is one within a list, since two categories may well hold the same papers."""

    def __post_init__(self) -> None:
        if len(self.lists) != len(self.pending):
            object.__setattr__(self, "lists", tuple(map(mark_of, self.pending)))

    def to_json(self) -> str:
        steps = [
            [step.kind, dict(step.said), first]
            for step, first in zip(self.pending, self.lists, strict=True)
        ]
        said = {"pending": steps, "done": self.done, "count": self.count}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Position | None":
        """None when the text is none, or was written in another way."""
        try:
            said = json.loads(text)
            pending = tuple(Step(str(kind), dict(one)) for kind, one, _ in said["pending"])
            lists = tuple(str(first) for _, _, first in said["pending"])
            return cls(pending, tuple(map(str, said["done"])), int(said["count"]), lists)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None


@dataclass(frozen=True)
class Taken:
    """One step done: its page, and where the crawl stands now."""

    page: Page
    position: Position
    request: str | None = None
    """Mark of the request that may be remembered with `asked`; None: not worth it, or not complete."""
    asked: Asked | None = None
    cut: bool = False
    """True when the limit ended the crawl before its end."""


def crawl(
    source: Source,
    client: Client,
    position: Position,
    *,
    limit: int | None = None,
    known: Known = lambda mark: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Taken]:
    """The pages of a source, one step at a time.

    Whoever takes them commits each together with its position; a crawl that begins at that position
    goes on as if it had never stopped. Ends early, without an exception, when `stop` says so.
    Refusal, SourceError and Stopped come from the step that is first in the last position.
    A step that stands alone and cannot be had is put off behind the others.
    """
    client.retries_left = RETRIES
    failed: dict[str, Refusal | SourceError] = {}
    in_a_row = 0
    while position.pending and not stop():
        step, *rest = position.pending
        first, *others = position.lists
        mark = mark_of(step)
        if mark in failed:
            raise failed[mark]
        try:
            request, page, asked = _ask(source, client, step, known)
        except (Refusal, SourceError) as error:
            in_a_row += 1
            alone = step.kind in source.alone and _is_about_one(error)
            if not alone or not rest or in_a_row == IN_A_ROW:
                raise
            failed[mark] = error
            position = replace(position, pending=(*rest, step), lists=(*others, first))
            continue
        in_a_row = 0
        done = {*position.done, mark, f"{first} {mark}"}
        known_steps = done | {mark_of(one) for one in rest}
        following = {mark_of(one): one for one in page.next}
        onward = tuple(one for its, one in following.items() if its not in known_steps)
        # Two lists may well lead to one step; a circle is one list that leads back to its own.
        circle = any(f"{first} {its}" in done for its in following)
        page, digest, repeats = _repeated(page, first, position.done)
        met = len(page.records)
        page, count, full = _limited(page, source, position.count, limit)
        now = Position(
            pending=() if full else (*onward, *rest),
            done=(*position.done, mark, f"{first} {mark}", *digest),
            count=count,
            lists=() if full else (*(first for _ in onward), *others),
        )
        keep = asked is not None and page.broken is None and not full
        yield Taken(
            page,
            now,
            request if keep else None,
            asked if keep else None,
            cut=full and (len(page.records) < met or bool(onward or rest)),
        )
        if circle:
            raise SourceError("the list turns in a circle: its next page was read before")
        if repeats >= REPEATS:
            raise SourceError(f"the list turns in a circle: {repeats} pages repeat earlier ones")
        position = now


def _is_about_one(error: Refusal | SourceError) -> bool:
    """True when the next request may well be answered."""
    if isinstance(error, SourceError):
        return True
    refused = error.kind == "refused" and error.until is None
    return refused and error.status is not None and error.status not in _OF_ALL


def mark_of(step: Step) -> str:
    """A short mark of a step: two of one mark are one request."""
    said = json.dumps([step.kind, step.said], sort_keys=True, ensure_ascii=False)
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _ask(
    source: Source, client: Client, step: Step, known: Known
) -> tuple[str, Page, Asked | None]:
    """Mark of the request, the page, and what to remember of the answer."""
    assert source.request is not None
    _, base = network_of(source)
    try:
        request = source.request(step, base.url)
    except (ValueError, KeyError, TypeError) as error:
        # A place that an earlier version of the source wrote down.
        raise SourceError(f"no such step any more: {step.kind}") from error
    mark = _mark_of_request(request, official(request.url, base))
    before = known(mark)
    if before and before.fresh_until > time.time():
        return mark, Page(tally=(("asked already", 1),), next=before.follow), None
    validators = Validators(before.etag, before.modified) if before else None
    for reading in range(1, READINGS + 1):
        try:
            answer = client.fetch(source, request, validators)
            if answer.status == 304:
                if before is None or not (before.etag or before.modified):
                    raise SourceError("not changed since nothing was asked: status 304")
                page = Page(
                    tuple(_of_day(one, answer.day) for one in before.again),
                    tally=(("not changed", 1),),
                    next=before.follow,
                    again=before.again,
                )
                return mark, page, _remembered(request, answer, page, before)
            page = _parsed(source, step, answer)
            return mark, page, _remembered(request, answer, page, None)
        except SourceError as error:
            if not error.again or reading == READINGS:
                raise
            client.before_again(source, reading, error.why)
    raise AssertionError


def _parsed(source: Source, step: Step, answer: Answer) -> Page:
    assert source.parse is not None
    try:
        return source.parse(step, answer)
    except RecursionError as error:
        raise SourceError("nested too deeply to be read") from error
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        # A fault of ours, met in an answer that nobody has seen before: what came before it is kept.
        raise SourceError(f"cannot be read ({type(error).__name__}); please report it") from error


def _remembered(request: Request, answer: Answer, page: Page, before: Asked | None) -> Asked | None:
    """What to keep of an answered request; None when nothing makes the next time cheaper."""
    etag = answer.headers.get("etag") or (before.etag if before else None)
    modified = answer.headers.get("last-modified") or (before.modified if before else None)
    if not (etag or modified or request.fresh_for):
        return None
    return Asked(
        etag=etag if etag and len(etag) <= MAX_ETAG else None,
        modified=modified[:100] if modified else None,
        fresh_until=time.time() + request.fresh_for if request.fresh_for else 0.0,
        follow=page.next,
        again=page.again,
    )


def _of_day(record: Record, day: str) -> Record:
    """The record as said on another day."""
    dated = {"day": day} if "day" in type(record).model_fields else {}
    return record.model_copy(update={"retrieved_at": day, **dated})


def _mark_of_request(request: Request, url: str) -> str:
    """Of the official address, so that a mirror's answers are not taken for another question's."""
    said = url.encode("utf-8", "surrogatepass") + b"\n" + (request.body or b"")
    return blake2b(said, digest_size=16).hexdigest()


def _repeated(page: Page, first: str, done: tuple[str, ...]) -> tuple[Page, tuple[str, ...], int]:
    """The page, the mark of its records in its list, and how many pages of that list have repeated
    earlier ones by now."""
    repeat = f"=again {first}"
    repeats = done.count(repeat)
    named = sorted(f"{one.table_name} {one!r}" for one in page.records if isinstance(one, Record))
    if not named:
        return page, (), 0
    text = "\n".join((first, *named))
    digest = "=" + blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    if digest not in done:
        return page, (digest,), 0
    skip = Skip("page", "repeats an earlier page")
    return replace(page, skipped=(*page.skipped, skip)), (repeat,), repeats + 1


def _limited(page: Page, source: Source, count: int, limit: int | None) -> tuple[Page, int, bool]:
    """The page cut at the limit, how many main records there are by now, and whether that is all."""
    if limit is None:
        counted = sum(_is_main(one, source) for one in page.records)
        return page, count + counted, False
    kept: list[Record | LibraryRecord] = []
    for record in page.records:
        if _is_main(record, source):
            if count == limit:
                return replace(page, records=tuple(kept), whole=()), count, True
            count += 1
        kept.append(record)
    return page, count, count >= limit


def _is_main(record: Record | LibraryRecord, source: Source) -> bool:
    return record.table_name == source.main
