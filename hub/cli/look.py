"""Commands that read: search, show, list, leaderboard, and the terminal interface."""

import gc
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hub import render
from hub.cli.frame import (
    PLURALS,
    Format,
    Json,
    KeyArgument,
    Limit,
    NoPager,
    Quiet,
    command,
    home,
    interactive,
    paged,
    reading,
    settings_of,
)
from hub.cli.freshness import tell_age, tell_count
from hub.errors import UsageError
from hub.render import Column
from hub.text import age, chinese, kind_name, number, t, told

if TYPE_CHECKING:
    from hub.queries import Board, Entry, Queries


def overview() -> None:
    """What the catalog holds and how to go on, for where there is no terminal."""
    with reading() as queries:
        counts = queries.counts()
    render.heading(t("The hub: deep learning, offline"))
    shown = [f"{number(counts[kind])} {kind_name(kind, True)}" for kind in
             ("paper", "dataset", "framework", "tool", "task", "method", "result")]  # fmt: skip
    render.line(t("This catalog holds {what}.", what=", ".join(shown)))
    render.line()
    render.line(t("Try:"))
    for example in ('hub search "residual learning"', "hub show mnist", "hub leaderboard cifar-10",
                    "hub list frameworks --sort stars", "hub --help"):  # fmt: skip
        render.line(f"  {example}")


@command(examples=("hub browse",))
def browse() -> None:
    """Open the terminal interface."""
    places = home()
    if not interactive():
        raise UsageError(t("the terminal interface needs a terminal"), hint="hub search WORDS")
    # Until the first list stands there, what is made stays: collecting it costs a tenth of the start.
    gc.disable()
    from hub.tui.app import run

    asked = "HUB_LANG" in os.environ or any(word.startswith("--lang") for word in sys.argv[1:])
    run(places, "zh" if chinese() else "en", asked=asked)


