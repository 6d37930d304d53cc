"""From timed phones to the movement of the mouth: visemes, smoothed, with lips that do close.

Phones are espeak-ng's mnemonics. Viseme set after the MPEG-4 / Oculus set of fifteen; face units are ARKit's names.
"""

import numpy as np

from understudy.cast.identity import Speaking
from understudy.cast.noise import Floats

HZ = 200


def _both(unit: str, weight: float) -> dict[str, float]:
    return {unit + "Left": weight, unit + "Right": weight}


VISEMES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": {**_both("mouthPress", 0.35), "mouthRollLower": 0.25, "mouthRollUpper": 0.2},
    "FF": {"jawOpen": 0.05, "mouthRollLower": 0.75, **_both("mouthUpperUp", 0.35)},
    "TH": {"jawOpen": 0.16, "tongueOut": 0.45, **_both("mouthLowerDown", 0.35), **_both("mouthUpperUp", 0.2)},
    "DD": {"jawOpen": 0.12, **_both("mouthLowerDown", 0.35), **_both("mouthUpperUp", 0.15)},
    "SS": {
        "jawOpen": 0.05, **_both("mouthStretch", 0.45), **_both("mouthLowerDown", 0.5), **_both("mouthUpperUp", 0.35),
    },
    "CH": {"jawOpen": 0.12, "mouthFunnel": 0.65, "mouthPucker": 0.2},
    "kk": {"jawOpen": 0.18, **_both("mouthLowerDown", 0.2)},
    "RR": {"jawOpen": 0.14, "mouthFunnel": 0.35, "mouthPucker": 0.3},
    "ww": {"jawOpen": 0.05, "mouthPucker": 0.9},
    "jj": {"jawOpen": 0.1, **_both("mouthSmile", 0.25), **_both("mouthLowerDown", 0.3)},
    "ih": {
        "jawOpen": 0.16, **_both("mouthSmile", 0.35), **_both("mouthStretch", 0.3), **_both("mouthLowerDown", 0.35),
        **_both("mouthUpperUp", 0.2),
    },
    "E": {"jawOpen": 0.34, **_both("mouthSmile", 0.2), **_both("mouthLowerDown", 0.4), **_both("mouthUpperUp", 0.2)},
    "aa": {"jawOpen": 0.62, **_both("mouthLowerDown", 0.3), **_both("mouthUpperUp", 0.15)},
    "ax": {"jawOpen": 0.26, **_both("mouthLowerDown", 0.2)},
    "oh": {"jawOpen": 0.42, "mouthFunnel": 0.6, "mouthPucker": 0.3},
    "ou": {"jawOpen": 0.16, "mouthPucker": 0.85, "mouthFunnel": 0.3},
}  # fmt: skip
_CONSONANTS = {
    **dict.fromkeys("pbm", "PP"), **dict.fromkeys("fv", "FF"), **dict.fromkeys("TD", "TH"),
    **dict.fromkeys("tdnl*", "DD"),
    **dict.fromkeys("sz", "SS"), **dict.fromkeys(("S", "Z", "tS", "dZ"), "CH"), **dict.fromkeys("kgNhx", "kk"),
    "r": "RR", "w": "ww", "j": "jj", "?": "sil",
}  # fmt: skip
_VOWELS = {
    **dict.fromkeys("iI", "ih"), **dict.fromkeys("eE", "E"), **dict.fromkeys("aAV", "aa"), **dict.fromkeys("@3", "ax"),
    **dict.fromkeys("0Oo", "oh"), **dict.fromkeys("UuYy", "ou"),
}  # fmt: skip
_DIPHTHONGS = {
    "aI": ("aa", "ih"), "eI": ("E", "ih"), "OI": ("oh", "ih"), "aU": ("aa", "ou"), "oU": ("oh", "ou"),
    "@U": ("oh", "ou"), "i@": ("ih", "ax"), "e@": ("E", "ax"), "U@": ("ou", "ax"), "I@": ("ih", "ax"),
}  # fmt: skip
# Units that make a closure: they stay while the others let go.
_CLOSING = ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper")
UNITS = tuple(sorted({unit for shape in VISEMES.values() for unit in shape}))


def visemes(phone: str) -> tuple[str, ...]:
    """The one or two visemes of a phone, stress and length marks ignored; silence for a pause."""
    core = "" if phone.startswith("_") else phone.lstrip("',%=|_").rstrip(":;~-#")
    if not core:
        return ("sil",)
    for key in (core, core[:2]):
        if key in _DIPHTHONGS:
            return _DIPHTHONGS[key]
    for key in (core[:2], core[:1]):
        if key in _CONSONANTS:
            return (_CONSONANTS[key],)
    return (_VOWELS.get(core[:1], "ax"),)


def mouth(phones: tuple[str, ...], times: tuple[float, ...], seconds: float) -> Floats:
    """Weights of UNITS over time, HZ rows a second, 0 to 1.

    times: the start of each phone and the end of the last, seconds. A closure (p, b,
    m) overrides its neighbours, so that
    the lips meet however fast the speech is.
    """
    rows = int(seconds * HZ) + 1
    weights, closed = np.zeros((rows, len(UNITS))), np.zeros(rows)
    for phone, start, end in zip(phones, times[:-1], times[1:], strict=True):
        shapes = visemes(phone)
        for part, name in enumerate(shapes):
            first = int((start + (end - start) * part / len(shapes)) * HZ)
            last = max(int((start + (end - start) * (part + 1) / len(shapes)) * HZ), first + 1)
            weights[first:last] = [VISEMES[name].get(unit, 0.0) for unit in UNITS]
            closed[first:last] = name == "PP"
    weights = _smooth(weights, 0.032)
    closed = np.clip(_smooth(closed[:, None], 0.018) * 1.25, 0, 1)
    free = np.array([unit not in _CLOSING for unit in UNITS])
    return weights * np.where(free, 1 - closed, 1.0)


def spoken(row: Floats, style: Speaking) -> dict[str, float]:
    """One row of mouth() as a person with this style of speaking does it."""
    factor = {"jaw": style.jaw, "spread": style.spread, "round": style.rounding}
    kinds = {"jawOpen": "jaw", "mouthFunnel": "round", "mouthPucker": "round"}
    wide = ("mouthStretch", "mouthSmile", "mouthLowerDown", "mouthUpperUp")
    done = {}
    for unit, weight in zip(UNITS, row, strict=True):
        kind = kinds.get(unit, "spread" if unit.startswith(wide) else "")
        done[unit] = min(float(weight) * factor.get(kind, 1.0), 1.0)
    return done


def _smooth(values_NC: Floats, deviation: float) -> Floats:
    """A Gaussian over time, `deviation` seconds wide, ends held."""
    radius = int(3 * deviation * HZ)
    window = np.exp(-0.5 * (np.arange(-radius, radius + 1) / (deviation * HZ)) ** 2)
    window /= window.sum()
    held = np.concatenate([np.repeat(values_NC[:1], radius, 0), values_NC, np.repeat(values_NC[-1:], radius, 0)])
    total = np.zeros_like(values_NC)
    for k, share in enumerate(window):
        total += share * held[k : k + len(values_NC)]
    return total
