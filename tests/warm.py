"""`hub` in real processes that have its modules from the start: forked from one that imported them, in some
hundredths of a second instead of some tenths each. `python -m tests.warm` is that one."""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import site
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import crawlers
import hub

ORDER = 1 << 17
"""Most bytes of one order: a command line and its environment."""


@cache
def _server() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """The process that forks, and the way to it; it ends when this one does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"],
            stdin=its,
            stdout=subprocess.PIPE,  # as those of a command: Python chooses at its start how it writes
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            cwd=Path(hub.__file__).parent.parent,
            start_new_session=True,
        )
    return ours, server


def run(
    words: list[str], environment: dict[str, str], given: bytes, cwd: Path, seconds: float
) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and stderr of `hub WORDS`, both of them pipes."""
    order = json.dumps([words, environment, str(cwd)]).encode()
    way, server = _server()
    pipes = [os.pipe() for _ in range(3)]  # its stdout, its stderr, what the server says of it
    with tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        its_ends = [mouth for _, mouth in pipes]
        socket.send_fds(way, [order], [stdin.fileno(), *its_ends])
    for mouth in its_ends:
        os.close(mouth)
    got = {ear: bytearray() for ear, _ in pipes}
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as ahead:
        for ear in got:
            ahead.register(ear, selectors.EVENT_READ)
        while ahead.get_map():
            ready = ahead.select(until - time.monotonic())
            if not ready and time.monotonic() > until:
                os.kill(int(bytes(got[pipes[2][0]]).split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired(["hub", *words], seconds)
            for key, _ in ready:
                part = os.read(key.fd, 1 << 16)
                got[key.fd] += part
                if not part:
                    ahead.unregister(key.fd)
                    os.close(key.fd)
    out, err, told = (bytes(part) for part in got.values())
    assert told, server.communicate()
    return int(told.split()[1]), out, err


# -- the process that forks -------------------------------------------------------------------


def _serve(way: socket.socket) -> None:
    """Forks for every order; only what is forked comes back from here, and is the command."""
    # The command line itself is left to the command: it chooses its language as it is imported.
    left = ("hub.__main__", "hub.cli", "hub.tui")
    for package in (hub, crawlers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(left):
                importlib.import_module(module.name)
    for name in ("typer", "sklearn.feature_extraction.text"):
        importlib.import_module(name)
    assert not importlib.import_module("hub.text")._set.cache_info().currsize
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that wait below are waited for by nobody
    while True:
        order, fds, _, _ = socket.recv_fds(way, ORDER, 4)
        if not order:
            sys.exit()
        if os.fork() == 0:
            break
        for fd in fds:
            os.close(fd)
    way.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, told = fds
    child = os.fork()
    if child:
        for fd in (0, 1, 2, *streams):
            os.close(fd)
        os.write(told, f"{child} ".encode())
        os.write(told, str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        os._exit(0)
    os.close(told)
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    words, environment, cwd = json.loads(order)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv[1:] = words
    # What Python does at its start with a path that somebody names.
    sys.path[:1] = environment["PYTHONPATH"].split(os.pathsep)
    importlib.invalidate_caches()
    site.execsitecustomize()


def _leave(code: list[int]) -> None:
    """Ends the process at once: what Python would take down at its end came from the one that forked it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code[0])


if __name__ == "__main__":
    code = [1]
    atexit.register(_leave, code)  # the first one that is registered is the last one that is called
    _serve(socket.socket(fileno=os.dup(0)))
    try:
        runpy.run_module("hub", run_name="__main__", alter_sys=True)
        code[0] = 0
    except SystemExit as ended:
        code[0] = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        raise
