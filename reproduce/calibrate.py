"""python -m reproduce.calibrate: how fast this machine multiplies matrices, as one line of JSON.

Costs are told from this before anything was trained here: floating-point operations a second of a large
float32 product, by one thread and by as many as torch would use.
"""

import json
import sys

SECONDS = 1.2
"""For each count of threads: the best of some dozens of products, so that a busy moment matters little."""


def main() -> int:
    """The exit code: 1 where torch is missing."""
    try:
        import torch
    except ImportError:
        failed = {
            "failed": "torch is not installed",
            "hint": "pip install torch --index-url https://download.pytorch.org/whl/cpu",
        }
        sys.stderr.write(json.dumps(failed) + "\n")
        return 1
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
