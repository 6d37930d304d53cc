"""What the visible points of a head are made of: skin from the texture; tongue, teeth and eyes by formula."""

import numpy as np

from understudy.cast.noise import Floats, linear, mix, smoothstep, unit

IRISES = {
    "brown": (84, 52, 30), "dark": (44, 28, 20), "hazel": (112, 92, 48), "green": (88, 112, 72), "blue": (84, 124, 160),
    "grey": (122, 134, 142),
}  # fmt: skip
TONGUE = np.array([0.42, 0.13, 0.12])


def teeth(rest_x: Floats) -> Floats:
    """Albedo of teeth: ivory with dark gaps, by the position across the mouth at rest."""
    gap = np.abs(np.sin(rest_x * np.pi / 0.062))
    return np.asarray(np.array([0.86, 0.79, 0.66]) * (0.72 + 0.28 * smoothstep(0.0, 0.22, gap))[:, None])


def eye(direction_N3: Floats, iris: str) -> Floats:
    """Albedo of an eyeball, by the direction from its centre (+z: the pupil)."""
    rim, pupil = 0.46, 0.19
    outward = unit(direction_N3)
    radius = np.sqrt(outward[:, 0] ** 2 + outward[:, 1] ** 2)
    angle = np.arctan2(outward[:, 1], outward[:, 0])
    fibre = 0.5 + 0.5 * np.sin(angle * 37 + 5 * np.sin(angle * 11))
    white = np.array([0.74, 0.70, 0.67]) * (1 - 0.12 * smoothstep(0.5, 1.0, radius))[:, None] * [1, 0.97, 0.95]
    tint = linear(IRISES[iris]) * (0.75 + 0.5 * fibre * smoothstep(pupil, rim, radius))[:, None]
    tint = tint * (1 - 0.65 * smoothstep(rim - 0.10, rim, radius))[:, None]
    front = outward[:, 2] > 0
    colour = mix(white, tint, ((1 - smoothstep(rim - 0.03, rim + 0.03, radius)) * front)[:, None])
    dark = (1 - smoothstep(pupil - 0.03, pupil + 0.02, radius)) * front
    return mix(colour, 0.01, dark[:, None])
