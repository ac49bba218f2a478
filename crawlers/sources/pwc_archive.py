"""The five dumps of Papers with Code: papers, links to code, evaluation tables, methods, datasets.

Each is one JSON array. Tasks nest in tasks and datasets in datasets to any depth; a task that
stands under several parents is repeated whole at each place (the 2020 dump has 2,017 nodes for
1,553 names). Schema: paperswithcode/sota-extractor, sota_extractor/taskdb/v01/schemas.py
"""

import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, BinaryIO, Final, TypeVar, cast

from pydantic import ValidationError

from crawlers.files import elements, names_in
from crawlers.keys import Key, kind_of, paper_key, parse_key, slug
from crawlers.knowledge import metric
from crawlers.operators import HUGGINGFACE
from crawlers.records import (
    CONFIDENCE,
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
    reason,
)
from crawlers.source import Base, Origin, Page, Published, Skip, Source
from crawlers.values import parse_value

LICENCE: Final = "CC-BY-SA-4.0"
"""paperswithcode-data, README; pwc-archive/files, card."""

HOME: Final = "https://github.com/paperswithcode/paperswithcode-data"

PAGE: Final = 2_000
"""Records of one page."""

UNNAMED: Final = "(unnamed)"
NO_METRIC: Final = "(no metric)"

_SHAPES: Final = {
    "evaluation-tables": {"task", "subtasks", "datasets", "categories", "synonyms", "sota", "rows"},
    "links": {"paper_url", "repo_url", "paper_title", "is_official", "framework", "paper_arxiv_id"},
    "papers": {
        "paper_url",
        "title",
        "abstract",
        "url_abs",
        "url_pdf",
        "authors",
        "tasks",
        "methods",
    },
    "methods": {
        "name",
        "full_name",
        "introduced_year",
        "code_snippet_url",
        "collections",
        "source_title",
    },
    "datasets": {"name", "homepage", "variants", "parent_dataset", "modalities", "data_loaders"},
}
"""Member names by which each dump is known."""


T = TypeVar("T")


class Bad(ValueError):
    """An element, a board or a row that cannot become a record."""


def recognise(start: bytes) -> float:
    if start.lstrip()[:1] != b"[":
        return 0.0
    return max(_likeness(start).values())


def _likeness(start: bytes) -> dict[str, float]:
    names = names_in(start)
    return {dump: len(names & shape) / len(shape) for dump, shape in _SHAPES.items()}


def read(stream: BinaryIO, origin: Origin) -> Iterator[Page]:
    """Pages of one dump; which of the five it is shows in its first element."""
    buffered = io.BufferedReader(cast(io.RawIOBase, stream), 1 << 16)
    try:
        likeness = _likeness(buffered.peek())
    except (EOFError, OSError, zlib.error) as error:
        yield Page(broken=Skip("start", f"damaged: cannot be decompressed ({error})"))
        return
    reader = _READERS[max(likeness, key=lambda dump: likeness[dump])]
    collected = Collected(origin.day)
    broken: Skip | None = None
    for number, value in elements(cast(BinaryIO, buffered)):
        if isinstance(value, Skip):
            if value.reason.startswith("damaged"):
                broken = value
            else:
                collected.skipped.append(value)
            continue
        collected.where = f"element {number}"
        collected.attempt(reader, value)
        if len(collected.records) >= PAGE:
            yield collected.page()
    yield collected.page(broken)


