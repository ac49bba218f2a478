"""Real processes that have torch from the start: forked from one that imported it, in some hundredths of a
second instead of two seconds each."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

PRELOADED = "torch reproduce.run reproduce.datasets.mnist safetensors.torch pytest tests.forked"
"""Modules that every process would import: what is called stands in a file of tests, which needs pytest."""


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED.split())
    return context


def started(function: Callable[..., Any], *given: Any) -> ForkServerProcess:
    """A process of its own that calls the function; it must stand in a module."""
    process = _server().Process(target=function, args=given, daemon=True)
    process.start()
    return process


def _told(
    ear: Any, function: Callable[..., Any], settings: dict[str, str], given: tuple[Any, ...]
) -> None:
    os.environ.update(settings)
    ear.send(function(*given))


def together(
    count: int, meeting: Path, function: Callable[..., Any], *given: Any, seconds: float = 50
) -> list[Any]:
    """What the function returns in each of so many processes that can meet, in the order of ranks."""
    ways = [_server().Pipe(duplex=False) for _ in range(count)]
    processes = []
    for rank, (_, mouth) in enumerate(ways):
        settings = {
            "RANK": str(rank),
            "WORLD_SIZE": str(count),
            "LOCAL_RANK": str(rank),
            "REPRODUCE_MEETING": str(meeting),
            "GLOO_SOCKET_IFNAME": "lo",
        }
        processes.append(started(_told, mouth, function, settings, given))
        mouth.close()
    try:
        said = []
        for (ear, _), process in zip(ways, processes, strict=True):
            assert ear.poll(seconds), f"{process} says nothing"
            said.append(ear.recv())
        return said
    finally:
        for process in processes:
            process.join(5)
            process.kill()


def main(arguments: list[str], out: str, words: str) -> None:
    """`python -m reproduce` with these arguments, its stdout and stderr in files."""
    for stream, path in ((1, out), (2, words)):
        with Path(path).open("ab") as file:
            os.dup2(file.fileno(), stream)
    sys.argv = ["reproduce", *arguments]
    from reproduce.__main__ import main as its_main

    with suppress(BrokenPipeError):
        code = its_main()
        sys.stdout.flush()
    os._exit(code)
