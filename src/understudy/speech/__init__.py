"""Speech as networks hear it: 16 kHz samples of any media file, mel frames, and the windows that belong to pictures."""

from understudy.speech.lasting import frames
from understudy.speech.mel import BANDS, HOP, MEL_RATE, filters, mel
from understudy.speech.read import RATE, SHORTEST, read
from understudy.speech.shuffle import shuffled
from understudy.speech.windows import LENGTH, starts, windows

__all__ = [
    "BANDS",
    "HOP",
    "LENGTH",
    "MEL_RATE",
    "RATE",
    "SHORTEST",
    "filters",
    "frames",
    "mel",
    "read",
    "shuffled",
    "starts",
    "windows",
]
