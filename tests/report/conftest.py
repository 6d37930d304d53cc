"""A small page with drawn videos, and a browser spoken to in the DevTools protocol with the standard library alone."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from understudy import media
from understudy.report import (
    ClipView,
    CostRow,
    Cue,
    ExtractionView,
    FootageView,
    MethodView,
    Page,
    PairView,
    Person,
    Player,
    RunView,
)

FRAMES, FPS = 20, 25
METHODS = ("copy", "warp", "original")


class Browser:
    """One tab of a headless Chromium, spoken to through a pipe."""

    def __init__(self, program: str, profile: Path) -> None:
        to_read, to_write = os.pipe(), os.pipe()
        flags = [
            "headless",
            "no-sandbox",
            "disable-gpu",
            "no-first-run",
            "disable-background-networking",
            "disable-sync",
        ]
        flags += ["disable-component-update", "mute-audio", f"user-data-dir={profile}", "remote-debugging-pipe"]

        def wire() -> None:  # the protocol's two ends are file descriptors 3 and 4
            os.setsid()
            ours, theirs = os.dup(to_read[0]), os.dup(to_write[1])
            os.dup2(ours, 3)
            os.dup2(theirs, 4)

        self.process = subprocess.Popen(
            [program, *(f"--{f}" for f in flags), "about:blank"],
            preexec_fn=wire,
            close_fds=False,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read[0])
        os.close(to_write[1])
        self.out, self.into = to_read[1], os.fdopen(to_write[0], "rb", buffering=0)
        self.count, self.rest, self.events = 0, b"", list[dict[str, Any]]()
        page = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session: str | None = None
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    session: str | None = None

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to one command; what happens meanwhile is kept in `events`."""
        self.count += 1
        message: dict[str, Any] = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data) :]
        while True:
            heard = self.hear()
            if heard.get("id") == self.count:
                assert "error" not in heard, heard
                return dict(heard["result"])
            self.events.append(heard)

    def hear(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            data = self.into.read(1 << 16)
            assert data, "the browser closed"
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return dict(json.loads(line))

    def open(self, path: Path, width: int = 1280, height: int = 900, mobile: bool = False, dark: bool = False) -> None:
        """Loads a file at a size of the window."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=scheme)
        self.events.clear()
        self.ask("Page.navigate", url=Path(path).resolve().as_uri())
        self.wait("document.readyState === 'complete' && !!window.understudy")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression (or promise) comes to."""
        heard = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in heard, heard
        return heard["result"].get("value")

    def wait(self, expression: str, seconds: float = 15) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < end, f"still not so after {seconds} s: {expression}"
            time.sleep(0.05)

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.out)
        self.into.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium; the test is skipped where none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((p for p in map(shutil.which, names) if p), None)
    if program is None:
        pytest.skip("no Chromium on PATH: the page was not looked at in a browser")
    made = Browser(program, tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


def draw(path: Path, hue: int, frames: int = FRAMES, size: tuple[int, int] = (96, 80)) -> Path:
    """A short video of a square that moves with time, so that every frame differs."""
    width, height = size

    def picture(n: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        frame = np.full((height, width, 3), (40, hue, 255 - hue), np.uint8)
        frame[20:40, 2 * n : 2 * n + 20] = (250, 250 - 8 * n, 60)
        return frame

    media.write(path, (picture(n) for n in range(frames)), fps=FPS)
    return path


def score_rows(clips: list[tuple[str, str, str]], values: dict[str, dict[str, float]]) -> pd.DataFrame:
    """A long score table: metric -> method -> value, the same for every (source, driver, clip) but for a small step."""
    rows = []
    for metric, by_method in values.items():
        better = "higher" if metric.startswith(("SSIM", "nearer")) else "lower"
        for step, (source, driver, clip) in enumerate(clips):
            for method, value in by_method.items():
                family = "swap" if method in METHODS else "sanity"
                rows.append(
                    {
                        "study": "s",
                        "version": "1",
                        "method": method,
                        "family": family,
                        "source": source,
                        "driver": driver,
                        "clip": clip,
                    }
                    | {
                        "seed": 1,
                        "metric": metric,
                        "value": value + 0.01 * step,
                        "unit": "u",
                        "n": FRAMES,
                        "better": better,
                    }
                )
    return pd.DataFrame(rows)


def frame_rows(clips: list[tuple[str, str, str]]) -> pd.DataFrame:
    """A frames table: `original` is nearer the source in 18 of 20 frames of the first clip and in all of the others."""
    rows = []
    for number, (source, driver, clip) in enumerate(clips):
        for method in METHODS:
            for n in range(FRAMES):
                near = method == "original" and not (number == 0 and n < 2)
                rows.append(
                    {"method": method, "source": source, "driver": driver, "clip": clip, "seed": 1, "frame": n}
                    | {"identity distance to source": 0.4 if near else 0.8, "identity distance to driver": 0.6}
                    | {"SSIM to truth": 0.5 + 0.01 * n}
                )
    return pd.DataFrame(rows)


VALUES = {
    "SSIM to truth": {"copy": 0.4, "warp": 0.42, "original": 0.5, "driver": 0.4, "truth": 0.98},
    "pose error": {"copy": 0.1, "warp": 1.4, "original": 2.1, "driver": 0.0, "truth": 0.9},
}


@pytest.fixture
def make_page(tmp_path: Path) -> Callable[..., Page]:
    """Builds a small study of two people; their names, whether the second may be shown, and any field can be set."""

    def make(a: str = "ada", b: str = "ben", b_shown: bool = True, **fields: Any) -> Page:
        folder = tmp_path / "videos"
        names = ("source", "driver", *METHODS, "truth")
        parts = ("source", "driver", "fake", "fake", "fake", "truth")
        clips = [(a, b, f"{b}/answer"), (b, a, f"{a}/answer")]
        pairs = []
        for i, (source, driver, clip) in enumerate(clips):
            players = tuple(
                Player(
                    part=part, name=name, video=draw(folder / f"{i} {name}.mp4", 30 * k, FRAMES - (5 if k == 0 else 0))
                )
                for k, (part, name) in enumerate(zip(parts, names, strict=True))
            )
            cue = Cue(start=0, end=0.4, words="Hello & goodbye")
            view = ClipView(clip=clip, players=players, captions=(cue,), seed=1)
            pairs.append(PairView(source=source, driver=driver, family="swap", clips=(view,)))
        loss = tmp_path / "loss.csv"
        pd.DataFrame({"step": range(50), "loss": np.geomspace(1, 0.01, 50)}).to_csv(loss, index=False)
        run = RunView(name="original a+b", method="original", subjects=(a, b), seed=1, loss=loss)
        base: dict[str, Any] = {
            "study": "small-study",
            "version": "1",
            "seed": 1,
            "made": "1 May 2026",
            "people": tuple(
                Person(
                    subject=s,
                    record=f"{s}-2026",
                    basis="synthetic actor",
                    purposes=("extract", "be-source (swap)"),
                    counterparts="anyone",
                    since=date(2026, 1, 1),
                    until=None,
                    status="in force",
                    shown=shown,
                )
                for s, shown in ((a, True), (b, b_shown))
            ),
            "methods": tuple(
                MethodView(name=m, family="swap", learned=m == "original", settings={"a": {"b": [1, 2.5]}})
                for m in METHODS
            ),
            "footage": tuple(
                FootageView(clip=f"{s}/answer", subject=s, role="test", licence="CC0", sha256="ab" * 32) for s in (a, b)
            ),
            "pairs": tuple(pairs),
            "scores": score_rows(clips, VALUES),
            "frames": frame_rows(clips),
            "runs": (run,),
            "extractions": tuple(
                ExtractionView(subject=s, clip=f"{s}/answer", frames=20, kept=19, dropped={"blurred": 1})
                for s in (a, b)
            ),
            "costs": (
                CostRow(stage="train", what="original", seconds=75.0, cpu_seconds=140.0, memory=500 << 20, rate=520.0),
            ),
            "environment": {"python": "3.11"},
            "digests": {"study": "cd" * 32},
            "rerun": ("make demo",),
        }
        return Page(**(base | fields))

    return make
