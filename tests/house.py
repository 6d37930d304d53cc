"""The project's own workflow on a tiny study, in a folder of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--cores", "2", "--configfile", "config/config.yaml", "config/tiny.yaml"]
COMMAND = [sys.executable, "-m", "snakemake", *STUDY]


# What is no part of the project: compiled code, and what this machine added to the log of the cast.
_OWN = shutil.ignore_patterns("__pycache__", "continued.jsonl", ".lock")


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the project's own workflow in `folder` on the tiny study."""
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def house(folder: Path) -> Path:
    """A copy of the project's workflow, without anything that was made in it."""
    for name in ("workflow", "profiles", "scripts", "config", "envs", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=_OWN)
    shutil.copy(ROOT / "Snakefile", folder)
    return folder


def version(folder: Path) -> Path:
    return folder / "results/tiny/1"


def understudy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the program in `folder`."""
    command = [sys.executable, "-c", "import sys; from understudy.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
