"""Event files: what TensorBoard's own reader finds in them is what the run says."""

import importlib.util
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from hub import events
from hub.library import Library
from tests.hubtest import command, environment, run
from tests.runtest import record

there = importlib.util.find_spec("tensorboard") is not None
tensorboard_needed = pytest.mark.skipif(
    not there, reason="tensorboard is not installed: its own reader did not check the event files"
)


@tensorboard_needed
def test_tensorboard_reads_the_curve_and_the_number_that_were_written(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    curve = [{"step": 1, "loss": 2.5}, {"step": 300, "loss": 0.25, "validation accuracy": 98.5}]
    one = record(curve=curve, steps=90_000)
    path = events.write(tmp_path, one)
    found = list(EventFileLoader(str(path)).Load())
    assert found[0].file_version == "brain.Event:2"
    scalars = [
        (event.step, value.tag, value.tensor.float_val[0])
        for event in found
        for value in event.summary.value
    ]
    assert scalars == [
        (1, "loss", 2.5),
        (300, "loss", 0.25),
        (300, "validation accuracy", 98.5),
        (90_000, "measured error", pytest.approx(0.93)),
    ]
    assert found[-1].wall_time == 1795687261.0  # 2026-11-26T10:01:01 UTC


def test_records_are_framed_with_the_checksums_of_their_bytes() -> None:
    # RFC 3720, B.4: CRC-32C of 32 zeros is 8a9136aa; masked as TensorFlow's record_writer does.
    crc = 0x8A9136AA
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert events._checksum(bytes(32)) == masked.to_bytes(4, "little")


def test_the_same_run_gives_the_same_file_and_lies_under_its_name(tmp_path: Path) -> None:
    path = events.write(tmp_path, record())
    body = path.read_bytes()
    assert events.write(tmp_path, record()) == path and path.read_bytes() == body
    assert path.parent.relative_to(tmp_path) == Path("mnist_lenet/seed-1-full-000000000001")
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_value_beyond_single_precision_is_infinite_not_an_error(tmp_path: Path) -> None:
    events.write(tmp_path, record(curve=[{"step": 1, "loss": 1e300}, {"step": 2, "loss": -1e300}]))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Library.open(tmp_path / "home" / "library.db", write=True) as own:
        own.keep_run(record())
    return tmp_path / "home"


@tensorboard_needed
@pytest.mark.timeout(120)
def test_tensorboard_serves_this_machine_alone_until_it_is_asked_to_end(home: Path) -> None:
    child = subprocess.Popen(
        command("runs", "tensorboard", "--port", "0"),
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        address = child.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}data/runs", timeout=30) as answer:
            assert answer.status == 200
        child.send_signal(signal.SIGINT)
        assert "Traceback" not in child.communicate(timeout=30)[1]
    finally:
        if child.poll() is None:
            child.kill()
    assert child.returncode == 0
    with pytest.raises(OSError):
        urllib.request.urlopen(address, timeout=5)


def test_without_tensorboard_one_sentence_says_how_to_get_it(home: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['tensorboard'] = None\n")
    path = f"{tmp_path}{os.pathsep}{environment(home)['PYTHONPATH']}"
    said = run("runs", "tensorboard", home=home, PYTHONPATH=path)
    assert (said.code, said.out) == (1, "")
    assert "TensorBoard is not installed" in said.err
    assert "pip install 'deep-learning-hub[tensorboard]'" in said.err


def test_without_a_run_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert run("runs", "tensorboard", home=tmp_path / "empty").code == (4 if there else 1)
