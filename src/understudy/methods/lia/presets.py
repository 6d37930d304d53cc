"""Whole settings by name: the authors' model for faces, and a small one that a processor trains in minutes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from understudy.learning import Learning
from understudy.methods._animation.perceptual import Features
from understudy.methods._animation.samples import Variation
from understudy.methods.lia.config import Config
from understudy.methods.lia.lessons import Loss

# The authors take the rates and betas of StyleGAN2, where losses that are due every few steps only shrink them: here to
# 4/5 for the generator. The critic's 16/17 is not taken: one rate serves both.
SHARE = 4 / 5


def vox() -> Config:
    """The published model for faces: 800 000 steps of 64 pairs of frames, as they are.

    loss.features.path is to name VGG-19's weights; without them pictures themselves are compared.
    """
    return Config(
        size=256,
        style_dim=512,
        motion_dim=20,
        channel_max=None,
        motion="relative",
        initial="first",
        picture="first",
        levels="fixed",
        begins="published",
        loss=Loss(l1=1.0, perceptual=10.0, features=Features(path=None, sha256=None, scales=4), gan=1.0),
        # Frames are drawn in any order: that is what `reverse` says.
        augmentation=Variation(mirror=0.0, reverse=0.5, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0),
        learning=Learning(
            steps=800_000,
            batch=64,
            rate=0.002 * SHARE,
            beta1=0.0,
            beta2=0.99**SHARE,
            epsilon=1e-8,
            warmup=0,
            schedule="constant",
            precision="auto",
            threads=0,
            preview_every=1000,
            snapshot_every=1000,
        ),
    )


def tiny() -> Config:
    """64 pixels, few channels and no critic, for minutes of a processor's core."""
    full = vox()
    return replace(
        full,
        size=64,
        style_dim=128,
        motion_dim=20,
        channel_max=32,
        begins="still",
        loss=Loss(l1=1.0, perceptual=10.0, features=Features(path=None, sha256=None, scales=3), gan=0.0),
        augmentation=replace(full.augmentation, mirror=0.5, brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1),
        learning=replace(
            full.learning,
            steps=4000,
            batch=8,
            rate=1e-2,  # of weights that are scaled when they are used: published for 800 000 steps
            beta1=0.5,
            beta2=0.99,
            warmup=50,
            schedule="cosine",
            threads=1,
            preview_every=250,
            snapshot_every=250,
        ),
    )


PRESETS: Final[Mapping[str, Callable[[], Config]]] = {"lia-vox": vox, "lia-tiny": tiny}
