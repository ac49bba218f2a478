"""What the Papers with Code reader promises: no board lost, no namesakes merged, all counted."""

import gc
import gzip
import io
import json
import random
import tomllib
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from crawlers.files import open_file
from crawlers.records import (
    AliasRecord,
    BoardRecord,
    DatasetRecord,
    LinkRecord,
    MethodRecord,
    PaperRecord,
    Record,
    RepositoryRecord,
    ResultRecord,
    TaskNodeRecord,
    TaskRecord,
)
from crawlers.source import Origin, Page, source_of
from crawlers.sources.pwc_archive import SOURCE, read

FIXTURES = Path(__file__).parent / "fixtures" / "pwc_archive"
DUMPS = sorted(path.name for path in FIXTURES.glob("*.json"))
ORIGIN = Origin("dump.json", "2025-07-28")
RESNET = "arxiv:1512.03385"


def pages(dump: Any) -> list[Page]:
    data = dump if isinstance(dump, bytes) else json.dumps(dump).encode()
    return list(read(io.BytesIO(data), ORIGIN))


def of(cls: type[Record], found: list[Page]) -> list[Any]:
    return [record for page in found for record in page.records if type(record) is cls]


def tally(found: list[Page]) -> Counter[str]:
    total: Counter[str] = Counter()
    for page in found:
        total.update(dict(page.tally))
    return total


def reasons(found: list[Page]) -> list[str]:
    return [skip.reason for page in found for skip in page.skipped]


def fixture(name: str) -> list[Page]:
    return pages((FIXTURES / name).read_bytes())


def row(model: str, metrics: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "model_name": model, "metrics": metrics, "paper_title": "A Net",
        "paper_url": "https://arxiv.org/abs/2001.00001", "paper_date": "2020-01-01",
        "code_links": [], "model_links": [],
    } | changed  # fmt: skip


def board(name: str, *rows: Any, **changed: Any) -> dict[str, Any]:
    return {
        "dataset": name, "description": "", "dataset_links": [], "subdatasets": [],
        "sota": {"metrics": ["Accuracy"], "rows": list(rows)},
    } | changed  # fmt: skip


def task(name: str, *datasets: Any, **changed: Any) -> dict[str, Any]:
    return {
        "task": name, "description": "", "categories": [], "synonyms": [], "subtasks": [],
        "source_link": None, "datasets": list(datasets),
    } | changed  # fmt: skip


# -- the five dumps ----------------------------------------------------------------------------


def test_index_of_the_fixtures_names_every_file_and_where_it_is_from():
    said = tomllib.loads((FIXTURES / "index.toml").read_text("utf-8"))["file"]
    assert sorted(entry["name"] for entry in said) == DUMPS
    assert {entry["status"] for entry in said} == {"written by hand from SPEC"}


@pytest.mark.parametrize("name", DUMPS)
def test_dump_is_recognised_as_this_source(name: str):
    assert source_of((FIXTURES / name).read_bytes()[:65_536]) is SOURCE


@pytest.mark.parametrize("name", DUMPS)
def test_dump_reads_the_same_dense_and_with_a_byte_order_mark(name: str):
    dense = json.dumps(json.loads((FIXTURES / name).read_bytes()), separators=(",", ":")).encode()
    plain = [page.records for page in fixture(name)]
    assert [page.records for page in pages(b"\xef\xbb\xbf" + dense)] == plain


@pytest.mark.parametrize("name", DUMPS)
def test_every_record_says_where_it_is_from_and_under_which_terms(name: str):
    records = [record for page in fixture(name) for record in page.records]
    assert {(r.source, r.retrieved_at, r.licence) for r in records} == {
        ("pwc_archive", "2025-07-28", "CC-BY-SA-4.0")
    }
    assert all(record.source_url for record in records)


# -- evaluation tables -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables() -> list[Page]:
    return fixture("evaluation-tables.json")


def test_tables_are_read_without_a_skip(tables: list[Page]):
    assert reasons(tables) == []
    assert tables[-1].broken is None


