"""The pictures of README.md are there, small and on their own, and the script that makes them still runs."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests import screenshots
from tests.hubtest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
SHOWN = re.findall(r"!\[([^\]]*)\]\((screenshots/[^)]+)\)", README)
MOST_BYTES = 150_000


def test_readme_shows_every_picture_and_says_in_both_languages_what_it_shows() -> None:
    assert {path for _, path in SHOWN} == {
        f"screenshots/{name}.svg" for name in screenshots.PICTURES
    }
    for said, _ in SHOWN:
        english, chinese = said.split(" · ")
        assert english.isascii() and re.search("[\u4e00-\u9fff]", chinese)


@pytest.mark.parametrize("name", screenshots.PICTURES)
def test_a_picture_is_small_and_fetches_nothing(name: str) -> None:
    svg = (ROOT / "screenshots" / f"{name}.svg").read_text("utf-8")
    assert len(svg.encode()) < MOST_BYTES
    assert ET.fromstring(svg).tag.endswith("svg")
    for word in ("@font-face", "href", "<script", "<image", str(ROOT), "/home/", "/root/", "/tmp/"):
        assert word not in svg
    assert re.findall('https?://[^ <"]*w3.org[^ "]*', svg) == ["http://www.w3.org/2000/svg"]


def test_the_script_still_makes_a_picture(tmp_path: Path) -> None:
    screenshots.main(tmp_path, "leaderboard")
    for svg in (tmp_path / "leaderboard.svg", ROOT / "screenshots" / "leaderboard.svg"):
        said = "".join(ET.parse(svg).getroot().itertext())
        for words in ("CIFAR-10", "BiT-L (ResNet)", "99.37", "Best over time"):
            assert words in said
