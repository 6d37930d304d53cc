"""Brows, moustache and beard: where they grow and how densely, at rest coordinates."""

import numpy as np

from understudy.cast.identity import Identity
from understudy.cast.noise import Floats, smoothstep, value_noise


def brow_cover(identity: Identity, rest_N3: Floats) -> Floats:
    """Opacity of the brows, 0 to 1: strokes that lean outwards, rising and dense at the head, thin at the tail."""
    brows = identity.brows
    x, y, z = np.abs(rest_N3[:, 0]), rest_N3[:, 1], rest_N3[:, 2]
    along = np.clip((x - 0.11) / 0.47, 0, 1)
    rise = 0.07 * np.sin(np.pi * np.clip(along * 0.66 + 0.10, 0, 1)) * (1 + 0.45 * brows.arch)
    middle = 7.438 + rise - 0.04 * brows.arch * along
    thick = (0.050 - 0.032 * along) * brows.thickness
    zone = np.exp(-(np.abs((y - middle) / thick) ** 2.6))
    zone = zone * smoothstep(0.07, 0.19, x) * (1 - smoothstep(0.50, 0.60, x)) * (z > 0.8)
    # Strokes stand up near the nose and lie down along the brow towards the tail.
    stand = 1.1 * (1 - smoothstep(0.0, 0.6, along))
    lean = np.stack([x - (y - middle) * (0.5 - stand) * 0.8, (y - middle) - 0.15 * x, z * 0], 1)
    strokes = value_noise(lean, (120.0, 34.0, 1.0), identity.seed * 101 + 38)
    return np.clip(zone * (0.5 + 0.6 * strokes) * brows.darkness, 0, 0.95)


def _moustache(x: Floats, y: Floats, z: Floats) -> Floats:
    """Between the nose and the upper lip, thinner in the philtrum, drooping a little at the mouth's corners."""
    high = 6.842 - 0.62 * np.clip(x - 0.10, 0, None)
    low = 6.725 - 1.6 * np.clip(x - 0.12, 0, None) ** 1.3
    inside = smoothstep(low - 0.03, low + 0.02, y) * (1 - smoothstep(high - 0.05, high + 0.01, y))
    return inside * (0.72 + 0.28 * smoothstep(0.0, 0.06, x)) * (1 - smoothstep(0.28, 0.36, x)) * smoothstep(1.2, 1.3, z)


def _chin(x: Floats, y: Floats, z: Floats) -> Floats:
    """A rounded patch on the chin, and the tuft under the lower lip."""
    far = np.sqrt((x / 0.27) ** 2 + ((y - 6.25) / 0.20) ** 2)
    tuft = (1 - smoothstep(0.04, 0.09, x)) * smoothstep(6.30, 6.36, y) * (1 - smoothstep(6.46, 6.50, y))
    beside = (
        np.exp(-(((x - 0.315 + 0.25 * np.clip(6.45 - y, 0, 1)) / 0.035) ** 2))
        * smoothstep(6.28, 6.36, y)
        * (1 - smoothstep(6.60, 6.68, y))
    )
    return np.maximum(np.maximum(1 - smoothstep(0.75, 1.1, far), tuft), 0.9 * beside) * smoothstep(0.9, 1.1, z)


def _jaw(x: Floats, y: Floats, z: Floats) -> Floats:
    """Cheeks below a line from the sideburn to the moustache, jaw and underside of the chin."""
    high = 6.70 + (1.38 - z) * 0.55 + 0.10 * smoothstep(0.6, 0.4, z)
    low = 6.03 + (1.45 - z) * 0.36
    return smoothstep(high + 0.10, high - 0.08, y) * smoothstep(low - 0.06, low + 0.05, y) * smoothstep(0.22, 0.42, z)


def beard_zone(identity: Identity, rest_N3: Floats) -> Floats:
    """Density of the beard, 0 to 1, before lips and ears are left out."""
    if identity.beard == "none":
        return np.zeros(len(rest_N3))
    x, y, z = np.abs(rest_N3[:, 0]), rest_N3[:, 1], rest_N3[:, 2]
    lip, chin, jaw = _moustache(x, y, z), _chin(x, y, z), _jaw(x, y, z)
    full = np.maximum(np.maximum(jaw, lip), chin)
    zone = {"stubble": full * 0.5, "full": full, "goatee": np.maximum(chin, lip), "moustache": lip}[identity.beard]
    return np.asarray(zone * (1 - smoothstep(0.68, 0.73, x) * smoothstep(6.70, 6.80, y) * smoothstep(0.55, 0.45, z)))


def beard_cover(identity: Identity, rest_N3: Floats, *, bare: Floats, ears: Floats) -> Floats:
    """Opacity of the beard, 0 to 1. bare: where none can grow (lips, mouth)."""
    zone = beard_zone(identity, rest_N3) * (1 - bare) * (1 - np.clip(ears * 2, 0, 1))
    strokes = value_noise(rest_N3, (70.0, 30.0, 70.0), identity.seed * 101 + 48)
    fine = identity.beard == "stubble"
    return np.clip(zone * (0.7 + 0.3 * strokes if fine else 0.6 + 0.5 * strokes), 0, 0.94)
