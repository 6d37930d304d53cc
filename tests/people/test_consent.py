"""Consent: what is not written is not allowed, and nothing outlives a withdrawal."""

import datetime
import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.errors import ConfigError, ConsentError
from understudy.people import FAMILIES, PURPOSES, Consent, Form, read_ledger, withdraw
from understudy.people.consent import BY_FAMILY, read_terms
from understudy.settings import plain

from .conftest import RECORD, TODAY, Write, record

NONE: dict[str, Any] = {purpose: [] if purpose in BY_FAMILY else False for purpose in PURPOSES}
USES = [(purpose, family) for purpose in PURPOSES for family in FAMILIES]


def allowed(ledger: Any, on: datetime.date = TODAY, counterpart: str | None = None) -> set[tuple[str, str]]:
    """Every use of s1 that the ledger allows."""
    return {use for use in USES if ledger.refusal("s1", *use, on, counterpart) is None}


def test_a_record_allows_what_it_says_and_no_more(ledger: Write) -> None:
    book = ledger(record("s1"))
    families = {(purpose, "swap") for purpose in BY_FAMILY}
    plainly = {(purpose, family) for purpose in ("extract", "appear-in-report") for family in FAMILIES}
    assert allowed(book) == families | plainly
    assert book.require("s1", "be-source", "swap", TODAY).id == "s1-2026"
    assert isinstance(book.records["s1"].basis, Form)


def test_adding_a_purpose_never_turns_a_yes_into_a_no(ledger: Write) -> None:
    grants: list[dict[str, Any]] = [{name: True} for name in PURPOSES if name not in BY_FAMILY]
    grants += [{name: [family]} for name in BY_FAMILY for family in ("swap", "voice")]
    for first, second in itertools.permutations(grants, 2):
        before = allowed(ledger(record("s1", purposes=NONE | first)))
        both = {
            name: [*first[name], *second[name]] for name in first if name in second and isinstance(first[name], list)
        }
        after = allowed(ledger(record("s1", purposes=NONE | first | second | both)))
        assert before < after


def test_withdrawing_turns_everything_to_no_on_every_day(ledger: Write) -> None:
    everything = {name: True if isinstance(value, bool) else list(FAMILIES) for name, value in NONE.items()}
    assert allowed(ledger(record("s1", purposes=everything))) == set(USES)
    withdrawn = ledger(record("s1", purposes=everything, withdrawn=datetime.date(2026, 5, 1)))
    for day in (datetime.date(2026, 1, 1), datetime.date(2026, 4, 30), TODAY, datetime.date(2030, 1, 1)):
        assert allowed(withdrawn, day) == set()


def test_the_first_and_the_last_day_belong_to_it(ledger: Write) -> None:
    book = ledger(record("s1"))
    first, last, day = RECORD["from"], RECORD["until"], datetime.timedelta(days=1)
    assert allowed(book, first)
    assert allowed(book, last)
    assert not allowed(book, first - day)
    assert not allowed(book, last + day)


@pytest.mark.parametrize(
    ("counterparts", "met"),
    [("anyone", {"s1", "s2", "s3"}), ("same-person", {"s1"}), (["s2"], {"s1", "s2"}), ([], {"s1"})],
)
def test_counterparts(ledger: Write, counterparts: Any, met: set[str]) -> None:
    book = ledger(record("s1", counterparts=counterparts))
    assert {other for other in ("s1", "s2", "s3") if allowed(book, counterpart=other)} == met


@pytest.mark.parametrize(
    ("changes", "fact", "remedy"),
    [
        ({"withdrawn": datetime.date(2026, 5, 1)}, "was withdrawn on 2026-05-01", "Take the subject out"),
        ({"until": datetime.date(2026, 5, 31)}, "expired on 2026-05-31", "renew"),
        ({"from": datetime.date(2026, 6, 2)}, "begins on 2026-06-02", "Wait"),
        ({"purposes": {"be-source": ["voice"]}}, "does not allow that", "Ask the subject"),
        ({"counterparts": "same-person"}, "only the same person, and this is with 's2'", "Take that pair out"),
        ({"counterparts": ["s3", "s4"]}, "only 's3', 's4', and this is with 's2'", "Take that pair out"),
    ],
)
def test_a_refusal_names_subject_purpose_record_and_remedy(
    ledger: Write, changes: dict[str, Any], fact: str, remedy: str
) -> None:
    book = ledger(record("s1", **changes))
    with pytest.raises(ConsentError) as caught:
        book.require("s1", "be-source", "swap", TODAY, "s2")
    for word in ("subject 's1'", "'be-source' of family 'swap'", "'s1-2026'", "log.jsonl", fact, remedy):
        assert word in str(caught.value)


def test_a_missing_record_is_refused(ledger: Write) -> None:
    book = ledger(record("s1"))
    with pytest.raises(ConsentError, match=r"subject 's9'.*'extract'.*no record.*consents.*consent grant s9"):
        book.require("s9", "extract", on=TODAY)


def test_today_is_the_day_unless_it_is_said(ledger: Write) -> None:
    today = datetime.date.today()
    days = {"from": today, "until": today}
    assert ledger(record("s1", **days)).require("s1", "extract").subject == "s1"
    with pytest.raises(ConsentError, match="expired"):
        ledger(record("s1") | {"until": today - datetime.timedelta(days=1), "from": "2020-01-01"}).require(
            "s1", "extract"
        )


