"""The card of a fake: what its sidecar holds, and whether the file is still the one that was published."""

import dataclasses
import hashlib
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.errors import ConfigError, MediaError
from understudy.files import read_json, sha256
from understudy.people.keys import require_private
from understudy.provenance import containers
from understudy.provenance.label import WORD, Box
from understudy.provenance.lineage import Lineage
from understudy.provenance.notice import Notice
from understudy.watermark.key import KEY_BYTES


@dataclasses.dataclass(frozen=True, kw_only=True)
class Film:
    """A video with the label at `label`, and where its sound is synthetic the notice at its start."""

    frames: int
    fps: Fraction
    width: int
    height: int
    label: Box
    notice: Notice | None = None

    def plain(self) -> dict[str, Any]:
        """As the sidecar holds it."""
        label = {"text": WORD, "box": list(self.label)}
        size = {"width": self.width, "height": self.height}
        return {"frames": self.frames, "fps": str(self.fps), **size, "label": label, **_heard(self.notice)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Still:
    """A picture with the label at `label`."""

    width: int
    height: int
    label: Box

    def plain(self) -> dict[str, Any]:
        """As the sidecar holds it."""
        return {"width": self.width, "height": self.height, "label": {"text": WORD, "box": list(self.label)}}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heard:
    """A sound alone: its label is in its tags, and where it is synthetic the notice is at its start. rate in Hz."""

    samples: int
    channels: int
    rate: int
    notice: Notice | None = None

    def plain(self) -> dict[str, Any]:
        """As the sidecar holds it."""
        form = {"samples": self.samples, "channels": self.channels, "rate": self.rate}
        return {**form, "label": {"text": WORD}, **_heard(self.notice)}


def _heard(notice: Notice | None) -> dict[str, Any]:
    """The notice as the sidecar holds it; nothing where the sound is not synthetic."""
    return {} if notice is None else {"notice": dataclasses.asdict(notice)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """A published fake.

    sha256: of the file. content: of what is seen and heard, see containers.content. shape: its form. manifest: its
    credential's id. signer: sha256 of the certificate that signed it. payload: the 32 bits of its watermark. key: the
    fingerprint of the key that made that.
    """

    path: Path
    sha256: str
    content: str
    shape: Film | Still | Heard
    lineage: Lineage
    manifest: str
    signer: str
    payload: int
    key: str

    def plain(self) -> dict[str, Any]:
        """The card as the sidecar holds it."""
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "content": self.content,
            **self.shape.plain(),
            "lineage": self.lineage.plain(),
            "credential": {"manifest": self.manifest, "signer": self.signer},
            "watermark": {"payload": f"{self.payload:08x}", "key": self.key},
            "generator": f"understudy {__version__}",
        }


def fingerprint(key: bytes) -> str:
    """What a watermark's key is called without telling it: 16 hexadecimal digits."""
    return hashlib.sha256(b"understudy watermark key " + key).hexdigest()[:16]


def read_key(path: Path) -> bytes:
    """The key of a study's watermark out of its file: 32 bytes, or as 64 hexadecimal digits.

    Raises ConsentError when others may read it, ConfigError when it is something else.
    """
    try:
        held = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror})", "Check its path.") from error
    require_private(path)
    if re.fullmatch(rb"[0-9a-fA-F]{64}\s*", held):
        return bytes.fromhex(held.decode("ascii"))
    if len(held) != KEY_BYTES:
        remedy = f"It must be {KEY_BYTES} bytes, or as many written as hexadecimal digits."
        raise ConfigError(path, f"a watermark's key cannot have {len(held)} bytes", remedy)
    return held


def sidecar(path: Path) -> Path:
    """Where the card of a fake lies: beside it, under its name with .json added."""
    return path.with_name(path.name + ".json")


def card(path: Path) -> dict[str, Any]:
    """The card of a published fake, as its sidecar holds it, checked against the file.

    Raises MediaError when the file carries no label, has no sidecar, or is not the file that was published.
    """
    path = Path(path)
    found = tag(containers.tags(path))
    if found.get("label") != WORD:
        raise MediaError(path, "it carries no label of a fake", "Only files that were published have a card.")
    if not sidecar(path).is_file():
        raise MediaError(path, "its sidecar is missing", f"Put {sidecar(path).name} beside it, or publish it again.")
    held: dict[str, Any] = read_json(sidecar(path))
    digest = sha256(path)
    if digest != held.get("sha256"):
        fact = f"its sha256 is {digest}, its sidecar says {held.get('sha256')}"
        raise MediaError(path, fact, "It was changed after it was published: publish it again.")
    if {key: found.get(key) for key in held["lineage"]} != held["lineage"]:
        raise MediaError(path, "its metadata and its sidecar name another lineage", "Publish it again.")
    return held


def comment(lineage: Lineage) -> str:
    """The lineage as the container's comment carries it."""
    said = {"label": WORD, "generator": f"understudy {__version__}", **lineage.plain()}
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def tag(tags: dict[str, str]) -> dict[str, Any]:
    """What a container's comment says, if that is JSON; else nothing."""
    try:
        said = json.loads(tags.get("comment", ""))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
