"""What tells one of SAEHD's networks from another: DF or LIAE, options, size, widths.

DF: encoder, one inter for everybody, a decoder for each subject. LIAE: encoder, two inters (AB, which sees both
subjects, and B, which sees side 1 alone), one decoder; side 0 is drawn from [AB, AB], side 1 from [B, AB].
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

_NAME = re.compile(r"(df|liae)(?:-([utdc]+))?")


@dataclass(frozen=True, kw_only=True)
class Dims:
    """Widths: of the bottleneck (ae), and of the first layer of the encoder (e), or the last of the decoder (d) and of
    its masks (d_mask), whose other layers are 2, 4 and 8 times as wide. Published: 256, 64, 64, 22."""

    ae: int
    e: int
    d: int
    d_mask: int

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 1:
            raise ValueError("widths must be 1 or more")


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells one network from another.

    layout: "df" or "liae", then after a hyphen any of: u, the encoder's code has unit power (pixel norm); t, a fifth
    halving in the encoder and a fourth doubling in the decoder, with residual blocks; d, the decoder draws four pixels
    at each place (depth to space), for a quarter of the cost; c, x cos x in place of LeakyReLU.
    size: side of a crop, pixels, in and out: see `multiple`. gan_patch, gan_base: of the picture critics, 0 for none.
    true_face: whether there is a critic of codes.
    """

    layout: str
    size: int
    dims: Dims
    gan_patch: int = 0
    gan_base: int = 0
    true_face: bool = False

    def __post_init__(self) -> None:
        match = _NAME.fullmatch(self.layout)
        if not match or len(set(match[2] or "")) < len(match[2] or ""):
            raise ValueError(
                f"architecture '{self.layout}' must be df or liae, or so with -u, -t, -d, -c, as in liae-ud"
            )
        if self.size < self.multiple or self.size % self.multiple:
            raise ValueError(f"size must be a multiple of {self.multiple} for {self.layout}")

    def plain(self) -> dict[str, Any]:
        """The description in a weights file."""
        return {"network": "saehd", **asdict(self)}

    @property
    def liae(self) -> bool:
        """Whether it is LIAE, else DF."""
        return self.layout.startswith("liae")

    def has(self, option: str) -> bool:
        """Whether an option (u, t, d, c) is on."""
        return option in self.layout.partition("-")[2]

    @property
    def multiple(self) -> int:
        """What the size must be a multiple of."""
        return 32 if self.has("d") or self.has("t") else 16

    @property
    def least(self) -> int:
        """Side of what the inter's second dense layer makes."""
        return self.size // (32 if self.has("d") else 16)

    @property
    def coded(self) -> int:
        """Side of a code."""
        return self.least * (1 if self.has("t") else 2)

    @property
    def flat(self) -> int:
        """Numbers that the encoder makes of a crop."""
        return 8 * self.dims.e * (self.size // (32 if self.has("t") else 16)) ** 2
