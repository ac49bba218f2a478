"""What every source promises. A new file in crawlers/sources is held to this without a word here."""

import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crawlers.sources
from crawlers.source import Origin, Page, Skip, Source, all_sources, source_of

FILES = sorted(
    path.stem
    for path in Path(crawlers.sources.__path__[0]).glob("*.py")
    if not path.stem.startswith("_")
)
ORIGIN = Origin("some.file", "2026-11-23")
SOURCES = {source.name: source for source in all_sources()}

every = pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
recognising = pytest.mark.parametrize(
    "source", [s for s in SOURCES.values() if s.recognise], ids=lambda s: s.name
)
reading = pytest.mark.parametrize(
    "source", [s for s in SOURCES.values() if s.read], ids=lambda s: s.name
)

BEGINNINGS = [
    b"", b"[", b"{", b"[{", b'{"hub_export": 1}\n', b'{"id": "1512.03385", "title": "', b"\xef\xbb\xbf[",
    b'{"table": "paper", "source": "x", "retrieved_at": "2026-01-01", "key": "arxiv:1512.03385", ',
    b'[{"task": "T", "datasets": [{"dataset": "D", "sota": {"rows": [', b'[{"repo_url": "',
    b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"SQLite format 3\x00", b"<?xml version='1.0'?><feed>",
]  # fmt: skip

VALUES: list[Any] = [
    {}, [], None, 5, "x", [{}], [None, 5, "x", [], {}], {"a": {}}, [{"task": 5}], [{"task": "T"}],
    {"table": "paper"}, {"table": "paper", "__pydantic_self__": 1}, {"table": []},
    {"table": "library"}, {"hub_export": 99}, {"hub_export": None},
    {"id": "1512.03385"}, [{"name": 1}], [{"datasets": [5]}], [{"task": "T", "subtasks": [5, None]}],
    [{"task": "T", "datasets": [None, 5, 2.5, "x", []]}],
    [{"task": "T", "datasets": [{"dataset": "D", "subdatasets": [None, 5, 2.5]}]}],
    [{"task": "T", "datasets": [{"dataset": "D", "sota": {"rows": [None, 5, 2.5, []]}}]}],
]  # fmt: skip

DEEP = [
    b'{"id": "1512.03385", "title": "T", "unknown": ',
    b'{"table": "paper", "source": "x", "retrieved_at": "2026-01-01", "key": "arxiv:1512.03385", '
    b'"title": "T", "extra": {"a": 1}, "unknown": ',
    b'{"table": "paper", "source": "x", "retrieved_at": "2026-01-01", "key": "arxiv:1512.03385", '
    b'"title": "T", "extra": ',
    b'[{"task": "T", "subtasks": [], "datasets": [], "categories": [], "unknown": ',
    b'[{"name": "N", "full_name": "N", "collections": [], "introduced_year": 1, "unknown": ',
]


def pages(source: Source, data: bytes) -> list[Page]:
    assert source.read is not None
    return list(source.read(io.BytesIO(data), ORIGIN))


def test_every_file_of_the_folder_is_a_source_by_its_name():
    assert list(SOURCES) == FILES


@every
def test_source_declares_itself(source: Source):
    assert source.title.strip() == source.title != ""
    assert source.licence is None or source.licence.strip() == source.licence != ""
    assert source.home.startswith("https://")


@every
def test_source_that_recognises_a_file_can_read_it(source: Source):
    assert (source.recognise is None) == (source.read is None)


@recognising
def test_certainty_lies_between_none_and_full(source: Source):
    choose = random.Random(1)
    heads = BEGINNINGS + [b + choose.randbytes(300) for b in BEGINNINGS for _ in range(20)]
    assert source.recognise is not None
    assert [head for head in heads if not 0.0 <= source.recognise(head) <= 1.0] == []


@given(st.binary(max_size=400))
def test_noise_is_nobody_s(data: bytes):
    assert source_of(data) is None


@pytest.mark.parametrize("head", BEGINNINGS[-4:], ids=["gzip", "zip", "sqlite", "xml"])
def test_file_of_another_format_is_nobody_s(head: bytes):
    assert source_of(head + bytes(100)) is None


@reading
@settings(max_examples=50)
@given(st.binary(max_size=300), st.sampled_from(BEGINNINGS))
def test_noise_is_read_as_pages_without_an_exception(source: Source, data: bytes, start: bytes):
    found = pages(source, start + data)
    assert found
    assert all(isinstance(page, Page) for page in found)


@reading
@pytest.mark.parametrize("value", VALUES, ids=lambda value: json.dumps(value)[:60])
def test_json_of_another_shape_is_read_without_an_exception(source: Source, value: Any):
    found = pages(source, json.dumps(value).encode() + b"\n")
    assert all(skip.reason for page in found for skip in page.skipped)


@reading
@pytest.mark.parametrize("depth", [100, 400, 900])
@pytest.mark.parametrize("start", DEEP, ids=lambda start: start[:24])
def test_json_nested_deep_is_read_without_an_exception(source: Source, start: bytes, depth: int):
    tail = b"}]" if start.startswith(b"[") else b"}\n"
    found = pages(source, start + b"[" * depth + b"1" + b"]" * depth + tail)
    assert all(skip.reason for page in found for skip in page.skipped)


@reading
def test_empty_file_gives_no_record(source: Source):
    assert [record for page in pages(source, b"") for record in page.records] == []


@reading
def test_damaged_gzip_is_said_on_the_last_page(source: Source):
    packed = gzip.compress(random.Random(1).randbytes(3_000).hex().encode())
    for cut in (1, 5, 11, 100, len(packed) - 1):
        with gzip.GzipFile(fileobj=io.BytesIO(packed[:cut])) as stream:
            assert source.read is not None
            found = list(source.read(stream, ORIGIN))  # type: ignore[arg-type]
        assert isinstance(found[-1].broken, Skip), cut


@reading
def test_only_the_last_page_is_broken(source: Source):
    found = pages(source, b'[{"task": "T"}, {"task": ')
    assert [page for page in found[:-1] if page.broken] == []
