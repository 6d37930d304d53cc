"""Whole settings by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from understudy.methods.sovits.config import TINY, Config, Network, Training


def sovits() -> Config:
    """The package's template and the defaults of its commands, weights of others to begin from included."""
    network = Network(
        inter_channels=192,
        hidden_channels=192,
        filter_channels=768,
        n_heads=2,
        n_layers=6,
        n_layers_q=3,
        kernel_size=3,
        p_dropout=0.1,
        resblock_kernel_sizes=(3, 7, 11),
        resblock_dilation_sizes=((1, 3, 5),) * 3,
        upsample_rates=(8, 8, 2, 2, 2),
        upsample_initial_channel=512,
        upsample_kernel_sizes=(16, 16, 4, 4, 4),
        gin_channels=256,
        n_speakers=200,
    )
    learning = Training(
        epochs=10_000,
        batch=16,
        rate=1e-4,
        decay=0.999875,
        crop=10_240,
        mel=45.0,
        kl=1.0,
        precision="fp32",
        workers=4,
        save_every=200,
        log_every=100,
        keep=3,
        threads=0,
    )
    return Config(
        encoder="hub:lengyue233/content-vec-best",
        pretrained="hub",
        f0="dio",
        clusters=0,
        network=network,
        learning=learning,
        transpose=0,
        auto_f0=True,
        cluster_ratio=0.0,
        noise_scale=0.4,
        db_thresh=-20,
        longest=40.0,
    )


def full() -> Config:
    """As in the study that this project continues: batches of 20, 3833 epochs, 15 hours on its machine.

    Its speech was cut into pieces of 7 s, 107 of them in training: that is a setting of the study's speech.
    """
    settings = sovits()
    return replace(settings, learning=replace(settings.learning, batch=20, epochs=3833, keep=1))


def tiny() -> Config:
    """What a processor's core runs through in a minute; its voice is noise, and no measure of the method."""
    settings = sovits()
    network = replace(
        settings.network,
        inter_channels=16,
        hidden_channels=16,
        filter_channels=32,
        n_layers=1,
        n_layers_q=1,
        resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1, 3, 5),),
        upsample_initial_channel=32,
        gin_channels=16,
        n_speakers=2,
    )
    learning = replace(
        settings.learning, epochs=1, batch=1, crop=2048, workers=1, save_every=1000, log_every=1000, keep=1, threads=1
    )
    return replace(settings, encoder=TINY, pretrained="none", network=network, learning=learning)


PRESETS: Final[Mapping[str, Callable[[], Config]]] = {"sovits": sovits, "sovits-full": full, "sovits-tiny": tiny}
