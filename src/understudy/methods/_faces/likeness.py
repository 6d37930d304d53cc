"""Structural similarity of pictures, as a loss: Wang et al. 2004, equation 13, data range 1.

Legend of shapes: B batch, C channels, H height, W width; pictures are in [0, 1].
"""

import torch
from torch import Tensor


def similarity(drawn_BCHW: Tensor, true_BCHW: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The map of structural similarity. rows, columns: the matrices that blur with the window from left and right.

    A window that is a product of two band matrices is far faster than a convolution on a CPU. Only the sum of the two
    variances is needed, so four blurs do; those of the true picture take no gradient.
    """

    def blur(x_BCHW: Tensor) -> Tensor:
        return rows @ x_BCHW @ columns.T

    with torch.autocast(drawn_BCHW.device.type, enabled=False):  # variances are differences: bf16 would lose them
        drawn, true = drawn_BCHW.float(), true_BCHW.float()
        mean_drawn, mean_true = blur(drawn), blur(true)
        product, squares = mean_drawn * mean_true, mean_drawn.square() + mean_true.square()
        covariance = blur(drawn * true) - product
        variances = blur(drawn.square() + true.square()) - squares
        light = (2 * product + 0.01**2) / (squares + 0.01**2)
        structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
        return light * structure
