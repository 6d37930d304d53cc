"""What is learned of two voices: statistics and a mixture, as buffers of a module, so that they are kept like weights.

Shapes: 2 the two subjects in the order of their training, D coefficients from the 1st, M components, J = 4 D.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from understudy.methods.world.mixture import Array, Mixture, converted, features


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """order: the last coefficient. components: of the mixture."""

    order: int
    components: int

    def plain(self) -> dict[str, Any]:
        """For the weights' header."""
        return {"network": "world", **asdict(self)}


class World(nn.Module):
    """Two voices, and the way from each to the other. Nothing in it is learned by gradients.

    pitch_22: mean and deviation of the logarithm of each voice's pitch. power_2: each one's mean power as recorded.
    centre_2D, scale_2D: mean and deviation of each one's coefficients. made_2D, lost_2D: of what is converted to each
    voice, its mean and how many times more the voice itself deviates.
    """

    pitch_22: torch.Tensor
    power_2: torch.Tensor
    centre_2D: torch.Tensor
    scale_2D: torch.Tensor
    made_2D: torch.Tensor
    lost_2D: torch.Tensor
    weights_M: torch.Tensor
    means_MJ: torch.Tensor
    covariances_MJJ: torch.Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.subjects: tuple[str, ...] = ()
        dims, parts = architecture.order, architecture.components
        shapes = {
            "pitch_22": (2, 2), "power_2": (2,), "centre_2D": (2, dims), "scale_2D": (2, dims), "made_2D": (2, dims),
            "lost_2D": (2, dims), "weights_M": (parts,), "means_MJ": (parts, 4 * dims),
            "covariances_MJJ": (parts, 4 * dims, 4 * dims),
        }  # fmt: skip
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    def hold(self, **values: Array) -> None:
        """Fills the buffers."""
        for name, value in values.items():
            getattr(self, name).copy_(torch.from_numpy(np.asarray(value, np.float64)))

    def of(self, name: str) -> Array:
        """A buffer as numbers."""
        array: NDArray[np.float64] = getattr(self, name).detach().cpu().numpy()
        return array

    @property
    def mixture(self) -> Mixture:
        """The mixture of both voices' normalised features."""
        return Mixture(
            weights_M=self.of("weights_M"), means_MJ=self.of("means_MJ"), covariances_MJJ=self.of("covariances_MJJ")
        )

    def normal(self, mcep_TD: Array, side: int) -> Array:
        """Coefficients of a voice in units of its own deviation."""
        return np.asarray((mcep_TD - self.of("centre_2D")[side]) / self.of("scale_2D")[side])

    def said_as(self, mcep_TD: Array, to: int, variance: float) -> Array:
        """The other voice's coefficients in the voice `to`; `variance` of what averaging took is given back.

        The global variance of Toda 2007 (section IV) as a filter: one factor a coefficient, found on the training's
        speech (Silén et al. 2012, "Ways to implement global variance in statistical speech synthesis").
        """
        made_TD = converted(features(self.normal(mcep_TD, 1 - to)), self.mixture, forwards=to == 1)
        made_TD = made_TD * self.of("scale_2D")[to] + self.of("centre_2D")[to]
        factor_D = 1 + variance * (self.of("lost_2D")[to] - 1)
        return np.asarray((made_TD - self.of("made_2D")[to]) * factor_D + self.of("made_2D")[to])

    def pitched_as(self, f0_T: Array, to: int) -> Array:
        """The other voice's pitch with the mean and the deviation of the voice `to`, in logarithms; 0 stays 0."""
        (mean, deviation), (wanted, spread) = self.of("pitch_22")[1 - to], self.of("pitch_22")[to]
        if not (deviation and spread):
            return f0_T
        logs_T = (np.log(np.maximum(f0_T, 1e-3)) - mean) / deviation * spread + wanted
        return np.asarray(np.where(f0_T > 0, np.clip(np.exp(logs_T), 50, 800), 0.0))
