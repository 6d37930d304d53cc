"""What every test shares: one thread a process, and where licensed footage lies, if it does."""

import os
from pathlib import Path

import cv2
import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent

torch.set_num_threads(1)
cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of licensed real footage and speech; without UNDERSTUDY_SHARED the test is skipped, visibly."""
    place = os.environ.get("UNDERSTUDY_SHARED")
    if not place:
        pytest.skip("UNDERSTUDY_SHARED is not set: no licensed footage here")
    return Path(place)
