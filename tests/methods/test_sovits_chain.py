"""so-vits-svc-fork itself, at its smallest: stopped, killed, gone on with, and heard. Needs `make voice`."""

import dataclasses
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from understudy import media
from understudy.errors import ConfigError, Error, Stopped
from understudy.learning import Run
from understudy.learning.weights import describe
from understudy.methods import sovits
from understudy.methods.sovits import environment
from understudy.methods.sovits.config import fitted
from understudy.provenance import notice

from .sovits_speech import RATE, driver, footage

CPU = torch.device("cpu")


def there() -> bool:
    try:
        return environment.interpreter().is_file()
    except ConfigError:
        return False


needs_voice = pytest.mark.skipif(not there(), reason="so-vits-svc-fork is not installed: run `make voice`")


@needs_voice
def test_the_environment_is_the_one_that_is_pinned() -> None:
    found = environment.versions(environment.require())
    assert {name: (version or "").split("+")[0] for name, version in found.items()} == {
        **environment.PINNED,
        "python": found["python"],
    }


@needs_voice
def test_the_preset_is_the_packages_own_template() -> None:
    (place,) = environment.interpreter().parents[1].glob("lib/python*/site-packages/so_vits_svc_fork/preprocessing")
    template = json.loads((place / "config_templates/so-vits-svc-4.0v1.json").read_text())
    made = fitted(template, sovits.PRESETS["sovits"](), template["train"]["seed"], template["model"]["ssl_dim"])
    assert made["model"] == template["model"] | {"pretrained": "none"}
    assert made["train"] == template["train"]
    assert made["data"] == template["data"]


def when(told: Path, event: str, then: Callable[[], None]) -> threading.Thread:
    """Does something once a process has told of an event."""

    def wait() -> None:
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            if told.exists() and f'"event": "{event}"' in told.read_text():
                then()
                return
            time.sleep(0.05)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The processes that are begun."""
    begun: list[Any] = []
    start = subprocess.Popen

    def noted(*given: Any, **named: Any) -> Any:
        begun.append(start(*given, **named))
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    return begun


@needs_voice
def test_a_voice_is_learned_through_a_stop_and_a_kill_and_says_what_it_is_given(
    tmp_path: Path, children: list[Any]
) -> None:
    """Six segments, two of which are learned in each of three epochs; a checkpoint an epoch."""
    tiny = sovits.PRESETS["sovits-tiny"]()
    config = dataclasses.replace(tiny, learning=dataclasses.replace(tiny.learning, epochs=3, save_every=2))
    run = Run(folder=tmp_path / "run", seed=1, device=CPU, subjects=("sam",), keep=(0.5,))
    told, source = run.folder / "work/train.jsonl", footage(tmp_path, seconds=1.5)

    thread = when(told, "step", lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Stopped, match="stopped by SIGTERM after step"):
        sovits.train([source], config, run)
    thread.join()
    stopped = json.loads((run.folder / "card.json").read_text())
    assert stopped["state"] == "stopped"
    assert 1 <= stopped["steps"] < 6
    features = (run.folder / "work/features.jsonl").stat().st_mtime_ns

    told.unlink()
    thread = when(told, "saved", lambda: children[-1].kill())
    with pytest.raises(Error, match="memory, or it was killed"):
        sovits.train([source], config, run)
    thread.join()
    assert not (run.folder / "weights.safetensors").exists()
    assert (run.folder / "work/features.jsonl").stat().st_mtime_ns == features  # nothing was prepared again

    told.unlink()
    model = sovits.train([source], config, run)
    card = json.loads((run.folder / "card.json").read_text())
    assert (card["state"], card["epochs"], card["sittings"]) == ("finished", 3, 3)
    assert card["steps"] >= 6 - 1  # an epoch that was stopped in its midst counts as learned
    assert card["budget"]["share"] >= 1
    assert card["parameters"] > 46_000_000  # the discriminator's size is fixed
    steps = [int(line.split(",")[0]) for line in (run.folder / "loss.csv").read_text().splitlines()[1:]]
    assert steps == list(range(1, card["steps"] + 1))
    assert {"preview.png", "preview.wav", "timelapse.mp4", "weights-0.5.safetensors"} <= {
        path.name for path in run.folder.iterdir()
    }
    assert not (run.folder / "work").exists()
    half, whole = (describe(run.folder / name) for name in ("weights-0.5.safetensors", "weights.safetensors"))
    assert (half["share"], whole["subjects"]) == (0.5, ["sam"])
    assert notice.found(*media.sound(run.folder / "preview.wav")), "a made voice says that it is one"

    said = torch.cat(list(sovits.convert(model, source, driver(tmp_path), config)))
    assert said.shape == (round(1.3 * RATE),)
    assert bool(torch.isfinite(said).all())
    assert float(said.abs().max()) > 1e-3