@dataclass
class Collected:
    """Records of the page in hand, and what of the whole dump was seen already."""

    day: str
    where: str = ""
    records: list[Record] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    position: int = 0

    def page(self, broken: Skip | None = None) -> Page:
        page = Page(tuple(self.records), tuple(self.skipped), tuple(self.tally.items()), broken)
        self.records, self.skipped, self.tally = [], [], {}
        return page

    def add(self, cls: type[Record], source_url: str | None = HOME, **fields: Any) -> None:
        # What is not said is not handed over: validating None costs as much as validating a text.
        known = {name: value for name, value in fields.items() if value is not None}
        if source_url is not None:
            known["source_url"] = source_url
        known |= {"source": "pwc_archive", "retrieved_at": self.day, "licence": LICENCE}
        self.records.append(cls.model_validate(known))

    def attempt(self, reader: Callable[..., T], *values: Any) -> T | None:
        """What the reader says of one thing; None when it cannot be read, which is counted. What
        it added before it failed stays."""
        try:
            return reader(self, *values)
        except ValidationError as error:
            self.skip(reason(error))
        except Bad as error:
            self.skip(str(error))
        return None

    def skip(self, why: str) -> None:
        self.skipped.append(Skip(self.where, why))

    def count(self, name: str, number: int = 1) -> None:
        self.tally[name] = self.tally.get(name, 0) + number

    def first(self, mark: str) -> bool:
        """True the first time a mark is met in this dump."""
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True

    def unused(self, name: str) -> str:
        """The name, or `name~2`, `name~3` when this dump used it before."""
        free, ordinal = name, 1
        while not self.first(f"used {free}"):
            ordinal += 1
            free = f"{name}~{ordinal}"
        return free


# -- evaluation tables -----------------------------------------------------------------------


def _evaluation(out: Collected, top: dict[str, Any]) -> None:
    """A task with all its subtasks, depth by a stack of our own: the dump may nest at will."""
    stack: list[tuple[Any, str | None, str | None]] = [(top, None, None)]
    while stack:
        stack += out.attempt(_task_and_boards, *stack.pop()) or []


def _task_and_boards(
    out: Collected, task: Any, parent: str | None, area: str | None
) -> list[tuple[Any, str | None, str | None]]:
    """Reads one task without its subtasks, which come back with their place, last one first."""
    path, own_area = _task(out, task, parent, area)
    out.attempt(_boards, task)
    return [(sub, path, own_area) for sub in reversed(_list_of(task, "subtasks"))]


def _task(
    out: Collected, task: Any, parent: str | None, area: str | None
) -> tuple[str, str | None]:
    """The node's path and area. Whatever is wrong with a task, its place in the tree stays."""
    name = _task_name(task)
    key = f"task:{slug(name)}"
    areas = out.attempt(_areas, task) or []
    area = areas[0] if areas else area
    out.count("task nodes")
    path = out.unused(f"{parent}/{slug(name)}" if parent else slug(name))
    if out.first(key):
        out.count("tasks")
        known: dict[str, Any] = {"key": key, "role": "task", "name": name, "area": area}
        known["areas"] = areas or ([area] if area else [])
        if not out.attempt(_task_record, task, known):
            out.add(TaskRecord, **known)
    out.add(TaskNodeRecord, path=path, task=key, parent=parent, position=out.position)
    out.position += 1
    return path, area


def _areas(out: Collected, task: Any) -> list[str]:
    return [slug(one) for one in _list_of(task, "categories") if isinstance(one, str)]


def _task_record(out: Collected, task: Any, known: dict[str, Any]) -> bool:
    link = task.get("source_link")
    out.add(
        TaskRecord,
        **known,
        aliases=[one for one in _list_of(task, "synonyms") if isinstance(one, str)],
        description=task.get("description") or None,
        homepage=link.get("url") if isinstance(link, dict) else None,
        extra=_rest(task, "task description categories synonyms source_link subtasks datasets"),
    )
    return True


def _boards(out: Collected, task: Any) -> None:
    """Every dataset of a task, with its parts, each a board of its own."""
    name = _task_name(task)
    repeated = not out.first(f"boards {name}") and name != UNNAMED
    above: tuple[str, ...] = ()
    stack: list[tuple[Any, tuple[str, ...]]] = [
        (dataset, above) for dataset in reversed(_list_of(task, "datasets"))
    ]
    while stack:
        stack += out.attempt(_board_and_parts, *stack.pop(), name, repeated) or []


def _board_and_parts(
    out: Collected, dataset: Any, above: tuple[str, ...], task_name: str, repeated: bool
) -> list[tuple[Any, tuple[str, ...]]]:
    """Reads one dataset's board; its parts come back with their place, last one first."""
    if not isinstance(dataset, dict):
        raise Bad("dataset: not an object")
    path = (*above, _name_of(dataset, "subdataset" if "subdataset" in dataset else "dataset"))
    out.attempt(_board, dataset, path, task_name, repeated)
    return [(part, path) for part in reversed(_list_of(dataset, "subdatasets"))]


