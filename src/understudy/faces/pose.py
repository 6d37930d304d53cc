"""Head pose from landmarks: where the face looks, by perspective-n-point on the points of the face that move least.

The 3-D points are the mean of 24 neutral synthetic heads at dlib's landmarks, made symmetric; nobody's scan is in it.

On synthetic actors, yaw to 39 and pitch to 25 degrees, dlib's landmarks give yaw within 4 degrees (rms), roll within
2.2, and pitch within 2.7 of a person's own mean, which itself is off by some 5 degrees from person to person: the
length of a nose and its tilt look alike. Nose and eyes alone are finer for most faces but twice too much for a long
nose; the sides of the jaw keep them in bounds. So compare pitch within one face, not between faces.

Angles are degrees, in the order roll, pitch, yaw about the head's own axes: R = Ry(yaw) Rx(pitch) Rz(roll) with x to
the right of the picture, y up, z to the camera. Positive yaw turns the face to the right of the picture (the subject's
own left), positive pitch looks down, positive roll tilts the head counter-clockwise in the picture.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_RIGID = np.array(
    [  # landmark, x, y, z; the unit is the distance of the outer eye corners, the origin lies in the nose bridge
        (2, -0.823, -0.157, -1.071),
        (3, -0.707, -0.329, -0.641),
        (4, -0.647, -0.535, -0.591),
        (5, -0.560, -0.733, -0.580),
        (11, 0.560, -0.733, -0.580),
        (12, 0.647, -0.535, -0.591),
        (13, 0.707, -0.329, -0.641),
        (14, 0.823, -0.157, -1.071),
        (17, -0.635, 0.523, -0.353),
        (18, -0.567, 0.586, -0.265),
        (19, -0.386, 0.601, -0.113),
        (20, -0.284, 0.546, -0.067),
        (21, -0.128, 0.512, -0.053),
        (22, 0.128, 0.512, -0.053),
        (23, 0.284, 0.546, -0.067),
        (24, 0.386, 0.601, -0.113),
        (25, 0.567, 0.586, -0.265),
        (26, 0.635, 0.523, -0.353),
        (27, 0.000, 0.284, -0.104),
        (28, 0.000, 0.133, -0.033),
        (29, 0.000, 0.020, 0.026),
        (30, 0.000, -0.149, 0.126),
        (31, -0.148, -0.246, -0.077),
        (32, -0.080, -0.260, -0.029),
        (33, 0.000, -0.288, -0.016),
        (34, 0.080, -0.260, -0.029),
        (35, 0.148, -0.246, -0.077),
        (36, -0.500, 0.281, -0.266),
        (37, -0.406, 0.321, -0.180),
        (38, -0.308, 0.324, -0.174),
        (39, -0.210, 0.252, -0.215),
        (40, -0.310, 0.223, -0.189),
        (41, -0.415, 0.223, -0.201),
        (42, 0.210, 0.252, -0.215),
        (43, 0.308, 0.324, -0.174),
        (44, 0.406, 0.321, -0.180),
        (45, 0.500, 0.281, -0.266),
        (46, 0.415, 0.223, -0.201),
        (47, 0.310, 0.223, -0.189),
    ]
)
POINTS = _RIGID[:, 0].astype(int)
"""Numbers of the landmarks used: the sides of the jaw, brows, nose and eyes. Chin and mouth move with speech."""
MODEL = _RIGID[:, 1:]
"""Their places on the mean head: (x right, y up, z to the camera)."""

FOCAL = 3.0
"""Assumed focal length in picture sides: portrait framing. Twice or half as much changes angles by a degree or two."""

_FLIP = np.diag([1.0, -1.0, -1.0])  # y up, z to the camera <-> OpenCV's y down, z away from it


def pose(landmarks_682: NDArray[Any], width: int, height: int) -> tuple[float, float, float]:
    """(yaw, pitch, roll) of a face in a picture of width x height pixels."""
    focal = FOCAL * max(width, height)
    camera = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    seen = np.ascontiguousarray(np.asarray(landmarks_682, np.float64)[POINTS])
    _, rotation, _ = cv2.solvePnP(MODEL @ _FLIP, seen, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    return angles(np.asarray(_FLIP @ cv2.Rodrigues(rotation)[0] @ _FLIP, np.float64))


def angles(rotation_33: NDArray[np.float64]) -> tuple[float, float, float]:
    """(yaw, pitch, roll) of a rotation matrix in the head's axes; pitch is within +-90."""
    r = rotation_33
    pitch = np.arcsin(np.clip(-r[1, 2], -1, 1))
    yaw = np.arctan2(r[0, 2], r[2, 2])
    roll = np.arctan2(r[1, 0], r[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """The rotation matrix (33) of a pose: the inverse of `angles`."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)
