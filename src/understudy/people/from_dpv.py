"""Reading consent records that others wrote: JSON-LD after the guide for ISO/IEC TS 27560 with DPV (people.dpv).

Terms may be written with any prefix that the file's own context explains, or in full; a value alone or as a list of
one; a thing by its name or as an object with @id. Contexts elsewhere are not fetched. What is needed and missing is
named by its term, and nothing is guessed.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from understudy.errors import ConsentError, nearest
from understudy.people.consent import BY_FAMILY, FAMILIES, PURPOSES, Terms, read_terms
from understudy.people.dpv import CONTEXT, RECORD, SUBJECT

_GIVEN = ("dpv:ConsentGiven", "dpv:RenewedConsentGiven")
_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_DEPTH = 40
_LITERAL = {"rdfs:comment", "dct:title", "dct:source", "dct:identifier", "dct:description", "dct:language", "@value"}


def from_dpv(values: Any, where: str) -> Terms:
    """The terms of a JSON-LD consent record that is in force. Raises ConsentError, naming the term that is wrong."""
    if isinstance(values, dict) and isinstance(values.get("@graph"), list):
        context = values.get("@context", {})
        found = [
            node for node in values["@graph"] if isinstance(node, dict) and "ConsentRecord" in str(node.get("@type"))
        ]
        if len(found) != 1:
            raise _wrong(
                where, "@graph", f"holds {len(found)} nodes of type dpv:ConsentRecord", "Give a file with one."
            )
        values = found[0] | {"@context": context}
    if not isinstance(values, dict):
        raise _wrong(where, "top", "is no JSON object", "Give a consent record as JSON-LD.")
    record = _short(values, _prefixes(values.get("@context")), _DEPTH, where)
    if "dpv:ConsentRecord" not in _many(record.get("@type")):
        raise _wrong(where, "@type", f"is {record.get('@type')!r}", "A consent record is of type dpv:ConsentRecord.")
    _require_given(record, where)
    first, until = _days(record, where)
    said = {
        "id": str(_need(record, "dct:identifier", where)).removeprefix(RECORD),
        "subject": _person(_need(record, "dpv:hasDataSubject", where), f"{where}: dpv:hasDataSubject"),
        "basis": _basis(record, where),
        "purposes": _purposes(record, where),
        "counterparts": _counterparts(record, where),
        "from": first,
        "until": until,
        "note": str(_one(record.get("rdfs:comment"), f"{where}: rdfs:comment") or ""),
    }
    return read_terms(said, f"{where}: ")


def _wrong(where: str, term: str, fact: str, remedy: str) -> ConsentError:
    return ConsentError(f"{where}: {term}", fact, remedy)


def _prefixes(context: Any) -> dict[str, str]:
    """The prefixes that a context explains, over the usual ones."""
    found = dict(CONTEXT) | {"dcterms": CONTEXT["dct"]}
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, Mapping):
            found |= {name: space for name, space in part.items() if isinstance(space, str)}
    return found


def _short(value: Any, prefixes: Mapping[str, str], depth: int, where: str) -> Any:
    """The value with its keys and names in the prefixes that this program uses."""
    if depth == 0:
        raise _wrong(where, "top", "is nested too deeply", "No consent record is.")
    if isinstance(value, dict):
        named = {_name(key, prefixes): item for key, item in value.items() if key != "@context"}
        return {
            key: item if key in _LITERAL else _short(item, prefixes, depth - 1, where) for key, item in named.items()
        }
    if isinstance(value, list):
        return [_short(item, prefixes, depth - 1, where) for item in value]
    return _name(value, prefixes) if isinstance(value, str) else value


def _name(text: str, prefixes: Mapping[str, str]) -> str:
    """A term in full or under another prefix, as this program writes it; any other text as it is."""
    prefix, colon, rest = text.partition(":")
    full = f"{prefixes[prefix]}{rest}" if colon and prefix in prefixes and not rest.startswith("//") else text
    for name, space in CONTEXT.items():
        if full.startswith(space) and len(full) > len(space):
            return f"{name}:{full[len(space) :]}"
    return text


def _many(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _one(value: Any, where: str) -> Any:
    """The value, where a list of one is as good; nothing where there is none."""
    every = _many(value)
    if len(every) > 1:
        raise ConsentError(where, f"has {len(every)} values", "Say one.")
    found = every[0] if every else None
    return found["@value"] if isinstance(found, dict) and "@value" in found else found


def _need(record: Mapping[str, Any], term: str, where: str) -> Any:
    found = _one(record.get(term), f"{where}: {term}")
    if found is None or found == "":
        raise _wrong(where, term, "missing", "Add it: without it the record is none that this program can keep.")
    return found


def _named(value: Any) -> str:
    """The name of a thing that stands by its name, or as an object with @id or @type."""
    if isinstance(value, dict):
        return str(value.get("@id") or ", ".join(map(str, _many(value.get("@type")))))
    return str(value)


def _person(value: Any, where: str) -> str:
    """The id of a subject."""
    if isinstance(value, dict):
        value = _one(value.get("dct:identifier"), where) or value.get("@id")
        if not value:
            raise ConsentError(where, "has no dct:identifier", "Say by which id the person is known in the study.")
    return str(value).removeprefix(SUBJECT)


def _require_given(record: Mapping[str, Any], where: str) -> None:
    """Raises ConsentError unless the last thing that happened is that consent was given."""
    events = [event for event in _many(record.get("dpv:hasConsentStatus")) if event]
    if not events:
        raise _wrong(
            where, "dpv:hasConsentStatus", "missing", "Say that consent was given: dpv:ConsentGiven, and when."
        )
    latest = max((_when(event, where) for event in events), default=_NEVER) if len(events) > 1 else _NEVER
    for event in events:
        if len(events) == 1 or _when(event, where) == latest:
            _require_kind(event, where)


def _when(event: Any, where: str) -> datetime.datetime:
    """When one of several things happened; without an offset, in UTC."""
    said = _one(event.get("dpv:isIndicatedAtTime"), where) if isinstance(event, dict) else None
    try:
        when = datetime.datetime.fromisoformat(str(said))
    except ValueError as error:
        fact = f"has several, and {said or 'nothing'} as the dpv:isIndicatedAtTime of one"
        raise _wrong(where, "dpv:hasConsentStatus", fact, "Say when each was: the last one counts.") from error
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)


def _require_kind(last: Any, where: str) -> None:
    """Raises ConsentError unless this is the giving of consent."""
    kinds = _many(last.get("@type")) if isinstance(last, dict) else [last]
    if not set(map(str, kinds)) & set(_GIVEN):
        raise _wrong(where, "dpv:hasConsentStatus", f"is {_named(last)}", "Only consent that was given can be granted.")


def _days(record: Mapping[str, Any], where: str) -> tuple[str, str | None]:
    """First and last day: of dct:temporal, or of the last status."""
    period = _one(record.get("dct:temporal"), f"{where}: dct:temporal")
    if isinstance(period, dict):
        end = _one(period.get("dcat:endDate"), f"{where}: dct:temporal.dcat:endDate")
        return _day(_need(period, "dcat:startDate", f"{where}: dct:temporal")), _day(end) if end else None
    given = [event for event in _many(record.get("dpv:hasConsentStatus")) if isinstance(event, dict)]
    term = "dpv:hasConsentStatus"
    if not given:
        raise _wrong(where, "dct:temporal", "missing", "Say from when and until when: dcat:startDate, dcat:endDate.")
    last = max(given, key=lambda event: _when(event, where)) if len(given) > 1 else given[0]
    first = _day(_need(last, "dpv:isIndicatedAtTime", f"{where}: {term}"))
    duration = _need(last, "dpv:hasDuration", f"{where}: {term}")
    kinds = _many(duration.get("@type")) if isinstance(duration, dict) else [duration]
    if "dpv:EndlessDuration" in kinds:
        return first, None
    if not isinstance(duration, dict) or "dpv:UntilTimeDuration" not in kinds:
        fact = f"is {_named(duration)}, which is no day"
        raise _wrong(where, f"{term}.dpv:hasDuration", fact, "Write a dpv:UntilTimeDuration, or dct:temporal.")
    return first, _day(_need(duration, "rdf:value", f"{where}: {term}.dpv:hasDuration"))


def _day(text: Any) -> str:
    """The day of a date, with or without an hour; what is none is left for read_terms to name."""
    try:
        return datetime.datetime.fromisoformat(str(text)).date().isoformat()
    except ValueError:
        return str(text)


def _basis(record: Mapping[str, Any], where: str) -> dict[str, str]:
    """On what it rests: nobody's likeness, a licence, or the form whose checksum the notice bears."""
    bases = [_named(basis) for basis in _many(record.get("dpv:hasLegalBasis"))]
    if "us:NobodysLikeness" in bases:
        return {"kind": "synthetic"}
    licence = _one(record.get("dct:license"), f"{where}: dct:license")
    if licence is not None:
        place = f"{where}: dct:license"
        if not isinstance(licence, dict):
            raise ConsentError(
                place, "has no dct:title and dct:source", "Say the licence's name, and where to read it."
            )
        url = _one(licence.get("dct:source"), f"{place}.dct:source") or licence.get("@id")
        if not url:
            raise ConsentError(f"{place}.dct:source", "missing", "Say where the licence can be read.")
        return {"kind": "licence", "name": str(_need(licence, "dct:title", place)), "url": str(url)}
    notices = [notice for notice in _many(record.get("dpv:hasNotice")) if isinstance(notice, dict)]
    checksums = [notice["spdx:checksum"] for notice in notices if "spdx:checksum" in notice]
    term = "dpv:hasNotice.spdx:checksum"
    if not checksums:
        raise _wrong(where, term, "missing", "Give the sha256 of the signed form as spdx:checksumValue.")
    checksum = _one(checksums, f"{where}: {term}")
    if not isinstance(checksum, dict) or "sha256" not in str(checksum.get("spdx:algorithm", "sha256")):
        raise _wrong(where, term, "is no sha256", "Give the sha256 of the signed form as spdx:checksumValue.")
    return {"kind": "form", "sha256": str(_need(checksum, "spdx:checksumValue", f"{where}: {term}")).lower()}


