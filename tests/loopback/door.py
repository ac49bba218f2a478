"""What the tests of the network door share: a server of things, a client, and what it raises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers.client import Client, Refusal
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
