"""The index against an independent one: same formula, naive code; then odd queries and damage."""

import json
import math
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import Stemmer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.errors import Damaged, HubError
from hub.index import (
    CURRENT,
    EXACT_WEIGHT,
    FORMAT,
    LEAST_WEIGHT,
    MAX_QUERY,
    PRIOR_WEIGHT,
    SLOPE,
    TITLE_WEIGHT,
    Document,
    Index,
    build,
    outdated,
)
from hub.paths import Paths
from hub.words import STOP_WORDS
from tests.hubtest import ROOT, home_with, paper, put, run

# -- an oracle --------------------------------------------------------------------------------

VOCABULARY = (
    "residual network networks attention transformer transformers learning deep gradient image "
    "classification speech recognition the of and for diffusion graph graphs model models kernel "
    "bayesian optimal transport sparse dense neural"
).split()


class Naive:
    """TF-IDF as the module's docstring of hub.index states it, with dicts and loops.

    Words here are lower-case ASCII without joints, so a word's term is its English stem.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents
        stem = Stemmer.Stemmer("english", 0).stemWord
        self.stems = lambda text: [stem(w) for w in text.lower().split() if w not in STOP_WORDS]
        self.counts: list[Counter[str]] = []
        self.lengths: list[int] = []
        for document in documents:
            counts = Counter(self.stems(document.body))
            length = len(document.body.split())
            for name in document.names:
                for word in self.stems(name):
                    counts[word] += TITLE_WEIGHT
                length += TITLE_WEIGHT * len(name.split())
            self.counts.append(counts)
            self.lengths.append(length)
        self.named = [{name.replace(" ", "") for name in one.names} for one in documents]
        self.mean = sum(self.lengths) / len(self.lengths)
        self.frequency = Counter(term for counts in self.counts for term in counts)

    def weight(self, term: str) -> float:
        rarity = math.log((1 + len(self.documents)) / (1 + self.frequency[term]))
        return max(rarity, LEAST_WEIGHT)

    def search(
        self, text: str, tokens: Sequence[Sequence[str]] = (), years: tuple[int, int] | None = None
    ) -> list[tuple[str, float]]:
        asked = Counter(self.stems(text))
        wanted = {term: float(times) for term, times in asked.items()}
        bare = text.replace(" ", "")
        bearers = sum(bare in names for names in self.named)
        bonus = EXACT_WEIGHT * math.log((1 + len(self.documents)) / (1 + bearers))
        scored = []
        for at, document in enumerate(self.documents):
            if years and not years[0] <= document.year <= years[1]:
                continue
            if not all(set(group) & set(document.filters) for group in tokens):
                continue
            norm = (1 - SLOPE) + SLOPE * self.lengths[at] / self.mean
            total = sum(
                share
                * (1 + math.log(1 + math.log(self.counts[at][term])))
                / norm
                * self.weight(term)
                for term, share in wanted.items()
                if self.counts[at][term]
            )
            if bare in self.named[at]:
                total += bonus
            if any(self.counts[at][term] for term in wanted) or bare in self.named[at]:
                scored.append((-total * (1 + PRIOR_WEIGHT * document.prior), at, document.key))
        return [(key, -score) for score, _, key in sorted(scored)]


def random_documents(count: int, seed: int) -> list[Document]:
    chance = random.Random(seed)
    made = []
    for number in range(count):
        names = tuple(
            " ".join(chance.choices(VOCABULARY, k=chance.randint(1, 4)))
            for _ in range(chance.randint(0, 2))
        )
        made.append(
            Document(
                key=f"paper:{number:03}",
                names=names,
                body=" ".join(chance.choices(VOCABULARY, k=chance.randint(0, 25))),
                filters=(f"kind:{chance.choice('ab')}", f"author:{chance.choice('xyz')}"),
                year=chance.choice((0, 1999, 2020, 2021)),
                prior=chance.choice((0.0, 0.0, 1.5, 4.0)),
            )
        )
    return made


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return random_documents(200, 1)


@pytest.fixture(scope="module")
def index(documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("index"), documents, generation=7)


@pytest.fixture(scope="module")
def naive(documents: list[Document]) -> Naive:
    return Naive(documents)


def test_search_gives_the_hits_scores_and_order_of_a_naive_implementation(
    index: Index, naive: Naive, documents: list[Document]
) -> None:
    chance = random.Random(2)
    asked = [" ".join(chance.choices(VOCABULARY, k=chance.randint(1, 5))) for _ in range(150)]
    asked += [document.names[0] for document in documents[:50] if document.names]
    for text in asked:
        expected = naive.search(text)
        found, best = index.search(text, limit=500)
        assert found == len(expected), text
        assert [one.score for one in best] == pytest.approx([s for _, s in expected], rel=1e-4)
        scores = dict(expected)
        assert {one.key: one.score for one in best} == pytest.approx(scores, rel=1e-4)
        for first, second in pairwise(best):
            assert first.score >= second.score
            if first.score == second.score:
                assert first.key < second.key, "of equals the first place comes first"


def test_filters_hold_before_the_cut(index: Index, naive: Naive) -> None:
    for tokens in ([["kind:a"]], [["kind:a"], ["author:x"]], [["author:x", "author:y"]]):
        for years in (None, (2020, 2021), (1999, 1999)):
            expected = naive.search("residual learning", tokens, years)
            found, best = index.search("residual learning", limit=3, filters=tokens, years=years)
            assert found == len(expected)
            assert len(best) == min(3, len(expected))
            assert [one.score for one in best] == pytest.approx([s for _, s in expected[:3]], 1e-4)
    assert index.search("residual", filters=[["kind:none"]]) == (0, [])
    assert index.search("residual", filters=[[]])[0] == 0, "a group without tokens passes nothing"


@pytest.mark.parametrize("limit", [0, 1, 2, 63, 64, 65, 200, 10_000])
def test_any_limit_gives_the_beginning_of_the_same_list(index: Index, limit: int) -> None:
    found, whole = index.search("residual deep learning", limit=500)
    again, best = index.search("residual deep learning", limit=limit)
    assert again == found
    assert best == whole[:limit]


def test_equal_scores_keep_the_order_of_the_keys_however_many_there_are(tmp_path: Path) -> None:
    same = [Document(f"paper:{n:04}", (), "residual") for n in range(1_000)]
    index = build(tmp_path, [*same, Document("paper:9999", (), "other")], generation=1)
    for limit in (1, 5, 63, 64, 65, 999):
        found, best = index.search("residual", limit=limit)
        assert found == 1_000
        assert [one.key for one in best] == [f"paper:{n:04}" for n in range(limit)]


def test_a_whole_name_comes_before_names_that_only_hold_it(tmp_path: Path) -> None:
    index = build(
        tmp_path,
        [
            Document("method:a", ("ResNet in ResNet with ResNet",), "resnet " * 9, prior=3),
            Document("method:b", ("ResNet-50", "Residual Network"), ""),
            Document("method:c", ("Other",), "other things"),
        ],
        generation=1,
    )
    assert index.search("resnet 50")[1][0].key == "method:b"
    assert index.search("ResNet50")[1][0].key == "method:b"
    assert index.search("residual-network")[1][0].key == "method:b"


def test_a_word_that_every_document_has_still_finds_them(tmp_path: Path) -> None:
    index = build(tmp_path, [Document("paper:1", ("Residual learning",), "")], generation=1)
    assert index.search("residual")[0] == 1


def test_a_name_of_stop_words_alone_is_found(tmp_path: Path) -> None:
    index = build(
        tmp_path, [Document("tool:a", ("IT",), ""), Document("tool:b", ("B",), "")], generation=1
    )
    assert [one.key for one in index.search("it")[1]] == ["tool:a"]


def test_chinese_is_found_by_any_two_characters(tmp_path: Path) -> None:
    index = build(
        tmp_path,
        [Document("task:a", ("图像分类",), ""), Document("task:b", ("机器翻译",), "")],
        generation=1,
    )
    assert [one.key for one in index.search("图像")[1]] == ["task:a"]
    assert [one.key for one in index.search("翻译")[1]] == ["task:b"]


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    index = build(tmp_path, [], generation=0)
    assert index.search("anything") == (0, [])
    assert index.search("", filters=[["kind:a"]]) == (0, [])
    assert Index.open(tmp_path).check() == []
    index = build(tmp_path / "bare", [Document("paper:1", (), "")], generation=0)
    assert index.search("anything") == (0, [])


def test_building_again_gives_the_same_arrays_whatever_the_process(
    documents: list[Document], tmp_path: Path
) -> None:
    metas = [build(tmp_path / name, documents, generation=1).meta["sha256"] for name in "ab"]
    assert metas[0] == metas[1]


# -- odd queries ------------------------------------------------------------------------------

ODD = (
    '"', '"unclosed', "a AND", "NOT", "NEAR(a b)", "col:x", "a* OR b*", "^x", "(", ")", "((((", "-",
    "--", "'; DROP TABLE paper; --", "1 OR 1=1", "%", "_", "\\", "\\\\", ".*", "(a+)+$", "[", "[a-",
    "?", "{1,2}", "\x00", "a\x00b", "\x1b[2J", "\ud800", "\U0001f600", "👩‍👩‍👧", "图像", "图", "，。",
    "ﬁne", "Ⅷ", "İ", "ß", "é" * 500, "\u0301" * 500, "\u200d", "=", "==", "=abc", "c++", "c#", ".net",
    "u-net", "-x-", "'s", "state-of-the-art" * 50, "\n\t ", "", "../../etc/passwd", "${x}", "%s%n",
    "a" * 100_000, "a " * 50_000, "图" * 100_000, "-" * 100_000, "a-" * 50_000, "'" * 100_000,
    "\U0001f600" * 25_000, "\u0301" * 100_000, "a.b" * 30_000, "+" * 100_000, "a+" * 50_000,
)  # fmt: skip


def odd_queries(count: int) -> list[str]:
    chance = random.Random(3)
    alphabet = "abz01 \"'*:^()[]{}-+#&.|\\/%_=~;\x00\n\t图像éß\u0301\u202e\ud800\U0001f600"
    made = list(ODD)
    while len(made) < count:
        if chance.random() < 0.5:
            made.append("".join(chance.choices(alphabet, k=chance.randint(1, 40))))
        else:
            made.append(" ".join(chance.choices((*ODD[:56], *VOCABULARY), k=chance.randint(1, 6))))
    return made


def test_ten_thousand_odd_queries_raise_nothing_and_answer_at_once(index: Index) -> None:
    slowest, which = 0.0, ""
    for text in odd_queries(10_000):
        began = time.thread_time()
        found, best = index.search(text, limit=5)
        took = time.thread_time() - began
        assert len(best) == min(found, 5)
        if took > slowest:
            slowest, which = took, text
    assert slowest < 0.2, f"{slowest:.2f} s of processor time for {which[:40]!r}"


@settings(max_examples=120)
@given(st.text(max_size=200))
@example("\ud800")
@example("=" * 3)
def test_no_text_makes_a_search_raise(index: Index, text: str) -> None:
    found, best = index.search(text)
    assert found >= len(best)
    index.search("residual", filters=[[text]])
    index.weight(text)


def test_only_the_beginning_of_a_pasted_page_is_read(index: Index) -> None:
    page = "zzz " * (MAX_QUERY // 4)
    assert index.search(page + "residual")[0] == 0
    assert index.search("residual " + page)[0] == index.search("residual")[0]


@settings(max_examples=8)
@given(st.lists(st.text(max_size=30), min_size=20, max_size=60))
def test_any_document_can_be_indexed(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    root = tmp_path_factory.mktemp("any")
    made = [Document(f"paper:{at}", (text,), text, (text,)) for at, text in enumerate(texts)]
    index = build(root, made, generation=1)
    assert index.size == len(texts)
    assert index.check() == []
    shutil.rmtree(root)


# -- damage and swapping ----------------------------------------------------------------------


@cache
def sound() -> Path:
    """A small index, built once."""
    made = [Document("paper:1", ("Residual",), "x", ("kind:a",)), Document("paper:2", ("B",), "y")]
    return build(Path(tempfile.mkdtemp()), made, generation=1).folder


def built(root: Path) -> Path:
    """The folder of a copy of it under `root`."""
    shutil.copytree(sound().parent, root, dirs_exist_ok=True)
    return root / sound().name


def arrays() -> list[str]:
    return sorted(path.name for path in sound().glob("*.npy"))


@pytest.mark.parametrize("harm", ["truncated", "garbage", "empty", "missing", "other shape"])
def test_a_harmed_array_is_damaged_and_never_an_answer(tmp_path: Path, harm: str) -> None:
    for name in arrays():
        root = tmp_path / name / harm
        path = built(root) / name
        content = path.read_bytes()
        if harm == "truncated":
            path.write_bytes(content[: len(content) - max(1, (len(content) - 128) // 2)])
        elif harm == "garbage":
            path.write_bytes(random.Random(4).randbytes(len(content)))
        elif harm == "empty":
            path.write_bytes(b"")
        elif harm == "missing":
            path.unlink()
        else:
            np.save(path, np.zeros(1_000, np.uint8))
        with pytest.raises(Damaged) as caught:
            Index.open(root)
        assert caught.value.exit_code == 5
        assert "hub index" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "meta", [b"", b"{", b"[]", b'{"format": 2}', b"null", b"\xff", b'{"format": 99}']
)
def test_a_harmed_description_is_damaged(tmp_path: Path, meta: bytes) -> None:
    (built(tmp_path) / "meta.json").write_bytes(meta)
    with pytest.raises(Damaged):
        Index.open(tmp_path)


def test_an_index_of_the_format_before_is_to_be_built_again(tmp_path: Path) -> None:
    path = built(tmp_path) / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": FORMAT - 1}))
    with pytest.raises(
        Damaged, match=rf"format {FORMAT - 1}, this program reads {FORMAT}"
    ) as caught:
        Index.open(tmp_path)
    assert "hub index" in (caught.value.hint or "")


def mapped_bytes(folder: Path) -> int:
    """How much of a folder's files lies in the memory of this process (proc(5), smaps)."""
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        if "-" in line.split(" ", 1)[0]:
            inside = str(folder) in line
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux's proc")
def test_an_index_that_lets_go_holds_little_memory_and_answers_on(tmp_path: Path) -> None:
    index = build(tmp_path, random_documents(3_000, 1), generation=1)
    before = index.search("residual learning", limit=50)
    assert index.check() == []
    held = sum(array[::512].sum() >= 0 for array in index.base.arrays.values())
    assert held == len(index.base.arrays)
    touched = mapped_bytes(index.folder)
    index.let_go()
    assert mapped_bytes(index.folder) < touched / 2
    assert index.search("residual learning", limit=50) == before


