"""What a training left, ready to be shown: its loss chart, its labelled timelapse and last preview, seen or heard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.errors import MediaError
from understudy.media.wav import write_wav
from understudy.provenance import label_picture, notice
from understudy.report.charts import Curves, curves
from understudy.report.page import RunView
from understudy.report.shelf import Shelf, data_uri
from understudy.report.stills import stills

MOST_PICTURED = 12  # runs whose timelapses and previews are all shown


@dataclass(frozen=True, kw_only=True)
class Training:
    """A run ready for the template. timelapse, preview, sound: keys on the shelf. poster: the timelapse's last
    frame."""

    view: RunView
    curves: Curves | None
    timelapse: str | None
    preview: str | None
    sound: str | None
    poster: str
    width: int
    height: int


def pictured(runs: Sequence[RunView]) -> list[RunView]:
    """The runs, with pictures of all of them or, when they are many, of each training's first seed only."""
    if len(runs) <= MOST_PICTURED:
        return list(runs)
    first: dict[tuple[str, tuple[str, ...]], int] = {}
    for run in runs:
        place = (run.method, run.subjects)
        first[place] = min(run.seed, first.get(place, run.seed))
    kept = [run.seed == first[run.method, run.subjects] for run in runs]
    return [
        r if keep else replace(r, timelapse=None, preview=None, sound=None) for r, keep in zip(runs, kept, strict=True)
    ]


def training(run: RunView, shelf: Shelf, scratch: Path) -> Training:
    """Puts the labelled pictures of a run on the shelf; they are written to `scratch`, which must outlive the shelf."""
    timelapse = _timelapse(run.timelapse, scratch) if run.timelapse else None
    preview = _preview(run.preview, scratch) if run.preview else None
    poster, width, height = "", 0, 0
    if timelapse:
        probe = media.probe(timelapse)
        last = probe.frames - 1
        poster = data_uri(stills({timelapse: [last]})[timelapse, last], ".jpg")
        width, height = probe.width, probe.height
    return Training(
        view=run,
        curves=read_curves(run),
        timelapse=shelf.put(timelapse) if timelapse else None,
        preview=shelf.put(preview) if preview else None,
        sound=shelf.put(_noticed(run.sound, scratch)) if run.sound else None,
        poster=poster,
        width=width,
        height=height,
    )


def read_curves(run: RunView) -> Curves | None:
    """The loss chart of a run; None without a table of losses, or without a loss in it. Raises OSError."""
    return curves(run.loss) if run.loss else None


def _timelapse(path: Path, scratch: Path) -> Path:
    """A labelled copy of a timelapse: previews are fakes too."""
    out = scratch / f"{len(list(scratch.iterdir()))}.mp4"
    media.write(out, _labelled(path), fps=media.probe(path).fps)
    return out


def _labelled(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Labels stand at the top: the player's controls lie over the bottom."""
    for frame_HWC in media.frames(path):
        height, width = frame_HWC.shape[:2]
        yield label_picture(frame_HWC, np.array([[0.0, height / 2, width, height]]))


def _preview(path: Path, scratch: Path) -> Path:
    """A labelled copy of a preview. Raises MediaError when it is no picture."""
    picture_HWC = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture_HWC is None:
        raise MediaError(path, "is not a picture", "Remove it, or train again.")
    out = scratch / f"{len(list(scratch.iterdir()))}.png"
    labelled_HWC = label_picture(np.ascontiguousarray(picture_HWC[:, :, ::-1], dtype=np.uint8))
    cv2.imwrite(str(out), np.ascontiguousarray(labelled_HWC[:, :, ::-1]))
    return out


def _noticed(path: Path, scratch: Path) -> Path:
    """A copy of a preview that is heard, with the notice at its start. Raises MediaError when it is no sound."""
    samples_N, rate = media.sound(path)
    out = scratch / f"{len(list(scratch.iterdir()))}.wav"
    write_wav(out, samples_N if notice.found(samples_N, rate) else notice.laid(samples_N, rate), rate)
    return out
