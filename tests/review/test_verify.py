"""A sound crate passes every check; whatever is changed in one is found and named."""

import json
import math
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from understudy import stats
from understudy.crate import open_crate
from understudy.crate.contents import HASHES, SEAL
from understudy.crate.store import open_store
from understudy.errors import CrateError
from understudy.files import write_json
from understudy.review import Check, verify
from understudy.review.evidence import Evidence
from understudy.review.measuring import measured

Change = Callable[[Path], None]
Reseal = Callable[[Path], None]
FAKE = "fakes/original/seed-1/dario/felix-answer-4.mp4"
RUN = "runs/original/seed-1/dario+felix"
ROW = "SSIM to truth of original, dario → felix, felix-answer-4, seed 1"

ASKED = ("scores from the fakes", ())  # the one check that is made only where it is asked for


def failed(crate: Path) -> dict[str, str]:
    """The checks that failed, with what they found."""
    return {check.name: "\n".join(map(str, check.findings)) for check in verify(crate) if check.state == "failed"}


@contextmanager
def evidence_of(crate: Path, scratch: Path) -> Iterator[Evidence]:
    """The crate, open for a single check."""
    opened = open_crate(crate)
    yield Evidence(crate=opened, store=open_store(opened.place), scratch=scratch)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    write_json(path, value)


def edit_score(crate: Path, both: bool = True) -> None:
    """Makes one score better, in the table and in its copy."""
    scores = pd.read_parquet(crate / "scores.parquet")
    hit = (scores["metric"] == "SSIM to truth") & (scores["method"] == "original") & (scores["source"] == "dario")
    scores.loc[hit, "value"] += 0.125
    scores.to_parquet(crate / "scores.parquet", index=False)
    if both:
        scores.to_csv(crate / "scores.csv", index=False, lineterminator="\n")


def test_a_sound_crate_passes_every_check(sound: Path) -> None:
    checks = verify(sound)
    assert [(check.name, check.findings) for check in checks if check.state != "passed"] == [ASKED]
    assert len(checks) == len({check.name for check in checks})


def test_a_zip_is_as_good_as_its_folder(sound: Path, tmp_path: Path) -> None:
    made = shutil.make_archive(str(tmp_path / "crate"), "zip", sound)
    assert [(check.name, check.findings) for check in verify(Path(made)) if check.state != "passed"] == [ASKED]


def test_what_nobody_shares_cannot_be_checked_and_the_reason_is_given(reserved: Path) -> None:
    checks = {check.name: check for check in verify(reserved)}
    assert not failed(reserved)
    assert not list(reserved.rglob("*.mp4")) + list(reserved.rglob("*.safetensors"))
    assert checks["fakes"].state == checks["weights"].state == "not possible"
    assert "`publish`" in checks["fakes"].note
    assert "`share-weights`" in checks["weights"].note


