"""python -m reproduce NAME: trains a baseline and writes one Run as JSON on stdout, without any database.

Progress goes to stderr: sentences, or with --progress json a line of JSON for each look.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from reproduce.baseline import UnknownBaseline, declared, names

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNKNOWN = 4
EXIT_INTERRUPTED = 130


def main() -> int:
    """The exit code; what went wrong stands on stderr as a sentence and, with a hint, the next step."""
    said = _arguments()
    try:
        declared(said.name)
    except UnknownBaseline:
        return _fail(EXIT_UNKNOWN, f"no baseline {said.name}", f"One of: {', '.join(names())}")
    try:
        import torch  # noqa: F401
    except ImportError:
        return _fail(
            EXIT_FAILED,
            "torch is not installed",
            "pip install torch --index-url https://download.pytorch.org/whl/cpu",
        )
    return _run(said)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m reproduce", description=__doc__)
    parser.add_argument("name", help="a file in reproduce/baselines, without .py")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", choices=("smoke", "short", "full"), default="full")
    parser.add_argument("--minutes", type=float, help="of training at most")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="cpu")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--folder", type=Path, help="of the run: its checkpoints lie there")
    parser.add_argument("--every-steps", type=int, help="steps between two checkpoints")
    parser.add_argument("--resume", action="store_true", help="from the newest checkpoint there")
    parser.add_argument("--data", type=Path, help="a folder that has the data files")
    parser.add_argument("--example", action="store_true", help="made-up rows of the true shape")
    parser.add_argument("--progress", choices=("text", "json"), default="text")
    return parser.parse_args()


def _run(said: argparse.Namespace) -> int:
    from reproduce import checkpoint, run, session
    from reproduce.content import DataError
    from reproduce.data import loaded
    from reproduce.files import obtain, sums

    stopped: list[int] = []
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda number, frame: stopped.append(number))
    dataset = loaded(declared(said.name).dataset)
    try:
        if said.example:
            splits, files = dataset.example(2_000), {}
        else:
            # `load` compares every byte with the declared sums before it hands them on.
            folder = obtain(dataset.dataset, given=said.data)
            splits = dataset.load(folder)
            files = sums(dataset.dataset, folder)
        order = run.Order(
            name=said.name,
            seed=said.seed,
            budget=said.budget,
            minutes=said.minutes,
            device=said.device,
            threads=said.threads,
            folder=said.folder,
            every_steps=said.every_steps,
            resume=said.resume,
        )
        result = run.run(
            order,
            splits,
            files,
            canonical=not said.example and not dataset.dataset.lossy,
            tell=_json if said.progress == "json" else _text(),
            stop=lambda: bool(stopped),
        )
    except DataError as error:
        return _fail(error.code, error.what, error.hint)
    except run.CannotRun as error:
        return _fail(EXIT_USAGE, str(error))
    except checkpoint.NoRoom as error:
        return _fail(EXIT_FAILED, str(error), "Free some space; the checkpoint before it is whole.")
    except session.NotFinite as error:
        where = f"; the last good checkpoint is in {said.folder}" if said.folder else ""
        return _fail(EXIT_FAILED, f"{error}: stopped{where}")
    except session.Interrupted:
        return _fail(EXIT_INTERRUPTED, "stopped; the run can be gone on with", "--resume")
    print(json.dumps(result, ensure_ascii=False))
    return 0


def _fail(code: int, what: str, hint: str | None = None) -> int:
    print(json.dumps({"failed": what, "hint": hint, "code": code}), file=sys.stderr)
    return code


def _json(told: Any) -> None:
    said = {
        "step": told.step,
        "total": told.total,
        "epoch": told.epoch,
        "seconds": round(told.seconds, 2),
        "values": told.values,
    }
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
