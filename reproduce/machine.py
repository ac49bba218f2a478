"""What a number was measured on: hardware, libraries, settings, and who else was using the machine."""

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

_VARIABLES: Final = re.compile(
    r"(OMP|MKL|KMP|MALLOC|ONEDNN|DNNL|TORCH|PYTORCH|ATEN|CUDA|CUBLAS|GOMP|GLOO|NCCL|OPENBLAS)_\w+"
    r"|LD_PRELOAD"
)
_ISA: Final = (
    "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8", "asimd", "sve", "bf16",
)  # fmt: skip
ROOT: Final = Path(__file__).parent.parent


def environment() -> dict[str, Any]:
    """Everything on which the bits or the speed of a run may depend."""
    import torch

    return {
        "torch": torch.__version__,
        "torch_build": _build(torch.__config__.show()),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": processor(),
        "instructions": _instructions(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "threads": torch.get_num_threads(),
        "precision": torch.get_float32_matmul_precision(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "variables": {
            name: one for name, one in sorted(os.environ.items()) if _VARIABLES.fullmatch(name)
        },
        "hub": _version(),
        "commit": _commit(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def sum_of(path: Path) -> str:
    """sha256 of a file."""
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def sources() -> dict[str, str]:
    """sha256 of each file of this package that is imported now, by its place in it: the recipe, and
    all that counts, draws and computes for it."""
    here = Path(__file__).parent
    found = {}
    for name, module in tuple(sys.modules.items()):
        package, _, place = name.partition(".")
        file = getattr(module, "__file__", None)
        if package == here.name and file and Path(file).name != "__init__.py":
            found[f"{place.replace('.', '/')}.py"] = sum_of(Path(file))
    # Of no number: how they are started, found and kept.
    without = ("__main__.py", "launch.py", "places.py", "files.py", "checkpoint.py")
    return {name: found[name] for name in sorted(found) if not name.endswith(without)}


def sum_of_sums(sums: dict[str, str]) -> str:
    """One sha256 for many files."""
    said = "".join(f"{name} {one}\n" for name, one in sorted(sums.items()))
    return sha256(said.encode()).hexdigest()


class Clock:
    """Wall and CPU time, memory, and the share that others took meanwhile. `total` adds up a number over
    the processes of this run."""

    def __init__(self, total: Callable[[float], float] = lambda value: value) -> None:
        self._total = total
        self._wall, self._own = time.perf_counter(), time.process_time()
        self._busy = _busy_seconds()

    def read(self, before: dict[str, float] | None = None) -> dict[str, float | None]:
        """Since it was made, and `before`: the seconds of a run's earlier parts. `disturbed`: share of
        all cores' time that others used since it was made; None: unknown."""
        wall = time.perf_counter() - self._wall
        own = self._total(time.process_time() - self._own)
        before = before or {"wall_seconds": 0.0, "cpu_seconds": 0.0}
        peak = peak_bytes()
        busy = _busy_seconds()
        disturbed = None
        if busy is not None and self._busy is not None and wall > 0:
            others = busy - self._busy - own
            disturbed = round(max(0.0, min(1.0, others / (wall * (os.cpu_count() or 1)))), 4)
        return {
            "wall_seconds": round(before["wall_seconds"] + wall, 4),
            "cpu_seconds": round(before["cpu_seconds"] + own, 4),
            "peak_bytes": None if peak is None else int(self._total(peak)),
            "disturbed": disturbed,
        }


def peak_bytes() -> int | None:
    """Highest resident memory of this process so far."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def gemm_peak(seconds: float = 0.4) -> float:
    """Floating-point operations a second of a large float32 matrix product: the best of those that fit
    the time, or of fewer where six of them agree within 3 percent."""
    import torch

    n = 1024
    left, right = torch.rand(n, n), torch.rand(n, n)
    took: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or not took:
        start = time.perf_counter()
        torch.mm(left, right)
        took.append(time.perf_counter() - start)
        if sum(one <= 1.03 * min(took) for one in took) == 6:
            break
    return 2 * n**3 / min(took)


def _build(shown: str) -> dict[str, str]:
    """Compiler, oneDNN and BLAS of torch's own description."""
    found = {}
    for name, pattern in (
        ("compiler", r"(GCC [\d.]+|clang [\d.]+)"),
        ("onednn", r"MKL-DNN v([\d.]+)"),
        ("mkl", r"oneAPI Math Kernel Library Version ([\d.]+)"),
        ("isa", r"CPU capability usage: (\w+)"),
        ("blas", r"BLAS_INFO=(\w+)"),
    ):
        match = re.search(pattern, shown)
        if match:
            found[name] = match[1]
    return found


def processor() -> str:
    """The name of the CPU's model."""
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _instructions() -> list[str]:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith(("flags", "Features")):
            there = set(line.partition(":")[2].split())
            return [name for name in _ISA if name in there]
    return []


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _busy_seconds() -> float | None:
    """CPU seconds that all processes have used since the machine started; None where nobody says."""
    for line in _lines("/proc/stat")[:1]:
        parts = [int(one) for one in line.split()[1:9]]
        idle = parts[3] + parts[4]
        return (sum(parts) - idle) / os.sysconf("SC_CLK_TCK")
    return None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("deep-learning-hub")
    except PackageNotFoundError:
        return "unknown"


def _commit() -> str | None:
    """The commit of the source tree, with `+` where it was changed; None outside of one."""
    if not (ROOT / ".git").exists():
        return None
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, timeout=5
        )
        dirty = subprocess.run(
            ["git", "status", "--porcelain", "reproduce"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    if head.returncode:
        return None
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")
