"""The sanity rows: what a table of metrics must show beside the fakes before any of its numbers can be read.

The driver unchanged is the floor of identity and the ceiling of everything that is kept; re-encoding alone tells how
much of a loss is the codec's; the exact truth is as good as a fake can be; another clip of the source is real against
real; a shuffled sound is what no sync looks like.

What is changed differs from family to family, and with it what is encoded again and put under a shuffled sound: of a
swap the driver; of an animation the truth, and where there is none the driver, whose lips and sound it keeps (the
source's picture held still is a method, `still`); of a lip-sync the truth, and where there is none the source's clip
(that clip unchanged under the new words is a method, `dub`). A lip-sync also has the clip that lent its words: real
lips under their own sound.

Of a voice conversion it is the truth, and where there is none the driver, too. Its shuffled speaker is the truth (or
another recording of the source), held against the voices of source and driver exchanged.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.errors import MediaError
from understudy.media.wav import write_wav
from understudy.metrics._case import Case

HEARD = ("sync", "lipsync")  # the metrics that hear the sound
SAID = ("cepstrum", "melody", "timing", "words")  # those that hear what a voice says, and when
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

    another: another normalised clip of the source, not among its references. What has to be made (what is encoded
    again, the shuffled sound) is written into `folder`; crf is that of the published fakes. Cases without the means
    are left out.
    """

    like = partial(_like, case, tuple(chosen))
    voice = case.family == "voice"
    exact = case.truth if case.family != "swap" else None
    film = exact or case.driver
    if case.family != "lipsync":
        yield like("driver", case.driver)
    again = folder / "re-encoded.mp4"
    has_sound = media.probe(film).sound is not None
    media.write(again, media.frames(film), fps=case.fps, sound=film if has_sound else None, metadata={}, crf=crf)
    yield like("re-encoded" if exact is None else "re-encoded truth", again)
    if case.truth is not None:
        yield like("truth", case.truth)
    yield from _speakers(case, chosen, another) if voice else _faces(case, chosen, another)
    heard = [name for name in chosen if name in (SAID if voice else HEARD)]
    if "lipsync" in heard and case.speech is not None and (rate := _rate(case.speech)):
        there = like("the words' own clip", case.speech, ["lipsync"])
        yield dataclasses.replace(there, case=dataclasses.replace(there.case, boxes_T4=None, fps=rate))
    if has_sound and heard:
        shuffled = folder / "shuffled.wav"
        write_wav(shuffled, *shuffle(*media.sound(film), seed=seed))
        yield like("shuffled sound", film, heard, shuffled)


def _like(
    case: Case, chosen: Sequence[str], name: str, fake: Path, metrics: Sequence[str] | None = None,
    sound: Path | None = None,
) -> Sanity:  # fmt: skip
    """The case with that in the fake's place."""
    there = dataclasses.replace(case, fake=fake, sound=sound, region=None)
    return Sanity(name=name, case=there, chosen=tuple(chosen if metrics is None else metrics))


def _faces(case: Case, chosen: Sequence[str], another: Path | None) -> Iterator[Sanity]:
    """Real against real: another clip of the source."""
    alone = [name for name in chosen if name in ("identity", "retrieval", "detection")]
    if another is not None and alone:
        there = _like(case, alone, "another clip of the source", another)
        yield dataclasses.replace(there, case=dataclasses.replace(there.case, boxes_T4=None))


def _speakers(case: Case, chosen: Sequence[str], another: Path | None) -> Iterator[Sanity]:
    """Another recording of the source; and the source's own voice, with source and driver exchanged."""
    if "speaker" not in chosen:
        return
    if another is not None:
        yield _like(case, ["speaker"], "another recording of the source", another)
    own = case.truth or another
    if own is not None and case.recordings and case.driver_recordings:
        there = dataclasses.replace(case, recordings=case.driver_recordings, driver_recordings=case.recordings)
        yield _like(there, ["speaker"], "shuffled speaker", own)


def _rate(path: Path) -> float:
    """The frames a second of a file, 0 when it has no picture."""
    try:
        return float(media.probe(path).fps)
    except MediaError:
        return 0.0


def shuffle(samples: NDArray[np.float32], rate: int, *, seed: int) -> tuple[NDArray[np.float32], int]:
    """The sound cut into pieces of a tenth of a second, in another order; and its rate."""
    cuts = np.arange(0, len(samples), max(round(PIECE * rate), 1))[1:]
    pieces = np.split(samples, cuts)
    order = np.random.default_rng(seed).permutation(len(pieces))
    return np.concatenate([pieces[index] for index in order]), rate
