"""hub dataset: every sentence, exit code and way of getting data, as a user's shell meets them."""

import gzip
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hubtest import ROOT, Said, command, environment, on_terminal, run
from tests.mirrortest import CONTENT, LARGE, SMALL, Fault, Mirror, closed_port, file_of, mirror

DECLARED = '''
"""A small dataset that is dropped in."""

from reproduce.data import Dataset, File

DATASET = Dataset(
    name={name!r},
    key="dataset:{name}",
    title="Toy",
    home="https://example.org/toy",
    licence=None,
    notice={notice!r},
    files={files!r},
    mirrors=({address!r},),
)
load = example = None
'''


@pytest.fixture
def server() -> Iterator[Mirror]:
    with mirror() as one:
        one.hold()
        yield one


@pytest.fixture
def toy(server: Mirror, tmp_path: Path) -> dict[str, str]:
    """The environment of a hub with two more datasets: toy, and toy_terms that has terms."""
    folder = tmp_path / "dropped in"
    folder.mkdir()
    files = tuple(file_of(one, content) for one, content in CONTENT.items())
    for name, notice in (("toy", None), ("toy_terms", "For research only.")):
        said = {"name": name, "notice": notice, "files": files, "address": server.address}
        (folder / f"{name}.py").write_text(DECLARED.format(**said))
    # Found as any file in reproduce/datasets is; Python reads sitecustomize before everything else.
    (tmp_path / "sitecustomize.py").write_text(
        f"import reproduce.datasets\nreproduce.datasets.__path__.append({str(folder)!r})\n"
    )
    return {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "HUB_OFFLINE": "0"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def hub(*words: object, home: Path, **more: str) -> Said:
    return run("dataset", *words, home=home, **more)


def kept(home: Path) -> dict[str, int]:
    folder = home / "datasets" / "toy"
    return {one.name: one.stat().st_size for one in folder.iterdir() if one.name != ".lock"}


WHOLE = {name: len(body) for name, body in CONTENT.items()}


# -- list, path, verify -----------------------------------------------------------------------


def test_list_says_what_there_is_its_terms_size_and_place(home: Path) -> None:
    said = hub("list", home=home)
    assert said.code == 0
    assert said.lines[0].split("\t") == ["name", "title", "licence", "size", "where"]
    rows = {line.split("\t")[0]: line.split("\t") for line in said.lines[1:]}
    assert rows["mnist"][1:] == ["MNIST", "CC-BY-SA-3.0", "55.0 MB", "not on this machine"]
    assert rows["diabetes"][2] == "unknown"
    assert rows["digits"][4].endswith("sklearn/datasets/data")
    assert "hub dataset get NAME" in said.err
    assert not home.exists(), "looking makes nothing"
    by_name = {one["name"]: one for one in hub("list", "--json", home=home).data}
    assert set(by_name) == set(rows)
    assert by_name["mnist"]["folder"] is None
    assert by_name["mnist"]["files"][0]["md5"] == "6bbc9ace898e44ae57da46a324031adb"
    assert by_name["fashion_mnist"]["key"] == "dataset:fashion-mnist"


def test_a_dataset_is_named_by_its_name_key_or_title(home: Path) -> None:
    for name in ("dataset:optdigits", "digits (scikit-learn)"):
        said = hub("path", name, home=home)
        assert said.code == 0, said.err
        assert (Path(said.out.strip()) / "digits.csv.gz").is_file()


def test_an_unknown_dataset_is_4_with_the_nearest_names(home: Path) -> None:
    said = hub("get", "fashon-mnist", home=home)
    assert (said.code, said.out) == (4, "")
    assert "no dataset fashon-mnist" in said.err
    assert "fashion_mnist  Fashion-MNIST" in said.err
    assert "hub dataset list" in said.err


def test_what_is_not_here_is_4_and_how_to_get_it(home: Path) -> None:
    for verb in ("path", "verify"):
        said = hub(verb, "mnist", home=home)
        assert (said.code, said.out) == (4, "")
        assert "MNIST is not on this machine" in said.err
        assert "hub dataset get mnist" in said.err


def test_verify_reads_every_byte(home: Path) -> None:
    said = hub("verify", "diabetes", "--json", home=home)
    assert said.code == 0
    assert [(row["file"], row["right"], row["got"]) for row in said.data] == [
        ("diabetes_data_raw.csv", True, None),
        ("diabetes_target.csv", True, None),
    ]


def test_verify_names_the_wrong_file_and_ends_with_5(
    home: Path, toy: dict[str, str], tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf" / "inner"
    shelf.mkdir(parents=True)
    (shelf / "labels.bin").write_bytes(SMALL)
    (shelf / "pictures.bin.gz").write_bytes(gzip.compress(LARGE[:-1] + b"x"))
    there = {**toy, "HUB_DATASETS_DIR": str(shelf.parent)}
    said = hub("verify", "toy", "--json", home=home, **there)
    assert said.code == 5
    right, wrong = sorted(said.data, key=lambda row: not row["right"])
    assert right["file"] == "labels.bin"
    assert wrong["path"] == str(shelf / "pictures.bin.gz")
    assert wrong["expected"] != wrong["got"]
    for word in ("pictures.bin.gz is not pictures.bin", wrong["expected"], wrong["got"]):
        assert word in said.err
    said = hub("get", "toy", home=home, **there)
    assert (said.code, said.out) == (5, "")
    assert wrong["got"] in said.err


# -- get --------------------------------------------------------------------------------------


def test_get_of_what_comes_with_a_package_downloads_nothing(home: Path) -> None:
    said = hub("get", "digits", home=home)
    assert said.code == 0
    assert said.lines == [hub("path", "digits", home=home).out.strip()]
    assert "264.7 kB, checked to the last byte" in said.err


def test_get_downloads_once_and_everybody_finds_it(
    home: Path, toy: dict[str, str], server: Mirror
) -> None:
    said = hub("get", "toy", home=home, **toy)
    assert said.code == 0, said.err
    assert said.lines == [str(home / "datasets" / "toy")]
    assert kept(home) == WHOLE
    assert hub("get", "toy", "--json", home=home, **toy).data["folder"] == said.lines[0]
    rows = hub("verify", "toy", home=home, **toy).lines[1:]
    assert [row.split("\t")[:2] for row in rows] == [["pictures.bin", "yes"], ["labels.bin", "yes"]]
    assert len(server.asked) == 2


def test_get_takes_another_base_for_the_mirrors(home: Path, toy: dict[str, str]) -> None:
    with mirror() as other:
        other.hold(packed=False)
        said = hub("get", "toy", home=home, **toy, HUB_DATASETS_URL=other.address)
    assert said.code == 0
    assert kept(home) == WHOLE


def test_get_mends_what_is_damaged_in_the_hubs_own_folder(
    home: Path, toy: dict[str, str], server: Mirror
) -> None:
    (home / "datasets" / "toy").mkdir(parents=True)
    (home / "datasets" / "toy" / "pictures.bin").write_bytes(LARGE[1:])
    (home / "datasets" / "toy" / "labels.bin").write_bytes(SMALL)
    said = hub("get", "toy", home=home, **toy)
    assert said.code == 0
    assert "fetched anew" in said.err
    assert kept(home) == WHOLE
    assert server.paths == ["/pictures.bin.gz"]


def test_get_from_a_folder_copies_checks_and_says_what_is_wrong(
    home: Path, toy: dict[str, str], tmp_path: Path, server: Mirror
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "labels.bin").write_bytes(SMALL)
    said = hub("get", "toy", "--from", mine, home=home, **toy)
    assert said.code == 4
    assert "lacks pictures.bin" in said.err
    (mine / "pictures.bin").write_bytes(b"no pictures")
    said = hub("get", "toy", "--from", mine, home=home, **toy)
    assert said.code == 5
    assert "got 11 bytes" in said.err
    (mine / "pictures.bin").write_bytes(gzip.compress(LARGE))
    said = hub("get", "toy", "--from", mine, home=home, **toy)
    assert said.code == 0, said.err
    assert kept(home) == WHOLE
    assert server.asked == []


def test_offline_is_3_and_says_what_where_and_how(home: Path, toy: dict[str, str]) -> None:
    said = run("--offline", "dataset", "get", "toy", home=home, **toy)
    assert (said.code, said.out) == (3, "")
    for word in ("Toy: pictures.bin, labels.bin", "offline by wish", "http://127.0.0.1",
                 "hub dataset get toy --from FOLDER", "HUB_DATASETS_DIR"):  # fmt: skip
        assert word in said.err


def test_no_network_is_3_wrong_bytes_are_5_and_no_disk_is_1(
    home: Path, toy: dict[str, str], server: Mirror, tmp_path: Path
) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    said = hub("get", "toy", home=home, **toy, HUB_DATASETS_URL=dead)
    assert (said.code, said.out) == (3, "")
    assert "no answer" in said.err
    server.held["/pictures.bin.gz"] = b"<html>"
    said = hub("get", "toy", home=home, **toy)
    assert (said.code, said.out) == (5, "")
    assert f"{server.address}/pictures.bin.gz is not pictures.bin" in said.err
    (tmp_path / "file").write_text("in the way")
    said = hub("get", "toy", home=tmp_path / "file", **toy)
    assert said.code == 1
    assert "cannot be written" in said.err
    assert "HUB_HOME" in said.err


def test_settings_name_the_folder_that_has_data(
    home: Path, toy: dict[str, str], tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for name, body in CONTENT.items():
        (shelf / name).write_bytes(body)
    home.mkdir()
    (home / "config.toml").write_text(f"datasets_dir = {str(shelf)!r}\n")
    assert hub("path", "toy", home=home, **toy).lines == [str(shelf)]
    shelf.rename(tmp_path / "moved")
    said = hub("path", "toy", home=home, **toy)
    assert said.code == 4
    assert f"{shelf} is no folder" in said.err


def test_ctrl_c_is_130_and_the_next_call_goes_on(
    home: Path, toy: dict[str, str], server: Mirror
) -> None:
    server.faults["/pictures.bin.gz"] = Fault("slow", value=0.05)
    child = subprocess.Popen(
        command("dataset", "get", "toy"), env=environment(home, **toy), stderr=subprocess.PIPE
    )
    while server.sent["/pictures.bin.gz"] < 100_000 and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    assert b"Traceback" not in child.communicate(timeout=20)[1]
    assert child.returncode == 130
    assert "pictures.bin.part" in kept(home)
    assert hub("get", "toy", home=home, **toy).code == 0
    assert server.asked[-1][1] is not None, "gone on with by Range"
    assert kept(home) == WHOLE


# -- terms, terminal, language ----------------------------------------------------------------


def test_terms_are_accepted_once(home: Path, toy: dict[str, str], server: Mirror) -> None:
    said = hub("get", "toy_terms", home=home, **toy)
    assert (said.code, said.out) == (2, "")
    assert "For research only." in said.err
    assert "hub dataset get toy_terms --accept" in said.err
    assert server.asked == []
    assert hub("get", "toy_terms", "--accept", home=home, **toy).code == 0
    assert "toy_terms" in (home / "datasets" / "accepted.toml").read_text()
    accepted = {
        one["name"]: one["accepted"] for one in hub("list", "--json", home=home, **toy).data
    }
    assert accepted["toy_terms"] is True


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 2)])
def test_on_a_terminal_terms_are_asked_for(
    home: Path, toy: dict[str, str], server: Mirror, answer: bytes, code: int
) -> None:
    ended, shown = on_terminal("dataset", "get", "toy_terms", home=home, keys=answer, **toy)
    assert "For research only." in shown
    assert "Do you accept these terms?" in shown
    assert ended == code
    assert bool(server.asked) == (code == 0)


