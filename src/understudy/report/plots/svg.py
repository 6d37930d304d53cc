"""SVG by hand: few shapes, few classes, the same bytes for the same numbers.

On the page the classes take the page's colours, light or dark; a file for a paper carries the light ones as attributes,
so that any program can read it.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import escape

from understudy.report.numbers import number
from understudy.report.styles import COLOURS, DASHES, SHAPES, colour

WIDTH = 720
LETTER = 6.3  # px, about the width of a letter of 12 px

FONT = "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\""
INK, SOFT, RULE, ACCENT = "#1c2126", "#59626b", "#d9d5cb", "#0072b2"
ATTRIBUTES = {
    "t": f'font-size="12" fill="{SOFT}"',
    "th": f'font-size="12" fill="{INK}"',
    "tb": f'font-size="12" font-weight="bold" fill="{INK}"',
    "tt": f'font-size="14" font-weight="bold" fill="{INK}"',
    "halo": 'font-size="12" font-weight="bold" fill="#ffffff" stroke="#ffffff" stroke-width="4"',
    "ts": f'font-size="10.5" fill="{SOFT}"',
    "grid": f'stroke="{RULE}" stroke-width="1"',
    "axis": f'stroke="{SOFT}" stroke-width="1.2" fill="none"',
    "zero": f'stroke="{INK}" stroke-width="1.2"',
    "bar": f'stroke="{INK}" stroke-width="4" stroke-linecap="round"',
    "lead": f'stroke="{SOFT}" stroke-width="1" fill="none"',
    "heat": f'fill="{ACCENT}"',
    "ring": f'stroke="{INK}" stroke-width="1.6" fill="none"',
    "front": f'stroke="{SOFT}" stroke-width="1.2" stroke-dasharray="4 3" fill="none"',
}
"""What each class is in a file for a paper; the page's own style sheet says the same with its own colours."""

for _style in range(len(SHAPES)):
    _hue = COLOURS[colour(_style)]
    _dash = f' stroke-dasharray="{DASHES[_style]}"' if DASHES[_style] else ""
    ATTRIBUTES |= {
        f"m{_style}": f'fill="{_hue}"' if SHAPES[_style][1] else f'fill="none" stroke="{_hue}" stroke-width="2"',
        f"h{_style}": f'fill="#ffffff" stroke="{_hue}" stroke-width="1.8"',
        f"d{_style}": f'fill="{_hue}" fill-opacity="0.35"',
        f"s{_style}": f'fill="none" stroke="{_hue}" stroke-width="2"',
        f"l{_style}": f'fill="none" stroke="{_hue}" stroke-width="2"{_dash}',
        f"b{_style}": f'fill="{_hue}" fill-opacity="0.14"',
    }


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing. name: of its file, without suffix. words: what it shows, for who cannot see it. Sizes in px."""

    name: str
    title: str
    words: str
    height: float
    body: tuple[str, ...]
    width: float = WIDTH


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A number's place on an axis. logarithmic: equal ratios are equal steps."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (math.log(v) if self.logarithmic else v for v in (self.low, self.high, value))
        share = 0.5 if high == low else (at - low) / (high - low)
        return tenth(self.start + min(1.02, max(-0.02, share)) * (self.end - self.start))

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """(place, label) of the round numbers of the axis."""
        return [(self(v), text) for v, text in (_decades if self.logarithmic else _round)(self.low, self.high, most)]


def spanning(values: Iterable[float], start: float, end: float, *, logarithmic: bool = False) -> Scale:
    """The axis on which the finite values have some air around them."""
    known = [v for v in values if math.isfinite(v) and (v > 0 or not logarithmic)] or [1.0]
    low, high = min(known), max(known)
    if logarithmic:
        air = (high / low) ** 0.06 if high > low else 1.5
        return Scale(low=low / air, high=high * air, start=start, end=end, logarithmic=True)
    air = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return Scale(low=low - air, high=high + air, start=start, end=end)


def _round(low: float, high: float, most: int) -> list[tuple[float, str]]:
    raw = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(n * step, _tick(n * step, places)) for n in range(first, last + 1)]


def _tick(value: float, places: int) -> str:
    """The label of a round number, large ones with the prefixes of the SI."""
    power = next((p for p in (12, 9, 6) if abs(value) >= 10.0**p), 0)
    prefix = {12: "\u202fT", 9: "\u202fG", 6: "\u202fM", 0: ""}[power]
    return f"{value / 10.0**power:.6g}{prefix}" if power else number(value, places)


def _decades(low: float, high: float, most: int) -> list[tuple[float, str]]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [m * 10.0**p for p in powers for m in factors if low <= m * 10.0**p <= high]
        if len(found) <= most:
            break
    if len(found) < 2:
        return _round(low, high, most)
    return [(v, _tick(v, max(0, -math.floor(math.log10(v) + 1e-9)))) for v in found]


def tenth(value: float) -> float:
    """A place in tenths of a pixel: more digits say nothing and differ between machines."""
    return round(float(value), 1) + 0.0


def text(x: float, y: float, words: object, kind: str = "t", anchor: str = "", turn: float = 0) -> str:
    """Words at a place. anchor: "middle" or "end"."""
    more = f' text-anchor="{anchor}"' if anchor else ""
    more += f' transform="rotate({turn:g} {tenth(x):g} {tenth(y):g})"' if turn else ""
    return f'<text class="{kind}" x="{tenth(x):g}" y="{tenth(y):g}"{more}>{escape(str(words))}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{tenth(x1):g}" y1="{tenth(y1):g}" x2="{tenth(x2):g}" y2="{tenth(y2):g}"/>'


def shape(style: int, x: float, y: float, words: str = "", *, kind: str = "m", size: float = 1) -> str:
    """A method's mark at a place. kind: m (its own look), h (hollow), d (faint). words: shown when pointed at."""
    grown = "" if size == 1 else f" scale({size:g})"
    said = f"<title>{escape(words)}</title>" if words else ""
    place = f'transform="translate({tenth(x):g} {tenth(y):g}){grown}"'
    return f'<path class="{kind}{style}" {place} d="{SHAPES[style][0]}">{said}</path>'