def _board(
    out: Collected, dataset: dict[str, Any], path: tuple[str, ...], task_name: str, repeated: bool
) -> None:
    dataset_key = _dataset_key(path)
    parent = _dataset_key(path[:-1]) if len(path) > 1 else None
    sota = dataset.get("sota")
    if out.first(dataset_key):
        known = {"key": dataset_key, "name": path[-1], "parent": parent}
        known["full_name"] = " / ".join(path) if parent else None
        if not out.attempt(_dataset_of_board, dataset, known):
            out.add(DatasetRecord, **known)
    if not isinstance(sota, dict):
        if sota is not None:
            raise Bad("sota: not an object")
        return
    out.count("boards")
    rows = _list_of(sota, "rows")
    if repeated:
        # The same task at another place of the tree repeats its boards word for word.
        out.count("rows", len(rows))
        return
    # ` FB15k` and `FB15k` are two boards of one task in the 2020 dump: both stay.
    board = out.unused(f"board:{slug(task_name)}/{'/'.join(map(slug, path))}")
    out.count("distinct boards")
    metrics = [name for name in _list_of(sota, "metrics") if isinstance(name, str)]
    out.add(
        BoardRecord,
        key=board,
        task=f"task:{slug(task_name)}",
        dataset=dataset_key,
        name=" / ".join(path),
        metrics=metrics,
        extra=_rest(sota, "metrics rows"),
    )
    where, seen = out.where, dict[str, int]()
    main = metrics[0] if metrics else None
    out.count("rows", len(rows))
    out.count("distinct rows", len(rows))
    for position, row in enumerate(rows):
        out.where = f"{where}, board {task_name} / {' / '.join(path)}, row {position + 1}"
        out.attempt(_row, row, board, f"task:{slug(task_name)}", dataset_key, position, main, seen)
    out.where = where


def _dataset_of_board(out: Collected, dataset: dict[str, Any], known: dict[str, Any]) -> bool:
    out.add(
        DatasetRecord,
        **known,
        description=dataset.get("description") or None,
        homepage=_first_url(dataset.get("dataset_links")),
        extra=_rest(dataset, "dataset subdataset description dataset_links subdatasets sota"),
    )
    return True


def _row(
    out: Collected,
    row: Any,
    board: Key,
    task: Key,
    dataset: Key,
    position: int,
    main: str | None,
    seen: dict[str, int],
) -> None:
    if not isinstance(row, dict):
        raise Bad("row: not an object")
    cells = row.get("metrics")
    if not isinstance(cells, dict):
        raise Bad("row: no metrics")
    if not cells:
        # A model on the board without a number: the row stays, its cell is empty.
        out.count("rows without a number")
        cells = {main or NO_METRIC: None}
    title, url = _text(row, "paper_title"), _text(row, "paper_url")
    paper = paper_key(url, title)
    published = _day(row.get("paper_date"))
    model = _text(row, "model_name")
    links = [link for link in _list_of(row, "code_links") if isinstance(link, dict)]
    same = f"{board}\n{model}\n{paper}"
    seen[same] = seen.get(same, 0) + 1
    row_id = blake2b(f"{same}\n{seen[same]}".encode("utf-8", "replace"), digest_size=8).hexdigest()
    extra = _rest(row, "metrics paper_title paper_url paper_date model_name code_links")
    if paper is None:
        extra |= {"code_links": links} if links else {}
    else:
        _paper_of_row(out, paper, title or url or paper, published, url)
        for link in links:
            _code(out, paper, link.get("url"), "pwc", None, None)
    common = {
        "board": board,
        "row": row_id,
        "position": position,
        "task": task,
        "dataset": dataset,
        "model_name": model,
        "paper": paper,
        "paper_title": title,
        "paper_url": url,
        "published": published,
        "extra": extra,
    }
    for name, printed in cells.items():
        out.attempt(_cell, name, printed, common)


