"""The 68 landmarks of the iBUG scheme (Sagonas et al. 2013) as vertices of the base mesh.

Each is the vertex nearest on average to where dlib's predictor finds that landmark on six rendered actors in three
poses, left and right mirrored, the middle ones on the middle line; the inner lips from frames with an open mouth,
the lids' rims where a blink makes them meet.
"""

import numpy as np

LANDMARKS = np.array([
    2262, 2417, 2327, 2599, 735, 2145, 2142, 914, 732, 3478, 4660, 4662, 3317, 5108, 4838, 4926, 4773,
    262, 2107, 229, 223, 233, 2868, 2859, 2864, 4627, 2893, 132, 131, 201, 294, 344, 313, 317,
    2938, 2967, 21, 2, 1862, 72, 46, 40, 2718, 4392, 2648, 2667, 2686, 2692, 501, 2198, 460,
    466, 3081, 4712, 3112, 3101, 3103, 492, 486, 484, 446, 472, 474, 3090, 3068, 3126, 523, 517,
])  # fmt: skip
