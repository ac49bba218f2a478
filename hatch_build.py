"""Prepares the embedded catalog (data/prepared) and packs data/ into a wheel as hub/data.

As a build hook this runs for every wheel, standard and editable. `python hatch_build.py` does the
same for a source checkout. Preparing takes seconds, so it is done only when a stamp of everything
the result depends on differs; the new folder replaces the old one by rename.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEEDED = {
    "alembic": "alembic",
    "filelock": "filelock",
    "numpy": "numpy",
    "orjson": "orjson",
    "platformdirs": "platformdirs",
    "pydantic": "pydantic",
    "sklearn": "scikit-learn",
    "sqlmodel": "sqlmodel",
    "Stemmer": "PyStemmer",
}
"""Module -> distribution: what hub.seed imports, as in pyproject.toml's build-system.requires."""

STAMP = "prepared-from.sha256"
"""File in data/prepared that holds `fingerprint` of what it was built from."""

SEED_CODE = "import pathlib, sys; from hub.seed import build; build(pathlib.Path(sys.argv[1]))"


class PrepareError(Exception):
    """The embedded catalog cannot be prepared; the message says what to do."""


class PreparedCatalog(BuildHookInterface[Any]):
    """Hatchling's door to `prepare` and `packed`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        try:
            prepare(root)
        except PrepareError as error:
            self.app.abort(f"deep-learning-hub: {error}")
        if version != "editable":
            build_data["force_include"].update(packed(root))


def packed(root: Path) -> dict[str, str]:
    """File on disk -> place in the wheel: the files of data/ itself and all of data/prepared."""
    data = root / "data"
    found = [*data.glob("*"), *(data / "prepared").rglob("*")]
    return {
        str(path): (Path("hub/data") / path.relative_to(data)).as_posix()
        for path in sorted(found)
        if path.is_file() and not path.name.startswith(".")
    }


def prepare(root: Path) -> bool:
    """True when data/prepared was built anew, False when it was up to date."""
    target = root / "data" / "prepared"
    wanted = fingerprint(root)
    if stamp_of(target) == wanted:
        return False
    missing = [name for module, name in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise PrepareError(
            f"preparing the embedded catalog needs {', '.join(missing)}. Install them (pip install "
            f"{' '.join(missing)}), or build without --no-build-isolation"
        )
    print("preparing the embedded catalog (about 10 s)", file=sys.stderr, flush=True)
    scratch = Path(tempfile.mkdtemp(prefix=".prepared-", dir=target.parent))
    try:
        built = scratch / "new"
        built.mkdir()
        run_seed(root, built)
        (built / STAMP).write_text(wanted + "\n", encoding="ascii")
        swap(built, target, scratch / "old")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True


def run_seed(root: Path, target: Path) -> None:
    """Lets hub.seed of this source tree fill `target`, in a process of its own.

    A user's HUB_* settings stay out: the same sources give the same catalog everywhere.
    """
    environment = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
    path = [str(root), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    done = subprocess.run(
        [sys.executable, "-c", SEED_CODE, str(target)],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode != 0:
        raise PrepareError(f"hub.seed.build failed with exit code {done.returncode} (see above)")
    if not (target / "catalog.db").is_file():
        raise PrepareError(f"hub.seed.build returned, but wrote no catalog.db to {target}")


def swap(new: Path, target: Path, old: Path) -> None:
    """Puts `new` in the place of `target`; another process that was faster is left alone."""
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if stamp_of(target) != stamp_of(new):
            raise


def stamp_of(folder: Path) -> str | None:
    """The fingerprint a prepared folder was built from, None when there is none."""
    try:
        return (folder / STAMP).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def fingerprint(root: Path) -> str:
    """sha256 over the names and contents of everything the prepared folder depends on."""
    total = hashlib.sha256()
    for path in sorted(inputs(root)):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()


def inputs(root: Path) -> set[Path]:
    """data/*.toml, the seed, all of crawlers, and of hub what hub.seed imports and migrations."""
    if not (root / "hub" / "seed.py").is_file():
        raise PrepareError(f"{root} holds no hub/seed.py: not a whole source tree")
    found = set(imported(root, "hub.seed"))
    found.update((root / "data").glob("*.toml"))
    for folder, pattern in (("data/seed", "*"), ("crawlers", "*.py"), ("hub/migrations", "*")):
        found.update(path for path in (root / folder).rglob(pattern) if path.is_file())
    return {path for path in found if path.suffix != ".pyc" and not path.name.startswith(".")}


def imported(root: Path, module: str) -> Iterator[Path]:
    """Files of `module` and of every hub module that it reaches by import statements."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = source_of(root, name)
        if path is None:
            continue
        yield path
        waiting.append(name.rpartition(".")[0])
        for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]


def source_of(root: Path, module: str) -> Path | None:
    """The file of a hub module, None for anything else."""
    if module.partition(".")[0] != "hub":
        return None
    path = root.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def main() -> int:
    """Prepares the source tree that this file stands in; exit code 1 with a message on failure."""
    try:
        prepare(Path(__file__).resolve().parent)
    except PrepareError as error:
        print(f"deep-learning-hub: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
