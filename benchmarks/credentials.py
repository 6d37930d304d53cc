"""What it costs to publish a clip beyond encoding it, and how surely the label is seen afterwards.

Run: python benchmarks/credentials.py [--seconds 10] [--actors 12]

An actor of the cast with a sound, at 256 and at 720 lines, is published as it is in a study; each part is also run
alone. CPU time, one thread. Then a file of 1 GiB is signed in a process of its own, for its memory; and the label is
sought in frames of actors, in noise, stripes and texts without it, and in labelled clips after encoding and scaling.
Writes benchmarks/credentials.md.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import cast, media, provenance, watermark
from understudy.files import sha256
from understudy.job import machine
from understudy.provenance import containers, credential, label, seeing, selfmade
from understudy.provenance.certificates import load

Frame = NDArray[np.uint8]
RATE, CRF, LARGE = 25, 23, 1 << 30
LINEAGE = provenance.Lineage(
    study="benchmark",
    version="1",
    method="original",
    family="swap",
    source="ada",
    driver="bruno",
    clip="bruno-answer",
    seed=0,
    run="original/ada+bruno/seed 0",
    consents=("ada-2026", "bruno-2026"),
    log_head="00" * 32,
    inputs={"driver clip": "11" * 32},
    digital_source_type="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
)


def spent(work: Callable[[], object]) -> float:
    """CPU time of the process, in milliseconds."""
    begun = time.process_time()
    work()
    return 1e3 * (time.process_time() - begun)


def actor(size: int) -> list[Frame]:
    """Two seconds of an actor, on a wall of noise where the frame is wide."""
    player, script = cast.Actor(cast.load_actor("elsa")), cast.load_performance("reading-1")
    shown = [frame.rgb_HWC for frame in itertools.islice(cast.render(player, script, size=256), 2 * RATE)]
    if size == 256:
        return shown
    noise = np.random.default_rng(0).normal(size=(720, 1280, 3)).astype(np.float32)
    wall = np.clip(110 + 400 * cv2.GaussianBlur(noise, (0, 0), 3) + 2 * noise, 0, 255).astype(np.uint8)
    for number, frame in enumerate(shown):
        large = wall.copy()
        large[:, 280:1000] = cv2.resize(frame, (720, 720), interpolation=cv2.INTER_CUBIC)
        shown[number] = large
    return shown


def speech(path: Path, seconds: int) -> Path:
    """Noise that comes and goes as speech does."""
    time_N = np.arange(seconds * 48_000) / 48_000
    sound_N = 0.15 * np.random.default_rng(1).standard_normal(len(time_N)) * (0.2 + np.sin(8 * time_N) ** 2)
    containers.write_wav(path, sound_N[:, None].astype(np.float32), 48_000)
    return path


def costs(size: int, seconds: int, folder: Path) -> list[tuple[str, float]]:
    """Milliseconds of each part of publishing a clip of that length."""
    shown, count = actor(size), seconds * RATE

    def frames() -> Iterator[Frame]:
        return itertools.islice(itertools.cycle(shown), count)

    height, width = shown[0].shape[:2]
    film = SimpleNamespace(fps=Fraction(RATE), width=width, height=height)
    sound, bare, out = speech(folder / "a.wav", seconds), folder / "bare.mp4", folder / "fake.mp4"
    number = watermark.payload("benchmark", "1")
    picture, box = watermark.Picture(width, height, number, watermark.PUBLIC), label.label_box(width, height)
    buffer, signature = shown[0].copy(), load(selfmade.own())
    samples_N, rate = media.sound(sound)
    samples_NC, key = samples_N[:, None], watermark.PUBLIC
    encoded = spent(lambda: media.write(bare, frames(), fps=RATE, sound=sound, crf=CRF))
    signed = folder / "signed.mp4"
    parts = [
        ("encode picture and sound", encoded),
        ("watermark the picture", spent(lambda: [picture.mark(frame) for frame in frames()])),
        ("watermark the sound", spent(lambda: watermark.mark_sound(samples_NC, rate, number, key))),
        ("draw the label", spent(lambda: [label.draw(buffer, box) for _ in range(count)])),
        ("check the certificates", spent(lambda: load(selfmade.own()))),
        ("sign", spent(lambda: credential.sign(bare, signed, LINEAGE, signature, title="a"))),
        ("hash file and content", spent(lambda: (sha256(bare), containers.content(bare)))),
    ]
    options = {"probe": film, "sound": sound, "lineage": LINEAGE, "faces": None, "crf": CRF}
    parts.append(("**publish, all of it**", spent(lambda: provenance.publish(out, frames(), **options))))
    parts.append(("inspect it", spent(lambda: provenance.inspect(out, place=folder))))
    plain = spent(lambda: provenance.inspect(bare, place=folder))
    return [*parts, ("inspect the same clip unmarked", plain)]


SIGN = """
import sys
from pathlib import Path
sys.path.insert(0, {benchmarks!r})
import credentials as b
path = Path(sys.argv[1])
b.credential.sign(path, path.with_name("signed" + path.suffix), b.LINEAGE, b.load(b.selfmade.own()), title="a")
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def memory(folder: Path) -> list[tuple[str, int, float]]:
    """Bytes of a film, and the most memory (MiB) of a process that signs it: one as it is, one of 1 GiB."""
    small, large = folder / "small.mp4", folder / "large.mp4"
    media.write(small, iter([np.zeros((64, 64, 3), np.uint8)] * 5), fps=RATE)
    large.write_bytes(small.read_bytes() + LARGE.to_bytes(4, "big") + b"mdat")
    with large.open("r+b") as file:
        file.truncate(small.stat().st_size + LARGE)
    code = SIGN.format(benchmarks=str(Path(__file__).parent))
    rows = []
    for path in (small, large):
        done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
        rows.append((path.stem, path.stat().st_size, int(done.stdout) / 1024))
        (folder / "signed.mp4").unlink()
    return rows


