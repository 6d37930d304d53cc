"""Media files in and out: probing, reading and writing by stream, and ffmpeg's filter graphs.

Everything here streams: memory does not grow with a clip's length. Pictures are RGB uint8, shape HWC; time is in
seconds and starts with a clip's first video frame; a rotation that a file asks for is already applied. A still picture
may stand where a clip does: normalised, it is one.
"""

from understudy.media.graph import mux, normalise, segment
from understudy.media.heard import carried
from understudy.media.probe import Probe, Sound, check, describe, metadata, probe
from understudy.media.read import frames, sound
from understudy.media.still import is_still, read_still
from understudy.media.write import Writer, write

__all__ = [
    "Probe",
    "Sound",
    "Writer",
    "carried",
    "check",
    "describe",
    "frames",
    "is_still",
    "metadata",
    "mux",
    "normalise",
    "probe",
    "read_still",
    "segment",
    "sound",
    "write",
]
