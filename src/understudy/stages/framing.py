"""Rule `frame`: films as methods that move a picture see them."""

from pathlib import Path
from typing import Any

from understudy.faces.faceset import Faceset
from understudy.faces.framing import Framing, frame_clip
from understudy.people import Use, ask
from understudy.settings import build


def frame(
    *,
    clip: Path,
    faceset: Path,
    out: Path,
    card: Path,
    subject: str,
    settings: dict[str, Any],
    crf: int,
    consents: str,
    study: str,
) -> None:
    """Writes a clip as a square that the subject's face fills, and in `card` how it was cropped."""
    ask(Path(consents), study, f"frame {clip.stem}", [Use(subject=subject, purpose="extract")])
    frame_clip(clip, Faceset.open(faceset), out, card, build(Framing, settings, "framing"), crf=crf)
