"""Reading a crate that anybody may have made or changed: it is believed as far as its hashes and its seal reach."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow

from understudy.crate.contents import HASHES, METADATA, SEAL
from understudy.crate.paths import flaw, of_id, require_distinct, require_safe
from understudy.crate.seal import Seal, read_seal
from understudy.crate.store import FAILURES, Store, open_store
from understudy.errors import CrateError
from understudy.files import whole

_REMEDY = "Do not trust this crate: ask whoever made it for a sound one."
MOST_TEXT = 256 * 2**20  # bytes: what is read into memory at once
_HEX = frozenset("0123456789abcdef")
_CHUNK = 2**20


@dataclass(frozen=True, kw_only=True)
class Crate:
    """A crate whose paths are safe.

    place: its folder or zip. files: path -> sha256, as hashes.json says. inputs: clip id -> sha256. outputs: path ->
    sha256 of what the study made, also where it is not in the crate. damage: path -> what is wrong with it; empty
    unless it was opened with damaged=True.
    """

    place: Path
    files: Mapping[str, str]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    seal: Seal
    damage: Mapping[str, str]
    _store: Store = field(repr=False, compare=False)

    def bytes(self, path: str) -> bytes:
        """A file's bytes. Raises CrateError when it is not in the crate, or not as it was sealed."""
        data = _read(self._store, self._require(path))
        if hashlib.sha256(data).hexdigest() != self.files[path]:
            raise self._changed(path)
        return data

    def text(self, path: str) -> str:
        """A file's text, UTF-8. Raises CrateError."""
        return _decoded(self.bytes(path), self.place, path)

    def json(self, path: str) -> Any:
        """The value in a JSON file. Raises CrateError."""
        return _parsed(self.text(path), self.place, path)

    def table(self, path: str) -> pd.DataFrame:
        """The table in a .parquet or .csv file. Raises CrateError."""
        data = io.BytesIO(self.bytes(path))
        try:
            if path.endswith(".csv"):
                return pd.read_csv(data, keep_default_na=False, na_values=[""])
            return pd.read_parquet(data)
        # NotImplementedError: of pyarrow, for an encoding that it does not know.
        except (pyarrow.ArrowException, ValueError, OSError, KeyError, OverflowError, NotImplementedError) as error:
            raise CrateError(f"{self.place}: {path}", f"cannot be read as a table ({error})", _REMEDY) from error

    def copy(self, path: str, to: Path) -> Path:
        """Writes a file of the crate to `to`, whole, by stream. Raises CrateError when it is not as it was sealed."""
        self._require(path)
        total = hashlib.sha256()
        with whole(to) as part:
            with part.open("wb") as out:
                for chunk in _chunks(self._store, path):
                    total.update(chunk)
                    out.write(chunk)
            if total.hexdigest() != self.files[path]:
                raise self._changed(path)
        return to

    def unpack(self, folder: Path) -> Path:
        """Writes all that is sound below `folder`, hashes and seal too; `folder`."""
        for path in self.files:
            if path not in self.damage:
                self.copy(path, folder / path)
        for path in (HASHES, SEAL):
            data = _read(self._store, path)
            with whole(folder / path) as part:
                part.write_bytes(data)
        return folder

    def _require(self, path: str) -> str:
        if path not in self.files or path not in self._store.sizes():
            raise CrateError(f"{self.place}: {path}", "is not in the crate", _REMEDY)
        return path

    def _changed(self, path: str) -> CrateError:
        return CrateError(f"{self.place}: {path}", "was changed after the crate was sealed", _REMEDY)


def open_crate(place: Path, *, damaged: bool = False) -> Crate:
    """The crate in a folder or a .zip, every path, hash and the seal checked. Raises CrateError for anything unsound.

    damaged: whether to open one whose files are missing, changed, too many or badly sealed, and tell in `damage`; paths
    that reach out of the crate, links, bombs and unreadable tables of hashes are refused all the same.
    """
    place = Path(place)
    store = open_store(place / "crate" if (place / "crate" / METADATA).is_file() else place)
    data = _read(store, HASHES)
    table = _hashes(_parsed(_decoded(data, store.place, HASHES), store.place, HASHES), store.place)
    damage = dict(_damage(store, table["files"]))
    found = _seal(store, hashlib.sha256(data).hexdigest(), damage)
    _check_graph(store, table["files"], damage)
    if damage and not damaged:
        path, fact = next(iter(damage.items()))
        more = f" ({len(damage) - 1} more files are damaged)" if len(damage) > 1 else ""
        raise CrateError(f"{store.place}: {path}", f"{fact}{more}", _REMEDY)
    return Crate(place=store.place, **table, seal=found, damage=damage, _store=store)


