"""What a metric measures and what it answers: the case, the quantities, the rows.

Shapes: T frames of the clip, N reference pictures, 128 the length of a face embedding, 4 a box (x0, y0, x1, y1) in
pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from understudy.metrics._moment import Moment

Better = Literal["higher", "lower", "near 0"]
Stream = Literal["fake", "driver", "truth", "reperformance", "masks", "region"]
Damage = Literal[
    "blur", "shift", "colour cast", "wrong identity", "jitter", "delay",
    "noise", "muffling", "pitch shift", "monotone", "wrong speaker", "other words",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One fake and all that it is measured against. Every video has the driver's frames: as many, at the same times.

    family: of the method. fake: the published video. driver: the clip whose performance was kept, as the method saw it:
    of a swap as normalised, of an animation framed; of a lip-sync the source's own clip, whose lips alone are redrawn,
    played over or cut to the fake's length. speech: the file whose words a lip-sync says.

    truth: the exact fake, and reperformance: the same script performed by the source; synthetic actors alone have them
    (and who is animated by a clip of their own). masks: a .npy of bool or uint8 (T, H, W), true on the face of the
    truth that the fake replaces, in a lip-sync the lower face; a swap's truth needs it. source_references_N128 and
    driver_references_N128: embeddings of the two subjects from clips that are not measured here. boxes_T4: where the
    driver's face is known to be (NaN where it is not), to choose among several faces; without it the largest is
    taken. sound: the fake's sound when it is not the fake's own track; it starts with the video. fps: frames a second
    of all of them.

    gallery: reference embeddings (N128) of every subject of the study by name, and source: the source's name among
    them. labels: what is exactly known of the driver's clip, as synthetic actors have it (`_labels.Labels`). region:
    what of each frame the fake replaced, in the file of `faces.alpha`. networks: weights that the user gave, by the
    names that modules list in NETWORKS; their digests were checked.

    Of a voice conversion (family "voice") the sound of fake, driver (whose clip is said) and truth (the source's own
    voice saying it in the driver's timing) is measured. recordings and driver_recordings: sound of the two subjects
    that is not measured here. heard_from: how many seconds at the start, of all of them, are not judged: the notice
    lies over the fake's. No face is needed: the references may be empty.
    """

    fake: Path
    driver: Path
    fps: float
    source_references_N128: NDArray[np.floating]
    driver_references_N128: NDArray[np.floating]
    truth: Path | None = None
    reperformance: Path | None = None
    masks: Path | None = None
    boxes_T4: NDArray[np.floating] | None = None
    sound: Path | None = None
    gallery: Mapping[str, NDArray[np.floating]] | None = None
    source: str = ""
    labels: Path | None = None
    region: Path | None = None
    family: str = "swap"
    speech: Path | None = None
    networks: Mapping[str, Path] = field(default_factory=dict)
    recordings: tuple[Path, ...] = ()
    driver_recordings: tuple[Path, ...] = ()
    heard_from: float = 0.0


@dataclass(frozen=True)
class Quantity:
    """A number that a metric gives: its name in the score table, its unit, and which way is better."""

    name: str
    unit: str
    better: Better


@dataclass(frozen=True)
class Row:
    """One value of the score table. n: how many frames (or samples) entered; 0 comes with a value of NaN."""

    metric: str
    value: float
    unit: str
    n: int
    better: Better


class Meter(Protocol):
    """One metric at work on one clip: it sees the moments in order and holds numbers only, so memory stays flat.

    One that reads other streams than its module's LOOKS_AT has them as `looks_at`.
    """

    def step(self, moment: "Moment") -> None:
        """Takes the next frame."""

    def rows(self) -> list[Row]:
        """The values over the clip, after the last frame."""

    def columns(self) -> Mapping[str, Sequence[float]]:
        """The values frame by frame, NaN where a frame has none; may be empty."""


class Metric(Protocol):
    """What a module of this folder holds.

    One that needs weights also has NETWORKS: their names in a case. One that says nothing of some family's fakes has
    FAMILIES: those that it fits; without it those that show a face. One that wants a gallery with others than the
    source in it has OTHERS, which is true.
    """

    @property
    def LOOKS_AT(self) -> tuple[Stream, ...]:  # noqa: N802 - a module's constant
        """The streams that it reads; those that no chosen metric reads are not decoded."""

    @property
    def SEES(self) -> Mapping[str, tuple[Damage, ...]]:  # noqa: N802 - a module's constant
        """Each of its values -> the damages that must worsen it; of others it may say nothing."""

    def meter(self, case: Case) -> Meter | None:
        """A fresh meter, or None where the case has nothing to measure against (then there are no rows)."""


class Tally:
    """Keeps one number a frame for each quantity; a row is the mean over the frames that have a number."""

    def __init__(self, *quantities: Quantity) -> None:
        self.quantities = quantities
        self.values: dict[str, list[float]] = {quantity.name: [] for quantity in quantities}

    def add(self, *numbers: float) -> None:
        """The next frame's numbers, in the order of the quantities; none at all means that the frame has none."""
        for name, number in zip(self.values, numbers or [np.nan] * len(self.values), strict=True):
            self.values[name].append(float(number))

    def rows(self) -> list[Row]:
        return [mean_row(quantity, self.values[quantity.name]) for quantity in self.quantities]

    def columns(self) -> Mapping[str, Sequence[float]]:
        return self.values


def mean_row(quantity: Quantity, numbers: Sequence[float]) -> Row:
    """The row of the mean of those numbers that are not NaN."""
    there = np.asarray(numbers, dtype=np.float64)
    there = there[~np.isnan(there)]
    return row(quantity, float(there.mean()) if there.size else np.nan, there.size)


def row(quantity: Quantity, value: float, n: int) -> Row:
    """The row of one value of a quantity."""
    return Row(quantity.name, value, quantity.unit, n, quantity.better)
