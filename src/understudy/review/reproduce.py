"""`understudy reproduce`: a study run again from its crate, and a verdict for each of its numbers."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from understudy import stats
from understudy.crate import open_crate
from understudy.crate.store import open_store
from understudy.files import whole
from understudy.review import tables
from understudy.review.checks import summary
from understudy.review.differences import Difference, differences
from understudy.review.evidence import Evidence
from understudy.review.executing import checkout, execute
from understudy.review.verdicts import BAD, FEWEST, Count, bands, count, judge
from understudy.review.verify import verify
from understudy.review.workspace import ReproductionError, Workspace, held, prepare

Execute = Callable[[Workspace, int, int], Path]
Tell = Callable[[str], None]
MOST_TOLD = 20


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A study that was run again. verdicts: a row a number, see verdicts.judge. bands: of the replicates, if any."""

    workspace: Workspace
    differences: tuple[Difference, ...]
    verdicts: pd.DataFrame
    bands: pd.DataFrame

    @property
    def count(self) -> Count:
        """How many numbers got each verdict."""
        return count(self.verdicts)


def reproduce(
    place: Path,
    *,
    into: Path,
    data: Path | None = None,
    cores: int = 1,
    seeds: Sequence[int] = (),
    run: Execute = execute,
    tell: Tell = print,
) -> Reproduction:
    """Verifies the crate, runs its study again in the folder `into`, and writes verdicts.csv and bands.csv there.

    data: where filmed clips are looked for. seeds: of the replicates that bands come from, three or more; replicates
    that an earlier call finished in the same folder count, too, and so do those that the study has itself. run: what
    makes a run's score table. Raises
    ReproductionError when it cannot be run, CrateError for a crate that cannot be read, KeyboardInterrupt when it was
    stopped; the same call goes on from there.
    """
    _require_place(into)
    _require_sound(place, tell)
    crate = open_crate(place)
    with tempfile.TemporaryDirectory(prefix="understudy-") as scratch, held(into):
        evidence = Evidence(crate=crate, store=open_store(crate.place), scratch=Path(scratch))
        _require_seeds(seeds, evidence.study.own_seeds)
        workspace = prepare(evidence, into, data)
        found = tuple(differences(evidence, checkout()))
        for line in _before(workspace, found, seeds):
            tell(line)
        again = stats.read(run(workspace, workspace.seed, cores))
        for seed in seeds:
            tell(f"replicate with seed {seed}")
            run(workspace, seed, cores)
        band = bands([*_replicates(workspace), *([again] if workspace.replicates > 1 else [])])
        judged = judge(evidence.scores, again, band, workspace.left_out)
    _write(band, into / "bands.csv")
    _write(judged, into / "verdicts.csv")
    return Reproduction(workspace=workspace, differences=found, verdicts=judged, bands=band)


def _require_place(into: Path) -> None:
    """Raises ReproductionError for a folder in which studies of the user's own are kept."""
    for name in ("data", "results"):
        if into.resolve().is_relative_to(Path(name).resolve()):
            raise ReproductionError(into, f"lies in {name}/, where your own studies are", "Choose another --into.")


def _require_sound(place: Path, tell: Tell) -> None:
    checks = verify(place)
    tell(summary(checks))
    wrong = [check.name for check in checks if check.state == "failed"]
    if wrong:
        fact = f"does not hold together ({', '.join(wrong)})"
        raise ReproductionError(place, fact, f"`understudy verify {place}` names what is wrong; nothing was run.")


def _require_seeds(seeds: Sequence[int], own: range) -> None:
    """Raises ReproductionError for too few replicates, doubled ones, and the study's own seeds."""
    if seeds and (len(set(seeds)) != len(seeds) or set(own) & set(seeds) or min(seeds) < 0):
        fact = f"are not different from each other and from the study's own, {', '.join(map(str, own))}"
        raise ReproductionError(f"--seeds {','.join(map(str, seeds))}", fact, "Name each other seed once.")
    if 0 < len(seeds) < FEWEST:
        raise ReproductionError("--seeds", f"names {len(seeds)}, and a band takes {FEWEST}", "Name more seeds.")


def _before(workspace: Workspace, found: Sequence[Difference], seeds: Sequence[int]) -> Iterator[str]:
    """What is to be known before anything runs."""
    yield from (f"not as it was: {difference}" for difference in found)
    if not found:
        yield "program, machine and library versions are as they were"
    yield from (f"not as it was: {hint}" for hint in workspace.hints)
    for clip in workspace.lacking:
        yield f"not here: clip {clip.id}, sha256 {clip.sha256} (name its folder with --data)"
    for source, driver in workspace.left_out:
        yield f"cannot be run again: {source} → {driver}, without these clips"
    own = ", ".join(map(str, workspace.seeds))
    runs = f"{'seed' if workspace.replicates == 1 else 'seeds'} {own}"
    runs += f", then the replicates {', '.join(map(str, seeds))}" if seeds else ""
    yield f"running {workspace.study} {workspace.version} in {workspace.folder}: {runs}"


def _replicates(workspace: Workspace) -> list[pd.DataFrame]:
    """The score tables of all finished runs with other seeds."""
    own = workspace.table(workspace.seed)
    return [stats.read(path) for path in sorted(own.parent.glob("seed-*.parquet")) if path != own]


def _write(table: pd.DataFrame, path: Path) -> None:
    with whole(path) as part:
        table.to_csv(part, index=False, lineterminator="\n")


def outcome(done: Reproduction) -> Iterator[str]:
    """The verdicts in words: those that are bad one by one, then how many there are of each."""
    bad = done.verdicts[done.verdicts["verdict"].isin(BAD)]
    for row in bad.head(MOST_TOLD).to_dict("records"):
        band = "" if pd.isna(row["low"]) else f", band {row['low']:.6g} to {row['high']:.6g}"
        what = tables.name(tuple(str(row[key]) for key in tables.KEY))
        yield f"{row['verdict']}: {what}: {row['told']!r} in the crate, {row['again']!r} here{band}"
    if len(bad) > MOST_TOLD:
        yield f"and {len(bad) - MOST_TOLD} more, see {done.workspace.folder / 'verdicts.csv'}"
    yield str(done.count)
