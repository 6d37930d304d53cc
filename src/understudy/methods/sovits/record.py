"""What a training of the package leaves for people: losses, a picture and a sound of what it said, the run card."""

import json
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import files, job
from understudy.learning import Run, record
from understudy.media.wav import write_wav
from understudy.methods.sovits.config import Config
from understudy.methods.sovits.laying import RATE
from understudy.methods.sovits.running import Event
from understudy.provenance import notice
from understudy.settings import plain

_ROWS = 400  # of the loss table, at most
_NAMES = {
    "loss/g/total": "generator",
    "loss/g/fm": "feature matching",
    "loss/g/mel": "mel",
    "loss/g/kl": "kl",
    "loss/g/lf0": "f0",
    "loss/d/total": "discriminator",
}
_FFT, _HOP = 1024, 512
_LOUDEST, _RANGE = 0.0, 80.0  # dB
_SIZE = (640, 160)  # of a spectrogram, pixels


class Steps:
    """The steps of a training over all its sittings: losses and rates, in a file of their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Event] = []
        if path.exists():
            lines = path.read_text(encoding="utf-8").split("\n")[:-1]
            self.rows = [json.loads(line) for line in lines]

    def resume(self, step: int) -> None:
        """Forgets what came after a checkpoint: it is learned again."""
        self.rows = [row for row in self.rows if row["step"] <= step]
        files.write_text(self.path, "".join(json.dumps(row) + "\n" for row in self.rows))

    def add(self, event: Event) -> None:
        """Adds a step."""
        row = {name: event[name] for name in ("step", "rate", "losses")}
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def table(self) -> Iterator[dict[str, float]]:
        """The rows of the loss table: means over as many steps as keep it short."""
        size = max(1, -(-len(self.rows) // _ROWS))
        for first in range(0, len(self.rows), size):
            part = self.rows[first : first + size]
            losses = [{_NAMES.get(name, name): value for name, value in row["losses"].items()} for row in part]
            yield record.mean(part[-1]["step"], part[-1]["rate"], losses)

    def first(self) -> dict[str, float]:
        """The losses of the first step: they show what was begun from."""
        losses = self.rows[0]["losses"] if self.rows else {}
        return {_NAMES.get(name, name): round(value, 4) for name, value in losses.items()}


def write_losses(folder: Path, steps: Steps) -> None:
    """Writes loss.csv."""
    record.write_table(folder / "loss.csv", steps.table())


def show(folder: Path, played: Path) -> None:
    """Makes previews of what the voice said when validated: the last as sound, spectrograms above those recorded."""
    said = sorted(played.glob("*-gen-audio_0.wav"))
    for path in said:
        number = int(path.name.split("-")[0])
        recorded = played / path.name.replace("-gen-", "-gt-")
        record.write_preview(folder, number, beside(_samples(path), _samples(recorded)))
    for path in said[-1:]:
        # As every made voice it begins with the notice, although it is published nowhere.
        write_wav(folder / "preview.wav", notice.laid(_samples(path), RATE), RATE)
    if not said:
        record.write_preview(folder, 0, beside(np.zeros(_FFT, np.float32), np.zeros(_FFT, np.float32)))
    record.write_timelapse(folder)


def _samples(path: Path) -> NDArray[np.float32]:
    with wave.open(str(path), "rb") as file:
        return np.asarray(np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, np.float32)


def beside(said_N: NDArray[np.float32], recorded_N: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The spectrogram of what was said above that of the recording, RGB."""
    gap = np.full((4, _SIZE[0], 3), 255, np.uint8)
    return np.concatenate([spectrogram(said_N), gap, spectrogram(recorded_N)])


def spectrogram(samples_N: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A picture of 80 dB below full scale, low pitches at the bottom, RGB."""
    padded_N = np.pad(samples_N, (0, max(0, _FFT - len(samples_N))))
    frames_TF = np.lib.stride_tricks.sliding_window_view(padded_N, _FFT)[::_HOP] * np.hanning(_FFT)
    level_TF = 20 * np.log10(np.abs(np.fft.rfft(frames_TF)) * 4 / _FFT + 1e-9)
    share_TF = np.clip((level_TF - _LOUDEST + _RANGE) / _RANGE, 0, 1)
    grey_FT = np.ascontiguousarray(np.rint(255 * share_TF).astype(np.uint8).T[::-1])
    coloured = cv2.applyColorMap(cv2.resize(grey_FT, _SIZE, interpolation=cv2.INTER_AREA), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), np.uint8)


def write_card(
    run: Run,
    config: Config,
    told: Mapping[str, Any],
    *,
    state: str,
    pretrained: Mapping[str, str],
    first: Mapping[str, float],
    versions: Mapping[str, Any],
    architecture: Mapping[str, Any],
    sittings: int,
    threads: int,
) -> None:
    """Writes the run card, with the entries of every other training's.

    told: the facts of the last "trained" event and the peak of memory. pretrained: sha256 by part. Its `images` are
    segments; its operations are those of the first step, forward and backward, as PyTorch counts them: matrix products
    and convolutions, those of grouped ones corrected.
    """
    learning, steps = config.learning, int(told["step"])
    wall, cpu = max(told["wall"], 1e-9), max(told["cpu"], 1e-9)
    images = steps * learning.batch
    asked = {"steps": told["last"], "seconds": learning.seconds, "flops": learning.flops}
    card = {
        "state": state,
        "subjects": list(run.subjects),
        "pretrained": {"weights": pretrained["generator"], "subjects": [], **pretrained} if pretrained else None,
        "consents": list(run.consents),
        "log_head": run.log_head,
        "seed": run.seed,
        "code": run.code,
        "settings": {"method": plain(run.settings or config), "learning": plain(learning)},
        "architecture": dict(architecture),
        "parameters": sum(told["parameters"].values()),
        "flops_per_step": round(told["flops"] / steps) if steps else 0,
        "budget": {
            "asked": asked,
            "spent": {"steps": steps, "seconds": round(told["seconds"], 3), "flops": told["flops"]},
            "share": told["share"],
        },
        "steps": steps,
        "epochs": told["epoch"],
        "sittings": sittings,
        "images": images,
        "first_losses": dict(first),
        "seconds": {"wall": round(told["wall"], 2), "cpu": round(told["cpu"], 2)},
        "images_per_second": {"wall": round(images / wall, 2), "cpu": round(images / cpu, 2)},
        "peak_memory": {"process_mib": round(told["peak_kib"] / 2**10, 1)},
        "device": told["device"],
        "threads": threads,
        "precision": learning.precision,
        "machine": job.machine(),
        "environment": dict(versions),
    }
    files.write_json(run.folder / "card.json", card)
