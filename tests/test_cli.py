"""The command line as its user meets it: every command, every exit code, every example."""

import gzip
import json
import os
import re
import shlex
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.errors import EXIT_CODES
from hub.library import Library
from hub.paths import Paths
from tests.hubtest import (
    ROOT,
    Said,
    arxiv_file,
    board,
    command,
    dataset,
    embedded_home,
    environment,
    framework,
    home_with,
    link,
    method,
    on_terminal,
    paper,
    repository,
    result,
    run,
    shell,
    start,
    task,
    write_lines,
)

SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def embedded_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after its first start, shared by commands that do not write to the catalog."""
    return embedded_home(tmp_path_factory.mktemp("embedded") / "home")


VISION = task("task:image-classification", "Image Classification", name_zh="图像分类")
BOARD = board(VISION.key, "dataset:mnist", ["Accuracy"])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a handful of rows of each kind."""
    return home_with(
        tmp_path_factory.mktemp("small") / "home",
        paper(
            "arxiv:1512.03385",
            "Deep Residual Learning",
            authors=["Kaiming He", "Jian Sun"],
            published="2015-12-10",
            categories=["cs.CV"],
        ),
        paper("arxiv:1706.03762", "Attention Is All You Need", published="2017-06-12"),
        paper("arxiv:2005.14165", "Language Models are Few-Shot Learners"),
        repository("github:kaiminghe/resnet", description="residual networks"),
        link("arxiv:1512.03385", "github:kaiminghe/resnet"),
        dataset("dataset:mnist", "MNIST", name_zh="手写数字", tasks=[VISION.key], year=1998),
        dataset("dataset:cifar-10", "CIFAR-10", aliases=["CIFAR10"]),
        framework("framework:pytorch", "PyTorch", aliases=["torch"]),
        framework("tool:numpy", "NumPy"),
        VISION,
        method("method:dropout", "Dropout"),
        BOARD,
        result(BOARD, 0, "LeNet", "Accuracy", "99.1", paper="arxiv:1512.03385"),
    )


# -- help -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """The --help text of every command that `hub spec` names."""
    nowhere = Path("/nonexistent")
    names = list(run("spec", home=nowhere).data["commands"])
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda name: run(*name.split(), "--help", home=nowhere), names)
        return {name: one.out for name, one in zip(names, said, strict=True)}


def examples_of(text: str) -> list[str]:
    _, found, after = text.partition("Examples:")
    return [line.strip() for line in after.splitlines() if line.strip()] if found else []


def test_help_needs_no_home_and_names_every_command_that_spec_lists(
    helps: dict[str, str], tmp_path: Path
) -> None:
    said = run("--help", home=tmp_path / "home")
    assert said.code == 0
    assert not (tmp_path / "home").exists()
    for name in helps:
        assert re.search(rf"^  {name.split()[0]}\b", said.out, re.MULTILINE), name
    expected = {"search", "show", "list", "leaderboard", "browse", "import", "export", "index",
                "status", "doctor", "spec", "config path", "config show", "config set",
                "library add", "library remove", "library untag", "library drop-note",
                "library list", "library show", "library search", "library tags",
                "library export"}  # fmt: skip
    assert expected <= set(helps)


def test_every_command_says_what_it_does_and_gives_an_example(helps: dict[str, str]) -> None:
    for name, text in helps.items():
        assert text.startswith("Usage: hub "), name
        examples = examples_of(text)
        assert examples, f"hub {name} --help gives no example"
        last = name.split()[-1]
        assert any(last in example.split() for example in examples), f"{name}: {examples}"


def test_every_option_has_a_description(helps: dict[str, str]) -> None:
    spec = run("spec", home=Path("/nonexistent")).data
    for name, one in spec["commands"].items():
        assert one["help"], name
        for parameter in one["parameters"]:
            assert parameter["help"] or parameter["name"] == "help", (name, parameter["name"])
    assert spec["exit_codes"] == {str(code): meaning for code, meaning in EXIT_CODES.items()}
    assert {"json", "jsonl", "csv", "tsv", "markdown", "table"} <= set(spec["formats"])


WRITES = ("import", "index", "config")
"""Commands whose examples run on a small home, since they build an index or change settings."""


