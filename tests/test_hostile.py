"""What others write cannot command a terminal: hostile text through every command, on a real one."""

import csv
import io
import json
import random
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bibtexparser
import pytest

from crawlers.clean import clean
from hub.catalog import Catalog
from hub.library import Library
from tests.hubtest import (
    arxiv_line,
    board,
    dataset,
    empty_catalog,
    framework,
    home_with,
    link,
    method,
    on_terminal,
    paper,
    repository,
    result,
    run,
    task,
    write_lines,
)

OURS = re.compile(r"\x1b\[(?:0|1|2|31|33|36)m")
"""The colours that hub.render writes, and nothing else."""

ACTIVE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)
"""What can move a cursor, hide or reorder text."""

PARTS = (
    "\x1b[2J", "\x1b[31m", "\x1b[1;1H", "\x1b[?1049h", "\x1b[6n", "\x9b2J", "\x9b31m",
    "\x1b]0;EVIL\x07", "\x1b]8;;http://evil.example\x1b\\", "\x1b]52;c;RVZJTA==\x07",
    "\x9d0;EVIL\x9c", "\x1bP1;2|EVIL\x1b\\", "\x90EVIL\x9c", "\x1b_EVIL\x1b\\", "\x1b^EVIL\x1b\\",
    "\x1bc", "\x1b(0", "\x1b#8", "\x00", "\x07", "\x08\x08\x08", "\x0b", "\x0c", "\x0e", "\x7f",
    "\x85", "\r", "\r\n", "\n", "\t", "\u2028", "\u2029", "\u202e", "\u202d", "\u2066", "\u2069",
    "\u200f", "\u061c", "\u200b", "\u2060", "\ufeff", "\U000e0041", "[/x]", "[red]",
    "[@click=app.bell]", "[link=x]", "\\[", "%s", "{0}", "{name}", "$(reboot)", "`reboot`", "=1+1",
    "| x |", '"', "'", ",", "}", "{",
)  # fmt: skip
OPEN = ("\x1b", "\x1b[", "\x1b]", "\x1b]52;c;", "\x1b]0;", "\x1bP", "\x9b", "\x9d", "\x90", "\x1b_")
"""Sequences that never end, at the title's end: before text they would be part of it."""


def hostile_titles(count: int) -> list[str]:
    chance = random.Random(11)
    titles = []
    for number in range(count):
        pieces = ["[CLS]", f"safe{number}", "[MASK]"]
        for _ in range(chance.randint(1, 4)):
            pieces.insert(chance.randint(0, len(pieces)), chance.choice(PARTS))
        if chance.random() < 0.3:
            pieces.append(chance.choice(OPEN))
        titles.append(chance.choice(("", " ")).join(pieces))
    return titles


