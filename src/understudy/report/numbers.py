"""Numbers as people read them: sensible digits, a unit, a true minus sign."""

import math
from collections.abc import Iterable

MISSING = "–"


def decimals(values: Iterable[float]) -> int:
    """How many decimals (0 to 5) give the largest of `values` three digits, or four when it begins with 1."""
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    if largest == 0:
        return 0
    return min(5, max(0, 2 - math.floor(math.log10(largest / 2))))


def number(value: float | None, places: int) -> str:
    """`value` with `places` decimals, thin spaces between thousands, a dash when there is no number."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.{places}f}".replace(",", "\u202f")
    if float(f"{value:.{places}f}") == 0:
        text = text.replace("-", "")  # a rounded zero has no sign
    return text.replace("-", "−")


def lone(value: float | None) -> str:
    """A number that stands alone, with three digits."""
    return MISSING if value is None else number(value, decimals([value]))


def percent(share: float) -> str:
    """A share in 0..1 in percent; never 100 % or 0 % by rounding."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    places = 0 if 0.01 <= share <= 0.99 else 1
    return f"{min(99.9, max(0.1, round(100 * share, places))):.{places}f} %"


def duration(seconds: float | None) -> str:
    """Seconds as s, min or h."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 99.5:
        return f"{lone(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{seconds / 3600:.1f} h"


def size(count: float | None) -> str:
    """Bytes in binary units."""
    if count is None:
        return MISSING
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{lone(count)} {unit}"
        count /= 1024
    return f"{lone(count)} GiB"


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun in the right number."""
    return f"{number(count, 0)} {one if count == 1 else many or one + 's'}"
