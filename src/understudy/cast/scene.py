"""The stage: lights, and a blurred room behind the actor."""

from dataclasses import dataclass

import numpy as np

from understudy.cast.noise import Dice, Floats, linear, mix, smoothstep, unit
from understudy.cast.performance import Scene


@dataclass(frozen=True, kw_only=True, eq=False)
class Lights:
    """Directions are unit vectors towards the light; colours are linear RGB, strength included."""

    key_3: Floats
    key_colour_3: Floats
    key: float
    fill_3: Floats
    fill: float
    rim_3: Floats
    rim: float
    sky_3: Floats
    ground_3: Floats
    half_3: Floats


def lights(scene: Scene) -> Lights:
    """The lights of a scene: key, a weak fill from the other side, a rim from behind, sky and ground."""
    around, up = np.radians(scene.azimuth), np.radians(scene.elevation)
    key = np.array([np.sin(around) * np.cos(up), np.sin(up), np.cos(around) * np.cos(up)])
    return Lights(
        key_3=key,
        key_colour_3=np.asarray(scene.colour) * scene.key,
        key=scene.key,
        fill_3=unit(np.array([-key[0], 0.1, 0.9])),
        fill=0.28 * scene.key,
        rim_3=unit(np.array([-0.9 if key[0] >= 0 else 0.9, 0.35, -0.55])),
        rim=scene.rim,
        sky_3=np.array([0.95, 1.0, 1.1]) * scene.ambient,
        ground_3=np.array([0.55, 0.48, 0.42]) * scene.ambient,
        half_3=unit(key + np.array([0, 0, 1.0])),
    )


def background(scene: Scene, side: int) -> Floats:
    """The room, side x side x linear RGB: two colours from top to bottom, and soft rectangles."""
    dice = Dice(scene.seed + 99)
    down, across = np.mgrid[0:side, 0:side] / float(side)
    picture = mix(linear(scene.top), linear(scene.bottom), down[..., None])
    for _ in range(scene.things):
        x, y, wide, high, edge = (float(dice.uniform(*span, 1)[0]) for span in _SPANS)
        inside = smoothstep(-edge, edge, wide / 2 - np.abs(across - x)) * smoothstep(
            -edge, edge, high / 2 - np.abs(down - y)
        )
        tint = mix(linear(scene.top), linear(np.floor(dice.uniform(40, 210, 3))), 0.35)
        picture = mix(picture, tint, 0.7 * inside[..., None])
    return picture


# Of a thing in the background, in picture heights: middle x and y, width, height, blur.
_SPANS = ((0.0, 1.0), (0.0, 0.9), (0.06, 0.3), (0.1, 0.5), (0.02, 0.06))
