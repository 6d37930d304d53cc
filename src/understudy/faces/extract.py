"""Extraction: from a clip to a faceset, in two passes over its frames, with memory that does not grow with its length.

The first pass follows every face (survey). Then it is known which of them is the subject's, what to smooth and what to
keep. The second pass warps the kept faces and packs them. Nothing is left under the final name unless all is done.

Shapes: T video frames, N kept frames, 682 = 68 landmarks of (x, y), 23 = a 2x3 matrix.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import files, media
from understudy.errors import FaceError
from understudy.faces import models, timeline
from understudy.faces.align import crop
from understudy.faces.faceset import MATRIX, VERSION, Faceset, write_crops
from understudy.faces.picture import Samples, draw
from understudy.faces.subject import distances, nothing
from understudy.faces.survey import Extraction, Progress, survey

__all__ = ["Extraction", "extract"]


def _quiet(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    return items


def extract(
    clip: Path,
    out: Path,
    settings: Extraction,
    *,
    references_N128: NDArray[np.float32] | None = None,
    progress: Progress = _quiet,
) -> Faceset:
    """Extracts the subject's faces of a clip into the folder `out` and opens it.

    references_N128: embeddings of the subject (see subject.reference); without them the clip must have one dominant
    face. Raises FaceError when no face, not the subject, or too few usable frames are found, MediaError when the clip
    cannot be read, DiskError when the disk is full.
    """
    clip, out = Path(clip), Path(out)
    probe = media.probe(clip)
    with files.whole_folder(out) as folder:
        table = _look(clip, folder, settings, probe, references_N128, progress)
        kept = int(table["kept"].sum())
        if kept < settings.fewest:
            raise _too_few(clip, table, settings)
        files.require_room(folder, kept * settings.size**2 * 3)
        samples = Samples(table)
        crops = _crops(clip, table, settings.size, samples, probe, progress)
        write_crops(folder / "crops.npy", crops, kept, settings.size)
        table.to_parquet(folder / "track.parquet", index=False)
        files.write_json(folder / "card.json", _card(clip, table, settings, probe))
        draw(folder / "picture.png", clip.name, table, samples, settings)
    return Faceset.open(out)


def _look(
    clip: Path,
    folder: Path,
    settings: Extraction,
    probe: media.Probe,
    references_N128: NDArray[np.float32] | None,
    progress: Progress,
) -> pd.DataFrame:
    """The first pass: writes landmarks.npy into the folder and returns the table of frames."""
    spool = folder / "faces.spool"
    found = survey(clip, settings, probe, spool, progress)
    if not len(found.records):
        raise nothing(clip, found.frames, settings)
    own = distances(clip, found, settings.subject_distance, references_N128)
    table, chosen_T = timeline.table(found, own, float(probe.fps))
    starts_T = timeline.starts(found, chosen_T)
    place = folder / "landmarks.npy"
    track = timeline.smoothed(found, chosen_T, starts_T, settings, float(probe.fps), place, still=probe.still)
    timeline.place(table, track, starts_T, settings, probe)
    timeline.decide(table, settings, probe)
    spool.unlink()
    return table


def _crops(
    clip: Path, table: pd.DataFrame, size: int, samples: Samples, probe: media.Probe, progress: Progress
) -> Iterator[NDArray[np.uint8]]:
    """The second pass: the kept faces, warped. Frames that the picture shows are handed to it on the way."""
    kept = table["kept"].to_numpy()
    matrices = table[MATRIX].to_numpy(np.float64).reshape(-1, 2, 3)
    for index, frame in enumerate(progress(media.frames(clip), probe.frames, "crops")):
        if index >= len(kept):
            return
        face = crop(frame, matrices[index], size) if kept[index] else None
        samples.see(index, frame, face)
        if face is not None:
            yield face


def _too_few(clip: Path, table: pd.DataFrame, settings: Extraction) -> FaceError:
    counts = table.loc[~table["kept"], "reason"].value_counts()
    why = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    return FaceError(
        clip,
        f"{int(table['kept'].sum())} of {len(table)} frames have a usable face (dropped: {why}), "
        f"and {settings.fewest} are the fewest",
        "Take the clip out of the manifest, or loosen the limit under `extract` that drops them.",
    )


def _card(clip: Path, table: pd.DataFrame, settings: Extraction, probe: media.Probe) -> dict[str, Any]:
    """What a faceset says of itself: no dates and no folders, so that the same clip gives the same bytes."""
    reasons = table["reason"].value_counts().to_dict()
    return {
        "version": VERSION,
        "clip": clip.name,
        "sha256": files.sha256(clip),
        "size": settings.size,
        "coverage": settings.coverage,
        "width": probe.width,
        "height": probe.height,
        "fps": float(probe.fps),
        "frames": len(table),
        "found": int(table["found"].sum()),
        "kept": int(table["kept"].sum()),
        "dropped": {reason: int(reasons.get(reason, 0)) for reason in timeline.REASONS},
        "sharpness": float(table["sharpness"].median()),
        "settings": dataclasses.asdict(settings),
        "models": models.SHA256,
    }
