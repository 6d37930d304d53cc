"""The files as they were sealed: hashes, the seal, the tables of hashes against each other."""

from collections.abc import Iterator

from understudy.crate.contents import HASHES, MANIFEST, PROOF, SEAL
from understudy.review.checks import Finding, Outcome
from understudy.review.evidence import Evidence


def files(evidence: Evidence) -> Outcome:
    """Every file is there, none is too many, each has its hash."""
    damage = {path: fact for path, fact in evidence.crate.damage.items() if path != SEAL}
    count = len(evidence.crate.files)
    return Outcome(
        note=f"{count} files against {HASHES}",
        findings=[Finding(file=path, fact=fact) for path, fact in damage.items()],
    )


def seal(evidence: Evidence) -> Outcome:
    """The signature over the table of hashes holds; it names the consent log's head."""
    sealed = evidence.crate.seal
    return Outcome(note=f"by the key {sealed.key}, {sealed.time}", findings=list(_seal(evidence)))


def _seal(evidence: Evidence) -> Iterator[Finding]:
    if fact := evidence.crate.damage.get(SEAL):
        yield Finding(file=SEAL, fact=fact)
        return
    head = evidence.proof.head
    if evidence.crate.seal.head != head:
        yield Finding(file=SEAL, item="head", fact=f"is {evidence.crate.seal.head}", due=f"that of {PROOF}, {head}")


def inputs(evidence: Evidence) -> Outcome:
    """The hashes of the clips are those of the manifest."""
    due = {clip.id: clip.sha256 for clip in evidence.manifest.clips}
    found = evidence.crate.inputs
    findings = [
        Finding(file=HASHES, item=f"clip {name}", fact=found.get(name, "absent"), due=due.get(name, "absent"))
        for name in sorted(set(due) | set(found))
        if due.get(name) != found.get(name)
    ]
    return Outcome(note=f"{len(due)} clips, {HASHES} against {MANIFEST}", findings=findings)


def outputs(evidence: Evidence) -> Outcome:
    """What the study made has, where it is in the crate, the hash of the file there."""
    crate = evidence.crate
    findings = [
        Finding(file=path, fact=f"is recorded as made with sha256 {digest}", due=crate.files[path])
        for path, digest in sorted(crate.outputs.items())
        if path in crate.files and crate.files[path] != digest
    ]
    away = sum(path not in crate.files for path in crate.outputs)
    return Outcome(note=f"{len(crate.outputs)} products, {away} of them known by hash alone", findings=findings)
