"""The cast: synthetic actors, rendered, nobody's likeness, with exact ground truth. See `render` and `swapped`."""

import hashlib
import json
from pathlib import Path

from understudy.cast.actor import Actor, swapped
from understudy.cast.identity import Identity, actors, load_actor
from understudy.cast.performance import Performance, load_performance, performances, unit_weights
from understudy.cast.render import LABELS, Frame, render
from understudy.cast.speech import speak
from understudy.settings import plain

__all__ = [
    "LABELS", "Actor", "Frame", "Identity", "Performance", "actors", "digest", "load_actor", "load_performance",
    "performances", "render", "speak", "swapped", "unit_weights",
]  # fmt: skip


def digest(actor: str | Path, performance: str | Path) -> str:
    """sha256 (hex) over the canonical texts of an actor and a performance: stands for a rendered clip's file hash."""
    texts = [json.dumps(plain(value), sort_keys=True) for value in (load_actor(actor), load_performance(performance))]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
