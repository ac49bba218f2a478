"""What reading a file promises: never an exception, all that is whole, and a word on what is not."""

import gzip
import io
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.files import MAX_LINE_BYTES, elements, head, lines, names_in, open_file
from crawlers.source import Skip

ROOT = Path(__file__).parent.parent
ROWS: list[dict[str, Any]] = [
    {"n": 1, "title": "plain"},
    {"n": 2, "title": "学习 é", "deep": {"list": [1, 2.5, None, True, "]}"]}},
    {"n": 3, "title": 'quoted "and" \\ back', "u": "\u2028"},
]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
ARRAY = json.dumps(ROWS, ensure_ascii=False, indent=1).encode()

Reader = Callable[[BinaryIO], Iterator[tuple[int, Any]]]
both = pytest.mark.parametrize("reader", [lines, elements], ids=["lines", "array"])


def read(reader: Reader, data: bytes) -> list[Any]:
    return [value for _, value in reader(io.BytesIO(data))]


def read_packed(reader: Reader, data: bytes) -> list[Any]:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        return [value for _, value in reader(stream)]  # type: ignore[arg-type]


def good(values: list[Any]) -> list[Any]:
    return [value for value in values if not isinstance(value, Skip)]


def is_damage(value: Any) -> bool:
    return isinstance(value, Skip) and value.reason.startswith("damaged")


def reasons(values: list[Any]) -> list[str]:
    return [value.reason for value in values if isinstance(value, Skip)]


# -- files on disk -----------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_file_reads_the_same_plain_and_packed(tmp_path: Path, packed: bool):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(gzip.compress(LINES) if packed else LINES)
    opened = open_file(path)
    try:
        assert [value for _, value in lines(opened.stream)] == ROWS
        assert opened.position == opened.size == path.stat().st_size
    finally:
        opened.close()


def test_gzip_is_told_by_its_bytes_and_not_by_its_name(tmp_path: Path):
    path = tmp_path / "rows.json"
    path.write_bytes(gzip.compress(ARRAY))
    assert head(path) == ARRAY


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_file_of_hardly_any_bytes_has_a_head(tmp_path: Path, size: int):
    path = tmp_path / "tiny"
    path.write_bytes(b"\x1f\x8b\x08"[:size])
    assert head(path) == (b"\x1f" if size == 1 else b"")


def test_head_of_a_file_that_was_cut_is_what_there_is(tmp_path: Path):
    path = tmp_path / "cut.gz"
    noise = random.Random(1).randbytes(60_000)
    path.write_bytes(gzip.compress(noise)[:30_000])
    assert noise.startswith(head(path))
    assert len(head(path)) > 20_000


def test_byte_order_mark_is_no_part_of_the_head(tmp_path: Path):
    path = tmp_path / "bom"
    path.write_bytes(b"\xef\xbb\xbf" + LINES)
    assert head(path) == LINES


def test_file_that_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "none")


def test_member_names_are_found_in_the_beginning_of_a_file():
    assert names_in(ARRAY) == {"n", "title", "deep", "list", "u"}


# -- lines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        LINES,
        LINES.rstrip(b"\n"),
        LINES.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + LINES,
        b"\n\n  \n" + LINES.replace(b"\n", b"\n\n\t\n"),
    ],
    ids=["plain", "no last line end", "crlf", "bom", "blank lines"],
)
def test_lines_are_read_however_they_end(data: bytes):
    assert read(lines, data) == ROWS


def test_number_of_a_line_counts_blank_lines_too():
    assert [number for number, _ in lines(io.BytesIO(b'\n{"a":1}\n\n{"a":2}\n'))] == [2, 4]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"a": ', "broken JSON"),
        (b'{"a": "unterminated', "broken JSON"),
        (b'{"a": 1} {"b": 2}', "broken JSON"),
        (b'{"a": NaN}', "broken JSON"),
        (b'{"a": "\xff\xfe"}', "not UTF-8"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[1, 2]", "not a JSON object"),
        (b"5", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"hello", "not a JSON object"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"a": "' + b"x" * (20 << 20) + b'"}', "longer than 16 MiB"),
    ],
    ids=lambda given: given[:12] if isinstance(given, bytes) else None,
)
def test_bad_line_is_skipped_with_its_reason_and_its_siblings_stay(bad: bytes, reason: str):
    values = read(lines, b'{"n":1}\n' + bad + b'\n{"n":2}\n')
    assert good(values) == [{"n": 1}, {"n": 2}]
    assert reasons(values) == [reason]


