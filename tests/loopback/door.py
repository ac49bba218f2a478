"""What the tests of the network door share: a server of things, a client, and what it raises."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawlers.client import Client, Refusal
from crawlers.gate import Gate, Penalty, folder_of_machine
from crawlers.source import Request, Source, SourceError
from tests.loopback.server import Loopback
from tests.loopback.tiny import VARIABLE, loopback_of_things, tiny

SOURCE = tiny()


def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A fixture: a server of things, whose address every variable holds."""
    with loopback_of_things() as server:
        monkeypatch.setenv(VARIABLE, f"{server.address}/v1")
        for variable, address in server.environment().items():
            monkeypatch.setenv(variable, address)
        yield server


def asking(fresh_home: Path) -> Iterator[Client]:
    """A fixture: a client of the test's home."""
    client = Client(fresh_home)
    yield client
    client.close()


def refusal(client: Client, request: Request, source: Source = SOURCE) -> Refusal:
    """How it refuses."""
    with pytest.raises(Refusal) as caught:
        client.fetch(source, request)
    return caught.value


def damage(client: Client, request: Request, source: Source = SOURCE) -> SourceError:
    """What it finds wrong with the answer."""
    with pytest.raises(SourceError) as caught:
        client.fetch(source, request)
    return caught.value


def refuse(gate: Gate, resource: str, seconds: float, status: int, line: str) -> Penalty:
    """A refusal, written down in a turn as always."""
    with gate.turn("other", lambda said: None, lambda: False):
        return gate.refused(resource, seconds, status, line)


def until(true: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Waits until it is so; the process must live as long."""
    limit = time.monotonic() + 20
    while not true():
        assert process.poll() is None and time.monotonic() < limit, process.communicate()
        time.sleep(0.01)


def files() -> list[Path]:
    """Every file of times, of this home and of the machine."""
    home = Path(os.environ["HUB_HOME"])
    return sorted([*folder_of_machine().glob("*.json"), *home.glob("polite/*.json")])


def write(file: Path, said: object) -> None:
    """Puts this in the place of a file of times: a text as it is, anything else in JSON."""
    file.write_text(said if isinstance(said, str) else json.dumps(said), "utf-8")
