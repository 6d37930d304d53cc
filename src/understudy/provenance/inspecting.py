"""Looking at any media file for what marks it as a fake, even after it was encoded anew, cropped, stripped or renamed.

Six witnesses, from the strongest: the credential, the watermark, the card that lies beside it or in a study's results,
the tags of the container, the label, the notice of a synthetic voice. None of them proves that a file without any is
real.
"""

import dataclasses
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from understudy import watermark
from understudy.files import sha256
from understudy.media.container import opened, picture
from understudy.provenance import chime, containers, seeing
from understudy.provenance.cards import fingerprint, sidecar, tag
from understudy.provenance.credential import Credential, read
from understudy.provenance.label import WORD
from understudy.provenance.traces import look


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mark:
    """A watermark that was found, where ('picture' or 'sound'), with the key of that fingerprint, and the studies, as
    NAME/VERSION, among those that are known here, whose payload it carries."""

    where: str
    payload: int
    confidence: float
    key: str
    studies: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Beside:
    """A card that describes the file. path: of the sidecar. same: 'file' (every byte), 'content' (what is seen and
    heard, but not the file), or 'other' (another file: the card says nothing of this one)."""

    path: Path
    same: str
    card: dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sight:
    """All that was found of a file. kind: 'video', 'picture' or 'sound'. said: the lineage in its tags. tags: all of
    its tags. beside: the sidecar under its name. twin: the card of a fake in a study's results with the same content.
    unread: why not all of it could be looked at. notice: where the chime of a synthetic voice is heard."""

    path: Path
    kind: str
    credential: Credential | None
    marks: tuple[Mark, ...]
    label: seeing.Label | None
    said: dict[str, Any]
    tags: dict[str, str]
    beside: Beside | None
    twin: Beside | None
    unread: str | None
    notice: chime.Heard | None = None

    @property
    def card(self) -> dict[str, Any] | None:
        """The card that describes this file, or one with the same content."""
        fitting = [each.card for each in (self.beside, self.twin) if each and each.same != "other"]
        return fitting[0] if fitting else None

    @property
    def recognised(self) -> bool:
        """Whether anything says that this is a fake."""
        claims = self.credential is not None and self.credential.synthetic
        return bool(claims or self.marks or self.label or self.notice or self.said or self.card)

    @property
    def studies(self) -> dict[str, str]:
        """The studies that it is said to come from, as NAME/VERSION, by who says so."""
        signed = (self.credential and self.credential.study) or {}
        card = (self.card or {}).get("lineage", {})
        said = {"credential": signed, "card": card, "tags": self.said}
        found = {who: name for who, what in said.items() for name in _named(what)}
        marks = {f"watermark of the {mark.where}": mark.studies[0] for mark in self.marks if mark.studies}
        return found | marks


def inspect(
    path: Path,
    *,
    studies: Sequence[str] = (),
    key: bytes = watermark.PUBLIC,
    anchors: str = "",
    place: Path = Path(),
) -> Sight:
    """What a media file says of itself, whatever was done to it since it was published.

    studies: NAME/VERSION of studies whose watermark it may carry, besides those whose results lie below `place`. key:
    of the watermark, tried before the public one. anchors: PEM certificates whose word is trusted.

    Raises MediaError for what is no media file.
    """
    path = Path(path)
    tags, kind = _about(path)
    said = tag(tags)
    credential, beside, twin = read(path, anchors=anchors), _beside(path), _twin(path, place)
    cards = [each.card["lineage"] for each in (beside, twin) if each]
    signed = [credential.study] if credential and credential.study else []
    known = [*studies, *known_studies(place), *(name for each in (said, *signed, *cards) for name in _named(each))]
    looked = look(path, kind, list(dict.fromkeys((key, watermark.PUBLIC))))
    return Sight(
        path=path,
        kind=kind,
        credential=credential,
        marks=tuple(_mark(where, found, key, known) for where, found, key in looked.marks),
        label=looked.label,
        said=said if said.get("label") == WORD else {},
        tags=tags,
        beside=beside,
        twin=twin,
        unread=looked.unread,
        notice=looked.notice,
    )


def known_studies(place: Path) -> list[str]:
    """NAME/VERSION of the studies whose results lie below a folder."""
    return sorted("/".join(folder.parts[-2:]) for folder in place.glob("results/*/*") if folder.is_dir())


def _about(path: Path) -> tuple[dict[str, str], str]:
    """A file's tags and its kind."""
    if path.is_file() and path.stat().st_size and containers.is_still(path):
        containers.read_still(path)
        with_tags = path.read_bytes().startswith(b"\x89PNG")
        return (containers.tags(path) if with_tags else {}), "picture"
    with opened(path) as container:
        kind = "video" if picture(container) else "sound"
    return containers.tags(path), kind


def _named(said: dict[str, Any]) -> list[str]:
    return [f"{said['study']}/{said['version']}"] if {"study", "version"} <= set(said) else []


def _mark(where: str, found: watermark.Found, key: bytes, known: Iterable[str]) -> Mark:
    named = [study for study in dict.fromkeys(known) if watermark.payload(*study.split("/", 1)) == found.payload]
    return Mark(
        where=where,
        payload=found.payload,
        confidence=found.confidence,
        key="public" if key == watermark.PUBLIC else fingerprint(key),
        studies=tuple(named),
    )


def _beside(path: Path) -> Beside | None:
    """The card under the file's own name, and what it has to do with the file."""
    card = _card(sidecar(path))
    if card is None:
        return None
    if card.get("sha256") == sha256(path):
        return Beside(path=sidecar(path), same="file", card=card)
    same = "content" if card.get("content") == containers.content(path) else "other"
    return Beside(path=sidecar(path), same=same, card=card)


def _twin(path: Path, place: Path) -> Beside | None:
    """The card of a published fake in the results below a folder, that has the same content."""
    content = None
    cards = itertools.chain.from_iterable(
        place.glob(f"results/*/*/**/*{kind}.json") for kind in (".mp4", ".png", ".wav")
    )
    for other in sorted(cards):
        card = _card(other)
        if card is not None and "content" in card:
            content = content or containers.content(path)
            if card["content"] == content:
                return Beside(path=other, same="content", card=card)
    return None


def _card(path: Path) -> dict[str, Any] | None:
    """What a sidecar holds; None when there is none, or it is something else."""
    try:
        card = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return card if isinstance(card, dict) and "sha256" in card and isinstance(card.get("lineage"), dict) else None
