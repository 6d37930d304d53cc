"""Whole settings by name: the authors' two models for faces, and a small one that a processor trains in minutes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from understudy.learning import Learning
from understudy.methods._animation.perceptual import Features
from understudy.methods._animation.samples import Variation
from understudy.methods.fomm.config import Config
from understudy.methods.fomm.critic import Critic
from understudy.methods.fomm.equivariance import Bending
from understudy.methods.fomm.keypoints import Glass
from understudy.methods.fomm.lessons import Loss
from understudy.methods.fomm.network import Painter

# The paper's supplement counts 100 000 steps, which its first author says are 100 epochs of the published settings, in
# each of which every identity is shown 75 times: an epoch is 40 000 pairs of frames.
_EPOCH = 40_000


def vox() -> Config:
    """vox-256: 100 epochs in batches of 40, without a critic.

    The authors' rate falls to a tenth after 60 epochs and to a hundredth after 90; here it stays.

    loss.features.path is to name VGG-19's weights; without them pictures themselves are compared.
    """
    batch = 40
    return Config(
        size=256,
        num_kp=10,
        temperature=0.1,
        detector=Glass(width=32, most=1024, blocks=5, shrink=4),
        dense=Glass(width=64, most=1024, blocks=5, shrink=4),
        generator=Painter(width=64, most=512, downs=2, blocks=6),
        critic=Critic(width=32, most=512, blocks=4, shrinks=(1,), spectral=True, keypoints=False),
        align_corners=True,
        motion="relative",
        adapt_scale=True,
        initial="first",
        picture="first",
        loss=Loss(
            perceptual=10.0,
            features=Features(path=None, sha256=None, scales=4),
            gan=0.0,
            matching=10.0,
            equivariance_value=10.0,
            equivariance_jacobian=10.0,
            bending=Bending(affine=0.05, spline=0.005, points=5),
        ),
        augmentation=Variation(mirror=0.5, reverse=0.5, brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1),
        learning=Learning(
            steps=100 * _EPOCH // batch,
            batch=batch,
            rate=2e-4,
            beta1=0.5,
            beta2=0.999,
            epsilon=1e-8,
            warmup=0,
            schedule="constant",
            precision="auto",
            threads=0,
            preview_every=1000,
            snapshot_every=1000,
        ),
    )


def vox_adv() -> Config:
    """vox-adv-256: 150 epochs in batches of 36 at one rate, with a critic that is shown the driver's key points.

    The authors went on from vox's weights after its 100 epochs; here all 150 have the critic.
    """
    plain, batch = vox(), 36
    return replace(
        plain,
        critic=replace(plain.critic, spectral=False, keypoints=True),
        loss=replace(plain.loss, gan=1.0),
        learning=replace(plain.learning, steps=150 * _EPOCH // batch, batch=batch),
    )


def tiny() -> Config:
    """64 pixels and less than a hundredth of the weights."""
    full = vox()
    return replace(
        full,
        size=64,
        num_kp=10,
        detector=Glass(width=8, most=64, blocks=3, shrink=2),
        dense=Glass(width=16, most=64, blocks=3, shrink=2),
        generator=Painter(width=16, most=64, downs=2, blocks=2),
        critic=Critic(width=8, most=64, blocks=3, shrinks=(1,), spectral=False, keypoints=True),
        loss=replace(full.loss, features=Features(path=None, sha256=None, scales=3)),
        learning=replace(
            full.learning,
            steps=3000,
            batch=8,
            rate=1e-3,
            warmup=50,
            schedule="cosine",
            threads=1,
            preview_every=250,
            snapshot_every=250,
        ),
    )


PRESETS: Final[Mapping[str, Callable[[], Config]]] = {
    "fomm-vox": vox,
    "fomm-vox-adv": vox_adv,
    "fomm-tiny": tiny,
}
