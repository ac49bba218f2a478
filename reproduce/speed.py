"""What makes the networks here faster on a processor and leaves what they compute alone; a reader who
wants to learn how a network is trained may skip it.

Four things, each measured to help: a compiler that is not loaded because nobody compiles, memory that is
kept instead of given back to the system at every step, pictures stored with their channels side by side,
and products in bfloat16 where the processor computes with it and a check says that this network's gradient
hardly changes.
"""

import ctypes
import importlib
import math
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

import torch
from torch import Tensor, nn

TOLERATED: Final = 0.05
"""Length of the change of the gradient by bfloat16, relative to the gradient, up to which it is used.

It keeps 8 bits of a number: a single product is off by up to 0.4 %, a gradient by one or two percent,
while the gradients of two batches of one network differ by far more than their length.
"""

INSTRUCTIONS: Final = ("avx512_bf16", "amx_bf16")
"""Processors that compute in bfloat16; others only imitate it, which is slower than float32."""

choices: Final[dict[str, Any]] = {}
"""What was chosen in this process, for the Run: `products` are taken in `bfloat16` or `float32`;
`gradient_change` by bfloat16, or None where it was not tried."""

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Of mallopt(3), as malloc.h of the GNU C library numbers them."""


def quick_allocator() -> bool:
    """Has the C library keep big blocks of memory for the next step; True where it took that.

    Else glibc gives each back to the system, which clears it again page by page: a tenth to a fifth
    of the time of a step. Memory that was used once stays with this process.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False  # Another C library, or Windows.
    wishes = ((_MMAP_THRESHOLD, 1 << 30), (_TRIM_THRESHOLD, (1 << 31) - 1), (_TOP_PAD, 1 << 28))
    taken = [mallopt(name, value) == 1 for name, value in wishes]
    return all(taken)


class _Compiler(ModuleType):
    """In the place of torch._dynamo until somebody wants more of it than optimizers do."""

    @staticmethod
    def graph_break() -> None:
        """Nothing is compiled, so there is nothing to break."""

    @staticmethod
    def disable(function: Any, *given: Any, **named: Any) -> Any:
        """Nothing is compiled: the function as it is."""
        return function

    def __getattr__(self, name: str) -> Any:
        # Whoever walks over all modules asks for these, and does not mean the compiler.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(_COMPILER) is self:
            del sys.modules[_COMPILER]
        return getattr(importlib.import_module(_COMPILER), name)


_COMPILER: Final = "torch._dynamo"


def without_compiler() -> bool:
    """Spares this process torch's compiler; True where it was not loaded yet.

    Every optimizer of torch loads it, 831 modules and more than a second, to tell it not to look. Here
    nothing is compiled. Who asks for anything else of it gets the real one.
    """
    if _COMPILER in sys.modules:
        return False
    sys.modules[_COMPILER] = torch._dynamo = _Compiler(_COMPILER)
    return True


def channels_last(network: nn.Module) -> nn.Module:
    """The network itself, its filters laid out with the channels of a pixel side by side, as the
    fastest convolutions of a processor want them. The numbers are the same."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def arithmetic(network: nn.Module, loss: Callable[[], Tensor]) -> torch.autocast:
    """A context in which products are taken in bfloat16 if that is quick and harmless here, else in
    float32: `with arithmetic: ...`. The weights stay float32 either way.

    `loss` computes the network's loss on a few examples. No generator is moved, no gradient is left.
    The same processor and the same network always lead to the same choice.
    """
    device = next(network.parameters()).device.type
    quick = device == "cpu" and in_processor()
    change = gradient_change(network, loss) if quick else None
    harmless = change is not None and change <= TOLERATED
    choices["products"] = "bfloat16" if harmless else "float32"
    choices["gradient_change"] = change if change is None or math.isfinite(change) else None
    return torch.autocast(device, torch.bfloat16, enabled=harmless)


def in_processor() -> bool:
    """True where the processor computes in bfloat16."""
    # Not in every version from 2.10 on: without it, float32.
    able: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(able.get(name, False) for name in INSTRUCTIONS)


def gradient_change(network: nn.Module, loss: Callable[[], Tensor]) -> float:
    """Length of the difference of the gradients in bfloat16 and float32, relative to the latter.

    Measured without dropout and without touching running averages; `inf` where there is no gradient.
    """
    parameters = [one for one in network.parameters() if one.requires_grad]
    device = parameters[0].device.type
    training = network.training
    network.eval()

    def gradient(half: bool) -> Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=half):
            value = loss()
        parts = torch.autograd.grad(value, parameters)
        return torch.cat([part.double().flatten() for part in parts])

    with torch.enable_grad():
        exact = gradient(half=False)
        change = (gradient(half=True) - exact).norm() / exact.norm()
    network.train(training)
    return float(change) if change.isfinite() else float("inf")
