"""Still pictures from published videos: the posters of the players, and the worst frames of each method."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import media
from understudy.report.page import ClipView, Page, Player
from understudy.report.scores import Table
from understudy.report.showing import Audience

LARGEST = 480  # px, the longer side of a still
WORST = 3  # frames shown for a method and metric
DEEPEST = 2000  # rows looked through for them: most of the worst may belong to people who are not shown
APART = 8  # frames between two that are shown of one clip
# By which per-frame columns the worst frames are chosen: the likeness first, then the truth.
JUDGED_BY = (("identity distance to source", "identity_source"), ("SSIM to truth", "ssim"))


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A frame to show: which, of what, and its value. rank: its place among the worst of its method, from 1."""

    rank: int
    metric: str
    method: str
    source: str
    driver: str
    clip: str
    seed: int | None
    frame: int
    value: float
    players: tuple[Player, ...]

    @property
    def key(self) -> tuple[str, str, str, int]:
        """The beginning of the keys of its numbers."""
        return "worst", self.method, self.metric, self.rank


def jpeg(frame_HWC: NDArray[np.uint8], largest: int = LARGEST) -> bytes:
    """A frame as JPEG, its longer side at most `largest` px."""
    height, width = frame_HWC.shape[:2]
    scale = largest / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        frame_HWC = np.asarray(cv2.resize(frame_HWC, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(frame_HWC[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 84])
    return bytes(data)


def stills(wanted: Mapping[Path, Iterable[int]]) -> dict[tuple[Path, int], bytes]:
    """The wanted frames of each video as JPEG; past a video's end its last. Reads each video once."""
    return {(path, n): data for path, frames in wanted.items() for n, data in _frames(path, set(frames)).items()}


def _frames(path: Path, wanted: set[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    last = None
    for n, frame_HWC in enumerate(media.frames(path)):
        last = frame_HWC
        if n in wanted:
            found[n] = jpeg(frame_HWC)
        if n >= max(wanted, default=-1):
            break
    late = jpeg(last) if last is not None and len(found) < len(wanted) else b""
    return found | {n: late for n in wanted - set(found) if late}


def worst(page: Page, tables: Sequence[Table], audience: Audience = "study") -> tuple[Pick, ...]:
    """The worst frames of each method, by likeness and by truth, among the clips whose people may be shown.

    For a crate, whose page has no pictures, they are chosen among all clips, and none of their players is named.
    """
    if "method" not in page.frames:
        return ()
    rising = {t.metric.name: t.metric.better for t in tables}
    columns = [next((c for c in names if c in page.frames), None) for names in JUDGED_BY]
    views = {(p.source, p.driver, c.clip, c.seed): c for p in page.pairs for c in p.clips}
    picks = []
    for name in (m.name for m in page.methods):
        rows = page.frames[page.frames["method"] == name]
        for column in (c for c in columns if c is not None):
            falling = rising.get(column, "higher" if "ssim" in column.lower() else "lower") != "higher"
            ordered = rows.dropna(subset=[column]).sort_values(column, ascending=not falling, kind="stable")
            picks += _worst(ordered.head(DEEPEST), column, views, audience)
    return tuple(picks)


def _worst(
    rows: pd.DataFrame, column: str, views: Mapping[tuple[str, str, str, int | None], ClipView], audience: Audience
) -> list[Pick]:
    taken: list[Pick] = []
    for row in rows.to_dict("records"):
        place = (str(row["source"]), str(row["driver"]), str(row["clip"]))
        seed = next((s for s in (row.get("seed"), None) if (*place, s) in views), None)
        clip, frame = views.get((*place, seed)), int(row["frame"])
        near = any((t.source, t.driver, t.clip) == place and abs(t.frame - frame) < APART for t in taken)
        players = () if near or clip is None or audience == "crate" else _shown(clip, str(row["method"]))
        if players or (audience == "crate" and clip is not None and not near):
            taken.append(
                Pick(
                    rank=len(taken) + 1,
                    metric=column,
                    method=str(row["method"]),
                    source=place[0],
                    driver=place[1],
                    clip=place[2],
                    seed=seed,
                    frame=frame,
                    value=float(row[column]),
                    players=players,
                )
            )
        if len(taken) == WORST:
            break
    return taken


def _shown(clip: ClipView, method: str) -> tuple[Player, ...]:
    """The driver, the method's fake and the truth of a clip; nothing when the fake may not be shown."""
    fake = [p for p in clip.players if p.part == "fake" and p.name == method]
    around = {p.part: p for p in clip.players if p.part in ("driver", "truth")}
    if not fake:
        return ()
    return tuple(p for p in (around.get("driver"), fake[0], around.get("truth")) if p is not None)
