"""The data card of a study, under the headings of Gebru et al., "Datasheets for datasets" (CACM 64(12), 2021)."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence

from understudy.crate.cards import Card
from understudy.crate.words import count, listing, table
from understudy.people import Clip, Consent, Form


def data_card(
    *,
    study: str,
    version: str,
    about: str,
    clips: Sequence[Clip],
    records: Mapping[str, Consent],
    frames: Mapping[str, int],
    head: str,
    withdrawals: Sequence[tuple[datetime.date, int]] = (),
) -> Card:
    """The card of the clips of a study.

    records: of the subjects of `clips`. frames: of each clip by its id, where known. head: of the consent log.
    withdrawals: after which this version was made again: the day, and how many pairs fewer it has. Never who.
    """
    subjects = list(dict.fromkeys(clip.subject for clip in clips))
    known = {subject: records[subject] for subject in subjects if subject in records}
    sections = (
        ("Motivation", about.strip() or f"The clips of the study {study}."),
        ("Composition", _composition(clips, known, frames)),
        ("Collection process", _collection(clips)),
        ("Preprocessing", _PREPROCESSING),
        ("Consent and withdrawal", _consent(known, head)),
        ("Uses", _USES),
        ("Distribution", _distribution(clips)),
        ("Maintenance", _MAINTENANCE.format(study=study, version=version) + _fewer(withdrawals)),
    )
    licences = sorted({clip.licence for clip in clips})
    return Card(
        name="data.md",
        title=f"The clips of {study}, version {version}",
        sections=sections,
        about={"license": "other", "licences_of_clips": licences, "subjects": len(subjects), "clips": len(clips)},
    )


_PREPROCESSING = (
    "Clips are brought to one format; faces are found, followed, recognised as the subject's and aligned. Frames "
    "without a usable face of the subject are left out of training and kept in conversion. The settings are in "
    "`config/study.yaml`."
)
_USES = (
    "Clips of the role train (and source or driver, for that side) are learned from; clips of the role test are "
    "converted and measured, and never learned from. The clips serve this study; any other use asks the consent "
    "records again. They must not be used to identify people."
)
_MAINTENANCE = (
    "Study {study}, version {version}, is finished and does not change. A later withdrawal removes the person and "
    "everything derived from them; copies that were handed on are beyond its reach, and whoever holds one must delete "
    "it."
)


def _fewer(withdrawals: Sequence[tuple[datetime.date, int]]) -> str:
    return "".join(
        f" It was made again without somebody who withdrew on {day}, and has {count(pairs, 'pair')} fewer than before."
        for day, pairs in withdrawals
    )


def _composition(clips: Sequence[Clip], records: Mapping[str, Consent], frames: Mapping[str, int]) -> str:
    rows = []
    for subject, record in records.items():
        own = [clip for clip in clips if clip.subject == subject]
        roles = Counter(clip.role for clip in own)
        rows.append(
            (
                subject,
                record.id,
                record.basis.words(12),
                ", ".join(f"{number} {role}" for role, number in sorted(roles.items())),
                sum(frames.get(clip.id, 0) for clip in own) or "not counted",
                listing(sorted({clip.licence for clip in own})),
            )
        )
    synthetic = sum(clip.synthetic for clip in clips)
    kinds = []
    if synthetic:
        kinds.append(f"{count(synthetic, 'clip')} rendered from synthetic actors, who are nobody")
    if synthetic < len(clips):
        kinds.append(f"{count(len(clips) - synthetic, 'filmed clip')} of people")
    said = f"{count(len(records), 'subject')}, {count(len(clips), 'clip')}: {listing(kinds)}.".capitalize()
    head = ("subject", "consent record", "basis", "clips", "frames", "licence")
    return f"{said} Subjects appear under ids; no name, age or other trait is recorded.\n\n{table(head, rows)}"


def _collection(clips: Sequence[Clip]) -> str:
    lines = []
    if any(clip.synthetic for clip in clips):
        lines.append(
            "Synthetic clips are rendered from an actor and a performance, both plain text, whose hash the manifest "
            "holds: they can be made again from it, by the same version of the program."
        )
    if not all(clip.synthetic for clip in clips):
        lines.append(
            "Filmed clips are files that whoever ran the study brought; the manifest holds the sha256 of each. How "
            "they were filmed is not recorded."
        )
    return " ".join(lines)


def _consent(records: Mapping[str, Consent], head: str) -> str:
    rows = []
    for subject, record in records.items():
        until = record.until.isoformat() if record.until else "no end"
        rows.append((subject, ", ".join(record.purposes.words()), record.parties(), f"{record.first} to {until}"))
    forms = sum(isinstance(record.basis, Form) for record in records.values())
    signed = f" {count(forms, 'record')} rest on a signed form, known by its hash." if forms > 1 else ""
    if forms == 1:
        signed = " One record rests on a signed form, known by its hash."
    said = (
        "What each subject allowed stands in a signed, append-only log; every job of the study asked it. The proof for "
        f"these records is in `consent/proof.json`; the log's head was `{head[:16]}…` when the study was closed."
        f"{signed} A subject may withdraw at any time, without a reason: all that was derived from them is then "
        "removed, and a certificate says so."
    )
    return f"{said}\n\n{table(('subject', 'allowed', 'mixed with', 'valid'), rows)}"


def _distribution(clips: Sequence[Clip]) -> str:
    licences = listing(sorted({clip.licence for clip in clips}))
    if all(clip.synthetic for clip in clips):
        return f"No clip is in the crate; all can be rendered again. Licence: {licences}."
    return f"No footage is in the crate, only its sha256. Licences of the clips: {licences}."