def test_tree_of_tasks_is_kept_with_every_place_of_a_task(tables: list[Page]):
    assert [(n.path, n.parent, n.task) for n in of(TaskNodeRecord, tables)] == [
        ("image-classification", None, "task:image-classification"),
        (
            "image-classification/handwritten-digit-recognition",
            "image-classification",
            "task:handwritten-digit-recognition",
        ),
        ("document-analysis", None, "task:document-analysis"),
        (
            "document-analysis/handwritten-digit-recognition",
            "document-analysis",
            "task:handwritten-digit-recognition",
        ),
        ("unnamed", None, "task:unnamed"),
        ("unnamed/left-alone", "unnamed", "task:left-alone"),
    ]
    assert [node.position for node in of(TaskNodeRecord, tables)] == [0, 1, 2, 3, 4, 5]


def test_task_keeps_what_the_dump_says_of_it(tables: list[Page]):
    first = of(TaskRecord, tables)[0]
    assert (first.key, first.name, first.area, first.aliases, first.homepage) == (
        "task:image-classification", "Image Classification", "computer-vision",
        ["Object Recognition"], "https://example.org/images",
    )  # fmt: skip


def test_subtask_without_an_area_has_that_of_its_parent(tables: list[Page]):
    areas = {record.key: record.area for record in of(TaskRecord, tables)}
    assert areas["task:handwritten-digit-recognition"] == "computer-vision"


def test_repeated_subtree_is_counted_but_stored_once(tables: list[Page]):
    counted = tally(tables)
    assert (counted["task nodes"], counted["tasks"]) == (6, 5)
    assert (counted["boards"], counted["distinct boards"]) == (7, 6)
    assert (counted["rows"], counted["distinct rows"]) == (9, 8)
    digits = [r for r in of(ResultRecord, tables) if r.model_name == "LeNet-5"]
    assert len(digits) == 1


def test_two_boards_of_one_dataset_under_two_tasks_stay_two(tables: list[Page]):
    on_mnist = [b.key for b in of(BoardRecord, tables) if b.dataset == "dataset:mnist"]
    assert on_mnist == [
        "board:image-classification/mnist",
        "board:handwritten-digit-recognition/mnist",
        "board:unnamed/mnist",
    ]
    assert [d.key for d in of(DatasetRecord, tables)].count("dataset:mnist") == 1


def test_parts_of_a_dataset_are_boards_and_datasets_of_their_own(tables: list[Page]):
    parts = [
        (d.key, d.parent) for d in of(DatasetRecord, tables) if d.key.startswith("dataset:cifar")
    ]
    assert parts == [
        ("dataset:cifar-10", None),
        ("dataset:cifar-10--1-shot", "dataset:cifar-10"),
        ("dataset:cifar-10--1-shot--seed-1", "dataset:cifar-10--1-shot"),
    ]
    assert [b.name for b in of(BoardRecord, tables)][:3] == [
        "CIFAR-10", "CIFAR-10 / 1-shot", "CIFAR-10 / 1-shot / seed 1",
    ]  # fmt: skip


def test_result_keeps_the_printed_text_beside_the_value(tables: list[Page]):
    printed = [
        (r.model_name, r.metric, r.value_text, r.value, r.spread)
        for r in of(ResultRecord, tables)
        if r.board == "board:image-classification/cifar-10"
    ]
    assert printed == [
        ("ResNet-110", "Percentage correct", "93.57", 93.57, None),
        ("ResNet-110", "PARAMS", "1.7M", 1_700_000.0, None),
        ("ResNet-110 (again)", "Percentage correct", "93.39 ± 0.16", 93.39, 0.16),
        ("CNN", "Percentage correct", "88:1", None, None),
        ("CNN", "Percentage correct", "89.5", 89.5, None),
    ]


def test_namesakes_of_different_papers_stay_apart(tables: list[Page]):
    cnns = [r for r in of(ResultRecord, tables) if r.model_name == "CNN"]
    assert [r.paper for r in cnns] == ["arxiv:1401.00001", "arxiv:1401.00002"]
    assert len({r.key for r in cnns}) == len({r.row for r in cnns}) == 2


def test_paper_under_versions_and_http_or_https_is_one(tables: list[Page]):
    assert [p.key for p in of(PaperRecord, tables)].count(RESNET) == 1
    rows = {r.model_name: r.paper for r in of(ResultRecord, tables)}
    assert rows["ResNet-110"] == rows["ResNet-110 (again)"] == RESNET


def test_code_of_one_paper_named_twice_is_one_link(tables: list[Page]):
    assert [(link.paper, link.repository, link.evidence) for link in of(LinkRecord, tables)] == [
        (RESNET, "github:kaiminghe/deep-residual-networks", "pwc")
    ]