# --- changed, and not sealed again: the file is named, and what is wrong in it --------------------------------------


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("scores.csv", lambda p: edit(p, "dario,felix", "felix,felix")),
        ("scores.parquet", lambda p: edit_score(p.parent, both=False)),
        ("consent/proof.json", lambda p: edit(p, '"swap"', '"voice"')),
        (f"{RUN}/weights.safetensors", lambda p: p.write_bytes(b"weights of somebody else..")),
        (f"{RUN}/card.json", lambda p: edit(p, '"images": 960', '"images": 961')),
        ("cards/data.md", lambda p: edit(p, "CC0", "CC1")),
        ("methods.md", lambda p: edit(p, "two", "six")),
        ("report.html", lambda p: edit(p, "0.5", "0.6")),
        ("numbers.json", lambda p: edit(p, "0.5", "0.6")),
        ("config/study.yaml", lambda p: edit(p, "seed: 1", "seed: 2")),
        ("environment/machine.json", lambda p: edit(p, "3.", "2.")),
        (FAKE, lambda p: p.write_bytes(p.read_bytes()[:-1] + b"\x00")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_changed_file_is_named(copy: Path, file: str, change: Change) -> None:
    before = (copy / file).read_bytes()
    change(copy / file)
    assert (copy / file).read_bytes() != before
    assert f"{file}: was changed after the crate was sealed" in failed(copy)["files and hashes"]


def test_a_missing_file_and_one_too_many_are_named(copy: Path) -> None:
    (copy / "scores.csv").unlink()
    (copy / "more.txt").write_text("more")
    found = failed(copy)
    assert "scores.csv: is missing" in found["files and hashes"]
    assert "more.txt: is not named" in found["files and hashes"]


def test_a_changed_hash_or_seal_breaks_the_seal(copy: Path) -> None:
    edit_json(copy / HASHES, lambda table: table["outputs"].update({f"{RUN}/weights.safetensors": "ab" * 32}))
    found = failed(copy)
    assert "seals another hashes.json" in found["seal"]
    assert f"{RUN}/weights.safetensors" in found["hashes of what was made"]
    assert f"{FAKE}.json, weights" in found["fakes"]


def test_a_seal_of_another_time_is_none(copy: Path) -> None:
    edit_json(copy / SEAL, lambda seal: seal.update(time="2020-01-01T00:00:00+00:00"))
    assert "signature" in failed(copy)["seal"]


# --- changed, and sealed again with a key of one's own: found by what follows from what ----------------------------


def test_a_better_score_is_named_by_its_row(copy: Path, reseal: Reseal) -> None:
    edit_score(copy)
    reseal(copy)
    found = failed(copy)
    assert "seal" not in found
    assert f"{ROW}: is " in found["scores from their frames"]
    assert "score/SSIM to truth/original/mean" in found["report, numbers from the scores"]
    assert "score/SSIM to truth/original/mean" in found["report, page"]


def test_a_score_changed_in_one_copy_is_named_by_its_line(copy: Path, reseal: Reseal) -> None:
    edit_score(copy, both=False)
    reseal(copy)
    found = failed(copy)["score table, both copies"]
    line = int(found.split("scores.csv, line ")[1].split(",")[0])
    assert "original,swap,dario" in (copy / "scores.csv").read_text().split("\n")[line - 1]


@pytest.mark.parametrize("both", [True, False])
def test_no_value_is_the_same_as_no_value_and_nothing_else(copy: Path, reseal: Reseal, both: bool) -> None:
    csv, table = pd.read_csv(copy / "scores.csv"), pd.read_parquet(copy / "scores.parquet")
    csv.loc[5, "value"] = math.nan
    csv.to_csv(copy / "scores.csv", index=False)
    if both:
        table.loc[5, "value"] = math.nan
        table.to_parquet(copy / "scores.parquet", index=False)
    reseal(copy)
    found = failed(copy).get("score table, both copies", "")
    assert ("scores.csv, line 7" in found and "the column value says nan" in found) is not both


def test_a_score_that_was_left_out_is_missed(copy: Path, reseal: Reseal) -> None:
    scores = pd.read_csv(copy / "scores.csv")
    fewer = scores[~((scores["metric"] == "landmark error") & (scores["method"] == "original"))]
    fewer.to_csv(copy / "scores.csv", index=False)
    fewer.to_parquet(copy / "scores.parquet", index=False)
    reseal(copy)
    assert "landmark error of original, dario → felix" in failed(copy)["score table, complete"]


def test_an_event_that_allows_more_breaks_the_log(copy: Path, reseal: Reseal) -> None:
    def widen(proof: Any) -> None:
        granted = next(event for event in proof["base"] if isinstance(event, dict) and event["kind"] == "granted")
        granted["body"]["purposes"]["be-source"] = ["swap", "voice"]

    edit_json(copy / "consent/proof.json", widen)
    reseal(copy)
    assert "consent/proof.json" in failed(copy)["consent log"]


def test_a_log_with_an_event_less_breaks(copy: Path, reseal: Reseal) -> None:
    edit_json(copy / "consent/proof.json", lambda proof: proof["base"].pop(3))
    reseal(copy)
    assert "consent log" in failed(copy)


def test_a_record_that_nobody_gave_is_named(copy: Path, reseal: Reseal) -> None:
    edit(copy / RUN / "card.json", "dario-2020", "dario-2021")
    reseal(copy)
    assert f"{RUN}/card.json, record dario-2021: is not in" in failed(copy)["consent records that are named"]


def test_a_head_that_the_log_never_had_is_named(copy: Path, reseal: Reseal) -> None:
    edit_json(copy / RUN / "card.json", lambda card: card.update(log_head="ab" * 32))
    reseal(copy)
    assert f"{RUN}/card.json, head of the log: is abab" in failed(copy)["heads of the log that are named"]


def test_footage_is_named_as_what_cannot_be_run_again(filmed: tuple[Path, Path]) -> None:
    (check,) = [check for check in verify(filmed[0]) if check.name == "what can be run again"]
    assert check.state == "not possible"
    assert "1 of 3 pairs (dario → gina) need footage" in check.note
    assert "gina-train, gina-test" in check.note
    assert not failed(filmed[0])


def test_scores_are_measured_again_where_it_is_asked_for(sound: Path, tmp_path: Path) -> None:
    """The measuring itself is replaced here: what it is given, and what becomes of its scores."""
    table = pd.read_parquet(sound / "scores.parquet")

    def measure(folder: Path, arguments: Sequence[str]) -> None:
        for target in arguments[arguments.index("--") + 1 :]:
            kind, *names, source, clip = Path(target).parts[2:]
            assert (
                kind == "sanity"
                or (folder / f"data/small/fakes/{names[0]}/seed-1/{source}/{Path(clip).stem}.mp4").is_file()
            )
            rows = table[(table["source"] == source) & (table["clip"] == Path(clip).stem)]
            rows = rows[rows["method"] == names[0]] if names else rows[rows["family"] == "sanity"]
            changed = rows["value"].where(rows["metric"] != "sync offset", rows["value"] + 1e-3)
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            stats.write(rows.assign(value=changed), folder / target)

    with evidence_of(sound, tmp_path / "scratch") as evidence:
        outcome = measured(evidence, tmp_path / "again", 1, run=measure)
    assert outcome.note.startswith("40 scores, 30 of them to the bit")
    assert {str(finding).split(",")[1].split(" of ")[0].strip() for finding in outcome.findings} == {"sync offset"}


def test_other_weights_are_not_those_that_the_fakes_name(copy: Path, reseal: Reseal) -> None:
    (copy / RUN / "weights.safetensors").write_bytes(b"weights of somebody else..")
    reseal(copy)
    found = failed(copy)
    assert f"{FAKE}.json, weights" in found["fakes"]
    assert "cards/model-original-dario+felix-seed-1.md" in found["cards and methods paragraph"]


def test_another_fake_is_not_the_one_that_was_signed(copy: Path, reseal: Reseal) -> None:
    data = bytearray((copy / FAKE).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    (copy / FAKE).write_bytes(data)
    reseal(copy)
    assert FAKE in failed(copy)["fakes"]


def test_a_figure_that_was_drawn_otherwise_or_slipped_in_is_named(copy: Path, reseal: Reseal) -> None:
    figure = sorted((copy / "figures").glob("*.svg"))[0]
    figure.write_text(figure.read_text().replace("</svg>", "<circle r='3'/></svg>"))
    shutil.copy(figure, copy / "figures/another.svg")
    (copy / "tables/contrasts.parquet").unlink()
    reseal(copy)
    said = failed(copy)["report, figures and tables"]
    assert f"figures/{figure.name}: is another drawing" in said
    assert "figures/another.svg: follows from nothing" in said
    assert "tables/contrasts.parquet: is missing" in said


def test_a_fake_in_another_s_place_is_named(copy: Path, reseal: Reseal) -> None:
    other = FAKE.replace("original", "warp")
    for end in ("", ".json"):
        shutil.copy(copy / f"{other}{end}", copy / f"{FAKE}{end}")
    reseal(copy)
    assert f"{FAKE}.json, method: is warp; it should be original" in failed(copy)["fakes"]


def test_a_sidecar_that_says_something_else_than_its_fake_is_named(copy: Path, reseal: Reseal) -> None:
    edit_json(copy / f"{FAKE}.json", lambda card: card["lineage"].update(consents=["felix-2020"]))
    reseal(copy)
    assert f"{FAKE}.json, consents" in failed(copy)["fakes"]


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "named"),
    [
        (f"{RUN}/card.json", '"seed": 1', '"seed": 3', "trainings", "seed"),
        (f"{RUN}/card.json", '"wall": 12.5', '"wall": 2.5', "report, recorded numbers", "run/original"),
        (f"{RUN}/loss.csv", "0.25", "0.05", "report, recorded numbers", "figure/loss/original"),
        ("tables/estimates.csv", "original", "orig1nal", "report, figures and tables", "tables/estimates.csv, line"),
        ("tables/costs.csv", "12.25", "12.5", "report, figures and tables", "tables/costs.csv, line"),
        ("methods.md", "ahead", "behind", "cards and methods paragraph", "methods.md, line 1"),
        ("cards/data.md", "CC0", "CC1", "cards and methods paragraph", "cards/data.md, line"),
        ("config/study.yaml", "about: Does", "about: Who", "cards and methods paragraph", "cards/data.md, line"),
        ("config/manifest.yaml", "role: test", "role: train", "study", "config"),
    ],
)
def test_what_does_not_follow_is_named(
    copy: Path, reseal: Reseal, file: str, old: str, new: str, check: str, named: str
) -> None:
    text = (copy / file).read_text()
    old = old if old in text else text.split()[7]
    edit(copy / file, old, new)
    reseal(copy)
    assert named in failed(copy)[check]


