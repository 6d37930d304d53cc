"""The named features of a face: each is a signed number between two opposite MakeHuman targets.

A feature `nose.base: -0.4` moves 40 % of the way to the first target of its pair, +0.4 to the second. A target with {}
is applied to the left and the right side together.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """minus and plus: target names at -1 and +1; spread: the usual deviation among people, when identities are cast."""

    minus: str
    plus: str
    spread: float

    def targets(self, value: float) -> tuple[str, ...]:
        """The targets that `value` (by its sign) weights."""
        name = self.minus if value < 0 else self.plus
        return tuple(name.format(side) for side in "lr") if "{}" in name else (name,)


# part: MakeHuman's prefix, then lines of name, suffix at -1, suffix at +1, spread.
_TABLE = {
    "eyes eyes/{}-eye-": """
        bag decr incr .4, corner1 down up .4, corner2 down up .4, epicanthus in out .5, eyefold-angle down up .4,
        eyefold concave convex .4, eyefold down up .4, height1 decr incr .3, height2 decr incr .3, height3 decr incr .3,
        push1 in out .3, push2 in out .3, scale decr incr .35, trans down up .35, trans in out .4""",
    "cheeks cheek/{}-cheek-": """
        bones decr incr .5, inner decr incr .5, trans down up .5, volume decr incr .5""",
    "ears ears/{}-ear-": """
        flap decr incr .4, lobe decr incr .4, rot backward forward .4, scale decr incr .4, wing decr incr .4""",
    "chin chin/chin-": """
        bones decr incr .5, cleft decr incr .5, height decr incr .5, jaw-drop decr incr .5, prognathism decr incr .5,
        prominent decr incr .5, width decr incr .5""",
    "eyebrows eyebrows/eyebrows-": "angle down up .5, trans backward forward .5, trans down up .5",
    "forehead forehead/forehead-": """
        nubian decr incr .5, scale-vert decr incr .5, temple decr incr .5, trans backward forward .5""",
    "head head/head-": """
        age decr incr .4, angle in out .4, back-scale-depth decr incr .4, fat decr incr .5, scale-horiz decr incr .35,
        scale-vert decr incr .35""",
    "mouth mouth/mouth-": """
        angles down up .35, cupidsbow decr incr .5, cupidsbow-width decr incr .4, dimples in out .4,
        laugh-lines in out .4, lowerlip-height decr incr .4, lowerlip-volume decr incr .5, lowerlip-width decr incr .3,
        philtrum-volume decr incr .4, scale-horiz decr incr .4, scale-vert decr incr .25, trans down up .3,
        upperlip-height decr incr .4, upperlip-volume decr incr .5, upperlip-width decr incr .3""",
    "nose nose/nose-": """
        base down up .45, compression compress uncompress .3, curve concave convex .5, flaring decr incr .4,
        greek decr incr .5, hump decr incr .5, nostrils-angle down up .4, nostrils-width decr incr .45, point down up
        .5, point-width decr incr .5, scale-depth decr incr .45, scale-horiz decr incr .45, scale-vert decr incr .4,
        septumangle decr incr .4, volume decr incr .4, width1 decr incr .4, width2 decr incr .4, width3 decr incr .4""",
    "neck neck/neck-": "scale-horiz decr incr .4, double decr incr .3",
}

# Pairs of one part and name that differ in their ends: (part, name, ends) -> the feature's own name.
_TWINS = {
    "eyes.eyefold concave": "eyes.eyefold-curve",
    "eyes.trans in": "eyes.apart",
    "eyebrows.trans backward": "eyebrows.depth",
}


def _read() -> dict[str, Feature]:
    features: dict[str, Feature] = {}
    for head, lines in _TABLE.items():
        part, prefix = head.split()
        for line in lines.split(","):
            name, minus, plus, spread = line.split()
            key = _TWINS.get(f"{part}.{name} {minus}", f"{part}.{name}")
            features[key] = Feature(f"{prefix}{name}-{minus}", f"{prefix}{name}-{plus}", float(spread))
    return features


FEATURES = _read()
FACE_SHAPES = ("oval", "round", "rectangular", "square", "triangular", "invertedtriangular", "diamond")
ASYMMETRIES = ("brown-1", "cheek-1", "eye-1", "eye-4", "jaw-1", "mouth-1", "nose-1", "nose-3")