def test_row_without_a_number_stays_with_an_empty_cell(tables: list[Page]):
    (empty,) = (r for r in of(ResultRecord, tables) if r.model_name == "MCDNN")
    assert (empty.metric, empty.value_text, empty.value) == ("Percentage error", None, None)
    assert tally(tables)["rows without a number"] == 1


def test_half_a_date_is_no_date(tables: list[Page]):
    days = {r.model_name: r.published for r in of(ResultRecord, tables)}
    assert (days["Few"], days["MCDNN"], days["LeNet-5"]) == (None, None, "1998-11-01")


def test_field_without_a_column_is_kept(tables: list[Page]):
    kept = [r.extra for r in of(ResultRecord, tables) if r.extra]
    assert kept == [{"uses_additional_data": True}]


def test_task_without_a_name_keeps_its_boards_and_its_subtree(tables: list[Page]):
    assert "task:left-alone" in {record.key for record in of(TaskRecord, tables)}
    (nobody,) = (r for r in of(ResultRecord, tables) if r.board == "board:unnamed/mnist")
    assert (nobody.value, nobody.unit, nobody.paper) == (50.0, "percent", None)


def test_keys_of_results_are_all_different(tables: list[Page]):
    keys = [r.key for r in of(ResultRecord, tables)]
    assert len(set(keys)) == len(keys)


def test_same_dump_gives_the_same_keys_again(tables: list[Page]):
    again = fixture("evaluation-tables.json")
    assert [r.identity() for p in again for r in p.records] == [
        r.identity() for p in tables for r in p.records
    ]


def test_tasks_nested_fifty_deep_are_all_kept():
    nested = task("T50", board("D", row("M", {"Accuracy": "1"})))
    for depth in range(49, 0, -1):
        nested = task(f"T{depth}", subtasks=[nested])
    found = pages([nested])
    assert reasons(found) == []
    assert tally(found)["task nodes"] == 50
    assert of(TaskNodeRecord, found)[-1].path == "/".join(f"t{n}" for n in range(1, 51))
    assert [b.key for b in of(BoardRecord, found)] == ["board:t50/d"]


def test_datasets_nested_fifty_deep_are_all_kept():
    nested = board("D50", row("M", {"Accuracy": "1"}))
    for depth in range(49, 0, -1):
        nested = board(f"D{depth}", row("M", {"Accuracy": "1"}), subdatasets=[nested])
    found = pages([task("T", nested)])
    assert reasons(found) == []
    assert len(of(BoardRecord, found)) == len(of(ResultRecord, found)) == 50
    assert of(BoardRecord, found)[-1].key == "board:t/" + "/".join(f"d{n}" for n in range(1, 51))


def test_boards_whose_names_differ_by_a_blank_stay_two():
    found = pages([task("T", board("FB15k", row("A", {"Accuracy": "1"})), board(" FB15k"))])
    assert [b.key for b in of(BoardRecord, found)] == ["board:t/fb15k", "board:t/fb15k~2"]


def test_same_row_printed_twice_stays_two_rows():
    found = pages([task("T", board("D", row("M", {"Accuracy": "1"}), row("M", {"Accuracy": "2"})))])
    assert len({r.row for r in of(ResultRecord, found)}) == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (5, "row: not an object"),
        ({}, "row: no metrics"),
        (row("M", {}) | {"metrics": ["x"]}, "row: no metrics"),
        (row("M", {"Accuracy": "1"}, paper_title=5), "paper_title: not a text"),
        (row("M", {"Accuracy": "1"}, code_links="x"), "code_links: not a list"),
        (row("x" * 5_000, {"Accuracy": "1"}), "model_name: longer than 4000 characters"),
    ],
)
def test_bad_row_is_counted_and_its_siblings_stay(bad: Any, reason: str):
    found = pages(
        [task("T", board("D", row("A", {"Accuracy": "1"}), bad, row("B", {"Accuracy": "2"})))]
    )
    assert [r.model_name for r in of(ResultRecord, found)] == ["A", "B"]
    assert reasons(found) == [reason]


