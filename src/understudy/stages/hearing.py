"""Rules `base` and `offset`: a clip as long as another's speech, and sound that is brought in step with its lips."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from understudy import media
from understudy.faces.faceset import Faceset
from understudy.files import read_json, write_json
from understudy.lips.offset import by_opening, openings, shifted
from understudy.media.read import has_sound
from understudy.media.wav import write_wav
from understudy.methods import Footage, method
from understudy.people import Use, ask, mixing
from understudy.settings import build


def base(
    *, clip: Path, speech: Path, out: Path, source: str, driver: str, length: str, crf: int, consents: str, study: str
) -> None:
    """Writes the source's clip as often as the driver's speech lasts, or once: what a lip-sync will change.

    It is silent: under the speech it would be a fake.
    """
    ask(Path(consents), study, f"base {source} {speech.stem}", mixing(source, driver, "lipsync"))
    chosen = method("dub")
    likeness, performance = Footage(source, (), (clip,)), Footage(driver, (), (speech,), speech=speech)
    config = build(chosen.Config, {"length": length}, "base")
    made = chosen.convert(chosen.load(out, torch.device("cpu")), likeness, performance, config)
    shown = (np.ascontiguousarray(frame) for batch in made for frame in batch.numpy()[..., :3])
    media.write(out, shown, fps=media.probe(clip).fps, crf=crf)


def offset(*, clip: Path, faceset: Path, out: Path, subject: str, consents: str, study: str) -> None:
    """Writes by how much a clip's lips run behind its sound, and what is left once the sound is delayed by that.

    Sound that is less than a frame away, or whose place cannot be told surely, is left as it is.
    """
    ask(Path(consents), study, f"offset {clip.stem}", [Use(subject=subject, purpose="extract")])
    film = media.probe(clip)
    if film.sound is None:
        write_json(out, {"seconds": None, "confidence": 0.0, "by": "no sound", "delay": 0.0, "left": None})
        return
    openings_T = openings(np.asarray(Faceset.open(faceset).track_T682))
    samples_N, rate = media.sound(clip)
    found = by_opening(openings_T, float(film.fps), samples_N, rate)
    far = found.sure and abs(found.seconds) > 1 / film.fps
    delay = found.seconds if far else 0.0
    left = by_opening(openings_T, float(film.fps), shifted(samples_N, delay, rate), rate)
    told = {"confidence": found.confidence, "by": found.by, "delay": delay}
    write_json(out, told | {"seconds": _number(found.seconds), "left": _number(left.seconds)})


def _number(seconds: float) -> float | None:
    return seconds if np.isfinite(seconds) else None


@contextlib.contextmanager
def in_step(heard: Path, offset: Sequence[str]) -> Iterator[Path]:
    """The sound of a file itself, or a file in its place whose sound is moved so that it is in step with the lips.

    offset: a JSON file with the seconds of `delay` that mend it; none to leave it.
    """
    late = float(read_json(Path(offset[0]))["delay"]) if offset else 0.0
    if not late or not has_sound(heard):
        yield heard
        return
    with tempfile.TemporaryDirectory() as folder:
        moved = Path(folder) / "moved.wav"
        samples_N, rate = media.sound(heard)
        write_wav(moved, shifted(samples_N, late, rate), rate)
        yield moved
