"""What the tests of the hub share: its command run as a child, and small catalogs of literal records."""

import fcntl
import io
import json
import os
import pty
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import hub
from crawlers import records
from crawlers.records import Record
from hub import harvest
from hub.catalog import Catalog, create
from hub.paths import Paths
from tests import warm

ROOT = Path(hub.__file__).parent.parent
"""The code under test: children import the very same files."""

DAY = "2026-01-01"


# -- the command ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        """What the JSON document of a command holds."""
        return self.json["data"]


def environment(home: Path | str, **more: str) -> dict[str, str]:
    """The environment of a child: its own home, UTF-8, nothing of the hub's from outside."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HUB_", "LC_", "CLICOLOR", "XDG_"))
        and name not in ("LANG", "LANGUAGE", "NO_COLOR", "PAGER", "LESS", "GITHUB_TOKEN", "COLUMNS")
    }
    return {
        **kept,
        "HUB_HOME": str(home),
        "XDG_STATE_HOME": str(Path(home).parent / "state"),
        "HUB_OFFLINE": "1",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def run(
    *words: object,
    home: Path,
    stdin: str = "",
    timeout: float = 50,
    cwd: Path | None = None,
    **more: str,
) -> Said:
    """`hub WORDS` as a user's shell runs it, its output piped.

    The process has the hub's modules already, unless it is told how Python itself is to read and write.
    """
    done = subprocess.run(
        command(*words, python=warm.python()),
        input=stdin.encode("utf-8", "surrogateescape"),
        capture_output=True,
        timeout=timeout,
        cwd=cwd,
        env=environment(home, **more),
    )
    code, out, err = done.returncode, done.stdout, done.stderr
    assert b"Traceback (most recent call last)" not in err, err.decode()
    return Said(code, out.decode("utf-8"), err.decode("utf-8"))


def called(*words: object, home: Path, **more: str) -> Said:
    """The same within this process, for tests of many runs: starting one costs most of a second."""
    from hub.cli import main

    out, err, code = io.StringIO(), io.StringIO(), 0
    argv, handlers = ["hub", *map(str, words)], [signal.SIGINT, signal.SIGTERM]
    before = [signal.getsignal(one) for one in handlers]
    with (
        mock.patch.dict(os.environ, environment(home, **more), clear=True),
        mock.patch.object(sys, "argv", argv),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    assert [signal.getsignal(one) for one in handlers] == before, "it gave the signals back"
    return Said(code, out.getvalue(), err.getvalue())


def command(*words: object, python: str = sys.executable) -> list[str]:
    return [python, "-m", "hub", *map(str, words)]


def start(
    *words: object, home: Path, python: str = sys.executable, **more: str
) -> "subprocess.Popen[str]":
    """The same, left running; by Python itself, since whoever kills it means that very process."""
    return subprocess.Popen(
        command(*words, python=python),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, **more),
    )


def shell(line: str, *, home: Path, cwd: Path, timeout: float = 50) -> Said:
    """A line as it stands in a help text, run by sh with `hub` on its PATH."""
    folder = home.parent / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / "hub"
    if not script.exists():
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub "$@"\n', "utf-8")
        script.chmod(0o755)
    there = environment(home)
    there["PATH"] = f"{folder}{os.pathsep}{there['PATH']}"
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, timeout=timeout, cwd=cwd, env=there, input=b""
    )
    return Said(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def on_terminal(
    *words: object,
    home: Path,
    keys: bytes = b"",
    columns: int = 100,
    timeout: float = 25,
    **more: str,
) -> tuple[int, str]:
    """Exit code of `hub WORDS` on a real terminal, and every byte that the terminal got.

    `keys` are typed again and again, once a second, until the command ends.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    there = environment(home, TERM="xterm-256color", **more)
    child = subprocess.Popen(
        command(*words), stdin=its, stdout=its, stderr=its, env=there, start_new_session=True
    )
    os.close(its)
    got = bytearray()
    deadline, typed = time.monotonic() + timeout, time.monotonic()
    try:
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    part = os.read(ours, 1 << 16)
                except OSError:  # the child's end is closed
                    break
                if not part:
                    break
                got += part
            elif keys and time.monotonic() - typed > 1:
                typed = time.monotonic()
                os.write(ours, keys)
        else:
            raise AssertionError(f"{words} did not end: {bytes(got[-500:])!r}")
        return child.wait(10), got.decode("utf-8", "surrogateescape")
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            child.wait()
        os.close(ours)


# -- records ----------------------------------------------------------------------------------


def given(source: str = "arxiv_snapshot", day: str = DAY, licence: str | None = "CC0-1.0") -> Any:
    """Who says a record, and when."""
    return {"source": source, "retrieved_at": day, "licence": licence}


def paper(key: str = "arxiv:2401.00001", title: str = "A Title", **more: Any) -> Any:
    return records.PaperRecord(**{**given(), "key": key, "title": title, **more})


