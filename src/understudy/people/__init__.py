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
    read_consent,
)
from understudy.people.gate import gate, may_be_stimulus, may_show
from understudy.people.ledger import Ledger, read_ledger
from understudy.people.manifest import ROLES, Clip, Manifest, Role, check_file, read_manifest
from understudy.people.pairs import Group, Pair, group, pair

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
    "Purposes",
    "Role",
    "Synthetic",
    "check_file",
    "gate",
    "group",
    "may_be_stimulus",
    "may_show",
    "pair",
    "read_consent",
    "read_ledger",
    "read_manifest",
]
