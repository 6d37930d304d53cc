"""A performance: everything in a clip that is not the person. Words, movement, light and background, kept as YAML."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from understudy.cast.identity import RGB, Speaking, find, names
from understudy.cast.noise import Floats
from understudy.cast.visemes import HZ, mouth, spoken
from understudy.errors import ConfigError
from understudy.settings import build, read_yaml

PERFORMANCES = Path(__file__).parent / "performances"
_LIMITS = {"yaw": 60.0, "pitch": 40.0, "roll": 40.0}


@dataclass(frozen=True, kw_only=True)
class Speech:
    """What is said: text, accent (an espeak-ng voice), rate (words a minute), and the first sound (seconds).

    phones and times (their starts and the last one's end, seconds from the first sound) were stored when the
    performance was made: a clip moves its lips without a synthesiser, and whoever speaks keeps to these times.
    """

    text: str
    accent: str
    rate: int
    start: float
    phones: tuple[str, ...]
    times: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Curves as keys, `hz` a second, joined by Catmull-Rom splines.

    yaw (positive: to the actor's left), pitch (positive: down), roll: degrees. x, y, z: decimetres. smile,
    brow (raised),
    frown: 0 to 1. gaze_x, gaze_y: -1 to 1, beyond the gaze that stays near the camera. blinks: seconds.
    """

    hz: float
    yaw: tuple[float, ...]
    pitch: tuple[float, ...]
    roll: tuple[float, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[float, ...]
    smile: tuple[float, ...]
    brow: tuple[float, ...]
    frown: tuple[float, ...]
    gaze_x: tuple[float, ...]
    gaze_y: tuple[float, ...]
    blinks: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Light and background.

    azimuth (positive: from the right of the picture) and elevation of the key light, degrees; its colour and strength;
    ambient and rim light; the background's two colours (sRGB,
    top and bottom) and number of blurred things; grain: sRGB steps.
    """

    seed: int
    azimuth: float
    elevation: float
    colour: tuple[float, float, float]
    key: float
    ambient: float
    rim: float
    top: RGB
    bottom: RGB
    things: int
    grain: float
    exposure: float


@dataclass(frozen=True, kw_only=True)
class Performance:
    """frames at fps: the length of the clip."""

    fps: int
    frames: int
    speech: Speech
    motion: Motion
    scene: Scene


@dataclass(frozen=True, kw_only=True)
class Staged(Performance):
    """A performance put together of others (see `staged`): its motion and its grain begin anew every `loop` frames."""

    loop: int


@dataclass(frozen=True, kw_only=True)
class Pose:
    """One frame's movement: angles in degrees, shift_3 in decimetres, units: weights of face units, 0 to 1."""

    yaw: float
    pitch: float
    roll: float
    shift_3: tuple[float, float, float]
    units: dict[str, float]


def performances() -> list[str]:
    """The names of the committed performances."""
    return names(PERFORMANCES)


def load_performance(name: str | Path) -> Performance:
    """A committed performance or a YAML file. ConfigError says what is wrong with it."""
    path = find("performance", name, PERFORMANCES)
    performance = build(Performance, read_yaml(path), f"{path.name}: ")
    motion, speech = performance.motion, performance.speech
    needed = 1 + int(np.ceil(performance.frames / performance.fps * motion.hz))
    for curve in ("yaw", "pitch", "roll", "x", "y", "z", "smile", "brow", "frown", "gaze_x", "gaze_y"):
        keys = getattr(motion, curve)
        if len(keys) < needed:
            fact = f"has {len(keys)} keys and the clip needs {needed}"
            raise ConfigError(f"{path.name}: motion.{curve}", fact, "Write a key for every moment, at `hz` a second.")
        if max(np.abs(keys)) > _LIMITS.get(curve, 1.0):
            fact = f"goes beyond {_LIMITS.get(curve, 1.0):g}"
            raise ConfigError(f"{path.name}: motion.{curve}", fact, "Keep every key within that.")
    if len(speech.times) != len(speech.phones) + 1 or list(speech.times) != sorted(speech.times):
        fact = "are not the rising starts of the phones and the end of the last"
        raise ConfigError(f"{path.name}: speech.times", fact, "Make the performance again.")
    return performance


def staged(*, scene: Performance, motion: Performance, speech: Performance, frames: int | None = None) -> Staged:
    """The scene of one performance (light, room, grain), the motion of another, the speech of a third.

    frames: the length of the clip, that of `motion` by default. Frames pass at the rate of `motion`, and frame t shows
    its frame t mod T, as a clip of T frames that is played over and over; the speech goes on. With the same performance
    thrice and no other length it is that performance, frame by frame.
    """
    length = motion.frames if frames is None else frames
    if length < 1:
        raise ConfigError("staged performance", f"has {length} frames", "Ask for one frame or more.")
    return Staged(
        fps=motion.fps, frames=length, speech=speech.speech, motion=motion.motion, scene=scene.scene, loop=motion.frames
    )


def shown(performance: Performance, number: int) -> int:
    """The frame of its motion that frame `number` of a performance shows."""
    return number % performance.loop if isinstance(performance, Staged) else number


def poses(performance: Performance, style: Speaking) -> list[Pose]:
    """The movement of every frame, by a person with this style of speaking."""
    time_F = np.arange(performance.frames) / performance.fps
    moving_F = np.array([shown(performance, number) for number in range(performance.frames)]) / performance.fps
    motion, speech = performance.motion, performance.speech
    curve = {
        name: spline(getattr(motion, name), moving_F * motion.hz)
        for name in Motion.__annotations__
        if name not in ("hz", "blinks")
    }
    blink_F = _blink(motion.blinks, moving_F)
    track = mouth(speech.phones, speech.times, performance.frames / performance.fps + 0.1)
    row_F = np.rint((time_F - speech.start) * HZ).astype(int)
    done = []
    for frame, row in enumerate(row_F):
        at = {name: float(values[frame]) for name, values in curve.items()}
        units = _expression(at, float(blink_F[frame]))
        talk = spoken(track[min(max(row, 0), len(track) - 1)], style) if row >= 0 else {}
        quiet = 1 - 0.5 * min(1.0, max(talk.values(), default=0.0))
        for unit, weight in talk.items():
            units[unit] = units.get(unit, 0.0) * quiet + weight
        clean = {unit: min(max(weight, 0.0), 1.0) for unit, weight in units.items() if weight > 1e-4}
        shift = (at["x"], at["y"], at["z"])
        done.append(Pose(yaw=at["yaw"], pitch=at["pitch"], roll=at["roll"], shift_3=shift, units=clean))
    return done


def unit_weights(performance: Performance, style: Speaking) -> tuple[tuple[str, ...], Floats]:
    """The face units that are moved (ARKit's names, sorted) and the weight of each in every frame (T, E), 0 to 1."""
    moved = [pose.units for pose in poses(performance, style)]
    units = tuple(sorted({unit for frame in moved for unit in frame}))
    return units, np.array([[frame.get(unit, 0.0) for unit in units] for frame in moved])


def spline(keys: tuple[float, ...], at_F: Floats) -> Floats:
    """Catmull-Rom through keys at 0, 1, 2, ..., the ends held."""
    held = np.array([keys[0], *keys, keys[-1], keys[-1]])
    cell = np.clip(np.floor(at_F).astype(int), 0, len(keys) - 1)
    t = at_F - cell
    a, b, c, d = (held[cell + k] for k in range(4))
    return np.asarray(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))


