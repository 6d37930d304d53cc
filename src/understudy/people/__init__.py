"""People: subjects, their clips, what they consented to, and the proofs that a use of them is covered."""

from understudy.people.consent import (
    FAMILIES,
    PURPOSES,
    Consent,
    Family,
    Form,
    Licence,
    Purposes,
    Synthetic,
    Terms,
)
from understudy.people.gate import gate, may_be_stimulus, may_publish, may_share_weights, may_show
from understudy.people.ledger import Ledger, read_ledger
from understudy.people.manifest import ROLES, Clip, Manifest, Role, check_file, is_sound, read_manifest
from understudy.people.pairs import Group, Pair, group, pair
from understudy.people.proof import Proof, check_proof, prove
from understudy.people.uses import Use, ask, grant, learning, mixing, note_expired, withdraw

__all__ = [
    "FAMILIES",
    "PURPOSES",
    "ROLES",
    "Clip",
    "Consent",
    "Family",
    "Form",
    "Group",
    "Ledger",
    "Licence",
    "Manifest",
    "Pair",
    "Proof",
    "Purposes",
    "Role",
    "Synthetic",
    "Terms",
    "Use",
    "ask",
    "check_file",
    "check_proof",
    "gate",
    "grant",
    "group",
    "is_sound",
    "learning",
    "may_be_stimulus",
    "may_publish",
    "may_share_weights",
    "may_show",
    "mixing",
    "note_expired",
    "pair",
    "prove",
    "read_ledger",
    "read_manifest",
    "withdraw",
]
