"""Weights that others published: read without running what is in them, checked, and converted once.

A checkpoint is a pickle more often than not, and a pickle is a program. Nothing here runs one: tensors and plain values
are taken, and whatever asks for more is refused by name.
"""

from understudy.checkpoints.adopting import adopt
from understudy.checkpoints.kinds import looks_like, stripped, tensors_of
from understudy.checkpoints.published import Published, Weights, names, published
from understudy.checkpoints.reading import read

__all__ = ["Published", "Weights", "adopt", "looks_like", "names", "published", "read", "stripped", "tensors_of"]
