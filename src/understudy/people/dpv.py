"""Consent records as others read them: ISO/IEC TS 27560:2023 in the words of the W3C community's DPV, as JSON-LD.

Source: "Consent Records and Receipts as per ISO/IEC TS 27560:2023 using DPV" (DPVCG final report, 1 August 2024,
https://w3id.org/dpv/guides/consent-27560), terms of DPV 2.3. The context stands in the file: nothing is fetched to read
it. What DPV has no word for (our purposes, families, counterparts) is in a namespace of ours, `us`, each term beside
the broader one of DPV. consent-record.schema.json, beside this file, is its JSON schema.

The log does not hold everything that the guide asks for: the keeper is known by a key, and jurisdiction and language of
the form are not known at all. Who exports can add them (Details); what is not added is left out, and not made up.
"""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from understudy.errors import ConsentError
from understudy.files import read_json
from understudy.people.consent import BY_FAMILY, PURPOSES, Consent, Form, Licence
from understudy.people.events import Event
from understudy.people.keys import key_id
from understudy.people.ledger import Ledger

SCHEMA = Path(__file__).with_name("consent-record.schema.json")
PROFILE = "https://w3id.org/dpv/schema/dpv-27560#record"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "spdx": "http://spdx.org/rdf/terms#",
    "us": "urn:understudy:terms:",
}
SUBJECT, RECORD = "urn:understudy:subject:", "urn:understudy:record:"

