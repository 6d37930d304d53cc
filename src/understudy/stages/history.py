"""What was run: every job of a finished study with what it read and wrote, and when, as Snakemake's tables tell it."""

import csv
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

from understudy.crate import Job
from understudy.stages.jobs import Jobs
from understudy.stages.places import RUN_FILES, voiced
from understudy.stages.tables import FILES

# What rules of voices cost stands beside what the same costs of pictures.
_KEPT = {
    "say": "render", "true_voice": "truth", "train_voice": "train", "revoice": "convert", "listen": "measure",
    "heard_sanity": "sanity", "heard_validity": "validity",
}  # fmt: skip


def history(plan: Jobs) -> tuple[Job, ...]:
    """The jobs in the order in which data flows through them."""
    parts = (_clips, _faces, _staged, _speech, _truths, _trainings, _fakes, _voices, _sanities, _validities, _gathering)
    return tuple(job for part in parts for job in part(plan))


def _clips(plan: Jobs) -> Iterator[Job]:
    for clip in plan.manifest.clips:
        rule = ("say" if clip.heard else "render") if clip.synthetic else "ingest"
        labelled = clip.synthetic and not clip.heard
        patterns = (plan.clip_pattern, *((plan.labels_pattern,) if labelled else ()))
        yield _job(plan, rule, clip.id, [clip.id], [pattern.format(clip=clip.id) for pattern in patterns])


def _truths(plan: Jobs) -> Iterator[Job]:
    for source, clip in plan.conversions:
        if plan.has_truth(source, clip) and not plan.reconstructs(source, clip):
            read = [clip.id, *plan.framings(source, clip.id)[:1]]
            yield _job(plan, "truth", f"{source}/{clip.id}", read, plan.truths(source, clip).values())


def _speech(plan: Jobs) -> Iterator[Job]:
    """What was said, cut into segments, and said anew by actors."""
    for clip in plan.learnt_voices:
        read, made = plan.clip_pattern.format(clip=clip.id), plan.speech_pattern.format(clip=clip.id)
        yield _job(plan, "speech", clip.id, [read], [made])
    for source, clip in plan.spoken if plan.audible else ():
        if exact := plan.true_voice(source, clip):
            yield _job(plan, "true_voice", f"{source}/{clip.id}.voice", [plan.clip_pattern.format(clip=clip.id)], exact)


def _faces(plan: Jobs) -> Iterator[Job]:
    for subject, made in plan.gallery.items():
        yield _job(plan, "reference", subject, plan.reference_clips(subject), [made])
    for clip in plan.seen:
        read = [plan.clip_pattern.format(clip=clip.id), plan.reference_of(clip.id)]
        yield _job(plan, "extract", clip.id, read, [plan.faceset_pattern.format(clip=clip.id)])


def _staged(plan: Jobs) -> Iterator[Job]:
    """What films became before a fake of theirs was made, and published weights."""
    for clip in plan.manifest.clips if plan.animates else ():
        read = [pattern.format(clip=clip.id) for pattern in (plan.clip_pattern, plan.faceset_pattern)]
        made = [pattern.format(clip=clip.id) for pattern in (plan.framed_pattern, plan.framing_pattern)]
        yield _job(plan, "frame", clip.id, read, made)
    for clip in dict.fromkeys(clip for _, clip in plan.conversions):
        read = [pattern.format(clip=clip.id) for pattern in (plan.clip_pattern, plan.faceset_pattern)]
        if told := plan.offsets(clip.id):
            yield _job(plan, "offset", clip.id, read, told)
    for source, clip in plan.conversions if plan.redubs else ():
        read = [plan.source_clips(source, clip.id)[0], plan.clip_pattern.format(clip=clip.id)]
        yield _job(plan, "base", f"{source}/{clip.id}", read, [plan.changed(source, clip.id)])
    for name in plan.adopted:
        made = [plan.adopted_pattern(file).format(method=name) for file in (RUN_FILES[0], "card.json")]
        yield _job(plan, "adopt", name, [], made)


def _trainings(plan: Jobs) -> Iterator[Job]:
    for name in plan.pretrained:
        made = [plan.pretrained_pattern(file).format(method=name) for file in RUN_FILES]
        yield _job(plan, "pretrain", name, [*plan.pretraining_facesets, *plan.pretraining_clips], made)
    for name, seed, group in plan.trainings:
        folder = Path(plan.weights_of(name, seed, group)).parent
        read = [*plan.training_facesets(group), *plan.training_clips(group), *plan.pretraining(name)]
        if name in plan.voices:
            read = [*plan.voice_segments(group), *plan.voice_clips(group)]
        made = [path for path in plan.all_runs if Path(path).parent == folder]
        rule = "train_voice" if name in plan.voices else "train"
        yield _job(plan, rule, f"{name}/seed-{seed}/{group}", read, made)
        if plan.study.curve and name not in plan.voices:
            curve = plan.curve_pattern.format(method=name, seed=seed, group=group)
            read = [plan.weights_of(name, seed, group), *plan.curve_evidence(name, group)]
            yield _job(plan, "curve", f"{name}/seed-{seed}/{group}", read, [curve])


