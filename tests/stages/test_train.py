"""A training asks the log while it learns: it stops when a record expires, or is withdrawn, and names it."""

import datetime
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from understudy.errors import ConsentError, Stopped
from understudy.files import read_json
from understudy.learning import Draws, Learning, Run, Steps, learn
from understudy.people import Ledger, learning, read_ledger, uses
from understudy.stages import train

Grant = Callable[..., Ledger]
SETTINGS = Learning(
    steps=40,
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
    snapshot_every=5,
)


def record(subject: str, until: str = "2999-01-01") -> dict[str, Any]:
    purposes = {name: ["swap"] for name in ("train", "be-source", "be-driver")}
    purposes |= dict.fromkeys(("extract", "appear-in-report"), True)
    purposes |= dict.fromkeys(("study-stimulus", "share-weights", "publish"), False)
    made = {"id": f"{subject}-1", "subject": subject, "basis": {"kind": "form", "sha256": "a" * 64}}
    return made | {"purposes": purposes, "counterparts": "anyone", "from": "2020-01-01", "until": until}


@pytest.fixture
def consents(tmp_path: Path, grant_all: Grant) -> Path:
    grant_all(tmp_path / "consents", record("anna", until="2030-06-30"), record("bert"))
    return tmp_path / "consents"


class Slow:
    """A method that learns next to nothing, and does what it is told to in between."""

    FAMILY, TRAINS_ON = "swap", "pair"
    Config = SimpleNamespace

    def __init__(self, at: int, deed: Callable[[], object]) -> None:
        self.at, self.deed = at, deed

    def train(self, footage: Any, config: Any, run: Run) -> None:
        calls = iter(range(1, 1000))

        def step(model: Any, batch: torch.Tensor) -> dict[str, torch.Tensor]:
            if next(calls) == self.at:
                self.deed()
            return {"loss": model(batch).square().mean()}

        def batch(number: int) -> torch.Tensor:
            return torch.from_numpy(Draws(5).at(number).normal(size=(4, 3)).astype("float32"))

        learn(nn.Linear(3, 1), step, Steps(batch, 4, run.device), run, SETTINGS, architecture={})


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Slow) -> None:
    """The rule's own function, with that method."""
    monkeypatch.setattr(train, "method", lambda name: method)
    monkeypatch.setattr(train, "configured", lambda chosen, settings, name: chosen.Config())
    train.train_run(
        out=tmp_path / "run",
        method_name="slow",
        settings={},
        subjects=["anna", "bert"],
        facesets=[[], []],
        clips=[[], []],
        seed=1,
        keep=[],
        pretrained=[],
        strangers=[],
        code="",
        threads=1,
        consents=str(tmp_path / "consents"),
        study="films",
    )


def test_a_training_nobody_objects_to_ends(consents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, monkeypatch, Slow(0, lambda: None))
    assert (tmp_path / "run/weights.safetensors").exists()


def test_a_record_that_expires_stops_the_training_at_its_next_snapshot(
    consents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = [datetime.date(2030, 6, 30)]
    monkeypatch.setattr(train, "today", lambda: day[0])
    with pytest.raises(Stopped) as stopped:
        run(tmp_path, monkeypatch, Slow(12, lambda: day.append(day.pop() + datetime.timedelta(days=1))))
    assert "stopped after step 15" in str(stopped.value)
    assert "subject 'anna'" in str(stopped.value)
    assert "the record 'anna-1'" in str(stopped.value)
    assert "expired on 2030-06-30" in str(stopped.value)
    assert (tmp_path / "run/snapshot.safetensors").exists()
    assert not (tmp_path / "run/weights.safetensors").exists()
    assert read_json(tmp_path / "run/card.json")["state"] == "stopped"


def test_a_withdrawal_stops_the_training_at_its_next_snapshot(
    consents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Stopped) as stopped:
        run(tmp_path, monkeypatch, Slow(21, lambda: uses.withdraw(consents, "bert")))
    assert "stopped after step 25" in str(stopped.value)
    assert "the record 'bert-1'" in str(stopped.value)
    assert f"was withdrawn on {read_ledger(consents).records['bert'].withdrawn}" in str(stopped.value)
    with pytest.raises(ConsentError, match="bert"):  # and it does not begin again
        run(tmp_path, monkeypatch, Slow(0, lambda: None))


def test_the_log_is_read_again_only_when_it_changed(consents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    monkeypatch.setattr(train, "read_ledger", lambda folder: read.append(1) or read_ledger(folder))
    asked = train.permission(consents, learning(["anna", "bert"], "swap"))
    assert [asked() for _ in range(50)] == [None] * 50
    assert len(read) == 1
    uses.withdraw(consents, "anna")
    refused = asked()
    assert refused is not None
    assert "anna" in refused
    assert len(read) == 2


def test_a_log_that_was_damaged_meanwhile_covers_nothing(consents: Path) -> None:
    asked = train.permission(consents, learning(["anna", "bert"], "swap"))
    assert asked() is None
    log = consents / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"anna"', b'"annA"'))
    refused = asked()
    assert refused is not None
    assert "log.jsonl" in refused
