"""Publishing: the one way in which a fake gets into a file.

In this order: the notice into a sound that is synthetic, the watermark into picture and sound, the label on top of it,
the encoder, the credential. No argument leaves one of them out.

Legend of shapes: HWC = height, width, RGB; NC = samples, channels.
"""

import contextlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from understudy import media, watermark
from understudy.errors import ConfigError, MediaError
from understudy.files import sha256, whole
from understudy.media.read import blocks, has_sound
from understudy.provenance import cards, chime, containers, credential, selfmade
from understudy.provenance import notice as audible
from understudy.provenance.cards import Card
from understudy.provenance.certificates import Credentials, load
from understudy.provenance.label import WORD, Box, draw, label_box
from understudy.provenance.lineage import Lineage

_ABOUT = "Synthetic media: not a recording of what happened. Made for research, with the consent of those it shows."
_VOICE = " The voice is synthetic, too."
# Hz: what a film's sound is encoded at, and raised to where it is too slow for the notice.
_SOUND_RATE = 48_000


class Film(Protocol):
    """What publishing must know of the frames to come; a media.Probe will do."""

    @property
    def fps(self) -> Fraction: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def publish(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    probe: Film,
    sound: Path | None,
    lineage: Lineage,
    faces: NDArray[np.float64] | None,
    crf: float = 18,
    preset: str = "medium",
    key: bytes = watermark.PUBLIC,
    credentials: Credentials | None = None,
    notice: str | None = None,
) -> Card:
    """Writes a fake as MP4: watermarked, labelled, signed, its lineage in the container's tags and in the sidecar.

    frames: RGB, uint8, HWC, of `probe`'s size and rate, streamed. sound: a file whose sound track goes along (mono; it
    is held whole). faces: boxes_N4 over the whole clip, which the label keeps clear of; see label_box. key: of the
    watermark. credentials: whose chain signs; by default this machine's self-made one. notice: a text to
    be said after the chime with which a synthetic sound begins; where the lineage's sound is a recording, nothing is
    laid over it.

    The fake appears last, and complete: whenever it is killed there is a signed fake with its sidecar, or none. Raises
    ConfigError for a chain that cannot sign and a notice that cannot be said, before the first frame is asked for;
    MediaError, also for a synthetic voice without a sound, and DiskError.
    """
    path, box = Path(path), label_box(probe.width, probe.height, faces)
    if lineage.speaks:
        audible.require(notice)
        if sound is None or not has_sound(sound):
            remedy = "Pass that sound, or a lineage without the voice."
            raise MediaError(path, "its voice is synthetic, and it has no sound", remedy)

    def make(bare: Path) -> cards.Film:
        shown = _shown(path, frames, probe, box, lineage, key)
        with _beside(bare, ".wav") as heard:
            track = _marked(sound, heard, lineage, key, notice) if sound else None
            tags = _tags(lineage)
            count = media.write(bare, shown, fps=probe.fps, sound=track, metadata=tags, crf=crf, preset=preset)
        fps = Fraction(probe.fps)
        said = _said(lineage, notice, float(count / fps))
        return cards.Film(frames=count, fps=fps, width=probe.width, height=probe.height, label=box, notice=said)

    return _release(path, make, lineage, key, credentials)


def publish_picture(
    path: Path,
    rgb_HWC: NDArray[np.uint8],
    *,
    lineage: Lineage,
    faces: NDArray[np.float64] | None,
    key: bytes = watermark.PUBLIC,
    credentials: Credentials | None = None,
) -> Card:
    """Writes a fake that stands still as PNG: watermarked, labelled, signed, with its sidecar; see publish.

    Raises ConfigError, besides, for a lineage with a synthetic voice: a picture is not heard.
    """
    if lineage.speaks:
        raise ConfigError(path, "a picture has no voice, its lineage has", "Pass a lineage without the voice.")
    height, width = rgb_HWC.shape[:2]
    box = label_box(width, height, faces)

    def make(bare: Path) -> cards.Still:
        shown_HWC = watermark.Picture(width, height, _payload(lineage), key).mark(rgb_HWC)
        draw(shown_HWC, box)
        containers.write_png(bare, shown_HWC, _tags(lineage))
        return cards.Still(width=width, height=height, label=box)

    return _release(Path(path), make, lineage, key, credentials)


