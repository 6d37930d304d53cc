"""Skin, lips, brows and beard painted once per identity into a texture: albedo (linear RGB) and gloss.

Everything is placed by rest coordinates, so it follows the shape. Letters: N texels of the body, H W texture.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.cast.facial_hair import beard_cover, brow_cover
from understudy.cast.hairline import scalp
from understudy.cast.identity import Clothes, Identity
from understudy.cast.noise import Floats, Ints, fractal_noise, linear, mix, smoothstep, value_noise
from understudy.cast.pack import BODY, Pack, load_pack
from understudy.cast.raster import raster
from understudy.cast.shape import shirt

SIDE = 1024
HAIR_COLOURS = {
    "black": (20, 17, 16), "darkbrown": (44, 31, 24), "brown": (82, 56, 38), "auburn": (104, 54, 32),
    "ginger": (158, 88, 46), "blond": (188, 152, 104), "grey": (138, 136, 133), "white": (206, 204, 199),
}  # fmt: skip
_LIGHT, _MIDDLE, _DARK = linear((236, 196, 174)), linear((176, 122, 88)), linear((74, 46, 34))
Mask = Callable[[str], Floats]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Where each texel of the texture lies on the body: texels_N (flat index), rest_N3; masks_N by name, 0 to 1.

    seams_M2: texels just outside the islands, and the texel each copies, so that a look-up at a seam stays inside.
    corner_U2: texture coordinates (u right, v up) of every corner; the head's island has most of the room.
    """

    corner_U2: Floats
    texels_N: Ints
    rest_N3: Floats
    masks: dict[str, Floats]
    seams_M2: Ints


@functools.cache
def layout() -> Layout:
    """The texture layout of the pack."""
    pack = load_pack()
    body = pack.of(BODY)
    triangles, corners = pack.triangles_T3[body], pack.corners_T3[body]
    corner_U2 = _islands(pack, triangles, corners)
    screen = np.stack([corner_U2[:, 0] * SIDE, (1 - corner_U2[:, 1]) * SIDE, np.ones(len(corner_U2))], 1)
    cover = raster(screen, corners, SIDE, SIDE, cull=False)
    texels = np.nonzero(cover.triangle_P >= 0)[0]
    seen, b0, b1 = cover.triangle_P[texels], cover.first_P[texels][:, None], cover.second_P[texels][:, None]

    def spread(values: Floats, index: Ints) -> Floats:
        return np.asarray(b0 * values[index[:, 0]] + b1 * values[index[:, 1]] + (1 - b0 - b1) * values[index[:, 2]])

    at = spread(pack.uv_U2, corners[seen])
    masks = {name: look_up(mask, at) for name, mask in pack.masks.items()}
    rest_N3 = spread(pack.rest_V3, triangles[seen])
    return Layout(corner_U2=corner_U2, texels_N=texels, rest_N3=rest_N3, masks=masks, seams_M2=_seams(texels))


def look_up(mask_HW: NDArray[np.uint8], at_N2: Floats) -> Floats:
    """A mask's values [0, 1] at texture coordinates, nearest texel."""
    high, wide = mask_HW.shape
    row = np.clip(((1 - at_N2[:, 1]) * high).astype(int), 0, high - 1)
    return np.asarray(mask_HW[row, np.clip((at_N2[:, 0] * wide).astype(int), 0, wide - 1)] / 255.0)


def _islands(pack: Pack, triangles: Ints, corners: Ints) -> Floats:
    """Texture coordinates in which the head's island fills three quarters and all the others share the rest."""
    label = np.arange(len(pack.uv_U2))
    while True:
        lowest, wider = label[corners].min(1), label.copy()
        for k in range(3):
            np.minimum.at(wider, corners[:, k], lowest)
        wider = wider[wider]
        if (wider == label).all():
            break
        label = wider
    rest = pack.rest_V3[triangles]
    nose = corners[np.argmax(rest[:, :, 2].max(1) * (rest[:, :, 1].max(1) > 7.2)), 0]
    used = np.zeros(len(label), bool)
    used[np.unique(corners)] = True
    placed = np.zeros_like(pack.uv_U2)
    head = label == label[nose]
    for island, left, wide in ((head & used, 0.002, 0.746), (~head & used, 0.752, 0.246)):
        low, high = pack.uv_U2[island].min(0), pack.uv_U2[island].max(0)
        fitted = (pack.uv_U2[island] - low) / (high - low) * 0.99 + 0.005
        placed[island] = np.stack([left + fitted[:, 0] * wide, fitted[:, 1]], 1)
    return placed


