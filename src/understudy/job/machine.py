"""What a job cost, and the machine and versions that it ran on."""

import importlib.metadata
import os
import platform
import resource
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

_PACKAGES = (
    *("understudy", "av", "dlib-bin", "ffmpeg-python", "imageio-ffmpeg", "matplotlib", "numba", "numpy"),
    *("opencv-python-headless", "pandas", "pyarrow", "safetensors", "scipy", "snakemake", "torch"),
)


class Meter:
    """What the block under `with Meter() as meter` cost.

    wall: seconds. cpu: seconds of all threads and finished children. peak: bytes of resident memory at the highest; on
    Linux within the block, elsewhere since the process began.
    """

    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0

    def __enter__(self) -> "Meter":
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # sets the high-water mark to the present
            self._resettable = True
        except OSError:
            self._resettable = False
        self._wall, self._cpu = time.monotonic(), _cpu()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wall, self.cpu = time.monotonic() - self._wall, _cpu() - self._cpu
        self.peak = _peak(self._resettable)

    def facts(self) -> dict[str, float]:
        """The three figures under the names that cards and the cost table use."""
        return {"wall_s": self.wall, "cpu_s": self.cpu, "peak_bytes": self.peak}


def _cpu() -> float:
    """Seconds of processor that this process and its finished children have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak(resettable: bool) -> int:
    """The highest resident memory in bytes."""
    if resettable:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


def machine() -> dict[str, Any]:
    """What a number depends on besides the code: processor, memory, system, versions; no host's name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    torch = sys.modules.get("torch")  # asked only where it is loaded: loading it costs a second
    return {
        "processor": _processor(),
        "cores": cores,
        "memory_gib": round(memory / 2**30, 1),
        "gpu": torch.cuda.get_device_name(0) if torch and torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name)) is not None},
    }


def _processor() -> str:
    """The processor's model."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