@command(
    examples=(
        'hub search "residual learning"',
        "hub search 图像分类 --kind task",
        'hub search detection --author "Kaiming He" --has-code --json',
        "hub search diffusion --year 2025-2026 -q | hub export papers --format bibtex -",
    )
)
def search(
    words: Annotated[list[str], typer.Argument(help=t("What to look for, English or Chinese."))],
    kind: Annotated[
        list[str] | None, typer.Option(help=t("Only this kind; may be given twice."))
    ] = None,
    year: Annotated[
        str | None, typer.Option(help=t("A year, or a span: 2019-2021, 2020-, -2015."))
    ] = None,
    author: Annotated[list[str] | None, typer.Option(help=t("An author's name."))] = None,
    task: Annotated[list[str] | None, typer.Option(help=t("A task, by key or name."))] = None,
    category: Annotated[
        list[str] | None, typer.Option(help=t("An arXiv category: cs.LG, or cs."))
    ] = None,
    has_code: Annotated[
        bool, typer.Option("--has-code", help=t("Only papers with linked code."))
    ] = False,
    has_result: Annotated[
        bool, typer.Option("--has-result", help=t("Only papers on a leaderboard."))
    ] = False,
    limit: Limit = None,
    explain: Annotated[
        bool, typer.Option("--explain", help=t("Show which terms matched, and where."))
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
    format: Format = "table",
    no_pager: NoPager = False,
) -> None:
    """Search everything, best first."""
    from hub.queries import Query

    with reading() as queries:
        settings = settings_of(queries.paths)
        query = Query(
            text=" ".join(words),
            kinds=tuple(PLURALS.get(one, one) for one in kind or ()),
            years=_years(year),
            authors=tuple(author or ()),
            tasks=tuple(task or ()),
            categories=tuple(category or ()),
            has_code=has_code,
            has_result=has_result,
            limit=limit or settings.limit,
            explain=explain,
        )
        hits = queries.search(query)
        if hits.stale:
            render.warn(
                t("the catalog changed since the index was built; `hub index` brings it up to date")
            )
        if hits.translated:
            read_as = ", ".join(f"{said} → {meant}" for said, meant in hits.translated)
            render.tell(t("Read as: {what}", what=read_as))
        if quiet:
            return render.ids(hit.entry.key for hit in hits.hits)
        if json or format == "json":
            data = {
                "query": query,
                "found": hits.found,
                "translated": hits.translated,
                "hits": hits.hits,
            }
            return render.envelope("search", data, queries.sources(), index_stale=bool(hits.stale))
        values = [
            {
                "key": hit.entry.key,
                "name": _name(hit.entry),
                "kind": kind_name(hit.entry.kind) if render.terminal() else hit.entry.kind,
                "year": hit.entry.year,
                "facts": _facts(hit.entry),
                "score": f"{hit.score:.2f}",
                "matched": "  ".join(
                    f"{match.term}({', '.join(f'{name} {count}' for name, count in match.fields)})"
                    for match in hit.matched
                ),
            }
            for hit in hits.hits
        ]
        with paged(no_pager, len(values)):
            render.rows(_search_columns(explain), values, format)
        sources = queries.sources()
    tell_count(len(values), hits.found)
    tell_age(sources, hits.found)


def _search_columns(explain: bool) -> list[Column]:
    columns = [
        Column("key", t("key"), style=render.KEY_STYLE),
        Column("name", t("name"), share=3),
        Column("kind", t("kind")),
        Column("year", t("year"), right=True),
        Column("facts", t("facts"), style=render.FAINT),
    ]
    return (
        [*columns, Column("score", t("score")), Column("matched", t("matched"))]
        if explain
        else columns
    )


@command(
    examples=(
        "hub show arxiv:1512.03385",
        "hub show https://arxiv.org/abs/1512.03385v1",
        "hub show mnist --json",
        "hub show pytorch",
    )
)
def show(key: KeyArgument, json: Json = False, no_pager: NoPager = False) -> None:
    """Show one entry whole: its facts, their sources, and what hangs on it."""
    with reading() as queries:
        shown = queries.show(key)
        if json:
            return render.envelope("show", shown, queries.sources())
    from hub.cli.shown import print_shown

    with paged(no_pager, 60 if render.terminal() else 0):
        print_shown(shown)


@command(
    name="list",
    examples=(
        "hub list datasets --task image-classification",
        "hub list frameworks --sort stars",
        "hub list tasks --tree",
        "hub list papers --sort results -n 10 --json",
    ),
)
def list_(
    what: Annotated[str, typer.Argument(help=f"{t('One of:')} {', '.join(PLURALS)}.")],
    sort: Annotated[
        str, typer.Option(help=t("Order: name, key, year, stars, results, code, papers."))
    ] = "",
    task: Annotated[str | None, typer.Option(help=t("Only what belongs to this task."))] = None,
    year: Annotated[int | None, typer.Option(min=1600, max=2200, help=t("Only this year."))] = None,
    area: Annotated[
        str | None, typer.Option(help=t("Only this area: computer-vision, speech, ..."))
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help=t("Tasks as a tree."))] = False,
    limit: Limit = None,
    offset: Annotated[int, typer.Option(min=0, help=t("Leave out the first ones."))] = 0,
    quiet: Quiet = False,
    json: Json = False,
    format: Format = "table",
    no_pager: NoPager = False,
) -> None:
    """List entries of one kind."""
    kind = PLURALS.get(what, what)
    with reading() as queries:
        if tree:
            return _tree(queries, kind, area, limit, quiet, json, no_pager)
        found = queries.listing(
            kind,
            sort=sort or _first_order(kind),
            task=task,
            year=year,
            area=area,
            limit=limit or (50 if render.terminal() or json else 100_000),
            offset=offset,
        )
        if quiet:
            return render.ids(entry.key for entry in found.entries)
        if json or format == "json":
            return render.envelope("list", found, queries.sources())
        values = [
            {
                "key": entry.key,
                "name": _name(entry),
                "year": entry.year,
                "stars": entry.stars,
                "rows": entry.results,
                "detail": entry.detail,
                "summary": _summary(entry),
            }
            for entry in found.entries
        ]
        with paged(no_pager, len(values)):
            render.rows(_list_columns(kind), values, format)
        sources = queries.sources()
    tell_count(len(values) + offset, found.found)
    tell_age(sources, found.found)


def _first_order(kind: str) -> str:
    return {"paper": "year", "framework": "stars", "tool": "stars", "repository": "stars"}.get(
        kind, "name"
    )


def _list_columns(kind: str) -> list[Column]:
    columns = [Column("key", t("key"), style=render.KEY_STYLE), Column("name", t("name"), share=1)]
    if kind not in ("repository", "task", "topic"):
        columns.append(Column("year", t("year"), right=True))
    if kind in ("framework", "tool", "repository"):
        columns.append(Column("stars", t("stars"), right=True))
    if kind in ("paper", "dataset", "task"):
        columns.append(Column("rows", t("results"), right=True))
    if kind != "paper":
        columns.append(Column("detail", {"task": t("area"), "topic": t("area"), "method": t("area"),
                                         "repository": t("language")}.get(kind, t("licence"))))  # fmt: skip
        columns.append(Column("summary", t("summary"), share=4, style=render.FAINT))
    return columns


def _tree(
    queries: "Queries",
    kind: str,
    area: str | None,
    limit: int | None,
    quiet: bool,
    json: bool,
    no_pager: bool,
) -> None:
    if kind != "task":
        raise UsageError(t("only tasks stand in a tree"), hint="hub list tasks --tree")
    nodes = queries.tree(area=area)[: limit or None]
    if quiet:
        return render.ids(node.key for node in nodes)
    if json:
        return render.envelope("list", nodes, queries.sources())
    with paged(no_pager, len(nodes)):
        for node in nodes:
            name = node.name_zh if chinese() and node.name_zh else node.name
            counts = (
                t("{boards} boards, {rows} rows", boards=node.boards, rows=node.rows)
                if node.boards
                else ""
            )
            render.raw(
                "  " * node.depth
                + render.text_of(name)
                + (f"  ({counts})" if counts else "")
                + "\n"
            )
    return None


