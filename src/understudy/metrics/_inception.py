"""Inception v3 as the Frechet distance reads it: Szegedy et al. 2016, in the variant of the first FID's network.

That network (TensorFlow's of 2015-12-05, whose port pytorch-fid publishes) differs from the paper's in its pooling:
means leave the padding out, and the last block pools maxima. Names are torchvision's, so that the port's file fits.

Shapes: N pictures, C channels, h, w places of a feature map.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone calls it
from torch import nn

FEATURES = 2048
Side = int | tuple[int, int]
ROW, COLUMN = (1, 7), (7, 1)


class Conv(nn.Module):
    """Convolution, batch norm, rectifier; the padding keeps the size at stride 1 unless it is given."""

    def __init__(self, into: int, out: int, kernel: Side, *, stride: int = 1, padding: Side | None = None) -> None:
        super().__init__()
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        same = (sides[0] // 2, sides[1] // 2)
        self.conv = nn.Conv2d(into, out, sides, stride, same if padding is None else padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x_NChw: torch.Tensor) -> torch.Tensor:
        return F.relu(self.bn(self.conv(x_NChw)))


class Block(nn.Module):
    """Branches side by side, their channels joined. A subclass says which, in `ways`, and how it pools.

    ways: lists of layer names that follow each other; a tuple at the end is a fork, whose ends are joined.
    """

    ways: tuple[tuple[str | tuple[str, str], ...], ...]

    def chain(self, into: int, **layers: tuple[Any, ...]) -> None:
        """Adds layers that follow each other: name -> (channels out, kernel, further arguments of Conv as a dict)."""
        for name, (out, kernel, *rest) in layers.items():
            self.add_module(name, Conv(into, out, kernel, **(rest[0] if rest else {})))
            into = out

    def pool(self, x_NChw: torch.Tensor) -> torch.Tensor:
        """The pooled branch before its convolution."""
        return F.avg_pool2d(x_NChw, 3, stride=1, padding=1, count_include_pad=False)

    def forward(self, x_NChw: torch.Tensor) -> torch.Tensor:
        ends = []
        for way in self.ways:
            y = x_NChw
            for name in way:
                if isinstance(name, tuple):
                    ends += [self.get_submodule(end)(y) for end in name]
                else:
                    y = self.get_submodule(name)(y)
            ends += [] if isinstance(way[-1], tuple) else [y]
        pooled = self.pool(x_NChw)
        ends.append(self.get_submodule("branch_pool")(pooled) if hasattr(self, "branch_pool") else pooled)
        return torch.cat(ends, 1)


class A(Block):
    """Figure 5: 35 x 35 places."""

    ways = (("branch1x1",), ("branch5x5_1", "branch5x5_2"), ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"))

    def __init__(self, into: int, pooled: int) -> None:
        super().__init__()
        self.chain(into, branch1x1=(64, 1))
        self.chain(into, branch5x5_1=(48, 1), branch5x5_2=(64, 5))
        self.chain(into, branch3x3dbl_1=(64, 1), branch3x3dbl_2=(96, 3), branch3x3dbl_3=(96, 3))
        self.chain(into, branch_pool=(pooled, 1))


class Shrinking(Block):
    """Blocks that halve the places: their pooled branch is the maximum, and has no convolution."""

    def pool(self, x_NChw: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(x_NChw, 3, stride=2)


_HALVING = {"stride": 2, "padding": 0}


class B(Shrinking):
    """Figure 10: from 35 to 17 places."""

    ways = (("branch3x3",), ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"))

    def __init__(self, into: int) -> None:
        super().__init__()
        self.chain(into, branch3x3=(384, 3, _HALVING))
        self.chain(into, branch3x3dbl_1=(64, 1), branch3x3dbl_2=(96, 3), branch3x3dbl_3=(96, 3, _HALVING))


class C(Block):
    """Figure 6: 17 x 17 places, 7 x 7 windows as rows and columns."""

    ways = (
        ("branch1x1",),
        tuple(f"branch7x7_{number}" for number in (1, 2, 3)),
        tuple(f"branch7x7dbl_{number}" for number in (1, 2, 3, 4, 5)),
    )

    def __init__(self, into: int, inner: int) -> None:
        super().__init__()
        self.chain(into, branch1x1=(192, 1))
        self.chain(into, branch7x7_1=(inner, 1), branch7x7_2=(inner, ROW), branch7x7_3=(192, COLUMN))
        self.chain(
            into, branch7x7dbl_1=(inner, 1), branch7x7dbl_2=(inner, COLUMN), branch7x7dbl_3=(inner, ROW),
            branch7x7dbl_4=(inner, COLUMN), branch7x7dbl_5=(192, ROW),
        )  # fmt: skip
        self.chain(into, branch_pool=(192, 1))


class D(Shrinking):
    """From 17 to 8 places."""

    ways = (("branch3x3_1", "branch3x3_2"), tuple(f"branch7x7x3_{number}" for number in (1, 2, 3, 4)))

    def __init__(self, into: int) -> None:
        super().__init__()
        self.chain(into, branch3x3_1=(192, 1), branch3x3_2=(320, 3, _HALVING))
        self.chain(
            into, branch7x7x3_1=(192, 1), branch7x7x3_2=(192, ROW), branch7x7x3_3=(192, COLUMN),
            branch7x7x3_4=(192, 3, _HALVING),
        )  # fmt: skip


class E(Block):
    """Figure 7: 8 x 8 places, branches that fork."""

    ways = (
        ("branch1x1",),
        ("branch3x3_1", ("branch3x3_2a", "branch3x3_2b")),
        ("branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b")),
    )

    def __init__(self, into: int, *, maxima: bool) -> None:
        super().__init__()
        self.maxima = maxima
        self.chain(into, branch1x1=(320, 1))
        self.chain(into, branch3x3_1=(384, 1))
        self.chain(into, branch3x3dbl_1=(448, 1), branch3x3dbl_2=(384, 3))
        for name in ("branch3x3_2", "branch3x3dbl_3"):
            self.chain(384, **{f"{name}a": (384, (1, 3))})
            self.chain(384, **{f"{name}b": (384, (3, 1))})
        self.chain(into, branch_pool=(192, 1))

    def pool(self, x_NChw: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(x_NChw, 3, stride=1, padding=1) if self.maxima else super().pool(x_NChw)


class Inception(nn.Module):
    """Pictures to the 2048 numbers of the last pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, stride=2, padding=0)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, padding=0)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, padding=0)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = A(192, 32), A(256, 64), A(288, 64)
        self.Mixed_6a = B(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = C(768, 128), C(768, 160), C(768, 160), C(768, 192)
        self.Mixed_7a = D(768)
        self.Mixed_7b, self.Mixed_7c = E(1280, maxima=False), E(FEATURES, maxima=True)

    def forward(self, pictures_N3HW: torch.Tensor) -> torch.Tensor:
        """The features (N, 2048) of pictures of 299 x 299, colours in [-1, 1]."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(pictures_N3HW)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, stride=2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, stride=2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        features: torch.Tensor = x.mean(dim=(2, 3))
        return features
