"""What the watermark outlives, what it costs, and that nothing else is taken for one.

Run: OMP_NUM_THREADS=1 python benchmarks/watermark.py [--clips 10] [--unmarked 200] [--write]

Clips of the cast (256 px, 75 frames, with speech) are marked, published (H.264 crf 18, AAC 160 kbit/s) and done to what
happens to files. With UNDERSTUDY_SHARED naming a folder of licensed footage, crops of it are among the unmarked clips;
only counts of it are kept. --write puts the tables into benchmarks/watermark.md.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from understudy import cast, media, watermark
from understudy.job.machine import machine
from understudy.watermark.residue import Residue
from understudy.watermark.search import fits
from understudy.watermark.tile import waves

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIZE, RATE = 256, 48_000
PAYLOAD = watermark.payload("benchmark", "1")
KEY = watermark.PUBLIC
CACHE = Path(tempfile.gettempdir()) / "understudy-benchmark-watermark"

Frames = NDArray[np.uint8]
Samples = NDArray[np.float32]

X264 = ("-c:v", "libx264", "-preset", "medium", "-crf")
# What happens to a published clip: ffmpeg's filter, its encoder, the file's ending.
PICTURES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "H.264 crf 23": ("null", (*X264, "23"), "mp4"),
    "H.264 crf 28": ("null", (*X264, "28"), "mp4"),
    "75 %, crf 23": ("scale=192:192", (*X264, "23"), "mp4"),
    "75 %, crf 28": ("scale=192:192", (*X264, "28"), "mp4"),
    "50 %, crf 23": ("scale=128:128", (*X264, "23"), "mp4"),
    "150 %, crf 23": ("scale=384:384", (*X264, "23"), "mp4"),
    "10 % off one side, crf 23": ("crop=230:256:26:0", (*X264, "23"), "mp4"),
    "10 % off all sides, crf 23": ("crop=204:204:26:26", (*X264, "23"), "mp4"),
    "10 % off all sides, crf 28": ("crop=204:204:26:26", (*X264, "28"), "mp4"),
    "10 % off all sides, 75 %, crf 23": ("crop=204:204:26:26,scale=152:152", (*X264, "23"), "mp4"),
    "mirrored, crf 23": ("hflip", (*X264, "23"), "mp4"),
    "webm, VP9 crf 33": ("null", ("-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "33", "-cpu-used", "4"), "webm"),
    "webm, VP8 500 kbit/s": ("null", ("-c:v", "libvpx", "-b:v", "500k", "-cpu-used", "4"), "webm"),
    "H.265 crf 28": ("null", ("-c:v", "libx265", "-crf", "28", "-x265-params", "log-level=error"), "mp4"),
    "turned by 1 degree, crf 23": ("rotate=PI/180", (*X264, "23"), "mp4"),
}
# What happens to published sound: the encoder, the file's ending, its rate afterwards.
SOUNDS: dict[str, tuple[tuple[str, ...], str, int]] = {
    "AAC 64 kbit/s": (("-c:a", "aac", "-b:a", "64k"), "m4a", RATE),
    "AAC 48 kbit/s": (("-c:a", "aac", "-b:a", "48k"), "m4a", RATE),
    "Opus 32 kbit/s": (("-c:a", "libopus", "-b:a", "32k"), "ogg", RATE),
    "Opus 24 kbit/s": (("-c:a", "libopus", "-b:a", "24k"), "ogg", RATE),
    "MP3 64 kbit/s": (("-c:a", "libmp3lame", "-b:a", "64k"), "mp3", RATE),
    "resampled to 44.1 kHz": (("-ar", "44100"), "wav", 44_100),
    "resampled to 16 kHz": (("-ar", "16000"), "wav", 16_000),
    "1 % faster": (("-af", "asetrate=48480,aresample=48000"), "wav", RATE),
}
SECONDS = (1.0, 1.5, 2.0, 2.5, 3.0)


def rendered(count: int) -> list[tuple[Frames, Samples]]:
    """Clips of the cast, kept from one run to the next: frames_THWC, samples_NC at 48 kHz."""
    CACHE.mkdir(exist_ok=True)
    clips = []
    short = [name for name in cast.performances() if cast.load_performance(name).frames <= 75]
    for number, actor in enumerate(cast.actors()[:count]):
        script = cast.load_performance(short[number % len(short)])
        kept = CACHE / f"{cast.digest(actor, short[number % len(short)])}.npz"
        if not kept.exists():
            frames = [frame.rgb_HWC for frame in cast.render(cast.Actor(cast.load_actor(actor)), script, size=SIZE)]
            cast.speak(script, kept.with_suffix(".wav"), cast.load_actor(actor).voice)
            np.savez(kept, frames=np.array(frames), sound=played(kept.with_suffix(".wav"), RATE))
        held = np.load(kept)
        clips.append((held["frames"], held["sound"]))
    return clips


def played(path: Path, rate: int) -> Samples:
    """samples_NC of a file's sound, mono."""
    command = [FFMPEG, "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(rate), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4")[:, None]


