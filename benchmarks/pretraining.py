"""What it buys to begin from the start that is shipped: `python benchmarks/pretraining.py [--write]`.

Both pairs of the default study's actors learn `original-small` from nothing and from the start, with the same seeds. On
the way, at an eighth, a quarter and a half of the steps and at the end, the held-out clip of each is converted, in both
directions, and every fifth frame compared with the exact swap inside the face (SSIM, as `metrics.truth` has it). Beside
it stands the training's loss.
What was rendered, learned and scored stays in the work folder, so that an interrupted measurement goes on.

`--pretrain FOLDER` makes the start instead: of the six actors of config/cast/pretraining.yaml, who are in no study.
"""

import argparse
import contextlib
import itertools
import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import cv2
import numpy as np
import pandas as pd
import torch
import yaml
from numpy.typing import NDArray

from understudy import cast, media
from understudy.errors import Stopped
from understudy.faces.extract import Extraction, extract
from understudy.faces.faceset import Faceset
from understudy.faces.paste import paste
from understudy.files import read_json, sha256, write_json
from understudy.job import machine
from understudy.learning import Run, kept
from understudy.methods import Footage, original
from understudy.methods.original import shipping
from understudy.methods.original.start import SHIPPED
from understudy.metrics.truth import ssim
from understudy.people import Clip, group, read_ledger, read_manifest
from understudy.settings import build, plain

ROOT = Path(__file__).resolve().parents[1]
STUDY = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
EXTRACTION = build(Extraction, STUDY["extract"], "extract")
LEDGER = ROOT / STUDY["consents"]
PEOPLE, STRANGERS = ROOT / STUDY["manifest"], ROOT / "config/cast/pretraining.yaml"
PAIRS = [(pair["source"], pair["driver"]) for pair in STUDY["pairs"]]
SHARES, EVERY = (0.125, 0.25, 0.5, 1.0), 5
CPU = torch.device("cpu")


def filmed(clip: Clip, work: Path) -> tuple[Path, Faceset]:
    """A clip of the cast, rendered, and its faces."""
    actor, performance = clip.performance
    film, faces = work / f"{actor}-{performance}.mp4", work / f"{actor}-{performance}.faces"
    if not film.exists():
        script = cast.load_performance(performance)
        pictures = cast.render(cast.Actor(cast.load_actor(actor)), script, size=STUDY["cast"]["size"])
        media.write(film, (each.rgb_HWC for each in pictures), fps=script.fps, crf=STUDY["media"]["crf"])
    return film, Faceset.open(faces) if faces.exists() else extract(film, faces, EXTRACTION)


def footage(subject: str, manifest: Path, role: str, work: Path) -> Footage:
    """What a subject's clips of a role show."""
    both = [filmed(clip, work) for clip in read_manifest(manifest).of(subject, role)]
    return Footage(subject, tuple(faces for _, faces in both), tuple(film for film, _ in both))


def truth(source: str, driver: Clip, work: Path) -> tuple[Path, NDArray[np.bool_]]:
    """The exact swap of a driver's clip, and where the face is in it (T, H, W)."""
    actor, performance = driver.performance
    film, places = (work / f"{source}-on-{actor}-{performance}{end}" for end in (".mp4", ".npy"))
    if not places.exists():
        script, masks = cast.load_performance(performance), []
        taker, giver = (cast.Actor(cast.load_actor(name)) for name in (actor, source))

        def pictures() -> Iterator[NDArray[np.uint8]]:
            for frame in cast.render(cast.swapped(taker, giver), script, size=STUDY["cast"]["size"]):
                masks.append(frame.face_HW)
                yield frame.rgb_HWC

        media.write(film, pictures(), fps=script.fps, crf=STUDY["media"]["crf"])
        np.save(places, np.array(masks))
    return film, np.load(places)


def likeness(model: Any, source: str, driver: str, config: original.Config, work: Path) -> float:
    """SSIM to the truth of a driver's held-out clip with the source's face, the mean over every fifth frame."""
    (clip,) = read_manifest(PEOPLE).of(driver, "test")
    film, faces = filmed(clip, work)
    aim, masks = truth(source, clip, work)
    matrices = faces.view(*original.crop_space(config)).matrices_N23
    batches = original.convert(model, Footage(source, (), ()), Footage(driver, (faces,), (film,)), config)
    crops = {
        int(frame): crop for frame, crop in zip(faces.frames_N, itertools.chain.from_iterable(batches), strict=True)
    }
    number_of = {int(frame): number for number, frame in enumerate(faces.frames_N)}
    found = []
    for number, (frame, exact) in enumerate(zip(media.frames(film), media.frames(aim), strict=True)):
        if number % EVERY or not masks[number].any():
            continue
        if number in crops:
            picture = crops[number].permute(1, 2, 0).numpy()
            face, mask = np.rint(picture[..., :3] * 255).astype(np.uint8), np.ascontiguousarray(picture[..., 3])
            at = number_of[number]
            frame = paste(frame, face, matrices[at], faces.landmarks_N682[at], config.paste, mask)
        found.append(ssim(frame, exact, masks[number]))
    return statistics.mean(found)


def weights(folder: Path, share: float) -> Path:
    """Those of a share of the steps, of a training that is done, or of one that halted after it."""
    done = folder / kept(share)
    return done if done.exists() else folder / f"snapshot-{share:g}.safetensors"


