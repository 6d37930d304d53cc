"""Every format is read to the bit; nothing that a file asks for is run; what is refused is refused by name."""

import argparse
import contextlib
import gzip
import hashlib
import io
import os
import pickle
import random
import tarfile
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest
import torch

from understudy.checkpoints import Weights, looks_like, read, stripped, tensors_of
from understudy.errors import CheckpointError

from .conftest import FORMS, Tiny, saved, scripted, trained


def refused(weights: Weights) -> str:
    with pytest.raises(CheckpointError) as caught:
        read(weights)
    return str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_very_state(form, tiny, place):
    found = stripped(read(place(FORMS[form](tiny))))
    assert found.keys() == tiny.state_dict().keys()
    for name, tensor in tiny.state_dict().items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def loaded(path: Path) -> dict[str, torch.Tensor]:
    """The state of a script as torch loads it, which compiles what is in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(torch.jit.load(path).state_dict())


@pytest.mark.parametrize("trace", [False, True])
def test_a_script_is_read_as_torch_itself_loads_it(trace, tiny, place):
    weights = place(scripted(tiny, trace=trace))
    theirs = loaded(weights.path)
    ours = read(weights)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_script_may_hold_lists_views_and_one_module_twice(place):
    class Odd(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(3, 3)
            self.again = self.first
            self.sizes = [1, 2, 3]
            self.names = {"a": 1.5}
            self.register_buffer("view", torch.arange(12.0).reshape(3, 4)[:, 1:3].t())
            self.small = torch.nn.Parameter(torch.ones(2, dtype=torch.float16))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.first(x) + self.sizes[0] + self.names["a"] + self.view.sum() + self.small.sum()

    weights = place(scripted(Odd()))
    theirs = loaded(weights.path)
    ours = read(weights)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[n], theirs[n]) and ours[n].dtype == theirs[n].dtype for n in theirs)


@pytest.mark.parametrize("new", [True, False])
def test_a_trainers_checkpoint_keeps_what_is_beside_the_weights(new, tiny, place):
    found = read(place(saved(trained(tiny), _use_new_zipfile_serialization=new)))
    assert found["args"] == argparse.Namespace(size=256, lr=0.002, name="vox")
    assert found["iter"] == 7
    state = tensors_of("f", found, "nothing", "gen")
    assert all(torch.equal(state[name], tensor) for name, tensor in tiny.state_dict().items())


def test_nothing_stays_allowed_that_was_not(tiny, place):
    before = set(torch.serialization.get_safe_globals())
    read(place(saved(trained(tiny))))
    assert set(torch.serialization.get_safe_globals()) == before
    with torch.serialization.safe_globals([argparse.Namespace]):
        read(place(saved(trained(tiny))))
        assert argparse.Namespace in torch.serialization.get_safe_globals()


def test_tensors_of_an_archive_are_mapped_and_not_copied(place):
    weights = place(saved({"gen": {"a": torch.ones(2_000_000)}, "optimizer": {"a": torch.ones(6_000_000)}}))
    before = _resident()
    found = read(weights)
    assert float(found["gen"]["a"][:1000].sum()) == 1000
    assert _resident() - before < 8_000_000  # of 32 MB


def _resident() -> int:
    """Bytes of memory of this process that no file stands behind."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


class _Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("form", ["archive", "legacy", "bare", "script"])
def test_a_pickle_that_would_run_a_command_does_not(form, protocol, tiny, tmp_path, place):
    evil = {**tiny.state_dict(), "z": _Evil(tmp_path / "ran")}
    if form == "bare":
        content = pickle.dumps(evil["z"], protocol=protocol)
    elif form == "script":
        content = _replaced(scripted(tiny), pickle.dumps(evil["z"], protocol=protocol))
    else:
        content = saved(evil, pickle_protocol=protocol, _use_new_zipfile_serialization=form == "archive")
    told = refused(place(content))
    assert "'posix.system'" in told
    assert "none was run" in told
    assert not (tmp_path / "ran").exists()


