"""Settings of the `sovits` method. What they are called in so-vits-svc-fork's own configuration is in brackets."""

import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.checkpoints import Weights

_OPTIONAL = {"optional": True}  # the YAML may leave it out
_HUB = re.compile(r"hub:[\w.-]+/[\w.-]+")

F0 = Literal["dio", "harvest", "parselmouth", "crepe", "crepe-tiny"]
TINY = "tiny"


@dataclass(frozen=True, kw_only=True)
class Network:
    """The generator's sizes, under the package's own names. Its discriminator has one size only.

    n_speakers: rows of the speaker table; one is used, and a pretrained generator brings 200.
    """

    inter_channels: int
    hidden_channels: int
    filter_channels: int
    n_heads: int
    n_layers: int
    n_layers_q: int
    kernel_size: int
    p_dropout: float
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    upsample_rates: tuple[int, ...]
    upsample_initial_channel: int
    upsample_kernel_sizes: tuple[int, ...]
    gin_channels: int
    n_speakers: int

    def __post_init__(self) -> None:
        if math.prod(self.upsample_rates) != HOP:
            raise ValueError(f"upsample_rates must multiply to the hop of {HOP} samples")
        if len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            raise ValueError("upsample_rates and upsample_kernel_sizes must be as many")
        if len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            raise ValueError("resblock_kernel_sizes and resblock_dilation_sizes must be as many")
        if self.n_speakers < 1 or self.hidden_channels % self.n_heads:
            raise ValueError("n_speakers must be 1 or more, and n_heads divide hidden_channels")


HOP = 512


@dataclass(frozen=True, kw_only=True)
class Training:
    """How the package trains.

    epochs: passes over the segments, two of which it keeps for validation and two unused; where steps, seconds or flops
        are given, these end the training in their place.
    batch: segments a step [batch_size]. rate: learning rate [learning_rate], which falls by the share `decay` an epoch
        [lr_decay]. crop: samples of each segment that the decoder and the discriminator see [segment_size].
    mel, kl: weights of these losses [c_mel, c_kl].
    precision: fp32, fp16 or bf16 [fp16_run, bf16_run]. workers: processes that read segments [num_workers].
    save_every: steps between checkpoints, each of them with two validation segments said by the voice [eval_interval];
        log_every: between pictures in its own log [log_interval]. keep: how many checkpoints stay on the disk while it
        trains [keep_ckpts]; a full-sized pair takes 1.1 GB.
    threads: of the processor; 0 leaves what is set.
    steps, seconds (of the processor; on an accelerator of the clock), flops: budgets; the first that is spent ends it.
    """

    epochs: int
    batch: int
    rate: float
    decay: float
    crop: int
    mel: float
    kl: float
    precision: Literal["fp32", "fp16", "bf16"]
    workers: int
    save_every: int
    log_every: int
    keep: int
    threads: int
    steps: int | None = field(default=None, metadata=_OPTIONAL)
    seconds: float | None = field(default=None, metadata=_OPTIONAL)
    flops: float | None = field(default=None, metadata=_OPTIONAL)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "workers", "save_every", "log_every", "keep"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more")
        if self.crop < HOP or self.crop % HOP:
            raise ValueError(f"crop must be a multiple of {HOP} samples")
        if not 0 < self.rate < math.inf or not 0 < self.decay <= 1 or min(self.mel, self.kl, self.threads) < 0:
            raise ValueError("rate must be above 0, decay above 0 up to 1, and mel, kl, threads 0 or more")
        for name in ("steps", "seconds", "flops"):
            amount = getattr(self, name)
            if amount is not None and not 0 < amount < math.inf:
                raise ValueError(f"{name} must be above 0, or null")

    @property
    def limited(self) -> bool:
        """Whether a budget ends the training, and not its epochs."""
        return not (self.steps is self.seconds is self.flops is None)


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """Published weights to begin from: a generator (G_0.pth) and its discriminator (D_0.pth)."""

    generator: Weights
    discriminator: Weights


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a voice is learned by so-vits-svc-fork, and what is said with it.

    encoder: what hears the words: the model file of a content encoder (ContentVec as HuggingFace's HuBERT; its
        config.json beside it), "hub:owner/name" to fetch it, or "tiny", a random one of two layers that is there to try
        the chain out: what is learned through it says nothing of the method's quality.
    pretrained: weights to begin from; "hub" to fetch those that the package's template names; "none" for none.
    f0: how pitch is found, in training and in conversion alike.
    clusters: of the encoder's features, for `cluster_ratio`; 0 for none.
    What only a conversion sees:
    transpose: semitones. auto_f0: intonation as the network predicts it for the source, in place of the driver's; meant
        for speech. cluster_ratio: from 0, the driver's features, to 1, the nearest of the source's clusters.
    noise_scale: of the prior. db_thresh: what lies so far below the loudest is silence, dB. longest: seconds that are
        converted at a time, which bounds the memory.
    """

    encoder: Weights | str
    pretrained: Pretrained | str
    f0: F0
    clusters: int
    network: Network
    learning: Training
    transpose: int
    auto_f0: bool
    cluster_ratio: float
    noise_scale: float
    db_thresh: int
    longest: float

    def __post_init__(self) -> None:
        if isinstance(self.encoder, str) and self.encoder != TINY and not _HUB.fullmatch(self.encoder):
            raise ValueError(f"encoder must be weights (name, path, sha256), 'hub:owner/name' or '{TINY}'")
        if isinstance(self.pretrained, str) and self.pretrained not in ("none", "hub"):
            raise ValueError("pretrained must be 'none', 'hub', or a generator and a discriminator")
        if not 0 <= self.cluster_ratio <= 1 or self.clusters < 0 or (self.cluster_ratio and not self.clusters):
            raise ValueError("cluster_ratio must be from 0 to 1, and above 0 only where clusters are learned")
        if not -36 <= self.transpose <= 36 or not 0 <= self.noise_scale <= 2:
            raise ValueError("transpose must be from -36 to 36 semitones, noise_scale from 0 to 2")
        if not -100 <= self.db_thresh < 0 or not self.longest >= 1:
            raise ValueError("db_thresh must be from -100 up to, not including, 0 dB, longest 1 s or more")


LATER = ("transpose", "auto_f0", "cluster_ratio", "noise_scale", "db_thresh", "longest")
"""The fields that only a conversion sees."""


def fitted(template: dict[str, Any], config: Config, seed: int, hidden: int) -> dict[str, Any]:
    """The package's configuration with these settings in it; what they do not name stays as its template has it.

    hidden: channels of the content encoder.
    """
    learning, network = config.learning, config.network
    train = {
        "log_interval": learning.log_every,
        "eval_interval": learning.save_every,
        "seed": seed,
        "epochs": 10**6 if learning.limited else learning.epochs,
        "learning_rate": learning.rate,
        "batch_size": learning.batch,
        "fp16_run": learning.precision == "fp16",
        "bf16_run": learning.precision == "bf16",
        "lr_decay": learning.decay,
        "segment_size": learning.crop,
        "c_mel": learning.mel,
        "c_kl": learning.kl,
        "keep_ckpts": learning.keep,
        "num_workers": learning.workers,
    }
    sizes = {name: _listed(getattr(network, name)) for name in network.__dataclass_fields__}
    # "none" keeps the package from fetching anything: what it begins from is laid where it looks.
    model = {**sizes, "ssl_dim": hidden, "pretrained": "none"}
    return template | {"train": template["train"] | train, "model": template["model"] | model}


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value