def _cell(out: Collected, name: str, printed: Any, common: dict[str, Any]) -> None:
    known = metric(name)
    value = parse_value(printed, known.unit)
    out.add(
        ResultRecord,
        **common,
        key=f"{common['row']}/{blake2b(name.encode('utf-8', 'replace'), digest_size=4).hexdigest()}",
        metric=name,
        direction=known.direction,
        unit=value.unit or known.unit,
        value_text=value.text,
        value=value.value,
        spread=value.spread,
    )
    out.count("values")
    out.count("parsed values" if value.value is not None else "values kept as text")


def _paper_of_row(
    out: Collected, paper: Key, title: str, published: str | None, url: str | None
) -> None:
    if out.first(paper):
        out.add(
            PaperRecord,
            key=paper,
            title=title,
            published=published,
            url=None if paper.startswith("arxiv:") else url,
        )


def _code(
    out: Collected, paper: Key, address: Any, evidence: str, official: bool | None, framework: Any
) -> None:
    """The repository at an address, and its link to the paper, each once per dump."""
    if not isinstance(address, str) or not address.strip():
        return
    # A paper repeats its links in each row of each board: ten times in eleven there is nothing to read.
    if not out.first(f"{paper} {address} {evidence}"):
        return
    repository = _repository_at(address)
    if repository is None or not out.first(f"{paper} {repository} {evidence}"):
        return
    parts = [part for part in re.sub(r"^\w+://", "", address.strip()).split("/") if part]
    if out.first(repository):
        name = "/".join(parts[1:3]).removesuffix(".git") or repository.partition(":")[2]
        out.add(
            RepositoryRecord, key=repository, name=name, url=_repository_url(repository, address)
        )
    out.add(
        LinkRecord,
        paper=paper,
        repository=repository,
        evidence=evidence,
        url=address,
        official=official,
        confidence=CONFIDENCE[evidence],
        framework=framework if isinstance(framework, str) and framework != "none" else None,
    )


@lru_cache(maxsize=1 << 14)
def _repository_at(address: str) -> Key | None:
    key = parse_key(address)
    if key is None or kind_of(key) == "repository":
        return key
    return "git:" + key.removeprefix("url:")


def _repository_url(repository: Key, address: str) -> str:
    hosts = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
    prefix, _, path = repository.partition(":")
    return f"https://{hosts[prefix]}/{path}" if prefix in hosts else address


# -- links between papers and code -----------------------------------------------------------


def _link(out: Collected, said: dict[str, Any]) -> None:
    paper, title = _paper(out, said, "paper_arxiv_id", "paper_url_abs", "paper_title")
    if not isinstance(said.get("repo_url"), str):
        raise Bad("repo_url: missing or not a text")
    if title and out.first(paper):
        out.add(PaperRecord, key=paper, title=title, source_url=_text(said, "paper_url") or HOME)
    official = _truth(said.get("is_official"))
    mentioned = _truth(said.get("mentioned_in_paper")) or _truth(said.get("mentioned_in_github"))
    evidence = "pwc-official" if official else "pwc-mentioned" if mentioned else "pwc"
    _code(out, paper, said["repo_url"], evidence, official, said.get("framework"))
    out.count("links")


def _paper(
    out: Collected, said: dict[str, Any], arxiv: str, address: str, title: str
) -> tuple[Key, str | None]:
    """The paper's key, and an alias from its page on Papers with Code."""
    page = _text(said, "paper_url")
    named = _text(said, title)
    key = paper_key(_text(said, arxiv), None) or paper_key(_text(said, address), None)
    key = key or paper_key(page, named)
    if key is None:
        raise Bad("no paper: neither id nor address nor title")
    alias = paper_key(page, None)
    if alias and alias != key and out.first(alias):
        out.add(AliasRecord, alias=alias, key=key, source_url=page)
    return key, named


# -- papers with abstracts -------------------------------------------------------------------


