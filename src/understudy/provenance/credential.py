"""Content Credentials: the signed manifest that a fake carries, after the C2PA specification 2.2 (c2pa.org).

The manifest says how the fake came about, that it is not to be trained on, and which study, run and consents it comes
from. It holds no thumbnail and no footage: of the clip that was edited, only the sha256 and the id. Nothing here opens
a network connection: no time stamps of an authority, no revocation lists, no manifests from elsewhere. So the time of a
credential is the signer's own claim, and the credential ends with the signer's certificate.
"""

import dataclasses
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import c2pa

from understudy import __version__
from understudy.errors import MediaError
from understudy.files import require_room
from understudy.provenance.certificates import USES, Signature, clock
from understudy.provenance.label import WORD
from understudy.provenance.lineage import DIGITAL_SOURCE_TYPES, Lineage

STUDY = "org.understudy.study"
TRAINING = "cawg.training-mining"
# Every entry that CAWG's Training and Data Mining Assertion 1.1 defines.
_ENTRIES = ("cawg.ai_generative_training", "cawg.ai_inference", "cawg.ai_training", "cawg.data_mining")
_SIGNED = ("study", "version", "run", "method", "family", "seed", "consents", "log_head", "inputs", "voice")
_MANIFEST = 1 << 16  # bytes: more than any manifest of ours
_FORMATS = {".mp4": "video/mp4", ".png": "image/png", ".wav": "audio/wav"}
# Families that change a clip instead of making one, and the name of that clip among the inputs.
_EDITED = {"swap": ("driver clip",), "lipsync": ("source clip", "driver clip"), "voice": ("driver clip",)}
_DEED = {
    "swap": "The face was replaced by the source's.",
    "lipsync": "The mouth was made to follow other speech.",
    "voice": "The voice was replaced by the source's.",
}
_NOTICE = "A notice that the voice is synthetic was laid over the first moments of the sound."

