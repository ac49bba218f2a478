"""`python -m hub` and `python -m reproduce` in real processes that have their modules from the start: forked
from one that imported them, in some hundredths of a second instead of one or two. `python -m tests.warm`
is that one, and `python()` a command that stands for the interpreter.
"""

import atexit
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import selectors
import shutil
import signal
import site
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import crawlers
import hub

ORDER: Final = 1 << 17
"""Most bytes of one order: a command line and its environment."""

SERVED: Final = ("hub", "reproduce")
"""The modules that are forked; a socket for each, at which commands call."""

READ_AT_START: Final = (
    "PYTHON",
    "LC_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "TORCH_",
    "TORCHELASTIC_",
    "ATEN_",
)
"""How variables begin that Python or torch reads when it starts: who sets them gets the interpreter.
(KMP_ and TORCHINDUCTOR_ are set by what tests import.)"""

COMMAND: Final = """#!{python} -IS
import marshal, os, sys, _signal as signal, _socket

words = sys.argv[1:]
start = {{k: v for k, v in os.environ.items() if k.startswith({names}) and k != "PYTHONPATH"}}
fits = words[:1] == ["-m"] and words[1] in {served} and start == {start}
try:
    if not fits:
        raise OSError
    way = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    way.connect({folder!r} + "/" + words[1])
except OSError:
    os.execv({python!r}, [{python!r}, *words])
passed = {{signal.SIGINT, signal.SIGTERM, signal.SIGHUP}}
signal.pthread_sigmask(signal.SIG_BLOCK, passed)
fds = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1, 2))
order = marshal.dumps((words[2:], dict(os.environ), os.getcwd()))
way.sendmsg([order], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fds)])
child = int(way.recv(32))
for one in passed:
    signal.signal(one, lambda number, frame: os.kill(child, number))
signal.pthread_sigmask(signal.SIG_UNBLOCK, passed)
code = int(way.recv(32))
if code < 0:
    if code != -signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


@cache
def python() -> str:
    """The interpreter, or what does the same sooner for those modules. Its process passes signals on and
    ends as the forked one does; killed with -9 it takes that one along, a moment later."""
    if not hasattr(os, "pidfd_open"):
        return sys.executable
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm", str(folder)],
        stdin=subprocess.PIPE,  # It ends when this does.
        # Pipes, as those of a command: Python chooses at its start how it writes.
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=Path(hub.__file__).parent.parent,
        start_new_session=True,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n", server.communicate()
    start = {name: value for name, value in environment.items()
             if name.startswith(READ_AT_START) and name != "PYTHONPATH"}  # fmt: skip
    command = folder / "python"
    command.write_text(
        COMMAND.format(python=sys.executable, names=READ_AT_START, served=SERVED, start=start,
                       folder=str(folder))
    )  # fmt: skip
    command.chmod(0o755)
    return str(command)


def cold(**environment: str) -> dict[str, str]:
    """An environment in which `python()` is the interpreter itself, that finds its modules anew."""
    return {"PYTHONNOUSERSITE": "1", **environment}


# -- the process that forks -------------------------------------------------------------------


def _serve(folder: Path) -> str:
    """Forks for every order; only what is forked comes back from here: it is to run that module."""
    # The command line itself is left to the command: it chooses its language as it is imported.
    left = ("hub.__main__", "hub.cli", "hub.tui")
    for package in (hub, crawlers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(left):
                importlib.import_module(module.name)
    for name in ("typer", "sklearn.feature_extraction.text"):
        importlib.import_module(name)
    assert not importlib.import_module("hub.text")._set.cache_info().currsize
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those that wait below.
    with selectors.PollSelector() as ahead:  # Whose list, unlike epoll's, is each process's own.
        ahead.register(0, selectors.EVENT_READ)
        for module in SERVED:
            door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            door.bind(str(folder / module))
            door.listen(64)
            ahead.register(door, selectors.EVENT_READ, module)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        with_torch = False
        gc.collect()
        gc.freeze()
        while True:
            for key, _ in ahead.select():
                if key.data is None:  # The one that started this has ended.
                    os._exit(0)
                if key.data == "reproduce" and not with_torch:
                    if os.fork():  # Who does without torch is not to carry it.
                        ahead.unregister(key.fileobj)
                        continue
                    with_torch = True
                    for other in list(ahead.get_map().values()):
                        if other.data == "hub":
                            ahead.unregister(other.fileobj)
                    with suppress(ImportError):
                        import sklearn.datasets  # noqa: F401
                        import torch.distributed  # noqa: F401
                    gc.collect()
                    gc.freeze()
                assert isinstance(key.fileobj, socket.socket)
                if _forked(key.fileobj.accept()[0], folder):
                    return key.data


def _forked(way: socket.socket, folder: Path) -> bool:
    """True in the process that is to be the command; another one waits for it and tells how it ended."""
    if os.fork():
        way.close()
        return False
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    order, streams, _, _ = socket.recv_fds(way, ORDER, 3)
    child = os.fork()
    if child:
        for fd in (0, 1, 2, *streams):
            os.close(fd)
        way.send(str(child).encode())
        with selectors.DefaultSelector() as ahead:
            ended = os.pidfd_open(child)
            ahead.register(ended, selectors.EVENT_READ)
            ahead.register(way, selectors.EVENT_READ)
            if ended not in {key.fileobj for key, _ in ahead.select()}:
                os.kill(child, signal.SIGKILL)  # as its command was
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with suppress(OSError):
            way.send(str(code).encode())
        os._exit(0)
    way.close()
    os.setsid()
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    words, environment, cwd = marshal.loads(order)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv[1:] = words
    sys.executable = str(folder / "python")
    # What Python does at its start with a path that somebody names.
    sys.path[:1] = [cwd, *environment.get("PYTHONPATH", "").split(os.pathsep)]
    importlib.invalidate_caches()
    site.execsitecustomize()
    return True


def _leave(code: list[int]) -> None:
    """Ends the process at once: what Python would take down at its end came from the one that forked it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code[0])


if __name__ == "__main__":
    code = [1]
    atexit.register(_leave, code)  # the first one that is registered is the last one that is called
    module = _serve(Path(sys.argv[1]))
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code[0] = 0
    except SystemExit as ended:
        code[0] = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        raise
