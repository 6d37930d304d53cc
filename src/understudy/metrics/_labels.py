"""What is exactly known of a clip of a synthetic actor, frame by frame.

Shapes: T frames, 3 = (yaw, pitch, roll), E face units.
"""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.metrics._case import Case


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """path: the .npz that they came from, with arrays of these names.

    pose_T3: degrees, signs as in `faces.pose`. units_E: the names of the face units (ARKit's), and weights_TE their
    weights, 0 to 1; both are missing from clips that were rendered before these were kept.
    """

    path: Path
    pose_T3: NDArray[np.floating]
    units_E: tuple[str, ...] = ()
    weights_TE: NDArray[np.floating] | None = None

    def require(self, frames: int, case: Case) -> None:
        """Raises MediaError unless the labels are those of as many frames as were seen, if any were."""
        if frames not in (0, len(self.pose_T3)):
            fact = f"has labels of {len(self.pose_T3)} frames, and {case.fake} has {frames}"
            raise MediaError(self.path, fact, "Keep the frame rate at which the clip was rendered.")


def labels(path: Path) -> Labels:
    """The labels in a file. Raises MediaError when it is none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            there = {name: file[name] for name in ("pose_T3", "units_E", "weights_TE") if name in file}
        pose_T3 = there["pose_T3"].astype(np.float64)
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise MediaError(path, f"cannot be read as labels ({error})", "Render the clip again.") from error
    names = tuple(str(name) for name in there.get("units_E", ()))
    weights_TE = there["weights_TE"].astype(np.float64) if "weights_TE" in there else None
    fits = weights_TE is None or weights_TE.shape == (len(pose_T3), len(names))
    if pose_T3.shape[1:] != (3,) or not fits:
        raise MediaError(path, "holds labels whose shapes do not belong together", "Render the clip again.")
    return Labels(path=path, pose_T3=pose_T3, units_E=names, weights_TE=weights_TE)
