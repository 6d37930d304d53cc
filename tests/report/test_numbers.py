"""Every number of the page has a key, follows from the tables, and cannot be changed unseen."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from understudy.report import (
    FootageView,
    MethodView,
    Page,
    Passage,
    Withdrawal,
    derive,
    read_marks,
    recorded,
    strays,
    write,
)
from understudy.report.numbered import Marker, Number, key
from understudy.report.showing import shown

Make = Callable[..., Page]


def full(make_page: Make) -> Page:
    """A page that has everything that a page can have."""
    page = make_page(
        cards=(Passage(heading="original", text="Trained on 2 people.\nMean 0.505 <b>"),),
        consent_head="ab" * 32,
        withdrawals=(Withdrawal(date=date(2026, 11, 3), pairs=2),),
    )
    people = tuple(replace(person, published=True) for person in page.people)
    more = pd.concat([page.scores.assign(clip=page.scores["clip"] + str(i)) for i in range(3)])
    return replace(page, people=people, scores=more)


def written(folder: Path, page: Page, **how: str) -> tuple[str, dict[str, dict[str, dict[str, object]]]]:
    out = write(folder, page, **how)  # type: ignore[arg-type]
    return out.read_text(encoding="utf-8"), json.loads((folder / "numbers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("audience", ["study", "crate"])
def test_every_number_on_the_page_is_the_recorded_one(make_page: Make, tmp_path: Path, audience: str) -> None:
    text, numbers = written(tmp_path, full(make_page), audience=audience)
    known = numbers["derived"] | numbers["recorded"]
    marks = read_marks(text)
    assert {m.key for m in marks} == set(known)
    assert [m for m in marks if m.text != known[m.key]["text"]] == []
    assert len(marks) > 200
    assert not set(numbers["derived"]) & set(numbers["recorded"])
    assert all(entry["source"] for entry in numbers["recorded"].values())


@pytest.mark.parametrize("audience", ["study", "crate"])
def test_every_derived_number_is_shown_so_that_none_can_be_left_out(
    make_page: Make, tmp_path: Path, audience: str
) -> None:
    page = full(make_page)
    _, numbers = written(tmp_path, page, audience=audience)
    visible = shown(page, "crate" if audience == "crate" else "study")
    assert set(numbers["derived"]) == set(derive(visible, "crate" if audience == "crate" else "study"))
    assert set(numbers["recorded"]) == set(recorded(visible))


def test_the_derived_numbers_follow_from_tables_and_plain_settings_alone(make_page: Make, tmp_path: Path) -> None:
    """A reviewer who has scores, frames, names and roles, and no file of the study, gets them all."""
    page = full(make_page)
    _, numbers = written(tmp_path, page, audience="crate")
    bare = Page(
        study=page.study,
        version=page.version,
        seed=page.seed,
        made="",
        people=(),
        methods=tuple(MethodView(name=m.name, family=m.family, learned=m.learned) for m in page.methods),
        footage=tuple(FootageView(clip=f.clip, subject="", role=f.role, licence="", sha256="") for f in page.footage),
        pairs=tuple(
            replace(pair, clips=tuple(replace(clip, players=()) for clip in pair.clips)) for pair in page.pairs
        ),
        scores=page.scores,
        frames=page.frames,
    )
    again = {name: number.plain() for name, number in derive(bare, "crate").items()}
    assert json.loads(json.dumps(again)) == numbers["derived"]


def names(page: Page) -> set[str]:
    """The words of this study's tables that are names, whatever digits they hold."""
    clips = {f.clip for f in page.footage} | {c.clip for p in page.pairs for c in p.clips}
    return clips | {p.subject for p in page.people} | {m.name for m in page.methods}


@pytest.mark.parametrize("audience", ["study", "crate"])
def test_no_number_stands_in_a_table_or_an_answer_without_its_key(
    make_page: Make, tmp_path: Path, audience: str
) -> None:
    page = full(make_page)
    text, _ = written(tmp_path, page, audience=audience)
    assert strays(text, names(page)) == []


