"""Rules `reference` and `extract`: who the subject is, and the subject's faces in a clip."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import FaceError
from understudy.faces.extract import extract
from understudy.faces.subject import reference
from understudy.faces.survey import Extraction
from understudy.files import whole
from understudy.job import progress
from understudy.people import Use, ask
from understudy.settings import build

_ENOUGH = 6  # clips that make a reference: more change it by less than pose does


def reference_subject(
    *, clips: Sequence[str], out: Path, subject: str, settings: dict[str, Any], consents: str, study: str
) -> None:
    """Writes embeddings_N128 (.npy): the subject's face in up to six of the clips that may be learned from.

    Clips that show several people, or none, say nothing about who the subject is and are passed over; raises the
    FaceError of the last when no other is left.
    """
    ask(Path(consents), study, "reference", [Use(subject=subject, purpose="extract")])
    chosen = build(Extraction, settings, "extract")
    refused: list[FaceError] = []

    def known() -> Iterable[NDArray[np.float32]]:
        for clip in progress(clips, len(clips), f"reference of {subject}"):
            try:
                yield reference(Path(clip), chosen)
            except FaceError as error:
                refused.append(error)

    found = list(islice(known(), _ENOUGH))
    if not found:
        raise refused[-1]
    with whole(out) as part, part.open("wb") as file:
        np.save(file, np.stack(found))


def extract_clip(
    *, clip: Path, reference: Path, out: Path, subject: str, settings: dict[str, Any], consents: str, study: str
) -> None:
    """Writes the faceset of `subject` in `clip`: packed crops, a table row a frame, and a picture of what was kept."""
    ask(Path(consents), study, f"extract {clip.stem}", [Use(subject=subject, purpose="extract")])
    chosen = build(Extraction, settings, "extract")
    extract(clip, out, chosen, references_N128=np.load(reference), progress=progress)
