"""The cast: synthetic actors, rendered, nobody's likeness, with exact ground truth.

See `render`; `swapped` and `staged` make the truths.
"""

import hashlib
import json
from pathlib import Path

from understudy.cast.actor import Actor, swapped
from understudy.cast.identity import Identity, actors, load_actor
from understudy.cast.performance import Performance, Staged, load_performance, performances, staged, unit_weights
from understudy.cast.reach import mouths
from understudy.cast.render import LABELS, Frame, render
from understudy.cast.speech import speak
from understudy.settings import plain

__all__ = [
    "LABELS", "Actor", "Frame", "Identity", "Performance", "Staged", "actors", "digest", "load_actor",
    "load_performance", "mouths", "performances", "render", "speak", "staged", "swapped", "unit_weights",
]  # fmt: skip


def digest(actor: str | Path, performance: str | Path | Performance) -> str:
    """sha256 (hex) over the canonical texts of an actor and a performance: stands for a rendered clip's file hash.

    performance: a committed one's name, a YAML file, or one that was put together (`staged`).
    """
    player = load_actor(actor)
    script = performance if isinstance(performance, Performance) else load_performance(performance)
    texts = [json.dumps(plain(value), sort_keys=True) for value in (player, script)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