TITLES = hostile_titles(300)
PLAIN = "\x1b]0;EVIL\x07\x1b[2J[CLS] planted [MASK]\u202e\x9b31m\x00"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 hostile papers through an import, other kinds through records, one row past every check."""
    folder = tmp_path_factory.mktemp("hostile")
    home = folder / "home"
    empty_catalog(home / "catalog.db")
    lines = [
        arxiv_line(
            number,
            title,
            abstract=f"An abstract. {title} github.com/evil/repo{number}",
            comments=title,
            authors_parsed=[[title, "Eve", title]],
        )
        for number, title in enumerate(TITLES)
    ]
    file = write_lines(folder / "hostile.jsonl", lines)
    said = run("import", "--no-index", file, home=home)
    assert said.code == 0, said.err
    assert "300 papers" in said.out
    vision, bad = task("task:vision", PLAIN, summary=PLAIN, area="vision"), PLAIN
    ranking = board("task:vision", "dataset:evil", [f"Accuracy {bad}"], name=bad)
    home_with(
        home,
        vision,
        dataset(
            "dataset:evil", bad, summary=bad, aliases=[f"evilname {bad}"], tasks=["task:vision"]
        ),
        framework("framework:evil", bad, summary=bad, repository="github:evil/repo0"),
        method("method:evil", bad, description=bad),
        repository("github:evil/repo0", name=bad, description=bad, topics=[bad]),
        ranking,
        result(ranking, 0, bad, f"Accuracy {bad}", "99.1", paper="arxiv:2001.00000"),
        result(ranking, 1, bad, f"Accuracy {bad}", bad, paper_title=bad),
        link("arxiv:2001.00001", "github:evil/repo0", url=f"https://github.com/evil/repo0#{bad}"),
        paper("arxiv:1001.00001", "planted"),
    )
    with sqlite3.connect(home / "catalog.db") as db:
        db.execute(
            "UPDATE paper SET title = ?, abstract = ?, comment = ?, authors = ?, source = ?, "
            "licence = ?, venue = ? WHERE key = 'arxiv:1001.00001'",
            (PLAIN, PLAIN, PLAIN, json.dumps([PLAIN]), f"arxiv_{PLAIN}", PLAIN, PLAIN),
        )
        db.execute("UPDATE dataset SET name = ?, summary = ?, homepage = ?", (PLAIN,) * 3)
        db.execute("UPDATE task SET name = ?", (PLAIN,))
        db.execute("UPDATE result SET model_name = ?, value_text = ?", (PLAIN, PLAIN))
        db.execute("UPDATE harvest SET address = ?, state = 'interrupted'", (PLAIN,))
    db.close()
    with Library.open(home / "library.db", write=True) as library:
        library.keep("arxiv:2001.00000", note=TITLES[0] + PLAIN, tags=[f"tag{PLAIN}"])
        library.keep("arxiv:1001.00001", favourite=True)
    with sqlite3.connect(home / "library.db") as db:
        db.execute("UPDATE library_note SET text = ?", (PLAIN,))
        db.execute("UPDATE library_tag SET tag = ?", (PLAIN,))
    db.close()
    return home


def test_what_is_stored_of_300_hostile_titles_is_clean_and_whole(home: Path) -> None:
    with Catalog.open(home / "catalog.db") as catalog:
        rows = [row for row in catalog.every("paper") if row["key"].startswith("arxiv:20")]
    assert len(rows) == 300
    for row, title in zip(rows, TITLES, strict=True):
        text = json.dumps(row, ensure_ascii=False).replace("\\n", "")
        assert not ACTIVE.search(text), ascii(row["title"])
        for part in ("[CLS]", "[MASK]", f"safe{TITLES.index(title)}"):
            assert part in row["title"], f"{title!a} became {row['title']!a}"


COMMANDS = (
    ("search", "safe7", "evil", "planted", "cls", "-n", "400"),
    ("search", "cls", "--explain", "-n", "50"),
    ("search", "cls", "--json", "-n", "50"),
    ("search", "cls", "--format", "markdown", "-n", "50"),
    ("list", "papers", "-n", "400"),
    ("list", "papers", "-n", "400", "--format", "csv"),
    ("list", "datasets"),
    ("list", "repositories", "-n", "20"),
    ("list", "tasks", "--tree"),
    ("list", "tasks", "--format", "jsonl"),
    ("show", "arxiv:1001.00001"),
    ("show", "arxiv:1001.00001", "--json"),
    ("show", "arxiv:2001.00000"),
    ("show", "dataset:evil"),
    ("show", "framework:evil"),
    ("show", "github:evil/repo0"),
    ("leaderboard", "dataset:evil"),
    ("leaderboard", "dataset:evil", "--json"),
    ("status",),
    ("doctor",),
    ("library", "list"),
    ("library", "show", "arxiv:2001.00000"),
    ("library", "tags"),
    ("library", "search", "safe0"),
    ("export", "papers"),
    ("export", "papers", "--format", "bibtex"),
    ("export", "results", "--format", "csv"),
    ("export", "library"),
)


def test_no_command_lets_a_hostile_byte_reach_the_terminal(home: Path) -> None:
    def shown(words: tuple[str, ...]) -> tuple[tuple[str, ...], int, str]:
        return words, *on_terminal(*words, home=home, columns=200, PAGER="cat")

    with ThreadPoolExecutor(2) as pool:
        for words, code, text in pool.map(shown, COMMANDS):
            assert code == 0, (words, text[-500:])
            left = ACTIVE.search(OURS.sub("", text))
            assert left is None, (
                f"hub {' '.join(words)}: {text[left.start() - 60 : left.end() + 60]!r}"
            )


def test_cls_is_shown_whole_and_nothing_is_taken_for_markup(home: Path) -> None:
    _, shown = on_terminal("list", "papers", "-n", "400", "--no-pager", home=home, columns=250)
    rows = [line for line in OURS.sub("", shown).splitlines() if line.startswith("arxiv:20")]
    assert len(rows) == 300
    assert all("[CLS]" in row and "[MASK]" in row for row in rows)
    _, shown = on_terminal("show", "arxiv:1001.00001", "--no-pager", home=home, NO_COLOR="1")
    assert "[CLS] planted [MASK]" in shown
    assert "\x1b" not in shown


def test_every_hostile_paper_is_one_row_of_every_format(home: Path) -> None:
    words = ("list", "papers", "--sort", "key", "-n", "400")
    tsv = run(*words, home=home)
    assert len(tsv.lines) == 302
    assert {line.count("\t") for line in tsv.lines} == {3}
    rows = list(csv.reader(io.StringIO(run(*words, "--format", "csv", home=home).out), strict=True))
    assert len(rows) == 302
    titles = [row[1] for row in rows[1:]]
    jsonl = run(*words, "--format", "jsonl", home=home)
    assert [json.loads(line)["name"] for line in jsonl.lines] == titles
    entries = run(*words, "--json", home=home).data["entries"]
    assert [entry["name"] for entry in entries] == titles
    assert titles == [clean(title) for title in titles]
    for said in (tsv, jsonl):
        assert not ACTIVE.search(said.out.replace("\t", ""))


def test_bibtex_of_hostile_titles_parses_entry_by_entry(home: Path) -> None:
    said = run("export", "papers", "--format", "bibtex", home=home)
    assert not ACTIVE.search(said.out.replace("\t", ""))
    parsed = bibtexparser.parse_string(said.out)
    assert parsed.failed_blocks == []
    assert len(parsed.entries) == 301


def test_exports_of_rows_planted_past_the_checks_are_clean_when_they_leave(home: Path) -> None:
    for words in (
        ("export", "papers", "arxiv:1001.00001"),
        ("export", "papers", "--format", "csv", "arxiv:1001.00001"),
        ("export", "datasets"),
        ("export", "results"),
        ("export", "library"),
        ("export", "library", "--format", "csv"),
        ("library", "export"),
    ):
        said = run(*words, home=home)
        assert said.code == 0, said.err
        assert not ACTIVE.search(said.out.replace("\t", "")), words
        if said.out.startswith("{"):
            for line in said.lines:
                text = json.dumps(json.loads(line), ensure_ascii=False)
                assert not re.search(r"\\u00[019]|\\u202e|\\u001b", text), text[:200]


def test_hostile_words_of_the_user_come_back_harmless(home: Path) -> None:
    for words in (
        ("show", "\x1b]0;EVIL\x07\x1b[2Jnothing"),
        ("search", "\x1b[2Jx", "--task", "\x1b[31mno such\x9b2J"),
        ("library", "show", "\u202eabc"),
        ("import", "\x1b[2Jmissing.json"),
        ("export", "\x1b[2Jx"),
    ):
        code, shown = on_terminal(*words, home=home)
        assert code in (2, 4)
        assert not ACTIVE.search(OURS.sub("", shown)), (words, shown)


def test_a_file_named_by_an_attacker_is_named_without_its_escapes(
    home: Path, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "a\x1b[2J\u202eb.jsonl", [arxiv_line(9_000), b'{"id": 1'])
    code, shown = on_terminal("import", "--no-index", file, home=home)
    assert code == 5
    assert not ACTIVE.search(
        re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.replace("\x1b[2J", "\x00"))
    )
    code, shown = on_terminal("doctor", home=home)
    assert not ACTIVE.search(OURS.sub("", shown))
