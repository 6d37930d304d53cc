"""Whole settings by name: the published sizes and recipe, and small ones that a processor trains in a minute or two."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from understudy.faces.paste import Paste
from understudy.learning import Learning
from understudy.methods.saehd.architecture import Dims
from understudy.methods.saehd.config import Config
from understudy.methods.saehd.losses import Loss
from understudy.methods.saehd.warps import Augmentation


def liae_full() -> Config:
    """LIAE as published: 128 pixels, the whole face, liae-ud, AdaBelief, a third of the weights stepped at a time."""
    return Config(
        layout="liae-ud",
        dims=Dims(ae=256, e=64, d=64, d_mask=22),
        size=128,
        coverage="full",
        anchor="features",
        tone="kept",
        backdrop="kept",
        loss=Loss(
            dssim=10.0,
            mse=10.0,
            mask=10.0,
            eyes_mouth=0.0,
            masked=True,
            face_style=0.0,
            background_style=0.0,
            gan=0.0,
            gan_patch=16,
            gan_base=16,
            true_face=0.0,
        ),
        augmentation=Augmentation(
            rotation=10.0,
            scale=0.15,
            shift=0.05,
            flip=0.4,
            warp="faithful",
            bend=0.24,
            warped=1.0,
            recolour=0.0,
        ),
        learning=Learning(
            steps=500_000,
            batch=8,
            rate=5e-5,
            beta1=0.9,
            beta2=0.999,
            epsilon=1e-7,
            warmup=0,
            schedule="constant",
            precision="auto",
            threads=0,
            preview_every=1000,
            snapshot_every=1500,
            optimiser="adabelief",
            bias_correction=False,
            rate_dropout=0.3,
        ),
        paste=Paste(
            mask="hull*learned",
            erode=0.0,
            blur=0.1,
            colour="reinhard",
            seamless=False,
            interpolation="cubic",
            sharpen=0.0,
        ),
    )


def df_full() -> Config:
    """DF as published, without options."""
    return replace(liae_full(), layout="df")


def saehd_full() -> Config:
    """LIAE with what a long training ends with: eyes and mouth first, and picture critics."""
    full = liae_full()
    return replace(full, loss=replace(full.loss, eyes_mouth=300.0, gan=0.1))


def liae() -> Config:
    """A small LIAE at 64 pixels, shown faces as this program's other swaps are.

    Faces come a few at a time: what a minute is worth is the number of steps. AdaBelief as in its paper.
    """
    full = liae_full()
    return replace(
        full,
        dims=Dims(ae=64, e=16, d=8, d_mask=4),
        size=64,
        anchor="camera",
        tone="canonical",
        backdrop="grey",
        loss=replace(full.loss, gan_patch=8),
        augmentation=replace(
            full.augmentation, rotation=6.0, scale=0.05, shift=0.03, flip=0.0, warp="fixed", bend=0.12
        ),
        learning=replace(
            full.learning,
            steps=1600,
            batch=4,
            rate=1e-3,
            beta1=0.5,
            epsilon=1e-16,
            warmup=40,
            schedule="cosine",
            threads=1,
            preview_every=250,
            snapshot_every=500,
            bias_correction=True,
            rate_dropout=0.0,
        ),
        paste=replace(full.paste, mask="extended*learned", erode=0.02, colour="none"),
    )


def df() -> Config:
    """A small DF."""
    return replace(liae(), layout="df-ud")


def saehd() -> Config:
    """A small LIAE, eyes and mouth first, with picture critics."""
    small = liae()
    return replace(small, loss=replace(small.loss, eyes_mouth=50.0, gan=0.05))


PRESETS: Final[Mapping[str, Callable[[], Config]]] = {
    "df": df,
    "liae": liae,
    "saehd": saehd,
    "df-full": df_full,
    "liae-full": liae_full,
    "saehd-full": saehd_full,
}
