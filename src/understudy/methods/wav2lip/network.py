"""The networks of Wav2Lip (Prajwal et al. 2020, arXiv 2008.10010): the generator and the judge of its pictures.

The generator sees a face whose lower half is hidden beside another picture of the same person, and the speech around
the frame; it draws the face with the mouth that says it. What a face encoder saw at each size is put beside what the
decoder draws at that size. At width 1 the names and shapes of all weights are the published ones, so that the authors'
files load as they are.

Legend of shapes: N pictures, B clips, T frames of a clip, C channels, H, W; faces are BGR in [0, 1], 96 x 96 pixels;
mel windows are 80 bands of 16 steps.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

SIDE: Final = 96
"""Side in pixels of the faces that the generator sees and draws."""

Pair = tuple[int, int]

# Channels after and stride of each level's first convolution, and how many residual ones follow it.
_FACE: Final = ((16, 1, 0), (32, 2, 2), (64, 2, 3), (128, 2, 2), (256, 2, 2), (512, 2, 1))
# Likewise of the speech's levels, whose steps over bands and time differ.
_SPEECH: Final[tuple[tuple[int, Pair, int], ...]] = (
    (32, (1, 1), 2),
    (64, (3, 1), 2),
    (128, (3, 3), 2),
    (256, (3, 2), 1),
)
# Channels after each level of the decoder that doubles the picture, and how many residual convolutions follow.
_DRAWN: Final = ((512, 2), (384, 2), (256, 2), (128, 2), (64, 2))
_DEEP = 512
# Channels, side of the kernel, stride of each level of the judge; its last halves nothing.
_JUDGED: Final[tuple[tuple[int, int, Pair], ...]] = (
    (64, 5, (1, 2)),
    (128, 5, (2, 2)),
    (256, 5, (2, 2)),
    (512, 3, (2, 2)),
    (512, 3, (2, 2)),
)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells one network from another. width: share of the published channels. judge: whether the judge of pictures
    is kept with it, as a training with `gan` does."""

    width: float
    judge: bool

    def plain(self) -> dict[str, Any]:
        """The description in a weights file."""
        return {"network": "wav2lip", **asdict(self)}


class Block(nn.Module):
    """A convolution with batch normalisation, plus what came in where it is residual, and ReLU."""

    def __init__(self, convolution: nn.Module, after: int, residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(after))
        self.residual = residual

    def forward(self, x_NCHW: Tensor) -> Tensor:
        out: Tensor = self.conv_block(x_NCHW)
        return torch.relu(out + x_NCHW if self.residual else out)


class Plain(nn.Module):
    """A convolution with a leaky ReLU of slope .01, without normalisation."""

    def __init__(self, before: int, after: int, kernel: int, stride: int | Pair, padding: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(before, after, kernel, stride, padding))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return nn.functional.leaky_relu(self.conv_block(x_NCHW), 0.01)


def level(before: int, after: int, stride: int | Pair, residual: int, kernel: int = 3, padding: int = 1) -> list[Block]:
    """A convolution and the residual ones that follow it."""
    first = Block(nn.Conv2d(before, after, kernel, stride, padding), after)
    return [first, *followed(after, residual)]


def enlarging(before: int, after: int, residual: int, doubling: bool) -> list[Block]:
    """A transposed convolution, to twice the side or from 1 x 1 to 3 x 3, and the residual ones that follow it."""
    if doubling:
        first: nn.Module = nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1)
    else:
        first = nn.ConvTranspose2d(before, after, 3)
    return [Block(first, after), *followed(after, residual)]


def followed(channels: int, count: int) -> list[Block]:
    """So many residual convolutions."""
    return [Block(nn.Conv2d(channels, channels, 3, 1, 1), channels, residual=True) for _ in range(count)]


class Judge(nn.Module):
    """How likely the lower halves of faces are filmed ones: clips (B, 3, T, 96, 96) to shares (T * B, 1), all clips'
    first frames first."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        before = scaled(32, width)
        levels: list[nn.Module] = [nn.Sequential(Plain(3, before, 7, 1, 3))]
        for channels, kernel, stride in _JUDGED:
            after, padding = scaled(channels, width), kernel // 2
            levels.append(
                nn.Sequential(Plain(before, after, kernel, stride, padding), Plain(after, after, kernel, 1, padding))
            )
            before = after
        levels.append(nn.Sequential(Plain(before, before, 3, 1, 0), Plain(before, before, 1, 1, 0)))
        self.face_encoder_blocks = nn.ModuleList(levels)
        self.binary_pred = nn.Sequential(nn.Conv2d(before, 1, 1), nn.Sigmoid())

    def logits(self, faces_BCTHW: Tensor) -> Tensor:
        """The same before the sigmoid (T * B, 1), in float32."""
        x = flat(faces_BCTHW)[:, :, SIDE // 2 :]
        for block in self.face_encoder_blocks:
            x = block(x)
        found: Tensor = self.binary_pred[0](x).float()
        return found.flatten(1)

    def forward(self, faces_BCTHW: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(faces_BCTHW))


class Wav2Lip(nn.Module):
    """The generator. `network(mels, faces)` draws faces (N, 3, 96, 96), BGR in [0, 1].

    mels (N, 1, 80, 16), faces (N, 6, 96, 96): first the face with its lower half black, then the other picture; or
    clips: mels (B, T, 1, 80, 16), faces (B, 6, T, 96, 96), drawn (B, 3, T, 96, 96).
    """

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = architecture or Architecture(width=1.0, judge=False)
        self.subjects: tuple[str, ...] = ()
        width = self.architecture.width
        deep = scaled(_DEEP, width)
        self.face_encoder_blocks = _face_encoder(width)
        self.audio_encoder = _speech_encoder(width)
        self.face_decoder_blocks = nn.ModuleList([nn.Sequential(Block(nn.Conv2d(deep, deep, 1), deep))])
        seen = [scaled(channels, width) for channels, *_ in _FACE]
        before = deep + deep
        self.face_decoder_blocks.append(nn.Sequential(*enlarging(before, deep, 1, doubling=False)))
        before = deep + seen.pop()
        for channels, residual in _DRAWN:
            after = scaled(channels, width)
            self.face_decoder_blocks.append(nn.Sequential(*enlarging(before, after, residual, doubling=True)))
            before = after + seen.pop()
        last = scaled(32, width)
        self.output_block = nn.Sequential(
            Block(nn.Conv2d(before, last, 3, 1, 1), last), nn.Conv2d(last, 3, 1), nn.Sigmoid()
        )
        self.judge = Judge(width) if self.architecture.judge else None

    def forward(self, mels: Tensor, faces: Tensor) -> Tensor:
        if faces.dim() == 4:
            return self.decode(self.hear(mels), self.see(faces))
        clips = faces.shape[0]
        drawn = self.decode(self.hear(mels.transpose(0, 1).flatten(0, 1)), self.see(flat(faces)))
        return drawn.view(-1, clips, *drawn.shape[1:]).permute(1, 2, 0, 3, 4)

    def hear(self, mels_N1BT: Tensor) -> Tensor:
        """The speech's features (N, C, 1, 1)."""
        heard: Tensor = self.audio_encoder(mels_N1BT)
        return heard

    def see(self, faces_N6HW: Tensor) -> list[Tensor]:
        """The faces' features at each size, the finest first."""
        seen, x = [], faces_N6HW
        for block in self.face_encoder_blocks:
            x = block(x)
            seen.append(x)
        return seen

    def decode(self, heard_NC11: Tensor, seen: list[Tensor], first: int = 0) -> Tensor:
        """The faces that say what was heard (N, 3, 96 - first, 96), float32.

        first: the row from which on they are wanted; what lies far enough above it is not computed.
        """
        x, at = heard_NC11, 0
        for block, beside, start in zip(self.face_decoder_blocks, reversed(seen), firsts(first), strict=True):
            x = torch.cat([block(x[:, :, start // 2 - at :]), beside[:, :, start:]], dim=1)
            at = start
        block, picture, _ = self.output_block
        return torch.sigmoid(picture(block(x)).float())[:, :, first - at :]

    def parts(self) -> dict[str, list[nn.Parameter]]:
        """Loss -> the parameters that it is minimised over."""
        judging = list(self.judge.parameters()) if self.judge is not None else []
        named = {id(parameter) for parameter in judging}
        drawing = [parameter for parameter in self.parameters() if id(parameter) not in named]
        return {"loss": drawing, "judge": judging} if judging else {"loss": drawing}


def scaled(channels: int, width: float) -> int:
    """Channels at a width: the published ones at 1, and else whole multiples of 8 (bf16 kernels want them)."""
    return channels if width == 1 else max(8, round(channels * width / 8) * 8)


def firsts(row: int) -> list[int]:
    """The first row that each level of the decoder has to draw for pictures from `row` on.

    Each 3 x 3 convolution spoils a row at a cut edge, and an even row of a doubled picture comes from one row alone.
    """
    found, spoiled = [], 3
    for _ in _DRAWN:
        row = max(0, row - spoiled) // 2 * 2
        found.append(row)
        row, spoiled = row // 2, 2
    return [0, 0, *reversed(found)]


def flat(faces_BCTHW: Tensor) -> Tensor:
    """A clips' frames as pictures (T * B, C, H, W): all clips' first frames first, as published."""
    return faces_BCTHW.permute(2, 0, 1, 3, 4).flatten(0, 1)


def _face_encoder(width: float) -> nn.ModuleList:
    before, levels = 6, []
    for number, (channels, stride, residual) in enumerate(_FACE):
        after, kernel = scaled(channels, width), 3 if number else 7
        levels.append(nn.Sequential(*level(before, after, stride, residual, kernel, kernel // 2)))
        before = after
    levels.append(nn.Sequential(*_narrowed(before, before)))
    return nn.ModuleList(levels)


def _speech_encoder(width: float) -> nn.Sequential:
    before, blocks = 1, []
    for channels, stride, residual in _SPEECH:
        after = scaled(channels, width)
        blocks += level(before, after, stride, residual)
        before = after
    return nn.Sequential(*blocks, *_narrowed(before, scaled(_DEEP, width)))


def _narrowed(before: int, after: int) -> list[Block]:
    """What makes 1 x 1 of 3 x 3."""
    return [Block(nn.Conv2d(before, after, 3), after), Block(nn.Conv2d(after, after, 1), after)]
