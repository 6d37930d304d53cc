"""Rule `revoice`: the driver's words in the source's voice, published."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from understudy import media, provenance, speech
from understudy.config import Publishing
from understudy.errors import SpeechError
from understudy.job import progress
from understudy.learning import device
from understudy.media.wav import write_wav
from understudy.methods import Footage, method
from understudy.people import ask, mixing, pair
from understudy.settings import build
from understudy.stages.signing import credentials, descent, watermark_key
from understudy.stages.timing import spent, write_timing

_SHORT = 0.05  # seconds by which a voice may differ from what it says; more is a failure that nobody would see


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How a voice is made: the study's entry, its training's name, the method and its settings, the weights (one file,
    or none), and of whom it knows what: the source's clips, and the segments of source and driver."""

    entry: str
    trained: str
    method_name: str
    settings: Mapping[str, Any]
    weights: Sequence[str]
    source_clips: Sequence[str]
    source_segments: Sequence[str]
    driver_segments: Sequence[str]

    def inputs(self, name: str = "voice weights") -> dict[str, Path]:
        """What the voice was made with, under a name: of a fake that has another's picture, too, beside that one's."""
        return {name: Path(self.weights[0])} if self.weights else {}

    def samples(self, source: str, performance: Footage) -> tuple[np.ndarray[Any, np.dtype[np.float32]], int]:
        """What the driver says in the source's voice, as long as the driver's sound, and its rate.

        Raises SpeechError for a voice that is of another length, silent or no numbers.
        """
        chosen = method(self.method_name)
        config = build(chosen.Config, dict(self.settings), f"methods.{self.entry}")
        likeness = Footage(source, (), tuple(map(Path, self.source_clips)), segments=_opened(self.source_segments))
        driver = Footage(
            performance.subject, (), performance.clips, performance.speech, segments=_opened(self.driver_segments)
        )
        model = chosen.load(Path(self.weights[0]) if self.weights else Path(), device())
        pieces = chosen.convert(model, likeness, driver, config)
        label = f"{self.entry}: {source} says {performance.clips[0].stem}"
        samples_N = torch.cat(list(progress(pieces, None, label)) or [torch.zeros(0)]).cpu().numpy()
        rate = int(chosen.RATE)  # type: ignore[attr-defined] # what yields sound has it; the tests hold that
        return sane(samples_N, rate, performance, self.entry), rate


def sane(
    samples_N: np.ndarray[Any, np.dtype[np.float32]], rate: int, performance: Footage, entry: str
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The sound itself. Raises SpeechError unless it is numbers, as long as what it says, and heard where that is."""
    said_N, said_rate = media.sound(performance.clips[0])
    name = f"'{entry}' on {performance.clips[0].stem}"
    remedy = "Look at what its training learned; train it longer or on more speech, then convert again."
    if not np.isfinite(samples_N).all():
        raise SpeechError(name, "its sound holds values that are no numbers", remedy)
    seconds, due = len(samples_N) / rate, len(said_N) / said_rate
    if abs(seconds - due) > _SHORT:
        raise SpeechError(name, f"its sound lasts {seconds:.2f} s, and what it says {due:.2f} s", remedy)
    loudest = float(np.abs(samples_N).max(initial=0.0))
    if loudest < 1e-3 <= float(np.abs(said_N).max(initial=0.0)):
        raise SpeechError(name, f"its sound is silence (its loudest sample is {loudest:.1g} of full scale)", remedy)
    return samples_N


def _opened(folders: Sequence[str]) -> tuple[speech.Segments, ...]:
    return tuple(speech.Segments.open(Path(folder)) for folder in folders)


@contextlib.contextmanager
def said(voice: Voice | None, source: str, performance: Footage) -> Iterator[Path]:
    """A sound file of the driver's words in the source's voice, gone afterwards; the driver's own clip without one.

    What is not published is nowhere but here: only a published fake is marked.
    """
    if voice is None:
        yield performance.clips[0]
        return
    samples_N, rate = voice.samples(source, performance)
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / "voice.wav"
        write_wav(heard, samples_N, rate)
        yield heard


def revoice_clip(
    *,
    fake: Path,
    timing: Path,
    clip: Path,
    voice: Mapping[str, Any],
    source: str,
    driver: str,
    clip_id: str,
    study: str,
    version: str,
    seed: int,
    threads: int,
    publishing: dict[str, Any],
    consents: str,
) -> None:
    """Publishes the driver's clip with its words in the source's voice as `fake`, its lineage beside it.

    The picture is the driver's own, but for the visible label. Leaves what the conversion took in `timing`.
    """
    torch.set_num_threads(threads)
    speaker, film = Voice(**voice), media.probe(clip)
    chosen = method(speaker.method_name)
    job = f"convert {speaker.entry} {source} on {clip_id}"
    ledger = ask(Path(consents), study, job, mixing(source, driver, "voice"))
    allowed = pair(ledger, source=source, driver=driver, family="voice")
    release = build(Publishing, publishing, "publish")
    provenance.notice.require(release.notice)
    if film.sound is None:
        raise SpeechError(f"clip '{clip_id}'", "it has no sound", "Nothing is said in it: give it another role.")
    weights = Path(speaker.weights[0]) if speaker.weights else None
    lineage = descent(
        allowed,
        ledger.head,
        study=study,
        version=version,
        method=speaker.entry,
        family="voice",
        clip=clip_id,
        seed=seed,
        trained=(speaker.trained, weights),
        inputs={"driver clip": clip} | speaker.inputs("weights"),
        digital_source_type=chosen.DIGITAL_SOURCE_TYPE,
    )
    begun = spent()
    with said(speaker, source, Footage(driver, (), (clip,), speech=clip)) as heard:
        provenance.publish(
            fake,
            progress(media.frames(clip), film.frames, job),
            probe=film,
            sound=heard,
            notice=release.notice,
            lineage=lineage,
            faces=None,
            crf=release.crf,
            preset=release.preset,
            key=watermark_key(release),
            credentials=credentials(release),
        )
    write_timing(timing, film.frames, begun)
