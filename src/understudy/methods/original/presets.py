"""Whole settings by name: the published recipes, and small ones that a processor trains in minutes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from understudy.faces.paste import Paste
from understudy.learning import Learning
from understudy.methods._faces.warps import Augmentation
from understudy.methods.original.config import Config
from understudy.methods.original.losses import Loss


def recipe_2018() -> Config:
    """The recipe of 2018: mean absolute error, each side updated in turn, half a face, a rectangle within the hull."""
    return Config(
        width=1.0,
        size=64,
        coverage="half",
        mask=False,
        anchor="features",
        tone="kept",
        backdrop="kept",
        update="apart",
        loss=Loss(mae=1.0, mse=0.0, ssim=0.0, mask=0.0, outside=1.0, eyes=1.0, mouth=1.0),
        augmentation=Augmentation(
            rotation=10.0,
            zoom=0.05,
            shift=0.05,
            flip=0.4,
            warp=5 / 160,  # pixels of a grid that spans 160
            follow=True,
            lightness=0.0,
            tint=0.0,
            clahe=0.0,
            shade=0.0,
        ),
        learning=Learning(
            steps=200_000,
            batch=64,
            rate=5e-5,
            beta1=0.5,
            beta2=0.999,
            epsilon=1e-7,
            warmup=0,
            schedule="constant",
            precision="auto",
            threads=0,
            preview_every=1000,
            snapshot_every=250,
        ),
        paste=Paste(
            mask="hull",
            erode=0.0,
            blur=2 / 64,
            colour="none",
            seamless=False,
            interpolation="linear",
            sharpen=0.0,
        ),
    )


def recipe_present() -> Config:
    """The recipe of today: SSIM and squared error within the face, eyes and mouth above all, colours varied."""
    then = recipe_2018()
    return replace(
        then,
        coverage="face",
        update="summed",
        loss=Loss(mae=0.0, mse=1.0, ssim=1.0, mask=0.0, outside=0.0, eyes=3.0, mouth=2.0),
        augmentation=replace(
            then.augmentation, flip=0.5, warp=5 / 256, follow=False, lightness=0.3, tint=0.08, clahe=0.5
        ),
        learning=replace(then.learning, batch=16, beta1=0.9),
        paste=replace(then.paste, mask="extended", blur=0.1, colour="reinhard", interpolation="cubic"),
    )


def lowmem() -> Config:
    """Today's recipe for the network without its widest convolution: faceswap's `original` with `lowmem` on."""
    return replace(recipe_present(), variant="lowmem")


def dfaker() -> Config:
    """Today's recipe for 64 px in and 128 px out: faceswap's `dfaker` at its smaller output."""
    return replace(recipe_present(), variant="dfaker")


def small() -> Config:
    """`original` at an eighth of its filters, for clips filmed from one distance: the default study's settings."""
    return replace(
        recipe_present(),
        width=0.125,
        coverage="full",
        mask=True,
        anchor="camera",
        tone="canonical",
        backdrop="grey",
        loss=Loss(mae=2.0, mse=0.0, ssim=1.0, mask=0.5, outside=0.0, eyes=1.0, mouth=1.0),
        augmentation=Augmentation(
            rotation=6.0,
            zoom=0.05,
            shift=0.03,
            flip=0.0,
            warp=0.016,
            follow=False,
            lightness=0.0,
            tint=0.0,
            clahe=0.0,
            shade=0.0,
        ),
        learning=replace(
            recipe_present().learning,
            steps=4000,
            batch=8,
            rate=2.5e-3,
            warmup=100,
            schedule="cosine",
            threads=1,
            preview_every=250,
            snapshot_every=500,
        ),
        paste=replace(recipe_present().paste, mask="extended*learned", erode=0.02, colour="none"),
    )


def lowmem_small() -> Config:
    """`lowmem` at an eighth of its filters."""
    return replace(small(), variant="lowmem")


def dfaker_small() -> Config:
    """`dfaker` at an eighth of its filters."""
    return replace(small(), variant="dfaker")


PRESETS: Final[Mapping[str, Callable[[], Config]]] = {
    "original-2018": recipe_2018,
    "original": recipe_present,
    "lowmem": lowmem,
    "dfaker": dfaker,
    "original-small": small,
    "lowmem-small": lowmem_small,
    "dfaker-small": dfaker_small,
}
