"""The sanity rows: what a table of metrics must show beside the fakes before any of its numbers can be read.

The driver unchanged is the floor of identity and the ceiling of everything that is kept; re-encoding alone tells how
much of a loss is the codec's; the exact truth is as good as a fake can be; another clip of the source is real against
real; a shuffled sound is what no sync looks like.
"""

import dataclasses
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.files import whole
from understudy.metrics._case import Case

PIECE = 0.1  # seconds of sound that stay together when it is shuffled


@dataclass(frozen=True, kw_only=True)
class Sanity:
    """A case whose answer is known beforehand. name: stands in the table's `method` column. chosen: its metrics."""

    name: str
    case: Case
    chosen: tuple[str, ...]


def sanity(
    case: Case, chosen: Sequence[str], folder: Path, *, another: Path | None = None, crf: int = 18, seed: int = 0
) -> Iterator[Sanity]:
    """The sanity cases of one source and one driver's clip, made from any `case` of theirs (its fake is not read).

    another: another normalised clip of the source, not among its references. What has to be made (the re-encoded
    driver, the shuffled sound) is written into `folder`; crf is that of the published fakes. Cases without the means
    are left out.
    """

    def like(name: str, fake: Path, metrics: Sequence[str] = chosen, sound: Path | None = None) -> Sanity:
        return Sanity(
            name=name, case=dataclasses.replace(case, fake=fake, sound=sound, region=None), chosen=tuple(metrics)
        )

    has_sound = media.probe(case.driver).sound is not None
    yield like("driver", case.driver)
    again = folder / "re-encoded.mp4"
    media.write(
        again, media.frames(case.driver), fps=case.fps, sound=case.driver if has_sound else None, metadata={}, crf=crf
    )
    yield like("re-encoded", again)
    if case.truth is not None:
        yield like("truth", case.truth)
    alone = [name for name in chosen if name in ("identity", "retrieval", "detection")]
    if another is not None and alone:
        there = like("another clip of the source", another, alone)
        yield dataclasses.replace(there, case=dataclasses.replace(there.case, boxes_T4=None))
    if has_sound and "sync" in chosen:
        shuffled = folder / "shuffled.wav"
        write_sound(shuffled, *shuffle(*media.sound(case.driver), seed=seed))
        yield like("shuffled sound", case.driver, ["sync"], shuffled)


def shuffle(samples: NDArray[np.float32], rate: int, *, seed: int) -> tuple[NDArray[np.float32], int]:
    """The sound cut into pieces of a tenth of a second, in another order; and its rate."""
    cuts = np.arange(0, len(samples), max(round(PIECE * rate), 1))[1:]
    pieces = np.split(samples, cuts)
    order = np.random.default_rng(seed).permutation(len(pieces))
    return np.concatenate([pieces[index] for index in order]), rate


def write_sound(path: Path, samples: NDArray[np.float32], rate: int) -> None:
    """Writes mono samples in [-1, 1] as a WAV of 16 bits."""
    with whole(path) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())
