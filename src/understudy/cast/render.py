"""Filming an actor: posed, covered, shaded and developed, one frame at a time, with its labels and landmarks.

Letters: H W the frame, P subpixels (row-major), N visible points, V vertices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.cast.actor import Actor
from understudy.cast.camera import Posed, pose, project
from understudy.cast.coat import strands
from understudy.cast.kernels import interpolate, lit_share, sample
from understudy.cast.landmarks import LANDMARKS
from understudy.cast.materials import TONGUE as TONGUE_COLOUR
from understudy.cast.materials import eye, teeth
from understudy.cast.noise import Floats, grain, hash_unit, srgb, unit
from understudy.cast.occlusion import frame as light_frame
from understudy.cast.pack import BODY, EYES, LASHES, TEETH, TONGUE, inner_face, load_pack
from understudy.cast.performance import Performance, Pose, poses, shown
from understudy.cast.raster import Backend, Cover, Cutout, raster
from understudy.cast.scene import background, lights
from understudy.cast.shading import light_hair, light_surface
from understudy.cast.shape import eye_directions
from understudy.cast.skin import layout

BACKGROUND, SKIN, HAIR, EYE, TONGUE_LABEL, TEETH_LABEL, LASH = range(7)
LABELS = ("background", "skin and clothes", "hair", "eye", "tongue", "teeth", "lash")
_SUBPIXELS, _SHADOW_SIDE, _SHADOW_REACH = 2, 320, 2.3


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One frame and what is true of it.

    rgb_HWC: uint8. labels_HW: an index into LABELS. face_HW: the inner face, which a swap replaces, where it is seen.
    points_V2 and landmarks_682: pixels, pixel centres at whole numbers. jaw_open: weight of the jaw's face unit, 0 to
    1.
    yaw (positive: to the actor's left), pitch (positive: down), roll: degrees.
    """

    rgb_HWC: NDArray[np.uint8]
    labels_HW: NDArray[np.uint8]
    face_HW: NDArray[np.bool_]
    points_V2: Floats
    landmarks_682: Floats
    jaw_open: float
    yaw: float
    pitch: float
    roll: float


def render(
    actor: Actor,
    performance: Performance,
    *,
    size: int = 256,
    backend: Backend = "auto",
    only: Sequence[int] | None = None,
) -> Iterator[Frame]:
    """The frames of a clip, size x size, one after the other. Both backends give the same pixels.

    only: the numbers of the frames to render; all by default.
    """
    camera = Camera(actor, performance, size, backend)
    moves = poses(performance, actor.identity.speaking)
    for number in range(len(moves)) if only is None else only:
        yield camera.shoot(shown(performance, number), moves[number])