def _replaced(archive: bytes, data: bytes) -> bytes:
    """An archive with another data.pkl."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            new.writestr(name, data if name.split("/")[1:] == ["data.pkl"] else old.read(name))
    return held.getvalue()


@pytest.mark.parametrize("call", [eval, exec, getattr, torch.load, torch.hub.load, pickle.loads])
def test_other_calls_are_refused_too(call, tiny, place):
    class Calls:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return call, ("1", "2")

    for new in (True, False):
        assert "none was run" in refused(place(saved({"a": Calls()}, _use_new_zipfile_serialization=new)))


def test_another_file_is_told_by_both_hashes(tiny, place):
    weights = place(saved(tiny.state_dict()), sha256="0" * 64)
    told = refused(weights)
    assert hashlib.sha256(weights.path.read_bytes()).hexdigest() in told
    assert "0" * 64 in told


def test_the_hash_is_checked_before_anything_is_read(tmp_path, place):
    told = refused(place(pickle.dumps(_Evil(tmp_path / "ran")), sha256="0" * 64))
    assert "sha256" in told
    assert "system" not in told


PAGE = b"\n<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head></html>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PAGE, "a web page"),
        (b"<html><body>Not Found</body></html>", "a web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "an error message of a server"),
        (b'{"error": "rate limit"}', "a JSON text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"", "empty"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (bytes(range(7, 250)), "no known format"),
    ],
)
def test_what_is_no_checkpoint_is_called_what_it_is(content, words, place):
    assert words in refused(place(content))
    # Beside a hash that does not fit: the likely reason for it.
    assert words in refused(place(content, sha256="0" * 64))


def test_an_archive_around_a_checkpoint_is_to_be_unpacked(tiny, place):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("vox.pt", saved(tiny.state_dict()))
    told = refused(place(held.getvalue()))
    assert "vox.pt" in told
    assert "Unpack" in told
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        info = tarfile.TarInfo("vox.pt")
        tar.addfile(info, io.BytesIO(b""))
    told = refused(place(held.getvalue()))
    assert "a tar archive" in told
    assert "Unpack" in told


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("keep", [0.02, 0.3, 0.7, 0.98])
def test_a_file_that_is_cut_off_is_refused(form, keep, tiny, place):
    content = FORMS[form](tiny)
    told = refused(place(content[: int(len(content) * keep)]))
    assert "cut off" in told or "no known format" in told


def test_a_download_that_stopped_is_told_by_its_size(tiny, place):
    told = refused(place(saved(tiny.state_dict()), name="vox", sha256="0" * 64))
    assert "829,608,996 bytes" in told


@pytest.mark.parametrize("form", FORMS)
def test_damage_leads_to_a_mapping_or_to_a_checkpoint_error(form, tiny, place):
    content, rolls = FORMS[form](tiny), random.Random(5)
    for number in range(60):
        damaged = bytearray(content)
        for _ in range(1 + number % 8):
            damaged[rolls.randrange(len(damaged))] = rolls.randrange(256)
        with contextlib.suppress(CheckpointError):
            assert read(place(bytes(damaged)))


def test_compressed_entries_are_not_unpacked(tiny, place):
    held = io.BytesIO()
    stored = io.BytesIO(saved({"a": torch.zeros(5_000_000)}))
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new, zipfile.ZipFile(stored) as old:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    weights = place(held.getvalue())
    tracemalloc.start()
    assert "compressed" in refused(weights)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_what_is_not_there_is_told_with_where_to_find_it(tmp_path):
    told = refused(Weights(name="vox", path=tmp_path / "vox.pt", sha256="0" * 64))
    assert "no such file" in told
    assert "github.com/wyhsirius/LIA" in told
    assert "a folder" in refused(Weights(name="mine", path=tmp_path, sha256="0" * 64))


@pytest.mark.parametrize("content", [[torch.ones(2)], torch.ones(2), {}, 7])
def test_what_is_not_named_is_refused(content, place):
    assert "not tensors by name" in refused(place(saved(content)))


def test_a_missing_part_names_what_is_there_and_what_it_looks_like(place):
    expert = {"state_dict": {"module.face_encoder.0.conv_block.0.weight": torch.ones(2)}, "global_step": 3}
    found = read(place(saved(expert)))
    assert looks_like(found) == "Wav2Lip's lip-sync expert (SyncNet)"
    with pytest.raises(CheckpointError, match=r"no tensors under 'gen'.*'global_step', 'state_dict'.*lip-sync expert"):
        tensors_of("f", found, "gen")


def test_parallel_names_lose_their_prefix_only_when_all_have_it():
    assert stripped({"module.module.a": 1, "module.module.b": 2}) == {"a": 1, "b": 2}
    assert stripped({"module.a": 1, "b": 2}) == {"module.a": 1, "b": 2}
    assert stripped({}) == {}


def test_known_networks_are_told_apart_by_names_alone(shared):
    import json

    kinds = {}
    for file in ("lia", "fomm", "wav2lip", "syncnet"):
        text = (shared / "golden" / f"{file}.json").read_text(encoding="utf-8")
        for part, rows in json.loads(text)["state_dict"].items():
            kinds[file, part] = looks_like({row[0]: torch.empty(0) for row in rows})
    assert all(kinds.values())
    assert len(set(kinds.values())) == len(kinds)
    assert "LIA" in kinds["lia", "gen"]
    assert "key-point" in kinds["fomm", "kp_detector"]
    assert looks_like(Tiny().state_dict()) is None
