"""A page read back: which numbers it shows, under which keys, in which lines."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "line", "rect", "circle", "path", "use", "polyline"})
# What a number, or a mark beside one, is known by.
DIGITS = re.compile(r"[0-9★∞%]")
WORDS = ("sha256", "→ 0")  # the head of a column, the arrow of what is best near 0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One number or chart on the page. text: what is shown there; of a chart the sha256 of its markup. line: from 1."""

    key: str
    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Stray:
    """Text with a digit that stands in a table or in the answer without a key."""

    text: str
    line: int


def read_marks(page: str) -> list[Mark]:
    """Every number of a page by its key, in the order of the page."""
    return _read(page).marks


def strays(page: str, names: Collection[str] = ()) -> list[Stray]:
    """What looks like a number in the tables and in the answer and has no key. names: texts that are no numbers, and
    lists of them, such as of the people with whom somebody may be shown."""
    known = {*WORDS, *names}
    return [
        each for each in _read(page).strays if each.text not in known and not known.issuperset(each.text.split(", "))
    ]


def _read(page: str) -> "_Reader":
    reader = _Reader(page)
    reader.feed(page)
    reader.close()
    return reader


class _Reader(HTMLParser):
    """Keeps the open elements, and collects the text within those that have a key."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.marks: list[Mark] = []
        self.strays: list[Stray] = []
        self._page = page
        self._starts = [0]
        for line in page.split("\n"):  # as the parser counts lines
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._open: list[str] = []
        self._marked: tuple[str, int, int, int] | None = None  # key, depth, line, offset; one within another is none
        self._drawn = False
        self._text: list[str] = []
        self._watched: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in VOID:
            return
        self._open.append(tag)
        if tag == "table" or given.get("id") == "answer":
            self._watched.append(len(self._open))
        key = given.get("data-number") or given.get("data-figure")
        if key and self._marked is None:
            self._marked = (key, len(self._open), self.getpos()[0], self._offset())
            self._drawn, self._text = "data-figure" in given, []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._marked is not None:
            self._text.append(data)
        elif self._watched and "summary" not in self._open and DIGITS.search(data):
            self.strays.append(Stray(text=" ".join(data.split()), line=self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or tag not in self._open:
            return
        while self._open:
            depth, last = len(self._open), self._open.pop()
            if self._watched and self._watched[-1] == depth:
                self._watched.pop()
            if self._marked is not None and self._marked[1] == depth:
                self._take(tag)
            if last == tag:
                return

    def _take(self, tag: str) -> None:
        assert self._marked is not None
        key, _, line, start = self._marked
        text = "".join(self._text)
        if self._drawn:
            end = self._offset() + len(f"</{tag}>")
            text = hashlib.sha256(self._page[start:end].encode()).hexdigest()
        self.marks.append(Mark(key=key, text=text, line=line))
        self._marked = None

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column
