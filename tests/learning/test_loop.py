"""What the loop promises: an interrupted training that is resumed leaves the bytes of one that was not."""

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from understudy import files
from understudy.errors import CheckpointError, DiskError, Error, Stopped
from understudy.learning import Draws, Learning, Run, Steps, learn, loop
from understudy.media import probe

CPU = torch.device("cpu")
SETTINGS = Learning(
    steps=30,
    batch=4,
    rate=1e-2,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    warmup=5,
    schedule="cosine",
    precision="fp32",
    threads=1,
    preview_every=0,
    snapshot_every=7,
)


def network(width: int = 8) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, width), nn.Dropout(0.3), nn.Linear(width, 1))


def batch(step: int) -> torch.Tensor:
    return torch.from_numpy(Draws(5).at(step).normal(size=(4, 3)).astype(np.float32))


def step(model, x):
    """Draws from torch's and numpy's global generators too: they must be resumed as well."""
    noise = float(np.random.random())  # noqa: NPY002 - the global generator is what is tested
    return {"loss": (model(x) - x.sum(1, keepdim=True) - noise).square().mean()}


def train(folder: Path, *, step=step, model=None, settings=SETTINGS, allowed=lambda: None, **more):
    run = Run(folder=folder, seed=3, device=CPU, consents=("c-1",), code="abc", subjects=("ada",), allowed=allowed)
    np.random.seed(0)  # noqa: NPY002 - the same
    chosen = model or network()
    return learn(chosen, step, Steps(batch, 4, CPU), run, settings, architecture={"width": 8}, **more)


def stopping(at: int, number: int = signal.SIGTERM):
    """A step that sends this process a signal the `at`-th time."""
    calls = iter(range(1, 1000))

    def wrapped(model, x):
        if next(calls) == at:
            os.kill(os.getpid(), number)
        return step(model, x)

    return wrapped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_by_a_signal_and_resumed_is_uninterrupted(tmp_path, number):
    train(tmp_path / "whole")
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match="after step 11"):
        train(tmp_path / "two", step=stopping(11, number))
    assert signal.getsignal(number) is before
    assert files.read_json(tmp_path / "two/card.json")["state"] == "stopped"
    assert not (tmp_path / "two/weights.safetensors").exists()
    train(tmp_path / "two", model=network())
    for name in ("weights.safetensors", "loss.csv"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    card = files.read_json(tmp_path / "two/card.json")
    assert (card["state"], card["steps"], card["sittings"], card["images"]) == ("finished", 30, 2, 120)
    assert not (tmp_path / "two/snapshot.safetensors").exists()


def test_killed_between_snapshots_and_resumed_is_uninterrupted(tmp_path):
    script = textwrap.dedent("""
        import importlib.util, os, signal, sys
        from pathlib import Path
        spec = importlib.util.spec_from_file_location("loop", sys.argv[1])
        loop = importlib.util.module_from_spec(spec); spec.loader.exec_module(loop)
        kind = signal.SIGKILL if sys.argv[3] == "kill" else 0
        loop.train(Path(sys.argv[2]), step=loop.stopping(18, kind))
    """)
    for how, code in (("kill", -signal.SIGKILL), ("live", 0)):
        command = [sys.executable, "-c", script, __file__, str(tmp_path / "two"), how]
        assert subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == code
    train(tmp_path / "whole")
    for name in ("weights.safetensors", "loss.csv"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_q_on_a_terminal_stops(tmp_path, monkeypatch):
    master, slave = os.openpty()
    with os.fdopen(slave, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        os.write(master, b"q\n")
        with pytest.raises(Stopped, match="stopped by q"):
            train(tmp_path)
    os.close(master)


def test_a_loss_that_is_no_number_names_the_step_and_keeps_the_snapshot(tmp_path):
    def diverging(model, x):
        diverging.calls += 1
        return {"loss": step(model, x)["loss"] * (float("nan") if diverging.calls == 24 else 1)}

    diverging.calls = 0
    with pytest.raises(Error, match=r"no longer a number at step 24 .*snapshot\.safetensors"):
        train(tmp_path, step=diverging)
    kept = load_file(tmp_path / "snapshot.safetensors")
    assert all(torch.isfinite(tensor.float()).all() for tensor in kept.values())
    train(tmp_path)  # goes on from step 21


def test_a_full_disk_keeps_the_last_snapshot(tmp_path, monkeypatch):
    written = Path.write_bytes

    def full(self, data):
        full.calls += 1
        if full.calls == 2:
            written(self, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        return written(self, data)

    full.calls = 0
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskError, match="disk is full"):
        train(tmp_path / "two")
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "two").iterdir() if "part" in path.name] == []
    train(tmp_path / "two")
    train(tmp_path / "whole")
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("two", "whole")]
    assert weights[0] == weights[1]


