"""What the reader of paperswithcode.co promises: filters that were applied, claims called claims,
nothing called whole that may not be."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from crawlers.records import (
    BoardRecord,
    DatasetRecord,
    FrameworkRecord,
    LinkRecord,
    MethodRecord,
    PaperRecord,
    RepositoryRecord,
    ResultRecord,
    TaskRecord,
)
from crawlers.source import Scope, SourceError, Step, Wish
from crawlers.sources.pwc_live import plan, request, start
from tests.pwctest import (
    API,
    BOARD,
    DAY,
    EVALUATIONS,
    NIGHT,
    PAPERS,
    RESULT,
    entries,
    evaluation,
    fixture,
    listed,
    of,
    paper,
    read,
    reasons,
    said,
)

# -- asking ----------------------------------------------------------------------------------


def asked(wish: Wish) -> list[str]:
    return [request(step, API).url.removeprefix(API) for step in start(wish)]


def test_small_wish_asks_for_papers_of_each_task_since_the_day_and_for_results():
    wish = Wish(since="2026-08-01", until="2026-08-21", tasks=("task:ocr", "Image Classification"))
    tail = "&order_by=date_published&order_dir=desc&include_resources=true"
    dates = "/papers/?page=1&page_size=100&start_date=2026-08-01&end_date=2026-08-21"
    assert asked(wish) == [
        f"{dates}&task=ocr{tail}",
        f"{dates}&task=Image+Classification{tail}",
        "/evaluations/?page=1&page_size=100",
    ]


def test_full_wish_asks_for_every_list():
    assert [urlsplit(url).path for url in asked(Wish(full=True))] == [
        "/papers/", "/evaluations/", "/frameworks/", "/tasks/", "/methods/", "/datasets/",
    ]  # fmt: skip


def test_benchmark_s_results_are_asked_for_in_the_order_of_their_ranks():
    step = Step("board", {"page": 2, "dataset": "a/../b?x", "name": "N"})
    assert request(step, API).url == (
        f"{API}/datasets/a%2F..%2Fb%3Fx/evaluations/?page=2&page_size=100&ordering=best_rank"
    )


def test_request_takes_json_only_and_no_more_than_four_mebibytes():
    for step in start(Wish(full=True)):
        asked = request(step, "http://127.0.0.1:9")
        assert (asked.accept, asked.max_bytes) == (("application/json",), 4 << 20)
        assert asked.url.startswith("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "wish",
    [
        Wish(), Wish(full=True), Wish(since="2026-08-01", until="2026-08-21"),
        Wish(since="2026-08-22", until="2026-08-21"), Wish(tasks=("a", "b", "a")),
    ],
)  # fmt: skip
def test_plan_starts_at_the_first_requests_and_says_why(wish: Wish):
    least, most = plan(wish).requests
    assert least == len(start(wish)) <= most
    assert "100 a page" in plan(wish).why


# -- papers ----------------------------------------------------------------------------------


def test_paper_is_read_with_its_code_and_what_has_no_column_is_kept():
    page = fixture("papers")
    night = of(PaperRecord, page)[0]
    assert (night.key, night.title) == (NIGHT, "Reading Signs at Night with a Small Network")
    assert (night.published, night.authors) == ("2026-08-03", ["Ada Researcher", "Grace Scientist"])
    assert (night.tasks, night.methods) == (["task:ocr"], ["method:wav2vec-2"])
    assert (night.venue, night.url, night.licence) == ("CVPR 2026", None, None)
    assert night.source_url == "https://paperswithcode.co/paper/2608.01234"
    assert night.extra["citation_count"] == 7
    assert night.extra["successor_papers"] == [
        {"title": "A Later Paper", "route_identifier": "2609.00001", "published": None}
    ]
    assert night.retrieved_at == DAY


def test_repository_is_linked_once_and_official_where_any_entry_says_so():
    page = fixture("papers")
    links = [link for link in of(LinkRecord, page) if link.paper == NIGHT]
    assert [(link.repository, link.official, link.evidence) for link in links] == [
        ("github:example-ai/night-signs", True, "source-declared"),
        ("github:fork-lab/night-signs", False, "source-declared"),
    ]
    names = {one.key: (one.name, one.url) for one in of(RepositoryRecord, page)}
    assert names["github:example-ai/night-signs"] == (
        "Example-AI/Night-Signs", "https://github.com/Example-AI/Night-Signs",
    )  # fmt: skip


def test_paper_outside_arxiv_goes_by_its_own_address_then_by_its_title():
    page = fixture("papers")
    assert [one.key for one in of(PaperRecord, page)] == [
        NIGHT, "openreview:Ab_12", "title:a-report-nobody-put-online",
    ]  # fmt: skip
    forms = of(PaperRecord, page)[1]
    assert (forms.url, forms.authors) == ("https://openreview.net/forum?id=Ab_12", ["Lin Wei"])
    assert (forms.published, forms.extra["published"]) == (None, "2026")
    git = [one for one in of(RepositoryRecord, page) if one.key.startswith("git:")]
    assert [(one.key, one.url) for one in git] == [
        ("git:code.example.org/forms", "https://code.example.org/forms")
    ]


def test_links_are_whole_only_where_the_resources_were_sent_and_could_all_be_read():
    assert fixture("papers").whole == (
        Scope("link", "paper", NIGHT, "pwc_live"),
        Scope("link", "paper", "openreview:Ab_12", "pwc_live"),
    )
    step = Step("papers", {"page": 1})
    kept = {"url": "https://github.com/a/b", "is_official": True}
    for repositories in (
        None,
        [kept, {"url": "nowhere"}],
        [kept, 5],
        [{"url": "arxiv:1512.03385"}],
    ):
        page = read(step, {"count": 1, "results": [paper(1, repositories=repositories)]})
        assert page.whole == () and len(of(PaperRecord, page)) == 1
    for repositories in ([], [kept], ["https://github.com/a/b"]):
        page = read(step, {"count": 1, "results": [paper(1, repositories=repositories)]})
        assert page.whole == (Scope("link", "paper", "arxiv:2608.00001", "pwc_live"),)


def test_bad_repository_costs_itself_only():
    bad = [{"url": "x"}, {"url": 5}, {"url": "https://github.com/a/b", "is_official": "yes"}, None]
    good = {"url": "https://github.com/good/one", "is_official": None}
    page = read(
        Step("papers", {"page": 1}), {"count": 1, "results": [paper(1, repositories=[*bad, good])]}
    )
    assert [link.repository for link in of(LinkRecord, page)] == ["github:good/one"]
    assert sorted(reasons(page)) == [
        "is_official: neither true nor false", "not an object", "url: no address", "url: not a text",
    ]  # fmt: skip


def test_bad_paper_costs_itself_only():
    bad = [
        paper(1, title=5), paper(2, title=" "), paper(3, arxiv_id="no-id"), paper(4, published=3),
        paper(5, authors="Ada"), paper(6, id={"a": 1}, arxiv_id=None), paper(7, published="2026-13-01"), None, [],
        paper(8, x={"a": [[]] * 3}, deep=json.loads("[" * 60 + "]" * 60)), paper(99), paper(99),
    ]  # fmt: skip
    page = read(Step("papers", {"page": 1}), {"count": len(bad), "results": bad})
    assert [one.key for one in of(PaperRecord, page)] == ["arxiv:2608.00099"]
    assert reasons(page) == [
        "title: not a text", "title: missing or not a text", "arxiv_id: no arXiv id",
        "published: not a text", "authors: not a list", "id: not an id", "published: no such day",
        "not an object", "not an object", "extra: nested too deeply", "repeated paper",
    ]  # fmt: skip


# -- filters and pages -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["start_date", "end_date", "task"])
@pytest.mark.parametrize("echo", ["2026-08-02", None, 5, "", ["ocr"], "missing"])
def test_page_whose_filters_were_not_applied_is_refused(name: str, echo: Any):
    body = said("papers")
    body["applied_filters"][name] = echo
    if echo == "missing":
        del body["applied_filters"][name]
    with pytest.raises(SourceError, match=f"^the filter {name} was not applied$"):
        read(PAPERS, body)


def test_filter_is_compared_without_case_as_the_site_s_own_client_does():
    assert PAPERS.said["task"] == "ocr" and said("papers")["applied_filters"]["task"] == "OCR"
    assert len(of(PaperRecord, fixture("papers"))) == 3


@pytest.mark.parametrize("applied", [None, [], "all", 5])
def test_server_that_does_not_know_filters_is_refused(applied: Any):
    with pytest.raises(SourceError, match="the filter start_date was not applied"):
        read(PAPERS, {**said("papers"), "applied_filters": applied})


def test_page_without_wished_filters_needs_no_echo():
    page = read(Step("papers", {"page": 1}), {"count": 1, "results": [paper(1)]})
    assert [one.key for one in of(PaperRecord, page)] == ["arxiv:2608.00001"]


def next_pages(step: Step, body: Any) -> list[Any]:
    return [one.said["page"] for one in read(step, body).next]


@pytest.mark.parametrize("names", [("count", "results"), ("total", "items")])
@pytest.mark.parametrize(
    ("page", "rows", "total", "follows"),
    [
        (1, 100, 250, [2]), (2, 100, 250, [3]), (3, 50, 250, []), (1, 100, 100, []),
        (1, 100, 101, [2]), (2, 1, 101, []), (1, 0, 0, []), (3, 0, 200, []), (1, 120, 120, []),
        (1, 100, None, [2]), (1, 99, None, []), (2, 0, None, []),
    ],
)  # fmt: skip
def test_next_page_follows_while_the_total_promises_more(names, page, rows, total, follows):
    body = {names[0]: total, names[1]: listed(rows)}
    step = Step("papers", {"page": page})
    assert next_pages(step, body) == follows
    assert read(step, body).skipped == ()


def test_next_page_keeps_the_filters():
    body = {**said("papers"), "count": 101}
    assert read(PAPERS, body).next == (Step("papers", {**PAPERS.said, "page": 2}),)


@pytest.mark.parametrize(("page", "total"), [(1, 1), (1, 101), (2, 101), (3, 10**12)])
def test_empty_page_where_entries_are_promised_is_not_believed(page: int, total: int):
    for kind in ("papers", "evaluations", "tasks"):
        with pytest.raises(SourceError, match="promised") as error:
            read(Step(kind, {"page": page}), {"count": total, "results": []})
        assert error.value.again


def test_page_with_fewer_entries_than_promised_says_so():
    page = read(Step("papers", {"page": 1}), {"count": 250, "results": listed(50)})
    assert reasons(page) == ["the page holds fewer entries than it promises"]
    assert [step.said["page"] for step in page.next] == [2]


@pytest.mark.parametrize(
    "body",
    [
        None, 5, "x", {}, {"count": 1}, {"results": None}, {"results": {}}, {"items": "x"},
        {"count": "1", "results": [{}]}, {"count": True, "results": [{}]}, [[]], {"detail": "x"},
        {"count": 2**70, "results": [{}]}, {"count": 1.5, "results": [{}]},
    ],
)  # fmt: skip
def test_answer_of_another_shape_is_no_page(body: Any):
    for kind in ("papers", "evaluations", "board"):
        with pytest.raises(SourceError):
            read(Step(kind, {"page": 1, "dataset": "1", "name": "N"}), body)


def test_list_that_comes_bare_is_read_whole():
    page = read(Step("tasks", {"page": 1}), entries(said("tasks")))
    assert [one.name for one in of(TaskRecord, page)] == ["OCR", "Audio Classification"]
    assert page.next == ()


# -- results ---------------------------------------------------------------------------------


def test_result_is_a_claim_with_its_row_and_its_printed_number():
    accuracy, error_rate = of(ResultRecord, fixture("evaluations"))[:2]
    assert (accuracy.key, accuracy.row) == (f"{RESULT}#Accuracy", RESULT)
    assert (accuracy.board, accuracy.position) == ("board:ocr/night-signs-v2", 0)
    assert (accuracy.task, accuracy.dataset) == ("task:ocr", "dataset:night-signs-v2")
    assert (accuracy.value_text, accuracy.value, accuracy.unit) == ("91.5%", 91.5, "percent")
    assert (accuracy.direction, error_rate.direction) == ("higher", "lower")
    assert (error_rate.value_text, error_rate.value) == ("0.031", 0.031)
    assert (accuracy.paper, accuracy.published) == (NIGHT, "2026-08-03")
    assert accuracy.model_name == "NightNet-S"
    assert accuracy.source_url == "https://arxiv.org/abs/2608.01234"
    assert accuracy.extra["claimed"] == "extracted by paperswithcode.co"
    assert (accuracy.extra["is_open"], accuracy.licence) == (True, None)


def test_row_keeps_harness_spread_and_units_and_skips_what_is_no_number():
    page = fixture("evaluations")
    rows = {one.metric: one for one in of(ResultRecord, page) if one.row == "pwc_live:30002"}
    assert list(rows) == ["Accuracy", "Params"]
    assert (rows["Accuracy"].value, rows["Accuracy"].spread) == (90.0, 0.4)
    assert (rows["Params"].value, rows["Params"].unit) == (7_700_000.0, "parameters")
    assert rows["Accuracy"].extra["harness"] == "verified"
    assert rows["Accuracy"].extra["is_open"] is False
    assert reasons(page) == ["metrics: neither number nor text"]


def test_row_without_a_rank_stands_where_the_answer_has_it():
    second = [one for one in of(ResultRecord, fixture("evaluations")) if one.row.endswith("30002")]
    assert {one.position for one in second} == {1}
    body = {"count": 350, "results": [evaluation(5, best_rank=None)] * 1}
    moved = read(Step("evaluations", {"page": 3}), body)
    assert {one.position for one in of(ResultRecord, moved)} == {200}


def test_result_of_a_paper_outside_arxiv_names_it_as_the_list_of_papers_does():
    last = of(ResultRecord, fixture("evaluations"))[-1]
    assert (last.paper, last.position) == ("title:a-report-nobody-put-online", 2)
    assert last.source_url == last.paper_url == "https://paperswithcode.co/paper/414"


def test_few_rows_of_a_board_leave_its_columns_open():
    boards = {one.key: one for one in of(BoardRecord, fixture("evaluations"))}
    assert set(boards) == {"board:ocr/night-signs-v2", "board:agents/toolathlon"}
    assert {tuple(one.metrics) for one in boards.values()} == {()}
    assert boards["board:agents/toolathlon"].name == "Toolathlon"
    page = fixture("evaluations")
    assert [one.key for one in of(TaskRecord, page)] == ["task:ocr", "task:agents"]
    assert [one.name for one in of(DatasetRecord, page)] == ["Night Signs [v2]", "Toolathlon"]
    assert page.whole == ()


def test_whole_benchmark_gives_its_boards_with_their_columns_by_rank():
    page = fixture("board")
    boards = {one.key: one for one in of(BoardRecord, page)}
    assert boards["board:ocr/night-signs-v2"].metrics == ["Accuracy", "CER"]
    assert boards["board:scene-text-recognition/night-signs-v2"].metrics == ["Word Accuracy"]
    assert page.whole == (
        Scope("result", "board", "board:ocr/night-signs-v2", "pwc_live"),
        Scope("result", "board", "board:scene-text-recognition/night-signs-v2", "pwc_live"),
    )
    assert boards["board:ocr/night-signs-v2"].source_url.endswith("/benchmark/night-signs")


def test_same_row_has_the_same_keys_whichever_list_it_comes_from():
    keys = [
        {one.key for one in of(ResultRecord, fixture(name)) if one.row == RESULT}
        for name in ("evaluations", "board")
    ]
    assert keys[0] == keys[1] == {f"{RESULT}#Accuracy", f"{RESULT}#CER"}


def rows_and(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    body = said("board")
    change(body)
    return body


@pytest.mark.parametrize(
    "body",
    [
        rows_and(lambda body: body.update(count=101)),
        rows_and(lambda body: body.update(count=None)),
        rows_and(lambda body: body.update(count=2)),
        rows_and(lambda body: body["results"][2].update(task_name=None)),
        rows_and(lambda body: body["results"][0]["metrics"].update(X=[])),
        rows_and(lambda body: body["results"].__setitem__(1, body["results"][0])),
        rows_and(lambda body: body["results"][0].update(dataset_id="43")),
    ],
    ids=["more pages", "no count", "wrong count", "no task", "bad cell", "repeated", "foreign"],
)
def test_board_that_may_not_be_whole_is_not_called_whole(body: dict[str, Any]):
    assert read(BOARD, body).whole == ()


def test_second_page_of_a_benchmark_is_not_the_whole_of_it():
    page = read(Step("board", {**BOARD.said, "page": 2}), {**said("board"), "count": 103})
    assert page.whole == () and reasons(page) == []
    assert {tuple(one.metrics) for one in of(BoardRecord, page)} == {()}


def test_bad_row_costs_itself_only():
    bad = [
        evaluation(1, metrics=None), evaluation(2, metrics={}), evaluation(3, metrics=[1]),
        evaluation(4, task_name=5), evaluation(5, dataset_name=""), evaluation(6, best_rank=0),
        evaluation(7, best_rank=1.5), evaluation(8, id=None), evaluation(9, model_name={}),
        evaluation(10, paper_arxiv_id="2608"), evaluation(11, paper_published_date="soon"),
        evaluation(12, metrics={"A": True}), evaluation(13), evaluation(13),
    ]  # fmt: skip
    page = read(EVALUATIONS, {"count": len(bad), "results": bad})
    assert {one.row for one in of(ResultRecord, page)} == {"pwc_live:13"}
    assert reasons(page) == [
        "metrics: none", "metrics: none", "metrics: not an object", "task_name: not a text",
        "dataset_name: missing", "best_rank: below 1", "best_rank: not a whole number",
        "id: missing", "model_name: not a text", "paper_arxiv_id: no arXiv id",
        "paper_published_date: not a date", "metrics: neither number nor text",
        "repeated evaluation",
    ]  # fmt: skip


def results_page(numbers: list[Any], published: Any) -> dict[str, Any]:
    rows = [evaluation(0, id=number, paper_published_date=published) for number in numbers]
    return {"count": 31_600, "results": rows}


def test_results_stop_at_papers_older_than_the_day_when_the_newest_come_first():
    step = Step("evaluations", {"page": 7, "since": "2026-08-01"})
    falling, since = list(range(300, 200, -1)), "2026-08-01"
    assert next_pages(step, results_page(falling, "2026-07-31")) == []
    assert next_pages(step, results_page(falling, since)) == [8]
    assert next_pages(step, results_page(falling, None)) == [8]
    assert next_pages(step, results_page(falling[::-1], "2026-07-31")) == [8]
    assert next_pages(step, results_page([*falling[:-1], 250], "2026-07-31")) == [8]
    assert next_pages(step, results_page([*falling[:-1], "x1"], "2026-07-31")) == [8]
    assert next_pages(Step("evaluations", {"page": 7}), results_page(falling, "2026-07-31")) == [8]


# -- benchmarks, tasks, methods, frameworks ---------------------------------------------------


def test_benchmark_is_a_dataset_and_leads_to_its_results():
    page = fixture("datasets")
    assert [one.key for one in of(DatasetRecord, page)] == [
        "dataset:night-signs-v2",
        "dataset:twins",
    ]
    night = of(DatasetRecord, page)[0]
    assert (night.name, night.description) == ("Night Signs [v2]", "Two thousand signs.")
    assert night.full_name == "Signs Seen at Night, Second Edition"
    assert night.source_url == "https://paperswithcode.co/benchmark/night-signs"
    assert night.extra["paper_count"] == 12
    assert page.next[0] == BOARD
    assert [(step.said["dataset"], step.said.get("shared")) for step in page.next] == [
        ("42", None), ("7", True), ("8", True),
    ]  # fmt: skip


def test_two_benchmarks_of_one_name_do_not_clear_each_other_s_board():
    shared = Step("board", {**BOARD.said, "shared": True})
    assert read(shared, said("board")).whole == ()
    assert len(of(ResultRecord, read(shared, said("board")))) == 5


def test_tasks_and_methods_are_read():
    tasks = of(TaskRecord, fixture("tasks"))
    assert [(one.key, one.role) for one in tasks] == [
        ("task:ocr", "task"), ("task:audio-classification", "task"),
    ]  # fmt: skip
    assert (tasks[0].description, tasks[0].extra["benchmark_count"]) == (
        "Reading text in images.",
        21,
    )
    speech, old, plain = of(MethodRecord, fixture("methods"))
    assert (speech.key, speech.paper, speech.year) == ("method:wav2vec-2", "arxiv:2006.11477", 2020)
    assert (speech.full_name, speech.papers) == (None, 45)
    assert (old.year, old.papers, old.paper) == (None, 0, "title:notes-on-a-trick")
    assert old.full_name == "An Old Trick"
    assert (plain.paper, plain.year) == (None, None)
    assert plain.code_url == "https://github.com/example/plain/blob/main/plain.py"


def test_framework_stands_once_with_all_its_categories():
    page = fixture("frameworks")
    vllm, llama = of(FrameworkRecord, page)
    assert (vllm.key, vllm.role, vllm.name) == ("framework:vllm", "framework", "vLLM")
    assert vllm.description == "Serves models.\n\nWhen many ask at once."
    assert vllm.extra["categories"] == [
        "Large Language Models / Inference & Serving", "Agents / Serving",
    ]  # fmt: skip
    assert (vllm.repository, vllm.docs) == ("github:vllm-project/vllm", "https://docs.vllm.ai")
    assert (vllm.paper, vllm.maintainer) == ("arxiv:2309.06180", "vLLM project")
    assert (vllm.extra["paper_count"], "when_to_use" in vllm.extra) == (73, False)
    assert (llama.key, llama.extra["platforms"]) == ("framework:llama-cpp", ["cpu", "apple"])
    assert reasons(page) == ["frameworks: not a list"]


@pytest.mark.parametrize("body", [[], {}, {"domains": None}, {"domains": {}}, {"results": []}])
def test_catalogue_of_another_shape_is_no_answer(body: Any):
    with pytest.raises(SourceError):
        read(Step("frameworks"), body)


def test_named_things_cost_themselves_only():
    bad = [{"id": "1", "name": None}, {"id": "2"}, {"id": "3", "name": 5}, "x", None]
    good = {"id": "9", "slug": "good", "name": "Good"}
    for kind in ("tasks", "methods", "datasets"):
        page = read(Step(kind, {"page": 1}), {"count": 6, "results": [*bad, good]})
        assert [one.name for one in page.records if not isinstance(one, BoardRecord)] == ["Good"]
        assert len(page.skipped) == 5
    page = read(
        Step("frameworks"),
        {"domains": [5, {"categories": [None, {"frameworks": [*bad, good]}, {"frameworks": 7}]}]},
    )
    assert [one.name for one in page.records] == ["Good"]
    assert len(page.skipped) == 8