_SETTINGS: Mapping[str, Any] = {
    "version": 1,
    "core": {"allowed_network_hosts": []},
    "verify": {"verify_after_sign": True, "verify_trust": True, "ocsp_fetch": False, "remote_manifest_fetch": False},
    # All of it is our own word, none of it was gathered from elsewhere.
    "builder": {"thumbnail": {"enabled": False}, "created_assertion_labels": ["c2pa.actions", TRAINING, STUDY]},
}
_TRUST: Mapping[str, Any] = {"trust_config": "\n".join(USES) + "\n"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Credential:
    """What the credential of a file says, and whether it holds.

    manifest: its id. state: 'Trusted', 'Valid' (signed by somebody whom no anchor vouches for) or 'Invalid'. failures:
    what does not hold, in words. signer: whom the certificate names. study: the assertion of ours, None in others'
    credentials. actions: what was done, C2PA's names. deeds: the descriptions of what was done. sources: the IPTC
    digital source types of what was done. made: when, as the signer claims. ingredients: what it was made from, as
    titles and ids. training: whether it forbids every use for training and mining.
    """

    manifest: str
    state: str
    failures: tuple[str, ...]
    signer: str
    study: dict[str, Any] | None
    actions: tuple[str, ...]
    sources: tuple[str, ...]
    made: str | None
    ingredients: tuple[tuple[str, str], ...]
    training: bool
    deeds: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether an anchor vouches for the signer."""
        return self.state == "Trusted"

    @property
    def synthetic(self) -> bool:
        """Whether it says that the file is not a recording, be it one of ours or of another program."""
        return self.study is not None or bool(set(self.sources) & DIGITAL_SOURCE_TYPES)

    @property
    def intact(self) -> bool:
        """Whether the file is as it was signed."""
        return self.state in ("Trusted", "Valid")


def sign(path: Path, out: Path, lineage: Lineage, signature: Signature, *, title: str, sound_only: bool = False) -> str:
    """Writes the file at `path` (mp4, png or wav) to `out` with its credential; returns the manifest's id.

    sound_only: there is no picture that carries the visible label. The SDK holds twice the file in memory, of a large
    one half a GiB. Raises MediaError when the chain is refused, and DiskError.
    """
    kind = _FORMATS[path.suffix.lower()]
    info = c2pa.C2paSignerInfo(signature.algorithm, signature.chain, signature.key, None)
    manifest = f"urn:c2pa:{uuid.uuid4()}"
    # The SDK does not say that a disk was full.
    require_room(out.parent, path.stat().st_size + _MANIFEST)
    try:
        with (
            c2pa.Context.from_dict({**_SETTINGS, "trust": dict(_TRUST)}) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(_manifest(lineage, manifest, title, kind, sound_only), context) as builder,
            path.open("rb") as source,
            out.open("w+b") as signed,
        ):
            builder.sign(signer, kind, source, signed)
    except c2pa.C2paError as error:
        raise MediaError(out, f"it cannot be signed ({error})", "Check the certificate that signs.") from error
    return manifest


def _manifest(lineage: Lineage, manifest: str, title: str, kind: str, sound_only: bool) -> dict[str, Any]:
    study = {name: value for name, value in lineage.plain().items() if name in _SIGNED}
    actions = {"actions": _actions(lineage, sound_only), "allActionsIncluded": True}
    parent = edited(lineage)
    ingredient = {
        "title": lineage.clip,
        "format": "video/mp4",
        "relationship": "parentOf",
        "label": "parent",
        "instance_id": f"sha256:{parent}",
        "description": f"The clip that was edited, as it was normalised; sha256 {parent}",
    }
    return {
        "label": manifest,
        "title": title,
        "format": kind,
        "claim_generator_info": [{"name": "Understudy", "version": __version__}],
        "ingredients": [ingredient] if parent else [],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": actions},
            {"label": TRAINING, "data": {"entries": {entry: {"use": "notAllowed"} for entry in _ENTRIES}}},
            {"label": STUDY, "data": study},
        ],
    }


def edited(lineage: Lineage) -> str | None:
    """The sha256 of the clip that the fake is an edit of; None for one that was made anew."""
    names = _EDITED.get(lineage.family, ())
    return next((lineage.inputs[name] for name in names if name in lineage.inputs), None)


def _actions(lineage: Lineage, sound_only: bool) -> list[dict[str, Any]]:
    """What was done, in its order."""
    when = f"{clock():%Y-%m-%dT%H:%M:%SZ}"
    agent = {"name": f"Understudy, method {lineage.method}", "version": __version__}
    made = {"digitalSourceType": lineage.digital_source_type, "softwareAgent": agent, "when": when}
    if edited(lineage):
        deeds = [
            {"action": "c2pa.opened", "when": when, "parameters": {"ingredientIds": ["parent"]}},
            {"action": "c2pa.edited", "description": _DEED[lineage.family], **made},
        ]
    else:
        deeds = [{"action": "c2pa.created", **made}]
    deeds += _spoken(lineage, when)
    watermarked = {"action": "c2pa.watermarked.unbound", "when": when}
    label = {"action": "c2pa.addedText", "description": f"The word {WORD} in a corner.", "when": when}
    return [*deeds, watermarked] if sound_only else [*deeds, watermarked, label]


def _spoken(lineage: Lineage, when: str) -> Iterator[dict[str, Any]]:
    """What was done to the sound besides: the voice of a face fake, whose digital source type is that of the whole."""
    if lineage.voice is not None:
        agent = {"name": f"Understudy, method {lineage.voice}", "version": __version__}
        yield {"action": "c2pa.edited", "description": _DEED["voice"], "softwareAgent": agent, "when": when}
    if lineage.speaks:
        yield {"action": "c2pa.edited", "description": _NOTICE, "when": when}


def read(path: Path, *, anchors: str = "") -> Credential | None:
    """The credential that a file carries; None when it carries none, or is of a kind that cannot.

    anchors: PEM certificates whose word is trusted. A credential that cannot be read any more is 'Invalid'.
    """
    trust = {**_TRUST, "user_anchors": anchors} if anchors else dict(_TRUST)
    try:
        with (
            path.open("rb") as file,
            c2pa.Context.from_dict({**_SETTINGS, "trust": trust}) as context,
            c2pa.Reader(None, file, context=context) as reader,
        ):
            found = json.loads(reader.json())
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return None
    except c2pa.C2paError as error:
        return _broken(path, str(error))
    return _credential(found)


def _credential(found: dict[str, Any]) -> Credential:
    """What a manifest says; whatever is not of the expected form, in a manifest of somebody's making, is left out."""
    manifest = _mapping(found.get("manifests", {}).get(found.get("active_manifest")))
    assertions = {each.get("label"): each.get("data") for each in manifest.get("assertions", ())}
    said = _mapping(assertions.get("c2pa.actions.v2") or assertions.get("c2pa.actions")).get("actions", [])
    actions = [each for each in said if isinstance(each, dict) and isinstance(each.get("action"), str)]
    entries = _mapping(_mapping(assertions.get(TRAINING)).get("entries"))
    signer = _mapping(manifest.get("signature_info"))
    names = (signer.get("common_name"), signer.get("issuer"))
    return Credential(
        manifest=found.get("active_manifest") or "",
        state=found.get("validation_state", "Invalid"),
        failures=tuple(dict.fromkeys(_failures(found))),
        signer=next((name for name in names if name), "somebody unnamed"),
        study=_mapping(assertions.get(STUDY)) or None,
        actions=tuple(each["action"] for each in actions),
        sources=tuple(str(each["digitalSourceType"]) for each in actions if "digitalSourceType" in each),
        made=signer.get("time") or next((str(each["when"]) for each in actions if "when" in each), None),
        ingredients=tuple((i.get("title", ""), i.get("instance_id", "")) for i in manifest.get("ingredients", ())),
        training=bool(entries) and all(_mapping(entry).get("use") == "notAllowed" for entry in entries.values()),
        deeds=tuple(each["description"] for each in actions if isinstance(each.get("description"), str)),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# The validation codes of the C2PA specification 2.2, section 15, that a reader of a fake will meet.
_WORDS = {
    "assertion.dataHash.mismatch": "the file was changed after it was signed",
    "assertion.bmffHash.mismatch": "the file was changed after it was signed",
    "assertion.boxesHash.mismatch": "the file was changed after it was signed",
    "assertion.hashedURI.mismatch": "a statement of the credential was changed after it was signed",
    "claimSignature.mismatch": "the signature is not that of the credential",
    "signingCredential.expired": "the certificate that signed it has expired",
    "signingCredential.invalid": "the certificate that signed it is not fit for that",
    "signingCredential.revoked": "the certificate that signed it was revoked",
    "claimSignature.outsideValidity": "the certificate had expired or not begun when it signed",
}


def _failures(found: dict[str, Any]) -> Iterator[str]:
    """What does not hold, in words; that nobody vouches for the signer is not a failure."""
    for each in found.get("validation_results", {}).get("activeManifest", {}).get("failure", ()):
        code = each["code"]
        if code != "signingCredential.untrusted":
            yield f"{_WORDS.get(code, each.get('explanation', 'it does not hold'))} ({code})"


def _broken(path: Path, reason: str) -> Credential | None:
    """An unreadable credential; None when the file never had one: then its own damage is what was met."""
    if not _holds(path, b"jumdc2pa"):
        return None
    return Credential(
        manifest="",
        state="Invalid",
        failures=(f"the credential cannot be read any more ({reason})",),
        signer="somebody unnamed",
        study=None,
        actions=(),
        sources=(),
        made=None,
        ingredients=(),
        training=False,
    )


def _holds(path: Path, mark: bytes) -> bool:
    """Whether a file contains those bytes, read by stream."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if mark in rest + block:
                return True
            rest = block[-len(mark) :]
    return False