def repository(key: str = "github:owner/name", **more: Any) -> Any:
    path = key.partition(":")[2]
    said = {"key": key, "name": path, "url": f"https://github.com/{path}"}
    return records.RepositoryRecord(**{**given("github"), **said, **more})


def link(paper: str, repository: str, **more: Any) -> Any:
    url = f"https://github.com/{repository.partition(':')[2]}"
    said = {"paper": paper, "repository": repository, "evidence": "comment", "url": url}
    return records.LinkRecord(**{**given(), **said, **more})


def dataset(key: str, name: str, **more: Any) -> Any:
    return records.DatasetRecord(**{**given("curated"), "key": key, "name": name, **more})


def framework(key: str, name: str, **more: Any) -> Any:
    role = key.partition(":")[0]
    said = {"key": key, "name": name, "role": role}
    return records.FrameworkRecord(**{**given("curated"), **said, **more})


def task(key: str, name: str, **more: Any) -> Any:
    role = key.partition(":")[0]
    return records.TaskRecord(
        **{**given("curated"), "key": key, "name": name, "role": role, **more}
    )


def method(key: str, name: str, **more: Any) -> Any:
    return records.MethodRecord(**{**given("curated"), "key": key, "name": name, **more})


def board(task: str, dataset: str, metrics: list[str], **more: Any) -> Any:
    slugs = f"{task.partition(':')[2]}/{dataset.partition(':')[2]}"
    said = {"task": task, "dataset": dataset, "name": dataset.partition(":")[2], "metrics": metrics}
    licence = given("pwc_archive", licence="CC-BY-SA-4.0")
    return records.BoardRecord(**{**licence, "key": f"board:{slugs}", **said, **more})


def result(board: Any, position: int, model: str, metric: str, text: str, **more: Any) -> Any:
    """One cell of a board; its value and unit are read from the text as the sources do."""
    from crawlers.values import parse_value

    read = parse_value(text)
    said = {
        "key": f"{board.key}#{position}#{metric}",
        "board": board.key,
        "row": f"{board.key}#{position}",
        "position": position,
        "task": board.task,
        "dataset": board.dataset,
        "model_name": model,
        "metric": metric,
        "value_text": read.text,
        "value": read.value,
        "spread": read.spread,
        "unit": read.unit,
        "direction": "higher",
    }
    licence = given("pwc_archive", licence="CC-BY-SA-4.0")
    return records.ResultRecord(**{**licence, **said, **more})


# -- catalogs ---------------------------------------------------------------------------------


_ONE_AT_A_TIME = threading.Lock()
"""alembic keeps its context in the module: two threads would mix up their databases."""


@cache
def _template() -> bytes:
    """A new, empty catalog, made once: alembic takes a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.db"
        create(path)
        with sqlite3.connect(path, isolation_level=None) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        return path.read_bytes()


def empty_catalog(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _ONE_AT_A_TIME:
        content = _template()
    path.write_bytes(content)
    return path


def put(path: Path, *said: Record) -> None:
    """One transaction into the catalog at `path`, which is made when it is missing."""
    if not path.exists():
        empty_catalog(path)
    with Catalog.open(path, write=True) as catalog, catalog.transaction():
        catalog.upsert(said)


def home_with(home: Path, *said: Record, index: bool = True) -> Path:
    """A home that holds these records, with its index unless it is left out."""
    places = Paths(home)
    put(places.catalog, *said)
    if index:
        with Catalog.open(places.catalog) as catalog:
            harvest.update_index(catalog, places, force=True)
    return home


def embedded_home(home: Path) -> Path:
    """A home after its first start: the embedded catalog."""
    said = run("search", "residual", "-n", "1", "-q", home=home)
    assert said.code == 0, said.err
    return home


# -- files ------------------------------------------------------------------------------------


def arxiv_line(number: int, title: str | None = None, **more: Any) -> dict[str, Any]:
    """A line of the arXiv snapshot, made up, with every field that the real one has."""
    return {
        "id": f"{2001 + number // 10_000:04}.{number % 10_000:05}",
        "submitter": "A. Person",
        "authors": "Ada Lovelace and Alan Turing",
        "title": title or f"Paper {number} on learning",
        "comments": None,
        "journal-ref": None,
        "doi": None,
        "report-no": None,
        "categories": "cs.LG stat.ML",
        "license": None,
        "abstract": f"We study topic {number % 97} with method {number % 13}.",
        "versions": [{"version": "v1", "created": "Mon, 6 Jan 2020 10:00:00 GMT"}],
        "update_date": "2020-01-07",
        "authors_parsed": [["Lovelace", "Ada", ""], ["Turing", "Alan", ""]],
        **more,
    }


def write_lines(path: Path, lines: Iterable[Any]) -> Path:
    """JSON lines; a line that is bytes already is written as it is."""
    path.write_bytes(
        b"".join(
            (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
            for line in lines
        )
    )
    return path


def arxiv_file(path: Path, count: int, first: int = 0) -> Path:
    return write_lines(path, (arxiv_line(number) for number in range(first, first + count)))
