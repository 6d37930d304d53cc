"""What every test shares: one thread a process, a home of its own for keys, and where licensed footage lies."""

import atexit
import datetime
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import pytest
import torch
from hypothesis import settings

from understudy.people import Ledger, grant, log, read_ledger, withdraw, witness
from understudy.people.consent import read_terms
from understudy.people.records import body
from understudy.settings import plain

from .house import house, snakemake

ROOT = Path(__file__).resolve().parent.parent

# Before anything reads it, and for every process that a test starts: no test touches the user's keys.
os.environ["UNDERSTUDY_HOME"] = tempfile.mkdtemp(prefix="understudy-home-")
atexit.register(shutil.rmtree, os.environ["UNDERSTUDY_HOME"], ignore_errors=True)

torch.set_num_threads(1)
# The same examples everywhere, and no clock: these machines are shared.
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")
cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of licensed real footage and speech; without UNDERSTUDY_SHARED the test is skipped, visibly."""
    place = os.environ.get("UNDERSTUDY_SHARED")
    if not place:
        pytest.skip("UNDERSTUDY_SHARED is not set: no licensed footage here")
    return Path(place)


@contextmanager
def clock(day: datetime.date | str, hour: int = 12) -> Iterator[None]:
    """What is written into a log meanwhile is of that day, which must not be before what the log holds."""
    with mock.patch.object(log, "_now", return_value=f"{day}T{hour:02}:00:00Z"):
        yield


@pytest.fixture(name="grant_all", scope="session")
def _grant_all() -> Callable[..., Ledger]:
    """The function below, for tests in every folder."""
    return grant_all


@pytest.fixture(name="regrant", scope="session")
def _regrant() -> Callable[..., Ledger]:
    """The function below, for tests in every folder."""
    return regrant


def grant_all(folder: Path, *records: Mapping[str, Any]) -> Ledger:
    """Puts a new log with these records into the folder, in the place of any that is there, and reads it.

    records: as an event's body holds one, dates as text or dates; beside it `withdrawn`, the day of a withdrawal.
    """
    for name in (log.LOG, log.CONTINUED):
        (folder / name).unlink(missing_ok=True)
    witness.place(folder).unlink(missing_ok=True)
    with clock("2020-01-01"):
        log.open_log(folder)
        for values in records:
            terms = {key: value for key, value in values.items() if key != "withdrawn"}
            grant(folder, read_terms(plain(terms), "a test's record: "))
    gone = {values["subject"]: values["withdrawn"] for values in records if values.get("withdrawn")}
    for subject, day in sorted(gone.items(), key=lambda item: str(item[1])):
        with clock(day):
            withdraw(folder, subject)
    return read_ledger(folder)


def regrant(folder: Path, **changed: Mapping[str, Any] | None) -> Ledger:
    """The same records in a log of this machine's own (the key of a shipped one is not here), with some changed.

    changed: by subject, what its record now says (purposes are merged); None leaves the subject out.
    """
    kept = []
    for subject, record in read_ledger(folder).records.items():
        change = changed.get(subject, {})
        if change is not None:
            said = body(record)
            kept.append(said | change | {"purposes": said["purposes"] | change.get("purposes", {})})
    return grant_all(folder, *kept)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one's own in which the tiny study has run through the project's own workflow: run once for all."""
    own = tmp_path_factory.mktemp("study")
    everybody = own.parent.parent if os.environ.get("PYTEST_XDIST_WORKER") else own.parent
    made = everybody / "tiny"
    with (everybody / "tiny.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "results/tiny/1/hashes.json").exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            done = snakemake(house(made))
            assert done.returncode == 0, done.stderr[-6000:]
    shutil.copytree(made, own, dirs_exist_ok=True)
    return own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole studies take minutes: they begin first, the longest file before all others, so that no worker has one left
    when the others are through, and none waits for the study that another is running for both (`finished`)."""

    def order(item: pytest.Item) -> float:
        study = item.get_closest_marker("study")
        return 0.0 if study is None else -float(study.kwargs["minutes"])

    items.sort(key=order)