def tone(identity: Identity) -> Floats:
    """The base colour of the skin, linear RGB."""
    melanin = identity.skin.melanin
    if melanin < 0.55:
        return mix(_LIGHT, _MIDDLE, melanin / 0.55)
    return mix(_MIDDLE, _DARK, (melanin - 0.55) / 0.45)


def hair_colour(identity: Identity) -> Floats:
    """The colour of the hair, linear RGB."""
    return linear(HAIR_COLOURS[identity.hair.colour])


def paint(identity: Identity) -> NDArray[np.float32]:
    """The texture of an identity, SIDE x SIDE x (red, green, blue, gloss)."""
    where = layout()
    albedo, gloss = _skin(identity, where)
    albedo = mix(albedo, _cloth(identity.clothes, where), shirt(identity.clothes, where.rest_N3)[:, None])
    gloss = gloss * (1 - shirt(identity.clothes, where.rest_N3))
    flat = np.zeros((SIDE * SIDE, 4))
    flat[where.texels_N, :3] = np.clip(albedo, 0, 1)
    flat[where.texels_N, 3] = np.clip(gloss, 0, 1)
    flat[where.seams_M2[:, 0]] = flat[where.seams_M2[:, 1]]
    return flat.reshape(SIDE, SIDE, 4).astype(np.float32)


def _seams(texels_N: Ints) -> Ints:
    """Empty texels within four of an island, each with the texel of the island that it copies, nearest first."""
    origin = np.full((SIDE, SIDE), -1)
    origin.ravel()[texels_N] = texels_N
    inside = origin >= 0
    for _ in range(4):
        grown = origin.copy()
        for shift in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            near = np.roll(origin, shift, (0, 1))
            grown = np.where((grown < 0) & (near >= 0), near, grown)
        origin = grown
    fresh = np.nonzero((origin >= 0) & ~inside)
    return np.stack([fresh[0] * SIDE + fresh[1], origin[fresh]], 1)


def _cloth(clothes: Clothes, where: Layout) -> Floats:
    weave = fractal_noise(where.rest_N3, 14.0, 3, 3)
    return np.asarray(linear(clothes.shirt) * (1 + 0.1 * (weave - 0.5))[:, None])


def _skin(identity: Identity, where: Layout) -> tuple[Floats, Floats]:
    """Albedo_N3 and gloss_N of skin with lips, brows, beard and scalp."""
    rest, seed = where.rest_N3, identity.seed * 101 + 7
    x, y, z = rest[:, 0], rest[:, 1], rest[:, 2]
    mottle = 0.16 * (fractal_noise(rest, 3.0, seed) - 0.5) + 0.14 * (fractal_noise(rest, 14.0, seed + 3) - 0.5)
    colour = tone(identity) * (1 + mottle + 0.08 * (value_noise(rest, 60.0, seed + 5) - 0.5))[:, None]
    colour = _flush(identity, colour, where)
    colour = _spots(identity, colour, rest, seed)
    colour = _lines(identity, colour, rest, seed)
    gloss = 0.35 + 0.3 * np.exp(-((y - 7.0) ** 2 / 0.5 + x**2 / 0.05)) * (z > 1.0)
    colour, gloss, lips = _lips(identity, colour, gloss, where, seed)
    inside = where.masks["inside-mouth"]
    colour = mix(colour, (0.30, 0.085, 0.075), inside[:, None])
    hair = hair_colour(identity)
    covers = (
        (brow_cover(identity, rest), hair * (0.5 if identity.hair.colour in ("white", "grey") else 0.7), 0.6),
        (beard_cover(identity, rest, bare=np.maximum(lips, inside), ears=where.masks["ears"]), hair, 0.7),
        (scalp_cover(identity, rest), hair * 0.8, 0.6),
    )
    for cover, tint, matt in covers:
        colour, gloss = mix(colour, tint, cover[:, None]), gloss * (1 - matt * cover)
    return colour, gloss


