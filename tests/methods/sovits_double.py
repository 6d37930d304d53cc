"""Stands where the package's interpreter does: leaves what each step should leave, or fails as FAULT says, silently.

`sovits_double.py -I runner.py order.json`, with nothing but the standard library.
"""

import json
import os
import shutil
import sys
import wave
from pathlib import Path
from typing import Any

FAULT = os.environ.get("FAULT", "")
KIT = Path(os.environ.get("KIT", "."))
TEMPLATE = {"train": {"betas": [0.8, 0.99]}, "data": {"hop_length": 512}, "model": {"pretrained": {}}}


def main(path: str) -> int:
    order = json.loads(Path(path).read_text())
    events = Path(order["events"]).open("a")  # noqa: SIM115 - open to the end

    def tell(event: str, **facts: Any) -> None:
        events.write(json.dumps({"event": event, **facts}) + "\n")

    os.chdir(order["folder"])
    code = STEPS[order["step"]](order, tell)
    if FAULT == "exit" and order["step"] == "train":
        return 0  # as the package does for a pitch that is no number, with nothing that sees it
    if not code:
        tell("done", peak_kib=1024, cpu=1.0)
    return code or 0


def versions(order: dict[str, Any], tell: Any) -> None:
    found = json.loads((KIT / "pinned.json").read_text())
    tell("versions", versions=found | ({"torch": "2.0.0"} if FAULT == "torch" else {}), python="3.11.0")


def encoder(order: dict[str, Any], tell: Any) -> None:
    out = Path(order["out"])
    out.mkdir(parents=True)
    (out / "config.json").write_text('{"hidden_size": 64}')
    (out / "model.safetensors").write_bytes(b"weights")


def package(order: dict[str, Any], tell: Any) -> None:
    LINE[order["command"][0]](order, tell)


def resample(order: dict[str, Any], tell: Any) -> None:
    for path in sorted(Path("dataset_raw").rglob("*.wav"))[1 if FAULT == "skipped" else 0 :]:
        out = Path("dataset/44k") / path.parent.name / path.name
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, out)
    if FAULT == "shifted":
        shutil.copy(out, Path("dataset/44k") / "other.wav")


def configure(order: dict[str, Any], tell: Any) -> None:
    paths = sorted(Path("dataset/44k").rglob("*.wav"))
    parts = {"train": paths[2:-2], "val": paths[:2], "test": paths[-2:]}
    Path("filelists/44k").mkdir(parents=True)
    for name, part in parts.items():
        (Path("filelists/44k") / f"{name}.txt").write_text("\n".join(map(str, part)))
    Path("configs/44k").mkdir(parents=True)
    speakers = {"ghost": 0, paths[0].parent.name: 1} if FAULT == "speakers" else {paths[0].parent.name: 0}
    Path("configs/44k/config.json").write_text(json.dumps(TEMPLATE | {"spk": speakers}))


def analyse(order: dict[str, Any], tell: Any) -> None:
    for path in sorted(Path("dataset/44k").rglob("*.wav"))[1 if FAULT == "lost" else 0 :]:
        path.with_name(path.name + ".data.pt").write_bytes(b"features")
    tell("encoder", digest="e" * 64, hidden=64)


def features(order: dict[str, Any], tell: Any) -> None:
    for path in sorted(Path("dataset/44k").rglob("*.data.pt")):
        speaker, voiced = int(FAULT == "numbered"), 0.01 if FAULT == "whispered" else 0.6
        tell("features", path=str(path), speaker=speaker, frames=9, whole=FAULT != "nan", voiced=voiced, content=64)


def train(order: dict[str, Any], tell: Any) -> int | None:
    logs = Path("logs/44k")
    begun = sorted(path.name for path in logs.glob("*_0.pth")) if logs.exists() else []
    for name in [] if FAULT == "unloaded" else begun:
        tell("loaded", file=name, epoch=0, tensors=8, same=7 if FAULT == "partly" else 8)
    tell("training", parameters={"net_g": 3, "net_d": 4}, per_epoch=2, epoch=0, step=0, last=2, share=0.0, device="cpu")
    for step in (1, 2):
        losses = {"loss/g/total": 2.0 / step, "loss/d/total": 1.0}
        tell("step", step=step, epoch=0, rate=1e-4, share=step / 2, losses=losses)
    if FAULT == "full":
        print("OSError: [Errno 28] No space left on device", file=sys.stderr)
        return 1
    if FAULT == "called":
        return 3
    logs.mkdir(parents=True, exist_ok=True)
    for kind in "G" if FAULT == "half" else "GD":
        shutil.copy(KIT / "generator.pth", logs / f"{kind}_1.pth")
    tell("trained", wish="", share=1.0, epoch=1, step=2, seconds=1.0, flops=8, wall=1.0, cpu=1.0)
    return None


def say(order: dict[str, Any], tell: Any) -> None:
    (Path("command.json")).write_text(json.dumps(order["command"]))
    shutil.copy("command.json", KIT / "command.json")
    with wave.open("heard.wav", "rb") as file:
        shape, samples = file.getparams(), file.readframes(file.getnframes())
    if FAULT == "mute":
        samples = bytes(len(samples))
    if FAULT == "short":
        samples = samples[: len(samples) // 2]
    if FAULT == "loud":
        samples = b"\xff\x7f" * (len(samples) // 2)
    if FAULT != "nothing":
        with wave.open("said.wav", "wb") as file:
            file.setparams(shape)
            file.writeframes(samples)
    tell("encoder", digest=("d" if FAULT == "deaf" else "e") * 64, hidden=64)


STEPS: dict[str, Any] = {
    "versions": versions,
    "tiny-encoder": encoder,
    "package": package,
    "features": features,
    "train": train,
    "say": say,
}
LINE: dict[str, Any] = {"pre-resample": resample, "pre-config": configure, "pre-hubert": analyse}

if __name__ == "__main__":
    sys.exit(main(sys.argv[-1]))
