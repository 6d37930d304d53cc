"""Where a value stands in the YAML, and how a mistake there is told."""

import dataclasses
import datetime
import types
import typing
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Union

from understudy.errors import Error

CALLED: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    Fraction: "a number or a ratio such as 30000/1001",
    datetime.date: "a date such as 2026-01-31",
    type(None): "null",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the YAML a value stands (for messages), the class of error to raise about it, how strict to be."""

    path: str
    error: type[Error]
    complete: bool

    def at(self, key: object) -> "Place":
        """The place of `key` below this one; a path that ends in a space is a file's name, not a key."""
        joined = f"{self.path}{key}" if not self.path or self.path.endswith(" ") else f"{self.path}.{key}"
        return dataclasses.replace(self, path=joined)

    def item(self, number: int) -> "Place":
        """The place of the list item `number`, from 0."""
        return dataclasses.replace(self, path=f"{self.path}[{number}]")

    def error_of(self, fact: str, remedy: str) -> Error:
        """The error, for the caller to raise, that says what is wrong here and what to do."""
        return self.error(self.path.rstrip(" :") or "settings", fact, remedy)


def key_of(field: "dataclasses.Field[Any]") -> str:
    """The YAML key of a field."""
    return str(field.metadata.get("key", field.name))


def wrong(kind: Any, value: object, place: Place) -> Error:
    """The error of a wrong type; the usual slip, text that YAML took for something else, gets its own remedy."""
    slip = kind is str and isinstance(value, int | float | datetime.date)
    shown = str(value).lower() if isinstance(value, bool) else value
    remedy = f"Put it into quotes: '{shown}'." if slip else f"Write {needed(kind)}."
    return place.error_of(f"is {found(value)} and must be {needed(kind)}", remedy)


def needed(kind: Any) -> str:
    """What a type is called in a message."""
    origin, members = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(needed(member) for member in members)
    if origin is Literal:
        return "one of " + ", ".join(str(member) for member in members)
    if origin is tuple:
        if members[-1] is Ellipsis:
            return f"a list, each {needed(members[0])}"
        return f"a list of {len(members)}: {', '.join(needed(member) for member in members)}"
    if dataclasses.is_dataclass(kind):
        return "a mapping of " + ", ".join(key_of(field) for field in dataclasses.fields(kind))
    return "a mapping" if origin in (dict, Mapping) else CALLED.get(kind, "a value")


def found(value: object) -> str:
    """What a value is called in a message."""
    if value is None:
        return "empty (null)"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, datetime.date):
        return f"the date {value}"
    if isinstance(value, str):
        return f"the text '{value}'"
    return "a mapping" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else repr(value)
