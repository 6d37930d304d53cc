"""Cards and the paragraph say what was recorded, and no more: every number in them is found again in the data."""

import dataclasses
import datetime
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from understudy import crate, stats
from understudy.crate.words import count, duration, listing, number
from understudy.people import Clip, Consent, Form, Purposes, Synthetic

HEAD = "4d266c7b8080ee0a" * 4


def consent(subject: str, *, basis: Form | Synthetic | None = None, share: bool = True) -> Consent:
    return Consent(
        id=f"{subject}-2026",
        subject=subject,
        basis=basis or Synthetic(kind="synthetic"),
        purposes=Purposes(
            extract=True,
            train=("swap",),
            be_source=("swap",),
            be_driver=("swap",),
            appear_in_report=True,
            study_stimulus=False,
            share_weights=share,
            publish=False,
        ),
        counterparts="anyone",
        first=datetime.date(2026, 1, 1),
        until=datetime.date(2027, 1, 1),
        path=Path("log.jsonl"),
    )


def model_card(contents: crate.Contents, scores: pd.DataFrame, card: dict[str, Any], **changes: Any) -> crate.Card:
    given: dict[str, Any] = {
        "study": "small, version 1",
        "method": "original",
        "group": "ada+bruno",
        "seed": 1,
        "about": "A face swap.",
        "voice": False,
        "card": card,
        "records": [consent("ada"), consent("bruno")],
        "learnt": [clip for clip in contents.manifest.clips if clip.role == "train"],
        "scores": scores,
        "shareable": True,
        "weights": "ab" * 32,
    }
    return crate.model_card(**(given | changes))


def facts(contents: crate.Contents, scores: pd.DataFrame, frames: pd.DataFrame, card: dict[str, Any]) -> crate.Facts:
    return crate.Facts(
        study="small",
        version="1",
        methods={"warp": "swap", "original": "swap"},
        learned=["original"],
        pairs=[("ada", "bruno")],
        clips=contents.manifest.clips[:4],
        cards={"original": [card]},
        scores=scores,
        frames=frames,
        software={"understudy": "0.1.0", "torch": "2.13.0"},
        head=HEAD,
    )


