"""A flag wins over HUB_*, that over config.toml, that over the default; nothing wrong is kept."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.errors import UsageError
from hub.paths import paths
from hub.settings import NAMES, Settings, language, load, parsed, save
from tests.hubtest import ROOT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_the_defaults_hold(file: Path) -> None:
    assert load(file) == (Settings(), ())
    assert not file.exists()


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('limit = 5\nlang = "zh"\npager = false\n')
    assert load(file)[0] == Settings(limit=5, lang="zh", pager=False)
    monkeypatch.setenv("HUB_LIMIT", "7")
    monkeypatch.setenv("HUB_PAGER", "yes")
    assert load(file)[0] == Settings(limit=7, lang="zh", pager=True)
    monkeypatch.setenv("HUB_LIMIT", "")
    assert load(file)[0].limit == 5, "set to nothing is not set"


def test_every_setting_can_be_saved_and_read_again(file: Path) -> None:
    typed = {"lang": "zh", "offline": "true", "limit": "50", "pager": "no", "datasets_dir": "/d é",
             "categories": "cs.RO cs.SD", "contact": "me@example.org"}  # fmt: skip
    assert set(typed) == set(NAMES), "a new setting needs a value here"
    for name, text in typed.items():
        save(file, name, parsed(name, text))
    read = dataclasses.asdict(load(file)[0])
    assert read == {
        "lang": "zh", "offline": True, "limit": 50, "pager": False, "datasets_dir": "/d é",
        "categories": "cs.RO cs.SD", "contact": "me@example.org",
    }  # fmt: skip


def test_saving_keeps_comments_and_order(file: Path) -> None:
    file.write_text('# mine\nlimit = 5  # five\nother = "kept"\n')
    save(file, "limit", 6)
    assert file.read_text() == '# mine\nlimit = 6  # five\nother = "kept"\n'
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_an_unknown_name_is_a_note_with_the_nearest_one(file: Path) -> None:
    file.write_text("limti = 5\n")
    settings, wrong = load(file)
    assert settings == Settings()
    assert len(wrong) == 1 and "'limit'" in wrong[0]
    with pytest.raises(UsageError, match="did you mean 'offline'"):
        parsed("ofline", "true")


@pytest.mark.parametrize(
    "text",
    ["limit = 0", "limit = 10001", "limit = true", 'limit = "5"', 'lang = "fr"', "lang = 1",
     'offline = "yes"', "pager = 1", "= 5", "limit = ", 'lang = "zh', "\x00"],
)  # fmt: skip
def test_a_wrong_value_or_a_broken_file_is_a_usage_error(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load(file)
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_utf8_is_a_usage_error(file: Path) -> None:
    file.write_bytes(b"lang = \xff\xfe")
    with pytest.raises(UsageError, match=r"config\.toml"):
        load(file)


@pytest.mark.parametrize(
    ("name", "text"),
    [("limit", "-1"), ("limit", "1.5"), ("limit", "²"), ("pager", "maybe"), ("lang", "")],
)
def test_a_wrong_word_is_a_usage_error(name: str, text: str) -> None:
    with pytest.raises(UsageError):
        parsed(name, text)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {}, "en"),
        ([], {"LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_TW"}, "zh"),
        ([], {"LC_ALL": "de_DE", "LANG": "zh_CN"}, "en"),
        ([], {"HUB_LANG": "en", "LC_ALL": "zh_CN"}, "en"),
        (["--lang", "zh"], {"HUB_LANG": "en"}, "zh"),
        (["--lang=en"], {"HUB_LANG": "zh"}, "en"),
        (["search", "--", "--lang", "zh"], {}, "en"),
    ],
)
def test_the_language_is_the_flag_then_the_environment_then_the_locale(
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    expected: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["hub", *arguments])
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_a_broken_file_does_not_keep_messages_from_being_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths().home.mkdir(parents=True)
    paths().config.write_text("lang = [")
    monkeypatch.setattr(sys, "argv", ["hub"])
    assert language() == "en"


def test_the_home_is_hub_home_or_the_folder_of_the_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUB_HOME", "~/somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths().home == tmp_path / "somewhere"
    monkeypatch.delenv("HUB_HOME")
    assert paths().home.is_relative_to(tmp_path)
    assert paths().home.name == "deep-learning-hub"


def test_a_save_killed_at_any_moment_leaves_the_old_file_or_the_new_one(file: Path) -> None:
    file.write_text("limit = 1\n" + "# padding\n" * 2_000)
    code = (
        "import sys; from pathlib import Path; from hub.settings import save\n"
        "for n in range(1, 10**6): save(Path(sys.argv[1]), 'limit', n % 9000 + 1)"
    )
    for pause in (0.2, 0.35, 0.5):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(file)], env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert load(file)[1] == ()
        assert file.read_text().count("# padding") == 2_000
