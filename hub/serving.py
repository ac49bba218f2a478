"""The terminal interface in a web browser: each page that is opened has an app of its own, in a child.

There is no password. So only this machine is served unless the user says otherwise, no page of another
site may connect, and nothing on the page comes from anywhere else.
"""

import asyncio
import errno
import logging
import shlex
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from hub.errors import HubError, UsageError
from hub.text import t

LEAVING_SECONDS: Final = 25.0
"""How long an app may take to end: a training writes its checkpoint."""

_FOREIGN: Final = "https://fonts.googleapis.com/css?family=Roboto%20Mono"
"""A style sheet that the page of textual-serve asks for; the font comes with it as well."""

_FONT: Final = "static/fonts/RobotoMono-VariableFont_wght.ttf"

_SIZE: Final = {"width": 80, "height": 24}
"""Cells of a page that does not say its size."""

_host: ContextVar[str] = ContextVar("host", default="")
"""How the browser at hand names this server."""


def is_loopback(host: str) -> bool:
    """True for the names of this very machine, which nobody else can reach."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HubServer(Server):
    """textual-serve's server with a narrower door."""

    def __init__(self, host: str, port: int, ready: Callable[[], None]) -> None:
        super().__init__(_command(), host=host, port=port, title="hub", public_url="")
        self._ready = ready
        self._sessions: dict[asyncio.Task[Any], web.WebSocketResponse] = {}

    @property
    def public_url(self) -> str:
        """The address under which the browser at hand has asked: its page leads back to the same."""
        return f"http://{_host.get()}"

    @public_url.setter
    def public_url(self, value: str) -> None:
        """textual-serve sets one address for all; ours depends on the request."""

    def initialize_logging(self) -> None:
        """Only what goes wrong is said, on stderr."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._door)
        return app

    @web.middleware
    async def _door(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Lets in what asks this machine by its own name, from a page of its own."""
        origin = request.headers.get("Origin")
        if is_loopback(self.host) and not is_loopback(_name_of(request.host)):
            raise web.HTTPForbidden(text="this server answers to its own name only")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="pages of other sites may not connect")
        _host.set(request.host)
        answer: web.StreamResponse = await handler(request)
        if isinstance(answer, web.Response) and answer.content_type == "text/html":
            answer.text = _own_font(answer.text or "")
        if not answer.prepared:
            answer.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
        return answer

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """An app for this page; it ends when the page is closed, or the server."""
        socket = web.WebSocketResponse(heartbeat=15)
        await socket.prepare(request)

        async def close() -> None:
            await socket.close()

        service = AppService(
            self.command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        size = (to_int(request.query.get(name, ""), cells) for name, cells in _SIZE.items())
        await service.start(*size)
        task = asyncio.current_task()
        assert task is not None
        self._sessions[task] = socket
        try:
            await self._process_messages(socket, service)
        except (ValueError, TypeError, LookupError, AssertionError, AttributeError):
            await socket.close(message=b"not a message of the page")
        finally:
            await asyncio.shield(_ended(service))
            del self._sessions[task]
        return socket

    async def on_startup(self, app: web.Application) -> None:
        asyncio.get_running_loop().call_later(0.1, self._ready)

    async def on_shutdown(self, app: web.Application) -> None:
        """Every app is told to end, and waited for: its runs stop with a checkpoint."""
        sessions = dict(self._sessions)
        for socket in sessions.values():
            await socket.close(code=1001)
        if sessions:
            await asyncio.wait(sessions, timeout=LEAVING_SECONDS)


async def _ended(service: AppService) -> None:
    """Tells an app to end, waits until it has, and kills one that does not."""
    process = service._process
    try:
        async with asyncio.timeout(LEAVING_SECONDS - 2):
            await service.stop()
            if process is not None:
                await process.wait()
    except TimeoutError:
        if process is not None:
            process.kill()


def serve(host: str, port: int, ready: Callable[[], None]) -> None:
    """Serves until Ctrl-C. UsageError for a port or host that cannot be had."""
    # It asks for a loop of this thread, which nobody has made yet.
    asyncio.set_event_loop(asyncio.new_event_loop())
    try:
        HubServer(host, port, ready).serve()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                t("port {port} is taken by another program", port=port),
                hint=t("Choose another one: {command}", command=f"hub serve --port {port + 1}"),
            ) from error
        if error.errno == errno.EACCES:
            raise UsageError(
                t("port {port} may not be opened by this user", port=port),
                hint=t("Choose another one: {command}", command="hub serve --port 8000"),
            ) from error
        if error.errno in (errno.EADDRNOTAVAIL, None) or error.errno < 0:
            raise UsageError(
                t("{host} is no address of this machine", host=host),
                hint="hub serve --host 127.0.0.1",
            ) from error
        why = error.strerror or error
        raise HubError(
            t("cannot serve on {host}:{port}: {why}", host=host, port=port, why=why)
        ) from error


def _command() -> str:
    """What starts an app; the shell that textual-serve puts around it makes room for it."""
    program = [sys.executable, "-m", "hub.tui"]
    if sys.platform == "win32":
        return f'"{Path(sys.executable)}" -m hub.tui'
    return f"exec {shlex.join(program)}"


def _name_of(host: str) -> str:
    """`localhost` of `localhost:8000`, `::1` of `[::1]:8000`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _own_font(page: str) -> str:
    """The page with the font that lies beside it in the place of one from elsewhere."""
    start, found, rest = page.partition(_FOREIGN)
    if not found:
        return page
    before, _, _ = start.rpartition("<link")
    _, _, after = rest.partition(">")
    face = f'@font-face {{ font-family: "Roboto Mono"; src: url("{_FONT}"); }}'
    return f"{before}<style>{face}</style>{after}"