@both
def test_number_of_a_million_digits_stops_nothing(reader: Reader):
    digits = b"9" * 1_000_000
    data = b'{"n":1}\n{"n":' + digits + b'}\n{"n":2}\n'
    if reader is elements:
        data = b"[" + data.strip().replace(b"\n", b",") + b"]"
    values = read(reader, data)
    assert [value for value in good(values) if value["n"] in (1, 2)] == [{"n": 1}, {"n": 2}]
    assert not any(map(is_damage, values))


def test_last_line_that_is_too_long_and_never_ends_is_reported():
    values = read(lines, b'{"n":1}\n' + b"x" * (MAX_LINE_BYTES + 5))
    assert good(values) == [{"n": 1}]
    assert reasons(values) == ["longer than 16 MiB"]


def test_packed_lines_cut_at_every_byte_keep_the_lines_before_the_cut():
    packed = gzip.compress(LINES)
    for cut in range(len(packed)):
        values = read_packed(lines, packed[:cut])
        assert good(values) == ROWS[: len(good(values))], cut
        assert cut == 0 or is_damage(values[-1]), cut
    assert good(read_packed(lines, packed[: len(packed) - 8])) == ROWS


def test_packed_file_that_breaks_inside_a_long_line_is_damaged():
    packed = gzip.compress(
        b'{"n":1}\n' + random.Random(1).randbytes(1 << 20).hex().encode() * 12, 1
    )
    values = read_packed(lines, packed[: len(packed) - 1_000])
    assert good(values) == [{"n": 1}]
    assert is_damage(values[-1])


@both
def test_packed_file_with_a_flipped_byte_never_raises(reader: Reader):
    data = gzip.compress(LINES if reader is lines else ARRAY)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 0x55
        values = read_packed(reader, bytes(flipped))
        assert all(isinstance(value, dict | Skip) for value in values)


# -- arrays ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        ARRAY,
        b"\xef\xbb\xbf" + ARRAY,
        b" \r\n\t" + ARRAY + b"\n\n",
        ARRAY.replace(b"\n", b"\r\n"),
        json.dumps(ROWS).encode(),
        json.dumps(ROWS, separators=(",", ":")).encode(),
    ],
    ids=["indented", "bom", "blanks around", "crlf", "escaped", "dense"],
)
def test_array_is_read_however_it_is_written(data: bytes):
    assert read(elements, data) == ROWS


def test_empty_array_has_no_elements():
    assert read(elements, b" [ ] ") == []


def test_elements_that_are_no_objects_are_skipped_one_by_one():
    values = read(elements, b'[1, {"n":1}, null, "x", [2], {"n":2}, -3.5e2, true]')
    assert good(values) == [{"n": 1}, {"n": 2}]
    assert reasons(values) == ["not a JSON object"] * 6


def whole_elements(cut: int) -> int:
    """How many elements of ARRAY end before the cut."""
    at, ends, decoder = 0, [], json.JSONDecoder()
    text = ARRAY.decode()
    for _ in ROWS:
        at = text.index("{", at)
        _, at = decoder.raw_decode(text, at)
        ends.append(len(text[:at].encode()))
    return sum(end <= cut for end in ends)


def test_array_cut_at_every_byte_keeps_the_elements_before_the_cut():
    for cut in range(len(ARRAY)):
        values = read(elements, ARRAY[:cut])
        assert good(values) == ROWS[: whole_elements(cut)], cut
        assert is_damage(values[-1]), cut
        assert len(reasons(values)) == 1, cut


def test_packed_array_cut_at_every_byte_never_raises_and_says_damaged():
    packed = gzip.compress(ARRAY)
    for cut in range(1, len(packed)):
        values = read_packed(elements, packed[:cut])
        assert good(values) == ROWS[: len(good(values))], cut
        assert is_damage(values[-1]), cut


