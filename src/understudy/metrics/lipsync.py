"""Lip-sync errors: how well lips and sound belong together, to a network that learnt to tell (SyncNet).

LSE-D and LSE-C are those of Prajwal et al. 2020 ("A lip sync expert is all you need", section 5.1), after the
evaluation of Chung & Zisserman 2016 ("Out of time"), with another network and so with other numbers: the published ones
are of the latter's SyncNet, these are of Wav2Lip's lip-sync expert, whose weights the study names under networks as
`syncnet`: the published file itself (its hash checked, no code of it run), or what an adoption or a training of the
pipeline made. The expert that a study pretrained is not the published one, and a lip-sync may have been trained by it:
the names of the values say which expert it was, so that the two never share a column.

Protocol: that of `understudy.lips.by_expert`, but that a clip is read as a stream, however long it is, and frames
without a face are left out. The face is cut out where it is for the expert's training (a steady box about the detected
landmarks), 96 pixels, its lower half. A window is 0.2 s: five frames, those nearest to 0, 40, 80, 120, 160 ms after its
first, and 16 mel frames. Every frame of the fake begins a window when the five have a face. Both embeddings have length
1; the distance is Euclidean, from 0 to the root of 2 (the expert's cosines are not negative). Each window's lips are
held against the sound of 31 shifts, -15 to 15 frames of 40 ms, and the distances of a shift are averaged over the
windows whose sound lies in the clip; the authors put zeros for the embeddings beyond its ends, which tells in short
clips. A shift of fewer than ten windows has no value. Then
  LSE-D   the smallest of the means
  LSE-C   the median of the means less the smallest
  offset  the shift of the smallest, made finer by a parabola
A fake that is late as a whole has a good LSE-D and LSE-C, and an offset. Re-encoding alone moves the published LSE by
.4 to 1.2: read a fake beside the sanity rows, and the shuffled sound's for what no sync is.

Rows, n = windows: `LSE-D by published expert` or `LSE-D by own expert`, embedding distance, lower;
`LSE-C by published expert` or `LSE-C by own expert`, embedding distance, higher; `offset by published expert` or
`offset by own expert`, ms, near 0 (positive: lips late), NaN where no shift is best but the outermost. None without the
network, or without sound; NaN for silence.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from understudy import checkpoints, media, speech
from understudy.errors import MediaError
from understudy.files import sha256
from understudy.learning.weights import describe, fill
from understudy.lips import SyncNet, load_expert
from understudy.lips.boxes import boxes, face
from understudy.lips.offset import parabola
from understudy.lips.pool import windows
from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._moment import Moment

FAMILIES = ("animate", "lipsync")
LOOKS_AT: tuple[Stream, ...] = ("fake",)
NETWORKS = ("syncnet",)
PUBLISHED, OWN = "published expert", "own expert"
REACH = 15  # shifts either way
PACE = 25  # shifts a second
FEWEST = 10  # windows in the mean of a shift
BATCH = 32
SEES: dict[str, tuple[Damage, ...]] = {f"offset by {expert}": ("delay",) for expert in (PUBLISHED, OWN)}


def quantities(expert: str) -> tuple[Quantity, Quantity, Quantity]:
    """LSE-D, LSE-C and the offset, by that expert."""
    return (
        Quantity(f"LSE-D by {expert}", "embedding distance", "lower"),
        Quantity(f"LSE-C by {expert}", "embedding distance", "higher"),
        Quantity(f"offset by {expert}", "ms", "near 0"),
    )


class _Lipsync:
    def __init__(self, case: Case, expert: SyncNet, name: str) -> None:
        self.case, self.expert, self.name = case, expert, name
        self.landmarks: list[NDArray[np.float32]] = []  # half a kilobyte a frame

    def step(self, moment: Moment) -> None:
        points_682 = moment.fake_landmarks_682
        missing = np.full((68, 2), np.nan, np.float32)
        self.landmarks.append(missing if points_682 is None else points_682.astype(np.float32))

    def rows(self) -> list[Row]:
        """Cuts the faces out in a second pass over the fake, since a steady box takes landmarks to come."""
        distances_R, n = self._distances() if self.landmarks else (np.full(2 * REACH + 1, np.nan), 0)
        return [
            row(quantity, value, n) for quantity, value in zip(quantities(self.name), told(distances_R), strict=True)
        ]

    def columns(self) -> Mapping[str, Sequence[float]]:
        return {}

    def _distances(self) -> tuple[NDArray[np.floating], int]:
        boxes_T4 = boxes(np.stack(self.landmarks), self.case.fps)
        there_N = np.flatnonzero(np.isfinite(boxes_T4).all(axis=1))
        rows_W5, starts_W = windows(there_N, self.case.fps)
        mel_80T = self._mel()
        if mel_80T is None or not len(starts_W):
            return np.full(2 * REACH + 1, np.nan), 0
        seen_WD = self._seen(boxes_T4, there_N[rows_W5])
        return apart(seen_WD, starts_W / self.case.fps, self._heard(mel_80T)), len(starts_W)

    def _mel(self) -> NDArray[np.float32] | None:
        """The mel frames of the fake's sound; None where it is silent or shorter than a window."""
        try:
            return speech.mel(speech.read(self.case.sound or self.case.fake))
        except MediaError:
            return None

    def _seen(self, boxes_T4: NDArray[np.floating], frames_W5: NDArray[np.integer]) -> NDArray[np.floating]:
        """The embeddings of the lips of each window, whose frames are given by number."""
        kept: dict[int, NDArray[np.uint8]] = {}  # the faces of the last windows
        found, batch, at = [], [], 0
        for number, frame_HWC in enumerate(media.frames(self.case.fake)):
            if np.isfinite(boxes_T4[number]).all():
                kept[number] = face(frame_HWC, boxes_T4[number])
            while at < len(frames_W5) and frames_W5[at, -1] <= number:
                batch.append(np.concatenate([kept[k][48:] for k in frames_W5[at].tolist()], axis=2))
                at += 1
                for old in [k for k in kept if at < len(frames_W5) and k < frames_W5[at, 0]]:
                    del kept[old]
            if batch and (len(batch) >= BATCH or at == len(frames_W5)):
                found.append(self._see(np.stack(batch)))
                batch = []
        return np.concatenate(found)

    def _see(self, faces_N4896C: NDArray[np.uint8]) -> NDArray[np.floating]:
        faces = torch.from_numpy(faces_N4896C.transpose(0, 3, 1, 2).copy()).float() / 255
        with torch.inference_mode():
            return np.asarray(self.expert.see(faces).numpy())

    def _heard(self, mel_80T: NDArray[np.float32]) -> NDArray[np.floating]:
        """The embeddings of the sound from each mel frame on for 16."""
        mels_M8016 = np.lib.stride_tricks.sliding_window_view(mel_80T, speech.LENGTH, axis=1).transpose(1, 0, 2)
        with torch.inference_mode():
            parts = [self.expert.hear(torch.from_numpy(part[:, None].copy())).numpy() for part in _parts(mels_M8016)]
        return np.concatenate(parts)


