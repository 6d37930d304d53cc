"""`understudy verify`: a crate checked against itself, check by check, without its makers."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from understudy.crate import open_crate
from understudy.crate.contents import HASHES, MANIFEST, METHODS, PROOF, SEAL, STUDY
from understudy.crate.store import open_store
from understudy.report import NAME, NUMBERS
from understudy.review import beside, consents, fakes, measuring, pages, sealing, tables, texts
from understudy.review.checks import Check, Outcome, make
from understudy.review.evidence import CSV, FRAMES, SCORES, Evidence

Look = Callable[[Evidence], Outcome]
# What is checked, by which function, and the file that is named when a check breaks off.
CHECKS: tuple[tuple[str, Look, str], ...] = (
    ("files and hashes", sealing.files, HASHES),
    ("seal", sealing.seal, SEAL),
    ("hashes of the clips", sealing.inputs, MANIFEST),
    ("hashes of what was made", sealing.outputs, HASHES),
    ("consent log", consents.proof, PROOF),
    ("consent records that are named", consents.named, PROOF),
    ("heads of the log that are named", consents.heads, PROOF),
    ("uses, at their time", consents.covered, PROOF),
    ("uses, all of them logged", consents.logged, PROOF),
    ("study", lambda evidence: Outcome(note=f"{evidence.study.study}, version {evidence.study.version}"), STUDY),
    ("score table", tables.form, SCORES),
    ("score table, both copies", tables.copies, CSV),
    ("score table, complete", tables.whole, SCORES),
    ("scores from their frames", tables.from_frames, FRAMES),
    ("report, numbers from the scores", pages.derived, NUMBERS),
    ("report, recorded numbers", pages.recorded, NUMBERS),
    ("report, page", pages.page, NAME),
    ("report, figures and tables", beside.beside, "tables"),
    ("cards and methods paragraph", texts.texts, METHODS),
    ("trainings", fakes.trained, "runs"),
    ("weights", fakes.weights, "runs"),
    ("fakes", fakes.published, "fakes"),
    ("what can be run again", measuring.again, STUDY),
)


def verify(place: Path, *, measure: Path | None = None, cores: int = 1) -> list[Check]:
    """Checks the crate in a folder or zip. Raises CrateError when it cannot be read at all.

    measure: a folder in which the actors' clips are rendered anew, and the fakes of the crate measured again on `cores`
    cores; without it that check is not made.
    """
    crate = open_crate(place, damaged=True)
    with tempfile.TemporaryDirectory(prefix="understudy-") as scratch:
        evidence = Evidence(crate=crate, store=open_store(crate.place), scratch=Path(scratch))
        checks = [make(name, partial(look, evidence), file, evidence.scratch) for name, look, file in CHECKS]
        look = partial(measuring.measured, evidence, measure, cores)
        last = make("scores from the fakes", look, SCORES, evidence.scratch)
        return [*checks, last]
