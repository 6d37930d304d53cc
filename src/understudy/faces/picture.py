"""The picture of an extraction: what was kept, what was dropped, and why, at a glance.

Shapes: HWC a frame or a crop, RGB.
"""

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from understudy import files
from understudy.faces.survey import Extraction
from understudy.faces.timeline import REASONS

KEPT = "#2e8b57"
COLOURS = {  # told apart in grey and by the colour-blind: Okabe and Ito's set
    "no face": "#4d4d4d",
    "not the subject": "#cc79a7",
    "outside": "#56b4e9",
    "small": "#0072b2",
    "profile": "#e69f00",
    "blurred": "#d55e00",
}
_ACROSS = 8  # samples in a row
_THUMB = 168  # pixels


class Samples:
    """Small pictures of some kept and some dropped frames, taken as the frames stream by."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.kept = _spread(np.flatnonzero(table["kept"]), _ACROSS)
        self.dropped = _by_reason(table, _ACROSS)
        self.pictures: dict[int, NDArray[np.uint8]] = {}
        self._boxes_T4 = table[["x0", "y0", "x1", "y1"]].to_numpy(np.float64)

    def see(self, index: int, frame_HWC: NDArray[np.uint8], face_HWC: NDArray[np.uint8] | None) -> None:
        """Shows frame number `index`, and its crop where it has one, to be kept if it was asked for."""
        if index in self.kept and face_HWC is not None:
            self.pictures[index] = _thumb(face_HWC)
        elif index in self.dropped:
            marked = frame_HWC.copy()
            x0, y0, x1, y1 = self._boxes_T4[index]
            if np.isfinite(x0):
                thick = max(1, round(min(marked.shape[:2]) / 80))
                cv2.rectangle(marked, (round(x0), round(y0)), (round(x1), round(y1)), (255, 255, 255), thick)
            self.pictures[index] = _thumb(marked)


def draw(path: Path, title: str, table: pd.DataFrame, samples: Samples, settings: Extraction) -> None:
    """Writes the picture as a PNG."""
    rows = 1 + bool(samples.dropped)
    figure = Figure(figsize=(13, 4.4 + 2.05 * rows), dpi=100, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3 + rows, _ACROSS, height_ratios=[0.55, 1.25, 1.0, *[1.65] * rows])
    kept, count = int(table["kept"].sum()), len(table)
    figure.suptitle(
        f"{title}: {kept} of {count} frames kept ({kept / count:.1%}), "
        f"{settings.size} px, coverage {settings.coverage}",
        x=0.01,
        ha="left",
        fontweight="bold",
    )
    _strip(figure.add_subplot(grid[0, :]), table)
    _poses(figure.add_subplot(grid[1, :]), table, settings)
    _detail(figure.add_subplot(grid[2, :]), table, settings)
    for row, chosen in enumerate([samples.kept, samples.dropped][:rows]):
        for column, index in enumerate(chosen):
            if index in samples.pictures:
                _sample(figure.add_subplot(grid[3 + row, column]), samples.pictures[index], table.iloc[index])
    with files.whole(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a clip's name may be in any script
        figure.savefig(part, format="png", metadata={"Software": None})


def _strip(axes: Any, table: pd.DataFrame) -> None:
    """One stripe a frame, in the colour of what became of it."""
    names = list(REASONS)
    codes = table["reason"].map({"": 0} | {name: 1 + index for index, name in enumerate(names)}).to_numpy(int)
    colours = ListedColormap([KEPT, *(COLOURS[name] for name in names)])
    end = _end(table)
    reach = {"vmin": -0.5, "vmax": len(names) + 0.5, "extent": (0, end, 0, 1)}
    axes.imshow(codes[None], aspect="auto", cmap=colours, interpolation="nearest", **reach)
    axes.set(yticks=[], xlim=(0, end))
    axes.tick_params(labelbottom=False)
    counts = np.bincount(codes, minlength=len(names) + 1)
    handles = [Patch(color=KEPT, label=f"kept {counts[0]}")]
    handles += [
        Patch(color=COLOURS[name], label=f"{name} {counts[1 + index]}")
        for index, name in enumerate(names)
        if counts[1 + index]
    ]
    carried = int((table["found"] & table["score"].isna()).sum())
    if carried:
        handles.append(Patch(color="none", label=f"(carried past the detector: {carried})"))
    axes.legend(handles=handles, ncols=8, loc="lower left", bbox_to_anchor=(0, 1.0), frameon=False, borderaxespad=0.1)


def _poses(axes: Any, table: pd.DataFrame, settings: Extraction) -> None:
    for name, colour in (("yaw", "#0072b2"), ("pitch", "#d55e00"), ("roll", "#999999")):
        axes.plot(table["time"], table[name], color=colour, lw=1.3, label=name)
    largest = np.nanmax(np.abs(table[["yaw", "pitch", "roll"]].to_numpy()), initial=20)
    if largest > 0.6 * settings.max_yaw:
        for side in (-1, 1):
            axes.axhline(side * settings.max_yaw, color="#0072b2", lw=0.8, ls="--")
    axes.set(xlim=(0, _end(table)), ylabel="degrees")
    axes.tick_params(labelbottom=False)
    _tidy(axes)
    axes.legend(ncols=3, loc="upper right", framealpha=0.85, edgecolor="none")


def _detail(axes: Any, table: pd.DataFrame, settings: Extraction) -> None:
    share = table["sharpness"] / table["sharpness"].median()
    axes.plot(table["time"], share, color="#333333", lw=1.1)
    dropped = table["reason"] == "blurred"
    axes.plot(table["time"][dropped], share[dropped], ".", color=COLOURS["blurred"])
    axes.axhline(settings.min_sharpness, color=COLOURS["blurred"], lw=0.8, ls="--")
    axes.set(xlim=(0, _end(table)), ylim=(0, None), ylabel="sharpness\n/ median", xlabel="seconds")
    _tidy(axes)


def _sample(axes: Any, picture: NDArray[np.uint8], row: pd.Series) -> None:
    axes.imshow(picture)
    axes.set(xticks=[], yticks=[])
    colour = KEPT if row["kept"] else COLOURS[row["reason"]]
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=3)
    reason = "kept" if row["kept"] else row["reason"]
    axes.set_title(f"{reason}, {row['time']:.2f} s", fontsize=9, color=colour, pad=3)


def _tidy(axes: Any) -> None:
    axes.grid(alpha=0.25, lw=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _end(table: pd.DataFrame) -> float:
    """Seconds at which the last frame ends."""
    times = table["time"].to_numpy()
    return float(times[-1] + (times[1] - times[0] if len(times) > 1 else 1))


def _spread(indices: NDArray[np.intp], count: int) -> list[int]:
    """At most `count` of the indices, evenly spread."""
    if len(indices) <= count:
        return [int(index) for index in indices]
    return [int(indices[round(place)]) for place in np.linspace(0, len(indices) - 1, count)]


def _by_reason(table: pd.DataFrame, count: int) -> list[int]:
    """Dropped frames, each reason getting its share and at least one place."""
    dropped = table[~table["kept"]]
    reasons = [reason for reason in REASONS if (dropped["reason"] == reason).any()]
    if not reasons:
        return []
    places, out = dict.fromkeys(reasons, 1), []
    for _ in range(count - len(reasons)):
        share = {reason: int((dropped["reason"] == reason).sum()) / places[reason] for reason in reasons}
        places[max(reasons, key=lambda reason: share[reason])] += 1
    for reason in reasons:
        out += _spread(dropped.index[dropped["reason"] == reason].to_numpy(np.intp), places[reason])
    return sorted(out)


def _thumb(picture_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = _THUMB / max(picture_HWC.shape[:2])
    size = (max(1, round(picture_HWC.shape[1] * scale)), max(1, round(picture_HWC.shape[0] * scale)))
    return np.asarray(cv2.resize(picture_HWC, size, interpolation=cv2.INTER_AREA), np.uint8)
