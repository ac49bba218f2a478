"""What is the user's own: kept as it was typed, on any key, and whole again from its export."""

import json
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlers.records import LibraryRecord
from hub.errors import HubError, NotFound, UsageError
from hub.library import MAX_NOTE, Library, as_line
from hub.paths import Paths
from tests.hubtest import arxiv_file, home_with, paper, put, run

KEY = "arxiv:1512.03385"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


def opened(path: Path) -> Library:
    return Library.open(path, write=True)


def test_keeping_adds_and_leaves_the_rest_as_it_is(path: Path) -> None:
    with opened(path) as library:
        library.keep(KEY, favourite=True, reading="to-read", tags=["Vision", "to do"], note="one")
        kept = library.keep(KEY, reading="read", tags=["vision", "new"], note="two")
    assert (kept.favourite, kept.reading) == (True, "read")
    assert kept.tags == ("new", "to-do", "vision")
    assert [note.text for note in kept.notes] == ["one", "two"]
    with Library.open(path) as again:
        assert again.get(KEY) == kept, "it is on disk"
        assert again.check() == []


def test_what_is_kept_can_be_taken_back_piece_by_piece(path: Path) -> None:
    with opened(path) as library:
        kept = library.keep(KEY, favourite=True, tags=["a", "b"], note="n")
        assert library.untag(KEY, "A").tags == ("b",)
        assert library.drop_note(kept.notes[0].id) == KEY
        assert library.get(KEY).notes == ()
        assert library.keep(KEY, favourite=False).favourite is False
        assert library.remove(KEY).tags == ("b",)
        assert library.all() == []
        for gone in (library.get, library.remove, library.drop_note):
            with pytest.raises(NotFound):
                gone(KEY)
        library.keep(KEY)
        assert library.get(KEY).tags == (), "nothing comes back with the key"


def test_a_note_gets_another_text_and_a_reading_state_is_taken_away(path: Path) -> None:
    with opened(path) as library:
        note = library.keep(KEY, reading="read", note="one").notes[0]
        assert library.rewrite_note(note.id, "two\nlines") == KEY
        assert [(one.id, one.text) for one in library.get(KEY).notes] == [(note.id, "two\nlines")]
        assert library.get(KEY).notes[0].added_at == note.added_at
        assert library.unread(KEY).reading is None
        for wrong in ("", " \n", "x" * (MAX_NOTE + 1)):
            with pytest.raises(UsageError):
                library.rewrite_note(note.id, wrong)
        with pytest.raises(NotFound):
            library.rewrite_note("nowhere", "text")
        assert library.get(KEY).notes[0].text == "two\nlines"


def test_a_key_goes_once_nothing_is_kept_about_it(path: Path) -> None:
    with opened(path) as library:
        library.keep(KEY, favourite=True, tags=["a"])
        library.keep(KEY, favourite=False)
        assert library.forget_if_empty(KEY) == library.get(KEY), "a tag is still there"
        library.untag(KEY, "a")
        assert library.forget_if_empty(KEY) is None
        assert library.all() == []
        assert library.forget_if_empty(KEY) is None


def test_who_reads_while_the_file_is_made_finds_none_or_a_whole_one(path: Path) -> None:
    wrong: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                with Library.open(path) as library:
                    library.all()
            except HubError as error:
                wrong.append(error)

    def write(key: str) -> None:
        with opened(path) as library:
            library.keep(key)

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(f"task:{n}",)) for n in range(3)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert wrong == []
    with Library.open(path) as library:
        assert {kept.key for kept in library.all()} == {"task:0", "task:1", "task:2"}
    assert not list(path.parent.glob("*.new-*"))


def test_lists_are_narrowed_by_tag_state_and_star_and_tags_are_counted(path: Path) -> None:
    with opened(path) as library:
        library.keep("a:1", tags=["x", "y"], favourite=True)
        library.keep("a:2", tags=["x"], reading="reading")
        assert {kept.key for kept in library.all(tag="X")} == {"a:1", "a:2"}
        assert [kept.key for kept in library.all(reading="reading")] == ["a:2"]
        assert [kept.key for kept in library.all(favourite=True)] == ["a:1"]
        assert library.tags() == [("x", 2), ("y", 1)]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("'; DROP TABLE library_note; --", "'; DROP TABLE library_note; --"),
        ("[CLS] [/x] {0} %s", "[CLS] [/x] {0} %s"),
        ("two\nlines\n\nfour", "two\nlines\n\nfour"),
        ("笔记 🧠 über", "笔记 🧠 über"),
        ("a\x1b[2Jb\x1b]0;T\x07c\u202ed\x00e\x9b31mf", "abcdef"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("x" * MAX_NOTE, "x" * MAX_NOTE),
    ],
    ids=range(7),
)
def test_a_note_is_kept_as_typed_but_for_what_commands_a_terminal(
    path: Path, typed: str, kept: str
) -> None:
    with opened(path) as library:
        library.keep(KEY, note=typed)
    with Library.open(path) as library:
        assert [note.text for note in library.get(KEY).notes] == [kept]


