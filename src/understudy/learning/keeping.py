"""Weights that are kept on the way: what a training could do at a share of its budget.

Until the training is done they lie beside its snapshot, under names of their own, as the snapshot does: what runs the
training may take away the files that it is to leave when it is interrupted.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from understudy import files
from understudy.errors import CheckpointError
from understudy.learning.weights import save_weights


def kept(share: float) -> str:
    """The name of the file in the run's folder that holds the weights at a share of the budget; 1: the final ones."""
    return "weights.safetensors" if share == 1 else f"weights-{share:g}.safetensors"


class Keeping:
    """The shares at which a training keeps its weights; those of 1 are the loop's own."""

    def __init__(self, folder: Path, shares: Iterable[float]) -> None:
        self.folder = folder
        self.shares = sorted({share for share in shares if share < 1})

    def clear(self) -> None:
        """Removes what waits: an abandoned training's before another begins, and a finished one's."""
        for path in self.folder.glob("snapshot-*.safetensors"):
            path.unlink()

    def resume(self, spent: float) -> None:
        """Raises CheckpointError when a share that is asked for was passed without being kept."""
        for share in self.shares:
            if share <= spent and not self._waiting(share).exists():
                raise CheckpointError(
                    self.folder / "snapshot.safetensors",
                    f"is at {spent:.0%} of the budget, and the weights at {share:g} of it were not kept on the way",
                    f"Leave {share:g} out of the shares to keep, or remove the snapshot to train anew.",
                )

    def due(self, before: float, after: float) -> list[float]:
        """The shares that a step passed."""
        return [share for share in self.shares if before < share <= after]

    def keep(self, share: float, network: nn.Module, description: Mapping[str, Any]) -> None:
        """Keeps the weights as they are now."""
        save_weights(self._waiting(share), network, description)

    def finish(self) -> None:
        """Puts the kept weights where they belong."""
        for share in self.shares:
            with files.whole(self.folder / kept(share)) as part:
                shutil.copyfile(self._waiting(share), part)

    def _waiting(self, share: float) -> Path:
        return self.folder / f"snapshot-{share:g}.safetensors"
