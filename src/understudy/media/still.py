"""Still pictures, which a study may have where it has clips: read upright, as RGB, whatever they were saved as."""

import io
import re
import warnings
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.media.container import REMEDY

if TYPE_CHECKING:  # few stages read pictures: the others do without Pillow
    from PIL.Image import Image

# A picture becomes a clip of this length, at this rate unless the study has another.
SECONDS, FPS = 1, Fraction(25)
# The comment that such a clip carries, so that whoever reads it need look at one frame only.
HELD = "A still picture, held."

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")
MOST_PIXELS = 2**26
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_MOTION = frozenset({".mjpeg", ".mjpg", ".avi"})
_GREY = 128  # behind what is transparent
_ORIENTATION = 274
_TURNS = {3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90}
_SAVE = "Open it in a picture editor and save it as a PNG file."


def is_still(path: Path) -> bool:
    """Whether a file is a PNG, JPEG, WebP or TIFF picture, by its first bytes: its name may say anything."""
    path = Path(path)
    if not path.is_file() or path.suffix.lower() in _MOTION:  # a stream of JPEG pictures begins as one of them does
        return False
    with path.open("rb") as file:
        head = file.read(16)
    return head.startswith(_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def read_still(path: Path) -> tuple[NDArray[np.uint8], str, int]:
    """The picture (HWC, uint8, sRGB), its format, and the degrees counterclockwise by which it was turned upright.

    Turned, and mirrored where its EXIF orientation says so; 16 bits a channel are scaled to 8, colours of an embedded
    profile brought to sRGB, what is transparent laid upon mid-grey. Raises MediaError for what is no whole picture, is
    animated or has several pages, or has more than MOST_PIXELS.
    """
    from PIL import Image, ImageOps

    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd metadata; not the next one, which says that memory would run out
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                _require_one(path, image)
                turned = _TURNS.get(image.getexif().get(_ORIENTATION, 1), 0)
                image.load()
                return _rgb(path, ImageOps.exif_transpose(image)), _name(image), turned
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        raise _huge(path, int(pixels[1]) if pixels else 0) from error
    except MediaError:
        raise
    except Exception as error:  # what a damaged picture leads a decoder to is anything at all
        raise MediaError(path, f"it cannot be read as a picture ({error})", REMEDY) from error


def _name(image: "Image") -> str:
    # Cameras append a depth map or a second exposure to a JPEG picture; it is none the less one.
    return "jpeg" if image.format == "MPO" else str(image.format).lower()


def _require_one(path: Path, image: "Image") -> None:
    count = getattr(image, "n_frames", 1)
    if count > 1 and image.format != "MPO":
        fact = f"it has {count} pages" if image.format == "TIFF" else f"it is animated: it has {count} frames"
        raise MediaError(path, fact, "Save the one that is meant as a PNG file, or the animation as a video.")
    if image.width * image.height > MOST_PIXELS:
        raise _huge(path, image.width * image.height)


def _huge(path: Path, pixels: int) -> MediaError:
    fact = f"it has {pixels / 1e6:.0f} million pixels"
    return MediaError(path, fact, f"A picture may have {MOST_PIXELS / 1e6:.0f} million: scale it down first.")


def _rgb(path: Path, image: "Image") -> NDArray[np.uint8]:
    """The loaded, upright picture as RGB."""
    if image.mode == "F":
        raise MediaError(path, "its values are floating-point numbers, whose range nobody wrote down", _SAVE)
    if image.mode.startswith("I"):
        return _sixteen(path, np.asarray(image))
    if not image.has_transparency_data:
        return np.array(_managed(image), np.uint8)
    rgba = image.convert("RGBA")
    rgba.info.setdefault("icc_profile", image.info.get("icc_profile"))
    opacity_HW1 = np.asarray(rgba.getchannel("A"), np.uint16)[..., None]
    colour = rgba.convert("RGB")
    colour.info["icc_profile"] = rgba.info["icc_profile"]
    colour_HWC = np.asarray(_managed(colour), np.uint16)
    return ((colour_HWC * opacity_HW1 + _GREY * (255 - opacity_HW1) + 127) // 255).astype(np.uint8)


def _sixteen(path: Path, grey_HW: NDArray[np.integer]) -> NDArray[np.uint8]:
    """A grey picture of 16 bits as RGB."""
    if grey_HW.min() < 0 or grey_HW.max() > 65535:
        raise MediaError(path, "it has 32 bits a channel", _SAVE)
    eight_HW = ((grey_HW.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    return np.repeat(eight_HW[..., None], 3, axis=2)


def _managed(image: "Image") -> "Image":
    """The picture in sRGB: by its profile where it has one that fits (telephones save Display P3), else as it is."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image.convert("RGB")
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if theirs.profile.xcolor_space.strip() != image.mode or "sRGB" in ImageCms.getProfileDescription(theirs):
            return image.convert("RGB")
        made = ImageCms.profileToProfile(image, theirs, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):  # a profile that is damaged says nothing
        return image.convert("RGB")
    return made if made is not None else image.convert("RGB")