def test_a_slip_of_the_pen_is_no_permission(ledger: Write) -> None:
    book = ledger(record("s1"))
    with pytest.raises(ConfigError, match=r"'be-sorce'.*'be-source'"):
        book.require("s1", "be-sorce", "swap", TODAY)
    with pytest.raises(ConfigError, match=r"'swop'.*'swap'"):
        book.require("s1", "be-source", "swop", TODAY)
    with pytest.raises(ConfigError, match="family 'None'"):
        book.require("s1", "be-source", None, TODAY)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purpose": {}}, ["purpose", "unknown key", "'purposes'"]),
        (
            {"purposes": RECORD["purposes"] | {"appear-in-raport": True}},
            ["purposes.appear-in-raport", "'appear-in-report'"],
        ),
        ({"purposes": RECORD["purposes"] | {"train": ["swop"]}}, ["purposes.train[0]", "'swop'", "'swap'"]),
        ({"purposes": RECORD["purposes"] | {"train": True}}, ["purposes.train", "truth value true", "a list"]),
        ({"purposes": RECORD["purposes"] | {"extract": "yes"}}, ["purposes.extract", "true or false"]),
        ({"basis": {"kind": "spoken"}}, ["basis.kind", "'spoken'"]),
        ({"basis": {"kind": "form", "sha256": "signed.pdf"}}, ["basis", "sha256sum"]),
        ({"basis": {"kind": "licence", "name": "CC BY 4.0"}}, ["basis.url", "missing"]),
        ({"counterparts": "everyone"}, ["counterparts", "everyone"]),
        ({"counterparts": ["s2", "anyone"]}, ["counterparts names 'anyone'", "no subject's id"]),
        ({"from": "1.1.2026"}, ["from", "'1.1.2026'", "2026-01-31"]),
        ({"until": None}, ["signed form has a last day"]),
        ({"until": datetime.date(2025, 1, 1)}, ["until (2025-01-01) lies before from"]),
        ({"withdrawn": None}, ["withdrawn", "unknown key"]),
        ({"subject": "s 1"}, ["subject 's 1'"]),
    ],
)
def test_a_bad_record_is_named_by_place_and_key(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConsentError) as caught:
        read_terms(plain(RECORD | changes), "line 7: ")
    for word in ["line 7", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("key", [key for key in RECORD if key != "note"])
def test_a_record_says_everything(key: str) -> None:
    with pytest.raises(ConsentError, match=f"{key}: missing"):
        read_terms(plain({name: value for name, value in RECORD.items() if name != key}), "line 7: ")


@pytest.mark.parametrize("key", list(RECORD["purposes"]))
def test_a_record_says_yes_or_no_to_every_purpose(key: str) -> None:
    purposes = {name: value for name, value in RECORD["purposes"].items() if name != key}
    with pytest.raises(ConsentError, match=f"purposes.{key}: missing"):
        read_terms(plain(RECORD | {"purposes": purposes}), "line 7: ")


def test_a_ledger_has_one_record_a_subject_and_one_subject_a_record(tmp_path: Path, ledger: Write) -> None:
    with pytest.raises(ConsentError, match="the record 's1-2026' of 's1': is in place, and this is 'again'"):
        ledger(record("s1"), record("s1", id="again", until="2026-12-30"))
    with pytest.raises(ConsentError, match="the id 's1-2026': is that of a record of 's1'"):
        ledger(record("s1"), record("s2", id="s1-2026"))
    with pytest.raises(ConsentError, match="no such folder"):
        read_ledger(tmp_path / "nowhere")


def test_a_ledger_reads_its_log_and_nothing_else(tmp_path: Path, ledger: Write) -> None:
    ledger(record("s1"))
    said = yaml.safe_dump(plain(record("s9")))
    for name in ("s9.yaml", "README.md", ".s9.yaml", "log.jsonl.bak", "proof.json"):
        (tmp_path / "consents" / name).write_text(said, encoding="utf-8")
    assert set(read_ledger(tmp_path / "consents").records) == {"s1"}


def test_a_withdrawal_is_of_its_day_and_stays(tmp_path: Path, ledger: Write) -> None:
    ledger(record("s1"))
    withdraw(tmp_path / "consents", "s1")
    found = read_ledger(tmp_path / "consents").records["s1"]
    assert found.withdrawn == datetime.datetime.now(datetime.UTC).date()
    with pytest.raises(ConsentError, match=r"withdrew on .* already"):
        withdraw(tmp_path / "consents", "s1")
    with pytest.raises(ConsentError, match="no record of this subject"):
        withdraw(tmp_path / "consents", "s2")


def test_the_documented_record_is_a_record(ledger: Write) -> None:
    import understudy.people.consent as module

    text = str(module.__doc__).split("\n\n")[2].replace("9f86d081...", "9f86d081" * 8)
    shown: Consent = ledger(yaml.safe_load(text)).records["s1"]
    words = ("extract", "appear-in-report", "train (swap)", "be-source (swap)", "be-driver (swap)")
    assert shown.purposes.words() == words
    assert shown.parties() == "the same person"
    assert [shown.status(datetime.date(year, 6, 1)) for year in (2025, 2026, 2030)] == [
        "not yet",
        "in force",
        "expired",
    ]
