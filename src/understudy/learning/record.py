"""What a training leaves for people: the loss table, previews and their timelapse, the run card."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from understudy import files, job
from understudy.errors import MediaError
from understudy.learning.machine import peak_memory, uses_bf16
from understudy.learning.settings import Learning, Run
from understudy.learning.snapshot import Progress
from understudy.media import write
from understudy.settings import plain

TIMELAPSE_FPS = 8


def mean(step: int, rate: float, losses: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """A row of the loss table: steps done, the last one's learning rate, the mean of each loss since the last row."""
    # One entry may lack a loss that another has: methods that alternate between networks.
    means = {name: [row[name] for row in losses if name in row] for name in sorted(set().union(*losses))}
    row = {name: float(np.mean(values)) for name, values in means.items()}
    return {"step": step, "rate": rate, **row}


def write_table(path: Path, table: Iterable[Mapping[str, float]]) -> None:
    """Writes the loss table as CSV; no unit: losses are what the method defines."""
    rows = list(table)
    text = io.StringIO()
    columns = ["step", "rate", *sorted({name for row in rows for name in row} - {"step", "rate"})]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write_text(path, text.getvalue())


def write_preview(folder: Path, step: int, picture_HWC: NDArray[np.uint8]) -> None:
    """Writes a preview under its step's number, and as the newest."""
    encoded = cv2.imencode(".png", cv2.cvtColor(picture_HWC, cv2.COLOR_RGB2BGR))[1].tobytes()
    for path in (folder / "previews" / f"{step:08}.png", folder / "preview.png"):
        with files.whole(path) as part:
            part.write_bytes(encoded)


def write_timelapse(folder: Path) -> None:
    """Makes a video of all previews, the last one held for a second; nothing when there are none."""
    paths = sorted((folder / "previews").glob("*.png"))
    if paths:
        write(folder / "timelapse.mp4", _pictures([*paths, *paths[-1:] * TIMELAPSE_FPS]), fps=TIMELAPSE_FPS)


def _pictures(paths: Iterable[Path]) -> Iterator[NDArray[np.uint8]]:
    for path in paths:
        picture = cv2.imread(str(path))
        if picture is None:
            raise MediaError(path, "is not a picture any more", "Remove the folder of previews and train again.")
        yield np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def write_card(
    run: Run,
    settings: Learning,
    progress: Progress,
    images: int,
    architecture: Mapping[str, Any],
    state: str,
    spending: Mapping[str, Any],
) -> None:
    """Writes the run card. images: pictures a step. state: "finished" or "stopped". spending: see `Budget.told`."""
    wall, cpu = max(progress.wall, 1e-9), max(progress.cpu, 1e-9)
    card = {
        "state": state,
        "subjects": list(run.subjects),
        "pretrained": {"weights": files.sha256(run.pretrained), "subjects": list(run.strangers)}
        if run.pretrained
        else None,
        "consents": list(run.consents),
        "log_head": run.log_head,
        "seed": run.seed,
        "code": run.code,
        "settings": {"method": plain(run.settings), "learning": plain(settings)},
        "architecture": dict(architecture),
        **spending,
        "steps": progress.step,
        "sittings": progress.sittings,
        "images": progress.step * images,
        "seconds": {"wall": round(progress.wall, 2), "cpu": round(progress.cpu, 2)},
        "images_per_second": {
            "wall": round(progress.step * images / wall, 2),
            "cpu": round(progress.step * images / cpu, 2),
        },
        "peak_memory": peak_memory(run.device),
        "device": str(run.device) if run.device.type == "cpu" else torch.cuda.get_device_name(run.device),
        "threads": torch.get_num_threads(),
        "precision": "bf16" if uses_bf16(settings.precision, run.device) else "fp32",
        "machine": job.machine(),
    }
    files.write_json(run.folder / "card.json", card)
