"""The 68 landmarks of the iBUG scheme as vertices of the base mesh."""

import numpy as np

LANDMARKS = np.zeros(68, np.int64)
