"""The smallest source there can be, for tests of what every source goes through.

Its interface is a list of things in pages; the next page is named by the one before. `Things` serves
it, `tiny()` reads it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawlers.client import Refusal
from crawlers.crawl import Position, Taken
from crawlers.operators import Operator
from crawlers.records import RepositoryRecord
from crawlers.source import Answer, Base, Page, Request, Skip, Source, SourceError, Step
from tests.loopback.exchange import Asked, Reply, in_json
from tests.loopback.server import Loopback

VARIABLE = "HUB_THINGS_URL"
OFFICIAL = "https://api.things.example/v1"
OPERATOR = Operator(
    name="things",
    title="Things",
    hosts=frozenset({"api.things.example", ".files.things.example"}),
    delay=0.5,
    penalty=60.0,
    stated_at="https://things.example/limits",
    token="GITHUB_TOKEN",
    token_base=VARIABLE,
)


class Things:
    """/v1/things?page=N: {"things": [names], "total": all of them, "next": a page}."""

    def __init__(self, count: int = 30, page: int = 5) -> None:
        self.count = count
        self.page = page
        self.etags = False

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if asked.path != "/v1/things":
            return None
        number = int(asked.query["page"])
        begin = 1 if twist == "duplicate page" else (number - 1) * self.page + 1
        shown = [f"lab/thing-{one}" for one in range(begin, begin + self.page) if one <= self.count]
        onward = number + 1 if number * self.page < self.count else None
        if twist == "looping token":
            onward = number
        elif twist == "empty page":
            shown = []
        reply = in_json({"things": shown, "total": self.count, "next": onward})
        if self.etags:
            reply.headers["ETag"] = f'"page-{number}-{self.count}"'
            if asked.headers.get("if-none-match") == reply.headers["ETag"]:
                return Reply(status=304, headers=reply.headers)
        return reply


def tiny(operator: Operator = OPERATOR, variable: str = VARIABLE, fresh_for: int = 0) -> Source:
    """The source of things."""

    def request(step: Step, base_url: str) -> Request:
        url = f"{base_url}/things?page={step.said['page']}"
        return Request(url, accept=("application/json",), fresh_for=fresh_for)

    return Source(
        name="things",
        title="Things",
        licence=None,
        home="https://things.example",
        main="repository",
        operator=operator,
        base=Base(variable, OFFICIAL),
        start=lambda wish: (Step("page", {"page": 1}),),
        request=request,
        parse=parse,
    )


def parse(step: Step, answer: Answer) -> Page:
    try:
        said = json.loads(answer.body)
        things, total, onward = said["things"], said["total"], said["next"]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError("no list of things", again=True) from error
    if not things and total:
        raise SourceError("a page that promises things and has none", again=True)
    return Page(
        tuple(_record(name, answer.day) for name in things if isinstance(name, str)),
        tuple(Skip(str(name), "no name") for name in things if not isinstance(name, str)),
        (("things", len(things)),),
        next=(Step("page", {"page": onward}),) if onward else (),
    )


def _record(name: str, day: str) -> RepositoryRecord:
    return RepositoryRecord(
        key=f"github:{name}",
        name=name,
        url=f"https://github.com/{name}",
        source="things",
        retrieved_at=day,
    )


def loopback_of_things(count: int = 30, page: int = 5) -> Loopback:
    """A server that has things too."""
    server = Loopback(papers=0)
    server.interfaces.insert(0, Things(count, page))
    return server


def ask(server: Loopback, path: str = "/v1/things?page=1", **said: Any) -> Request:
    """A request to the server."""
    return replace(Request(server.address + path, accept=("application/json",)), **said)


CHILD = """
import json, sys, time
from crawlers.client import Client, Refusal, Stopped
from crawlers.source import Request, SourceError
from crawlers import client as clients, gate as gates
from pathlib import Path
from tests.loopback.tiny import tiny
import os
source = tiny()
client = Client(Path(os.environ["HUB_HOME"]), contact=os.environ.get("HUB_CONTACT"))
def ask(path="/v1/things?page=1", **said):
    base = source.base.url.removesuffix("/v1")
    return Request(base + path, accept=("application/json",), **said)
"""
"""What a child of a test begins with."""


def child(code: str, home: Path, server: Loopback, **more: str) -> "subprocess.Popen[str]":
    """Another process with a client of its own, started on `code`."""
    from tests.hubtest import environment  # a child imports this file, and has no use for the hub

    there = environment(home, **{VARIABLE: f"{server.address}/v1", **server.environment(), **more})
    return subprocess.Popen(
        [sys.executable, "-c", CHILD + code],
        env=there,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: "subprocess.Popen[str]", seconds: float = 30) -> str:
    """What a child printed; it must have ended well."""
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, err
    return out


# -- crawls of it -----------------------------------------------------------------------------

START = Position((Step("page", {"page": 1}),))


def names(taken: list[Taken]) -> list[str]:
    """Of the things that came."""
    return [record.name for one in taken for record in one.page.records]  # type: ignore[union-attr]


def pages(server: Loopback) -> list[int]:
    """The pages that were asked for, in order."""
    return [int(asked.query["page"]) for asked in server.requests]


def until_error(crawled: Iterator[Taken]) -> tuple[list[Taken], Refusal | SourceError]:
    """What came before it ended with an error, and the error."""
    taken: list[Taken] = []
    with pytest.raises((Refusal, SourceError)) as caught:
        for one in crawled:
            taken.append(one)
    assert isinstance(caught.value, Refusal | SourceError)
    return taken, caught.value
