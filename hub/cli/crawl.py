"""The command that asks the network: crawl."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub import render
from hub.cli.frame import Json, command, home, settings_of
from hub.cli.summary import counted, met_and_examples, skipped
from hub.errors import UsageError
from hub.text import number, state_name, t

if TYPE_CHECKING:
    from crawlers.client import Client
    from crawlers.gate import Waiting
    from hub.crawls import Crawled, Errand, Told
    from hub.paths import Paths
    from hub.rounds import Options


@command(
    examples=(
        "hub crawl",
        "hub crawl arxiv --category cs.LG --days 7",
        "hub crawl pwc --slice results",
        "hub crawl github --repo pytorch/pytorch",
        "hub crawl arxiv --full --plan",
    )
)
def crawl(
    what: Annotated[
        str | None,
        typer.Argument(help=t("arxiv, pwc, github, hf or all; nothing: the daily round.")),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help=t("Changes from this day on (YYYY-MM-DD)."))
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=0, max=20_000, help=t("The same, as days back."))
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--category", help=t("arXiv category; may be given again; all. Else: settings.")
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", help=t("Only this task (pwc), or its topic (github).")),
    ] = None,
    repo: Annotated[
        list[str] | None,
        typer.Option("--repo", help=t("This repository, with README and community profile.")),
    ] = None,
    paper: Annotated[
        list[str] | None, typer.Option("--paper", help=t("This arXiv paper (arxiv, hf)."))
    ] = None,
    query: Annotated[
        str | None,
        typer.Option("--query", help=t("A search in the source's own words (arxiv, github).")),
    ] = None,
    slice: Annotated[
        str | None,
        typer.Option(
            "--slice",
            help=t(
                "pwc: the archive of July 2025 instead: results (36 MB), code (26 MB), ml (both), "
                "full (626 MB, with abstracts)."
            ),
        ),
    ] = None,
    trending: Annotated[
        str | None,
        typer.Option(
            "--trending",
            help=t("github: today's trending page of a language; --full: week and month too."),
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", min=1, help=t("Stop after so many entries."))
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help=t("Everything, not only what changed."))
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help=t("Say what it would cost, and ask nobody."))
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=t("Ask, and say what would change; keep nothing."))
    ] = False,
    record: Annotated[
        Path | None, typer.Option("--record", help=t("Write the answers into this folder."))
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option("--replay", help=t("Take the answers from this folder, ask nobody.")),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help=t("Refuse every host."))] = False,
    no_index: Annotated[
        bool, typer.Option("--no-index", help=t("Leave the search index for later."))
    ] = False,
    json: Json = False,
) -> None:
    """Bring what is new from arXiv, Papers with Code's successors, Hugging Face and GitHub into the
    catalog: politely, and from where the last crawl left off. Ctrl-C stops after the page in hand."""
    from hub import rounds

    if offline:
        os.environ["HUB_OFFLINE"] = "1"
    targets = _targets(what, rounds)
    places = home()
    settings = settings_of(places)
    options = rounds.Options(
        since=_day(since, days),
        days=days,
        categories=_categories(category, settings.categories),
        tasks=tuple(task or ()),
        repositories=tuple(_repository(one) for one in repo or ()),
        papers=tuple(_paper(one) for one in paper or ()),
        query=query,
        slice=slice,
        trending=trending,
        limit=limit,
        full=full,
        authorised=bool(os.environ.get("GITHUB_TOKEN", "").strip()),
        daily=what is None,
    )
    if replay is not None and not replay.is_dir():
        raise UsageError(f"--replay {replay}: no such folder")
    if plan:
        return _plan(places, targets, options, json)
    crawled = _carry_out(
        places, targets, options, dry_run, record, replay, settings, no_index, json
    )
    if not crawled:
        render.tell(t("Nothing to ask for now: all of it was asked today, or within this hour."))
    if json:
        render.envelope("crawl", [plain(one) for one in crawled])
    sys.stdout.flush()
    if any(one.state == "interrupted" for one in crawled):
        render.tell(t("Stopped. What came is kept; run the command again to go on."))
        sys.exit(130)
    if any(one.failed for one in crawled):
        sys.exit(3)
    return None


# -- arguments -------------------------------------------------------------------------------


def _targets(what: str | None, rounds: Any) -> tuple[str, ...]:
    if what is None:
        return tuple(rounds.DAILY)
    if what not in rounds.TARGETS:
        raise UsageError(f"nothing to crawl is called {what}", hint=", ".join(rounds.TARGETS))
    return ("arxiv", "hf", "pwc", "github") if what == "all" else (what,)


def _day(since: str | None, days: int | None) -> str | None:
    if since is None:
        return None
    if days is not None:
        raise UsageError("--since and --days say the same: give one of them")
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"--since {since}: a day is YYYY-MM-DD") from None
    if day > datetime.now(UTC).date():
        raise UsageError(f"--since {since} lies in the future")
    return day.isoformat()


def _categories(said: list[str] | None, configured: str) -> tuple[str, ...]:
    words = said if said else configured.replace(",", " ").split()
    if "all" in words and len(words) > 1:
        raise UsageError("--category all says it all: no other one beside it")
    for word in words:
        if not re.fullmatch(r"[a-z][a-z-]*(\.[A-Za-z][A-Za-z-]*)?", word):
            raise UsageError(f"{word} is no arXiv category", hint="For example: cs.LG, stat.ML")
    return tuple(words)


def _repository(text: str) -> str:
    from crawlers.keys import kind_of, parse_key, repository_key

    key = parse_key(text) or repository_key("github", text)
    if key is None or kind_of(key) != "repository" or not key.startswith("github:"):
        raise UsageError(f"--repo {text}: no repository on GitHub", hint="owner/name")
    return key


def _paper(text: str) -> str:
    from crawlers.keys import parse_key

    key = parse_key(text)
    if key is None or not key.startswith("arxiv:"):
        raise UsageError(f"--paper {text}: no arXiv paper", hint="For example: 1512.03385")
    return key


# -- the plan --------------------------------------------------------------------------------


def _plan(places: "Paths", targets: tuple[str, ...], options: "Options", json: bool) -> None:
    from hub import rounds
    from hub.catalog import Catalog

    rows: list[dict[str, Any]] = []
    with Catalog.open(places.catalog) as catalog:
        for errand in rounds.errands(catalog, targets, options):
            cost = rounds.plan_of(errand)
            operator = errand.source.operator
            assert operator is not None
            least, most = (n * max(operator.delay, cost.pace, 0.5) / 60 for n in cost.requests)
            rows.append(
                {
                    "source": errand.source.name,
                    "what": errand.address,
                    "requests": list(cost.requests),
                    "minutes": [round(least, 1), round(most, 1)],
                    "why": cost.why,
                }
            )
    if json:
        return render.envelope("plan", rows)
    columns = [
        render.Column("source", t("source")),
        render.Column("what", t("what")),
        render.Column("requests", t("requests"), right=True),
        render.Column("minutes", t("minutes at least"), right=True),
        render.Column("why", t("why")),
    ]
    shown = [
        {
            **row,
            "requests": _range([number(one) for one in row["requests"]]),
            "minutes": _range([f"{one:g}" for one in row["minutes"]]),
        }
        for row in rows
    ]
    render.rows(columns, shown, "table")
    return None


def _range(ends: list[str]) -> str:
    return ends[0] if ends[0] == ends[1] else f"{ends[0]}-{ends[1]}"


# -- carrying out ----------------------------------------------------------------------------


def _carry_out(
    places: "Paths",
    targets: tuple[str, ...],
    options: "Options",
    dry: bool,
    record: Path | None,
    replay: Path | None,
    settings: Any,
    no_index: bool,
    json: bool,
) -> "list[Crawled]":
    from hub import crawls, rounds
    from hub.catalog import Catalog
    from hub.cli.change import _index
    from hub.lock import writing

    crawled: list[Crawled] = []
    with (
        writing(places.lock, "hub crawl", tell=render.tell),
        Catalog.open(places.catalog, write=True) as catalog,
    ):
        with stopping() as stop, display() as shown:
            client = _client(places, settings, record, replay, shown, stop)
            try:
                for errand in rounds.errands(catalog, targets, options):
                    shown.begin(errand)
                    one = crawls.run(
                        catalog, client, errand, progress=shown.advance, stop=stop, dry=dry
                    )
                    crawled.append(one)
                    shown.end(one)
                    if not json:
                        say(one)
                    if one.state == "interrupted":
                        break
            finally:
                client.close()
        if not no_index and not dry:
            _index(catalog, places, force=False)
    return crawled


def _client(
    places: "Paths",
    settings: Any,
    record: Path | None,
    replay: Path | None,
    shown: "Display",
    stop: Callable[[], bool],
) -> "Client":
    from crawlers.client import Client

    try:
        return Client(
            places.home,
            offline=settings.offline and replay is None,
            record=record,
            replay=replay,
            tell=shown.wait,
            stop=stop,
            contact=settings.contact,
        )
    except OSError as error:
        raise UsageError(f"--record {record}: {error.strerror or error}") from error


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Says whether the user pressed Ctrl-C; the second time it ends at once."""
    asked: list[int] = []

    def note(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        render.tell(t("Stopping after the page in hand; Ctrl-C again stops at once."))

    before = {one: signal.signal(one, note) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class Display:
    """Progress on stderr: a live line on a terminal, elsewhere a line every ten seconds."""

    def __init__(self, draw: Callable[[str], None] | None) -> None:
        self._draw = draw
        self._name = ""
        self._began = self._last = time.monotonic()
        self._told = ""

    def begin(self, errand: "Errand") -> None:
        self._name = f"{errand.source.title}: {errand.address}"
        self._began = self._last = time.monotonic()
        self._told = ""
        self._show(t("asking ..."), now=True)

    def advance(self, told: "Told") -> None:
        seconds = max(0.001, time.monotonic() - self._began)
        fresh, total = told.counts.new.total(), _total(told.counts)
        if told.file:
            share = told.done / told.size if told.size else 0.0
            self._told = f"{told.file} {share:.0%}, {told.done / seconds / 1e6:.1f} MB/s"
        else:
            self._told = (
                f"{number(total)} {t('records')} ({number(fresh)} {t('new')}), "
                f"{total / seconds:,.0f}/s, {number(told.requests)} {t('requests')}, "
                f"{number(told.left)} {t('left')}"
            )
        self._show(self._told)

    def wait(self, waiting: "Waiting") -> None:
        if waiting.until - time.time() < 1:
            return
        until = datetime.fromtimestamp(waiting.until).astimezone().strftime("%H:%M:%S")
        said = t("waiting for {who} until {until}", who=waiting.operator, until=until)
        why = f" ({waiting.why})" if waiting.why else ""
        self._show(f"{self._told} {said}{why}".strip(), now=bool(waiting.why))

    def end(self, one: "Crawled") -> None:
        if self._draw:
            self._draw("")

    def _show(self, text: str, *, now: bool = False) -> None:
        if self._draw:
            self._draw(f"{self._name}: {text}")
        elif now or time.monotonic() - self._last >= 10:
            self._last = time.monotonic()
            render.tell(f"{self._name}: {text}")


class Lines(Display):
    """Progress for a program: each step a line of JSON on stderr."""

    def __init__(self) -> None:
        super().__init__(None)

    def begin(self, errand: "Errand") -> None:
        source = errand.source
        self._last = 0.0
        render.progress(
            begin={"source": source.name, "title": source.title, "what": errand.address}
        )

    def advance(self, told: "Told") -> None:
        if time.monotonic() - self._last < 0.2 and told.left:
            return
        self._last = time.monotonic()
        render.progress(
            told={
                "records": _total(told.counts),
                "new": told.counts.new.total(),
                "changed": told.counts.changed.total(),
                "requests": told.requests,
                "left": told.left,
                "file": told.file,
                "done": told.done,
                "size": told.size,
            }
        )

    def wait(self, waiting: "Waiting") -> None:
        if waiting.until - time.time() >= 1:
            render.progress(
                waiting={"for": waiting.operator, "until": waiting.until, "why": waiting.why}
            )

    def end(self, one: "Crawled") -> None:
        render.progress(ended=plain(one))


def _total(counts: Any) -> int:
    return int(counts.new.total() + counts.changed.total() + counts.unchanged.total())


@contextmanager
def display() -> Iterator[Display]:
    """The display that fits where stderr goes."""
    if render.progress_wanted():
        yield Lines()
        return
    if not sys.stderr.isatty():
        yield Display(None)
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, markup=False, highlight=False)
    with Live(Text(""), console=console, transient=True, refresh_per_second=8) as live:
        yield Display(lambda text: live.update(Text(render.text_of(text), overflow="ellipsis")))


# -- what came of it -------------------------------------------------------------------------


def say(one: "Crawled") -> None:
    """The summary line on stdout; why something failed, and until when, on stderr."""
    name = f"{one.errand.source.name} [{one.errand.address}]"
    parts = [*counted(one.summary.counts), skipped(one.summary)]
    state = state_name(one.state) + (f", {t('continued')}" if one.resumed else "")
    if one.dry:
        state += f", {t('nothing kept')}"
    render.line(f"{name}: {', '.join(parts)}; {number(one.requests)} {t('requests')}; {state}")
    met_and_examples(one.summary, one.errand.source.name)
    if one.failed:
        render.fail(f"{one.errand.source.name}: {one.why}", _next(one))


def _next(one: "Crawled") -> str:
    if one.state == "offline" and one.replayed:
        return t("It is not in the recording: --record writes one.")
    if one.state == "offline":
        return t("Take --offline or HUB_OFFLINE away to ask. Search and browsing work without.")
    kept = t("What came before is kept; run the command again to go on.")
    if one.until:
        until = datetime.fromtimestamp(one.until).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        said = t("It may be asked again from {until} on.", until=until)
        return f"{said} {kept}"
    return kept


def plain(one: "Crawled") -> dict[str, Any]:
    """A crawl as JSON."""
    counts = one.summary.counts
    return {
        "source": one.errand.source.name,
        "what": one.errand.address,
        "state": one.state,
        "why": one.why,
        "next_allowed": datetime.fromtimestamp(one.until, UTC).isoformat(timespec="seconds")
        if one.until
        else None,
        "requests": one.requests,
        "resumed": one.resumed,
        "kept": not one.dry,
        "new": dict(counts.new),
        "changed": dict(counts.changed),
        "unchanged": dict(counts.unchanged),
        "removed": dict(counts.removed),
        "skipped": dict(one.summary.skipped),
        "met": dict(one.summary.tally),
    }
