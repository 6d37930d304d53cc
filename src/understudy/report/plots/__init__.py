"""The figures of a comparison, drawn from its tables as SVG: on the page, and as files for a paper."""

from understudy.report.plots.drawn import Drawn, drawn
from understudy.report.plots.svg import Plot, inside, standalone

__all__ = ["Drawn", "Plot", "drawn", "inside", "standalone"]