def test_a_model_card_has_the_sections_of_a_model_card(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    made = model_card(contents, long_scores, card)
    headings = [heading for heading, _ in made.sections]
    assert headings == re.findall(r"^## (.+)$", made.markdown(), re.M)
    assert {"Model details", "Intended use", "Out-of-scope use", "Training data", "Evaluation", "Limits"} <= set(
        headings
    )
    front = yaml.safe_load(made.markdown().split("---")[1])
    assert front["library_name"] == "understudy"
    assert made.name == "model-original-ada+bruno-seed-1.md"


def test_the_metrics_of_a_card_are_those_of_the_table(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    """Recomputed here from the rows by hand; the sanity rows and the other method do not enter."""
    text = dict(model_card(contents, long_scores, card).sections)["Evaluation"]
    own = long_scores[(long_scores["method"] == "original") & (long_scores["metric"] == "identity distance to source")]
    line = next(line for line in text.splitlines() if line.startswith("| identity distance to source"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert float(cells[1]) == pytest.approx(np.mean(own["value"]), rel=5e-3)
    assert int(cells[2]) == len(own) == 6
    low, high = (float(end) for end in cells[3].split(" to "))
    assert (low, high) == pytest.approx(stats.interval(own["value"].to_numpy(), seed=0), rel=5e-3)
    assert low < np.mean(own["value"]) < high


def test_too_few_clips_get_no_interval(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    few = long_scores[long_scores["clip"].isin(["bruno-0", "bruno-1"])]
    text = dict(model_card(contents, few, card).sections)["Evaluation"]
    assert "two clips, too few" in text
    assert not re.search(r"\d to ", text)


def test_an_interval_in_a_card_ends_where_the_unit_does(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    values = np.where(long_scores["clip"] == "bruno-0", 0.7, 1.0)
    free, cut = (
        dict(model_card(contents, long_scores.assign(value=values, unit=unit), card).sections)["Evaluation"]
        for unit in ("degrees", "share of frames")
    )
    ends = [[float(end) for end in re.findall(r" to ([\d.]+)", text)] for text in (free, cut)]
    assert max(ends[0]) > 1
    assert max(ends[1]) == 1


def test_a_card_names_the_records_and_nobody_else(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    text = model_card(contents, long_scores, card).markdown()
    assert "ada-2026" in text
    assert "bruno-2026" in text
    assert not re.search(r"\bp[12]\b", text)


@pytest.mark.parametrize("shareable", [True, False])
def test_a_card_says_whether_the_weights_are_shared(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any], shareable: bool
) -> None:
    records = [consent("ada"), consent("bruno", share=shareable)]
    made = model_card(contents, long_scores, card, records=records, shareable=shareable)
    text = dict(made.sections)["Weights"]
    assert ("Not shared" in text) is not shareable
    assert ("bruno did not" in text) is not shareable
    assert "ab" * 32 in text


def test_a_card_of_a_voice_speaks_of_what_was_heard(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    said = dict(model_card(contents, long_scores, card, voice=True).sections)
    assert "pieces of speech" in said["Training procedure"]
    assert "knows the voices of ada and bruno" in said["Limits"]
    assert not re.search("face|picture|saw|filmed|rendered", said["Training procedure"] + said["Limits"])


def test_a_training_that_was_stopped_is_said_to_be(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    assert "stopped" not in model_card(contents, long_scores, card).markdown()
    assert "is stopped" in dict(model_card(contents, long_scores, card | {"state": "stopped"}).sections)["Limits"]


def test_the_data_card_counts_what_there_is(contents: crate.Contents) -> None:
    form = Form(kind="form", sha256="c" * 64)
    records = {name: consent(name) for name in ("ada", "bruno")} | {
        name: consent(name, basis=form) for name in ("p1", "p2")
    }
    made = crate.data_card(
        study="small",
        version="1",
        about="Is it small?",
        clips=contents.manifest.clips,
        records=records,
        frames={"ada-train": 200, "ada-test": 75},
        head=HEAD,
    )
    said = dict(made.sections)
    assert "Four subjects, six clips" in said["Composition"]
    assert "four clips rendered" in said["Composition"]
    assert "two filmed clips" in said["Composition"]
    assert re.search(r"\| ada .*\| 1 test, 1 train \| 275 \|", said["Composition"])
    assert "not counted" in said["Composition"]
    assert "two records rest on a signed form" in said["Consent and withdrawal"]
    assert HEAD[:16] in said["Consent and withdrawal"]
    assert "/private" not in made.markdown()


def test_the_paragraph_says_what_was_compared_on_how_many(
    contents: crate.Contents, long_scores: pd.DataFrame, frame_values: pd.DataFrame, card: dict[str, Any]
) -> None:
    text = crate.methods_text(facts(contents, long_scores, frame_values, card))
    for said in (
        "two swap methods (warp and original)",
        "two synthetic actors",
        "one ordered pair",
        "same six test clips (240 frames a method)",
        "trained once, for 4,000 steps of 8 pictures of each subject at a peak learning rate of 0.0025",
        "with the seed 1, in bf16 on one core of an",
        "in two metrics (identity distance to source and flicker)",
        "same measures of truth",
        "understudy 0.1.0 and torch 2.13.0",
    ):
        assert said in text
    assert "\n" not in text
    assert "  " not in text


def test_the_paragraph_concludes_what_the_intervals_carry(
    contents: crate.Contents, long_scores: pd.DataFrame, frame_values: pd.DataFrame, card: dict[str, Any]
) -> None:
    """Identity was made to differ by 0.2 with a noise of 0.01; flicker was made the same."""
    text = crate.methods_text(facts(contents, long_scores, frame_values, card))
    assert re.search(r"Original was ahead of warp in identity distance to source \(−0\.(19|20)\d, ", text)
    assert re.search(r"no difference could be concluded in flicker \(", text)
    swapped = long_scores.assign(better=long_scores["better"].where(long_scores["metric"] == "flicker", "higher"))
    turned = crate.methods_text(facts(contents, swapped, frame_values, card))
    assert "Original was behind warp in identity distance to source" in turned


def test_few_clips_conclude_nothing(
    contents: crate.Contents, long_scores: pd.DataFrame, frame_values: pd.DataFrame, card: dict[str, Any]
) -> None:
    few = long_scores[long_scores["clip"].isin(["bruno-0", "bruno-1"])]
    text = crate.methods_text(facts(contents, few, frame_values, card))
    assert "ahead of" not in text
    assert "no method can be said to be better" in text
    assert "With two clips, fewer than the five clips" in text


def test_the_paragraph_claims_no_held_out_clips_that_are_not(
    contents: crate.Contents, long_scores: pd.DataFrame, frame_values: pd.DataFrame, card: dict[str, Any]
) -> None:
    given = facts(contents, long_scores, frame_values, card)
    tests = tuple(
        Clip(
            id=f"bruno-{n}",
            subject="bruno",
            path=f"cast:bruno/{n}",
            sha256=f"{n}" * 64,
            role="test",
            licence="CC0 1.0",
        )
        for n in range(6)
    )
    kept_out = dataclasses.replace(given, clips=tests)
    learnt = dataclasses.replace(given, clips=(*tests[:5], dataclasses.replace(tests[5], role="train")))
    assert "no model had learned from any of them" in crate.methods_text(kept_out)
    assert "no model had learned from any of them" not in crate.methods_text(learnt)


def test_a_withdrawal_is_told_and_nobody_named(
    contents: crate.Contents, long_scores: pd.DataFrame, frame_values: pd.DataFrame, card: dict[str, Any]
) -> None:
    given = facts(contents, long_scores, frame_values, card)
    told = crate.methods_text(dataclasses.replace(given, withdrawals=[(datetime.date(2026, 11, 18), 2)]))
    assert "After a withdrawal on 2026-11-18, two pairs and all that came of them left the study." in told
    assert "withdrawal on" not in crate.methods_text(given)


def test_a_study_without_training_says_nothing_of_one(
    contents: crate.Contents, long_scores: pd.DataFrame, frame_values: pd.DataFrame, card: dict[str, Any]
) -> None:
    given = facts(contents, long_scores, frame_values, card)
    text = crate.methods_text(dataclasses.replace(given, methods={"warp": "swap"}, learned=[], cards={}))
    assert "trained" not in text
    assert "one seed" not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.99996, "1.00"),
        (-0.0428, "−0.0428"),
        (12345.6, "12,346"),
        (float("nan"), "not a number"),
        (float("-inf"), "−∞"),
        (1e-9, "1.00e−09"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_lists_and_counts_read_as_written_by_hand() -> None:
    assert (listing([]), listing("a"), listing("ab"), listing("abc")) == ("none", "a", "a and b", "a, b and c")
    assert (count(0, "clip"), count(1, "clip"), count(12, "clip")) == ("no clips", "one clip", "12 clips")
    assert (duration(3.0), duration(553.67), duration(7200)) == ("3.00 s", "9.23 min", "2.00 h")


def test_a_card_is_text_that_json_can_hold(
    contents: crate.Contents, long_scores: pd.DataFrame, card: dict[str, Any]
) -> None:
    made = model_card(contents, long_scores, card)
    assert json.loads(json.dumps(made.sections)) == [list(section) for section in made.sections]