def test_on_a_terminal_a_bar_grows(home: Path, toy: dict[str, str], server: Mirror) -> None:
    server.faults["/pictures.bin.gz"] = Fault("slow", value=0.02)
    ended, shown = on_terminal("dataset", "get", "toy", home=home, **toy)
    assert ended == 0
    assert "pictures.bin" in shown
    assert "kB" in shown
    assert str(home / "datasets" / "toy") in shown


def test_in_chinese_everything_is_said_in_chinese(
    home: Path, toy: dict[str, str], server: Mirror
) -> None:
    server.held["/pictures.bin.gz"] = b"<html>"

    def err(*words: str, **more: str) -> str:
        return run("--lang", "zh", "dataset", *words, home=home, **{**toy, **more}).err

    for text in (
        err("get", "toy"),
        err("get", "toy_terms"),
        err("get", "toy", "--from", "/nonexistent"),
    ):
        for line in text.splitlines():
            assert any("\u4e00" <= letter <= "\u9fff" for letter in line), text


# -- real MNIST -------------------------------------------------------------------------------


@pytest.fixture
def shelf(real_data: Path) -> dict[str, str]:
    return {"HUB_DATASETS_DIR": str(real_data)}


def test_real_mnist_is_found_verified_and_copied(
    home: Path, real_data: Path, shelf: dict[str, str]
) -> None:
    folder = str(real_data / "mnist")
    rows = hub("verify", "mnist", "--json", home=home, **shelf).data
    assert [row["right"] for row in rows] == [True] * 4
    assert not home.exists()
    assert hub("get", "mnist", "--from", folder, home=home).code == 0
    assert hub("path", "mnist", home=home).lines == [str(home / "datasets" / "mnist")]
    sizes = {one.name: one.stat().st_size for one in (home / "datasets" / "mnist").glob("*ubyte")}
    assert sum(sizes.values()) == 54_950_048
    said = hub("get", "fashion_mnist", home=home, **shelf)
    assert said.code == 3, "what there is are MNIST's bytes"
    assert "passed over" in said.err
    assert said.out == ""
