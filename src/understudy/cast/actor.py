"""An actor: an identity made ready to be filmed. And the exact swap of two actors."""

import copy
from dataclasses import replace

import numpy as np

from understudy.cast.coat import Coat
from understudy.cast.hair import grow
from understudy.cast.identity import Identity
from understudy.cast.noise import Floats, smoothstep
from understudy.cast.occlusion import occlusion
from understudy.cast.pack import BODY, inner_face, load_pack
from understudy.cast.raster import Backend
from understudy.cast.shape import shape
from understudy.cast.skin import SIDE, layout, paint, tone


class Actor:
    """Shape, skin, hair and occlusion of an identity, worked out once (about two seconds).

    shape: the neutral head. texture_SS4: albedo (linear RGB) and gloss. coats: hair. open_sky_V: ambient occlusion with
    the mouth shut and open. iris: the eyes' colour. identity: whose head, manner of speaking, hair and clothes these
    are.
    """

    def __init__(self, identity: Identity, *, backend: Backend = "auto") -> None:
        pack = load_pack()
        self.identity = identity
        self.backend: Backend = backend
        self.shape = shape(identity, pack)
        self.texture_SS4 = paint(identity)
        self.coats = grow(identity, self.shape.points_V3, pack)
        self.open_sky_V = occlusion(self.shape.points_V3, self.shape.centre_3, pack, backend)
        self.iris: str = identity.iris


def swapped(driver: Actor, source: Actor) -> Actor:
    """The exact truth of a face swap: the source's inner face on the driver's head.

    Shape, skin, brows, beard, eyes, lips and teeth of the inner face are the source's, blended smoothly into the
    driver's head; hair, neck, ears, clothes and the manner of speaking stay the driver's. The source's skin takes the
    driver's tone, as every swap's colour correction aims to.
    """
    pack = load_pack()
    share_V = inner_face(pack.rest_V3)
    parts = [group for group in pack.groups if group not in (BODY, "helper-hair")]
    share_V[pack.vertices(*parts)] = 1.0
    made = copy.copy(driver)
    moved = source.shape.points_V3 + (driver.shape.centre_3 - source.shape.centre_3)
    points = driver.shape.points_V3 + share_V[:, None] * (moved - driver.shape.points_V3)
    made.shape = type(driver.shape)(points_V3=points, centre_3=driver.shape.centre_3, pivot_3=driver.shape.pivot_3)
    where = layout()
    share_SS = _texels(inner_face(where.rest_N3))
    face = source.texture_SS4.astype(float)
    face[..., :3] *= tone(driver.identity) / tone(source.identity)
    made.texture_SS4 = (driver.texture_SS4 + share_SS[..., None] * (face - driver.texture_SS4)).astype("float32")
    made.open_sky_V = occlusion(points, made.shape.centre_3, pack, driver.backend)
    made.iris = source.iris
    made.coats = (*_kept(driver, 1 - inner_face(pack.rest_V3)), *_kept(source, inner_face(pack.rest_V3), only="beard"))
    return made


def _kept(actor: Actor, share_V: Floats, only: str = "") -> list[Coat]:
    """The coats of an actor, beards thinned out where the share of the face that stays is small."""
    kept = []
    for coat in actor.coats:
        if coat.region == "beard":
            gone = smoothstep(0.6, 0.3, share_V[coat.anchor_K])
            kept.append(replace(coat, threshold_K=coat.threshold_K + 1.5 * gone))
        elif not only:
            kept.append(coat)
    return kept


def _texels(values_N: Floats) -> Floats:
    """Values of the layout's texels as a texture, 0 elsewhere."""
    flat = np.zeros(SIDE * SIDE)
    flat[layout().texels_N] = values_N
    return flat.reshape(SIDE, SIDE)
