"""The page of several methods: every number of its statistics has a key, can be traced, and stands in a table."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from understudy import report, stats
from understudy.report import MethodView, Page, derive, read_marks, recorded, strays, write
from understudy.report.findings import find
from understudy.report.numbered import key
from understudy.report.players import AT_ONCE
from understudy.report.rows import KEY, NAMES
from understudy.report.showing import Audience

from . import simulated


def whole(**fields: object) -> Page:
    table = simulated.scores()
    more: dict[str, object] = {
        "curves": simulated.curves(table),
        "costs_table": simulated.costs(),
        "validity": simulated.validity(),
        "budget": "120 s of CPU time",
    }
    return simulated.page(table, **(more | fields))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("comparison")
    write(made, whole())
    return made


def names(page: Page) -> set[str]:
    """The words of the tables that are names, whatever digits they hold."""
    return {m.name for m in page.methods} | {f.clip for f in page.footage} | set(page.scores["metric"])


@pytest.mark.parametrize("audience", ["study", "crate"])
def test_every_number_has_its_key_and_every_key_its_number(audience: Audience, folder: Path, tmp_path: Path) -> None:
    page = whole()
    if audience == "crate":
        folder = write(tmp_path, page, audience=audience).parent
    text = (folder / "report.html").read_text(encoding="utf-8")
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    known = numbers["derived"] | numbers["recorded"]
    marks = read_marks(text)
    assert {m.key for m in marks} == set(known)
    assert [m for m in marks if m.text != known[m.key]["text"]] == []
    assert set(numbers["derived"]) == set(derive(page, audience)), "what is derived is shown, all of it"
    assert set(numbers["recorded"]) == set(recorded(page))
    assert strays(text, names(page)) == []
    kinds = {name.split("/")[0] for name in known}
    assert {"answer", "estimate", "contrast", "costs", "judged", "agreement", "worst clip", "figure"} <= kinds


def test_the_numbers_follow_from_the_tables_alone(folder: Path) -> None:
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    page = whole(budget="", made="another day")
    again = {name: number.plain() for name, number in derive(page, "crate").items()}
    assert json.loads(json.dumps(again)) == numbers["derived"]


def test_names_with_digits_are_no_numbers(tmp_path: Path) -> None:
    skills = {"copy": 0.0, "fast-2": 1.0, "sae 128": 2.0}
    page = simulated.page(simulated.scores(skills), skills, costs_table=simulated.costs(skills))
    text = write(tmp_path, page).read_text(encoding="utf-8")
    assert strays(text, names(page)) == []
    keyless = re.sub(r'(data-number="contrast/[^"]+/difference">)', r"\1</span><span>", text, count=1)
    assert len(strays(keyless, names(page))) == 1, "a difference without its key"


@pytest.mark.parametrize("table", ["scores", "curves", "costs_table", "validity"])
def test_a_changed_table_changes_the_page(table: str) -> None:
    page = whole()
    frame = getattr(page, table).copy()
    hit = frame.index[(frame["method"] == "saehd")][0] if "method" in frame else frame.index[-1]
    frame.loc[hit, "value"] *= 1.5
    before, after = derive(page, "crate"), derive(replace(page, **{table: frame}), "crate")
    changed = {name for name in before if before[name].text != after[name].text}
    due = {
        "scores": {KEY, key("estimate", "SSIM to truth", "saehd", "mean"), key("figure", "estimates", "SSIM to truth")},
        "curves": {key("figure", "curves", "SSIM to truth")},
        "costs_table": {key("costs", "saehd", "conversion"), key("figure", "pareto", "conversion")},
        "validity": {key("judged", "SSIM to truth", "blur", "last"), key("figure", "validity")},
    }[table]
    assert due <= changed
    assert table == "scores" or len(changed) < 10


def test_the_rows_on_the_page_are_those_of_the_score_table(folder: Path) -> None:
    page, text = whole(), (folder / "report.html").read_text(encoding="utf-8")
    (raw,) = re.findall(r'<script type="application/json" id="rows"[^>]*>(.*?)</script>', text)
    held = json.loads(raw)
    columns = held["columns"]
    assert {len(values) for values in columns.values()} == {len(page.scores)}
    for name in NAMES:
        assert [held["names"][name][place] for place in columns[name]] == page.scores[name].tolist()
    assert columns["seed"] == page.scores["seed"].tolist()
    assert columns["value"] == pytest.approx(page.scores["value"].tolist(), rel=1e-5)
    asked = re.findall(r'data-rows data-metric="([^"]+)" data-method="([^"]+)"', text)
    assert {("SSIM to truth", name) for name in simulated.SKILLS} <= set(asked)


def test_the_tables_beside_the_page_are_the_statistics(folder: Path) -> None:
    page, found = whole(), find(whole())
    due = {
        "estimates": stats.estimates(page.scores),
        "contrasts": stats.contrasts(page.scores),
        "curves": page.curves,
        "costs": page.costs_table,
        "validity": page.validity,
        "judged": found.judged,
        "agreement": found.agreement,
    }
    for name, table in due.items():
        csv = pd.read_csv(folder / f"tables/{name}.csv", keep_default_na=False, na_values=[""])
        parquet = pd.read_parquet(folder / f"tables/{name}.parquet")
        assert list(csv.columns) == list(parquet.columns) == list(table.columns)
        pd.testing.assert_frame_equal(parquet, table.reset_index(drop=True), check_dtype=False)
        numeric = table.select_dtypes("number").columns
        pd.testing.assert_frame_equal(csv[numeric], table[numeric].reset_index(drop=True), check_dtype=False)
    ranks = pd.read_csv(folder / "tables/ranks.csv")
    ranking = stats.ranking(page.scores, "flicker")
    told = ranks[ranks["metric"] == "flicker"].set_index("method")["rank"].to_dict()
    assert told == pytest.approx(dict(ranking.ranks))


def test_everything_that_is_linked_is_there(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'href="((?:figures|tables)/[^"]+)"', text))
    there = {path.relative_to(folder).as_posix() for sub in ("figures", "tables") for path in (folder / sub).iterdir()}
    assert linked == there
    redrawn = report.figures(report.find(whole()))
    assert {place: (folder / place).read_text(encoding="utf-8") for place in redrawn} == redrawn
    figures = set(re.findall(r'data-figure="(figure/[^"]+)" class="plot"', text))
    assert len(figures) == sum(name.startswith("figures/") for name in there)


def test_the_same_tables_give_the_same_files(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, whole())
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes(), path.name


def test_worst_clips_are_the_worst(folder: Path) -> None:
    page = whole()
    numbers = derive(page)
    for metric, worst in (("SSIM to truth", "min"), ("identity distance to source", "max")):
        rows = page.scores[(page.scores["metric"] == metric) & (page.scores["method"] == "df")]
        (hit,) = rows[rows["value"] == rows["value"].agg(worst)].itertuples()
        told = numbers[key("worst clip", metric, "df", 1, "clip")].text
        assert told == f"{hit.clip}, seed {hit.seed}"
        assert numbers[key("worst clip", metric, "df", 1, "value")].value == hit.value


def test_a_metric_that_fails_its_ladder_is_marked_wherever_it_stands(tmp_path: Path) -> None:
    texts = {}
    for broken in (False, True):
        page = whole(validity=simulated.validity(broken=broken))
        texts[broken] = write(tmp_path / str(broken), page).read_text(encoding="utf-8")
    warning = "Read with care: along the ladder blur it does not worsen as it should."
    assert warning in texts[True]
    assert warning not in texts[False]
    assert "Not so: SSIM to truth along blur." in texts[True]
    assert "✗ <span data-number=" in texts[True]


def test_what_a_variant_is_and_where_it_began_is_told(tmp_path: Path) -> None:
    methods = tuple(
        MethodView(
            name=name,
            family="swap",
            learned=name != "copy",
            module="saehd" if name == "df" else "",
            merge_of="df" if name == "liae" else "",
            start="the shipped start" if name == "saehd" else "",
            features="features of the cast" if name == "saehd" else "",
        )
        for name in simulated.SKILLS
    )
    text = write(tmp_path, whole(methods=methods)).read_text(encoding="utf-8")
    said = {m.key: m.text for m in read_marks(text)}
    assert said["start/saehd"] == "began from the shipped start"
    assert said["features/saehd"] == "its loss looks through features of the cast"
    assert said["study/budget"] == "What each training was given: 120 s of CPU time."
    assert "a variant of saehd" in text
    assert "the trainings of df, merged otherwise" in text


def test_many_clips_open_one_at_a_time(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    rows = re.findall(r'<details class="row" id="row-\d+"[^>]*?( open)?>', text)
    assert len(rows) == 12 * 2 * 3 > AT_ONCE
    assert text.count('data-pick="') == 3


def test_one_method_alone_is_still_a_page(tmp_path: Path) -> None:
    table = simulated.scores({"saehd": 2.0})
    page = simulated.page(table, {"saehd": 2.0}, costs_table=simulated.costs({"saehd": 2.0}))
    text = write(tmp_path, page).read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    assert set(numbers["derived"]) == set(derive(page))
    assert 'id="figures"' not in text
    assert 'id="statistics"' not in text