def test_metric_without_a_name_loses_no_other_metric_of_its_row():
    found = pages([task("T", board("D", row("M", {"A": "1", " ": "2", "B": "3"})))])
    assert [r.metric for r in of(ResultRecord, found)] == ["A", "B"]
    assert len(reasons(found)) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"synonyms": "x"}, {"categories": 5}, {"description": 5}, {"source_link": {"url": 5}}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_task_with_one_bad_field_keeps_its_boards_and_its_subtree(wrong: dict[str, Any]):
    bad = task("T", board("D", row("M", {"Accuracy": "1"})), subtasks=[task("Sub")], **wrong)
    found = pages([bad, task("Next")])
    assert len(of(ResultRecord, found)) == 1
    assert {"task:sub", "task:next"} <= {record.key for record in of(TaskRecord, found)}
    assert len(reasons(found)) == 1


def test_dataset_with_one_bad_field_keeps_its_parts():
    bad = board("D", row("A", {"Accuracy": "1"}), sota="none", subdatasets=[board("Part")])
    found = pages([task("T", bad, board("E", row("B", {"Accuracy": "1"})))])
    assert [b.name for b in of(BoardRecord, found)] == ["D / Part", "E"]
    assert reasons(found) == ["sota: not an object"]


def test_dataset_with_a_bad_description_keeps_its_rows():
    found = pages([task("T", board("D", row("A", {"Accuracy": "1"}), description=5))])
    assert [r.model_name for r in of(ResultRecord, found)] == ["A"]


@pytest.mark.parametrize("depth", [100, 400, 900])
@pytest.mark.parametrize("place", ["task", "row", "cell"])
def test_field_nested_deep_stops_nothing(place: str, depth: int):
    nest: Any = "NEST"
    bad = {
        "task": task("Bad", unknown=nest),
        "row": task("Bad", board("D", row("M", {"Accuracy": "1"}, unknown=nest))),
        "cell": task("Bad", board("D", row("M", {"Accuracy": nest}))),
    }[place]
    text = json.dumps([bad, task("Next")]).replace('"NEST"', "[" * depth + "1" + "]" * depth)
    found = pages(text.encode())
    assert "task:next" in {record.key for record in of(TaskRecord, found)} or found[-1].broken


# -- links -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def links() -> list[Page]:
    return fixture("links-between-papers-and-code.json")


def test_link_says_its_evidence_whether_flags_are_truth_values_or_texts(links: list[Page]):
    assert [(x.paper, x.repository, x.evidence, x.official) for x in of(LinkRecord, links)] == [
        (RESNET, "github:kaiminghe/deep-residual-networks", "pwc-official", True),
        (RESNET, "github:pytorch/vision", "pwc-mentioned", False),
        (RESNET, "github:somebody/resnet", "pwc", False),
        ("pwc:a-paper-apart", "git:git.example.org/owner/apart", "pwc-official", True),
    ]


def test_framework_none_is_unknown(links: list[Page]):
    assert [x.framework for x in of(LinkRecord, links)] == ["caffe", "pytorch", None, None]


def test_page_of_a_paper_is_another_key_of_it(links: list[Page]):
    assert [(a.alias, a.key) for a in of(AliasRecord, links)] == [
        ("pwc:deep-residual-learning", RESNET)
    ]


def test_link_without_a_repository_is_counted(links: list[Page]):
    assert reasons(links) == ["repo_url: missing or not a text"]
    assert tally(links) == {"links": 4}


def test_repository_is_named_as_its_forge_spells_it(links: list[Page]):
    names = {r.key: (r.name, r.url) for r in of(RepositoryRecord, links)}
    assert names["github:kaiminghe/deep-residual-networks"] == (
        "KaimingHe/deep-residual-networks",
        "https://github.com/kaiminghe/deep-residual-networks",
    )
    assert names["git:git.example.org/owner/apart"][1] == "https://git.example.org/owner/apart"


# -- papers, methods, datasets -----------------------------------------------------------------


def test_paper_of_the_dump_has_abstract_tasks_and_methods():
    found = fixture("papers-with-abstracts.json")
    first, second = of(PaperRecord, found)
    assert (first.key, first.abstract) == (RESNET, "Deeper networks are harder to train.")
    assert (first.tasks, first.methods) == (
        ["task:image-classification"],
        ["method:residual-block"],
    )
    assert (first.venue, first.published) == ("CVPR 2016 6", "2015-12-10")
    assert (second.key, second.abstract, second.venue) == ("acl:p19-1001", None, "acl-2019")


def test_both_pages_of_one_paper_are_aliases_of_it():
    found = fixture("papers-with-abstracts.json")
    assert [(a.alias, a.key) for a in of(AliasRecord, found)] == [
        ("pwc:deep-residual-learning", RESNET),
        ("pwc:at-acl", "acl:p19-1001"),
        ("pwc:deep-residual-learning-2", RESNET),
    ]
    assert reasons(found) == ["repeated paper"]


