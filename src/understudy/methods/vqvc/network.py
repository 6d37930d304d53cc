"""The converter: an encoder that is left with the words, a quantiser, and a decoder that is told who speaks.

After VQVC (Wu, Lee 2020, "One-shot voice conversion by vector quantization", arXiv 2006.04154) and the voices of
VQ-VAE (van den Oord et al. 2017, arXiv 1711.00937): what a quantiser lets through is too little to hold who spoke. It
is a finite scalar quantiser here (Mentzer et al. 2023, arXiv 2309.15505): none of its codes can die, and it needs no
loss of its own. How high, how loudly and whether with voice a frame is said is told to the decoder beside the codes, so
that they need not hold it. All is convolution: a frame depends on `reach` frames on either side at most.

Legend of shapes: N windows, T frames, U = T / STRIDE codes of L scalars, B bands, C channels, K things told, S
subjects, V numbers that stand for one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods.vqvc.bands import BANDS
from understudy.methods.vqvc.manner import Manner
from understudy.methods.vqvc.vocoder import APERIODICITIES

STRIDE: Final = 2  # frames to a code
TOLD: Final = 3
SHAPE, POWER, DECIBELS = (
    1.3,
    2.0,
    10.0,
)  # what stands for 1 in the network: nepers of shape and power, dB of aperiodicity
_KERNEL = 5
_DILATIONS = (1, 2, 4)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells one converter from another.

    subjects: whose voices it knows. channels: of every layer. encoder, decoder: blocks in each. levels: of each scalar
    of a code. voice: how many numbers stand for a subject.
    """

    subjects: int
    channels: int
    encoder: int
    decoder: int
    levels: tuple[int, ...]
    voice: int

    def plain(self) -> dict[str, Any]:
        """The same for a weights file's header."""
        return {"network": "vqvc", **asdict(self), "levels": list(self.levels)}

    @property
    def reach(self) -> int:
        """Frames on either side that a frame can depend on."""
        blocks = 2 * self.encoder + sum(2 * _DILATIONS[number % 3] for number in range(self.decoder))
        return blocks + 2 + 2 * 2 * STRIDE


