"""A study's working directory, made by hand: every kind of file that a study leaves, of people who can be told apart.

`remains` looks for bytes, in whatever they are packed, and knows nothing of how the search finds them.
"""

import base64
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml

from understudy.learning.weights import save_weights

ROOTS = ("data", "results", ".snakemake")
GONE = "zoe-q7x"
PAIRS = [(GONE, "anna"), ("anna", GONE), ("anna", "bert"), ("bert", "anna")]
METHODS = ("warp", "original")


def noise(name: str, shape: tuple[int, ...] = (4, 16, 16, 3)) -> np.ndarray:
    """Bytes that only this name has."""
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def array(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)


class Tree:
    """A working directory with one study. crops, embeddings: of whom what was made; keys are clips and subjects."""

    def __init__(self, root: Path, subjects: Sequence[str], pairs: Sequence[tuple[str, str]], study: str = "films"):
        self.root, self.subjects, self.pairs, self.study = root, subjects, pairs, study
        self.base = root / "data" / study
        self.clips = [(subject, f"{subject}-{role}", role) for subject in subjects for role in ("train", "test")]
        self.version = root / "results" / study / "1"

    def samples(self, subject: str) -> list[bytes]:
        """Bytes of the crops and the embedding of somebody."""
        crops = [noise(f"crops {clip}").tobytes()[512:544] for who, clip, _ in self.clips if who == subject]
        return [*crops, noise(f"reference {subject}", (1, 128)).tobytes()[16:48]]

    def make(self) -> "Tree":
        """Everything, and a finished version of it."""
        self.sources()
        self.parts()
        self.gathered()
        self.finished()
        self.notes()
        return self

    def sources(self) -> None:
        """What the study is made from; none of it is derived from anybody."""
        home = self.root / self.study
        clips = []
        for subject, clip, role in self.clips:
            write(home / f"footage/{clip}.mp4", noise(f"footage {clip}").tobytes())
            entry = {"id": clip, "subject": subject, "path": f"footage/{clip}.mp4", "sha256": "0" * 64}
            clips.append(entry | {"role": role, "licence": "by consent"})
        write(home / "manifest.yaml", yaml.safe_dump({"clips": clips}))
        write(home / "study.yaml", yaml.safe_dump(self.settings()))

    def settings(self) -> dict[str, Any]:
        pairs = [{"source": source, "driver": driver} for source, driver in self.pairs]
        places = {"manifest": f"{self.study}/manifest.yaml", "consents": f"{self.study}/consents"}
        return {"study": self.study, "version": "1", "pairs": pairs, **places}

    def parts(self) -> None:
        """Clips, facesets, references; trainings, fakes and scores of each pair."""
        for subject, clip, _ in self.clips:
            write(self.base / f"clips/{clip}.mp4", noise(f"clip {clip}").tobytes())
            folder = self.base / "facesets" / clip
            array(folder / "crops.npy", noise(f"crops {clip}"))
            write(folder / "card.json", json.dumps({"version": 1, "size": 16, "counts": {"kept": len(clip)}}))
            write(folder / ".snakemake_timestamp", "")
            self.job("extract", clip)
            array(self.base / f"references/{subject}.npy", noise(f"reference {subject}", (1, 128)))
        for source, driver in self.pairs:
            for method in METHODS:
                self.pair(method, source, driver, f"{driver}-test")

    def pair(self, method: str, source: str, driver: str, clip: str) -> None:
        group = "+".join(sorted((source, driver)))
        if method == "original":
            self.training(f"{method}/seed-1/{group}", sorted({source, driver}))
        fake = self.base / f"fakes/{method}/seed-1/{source}/{clip}.mp4"
        write(fake, noise(f"fake {method} {source} {clip}").tobytes())
        card = {"lineage": {"source": source, "driver": driver, "clip": clip, "inputs": {}}}
        write(fake.with_name(f"{fake.name}.json"), json.dumps(card))
        table = pd.DataFrame(
            {"method": [method], "source": [source], "driver": [driver], "clip": [clip], "value": [0.5]}
        )
        place = self.base / f"scores/{method}/seed-1/{source}/{clip}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(place, index=False)
        self.job(f"convert/{method}/seed-1/{source}", clip)

    def training(self, name: str, subjects: Sequence[str]) -> None:
        folder = self.base / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(len(name))
        network = torch.nn.Linear(8, 8)
        said = {"architecture": {}, "subjects": list(subjects), "consents": [f"{each}-1" for each in subjects]}
        save_weights(folder / "weights.safetensors", network, said)
        write(folder / "card.json", json.dumps({"subjects": list(subjects), "state": "finished", "seed": 1}))
        write(folder / "loss.csv", "step,loss\n1,0.5\n")
        for preview in ("preview.png", "previews/00000001.png", "timelapse.mp4"):
            write(folder / preview, noise(f"{preview} {name}").tobytes())

    def job(self, rule: str, name: str) -> None:
        write(self.base / f"log/{rule}/{name}.log", f"{rule} {name}: 10 in 0:01\n")
        write(self.base / f"cost/{rule}/{name}.tsv", "s\th:m:s\n1.0\t0:00:01\n")

    def gathered(self) -> None:
        """What holds everybody."""
        tables = [pd.read_parquet(path) for path in sorted((self.base / "scores").rglob("*/*/*.parquet"))]
        everything = pd.concat(tables, ignore_index=True)
        everything.to_parquet(self.base / "scores/scores.parquet", index=False)
        everything.to_csv(self.base / "scores/scores.csv", index=False)
        write(self.base / "checked.json", json.dumps({clip: "state" for _, clip, _ in self.clips}))
        pictures = "".join(
            f'<img src="data:image/png;base64,{base64.b64encode(noise(f"crops {clip}").tobytes()).decode()}">'
            for _, clip, _ in self.clips
        )
        write(self.base / "report/report.html", f"<p>{', '.join(self.subjects)}</p>{pictures}")
        write(self.base / "log/report.log", "")

    def finished(self) -> None:
        """A version: copies of what the study made, and its receipt."""
        for path in sorted(self.base.rglob("*")):
            inside = path.relative_to(self.base)
            if path.is_file() and inside.parts[0] in ("fakes", "runs") and path.suffix != ".safetensors":
                write(self.version / inside, path.read_bytes())
        for name in ("scores/scores.parquet", "scores/scores.csv", "report/report.html"):
            write(self.version / Path(name).name, (self.base / name).read_bytes())
        for name in ("workflow/envs/cast.yaml", "workflow/metadata/conda/x.txt"):
            write(self.version / "crate" / name, "name: understudy\n")
        write(self.version / "machine.json", json.dumps({"processor": "none", "cores": 2}))
        write(self.version / "study.yaml", yaml.safe_dump(self.settings()))
        files = [path for path in sorted(self.version.rglob("*")) if path.is_file()]
        hashes = {str(path.relative_to(self.version)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        write(self.version / "hashes.json", json.dumps({"files": hashes}))

    def notes(self) -> None:
        """What Snakemake keeps: a note an output, a log, and what a job that was killed left."""
        for path in sorted(self.base.rglob("*")):
            inside = path.relative_to(self.root)
            if path.is_file() and inside.parts[2] in ("clips", "references", "runs", "fakes"):
                self.note(str(inside), [])
        for subject, clip, _ in self.clips:
            self.note(f"data/{self.study}/facesets/{clip}", [f"data/{self.study}/clips/{clip}.mp4"], subject=subject)
        scores = [str(path.relative_to(self.root)) for path in sorted((self.base / "scores").rglob("*/*/*.parquet"))]
        self.note(f"data/{self.study}/scores/scores.parquet", scores)
        self.note(f"data/{self.study}/report", [f"data/{self.study}/scores/scores.parquet"])
        self.note(f"results/{self.study}/1/hashes.json", [f"data/{self.study}/report"])
        lines = [f"rule extract:\n    wildcards: clip={clip}\n" for _, clip, _ in self.clips]
        write(self.root / ".snakemake/log/2026-11-20T100000.snakemake.log", "".join(lines))
        write(self.root / ".snakemake/log/2026-11-20T110000.snakemake.log", "Nothing to be done.\n")
        pickled = f"snakemake = pickle.loads(b'\\x8c\\x05{self.subjects[0]}\\x94')\n"
        write(self.root / ".snakemake/scripts/tmpabc.extract.py", pickled)

    def note(self, output: str, inputs: Sequence[str], kind: str = "metadata", **params: str) -> None:
        """Snakemake's record of an output: its name in base64, cut where it would grow longer than a name may be."""
        coded = base64.urlsafe_b64encode(output.encode()).decode()
        cut = [coded[at : at + 254] for at in range(0, len(coded), 254)]
        place = self.root / ".snakemake" / kind / Path(*[f"@{part}" for part in cut[:-1]], cut[-1])
        job = {"study": self.study, "consents": f"{self.study}/consents", **params}
        write(place, json.dumps({"input": list(inputs), "log": [], "params": [repr(job)], "conda_env": "czEK"}))

    def everything(self) -> dict[str, bytes]:
        """Every file below the three folders, with its bytes."""
        return dict(_files(self.root))


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    for top in ROOTS:
        for path in sorted((root / top).rglob("*")):
            if path.is_file() or path.is_symlink():
                yield str(path.relative_to(root)), path.read_bytes() if path.is_file() else b""


def remains(root: Path, tokens: Iterable[str], samples: Iterable[bytes] = ()) -> list[Path]:
    """Every path below data/, results/ and .snakemake/ that still holds a token or a sample of bytes.

    Looked through are names (of folders too, and those that Snakemake coded), bytes as they lie, and what they hold:
    members of zips and npz, cells of parquet tables, what is embedded in base64.
    """
    wanted = [token.encode() for token in tokens] + list(samples)
    found: list[Path] = []
    for top in ROOTS:
        for path in sorted((root / top).rglob("*")):
            held = path.read_bytes() if path.is_file() else b""
            named = str(path.relative_to(root)).encode()
            if any(want in piece for want in wanted for piece in (named, _decoded(path), *_pieces(path.suffix, held))):
                found.append(path)
    return found


def _decoded(path: Path) -> bytes:
    coded = "".join(part.removeprefix("@") for part in path.parts[path.parts.index(".snakemake") + 2 :]) if (
        ".snakemake" in path.parts
    ) else ""  # fmt: skip
    try:
        return base64.urlsafe_b64decode(coded)
    except ValueError:
        return b""


def _pieces(suffix: str, held: bytes) -> Iterator[bytes]:
    yield held
    if suffix == ".parquet":
        yield pd.read_parquet(io.BytesIO(held)).to_csv().encode()
    if zipfile.is_zipfile(io.BytesIO(held)):
        with zipfile.ZipFile(io.BytesIO(held)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _pieces(Path(name).suffix, archive.read(name))
    for embedded in re.findall(rb"base64,([A-Za-z0-9+/=]+)", held):
        yield base64.b64decode(embedded)
