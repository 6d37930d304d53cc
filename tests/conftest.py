"""What every test shares: one thread a process, a home of its own for keys, and where licensed footage lies."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import cv2
import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent

# Before anything reads it, and for every process that a test starts: no test touches the user's keys.
os.environ["UNDERSTUDY_HOME"] = tempfile.mkdtemp(prefix="understudy-home-")
atexit.register(shutil.rmtree, os.environ["UNDERSTUDY_HOME"], ignore_errors=True)

torch.set_num_threads(1)
cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of licensed real footage and speech; without UNDERSTUDY_SHARED the test is skipped, visibly."""
    place = os.environ.get("UNDERSTUDY_SHARED")
    if not place:
        pytest.skip("UNDERSTUDY_SHARED is not set: no licensed footage here")
    return Path(place)
