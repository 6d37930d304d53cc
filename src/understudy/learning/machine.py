"""What the machine can do: the device to learn on, whether bfloat16 pays there, and whether its memory is enough."""

import contextlib
import copy
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from understudy.errors import Error
from understudy.learning.settings import Learning, Precision

N = TypeVar("N", bound=nn.Module)


def device() -> torch.device:
    """The accelerator if PyTorch sees one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def uses_bf16(precision: Precision, place: torch.device) -> bool:
    """Whether to compute in bfloat16.

    A rule and no measurement: the same machine must always answer alike, or a run could not be repeated to the bit.
    A CPU with bf16 products in hardware (AVX512-BF16 or AMX) runs `original` 1.5 to 2.4 times as fast; without them
    bf16 is emulated, and slower than float32.
    """
    if precision != "auto":
        return precision == "bf16"
    if place.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if place.type == "cpu":
        flags = torch.cpu.get_capabilities()
        return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
    return False


def autocast(precision: Precision, place: torch.device) -> contextlib.AbstractContextManager[object]:
    """The context to compute in: bf16 autocast where `uses_bf16`, else nothing."""
    if uses_bf16(precision, place):
        return torch.autocast(place.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def halved(network: N, precision: Precision, place: torch.device) -> N:
    """A copy whose weights are bf16, where `uses_bf16`; else the network itself.

    For computing alone: under autocast the weights are cast anew for each batch, a quarter of the time of a full-width
    network's batch of 16 on a CPU.
    """
    return copy.deepcopy(network).to(torch.bfloat16) if uses_bf16(precision, place) else network


def peak_memory(place: torch.device) -> dict[str, float]:
    """Most memory held so far by this process and, where there is one, on the accelerator, in MiB."""
    # ru_maxrss is in KiB on Linux and in bytes on macOS
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = {"process_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}
    if place.type == "cuda":
        peak["device_mib"] = torch.cuda.max_memory_allocated(place) / 2**20
    return {name: round(value, 1) for name, value in peak.items()}


# How PyTorch says on a CPU and on other accelerators that no memory is left: plain RuntimeErrors, told by their text.
_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


@contextlib.contextmanager
def enough_memory(folder: Path, settings: Learning) -> Iterator[None]:
    """Turns a failure for want of memory into an Error that says which setting to lower."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        told = str(error).strip()
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(
            words in told.lower() for words in _OUT_OF_MEMORY
        ):
            raise
        reason = told.splitlines()[0] if told else type(error).__name__
        raise Error(
            folder,
            f"there is not enough memory to learn in batches of {settings.batch} ({reason})",
            "Lower learning.batch; if 1 is still too much, lower the method's width or size.",
        ) from error
