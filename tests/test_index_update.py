"""An updated index against one built anew: the same documents are found, and nothing is lost on the way."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from math import log
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.catalog import Catalog, read
from hub.documents import documents, documents_of
from hub.errors import Damaged, HubError
from hub.index import FORMAT, SHARE_CHANGED, Document, Found, Index, build, update
from tests.hubtest import (
    ROOT,
    board,
    dataset,
    framework,
    link,
    method,
    paper,
    put,
    records,
    repository,
    result,
    task,
)  # fmt: skip
from tests.hubtest import (
    given as said,
)
from tests.test_index import VOCABULARY, random_documents

COUNT = 120
"""Documents of a build in these tests; SHARE_CHANGED of them may change."""

MOST = int(COUNT * SHARE_CHANGED)

Catalogued = dict[str, Document]
"""What is to be found, by key."""


def state(count: int = COUNT, seed: int = 1) -> Catalogued:
    return {one.key: one for one in random_documents(count, seed)}


def changed(chance: random.Random, now: Catalogued, most: int) -> set[str]:
    """Adds, alters and removes at random, in place; the keys that it touched."""
    touched = set()
    for number in range(chance.randint(1, most)):
        [other] = random_documents(1, chance.randrange(1 << 30))
        what = chance.choice(("add", "alter", "alter", "remove"))
        key = chance.choice(sorted(now)) if what != "add" else f"paper:{chance.random()}-{number}"
        now.pop(key, None)
        if what != "remove":
            new_words = " ".join(
                chance.choices(("zebra", "quokka", "图像"), k=chance.randint(0, 2))
            )
            now[key] = Document(
                key,
                other.names,
                f"{other.body} {new_words}",
                other.filters,
                other.year,
                other.prior,
            )
        touched.add(key)
    return touched


def built(root: Path, now: Catalogued, generation: int = 1) -> Index:
    return build(root, [now[key] for key in sorted(now)], generation=generation)


def updated(root: Path, now: Catalogued, touched: set[str], generation: int = 2) -> Index | None:
    """The update that a caller asks for who knows the touched keys."""
    there = [now[key] for key in sorted(touched) if key in now]
    return update(root, there, touched - now.keys(), generation)


def must(index: Index | None) -> Index:
    assert index is not None, "the update was declined"
    return index


def keys(answer: tuple[int, list[Found]]) -> list[str]:
    return [one.key for one in answer[1]]


QUESTIONS: tuple[dict[str, Any], ...] = (
    {"text": "residual learning"},
    {"text": "the"},
    {"text": "zebra 图像"},
    {"text": "quokka deep graph network", "filters": [["kind:a"]]},
    {"text": "attention", "filters": [["kind:a", "kind:b"], ["author:x"]], "years": (2020, 2021)},
    {"text": "", "filters": [["author:y"]]},
    {"text": "", "years": (1999, 1999)},
    {"text": "", "filters": [[]]},
    {"text": "nobody has said this"},
)


def asked(chance: random.Random, now: Catalogued) -> Iterator[dict[str, Any]]:
    """Odd and ordinary questions, and the whole names of some documents."""
    yield from QUESTIONS
    for _ in range(15):
        yield {"text": " ".join(chance.choices((*VOCABULARY, "zebra"), k=chance.randint(1, 4)))}
    for one in chance.sample(list(now.values()), 10):
        yield {"text": one.names[0] if one.names else ""}


# -- the same answers -------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.integers(0, 1 << 30))
def test_an_updated_index_finds_what_a_new_build_finds(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    root = tmp_path_factory.mktemp("updated")
    now = state(seed=seed)
    built(root / "one", now)
    touched: set[str] = set()
    overlaps = []
    for generation in (2, 3, 4):
        touched |= changed(chance, now, MOST // 3)
        one = must(updated(root / "one", now, touched, generation))
        two = built(root / "two", now, generation)
        assert one.size == two.size == len(now)
        assert (one.generation, one.base_generation) == (generation, 1)
        assert one.check() == []
        for question in asked(chance, now):
            found, best = one.search(**question, limit=500)
            found_anew, best_anew = two.search(**question, limit=500)
            assert found == found_anew == len(best), question
            assert {hit.key for hit in best} == {hit.key for hit in best_anew}, question
            scores = {hit.key: hit.score for hit in best_anew}
            assert {hit.key: hit.score for hit in best} == pytest.approx(scores, rel=0.3, abs=0.3)
            assert one.search(**question, limit=3) == (found, best[:3]), "a cut changes no order"
            if found >= 10:
                first = {hit.key for hit in best[:10]}
                # What scores as much as the tenth may stand in its place.
                floor = best_anew[9].score
                good = {hit.key for hit in best_anew if hit.score >= 0.95 * floor}
                overlaps.append(len(first & good) / 10)
    assert mean(overlaps) > 0.95
    shutil.rmtree(root)


def test_an_update_that_says_the_same_again_changes_no_answer(tmp_path: Path) -> None:
    now = state()
    before = built(tmp_path, now)
    after = must(updated(tmp_path, now, set(random.Random(1).sample(sorted(now), MOST))))
    assert after.delta is not None and after.delta.size == MOST
    assert (after.size, after.meta["terms"]) == (before.size, before.meta["terms"])
    for question in (*QUESTIONS, *({"text": word} for word in VOCABULARY)):
        for limit in (1, 10, 500):
            assert after.search(**question, limit=limit) == before.search(**question, limit=limit)
    for word in VOCABULARY:
        assert after.weight(word) == before.weight(word)


def test_of_equal_documents_the_changed_keep_their_places_and_new_ones_come_last(
    tmp_path: Path,
) -> None:
    same = [Document(f"paper:{n:03}", (), "residual", ("kind:a",)) for n in range(200)]
    build(tmp_path, same, generation=1)
    new = Document("paper:000-new", (), "residual", ("kind:a",))
    index = must(update(tmp_path, [new, same[7], same[3]], ["paper:005"], 2))
    expected = [one.key for one in same if one.key != "paper:005"] + [new.key]
    for question in ({"text": "residual"}, {"text": "", "filters": [["kind:a"]]}):
        for limit in (1, 10, 63, 64, 200, 500):
            assert keys(index.search(**question, limit=limit)) == expected[:limit]


def test_a_changed_document_answers_to_its_new_words_and_to_no_old_one(tmp_path: Path) -> None:
    old = Document("paper:1", ("Old Name",), "zebra", ("kind:a", "author:x"), 1999, 1.0)
    others = [Document(f"tool:{n}", (f"Name {n}",), "kernel") for n in range(20)]
    build(tmp_path, [old, *others], generation=1)
    new = Document("paper:1", ("New Name",), "quokka", ("kind:b",), 2020)
    index = must(update(tmp_path, [new], [], 2))
    for question in (
        {"text": "zebra"},
        {"text": "old"},
        {"text": "", "filters": [["author:x"]]},
        {"text": "", "filters": [["kind:a"]]},
        {"text": "", "years": (1999, 1999)},
        {"text": "kernel", "filters": [["author:x"]]},
    ):
        assert index.search(**question) == (0, []), question
    for question in (
        {"text": "quokka"},
        {"text": "newname"},
        {"text": "", "filters": [["kind:b"]]},
        {"text": "quokka", "years": (2020, 2020)},
    ):
        assert keys(index.search(**question)) == ["paper:1"], question


def test_a_removed_document_is_never_found(tmp_path: Path) -> None:
    made = [Document(f"paper:{n}", (f"Name {n}",), "residual", ("kind:a",)) for n in range(20)]
    build(tmp_path, made, generation=1)
    index = must(update(tmp_path, [], ["paper:3", "paper:4", "paper:unheard-of"], 2))
    assert index.size == 18
    for question in ({"text": "residual"}, {"text": ""}, {"text": "name 3"}, {"text": "name3"}):
        found, best = index.search(**question, filters=[["kind:a"]], limit=100)
        assert found == len(best)
        assert not {"paper:3", "paper:4"} & {one.key for one in best}
    assert index.search("name3") == (0, []), "the whole name of a document that is gone"


def test_a_document_that_is_said_to_be_gone_and_given_is_there(tmp_path: Path) -> None:
    build(tmp_path, random_documents(20, 1), generation=1)
    given_again = Document("paper:003", (), "zebra")
    index = must(update(tmp_path, [given_again], ["paper:003"], 2))
    assert (index.size, keys(index.search("zebra"))) == (20, ["paper:003"])


def test_a_removed_document_comes_back_with_the_next_update(tmp_path: Path) -> None:
    now = state()
    before = built(tmp_path, now)
    must(update(tmp_path, [], ["paper:001"], 2))
    after = must(update(tmp_path, [now["paper:001"]], [], 3))
    assert after.search("residual", limit=500) == before.search("residual", limit=500)


def test_words_that_the_build_knows_keep_their_weight_and_new_ones_get_theirs(
    tmp_path: Path,
) -> None:
    now = state()
    before = built(tmp_path, now)
    made = [Document(f"paper:new-{n}", (), "zebra deep" if n else "zebra quokka") for n in range(4)]
    after = must(update(tmp_path, made, ["paper:000"], 2))
    assert before.weight("deep") is not None
    assert after.weight("deep") == before.weight("deep")
    assert after.size == COUNT + 3
    assert after.weight("zebra") == pytest.approx(log((1 + after.size) / (1 + 4)))
    assert after.weight("quokka") == pytest.approx(log((1 + after.size) / (1 + 1)))
    assert after.weight("unheard") is None
    assert after.meta["terms"] == before.meta["terms"] + 2
    assert after.meta["documents"] == after.size


def test_a_name_is_as_rare_as_those_who_bear_it_now(tmp_path: Path) -> None:
    made = [Document(f"tool:{n:02}", ("IT" if n < 3 else f"Name {n}",), "") for n in range(20)]
    build(tmp_path / "one", made, generation=1)
    one = must(update(tmp_path / "one", [], ["tool:00", "tool:01"], 2))
    two = build(tmp_path / "two", made[2:], generation=2)
    assert one.search("it") == two.search("it")
    assert one.search("it")[0] == 1


def test_any_text_can_be_updated(tmp_path: Path) -> None:
    build(tmp_path, random_documents(50, 1), generation=1)
    odd = ("", "\ud800", "\x00", "图像", "'.", "-", "a" * 10_000, "=" * 50)
    made = [Document(f"paper:{n}-{text[:9]}", (text,), text, (text,)) for n, text in enumerate(odd)]
    index = must(update(tmp_path, made, ["\ud800", ""], 2))
    assert index.size == 58
    assert index.check() == []
    assert index.search("图像")[0] == 1
    assert len(index.search("", filters=[list(odd)], limit=100)[1]) == len(odd)


def test_an_update_without_a_change_is_of_the_new_generation(tmp_path: Path) -> None:
    now = state()
    before = built(tmp_path, now)
    after = must(update(tmp_path, [], [], 9))
    assert (after.generation, after.base_generation, after.size) == (9, 1, COUNT)
    for question in QUESTIONS:
        assert after.search(**question) == before.search(**question)


# -- when it is declined ----------------------------------------------------------------------


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def never() -> Iterator[Document]:
    raise AssertionError("no document need be read")
    yield


@pytest.mark.parametrize("how", ["documents", "gone", "both"])
def test_too_much_change_is_declined_and_changes_nothing(tmp_path: Path, how: str) -> None:
    now = state()
    built(tmp_path, now)
    before = files(tmp_path)
    some = sorted(now)[: MOST + 1]
    if how == "documents":
        assert updated(tmp_path, now, set(some)) is None
    elif how == "gone":
        assert update(tmp_path, never(), some, 2) is None
    else:
        assert update(tmp_path, [now[key] for key in some[:1]], some[1:], 2) is None
    assert files(tmp_path) == before
    assert updated(tmp_path, now, set(some[:MOST])) is not None


def test_what_changed_is_counted_since_the_build_and_not_since_the_last_update(
    tmp_path: Path,
) -> None:
    now = state()
    built(tmp_path, now)
    assert updated(tmp_path, now, set(sorted(now)[:MOST]), 2) is not None
    assert updated(tmp_path, now, set(sorted(now)[: MOST + 1]), 3) is None
    assert Index.open(tmp_path).generation == 2


def test_without_a_sound_index_there_is_nothing_to_update(tmp_path: Path) -> None:
    assert update(tmp_path, never(), [], 1) is None
    assert not list(tmp_path.iterdir())
    folder = build(tmp_path, random_documents(20, 1), generation=1).folder
    meta = (folder / "meta.json").read_bytes()
    for harm in (b"", meta.replace(b'"format": %d' % FORMAT, b'"format": 1')):
        (folder / "meta.json").write_bytes(harm)
        assert update(tmp_path, never(), [], 2) is None
    (folder / "meta.json").write_bytes(meta)
    assert update(tmp_path, [], [], 2) is not None


def test_an_index_newer_than_the_catalog_is_not_updated(tmp_path: Path) -> None:
    build(tmp_path, random_documents(20, 1), generation=7)
    assert update(tmp_path, never(), [], 6) is None


def test_an_index_of_nothing_is_built_and_not_updated(tmp_path: Path) -> None:
    build(tmp_path, [], generation=1)
    assert update(tmp_path, random_documents(1, 1), [], 2) is None


# -- folders ----------------------------------------------------------------------------------


def test_the_build_is_shared_and_never_touched(tmp_path: Path) -> None:
    now = state()
    base = built(tmp_path, now).folder
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in base.iterdir()}
    chance = random.Random(1)
    touched: set[str] = set()
    for generation in range(2, 8):
        touched |= changed(chance, now, 3)
        index = must(updated(tmp_path, now, touched, generation))
        assert index.base.folder == base
        assert len(list(tmp_path.glob("build-*"))) == 1
        assert len(list(tmp_path.glob("delta-*"))) == min(generation - 1, 2)
    assert {path.name: (path.stat().st_ino, path.read_bytes()) for path in base.iterdir()} == before
    size = sum(path.stat().st_size for path in index.folder.iterdir())
    assert size < sum(path.stat().st_size for path in base.iterdir())


def test_after_a_build_the_updated_index_before_it_is_kept_and_goes_with_the_next(
    tmp_path: Path,
) -> None:
    now = state()
    first = built(tmp_path, now)
    delta = must(updated(tmp_path, now, {"paper:001"}))
    second = built(tmp_path, now, 3)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"current", first.folder.name, delta.folder.name, second.folder.name}
    assert delta.check() == []
    third = built(tmp_path, now, 4)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"current", second.folder.name, third.folder.name}


def test_an_update_that_fails_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    built(tmp_path, state())
    before = files(tmp_path)

    def broken() -> Iterator[Document]:
        yield Document("paper:1", (), "x")
        raise HubError("the catalog cannot be read")

    with pytest.raises(HubError):
        update(tmp_path, broken(), [], 2)
    with pytest.raises(AttributeError):
        update(tmp_path, [Document("paper:1", (), None)], [], 2)  # type: ignore[arg-type]
    assert files(tmp_path) == before


def test_an_open_index_answers_while_it_is_updated_and_built_again(tmp_path: Path) -> None:
    now = state()
    built(tmp_path, now)
    kept = must(updated(tmp_path, now, {"paper:001", "paper:002"}))
    before = kept.search("residual", limit=500)
    for generation in range(3, 9):
        if generation % 2:
            built(tmp_path, now, generation)
        else:
            must(updated(tmp_path, now, {"paper:004"}, generation))
        assert kept.search("residual", limit=500) == before


def harmed(tmp_path: Path) -> Iterator[tuple[Path, Index]]:
    """A fresh copy of an updated index for each array of its build and of its delta."""
    root = tmp_path / "sound"
    now = state()
    built(root, now)
    index = must(updated(root, now, {"paper:001", "paper:002"}))
    for folder in (index.base.folder, index.folder):
        for path in sorted(folder.glob("*.npy")):
            copy = tmp_path / folder.name / path.name
            shutil.copytree(root, copy)
            yield copy / folder.name / path.name, Index.open(copy)


def test_every_file_of_build_and_delta_is_watched(tmp_path: Path) -> None:
    count = 0
    for path, index in harmed(tmp_path):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))
        assert index.check() == [f"{path}: not the bytes that were written"]
        path.write_bytes(bytes(content[:-1]))
        root = path.parent.parent
        with pytest.raises(Damaged):
            Index.open(root)
        assert update(root, [], [], 3) is None
        path.unlink()
        with pytest.raises(Damaged):
            Index.open(root)
        count += 1
    assert count >= 30


def test_a_delta_on_another_build_is_damaged(tmp_path: Path) -> None:
    now = state()
    built(tmp_path / "one", now)
    index = must(updated(tmp_path / "one", now, {"paper:001"}))
    meta = index.folder / "meta.json"
    text = meta.read_text("utf-8")
    other = build(tmp_path / "two", random_documents(30, 2), generation=1)
    shutil.copytree(other.folder, tmp_path / "one" / other.folder.name)
    for base in (other.folder.name, index.folder.name, "build-gone", "..", "", "\\u0000"):
        meta.write_text(text.replace(index.base.folder.name, base), "utf-8")
        with pytest.raises(Damaged):
            Index.open(tmp_path / "one")
    meta.write_text(text, "utf-8")
    assert Index.open(tmp_path / "one").check() == []


def test_readers_see_a_whole_index_while_it_is_updated_and_built(tmp_path: Path) -> None:
    words = ("alpha", "beta", "gamma")

    def rows(number: int) -> list[Document]:
        made = [Document(f"paper:{n:03}", (), f"word{n}") for n in range(100)]
        made[:10] = [Document(f"paper:{n:03}", (), words[number % 3]) for n in range(10)]
        return made

    build(tmp_path, rows(0), generation=0)
    done = threading.Event()
    wrong: list[str] = []
    seen: set[tuple[int, bool]] = set()

    def look() -> None:
        while not done.is_set():
            try:
                index = Index.open(tmp_path)
                found = [index.search(word)[0] for word in words]
                expected = [10 * (at == index.generation % 3) for at in range(3)]
                if found != expected or index.size != 100:
                    wrong.append(f"generation {index.generation} found {found}")
                seen.add((index.generation, index.delta is not None))
            except HubError as error:
                wrong.append(f"{error}: {error.__cause__!r}")

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(1, 61):
            if number % 5:
                must(update(tmp_path, rows(number)[:10], [], number))
            else:
                build(tmp_path, rows(number), generation=number)
    finally:
        done.set()
        reader.join()
    assert wrong == []
    assert {is_delta for _, is_delta in seen} == {True, False}
    assert len(seen) >= 10


UPDATERS = """
import os, sys
from pathlib import Path
from hub.index import Document, build, update
root = Path(sys.argv[1])
def rows(number):
    return [Document(f"paper:{n:02}", (), f"word{number}") for n in range(10)]
