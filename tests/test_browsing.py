"""Lists of any length in any order: the same rows as the catalog's own order, the same hits as a search."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.browsing import View
from hub.catalog.read import SORTS_OF
from hub.entries import KINDS
from hub.errors import UsageError
from hub.paths import Paths
from hub.queries import Queries, Query
from tests.hubtest import home_with
from tests.test_queries import CASES, LI, NLP, OLD, RECORDS, RESNET, VISION, WU, Case


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
def test_a_list_is_the_catalogs_own_row_by_row(queries: Queries, kind: str) -> None:
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
