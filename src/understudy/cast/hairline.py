"""Where the hair of the head grows, at rest coordinates."""

import numpy as np

from understudy.cast.identity import Identity
from understudy.cast.noise import Floats, smoothstep, value_noise

# Lowest y with hair, by depth z from the nape to the forehead.
_DEPTH = (-0.7, -0.25, 0.0, 0.25, 0.42, 0.60, 0.74, 0.90, 1.08, 1.2, 1.5)
_LINES = {
    "usual": (6.35, 6.45, 6.75, 7.38, 7.20, 7.22, 7.45, 7.72, 7.93, 8.00, 7.97),
    "receding": (6.4, 6.5, 6.75, 7.38, 7.22, 7.26, 7.6, 7.98, 8.25, 8.33, 8.36),
    "bald": (6.4, 6.5, 6.75, 7.38, 7.45, 8.9, 8.9, 8.9, 8.9, 8.9, 8.9),
}


def scalp(identity: Identity, rest_N3: Floats) -> Floats:
    """1 where hair grows, 0 elsewhere, with a soft, uneven edge."""
    x, y, z = np.abs(rest_N3[:, 0]), rest_N3[:, 1], rest_N3[:, 2]
    line = np.interp(z, _DEPTH, _LINES.get(identity.hair.style, _LINES["usual"]))
    line = line + 0.025 * np.sin(x * 9 + identity.seed) * (z > 0.6)
    if identity.hair.style == "bald":
        line = np.where(y > 7.75, 9.5, line)
    uneven = 0.07 * (value_noise(rest_N3, 18.0, identity.seed + 77) - 0.5)
    grown = smoothstep(-0.04, 0.10, y - line + uneven)
    ear = (x > 0.78) & (y < 7.5) & (z > -0.05) & (z < 0.5)
    return np.where(ear, 0.0, grown)
