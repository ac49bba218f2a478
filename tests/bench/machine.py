"""The machine a number was measured on: without it the number says nothing."""

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scikit-learn", "scipy", "sqlmodel", "sqlite-utils", "bm25s", "tantivy")


def machine() -> dict[str, Any]:
    """Processor, cores, versions, and how busy it is now."""
    return {
        "processor": f"{processor()}, {cores()} cores usable",
        "system": platform.platform(terse=True),
        "Python": f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "packages": ", ".join(f"{name} {installed(name) or '-'}" for name in PACKAGES),
        "load average before start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def processor() -> str:
    """The processor's model as the system names it."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def installed(package: str) -> str | None:
    """The version of an installed distribution; None when it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
