"""Timing: whether the fake says the driver's words when the driver does.

`voice lag` is the shift at which the changes of loudness of fake and driver agree best (`sync.lag`, `sync.onsets`:
steps of 5 ms, up to half a second, finer by a parabola). Changes of the logarithm of loudness survive a change of voice
and of volume. A lag whose correlation is low says nothing.

Rows:
  `voice lag`            ms, near 0 (positive: the fake is late), n = steps of 5 ms
  `voice lag agreement`  correlation at that lag, higher, n the same
  `duration difference`  ms, near 0: the fake's sound less the driver's, n = 1
Lag and agreement are NaN for silence, the lag also where no shift within half a second fits best. A codec pads sound:
some tens of ms of difference in duration are its own.
"""

from functools import partial

import numpy as np

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import RATE, Listening, sounds
from understudy.metrics.sync import STEPS, lag, onsets

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
LAG = Quantity("voice lag", "ms", "near 0")
AGREEMENT = Quantity("voice lag agreement", "correlation", "higher")
DURATION = Quantity("duration difference", "ms", "near 0")
SEES: dict[str, tuple[Damage, ...]] = {LAG.name: ("delay",)}


def meter(case: Case) -> Meter | None:
    """Compares with the driver's sound."""
    return Listening(partial(_rows, case))


def _rows(case: Case) -> list[Row]:
    both = sounds(case)
    if both is None:
        return [row(quantity, np.nan, 0) for quantity in (LAG, AGREEMENT, DURATION)]
    fake, driver = both
    changes = onsets(fake.samples_N, RATE), onsets(driver.samples_N, RATE)
    late, alike = lag(*changes, STEPS)
    steps = min(map(len, changes))
    longer = 1000 * (fake.seconds - driver.seconds)
    return [row(LAG, 1000 * late, steps), row(AGREEMENT, alike, steps), row(DURATION, longer, 1)]
