"""What survives: killed processes, full disks, damaged files, two writers at once."""

import gzip
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.catalog import Catalog
from hub.errors import HubError
from hub.index import Index
from hub.library import Library
from hub.lock import writing
from hub.paths import Paths
from hub.queries import Queries
from tests.hubtest import (
    ROOT,
    arxiv_file,
    arxiv_line,
    command,
    embedded_home,
    empty_catalog,
    environment,
    home_with,
    paper,
    put,
    run,
    start,
    write_lines,
)

MANY = 12_000
AS_ROOT = os.geteuid() == 0


def read(home: Path, sql: str) -> list[tuple]:
    """What stock sqlite3 reads from a home's catalog."""
    db = sqlite3.connect(f"file:{home / 'catalog.db'}?mode=ro", uri=True, timeout=10)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def count(home: Path, table: str = "paper") -> int:
    return read(home, f"SELECT COUNT(*) FROM {table}")[0][0]


def last_harvest(home: Path) -> tuple[str, int]:
    """State of the newest row of the ledger, and how many new records it counted."""
    found = read(home, "SELECT state, new FROM harvest ORDER BY id DESC LIMIT 1")
    return found[0] if found else ("none", 0)


def wait_for(seen: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def many_lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return arxiv_file(tmp_path_factory.mktemp("files") / "many.jsonl", MANY)


# -- kill -9 ----------------------------------------------------------------------------------


def kill_imports(home: Path, file: Path, kills: int, seed: int) -> None:
    """Starts imports into one home and kills each at a random moment, checking after each."""
    chance = random.Random(seed)
    empty_catalog(home / "catalog.db")
    for at in range(kills):
        if at % 5 == 4:  # begin again, so that kills meet new rows and known ones
            shutil.rmtree(home)
            empty_catalog(home / "catalog.db")
        before, rows_before = count(home), count(home, "harvest")
        child = start("import", "--no-index", file, home=home)
        time.sleep(chance.uniform(0.05, 1))
        acknowledged = count(home)
        child.kill()
        child.communicate()
        assert read(home, "PRAGMA integrity_check") == [("ok",)]
        after = count(home)
        assert acknowledged <= after <= MANY
        if count(home, "harvest") > rows_before:
            state, new = last_harvest(home)
            assert new == after - before, "the ledger and the rows tell different stories"
            assert state in ("running", "done")
        else:
            assert after == before


def test_an_import_killed_at_25_moments_loses_nothing_and_completes_when_run_again(
    tmp_path: Path, many_lines: Path
) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(kill_imports, homes, [many_lines] * 2, [13, 12], [1, 2]))
    for home in homes:
        began = time.monotonic()
        said = run("list", "papers", "-n", "1", "-q", home=home)
        assert said.code == 0, said.err
        assert time.monotonic() - began < 3
    said = run("import", "--no-index", many_lines, home=homes[0])
    assert said.code == 0, said.err
    assert count(homes[0]) == MANY
    assert last_harvest(homes[0])[0] == "done"
    states = {state for (state,) in read(homes[0], "SELECT state FROM harvest")}
    assert states <= {"done", "interrupted"}, "no harvest is left as if it still ran"


