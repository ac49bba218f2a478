"""The command line: one small function per command, in files by what they are for.

A command reads its arguments, calls queries, harvest or library, and renders. Heavy imports stay
inside the command that needs them.
"""

import importlib
import os
import sys


def main() -> None:
    """The `hub` command."""
    try:
        _main()
    except KeyboardInterrupt:
        # Before a command took over: nothing has begun yet.
        sys.exit(130)


def _main() -> None:
    # A title in any script must not fail on a terminal or pipe that claims to be ASCII.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    from hub.cli.frame import app, mistyped

    for module in _modules():
        importlib.import_module(f"hub.cli.{module}")
    with mistyped():
        sys.exit(app(prog_name="hub", standalone_mode=False) or 0)


_LOOK = ("search", "show", "list", "leaderboard", "browse")


def _modules() -> tuple[str, ...]:
    """The files whose commands are asked for: reading is to start at once, and needs only its own."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    if asked in _LOOK and "_HUB_COMPLETE" not in os.environ:
        return ("look",)
    return (
        "look",
        "crawl",
        "past",
        "reproduce",
        "runs",
        "report",
        "dataset",
        "change",
        "keep",
        "health",
        "serve",
    )
