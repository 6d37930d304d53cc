"""The figures show the numbers they are drawn from, alike on every run, and tell methods apart without colour."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from understudy import stats
from understudy.report import MethodView, Page, styles
from understudy.report.findings import Findings, find
from understudy.report.plots import (
    Plot,
    drawn,
    estimates,
    inside,
    ladders,
    learning,
    matrix,
    pareto,
    ranks,
    standalone,
    svg,
)
from understudy.report.scores import Table

from . import simulated


def whole(**fields: object) -> Page:
    table = simulated.scores()
    more: dict[str, object] = {
        "curves": simulated.curves(table),
        "costs_table": simulated.costs(),
        "validity": simulated.validity(),
    }
    return simulated.page(table, **(more | fields))


@pytest.fixture(scope="module")
def found() -> Findings:
    return find(whole())


def truth(found: Findings) -> Table:
    return next(t for t in found.tables if t.metric.name == "SSIM to truth")


def marks(plot: Plot, style: int, kind: str = "m") -> list[tuple[float, float]]:
    """Where the marks of a style are."""
    spots = re.findall(
        rf'<path class="{kind}{style}" transform="translate\(([-\d.]+) ([-\d.]+)\)', "\n".join(plot.body)
    )
    return [(float(x), float(y)) for x, y in spots]


def test_every_figure_there_is_can_be_drawn(found: Findings) -> None:
    kinds = {figure.kind for figure in drawn(found)}
    assert kinds == {"estimates", "differences", "ranks", "curves", "pareto", "pairs", "seeds", "validity"}
    places = [figure.place for figure in drawn(found)]
    assert len(set(places)) == len(places)


def test_a_figure_is_the_same_to_the_byte_and_a_whole_file(found: Findings) -> None:
    again = drawn(find(whole()))
    for figure, other in zip(drawn(found), again, strict=True):
        assert inside("k", figure.plot) == inside("k", other.plot)
        text = standalone(figure.plot)
        root = ET.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "class=" not in text, "a file for a paper has no style sheet to rest on"
        assert not re.search(r"url\(|href|<script|<style", text)
        places = [float(v) for v in re.findall(r' (?:x|x1|x2|cx)="([-\d.]+)"', text)]
        assert all(-5 <= v <= figure.plot.width + 5 for v in places)


def test_estimates_stand_where_their_means_are(found: Findings) -> None:
    table = truth(found)
    plot = estimates.forest(found, table)
    assert plot is not None
    rows = found.ranked(table)
    # The first mark of a style is its legend, then come the estimates, one a method.
    x = [marks(plot, found.style(str(r["method"])))[-1][0] for r in rows]
    slope, start = np.polyfit([float(r["mean"]) for r in rows], x, 1)
    assert slope > 0
    assert x == pytest.approx([slope * float(r["mean"]) + start for r in rows], abs=0.2)
    y = [marks(plot, found.style(str(r["method"])))[-1][1] for r in rows]
    assert y == sorted(y), "the best is at the top"


def test_a_difference_is_filled_only_where_it_is_shown(found: Findings) -> None:
    for table in found.keys:
        plot = estimates.differences(found, table)
        assert plot is not None
        rows = found.differences(table.metric.name)
        filled = sum(len(marks(plot, style)) for style in range(1, 13))
        hollow = sum(len(marks(plot, style, "h")) for style in range(1, 13))
        assert (filled, hollow) == (sum(bool(r.favours) for r in rows), sum(not r.favours for r in rows))


def bars(plot: Plot) -> list[tuple[float, float]]:
    spans = re.findall(r'<line class="bar" x1="([-\d.]+)" y1="[-\d.]+" x2="([-\d.]+)"', "\n".join(plot.body))
    return [(float(a), float(b)) for a, b in spans]


def test_the_bars_of_ranks_join_exactly_the_groups_that_are_not_told_apart(found: Findings) -> None:
    for table in found.keys:
        plot, ranking = ranks.diagram(found, table), found.rankings[table.metric.name]
        assert plot is not None
        places = {name: marks(plot, found.style(name))[0][0] for name in ranking.ranks}
        joined = [{n for n, x in places.items() if a - 0.2 <= x <= b + 0.2} for a, b in bars(plot)]
        assert joined == [set(group) for group in ranking.groups]
        slope, start = np.polyfit(list(ranking.ranks.values()), [places[n] for n in ranking.ranks], 1)
        assert slope > 0
        assert list(places.values()) == pytest.approx([slope * r + start for r in ranking.ranks.values()], abs=0.2)


def test_a_ranking_of_two_methods_is_no_figure() -> None:
    skills = {"copy": 0.0, "saehd": 2.0}
    small = find(simulated.page(simulated.scores(skills), skills))
    assert ranks.diagram(small, truth(small)) is None
    assert estimates.forest(small, truth(small)) is not None


def test_a_learning_curve_ends_at_the_scores(found: Findings) -> None:
    by_share = learning.by_share(found.page.curves, "SSIM to truth")
    means = by_share.groupby(["method", "share"])["value"].mean()
    estimate = found.estimate("saehd", "SSIM to truth")
    assert estimate is not None
    assert means["saehd", 1.0] == pytest.approx(float(estimate["mean"]))
    assert means["saehd", 0.5] == pytest.approx(float(estimate["mean"]) - 0.1)
    plot = learning.curves(found, truth(found))
    assert plot is not None
    (left, low), (right, high) = marks(plot, found.style("saehd"))
    assert left < right
    assert low > high, "it learned: on a page up is less"
    assert learning.curves(find(simulated.page()), truth(found)) is None


def test_a_ring_marks_exactly_what_nothing_beats(found: Findings) -> None:
    plot = pareto.pareto(found, truth(found), "conversion")
    assert plot is not None
    rings = {
        (float(x), float(y))
        for x, y in re.findall(r'<circle class="ring" cx="([-\d.]+)" cy="([-\d.]+)"', "\n".join(plot.body))
    }
    cost = pareto.cost_of(found.page.costs_table, "conversion")
    quality = {str(r["method"]): float(r["mean"]) for r in found.ranked(truth(found))}
    best = stats.pareto(cost, quality, "higher")
    assert rings == {marks(plot, found.style(name))[0] for name in best}
    assert 0 < len(best) < len(quality), "df and liae are alike, and one costs more"


def test_equal_costs_are_no_figure(found: Findings) -> None:
    rows = [("sim", "1", m, "", 1, "training CPU time", 120.0 + i, "s") for i, m in enumerate(simulated.SKILLS)]
    table = pd.DataFrame(rows, columns=list(simulated.costs().columns))
    assert pareto.pareto(find(whole(costs_table=table)), truth(found), "training CPU time") is None


def test_a_matrix_has_every_pair_s_number_and_none_for_a_single_pair(found: Findings) -> None:
    plot = matrix.matrix(found, truth(found))
    assert plot is not None
    table = truth(found)
    shown = re.findall(r'text-anchor="middle">([^<]+)</text>', "\n".join(plot.body))
    due = [f"{v:.{table.places}f}" for row in table.rows if not row.sanity for v in row.by_pair.values()]
    assert sorted(shown) == sorted(due)
    scores = found.page.scores
    one = find(simulated.page(scores[(scores["source"] == "ada") & (scores["driver"] == "ben")]))
    assert matrix.matrix(one, truth(one)) is None


@pytest.mark.parametrize(("broken", "sign"), [(False, "✓"), (True, "✗")])
def test_a_metric_that_does_not_fall_along_its_ladder_says_so(broken: bool, sign: str) -> None:
    found = find(whole(validity=simulated.validity(broken=broken)))
    (figure,) = (f for f in drawn(found) if f.kind == "validity")
    signs = re.findall(r">([✓✗])</text>", "\n".join(figure.plot.body))
    assert signs == [sign]
    assert ("SSIM to truth along blur" in figure.plot.words) == broken


def test_means_of_a_ladder_are_over_conversions() -> None:
    table = simulated.validity()
    table.loc[0, "value"] = 1.0
    assert ladders.means(table)["SSIM to truth", "blur"] == pytest.approx([0.95, 0.8, 0.7, 0.6])


def test_twelve_methods_look_different_without_their_colour_s_help() -> None:
    methods = tuple(MethodView(name=f"m{i}", family="swap", learned=True) for i in range(12))
    page = whole(methods=methods)
    looks = [styles.style_of(page, m.name) for m in methods]
    assert sorted(looks) == list(range(1, 13))
    assert len({styles.SHAPES[style] for style in looks}) == 12
    assert len({(styles.colour(s), styles.DASHES[s]) for s in looks}) == 12


def test_names_are_text_in_a_figure(found: Findings) -> None:
    evil = "<script>&\"'"
    table = simulated.scores().replace({"method": {"saehd": evil}})
    for figure in drawn(find(simulated.page(table, {"copy": 0, "df": 1, "liae": 1, evil: 2}))):
        assert "<script" not in standalone(figure.plot)
        ET.fromstring(standalone(figure.plot))


@pytest.mark.parametrize("logarithmic", [False, True])
def test_ticks_are_round_within_the_axis_and_in_order(logarithmic: bool) -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        low = float(10 ** rng.uniform(-5, 9))
        scale = svg.spanning([low, low * float(1 + 10 ** rng.uniform(-2, 4))], 10, 500, logarithmic=logarithmic)
        ticks = scale.ticks()
        assert 1 <= len(ticks) <= 12
        assert all(9 <= at <= 501 for at, _ in ticks)
        assert [at for at, _ in ticks] == sorted({at for at, _ in ticks})
        assert len({text for _, text in ticks}) == len(ticks), "two ticks say the same"


def test_labels_are_moved_apart_in_their_order() -> None:
    moved = svg.apart([10.0, 11.0, 12.0, 50.0], 14)
    assert np.diff(moved).min() >= 13.8
    assert moved == sorted(moved)
    assert math.isclose(moved[3], 50.0, abs_tol=8)
    assert svg.apart([1.0, 40.0], 14) == [1.0, 40.0]
