"""The screen of a dataset: what it is, its terms, getting its files, what is measured on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType

from crawlers.clean import clean_lines
from crawlers.keys import Key
from hub import around
from hub.errors import HubError
from hub.paths import Paths
from hub.queries import Entry, Queries
from hub.tui.detail import Detail, known
from hub.tui.fetching import Fetch, FetchScreen
from hub.tui.reading import messages
from hub.tui.runnable import Data, data, tried
from hub.tui.running import Command
from hub.tui.sections import (
    Known,
    boards_section,
    entries_section,
    facts,
    notes,
    prose,
    recipes_section,
    title,
)
from hub.tui.sheet import Row, Section, size
from hub.tui.strings import Say

FACTS: Final = (
    "aliases", "year", "parent", "tasks", "modalities", "languages", "examples", "splits", "classes",
    "paper", "homepage", "url",
)  # fmt: skip
TERMS: Final = (
    "data_licence", "licence_url", "licence_note", "size_bytes", "obtain",
)  # fmt: skip

PAPERS: Final = 12


@dataclass(frozen=True)
class Dataset:
    """A dataset with everything that is shown of it."""

    known: Known
    parts: tuple[Entry, ...]
    papers: tuple[Entry, ...]
    """On its longest leaderboard, the best first."""
    papers_found: int


def read_dataset(queries: Queries, known: Known) -> Dataset:
    boards = known.shown.related.get("boards", ())
    on_board: list[Key] = []
    if boards:
        rows = queries.leaderboard(boards[0]["board"]).rows
        on_board = list(dict.fromkeys(row.paper for row in rows if row.paper))
    papers = around.in_order(queries, on_board[:100])
    return Dataset(known, around.parts_of(queries, known.entry.key), papers, len(on_board))


class Verifying(Command):
    """A dataset's files read to their end and compared, in a child process."""

    kind: ClassVar[str] = "verify"

    def __init__(self, paths: Paths, lang: str, dataset: str) -> None:
        super().__init__(paths, lang, "dataset", "verify", dataset, "--json")
        self.dataset = dataset

    @property
    def name(self) -> str:
        return self.dataset


