"""The picture of an extraction of speech: the waveform, what was kept, what was dropped, and why.

Shapes: N samples, P columns of pixels.
"""

import textwrap
import warnings as python_warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from understudy import files
from understudy.speech.judging import REASONS
from understudy.speech.recording import Recording

KEPT = "#2e8b57"
COLOURS = {  # told apart in grey and by the colour-blind: Okabe and Ito's set; each has its hatching, too
    "silence": ("#bbbbbb", ""),
    "short": ("#56b4e9", "//"),
    "silent": ("#4d4d4d", "\\\\"),
    "quiet": ("#0072b2", ".."),
    "clipped": ("#d55e00", "xx"),
    "tones": ("#cc79a7", "++"),
    "unvoiced": ("#e69f00", "||"),
    "noisy": ("#999933", "--"),
}
_ROW = 60.0  # s of the recording that a row of the picture holds at most
_ROWS = 20  # of a longer one, rows hold more
_LABEL = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1}
_COLUMNS = 1500  # of the waveform in a row


def draw(path: Path, title: str, recording: Recording, table: pd.DataFrame, warnings: list[str]) -> None:
    """Writes the picture as a PNG."""
    count = min(int(np.ceil(recording.seconds / _ROW)), _ROWS)
    length = recording.seconds / count
    told = [line for text in warnings for line in textwrap.wrap(f"Warning: {text}.", 150)]
    height = 1.3 + 1.25 * count + 0.22 * len(told)
    figure = Figure(figsize=(13, height + 0.4), dpi=100, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    kept = table.loc[table["kept"], "seconds"]
    heading = f"{title}: {len(kept)} segment{'s' * (len(kept) != 1)} kept, {_clock(kept.sum())} of "
    figure.suptitle(
        "\n".join([heading + _clock(recording.seconds), *told]),
        x=0.01,
        ha="left",
        fontweight="bold",
        fontsize=11,
    )
    grid = figure.subplots(count, 1, squeeze=False)[:, 0]
    peak = max(recording.peak, 1e-3)
    for row, axes in enumerate(grid):
        _row(axes, recording, table, (row * length, (row + 1) * length), peak)
    grid[-1].set_xlabel("seconds")
    figure.legend(handles=_legend(table), ncols=6, loc="outside lower left", frameon=False)
    with files.whole(path) as part, python_warnings.catch_warnings():
        python_warnings.filterwarnings("ignore", message="Glyph")  # a clip's name may be in any script
        figure.savefig(part, format="png", metadata={"Software": None})


def _row(axes: Any, recording: Recording, table: pd.DataFrame, span: tuple[float, float], peak: float) -> None:
    """The waveform of one span of time, over what became of it."""
    columns = (table["start_s"].to_numpy(float), table["seconds"].to_numpy(float), table["reason"].to_numpy(str))
    for start, seconds, reason in zip(*columns, strict=True):
        stop = start + seconds
        if stop <= span[0] or start >= span[1] or reason == "silence":
            continue
        colour, hatch = COLOURS[reason] if reason else (KEPT, "")
        axes.axvspan(start, stop, facecolor=colour, alpha=0.15 if reason else 0.25, lw=0)
        axes.axvspan(start, stop, facecolor="none", edgecolor=colour, hatch=hatch, lw=0.8)
        at = (max(start, span[0]) + min(stop, span[1])) / 2
        axes.text(at, 1.12 * peak, reason, ha="center", va="bottom", fontsize=8, clip_on=True, bbox=_LABEL)
    times_P, low_P, high_P = _envelope(recording.heard_N, recording.seconds, span)
    axes.fill_between(times_P, low_P, high_P, color="#333333", lw=0.4)
    axes.set(xlim=span, ylim=(-1.1 * peak, 1.5 * peak))
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25, lw=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _envelope(
    samples_N: NDArray[np.float32], seconds: float, span: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
    """The times, and the lowest and highest sample, of each column."""
    rate = len(samples_N) / seconds
    part_N = np.asarray(samples_N[int(span[0] * rate) : int(span[1] * rate)])
    edges = np.unique(np.linspace(0, len(part_N), min(_COLUMNS, len(part_N)) + 1).astype(int))[:-1]
    low_P, high_P = np.minimum.reduceat(part_N, edges), np.maximum.reduceat(part_N, edges)
    return span[0] + edges / rate, low_P, high_P


def _legend(table: pd.DataFrame) -> list[Patch]:
    kept = table["kept"]
    out = [Patch(facecolor=KEPT, alpha=0.3, label=f"kept {kept.sum()} ({_clock(table.loc[kept, 'seconds'].sum())})")]
    for reason in REASONS:
        these = table[table["reason"] == reason]
        if len(these):
            colour, hatch = COLOURS[reason]
            label = f"{reason} {len(these)} ({_clock(these['seconds'].sum())})"
            out.append(Patch(facecolor="none", hatch=hatch, edgecolor=colour, label=label))
    return out


def _clock(seconds: float) -> str:
    """Seconds as people say them: 12.3 s, 4 min 05 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