def _paper_with_abstract(out: Collected, said: dict[str, Any]) -> None:
    key, title = _paper(out, said, "arxiv_id", "url_abs", "title")
    if key in out.seen:
        out.skip("repeated paper")
        return
    tasks = [task for task in _list_of(said, "tasks") if isinstance(task, str)]
    for task in tasks:
        if out.first(f"task:{slug(task)}"):
            out.add(TaskRecord, key=f"task:{slug(task)}", role="task", name=task)
    methods = [
        m["name"] for m in _list_of(said, "methods") if isinstance(m, dict) and m.get("name")
    ]
    out.add(
        PaperRecord,
        key=key,
        title=title,
        abstract=said.get("abstract") or None,
        authors=_list_of(said, "authors"),
        published=_day(said.get("date")),
        tasks=[f"task:{slug(task)}" for task in tasks],
        methods=[f"method:{slug(str(name))}" for name in methods],
        venue=_text(said, "proceeding") or _text(said, "conference"),
        url=None if key.startswith("arxiv:") else _text(said, "url_abs"),
        extra=_rest(
            said, "arxiv_id title abstract authors date tasks methods paper_url url_abs proceeding"
        ),
        source_url=_text(said, "paper_url") or HOME,
    )
    out.first(key)
    out.count("papers")


# -- methods and datasets --------------------------------------------------------------------


def _method(out: Collected, said: dict[str, Any]) -> None:
    name = _name_of(said, "name")
    page = _text(said, "url")
    key = parse_key(page) if page else None
    if key is None or kind_of(key) != "method":
        key = f"method:{slug(name)}"
    if key in out.seen:
        out.skip("repeated method")
        return
    collections = [c for c in _list_of(said, "collections") if isinstance(c, dict)]
    paper = said.get("paper")
    year = said.get("introduced_year")
    # 2000 is what the site filled in where nobody knew the year (1,866 of 1,924 in 2022).
    known = isinstance(year, int) and not isinstance(year, bool) and year != 2000
    areas = [area for c in collections if isinstance(area := c.get("area_id"), str)]
    out.add(
        MethodRecord,
        key=key,
        name=name,
        full_name=_text(said, "full_name"),
        description=said.get("description") or None,
        paper=paper_key(_text(paper, "url"), _text(paper, "title"))
        if isinstance(paper, dict)
        else None,
        year=year if known else None,
        homepage=_text(said, "source_url"),
        area=areas[0] if areas else None,
        collections=[c["collection"] for c in collections if isinstance(c.get("collection"), str)],
        papers=said.get("num_papers"),
        source_title=_text(said, "source_title"),
        code_url=_text(said, "code_snippet_url"),
        extra=_rest(
            said,
            "url name full_name description source_url collections num_papers source_title "
            "code_snippet_url",
        ),
        source_url=page or HOME,
    )
    out.first(key)
    out.count("methods")


def _dataset(out: Collected, said: dict[str, Any]) -> None:
    name = _name_of(said, "name")
    page = _text(said, "url")
    key = parse_key(page) if page else None
    if key is None or kind_of(key) != "dataset":
        key = f"dataset:{slug(name)}"
    if key in out.seen:
        out.skip("repeated dataset")
        return
    tasks = [
        t for t in _list_of(said, "tasks") if isinstance(t, dict) and isinstance(t.get("task"), str)
    ]
    paper = said.get("paper")
    introduced = _day(said.get("introduced_date"))
    parent = _text(said, "parent_dataset")
    out.add(
        DatasetRecord,
        key=key,
        name=name,
        full_name=_text(said, "full_name"),
        aliases=[v for v in _list_of(said, "variants") if isinstance(v, str) and v != name],
        description=said.get("description") or said.get("short_description") or None,
        homepage=_text(said, "homepage"),
        paper=paper_key(_text(paper, "url"), _text(paper, "title"))
        if isinstance(paper, dict)
        else None,
        year=int(introduced[:4]) if introduced else None,
        parent=f"dataset:{slug(parent)}" if parent else None,
        tasks=[f"task:{slug(t['task'])}" for t in tasks],
        modalities=[m.lower() for m in _list_of(said, "modalities") if isinstance(m, str)],
        languages=[m for m in _list_of(said, "languages") if isinstance(m, str)],
        extra=_rest(
            said,
            "url name full_name description homepage parent_dataset modalities languages variants",
        ),
        source_url=page or HOME,
    )
    out.first(key)
    out.count("datasets")


