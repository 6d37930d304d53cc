"""A report's page on its way out: it may hold numbers, charts and stills of published fakes, and never a recording."""

import re

_MOVING = re.compile(r"data:\s*(?:video|audio)/", re.IGNORECASE)
# SVG is how charts would be embedded; any other picture shows somebody.
_STILL = re.compile(r"data:\s*image/(?!svg\+xml)", re.IGNORECASE)
_LINKED = re.compile(r"(?<![\w/])media/[0-9a-f]{20}\.\w+")


def flaw(page: str, *, faces: bool) -> str | None:
    """Why an HTML page may not leave the machine; None when it may.

    faces: whether it may hold stills, because somebody agreed to fakes of them being published.
    """
    if _MOVING.search(page):
        return "holds video or sound"
    if _LINKED.search(page):
        return "links the videos or pictures of the local report"
    return None if faces or not _STILL.search(page) else "holds pictures, and nobody agreed to publication"