def aged(home: Path) -> Path:
    """Makes the index of a home one of the format before."""
    root = Paths(home).index
    meta = root / (root / CURRENT).read_text("ascii") / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "format": FORMAT - 1}))
    return meta


def test_a_home_with_an_older_index_gets_a_new_one_with_a_word_at_its_next_command(
    tmp_path: Path,
) -> None:
    home = home_with(tmp_path / "home", paper("arxiv:2001.00001", "Residual nets"))
    meta = aged(home)
    assert outdated(Paths(home).index)
    said = run("search", "residual", "-q", home=home)
    assert (said.code, said.lines) == (0, ["arxiv:2001.00001"])
    assert "older version" in said.err
    again = run("search", "residual", "-q", home=home)
    assert (again.code, again.lines, again.err) == (0, said.lines, "")
    for harm in (b"", b"{}", b'{"format": 99}', b'{"format": "x"}'):
        meta = Index.open(Paths(home).index).folder / "meta.json"
        sound = meta.read_bytes()
        meta.write_bytes(harm)
        assert not outdated(Paths(home).index), "what is harmed is not mended in passing"
        assert run("search", "residual", home=home).code == 5
        meta.write_bytes(sound)


@pytest.mark.filterwarnings("ignore:invalid")
def test_a_harmed_header_is_damaged_or_read_as_it_was(tmp_path: Path) -> None:
    folder = built(tmp_path)
    before = Index.open(tmp_path).search("residual")
    chance = random.Random(6)
    for name in arrays():
        path = folder / name
        content = path.read_bytes()
        for at in range(128):
            harmed = bytearray(content)
            harmed[at] = chance.choice((harmed[at] ^ 1 << chance.randrange(8), *b"(]'\\\0\n "))
            path.write_bytes(bytes(harmed))
            with suppress(Damaged):
                assert Index.open(tmp_path).search("residual") == before
        path.write_bytes(content)


