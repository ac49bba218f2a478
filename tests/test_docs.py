"""The README says what happens: its commands run, and print what it shows.

HUB_UPDATE_DOCS=1 writes the answers anew.
"""

import os
import pty
import re
import select
import shlex
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from hub.errors import EXIT_CODES

UPDATE = bool(os.environ.get("HUB_UPDATE_DOCS"))
README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"```console\n\$ (?P<command>hub [^\n]*)\n(?P<answer>.*?)```", re.S)


def blocks() -> list[re.Match[str]]:
    return list(BLOCK.finditer(README.read_text("utf-8")))


def on_a_terminal(command: str) -> str:
    """stdout of a command on a terminal of 100 columns without colour."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 60, 100, 0, 0))
    words = [sys.executable, "-m", *shlex.split(command)]
    environment = os.environ | {"NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(words, stdout=theirs, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL, env=environment)  # fmt: skip
    os.close(theirs)
    said = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert process.wait() == 0
    return said.decode().replace("\r\n", "\n")


def without_days(text: str) -> str:
    """The text without what changes from day to day: ages, and the ids and dates of notes."""
    text = re.sub(r"\((today|yesterday|\d+ \w+ ago)\)", "(...)", text)
    return re.sub(r"note [0-9a-f]{16}|\(\d{4}-\d\d-\d\d\)", "...", text)


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block["command"])
def test_readme_commands_print_what_the_readme_shows(block: re.Match[str]) -> None:
    said = on_a_terminal(block["command"])
    if UPDATE:
        text = README.read_text("utf-8")
        README.write_text(
            text.replace(block[0], f"```console\n$ {block['command']}\n{said}```"), "utf-8"
        )
        return
    assert without_days(said) == without_days(block["answer"])


def test_readme_has_five_commands_with_answers() -> None:
    assert len([block for block in blocks() if block["answer"].strip()]) >= 5


def test_readme_states_every_exit_code() -> None:
    text = README.read_text("utf-8")
    assert [
        code for code, meaning in EXIT_CODES.items() if f"| {code} | {meaning} |" not in text
    ] == []
