"""The shape of a head: an identity's numbers become vertices."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from understudy.cast.features import FEATURES
from understudy.cast.identity import Clothes, Identity
from understudy.cast.noise import Floats, smoothstep
from understudy.cast.pack import EYES, TEETH, TONGUE, Pack, normals

# MakeHuman's names for its three base head shapes; this project calls them shape axes a, b and c.
_AXES = ("african", "asian", "caucasian")
# The mouth's parts sit a little low and forward in the base mesh: group, down, back (decimetres).
_MOUTH = ((TEETH[0], -0.075, -0.03), (TEETH[1], -0.065, -0.07), (TONGUE, -0.06, -0.06))


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """points_V3: the neutral head. centre_3: what the camera looks at. pivot_3: where the neck turns."""

    points_V3: Floats
    centre_3: Floats
    pivot_3: Floats


def shape(identity: Identity, pack: Pack) -> Shape:
    """The neutral head of an identity."""
    points = pack.rest_V3.copy()
    _proportions(identity, pack, points)
    for name, value in identity.face.items():
        pack.morph(points, f"head/head-{name}", value)
    for name, value in identity.features.items():
        for target in FEATURES[name].targets(value):
            pack.morph(points, target, abs(value))
    for name, value in identity.asymmetry.items():
        pack.morph(points, f"asym/asym-{name}", value)
    joint: Mapping[str, Floats] = {name: points[index].mean(0) for name, index in pack.joints.items()}
    for group, down, back in _MOUTH:
        points[pack.vertices(group)] = points[pack.vertices(group)] * [0.96, 1, 1] + [0, down, back]
    cloth = 0.035 * smoothstep(0.2, 0.8, shirt(identity.clothes, pack.rest_V3))
    points += normals(points, pack.triangles_T3) * cloth[:, None]
    eyes = 0.5 * (joint["joint-l-eye"] + joint["joint-r-eye"])
    return Shape(
        points_V3=points,
        centre_3=eyes * [1, 1, 0] + [0, -0.16, 0],
        pivot_3=joint["joint-neck"] * 0.45 + joint["joint-head"] * 0.55,
    )


def _proportions(identity: Identity, pack: Pack, points: Floats) -> None:
    """Sex, age, weight and the shape axes, multiplied out as MakeHuman does, in place."""
    build = "maxweight" if identity.weight > 0 else "minweight"
    for sex, of_sex in (("female", 1 - identity.sex), ("male", identity.sex)):
        for age, of_age in (("young", 1 - identity.age), ("old", identity.age)):
            for axis, of_axis in zip(_AXES, identity.shape_axes, strict=True):
                pack.morph(points, f"macro/{axis}-{sex}-{age}", of_sex * of_age * of_axis)
            target = f"macro/universal-{sex}-{age}-averagemuscle-{build}"
            pack.morph(points, target, of_sex * of_age * abs(identity.weight) * 0.7)


def shirt(clothes: Clothes, rest_N3: Floats) -> Floats:
    """1 where the body is clothed, 0 above the collar, at rest coordinates."""
    x, y, z = np.abs(rest_N3[:, 0]), rest_N3[:, 1], rest_N3[:, 2]
    top = 5.97 - 0.55 * np.clip(z, -0.5, 1.2)
    if clothes.collar == "turtle":
        top = 6.22 - 0.12 * z
    elif clothes.collar == "vneck":
        top = np.where(z > 0.1, np.minimum(top, 4.95 + 1.5 * x), top)
    return 1 - smoothstep(top - 0.02, top + 0.02, y)


def eye_directions(pack: Pack) -> Floats:
    """For each vertex of an eyeball, its direction from the eyeball's centre at rest (the gaze is +z); else 0."""
    directions = np.zeros_like(pack.rest_V3)
    for group in EYES.values():
        index = pack.vertices(group)
        ball = pack.rest_V3[index]
        outward = ball - 0.5 * (ball.min(0) + ball.max(0))
        directions[index] = outward / np.sqrt((outward * outward).sum(1))[:, None]
    return directions
