"""What every screen looks like: both languages, a small and a large terminal, each text and colour of it.

A picture that changed on purpose is renewed with `pytest tests/test_tui_snapshots.py --snapshot-update`;
PICTURES=FOLDER leaves all of them there as SVG files to look at.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot
from textual.theme import Theme

from crawlers.records import NoticeRecord, SnapshotRecord, TaskNodeRecord
from hub.catalog import Catalog, ledger
from hub.catalog.store import Counts
from hub.library import Library
from hub.paths import Paths
from hub.runs import Wish, comparison_of
from hub.tui import runnable
from hub.tui import state as kept
from hub.tui.app import HubApp
from hub.tui.baseline import BaselineScreen
from hub.tui.baselines import BaselinesPane
from hub.tui.baselines import Found as DataFound
from hub.tui.baselines import Known as BaselinesKnown
from hub.tui.browse import BrowseScreen, SearchInput
from hub.tui.comparison import Comparison
from hub.tui.copying import CopyScreen
from hub.tui.detail import Detail
from hub.tui.facets import FacetPanel
from hub.tui.help import HelpScreen
from hub.tui.notes import NoteScreen
from hub.tui.run import KeptScreen, RunScreen
from hub.tui.running import Training
from hub.tui.screens import HubScreen
from hub.tui.sources import SourcesPane
from hub.tui.start import StartRun
from hub.tui.tags import TagScreen
from hub.tui.themes import CONTRAST, LIGHT
from hub.tui.welcome import WelcomeScreen
from tests import hubtest
from tests.hubtest import board, dataset, framework, link, method, paper, repository, result, task
from tests.pictures import at_rest, compact, keep_svg, settled, still
from tests.runtest import record
from tests.tuitest import driven, listed, shown, table, until

SIZES = ((160, 50), (80, 24))
MAY = {"retrieved_at": "2024-05-01"}

MNIST = board("task:image-classification", "dataset:mnist", ["Percentage error", "Parameters"])
LENET, DROPCONNECT = "arxiv:1998.00001", "arxiv:1302.00002"


def stars(repository: str, *counted: int) -> list[Any]:
    """A count for each year up to 2024."""
    first = 2025 - len(counted)
    return [
        SnapshotRecord(
            repository=repository, day=f"{first + at}-05-01", stars=n, forks=n // 4, open_issues=n // 90,
            **hubtest.given("github", "2024-05-01"),
        )
        for at, n in enumerate(counted)
    ]  # fmt: skip


def entries(position: int, model: str, error: str, size: str | None, day: str, **more: Any) -> Any:
    """The cells of one row of the board."""
    said = {"published": day, "direction": "lower", **more}
    yield result(MNIST, position, model, "Percentage error", error, **said)
    if size is not None:
        yield result(MNIST, position, model, "Parameters", size, **said)


RECORDS = [
    paper(
        "arxiv:1512.03385", "Deep Residual Learning for Image Recognition", **MAY,
        abstract="Deeper neural networks are more difficult to train. We present a residual learning "
        "framework to ease the training of networks that are substantially deeper than those used "
        "before. We reformulate the layers as learning residual functions with reference to the "
        "layer inputs, instead of learning unreferenced functions.",
        authors=["Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"], published="2015-12-10",
        updated="2015-12-10", version=1, categories=["cs.CV"], comment="Tech report",
        tasks=["task:image-classification", "task:object-detection"], methods=["method:resnet"],
    ),
    paper(
        "arxiv:1706.03762", "Attention Is All You Need", **MAY, published="2017-06-12",
        abstract="We propose a new simple network architecture, the Transformer, based solely on "
        "attention mechanisms.", authors=["Ashish Vaswani", "Noam Shazeer"],
        categories=["cs.CL", "cs.LG"], tasks=["task:machine-translation"], methods=["method:transformer"],
    ),
    paper(LENET, "Gradient-based learning applied to document recognition", published="1998-11-01", **MAY),
    paper(
        DROPCONNECT, "Regularization of networks with DropConnect", published="2013-02-05",
        categories=["cs.LG", "stat.ML"], **MAY,
    ),
    paper(
        "arxiv:2401.00003", "深度残差网络在遥感图像分类中的应用：一项很长很长的中文题目用来检查宽字符的对齐与截断",
        published="2024-01-09", abstract="本文研究残差网络。", authors=["王小明"], categories=["cs.CV"], **MAY,
    ),
    paper("arxiv:2402.00004", "A withdrawn claim about [CLS] tokens", published="2024-02-01",
          categories=["cs.CL"], **MAY),
    NoticeRecord(key="arxiv:2402.00004", notice="withdrawn", day="2024-03-03",
                 **hubtest.given("arxiv_oai", "2024-05-01")),
    *(
        paper(f"arxiv:23{1 + n // 9:02}.{n:05}", f"On learning, part {n}: {words}",
              published=f"2023-{1 + n // 3:02}-05", categories=["cs.LG", "stat.ML"][: 1 + n % 2], **MAY)
        for n, words in enumerate((
            "convergence", "generalisation", "width and depth", "initialisation", "momentum", "noise",
            "curvature", "sharpness", "plateaus", "restarts", "batch size", "warm-up", "weight decay",
        ))
    ),
    repository(
        "github:kaiminghe/deep-residual-networks", name="KaimingHe/deep-residual-networks",
        description="Deep Residual Learning for Image Recognition", state="archived", code_licence="MIT",
        pushed="2017-11-23", topics=["caffe", "resnet"], created="2016-02-01", retrieved_at="2024-05-01",
    ),
    link("arxiv:1512.03385", "github:kaiminghe/deep-residual-networks", official=True, confidence=0.95,
         evidence="pwc-official", **MAY),
    link("arxiv:1512.03385", "github:facebook/fb.resnet.torch", official=False, confidence=0.6,
         evidence="pwc-mentioned", framework="torch", **MAY),
    link("arxiv:1706.03762", "github:pytorch/pytorch", confidence=0.7, evidence="readme", **MAY),
    *stars("github:kaiminghe/deep-residual-networks", 5_100, 5_600, 6_000, 6_250, 6_420),
    dataset(
        "dataset:mnist", "MNIST", full_name="Modified NIST database", name_zh="手写数字", year=1998,
        summary="Handwritten digits in grey, 28 x 28.", summary_zh="28×28 的灰度手写数字。", classes=10,
        examples=70_000, splits={"train": 60_000, "test": 10_000}, size_bytes=11_594_722,
        data_licence="CC-BY-SA-3.0", obtain="From a mirror of the original files.",
        obtain_zh="从原文件的镜像下载。", tasks=["task:image-classification"], modalities=["image"],
        homepage="http://yann.lecun.com/exdb/mnist/", paper=LENET, **MAY,
    ),
    dataset("dataset:digits", "Digits", name_zh="光学数字", year=1998, examples=1_797, classes=10,
            summary="Optical digits, 8 x 8.", **MAY),
    dataset("dataset:imagenet", "ImageNet", year=2009, examples=1_281_167, classes=1_000,
            licence_note="For research and teaching only.", tasks=["task:image-classification"], **MAY),
    task("task:image-classification", "Image Classification", name_zh="图像分类", area="computer-vision",
         summary="What a picture shows.", summary_zh="图片里是什么。", **MAY),
    task("task:object-detection", "Object Detection", name_zh="目标检测", area="computer-vision", **MAY),
    task("task:machine-translation", "Machine Translation", name_zh="机器翻译",
         area="natural-language-processing", **MAY),
    task("task:speech-recognition", "Speech Recognition", name_zh="语音识别", area="speech", **MAY),
    *(
        TaskNodeRecord(path=path, task=f"task:{path.rpartition('/')[2]}", parent=path.rpartition("/")[0] or None,
                       position=at, **hubtest.given("curated", "2024-05-01"))
        for at, path in enumerate((
            "image-classification", "image-classification/object-detection", "machine-translation",
            "speech-recognition",
        ))
    ),
    method("method:resnet", "ResNet", full_name="Residual network", name_zh="残差网络", year=2015,
           paper="arxiv:1512.03385", area="computer-vision", papers=2_211,
           summary="Layers learn what is to be added to their input.", summary_zh="各层学习对输入的增量。", **MAY),
    method("method:transformer", "Transformer", name_zh="变换器", year=2017, paper="arxiv:1706.03762", papers=9_870,
           area="natural-language-processing", summary="Attention instead of recurrence.", **MAY),
    framework(
        "framework:pytorch", "PyTorch", year=2016, repository="github:pytorch/pytorch", code_licence="BSD-3-Clause",
        status="active", languages=["Python", "C++"], maintainer="PyTorch Foundation", pypi="torch",
        homepage="https://pytorch.org", docs="https://pytorch.org/docs", summary="Tensors and autograd.",
        summary_zh="张量与自动微分。", **MAY,
    ),
    framework("framework:keras", "Keras", name_zh="Keras 框架", year=2015, repository="github:keras-team/keras",
              code_licence="Apache-2.0", status="active", summary="One interface, several engines.", **MAY),
    framework("tool:wandb", "Weights & Biases", year=2018, summary="Keeps track of runs.", **MAY),
    repository("github:pytorch/pytorch", description="Tensors and dynamic neural networks", pushed="2024-04-30",
               code_licence="BSD-3-Clause", state="active", retrieved_at="2024-05-01", extra={
                   "community": {"health": 93, "files": ["readme", "license", "contributing"]},
                   "good_first_issues": 57, "good_first_issues_on": "2024-05-01"}),
    repository("github:keras-team/keras", state="active", pushed="2024-04-28", retrieved_at="2024-05-01"),
    *stars("github:pytorch/pytorch", 36_000, 46_000, 55_000, 66_000, 78_000),
    *stars("github:keras-team/keras", 46_000, 50_000, 54_000, 58_000, 60_500),
    MNIST,
    *entries(0, "DropConnect", "0.21", None, "2013-02-05", paper=DROPCONNECT),
    *entries(1, "残差网络 ResNet-9", "0.30", "2.4M", "2015-12-10", paper="arxiv:1512.03385"),
    *entries(2, "LeNet-5", "0.95", "60K", "1998-11-01", paper=LENET),
    *entries(3, "Linear [x]", "12.0", "7.8K", "1998-11-01", paper=LENET),
    *entries(4, "No number", "-", None, "2014-01-01", paper_title="A paper that is in no catalog"),
]  # fmt: skip


# -- the home --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """The catalog with its index, and a ledger with a refusal."""
    home = Paths(hubtest.home_with(tmp_path_factory.mktemp("pictures") / "home", *RECORDS))
    with Catalog.open(home.catalog, write=True) as catalog, catalog.transaction():
        for source, state, at, more in (
            ("arxiv_rss", "done", "2024-06-15T09:30:00+00:00", {}),
            ("github", "done", "2024-06-12T09:30:00+00:00", {}),
            ("arxiv_oai", "refused", "2024-06-15T11:20:00+00:00", {
                "position": json.dumps({"pending": [["page", {}]] * 7, "done": [], "count": 3}),
                "note": "429: Rate exceeded", "next_allowed": "2024-06-15T12:42:00+00:00",
            }),
        ):  # fmt: skip
            row = ledger.begin(catalog, source, f"from {source}", at, at[:10])
            ledger.note(
                catalog, row, state=state, counts=Counts(), skipped=Counter[str](),
                finished_at=at, **{"position": None, **more},
            )  # fmt: skip
    return home


@pytest.fixture
def home(built: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """A copy for each test, in a fixed time zone; children find it too."""
    shutil.copytree(built.home, tmp_path / "hub-home")
    kept.save(Paths(tmp_path / "hub-home"), kept.State(welcomed=True))
    keep_own(Paths(tmp_path / "hub-home"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HUB_OFFLINE", "0")
    time.tzset()
    with still():
        yield Paths(tmp_path / "hub-home")
    monkeypatch.undo()
    time.tzset()


def keep_own(home: Paths) -> None:
    """A library as it stands after some use, its days fixed and its notes named."""
    with Library.open(home.library, write=True) as library:
        library.keep("arxiv:1512.03385", favourite=True, reading="read", tags=["vision", "经典"])
        library.keep("arxiv:1512.03385", note="Try the [second] block first.\n先读第二节。")
        library.keep("dataset:mnist", reading="to-read", tags=["first-steps"])
        library.keep("framework:pytorch", favourite=True)
        library.keep("arxiv:9999.99999", note="Not in the catalog any more.")
    days = "'2024-06-' || printf('%02d', 15 - rowid) || 'T10:00:00.000+00:00'"
    with sqlite3.connect(home.library) as db:
        db.execute(f"UPDATE library_entry SET added_at = {days}, changed_at = {days}")
        db.execute(f"UPDATE library_note SET id = 'note' || rowid, added_at = {days}, changed_at = {days}")  # fmt: skip
    db.close()


def a_run(seed: int, value: float) -> dict[str, Any]:
    """A run of LeNet-5 in this month, with a curve one can see."""
    steps = range(0, 3_753, 134)
    curve = [{"step": step, "loss": round(2.3 / (1 + step / 150), 4)} for step in steps]
    return record(
        seed, value, curve=curve, started_at=f"2024-06-1{seed}T10:00:00+00:00",
        finished_at=f"2024-06-1{seed}T10:00:41+00:00",
    )  # fmt: skip


# -- the scenes ------------------------------------------------------------------------------

Scene = Callable[[HubApp, Pilot[None]], Awaitable[Callable[[], object]]]
"""Brings the screen up from the main one, and returns what says that it is there."""

SCENES: dict[str, Scene] = {}


def scene(name: str) -> Callable[[Scene], Scene]:
    def added(function: Scene) -> Scene:
        SCENES[name] = function
        return function

    return added


def browse(tab: int) -> Scene:
    async def up(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
        await pilot.press(str(tab))
        return lambda: listed(app)

    return up


for at, tab in enumerate("all papers datasets frameworks tasks methods repositories".split()):
    SCENES[f"browse-{tab}"] = browse(at)


@scene("browse-library-empty")
async def library_empty(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    for path in app.paths.home.glob("library.db*"):
        path.unlink()
    await pilot.press("7")
    return lambda: table(app).tab == "Library" and table(app).count == 0


@scene("browse-library")
async def library_filled(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("7")
    return lambda: table(app).tab == "Library" and table(app).count == 4


@scene("browse-two-lines")
async def two_lines(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    app.state.comfortable = False
    await pilot.press("1", "v", "space", "space")
    return lambda: table(app).comfortable and len(table(app).marked) == 2


@scene("browse-facets")
async def facets(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("1")
    if not app.state.facets:
        await pilot.press("f")
    panel = app.screen.query_one(FacetPanel)
    app.screen.toggle("category", "cs.CV")  # type: ignore[attr-defined]
    return lambda: (
        table(app).count == 2
        and any(one.name == "category" and one.value == "cs.CV" for one in panel.facets)
        and panel.question == app.screen_stack[0].question  # type: ignore[attr-defined]
    )


@scene("search")
async def found(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("slash")
    app.screen.query_one(SearchInput).insert_text_at_cursor("residual")
    return lambda: "Residual" in listed(app) and table(app).answer.question.text == "residual"  # type: ignore[union-attr]


@scene("search-chinese")
async def found_chinese(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("slash")
    app.screen.query_one(SearchInput).insert_text_at_cursor("注意力机制")
    return lambda: "attention" in shown(app) and table(app).count


@scene("search-nothing")
async def found_nothing(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("slash")
    app.screen.query_one(SearchInput).insert_text_at_cursor("xyzzy")
    return lambda: table(app).count == 0


def opened(key: str, *keys: str) -> Scene:
    async def up(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
        app.open_key(key)
        await until(pilot, lambda: isinstance(app.screen, Detail) and app.screen.value is not None)
        await pilot.press(*keys)
        charts = lambda: not app.screen.curves(app.screen.value) or app.screen.query("Chart")  # type: ignore[attr-defined]  # noqa: E731
        return charts

    return up


for name, key in {
    "paper": "arxiv:1512.03385",
    "paper-withdrawn": "arxiv:2402.00004",
    "dataset": "dataset:mnist",
    "framework": "framework:pytorch",
    "task-tree": "task:image-classification",
    "leaderboard": MNIST.key,
    "method": "method:resnet",
    "repository": "github:kaiminghe/deep-residual-networks",
}.items():
    SCENES[name] = opened(key)


@scene("not-there")
async def not_there(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    app.open_key("dataset:mnits")
    return lambda: isinstance(app.screen, Detail) and app.screen.failed is not None


@scene("comparison")
async def comparison(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("3")
    await until(pilot, lambda: table(app).tab == "Frameworks & tools" and table(app).entry)
    await pilot.press("space", "space", "c")
    await until(pilot, lambda: isinstance(app.screen, Comparison))
    table(app).marked.clear()
    return lambda: "BSD-3-Clause" in shown(app)


# What this machine has (memory, torch, a folder of data) goes into the screens as a value, once they
# have read their own: the pictures are of a machine with 8 GB free that holds the digits.


def of_a_machine(able: runnable.Able) -> runnable.Able:
    return replace(able, torch=True, memory=8_000_000_000, speed=None)


def with_data(datasets: Any) -> dict[str, runnable.Data]:
    return {
        name: replace(one, folder=f"/data/{name}" if one.package else None)
        for name, one in datasets.items()
    }


@scene("baselines")
async def baselines(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("8")
    await until(pilot, lambda: app.screen.query(BaselinesPane))
    pane = app.screen.query_one(BaselinesPane)
    await until(pilot, lambda: pane.known and pane.datasets)
    assert pane.known is not None
    pane.post_message(BaselinesKnown(of_a_machine(pane.known)))
    pane.post_message(DataFound(with_data(pane.datasets)))
    await until(pilot, lambda: pane.known and pane.known.memory == 8_000_000_000)
    pane.table.go_to("mnist_lenet")
    return lambda: "LeNet" in shown(app) and app.focused is pane.table


@scene("baseline")
async def baseline(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    screen = BaselineScreen("mnist_lenet")
    app.push_screen(screen)
    await until(pilot, lambda: screen.known and screen.datasets)
    assert screen.known is not None
    screen.post_message(BaselinesKnown(of_a_machine(screen.known)))
    screen.post_message(DataFound(with_data(screen.datasets)))
    await until(pilot, lambda: screen.known and screen.known.memory == 8_000_000_000)
    return lambda: app.screen is screen


@scene("start-run")
async def start_run(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    screen = StartRun("dataset:mnist")
    app.push_screen(screen)
    await until(pilot, lambda: screen.known)
    assert screen.known is not None
    outcome = (of_a_machine(screen.known), with_data(screen.datasets))
    screen.known = None
    screen.post_message(StartRun.Known(outcome))
    return lambda: screen.known and "8.0 GB" in shown(app)


@scene("run-kept")
async def run_kept(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    app.push_screen(KeptScreen(a_run(1, 1.02)))
    return lambda: app.screen.query("#curves #loss")


@scene("run-live")
async def run_live(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    """The second of three seeds, 17 seconds after the start: a training that nobody carries out."""
    job = Training(app.paths, app.lang, [Wish("mnist_lenet", seed) for seed in (1, 2, 3)])
    job.state, job.at, job.records, job.ended = "going", 1, [a_run(1, 1.02)], job.began + 17
    job.comparison = comparison_of(
        "mnist_lenet", job.records, [a_run(1, 1.02) | {"imported": False}]
    )
    for step in range(1, 1_003, 20):
        loss = round(2.3 / (1 + step / 150), 4)
        job._look(
            {
                "step": step,
                "total": 3_752,
                "epoch": step // 469,
                "seconds": step / 92,
                "values": {"loss": loss},
            }
        )
    app.running.jobs[:] = [job]
    app.push_screen(RunScreen(job))
    return lambda: app.screen.query("#curves #loss")


@scene("sources")
async def sources(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("9")
    await until(pilot, lambda: app.screen.query(SourcesPane))
    pane = app.screen.query_one(SourcesPane)
    await until(pilot, lambda: pane.table.values and pane.fresh is not None)
    fresh = {"arxiv_snapshot": (21, 2), "curated": (14, 2)}
    pane.post_message(SourcesPane.Counted(fresh))
    pane.table.go_to("arxiv_oai")
    return lambda: (
        pane.fresh == fresh and pane.table.key == "arxiv_oai" and app.focused is pane.table
    )


@scene("help")
async def help_(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("question_mark")
    return lambda: isinstance(app.screen, HelpScreen)


@scene("palette")
async def palette(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    await pilot.press("ctrl+p", *"resn")
    return lambda: "ResNet" in shown(app)


@scene("welcome")
async def welcome(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
    app.push_screen(WelcomeScreen())
    return lambda: isinstance(app.screen, WelcomeScreen)


def window(kind: type[Any], *keys: str) -> Scene:
    """A window over the screen of a paper."""

    async def up(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
        await opened("arxiv:1512.03385")(app, pilot)
        await until(pilot, lambda: cast("HubScreen", app.screen).chosen)
        await pilot.press(*keys)
        return lambda: isinstance(app.screen, kind)

    return up


SCENES |= {
    "window-tags": window(TagScreen, "t"),
    "window-note": window(NoteScreen, "n"),
    "window-copy": window(CopyScreen, "y"),
}


def wearing(theme: Theme, up: Scene) -> Scene:
    """The same in other colours."""

    async def dressed(app: HubApp, pilot: Pilot[None]) -> Callable[[], object]:
        app.wear(theme.name)
        return await up(app, pilot)

    return dressed


SCENES |= {
    f"{name}-{theme.name.removeprefix('hub-')}": wearing(theme, SCENES[name])
    for theme in (LIGHT, CONTRAST)
    for name in ("browse-papers", "leaderboard")
}


# -- the pictures ----------------------------------------------------------------------------


class Pictures(SingleFileSnapshotExtension):
    """A text file for each screen."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