def scalp_cover(identity: Identity, rest_N3: Floats) -> Floats:
    """How much the roots of the hair darken the scalp."""
    density = {"bald": 0.35, "buzz": 0.85}.get(identity.hair.style, 0.95)
    roots = 0.75 + 0.5 * value_noise(rest_N3, 45.0, identity.seed * 101 + 58)
    return np.clip(scalp(identity, rest_N3) * density * roots, 0, 1)


def _flush(identity: Identity, colour: Floats, where: Layout) -> Floats:
    """Red cheeks, nose, chin and ears; darker eye sockets and lids."""
    rest, skin = where.rest_N3, identity.skin
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    red = np.zeros(len(rest))
    for cx, cy, cz, radius, share in (
        (0.42, 6.98, 1.25, 0.26, 0.8), (0, 6.93, 1.62, 0.17, 0.9), (0, 6.25, 1.42, 0.2, 0.35), (0.75, 7.1, 0.3,
        0.28, 0.5),
    ):  # fmt: skip
        red += share * np.exp(-((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / radius**2)
    red *= (0.25 + 0.75 * skin.ruddiness) * (1 - 0.6 * skin.melanin)
    colour = colour * (1 - np.stack([0.02 * red, 0.2 * red, 0.17 * red], 1))
    socket = np.exp(-((x - 0.31) ** 2 / 0.06 + (y - 7.2) ** 2 / 0.022)) * (z > 0.9)
    colour = colour * (1 - (0.13 + 0.12 * identity.age) * socket[:, None] * np.array([0.7, 1, 0.9]))
    return np.asarray(colour * (1 - 0.22 * where.masks["eyelids"][:, None] * np.array([0.5, 0.9, 0.8])))


def _spots(identity: Identity, colour: Floats, rest: Floats, seed: int) -> Floats:
    """Freckles and moles."""
    x, y, z = rest[:, 0], rest[:, 1], rest[:, 2]
    zone = np.exp(-((y - 7.0) ** 2 / 0.12)) * (z > 0.8) * smoothstep(0.70, 0.82, value_noise(rest, 34.0, seed + 9))
    strength = 0.45 * identity.skin.freckles * (1 - 0.8 * identity.skin.melanin)
    colour = colour * (1 - strength * zone[:, None] * np.array([0.6, 0.9, 1]))
    for cx, cy, radius in identity.skin.moles:
        spot = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / radius**2) * (z > 0.7)
        colour = colour * (1 - 0.6 * spot[:, None])
    return np.asarray(colour)


def _lines(identity: Identity, colour: Floats, rest: Floats, seed: int) -> Floats:
    """Lines on the forehead and at the eye corners, with age."""
    if identity.age <= 0.25:
        return colour
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    depth = (identity.age - 0.25) * 0.5
    wave = np.sin(y * 62 + 2.2 * value_noise(rest, 5.0, seed + 21) * 6.28)
    zone = smoothstep(7.62, 7.72, y) * (1 - smoothstep(8.0, 8.1, y)) * (z > 0.9) * (1 - smoothstep(0.35, 0.55, x))
    colour = colour * (1 - depth * 0.22 * (smoothstep(0.3, 1.0, wave) * zone)[:, None])
    fan = np.sin((y - 7.28) / (x - 0.42 + 1e-3) * 16)
    zone = np.exp(-((x - 0.56) ** 2 / 0.006 + (y - 7.26) ** 2 / 0.02)) * (z > 0.8)
    return np.asarray(colour * (1 - depth * 0.3 * (smoothstep(0.3, 1.0, fan) * zone)[:, None]))


def _lips(identity: Identity, colour: Floats, gloss: Floats, where: Layout, seed: int) -> tuple[Floats, Floats, Floats]:
    """Tinted, shinier lips; also their mask."""
    lips, base, melanin = where.masks["lips"] * (where.rest_N3[:, 2] > 0.9), tone(identity), identity.skin.melanin
    made_up = mix(linear((168, 62, 64)), linear((150, 48, 90)), identity.lips.hue)
    tint = mix(base * np.array([0.86, 0.52, 0.5]), made_up, identity.lips.tint * 0.6)
    if melanin > 0.5:
        tint = mix(tint, base * np.array([0.8, 0.62, 0.6]), 0.5)
    creases = 1 + 0.25 * (value_noise(where.rest_N3, (60.0, 8.0, 8.0), seed + 13) - 0.5)
    return mix(colour, tint * creases[:, None], 0.85 * lips[:, None]), gloss + 0.35 * lips, lips