def kill_first_starts(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    for at in range(kills):
        home = folder / f"home-{at}"
        child = start("search", "residual", "-q", "-n", "1", home=home)
        time.sleep(chance.uniform(0.05, 0.5))
        child.kill()
        child.communicate()
        began = time.monotonic()
        said = run("search", "residual", "-q", "-n", "1", home=home)
        assert said.code == 0, said.err
        assert len(said.lines) == 1
        assert time.monotonic() - began < 4
        assert read(home, "PRAGMA integrity_check") == [("ok",)]
        assert Index.open(home / "index").check() == []
        assert not list(home.glob("*.partial-*")), "what the killed start left is still there"
        shutil.rmtree(home)


def test_a_first_start_killed_at_15_moments_never_leaves_half_a_home(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(kill_first_starts, [tmp_path / "a", tmp_path / "b"], [8, 7], [3, 4]))


def test_two_first_starts_at_once_both_answer(tmp_path: Path) -> None:
    home = tmp_path / "home"
    children = [start("search", "residual", "-q", "-n", "1", home=home) for _ in range(3)]
    answers = [child.communicate(timeout=30) for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], answers
    assert len({out for out, _ in answers}) == 1


# -- Ctrl-C -----------------------------------------------------------------------------------


def test_ctrl_c_during_an_import_ends_with_130_keeps_what_was_read_and_can_go_on(
    tmp_path: Path, many_lines: Path
) -> None:
    home = tmp_path / "home"
    empty_catalog(home / "catalog.db")
    child = start("import", "--no-index", many_lines, home=home)
    wait_for(lambda: count(home) >= 2_000)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert "kept" in err
    kept = count(home)
    assert 2_000 <= kept < MANY
    assert last_harvest(home) == ("interrupted", kept)
    assert run("import", "--no-index", many_lines, home=home).code == 0
    assert count(home) == MANY


def test_ctrl_c_at_any_moment_of_an_import_shows_no_traceback_and_leaves_a_true_ledger(
    tmp_path: Path, many_lines: Path
) -> None:
    chance = random.Random(6)
    for at in range(5):
        home = tmp_path / f"home-{at}"
        empty_catalog(home / "catalog.db")
        child = start("import", "--no-index", many_lines, home=home)
        wait_for(lambda here=home: count(here, "harvest") == 1)
        time.sleep(chance.uniform(0, 0.3))
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=20)
        assert child.returncode == 130, err
        assert "Traceback" not in err
        assert last_harvest(home) == ("interrupted", count(home))


@pytest.mark.parametrize("loaded", ["typer", "hub.render", "sqlite3"])
def test_ctrl_c_while_a_command_starts_shows_no_traceback(tmp_path: Path, loaded: str) -> None:
    home = home_with(tmp_path / "home", paper(), index=False)
    child = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "hub", "list", "papers"],
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    for line in child.stderr:
        if line.rstrip().endswith(f" {loaded}"):
            break
    child.send_signal(signal.SIGINT)
    rest = "".join(line for line in child.stderr if not line.startswith("import time:"))
    assert "Traceback" not in rest
    assert child.wait(10) in (130, -signal.SIGINT), rest


# -- two at once ------------------------------------------------------------------------------


