"""Lists of any length in any order: the same rows as the catalog's own order, the same hits as a search."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.records import SnapshotRecord
from hub import harvest
from hub.browsing import Facet, View, category_label
from hub.catalog import Catalog
from hub.catalog.read import SORTS_OF
from hub.entries import KINDS
from hub.errors import HubError, NotFound, UsageError
from hub.index import asked_of
from hub.marks import Marks
from hub.paths import Paths
from hub.queries import Queries, Query
from hub.words import stems_beyond, typed
from tests.hubtest import (
    board,
    dataset,
    framework,
    home_with,
    link,
    paper,
    put,
    repository,
    result,
    run,
    task,
)
from tests.test_queries import (
    CASES,
    FINE,
    LI,
    NLP,
    OLD,
    RECORDS,
    RESNET,
    TOP,
    VISION,
    WU,
    Case,
    node,
)


def snapshot(repository: str, day: str, stars: int) -> SnapshotRecord:
    return SnapshotRecord(
        repository=repository, day=day, stars=stars, source="github", retrieved_at=day
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_with(tmp_path_factory.mktemp("browsing") / "home", *RECORDS)


@pytest.fixture
def queries(home: Path) -> Iterator[Queries]:
    opened = Queries(Paths(home))
    yield opened
    opened.close()


def listed(queries: Queries, **view: Any) -> list[str]:
    return queries.browse(View(**view)).keys(0, 1_000)


# -- the same through both doors --------------------------------------------------------------

NARROWED: tuple[dict[str, Any], ...] = (
    {},
    {"year": 2018},
    {"year": 1998},
    {"task": VISION.key},
    {"area": "computer-vision"},
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_is_the_catalogs_own_row_by_row(
    queries: Queries, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    for sort in SORTS_OF[kind]:
        for narrowed in NARROWED:
            try:
                listing = queries.listing(kind, sort=sort, limit=100, **narrowed)
            except UsageError:
                continue
            years = (narrowed["year"], narrowed["year"]) if "year" in narrowed else None
            view = View(
                kinds=(kind,),
                sort=sort,
                years=years,
                task=narrowed.get("task"),
                areas=(narrowed["area"],) if "area" in narrowed else (),
            )
            browsing = queries.browse(view)
            assert browsing.page(0, 100) == listing.entries, (sort, narrowed)
            assert browsing.found == listing.found
            with monkeypatch.context() as few:
                few.setattr("hub.queries.MANY", 0)  # as where a list is long
                assert queries.listing(kind, sort=sort, limit=100, **narrowed) == listing
            compared += 1
    assert compared >= len(SORTS_OF[kind])


LISTED = [case for case in CASES if "authors" not in case.query]
"""What a list can be asked for; it is not narrowed by author."""


@pytest.mark.parametrize("case", LISTED, ids=lambda case: case.name)
def test_a_search_is_the_same_list(queries: Queries, case: Case) -> None:
    asked = dict(case.query)
    limit = asked.pop("limit", 20)
    task = (asked.pop("tasks", ()) or (None,))[0]
    hits = queries.search(Query(**case.query))
    browsing = queries.browse(View(task=task, **asked))
    if browsing.by_start:
        assert hits.found == 0
    else:
        assert browsing.keys(0, limit) == [hit.entry.key for hit in hits.hits]
        assert browsing.found == hits.found


# -- any part of it ---------------------------------------------------------------------------

VIEWS: tuple[dict[str, Any], ...] = (
    {},
    {"kinds": ("paper",)},
    {"kinds": ("paper",), "sort": "name"},
    {"text": "residual"},
    {"text": "residual", "sort": "year", "kinds": ("paper",)},
    {"text": "res", "typing": True},
    {"kinds": ("dataset", "task"), "sort": "results", "descending": False},
)


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_pages_put_together_are_the_list(queries: Queries, view: dict[str, Any]) -> None:
    browsing = queries.browse(View(**view))
    whole = browsing.keys(0, 1_000)
    assert len(whole) == len(set(whole)) == browsing.found > 0
    for size in (1, 2, 3, 7):
        parts = [browsing.keys(offset, size) for offset in range(0, browsing.found, size)]
        assert [key for part in parts for key in part] == whole
    assert [entry.key for entry in browsing.page(0, 1_000)] == whole
    assert browsing.keys(browsing.found, 10) == browsing.keys(10_000, 10) == []
    assert [browsing.place(key) for key in whole] == list(range(len(whole)))
    assert browsing.place("paper:unheard-of") is None


def test_a_list_turned_round_keeps_the_unknown_at_its_end(queries: Queries) -> None:
    papers = listed(queries, kinds=("paper",), sort="year")
    assert papers == [NLP, WU, LI, RESNET, OLD]
    assert listed(queries, kinds=("paper",), sort="year", descending=False) == papers[::-1]
    names = listed(queries, kinds=("task",), sort="name")
    assert listed(queries, kinds=("task",), sort="name", descending=True) == names[::-1]
    datasets = listed(queries, kinds=("dataset", "framework"), sort="year", descending=False)
    assert datasets == [
        "dataset:mnist",
        "dataset:cifar-10",
        "dataset:librispeech",
        "framework:pytorch",
    ]


def test_keys_narrow_a_list_to_what_is_the_users_own(queries: Queries) -> None:
    own = (WU, "dataset:mnist", "paper:unheard-of", WU)
    assert set(listed(queries, keys=own)) == {WU, "dataset:mnist"}
    assert listed(queries, keys=frozenset(own), kinds=("paper",)) == [WU]
    assert listed(queries, keys=own, text="residual") == [WU]
    assert listed(queries, keys=()) == []


def test_a_sorted_list_holds_every_word_and_the_best_first_holds_any(queries: Queries) -> None:
    assert set(listed(queries, text="residual attention", kinds=("paper",))) == {
        RESNET,
        LI,
        WU,
        OLD,
    }
    assert listed(queries, text="residual attention", kinds=("paper",), sort="year") == [LI]
    words = "residual zzzz"
    assert listed(queries, text=words, kinds=("paper",), sort="year") == [WU, LI, RESNET, OLD]


def test_what_no_list_can_be_is_said(queries: Queries) -> None:
    for view in (
        View(kinds=("book",)),
        View(kinds=("paper",), sort="stars"),
        View(sort="size"),
    ):
        with pytest.raises(UsageError) as caught:
            queries.browse(view)
        assert "One of" in (caught.value.hint or "")
    with pytest.raises(NotFound):
        queries.browse(View(task="no such task"))


# -- facets -----------------------------------------------------------------------------------


def chosen(view: View, facet: Facet) -> View:
    """The view with this value taken."""
    match facet.name:
        case "year":
            return replace(view, years=(int(facet.value), int(facet.value)))
        case "category":
            return replace(view, categories=(facet.value,))
        case "task":
            return replace(view, task=facet.value)
        case "area":
            return replace(view, areas=(facet.value,))
        case "has code":
            return replace(view, has_code=True)
        case "has result":
            return replace(view, has_result=True)
    assert facet.name == "kind"
    return replace(view, kinds=(facet.value,))


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(kinds=("paper",)),
        View(text="residual"),
        View(text="residual", years=(2018, 2019), kinds=("paper",)),
        View(categories=("cs.CV", "cs.LG"), has_code=True),
        View(task=VISION.key, keys=(RESNET, LI, "dataset:mnist", FINE.key)),
        View(areas=("speech",)),
        View(text="res", typing=True, has_result=True),
    ],
    ids=str,
)
def test_a_facet_counts_what_taking_it_finds(queries: Queries, view: View) -> None:
    facets = queries.browse(view).facets()
    assert facets
    for facet in facets:
        assert queries.browse(chosen(view, facet)).found == facet.count > 0, facet
    assert len({(facet.name, facet.value) for facet in facets}) == len(facets)


def test_facets_are_named_as_a_person_reads_them(queries: Queries) -> None:
    facets = {(one.name, one.value): one for one in queries.browse(View()).facets()}
    assert facets["task", VISION.key].label == "Image Classification"
    assert facets["task", VISION.key].label_zh == "图像分类"
    assert facets["category", "cs.CV"].label == "cs.CV"
    assert facets["area", "computer-vision"].label == "computer vision"
    assert ("category", "cs") not in facets, "an archive is no category beside its subjects"
    years = [facet.value for facet in facets.values() if facet.name == "year"]
    assert years == sorted(years, reverse=True) and "0" not in years
    assert category_label("cond-mat.mtrl-sci") == "cond-mat.mtrl-sci"


# -- while it is typed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("resi", "method:residual-connection"),
        ("residual conn", "method:residual-connection"),
        ("pyt", "framework:pytorch"),
        ("cifar-1", "dataset:cifar-10"),
        ("image classificat", VISION.key),
        ("图", VISION.key),
        ("图像", VISION.key),
        ("deep residual learn", RESNET),
        ("few-sho", NLP),
    ],
)
def test_every_keystroke_finds_what_is_meant(queries: Queries, text: str, first: str) -> None:
    browsing = queries.browse(View(text, typing=True))
    assert browsing.keys(0, 1) == [first]
    assert not browsing.by_start


def test_a_word_broken_off_in_its_ending_is_found_by_its_stem() -> None:
    assert typed("generativ") == ([], ("generativ",))
    assert "generat" in stems_beyond("generativ")
    assert "probabl" in stems_beyond("probabilit")
    assert typed("the residual net") == (["residu"], ("net",))
    assert typed("residual net ") == (["residu", "net"], ())
    assert typed("u-ne") == (["u"], ("ne", "une"))
    assert typed("图像分") == (["图像", "像分"], ())
    assert typed("attention is") == (["attent"], ())
    assert typed("th") == ([], ("th",))


def test_a_whole_word_counts_more_than_what_it_may_become(tmp_path: Path) -> None:
    said = [paper(f"arxiv:2001.{n:05}", f"Some networks for topic {n}") for n in range(40)]
    net = paper("arxiv:2002.00001", "A net of other things and of their many names")
    home = home_with(tmp_path / "home", *said, net)
    with closing(Queries(Paths(home))) as queries:
        browsing = queries.browse(View("net", typing=True))
        assert browsing.found == 41
        assert browsing.keys(0, 1) == [net.key]
        assert queries.browse(View("net")).keys(0, 50) == [net.key]


def test_where_no_word_matches_names_that_begin_so_are_listed(queries: Queries) -> None:
    for text in ("l", "the geo", "The"):
        for typing in (True, False):
            browsing = queries.browse(View(text, typing=typing))
            if browsing.by_start:
                names = [entry.name.lower() for entry in browsing.page(0, 100)]
                assert names and all(name.startswith(text.lower()) for name in names)
    assert queries.browse(View("the", typing=False)).keys(0, 9) == [OLD]
    nothing = queries.browse(View("zzzzqq", typing=True))
    assert (nothing.found, nothing.page(0, 10), nothing.by_start) == (0, (), True)


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "a" * 20_000, "'.", "图" * 500, "%_\"'"]
)
def test_any_text_can_be_typed(queries: Queries, text: str) -> None:
    for typing in (True, False):
        browsing = queries.browse(View(text, typing=typing))
        assert len(browsing.page(0, 5)) == min(5, browsing.found)
        browsing.spans("A text: 图像")


# -- what is highlighted ----------------------------------------------------------------------


def marked(queries: Queries, asked: str, text: str, *, typing: bool = False) -> list[str]:
    spans = queries.browse(View(asked, typing=typing)).spans(text)
    assert all(0 <= first < after <= len(text) for first, after in spans)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
    return [text[first:after] for first, after in spans]


def test_words_are_marked_by_the_stems_that_found_them(queries: Queries) -> None:
    assert marked(queries, "networks learn", "Learning a NETWORK, networked.") == [
        "Learning", "NETWORK", "networked",
    ]  # fmt: skip
    assert marked(queries, "unet", "A U-Net and a net") == ["U-Net"]
    assert marked(queries, "net", "A U-Net and a net") == ["Net", "net"]
    assert marked(queries, "scholkopf", "Bernhard Schölkopf writes") == ["Schölkopf"]
    assert marked(queries, "resnet", "ｒｅｓｎｅｔ ﬁrst") == ["ｒｅｓｎｅｔ"]
    assert marked(queries, "first", "ｒｅｓｎｅｔ ﬁrst") == ["ﬁrst"]
    assert marked(queries, "c++", "C++ and C") == ["C++"]
    assert marked(queries, "the", "the end") == []
    assert marked(queries, "", "anything") == []


def test_of_a_word_that_goes_on_its_beginning_is_marked(queries: Queries) -> None:
    assert marked(queries, "residual transfo", "Residual transformers", typing=True) == [
        "Residual", "transfo",
    ]  # fmt: skip
    assert marked(queries, "network", "networks networking", typing=True) == [
        "networks",
        "networking",
    ]
    assert marked(queries, "une", "A U-Net", typing=True) == ["U-Net"]


def test_chinese_is_marked_by_its_pairs_and_in_english(queries: Queries) -> None:
    assert marked(queries, "图像分类", "用于图像识别与分类") == ["图像", "分类"]
    assert marked(queries, "图像分类", "Classification of images") == ["Classification", "images"]
    assert marked(queries, "图", "图像", typing=True) == ["图"]


@given(st.text(max_size=60), st.text(max_size=20))
def test_spans_are_in_order_and_within_any_text(text: str, asked: str) -> None:
    for typing in (True, False):
        spans = Marks(asked_of(asked, typing=typing)).spans(text)
        flat = [at for span in spans for at in span]
        assert flat == sorted(flat) and (not flat or (flat[0] >= 0 and flat[-1] <= len(text)))
        assert all(first < after for first, after in spans)


# -- Chinese ----------------------------------------------------------------------------------


def test_a_chinese_name_finds_english_papers(tmp_path: Path) -> None:
    said = [
        paper("arxiv:2001.00001", "Image classification with few labels"),
        paper("arxiv:2001.00002", "Speech with few labels"),
        task("task:image-classification", "Image Classification", name_zh="图像分类"),
        task("task:labels", "Labelling", aliases=["少量标注"]),
        *(task(f"task:other-{n}", f"Other {n}", name_zh=f"分类{n}") for n in range(9)),
    ]
    with closing(Queries(Paths(home_with(tmp_path / "home", *said)))) as queries:
        for text in ("图像分类", "图像 分类", "关于图像分类的论文"):
            browsing = queries.browse(View(text, kinds=("paper",)))
            assert browsing.keys(0, 9) == ["arxiv:2001.00001"], text
            assert [meant for _, meant in browsing.translated] == ["Image Classification"]
            hits = queries.search(Query(text, kinds=("paper",)))
            assert [hit.entry.key for hit in hits.hits] == ["arxiv:2001.00001"]
            assert hits.translated == browsing.translated
        assert queries.browse(View("图像分类")).keys(0, 2) == [
            "task:image-classification",
            "arxiv:2001.00001",
        ]
        assert queries.browse(View("图像分类 少量标注")).translated == (
            ("图像分类", "Image Classification"),
            ("少量标注", "Labelling"),
        )
        assert "image" in queries.browse(View("图像分类")).words
        assert queries.browse(View("图像")).translated == (("图像", "image"),)
        assert queries.browse(View("鼹鼠")).translated == ()
        assert queries.browse(View("image classification")).translated == ()


def test_the_command_says_how_chinese_was_read(home: Path) -> None:
    said = run("search", "图像分类", "--json", home=home)
    assert "Read as: 图像分类 → Image Classification" in said.err
    assert said.data["translated"] == [["图像分类", "Image Classification"]]
    assert "Read as" not in run("search", "residual", home=home).err


# -- while the catalog changes ----------------------------------------------------------------


def test_after_an_update_every_list_is_still_the_catalogs_own(tmp_path: Path) -> None:
    """The index is updated, not built again: places, names and values of what changed are new."""
    others = [
        paper(
            f"arxiv:1901.{n:05}",
            f"{'bB'[n % 2]}etween {n % 7}",
            published=f"2019-01-{n % 20 + 1:02}",
        )
        for n in range(120)
    ]
    home = home_with(tmp_path / "home", *RECORDS, *others)
    places = Paths(home)
    changed = [
        paper(WU, "aaa First of all", published="2024-02-02", retrieved_at="2099-01-01"),
        paper(others[3].key, "Between 3", published="2019-01-09", retrieved_at="2099-01-01"),
        paper("arxiv:1901.00003v", "between 3"),
        paper("arxiv:0704.00001", "BETWEEN 3", published="2019-01-05"),
        dataset("dataset:new", "cifar-10", year=2009),
        repository("github:a/b", name="a/b"),
        link(OLD, "github:a/b"),
        result(TOP, 9, "Z", "Params", "2M", paper=OLD),
        node("vision/fine/new", task("task:new", "New"), 5),
        task("task:new", "New", area="speech"),
    ]
    put(places.catalog, *changed)
    with closing(Queries(places)) as queries, Catalog.open(places.catalog) as catalog:
        before = queries.browse(View(kinds=("paper",)))
        assert before.stale > 0 and before.found == len(others) + 5
        harvest.update_index(catalog, places)
        assert queries.index.delta is not None, "this test is about updates"
        after = queries.browse(View(kinds=("paper",)))
        assert (after.stale, after.found) == (0, len(others) + 7)
        compared = 0
        for kind in KINDS:
            for sort in SORTS_OF[kind]:
                listing = queries.listing(kind, sort=sort, limit=1_000)
                view = View(kinds=(kind,), sort=sort)
                assert queries.browse(view).page(0, 1_000) == listing.entries, (kind, sort)
                compared += 1
        assert compared > 20
        assert listed(queries, kinds=("task",), task=FINE.key) == ["task:new"]
        assert listed(queries, text="aaa fir", typing=True)[0] == WU
        assert listed(queries, keys=("dataset:new", WU), kinds=("dataset",)) == ["dataset:new"]
        facets = {one.value: one.count for one in after.facets()}
        assert facets["2019"] == len(others) + 1
        for view in (View(), View("between"), View("bet", typing=True)):
            for facet in queries.browse(view).facets():
                assert queries.browse(chosen(view, facet)).found == facet.count
        assert before.page(0, 1) != (), "an open list goes on with the index that it began with"


def test_what_left_the_catalog_keeps_its_row_until_the_next_index(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", *RECORDS)
    with closing(Queries(Paths(home))) as queries:
        browsing = queries.browse(View(kinds=("paper",), sort="year"))
        with sqlite3.connect(home / "catalog.db") as db:
            db.execute("DELETE FROM paper WHERE key = ?", (LI,))
        db.close()
        page = browsing.page(0, 10)
        assert [entry.key for entry in page] == [NLP, WU, LI, RESNET, OLD]
        assert (page[2].name, page[2].kind, page[2].year) == (LI, "paper", None)


def test_one_reader_can_be_asked_from_many_threads(queries: Queries) -> None:
    whole = queries.browse(View("residual")).page(0, 100)

    def look(_: int) -> bool:
        browsing = queries.browse(View("residual"))
        browsing.facets()
        return browsing.page(0, 100) == whole and queries.show(RESNET).entry.key == RESNET

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(look, range(120)))


# -- single entries ---------------------------------------------------------------------------


def test_related_papers_are_those_with_the_nearest_words(tmp_path: Path) -> None:
    said = [
        paper(
            "arxiv:2001.00001", "Quokka habitats", abstract="Where the quokka lives, by satellite."
        ),
        paper("arxiv:2001.00002", "Satellite images of quokka islands"),
        paper("arxiv:2001.00003", "Satellite radio", abstract="A radio."),
        *(
            paper(f"arxiv:2002.{n:05}", f"Deep networks {n}", abstract="Learning.")
            for n in range(30)
        ),
        dataset("dataset:quokka", "Quokka habitats"),
    ]
    with closing(Queries(Paths(home_with(tmp_path / "home", *said)))) as queries:
        hits = queries.related("arxiv:2001.00001")
        assert [hit.entry.key for hit in hits] == ["arxiv:2001.00002", "arxiv:2001.00003"]
        assert hits[0].score > hits[1].score
        assert [hit.entry.key for hit in queries.related("dataset:quokka", 1)] == [
            "arxiv:2001.00001"
        ]
        assert queries.related("arxiv:2002.00001", 5)[0].entry.key.startswith("arxiv:2002")
        with pytest.raises(NotFound):
            queries.related("arxiv:9999.99999")


def test_kinds_are_counted_as_the_catalog_counts_them(queries: Queries) -> None:
    counts = queries.counts()
    assert queries.kinds() == {kind: counts[kind] for kind in KINDS}


def test_one_paper_as_bibtex(queries: Queries) -> None:
    text = queries.bibtex(RESNET)
    assert text.startswith("@misc{he2015deep,") and text.endswith("}\n")
    assert "Kaiming He and Xiangyu Zhang" in text
    for key in ("dataset:mnist", "arxiv:9999.99999"):
        with pytest.raises(HubError):
            queries.bibtex(key)


def test_the_history_of_a_framework_is_that_of_its_repository(tmp_path: Path) -> None:
    home = home_with(
        tmp_path / "home",
        repository("github:a/b"),
        framework("framework:b", "B", repository="github:a/b"),
        framework("framework:c", "C"),
        *(snapshot("github:a/b", f"2026-01-0{day}", day) for day in (3, 1, 2)),
    )
    with closing(Queries(Paths(home))) as queries:
        for key in ("github:a/b", "framework:b"):
            days = [(row["day"], row["stars"]) for row in queries.history(key)]
            assert days == [("2026-01-01", 1), ("2026-01-02", 2), ("2026-01-03", 3)]
        assert queries.history("framework:c") == ()


def test_the_first_thing_seen_is_what_most_people_measure_on(tmp_path: Path) -> None:
    """Many boards of one thing, a game each, do not outweigh one that everybody reports on."""
    games, pictures = "task:games", "task:pictures"
    boards = [board(games, f"dataset:game-{n}", ["Score"]) for n in range(6)]
    long = board(pictures, "dataset:pictures", ["Accuracy"])
    rows = [result(one, at, f"m{at}", "Score", "1") for one in boards for at in range(3)]
    rows += [result(long, at, f"m{at}", "Accuracy", "1") for at in range(9)]
    tasks = [task(games, "Games"), task(pictures, "Pictures")]
    data = [dataset(f"dataset:game-{n}", f"Game {n}") for n in range(6)]
    home = home_with(tmp_path, *tasks, *data, *boards, long, *rows)
    with closing(Queries(Paths(home))) as queries:
        seen = queries.browse(View(kinds=KINDS)).page(0, 1)
        most = queries.browse(View(kinds=("task",))).page(0, 2)
    assert [one.key for one in seen] == [pictures]
    assert [(one.key, one.results) for one in most] == [(games, 18), (pictures, 9)]
