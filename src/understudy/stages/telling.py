"""What a report says in sentences: of the measures, of exact fakes, of published weights, of what was done to clips."""

from collections.abc import Iterator
from pathlib import Path

from understudy import checkpoints, metrics
from understudy.config import Study
from understudy.files import read_json
from understudy.methods import given
from understudy.people import Clip, Manifest
from understudy.stages.staging import Staging

_IDENTITY = (
    "Identity is judged by dlib's face embedding. The same network chose the synthetic actors, so that it tells them "
    "apart, and picks the subject among several faces; no method learns from it. There is no second embedder here."
)
_EXACT = {
    "swap": (
        "The exact swap and the re-performance are rendered, not made from the driver's clip: they are marked in "
        "this page and in their files, and bear no burnt-in label."
    ),
    "animate": (
        "The exact animation is rendered: the source's actor where the source's clip was filmed, giving the "
        "driver's performance, the head where the driver's is. Of who is moved by themself it is their own clip, "
        "whose first frame is the picture. It bears no burnt-in label. A method that adds the driver's movement "
        "to the source's own pose (relative motion) differs from it by the two poses throughout, and not by a "
        "fault."
    ),
    "lipsync": (
        "The exact lip-sync is rendered: the source's actor in the source's own clip, saying the driver's words. "
        "It is marked in this page and in its files, and bears no burnt-in label."
    ),
    "voice": (
        "The exact conversion of a voice is the source's actor saying the driver's words in the driver's time, under "
        "the driver's own picture. It is a synthesiser's voice, marked in this page and in its files."
    ),
}
_SPEAKER = (
    "Speakers are told apart by Resemblyzer's embedding, learned from other people's recordings; no method "
    "learns from it. It was made for people: of synthetic actors it hears as well that one synthesiser speaks, so read "
    "it between the rows of the driver and of the truth."
)
_LISTENS = (
    "LSE-D and LSE-C are told by the lip-sync expert that this study trained on people who are in none of its "
    "pairs. The lip-sync learned from the same expert"
)
_BESIDE = ": read them beside the lips' distance to the truth, which it never saw."


def notes(study: Study, manifest: Manifest) -> Iterator[str]:
    """What has to be known before the numbers of a study are read."""
    if study.family != "voice":
        yield _IDENTITY
    actors = {clip.subject for clip in manifest.clips if clip.synthetic}
    exact = any({pair.source, pair.driver} <= actors for pair in study.pairs)
    for family in study.families if exact else ():
        yield _EXACT[family]
    if "voice" in study.families:
        yield _SPEAKER
        yield _noticed(study.publish.notice)
    if study.own_networks and "lipsync" in study.metrics:
        yield f"{_LISTENS}{_BESIDE if exact else '.'}"
    for name in study.methods:
        drawn = study.adopts(name)
        for weights in given(study.methods[name]):
            yield _published(f"{name} {'draws with' if weights == drawn else 'learned by'}", weights.name)
    yield from _unmeasured(study)


def _noticed(text: str | None) -> str:
    """What every fake with a made voice begins with."""
    said = f' and the words "{text}"' if text else ""
    start = f"Every fake with a made voice begins with two tones{said} over its sound."
    return f"{start} What lies under them is not measured."


def _published(use: str, weights: str) -> str:
    """Whose weights an entry uses, and who was not asked."""
    if weights not in checkpoints.names():
        return f"{use} the weights '{weights}', of which this program knows neither people nor terms."
    known = checkpoints.published(weights)
    asked = "who consented" if known.consented else "who did not consent to it"
    return (
        f"{use} the weights '{weights}' that its authors published ({known.paper}), trained on "
        f"{known.trained_on}: people {asked}. Terms: {known.licence}."
    )


def _unmeasured(study: Study) -> Iterator[str]:
    """What the study could not measure for want of somebody's weights."""
    for name in study.metrics:
        known = {*study.networks, *study.own_networks}
        needed = [n for n in getattr(metrics.metric(name), "NETWORKS", ()) if n not in known]
        if needed:
            yield f"{name} was asked for and not measured: the study names no weights for {' and '.join(needed)}."


def done_to(clip: Clip, plan: Staging) -> Iterator[str]:
    """What was done to a clip before it was used, where that was done: how it was framed, how its sound was moved."""
    framing = Path(plan.framing_pattern.format(clip=clip.id))
    if plan.animates and framing.is_file():
        yield str(read_json(framing)["said"])
    offset = Path(plan.offset_pattern.format(clip=clip.id))
    if plan.animates and offset.is_file():
        yield _moved(read_json(offset))


def _moved(told: dict[str, float | str | None]) -> str:
    """How far lips and sound were apart before and after, in words."""
    if told["seconds"] is None:
        return "How far its lips and sound are apart cannot be told."
    before = f"By its lips' opening, they run {_milliseconds(told['seconds'])} behind the sound"
    if not told["delay"]:
        return f"{before}: too little, or too unsure, to be mended."
    after = _milliseconds(told["left"]) if told["left"] is not None else "what cannot be told"
    return f"{before}. The sound of its fakes was delayed by as much, which leaves {after}."


def _milliseconds(seconds: float | str | None) -> str:
    return f"{1000 * float(seconds or 0):.0f} ms"
