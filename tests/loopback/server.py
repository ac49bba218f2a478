"""The server itself: takes requests down, answers them, breaks when told to."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.loopback import arxiv, faults, github, lists
from tests.loopback.exchange import Asked, Reply
from tests.loopback.world import World, world

BASES = {
    "HUB_ARXIV_API_URL": "/api/query",
    "HUB_ARXIV_OAI_URL": "/oai",
    "HUB_ARXIV_RSS_URL": "/rss",
    "HUB_PWC_ARCHIVE_URL": "/datasets/pwc-archive/files/resolve/main",
    "HUB_PWC_API_URL": "/api/v1",
    "HUB_HF_URL": "",
    "HUB_GITHUB_API_URL": "",
    "HUB_GITHUB_WEB_URL": "",
}
"""The paths of the official base addresses, where no source says otherwise."""


class Interface(Protocol):
    """A source's way of answering."""

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        """None when the path is not its own. `twist`: one of `faults.TWISTS`, or None."""


@dataclass
class Fault:
    """What goes wrong with requests whose path begins so."""

    prefix: str
    kind: str
    times: int | None
    """How often; None: always."""
    after: int
    """How many requests go well before."""
    every: int
    """Of how many requests from then on one goes wrong, the first."""
    said: dict[str, Any]
    met: int = 0
    """How often it came about."""

    def due(self, path: str) -> bool:
        """True when it is the turn of this request to go wrong; counts it."""
        if not path.startswith(self.prefix) or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        self.after = self.every - 1
        self.times = None if self.times is None else self.times - 1
        self.met += 1
        return True


@dataclass
class Connection:
    """One TCP connection, by time.monotonic()."""

    opened: float
    closed: float | None = None

    def left(self, its: socket.socket, now: float) -> None:
        """Marks it closed where the client has closed it, though its thread has not woken to it yet."""
        try:
            with its.dup() as looked_at:
                looked_at.settimeout(0)  # a recv that may wait would wait, whatever its flags say
                gone = looked_at.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            gone = False
        except OSError:
            gone = True
        if gone:
            self.closed = now


