"""Settings of the `wav2lip` method."""

import math
from dataclasses import dataclass
from typing import Literal

from understudy.checkpoints import Weights
from understudy.learning import Learning
from understudy.learning.settings import Precision
from understudy.lips.expert import Expert
from understudy.methods.wav2lip.boxes import Boxes, Smoothing
from understudy.methods.wav2lip.compositing import Blend
from understudy.methods.wav2lip.hearing import Speech
from understudy.methods.wav2lip.network import Architecture


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Shares of what a generator learns by; what they leave of 1 is the share of the pictures' own difference (L1).

    sync: of what the lip-sync expert says, from step `sync_from` on; published: .03 (the paper and the recipe with a
        judge; .01 without), from when held-out clips have a sync loss below .75. Here it is a step that is written
        down, so that a training can be repeated.
    among: windows of the clip's speech, its own among them, out of which the expert is to find that of the drawn lips;
        1 asks it how near its own is, as published. Those of an expert that was taught by contrast are best compared.
    judge: of what the judge of pictures says, in a training with one; published: .07.
    lower: weight of the lower half in L1, which alone is hidden; that of the upper one is 1. Published: 1.
    """

    sync: float
    sync_from: int
    among: int
    judge: float
    lower: float

    def __post_init__(self) -> None:
        if min(self.sync, self.judge, self.sync_from) < 0 or self.sync + self.judge >= 1:
            raise ValueError("sync, sync_from and judge must be 0 or more, and sync and judge leave something of 1")
        if not 1 <= self.among <= 64:
            raise ValueError("among must be from 1 to 64")
        if not 0 < self.lower < math.inf:
            raise ValueError("lower must be above 0")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Where the picture is taken that a hidden face is shown beside in training: in the same clip, so many seconds off.

    Published: anywhere, 0 to null. A conversion shows the very frame that is redrawn, its pose and light; those of a
    moment before or after are nearly the same under other sounds, so that what is learned is what will be wanted.
    """

    nearest: float
    farthest: float | None

    def __post_init__(self) -> None:
        if self.nearest < 0 or (self.farthest is not None and not self.nearest < self.farthest):
            raise ValueError("nearest must be 0 or more, and farthest more than that, or null")


@dataclass(frozen=True, kw_only=True)
class Config:
    """How lips are learned and redrawn. Every field is written in the study's YAML.

    weights: the authors', in the place of a training; null to train. width: share of the published channels, 1 is the
        published network. gan: whether a judge of pictures learns beside it.
    expert: the lip-sync expert that a training listens to, which the study pretrains on people who are in none of its
        pairs. expert_weights: a published one in its place; null for none.
    loss, learning: of a training. A step's batch is of windows of five frames.
    mirror: the share of windows that are shown mirrored in training.
    reference: which other picture of the person a hidden face is shown beside.
    hears: what the encoder of speech begins as: "anew", as published, or what the "expert" hears with, who has learned
        from others what lips do at a sound. singly: until the expert joins, a step's faces are single frames, as many,
        each of a window of its own: five in a row look much alike.
    boxes: what of a frame the network sees.
    lead: seconds by which the mel window of a frame begins before it, in training and in conversion alike. The authors
        train with one frame, .04, and draw with 0, so that their lips come a frame early; .04 is right for their
        weights, 0 repeats their numbers.
    What only a conversion sees:
    smoothing: of the boxes over time: "steady", as in training; "ahead", as published.
    blend: how a drawn face is put into the frame, see `compositing`; "hard" as published.
    speech: "own", the driver's; "shuffled", cut and put together otherwise, while the fake sounds as ever: a control.
    length: of the fake: "speech", as long as that, while the clip begins again and again; "video", as the clip.
    still: the number of the one frame of the clip that is shown all the time; null for all of them.
    batch: frames that are drawn at a time. precision: what in, see `Learning`.
    """

    weights: Weights | None
    width: float
    gan: bool
    expert: Expert
    expert_weights: Weights | None
    loss: Loss
    learning: Learning
    mirror: float
    reference: Reference
    hears: Literal["anew", "expert"]
    singly: bool
    boxes: Boxes
    lead: float
    smoothing: Smoothing
    blend: Blend
    speech: Speech
    length: Literal["speech", "video"]
    still: int | None
    batch: int
    precision: Precision

    def __post_init__(self) -> None:
        if not 0 < self.width <= 4:
            raise ValueError("width must be above 0 and at most 4")
        if self.weights is not None and self.width != 1:
            raise ValueError("width must be 1 with published weights")
        unlike = self.taught != self.width or self.width % 0.25 != 0
        if self.weights is None and self.hears == "expert" and unlike:
            raise ValueError("hears: expert wants an expert of the same width, a multiple of .25; or write anew")
        if not 0 <= self.lead <= 0.2 or not 0 <= self.mirror <= 1:
            raise ValueError("lead must be from 0 to .2 seconds, mirror from 0 to 1")
        if self.batch < 1 or (self.still is not None and self.still < 0):
            raise ValueError("batch must be 1 or more, still 0 or more")

    @property
    def taught(self) -> float:
        """The width of the expert."""
        return 1.0 if self.expert_weights is not None else self.expert.width

    @property
    def listens(self) -> bool:
        """Whether a training needs the expert: to be told by it, or to begin with its ears."""
        return self.weights is None and (self.loss.sync > 0 or self.hears == "expert")

    @property
    def architecture(self) -> Architecture:
        """What of these settings shapes the network."""
        return Architecture(width=self.width, judge=self.gan and self.weights is None)
