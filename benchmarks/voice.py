"""What a voice costs: seconds of speech that each method converts in a second of one core, and where the time goes.

Run: python benchmarks/voice.py [--seconds 20] [--steps 30] [--methods vqvc world sovits] [--write]

Two voices of espeak-ng say the same sentences, and each method learns from them, a few steps where it learns by steps:
weights cost what they cost, however well they were learned. Then one voice's other sentences are converted to the
other's, and the middle one of three times is told. The stages are WORLD's functions, the network of `vqvc`, and what is
left; a stage's time is that of its calls, without what they call of another stage. `sovits` is measured where its
environment is set up (`make voice`), with its smallest network and a content encoder as small, and as a whole: it is a
program of its own that loads its libraries for each conversion. CPU time of all processes, one thread.
"""

import argparse
import os
import resource
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import numpy as np
import pyworld
import torch
from scipy.signal import resample_poly

from understudy.cast.speech import utter
from understudy.errors import ConfigError
from understudy.job import machine
from understudy.learning import Learning, Run
from understudy.media.wav import write_wav
from understudy.methods import Footage, method
from understudy.methods.sovits import environment
from understudy.methods.vqvc.network import Converter

VOICES = {"vera": ("en-us+f2", 58), "mick": ("en-us+m3", 42)}
TEXTS = (
    "The harbour was quiet when the first boats came in.",
    "Please bring three chairs and a table to the garden.",
    "She measured the length of the river with great care.",
    "Nobody knew why the old clock had stopped at seven.",
    "We should choose a better path before the snow begins.",
    "His younger brother plays the violin on Thursday evenings.",
)
SAID = (
    "The quick fox watched a slow turtle cross the road.",
    "Yesterday my father cooked chicken with garlic and lemon.",
    "Please do not touch the controls of this machine.",
    "Five huge waves broke over the stone wall.",
)
SEGMENTS = 44_100  # Hz
STAGES = {
    "F0": ("harvest", "dio", "stonemask"),
    "envelope": ("cheaptrick",),
    "air": ("d4c",),
    "synthesis": ("synthesize", "decode_aperiodicity"),
}
LAST = ("network", "rest")
PRESETS = {"vqvc": "vqvc-tiny", "world": "world", "sovits": "sovits-tiny"}
REPEATS = 3


def spent() -> float:
    """CPU seconds of this process and of the children that ended."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


class Clock:
    """CPU seconds by stage: what is called within another stage is that one's no more."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.within = 0.0

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, its time booked under `stage`."""

        def measured(*arguments: Any, **named: Any) -> Any:
            begun, outside = spent(), self.within
            self.within = 0.0
            try:
                return work(*arguments, **named)
            finally:
                taken = spent() - begun
                self.seconds[stage] += taken - self.within
                self.within = outside + taken

        return measured


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """Books WORLD's functions and the network's under their stages, wherever they are called from."""
    with ExitStack() as stack:
        for stage, names in STAGES.items():
            for name in names:
                stack.enter_context(mock.patch.object(pyworld, name, clock.timed(stage, getattr(pyworld, name))))
        stack.enter_context(mock.patch.object(Converter, "forward", clock.timed("network", Converter.forward)))
        yield


def said(folder: Path, seconds: float) -> dict[str, Footage]:
    """Both voices: a sentence a segment, and other sentences, over again, as a recording of so many seconds."""
    found = {}
    for name, (voice, pitch) in VOICES.items():
        paths = []
        for number, text in enumerate(TEXTS):
            uttered = utter(text, voice=voice, rate=160, pitch=pitch)
            paths.append(folder / name / f"{number:03}.wav")
            # at the rate that a study's segments have, which `sovits` insists on
            whole_N = resample_poly(uttered.sound_N / np.float32(32768), SEGMENTS // 50, uttered.rate // 50)
            write_wav(paths[-1], whole_N.astype(np.float32), SEGMENTS)
        held = [utter(text, voice=voice, rate=160, pitch=pitch) for text in SAID]
        whole_N = np.concatenate([each.sound_N for each in held]) / np.float32(32768)
        count = round(seconds * held[0].rate)
        write_wav(folder / f"{name}.wav", np.tile(whole_N, -(-count // len(whole_N)))[:count], held[0].rate)
        segments: Any = SimpleNamespace(paths=tuple(paths), rate=SEGMENTS, seconds=seconds, gain=0.0)
        found[name] = Footage(name, (), (), speech=folder / f"{name}.wav", segments=(segments,))
    return found


def settings(name: str, steps: int) -> Any:
    """The preset of a method that a processor bears; so many steps where it takes steps."""
    module: Any = method(name)
    config = module.PRESETS[PRESETS[name]]()
    if not isinstance(getattr(config, "learning", None), Learning):
        return config
    quick = replace(config.learning, steps=steps, warmup=0, preview_every=0, snapshot_every=0)
    return replace(config, learning=quick)


def converted(name: str, steps: int, people: dict[str, Footage], folder: Path) -> dict[str, float]:
    """CPU seconds of the middle one of a few conversions, by stage."""
    module, config = method(name), settings(name, steps)
    sides = [people["mick"]] if module.TRAINS_ON == "source" else [people[each] for each in sorted(people)]
    subjects = tuple(side.subject for side in sides)
    module.train(sides, config, Run(folder=folder, seed=1, device=torch.device("cpu"), subjects=subjects))
    model = module.load(folder, torch.device("cpu"))
    runs = []
    for _ in range(REPEATS + 1):
        clock = Clock()
        with watched(clock):
            clock.timed("rest", lambda: list(module.convert(model, people["mick"], people["vera"], config)))()
        runs.append(dict(clock.seconds))
    return sorted(runs[1:], key=lambda run: sum(run.values()))[REPEATS // 2]  # the first one compiles


def there() -> list[str]:
    """The voice methods that can run here."""
    try:
        environment.require()
    except ConfigError:
        return [name for name in PRESETS if name != "sovits"]
    return list(PRESETS)


def table(found: dict[str, dict[str, float]], seconds: float) -> str:
    """Markdown: a row a method."""
    stages = (*STAGES, *LAST)
    lines = [
        f"| method | seconds of speech a CPU-second | {' | '.join(stages)} |",
        f"|---|---|{'---|' * len(stages)}",
    ]
    for name, taken in found.items():
        whole = sum(taken.get(stage, 0.0) for stage in stages)
        # a stage without any time was not looked at (a program of its own) or is not in the method
        shares = " | ".join(f"{100 * taken[stage] / whole:.1f} %" if taken.get(stage) else "-" for stage in stages)
        lines.append(f"| `{name}` | {seconds / whole:.1f} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and with --write leaves the table in voice.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the speech that is converted")
    parser.add_argument("--steps", type=int, default=30, help="that are learned")
    parser.add_argument("--methods", nargs="+", choices=PRESETS)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        people = said(Path(place), chosen.seconds)
        methods = chosen.methods or there()
        found = {name: converted(name, chosen.steps, people, Path(place) / "runs" / name) for name in methods}
    text = table(found, chosen.seconds)
    note = (
        f"# What a converted voice costs\n\n`python benchmarks/voice.py {' '.join(sys.argv[1:])}`\n\n"
        f"Seconds of speech that a second of one core converts, and the share of the time in each stage; "
        f"{chosen.seconds:g} s of speech, one thread. Machine: {machine()['processor']}.\n\n"
    )
    print(text)
    if chosen.write:
        Path(__file__).with_suffix(".md").write_text(note + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
