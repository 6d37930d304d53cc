"""Running Snakemake: where its workflow is, and what an interruption does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import understudy
from understudy.review import ReproductionError
from understudy.review.executing import checkout

ROOT = Path(__file__).resolve().parent.parent.parent
PARENT = """
import signal, sys
from pathlib import Path
from understudy.review.executing import _run
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    _run([sys.executable, "-c", sys.argv[1]], Path())
except KeyboardInterrupt:
    print("stopped after", Path("child").read_text())
"""
CHILD = """
import pathlib, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests themselves run in the background
pathlib.Path("child").write_text("its beginning")
try:
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    pathlib.Path("child").write_text("its end in order")
"""


def test_an_interruption_waits_for_what_runs_to_end_in_order(tmp_path: Path) -> None:
    """As Ctrl-C does, the signal goes to the whole group; Snakemake needs its time to clear up and unlock."""
    command = [sys.executable, "-c", PARENT, CHILD]
    quiet = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    parent = subprocess.Popen(
        command, cwd=tmp_path, env=quiet, start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while not (tmp_path / "child").exists() and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.communicate(timeout=60)[0] == "stopped after its end in order\n"


def test_the_workflow_is_that_of_the_installed_package() -> None:
    assert (checkout() / "workflow/rules").is_dir()


def test_a_package_without_its_workflow_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(understudy, "__file__", str(tmp_path / "site-packages/understudy/__init__.py"))
    with pytest.raises(ReproductionError, match="without its workflow"):
        checkout()