def test_packed_array_that_is_cut_keeps_the_elements_before_the_cut():
    rows = [{"n": n, "noise": random.Random(n).randbytes(50).hex()} for n in range(2_000)]
    packed = gzip.compress(json.dumps(rows).encode())
    values = read_packed(elements, packed[: len(packed) // 2])
    assert len(good(values)) > 900
    assert good(values) == rows[: len(good(values))]
    assert is_damage(values[-1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"{}",
        b'{"a": 1}',
        b"null",
        b"\xff\xfe[\x00",
        b"\x00" * 100,
        b'[{"n":1} {"n":2}]',
        b'[{"n":1}, {"n": tru}]',
        b'[{"n":1},, {"n":2}]',
        b'[{"n":1}, {"a": "never ends]',
        b'[{"n":1}, {"a": "line\nend"}]',
        b'[{"n":1}, ' + b"[" * 100_000 + b"]" * 100_000 + b"]",
        b'[{"n":1}, ' + b'{"a":' * 100_000,
        b'[{"n":1}, {"a": "' + b"x" * (2 << 20),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_broken_array_keeps_what_came_before_and_ends_damaged(data: bytes):
    values = read(elements, data)
    assert good(values) == ([{"n": 1}] if data.startswith(b'[{"n":1}') else [])
    assert is_damage(values[-1])
    assert len(reasons(values)) == 1


def test_element_with_bytes_that_are_no_utf_8_is_skipped_alone():
    values = read(elements, b'[{"n":1}, {"n":"\xff\xfe"}, {"n":2}, {"n":"\xc3\xa9"}]')
    assert good(values) == [{"n": 1}, {"n": 2}, {"n": "é"}]
    assert reasons(values) == ["not UTF-8"]


def test_elements_wider_than_the_window_are_read_whole():
    rows = [{"n": n, "text": "学" * (400_000 * n), "tail": [n]} for n in range(1, 5)]
    assert read(elements, json.dumps(rows, ensure_ascii=False).encode()) == rows


def test_elements_are_read_whole_wherever_a_chunk_ends():
    for shift in range(-40, 40, 2):
        first = {"pad": "x" * ((1 << 20) - 60 + shift)}
        rows = [first, {"n": 123456, "t": [True, None], "é": "\\u"}, {"n": -1.5e3}]
        assert read(elements, json.dumps(rows, ensure_ascii=False).encode()) == rows, shift


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data: bytes):
    for reader in (lines, elements):
        assert all(isinstance(v, dict | Skip) for v in read(reader, data))  # type: ignore[arg-type]


@given(st.lists(st.sampled_from('[ ] { } , : " \\ 1 -1.5e3 "a" "é" true null \n'.split(" "))))
def test_any_pieces_of_json_are_read_without_an_exception(pieces: list[str]):
    for reader in (lines, elements):
        values = read(reader, "".join(pieces).encode())  # type: ignore[arg-type]
        assert all(isinstance(v, dict | Skip) for v in values)


# -- bombs -------------------------------------------------------------------------------------

BOMB = """
import gzip, io, resource, sys
from crawlers.files import elements, lines
from crawlers.source import Skip
before = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (before + int(sys.argv[3]) * 2**20,) * 2)
reader = {"lines": lines, "elements": elements}[sys.argv[2]]
with gzip.open(sys.argv[1]) as stream:
    values = [value for _, value in reader(stream)]
print(len([v for v in values if not isinstance(v, Skip)]), [v.reason for v in values if isinstance(v, Skip)])
"""


def bomb(path: Path, start: bytes, filler: bytes) -> Path:
    """128 MiB of filler after the start, in some 128 kB: one gzip member, 8 times over."""
    path.write_bytes(gzip.compress(start) + gzip.compress(filler * (16 << 20)) * 8)
    return path


def read_apart(path: Path, reader: str, room: int, seconds: float) -> str:
    """What a process with so many MiB of further address space says of the file."""
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path), reader, str(room)],
        cwd=ROOT, capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip
    assert done.stderr[-500:] == ""
    return done.stdout


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    ("reader", "start", "filler", "expected", "room"),
    [
        ("lines", b'{"n":1}\n{"a":"', b"x", "1 ['longer than 16 MiB']", 80),
        ("elements", b'[{"n":1}, {"a":"', b"x", "1 ['damaged: an element longer than 48", 384),
        ("elements", b'[{"n":1}, {"a":', b"[", "1 ['damaged: nested too deeply", 384),
    ],
    ids=["one line", "one text", "brackets"],
)
def test_bomb_is_reported_within_bounded_memory(
    tmp_path: Path, reader: str, start: bytes, filler: bytes, expected: str, room: int
):
    path = bomb(tmp_path / "bomb.gz", start, filler)
    assert read_apart(path, reader, room, 30).startswith(expected)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_flood_of_blanks_is_passed_over_in_little_time_and_memory(tmp_path: Path):
    path = tmp_path / "blanks.gz"
    path.write_bytes(gzip.compress(b'[{"n":1}, ') + gzip.compress(b" " * (16 << 20)) * 6)
    assert read_apart(path, "elements", 64, 4).startswith("1 ['damaged")
