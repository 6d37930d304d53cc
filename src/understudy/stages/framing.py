"""Rules `frame` and `truth` of an animation: films as methods that move a picture see them."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy import media
from understudy.faces.faceset import Faceset
from understudy.faces.framing import Framing, Square, frame_clip, framed
from understudy.files import read_json, whole
from understudy.people import Use, ask
from understudy.settings import build
from understudy.stages.render import render_animated


def frame(
    *,
    clip: Path,
    faceset: Path,
    out: Path,
    card: Path,
    subject: str,
    settings: dict[str, Any],
    crf: int,
    consents: str,
    study: str,
) -> None:
    """Writes a clip as a square that the subject's face fills, and in `card` how it was cropped."""
    ask(Path(consents), study, f"frame {clip.stem}", [Use(subject=subject, purpose="extract")])
    frame_clip(clip, Faceset.open(faceset), out, card, build(Framing, settings, "framing"), crf=crf)


def frame_truth(*, truth: Path, faces: Path, framing: Sequence[str], **job: Any) -> None:
    """Renders the exact animation, and frames it as the source's picture was framed: the first card of `framing`."""
    card = read_json(Path(framing[0]))
    square, size = Square(**card["square"]), int(card["settings"]["size"])
    with tempfile.TemporaryDirectory(dir=_beside(truth)) as folder:
        bare, masks = Path(folder) / truth.name, Path(folder) / faces.name
        render_animated(truth=bare, faces=masks, **job)
        if (square.x, square.y, square.side) == (0, 0, card["width"]) and card["width"] == card["height"] == size:
            shutil.move(masks, faces)
            shutil.move(bare, truth)
            return
        shown = (framed(frame, square, size) for frame in media.frames(bare))
        film = media.probe(bare)
        masks_THW = np.load(masks, mmap_mode="r")
        with whole(faces) as part, part.open("wb") as file:
            np.save(file, np.array([framed(mask.astype(np.uint8) * 255, square, size) > 127 for mask in masks_THW]))
        media.write(truth, shown, fps=film.fps, sound=bare, crf=job["crf"])


def _beside(path: Path) -> Path:
    """The folder of a file that is to be written, made if need be: what is moved there must lie on the same disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent
