"""deepfakes/faceswap's published recipe as a stand-in: the same layers, work and order, in our own words.

What is the same: a training sample is a PNG of 512 px and a packed mask, read from the disk each time it is drawn,
made a training picture and varied as today's defaults say (CIELAB, local equalisation, rotation, zoom, shift, flip, a
warp of 5 x 5 points); a step is both subjects' losses (SSIM and squared error within the mask, more at eyes and mouth)
in float32, then Adam. A conversion is one face at a time, in float32, each picture of it as large as the frame. Its
framework is not the same: the networks run in PyTorch, so that what is compared is the recipe.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from understudy.faces import align, masks

STORED, MASK, SIDE, BATCH = 512, 128, 64, 16
Pictures = NDArray[np.float32]


class Original(nn.Module):
    """The layers of 2018, in the order of the facts: 69.66 M numbers in the encoder, 6.20 M in each decoder."""

    def __init__(self) -> None:
        super().__init__()
        down: list[nn.Module] = []
        for before, after in ((3, 128), (128, 256), (256, 512), (512, 1024)):
            down += [nn.Conv2d(before, after, 5, stride=2, padding=2), nn.LeakyReLU(0.1)]
        dense = [nn.Flatten(), nn.Linear(16384, 1024), nn.Linear(1024, 16384), nn.Unflatten(1, (1024, 4, 4))]
        self.encoder = nn.Sequential(*down, *dense, *self.up(1024, 512))
        self.decoders = nn.ModuleList(self.decoder() for _ in range(2))

    @staticmethod
    def up(before: int, after: int) -> tuple[nn.Module, ...]:
        """Twice the side."""
        return nn.Conv2d(before, 4 * after, 3, padding=1), nn.LeakyReLU(0.1), nn.PixelShuffle(2)

    def decoder(self) -> nn.Sequential:
        """One subject's."""
        ups = [layer for pair in ((512, 256), (256, 128), (128, 64)) for layer in self.up(*pair)]
        return nn.Sequential(*ups, nn.Conv2d(64, 3, 5, padding=2), nn.Sigmoid())

    def forward(self, crops_BCHW: Tensor, side: int) -> Tensor:
        """The faces as a subject."""
        drawn: Tensor = self.decoders[side](self.encoder(crops_BCHW))
        return drawn


def written(folder: Path, count: int = 64) -> list[tuple[Path, bytes]]:
    """Faces of 512 px on the disk as PNG, with grain, each with its packed masks (face, eyes, mouth)."""
    generator = np.random.default_rng(0)
    found = []
    for number in range(count):
        coarse = generator.uniform(0, 255, (16, 16, 3)).astype(np.float32)
        smooth = cv2.resize(coarse, (STORED, STORED), interpolation=cv2.INTER_CUBIC)
        picture = np.clip(smooth + generator.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), picture)
        planes = np.zeros((3, MASK, MASK), np.uint8)
        cv2.circle(planes[0], (64, 64), 50, 255, -1)
        cv2.circle(planes[1], (44, 50), 8, 255, -1)
        cv2.circle(planes[2], (64, 90), 12, 255, -1)
        found.append((path, zlib.compress(planes.tobytes())))
    return found


def sample(faces: list[tuple[Path, bytes]], generator: np.random.Generator) -> tuple[Pictures, Pictures, Pictures]:
    """A batch: inputs and aims (B, S, S, 3) in [0, 1], masks (B, S, S, 3)."""
    chosen = [faces[int(index)] for index in generator.integers(0, len(faces), BATCH)]
    batch = np.empty((BATCH, SIDE, SIDE, 6), np.uint8)
    for row, (path, packed) in enumerate(chosen):
        picture = cv2.imread(str(path))
        planes = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(3, MASK, MASK).transpose(1, 2, 0)
        whole = np.concatenate([picture, cv2.resize(planes, (STORED, STORED), interpolation=cv2.INTER_CUBIC)], axis=2)
        batch[row] = cv2.resize(whole, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    for row in range(BATCH):
        batch[row, ..., :3] = coloured(batch[row, ..., :3], generator)
        batch[row] = moved(batch[row], generator)
    aims = batch[..., :3].astype(np.float32) / 255
    inputs = np.stack([bent(each[..., :3], generator) for each in batch]).astype(np.float32) / 255
    return inputs, aims, batch[..., 3:].astype(np.float32) / 255


def coloured(picture: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """L moved by up to 30 %, a and b by up to 8 %; every other picture equalised locally."""
    lab = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2LAB).astype(np.float32)
    for channel, most in enumerate((0.3, 0.08, 0.08)):
        amount = generator.uniform(-most, most)
        values = lab[..., channel]
        lab[..., channel] = values + (255 - values) * amount if amount >= 0 else values * (1 + amount)
    whole = lab.astype(np.uint8)
    if generator.random() < 0.5:
        cells = int(generator.integers(2, 7))
        light = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(cells, cells)).apply(np.ascontiguousarray(whole[..., 0]))
        whole[..., 0] = light
    return np.asarray(cv2.cvtColor(whole, cv2.COLOR_LAB2BGR), np.uint8)


def moved(picture: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Turned by up to 10 degrees, zoomed and shifted by up to 5 %, flipped half the time."""
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), generator.uniform(-10, 10), generator.uniform(0.95, 1.05))
    matrix[:, 2] += generator.uniform(-0.05, 0.05, 2) * SIDE
    parts = [np.ascontiguousarray(picture[..., :3]), np.ascontiguousarray(picture[..., 3:])]
    done = [cv2.warpAffine(part, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE) for part in parts]
    whole = np.concatenate(done, axis=2)
    return whole[:, ::-1] if generator.random() < 0.5 else whole


def bent(picture: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Read where a grid of 5 x 5 points lies whose points moved by 5/256 of the side."""
    line = np.linspace(0, SIDE, 5)
    maps = np.stack(np.meshgrid(line, line)) + generator.normal(0, 5 / 256 * SIDE, (2, 5, 5))
    large, edge = int(1.25 * SIDE), int(1.25 * SIDE) // 10
    smooth = [cv2.resize(each, (large, large))[edge:-edge, edge:-edge].astype(np.float32) for each in maps]
    return np.asarray(cv2.remap(np.ascontiguousarray(picture), *smooth, cv2.INTER_LINEAR), np.uint8)


def losses(drawn: Tensor, aim: Tensor, planes: Tensor) -> Tensor:
    """DSSIM and squared error within the face, again three times within the eyes and twice within the mouth."""
    offsets = torch.arange(11.0) - 5
    line = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    window = (line[:, None] * line / line.sum() ** 2).expand(3, 1, 11, 11)
    total = drawn.new_zeros(())
    for plane, weight in zip(planes.split(1, dim=1), (1.0, 3.0, 2.0), strict=True):
        one, two = drawn * plane, aim * plane
        means = [functional.conv2d(each, window, padding=5, groups=3) for each in (one, two)]
        squares = [
            functional.conv2d(a * b, window, padding=5, groups=3) for a, b in ((one, one), (two, two), (one, two))
        ]
        varied = squares[0] - means[0] ** 2 + squares[1] - means[1] ** 2
        light = (2 * means[0] * means[1] + 1e-4) / (means[0] ** 2 + means[1] ** 2 + 1e-4)
        likeness = light * (2 * (squares[2] - means[0] * means[1]) + 9e-4) / (varied + 9e-4)
        total = total + weight * ((0.5 - likeness / 2).mean() + (one - two).square().mean())
    return total


def training(folder: Path) -> Callable[[], int]:
    """A step of it: returns how many pictures were learned from."""
    faces, generator, network = written(folder), np.random.default_rng(1), Original()
    optimiser = torch.optim.Adam(
        network.parameters(), lr=5e-5, betas=(0.9, 0.999), eps=1e-7, foreach=False, fused=False
    )

    def once() -> int:
        total: Any = 0
        for side in (0, 1):
            arrays = sample(faces, generator)
            inputs, aims, planes = (torch.from_numpy(each).permute(0, 3, 1, 2).contiguous() for each in arrays)
            total = total + losses(network(inputs, side), aims, planes)
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        return 2 * BATCH

    return once


def seen(frame: NDArray[np.uint8], matrix: NDArray[np.float64]) -> Pictures:
    """The face that goes in: from a float copy of the frame."""
    flags = cv2.INTER_AREA
    found = cv2.warpAffine(frame.astype(np.float32) / 255, matrix, (SIDE, SIDE), flags=flags)
    return np.asarray(found, np.float32)


def pasted(
    frame: NDArray[np.uint8], face: Pictures, matrix: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """The face in the frame: mean colour, a mask blurred in four passes, both made as large as the frame."""
    height, width = frame.shape[:2]
    background = frame.astype(np.float32) / 255
    old = cv2.warpAffine(background, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA)
    hull = masks.fill(masks.raised(align.apply(matrix, points)), SIDE, SIDE)
    for _ in range(4):
        hull = cv2.blur(hull, (3, 3))
    hull[hull < 4 / 255] = 0
    inside = hull[..., None]
    mended = np.clip(face + ((old - face) * inside).sum(axis=(0, 1)) / max(inside.sum(), 1), 0, 1)
    layers = np.zeros((height, width, 4), np.float32)
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_CUBIC
    four = np.concatenate([mended, inside], axis=2).astype(np.float32)
    layers = cv2.warpAffine(four, matrix, (width, height), dst=layers, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    share = np.clip(layers[..., 3:], 0, 1)
    blended = layers[..., :3] * share + background * (1 - share)
    return np.rint(np.clip(blended, 0, 1) * 255).astype(np.uint8)
