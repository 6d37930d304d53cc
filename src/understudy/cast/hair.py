"""Hair of the head: an undercoat of shells over the scalp, and locks combed over it in a style.

Positions in styles are rest coordinates (see pack): the head spans x -0.75 to 0.75, y 6.1 to 8.5, z -0.4 to 1.55.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from understudy.cast.coat import Coat
from understudy.cast.facial_hair import beard_zone
from understudy.cast.hairline import scalp
from understudy.cast.identity import Identity
from understudy.cast.locks import Comb, comb
from understudy.cast.noise import Dice, Floats, Ints, smoothstep, unit, value_noise
from understudy.cast.pack import BODY, Pack, normals
from understudy.cast.skin import hair_colour, look_up


@dataclass(frozen=True, kw_only=True)
class Style:
    """flow: the direction in which hair lies, at rest points. length and lift in decimetres, count of locks, their
    width.

    fall: how soon a lock hangs down, 0 to 1. under: thickness of the shells.
    end: the lowest y that a lock from a root reaches. trim: factor on the length, at a root.
    """

    flow: Callable[[Floats, "Identity"], Floats]
    length: float
    lift: float
    count: int
    width: float
    fall: float = 0.0
    under: float = 0.04
    end: Callable[[Floats], Floats] | None = None
    trim: Callable[[Floats], Floats] = lambda rest: np.ones(len(rest))


def _clipped(rest: Floats) -> Floats:
    """Short at the sides and the nape, full length on top, a little shorter at the forehead."""
    top = 0.15 + 0.85 * smoothstep(7.5, 8.1, rest[:, 1])
    return np.asarray(top * (1 - 0.35 * smoothstep(0.9, 1.25, rest[:, 2])))


def _side(identity: Identity) -> float:
    """On which side the parting is."""
    return 1.0 if identity.seed % 2 else -1.0


def _whorl(rest: Floats, identity: Identity) -> Floats:
    """Away from a crown at the back of the head, forwards on top."""
    out = unit(rest - np.array([0.12 * _side(identity), 8.3, -0.15]))
    aside = 0.9 * _side(identity) * smoothstep(0.7, 1.15, rest[:, 2])
    return out + np.stack([aside, 0 * aside, 0 * aside], 1)


def _back(rest: Floats, identity: Identity) -> Floats:
    """Straight back, down at the sides."""
    x, y, z = rest.T
    down = -0.9 * smoothstep(0.35, 0.72, np.abs(x)) - 1.2 * smoothstep(0.2, -0.3, z)
    front = 0.55 * smoothstep(1.0, 1.35, z) * smoothstep(7.9, 8.1, y)
    return np.stack([0.25 * x, down + front, -1.0 + 0 * x], 1)


def _parted(rest: Floats, identity: Identity) -> Floats:
    """To both sides of a parting above one eye, and a little forwards."""
    x, _, z = rest.T
    across = x - 0.30 * _side(identity) * smoothstep(-0.3, 0.6, z)
    side = np.tanh(across * 9.0)
    return np.stack([side, -0.5 * np.abs(x), 0.15 + 0.25 * smoothstep(0.5, 1.2, z)], 1)


def _draped(rest: Floats, identity: Identity) -> Floats:
    """From a parting down both sides, and behind the ears' line at the front."""
    x, _, z = rest.T
    across = x - 0.12 * _side(identity) * smoothstep(-0.2, 0.6, z)
    return np.stack([np.tanh(across * 9.0), -0.45 - 0.6 * np.abs(x), -0.55 * smoothstep(0.55, 1.15, z)], 1)


def _fringe_end(rest: Floats) -> Floats:
    """Above the brows for what falls forwards, the shoulders for the rest."""
    return np.where(_ahead(rest) > 0.2, 7.66, 6.1)


def _ahead(rest: Floats) -> Floats:
    """1 where a fringe takes the hair forwards."""
    return np.asarray(smoothstep(0.62, 0.70, rest[:, 2]) * (1 - smoothstep(0.50, 0.55, np.abs(rest[:, 0]))))


def _fringed(rest: Floats, identity: Identity) -> Floats:
    """Forwards over the forehead in front, down at the sides and the back."""
    x, _, z = rest.T
    front = _ahead(rest)
    sides = _draped(rest, identity)
    ahead = np.stack([0.25 * x, -0.3 - 0.8 * smoothstep(0.95, 1.2, z), 1.0 + 0 * x], 1)
    return sides * (1 - front[:, None]) + ahead * front[:, None]