def shown(path: Path) -> Frames:
    """frames_THWC of a file."""
    told = subprocess.run([FFMPEG, "-i", str(path)], capture_output=True, text=True, check=False).stderr
    size = re.search(r"Video:.*?(\d{2,5})x(\d{2,5})", told)
    assert size
    command = [FFMPEG, "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, int(size[2]), int(size[1]), 3)


def converted(path: Path, out: Path, *options: str) -> Path:
    subprocess.run([FFMPEG, "-v", "error", "-y", "-i", str(path), *options, str(out)], check=True)
    return out


def marked(frames: Frames) -> Frames:
    picture = watermark.Picture(frames.shape[2], frames.shape[1], PAYLOAD, KEY)
    return np.array([picture.mark(frame) for frame in frames])


class Tally:
    """How often a mark was found, with what score, how many of the code's bits were right, and how many payloads."""

    def __init__(self) -> None:
        self.found: list[watermark.Found | None] = []

    def row(self, name: str) -> str:
        hits = [each for each in self.found if each]
        wrong = sum(each.payload != PAYLOAD for each in hits)
        bits = np.mean([1 - each.detail["mended"] / 144 for each in hits]) if hits else np.nan
        scores = f"{min(each.score for each in hits):.1f}" if hits else "-"
        share = f"{100 * bits:.1f} %" if hits else "-"
        right = f"{32 * (len(hits) - wrong)}/{32 * len(self.found)}"
        return f"| {name} | {len(hits)}/{len(self.found)} | {right} | {share} | {scores} |"


HEAD = "| {} | found | payload bits right | code bits right where found | lowest score |\n|---|---|---|---|---|"


def pictures(clips: list[tuple[Frames, Samples]], folder: Path) -> list[str]:
    """The table of pictures, and the quality of what was marked."""
    rows = {name: Tally() for name in ("one PNG", "published", *PICTURES, "another key")}
    noise, alike = [], []
    for frames, _ in clips:
        made = marked(frames)
        error = ((made.astype(np.float32) - frames) ** 2).mean((1, 2, 3))
        noise += list(10 * np.log10(255**2 / error))
        alike += [structural_similarity(a, b, channel_axis=2) for a, b in zip(frames[::25], made[::25], strict=True)]
        rows["one PNG"].found.append(watermark.detect_pictures(made[:1], KEY))
        media.write(folder / "published.mp4", iter(made), fps=25, crf=18)
        rows["published"].found.append(watermark.detect_pictures(shown(folder / "published.mp4"), KEY))
        rows["another key"].found.append(watermark.detect_pictures(made, bytes(32)))
        for name, (filters, encoder, ending) in PICTURES.items():
            options = ("-vf", filters, *encoder, "-pix_fmt", "yuv420p")
            path = converted(folder / "published.mp4", folder / f"again.{ending}", *options)
            rows[name].found.append(watermark.detect_pictures(shown(path), KEY))
    quality = (
        f"PSNR of the marked frames: least {min(noise):.1f} dB, mean {np.mean(noise):.1f} dB. "
        f"SSIM: least {min(alike):.4f}, mean {np.mean(alike):.4f}."
    )
    return [HEAD.format("after publishing"), *(tally.row(name) for name, tally in rows.items()), "", quality]


def stills(clips: list[tuple[Frames, Samples]]) -> list[str]:
    """Of single pictures: found by size and by compression."""
    lines = ["| one picture, px | PNG | JPEG 90 | JPEG 75 | JPEG 50 | JPEG 30 |", "|---|---|---|---|---|---|"]
    for size in (64, 96, 128, 192, 256):
        counts = dict.fromkeys((0, 90, 75, 50, 30), 0)
        for frames, _ in clips:
            low = (SIZE - size) // 2
            made = marked(frames[40:41, low : low + size, low : low + size])[0]
            for quality in counts:
                code = cv2.imencode(".jpg", made, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] if quality else None
                seen = made if code is None else np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
                counts[quality] += watermark.detect_pictures([seen], KEY) is not None
        lines.append(f"| {size} | " + " | ".join(f"{count}/{len(clips)}" for count in counts.values()) + " |")
    return lines


def quietness(sound: Samples, mark: Samples) -> tuple[float, float]:
    """dB of the sound over its mark: in all, and in the worst 50 ms of those louder than -50 dBFS."""
    piece = RATE // 20
    loud, soft = (
        np.square(each[: len(each) // piece * piece, 0].reshape(-1, piece), dtype=np.float64).mean(1)
        for each in (sound, mark)
    )
    heard = loud > 1e-5
    ratio = 10 * np.log10(loud[heard] / (soft[heard] + 1e-20))
    return float(10 * np.log10(loud.sum() / soft.sum())), float(ratio.min())


def sounds(clips: list[tuple[Frames, Samples]], folder: Path) -> list[str]:
    """The tables of sound: by what happened to it, and by how long it is."""
    names = ("marked", "published (AAC 160 kbit/s)", *SOUNDS, "start cut off by 0.43 s, AAC 64 kbit/s", "another key")
    rows = {name: Tally() for name in names}
    lengths = {(seconds, name): Tally() for seconds in SECONDS for name in ("AAC 64 kbit/s", "Opus 32 kbit/s")}
    ratios = []
    for frames, sound in clips:
        made = watermark.mark_sound(sound, RATE, PAYLOAD, KEY)
        ratios.append(quietness(sound, made - sound))
        wave(folder / "marked.wav", made)
        media.write(folder / "published.mp4", iter(frames), fps=25, sound=folder / "marked.wav")
        rows[names[0]].found.append(watermark.detect_sound(made, RATE, KEY))
        rows[names[1]].found.append(watermark.detect_sound(played(folder / "published.mp4", RATE), RATE, KEY))
        rows["another key"].found.append(watermark.detect_sound(made, RATE, bytes(32)))
        for name, (encoder, ending, rate) in SOUNDS.items():
            path = converted(folder / "published.mp4", folder / f"again.{ending}", "-vn", *encoder)
            heard = played(path, rate)
            rows[name].found.append(watermark.detect_sound(heard, rate, KEY))
            if name == "AAC 64 kbit/s":
                cut = watermark.detect_sound(heard[round(0.43 * RATE) :], RATE, KEY)
                rows["start cut off by 0.43 s, AAC 64 kbit/s"].found.append(cut)
        for (seconds, name), tally in lengths.items():
            encoder, ending, rate = SOUNDS[name]
            options = ("-vn", "-t", str(seconds), *encoder)
            path = converted(folder / "published.mp4", folder / f"short.{ending}", *options)
            tally.found.append(watermark.detect_sound(played(path, rate), rate, KEY))
    table = [HEAD.format("after publishing"), *(tally.row(name) for name, tally in rows.items())]
    table += ["", HEAD.format("published, cut to"), *(t.row(f"{s:g} s, {name}") for (s, name), t in lengths.items())]
    quality = (
        f"Sound over mark: mean {np.mean([all_ for all_, _ in ratios]):.1f} dB, least of a clip "
        f"{min(all_ for all_, _ in ratios):.1f} dB; the worst 50 ms of all {min(worst for _, worst in ratios):.1f} dB."
    )
    return [*table, "", quality]


def wave(path: Path, samples: Samples) -> None:
    source = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
    subprocess.run(
        [FFMPEG, "-v", "error", "-y", *source, "-c:a", "pcm_f32le", str(path)], input=samples.tobytes(), check=True
    )


def unmarked_pictures(clips: list[tuple[Frames, Samples]], count: int) -> Iterator[tuple[str, Frames]]:
    """Clips of eight frames without a mark: rendered, noise, textures, gradients, and real ones where there are any."""
    rng = np.random.default_rng(7)
    real = sorted((Path(os.environ.get("UNDERSTUDY_SHARED", "/nowhere")) / "data/grid").glob("*/*.mpg"))
    kinds = ["rendered", "noise", "texture", "gradient", *(["real"] if real else [])]
    for number in range(count):
        kind, side = kinds[number % len(kinds)], int(rng.integers(100, 300))
        if kind == "rendered":
            frames = clips[number // len(kinds) % len(clips)][0]
            start, low = int(rng.integers(0, 60)), int(rng.integers(0, 40))
            yield kind, frames[start : start + 8, low:, low // 2 :]
        elif kind == "real":
            frames = shown(real[number // len(kinds) % len(real)])
            start, low = int(rng.integers(0, 60)), int(rng.integers(0, 40))
            yield kind, frames[start : start + 8, low:, low:]
        elif kind == "noise":
            yield kind, rng.integers(0, 256, (8, side, side, 3), np.uint8)
        elif kind == "texture":
            grain = cv2.GaussianBlur(rng.normal(0, 1, (side, side, 3)), (0, 0), rng.uniform(0.7, 4))
            still = np.clip(128 + 40 * grain / grain.std(), 0, 255).astype(np.uint8)
            yield kind, np.array([np.roll(still, step * (number % 3), 1) for step in range(8)])
        else:
            coarse = rng.integers(0, 256, (3, 3, 3), np.uint8)
            yield kind, np.array([cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)] * 8)


def unmarked_sounds(clips: list[tuple[Frames, Samples]], count: int) -> Iterator[tuple[str, Samples]]:
    """Sounds of 3 s without a mark: speech, noise, chords, and real speech where there is any."""
    rng = np.random.default_rng(8)
    shared = Path(os.environ.get("UNDERSTUDY_SHARED", "/nowhere")) / "data"
    real = sorted([*shared.glob("librispeech/*/*.flac"), *shared.glob("rhasspy_kathleen/*/*.flac")])
    kinds = ["speech", "noise", "chords", *(["real speech"] if real else [])]
    moment = np.arange(3 * RATE) / RATE
    for number in range(count):
        kind = kinds[number % len(kinds)]
        if kind == "speech":
            yield kind, np.roll(clips[number // len(kinds) % len(clips)][1], int(rng.integers(0, RATE)), 0)
        elif kind == "real speech":
            yield kind, played(real[number // len(kinds) % len(real)], RATE)
        elif kind == "noise":
            yield kind, rng.normal(0, 0.1, (3 * RATE, 1)).astype(np.float32)
        else:
            notes = 220 * 2 ** (rng.integers(0, 36, (6, 4)) / 12)
            beat = np.minimum((moment * 2).astype(int), 5)
            tones = sum(
                np.sin(2 * np.pi * notes[beat, voice] * overtone * moment) / overtone
                for voice in range(4)
                for overtone in (1, 2, 3, 5)
            )
            yield kind, (0.05 * tones * np.exp(-3 * (moment * 2 % 1)))[:, None].astype(np.float32)


def alarms(clips: list[tuple[Frames, Samples]], count: int) -> list[str]:
    """False alarms, and whether unmarked pictures score as the bound supposes."""
    seen: dict[str, list[bool]] = {}
    heard: dict[str, list[bool]] = {}
    above, places = {2.0: 0, 3.0: 0, 4.0: 0, 5.0: 0}, 0
    for kind, frames in unmarked_pictures(clips, count):
        seen.setdefault(kind, []).append(watermark.detect_pictures(frames, KEY) is not None)
        residue = Residue()
        for frame in frames:
            residue.add(frame)
        spectrum = residue.spectrum()
        for scale in (0.6, 0.8, 1.0, 1.25):
            scores = fits(spectrum, waves(KEY), (scale, scale))
            places += scores.size
            for level in above:
                above[level] += int((scores > level).sum())
    for kind, sound in unmarked_sounds(clips, count):
        heard.setdefault(kind, []).append(watermark.detect_sound(sound, RATE, KEY) is not None)
    lines = ["| unmarked | clips | false alarms |", "|---|---|---|"]
    lines += [f"| pictures, {kind} | {len(each)} | {sum(each)} |" for kind, each in seen.items()]
    lines += [f"| sound, {kind} | {len(each)} | {sum(each)} |" for kind, each in heard.items()]
    lines += ["", f"Fit of the sync waves at {places} places of these pictures, in its own standard deviations:", ""]
    lines += ["| above | share of places | bound that the threshold supposes |", "|---|---|---|"]
    lines += [f"| {level:g} | {n / places:.2e} | {np.exp(-(level**2) / 2):.2e} |" for level, n in above.items()]
    return lines


def spent(work: Callable[[], object], times: int) -> float:
    """Milliseconds of CPU for one `work`, the first left out."""
    work()
    start = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - start) / times


def costs(clips: list[tuple[Frames, Samples]]) -> list[str]:
    """What marking and searching cost."""
    frames, sound = clips[0]
    large = cv2.resize(frames[0], (1280, 720))
    small_mark = watermark.Picture(SIZE, SIZE, PAYLOAD, KEY)
    large_mark = watermark.Picture(1280, 720, PAYLOAD, KEY)
    made = marked(frames[:1])
    rows = {
        "marking a frame of 256 px (at most 10)": spent(lambda: small_mark.mark(frames[0]), 100),
        "marking a frame of 720p": spent(lambda: large_mark.mark(large), 20),
        "finding the mark in one picture of 256 px": spent(lambda: watermark.detect_pictures(made, KEY), 5),
        "finding none in 75 frames of 256 px": spent(lambda: watermark.detect_pictures(frames, KEY), 2),
        "marking 3 s of sound": spent(lambda: watermark.mark_sound(sound, RATE, PAYLOAD, KEY), 5),
        "finding none in 3 s of sound": spent(lambda: watermark.detect_sound(sound, RATE, KEY), 5),
    }
    return ["| ms of one core | |", "|---|---|", *(f"| {name} | {value:.1f} |" for name, value in rows.items())]


def main() -> None:
    """Measures, prints, and with --write writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--unmarked", type=int, default=200, help="clips of pictures, and as many of sound")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    clips = rendered(given.clips)
    with tempfile.TemporaryDirectory() as folder:
        parts: dict[str, Callable[[], list[str]]] = {
            "Pictures": lambda: pictures(clips, Path(folder)),
            "Stills": lambda: stills(clips),
            "Sound": lambda: sounds(clips, Path(folder)),
            "False alarms": lambda: alarms(clips, given.unmarked),
            "Cost": lambda: costs(clips),
        }
        sections = []
        for name, measure in parts.items():
            sections.append(f"## {name}\n\n" + "\n".join(measure()))
            print(sections[-1], end="\n\n", flush=True)
    text = "\n\n".join(sections)
    if given.write:
        head = (
            f"# The watermark\n\n`OMP_NUM_THREADS=1 python benchmarks/watermark.py --clips {given.clips} "
            f"--unmarked {given.unmarked} --write`\n\n"
            f"Clips of the cast, {SIZE} px, 75 frames, 3 s of speech; published at crf 18 with AAC at 160 kbit/s, then "
            f"done to what the row says. Score: the fit of the whole mark in standard deviations of an unmarked file; "
            f"from about 10.5 (pictures) or 10 (sound) on a mark is believed, and "
            f"the search ends there: more frames would raise it. Machine: {machine()['processor']}.\n\n"
        )
        Path(__file__).with_suffix(".md").write_text(head + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
