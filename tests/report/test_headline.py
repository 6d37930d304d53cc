"""The first lines follow from estimates and corrected contrasts, and claim no more than these show."""

import pandas as pd
import pytest

from understudy import stats
from understudy.report import Page, derive
from understudy.report.findings import Findings, find
from understudy.report.headline import headline, overall
from understudy.report.numbered import key

from . import simulated


def sentences(page: Page) -> tuple[str, ...]:
    return headline(find(page)).sentences


def about(page: Page, start: str) -> str:
    return next(s for s in sentences(page) if s.startswith(start))


def mean(found: Findings, method: str, metric: str) -> float:
    row = found.estimate(method, metric)
    assert row is not None
    return float(row["mean"])


def turned(table: pd.DataFrame) -> pd.DataFrame:
    """The same scores, best and worst of saehd and df exchanged."""
    return table.assign(method=table["method"].replace({"saehd": "df", "df": "saehd"}))


def test_who_leads_by_how_much_is_what_the_statistics_say() -> None:
    page = simulated.page()
    found = find(page)
    said = about(page, "SSIM to truth:")
    best = found.estimate("saehd", "SSIM to truth")
    assert best is not None
    assert f"saehd has the best mean, {best['mean']:.3f} [{best['low']:.3f}, {best['high']:.3f}]" in said
    for other in ("df", "liae", "copy"):
        row = found.between("SSIM to truth", "saehd", other)
        assert row is not None
        assert row.favours == "saehd"
        assert f"{other} by {row.difference:.3f} [{row.low:.3f}, {row.high:.3f}]" in said
    assert said.endswith("on 12 pairs.")


def test_turning_the_contrasts_round_changes_who_is_said_to_win() -> None:
    before, after = (about(p, "SSIM") for p in (simulated.page(), simulated.page(turned(simulated.scores()))))
    assert "saehd has the best mean" in before
    assert "df has the best mean" in after
    assert before.replace("saehd", "?").replace("df", "saehd").replace("?", "df") == after


def test_no_difference_is_claimed_where_the_test_shows_none() -> None:
    page = simulated.page()
    assert "no difference is shown to any other" in about(page, "Flicker:")
    assert "beats" not in about(page, "Flicker:")
    assert "Told apart in none of these: df and liae." in sentences(page)
    shown = stats.contrasts(page.scores)
    learned = shown[(shown["metric"] == "SSIM to truth") & (shown["a"] != "copy") & (shown["b"] != "copy")]
    count = f"{(learned['favours'] != '').sum()} of 3 in SSIM to truth"
    assert count in about(page, "Of the differences between learned methods")


def test_the_methods_are_ordered_by_their_mean_rank_over_the_key_metrics() -> None:
    found = find(simulated.page())
    by_hand = pd.DataFrame(
        {t.metric.name: {n: t.metric.gain(mean(found, n, t.metric.name)) for n in found.compared} for t in found.keys}
    )
    ranks = by_hand.rank(ascending=False).mean(axis=1)
    assert dict(overall(found)) == pytest.approx(ranks.to_dict())
    assert [rank for _, rank in overall(found)] == sorted(ranks)
    assert sentences(found.page)[0].startswith(f"{ranks.idxmin()} ranks first over SSIM to truth, identity distance")


def test_who_could_not_be_measured_has_no_place_and_that_is_said() -> None:
    table = simulated.scores()
    blind = (table["method"] == "liae") & (table["metric"] == "identity distance to source")
    table.loc[blind, "value"] = float("nan")
    first = sentences(simulated.page(table))[0]
    assert first.endswith(". liae has no place: it could not be measured in identity distance to source.")
    assert "has no place" not in sentences(simulated.page())[0]


def test_a_baseline_that_beats_what_learned_is_named() -> None:
    skills = {"copy": 1.5, "df": 1.0, "saehd": 2.0}
    said = about(simulated.page(simulated.scores(skills), skills), "Behind a baseline")
    assert "copy beats df in SSIM to truth" in said
    assert "saehd" not in said
    assert "Every learned method beats copy in SSIM to truth and identity distance to source." in sentences(
        simulated.page()
    )


def test_the_truth_behind_the_leader_takes_the_edge_off() -> None:
    skills = {"copy": 0.0, "df": 1.0, "saehd": 4.0}
    said = about(simulated.page(simulated.scores(skills), skills), "SSIM")
    assert "The exact truth itself has 0.7" in said
    assert "exact truth" not in about(simulated.page(), "SSIM")


