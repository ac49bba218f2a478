"""A small home for the browser, and how a test drives it."""

import asyncio
import gc
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from textual import _wait
from textual.app import App
from textual.pilot import Pilot

from crawlers.records import (
    BoardRecord,
    DatasetRecord,
    FrameworkRecord,
    LinkRecord,
    MethodRecord,
    PaperRecord,
    ResultRecord,
    TaskRecord,
)
from hub.catalog import Catalog, create
from hub.harvest import update_index
from hub.paths import Paths
from hub.tui.app import HubApp
from hub.tui.browse import Note, SearchInput
from hub.tui.entries import EntryTable
from hub.tui.wrapping import Wrapped

GIVEN = {"source": "curated", "retrieved_at": "2026-11-01", "licence": "CC0-1.0"}

HOSTILE = (
    "[CLS] x [/foo] [red]y[/] \x1b]0;EVILtitle\x07\x1b]52;c;RVZJTA==\x07\x1b[31mred"
    "\x9b2J\x1bP1;2|EVILdcs\x1b\\\u202eback\x00end"
)
SAFE = "[CLS] x [/foo] [red]y[/] redbackend"

Promise = Callable[[HubApp, Pilot[None]], Awaitable[None]]


def make_home(folder: Path) -> Paths:
    """A small catalog with one title that a hostile source slipped past every check."""
    paths = Paths(folder)
    create(paths.catalog)
    resnet = {"paper": "arxiv:1512.03385", "board": "board:image-classification/mnist"}
    mnist = {"task": "task:image-classification", "dataset": "dataset:mnist"}
    records = [
        FrameworkRecord(
            key="framework:keras",
            name="Keras",
            name_zh="Keras 框架",
            role="framework",
            homepage="https://keras.io",
            summary="A network library.",
            **GIVEN,
        ),
        TaskRecord(
            key="task:image-classification", name="Image Classification", role="task", **GIVEN
        ),
        DatasetRecord(
            key="dataset:mnist", name="MNIST", name_zh="手写数字", classes=10, year=1998, **GIVEN
        ),
        MethodRecord(key="method:resnet", name="ResNet", name_zh="残差网络", **GIVEN),
        PaperRecord(
            key="arxiv:1512.03385",
            title="Deep Residual Learning",
            published="2015-12-10",
            **GIVEN,
        ),
        LinkRecord(
            paper="arxiv:1512.03385",
            repository="github:kaiminghe/deep-residual-networks",
            url="https://github.com/KaimingHe/deep-residual-networks",
            evidence="pwc",
            official=True,
            confidence=1.0,
            **GIVEN,
        ),
        BoardRecord(
            key="board:image-classification/mnist",
            name="MNIST",
            metrics=["Accuracy"],
            **mnist,
            **GIVEN,
        ),
        ResultRecord(
            key="result-1", row="1", position=0, model_name="ResNet-9", metric="Accuracy",
            direction="higher", value_text="99.5", value=99.5, **resnet, **mnist, **GIVEN,
        ),
        ResultRecord(
            key="result-2", row="2", position=1, model_name="Rival [x]", metric="Accuracy",
            direction="higher", value_text="99.7", value=99.7, **(resnet | {"paper": None}), **mnist, **GIVEN,
        ),
        *(
            PaperRecord(
                key=f"arxiv:2001.{n:05}", title=f"Filler {n}", published="2010-01-01", **GIVEN
            )
            for n in range(1, 251)
        ),
        PaperRecord(
            key="arxiv:2002.00001", title="Marker hostile", published="2026-01-01",
            abstract="Marker.", **GIVEN,
        ),
    ]  # fmt: skip
    with Catalog.open(paths.catalog, write=True) as catalog:
        catalog.upsert(records)
        update_index(catalog, paths)
    with sqlite3.connect(paths.catalog) as db:
        db.execute(
            "UPDATE paper SET title = ?, abstract = ?, comment = ? WHERE key = 'arxiv:2002.00001'",
            (HOSTILE, HOSTILE, HOSTILE),
        )
    return paths


# -- a driven app ----------------------------------------------------------------------------


@asynccontextmanager
async def driven(app: HubApp, size: tuple[int, int]) -> AsyncIterator[Pilot[None]]:
    """The app in a terminal of so many columns and lines, with nothing moving by itself."""
    _hasten()
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        yield pilot


@cache
def _hasten() -> None:
    """An app is at rest when its process computes next to nothing for so long: Textual looks at spans of
    20 ms, twice after each key, and this at 5 ms. What tests import is never searched for rubbish, which
    the app does not do either (HubApp.ready)."""
    _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = 0.005, 0.0005
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def drive(
    paths: Paths,
    promise: Promise,
    *,
    size: tuple[int, int] = (90, 24),
    lang: str = "en",
    greets: bool = False,
) -> None:
    """Runs a promise against the app once its first page is there."""

    async def main() -> None:
        app = HubApp(paths, lang)
        app.greets = greets
        async with driven(app, size) as pilot:
            await until(pilot, lambda: listed(app) or note(app))
            await pilot.pause()
            await promise(app, pilot)

    asyncio.run(main())


async def until(pilot: Pilot[None], condition: Callable[[], object], seconds: float = 15) -> None:
    """Returns when the condition holds and what came with it is painted."""
    deadline, rest = time.monotonic() + seconds, 0.005
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s:\n{shown(pilot.app)}"
        await asyncio.sleep(rest)
        rest = min(1.5 * rest, 0.05)
    await pilot.pause(0)


async def search(pilot: Pilot[None], text: str) -> None:
    """Types into the search, faster than the answers come."""
    await pilot.press("slash")
    field = pilot.app.screen.query_one(SearchInput)
    for end in range(1, len(text) + 1):
        field.value = text[:end]
        await pilot.pause(0.01)


def table(app: HubApp) -> EntryTable:
    return app.screen_stack[0].query_one(EntryTable)


def listed(app: HubApp) -> str:
    """The list as it stands on the screen."""
    lines = (table(app).render_line(y).text for y in range(table(app).size.height))
    return "\n".join(lines).strip()


def shown(app: App[None]) -> str:
    """The whole screen as it stands, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def note(app: HubApp) -> str:
    said = app.screen_stack[0].query_one("#note", Note).content
    return said.text if isinstance(said, Wrapped) else str(said)
