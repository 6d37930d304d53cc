"""A still picture is read as people see it, whatever it was saved as, and becomes a clip that holds it."""

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from understudy import media
from understudy.errors import MediaError
from understudy.media import still


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A picture (HWC) that looks different upside down, mirrored, and in every channel; smooth, to survive coding."""
    y, x = np.mgrid[0:96, 0:128].astype(float)
    shades = [30 + 180 * x / 127, 40 + 170 * y / 95, 60 + 80 * np.sin(x / 30) * np.cos(y / 25) + 60]
    picture = np.stack(shades, -1).round().astype(np.uint8)
    picture[8:24, 8:32] = (200, 30, 40)
    return picture


def near(found: np.ndarray, wanted: np.ndarray, most: float = 1.0) -> None:
    assert found.dtype == np.uint8
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).mean() <= most


@pytest.mark.parametrize(
    ("name", "options", "most"),
    [
        ("a.png", {}, 0),
        ("a.webp", {"lossless": True}, 0),
        ("a.webp", {"quality": 95}, 3),
        ("a.jpg", {"quality": 95}, 2),
        ("a.jpg", {"quality": 95, "progressive": True}, 2),
        ("a.tif", {}, 0),
        ("a.tif", {"compression": "tiff_lzw"}, 0),
        ("a.TIFF", {"compression": "jpeg", "quality": 95}, 3),
    ],
)
def test_every_format_is_read(scene, tmp_path, name, options, most):
    Image.fromarray(scene).save(tmp_path / name, **options)
    found, kind, turned = media.read_still(tmp_path / name)
    near(found, scene, most)
    assert (kind, turned) == ({"png": "png", "webp": "webp", "jpg": "jpeg"}.get(name[2:], "tiff"), 0)


def test_a_name_may_say_anything(scene, tmp_path):
    Image.fromarray(scene).save(tmp_path / "a.mp4", format="png")
    assert media.is_still(tmp_path / "a.mp4")
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert not media.is_still(tmp_path / "b.png")
    assert not media.is_still(tmp_path / "nowhere.png")


# Where the rows and columns of the stored picture lie in the upright one (TIFF 6.0, tag 274; also in Exif 2.32).
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_exif_orientation_is_applied_once(scene, tmp_path, name, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](scene)))
    stored.save(tmp_path / name, exif=exif, **({"lossless": True} if "webp" in name else {"quality": 95}))
    found = media.read_still(tmp_path / name)[0]
    near(found, scene, 2)
    seen = media.probe(tmp_path / name)
    assert (seen.width, seen.height) == (128, 96)
    assert seen.rotation == {3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90}.get(orientation, 0)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_what_is_transparent_lies_upon_mid_grey(scene, tmp_path, name):
    opacity = np.full(scene.shape[:2], 255, np.uint8)
    opacity[:40] = 0
    opacity[40:60] = 51  # a fifth
    options = {"lossless": True, "exact": True} if "webp" in name else {}
    Image.fromarray(np.dstack([scene, opacity])).save(tmp_path / name, **options)
    found = media.read_still(tmp_path / name)[0]
    near(found[60:], scene[60:], 0)
    near(found[:40], np.full_like(scene[:40], 128), 0)
    near(found[40:60], 0.2 * scene[40:60] + 0.8 * 128, 0.6)


def test_transparent_grey_and_palettes_too(scene, tmp_path):
    grey = Image.fromarray(scene).convert("L")
    opacity = Image.new("L", grey.size, 255)
    opacity.paste(0, (0, 0, 128, 40))
    Image.merge("LA", (grey, opacity)).save(tmp_path / "la.png")
    found = media.read_still(tmp_path / "la.png")[0]
    near(found[:40], np.full_like(scene[:40], 128), 0)
    near(found[40:], np.repeat(np.asarray(grey)[40:, :, None], 3, 2), 0)
    listed = Image.fromarray(scene).quantize(16)
    listed.save(tmp_path / "p.png", transparency=listed.getpixel((20, 12)))
    found = media.read_still(tmp_path / "p.png")[0]
    near(found[10:22, 10:30], np.full((12, 20, 3), 128), 0)
    near(found[60:], np.asarray(listed.convert("RGB"))[60:], 0)


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *(("png", mode) for mode in ("L", "1", "P")),
        *(("jpg", mode) for mode in ("L", "CMYK", "YCbCr")),
        *(("tif", mode) for mode in ("L", "1", "P", "CMYK", "YCbCr")),
    ],
)
def test_every_way_to_write_colours_is_rgb(scene, tmp_path, mode, suffix):
    picture = Image.fromarray(scene).convert(mode)
    picture.save(tmp_path / f"a.{suffix}", **({"quality": 95} if suffix == "jpg" else {}))
    near(media.read_still(tmp_path / f"a.{suffix}")[0], np.asarray(picture.convert("RGB")), 2.5)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_of_grey_become_eight(tmp_path, suffix):
    ramp = np.linspace(0, 65535, 64 * 64).round().astype(np.uint16).reshape(64, 64)
    Image.fromarray(ramp).save(tmp_path / f"a.{suffix}")
    found = media.read_still(tmp_path / f"a.{suffix}")[0]
    wanted = np.repeat((ramp / 65535 * 255).round()[..., None], 3, 2)
    assert np.abs(found - wanted).max() <= 1
    assert (found.min(), found.max()) == (0, 255)


def test_sixteen_bits_of_colour_become_eight(scene, tmp_path):
    import cv2

    assert cv2.imwrite(str(tmp_path / "a.png"), scene[..., ::-1].astype(np.uint16) * 257)
    assert cv2.imwrite(str(tmp_path / "a.tif"), scene[..., ::-1].astype(np.uint16) * 257)
    near(media.read_still(tmp_path / "a.png")[0], scene, 0)
    near(media.read_still(tmp_path / "a.tif")[0], scene, 0)


def test_a_profile_is_followed_and_a_damaged_one_is_not(tmp_path):
    flat = np.full((64, 64, 3), (120, 60, 30), np.uint8)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    Image.fromarray(flat).save(tmp_path / "same.png", icc_profile=lab.tobytes())
    near(media.read_still(tmp_path / "same.png")[0], flat, 1)
    Image.fromarray(flat).save(tmp_path / "bad.png", icc_profile=b"not a profile at all")
    near(media.read_still(tmp_path / "bad.png")[0], flat, 0)
    Image.fromarray(flat).save(tmp_path / "swapped.png", icc_profile=_swapped(lab.tobytes()))
    near(media.read_still(tmp_path / "swapped.png")[0], flat[..., ::-1], 6)


def _swapped(profile: bytes) -> bytes:
    """An RGB profile whose red and blue primaries are exchanged, under another name than sRGB."""
    table, count = bytearray(profile), struct.unpack(">I", profile[128:132])[0]
    places = {bytes(table[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    table[red + 4 : red + 12], table[blue + 4 : blue + 12] = table[blue + 4 : blue + 12], table[red + 4 : red + 12]
    for plain in ("sRGB".encode("ascii"), "sRGB".encode("utf-16-be")):
        table = bytearray(bytes(table).replace(plain, plain.replace(b"s", b"z")))
    return bytes(table)


def refused(path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        media.check(path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_an_animation_is_no_still(scene, tmp_path, name):
    frames = [Image.fromarray(np.roll(scene, n, 1)) for n in range(3)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=100)
    assert "animated: it has 3 frames" in refused(tmp_path / name)


def test_a_tiff_of_several_pages_is_refused(scene, tmp_path):
    pages = [Image.fromarray(scene), Image.fromarray(scene[::-1].copy())]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert "2 pages" in refused(tmp_path / "a.tif")


def test_a_telephones_picture_with_another_behind_it_is_the_first(scene, tmp_path):
    pages = [Image.fromarray(scene), Image.fromarray(scene[::-1].copy())]
    pages[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=pages[1:], quality=95)
    found, kind, _ = media.read_still(tmp_path / "a.jpg")
    near(found, scene, 2)
    assert kind == "jpeg"


def test_a_bomb_does_not_go_off(tmp_path):
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    for side, words in ((9_000, "81 million"), (12_000, "144 million"), (60_000, "3600 million")):
        rows = zlib.compress(bytes(1_000_000))
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
        (tmp_path / "a.png").write_bytes(content)
        assert f"{words} pixels" in refused(tmp_path / "a.png")


def test_what_cannot_be_used_is_told_by_name(scene, tmp_path):
    Image.fromarray(scene[:40]).save(tmp_path / "small.png")
    assert "128 x 40 pixels" in refused(tmp_path / "small.png")
    Image.new("RGB", (4400, 80)).save(tmp_path / "wide.png")
    assert "scale it down" in refused(tmp_path / "wide.png")
    Image.fromarray(scene.astype(np.float32)[..., 0]).save(tmp_path / "float.tif")
    assert "floating-point" in refused(tmp_path / "float.tif")
    Image.fromarray(scene[..., 0].astype(np.int32) * 100_000).save(tmp_path / "deep.tif")
    assert "32 bits" in refused(tmp_path / "deep.tif")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
@pytest.mark.parametrize("keep", [0.1, 0.3, 0.9])
def test_a_picture_that_is_cut_off_is_refused(scene, tmp_path, name, keep):
    held = io.BytesIO()
    Image.fromarray(scene).save(held, format={"jpg": "jpeg", "tif": "tiff"}.get(name[2:], name[2:]))
    (tmp_path / name).write_bytes(held.getvalue()[: int(len(held.getvalue()) * keep)])
    assert "cannot be read" in refused(tmp_path / name)


@pytest.mark.parametrize("fps", [None, Fraction(10), Fraction(30000, 1001), Fraction(60)])
def test_it_becomes_a_second_of_one_frame(scene, tmp_path, fps):
    Image.fromarray(scene).save(tmp_path / "a.png")
    made = media.normalise(tmp_path / "a.png", tmp_path / "out.mp4", fps=fps)
    rate = fps or Fraction(25)
    assert (made.fps, made.frames, made.still, made.sound) == (rate, round(rate), True, None)
    assert (made.width, made.height, made.codec, made.variable) == (128, 96, "h264", False)
    frames = list(media.frames(tmp_path / "out.mp4"))
    assert len(frames) == round(rate)
    assert all(np.array_equal(frames[0], frame) for frame in frames)
    near(frames[0], scene, 1.5)


def test_it_is_scaled_and_made_even_like_a_clip(scene, tmp_path):
    Image.fromarray(scene[:95, :127]).save(tmp_path / "a.png")
    made = media.normalise(tmp_path / "a.png", tmp_path / "odd.mp4")
    assert (made.width, made.height) == (128, 96)
    Image.fromarray(scene).save(tmp_path / "b.png")
    made = media.normalise(tmp_path / "b.png", tmp_path / "small.mp4", height=48)
    assert (made.width, made.height) == (64, 48)


def test_the_same_picture_gives_the_same_bytes(scene, tmp_path):
    Image.fromarray(scene).save(tmp_path / "a.png")
    for name in ("1.mp4", "2.mp4"):
        media.normalise(tmp_path / "a.png", tmp_path / name)
    assert (tmp_path / "1.mp4").read_bytes() == (tmp_path / "2.mp4").read_bytes()


def test_only_what_was_still_is_told_to_be(clip, scene, tmp_path):
    Image.fromarray(scene).save(tmp_path / "a.png")
    assert media.check(tmp_path / "a.png").still
    assert media.describe(media.probe(tmp_path / "a.png")) == "128 x 96, a still picture, png"
    assert not media.normalise(clip(), tmp_path / "moving.mp4").still


def test_a_stream_of_jpeg_pictures_is_a_clip(scene, tmp_path):
    held = io.BytesIO()
    for _ in range(8):
        Image.fromarray(scene).save(held, format="jpeg")
    (tmp_path / "a.mjpeg").write_bytes(held.getvalue())
    found = media.check(tmp_path / "a.mjpeg")
    assert (found.frames, found.still) == (8, False)


def test_a_stage_without_pillow_reads_clips(clip):
    assert "PIL" not in vars(still)
    assert media.check(clip()).frames == 25
