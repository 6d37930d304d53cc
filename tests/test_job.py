"""Jobs: the fingerprint changes with what can change the outcome and with nothing else; progress and cost are true."""

import io
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ConfigError
from understudy.job import Meter, fingerprint, machine, progress

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "scripts/a.py": '"""A job."""\n\nfrom understudy.stages.a import run\n\nrun(snakemake.input[0])\n',
    "src/understudy/__init__.py": "",
    "src/understudy/errors.py": "class Error(Exception):\n    pass\n",
    "src/understudy/stages/__init__.py": "",
    "src/understudy/stages/a.py": (
        "from typing import TYPE_CHECKING\nfrom understudy import media\nfrom understudy.methods import method\n"
        "if TYPE_CHECKING:\n    from understudy.unused import Name\n\ndef run(name: str) -> int:\n    return 1\n"
    ),
    "src/understudy/unused.py": "Name = int\n",
    "src/understudy/media/__init__.py": "from understudy.media.read import read\n",
    "src/understudy/media/read.py": "def read() -> None:\n    from ..errors import Error\n    from . import deep\n",
    "src/understudy/media/deep.py": "X = 1\n",
    "src/understudy/media/page.html": "<p>",
    "src/understudy/methods/__init__.py": "def method(name):\n    import importlib\n",
    "src/understudy/methods/one.py": "import understudy.methods.shared as shared\nX = 1\n",
    "src/understudy/methods/two.py": "X = 2\n",
    "src/understudy/methods/shared.py": "X = 3\n",
}


