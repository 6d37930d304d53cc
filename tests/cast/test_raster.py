"""The rasteriser against the definition of coverage, and its backends against each other."""

import numpy as np
import pytest

from understudy.cast.raster import Cutout, raster


def scene(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    corners = random.uniform([-8, -8, 2], [48, 40, 9], (count, 1, 3)) + random.normal(0, 6, (count, 3, 3)) * [1, 1, 0.1]
    return corners.reshape(-1, 3), np.arange(3 * count).reshape(count, 3)


@pytest.mark.parametrize("cull", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_both_backends_agree_bit_for_bit(seed: int, cull: bool) -> None:
    points, triangles = scene(seed)
    random = np.random.default_rng(seed)
    cutout = Cutout(
        uv_V2=random.uniform(-2, 2, (len(points), 2)), pattern_HW=random.random((8, 8)),
        threshold_V=random.random(len(points))
    )  # fmt: skip
    for holes in (None, cutout):
        covers = [raster(points, triangles, 40, 32, cull=cull, cutout=holes, backend=b) for b in ("numba", "numpy")]
        for name in ("triangle_P", "first_P", "second_P", "depth_P"):
            np.testing.assert_array_equal(getattr(covers[0], name), getattr(covers[1], name))


def test_two_triangles_tile_a_rectangle_without_gap_or_overlap() -> None:
    points = np.array([[3.0, 2, 1], [17, 2, 1], [17, 12, 1], [3, 12, 1]])
    for triangle in ([[0, 1, 2]], [[0, 2, 3]], [[0, 1, 2], [0, 2, 3]]):
        seen = raster(points, np.array(triangle), 20, 16, cull=False).triangle_P >= 0
        if len(triangle) == 2:
            whole = np.zeros((16, 20), bool)
            whole[2:12, 3:17] = True
            np.testing.assert_array_equal(seen.reshape(16, 20), whole)
    halves = [raster(points, np.array([t]), 20, 16, cull=False).triangle_P >= 0 for t in ([0, 1, 2], [0, 2, 3])]
    assert not (halves[0] & halves[1]).any()


def test_the_nearer_triangle_wins_and_depth_is_perspective_correct() -> None:
    points = np.array([[0.0, 0, 1], [32, 0, 4], [0, 32, 4], [0, 0, 3], [32, 0, 3], [0, 32, 3]])
    cover = raster(points, np.array([[0, 1, 2], [3, 4, 5]]), 32, 32, cull=False)
    seen = cover.triangle_P.reshape(32, 32)
    assert seen[0, 0] == 0
    assert seen[2, 28] == 1
    # Along a projected line, inverse depth is linear in the picture.
    expected = 1 - 0.75 * (0.5 + 0.5) / 32
    assert cover.depth_P[0] == pytest.approx(expected, abs=1e-6)
