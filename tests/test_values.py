"""What a published number promises: a wrong number is worse than none."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.knowledge import metric
from crawlers.values import Value, is_missing, parse_value

TABLES = "pwc/evaluation-tables.2020-08-28.json.gz"

READ = [
    ("28.4", 28.4),
    ("0", 0.0),
    ("-3.2", -3.2),
    ("+3.2", 3.2),
    ("\u22123.2", -3.2),
    (".931", 0.931),
    ("5.", 5.0),
    (" 28.4 \n", 28.4),
    ("\ufeff28.4\u200b", 28.4),
    ("\u00a028.4\u00a0", 28.4),
    ("007", 7.0),
    ("2,200", 2200.0),
    ("1,234", 1234.0),
    ("1,514,187", 1514187.0),
    ("1,234.5", 1234.5),
    ("1e-3", 0.001),
    ("1.5E6", 1500000.0),
    ("7.7M", 7700000.0),
    ("15.9M", 15900000.0),
    ("15.9 M", 15900000.0),
    ("3k", 3000.0),
    ("3K", 3000.0),
    ("2B", 2e9),
    ("4.1G", 4.1e9),
    ("1.5T", 1.5e12),
    ("**55.6**", 55.6),
    (28.4, 28.4),
    (0, 0.0),
    (1512, 1512.0),
]

KEPT_AS_TEXT = [
    "76,2%", "0,753", "76,2", "1,23", "1,2345", "12,34,567", "01,234", "1,234,56",
    "2.2.M", "2.2.2", "54.60/55.55", "87:1", ">1,400.000", "<5", "~5", "≈5", "≥ 5",
    "63.7*", "63.7†", "63.7 (1)", "63.7 [1]", "63.7a", "*63.7*", "**63.7", "****",
    "12-14", "12 - 14", "12–14", "12 to 14", "1 234", "1'234", "1_000", "12 13", "12;13",
    "１２.５", "٣٫٥", "½", "5²", "Ⅻ", "一百",
    "inf", "-inf", "Infinity", "nan", "NaN", "1e999", "-1e999", "9" * 400, "1e", "e5", "1e1234",
    "0x10", "0b1", "1j", "True", "1.2.3", "..", ".", "+", "%", "±", "± 0.3", "1 ±", "+-3",
    "--3", "5%%", "5 % 3", "$5", "5€", "5ms", "5 s", "339m", "5b", "5g", "5KB", "5MM", "M5", "5 x", "x5",
    "first", "SOTA", "yes", "1\n2", "1\x002",
]  # fmt: skip

MISSING = ["-", "--", "–", "—", "N/A", "n/a", "NA", "None", "null", "?", "", "  ", "\u200b"]


@pytest.mark.parametrize(("printed", "value"), READ)
def test_plain_number_is_read(printed: str | float, value: float):
    assert parse_value(printed).value == value


@pytest.mark.parametrize("printed", KEPT_AS_TEXT)
def test_what_is_no_plain_number_keeps_its_text_and_has_no_value(printed: str):
    assert parse_value(printed) == Value(printed)


@pytest.mark.parametrize("printed", MISSING)
def test_missing_number_is_no_number(printed: str):
    found = parse_value(printed)
    assert (found.value, found.spread) == (None, None)
    assert is_missing(found.text)


@pytest.mark.parametrize("printed", ["0", "0.0", "-0", "1"])
def test_zero_is_a_number_and_not_missing(printed: str):
    assert parse_value(printed).value is not None
    assert not is_missing(printed)


@pytest.mark.parametrize(
    ("printed", "value", "spread", "unit"),
    [
        ("84.2 ± 0.3", 84.2, 0.3, None),
        ("0.57 ± 0.23", 0.57, 0.23, None),
        ("84.2±0.3", 84.2, 0.3, None),
        ("84.2 +/- 0.3", 84.2, 0.3, None),
        ("84.2 +- 0.3", 84.2, 0.3, None),
        (r"84.2 \pm 0.3", 84.2, 0.3, None),
        ("-1.5 ± 0", -1.5, 0.0, None),
        ("**84.2 ± 0.3**", 84.2, 0.3, None),
        ("96.53%", 96.53, None, "percent"),
        ("96.53 %", 96.53, None, "percent"),
        ("84.2% ± 0.3%", 84.2, 0.3, "percent"),
        ("84.2 ± 0.3%", 84.2, 0.3, "percent"),
        ("84.2% ± 0.3", 84.2, None, "percent"),
    ],
)
def test_spread_and_percent_sign_are_apart_from_the_value(
    printed: str, value: float, spread: float | None, unit: str | None
):
    assert parse_value(printed) == Value(printed, value, spread, unit)


@pytest.mark.parametrize("unit", [None, "percent", "seconds", "bytes"])
def test_small_m_is_not_read_where_it_may_mean_metres(unit: str | None):
    assert parse_value("339m", unit) == Value("339m")


def test_small_m_is_millions_where_parameters_are_counted():
    assert parse_value("339m", "parameters") == Value("339m", 339_000_000.0)


@pytest.mark.parametrize("printed", [True, False])
def test_truth_is_no_number(printed: bool):
    assert parse_value(printed) == Value(str(printed).lower())


def test_empty_cell_has_neither_text_nor_value():
    assert parse_value(None) == Value(None)


@pytest.mark.parametrize("printed", [float("inf"), float("-inf"), float("nan")])
def test_number_that_is_not_finite_is_not_read(printed: float):
    assert parse_value(printed).value is None


@pytest.mark.parametrize("digits", [400, 5_000, 100_000])
def test_huge_whole_number_is_not_read(digits: int):
    found = parse_value(10**digits)
    assert found.value is None
    assert len(found.text or "") <= 40


@pytest.mark.parametrize("printed", [[], [1], {}, {"a": 1}, (1, 2), b"5", object])
def test_what_is_neither_text_nor_number_is_not_read(printed: Any):
    assert parse_value(printed).value is None


@given(st.text(max_size=30), st.sampled_from([None, "parameters", "percent"]))
def test_any_text_is_kept_without_a_crash(printed: str, unit: str | None):
    found = parse_value(printed, unit)
    assert (found.text or "") in printed


@given(st.text(alphabet="0123456789.,-+%eEkKMmGBT±*/: ", max_size=12))
def test_value_of_a_text_like_a_number_is_backed_by_its_digits(printed: str):
    found = parse_value(printed, "parameters")
    assert found.value is None or is_backed(printed, found.value)


@given(st.decimals(-(10**9), 10**9, places=4))
def test_plain_decimal_is_read_exactly(number: Decimal):
    assert parse_value(str(f"{number:f}")).value == float(number)


# -- the real dump -----------------------------------------------------------------------------

PLAIN = re.compile(r"-?\d+(\.\d+)?%?", re.ASCII)
"""The tests' own idea of a plain number, apart from the code's."""

SCALE = {"k": 3, "K": 3, "m": 6, "M": 6, "G": 9, "B": 9, "T": 12}


def is_backed(printed: str, value: float) -> bool:
    """True when the first number in the text, grouping and scale undone, is the value to the last digit."""
    found = re.search(
        r"([-+\u2212]?)(\d[\d,]*\.?\d*|\.\d+)(?:[eE]([-+]?\d+))?\s*([kKmMGBT])?", printed
    )
    if found is None:
        return False
    sign, digits, exponent, scale = found.groups()
    power = int(exponent or 0) + SCALE.get(scale or "", 0)
    exact = Decimal(digits.replace(",", "")).scaleb(power)
    exact = -exact if sign in ("-", "\u2212") else exact
    return abs(Decimal(value) - exact) <= abs(exact) * Decimal("1e-14")


def cells(tasks: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """(metric, printed) of every cell of the tree, repeated subtrees included."""
    stack: list[dict[str, Any]] = list(tasks)
    while stack:
        node = stack.pop()
        stack += node.get("subtasks", []) + node.get("datasets", []) + node.get("subdatasets", [])
        for row in (node.get("sota") or {}).get("rows", []):
            yield from row["metrics"].items()


@pytest.fixture(scope="module")
def real_cells(real_data: Path) -> list[tuple[str, Any, Value]]:
    with gzip.open(real_data / TABLES) as file:
        found = list(cells(json.load(file)))
    return [(name, printed, parse_value(printed, metric(name).unit)) for name, printed in found]


def test_real_tables_have_the_cells_that_were_counted(real_cells: list[Any]):
    assert len(real_cells) == 43_960


def test_every_plain_real_number_is_read_exactly(real_cells: list[tuple[str, Any, Value]]):
    plain = [
        (printed, found)
        for _, printed, found in real_cells
        if isinstance(printed, str) and PLAIN.fullmatch(printed)
    ]
    assert len(plain) > 35_000
    assert [(p, v) for p, v in plain if v.value != float(p.rstrip("%"))] == []


def test_every_real_value_is_backed_by_the_printed_digits(
    real_cells: list[tuple[str, Any, Value]],
):
    read = [(str(p), v) for _, p, v in real_cells if v.value is not None]
    assert [(p, v) for p, v in read if not is_backed(p, v.value)] == []


def test_no_real_text_with_a_second_number_or_a_word_is_read(
    real_cells: list[tuple[str, Any, Value]],
):
    odd = re.compile(r"[/:;<>~()\[\]]|\d\s+\d|[^\W\d_]{2,}|[^\W\d_](?![-+]?\d)(?!$)")
    allowed = re.compile(r"\\pm|\+/-|±")
    read = {
        (p, v.value)
        for _, p, v in real_cells
        if isinstance(p, str)
        and v.value is not None
        and odd.search(allowed.sub("|", p.strip().strip("*")))
    }
    assert read == set()


def test_real_cells_kept_as_text_are_few(
    real_cells: list[tuple[str, Any, Value]], capsys: pytest.CaptureFixture[str]
):
    kept = Counter(v.text for _, _, v in real_cells if v.value is None and not is_missing(v.text))
    missing = sum(is_missing(v.text) for _, _, v in real_cells)
    with capsys.disabled():
        print(
            f"\n  {len(real_cells):,} real cells: {kept.total()} kept as text "
            f"({len(kept)} spellings), {missing} say that there is no number"
        )
    assert kept.total() < 500
