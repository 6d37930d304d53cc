"""Filming: an actor's rendered frames, encoded with their speech."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy import cast, media
from understudy.faces.framing import Square, framed, read_size
from understudy.files import read_json, whole
from understudy.job import progress

# Every render says to machines what it is; it shows nobody, so it bears no burnt-in label (a fake does).
METADATA = {"comment": "Rendered synthetic actor: no person was filmed. Digital source type: digitalCreation"}


def film_faces(
    faces: Path,
    actor: cast.Actor,
    script: cast.Performance,
    out: Path,
    *,
    size: int,
    crf: int,
    label: str,
    voice: cast.Voice | None = None,
    framing: Path | None = None,
) -> None:
    """Films, and writes the inner face of every frame, where it is seen, into `faces`: bool masks_THW (.npy)."""
    view, side = _view(framing), size if framing is None else read_size(framing)
    with whole(faces) as part:
        masks = np.lib.format.open_memmap(part, "w+", np.bool_, (script.frames, side, side))
        row = iter(masks)

        def keep(frame: cast.Frame) -> None:
            next(row)[:] = view(frame.face_HW[..., None] * np.uint8(255)).reshape(side, side) > 127

        film(actor, script, out, voice=voice, size=size, crf=crf, label=label, keep=keep, framing=framing)
        masks.flush()


def _view(framing: Path | None) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """What is shown of a frame by a framing's card: all of it without one."""
    if framing is None:
        return lambda frame_HWC: frame_HWC
    square, side = Square(**read_json(framing)["square"]), read_size(framing)
    return lambda frame_HWC: framed(frame_HWC, square, side)


def film(
    actor: cast.Actor,
    script: cast.Performance,
    out: Path,
    *,
    size: int,
    crf: int,
    label: str,
    keep: Callable[[cast.Frame], None],
    voice: cast.Voice | None = None,
    framing: Path | None = None,
) -> None:
    """Encodes the rendered frames with the performance's speech; `keep` sees every frame on its way.

    voice: whose it is spoken in; the actor's own by default.
    """
    view = _view(framing)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for frame in progress(cast.render(actor, script, size=size), script.frames, label):
            keep(frame)
            yield view(frame.rgb_HWC)

    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "speech.wav" if script.speech.text else None
        if sound:
            cast.speak(script, sound, voice or actor.identity.voice)
        media.write(out, pictures(), fps=script.fps, sound=sound, metadata=METADATA, crf=crf)
