"""What every source on the network promises, over the answers that the loopback server gives it.

A new file in crawlers/sources is held to this without a word here; the loopback has to speak its
interface, since a source that was never asked promises nothing. Damage: test_every_answer.py.
"""

import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import pytest

from crawlers.client import check_address
from crawlers.crawl import Position, mark_of
from crawlers.records import RECORDS
from crawlers.source import Source, SourceError, Step
from hub.catalog import Catalog
from tests.answers import ASKED, NETWORKED, WISHES, cases, crawled
from tests.hubtest import ROOT, empty_catalog
from tests.trials import unfit

every = pytest.mark.parametrize("source", NETWORKED, ids=lambda source: source.name)
asked = pytest.mark.parametrize("source", ASKED, ids=lambda source: source.name)

REACHED = {
    "arxiv_oai": {"list", "more"},
    "arxiv_query": {"ids", "search"},
    "arxiv_rss": {"feed"},
    "github": {"repository", "batch", "search", "readme", "profile", "newcomers"},
    "github_trending": {"page"},
    "hf_papers": {"day", "paper"},
    "pwc_live": {"papers", "evaluations", "board", "frameworks", "tasks", "methods", "datasets"},
}
"""Kinds of steps that the loopback answered when this was written: fewer would be tests that are gone."""


def steps_of(source: Source) -> list[Step]:
    """Every step that it began with or was led to."""
    assert source.start is not None
    found: dict[str, Step] = {}
    for wish in WISHES:
        try:
            first = source.start(wish)
        except (SourceError, ValueError):
            continue
        found.update((mark_of(step), step) for step in first)
    for case in crawled(source.name).cases:
        found.update((mark_of(step), step) for step in (case.step, *case.parse().next))
    return list(found.values())


# -- what it declares ------------------------------------------------------------------------


@every
def test_operator_and_address_are_stated(source: Source):
    operator, base = source.operator, source.base
    assert operator is not None and base is not None
    assert operator.hosts and operator.title
    assert operator.delay > 0 and operator.penalty > 0
    assert operator.stated_at.startswith("https://")
    assert re.fullmatch(r"HUB_[A-Z]+(_[A-Z]+)*_URL", base.variable)
    official = urlsplit(base.official)
    assert (official.scheme, official.query, official.fragment) == ("https", "", "")
    assert operator.owns(official.hostname or "") and not base.official.endswith("/")
    assert source.main in RECORDS


def test_each_variable_stands_for_one_address():
    named = {(one.base.variable, one.base.official) for one in NETWORKED if one.base}
    assert len({variable for variable, _ in named}) == len(named)


@every
def test_source_is_asked_or_downloaded(source: Source):
    functions = (source.start, source.request, source.parse, source.plan)
    assert all(functions) or (not any(functions) and source.files and source.read)


@every
def test_published_files_can_be_checked(source: Source):
    for slice_, files in source.files.items():
        assert files and re.fullmatch(r"[a-z-]+", slice_)
        assert len({file.name for file in files}) == len(files)
        for file in files:
            assert Path(file.name).name == file.name and file.size > 0
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", file.day)
            assert file.stated_at.startswith("https://")


# -- what it asks ----------------------------------------------------------------------------


@asked
def test_every_kind_of_step_is_answered_by_the_loopback(source: Source):
    met = crawled(source.name)
    reached = {case.step.kind for case in met.cases}
    assert reached == met.kinds, "steps that nothing here answers"
    assert reached >= REACHED.get(source.name, {next(iter(reached))})


@asked
def test_steps_are_the_same_each_time_and_survive_json(source: Source):
    assert source.start is not None
    begun = 0
    for wish in WISHES:
        try:
            first = source.start(wish)
        except (SourceError, ValueError):
            continue
        assert first == source.start(replace(wish))
        begun += len(first)
    assert begun
    position = Position(tuple(steps_of(source)))
    assert Position.from_json(position.to_json()) == position
    assert len(set(position.lists)) == len(position.pending)


