"""Casting: draws new identities and performances, which are then data.

python -m understudy.cast.casting actor SEED OUT.yaml [--spread 0.7]
python -m understudy.cast.casting performance SEED OUT.yaml --text "..." [--accent en-us] [--frames 75]
"""

import argparse
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import yaml

from understudy.cast.features import ASYMMETRIES, FACE_SHAPES, FEATURES
from understudy.cast.identity import Brows, Clothes, Hair, Identity, Lips, Skin, Speaking, Variant, Voice
from understudy.cast.performance import Motion, Performance, Scene, Speech
from understudy.cast.speech import utter
from understudy.errors import ConfigError
from understudy.files import write_text
from understudy.settings import plain

_COLOURS = ("black", "darkbrown", "brown", "auburn", "ginger", "blond", "grey", "white")
_STYLES = {
    "male": {"buzz": 0.2, "crop": 0.3, "swept": 0.2, "parted": 0.15, "receding": 0.1, "bald": 0.05},
    "female": {"crop": 0.1, "bob": 0.25, "long": 0.3, "fringe": 0.2, "tied": 0.15},
}
_BEARDS = {"none": 0.45, "stubble": 0.25, "full": 0.14, "goatee": 0.08, "moustache": 0.08}
_FASTEST = 190  # words a minute that still sound unhurried
_IRISES = dict.fromkeys(("brown", "dark", "hazel", "green", "blue", "grey"), 1 / 6)
_VARIANTS = {sex: [name for name in get_args(Variant) if name[0] == sex[0]] for sex in ("male", "female")}
_TINTS = {"male": (0.1, 0.5), "female": (0.25, 0.9)}


def draw_identity(seed: int, spread: float = 0.7) -> Identity:
    """A new person. spread: factor on how far features stray from the mean face; 1 gives a caricature now and then."""
    random = np.random.default_rng(seed)
    male = bool(random.random() < 0.5)
    age = float(np.clip(random.beta(1.1, 2.2), 0, 0.9))
    axes = random.dirichlet([0.45, 0.45, 0.45])
    melanin = 0.5 * random.uniform(0.02, 0.95) + 0.5 * float(axes @ [0.8, 0.15, 0.1])
    chance = np.array([0.2, 0.2, 0.2, 0.08, 0.08, 0.14, 0.05 + age * 0.6, 0.02 + age * 0.4])
    drawn: dict[str, Any] = {
        name: _round(np.clip(random.normal(0, feature.spread * spread), -1, 1)) for name, feature in FEATURES.items()
    }
    sides = {f"{name}-{random.choice(['l', 'r'])}": _round(abs(random.normal(0, 0.18))) for name in ASYMMETRIES}
    moles = [
        (random.uniform(-0.6, 0.6), random.uniform(6.2, 7.9), random.uniform(0.012, 0.02))
        for _ in range(random.integers(0, 4))
    ]
    sex: Literal["male", "female"] = "male" if male else "female"
    return Identity(
        seed=seed,
        sex=_round(np.clip((0.92 if male else 0.08) + random.normal(0, 0.06), 0, 1)),
        age=_round(age),
        weight=_round(np.clip(random.normal(0, 0.4), -1, 1)),
        shape_axes=(_round(axes[0]), _round(axes[1]), _round(1 - _round(axes[0]) - _round(axes[1]))),
        face={str(random.choice(FACE_SHAPES)): _round(random.uniform(0.3, 0.9))},
        features=drawn,
        asymmetry=sides,
        skin=Skin(
            melanin=_round(melanin),
            ruddiness=_round(random.uniform(0, 1)),
            freckles=_round(np.clip(random.normal(-0.3, 0.6), 0, 1)),
            moles=cast(Any, tuple(moles)),
        ),
        iris=_choose(random, _IRISES),
        brows=Brows(
            thickness=_round(random.uniform(0.7, 1.3) * (1.15 if male else 0.85)),
            arch=_round(random.uniform(-0.6, 1.0)),
            darkness=_round(random.uniform(0.6, 1.0)),
        ),
        lips=Lips(tint=_round(random.uniform(*_TINTS[sex])), hue=_round(random.uniform(0, 1))),
        hair=Hair(
            style=_choose(random, _STYLES[sex]),
            colour=_choose(random, dict(zip(_COLOURS, chance / chance.sum(), strict=True))),
            length=_round(random.uniform(0.8, 1.2)),
            volume=_round(random.uniform(0.8, 1.2)),
            curl=_round(random.uniform(0, 1) ** 2),
        ),
        beard=_choose(random, _BEARDS) if male else "none",
        speaking=Speaking(
            jaw=_round(random.uniform(0.8, 1.15)),
            spread=_round(random.uniform(0.75, 1.2)),
            rounding=_round(random.uniform(0.8, 1.15)),
        ),
        clothes=Clothes(
            shirt=cast(Any, tuple(random.integers(25, 215, 3).tolist())),
            collar=_choose(random, dict.fromkeys(("crew", "vneck", "turtle"), 1 / 3)),
        ),
        voice=Voice(
            variant=_choose(random, {name: 1 / len(_VARIANTS[sex]) for name in _VARIANTS[sex]}),
            pitch=int(random.integers(36, 65)),
        ),
    )