def path(points: Sequence[tuple[float, float]], kind: str, *, closed: bool = False) -> str:
    """A line through points, or the area within."""
    way = "L".join(f"{tenth(x):g} {tenth(y):g}" for x, y in points)
    return f'<path class="{kind}" d="M{way}{"Z" if closed else ""}"/>'


def box(x: float, y: float, width: float, height: float, kind: str, opacity: float) -> str:
    """A filled rectangle."""
    place = f'x="{tenth(x):g}" y="{tenth(y):g}" width="{tenth(width):g}" height="{tenth(height):g}"'
    return f'<rect class="{kind}" {place} fill-opacity="{opacity:.2f}"/>'


def across(scale: Scale, top: float, bottom: float, title: str) -> list[str]:
    """A horizontal axis below a drawing: its grid, its numbers, and what it is."""
    drawn = []
    for at, words in scale.ticks():
        drawn += [line(at, top, at, bottom, "grid"), text(at, bottom + 15, words, "t", "middle")]
    return [*drawn, text((scale.start + scale.end) / 2, bottom + 33, title, "th", "middle")]


def up(scale: Scale, left: float, right: float) -> list[str]:
    """A vertical axis left of a drawing: its grid and its numbers."""
    drawn = []
    for at, words in scale.ticks(5):
        drawn += [line(left, at, right, at, "grid"), text(left - 6, at + 4, words, "t", "end")]
    return drawn


def apart(places: Sequence[float], least: float) -> list[float]:
    """The places moved as little as needed, order kept, so that neighbours are at least so far apart."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for _ in range(60):
        for one, two in pairwise(range(len(moved))):
            short = least - (moved[two] - moved[one])
            if short > 0:
                moved[one] -= short / 2
                moved[two] += short / 2
    back = dict(zip(order, moved, strict=True))
    return [tenth(back[i]) for i in range(len(places))]


def inside(name: str, plot: Plot) -> str:
    """The drawing as it stands on the page, under its key."""
    head = f'data-figure="{escape(name)}" class="plot" viewBox="0 0 {plot.width:g} {plot.height:g}"'
    head += f' style="--w: {plot.width:g}px"'
    return "\n".join([f'<svg {head} role="img" aria-label="{escape(plot.words)}">', *plot.body, "</svg>"])


def standalone(plot: Plot) -> str:
    """The drawing as a file of its own, on white."""
    size = f'width="{plot.width:g}" height="{plot.height:g}" viewBox="0 0 {plot.width:g} {plot.height:g}"'
    body = re.sub(r'class="([a-z]+\d*)"', lambda found: ATTRIBUTES[found[1]], "\n".join(plot.body))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {FONT}>\n<title>{escape(plot.title)}</title>\n'
        f'<desc>{escape(plot.words)}</desc>\n<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )
