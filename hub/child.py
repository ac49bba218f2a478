"""A process of `reproduce`: its progress, the JSON that ends it, and why it ended otherwise.

It holds the other end of a pipe of ours: when we are gone, however we went, it writes its checkpoint
and ends.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hub.errors import Damaged, HubError, NetworkError, NotFound, UsageError
from hub.text import t

ENDING_SECONDS: Final = 5.0
"""For what a child still has to say once it has ended."""

AT_ONCE_SECONDS: Final = 1.0
"""After which a child that is to end at once is killed."""


class Interrupted(Exception):
    """The user stopped the run; it can be gone on with."""


class Broken(HubError):
    """The run ended before its time; it can be gone on with from its last checkpoint."""


def told_by(lines: Iterable[str]) -> Iterator[dict[str, Any] | str]:
    """What a child writes, line by line: an object where the line is one of JSON, else the line."""
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        yield said if isinstance(said, dict) else line


def answer(
    module: str,
    *words: object,
    tell: Callable[[dict[str, Any]], None] = lambda said: None,
    stop: Callable[[], bool] = lambda: False,
    log: Path | None = None,
) -> dict[str, Any]:
    """The JSON that ends the stdout of `python -m MODULE`. What it complains of without being asked goes
    to `log`. Interrupted, Broken, HubError."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, words), "--end-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C comes to us; we pass it on once
    )
    failed: dict[str, Any] = {}
    rest: list[str] = []
    out: list[str] = []

    def listen() -> None:
        assert child.stderr is not None
        for said in told_by(child.stderr):
            if isinstance(said, str):
                rest.append(said.rstrip())
            elif "failed" in said:
                failed.update(said)
            elif "step" in said:
                tell(said)

    def read() -> None:
        assert child.stdout is not None
        out.append(child.stdout.read())

    ears = [threading.Thread(target=one, daemon=True) for one in (listen, read)]
    for ear in ears:
        ear.start()
    asked = False
    try:
        while child.poll() is None:
            if stop() and not asked:
                asked = True
                child.terminate()
            time.sleep(0.05)
    except BaseException:
        _end(child)
        raise
    finally:
        for ear in ears:
            ear.join(ENDING_SECONDS)
        assert child.stdin is not None
        child.stdin.close()
    if child.returncode == 0:
        try:
            return dict(json.loads("".join(out).strip().rpartition("\n")[2]))
        except (ValueError, TypeError):
            rest.append(t("the run ended without saying what it measured"))
    if asked and child.returncode == -signal.SIGTERM:
        raise Interrupted  # before it could listen: nothing was trained yet
    raise _why(child.returncode, failed, rest, log)


def _end(child: "subprocess.Popen[str]") -> None:
    """Ends it at once, and with it those that share its run, whom it alone can end so soon."""
    child.terminate()
    child.send_signal(signal.SIGINT)
    try:
        child.wait(AT_ONCE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _why(code: int, failed: dict[str, Any], rest: list[str], log: Path | None) -> Exception:
    """Why a child ended, as the hub's own error: its sentence, or the last words of what broke."""
    if code == 130:
        return Interrupted()
    if "failed" in failed:
        return _said(code, failed)
    if code < 0:
        why = t("memory may have run out") if code == -9 else ""
        what = t("the run was ended by signal {number}", number=-code) + (f": {why}" if why else "")
        return Broken(what)
    last = next((line for line in reversed(rest) if line.strip()), t("it said nothing"))
    hint = None
    if log is not None:
        with suppress(OSError):
            log.write_text("\n".join(rest) + "\n", "utf-8")
            hint = t("All that it said is in {path}", path=log)
    return HubError(t("the recipe failed: {why}", why=last), hint=hint)


def _said(code: int, failed: dict[str, Any]) -> HubError:
    """What a child said of its own accord, in the user's language."""
    kinds: dict[int, type[HubError]] = {2: UsageError, 3: NetworkError, 4: NotFound, 5: Damaged}
    (text, values), hint = failed["failed"], failed["hint"]
    own = {
        "NoRoom": t("Free some space, or set HUB_HOME to a folder of your own."),
        "OtherRun": t("--anew throws it away and begins again."),
    }
    said = own.get(failed["kind"]) or (t(hint[0], **hint[1]) if hint else None)
    kind = Broken if failed["resumable"] else kinds.get(code, HubError)
    return kind(t(text, **values), hint=said)
