"""How each method looks in every chart: a colour and a shape of its own, so that no chart is told by colour alone.

The colours are those of Okabe and Ito ("Color Universal Design", 2008), darkened where white paper swallows them.
"""

from understudy.report.page import Page

COLOURS = ("#6d757d", "#3d4348", "#b86a00", "#0072b2", "#009e73", "#b3558f", "#d55e00", "#3c9dd0", "#8f8200")
"""Of the styles 0 (what is no method) to 8; the styles 9 to 12 take 2 to 5 again, with hollow shapes."""

SHAPES = (
    ("M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0Z", False),
    ("M-4-4H4V4H-4Z", True),
    ("M0-5.2 5 4H-5Z", True),
    ("M-4.6 0a4.6 4.6 0 1 0 9.2 0a4.6 4.6 0 1 0 -9.2 0Z", True),
    ("M0-5.6 5.6 0 0 5.6-5.6 0Z", True),
    ("M0 5.2 5-4H-5Z", True),
    ("M-4.5-4.5 4.5 4.5M4.5-4.5-4.5 4.5", False),
    ("M-5.2 0-2.6-4.5H2.6L5.2 0 2.6 4.5H-2.6Z", True),
    ("M-5.2 0 4-5V5Z", True),
    ("M0-5.2 5 4H-5Z", False),
    ("M-4-4H4V4H-4Z", False),
    ("M0-5.6 5.6 0 0 5.6-5.6 0Z", False),
    ("M5.2 0-4-5V5Z", True),
)
"""(path around 0, whether it is filled) of each style."""

DASHES = ("", "3 2", "7 4", "", "2 3", "10 3 2 3", "12 6", "5 2", "1 2", "2 2 8 2", "4 4", "8 2", "1 4")
"""The stroke of each style's lines."""

MOST = len(SHAPES) - 1


def style_of(page: Page, method: str) -> int:
    """Which of the page's colours and shapes a method has; 0 is for sanity rows and everything else."""
    names = [m.name for m in page.methods]
    return names.index(method) % MOST + 1 if method in names else 0


def colour(style: int) -> int:
    """The number of the colour of a style."""
    return style if style < len(COLOURS) else style - len(COLOURS) + 2