@pytest.mark.parametrize("current", [b"", b"build-gone", b"\xff\xfe", b"../..", b"\x00"])
def test_a_harmed_pointer_is_damaged(tmp_path: Path, current: bytes) -> None:
    built(tmp_path)
    (tmp_path / "current").write_bytes(current)
    with pytest.raises(Damaged):
        Index.open(tmp_path)


def test_one_changed_byte_is_found_by_the_check(tmp_path: Path) -> None:
    for name in arrays():
        root = tmp_path / name
        path = built(root) / name
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))
        with suppress(Damaged):
            assert any(name in wrong for wrong in Index.open(root).check())


class Canary:
    """Runs when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


def test_a_planted_pickle_does_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    for name in arrays():
        for disguise in (False, True):
            root = tmp_path / f"{name}-{disguise}"
            path = built(root) / name
            if disguise:
                np.save(path, np.array([Canary(str(canary))], dtype=object), allow_pickle=True)
            else:
                path.write_bytes(pickle.dumps(Canary(str(canary))))
            with pytest.raises(Damaged):
                Index.open(root)
            assert not canary.exists()


def test_an_open_index_answers_while_newer_ones_are_built(tmp_path: Path) -> None:
    build(tmp_path, random_documents(50, 1), generation=1)
    kept = Index.open(tmp_path)
    before = kept.search("residual", limit=50)
    for generation in range(2, 6):
        build(tmp_path, random_documents(30, generation), generation=generation)
        assert kept.search("residual", limit=50) == before
    assert Index.open(tmp_path).generation == 5
    assert len(list(tmp_path.glob("build-*"))) == 2, "the current one and the one before"


def test_readers_see_a_whole_index_while_it_is_swapped_30_times(tmp_path: Path) -> None:
    words = ("alpha", "beta")

    def rows(number: int) -> list[Document]:
        made = [Document(f"paper:{n}", (words[number % 2],), f"word{n}") for n in range(50)]
        return [*made, Document("paper:other", ("gamma",), "")]

    build(tmp_path, rows(0), generation=0)
    done = threading.Event()
    wrong: list[str] = []
    reads = 0

    def look() -> None:
        nonlocal reads
        while not done.is_set():
            try:
                index = Index.open(tmp_path)
                found = index.search(words[index.generation % 2])[0]
                if found != 50:
                    wrong.append(f"generation {index.generation} found {found}")
                reads += 1
            except HubError as error:
                wrong.append(f"{error}: {error.__cause__!r}")

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(1, 31):
            build(tmp_path, rows(number), generation=number)
    finally:
        done.set()
        reader.join()
    assert wrong == []
    assert reads >= 10


BUILDERS = """
import os, sys
from pathlib import Path
from hub.index import Document, build
root = Path(sys.argv[1])
def rows(number):
    return [Document(f"paper:{n}", (f"word{n % number}",), "more") for n in range(60)]
