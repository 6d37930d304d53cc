"""What makes a fake recognisable: a label in its pixels, its lineage in its metadata and beside it.

`publish` is the only writer of a fake, and no argument of it turns the label off.
"""

from understudy.provenance.label import label_box, label_picture
from understudy.provenance.lineage import DIGITAL_SOURCE_TYPES, Lineage
from understudy.provenance.publishing import Card, inspect, publish, sidecar

__all__ = [
    "DIGITAL_SOURCE_TYPES",
    "Card",
    "Lineage",
    "inspect",
    "label_box",
    "label_picture",
    "publish",
    "sidecar",
]
