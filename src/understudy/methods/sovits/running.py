"""The package at work: a process of its own environment, whose word is what it tells, and not its exit code."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from understudy.errors import ConfigError, DiskError, Error, SpeechError, Stopped
from understudy.files import write_json
from understudy.methods.sovits.environment import REMEDY, RUNNER
from understudy.methods.sovits.runner import ENDED_EARLY

Event = dict[str, Any]
LOG = "package.log"
_LOOK = 0.2  # seconds between looks at what a process has told
_PATIENCE = 60.0  # seconds that a process which was asked to end may take
_TAIL = 40  # lines of the log that are searched for a reason
_FULL = ("no space left", "disk quota exceeded", "file write failed", "pytorchstreamwriter failed writing")
_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "memoryerror")
_NETWORK = ("couldn't connect", "offline", "connectionerror", "max retries", "localentrynotfound")


@dataclass(frozen=True, kw_only=True)
class Package:
    """so-vits-svc-fork in a working folder.

    python: its interpreter. encoder: the folder or hub name of the content encoder. place: the device. threads: of the
    processor. asked: the name of the signal or key by which somebody asked for the end; nothing while nobody did.
    """

    python: Path
    folder: Path
    seed: int
    threads: int
    place: torch.device
    encoder: str | None = None
    asked: Callable[[], str] = field(default=str, compare=False)

    def __call__(self, step: str, **order: Any) -> list[Event]:
        """Runs a step to its end, and returns what it told. Raises Stopped when somebody asked for the end."""
        told = []
        with contextlib.closing(self.stream(step, **order)) as running:
            for event in running:
                if wish := self.asked():
                    raise Stopped(f"{self.folder.parent.name}: stopped by {wish}; run again to go on")
                told += [event] if event else []
        return told

    def command(self, *words: object) -> list[Event]:
        """Runs one of the package's own commands."""
        return self("package", command=[str(word) for word in words])

    def stream(self, step: str, **order: Any) -> Generator[Event, str | None, None]:
        """Runs a step, and yields what it tells; an empty event now and then, so that its reader may look up.

        Its order lies in the folder, its output in package.log. A reader that sends any text asks it to end where it
        can go on, and what it does not tell then was not done; one that leaves ends it. Raises SpeechError when it
        ended otherwise than it should, DiskError and Error for want of room and memory.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        events, path = self.folder / f"{step}.jsonl", self.folder / f"{step}.json"
        events.unlink(missing_ok=True)
        encoder = self.encoder.removeprefix("hub:") if self.encoder else None
        told = {
            "step": step,
            "events": str(events.absolute()),
            "folder": str(self.folder.absolute()),
            "encoder": encoder,
        }
        write_json(path, {**told, "seed": self.seed, "threads": self.threads, "caller": os.getpid(), **order})
        with (self.folder / LOG).open("ab") as log:
            begun = log.tell()
            process = subprocess.Popen(
                [self.python, "-I", RUNNER, path.absolute()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._surroundings(),
                start_new_session=True,  # Ctrl-C is for us to pass on
            )
        done = asked = False
        with _ended(process):
            for event in _told(process, events):
                done = done or event.get("event") == "done"
                if (yield event):
                    asked = True
                    process.terminate()
        if (process.returncode or not done) and not asked:
            raise self._failure(step, process.returncode, begun)

    def _surroundings(self) -> dict[str, str]:
        """The environment's variables: one device, no network where none is needed, no colours in the log."""
        taken = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        taken |= {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200", "TOKENIZERS_PARALLELISM": "false"}
        if self.place.type == "cpu":
            taken["CUDA_VISIBLE_DEVICES"] = ""
        elif self.place.type == "cuda":
            seen = [name for name in taken.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
            index = self.place.index or 0
            taken["CUDA_VISIBLE_DEVICES"] = seen[index] if index < len(seen) else str(index)
        if self.threads:
            taken |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(self.threads))
        if not (self.encoder or "").startswith("hub:"):
            taken |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
        return taken

    def _failure(self, step: str, code: int, begun: int) -> Error:
        """What went wrong, from the end of the step's output."""
        with (self.folder / LOG).open("rb") as log:
            log.seek(begun)
            lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        tail = "\n".join(lines[-_TAIL:]).lower()
        last = lines[-1][:300] if lines else "it said nothing"
        see = f"See the end of {self.folder / LOG}."
        thing = f"so-vits-svc-fork, step {step}"
        if any(words in tail for words in _FULL):
            remedy = "Free some room and run again: it goes on from its last whole checkpoint."
            return DiskError(self.folder, "the disk is full", remedy)
        if code == -signal.SIGKILL or any(words in tail for words in _MEMORY):
            return Error(thing, f"there was not enough memory, or it was killed ({last})", "Lower learning.batch.")
        if any(words in tail for words in _NETWORK):
            return ConfigError(thing, f"its weights could not be fetched ({last})", "Name them by path and sha256.")
        if code == ENDED_EARLY:
            remedy = f"Take another f0 method than the present one, or drop whispered segments. {see}"
            return SpeechError(thing, "it called exit() on the way, as it does for a pitch that is no number", remedy)
        if "modulenotfounderror" in tail:
            return ConfigError(thing, last, REMEDY)
        return SpeechError(thing, f"it ended with {code} before it was done ({last})", see)


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """The process is over when this is: one that is still at work is asked to end, and killed if it does not."""
    try:
        yield
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _told(process: "subprocess.Popen[bytes]", events: Path) -> Iterator[Event]:
    """What a process writes into the file, line after whole line, until it has ended."""
    rest, place = "", 0
    while True:
        over = process.poll() is not None
        lines: deque[str] = deque()
        if events.exists():
            with events.open(encoding="utf-8") as file:
                file.seek(place)
                text = rest + file.read()
                place = file.tell()
            *whole, rest = text.split("\n")
            lines.extend(line for line in whole if line)
        while lines:
            yield json.loads(lines.popleft())
        if over:
            return
        yield {}
        time.sleep(_LOOK)
