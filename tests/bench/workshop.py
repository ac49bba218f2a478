"""What several measurements share: the real data, a scratch folder, the home with 70,000 papers."""

import gzip
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from tests.bench.children import Cost, hub, python, run

NO_DATA = "HUB_REAL_DATA is not set"
PAPERS = 69_501
"""Papers in the snapshot; a home with fewer would make every later number too good."""


@dataclass
class Workshop:
    """A scratch folder and what has been made in it."""

    scratch: Path
    tell: Callable[[str], None]

    def __post_init__(self) -> None:
        self._numbers = count()
        self._warm = False

    @cached_property
    def data(self) -> Path | None:
        """The folder of real data; None when it is not named."""
        named = os.environ.get("HUB_REAL_DATA")
        return Path(named).expanduser().resolve() if named else None

    @property
    def snapshot(self) -> Path:
        assert self.data is not None
        return self.data / "arxiv" / "arxiv-metadata-snapshot-70k.jsonl.gz"

    @property
    def tables(self) -> Path:
        assert self.data is not None
        return self.data / "pwc" / "evaluation-tables.2020-08-28.json.gz"

    @cached_property
    def plain_snapshot(self) -> Path:
        """The snapshot decompressed, as the peer reads it."""
        target = self.scratch / "70k.jsonl"
        with gzip.open(self.snapshot) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
        return target

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        folder = self.scratch / f"{name}-{next(self._numbers)}"
        folder.mkdir()
        return folder

    def warm(self) -> None:
        """Prepares the embedded catalog and compiles the modules, once: no user waits for it twice."""
        if self._warm:
            return
        if find_spec("hatchling"):
            run(python("hatch_build.py"))
        home = self.fresh("warm")
        run(hub("search", "mnist"), {"HUB_HOME": home})
        shutil.rmtree(home)
        self._warm = True

    def import_papers(self) -> tuple[Path, Cost]:
        """A fresh home after `hub import` of the snapshot, and what that cost."""
        home = self.fresh("home")
        cost = run(hub("import", self.snapshot), {"HUB_HOME": home})
        with closing(sqlite3.connect(home / "catalog.db")) as db:
            (kept,) = db.execute("SELECT COUNT(*) FROM paper").fetchone()
        if kept < PAPERS:
            raise RuntimeError(f"hub import kept {kept:,} papers, not {PAPERS:,}")
        self.__dict__["home"] = home
        return home, cost

    @cached_property
    def home(self) -> Path:
        """The home with 70,000 papers; imported when no measurement has done so before."""
        self.tell("importing the snapshot, not measured")
        return self.import_papers()[0]


def lacks(*modules: str) -> str | None:
    """Which of these peers cannot be imported, as a sentence; None when all can."""
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return None
    return f"{', '.join(missing)} not installed (pip install -e '.[bench]')"
