"""Hair of the head: shells over the scalp."""

import numpy as np

from understudy.cast.coat import Coat
from understudy.cast.hairline import scalp
from understudy.cast.identity import Identity
from understudy.cast.noise import Floats, value_noise
from understudy.cast.pack import BODY, Pack, normals
from understudy.cast.skin import hair_colour

_THICK = {"bald": 0.02, "buzz": 0.035, "receding": 0.08, "bun": 0.09, "crop": 0.10}


def grow(identity: Identity, points_V3: Floats, pack: Pack) -> tuple[Coat, ...]:
    """The coats of an identity's hair on a neutral head."""
    return (_shells(identity, points_V3, pack),)


def _shells(identity: Identity, points_V3: Floats, pack: Pack) -> Coat:
    """Layers over the scalp, sparser outwards."""
    body = pack.triangles_T3[pack.of(BODY)]
    grown_V = scalp(identity, pack.rest_V3)
    chosen = body[(grown_V[body] > 0.02).any(1) & (pack.rest_V3[body][:, :, 1].min(1) > 6.2)]
    used, index = np.unique(chosen, return_inverse=True)
    index = index.reshape(chosen.shape)
    layers = {"buzz": 3, "bald": 2}.get(identity.hair.style, 6)
    thick = _THICK.get(identity.hair.style, 0.14) * identity.hair.volume
    rest, grown = pack.rest_V3[used], np.clip(grown_V[used], 0, 1)
    normal = normals(points_V3, pack.triangles_T3)[used]
    height = np.tile(np.arange(1, layers + 1)[:, None] / layers, (1, len(used))).ravel()
    profile = np.tile(grown * (0.8 + 0.4 * value_noise(rest, 3.0, identity.seed + 5)), layers)
    comb = np.array([0, -0.35, -0.15])
    normal_K3 = np.tile(normal, (layers, 1))
    offset = thick * (height * profile)[:, None] * (normal_K3 + comb * height[:, None] * 0.6)
    around = np.arctan2(rest[:, 0], -(rest[:, 2] - 0.35)) / (2 * np.pi) + 0.5
    uv = np.stack([around * 3.0, (8.5 - rest[:, 1]) * 0.16], 1)
    threshold = np.clip(0.1 + 0.55 * height + np.tile(1 - grown, layers), 0, 1.2)
    threshold[np.tile(grown, layers) < 0.3] = 2.0
    return Coat(
        anchor_K=np.tile(used, layers), offset_K3=offset, turn_K=np.tile(pack.turn_V[used], layers),
        normal_K3=normal_K3, along_K3=np.tile([0.0, 1.0, 0.0], (len(height), 1)), uv_K2=np.tile(uv, (layers, 1)),
        threshold_K=threshold, shade_K=height, colour_3=hair_colour(identity),
        triangles_T3=np.concatenate([index + k * len(used) for k in range(layers)]),
    )  # fmt: skip
