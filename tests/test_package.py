"""The promises of pyproject.toml, the locks and the Makefile to each other."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import hatch_build

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
NAME = PROJECT["name"]
LOCKS = ("constraints.txt", "requirements.lock")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


def pins(lock: str) -> dict[str, list[Version]]:
    """Canonical name -> the versions a lock pins (more than one where Python versions differ)."""
    found: dict[str, list[Version]] = {}
    for pin in PIN.finditer((ROOT / lock).read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(pin["name"]), []).append(Version(pin["version"]))
    return found


def base() -> list[Requirement]:
    return [Requirement(text) for text in PROJECT["dependencies"]]


def extras() -> list[Requirement]:
    """What the extras name, but for the project itself and torch, which no lock holds."""
    texts = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    named = [Requirement(text) for text in texts]
    return [one for one in named if canonicalize_name(one.name) not in (NAME, "torch")]


def test_installed_version_is_the_declared_one():
    assert version(NAME) == PROJECT["version"]


def test_base_install_names_no_torch():
    assert not [one.name for one in base() if "torch" in one.name.lower()]


def test_torch_is_allowed_only_from_the_release_whose_loading_is_safe():
    (torch,) = (Requirement(text) for text in PROJECT["optional-dependencies"]["reproduce"][:1])
    assert torch.name == "torch"
    assert not torch.specifier.contains("2.9.1")
    assert torch.specifier.contains("2.10.0")


def test_cpu_constraint_lies_in_the_range_of_the_extra():
    (torch,) = (Requirement(text) for text in PROJECT["optional-dependencies"]["reproduce"][:1])
    chosen = pins("constraints-torch-cpu.txt")["torch"]
    assert len(chosen) == 2
    assert all(torch.specifier.contains(one) for one in chosen)
    assert {one.local for one in chosen} == {"cpu", None}


@pytest.mark.parametrize(("lock", "named"), [(LOCKS[0], base() + extras()), (LOCKS[1], base())])
def test_every_named_dependency_is_pinned_within_its_range(lock: str, named: list[Requirement]):
    pinned = pins(lock)
    unpinned = [one.name for one in named if canonicalize_name(one.name) not in pinned]
    outside = [
        f"{one} but {lock} has {pin}"
        for one in named
        for pin in pinned.get(canonicalize_name(one.name), [])
        if not one.specifier.contains(pin)
    ]
    assert (unpinned, outside) == ([], [])


def test_both_locks_agree():
    constraints, lock = (pins(name) for name in LOCKS)
    assert {name: found for name, found in lock.items() if constraints.get(name) != found} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_index_and_no_cuda(lock: str):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(r"https?://|file:|--\S*index|--find-links|--trusted-host|@ ", text)
    heavy = re.compile(r"^(torch|torchvision|triton|nvidia-.*|cuda-.*)$")
    assert not [name for name in pins(lock) if heavy.match(name)]


def test_every_line_of_the_release_lock_is_hashed():
    blocks = (ROOT / "requirements.lock").read_text(encoding="utf-8").split("\n    --hash=sha256:")
    pinned = sum(len(found) for found in pins("requirements.lock").values())
    assert pinned > 30
    assert len(blocks) > pinned
    assert not re.search(r"==[^\\\n]+\n(?!    --hash)", "\n".join(blocks))


def test_make_has_the_targets_that_are_promised():
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    promised = {"run", "test", "bench", "lock", "seed", "clean", "help"}
    for page in ("README.md", "CONTRIBUTING.md"):
        if (ROOT / page).exists():
            text = (ROOT / page).read_text(encoding="utf-8")
            promised |= set(re.findall(r"(?:^\s*|`|\$ )make ([a-z]+)", text, re.MULTILINE))
    assert promised - targets == set()


def test_ci_runs_the_tests_and_the_wheel_check():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make test", "bash tests/wheel_check.sh"]


def test_isolated_build_installs_what_the_hook_asks_for():
    named = {Requirement(text).name for text in PYPROJECT["build-system"]["requires"]}
    assert named - {"hatchling"} == set(hatch_build.NEEDED.values())


SEED = """
from pathlib import Path

from hub import tables


def build(target: Path) -> None:
    (target / "catalog.db").write_text(tables.TEXT)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small source tree: a seed that imports one module of hub and leaves another alone."""
    files = {
        "hub/__init__.py": "",
        "hub/seed.py": SEED,
        "hub/tables.py": "TEXT = 'one'\n",
        "hub/render.py": "",
        "crawlers/keys.py": "",
        "data/tasks.toml": "",
        "data/README.md": "",
        "data/seed/papers.jsonl": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_embedded_catalog_is_prepared_once(tree: Path):
    assert hatch_build.prepare(tree) is True
    assert hatch_build.prepare(tree) is False
    assert (tree / "data/prepared/catalog.db").read_text() == "one"
    assert sorted(path.name for path in (tree / "data").iterdir()) == [
        "README.md",
        "prepared",
        "seed",
        "tasks.toml",
    ]


def test_failed_preparation_keeps_the_old_catalog_and_leaves_nothing_behind(tree: Path):
    hatch_build.prepare(tree)
    # Of another size: within one second the bytecode that is kept is told by it alone.
    (tree / "hub/tables.py").write_text("TEXT = 1 // 0\n", encoding="utf-8")
    with pytest.raises(hatch_build.PrepareError, match="exit code 1"):
        hatch_build.prepare(tree)
    assert (tree / "data/prepared/catalog.db").read_text() == "one"
    assert not list((tree / "data").glob(".*"))


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("hub/seed.py", True),
        ("hub/tables.py", True),
        ("crawlers/keys.py", True),
        ("data/tasks.toml", True),
        ("data/seed/papers.jsonl", True),
        ("hub/render.py", False),
        ("data/README.md", False),
    ],
)
def test_only_what_the_seed_depends_on_makes_it_stale(tree: Path, changed: str, stale: bool):
    before = hatch_build.fingerprint(tree)
    with (tree / changed).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert (hatch_build.fingerprint(tree) != before) is stale


def test_wheel_holds_the_data_without_the_seed(tree: Path):
    hatch_build.prepare(tree)
    assert sorted(hatch_build.packed(tree).values()) == [
        "hub/data/README.md",
        "hub/data/prepared/catalog.db",
        f"hub/data/prepared/{hatch_build.STAMP}",
        "hub/data/tasks.toml",
    ]