class Loopback:
    """A server on 127.0.0.1 for the time of a `with` block."""

    def __init__(self, papers: int = 60, *, days: int = 10, page: int = 20) -> None:
        self.world: World = world(papers, days)
        self.oai = arxiv.Oai(self.world, page)
        self.github = github.Rest(self.world)
        self.huggingface = lists.HuggingFace(self.world)
        self.archive = lists.Archive(self.world)
        self.interfaces: list[Interface] = [
            self.oai,
            arxiv.Query(self.world),
            arxiv.Feed(self.world),
            lists.PapersWithCode(self.world),
            self.huggingface,
            self.archive,
            github.GraphQL(self.world, self.github),
            self.github,
            github.Trending(self.world),
        ]
        self.requests: list[Asked] = []
        self.connections: list[Connection] = []
        self.faults: list[Fault] = []
        self.given: dict[str, Reply | Callable[[Asked], Reply]] = {}
        """Answers of paths that no interface has."""
        self.sockets: dict[int, socket.socket] = {}
        """Number of a connection that stands -> its socket."""
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.port = 0
        self._server: _Server | None = None

    # -- its life --------------------------------------------------------------------------

    def __enter__(self) -> "Loopback":
        self.open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def open(self) -> None:
        """Begins to listen, on the same port as before if it did before."""
        self.closing.clear()
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Cuts every connection; from now on they are refused."""
        self.closing.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        with self.lock:
            for open_one in self.sockets.values():
                with suppress(OSError):
                    open_one.shutdown(socket.SHUT_RDWR)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Every variable of a source's base address, set to this server."""
        from crawlers.source import all_sources

        paths = dict(BASES)
        for source in all_sources():
            if source.base:
                paths[source.base.variable] = urlsplit(source.base.official).path
        return {variable: f"{self.address}{path}" for variable, path in paths.items()}

    # -- what tests tell it, and ask -------------------------------------------------------

    def fault(
        self,
        prefix: str,
        kind: str,
        times: int | None = 1,
        after: int = 0,
        every: int = 1,
        **said: Any,
    ) -> Fault:
        """From now on something goes wrong with requests whose path begins with `prefix`.

        Kinds stand in `faults.FAULTS` and `faults.TWISTS`, what can be `said` of them at their
        functions. The first fault that is due is taken.
        """
        assert kind in faults.FAULTS or kind in faults.TWISTS, kind
        fault = Fault(prefix, kind, times, after, every, said)
        self.faults.append(fault)
        return fault

    def give(self, path: str, reply: Reply | Callable[[Asked], Reply]) -> None:
        """What a path of no interface answers."""
        self.given[path] = reply

    @property
    def targets(self) -> list[str]:
        """Path and query of every request, in order."""
        return [asked.target for asked in self.requests]

    @property
    def gaps(self) -> list[float]:
        """Seconds between one request and the next."""
        times = sorted(asked.at for asked in self.requests)
        return [later - earlier for earlier, later in pairwise(times)]

    @property
    def most_connections(self) -> int:
        """How many connections stood at once at most."""
        edges = sorted(
            edge
            for one in self.connections
            for edge in ((one.opened, 1), (one.closed or time.monotonic(), -1))
        )
        open_now = most = 0
        for _, change in edges:
            open_now += change
            most = max(most, open_now)
        return most

    def reply(self, asked: Asked, twist: str | None = None) -> Reply:
        """What is answered when nothing goes wrong, or a list is twisted."""
        given = self.given.get(asked.path)
        if given is not None:
            return given(asked) if callable(given) else given
        for interface in self.interfaces:
            reply = interface.answer(asked, twist)
            if reply is not None:
                return reply
        return Reply(b'{"message": "Not Found"}', status=404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 50

    def __init__(self, address: tuple[str, int], loopback: Loopback) -> None:
        self.loopback = loopback
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: _Server
    connection: socket.socket

    @property
    def loopback(self) -> Loopback:
        return self.server.loopback

    def setup(self) -> None:
        super().setup()
        with self.loopback.lock:
            now = time.monotonic()
            for number, its in self.loopback.sockets.items():
                self.loopback.connections[number].left(its, now)
            self.number = len(self.loopback.connections)
            self.loopback.connections.append(Connection(now))
            self.loopback.sockets[self.number] = self.connection

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()
        with self.loopback.lock:
            one = self.loopback.connections[self.number]
            one.closed = one.closed or time.monotonic()
            self.loopback.sockets.pop(self.number, None)

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        asked = Asked(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
            time.monotonic(),
            self.number,
        )
        with self.loopback.lock:
            self.loopback.requests.append(asked)
            fault = next((one for one in self.loopback.faults if one.due(asked.path)), None)
        if fault is None:
            return self.send(self.loopback.reply(asked))
        if fault.kind in faults.TWISTS:
            return self.send(self.loopback.reply(asked, fault.kind))
        try:
            faults.FAULTS[fault.kind](self, asked, **fault.said)
        except OSError:
            self.close_connection = True
        return None

    do_POST = do_GET
    do_HEAD = do_GET

    def send(self, reply: Reply, *, length: int | None = None, body: bytes | None = None) -> None:
        """Head and body at once; `length` and `body` when they are to differ from the reply's."""
        content = reply.body if body is None else body
        bodiless = reply.status in (204, 304) or self.command == "HEAD"
        lines = self.head(reply, len(content) if length is None else length)
        self.connection.sendall(lines + (b"" if bodiless else content))

    def head(self, reply: Reply, length: int | None) -> bytes:
        """The status line and the headers; without a length the body ends with the connection."""
        said = {"Content-Type": reply.kind} if reply.status != 304 else {}
        if length is None:
            said["Connection"] = "close"
            self.close_connection = True
        elif reply.status not in (204, 304):
            said["Content-Length"] = str(length)
        reason = self.responses.get(reply.status, ("Made up", ""))[0]
        lines = [f"HTTP/1.1 {reply.status} {reason}"]
        lines += (f"{name}: {value}" for name, value in {**said, **reply.headers}.items())
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def reset(self) -> None:
        """Breaks the connection off: the other side sees a reset, not an end."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *words: Any) -> None:
        """Says nothing."""
