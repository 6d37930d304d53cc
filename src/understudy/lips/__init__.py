"""Lips: what looks at mouths and listens."""

from understudy.lips.boxes import boxes, face, mouth_boxes, within
from understudy.lips.expert import Expert, told_apart, train_expert
from understudy.lips.offset import Offset, by_expert, by_opening, offset, shifted
from understudy.lips.pool import LipClip, LipPool, gather, openings
from understudy.lips.sampling import Variation
from understudy.lips.syncnet import SyncNet, load_expert

__all__ = [
    "Expert",
    "Offset",
    "by_expert",
    "by_opening",
    "offset",
    "openings",
    "shifted",
    "told_apart",
    "train_expert",
    "Variation",
    "LipClip",
    "LipPool",
    "SyncNet",
    "boxes",
    "face",
    "gather",
    "load_expert",
    "mouth_boxes",
    "within",
]