def _round(value: Any) -> float:
    return round(float(value), 3)


def _choose(random: np.random.Generator, shares: dict[str, float]) -> Any:
    return str(random.choice(list(shares), p=list(shares.values())))


def draw_performance(seed: int, text: str, *, accent: str, frames: int, fps: int = 25) -> Performance:
    """A new performance of a text: speech, movement up to 25 degrees of yaw, blinks, gaze, expression, light, room."""
    random = np.random.default_rng(seed)
    rate, start = int(random.integers(150, 176)), _round(random.uniform(0.12, 0.3))
    said = utter(text, voice=accent, rate=rate)
    while start + said.times[-1] > frames / fps:
        if rate > _FASTEST:
            raise ConfigError(
                "text", f"takes longer than {frames} frames to say", "Shorten it, or ask for more frames."
            )
        rate += 5
        said = utter(text, voice=accent, rate=rate)
    times = tuple(_round(time) for time in said.times)
    speech = Speech(text=text, accent=accent, rate=rate, start=start, phones=said.phones, times=times)
    return Performance(
        fps=fps,
        frames=frames,
        speech=speech,
        motion=_draw_motion(random, frames / fps),
        scene=_draw_scene(random, seed),
    )


def _draw_motion(random: np.random.Generator, seconds: float, hz: float = 5.0) -> Motion:
    time = np.arange(int(np.ceil(seconds * hz)) + 1) / hz

    def wander(size: float, slow: float, quick: float, shift: float = 0.0, low: float = -1e9) -> tuple[float, ...]:
        waves = [
            random.uniform(0.5, 1) * np.sin(2 * np.pi * (random.uniform(slow, quick) * time + random.uniform()))
            for _ in range(3)
        ]
        curve = size * sum(waves) / max(float(np.abs(sum(waves)).max()), 1e-9) + shift
        return tuple(_round(x) for x in np.maximum(curve, low))

    blinks = [random.uniform(0.3, 0.9)]
    while blinks[-1] < seconds:
        blinks.append(blinks[-1] + random.uniform(1.4, 3.4))
    return Motion(
        hz=hz, yaw=wander(random.uniform(16, 25), 0.12, 0.4), pitch=wander(9, 0.15, 0.5), roll=wander(6, 0.15, 0.45),
        x=wander(0.10, 0.1, 0.3), y=wander(0.05, 0.1, 0.4), z=wander(0.15, 0.1, 0.3),
        smile=wander(0.3, 0.1, 0.3, random.uniform(-0.1, 0.15), 0.0), brow=wander(0.5, 0.2, 0.5, -0.1, 0.0),
        frown=wander(0.4, 0.1, 0.4, -0.2, 0.0), gaze_x=wander(0.4, 0.3, 0.8), gaze_y=wander(0.3, 0.3, 0.8),
        blinks=tuple(_round(x) for x in blinks if x < seconds),
    )  # fmt: skip


def _draw_scene(random: np.random.Generator, seed: int) -> Scene:
    warm = random.uniform(-1, 1)
    colour = (1 + 0.18 * max(warm, 0.0), 1 + 0.02 * warm, 1 - 0.22 * warm)
    grey = random.integers(60, 180)
    top, bottom = (np.clip(grey + random.integers(-22, 23, 3), 20, 220) for _ in range(2))
    return Scene(
        seed=seed, azimuth=_round(random.uniform(-60, 60)), elevation=_round(random.uniform(18, 52)),
        colour=(_round(colour[0]), _round(colour[1]), _round(colour[2])), key=_round(random.uniform(1.5, 2.4)),
        ambient=_round(random.uniform(0.36, 0.6)), rim=_round(random.uniform(0, 0.8)),
        top=(int(top[0]), int(top[1]), int(top[2])), bottom=(int(bottom[0]), int(bottom[1]), int(bottom[2])),
        things=int(random.integers(2, 6)), grain=_round(random.uniform(0.6, 1.5)),
        exposure=_round(random.uniform(0.92, 1.1)),
    )  # fmt: skip


def save(value: Identity | Performance, path: Path) -> None:
    """Writes an identity or a performance as YAML."""
    write_text(
        path, yaml.safe_dump(plain(value), sort_keys=False, width=118, default_flow_style=None, allow_unicode=True)
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m understudy.cast.casting", description="Draws a new actor or performance."
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("actor", "performance"):
        one = kinds.add_parser(kind)
        one.add_argument("seed", type=int)
        one.add_argument("out", type=Path)
    kinds.choices["actor"].add_argument("--spread", type=float, default=0.7)
    kinds.choices["performance"].add_argument("--text", required=True)
    kinds.choices["performance"].add_argument("--accent", default="en-us")
    kinds.choices["performance"].add_argument("--frames", type=int, default=75)
    given = parser.parse_args()
    if given.kind == "actor":
        save(draw_identity(given.seed, given.spread), given.out)
    else:
        save(draw_performance(given.seed, given.text, accent=given.accent, frames=given.frames), given.out)


if __name__ == "__main__":
    main()
