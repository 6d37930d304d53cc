"""A simulated study of several methods: whose scores are known because they were made up from known parts."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from understudy.report import ClipView, FootageView, MethodView, Page, PairView

METRICS = {
    "SSIM to truth": ("SSIM", "higher", 0.60, 0.05, 0.01),
    "identity distance to source": ("embedding distance", "lower", 0.60, -0.05, 0.01),
    "flicker": ("of full range", "near 0", 0.004, 0.0, 0.001),
}
"""metric: unit, better, value of a method without skill, gain a unit of skill, standard deviation of the noise."""

SKILLS = {"copy": 0.0, "df": 1.0, "liae": 1.0, "saehd": 2.0}
PEOPLE = ("ada", "ben", "cleo", "dan")


def scores(
    skills: Mapping[str, float] = SKILLS, people: tuple[str, ...] = PEOPLE, clips: int = 2, seeds: int = 3
) -> pd.DataFrame:
    """A long score table: base + gain x skill, plus what pair and clip share, plus noise; copy has one seed."""
    rng = np.random.default_rng(1)
    rows = []
    for metric, (unit, better, base, gain, noise) in METRICS.items():
        for source, driver in itertools.permutations(people, 2):
            for clip in (f"{driver}/clip-{c}" for c in range(clips)):
                shared = rng.normal(0, noise)
                for method, skill in skills.items():
                    for seed in range(1, 2 if method == "copy" else seeds + 1):
                        value = base + gain * skill + shared + rng.normal(0, noise / 4)
                        row = ("sim", "1", method, "swap", source, driver, clip, seed, metric, value, unit, 20, better)
                        rows.append(row)
                for name, skill in (("truth", 3.0), ("driver", 0.0)):
                    value = base + gain * skill + shared
                    rows.append(("sim", "1", name, "sanity", source, driver, clip, 1, metric, value, unit, 20, better))
    names = [
        "study",
        "version",
        "method",
        "family",
        "source",
        "driver",
        "clip",
        "seed",
        "metric",
        "value",
        "unit",
        "n",
        "better",
    ]
    return pd.DataFrame(rows, columns=names)


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """The learning curves that end at the scores: at half of the budget everything is 0.1 worse."""
    final = table[(table["family"] != "sanity") & (table["method"] != "copy") & (table["metric"] != "flicker")]
    sign = np.where(final["better"] == "higher", -0.1, 0.1)
    parts = [final.assign(share=1.0, steps=100), final.assign(share=0.5, steps=50, value=final["value"] + sign)]
    return pd.concat(parts, ignore_index=True).drop(columns="family")


def costs(skills: Mapping[str, float] = SKILLS) -> pd.DataFrame:
    """What each method cost: conversion and parameters grow with the place in the list."""
    rows = [
        ("sim", "1", name, "", 1, quantity, value, unit)
        for place, name in enumerate(skills)
        for quantity, value, unit in (("conversion", 2.0 + place, "ms/frame"), ("parameters", 1e6 * (1 + place), "1"))
        if not (name == "copy" and quantity == "parameters")
    ]
    return pd.DataFrame(rows, columns=["study", "version", "method", "group", "seed", "quantity", "value", "unit"])


def validity(*, broken: bool = False) -> pd.DataFrame:
    """SSIM along a ladder of blur that it must see: it falls at every rung, or, broken, rises again at the last."""
    values = (0.9, 0.8, 0.7, 0.75 if broken else 0.6)
    rows = [
        ("sim", "1", *pair, f"{pair[1]}/clip-0", "blur", rung, float(rung), "px", "SSIM to truth", value, "SSIM", 20)
        for pair in (("ada", "ben"), ("ben", "ada"))
        for rung, value in enumerate(values)
    ]
    names = [
        "study",
        "version",
        "source",
        "driver",
        "clip",
        "ladder",
        "rung",
        "amount",
        "amount_unit",
        "metric",
        "value",
        "unit",
        "n",
    ]
    return pd.DataFrame(rows, columns=names).assign(better="higher")


def page(table: pd.DataFrame | None = None, skills: Mapping[str, float] = SKILLS, **fields: object) -> Page:
    """The page of such a study, without players."""
    table = scores(skills) if table is None else table
    places = table[["source", "driver", "clip"]].drop_duplicates().itertuples(index=False, name=None)
    pairs: dict[tuple[str, str], list[ClipView]] = {}
    for source, driver, clip in places:
        views = pairs.setdefault((source, driver), [])
        views += [ClipView(clip=clip, players=(), seed=seed) for seed in sorted(set(table["seed"]))]
    base: dict[str, object] = {
        "study": "sim",
        "version": "1",
        "seed": 1,
        "made": "1 May 2026",
        "people": (),
        "methods": tuple(MethodView(name=name, family="swap", learned=name != "copy") for name in skills),
        "footage": tuple(
            FootageView(clip=str(clip), subject=str(clip).split("/")[0], role="test", licence="CC0", sha256="ab" * 32)
            for clip in dict.fromkeys(table["clip"])
        ),
        "pairs": tuple(
            PairView(source=s, driver=d, family="swap", clips=tuple(views)) for (s, d), views in pairs.items()
        ),
        "scores": table,
        "frames": pd.DataFrame(),
    }
    return Page(**(base | fields))  # type: ignore[arg-type] # fields by name
