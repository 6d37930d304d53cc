"""What tells one light from another, whoever is lit: a siamese network (Korshunova et al. 2016, section 2.2).

Two faces under one light lie near each other in its numbers, two under different lights at least a margin apart
(Hadsell et al. 2006, "Dimensionality reduction by learning an invariant mapping", equation 4).

Legend of shapes: B batch, S side of a crop, F features; crops are RGB in [0, 1].
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 16  # pixels of the picture that it sees: light is smooth
MARGIN = 1.0


class Light(nn.Module):
    """Crops (B, 3, S, S) to what their light is (B, F), float32."""

    def __init__(self, features: int = 16) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.dense = nn.Linear(32 * (SIDE // 4) ** 2, features)

    def forward(self, crops_B3SS: Tensor) -> Tensor:
        small = functional.interpolate(crops_B3SS, size=(SIDE, SIDE), mode="area")
        found: Tensor = self.dense(self.convolutions(small - 0.5).flatten(1))
        return found.float()


def siamese(found_BF: Tensor, lights_B: Tensor) -> Tensor:
    """The contrastive loss over all pairs of a batch. lights: the same number for faces under the same light.

    Pairs under one light and under two weigh alike, however many there are of each.
    """
    first, second = torch.triu_indices(len(found_BF), len(found_BF), offset=1, device=found_BF.device)
    # A root has no slope at nothing: the small number keeps it finite.
    apart = ((found_BF[first] - found_BF[second]).square().mean(dim=1) + 1e-8).sqrt()
    same = lights_B[first] == lights_B[second]
    near, far = apart[same].square(), functional.relu(MARGIN - apart[~same]).square()
    return torch.stack([part.mean() for part in (near, far) if len(part)]).sum()


def relit(crops_B3SS: Tensor, light_3: Tensor) -> Tensor:
    """Crops under a light: level of the log exposure, its slopes down and across. Clipped to [0, 1]."""
    line = torch.linspace(-1, 1, crops_B3SS.shape[-1], device=crops_B3SS.device)
    exposure_SS = torch.exp(light_3[0] + light_3[1] * line[:, None] + light_3[2] * line)
    return torch.clamp(crops_B3SS * exposure_SS, 0, 1)
