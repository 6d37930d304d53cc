"""Whether a subject has spoken enough for a voice to be learned."""

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.errors import SpeechError
from understudy.speech.segments import Segments

FEWEST = 5  # segments a speaker that so-vits-svc-fork's training needs
MINUTES = 20.0  # of speech that the work which this program continues states as the least


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much speech a subject has. warning: what is to be told when it is little, or None."""

    seconds: float
    segments: int
    warning: str | None


def enough(recordings: Sequence[Segments], subject: str, *, fewest: int = FEWEST, minutes: float = MINUTES) -> Amount:
    """How much speech the recordings of a subject hold.

    Below `minutes` it is told, with the figure. Raises SpeechError below `fewest` segments: what training needs.
    """
    seconds = sum(each.seconds for each in recordings)
    count = sum(len(each.paths) for each in recordings)
    length = f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"
    had = f"{count} segment{'' if count == 1 else 's'} of speech ({length})"
    if count < fewest:
        remedy = f"Learning a voice needs at least {fewest}: add recordings, or loosen what drops their segments."
        raise SpeechError(subject, f"has {had}", remedy)
    warning = None
    if seconds < 60 * minutes:
        warning = f"{subject} has {had}, and {minutes:g} minutes or more are advised: the voice will be less alike."
    return Amount(seconds=seconds, segments=count, warning=warning)
