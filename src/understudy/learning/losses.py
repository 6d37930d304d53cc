"""The losses of a training: read late, held to be numbers, averaged into the rows of its table."""

import math
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from understudy.errors import Error
from understudy.learning import record
from understudy.learning.budget import Budget
from understudy.learning.settings import Learning

RECORDS = 500  # rows of the loss table in a whole training


class Losses:
    """What the steps lost since it was last read, and the rows of what was.

    They are kept as tensors: reading one would make an accelerator wait at every step.
    """

    def __init__(self, settings: Learning, budget: Budget, snapshot: Path) -> None:
        self.settings, self.budget, self.progress, self.snapshot = settings, budget, budget.progress, snapshot
        self.every = max(1, settings.steps // RECORDS)
        self.unread: list[Mapping[str, Tensor]] = []

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Those of the step that is done."""
        self.unread.append({name: value.detach() for name, value in losses.items()})

    def due(self, before: float) -> bool:
        """Whether the table has a row after the step that is done; `before` it, so much of the budget was spent."""
        if self.budget.steps_alone:
            return self.progress.step % self.every == 0
        return int(self.budget.share * RECORDS) > int(before * RECORDS)

    def read(self) -> None:
        """Reads what is unread. Raises Error at the first that is not a number."""
        first = self.progress.step - len(self.unread)
        for offset, losses in enumerate(self.unread):
            values = {name: float(value) for name, value in losses.items()}
            if not all(math.isfinite(value) for value in values.values()):
                raise self.diverged(f"the loss is no longer a number at step {first + offset + 1} ({values})")
            self.progress.pending.append(values)
        self.unread.clear()

    def tabulate(self, rate: float) -> None:
        """Adds a row to the table. rate: of the last step."""
        self.progress.table.append(record.mean(self.progress.step, rate, self.progress.pending))
        self.progress.pending = []

    def diverged(self, fact: str) -> Error:
        """What to say of a training that cannot go on, and what to try."""
        settings = self.settings
        kept = f"The last good snapshot is {self.snapshot.name}" if self.snapshot.exists() else "No snapshot yet"
        clip = f"lower learning.clip ({settings.clip:g})" if settings.clip else "set learning.clip (1, say)"
        precision = "" if settings.precision == "fp32" else ", or learn in fp32 (learning.precision)"
        return Error(
            self.snapshot.parent,
            fact,
            f"{kept}; lower learning.rate ({settings.rate:g}), {clip}{precision}. Another setting needs a new start: "
            "remove the snapshot for it.",
        )