def test_two_imports_at_once_both_finish_while_readers_go_on(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper("arxiv:1001.00001", "Residual learning"))
    files = [arxiv_file(tmp_path / f"{n}.jsonl", 4_000, first=4_000 * n) for n in (0, 1)]
    with writing(Paths(home).lock, "hub import before"):
        children = [start("import", "--no-index", file, home=home) for file in files]
        for child in children:
            assert child.stderr is not None
            assert "Waiting for " in child.stderr.readline(), "it says whom it awaits"
    failed: list[str] = []
    slowest, answers = 0.0, 0
    while any(child.poll() is None for child in children):
        began = time.monotonic()
        try:
            queries = Queries(Paths(home))
            assert queries.show("arxiv:1001.00001").entry.name == "Residual learning"
            queries.close()
            with Library.open(home / "library.db", write=True) as library:
                library.keep("arxiv:1001.00001", favourite=True)
        except (HubError, sqlite3.Error) as error:
            failed.append(str(error))
        slowest = max(slowest, time.monotonic() - began)
        answers += 1
    outcomes = [child.communicate()[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], outcomes
    assert failed == []
    assert answers >= 5
    assert slowest < 3
    assert count(home) == 8_001


def test_no_wait_fails_at_once_and_names_who_writes(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper())
    file = arxiv_file(tmp_path / "a.jsonl", 10)
    with writing(Paths(home).lock, "hub import big.json"):
        said = run("import", "--no-wait", file, home=home)
    assert said.code == 1
    assert f"process {os.getpid()}" in said.err
    assert "hub import big.json" in said.err
    assert said.out == ""
    assert run("import", "--no-wait", "--no-index", file, home=home).code == 0


def test_readers_answer_while_a_writer_holds_a_transaction(tmp_path: Path) -> None:
    first = paper("arxiv:2401.00001", "Residual learning")
    home = home_with(tmp_path / "home", first, paper("arxiv:2401.00003", "Other"))
    with Catalog.open(home / "catalog.db", write=True) as catalog, catalog.transaction():
        catalog.upsert([paper("arxiv:2401.00002", "Residual networks")])
        said = run("search", "residual", "-q", home=home)
        assert said.lines == ["arxiv:2401.00001"]
    assert run("list", "papers", "-q", "--sort", "key", home=home).lines == [
        "arxiv:2401.00001",
        "arxiv:2401.00002",
        "arxiv:2401.00003",
    ]


# -- damaged input ----------------------------------------------------------------------------


def test_a_gzip_file_cut_off_keeps_what_came_before_and_says_where_it_broke(
    tmp_path: Path,
) -> None:
    whole = gzip.compress(arxiv_file(tmp_path / "whole.jsonl", 5_000).read_bytes())
    cut = whole[: len(whole) * 6 // 10]
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(cut)
    readable = zlib.decompressobj(31).decompress(cut).count(b"\n")
    assert 1_000 < readable < 5_000
    home = home_with(tmp_path / "home", index=False)
    said = run("import", "--no-index", file, home=home)
    assert said.code == 5
    # A gzip reader works in blocks: the last one may be lost.
    assert readable - 200 <= count(home) <= readable
    assert f"cut.jsonl.gz: line {count(home) + 1}" in said.err
    assert last_harvest(home)[0] == "damaged"
    assert "1 skipped" not in said.out


def test_garbage_inside_a_gzip_file_keeps_what_came_before(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(arxiv_file(tmp_path / "whole.jsonl", 5_000).read_bytes()))
    half = len(data) // 2
    data[half : half + 64] = b"\xff" * 64
    file = tmp_path / "bad.jsonl.gz"
    file.write_bytes(bytes(data))
    home = home_with(tmp_path / "home", index=False)
    said = run("import", "--no-index", file, home=home)
    assert said.code == 5
    assert "bad.jsonl.gz: line" in said.err
    assert 1_000 < count(home) < 5_000


def test_broken_lines_are_counted_with_their_reasons_and_good_ones_kept(tmp_path: Path) -> None:
    good = [arxiv_line(number) for number in range(5)]
    bad = [
        b'{"id": "2001.00100", "title": "cut off',
        b'"only a text"',
        b"[1, 2]",
        b'{"id": "2001.00101", "title": "\xff\xfe not UTF-8", "abstract": "x"}',
        {**arxiv_line(102), "id": "no id at all"},
        {**arxiv_line(103), "title": None},
        {**arxiv_line(104), "title": 17},
        {**arxiv_line(105), "update_date": "2020-02-31"},
        {**arxiv_line(106), "versions": "v1"},
        {**arxiv_line(107), "authors_parsed": [1, 2]},
        b"[" * 100_000,
    ]
    lines = [good[0], *bad[:5], good[1], *bad[5:], *good[2:]]
    file = write_lines(tmp_path / "mixed.jsonl", lines)
    home = home_with(tmp_path / "home", index=False)
    said = run("import", "--no-index", "--json", file, home=home)
    assert said.code == 5
    [summary] = said.data
    assert sum(summary["skipped"].values()) == len(bad)
    assert summary["skipped"]["not UTF-8"] == 1
    assert summary["new"] == {"paper": 5}
    assert count(home) == 5
    said = run("import", "--no-index", file, home=home)
    assert said.code == 5
    assert "5 unchanged" in said.out
    assert f"{len(bad)} skipped" in said.out
    assert "mixed.jsonl: line 2: " in said.err


def test_a_line_longer_than_memory_should_hold_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    with file.open("wb") as out:
        write_lines(tmp_path / "two.jsonl", [arxiv_line(1), arxiv_line(2)])
        first, second = (tmp_path / "two.jsonl").read_bytes().splitlines(keepends=True)
        out.write(first)
        out.write(b'{"id": "' + b"x" * (18 << 20) + b'"}\n')
        out.write(second)
    home = home_with(tmp_path / "home", index=False)
    said = run("import", "--no-index", file, home=home)
    assert said.code == 5
    assert "longer than 16 MiB" in said.err
    assert count(home) == 2


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("missing.jsonl", None, 4, "no such file"),
        ("empty.jsonl", b"", 5, "empty"),
        ("notes.txt", b"Dear diary, today I read a paper.\n", 5, "position 0"),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 5, "position 0"),
        ("other.json", b'{"a": 1}\n', 5, "position 0"),
        ("other.json.gz", gzip.compress(b"[1, 2, 3]"), 5, "position 0"),
        ("cut.gz", gzip.compress(b"x" * 1000)[:9], 5, "position 0"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes | None, code: int, says: str
) -> None:
    home = home_with(tmp_path / "home", index=False)
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    said = run("import", file, home=home)
    assert said.code == code
    assert name in said.err
    assert says in said.err
    assert said.out == ""
    assert count(home, "harvest") == 0


def test_a_folder_is_refused_and_not_called_missing(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", index=False)
    (tmp_path / "folder").mkdir()
    said = run("import", tmp_path / "folder", home=home)
    assert said.code in (2, 4, 5)
    assert "folder" in said.err.replace(str(tmp_path / "folder"), "")


def test_one_bad_name_among_files_stops_before_anything_is_read(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", index=False)
    file = arxiv_file(tmp_path / "good.jsonl", 3)
    assert run("import", file, tmp_path / "missing.jsonl", home=home).code == 4
    assert count(home) == 0


# -- damaged catalogs, full disks, read-only folders ------------------------------------------


def damage_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(random.Random(7).randbytes(100))


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 5)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE paper (key TEXT)")
    db.close()


def newer_revision(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()


@pytest.mark.parametrize("harm", [damage_header, cut, empty, other_database, newer_revision])
def test_a_damaged_catalog_is_said_with_exit_5_and_left_as_it_is(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    home = home_with(
        tmp_path / "home", *(paper(f"arxiv:2401.{n:05}", f"T {n}" * 20) for n in range(600))
    )
    path = home / "catalog.db"
    harm(path)
    before = path.read_bytes()
    for words in (
        ("list", "papers", "-q"),
        ("import", arxiv_file(tmp_path / "a.jsonl", 3)),
        ("doctor",),
    ):
        said = run(*words, home=home)
        assert said.code == 5, (words, said.out, said.err)
        assert "catalog" in said.err + said.out
        assert "pip install --upgrade" in said.err + said.out or "Move it away" in (
            said.err + said.out
        ), "the message says what to do next"
    assert path.read_bytes() == before
    path.unlink()
    assert run("search", "residual", "-q", "-n", "1", home=home).code == 0, "and what to do works"


def test_a_damaged_catalog_leaves_the_library_readable(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper())
    with Library.open(home / "library.db", write=True) as library:
        library.keep("arxiv:2401.00001", note="mine")
    damage_header(home / "catalog.db")
    said = run("library", "show", "arxiv:2401.00001", home=home)
    assert said.code == 0
    assert "mine" in said.out
    assert run("library", "export", home=home).code == 0
    said = run("library", "search", "mine", "-q", home=home)
    assert said.lines == ["arxiv:2401.00001"]


def test_a_disk_without_room_says_so_and_keeps_what_was_committed(
    tmp_path: Path, many_lines: Path
) -> None:
    home = tmp_path / "home"
    empty_catalog(home / "catalog.db")

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))

    done = subprocess.run(
        command("import", "--no-index", many_lines),
        env=environment(home),
        capture_output=True,
        text=True,
        preexec_fn=small_disk,
        timeout=30,
    )
    assert done.returncode in (1, 5), done.stderr
    assert "Traceback" not in done.stderr
    assert "catalog.db" in done.stderr
    assert "space" in done.stderr.lower()
    assert read(home, "PRAGMA integrity_check") == [("ok",)]
    assert last_harvest(home)[1] == count(home)
    assert run("import", "--no-index", many_lines, home=home).code == 0
    assert count(home) == MANY


def test_a_full_database_is_a_full_disk_and_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    put(path, paper())
    with Catalog.open(path, write=True) as catalog:
        pages = catalog.scalar("PRAGMA page_count")
        catalog.scalar(f"PRAGMA max_page_count = {pages + 2}")
        papers = [paper(f"arxiv:2402.{n:05}", "T" * 3_000) for n in range(200)]
        with pytest.raises(HubError, match="no room") as caught, catalog.transaction():
            catalog.upsert(papers)
        assert caught.value.exit_code == 1
        assert catalog.scalar("SELECT COUNT(*) FROM paper") == 1
        assert catalog.check() == []


def test_a_first_start_without_room_leaves_nothing_half_made(tmp_path: Path) -> None:
    home = tmp_path / "home"

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))

    done = subprocess.run(
        command("status"), env=environment(home), capture_output=True, text=True,
        preexec_fn=small_disk, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "space" in done.stderr.lower()
    assert not (home / "catalog.db").exists()
    assert run("search", "residual", "-q", "-n", "1", home=home).code == 0


@pytest.mark.skipif(AS_ROOT and not shutil.which("setpriv"), reason="root writes everywhere")
def test_a_home_that_cannot_be_written_is_read_all_the_same() -> None:
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    def without_rights(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*(nobody if AS_ROOT else []), *command(*words)],
            env=environment(home),
            capture_output=True,
            text=True,
            timeout=20,
            cwd="/",
        )

    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        home = home_with(
            folder / "home",
            paper("arxiv:2401.00001", "Residual learning"),
            paper("arxiv:2401.00002", "Other"),
        )
        for part in (folder, *folder.rglob("*")):
            part.chmod(0o555 if part.is_dir() else 0o444)
        try:
            found = without_rights("search", "residual", "-q")
            refused = without_rights("library", "add", "arxiv:2401.00001")
            imported = without_rights("import", str(ROOT / "pyproject.toml"))
            fresh = subprocess.run(
                [*(nobody if AS_ROOT else []), *command("search", "residual", "-q", "-n", "1")],
                env=environment(home / "new"), capture_output=True, text=True, timeout=20, cwd="/",
            )  # fmt: skip
        finally:
            for part in (folder, *folder.rglob("*")):
                part.chmod(0o755 if part.is_dir() else 0o644)
    assert found.returncode == 0, found.stderr
    assert found.stdout == "arxiv:2401.00001\n"
    assert refused.returncode == 1, refused.stderr
    assert "HUB_HOME" in refused.stderr
    assert imported.returncode == 5, imported.stderr
    assert fresh.returncode == 0, fresh.stderr
    assert len(fresh.stdout.splitlines()) == 1, "the embedded catalog is read where it lies"
    assert "cannot be written" in fresh.stderr
    for said in (found, refused, imported, fresh):
        assert "Traceback" not in said.stderr


def test_a_damaged_index_is_said_with_the_command_that_mends_it(tmp_path: Path) -> None:
    home = embedded_home(tmp_path / "home")
    [folder] = (home / "index").glob("build-*")
    for array in folder.glob("posting_*.npy"):
        array.write_bytes(array.read_bytes()[: array.stat().st_size // 2])
    said = run("search", "residual", home=home)
    assert said.code == 5
    assert "hub index" in said.err
    assert said.out == ""
    assert run("show", "mnist", home=home).code == 0, "what needs no index goes on"
