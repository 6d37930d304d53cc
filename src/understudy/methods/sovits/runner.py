"""Runs one step of so-vits-svc-fork 4.2.30 in its own environment: `python -I runner.py order.json`.

The package's files stay as they are. What is changed in memory, and why:
- torchaudio's wheels link CUDA, and their extension cannot be loaded without it: a stub stands in its place.
- torchaudio.load wants torchcodec: soundfile reads the same samples.
- The content encoder is a folder where one is given; the package knows only the name of one on a hub.
- Listings of folders are sorted, and every generator is seeded, so that a run can be repeated.
- A checkpoint is written beside its place and renamed: a full disk leaves none that is cut off.
- SIGTERM ends a training at the next step, with a checkpoint; so do a number of steps, of seconds, of FLOPs.
- What it does is told as JSON lines in the order's `events`, so that its caller need not believe an exit code.
- `exit(0)` in the midst of its code (a pitch that is no number) is an error.

This file runs by itself and imports nothing but the standard library until it does.
"""

import contextlib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import os
import random
import resource
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENCODER = "lengyue233/content-vec-best"
ENDED_EARLY = 3  # exit code: the package called exit() where it should have gone on


Tell = Callable[..., None]


def _beside(name: str) -> Any:
    """The module of that name beside this file, whose folder no import is to search: it has names that others have."""
    spec: Any = importlib.util.spec_from_file_location(f"understudy_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


watching = _beside("watching")
of, used = watching.of, watching.used


def main(path: str) -> int:
    """Runs the order in the file `path`; the exit code says whether it was fulfilled."""
    order = json.loads(Path(path).read_text(encoding="utf-8"))
    tell = watching.Teller(order["events"])
    try:
        with contextlib.chdir(order["folder"]):
            if order["step"] != "versions":
                prepare(order, tell)
            STEPS[order["step"]](order, tell)
    except SystemExit as error:
        tell("exited", code=error.code)
        return ENDED_EARLY
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    tell("done", peak_kib=peak, cpu=used())
    return 0


def prepare(order: dict[str, Any], tell: Tell) -> None:
    """Makes the package importable here, and what it does repeatable."""
    stub = types.ModuleType("torchaudio._extension")
    stub.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _check_cuda_version=lambda: None,
        fail_if_no_align=lambda function: function,
    )
    sys.modules["torchaudio._extension"] = stub
    import numpy as np
    import torch

    soundfile, torchaudio = of("soundfile"), of("torchaudio")

    def load(path: Any, *args: Any, **named: Any) -> tuple[Any, int]:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        return torch.from_numpy(samples.T.copy()), rate

    torchaudio.load = load
    if order["threads"]:
        torch.set_num_threads(order["threads"])
    random.seed(order["seed"])
    np.random.seed(order["seed"] % 2**32)  # noqa: NPY002 - the package draws from numpy's global generator
    torch.manual_seed(order["seed"])
    _sort_listings()
    if order.get("encoder"):
        _encode_with(order["encoder"], tell)


def _sort_listings() -> None:
    """A folder's order differs between file systems, and the package's files of validation follow it."""
    found, listed = Path.rglob, os.listdir
    setattr(Path, "rglob", lambda self, *args: iter(sorted(found(self, *args))))  # noqa: B010 - a method, for all
    setattr(os, "listdir", lambda *args: sorted(listed(*args)))  # noqa: B010 - of another type to type checkers


def _encode_with(place: str, tell: Tell) -> None:
    """The package's one encoder is the one at `place` (a folder, or a name on a hub); tells which weights it has."""
    utils = of("so_vits_svc_fork.utils")

    for cls in (utils.HubertModel, utils.HubertModelWithFinalProj):
        made = cls.from_pretrained.__func__

        def opened(kind: Any, name: str, *args: Any, _made: Any = made, **named: Any) -> Any:
            model = _made(kind, place if name == ENCODER else name, *args, **named)
            total = hashlib.sha256()
            for key, tensor in sorted(model.state_dict().items()):
                total.update(key.encode() + tensor.float().cpu().contiguous().numpy().tobytes())
            tell("encoder", digest=total.hexdigest(), hidden=int(model.config.hidden_size))
            return model

        cls.from_pretrained = types.MethodType(opened, cls)


