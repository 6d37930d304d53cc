"""Plain values to settings and back."""

import dataclasses
import datetime
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from understudy.errors import ConfigError, Error, nearest
from understudy.settings.place import CALLED, Place, found, key_of, needed, wrong

T = TypeVar("T")

# YAML 1.1 takes 1e-3 for text because it has no point; people mean the number.
_SCIENTIFIC = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


def build(
    cls: type[T], mapping: object, where: str = "", *, error: type[Error] = ConfigError, complete: bool = False
) -> T:
    """A `cls` from the plain values of `mapping`, nested settings included.

    where: the path of `mapping` itself, such as "methods.original", or "file.yaml: " (with the space) for a file's top.
    complete: fields with a default must be written too, all but those with `field(metadata={"optional": True})`.
    Raises `error` for an unknown or missing key, a wrong type, or a value that is not among those allowed.
    """
    value: T = _value(cls, mapping, Place(path=where, error=error, complete=complete))
    return value


def plain(value: Any) -> Any:
    """The inverse of build: dicts, lists, text, numbers, booleans and None only, keys in the order of the fields."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {key_of(field): plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def _value(kind: Any, value: object, place: Place) -> Any:
    """`value` as the type `kind`, whatever sort of type that is."""
    origin = typing.get_origin(kind)
    if kind is Any or kind is object:
        return value
    if origin in (Union, types.UnionType):
        return _union(kind, value, place)
    if origin is Literal:
        return _literal(kind, value, place)
    if origin is tuple:
        return _tuple(kind, value, place)
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise wrong(kind, value, place)
        return _mapping(typing.get_args(kind)[1], value, place)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, place)
    return _scalar(kind, value, place)


def _mapping(kind: Any, value: Mapping[Any, Any], place: Place) -> dict[str, Any]:
    """A mapping whose keys are text and whose values are all of one type."""
    for key in value:
        if not isinstance(key, str):
            raise place.at(key).error_of(f"this key is {found(key)} and must be text", "Put it into quotes.")
    return {key: _value(kind, item, place.at(key)) for key, item in value.items()}


def _dataclass(cls: Any, value: object, place: Place) -> Any:
    """A settings class from a mapping with its keys, no more and no fewer."""
    if not isinstance(value, Mapping):
        raise wrong(cls, value, place)
    fields = {key_of(field): field for field in dataclasses.fields(cls) if field.init}
    for key in value:
        if key not in fields:
            raise place.at(key).error_of("unknown key", nearest(str(key), fields))
    hints = typing.get_type_hints(cls)
    given: dict[str, Any] = {}
    for key, field in fields.items():
        if key in value:
            given[field.name] = _value(hints[field.name], value[key], place.at(key))
        elif _required(field, place.complete):
            raise place.at(key).error_of("missing", f"Write '{key}' with {needed(hints[field.name])}.")
    try:
        return cls(**given)
    except ValueError as error:  # a settings class may hold its ranges in __post_init__
        raise place.error_of(str(error), "Correct it.") from error


def _required(field: "dataclasses.Field[Any]", complete: bool) -> bool:
    """Whether a key must be written."""
    bare = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    return bare or (complete and not field.metadata.get("optional", False))


def _union(kind: Any, value: object, place: Place) -> Any:
    """The member of a union that has the shape of `value`; among settings classes, the one whose `kind` it names."""
    members = typing.get_args(kind)
    if value is None and type(None) in members:
        return None
    fitting = [member for member in members if member is not type(None) and _fits(member, value)]
    tagged = [member for member in fitting if dataclasses.is_dataclass(member)]
    if len(tagged) > 1 and isinstance(value, Mapping):
        return _value(_tagged(tagged, value, place), value, place)
    if len(fitting) == 1:
        return _value(fitting[0], value, place)
    for member in fitting:
        try:
            return _value(member, value, dataclasses.replace(place, error=ConfigError))
        except ConfigError:
            continue
    raise wrong(kind, value, place)


def _tagged(classes: list[Any], value: Mapping[Any, Any], place: Place) -> Any:
    """The settings class whose field `kind` is the Literal that `value` names."""
    kinds = {typing.get_args(typing.get_type_hints(cls)["kind"])[0]: cls for cls in classes}
    if "kind" not in value:
        raise place.at("kind").error_of("missing", f"Write one of: {', '.join(kinds)}.")
    if value["kind"] not in kinds:
        raise place.at("kind").error_of(
            f"{found(value['kind'])} is not one of its values", nearest(str(value["kind"]), kinds)
        )
    return kinds[value["kind"]]


def _fits(kind: Any, value: object) -> bool:
    """Whether `value` has the outer shape (mapping, list, neither) that `kind` needs."""
    mapping = dataclasses.is_dataclass(kind) or typing.get_origin(kind) in (dict, Mapping)
    if isinstance(value, Mapping):
        return mapping
    return isinstance(value, list | tuple) == (typing.get_origin(kind) is tuple) and not mapping


def _literal(kind: Any, value: object, place: Place) -> Any:
    """One of the values of a Literal, of the same type too (True is not 1)."""
    for allowed in typing.get_args(kind):
        if type(value) is type(allowed) and value == allowed:
            return allowed
    names = [str(allowed) for allowed in typing.get_args(kind)]
    remedy = f"Put it into quotes: '{value}'." if str(value) in typing.get_args(kind) else nearest(str(value), names)
    raise place.error_of(f"{found(value)} is not one of its values", remedy)


def _tuple(kind: Any, value: object, place: Place) -> tuple[Any, ...]:
    """tuple[X, ...] of any length, or tuple[X, Y] of exactly those."""
    if not isinstance(value, list | tuple):
        raise wrong(kind, value, place)
    members = typing.get_args(kind)
    if len(members) == 2 and members[1] is Ellipsis:
        members = members[:1] * len(value)
    if len(members) != len(value):
        raise wrong(kind, value, place)
    pairs = zip(members, value, strict=True)
    return tuple(_value(member, item, place.item(number)) for number, (member, item) in enumerate(pairs))


def _scalar(kind: Any, value: object, place: Place) -> Any:
    """A value without parts. A whole number will do where a number is needed; true never passes for 1."""
    if kind not in CALLED:
        raise TypeError(f"{place.path}: settings cannot hold {kind!r}")
    made = _READERS[kind](value)
    if made is None:
        raise wrong(kind, value, place)
    return made


def _number(value: object) -> float | None:
    if isinstance(value, str) and _SCIENTIFIC.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _fraction(value: object) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        return None
    try:
        return Fraction(str(value).replace(" ", ""))  # by way of text: 29.97 means 2997/100, not its binary neighbour
    except (ValueError, ZeroDivisionError):
        return None


def _date(value: object) -> datetime.date | None:
    if isinstance(value, datetime.date):
        return None if isinstance(value, datetime.datetime) else value
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_READERS: dict[Any, Callable[[object], Any]] = {
    bool: lambda value: value if isinstance(value, bool) else None,
    int: lambda value: value if isinstance(value, int) and not isinstance(value, bool) else None,
    float: _number,
    str: lambda value: value if isinstance(value, str) else None,
    Path: lambda value: Path(value) if isinstance(value, str | Path) and str(value) else None,
    Fraction: _fraction,
    datetime.date: _date,
}