def _gathered(rest: Floats, identity: Identity) -> Floats:
    """Towards a knot at the back of the head."""
    return np.array([0.0, 7.95, -0.75]) - rest


STYLES = {
    "bald": Style(flow=_whorl, length=0, lift=0, count=0, width=0, under=0.012),
    "buzz": Style(flow=_whorl, length=0, lift=0, count=0, width=0, under=0.035),
    "receding": Style(flow=_back, length=0.34, lift=0.05, count=420, width=0.13, under=0.04, trim=_clipped),
    "crop": Style(flow=_whorl, length=0.34, lift=0.09, count=560, width=0.12, under=0.05, trim=_clipped),
    "swept": Style(flow=_back, length=0.55, lift=0.12, count=520, width=0.13, under=0.05, trim=_clipped),
    "parted": Style(flow=_parted, length=0.5, lift=0.11, count=520, width=0.13, under=0.05, trim=_clipped),
    "bob": Style(
        flow=_draped,
        length=2.0,
        lift=0.13,
        count=420,
        width=0.19,
        fall=0.5,
        under=0.06,
        end=lambda rest: 6.2 + 0 * rest[:, 0],
    ),
    "long": Style(
        flow=_draped,
        length=3.4,
        lift=0.12,
        count=440,
        width=0.20,
        fall=0.5,
        under=0.06,
        end=lambda rest: 4.9 + 0 * rest[:, 0],
    ),
    "fringe": Style(flow=_fringed, length=2.2, lift=0.12, count=460, width=0.19, fall=0.5, under=0.06, end=_fringe_end),
    "tied": Style(flow=_gathered, length=1.5, lift=0.07, count=460, width=0.16, under=0.05),
}


def grow(identity: Identity, points_V3: Floats, pack: Pack) -> tuple[Coat, ...]:
    """The coats of an identity's hair on a neutral head: shells, then locks if the style has them, then the beard."""
    style = STYLES[identity.hair.style]
    coats = [_shells(identity, style, points_V3, pack)]
    if style.count:
        coats.append(_locks(identity, style, points_V3, pack))
    if identity.beard in ("full", "goatee", "moustache"):
        coats.append(_beard(identity, points_V3, pack))
    return tuple(coats)


def _shells(identity: Identity, style: Style, points_V3: Floats, pack: Pack, layers: int = 3) -> Coat:
    """Layers over the scalp, sparser outwards and towards the hairline."""
    body = pack.triangles_T3[pack.of(BODY)]
    grown_V = scalp(identity, pack.rest_V3)
    chosen = body[(grown_V[body] > 0.02).any(1) & (pack.rest_V3[body][:, :, 1].min(1) > 6.2)]
    stretch = 1.2 if style.count == 0 else 0.3
    shade = (0.45, 0.4) if style.count == 0 else (0.25, 0.3)
    flow = style.flow(pack.rest_V3, identity)
    return _layers(identity, grown_V, chosen, flow, (style.under, stretch, *shade), points_V3, pack, layers)


def _beard(identity: Identity, points_V3: Floats, pack: Pack) -> Coat:
    """A short pile on jaw, chin and upper lip, that rides on the moving skin."""
    zone_V = beard_zone(identity, pack.rest_V3)
    body = pack.triangles_T3[pack.of(BODY)]
    # The insides of the lips lie under the moustache in rest coordinates too; only what faces outwards grows hair.
    outward = normals(pack.rest_V3, pack.triangles_T3)[:, 2] > -0.5
    zone_V = zone_V * outward * (1 - _near_lips(pack)) * (1 - _ears(pack))
    chosen = body[(zone_V[body] > 0.05).any(1)]
    down = np.tile([0.0, -1.0, 0.15], (len(zone_V), 1))
    coat = _layers(identity, zone_V, chosen, down, (0.045, 0.9, 0.5, 0.4), points_V3, pack, 3)
    return replace(coat, region="beard")


def _ears(pack: Pack) -> Floats:
    """1 on the ears, at the vertices."""
    at_V2 = np.zeros((len(pack.rest_V3), 2))
    at_V2[pack.triangles_T3] = pack.uv_U2[pack.corners_T3]
    return np.clip(3 * look_up(pack.masks["ears"], at_V2), 0, 1)


