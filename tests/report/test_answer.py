"""The answer follows from the numbers: turned round, it tells the losses as plainly as it told the wins."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from understudy.report import Page
from understudy.report.answer import Answer, answers
from understudy.report.findings import find
from understudy.report.scores import tables
from understudy.report.stills import worst

Make = Callable[..., Page]


def said(page: Page) -> Answer:
    found = answers(find(page))
    assert len(found) == 1
    return found[0]


def test_wins_and_losses_are_told_with_their_numbers(make_page: Make) -> None:
    text = " ".join(said(make_page()).sentences)
    assert "original beats copy and warp on 2 of 2 pairs in SSIM to truth (0.505 against 0.405 and 0.425)" in text
    assert "original loses to copy on 2 of 2 pairs and warp on 2 of 2 pairs in pose error" in text
    assert "The exact truth itself is behind copy in pose error." in text


def test_turning_the_direction_round_turns_every_verdict_round(make_page: Make) -> None:
    page = make_page()
    turned = replace(page, scores=page.scores.replace({"better": {"higher": "lower", "lower": "higher"}}))
    opposite = {"wins": "loses", "loses": "wins", "mixed": "mixed"}
    before = {v.name: v.outcome for v in said(page).verdicts}
    after = {v.name: v.outcome for v in said(turned).verdicts}
    assert before == {"SSIM to truth": "wins", "pose error": "loses"}
    assert after == {name: opposite[outcome] for name, outcome in before.items()}


def test_what_could_not_be_measured_is_behind_what_could(make_page: Make) -> None:
    page = make_page()
    table = page.scores.copy()
    table.loc[(table["method"] == "original") & (table["metric"] == "SSIM to truth"), "value"] = float("nan")
    answer = said(replace(page, scores=table))
    assert {v.name: v.outcome for v in answer.verdicts} == {"SSIM to truth": "loses", "pose error": "loses"}
    assert not any("neither clearly ahead" in sentence for sentence in answer.sentences)


def test_the_share_of_frames_is_counted_and_the_worst_pair_named(make_page: Make) -> None:
    answer = said(make_page())
    assert answer.nearer is not None
    assert (answer.nearer.share, answer.nearer.frames) == (38 / 40, 40)
    assert answer.sentences[0] == (
        "original is nearer the source than the driver in 95 % of 40 frames on clips it was not trained on"
        " (2 pairs; lowest for ada → ben: 90 %)."
    )


def test_frames_without_a_face_do_not_count(make_page: Make) -> None:
    page = make_page()
    frames = page.frames.copy()
    lost = (frames["method"] == "original") & (frames["frame"] < 2)
    frames.loc[lost, "identity distance to source"] = float("nan")
    nearer = said(replace(page, frames=frames)).nearer
    assert nearer is not None
    assert (nearer.share, nearer.frames) == (1.0, 36)


def test_clips_that_were_trained_on_are_not_called_unseen(make_page: Make) -> None:
    page = make_page()
    page = replace(page, footage=tuple(replace(f, role="train") for f in page.footage))
    assert said(page).where == "on the converted clips"


def test_a_draw_is_neither_won_nor_lost(make_page: Make) -> None:
    page = make_page()
    page = replace(page, scores=page.scores.assign(value=1.0))
    assert {v.outcome for v in said(page).verdicts} == {"mixed"}
    assert all(not row.best for t in tables(page.scores, ["copy"], {}) for row in t.rows)


def test_one_pair_lost_of_two_is_undecided(make_page: Make) -> None:
    page = make_page()
    hit = (page.scores["method"] == "original") & (page.scores["source"] == "ada")
    page = replace(page, scores=page.scores.assign(value=page.scores["value"].mask(hit, 0.0)))
    verdict = next(v for v in said(page).verdicts if v.name == "SSIM to truth")
    assert verdict.outcome == "mixed"
    assert [(d.won, d.lost, d.pairs) for d in verdict.duels] == [(1, 1, 2), (1, 1, 2)]


@pytest.mark.parametrize("empty", ["scores", "frames"])
def test_what_was_not_measured_is_not_told(make_page: Make, empty: str) -> None:
    page = make_page()
    blank: pd.DataFrame = getattr(page, empty).iloc[:0]
    answer = said(replace(page, **{empty: blank}))
    assert (answer.nearer is None) == (empty == "frames")
    assert (not answer.verdicts) == (empty == "scores")


def test_each_seed_has_its_own_worst_frames(make_page: Make) -> None:
    page = make_page()
    pair = page.pairs[0]
    views = tuple(replace(pair.clips[0], seed=seed) for seed in (1, 2))
    second = page.frames.assign(seed=2, **{"SSIM to truth": page.frames["SSIM to truth"] - 0.4})
    page = replace(page, pairs=(replace(pair, clips=views),), frames=pd.concat([page.frames, second]))
    picks = [p for p in worst(page, ()) if p.metric == "SSIM to truth"]
    assert {(p.seed, p.source) for p in picks} == {(2, "ada")}
    assert [p.frame for p in picks if p.method == "warp"] == [0, 8, 16]


def test_an_interval_is_given_where_the_study_is_large_enough(make_page: Make) -> None:
    page = make_page()
    assert all(d.interval == "" for v in said(page).verdicts for d in v.duels)
    more = pd.concat(
        [page.scores.assign(clip=page.scores["clip"] + str(i), value=page.scores["value"] + 0.01 * i) for i in range(3)]
    )
    duels = [d for v in said(replace(page, scores=more)).verdicts if v.name == "SSIM to truth" for d in v.duels]
    assert duels[0].interval.startswith("+0.100 (95 % interval 0.100 to 0.100")