def test_a_recorded_number_that_was_left_out_is_missed(copy: Path, reseal: Reseal) -> None:
    key = "run/original%2Fdario+felix%2Fseed 1/time"
    edit_json(copy / "numbers.json", lambda numbers: numbers["recorded"].pop(key))
    html = (copy / "report.html").read_text()
    assert key in html
    (copy / "report.html").write_text(html.replace(f'data-number="{key}"', ""))
    reseal(copy)
    assert f"{key}: is absent" in failed(copy)["report, recorded numbers"]


def test_another_machine_is_named(copy: Path, reseal: Reseal) -> None:
    edit_json(copy / "environment/machine.json", lambda machine: machine.update(python="2.7.1"))
    reseal(copy)
    assert "environment/python" in failed(copy)["report, recorded numbers"]


def test_a_number_in_two_places_is_still_not_the_right_one(copy: Path, reseal: Reseal) -> None:
    """The page and numbers.json agree with each other, and not with the scores."""
    key = "score/SSIM to truth/original/mean"
    told = json.loads((copy / "numbers.json").read_text())["derived"][key]["text"]
    html = (copy / "report.html").read_text()
    (copy / "report.html").write_text(html.replace(f'data-number="{key}">{told}<', f'data-number="{key}">0.999<'))
    edit_json(copy / "numbers.json", lambda numbers: numbers["derived"][key].update(text="0.999"))
    reseal(copy)
    found = failed(copy)
    assert f"{key}: '0.999'" in found["report, numbers from the scores"]
    assert f"{key}: shows '0.999'; it should be '{told}'" in found["report, page"]


