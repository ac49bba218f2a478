"""What tests on runs share: a Run of literals, and recipes that are dropped in beside the hub's own."""

import os
from pathlib import Path
from typing import Any

from tests.hubtest import ROOT

SUM = "ab" * 32


def record(seed: int = 1, value: float = 0.93, **more: Any) -> dict[str, Any]:
    """A whole Run, as the ruler writes it."""
    clock = {
        "wall_seconds": 41.0,
        "cpu_seconds": 80.0,
        "peak_bytes": 600_000_000,
        "disturbed": 0.02,
    }
    said = {
        "format": 1, "id": f"{seed:012x}", "baseline": "mnist_lenet", "label": "OPEN",
        "dataset": "mnist", "metric": "error", "claim": "lecun1998-lenet5", "seed": seed,
        "budget": "full", "value": value, "correct": 9_907, "tested": 10_000, "trained_on": 60_000,
        "epochs": 8, "full_epochs": 8, "steps": 3_752, "reasons": [],
        "started_at": f"2026-11-26T10:00:{seed:02}+00:00",
        "finished_at": f"2026-11-26T10:01:{seed:02}+00:00",
        "training": dict(clock), "whole": dict(clock), "digest": SUM, "resumed_at": None,
        "speed": {"examples_per_second": 11_707.0, "flops_per_example": 2_263_920.0,
                  "flops_per_second": 2.65e10, "peak_flops_per_second": 1e11, "share_of_peak": 0.265},
        "curve": [{"step": 1, "loss": 2.31}, {"step": 1_000, "loss": 0.11}, {"step": 3_752, "loss": 0.02}],
        "recipe_sha256": SUM, "data": {"train-images-idx3-ubyte": SUM}, "canonical": True,
        "notes": ["A note."],
        "environment": {"torch": "2.13.0+cpu", "python": "3.11.7", "system": "Linux 6", "threads": 2,
                        "processor": "AMD EPYC", "hub": "0.1.0", "commit": None},
    }  # fmt: skip
    return {**said, **more}


RECIPE = '''
"""A recipe that is dropped in."""

import math
import os
import signal
import time
from pathlib import Path

import torch

from reproduce.baseline import Baseline

BASELINE = Baseline(
    title={title!r},
    dataset={dataset!r},
    label="CLOSED",
    metric={metric!r},
    epochs={epochs},
    parameters=10,
    flops={flops},
    threads=1,
    claim={claim!r},
)


def train(data, session):
    """Learns nothing, step by step."""
    weight = torch.zeros(10)
    session.keep(weight=weight)
    for step in session.steps(len(data), batch=64):
        weight += session.seed
        loss = 1 / (1 + step.number)
        {step}
        session.note(loss=loss)
    {end}
    return lambda x: {predict}
'''


def drop(
    folder: Path,
    name: str,
    *,
    step: str = "pass",
    end: str = "pass",
    dataset: str = "digits",
    metric: str = "accuracy",
    epochs: int = 1,
    flops: float = 100.0,
    claim: str | None = None,
    predict: str = "torch.zeros(len(x), 10) + weight",
) -> dict[str, str]:
    """Puts a recipe into a folder of recipes; the environment in which hub and its children find it.

    Found as any file in reproduce/baselines is; Python reads sitecustomize before everything else.
    """
    recipes = folder / "recipes"
    recipes.mkdir(exist_ok=True)
    said = RECIPE.format(title=f"The recipe {name}", dataset=dataset, metric=metric, epochs=epochs,
                         flops=flops, claim=claim, step=step, end=end, predict=predict)  # fmt: skip
    (recipes / f"{name}.py").write_text(said)
    (folder / "sitecustomize.py").write_text(
        "from pathlib import Path\n"
        "import reproduce.baseline, reproduce.baselines\n"
        f"reproduce.baseline.FOLDER = Path({str(recipes)!r})\n"
        f"reproduce.baselines.__path__.append({str(recipes)!r})\n"
    )
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
