"""One step of Fast Face-swap: both sides' faces drawn as the other subject, and what the losses say of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from understudy.methods._faces import space
from understudy.methods._faces.pair import shown
from understudy.methods.fastswap import losses
from understudy.methods.fastswap.gallery import Gallery, covering
from understudy.methods.fastswap.light import relit, siamese

if TYPE_CHECKING:
    from understudy.methods._faces.samples import Faces
    from understudy.methods.fastswap.config import Config
    from understudy.methods.fastswap.contents import Batch
    from understudy.methods.fastswap.looking import Looking
    from understudy.methods.fastswap.network import FastSwap


def step(
    network: "FastSwap", batch: "Batch", config: "Config", seen: "Looking", galleries: Sequence[Gallery]
) -> dict[str, Tensor]:
    """The losses by name, those of the sides after `_` and the number of the side that is drawn, and their sum."""
    total: dict[str, Tensor] = {}
    for side, faces, numbers_BK in batch.contents:
        drawing = 1 - side
        found = _side(network, drawing, faces, numbers_BK, config, seen, galleries[drawing])
        total.update({f"{name}_{drawing}": value for name, value in found.items()})
    summed = torch.stack([getattr(config.loss, name.split("_")[0]) * value for name, value in total.items()]).sum()
    if network.light is not None and config.loss.light:
        total["lights"] = _lights(network, batch, config)
        summed = summed + total["lights"]
    return {"loss": summed, **total}


def _side(
    network: "FastSwap",
    drawing: int,
    faces: "Faces",
    numbers_BK: Tensor,
    config: "Config",
    seen: "Looking",
    gallery: Gallery,
) -> dict[str, Tensor]:
    """The losses of one side's faces, drawn as subject `drawing`."""
    driver, _ = shown(faces, config)
    drawn = network(driver.contiguous(memory_format=torch.channels_last), drawing)
    # What is hidden in the photos is hidden in what is drawn, or the face's edge would look different to the layers.
    looked = space.hidden(drawn, faces.seen) if config.backdrop == "grey" else drawn
    with torch.no_grad():
        aims = seen.features(driver, config.loss.content_layers)
    maps = seen.features(looked, {*config.loss.content_layers, *config.loss.style_layers})
    weights = faces.seen * (1 - config.loss.outside) + config.loss.outside
    contents = [losses.content(maps[layer], aim, covering(weights, aim)) for layer, aim in aims.items()]
    styles = [
        losses.style(maps[layer], gallery.of(layer, numbers_BK), covering(weights, maps[layer]), config.loss)
        for layer in config.loss.style_layers
    ]
    found = {
        "content": torch.stack(contents).mean(),
        "style": torch.stack(styles).mean(),
        "variation": losses.variation(drawn),
    }
    if config.loss.light:
        found["light"] = _light(network, seen, looked, driver)
    return found


def _light(network: "FastSwap", seen: "Looking", drawn: Tensor, driver: Tensor) -> Tensor:
    """The difference in light, by what tells lights apart; that does not learn from it."""
    if seen.light is not None:
        found = seen.light(torch.cat([drawn, driver]))
    else:
        assert network.light is not None
        still = {name: value.detach() for name, value in network.light.named_parameters()}
        found = torch.func.functional_call(network.light, still, (torch.cat([drawn, driver]),))
    return losses.light(*found.chunk(2))


def _lights(network: "FastSwap", batch: "Batch", config: "Config") -> Tensor:
    """What the network of lights learns by: all faces of the batch under two lights, whoever they are."""
    assert network.light is not None
    crops = torch.cat([shown(faces, config)[0] for _, faces, _ in batch.contents])
    lit = [relit(crops, light_3) for light_3 in batch.lights_L3]
    labels = torch.arange(len(lit), device=crops.device).repeat_interleave(len(crops))
    return siamese(network.light(torch.cat(lit)), labels)