class Camera:
    """What stays the same over a clip, and the steps of a frame."""

    def __init__(self, actor: Actor, performance: Performance, size: int, backend: Backend) -> None:
        self.actor, self.scene, self.size, self.backend = actor, performance.scene, size, backend
        self.side = size * _SUBPIXELS
        self.pack = pack = load_pack()
        self.light = lights(self.scene)
        self.behind_P3 = background(self.scene, self.side).reshape(-1, 3)
        solid = pack.of(BODY, TONGUE, *EYES.values(), *TEETH)
        self.triangles, self.corners = pack.triangles_T3[solid], pack.corners_T3[solid]
        kinds = (
            (TONGUE, TONGUE_LABEL),
            *((name, EYE) for name in EYES.values()),
            *((name, TEETH_LABEL) for name in TEETH),
        )
        label_T = np.full(len(pack.group_T), SKIN, np.uint8)
        for group, label in kinds:
            label_T[pack.of(group)] = label
        self.label_T = label_T[solid]
        self.lashes = pack.triangles_T3[pack.of(*LASHES)]
        rest = pack.rest_V3
        row, column = np.mgrid[0:8, 0:256]
        self.lash_cut = Cutout(
            uv_V2=rest[:, :2] * [9.0, 3.0],
            pattern_HW=np.repeat(hash_unit(row, column, row * 0, 5), 4, 0),
            threshold_V=np.full(len(rest), 0.45),
        )
        # Vertex columns that the shading needs beside the position and the normal.
        self.extra_V5 = np.column_stack([inner_face(rest), rest[:, 0], eye_directions(pack)])
        self.corner_U2 = layout().corner_U2

    def shoot(self, number: int, at: Pose) -> Frame:
        """One frame."""
        posed = pose(self.actor, at)
        screen = project(posed.points_V3, self.side)
        covers = self._cover(screen, posed)
        shadows = _Shadows(self, posed)
        picture, label, face = self.behind_P3.copy(), np.zeros(self.side**2, np.uint8), np.zeros(self.side**2, bool)
        jaw = at.units.get("jawOpen", 0.0)
        hidden = np.zeros(self.side**2, bool)
        for cover in covers[1:-1]:
            hidden |= cover.triangle_P >= 0
        self._paint_head(covers[0], hidden, posed, shadows, jaw, (picture, label, face))
        for index, cover in enumerate(covers[1:-1]):
            later = np.zeros(self.side**2, bool)
            for other in covers[index + 2 : -1]:
                later |= other.triangle_P >= 0
            self._paint_coat(index, cover, later, posed, shadows, picture, label)
        lash = covers[-1].triangle_P >= 0
        picture[lash] = picture[lash] * 0.25 + 0.75 * np.array([0.012, 0.01, 0.009])
        label[lash] = LASH
        middle = screen[: len(self.pack.rest_V3), :2] / _SUBPIXELS - 0.5
        pick = (slice(None, None, _SUBPIXELS),) * 2
        return Frame(
            rgb_HWC=self._develop(picture, number),
            labels_HW=label.reshape(self.side, self.side)[pick].copy(),
            face_HW=face.reshape(self.side, self.side)[pick].copy(),
            points_V2=middle,
            landmarks_682=middle[LANDMARKS],
            jaw_open=jaw,
            yaw=at.yaw,
            pitch=at.pitch,
            roll=at.roll,
        )

    def _cover(self, screen: Floats, posed: Posed) -> list[Cover]:
        """Which triangle each subpixel sees: the head, then each coat before it, then the lashes."""
        side, backend = self.side, self.backend
        covers = [raster(screen, self.triangles, side, side, cull=True, backend=backend)]
        for coat, first, last in zip(self.actor.coats, posed.start[:-1], posed.start[1:], strict=True):
            cutout = Cutout(uv_V2=coat.uv_K2, pattern_HW=strands(), threshold_V=coat.threshold_K)
            covers.append(
                raster(
                    screen[first:last], coat.triangles_T3, side, side, cull=False, cutout=cutout,
                    depth_P=covers[-1].depth_P, backend=backend,
                )
            )  # fmt: skip
        nearly = covers[-1].depth_P * (1 - 1e-4)
        covers.append(
            raster(screen, self.lashes, side, side, cull=False, cutout=self.lash_cut, depth_P=nearly, backend=backend)
        )
        return covers

    def _paint_head(
        self, cover: Cover, hidden: NDArray[np.bool_], posed: Posed, shadows: "_Shadows", jaw: float,
        to: tuple[Floats, NDArray[np.uint8], NDArray[np.bool_]],
    ) -> None:  # fmt: skip
        """Skin, mouth and eyes where no hair hides them."""
        picture, label, face = to
        seen = np.nonzero((cover.triangle_P >= 0) & ~hidden)[0]
        triangle, b0, b1 = cover.triangle_P[seen], cover.first_P[seen], cover.second_P[seen]
        count = len(self.pack.rest_V3)
        wide = min(1.0, 0.12 + 1.6 * jaw)
        sky = (1 - wide) * self.actor.open_sky_V[0] + wide * self.actor.open_sky_V[1]
        values = np.column_stack([posed.points_V3[:count], posed.normals_V3[:count], sky, self.extra_V5])
        at = interpolate(values, self.triangles[triangle], b0, b1, self.backend)
        place, normal, sky = at[:, :3], unit(at[:, 3:6]), at[:, 6]
        texture_at = interpolate(self.corner_U2, self.corners[triangle], b0, b1, self.backend)
        skin = sample(self.actor.texture_SS4, texture_at, self.backend)
        kind = self.label_T[triangle]
        albedo, gloss, wet = skin[:, :3], skin[:, 3], np.zeros(len(seen))
        albedo[kind == TONGUE_LABEL], gloss[kind == TONGUE_LABEL] = TONGUE_COLOUR, 0.5
        tooth, ball = kind == TEETH_LABEL, kind == EYE
        albedo[tooth], gloss[tooth] = teeth(at[tooth, 8]), 0.8
        albedo[ball], gloss[ball], wet[ball] = eye(at[ball, 9:12], self.actor.iris), 0.25, 1.0
        # Enamel scatters light between the teeth, so that they never go as dark as the mouth around them.
        sky = np.where(tooth, np.maximum(sky, 0.55), sky)
        lit = shadows.lit(place + normal * 0.03, 0.05)
        how = np.column_stack([gloss, wet, (kind == SKIN).astype(float)])
        light = light_surface(normal, lit, sky, how, self.light, self.backend)
        picture[seen] = albedo * light[:, :3] * 0.5 + light[:, 3:] * np.asarray(self.scene.colour)
        label[seen] = kind
        face[seen] = (at[:, 7] > 0.5) | (kind != SKIN)

    def _paint_coat(
        self, index: int, cover: Cover, hidden: NDArray[np.bool_], posed: Posed, shadows: "_Shadows", picture: Floats,
        label: NDArray[np.uint8],
    ) -> None:  # fmt: skip
        """The hair of one coat where no later coat hides it."""
        coat, first, last = self.actor.coats[index], posed.start[index], posed.start[index + 1]
        seen = np.nonzero((cover.triangle_P >= 0) & ~hidden)[0]
        if not len(seen):
            return
        values = np.column_stack([
            posed.points_V3[first:last], posed.normals_V3[first:last], posed.along_V3[first:last], coat.uv_K2,
            coat.shade_K,
        ])  # fmt: skip
        corners = coat.triangles_T3[cover.triangle_P[seen]]
        at = interpolate(values, corners, cover.first_P[seen], cover.second_P[seen], self.backend)
        normal = unit(at[:, 3:6])
        normal = np.where(normal[:, 2:] < -0.2, -normal, normal)
        pattern = strands()
        row = np.floor(at[:, 10] * pattern.shape[0]).astype(int) % pattern.shape[0]
        tuft = pattern[row, (np.floor(at[:, 9] * pattern.shape[1]).astype(int) + 77) % pattern.shape[1]]
        lit = shadows.lit(at[:, :3] + normal * 0.05, 0.08)
        light = light_hair(normal, unit(at[:, 6:9]), lit, at[:, 11], tuft, self.light, self.backend)
        picture[seen] = coat.colour_3 * light[:, :3] + light[:, 3:] * (coat.colour_3 * 0.6 + 0.25)
        label[seen] = HAIR

    def _develop(self, picture_P3: Floats, number: int) -> NDArray[np.uint8]:
        """Subpixels averaged, exposed, toned and given their grain."""
        fine = picture_P3.reshape(self.size, _SUBPIXELS, self.size, _SUBPIXELS, 3)
        light = (fine[:, 0, :, 0] + fine[:, 0, :, 1] + fine[:, 1, :, 0] + fine[:, 1, :, 1]) * (
            0.25 * self.scene.exposure
        )
        toned = srgb(light / (1 + 0.16 * light) * 1.10)
        noisy = toned + self.scene.grain * grain(number, self.scene.seed, toned.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


class _Shadows:
    """The key light's depth map of one frame (Williams 1978)."""

    def __init__(self, camera: Camera, posed: Posed) -> None:
        self.light_3, self.backend = camera.light.key_3, camera.backend
        self.right_3, self.up_3 = light_frame(self.light_3)
        coats = camera.actor.coats
        casters = [camera.triangles[camera.label_T != TONGUE_LABEL]]
        count = len(camera.pack.rest_V3)
        uv, threshold = [np.zeros((count, 2))], [np.zeros(count)]
        for coat, first in zip(coats, posed.start[:-1], strict=True):
            casters.append(coat.triangles_T3 + first)
            uv.append(coat.uv_K2)
            threshold.append(coat.threshold_K)
        cutout = Cutout(uv_V2=np.concatenate(uv), pattern_HW=strands(), threshold_V=np.concatenate(threshold))
        depth_P = raster(
            self._view(posed.points_V3), np.concatenate(casters), _SHADOW_SIDE, _SHADOW_SIDE, cull=False, cutout=cutout,
            backend=self.backend,
        ).depth_P  # fmt: skip
        distance = np.where(depth_P > 0, 1 / np.maximum(depth_P, 1e-9), 1e9)
        self.distance_RR = distance.reshape(_SHADOW_SIDE, _SHADOW_SIDE)

    def _view(self, points_N3: Floats) -> Floats:
        """Column, row and distance in the light's view."""
        x, y, z = points_N3[:, 0], points_N3[:, 1], points_N3[:, 2]
        along = [x * axis[0] + y * axis[1] + z * axis[2] for axis in (self.right_3, self.up_3, self.light_3)]
        half, scale = _SHADOW_SIDE / 2, _SHADOW_SIDE / 2 / _SHADOW_REACH
        return np.stack([half + along[0] * scale, half - along[1] * scale, 30 - along[2]], 1)

    def lit(self, points_N3: Floats, bias: float) -> Floats:
        """Share of the key light that reaches each point, 0 to 1."""
        return lit_share(self._view(points_N3), self.distance_RR, bias, self.backend)
