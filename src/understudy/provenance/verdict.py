"""What was found of a file, in sentences for people and as JSON for machines."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from understudy.provenance.inspecting import Mark, Sight
from understudy.provenance.label import WORD


def verdict(sight: Sight) -> str:
    """A short paragraph: what the file is, and what still says so."""
    if not sight.recognised:
        said = f"Nothing was found that marks this {sight.kind} as a fake. That does not mean that it is a recording."
        credential = [_credential(sight)] if sight.credential else []
        return _printable(" ".join([said, *credential, *_unread(sight)]))
    parts = [_origin(sight), _credential(sight), _mark(sight), _label(sight), _notice(sight), _card(sight)]
    return _printable(" ".join([*filter(None, parts), *_unread(sight)]))


def _origin(sight: Sight) -> str:
    """What it is, on the word of whom: a witness that a change would have broken before one that anybody can write."""
    signed = sight.credential.study if sight.credential else None
    intact = signed if sight.credential and sight.credential.intact else None
    card = (sight.card or {}).get("lineage")
    broken = "its credential, which does not hold"
    for said, whose in ((intact, "its credential"), (card, "its card"), (sight.said, "its tags"), (signed, broken)):
        if said:
            who = f" of {said['source']} on {said['clip']}" if {"source", "clip"} <= set(said) else ""
            return (
                f"This is a fake{who}, made by Understudy in study {said.get('study')}, version {said.get('version')}, "
                f"with the method {said.get('method')}{_voice(said)}: so says {whose}."
            )
    named = next((mark for mark in sight.marks if mark.studies), None)
    if named:
        return f"This is a fake, made by Understudy in study {_apart(named.studies[0])}: so says its watermark."
    if sight.marks:
        return "This is a fake: it carries Understudy's watermark, of a study that is not known here."
    if sight.credential and sight.credential.synthetic:
        return "This is synthetic or altered media: so says its credential, which is not Understudy's."
    word = f"the word {WORD} is burnt into it" if sight.label else ""
    voice = "it begins as synthetic voices of Understudy do" if sight.notice else ""
    return f"This calls itself a fake: {' and '.join(filter(None, (word, voice)))}. Nothing says where it comes from."


def _voice(said: dict[str, Any]) -> str:
    return f", its voice with {said['voice']}" if said.get("voice") is not None else ""


def _credential(sight: Sight) -> str:
    found = sight.credential
    if found is None:
        return "It has no credential: either it was made without one, or that was stripped."
    if not found.intact:
        return f"Its credential does not hold: {'; '.join(found.failures) or 'no reason is given'}."
    if found.trusted:
        return f"Its credential is intact, and trusted to be signed by {found.signer}."
    return (
        f"Its credential is intact, signed by {found.signer}, for whom nobody vouches: it shows that nothing was "
        "changed since, not who signed it."
    )


def _mark(sight: Sight) -> str:
    if not sight.marks:
        return "No watermark of that key was found."
    where = " and ".join(mark.where for mark in sight.marks)
    names = sorted({_named(mark) for mark in sight.marks})
    said = f"The watermark in its {where} names {' and '.join(names)}."
    others = set(sight.studies.values())
    if len(others) > 1 or (len(others) == 1 and any(not mark.studies for mark in sight.marks)):
        return said + " The witnesses disagree: one of them was moved here from another file."
    return said


def _named(mark: Mark) -> str:
    return _apart(mark.studies[0]) if mark.studies else f"an unknown study ({mark.payload:08x})"


def _label(sight: Sight) -> str:
    if sight.kind == "sound":
        return ""
    if sight.label is None:
        return f"The label {WORD} cannot be seen any more."
    return f"The label {WORD} can be seen in it" + (", mirrored." if sight.label.mirrored else ".")


def _notice(sight: Sight) -> str:
    """Of the chime: whether it is heard, and where it should be and is not, that."""
    if sight.notice:
        return f"The chime of a synthetic voice is heard in it, at {sight.notice.start:.1f} s."
    signed = sight.credential.study if sight.credential else None
    lineages = filter(None, (signed, (sight.card or {}).get("lineage"), sight.said))
    if any(each.get("family") == "voice" or each.get("voice") is not None for each in lineages):
        return "Its voice is synthetic: the chime that says so cannot be heard any more."
    return ""


def _card(sight: Sight) -> str:
    if sight.beside and sight.beside.same == "file":
        return f"It is, byte for byte, the file of {sight.beside.path.name}."
    if sight.beside and sight.beside.same == "other":
        said = f"{sight.beside.path.name} beside it describes another file: this one was changed, or put in its place."
        return said if not sight.twin else f"{said} {_twin(sight)}"
    return _twin(sight)


def _twin(sight: Sight) -> str:
    same = next((each for each in (sight.beside, sight.twin) if each and each.same == "content"), None)
    return f"What is seen and heard is that of {same.card.get('file')}, bit for bit ({same.path})." if same else ""


def _unread(sight: Sight) -> list[str]:
    return [f"Not all of it could be looked at: {sight.unread}."] if sight.unread else []


def _apart(study: str) -> str:
    name, _, version = study.partition("/")
    return f"{name}, version {version}"


def facts(sight: Sight) -> Iterator[str]:
    """One line for each thing that was found."""
    return map(_printable, _facts(sight))


def _printable(text: str) -> str:
    """Text out of a file of anybody's making, without what a terminal would obey."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _facts(sight: Sight) -> Iterator[str]:
    credential, label = sight.credential, sight.label
    if credential:
        yield f"credential: {credential.state}, {credential.manifest}, signed by {credential.signer}"
        yield f"  done: {', '.join(credential.actions) or 'nothing is said'}; at {credential.made or 'no time'}"
        for deed in credential.deeds:
            yield f"  of that: {deed}"
        for title, identity in credential.ingredients:
            yield f"  made from: {title} ({identity})"
        if study := credential.study:
            yield f"  study {study.get('study')}/{study.get('version')}, run {study.get('run')}"
            yield f"  consents {_listed(study.get('consents'))}; log up to {study.get('log_head')}"
    for mark in sight.marks:
        sure = f"wrong with a chance below {max(1 - mark.confidence, 1e-15):.0e}"
        yield f"watermark of the {mark.where}: {mark.payload:08x} ({_named(mark)}), key {mark.key}, {sure}"
    if label:
        x0, y0, x1, y1 = label.box
        yield f"label: at {x0}, {y0} to {x1}, {y1} px, fits by {label.fit:.2f}"
    if sight.notice:
        yield f"chime of a synthetic voice: at {sight.notice.start:.2f} s, fits by {sight.notice.fit:.2f}"
    if sight.said:
        method = f"{sight.said.get('method')}{_voice(sight.said)}"
        yield f"tags: {WORD}, method {method}, consents {_listed(sight.said.get('consents'))}"
    for beside in (sight.beside, sight.twin):
        if beside:
            yield f"card: {beside.path}, of {'another file' if beside.same == 'other' else f'the same {beside.same}'}"


def plain(sight: Sight) -> dict[str, Any]:
    """All that was found, as JSON can hold it."""
    credential = sight.credential
    return {
        "file": str(sight.path),
        "kind": sight.kind,
        "fake": sight.recognised,
        "verdict": verdict(sight),
        "studies": sight.studies,
        "credential": None if credential is None else dataclasses.asdict(credential) | {"trusted": credential.trusted},
        "watermarks": [dataclasses.asdict(mark) | {"payload": f"{mark.payload:08x}"} for mark in sight.marks],
        "label": None if sight.label is None else dataclasses.asdict(sight.label),
        "notice": None if sight.notice is None else dataclasses.asdict(sight.notice),
        "lineage": sight.said or (sight.card or {}).get("lineage"),
        "tags": sight.tags,
        "sidecar": None if sight.beside is None else {"path": str(sight.beside.path), "same": sight.beside.same},
        "twin": None if sight.twin is None else {"path": str(sight.twin.path), "same": sight.twin.same},
        "unread": sight.unread,
    }