def fit(frames: list[Frame]) -> float:
    """How well the label fits what stands still in some frames."""
    still = seeing.Still()
    for frame in frames:
        still.add(frame)
    found = None if still.grey_HW is None else seeing.best_fit(still.grey_HW)
    return found.fit if found else 0.0


def without(actors: int) -> Iterator[tuple[str, list[float]]]:
    """Fits of the label where there is none, by what is looked at."""
    random = np.random.default_rng(0)
    players = [cast.Actor(cast.load_actor(name)) for name in cast.actors()[:actors]]
    scripts = [cast.load_performance(name) for name in cast.performances()[:2]]
    pairs = itertools.product(players, scripts)
    yield "actors", [fit([f.rgb_HWC]) for one, two in pairs for f in cast.render(one, two, size=256, only=[0, 30])]
    cells = random.choice([1, 2, 3, 4, 6, 8, 16], 60)
    yield "noise", [fit([texture(256, 256, int(cell), seed)]) for seed, cell in enumerate(cells)]
    y, x = np.mgrid[:256, :256]
    waves = [w for p in (2, 3, 4, 6, 8, 12) for w in (x // p % 2, (x // p + y // p) % 2, (x + y) // p % 2)]
    yield "stripes and boards", [fit([np.repeat(wave[..., None] * 255, 3, 2).astype(np.uint8)]) for wave in waves]
    for word in (
        "AUTHENTIC",
        "STATISTIC",
        "CHINESE",
        "1234567890",
        "SYMPATHETIC",
        "AESTHETIC",
        "SYNTHESIS",
        "SYNTHETIC",
    ):
        yield f"'{word}' in another font", [fit([written(word, font)]) for font in range(3)]


def texture(width: int, height: int, cell: int, seed: int) -> Frame:
    """Noise of soft cells."""
    small = np.random.default_rng(seed).integers(0, 256, (height // cell + 2, width // cell + 2, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def written(word: str, font: int) -> Frame:
    """White on black, as a caption is."""
    frame = np.zeros((256, 256, 3), np.uint8)
    cv2.putText(frame, word, (5, 240), font, 1.0 if font == cv2.FONT_HERSHEY_PLAIN else 0.5, (255, 255, 255), 1)
    return frame


def with_label(folder: Path) -> Iterator[tuple[str, list[float]]]:
    """Fits of the label where it is, by what was done to the clip; over five sizes."""
    sizes = ((64, 64), (128, 96), (256, 256), (640, 360), (1280, 720))
    fits: dict[str, list[float]] = {}
    for width, height in sizes:
        shown = [provenance.label_picture(texture(width, height, 8, seed)) for seed in range(6)]
        for crf in (18, 28, 35):
            media.write(folder / "l.mp4", iter(shown), fps=RATE, crf=crf, preset="fast")
            read = list(media.frames(folder / "l.mp4"))
            less = (round(0.75 * width), round(0.75 * height))
            small = [cv2.resize(frame, less, interpolation=cv2.INTER_AREA) for frame in read]
            fits.setdefault(f"H.264, crf {crf}", []).append(fit(read))
            if crf == 28:
                fits.setdefault("crf 28, scaled to 75 %", []).append(fit(small))
                fits.setdefault("crf 28, a tenth cropped away from it", []).append(
                    fit([f[:, width // 10 :] for f in read])
                )
    yield from fits.items()


def rows(values: Iterator[tuple[str, list[float]]], worst: Callable[[list[float]], float]) -> str:
    """Markdown rows of the number of looks and the worst fit."""
    return "\n".join(f"| {name} | {len(fits)} | {worst(fits):.2f} |" for name, fits in values)


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10, help="length of the clips")
    parser.add_argument("--actors", type=int, default=12, help="actors in whose frames the label is sought")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["UNDERSTUDY_HOME"] = str(folder / "home")
        each = {size: dict(costs(size, given.seconds, folder)) for size in (256, 720)}
        lines = [f"| {part} | {each[256][part]:.1f} | {each[720][part]:.1f} |" for part in each[256]]
        signing = [f"| {size / 2**20:.1f} | {most:.0f} |" for _, size, most in memory(folder)]
        absent, present = rows(without(given.actors), max), rows(with_label(folder), min)
    text = f"""# Publishing: what signing costs, and whether the label is seen

`python benchmarks/credentials.py --seconds {given.seconds} --actors {given.actors}`

Machine: {machine()["processor"]}. CPU time, one thread.

## A clip of {given.seconds} s at {RATE} frames/s, with sound, x264 medium at crf {CRF}

| part | 256x256, ms | 1280x720, ms |
|---|---|---|
{chr(10).join(lines)}

## Memory of a process that signs

The SDK hashes in pieces of 256 MiB and holds two of them: beyond that, memory does not grow with the film.

| film, MiB | most memory, MiB |
|---|---|
{chr(10).join(signing)}

## How well the label fits where there is none (it is seen from {seeing.LEAST_FIT} on)

| what | frames | best fit |
|---|---|---|
{absent}

## How well it fits where it is, over frames of 64 to 720 lines

| what was done | clips | worst fit |
|---|---|---|
{present}
"""
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