async def anew(app: HubApp, pilot: Pilot[None], lang: str) -> None:
    """Back to the main screen as it was at the start, in another language."""
    app.state.filters.clear()
    app.go("All")
    await until(pilot, lambda: len(app.screen_stack) == 1)
    main = app.screen
    assert isinstance(main, BrowseScreen)
    main.query_one(SearchInput).value = ""
    main.action_unfilter()
    table(app).marked.clear()
    main.set_focus(table(app))
    await app.action_language(lang)
    await at_rest(app, pilot, lambda: listed(app))


@pytest.mark.parametrize("name", SCENES)
def test_screen_looks_as_it_did(home: Paths, name: str, snapshot: SnapshotAssertion) -> None:
    folder = os.environ.get("PICTURES")

    async def main() -> str:
        taken: dict[str, str] = {}
        app = HubApp(home, "en", asked=True)
        async with driven(app, SIZES[0]) as pilot:
            await until(pilot, lambda: listed(app))
            for lang in ("en", "zh"):
                if lang != app.lang:
                    await anew(app, pilot, lang)
                ready = await SCENES[name](app, pilot)
                # Of the size that it has first: a screen is brought up in a large and in a small terminal.
                for size in sorted(SIZES, key=lambda size: size != app.size):
                    if size != app.size:
                        await pilot.resize_terminal(*size)
                    await until(pilot, lambda size=size: app.size == size)
                    svg, title = await settled(app, pilot, ready), f"{lang} {size[0]}x{size[1]}"
                    taken[title] = compact(svg, size)
                    if folder:
                        keep_svg(Path(folder), f"{name}.{title.replace(' ', '.')}", svg)
        titles = (f"{lang} {columns}x{lines}" for lang in ("en", "zh") for columns, lines in SIZES)
        return "".join(f"== {title}\n{taken[title]}" for title in titles)

    assert asyncio.run(main()) == snapshot(extension_class=Pictures)