def _fakes(plan: Jobs) -> Iterator[Job]:
    for name, seed, source, clip in plan.fakes:
        if name in plan.voices:
            continue
        place = f"{name}/seed-{seed}/{source}/{clip.id}"
        names = {"method": name, "seed": seed, "source": source, "clip": clip.id}
        fake = plan.fake_pattern.format(**names)
        read = [
            *plan.weights(name, str(seed), source, clip.id),
            *plan.source_facesets(source, clip.id),
            *plan.source_clips(source, clip.id),
            plan.faceset_pattern.format(clip=clip.id),
            *dict.fromkeys((plan.film(clip), plan.changed(source, clip.id), *plan.offsets(clip.id))),
            *plan.voice_inputs(name, str(seed), source, clip.id),
        ]
        beside = (plan.fake_card_pattern, plan.region_pattern, plan.timing_pattern)
        yield _job(plan, "convert", place, read, [fake, *(pattern.format(**names) for pattern in beside)])
        seen = [*plan.evidence(source, clip.id).values(), *plan.gallery.values(), beside[1].format(**names), fake]
        scored = [pattern.format(**names) for pattern in (plan.scores_pattern, plan.frames_pattern)]
        yield _job(plan, "measure", place, seen, scored)


def _voices(plan: Jobs) -> Iterator[Job]:
    """The fakes that are heard alone, and what of all fakes was listened to."""
    for name, seed, source, clip in plan.fakes:
        place = f"{name}/seed-{seed}/{source}/{clip.id}"
        names = {"method": name, "seed": seed, "source": source, "clip": clip.id}
        fake, timing = plan.fake_pattern.format(**names), plan.timing_pattern.format(**names)
        if name in plan.voices:
            read = [*plan.voice_inputs(name, str(seed), source, clip.id), plan.clip_pattern.format(clip=clip.id)]
            yield _job(plan, "revoice", place, read, [fake, plan.fake_card_pattern.format(**names), timing])
        if name in plan.audible:
            heard = [*_heard(plan, source, clip.id), fake]
            yield _job(plan, "listen", f"{place}.voice", heard, [voiced(plan.scores_pattern).format(**names)])


def _heard(plan: Jobs, source: str, clip_id: str) -> Iterator[str]:
    """The files that a voice is measured against."""
    for found in plan.heard_evidence(source, clip_id).values():
        yield from [found] if isinstance(found, str) else found


def _sanities(plan: Jobs) -> Iterator[Job]:
    for source, clip in plan.spoken if plan.audible else ():
        read = [*_heard(plan, source, clip.id), *plan.other_recording(source)]
        made = voiced(plan.sanity_pattern).format(source=source, clip=clip.id)
        yield _job(plan, "heard_sanity", f"{source}/{clip.id}.voice", read, [made])
    for source, clip in plan.conversions:
        read = [*plan.evidence(source, clip.id).values(), *plan.gallery.values(), plan.other_clip(source)]
        made = plan.sanity_pattern.format(source=source, clip=clip.id)
        yield _job(plan, "sanity", f"{source}/{clip.id}", read, [made])


def _validities(plan: Jobs) -> Iterator[Job]:
    for source, clip in plan.tried_voices:
        read = [*_heard(plan, source, clip.id), *plan.wrong_voice(source, clip.id)]
        made = voiced(plan.validity_pattern).format(source=source, clip=clip.id)
        yield _job(plan, "heard_validity", f"{source}/{clip.id}.voice", read, [made])
    for source, clip in plan.tried:
        read = [*plan.evidence(source, clip.id).values(), *plan.gallery.values()]
        read += plan.wrong_truth(source, clip.id)
        made = plan.validity_pattern.format(source=source, clip=clip.id)
        yield _job(plan, "validity", f"{source}/{clip.id}", read, [made])


def _gathering(plan: Jobs) -> Iterator[Job]:
    made = [f"{plan.root}/scores/{name}" for name in FILES]
    read = [*plan.all_scores, *plan.all_frames, *plan.all_curves, *plan.all_validities, *plan.all_timings]
    yield _job(plan, "gather", "", read, made)


def _job(plan: Jobs, rule: str, place: str, read: Iterable[str], made: Iterable[str]) -> Job:
    end, seconds = _taken(Path(plan.root) / "cost" / _KEPT.get(rule, rule) / f"{place}.tsv")
    return Job(
        rule=rule,
        name=f"{rule} {place}".strip(),
        inputs=tuple(dict.fromkeys(named(plan, path) for path in read)),
        outputs=tuple(named(plan, path) for path in made),
        end=end,
        seconds=seconds,
    )


def named(plan: Jobs, path: str) -> str:
    """A file of the study by the path that it has in a finished version; the score tables lie at its top."""
    short = path.removeprefix(f"{plan.root}/")
    return short.removeprefix("scores/") if short.count("/") == 1 else short


def _taken(table: Path) -> tuple[datetime.datetime | None, float | None]:
    """When a job was done and how many seconds it took: its benchmark table, which Snakemake writes at its end."""
    if not table.is_file():
        return None, None
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    end = datetime.datetime.fromtimestamp(int(table.stat().st_mtime), datetime.UTC)
    return end, float(rows[-1]["s"]) if rows else None
