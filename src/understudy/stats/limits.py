"""Where the values of a unit end: no mean of them lies beyond, and no difference of two is wider."""

LIMITS = {
    "correlation": (-1.0, 1.0), "cosine": (-1.0, 1.0), "SSIM": (-1.0, 1.0), "IoU": (0.0, 1.0),
    "share of frames": (0.0, 1.0), "share of samples": (0.0, 1.0), "share of utterances": (0.0, 1.0),
}  # fmt: skip
"""Between which values any value of a unit lies, and so any mean. (Word error rates may pass 1.)"""

Ends = tuple[float, float]


def cut(interval: Ends, unit: str) -> Ends:
    """The interval of a mean, cut where the unit's values end: it holds the mean as often as before. NaN stays NaN."""
    return _within(interval, LIMITS[unit]) if unit in LIMITS else interval


def cut_difference(interval: Ends, unit: str, better: str) -> Ends:
    """The interval of a difference of two means, likewise; of a metric that is best near 0, of their distances from 0.

    better: "higher", "lower" or "near 0".
    """
    if unit not in LIMITS:
        return interval
    low, high = LIMITS[unit]
    widest = max(-low, high) if better == "near 0" else high - low
    return _within(interval, (-widest, widest))


def _within(interval: Ends, ends: Ends) -> Ends:
    low, high = (value if value != value else min(max(value, ends[0]), ends[1]) for value in interval)
    return low, high
