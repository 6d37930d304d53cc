"""Light on skin, eyes and hair. Each model is one function of plain arithmetic: numpy applies it to whole arrays, numba
compiles it for one point at a time, and both give the same bits (no powers, no trigonometry).

Letters: N points; nx, ny, nz a unit normal; a light's vectors and colours come as one flat list (see _flat).
"""

from typing import Any

import numba
import numpy as np

from understudy.cast.noise import Floats
from understudy.cast.raster import Backend
from understudy.cast.scene import Lights


def _flat(light: Lights) -> Floats:
    """key 0-2, its colour 3-5, strength 6, fill 7-9, 10, rim 11-13, 14, sky 15-17, ground 18-20, half vector 21-23."""
    return np.concatenate([
        light.key_3, light.key_colour_3, [light.key], light.fill_3, [light.fill], light.rim_3, [light.rim], light.sky_3,
        light.ground_3, light.half_3,
    ])  # fmt: skip


def _square(x: Any) -> Any:
    return x * x


def _clip(x: Any) -> Any:
    return np.minimum(np.maximum(x, 0.0), 1.0)


def _surface(nx: Any, ny: Any, nz: Any, lit: Any, sky: Any, spec: Any, gloss: Any, flesh: Any, L: Any) -> Any:
    """Light on skin, teeth and eyes: (diffuse red, green, blue; shine).

    Wrapped Lambert, redder for flesh (light bleeds through skin), sky and ground under ambient occlusion, a fill, a
    rim, and Blinn-Phong lobes stronger at a grazing view. lit: shadow. sky: occlusion. flesh: 1 for skin, else 0.
    """
    key = nx * L[0] + ny * L[1] + nz * L[2]
    wr, wg, wb = 0.08 + 0.24 * flesh, 0.08 + 0.08 * flesh, 0.08 + 0.02 * flesh
    shade = lit * 0.94
    up = ny * 0.5 + 0.5
    open_sky = sky * 0.85 + 0.15 * sky * sky
    fill = L[10] * _clip((nx * L[7] + ny * L[8] + nz * L[9]) * 0.8 + 0.2) * sky
    facing = _clip(nz)
    rim = _clip(nx * L[11] + ny * L[12] + nz * L[13]) * (1.0 - facing) * L[14] * sky
    rest = fill + rim
    red = L[3] * _clip((key + wr) / (1.0 + wr)) * (shade + 0.078) + (L[18] + (L[15] - L[18]) * up) * open_sky + rest
    green = L[4] * _clip((key + wg) / (1.0 + wg)) * (shade + 0.048) + (L[19] + (L[16] - L[19]) * up) * open_sky + rest
    blue = L[5] * _clip((key + wb) / (1.0 + wb)) * (shade + 0.042) + (L[20] + (L[17] - L[20]) * up) * open_sky + rest
    h2 = _square(_clip(nx * L[21] + ny * L[22] + nz * L[23]))
    h8 = _square(_square(h2))
    h32 = _square(_square(h8))
    h256 = _square(_square(_square(h32)))
    grazing = 0.5 + 1.5 * _square(1.0 - facing)
    shine = spec * (0.10 * h8 + 0.12 * h32) * grazing * lit * L[6] * 0.6
    shine = shine + gloss * h256 * 1.2 * L[6] * (0.3 + 0.7 * lit)
    return red, green, blue, shine


def _strand(nx: Any, ny: Any, nz: Any, tx: Any, ty: Any, tz: Any, lit: Any, shade: Any, tuft: Any, L: Any) -> Any:
    """Light on hair (Kajiya and Kay 1989): (diffuse red, green, blue; shine).

    t: the strand's direction. shade: 0 among the roots to 1 outside. tuft: 0 to 1, which strand of the pattern this is.
    """
    key = nx * L[0] + ny * L[1] + nz * L[2]
    along = tx * L[0] + ty * L[1] + tz * L[2]
    across = np.sqrt(_clip(1.0 - along * along))
    direct = across * _clip(key * 0.7 + 0.3) * lit
    up = ny * 0.5 + 0.5
    rest = L[10] * _clip((nx * L[7] + ny * L[8] + nz * L[9]) * 0.6 + 0.3)
    rest = rest + _clip(nx * L[11] + ny * L[12] + nz * L[13]) * L[14] * 0.8
    level = (0.7 + 0.8 * tuft) * (0.35 + 0.65 * shade) * 0.55
    half = tx * L[21] + ty * L[22] + tz * L[23]
    s2 = _square(_clip(1.0 - half * half))
    s16 = _square(_square(_square(s2)))
    shine = s16 * lit * _clip(key + 0.1) * (0.3 + 0.7 * tuft) * 0.16 * L[6] * shade
    red = (L[3] * direct + (L[18] + (L[15] - L[18]) * up) * 0.9 + rest) * level
    green = (L[4] * direct + (L[19] + (L[16] - L[19]) * up) * 0.9 + rest) * level
    blue = (L[5] * direct + (L[20] + (L[17] - L[20]) * up) * 0.9 + rest) * level
    return red, green, blue, shine


def light_surface(
    normal_N3: Floats, lit_N: Floats, sky_N: Floats, kind_N3: Floats, light: Lights, backend: Backend
) -> Floats:
    """Red, green, blue and shine on each point of a surface. kind_N3: gloss of the skin, of the eye, and flesh."""
    columns = (*normal_N3.T, lit_N, sky_N, *kind_N3.T)
    return _run(_surface, _surface_all, columns, light, backend)


def light_hair(
    normal_N3: Floats, along_N3: Floats, lit_N: Floats, shade_N: Floats, tuft_N: Floats, light: Lights, backend: Backend
) -> Floats:
    """Red, green, blue and shine on each point of hair."""
    return _run(_strand, _strand_all, (*normal_N3.T, *along_N3.T, lit_N, shade_N, tuft_N), light, backend)


def _run(model: Any, compiled: Any, columns: tuple[Floats, ...], light: Lights, backend: Backend) -> Floats:
    if backend == "numpy":
        return np.stack(model(*columns, _flat(light)), 1)
    out = np.empty((len(columns[0]), 4))
    compiled(*(np.ascontiguousarray(column) for column in columns), _flat(light), out)
    return out


# The loops bear no types: numba compiles them for the arrays that they are given.
def _surface_loop(nx, ny, nz, lit, sky, spec, gloss, flesh, L, out):  # type: ignore[no-untyped-def]  # compiled
    for n in range(out.shape[0]):
        out[n] = _surface_point(nx[n], ny[n], nz[n], lit[n], sky[n], spec[n], gloss[n], flesh[n], L)


def _strand_loop(nx, ny, nz, tx, ty, tz, lit, shade, tuft, L, out):  # type: ignore[no-untyped-def]  # compiled
    for n in range(out.shape[0]):
        out[n] = _strand_point(nx[n], ny[n], nz[n], tx[n], ty[n], tz[n], lit[n], shade[n], tuft[n], L)


_square = numba.extending.register_jitable(_square)
_clip = numba.extending.register_jitable(_clip)
_surface_point = numba.njit(cache=True)(_surface)
_strand_point = numba.njit(cache=True)(_strand)
_surface_all = numba.njit(cache=True)(_surface_loop)
_strand_all = numba.njit(cache=True)(_strand_loop)