build(root, [*rows(0), *(Document(f"tool:{n}", (), "kernel") for n in range(60))], generation=0)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        for generation in range(1, 1_000_000):
            assert update(root, rows(generation), [], generation) is not None
    print(child, flush=True)
    os.waitpid(child, 0)
"""
"""Imports once, then forks a child for every line it is sent; each updates until it is killed."""


def test_an_update_killed_at_30_moments_leaves_a_whole_index(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", UPDATERS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None
    chance = random.Random(5)
    seen = set()
    longest = 0.1
    """Seconds in which several updates are made, where the machine is busy too."""
    for turn in range(30):
        server.stdin.write("go\n")
        server.stdin.flush()
        child = int(server.stdout.readline())
        if turn == 0:
            began, first = time.monotonic(), (tmp_path / "current").read_text("ascii")
            while (tmp_path / "current").read_text("ascii") == first:
                time.sleep(0.001)
            longest = max(longest, 3 * (time.monotonic() - began))
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        index = Index.open(tmp_path)
        assert index.check() == []
        assert index.size == 70
        assert index.search(f"word{index.generation}")[0] == 10
        assert index.search("kernel")[0] == 60
        seen.add(index.folder.name)
    server.stdin.close()
    assert server.wait(10) == 0
    assert len(seen) >= 5, "most kills came before anything was updated"
    must(update(tmp_path, [], [], 1_000_000))
    left = [path.name for path in tmp_path.iterdir()]
    assert len(left) <= 4, f"killed updates are swept away: {left}"


def test_an_update_loads_neither_scipy_nor_scikit_learn(tmp_path: Path) -> None:
    build(tmp_path, random_documents(50, 1), generation=1)
    program = (
        "import sys; from pathlib import Path; from hub.index import Document, update\n"
        "assert update(Path(sys.argv[1]), [Document('paper:1', ('A',), 'b')], ['paper:002'], 2)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "numpy" in done.stdout.split()
    assert {"scipy", "sklearn", "sqlalchemy"} & set(done.stdout.split()) == set()


# -- the documents of some keys ---------------------------------------------------------------


def everything() -> list[Any]:
    """Records of every kind, joined in every way that shows in a document."""
    digits, faces = (
        board("task:vision", f"dataset:{name}", ["Accuracy"]) for name in ("digits", "faces")
    )
    talk = board("task:speech", "dataset:digits", ["Error"])
    return [
        task("task:vision", "Vision", name_zh="视觉", area="computer-vision", summary="Seeing."),
        task("task:speech", "Speech"),
        task("topic:transfer", "Transfer"),
        method("method:dropout", "Dropout", aliases=["Drop-out"], year=2014),
        dataset("dataset:digits", "Digits", tasks=["task:speech", "task:unheard-of"], year=1998),
        dataset("dataset:faces", "Faces", parent="dataset:digits"),
        framework("framework:torch", "Torch", repository="github:a/torch", languages=["Lua"]),
        framework("tool:bench", "Bench", repository="github:a/torch"),
        framework("tool:alone", "Alone", **said("pwc_archive")),
        repository("github:a/torch", description="tensors", topics=["autograd"], language="C"),
        repository("github:b/other"),
        records.SnapshotRecord(**said("github"), repository="github:a/torch", day="2020-01-01", stars=5),
        records.SnapshotRecord(**said("github"), repository="github:a/torch", day="2021-01-01", stars=900),
        records.SnapshotRecord(**said("github"), repository="github:b/other", day="2021-01-01"),
        paper("arxiv:2401.00001", "First", authors=["Ada Lovelace"], published="2024-01-02"),
        paper("arxiv:2401.00002", "Second", tasks=["task:vision"], categories=["cs.LG", "stat.ML"]),
        paper("pwc:third", "Third", abstract="words", comment="more words"),
        *(paper(f"arxiv:2402.{n:05}", f"Paper {n}") for n in range(1_200)),
        link("arxiv:2401.00001", "github:a/torch"),
        link("arxiv:2401.00001", "github:a/torch", evidence="abstract"),
        link("arxiv:2402.00007", "github:b/other"),
        digits,
        faces,
        talk,
        result(digits, 0, "A", "Accuracy", "99", paper="arxiv:2401.00001"),
        result(digits, 0, "A", "Speed", "9", paper="arxiv:2401.00001"),
        result(digits, 1, "B", "Accuracy", "98", paper="arxiv:2401.00002"),
        result(faces, 0, "A", "Accuracy", "97"),
        result(talk, 0, "A", "Error", "3", paper="arxiv:2401.00001"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    path = tmp_path_factory.mktemp("documents") / "catalog.db"
    put(path, *everything())
    with Catalog.open(path) as opened:
        yield opened


def test_the_documents_of_all_keys_are_all_documents(catalog: Catalog) -> None:
    whole = list(documents(catalog))
    assert len(whole) == 1_214
    assert any(one.prior > 4 for one in whole)
    assert list(documents_of(catalog, {one.key for one in whole})) == whole


def test_the_document_of_one_key_is_the_same_as_among_all(catalog: Catalog) -> None:
    for one in documents(catalog):
        if not one.key.startswith("arxiv:2402.") or one.key.endswith("7"):
            alone = {found.key: found for found in documents_of(catalog, [one.key])}
            assert alone[one.key] == one


def test_with_a_repository_come_the_frameworks_that_are_built_on_it(catalog: Catalog) -> None:
    found = [one.key for one in documents_of(catalog, ["github:a/torch"])]
    assert found == ["github:a/torch", "framework:torch", "tool:bench"]
    assert [one.key for one in documents_of(catalog, ["github:b/other"])] == ["github:b/other"]


def test_keys_that_name_no_entry_give_no_document(catalog: Catalog) -> None:
    unheard = [
        "arxiv:9999.99999",
        "board:vision/digits",
        "nonsense",
        "",
        "github:gone/gone",
        "\ud800",
    ]
    assert list(documents_of(catalog, unheard[:-1])) == []
    assert list(documents_of(catalog, [])) == []


def test_no_large_table_is_read_through_for_a_few_keys(catalog: Catalog) -> None:
    every = [one.key for one in documents(catalog)]
    statements: list[str] = []
    catalog._db.set_trace_callback(statements.append)
    try:
        found = list(documents_of(catalog, every))
    finally:
        catalog._db.set_trace_callback(None)
    assert len(found) == len(every)
    selects = [sql for sql in statements if sql.startswith("SELECT")]
    assert len(selects) > 10
    read_through = set()
    for sql in selects:
        for *_, step in catalog.stream(f"EXPLAIN QUERY PLAN {sql}"):
            if step.startswith("SCAN"):
                read_through.add(step.split()[1])
    assert read_through <= {"task", "framework"}, "the names of tasks; who is built on a repository"


def test_what_a_crawl_touched_brings_the_index_where_a_build_would(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    put(path, *everything())
    with Catalog.open(path, write=True) as opened:
        build(tmp_path / "one", documents(opened), generation=opened.generation())
        crawled: Sequence[Sequence[Any]] = (
            [
                paper("arxiv:2401.00001", "First again", **said(day="2026-02-01")),
                paper("arxiv:2501.00001", "Wholly new", abstract="zebra"),
                link("arxiv:2501.00001", "github:a/torch"),
            ],
            [
                records.SnapshotRecord(
                    **said("github"), repository="github:a/torch", day="2026-02-01", stars=9_000
                ),
                dataset("dataset:digits", "Digits", aliases=["Numerals"], **said("curated", "2026-02-01")),
                result(
                    board("task:vision", "dataset:faces", []), 1, "B", "Accuracy", "98",
                    paper="pwc:third",
                ),
            ],
        )  # fmt: skip
        for round_ in crawled:
            with opened.transaction():
                opened.upsert(round_, at="2026-02-02T00:00:00+00:00")
            base = Index.open(tmp_path / "one").base_generation
            touched = read.touched_since(opened, base)
            found = list(documents_of(opened, touched))
            assert len(found) < 20
            one = must(
                update(
                    tmp_path / "one",
                    found,
                    set(touched) - {document.key for document in found},
                    opened.generation(),
                )
            )
            two = build(tmp_path / "two", documents(opened), generation=opened.generation())
            assert (one.size, one.generation) == (two.size, two.generation)
            for text in ("first", "zebra", "torch", "digits", "numerals", "vision", "paper 7"):
                (found_one, hits), (found_two, hits_anew) = (
                    index.search(text, limit=2_000) for index in (one, two)
                )
                assert found_one == found_two, text
                scores = {hit.key: hit.score for hit in hits_anew}
                assert {hit.key: hit.score for hit in hits} == pytest.approx(scores, 0.05, 0.01)
        assert read.touched_since(opened, opened.generation()) == []
        assert "framework:torch" not in touched, "its stars came with its repository"
        assert one.search("torch")[1][0].key == "framework:torch"
        assert keys(one.search("numerals")) == ["dataset:digits"]
        assert keys(one.search("zebra")) == ["arxiv:2501.00001"]


def test_numbers_of_a_delta_go_on_after_those_of_its_build(tmp_path: Path) -> None:
    now = state()
    built(tmp_path, now)
    index = must(updated(tmp_path, now, {"paper:001", "paper:005", "paper:003"}))
    assert index.delta is not None
    assert index.delta.arrays["removed"].tolist() == [1, 3, 5]
    assert index.delta.arrays["ranks"].tolist() == [1, 3, 5]
    assert index.delta.keys(np.arange(COUNT, COUNT + 3)) == ["paper:001", "paper:003", "paper:005"]