def test_a_number_that_is_slipped_in_is_seen(make_page: Make, tmp_path: Path) -> None:
    page = full(make_page)
    text, _ = written(tmp_path, page)
    row = text.index("<tbody>") + len("<tbody>")
    slipped = f"{text[:row]}<tr><td>0.999</td></tr>{text[row:]}"
    (stray,) = strays(slipped, names(page))
    assert stray.text == "0.999"
    assert "0.999" in slipped.split("\n")[stray.line - 1]


def test_a_changed_score_changes_its_numbers_and_chart_and_no_other_metric_s(make_page: Make) -> None:
    page = full(make_page)
    scores = page.scores.reset_index(drop=True)
    hit = scores.index[(scores["metric"] == "pose error") & (scores["method"] == "original")][0]
    other = replace(page, scores=scores.assign(value=scores["value"].where(scores.index != hit, 9.0)))
    before, after = derive(page), derive(other)
    changed = {name for name in before if before[name].text != after.get(name, Number(text="")).text}
    assert key("score", "pose error", "original", "mean") in changed
    assert key("figure", "score", "pose error", "original") in changed
    assert not any("SSIM" in name for name in changed)


def test_a_chart_moved_by_a_tenth_of_a_pixel_is_another(make_page: Make, tmp_path: Path) -> None:
    text, _ = written(tmp_path, full(make_page))
    name = key("figure", "score", "pose error", "original")
    start = text.index(f'data-figure="{name}"')
    spot = text.index('<use href="#k3" x="', start) + len('<use href="#k3" x="')
    moved = text[:spot] + "1" + text[spot:]
    (one,), (two,) = ([m.text for m in read_marks(t) if m.key == name] for t in (text, moved))
    assert one != two


def test_the_page_of_a_crate_holds_published_fakes_by_link_and_nothing_else(make_page: Make, tmp_path: Path) -> None:
    page = full(make_page)
    clips = [
        tuple(replace(c, players=tuple(replace(p, link=f"fakes/{p.name}.mp4") for p in c.players)) for c in q.clips)
        for q in page.pairs
    ]
    page = replace(page, pairs=tuple(replace(p, clips=c) for p, c in zip(page.pairs, clips, strict=True)))
    text, _ = written(tmp_path, page, audience="crate")
    assert not re.search(r"data:(video|image)/", text)
    assert set(re.findall(r'"(fakes/[^"]+\.mp4)"', text)) == {f"fakes/{m}.mp4" for m in ("copy", "warp", "original")}
    assert set(re.findall(r'data-part="([^"]+)"', text)) == {"fake"}
    people = (page.people[0], replace(page.people[1], published=False))
    text, _ = written(tmp_path, replace(page, people=people), audience="crate")
    assert not re.search(r"data:(video|image)/|fakes/", text), "one of the two did not allow it"
    assert "in the performance of" in text


def test_withdrawals_are_told_without_a_name(make_page: Make, tmp_path: Path) -> None:
    text, _ = written(tmp_path, full(make_page))
    told = "After a withdrawal on 2026-11-03, this version was rebuilt: 2 pairs fewer."
    assert told in [m.text for m in read_marks(text)]


@given(
    some.lists(some.text(max_size=8), min_size=1, max_size=4), some.lists(some.text(max_size=8), min_size=1, max_size=4)
)
def test_different_words_give_different_keys(one: list[str], two: list[str]) -> None:
    assert (key(*one) == key(*two)) == (one == two)


@given(some.text(alphabet=some.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=40))
def test_what_is_put_on_a_page_is_read_back(words: str) -> None:
    marker = Marker({key(words): Number(text=words)})
    page = f"<!DOCTYPE html>\n<p>\u2028 a</p>\n<p>{marker.number(words)}</p>"
    assert [(m.key, m.text, m.line) for m in read_marks(page)] == ([(key(words), words, 3)] if words else [])


def test_people_whose_names_hold_digits_are_no_numbers_when_they_are_listed() -> None:
    text = "<table><tr><td>s1, s2, s33</td><td>s1, s2, 34</td></tr></table>"
    assert [stray.text for stray in strays(text, {"s1", "s2", "s33"})] == ["s1, s2, 34"]


@given(some.text(max_size=200))
def test_any_text_can_be_read_as_a_page(text: str) -> None:
    assert isinstance(read_marks(f"<table><td data-number='a'>{text}"), list)
    assert isinstance(strays(text), list)