class Quantiser(nn.Module):
    """Puts each scalar on one of a few even steps from -1 to 1; gradients go straight through."""

    levels_L: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("levels_L", torch.tensor(levels, dtype=torch.float32), persistent=False)

    def forward(self, raw_NLU: Tensor) -> Tensor:
        half_L1 = (self.levels_L[:, None] - 1) / 2
        odd_L1 = half_L1 - half_L1.floor()  # an even number of steps has none at 0
        bounded_NLU = torch.tanh(raw_NLU.float()) * half_L1
        stepped_NLU = ((bounded_NLU - odd_L1).round() + odd_L1).clamp(-half_L1, half_L1)
        return (bounded_NLU + (stepped_NLU - bounded_NLU).detach()) / half_L1


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each frame."""

    def forward(self, x_NCT: Tensor) -> Tensor:
        normed_NTC: Tensor = super().forward(x_NCT.transpose(1, 2))
        return normed_NTC.transpose(1, 2)


class Block(nn.Module):
    """A residual block: a dilated convolution, half of which gates the other half (Shazeer 2020, arXiv 2002.05202).

    voice: of how many numbers the voice is that is added to it; 0 for none.
    """

    def __init__(self, channels: int, dilation: int, voice: int = 0) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.spread = nn.Conv1d(channels, 2 * channels, _KERNEL, padding=2 * dilation, dilation=dilation)
        self.gather = nn.Conv1d(channels, channels, 1)
        self.voice = nn.Linear(voice, 2 * channels, bias=False) if voice else None

    def forward(self, x_NCT: Tensor, voice_NV: Tensor | None = None) -> Tensor:
        spread_NCT = self.spread(self.norm(x_NCT))
        if self.voice is not None and voice_NV is not None:
            spread_NCT = spread_NCT + self.voice(voice_NV)[:, :, None]
        value_NCT, gate_NCT = spread_NCT.chunk(2, dim=1)
        gathered_NCT: Tensor = self.gather(functional.silu(gate_NCT) * value_NCT)
        return x_NCT + gathered_NCT


class Converter(nn.Module):
    """Envelope and aperiodicity of what one subject says, as another says it.

    Beside its weights it holds every subject's manner. subjects: their names, in the order of the table.
    """

    pitch_S2: Tensor
    level_S2: Tensor
    shape_SB: Tensor
    floor_S: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.subjects: tuple[str, ...] = ()
        channels, code, voice = architecture.channels, len(architecture.levels), architecture.voice
        self.hearing = nn.Conv1d(BANDS, channels, _KERNEL, padding=2)
        self.encoder = nn.ModuleList(Block(channels, 1) for _ in range(architecture.encoder))
        self.last = ChannelNorm(channels)
        self.narrow = nn.Conv1d(channels, code, 2 * STRIDE, stride=STRIDE, padding=STRIDE // 2)
        self.quantiser = Quantiser(architecture.levels)
        self.widen = nn.ConvTranspose1d(code, channels, 2 * STRIDE, stride=STRIDE, padding=STRIDE // 2)
        self.telling = nn.Conv1d(TOLD, channels, _KERNEL, padding=2)
        self.voices = nn.Embedding(architecture.subjects, voice)
        self.decoder = nn.ModuleList(
            Block(channels, _DILATIONS[number % 3], voice) for number in range(architecture.decoder)
        )
        self.saying = nn.Sequential(ChannelNorm(channels), nn.Conv1d(channels, BANDS + APERIODICITIES, 1))
        for name, size in (("pitch_S2", (2,)), ("level_S2", (2,)), ("shape_SB", (BANDS,)), ("floor_S", ())):
            self.register_buffer(name, torch.zeros(architecture.subjects, *size))

    def encode(self, shape_NBT: Tensor) -> Tensor:
        """Codes (N, L, U) in [-1, 1] of the shape of envelopes, less their speaker's mean; T a multiple of STRIDE."""
        x_NCT = self.hearing(shape_NBT / SHAPE)
        for block in self.encoder:
            x_NCT = block(x_NCT)
        found: Tensor = self.quantiser(self.narrow(self.last(x_NCT)))
        return found

    def decode(self, codes_NLU: Tensor, told_NKT: Tensor, subjects_N: Tensor) -> tuple[Tensor, Tensor]:
        """The log power in bands (N, B, T) and the aperiodicity in dB (N, A, T) with which these subjects say it."""
        x_NCT, voice_NV = self.widen(codes_NLU) + self.telling(told_NKT), self.voices(subjects_N)
        for block in self.decoder:
            x_NCT = block(x_NCT, voice_NV)
        bands_NBT, airy_NAT = self.saying(x_NCT).float().split([BANDS, APERIODICITIES], dim=1)
        usual_NB = self.shape_SB[subjects_N] + self.level_S2[subjects_N, :1]
        return bands_NBT * POWER + usual_NB[:, :, None], airy_NAT * DECIBELS

    def forward(self, shape_NBT: Tensor, told_NKT: Tensor, subjects_N: Tensor) -> tuple[Tensor, Tensor]:
        """The shape of what was said, and what is told of it, as these subjects say it."""
        return self.decode(self.encode(shape_NBT), told_NKT, subjects_N)

    def keep(self, manners: Sequence[Manner]) -> None:
        """Takes the manners of its subjects, in their order."""
        for number, manner in enumerate(manners):
            self.pitch_S2[number] = torch.tensor(manner.pitch)
            self.level_S2[number] = torch.tensor(manner.level)
            self.shape_SB[number] = torch.from_numpy(manner.shape_B)
            self.floor_S[number] = manner.floor

    def manner(self, subject: str) -> Manner:
        """The manner of a subject that it knows."""
        number = self.subjects.index(subject)
        pitch, level = self.pitch_S2[number].tolist(), self.level_S2[number].tolist()
        shape_B = self.shape_SB[number].numpy(force=True)
        floor = float(self.floor_S[number])
        return Manner(pitch=(pitch[0], pitch[1]), level=(level[0], level[1]), shape_B=shape_B, floor=floor)