def _blink(times: tuple[float, ...], time_F: Floats) -> Floats:
    """How shut the eyes are: quick to close, slower to open."""
    shut = np.zeros(len(time_F))
    for moment in times:
        since = time_F - moment
        shut = np.maximum(shut, np.exp(-0.5 * (since / np.where(since < 0, 0.05, 0.09)) ** 2))
    return shut


def _expression(at: dict[str, float], blink: float) -> dict[str, float]:
    """Face units of expression, blink and gaze; the eyes turn against the head and so stay near the camera."""
    smile, brow = max(at["smile"], 0.0), max(at["brow"], 0.0)
    units = {
        "eyeBlinkLeft": blink, "eyeBlinkRight": blink * 0.97, "mouthSmileLeft": smile, "mouthSmileRight": smile * 0.9,
        "cheekSquintLeft": smile * 0.5, "cheekSquintRight": smile * 0.5, "browInnerUp": brow * 0.8,
        "browOuterUpLeft": brow, "browOuterUpRight": brow * 0.8, "browDownLeft": at["frown"], "browDownRight":
        at["frown"],
    }  # fmt: skip
    side = at["yaw"] / 25 * 0.5 + at["gaze_x"]
    units["eyeLookInLeft" if side > 0 else "eyeLookOutLeft"] = abs(side)
    units["eyeLookOutRight" if side > 0 else "eyeLookInRight"] = abs(side)
    for eye in ("Left", "Right"):
        units[("eyeLookUp" if at["gaze_y"] > 0 else "eyeLookDown") + eye] = abs(at["gaze_y"]) * (1 - blink)
    return units
