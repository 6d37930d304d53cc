"""What has to be the same: for a training to be resumed, and for a network to draw what the settings ask for."""

from dataclasses import replace
from typing import Any

from torch import nn

from understudy.errors import CheckpointError
from understudy.settings import plain


def recipe(config: Any, frames: int, looked: str) -> dict[str, Any]:
    """What must be the same for a training to be resumed, besides the architecture and the loop's settings.

    frames: in the pool. looked: what looked at the pictures, see `perceptual`.
    """
    loss = plain(config.loss) | {"features": looked}
    return {"loss": loss, "augmentation": plain(config.augmentation), "frames": frames}


def require_alike(model: nn.Module, wanted: Any, **drawing_nothing: Any) -> None:
    """Raises CheckpointError unless the network has the wanted architecture, but for parts that draw nothing.

    drawing_nothing: fields of the architecture, such as a critic, and what they are taken to be.
    """
    described, wanted = getattr(model, "architecture", None), replace(wanted, **drawing_nothing)
    if described is None or type(described) is not type(wanted) or replace(described, **drawing_nothing) != wanted:
        fact = f"is {described or type(model).__name__}, and the settings ask for {wanted}"
        raise CheckpointError("the network", fact, "Train it with them.")
