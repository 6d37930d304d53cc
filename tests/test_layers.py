"""The layers: imports within the package only point down, and scripts only translate."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src/understudy"
# From the bottom up. Areas of one layer never import each other.
LAYERS = (
    ("errors",),
    ("files",),
    ("settings",),
    ("people",),
    ("media", "cast", "job"),
    ("watermark",),
    ("provenance",),
    ("faces", "learning", "speech"),
    ("lips", "checkpoints"),
    ("methods", "metrics"),
    ("config", "stats"),
    ("report", "crate"),
    ("stages",),
    ("review",),
    ("withdrawal",),
    ("cli",),
)
RANK = {area: rank for rank, layer in enumerate(LAYERS) for area in layer}
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))


def area(module: str) -> str:
    """The area of a dotted name within the package; of the root itself, nothing."""
    return module.split(".")[1] if "." in module else ""


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """The dotted names of this package that a file imports, those for type checking too, with their lines."""
    inside = ["understudy", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(inside[: len(inside) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (start, node.module) if part)
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "understudy" else [base]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "understudy":
                yield name, node.lineno


def test_every_area_has_its_layer() -> None:
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    assert found <= set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name, line in imported(path):
        other = area(name)
        if other in ("", own, "Error", "__version__"):  # the root holds these two names and no code
            continue
        rank = -1 if own == "__init__" and other == "errors" else RANK.get(other, len(LAYERS))
        mine = 0 if own == "__init__" else RANK[own]
        assert rank < mine, f"{path.relative_to(ROOT)}:{line} imports {name}: {own} may not reach {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_file_is_longer_than_the_wall(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_translates_and_thinks_nothing(path: Path) -> None:
    kinds = (ast.For, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.comprehension)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, kinds), f"{path.name}: {type(node).__name__} belongs into the package"
        # Snakemake puts a preamble before the script, and such an import must come first.
        assert not (isinstance(node, ast.ImportFrom) and node.module == "__future__"), path.name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import understudy.media.read", ["understudy.media.read"]),
        ("from understudy import media, cast", ["understudy.media", "understudy.cast"]),
        ("from understudy.media import read", ["understudy.media"]),
        ("from . import b", ["understudy.faces"]),
        ("from ..media import read", ["understudy.media"]),
        ("from .. import media", ["understudy.media"]),
        ("def f():\n    import understudy.cli", ["understudy.cli"]),
        ("import numpy", []),
    ],
)
def test_every_way_to_import_is_seen(
    text: str, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces/a.py").write_text(text, encoding="utf-8")
    assert [name for name, _ in imported(tmp_path / "faces/a.py")] == names
