"""Rule `curve`: what a training was worth on its way, measured against the exact truth. No fake is written."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from understudy import media
from understudy.faces.faceset import Faceset
from understudy.learning.weights import describe
from understudy.methods import Footage, Method, method
from understudy.metrics.truth import compare, quantities
from understudy.people import ask, mixing
from understudy.settings import build
from understudy.stages.convert import fitted, merged
from understudy.stages.measure import write_table

CURVES = (
    "study", "version", "method", "source", "driver", "clip", "seed", "share", "steps",
    "metric", "value", "unit", "n", "better",
)  # fmt: skip
"""The columns of the table of learning curves."""
EVERY = 5  # frames from one that is compared to the next


def measure_curve(
    *,
    out: Path,
    weights: Sequence[str],
    shares: Sequence[float],
    method_name: str,
    settings: dict[str, Any],
    conversions: Sequence[Mapping[str, Any]],
    threads: int,
    consents: str,
    study: str,
) -> None:
    """Measures the weights of one training at each share of its budget on all conversions that it serves."""
    torch.set_num_threads(threads)
    chosen = method(method_name)
    config = build(chosen.Config, settings, f"methods.{method_name}")
    rows: list[dict[str, Any]] = []
    for each in conversions:
        names = each["names"]
        job = f"curve {names['method']} {names['source']} on {names['clip']}"
        ask(Path(consents), study, job, mixing(names["source"], names["driver"], chosen.FAMILY))
        for share, file in zip(shares, weights, strict=True):
            known = {**names, "share": share, "steps": int(describe(Path(file))["steps"])}
            rows += [{**known, **value} for value in _values(chosen, config, Path(file), each)]
    write_table(out, pd.DataFrame(rows, columns=list(CURVES)))


def _values(chosen: Method, config: Any, weights: Path, conversion: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The mean of each quantity of the truth over every few frames of one conversion."""
    compared = np.array(
        [compare(fake, truth, mask) for fake, truth, mask in _frames(chosen, config, weights, conversion) if mask.any()]
    )
    if not len(compared):
        return
    for quantity, values in zip(quantities("truth"), compared.T, strict=True):
        yield {
            "metric": quantity.name,
            "value": float(values.mean()),
            "unit": quantity.unit,
            "n": len(values),
            "better": quantity.better,
        }


def _frames(
    chosen: Method, config: Any, weights: Path, conversion: Mapping[str, Any]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]]:
    """Every few frames as the weights draw them, as they should be, and which pixels of them are face."""
    evidence, names = conversion["evidence"], conversion["names"]
    likeness = Footage(
        names["source"],
        tuple(Faceset.open(Path(path)) for path in conversion["source_facesets"]),
        tuple(Path(path) for path in conversion["source_clips"]),
    )
    driver, faceset = Path(conversion["clip"]), Faceset.open(conversion["faceset"])
    # A trained swap draws each face by itself: the others need not be drawn. An open shutter looks at their neighbours.
    if chosen.FAMILY == "swap" and chosen.YIELDS == "crops" and not config.paste.shutter:
        faceset = faceset.every(EVERY)
    performance = Footage(names["driver"], (faceset,), (driver,), speech=driver)
    film = media.probe(Path(evidence["driver"]))
    made = fitted(merged(weights, likeness, performance, chosen, config), film)
    masks = np.load(evidence["masks"], mmap_mode="r") if "masks" in evidence else None
    for number, ((fake, _), truth) in enumerate(zip(made, media.frames(Path(evidence["truth"])), strict=True)):
        if number % EVERY == 0:
            whole = np.ones(fake.shape[:2], bool)
            yield fake, truth, whole if masks is None or chosen.FAMILY == "animate" else np.asarray(masks[number], bool)
