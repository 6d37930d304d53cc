"""What the tests of the metrics act with: moments made by hand, faces of known landmarks, a tracker of drawn faces."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy import metrics
from understudy.faces.align import MEAN_51
from understudy.metrics import Case, Moment, Row, Sight

GREY = np.full((16, 16, 3), 128, np.uint8)


def face(middle: tuple[float, float] = (64.0, 64.0), size: float = 60.0, gape: float = 0.0) -> NDArray[np.float64]:
    """68 landmarks of the mean face, `size` pixels across, with a jaw below and the mouth opened by `gape` (share)."""
    turn = np.linspace(0, np.pi, 17)
    jaw = np.column_stack([0.5 - 0.6 * np.cos(turn), 0.3 + 0.9 * np.sin(turn)])
    points = np.vstack([jaw, MEAN_51])
    points[[65, 66, 67]] += [0, gape / 2]
    points[[61, 62, 63]] -= [0, gape / 2]
    return (points - 0.5) * size + middle


@dataclass
class Seen:
    landmarks_682: NDArray[Any]


class Eyes:
    """A tracker that sees given landmarks, one set a frame (None: no face; a list: several)."""

    def __init__(self, *frames: Any) -> None:
        self.frames = list(frames)

    def step(self, frame_HWC: NDArray[np.uint8]) -> list[Seen]:
        seen = self.frames.pop(0) if len(self.frames) > 1 else self.frames[0]
        if seen is None:
            return []
        return [Seen(points) for points in (seen if isinstance(seen, list) else [seen])]


def no_embedding(frame_HWC: Any, landmarks_682: Any) -> NDArray[np.float64]:
    raise AssertionError("nothing here should be embedded")


def moment(fake: Any = None, driver: Any = None, truth: Any = None, **given: Any) -> Moment:
    """A moment whose faces have these landmarks."""
    basis: dict[str, Any] = {
        "index": 0, "time": 0.0, "fake_HWC": GREY, "driver_HWC": GREY,
        "fake_tracker": Eyes(fake), "driver_tracker": Eyes(driver), "truth_tracker": Eyes(truth),
        "embed": no_embedding,
    }  # fmt: skip
    return Moment(**{**basis, **given})


NOWHERE = Case(
    fake=Path("fake.mp4"), driver=Path("driver.mp4"), fps=25.0,
    source_references_N128=np.eye(1, 128), driver_references_N128=-np.eye(1, 128),
)  # fmt: skip


def run(name: str, moments: list[Moment], **case: Any) -> dict[str, Row]:
    """The rows of one metric over moments, by their names."""
    meter = metrics.metric(name).meter(replace(NOWHERE, **case))
    assert meter is not None
    for at in moments:
        meter.step(at)
    return {row.metric: row for row in meter.rows()}


def write_labels(path: Path, count: int, **arrays: NDArray[Any]) -> Path:
    """Labels as a rendered clip has them: a head that looks ahead, with a mouth that moves; and other arrays."""
    t = np.arange(count)
    units = ["jawOpen", "mouthSmileLeft", "mouthSmileRight"]
    weights = np.stack([0.5 + 0.4 * np.sin(t / 1.7), *[0.5 + 0.4 * np.cos(t / 3)] * 2], axis=1)
    there = {"pose_T3": np.zeros((count, 3)), "units_E": np.array(units), "weights_TE": weights, **arrays}
    np.savez_compressed(path, **there)
    return path


class Spots:
    """A tracker for drawn videos: a face is a bright square, its landmarks the mean face scaled into its bounding box.

    The square's blue channel tells how far the mouth is open.
    """

    def step(self, frame_HWC: NDArray[np.uint8]) -> list[Seen]:
        bright = frame_HWC[..., 0] > 150
        if bright.sum() < 100:
            return []
        y, x = np.nonzero(bright)
        gape = frame_HWC[..., 2][bright].mean() / 255
        return [Seen(face((x.mean(), y.mean()), float(np.ptp(x)) + 1, gape))]


SPOTS = Sight(
    fake=Spots, driver=Spots, embed=lambda frame_HWC, landmarks_682: np.eye(1, 128)[0] * frame_HWC[..., 1].max()
)
