"""The label is where no face is, and can be read at every size."""

import inspect as python
import itertools
import re

import cv2
import numpy as np
import pytest

from understudy import provenance
from understudy.errors import MediaError
from understudy.provenance import label

SIZES = [
    (64, 64),
    (64, 200),
    (200, 64),
    (65, 67),
    (128, 128),
    (256, 256),
    (360, 288),
    (641, 481),
    (1280, 720),
    (3840, 2160),
]


def overlap(box: tuple[int, int, int, int], face: list[float]) -> float:
    """The area two boxes share, counted pixel by pixel."""
    x, y = np.meshgrid(np.arange(box[0], box[2]), np.arange(box[1], box[3]))
    return float(((x >= face[0]) & (x < face[2]) & (y >= face[1]) & (y < face[3])).sum())


@pytest.mark.parametrize("size", SIZES)
def test_the_label_lies_inside_the_frame_in_a_corner(size):
    x0, y0, x1, y1 = provenance.label_box(*size)
    assert 0 <= x0 < x1 <= size[0]
    assert 0 <= y0 < y1 <= size[1]
    assert min(x0, size[0] - x1) <= 0.1 * size[0]
    assert min(y0, size[1] - y1) <= 0.1 * size[1]
    letters = y1 - y0 - 4
    assert letters >= max(7, 0.035 * min(size))


@pytest.mark.parametrize("size", SIZES)
def test_letters_can_be_told_apart(size):
    """Each letter, cut from the label, is most like its own strokes: read back by an independent drawing of them."""
    x0, y0, x1, y1 = provenance.label_box(*size)
    picture = label.patch(x1 - x0, y1 - y0)[..., 0].astype(float)
    scale = np.floor(2 * min((x1 - x0) / label.UNITS_WIDE, (y1 - y0) / label.UNITS_HIGH)) / 2
    left, top = ((x1 - x0 - label.UNITS_WIDE * scale) // 2, (y1 - y0 - label.UNITS_HIGH * scale) // 2)
    read, column = "", 2
    for letter in label.WORD:
        units = 1 if letter == "I" else 5
        cell = picture[int(top + 2 * scale) :, int(left + column * scale) :][: round(7 * scale), : round(units * scale)]
        small = cv2.resize(cell, (5, 7), interpolation=cv2.INTER_AREA) > 90
        read += min(GLYPHS, key=lambda name: int((small != GLYPHS[name]).sum()))
        column += units + 1
    assert read == "SYNTHETIC"


def glyph(rows: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in rows.split()])


GLYPHS = {
    "S": glyph(".###. #...# #.... .###. ....# #...# .###."),
    "Y": glyph("#...# #...# .#.#. ..#.. ..#.. ..#.. ..#.."),
    "N": glyph("#...# ##..# #.#.# #.#.# #.#.# #..## #...#"),
    "T": glyph("##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#.."),
    "H": glyph("#...# #...# #...# ##### #...# #...# #...#"),
    "E": glyph("##### #.... #.... ####. #.... #.... #####"),
    "I": glyph("##### ##### ##### ##### ##### ##### #####"),
    "C": glyph(".###. #...# #.... #.... #.... #...# .###."),
    "O": glyph(".###. #...# #...# #...# #...# #...# .###."),
    "L": glyph("#.... #.... #.... #.... #.... #.... #####"),
    "F": glyph("##### #.... #.... ####. #.... #.... #...."),
}


def test_white_on_black_whatever_is_below():
    for grey in (0, 128, 255):
        picture = provenance.label_picture(np.full((128, 128, 3), grey, np.uint8))
        x0, y0, x1, y1 = provenance.label_box(128, 128)
        inside = picture[y0:y1, x0:x1]
        assert inside.max() == 255
        assert max(inside[0].max(), inside[-1].max(), inside[:, 0].max(), inside[:, -1].max()) == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_corner_without_faces_is_found_if_there_is_one(seed):
    random = np.random.default_rng(seed)
    width, height = 640, 360
    centres = random.uniform((150, 80), (490, 280), (5, 2))
    faces = np.concatenate([centres - 40, centres + 40], axis=1)
    box = provenance.label_box(width, height, faces)
    assert sum(overlap(box, face) for face in faces) == 0


def test_the_face_may_visit_three_corners_over_the_clip():
    for free in range(4):
        places = [(0, 0), (400, 0), (0, 200), (400, 200)]
        faces = np.array([(x, y, x + 240, y + 160) for index, (x, y) in enumerate(places) if index != free], float)
        x0, y0, _, _ = provenance.label_box(640, 360, faces)
        assert (x0 > 320, y0 > 180) == (places[free][0] > 0, places[free][1] > 0)


def test_without_a_free_corner_the_least_covered_one_and_small_letters():
    faces = np.array([[0, 0, 640, 340]] * 3 + [[0, 300, 500, 360]], float)
    box = provenance.label_box(640, 360, faces)
    plain = provenance.label_box(640, 360)
    assert box[0] > 320
    assert box[1] > 180
    assert box[3] - box[1] < plain[3] - plain[1]
    assert box[3] - box[1] >= 11


def test_smaller_letters_before_covering_a_face():
    plain = provenance.label_box(640, 360)
    high = plain[3] - plain[1]
    # A face over all but the lowest rows, which leave room for the smaller letters only. Its margin is a tenth.
    free_from = 360 - high
    face = np.array([[0, 0, 640, free_from / 1.1]])
    box = provenance.label_box(640, 360, face)
    assert overlap(box, [0, 0, 640, free_from]) == 0
    assert box[3] - box[1] < high


def test_unknown_boxes_do_not_count():
    faces = np.array([[np.nan] * 4, [0, 0, np.nan, 5]])
    assert provenance.label_box(256, 256, faces) == provenance.label_box(256, 256, None)
    assert provenance.label_box(256, 256, np.zeros((0, 4))) == provenance.label_box(256, 256)


def test_too_small_for_a_label():
    with pytest.raises(MediaError, match="legible"):
        provenance.label_box(63, 200)


def test_labelling_again_changes_nothing():
    picture = np.random.default_rng(0).integers(0, 256, (97, 131, 3), dtype=np.uint8)
    once = provenance.label_picture(picture)
    np.testing.assert_array_equal(provenance.label_picture(once), once)
    assert (once != picture).any()
    x0, y0, x1, y1 = provenance.label_box(131, 97)
    once[y0:y1, x0:x1] = picture[y0:y1, x0:x1]
    np.testing.assert_array_equal(once, picture)


def test_nothing_turns_the_label_or_the_credential_off():
    """No parameter of those who write fakes, and no field of what they take, has to do with whether it is labelled."""
    names = set(python.signature(provenance.publish).parameters)
    due = {"path", "frames", "probe", "sound", "lineage", "faces", "crf", "preset", "key", "credentials", "notice"}
    assert names == due
    fields = set(provenance.Lineage.__dataclass_fields__)
    writers = (provenance.publish_picture, provenance.publish_sound, provenance.label_picture)
    others = (python.signature(writer).parameters for writer in writers)
    for name in itertools.chain(names, fields, *others):
        assert not re.search("label|mark|burn|visible|synthetic|overlay|draw|sign", name)
