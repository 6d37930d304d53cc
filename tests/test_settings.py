"""Settings: build and plain are inverses, and every mistake is named by its key's full path."""

import dataclasses
import datetime
import typing
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import pytest

from understudy.errors import ConfigError, ManifestError
from understudy.settings import build, plain, read_yaml


@dataclasses.dataclass(frozen=True, kw_only=True)
class Square:
    kind: Literal["square"]
    side: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Circle:
    kind: Literal["circle"]
    radius: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Whole:
    on: bool
    count: int
    rate: float
    name: str
    path: Path
    fps: Fraction
    until: datetime.date
    shape: Square | Circle
    corner: tuple[int, int]
    names: tuple[str, ...]
    each: dict[str, Square]
    who: Literal["anyone", "same-person"] | tuple[str, ...]
    mode: Literal["half", "full"]
    height: int | None
    start: datetime.date = dataclasses.field(metadata={"key": "from"})

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count is below 0")


GOOD: dict[str, Any] = {
    "on": True,
    "count": 3,
    "rate": 0.5,
    "name": "Ä b",
    "path": "a folder/ü.mp4",
    "fps": "30000/1001",
    "until": "2026-01-31",
    "shape": {"kind": "circle", "radius": 2.0},
    "corner": [1, 2],
    "names": ["a", "b"],
    "each": {"x": {"kind": "square", "side": 1.0}},
    "who": ["s1"],
    "mode": "full",
    "height": None,
    "from": "2025-01-31",
}


def test_plain_is_the_inverse_of_build() -> None:
    made = build(Whole, GOOD)
    assert plain(made) == GOOD
    assert build(Whole, plain(made)) == made
    assert made.shape == Circle(kind="circle", radius=2.0)
    assert list(plain(made)) == [*list(GOOD)]


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("rate", 1, 1.0),
        ("rate", "1e-3", 1e-3),
        ("fps", 25, Fraction(25)),
        ("fps", 29.97, Fraction(2997, 100)),
        ("until", datetime.date(2026, 2, 1), datetime.date(2026, 2, 1)),
        ("who", "same-person", "same-person"),
        ("height", 720, 720),
        ("names", [], ()),
    ],
)
def test_values_that_mean_the_same_are_taken(key: str, given: object, value: object) -> None:
    made = build(Whole, GOOD | {key: given})
    assert getattr(made, key) == value
    assert type(getattr(made, key)) is type(value)
    assert build(Whole, plain(made)) == made


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conut": 3}, ["m.conut", "unknown key", "'count'"]),
        ({"shape": {"kind": "circle", "radios": 1}}, ["m.shape.radios", "unknown key", "'radius'"]),
        ({"shape": {"kind": "circel", "radius": 1}}, ["m.shape.kind", "circel", "'circle'"]),
        ({"shape": {"radius": 1}}, ["m.shape.kind", "missing", "square, circle"]),
        ({"mode": "hafl"}, ["m.mode", "hafl", "'half'"]),
        ({"count": True}, ["m.count", "truth value true", "a whole number"]),
        ({"count": 1.5}, ["m.count", "number 1.5", "a whole number"]),
        ({"count": -1}, ["m", "count is below 0"]),
        ({"on": 1}, ["m.on", "number 1", "true or false"]),
        ({"on": "yes"}, ["m.on", "text 'yes'", "true or false"]),
        ({"rate": "fast"}, ["m.rate", "text 'fast'", "a number"]),
        ({"rate": float("nan")}, ["m.rate", "nan", "a number"]),
        ({"name": 1.0}, ["m.name", "number 1.0", "quotes: '1.0'"]),
        ({"name": None}, ["m.name", "empty", "text"]),
        ({"fps": "1/0"}, ["m.fps", "1/0", "ratio"]),
        ({"until": "31.1.2026"}, ["m.until", "31.1.2026", "a date such as"]),
        ({"until": datetime.datetime(2026, 1, 31, 12)}, ["m.until", "a date such as"]),
        ({"corner": [1]}, ["m.corner", "a list of 2"]),
        ({"corner": [1, "x"]}, ["m.corner[1]", "text 'x'", "a whole number"]),
        ({"names": "a"}, ["m.names", "text 'a'", "a list"]),
        ({"each": {"x": {"kind": "square", "side": "y"}}}, ["m.each.x.side", "text 'y'"]),
        ({"each": {True: {"kind": "square", "side": 1}}}, ["m.each.True", "truth value true", "quotes"]),
        ({False: 1}, ["m.False", "unknown key"]),
        ({"who": "nobody"}, ["m.who", "nobody"]),
        ({"height": "tall"}, ["m.height", "tall", "a whole number"]),
    ],
)
def test_a_mistake_is_named_by_its_path(change: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Whole, GOOD | change, "m")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("key", list(GOOD))
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(ManifestError, match=rf"^file\.yaml: {key}: missing"):
        build(Whole, {name: value for name, value in GOOD.items() if name != key}, "file.yaml: ", error=ManifestError)


def test_every_kind_of_the_fields_is_exercised() -> None:
    assert set(GOOD) == {("from" if name == "start" else name) for name in typing.get_type_hints(Whole)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", ["line 3", "'a' stands twice"]),
        ("x:\n  a: 1\n  a: 2\n", ["line 3", "'a' stands twice"]),
        ("a: [1\nb: 2\n", ["line 2", "not valid YAML"]),
        ("- a\n", ["a list", "mapping"]),
        ("", ["empty", "mapping"]),
        ("a: 2026-02-31\n", ["not valid YAML", "day"]),
        ("a: \x07\n", ["not valid YAML"]),
        ("a: !!python/object:os.system x\n", ["not valid YAML"]),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "ein Ordner ü.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_file_that_is_absent_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_yaml(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="cannot be read as text"):
        read_yaml(tmp_path / "bytes.yaml", error=ManifestError)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)


def test_a_key_may_stand_again_in_another_mapping(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("base: &b {k: 1, j: 2}\nx: {<<: *b, k: 3}\n", encoding="utf-8")
    assert read_yaml(tmp_path / "a.yaml")["x"] == {"k": 3, "j": 2}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inner:
    depth: int = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Defaults:
    inner: Inner = dataclasses.field(default_factory=Inner)
    width: int = 2
    note: str = dataclasses.field(default="", metadata={"optional": True})


def test_a_complete_record_writes_its_defaults_too() -> None:
    assert build(Defaults, {}) == Defaults()
    assert build(Defaults, plain(Defaults()), complete=True) == Defaults()
    assert build(Defaults, {"inner": {"depth": 1}, "width": 2}, complete=True) == Defaults()
    for values, key in (({"width": 2}, "inner"), ({"inner": {}, "width": 2}, "inner.depth")):
        with pytest.raises(ConfigError, match=f"^m.{key}: missing"):
            build(Defaults, values, "m", complete=True)
