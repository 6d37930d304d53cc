"""What comes before the training: segments laid out, resampled, listed, analysed, and what it begins from."""

import time
from dataclasses import replace
from typing import Any, Final

from understudy import files, job
from understudy.errors import CheckpointError, SpeechError
from understudy.learning import Run
from understudy.methods import Footage
from understudy.methods.sovits import beginning, laying
from understudy.methods.sovits.config import LATER, Config, fitted
from understudy.methods.sovits.running import Event, Package
from understudy.settings import plain

TEMPLATE: Final = "so-vits-svc-4.0v1"
STATE: Final = "prepared.json"
_VOICED = 0.05  # share of the frames; speech has 20 % and more, and trackers find a pitch in a whisper now and then
# What may differ between two sittings: it changes nothing that is learned.
_FREE: Final = frozenset({"threads", "workers", "save_every", "log_every", "keep"})


def prepare(source: Footage, config: Config, run: Run, package: Package) -> tuple[Package, dict[str, Any]]:
    """The package with its content encoder, and the state of the training: what was done once is not done again.

    Raises what `laying` and `beginning` do; CheckpointError when the folder holds another training.
    """
    package.folder.mkdir(parents=True, exist_ok=True)
    place = beginning.encoder_place(config, package)
    package, hidden = replace(package, encoder=place), beginning.channels(place)
    names = laying.lay_out(source, package.folder / "dataset_raw", hidden)
    now = identity(source, config, run, names)
    state = package.folder / STATE
    if state.exists():
        known: dict[str, Any] = files.read_json(state)
        require_same(package, known["identity"], now)
        laying.require_features((), package.folder / "dataset/44k", laying.speaker(source.subject), names, hidden)
        job.log(f"{run.folder.name}: the segments' features are there")
        return package, known
    made = {"identity": now, **_made(source, config, run, package, list(names), hidden)}
    files.write_json(state, made)
    return package, made


def _made(source: Footage, config: Config, run: Run, package: Package, names: list[str], hidden: int) -> dict[str, Any]:
    """The package's three steps before training."""
    folder, name = package.folder, laying.speaker(source.subject)
    for leftover in ("dataset/44k", "logs/44k", "filelists"):
        beginning.clear(folder / leftover)
    told = _features(run, package, name, names, hidden, config.f0)
    template = files.read_json(folder / "configs/44k/config.json")
    laying.require_map(template, name)
    begun = beginning.begin_from(config, package, folder / "logs/44k", template)
    files.write_json(folder / "config.json", fitted(template, config, run.seed, hidden))
    if config.clusters:
        told += package("clusters", number=config.clusters, out="centres.pt")
    encoders = {event["digest"] for event in told if event.get("event") == "encoder"}
    if len(encoders) != 1:
        raise CheckpointError(
            "encoder", f"{len(encoders)} content encoders were heard, not one", "Name one, and begin anew."
        )
    return {"pretrained": begun, "segments": len(names), "encoder": encoders.pop(), "peak_kib": peak(told)}


def _features(run: Run, package: Package, name: str, names: list[str], hidden: int, f0: str) -> list[Event]:
    """Resamples, lists and analyses the segments, and counts after each."""
    dataset, begun = package.folder / "dataset/44k", time.monotonic()
    told = package.command("pre-resample", "-i", "dataset_raw", "-o", "dataset/44k", "-n", 1)
    laying.require_resampled(dataset, name, names)
    job.log(f"{run.folder.name}: {len(names)} segments resampled in {time.monotonic() - begun:.0f} s")
    told += package.command("pre-config", "-i", "dataset/44k", "-t", TEMPLATE)
    laying.require_lists(package.folder / "filelists/44k", dataset, names)
    begun = time.monotonic()
    told += package.command("pre-hubert", "-i", "dataset/44k", "-n", 1, "-fm", f0)
    held = package("features", out="dataset/44k")
    laying.require_features(held, dataset, name, names, hidden)
    voiced = [event["voiced"] for event in held if event.get("event") == "features"]
    share = sum(voiced) / len(voiced)
    if share < _VOICED:
        fact = f"a pitch was found in {share:.1%} of the frames of their segments"
        raise SpeechError(name, fact, "Take another f0 method, or other recordings: whispered speech has none.")
    job.log(
        f"{run.folder.name}: {len(voiced)} segments analysed in {time.monotonic() - begun:.0f} s, {share:.0%} voiced"
    )
    return told


def peak(events: list[Event]) -> float:
    """The most memory that a step took, KiB."""
    return float(max((event["peak_kib"] for event in events if event.get("event") == "done"), default=0.0))


def identity(source: Footage, config: Config, run: Run, names: dict[str, str]) -> dict[str, Any]:
    """What must be the same for a training to be resumed. names: the segments' sha256 by file name."""
    settings = {key: value for key, value in plain(config).items() if key not in LATER}
    settings["learning"] = {key: value for key, value in settings["learning"].items() if key not in _FREE}
    segments = laying.digest(f"{name} {digest}" for name, digest in sorted(names.items()))
    return {"settings": settings, "seed": run.seed, "subject": source.subject, "segments": segments}


def require_same(package: Package, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Raises CheckpointError when the folder holds another training."""
    for key in here:
        if there.get(key) != here[key]:
            fact = f"holds a training of other {key} than are asked for"
            raise CheckpointError(package.folder, fact, "Remove it to begin anew.")