def test_a_number_that_is_left_out_or_slipped_in_is_named(copy: Path, reseal: Reseal) -> None:
    html = (copy / "report.html").read_text()
    html = html.replace('data-number="answer/original/2"', "", 1).replace("<tbody>", "<tbody><tr><td>0.31</td></tr>", 1)
    (copy / "report.html").write_text(html)
    reseal(copy)
    found = failed(copy)["report, page"]
    assert "answer/original/2: is not on the page" in found
    assert "'0.31' stands there" in found


# --- at random -----------------------------------------------------------------------------------------------------

GENTLE = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def refused(crate: Path) -> list[Check] | None:
    """The checks of a crate; None when it is refused as a whole, with a remedy."""
    try:
        return verify(crate)
    except CrateError as error:
        return None if error.remedy else []


@GENTLE
@given(data=some.data())
def test_no_digit_of_the_page_changes_unseen(
    data: some.DataObject, sound: Path, tmp_path: Path, reseal: Reseal
) -> None:
    """Any digit of any number on the page, sealed again: its key is named."""
    crate = Path(shutil.copytree(sound, tmp_path / "crate", dirs_exist_ok=True))
    html = (sound / "report.html").read_text()
    places = [
        (found.group(1), at)
        for found in re.finditer(r'data-number="([^"]+)">([^<]*)<', html)
        for at in range(found.start(2), found.end(2))
        if html[at].isdigit()
    ]
    key, at = data.draw(some.sampled_from(places))
    other = data.draw(some.sampled_from([digit for digit in "0123456789" if digit != html[at]]))
    (crate / "report.html").write_text(html[:at] + other + html[at + 1 :])
    reseal(crate)
    assert key in failed(crate)["report, page"]


@GENTLE
@given(data=some.data())
def test_a_damaged_crate_never_passes(data: some.DataObject, sound: Path, tmp_path: Path) -> None:
    """A file cut short, with a byte changed, emptied or gone: a check fails or the crate is refused, in words."""
    crate = tmp_path / "crate"
    shutil.rmtree(crate, ignore_errors=True)
    shutil.copytree(sound, crate)
    path = data.draw(some.sampled_from(sorted(p for p in crate.rglob("*") if p.is_file() and p.stat().st_size)))
    content = path.read_bytes()
    how = data.draw(some.sampled_from(["cut", "byte", "empty", "gone"]))
    place = data.draw(some.integers(0, len(content) - 1))
    if how == "gone":
        path.unlink()
    else:
        flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        path.write_bytes({"cut": content[:place], "byte": flipped, "empty": b""}[how])
    checks = refused(crate)
    assert checks is None or any(check.state == "failed" for check in checks)


@GENTLE
@given(data=some.data())
def test_a_damaged_and_resealed_crate_never_breaks_the_review(
    data: some.DataObject, sound: Path, tmp_path: Path, reseal: Reseal
) -> None:
    """The same, sealed again, so that every check reads the damage: no traceback, whatever is read."""
    crate = tmp_path / "crate"
    shutil.rmtree(crate, ignore_errors=True)
    shutil.copytree(sound, crate)
    patterns = ("config/*", "*.json", "scores.*", "frames.*", "consent/*", "runs/*/*/*/*", "fakes/*/*/*/*", "*.html")
    names = {path for pattern in patterns for path in crate.glob(pattern) if path.name not in (HASHES, SEAL)}
    path = data.draw(some.sampled_from(sorted(names)))
    content = path.read_bytes()
    start, length = data.draw(some.integers(0, len(content))), data.draw(some.integers(0, 200))
    path.write_bytes(content[:start] + data.draw(some.binary(max_size=20)) + content[start + length :])
    reseal(crate)
    checks = refused(crate)
    assert checks is None or all(check.plain() for check in checks)