build(root, rows(1), generation=0)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        for generation in range(1, 1_000_000):
            build(root, rows(generation), generation=generation)
    print(child, flush=True)
    os.waitpid(child, 0)
"""
"""Imports once, then forks a child for every line it is sent; each builds until it is killed."""


def test_a_build_killed_at_30_moments_leaves_a_whole_index(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", BUILDERS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None
    chance = random.Random(5)
    seen = set()
    for _ in range(30):
        server.stdin.write("go\n")
        server.stdin.flush()
        child = int(server.stdout.readline())
        time.sleep(chance.uniform(0, 0.15))
        os.kill(child, signal.SIGKILL)
        index = Index.open(tmp_path)
        assert index.check() == []
        assert index.size == 60
        seen.add(index.folder.name)
    server.stdin.close()
    assert server.wait(10) == 0
    assert len(seen) >= 5, "most kills came before anything was built"
    build(tmp_path, random_documents(60, 0), generation=1)
    left = [path.name for path in tmp_path.iterdir()]
    assert len(left) <= 3, f"killed builds are swept away: {left}"


def test_the_files_hold_numbers_and_text_only(tmp_path: Path) -> None:
    folder = built(tmp_path)
    for path in folder.glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype != object
    assert json.loads((folder / "meta.json").read_text())["documents"] == 2
    assert {path.suffix for path in folder.iterdir()} == {".npy", ".json"}
    sources = [path.read_text("utf-8") for path in (ROOT / "hub" / "index").glob("*.py")]
    assert len(sources) >= 5
    assert not re.search(r"import (pickle|joblib)|allow_pickle=True", "".join(sources))


def test_an_index_is_of_the_generation_it_was_told(tmp_path: Path) -> None:
    put(tmp_path / "catalog.db", paper())
    assert build(tmp_path / "index", [], generation=42).generation == 42


def test_opening_an_index_parses_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As numpy does with the header of an array: in two threads at a time that is a SystemError before
    Python 3.12, and a list, a sheet and a palette open the index at once."""
    build(tmp_path, [Document(f"paper:{n}", (), f"word{n}") for n in range(20)], generation=0)
    with monkeypatch.context() as patched:
        patched.setattr("ast.parse", None)
        assert Index.open(tmp_path).size == 20
