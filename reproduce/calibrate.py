"""python -m reproduce.calibrate: how fast this machine multiplies matrices, as one line of JSON.

Costs are told from this before anything was trained here: floating-point operations a second of a large
float32 product, by one thread and by as many as torch would use.
"""

import json
import os
import sys

from reproduce import launch
from reproduce.failure import NoTorch

SECONDS = 1.2
"""For each count of threads: the best of some dozens of products, so that a busy moment matters little."""


def main() -> int:
    """The exit code: 1 where torch is missing."""
    if launch.END_WITH_STDIN in sys.argv:
        launch.end_with_parent(lambda: os._exit(1), lambda: None)
    try:
        import torch
    except ImportError as error:
        failed = NoTorch(error)
        sys.stderr.write(json.dumps(launch.told(failed)) + "\n")
        return failed.code
    from reproduce import machine

    peaks = {}
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        peaks[str(threads)] = machine.gemm_peak(SECONDS)
    said = {"peaks": peaks, "torch": torch.__version__}
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
