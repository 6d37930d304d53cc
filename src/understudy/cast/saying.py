"""Sayings: sentences that any actor can say, sound alone, for learning voices. Kept as one YAML file."""

import functools
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import ConfigError, nearest
from understudy.settings import build, read_yaml

SAYINGS = Path(__file__).with_name("sayings.yaml")
# Silence before and after, seconds; frames a second of the plain picture that a saying is filed with.
BEFORE, AFTER, FPS = 0.15, 0.25, 25


@dataclass(frozen=True, kw_only=True)
class Saying:
    """What is said: text, accent (an espeak-ng voice), rate (words a minute)."""

    text: str
    accent: str
    rate: int


def sayings() -> list[str]:
    """The names of the sayings, in the order of the file."""
    return list(_read())


def is_saying(name: str | Path) -> bool:
    """Whether a clip of the cast, by its name, is a saying: heard and not seen."""
    return str(name) in _read()


def load_saying(name: str) -> Saying:
    """A committed saying. ConfigError names the nearest."""
    if name not in _read():
        raise ConfigError(f"saying {name}", "is not in the cast", nearest(name, sayings()))
    return _read()[name]


@functools.cache
def _read() -> dict[str, Saying]:
    return {name: build(Saying, value, f"sayings.yaml: {name}") for name, value in read_yaml(SAYINGS).items()}
