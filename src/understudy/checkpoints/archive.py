"""TorchScript archives, read as data.

`torch.jit.load` compiles the program that an archive carries (it runs no Python, but TorchScript that a module's
`__setstate__` holds does run). The tensors need none of that: they stand in the zip as they are, and data.pkl says
which is which. It is read here by an unpickler that knows a handful of names, and makes of every module a bare record.

Format: torch/csrc/jit/serialization (export_module.cpp, pickler.cpp).
"""

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_HEADER = struct.Struct("<26xHH")  # of a zip's local file header: the lengths of the name and of the extra field
_MODULES = 100_000
_DTYPES: Mapping[str, torch.dtype] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class _Record:
    """A module of the archive: its attributes, no code."""


def is_script(archive: zipfile.ZipFile) -> bool:
    """Whether a zip is a TorchScript archive: it alone has constants beside its data."""
    return any(name.split("/")[1:] == ["constants.pkl"] for name in archive.namelist())


def read_script(path: Path) -> dict[str, Tensor]:
    """The named parameters and buffers of the module in a TorchScript archive, as its state_dict has them.

    The tensors are mapped from the file, not copied. Raises pickle.UnpicklingError for names that no archive needs, and
    whatever a damaged archive leads to.
    """
    with zipfile.ZipFile(path) as archive:
        folder = next(n.split("/")[0] for n in archive.namelist() if n.split("/")[1:] == ["data.pkl"])
        if archive.NameToInfo.get(f"{folder}/byteorder") and archive.read(f"{folder}/byteorder") != b"little":
            raise pickle.UnpicklingError("its numbers are big-endian")
        storages = _Storages(path, archive, folder)
        with archive.open(f"{folder}/data.pkl") as file:
            root = _Reader(file, storages.storage).load()
    return dict(_walk(root))


class _Storages:
    """The storages of an archive, each a stretch of the mapped file."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, folder: str) -> None:
        self._path, self._archive, self._folder = path, archive, folder
        self._size = path.stat().st_size
        self._mapped = torch.UntypedStorage.from_file(str(path), False, self._size)

    def storage(self, persistent: Any) -> tuple[torch.UntypedStorage, torch.dtype]:
        """Of a persistent id ("storage", type, key, place, count)."""
        kind, dtype, key, _, count = persistent
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError(f"it refers to a {kind}, not to a storage")
        info = self._archive.getinfo(f"{self._folder}/data/{key}")
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            start = info.header_offset + _HEADER.size + sum(_HEADER.unpack(file.read(_HEADER.size)))
        length = int(count) * dtype.itemsize
        # torch aligns what it maps, and compresses no storage.
        if info.compress_type != zipfile.ZIP_STORED or info.file_size < length or start + length > self._size:
            raise pickle.UnpicklingError(f"storage {key} is not where the archive says")
        return self._mapped[start : start + length], dtype


class _Reader(pickle.Unpickler):
    """An unpickler whose every name is made here: nothing is imported, and what it makes dies with it."""

    def __init__(self, file: Any, storage: Callable[[Any], tuple[torch.UntypedStorage, torch.dtype]]) -> None:
        super().__init__(file)
        self._storage = storage

    def persistent_load(self, pid: Any) -> Any:
        return self._storage(pid)

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "__torch__":
            return type("_Record", (_Record,), {})
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda stored, offset, size, stride, *_: _tensor(stored, offset, size, stride)
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and (name.startswith("build_") or name == "restore_type_tag"):
            return lambda value, *_: value  # lists and dicts, with the type of what is in them
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name} was not an allowed global by default")


def _tensor(
    stored: tuple[torch.UntypedStorage, torch.dtype], offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> Tensor:
    storage, dtype = stored
    # set_ checks that the size lies within the storage.
    return torch.empty(0, dtype=dtype).set_(storage, offset, size, stride)


def _walk(root: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a module and of those in it, under their dotted names."""
    if not isinstance(root, _Record):
        raise pickle.UnpicklingError("it holds no module")
    waiting, met = [("", root)], 0
    while waiting:
        above, record = waiting.pop()
        met += 1
        if met > _MODULES:  # modules that hold each other
            raise pickle.UnpicklingError("its modules have no end")
        for key, value in vars(record).items():
            if isinstance(value, Tensor):
                yield f"{above}{key}", value
            elif isinstance(value, _Record):
                waiting.append((f"{above}{key}.", value))
