"""python -m reproduce NAME: trains a baseline and writes one Run as JSON on stdout, without any database.

Progress goes to stderr: sentences, or with --progress json a line of JSON for each look. Several
processes share a run with --nproc N, or under torchrun.
"""

import argparse
import json
import math
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproduce import launch
from reproduce.baseline import UnknownBaseline, declared, names
from reproduce.failure import CannotRun, Failure, NoTorch, Sentence
from reproduce.shares import CannotShare, shared_out

if TYPE_CHECKING:
    from reproduce import run
    from reproduce.content import DataError
    from reproduce.processes import Processes

EXIT_FAILED = 1
EXIT_UNKNOWN = 4
EXIT_INTERRUPTED = 130


def main() -> int:
    """The exit code; what went wrong stands on stderr as a sentence and, with a hint, the next step."""
    said = _arguments()
    started = launch.MEETING in os.environ
    launching = said.nproc > 1 and "RANK" not in os.environ
    asked = _listen(most=math.inf if launching else 2)
    if started or said.end_with_stdin:
        ask = lambda: asked.append(0)  # noqa: E731 - as if the user had asked to stop
        launch.end_with_parent(ask, ask if launching else lambda: os._exit(EXIT_FAILED))
    fail = _Failing(as_json=started or said.progress == "json", again=_again(said))
    try:
        one = declared(said.name)
    except UnknownBaseline:
        unknown = Failure("no baseline {name}", Sentence(f"One of: {', '.join(names())}"),
                          name=said.name)  # fmt: skip
        unknown.code = EXIT_UNKNOWN
        return fail(unknown)
    if said.nproc > 1 and not one.shared:
        return fail(
            CannotRun("{name} is computed in one piece, by one process: --nproc 1", name=said.name)
        )
    if launching:
        try:
            shared_out(said.mode, said.shards, said.nproc)
        except CannotShare as error:
            return fail(error)
        failed = launch.launch(sys.argv[1:], said.nproc, lambda: len(asked))
        return fail.tell(failed) if failed else 0
    try:
        import torch  # noqa: F401
    except ImportError as error:
        return fail(NoTorch(error))
    return _run(said, asked, fail)


def _listen(most: float) -> list[int]:
    """Grows with each Ctrl-C and each kind request to end; more than so many end the process at once."""
    asked: list[int] = []

    def heard(number: int, frame: object) -> None:
        asked.append(number)
        if len(asked) > most:
            os._exit(EXIT_INTERRUPTED)

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, heard)
    return asked


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m reproduce", description=__doc__)
    parser.add_argument("name", help="a file in reproduce/baselines, without .py")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", choices=("smoke", "short", "full"), default="full")
    parser.add_argument("--minutes", type=float, help="of training at most")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="cpu")
    parser.add_argument("--threads", type=int, help="of each process")
    parser.add_argument("--folder", type=Path, help="of the run: its checkpoints lie there")
    parser.add_argument("--every-steps", type=int, help="steps between two checkpoints")
    parser.add_argument("--resume", action="store_true", help="from the newest checkpoint there")
    parser.add_argument("--data", type=Path, help="a folder that has the data files")
    parser.add_argument("--example", action="store_true", help="made-up rows of the true shape")
    parser.add_argument("--progress", choices=("text", "json"), default="text")
    parser.add_argument(
        launch.END_WITH_STDIN,
        action="store_true",
        help="stdin is a pipe of whoever started this: when it ends, the run stops, with a checkpoint",
    )
    parser.add_argument(
        "--nproc", type=int, default=1, help="processes on this machine that share the run"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--exact",
        action="store_const",
        const="exact",
        dest="mode",
        help="batches are cut into 4 shards: 1, 2 and 4 processes end with the same bits "
        "(what several processes do unless told otherwise)",
    )
    mode.add_argument(
        "--fast",
        action="store_const",
        const="fast",
        dest="mode",
        help="a shard for each process: the same up to rounding",
    )
    parser.add_argument("--shards", type=int, help="of a batch, in exact mode")
    parser.add_argument(
        "--patience", type=float, default=40.0, help="seconds to wait for another process"
    )
    said = parser.parse_args()
    for name in ("minutes", "threads", "every_steps", "nproc", "shards", "patience"):
        value = getattr(said, name)
        if value is not None and value <= 0:
            parser.error(f"--{name.replace('_', '-')} {value:g}: more than 0")
    return said


def _run(said: argparse.Namespace, asked: list[int], fail: "_Failing") -> int:
    from reproduce import processes, run, session
    from reproduce.content import DataError

    order = run.Order(
        name=said.name,
        seed=said.seed,
        budget=said.budget,
        minutes=said.minutes,
        device=said.device,
        threads=said.threads,
        folder=said.folder,
        every_steps=said.every_steps,
        # torchrun --max-restarts starts all processes anew after one died.
        resume=said.resume or os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0",
    )
    try:
        planned = processes.plan(said.mode, said.shards)
        if said.nproc > 1 and said.nproc != planned.count:
            raise CannotRun(
                "--nproc {wanted} among {count} processes", wanted=said.nproc, count=planned.count
            )
        result = _result(said, order, asked, planned)
        if planned.first:
            print(json.dumps(result, ensure_ascii=False), flush=True)
            run.forget(order)
        return 0
    except DataError as error:
        return fail(_of_data(error))
    except session.NotFinite as error:
        error.hint = _kept(run.checkpoints_of(order))
        return fail(error)
    except processes.Lost as error:
        return fail(session.Interrupted() if asked else error)
    except Failure as error:
        return fail(error)