@asked
@pytest.mark.parametrize("base", ["", "https://mirror.example/some/place"])
def test_request_stays_under_the_base_address_and_carries_no_secret(
    source: Source, base: str, monkeypatch: pytest.MonkeyPatch
):
    assert source.base and source.request
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_a-canary")
    if base:
        monkeypatch.setenv(source.base.variable, base)
    for step in steps_of(source):
        request = source.request(step, source.base.url)
        assert request == source.request(
            Step(step.kind, json.loads(json.dumps(step.said))), source.base.url
        )
        assert re.match(re.escape(base or source.base.official) + r"([/?]|$)", request.url)
        assert request.url.isascii() and not re.search(r"[\s#]", request.url)
        check_address(source, request.url)
        assert request.accept
        assert all(re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", one) for one in request.accept)
        said = {name.lower() for name in request.headers}
        assert not said & {"authorization", "cookie", "proxy-authorization", "x-api-key"}
        assert "canary" not in repr(request)
        assert 200 in request.answers
        assert not request.answers & {304, 429, *range(500, 600)}
        assert request.max_bytes > 0 and request.resource and request.fresh_for >= 0
        assert request.body is None or json.loads(request.body)


@asked
def test_plan_names_the_fewer_requests_first(source: Source):
    assert source.start and source.plan
    for wish in WISHES:
        try:
            first = source.start(wish)
        except (SourceError, ValueError):
            continue
        plan = source.plan(wish)
        least, most = plan.requests
        assert 0 <= least <= most
        assert (least > 0) == bool(first)
        assert plan.why.strip()


# -- what it makes of an answer --------------------------------------------------------------

OUTSIDE = re.compile(
    r"time\.\w+|datetime\.(now|utcnow|today)|date\.today|_?io\.open(_code)?|_?socket\.\w+"
    r"|posix\.(open|stat|lstat|listdir|scandir|urandom|getenv|getcwd|readlink)|Random\.\w+"
)
"""Clock, files, network and chance, as the profiler names them."""

ENVIRONMENT = {type(os.environ).__getitem__.__code__, type(os.environ).__iter__.__code__}


@contextmanager
def watched() -> Iterator[set[str]]:
    """What of the world outside is asked for meanwhile, by whatever name it was imported. An import
    may look for its module."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, called: Any) -> None:
        if event == "call" and frame.f_code in ENVIRONMENT:
            found.add("os.environ")
        elif event == "c_call" and not frame.f_code.co_filename.startswith("<frozen importlib"):
            name = f"{called.__module__}." if isinstance(called.__module__, str) else ""
            if OUTSIDE.fullmatch(name + called.__qualname__) or OUTSIDE.fullmatch(
                called.__qualname__
            ):
                found.add(name + called.__qualname__)

    before, collects = sys.getprofile(), gc.isenabled()
    # hypothesis looks at the clock whenever the collector runs, whose turn it may be at any moment.
    gc.disable()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()


def test_watch_sees_what_is_outside():
    import random
    import socket
    import time
    from datetime import UTC, date, datetime

    ways = (
        time.time, lambda: datetime.now(UTC), date.today, lambda: Path(__file__).read_bytes(),
        lambda: os.environ.get("HOME"), lambda: socket.gethostname(), random.random,
        lambda: os.getenv("HOME"), lambda: Path(__file__).exists(), time.monotonic,
    )  # fmt: skip
    for way in ways:
        with watched() as found:
            way()
        assert found, way
    with watched() as found:
        json.loads("[1]")
        datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    assert not found


@asked
def test_parse_is_a_function_of_its_arguments_alone(source: Source):
    """What it needs of the program (modules, tables) is read the first time, whatever the answer."""
    assert source.start and source.request and source.base
    for case in cases(source):
        first = case.parse()
        with watched() as found:
            again = case.parse()
            source.request(case.step, source.base.official)
            for wish in WISHES[:2]:
                source.start(wish)
        assert found == set(), case
        assert again == first


CHILD = """
import pickle, sys
from hashlib import sha256
from crawlers.source import source_named
for name, step, answer in pickle.load(sys.stdin.buffer):
    print(sha256(repr(source_named(name).parse(step, answer)).encode()).hexdigest())
"""


def test_parse_says_the_same_in_another_process_place_and_time_zone(tmp_path: Path):
    import pickle

    found = [case for source in ASKED for case in cases(source)]
    given = pickle.dumps([(case.source.name, case.step, case.answer) for case in found])
    there = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=given,
        capture_output=True,
        env={**there, "PYTHONHASHSEED": "7"},
        cwd=tmp_path,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr.decode()
    here = [sha256(repr(case.parse()).encode()).hexdigest() for case in found]
    assert done.stdout.decode().split() == here


@asked
def test_records_say_who_says_them_when_and_under_which_terms(source: Source):
    met = 0
    for case in crawled(source.name).cases:
        page = case.parse()
        assert unfit(page, source, case.answer.day) is None
        for record in (*page.records, *page.again):
            assert record.source_url and record.source_url.startswith("https://")
            met += 1
        assert all(record in page.records for record in page.again)
        for scope in page.whole:
            assert scope.source == source.name
            assert {"link": "paper", "result": "board", "notice": "key"}[scope.table] == scope.field
        assert all(skip.where and skip.reason for skip in page.skipped)
        assert all(count >= 0 for _, count in page.tally)
    assert met > 5


@asked
def test_catalog_takes_every_page_and_changes_nothing_the_second_time(
    source: Source, tmp_path: Path
):
    with Catalog.open(empty_catalog(tmp_path / "catalog.db"), write=True) as catalog:
        for case in crawled(source.name).cases:
            page = case.parse()
            new = changed = 0
            for at in ("2026-11-23T10:00:00+00:00", "2026-11-23T11:00:00+00:00"):
                with catalog.transaction():
                    counts = catalog.upsert(page.records, at=at, whole=page.whole)
                new, changed = counts.new.total(), counts.changed.total()
            assert (new, changed, counts.removed.total()) == (0, 0, 0), case
            for record in page.records:
                assert catalog.get(record.table_name, record.identity()[0]), record
        assert catalog.check() == []
