"""What of a finished study leaves the machine: its crate, filled from the plan."""

import datetime
import tempfile
from pathlib import Path

import understudy
from understudy import crate, report
from understudy.job import machine
from understudy.people.proof import prove
from understudy.settings import plain
from understudy.stages.cards import granted, software, study_cards, study_methods
from understudy.stages.history import history, named
from understudy.stages.jobs import Jobs
from understudy.stages.report import build_page
from understudy.stages.tables import FILES, read_tables

# What a reviewer needs to run the study again, beside the package itself.
_WORKFLOW = ("Snakefile", "workflow/**/*", "scripts/*.py", "profiles/**/*.yaml", "envs/*")


def write_crate(folder: Path, plan: Jobs) -> Path:
    """Writes the crate of a study whose files are all there as `folder`."""
    with tempfile.TemporaryDirectory(prefix="understudy-") as scratch:
        return crate.write(folder, contents(plan, Path(scratch)))


def contents(plan: Jobs, scratch: Path) -> crate.Contents:
    """All that goes into the crate; the report for its readers is written to `scratch`, which must outlive it."""
    study, home = plan.study, _home()
    tables = {name: Path(plan.root) / "scores" / name for name in FILES}
    found = read_tables(Path(plan.root) / "scores")
    scores, frames = found.scores, found.frames
    report.write(scratch, build_page(plan, found), audience="crate")
    subjects = dict.fromkeys((*plan.manifest.subjects, *(s for p in study.pairs for s in (p.source, p.driver))))
    return crate.Contents(
        study=study.study,
        version=study.version,
        about=study.about,
        digest=plan.digest,
        made=datetime.datetime.now(datetime.UTC),
        settings=plain(study),
        manifest=plan.manifest,
        proof=prove(plan.ledger.log, subjects, study.study),
        head=plan.ledger.head,
        report=_below(scratch, "**/*"),
        workflow={name: path for pattern in _WORKFLOW for name, path in _below(home, pattern).items()},
        lock=home / "envs/lock.txt",
        machine=machine(),
        software=software(),
        tables=tables,
        runs=tuple(_training(plan, *training) for training in plan.trainings),
        fakes=tuple(_fakes(plan)),
        cards={card.name: card.markdown() for card in study_cards(plan, scores)},
        methods=study_methods(plan, scores, frames) + "\n",
        jobs=history(plan),
        withdrawals=tuple((each.day, each.pairs) for each in plan.withdrawals),
    )


def _home() -> Path:
    """Where the workflow lies: the working directory, or the checkout that the package belongs to."""
    here = Path.cwd()
    return here if (here / "Snakefile").is_file() else Path(understudy.__file__).resolve().parents[2]


def _below(folder: Path, pattern: str) -> dict[str, Path]:
    """The files below a folder that match, by their paths from there; nothing hidden, nothing compiled."""
    found = {path.relative_to(folder): path for path in sorted(folder.glob(pattern)) if path.is_file()}
    return {
        name.as_posix(): path
        for name, path in found.items()
        if not any(part.startswith((".", "__")) for part in name.parts)
    }


def _training(plan: Jobs, name: str, seed: int, group: str) -> crate.Training:
    subjects = plan.sides(group)
    return crate.Training(
        method=name,
        seed=seed,
        group=group,
        folder=Path(plan.weights_of(name, seed, group)).parent,
        shareable=granted(plan, "share-weights", *subjects),
    )


def _fakes(plan: Jobs) -> list[crate.Fake]:
    """Every fake; one leaves when both people allow it."""
    made = []
    for name, seed, source, clip in plan.fakes:
        names = {"method": name, "seed": seed, "source": source, "clip": clip.id}
        path = plan.fake_pattern.format(**names)
        region = None if name in plan.voices else Path(plan.region_pattern.format(**names))
        showable = granted(plan, "publish", source, clip.subject)
        made.append(crate.Fake(path=Path(path), place=named(plan, path), showable=showable, region=region))
    return made