def package(order: dict[str, Any], tell: Tell) -> None:
    """Runs the package's own command line."""
    of("so_vits_svc_fork.__main__").cli(order["command"], standalone_mode=False)


def versions(order: dict[str, Any], tell: Tell) -> None:
    """Tells what is installed, without importing it."""
    found: dict[str, str | None] = {}
    for name in order["names"]:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    tell("versions", versions=found, python=".".join(map(str, sys.version_info[:3])))


def tiny_encoder(order: dict[str, Any], tell: Tell) -> None:
    """A random HuBERT of 64 channels, two layers: it hears nothing in particular, and is for trying the chain out."""
    import torch

    transformers = of("transformers")
    torch.manual_seed(0)
    config = transformers.HubertConfig(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        conv_dim=(32,) * 7,
        conv_stride=(5, 2, 2, 2, 2, 2, 2),
        conv_kernel=(10, 3, 3, 3, 3, 2, 2),
        num_feat_extract_layers=7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        classifier_proj_size=32,
    )
    transformers.HubertModel(config).eval().save_pretrained(order["out"])


def fetch(order: dict[str, Any], tell: Tell) -> None:
    """Downloads the weights that the package's template begins from."""
    download = of("so_vits_svc_fork.utils").download_file
    for name, url in order["files"].items():
        download(url, Path(order["out"]) / name)


def features(order: dict[str, Any], tell: Tell) -> None:
    """Tells of every file of features whose numbers it holds: how long, and of which speaker."""
    import torch

    for path in sorted(Path(order["out"]).rglob("*.data.pt")):
        held = torch.load(path, weights_only=True, map_location="cpu")
        whole = all(bool(torch.isfinite(value.float()).all()) for value in held.values())
        voiced = float(held["uv"].float().mean())
        tell("features", path=path.as_posix(), speaker=int(held["spk"]), frames=int(held["spec"].shape[1]), whole=whole,
             voiced=voiced, content=int(held["content"].shape[0]))  # fmt: skip


def clusters(order: dict[str, Any], tell: Tell) -> None:
    """Finds clusters of the speaker's features, and leaves their centres as tensors alone."""
    import torch

    package(
        order | {"command": ["train-cluster", "-i", "dataset/44k", "-o", "kmeans.pt", "-n", str(order["number"])]}, tell
    )
    (held,) = torch.load("kmeans.pt", weights_only=False).values()  # made a moment ago, by ourselves
    torch.save({"centres": torch.from_numpy(held["cluster_centers_"]).float()}, order["out"])


def say(order: dict[str, Any], tell: Tell) -> None:
    """Runs the package's inference; the clusters' centres, where there are any, are `centres.pt`."""
    if order["clusters"]:
        import torch

        # The package reads its clusters from a pickle, which PyTorch since 2.6 refuses.
        centres = torch.load(order["clusters"], weights_only=True)["centres"].numpy()
        model = of("sklearn.cluster").KMeans(len(centres), n_init=1, max_iter=1).fit(centres)
        model.cluster_centers_ = centres
        of("so_vits_svc_fork.cluster").get_cluster_model = lambda path: {order["speaker"]: model}
    package(order, tell)


def train(order: dict[str, Any], tell: Tell) -> None:
    """Runs the package's training under watch."""
    watching.watch(of("so_vits_svc_fork.train"), order, tell)
    package(order, tell)


STEPS: dict[str, Callable[[dict[str, Any], Tell], None]] = {
    "package": package,
    "versions": versions,
    "tiny-encoder": tiny_encoder,
    "fetch": fetch,
    "features": features,
    "clusters": clusters,
    "say": say,
    "train": train,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