class DatasetScreen(Detail[Dataset]):
    """One dataset; where baselines use it, its files can be got and checked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "get", "Download", tooltip="Get its files and check every byte"),
        Binding("c", "verify", "Verify", tooltip="Check its files against the known checksums"),
    ]

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.data: Data | None = None
        """Its files, where baselines use it."""
        self.data_said = ""
        """What is known of the files, or what went wrong."""
        self._looked = False
        self._moment: tuple[object, ...] | None = None
        """Of the job on its files, when it was last drawn."""

    def begin(self) -> None:
        super().begin()
        self.set_interval(0.5, self._watch)

    def fetch(self, queries: Queries, key: Key) -> Dataset:
        return read_dataset(queries, known(queries, self.paths, key))

    def entry_of(self, value: Dataset) -> Entry:
        return value.known.entry

    # -- its files ---------------------------------------------------------------------------

    @property
    def jobs(self) -> tuple[Fetch | Verifying, ...]:
        """The newest download and the newest check of its files."""
        if self.data is None:
            return ()
        found = (self.hub.running.of(kind, self.data.name) for kind in ("fetch", "verify"))
        return tuple(jobs[0] for jobs in found if jobs)

    def draw(self, *, stay: bool = False) -> None:
        super().draw(stay=stay)
        if self.value is not None and self.value.known.recipes and not self._looked:
            self._looked = True
            self._look()
        self.refresh_bindings()

    @work(thread=True, exclusive=True, group="files")
    def _look(self) -> None:
        """Asks, in a child process, where its files lie."""
        found = tried(self.paths, lambda: data(self.paths, self.hub.lang))
        self.app.call_from_thread(self._looked_at, found)

    def _looked_at(self, found: dict[str, Data] | HubError) -> None:
        if isinstance(found, HubError):
            self.data_said = "\n".join(messages(found))
        else:
            self.data = next((one for one in found.values() if one.key == self.key), None)
            self.data_said = ""
        self.draw(stay=True)

    def _watch(self) -> None:
        """While a job goes on, and once when it has ended, the sheet says how far it is."""
        moment = tuple((job.kind, job.state, len(job.sentences), _come(job)) for job in self.jobs)
        if moment != self._moment:
            ended = self._moment is not None and not any(job.under_way for job in self.jobs)
            self._moment = moment
            if ended:
                self._look()
            self.draw(stay=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "get":
            return self.data is not None and not self.data.here
        if action == "verify":
            return self.data is not None and self.data.here
        return super().check_action(action, parameters)

    def action_get(self) -> None:
        if self.data is not None:
            self.app.push_screen(FetchScreen(self.data.name))

    def action_verify(self) -> None:
        if self.data is not None and not any(job.under_way for job in self.jobs):
            self.hub.running.start(Verifying(self.paths, self.hub.lang, self.data.name))
            self._watch()

    # -- sections ----------------------------------------------------------------------------

    def reading(self, value: Dataset) -> Sequence[Section]:
        say, one = self.say, value.known
        terms = facts(one, TERMS, say, always=("data_licence", "size_bytes", "obtain"))
        return [
            *title(one, say),
            replace(terms, title=say("Terms, and how to get it")),
            *self._files(),
            replace(facts(one, FACTS, say, always=("examples", "classes", "year")), title=say("Facts")),
            *prose(one, "description", say),
            *notes(one, say),
        ]  # fmt: skip

    def around(self, value: Dataset) -> Sequence[Section]:
        say, one = self.say, value.known
        boards = boards_section(one.entry, one.shown.related.get("boards", ()), say)
        return [
            *(boards or [Section(say("Leaderboards"), empty=say("No leaderboard on it is known."))]),
            *recipes_section(one.recipes, say, say("Baselines that run on it")),
            *entries_section(say("Papers on its longest leaderboard"), value.papers, say, total=value.papers_found),
            *entries_section(say("Parts and variants"), value.parts, say),
        ]  # fmt: skip

    def _files(self) -> list[Section]:
        """Where its files lie, and how getting them goes on."""
        say, one = self.say, self.data
        if one is None:
            return (
                [Section(say("Its files"), text=self.data_said, ink="bad")]
                if self.data_said
                else []
            )
        where = one.folder or say("not on this machine: d downloads it")
        rows = [
            Row((say("Size unpacked"), size(one.size, say))),
            Row((say("Lies in"), where), inks=(None, "good" if one.here else "warn")),
        ]
        if one.notice:
            accepted = say("accepted") if one.accepted else say("not accepted yet")
            rows.append(Row((say("Terms"), f"{one.notice} ({accepted})")))
        if one.here:
            rows.append(Row((say("Check"), say("c reads every byte and compares"))))
        for job in self.jobs:
            what = say("Download") if job.kind == "fetch" else say("Check")
            rows.append(Row((what, going(job, say)), inks=(None, _INK_OF[job.state])))
        return [Section(say("Its files"), tuple(rows))]


def _come(job: Fetch | Verifying) -> int:
    """Bytes that have come."""
    return sum(done for done, _ in job.files.values()) if isinstance(job, Fetch) else 0


def going(job: Fetch | Verifying, say: Say) -> str:
    """How far a job is, or how it ended."""
    if job.state == "failed" and job.error is not None:
        return clean_lines(" ".join(messages(job.error)))
    if job.state == "done" and isinstance(job, Verifying):
        return say("every file is right: {n} files checked").format(n=len(job.answer or ()))
    if job.state == "done":
        return say("got, and checked to the last byte")
    if job.state == "stopped":
        return say("stopped; what came is kept")
    if not isinstance(job, Fetch) or not job.files:
        return say("reading every byte …") if job.kind == "verify" else say("beginning …")
    name, (done, whole) = list(job.files.items())[-1]
    share = f"{bar(done, whole)} {done / whole:.0%} " if whole else ""
    return f"{name} {share}{size(done, say)} / {size(whole, say)}"


_INK_OF: Final = {
    "waiting": "text", "going": "text", "stopping": "warn", "done": "good", "stopped": "warn",
    "failed": "bad",
}  # fmt: skip


def bar(have: int, total: int | None, cells: int = 16) -> str:
    """`████████░░░░░░░░`; nothing where nobody knows how much it is."""
    if not total:
        return ""
    full = max(0, min(cells, cells * have // total))
    return "█" * full + "░" * (cells - full)
