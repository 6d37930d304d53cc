"""Licensed real footage: the subject is found, and stays found. Skipped where there is none."""

from pathlib import Path

import numpy as np
import pytest

from understudy.faces.extract import extract
from understudy.faces.survey import Extraction


@pytest.mark.parametrize("speaker", ["s1", "s2", "s4", "s33"])
def test_the_face_is_found_in_nearly_every_frame(speaker: str, shared: Path, tmp_path: Path) -> None:
    clip = sorted((shared / "data" / "grid" / speaker).glob("*.mpg"))[-1]
    made = extract(clip, tmp_path / "set", Extraction(size=64))
    assert made.table["found"].mean() >= 0.98
    assert made.table["kept"].mean() >= 0.98
    # A head does not leap: from frame to frame a steadied crop moves by little of its width.
    centre = np.array([np.linalg.inv(m[:, :2]) @ (31.5 - m[:, 2]) for m in made.matrices_N23])
    side = 64 / np.sqrt(np.abs(np.linalg.det(made.matrices_N23[:, :, :2]))).mean()
    assert np.linalg.norm(np.diff(centre, axis=0), axis=1).max() < 0.08 * side