# purpose: what it is for, what is done, and with what, in DPV's words and, for people, in ours
MEANING: Mapping[str, tuple[tuple[str, ...], str]] = {
    "extract": (("dpv:Collect", "dpv:Derive", "dpv:Store"), "find, measure and keep faces and voice in the clips"),
    "train": (("dpv:Use", "dpv:Analyse"), "let a model learn from the clips"),
    "be-source": (("dpv:Adapt", "dpv:Generate"), "give the likeness or voice to another performance"),
    "be-driver": (("dpv:Adapt", "dpv:Generate"), "have a performance shown under another likeness"),
    "appear-in-report": (("dpv:Disclose",), "be seen, real and faked, in the study's report"),
    "study-stimulus": (("dpv:Disclose",), "be seen by the participants of a perception study"),
    "share-weights": (("dpv:Share",), "let models that learned from the clips leave the machine"),
    "publish": (("dpv:Disseminate",), "let fakes leave the machine, in the study's crate"),
}
STATUS = {
    "granted": "dpv:ConsentGiven",
    "widened": "dpv:RenewedConsentGiven",
    "narrowed": "dpv:RenewedConsentGiven",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired-noted": "dpv:ConsentExpired",
}
_DATA = (
    {"@id": "pd:FacialPrint"},
    {"@id": "us:FilmedFace", "@type": "dpv:PersonalData", "skos:broader": "pd:Picture"},
    {"@id": "us:RecordedVoice", "@type": "dpv:PersonalData", "skos:broader": "pd:Biometric"},
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Details:
    """What a full record says and the log does not hold.

    controller: who answers for the use, a name or an IRI. jurisdiction: such as loc:DE. language: of the form, such as
    de. contact: where a withdrawal is said.
    """

    controller: str = ""
    jurisdiction: str = ""
    language: str = ""
    contact: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not told."""
        return tuple(field.name for field in dataclasses.fields(self) if not getattr(self, field.name))


def to_dpv(ledger: Ledger, record: Consent, details: Details | None = None) -> dict[str, Any]:
    """The record as a JSON-LD consent record, with everything that happened to it. It validates against SCHEMA."""
    told = details or Details()
    events = [event for event in ledger.log.events if event.record == record.id]
    controller = {"@type": "dpv:DataController", "us:hasKey": key_id(ledger.log.keeper)}
    made: dict[str, Any] = {
        "@context": dict(CONTEXT),
        "@id": f"{RECORD}{record.id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": PROFILE,
        "dct:identifier": record.id,
        "dct:modified": max(event.at for event in events),
        "dct:temporal": _period(record),
        "dpv:hasDataSubject": subject(record.subject),
        "dpv:hasDataController": controller | ({"dct:title": told.controller} if told.controller else {}),
        **_basis(record, told),
        "dpv:hasProcess": [_process(record, purpose) for purpose in PURPOSES if _granted(record, purpose)],
        "us:hasCounterparts": _counterparts(record),
        "dpv:hasConsentStatus": [*map(_status, _told(events)), *_over(record, events, ledger.on)],
        "dpv:hasConsentControl": _control(record, told),
        "us:hasHead": ledger.head,
    }
    if told.jurisdiction:
        made["dpv:hasJurisdiction"] = told.jurisdiction
    if record.note:
        made["rdfs:comment"] = record.note
    validate(made, f"the record of '{record.subject}'")
    return made


def validate(values: Any, where: object) -> None:
    """Raises ConsentError, naming the term, unless the values are a consent record by SCHEMA."""
    checker = jsonschema.Draft202012Validator(
        read_json(SCHEMA), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for error in sorted(checker.iter_errors(values), key=lambda error: len(error.absolute_path), reverse=True):
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.absolute_path).lstrip(".")
        raise ConsentError(f"{where}: {place or 'top'}", error.message, f"See {SCHEMA.name}.")


def subject(name: str) -> dict[str, str]:
    """A person, by id."""
    return {"@id": f"{SUBJECT}{name}", "@type": "dpv:DataSubject", "dct:identifier": name}


def _granted(record: Consent, purpose: str) -> Any:
    return getattr(record.purposes, purpose.replace("-", "_"))


def _process(record: Consent, purpose: str) -> dict[str, Any]:
    """What is allowed for one purpose."""
    processing, words = MEANING[purpose]
    named = {
        "@id": f"us:{purpose}",
        "@type": "dpv:Purpose",
        "skos:broader": "dpv:ScientificResearch",
        "dct:description": words,
    }
    families = [{"us:hasFamily": [f"us:{name}" for name in _granted(record, purpose)]}] if purpose in BY_FAMILY else []
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": named,
        **(families[0] if families else {}),
        "dpv:hasProcessing": list(processing),
        "dpv:hasPersonalData": [dict(kind) for kind in _DATA],
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": {"@type": "dpv:UntilEventDuration", "rdf:value": "withdrawal"},
        },
    }


def _basis(record: Consent, told: Details) -> dict[str, Any]:
    """On what the record rests."""
    if isinstance(record.basis, Form):
        checksum = {"spdx:algorithm": "spdx:checksumAlgorithm_sha256", "spdx:checksumValue": record.basis.sha256}
        notice = {"@type": "dpv:ConsentNotice", "spdx:checksum": {"@type": "spdx:Checksum", **checksum}}
        language = {"dct:language": told.language} if told.language else {}
        return {"dpv:hasLegalBasis": "dpv:ExplicitlyExpressedConsent", "dpv:hasNotice": notice | language}
    if isinstance(record.basis, Licence):
        licence = {"@type": "dct:LicenseDocument", "dct:title": record.basis.name, "dct:source": record.basis.url}
        return {"dpv:hasLegalBasis": "dpv:LicenseAgreement", "dct:license": licence}
    nobody = {"@id": "us:NobodysLikeness", "@type": "dpv:LegalBasis", "skos:related": "dpv:SyntheticData"}
    return {"dpv:hasLegalBasis": nobody}


def _counterparts(record: Consent) -> Any:
    words = {"anyone": "us:AnyoneInTheStudy", "same-person": "us:SamePerson"}
    if isinstance(record.counterparts, str):
        return words[record.counterparts]
    return [subject(name) for name in record.counterparts]


def _period(record: Consent) -> dict[str, str]:
    end = {"dcat:endDate": record.until.isoformat()} if record.until else {}
    return {"@type": "dct:PeriodOfTime", "dcat:startDate": record.first.isoformat(), **end}


def _told(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.kind in STATUS]


def _status(event: Event) -> dict[str, Any]:
    """What happened to the record, in DPV's words: who said so, when, and for how long."""
    made: dict[str, Any] = {
        "@type": STATUS[event.kind],
        "dpv:isIndicatedAtTime": event.at,
        "dpv:isIndicatedBy": "dpv:DataController" if event.kind == "expired-noted" else "dpv:DataSubject",
        "us:hasEvent": event.hash,
        "us:hasKind": event.kind,
    }
    if event.kind in ("granted", "widened", "narrowed"):
        until = event.body.get("until")
        kind = (
            {"@type": "dpv:UntilTimeDuration", "rdf:value": str(until)} if until else {"@type": "dpv:EndlessDuration"}
        )
        made["dpv:hasDuration"] = kind
    return made


def _over(record: Consent, events: Iterable[Event], on: datetime.date | None) -> list[dict[str, str]]:
    """That the last day is over, where no run has noted it yet."""
    noted = any(event.kind == "expired-noted" and event.body["until"] == str(record.until) for event in events)
    if noted or record.until is None or record.status(on or datetime.date.today()) != "expired":
        return []
    day = record.until + datetime.timedelta(days=1)
    return [{"@type": "dpv:ConsentExpired", "dpv:isIndicatedAtTime": day.isoformat()}]


def _control(record: Consent, told: Details) -> dict[str, str]:
    said = "Tell whoever keeps the log; no reason is needed. Everything that was made of the person is then removed."
    return {"@type": "dpv:WithdrawConsent", "dct:description": said} | (
        {"dpv:isExercisedAt": told.contact} if told.contact else {}
    )