@command(
    examples=(
        "hub leaderboard cifar-10",
        "hub leaderboard imagenet --task image-classification -n 10",
        "hub leaderboard board:machine-translation/wmt2014-english-german --json",
    )
)
def leaderboard(
    key: KeyArgument,
    task: Annotated[
        str | None, typer.Option(help=t("Which task, where a dataset has several."))
    ] = None,
    metric: Annotated[str | None, typer.Option(help=t("Rank by this metric."))] = None,
    has_code: Annotated[
        bool, typer.Option("--has-code", help=t("Only rows with linked code."))
    ] = False,
    limit: Limit = None,
    json: Json = False,
    format: Format = "table",
    no_pager: NoPager = False,
) -> None:
    """Show the leaderboard of a dataset or task: what was published, by whom, as printed."""
    with reading() as queries:
        board = queries.leaderboard(key, task=task, metric=metric, has_code=has_code)
        if json or format == "json":
            return render.envelope("leaderboard", board, queries.sources())
        _board(board, limit or settings_of(queries.paths).limit, format, no_pager)


def _board(board: "Board", limit: int, format: str, no_pager: bool) -> None:
    rows = board.rows[:limit]
    metrics = list(dict.fromkeys(cell.metric for row in rows for cell in row.cells))[:4]
    columns = [
        Column("rank", "#", right=True),
        Column("model", t("model"), share=2),
        *(
            Column(f"metric {metric}", _metric_title(board, metric), right=True)
            for metric in metrics
        ),
        Column("year", t("year")),
        Column("paper", t("paper"), style=render.KEY_STYLE),
        Column("title", t("title"), share=4),
        Column("code", t("code")),
    ]
    values = []
    for row in rows:
        cells = {f"metric {cell.metric}": cell.text for cell in row.cells}
        values.append(
            {
                "rank": row.rank,
                "model": row.model,
                **cells,
                "year": row.published[:4] if row.published else None,
                "paper": row.paper,
                "title": row.title,
                "code": _code(row.code),
            }
        )
    render.tell(f"{board.task.name} · {board.name} · {board.key}")
    if board.why_unranked:
        render.tell(
            t(
                "Not ranked: {why}. Rows stand as the source prints them.",
                why=told(board.why_unranked),
            )
        )
    with paged(no_pager, len(values)):
        render.rows(columns, values, format)
    tell_count(len(values), len(board.rows))
    for row in rows:
        for cell in row.cells:
            if cell.earlier:
                printed = " → ".join(str(one or "-") for one in (*cell.earlier, cell.text))
                render.tell(t("Changed: {what}", what=f"{row.model} · {cell.metric}: {printed}"))
    taken = {(row.source, row.retrieved_at, row.licence) for row in board.rows}
    for source, day, licence in sorted(taken, key=str):
        render.tell(t("Source: {source}, taken {day} ({age}), {licence}", source=source, day=day,
                      age=age(day), licence=licence or t("licence unknown")))  # fmt: skip
    if board.others:
        render.tell(t("{n} more boards fit; choose with --task or by key:", n=len(board.others)))
        for key, name, count in board.others[:6]:
            render.tell(f"  {key}  {name} ({count})")


def _code(urls: tuple[str, ...]) -> str | None:
    """A mark on a terminal, where width is dear; the first address elsewhere."""
    if not urls:
        return None
    return "✓" if render.terminal() else urls[0]


def _metric_title(board: "Board", metric: str) -> str:
    if metric != board.metric:
        return metric
    return metric + {"higher": " ↑", "lower": " ↓"}.get(board.direction, " ?")


def _name(entry: "Entry") -> str:
    return entry.name_zh if chinese() and entry.name_zh else entry.name


def _summary(entry: "Entry") -> str | None:
    return entry.summary_zh if chinese() and entry.summary_zh else entry.summary


def _facts(entry: "Entry") -> str:
    """What tells hits apart at a glance."""
    facts = []
    if entry.authors:
        facts.append(entry.authors[0] + (" et al." if len(entry.authors) > 1 else ""))
    if entry.stars is not None:
        facts.append(t("{n} stars", n=number(entry.stars)))
    if entry.results:
        facts.append(t("{n} results", n=number(entry.results)))
    if entry.code and entry.kind == "paper":
        facts.append(t("code"))
    if not facts and entry.detail:
        facts.append(entry.detail)
    return ", ".join(facts)


def _years(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, dash, last = text.partition("-")
    if not (first or last) or not all(
        part.isdigit() and len(part) == 4 for part in (first, last) if part
    ):
        raise UsageError(f"--year {text}: a year (2020) or a span (2019-2021, 2020-, -2015)")
    low = int(first) if first else 1
    return low, (int(last) if last else 9999) if dash else low