def test_paper_whose_first_entry_is_unreadable_is_kept_from_its_second():
    first, _, second = json.loads((FIXTURES / "papers-with-abstracts.json").read_bytes())
    found = pages([first | {"authors": [5]}, second])
    assert [p.key for p in of(PaperRecord, found)] == [RESNET]


def test_method_of_the_year_2000_is_of_an_unknown_year():
    autoencoder, dropout = of(MethodRecord, fixture("methods.json"))
    assert (autoencoder.key, autoencoder.year) == ("method:autoencoder", None)
    assert (dropout.key, dropout.year) == ("method:dropout", 2012)


def test_method_keeps_its_paper_area_and_count():
    autoencoder, dropout = of(MethodRecord, fixture("methods.json"))
    assert autoencoder.paper == "pwc:reducing-the-dimensionality-of-data-with"
    assert dropout.paper == "arxiv:1207.0580"
    assert (autoencoder.area, autoencoder.collections) == ("computer-vision", ["Generative Models"])
    assert (autoencoder.papers, dropout.papers) == (2602, 0)


def test_dataset_keeps_year_variants_and_parent():
    mnist, moving = of(DatasetRecord, fixture("datasets.json"))
    assert (mnist.key, mnist.year, mnist.aliases) == (
        "dataset:mnist", 1998, ["75 Superpixel MNIST"],
    )  # fmt: skip
    assert (mnist.modalities, mnist.tasks) == (["images"], ["task:image-classification"])
    assert mnist.extra["num_papers"] == 6980
    assert (moving.parent, moving.languages, moving.homepage) == (
        "dataset:mnist",
        ["English"],
        None,
    )


# -- broken dumps ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DUMPS)
def test_dump_cut_anywhere_says_so_on_its_last_page(name: str):
    data = (FIXTURES / name).read_bytes().rstrip()
    for cut in range(0, len(data), 17):
        found = pages(data[:cut])
        assert found[-1].broken is not None, cut
        assert found[-1].broken.reason.startswith("damaged"), cut


@pytest.mark.parametrize("name", DUMPS)
def test_packed_dump_cut_anywhere_says_so_on_its_last_page(name: str):
    packed = gzip.compress((FIXTURES / name).read_bytes())
    for cut in range(1, len(packed), 7):
        with gzip.GzipFile(fileobj=io.BytesIO(packed[:cut])) as stream:
            found = list(read(stream, ORIGIN))  # type: ignore[arg-type]
        assert found[-1].broken is not None, cut


def test_file_that_is_no_gzip_after_its_first_bytes_never_raises():
    noise = b"\x1f\x8b\x08" + random.Random(1).randbytes(500)
    with gzip.GzipFile(fileobj=io.BytesIO(noise)) as stream:
        found = list(read(stream, ORIGIN))  # type: ignore[arg-type]
    assert found[-1].broken is not None


