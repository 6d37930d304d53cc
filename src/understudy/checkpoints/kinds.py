"""Whose weights a file holds, told by the names of its tensors."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor

from understudy.errors import CheckpointError

# Names that a network's tensors have and those of the others lack. Also of files that are mistaken for these.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "LIA's generator": ("dec.direction.weight", "enc.net_app.convs.0.0.weight"),
    "the First Order Motion Model's generator": ("dense_motion_network.mask.weight",),
    "the First Order Motion Model's key-point detector": ("kp.weight", "predictor.encoder.down_blocks.0.conv.weight"),
    "the First Order Motion Model's discriminator": ("discs.1.down_blocks.0.conv.bias",),
    "Wav2Lip's generator": ("face_decoder_blocks.0.0.conv_block.0.weight",),
    "Wav2Lip's quality discriminator": ("binary_pred.0.weight",),
    "Wav2Lip's lip-sync expert (SyncNet)": ("face_encoder.0.conv_block.0.weight",),
    "the first SyncNet (syncnet_v2.model), which is another network than Wav2Lip's": ("netcnnlip.0.weight",),
    "a StyleGAN2 discriminator": ("final_conv.0.weight", "final_linear.0.weight"),
    "the face detector S3FD": ("conv3_3_norm.weight",),
    "VGG-19": ("features.0.weight", "features.34.weight"),
}
_PREFIX = "module."
REMEDY = "Name the file that this network was published with, or the method that these weights are of."


def stripped(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state without the `module.` that torch.nn.DataParallel puts before all names; as it is where one lacks it."""
    plain = dict(state)
    while plain and all(name.startswith(_PREFIX) for name in plain):
        plain = {name.removeprefix(_PREFIX): value for name, value in plain.items()}
    return plain


def tensors_of(path: object, content: Mapping[str, Any], *parts: str) -> dict[str, Tensor]:
    """The named tensors of one network in what `read` found, without `module.`.

    parts: the keys under which a trainer saves that network ("gen", "state_dict"); the first that is there is taken. A
    file that holds nothing but tensors is taken whole. Raises CheckpointError, which says what the file looks like.
    """
    for part in parts:
        found = content.get(part)
        if isinstance(found, Mapping) and _is_state(found):
            return stripped(found)
    if _is_state(content):
        return stripped(content)
    held = ", ".join(f"'{name}'" for name in sorted(content)[:6]) or "nothing"
    wanted = " or ".join(f"'{part}'" for part in parts)
    raise CheckpointError(path, f"has no tensors under {wanted}: it holds {held}{seems(content)}", REMEDY)


def looks_like(content: Mapping[str, Any]) -> str | None:
    """What network's weights a file's content, or a state, looks like; None when it is none that is known here."""
    states = [stripped(state)] if _is_state(state := content) else [stripped(state) for state in _states(content)]
    seen = [kind for state in states for kind, marks in _KINDS.items() if all(_has(state, mark) for mark in marks)]
    return " and ".join(dict.fromkeys(seen)) or None


def seems(content: Mapping[str, Any]) -> str:
    """A clause that says what the content looks like, or nothing."""
    kind = looks_like(content)
    return f"; it looks like {kind}" if kind else ""


def _has(names: Iterable[str], mark: str) -> bool:
    """Whether a tensor is there, as itself or as the two that spectral or weight normalisation makes of it."""
    return any(mark in (name, name.removesuffix("_orig")) for name in names)


def _is_state(value: Mapping[Any, Any]) -> bool:
    return bool(value) and all(isinstance(n, str) and isinstance(v, Tensor) for n, v in value.items())


def _states(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The states that stand, one level deep, in a trainer's checkpoint."""
    for value in content.values():
        if isinstance(value, Mapping) and _is_state(value):
            yield value
