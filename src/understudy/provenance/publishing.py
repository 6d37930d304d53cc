"""Publishing: the one way in which a fake gets into a file."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from understudy import __version__, media
from understudy.errors import MediaError
from understudy.files import read_json, sha256, whole
from understudy.provenance.label import WORD, Box, draw, label_box
from understudy.provenance.lineage import Lineage

_NOTICE = "Synthetic media: not a recording of what happened. Made for research, with the consent of those it shows."


class Film(Protocol):
    """What publishing must know of the frames to come; a media.Probe will do."""

    @property
    def fps(self) -> Fraction: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """A published fake: its file, the sha256 of that, its number of frames, where its label is, where it comes from."""

    path: Path
    sha256: str
    frames: int
    fps: Fraction
    width: int
    height: int
    label: Box
    lineage: Lineage

    def plain(self) -> dict[str, Any]:
        """The card as the sidecar holds it."""
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "frames": self.frames,
            "fps": str(self.fps),
            "width": self.width,
            "height": self.height,
            "label": {"text": WORD, "box": list(self.label)},
            "lineage": self.lineage.plain(),
            "generator": f"understudy {__version__}",
        }


def publish(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    probe: Film,
    sound: Path | None,
    lineage: Lineage,
    faces: NDArray[np.float64] | None,
    crf: float = 18,
    preset: str = "medium",
) -> Card:
    """Writes a fake: its frames with the label, its lineage in the container's metadata and in the sidecar.

    frames: RGB, uint8, HWC, of `probe`'s size and rate, streamed. sound: a file whose sound track goes along. faces:
    boxes_N4 over the whole clip, which the label keeps clear of; see label_box.

    The fake appears last, and complete: whenever it is killed there is a labelled fake with its sidecar, or none.
    Raises MediaError and DiskError.
    """
    path, box = Path(path), label_box(probe.width, probe.height, faces)
    tags = {"comment": _comment(lineage), "description": _NOTICE, "title": f"{WORD}: {lineage.method}"}
    with whole(path) as part:
        labelled = _labelled(path, frames, probe, box)
        count = media.write(part, labelled, fps=probe.fps, sound=sound, metadata=tags, crf=crf, preset=preset)
        # Signing comes here: the last change of the file's bytes, before they are hashed.
        card = Card(
            path=path,
            sha256=sha256(part),
            frames=count,
            fps=Fraction(probe.fps),
            width=probe.width,
            height=probe.height,
            label=box,
            lineage=lineage,
        )
        with whole(sidecar(path)) as text:
            text.write_text(json.dumps(card.plain(), indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
            # A fake that is being replaced goes before its sidecar does: none ever stands beside another's.
            path.unlink(missing_ok=True)
    return card


def _labelled(path: Path, frames: Iterable[NDArray[np.uint8]], film: Film, box: Box) -> Iterator[NDArray[np.uint8]]:
    """The frames with the label, in one buffer that is used again: the frames themselves stay as they are."""
    buffer_HWC = np.empty((film.height, film.width, 3), np.uint8)
    for number, frame_HWC in enumerate(frames):
        if frame_HWC.shape != buffer_HWC.shape or frame_HWC.dtype != np.uint8:
            fact = f"frame {number} is {frame_HWC.dtype} {frame_HWC.shape}"
            raise MediaError(path, fact, f"It must be uint8 {buffer_HWC.shape}.")
        np.copyto(buffer_HWC, frame_HWC)
        draw(buffer_HWC, box)
        yield buffer_HWC


def _comment(lineage: Lineage) -> str:
    tag = {"label": WORD, "generator": f"understudy {__version__}", **lineage.plain()}
    return json.dumps(tag, sort_keys=True, ensure_ascii=False)


def sidecar(path: Path) -> Path:
    """Where the card of a fake lies: beside it, under its name with .json added."""
    return path.with_name(path.name + ".json")


def inspect(path: Path) -> dict[str, Any]:
    """The card of a published fake, as its sidecar holds it, checked against the file.

    Raises MediaError when the file carries no label, has no sidecar, or is not the file that was published.
    """
    path = Path(path)
    tag = _tag(path)
    if tag.get("label") != WORD:
        raise MediaError(path, "it carries no label of a fake", "Only files that were published can be inspected.")
    if not sidecar(path).is_file():
        raise MediaError(path, "its sidecar is missing", f"Put {sidecar(path).name} beside it, or publish it again.")
    card: dict[str, Any] = read_json(sidecar(path))
    found = sha256(path)
    if found != card.get("sha256"):
        fact = f"its sha256 is {found}, its sidecar says {card.get('sha256')}"
        raise MediaError(path, fact, "It was changed after it was published: publish it again.")
    if {key: tag.get(key) for key in card["lineage"]} != card["lineage"]:
        raise MediaError(path, "its metadata and its sidecar name another lineage", "Publish it again.")
    return card


def _tag(path: Path) -> dict[str, Any]:
    """What the container's comment says, if that is JSON; else nothing."""
    try:
        tag = json.loads(media.metadata(path).get("comment", ""))
    except json.JSONDecodeError:
        return {}
    return tag if isinstance(tag, dict) else {}