def meter(case: Case) -> Meter | None:
    """Listens to the fake's sound; None without the network or sound. Raises CheckpointError for another network."""
    path = case.networks.get(NETWORKS[0])
    if path is None or (case.sound is None and media.probe(case.fake).sound is None):
        return None
    return _Lipsync(case, *expert(path))


@functools.lru_cache(maxsize=1)
def expert(path: Path) -> tuple[SyncNet, str]:
    """The expert in a file, ready to judge, and whether it is the published one or the pipeline's own."""
    if path.suffix == ".safetensors":
        adopted = describe(path).get("adopted")
        return load_expert(path, torch.device("cpu")), OWN if adopted is None else PUBLISHED
    weights = checkpoints.Weights(name="lipsync_expert", path=path, sha256=sha256(path))
    network = SyncNet()
    fill(path, network, checkpoints.tensors_of(path, checkpoints.read(weights), "state_dict"))
    return network.eval().requires_grad_(False), PUBLISHED


def apart(
    seen_WD: NDArray[np.floating], times_W: NDArray[np.floating], heard_MD: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The mean distance of lips and sound at each shift (R), NaN where fewer than FEWEST windows have a sound.

    seen_WD: the lips' embeddings, windows from times_W on (seconds). heard_MD: the sound's, from each mel frame on.
    """
    means = []
    for shift in range(-REACH, REACH + 1):
        # A hair more, so that 0.04 s times 80 does not fall short of the frame that it is.
        at_W = np.floor((times_W + shift / PACE) * speech.MEL_RATE + 1e-6).astype(int)
        there_W = (at_W >= 0) & (at_W < len(heard_MD))
        distances = np.linalg.norm(seen_WD[there_W] - heard_MD[at_W[there_W]], axis=1)
        means.append(float(distances.mean()) if len(distances) >= FEWEST else np.nan)
    return np.array(means)


def told(distances_R: NDArray[np.floating]) -> tuple[float, float, float]:
    """LSE-D, LSE-C and the offset (ms, positive: lips late) of the mean distances at the shifts -REACH to REACH."""
    if np.isnan(distances_R).all():
        return np.nan, np.nan, np.nan
    best = int(np.nanargmin(distances_R))
    smallest = float(distances_R[best])
    confidence = float(np.nanmedian(distances_R)) - smallest
    around = distances_R[max(best - 1, 0) : best + 2]
    if len(around) < 3 or np.isnan(around).any():  # still falling: the best lies beyond
        return smallest, confidence, np.nan
    return smallest, confidence, -1000 * (best - REACH + parabola(-around)) / PACE


def _parts(windows_N: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for first in range(0, len(windows_N), BATCH):
        yield windows_N[first : first + BATCH]
