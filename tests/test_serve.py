"""The browser in a web browser: a page, a session that answers keys, a narrow door, a clean end."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.hubtest import ROOT, dataset, environment, home_with, run, start
from tests.test_tui_runs import alive, children

pytest.importorskip("textual_serve")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose user has seen the welcome, which a key would answer."""
    made = home_with(tmp_path_factory.mktemp("serve") / "home", dataset("dataset:mnist", "MNIST"))
    (made / "browser.json").write_text('{"welcomed": true}', "utf-8")
    return made


class Served:
    """A server that runs, and where."""

    def __init__(self, home: Path, *words: str) -> None:
        self.port = free_port()
        self.process = start("serve", "--port", self.port, *words, home=home)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except HTTPError as error:
            return error.code, error.read().decode()

    def end(self) -> tuple[int, str]:
        """Exit code and stderr after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=40)
        return self.process.returncode, err


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    server = Served(home)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    """A server of this test alone, which may end it."""
    with serving(home) as server:
        yield server


@pytest.fixture(scope="module")
def asked(home: Path) -> Iterator[Served]:
    """A server that is only asked for pages."""
    with serving(home) as server:
        yield server


async def session(served: Served, keys: str, wanted: str, origin: str | None = None) -> str:
    """What an app paints in a session of its own, from its first byte until `wanted` came."""
    import aiohttp

    headers = {"Origin": origin} if origin else {}
    address = f"ws://127.0.0.1:{served.port}/ws?width=100&height=30"
    painted = ""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(address, headers=headers) as socket,
    ):
        typed = False
        while wanted not in painted:
            message = await asyncio.wait_for(socket.receive(), 40)
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            if message.type == aiohttp.WSMsgType.BINARY:
                painted += message.data.decode("utf-8", "replace")
            if "Papers" in painted and not typed:
                typed = True
                for key in keys:
                    await socket.send_str(json.dumps(["stdin", key]))
    return painted


def test_page_opens_an_app_that_answers_keys_and_ctrl_c_ends_them_all(served: Served):
    assert served.address == f"http://127.0.0.1:{served.port}"
    status, page = served.get()
    assert status == 200 and f"ws://127.0.0.1:{served.port}/ws" in page
    assert "googleapis" not in page, "nothing comes from anywhere else"
    assert served.get("/static/js/textual.js")[0] == 200
    assert served.get("/static/fonts/RobotoMono-VariableFont_wght.ttf")[0] == 200

    async def use() -> None:
        painted = await session(served, "9", "Daily round", f"http://127.0.0.1:{served.port}")
        assert "Papers" in painted
        before = set(children(served.process.pid))
        # A second page has an app of its own; it stays open while the server is told to end.
        other = asyncio.create_task(session(served, "", "never painted"))
        deadline = time.monotonic() + 40
        while not (apps := set(children(served.process.pid)) - before):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        code, err = await asyncio.to_thread(served.end)
        assert code == 0 and "Traceback" not in err, err
        assert not any(map(alive, apps))
        with pytest.raises((AssertionError, OSError)):
            await other

    asyncio.run(use())


def test_page_says_its_own_name_whichever_the_browser_used(asked: Served):
    _, page = asked.get(Host=f"localhost:{asked.port}")
    assert f"ws://localhost:{asked.port}/ws" in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "[::1"},
    ],
    ids=str,
)
def test_pages_of_other_sites_may_not_connect(asked: Served, headers: dict[str, str]):
    """A name that was made to lead here, or a script of another page."""
    assert asked.get("/", **headers)[0] in (400, 403)
    assert asked.get("/ws", **headers)[0] in (400, 403)
    assert not children(asked.process.pid)


def test_taken_port_and_foreign_address_say_what_to_do(home: Path):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        said = run("serve", "--port", port, home=home)
    assert said.code == 2 and f"port {port} is taken" in said.err
    assert f"hub serve --port {port + 1}" in said.err and said.out == ""
    said = run("serve", "--host", "192.0.2.1", "--port", free_port(), home=home)
    assert said.code == 2 and "no address of this machine" in said.err


def test_host_that_others_can_reach_is_warned_of(home: Path):
    server = Served(home, "--host", "0.0.0.0")
    try:
        assert server.get()[0] == 200
    finally:
        code, err = server.end()
    assert code == 0 and "no password" in err


def test_without_textual_serve_the_command_says_what_brings_it(home: Path):
    program = (
        "import sys; sys.modules['textual_serve'] = None; sys.argv = ['hub', 'serve']\n"
        "from hub.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, env=environment(home), cwd=ROOT, timeout=50,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "pip install 'deep-learning-hub[serve]'" in done.stderr


def test_message_that_is_none_ends_its_session_only(served: Served):
    import aiohttp

    async def use() -> None:
        for said in ("{", '["resize"]', '["stdin", 7]'):
            address = f"ws://127.0.0.1:{served.port}/ws"
            async with aiohttp.ClientSession() as client, client.ws_connect(address) as socket:
                await socket.send_str(said)
                while (await asyncio.wait_for(socket.receive(), 40)).type not in (
                    aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING,
                ):  # fmt: skip
                    pass

    asyncio.run(use())
    assert served.get()[0] == 200
    code, err = served.end()
    assert code == 0 and "Traceback" not in err
