"""The invisible, keyed watermark: 32 bits in pictures and in sound, which outlive re-encoding, scaling and cropping.

Embed first, then encode, then sign. What is found in a file can be forged by whoever has the key, and PUBLIC is known
to all: a mark is a hint about where a file comes from, the signature is the proof.
"""

from understudy.watermark.found import Found
from understudy.watermark.hearing import detect_sound
from understudy.watermark.key import PUBLIC, payload
from understudy.watermark.picture import Picture
from understudy.watermark.search import detect_pictures
from understudy.watermark.sound import mark_sound

__all__ = ["PUBLIC", "Found", "Picture", "detect_pictures", "detect_sound", "mark_sound", "payload"]
