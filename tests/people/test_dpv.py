"""Records as others read them: what is exported says what the log says, and comes back as it went."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from understudy.errors import ConsentError
from understudy.files import read_json
from understudy.people import Ledger, Terms, grant, read_ledger, withdraw
from understudy.people.consent import Form, Licence, read_terms
from understudy.people.dpv import CONTEXT, MEANING, SCHEMA, Details, to_dpv, validate
from understudy.people.from_dpv import from_dpv
from understudy.people.ledger import Ledger as Book
from understudy.people.log import Log
from understudy.people.records import body, records, terms_of
from understudy.people.uses import note_expired
from understudy.settings import plain

from ..conftest import clock
from .conftest import record
from .test_log import VALUES
from .test_proof import paths
from .test_records import terms, wordings

Grant = Callable[..., Ledger]


def carried(values: Any) -> Any:
    return json.loads(json.dumps(values))


def exported(folder: Path, subject: str = "s1", **details: str) -> Any:
    ledger = read_ledger(folder)
    return carried(to_dpv(ledger, ledger.records[subject], Details(**details)))


@pytest.fixture
def folder(tmp_path: Path, grant_all: Grant) -> Path:
    place = tmp_path / "consents"
    grant_all(place, record("s1", counterparts=["s2"], until="2999-12-31", note="Erklärt am Telefon: ja"), record("s2"))
    return place


def test_a_record_says_in_their_words_what_it_says_in_ours(folder: Path) -> None:
    made = exported(folder)
    assert made["@type"] == "dpv:ConsentRecord"
    assert made["dct:conformsTo"] == "https://w3id.org/dpv/schema/dpv-27560#record"
    assert made["dct:identifier"] == "s1-2026"
    assert made["dpv:hasDataSubject"]["dct:identifier"] == "s1"
    assert made["dct:temporal"] == {
        "@type": "dct:PeriodOfTime", "dcat:startDate": "2026-01-01", "dcat:endDate": "2999-12-31",
    }  # fmt: skip
    assert made["dpv:hasNotice"]["spdx:checksum"]["spdx:checksumValue"] == "a" * 64
    purposes = {one["dpv:hasPurpose"]["@id"]: one.get("us:hasFamily") for one in made["dpv:hasProcess"]}
    family = ["us:swap"]
    assert purposes == {
        "us:extract": None, "us:train": family, "us:be-source": family, "us:be-driver": family,
        "us:appear-in-report": None,
    }  # fmt: skip
    assert [one["dct:identifier"] for one in made["us:hasCounterparts"]] == ["s2"]
    assert made["us:hasHead"] == read_ledger(folder).head


def test_every_term_is_of_a_vocabulary_that_the_context_explains(folder: Path) -> None:
    """And every one of ours stands beside a broader or related one of DPV."""
    made = exported(folder, language="de", jurisdiction="loc:DE", controller="A lab", contact="x@example.org")

    def names(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [n for key, item in value.items() if key != "@context" for n in [key, *names(item)]]
        return [n for item in value for n in names(item)] if isinstance(value, list) else []

    assert {name.partition(":")[0] for name in names(made) if not name.startswith("@")} <= set(CONTEXT)
    for process in made["dpv:hasProcess"]:
        assert process["dpv:hasPurpose"]["skos:broader"].startswith("dpv:")
        for data in process["dpv:hasPersonalData"]:
            assert data["@id"].startswith("pd:") or data["skos:broader"].startswith("pd:")


def test_what_happened_is_told_in_order(folder: Path) -> None:
    with clock("2026-03-01"):
        grant(folder, terms("s1", counterparts=[], until="2999-12-31", note="less"))
    with clock("2026-04-01"):
        grant(folder, terms("s1", counterparts=[], until="2999-12-31", purposes={"publish": True}))
        withdraw(folder, "s1")
    told = [(one["@type"], one["dpv:isIndicatedAtTime"][:10]) for one in exported(folder)["dpv:hasConsentStatus"]]
    assert told == [
        ("dpv:ConsentGiven", "2020-01-01"),
        ("dpv:RenewedConsentGiven", "2026-03-01"),
        ("dpv:RenewedConsentGiven", "2026-04-01"),
        ("dpv:ConsentWithdrawn", "2026-04-01"),
    ]
    with pytest.raises(ConsentError, match=r"dpv:hasConsentStatus: is dpv:ConsentWithdrawn.*was given"):
        from_dpv(exported(folder), "x.jsonld")


@pytest.mark.parametrize("noted", [False, True])
def test_an_expired_record_says_so_whether_it_was_noted_or_not(tmp_path: Path, grant_all: Grant, noted: bool) -> None:
    grant_all(tmp_path, record("s1", until="2026-02-01"))
    if noted:
        note_expired(tmp_path, ["s1"])
    last = exported(tmp_path)["dpv:hasConsentStatus"][-1]
    assert last["@type"] == "dpv:ConsentExpired"
    assert noted or last["dpv:isIndicatedAtTime"] == "2026-02-02"


def test_what_the_log_does_not_know_is_left_out_or_added(folder: Path) -> None:
    made = exported(folder)
    assert "dpv:hasJurisdiction" not in made
    assert "dct:title" not in made["dpv:hasDataController"]
    full = exported(folder, controller="A lab", jurisdiction="loc:DE", language="de", contact="x@example.org")
    assert full["dpv:hasJurisdiction"] == "loc:DE"
    assert full["dpv:hasDataController"]["dct:title"] == "A lab"
    assert full["dpv:hasNotice"]["dct:language"] == "de"
    assert full["dpv:hasConsentControl"]["dpv:isExercisedAt"] == "x@example.org"
    assert Details(controller="x").missing == ("jurisdiction", "language", "contact")


BASES = st.sampled_from(
    [
        {"kind": "synthetic"},
        {"kind": "form", "sha256": "0123456789abcdef" * 4},
        {"kind": "licence", "name": "CC BY 4.0", "url": "http://purl.org/dc/terms/x"},
        {"kind": "licence", "name": "dcterms:x", "url": "https://w3id.org/dpv#Consent"},
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=wordings(), basis=BASES, note=st.text())
@example(said=terms("s1"), basis={"kind": "synthetic"}, note="https://w3id.org/dpv#Consent")
def test_out_and_in_again_is_the_same(folder: Path, said: Terms, basis: dict[str, str], note: str) -> None:
    values = body(said) | {"basis": basis, "note": note}
    if basis["kind"] == "form" and said.until is None:
        return
    wanted = read_terms(values, "")
    log = read_ledger(folder).log
    granted = log.base[1]
    event = type(granted)(**{**vars_of(granted), "body": body(wanted), "record": wanted.id})
    shown = Log(folder=folder, base=(log.base[0], event), continued=())
    book = Book(log=shown, records=records(shown.events, folder))
    made = to_dpv(book, book.records["s1"])
    if book.records["s1"].status(datetime.date.today()) == "expired":
        made["dpv:hasConsentStatus"].pop()
    assert from_dpv(carried(made), "x") == terms_of(wanted)


def vars_of(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


BY_HAND = """{
    "@context": {"d": "https://w3id.org/dpv#", "dcterms": "http://purl.org/dc/terms/",
                 "understudy": "urn:understudy:terms:", "spdx": "http://spdx.org/rdf/terms#"},
    "@id": "https://example.com/a6f58318-72e6-46a2-bfd7-f36d795e30cd",
    "@type": "d:ConsentRecord",
    "dcterms:identifier": "a6f58318-72e6-46a2-bfd7-f36d795e30cd",
    "dcterms:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
    "d:hasDataSubject": {"@id": "https://example.com/people/7", "dcterms:identifier": "s7"},
    "d:hasDataController": "https://example.com/lab",
    "d:hasJurisdiction": "loc:IE",
    "d:hasNotice": {
        "@type": "d:ConsentNotice", "dcterms:date": "2026-01-01", "dcterms:language": "EN",
        "spdx:checksum": {"spdx:checksumValue": "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789"}
    },
    "d:hasProcess": [
        {"@type": "d:Process", "d:hasPurpose": {"@id": "understudy:extract"}},
        {"@type": "d:Process", "https://w3id.org/dpv#hasPurpose": ["understudy:be-source", "understudy:be-driver"],
         "understudy:hasFamily": ["understudy:swap", "understudy:lipsync"]}
    ],
    "understudy:hasCounterparts": "understudy:SamePerson",
    "d:hasConsentControl": {"@type": "d:WithdrawConsent", "d:isExercisedAt": "https://example.com/consent"},
    "d:hasConsentStatus": [
        {"@type": "d:ConsentRequested", "d:isIndicatedAtTime": "2026-01-01T09:00:00"},
        {"@type": ["d:ConsentGiven", "d:ExpressedConsent"], "d:isIndicatedBy": "d:DataSubject",
         "d:isIndicatedAtTime": "2026-01-02T16:18:25",
         "d:hasDuration": {"@type": "d:UntilTimeDuration", "rdf:value": "2027-12-31T23:59:59"}}
    ]
}"""


def test_a_record_that_somebody_wrote_after_the_guide_is_understood() -> None:
    said = from_dpv(json.loads(BY_HAND), "hand.jsonld")
    assert (said.id, said.subject) == ("a6f58318-72e6-46a2-bfd7-f36d795e30cd", "s7")
    assert said.basis == Form(kind="form", sha256="abcdef0123456789" * 4)
    assert said.purposes.words() == ("extract", "be-source (swap, lipsync)", "be-driver (swap, lipsync)")
    assert (said.first, said.until) == (datetime.date(2026, 1, 2), datetime.date(2027, 12, 31))
    assert said.counterparts == "same-person"


def test_it_is_granted_like_any_other(folder: Path) -> None:
    grant(folder, from_dpv(json.loads(BY_HAND), "hand.jsonld"))
    assert read_ledger(folder).require("s7", "be-source", "swap", datetime.date(2026, 5, 1), "s7")
    again = exported(folder, "s7")
    assert again["dpv:hasConsentStatus"][-1]["@type"] == "dpv:ConsentGiven"
    assert from_dpv(again, "x") == terms_of(read_ledger(folder).records["s7"])


def test_a_published_corpus_and_a_graph_are_understood() -> None:
    values = json.loads(BY_HAND)
    del values["d:hasNotice"]
    values["dcterms:license"] = {"@id": "https://creativecommons.org/licenses/by/4.0/", "dcterms:title": "CC BY 4.0"}
    graph = {"@context": values.pop("@context"), "@graph": [values, {"@id": "https://example.com/lab"}]}
    basis = from_dpv(graph, "x").basis
    assert basis == Licence(kind="licence", name="CC BY 4.0", url="https://creativecommons.org/licenses/by/4.0/")


@pytest.mark.parametrize(
    ("term", "value", "words"),
    [
        ("@type", "d:Consent", ["@type", "dpv:ConsentRecord"]),
        ("dcterms:identifier", None, ["dct:identifier", "missing"]),
        ("dcterms:identifier", "https://example.com/x", ["id 'https://example.com/x'", "letters"]),
        ("d:hasDataSubject", None, ["dpv:hasDataSubject", "missing"]),
        ("d:hasDataSubject", {"@type": "d:DataSubject"}, ["dpv:hasDataSubject", "no dct:identifier"]),
        ("d:hasDataSubject", ["s1", "s2"], ["dpv:hasDataSubject", "2 values"]),
        ("d:hasNotice", None, ["dpv:hasNotice.spdx:checksum", "missing", "sha256 of the signed form"]),
        ("d:hasNotice", "a6f58318", ["dpv:hasNotice.spdx:checksum", "missing"]),
        ("d:hasProcess", None, ["dpv:hasProcess", "missing"]),
        ("d:hasProcess", [{"d:hasPurpose": "d:Marketing"}], ["hasProcess[0].dpv:hasPurpose", "'dpv:Marketing'"]),
        ("d:hasProcess", [{"d:hasPurpose": "understudy:extrakt"}], ["'us:extrakt'", "Did you mean 'extract'"]),
        ("d:hasProcess", [{}], ["hasProcess[0].dpv:hasPurpose", "missing"]),
        ("d:hasProcess", [{"d:hasPurpose": "understudy:train"}], ["hasProcess[0].us:hasFamily", "missing"]),
        (
            "d:hasProcess",
            [{"d:hasPurpose": "understudy:train", "understudy:hasFamily": "understudy:swop"}],
            ["us:hasFamily", "'swop'", "'swap'"],
        ),
        ("understudy:hasCounterparts", None, ["us:hasCounterparts", "missing", "us:SamePerson"]),
        ("understudy:hasCounterparts", "everyone and all", ["counterparts", "everyone and all"]),
        ("d:hasConsentStatus", None, ["dpv:hasConsentStatus", "missing", "dpv:ConsentGiven"]),
        ("d:hasConsentStatus", "d:ConsentGiven", ["dct:temporal", "missing", "dcat:startDate"]),
        (
            "d:hasConsentStatus",
            [
                {"@type": "d:ConsentGiven", "d:isIndicatedAtTime": "2026-01-02T00:30:00+02:00"},
                {"@type": "d:ConsentWithdrawn", "d:isIndicatedAtTime": "2026-01-01T23:30:00Z"},
            ],
            ["dpv:hasConsentStatus", "is dpv:ConsentWithdrawn"],
        ),
        ("d:hasConsentStatus", "d:ConsentRefused", ["dpv:hasConsentStatus", "dpv:ConsentRefused"]),
        (
            "d:hasConsentStatus",
            {"@type": "d:ConsentGiven", "d:isIndicatedAtTime": "2026-01-01"},
            ["dpv:hasConsentStatus: dpv:hasDuration", "missing"],
        ),
        (
            "d:hasConsentStatus",
            {
                "@type": "d:ConsentGiven",
                "d:isIndicatedAtTime": "2026-01-01",
                "d:hasDuration": {"@type": "d:TemporalDuration", "rdf:value": "P6M"},
            },
            ["hasDuration", "no day", "dpv:UntilTimeDuration"],
        ),
        (
            "d:hasConsentStatus",
            [{"@type": "d:ConsentGiven"}, {"@type": "d:ConsentWithdrawn"}],
            ["dpv:hasConsentStatus", "Say when each was"],
        ),
    ],
)
def test_what_is_missing_or_not_understood_is_named(term: str, value: Any, words: list[str]) -> None:
    values = json.loads(BY_HAND)
    values[term] = value
    if value is None:
        del values[term]
    with pytest.raises(ConsentError) as caught:
        from_dpv(values, "hand.jsonld")
    for word in ["hand.jsonld", *words]:
        assert word in str(caught.value)


@settings(max_examples=400, deadline=None)
@given(data=st.data(), value=VALUES)
def test_anything_is_refused_or_understood_and_crashes_nothing(data: st.DataObject, value: Any) -> None:
    values = json.loads(BY_HAND)
    path = data.draw(st.sampled_from([(), *paths(values)]))
    if path:
        *above, last = path
        spot: Any = values
        for key in above:
            spot = spot[key]
        spot[last] = value
    else:
        values = value
    try:
        read = from_dpv(values, "x")
    except ConsentError as error:
        refused = str(error)
        assert refused
    else:
        assert read.purposes.atoms() <= from_dpv(json.loads(BY_HAND), "x").purposes.atoms()


def test_endless_nesting_is_refused() -> None:
    values = json.loads(BY_HAND)
    for _ in range(5000):
        values = {"d:hasProcess": values, "@type": "d:ConsentRecord"}
    with pytest.raises(ConsentError, match="nested too deeply"):
        from_dpv(values, "x")


def test_the_schema_is_one_and_knows_every_purpose() -> None:
    schema = read_json(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(schema)
    known = schema["$defs"]["process"]["properties"]["dpv:hasPurpose"]["properties"]["@id"]["enum"]
    assert known == [f"us:{purpose}" for purpose in MEANING]


def test_the_schema_refuses_what_is_not_such_a_record(folder: Path) -> None:
    """No value in it can be replaced by one of another kind."""
    made = exported(folder)
    refused, taken = [], []
    for path in paths(made):
        if path[0] == "@context":
            continue
        damaged = carried(made)
        *above, last = path
        spot = damaged
        for key in above:
            spot = spot[key]
        spot[last] = 7
        try:
            validate(damaged, "x")
        except ConsentError as error:
            refused.append(str(error))
        else:
            taken.append(path)
    assert taken == []
    assert all(SCHEMA.name in message for message in refused)


def test_plain_terms_hold_no_more_than_a_record(folder: Path) -> None:
    assert set(plain(terms("s1"))) == set(body(read_ledger(folder).records["s1"]))