def test_one_pair_and_one_seed_are_said_and_nothing_is_tested() -> None:
    whole = simulated.scores(seeds=1, clips=1)
    one = whole[(whole["source"] == "ada") & (whole["driver"] == "ben")]
    said = sentences(simulated.page(one))
    assert "One pair only: nothing here says how other people would fare." in said
    assert any(s.startswith("One training seed only") for s in said)
    assert any(s.startswith("Nothing is tested here: ") for s in said)
    assert not any("beats" in s or "corrected tests show" in s for s in said)
    assert all(s.endswith("the differences are not tested.") for s in said if s.startswith(("SSIM", "Identity")))


def test_a_key_metric_that_fails_its_ladder_is_named_in_the_answer() -> None:
    care = "Read SSIM to truth with care: it does not fall along the ladder blur."
    for broken in (False, True):
        said = sentences(simulated.page(validity=simulated.validity(broken=broken)))
        assert (care in said) == broken


def test_of_two_people_the_intervals_speak_of_these_alone() -> None:
    table = simulated.scores(people=("ada", "ben"), clips=6)
    assert any("over clips and speak of these people alone" in s for s in sentences(simulated.page(table)))
    assert any("over people and speak of new people like these" in s for s in sentences(simulated.page()))


def test_a_score_that_changes_changes_the_first_lines_and_their_numbers() -> None:
    page = simulated.page()
    table = page.scores.copy()
    table.loc[(table["method"] == "saehd") & (table["metric"] == "SSIM to truth"), "value"] -= 0.5
    before, after = derive(page, "crate"), derive(simulated.page(table), "crate")
    for name in (key("answer", "all", 1), key("answer", "all", 2), key("estimate", "SSIM to truth", "saehd", "mean")):
        assert before[name].text != after[name].text
    assert before[key("answer", "all", 3)].text == after[key("answer", "all", 3)].text


def test_what_a_training_cost_is_told_from_the_cost_table() -> None:
    rows = [("sim", "1", m, "a", 1, "training CPU time", v, "s") for m, v in (("df", 100.0), ("saehd", 120.0))]
    table = pd.DataFrame(rows, columns=["study", "version", "method", "group", "seed", "quantity", "value", "unit"])
    assert "A training took 100 to 120 s of CPU time." in sentences(simulated.page(costs_table=table))


def test_the_difference_is_seen_from_the_better_method_whichever_way_is_better() -> None:
    found: Findings = find(simulated.page())
    higher, lower = (found.between(m, "copy", "saehd") for m in ("SSIM to truth", "identity distance to source"))
    assert higher is not None
    assert lower is not None
    assert (higher.ahead, lower.ahead) == ("saehd", "saehd")
    assert higher.difference == pytest.approx(0.10, abs=0.01)
    assert lower.difference == pytest.approx(-0.10, abs=0.01)
    assert higher.won == lower.won == 1
    assert higher.low < higher.difference < higher.high


def test_what_only_these_people_show_is_said_of_them_alone() -> None:
    """A gain that differs from person to person: over people it is not shown, over clips it is."""
    gains = {"ada": 0.2, "ben": 1.0, "cleo": 1.8, "dan": 0.3}
    table = simulated.scores({"df": 1.0, "saehd": 1.0}, clips=4)
    ssim = (table["metric"] == "SSIM to truth") & (table["method"] == "saehd")
    table.loc[ssim, "value"] += 0.01 * table.loc[ssim, "driver"].map(gains)
    found = find(simulated.page(table))
    wide, here = (ask("SSIM to truth", "saehd", "df") for ask in (found.between, found.between_here))
    assert wide is not None
    assert here is not None
    assert (wide.favours, wide.over) == ("", "people")
    assert (here.favours, here.over) == ("saehd", "clips")
    said = about(simulated.page(table), "SSIM to truth:")
    assert f"on these people, if not for others, it beats df by {here.difference:.3f}" in said
    assert any("these people alone was tested over clips" in each for each in sentences(simulated.page(table)))
    flat = simulated.scores({"df": 1.0, "saehd": 1.0}, clips=4)
    assert "on these people" not in about(simulated.page(flat), "SSIM to truth:")