WRONG: list[Any] = [
    None, True, 0, -1, 2.5, 1e308, 10**17, "", " ", "x", "-", "\x1b]0;x\x07", "\u202e", "\ud800",
    "x" * 5_000, "2020-02-30", "2020-99-99", "https://[::1", "https://x.org/%0a", "true", [], [None],
    [5], ["x"], [[]], [{}], [{"url": 5}], [[["x"]]], {}, {"a": 1}, {"url": 5}, {"": ""},
    {"task": "T"}, {"rows": 5}, {"metrics": {"": [[]]}}, [{"dataset": "D"}], [{"task": "S"}],
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, name or index) of everything inside a value."""
    stack = [value]
    while stack:
        here = stack.pop()
        inside = here.items() if isinstance(here, dict) else enumerate(here)
        for name, inner in inside:
            yield here, name
            if isinstance(inner, dict | list):
                stack.append(inner)


def mutated(element: Any, choose: random.Random) -> Any:
    changed = deepcopy(element)
    for _ in range(choose.randint(1, 3)):
        container, name = choose.choice(list(places(changed)) or [({"": 0}, "")])
        if choose.random() < 0.25:
            del container[name]
        else:
            container[name] = deepcopy(choose.choice(WRONG))
    return changed


SIBLING = {
    "evaluation-tables.json": lambda n: task(f"Sibling {n}"),
    "links-between-papers-and-code.json": lambda n: {
        "paper_title": "S", "paper_arxiv_id": f"2201.{n:05}", "repo_url": f"https://github.com/s/{n}",
    },
    "papers-with-abstracts.json": lambda n: {"arxiv_id": f"2201.{n:05}", "title": f"Sibling {n}"},
    "methods.json": lambda n: {"name": f"Sibling {n}"},
    "datasets.json": lambda n: {"name": f"Sibling {n}"},
}  # fmt: skip

MARK = {
    "evaluation-tables.json": (TaskRecord, "key", "task:sibling-{}"),
    "links-between-papers-and-code.json": (LinkRecord, "repository", "github:s/{}"),
    "papers-with-abstracts.json": (PaperRecord, "key", "arxiv:2201.{:05}"),
    "methods.json": (MethodRecord, "key", "method:sibling-{}"),
    "datasets.json": (DatasetRecord, "key", "dataset:sibling-{}"),
}


@pytest.mark.parametrize("name", DUMPS)
def test_ten_thousand_mutated_elements_stop_nothing_and_their_siblings_stay(name: str):
    choose = random.Random(20_261_123)
    elements = json.loads((FIXTURES / name).read_bytes())
    if name == "evaluation-tables.json":
        small = task("T", board("D", row("M", {"Accuracy": "1"}), description="x"),
                     subtasks=[task("Sub")], source_link={"url": "https://x.org"})  # fmt: skip
        elements = [small, small, small, *elements[1:]]
    dump = list(elements[:1])
    for number in range(2_000):
        dump.append(mutated(choose.choice(elements), choose))
        if number % 10 == 0:
            dump.append(SIBLING[name](number))
    found = pages(dump)
    cls, field, mark = MARK[name]
    met = {getattr(record, field) for record in of(cls, found)}
    assert {mark.format(n) for n in range(0, 2_000, 10)} - met == set()
    assert found[-1].broken is None
    assert all(reasons(found))
    assert len(reasons(found)) > 100


@pytest.mark.parametrize("name", DUMPS)
def test_dump_with_flipped_bytes_never_raises(name: str):
    choose = random.Random(7)
    data = (FIXTURES / name).read_bytes()
    for _ in range(200):
        flipped = bytearray(data)
        for _ in range(choose.randint(1, 5)):
            flipped[choose.randrange(len(data))] = choose.randrange(256)
        assert pages(bytes(flipped))


# -- the real dumps ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_tables(real_data: Path) -> list[Page]:
    opened = open_file(real_data / "pwc" / "evaluation-tables.2020-08-28.json.gz")
    gc.disable()  # 61,000 records are held at once, as no reader of pages does
    try:
        return list(read(opened.stream, Origin("evaluation-tables", "2020-08-28")))
    finally:
        gc.enable()
        opened.close()


def test_real_tables_are_counted_whole(real_tables: list[Page]):
    counted = tally(real_tables)
    assert (counted["task nodes"], counted["boards"], counted["rows"]) == (2_017, 4_531, 28_183)
    assert reasons(real_tables) == []
    assert real_tables[-1].broken is None


def test_real_records_are_as_many_as_were_counted(real_tables: list[Page]):
    counted = tally(real_tables)
    assert len(of(TaskNodeRecord, real_tables)) == counted["task nodes"]
    assert len(of(TaskRecord, real_tables)) == counted["tasks"]
    assert len(of(BoardRecord, real_tables)) == counted["distinct boards"]
    assert len(of(ResultRecord, real_tables)) == counted["values"]
    assert len({r.row for r in of(ResultRecord, real_tables)}) == counted["distinct rows"]


def test_real_keys_are_all_different(real_tables: list[Page]):
    for cls in (TaskNodeRecord, TaskRecord, BoardRecord, ResultRecord, PaperRecord, DatasetRecord):
        keys = [record.identity() for record in of(cls, real_tables)]
        assert len(set(keys)) == len(keys), cls


def test_real_methods_are_all_read_and_their_default_year_is_unknown(real_data: Path):
    opened = open_file(real_data / "pwc" / "methods.2022-05-20.json.gz")
    try:
        found = list(read(opened.stream, Origin("methods", "2022-05-20")))
    finally:
        opened.close()
    assert tally(found)["methods"] == len(of(MethodRecord, found)) == 1_924
    assert 2000 not in {record.year for record in of(MethodRecord, found)}
    assert sum(record.year is not None for record in of(MethodRecord, found)) == 58