class Checkout:
    """A small checkout in which files are edited."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def prints(self) -> dict[str, str]:
        """The fingerprint of the script with each method, and without one."""
        package, script = self.root / "src/understudy", self.root / "scripts/a.py"
        names = {"": (), "one": ("understudy.methods.one",), "two": ("understudy.methods.two",)}
        return {key: fingerprint(script, *modules, package=package) for key, modules in names.items()}

    def changed(self, name: str, text: str) -> set[str]:
        """Which fingerprints an edit of a file changes; the file is then as it was."""
        before = self.prints()
        self.write(name, text)
        after = self.prints()
        self.write(name, FILES[name])
        assert self.prints() == before
        return {key for key in before if before[key] != after[key]}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_same_code_has_the_same_fingerprint_wherever_it_lies(checkout: Checkout, tmp_path: Path) -> None:
    shutil.copytree(tmp_path, tmp_path / "copy")
    there = fingerprint(tmp_path / "copy/scripts/a.py", package=tmp_path / "copy/src/understudy")
    assert there == checkout.prints()[""]
    assert len(set(checkout.prints().values())) == 3


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".py")])
def test_comments_docstrings_and_layout_change_nothing(checkout: Checkout, name: str) -> None:
    text = FILES[name]
    assert checkout.changed(name, f"# a comment\n\n{text}\n\n# another\n") == set()
    bare = text.removeprefix('"""A job."""\n')
    assert checkout.changed(name, f'"""Another docstring,\n\nlonger."""\n{bare}') == set()
    if "return 1" in text:
        assert (
            checkout.changed(name, text.replace("    return 1", '    """Runs."""\n    return (  1 )  # one')) == set()
        )


def test_an_edit_changes_what_reaches_it_and_nothing_else(checkout: Checkout) -> None:
    every = {"", "one", "two"}
    more = "\nY = 9\n"
    reached = {
        "scripts/a.py": every,
        "src/understudy/__init__.py": every,
        "src/understudy/stages/a.py": every,
        "src/understudy/stages/__init__.py": every,
        "src/understudy/media/__init__.py": every,
        "src/understudy/media/read.py": every,
        "src/understudy/media/deep.py": every,
        "src/understudy/media/page.html": every,
        "src/understudy/errors.py": every,
        "src/understudy/methods/__init__.py": every,
        "src/understudy/methods/one.py": {"one"},
        "src/understudy/methods/shared.py": {"one"},
        "src/understudy/methods/two.py": {"two"},
        "src/understudy/unused.py": set(),
    }
    assert set(reached) == set(FILES)
    for name, prints in reached.items():
        assert checkout.changed(name, FILES[name] + more) == prints, name


def test_a_snakefile_counts_as_its_text(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text("rule all:\n    input: 'x'\n", encoding="utf-8")
    package = tmp_path / "src/understudy"
    before = fingerprint(tmp_path / "Snakefile", package=package)
    assert before != fingerprint(tmp_path / "Snakefile", "understudy.methods.one", package=package)
    (tmp_path / "Snakefile").write_text("rule all:\n    input: 'yy'\n", encoding="utf-8")
    assert before != fingerprint(tmp_path / "Snakefile", package=package)


def test_what_does_not_exist_has_no_fingerprint(checkout: Checkout, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.py"):
        fingerprint(tmp_path / "none.py", package=tmp_path / "src/understudy")
    with pytest.raises(ConfigError, match=r"methods\.three"):
        fingerprint(tmp_path / "scripts/a.py", "understudy.methods.three", package=tmp_path / "src/understudy")


def test_the_whole_package_takes_less_than_a_second() -> None:
    modules = [
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "src/understudy").rglob("*.py")
    ]
    start = time.process_time()
    first = fingerprint(Path(__file__), *modules)
    spent = time.process_time() - start
    assert spent < 1.0 or spent < len(modules) * 0.02
    start = time.process_time()
    assert fingerprint(Path(__file__), *modules) == first
    assert time.process_time() - start < 0.25


class Ticks:
    """A clock that goes on by so many seconds whenever it is read."""

    def __init__(self, step: float) -> None:
        self.step, self.now = step, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_passes_everything_on_and_tells_rate_and_time_left() -> None:
    out = io.StringIO()
    assert list(progress(range(60), 60, "render ada", stream=out, clock=Ticks(1.0))) == list(range(60))
    lines = out.getvalue().splitlines()
    assert lines[0] == "render ada: 10/60 (17%), 1.0/s, 0:50 left"
    assert len(lines) == 7
    assert lines[-1] == "render ada: 60 in 1:01, 1.0/s"
    assert "\x1b" not in out.getvalue()


def test_progress_on_a_terminal_is_one_line_that_moves() -> None:
    out = Terminal()
    list(progress(range(4), 4, "x", stream=out, clock=Ticks(1.0)))
    shown = out.getvalue().split("\r")
    assert shown[2].startswith("x: [############............] 2/4 (50%), 1.0/s, 0:02 left")
    assert out.getvalue().count("\n") == 1


def test_progress_that_ends_early_says_so() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    out = io.StringIO()
    with pytest.raises(OSError, match="gone"):
        list(progress(broken(), 75, "pack", stream=out))
    assert "pack: 1 of 75 in 0:00" in out.getvalue()
    out = io.StringIO()
    assert list(progress(iter([]), 0, "none", stream=out)) == []
    assert list(progress(iter([1, 2]), None, "some", stream=out)) == [1, 2]
    assert "some: 2 in 0:00" in out.getvalue()


def test_a_meter_measures_time_and_work() -> None:
    with Meter() as idle:
        time.sleep(0.2)
    assert 0.2 <= idle.wall < 2.0
    assert idle.cpu <= 0.1
    assert set(idle.facts()) == {"wall_s", "cpu_s", "peak_bytes"}


def test_a_meter_measures_memory() -> None:
    """In a process of its own: where the high-water mark cannot be set back, it is that of all that ran before."""
    code = (
        "from understudy.job import Meter",
        "import numpy as np",
        "with Meter() as idle: pass",
        "with Meter() as busy: block = np.ones(25_000_000)",
        "print(busy.peak - idle.peak)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    assert 150_000_000 < int(done.stdout) < 300_000_000


def test_the_machine_is_told_without_its_name() -> None:
    import platform

    facts = machine()
    assert facts["cores"] >= 1
    assert facts["memory_gib"] > 0
    assert facts["packages"]["numpy"] == np.__version__
    assert platform.node() not in str(facts).split()
