"""A mean's interval, its test against 0, and what both speak of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from understudy.stats.grid import Floats
from understudy.stats.reach import Reach
from understudy.stats.trainings import Trainings

ROUNDING = 1e-12
SPEAKS_OF = {"people": "speaks of new people like these", "clips": "says nothing of other people"}


@dataclass(frozen=True, kw_only=True)
class Inference:
    """error: the mean's standard error, NaN when the reach is none; freedom: of the t that goes with it."""

    mean: float
    error: float
    freedom: float

    def half(self, level: float) -> float:
        """Half the width of the interval."""
        return self.error * float(special.stdtrit(self.freedom, (1 + level) / 2)) if self.error else 0.0

    def p(self) -> float:
        """Two-sided, of a mean of 0."""
        if self.error == 0:
            return float(self.mean == 0)
        return 2 * float(special.stdtr(self.freedom, -abs(self.mean) / self.error))


def infer(reached: Reach, values_C: Floats, trained: Sequence[Trainings]) -> Inference:
    """The mean of the cells and its standard error, what trainings add included where the reach lacks it.

    Over people each pair's own trainings are in its pair's value; over clips they are not.
    """
    mean = float(reached.weights_C @ values_C)
    if not reached.over:
        return Inference(mean=mean, error=float("nan"), freedom=float("nan"))
    sums = [(part.variance(values_C), part.freedom) for part in reached.parts]
    sums += [training.shared for training in trained]
    sums += [training.apart for training in trained if reached.over == "clips"]
    total = sum(variance for variance, _ in sums)
    if total <= (ROUNDING * float(np.abs(values_C).max())) ** 2:  # all the same but for rounding
        return Inference(mean=mean, error=0.0, freedom=float("nan"))
    squares = sum(variance**2 / freedom for variance, freedom in sums if variance)
    return Inference(mean=mean, error=float(np.sqrt(total)), freedom=total**2 / squares)


def said(reached: Reach, found: Inference, level: float) -> str:
    """Of what the interval speaks, or why there is none."""
    if not reached.over:
        return f"no interval: {reached.words}"
    freedom = f" (t, {found.freedom:.1f} degrees of freedom)" if found.error else ""
    return f"{level:.0%} interval {reached.words}{freedom}: {SPEAKS_OF[reached.over]}"
