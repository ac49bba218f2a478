"""The report stands alone, says what the comparison says, and takes nobody's text for markup."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hub import plots
from hub.library import Library
from hub.report import Chapter, page
from hub.runs import comparison
from tests.hubtest import run
from tests.runtest import record

WHEN = datetime(2026, 11, 26, 10, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script>"><img src=http://evil.example/x onerror=alert(1)> $\\frac{a}{ \x1b[2J'
drawing = pytest.mark.skipif(
    not plots.there(), reason="matplotlib is not installed: no picture was drawn"
)


def chapter(
    *runs: dict[str, Any], foreign: tuple[dict[str, Any], ...] = (), **more: Any
) -> Chapter:
    said = [{**one, "imported": False} for one in runs]
    told = {"title": "LeNet-5", "path": "/recipes/mnist_lenet.py", **more}
    return Chapter(
        comparison=comparison("mnist_lenet", said), runs=tuple(said), foreign=foreign, **told
    )


def written(*chapters: Chapter) -> str:
    return page(chapters, None, when=WHEN, hub="0.1.0")


class Seen(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


THREE = (record(1, 0.90), record(2, 0.95), record(3, 1.0))


def test_report_puts_claimed_beside_measured_with_verdict_and_reasons() -> None:
    seen = Seen(written(chapter(*THREE)))
    for words in (
        "0.95 % error", "0.95 ± 0.05 (n = 3)", "+0.00 (allowed ±0.15)", "REPRODUCED",
        "open recipe", "1: 0.90, 2: 0.95, 3: 1.00", "ab" * 32, "AMD EPYC", "2.13.0+cpu",
        "/recipes/mnist_lenet.py", "A note.",
    ):  # fmt: skip
        assert words in seen.text, words


def test_report_asks_no_host_and_runs_no_script() -> None:
    body = written(chapter(*THREE))
    seen = Seen(body)
    names = {tag for tag, _ in seen.tags}
    assert names & {"script", "link", "iframe", "object", "embed", "base", "form"} == set()
    (policy,) = (
        said["content"]
        for tag, said in seen.tags
        if said.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy and "default-src 'none'" in policy and "unsafe" not in policy
    for tag, said in seen.tags:
        assert not {name for name in said if name.startswith("on") or name == "style"}, tag
        for name in ("src", "srcset", "href"):
            if name in said:
                assert str(said[name]).startswith(("data:image/svg+xml;base64,", "#")), said[name]


def test_styles_are_those_that_the_policy_names() -> None:
    from hashlib import sha256

    body = written(chapter())
    style = body.split("<style>")[1].split("</style>")[0]
    assert base64.b64encode(sha256(style.encode()).digest()).decode() in body.split("<style>")[0]
    assert "url(" not in style and "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_hostile_text_stays_text() -> None:
    from hub import run_record

    curve = [{"step": 1, HOSTILE: 1.0}, {"step": 2, HOSTILE: 0.5}]
    one = record(notes=[HOSTILE], environment={**record()["environment"], "processor": HOSTILE})
    foreign = record(7, notes=[HOSTILE])
    seen = Seen(written(chapter({**one, "curve": curve}, foreign=(foreign,), title=HOSTILE)))
    assert "<script>alert(1)</script>" in seen.text
    assert "\x1b" not in seen.text
    assert {tag for tag, _ in seen.tags} & {"script"} == set()
    assert [said for tag, said in seen.tags if tag == "img" and "onerror" in said] == []
    with pytest.raises(Exception, match="control characters"):
        run_record.check(foreign)


@drawing
def test_curves_are_drawn_for_both_backgrounds_without_script_or_address() -> None:
    seen = Seen(written(chapter(*THREE)))
    pictures = [
        base64.b64decode(str(said.get("src") or said.get("srcset")).partition(",")[2]).decode()
        for tag, said in seen.tags
        if tag in ("img", "source")
    ]
    assert len(pictures) == 2 and pictures[0] != pictures[1]
    for picture in pictures:
        assert "<script" not in picture and "claimed" in picture and "seed 3" in picture
        # Names of formats only: nothing that is fetched.
        assert re.findall(r'(?:href|src)="(?!#)', picture) == []


@drawing
def test_the_same_runs_give_the_same_page_to_the_byte() -> None:
    assert written(chapter(*THREE)) == written(chapter(*THREE))


@drawing
@pytest.mark.parametrize(
    "curve", [[], [{"step": 1, "loss": 1.0}], [{"step": 1, "loss": 0.0}, {"step": 9, "loss": -1.0}]]
)
def test_any_curve_can_be_drawn(curve: list[dict[str, float]]) -> None:
    one = chapter(record(curve=curve))
    assert plots.png(one.comparison, one.runs).startswith(b"\x89PNG")


def test_runs_of_somebody_else_stand_apart() -> None:
    body = written(chapter(THREE[0], foreign=(record(9, 4.2, id="f00d00000000"),)))
    assert "Runs of somebody else, in no verdict" in body
    assert "f00d00000000" in body and "n = 1" in body


# -- the command ------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with Library.open(tmp_path / "home" / "library.db", write=True) as own:
        for one in THREE:
            own.keep_run(one)
    yield tmp_path / "home"


def test_report_is_written_where_it_is_wanted(home: Path, tmp_path: Path) -> None:
    said = run("report", home=home)
    assert (said.code, said.lines) == (0, [str(home / "report.html")])
    assert "REPRODUCED" in (home / "report.html").read_text("utf-8")
    file = tmp_path / "new folder" / "r.html"
    assert run("report", "mnist_lenet", "-o", file, home=home).lines == [str(file)]
    assert "mnist_fast" not in file.read_text("utf-8")
    assert run("report", "-o", "-", home=home).out.startswith("<!doctype html>")
    assert run("report", "mnist_lent", home=home).code == 4
    assert run("report", "-o", home / "library.db" / "r.html", home=home).code == 1


def test_report_in_chinese(home: Path) -> None:
    said = run("--lang", "zh", "report", "-o", "-", home=home)
    assert '<html lang="zh-CN">' in said.out
    for words in ("原文与实测", "已复现", "本机的运行", "如何理解结论"):
        assert words in said.out, words


@drawing
def test_pictures_are_written_one_a_baseline(home: Path, tmp_path: Path) -> None:
    assert run("report", "--png", tmp_path / "png", home=home).code == 0
    (picture,) = (tmp_path / "png").iterdir()
    assert picture.name == "mnist_lenet.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_there_are_tables_and_a_sentence(home: Path, tmp_path: Path) -> None:
    import os

    from tests.hubtest import environment

    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['matplotlib'] = None\n")
    there = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{environment(home)['PYTHONPATH']}"}
    said = run("report", home=home, **there)
    assert said.code == 0
    assert "pip install 'deep-learning-hub[reproduce]'" in said.err
    assert "REPRODUCED" in (home / "report.html").read_text("utf-8")
    said = run("report", "--png", tmp_path / "png", home=home, **there)
    assert said.code == 1 and "matplotlib is not installed" in said.err


def test_report_before_anything_was_measured_says_so(tmp_path: Path) -> None:
    said = run("report", "-o", "-", home=tmp_path / "empty")
    assert said.code == 0
    assert "Nothing was measured here yet" in said.out and "0.95 % error" in said.out
