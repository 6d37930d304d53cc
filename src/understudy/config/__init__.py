"""The study: what the YAML says, typed and checked, so that nothing after it has to doubt it.

The YAML is the full record: every key is written, none is guessed, but for those that are marked optional. Paths are
taken from the working directory. The settings of each method are the `Config` of its module, those of the extraction
are `faces.Extraction`.
"""

from understudy.config.reading import read_study, require_networks, require_weights
from understudy.config.study import Budget, Combined, Direction, Film, Merge, Network, Publishing, Rendering, Study

__all__ = [
    "Budget", "Combined", "Direction", "Film", "Merge", "Network", "Publishing", "Rendering", "Study",
    "read_study", "require_networks", "require_weights",
]  # fmt: skip
