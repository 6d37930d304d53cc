"""Whole settings by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from understudy.learning import Learning
from understudy.methods.vqvc.config import Config


def tiny() -> Config:
    """For a few voices of a minute or more each, on one core of a processor."""
    learning = Learning(
        steps=1600,
        batch=12,
        rate=2e-3,
        beta1=0.9,
        beta2=0.98,
        epsilon=1e-8,
        warmup=50,
        schedule="cosine",
        precision="auto",
        threads=1,
        preview_every=300,
        snapshot_every=200,
        clip=1.0,
    )
    return Config(
        channels=96,
        encoder=3,
        decoder=5,
        levels=(8, 5, 5, 5, 8, 5, 5, 5),
        voice=32,
        window=128,
        tract=0.2,
        tilt=0.3,
        airy=0.3,
        estimator="harvest",
        sharpness=1.0,
        learning=learning,
    )


def full() -> Config:
    """For 20 minutes or more of each voice, on an accelerator. It has not been trained to its end."""
    small = tiny()
    learning = replace(
        small.learning,
        steps=100_000,
        batch=64,
        rate=5e-4,
        warmup=1000,
        threads=0,
        preview_every=2000,
        snapshot_every=1000,
    )
    return replace(
        small,
        channels=256,
        encoder=6,
        decoder=9,
        voice=64,
        window=256,
        learning=learning,
    )


PRESETS: Final[Mapping[str, Callable[[], Config]]] = {"vqvc-tiny": tiny, "vqvc": full}
