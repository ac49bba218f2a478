"""The arrows of the design: who may know whom, and what a command may load."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("crawlers", "hub", "reproduce")
NETWORK = {"httpx", "requests", "urllib3", "aiohttp", "socket", "http", "ftplib", "urllib.request"}
HEAVY = {"torch", "textual", "sklearn", "sqlalchemy", "sqlmodel", "pydantic"}

ABOVE_TABLES = "catalog library documents queries harvest runs export seed index render cli tui"
ABOVE_CATALOG = "queries harvest runs export seed render cli tui"
FORBIDDEN = {
    "hub.errors": f"{ABOVE_TABLES} tables",
    "hub.words": f"{ABOVE_TABLES} tables",
    "hub.text": ABOVE_TABLES,
    "hub.tables": ABOVE_TABLES,
    "hub.index": "tables catalog library documents queries harvest runs export seed render cli tui",
    "hub.catalog": ABOVE_CATALOG,
    "hub.library": ABOVE_CATALOG,
    "hub.documents": ABOVE_CATALOG,
    "hub.queries": "harvest runs seed render cli tui",
    "hub.harvest": "queries render cli tui",
    "hub.baselines": "catalog library tables queries harvest runs render cli tui",
    "hub.runs": "queries render cli tui",
    "hub.export": "cli tui",
    "hub.seed": "render cli tui",
    "hub.render": "catalog library tables harvest seed cli tui",
    "hub.tui": "cli tables catalog render",
}
"""Module or package of hub -> the modules of hub it may not know."""


def sources(package: str) -> list[Path]:
    return sorted(p for p in (ROOT / package).rglob("*.py") if "prepared" not in p.parts)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def runtime(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that can run: what only a type checker reads is left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from runtime(child)


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Dotted names that a file imports, wherever in it; `from a import b` counts as a and a.b."""
    names: set[str] = set()
    for node in runtime(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def who_imports(wanted: set[str], packages: tuple[str, ...] = PACKAGES) -> set[str]:
    """The files, from the root, that import one of these modules or anything inside it."""
    return {
        str(path.relative_to(ROOT))
        for package in packages
        for path in sources(package)
        if any(inside(name, one) for name in imports_of(path) for one in wanted)
    }


# -- by reading the files ----------------------------------------------------------------------


def test_there_are_files_to_look_at():
    assert len(sources("crawlers")) > 8
    assert len(sources("hub")) > 20


def test_crawlers_know_neither_hub_nor_reproduce():
    assert who_imports({"hub", "reproduce"}, ("crawlers",)) == set()


def test_reproduce_knows_neither_hub_nor_crawlers():
    assert who_imports({"hub", "crawlers"}, ("reproduce",)) == set()


def test_hub_does_not_import_reproduce():
    # Its declarations are read, runs start it, its data files are looked after: none imports torch.
    known = {"hub/baselines.py", "hub/runs.py", "hub/cli/dataset.py"}
    assert who_imports({"reproduce"}, ("hub",)) <= known


@pytest.mark.parametrize("below", sorted(FORBIDDEN))
def test_module_of_hub_knows_nothing_above_it(below: str):
    above = [f"hub.{name}" for name in FORBIDDEN[below].split()]
    wrong = [
        (module_of(path), name)
        for path in sources("hub")
        if inside(module_of(path), below)
        for name in sorted(imports_of(path))
        if any(inside(name, one) for one in above)
    ]
    assert wrong == []


def test_network_is_reached_through_one_door_of_each_leaf():
    # wire.py ends a connection that a drip keeps open, serving.py lets a browser in: they open none.
    doors = {"crawlers/client.py", "crawlers/wire.py", "hub/serving.py", "reproduce/files.py"}
    assert who_imports(NETWORK) <= doors


def test_torch_lives_under_reproduce_only():
    heavy = {"torch", "torchvision", "safetensors", "tensorboard"}
    assert who_imports(heavy, ("crawlers", "hub")) == set()


def test_textual_lives_under_the_tui_only():
    assert {f for f in who_imports({"textual"}) if not f.startswith("hub/tui/")} == set()


def test_scikit_learn_is_known_to_the_index_only():
    assert {f for f in who_imports({"sklearn"}) if not f.startswith("reproduce/datasets/")} <= {
        "hub/index/whole.py"
    }


def test_nothing_is_pickled():
    assert who_imports({"pickle", "joblib", "shelve", "dill", "marshal"}) == set()


def test_only_rendering_and_main_programs_print():
    files = [path for package in (*PACKAGES, "data") for path in sources(package)]
    printing = {
        str(path.relative_to(ROOT))
        for path in files
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "builtins.print")
    }
    allowed = {"hub/render.py", "data/seed/make.py"}
    assert {f for f in printing if not f.endswith("__main__.py")} - allowed == set()


def test_every_module_opens_with_what_it_owns():
    silent = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sources(package)
        if ast.get_docstring(tree_of(path)) is None and path.read_text("utf-8").strip()
        and path.name != "__main__.py"
    ]  # fmt: skip
    assert silent == []


# -- by looking into a process -----------------------------------------------------------------

COMMAND = """
import sys
sys.argv = ["hub", *sys.argv[1:]]
from hub.cli import main
try:
    main()
except SystemExit as end:
    code = end.code or 0
else:
    code = 0
print("\\nLOADED", code, *sorted(name for name in sys.modules if "." not in name))
"""


def loaded(program: str, *arguments: str) -> tuple[int, set[str]]:
    """Exit code of a small program, and the packages that were loaded when it ended."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    last = done.stdout.rpartition("LOADED ")[2].split()
    assert last, done.stderr[-2_000:]
    return int(last[0]), set(last[1:])


@pytest.fixture
def home_with_catalog(fresh_home: Path, embedded: Path) -> Path:
    fresh_home.mkdir()
    (fresh_home / "index").symlink_to(embedded / "index")
    shutil.copyfile(embedded / "catalog.db", fresh_home / "catalog.db")
    return fresh_home


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("search", "residual", "learning"),
        ("show", "mnist"),
        ("show", "mnist", "--json"),
        ("show", "method:backpropagation"),
        ("reproduce", "--list"),
        ("runs",),
        ("dataset", "list"),
    ],
    ids=" ".join,
)
def test_command_that_reads_loads_nothing_heavy(
    arguments: tuple[str, ...], home_with_catalog: Path
):
    code, packages = loaded(COMMAND, *arguments)
    assert code == 0
    assert "hub" in packages
    assert packages & HEAVY == set()


@pytest.mark.parametrize("arguments", [("--help",), ("search", "residual")], ids=" ".join)
def test_command_that_reads_loads_no_network(arguments: tuple[str, ...], home_with_catalog: Path):
    assert loaded(COMMAND, *arguments)[1] & {"httpx", "requests", "urllib3", "ssl"} == set()


def test_crawlers_run_without_the_hub():
    program = (
        "import sys; sys.modules['hub'] = sys.modules['reproduce'] = None\n"
        "from crawlers.source import all_sources\n"
        "all_sources()\n"
        "print('LOADED', 0, *[n for n in sys.modules if '.' not in n and sys.modules[n]])"
    )
    code, packages = loaded(program)
    assert code == 0
    assert packages & {"hub", "reproduce", "torch", "textual", "sklearn"} == set()


def test_tui_loads_no_torch():
    program = (
        "import sys; import hub.tui.app\n"
        "print('LOADED', 0, *[n for n in sys.modules if '.' not in n])"
    )
    assert loaded(program)[1] & {"torch", "sklearn"} == set()
