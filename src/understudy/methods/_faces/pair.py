"""A pair of subjects before a training, and the pair's faces drawn with the trained network.

Legend of shapes: B batch, S side of the network's crops, O side of what it draws; 23 = a 2x3 matrix.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from understudy.errors import CheckpointError, ConfigError
from understudy.methods._faces import Looks, space
from understudy.methods._faces.drawing import converted
from understudy.methods._faces.pool import Pool, gather

if TYPE_CHECKING:
    from understudy.faces.align import Matrix
    from understudy.methods import Footage
    from understudy.methods._faces.samples import Faces

N = TypeVar("N", bound=nn.Module)


def crop_space(config: Looks) -> tuple[str, int]:
    """The coverage and size of the crops that are yielded.

    Anchored otherwise than published, what is drawn is moved once more, and may be larger than the driver's own face:
    wide crops hold it, of so many pixels that no sharpness is lost.
    """
    return (config.coverage, config.drawn) if config.anchor == "features" else ("head", 3 * config.drawn)


def sided(network: Any) -> None:
    """Gives a network what says whose its two sides are: subjects, and where each one's faces lie in its crops.

    anchors: 23, within the mean face's square, a buffer: see `space.anchors`.
    """
    network.subjects = ()
    network.register_buffer("anchors", torch.eye(2, 3, dtype=torch.float64).repeat(2, 1, 1))


def gathered(footage: Sequence["Footage"], config: Looks, folder: Path, name: str) -> tuple[list["Matrix"], list[Pool]]:
    """The anchors of both sides, and their faces packed. Raises ConfigError unless two subjects are given."""
    if len(footage) != 2:
        raise ConfigError(f"method '{name}'", f"learns a pair, and was given {len(footage)}", "Give it two subjects.")
    return packed(footage, config, folder)


def packed(footage: Sequence["Footage"], config: Looks, folder: Path) -> tuple[list["Matrix"], list[Pool]]:
    """The anchors of any number of subjects, which agree on where eyes lie, and the subjects' faces packed."""
    anchors = space.anchors([side.facesets for side in footage], config.anchor, config.coverage)
    side = max(config.size, config.drawn)
    pools = [gather(each, anchor, config.coverage, side, folder) for each, anchor in zip(footage, anchors, strict=True)]
    return anchors, pools


def shown(faces: "Faces", config: Looks) -> tuple[Tensor, Tensor]:
    """What the network sees and what it is to draw: inputs B3SS and aims B3OO in the settings' tone and backdrop."""
    inputs, aims = faces.inputs, faces.aims
    if config.tone == "canonical":
        inputs, aims = space.canonical(inputs, faces.input_skins), space.canonical(aims, faces.aim_skins)
    return (space.hidden(inputs, faces.seen) if config.backdrop == "grey" else inputs), aims


def swapped(model: Any, source: "Footage", driver: "Footage", config: Any) -> Iterator[Tensor]:
    """The driver's kept faces as the source's, in their order: batches (B, 3 or 4, S, S), float32, in `crop_space`.

    Raises CheckpointError when the network has not learned the source, or has another architecture than the settings.
    """
    described = getattr(model, "architecture", type(model).__name__)
    if described != config.architecture:
        fact = f"is {described}, and the settings ask for {config.architecture}"
        raise CheckpointError("the network", fact, "Train it with them.")
    if source.subject not in model.subjects:
        known = " and ".join(model.subjects) or "nobody"
        raise CheckpointError("the network", f"has learned {known}, not {source.subject}", "Name the right run.")
    side = model.subjects.index(source.subject)
    for faceset in driver.facesets:
        yield from converted(model, side, faceset, config, *crop_space(config))
