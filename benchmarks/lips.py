"""What the lip-sync expert can tell, and how far off the measured offset of lips and sound is, on the cast.

Run: python benchmarks/lips.py [--steps 800] [--write]

The expert learns as config/lipsync.yaml has it, from the actors of its manifest who are in no pair. Then it tells
speech in sync from the same clip's speech five frames off, on clips of which it knows neither the face nor the words:
the answers, given by the actors who are in pairs. A cast clip's lips are exactly in time with its sound; of every clip,
the sound is moved by known offsets, and the offset that is found held against that: by the opening of the lips, as the
renderer has them and as they are found in the film, and by the expert. Films, faces and weights stay in the work
folder, so that an interrupted measurement goes on.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import cv2
import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from understudy import cast, lips, media, speech
from understudy.faces.extract import Extraction, extract
from understudy.faces.faceset import Faceset
from understudy.job import machine
from understudy.learning import Run
from understudy.methods import Footage, wav2lip
from understudy.methods.wav2lip.pretraining import gathered
from understudy.people import group, read_ledger, read_manifest
from understudy.settings import build, plain
from understudy.stages.render import render_clip

ROOT = Path(__file__).resolve().parents[1]
STUDY = yaml.safe_load((ROOT / "config/lipsync.yaml").read_text(encoding="utf-8"))
EXTRACTION = build(Extraction, STUDY["extract"], "extract")
CPU = torch.device("cpu")
ANSWERS = 6  # sentences that the expert never hears
GIVEN = 3  # of them, by each actor in a pair: together, all
APART, FRAME = 5, 0.04  # frames that speech is off to be called so; seconds of one
MOVED = (-5, 0, 5)  # frames by which the sound is moved

Text = list[str]
Found = Callable[[NDArray[np.float32]], lips.Offset]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A film of an actor, what the renderer knows of its lips, and what was found in it."""

    name: str
    film: Path
    exact_T682: NDArray[np.float32]
    faceset: Faceset


def filmed(actor: str, performance: str, work: Path) -> Clip:
    """A clip of the cast, rendered and followed as a study does it."""
    name = f"{actor}-{performance}"
    film, labels, faces = work / f"clips/{name}.mp4", work / f"clips/{name}.labels.npz", work / f"facesets/{name}"
    if not film.exists() or not labels.exists():
        render_clip(
            clip=film, labels=labels, subject=actor, actor=actor, performance=performance, size=STUDY["cast"]["size"],
            crf=STUDY["media"]["crf"], digest=cast.digest(actor, performance), consents=str(work / "consents"),
            study=STUDY["study"],
        )  # fmt: skip
    faceset = Faceset.open(faces) if faces.exists() else extract(film, faces, EXTRACTION)
    return Clip(name=name, film=film, exact_T682=np.load(labels)["landmarks_T682"], faceset=faceset)


def footage(clips: Iterable[Clip]) -> list[Footage]:
    """The clips as a method is given them, one entry each."""
    return [Footage(clip.name.partition("-")[0], (clip.faceset,), (clip.film,)) for clip in clips]


def taught(clips: Sequence[Clip], config: Any, work: Path) -> lips.SyncNet:
    """The expert that learned from these clips, or did so before."""
    folder = work / f"expert-{config.expert.learning.steps}"
    if not (folder / "weights.safetensors").exists():
        ledger = read_ledger(work / "consents")
        subjects = tuple(dict.fromkeys(each.subject for each in footage(clips)))
        allowed = group(ledger, subjects=subjects, family="lipsync")
        run = Run(
            folder=folder, seed=STUDY["seed"], device=CPU, consents=allowed.consents, log_head=ledger.head,
            settings=plain(config), subjects=subjects,
        )  # fmt: skip
        lips.train_expert(gathered(footage(clips), config, work), config.expert, run)
    return lips.load_expert(folder / "weights.safetensors", CPU)


def told(expert: lips.SyncNet, known: Sequence[Clip], held: Sequence[Clip], config: Any, work: Path) -> Text:
    """Markdown: a row a set of clips, how well the expert tells them apart."""
    lines = [
        f"| clips | windows | own speech beats that {APART} frames off | at one threshold | cosine in sync, off |",
        "|---|---|---|---|---|",
    ]
    for name, clips in (("held out: other people, other words", held), ("learned from", known)):
        found = lips.told_apart(expert, gathered(footage(clips), config, work), APART)
        agree, differ = found["cosines"]
        lines.append(
            f"| {name}, {len(clips)} | {found['windows']} | {100 * found['accuracy']:.1f} % | "
            f"{100 * found['balanced']:.1f} % | {agree:.3f}, {differ:.3f} |"
        )
    return lines


