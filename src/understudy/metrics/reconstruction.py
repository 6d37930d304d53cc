"""Reconstruction: the whole frame against the exact fake, as papers on animation measure it.

What an animation makes is the whole picture, so all of it is compared, and not the face alone (`truth` does that). The
truth of who is animated by a clip of their own is that clip, so that there these are the quantities of the "video
reconstruction" tables of Siarohin et al. 2019 (First Order Motion Model, section 4) and of those after; of synthetic
actors it is known for any two. Colours are the decoded RGB, 8 bits, over 255; a frame's value is the mean over its
pixels and channels:
  L1    mean absolute difference
  MSE   mean squared difference
  PSNR  10 log10(1 / MSE), at most 100 dB
  SSIM  Wang et al. 2004, as `truth` computes it
And of the faces, each found by itself in the fake and in the truth by dlib's detector and landmarks:
  AKD   average keypoint distance: the mean Euclidean distance of the 68 landmarks, in pixels of a picture whose longer
        side is 256
  AED   average Euclidean distance between the two faces' embeddings
  missing keypoint rate   frames whose truth has a face and whose fake has none: what AKD and AED leave out
Their published values cannot be compared with these: FOMM's authors took the landmarks of face-alignment and the
embedding of OpenFace, and their script averages the absolute differences of the coordinates, which comes to about .64
of a distance (2 / pi, in directions that are random).

Rows, mean over frames: `L1 of the frame` of the full range, lower; `MSE of the frame` of the full range squared, lower;
`PSNR of the frame` dB, higher; `SSIM of the frame`, higher, all with n = frames; `AKD` pixels at 256, lower, n = frames
with a face in both; `AED` embedding distance, lower, n = those that are embedded; `missing keypoint rate`, share of
frames, lower, n = frames with a face in the truth. The whole frame but for the place of the label, which every fake
bears, and the truth does not.
"""

import numpy as np
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Frame, Moment
from understudy.metrics.truth import HIGHEST_PSNR, ssim_map
from understudy.provenance.label import SMALLEST, label_box

FAMILIES = ("animate", "lipsync")
LOOKS_AT: tuple[Stream, ...] = ("fake", "truth")
ROUND = 4  # pixels about the label that the codec smears it over
SCALE = 256  # pixels of the longer side, in which AKD counts
PICTURE = (
    Quantity("L1 of the frame", "of full range", "lower"),
    Quantity("MSE of the frame", "of full range squared", "lower"),
    Quantity("PSNR of the frame", "dB", "higher"),
    Quantity("SSIM of the frame", "SSIM", "higher"),
)
AKD = Quantity("AKD", "px", "lower")
AED = Quantity("AED", "embedding distance", "lower")
MISSING = Quantity("missing keypoint rate", "share of frames", "lower")
_EVERY: tuple[Damage, ...] = ("blur", "shift", "colour cast", "wrong identity", "jitter", "delay")
SEES: dict[str, tuple[Damage, ...]] = {
    **{quantity.name: _EVERY for quantity in PICTURE},
    AKD.name: ("shift", "jitter", "delay"),
    AED.name: ("wrong identity",),
}


class _Reconstruction(Tally):
    def __init__(self, case: Case) -> None:
        super().__init__(*PICTURE, AKD, AED, MISSING)
        self.case = case
        self.seen_HW: NDArray[np.bool_] | None = None

    def step(self, moment: Moment) -> None:
        truth_HWC = moment.truth_HWC
        if truth_HWC is None:
            return self.add()
        return self.add(*compare(moment.fake_HWC, truth_HWC, self._seen(truth_HWC)), *_faces(moment))

    def _seen(self, frame_HWC: Frame) -> NDArray[np.bool_]:
        """The frame but for the place of the label that every published fake bears, and the truth does not (H, W)."""
        if self.seen_HW is None:
            height, width = frame_HWC.shape[:2]
            self.seen_HW = np.ones((height, width), bool)
            if min(height, width) >= SMALLEST:  # no fake is published that is smaller
                x0, y0, x1, y1 = label_box(width, height, _faces_of(self.case))
                self.seen_HW[max(y0 - ROUND, 0) : y1 + ROUND, max(x0 - ROUND, 0) : x1 + ROUND] = False
        return self.seen_HW


def _faces_of(case: Case) -> NDArray[np.float64] | None:
    """The faces (T4) that the label of a fake keeps clear of; None of an animation, whose face may be anywhere."""
    return None if case.family == "animate" or case.boxes_T4 is None else np.asarray(case.boxes_T4, np.float64)


def meter(case: Case) -> Meter | None:
    """Compares with the truth; None without one."""
    return None if case.truth is None else _Reconstruction(case)


def compare(
    fake_HWC: Frame, truth_HWC: Frame, seen_HW: NDArray[np.bool_] | None = None
) -> tuple[float, float, float, float]:
    """L1, MSE, PSNR (dB) and SSIM of two frames, over the pixels that are `seen`; all by default."""
    seen = slice(None) if seen_HW is None else seen_HW
    apart = ((fake_HWC.astype(np.float64) - truth_HWC) / 255)[seen]
    squared = float(np.square(apart).mean())
    psnr = min(-10 * float(np.log10(squared)), HIGHEST_PSNR) if squared else HIGHEST_PSNR
    return float(np.abs(apart).mean()), squared, psnr, float(ssim_map(fake_HWC, truth_HWC)[seen].mean())


def _faces(moment: Moment) -> tuple[float, float, float]:
    """AKD, AED and whether the face is missing; NaN for what is not there to compare."""
    fake_682, truth_682 = moment.fake_landmarks_682, moment.truth_landmarks_682
    if fake_682 is None or truth_682 is None:
        return np.nan, np.nan, np.nan if truth_682 is None else 1.0
    unit = max(moment.fake_HWC.shape[:2]) / SCALE
    apart = float(np.linalg.norm(fake_682 - truth_682, axis=1).mean()) / unit
    fake_128, truth_128 = moment.fake_embedding_128, moment.truth_embedding_128
    if fake_128 is None or truth_128 is None:
        return apart, np.nan, 0.0
    return apart, float(np.linalg.norm(fake_128 - truth_128)), 0.0
