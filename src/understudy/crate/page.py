"""A report's page without its pictures: numbers and charts may leave the machine, faces and footage do not."""

import re

# What the page embeds, or links beside itself; base64 as JSON and attributes write it.
_EMBEDDED = re.compile(r"data:(?:image|video|audio)/[A-Za-z0-9.+-]+;base64,(?:[A-Za-z0-9+/=]|\\u002[bB]|\\/)*")
_LINKED = re.compile(r"(?<![\w/])media/[0-9a-f]{20}\.\w+")
_NOTHING = "data:,"
_NOTE = (
    '<p role="note" style="margin:1rem;padding:.6rem 1rem;border:1px solid">This copy holds the numbers and charts of '
    "the report. Its pictures and videos show people and were taken out; fakes whose subjects agreed to publication lie "
    "beside it.</p>"
)


def without_pictures(page: str) -> str:
    """The HTML page with every embedded and linked picture, video and sound taken out, and a note that says so.

    Charts are drawings within the page (SVG) and stay. A page that shows nothing stays as it is.
    """
    bare = _LINKED.sub(_NOTHING, _EMBEDDED.sub(_NOTHING, page))
    return bare if bare == page else re.sub(r"(<body\b[^>]*>)", lambda match: match[1] + _NOTE, bare, count=1)


def shows_pictures(page: str) -> bool:
    """Whether a page embeds or links any picture, video or sound in whatever spelling."""
    return bool(re.search(r"data:\s*(?:image|video|audio)/", page, re.IGNORECASE) or _LINKED.search(page))
