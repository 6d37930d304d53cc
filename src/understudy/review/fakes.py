"""Fakes, weights and trainings: each is the file that was recorded, and says of itself what the crate says of it."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from understudy import provenance
from understudy.errors import Error
from understudy.review.checks import Finding, Impossible, Outcome
from understudy.review.evidence import Evidence
from understudy.watermark.key import payload

WEIGHTS = "weights.safetensors"
_SIDES = (".mp4", ".png", ".wav")


def published(evidence: Evidence) -> Outcome:
    """Each fake's credential, label and sidecar hold, agree with each other, and name this study."""
    paths = [path for path in evidence.under("fakes") if path.endswith(_SIDES)]
    made = [path for path in evidence.crate.outputs if path.startswith("fakes/")]
    away = len([path for path in made if path not in evidence.crate.files])
    if not paths and not any(path in evidence.crate.files for path in made):
        raise Impossible(f"none of the {len(made)} fakes is in the crate: not all people in them granted `publish`")
    findings = [finding for path in paths for finding in _fake(evidence, path)]
    rest = f"; {away} more by hash alone: not all people in them granted `publish`" if away else ""
    return Outcome(note=f"{len(paths)} fakes{rest}", findings=findings)


def _fake(evidence: Evidence, path: str) -> Iterator[Finding]:
    if not evidence.has(f"{path}.json"):
        yield Finding(file=path, fact="has no sidecar")
        return
    file, _ = evidence.copy(path), evidence.copy(f"{path}.json")
    lineage = evidence.json(f"{path}.json")["lineage"]
    try:
        provenance.card(file)
    except Error as error:
        yield Finding(file=path, fact=error.fact)
    found = provenance.read(file)
    if found is None:
        yield Finding(file=path, fact="carries no content credential")
    else:
        for failure in found.failures or (() if found.intact else ("its credential does not hold",)):
            yield Finding(file=path, item="content credential", fact=failure)
        said = {key: value for key, value in (found.study or {}).items() if lineage.get(key) != value}
        for key, value in sorted(said.items()):
            yield Finding(
                file=f"{path}.json", item=key, fact=f"is {lineage.get(key)}", due=f"{value}, as in its credential"
            )
    yield from _names(evidence, path, lineage)


def _names(evidence: Evidence, path: str, lineage: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether what a fake says of itself is what its place, the study and the hashes of what it was made from say."""
    study = evidence.study
    _, name, seed, source, clip = PurePosixPath(path).parts
    due = {
        "study": study.study,
        "version": study.version,
        "seed": of_seed(seed),
        "method": name,
        "source": source,
        "clip": PurePosixPath(clip).stem,
    }
    if name in study.entries and study.learns(name):
        group = study.group(name, source, str(lineage.get("driver")))
        trained = study.trained(name)
        due |= {"run": f"{trained}/{group}/seed {of_seed(seed)}"}
        due |= {"weights": evidence.crate.outputs.get(f"runs/{trained}/{seed}/{group}/{WEIGHTS}")}
    due |= {"watermark": f"{payload(study.study, study.version):08x}"}
    told = dict(lineage) | {"weights": lineage.get("inputs", {}).get("weights")}
    told |= {"watermark": evidence.json(f"{path}.json").get("watermark", {}).get("payload")}
    for key, value in due.items():
        if told.get(key) != value:
            yield Finding(file=f"{path}.json", item=key, fact=f"is {told.get(key)}", due=str(value))


def trained(evidence: Evidence) -> Outcome:
    """Each training's card names the study's settings, seed and people, and all of its steps as done."""
    paths = [path for path in evidence.under("runs") if path.endswith("/card.json")]
    if not paths:
        raise Impossible("the study has no training")
    return Outcome(note=f"{len(paths)} run cards", findings=[f for path in paths for f in _training(evidence, path)])


def _training(evidence: Evidence, path: str) -> Iterator[Finding]:
    card, study = evidence.json(path), evidence.study
    _, name, seed, group, _ = PurePosixPath(path).parts
    due = {
        "state": "finished",
        "seed": of_seed(seed),
        "subjects": group.split("+"),
        "settings": study.training_settings(name) if name in study.methods else None,
    }
    told = dict(card) | {"settings": card["settings"]["method"]}
    for key, value in due.items():
        if told.get(key) != value:
            yield Finding(file=path, item=key, fact=f"is {told.get(key)}", due=str(value))
    if card["budget"]["share"] < 1:
        yield Finding(file=path, item="budget", fact=f"is spent to {card['budget']['share']:.0%}", due="all of it")


def of_seed(folder: str) -> int | None:
    """The seed that a folder "seed-1" is of; None for another folder."""
    number = folder.removeprefix("seed-")
    return int(number) if number != folder and number.isdecimal() else None


def weights(evidence: Evidence) -> Outcome:
    """The weights in the crate are those that were recorded; the others are known by their hash."""
    made = sorted(path for path in evidence.crate.outputs if path.endswith(f"/{WEIGHTS}"))
    there = [path for path in made if path in evidence.crate.files]
    if not made:
        raise Impossible("the study has no training")
    cards = {path.removesuffix("card.json") for path in evidence.under("runs") if path.endswith("/card.json")}
    findings = [
        Finding(file=path, fact="is no product of a training that has a card in the crate")
        for path in made
        if path.removesuffix(WEIGHTS) not in cards
    ]
    for path in there:
        digest = evidence.digest(path)
        if digest != evidence.crate.outputs[path]:
            findings.append(Finding(file=path, fact=f"has the sha256 {digest}", due=evidence.crate.outputs[path]))
    if not there and not findings:
        raise Impossible(f"all {len(made)} weights are known by hash alone: not everybody granted `share-weights`")
    rest = f"; {len(made) - len(there)} more by hash alone: not everybody granted `share-weights`"
    return Outcome(note=f"{len(there)} weights{rest if len(there) < len(made) else ''}", findings=findings)
