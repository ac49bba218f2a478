"""The pictures of README.md, made by the app itself over the embedded catalog: `make screenshots`.

`python -m tests.screenshots [FOLDER] [NAME...]` makes all of them, or some. What is measured in them is
measured while they are made; only the folder of the data is named as anybody's.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from hub.library import Library
from hub.paths import Paths
from hub.tui import state
from hub.tui.app import HubApp
from hub.tui.baselines import BaselinesPane, Found
from hub.tui.browse import SearchInput
from hub.tui.comparison import Comparison
from hub.tui.detail import Detail
from hub.tui.run import KeptScreen
from tests import hubtest
from tests.pictures import page_svg, settled
from tests.tuitest import listed, shown, table, until

FOLDER: Final = hubtest.ROOT / "screenshots"
SIZE: Final = (132, 36)

Ready = Callable[[], object]


@dataclass(frozen=True)
class Picture:
    """A screen, in a language, and what has to be measured first."""

    title: str
    up: Callable[[HubApp, Pilot[None]], Awaitable[Ready]]
    lang: str = "en"
    runs: tuple[str, ...] = ()


async def papers(app: HubApp, pilot: Pilot[None]) -> Ready:
    await pilot.press("1", "slash")
    app.screen.query_one(SearchInput).insert_text_at_cursor("residual learning")
    await until(pilot, lambda: "Residual" in listed(app))
    await pilot.press("enter")
    return lambda: "Residual" in listed(app)


async def papers_zh(app: HubApp, pilot: Pilot[None]) -> Ready:
    await pilot.press("slash")
    app.screen.query_one(SearchInput).insert_text_at_cursor("图像分类 注意力")
    await until(pilot, lambda: "attention" in shown(app))
    await pilot.press("enter")
    return lambda: table(app).count


async def leaderboard(app: HubApp, pilot: Pilot[None]) -> Ready:
    app.open_key("board:image-classification/cifar-10")
    return lambda: isinstance(app.screen, Detail) and app.screen.value and app.screen.query("Chart")


async def frameworks(app: HubApp, pilot: Pilot[None]) -> Ready:
    keys = ("framework:pytorch", "framework:tensorflow", "framework:jax", "framework:keras")
    app.push_screen(Comparison(keys))
    return lambda: "BSD-3-Clause" in shown(app)


async def baselines(app: HubApp, pilot: Pilot[None]) -> Ready:
    await pilot.press("8")
    await until(pilot, lambda: app.screen.query(BaselinesPane))
    pane = app.screen.query_one(BaselinesPane)
    await until(pilot, lambda: pane.known and pane.datasets and app.focused is pane.table)
    folder = "site-packages/sklearn/datasets/data"
    found = {
        name: replace(one, folder=folder if one.here else None)
        for name, one in pane.datasets.items()
    }
    pane.post_message(Found(found))
    pane.table.go_to("diabetes_linear")
    return lambda: dict(pane.datasets) == found


async def run(app: HubApp, pilot: Pilot[None]) -> Ready:
    with Library.open(app.paths.library) as library:
        app.push_screen(KeptScreen(library.runs("digits_backprop")[0]))
    return lambda: app.screen.query("#curves #loss")


PICTURES: Final = {
    "papers": Picture("Papers found as one types", papers),
    "papers-zh": Picture("中文查询与译出的词", papers_zh, "zh"),
    "leaderboard": Picture("A leaderboard with its best over time", leaderboard),
    "frameworks": Picture("Frameworks side by side", frameworks),
    "baselines": Picture("Claimed beside measured", baselines, runs=("diabetes_linear", "digits_backprop")),
    "run": Picture("A run with its curves and conditions", run, runs=("digits_backprop",)),
}  # fmt: skip


def measure(home: Path, names: set[str]) -> None:
    """Trains with three seeds each; what was measured is in the home's library."""
    for name in sorted(names):
        said = hubtest.run("reproduce", name, "--seeds", "3", home=home, timeout=900)
        assert said.code in (0, 6), said.err


async def taken(home: Path, one: Picture) -> str:
    state.save(Paths(home), state.State(welcomed=True))
    app = HubApp(Paths(home), one.lang, asked=True)
    app.animation_level = "none"
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: listed(app))
        ready = await one.up(app, pilot)
        svg = await settled(app, pilot, ready)
    return page_svg(svg, SIZE, one.title)


def main(folder: Path = FOLDER, *names: str) -> None:
    wanted = {name: PICTURES[name] for name in names or PICTURES}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        home = hubtest.embedded_home(Path(place) / "home")
        measure(home, {name for one in wanted.values() for name in one.runs})
        for name, one in wanted.items():
            (folder / f"{name}.svg").write_text(asyncio.run(taken(home, one)), "utf-8")
            print(folder / f"{name}.svg")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]), *sys.argv[2:])
