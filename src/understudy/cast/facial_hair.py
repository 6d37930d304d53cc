"""Brows, moustache and beard: where they grow and how densely, at rest coordinates."""

import numpy as np

from understudy.cast.identity import Identity
from understudy.cast.noise import Floats, smoothstep, value_noise


def brow_cover(identity: Identity, rest_N3: Floats) -> Floats:
    """Opacity of the brows, 0 to 1: strokes that lean outwards, dense at the head and thin at the tail."""
    brows = identity.brows
    x, y, z = np.abs(rest_N3[:, 0]), rest_N3[:, 1], rest_N3[:, 2]
    along = np.clip((x - 0.13) / 0.45, 0, 1)
    rise = 0.075 * np.sin(np.pi * np.clip(along * 0.62 + 0.12, 0, 1)) * (1 + 0.5 * brows.arch)
    middle = 7.435 + rise - 0.045 * brows.arch * along
    thick = (0.046 - 0.030 * along) * brows.thickness
    zone = np.exp(-(((y - middle) / thick) ** 2) * 1.1)
    zone = zone * smoothstep(0.10, 0.15, x) * (1 - smoothstep(0.54, 0.60, x)) * (z > 0.8)
    lean = np.stack([x * 0.8 - (y - middle) * 0.9, y + x * 0.25, z * 0], 1)
    strokes = value_noise(lean, (70.0, 22.0, 1.0), identity.seed * 101 + 38)
    return np.clip(np.clip(zone * (0.45 + strokes), 0, 1) * brows.darkness, 0, 0.97)


def beard_zone(identity: Identity, rest_N3: Floats) -> Floats:
    """Density of the beard, 0 to 1, before lips and ears are left out."""
    if identity.beard == "none":
        return np.zeros(len(rest_N3))
    x, y, z = np.abs(rest_N3[:, 0]), rest_N3[:, 1], rest_N3[:, 2]
    low, high = 6.06 + (1.45 - z) * 0.40, 6.80 + (1.3 - z) * 0.48
    jaw = smoothstep(high + 0.10, high - 0.04, y) * smoothstep(low - 0.06, low + 0.05, y) * smoothstep(0.22, 0.38, z)
    lip = np.exp(-((y - 6.79 + 0.10 * x) ** 2 / 0.0035)) * (1 - smoothstep(0.26, 0.36, x)) * (z > 1.1)
    lip = lip * (1 - smoothstep(6.85, 6.90, y)) * (1 - smoothstep(1.50, 1.56, z))
    chin = (1 - smoothstep(0.20, 0.30, x)) * smoothstep(6.62, 6.5, y) * smoothstep(6.0, 6.15, y) * (z > 0.9)
    full = np.maximum(jaw, lip)
    zone = {"stubble": full * 0.55, "full": full, "goatee": np.maximum(chin, lip), "moustache": lip}[identity.beard]
    return np.asarray(zone * (1 - ((x > 0.74) & (z < 0.45))))


def beard_cover(identity: Identity, rest_N3: Floats, *, bare: Floats, ears: Floats) -> Floats:
    """Opacity of the beard, 0 to 1. bare: where none can grow (lips, mouth)."""
    zone = beard_zone(identity, rest_N3) * (1 - bare) * (1 - np.clip(ears * 2, 0, 1))
    strokes = value_noise(rest_N3, (55.0, 26.0, 55.0), identity.seed * 101 + 48)
    return np.clip(zone * (0.45 + 0.9 * strokes), 0, 0.93)
