"""The peer of the MNIST measurements: the recipe of PyTorch's example as most people would write it.

Its network, Adadelta, the learning rate times 0.7 after each pass, batches of 64 in the order of the
file; a Dataset that makes one picture ready at a time, and a DataLoader around it. Nothing is done
for speed. `python -m tests.bench.plain_mnist paced|until FOLDER THREADS` is measured from outside.
"""

import gzip
import json
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from tests.bench.paces import Pace

TARGET = 99.0
"""Percent of the test split."""


class Digits(Dataset[tuple[Tensor, int]]):
    """One split, each picture made ready when it is asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self.pictures = bytes_of(folder / f"{name}-images-idx3-ubyte.gz", 16).view(-1, 28, 28)
        self.digits = bytes_of(folder / f"{name}-labels-idx1-ubyte.gz", 8)

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = self.pictures[index].unsqueeze(0).float() / 255
        return (picture - 0.1307) / 0.3081, int(self.digits[index])


def bytes_of(path: Path, header: int) -> Tensor:
    return torch.frombuffer(bytearray(gzip.decompress(path.read_bytes())), dtype=torch.uint8)[
        header:
    ]


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


class Plain:
    """The example's training, a pass at a time."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(1)
        self.train_loader = DataLoader(Digits(folder, "train"), batch_size=64)
        self.test_loader = DataLoader(Digits(folder, "t10k"), batch_size=1000)
        self.model = network()
        self.optimizer = torch.optim.Adadelta(self.model.parameters(), lr=1.0)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, step_size=1, gamma=0.7)

    def one_pass(self, pace: Pace | None = None) -> None:
        self.model.train()
        for number, (pictures, digits) in enumerate(self.train_loader):
            if pace:
                pace.step()
            self.optimizer.zero_grad()
            loss = functional.nll_loss(self.model(pictures), digits)
            loss.backward()
            self.optimizer.step()
            if number % 10 == 0:
                print(f"{number}: {loss.item():.4f}", file=sys.stderr)
        self.schedule.step()

    def accuracy(self) -> float:
        self.model.eval()
        right = 0
        with torch.no_grad():
            for pictures, digits in self.test_loader:
                right += int((self.model(pictures).argmax(dim=1) == digits).sum())
        return 100 * right / len(self.test_loader.dataset)  # type: ignore[arg-type]


def until(folder: Path) -> None:
    """Trains to the first pass after which the target is reached, and prints what it took."""
    plain, began = Plain(folder), time.perf_counter()
    reached: list[float] = []
    while not reached or reached[-1] < TARGET:
        plain.one_pass()
        reached.append(plain.accuracy())
    print(json.dumps({"accuracies": reached, "seconds": time.perf_counter() - began}))


def paced(folder: Path) -> None:
    """Trains as many steps as each line of stdin says."""
    plain, pace = Plain(folder), Pace()
    while True:
        plain.one_pass(pace)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[3]))
    {"until": until, "paced": paced}[sys.argv[1]](Path(sys.argv[2]))
