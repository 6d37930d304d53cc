"""Rule `speech`: what is said in a clip, cut into segments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy import speech
from understudy.job import log
from understudy.people import Use, ask
from understudy.settings import build


def cut_speech(*, clip: Path, out: Path, subject: str, settings: Mapping[str, Any], consents: str, study: str) -> None:
    """Cuts what is said in a clip into segments, in the folder `out`; tells what was left out, and why."""
    ask(Path(consents), study, f"speech {clip.stem}", [Use(subject=subject, purpose="extract")])
    segments = speech.extract(clip, out, build(speech.Segmenting, settings, "segmenting"))
    log(f"speech {clip.stem}: {segments.seconds:.1f} s in {len(segments.paths)} segments")
    for warning in segments.warnings:
        log(f"speech {clip.stem}: {warning}")
