"""Scores from the fakes themselves: what they were measured against is rendered anew, where nobody was filmed."""

import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from understudy import stats
from understudy.config import Study
from understudy.people import Clip
from understudy.review.checks import Finding, Impossible, Outcome
from understudy.review.evidence import SCORES, Evidence
from understudy.review.executing import snakemake
from understudy.review.tables import KEY, name, same
from understudy.review.workspace import ReproductionError, Workspace, held, prepare

# What makes a score but the fake: no training, no conversion.
RULES = (
    "render", "say", "truth", "true_voice", "ingest", "reference", "extract", "frame", "base", "measure", "listen",
    "sanity", "heard_sanity",
)  # fmt: skip
# Relative: another processor may round otherwise, and a score is a mean of many frames.
CLOSE = 1e-6

Run = Callable[[Path, Sequence[str]], None]


def again(evidence: Evidence) -> Outcome:
    """Which pairs the crate alone can run again. Raises Impossible when some need footage."""
    pairs, filmed = evidence.study.pairs, {clip.subject for clip in evidence.manifest.clips if not clip.synthetic}
    need = [f"{pair.source} → {pair.driver}" for pair in pairs if filmed & {pair.source, pair.driver}]
    if need:
        clips = ", ".join(clip.id for clip in evidence.manifest.clips if not clip.synthetic)
        some = f"{len(need)} of {len(pairs)} pairs ({', '.join(need)}) need footage, which is in no crate"
        raise Impossible(f"{some}: the clips {clips}; `understudy reproduce --data` runs them where that is")
    return Outcome(note=f"all {len(pairs)} pairs are of synthetic actors: `understudy reproduce` runs them from here")


def measured(evidence: Evidence, into: Path | None, cores: int, run: Run = snakemake) -> Outcome:
    """The fakes in the crate, and the rows for comparison, measured again in the folder `into` have the same scores."""
    if into is None:
        raise Impossible("not asked for: without --quick, clips of actors are rendered and the fakes measured anew")
    if evidence.study.own_networks and "lipsync" in evidence.study.metrics:
        raise Impossible("the study trained the expert that judged its lips: `understudy reproduce` trains it again")
    with held(into):
        try:
            workspace = prepare(evidence, into, None)
        except ReproductionError as error:
            raise Impossible(error.fact) from error
        wanted = {place: into / "data" / workspace.study / place for place in _tables(evidence, workspace)}
        targets = [path.relative_to(into).as_posix() for path in wanted.values()]
        run(into, ["--allowed-rules", *RULES, "--cores", str(cores), "--", *targets])
        rows = pd.concat([stats.read(path) for path in wanted.values()], ignore_index=True)
    told = dict(_values(evidence.scores))
    found = [(key, value, told.get(key)) for key, value in _values(rows)]
    exact = sum(due is not None and same(value, due) for _, value, due in found)
    left = ", ".join(f"{source} → {driver}" for source, driver in workspace.left_out)
    note = f"{len(found)} scores, {exact} of them to the bit" + (f"; not without footage: {left}" if left else "")
    return Outcome(note=note, findings=list(_unequal(found)))


def _values(scores: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], float]]:
    for *key, value in scores[[*KEY, "value"]].itertuples(index=False, name=None):
        yield tuple(map(str, key)), float(value)


def _unequal(found: Sequence[tuple[tuple[str, ...], float, float | None]]) -> Iterator[Finding]:
    """Scores that are not those of the crate: (row, measured here, in the crate)."""
    for key, value, told in found:
        if told is None:
            yield Finding(file=SCORES, item=name(key), fact="is missing", due=repr(value))
        elif not (same(value, told) or math.isclose(value, told, rel_tol=CLOSE, abs_tol=CLOSE)):
            fact = f"is {told!r}"
            yield Finding(file=SCORES, item=name(key), fact=fact, due=f"{value!r}, as measured again")


def _tables(evidence: Evidence, workspace: Workspace) -> Iterator[str]:
    """The score tables that can be made again, below the study's folder; the fakes that they need are put there."""
    for pair in evidence.study.pairs:
        if (pair.source, pair.driver) in workspace.left_out:
            continue
        for clip in evidence.manifest.of(pair.driver, "test"):
            heard = [name for name in evidence.study.entries if evidence.study.heard(name)]
            yield from [f"sanity/{pair.source}/{clip.id}.parquet"] if _seen(evidence.study, clip) else []
            yield from [f"sanity/{pair.source}/{clip.id}.voice.parquet"] if heard else []
            for entry, place in _places(evidence.study, pair.source, clip.id):
                fake, region = f"fakes/{place}.mp4", f"regions/{place}.alpha"
                pictured = evidence.study.family_of(entry) != "voice"
                if evidence.has(fake) and (evidence.has(region) or not pictured):
                    for file in (fake, region) if pictured else (fake,):
                        _put(evidence, file, workspace.folder / "data" / workspace.study / file)
                    yield from [f"scores/{place}.parquet"] if pictured else []
                    yield from [f"scores/{place}.voice.parquet"] if entry in heard else []


def _seen(study: Study, clip: Clip) -> bool:
    """Whether faces of a clip are swapped, animated or made to speak."""
    return study.family != "voice" and not clip.heard


def _places(study: Study, source: str, clip: str) -> Iterator[tuple[str, str]]:
    """Each entry, and where its fakes of a conversion lie, below fakes/ and without their ending."""
    for entry in study.entries:
        for seed in study.seeds(entry):
            yield entry, f"{entry}/seed-{seed}/{source}/{clip}"


def _put(evidence: Evidence, fake: str, to: Path) -> None:
    if not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(evidence.copy(fake), to)
