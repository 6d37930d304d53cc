"""Learning: one training loop that every method hands its network, its step and its sampler.

What is exact: on a CPU an interrupted training that is resumed gives the very bytes of one that was not.
"""

from understudy.learning.keeping import kept
from understudy.learning.loop import Sampler, Step, learn
from understudy.learning.machine import autocast, device, halved, uses_bf16
from understudy.learning.sampling import Draws, Steps
from understudy.learning.settings import Learning, Run
from understudy.learning.weights import load_weights, save_weights

__all__ = [
    "Draws",
    "Learning",
    "Run",
    "Sampler",
    "Step",
    "Steps",
    "autocast",
    "device",
    "halved",
    "kept",
    "learn",
    "load_weights",
    "save_weights",
    "uses_bf16",
]