def test_too_little_room_is_said_before_writing(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(DiskError, match="are free"):
        train(tmp_path)


def test_a_snapshot_of_other_settings_is_refused_by_name(tmp_path):
    with pytest.raises(Stopped):
        train(tmp_path, step=stopping(11))
    with pytest.raises(CheckpointError, match=r"learning\.rate is 0\.01 there, 0\.5 here"):
        train(tmp_path, settings=replace(SETTINGS, rate=0.5))
    with pytest.raises(CheckpointError, match=r"recipe\.flip is absent there, 0\.5 here"):
        train(tmp_path, recipe={"flip": 0.5})
    with pytest.raises(CheckpointError, match=r"'0\.bias' is \(8,\) in the file and \(9,\) in the network"):
        train(tmp_path, model=network(9))
    train(tmp_path, settings=replace(SETTINGS, snapshot_every=3))  # what changes nothing may change


def test_a_damaged_snapshot_is_refused(tmp_path):
    (tmp_path / "snapshot.safetensors").write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match="cannot be read"):
        train(tmp_path)


def test_previews_change_nothing_and_make_a_timelapse(tmp_path):
    def preview(model):
        torch.rand(3)
        return np.full((48, 64, 3), int(torch.rand(1) * 200), np.uint8)

    train(tmp_path / "blind")
    train(tmp_path / "seen", preview=preview, settings=replace(SETTINGS, preview_every=10))
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("blind", "seen")]
    assert weights[0] == weights[1]
    train(tmp_path / "last", preview=preview, settings=replace(SETTINGS, preview_every=0))
    assert [path.name for path in (tmp_path / "last/previews").iterdir()] == ["00000030.png"]
    names = [path.name for path in sorted((tmp_path / "seen/previews").iterdir())]
    assert names == [f"{number:08}.png" for number in (0, 10, 20, 30)]
    assert probe(tmp_path / "seen/timelapse.mp4").frames == 4 + 8
    assert not (tmp_path / "blind/timelapse.mp4").exists()


def test_the_loss_table_holds_means_and_the_rate(tmp_path):
    seen: list[float] = []

    def recorded(model, x):
        losses = step(model, x)
        seen.append(losses["loss"].item())
        return losses

    settings = replace(SETTINGS, steps=1200, snapshot_every=0)
    train(tmp_path, step=recorded, settings=settings)
    table = pd.read_csv(tmp_path / "loss.csv")
    np.testing.assert_allclose(table["loss"], np.array(seen).reshape(-1, 2).mean(axis=1))
    np.testing.assert_array_equal(table["step"], np.arange(2, 1201, 2))
    np.testing.assert_allclose(table["rate"], [settings.rate_at(number - 1) for number in table["step"]])


def test_it_is_adam(tmp_path):
    """One step of Adam from its definition: the first moves every weight by rate x g / (|g| + epsilon)."""
    model = nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    settings = replace(SETTINGS, steps=1, warmup=0, schedule="constant", epsilon=1e-3)
    gradient = torch.tensor([[0.5, -2.0]])
    train(tmp_path, model=model, settings=settings, step=lambda net, x: {"loss": (net.weight * gradient).sum()})
    expected = before - 1e-2 * gradient / (gradient.abs() + 1e-3)
    torch.testing.assert_close(model.weight.detach(), expected)


def refusing(at: int):
    """An answer that is a refusal from the `at`-th question on."""
    calls = iter(range(1, 1000))
    return lambda: "the record 'c-1' expired on 2026-11-19." if next(calls) >= at else None


def test_a_training_that_may_not_go_on_stops_at_its_next_snapshot_and_says_why(tmp_path):
    train(tmp_path / "whole")
    with pytest.raises(Stopped, match=r"two: stopped after step 14\. the record 'c-1' expired on 2026-11-19"):
        train(tmp_path / "two", allowed=refusing(2))
    assert files.read_json(tmp_path / "two/card.json")["state"] == "stopped"
    assert not (tmp_path / "two/weights.safetensors").exists()
    train(tmp_path / "two", model=network())
    for name in ("weights.safetensors", "loss.csv"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_where_snapshots_are_rare_a_training_asks_once_a_minute(tmp_path, monkeypatch):
    times = iter(range(0, 100000, 13))  # every look at the clock is 13 seconds later
    monkeypatch.setattr(loop.time, "monotonic", lambda: float(next(times)))
    asked = []
    with pytest.raises(Stopped, match="stopped after step"):
        train(
            tmp_path,
            settings=replace(SETTINGS, steps=200, snapshot_every=0),
            allowed=lambda: asked.append(1) or ("it was withdrawn." if len(asked) == 3 else None),
        )
    assert (tmp_path / "snapshot.safetensors").exists()


def test_the_weights_are_not_written_without_a_last_question(tmp_path):
    with pytest.raises(Stopped, match="after step 30"):
        train(tmp_path, settings=replace(SETTINGS, snapshot_every=0), allowed=refusing(1))
    assert not (tmp_path / "weights.safetensors").exists()
    train(tmp_path, settings=replace(SETTINGS, snapshot_every=0), model=network())
    assert (tmp_path / "weights.safetensors").exists()
