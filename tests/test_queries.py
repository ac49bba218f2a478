"""Every read, asked through both doors: hub.queries and the command line give the same hits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crawlers.records import TaskNodeRecord
from hub.errors import NotFound, UsageError
from hub.paths import Paths
from hub.queries import Queries, Query
from tests.hubtest import (
    board,
    dataset,
    framework,
    given,
    home_with,
    link,
    method,
    paper,
    repository,
    result,
    run,
    task,
)

VISION = task(
    "task:image-classification", "Image Classification", name_zh="图像分类", area="computer-vision"
)
FINE = task("task:fine-grained", "Fine-Grained Recognition", area="computer-vision")
SPEECH = task("task:speech-recognition", "Speech Recognition", area="speech", aliases=["ASR"])

TOP = board(VISION.key, "dataset:cifar-10", ["Percentage correct", "Params"])
UNKNOWN = board(VISION.key, "dataset:mnist", ["Mystery"])
MIXED = board(SPEECH.key, "dataset:mnist", ["Accuracy"])
LOWER = board(SPEECH.key, "dataset:librispeech", ["WER"])

RESNET, LI, WU, NLP = (
    f"arxiv:{n}" for n in ("1512.03385", "1801.00001", "1903.00002", "2005.14165")
)
OLD = "arxiv:math/0309136"


def node(path: str, about: Any, position: int) -> TaskNodeRecord:
    above = path.rpartition("/")[0] or None
    return TaskNodeRecord(
        path=path, task=about.key, parent=above, position=position, **given("pwc")
    )


RECORDS = (
    paper(
        RESNET, "Deep Residual Learning for Image Recognition", published="2015-12-10",
        authors=["Kaiming He", "Xiangyu Zhang"], categories=["cs.CV"],
        abstract="Residual networks are easier to train.",
    ),
    paper(
        LI, "Residual attention", published="2018-01-01", authors=["Kaiming Li", "Xin He"],
        categories=["cs.LG", "cs.CV"],
    ),
    paper(WU, "Residual speech models", published="2019-03-01", authors=["Yuxin Wu"],
          categories=["eess.AS"], tasks=[SPEECH.key]),
    paper(NLP, "Language models are few-shot learners", published="2020-05-28"),
    paper(OLD, "The geometry of residues", published="2003-09-08", categories=["math.GT"]),
    repository("github:kaiminghe/resnet", description="residual networks", language="Python"),
    link(RESNET, "github:kaiminghe/resnet", official=True),
    dataset("dataset:mnist", "MNIST", name_zh="手写数字", year=1998, tasks=[VISION.key]),
    dataset("dataset:cifar-10", "CIFAR-10", aliases=["cifar10"], year=2009),
    dataset("dataset:librispeech", "LibriSpeech", year=2015),
    framework("framework:pytorch", "PyTorch", aliases=["torch"]),
    framework("tool:numpy", "NumPy"),
    method("method:residual-connection", "Residual Connection", area="general"),
    VISION, FINE, SPEECH,
    node("vision", VISION, 0), node("vision/fine", FINE, 1), node("speech", SPEECH, 2),
    TOP, UNKNOWN, MIXED, LOWER,
    result(TOP, 0, "A", "Percentage correct", "94.1", paper=LI),
    result(TOP, 0, "A", "Params", "1.7M", direction="lower"),
    result(TOP, 1, "B", "Percentage correct", "96.0", paper=RESNET),
    result(TOP, 2, "C", "Percentage correct", "94.1 ± 0.2"),
    result(TOP, 3, "D", "Percentage correct", "about 97"),
    result(TOP, 4, "E", "Percentage correct", "93.0"),
    result(UNKNOWN, 0, "A", "Mystery", "1", direction="unknown"),
    result(UNKNOWN, 1, "B", "Mystery", "2", direction="unknown"),
    result(MIXED, 0, "A", "Accuracy", "94.1%"),
    result(MIXED, 1, "B", "Accuracy", "0.95"),
    result(LOWER, 0, "A", "WER", "5.2", direction="lower"),
    result(LOWER, 1, "B", "WER", "2.1", direction="lower", paper=WU),
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_with(tmp_path_factory.mktemp("queries") / "home", *RECORDS)


@pytest.fixture
def queries(home: Path) -> Iterator[Queries]:
    opened = Queries(Paths(home))
    yield opened
    opened.close()


@dataclass(frozen=True)
class Case:
    """One question, as a value and as words of the command line, and the keys that answer it."""

    name: str
    query: dict[str, Any]
    words: tuple[str, ...]
    keys: set[str] = field(default_factory=set)


CASES = (
    Case("one word", {"text": "residual"}, ("residual",),
         {RESNET, LI, WU, OLD, "github:kaiminghe/resnet", "method:residual-connection"}),
    Case("nothing", {"text": "zzzz"}, ("zzzz",)),
    Case("a kind", {"text": "residual", "kinds": ("method",)}, ("residual", "--kind", "method"),
         {"method:residual-connection"}),
    Case("two kinds", {"text": "residual", "kinds": ("method", "repository")},
         ("residual", "--kind", "methods", "--kind", "repository"),
         {"method:residual-connection", "github:kaiminghe/resnet"}),
    Case("a year", {"text": "residual", "years": (2018, 2018)}, ("residual", "--year", "2018"), {LI}),
    Case("a span", {"text": "residual", "years": (2018, 2019)}, ("residual", "--year", "2018-2019"),
         {LI, WU}),
    Case("from a year", {"text": "residual", "years": (2018, 9999)}, ("residual", "--year", "2018-"),
         {LI, WU}),
    Case("until a year", {"text": "residual", "years": (1, 2015)}, ("residual", "--year=-2015"),
         {RESNET, OLD}),
    Case("an author", {"text": "residual", "authors": ("Kaiming He",)},
         ("residual", "--author", "Kaiming He"), {RESNET}),
    Case("an author turned round", {"text": "residual", "authors": ("He, Kaiming",)},
         ("residual", "--author", "He, Kaiming"), {RESNET}),
    Case("a family name", {"text": "residual", "authors": ("he",)}, ("residual", "--author", "he"),
         {RESNET, LI}),
    Case("two authors", {"text": "residual", "authors": ("He", "Zhang")},
         ("residual", "--author", "He", "--author", "Zhang"), {RESNET}),
    Case("a category", {"text": "residual", "categories": ("cs.CV",)},
         ("residual", "--category", "cs.CV"), {RESNET, LI}),
    Case("an archive", {"text": "residual", "categories": ("math",)},
         ("residual", "--category", "math"), {OLD}),
    Case("either category", {"text": "residual", "categories": ("math", "eess.as")},
         ("residual", "--category", "math", "--category", "eess.AS"), {OLD, WU}),
    Case("a task by name", {"text": "residual", "tasks": ("image classification",)},
         ("residual", "--task", "image classification"), {RESNET, LI}),
    Case("a task by alias", {"text": "residual", "tasks": ("ASR",)}, ("residual", "--task", "ASR"),
         {WU}),
    Case("a task in Chinese", {"text": "residual", "tasks": ("图像分类",)},
         ("residual", "--task", "图像分类"), {RESNET, LI}),
    Case("with code", {"text": "residual", "has_code": True}, ("residual", "--has-code"), {RESNET}),
    Case("with a result", {"text": "residual", "has_result": True}, ("residual", "--has-result"),
         {RESNET, LI, WU}),
    Case("all at once",
         {"text": "residual", "has_code": True, "years": (2015, 2015), "authors": ("Kaiming He",),
          "kinds": ("paper",), "categories": ("cs",), "has_result": True},
         ("residual", "--has-code", "--year", "2015", "--author", "Kaiming He", "--kind", "paper",
          "--category", "cs", "--has-result"), {RESNET}),
    Case("Chinese", {"text": "图像"}, ("图像",),
         {VISION.key, RESNET, LI, "dataset:mnist", "dataset:cifar-10"}),
    Case("limit", {"text": "residual", "limit": 2, "years": (2015, 2019)},
         ("residual", "-n", "2", "--year", "2015-2019"), {RESNET, LI, WU}),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_doors_give_the_same_hits(home: Path, queries: Queries, case: Case) -> None:
    hits = queries.search(Query(**case.query))
    found = {hit.entry.key for hit in hits.hits}
    if "limit" in case.query:
        assert found < case.keys and len(found) == case.query["limit"]
    else:
        assert found == case.keys
    assert hits.found == len(case.keys)
    said = run("search", *case.words, "--json", home=home)
    assert said.code == 0, said.err
    shown = said.data
    assert shown["found"] == hits.found
    assert [hit["entry"]["key"] for hit in shown["hits"]] == [hit.entry.key for hit in hits.hits]
    assert [hit["score"] for hit in shown["hits"]] == [hit.score for hit in hits.hits]


def test_a_pair_of_names_passes_by_a_paper_of_kaiming_li_and_xin_he(queries: Queries) -> None:
    for asked in ("Kaiming He", "kaiming he", "He, Kaiming"):
        [hit] = queries.search(Query("residual", authors=(asked,))).hits
        assert hit.entry.key == RESNET
    assert queries.search(Query("residual", authors=("Xin Li",))).found == 0


def test_explain_names_the_terms_their_fields_and_their_weight(queries: Queries) -> None:
    hits = queries.search(Query("residual networks zzz", explain=True, kinds=("paper",))).hits
    [resnet] = [hit for hit in hits if hit.entry.key == RESNET]
    matched = {match.term: dict(match.fields) for match in resnet.matched}
    assert matched == {"residu": {"title": 1, "abstract": 1}, "network": {"abstract": 1}}
    for match in resnet.matched:
        assert match.weight == pytest.approx(queries.index.weight(match.term), abs=1e-3)


def test_an_unknown_kind_and_an_unknown_task_say_what_there_is(queries: Queries) -> None:
    with pytest.raises(UsageError) as caught:
        queries.search(Query("x", kinds=("book",)))
    assert "paper" in (caught.value.hint or "")
    with pytest.raises(NotFound) as missing:
        queries.search(Query("x", tasks=("image clasification",)))
    assert missing.value.nearest[0][0] == VISION.key
    with pytest.raises(NotFound):
        queries.search(Query("x", tasks=("dataset:mnist",)))


# -- one entry --------------------------------------------------------------------------------


def test_show_holds_what_hangs_on_a_paper(queries: Queries) -> None:
    shown = queries.show("1512.03385v1")
    assert shown.entry.results == 1 and shown.entry.code == 1
    [code] = shown.related["code"]
    assert (code["key"], code["official"]) == ("github:kaiminghe/resnet", True)
    [number] = shown.related["results"]
    assert (number["metric"], number["text"], number["dataset"]) == (
        "Percentage correct", "96.0", "cifar-10",
    )  # fmt: skip
    assert shown.sources[""] == ("arxiv_snapshot", "2026-01-01", "CC0-1.0", None)
    assert queries.show(OLD.replace("math/", "math.GT/").removeprefix("arxiv:")).entry.key == OLD


def test_near_keys_are_offered_for_a_slip(queries: Queries) -> None:
    for asked, meant in (
        ("1512.03386", RESNET),
        ("pytorhc", "framework:pytorch"),
        ("cifar-100", "dataset:cifar-10"),
        ("task:image-clasification", VISION.key),
        ("github:kaiminghe/resnt", "github:kaiminghe/resnet"),
    ):
        with pytest.raises(NotFound) as caught:
            queries.show(asked)
        assert meant in [key for key, _ in caught.value.nearest], asked


@pytest.mark.parametrize(
    "asked", ["", " ", "\x00", "%", "'", "a" * 10_000, "\ud800", "図", "://", ":"]
)
def test_odd_keys_are_not_found_and_nothing_worse(queries: Queries, asked: str) -> None:
    with pytest.raises(NotFound):
        queries.show(asked)
    queries.keys_starting(asked)


# -- lists ------------------------------------------------------------------------------------


def keys(queries: Queries, kind: str, **more: Any) -> list[str]:
    return [entry.key for entry in queries.listing(kind, **more).entries]


def test_lists_are_of_one_kind_in_the_order_that_was_asked(queries: Queries) -> None:
    assert keys(queries, "framework") == ["framework:pytorch"]
    assert keys(queries, "tool") == ["tool:numpy"]
    assert keys(queries, "paper", sort="year") == [NLP, WU, LI, RESNET, OLD]
    assert keys(queries, "paper", sort="results")[:3] == [RESNET, LI, WU]
    assert keys(queries, "dataset", sort="year")[0] == "dataset:librispeech"
    assert keys(queries, "dataset", sort="results")[0] == "dataset:cifar-10"


def test_lists_are_narrowed_and_paged(queries: Queries) -> None:
    assert set(keys(queries, "dataset", task="image classification")) == {
        "dataset:mnist",
        "dataset:cifar-10",
    }
    assert set(keys(queries, "paper", task=SPEECH.key)) == {WU}
    assert keys(queries, "paper", year=2018) == [LI]
    assert keys(queries, "task", area="Computer Vision") == [FINE.key, VISION.key]
    assert keys(queries, "task", task=VISION.key) == [FINE.key]
    whole = keys(queries, "paper", sort="key")
    assert keys(queries, "paper", sort="key", limit=2) == whole[:2]
    assert keys(queries, "paper", sort="key", limit=2, offset=4) == whole[4:]
    assert queries.listing("paper", limit=1).found == 5


def test_what_a_list_cannot_do_is_said(queries: Queries) -> None:
    for kind, more in (
        ("book", {}),
        ("paper", {"sort": "stars"}),
        ("repository", {"year": 2020}),
        ("dataset", {"area": "speech"}),
        ("method", {"task": VISION.key}),
    ):
        with pytest.raises(UsageError):
            queries.listing(kind, **more)


def test_the_tree_stands_in_the_order_of_its_source(home: Path, queries: Queries) -> None:
    tree = queries.tree()
    assert [(one.key, one.depth, one.boards, one.rows) for one in tree] == [
        (VISION.key, 0, 2, 7),
        (FINE.key, 1, 0, 0),
        (SPEECH.key, 0, 2, 4),
    ]
    assert [one.key for one in queries.tree(area="speech")] == [SPEECH.key]
    said = run("list", "tasks", "--tree", home=home)
    assert said.lines[1].startswith("  Fine-Grained Recognition")


# -- leaderboards -----------------------------------------------------------------------------


def test_a_board_is_ranked_best_first_ties_share_and_the_unread_come_last(
    queries: Queries,
) -> None:
    board = queries.leaderboard("cifar10")
    assert (board.ranked, board.direction, board.metric) == (True, "higher", "Percentage correct")
    assert [(row.rank, row.model) for row in board.rows] == [
        (1, "B"), (2, "A"), (2, "C"), (4, "E"), (None, "D"),
    ]  # fmt: skip
    assert board.rows[0].code == ("https://github.com/kaiminghe/resnet",)
    assert board.rows[4].cells[0].text == "about 97", "what was printed is shown"
    assert board.rows[2].cells[0].spread == 0.2


def test_where_lower_is_better_the_lowest_is_first(queries: Queries) -> None:
    assert [row.model for row in queries.leaderboard("librispeech").rows] == ["B", "A"]


def test_a_metric_of_unknown_direction_ranks_nobody(home: Path, queries: Queries) -> None:
    board = queries.leaderboard(UNKNOWN.key)
    assert not board.ranked and board.why_unranked
    assert [(row.rank, row.model) for row in board.rows] == [(None, "A"), (None, "B")]
    said = run("leaderboard", UNKNOWN.key, home=home)
    assert "Not ranked" in said.err
    assert [line.split("\t")[0] for line in said.lines[1:]] == ["", ""]


def test_percent_beside_fraction_ranks_nobody(queries: Queries) -> None:
    board = queries.leaderboard(MIXED.key)
    assert not board.ranked
    assert "percent" in (board.why_unranked or "")
    assert {row.rank for row in board.rows} == {None}


def test_of_several_boards_the_longest_is_shown_and_the_others_named(queries: Queries) -> None:
    board = queries.leaderboard("mnist", task="speech recognition")
    assert board.key == MIXED.key
    board = queries.leaderboard(VISION.key)
    assert board.key == TOP.key
    assert [key for key, _, _ in board.others] == [UNKNOWN.key]
    assert len(queries.leaderboard("cifar-10", has_code=True).rows) == 1
    assert queries.leaderboard("cifar-10", metric="params").metric == "Params"
    for asked in ("framework:pytorch", "task:fine-grained", "nowhere"):
        with pytest.raises(NotFound):
            queries.leaderboard(asked)


def test_the_counts_of_the_catalog_are_those_of_its_records(queries: Queries) -> None:
    counts = queries.counts()
    assert (counts["paper"], counts["task"], counts["tool"], counts["board"]) == (5, 3, 1, 4)
    assert (counts["result"], counts["result_row"], counts["link"]) == (12, 11, 1)
    assert queries.tree_counts() == {"task_nodes": 3, "boards": 4, "rows": 11}