@pytest.fixture(scope="module")
def example_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of the names that the examples use."""
    folder = tmp_path_factory.mktemp("files")
    arxiv_file(folder / "arxiv-metadata-oai-snapshot.json", 3)
    table = {
        "task": "Image Classification", "description": "", "categories": ["Computer Vision"],
        "subtasks": [], "synonyms": [], "source_link": None,
        "datasets": [{"dataset": "MNIST", "description": "", "dataset_links": [],
                      "dataset_citations": [], "subdatasets": [],
                      "sota": {"metrics": ["Accuracy"], "rows": [
                          {"model_name": "LeNet", "metrics": {"Accuracy": "99.1"},
                           "paper_title": "P", "paper_url": "https://arxiv.org/abs/1512.03385",
                           "paper_date": "2015-12-10", "code_links": [], "model_links": [],
                           "uses_additional_data": False}]}}],
    }  # fmt: skip
    (folder / "evaluation-tables.json.gz").write_bytes(gzip.compress(json.dumps([table]).encode()))
    entry = {
        "url": "https://paperswithcode.com/method/dropout", "name": "Dropout",
        "full_name": "Dropout", "description": "Drops.", "paper": None, "introduced_year": 2014,
        "source_url": None, "source_title": None, "code_snippet_url": None, "num_papers": 3,
        "collections": [],
    }  # fmt: skip
    (folder / "methods.json.gz").write_bytes(gzip.compress(json.dumps([entry]).encode()))
    row = {"table": "paper", "key": "arxiv:1512.03385", "title": "Deep Residual Learning",
           "source": "arxiv_snapshot", "retrieved_at": "2026-01-01", "licence": "CC0-1.0"}  # fmt: skip
    write_lines(folder / "my-export.jsonl", [{"hub_export": 1}, row])
    mine = {"table": "library", "key": "arxiv:1512.03385", "favourite": True, "reading": "to-read",
            "tags": ["vision"], "added_at": "2026-01-01", "changed_at": "2026-01-01",
            "notes": [{"id": "5f3a9c0d12ab34ef", "text": "residual", "added_at": "2026-01-01",
                       "changed_at": "2026-01-01"}]}  # fmt: skip
    write_lines(folder / "mine.jsonl", [{"hub_export": 1, "what": "library"}, mine])
    return folder


OF_A_RUN = tuple(f"hub runs {word} " for word in ("show", "compare", "export", "import"))
"""Their examples name runs and files that only exist where somebody made them."""


@pytest.mark.timeout(240)  # some sixty commands, a few of which train
def test_every_example_in_every_help_runs(
    helps: dict[str, str], embedded_one: Path, example_files: Path, tmp_path: Path
) -> None:
    lines = list(dict.fromkeys(line for text in helps.values() for line in examples_of(text)))
    small = home_with(tmp_path / "small", paper())
    assert run("import", "--no-index", example_files / "mine.jsonl", home=embedded_one).code == 0
    assert len(lines) >= len(helps)
    # These serve until they are asked to end: tests/test_events.py and tests/test_serve.py do both.
    serving = ("hub runs tensorboard", "hub serve")
    lines = [line for line in lines if not line.startswith(serving)]

    def ended(line: str) -> tuple[str, Said]:
        words = line.split()
        if line == "hub browse":
            code, shown = on_terminal("browse", home=embedded_one, keys=b"\x11")
            return line, Said(code, shown, "")
        home = small if words[1] in WRITES else embedded_one
        if set(line) & set("|<>&;$*?"):
            return line, shell(line, home=home, cwd=example_files)
        # A shell would hand on the very same words.
        return line, run(*shlex.split(line)[1:], home=home, cwd=example_files)

    def order(line: str) -> int:
        """What takes away comes last."""
        return sum(word in line for word in ("untag", "drop-note", "remove") for _ in range(2))

    taking = [line for line in lines if order(line)]
    with ThreadPoolExecutor(2) as pool:
        others = [line for line in lines if not order(line)]
        done = list(pool.map(ended, [line for line in others if ">" not in line]))
        # What writes a file comes after all that may read one of that name.
        done += pool.map(ended, [line for line in others if ">" in line])
    done += [ended(line) for line in sorted(taking, key=lambda line: "remove" in line)]
    # No host can be asked here, and a crawl says so.
    asks = {line for line, _ in done if line.startswith("hub crawl") and "--plan" not in line}
    assert all("offline by wish" in said.err for line, said in done if line in asks)
    failed = [
        (line, said.code, said.err[-300:])
        for line, said in done
        if said.code != (3 if line in asks else 4 if line.startswith(OF_A_RUN) else 0)
    ]
    assert failed == []
    for line, said in done:
        assert "Traceback" not in said.err, line
        if "search" in line and " -q" not in line and "--json" not in line:
            assert len(said.lines) > 1, f"{line} finds nothing"


# -- exit codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("search", "zzzzqqqq"), 0, "Nothing matches"),
        (("list", "papers", "--year", "1700"), 0, "Nothing matches"),
        (("--version",), 0, ""),
        (("nonsense",), 2, "nonsense"),
        (("search",), 2, "words"),
        (("search", "x", "--year", "soon"), 2, "--year"),
        (("search", "x", "--year", "2019-18"), 2, "--year"),
        (("search", "x", "--kind", "book"), 2, "paper, repository"),
        (("search", "x", "--format", "xml"), 2, "jsonl"),
        (("search", "x", "-n", "0"), 2, "0"),
        (("list", "books"), 2, "books"),
        (("list", "papers", "--sort", "stars"), 2, "results"),
        (("list", "papers", "--tree"), 2, "tree"),
        (("list", "repositories", "--year", "2020"), 2, "--year"),
        (("--lang", "fr", "status"), 2, "en or zh"),
        (("config", "set", "limit", "many"), 2, "limit"),
        (("config", "set", "lamg", "zh"), 2, "lang"),
        (("export", "everything"), 2, "papers"),
        (("browse",), 2, "terminal"),
        (("import", "x.jsonl", "--as-of", "yesterday"), 2, "YYYY-MM-DD"),
        (("library", "add", "mnist", "--reading", "never"), 2, "to-read"),
        (("library", "add", "mnist", "--tag", " , "), 2, "tag"),
        (("show", "arxiv:1512.03386"), 4, "arxiv:1512.03385"),
        (("show", "pytorhc"), 4, "framework:pytorch"),
        (("show", "dataset:mnst"), 4, "dataset:mnist"),
        (("leaderboard", "mnitz"), 4, "dataset:mnist"),
        (("leaderboard", "cifar-10"), 4, "no leaderboard"),
        (("leaderboard", "mnist", "--metric", "BLEU"), 4, "Accuracy"),
        (("search", "x", "--task", "image clasification"), 4, "task:image-classification"),
        (("library", "show", "arxiv:1706.03762"), 4, "hub library add"),
        (("library", "drop-note", "0123"), 4, "library show"),
        (("import", "no-such-file.json"), 4, "no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_each_end_has_its_exit_code_and_says_why_on_stderr(
    small: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    said = run(*words, home=small)
    assert said.code == code, said
    assert says in said.err
    if code:
        assert said.out == "", "stdout is for data"


def test_a_plain_failure_is_1_and_its_details_are_in_the_log(small: Path, tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper(), index=False)
    (home / "library.db").mkdir()
    said = run("library", "add", "arxiv:2401.00001", home=home)
    assert said.code in (1, 5)
    assert said.out == ""
    assert len(said.err) > 20


def test_ctrl_c_ends_a_search_with_130(embedded_one: Path) -> None:
    child = subprocess.Popen(
        command("export", "results"), env=environment(embedded_one),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None and child.stderr is not None
    child.stdout.read(1 << 14)  # it is at work, and waits for its reader now
    child.send_signal(signal.SIGINT)
    err = child.stderr.read()
    assert child.wait(10) == 130
    assert b"Traceback" not in err


# -- stdout is data ---------------------------------------------------------------------------


def test_as_many_lines_as_hits_go_to_stdout_and_talk_goes_to_stderr(embedded_one: Path) -> None:
    said = run("search", "residual", "-n", "7", "-q", home=embedded_one)
    assert len(said.lines) == 7
    table = run("search", "residual", "-n", "7", home=embedded_one)
    assert [line.split("\t")[0] for line in table.lines] == ["key", *said.lines]
    assert re.search(r"7 of [\d,]+; -n shows more", table.err)
    many = run("search", "residual", "-n", "7", "--format", "jsonl", home=embedded_one)
    assert [json.loads(line)["key"] for line in many.lines] == said.lines
    csv = run("search", "residual", "-n", "7", "--format", "csv", home=embedded_one)
    assert len(csv.lines) == 8
    markdown = run("search", "residual", "-n", "7", "--format", "markdown", home=embedded_one)
    assert len(markdown.lines) == 9
    assert len({line.count(" | ") for line in markdown.lines if "---" not in line}) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("search", "residual", "--json"),
        ("show", "mnist", "--json"),
        ("list", "datasets", "--json"),
        ("list", "tasks", "--tree", "--json"),
        ("leaderboard", "mnist", "--json"),
        ("status", "--json"),
        ("doctor", "--json"),
        ("library", "list", "--json"),
        ("library", "tags", "--json"),
        ("config", "show", "--json"),
        ("spec",),
    ],
    ids=" ".join,
)
def test_json_is_one_document_with_its_schema_version(small: Path, words: tuple[str, ...]) -> None:
    said = run(*words, home=small)
    assert said.code == 0, said
    assert said.json["schema_version"] == 1
    assert said.json["command"].split()[0] == words[0]


def test_a_closed_pipe_is_no_error(embedded_one: Path) -> None:
    for line in (
        "hub export results | head -1",
        "hub list papers | head -1",
        "hub search learning -n 5000 --json | head -c 100",
        "hub list tasks --tree | head -1",
    ):
        said = shell(line, home=embedded_one, cwd=Path("/tmp"))
        assert "Traceback" not in said.err, line
        assert "BrokenPipe" not in said.err, line
        assert "error" not in said.err, line
        assert said.out


def test_a_pipe_gets_tsv_and_a_terminal_gets_a_table_of_the_same_rows(small: Path) -> None:
    piped = run("list", "papers", "--sort", "key", home=small)
    assert piped.lines[0].split("\t") == ["key", "name", "year", "rows"]
    assert len(piped.lines) == 4
    code, shown = on_terminal("list", "papers", "--sort", "key", home=small)
    assert code == 0
    assert "\t" not in shown
    rows = [line for line in SGR.sub("", shown).splitlines() if line.startswith("arxiv:")]
    assert [row.split()[0] for row in rows] == [line.split("\t")[0] for line in piped.lines[1:]]
    assert "Deep Residual Learning" in shown


def test_colour_is_for_terminals_that_want_it(small: Path) -> None:
    words = ("search", "residual")
    assert "\x1b[" in on_terminal(*words, home=small)[1]
    assert "\x1b" not in on_terminal(*words, home=small, NO_COLOR="1")[1]
    assert "\x1b" not in run(*words, home=small).out
    assert (
        "\x1b["
        in run(*words, home=small, CLICOLOR_FORCE="1", NO_COLOR="").out
        + run("show", "mnist", home=small, CLICOLOR_FORCE="1").out
    )


def test_a_narrow_terminal_cuts_visibly_and_never_past_its_edge(small: Path) -> None:
    code, shown = on_terminal("search", "learning", "residual", home=small, columns=60)
    assert code == 0
    for line in SGR.sub("", shown).splitlines():
        assert len(line) <= 60, line


def test_ascii_output_never_fails(small: Path) -> None:
    said = run("show", "mnist", home=small, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert said.code == 0, said.err
    assert "dataset:mnist" in said.out


# -- reading commands -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        "arxiv:1512.03385",
        "1512.03385",
        "1512.03385v1",
        "https://arxiv.org/abs/1512.03385v2",
        "http://www.arxiv.org/pdf/1512.03385.pdf",
        "https://doi.org/10.48550/arXiv.1512.03385",
    ],
)
def test_show_finds_a_paper_however_it_is_written(small: Path, asked: str) -> None:
    assert run("show", asked, "--json", home=small).data["entry"]["key"] == "arxiv:1512.03385"


def test_show_finds_named_things_by_any_of_their_names(small: Path) -> None:
    for asked, key in (
        ("MNIST", "dataset:mnist"),
        ("手写数字", "dataset:mnist"),
        ("cifar 10", "dataset:cifar-10"),
        ("torch", "framework:pytorch"),
        ("https://github.com/KaimingHe/ResNet.git", "github:kaiminghe/resnet"),
    ):
        assert run("show", asked, "--json", home=small).data["entry"]["key"] == key


def test_show_tells_facts_with_source_day_licence_and_what_hangs_on_it(small: Path) -> None:
    said = run("show", "1512.03385", home=small)
    assert "Deep Residual Learning" in said.out
    assert "Kaiming He, Jian Sun" in said.out
    assert "arxiv_snapshot, 2026-01-01" in said.out
    assert "CC0-1.0" in said.out
    assert "https://github.com/kaiminghe/resnet" in said.out
    assert "Accuracy ↑ 99.1" in said.out


def test_status_counts_by_kind_source_and_licence(small: Path) -> None:
    data = run("status", "--json", home=small).data
    assert data["counts"]["paper"] == 3
    assert data["counts"]["tool"] == data["counts"]["framework"] == 1
    assert data["licences"] == {"CC0-1.0": 11, "CC-BY-SA-4.0": 2}
    assert data["index"]["state"] == "current"
    text = run("status", home=small).out
    assert str(small) in text
    assert "CC-BY-SA-4.0" in text


def test_status_says_when_the_index_is_behind(small: Path, tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper())
    file = arxiv_file(tmp_path / "more.jsonl", 2)
    assert run("import", "--no-index", file, home=home).code == 0
    assert run("status", "--json", home=home).data["index"]["state"] == "stale"
    said = run("search", "title", home=home)
    assert "hub index" in said.err
    assert run("index", home=home).code == 0
    assert run("status", "--json", home=home).data["index"]["state"] == "current"
    assert "up to date" in run("index", home=home).err


def test_without_a_terminal_the_bare_command_says_how_to_go_on(small: Path) -> None:
    said = run(home=small)
    assert said.code in (0, 2)
    assert "hub --help" in said.out + said.err
    assert "3 papers" in said.out


# -- doctor -----------------------------------------------------------------------------------


def test_doctor_finds_nothing_wrong_with_a_sound_home(embedded_one: Path) -> None:
    said = run("doctor", home=embedded_one)
    assert said.code == 0, said.out
    assert "✗" not in said.out


def test_doctor_finds_a_damaged_index_and_mends_it(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper(title="Residual"), paper("arxiv:2401.00002", "Other"))
    [folder] = (home / "index").glob("build-*")
    array = folder / "norms.npy"
    content = bytearray(array.read_bytes())
    content[-1] ^= 0xFF
    array.write_bytes(bytes(content))
    said = run("doctor", home=home)
    assert said.code == 5
    assert "norms.npy" in said.out
    assert "hub doctor --fix" in said.out
    mended = run("doctor", "--fix", home=home)
    assert mended.code == 0, mended
    assert run("doctor", home=home).code == 0
    assert run("search", "residual", "-q", home=home).lines == ["arxiv:2401.00001"]


def test_doctor_sweeps_what_killed_processes_left(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper())
    (home / "catalog.db.partial-1").write_bytes(b"x")
    (home / "index.partial-1").mkdir()
    (home / "index" / "build-1-00.current").write_text("build-1-00")
    assert run("doctor", "--fix", home=home).code == 0
    assert not list(home.glob("*.partial-*"))
    assert not list((home / "index").glob("*.current"))


def test_doctor_notes_an_unfinished_import_and_never_shows_a_token(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper(), index=False)
    file = arxiv_file(tmp_path / "a.jsonl.gz", 2_000)
    file.write_bytes(gzip.compress(file.read_bytes())[:-3_000])
    assert run("import", "--no-index", file, home=home).code == 5
    said = run("doctor", home=home, GITHUB_TOKEN="ghp_secret123")
    assert "a.jsonl.gz" in said.out
    assert "secret" not in said.out + said.err


# -- import -----------------------------------------------------------------------------------


def test_importing_a_file_again_changes_nothing(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper("arxiv:1001.00001", "Other"))
    file = arxiv_file(tmp_path / "arxiv.2026-02-03.jsonl", 30)
    first = run("import", file, home=home)
    assert first.code == 0, first.err
    assert "30 new (30 papers), 0 changed, 0 unchanged, 0 skipped" in first.out
    assert "2026-02-03" in first.out, "the day in the name is the day of the data"
    assert len(first.lines) == 1
    built = (home / "index" / "current").read_text()
    again = run("import", file, home=home)
    assert "0 new, 0 changed, 30 unchanged" in again.out
    assert (home / "index" / "current").read_text() == built, "no index is built for nothing"
    assert len(run("search", "learning", "-n", "50", "-q", home=home).lines) == 30
    assert run("show", "2001.00003", "--json", home=home).data["sources"][""][1] == "2026-02-03"


@pytest.mark.real
def test_real_files_import_and_import_again_without_change(real_data: Path, tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", index=False)
    files = (
        real_data / "arxiv" / "arxiv-metadata-oai-snapshot.first200.jsonl",
        real_data / "pwc" / "evaluation-tables.2020-08-28.json.gz",
        real_data / "pwc" / "methods.2022-05-20.json.gz",
    )
    first = run("import", "--no-index", "--json", *files, home=home)
    assert first.code in (0, 5), first.err
    assert first.data[0]["new"]["paper"] == 200
    assert first.data[1]["new"]["result"] > 10_000
    assert first.data[2]["new"]["method"] > 1_000
    for summary in first.data:
        assert summary["broken"] is None
    again = run("import", "--no-index", "--json", *files, home=home)
    for summary in again.data:
        assert summary["new"] == summary["changed"] == {}


# -- language ---------------------------------------------------------------------------------

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("search", "--help"),
        ("list", "tasks"),
        ("show", "mnist"),
        ("status",),
        ("doctor",),
        ("search", "zzzzqqqq"),
        ("show", "pytorhc"),
        ("library", "list"),
        (),
    ],
    ids=" ".join,
)
def test_chinese_users_read_chinese(small: Path, words: tuple[str, ...]) -> None:
    said = run("--lang", "zh", *words, home=small)
    text = said.out + said.err
    for name in ("图像分类", "手写数字"):
        text = text.replace(name, "")  # names of things are not messages
    if words == ("list", "tasks"):
        assert "图像分类" in said.out
        return
    assert CHINESE.search(text), text[:300]


def test_the_language_comes_from_the_flag_then_the_environment_then_the_locale(
    small: Path,
) -> None:
    def name(*flags: str, **more: str) -> str:
        return run(*flags, "list", "tasks", home=small, **more).lines[1].split("\t")[1]

    assert name() == "Image Classification"
    assert name("--lang", "zh") == "图像分类"
    assert name(HUB_LANG="zh") == "图像分类"
    assert name("--lang", "en", HUB_LANG="zh") == "Image Classification"
    assert name(LC_ALL="zh_CN.UTF-8") == "图像分类"


# -- the library ------------------------------------------------------------------------------


def test_what_is_kept_is_listed_searched_changed_and_forgotten(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper("arxiv:1512.03385", "Deep Residual Learning"))
    key = "https://arxiv.org/abs/1512.03385v1"
    said = run(
        "library", "add", key, "--favourite", "--reading", "to-read", "--tag", "Vision",
        "--tag", "to do", "--note", "start here", home=home,
    )  # fmt: skip
    assert said.code == 0, said.err
    [kept] = run("library", "list", "--json", home=home).data
    assert (kept["key"], kept["name"]) == ("arxiv:1512.03385", "Deep Residual Learning")
    assert (kept["favourite"], kept["reading"]) == (True, "to-read")
    assert kept["tags"] == ["to-do", "vision"]
    assert [note["text"] for note in kept["notes"]] == ["start here"]
    for words in (("residual", "START"), ("vision",), ("here",)):
        assert run("library", "search", *words, "-q", home=home).lines == ["arxiv:1512.03385"]
    assert run("library", "search", "here", "absent", "-q", home=home).lines == []
    assert run("library", "list", "--tag", "other", "-q", home=home).lines == []
    assert run("library", "untag", key, "Vision", home=home).code == 0
    assert [line.split("\t")[0] for line in run("library", "tags", home=home).lines[1:]] == [
        "to-do"
    ]
    note = kept["notes"][0]["id"]
    assert run("library", "drop-note", note, home=home).out.strip() == "arxiv:1512.03385"
    assert run("library", "add", key, "--no-favourite", "--reading", "read", home=home).code == 0
    [kept] = run("library", "list", "--json", home=home).data
    assert (kept["favourite"], kept["reading"], kept["notes"]) == (False, "read", [])
    assert run("library", "remove", key, home=home).code == 0
    assert run("library", "list", "-q", home=home).lines == []


def test_reading_the_library_makes_no_file(small: Path, tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper(), index=False)
    assert run("library", "list", home=home).code == 0
    assert run("library", "export", home=home).code == 0
    assert not (home / "library.db").exists()


# -- settings and places ----------------------------------------------------------------------


def test_a_setting_that_is_set_holds_and_a_flag_wins(tmp_path: Path) -> None:
    home = home_with(
        tmp_path / "home",
        *(paper(f"arxiv:2401.{at:05}", f"Learning {at}") for at in range(9)),
        paper("arxiv:2402.00001", "Other"),
    )
    assert run("config", "set", "limit", "3", home=home).code == 0
    assert run("config", "path", home=home).out.strip() == str(home / "config.toml")
    assert run("config", "show", "--json", home=home).data["limit"] == 3
    assert len(run("search", "learning", "-q", home=home).lines) == 3
    assert len(run("search", "learning", "-q", "-n", "5", home=home).lines) == 5
    assert len(run("search", "learning", "-q", home=home, HUB_LIMIT="4").lines) == 4


def test_a_broken_settings_file_is_named_and_an_unknown_name_is_only_a_note(
    tmp_path: Path,
) -> None:
    home = home_with(tmp_path / "home", paper("arxiv:2401.1", "A"), paper("arxiv:2401.2", "B"))
    (home / "config.toml").write_text("limti = 3\n")
    said = run("search", "a b", "-q", home=home)
    assert said.code == 0
    assert "'limit'" in said.err
    (home / "config.toml").write_text("limit = [\n")
    said = run("search", "a b", "-q", home=home)
    assert said.code == 2
    assert "config.toml" in said.err


def test_completion_offers_keys_and_names(small: Path) -> None:
    script = {
        "_HUB_COMPLETE": "complete_bash",
        "COMP_WORDS": "hub show data",
        "COMP_CWORD": "2",
    }
    other = run(home=small, **{**script, "COMP_WORDS": "hub show framework:p"})
    assert "dataset:mnist" not in other.out
    said = run(home=small, **{**script, "COMP_WORDS": "hub show dataset:m"})
    assert said.code == 0
    assert "dataset:mnist" in said.out
    assert said.err == ""


def test_a_pager_gets_long_output_on_a_terminal_and_no_pager_leaves_it_out(
    embedded_one: Path, tmp_path: Path
) -> None:
    paged = tmp_path / "paged"
    script = tmp_path / "pager"
    script.write_text(f'#!/bin/sh\ncat > "{paged}"\necho PAGED\n')
    script.chmod(0o755)
    code, shown = on_terminal("list", "datasets", home=embedded_one, PAGER=str(script))
    assert code == 0
    assert "PAGED" in shown
    assert "dataset:" in paged.read_text()
    code, shown = on_terminal(
        "list", "datasets", "--no-pager", home=embedded_one, PAGER=str(script)
    )
    assert "PAGED" not in shown
    assert "dataset:" in shown


def test_the_library_survives_imports_and_the_loss_of_the_catalog(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper("arxiv:1512.03385", "Deep Residual Learning"))
    run("library", "add", "arxiv:1512.03385", "--note", "mine", home=home)
    before = (home / "library.db").read_bytes()
    assert run("import", "--no-index", arxiv_file(tmp_path / "a.jsonl", 5), home=home).code == 0
    (home / "catalog.db").unlink()
    assert run("search", "residual", "-n", "1", "-q", home=home).code == 0
    assert (home / "library.db").read_bytes() == before
    with Library.open(Paths(home).library) as library:
        assert [note.text for note in library.get("arxiv:1512.03385").notes] == ["mine"]


def test_the_code_that_runs_is_the_code_under_test() -> None:
    assert (ROOT / "hub" / "cli").is_dir()
    assert os.environ.get("HUB_HOME")
    child = start("--version", home=Path("/nonexistent"))
    assert child.communicate()[0].startswith("hub ")
