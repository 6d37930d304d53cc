"""The command `preset`: whole settings of a method by a name that its users know, ready to be put into a study."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from understudy.errors import ConfigError, nearest
from understudy.settings import plain

_HELP = "list the methods' published and small settings by name, or print one as YAML for a study"


def add(commands: Any, command: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = command(commands, "preset", preset, _HELP)
    parser.add_argument("name", nargs="?", help="one of them; without it all are listed")


def preset(given: argparse.Namespace) -> int:
    """Lists the presets, or prints one."""
    known = presets()
    if given.name is None:
        for name, (module, _) in known.items():
            print(name if name == module else f"{name:16} of {module}")
        return 0
    if given.name not in known:
        raise ConfigError(f"preset '{given.name}'", "there is no such preset", nearest(given.name, known))
    module, made = known[given.name]
    entry: dict[str, Any] = {} if given.name == module else {"modules": {given.name: module}}
    entry["methods"] = {given.name: plain(made())}
    print(yaml.safe_dump(entry, sort_keys=False, allow_unicode=True), end="")
    return 0


def presets() -> dict[str, tuple[str, Callable[[], Any]]]:
    """Each preset's module and the maker of its settings, by name."""
    from understudy.methods import method, names

    found: dict[str, tuple[str, Callable[[], Any]]] = {}
    for name in names():
        offered: Mapping[str, Callable[[], Any]] = getattr(method(name), "PRESETS", {})
        found |= {preset: (name, made) for preset, made in offered.items()}
    return found
