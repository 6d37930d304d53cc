"""The numbers of a page under stable keys: each stands on the page as an element that names its key."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number, a computed sentence or a chart of the page.

    text: as it is shown; of a chart the sha256 of its markup. value: to full precision, where there is one number.
    source: of a number that was recorded and not derived, where it was. markup: of a chart.
    """

    text: str
    value: float | None = None
    source: str = ""
    markup: str = ""

    def plain(self) -> dict[str, Any]:
        """The number as JSON can hold it."""
        known = self.value if self.value is not None and math.isfinite(self.value) else None
        said = {"value": known, "source": self.source or None}
        return {"text": self.text} | {name: what for name, what in said.items() if what is not None}


def key(*parts: object) -> str:
    """The key that these words name, such as "score/SSIM to truth/original/mean"; a slash in a word is written %2F.

    Words may come in tuples: templates cannot spread them.
    """
    words = (word for part in parts for word in (part if isinstance(part, tuple) else (part,)))
    return "/".join(str(word).replace("%", "%25").replace("/", "%2F") for word in words)


def chart(markup: str, source: str = "") -> Number:
    """A chart: it is known by the sha256 of its markup."""
    return Number(text=hashlib.sha256(markup.encode()).hexdigest(), source=source, markup=markup)


class Marker:
    """Puts numbers on a page by their keys, and knows afterwards which were put there."""

    def __init__(self, numbers: Mapping[str, Number]) -> None:
        self._numbers = numbers
        self.used: set[str] = set()

    def has(self, *parts: object) -> bool:
        """Whether there is a number of that key."""
        return key(*parts) in self._numbers

    def number(self, *parts: object, strong: str = "", tag: str = "span") -> Markup:
        """The element that holds a number's text. strong: words at its beginning that stand out. Raises KeyError."""
        name = key(*parts)
        text = self._numbers[name].text
        self.used.add(name)
        inside = escape(text)
        if strong and text.startswith(strong):
            inside = Markup("<b>{}</b>{}").format(strong, text[len(strong) :])
        return Markup('<{0} data-number="{1}">{2}</{0}>').format(Markup(tag), name, inside)

    def figure(self, *parts: object) -> Markup:
        """The chart of a key. Raises KeyError."""
        name = key("figure", *parts)
        self.used.add(name)
        return Markup(self._numbers[name].markup)
