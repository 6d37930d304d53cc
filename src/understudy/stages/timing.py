"""What a conversion took."""

import os
import time
from pathlib import Path

from understudy.files import write_json


def spent() -> tuple[float, float]:
    """The clock, and the processor time of this process and of those that it waited for (ffmpeg's), in seconds."""
    times = os.times()
    return time.monotonic(), times.user + times.system + times.children_user + times.children_system


def write_timing(path: Path, frames: int, begun: tuple[float, float]) -> None:
    """Writes how long a conversion took that began when `spent` gave these times."""
    wall, cpu = (now - before for now, before in zip(spent(), begun, strict=True))
    write_json(path, {"frames": frames, "wall_seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)})
