"""The ladders damage as they say, and the judges find metrics that do not fall, and agreement that is known."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from understudy import media, metrics
from understudy.errors import MediaError
from understudy.metrics import _validity

FPS, FRAMES, SIDE = 25, 12, 96
INSIDE = np.zeros((SIDE, SIDE), bool)
INSIDE[20:70, 24:74] = True


def picture(t: int, *, tint: int = 0) -> NDArray[np.uint8]:
    """A soft pattern that drifts by a pixel a frame: the later, the farther from where it was."""
    noise = np.random.default_rng(3).normal(size=(SIDE, SIDE + FRAMES, 1)).astype(np.float32)
    wall = np.clip(110 + 600 * cv2.GaussianBlur(noise, (0, 0), 5), 0, 190)[:, t : t + SIDE, None]
    return np.clip(wall + np.array([0, tint, 0]), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> metrics.Case:
    folder = tmp_path_factory.mktemp("ladder")
    for name, tint in (("driver", 0), ("truth", 20), ("wrong", 60)):
        media.write(folder / f"{name}.mp4", (picture(t, tint=tint) for t in range(FRAMES)), fps=FPS, crf=8)
    np.save(folder / "masks.npy", np.broadcast_to(INSIDE, (FRAMES, SIDE, SIDE)))
    return metrics.Case(
        fake=folder / "driver.mp4", driver=folder / "driver.mp4", truth=folder / "truth.mp4", fps=FPS,
        masks=folder / "masks.npy", region=folder / "fake.alpha",
        source_references_N128=np.eye(1, 128), driver_references_N128=-np.eye(1, 128),
    )  # fmt: skip


def wrong(case: metrics.Case) -> Path:
    return case.driver.parent / "wrong.mp4"


def test_every_rung_is_worse_inside_the_face_and_alike_outside(case: metrics.Case, tmp_path: Path) -> None:
    assert case.truth is not None
    truths = list(media.frames(case.truth))
    away: dict[str, list[float]] = {}
    for rung in metrics.degraded(case, tmp_path, wrong=wrong(case), crf=8):
        frames = list(media.frames(rung.case.fake))
        assert rung.case.region is None
        gap = np.abs(np.stack(frames).astype(float) - np.stack(truths))
        far = ~cv2.dilate(INSIDE.astype(np.uint8), np.ones((9, 9))).astype(bool)
        assert gap[:, far].mean() < 3, rung
        away.setdefault(rung.ladder, []).append(gap[:, INSIDE].mean())
    floor = away.pop("")
    assert list(away) == [ladder.name for ladder in metrics.ladders()]
    for ladder, gaps in away.items():
        assert (np.diff([*floor, *gaps]) > 0).all(), ladder
    assert list(tmp_path.iterdir()) == []  # nothing stays behind


def test_the_amounts_are_what_they_say(case: metrics.Case, tmp_path: Path) -> None:
    assert case.truth is not None
    truths = list(media.frames(case.truth))
    seen: dict[tuple[str, int], list[NDArray[np.uint8]]] = {}
    for rung in metrics.degraded(case, tmp_path, wrong=wrong(case), crf=4):
        seen[rung.ladder, rung.rung] = list(media.frames(rung.case.fake))
    core = (slice(34, 58), slice(38, 62))
    width = 50
    for rung, amount in enumerate((0.02, 0.04, 0.08), 1):
        by = amount * width / 2**0.5
        moved = _validity.moved(truths[5], (by, by), 0.0)[core].astype(float)
        assert np.abs(seen["shift", rung][5][core] - moved).mean() < 4
    for rung, late in enumerate((1, 2, 4), 1):
        assert np.abs(seen["delay", rung][9][core].astype(float) - truths[9 - late][core]).mean() < 4
        assert np.abs(seen["delay", rung][0][core].astype(float) - truths[0][core]).mean() < 4
    others = list(media.frames(wrong(case)))
    for rung, first in ((1, 8), (2, 4), (3, 0)):
        taken = [
            np.abs(f[core].astype(float) - o[core]).mean() < 6
            for f, o in zip(seen["wrong identity", rung], others, strict=True)
        ]
        assert taken == [t >= first for t in range(FRAMES)]


def test_the_table_of_a_climb_has_rung_0_in_every_ladder_and_the_truth_falls(
    case: metrics.Case, tmp_path: Path
) -> None:
    calls: list[Path] = []

    def measured(one: metrics.Case) -> pd.DataFrame:
        calls.append(one.fake)
        return metrics.measure(one, ["truth"])[0]

    table = metrics.climb(case, tmp_path, measured, wrong=wrong(case), crf=8)
    count = len(metrics.ladders())
    assert len(calls) == 1 + 3 * count
    assert list(table.columns[:5]) == ["ladder", "rung", "amount", "amount_unit", "metric"]
    assert (table.groupby(["ladder", "metric"])["rung"].apply(list).map(lambda r: r == [0, 1, 2, 3])).all()
    assert (table.loc[table["rung"] == 0, "amount"] == 0).all()
    judged = metrics.judge(table.assign(source="bruno", driver="ada", clip="c1"))
    assert len(judged) == 3 * count
    assert judged["falls"].all()
    assert judged["meant"].all()
    assert (judged["rho"] == 1).all()
    assert (judged["note"] == "").all()
    without = metrics.climb(case, tmp_path, measured, crf=8)
    assert "wrong identity" not in set(without["ladder"])


def test_what_cannot_be_damaged_is_refused(case: metrics.Case, tmp_path: Path) -> None:
    for missing in ({"truth": None}, {"masks": None}):
        with pytest.raises(MediaError):
            next(metrics.degraded(dataclasses.replace(case, **missing), tmp_path))
    media.write(tmp_path / "short.mp4", (picture(t) for t in range(5)), fps=FPS)
    with pytest.raises(MediaError, match="ends before"):
        list(metrics.degraded(case, tmp_path, wrong=tmp_path / "short.mp4"))


def rungs(metric: str, ladder: str, better: str, *clips: list[float]) -> pd.DataFrame:
    """Validity rows of conversions with these values on rungs 0, 1, ..."""
    rows = [
        {"source": "a", "driver": "b", "clip": f"c{number}", "ladder": ladder, "rung": rung, "amount": rung,
         "amount_unit": "x", "metric": metric, "value": value, "unit": "y", "n": 9, "better": better}
        for number, values in enumerate(clips) for rung, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def only(*tables: pd.DataFrame) -> pd.Series:
    judged = metrics.judge(pd.concat(tables, ignore_index=True))
    assert len(judged) == 1
    return judged.iloc[0]


def test_a_metric_that_falls_is_told_with_its_numbers() -> None:
    row = only(rungs("SSIM to truth", "blur", "higher", [0.9, 0.8, 0.6, 0.3], [0.8, 0.7, 0.6, 0.4]))
    assert (row["meant"], row["falls"], row["rho"], row["conversions"]) == (True, True, 1.0, 2)
    assert row["step"] == pytest.approx(0.5)
    assert (row["first"], row["last"]) == pytest.approx((0.85, 0.35))
    assert row["spread"] == pytest.approx(np.std([0.9, 0.8], ddof=1))
    assert row["note"] == ""


def test_a_metric_made_to_fail_is_told() -> None:
    """A metric that likes blur, one that turns back at the top, one that never moves, one that is lost."""
    for values in ([0.5, 0.6, 0.7, 0.8], [0.9, 0.7, 0.6, 0.65], [0.5, 0.5, 0.5, 0.5], [0.9, 0.8, 0.7, np.nan]):
        row = only(rungs("SSIM to truth", "blur", "higher", values, values))
        assert row["meant"]
        assert not row["falls"]
        assert row["note"] != ""
    assert only(rungs("SSIM to truth", "blur", "higher", [0.5, 0.6, 0.7, 0.8]))["rho"] == -1
    assert np.isnan(only(rungs("SSIM to truth", "blur", "higher", [0.5] * 4))["rho"])
    assert only(rungs("SSIM to truth", "blur", "higher", [0.9, 0.8, 0.7, np.nan]))["missing"] == 1


def test_a_metric_need_not_see_what_it_is_not_meant_to() -> None:
    row = only(rungs("pose motion error", "colour cast", "lower", [1.0, 0.9, 1.1, 1.0]))
    assert not row["meant"]
    assert not row["falls"]
    assert row["note"] == ""


def test_directions_are_read_from_the_rows() -> None:
    assert only(rungs("L1 to truth", "blur", "lower", [0.1, 0.2, 0.3, 0.4]))["falls"]
    assert only(rungs("flicker", "jitter", "near 0", [-0.01, -0.02, -0.03, -0.04]))["falls"]
    assert not only(rungs("flicker", "jitter", "near 0", [-0.04, -0.02, 0.0, 0.02]))["falls"]


def test_every_ladder_that_a_value_is_meant_to_see_exists_and_every_such_value_has_a_meaning() -> None:
    kinds = {ladder.name for family in ("swap", "voice") for ladder in metrics.ladders(family)}
    for value, damages in metrics.sees().items():
        assert value in metrics.MEANING
        assert set(damages) <= kinds


def scores(values: dict[str, list[float]], better: dict[str, str], clips: int = 4) -> pd.DataFrame:
    """A score table: as many fakes as values, spread over `clips` in turn, each by a method of its own."""
    rows = [
        {"method": f"m{number // clips}", "family": "swap", "source": "a", "driver": "b", "clip": f"c{number % clips}",
         "seed": 1, "metric": metric, "value": value, "unit": "y", "better": better[metric]}
        for metric, all_values in values.items() for number, value in enumerate(all_values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_agreement_is_one_for_what_orders_alike_whatever_its_direction() -> None:
    ssim = np.random.default_rng(0).random(16)
    table = scores(
        {
            "SSIM to truth": ssim.tolist(),
            "L1": (1 - ssim**3).tolist(),
            "wrong": (-ssim).tolist(),
            "off": (ssim - 1).tolist(),
        },
        {"SSIM to truth": "higher", "L1": "lower", "wrong": "higher", "off": "near 0"},
    )
    sanity = scores({"SSIM to truth": [0.0], "L1": [0.0]}, {"SSIM to truth": "higher", "L1": "lower"})
    table = pd.concat([table, sanity.assign(family="sanity", method="driver")])
    found = metrics.agreement(table).set_index("metric")
    assert found["rho"].to_dict() == pytest.approx({"L1": 1, "wrong": -1, "off": 1})
    assert found["tau_within"].to_dict() == pytest.approx({"L1": 1, "wrong": -1, "off": 1})
    assert set(found["n"]) == {16}
    assert set(found["clips"]) == {4}
    assert set(found["against"]) == {"SSIM to truth"}


def test_agreement_within_a_clip_is_told_apart_from_clips_that_are_hard() -> None:
    """Where a clip is hard both are bad; within a clip they order the fakes the opposite way."""
    hard = np.repeat([0.0, 10.0, 20.0, 30.0], 5).reshape(4, 5).T.ravel()  # m0: c0..c3, m1: ...
    method = np.repeat(np.arange(5.0), 4)
    table = scores(
        {"SSIM to truth": (hard + method).tolist(), "other": (hard - method).tolist()},
        {"SSIM to truth": "higher", "other": "higher"},
    )
    row = metrics.agreement(table).iloc[0]
    assert row["rho"] > 0.8
    assert row["tau_within"] == pytest.approx(-1)


def test_too_few_fakes_agree_on_nothing() -> None:
    table = scores({"SSIM to truth": [0.1, 0.2], "L1": [0.3, 0.1]}, {"SSIM to truth": "higher", "L1": "lower"})
    row = metrics.agreement(table).iloc[0]
    assert row["n"] == 2
    assert np.isnan(row[["rho", "tau", "tau_within"]].astype(float)).all()


def test_noise_agrees_with_nothing_on_average() -> None:
    rng = np.random.default_rng(0)
    taus = [
        metrics.agreement(scores({"SSIM to truth": rng.random(24).tolist(), "noise": rng.random(24).tolist()},
                                 {"SSIM to truth": "higher", "noise": "higher"}))["tau"][0]
        for _ in range(20)
    ]  # fmt: skip
    assert abs(np.mean(taus)) < 0.1
