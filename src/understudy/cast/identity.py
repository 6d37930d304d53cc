"""An identity: every number that defines one synthetic actor, kept as a YAML file. Nobody's likeness."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from understudy.cast.features import ASYMMETRIES, FACE_SHAPES, FEATURES
from understudy.errors import ConfigError, nearest
from understudy.settings import build, read_yaml

ACTORS = Path(__file__).parent / "actors"
RGB = tuple[int, int, int]
Iris = Literal["brown", "dark", "hazel", "green", "blue", "grey"]
HairColour = Literal["black", "darkbrown", "brown", "auburn", "ginger", "blond", "grey", "white"]
HairStyle = Literal["bald", "buzz", "crop", "swept", "parted", "receding", "bob", "long", "fringe", "tied"]
Variant = Literal["f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"]
BeardStyle = Literal["none", "stubble", "full", "goatee", "moustache"]


@dataclass(frozen=True, kw_only=True)
class Skin:
    """melanin, ruddiness, freckles: 0 to 1. moles: x, y (rest coordinates) and radius."""

    melanin: float
    ruddiness: float
    freckles: float
    moles: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Brows:
    """thickness: 1 is usual. arch: -1 flat to 1 high. darkness: share of the hair's colour at the densest place."""

    thickness: float
    arch: float
    darkness: float


@dataclass(frozen=True, kw_only=True)
class Lips:
    """tint: 0 skin to 1 made up. hue: 0 red to 1 plum."""

    tint: float
    hue: float


@dataclass(frozen=True, kw_only=True)
class Hair:
    """style and colour; length and volume: factors on the style's own. curl: 0 straight to 1 tightly waved."""

    style: HairStyle
    colour: HairColour
    length: float
    volume: float
    curl: float


@dataclass(frozen=True, kw_only=True)
class Speaking:
    """How a person moves when talking: factors on the jaw's opening, the lips' spreading and their rounding."""

    jaw: float
    spread: float
    rounding: float


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How a person sounds: espeak-ng's variant of a voice (f women, m men) and its pitch, 0 to 99 (50 is usual)."""

    variant: Variant
    pitch: int

    def __post_init__(self) -> None:
        if not 0 <= self.pitch <= 99:
            raise ValueError(f"pitch {self.pitch} is not from 0 to 99")


@dataclass(frozen=True, kw_only=True)
class Clothes:
    """shirt: sRGB."""

    shirt: RGB
    collar: Literal["crew", "vneck", "turtle"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One synthetic person.

    seed: of skin and hair texture. sex: 0 female to 1 male shape. age: 0 young to 1 old. weight: -1 to 1.
    shape_axes: weights of MakeHuman's three base head shapes. face: share of one head outline. features: by name, -1
    to 1.
    asymmetry: target name to share.
    """

    seed: int
    sex: float
    age: float
    weight: float
    shape_axes: tuple[float, float, float]
    face: dict[str, float]
    features: dict[str, float]
    asymmetry: dict[str, float]
    skin: Skin
    iris: Iris
    brows: Brows
    lips: Lips
    hair: Hair
    beard: BeardStyle
    speaking: Speaking
    voice: Voice
    clothes: Clothes


def names(folder: Path) -> list[str]:
    """The YAML files of a folder, without their suffix."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def find(kind: str, name: str | Path, folder: Path) -> Path:
    """The file of a committed name, or a path to a YAML file of one's own. ConfigError names the nearest."""
    path = folder / f"{name}.yaml"
    if path.is_file():
        return path
    if str(name).endswith((".yaml", ".yml")):
        return Path(name)
    raise ConfigError(f"{kind} {name}", "is not in the cast", nearest(str(name), names(folder)))


def actors() -> list[str]:
    """The names of the committed identities."""
    return names(ACTORS)


def load_actor(name: str | Path) -> Identity:
    """The identity of a committed actor or of a YAML file. ConfigError says what is wrong with it."""
    path = find("actor", name, ACTORS)
    identity = build(Identity, read_yaml(path), f"{path.name}: ")
    _check(f"{path.name}: features", identity.features, FEATURES)
    _check(f"{path.name}: face", identity.face, FACE_SHAPES)
    sided = [f"{name}-{side}" for name in ASYMMETRIES for side in "lr"]
    _check(f"{path.name}: asymmetry", identity.asymmetry, sided)
    return identity


def _check(where: str, given: dict[str, float], valid: object) -> None:
    """Raises ConfigError for a name that is none of the valid ones, or a share beyond 1."""
    known = list(valid) if isinstance(valid, dict | list | tuple) else []
    for key, value in given.items():
        if key not in known:
            raise ConfigError(f"{where}.{key}", "unknown key", nearest(key, known))
        if not -1 <= value <= 1:
            raise ConfigError(f"{where}.{key}", f"{value} is out of range", "Write a number from -1 to 1.")
