"""Rule `convert`: a driver's clip with the source's likeness, published."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from understudy import media, provenance
from understudy.config import Publishing
from understudy.faces.faceset import Faceset
from understudy.faces.paste import Paste, paste
from understudy.files import read_json, sha256
from understudy.job import progress
from understudy.learning import device
from understudy.methods import Footage, Method, method
from understudy.people import Pair, ask, mixing, pair
from understudy.settings import build
from understudy.stages.signing import credentials, watermark_key


def convert_clip(
    *,
    fake: Path,
    weights: Path | None,
    source_facesets: Sequence[str],
    source_clips: Sequence[str],
    faceset: Path,
    clip: Path,
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
) -> None:
    """Streams the driver's clip through the method and publishes the outcome as `fake`, its lineage beside it."""
    torch.set_num_threads(threads)
    chosen = method(method_name)
    job = f"convert {method_name} {source} on {clip_id}"
    ledger = ask(Path(consents), study, job, mixing(source, driver, chosen.FAMILY))
    allowed = pair(ledger, source=source, driver=driver, family=chosen.FAMILY)
    likeness = Footage(
        source, tuple(Faceset.open(Path(p)) for p in source_facesets), tuple(Path(p) for p in source_clips)
    )
    performance = Footage(driver, (Faceset.open(faceset),), (clip,))
    config, film = build(chosen.Config, settings, f"methods.{method_name}"), media.probe(clip)
    release = build(Publishing, publishing, "publish")
    pictures: Iterator[NDArray[np.uint8]] = media.frames(clip)
    if chosen.YIELDS == "crops":
        model = chosen.load(weights.parent if weights else Path(), device())
        pictures = pasted(
            pictures, performance.facesets[0], chosen.convert(model, likeness, performance, config), chosen, config
        )
    provenance.publish(
        fake,
        progress(pictures, film.frames, f"convert {fake.parent.parent.name} {source} on {clip_id}"),
        probe=film,
        sound=clip if film.sound else None,
        lineage=_lineage(allowed, ledger.head, chosen, method_name, clip_id, study, version, seed, weights, clip),
        faces=boxes(performance.facesets[0]),
        crf=release.crf,
        preset=release.preset,
        key=watermark_key(release),
        credentials=credentials(release),
    )


def _lineage(
    allowed: Pair,
    log_head: str,
    chosen: Method,
    name: str,
    clip_id: str,
    study: str,
    version: str,
    seed: int,
    weights: Path | None,
    clip: Path,
) -> provenance.Lineage:
    inputs = {"driver clip": sha256(clip)} | ({"weights": sha256(weights)} if weights else {})
    return provenance.Lineage(
        study=study,
        version=version,
        method=name,
        family=chosen.FAMILY,
        source=allowed.source,
        driver=allowed.driver,
        clip=clip_id,
        seed=seed,
        run=f"{name}/{weights.parent.name}/seed {read_json(weights.parent / 'card.json')['seed']}" if weights else None,
        consents=allowed.consents,
        log_head=log_head,
        inputs=inputs,
        digital_source_type=chosen.DIGITAL_SOURCE_TYPE,
    )


def pasted(
    frames: Iterator[NDArray[np.uint8]], faceset: Faceset, batches: Iterator[torch.Tensor], chosen: Method, config: Any
) -> Iterator[NDArray[np.uint8]]:
    """The frames, each kept face replaced by its crop; frames without a kept face pass as they are."""
    coverage, size = chosen.crop_space(config)
    settings: Paste = config.paste
    matrices_N23 = faceset.view(coverage, size).matrices_N23
    crop_of = {int(frame): index for index, frame in enumerate(faceset.frames_N)}
    crops = (crop for batch in batches for crop in _pictures(batch))
    for number, frame in enumerate(frames):
        index = crop_of.get(number)
        if index is None:
            yield frame
            continue
        crop, mask = next(crops)
        yield paste(frame, crop, matrices_N23[index], faceset.landmarks_N682[index], settings, mask)


def _pictures(crops_BCHW: torch.Tensor) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32] | None]]:
    """uint8 RGB crops, each with its learned mask if the batch has a fourth channel."""
    crops_BHWC = crops_BCHW.float().clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    for crop in crops_BHWC:
        mask = np.ascontiguousarray(crop[..., 3]) if crop.shape[-1] == 4 else None
        yield np.rint(crop[..., :3] * 255).astype(np.uint8), mask


def boxes(faceset: Faceset) -> NDArray[np.float64]:
    """The face's boxes_N4 (x0, y0, x1, y1 in pixels) wherever one was found, so that the label stays clear of it."""
    found = faceset.table[faceset.table["found"]]
    return np.asarray(found[["x0", "y0", "x1", "y1"]].to_numpy(), np.float64)
