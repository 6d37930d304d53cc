"""The environment that so-vits-svc-fork runs in: another than the program's, for they need other versions."""

import functools
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from understudy.errors import ConfigError
from understudy.files import write_json
from understudy.methods.sovits import runner, watching

VARIABLE = "UNDERSTUDY_VOICE_PYTHON"
REMEDY = f"Run `make voice`, or name the interpreter of an environment made from envs/voice.txt in {VARIABLE}."
RUNNER = Path(runner.__file__).resolve()
WATCHING = Path(watching.__file__).resolve()  # named, so that an edit of it reruns what it touches
_USUAL = Path(".venvs/voice/bin/python")
_CHECKOUT = Path(__file__).resolve().parents[4]

# What the method was tried with, and what its watching relies on; envs/voice.txt pins the rest.
PINNED: Mapping[str, str] = {
    "so-vits-svc-fork": "4.2.30",
    "torch": "2.13.0",
    "torchaudio": "2.11.0",
    "numpy": "2.2.6",
    "transformers": "5.23.0",
    "lightning": "2.6.6",
    "librosa": "0.11.0",
}


def interpreter() -> Path:
    """The environment's Python, not resolved: a link within an environment is what tells Python of it.

    It is the one that UNDERSTUDY_VOICE_PYTHON names, else that of .venvs/voice here or in the checkout. Raises
    ConfigError when there is none.
    """
    if named := os.environ.get(VARIABLE):
        if not Path(named).is_file():
            raise ConfigError(f"{VARIABLE}={named}", "there is no such interpreter", REMEDY)
        return Path(named).absolute()
    for root in (Path.cwd(), _CHECKOUT):
        if (root / _USUAL).is_file():
            return (root / _USUAL).absolute()
    raise ConfigError(_USUAL, "so-vits-svc-fork has an environment of its own, and it is not there", REMEDY)


def require() -> Path:
    """The interpreter, once its packages were found to be those that are pinned; raises ConfigError for others."""
    python = interpreter()
    _require_pinned(python)
    return python


def versions(python: Path) -> dict[str, str | None]:
    """Versions of the pinned packages, and of Python, that an interpreter has; None for what it lacks."""
    with tempfile.TemporaryDirectory() as folder:
        order, events = Path(folder) / "order.json", Path(folder) / "events.jsonl"
        write_json(order, {"step": "versions", "events": str(events), "folder": folder, "names": list(PINNED)})
        done = subprocess.run([python, "-I", RUNNER, order], capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
            raise ConfigError(python, f"this interpreter cannot run ({last})", REMEDY)
        told = json.loads(events.read_text(encoding="utf-8").splitlines()[0])
    return {**told["versions"], "python": told["python"]}


@functools.cache
def _require_pinned(python: Path) -> None:
    found = versions(python)
    for name, due in PINNED.items():
        has = found[name]
        if (has or "").split("+")[0] != due:
            fact = f"has {name} {has}" if has else f"lacks {name}"
            raise ConfigError(python, f"{fact}, and the method needs {due}", REMEDY)
