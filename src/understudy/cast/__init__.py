"""The cast: synthetic actors, rendered, nobody's likeness, with exact ground truth.

See `render`; `swapped` and `staged` make the truths.
"""

import hashlib
import json
from pathlib import Path

from understudy.cast.actor import Actor, swapped
from understudy.cast.identity import Identity, Voice, actors, load_actor
from understudy.cast.performance import Performance, Staged, load_performance, performances, staged, unit_weights
from understudy.cast.reach import mouths
from understudy.cast.render import LABELS, Frame, render
from understudy.cast.saying import FPS, Saying, is_saying, load_saying, sayings
from understudy.cast.speech import say, speak
from understudy.settings import plain

__all__ = [
    "FPS", "LABELS", "Actor", "Frame", "Identity", "Performance", "Saying", "Staged", "Voice", "actors", "digest",
    "is_saying", "load_actor", "load_performance", "load_saying", "mouths", "performances", "render", "say", "sayings",
    "speak", "staged", "swapped", "unit_weights",
]  # fmt: skip


def digest(actor: str | Path, performance: str | Path | Performance) -> str:
    """sha256 (hex) over the canonical texts of an actor and a performance: stands for a rendered clip's file hash.

    performance: the name of a committed one or of a saying, a YAML file, or one that was put together (`staged`).
    """
    player = load_actor(actor)
    script = performance if isinstance(performance, Performance) else _script(performance)
    texts = [json.dumps(plain(value), sort_keys=True) for value in (player, script)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _script(name: str | Path) -> Performance | Saying:
    return load_saying(str(name)) if is_saying(name) else load_performance(name)
