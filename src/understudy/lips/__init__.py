"""Lips: what looks at mouths and listens."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from understudy.lips.boxes import boxes, face, mouth_boxes, within
from understudy.lips.offset import Offset, by_expert, by_opening, offset, shifted
from understudy.lips.pool import LipClip, LipPool, gather, openings

if TYPE_CHECKING:
    from understudy.lips.expert import Expert, told_apart, train_expert
    from understudy.lips.sampling import Variation
    from understudy.lips.syncnet import SyncNet, load_expert

# Loaded when first asked for: torch takes more than a second, and every fake's measuring looks at lips without it.
_LATER = {
    "Expert": "expert",
    "told_apart": "expert",
    "train_expert": "expert",
    "Variation": "sampling",
    "SyncNet": "syncnet",
    "load_expert": "syncnet",
}

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


def __getattr__(name: str) -> Any:
    """What needs torch, from its module."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