def _purposes(record: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What is allowed. Raises ConsentError for a purpose or family that this program does not know."""
    said: dict[str, Any] = {purpose: [] if purpose in BY_FAMILY else False for purpose in PURPOSES}
    processes = _many(record.get("dpv:hasProcess"))
    if "dpv:hasProcess" not in record:
        raise _wrong(where, "dpv:hasProcess", "missing", "Say for each purpose what is allowed.")
    for number, process in enumerate(processes):
        place = f"{where}: dpv:hasProcess[{number}]"
        wanted = _many(process.get("dpv:hasPurpose")) if isinstance(process, dict) else []
        if not wanted:
            raise ConsentError(
                f"{place}.dpv:hasPurpose", "missing", f"Say one of: {', '.join(PURPOSES)}, as us:extract."
            )
        for purpose in map(_named, wanted):
            name = purpose.removeprefix("us:")
            if name not in PURPOSES:
                fact = f"'{purpose}' is no purpose that this program knows"
                raise ConsentError(f"{place}.dpv:hasPurpose", fact, nearest(name, PURPOSES))
            said[name] = _families(process, place, said[name]) if name in BY_FAMILY else True
    return said


def _families(process: Mapping[str, Any], place: str, before: list[str]) -> list[str]:
    families = [_named(family).removeprefix("us:") for family in _many(process.get("us:hasFamily"))]
    if not families:
        raise ConsentError(f"{place}.us:hasFamily", "missing", f"Say some of: {', '.join(FAMILIES)}, as us:swap.")
    for family in families:
        if family not in FAMILIES:
            raise ConsentError(f"{place}.us:hasFamily", f"there is no family '{family}'", nearest(family, FAMILIES))
    return [*before, *(family for family in families if family not in before)]


def _counterparts(record: Mapping[str, Any], where: str) -> Any:
    """With whom one may be mixed."""
    term = "us:hasCounterparts"
    if term not in record:
        remedy = "Say us:SamePerson, us:AnyoneInTheStudy, or a list of subjects."
        raise _wrong(where, term, "missing", remedy)
    words = {"us:AnyoneInTheStudy": "anyone", "us:SamePerson": "same-person"}
    every = _many(record[term])
    if len(every) == 1 and _named(every[0]) in words:
        return words[_named(every[0])]
    return [_person(one, f"{where}: {term}") for one in every]
