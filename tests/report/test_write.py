"""The page is whole, escaped, self-contained, and shows nobody who did not allow it."""

import base64
import html.parser
import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from understudy.report import Page, Person, write
from understudy.report.showing import hidden, shown

Make = Callable[..., Page]
VOID = {"meta", "link", "img", "input", "br", "hr", "line", "rect", "circle", "path", "use", "polyline"}
EVIL = "<script>alert(1)</script>\"'&{{7*7}}</td>"


class Balanced(html.parser.HTMLParser):
    """Every element that opens closes, in order; pictures and videos have a text; ids and links are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.ids, self.targets = list[str](), list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"doubled attribute in {tag}"
        self.ids += [given["id"] or ""] if "id" in given else []
        self.targets += [(given["href"] or "")[1:]] if (given.get("href") or "").startswith("#") else []
        assert tag != "img" or given.get("alt")
        assert tag != "video" or given.get("aria-label")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def check(text: str) -> Balanced:
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    assert len(set(parser.ids)) == len(parser.ids)
    assert set(parser.targets) <= set(parser.ids)
    return parser


def test_the_page_is_balanced_and_needs_nothing_from_outside(make_page: Make, tmp_path: Path) -> None:
    out = write(tmp_path / "result", make_page())
    text = out.read_text(encoding="utf-8")
    check(text)
    assert {path.name for path in out.parent.iterdir()} == {"report.html", "numbers.json", "figures", "tables"}
    assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?(https?:)?//", text)
    assert text.count("data:video/mp4;base64,") == 6  # twelve players; the two pairs' videos have equal bytes


def test_the_videos_inside_are_the_published_bytes(make_page: Make, tmp_path: Path) -> None:
    page = make_page()
    text = write(tmp_path / "result", page).read_text(encoding="utf-8")
    inside = {base64.b64decode(m) for m in re.findall(r"data:video/mp4;base64,([A-Za-z0-9+/=]+)", text)}
    assert inside == {pl.video.read_bytes() for p in page.pairs for c in p.clips for pl in c.players}


def test_large_studies_are_linked_beside_the_page(make_page: Make, tmp_path: Path) -> None:
    out = write(tmp_path / "result", make_page(), largest=1000)
    text = out.read_text(encoding="utf-8")
    check(text)
    linked = set(re.findall(r'"(media/[^"]+\.mp4)"', text))
    assert len(linked) == 6
    assert all((out.parent / name).is_file() for name in linked)
    assert "data:video" not in text


def test_the_legend_of_a_trace_names_what_has_a_line_there_and_nothing_else(make_page: Make, tmp_path: Path) -> None:
    """A voice has no landmarks: it is not named below the faces' curves. What has values in any curve is."""
    frames = make_page().frames
    frames["pose error"] = frames["SSIM to truth"].where(frames["method"] == "original")
    frames.loc[frames["method"] != "copy", "identity distance to source"] = math.nan
    frames.loc[frames["method"] != "copy", "SSIM to truth"] = math.nan
    text = write(tmp_path / "result", make_page(frames=frames)).read_text(encoding="utf-8")
    heads = re.findall(r'<p class="tracehead">.*?</p>', text)
    assert len(heads) == 2
    for head in heads:
        named = [name for name in ("copy", "warp", "original") if re.search(rf">\s*{name}\s*<", head)]
        assert named == ["copy", "original"], head


def test_the_same_page_gives_the_same_bytes(make_page: Make, tmp_path: Path) -> None:
    page = make_page()
    assert write(tmp_path / "one", page).read_bytes() == write(tmp_path / "two", page).read_bytes()


def test_names_are_text_never_markup(make_page: Make, tmp_path: Path) -> None:
    page = make_page(
        a=EVIL, study=EVIL, notes=(EVIL,), rerun=(EVIL,), environment={EVIL: EVIL}, definitions={"pose error": EVIL}
    )
    text = write(tmp_path / "result", page).read_text(encoding="utf-8")
    parser = check(text)
    assert "<script>alert" not in text
    assert text.count("<script") == 3  # the page's own data, the score table's rows and its own script
    assert "{{7*7}}" in text  # shown as it is, not computed
    assert EVIL not in "".join(parser.ids)


def test_who_did_not_allow_it_is_not_shown(make_page: Make, tmp_path: Path) -> None:
    page = make_page(b_shown=False)
    text = write(tmp_path / "result", page).read_text(encoding="utf-8")
    check(text)
    # All that may be seen is ada alone: as the source of one pair, as the driver of the other.
    alone = {pl.video for p in shown(page).pairs for c in p.clips for pl in c.players}
    assert {v.name for v in alone} == {"0 source.mp4", "1 driver.mp4"}
    assert text.count("data:video/mp4;base64,") == 2
    assert text.count("data:image/jpeg;base64,") == 2  # their posters; no worst frame of a fake
    assert "Not shown, by their record: ben" in text
    assert "ada in the performance of ben" in text  # the numbers stay


@pytest.mark.parametrize("status", ["not yet", "expired", "withdrawn"])
def test_a_record_that_is_not_in_force_hides_its_person(make_page: Make, status: str) -> None:
    page = make_page()
    people = tuple(replace(p, status=status) if p.subject == "ben" else p for p in page.people)
    assert hidden(replace(page, people=people)) == {"ben"}


def test_whoever_has_no_record_is_not_shown(make_page: Make) -> None:
    page = make_page()
    assert hidden(replace(page, people=page.people[:1])) == {"ben"}


def test_two_records_of_one_person_must_both_allow_it(make_page: Make) -> None:
    page = make_page()
    second: Person = replace(page.people[0], record="another", shown=False, since=date(2026, 2, 1))
    assert hidden(replace(page, people=(*page.people, second))) == {"ada"}


def test_an_empty_study_is_still_a_page(make_page: Make, tmp_path: Path) -> None:
    page = make_page()
    bare = replace(
        page,
        pairs=(),
        scores=page.scores.iloc[:0],
        frames=page.frames.iloc[:0],
        runs=(),
        extractions=(),
        costs=(),
        people=(),
        footage=(),
        methods=(),
        environment={},
        digests={},
        rerun=(),
    )
    check(write(tmp_path / "result", bare).read_text(encoding="utf-8"))
