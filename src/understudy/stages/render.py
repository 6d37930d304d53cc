"""Rules that render: clips of synthetic actors, their labels, and what an exact fake of each family is."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy import cast, media
from understudy.errors import ManifestError
from understudy.files import whole
from understudy.people import Use, ask
from understudy.stages.filming import METADATA, film, film_faces


def render_clip(
    *,
    clip: Path,
    labels: Path,
    subject: str,
    actor: str,
    performance: str,
    size: int,
    crf: int,
    digest: str,
    consents: str,
    study: str,
) -> None:
    """Renders `performance` by `actor` into `clip` (mp4 with speech) and its exact labels into `labels` (npz).

    labels: landmarks_T682 (px), jaw_open_T (0-1), pose_T3 (yaw, pitch, roll in degrees), weights_TE (0-1) of the face
    units that units_E names, frame by frame.
    """
    ask(Path(consents), study, f"render {clip.stem}", [Use(subject=subject, purpose="extract")])
    _require_same(actor, performance, digest)
    player, script = cast.Actor(cast.load_actor(actor)), cast.load_performance(performance)
    kept: list[tuple[NDArray[Any], float, tuple[float, float, float]]] = []

    def keep(frame: cast.Frame) -> None:
        kept.append((frame.landmarks_682, frame.jaw_open, (frame.yaw, frame.pitch, frame.roll)))

    film(player, script, clip, size=size, crf=crf, label=f"render {clip.stem}", keep=keep)
    units, weights_TE = cast.unit_weights(script, player.identity.speaking)
    with whole(labels) as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            landmarks_T682=np.array([k[0] for k in kept], np.float32),
            jaw_open_T=np.array([k[1] for k in kept], np.float32),
            pose_T3=np.array([k[2] for k in kept], np.float32),
            units_E=np.array(units),
            weights_TE=weights_TE.astype(np.float32),
        )


def render_truth(
    *,
    swap: Path,
    faces: Path,
    reenacted: Path,
    source: str,
    driver: str,
    source_actor: str,
    actor: str,
    performance: str,
    digests: Sequence[str],
    size: int,
    crf: int,
    consents: str,
    study: str,
) -> None:
    """Renders what a perfect fake is: the exact swap and its face mask, and the source's re-performance.

    swap: the driver with the source's inner face and the driver's voice. faces: bool masks_THW (.npy) of the pixels
    that a swap changes. reenacted: the source's actor giving the driver's performance, in the source's voice.
    """
    both = [Use(subject=subject, purpose="extract") for subject in (source, driver)]
    ask(Path(consents), study, f"truth {source} {swap.name.removesuffix('.swap.mp4')}", both)
    for name, recorded in zip((source_actor, actor), digests, strict=True):
        _require_same(name, performance, recorded)
    giver, taker = (cast.Actor(cast.load_actor(name)) for name in (source_actor, actor))
    script = cast.load_performance(performance)
    name = f"{source} on {swap.stem}"
    shown, heard = cast.swapped(taker, giver), taker.identity.voice
    film_faces(faces, shown, script, swap, voice=heard, size=size, crf=crf, label=f"truth {name}")
    film(giver, script, reenacted, size=size, crf=crf, label=f"re-performance {name}", keep=lambda _: None)


def render_animated(
    *,
    truth: Path,
    faces: Path,
    source: str,
    driver: str,
    source_actor: str,
    scene: str,
    actor: str,
    performance: str,
    digests: Sequence[str],
    size: int,
    crf: int,
    consents: str,
    study: str,
    framing: Path | None = None,
) -> None:
    """Renders what a perfect animation is: the source's actor, where its own clip was filmed, giving the performance.

    scene: the performance of the source's clip, whose light and room stay. performance: the driver's. digests: of the
    source's clip and of the driver's, as the manifest has them. framing: the card of how the source's clip was framed:
    so is the truth. truth: as many frames as the driver's clip, with its sound. faces: bool masks_THW (.npy) of the
    inner face where it is seen.

    The head is where the driver's is. A method that keeps the source's pose and adds how the driver's changes since the
    first frame (relative motion) differs from it by those two poses throughout, and not by a fault.
    """
    _ask_both(truth, source, driver, consents, study)
    for name, clip, recorded in zip((source_actor, actor), (scene, performance), digests, strict=True):
        _require_same(name, clip, recorded)
    given = cast.load_performance(performance)
    script = cast.staged(scene=cast.load_performance(scene), motion=given, speech=given)
    player = cast.Actor(cast.load_actor(source_actor))
    name = f"truth {source} moved by {truth.stem}"
    voice = cast.load_actor(actor).voice
    film_faces(faces, player, script, truth, voice=voice, size=size, crf=crf, label=name, framing=framing)


def render_dubbed(
    *,
    truth: Path,
    faces: Path,
    source: str,
    driver: str,
    source_actor: str,
    scene: str,
    actor: str,
    performance: str,
    length: str,
    digests: Sequence[str],
    size: int,
    crf: int,
    consents: str,
    study: str,
) -> None:
    """Renders what a perfect lip-sync is: the source's own clip, frame by frame, saying the driver's words instead.

    scene: the performance of the source's clip, which is kept but for its speech. performance: the driver's, whose
    speech is said, in the driver's voice. length: "speech" (the clip is played over and over until the driver's has
    ended) or "video" (as many frames as the source's clip). faces: bool masks_THW (.npy) of the lower face, in the clip
    as it was or in the truth: outside of it the two differ by shadows alone.
    """
    _ask_both(truth, source, driver, consents, study)
    for name, clip, recorded in zip((source_actor, actor), (scene, performance), digests, strict=True):
        _require_same(name, clip, recorded)
    player = cast.Actor(cast.load_actor(source_actor))
    kept, said = cast.load_performance(scene), cast.load_performance(performance)
    frames = round(said.frames / said.fps * kept.fps) if length == "speech" else kept.frames
    script = cast.staged(scene=kept, motion=kept, speech=said, frames=frames)
    with whole(faces) as part:
        masks = np.lib.format.open_memmap(part, "w+", np.bool_, (frames, size, size))
        before = cast.mouths(player, kept, size=size, only=[number % kept.frames for number in range(frames)])
        for row, was_HW, is_HW in zip(masks, before, cast.mouths(player, script, size=size), strict=True):
            row[:] = was_HW | is_HW
        masks.flush()
    name = f"truth {source} saying {truth.stem}"
    voice = cast.load_actor(actor).voice
    film(player, script, truth, voice=voice, size=size, crf=crf, label=name, keep=lambda _: None)


def render_saying(
    *, clip: Path, subject: str, actor: str, saying: str, digest: str, consents: str, study: str, crf: int
) -> None:
    """Writes `saying` in the actor's voice into `clip`: an mp4 with a plain dark picture, for nobody is seen."""
    ask(Path(consents), study, f"render {clip.stem}", [Use(subject=subject, purpose="extract")])
    _require_same(actor, saying, digest)
    with tempfile.TemporaryDirectory() as folder:
        sound = cast.say(cast.load_saying(saying), Path(folder) / "speech.wav", cast.load_actor(actor).voice)
        media.carried(sound, clip, crf=crf, metadata=METADATA)


def render_voiced(
    *,
    truth: Path,
    clip: Path,
    source: str,
    driver: str,
    source_actor: str,
    actor: str,
    performance: str,
    digests: Sequence[str],
    consents: str,
    study: str,
) -> None:
    """Makes what a perfect voice conversion is: the driver's clip, whose words the source says in the driver's time.

    clip: the driver's clip as it was rendered. truth: its pictures, with the source's voice. digests: of the source's
    actor and of the driver's, each with the performance.
    """
    _ask_both(truth, source, driver, consents, study)
    for name, recorded in zip((source_actor, actor), digests, strict=True):
        _require_same(name, performance, recorded)
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "speech.wav"
        voice, like = (cast.load_actor(name).voice for name in (source_actor, actor))
        if cast.is_saying(performance):
            cast.say(cast.load_saying(performance), sound, voice, like=like)
        else:
            cast.speak(cast.load_performance(performance), sound, voice)
        media.mux(clip, sound, truth)


def _ask_both(truth: Path, source: str, driver: str, consents: str, study: str) -> None:
    """Asks for what an exact fake shows and hears: both subjects' clips."""
    both = [Use(subject=subject, purpose="extract") for subject in (source, driver)]
    ask(Path(consents), study, f"truth {source} {truth.name.split('.')[0]}", both)


def _require_same(actor: str, performance: str, recorded: str) -> None:
    """Raises ManifestError unless the actor's and the performance's texts are those that were recorded."""
    if cast.digest(actor, performance) != recorded:
        fact = "the texts it is rendered from changed since the manifest was written"
        raise ManifestError(f"cast:{actor}/{performance}", fact, "Add the clip to the manifest again.")