def ways(clip: Clip, expert: lips.SyncNet | None, config: Any) -> dict[str, Found]:
    """How the offset of a clip's lips behind any sound is found."""
    fps, at = clip.faceset.fps, config.boxes

    def opening(landmarks_T682: NDArray[Any]) -> Found:
        openings_T = lips.openings(landmarks_T682)
        return lambda sound: lips.by_opening(openings_T, fps, sound, speech.RATE)

    found = {"opening, exact": opening(clip.exact_T682), "opening, found": opening(clip.faceset.track_T682)}
    if expert is not None:
        boxes_T4 = lips.mouth_boxes(clip.faceset, pads=at.pads, rise=at.rise, steady=at.steady)
        frames = zip(media.frames(clip.film), boxes_T4, strict=True)
        faces_TSSC = np.stack([lips.face(frame, box) for frame, box in frames])
        found["expert"] = lambda sound: lips.by_expert(expert, faces_TSSC, speech.mel(sound), fps)
    return found


def offsets(clips: Sequence[Clip], expert: lips.SyncNet | None, config: Any) -> dict[str, list[tuple[float, bool]]]:
    """Way -> the error of every clip and every move in ms (NaN: not told), and whether it was sure."""
    errors: dict[str, list[tuple[float, bool]]] = {}
    for clip in clips:
        sound = speech.read(clip.film)
        for way, find in ways(clip, expert, config).items():
            for frames in MOVED:
                found = find(lips.shifted(sound, -frames * FRAME, speech.RATE))
                errors.setdefault(way, []).append((1000 * (found.seconds - frames * FRAME), found.sure))
    return errors


def table(sets: dict[str, dict[str, list[tuple[float, bool]]]]) -> Text:
    """Markdown: a row a way and set of clips."""
    lines = ["| offset by | clips | measured | mean | worst | under a frame | sure |", "|---|---|---|---|---|---|---|"]
    for name, errors in sets.items():
        for way, found in errors.items():
            ms = np.array([error for error, _ in found])
            lines.append(
                f"| {way} | {name} | {len(ms)} | {np.nanmean(ms):+.1f} ms | {np.nanmax(abs(ms)):.1f} ms | "
                f"{100 * np.mean(abs(ms) < 1000 * FRAME):.0f} % | {100 * np.mean([sure for _, sure in found]):.0f} % |"
            )
    return lines


def page(work: Path, config: Any) -> tuple[str, str]:
    """What was measured, and of what; both Markdown."""
    manifest = read_manifest(ROOT / STUDY["manifest"])
    known = [filmed(*clip.performance, work) for clip in manifest.clips if clip.role == "pretrain"]
    studied = sorted({pair[side] for pair in STUDY["pairs"] for side in ("source", "driver")})
    answers = [
        (who, (at + each * ANSWERS // GIVEN) % ANSWERS) for at, who in enumerate(studied) for each in range(GIVEN)
    ]
    held = [filmed(actor, f"answer-{number + 1}", work) for actor, number in answers]
    expert = taught(known, config, work)
    sets = {
        f"{len(held)} answers, 3 s, none learned from": offsets(held, expert, config),
        f"{len(known)} readings, 8 s": offsets(known, None, config),
    }
    learning, people = config.expert.learning, {each.subject for each in footage(known)}
    note = (
        f"The expert of `{STUDY['study']}` (width {config.expert.width}, {learning.steps} steps of {learning.batch} "
        f"windows) learned from {len(known)} clips of {len(people)} actors. Every clip's sound was moved by "
        f"{', '.join(map(str, MOVED))} frames of 40 ms; errors are of the offset that was found. `exact`: the "
        f"renderer's own landmarks, `found`: those of an extraction. Machine: {machine()['processor']}."
    )
    return note, "\n".join([*told(expert, known, held, config, work), "", *table(sets)])


def main() -> None:
    """Measures, prints, and with --write leaves the page in lips.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("data/lips-benchmark"), help="keeps films, faces, weights")
    parser.add_argument("--steps", type=int, help="of the expert, if not as many as the study has")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if not (chosen.work / "consents").exists():
        shutil.copytree(ROOT / STUDY["consents"], chosen.work / "consents")
    (chosen.work / "clips").mkdir(exist_ok=True)
    config = build(wav2lip.Config, STUDY["methods"]["wav2lip"], "methods.wav2lip")
    if chosen.steps:
        learning = replace(config.expert.learning, steps=chosen.steps)
        config = replace(config, expert=replace(config.expert, learning=learning))
    note, text = page(chosen.work, config)
    print(text)
    if chosen.write:
        command = " ".join(["python benchmarks/lips.py", *sys.argv[1:]])
        head = f"# What the lip-sync expert can tell, and how far off offsets are\n\n`{command}`\n\n{note}\n\n"
        Path(__file__).with_suffix(".md").write_text(f"{head}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
