"""What every test stands on: no network, a home of its own, and nothing of the user's environment."""

import importlib.util
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

KEPT = frozenset({"HUB_REAL_DATA", "HUB_REQUIRE_TORCH"})
"""What a person who runs the tests may set; every other HUB_* is the hub's own and is unset."""

FOREIGN = (
    "GITHUB_TOKEN GH_TOKEN LC_ALL LC_MESSAGES LC_CTYPE LANGUAGE PAGER LESS NO_COLOR FORCE_COLOR "
    "CLICOLOR_FORCE COLUMNS LINES XDG_DATA_HOME"
).split()

settings.register_profile("hub", deadline=None, derandomize=True, database=None)
settings.load_profile("hub")


class NetworkIsClosed(RuntimeError):
    """A test tried to reach a host."""


def _is_local(family: int, address: Any) -> bool:
    if family == getattr(socket, "AF_UNIX", None):
        return True
    host = address[0] if isinstance(address, tuple) and address else None
    if not isinstance(host, str):
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


# A run in the background begins with Ctrl-C ignored, and every process it starts inherits that; the
# tests that interrupt the hub need what a terminal gives.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where Python is told to keep no bytecode, every process would compile every module anew: half of what a
# command costs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Sockets connect to this machine only; fixtures of every scope are covered."""
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def guarded(name: str) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            if not _is_local(self.family, address):
                raise NetworkIsClosed(f"tests reach no host, but one tried {address!r}")
            return real[name](self, address)

        return connect

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(socket.socket, name, guarded(name))
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """English, UTF-8, nothing set; also for fixtures that live longer than one test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in FOREIGN or (name.startswith("HUB_") and name not in KEPT):
                patch.delenv(name)
        patch.setenv("LANG", "C.UTF-8")
        patch.setenv("HUB_HOME", str(tmp_path_factory.mktemp("session") / "home"))
        yield


@pytest.fixture(autouse=True)
def fresh_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_environment: None
) -> Iterator[Path]:
    """HUB_HOME of this test alone; the folder does not exist yet."""
    home = tmp_path / "hub-home"
    monkeypatch.setenv("HUB_HOME", str(home))
    # Where crawls of all homes agree on when an operator may be asked: of this test alone as well.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield home


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; without it the test is skipped."""
    named = os.environ.get("HUB_REAL_DATA")
    if not named:
        pytest.skip("HUB_REAL_DATA is not set")
    return Path(named)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the prepared catalog and index; built here where the package has none."""
    from hub import paths, seed

    if (paths.prepared() / "catalog.db").is_file():
        return paths.prepared()
    target = tmp_path_factory.mktemp("embedded") / "prepared"
    seed.build(target)
    return target


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are called by their parameter: packed ones hold the second at which they were made, and all
    processes of a run have to find the same tests."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for `real_data` carries the mark `real`. Files go from the end of the alphabet to its
    beginning, since those that take long stand there: begun last, one of them would keep a single process
    busy while the others have nothing left."""
    items.sort(key=lambda item: item.nodeid.partition("::")[0], reverse=True)
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker("real")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("torch") is None or importlib.util.find_spec("torch"):
        return
    if os.environ.get("HUB_REQUIRE_TORCH") == "1":
        pytest.fail("torch is not installed, and HUB_REQUIRE_TORCH=1 asks for it", pytrace=False)
    pytest.skip("torch is not installed")
