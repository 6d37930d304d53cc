"""A digest of the code that a job runs, so that an edit of the package reruns what it touches and nothing else."""

import ast
import functools
import hashlib
from pathlib import Path

from understudy.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent.parent
# Files beside a module that decide what it does. YAML is not among them: it is hashed where it is used.
_DATA = (".html", ".css", ".js", ".npz", ".safetensors")


def fingerprint(script: Path | str, *modules: str, package: Path = _PACKAGE) -> str:
    """A digest of the code that a script reaches: its own, that of `modules`, and what those import of this package.

    Only what can change the outcome counts: comments, docstrings, layout and imports for type checking do not. modules:
    dotted names of what is imported by name at run time, such as "understudy.methods.warp". script: from the working
    directory or, failing that, from the checkout. Raises ConfigError when one of them does not exist.
    """
    start = next((place for place in (Path(script), package.parent.parent / script) if place.is_file()), None)
    if start is None:
        raise ConfigError(
            f"script '{script}'", "there is no such file", "Run from the folder that holds the Snakefile."
        )
    reached: dict[str, Path] = {}
    waiting = list(modules)
    for name in modules:
        if _file(name, package) is None:
            raise ConfigError(f"module '{name}'", "there is no such module", "Check its name.")
    waiting += _parsed(start, start.stat().st_mtime_ns, start.stat().st_size)[1]
    while waiting:
        name = waiting.pop()
        file = _file(name, package)
        if file is None or name in reached:
            continue
        reached[name] = file
        inside = name if file.name == "__init__.py" else name.rpartition(".")[0]
        imported = _parsed(file, file.stat().st_mtime_ns, file.stat().st_size)[1]
        waiting += [_absolute(other, inside) for other in imported] + [name.rpartition(".")[0]]
    return _combined(start, reached)


def _combined(script: Path, reached: dict[str, Path]) -> str:
    """The digest over the script and the modules reached, in the order of their names, with the data beside them."""
    total = hashlib.sha256(_digest(script).encode())
    for name, file in sorted(reached.items()):
        total.update(f"{name} {_digest(file)}".encode())
        if file.name == "__init__.py" and "." in name:  # the root package's folder is every area's
            for data in sorted(path for path in file.parent.rglob("*") if path.suffix in _DATA):
                total.update(f"{data.relative_to(file.parent).as_posix()} {_bytes(data)}".encode())
    return total.hexdigest()


def _digest(file: Path) -> str:
    return _parsed(file, file.stat().st_mtime_ns, file.stat().st_size)[0]


def _bytes(file: Path) -> str:
    return _hashed(file, file.stat().st_mtime_ns, file.stat().st_size)


@functools.cache
def _hashed(file: Path, _time: int, _size: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@functools.cache
def _parsed(file: Path, _time: int, _size: int) -> tuple[str, tuple[str, ...]]:
    """The digest of a file's code, and the names it imports (from this package or not, dots for relative ones)."""
    if file.suffix != ".py":  # a Snakefile is not quite Python: its text counts as it is
        return _hashed(file, _time, _size), ()
    tree = _Bare().visit(ast.parse(file.read_text(encoding="utf-8"), str(file)))
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            dot = "" if base.endswith(".") else "."
            names += [base, *(f"{base}{dot}{alias.name}" for alias in node.names)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(dict.fromkeys(names))


class _Bare(ast.NodeTransformer):
    """Takes out what cannot change an outcome: docstrings, and what stands under `if TYPE_CHECKING`."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        named = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", "")
        return node.orelse if named == "TYPE_CHECKING" else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        constant = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if constant else self.generic_visit(node)


def _absolute(name: str, inside: str) -> str:
    """The dotted name that a relative one means within the package `inside`."""
    if not name.startswith("."):
        return name
    bare = name.lstrip(".")
    parts = inside.split(".")
    parts = parts[: len(parts) - (len(name) - len(bare) - 1)]
    return ".".join([*parts, bare] if bare else parts)


def _file(name: str, package: Path) -> Path | None:
    """The file of a module of the package, or None when the name is none (another package's, a class, a function)."""
    head, *rest = name.split(".")
    if head != package.name:
        return None
    place = package.joinpath(*rest)
    for file in (place / "__init__.py", place.with_suffix(".py")):
        if file.is_file():
            return file
    return None
