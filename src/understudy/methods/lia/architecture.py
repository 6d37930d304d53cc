"""What tells one of LIA's networks from another: the side of its pictures and its widths."""

from dataclasses import asdict, dataclass
from typing import Any

# Channels at each side of a map, in pixels, as published (Wang et al. 2022, after StyleGAN2).
PUBLISHED = {4: 512, 8: 512, 16: 512, 32: 512, 64: 256, 128: 128, 256: 64, 512: 32, 1024: 16}
COARSEST, FINEST = 4, 1024  # sides of a map, in pixels


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells one network from another.

    size: side of a picture, pixels, a power of two. style_dim: numbers in a latent. motion_dim: directions of motion.
    channel_max: the most channels of a map; None for as many as published. critic: whether there is one.
    Published: 256, 512, 20, None.
    """

    size: int
    style_dim: int
    motion_dim: int
    channel_max: int | None = None
    critic: bool = False

    def __post_init__(self) -> None:
        if self.size & (self.size - 1) or not 2 * COARSEST <= self.size <= FINEST:
            raise ValueError(f"size must be a power of two from {2 * COARSEST} to {FINEST}")
        if not 1 <= self.motion_dim <= self.style_dim:
            raise ValueError("motion_dim must be from 1 to style_dim: directions are at right angles to each other")
        if self.channel_max is not None and self.channel_max < 1:
            raise ValueError("channel_max must be 1 or more, or null")

    def plain(self) -> dict[str, Any]:
        """The description in a weights file."""
        return {"network": "lia", **asdict(self)}

    def channels(self, side: int) -> int:
        """Of the maps with so many pixels a side."""
        return min(PUBLISHED[side], self.channel_max or PUBLISHED[side])

    @property
    def sides(self) -> list[int]:
        """Of the maps that are drawn and warped, coarse first: 8, 16 ... size."""
        return [2**power for power in range(COARSEST.bit_length(), self.size.bit_length())]