@pytest.mark.parametrize(
    "wrong",
    [
        {"note": ""}, {"note": " \n "}, {"note": "\x1b[2J"}, {"note": "x" * (MAX_NOTE + 1)},
        {"reading": "someday"}, {"tags": [""]}, {"tags": ["a,b"]}, {"tags": ["x" * 61]},
        {"tags": ["ok", "\x00"]},
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_whole(path: Path, wrong: dict[str, Any]) -> None:
    with opened(path) as library:
        with pytest.raises(UsageError):
            library.keep(KEY, **wrong)
        assert library.all() == [], "not even the key is left behind"


def moment(ahead: float) -> str:
    """So many seconds from now, as the library writes it."""
    when = datetime.now(UTC) + timedelta(seconds=ahead)
    return when.isoformat(timespec="milliseconds")


def test_what_was_changed_last_comes_first_whatever_the_clock_says(path: Path) -> None:
    keys = [f"a:{number:02}" for number in (3, 1, 9, 4, 7, 5, 2, 8, 6)]
    with opened(path) as library:
        for key in keys:
            library.keep(key, tags=["t"], note=key)
        assert [kept.key for kept in library.all()] == keys[::-1]
        # Written half a minute ahead: the clock was set back since, as time servers do.
        with sqlite3.connect(path) as db:
            db.execute("UPDATE library_entry SET changed_at = ? WHERE key = 'a:03'", (moment(30),))
        db.close()
        library.keep("a:09", favourite=True)
        assert [kept.key for kept in library.all()][:2] == ["a:09", "a:03"]
        library.untag("a:01", "t")
        library.drop_note(library.get("a:04").notes[0].id)
        assert [kept.key for kept in library.all()][:3] == ["a:04", "a:01", "a:09"]
        assert len({kept.changed_at for kept in library.all()}) == len(keys)


def test_a_moment_written_while_the_clock_was_wrong_is_not_gone_on_from(path: Path) -> None:
    with opened(path) as library:
        library.keep("a:1")
        with sqlite3.connect(path) as db:
            db.execute("UPDATE library_entry SET changed_at = ?", (moment(7200),))
        db.close()
        assert library.keep("a:2").changed_at <= moment(1)


def test_two_programs_may_write_at_once(path: Path) -> None:
    opened(path).close()
    failed: list[Exception] = []

    def work(name: str) -> None:
        try:
            with opened(path) as library:
                for number in range(20):
                    library.keep(f"{name}:{number}", tags=["t"], note="n")
        except HubError as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with Library.open(path) as library:
        assert len(library.all()) == 60
        assert library.tags() == [("t", 60)]


# -- export and import ------------------------------------------------------------------------


def fill(path: Path) -> None:
    with opened(path) as library:
        library.keep(KEY, favourite=True, reading="reading", tags=["a", "笔记"], note="one\ntwo")
        library.keep(KEY, note="second")
        library.keep("dataset:gone", note="'; DROP TABLE library_note; --")
        library.keep("tool:numpy", reading="read")


def content(path: Path) -> list[dict[str, Any]]:
    with Library.open(path) as library:
        return [as_line(kept) for kept in library.all()]


def test_an_export_imported_into_another_home_is_equal(tmp_path: Path) -> None:
    one = home_with(tmp_path / "one", paper(), index=False)
    two = home_with(tmp_path / "two", paper(), index=False)
    fill(Paths(one).library)
    file = tmp_path / "mine.jsonl"
    file.write_text(run("library", "export", home=one).out, "utf-8")
    said = run("import", file, "--no-index", home=two)
    assert said.code == 0, said.err
    assert "3 new (3 library entries)" in said.out
    assert content(Paths(two).library) == content(Paths(one).library)
    assert run("library", "export", home=two).out == file.read_text("utf-8")
    again = run("import", file, "--no-index", home=two)
    assert "0 new, 0 changed, 3 unchanged" in again.out
    assert content(Paths(two).library) == content(Paths(one).library)


def test_of_two_states_of_one_entry_the_newer_stays(path: Path) -> None:
    old, new = "2026-01-01T00:00:00.000+00:00", "2026-02-01T00:00:00.000+00:00"

    def said(changed: str, reading: str, note: str) -> LibraryRecord:
        notes = [{"id": "n1", "text": note, "added_at": old, "changed_at": changed}]
        return LibraryRecord(
            key=KEY, reading=reading, notes=notes, tags=[reading], added_at=old, changed_at=changed
        )

    with opened(path) as library:
        assert library.restore(said(new, "read", "new text")) == "new"
        assert library.restore(said(old, "to-read", "old text")) == "changed", "its tag is added"
        kept = library.get(KEY)
        assert (kept.reading, kept.notes[0].text) == ("read", "new text")
        assert kept.tags == ("read", "to-read")
        assert library.restore(said(old, "to-read", "old text")) == "unchanged"


def test_lines_with_wrong_contents_are_counted_and_the_rest_restored(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", index=False)
    day = {"added_at": "2026-01-01", "changed_at": "2026-01-01"}
    lines = [
        {"hub_export": 1, "what": "library"},
        {"table": "library", "key": "a:good", "notes": [], "reading": None, **day},
        {"table": "library", "key": "a:state", "notes": [], "reading": "never", **day},
        {"table": "library", "key": "a:tag", "notes": [], "tags": ["x" * 100], **day},
        {"table": "library", "key": "a:last", "notes": [], "reading": "read", **day},
    ]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    said = run("import", file, "--no-index", home=home)
    assert said.code == 5, said
    assert "skipped" in said.out
    kept = {line["key"] for line in content(Paths(home).library)}
    assert {"a:good", "a:last"} <= kept
    assert "a:state" not in kept


def test_a_note_outlives_the_catalog_row_it_is_about(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", paper(KEY, "Deep Residual Learning"), index=False)
    assert run("library", "add", KEY, "--note", "mine", home=home).code == 0
    (home / "catalog.db").unlink()
    put(home / "catalog.db", paper("arxiv:1001.00001", "Another"))
    assert run("import", arxiv_file(tmp_path / "a.jsonl", 3), "--no-index", home=home).code == 0
    assert "mine" in run("library", "show", KEY, home=home).out
    assert run("library", "list", "-q", home=home).lines == [KEY]
    assert run("library", "add", KEY, "--tag", "still", home=home).code == 0
    assert run("library", "remove", KEY, home=home).code == 0
