"""Numbers and lists as a paper prints them."""

import math
from collections.abc import Iterable, Sequence

_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def listing(items: Iterable[str]) -> str:
    """a, b and c."""
    *most, last = [*items] or ["none"]
    return f"{', '.join(most)} and {last}" if most else last


def count(number: int, one: str, many: str | None = None) -> str:
    """A count with its noun; below ten in words, as style guides ask."""
    said = _SMALL[number] if 0 <= number < len(_SMALL) else f"{number:,}"
    return f"{said} {one if number == 1 else many or one + 's'}"


def number(value: float) -> str:
    """A value with three significant digits and a true minus sign; an exponent below a ten-thousandth."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{'−' if value < 0 else ''}∞"
    if 0 < abs(value) < 1e-4:
        return f"{value:.2e}".replace("-", "−")
    rounded = abs(float(f"{value:.3g}"))  # 0.9999 is 1.00, and no 1.000
    places = 0 if rounded == 0 else min(6, max(0, 2 - math.floor(math.log10(rounded))))
    text = f"{value:,.{places}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.replace("-", "")


def span(low: float, high: float) -> str:
    """The ends of an interval, or one value where they are the same."""
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours."""
    if seconds < 100:
        return f"{number(seconds)} s"
    return f"{number(seconds / 60)} min" if seconds < 6000 else f"{number(seconds / 3600)} h"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
