"""Weights that anybody can repeat, and what the authors' own networks make of them: `fomm_tiny.npz`.

The reference holds some of the numbers of a 64-pixel First Order Motion Model that was filled by the rule below, with
the pictures that it was shown.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from understudy.methods.fomm.critic import Critic
from understudy.methods.fomm.keypoints import Glass, KeyPoints, relative, scale
from understudy.methods.fomm.network import FOMM, Architecture, Painter

TINY = Path(__file__).with_name("fomm_tiny.npz")
STRIDE = 8  # of the maps and pictures that the small reference keeps
_LOUDER = {"kp.weight": 4, "dense_motion_network.mask.weight": 4, "dense_motion_network.occlusion.weight": 4}


def tiny(align_corners: bool = False) -> Architecture:
    """The shape of the small reference."""
    return Architecture(
        size=64,
        num_kp=5,
        temperature=0.1,
        detector=Glass(width=8, most=64, blocks=3, shrink=2),
        dense=Glass(width=16, most=64, blocks=3, shrink=2),
        generator=Painter(width=16, most=64, downs=2, blocks=2),
        critic=Critic(width=8, most=64, blocks=3, shrinks=(1,), spectral=False, keypoints=True),
        align_corners=align_corners,
    )


def described(constructor: Mapping[str, Any], size: int) -> Architecture:
    """The shape that the authors' settings ask for."""

    def glass(settings: Mapping[str, Any]) -> Glass:
        return Glass(
            width=settings["block_expansion"],
            most=settings["max_features"],
            blocks=settings["num_blocks"],
            shrink=round(1 / settings["scale_factor"]),
        )

    painter, detector, critic = (constructor[name][1] for name in ("generator", "kp_detector", "discriminator"))
    return Architecture(
        size=size,
        num_kp=painter["num_kp"],
        temperature=detector["temperature"],
        detector=glass(detector),
        dense=glass(painter["dense_motion_params"]),
        generator=Painter(
            width=painter["block_expansion"],
            most=painter["max_features"],
            downs=painter["num_down_blocks"],
            blocks=painter["num_bottleneck_blocks"],
        ),
        critic=Critic(
            width=critic["block_expansion"],
            most=critic["max_features"],
            blocks=critic["num_blocks"],
            shrinks=tuple(round(1 / each) for each in critic["scales"]),
            spectral=critic.get("sn", False),
            keypoints=critic["use_kp"],
        ),
        align_corners=False,
    )


def value(name: str, shape: tuple[int, ...], normed: bool) -> np.ndarray:
    """A tensor's values: normal numbers from a generator that its name seeds, scaled by what the tensor is."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    drawn = np.random.Generator(np.random.PCG64(seed)).standard_normal(shape)
    fan = np.sqrt(np.prod(shape[1:]))
    if name.endswith("running_var"):
        return 1 + 0.1 * np.abs(drawn)
    if name.endswith("jacobian.bias"):
        return np.resize([1.0, 0.0, 0.0, 1.0], shape) + 0.01 * drawn
    if name.endswith(("running_mean", "bias")):
        return 0.01 * drawn
    if name.endswith("jacobian.weight"):
        return 0.1 / fan * drawn
    if len(shape) == 1 or normed:
        return 1 + 0.02 * drawn
    return (3 if name == "final.weight" else _LOUDER.get(name, 1)) * 1.25 / fan * drawn


def filled(architecture: Architecture) -> FOMM:
    """A network whose three parts hold such values, each under its own names."""
    network = FOMM(architecture).eval()
    for part in (network.generator, network.kp_detector, network.discriminator):
        assert isinstance(part, nn.Module)
        state = part.state_dict()
        for name, tensor in state.items():
            if tensor.is_floating_point() and not name.endswith("down.weight"):
                normed = name.removesuffix("weight") + "running_mean" in state
                tensor.copy_(torch.from_numpy(value(name, tuple(tensor.shape), normed)))
    return network


def outputs(network: FOMM, source: np.ndarray, driving: np.ndarray) -> dict[str, Tensor]:
    """Everything that the reference tells of a source picture (3, S, S) and three driving ones, uint8."""
    pictures = torch.from_numpy(np.concatenate([source[None], driving])).float() / 255
    still, shown = pictures[:1], pictures[2:3]
    detector, generator = network.kp_detector, network.generator
    found = [detector(each[None]) for each in pictures]
    own, first, *later = found
    logits = detector.kp(detector.predictor(detector.shrunk(still)))[0]
    made = {
        "kp_value": torch.cat([each.value for each in found]),
        "kp_jacobian": torch.cat([each.jacobian for each in found]),
        "kp_heat_logits": logits,
    }
    modes: dict[str, KeyPoints] = {}
    for number, each in enumerate(later, start=1):
        modes[f"rel_adapt_{number}"] = relative(own, each, first, scale(own, first))
        modes[f"rel_{number}"] = relative(own, each, first)
        modes[f"abs_{number}"] = each
    for name, each in modes.items():
        made |= {f"kpnorm_{name}_value": each.value[0], f"kpnorm_{name}_jacobian": each.jacobian[0]}
    motion = generator.motion(generator.dense_motion_network.shrunk(still), own, modes["rel_adapt_1"])
    made |= {"mask": motion.mask[0], "deformation": motion.deformation[0], "occlusion": motion.occlusion[0]}
    made["sparse_deformed"] = motion.sparse[0, :, :, ::2, ::2]
    step = 1 if network.architecture.size == 64 else 2
    made["deformed_1"] = generator.moved(still, motion)[0, :, ::step, ::step]
    for name in ("rel_adapt_1", "rel_adapt_2", "rel_1", "abs_1"):
        by = 1 if name == "rel_adapt_1" else step
        made[f"pred_{name}"] = generator(still, own, modes[name])[0, :, ::by, ::by]
    assert network.discriminator is not None
    (judged,) = network.discriminator({1: shown}, later[0].value)
    made["disc_map"] = judged.map[0]
    for name, features in (("disc_feat0", judged.features[0]), ("disc_feat3", judged.features[-1])):
        by = max(1, features.shape[-1] // 32)
        made[name] = features[0, :8, ::by, ::by]
    return made


def thinned(name: str, array: np.ndarray) -> np.ndarray:
    """What the small reference keeps of an output: maps and pictures at every STRIDE-th pixel."""
    if name == "deformation":
        return array[::STRIDE, ::STRIDE]
    wide = array.ndim >= 3 and min(array.shape[-2:]) >= 2 * STRIDE
    return array[..., ::STRIDE, ::STRIDE] if wide else array