# -- reading loosely typed members -----------------------------------------------------------


def _dataset_key(path: tuple[str, ...]) -> Key:
    return "dataset:" + "--".join(map(slug, path))


def _task_name(task: Any) -> str:
    """A task without a name is still a place in the tree, with subtasks and boards of its own."""
    if not isinstance(task, dict):
        raise Bad("task: not an object")
    name = task.get("task")
    return name if isinstance(name, str) and name.strip() else UNNAMED


def _name_of(said: Any, member: str) -> str:
    if not isinstance(said, dict):
        raise Bad(f"{member}: not an object")
    name = said.get(member)
    if not isinstance(name, str) or not name.strip():
        raise Bad(f"{member}: no name")
    return name


def _text(said: Any, member: str) -> str | None:
    value = said.get(member)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Bad(f"{member}: not a text")
    return value.strip() or None


def _list_of(said: Any, member: str) -> list[Any]:
    value = said.get(member)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Bad(f"{member}: not a list")
    return value


def _day(value: Any) -> str | None:
    """The first ten characters where they are a date; the dump also has null and half dates."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", value):
        return None
    return value[:10]


def _truth(value: Any) -> bool:
    """True for true and "true": the links dump exists in both spellings."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _first_url(links: Any) -> str | None:
    first = links[0] if isinstance(links, list) and links else None
    url = first.get("url") if isinstance(first, dict) else None
    return url if isinstance(url, str) and url else None


def _rest(said: dict[str, Any], known: str) -> dict[str, Any]:
    """Members without a column of their own, unless empty."""
    names = set(known.split())
    return {
        name: value
        for name, value in said.items()
        if name not in names and value is not None and value != "" and value != [] and value != {}
    }


_READERS: Final[dict[str, Callable[[Collected, Any], None]]] = {
    "evaluation-tables": _evaluation,
    "links": _link,
    "papers": _paper_with_abstract,
    "methods": _method,
    "datasets": _dataset,
}

_STATED: Final = "https://huggingface.co/datasets/pwc-archive/files/commit/a8a8cc9"
"""The pointers of that commit state size and sha256 of each file."""

_TABLES: Final = Published(
    "jul-28-evaluation-tables.json.gz",
    21_833_195,
    "9da9cd53fabf88bd7728551aadaf3dc91c86f87621c884ff7cc4da969b0d95ee",
    "2025-07-28",
    _STATED,
)
_METHODS: Final = Published(
    "jul-28-methods.json.gz",
    5_442_057,
    "fc5a66d3274d8e39c7673563096bea94d9b52525c754ce944ff843d6f935ac7f",
    "2025-07-28",
    _STATED,
)
_DATASETS: Final = Published(
    "jul-28-datasets.json.gz",
    8_418_281,
    "6ef923aaf24ff62c6ef567518728d4c85dba1b23eecbc8e1bb5ad5d6990fe25f",
    "2025-07-28",
    _STATED,
)
_LINKS: Final = Published(
    "jul-28-links-between-papers-and-code.json.gz",
    26_261_205,
    "e7c60f2170880af3bd5a5b9469a951341435e4ccfd21d3d18393c52cfec24694",
    "2025-07-28",
    _STATED,
)
_PAPERS: Final = Published(
    "jul-29-papers-with-abstracts.json.gz",
    563_802_312,
    "6a0a820800d4487d838ce96f12383ea9ae68ffac8ddd08c525c896cf30d4a260",
    "2025-07-29",
    _STATED,
)
_RESULTS: Final = (_DATASETS, _METHODS, _TABLES)

SOURCE = Source(
    name="pwc_archive",
    title="Papers with Code archive",
    licence=LICENCE,
    home=HOME,
    recognise=recognise,
    read=read,
    operator=HUGGINGFACE,
    base=Base(
        "HUB_PWC_ARCHIVE_URL", "https://huggingface.co/datasets/pwc-archive/files/resolve/main"
    ),
    files={
        "results": _RESULTS,
        "code": (_LINKS,),
        "ml": (*_RESULTS, _LINKS),
        "full": (*_RESULTS, _LINKS, _PAPERS),
    },
)
