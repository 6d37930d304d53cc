"""The videos of a case, read in step: one frame of each at a time.

Shapes: T frames, H, W the frame.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.errors import MediaError
from understudy.faces import alpha
from understudy.metrics._case import Case, Stream
from understudy.metrics._moment import Moment, Sight


def moments(case: Case, streams: Collection[Stream], *, embed_every: int, sight: Sight) -> Iterator[Moment]:
    """The moments of a case with the named streams, in order.

    Raises MediaError when a video or the masks have another count of frames or another size than the fake: a
    number over frames that do not belong together would look like any other number.
    """
    paths = {name: path for name, path in _videos(case).items() if name in streams and path is not None}
    masks_THW = load_masks(case.masks) if "masks" in streams and case.masks is not None else None
    readers = {name: media.frames(path) for name, path in paths.items()}
    regions = alpha.frames(case.region) if "region" in streams and case.region is not None else None
    fake_tracker, driver_tracker, truth_tracker = sight.fake(), sight.driver(), sight.fake()
    for index, fake_HWC in enumerate(readers.pop("fake")):
        others = {name: next(reader, None) for name, reader in readers.items()}
        for name, frame_HWC in others.items():
            _agree(case.fake, fake_HWC, paths[name], frame_HWC, index)
        yield Moment(
            index=index,
            time=index / case.fps,
            fake_HWC=fake_HWC,
            driver_HWC=others.get("driver"),
            truth_HWC=others.get("truth"),
            reperformance_HWC=others.get("reperformance"),
            mask_HW=None if masks_THW is None else _mask(masks_THW, index, fake_HWC, case),
            region_HW=None if regions is None else _region(next(regions, None), index, fake_HWC, case),
            box_4=None if case.boxes_T4 is None or index >= len(case.boxes_T4) else case.boxes_T4[index],
            embeds=index % embed_every == 0,
            fake_tracker=fake_tracker,
            driver_tracker=driver_tracker,
            truth_tracker=truth_tracker,
            embed=sight.embed,
        )
    if regions is not None and next(regions, None) is not None:
        raise MediaError(case.region, f"has more frames than {case.fake}", "Convert the clip again.")
    for name, reader in readers.items():
        if next(reader, None) is not None:
            _refuse(case.fake, "ends before", paths[name])


def load_masks(path: Path) -> NDArray[np.generic]:
    """The face masks (T, H, W), true on the face, mapped from a .npy file. Raises MediaError for anything else."""
    try:
        masks_THW: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise MediaError(path, "cannot be read as an array of masks", "Render the truth again.") from error
    if masks_THW.ndim != 3 or masks_THW.dtype not in (np.bool_, np.uint8):
        fact = f"holds {masks_THW.dtype} of shape {masks_THW.shape}, not bool or uint8 of (frames, height, width)"
        raise MediaError(path, fact, "Render the truth again.")
    return masks_THW


def _videos(case: Case) -> dict[Stream, Path | None]:
    return {"fake": case.fake, "driver": case.driver, "truth": case.truth, "reperformance": case.reperformance}


def _mask(masks_THW: NDArray[np.generic], index: int, fake_HWC: NDArray[np.uint8], case: Case) -> NDArray[np.bool_]:
    if index >= len(masks_THW) or masks_THW.shape[1:] != fake_HWC.shape[:2]:
        fact = f"has masks of shape {masks_THW.shape}, which do not fit frame {index} of {case.fake}"
        raise MediaError(case.masks, fact, "Render the truth at the size and length of the driver's clip.")
    return np.asarray(masks_THW[index], dtype=bool)


def _region(
    region_HW: NDArray[np.bool_] | None, index: int, fake_HWC: NDArray[np.uint8], case: Case
) -> NDArray[np.bool_]:
    if region_HW is None or region_HW.shape != fake_HWC.shape[:2]:
        there = "nothing" if region_HW is None else f"a region of shape {region_HW.shape}"
        raise MediaError(case.region, f"has {there} for frame {index} of {case.fake}", "Convert the clip again.")
    return region_HW


def _agree(
    fake: Path, fake_HWC: NDArray[np.uint8], other: Path, other_HWC: NDArray[np.uint8] | None, index: int
) -> None:
    if other_HWC is None:
        _refuse(fake, f"has a frame {index} and later, which are not in", other)
    elif fake_HWC.shape != other_HWC.shape:
        (height, width), (their_height, their_width) = fake_HWC.shape[:2], other_HWC.shape[:2]
        _refuse(fake, f"is {width}x{height}, not {their_width}x{their_height} as", other)


def _refuse(fake: Path, fact: str, other: Path) -> None:
    raise MediaError(fake, f"{fact} {other}", "Make it again: they must have the same frames.")