def _hashes(value: Any, place: Path) -> dict[str, dict[str, str]]:
    """The three tables of hashes.json, their form checked."""
    thing = f"{place}: {HASHES}"
    if not isinstance(value, dict) or set(value) != {"files", "inputs", "outputs"}:
        raise CrateError(thing, "holds other tables than files, inputs and outputs", _REMEDY)
    for name, table in value.items():
        if not isinstance(table, dict):
            raise CrateError(thing, f"'{name}' is no table", _REMEDY)
        for key, digest in table.items():
            require_safe(key, thing)
            if not isinstance(digest, str) or len(digest) != 64 or not set(digest) <= _HEX:
                raise CrateError(thing, f"'{ascii(key)[1:-1]}' has no sha256", _REMEDY)
    require_distinct(value["files"], thing)
    if METADATA not in value["files"] or {HASHES, SEAL} & set(value["files"]):
        raise CrateError(thing, f"does not name {METADATA}, or names itself or the seal", _REMEDY)
    return value


def _damage(store: Store, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every file that is missing, too many, or not as hashes.json says."""
    there = store.sizes()
    for path, digest in files.items():
        if path not in there:
            yield path, "is missing, and hashes.json names it"
            continue
        total = hashlib.sha256()
        try:
            for chunk in _chunks(store, path):
                total.update(chunk)
        except CrateError as error:
            yield path, error.fact
            continue
        if total.hexdigest() != digest:
            yield path, "was changed after the crate was sealed: its sha256 is not the one in hashes.json"
    for path in sorted(set(there) - set(files) - {HASHES, SEAL}):
        yield path, "is not named in hashes.json"


def _seal(store: Store, hashes: str, damage: dict[str, str]) -> Seal:
    """The seal; what is wrong with it goes to the damage."""
    try:
        found = read_seal(_decoded(_read(store, SEAL), store.place, SEAL))
    except (CrateError, ValueError) as error:
        damage[SEAL] = error.fact if isinstance(error, CrateError) else str(error)
        return Seal(hashes="", head="", time="", public="", key="", signature="")
    if fact := found.flaw(hashes):
        damage[SEAL] = fact
    return found


def _check_graph(store: Store, files: Mapping[str, str], damage: dict[str, str]) -> None:
    """Every @id is of the web, of the graph, or a file or folder in the crate; else the graph is damaged.

    One that reaches out of the crate is refused outright.
    """
    if METADATA in damage:
        return
    thing = f"{store.place}: {METADATA}"
    value = _parsed(_decoded(_read(store, METADATA), store.place, METADATA), store.place, METADATA)
    if not isinstance(value, dict) or not isinstance(value.get("@graph"), list):
        damage[METADATA] = "holds no graph"
        return
    known = {*files, HASHES, SEAL}
    folders = {path[:at] for path in known for at, sign in enumerate(path) if sign == "/"}
    for id in _ids(value["@graph"]):
        if not isinstance(id, str):
            damage[METADATA] = "has an @id that is no text"
        elif (path := of_id(id)) is not None:
            if (fact := flaw(path)) is not None:
                raise CrateError(thing, f"the @id {ascii(id)[:120]} {fact}", _REMEDY)
            if path not in known and path not in folders:
                damage[METADATA] = f"names '{path}', which is not in the crate"


def _ids(value: Any) -> Iterator[Any]:
    """Every @id in a JSON value, however deep; nesting is not by recursion, so that none is too deep."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "@id" in item:
                yield item["@id"]
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _chunks(store: Store, path: str) -> Iterator[bytes]:
    try:
        with store.open(path) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except FAILURES as error:
        raise CrateError(f"{store.place}: {path}", f"cannot be read ({error})", _REMEDY) from error


def _read(store: Store, path: str) -> bytes:
    """A file's bytes, whatever they are."""
    size = store.sizes().get(path)
    if size is None:
        raise CrateError(f"{store.place}: {path}", "is missing", _REMEDY)
    if size > MOST_TEXT:
        raise CrateError(f"{store.place}: {path}", f"is too large to be read ({size} bytes)", _REMEDY)
    return b"".join(_chunks(store, path))


def _decoded(data: bytes, place: Path, path: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CrateError(f"{place}: {path}", "is not UTF-8 text", _REMEDY) from error


def _parsed(text: str, place: Path, path: str) -> Any:
    """The JSON value, no key of it doubled."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a key stands twice")
        return made

    try:
        return json.loads(text, object_pairs_hook=distinct)
    except (ValueError, RecursionError) as error:
        raise CrateError(f"{place}: {path}", f"is no sound JSON ({error})", _REMEDY) from error
