"""The conversion: the driver's sound through the package, and what comes back held to what went in."""

import tempfile
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.errors import CheckpointError, SpeechError
from understudy.files import require_room, write_json
from understudy.job import log
from understudy.media.read import blocks
from understudy.media.wav import write_wav
from understudy.methods import Footage
from understudy.methods.sovits import beginning, environment
from understudy.methods.sovits.config import Config
from understudy.methods.sovits.laying import RATE, SHORTEST
from understudy.methods.sovits.running import Event, Package
from understudy.methods.sovits.weights import Voice

Samples = NDArray[np.float32]

_CHUNK = 10 * RATE
_SLACK = 512  # samples by which the package's resynthesis may be off
_SILENT = 1e-3  # of full scale: speech whose loudest sample is below says nothing
_FAINT = -60.0  # dB full scale: of a fake where its driver speaks
_CLIPPED, _WORST = 0.01, 0.2  # share of samples at full scale: told, refused


def say(model: Voice, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The driver's words in the source's voice: pieces samples_N at 44.1 kHz, together as long as the driver's sound.

    Raises CheckpointError for another person's voice or another encoder than it was learned with, SpeechError for
    sound that cannot be said, and for a result that is silent, cut, or another length.
    """
    require_person(model, source.subject)
    heard_N = heard(driver)
    with tempfile.TemporaryDirectory(prefix="sovits-") as name:
        said_N = _said(model, heard_N, config, Path(name))
    for first in range(0, len(said_N), _CHUNK):
        yield torch.from_numpy(said_N[first : first + _CHUNK].copy())


def heard(driver: Footage) -> Samples:
    """The driver's sound at 44.1 kHz. Raises SpeechError when there is none, or nothing in it."""
    if driver.speech is None:
        raise SpeechError(driver.subject, "has no speech to be said", "Name a clip of theirs with sound.")
    parts = list(blocks(driver.speech, RATE))
    samples_N = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if len(samples_N) < SHORTEST * RATE:
        fact = f"lasts {len(samples_N) / RATE:.2f} s, and {SHORTEST} s are the least"
        raise SpeechError(driver.speech, fact, "Name a longer clip.")
    if np.abs(samples_N).max() < _SILENT:
        raise SpeechError(driver.speech, "is silent", "Name a clip in which somebody speaks.")
    return samples_N


def require_person(model: Voice, subject: str) -> None:
    """Raises CheckpointError when a voice is somebody else's: the package would let its first speaker speak."""
    if subject not in model.subjects:
        fact = f"is the voice of {' and '.join(model.subjects) or 'nobody'}, not of {subject}"
        raise CheckpointError("the network", fact, f"Name the run that learned {subject}.")


def _said(model: Voice, heard_N: Samples, config: Config, folder: Path) -> Samples:
    """What the package makes of the samples, in a folder that holds this one voice and nothing else."""
    architecture = model.architecture
    if config.f0 != architecture["f0"]:
        fact = f"was learned with the f0 method {architecture['f0']}, and the settings ask for {config.f0}"
        raise CheckpointError("the network", fact, "Train it with them.")
    require_room(folder, sum(tensor.numel() * 4 for tensor in model.buffers()) + 8 * len(heard_N))
    network, clusters = model.lay(folder)
    write_json(folder / "config.json", architecture["config"])
    write_wav(folder / "heard.wav", heard_N, RATE)
    python = environment.require()
    package = Package(
        python=python,
        folder=folder,
        seed=architecture["config"]["train"]["seed"],
        threads=torch.get_num_threads(),
        place=model.place,
    )
    package = replace(package, encoder=beginning.encoder_place(config, package))
    words = command(network, clusters, architecture["speaker"], model.place.type, config)
    events = package(
        "say", command=words, clusters=str(clusters) if clusters else None, speaker=architecture["speaker"]
    )
    require_encoder(events, architecture["encoder"])
    return sane(read(folder / "said.wav"), heard_N)


def command(network: Path, clusters: Path | None, speaker: str, place: str, config: Config) -> list[str]:
    """The package's command, every setting in it."""
    ratio = config.cluster_ratio if clusters else 0.0
    words: dict[str, Any] = {
        "-o": "said.wav", "-s": speaker, "-m": network.absolute(), "-c": "config.json", "-t": config.transpose,
        "-db": config.db_thresh, "-fm": config.f0, "-r": ratio, "-n": config.noise_scale, "-mc": config.longest,
        "-d": place,
    }  # fmt: skip
    if clusters:
        words["-k"] = clusters.absolute()
    flat = [str(word) for pair in words.items() for word in pair]
    return ["infer", "heard.wav", *flat, "-a" if config.auto_f0 else "-na"]


def require_encoder(events: list[Event], due: str) -> None:
    """Raises CheckpointError unless the words were heard by the encoder that the voice was learned with."""
    found = {event["digest"] for event in events if event.get("event") == "encoder"}
    if found != {due}:
        names = ", ".join(digest[:12] for digest in sorted(found)) or "none"
        fact = f"the content encoder has the digest {names}, and the voice was learned with {due[:12]}"
        raise CheckpointError("encoder", fact, "Name the encoder that it was learned with.")


def read(path: Path) -> Samples:
    """A WAV of 16 bits at 44.1 kHz as the package writes it. Raises SpeechError for anything else, or nothing."""
    if not path.is_file():
        raise SpeechError("so-vits-svc-fork, step infer", "left no sound", "See what the driver's clip sounds like.")
    with wave.open(str(path), "rb") as file:
        channels, width, rate = file.getparams()[:3]
        held = file.readframes(file.getnframes())
    if (channels, width, rate) != (1, 2, RATE):
        fact = f"left {channels} channels of {8 * width} bits at {rate} Hz, not 1 of 16 at {RATE}"
        raise SpeechError("so-vits-svc-fork, step infer", fact, "Run `make voice` anew.")
    return np.asarray(np.frombuffer(held, "<i2") / 32768, np.float32)


def sane(said_N: Samples, heard_N: Samples) -> Samples:
    """What was said, without any constant, at exactly the length of what was heard.

    Raises SpeechError when it cannot be its conversion.
    """
    step = "so-vits-svc-fork, step infer"
    if abs(len(said_N) - len(heard_N)) > _SLACK:
        fact = f"left {len(said_N)} samples of {len(heard_N)}"
        raise SpeechError(step, fact, "Raise db_thresh, or name another clip.")
    fitting_N = np.zeros(len(heard_N), np.float32)
    fitting_N[: len(said_N)] = said_N[: len(heard_N)]
    clipped = float(np.mean(np.abs(fitting_N) >= 32766 / 32768))
    if clipped > _WORST:
        raise SpeechError(step, f"left noise: {clipped:.0%} of its samples are clipped", "Train longer.")
    # An untrained network may put out little but a constant, which is loud to a meter and silent to an ear.
    fitting_N -= fitting_N.mean(dtype=np.float64).astype(np.float32)
    level = 20 * np.log10(np.sqrt(np.mean(np.square(fitting_N), dtype=np.float64)) + 1e-12)
    if level < _FAINT:
        raise SpeechError(step, f"left silence ({level:.0f} dB of full scale)", "Train longer, or lower db_thresh.")
    if clipped > _CLIPPED:
        log(f"sovits: {clipped:.1%} of the samples said are clipped")
    return fitting_N
