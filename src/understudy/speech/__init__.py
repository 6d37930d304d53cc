"""Speech: recordings cut into segments of one voice, loudness, and sound as networks hear it."""

from understudy.speech.enough import Amount, enough, require_enough
from understudy.speech.extract import extract
from understudy.speech.lasting import frames
from understudy.speech.loudness import integrated_loudness
from understudy.speech.mel import BANDS, HOP, MEL_RATE, filters, mel
from understudy.speech.read import RATE, SHORTEST, read
from understudy.speech.segmenting import Segmenting
from understudy.speech.segments import Segments
from understudy.speech.shuffle import shuffled
from understudy.speech.windows import LENGTH, starts, windows

__all__ = [
    "Amount",
    "BANDS",
    "HOP",
    "LENGTH",
    "MEL_RATE",
    "RATE",
    "SHORTEST",
    "Segmenting",
    "Segments",
    "enough",
    "extract",
    "filters",
    "frames",
    "integrated_loudness",
    "mel",
    "read",
    "require_enough",
    "shuffled",
    "starts",
    "windows",
]