def _near_lips(pack: Pack) -> Floats:
    """1 on the lips and inside the mouth, at the vertices: beards stop there."""
    x, y, z = np.abs(pack.rest_V3[:, 0]), pack.rest_V3[:, 1], pack.rest_V3[:, 2]
    upper, lower = 6.725 - 0.9 * np.clip(x - 0.1, 0, None) ** 1.2, 6.48 + 0.55 * np.clip(x - 0.05, 0, None) ** 1.3
    mouth = smoothstep(lower - 0.02, lower + 0.01, y) * (1 - smoothstep(upper - 0.01, upper + 0.015, y))
    return np.asarray(np.maximum(mouth * (1 - smoothstep(0.27, 0.30, x)), (z < 1.3) & (x < 0.3) & (y > 6.35)))


def _layers(
    identity: Identity, grown_V: Floats, chosen: Ints, flow_V3: Floats, how: tuple[float, float, float, float],
    points_V3: Floats, pack: Pack, layers: int,
) -> Coat:  # fmt: skip
    """Shells over the chosen triangles. how: thickness, stretch of the pattern, shade at the bottom and its rise."""
    thick, stretch, dark, rise = how
    spare = 0.45 if stretch > 0.5 else 0.6
    used, index = np.unique(chosen, return_inverse=True)
    index = index.reshape(chosen.shape)
    rest, grown = pack.rest_V3[used], np.clip(grown_V[used], 0, 1)
    height = np.repeat(np.arange(1, layers + 1) / layers, len(used))
    profile = np.tile(grown * (0.8 + 0.4 * value_noise(rest, 3.0, identity.seed + 5)), layers)
    normal = np.tile(normals(points_V3, pack.triangles_T3)[used], (layers, 1))
    around = np.arctan2(rest[:, 0], -(rest[:, 2] - 0.35)) / (2 * np.pi) + 0.5
    uv = np.tile(np.stack([around * 1.5, (8.5 - rest[:, 1]) * stretch], 1), (layers, 1))
    threshold = np.clip(0.02 + spare * height + 1.2 * np.tile(1 - grown, layers), 0, 1.3)
    flow = unit(np.tile(flow_V3[used], (layers, 1)))
    return Coat(
        anchor_K=np.tile(used, layers), offset_K3=thick * (height * profile)[:, None] * normal,
        turn_K=np.tile(pack.turn_V[used], layers), normal_K3=normal, along_K3=flow, uv_K2=uv, threshold_K=threshold,
        shade_K=dark + rise * height,
        triangles_T3=np.concatenate([index + k * len(used) for k in range(layers)]), colour_3=hair_colour(identity),
    )  # fmt: skip


def _locks(identity: Identity, style: Style, points_V3: Floats, pack: Pack) -> Coat:
    """Locks from roots spread evenly over the scalp."""
    body = pack.triangles_T3[pack.of(BODY)]
    grown_V = scalp(identity, pack.rest_V3)
    ground = body[(grown_V[body] > 0.55).all(1) & (pack.rest_V3[body][:, :, 1].min(1) > 6.3)]
    dice = Dice(identity.seed * 31 + 5)
    roots = _scatter(points_V3, ground, dice, style.count)
    how = Comb(
        flow=lambda rest: style.flow(rest, identity), length=style.length * identity.hair.length, width=style.width,
        lift=style.lift * identity.hair.volume, trim=style.trim, fall=style.fall, end=style.end,
        curl=identity.hair.curl, colour_3=hair_colour(identity),
    )  # fmt: skip
    return comb(roots, how, points_V3, pack, dice)


def _scatter(points_V3: Floats, ground_T3: Ints, dice: Dice, count: int) -> Floats:
    """`count` triangles' vertices, by area, one of the three corners each."""
    a, b, c = (points_V3[ground_T3[:, k]] for k in range(3))
    area = np.sqrt((np.cross(b - a, c - a) ** 2).sum(1))
    cumulative = np.cumsum(area) / area.sum()
    # Stratified: one draw in each of `count` equal parts, so that no place stays bare.
    draws = (np.arange(count) + dice.uniform(0, 1, count)) / count
    triangle = np.minimum(np.searchsorted(cumulative, draws), len(ground_T3) - 1)
    return np.concatenate([ground_T3[triangle], np.sort(dice.uniform(0, 1, 2 * count).reshape(count, 2), 1)], 1)
