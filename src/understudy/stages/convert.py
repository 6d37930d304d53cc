"""Rule `convert`: the source's likeness in the driver's performance, published."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from understudy import media, provenance
from understudy.config import Publishing
from understudy.faces import alpha
from understudy.faces.faceset import Faceset
from understudy.faces.motion import movement
from understudy.faces.paste import Paste, blend
from understudy.job import progress
from understudy.learning import device
from understudy.methods import Footage, Method, method
from understudy.people import ask, mixing, pair
from understudy.settings import build
from understudy.stages.hearing import in_step
from understudy.stages.revoice import Voice, said
from understudy.stages.signing import credentials, descent, watermark_key
from understudy.stages.timing import spent, write_timing


def convert_clip(
    *,
    fake: Path,
    region: Path,
    timing: Path,
    weights: Path | None,
    source_facesets: Sequence[str],
    source_clips: Sequence[str],
    faceset: Path,
    clip: Path,
    changed: Path,
    offset: Sequence[str],
    entry: str,
    trained: str,
    method_name: str,
    settings: dict[str, Any],
    source: str,
    driver: str,
    clip_id: str,
    study: str,
    version: str,
    seed: int,
    threads: int,
    publishing: dict[str, Any],
    consents: str,
    voice: dict[str, Any] | None = None,
) -> None:
    """Streams the driver's clip through the method and publishes the outcome as `fake`, its lineage beside it.

    entry: the study's name for what is made, trained: the one whose training draws it. clip: the driver's, whose sound
    the fake has. changed: the film whose frames it has: that clip, or for a lip-sync the source's. offset: how far the
    sound was measured to be from the lips, none where it is not corrected. voice: how the source's voice is made, where
    the fake has it (`revoice.Voice`); None where it has the driver's. Leaves which pixels were replaced in
    `region`, and what the conversion took in `timing`.
    """
    torch.set_num_threads(threads)
    chosen = method(method_name)
    families = (chosen.FAMILY, "voice") if voice else (chosen.FAMILY,)
    uses = [use for family in families for use in mixing(source, driver, family)]
    ledger = ask(Path(consents), study, f"convert {entry} {source} on {clip_id}", uses)
    allowed, *_ = [pair(ledger, source=source, driver=driver, family=family) for family in families]
    likeness = Footage(
        source, tuple(Faceset.open(Path(p)) for p in source_facesets), tuple(Path(p) for p in source_clips)
    )
    performance = Footage(driver, (Faceset.open(faceset),), (clip,), speech=clip)
    config, film = build(chosen.Config, settings, f"methods.{entry}"), media.probe(changed)
    release = build(Publishing, publishing, "publish")
    inputs = {"driver clip": clip} | ({"weights": weights} if weights else {})
    if chosen.FAMILY != "swap":
        inputs["source clip"] = likeness.clips[0]
    speaker = Voice(**voice) if voice else None
    lineage = descent(
        allowed,
        ledger.head,
        study=study,
        version=version,
        method=entry,
        family=chosen.FAMILY,
        clip=clip_id,
        seed=seed,
        trained=(trained, weights),
        inputs=inputs | (speaker.inputs() if speaker else {}),
        digital_source_type=chosen.DIGITAL_SOURCE_TYPE,
        voice=speaker.entry if speaker else None,
    )
    provenance.notice.require(release.notice)
    begun = spent()
    made = fitted(merged(weights, likeness, performance, chosen, config), film)
    with (
        alpha.Writer(region, height=film.height, width=film.width) as replaced,
        said(speaker, source, performance) as heard,
        in_step(heard, offset) as sound,
    ):
        provenance.publish(
            fake,
            progress(_recorded(made, replaced), film.frames, f"convert {entry} {source} on {clip_id}"),
            probe=film,
            sound=sound if media.probe(clip).sound else None,
            notice=release.notice,
            lineage=lineage,
            faces=_faces(chosen.FAMILY, likeness, performance, film.frames),
            crf=release.crf,
            preset=release.preset,
            key=watermark_key(release),
            credentials=credentials(release),
        )
    write_timing(timing, film.frames, begun)


def _recorded(
    made: Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]], replaced: alpha.Writer
) -> Iterator[NDArray[np.uint8]]:
    """The frames; which of their pixels were replaced goes into the file."""
    for frame, inside in made:
        replaced.write(inside)
        yield frame


def merged(
    weights: Path | None, likeness: Footage, performance: Footage, chosen: Method, config: Any
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """The frames that the method makes, and which of their pixels are its own."""
    frames, faceset = media.frames(performance.clips[0]), performance.facesets[0]
    if chosen.YIELDS == "nothing":
        for frame in frames:
            yield frame, np.zeros(frame.shape[:2], bool)
        return
    model = chosen.load(weights if weights else Path(), device())
    made = chosen.convert(model, likeness, performance, config)
    if chosen.YIELDS == "crops":
        yield from pasted(frames, faceset, made, chosen, config)
        return
    for batch_BHWC in made:
        for drawn_HWC in batch_BHWC.numpy():
            yield np.ascontiguousarray(drawn_HWC[..., :3]), drawn_HWC[..., 3] > 0


def fitted(
    made: Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]], film: media.Probe
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """The frames at the film's size: a small network's are enlarged, so that all methods are judged at one size."""
    for frame_HWC, inside_HW in made:
        if frame_HWC.shape[:2] == (film.height, film.width):
            yield frame_HWC, inside_HW
            continue
        size, smaller = (film.width, film.height), frame_HWC.shape[1] > film.width
        large = cv2.resize(frame_HWC, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
        inside = cv2.resize(inside_HW.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        yield np.asarray(large, np.uint8), inside > 0


def pasted(
    frames: Iterator[NDArray[np.uint8]], faceset: Faceset, batches: Iterator[torch.Tensor], chosen: Method, config: Any
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """The frames, each kept face replaced by its crop, and where; frames without a kept face pass as they are."""
    coverage, size = chosen.crop_space(config)
    settings: Paste = config.paste
    matrices_N23 = faceset.view(coverage, size).matrices_N23
    landmarks_N682 = faceset.landmarks_N682
    motion_N2 = movement(landmarks_N682, faceset.frames_N)
    crop_of = {int(frame): index for index, frame in enumerate(faceset.frames_N)}
    crops = (crop for batch in batches for crop in _pictures(batch))
    for number, frame in enumerate(frames):
        index = crop_of.get(number)
        if index is None:
            yield frame, np.zeros(frame.shape[:2], bool)
            continue
        crop, mask = next(crops)
        made = blend(frame, crop, matrices_N23[index], landmarks_N682[index], settings, mask, motion_N2[index])
        yield made.frame_HWC, made.fake_HW()


def _pictures(crops_BCHW: torch.Tensor) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32] | None]]:
    """uint8 RGB crops, each with its learned mask if the batch has a fourth channel."""
    crops_BHWC = crops_BCHW.float().clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    for crop in crops_BHWC:
        mask = np.ascontiguousarray(crop[..., 3]) if crop.shape[-1] == 4 else None
        yield np.rint(crop[..., :3] * 255).astype(np.uint8), mask


def _faces(family: str, likeness: Footage, performance: Footage, frames: int) -> NDArray[np.float64] | None:
    """The boxes_N4 of the faces that the label stays clear of (NaN counts for nothing); None where an animation may put
    one anywhere."""
    if family == "animate":
        return None
    if family == "swap":
        return boxes(performance.facesets[0])
    boxes_T4 = likeness.facesets[0].boxes_T4
    return boxes_T4[np.arange(frames) % len(boxes_T4)]


def boxes(faceset: Faceset) -> NDArray[np.float64]:
    """The face's boxes_N4 (x0, y0, x1, y1 in pixels) wherever one was found, so that the label stays clear of it."""
    found = faceset.table[faceset.table["found"]]
    return np.asarray(found[["x0", "y0", "x1", "y1"]].to_numpy(), np.float64)