def _again(said: argparse.Namespace) -> str | None:
    """The command that goes on with this run; None where nothing is kept of it."""
    if said.folder is None:
        return None
    words = [*sys.argv[1:], *(() if said.resume else ("--resume",))]
    if "RANK" in os.environ and launch.MEETING not in os.environ:
        return f"torchrun ... -m reproduce {shlex.join(words)}"
    return f"python -m reproduce {shlex.join(words)}"


def _kept(checkpoints: Path | None) -> Sentence:
    """What is left of a run that cannot go on."""
    from reproduce import checkpoint

    step = checkpoint.newest_step(checkpoints) if checkpoints else None
    if step is None:
        return Sentence("No checkpoint had been written before.")
    return Sentence(
        "The last good checkpoint is kept: before step {step}, in {folder}",
        step=step,
        folder=checkpoints,
    )


def _of_data(error: "DataError") -> Failure:
    """What is wrong with the data, with gaps as the hub says it."""
    from reproduce.content import NotThere, WrongBytes

    hint = Sentence(error.hint) if error.hint else None
    match error:
        case WrongBytes():
            failure = Failure(
                "{place} is not {file}: expected {expected}; got {got}",
                hint,
                place=error.place,
                file=error.file.name,
                expected=error.expected,
                got=error.got,
            )
        case NotThere():
            failure = Failure(
                "{title}: {place} lacks {files}",
                hint,
                title=error.dataset.title,
                place=error.place,
                files=", ".join(error.names),
            )
        case _:
            failure = Failure("the data cannot be read: {what}", hint, what=error.what)
    failure.code = error.code
    return failure


def _result(
    said: argparse.Namespace,
    order: "run.Order",
    asked: list[int],
    planned: "Processes",
) -> dict[str, Any]:
    """The Run. What each step may raise is told to the user by `_run`."""
    from reproduce import processes, run
    from reproduce.data import loaded
    from reproduce.files import obtain, sums
    from reproduce.session import Interrupted

    def go_on() -> None:
        if asked:
            raise Interrupted

    run.check_order(order, planned)
    dataset = loaded(declared(said.name).dataset)
    if said.example:
        splits, files = dataset.example(2_000), {}
    else:
        go_on()
        # `load` compares every byte with the declared sums before it hands them on.
        folder = obtain(dataset.dataset, given=said.data)
        splits = dataset.load(folder)
        files = sums(dataset.dataset, folder)
    go_on()
    device = run.device_of(order.device)
    with _alone(order, planned), processes.together(planned, device, said.patience):
        return run.run(
            order,
            splits,
            files,
            canonical=not said.example and not dataset.dataset.lossy,
            tell=_json if said.progress == "json" else _text(),
            stop=lambda: bool(asked),
            processes=planned,
        )


@contextmanager
def _alone(order: "run.Order", planned: "Processes") -> Iterator[None]:
    """One run at a time in a folder: two would write over each other's checkpoints."""
    if order.folder is None or not planned.first:
        yield
        return
    from filelock import FileLock, Timeout

    from reproduce import checkpoint

    checkpoint.check_room(order.folder)
    try:
        # One that was just killed may not be quite gone.
        with FileLock(order.folder / "checkpoints.lock", timeout=5):
            yield
    except Timeout:
        raise CannotRun(
            "another run is under way in {folder}: --folder", folder=order.folder
        ) from None


class _Failing:
    """Says what went wrong, for a person or for the program that started this one."""

    def __init__(self, *, as_json: bool, again: str | None) -> None:
        self.as_json = as_json
        self.again = again

    def __call__(self, failure: Failure) -> int:
        """The exit code."""
        return self.tell(launch.told(failure))

    def tell(self, said: dict[str, Any]) -> int:
        """The same of what another process told."""
        if self.as_json:
            lines = [json.dumps(said)]
        elif os.environ.get("RANK", "0") != "0" and said["kind"] == "Lost":
            lines = []  # The first process says it.
        else:
            lines = [str(Sentence(text, **values)) for text, values in
                     (said["failed"], said["hint"] or ("", {})) if text]  # fmt: skip
            if said["resumable"]:
                lines.append(f"Go on with: {self.again}" if self.again
                             else "Nothing is kept of it without --folder.")  # fmt: skip
        with suppress(OSError):  # Whoever listened may be gone.
            print("\n".join(lines), file=sys.stderr, flush=True)
        return int(said["code"])


def _json(told: Any) -> None:
    said = {
        "step": told.step,
        "total": told.total,
        "epoch": told.epoch,
        "seconds": round(told.seconds, 2),
        "values": told.values,
    }
    with suppress(OSError):  # Whoever listened may be gone: that ends the run kindly, not this.
        print(json.dumps(said), file=sys.stderr, flush=True)


def _text() -> Any:
    last = [0.0]

    def tell(told: Any) -> None:
        now = time.monotonic()
        if now - last[0] < 2 and told.step != told.total:
            return
        last[0] = now
        rate = told.step / told.seconds if told.seconds else 0.0
        left = (told.total - told.step) / rate if rate else 0.0
        values = ", ".join(f"{name} {value:.4f}" for name, value in told.values.items())
        print(
            f"step {told.step} of {told.total}, {rate:.0f}/s, {values}, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )

    return tell


if __name__ == "__main__":
    sys.exit(main())