def publish_sound(
    path: Path,
    samples_NC: NDArray[np.float32],
    rate: int,
    *,
    lineage: Lineage,
    key: bytes = watermark.PUBLIC,
    credentials: Credentials | None = None,
    notice: str | None = None,
) -> Card:
    """Writes a fake that is only heard as WAV: watermarked, signed, its label in its tags; see publish.

    samples_NC: in [-1, 1]. rate: Hz; a synthetic voice needs 4000 or more for its notice.
    """
    if lineage.speaks:
        audible.require(notice)

    def make(bare: Path) -> cards.Heard:
        said_NC = audible.laid(samples_NC, rate, notice) if lineage.speaks else samples_NC
        marked_NC = watermark.mark_sound(said_NC, rate, _payload(lineage), key)
        containers.write_wav(bare, marked_NC, rate, _tags(lineage))
        said = _said(lineage, notice, len(samples_NC) / rate)
        return cards.Heard(samples=len(samples_NC), channels=samples_NC.shape[1], rate=rate, notice=said)

    return _release(Path(path), make, lineage, key, credentials)


def _release(
    path: Path,
    make: Callable[[Path], cards.Film | cards.Still | cards.Heard],
    lineage: Lineage,
    key: bytes,
    credentials: Credentials | None,
) -> Card:
    """Signs what `make` wrote, and puts it into its place after its sidecar."""
    signature = load(credentials or selfmade.own())
    _sweep(path)
    with whole(path) as part, _beside(part, path.suffix) as bare:
        shape = make(bare)
        alone = isinstance(shape, cards.Heard)
        manifest = credential.sign(bare, part, lineage, signature, title=path.name, sound_only=alone)
        made = Card(
            path=path,
            sha256=sha256(part),
            content=containers.content(bare),
            shape=shape,
            lineage=lineage,
            manifest=manifest,
            signer=signature.fingerprint,
            payload=_payload(lineage),
            key=cards.fingerprint(key),
        )
        with whole(cards.sidecar(path)) as text:
            text.write_text(json.dumps(made.plain(), indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
            # A fake that is being replaced goes before its sidecar does: none ever stands beside another's.
            path.unlink(missing_ok=True)
    return made


def _sweep(path: Path) -> None:
    """Removes what a publication of the same fake left unfinished when it was killed."""
    left = re.compile(rf"\.+{re.escape(path.stem)}(\.[0-9a-f]{{8}}\.part)+\.\w+")
    for other in path.parent.glob(".*.part*"):
        if left.fullmatch(other.name):
            other.unlink(missing_ok=True)


@contextlib.contextmanager
def _beside(path: Path, suffix: str) -> Iterator[Path]:
    """A place beside `path` for what is not finished; whatever lies there is gone afterwards."""
    place = path.with_name(f".{path.stem.lstrip('.')}.{uuid.uuid4().hex[:8]}.part{suffix}")
    try:
        yield place
    finally:
        place.unlink(missing_ok=True)


def _payload(lineage: Lineage) -> int:
    return watermark.payload(lineage.study, lineage.version)


def _tags(lineage: Lineage) -> dict[str, str]:
    method = f"{lineage.method} + {lineage.voice}" if lineage.voice else lineage.method
    about = _ABOUT + _VOICE * lineage.speaks
    return {"comment": cards.comment(lineage), "description": about, "title": f"{WORD}: {method}"}


def _said(lineage: Lineage, text: str | None, seconds: float) -> audible.Notice | None:
    """The notice in a sound of so many seconds; None where the sound is a recording."""
    return audible.Notice(text=text, seconds=min(audible.seconds(text), seconds)) if lineage.speaks else None


def _shown(
    path: Path, frames: Iterable[NDArray[np.uint8]], film: Film, box: Box, lineage: Lineage, key: bytes
) -> Iterator[NDArray[np.uint8]]:
    """The frames with the watermark and, on top of it, the label; the frames themselves stay as they are."""
    picture = watermark.Picture(film.width, film.height, _payload(lineage), key)
    due = (film.height, film.width, 3)
    for number, frame_HWC in enumerate(frames):
        if frame_HWC.shape != due or frame_HWC.dtype != np.uint8:
            raise MediaError(path, f"frame {number} is {frame_HWC.dtype} {frame_HWC.shape}", f"It must be uint8 {due}.")
        shown_HWC = picture.mark(frame_HWC)
        draw(shown_HWC, box)
        yield shown_HWC


def _marked(sound: Path, out: Path, lineage: Lineage, key: bytes, notice: str | None) -> Path | None:
    """Writes the sound of a file with its notice, if that is due, and the watermark to `out`, its first sample at the
    first frame; None without any."""
    if not has_sound(sound):
        return None
    samples_N, rate = media.sound(sound)
    if lineage.speaks:
        if rate < chime.SLOWEST:
            rate, parts = _SOUND_RATE, list(blocks(sound, _SOUND_RATE))
            samples_N = np.concatenate(parts) if parts else samples_N
        samples_N = audible.laid(samples_N, rate, notice)
    containers.write_wav(out, watermark.mark_sound(samples_N[:, None], rate, _payload(lineage), key), rate)
    return out
