"""wav2vec 2.0 with a layer that spells (Baevski et al. 2020, arXiv 2006.11477), under the names of the published file.

Of the kind of facebook/wav2vec2-base-960h: seven convolutions make frames of 20 ms of a sound, twelve layers of
attention look at all of them, and each frame is given a letter, a blank or the end of a word, learned by connectionist
temporal classification (Graves et al. 2006). What the most likely letters spell, repetitions and blanks left out, is
what was heard; no language model helps.

Shapes: N samples at 16 kHz, T frames, H numbers a frame, V = 32 symbols.
"""

import functools
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from understudy.metrics._pretrained import fill
from understudy.metrics._sound import RATE

SYMBOLS: Final = ("", "", "", "", " ", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")
"""What each symbol is written as: blank, three that mark sentences and are never said, the end of a word, letters."""

_CONVOLUTIONS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))  # kernel and stride of each
_AROUND, _GROUPS = 128, 16  # kernel and groups of the convolution that tells where a frame stands
_FRAME = 400  # samples of which a frame is made
_PLACE = "wav2vec2.encoder.pos_conv_embed.conv"
LONGEST, _LOOK = 20.0, 5.0  # seconds heard at once, and how long before their end a quiet place is looked for


class _Convolution(nn.Module):
    def __init__(self, before: int, after: int, kernel: int, stride: int, first: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(before, after, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(after, after) if first else None

    def forward(self, x_1CT: Tensor) -> Tensor:
        x_1CT = self.conv(x_1CT)
        return functional.gelu(x_1CT if self.layer_norm is None else self.layer_norm(x_1CT))


class _Place(nn.Module):
    """A convolution over time whose kernels have a length of their own for each step of time (weight normalisation)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.weight_g = nn.Parameter(torch.ones(1, 1, _AROUND))
        self.weight_v = nn.Parameter(torch.randn(hidden, hidden // _GROUPS, _AROUND))
        self.bias = nn.Parameter(torch.zeros(hidden))

    def forward(self, x_1HT: Tensor) -> Tensor:
        weight = self.weight_v * (self.weight_g / self.weight_v.norm(dim=(0, 1), keepdim=True))
        around = functional.conv1d(x_1HT, weight, self.bias, padding=_AROUND // 2, groups=_GROUPS)
        return functional.gelu(around[..., :-1])  # an even kernel yields a frame too many


class _Attention(nn.Module):
    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(hidden, hidden) for _ in range(4))

    def forward(self, x_1TH: Tensor) -> Tensor:
        asked = [each(x_1TH).unflatten(2, (self.heads, -1)).transpose(1, 2) for each in self._asking()]
        found: Tensor = functional.scaled_dot_product_attention(*asked)
        return torch.as_tensor(self.out_proj(found.transpose(1, 2).flatten(2)))

    def _asking(self) -> tuple[nn.Module, ...]:
        return self.q_proj, self.k_proj, self.v_proj


class _Layer(nn.Module):
    def __init__(self, hidden: int, inner: int, heads: int) -> None:
        super().__init__()
        self.attention, self.layer_norm = _Attention(hidden, heads), nn.LayerNorm(hidden)
        self.final_layer_norm = nn.LayerNorm(hidden)
        self.feed_forward: Any = nn.Module()
        self.feed_forward.intermediate_dense = nn.Linear(hidden, inner)
        self.feed_forward.output_dense = nn.Linear(inner, hidden)

    def forward(self, x_1TH: Tensor) -> Tensor:
        x_1TH = self.layer_norm(x_1TH + self.attention(x_1TH))
        forward = self.feed_forward
        return torch.as_tensor(
            self.final_layer_norm(x_1TH + forward.output_dense(functional.gelu(forward.intermediate_dense(x_1TH))))
        )


class Recogniser(nn.Module):
    """The network; the published one by default, of 94,395,552 parameters.

    `network(sound)` scores every symbol in every frame: (1, N) to (1, T, V). The sound has a mean of 0 and a deviation
    of 1.
    """

    def __init__(
        self, *, wide: int = 512, hidden: int = 768, inner: int = 3072, layers: int = 12, heads: int = 12
    ) -> None:
        super().__init__()
        steps = enumerate(_CONVOLUTIONS)
        extractor: Any = nn.Module()
        projection: Any = nn.Module()
        encoder: Any = nn.Module()
        extractor.conv_layers = nn.ModuleList(
            [_Convolution(wide if level else 1, wide, kernel, stride, not level) for level, (kernel, stride) in steps]
        )
        projection.layer_norm, projection.projection = nn.LayerNorm(wide), nn.Linear(wide, hidden)
        encoder.pos_conv_embed, encoder.layer_norm = nn.Module(), nn.LayerNorm(hidden)
        encoder.pos_conv_embed.conv = _Place(hidden)
        encoder.layers = nn.ModuleList([_Layer(hidden, inner, heads) for _ in range(layers)])
        self.wav2vec2: Any = nn.Module()
        self.wav2vec2.feature_extractor, self.wav2vec2.feature_projection = extractor, projection
        self.wav2vec2.encoder = encoder
        self.lm_head = nn.Linear(hidden, len(SYMBOLS))

    def forward(self, sound_1N: Tensor) -> Tensor:
        x = sound_1N[:, None]
        for convolution in self.wav2vec2.feature_extractor.conv_layers:
            x = convolution(x)
        projection, encoder = self.wav2vec2.feature_projection, self.wav2vec2.encoder
        x = projection.projection(projection.layer_norm(x.transpose(1, 2)))
        x = encoder.layer_norm(x + encoder.pos_conv_embed.conv(x.transpose(1, 2)).transpose(1, 2))
        for layer in encoder.layers:
            x = layer(x)
        return torch.as_tensor(self.lm_head(x))


@functools.lru_cache(maxsize=1)
def recogniser(path: Path) -> Recogniser:
    """The network with the weights of a file. Raises CheckpointError for another's."""
    made = Recogniser()
    # How torch's two ways of normalising weights name the two parts.
    renamed = {
        f"{_PLACE}.parametrizations.weight.original{at}": f"{_PLACE}.weight_{part}" for at, part in enumerate("gv")
    }
    fill(path, made, surplus=("wav2vec2.masked_spec_embed",), renamed=renamed)
    return made


def spelt(symbols_T: NDArray[np.integer]) -> str:
    """What the most likely symbols spell: each run of one symbol once, blanks left out, words one space apart."""
    return " ".join("".join(SYMBOLS[symbol] for symbol, _ in groupby(symbols_T)).split())


@torch.inference_mode()
def transcribe(network: Recogniser, samples_N: NDArray[np.floating]) -> str:
    """The words of a sound at 16 kHz, in capitals. One that is longer than LONGEST is heard in parts, cut where it is
    quiet."""
    parts = []
    for part_N in _parts(np.asarray(samples_N, np.float32)):
        levelled_N = (part_N - part_N.mean()) / np.sqrt(part_N.var() + 1e-7)
        scores_1TV = network(torch.from_numpy(levelled_N)[None])
        parts.append(spelt(scores_1TV[0].argmax(dim=1).numpy()))
    return " ".join(part for part in parts if part)


def _parts(samples_N: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    parts, hop = [], RATE // 50
    while len(samples_N) > LONGEST * RATE:
        last_N = samples_N[round((LONGEST - _LOOK) * RATE) : round(LONGEST * RATE)]
        power = np.square(last_N[: len(last_N) // hop * hop]).reshape(-1, hop).mean(axis=1)
        at = round((LONGEST - _LOOK) * RATE) + (int(power.argmin()) * 2 + 1) * hop // 2
        parts.append(samples_N[:at])
        samples_N = samples_N[at:]
    return [*parts, samples_N] if len(samples_N) >= _FRAME else parts