def run(folder: Path, subjects: Sequence[str], seed: int, config: original.Config, until: float = 1.0) -> Run:
    """A training's place, with the leave of those it learns of; it halts once the weights of a share are kept."""
    ledger = read_ledger(LEDGER)
    allowed = group(ledger, subjects=tuple(subjects), family="swap")
    return Run(
        folder=folder,
        seed=seed,
        device=CPU,
        consents=allowed.consents,
        log_head=ledger.head,
        settings=plain(config),
        subjects=tuple(subjects),
        keep=SHARES,
        allowed=lambda: "far enough" if weights(folder, until).exists() else None,
    )


def pretrain(folder: Path, work: Path, steps: int) -> None:
    """The start: whatever the six strangers' clips teach in so many steps."""
    config = original.PRESETS["original-small"]()
    config = replace(config, learning=replace(config.learning, steps=steps, preview_every=max(1, steps // 8)))
    subjects = read_manifest(STRANGERS).subjects
    footages = [footage(subject, STRANGERS, "pretrain", work) for subject in subjects]
    original.pretrain(footages, config, replace(run(folder, subjects, 1, config), keep=()))


def curve(pair: tuple[str, str], seed: int, begin: str, asked: argparse.Namespace) -> list[list[float]]:
    """SSIM to the truth in each direction and the loss, at each share of the steps up to the last that is asked for."""
    digest = sha256(SHIPPED)[:8] if begin == "shipped" else "chance"
    folder = asked.work / "runs" / f"{'-'.join(pair)}-{seed}-{asked.steps}-{digest}"
    known: dict[str, list[float]] = read_json(folder / "curve.json") if (folder / "curve.json").exists() else {}
    config = replace(original.PRESETS["original-small"](), start=begin)  # type: ignore[arg-type] # one of its words
    learning = replace(config.learning, steps=asked.steps, preview_every=0, snapshot_every=max(1, asked.steps // 8))
    config = replace(config, learning=learning)
    if not weights(folder, asked.until).exists():
        place = run(folder, pair, seed, config, asked.until)
        with contextlib.suppress(Stopped):
            original.train([footage(name, PEOPLE, "train", asked.work) for name in pair], config, place)
    for share in shares(asked):
        if f"{share:g}" not in known:
            model = original.load(weights(folder, share), CPU)
            known[f"{share:g}"] = [likeness(model, *way, config, asked.work) for way in (pair, pair[::-1])]
            write_json(folder / "curve.json", known)
            print(pair, seed, begin, share, known[f"{share:g}"], flush=True)
    return [[*known[f"{share:g}"], loss(folder, round(asked.steps * share))] for share in shares(asked)]


def loss(folder: Path, step: int) -> float:
    """A training's loss, the mean over the 100 steps up to `step`."""
    rows = pd.read_csv(folder / "loss.csv")
    return float(rows.loc[(rows["step"] > step - 100) & (rows["step"] <= step), "loss"].mean())


def shares(asked: argparse.Namespace) -> list[float]:
    """Those of the steps that are measured."""
    return [share for share in SHARES if share <= asked.until]


def table(asked: argparse.Namespace) -> str:
    """The measurement as Markdown: the mean at each share, and what the start adds, seed by seed and way by way."""
    cases = [(pair, seed) for seed in range(1, asked.seeds + 1) for pair in PAIRS]
    both = [[curve(*case, begin, asked) for begin in ("nothing", "shipped")] for case in cases]
    lines = [
        f"SSIM to the exact swap, inside the face: {len(PAIRS)} pairs in both directions, seeds: {asked.seeds}. Loss: "
        "of the training, the mean over 100 steps.",
        "",
        f"| share of {asked.steps} steps | steps | SSIM from nothing | from the start | gained | least | most "
        "| loss from nothing | from the start |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    unsure = []
    for row, share in enumerate(shares(asked)):
        chance, begun = (np.array([case[begin][row][:2] for case in both]) for begin in (0, 1))
        gained = begun - chance
        learned = (np.mean([case[begin][row][2] for case in both]) for begin in (0, 1))
        numbers = (chance.mean(), begun.mean(), gained.mean(), gained.min(), gained.max(), *learned)
        text = " | ".join(f"{number:.4f}" for number in numbers)
        lines.append(f"| {share:g} | {asked.steps * share:.0f} | {text} |")
        if gained.min() <= 0:
            unsure.append(f"{share:g}")
    note = f"{2 * len(cases)} differences a row; the start's sha256 begins with {sha256(SHIPPED)[:8]}."
    if unsure:
        note += f" At {', '.join(unsure)} of the steps not every case gained in SSIM: the start is no sure gain there."
    return "\n".join([*lines, "", note])


def main() -> None:
    """Measures, prints, and with --write leaves the table beside this file and in the start's card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, default=Path("data/benchmarks/pretraining"), help="what is kept on the way"
    )
    parser.add_argument("--pretrain", type=Path, metavar="FOLDER", help="make a start here instead")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--until", type=float, choices=SHARES, default=1.0, help="the last share that is measured")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    chosen.work.mkdir(parents=True, exist_ok=True)
    if chosen.pretrain:
        return pretrain(chosen.pretrain, chosen.work, chosen.steps)
    result = table(chosen)
    print(result)
    if chosen.write:
        amount = f"--steps {chosen.steps} --seeds {chosen.seeds} --until {chosen.until:g}"
        command = f"`python benchmarks/pretraining.py {amount} --write`"
        text = f"# Beginning from a pretraining\n\n{command}\n\n{result}\n\n{machine()['processor']}, one thread.\n"
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
        shipping.note_benefit(f"{command}\n\n{result}")
    return None


if __name__ == "__main__":
    main()
