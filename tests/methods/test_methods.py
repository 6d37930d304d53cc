"""Every module of the folder is a method: what the workflow asks of one, each of them has."""

import dataclasses
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from understudy import methods
from understudy.errors import ConfigError
from understudy.faces.align import COVERAGES
from understudy.faces.paste import Paste
from understudy.methods import Footage, Method, Needs, method, names
from understudy.settings import plain

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = {
    "crop_space": ["config"],
    "train": ["footage", "config", "run"],
    "load": ["path", "device"],
    "convert": ["model", "source", "driver", "config"],
}


def test_the_names_are_those_of_the_folder() -> None:
    folder = Path(methods.__file__).parent
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert list(names()) == sorted(name for name in there if not name.startswith("_"))
    assert {"copy", "warp"} <= set(names())


def test_a_misspelt_method_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"'wrap'.*Did you mean 'warp'\?"):
        method("wrap")
    with pytest.raises(ConfigError, match="copy, "):
        method("zzz")


def test_original_is_offered_for_orignal() -> None:
    with pytest.raises(ConfigError, match=r"Did you mean 'original'\?"):
        method("orignal")


@pytest.mark.parametrize("name", ["..errors", "__init__", "copy.py", "", "copy.convert"])
def test_what_is_no_plain_name_is_no_method(name: str) -> None:
    with pytest.raises(ConfigError, match="no such method"):
        method(name)


@pytest.mark.parametrize("name", names())
def test_a_method_holds_what_the_protocol_says(name: str) -> None:
    module = method(name)
    assert module is importlib.import_module(f"{methods.__name__}.{name}")
    for member in (member for member in vars(Method) if not member.startswith("_")):
        assert hasattr(module, member), f"{name} lacks {member}"
    assert module.FAMILY in get_args(methods.Family)
    assert module.TRAINS_ON in get_args(methods.TrainsOn)
    assert module.YIELDS in get_args(methods.Yields)
    assert isinstance(module.NEEDS, Needs)
    assert {module.NEEDS.source, module.NEEDS.driver} <= set(get_args(methods.Kind))
    assert module.DIGITAL_SOURCE_TYPE.startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_methods_functions_take_what_the_workflow_gives(name: str, function: str) -> None:
    assert list(inspect.signature(getattr(method(name), function)).parameters) == FUNCTIONS[function]


@pytest.mark.parametrize("name", names())
def test_a_methods_settings_are_frozen_keyword_only_and_without_defaults_but_optional_ones(name: str) -> None:
    config = method(name).Config
    assert dataclasses.is_dataclass(config)
    assert config.__dataclass_params__.frozen  # type: ignore[attr-defined]  # mypy does not know the attribute
    for field in dataclasses.fields(config):
        assert field.kw_only, f"{name}.{field.name}"
        bare = field.default is field.default_factory is dataclasses.MISSING
        assert bare or field.metadata.get("optional"), f"{name}.{field.name} has a default"


@pytest.mark.parametrize("name", [name for name in names() if method(name).YIELDS == "crops"])
def test_a_method_that_yields_crops_says_how_they_are_pasted(name: str) -> None:
    assert get_type_hints(method(name).Config)["paste"] is Paste


def test_copy_yields_nothing_and_learns_nothing() -> None:
    copy: Any = method("copy")
    config = copy.Config()
    assert plain(config) == {}
    nobody = Footage("nobody", (), ())
    assert list(copy.convert(copy.load(None, None), nobody, nobody, config)) == []
    assert copy.crop_space(config)[0] in COVERAGES


def test_mypy_takes_every_module_for_a_method(tmp_path: Path) -> None:
    """The names of the folder are known at run time only, so the gate's mypy run cannot ask this by itself."""
    lines = [f"from understudy.methods import Method, {', '.join(names())}"]
    lines += [f"{name}_is_a_method: Method = {name}" for name in names()]
    (tmp_path / "claim.py").write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(tmp_path / "claim.py")]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
