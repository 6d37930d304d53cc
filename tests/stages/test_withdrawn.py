"""After a withdrawal: refused until what was made of the person is gone, then planned as if without them."""

import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.errors import ConfigError, ConsentError
from understudy.files import write_json
from understudy.people import Ledger, read_ledger, uses
from understudy.stages.jobs import plan_study
from understudy.stages.withdrawn import TakenBack, note

ROOT = Path(__file__).resolve().parents[2]
GONE = "felix"
CONSENTS = Path("consents")


def record(subject: str) -> dict[str, Any]:
    """A record of a synthetic actor that allows all that a study of swaps asks."""
    purposes: dict[str, Any] = {name: ["swap", "voice"] for name in ("train", "be-source", "be-driver")}
    purposes |= dict.fromkeys(("extract", "appear-in-report", "study-stimulus", "share-weights", "publish"), True)
    made = {"id": f"{subject}-1", "subject": subject, "basis": {"kind": "synthetic"}, "purposes": purposes}
    return made | {"counterparts": "anyone", "from": "2020-01-01", "until": None}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grant_all: Callable[..., Ledger]) -> dict[str, Any]:
    """A study of four synthetic actors in two pairs, and one pair across."""
    monkeypatch.chdir(tmp_path)
    settings: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    shutil.copy(ROOT / "config/cast/manifest.yaml", "manifest.yaml")
    grant_all(CONSENTS, *(record(subject) for subject in ("clara", "elsa", "dario", GONE)))
    pairs = [{"source": "clara", "driver": "elsa", "both": True}, {"source": "dario", "driver": GONE, "both": True}]
    return settings | {"study": "four", "manifest": "manifest.yaml", "consents": "consents", "pairs": pairs}


def withdraw(*, purge: bool) -> None:
    uses.withdraw(CONSENTS, GONE)
    if purge:
        uses.purged(CONSENTS, GONE, "0" * 64, 3)


def test_who_withdrew_stops_the_whole_study_until_the_purge_and_the_message_says_how(study: dict[str, Any]) -> None:
    withdraw(purge=False)
    with pytest.raises(ConsentError, match=rf"withdrawn on .*`understudy consent withdraw {GONE}`"):
        plan_study(study)


def test_a_refusal_for_another_reason_does_not_speak_of_withdrawals(
    study: dict[str, Any], grant_all: Callable[..., Ledger]
) -> None:
    grant_all(CONSENTS, *(record(subject) for subject in ("clara", "elsa", "dario")))
    with pytest.raises(ConsentError) as refused:
        plan_study(study)
    assert "withdraw" not in str(refused.value)


def test_after_the_purge_the_study_is_planned_without_the_person(study: dict[str, Any]) -> None:
    before = plan_study(study)
    withdraw(purge=True)
    after = plan_study(study)
    assert {(pair.source, pair.driver) for pair in after.study.pairs} == {("clara", "elsa"), ("elsa", "clara")}
    assert after.manifest.subjects == tuple(name for name in before.manifest.subjects if name != GONE)
    assert after.digest != before.digest
    everything = [
        *(after.subjects, after.clips, after.groups, after.rendered, after.filmed),
        *(after.all_fakes, after.all_runs, after.all_scores, after.all_facesets, after.all_truths),
        *(after.report_job, after.close_job, after.train_job("original", "1", "clara+elsa")),
        *(after.render_job("dario-answer-3"), after.reference_job("dario")),
        after.measure_job("warp", "1", "clara", "elsa-answer-2"),
    ]  # fmt: skip
    assert GONE not in repr(everything)
    assert GONE in repr([before.subjects, before.report_job])
    assert GONE in yaml.safe_dump(study)
    assert GONE in Path("manifest.yaml").read_text()


def test_the_digest_is_that_of_a_study_in_which_the_person_never_was(study: dict[str, Any]) -> None:
    withdraw(purge=True)
    manifest = yaml.safe_load(Path("manifest.yaml").read_text())
    manifest["clips"] = [clip for clip in manifest["clips"] if clip["subject"] != GONE]
    named = plan_study(study)
    Path("manifest.yaml").write_text(yaml.safe_dump(manifest))
    assert plan_study(study | {"pairs": study["pairs"][:1]}).digest == named.digest


def test_the_version_that_was_taken_back_is_built_anew_under_its_own_number(study: dict[str, Any]) -> None:
    withdraw(purge=True)
    entry = TakenBack(day=datetime.date(2026, 11, 20), pairs=2, rows=40, receipt="a" * 64, certificate="b" * 64)
    note(Path("results/four/1"), entry)
    plan = plan_study(study | {"version": "1"})
    assert plan.withdrawals == (entry,)
    assert plan_study(study | {"version": "2"}).withdrawals == ()
    write_json(Path(plan.receipt), {"study": plan.digest, "files": {}})
    assert plan_study(study | {"version": "1"}).digest == plan.digest


def test_when_nobody_is_left_the_study_ends_and_names_nobody(study: dict[str, Any]) -> None:
    withdraw(purge=True)
    with pytest.raises(ConsentError, match="every pair") as ended:
        plan_study(study | {"pairs": study["pairs"][1:]})
    assert GONE not in str(ended.value)


def test_a_new_agreement_after_the_purge_brings_the_person_back(study: dict[str, Any]) -> None:
    from understudy.people import grant
    from understudy.people.consent import read_terms

    withdraw(purge=True)
    grant(CONSENTS, read_terms(record(GONE) | {"id": f"{GONE}-2", "from": datetime.date(2020, 1, 1)}, "a test: "))
    assert len(plan_study(study).study.pairs) == 4
    assert read_ledger(CONSENTS).gone == ()


@pytest.mark.parametrize("pairs", [None, 3, "x", [], [3], [{"source": [GONE]}], [{"source": {"a": 1}, "driver": None}]])
def test_what_is_wrong_with_the_pairs_is_still_told(study: dict[str, Any], pairs: Any) -> None:
    withdraw(purge=True)
    with pytest.raises(ConfigError, match="pairs"):
        plan_study(study | {"pairs": pairs})


def test_jobs_are_plain_and_travel_as_json(study: dict[str, Any]) -> None:
    withdraw(purge=True)
    plan = plan_study(study)
    assert json.loads(json.dumps(plan.close_job)) == plan.close_job
