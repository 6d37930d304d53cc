"""Rule `ingest`: a filmed clip, proven to be the recorded one, in the study's one format."""

from fractions import Fraction
from pathlib import Path

from understudy import media
from understudy.people import Use, ask, check_file, read_manifest


def ingest_clip(
    *,
    clip: Path,
    clip_id: str,
    subject: str,
    manifest: str,
    consents: str,
    study: str,
    fps: str | None,
    height: int | None,
    crf: int,
) -> None:
    """Writes the recorded, usable video at a constant frame rate, upright, with 48 kHz sound.

    A recording without a picture gets a plain one, so that all after it is films.
    """
    ask(Path(consents), study, f"ingest {clip_id}", [Use(subject=subject, purpose="extract")])
    record = read_manifest(Path(manifest)).clip(clip_id)
    check_file(record)
    if record.heard:
        media.carried(Path(record.path), clip, crf=crf)
        return
    media.check(Path(record.path))
    media.normalise(Path(record.path), clip, fps=Fraction(fps) if fps else None, height=height, crf=crf)
