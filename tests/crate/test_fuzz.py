"""Whatever is done to a crate: a message, or what was sealed; never a crash, never a damaged one, never a way out."""

import copy
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from understudy import crate
from understudy.crate.paths import flaw, of_id
from understudy.crate.seal import seal
from understudy.errors import CrateError
from understudy.files import sha256, write_json
from understudy.people.keys import own_key

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PARTS = st.sampled_from(
    ["..", ".", "", "a", "b.txt", "~", "C:", "\\", "%2e%2e", "\x00", "é", "É", "con", " x", "x.", "#"]
)
PATHS = st.lists(PARTS, min_size=1, max_size=5).map("/".join) | st.text(max_size=20)
TRIES = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Files(dict[str, bytes]):
    """A crate's files, shown in a failure by their names alone."""

    def __repr__(self) -> str:
        return f"Files({sorted(self)})"


@pytest.fixture(scope="session")
def sealed(written: Path) -> Files:
    found = {path.relative_to(written).as_posix(): path.read_bytes() for path in written.rglob("*") if path.is_file()}
    return Files(found)


@contextmanager
def laid_out(files: dict[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield Path(folder)


def zipped(files: dict[str, bytes], to: Path) -> bytes:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return to.read_bytes()


def nodes(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every node of a JSON value."""
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from nodes(item, (*way, key))


def changed(value: Any, draw: st.DataObject) -> Any:
    """The value with one node replaced, removed or renamed."""
    way = draw.draw(st.sampled_from(list(nodes(value))))
    new = draw.draw(JSON | PATHS)
    if not way:
        return new
    made = copy.deepcopy(value)
    place = made
    for key in way[:-1]:
        place = place[key]
    what = draw.draw(st.sampled_from(["replace", "remove", "rename"]))
    if what == "replace":
        place[way[-1]] = new
    elif what == "remove" or isinstance(place, list):
        del place[way[-1]]
    else:
        place[draw.draw(PATHS)] = place.pop(way[-1])
    return made


def sound(opened: crate.Crate, files: dict[str, bytes]) -> None:
    """Every file that an opened crate names is one that is there, inside, and as it was."""
    assert opened.damage == {}
    assert set(opened.files) == set(files) - {"hashes.json", "seal.json"}
    for name in opened.files:
        assert not Path(name).is_absolute()
        assert os.path.normpath(name) == name
        assert opened.bytes(name) == files[name]


@TRIES
@given(draw=st.data())
def test_a_forged_table_or_graph_is_refused_or_harmless(sealed: Files, draw: st.DataObject) -> None:
    """Changed JSON, hashed and sealed again by a forger: what opens is sound in itself, whatever it says."""
    files = dict(sealed)
    name = draw.draw(st.sampled_from(["hashes.json", "ro-crate-metadata.json"]))
    files[name] = json.dumps(changed(json.loads(files[name]), draw)).encode()
    with laid_out(files) as folder:
        if name != "hashes.json":
            table = json.loads(files["hashes.json"])
            table["files"][name] = sha256(folder / name)
            write_json(folder / "hashes.json", table)
        (folder / "seal.json").write_text(seal(sha256(folder / "hashes.json"), "", "", own_key()).text())
        try:
            opened = crate.open_crate(folder)
        except CrateError:
            return
        sound(opened, files)


@TRIES
@given(draw=st.data())
def test_a_changed_seal_never_holds(sealed: Files, draw: st.DataObject) -> None:
    value = json.loads(sealed["seal.json"])
    other = changed(value, draw)
    assume(other != value)
    with laid_out(sealed | {"seal.json": json.dumps(other).encode()}) as folder, pytest.raises(CrateError):
        crate.open_crate(folder)


@TRIES
@given(draw=st.data())
def test_no_changed_file_passes(sealed: Files, draw: st.DataObject) -> None:
    """Bytes put in, taken out or turned anywhere in any file, blanks too, its name changed, or the file gone."""
    name = draw.draw(st.sampled_from(sorted(sealed)))
    data = sealed[name]
    at = draw.draw(st.integers(0, len(data)))
    other = data[:at] + draw.draw(st.binary(max_size=4)) + data[at + draw.draw(st.integers(0, 4)) :]
    files = dict(sealed)
    what = draw.draw(st.sampled_from(["bytes", "gone", "elsewhere"]))
    if what == "bytes":
        assume(other != data)
        files[name] = other
    else:
        del files[name]
        if what == "elsewhere":
            files[f"{name}.old"] = data
    with laid_out(files) as folder, pytest.raises(CrateError):
        crate.open_crate(folder)


@settings(TRIES, max_examples=200)
@given(draw=st.data())
def test_a_broken_zip_is_refused_or_whole(sealed: Files, draw: st.DataObject) -> None:
    """Any bytes of a zip changed, cut off or doubled; dates and the like may change, contents and names may not."""
    with tempfile.TemporaryDirectory() as folder:
        data = bytearray(zipped(sealed, Path(folder, "crate.zip")))
        # The directory at the end is where a zip's structure is: half of the changes fall there.
        start = draw.draw(st.sampled_from([0, data.index(b"PK\x01\x02")]))
        for _ in range(draw.draw(st.integers(1, 3))):
            at = draw.draw(st.integers(start, len(data) - 1))
            data[at : at + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=3))
        Path(folder, "crate.zip").write_bytes(data[: draw.draw(st.sampled_from([len(data), len(data) // 2]))])
        try:
            opened = crate.open_crate(Path(folder, "crate.zip"))
        except CrateError:
            return
        sound(opened, sealed)


@settings(TRIES, max_examples=300)
@given(path=PATHS)
def test_a_path_that_passes_stays_inside(path: str) -> None:
    if flaw(path) is None:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, path)
            assert Path(os.path.normpath(place)) == place
            assert place.is_relative_to(folder)
            assert place != Path(folder)
            assert "\\" not in path
            assert ":" not in path


@settings(TRIES, max_examples=300)
@given(id=PATHS)
def test_an_id_is_of_the_web_of_the_graph_or_a_path_that_is_checked(id: str) -> None:
    path = of_id(id)
    if path is None:
        assert id in (".", "./") or id.startswith("#") or ":" in id
    elif flaw(path) is None:
        assert ".." not in path.split("/")


@TRIES
@given(name=PATHS)
def test_a_zip_s_entry_of_any_name_is_refused(sealed: Files, name: str) -> None:
    """Nothing may be there that the hashes do not name, and no name may reach out; written as it is, NUL and all."""
    assume(name not in sealed and not (name.endswith("/") and flaw(name[:-1]) is None))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "crate.zip")
        zipped(sealed, place)
        with zipfile.ZipFile(place, "a") as out:
            info = zipfile.ZipInfo("entry")
            info.filename = name
            out.writestr(info, b"x")
        with pytest.raises(CrateError):
            crate.open_crate(place)
        assert sorted(path.name for path in Path(folder).iterdir()) == ["crate.zip"]
