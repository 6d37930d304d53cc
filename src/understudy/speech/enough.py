"""Whether a subject has spoken enough for a voice to be learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.errors import SpeechError
from understudy.job import log
from understudy.speech.segments import Segments

MINUTES = 20.0  # of speech that the work which this program continues states as the least


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much speech a subject has. warning: what is to be told when it is little, or None."""

    seconds: float
    segments: int
    warning: str | None


def enough(
    recordings: Sequence[Segments], subject: str, *, fewest: int = 1, least: float = 0.0, minutes: float = MINUTES
) -> Amount:
    """How much speech the recordings of a subject hold.

    Below `minutes` it is told, with the figure. Raises SpeechError below what a training needs: `fewest` segments of
    `least` seconds together.
    """
    seconds = sum(each.seconds for each in recordings)
    count = sum(len(each.paths) for each in recordings)
    length = f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.1f} seconds"
    had = f"{_counted(count)} of speech ({length})"
    if count < fewest or seconds < least:
        needed = _counted(fewest) if count < fewest else f"{least:.1f} seconds"
        remedy = f"Learning their voice needs at least {needed}: add recordings, or loosen what drops their segments."
        raise SpeechError(subject, f"has {had}", remedy)
    warning = None
    if seconds < 60 * minutes:
        warning = f"{subject} has {had}, and {minutes:g} minutes or more are advised: the voice will be less alike."
    return Amount(seconds=seconds, segments=count, warning=warning)


def _counted(segments: int) -> str:
    return f"{segments} segment{'' if segments == 1 else 's'}"


def require_enough(recordings: Mapping[str, Sequence[Segments]], *, fewest: int = 1, least: float = 0.0) -> None:
    """Asks `enough` of every subject of a training, before anything of anybody is analysed; says in the log of whom
    there is little."""
    amounts = [enough(held, subject, fewest=fewest, least=least) for subject, held in recordings.items()]
    for warning in (each.warning for each in amounts if each.warning):
        log(warning)
