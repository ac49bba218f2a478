"""Runs that travel: what was exported comes back, what was changed or is hostile is named and refused."""

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import run_record
from hub.errors import Damaged, NotFound
from hub.likeness import likeness
from tests.hubtest import run
from tests.runtest import record


def written(path: Path, said: Any) -> Path:
    path.write_text(said if isinstance(said, str) else json.dumps(said), "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.json"


def test_what_is_exported_comes_back_and_says_nothing_of_who_imported_it(file: Path) -> None:
    one = record()
    assert run_record.read(written(file, run_record.exported({**one, "imported": True}))) == one


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every single value of a record."""
    if isinstance(value, dict):
        return [way for key, inner in value.items() for way in places(inner, (*path, key))]
    if isinstance(value, list) and value:
        return [way for at, inner in enumerate(value) for way in places(inner, (*path, at))]
    return [path]


@pytest.mark.parametrize("way", places(record()), ids=lambda way: ".".join(map(str, way)))
def test_any_value_that_is_changed_is_found_and_named(file: Path, way: tuple[Any, ...]) -> None:
    said = run_record.exported(record())
    inner = said["run"]
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = 7 if inner[way[-1]] != 7 else 8
    with pytest.raises(Damaged, match=rf"changed after it was exported \({way[0]}\)"):
        run_record.read(written(file, said))


def hostile(**more: Any) -> Any:
    """A file whose sums are right, since its maker computed them."""
    return run_record.exported({**record(), **more})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("", "no JSON"),
        ("[" * 200_000, "nested too deep"),
        ("[1, 2]", "not a run"),
        ('{"hub_run": 1}', "not a run"),
        ('{"hub_run": 2, "run": {}}', "newer"),
        ('{"hub_run": 1, "hub_run": 1, "run": {}}', "said twice"),
        ('{"hub_run": 1, "sha256": "x", "run": {"value": NaN}}', "is none"),
        ('{"hub_run": 1, "sha256": "x", "run": {"value": 1e999}}', "is none"),
        ('{"hub_run": 1, "sha256": "x", "run": {"seed": 1' + "0" * 5_000 + "}}", "no JSON"),
        (hostile(more=nested(20)), "nested too deep"),
        (hostile(more="x" * 20_001), "characters"),
        (hostile(more=[0] * 200_001), "values"),
        (hostile(more="\x1b]0;owned\x07"), "control characters"),
        (hostile(notes=["\u202egnp.exe"]), "control characters"),
        (hostile(more={"\x9b31m": 1}), "control characters"),
        (hostile(seed=1 << 70), "too large"),
        (hostile(value="0.9"), "value: not as a run has it"),
        (hostile(value=True), "value: not as a run has it"),
        (hostile(seed=-1), "seed: not as a run has it"),
        (hostile(seed=1.5), "seed: not as a run has it"),
        (hostile(id="../../etc/passwd"), "id: not as a run has it"),
        (hostile(baseline="<script>"), "baseline: not as a run has it"),
        (hostile(budget="huge"), "budget: not as a run has it"),
        (hostile(digest="short"), "digest: not as a run has it"),
        (hostile(curve=[{"step": 1, "loss": "low"}]), "curve: not as a run has it"),
        (hostile(curve=[{"loss": 1.0}]), "curve: not as a run has it"),
        (hostile(reasons=[{"why": "x"}]), "reasons: not as a run has it"),
        (hostile(whole={}), "lacks whole.wall_seconds"),
        (hostile(environment={"torch": 2}), "environment.torch: not as a run has it"),
        (hostile(started_at="yesterday"), "started_at: not as a run has it"),
        (hostile(format=99), "format: not as a run has it"),
        (hostile(data={"file": "no sum"}), "data: not as a run has it"),
    ],
    ids=lambda said: str(said)[:30],
)
def test_a_hostile_file_is_damaged_and_leaves_nothing(file: Path, said: Any, says: str) -> None:
    with pytest.raises(Damaged, match=says) as error:
        run_record.read(written(file, said))
    assert str(file) in str(error.value)
    assert str(error.value).isprintable() and len(str(error.value)) < 1_000


def test_a_huge_file_is_not_read_to_its_end(file: Path) -> None:
    with file.open("wb") as sink:
        sink.truncate(run_record.LARGEST * 1_000)
    with pytest.raises(Damaged, match="larger than 8 MB"):
        run_record.read(file)


@pytest.mark.parametrize("name", sorted(record()))
def test_a_run_without_any_of_its_fields_is_none(name: str) -> None:
    said = record()
    del said[name]
    with pytest.raises(Damaged, match=f"lacks {name}"):
        run_record.check(said)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(record())), json_values)
def test_whatever_stands_in_a_field_is_taken_or_damaged(name: str, value: Any) -> None:
    try:
        run_record.check({**record(), name: value})
    except Damaged:
        return
    assert not isinstance(value, float) or math.isfinite(value)


def test_import_ends_with_5_or_4_and_keeps_nothing(tmp_path: Path, file: Path) -> None:
    home = tmp_path / "home"
    written(file, hostile(notes=["\x1b[2J"]))
    said = run("runs", "import", file, home=home)
    assert (said.code, said.out) == (5, "")
    assert "control characters" in said.err and "\x1b" not in said.err
    assert run("runs", "import", tmp_path / "none.json", home=home).code == 4
    assert run("runs", home=home).lines[1:] == []
    # Another run under an id that is there already does not pass for it.
    assert run("runs", "import", written(file, hostile()), home=home).code == 0
    again = run("runs", "import", written(file, hostile(value=0.5)), home=home)
    assert again.code == 5 and "another run has the id" in again.err


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        run_record.read(tmp_path / "none.json")
    with pytest.raises(Damaged):
        run_record.read(tmp_path)


# -- the same again? --------------------------------------------------------------------------


def test_equal_bits_are_expected_only_where_nothing_differs() -> None:
    there, here = record(), record(id="beef00000000")
    alike = likeness(there, here)
    assert (alike.same_bits, alike.expected, alike.differences) == (True, True, ())
    here["digest"] = "cd" * 32
    assert likeness(there, here).broken
    for name, value in (("torch", "2.14.0"), ("threads", 1), ("processor", "Intel")):
        other = copy.deepcopy(here)
        other["environment"][name] = value
        found = likeness(there, other)
        assert not found.broken and not found.expected
        assert [(one.what, one.here) for one in found.differences] == [(name, value)]
    other = {**here, "recipe_sha256": "cd" * 32, "data": {"train-images-idx3-ubyte": "cd" * 32}}
    assert [one.what for one in likeness(there, other).differences] == [
        "recipe_sha256",
        "data: train-images-idx3-ubyte",
    ]
